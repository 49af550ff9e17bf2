//! How a Service splits its traffic among the workloads that it selects, and which workload is a canary.

use std::sync::Arc;

use super::injection::REVISION_LABEL;
use super::read;
use super::topology::{Selecting, Topology};
use super::workload::{self, Replicas};
use crate::manifest::object::{Identity, Object};

/// How traffic is split.
#[derive(Clone, Debug)]
pub struct Split {
    /// `Deployment/gw (3 of 4 pods, 75%) and Deployment/gw-canary (1 of 4, 25%)`.
    pub text: String,
    /// Whether the shares are known; they aren't if an autoscaler or the number of nodes decides.
    pub is_known: bool,
}

/// The percentage of a Service's connections that each of some workloads gets, if their numbers of pods are fixed and
/// not all zero: each ready pod gets the same.
pub fn shares(topology: &Topology, workloads: &[Identity]) -> Option<Vec<u128>> {
    let pods = |id: &Identity| fixed(&topology.replicas(topology.get(id)?));
    let pods = workloads.iter().map(pods).collect::<Option<Vec<u128>>>()?;
    let total = Some(pods.iter().sum::<u128>()).filter(|total| *total > 0)?;
    Some(pods.iter().map(|pods| percent(*pods, total)).collect())
}

fn fixed(replicas: &Replicas) -> Option<u128> {
    match replicas {
        Replicas::Fixed(n) => Some(u128::from(*n)),
        Replicas::Scaled(..) | Replicas::PerNode => None,
    }
}

fn percent(part: u128, total: u128) -> u128 {
    (part * 200 + total) / (total * 2)
}

impl Split {
    /// The split among workloads: each ready pod gets the same share.
    pub fn new(topology: &Topology, workloads: &[Identity]) -> Split {
        let members: Vec<(&Identity, Replicas)> = workloads
            .iter()
            .filter_map(|id| topology.get(id).map(|object| (id, topology.replicas(object))))
            .collect();
        let total: Option<u128> = members.iter().map(|(_, replicas)| fixed(replicas)).sum();
        let known = total.filter(|total| *total > 0);
        let part = |(index, (id, replicas)): (usize, &(&Identity, Replicas))| match (known, fixed(replicas)) {
            (Some(total), Some(n)) => {
                let pods = if index > 0 {
                    ""
                } else if total == 1 {
                    " pod"
                } else {
                    " pods"
                };
                format!("{id} ({n} of {total}{pods}, {}%)", percent(n, total))
            }
            _ => format!("{id} ({})", replicas.describe()),
        };
        let parts: Vec<String> = members.iter().enumerate().map(part).collect();
        let list = read::list(&parts, 4);
        if total.is_some() {
            return Split { text: list, is_known: true };
        }
        let scalers: Vec<String> =
            members.iter().filter_map(|(id, _)| topology.scaler(id)).map(|s| s.id.to_string()).collect();
        let text = match scalers.is_empty() {
            false => format!("{list}; the split is not known: {} decides", read::list(&scalers, 3)),
            true => format!("{list}; the split is not known: it depends on the number of nodes"),
        };
        Split { text, is_known: false }
    }
}

/// The Services that a workload is named after, the longest name first: `gw-1-30` and `gw-1` may be those of
/// `gw-1-30-canary`.
pub fn named_after<'a>(
    topology: &'a Topology,
    workload: &'a Identity,
) -> impl Iterator<Item = &'a Selecting> {
    let name = &*workload.name;
    let ends = (1..name.len()).rev().filter(|at| name.as_bytes().get(*at) == Some(&b'-'));
    ends.filter_map(|at| name.get(..at)).filter_map(|stem| {
        topology.services.get(&Identity {
            group: "".into(),
            kind: "Service".into(),
            namespace: workload.namespace.clone(),
            name: stem.into(),
        })
    })
}

/// Whether a workload is a canary beside those that a Service selects, and the Service doesn't select it. A name
/// alone says little: a canary calls itself one, or is a gateway of another revision.
pub fn is_canary_without(topology: &Topology, workload: &Arc<Object>, stable: &Selecting) -> bool {
    let selected = topology.selected_by(stable).map(|workload| &workload.object);
    let behind: Vec<&Arc<Object>> = selected.filter(|object| object.id.kind == workload.id.kind).collect();
    if behind.is_empty() || behind.iter().any(|object| object.id == workload.id) {
        return false;
    }
    let revision = |object: &Object| {
        workload::template(object).and_then(|template| read::label(&template, REVISION_LABEL))
    };
    let is_gateway = |object: &Object| {
        workload::template(object).is_some_and(|template| workload::has_injected_image(&template))
    };
    let other = |old: &&Arc<Object>| is_gateway(old) && revision(old) != revision(workload);
    workload.id.name.ends_with("-canary") || (is_gateway(workload) && behind.iter().any(other))
}
