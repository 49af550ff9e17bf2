//! What goes.

use super::Effect::{Delete, Other, Traffic};
use super::facts::{Occasion, Subject};
use super::rule::{Check, Findings, Rule};
use crate::rules::read;
use crate::rules::topology;
use crate::value::Value;

/// The annotation by which Helm leaves an object where it is.
const POLICY: &str = "helm.sh/resource-policy";

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "namespace-deleted",
        Delete,
        "{} with all in it",
        "A Namespace goes.",
        "Everything in it goes with it: objects of other releases, claims and their data.",
        Check::Run(|subject, findings| {
            gone(subject, findings, &["Namespace"], "everything in the namespace goes with it");
        }),
    ),
    Rule::new(
        "definition-deleted",
        Delete,
        "{} with all objects of the kind",
        "A CustomResourceDefinition goes.",
        "Every object of its kind goes with it, in all namespaces.",
        Check::Run(|subject, findings| {
            gone(
                subject,
                findings,
                &["apiextensions.k8s.io/CustomResourceDefinition"],
                "all objects of its kind go with it, in every namespace",
            );
        }),
    ),
    Rule::new(
        "deleted",
        Delete,
        "{}",
        "An object goes.",
        "Helm deletes what the new version of a release no longer has.",
        Check::Run(deleted),
    )
    .source("helm pkg/kube/client.go: Update"),
    Rule::new(
        "service-gone",
        Traffic,
        "no answer any more ({})",
        "A Service goes, or its name does.",
        "Its name resolves no longer, and an external address is given up.",
        Check::Run(service),
    )
    .code("GW101"),
    Rule::new(
        "kept",
        Other,
        "kept in the cluster ({})",
        "An object is no longer in the render, but says that Helm must keep it.",
        "With helm.sh/resource-policy: keep it stays in the cluster, as it is, and belongs to no release.",
        Check::Run(kept),
    )
    .source("helm pkg/kube/client.go: Update"),
    Rule::new(
        "keep-changed",
        Other,
        "",
        "An object begins or ceases to say that Helm must keep it.",
        "It decides what becomes of the object when it is no longer rendered, or the release is uninstalled.",
        Check::Run(keep_changed),
    ),
];

/// Whether Helm leaves the object where it is (`helm pkg/kube/resource_policy.go`).
pub fn is_kept(value: &Value) -> bool {
    read::annotation(value, POLICY).is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep"))
}

fn goes(subject: &Subject<'_>) -> bool {
    subject.occasion == Occasion::Removed && !is_kept(&subject.old_value())
}

fn gone(subject: &Subject<'_>, findings: &mut Findings<'_, '_>, kinds: &[&str], message: &str) {
    if goes(subject) && subject.is(kinds) {
        findings.say(format!("deleted: {message}"));
    }
}

fn deleted(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !goes(subject) || subject.is(&["Namespace", "apiextensions.k8s.io/CustomResourceDefinition"]) {
        return;
    }
    let users = || -> Vec<String> {
        subject.facts.users(subject.id()).iter().map(|user| user.workload.id.to_string()).collect()
    };
    let more = match subject.kind() {
        "PersistentVolumeClaim" => ": once no pod uses it".to_string(),
        "Secret" | "ConfigMap" => match users() {
            users if users.is_empty() => String::new(),
            users => format!(": new pods of {} that need it don't start", read::list(&users, 3)),
        },
        "ServiceAccount" => ": pods that name it can't be made any more".to_string(),
        "HorizontalPodAutoscaler" => {
            match subject.change.old.as_ref().and_then(|o| topology::scale_target(o)) {
                Some(target) => format!(": {target} keeps the pods that it has"),
                None => String::new(),
            }
        }
        _ => String::new(),
    };
    findings.say(format!("deleted{more}"));
}

fn service(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some(old) = subject.removed().filter(|old| subject.is(&["Service"]) && !is_kept(&old.value)) else {
        return;
    };
    let address = match read::text(&old.value, "spec.type").as_deref() {
        Some("LoadBalancer") => ", and its external address is given up",
        _ => "",
    };
    findings.say_of(&old.id, format!("{} no longer answers{address}", old.id));
}

fn kept(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.occasion == Occasion::Removed && is_kept(&subject.old_value()) {
        findings
            .say("stays in the cluster as it is (helm.sh/resource-policy: keep), and belongs to no release");
    }
}

fn keep_changed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.both().is_none() {
        return;
    }
    let field = subject.field("metadata.annotations");
    match (is_kept(&subject.old_value()), is_kept(&subject.new_value())) {
        (false, true) => {
            findings.say_at(field, "from now on stays in the cluster when it is no longer rendered")
        }
        (true, false) => findings.say_at(field, "from now on is deleted when it is no longer rendered"),
        _ => {}
    }
}
