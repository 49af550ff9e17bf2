//! Istio's annotations.

use std::sync::Arc;

use super::registry::{self, Annotation};
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::injection::POD_LABEL;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "GW030",
    name: "annotations",
    severity: Severity::Warning,
    summary: "An annotation of Istio is unknown, has no effect where it is, is deprecated, or holds what it can't.",
    why: "Istio passes over annotations that it doesn't know or doesn't look for on that kind; most belong to pods, and \
          on a Deployment itself do nothing. A value that the injector refuses is an error: such pods are not made. A \
          deprecated one is only worth knowing.",
    fix: "Look it up in Istio's list of resource annotations; those of pods belong into spec.template.metadata.",
    source: "pkg/config/analysis/analyzers/annotations/annotations.go: IST0107, IST0108, IST0125, IST0135; istio/api \
             annotation/annotations.yaml",
    check: Check::Each(&["*"], annotations),
}];

/// Annotations that Istio sets itself (`pkg/config/analysis/analyzers/maturity/maturity.go`).
const SET_BY_ISTIO: &[&str] =
    &["sidecar.istio.io/status", "gateway.istio.io/controller-version", "istio.io/rev"];

/// The only one that Istio looks at under a name that is not its own.
const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";

/// Groups whose objects are looked at: Istio's tools put annotations of their own on theirs.
const GROUPS: &[&str] = &["", "apps", "batch", "networking.k8s.io", "argoproj.io"];

fn annotations(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    if !GROUPS.contains(&&*object.id.group) {
        return;
    }
    look(object, &object.value, &object.id.kind, Path::default(), findings);
    let template = workload::template_path(&object.id.group, &object.id.kind).filter(|path| !path.is_empty());
    if let Some((path, template)) = template.zip(workload::template(object)) {
        look(object, &template, "Pod", Path::of(path), findings);
    }
}

/// Looks at the annotations of an object or a template of pods, as of this kind.
fn look(object: &Arc<Object>, value: &Value, kind: &str, path: Path, findings: &mut Findings) {
    for (name, text) in read::entries(value, "metadata.annotations") {
        let domain = name.split('/').next().unwrap_or_default();
        let istios = name == INGRESS_CLASS || domain == "istio.io" || domain.ends_with(".istio.io");
        if !istios || SET_BY_ISTIO.contains(&name.as_str()) {
            continue;
        }
        let field = path.clone().at("metadata.annotations").key(&name);
        let Some(annotation) = registry::annotation(&name) else {
            let like =
                registry::alike(&name).map(|like| format!("; do you mean {like}?")).unwrap_or_default();
            findings.say(object, field, format!("Istio knows no annotation {name}{like}"));
            continue;
        };
        if annotation.deprecated && !is_covered(annotation, value) {
            let instead = if name == POD_LABEL { "; use the label of the same name" } else { "" };
            let message = format!("the annotation {name} is deprecated{instead}");
            findings.say(object, field.clone(), message).severity(Severity::Info);
        }
        if !annotation.on.contains(&"Any") && !annotation.on.contains(&kind) {
            let message =
                format!("the annotation {name} has no effect here, but on a {}", annotation.on.join(" or "));
            let has_pods = kind != "Pod" && workload::template(object).is_some();
            let finding = findings.say(object, field, message);
            if has_pods && annotation.on.contains(&"Pod") {
                finding.fix("Move it to spec.template.metadata.annotations.");
            }
            continue;
        }
        let wants = read::scalar(&text).and_then(|text| annotation.format.refuses(&text));
        if let Some(wants) = wants {
            let message = format!("the annotation {name} has to hold {wants}: the injector refuses the pod");
            findings.say(object, field, message).severity(Severity::Error);
        }
    }
}

/// Who has the label beside the deprecated annotation, keeps both for old versions of Istio.
fn is_covered(annotation: &Annotation, value: &Value) -> bool {
    annotation.name == POD_LABEL && read::label(value, POD_LABEL).is_some()
}
