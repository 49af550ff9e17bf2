//! Installing and managing an Istio gateway: what `torii check` says of its scenarios, through the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn torii(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

/// The findings of some rules, in lines, and the exit code.
fn found(args: &[&str], stdin: &[u8]) -> String {
    let output = torii(&[&["check", "-n", "edge", "-o", "json"], args].concat(), stdin);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report = torii::yaml::decode(stdout.as_bytes()).unwrap_or_else(|e| panic!("{}\n{stderr}", e.message));
    let field = |value: &torii::value::Value, key: &str| {
        let field = value.as_map().and_then(|map| map.get(key));
        field.and_then(|field| field.as_str().map(str::to_string)).unwrap_or_default()
    };
    let findings = report.as_map().unwrap().get("findings").unwrap();
    let torii::value::Value::List(findings) = findings else { panic!("{stdout}") };
    let line = |finding: &torii::value::Value| {
        let object = finding.as_map().unwrap().get("object").unwrap();
        format!(
            "{} {} {}/{}: {}",
            field(finding, "severity"),
            field(finding, "rule"),
            field(&object, "kind"),
            field(&object, "name"),
            field(finding, "message")
        )
    };
    let lines: Vec<String> = findings.items().iter().map(line).collect();
    format!("{}\nexit {}", lines.join("\n"), output.status.code().unwrap())
}

/// What a release of the house chart renders.
fn release(name: &str, sets: &[&str]) -> Vec<u8> {
    let mut args = vec!["render", name, "charts/gateway", "-n", "edge"];
    sets.iter().for_each(|set| args.extend(["--set", set]));
    let output = torii(&args, b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn both(one: Vec<u8>, other: Vec<u8>) -> Vec<u8> {
    [one, b"\n---\n".to_vec(), other].concat()
}

const GATEWAY: &str =
    "GW001,GW003,GW004,GW005,GW006,GW007,GW009,GW010,GW020,GW021,GW022,GW023,GW024,GW040,GW081";

#[test]
fn a_gateway_made_in_any_of_the_three_ways_serves_the_route() {
    for source in ["fixtures/page/raw.yaml", "fixtures/page/operator.yaml"] {
        let args =
            [source, "fixtures/page/route.yaml", "--with", "fixtures/page/namespace.yaml", "--only", GATEWAY];
        assert_eq!(found(&args, b""), "\nexit 0", "{source}");
    }
    let args = ["-", "fixtures/page/route.yaml", "--with", "fixtures/page/namespace.yaml", "--only", GATEWAY];
    assert_eq!(found(&args, &release("edge-gateway", &[])), "\nexit 0");
}

#[test]
fn a_canary_behind_the_same_service_is_reported_with_its_traffic_split() {
    let args = ["fixtures/page/raw.yaml", "fixtures/page/canary.yaml", "--only", GATEWAY];
    insta::assert_snapshot!(found(&args, b""));
    let stable = release("edge-gateway", &["autoscaling.enabled=false", "replicaCount=3"]);
    let canary = release(
        "edge-gateway-canary",
        &[
            "revision=canary",
            "labels.app=edge-gateway",
            "labels.istio=edge-gateway",
            "service.type=None",
            "autoscaling.enabled=false",
            "replicaCount=1",
        ],
    );
    insta::assert_snapshot!(found(&["-", "--only", GATEWAY], &both(stable, canary)));
}

#[test]
fn a_canary_that_shares_its_traffic_with_an_autoscaled_gateway_has_no_share_that_is_known() {
    let canary = release(
        "edge-gateway-canary",
        &[
            "revision=canary",
            "labels.app=edge-gateway",
            "labels.istio=edge-gateway",
            "service.type=None",
            "autoscaling.enabled=false",
            "replicaCount=1",
        ],
    );
    insta::assert_snapshot!(found(&["-", "--only", GATEWAY], &both(release("edge-gateway", &[]), canary)));
}

#[test]
fn a_canary_that_is_only_given_a_revision_is_not_selected_by_the_old_service() {
    let canary = release("edge-gateway-canary", &["revision=canary"]);
    let all = both(release("edge-gateway", &[]), canary.clone());
    insta::assert_snapshot!(found(&["-", "--only", GATEWAY], &all));
    // The same, while the stable release is in the cluster.
    let args = ["-", "--with", "fixtures/page/raw.yaml", "--only", GATEWAY];
    insta::assert_snapshot!(found(&args, &canary));
}

#[test]
fn a_gateway_in_a_namespace_that_refuses_injection_is_an_error() {
    for source in ["fixtures/page/raw.yaml", "fixtures/page/operator.yaml"] {
        let args = [source, "--with", "fixtures/page/namespace-disabled.yaml", "--only", GATEWAY];
        let expected = "error GW021 Deployment/edge-gateway: has no proxy put in: its namespace edge is labelled \
                        istio-injection=disabled, which goes before all labels of the pod; the image auto can't be \
                        pulled\nexit 2";
        let of_secrets = |line: &&str| !line.contains("GW081");
        let told = found(&args, b"");
        assert_eq!(told.lines().filter(of_secrets).collect::<Vec<_>>().join("\n"), expected, "{source}");
    }
}

#[test]
fn a_canary_in_a_namespace_of_the_default_revision_gets_the_default_revision() {
    let files = ["fixtures/page/raw.yaml", "fixtures/page/canary.yaml"];
    let args = [&files[..], &["--with", "fixtures/page/namespace-enabled.yaml", "--only", "GW022"]].concat();
    insta::assert_snapshot!(found(&args, b""));
}

#[test]
fn a_gateway_resource_that_asks_for_another_label_is_an_error() {
    let args = ["fixtures/page/raw.yaml", "fixtures/page/mismatch.yaml", "--only", GATEWAY];
    insta::assert_snapshot!(found(&args, b""));
    let args = ["-", "fixtures/page/mismatch.yaml", "--only", GATEWAY];
    insta::assert_snapshot!(found(&args, &release("edge-gateway", &[])));
}
