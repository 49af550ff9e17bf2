//! Rules about Kubernetes objects of any kind of software.

mod access;
mod backends;
mod containers;
mod disruption;
mod identity;
mod made;
mod names;
mod references;
mod scaling;
mod service;
mod texts;
mod values;
mod versions;
mod workload;

use super::Family;

/// The families.
pub const FAMILIES: &[Family] = &[
    ("Workloads", workload::RULES),
    ("Pods", containers::RULES),
    ("What pods refer to", references::RULES),
    ("Services", service::RULES),
    ("Who sends to Services", backends::RULES),
    ("Autoscalers", scaling::RULES),
    ("Disruption", disruption::RULES),
    ("Accounts and roles", access::RULES),
    ("Names, labels, keys", identity::RULES),
    ("API versions", versions::RULES),
    ("Types", texts::RULES),
    ("Values", values::RULES),
];
