//! Values that no template uses, as the program tells them.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

const CHART: &str = "fixtures/unused/chart";
const TYPOS: &str = "fixtures/unused/typos.yaml";

fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn screen(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}exit code {}\n", text(&output.stderr), text(&output.stdout), output.status.code().unwrap())
}

fn unused(args: &[&str]) -> Output {
    torii(&[&["show", "values", CHART], args].concat())
}

#[test]
fn slips_are_told_with_what_was_meant() {
    insta::assert_snapshot!(screen(&unused(&["--unused", "-f", TYPOS, "--set", "image.pulPolicy=Always"])));
}

#[test]
fn values_of_blocks_that_did_not_run_are_told_apart() {
    insta::assert_snapshot!(screen(&unused(&["--unused=all", "-f", TYPOS])));
}

#[test]
fn a_chart_s_own_defaults_are_used() {
    let output = unused(&["--unused", "-f", "fixtures/unused/chart/values.yaml", "--fail-on-unused"]);
    insta::assert_snapshot!(screen(&output));
}

#[test]
fn a_slip_fails_if_that_is_asked_for() {
    let with = |more: &[&str]| {
        let args = [&["--unused", "--set", "replcas=2"], more].concat();
        unused(&args).status.code()
    };
    assert_eq!((with(&[]), with(&["--fail-on-unused"])), (Some(0), Some(2)));
    let lone = unused(&["--fail-on-unused"]);
    assert_eq!(lone.status.code(), Some(1), "without --unused it would mean nothing");
}

#[test]
fn machines_get_all_of_it() {
    let output = unused(&["--unused", "-f", TYPOS, "-o", "json"]);
    let text = String::from_utf8(output.stdout).unwrap().replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text);
}

#[test]
fn a_render_warns_with_the_line_that_sets_the_value() {
    let args = ["render", "r", CHART, "--warn-unused", "-s", "templates/service.yaml", "-f", TYPOS];
    insta::assert_snapshot!(screen(&torii(&args)));
    let plain = torii(&["render", "r", CHART, "-f", TYPOS]);
    assert_eq!(String::from_utf8_lossy(&plain.stderr), "", "only if it is asked to");
}

#[test]
fn the_texts_tell_where_the_chart_can_not_be_rendered() {
    let args = ["--unused", "--set", "replcas=2", "--set", "image=null"];
    insta::assert_snapshot!(screen(&unused(&args)));
}

#[test]
fn a_slip_is_told_though_it_is_why_the_chart_does_not_render() {
    let chart = "fixtures/unused/required";
    let shown = torii(&["show", "values", chart, "--unused", "--set", "cluster.nmae=blue"]);
    let warned = torii(&["render", "r", chart, "--warn-unused", "--set", "cluster.nmae=blue"]);
    insta::assert_snapshot!(format!("{}{}", screen(&shown), screen(&warned)));
}

#[test]
fn of_two_names_that_are_as_near_the_one_with_all_typed_letters_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "apiVersion: v2\nname: ports\nversion: 1.0.0\n");
    write("values.yaml", "http: 80\nhttps: 443\n");
    write(
        "templates/map.yaml",
        "kind: ConfigMap\ndata: {a: '{{ .Values.http }}', b: '{{ .Values.https }}'}\n",
    );
    for (slip, meant) in [("htts", "https"), ("htps", "https"), ("htp", "http")] {
        let chart = folder.path().to_str().unwrap();
        let output = torii(&["show", "values", chart, "--unused", "--set", &format!("{slip}=1")]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("did you mean `{meant}`")), "{slip}: {text}");
    }
}
