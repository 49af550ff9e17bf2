//! Who selects whom among the objects of one side.
//!
//! ```text
//! VirtualService → Gateway ─┐                    ┌─ HorizontalPodAutoscaler
//!                  Service ─┤                    │
//!      PodDisruptionBudget ─┼→ pods of workloads ─→ ServiceAccount ← RoleBinding → Role
//!            NetworkPolicy ─┘
//! ```
//!
//! What selects by labels is a [`Selecting`], what names another object has its [`Identity`].

mod access;
mod pods;
mod route;
mod selecting;
mod service;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::injection::{self, Injection};
use super::read;
use super::selector::{self, Labels, Selector};
use super::workload::{self, Replicas};
use crate::manifest::object::{Identity, Object, Role};

pub use access::{Binding, Subject};
pub use pods::Workload;
pub use route::{GatewayName, NETWORKING, VirtualService};
use selecting::Pods;
pub use selecting::{Selecting, Selectors};
pub use service::{ServicePort, Target, protocol};

/// The objects of one side, found by what rules look for.
#[derive(Debug, Default)]
pub struct Topology {
    objects: HashMap<Identity, Arc<Object>>,
    /// Objects that make pods that go on running, with the labels of these.
    pub workloads: Vec<Workload>,
    by_id: HashMap<Identity, usize>,
    /// Services with a selector.
    pub services: Selectors,
    /// PodDisruptionBudgets.
    pub budgets: Selectors,
    /// NetworkPolicies.
    pub network_policies: Selectors,
    /// Istio's Gateways, which select pods of all namespaces.
    pub gateways: Selectors,
    /// Istio's policies with a selector: AuthorizationPolicies, Telemetries and the like.
    pub istio_policies: Selectors,
    /// HorizontalPodAutoscalers, in the order of the render.
    pub scalers: Vec<Scaler>,
    by_target: HashMap<Identity, Vec<usize>>,
    /// VirtualServices, and the Gateways that they name.
    pub virtual_services: Vec<VirtualService>,
    /// RoleBindings and ClusterRoleBindings.
    pub bindings: Vec<Binding>,
    namespaces: HashMap<Arc<str>, Labels>,
    pods: Pods,
    reach: OnceCell<Vec<Vec<usize>>>,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct Scaler {
    /// The object.
    pub object: Arc<Object>,
    /// What it scales.
    pub target: Identity,
}

impl Topology {
    /// Looks over the objects of a side.
    pub fn new(objects: &[Arc<Object>]) -> Topology {
        let mut topology = Topology::default();
        for object in objects {
            // Of objects that are there twice, the first counts.
            if topology.objects.contains_key(&object.id) {
                continue;
            }
            topology.objects.insert(object.id.clone(), object.clone());
            if object.role == Role::Object {
                topology.add(object);
            }
        }
        topology.settle();
        let (pods, workloads) = (&topology.pods, &topology.workloads);
        topology.services.select(pods, workloads, false);
        topology.budgets.select(pods, workloads, false);
        topology.network_policies.select(pods, workloads, false);
        topology.istio_policies.select(pods, workloads, false);
        topology.gateways.select(pods, workloads, true);
        topology
    }

    fn add(&mut self, object: &Arc<Object>) {
        if let Some(workload) = Workload::new(object) {
            let index = self.workloads.len();
            self.pods.add(index, &workload);
            self.by_id.insert(object.id.clone(), index);
            self.workloads.push(workload);
        } else if let Some(selector) = selecting::selector(object) {
            let family = match &*object.id.group {
                "" => &mut self.services,
                "policy" => &mut self.budgets,
                "networking.k8s.io" => &mut self.network_policies,
                NETWORKING => &mut self.gateways,
                _ => &mut self.istio_policies,
            };
            family.add(object, selector);
        } else if let Some(virtual_service) = VirtualService::new(object) {
            self.virtual_services.push(virtual_service);
        } else if let Some(binding) = Binding::new(object) {
            self.bindings.push(binding);
        } else if &*object.id.kind == "HorizontalPodAutoscaler" {
            if let Some(target) = scale_target(object) {
                self.by_target.entry(target.clone()).or_default().push(self.scalers.len());
                self.scalers.push(Scaler { object: object.clone(), target });
            }
        } else if object.id.group.is_empty() && &*object.id.kind == "Namespace" {
            let labels = selector::labels(&object.value, "metadata.labels");
            self.namespaces.insert(object.id.name.clone(), labels);
        }
    }

    /// What of workloads depends on other objects: their autoscalers, the labels of their namespaces.
    fn settle(&mut self) {
        let none = Labels::new();
        let mut workloads = std::mem::take(&mut self.workloads);
        for workload in &mut workloads {
            workload.replicas = self.replicas(&workload.object);
            let namespace = &workload.object.id.namespace;
            let labels = self.namespace(namespace).unwrap_or(&none);
            workload.is_in_mesh |=
                matches!(injection::decide(namespace, labels, &workload.template), Injection::By(_));
        }
        self.workloads = workloads;
    }

    /// The workloads whose pods a selector selects, in a namespace or in all, by their place in
    /// [`Topology::workloads`], in ascending order. `None` if there was too much to look at already.
    pub fn select(&self, namespace: Option<&Arc<str>>, selector: &Selector) -> Option<Vec<usize>> {
        self.pods.select(&self.workloads, namespace, selector)
    }

    /// The workloads whose pods the selector of a workload matches, its own among them, by their places.
    pub fn reach(&self, workload: usize) -> &[usize] {
        let reach = |workload: &Workload| {
            let selector = workload::pod_selector(&workload.object).filter(|selector| !selector.is_empty());
            let reach = selector.and_then(|it| self.select(Some(&workload.object.id.namespace), &it));
            reach.unwrap_or_default()
        };
        let all = self.reach.get_or_init(|| self.workloads.iter().map(reach).collect());
        all.get(workload).map_or(&[], Vec::as_slice)
    }

    /// Whether there were too many objects to say who selects whom.
    pub fn gave_up(&self) -> bool {
        self.pods.gave_up()
    }

    /// The object of this identity.
    pub fn get(&self, id: &Identity) -> Option<&Arc<Object>> {
        self.objects.get(id)
    }

    /// Whether there are workloads in a namespace.
    pub fn has_workloads(&self, namespace: &Arc<str>) -> bool {
        self.pods.any_in(namespace)
    }

    /// The workloads of a namespace, by their places.
    pub fn workloads_in(&self, namespace: &Arc<str>) -> &[usize] {
        self.pods.in_namespace(namespace)
    }

    /// The workload of this identity.
    pub fn workload(&self, id: &Identity) -> Option<&Workload> {
        self.workload_index(id).and_then(|index| self.workloads.get(index))
    }

    /// The place of a workload in [`Topology::workloads`].
    pub fn workload_index(&self, id: &Identity) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The workloads whose pods an object selects.
    pub fn selected_by(&self, selecting: &Selecting) -> impl Iterator<Item = &Workload> {
        selecting.selects.iter().filter_map(|index| self.workloads.get(*index))
    }

    /// The workloads whose pods a Service of this identity selects; none if there is no such.
    pub fn behind(&self, service: &Identity) -> impl Iterator<Item = &Workload> {
        self.services.get(service).into_iter().flat_map(|service| self.selected_by(service))
    }

    /// The Services that select the pods of a workload.
    pub fn services_selecting(&self, workload: &Identity) -> impl Iterator<Item = &Selecting> {
        self.workload_index(workload).into_iter().flat_map(|index| self.services.of(index))
    }

    /// The autoscalers of a workload, in the order of the render: more than one is a mistake.
    pub fn scalers_of(&self, id: &Identity) -> impl Iterator<Item = &Scaler> {
        self.by_target.get(id).into_iter().flatten().filter_map(|index| self.scalers.get(*index))
    }

    /// The autoscaler of a workload; the last, if there are several.
    pub fn scaler(&self, id: &Identity) -> Option<&Arc<Object>> {
        self.scalers_of(id).last().map(|scaler| &scaler.object)
    }

    /// The labels of a namespace, if it is among the objects.
    pub fn namespace(&self, name: &str) -> Option<&Labels> {
        self.namespaces.get(name)
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

#[cfg(test)]
mod tests;
