//! Rules about Istio's gateways, and about the files they are made from.

use super::Family;

/// The families.
pub const FAMILIES: &[Family] = &[];
