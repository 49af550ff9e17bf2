//! Templates that mean harm: each ends in an error that names a limit, or in Go's own words, never in a crash, a
//! hang or a machine without memory.
//!
//! The templates are in `fixtures/hostile`, one to a file; those that are large are made here. The limits are set
//! lower than they are by default, so that an unoptimised build comes to them soon.

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

/// Renders a chart of this one template, and checks that it ends in an error that says these words.
fn fails(file: &str, template: &str, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    fs::create_dir(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: hostile\nversion: 0.1.0\n").unwrap();
    fs::write(chart.join("templates").join(file), template).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_torii"));
    command.args(["render", "x"]).arg(chart);
    for limit in LIMITS {
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

#[test]
fn deep_nesting_in_go_is_refused() {
    let expression = |open: &str, close: &str| format!("{{{{ {} }}}}", nested(open, "1", close, DEEP));
    fails("a.yaml", &expression("(", ")"), "max expression depth exceeded");
    fails("a.yaml", &expression("(print ", ")"), "max expression depth exceeded");
    let blocks = "blocks are nested deeper than the limit of 10000";
    fails("a.yaml", &nested("{{ if 1 }}", "", "{{ end }}", DEEP), blocks);
    fails("a.yaml", &nested("{{ with 1 }}", "", "{{ end }}", DEEP), blocks);
}

#[test]
fn deep_nesting_in_jinja_is_refused() {
    let words = "the template is nested deeper than 64 levels";
    let brackets =
        [("[", "", "]"), ("(", "1", ")"), ("{\"a\": ", "1", "}"), ("f(", "1", ")"), ("-", "1", "")];
    for (open, middle, close) in brackets {
        fails("a.yaml.j2", &format!("{{{{ {} }}}}", nested(open, middle, close, DEEP)), words);
    }
    fails("a.yaml.j2", &format!("{{{{ {}1 }}}}", "not ".repeat(DEEP)), words);
    fails("a.yaml.j2", &format!("{{{{ {}1 }}}}", "1 if 1 else ".repeat(DEEP)), words);
    fails("a.yaml.j2", &nested("{% if 1 %}", "", "{% endif %}", DEEP), words);
    fails("a.yaml.j2", &nested("{% for x in [1] %}", "", "{% endfor %}", DEEP), words);
    let long = "the expression has more than 250 levels";
    fails("a.yaml.j2", &format!("{{{{ 1{} }}}}", " + 1".repeat(DEEP)), long);
    fails("a.yaml.j2", &format!("{{{{ 1{} }}}}", " ** 1".repeat(DEEP)), long);
    fails("a.yaml.j2", &format!("{{{{ a{} }}}}", ".a".repeat(DEEP)), long);
}

#[test]
fn a_template_of_fifty_megabytes_is_refused() {
    let text = "a: b\n".repeat(10_000_000);
    let words = "is larger than the maximum file size 5242880";
    fails("a.yaml", &text, words);
    fails("a.yaml.j2", &text, words);
}
