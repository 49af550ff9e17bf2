//! Workloads, autoscalers and budgets that lay hands on each other's pods.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::pods;
use crate::compare::Path;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::topology::{Scaler, Workload};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW005",
        name: "overlapping-workload-selectors",
        severity: Severity::Warning,
        summary: "Two workloads select each other's pods.",
        why: "Controllers tell their pods by owner, but autoscalers, disruption budgets and kubectl tell them by the \
              selector: they count and act on the pods of both. A canary of another Istio revision shares the labels \
              of the stable gateway on purpose; then this is only worth knowing.",
        fix: "Give each workload a label of its own in spec.selector and in the labels of its pods. A selector can't be \
              changed later without deleting the workload.",
        source: "kubernetes.io/docs/concepts/workloads/controllers/deployment: Selector",
        check: Check::Whole(workloads),
    },
    Rule {
        id: "GW006",
        name: "hpa-ambiguous",
        severity: Severity::Error,
        summary: "A pod is selected by the targets of two HorizontalPodAutoscalers.",
        why: "The controller finds that, sets the condition AmbiguousSelector, and scales neither.",
        fix: "Give each target a selector that only its own pods have, or remove one of the autoscalers.",
        source: "pkg/controller/podautoscaler/horizontal.go: AmbiguousSelector",
        check: Check::Whole(ambiguous),
    },
    Rule {
        id: "GW007",
        name: "hpa-counts-foreign-pods",
        severity: Severity::Warning,
        summary: "The target of a HorizontalPodAutoscaler selects the pods of another workload, too.",
        why: "The autoscaler finds pods by its target's selector: it takes the average over the pods of both, and \
              scales only one of them by it.",
        fix: "Give the target a selector that only its own pods have, or take the autoscaler away while the other \
              workload is there.",
        source: "pkg/controller/podautoscaler/replica_calculator.go: GetResourceReplicas",
        check: Check::Whole(foreign_pods),
    },
    Rule {
        id: "GW008",
        name: "pdb-overlap",
        severity: Severity::Error,
        summary: "A pod is selected by two PodDisruptionBudgets.",
        why: "The API refuses to evict such a pod: nodes can't be drained.",
        fix: "Keep one budget for each pod; make the selectors narrower.",
        source: "pkg/registry/core/pod/storage/eviction.go: more than one PodDisruptionBudget",
        check: Check::Whole(budgets),
    },
];

fn workloads(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for (index, workload) in topology.workloads.iter().enumerate() {
        if findings.is_full() {
            return findings.cut();
        }
        if !findings.judges(&workload.object) {
            continue;
        }
        // Of two that are judged, the later one is told.
        let is_told = |other: usize, it: &Workload| other < index || !findings.judges(&it.object);
        let mutual = topology.reach(index).iter().filter_map(|other| {
            let it = topology.workloads.get(*other).filter(|it| *other != index && is_told(*other, it))?;
            topology.reach(*other).binary_search(&index).is_ok().then_some(it)
        });
        let is_canary = |other: &&Workload| {
            workload.is_gateway && other.is_gateway && workload.revision() != other.revision()
        };
        let (canaries, others): (Vec<&Workload>, Vec<&Workload>) = mutual.partition(is_canary);
        for (all, severity) in [(others, Severity::Warning), (canaries, Severity::Info)] {
            if !all.is_empty() {
                let message = format!(
                    "its selector matches the pods of {}, and the other way round",
                    pods::names(&all)
                );
                findings.say(&workload.object, Path::of("spec.selector"), message).severity(severity);
            }
        }
    }
}

/// The autoscalers whose targets select the pods of each workload, by the workload's place.
fn by_pods(scene: &Scene) -> BTreeMap<usize, Vec<&Scaler>> {
    let topology = &scene.topology;
    let mut found: BTreeMap<usize, Vec<&Scaler>> = BTreeMap::new();
    for scaler in &topology.scalers {
        for index in
            topology.workload_index(&scaler.target).into_iter().flat_map(|index| topology.reach(index))
        {
            found.entry(*index).or_default().push(scaler);
        }
    }
    found
}

fn ambiguous(scene: &Scene, findings: &mut Findings) {
    let mut told = HashSet::new();
    for scalers in by_pods(scene).values() {
        let Some((first, rest)) = scalers.split_first() else { continue };
        // Two autoscalers of one target are a mistake of their own.
        for other in rest.iter().filter(|other| other.target != first.target) {
            let Some((own, other)) = findings.judged_of(*other, *first, |it| &it.object) else { continue };
            // Each is told once: one that it stands in the way of is enough.
            if !told.insert(Arc::as_ptr(&own.object)) {
                continue;
            }
            let message = format!(
                "scales nothing: its target {} and {}, that of {}, select the same pods",
                own.target, other.target, other.object.id
            );
            findings.say(&own.object, Path::of("spec.scaleTargetRef"), message);
        }
    }
}

fn foreign_pods(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    let by_pods = by_pods(scene);
    for scaler in &topology.scalers {
        let Some(target) = topology.workload_index(&scaler.target) else { continue };
        let foreign = topology.reach(target).iter().filter(|index| **index != target);
        // What another autoscaler scales is ambiguous instead.
        let only_ours = |index: &&usize| by_pods.get(index).is_none_or(|all| all.len() < 2);
        let foreign: Vec<&Workload> =
            foreign.filter(only_ours).filter_map(|index| topology.workloads.get(*index)).collect();
        if foreign.is_empty() {
            continue;
        }
        if findings.judges(&scaler.object) {
            let message = format!(
                "scales {} by the pods of {}, too: the selector of {} matches them",
                scaler.target,
                pods::names(&foreign),
                scaler.target
            );
            findings.say(&scaler.object, Path::of("spec.scaleTargetRef"), message);
            continue;
        }
        // Where the autoscaler is in the cluster, it is the new workload that comes in its way.
        for workload in foreign {
            let message = format!(
                "its pods count for {}, which scales {}: the selector of {} matches them",
                scaler.object.id, scaler.target, scaler.target
            );
            findings.say(&workload.object, pods::metadata(&workload.object).at("labels"), message);
        }
    }
}

fn budgets(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    let mut told = HashSet::new();
    for (index, workload) in topology.workloads.iter().enumerate() {
        let mut budgets = topology.budgets.of(index);
        let Some(first) = budgets.next() else { continue };
        for other in budgets {
            let Some((own, other)) = findings.judged_of(other, first, |it| &it.object) else { continue };
            if told.insert(Arc::as_ptr(&own.object)) {
                let message = format!(
                    "{} is for the pods of {}, too: they can't be evicted",
                    other.object.id, workload.object.id
                );
                findings.say(&own.object, Path::of("spec.selector"), message);
            }
        }
    }
}
