//! Objects that make pods, with what rules ask of their pods again and again.

use std::collections::HashMap;
use std::sync::Arc;

use super::service::{ServicePort, Target};
use crate::manifest::object::Object;
use crate::rules::injection::{self, REVISION_LABEL};
use crate::rules::read;
use crate::rules::selector::Labels;
use crate::rules::workload::{self, Replicas};
use crate::value::Value;

/// An object that makes pods.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The object.
    pub object: Arc<Object>,
    /// The labels of its pods.
    pub labels: Labels,
    /// The template of its pods.
    pub template: Value,
    /// How many pods it has: an autoscaler's word goes before its own.
    pub replicas: Replicas,
    /// Whether its pods are gateways.
    pub is_gateway: bool,
    /// Whether Istio's webhook is to put in the image of a container.
    pub has_injected_image: bool,
    /// Whether its pods have a proxy, or get one by what is known of their namespace.
    pub is_in_mesh: bool,
    named: HashMap<String, Vec<NamedPort>>,
}

/// A port of a container, without its name.
#[derive(Clone, Debug)]
struct NamedPort {
    protocol: String,
    number: Option<i64>,
}

impl Workload {
    /// Reads what is known of an object by itself, if its pods go on running.
    pub(super) fn new(object: &Arc<Object>) -> Option<Workload> {
        let labels = workload::pod_labels(object)?;
        let template = workload::template(object)?;
        let containers = workload::containers(&template);
        let mut named: HashMap<String, Vec<NamedPort>> = HashMap::new();
        for port in containers.iter().flat_map(|container| read::items(&container.value, "ports")) {
            if let Some(name) = read::text(&port, "name") {
                let number = read::integer(&port, "containerPort");
                let port = NamedPort { protocol: super::service::protocol(&port), number };
                named.entry(name).or_default().push(port);
            }
        }
        Some(Workload {
            object: object.clone(),
            labels,
            replicas: workload::own_replicas(object),
            is_gateway: injection::is_gateway(&template),
            has_injected_image: workload::has_injected_image(&template),
            is_in_mesh: injection::proxy(&template).is_some(),
            template,
            named,
        })
    }

    /// The name of the ServiceAccount that its pods act as.
    pub fn account(&self) -> String {
        workload::account(&self.template)
    }

    /// The revision of Istio that its pods name.
    pub fn revision(&self) -> Option<&str> {
        self.labels.get(REVISION_LABEL).map(String::as_str)
    }

    /// The number of the container port of a name; of several, the first.
    pub fn port_named(&self, name: &str) -> Option<i64> {
        self.named.get(name)?.first()?.number
    }

    /// Whether a container has a port of this name and protocol.
    pub fn has_port(&self, name: &str, protocol: &str) -> bool {
        self.named.get(name).is_some_and(|ports| ports.iter().any(|port| port.protocol == protocol))
    }

    /// The number of the port of its pods that a port of a Service leads to.
    pub fn target(&self, port: &ServicePort) -> Option<i64> {
        match &port.target {
            Target::Number(number) => Some(*number),
            Target::Name(name) => self.port_named(name),
            Target::None => None,
        }
    }
}
