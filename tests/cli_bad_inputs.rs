//! Inputs that are wrong, and what the user sees: each message must be enough for a stranger to act on.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/bad");

/// What a command shows on the screen, run among the bad fixtures: the exit code, stdout and stderr, with the
/// names of folders that differ from run to run replaced.
fn screen(args: &[&str], temporary: Option<&Path>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii")).args(args).current_dir(FIXTURES).output().unwrap();
    let mut stderr = String::from_utf8_lossy(&output.stderr).replace(FIXTURES, "[fixtures]");
    let mut shown = args.join(" ");
    if let Some(folder) = temporary {
        let folder = folder.display().to_string();
        stderr = stderr.replace(&folder, "[temporary]");
        shown = shown.replace(&folder, "[temporary]");
    }
    assert!(!stderr.contains("bug of its own"), "{stderr}");
    let code = output.status.code().map_or("killed".to_string(), |code| code.to_string());
    let stdout = String::from_utf8_lossy(&output.stdout);
    format!("$ torii {shown}\n{stdout}{stderr}[exit code {code}]\n")
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A copy of the smallest chart, to be spoilt.
fn chart_in(folder: &Path) -> PathBuf {
    let chart = folder.join("chart");
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: chart\nversion: 0.1.0\n").unwrap();
    fs::write(chart.join("templates/a.yaml"), "a: 1\n").unwrap();
    chart
}

macro_rules! shows {
    ($(#[$meta:meta])* $name:ident, $($arg:expr),+) => {
        $(#[$meta])*
        #[test]
        fn $name() {
            insta::assert_snapshot!(screen(&[$($arg),+], None));
        }
    };
}

shows!(a_folder_without_chart_yaml, "render", "x", "no-chart-yaml");
shows!(a_path_where_nothing_is, "render", "x", "./charts/nope");
shows!(a_file_that_is_no_chart, "render", "x", "not-a-chart.txt");
shows!(values_that_are_not_yaml, "render", "x", "twice", "-f", "values-not-yaml.yaml");
shows!(values_indented_by_a_tab, "render", "x", "twice", "-f", "values-with-tab.yaml");
shows!(values_that_are_a_picture, "render", "x", "twice", "-f", "binary-values.png");
shows!(values_that_multiply_by_aliases, "render", "x", "twice", "-f", "alias-bomb.yaml");
shows!(a_values_file_that_is_missing, "render", "x", "twice", "-f", "nope.yaml");
shows!(a_dependency_that_is_missing, "render", "x", "missing-dependency");
shows!(values_against_the_schema, "render", "x", "schema", "-f", "schema-values.yaml");
shows!(
    a_set_value_against_the_schema,
    "render",
    "x",
    "schema",
    "--set",
    "service.type=Sesame,database.password=x"
);
shows!(an_undefined_value, "render", "x", "undefined-value");
shows!(an_unknown_filter, "render", "x", "unknown-filter");
shows!(a_set_without_a_value, "render", "x", "twice", "--set", "service.port");
shows!(a_set_with_a_bad_index, "render", "x", "twice", "--set", "ports[x]=1");
shows!(a_set_with_a_huge_index, "render", "x", "twice", "--set", "ports[70000]=1");
shows!(a_syntax_error_in_jinja, "render", "x", "jinja-syntax");
shows!(a_syntax_error_in_go, "render", "x", "go-syntax");
shows!(loops_without_end_in_jinja, "render", "x", "endless-loop", "--limit", "steps=1000000");
shows!(loops_without_end_in_go, "render", "x", "endless-range", "--limit", "steps=1000000");
shows!(a_macro_that_calls_itself, "render", "x", "recursive-macro");
shows!(a_template_that_includes_itself, "render", "x", "recursive-include");
shows!(output_that_is_not_yaml, "render", "x", "not-yaml");
shows!(output_that_is_not_yaml_with_debug, "render", "x", "not-yaml", "--debug");
shows!(an_output_folder_that_can_not_be, "render", "x", "twice", "--output-dir", "not-a-chart.txt/out");
shows!(a_template_that_is_not_there, "render", "x", "twice", "-s", "templates/c.yaml");
shows!(the_same_template_in_both_languages, "render", "x", "both-languages");
shows!(the_same_object_twice_is_only_a_warning, "render", "x", "twice");
shows!(a_kube_version_that_is_none, "render", "x", "twice", "--kube-version", "latest");

#[test]
fn values_nested_ten_thousand_deep() {
    let folder = folder();
    let file = folder.path().join("deep.yaml");
    let mut text = String::new();
    for depth in 0..10_050 {
        text.push_str(&" ".repeat(depth));
        text.push_str("a:\n");
    }
    fs::write(&file, text).unwrap();
    insta::assert_snapshot!(screen(
        &["render", "x", "twice", "-f", file.to_str().unwrap()],
        Some(folder.path())
    ));
    fs::write(&file, format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000))).unwrap();
    insta::assert_snapshot!(screen(
        &["render", "x", "twice", "-f", file.to_str().unwrap()],
        Some(folder.path())
    ));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_chart() {
    let folder = folder();
    let chart = chart_in(folder.path());
    fs::write(folder.path().join("secret.txt"), "a: hunter2\n").unwrap();
    std::os::unix::fs::symlink("../../secret.txt", chart.join("templates/secret.yaml")).unwrap();
    let chart = chart.to_str().unwrap();
    let shown = screen(&["render", "x", chart], Some(folder.path()));
    assert!(!shown.contains("hunter2"));
    insta::assert_snapshot!(shown);
    let followed = screen(&["render", "x", chart, "--allow-outside-symlinks"], Some(folder.path()));
    assert!(followed.contains("hunter2"), "{followed}");
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_in_the_chart() {
    let folder = folder();
    let chart = chart_in(folder.path());
    std::os::unix::fs::symlink("..", chart.join("templates/loop")).unwrap();
    insta::assert_snapshot!(screen(&["render", "x", chart.to_str().unwrap()], Some(folder.path())));
}

#[cfg(unix)]
#[test]
fn a_fifo_in_the_chart() {
    let folder = folder();
    let chart = chart_in(folder.path());
    let made = Command::new("mkfifo").arg(chart.join("templates/pipe.yaml")).status().unwrap();
    assert!(made.success());
    insta::assert_snapshot!(screen(&["render", "x", chart.to_str().unwrap()], Some(folder.path())));
}

#[test]
fn a_file_over_the_limit_in_the_chart() {
    let folder = folder();
    let chart = chart_in(folder.path());
    fs::write(chart.join("big.bin"), vec![b'x'; (5 << 20) + 1]).unwrap();
    insta::assert_snapshot!(screen(&["render", "x", chart.to_str().unwrap()], Some(folder.path())));
}

#[test]
fn control_characters_of_a_chart_reach_no_terminal() {
    let folder = folder();
    let chart = chart_in(folder.path());
    fs::write(chart.join("templates/a.yaml"), "a: {{ fail \"\u{1b}[2J\u{202e}evil\" }}\n").unwrap();
    let shown = screen(&["render", "x", chart.to_str().unwrap()], Some(folder.path()));
    assert!(!shown.contains(['\u{1b}', '\u{202e}']));
    insta::assert_snapshot!(shown);
}
