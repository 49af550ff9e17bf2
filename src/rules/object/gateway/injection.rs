//! Whether gateways get their proxy, and of which revision.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pods::{self, MAKERS, Outlook};
use super::webhook;
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::injection::{
    self, Cause, DEFAULT_REVISION, Injection, NAMESPACE_LABEL, POD_LABEL, REVISION_LABEL,
};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW020",
        name: "image-auto-not-injected",
        severity: Severity::Error,
        summary: "A pod waits for Istio to put in its proxy, and Istio doesn't.",
        why: "The image auto is no image: the node fails to pull it, and the pod never starts. Where the labels of the \
              namespace are not known and the pod asks for nothing itself, it depends on them, and this is a warning.",
        fix: "Label the pods sidecar.istio.io/inject: \"true\", or with the revision, istio.io/rev: NAME. Name the \
              Namespace with its labels by --with.",
        source: "pkg/kube/inject/inject.go: injectRequired; pkg/config/analysis/analyzers/injection/image-auto.go: \
                 IST0146",
        check: Check::Whole(not_injected),
    },
    Rule {
        id: "GW021",
        name: "namespace-disabled",
        severity: Severity::Error,
        summary: "A gateway that Istio is to put a proxy into is in a namespace labelled istio-injection=disabled.",
        why: "The label of the namespace goes before all that its pods ask for: nothing is injected, the image auto \
              stays as it is, and the pods fail to pull it.",
        fix: "Take the label istio-injection from the namespace; gateways ask for injection themselves. Or put the \
              gateway into another namespace.",
        source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml; istio.io/docs/setup/\
                 additional-setup/gateway: Deploying a gateway",
        check: Check::Each(MAKERS, namespace_disabled),
    },
    Rule {
        id: "GW022",
        name: "rev-label-ineffective",
        severity: Severity::Warning,
        summary: "A pod names an Istio revision, and its namespace gives it another one.",
        why: "The labels of a namespace go before those of its pods: a canary gets the proxy of the namespace's \
              revision, and nothing of what it is to try.",
        fix: "Put gateways into a namespace without the labels istio-injection and istio.io/rev.",
        source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml",
        check: Check::Each(MAKERS, revision_ineffective),
    },
    Rule {
        id: "GW023",
        name: "unknown-revision",
        severity: Severity::Warning,
        summary: "A namespace or a pod names a revision of Istio that is not there.",
        why: "No webhook answers for it: nothing is injected. Known are the revisions and tags named by --revisions, \
              and those of injection webhooks among the objects.",
        fix: "Correct the label istio.io/rev, or install that revision or a tag of that name first.",
        source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml",
        check: Check::Whole(unknown_revision),
    },
    Rule {
        id: "GW027",
        name: "inject-annotation-only",
        severity: Severity::Warning,
        summary: "A pod asks for injection by the annotation sidecar.istio.io/inject alone, in a namespace that doesn't.",
        why: "The webhook looks at labels: the pod doesn't come to Istio, and gets no proxy. The annotation is \
              deprecated.",
        fix: "Make it a label of the pod template.",
        source: "pkg/config/analysis/analyzers/annotations/annotations.go: IST0135",
        check: Check::Each(MAKERS, annotation_only),
    },
    Rule {
        id: "GW028",
        name: "several-injection-labels",
        severity: Severity::Warning,
        summary: "A namespace has several labels that say how its pods come into the mesh.",
        why: "Only one has effect: istio-injection goes before istio.io/rev, and sidecars before the ambient mode.",
        fix: "Keep one of istio-injection, istio.io/rev and istio.io/dataplane-mode.",
        source: "pkg/config/analysis/analyzers/injection/injection.go: IST0123",
        check: Check::Each(&["Namespace"], several_labels),
    },
];

/// The pods of an object that wait for their proxy, and what Istio does with them.
fn waiting(scene: &Scene, object: &Object) -> Option<(Value, Outlook)> {
    let template = workload::template(object).filter(pods::has_auto_proxy)?;
    let outlook = Outlook::new(scene, object, &template);
    Some((template, outlook))
}

fn not_injected(scene: &Scene, findings: &mut Findings) {
    let by_default = webhook::injects_by_default(scene);
    for object in scene.of(MAKERS) {
        without_proxy(scene, object, by_default, findings);
    }
}

fn without_proxy(scene: &Scene, object: &Arc<Object>, by_default: bool, findings: &mut Findings) {
    let Some((_, Outlook { injection: Injection::None(cause), is_known })) = waiting(scene, object) else {
        return;
    };
    let namespace = &object.id.namespace;
    let (why, severity) = match cause {
        // Rules of their own.
        Cause::HostNetwork | Cause::NamespaceRefuses(_) => return,
        Cause::SystemNamespace => (format!("Istio leaves the namespace {namespace} alone"), Severity::Error),
        Cause::PodRefuses => (format!("it says {POD_LABEL}=false"), Severity::Error),
        Cause::OnlyAnnotation => {
            (format!("it asks by the annotation {POD_LABEL}, which has to be a label"), Severity::Error)
        }
        Cause::NothingAsks if by_default => return,
        Cause::NothingAsks if is_known => {
            (format!("neither its labels nor those of the namespace {namespace} ask for it"), Severity::Error)
        }
        Cause::NothingAsks => (
            format!("its labels don't ask for it, and those of the namespace {namespace} are not known"),
            Severity::Warning,
        ),
    };
    let has = if severity == Severity::Error { "has" } else { "may have" };
    let message = format!("{has} no proxy put in: {why}; the image auto can't be pulled");
    findings.say(object, pods::metadata(object).at("labels"), message).severity(severity);
}

fn namespace_disabled(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some((_, outlook)) = waiting(scene, object) else { return };
    if let Injection::None(Cause::NamespaceRefuses(value)) = outlook.injection {
        let message = format!(
            "has no proxy put in: its namespace {} is labelled {NAMESPACE_LABEL}={value}, which goes before all \
             labels of the pod; the image auto can't be pulled",
            object.id.namespace
        );
        findings.say(object, pods::metadata(object), message);
    }
}

fn revision_ineffective(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object) else { return };
    let Some(own) = read::label(&template, REVISION_LABEL) else { return };
    let Some(labels) = scene.topology.namespace(&object.id.namespace) else { return };
    let forced = injection::revision_of_namespace(labels).filter(|forced| **forced != *own);
    if let Some(forced) = forced {
        let by = if labels.contains_key(NAMESPACE_LABEL) { NAMESPACE_LABEL } else { REVISION_LABEL };
        let message = format!(
            "names the revision {own}, but gets the proxy of {forced}: the label {by} of the namespace {} goes before \
             its own",
            object.id.namespace
        );
        findings.say(object, pods::metadata(object).at("labels").key(REVISION_LABEL), message);
    }
}

fn unknown_revision(scene: &Scene, findings: &mut Findings) {
    let mut known: BTreeSet<String> = scene.around.revisions.iter().cloned().collect();
    known.extend(webhook::revisions(scene));
    if known.is_empty() {
        return;
    }
    known.insert(DEFAULT_REVISION.to_string());
    let names = read::list(&known.iter().cloned().collect::<Vec<_>>(), 5);
    let is_unknown = |revision: &String| !revision.is_empty() && !known.contains(revision);
    for namespace in scene.of(&["Namespace"]) {
        if let Some(revision) = read::label(&namespace.value, REVISION_LABEL).filter(is_unknown) {
            let field = Path::of("metadata.labels").key(REVISION_LABEL);
            let message = format!("asks for the revision {revision} of Istio; known are {names}");
            findings.say(namespace, field, message);
        }
    }
    for object in scene.of(MAKERS) {
        let Some(template) = workload::template(object) else { continue };
        let revision = read::label(&template, REVISION_LABEL).filter(is_unknown);
        // Istio labels its own pods by the revision that they are.
        let own = webhook::is_control_plane(object) || injection::proxy(&template).is_none();
        if let Some(revision) = revision.filter(|_| !own) {
            let field = pods::metadata(object).at("labels").key(REVISION_LABEL);
            let message = format!("asks for the revision {revision} of Istio; known are {names}");
            findings.say(object, field, message);
        }
    }
}

fn annotation_only(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(template) = workload::template(object) else { return };
    // What waits for a proxy is an error by another rule.
    if pods::has_auto_proxy(&template) {
        return;
    }
    if Outlook::new(scene, object, &template).injection == Injection::None(Cause::OnlyAnnotation) {
        let field = pods::metadata(object).at("annotations").key(POD_LABEL);
        let message =
            "asks for a proxy by an annotation alone: without the label of the same name it gets none";
        findings.say(object, field, message);
    }
}

fn several_labels(_: &Scene, namespace: &Arc<Object>, findings: &mut Findings) {
    if &*namespace.id.name == "istio-system" {
        return;
    }
    let label = |key: &str| read::label(&namespace.value, key).map(|value| format!("{key}={value}"));
    let injection = label(NAMESPACE_LABEL);
    // Who refuses sidecars may say anything else besides.
    if injection.as_ref().is_some_and(|label| *label != format!("{NAMESPACE_LABEL}=enabled")) {
        return;
    }
    let others = [REVISION_LABEL, "istio.io/dataplane-mode"].iter().filter_map(|key| label(key));
    let found: Vec<String> = injection.into_iter().chain(others).collect();
    if let [first, .., _] = found.as_slice() {
        let message = format!("has the labels {}: only {first} has effect", read::list(&found, 3));
        findings.say(namespace, Path::of("metadata.labels"), message);
    }
}
