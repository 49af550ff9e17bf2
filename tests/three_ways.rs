//! One gateway, said in three ways: as an IstioOperator file, as values of the gateway chart, as Kubernetes objects
//! (`fixtures/three-ways`). Where the three agree as objects, and where they don't.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

/// The charts of an Istio release, if they are at hand.
const ISTIO: &str = "../shared/conformance/istio/charts/snapshot";

const SCENARIOS: [&str; 5] = ["shared", "dedicated", "in-place", "canary-same-service", "canary-own-service"];

/// What stands beside a canary.
fn is_canary(scenario: &str) -> bool {
    scenario.starts_with("canary")
}

/// The release of a scenario's chart.
fn release(scenario: &str) -> (&'static str, &'static str) {
    match scenario {
        "dedicated" => ("shop-gateway", "shop"),
        scenario if is_canary(scenario) => ("istio-ingressgateway-canary", "istio-ingress"),
        _ => ("istio-ingressgateway", "istio-ingress"),
    }
}

fn file(scenario: &str, name: &str) -> String {
    format!("fixtures/three-ways/{scenario}/{name}.yaml")
}

fn torii(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "torii {}\n{message}", args.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// The objects of a YAML stream.
fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).expect(text));
    documents.filter(|object| !object.is_null()).collect()
}

fn read(path: &str) -> Vec<Value> {
    objects(&std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap())
}

/// The objects of a scenario, one way after the other.
struct Ways {
    operator: Vec<Value>,
    chart: Vec<Value>,
    raw: Vec<Value>,
}

impl Ways {
    /// With the house chart, which IstioOperator files render with, too.
    fn of(scenario: &str) -> Ways {
        Ways::with(scenario, &[], "charts/gateway")
    }

    /// With the charts of an Istio release.
    fn of_istio(scenario: &str) -> Option<Ways> {
        if !Path::new(env!("CARGO_MANIFEST_DIR")).join(ISTIO).exists() {
            assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "no {ISTIO}");
            println!("skipped: no {ISTIO}");
            return None;
        }
        Some(Ways::with(scenario, &["-d", ISTIO], &format!("{ISTIO}/gateway")))
    }

    fn with(scenario: &str, manifests: &[&str], chart: &str) -> Ways {
        let (name, namespace) = release(scenario);
        let (operator, values) = (file(scenario, "operator"), file(scenario, "values"));
        let istio = [&["istio", &operator], manifests].concat();
        Ways {
            operator: objects(&torii(&istio)),
            chart: objects(&torii(&["render", name, chart, "-n", namespace, "-f", &values])),
            raw: read(&file(scenario, "raw")),
        }
    }

    fn all(&self) -> [(&'static str, &[Value]); 3] {
        [("operator", &self.operator), ("chart", &self.chart), ("raw", &self.raw)]
    }
}

// -- What objects say -------------------------------------------------------------------------------------------

/// The only object of a kind.
fn find<'a>(objects: &'a [Value], kind: &str) -> Option<&'a Value> {
    let mut all = objects.iter().filter(|object| object["kind"] == kind);
    let first = all.next();
    assert!(all.next().is_none(), "two of {kind}");
    first
}

fn pods(objects: &[Value]) -> &Value {
    &find(objects, "Deployment").unwrap()["spec"]["template"]
}

fn pod_labels(objects: &[Value]) -> &Value {
    &pods(objects)["metadata"]["labels"]
}

/// The account that pods run as.
fn account(objects: &[Value]) -> &str {
    pods(objects)["spec"]["serviceAccountName"].as_str().unwrap_or("default")
}

fn service_selector(objects: &[Value]) -> &Value {
    &find(objects, "Service").unwrap()["spec"]["selector"]
}

/// Whether a selector takes pods with these labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector.as_object().unwrap().iter().all(|(key, value)| labels[key] == *value)
}

/// `a=b, c=d` for a map of texts, JSON for anything else, and `–` for nothing.
fn told(value: &Value) -> String {
    match value {
        Value::Null => "–".to_string(),
        Value::String(text) => text.clone(),
        Value::Object(map) if !map.is_empty() && map.values().all(Value::is_string) => {
            let pairs = map.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap()));
            pairs.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn ports(service: &Value) -> String {
    let port = |port: &Value| {
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        format!("{} {}→{}", port["name"].as_str().unwrap(), port["port"], target)
    };
    service["ports"].as_array().unwrap().iter().map(port).collect::<Vec<_>>().join(", ")
}

/// What is compared: aspects of a way, each as a text.
fn aspects(objects: &[Value]) -> BTreeMap<&'static str, String> {
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_string();
    let of = |kind: &str, tell: &dyn Fn(&Value) -> String| find(objects, kind).map_or("–".to_string(), tell);
    let own = ["app", "istio", "istio.io/rev", "sidecar.istio.io/inject", "istio.io/dataplane-mode"];
    let is_own = |key: &String| own.contains(&key.as_str());
    let labels = pod_labels(objects).as_object().unwrap();
    let labels_of_istio: BTreeMap<&String, &Value> = labels.iter().filter(|(key, _)| is_own(key)).collect();
    let mut others: Vec<&str> = labels.keys().filter(|key| !is_own(key)).map(String::as_str).collect();
    others.sort_unstable();
    let container = &pods(objects)["spec"]["containers"][0];
    let deployment = find(objects, "Deployment").unwrap();
    let mut kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    BTreeMap::from([
        ("objects", kinds.join(", ")),
        ("service: ports", of("Service", &|o| ports(&o["spec"]))),
        ("service: selector", of("Service", &|o| told(&o["spec"]["selector"]))),
        ("service: type", of("Service", &|o| told(&o["spec"]["type"]))),
        ("deployment: name", name(deployment)),
        ("deployment: replicas", told(&deployment["spec"]["replicas"])),
        ("deployment: selector", told(&deployment["spec"]["selector"]["matchLabels"])),
        ("deployment: strategy", told(&deployment["spec"]["strategy"])),
        ("pods: account", account(objects).to_string()),
        ("pods: annotations", told(&pods(objects)["metadata"]["annotations"])),
        ("pods: labels", told(&json!(labels_of_istio))),
        ("pods: other labels", others.join(", ")),
        ("pods: security", told(&pods(objects)["spec"]["securityContext"])),
        ("proxy: image", told(&container["image"])),
        ("proxy: resources", told(&container["resources"])),
        ("proxy: security", told(&container["securityContext"])),
        ("role: rules", of("Role", &|o| told(&o["rules"]))),
        ("role: name", of("Role", &name)),
        ("role: for", of("RoleBinding", &|o| told(&o["subjects"][0]["name"]))),
        (
            "autoscaler",
            of("HorizontalPodAutoscaler", &|o| {
                format!("{} to {}", o["spec"]["minReplicas"], o["spec"]["maxReplicas"])
            }),
        ),
    ])
}

/// Each aspect once where all agree, and side by side where they don't.
fn compared(ways: &Ways) -> String {
    let told: Vec<_> = ways.all().map(|(way, objects)| (way, aspects(objects))).into_iter().collect();
    let (mut same, mut other) = (String::new(), String::new());
    for (aspect, first) in &told[0].1 {
        if told.iter().all(|(_, all)| all[aspect] == *first) {
            let _ = writeln!(same, "{aspect}: {first}");
        } else {
            let _ = writeln!(other, "{aspect}");
            for (way, all) in &told {
                let _ = writeln!(other, "  {way:<9} {}", all[aspect]);
            }
        }
    }
    format!("-- the same\n{same}\n-- not the same\n{other}")
}

// -- Where they agree -------------------------------------------------------------------------------------------

#[test]
fn every_way_of_every_scenario_makes_a_gateway_that_the_webhook_completes() {
    for scenario in SCENARIOS {
        for (way, objects) in Ways::of(scenario).all() {
            let template = pods(objects);
            assert_eq!(template["spec"]["containers"][0]["image"], "auto", "{scenario} {way}");
            assert_eq!(
                template["metadata"]["annotations"]["inject.istio.io/templates"], "gateway",
                "{scenario} {way}"
            );
            let labels = &template["metadata"]["labels"];
            let asks = labels["sidecar.istio.io/inject"] == "true" || labels["istio.io/rev"].is_string();
            assert!(asks, "{scenario} {way}: nobody injects it");
            let (name, namespace) = release(scenario);
            let deployment = find(objects, "Deployment").unwrap();
            assert_eq!(deployment["metadata"]["name"], name, "{scenario} {way}");
            assert_eq!(deployment["metadata"]["namespace"], namespace, "{scenario} {way}");
        }
    }
}

#[test]
fn selectors_take_their_own_pods() {
    for scenario in SCENARIOS {
        for (way, objects) in Ways::of(scenario).all() {
            let own = &find(objects, "Deployment").unwrap()["spec"]["selector"]["matchLabels"];
            assert!(selects(own, pod_labels(objects)), "{scenario} {way}: Deployment");
            if find(objects, "Service").is_some() {
                assert!(selects(service_selector(objects), pod_labels(objects)), "{scenario} {way}: Service");
            }
        }
    }
}

#[test]
fn the_gateway_of_a_scenario_takes_the_pods_of_all_three_ways() {
    for scenario in ["shared", "dedicated", "in-place"] {
        let gateway = read(&file(scenario, "gateway"));
        let selector = &gateway[0]["spec"]["selector"];
        for (way, objects) in Ways::of(scenario).all() {
            assert!(selects(selector, pod_labels(objects)), "{scenario} {way}");
        }
    }
}

#[test]
fn who_reads_certificates_is_who_runs_the_pods() {
    let read_secrets =
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]});
    for scenario in SCENARIOS {
        for (way, objects) in Ways::of(scenario).all() {
            // The canaries by hand use the account of the gateway beside them.
            let rights = if way == "raw" && is_canary(scenario) {
                read(&file("shared", "raw"))
            } else {
                objects.to_vec()
            };
            let binding = find(&rights, "RoleBinding").unwrap();
            assert_eq!(binding["subjects"][0]["name"], account(objects), "{scenario} {way}");
            let role = find(&rights, "Role").unwrap();
            assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"], "{scenario} {way}");
            assert_eq!(role["rules"], json!([read_secrets]), "{scenario} {way}");
        }
    }
}

// -- Where they don't -------------------------------------------------------------------------------------------

#[test]
fn a_shared_gateway_in_three_ways() {
    insta::assert_snapshot!(compared(&Ways::of("shared")));
}

#[test]
fn a_dedicated_gateway_in_three_ways() {
    insta::assert_snapshot!(compared(&Ways::of("dedicated")));
}

#[test]
fn an_upgrade_in_place_in_three_ways() {
    insta::assert_snapshot!(compared(&Ways::of("in-place")));
}

#[test]
fn a_canary_behind_the_same_service_in_three_ways() {
    insta::assert_snapshot!(compared(&Ways::of("canary-same-service")));
}

#[test]
fn a_canary_behind_its_own_service_in_three_ways() {
    insta::assert_snapshot!(compared(&Ways::of("canary-own-service")));
}

#[test]
fn istios_own_charts_in_three_ways() {
    for scenario in SCENARIOS {
        let Some(ways) = Ways::of_istio(scenario) else { return };
        insta::assert_snapshot!(format!("istios_own_charts_{scenario}"), compared(&ways));
    }
}

#[test]
fn rights_of_one_way_do_not_serve_the_pods_of_another() {
    let ways = Ways::of("shared");
    let accounts = ways.all().map(|(_, objects)| account(objects).to_string());
    assert_eq!(accounts, ["istio-ingressgateway-service-account", "istio-ingressgateway", "default"]);
}

#[test]
fn one_way_can_not_take_over_the_deployment_of_another() {
    let ways = Ways::of("shared");
    let selector = |objects: &[Value]| find(objects, "Deployment").unwrap()["spec"]["selector"].clone();
    assert_eq!(selector(&ways.operator), selector(&ways.chart));
    // Kubernetes refuses to change the selector of a Deployment.
    assert_ne!(selector(&ways.chart), selector(&ways.raw));
}

// -- Upgrades and canaries --------------------------------------------------------------------------------------

#[test]
fn an_upgrade_in_place_changes_the_pods_and_not_who_selects_them() {
    let (before, after) = (Ways::of("shared"), Ways::of("in-place"));
    for ((way, before), (_, after)) in before.all().into_iter().zip(after.all()) {
        assert_eq!(pod_labels(after)["istio.io/rev"], "canary", "{way}");
        assert!(pod_labels(before)["istio.io/rev"].is_null(), "{way}");
        assert_eq!(service_selector(before), service_selector(after), "{way}");
        let selector = |objects: &[Value]| find(objects, "Deployment").unwrap()["spec"]["selector"].clone();
        assert_eq!(selector(before), selector(after), "{way}");
        assert_eq!(account(before), account(after), "{way}");
    }
}

#[test]
fn a_canary_behind_the_same_service_is_selected_by_it_in_every_way() {
    let (stable, canary) = (Ways::of("shared"), Ways::of("canary-same-service"));
    for ((way, stable), (_, canary)) in stable.all().into_iter().zip(canary.all()) {
        assert!(selects(service_selector(stable), pod_labels(canary)), "{way}");
    }
    // By hand and with the chart there is no second Service. An IstioOperator file always makes one, and it sends to
    // the stable pods, too.
    assert!(find(&canary.raw, "Service").is_none() && find(&canary.chart, "Service").is_none());
    assert!(selects(service_selector(&canary.operator), pod_labels(&stable.operator)));
}

#[test]
fn a_canary_by_hand_is_not_behind_the_service_of_the_chart() {
    let (stable, canary) = (Ways::of("shared"), Ways::of("canary-same-service"));
    // The chart's Service asks for the label app as well, that of the operator, too.
    assert!(!selects(service_selector(&stable.chart), pod_labels(&canary.raw)));
    assert!(!selects(service_selector(&stable.operator), pod_labels(&canary.raw)));
    assert!(selects(service_selector(&stable.raw), pod_labels(&canary.chart)));
    assert!(selects(service_selector(&stable.raw), pod_labels(&canary.operator)));
}

#[test]
fn a_canary_with_its_own_service_is_not_behind_the_old_one() {
    let (stable, canary) = (Ways::of("shared"), Ways::of("canary-own-service"));
    let gateway = read(&file("shared", "gateway"));
    for ((way, stable), (_, canary)) in stable.all().into_iter().zip(canary.all()) {
        assert!(!selects(service_selector(stable), pod_labels(canary)), "{way}");
        assert!(!selects(service_selector(canary), pod_labels(stable)), "{way}");
        // Nor is it configured by the old Gateway, whose selector asks for the old label.
        assert!(!selects(&gateway[0]["spec"]["selector"], pod_labels(canary)), "{way}");
    }
}
