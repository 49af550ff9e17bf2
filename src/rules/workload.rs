//! Objects that make pods, and what their pods are.

use super::read;
use super::selector::{self, Labels, Selector};
use crate::manifest::object::Object;
use crate::value::Value;

/// Where an object keeps the template of its pods.
const TEMPLATES: &[(&[&str], &str, &str)] = &[
    (&["apps", "extensions"], "Deployment", "spec.template"),
    (&["apps"], "StatefulSet", "spec.template"),
    (&["apps", "extensions"], "DaemonSet", "spec.template"),
    (&["apps", "extensions"], "ReplicaSet", "spec.template"),
    (&[""], "ReplicationController", "spec.template"),
    (&["batch"], "Job", "spec.template"),
    (&["batch"], "CronJob", "spec.jobTemplate.spec.template"),
    (&["argoproj.io"], "Rollout", "spec.template"),
    (&["apps.kruise.io"], "CloneSet", "spec.template"),
    (&[""], "PodTemplate", "template"),
    (&[""], "Pod", ""),
];

/// The path to the template of an object's pods, if it makes pods; empty for a pod.
pub fn template_path(group: &str, kind: &str) -> Option<&'static str> {
    let found = TEMPLATES.iter().find(|(groups, own, _)| *own == kind && groups.contains(&group));
    found.map(|(_, _, path)| *path)
}

/// The template of an object's pods: a map with `metadata` and `spec`; the pod itself, for a pod.
pub fn template(object: &Object) -> Option<Value> {
    read::at(&object.value, template_path(&object.id.group, &object.id.kind)?)
}

/// The labels of an object's pods, if it makes pods that go on running: those that a Service may send traffic to.
pub fn pod_labels(object: &Object) -> Option<Labels> {
    if matches!(&*object.id.kind, "Job" | "CronJob" | "PodTemplate") {
        return None;
    }
    template(object).map(|template| selector::labels(&template, "metadata.labels"))
}

/// What a workload selects its pods by.
pub fn pod_selector(object: &Object) -> Option<Selector> {
    template_path(&object.id.group, &object.id.kind)?;
    if *object.id.kind == *"ReplicationController" {
        return Some(Selector::from_map(&object.value, "spec.selector"));
    }
    read::at(&object.value, "spec.selector")?;
    Some(Selector::from_label_selector(&object.value, "spec.selector"))
}

/// A container of a pod.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Whether it runs before the others, and ends or stays as a sidecar.
    pub init: bool,
    /// Its fields.
    pub value: Value,
}

/// The containers of a pod, those that run first first.
pub fn containers(template: &Value) -> Vec<Container> {
    let of = |path: &str, init: bool| {
        read::items(template, path).into_iter().map(move |value| Container {
            name: read::text(&value, "name").unwrap_or_default(),
            init,
            value,
        })
    };
    of("spec.initContainers", true).chain(of("spec.containers", false)).collect()
}

/// The name of the ServiceAccount that a pod acts as.
pub fn account(template: &Value) -> String {
    let name = |path| read::text(template, path).filter(|name| !name.is_empty());
    name("spec.serviceAccountName")
        .or_else(|| name("spec.serviceAccount"))
        .unwrap_or_else(|| "default".to_string())
}

/// Whether Istio's webhook is to put in the image of a container.
pub fn has_injected_image(template: &Value) -> bool {
    containers(template).iter().any(|c| read::text(&c.value, "image").as_deref() == Some("auto"))
}

/// How many pods a workload asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replicas {
    /// This many.
    Fixed(u64),
    /// As many as an autoscaler decides, between these.
    Scaled(u64, u64),
    /// One on every node that fits.
    PerNode,
}

impl Replicas {
    /// `1 pod`, `1 to 5 pods`, `a pod on every node`.
    pub fn describe(self) -> String {
        match self {
            Replicas::Fixed(n) => read::count(usize::try_from(n).unwrap_or(usize::MAX), "pod"),
            Replicas::Scaled(min, max) => format!("{min} to {max} pods"),
            Replicas::PerNode => "a pod on every node".to_string(),
        }
    }
}

/// How many pods a workload asks for by itself: without an autoscaler, Kubernetes' default is one.
pub fn own_replicas(object: &Object) -> Replicas {
    match &*object.id.kind {
        "DaemonSet" => Replicas::PerNode,
        "Pod" => Replicas::Fixed(1),
        _ => {
            let set = read::integer(&object.value, "spec.replicas").unwrap_or(1);
            Replicas::Fixed(u64::try_from(set).unwrap_or(0))
        }
    }
}
