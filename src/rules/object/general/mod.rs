//! Rules about Kubernetes objects of any kind of software.

mod values;
mod workload;

use super::Family;

/// The families.
pub const FAMILIES: &[Family] = &[("Workloads", workload::RULES), ("Values", values::RULES)];
