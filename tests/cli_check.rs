//! `torii check` as users see it: whole screens of the real program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/check")
}

/// What a command prints on both streams, and its exit code if it isn't 0.
fn screen_of(args: &[&str], stdin: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .arg("check")
        .args(args)
        .current_dir(folder())
        .env_remove("FORCE_COLOR")
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sent = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    // A command that doesn't read its input may be gone before it is sent.
    assert!(sent.is_ok() || stdin.len() < 4096, "{sent:?}");
    let mut screen = format!("$ torii check {}\n", args.join(" "));
    screen.push_str(&String::from_utf8(output.stdout).unwrap());
    screen.push_str(&String::from_utf8(output.stderr).unwrap());
    match output.status.code() {
        Some(0) => {}
        code => writeln!(screen, "[exit code {}]", code.unwrap()).unwrap(),
    }
    screen
}

fn screen(args: &[&str]) -> String {
    screen_of(args, "")
}

const SHOP: [&str; 5] = ["shop", "--name", "prod", "--config", "empty.yaml"];

fn shop(more: &[&str]) -> String {
    screen(&[&SHOP[..], more].concat())
}

const FINE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\ndata: {a: b}\n";
const TWICE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\ndata: {a: b}\n---\napiVersion: \
                     v1\nkind: ConfigMap\nmetadata: {name: fine}\ndata: {a: b, c: 1, c: 2}\n";

#[test]
fn a_chart_is_judged_and_each_finding_names_template_and_value() {
    insta::assert_snapshot!(shop(&[]));
}

#[test]
fn what_is_in_the_cluster_is_seen_and_not_judged() {
    let screen = shop(&["--with", "cluster.yaml"]);
    assert!(!screen.contains("GW080") && !screen.contains("K8S002"), "{screen}");
    assert!(screen.contains("GW043"), "{screen}");
}

#[test]
fn what_is_set_aside_is_counted_and_shown_on_demand() {
    let flags = [
        "--with",
        "cluster.yaml",
        "--ignore",
        "GW043",
        "--ignore",
        "K8S005=Ingress/prod-*",
        "--ignore",
        "GW086",
    ];
    let flags = [&flags[..], &["--show-suppressed"]].concat();
    insta::assert_snapshot!(screen(&[&["shop", "--name", "prod"][..], &flags].concat()));
}

#[test]
fn an_annotation_without_a_reason_sets_nothing_aside() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {torii.io/ignore.K8S030: \"\"}}\ndata: {a: 1}\n";
    insta::assert_snapshot!(screen_of(&["-"], text));
}

#[test]
fn values_that_nothing_uses_or_that_are_of_another_type_are_findings() {
    let screen = shop(&["-f", "values.yaml", "--only", "VAL001,VAL002", "--fail-on", "warning"]);
    insta::assert_snapshot!(screen);
}

#[test]
fn several_sources_are_judged_as_one() {
    let one = screen_of(&["-", "cluster.yaml"], FINE);
    assert!(one.ends_with("no findings in 3 objects\n"), "{one}");
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {serviceAccountName: prod-shop, containers: [{name: a, image: a}]}\n";
    let both = screen_of(&["-", "cluster.yaml"], text);
    assert!(both.ends_with("no findings in 3 objects\n"), "{both}");
    assert!(screen_of(&["-"], text).contains("GW080"));
}

#[test]
fn findings_of_stored_objects_are_at_their_lines() {
    insta::assert_snapshot!(screen_of(&["-"], TWICE));
}

#[test]
fn the_exit_code_goes_by_the_gravest_finding() {
    let code = |fail: &str, text: &str| {
        let screen = screen_of(&["-", "--fail-on", fail], text);
        screen.contains("[exit code 2]")
    };
    let warning = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {serviceAccountName: x, containers: [{name: a, image: a}]}\n";
    assert!(
        !code("error", warning) && code("warning", warning) && code("info", warning) && !code("never", TWICE)
    );
    assert!(code("error", TWICE) && !code("info", FINE));
}

#[test]
fn the_reports_for_machines_hold_what_the_screen_shows() {
    for format in ["json", "sarif", "junit", "github"] {
        let screen = shop(&["-o", format, "--only", "GW043,GW063,GW061", "--fail-on", "never"]);
        insta::assert_snapshot!(format!("report_{format}"), screen);
    }
}

#[test]
fn a_rule_is_explained() {
    insta::assert_snapshot!(screen(&["--explain", "service-ports-invalid"]));
    let all = screen(&["--explain", "all"]);
    assert!(all.contains("GW002") && all.contains("VAL001"), "{all}");
}

#[test]
fn wrong_arguments_are_told_with_what_was_meant() {
    let screens = [
        screen(&[]),
        screen(&["--explain", "GW0002"]),
        screen(&["shop", "--ignore", "GW061=a/b/c/d"]),
        screen(&["shop", "--only", "hpa-boundz"]),
        screen(&["-", "--with", "-"]),
        screen(&["cluster.yaml", "--set", "a=b"]),
        screen(&["nowhere"]),
    ];
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn text_from_charts_breaks_no_report() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"a\\n::error::b<script>\\u202e&\\\"\"}\ndata: {a: 1}\n";
    for format in ["terminal", "json", "sarif", "junit", "github"] {
        let screen = screen_of(&["-", "-o", format], text);
        assert!(!screen.contains('\u{202e}') && !screen.contains("\n::error::b"), "{format}: {screen}");
        assert!(format != "junit" || !screen.contains("<script>"), "{screen}");
    }
}

#[test]
fn findings_of_an_item_of_a_list_are_at_its_own_lines() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c, namespace: \
                one}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c, namespace: two}\n  data: {a: 1}\n";
    let screen = screen_of(&["-"], text);
    assert!(screen.contains("ConfigMap/c in two") && screen.contains("stdin:10"), "{screen}");
}

#[test]
fn an_annotation_is_about_its_own_object_even_if_there_are_two_of_it() {
    let object = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, annotations: {annotations}}}\ndata: {{a: 1}}\n"
        )
    };
    let text = format!("{}---\n{}", object("{torii.io/ignore.K8S030: known}"), object("{}"));
    let screen = screen_of(&["-", "--only", "K8S030"], &text);
    assert!(screen.contains("stdin:9") && screen.contains("1 finding set aside"), "{screen}");
}

#[test]
fn sarif_tells_who_set_a_finding_aside_and_names_no_flag_as_a_file() {
    let flag = shop(&["-o", "sarif", "--only", "GW043", "--ignore", "GW043"]);
    assert!(flag.contains("\"kind\": \"external\"") && !flag.contains("inSource"), "{flag}");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {torii.io/ignore.K8S030: known}}\ndata: {a: 1}\n";
    let annotation = screen_of(&["-", "-o", "sarif"], text);
    assert!(annotation.contains("\"kind\": \"inSource\""), "{annotation}");
    let value = shop(&["-o", "sarif", "--only", "VAL001", "--set", "nothing=1"]);
    assert!(value.contains("\"uri\": \"shop\"") && !value.contains("\"uri\": \"--set\""), "{value}");
}

#[test]
fn a_value_that_one_of_several_charts_uses_is_not_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    for (chart, value) in [("one", "a"), ("two", "b")] {
        write(&format!("{chart}/Chart.yaml"), &format!("apiVersion: v2\nname: {chart}\nversion: 1.0.0\n"));
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {chart}}}\ndata: {{v: {{{{ .Values.{value} | quote \
             }}}}}}\n"
        );
        write(&format!("{chart}/templates/c.yaml"), &text);
    }
    let values = write("values.yaml", "a: 1\nb: 2\nc: 3\n");
    let chart = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let screen = screen(&[&chart("one"), &chart("two"), "-f", &values, "--only", "VAL001"]);
    assert_eq!(screen.matches("warning VAL001").count(), 1, "{screen}");
    assert!(screen.contains("c is used by no template of the charts"), "{screen}");
}

#[test]
fn custom_objects_are_held_against_the_definitions_that_are_rendered() {
    let text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                backups.example.org}\nspec:\n  group: example.org\n  names: {kind: Backup, plural: backups}\n  scope: \
                Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: \
                {type: object, properties: {spec: {type: object, properties: {keep: {type: \
                integer}}}}}}\n---\napiVersion: example.org/v1\nkind: Backup\nmetadata: {name: b}\nspec:\n  keep: many\n  \
                kepp: 1\n";
    insta::assert_snapshot!(screen_of(&["-"], text));
}
