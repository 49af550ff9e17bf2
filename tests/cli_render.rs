//! `torii render`, as a user types it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CHART: &str = "fixtures/charts/shop";

fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn render(args: &[&str]) -> String {
    let output = torii(&[&["render", "x", CHART], args].concat());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn error(args: &[&str]) -> String {
    let output = torii(&[&["render", "x", CHART], args].concat());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// The files below a folder with their contents, in order.
fn tree(folder: &Path) -> String {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    let show = |file: &std::path::PathBuf| {
        format!("== {}\n{}", file.strip_prefix(folder).unwrap().display(), fs::read_to_string(file).unwrap())
    };
    files.iter().map(show).collect()
}

#[test]
fn objects_come_in_install_order_and_hooks_behind_them() {
    insta::assert_snapshot!(render(&[]));
}

#[test]
fn definitions_come_first_if_wanted() {
    let shown = render(&["--include-crds"]);
    assert!(shown.starts_with("---\n# Source: shop/crds/order.yaml\napiVersion: apiextensions.k8s.io/v1\n"));
    assert!(shown.contains("name: orders.example.com\n\n---\n# Source: shop/"), "{shown}");
}

#[test]
fn hooks_and_tests_can_be_left_out() {
    assert!(!render(&["--no-hooks"]).contains("helm.sh/hook"));
    let shown = render(&["--skip-tests"]);
    assert!(shown.contains("name: migrate") && !shown.contains("name: ping"));
}

#[test]
fn only_some_templates_can_be_shown() {
    insta::assert_snapshot!(render(&[
        "-s",
        "templates/tests/*.yaml",
        "-s",
        "charts/cart/templates/service.yaml"
    ]));
    assert_eq!(
        error(&["-s", "templates/empty.yaml"]).lines().next(),
        Some("Error: could not find template templates/empty.yaml in chart")
    );
}

#[test]
fn an_upgrade_is_seen_by_templates() {
    assert!(render(&[]).contains("name: first"));
    assert!(render(&["--is-upgrade"]).contains("name: upgraded"));
}

#[test]
fn notes_are_shown_on_demand() {
    assert!(!render(&[]).contains("Thank you"));
    assert!(render(&["--notes"]).ends_with("\nNOTES:\nThank you for shop 1.2.3.\n"));
}

#[test]
fn json_is_one_list_of_all_objects() {
    let objects: serde_json::Value = serde_json::from_str(&render(&["-o", "json"])).unwrap();
    let kinds: Vec<&str> = objects.as_array().unwrap().iter().map(|o| o["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Service", "Service", "Deployment", "Order", "Pod", "Job"]);
    assert_eq!(objects[2]["spec"]["replicas"], 2);
    let some: serde_json::Value =
        serde_json::from_str(&render(&["-o", "json", "-s", "templates/all.yaml"])).unwrap();
    assert_eq!(some.as_array().unwrap().len(), 3);
    let none: serde_json::Value =
        serde_json::from_str(&render(&["-o", "json", "--no-hooks", "--include-crds"])).unwrap();
    assert_eq!(none[0]["kind"], "CustomResourceDefinition");
    assert_eq!(none.as_array().unwrap().len(), 5);
}

#[test]
fn an_output_folder_gets_a_file_for_each_template() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/out");
    let shown = render(&["--output-dir", out.to_str().unwrap(), "--include-crds"]);
    insta::assert_snapshot!(shown.replace(out.to_str().unwrap(), "[out]"));
    insta::assert_snapshot!(tree(folder.path()));
    // A second run writes the same again.
    let before = tree(folder.path());
    render(&["--output-dir", out.to_str().unwrap(), "--include-crds"]);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn an_output_folder_may_hold_one_folder_a_release() {
    let folder = tempfile::tempdir().unwrap();
    render(&["--output-dir", folder.path().to_str().unwrap(), "--release-name", "-s", "templates/all.yaml"]);
    assert!(tree(folder.path()).starts_with("== x/shop/templates/all.yaml\n---\n"));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_output_folder_is_not_followed_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (out, outside) = (folder.path().join("out"), folder.path().join("outside"));
    fs::create_dir_all(out.join("shop")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, out.join("shop/templates")).unwrap();
    let shown = error(&["--output-dir", out.to_str().unwrap()]);
    assert!(shown.contains("is a symbolic link; --output-dir follows none"), "{shown}");
    assert_eq!(tree(&outside), "");
    let link = out.join("shop/templates");
    fs::remove_file(&link).unwrap();
    assert_eq!(tree(&out), "", "no file was written before the link was met");
    fs::create_dir_all(&link).unwrap();
    fs::write(outside.join("mine"), "mine").unwrap();
    std::os::unix::fs::symlink(outside.join("mine"), link.join("all.yaml")).unwrap();
    error(&["--output-dir", out.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(outside.join("mine")).unwrap(), "mine");
}

#[test]
fn the_check_of_yaml_can_be_left_out() {
    let output = torii(&["render", "x", "fixtures/bad/not-yaml", "--validate-yaml=false"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("greeting: hello: world\n"));
}

#[test]
fn charts_on_the_network_are_not_fetched() {
    let output = torii(&["render", "x", "oci://registry.example.com/chart:1.0.0", "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with(
        "Error: oci://registry.example.com/chart:1.0.0 is not in the cache, and --offline allows nothing else"
    ));
}

#[test]
fn a_failed_render_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = torii(&["render", "x", "fixtures/bad/not-yaml", "--output-dir", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!out.exists());
}

#[test]
fn timings_go_to_stderr() {
    let output = torii(&["render", "x", CHART, "--timings"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), render(&[]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    for phase in ["load", "values", "parse", "execute", "manifests"] {
        assert!(stderr.contains(&format!("torii: {phase} ")), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x", CHART])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let plain = torii(&["render", "x", "nope"]);
    assert!(!plain.stderr.contains(&0x1b));
    let coloured = torii(&["render", "x", "nope", "--color", "always"]);
    assert!(coloured.stderr.contains(&0x1b));
    assert_eq!(anstream::adapter::strip_bytes(&coloured.stderr).into_vec(), plain.stderr);
}

#[test]
fn every_command_has_help_with_examples() {
    for command in [
        vec![],
        vec!["render"],
        vec!["show"],
        vec!["show", "all"],
        vec!["show", "values"],
        vec!["show", "chart"],
        vec!["show", "readme"],
        vec!["show", "crds"],
        vec!["eval"],
        vec!["completion"],
    ] {
        let output = torii(&[command.as_slice(), &["--help"]].concat());
        assert!(output.status.success());
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains("Examples:\n  "), "{command:?}: {help}");
        assert!(!help.contains("<BOOL>"), "{help}");
    }
}

#[test]
fn completions_are_made_for_three_shells() {
    for (shell, mark) in
        [("bash", "complete -F _torii"), ("zsh", "#compdef torii"), ("fish", "complete -c torii")]
    {
        let output = torii(&["completion", shell]);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(mark), "{shell}");
    }
}

/// A file that is opened next takes the place of a closed stream, and would get what is printed.
#[test]
#[cfg(unix)]
fn what_is_printed_to_a_closed_stream_ends_up_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, closed) = (folder.path().join("plain"), folder.path().join("closed"));
    render(&["--output-dir", plain.to_str().unwrap()]);
    let status = Command::new("sh")
        .args(["-c", r#"exec "$0" render x "$1" --output-dir "$2" 0<&- 1>&- 2>&-"#])
        .args([env!("CARGO_BIN_EXE_torii"), CHART, closed.to_str().unwrap()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(tree(&closed), tree(&plain));
}
