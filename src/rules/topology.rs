//! Who selects whom among the objects of one side.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use super::read;
use super::selector::{Labels, Selector};
use super::workload::{self, Replicas};
use crate::manifest::object::{Identity, Object, Role};

/// How many pairs of a selector and labels are looked at in all, on one side. Beyond it, selections are not
/// known, and no rule speaks of them.
const MOST_MATCHES: usize = 500_000;

/// The objects of one side, found by what rules look for.
#[derive(Debug, Default)]
pub struct Topology {
    objects: HashMap<Identity, Arc<Object>>,
    /// Objects that make pods that go on running, with the labels of these.
    pub workloads: Vec<Workload>,
    by_id: HashMap<Identity, usize>,
    by_label: HashMap<(String, String), Vec<usize>>,
    by_label_within: HashMap<(Arc<str>, String, String), Vec<usize>>,
    by_namespace: HashMap<Arc<str>, Vec<usize>>,
    everyone: Vec<usize>,
    /// Services with a selector.
    pub services: Vec<Service>,
    service_by_id: HashMap<Identity, usize>,
    selected_by: HashMap<usize, Vec<usize>>,
    scalers: HashMap<Identity, Arc<Object>>,
    looked_at: Cell<usize>,
    gave_up: Cell<bool>,
}

/// An object that makes pods.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The object.
    pub object: Arc<Object>,
    /// The labels of its pods.
    pub labels: Labels,
}

/// A Service that selects pods.
#[derive(Clone, Debug)]
pub struct Service {
    /// The object.
    pub object: Arc<Object>,
    /// What it selects by.
    pub selector: Selector,
    /// The workloads whose pods it selects, by their place in [`Topology::workloads`], in ascending order.
    pub selects: Vec<usize>,
}

impl Topology {
    /// Looks over the objects of a side.
    pub fn new(objects: &[Arc<Object>]) -> Topology {
        let mut topology = Topology::default();
        for object in objects {
            topology.objects.entry(object.id.clone()).or_insert_with(|| object.clone());
            if object.role != Role::Object {
                continue;
            }
            if let Some(labels) = workload::pod_labels(object) {
                topology.add_workload(object, labels);
            } else if &*object.id.kind == "HorizontalPodAutoscaler" {
                if let Some(target) = scale_target(object) {
                    topology.scalers.insert(target, object.clone());
                }
            } else if &*object.id.kind == "Service" && object.id.group.is_empty() {
                let selector = Selector::from_map(&object.value, "spec.selector");
                let by_name = read::text(&object.value, "spec.type").as_deref() == Some("ExternalName");
                if !selector.is_empty() && !by_name {
                    let service = Service { object: object.clone(), selector, selects: Vec::new() };
                    topology.service_by_id.insert(object.id.clone(), topology.services.len());
                    topology.services.push(service);
                }
            }
        }
        topology.select_of_services();
        topology
    }

    fn add_workload(&mut self, object: &Arc<Object>, labels: Labels) {
        let (index, namespace) = (self.workloads.len(), object.id.namespace.clone());
        for (key, value) in &labels {
            self.by_label.entry((key.clone(), value.clone())).or_default().push(index);
            let label = (namespace.clone(), key.clone(), value.clone());
            self.by_label_within.entry(label).or_default().push(index);
        }
        self.everyone.push(index);
        self.by_namespace.entry(namespace).or_default().push(index);
        self.by_id.insert(object.id.clone(), index);
        self.workloads.push(Workload { object: object.clone(), labels });
    }

    fn select_of_services(&mut self) {
        let mut services = std::mem::take(&mut self.services);
        for (index, service) in services.iter_mut().enumerate() {
            service.selects =
                self.select(Some(&service.object.id.namespace), &service.selector).unwrap_or_default();
            for workload in &service.selects {
                self.selected_by.entry(*workload).or_default().push(index);
            }
        }
        self.services = services;
    }

    /// The workloads whose pods a selector selects, in a namespace or in all of them, by their place in
    /// [`Topology::workloads`], in ascending order. `None` if there was too much to look at already.
    pub fn select(&self, namespace: Option<&Arc<str>>, selector: &Selector) -> Option<Vec<usize>> {
        // The rarest of the labels asked for leaves the fewest to look at.
        let by_label = |(key, value): (&String, &String)| {
            let found = match namespace {
                Some(namespace) => self.by_label_within.get(&(namespace.clone(), key.clone(), value.clone())),
                None => self.by_label.get(&(key.clone(), value.clone())),
            };
            found.map_or(&[][..], Vec::as_slice)
        };
        let rarest = selector.labels().iter().map(by_label).min_by_key(|found| found.len());
        let all = || match namespace {
            Some(namespace) => self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice),
            None => &self.everyone,
        };
        let candidates = rarest.unwrap_or_else(all);
        let looked_at = self.looked_at.get() + candidates.len();
        if looked_at > MOST_MATCHES {
            self.gave_up.set(true);
            return None;
        }
        self.looked_at.set(looked_at);
        let matches = |index: &&usize| {
            self.workloads.get(**index).is_some_and(|workload| selector.matches(&workload.labels))
        };
        Some(candidates.iter().filter(matches).copied().collect())
    }

    /// Whether there were too many objects to say who selects whom.
    pub fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    /// The object of this identity.
    pub fn get(&self, id: &Identity) -> Option<&Arc<Object>> {
        self.objects.get(id)
    }

    /// Whether there are workloads in a namespace.
    pub fn has_workloads(&self, namespace: &Arc<str>) -> bool {
        self.by_namespace.contains_key(namespace)
    }

    /// The workload of this identity.
    pub fn workload(&self, id: &Identity) -> Option<&Workload> {
        self.by_id.get(id).and_then(|index| self.workloads.get(*index))
    }

    /// The Service of this identity, if it selects pods.
    pub fn service(&self, id: &Identity) -> Option<&Service> {
        self.service_by_id.get(id).and_then(|index| self.services.get(*index))
    }

    /// The workloads that a Service of this identity selects; none if there is no such.
    pub fn selected_by(&self, id: &Identity) -> Vec<&Workload> {
        let indices = self.service(id).map_or(&[][..], |service| &service.selects);
        indices.iter().filter_map(|index| self.workloads.get(*index)).collect()
    }

    /// The Services that select the pods of a workload.
    pub fn services_selecting(&self, id: &Identity) -> impl Iterator<Item = &Service> {
        let services = self.by_id.get(id).and_then(|index| self.selected_by.get(index));
        services.into_iter().flatten().filter_map(|index| self.services.get(*index))
    }

    /// The autoscaler of a workload.
    pub fn scaler(&self, id: &Identity) -> Option<&Arc<Object>> {
        self.scalers.get(id)
    }

    /// How many pods a workload has: an autoscaler's word goes before its own.
    pub fn replicas(&self, object: &Object) -> Replicas {
        let Some(scaler) = self.scaler(&object.id) else {
            return workload::own_replicas(object);
        };
        let bound = |path| read::integer(&scaler.value, path).and_then(|n| u64::try_from(n).ok());
        let min = bound("spec.minReplicas").unwrap_or(1);
        let max = bound("spec.maxReplicas").unwrap_or(min).max(min);
        if min == max { Replicas::Fixed(min) } else { Replicas::Scaled(min, max) }
    }
}

/// What an autoscaler scales.
pub fn scale_target(object: &Object) -> Option<Identity> {
    let version = read::text(&object.value, "spec.scaleTargetRef.apiVersion").unwrap_or_default();
    Some(Identity {
        group: version.rsplit_once('/').map_or("", |(group, _)| group).into(),
        kind: read::text(&object.value, "spec.scaleTargetRef.kind")?.into(),
        namespace: object.id.namespace.clone(),
        name: read::text(&object.value, "spec.scaleTargetRef.name")?.into(),
    })
}
