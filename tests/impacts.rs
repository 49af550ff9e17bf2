//! What a change does to a running cluster: the renders that the tests of the rules compare, are those of today.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

/// The renders in `fixtures/changes`, as its README names them.
const RENDERS: &[(&str, &[&str])] = &[
    ("stable", &["istio-ingressgateway", "--set", "autoscaling.enabled=false,replicaCount=3"]),
    (
        "in-place",
        &[
            "istio-ingressgateway",
            "--set",
            "autoscaling.enabled=false,replicaCount=3",
            "-f",
            "charts/gateway/examples/upgrade-in-place.yaml",
        ],
    ),
    ("autoscaled", &["istio-ingressgateway"]),
    ("canary", &["istio-ingressgateway-canary", "-f", "charts/gateway/examples/canary-same-service.yaml"]),
    ("canary-of-its-own", &["istio-ingressgateway-canary", "--set", "revision=canary"]),
];

#[test]
fn the_fixtures_of_changes_are_what_the_house_chart_renders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, args) in RENDERS {
        let output = Command::new(env!("CARGO_BIN_EXE_torii"))
            .arg("render")
            .args(&args[..1])
            .args(["charts/gateway", "-n", "istio-ingress"])
            .args(&args[1..])
            .current_dir(root)
            .output()
            .unwrap();
        let path = root.join("fixtures/changes").join(format!("{name}.yaml"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
            std::fs::write(&path, text).unwrap();
        } else {
            let stored = std::fs::read_to_string(&path).unwrap();
            assert!(stored == text, "{}: INSTA_UPDATE=always cargo test writes it anew", path.display());
        }
    }
}
