//! API versions that the cluster doesn't serve, or will not serve for long.

use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::api_versions;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "K8S020",
        name: "api-version-removed",
        severity: Severity::Error,
        summary: "An object is of an API version that this version of Kubernetes doesn't serve.",
        why: "The API server knows no such kind: \"no matches for kind\". Installation stops.",
        fix: "Use a version that is served; check with --kube-version what a cluster takes.",
        source: "kubernetes.io/docs: Deprecated API Migration Guide",
        check: Check::Each(&["*"], removed),
    },
    Rule {
        id: "K8S021",
        name: "api-version-deprecated",
        severity: Severity::Warning,
        summary: "An object is of an API version that a later version of Kubernetes doesn't serve any more.",
        why: "It works until the cluster is upgraded; then installation and upgrades stop.",
        fix: "Use a version that stays.",
        source: "kubernetes.io/docs: Deprecated API Migration Guide",
        check: Check::Each(&["*"], deprecated),
    },
];

fn removed(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let version = object.api_version();
    let now = scene.around.kubernetes;
    if let Some(minor) = api_versions::removed_in(&version, &object.id.kind).filter(|minor| *minor <= now) {
        let message = format!("{version} {} is gone since Kubernetes 1.{minor}", object.id.kind);
        findings.say(object, Path::of("apiVersion"), message);
    } else if let Some(minor) = api_versions::added_in(&version, &object.id.kind).filter(|minor| *minor > now)
    {
        let message = format!("{version} {} is there from Kubernetes 1.{minor} on", object.id.kind);
        findings.say(object, Path::of("apiVersion"), message);
    }
}

fn deprecated(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let version = object.api_version();
    let now = scene.around.kubernetes;
    if let Some(minor) = api_versions::removed_in(&version, &object.id.kind).filter(|minor| *minor > now) {
        let message = format!("{version} {} goes with Kubernetes 1.{minor}", object.id.kind);
        findings.say(object, Path::of("apiVersion"), message);
    }
}
