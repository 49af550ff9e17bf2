//! Services: their ports, addresses and ways.

use std::collections::BTreeMap;

use super::Effect::{Other, Traffic};
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::rules::read;
use crate::rules::selector::Selector;
use crate::value::Value;

const SERVICE: &[&str] = &["Service"];

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "service-selector-changed",
        Traffic,
        "other selector ({})",
        "The selector of a Service changes.",
        "A Service sends traffic to the pods that have all labels of its selector.",
        Check::Run(selector),
    ),
    Rule::new(
        "service-type-changed",
        Traffic,
        "other type ({})",
        "The type of a Service changes.",
        "The type says from where it is reached: within the cluster, by a port on every node, by a load balancer. \
         An external address that is given up doesn't come back.",
        Check::Run(service_type),
    )
    .code("GW101"),
    Rule::new(
        "service-port-removed",
        Traffic,
        "ports removed ({})",
        "A Service has a port no longer.",
        "Clients that use it get no connection.",
        Check::Run(|subject, findings| ports(subject, findings, PortChange::Removed)),
    ),
    Rule::new(
        "service-port-added",
        Traffic,
        "ports added ({})",
        "A Service has a new port.",
        "More can be reached; a load balancer opens it to the outside.",
        Check::Run(|subject, findings| ports(subject, findings, PortChange::Added)),
    ),
    Rule::new(
        "service-target-port",
        Traffic,
        "other target ports ({})",
        "A port of a Service goes to another port of the pods.",
        "The pods must listen there already, and policies that name the pods' port must follow.",
        Check::Run(|subject, findings| ports(subject, findings, PortChange::Target)),
    )
    .code("GW103"),
    Rule::new(
        "service-node-port",
        Traffic,
        "other node ports ({})",
        "A port of a Service gets another port on the nodes.",
        "External load balancers and firewalls name it. One that is only left out stays as it is.",
        Check::Run(|subject, findings| ports(subject, findings, PortChange::Node)),
    )
    .code("GW101"),
    Rule::new(
        "service-port-renamed",
        Traffic,
        "ports renamed ({})",
        "A port of a Service gets another name.",
        "Ingresses, ServiceMonitors and routes find a port by its name, and Istio takes the protocol from it.",
        Check::Run(|subject, findings| ports(subject, findings, PortChange::Name)),
    ),
    Rule::new(
        "service-routing",
        Traffic,
        "pods chosen otherwise ({})",
        "A Service changes how it chooses among its pods.",
        "Traffic policies, session affinity and what counts as ready decide which pod gets a connection, and whether \
         it sees the client's address.",
        Check::Fields(&[Fields {
            kinds: SERVICE,
            paths: &[
                "spec.externalTrafficPolicy",
                "spec.internalTrafficPolicy",
                "spec.sessionAffinity",
                "spec.sessionAffinityConfig",
                "spec.publishNotReadyAddresses",
                "spec.trafficDistribution",
                "spec.ports.*.appProtocol",
            ],
            except: &[],
            message: "changes how connections are given to pods: {field}",
        }]),
    ),
    Rule::new(
        "service-exposure",
        Traffic,
        "exposed otherwise ({})",
        "A Service changes its external addresses, who may reach it, or its IP families.",
        "The load balancer may be made anew with another address; clients may be shut out.",
        Check::Fields(&[Fields {
            kinds: SERVICE,
            paths: &[
                "spec.loadBalancerIP",
                "spec.loadBalancerSourceRanges",
                "spec.loadBalancerClass",
                "spec.allocateLoadBalancerNodePorts",
                "spec.externalIPs",
                "spec.externalName",
                "spec.ipFamilyPolicy",
                "spec.ipFamilies",
                "spec.healthCheckNodePort",
            ],
            except: &[],
            message: "changes from where it is reached: {field}",
        }]),
    ),
    Rule::new(
        "load-balancer-annotations",
        Traffic,
        "other settings of load balancers ({})",
        "An annotation changes that a cloud's load balancer or external DNS reads.",
        "Such annotations say whether a load balancer is internal, which type and certificate it has: some make the \
         cloud replace it.",
        Check::Run(annotations),
    ),
    Rule::new(
        "service-address-kept",
        Other,
        "",
        "A Service's clusterIP is left out, where it was set.",
        "The API keeps the address that the Service has.",
        Check::Run(address_kept),
    )
    .source("pkg/registry/core/service/storage.go: patchAllocatedValues"),
    Rule::new(
        "service-new",
        Other,
        "",
        "A Service is new.",
        "Nothing used it before. One of type LoadBalancer costs an address.",
        Check::Run(new),
    ),
];

fn both(subject: &Subject<'_>) -> Option<(Value, Value)> {
    subject.both().filter(|_| subject.is(SERVICE)).map(|(old, new)| (old.value.clone(), new.value.clone()))
}

fn selector(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let Some(field) = subject.field("spec.selector") else { return };
    let describe = |value| match Selector::from_map(value, "spec.selector") {
        selector if selector.is_empty() => "nothing".to_string(),
        selector => selector.describe(),
    };
    findings.say_at(Some(field), format!("selects pods by {} instead of {}", describe(&new), describe(&old)));
}

fn type_of(value: &Value) -> String {
    read::text(value, "spec.type").unwrap_or_else(|| "ClusterIP".to_string())
}

fn service_type(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let (old, new) = (type_of(&old), type_of(&new));
    if old == new {
        return;
    }
    let more = match (old.as_str(), new.as_str()) {
        ("LoadBalancer", _) => ": its external address is given up",
        (_, "LoadBalancer") => ": it gets an external address",
        (_, "NodePort") => ": it opens ports on every node",
        ("NodePort", _) => ": it closes its ports on the nodes",
        (_, "ExternalName") => ": its name points elsewhere, to no pods",
        _ => "",
    };
    findings.say_at(subject.field("spec.type"), format!("changes its type from {old} to {new}{more}"));
}

/// What may happen to a port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortChange {
    Removed,
    Added,
    Target,
    Node,
    Name,
}

struct Port {
    name: String,
    target: String,
    node: Option<String>,
}

/// The ports by number and protocol, as `80` and `53/UDP`.
fn ports_of(value: &Value) -> BTreeMap<String, Port> {
    let mut ports = BTreeMap::new();
    for port in read::items(value, "spec.ports") {
        let Some(number) = read::text(&port, "port") else { continue };
        let protocol = read::text(&port, "protocol").unwrap_or_else(|| "TCP".to_string());
        let key = if protocol == "TCP" { number.clone() } else { format!("{number}/{protocol}") };
        let target = read::text(&port, "targetPort").filter(|t| !t.is_empty() && t != "0").unwrap_or(number);
        let node = read::text(&port, "nodePort").filter(|node| node != "0");
        ports.insert(key, Port { name: read::text(&port, "name").unwrap_or_default(), target, node });
    }
    ports
}

fn ports(subject: &Subject<'_>, findings: &mut Findings<'_, '_>, change: PortChange) {
    let Some((old, new)) = both(subject) else { return };
    let (was, is) = (ports_of(&old), ports_of(&new));
    let field = subject.field("spec.ports");
    let only = |a: &BTreeMap<String, Port>, b: &BTreeMap<String, Port>| -> Vec<String> {
        a.keys().filter(|key| !b.contains_key(*key)).cloned().collect()
    };
    let plural = |ports: &[String]| if ports.len() == 1 { "port" } else { "ports" };
    match change {
        PortChange::Removed => {
            let gone = only(&was, &is);
            if !gone.is_empty() {
                findings
                    .say_at(field, format!("no longer has the {} {}", plural(&gone), read::list(&gone, 5)));
            }
        }
        PortChange::Added => {
            let come = only(&is, &was);
            if !come.is_empty() {
                findings.say_at(field, format!("has the new {} {}", plural(&come), read::list(&come, 5)));
            }
        }
        _ => {
            let mut texts = Vec::new();
            for (key, new) in &is {
                let Some(old) = was.get(key) else { continue };
                match change {
                    PortChange::Target if old.target != new.target => {
                        texts.push(format!(
                            "port {key} goes to {} of the pods instead of {}",
                            new.target, old.target
                        ));
                    }
                    PortChange::Node if new.node.is_some() && old.node != new.node => {
                        let node = new.node.as_deref().unwrap_or_default();
                        texts.push(format!("port {key} is at port {node} of the nodes"));
                    }
                    PortChange::Name if old.name != new.name && !old.name.is_empty() => {
                        texts.push(format!("port {key} is called {:?} instead of {:?}", new.name, old.name));
                    }
                    _ => {}
                }
            }
            if !texts.is_empty() {
                findings.say_at(field, read::list(&texts, 5));
            }
        }
    }
}

/// How annotations begin that load balancers, and the DNS that follows them, read.
const BALANCERS: &[&str] = &[
    "service.beta.kubernetes.io/",
    "service.kubernetes.io/",
    "cloud.google.com/",
    "networking.gke.io/",
    "alb.ingress.kubernetes.io/",
    "load-balancer.hetzner.cloud/",
    "kubernetes.digitalocean.com/",
    "service.cloud.tencent.com/",
    "metallb.universe.tf/",
    "metallb.io/",
    "kube-vip.io/",
    "lb.cilium.io/",
    "io.cilium/",
    "external-dns.alpha.kubernetes.io/",
    "oci.oraclecloud.com/",
    "oci-network-load-balancer.oraclecloud.com/",
];

fn annotations(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let of = |value| -> BTreeMap<String, Value> {
        read::entries(value, "metadata.annotations").into_iter().collect()
    };
    let (old, new) = (of(&old), of(&new));
    let mut changed: Vec<String> = Vec::new();
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        let is_read = BALANCERS.iter().any(|start| key.starts_with(start));
        if is_read && !read::equal(old.get(key), new.get(key)) {
            changed.push(key.clone());
        }
    }
    if !changed.is_empty() {
        let field = subject.field("metadata.annotations");
        findings.say_at(field, format!("its load balancer gets other settings: {}", read::list(&changed, 3)));
    }
}

fn address_kept(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let address = |value| read::text(value, "spec.clusterIP").filter(|address| !address.is_empty());
    if address(&old).is_some() && address(&new).is_none() {
        let field = subject.field("spec.clusterIP");
        let message = if address(&old).as_deref() == Some("None") {
            "clusterIP is left out, but the Service stays headless"
        } else {
            "clusterIP is left out, but the Service keeps its address"
        };
        findings.say_at(field, message);
    }
}

fn new(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.is(SERVICE) && subject.occasion == Occasion::Added {
        let kind = type_of(&subject.new_value());
        findings.say(match kind.as_str() {
            "LoadBalancer" => "a new Service, with an external address of its own".to_string(),
            kind => format!("a new Service ({kind})"),
        });
    }
}
