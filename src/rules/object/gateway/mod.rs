//! Rules about Istio's gateways, and about the files they are made from.

mod annotations;
mod canary;
mod credentials;
mod definitions;
mod injection;
mod operator;
mod overlap;
mod pods;
mod policy;
mod ports;
mod proxy;
mod registry;
mod selection;
mod servers;
mod webhook;

use super::Family;

/// The families.
pub const FAMILIES: &[Family] = &[
    ("Gateways: who selects whom", selection::RULES),
    ("Gateways: shared pods", overlap::RULES),
    ("Gateways: canaries", canary::RULES),
    ("Gateways: injection", injection::RULES),
    ("Gateways: webhooks of injection", webhook::RULES),
    ("Gateways: pods", proxy::RULES),
    ("Gateways: annotations", annotations::RULES),
    ("Gateways: ports", ports::RULES),
    ("Gateways: policies", policy::RULES),
    ("Gateways: certificates", credentials::RULES),
    ("Gateways: servers and routes", servers::RULES),
    ("Gateways: definitions", definitions::RULES),
    ("IstioOperator files", operator::RULES),
];
