//! How a Service splits its traffic among the workloads that it selects, and which workload is a canary.

use super::read;
use super::topology::{Selecting, Topology, Workload};
use super::workload::Replicas;
use crate::manifest::object::Identity;

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
pub fn shares<'a>(workloads: impl Iterator<Item = &'a Workload>) -> Option<Vec<u128>> {
    let pods = workloads.map(|workload| fixed(&workload.replicas)).collect::<Option<Vec<u128>>>()?;
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
    pub fn new(topology: &Topology, workloads: &[&Workload]) -> Split {
        let total: Option<u128> = workloads.iter().map(|workload| fixed(&workload.replicas)).sum();
        let known = total.filter(|total| *total > 0);
        let part = |(index, workload): &(usize, &&Workload)| {
            let id = &workload.object.id;
            match (known, fixed(&workload.replicas)) {
                (Some(total), Some(n)) => {
                    let pods = match (*index, total) {
                        (0, 1) => " pod",
                        (0, _) => " pods",
                        _ => "",
                    };
                    format!("{id} ({n} of {total}{pods}, {}%)", percent(n, total))
                }
                _ => format!("{id} ({})", workload.replicas.describe()),
            }
        };
        let parts: Vec<(usize, &&Workload)> = workloads.iter().enumerate().collect();
        let list = read::few(&parts, 4, part);
        if total.is_some() {
            return Split { text: list, is_known: true };
        }
        let scalers: Vec<_> =
            workloads.iter().filter_map(|workload| topology.scaler(&workload.object.id)).collect();
        let text = match scalers.is_empty() {
            false => {
                let scalers = read::few(&scalers, 3, |scaler| scaler.id.to_string());
                format!("{list}; the split is not known: {scalers} decides")
            }
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

/// Whether the workload at a place is a canary beside those that a Service selects, and the Service doesn't select it.
/// A name alone says little: a canary calls itself one, or is a gateway of another revision.
pub fn is_canary_without(topology: &Topology, index: usize, stable: &Selecting) -> bool {
    let Some(own) = topology.workloads.get(index) else { return false };
    if stable.selects.binary_search(&index).is_ok() {
        return false;
    }
    let is_named = own.object.id.name.ends_with("-canary");
    let mut behind =
        topology.selected_by(stable).filter(|old| old.object.id.kind == own.object.id.kind).peekable();
    let is_other = |old: &Workload| old.has_injected_image && old.revision() != own.revision();
    behind.peek().is_some() && (is_named || own.has_injected_image && behind.any(is_other))
}
