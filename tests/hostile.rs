//! Templates that mean harm: each ends in an error that names a limit, or in Go's own words, never in a crash, a
//! hang or a machine without memory.
//!
//! The templates are in `fixtures/hostile`, one to a file; those that are large are made here. For most, the limits
//! are set lower than they are by default, so that an unoptimised build comes to them soon: a loop of 200 million
//! steps takes an optimised build two seconds, this one two minutes. What a parser or a reader stops at
//! early is tried at the default limits.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hostile");

const LIMITS: [&str; 5] = [
    "steps=1000000",
    "crypto-cost=200",
    "function-bytes=1000000",
    "made-bytes=8000000",
    "output-bytes=8000000",
];

/// Go templates, and what the error says.
const GO: &[(&str, &str)] = &[
    ("alias-bomb-from-text.yaml", "excessive aliasing"),
    ("bomb-deep-copy.yaml", "over the limit of 1000000 bytes for one call"),
    ("bomb-eq.yaml", "printing gives more than the limit of 1000000 bytes"),
    ("bomb-output.yaml", "printing gives more than the limit of 1000000 bytes"),
    ("bomb-print.yaml", "printing gives more than the limit of 1000000 bytes"),
    ("bomb-to-json.yaml", "over the limit of 1000000 bytes for one call"),
    ("bomb-to-yaml.yaml", "over the limit of 1000000 bytes for one call"),
    ("cycle-deep-copy.yaml", "over the limit of 1000000 bytes for one call"),
    ("cycle-eq.yaml", "nested more than 10000 levels deep"),
    ("cycle-list.yaml", "over the limit of 1000000 bytes for one call"),
    ("cycle-merge-overwrite.yaml", "nested more than 10000 levels deep"),
    ("cycle-merge.yaml", "nested more than 10000 levels deep"),
    ("cycle-print.yaml", "nested more than 10000 levels deep"),
    ("cycle-to-json.yaml", "over the limit of 1000000 bytes for one call"),
    ("cycle-to-yaml.yaml", "over the limit of 1000000 bytes for one call"),
    (
        "dates-of-huge-layouts.yaml",
        "functions of this render have taken more than the limit of 1000000 steps",
    ),
    ("growth-by-cat.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-concat.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-encoding.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-escaping.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
    ("growth-by-join.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-print.yaml", "printing gives more than the limit of 1000000 bytes"),
    ("growth-by-quote.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-regex-groups.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-regex.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-replace-of-nothing.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-replace.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-by-wrap.yaml", "over the limit of 1000000 bytes for one call"),
    ("growth-of-a-variable.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
    ("growth-of-dicts.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
    ("growth-of-memory.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
    ("huge-indent.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-nindent.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-random-bytes.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-random-text.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-range.yaml", "templates take more than the limit of 1000000 steps"),
    ("huge-regex.yaml", "invalid repeat count"),
    ("huge-repeat-of-nothing-printed.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-repeat.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-until-step.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-until.yaml", "over the limit of 1000000 bytes for one call"),
    ("huge-width.yaml", "%!(NOVERB)"),
    ("include-fan-out.yaml", "templates take more than the limit of 1000000 steps"),
    ("key-of-absurd-kind.yaml", "Unknown type"),
    ("key-of-absurd-size.yaml", "Unknown type"),
    ("many-authorities.yaml", "take longer than the limit of 200 ms"),
    ("many-bcrypts.yaml", "take longer than the limit of 200 ms"),
    ("many-derived-passwords.yaml", "take longer than the limit of 200 ms"),
    ("many-htpasswds.yaml", "take longer than the limit of 200 ms"),
    ("many-keys.yaml", "take longer than the limit of 200 ms"),
    (
        "nested-data-from-text.yaml",
        "functions of this render have taken more than the limit of 1000000 steps",
    ),
    (
        "nested-yaml-from-text.yaml",
        "functions of this render have taken more than the limit of 1000000 steps",
    ),
    (
        "number-of-many-digits.yaml",
        "functions of this render have taken more than the limit of 1000000 steps",
    ),
    ("output-without-end.yaml", "the output is larger than the limit of 8000000 bytes"),
    ("regex-find-all.yaml", "over the limit of 1000000 bytes for one call"),
    ("self-include.yaml", "rendering template has a nested reference name: a"),
    ("self-template.yaml", "exceeded maximum template depth"),
    ("self-tpl-and-include.yaml", "rendering template has a nested reference name: a"),
    ("self-tpl.yaml", "exceeded maximum template depth"),
    ("sort-many.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
    ("template-fan-out.yaml", "templates take more than the limit of 1000000 steps"),
    ("tpl-fan-out.yaml", "exceeded maximum template depth"),
    ("uniq-many.yaml", "functions of this render have taken more than the limit of 1000000 steps"),
];

/// Jinja templates, and what the error says.
const JINJA: &[(&str, &str)] = &[
    ("jinja-captured-output.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-centred-text.yaml.j2", "which is over the limit"),
    ("jinja-cycle-compared.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-deep-copy.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-merge.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-of-mappings.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-printed.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-to-json.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-cycle-to-yaml.yaml.j2", "data is nested deeper than 200 levels"),
    ("jinja-doubled-list.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-doubled-text.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-expanded-tabs.yaml.j2", "which is over the limit"),
    ("jinja-extended-list.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-formatted-width-by-method.yaml.j2", "which is over the limit"),
    ("jinja-formatted-width.yaml.j2", "which is over the limit"),
    ("jinja-huge-power.yaml.j2", "the integer is too large"),
    ("jinja-huge-range.yaml.j2", "over the limit of 1000000"),
    ("jinja-indented-text.yaml.j2", "which is over the limit"),
    ("jinja-joined-text.yaml.j2", "which is over the limit"),
    ("jinja-loop-recursion.yaml.j2", "templates and macros call each other too deep"),
    ("jinja-macro-fan-out.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-macro-recursion.yaml.j2", "templates and macros call each other too deep"),
    ("jinja-many-authorities.yaml.j2", "take longer than the limit of 200 ms"),
    ("jinja-many-bcrypts.yaml.j2", "take longer than the limit of 200 ms"),
    ("jinja-multiplied-list.yaml.j2", "which is over the limit"),
    ("jinja-multiplied-text.yaml.j2", "which is over the limit"),
    ("jinja-nested-loops.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-output-without-end.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-padded-text.yaml.j2", "which is over the limit"),
    ("jinja-replaced-text-by-method.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-replaced-text.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-self-extends.yaml.j2", "cycle in template inheritance"),
    ("jinja-self-import.yaml.j2", "templates and macros call each other too deep"),
    ("jinja-self-include.yaml.j2", "templates and macros call each other too deep"),
    ("jinja-self-tpl.yaml.j2", "templates and macros call each other too deep"),
    ("jinja-summed-lists.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-value-bomb-compared.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-value-bomb-pprint.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-value-bomb-to-yaml.yaml.j2", "over the limit of 1000000 bytes for one call"),
    ("jinja-value-bomb.yaml.j2", "the template takes too many steps or makes too much output"),
    ("jinja-zero-filled-text.yaml.j2", "which is over the limit"),
];

/// Renders a chart of this one template under low limits, and checks that it ends in an error that says these words.
fn fails(file: &str, template: &str, words: &str) {
    fails_within(&LIMITS, &[(&format!("templates/{file}"), template)], words);
}

/// Renders a chart of these files under limits, and checks that it ends in an error that says these words.
fn fails_within(limits: &[&str], files: &[(&str, &str)], words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    fs::create_dir(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: hostile\nversion: 0.1.0\n").unwrap();
    for (file, text) in files {
        fs::write(chart.join(file), text).unwrap();
    }
    let file = files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(" ");
    let mut command = Command::new(env!("CARGO_BIN_EXE_torii"));
    command.args(["render", "x"]).arg(chart);
    for limit in limits {
        command.args(["--limit", limit]);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let shown: String = stderr.chars().take(2000).collect();
    assert_eq!(output.status.code(), Some(1), "{file}: {shown}");
    assert!(output.stdout.is_empty(), "{file} printed something");
    assert!(stderr.starts_with("Error: "), "{file}: {shown}");
    assert!(stderr.contains(words), "{file} does not say {words:?}: {shown}");
    for bad in ["panicked", "overflow", "bug of its own"] {
        assert!(!stderr.contains(bad), "{file}: {shown}");
    }
}

/// Renders a chart of this template under the default limits, and checks that it ends in an error that says these
/// words.
fn fails_by_default(file: &str, template: &str, words: &str) {
    fails_within(&[], &[(&format!("templates/{file}"), template)], words);
}

fn all_fail(templates: &[(&str, &str)]) {
    for (file, words) in templates {
        let template = fs::read_to_string(Path::new(FIXTURES).join(file)).unwrap();
        fails(file, &template, words);
    }
}

#[test]
fn hostile_go_templates_end_in_an_error() {
    all_fail(GO);
}

#[test]
fn hostile_jinja_templates_end_in_an_error() {
    all_fail(JINJA);
}

#[test]
fn each_fixture_is_tried() {
    let there: BTreeSet<String> = fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let tried: BTreeSet<String> = GO.iter().chain(JINJA).map(|(file, _)| file.to_string()).collect();
    assert_eq!(there, tried);
}

/// `open` so many times, `middle`, and `close` as many times.
fn nested(open: &str, middle: &str, close: &str, times: usize) -> String {
    [open.repeat(times).as_str(), middle, close.repeat(times).as_str()].concat()
}

const DEEP: usize = 100_000;
/// Few enough that their tokens don't exceed a limit of their own.
const DEEP_JINJA: usize = 20_000;

#[test]
fn deep_nesting_in_go_is_refused() {
    let expression = |open: &str, close: &str| format!("{{{{ {} }}}}", nested(open, "1", close, DEEP));
    fails_by_default("a.yaml", &expression("(", ")"), "max expression depth exceeded");
    fails_by_default("a.yaml", &expression("(print ", ")"), "max expression depth exceeded");
    let blocks = "blocks are nested deeper than the limit of 10000";
    fails_by_default("a.yaml", &nested("{{ if 1 }}", "", "{{ end }}", DEEP), blocks);
    fails_by_default("a.yaml", &nested("{{ with 1 }}", "", "{{ end }}", DEEP), blocks);
}

#[test]
fn deep_nesting_in_jinja_is_refused() {
    let words = "the template is nested deeper than 64 levels";
    let brackets =
        [("[", "", "]"), ("(", "1", ")"), ("{\"a\": ", "1", "}"), ("f(", "1", ")"), ("-", "1", "")];
    for (open, middle, close) in brackets {
        fails_by_default(
            "a.yaml.j2",
            &format!("{{{{ {} }}}}", nested(open, middle, close, DEEP_JINJA)),
            words,
        );
    }
    fails_by_default("a.yaml.j2", &format!("{{{{ {}1 }}}}", "not ".repeat(DEEP_JINJA)), words);
    fails_by_default("a.yaml.j2", &format!("{{{{ {}1 }}}}", "1 if 1 else ".repeat(DEEP_JINJA)), words);
    fails_by_default("a.yaml.j2", &nested("{% if 1 %}", "", "{% endif %}", DEEP_JINJA), words);
    fails_by_default("a.yaml.j2", &nested("{% for x in [1] %}", "", "{% endfor %}", DEEP_JINJA), words);
    let long = "the expression has more than 250 levels";
    fails_by_default("a.yaml.j2", &format!("{{{{ 1{} }}}}", " + 1".repeat(DEEP_JINJA)), long);
    fails_by_default("a.yaml.j2", &format!("{{{{ 1{} }}}}", " ** 1".repeat(DEEP_JINJA)), long);
    fails_by_default("a.yaml.j2", &format!("{{{{ a{} }}}}", ".a".repeat(DEEP_JINJA)), long);
}

#[test]
fn a_template_of_fifty_megabytes_is_refused() {
    let text = "a: b\n".repeat(10_000_000);
    let words = "is larger than the maximum file size 5242880";
    fails_by_default("a.yaml", &text, words);
    fails_by_default("a.yaml.j2", &text, words);
}

/// The size of the largest file that a chart may have.
const FILE: usize = 5 << 20;

#[test]
fn templates_of_many_parts_are_refused() {
    let words = "more than the limit of 2000000 parts";
    fails_by_default("a.yaml", &format!("{{{{ print {} }}}}", "1 ".repeat(FILE / 2 - 20)), words);
    fails_by_default("a.yaml", &format!("{{{{ .Values{} }}}}", ".a".repeat(FILE / 2 - 20)), words);
    let actions = "{{1}}".repeat(FILE / 5);
    let twice = [("templates/a.yaml", actions.as_str()), ("templates/b.yaml", actions.as_str())];
    fails_within(&[], &twice, words);
    // A text that is made, and not read from a file.
    let made = "{{ $x := repeat 30000000 \"1 \" }}{{ tpl (print \"{{ print \" $x \" }}\") . }}";
    fails_by_default("a.yaml", made, words);
    let words = "more than 1000000 tokens";
    fails_by_default("a.yaml.j2", &format!("{{{{ [{}] }}}}", "1,".repeat(FILE / 2 - 20)), words);
    fails_by_default("a.yaml.j2", &format!("{{{{ {} }}}}", "(".repeat(FILE - 20)), words);
    fails_by_default("a.yaml.j2", &"{{1}}".repeat(FILE / 5), words);
}

#[test]
fn macros_and_blocks_without_end_are_refused() {
    let names = |n: usize| (0..n).map(|i| format!("a{i}")).collect::<Vec<_>>();
    let many = format!("{{% macro m({}) %}}{{% endmacro %}}", names(400_000).join(","));
    fails_by_default("a.yaml.j2", &many, "there are more than 250 parameters");
    let many = format!("{{% for {} in [] %}}{{% endfor %}}", names(400_000).join(","));
    fails_by_default("a.yaml.j2", &many, "there are more than 250 names to assign to");
    let blocks: String = names(600).iter().map(|n| format!("{{% block {n} %}}{{% endblock %}}")).collect();
    fails_by_default("a.yaml.j2", &blocks, "there are more than 500 blocks");
}

#[test]
fn one_huge_literal_or_comment_ends_soon() {
    let long = |open: &str, middle: &str, close: &str| {
        [open, &middle.repeat((FILE - 20) / middle.len()), close].concat()
    };
    for (text, words) in [
        (long("{{ ", "1", " }}"), "\": invalid syntax"),
        (long("{{ 0x", "1", " }}"), "integer overflow"),
        (long("{{ \"", "x", ""), "unterminated quoted string"),
        (long("{{/*", "x", ""), "unclosed comment"),
        (long("{{ ", "a", " }}"), "not defined"),
        (long("", "{", ""), "unexpected \"{\" in command"),
    ] {
        if words != "\": invalid syntax" && words != "integer overflow" {
            fails_by_default("a.yaml", &text, words);
        } else {
            // The message repeats the number.
            fails_by_default("a.yaml", &text, "parse error at (hostile/templates/a.yaml:1)");
        }
    }
    for (text, words) in [
        (long("{{ ", "1", " }}"), "the integer is too large"),
        (long("{{ \"", "x", ""), "this string is not closed"),
        (long("{#", "x", ""), "this comment is not closed"),
        (long("{{ ", "a", " }}"), "is not set"),
    ] {
        fails_by_default("a.yaml.j2", &text, words);
    }
}

#[test]
fn data_that_takes_much_memory_is_refused() {
    let words = "the data takes more memory than the limit of 134217728 bytes";
    let list = |item: &str| format!("a: [{}]\n", item.repeat((FILE - 20) / item.len()));
    for values in [list("{},"), list("[],"), list("{a: 1},"), format!("a:\n{}", "- a: 1\n".repeat(FILE / 8))]
    {
        let files = [("values.yaml", values.as_str()), ("templates/a.yaml", "a: b")];
        fails_within(&[], &files, words);
    }
    for template in [
        r#"{{ fromYamlArray (print "[" (repeat 9000000 "{},") "]") | len }}"#,
        r#"{{ fromJsonArray (print "[" (repeat 9000000 "{},") "{}]") | len }}"#,
        r#"{{ fromJson (print "{\"a\":[" (repeat 9000000 "[],") "1]}") | len }}"#,
        r#"{{ fromToml (repeat 5000000 "[[a]]\n") | len }}"#,
    ] {
        fails_by_default("a.yaml", template, words);
    }
}

#[test]
fn deep_data_is_refused() {
    let deep = |open: &str| format!("a: {}", open.repeat((FILE - 20) / open.len()));
    let words = "exceeded max depth";
    for text in [deep("["), deep("{a: "), format!("a:\n{}", "- ".repeat(FILE / 2 - 20))] {
        let files = [("values.yaml", text.as_str()), ("templates/a.yaml", "a: b")];
        fails_within(&[], &files, words);
    }
    for template in
        ["a: {{ repeat 2000000 \"[\" }}", "{{ repeat 2000000 \"? \" }}", "a:\n{{ repeat 2000000 \"- \" }}"]
    {
        fails_by_default("a.yaml", template, words);
    }
}

#[test]
fn dicts_within_dicts_are_counted() {
    let template = "{{ $d := dict }}{{ range until 1000000 }}{{ $d = dict \"a\" $d }}{{ end }}{{ len $d }}";
    fails_by_default("a.yaml", template, "have made more than the limit of 268435456 bytes");
}

#[test]
fn characters_of_a_long_text_are_paid_for() {
    let template =
        "{% set x = repeat(30000000, \"a\") %}{% for i in range(1000000) %}{% set z = x[-1] %}{% endfor %}";
    fails_by_default("a.yaml.j2", template, "the template takes too many steps");
}
