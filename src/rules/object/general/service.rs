//! Services: what the API refuses of them, and ports that lead nowhere.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::names;
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::{Workload, protocol};
use crate::rules::workload::Replicas;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW043",
        name: "named-target-port",
        severity: Severity::Error,
        summary: "A Service sends to a container port by a name that none of its pods has.",
        why: "Endpoints are made only of pods that have a port of that name and protocol; the Service has none, and \
              connections are refused.",
        fix: "Name a port of the containers so, or give targetPort as a number.",
        source: "pkg/controller/endpoint/endpoints_controller.go; component-helpers/node/util: FindPort",
        check: Check::Each(&["Service"], named_target_port),
    },
    Rule {
        id: "GW044",
        name: "service-ports-invalid",
        severity: Severity::Error,
        summary: "The ports of a Service are there twice, lack names, or have names that are none.",
        why: "The API refuses the Service: each port and protocol may be there once, several ports need names, and \
              names are DNS labels.",
        fix: "Give each port a name of its own, in small letters, digits and dashes.",
        source: "pkg/apis/core/validation/validation.go: ValidateService",
        check: Check::Each(&["Service"], ports),
    },
    Rule {
        id: "GW045",
        name: "node-port-invalid",
        severity: Severity::Error,
        summary: "A nodePort is given twice, outside of the usual range, or for a Service that has none.",
        why: "Node ports belong to Services of type NodePort and LoadBalancer, each to one Service of the cluster, \
              and come from the range of the API server: 30000-32767, if it was not given another.",
        fix: "Leave nodePort out, and let the cluster choose one.",
        source: "pkg/apis/core/validation/validation.go: ValidateService; pkg/registry/core/service/portallocator",
        check: Check::Whole(node_ports),
    },
    Rule {
        id: "GW046",
        name: "traffic-settings-without-type",
        severity: Severity::Error,
        summary: "A Service has settings that its type doesn't have: of load balancers, of traffic from outside.",
        why: "The API refuses settings that have no meaning for the type of the Service.",
        fix: "Remove the setting, or give the Service the type that it is for.",
        source: "pkg/apis/core/validation/validation.go: ValidateService, validateServiceExternalTrafficFieldsValue",
        check: Check::Each(&["Service"], traffic),
    },
];

/// The ports of a Service, with the path to each.
fn ports_of(service: &Object) -> Vec<(Path, Value)> {
    let item = |(index, port): (usize, Value)| {
        let known_by = match (read::text(&port, "name"), read::text(&port, "port")) {
            (Some(name), _) if !name.is_empty() => format!("name={name}"),
            (_, Some(number)) => format!("port={number}"),
            _ => index.to_string(),
        };
        (Path::of("spec.ports").item(index, known_by), port)
    };
    read::items(&service.value, "spec.ports").into_iter().enumerate().map(item).collect()
}

fn type_of(service: &Object) -> String {
    read::text(&service.value, "spec.type")
        .filter(|t| !t.is_empty())
        .unwrap_or_else(|| "ClusterIP".to_string())
}

fn named_target_port(scene: &Scene, service: &Arc<Object>, findings: &mut Findings) {
    let selected: Vec<&Workload> = scene.topology.behind(&service.id).collect();
    // The containers of a gateway are filled in by Istio's webhook.
    let known = !selected.is_empty() && !selected.iter().any(|own| own.has_injected_image);
    for (path, port) in ports_of(service) {
        let Some(Value::String(name)) = read::at(&port, "targetPort") else { continue };
        let (name, path) = (name.to_text().into_owned(), path.key("targetPort"));
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
            let message =
                format!("the text {name:?} is the name of a port, and names need a letter: it is refused");
            findings.say(service, path, message).fix("Leave out the quotes.");
            continue;
        }
        let protocol = protocol(&port);
        if !known || name.is_empty() {
            continue;
        }
        if !findings.may_compare(selected.len()) {
            return;
        }
        if !selected.iter().any(|own| own.has_port(&name, &protocol)) {
            let pods = read::few(&selected, 3, |own| own.object.id.to_string());
            let message = format!("no {protocol} port of {pods} is called {name}");
            findings.say(service, path, message);
        }
    }
}

fn ports(_: &Scene, service: &Arc<Object>, findings: &mut Findings) {
    let ports = ports_of(service);
    let headless = read::text(&service.value, "spec.clusterIP").as_deref() == Some("None");
    if ports.is_empty() && !headless && type_of(service) != "ExternalName" {
        findings.say(service, Path::of("spec.ports"), "it has no ports, and is not headless");
    }
    let (mut numbers, mut known) = (HashSet::new(), HashSet::new());
    for (path, port) in &ports {
        let name = read::text(port, "name").unwrap_or_default();
        if let Some(number) = read::text(port, "port")
            && !numbers.insert((number.clone(), protocol(port)))
        {
            let message = format!("the port {number} ({}) is there twice", protocol(port));
            findings.say(service, path.clone().key("port"), message);
        }
        if name.is_empty() {
            if ports.len() > 1 {
                findings.say(
                    service,
                    path.clone().key("name"),
                    "several ports need names, and this has none",
                );
            }
        } else if !known.insert(name.clone()) {
            findings.say(service, path.clone().key("name"), format!("two ports are called {name}"));
        } else if let Some(why) = names::not_a_label(&name) {
            findings.say(
                service,
                path.clone().key("name"),
                format!("the name {name} is no DNS label: {why}"),
            );
        }
    }
}

fn node_ports(scene: &Scene, findings: &mut Findings) {
    let mut known: HashMap<(i64, String), (&Arc<Object>, Path)> = HashMap::new();
    for service in scene.of(&["Service"]) {
        let kind = type_of(service);
        for (path, port) in ports_of(service) {
            let Some(number) = read::integer(&port, "nodePort").filter(|number| *number != 0) else {
                continue;
            };
            let path = path.key("nodePort");
            if kind == "ClusterIP" || kind == "ExternalName" {
                findings.say(
                    service,
                    path,
                    format!("a Service of type {kind} has no node ports: it is refused"),
                );
                continue;
            }
            if !(30_000..=32_767).contains(&number) {
                let message = format!("{number} is outside of 30000-32767, the range of most clusters");
                findings.say(service, path.clone(), message).severity(Severity::Warning);
            }
            let key = (number, protocol(&port));
            let Some((other, place)) = known.get(&key).cloned() else {
                known.insert(key, (service, path));
                continue;
            };
            let pair = findings.judged_of((service, path), (other, place), |(service, _)| service);
            if let Some(((own, path), (other, _))) = pair {
                findings.say(own, path, format!("{number} is the node port of {}, too", other.id));
            }
        }
    }
}

fn traffic(scene: &Scene, service: &Arc<Object>, findings: &mut Findings) {
    let (value, kind) = (&service.value, type_of(service));
    let external_ips = !read::items(value, "spec.externalIPs").is_empty();
    let from_outside =
        matches!(kind.as_str(), "NodePort" | "LoadBalancer") || external_ips && kind == "ClusterIP";
    let policy = read::text(value, "spec.externalTrafficPolicy").filter(|policy| !policy.is_empty());
    if let Some(policy) = &policy {
        let field = Path::of("spec.externalTrafficPolicy");
        if !from_outside {
            let message =
                format!("{policy} is about traffic from outside, which a Service of type {kind} has not");
            findings.say(service, field, message);
        } else if policy == "Local" {
            local(scene, service, field, findings);
        }
    }
    let balances = kind == "LoadBalancer";
    let health = read::integer(value, "spec.healthCheckNodePort").is_some_and(|port| port != 0);
    if health && !(balances && policy.as_deref() == Some("Local")) {
        let message = "it is for type LoadBalancer with externalTrafficPolicy Local alone";
        findings.say(service, Path::of("spec.healthCheckNodePort"), message);
    }
    if !balances {
        for field in ["loadBalancerClass", "allocateLoadBalancerNodePorts", "loadBalancerSourceRanges"] {
            let path = format!("spec.{field}");
            let is_set = match read::at(value, &path) {
                Some(Value::List(list)) => !list.items().is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                other => other.is_some(),
            };
            if is_set {
                let message =
                    format!("it is for type LoadBalancer alone, and this Service is of type {kind}");
                findings.say(service, Path::of(&path), message);
            }
        }
    } else if read::text(value, "spec.loadBalancerIP").is_some_and(|ip| !ip.is_empty()) {
        let message = "loadBalancerIP is deprecated since Kubernetes 1.24, and not every cloud heeds it";
        let finding = findings.say(service, Path::of("spec.loadBalancerIP"), message);
        finding
            .severity(Severity::Warning)
            .fix("Use the annotation that the cloud's load balancers have for it.");
    }
}

/// Nodes without a pod drop what comes to them.
fn local(scene: &Scene, service: &Arc<Object>, field: Path, findings: &mut Findings) {
    let mut selected = scene.topology.behind(&service.id);
    let Some(own) = selected.find(|own| own.replicas != Replicas::PerNode) else { return };
    let pods = own.replicas.describe();
    let message = format!(
        "with Local, nodes without a pod of {} ({pods}) let no traffic in: load balancers have to check their health",
        own.object.id
    );
    findings.say(service, field, message).severity(Severity::Info);
}

/// How others name a port of a Service.
pub enum Port {
    /// By its number.
    Number(i64),
    /// By its name.
    Name(String),
}

/// Whether a Service has a port of this number or name.
pub fn has_port(service: &Object, port: &Port) -> bool {
    if type_of(service) == "ExternalName" {
        return true;
    }
    ports_of(service).iter().any(|(_, own)| match port {
        Port::Number(number) => read::integer(own, "port") == Some(*number),
        Port::Name(name) => read::text(own, "name").as_deref() == Some(name.as_str()),
    })
}

/// The ports of a Service, for the reader: `http (80) and https (443)`.
pub fn ports_in_words(service: &Object) -> String {
    let words = |(_, port): (Path, Value)| {
        let number = read::text(&port, "port").unwrap_or_default();
        match read::text(&port, "name").filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({number})"),
            None => number,
        }
    };
    let ports: Vec<String> = ports_of(service).into_iter().map(words).collect();
    if ports.is_empty() { "none at all".to_string() } else { read::list(&ports, 4) }
}
