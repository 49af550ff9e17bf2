//! VirtualServices, and the Gateways that they are bound to.

use std::sync::Arc;

use crate::manifest::object::{Identity, Object};
use crate::rules::read;

/// The API group of Istio's Gateways and VirtualServices.
pub const NETWORKING: &str = "networking.istio.io";

/// A VirtualService.
#[derive(Clone, Debug)]
pub struct VirtualService {
    /// The object.
    pub object: Arc<Object>,
    /// The Gateways that it names, in its order. `mesh`, all sidecars, is none.
    pub gateways: Vec<GatewayName>,
}

/// The name of a Gateway in a VirtualService.
#[derive(Clone, Debug)]
pub struct GatewayName {
    /// As it is written: `istio-ingress/public`.
    pub text: String,
    /// Its place in `spec.gateways`.
    pub index: usize,
    /// The Gateway that it means.
    pub id: Identity,
}

impl VirtualService {
    /// Reads a VirtualService.
    pub(super) fn new(object: &Arc<Object>) -> Option<VirtualService> {
        if (&*object.id.group, &*object.id.kind) != (NETWORKING, "VirtualService") {
            return None;
        }
        let names = read::texts(&object.value, "spec.gateways").into_iter().enumerate();
        let gateways = names.filter(|(_, text)| text != "mesh").map(|(index, text)| {
            let id = gateway_id(&text, &object.id.namespace);
            GatewayName { text, index, id }
        });
        Some(VirtualService { object: object.clone(), gateways: gateways.collect() })
    }
}

/// The Gateway that a name in a namespace means (`pilot/pkg/model/config.go: resolveGatewayName`):
/// `name`, `namespace/name`, `./name`, and of old the name of its host, `name.namespace.svc.cluster.local`.
fn gateway_id(text: &str, namespace: &Arc<str>) -> Identity {
    let (namespace, name): (Arc<str>, &str) = match text.split_once('/') {
        Some((".", name)) => (namespace.clone(), name),
        Some((namespace, name)) => (namespace.into(), name),
        None => {
            let mut parts = text.split('.');
            match (parts.next(), parts.next()) {
                (Some(name), Some(namespace)) => (namespace.into(), name),
                _ => (namespace.clone(), text),
            }
        }
    };
    Identity { group: NETWORKING.into(), kind: "Gateway".into(), namespace, name: name.into() }
}
