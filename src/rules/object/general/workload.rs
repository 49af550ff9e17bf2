//! Workloads, by themselves.

use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{selector, workload};

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "GW002",
    name: "selector-not-in-template",
    severity: Severity::Error,
    summary: "A workload's selector doesn't select the workload's own pods.",
    why: "The API refuses such a workload: it would make pods without end, and never find them.",
    fix: "Give the pod template all labels that spec.selector asks for; take both from one place.",
    source: "pkg/apis/apps/validation/validation.go: ValidateDeploymentSpec, ValidateStatefulSetSpec, ValidateDaemonSetSpec",
    check: Check::Each(WITH_SELECTOR, selector_not_in_template),
}];

const WITH_SELECTOR: &[&str] = &["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet"];

fn selector_not_in_template(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let (Some(selector), Some(template)) = (workload::pod_selector(object), workload::template(object))
    else {
        return;
    };
    let labels = selector::labels(&template, "metadata.labels");
    if !selector.is_empty() && !selector.matches(&labels) {
        let message =
            format!("its selector doesn't select its own pods: they lack {}", selector.missing(&labels));
        findings.say(object, Path::of("spec.selector"), message);
    }
}
