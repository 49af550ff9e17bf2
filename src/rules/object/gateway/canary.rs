//! Canaries: how traffic is split, and whether they get any.

use super::pods;
use crate::compare::Path;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::Workload;
use crate::rules::traffic::{self, Split};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW009",
        name: "canary-same-service",
        severity: Severity::Info,
        summary: "A Service selects the pods of several workloads.",
        why: "It sends each ready pod the same share, so that the numbers of pods split the traffic between a stable \
              gateway and its canary. Where an autoscaler decides on the number of gateways, the split moves with the \
              load, and this is a warning.",
        fix: "Set the numbers of replicas to what each is to get, and switch autoscaling off while the canary is there.",
        source: "istio.io/docs/setup/additional-setup/gateway: canary upgrade",
        check: Check::Whole(split),
    },
    Rule {
        id: "GW010",
        name: "canary-not-selected",
        severity: Severity::Warning,
        summary: "A canary is not selected by the Service of the stable workload.",
        why: "It gets none of its traffic. A canary that is a release of its own (helm install NAME-canary --set \
              revision=canary) has labels of its own.",
        fix: "Give its pods the labels that the Service asks for (the gateway chart: labels.app and labels.istio), or \
              send traffic to a Service of its own.",
        source: "istio.io/docs/setup/additional-setup/gateway: canary upgrade",
        check: Check::Whole(not_selected),
    },
];

fn split(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for service in topology.services.iter().filter(|service| service.selects.len() > 1) {
        if findings.is_full() {
            return findings.cut();
        }
        // Who asks a headless Service, gets the addresses of all pods.
        if read::text(&service.object.value, "spec.clusterIP").as_deref() == Some("None") {
            continue;
        }
        let selected: Vec<&Workload> = topology.selected_by(service).collect();
        let split = Split::new(topology, &selected);
        let moves = !split.is_known && selected.iter().all(|workload| workload.is_gateway);
        let severity = if moves { Severity::Warning } else { Severity::Info };
        // A Service that is in the cluster may select pods that are new.
        let new = selected.iter().find(|workload| findings.judges(&workload.object));
        match new.filter(|_| !findings.judges(&service.object)) {
            Some(new) => {
                let message = format!("{} splits its traffic among {}", service.object.id, split.text);
                let field = pods::metadata(&new.object).at("labels");
                findings.say(&new.object, field, message).severity(severity);
            }
            None => {
                let message = format!("splits its traffic among {}", split.text);
                findings.say(&service.object, Path::of("spec.selector"), message).severity(severity);
            }
        }
    }
}

fn not_selected(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.gave_up() {
        return;
    }
    for (index, workload) in topology.workloads.iter().enumerate() {
        let Some(stable) = traffic::named_after(topology, &workload.object.id).next() else { continue };
        if !findings.may_compare(stable.selects.len()) {
            return;
        }
        if traffic::is_canary_without(topology, index, stable) {
            let message = format!(
                "is not selected by {}, which asks for {}: it gets none of its traffic",
                stable.object.id,
                stable.selector.describe()
            );
            findings.say(&workload.object, None, message);
        }
    }
}
