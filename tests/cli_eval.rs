//! `torii eval`, single and by lines of JSON.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn torii(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn eval(args: &[&str], stdin: &str) -> String {
    let output = torii(&[&["eval"], args].concat(), stdin);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The answers to cases, one a line, as `(out, err)`.
fn answers(cases: &[&str]) -> Vec<(Option<String>, Option<String>)> {
    let answers = eval(&["--jsonl", "--limit", "steps=1000000"], &cases.join("\n"));
    let read = |line: &str| {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| answer[key].as_str().map(str::to_string);
        (text("out"), text("err"))
    };
    answers.lines().map(read).collect()
}

#[test]
fn a_template_is_jinja_unless_said_otherwise() {
    assert_eq!(eval(&["{{ 6 * 7 }}"], ""), "42\n");
    assert_eq!(eval(&["--language", "go", "{{ mul 6 7 }}"], ""), "42\n");
    assert_eq!(eval(&["-"], "{{ Release.Name }}\n"), "release-name\n");
}

#[test]
fn a_chart_gives_the_context() {
    let chart = "fixtures/charts/shop";
    assert_eq!(eval(&["{{ Values.replicas }} {{ Chart.Version }}", chart], ""), "2 1.2.3\n");
    assert_eq!(
        eval(&["--language", "go", "{{ include \"shop.name\" . }}", chart, "-n", "n"], ""),
        "release-name-shop\n"
    );
    assert_eq!(eval(&["{{ Values.a.b }}", "--set", "a.b=c"], ""), "c\n");
}

#[test]
fn a_failure_names_the_place() {
    let output = torii(&["eval", "{{ Values.x.y }}"], "");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("Error: ") && stderr.contains("TEMPLATE:1:"), "{stderr}");
}

#[test]
fn every_case_is_answered_in_order() {
    let found = answers(&[
        r#"{"id": 1, "template": "{{ .Values.a }}-{{ .Chart.Name }}", "values": {"a": 1}, "set": ["b=2"]}"#,
        r#"{"id": 2, "template": "{{ .Values.a", "values": {}}"#,
        r#"{"id": 3, "template": "{{ .Values.a }}", "values": "a: yes\n"}"#,
        "not json",
        "",
        r#"{"id": 4, "template": "{{ include \"x\" . }}{{ .Files.Get \"f\" }}", "values": {}, "templates": {"_x.tpl": "{{ define \"x\" }}X{{ end }}"}, "files": {"f": "F"}}"#,
        r#"{"id": 5, "template": "{{ .Release.Name }} {{ .Chart.AppVersion }}", "values": {}, "release": {"Name": "r"}, "chart": {"appVersion": "9"}}"#,
        r#"{"id": 6, "language": "jinja", "template": "{{ a + 1 }}", "context": {"a": 1}}"#,
        r#"{"id": 7, "language": "jinja", "template": "{% import 'm.j2' as m %}{{ m.f(2) }}", "context": {}, "templates": {"m.j2": "{% macro f(x) %}<{{ x }}>{% endmacro %}"}}"#,
    ]);
    let out: Vec<Option<&str>> = found.iter().map(|(out, _)| out.as_deref()).collect();
    assert_eq!(
        out,
        [Some("1-ref"), None, Some("true"), None, Some("XF"), Some("r 9"), Some("2"), Some("<2>")]
    );
    assert!(found.iter().all(|(out, err)| out.is_some() != err.is_some()));
}

#[test]
fn a_case_that_runs_away_is_an_error_of_it_alone() {
    let found = answers(&[
        r#"{"id": 1, "template": "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}", "values": {}}"#,
        r#"{"id": 2, "template": "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}", "values": {}}"#,
        r#"{"id": 3, "language": "jinja", "template": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "context": {}}"#,
        r#"{"id": 4, "template": "fine", "values": {}}"#,
    ]);
    for (out, err) in &found[..3] {
        assert!(out.is_none() && err.is_some(), "{err:?}");
    }
    assert_eq!(found[3].0.as_deref(), Some("fine"));
}

/// The error of a template that fails.
fn error(args: &[&str]) -> String {
    let output = torii(&[&["eval"], args].concat(), "");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_near_miss_is_shown_with_where_it_is_set() {
    for args in [
        &["{{ Values.servce.type }}", "charts/gateway"][..],
        &["{{ .Values.servce.type }}", "charts/gateway", "--language", "go"],
    ] {
        let error = error(args);
        assert!(error.contains("Values.service` (charts/gateway/values.yaml:"), "{error}");
    }
    let error = error(&["{{ Values.replcas }}", "charts/gateway", "-f", "fixtures/values/replicas.yaml"]);
    assert!(error.contains("`Values.replicas` (fixtures/values/replicas.yaml:2)?"), "{error}");
}

#[test]
fn an_error_in_a_text_of_tpl_shows_the_text_and_the_call() {
    let error = error(&["--language", "go", "a\n{{ tpl \"b\\nc {{ .Values.x.y }}\" . }}"]);
    let shown = "  --> text of tpl:2:6\n  |\n2 | c {{ .Values.x.y }}\n  |      ^^^^^^^^^^^\n  in tpl, called at TEMPLATE:2:4\n";
    assert!(error.contains(shown), "{error}");
}

#[test]
fn a_text_of_tpl_that_is_no_template_is_shown_where_it_ends_to_be_one() {
    let error = error(&["--language", "go", "{{ tpl \"b\\nc {{ nofunc }}\" . }}"]);
    let shown =
        "  --> text of tpl:2:6\n  |\n2 | c {{ nofunc }}\n  |      ^\n  in tpl, called at TEMPLATE:1:4\n";
    assert!(error.contains(shown), "{error}");
}

#[test]
fn ctx_is_the_whole_context_in_jinja() {
    let names = "{{ ctx.Release.Name }} {{ (ctx.Values | keys | length) > 3 }} {{ list(ctx, 1) | last }}";
    assert_eq!(eval(&[names, "charts/gateway"], ""), "release-name true 1\n");
    assert_eq!(eval(&["{% set ctx = 7 %}{{ ctx }}"], ""), "7\n");
}

#[test]
fn a_method_without_parameters_is_read_like_an_attribute_in_jinja() {
    let template = r#"{% set v = semver("1.20.3-rc.1") %}{{ v.Major }}.{{ v.Minor() }} {{ v.Minor >= 20 }} {{ v.Prerelease }}"#;
    assert_eq!(eval(&[template], ""), "1.20 true rc.1\n");
    let error = error(&[r#"{{ semver("1.2.3").Compare }}"#]);
    assert!(error.starts_with("Error: TEMPLATE:1:4: `Compare` is a method of *semver.Version\n"), "{error}");
    assert!(error.contains("hint: call it: `.Compare(…)`"), "{error}");
}

#[test]
fn an_inline_if_without_else_is_told_what_it_lacks() {
    let error = error(&[r#"{{ "a" if false }}"#]);
    assert!(error.contains(r#"hint: an inline `if` without `else` gives nothing: add `else ""`"#), "{error}");
}
