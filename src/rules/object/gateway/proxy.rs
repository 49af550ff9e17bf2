//! How the pods of gateways are written.

use std::sync::Arc;

use super::pods::{self, AUTO, MAKERS};
use super::webhook;
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::injection::{self, Cause, Injection, PROXY};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::Workload;
use crate::rules::workload::{self, Container};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW024",
        name: "wrong-template",
        severity: Severity::Error,
        summary: "A pod that is nothing but a proxy doesn't ask for the injection template gateway.",
        why: "Istio puts in a sidecar: a proxy of another role that redirects the traffic of its own pod, and not a \
              gateway. A template that Istio doesn't bring along has to be defined in its values, and is a warning.",
        fix: "Annotate the pods inject.istio.io/templates: gateway.",
        source: "pkg/kube/inject/webhook.go: selectTemplates; manifests/charts/istio-control/istio-discovery/files",
        check: Check::Each(MAKERS, wrong_template),
    },
    Rule {
        id: "GW025",
        name: "image-auto-wrong-container",
        severity: Severity::Error,
        summary: "The image auto is in a container that Istio puts nothing into.",
        why: "Istio finds its containers by name; the image of any other stays auto, and can't be pulled.",
        fix: "Call the container istio-proxy.",
        source: "manifests/charts/istio-control/istio-discovery/files/gateway-injection-template.yaml",
        check: Check::Each(MAKERS, wrong_container),
    },
    Rule {
        id: "GW026",
        name: "bare-pod-auto",
        severity: Severity::Warning,
        summary: "A gateway is a bare Pod.",
        why: "It is injected once, when it is made: nothing replaces it when its node goes, and a new version of the \
              proxy needs it to be deleted and made again. In a cluster, a Pod whose image is still auto was never \
              injected.",
        fix: "Make it a Deployment.",
        source: "pkg/config/analysis/analyzers/injection/image-auto.go: IST0147",
        check: Check::Each(&["Pod"], bare_pod),
    },
    Rule {
        id: "GW029",
        name: "hostnetwork",
        severity: Severity::Error,
        summary: "A pod that waits for its proxy uses the network of its node.",
        why: "Istio never injects into such pods: the image auto stays, and can't be pulled.",
        fix: "Open ports on the node by hostPort in place of hostNetwork, or write the proxy's image and settings out.",
        source: "pkg/kube/inject/inject.go: injectRequired",
        check: Check::Each(MAKERS, host_network),
    },
    Rule {
        id: "GW042",
        name: "privileged-target-port",
        severity: Severity::Error,
        summary: "A Service sends traffic to a port below 1024 of a proxy that may not open it.",
        why: "Without root, the capability NET_BIND_SERVICE or the sysctl net.ipv4.ip_unprivileged_port_start, the \
              port can't be opened, unless the node's container runtime allows it to everyone. The injection template \
              gateway sets the sysctl.",
        fix: "Use target ports from 1024 on (8080, 8443), inject the gateway, or set the sysctl in the pod's \
              securityContext.",
        source: "operator/pkg/apis/validation/validation.go: validatePorts",
        check: Check::Whole(privileged_port),
    },
    Rule {
        id: "GW093",
        name: "uid-1337",
        severity: Severity::Warning,
        summary: "A container that is not the proxy runs as the user 1337.",
        why: "That is the proxy's user, whose traffic is not redirected: the program is left out of the mesh.",
        fix: "Let it run as another user.",
        source: "pkg/config/analysis/analyzers/deployment/pod.go: IST0144",
        check: Check::Each(MAKERS, uid),
    },
];

/// The injection templates that Istio brings along.
const TEMPLATES: &[&str] =
    &["sidecar", "gateway", "grpc-agent", "grpc-simple", "waypoint", "kube-gateway", "grpc", "agentgateway"];

/// The containers that those put something into.
const CONTAINERS: &[&str] = &[PROXY, "istio-init", "istio-validation", "enable-core-dump"];

const PROXY_UID: i64 = 1337;

fn wrong_template(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object).filter(pods::has_auto_proxy) else { return };
    let names = injection::templates(&template);
    let field = pods::metadata(object).at("annotations").key(injection::TEMPLATES);
    if let Some(unknown) = names.iter().find(|name| !TEMPLATES.contains(&name.as_str())) {
        let message = format!("asks for the injection template {unknown}, which is none of Istio's own");
        findings.say(object, field, message).severity(Severity::Warning);
        return;
    }
    // A proxy beside another container is a sidecar whose settings are written out.
    let alone = workload::containers(&template).iter().filter(|container| !container.init).count() == 1;
    if alone && names.iter().all(|name| name == "sidecar") {
        let message = "is nothing but a proxy, and asks for no template gateway: it gets a sidecar";
        findings.say(object, field, message);
    }
}

fn wrong_container(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object) else { return };
    for (index, list, container) in numbered(&template) {
        if pods::image(&container) == AUTO && !CONTAINERS.contains(&container.name.as_str()) {
            let field = container_path(object, index, list, &container).at("image");
            let message = format!(
                "the container {} has the image auto, which Istio puts only into {PROXY}",
                container.name
            );
            findings.say(object, field, message);
        }
    }
}

/// The containers of a pod with their places in their lists.
fn numbered(template: &Value) -> impl Iterator<Item = (usize, &'static str, Container)> {
    let (init, running): (Vec<_>, Vec<_>) =
        workload::containers(template).into_iter().partition(|container| container.init);
    let of = |list, containers: Vec<Container>| {
        containers.into_iter().enumerate().map(move |(index, container)| (index, list, container))
    };
    of("initContainers", init).chain(of("containers", running))
}

fn container_path(object: &Object, index: usize, list: &str, container: &Container) -> Path {
    pods::spec(object).at(list).item(index, format!("name={}", container.name))
}

fn bare_pod(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    if pods::has_auto_proxy(&object.value) {
        findings.say(object, None, "is a gateway without a workload that replaces it");
    }
}

fn host_network(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object).filter(pods::has_auto_proxy) else { return };
    if read::boolean(&template, "spec.hostNetwork") == Some(true) {
        let message = "has no proxy put in: it uses the network of its node; the image auto can't be pulled";
        findings.say(object, pods::spec(object).at("hostNetwork"), message);
    }
}

fn privileged_port(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    let starts: Vec<Option<i64>> =
        topology.workloads.iter().map(|workload| first_open(scene, workload)).collect();
    for service in topology.services.iter() {
        if !findings.may_compare(service.selects.len().saturating_mul(service.ports.len())) {
            return;
        }
        for index in &service.selects {
            let (Some(workload), Some(Some(start))) = (topology.workloads.get(*index), starts.get(*index))
            else {
                continue;
            };
            for port in &service.ports {
                let number = workload.target(port).filter(|number| (1..*start).contains(number));
                let Some(number) = number else { continue };
                if findings.judges(&service.object) {
                    let message = format!(
                        "sends port {} to port {number} of {}, which may open none below {start}",
                        port.text, workload.object.id
                    );
                    let field = Path::of("spec.ports").item(port.index, format!("port={}", port.text));
                    findings.say(&service.object, field, message);
                } else {
                    let message = format!(
                        "may open no port below {start}, and {} sends its port {} to port {number}",
                        service.object.id, port.text
                    );
                    findings.say(&workload.object, pods::spec(&workload.object), message);
                }
            }
        }
    }
}

/// The first port that the proxy of a gateway may open, if it may not open all.
fn first_open(scene: &Scene, workload: &Workload) -> Option<i64> {
    let template = &workload.template;
    let proxy = injection::proxy(template).filter(|_| workload.is_gateway)?;
    let outlook = pods::Outlook::new(scene, &workload.object, template);
    let injected =
        !matches!(outlook.injection, Injection::None(Cause::PodRefuses | Cause::NamespaceRefuses(_)));
    // The sysctl comes with the proxy.
    if (pods::image(&proxy) == AUTO && injected) || may_open_all(template, &proxy) {
        return None;
    }
    Some(unprivileged_start(template))
}

/// The first port that a pod opens without privileges.
fn unprivileged_start(template: &Value) -> i64 {
    let is_start = |sysctl: &&Value| {
        read::text(sysctl, "name").as_deref() == Some("net.ipv4.ip_unprivileged_port_start")
    };
    let sysctls = read::items(template, "spec.securityContext.sysctls");
    let value = sysctls.iter().find(is_start).and_then(|sysctl| read::text(sysctl, "value"));
    value.and_then(|value| value.parse().ok()).unwrap_or(1024)
}

/// Whether a container may open all ports: as root, or by a capability. The proxy's own image runs as 1337.
fn may_open_all(template: &Value, container: &Container) -> bool {
    let context = |field: &str| {
        let own = read::at(&container.value, "securityContext").and_then(|own| read::at(&own, field));
        own.or_else(|| read::at(template, "spec.securityContext").and_then(|pods| read::at(&pods, field)))
    };
    let added = read::texts(&container.value, "securityContext.capabilities.add");
    let root = context("runAsUser").and_then(|user| read::integer(&user, "")) == Some(0);
    root || read::boolean(&container.value, "securityContext.privileged") == Some(true)
        || added.iter().any(|added| matches!(added.as_str(), "ALL" | "NET_BIND_SERVICE"))
}

fn uid(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object) else { return };
    let others = |container: &Container| container.name != PROXY && container.name != "istio-operator";
    if webhook::is_control_plane(object) || !workload::containers(&template).iter().any(others) {
        return;
    }
    let user = "securityContext.runAsUser";
    let own = |container: &Container| read::integer(&container.value, user);
    let running: Vec<_> =
        numbered(&template).filter(|(_, list, it)| *list == "containers" && others(it)).collect();
    let of_pod = read::integer(&template, &format!("spec.{user}")) == Some(PROXY_UID);
    if of_pod && running.iter().any(|(.., container)| own(container).is_none_or(|user| user == PROXY_UID)) {
        let message = "runs as the user 1337, whose traffic Istio doesn't redirect";
        findings.say(object, pods::spec(object).at(user), message);
        return;
    }
    for (index, list, container) in running {
        if own(&container) == Some(PROXY_UID) {
            let field = container_path(object, index, list, &container).at(user);
            let message = format!(
                "the container {} runs as the user 1337, whose traffic Istio doesn't redirect",
                container.name
            );
            findings.say(object, field, message);
        }
    }
}
