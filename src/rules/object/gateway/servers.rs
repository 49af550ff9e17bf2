//! Gateways that stand in each other's way, and VirtualServices that find no Gateway.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::pods;
use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::{GatewayName, Selecting, VirtualService};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW090",
        name: "conflicting-gateways",
        severity: Severity::Error,
        summary: "Two Gateways of the same pods have servers for the same host on the same port.",
        why: "With TLS, or with different protocols, Istio takes the server of the older Gateway and drops the other. \
              Plain HTTP servers are merged, so that both Gateways' routes answer; that is a warning.",
        fix: "Keep the host in one Gateway and share that, or give them different ports or pods.",
        source: "pilot/pkg/model/gateway.go: mergeGateways; pkg/config/analysis/analyzers/gateway/\
                 conflictinggateway.go: IST0145",
        check: Check::Whole(conflicting),
    },
    Rule {
        id: "GW092",
        name: "virtual-service-gateway",
        severity: Severity::Warning,
        summary: "A VirtualService names a Gateway that is not there, or that has none of its hosts.",
        why: "Its routes apply to no traffic. The Gateway may be in the cluster; one of that name in another namespace \
              is an error: a name without a namespace is looked for in that of the VirtualService.",
        fix: "Write the Gateway as NAMESPACE/NAME, and give it a server for the hosts. If it is in the cluster, name it \
              by --with.",
        source: "pilot/pkg/model/config.go: resolveGatewayName; pkg/config/analysis/analyzers/virtualservice/\
                 gateways.go: IST0101, IST0132, IST0165",
        check: Check::Whole(virtual_service),
    },
];

/// A server of a Gateway.
struct Server<'a> {
    gateway: &'a Selecting,
    index: usize,
    port: i64,
    bind: String,
    hosts: Vec<String>,
    protocol: String,
    tls: bool,
}

impl<'a> Server<'a> {
    fn new(gateway: &'a Selecting, index: usize, value: &Value) -> Option<Server<'a>> {
        Some(Server {
            gateway,
            index,
            port: read::integer(value, "port.number")?,
            bind: read::text(value, "bind").unwrap_or_default(),
            hosts: read::texts(value, "hosts"),
            protocol: read::text(value, "port.protocol").unwrap_or_default(),
            tls: read::at(value, "tls").is_some(),
        })
    }

    /// Whether it is of another Gateway than the other server, for some of the same pods.
    fn shares_pods(&self, other: &Server<'_>) -> bool {
        let (own, others) = (self.gateway, other.gateway);
        own.object.id != others.object.id
            && (own.selector == others.selector
                || own.selects.iter().any(|index| others.selects.binary_search(index).is_ok()))
    }

    /// How much is to be looked at to say whether it shares pods with the other.
    fn pairs_with(&self, other: &Server<'_>) -> usize {
        let (own, others) = (self.gateway, other.gateway);
        if own.selector == others.selector { 1 } else { 1 + own.selects.len() }
    }

    /// Whether Istio makes one server of both.
    fn merges_with(&self, other: &Server<'_>) -> bool {
        !self.tls && !other.tls && self.protocol == other.protocol
    }
}

fn conflicting(scene: &Scene, findings: &mut Findings) {
    let servers: Vec<Server<'_>> = scene
        .topology
        .gateways
        .iter()
        .flat_map(|gateway| {
            let values = read::items(&gateway.object.value, "spec.servers");
            let servers = values.iter().enumerate();
            servers.filter_map(|(index, value)| Server::new(gateway, index, value)).collect::<Vec<_>>()
        })
        .collect();
    let mut by_host: HashMap<(i64, &str, &str), Vec<&Server<'_>>> = HashMap::new();
    for server in &servers {
        for host in &server.hosts {
            by_host.entry((server.port, &server.bind, host)).or_default().push(server);
        }
    }
    for server in &servers {
        let own = &server.gateway.object;
        if !findings.judges(own) {
            continue;
        }
        let mut others: Vec<(&str, &Server<'_>)> = Vec::new();
        for host in &server.hosts {
            let all = by_host.get(&(server.port, server.bind.as_str(), host.as_str()));
            for other in all.into_iter().flatten() {
                if !findings.may_compare(server.pairs_with(other)) {
                    return;
                }
                if server.shares_pods(other) {
                    others.push((host, other));
                }
            }
        }
        let Some((host, _)) = others.first() else { continue };
        let ids: BTreeSet<&Identity> = others.iter().map(|(_, other)| &other.gateway.object.id).collect();
        let ids: Vec<&Identity> = ids.into_iter().collect();
        let message = format!(
            "the host {host} on port {} is that of {}, too, for the same pods",
            server.port,
            read::few(&ids, 3, |id| pods::beside(id, &own.id.namespace))
        );
        let merged = others.iter().all(|(_, other)| server.merges_with(other));
        let severity = if merged { Severity::Warning } else { Severity::Error };
        findings.say(own, Path::of("spec.servers").index(server.index), message).severity(severity);
    }
}

/// The Gateways that Istio makes of those of the Gateway API are not for VirtualServices of others.
const INTERNAL: &str = "~istio-autogenerated-k8s-gateway~";

fn virtual_service(scene: &Scene, findings: &mut Findings) {
    for service in &scene.topology.virtual_services {
        if !findings.judges(&service.object) {
            continue;
        }
        let hosts = read::texts(&service.object.value, "spec.hosts");
        for name in &service.gateways {
            let field = Path::of("spec.gateways").index(name.index);
            if name.text.contains(INTERNAL) {
                let message = format!("names {}, which Istio makes for itself", name.text);
                findings.say(&service.object, field, message);
                continue;
            }
            let Some(gateway) = gateway(scene, &name.id) else {
                missing(scene, service, name, findings);
                continue;
            };
            let offered = offered_hosts(gateway, &service.object.id.namespace);
            if !findings.may_compare((1 + hosts.len()).saturating_mul(1 + offered.len())) {
                return;
            }
            if !hosts.iter().any(|host| offered.iter().any(|offered| overlap(offered, host))) {
                let message = match offered.is_empty() {
                    true => format!("{} has no host for {}", name.id, read::list(&hosts, 3)),
                    false => format!(
                        "{} has no host for {}, but {}",
                        name.id,
                        read::list(&hosts, 3),
                        read::list(&offered, 3)
                    ),
                };
                findings.say(&service.object, field, message);
            }
        }
    }
}

/// The Gateway of Istio, or that of the Gateway API, that a name means.
fn gateway<'a>(scene: &'a Scene, id: &Identity) -> Option<&'a Arc<Object>> {
    let of_api = Identity { group: "gateway.networking.k8s.io".into(), ..id.clone() };
    scene.topology.get(id).or_else(|| scene.topology.get(&of_api))
}

fn missing(scene: &Scene, service: &VirtualService, name: &GatewayName, findings: &mut Findings) {
    let elsewhere = scene.named("networking.istio.io/Gateway", &name.id.name).next();
    let (message, severity) = match elsewhere {
        Some(gateway) => (
            format!(
                "there is no {} in {}; one is in {}: write {}/{}",
                name.id, name.id.namespace, gateway.id.namespace, gateway.id.namespace, name.id.name
            ),
            Severity::Error,
        ),
        None => (format!("there is no {} in {} here", name.id, name.id.namespace), Severity::Warning),
    };
    let field = Path::of("spec.gateways").index(name.index);
    findings.say(&service.object, field, message).severity(severity);
}

/// The hosts of a Gateway that VirtualServices of a namespace may have routes for. A host may begin with the
/// namespace that it is for: `./` is the Gateway's own, `*/` any.
fn offered_hosts(gateway: &Object, namespace: &str) -> Vec<String> {
    if &*gateway.id.group == "gateway.networking.k8s.io" {
        let host = |listener: &Value| read::text(listener, "hostname").filter(|host| !host.is_empty());
        let listeners = read::items(&gateway.value, "spec.listeners");
        return listeners.iter().map(|it| host(it).unwrap_or_else(|| "*".to_string())).collect();
    }
    let servers = read::items(&gateway.value, "spec.servers");
    let hosts = servers.iter().flat_map(|server| read::texts(server, "hosts"));
    hosts
        .filter_map(|host| match host.split_once('/') {
            None => Some(host),
            Some((of, name)) => {
                let fits = of == "*" || of == namespace || (of == "." && *gateway.id.namespace == *namespace);
                fits.then(|| name.to_string())
            }
        })
        .collect()
}

/// Whether some name is meant by both hosts (`pkg/config/host/name.go: Matches`).
fn overlap(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
        (Some(one), None) => other.ends_with(one),
        (None, Some(other)) => one.ends_with(other),
        (None, None) => one == other,
    }
}
