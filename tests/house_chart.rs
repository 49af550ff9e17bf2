//! The house chart, `charts/gateway`: against the recorded output of Istio's own gateway chart, against the types
//! of the Kubernetes API, and as the documents say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Deserialize;
use serde_json::Value;

const EXAMPLES: [&str; 6] =
    ["shared", "application", "upgrade-in-place", "canary-same-service", "canary-own-service", "egress"];

/// Runs the program at the project's root.
fn torii(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// What a run prints that must be fine.
fn printed(args: &[&str]) -> String {
    let output = torii(args);
    assert!(output.status.success(), "torii {}\n{}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn example_file(example: &str) -> String {
    format!("charts/gateway/examples/{example}.yaml")
}

/// An example under the release's name that it is meant for.
fn example(example: &str) -> String {
    let (name, namespace) = match example {
        "application" => ("shop-gateway", "shop"),
        "canary-same-service" | "canary-own-service" => ("istio-ingressgateway-canary", "istio-ingress"),
        "egress" => ("istio-egressgateway", "istio-egress"),
        _ => ("istio-ingressgateway", "istio-ingress"),
    };
    printed(&["render", name, "charts/gateway", "-n", namespace, "-f", &example_file(example)])
}

/// The objects of a YAML stream.
fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).expect(text));
    documents.filter(|object| !object.is_null()).collect()
}

/// The object of this kind.
fn object<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|o| o["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// Every scalar and every empty map or list, by its path.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    fn walk(value: &Value, path: &str, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                map.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), into));
            }
            Value::Array(list) if !list.is_empty() => {
                list.iter().enumerate().for_each(|(i, value)| walk(value, &format!("{path}/{i}"), into));
            }
            _ => {
                into.insert(path.to_string(), value.clone());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk(value, "", &mut into);
    into
}

// -- Istio's own chart ------------------------------------------------------------------------------------------

/// A case of Istio's own chart: what Helm was called with, and what came of it.
struct Case {
    id: String,
    fails: bool,
    golden: PathBuf,
    name: String,
    namespace: String,
    values: PathBuf,
}

/// The recorded cases, or nothing where they are not at hand.
fn cases() -> Option<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let Ok(table) = std::fs::read_to_string(folder.join("gateway.tsv")) else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "no {}", folder.display());
        println!("skipped: no {}", folder.display());
        return None;
    };
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next()?.split('\t').collect();
    let column = |name: &str| columns.iter().position(|c| *c == name).expect(name);
    let (id, status, golden, args) = (column("id"), column("status"), column("golden"), column("args"));
    let case = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        // template NAME CHART -n NAMESPACE -f VALUES …
        let args: Vec<String> = serde_json::from_str(fields[args]).expect(line);
        let after = |flag: &str| args[args.iter().position(|a| a == flag).expect(line) + 1].as_str();
        Case {
            id: fields[id].to_string(),
            fails: fields[status] != "ok",
            golden: folder.join(fields[golden]),
            name: args[1].clone(),
            namespace: after("-n").to_string(),
            values: folder.join(after("-f")),
        }
    };
    Some(lines.map(case).collect())
}

fn render_case(case: &Case) -> Output {
    let values = case.values.to_str().unwrap();
    torii(&[
        "render",
        &case.name,
        "charts/gateway",
        "-n",
        &case.namespace,
        "-f",
        values,
        "--kube-version",
        "1.32",
    ])
}

/// The objects by kind and name, without nulls and what says which chart it was.
fn comparable(text: &str) -> BTreeMap<String, Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.remove("helm.sh/chart");
                map.remove("app.kubernetes.io/version");
                map.retain(|_, value| !value.is_null());
                map.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut by_name = BTreeMap::new();
    for mut object in objects(text) {
        strip(&mut object);
        let key = format!("{} {}", object["kind"], object["metadata"]["name"]);
        assert!(by_name.insert(key, object).is_none(), "an object twice in\n{text}");
    }
    by_name
}

/// What stands on one side only, a line each.
fn differences(got: &BTreeMap<String, Value>, want: &BTreeMap<String, Value>) -> Vec<String> {
    let flat = |objects: &BTreeMap<String, Value>| -> BTreeSet<String> {
        let lines = |(name, object): (&String, &Value)| {
            leaves(object)
                .into_iter()
                .map(|(path, leaf)| format!("{name} {path}: {leaf}"))
                .collect::<Vec<_>>()
        };
        objects.iter().flat_map(lines).collect()
    };
    let (got, want) = (flat(got), flat(want));
    let missing = want.difference(&got).map(|line| format!("  - {line}"));
    missing.chain(got.difference(&want).map(|line| format!("  + {line}"))).collect()
}

#[test]
fn objects_equal_those_of_istios_own_chart() {
    // The one sets defaults under a key that only Istio's chart has, the other makes values of globals.
    const ASIDE: [&str; 2] = ["oracle-chart-internal-defaults", "oracle-chart-global-flatten"];
    let Some(cases) = cases() else { return };
    let cases: Vec<Case> =
        cases.into_iter().filter(|c| !c.fails && !ASIDE.contains(&c.id.as_str())).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let output = render_case(case);
        let got = String::from_utf8_lossy(&output.stdout);
        let want = std::fs::read_to_string(&case.golden).unwrap();
        if !output.status.success() {
            wrong.push(format!("{}: {}", case.id, String::from_utf8_lossy(&output.stderr)));
        } else if comparable(&got) != comparable(&want) {
            let lines = differences(&comparable(&got), &comparable(&want));
            wrong.push(format!("{}:\n{}", case.id, lines.join("\n")));
        }
    }
    println!("{} of {} cases equal", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 46, "only {} cases", cases.len());
}

#[test]
fn values_that_istios_own_chart_refuses_are_refused() {
    let Some(cases) = cases() else { return };
    let cases: Vec<Case> = cases.into_iter().filter(|c| c.fails).collect();
    for case in &cases {
        let output = render_case(case);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}: {message}", case.id);
        assert!(message.starts_with("Error: "), "{}: {message}", case.id);
        assert!(output.stdout.is_empty(), "{}: half written", case.id);
    }
    println!("{} cases refused", cases.len());
    assert!(!cases.is_empty());
}

#[test]
fn no_ports_are_refused_with_advice() {
    let output = torii(&["render", "gw", "charts/gateway", "--set-json", "service.ports=[]"]);
    let message = String::from_utf8_lossy(&output.stderr);
    let advice = "service.ports is empty: list a port, set networkGateway, or set service.type to None";
    assert!(message.starts_with("Error: ") && message.contains(advice), "{message}");
    for way_out in ["networkGateway=n", "service.type=None"] {
        printed(&["render", "gw", "charts/gateway", "--set-json", "service.ports=[]", "--set", way_out]);
    }
}

#[test]
fn null_takes_away_a_label_a_variable_and_a_resource() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let set = "{labels: {team: edge}, env: {A: a, B: b}, resources: {limits: {example.com/device: 1}}}";
    let unset = "labels: {team: null, istio.io/dataplane-mode: null}
env: {A: null}
resources: {limits: {cpu: null, example.com/device: null}, requests: null}";
    let (set, unset) = (file("set.yaml", set), file("unset.yaml", unset));
    let objects = objects(&printed(&["render", "gw", "charts/gateway", "-f", &set, "-f", &unset]));
    let pods = &object(&objects, "Deployment")["spec"]["template"];
    let labels = pods["metadata"]["labels"].as_object().unwrap();
    assert!(!labels.contains_key("team") && !labels.contains_key("istio.io/dataplane-mode"), "{labels:?}");
    let proxy = &pods["spec"]["containers"][0];
    assert_eq!(proxy["env"], serde_json::json!([{"name": "B", "value": "b"}]));
    assert_eq!(proxy["resources"], serde_json::json!({"limits": {"memory": "1024Mi"}}));
}

// -- The Kubernetes API -----------------------------------------------------------------------------------------

/// The object as its API type understands it.
fn through_api_type(object: &Value) -> Value {
    fn through<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) -> Value {
        let typed: T =
            serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{e} in\n{object:#}"));
        serde_json::to_value(typed).unwrap()
    }
    match (object["apiVersion"].as_str(), object["kind"].as_str()) {
        (Some("apps/v1"), Some("Deployment")) => through::<Deployment>(object),
        (Some("apps/v1"), Some("DaemonSet")) => through::<DaemonSet>(object),
        (Some("autoscaling/v2"), Some("HorizontalPodAutoscaler")) => {
            through::<HorizontalPodAutoscaler>(object)
        }
        (Some("networking.k8s.io/v1"), Some("NetworkPolicy")) => through::<NetworkPolicy>(object),
        (Some("policy/v1"), Some("PodDisruptionBudget")) => through::<PodDisruptionBudget>(object),
        (Some("rbac.authorization.k8s.io/v1"), Some("Role")) => through::<Role>(object),
        (Some("rbac.authorization.k8s.io/v1"), Some("RoleBinding")) => through::<RoleBinding>(object),
        (Some("v1"), Some("Service")) => through::<Service>(object),
        (Some("v1"), Some("ServiceAccount")) => through::<ServiceAccount>(object),
        other => panic!("no API type for {other:?}"),
    }
}

/// Whether a leaf came back as it was: a quantity may be written as a number, and comes back as a string.
fn same_leaf(before: &Value, after: Option<&Value>) -> bool {
    match (before, after) {
        (Value::Number(number), Some(Value::String(text))) => number.to_string() == *text,
        // An empty map or list says nothing, so a type may leave it out.
        (Value::Object(map), None) => map.is_empty(),
        (Value::Array(list), None) => list.is_empty(),
        (before, after) => Some(before) == after,
    }
}

/// What an object has that its API type doesn't know or take as it is.
fn lost(object: &Value) -> Vec<String> {
    let after = leaves(&through_api_type(object));
    let lost = leaves(object).into_iter().filter(|(path, before)| !same_leaf(before, after.get(path)));
    lost.map(|(path, before)| format!("{} {path}: {before} became {:?}", object["kind"], after.get(&path)))
        .collect()
}

#[test]
fn every_example_makes_objects_of_the_kubernetes_api() {
    for name in EXAMPLES {
        let as_meant = objects(&example(name));
        let values = example_file(name);
        let as_shared = printed(&[
            "render",
            "istio-ingressgateway",
            "charts/gateway",
            "-n",
            "istio-ingress",
            "-f",
            &values,
        ]);
        for object in as_meant.iter().chain(&objects(&as_shared)) {
            assert_eq!(lost(object), Vec::<String>::new(), "in {name}");
        }
        assert!(as_meant.iter().any(|o| o["kind"] == "Deployment"), "{name} has no Deployment");
    }
}

#[test]
fn every_option_makes_objects_of_the_kubernetes_api() {
    let values = "tests/house_chart/every-option.yaml";
    let objects = objects(&printed(&["render", "gw", "charts/gateway", "-n", "edge", "-f", values]));
    for object in &objects {
        assert_eq!(lost(object), Vec::<String>::new());
    }
    assert_eq!(objects.len(), 8, "not every kind of object");
}

#[test]
fn a_field_that_the_api_does_not_know_is_noticed() {
    let objects = objects(&example("shared"));
    let mut service = object(&objects, "Service").clone();
    service["spec"]["prots"] = Value::from(1);
    assert_eq!(lost(&service), ["\"Service\" /spec/prots: 1 became None"]);
}

// -- What the examples are for ----------------------------------------------------------------------------------

/// Whether a selector takes pods with these labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector.as_object().unwrap().iter().all(|(key, value)| labels[key] == *value)
}

#[test]
fn objects_of_an_example_belong_together() {
    for name in EXAMPLES {
        let objects = objects(&example(name));
        let deployment = object(&objects, "Deployment");
        let pods = &deployment["spec"]["template"]["metadata"]["labels"];
        assert!(selects(&deployment["spec"]["selector"]["matchLabels"], pods), "{name}: the Deployment");
        for other in &objects {
            let spec = &other["spec"];
            match other["kind"].as_str().unwrap() {
                "Service" => assert!(selects(&spec["selector"], pods), "{name}: the Service"),
                "NetworkPolicy" => {
                    assert!(selects(&spec["podSelector"]["matchLabels"], pods), "{name}: the policy")
                }
                "PodDisruptionBudget" => {
                    assert!(selects(&spec["selector"]["matchLabels"], pods), "{name}: the budget")
                }
                "HorizontalPodAutoscaler" => {
                    assert_eq!(spec["scaleTargetRef"]["name"], deployment["metadata"]["name"], "{name}");
                }
                "RoleBinding" => {
                    let account = &deployment["spec"]["template"]["spec"]["serviceAccountName"];
                    assert_eq!(other["subjects"][0]["name"], *account, "{name}");
                    assert_eq!(
                        other["roleRef"]["name"],
                        object(&objects, "Role")["metadata"]["name"],
                        "{name}"
                    );
                    assert_eq!(object(&objects, "ServiceAccount")["metadata"]["name"], *account, "{name}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_canary_is_behind_the_same_service_or_behind_its_own() {
    let shared = objects(&example("shared"));
    let selector = &object(&shared, "Service")["spec"]["selector"];
    let pods =
        |objects: &[Value]| object(objects, "Deployment")["spec"]["template"]["metadata"]["labels"].clone();

    let same = objects(&example("canary-same-service"));
    assert!(selects(selector, &pods(&same)));
    assert!(!same.iter().any(|o| o["kind"] == "Service"));

    let own = objects(&example("canary-own-service"));
    assert!(!selects(selector, &pods(&own)));
    assert!(!selects(&object(&own, "Service")["spec"]["selector"], &pods(&shared)));
    assert_eq!(pods(&own)["istio"], pods(&shared)["istio"], "Istio's Gateways select both");
}

#[test]
fn an_upgrade_in_place_changes_one_label_of_the_pods() {
    let (shared, upgrade) = (example_file("shared"), example_file("upgrade-in-place"));
    let before = printed(&["render", "istio-ingressgateway", "charts/gateway", "-f", &shared]);
    let after = printed(&["render", "istio-ingressgateway", "charts/gateway", "-f", &shared, "-f", &upgrade]);
    let added: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert_eq!(added, ["        istio.io/rev: canary"]);
    assert_eq!(after.lines().count(), before.lines().count() + 1);
}

// -- What it looks like -----------------------------------------------------------------------------------------

#[test]
fn a_shared_gateway_reads_as_if_written_by_hand() {
    insta::assert_snapshot!(example("shared"));
}

#[test]
fn a_canary_behind_the_same_service_reads_as_if_written_by_hand() {
    insta::assert_snapshot!(example("canary-same-service"));
}

#[test]
fn no_line_is_blank_or_ends_in_a_blank() {
    let mut texts: Vec<String> = EXAMPLES.iter().map(|name| example(name)).collect();
    texts.push(printed(&["render", "gw", "charts/gateway", "-f", "tests/house_chart/every-option.yaml"]));
    for line in texts.iter().flat_map(|text| text.lines()) {
        assert_eq!(line, line.trim_end());
    }
    // Helm prints a document's own last newline and one more; between the two there is nothing else.
    for text in &texts {
        assert!(!text.contains("\n\n\n"), "{text}");
        assert!(!text.replace("\n\n---\n", "\n---\n").trim_end().contains("\n\n"), "{text}");
    }
}

#[test]
fn show_values_prints_the_file_and_one_newline() {
    let file =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/gateway/values.yaml"));
    assert_eq!(printed(&["show", "values", "charts/gateway"]), file.unwrap() + "\n");
}

#[test]
fn a_copied_example_renders_as_typed() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join(example_file("shared")), folder.path().join("values.yaml")).unwrap();
    let chart = root.join("charts/gateway");
    let mut command = Command::new(env!("CARGO_BIN_EXE_torii"));
    let output = command
        .arg("render")
        .arg(chart)
        .args(["-f", "values.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        object(&objects(&String::from_utf8_lossy(&output.stdout)), "Service")["metadata"]["name"],
        "release-name"
    );
}

#[test]
fn the_first_command_of_the_readme_works() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let command =
        readme.lines().find_map(|line| line.strip_prefix("cargo run --release -- ")).expect("a command");
    let args: Vec<&str> = command.split_whitespace().collect();
    assert!(objects(&printed(&args)).len() > 1);
}

#[test]
fn the_commands_in_the_examples_work() {
    for name in EXAMPLES {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(example_file(name))).unwrap();
        let comment: String =
            text.lines().map_while(|line| line.strip_prefix('#')).collect::<Vec<_>>().join("\n");
        let command = comment.replace("\\\n", " ");
        let command = command.lines().find_map(|line| line.trim().strip_prefix("torii ")).expect(name);
        let args: Vec<&str> = command.split_whitespace().collect();
        assert!(args.last().unwrap().ends_with(&example_file(name)), "{name}: {command}");
        assert!(objects(&printed(&args)).len() > 1, "{name}");
    }
}
