//! What rules about gateways know of pods.

use crate::compare::Path;
use crate::manifest::object::{Identity, Object};
use crate::rules::injection::{self, Injection};
use crate::rules::object::Scene;
use crate::rules::read;
use crate::rules::selector::{Labels, Selector};
use crate::rules::topology::Workload;
use crate::rules::workload::{self, Container};
use crate::value::Value;

/// What makes pods.
pub const MAKERS: &[&str] = &[
    "Pod",
    "ReplicationController",
    "apps/Deployment",
    "apps/StatefulSet",
    "apps/DaemonSet",
    "apps/ReplicaSet",
    "batch/Job",
    "batch/CronJob",
    "argoproj.io/Rollout",
];

/// What a proxy's image is called where Istio is to put it in.
pub const AUTO: &str = "auto";

/// How many workloads are compared with a selector, for the one that comes nearest.
pub const MOST_COMPARED: usize = 500;

/// The image of a container.
pub fn image(container: &Container) -> String {
    read::text(&container.value, "image").unwrap_or_default()
}

/// Whether the proxy of a pod is to be put in.
pub fn has_auto_proxy(template: &Value) -> bool {
    injection::proxy(template).is_some_and(|proxy| image(&proxy) == AUTO)
}

/// Where an object keeps the `spec` of its pods.
pub fn spec(object: &Object) -> Path {
    Path::of(workload::template_path(&object.id.group, &object.id.kind).unwrap_or_default()).at("spec")
}

/// Where an object keeps the `metadata` of its pods.
pub fn metadata(object: &Object) -> Path {
    Path::of(workload::template_path(&object.id.group, &object.id.kind).unwrap_or_default()).at("metadata")
}

/// What Istio does with the pods of a workload, as far as is known.
pub struct Outlook {
    /// What it does, if the namespace has no labels but those that are known.
    pub injection: Injection,
    /// Whether the labels of the namespace are known.
    pub is_known: bool,
}

impl Outlook {
    /// Of the pods that an object makes.
    pub fn new(scene: &Scene, object: &Object, template: &Value) -> Outlook {
        let known = scene.topology.namespace(&object.id.namespace);
        let none = Labels::new();
        let injection = injection::decide(&object.id.namespace, known.unwrap_or(&none), template);
        Outlook { injection, is_known: known.is_some() }
    }
}

/// The workload that comes nearest to what a selector asks for: of those that have all labels but with other values,
/// or some labels, the one with most that fit.
pub fn nearest<'a>(
    selector: &Selector,
    workloads: impl Iterator<Item = &'a Workload>,
) -> Option<(&'a Workload, Near)> {
    let mut best: Option<(usize, &Workload, Near)> = None;
    for workload in workloads.take(MOST_COMPARED) {
        let labels = selector.labels();
        let fit = labels.iter().filter(|(key, value)| workload.labels.get(*key) == Some(*value)).count();
        let same_keys = labels.keys().all(|key| workload.labels.contains_key(key));
        if fit == 0 && !same_keys {
            continue;
        }
        let score = fit * 2 + usize::from(same_keys);
        if best.as_ref().is_none_or(|(most, ..)| score > *most) {
            let other =
                labels.iter().any(|(key, value)| workload.labels.get(key).is_some_and(|own| own != value));
            let near = if other { Near::OtherValue } else { Near::MissingLabel };
            best = Some((score, workload, near));
        }
    }
    best.map(|(_, workload, near)| (workload, near))
}

/// How near the labels of a pod come to a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// Some label has another value.
    OtherValue,
    /// All labels that it has fit, but some are missing. Programs that elect a leader label its pod while it runs.
    MissingLabel,
}

/// What a workload has where a selector asks for something else: `istio=ingress instead of istio=ingressgateway`.
pub fn describe_miss(selector: &Selector, labels: &Labels) -> String {
    let (mut has, mut asks) = (Vec::new(), Vec::new());
    for (key, value) in selector.labels() {
        if let Some(own) = labels.get(key).filter(|own| *own != value) {
            has.push(format!("{key}={own}"));
            asks.push(format!("{key}={value}"));
        }
    }
    match has.is_empty() {
        true => format!("lacks {}", selector.missing(labels)),
        false => format!("has {} instead of {}", has.join(","), asks.join(",")),
    }
}

/// The names of the objects of workloads, the first few.
pub fn names(workloads: &[&Workload]) -> String {
    read::few(workloads, 3, |workload| workload.object.id.to_string())
}

/// An object with its namespace, if it is another one: `Deployment/gw in istio-ingress`.
pub fn beside(id: &Identity, namespace: &str) -> String {
    if *id.namespace == *namespace { id.to_string() } else { format!("{id} in {}", id.namespace) }
}
