//! A chart written in Go templates, and the same chart with about half of its files in Jinja, give the same objects.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use mixed::{fixture, mixed};

#[path = "support/mixed.rs"]
mod mixed;

/// The objects that a chart renders to, in order.
fn objects(chart: &Path, more: &[&str]) -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x", "-o", "json"])
        .arg(chart)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_one_answer(name: &str, kinds: [&[&str]; 2]) {
    let (go, mixed) = (fixture(name).join("chart"), mixed(name));
    let values = fixture(name).join("values.yaml").display().to_string();
    for (more, kinds) in [&[][..], &["-f", &values]].into_iter().zip(kinds) {
        let objects = [objects(&go, more), objects(mixed.path(), more)];
        assert_eq!(objects[0], objects[1], "{name} {more:?}");
        let found: Vec<&str> = objects[0].iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{name} {more:?}");
    }
}

#[test]
fn a_web_application_is_the_same_in_both_languages() {
    assert_one_answer(
        "web",
        [
            &["ServiceAccount", "ConfigMap", "Service", "Deployment"],
            &["ServiceAccount", "ConfigMap", "Service", "Deployment", "HorizontalPodAutoscaler", "Ingress"],
        ],
    );
}

#[test]
fn a_replicated_store_is_the_same_in_both_languages() {
    let kinds =
        &["PodDisruptionBudget", "Secret", "ConfigMap", "ConfigMap", "Service", "Service", "StatefulSet"];
    assert_one_answer("store", [kinds, kinds]);
}

#[test]
fn an_umbrella_with_a_library_and_an_alias_is_the_same_in_both_languages() {
    let configs = ["ConfigMap"; 4];
    let plain = [&configs[..], &["Deployment", "Deployment", "HTTPRoute"]].concat();
    let more = [&configs[..], &["Deployment", "Deployment", "CronJob", "HTTPRoute", "HTTPRoute"]].concat();
    assert_one_answer("platform", [&plain, &more]);
}
