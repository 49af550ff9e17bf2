//! Rules about Kubernetes objects of any kind of software.

mod access;
mod backends;
mod containers;
mod disruption;
pub(super) mod fields;
mod identity;
pub(super) mod made;
mod names;
mod references;
mod scaling;
mod schema;
mod service;
mod types;
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
    ("Fields and types", fields::RULES),
    ("Custom objects", schema::RULES),
    ("Values", values::RULES),
];
