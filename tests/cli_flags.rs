//! `alias helm=torii` must not stumble: every flag of `helm template` and `helm show` of Helm 4.2.4.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts/plain");

/// Flags of every Helm command, klog's (which Helm hides) included.
const GLOBAL: &[&[&str]] = &[
    &["--namespace", "x"],
    &["-n", "x"],
    &["-nx"],
    &["--kubeconfig", "x"],
    &["--kube-context=x"],
    &["--kube-token", "x"],
    &["--kube-as-user", "x"],
    &["--kube-as-group", "x", "--kube-as-group", "y"],
    &["--kube-apiserver", "https://x"],
    &["--kube-ca-file", "x"],
    &["--kube-tls-server-name", "x"],
    &["--kube-insecure-skip-tls-verify"],
    &["--kube-insecure-skip-tls-verify=false"],
    &["--debug"],
    &["--debug=false"],
    &["--registry-config", "x"],
    &["--repository-config", "x"],
    &["--repository-cache", "x"],
    &["--content-cache", "x"],
    &["--burst-limit", "-1"],
    &["--qps", "1.5"],
    &["--color", "never"],
    &["--colour=auto"],
    &["--add-dir-header"],
    &["--alsologtostderr"],
    &["--log-backtrace-at", ":0"],
    &["--log-dir", "x"],
    &["--log-file", "x"],
    &["--log-file-max-size", "1800"],
    &["--logtostderr=true"],
    &["--one-output"],
    &["--skip-headers"],
    &["--skip-log-headers"],
    &["--stderrthreshold", "2"],
    &["-v", "5"],
    &["--v=5"],
    &["--vmodule", "x=1"],
];

/// Flags about where a chart comes from.
const CHART_PATH: &[&[&str]] = &[
    &["--version", "^1.0.0"],
    &["--verify=false"],
    &["--keyring", "x"],
    &["--repo", ""],
    &["--username", "x"],
    &["--password", "x"],
    &["--cert-file", "x"],
    &["--key-file", "x"],
    &["--insecure-skip-tls-verify"],
    &["--plain-http"],
    &["--ca-file", "x"],
    &["--pass-credentials"],
    &["--devel"],
];

/// Flags of `helm template` alone.
const TEMPLATE: &[&[&str]] = &[
    &["--create-namespace"],
    &["--force-replace"],
    &["--force"],
    &["--force-conflicts"],
    &["--server-side"],
    &["--server-side=false"],
    &["--no-hooks"],
    &["--replace"],
    &["--timeout", "5m0s"],
    &["--wait"],
    &["--wait=watcher"],
    &["--wait-for-jobs"],
    &["--description", "x"],
    &["--dependency-update"],
    &["--disable-openapi-validation"],
    &["--rollback-on-failure"],
    &["--atomic"],
    &["--skip-crds"],
    &["--render-subchart-notes"],
    &["--skip-schema-validation"],
    &["--labels", "a=b,c=d"],
    &["-l", "a=b"],
    &["--enable-dns=false"],
    &["--hide-notes"],
    &["--take-ownership"],
    &["--values", "/dev/null"],
    &["-f", "/dev/null,/dev/null", "-f=/dev/null"],
    &["--set", "a=b", "--set", "c=d"],
    &["--set-string", "a=1"],
    &["--set-file", "a=/dev/null"],
    &["--set-json", "a=[1]"],
    &["--set-literal", "a=b,c"],
    &["--show-only", "templates/service.yaml"],
    &["-s", "templates/service.yaml"],
    &["--validate"],
    &["--include-crds"],
    &["--skip-tests"],
    &["--is-upgrade"],
    &["--kube-version", "1.30"],
    &["--api-versions", "a/v1,b/v1", "-a", "c/v1"],
    &["--release-name"],
    &["--dry-run"],
    &["--dry-run=client"],
    &["--dry-run=true"],
    &["--post-renderer", ""],
    &["--post-renderer-args", "x"],
];

/// Flags that would change the result, and what says so.
const REFUSED: &[(&[&str], &str)] = &[
    (&["--post-renderer", "x"], "Error: --post-renderer is not supported"),
    (&["--enable-dns"], "Error: --enable-dns is not supported"),
    (&["--verify"], "Error: --verify is not supported"),
    (&["--validate-yaml=x"], "Error: invalid value 'x' for '--validate-yaml"),
    (&["--dry-run=none"], "Error: invalid dry-run value (\"none\"). Must be \"server\" or \"client\""),
    (&["--dry-run=false"], "Error: invalid dry-run value (\"false\"). Must be \"server\" or \"client\""),
    (&["--dry-run=x"], "Error: invalid dry-run value (\"x\"). Must be \"none\", \"server\", or \"client\""),
    (&["--debug=x"], "Error: invalid value 'x' for '--debug"),
    (&["--color", "x"], "Error: invalid color mode \"x\": must be one of: never, auto, always"),
    (&["--nope"], "Error: unexpected argument '--nope' found"),
];

fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii")).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_flag_of_helm_template_parses() {
    assert!(Path::new(CHART).exists());
    for flags in GLOBAL.iter().chain(CHART_PATH).chain(TEMPLATE) {
        for command in ["template", "render"] {
            let output = torii(&[&[command, "x", CHART], *flags].concat());
            assert!(stdout(&output).contains("kind: Service"), "{flags:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{flags:?} is accepted silently");
        }
    }
    let all: Vec<&str> =
        GLOBAL.iter().chain(CHART_PATH).chain(TEMPLATE).flat_map(|f| f.iter().copied()).collect();
    stdout(&torii(&[&["template", "x", CHART], all.as_slice()].concat()));
}

#[test]
fn every_flag_of_helm_show_parses() {
    for what in ["all", "values", "chart", "readme", "crds"] {
        for flags in GLOBAL.iter().chain(CHART_PATH) {
            let output = torii(&[&["show", what, CHART], *flags].concat());
            stdout(&output);
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{flags:?} is accepted silently");
        }
    }
    assert_eq!(stdout(&torii(&["inspect", "values", CHART, "--jsonpath", "{.service.port}"])), "80");
}

#[test]
fn flags_of_every_command_may_stand_before_it() {
    let output = torii(&["--namespace", "x", "--debug", "template", "y", CHART]);
    assert!(stdout(&output).contains("namespace: x"));
}

#[test]
fn flags_that_would_change_the_result_are_refused() {
    for (flags, message) in REFUSED {
        let output = torii(&[&["template", "x", CHART], *flags].concat());
        let error = stderr(&output);
        assert!(error.starts_with(message), "{flags:?}: {error}");
    }
}

#[test]
fn the_name_is_an_argument_a_template_or_made() {
    assert!(stdout(&torii(&["template", "given", CHART])).contains("name: given-plain"));
    let output = torii(&["template", CHART]);
    assert!(stdout(&output).contains("name: release-name-plain"));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "torii: the release is called \"release-name\", since no name was given\n"
    );
    let made = stdout(&torii(&["template", CHART, "-g"]));
    let name = made.lines().find_map(|line| line.strip_prefix("  name: plain-")).unwrap();
    assert!(name.trim_end_matches("-plain").parse::<u64>().is_ok(), "{name}");
    let named = stdout(&torii(&["template", CHART, "--name-template", "{{ \"AB\" | lower }}-c"]));
    assert!(named.contains("name: ab-c-plain"));
    for (args, message) in [
        (vec!["template", "x", CHART, "-g"], "Error: cannot set --generate-name and also specify a name"),
        (
            vec!["template", "x", CHART, "--name-template", "y"],
            "Error: cannot set --name-template and also specify a name",
        ),
        (
            vec!["template", "x", CHART, "y", "z"],
            "Error: expected at most two arguments, unexpected arguments: y, z",
        ),
        (
            vec!["template", "X_", CHART],
            "Error: release name check failed: release name \"X_\": invalid release name",
        ),
        (vec!["template"], "Error: \"torii render\" requires at least 1 argument"),
    ] {
        assert!(stderr(&torii(&args)).starts_with(message), "{args:?}");
    }
}
