//! Policies about gateways.

use std::sync::Arc;

use super::pods;
use super::proxy::target_port;
use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::topology::Workload;
use crate::rules::{read, workload};
use crate::value::Value;

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
    for (index, workload) in topology.workloads.iter().enumerate() {
        if !pods::makes_gateways(workload) {
            continue;
        }
        let policies: Vec<&Arc<Object>> = topology
            .network_policies
            .of(index)
            .map(|policy| &policy.object)
            .filter(|it| is_about_ingress(it))
            .collect();
        let (Some(first), Some(template)) = (policies.first(), workload::template(&workload.object)) else {
            continue;
        };
        let mut closed: Vec<String> = Vec::new();
        for service in topology.services.of(index) {
            for port in read::items(&service.object.value, "spec.ports") {
                let protocol = read::text(&port, "protocol").unwrap_or_else(|| "TCP".to_string());
                let Some(number) = target_port(&port, &template) else { continue };
                let opens = |policy: &&Arc<Object>| opens(policy, &template, number, &protocol);
                if !policies.iter().any(opens) && !closed.contains(&number.to_string()) {
                    closed.push(number.to_string());
                }
            }
        }
        if !closed.is_empty() {
            let ports = if closed.len() == 1 { "port" } else { "ports" };
            let message = format!(
                "lets nothing through to {ports} {} of {}, which its Service sends traffic to",
                read::list(&closed, 5),
                workload.object.id
            );
            findings.say(first, Path::of("spec.ingress"), message);
        }
    }
}

/// Whether a policy says what may come in: without `policyTypes`, each does.
fn is_about_ingress(policy: &Object) -> bool {
    let types = read::texts(&policy.value, "spec.policyTypes");
    types.is_empty() || types.iter().any(|kind| kind == "Ingress")
}

/// Whether a policy opens a port of a pod, to whomever.
fn opens(policy: &Object, template: &Value, number: i64, protocol: &str) -> bool {
    let fits = |port: &Value| {
        let own = read::text(port, "protocol").unwrap_or_else(|| "TCP".to_string());
        let first = read::text(port, "port")
            .map(|text| text.parse().ok().or_else(|| container_port(template, &text)).unwrap_or_default());
        let last = read::integer(port, "endPort");
        own == protocol
            && first.is_none_or(|first| first == number || (first..=last.unwrap_or(first)).contains(&number))
    };
    read::items(&policy.value, "spec.ingress").iter().any(|rule| {
        let ports = read::items(rule, "ports");
        ports.is_empty() || ports.iter().any(fits)
    })
}

fn container_port(template: &Value, name: &str) -> Option<i64> {
    let containers = workload::containers(template);
    let mut ports = containers.iter().flat_map(|container| read::items(&container.value, "ports"));
    let port = ports.find(|port| read::text(port, "name").as_deref() == Some(name))?;
    read::integer(&port, "containerPort")
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
