//! Autoscalers: what they scale, between which bounds, and by what.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology;
use crate::rules::workload::{self, Container};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW060",
        name: "hpa-target-missing",
        severity: Severity::Error,
        summary: "An autoscaler scales an object that is not there.",
        why: "It does nothing: the autoscaler's status says FailedGetScale, and the number of pods never changes.",
        fix: "Give scaleTargetRef the kind, name and API version of the workload.",
        source: "pkg/controller/podautoscaler/horizontal.go: reconcileAutoscaler",
        check: Check::Each(SCALERS, target_missing),
    },
    Rule {
        id: "GW061",
        name: "hpa-and-replicas",
        severity: Severity::Warning,
        summary: "A workload that an autoscaler scales sets its number of replicas itself.",
        why: "Each time it is applied, it is set back to that number, whatever the autoscaler found right.",
        fix: "Leave spec.replicas out of the workload when there is an autoscaler.",
        source: "kubernetes.io/docs: Horizontal Pod Autoscaling, Migrating Deployments and StatefulSets",
        check: Check::Each(SCALERS, replicas),
    },
    Rule {
        id: "GW062",
        name: "hpa-bounds",
        severity: Severity::Error,
        summary: "The bounds of an autoscaler leave no room, or two autoscalers scale one workload.",
        why: "The API refuses a maximum below 1 or below the minimum. Two autoscalers of one workload undo each other's \
              work.",
        fix: "Set minReplicas to 1 or more and maxReplicas above it, with one autoscaler for a workload.",
        source: "pkg/apis/autoscaling/validation/validation.go: validateHorizontalPodAutoscalerSpec",
        check: Check::Whole(bounds),
    },
    Rule {
        id: "GW063",
        name: "hpa-without-request",
        severity: Severity::Warning,
        summary: "An autoscaler goes by the share of a request that some container of the pods doesn't make.",
        why: "Utilization is what is used of what is requested. Where one container requests nothing, the metric has \
              no value, and the number of pods stays as it is.",
        fix: "Request the resource in every container, or let the autoscaler go by averageValue.",
        source: "pkg/controller/podautoscaler/replica_calculator.go: calculateRequests",
        check: Check::Whole(requests),
    },
];

const SCALERS: &[&str] = &["autoscaling/HorizontalPodAutoscaler"];

/// What may have been meant.
const WORKLOADS: &[&str] = &[
    "apps/Deployment",
    "apps/StatefulSet",
    "apps/ReplicaSet",
    "apps/DaemonSet",
    "extensions/Deployment",
    "argoproj.io/Rollout",
];

/// Groups whose workloads every cluster has.
const BUILT_IN: &[&str] = &["apps", ""];

/// What an autoscaler scales, if it is there.
fn target<'a>(scene: &'a Scene, scaler: &Object) -> Option<&'a Arc<Object>> {
    scene.topology.get(&topology::scale_target(scaler)?)
}

fn target_missing(scene: &Scene, scaler: &Arc<Object>, findings: &mut Findings) {
    let Some(id) = topology::scale_target(scaler).filter(|id| scene.topology.get(id).is_none()) else {
        return;
    };
    let field = Path::of("spec.scaleTargetRef");
    let there = |kind: &&str| scene.get(kind, &id.namespace, &id.name);
    match WORKLOADS.iter().find_map(there) {
        Some(other) if other.id.kind == id.kind => {
            let message = format!("{id} is of apiVersion {}, which is not what it says", other.api_version());
            findings.say(scaler, field.key("apiVersion"), message);
        }
        Some(other) => {
            findings.say(scaler, field.key("kind"), format!("there is no {id}, but a {}", other.id));
        }
        None => {
            let finding = findings.say(scaler, field.key("name"), format!("there is no {id}"));
            // What others make, may be made later, or be of a kind that only the cluster knows.
            if !BUILT_IN.contains(&&*id.group) {
                finding.severity(Severity::Warning);
            }
        }
    }
}

fn replicas(scene: &Scene, scaler: &Arc<Object>, findings: &mut Findings) {
    let Some(target) = target(scene, scaler) else { return };
    let Some(replicas) = read::integer(&target.value, "spec.replicas") else { return };
    // Nothing is told of a target in the cluster: there a number always stands, whoever set it.
    let message = format!("it sets {replicas}, and {} scales it", scaler.id);
    findings.say(target, Path::of("spec.replicas"), message);
}

fn bounds(scene: &Scene, findings: &mut Findings) {
    let mut known: HashMap<Identity, &Arc<Object>> = HashMap::new();
    for scaler in scene.of(SCALERS) {
        let min = read::integer(&scaler.value, "spec.minReplicas");
        let max = read::integer(&scaler.value, "spec.maxReplicas");
        match (min.unwrap_or(1), max) {
            (_, None) => drop(findings.say(scaler, Path::of("spec.maxReplicas"), "it has no maxReplicas")),
            (_, Some(max)) if max < 1 => {
                findings.say(scaler, Path::of("spec.maxReplicas"), format!("{max} is less than 1"));
            }
            (min, Some(max)) if min > max => {
                let message = format!("the minimum {min} is more than the maximum {max}");
                findings.say(scaler, Path::of("spec.minReplicas"), message);
            }
            (min, Some(max)) if min == max => {
                let message = format!("minimum and maximum are both {max}: it never scales");
                findings.say(scaler, Path::of("spec.maxReplicas"), message).severity(Severity::Info);
            }
            (min, _) if min < 0 => {
                findings.say(scaler, Path::of("spec.minReplicas"), format!("{min} is less than 0"));
            }
            _ => {}
        }
        by_nothing(scaler, findings);
        if let Some(id) = topology::scale_target(scaler)
            && let Some(other) = known.insert(id.clone(), scaler)
            && let Some((own, other)) = findings.judged_of(scaler, other, |it| it)
        {
            let message = format!("{} scales {id}, too", other.id);
            findings.say(own, Path::of("spec.scaleTargetRef"), message);
        }
    }
}

fn by_nothing(scaler: &Arc<Object>, findings: &mut Findings) {
    if *scaler.version == *"v1" || !read::items(&scaler.value, "spec.metrics").is_empty() {
        return;
    }
    let message = "it has no metrics: the API server puts in 80% of the CPU requested";
    let finding = findings.say(scaler, Path::of("spec.metrics"), message);
    finding.severity(Severity::Info).fix("Say by what to scale, even if it is that.");
}

/// A resource that an autoscaler takes a share of.
struct Share {
    resource: String,
    /// The container whose use counts; that of all of them, if there is none.
    container: Option<String>,
    field: Path,
}

fn shares(scaler: &Object) -> Vec<Share> {
    let value = &scaler.value;
    if *scaler.version == *"v1" {
        let field = "spec.targetCPUUtilizationPercentage";
        let share = |_| Share { resource: "cpu".into(), container: None, field: Path::of(field) };
        return read::at(value, field).map(share).into_iter().collect();
    }
    let share = |(index, metric): (usize, Value)| {
        let kind = read::text(&metric, "type")?;
        let key = match kind.as_str() {
            "Resource" => "resource",
            "ContainerResource" => "containerResource",
            _ => return None,
        };
        let own = read::at(&metric, key)?;
        let is_share = read::text(&own, "target.type").as_deref() == Some("Utilization")
            || read::at(&own, "targetAverageUtilization").is_some();
        let resource = read::text(&own, "name")?;
        let field = Path::of("spec.metrics").index(index).key(key);
        is_share.then(|| Share { container: read::text(&own, "container"), resource, field })
    };
    read::items(value, "spec.metrics").into_iter().enumerate().filter_map(share).collect()
}

fn requests(scene: &Scene, findings: &mut Findings) {
    // A LimitRange puts in what is left out.
    let limited: HashSet<&str> = scene.of(&["LimitRange"]).map(|range| &*range.id.namespace).collect();
    for scaler in scene.of(SCALERS) {
        match target(scene, scaler) {
            Some(target) if !limited.contains(&*target.id.namespace) => {
                without_request(scaler, target, findings)
            }
            _ => {}
        }
    }
}

fn without_request(scaler: &Arc<Object>, target: &Arc<Object>, findings: &mut Findings) {
    let template = workload::template(target).unwrap_or_default();
    if read::at(&template, "spec.resources.requests").is_some() {
        return;
    }
    // Istio's webhook fills in the container that has its image from it.
    let counts = |container: &Container| {
        let runs_on = read::text(&container.value, "restartPolicy").as_deref() == Some("Always");
        (!container.init || runs_on) && read::text(&container.value, "image").as_deref() != Some("auto")
    };
    for share in shares(scaler) {
        let requests = |container: &Container| {
            ["requests", "limits"].iter().any(|key| {
                let resources = read::at(&container.value, &format!("resources.{key}"));
                resources.and_then(|own| own.as_map()?.get(&share.resource)).is_some()
            })
        };
        let without: Vec<String> = workload::containers(&template)
            .into_iter()
            .filter(|own| share.container.as_ref().is_none_or(|name| *name == own.name))
            .filter(|own| counts(own) && !requests(own))
            .map(|own| own.name)
            .collect();
        if !without.is_empty() {
            let (resource, containers) = (&share.resource, read::list(&without, 3));
            let message = format!(
                "it goes by a share of the {resource} requested, and {containers} of {} requests none",
                target.id
            );
            findings.say(scaler, share.field, message);
        }
    }
}
