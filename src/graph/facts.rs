//! What a picture tells of an object beside its name.

use crate::manifest::object::Object;
use crate::rules::read;
use crate::rules::selector::Selector;
use crate::rules::topology::Topology;
use crate::value::Value;

/// So many ports, hosts or rules are told.
const MOST: usize = 3;

/// The facts of an object, the most telling first.
pub(super) fn of(object: &Object, topology: &Topology) -> Vec<String> {
    let value = &object.value;
    match (&*object.id.group, &*object.id.kind) {
        ("", "Service") => service(object),
        ("networking.istio.io", "Gateway") => {
            [named("", &servers(value)), selector(topology.gateways.get(&object.id).map(|s| &s.selector))]
                .concat()
        }
        ("networking.istio.io", "VirtualService") => named("", &read::texts(value, "spec.hosts")),
        ("gateway.networking.k8s.io", "Gateway") => {
            let listener = |listener: &Value| port(listener, "port", "protocol");
            named("", &read::items(value, "spec.listeners").iter().map(listener).collect::<Vec<_>>())
        }
        ("gateway.networking.k8s.io", _) => named("", &read::texts(value, "spec.hostnames")),
        ("networking.k8s.io" | "extensions", "Ingress") => {
            let host = |rule: &Value| read::text(rule, "host").unwrap_or_else(|| "*".to_string());
            named("", &read::items(value, "spec.rules").iter().map(host).collect::<Vec<_>>())
        }
        ("networking.k8s.io", "NetworkPolicy") => [
            named("", &read::texts(value, "spec.policyTypes")),
            selector(topology.network_policies.get(&object.id).map(|s| &s.selector)),
        ]
        .concat(),
        ("policy", "PodDisruptionBudget") => ["minAvailable", "maxUnavailable"]
            .iter()
            .filter_map(|field| {
                let spec = read::at(value, "spec")?;
                Some(format!("{field} {}", read::text(&spec, field).or_else(|| scalar(&spec, field))?))
            })
            .collect(),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let min = read::integer(value, "spec.minReplicas").unwrap_or(1);
            read::integer(value, "spec.maxReplicas")
                .map(|max| format!("{min} to {max} pods"))
                .into_iter()
                .collect()
        }
        ("rbac.authorization.k8s.io", _) => rules(value),
        ("batch", _) => Vec::new(),
        _ if topology.workload(&object.id).is_some() => pods(object, topology),
        _ => selector(topology.istio_policies.get(&object.id).map(|s| &s.selector)),
    }
}

fn service(object: &Object) -> Vec<String> {
    let value = &object.value;
    let kind = read::text(value, "spec.type").unwrap_or_else(|| "ClusterIP".to_string());
    let ports: Vec<String> = read::items(value, "spec.ports").iter().map(service_port).collect();
    let labels = Selector::from_map(value, "spec.selector");
    [named(&format!("{kind} "), &ports), selector((!labels.is_empty()).then_some(&labels))].concat()
}

/// `80`, or `80→8080` where pods have another.
fn service_port(port: &Value) -> String {
    let from = scalar(port, "port").unwrap_or_else(|| "?".to_string());
    match scalar(port, "targetPort").filter(|to| *to != from) {
        Some(to) => format!("{from}→{to}"),
        None => from,
    }
}

/// The ports of an Istio Gateway: `443 HTTPS`.
fn servers(value: &Value) -> Vec<String> {
    let server = |server: &Value| read::at(server, "port").map(|it| port(&it, "number", "protocol"));
    read::items(value, "spec.servers").iter().filter_map(server).collect()
}

fn port(value: &Value, number: &str, protocol: &str) -> String {
    let text = |field| scalar(value, field).unwrap_or_default();
    format!("{} {}", text(number), text(protocol)).trim().to_string()
}

fn pods(object: &Object, topology: &Topology) -> Vec<String> {
    let mut facts = vec![topology.replicas(object).describe()];
    let labels = topology.workload(&object.id).map(|workload| &workload.labels);
    if let Some(revision) = labels.and_then(|labels| labels.get("istio.io/rev")) {
        facts.push(format!("revision {revision}"));
    }
    facts
}

/// What a role allows: `get, watch, list secrets`.
fn rules(value: &Value) -> Vec<String> {
    let rules = read::items(value, "rules");
    let rule = |rule: &Value| {
        let of = |field| read::list(&read::texts(rule, field), MOST);
        let (resources, urls) = (of("resources"), of("nonResourceURLs"));
        format!("{} {}", of("verbs"), if resources.is_empty() { urls } else { resources })
    };
    let mut facts: Vec<String> = rules.iter().take(MOST).map(rule).collect();
    if rules.len() > MOST {
        facts.push(read::count(rules.len() - MOST, "more rule"));
    }
    facts
}

/// A line of several things, unless there are none.
fn named(what: &str, all: &[String]) -> Vec<String> {
    let text = format!("{what}{}", read::list(all, MOST)).trim().to_string();
    if text.is_empty() { Vec::new() } else { vec![text] }
}

fn selector(selector: Option<&Selector>) -> Vec<String> {
    let Some(selector) = selector else { return Vec::new() };
    if selector.is_empty() {
        return vec!["all pods".to_string()];
    }
    let mut parts = selector.parts();
    if parts.len() > MOST {
        let more = parts.len() - MOST + 1;
        parts.truncate(MOST - 1);
        parts.push(format!("and {more} more"));
    }
    parts
}

/// A text or number at a field.
fn scalar(value: &Value, field: &str) -> Option<String> {
    read::at(value, field).and_then(|value| read::scalar(&value))
}
