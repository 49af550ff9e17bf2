//! `torii show values --effective`: what the values come to, and where each comes from.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use torii::json::{self, Escape};
use torii::render::{self, Request};
use torii::value::Value;
use torii::yaml;

const CHART: &str = "fixtures/charts/layers";
const USER: [&str; 6] =
    ["-f", "fixtures/values/layers-prod.yaml", "--set", "image.tag=1.5,cache.ttl=5s", "--set", "replicas=6"];

fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["show", "values"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn show(args: &[&str]) -> String {
    let output = torii(args);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn effective(more: &[&str]) -> String {
    show(&[&[CHART, "--effective"][..], &USER, more].concat())
}

fn error(args: &[&str]) -> String {
    let output = torii(args);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    String::from_utf8(output.stderr).unwrap()
}

fn text(value: &Value) -> String {
    json::encode(value, Escape::None).unwrap()
}

/// The values that templates of a chart see.
fn seen(chart: &str, files: &[&str]) -> Value {
    let mut request = Request::new(chart, "r");
    request.values.files = files.iter().map(|file| file.to_string()).collect();
    let loaded = render::load(&request, &mut Vec::new()).unwrap();
    Value::Map(render::prepare(&request, &loaded, &mut Vec::new()).unwrap().values)
}

#[test]
fn what_the_user_gives_is_laid_over_the_defaults_with_their_comments() {
    insta::assert_snapshot!(effective(&[]));
}

#[test]
fn origins_are_written_beside_the_values() {
    insta::assert_snapshot!(effective(&["--origins"]));
}

#[test]
fn subcharts_are_shown_as_a_whole_if_asked_for() {
    insta::assert_snapshot!(effective(&["--origins", "--subcharts"]));
}

#[test]
fn values_that_templates_changed_are_told() {
    insta::assert_snapshot!(effective(&["--origins", "--after-templates"]));
    assert!(effective(&["--after-templates", "--name", "shop"]).contains("host: shop.example.com\n"));
}

#[test]
fn chains_are_json() {
    insta::assert_snapshot!(show(&[
        CHART,
        "--effective",
        "-f",
        "fixtures/values/layers-prod.yaml",
        "--set-json",
        "{\"replicas\": 6}",
        "--subcharts",
        "--origins",
        "-o",
        "json"
    ]));
}

#[test]
fn without_origins_json_is_the_tree() {
    let printed = effective(&["--subcharts", "-o", "json"]);
    let yaml = effective(&["--subcharts"]);
    let read = |text: &str| self::text(&yaml::decode(text.as_bytes()).unwrap());
    assert_eq!(read(&printed), read(&yaml));
}

#[test]
fn what_is_printed_reads_as_what_the_templates_see() {
    let charts = [CHART, "fixtures/charts/shop", "fixtures/charts/plain", "charts/gateway"];
    for chart in charts {
        let want = text(&seen(chart, &[]));
        for more in [&[][..], &["--origins"]] {
            let printed = show(&[&[chart, "--effective", "--subcharts"][..], more].concat());
            assert_eq!(text(&yaml::decode(printed.as_bytes()).unwrap()), want, "{chart}");
        }
    }
}

#[test]
fn values_of_all_shapes_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    let values = "# top\na: |\n  # text\n  x\n\n# b, behind a block\nb: |+\n  y\n\n  # deeper\nc: [[1, [2, {}]], {x: [a], \
                  y2: |-\n    q}, [], '# no']\nd: \"a # b\"   # c\n\"e f\": {\"g: h\": null, \"# i\": \"\\u0007\\x7f\"}\n\
                  long: aaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccc ddddd # z\n\
                  n: 1e3\nneg: -0.0\nbig: 123456789012345678\nm: \"a\\n\"\nlist:\n# x\n- |\n  # in\n  text\n# after\n- - - |+\n      deep\n\n  - b\n\
                  \"true\": \"yes\"\nempty: {}\n";
    write(
        "values.yaml",
        &values.replace("c: [[1, [2, {}]], {x: [a], y2: |-\n    q}", "c: [[1, [2, {}]], {x: [a]}"),
    );
    let chart = folder.path().to_str().unwrap();
    let want = text(&seen(chart, &[]));
    for more in [&[][..], &["--origins"]] {
        let printed = show(&[&[chart, "--effective"][..], more].concat());
        assert_eq!(text(&yaml::decode(printed.as_bytes()).unwrap()), want, "{printed}");
        assert!(printed.contains("# b, behind a block") && printed.contains("# after"), "{printed}");
    }
}

#[test]
fn a_path_takes_some_of_the_effective_values() {
    assert_eq!(effective(&["--jsonpath", "{.replicas}/{.args[*]}/{.image.tag}"]), "6/--quiet/1.5");
}

#[test]
fn values_out_of_git_and_stdin_are_named_as_they_were_given() {
    let printed = show(&["charts/gateway", "--effective", "--origins", "--set", "kind=DaemonSet"]);
    assert!(printed.contains("kind: DaemonSet"));
    let line = printed.lines().find(|line| line.starts_with("kind:")).unwrap();
    assert!(line.ends_with("# --set; overrides values.yaml:26"), "{line}");
}

#[test]
fn errors_are_those_of_a_render() {
    assert!(error(&["charts/gateway", "--effective", "--set", "nope=1"]).starts_with(
        "Error: values don't meet the specifications of the schema(s) in the following chart(s):\ngateway:\n"
    ));
    let text = show(&["charts/gateway", "--effective", "--set", "nope=1", "--skip-schema-validation"]);
    assert!(text.contains("\nnope: 1\n"));
    assert!(error(&[CHART, "--effective", "-f", "no-such.yaml"]).contains("no-such.yaml"));
    insta::assert_snapshot!(error(&[CHART, "--set", "a=1"]), @r"
    Error: -f and --set must go with --effective
      hint: without it, the chart's values.yaml is printed as it is
    ");
    assert!(error(&[CHART, "--origins"]).starts_with("Error: --origins must go with --effective\n"));
}

#[test]
fn the_text_of_a_set_flag_is_only_shown_as_the_value_it_sets() {
    let printed = show(&[CHART, "--effective", "--origins", "--set", "image.tag=hunter2,ignored.by=x"]);
    assert_eq!(printed.matches("hunter2").count(), 1, "{printed}");
    assert_eq!(printed.matches("ignored.by=x").count(), 0, "{printed}");
}
