//! Policies about gateways.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::pods;
use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::Workload;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW048",
        name: "networkpolicy-blocks-port",
        severity: Severity::Warning,
        summary: "NetworkPolicies let nothing through to a port of a gateway that its Service sends traffic to.",
        why: "Who selects a pod by a policy closes all its ports but those that some policy opens.",
        fix: "Open the target ports of the Service, 15021 for health checks among them.",
        source: "staging/src/k8s.io/api/networking/v1/types.go: NetworkPolicySpec",
        check: Check::Whole(blocked_ports),
    },
    Rule {
        id: "GW094",
        name: "ineffective-selector",
        severity: Severity::Warning,
        summary: "A policy of Istio selects the pods of a Gateway of the Gateway API by their labels.",
        why: "For these, Istio looks at targetRefs alone: the policy has no effect on the gateway.",
        fix: "Set spec.targetRefs to the Gateway in place of the selector.",
        source: "pkg/config/analysis/analyzers/k8sgateway/workloadselector.go: IST0166",
        check: Check::Whole(ineffective_selector),
    },
];

/// The label of the pods of a Gateway of the Gateway API.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

fn blocked_ports(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.gave_up() {
        return;
    }
    let opened: HashMap<*const Object, Vec<Opened>> = topology
        .network_policies
        .iter()
        .filter(|policy| is_about_ingress(&policy.object))
        .map(|policy| (Arc::as_ptr(&policy.object), Opened::all(&policy.object)))
        .collect();
    for (index, workload) in topology.workloads.iter().enumerate().filter(|(_, workload)| workload.is_gateway)
    {
        let policies = topology.network_policies.of(index);
        let policies: Vec<(&Arc<Object>, &Vec<Opened>)> = policies
            .filter_map(|policy| Some((&policy.object, opened.get(&Arc::as_ptr(&policy.object))?)))
            .collect();
        let Some((first, _)) = policies.first() else { continue };
        let mut sent = BTreeSet::new();
        for service in topology.services.of(index) {
            if !findings.may_compare(service.ports.len()) {
                return;
            }
            let ports = service.ports.iter();
            sent.extend(ports.filter_map(|port| Some((workload.target(port)?, port.protocol.as_str()))));
        }
        let rules: usize = policies.iter().map(|(_, opened)| opened.len()).sum();
        if !findings.may_compare(rules.saturating_mul(sent.len())) {
            return;
        }
        let opens = |number, protocol| {
            policies
                .iter()
                .any(|(_, all)| all.iter().any(|opened| opened.lets_in(workload, number, protocol)))
        };
        let closed: BTreeSet<i64> =
            sent.into_iter().filter(|(number, protocol)| !opens(*number, protocol)).map(|(n, _)| n).collect();
        if closed.is_empty() {
            continue;
        }
        let ports = if closed.len() == 1 { "port" } else { "ports" };
        let closed: Vec<String> = closed.iter().map(i64::to_string).collect();
        let closed = format!("{ports} {}", read::list(&closed, 5));
        // A new gateway may come in the way of policies that are in the cluster.
        match policies.iter().find(|(policy, _)| findings.judges(policy)) {
            Some((policy, _)) => {
                let id = &workload.object.id;
                let message =
                    format!("lets nothing through to {closed} of {id}, which its Service sends traffic to");
                findings.say(policy, Path::of("spec.ingress"), message);
            }
            None => {
                let message = format!(
                    "{} lets nothing through to {closed}, which its Service sends traffic to",
                    first.id
                );
                findings.say(&workload.object, pods::metadata(&workload.object).at("labels"), message);
            }
        }
    }
}

/// Whether a policy says what may come in: without `policyTypes`, each does.
fn is_about_ingress(policy: &Object) -> bool {
    let types = read::texts(&policy.value, "spec.policyTypes");
    types.is_empty() || types.iter().any(|kind| kind == "Ingress")
}

/// What a rule of a policy opens, to whomever.
enum Opened {
    All,
    Port { protocol: String, first: Option<String>, last: Option<i64> },
}

impl Opened {
    fn all(policy: &Object) -> Vec<Opened> {
        let mut found = Vec::new();
        for rule in read::items(&policy.value, "spec.ingress") {
            let ports = read::items(&rule, "ports");
            if ports.is_empty() {
                return vec![Opened::All];
            }
            found.extend(ports.iter().map(|port| Opened::Port {
                protocol: read::text(port, "protocol").unwrap_or_else(|| "TCP".to_string()),
                first: read::text(port, "port"),
                last: read::integer(port, "endPort"),
            }));
        }
        found
    }

    fn lets_in(&self, workload: &Workload, number: i64, protocol: &str) -> bool {
        let Opened::Port { protocol: own, first, last } = self else { return true };
        let first = first.as_ref().map(|text| text.parse().ok().or_else(|| workload.port_named(text)));
        own == protocol
            && match first {
                None => true,
                Some(None) => false,
                Some(Some(first)) => first == number || (first..=last.unwrap_or(first)).contains(&number),
            }
    }
}

fn ineffective_selector(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for policy in topology.istio_policies.iter() {
        let value = &policy.object.value;
        let targets =
            read::at(value, "spec.targetRef").is_some() || !read::items(value, "spec.targetRefs").is_empty();
        if targets
            || !matches!(
                &*policy.object.id.kind,
                "AuthorizationPolicy" | "RequestAuthentication" | "Telemetry" | "WasmPlugin"
            )
        {
            continue;
        }
        let of_pods = |workload: &Workload| workload.labels.get(GATEWAY_NAME).cloned();
        let named = policy.selector.labels().get(GATEWAY_NAME).filter(|name| {
            let id = Identity {
                group: "gateway.networking.k8s.io".into(),
                kind: "Gateway".into(),
                namespace: policy.object.id.namespace.clone(),
                name: name.as_str().into(),
            };
            topology.get(&id).is_some()
        });
        let gateway = topology.selected_by(policy).find_map(of_pods).or_else(|| named.cloned());
        if let Some(gateway) = gateway {
            let message = format!("has no effect on the gateway {gateway}, whose pods it selects by labels");
            findings.say(&policy.object, Path::of("spec.selector"), message);
        }
    }
}
