//! How many pods run, and how many may be missing.

use super::Effect::Scale;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::rules::read;
use crate::rules::topology;
use crate::rules::workload::{self, Replicas};

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "replicas-changed",
        Scale,
        "replicas ({})",
        "A workload asks for another number of pods.",
        "Pods are added or taken away at once. Services share traffic among those there are.",
        Check::Run(replicas),
    ),
    Rule::new(
        "replicas-and-autoscaler",
        Scale,
        "replicas against an autoscaler ({})",
        "A workload that an autoscaler scales gets a number of its own, or loses it.",
        "Each upgrade sets a number that is written; the autoscaler then sets its own again. When a number goes, the \
         API's default of 1 is taken until the autoscaler acts: scale down by hand, or keep the number for one \
         upgrade.",
        Check::Run(replicas_and_autoscaler),
    )
    .code("GW061")
    .source("kubernetes.io/docs: Migrating Deployments and StatefulSets to horizontal autoscaling"),
    Rule::new(
        "autoscaler-changed",
        Scale,
        "autoscalers ({})",
        "An autoscaler changes its bounds, its target or its metrics, comes or goes.",
        "It changes how many pods run, now or under load. Without it, the number stays as it is.",
        Check::Run(autoscaler),
    ),
    Rule::new(
        "workload-new",
        Scale,
        "started ({})",
        "An object that makes pods is new.",
        "Its pods need room on the nodes.",
        Check::Run(new_workload),
    ),
    Rule::new(
        "workload-gone",
        Scale,
        "ended ({})",
        "An object that makes pods goes.",
        "Its pods end.",
        Check::Run(gone_workload),
    ),
    Rule::new(
        "disruption-budget-changed",
        Scale,
        "disruption budgets ({})",
        "A PodDisruptionBudget changes, comes or goes.",
        "Drains of nodes wait for it. Rollouts don't.",
        Check::Run(budget),
    ),
    Rule::new(
        "job-parallelism",
        Scale,
        "parallel pods ({})",
        "A Job runs another number of pods at a time.",
        "Pods are added or taken away at once.",
        Check::Fields(&[Fields {
            kinds: &["batch/Job"],
            paths: &["spec.parallelism", "spec.suspend"],
            except: &[],
            message: "runs another number of pods at a time: {field}",
        }]),
    ),
    Rule::new(
        "rollout-pace",
        Scale,
        "pace of rollouts ({})",
        "The strategy of a workload changes: how many pods are replaced at a time, and when.",
        "It counts from this rollout on. Pods don't restart because of it.",
        Check::Fields(&[Fields {
            kinds: &["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "argoproj.io/Rollout"],
            paths: &["spec.strategy", "spec.updateStrategy", "spec.minReadySeconds", "spec.paused"],
            except: &[],
            message: "changes how pods are replaced: {field}",
        }]),
    ),
];

const SCALABLE: &[&str] = &[
    "apps/Deployment",
    "apps/StatefulSet",
    "apps/ReplicaSet",
    "ReplicationController",
    "extensions/Deployment",
    "argoproj.io/Rollout",
    "apps.kruise.io/CloneSet",
];

fn replicas(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both().filter(|_| subject.is(SCALABLE)) else { return };
    let facts = subject.facts;
    if facts.new.scaler(&new.id).is_some() || subject.field("spec.replicas").is_none() {
        return;
    }
    let message = match (facts.old.replicas(old), workload::own_replicas(new)) {
        (was, is) if was == is => return,
        (Replicas::Scaled(..), is) => {
            format!("scales to {}: there is no autoscaler any more", is.describe())
        }
        (Replicas::Fixed(was), Replicas::Fixed(is)) if read::at(&new.value, "spec.replicas").is_none() => {
            format!("scales from {was} to {}, the default", Replicas::Fixed(is).describe())
        }
        (Replicas::Fixed(was), is) => format!("scales from {was} to {}", is.describe()),
        (was, is) => format!("scales from {} to {}", was.describe(), is.describe()),
    };
    findings.say_at(subject.field("spec.replicas"), message);
}

fn replicas_and_autoscaler(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both().filter(|_| subject.is(SCALABLE)) else { return };
    let Some(scaler) = subject.facts.new.scaler(&new.id) else { return };
    let Some(field) = subject.field("spec.replicas") else { return };
    let set = |value| read::integer(value, "spec.replicas");
    match (set(&old.value), set(&new.value)) {
        (Some(was), None) if was > 1 => findings.say_at(
            Some(field),
            format!("no longer says how many pods: falls to 1 pod until {} scales it up again", scaler.id),
        ),
        (_, Some(is)) => findings.say_at(
            Some(field),
            format!("every upgrade scales to {is}, then {} scales to its own number", scaler.id),
        ),
        _ => {}
    }
}

/// Kinds that scale others.
const SCALERS: &[&str] = &[
    "autoscaling/HorizontalPodAutoscaler",
    "autoscaling.k8s.io/VerticalPodAutoscaler",
    "keda.sh/ScaledObject",
    "keda.sh/ScaledJob",
    "datadoghq.com/WatermarkPodAutoscaler",
];

fn autoscaler(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(SCALERS) {
        return;
    }
    let target = subject.change.object().and_then(|object| topology::scale_target(object));
    let target = target.map_or_else(|| "its target".to_string(), |id| id.to_string());
    match subject.occasion {
        Occasion::Added => {
            let (min, max) = bounds(&subject.new_value());
            match max {
                Some(max) => findings.say(format!("now scales {target} between {min} and {max} pods")),
                None => findings.say(format!("now scales {target}")),
            }
        }
        Occasion::Removed => {
            findings.say(format!("no longer scales {target}: it keeps the pods that it has"))
        }
        Occasion::Changed | Occasion::Renamed => {
            let (was, is) = (bounds(&subject.old_value()), bounds(&subject.new_value()));
            if was != is {
                let field = subject.field("spec.minReplicas").or_else(|| subject.field("spec.maxReplicas"));
                let text = |(min, max): (i64, Option<i64>)| match max {
                    Some(max) => format!("{min} to {max}"),
                    None => format!("{min} or more"),
                };
                let message = format!("scales {target} to {} pods instead of {}", text(is), text(was));
                findings.say_at(field, message);
            }
            let rest =
                ["spec.minReplicas", "spec.maxReplicas", "spec.minReplicaCount", "spec.maxReplicaCount"];
            if let Some(field) = subject.field_but("spec", &rest) {
                findings.say_at(
                    Some(field),
                    format!("scales {target} by other measures: {} changes", field.path),
                );
            }
        }
    }
}

fn bounds(value: &crate::value::Value) -> (i64, Option<i64>) {
    let bound = |a, b| read::integer(value, a).or_else(|| read::integer(value, b));
    let min = bound("spec.minReplicas", "spec.minReplicaCount");
    (min.unwrap_or(1), bound("spec.maxReplicas", "spec.maxReplicaCount"))
}

fn new_workload(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(new) = subject.change.new.as_ref().filter(|_| subject.occasion == Occasion::Added) else {
        return;
    };
    if workload::pod_labels(new).is_some() {
        findings.say(format!("starts {}", subject.facts.new.replicas(new).describe()));
    } else if subject.is(&["batch/Job"]) {
        findings.say("a new Job, which runs at once");
    } else if subject.is(&["batch/CronJob"]) {
        findings.say("a new CronJob, which runs by its schedule");
    }
}

fn gone_workload(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(old) = subject.change.old.as_ref().filter(|_| subject.occasion == Occasion::Removed) else {
        return;
    };
    let is_kept = super::delete::is_kept(&old.value);
    if workload::pod_labels(old).is_some() && !is_kept {
        findings.say(format!("ends {}", subject.facts.old.replicas(old).describe()));
    }
}

fn budget(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["policy/PodDisruptionBudget"]) {
        return;
    }
    let describe = |value| {
        let of = |path: &str| read::text(value, &format!("spec.{path}")).map(|n| format!("{path} {n}"));
        of("minAvailable").or_else(|| of("maxUnavailable")).unwrap_or_else(|| "no bound".to_string())
    };
    match subject.occasion {
        Occasion::Added => {
            findings.say(format!("drains now wait for it: {}", describe(&subject.new_value())))
        }
        Occasion::Removed => {
            findings.say("drains no longer wait for it: all its pods may be missing at once")
        }
        Occasion::Changed | Occasion::Renamed => {
            if let Some(field) = subject.field("spec") {
                let (was, is) = (describe(&subject.old_value()), describe(&subject.new_value()));
                let message = match was == is {
                    true => format!("drains wait for other pods, or in another way: {} changes", field.path),
                    false => format!("drains wait for {is} instead of {was}"),
                };
                findings.say_at(Some(field), message);
            }
        }
    }
}
