//! Services that others send to: Ingresses, routes, webhooks, StatefulSets.

use std::sync::Arc;

use super::service::{self, Port};
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "K8S005",
        name: "backend-missing",
        severity: Severity::Warning,
        summary: "An Ingress or route sends requests to a Service, or a port of one, that is not there.",
        why: "Requests are answered with 503 or 500. Where the Service is rendered and lacks the port, that is certain; \
              where it is not rendered, it may be in the cluster.",
        fix: "Correct the name and the port; they are those of the Service, not of the container.",
        source: "kubernetes.io/docs: Ingress; gateway-api.sigs.k8s.io: BackendRef",
        check: Check::Each(SENDERS, backend_missing),
    },
    Rule {
        id: "K8S006",
        name: "webhook-service-missing",
        severity: Severity::Warning,
        summary: "A webhook or an aggregated API is served by a Service that is not there.",
        why: "The API server can't reach it. A webhook with failurePolicy Fail then stops all requests that it is \
              asked about; an aggregated API makes the deletion of namespaces hang.",
        fix: "Correct the name and namespace of the Service, or name it by --with if it is in the cluster.",
        source: "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook",
        check: Check::Each(HOOKS, webhook),
    },
    Rule {
        id: "K8S007",
        name: "governing-service-missing",
        severity: Severity::Warning,
        summary: "The serviceName of a StatefulSet is no Service that is there.",
        why: "The pods have no names in DNS, by which members of a cluster mostly find each other.",
        fix: "Render a headless Service of that name that selects the pods.",
        source: "kubernetes.io/docs: StatefulSets, Stable Network ID",
        check: Check::Each(&["apps/StatefulSet"], governing),
    },
];

const SENDERS: &[&str] = &[
    "networking.k8s.io/Ingress",
    "gateway.networking.k8s.io/HTTPRoute",
    "gateway.networking.k8s.io/GRPCRoute",
    "gateway.networking.k8s.io/TCPRoute",
    "gateway.networking.k8s.io/TLSRoute",
    "gateway.networking.k8s.io/UDPRoute",
];

const HOOKS: &[&str] = &[
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/MutatingWebhookConfiguration",
    "apiregistration.k8s.io/APIService",
];

fn backend_missing(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    if &*object.id.kind == "Ingress" {
        ingress(scene, object, findings)
    } else {
        route(scene, object, findings)
    }
}

fn ingress(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let mut look = |backend: Option<Value>, field: Path| {
        let Some(own) = backend.and_then(|backend| read::at(&backend, "service")) else { return };
        let name = read::text(&own, "name").unwrap_or_default();
        let port = match (read::integer(&own, "port.number"), read::text(&own, "port.name")) {
            (Some(number), _) => Some(Port::Number(number)),
            (None, name) => name.map(Port::Name),
        };
        backend_of(scene, object, (&object.id.namespace, &name), port, field.key("service"), findings);
    };
    look(read::at(&object.value, "spec.defaultBackend"), Path::of("spec.defaultBackend"));
    for (index, rule) in read::items(&object.value, "spec.rules").into_iter().enumerate() {
        for (at, path) in read::items(&rule, "http.paths").into_iter().enumerate() {
            let field = Path::of("spec.rules").index(index).at("http.paths").index(at).key("backend");
            look(read::at(&path, "backend"), field);
        }
    }
}

fn route(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    for (index, rule) in read::items(&object.value, "spec.rules").into_iter().enumerate() {
        for (at, backend) in read::items(&rule, "backendRefs").into_iter().enumerate() {
            let is_service = read::text(&backend, "kind").is_none_or(|kind| kind == "Service")
                && read::text(&backend, "group").is_none_or(|group| group.is_empty());
            if !is_service {
                continue;
            }
            let namespace = read::text(&backend, "namespace");
            let namespace = namespace.unwrap_or_else(|| object.id.namespace.to_string());
            let name = read::text(&backend, "name").unwrap_or_default();
            let port = read::integer(&backend, "port").map(Port::Number);
            let field =
                Path::of("spec.rules").index(index).key("backendRefs").item(at, format!("name={name}"));
            backend_of(scene, object, (&namespace, &name), port, field, findings);
        }
    }
}

/// Looks for a Service, by its namespace and name, and its port.
fn backend_of(
    scene: &Scene,
    object: &Arc<Object>,
    (namespace, name): (&str, &str),
    port: Option<Port>,
    field: Path,
    findings: &mut Findings,
) {
    // The controller of AWS takes names of its own actions for backends.
    let is_action = matches!(&port, Some(Port::Name(port)) if port == "use-annotation");
    if name.is_empty() || is_action {
        return;
    }
    let Some(there) = scene.get("Service", namespace, name) else {
        findings.say(object, field, format!("there is no Service {name} in {namespace}"));
        return;
    };
    if let Some(port) = port.filter(|port| !service::has_port(there, port)) {
        let port = match port {
            Port::Number(number) => number.to_string(),
            Port::Name(name) => format!("called {name}"),
        };
        let message = format!("{} has no port {port}, but {}", there.id, service::ports_in_words(there));
        findings.say(object, field.key("port"), message).severity(Severity::Error);
    }
}

fn webhook(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let mut look = |own: Option<Value>, field: Path| {
        let Some(own) = own else { return };
        let name = read::text(&own, "name").unwrap_or_default();
        let namespace = read::text(&own, "namespace").unwrap_or_default();
        if !name.is_empty() && scene.get("Service", &namespace, &name).is_none() {
            findings.say(object, field, format!("there is no Service {name} in {namespace}"));
        }
    };
    if &*object.id.kind == "APIService" {
        return look(read::at(&object.value, "spec.service"), Path::of("spec.service"));
    }
    for (index, hook) in read::items(&object.value, "webhooks").into_iter().enumerate() {
        let name = read::text(&hook, "name").unwrap_or_default();
        let field = Path::of("webhooks").item(index, format!("name={name}")).at("clientConfig.service");
        look(read::at(&hook, "clientConfig.service"), field);
    }
}

fn governing(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let name = read::text(&object.value, "spec.serviceName").unwrap_or_default();
    let namespace = &object.id.namespace;
    if !name.is_empty() && scene.get("Service", namespace, &name).is_none() {
        let message = format!("there is no Service {name} in {namespace}");
        findings.say(object, Path::of("spec.serviceName"), message);
    }
}
