//! The ports of Gateways, and of Services in the mesh.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::webhook;
use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::topology::{ServicePort, Target, Topology};
use crate::rules::{injection, read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW012",
        name: "two-services-one-workload",
        severity: Severity::Warning,
        summary: "Services that select one Deployment in the mesh disagree about its ports.",
        why: "Istio makes one listener for a port of a workload: with two protocols for a port, or two Service ports \
              for a target port, only one of them gets what it says.",
        fix: "Use one Service, or the same ports and protocols in all.",
        source: "pkg/config/analysis/analyzers/deployment/services.go: IST0116, IST0137",
        check: Check::Each(&["apps/Deployment"], services_disagree),
    },
    Rule {
        id: "GW040",
        name: "gateway-port-not-exposed",
        severity: Severity::Warning,
        summary: "A port of a Gateway is no port of the Services that select its pods.",
        why: "The proxies open it, but nothing brings traffic to it.",
        fix: "Add the port to the gateway's Service (the gateway chart: service.ports), or use one that is there.",
        source: "pkg/config/analysis/analyzers/gateway/gateway.go: IST0162",
        check: Check::Whole(port_not_exposed),
    },
    Rule {
        id: "GW041",
        name: "status-port-missing",
        severity: Severity::Info,
        summary: "The LoadBalancer Service of a gateway has no port 15021.",
        why: "The gateway answers health checks there. Some load balancers check the first port of a Service instead, \
              which is not open until a Gateway asks for it.",
        fix: "Add it in front: name: status-port, port: 15021.",
        source: "manifests/charts/gateway/values.yaml: service.ports",
        check: Check::Whole(status_port),
    },
    Rule {
        id: "GW047",
        name: "port-name-protocol",
        severity: Severity::Info,
        summary: "A port of a Service in the mesh says nothing about its protocol.",
        why: "Istio takes the protocol from the name (http, http-web, grpc-api, tcp …) or from appProtocol. Without, it \
              guesses by the first bytes, which fails for protocols where the server speaks first.",
        fix: "Name the port PROTOCOL or PROTOCOL-WORD, or set appProtocol.",
        source: "pkg/config/kube/conversion.go: ConvertProtocol; pkg/config/analysis/analyzers/service/portname.go: \
                 IST0118, IST0150",
        check: Check::Each(&["Service"], port_name),
    },
];

/// The port of a gateway's health.
pub const STATUS_PORT: i64 = 15021;

fn services_disagree(scene: &Scene, deployment: &Arc<Object>, findings: &mut Findings) {
    let topology = &scene.topology;
    let waypoint = read::label(&deployment.value, "gateway.istio.io/managed").as_deref()
        == Some("istio.io-mesh-controller");
    let Some(index) = topology.workload_index(&deployment.id) else { return };
    let in_mesh = topology.workloads.get(index).is_some_and(|workload| workload.is_in_mesh);
    let several = topology.services.of(index).nth(1).is_some();
    if waypoint || !several || !in_mesh || !findings.may_compare(ports_of(topology, index)) {
        return;
    }
    let mut by_port: BTreeMap<i64, Vec<(&ServicePort, &Arc<Object>)>> = BTreeMap::new();
    let mut by_target: BTreeMap<&Target, Vec<(&ServicePort, &Arc<Object>)>> = BTreeMap::new();
    for service in topology.services.of(index) {
        for port in &service.ports {
            let Some(number) = port.number else { continue };
            by_port.entry(number).or_default().push((port, &service.object));
            by_target.entry(&port.target).or_default().push((port, &service.object));
        }
    }
    let services = |ports: &[(&ServicePort, &Arc<Object>)]| {
        let ids: BTreeSet<&Identity> = ports.iter().map(|(_, service)| &service.id).collect();
        read::few(&ids.into_iter().collect::<Vec<_>>(), 3, |id| id.to_string())
    };
    for (port, all) in by_port {
        let protocols: BTreeSet<&str> = all.iter().map(|(port, _)| port.protocol.as_str()).collect();
        if protocols.len() > 1 {
            let protocols: Vec<String> = protocols.into_iter().map(str::to_string).collect();
            let message =
                format!("port {port} has the protocols {} in {}", read::list(&protocols, 3), services(&all));
            findings.say(deployment, None, message);
        }
    }
    for (target, all) in by_target {
        let numbers: BTreeSet<i64> = all.iter().filter_map(|(port, _)| port.number).collect();
        let target = match target {
            Target::Number(number) => number.to_string(),
            Target::Name(name) => name.clone(),
            Target::None => continue,
        };
        if numbers.len() > 1 {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            let message =
                format!("its port {target} is reached as {} in {}", read::list(&numbers, 4), services(&all));
            findings.say(deployment, None, message);
        }
    }
}

/// How many ports the Services of a workload have.
fn ports_of(topology: &Topology, index: usize) -> usize {
    topology.services.of(index).map(|service| 1 + service.ports.len()).sum()
}

fn port_not_exposed(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.gave_up() {
        return;
    }
    let mut exposed: HashMap<usize, BTreeSet<i64>> = HashMap::new();
    for gateway in topology.gateways.iter().filter(|it| !it.selects.is_empty() && !it.selector.is_empty()) {
        let servers = read::items(&gateway.object.value, "spec.servers");
        let mut missing: Vec<(usize, i64)> = servers
            .iter()
            .enumerate()
            .filter_map(|(index, server)| Some((index, read::integer(server, "port.number")?)))
            .collect();
        for index in &gateway.selects {
            if missing.is_empty() {
                break;
            }
            if !exposed.contains_key(index) && !findings.may_compare(ports_of(topology, *index)) {
                return;
            }
            let ports = exposed.entry(*index).or_insert_with(|| exposed_ports(topology, *index));
            missing.retain(|(_, port)| !ports.contains(port));
        }
        if missing.is_empty() {
            continue;
        }
        let mut services: BTreeSet<&Identity> = BTreeSet::new();
        for index in &gateway.selects {
            if !findings.may_compare(topology.services.of(*index).count()) {
                return;
            }
            services.extend(topology.services.of(*index).map(|service| &service.object.id));
        }
        let services: Vec<&Identity> = services.into_iter().collect();
        for (index, port) in missing {
            let message = match services.is_empty() {
                true => format!("no Service selects the pods that open port {port}"),
                false => {
                    let services = read::few(&services, 3, |id| id.to_string());
                    format!("port {port} is no port of {services}")
                }
            };
            let field = Path::of("spec.servers").index(index).at("port.number");
            findings.say(&gateway.object, field, message);
        }
    }
}

/// The ports of a workload's pods that traffic comes to: of Services, by either of their numbers, and of the node.
fn exposed_ports(topology: &Topology, index: usize) -> BTreeSet<i64> {
    let Some(workload) = topology.workloads.get(index) else { return BTreeSet::new() };
    let mut exposed: BTreeSet<i64> = host_ports(&workload.template).into_iter().collect();
    for service in topology.services.of(index) {
        for port in service.ports.iter().filter(|port| port.protocol == "TCP") {
            exposed.extend(port.number);
            exposed.extend(workload.target(port));
        }
    }
    exposed
}

/// The ports of the node that lead to a pod.
fn host_ports(template: &Value) -> Vec<i64> {
    let host_network = read::boolean(template, "spec.hostNetwork") == Some(true);
    let containers = workload::containers(template);
    let ports = containers.iter().flat_map(|container| read::items(&container.value, "ports"));
    let of = |port: Value| {
        let own = read::integer(&port, "containerPort");
        if host_network { own } else { read::integer(&port, "hostPort").and(own) }
    };
    ports.filter_map(of).collect()
}

fn status_port(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for service in topology.services.iter() {
        let balances = read::text(&service.object.value, "spec.type").as_deref() == Some("LoadBalancer");
        let mut selected = topology.selected_by(service);
        if !balances || !selected.next().is_some_and(|workload| workload.is_gateway) {
            continue;
        }
        if !service.ports.iter().any(|port| port.number == Some(STATUS_PORT)) {
            let message = "has no port 15021, where the gateway answers health checks";
            findings.say(&service.object, Path::of("spec.ports"), message);
        }
    }
}

/// The protocols that Istio knows by name (`pkg/config/protocol/instance.go: Parse`).
const PROTOCOLS: &[&str] =
    &["tcp", "udp", "grpc", "http", "http_proxy", "http2", "https", "tls", "mongo", "redis", "mysql"];

/// Values of `appProtocol` that Kubernetes defines and Istio knows.
const APP_PROTOCOLS: &[&str] = &["kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss"];

/// Ports whose protocol is not guessed: SMTP, DNS, MySQL, MongoDB.
const NOT_GUESSED: &[i64] = &[25, 53, 3306, 27017];

/// Namespaces and labels of Services that istioctl passes over.
const SYSTEM: &[&str] = &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

fn port_name(scene: &Scene, service: &Arc<Object>, findings: &mut Findings) {
    if webhook::is_control_plane(service)
        || SYSTEM.contains(&&*service.id.namespace)
        || read::label(&service.value, "gateway.istio.io/managed").is_some()
        || !is_of_the_mesh(scene, service)
    {
        return;
    }
    let by_name = read::text(&service.value, "spec.type").as_deref() == Some("ExternalName");
    for (index, port) in read::items(&service.value, "spec.ports").iter().enumerate() {
        let name = read::text(port, "name").unwrap_or_default();
        if says_protocol(port, &name) && !(by_name && name == "tcp") {
            continue;
        }
        let number = read::text(port, "port").unwrap_or_default();
        let field = Path::of("spec.ports").item(index, format!("port={number}")).at("name");
        let message = match (by_name, name.is_empty()) {
            (true, _) => {
                format!("port {number} of a Service by name needs the name of a protocol other than tcp")
            }
            (_, true) => format!("port {number} has no name that tells its protocol"),
            _ => format!("the name of port {number}, {name}, tells no protocol that Istio knows"),
        };
        findings.say(service, field, message);
    }
}

/// Whether Istio knows the protocol of a port without guessing.
fn says_protocol(port: &Value, name: &str) -> bool {
    if read::text(port, "protocol").as_deref() == Some("UDP") {
        return true;
    }
    let app = read::text(port, "appProtocol");
    if app.as_deref().is_some_and(|app| APP_PROTOCOLS.contains(&app)) {
        return true;
    }
    let text = app.unwrap_or_else(|| name.to_string()).to_ascii_lowercase();
    let word = text.split('-').next().unwrap_or_default();
    text.starts_with("grpc-web")
        || PROTOCOLS.contains(&word)
        || read::integer(port, "port").is_some_and(|number| NOT_GUESSED.contains(&number))
}

/// Whether a Service is used in the mesh: its pods have proxies, or its namespace asks for them, or it selects no pods
/// that are known and there is an Istio. Of a gateway, Istio doesn't look at the Service's ports by name.
fn is_of_the_mesh(scene: &Scene, service: &Arc<Object>) -> bool {
    let topology = &scene.topology;
    let labels = topology.namespace(&service.id.namespace);
    if labels.is_some_and(|labels| injection::revision_of_namespace(labels).is_some()) {
        return true;
    }
    let mut selected = topology.behind(&service.id).peekable();
    match selected.peek() {
        None => labels.is_none() && !scene.around.revisions.is_empty(),
        Some(_) => selected.any(|it| it.is_in_mesh && !it.is_gateway),
    }
}
