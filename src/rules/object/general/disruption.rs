//! Disruption budgets, and workloads that have a single pod.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::selector::Selector;
use crate::rules::topology::Workload;
use crate::rules::workload::Replicas;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW064",
        name: "pdb-blocks",
        severity: Severity::Warning,
        summary: "A disruption budget lets none of its pods go.",
        why: "Nodes can't be drained while it holds: upgrades of the cluster wait for it, or time out.",
        fix: "Run more pods than minAvailable, or give maxUnavailable: 1 instead.",
        source: "pkg/controller/disruption/disruption.go: getExpectedPodCount; pkg/apis/policy/validation",
        check: Check::Each(BUDGETS, blocks),
    },
    Rule {
        id: "GW065",
        name: "pdb-selects-nothing",
        severity: Severity::Warning,
        summary: "A disruption budget selects no pods.",
        why: "It protects nothing, while its author counts on it.",
        fix: "Give it labels that the pods have.",
        source: "",
        check: Check::Each(BUDGETS, selects_nothing),
    },
    Rule {
        id: "GW066",
        name: "pdb-of-daemonset",
        severity: Severity::Info,
        summary: "A disruption budget is for the pods of a DaemonSet.",
        why: "kubectl drain and most tools leave pods of DaemonSets alone or stop at them, and a share or \
              maxUnavailable can't be counted for them.",
        fix: "Remove the budget, or give minAvailable as a number.",
        source: "pkg/controller/disruption/disruption.go: finders",
        check: Check::Each(BUDGETS, of_daemon),
    },
    Rule {
        id: "GW067",
        name: "single-replica",
        severity: Severity::Info,
        summary: "A Deployment behind a Service has one pod, and no autoscaler.",
        why: "While that pod is moved or restarts for want of memory, nothing answers.",
        fix: "Run two or more, if it can, or set the finding aside.",
        source: "",
        check: Check::Each(&["apps/Deployment"], single),
    },
];

const BUDGETS: &[&str] = &["policy/PodDisruptionBudget"];

/// The workloads that a budget is for; `None` if that isn't known.
fn selected<'a>(scene: &'a Scene, budget: &Arc<Object>) -> Option<Vec<&'a Workload>> {
    let topology = &scene.topology;
    // Of budgets that are there twice, the first counts.
    let own = topology.budgets.get(&budget.id).filter(|own| Arc::ptr_eq(&own.object, budget))?;
    (!topology.gave_up()).then(|| topology.selected_by(own).collect())
}

/// A number of pods, or a share of them.
enum Amount {
    Pods(i64),
    Share(f64),
}

impl Amount {
    fn read(budget: &Object, path: &str) -> Option<Amount> {
        if let Some(pods) = read::integer(&budget.value, path) {
            return Some(Amount::Pods(pods));
        }
        let text = read::text(&budget.value, path)?;
        text.strip_suffix('%')?.parse().ok().map(Amount::Share)
    }

    /// How many that is of so many, a part of a pod counted as one.
    fn of(&self, pods: u64) -> i64 {
        match self {
            Amount::Pods(pods) => *pods,
            Amount::Share(share) => (share * pods as f64 / 100.0).ceil() as i64,
        }
    }
}

fn blocks(scene: &Scene, budget: &Arc<Object>, findings: &mut Findings) {
    let (least, most) = ("spec.minAvailable", "spec.maxUnavailable");
    let (min, max) = (Amount::read(budget, least), Amount::read(budget, most));
    if read::at(&budget.value, least).is_some() && read::at(&budget.value, most).is_some() {
        let message = "minAvailable and maxUnavailable are both set, and the API takes one of them";
        findings.say(budget, Path::of(most), message).severity(Severity::Error);
        return;
    }
    if let Some(Amount::Pods(0)) | Some(Amount::Share(0.0)) = max {
        findings.say(budget, Path::of(most), "maxUnavailable is 0: no pod may ever go");
        return;
    }
    if let Some(Amount::Share(100.0)) = min {
        findings.say(budget, Path::of(least), "minAvailable is 100%: no pod may ever go");
        return;
    }
    let (Some(min), Some(own)) = (min, selected(scene, budget)) else { return };
    let least_pods = |own: &&Workload| match own.replicas {
        Replicas::Fixed(pods) | Replicas::Scaled(pods, _) => Some(pods),
        Replicas::PerNode => None,
    };
    let Some(counts) = own.iter().map(least_pods).collect::<Option<Vec<u64>>>() else { return };
    let pods = counts.iter().fold(0u64, |sum, pods| sum.saturating_add(*pods));
    if pods > 0 && min.of(pods) >= i64::try_from(pods).unwrap_or(i64::MAX) {
        let of = read::few(&own, 3, |own| own.object.id.to_string());
        let pods = read::count(usize::try_from(pods).unwrap_or(usize::MAX), "pod");
        let shown = read::text(&budget.value, least).unwrap_or_default();
        let message = format!("minAvailable is {shown}, and {of} has {pods}: none may go");
        findings.say(budget, Path::of(least), message);
    }
}

fn selects_nothing(scene: &Scene, budget: &Arc<Object>, findings: &mut Findings) {
    let selector = Selector::from_label_selector(&budget.value, "spec.selector");
    let is_empty = selected(scene, budget).is_some_and(|own| own.is_empty());
    if is_empty && !scene.may_be_made(&budget.id.namespace, &selector) {
        let labels = if selector.is_empty() { "any labels".to_string() } else { selector.describe() };
        let message = format!("no pods in {} have {labels}", budget.id.namespace);
        findings.say(budget, Path::of("spec.selector"), message);
    }
}

fn of_daemon(scene: &Scene, budget: &Arc<Object>, findings: &mut Findings) {
    let own = selected(scene, budget).unwrap_or_default();
    if let Some(daemon) = own.iter().find(|own| &*own.object.id.kind == "DaemonSet") {
        let message = format!("it is for the pods of {}", daemon.object.id);
        findings.say(budget, Path::of("spec.selector"), message);
    }
}

fn single(scene: &Scene, deployment: &Arc<Object>, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.scaler(&deployment.id).is_some() || topology.replicas(deployment) != Replicas::Fixed(1) {
        return;
    }
    let services = topology.services_selecting(&deployment.id).map(|service| &service.object.id);
    let services: BTreeSet<&Identity> = services.collect();
    let services: Vec<&Identity> = services.into_iter().collect();
    if !services.is_empty() {
        let services = read::few(&services, 3, |id| id.to_string());
        let message = format!("it is the single pod behind {services}");
        findings.say(deployment, Path::of("spec.replicas"), message);
    }
}
