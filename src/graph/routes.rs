//! Where routes and Ingresses lead.

use std::collections::HashSet;
use std::sync::Arc;

use super::model::Relation;
use crate::manifest::object::{Identity, Object};
use crate::rules::read;
use crate::rules::topology::VirtualService;
use crate::value::Value;

const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// What a route leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Which object.
    pub id: Identity,
    /// How.
    pub relation: Relation,
    /// Whether the object itself is named, not a host that may be it.
    pub is_named: bool,
}

/// What an Ingress or a route of the Gateway API leads to; `None` for other objects.
pub(super) fn of(object: &Object) -> Option<Vec<Target>> {
    match (&*object.id.group, &*object.id.kind) {
        ("networking.k8s.io" | "extensions", "Ingress") => Some(once(ingress(object))),
        (GATEWAY_API, "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute") => {
            Some(once(route(object)))
        }
        _ => None,
    }
}

/// The Gateways that a VirtualService is bound to, and the Services that its hosts may be.
pub(super) fn of_virtual_service(virtual_service: &VirtualService) -> Vec<Target> {
    let object = &virtual_service.object;
    let gateways = virtual_service.gateways.iter();
    let mut targets: Vec<Target> = gateways.map(|g| named(g.id.clone(), Relation::Binds)).collect();
    for protocol in ["http", "tcp", "tls"] {
        for rule in read::items(&object.value, &format!("spec.{protocol}")) {
            let hosts = read::items(&rule, "route");
            let hosts = hosts.iter().filter_map(|route| read::text(route, "destination.host"));
            let services = hosts.filter_map(|host| service_of(&host, &object.id.namespace));
            targets.extend(services.map(|id| Target { id, relation: Relation::Routes, is_named: false }));
        }
    }
    once(targets)
}

/// Each target once.
fn once(mut targets: Vec<Target>) -> Vec<Target> {
    let mut seen = HashSet::new();
    targets.retain(|target| seen.insert((target.id.clone(), target.relation)));
    targets
}

/// The Service that a host means, if it may be one: `web`, `web.shop`, `web.shop.svc.cluster.local`.
fn service_of(host: &str, namespace: &Arc<str>) -> Option<Identity> {
    let mut parts = host.split('.');
    let (name, namespace) = (parts.next()?, parts.next().map_or_else(|| namespace.clone(), Arc::from));
    parts.next().is_none_or(|third| third == "svc").then(|| service(namespace, name))
}

fn ingress(object: &Object) -> Vec<Target> {
    let name =
        |backend: Value| read::text(&backend, "service.name").or_else(|| read::text(&backend, "serviceName"));
    let rules = read::items(&object.value, "spec.rules");
    let paths = rules.iter().flat_map(|rule| read::items(rule, "http.paths"));
    let backends = paths.filter_map(|path| read::at(&path, "backend"));
    let default = ["spec.defaultBackend", "spec.backend"].iter().filter_map(|at| read::at(&object.value, at));
    let names = default.chain(backends).filter_map(name);
    names.map(|name| named(service(object.id.namespace.clone(), &name), Relation::Routes)).collect()
}

fn route(object: &Object) -> Vec<Target> {
    let of = |reference: &Value, group: &str, kind: &str| {
        let text = |field| read::text(reference, field);
        Some(Identity {
            group: text("group").unwrap_or_else(|| group.to_string()).into(),
            kind: text("kind").unwrap_or_else(|| kind.to_string()).into(),
            namespace: text("namespace").map_or_else(|| object.id.namespace.clone(), Arc::from),
            name: text("name")?.into(),
        })
    };
    let parents = read::items(&object.value, "spec.parentRefs");
    let parents = parents.iter().filter_map(|parent| of(parent, GATEWAY_API, "Gateway"));
    let mut targets: Vec<Target> = parents.map(|id| named(id, Relation::Binds)).collect();
    for rule in read::items(&object.value, "spec.rules") {
        let backends = read::items(&rule, "backendRefs");
        let backends = backends.iter().filter_map(|backend| of(backend, "", "Service"));
        targets.extend(backends.map(|id| named(id, Relation::Routes)));
    }
    targets
}

fn service(namespace: Arc<str>, name: &str) -> Identity {
    Identity { group: "".into(), kind: "Service".into(), namespace, name: name.into() }
}

fn named(id: Identity, relation: Relation) -> Target {
    Target { id, relation, is_named: true }
}
