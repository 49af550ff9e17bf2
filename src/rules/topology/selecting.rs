//! Objects that select pods by their labels.

use std::cell::Cell;
use std::collections::HashMap;
use std::slice;
use std::sync::Arc;

use super::{ServicePort, Workload};
use crate::manifest::object::{Identity, Object};
use crate::rules::read;
use crate::rules::selector::Selector;

/// How many pairs of a selector and labels are looked at in all, on one side. Beyond it, selections are not
/// known, and no rule speaks of them.
const MOST_MATCHES: usize = 500_000;

/// The label that a StatefulSet gives each of its pods: the pod's name.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// The label that a StatefulSet gives each of its pods: the pod's number.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// An object that selects pods.
#[derive(Clone, Debug)]
pub struct Selecting {
    /// The object.
    pub object: Arc<Object>,
    /// What it selects by.
    pub selector: Selector,
    /// The workloads whose pods it selects, by their place in [`super::Topology::workloads`], in ascending order.
    pub selects: Vec<usize>,
    /// Of a Service, its ports.
    pub ports: Vec<ServicePort>,
}

/// The objects of one kind that select pods: all Services, say.
#[derive(Debug, Default)]
pub struct Selectors {
    all: Vec<Selecting>,
    by_id: HashMap<Identity, usize>,
    by_workload: HashMap<usize, Vec<usize>>,
}

impl Selectors {
    /// All of them, in the order of the render.
    pub fn iter(&self) -> slice::Iter<'_, Selecting> {
        self.all.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The one of this identity.
    pub fn get(&self, id: &Identity) -> Option<&Selecting> {
        self.by_id.get(id).and_then(|index| self.all.get(*index))
    }

    /// Those that select the pods of a workload, which is told by its place in [`super::Topology::workloads`].
    pub fn of(&self, workload: usize) -> impl Iterator<Item = &Selecting> {
        self.by_workload.get(&workload).into_iter().flatten().filter_map(|index| self.all.get(*index))
    }

    pub(super) fn add(&mut self, object: &Arc<Object>, selector: Selector) {
        self.by_id.insert(object.id.clone(), self.all.len());
        let ports = if &*object.id.kind == "Service" { ServicePort::all(object) } else { Vec::new() };
        self.all.push(Selecting { object: object.clone(), selector, selects: Vec::new(), ports });
    }

    /// Finds what each selects, in its own namespace or everywhere.
    pub(super) fn select(&mut self, pods: &Pods, workloads: &[Workload], everywhere: bool) {
        for (index, selecting) in self.all.iter_mut().enumerate() {
            let namespace = (!everywhere).then_some(&selecting.object.id.namespace);
            selecting.selects = pods.select(workloads, namespace, &selecting.selector).unwrap_or_default();
            for workload in &selecting.selects {
                self.by_workload.entry(*workload).or_default().push(index);
            }
        }
    }
}

/// What an object selects pods by, if it is of a kind that does; a missing selector is no selector.
pub(super) fn selector(object: &Object) -> Option<Selector> {
    let map = |path: &str| Some(Selector::from_map(&object.value, path));
    let label_selector = |path: &str| {
        read::at(&object.value, path)?;
        Some(Selector::from_label_selector(&object.value, path))
    };
    match (&*object.id.group, &*object.id.kind) {
        // A Service without a selector has endpoints that someone else writes; one by name has none.
        ("", "Service") => map("spec.selector").filter(|selector| {
            !selector.is_empty() && read::text(&object.value, "spec.type").as_deref() != Some("ExternalName")
        }),
        ("policy", "PodDisruptionBudget") => label_selector("spec.selector"),
        // Here an empty selector is everything, and a missing one, too.
        ("networking.k8s.io", "NetworkPolicy") => {
            Some(Selector::from_label_selector(&object.value, "spec.podSelector"))
        }
        ("networking.istio.io", "Gateway") => map("spec.selector"),
        ("security.istio.io" | "telemetry.istio.io" | "extensions.istio.io", _) => {
            label_selector("spec.selector")
        }
        _ => None,
    }
}

/// A label with its value, in a namespace or, without one, in any.
type PlacedLabel = (Option<Arc<str>>, String, String);

/// The pods of all workloads, found by their labels; those of all namespaces under none.
#[derive(Debug, Default)]
pub(super) struct Pods {
    by_label: HashMap<PlacedLabel, Vec<usize>>,
    by_namespace: HashMap<Option<Arc<str>>, Vec<usize>>,
    looked_at: Cell<usize>,
    gave_up: Cell<bool>,
}

impl Pods {
    /// Adds the pods of the workload at this place.
    pub(super) fn add(&mut self, index: usize, workload: &Workload) {
        for namespace in [None, Some(&workload.object.id.namespace)] {
            self.by_namespace.entry(namespace.cloned()).or_default().push(index);
            for (key, value) in &workload.labels {
                let label = (namespace.cloned(), key.clone(), value.clone());
                self.by_label.entry(label).or_default().push(index);
            }
        }
    }

    /// Whether there are any in a namespace.
    pub(super) fn any_in(&self, namespace: &Arc<str>) -> bool {
        self.by_namespace.contains_key(&Some(namespace.clone()))
    }

    /// Those of a namespace.
    pub(super) fn in_namespace(&self, namespace: &Arc<str>) -> &[usize] {
        self.by_namespace.get(&Some(namespace.clone())).map_or(&[], Vec::as_slice)
    }

    /// See [`super::Topology::select`].
    pub(super) fn select(
        &self,
        workloads: &[Workload],
        namespace: Option<&Arc<str>>,
        selector: &Selector,
    ) -> Option<Vec<usize>> {
        // Labels that no template has: a StatefulSet sets them when it makes a pod.
        let one = selector.labels().get(POD_NAME).map(|pod| pod.rsplit_once('-').map_or("", |(set, _)| set));
        let of_set = one.is_some() || selector.labels().contains_key(POD_INDEX);
        let selector = &selector.without(&[POD_NAME, POD_INDEX]);
        let fits = |workload: &Workload| {
            let id = &workload.object.id;
            !of_set || (&*id.kind == "StatefulSet" && one.is_none_or(|set| *id.name == *set))
        };
        // The rarest of the labels asked for leaves the fewest to look at.
        let by_label = |(key, value): (&String, &String)| {
            let label = (namespace.cloned(), key.clone(), value.clone());
            self.by_label.get(&label).map_or(&[][..], Vec::as_slice)
        };
        let rarest = selector.labels().iter().map(by_label).min_by_key(|found| found.len());
        let all = || self.by_namespace.get(&namespace.cloned()).map_or(&[][..], Vec::as_slice);
        let candidates = rarest.unwrap_or_else(all);
        let looked_at = self.looked_at.get().saturating_add(candidates.len());
        if looked_at > MOST_MATCHES {
            self.gave_up.set(true);
            return None;
        }
        self.looked_at.set(looked_at);
        let matches = |index: &&usize| {
            workloads
                .get(**index)
                .is_some_and(|workload| fits(workload) && selector.matches(&workload.labels))
        };
        Some(candidates.iter().filter(matches).copied().collect())
    }

    /// Whether there was too much to look at.
    pub(super) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }
}
