//! Thousands of inputs with go-yaml's own answers. They are shared data beside the repository; without them
//! the tests skip themselves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must stop")]

use std::path::PathBuf;

use serde_json::Value as Json;
use torii::value::Value;
use torii::yaml;

/// The lines of a vector file; `None` when the shared data is absent.
fn vectors(file: &str) -> Option<Vec<Json>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/research/vectors").join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            Some(text.lines().filter(|l| !l.is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect())
        }
        Err(e) if std::env::var("TORII_REQUIRE_CONFORMANCE").is_ok_and(|v| v == "1") => {
            panic!("{}: {e}", path.display())
        }
        Err(_) => {
            println!("skipped: {} is absent", path.display());
            None
        }
    }
}

/// The dump that the vectors use: `n` null, `b0` `b1`, `#number`, `sLEN:text`, `[…,]`, `{sLEN:key=…,}`.
fn dump(value: &Value, out: &mut String) {
    match value {
        Value::Bool(b) => out.push_str(if *b { "b1" } else { "b0" }),
        Value::Float(f) => {
            out.push('#');
            out.push_str(&json_number(*f));
        }
        Value::String(s) => dump_text(&s.to_text(), out),
        Value::List(l) => {
            out.push('[');
            for item in l.items() {
                dump(&item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Map(m) => {
            out.push('{');
            for (key, value) in m.entries() {
                dump_text(&key.to_text(), out);
                out.push('=');
                dump(&value, out);
                out.push(',');
            }
            out.push('}');
        }
        _ => out.push('n'),
    }
}

fn dump_text(text: &str, out: &mut String) {
    out.push_str(&format!("s{}:{text}", text.len()));
}

/// As `encoding/json` writes it.
fn json_number(f: f64) -> String {
    use torii::value::number::{format_e, format_f};
    if f != 0.0 && !(1e-6..1e21).contains(&f.abs()) { format_e(f).replace("e-0", "e-") } else { format_f(f) }
}

/// The vectors hold integers as they stand in JSON; the value of one is a `float64`.
fn round_numbers(dump: &str) -> String {
    let mut out = String::new();
    let mut rest = dump;
    while let Some(at) = rest.find('#') {
        let (before, number) = rest.split_at(at + 1);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(number.len());
        out.push_str(before);
        match number[..end].parse::<f64>() {
            Ok(f) if end > 15 => out.push_str(&json_number(f)),
            _ => out.push_str(&number[..end]),
        }
        rest = &number[end..];
    }
    out + rest
}

fn report(file: &str, total: usize, differences: &[String]) {
    let rate = 100.0 * (total - differences.len()) as f64 / total as f64;
    println!("{file}: {} of {total} equal ({rate:.2} %)", total - differences.len());
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn decoding_gives_what_go_yaml_gives() {
    let file = "yaml_decode_edge.jsonl";
    let Some(cases) = vectors(file) else { return };
    let mut differences = Vec::new();
    for case in &cases {
        let text = match (&case["in"], &case["in_b64"]) {
            (Json::String(text), _) => text.clone().into_bytes(),
            (_, Json::String(text)) => data_encoding::BASE64.decode(text.as_bytes()).unwrap(),
            _ => panic!("a case without an input: {case}"),
        };
        let got = match yaml::decode(&text) {
            Ok(value) => {
                let mut out = String::new();
                dump(&value, &mut out);
                format!("ok {out}")
            }
            Err(e) => {
                let message = e.message.strip_prefix("error converting YAML to JSON: ").unwrap_or(&e.message);
                format!("err {message}")
            }
        };
        let want = match (&case["ok"], &case["err"]) {
            (Json::String(ok), _) => format!("ok {}", round_numbers(ok)),
            (_, Json::String(err)) => format!("err {err}"),
            _ => panic!("a case without an answer: {case}"),
        };
        if got != want {
            differences.push(format!(
                "{}: {:?}\n  want {want:?}\n  got  {got:?}",
                case["src"],
                String::from_utf8_lossy(&text)
            ));
        }
    }
    report(file, cases.len(), &differences);
}

/// What Helm's functions print: one final newline is trimmed, and any error is nothing.
fn printed(result: Result<String, yaml::EmitError>) -> String {
    match result {
        Ok(text) => text.strip_suffix('\n').unwrap_or(&text).to_string(),
        Err(_) => String::new(),
    }
}

fn emitting_gives_what_go_yaml_gives(file: &str) {
    let Some(cases) = vectors(file) else { return };
    let mut differences = Vec::new();
    for case in &cases {
        let text = case["json"].as_str().unwrap();
        let value = torii::json::decode(text.as_bytes()).unwrap();
        for (name, got) in [
            ("toYaml", printed(yaml::to_yaml(&value))),
            ("toYamlPretty", printed(yaml::to_yaml_pretty(&value))),
        ] {
            let want = case[name].as_str().unwrap();
            let want = if want.starts_with("ERR ") { "" } else { want };
            if got != want {
                differences.push(format!("{name} {text}\n  want {want:?}\n  got  {got:?}"));
            }
        }
    }
    report(file, 2 * cases.len(), &differences);
}

#[test]
fn curated_values_are_written_as_go_yaml_writes_them() {
    emitting_gives_what_go_yaml_gives("yaml_emit_curated.jsonl");
}

#[test]
fn random_values_are_written_as_go_yaml_writes_them() {
    emitting_gives_what_go_yaml_gives("yaml_emit_fuzz.jsonl");
}
