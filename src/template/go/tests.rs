//! Corners of the language, as Go 1.26 and Helm 4.2.4 have them.

use std::sync::Arc;

use super::Templates;
use crate::diagnostic::Error;
use crate::functions::Env;
use crate::limits::Limits;
use crate::template::{Language, Peer, Source};
use crate::value::{Map, MapType, Str, Value};

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        file: format!("chart/{name}").into(),
        base_path: "templates".into(),
        text: text.into(),
        language: Language::Go,
    }
}

fn dot() -> Map {
    let values = crate::yaml::decode(
        b"{s: str, num: 3, f: 1.5, b: true, z: null, e: '', l: [1, a, null], m: {k: v, x: {w: deep}}, service: {port: 80}}",
    );
    let Ok(Value::Map(values)) = values else { panic!("the values are a map") };
    let root = Map::new(MapType::Values);
    root.insert("Values", Value::Map(values.with_type(MapType::Values)));
    root
}

fn run_all(sources: &[Source], env: Env) -> Result<String, Error> {
    let last = sources.last().map(|s| s.name.clone()).unwrap_or_default();
    let templates = Templates::parse(sources, Arc::new(env))?;
    templates.render(&last, &dot(), None).map(|s| s.to_string())
}

fn run(template: &str) -> Result<String, Error> {
    run_all(&[source("t", template)], Env::default())
}

fn ok(template: &str) -> String {
    run(template).unwrap_or_else(|e| panic!("{template}: {e}"))
}

fn err(template: &str) -> String {
    match run(template) {
        Err(e) => e.message().to_string(),
        Ok(out) => panic!("{template} gave {out:?}"),
    }
}

/// The last line of an error: what happened, without the place.
fn reason(template: &str) -> String {
    let message = err(template);
    message.lines().last().unwrap_or_default().trim().to_string()
}

#[test]
fn trim_markers_take_spaces_and_comments_vanish() {
    assert_eq!(ok("a \n {{- 1 -}} \t\n b"), "a1b");
    assert_eq!(ok("a {{- /* x */ -}} b"), "ab");
    assert_eq!(ok("a{{/* x */}}b {{-3}}"), "ab -3");
    assert_eq!(ok("{{- \"}}\" -}}\n{{`{{`}}"), "}}{{");
    assert_eq!(err("{{/* x"), "parse error at (t:1): unclosed comment");
    assert_eq!(err("{{/* x */ }}"), "parse error at (t:1): comment ends before closing delimiter");
}

#[test]
fn literals_have_the_types_that_go_gives_them() {
    for (template, want) in [
        ("{{ 1 }} {{ 1.0 }} {{ 1e3 }} {{ 1.5e-7 }}", "1 1 1000 1.5e-07"),
        ("{{ 0x1F }} {{ 017 }} {{ 0o17 }} {{ 0b11 }} {{ 1_000 }}", "31 15 15 3 1000"),
        ("{{ 'a' }} {{ '\\n' }} {{ '\\x41' }} {{ 'é' }}", "97 10 65 233"),
        ("{{ 1i }} {{ 1+2i }} {{ printf \"%T\" 2i }}", "(0+1i) (1+2i) complex128"),
        ("{{ printf \"%T %T %T\" 1 1.0 'a' }}", "int float64 int"),
        ("{{ \"a\\tb\\u00e9\" }} {{ `a\\t` }} {{ true }}", "a\tbé a\\t true"),
    ] {
        assert_eq!(ok(template), want, "{template}");
    }
    assert_eq!(reason("{{ 18446744073709551615 }}"), "18446744073709551615 overflows int");
    assert_eq!(err("{{ 1+2 }}"), "parse error at (t:1): \"1+2\"");
    assert_eq!(err("{{ 'ab' }}"), "parse error at (t:1): 'ab'");
}

#[test]
fn nothing_a_nil_and_a_nil_of_interface_type_differ() {
    assert_eq!(ok("{{ .Values.missing }}|{{ .Values.z }}|{{ .nope }}"), "||");
    assert_eq!(reason("{{ .Values.missing.x }}"), "nil pointer evaluating interface {}.x");
    assert_eq!(ok("{{ (.Values.missing).x.y }}|"), "|");
    assert_eq!(ok("{{ define \"d\" }}{{ .x.y }}{{ end }}{{ template \"d\" }}|"), "|");
    assert_eq!(ok("{{ range .Values.l }}{{ . }},{{ end }}"), "1,a,,");
    assert_eq!(
        reason("{{ range .Values.l }}{{ .x }}{{ end }}"),
        "can't evaluate field x in type interface {}"
    );
    assert_eq!(reason("{{ with .Values.s }}{{ .x }}{{ end }}"), "can't evaluate field x in type string");
    assert_eq!(reason("{{ len .Values.missing }}").rsplit_once(": ").unwrap().1, "len of nil pointer");
    assert_eq!(reason("{{ nil }}"), "nil is not a command");
    assert_eq!(
        reason("{{ upper .Values.missing }}"),
        "wrong type for value; expected string; got interface {}"
    );
    assert_eq!(reason("{{ .Values.missing | upper }}"), "invalid value; expected string");
    assert_eq!(reason("{{ upper nil }}"), "cannot assign nil to string");
}

#[test]
fn literal_no_value_is_deleted_wherever_it_comes_from() {
    assert_eq!(
        ok("a<no value>b{{ \"<no value>\" }}c{{ tpl \"<no {{ 1 }}value><no value>\" . }}"),
        "abc<no 1value>"
    );
    assert_eq!(ok("<no {{ .Values.missing }}value>"), "<no value>");
}

#[test]
fn variables_live_to_the_end_of_their_block() {
    assert_eq!(ok("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 5 }}{{ end }}{{ $x }}"), "2");
    assert_eq!(ok("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}"), "21");
    assert_eq!(
        err("{{ if true }}{{ $y := 5 }}{{ end }}{{ $y }}"),
        "parse error at (t:1): undefined variable \"$y\""
    );
    assert_eq!(reason("{{ $x = 1 }}"), "undefined variable: $x");
    assert_eq!(ok("{{ range $i, $v := .Values.l }}{{ $i }}{{ $v }} {{ end }}"), "01 1a 2 ");
    assert_eq!(
        ok("{{ $k := 0 }}{{ $v := 0 }}{{ range $k, $v = .Values.m }}{{ end }}{{ $k }}{{ $v }}"),
        "xmap[w:deep]"
    );
    assert_eq!(ok("{{ $ := 5 }}{{ $ }}{{ with 1 }}{{ $ }}{{ end }}"), "55");
}

#[test]
fn loops_walk_lists_maps_and_integers() {
    assert_eq!(ok("{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}"), "01201");
    assert_eq!(
        ok("{{ range 0 }}x{{ else }}none{{ end }}{{ range .Values.z }}x{{ else }}none{{ end }}"),
        "nonenone"
    );
    assert_eq!(ok("{{ range $k, $v := .Values.m }}{{ $k }}={{ $v }};{{ end }}"), "k=v;x=map[w:deep];");
    assert_eq!(
        ok(
            "{{ range 9 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if eq . 4 }}{{ break }}{{ end }}{{ . }}{{ end }}"
        ),
        "013"
    );
    assert_eq!(reason("{{ range .Values.f }}{{ end }}"), "range can't iterate over 1.5");
    assert_eq!(reason("{{ range \"abc\" }}{{ end }}"), "range can't iterate over abc");
    assert_eq!(
        reason("{{ range $i, $v := 5 }}{{ end }}"),
        "can't use 5 to iterate over more than one variable"
    );
    assert_eq!(err("{{ break }}"), "parse error at (t:1): {{break}} outside {{range}}");
}

#[test]
fn else_if_and_else_with_need_one_end() {
    assert_eq!(ok("{{ if .Values.e }}a{{ else if .Values.s }}b{{ else }}c{{ end }}"), "b");
    assert_eq!(ok("{{ with .Values.e }}a{{ else with .Values.s }}{{ . }}{{ else }}c{{ end }}"), "str");
    assert_eq!(
        err("{{ range 1 }}{{ else if true }}{{ end }}"),
        "parse error at (t:1): unexpected <if> in input"
    );
}

#[test]
fn pipes_append_the_last_argument_and_chains_follow_parentheses() {
    assert_eq!(ok("{{ 3 | printf \"%d-%d\" 2 }}"), "2-3");
    assert_eq!(ok("{{ (index .Values.m \"x\").w }}{{ (.Values.m).k }}"), "deepv");
    assert_eq!(ok("{{ 1 | }}"), "1");
    assert_eq!(err("{{ 1 | 2 }}"), "parse error at (t:1): non executable command in pipeline stage 2");
    assert_eq!(reason("{{ 1 2 }}"), "can't give argument to non-function 1");
    assert_eq!(reason("{{ .Values.s 1 }}"), "s is not a method but has arguments");
    assert_eq!(reason("{{ printf }}"), "wrong number of args for printf: want at least 1 got 0");
    assert_eq!(reason("{{ upper \"a\" \"b\" }}"), "wrong number of args for upper: want 1 got 2");
    assert_eq!(reason("{{ upper 1 }}"), "expected string; found 1");
}

#[test]
fn and_and_or_stop_early() {
    assert_eq!(ok("{{ and false (fail \"no\") }}{{ or 1 (fail \"no\") }}"), "false1");
    assert_eq!(ok("{{ .Values.s | and 1 }}{{ and 1 0 2 }}{{ or \"\" 0 }}"), "str00");
}

#[test]
fn comparison_is_strict_about_kinds() {
    assert_eq!(
        ok("{{ eq 1 2 1 }}{{ eq .Values.num 3.0 }}{{ lt \"a\" \"b\" }}{{ eq .Values.z nil }}"),
        "truetruetruetrue"
    );
    assert_eq!(
        err("{{ eq .Values.num 3 }}"),
        "template: t:1:3: executing \"t\" at <eq .Values.num 3>: error calling eq: incompatible types for \
         comparison: float64 and int"
    );
    assert!(err("{{ lt true false }}").ends_with("invalid type for comparison"));
    assert!(
        err("{{ eq .Values.l .Values.l }}")
            .ends_with("non-comparable type [%!s(float64=1) a <nil>]: []interface {}")
    );
}

#[test]
fn a_later_definition_replaces_an_earlier_one_unless_it_is_empty() {
    let a = "{{ define \"x\" }}first{{ end }}";
    for (b, want) in [
        ("{{ define \"x\" }}second{{ end }}{{ template \"x\" }}", "second"),
        ("{{ define \"x\" }} {{/* nothing */}}\n{{ end }}{{ template \"x\" }}", "first"),
        ("{{ block \"x\" . }}default{{ end }}", "default"),
    ] {
        assert_eq!(run_all(&[source("a", a), source("t", b)], Env::default()).unwrap(), want);
    }
    assert_eq!(
        err("{{ define \"x\" }}1{{ end }}{{ define \"x\" }}2{{ end }}"),
        "parse error at (t:1): multiple definition of template \"x\""
    );
}

#[test]
fn definitions_in_a_tpl_are_seen_inside_it_only() {
    let inner = r#"{{ define "d" }}D{{ . }}{{ end }}{{ include "d" 1 }}{{ tpl "{{ include \"d\" 2 }}" . }}{{ include "host" . }}"#;
    let host = r#"{{ define "d" }}outer{{ end }}{{ define "host" }}[{{ template "d" 3 }}]{{ end }}"#;
    let t = format!("{host}{{{{ tpl {inner:?} . }}}} {{{{ include \"d\" 4 }}}}");
    assert_eq!(ok(&t), "D1D2[D3] outer");
}

#[test]
fn include_and_tpl_errors_keep_helm_s_two_shapes() {
    assert_eq!(
        err("{{ define \"x\" }}\n{{ .Values.missing.a }}{{ end }}{{ include \"x\" . }}"),
        "t:2:35\n  executing \"t\" at <include \"x\" .>:\n    error calling include:\nt:2:10\n  executing \"x\" at \
         <.Values.missing.a>:\n    nil pointer evaluating interface {}.a"
    );
    assert_eq!(
        err("{{ tpl \"{{ .Values.missing.a }}\" . }}"),
        "template: t:1:3: executing \"t\" at <tpl \"{{ .Values.missing.a }}\" .>: error calling tpl: error during \
         tpl function execution for \"{{ .Values.missing.a }}\": template: gotpl:1:10: executing \"gotpl\" at \
         <.Values.missing.a>: nil pointer evaluating interface {}.a"
    );
    assert_eq!(
        err("{{ include \"nope\" . }}"),
        "t:1:3\n  executing \"t\" at <include \"nope\" .>:\n    error calling include:\ntemplate: no template \"nope\" \
         associated with template \"gotpl\""
    );
    assert_eq!(err("{{ required \"set x\" .Values.missing }}"), "execution error at (t:1:3): set x");
    assert_eq!(err("{{ if true }}\n  {{ fail \"a: b\" }}{{ end }}"), "execution error at (t:2:5): a: b");
}

#[test]
fn the_place_the_trace_and_a_near_miss_help_the_reader() {
    let e = run("{{ define \"x\" }}\n  port: {{ .Values.servce.port }}{{ end }}{{ include \"x\" . }}")
        .unwrap_err();
    let d = e.diagnostic();
    let place = d.place.as_ref().unwrap();
    assert_eq!((&*place.file, place.line, place.column, place.length), ("chart/t", 2, 12, 19));
    assert_eq!(
        d.hint.as_ref().map(|hint| hint.text.as_str()),
        Some("`.Values.servce` is not set; did you mean `.Values.service`?")
    );
    assert_eq!(d.trace.len(), 1);
    assert_eq!(d.trace[0].what, "include \"x\"");
    let e = run("{{ uper \"x\" }}").unwrap_err();
    assert_eq!(e.diagnostic().hint.as_ref().map(|hint| hint.text.as_str()), Some("did you mean `upper`?"));
}

#[test]
fn strict_and_lint_modes_are_helm_s() {
    let mut strict = Env::default();
    strict.strict = true;
    let mut lint = Env::default();
    lint.lint = true;
    let e = run_all(&[source("t", "{{ .Values.missing }}")], strict).unwrap_err();
    assert!(e.message().ends_with("map has no entry for key \"missing\""), "{e}");
    let t = source("t", "{{ required \"x\" .Values.missing }}{{ fail \"x\" }}|");
    assert_eq!(run_all(&[t], lint).unwrap(), "|");
}

#[test]
fn a_name_that_go_lacks_is_asked_of_the_other_language() {
    struct Jinja;
    impl Peer for Jinja {
        fn include(&self, name: &str, dot: &Value) -> Option<Result<Str, Error>> {
            (name == "j").then(|| Ok(format!("jinja {}", dot.type_name()).into()))
        }
    }
    let sources = [source("t", "{{ include \"j\" 1 }} {{ define \"g\" }}go {{ . }}{{ end }}")];
    let templates = Templates::parse(&sources, Arc::new(Env::default())).unwrap();
    assert_eq!(templates.render("t", &dot(), Some(&Jinja)).unwrap(), "jinja int ");
    assert_eq!(templates.include("g", &Value::int(7), None).unwrap().unwrap(), "go 7");
    assert!(templates.include("nope", &Value::Null, None).is_none());
}

#[test]
fn what_does_not_end_is_stopped() {
    let small =
        || Env::new(Limits { steps: 10_000, output_bytes: 10_000, template_depth: 50, ..Limits::default() });
    for (template, want) in [
        ("{{ range 1000000000000 }}{{ end }}", "the templates take more than the limit of 10000 steps"),
        (
            "{{ range 1000 }}0123456789012345678901234567890{{ end }}",
            "the output is larger than the limit of 10000 bytes",
        ),
        (
            "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
            "exceeded maximum template depth (100000)",
        ),
        (
            "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
            "exceeded maximum template depth (100000)",
        ),
        ("{{ tpl .Values.self . }}", "exceeded maximum template depth (100000)"),
        (
            "{{ define \"x\" }}{{ range 10 }}{{ include \"x\" . }}{{ end }}{{ end }}{{ include \"x\" . }}",
            "exceeded maximum template depth (100000)",
        ),
    ] {
        let templates = Templates::parse(&[source("t", template)], Arc::new(small())).unwrap();
        let root = dot();
        if let Some(Value::Map(values)) = root.get("Values") {
            values.insert("self", "{{ tpl .Values.self . }}".into());
        }
        let message = templates.render("t", &root, None).unwrap_err().message().to_string();
        assert!(message.contains(want), "{template}: {message}");
    }
}

#[test]
fn a_name_may_be_included_in_itself_a_thousand_times() {
    let recursive = "{{ define \"x\" }}{{ if gt . 0 }}{{ include \"x\" (sub . 1 | int) }}{{ end }}{{ end }}{{ include \"x\" N }}|";
    let run_with = |n: usize| {
        let text = recursive.replace('N', &n.to_string());
        std::thread::Builder::new().stack_size(64 << 20).spawn(move || run(&text)).unwrap().join().unwrap()
    };
    assert_eq!(run_with(1000).unwrap(), "|");
    let message = run_with(1001).unwrap_err().message().to_string();
    assert!(
        message.ends_with("rendering template has a nested reference name: x: unable to execute template")
    );
}
