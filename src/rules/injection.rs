//! Whether Istio's webhook puts its proxy into a pod, and of which revision.
//!
//! Two things decide, one after the other. The selectors of Istio's webhooks say whether a pod comes to Istio at all:
//! the labels of its namespace go before its own (istio
//! `manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml`). Then Istio looks at the pod
//! (`pkg/kube/inject/inject.go: injectRequired`).

use super::read;
use super::selector::{self, Labels};
use super::workload::{self, Container};
use crate::value::Value;

/// The label that asks for injection into a namespace: `enabled`, or anything else against it.
pub const NAMESPACE_LABEL: &str = "istio-injection";
/// The label that names a revision, of namespaces and pods.
pub const REVISION_LABEL: &str = "istio.io/rev";
/// The label of pods that asks for injection, or refuses it. As an annotation it only refuses.
pub const POD_LABEL: &str = "sidecar.istio.io/inject";
/// The annotation of pods that names what is put in.
pub const TEMPLATES: &str = "inject.istio.io/templates";
/// The revision of who names none.
pub const DEFAULT_REVISION: &str = "default";
/// The container that the proxy runs in.
pub const PROXY: &str = "istio-proxy";

/// Namespaces that Istio never looks at (`pkg/kube/inject/initializer.go: IgnoredNamespaces`).
const SYSTEM_NAMESPACES: &[&str] = &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// What Istio does with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injection {
    /// It puts in the proxy of this revision.
    By(String),
    /// It leaves the pod as it is.
    None(Cause),
}

/// Why a pod is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its namespace is one of the cluster's own.
    SystemNamespace,
    /// It uses the network of its node.
    HostNetwork,
    /// Its namespace has the label `istio-injection` with this value, and not `enabled`.
    NamespaceRefuses(String),
    /// It has a label, or the annotation of old, that says `false`.
    PodRefuses,
    /// It has the annotation that asks, but only labels bring a pod to Istio.
    OnlyAnnotation,
    /// Nothing asks for it: no label of the namespace, none of the pod.
    NothingAsks,
}

/// What Istio does with a pod of this template in a namespace of this name and these labels.
pub fn decide(namespace: &str, labels: &Labels, template: &Value) -> Injection {
    if SYSTEM_NAMESPACES.contains(&namespace) {
        return Injection::None(Cause::SystemNamespace);
    }
    if read::boolean(template, "spec.hostNetwork") == Some(true) {
        return Injection::None(Cause::HostNetwork);
    }
    let pod = selector::labels(template, "metadata.labels");
    let (label, annotation) = (pod.get(POD_LABEL), read::annotation(template, POD_LABEL));
    if let Some(value) = labels.get(NAMESPACE_LABEL).filter(|value| *value != "enabled") {
        return Injection::None(Cause::NamespaceRefuses(value.clone()));
    }
    // The label goes before the annotation, even with a value that means nothing.
    if label.map(String::as_str).or(annotation.as_deref()) == Some("false") {
        return Injection::None(Cause::PodRefuses);
    }
    let default = || Injection::By(DEFAULT_REVISION.to_string());
    if labels.contains_key(NAMESPACE_LABEL) {
        return default();
    }
    match labels.get(REVISION_LABEL).or_else(|| pod.get(REVISION_LABEL)) {
        Some(revision) => Injection::By(revision.clone()),
        None if label.is_some_and(|label| label == "true") => default(),
        None if label.is_none() && annotation.as_deref() == Some("true") => {
            Injection::None(Cause::OnlyAnnotation)
        }
        None => Injection::None(Cause::NothingAsks),
    }
}

/// The revision that the labels of a namespace ask for, whatever its pods say.
pub fn revision_of_namespace(labels: &Labels) -> Option<&str> {
    match labels.get(NAMESPACE_LABEL) {
        Some(value) if value == "enabled" => Some(DEFAULT_REVISION),
        Some(_) => None,
        None => labels.get(REVISION_LABEL).map(String::as_str),
    }
}

/// What a pod says is to be put in: the names of its annotation, in order; none if it has no such annotation.
pub fn templates(template: &Value) -> Vec<String> {
    let names = read::annotation(template, TEMPLATES).unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
}

/// The proxy of a pod, if it has one already or has a place for it.
pub fn proxy(template: &Value) -> Option<Container> {
    workload::containers(template).into_iter().find(|container| container.name == PROXY)
}

/// Whether a pod is a gateway: it runs a proxy, and nothing beside it. Istio's node proxy has a container of the
/// same name.
pub fn is_gateway(template: &Value) -> bool {
    let containers = workload::containers(template);
    let mut running = containers.iter().filter(|container| !container.init);
    let is_proxy = |container: &Container| {
        container.name == PROXY && !read::texts(&container.value, "args").contains(&"ztunnel".to_string())
    };
    let alone = running.next().is_some_and(is_proxy) && running.next().is_none();
    alone || templates(template).iter().any(|name| name == "gateway")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(namespace: &str, pod: &str) -> Injection {
        let value = |text: &str| crate::yaml::decode_with_integers(text.as_bytes()).unwrap();
        decide("edge", &selector::labels(&value(namespace), ""), &value(pod))
    }

    fn by(revision: &str) -> Injection {
        Injection::By(revision.into())
    }

    const ASKS: &str = "{metadata: {labels: {sidecar.istio.io/inject: 'true'}}}";
    const REFUSES: &str = "{metadata: {labels: {sidecar.istio.io/inject: 'false'}}}";
    const CANARY: &str = "{metadata: {labels: {istio.io/rev: canary}}}";

    #[test]
    fn a_namespace_that_asks_gives_the_default_revision_whatever_its_pods_name() {
        let namespace = "{istio-injection: enabled, istio.io/rev: other}";
        assert_eq!(decided(namespace, "{}"), by("default"));
        assert_eq!(decided(namespace, CANARY), by("default"));
        assert_eq!(decided(namespace, REFUSES), Injection::None(Cause::PodRefuses));
    }

    #[test]
    fn a_namespace_that_refuses_does_so_for_all_its_pods() {
        let refuses = |value: &str| Injection::None(Cause::NamespaceRefuses(value.into()));
        assert_eq!(decided("{istio-injection: disabled, istio.io/rev: r}", ASKS), refuses("disabled"));
        assert_eq!(decided("{istio-injection: ''}", CANARY), refuses(""));
    }

    #[test]
    fn the_revision_of_a_namespace_goes_before_that_of_its_pods() {
        assert_eq!(decided("{istio.io/rev: stable}", CANARY), by("stable"));
        assert_eq!(decided("{istio.io/rev: stable}", REFUSES), Injection::None(Cause::PodRefuses));
    }

    #[test]
    fn in_a_namespace_without_labels_pods_ask_by_label() {
        assert_eq!(decided("{}", CANARY), by("canary"));
        assert_eq!(decided("{}", ASKS), by("default"));
        assert_eq!(decided("{}", "{}"), Injection::None(Cause::NothingAsks));
        let annotated = "{metadata: {annotations: {sidecar.istio.io/inject: 'true'}}}";
        assert_eq!(decided("{}", annotated), Injection::None(Cause::OnlyAnnotation));
        assert_eq!(decided("{istio-injection: enabled}", annotated), by("default"));
        let yes = "{metadata: {labels: {sidecar.istio.io/inject: 'yes'}}}";
        assert_eq!(decided("{}", yes), Injection::None(Cause::NothingAsks));
    }

    #[test]
    fn the_label_goes_before_the_annotation() {
        let both = "{metadata: {labels: {sidecar.istio.io/inject: 'true'}, annotations: {sidecar.istio.io/inject: \
                    'false'}}}";
        assert_eq!(decided("{}", both), by("default"));
        let annotation = "{metadata: {annotations: {sidecar.istio.io/inject: 'false'}}}";
        assert_eq!(decided("{istio-injection: enabled}", annotation), Injection::None(Cause::PodRefuses));
    }

    #[test]
    fn pods_of_the_node_network_and_of_system_namespaces_are_left_alone() {
        let host = "{metadata: {labels: {sidecar.istio.io/inject: 'true'}}, spec: {hostNetwork: true}}";
        assert_eq!(decided("{}", host), Injection::None(Cause::HostNetwork));
        let labels = Labels::from([(NAMESPACE_LABEL.to_string(), "enabled".to_string())]);
        let found = decide("kube-system", &labels, &Value::Null);
        assert_eq!(found, Injection::None(Cause::SystemNamespace));
    }
}
