//! Definitions of the Gateway API.

use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "GW095",
    name: "gateway-api-too-old",
    severity: Severity::Warning,
    summary: "A definition of the Gateway API is older than what Istio takes.",
    why: "Istio passes over all objects of that kind, without a word. The versions are those of Istio 1.31; looked for \
          only where there are objects of Istio, or its revisions are named.",
    fix: "Install the Gateway API's definitions of a newer version.",
    source: "pkg/config/schema/gatewayapi/minimumversions.go; pkg/config/analysis/analyzers/k8sgateway/crdversion.go: \
             IST0176",
    check: Check::Each(&["apiextensions.k8s.io/CustomResourceDefinition"], too_old),
}];

/// The first versions of definitions that Istio takes.
const FIRST: &[(&str, (u64, u64))] = &[
    ("grpcroutes.gateway.networking.k8s.io", (1, 1)),
    ("backendtlspolicies.gateway.networking.k8s.io", (1, 4)),
    ("tlsroutes.gateway.networking.k8s.io", (1, 5)),
    ("tcproutes.gateway.networking.k8s.io", (1, 6)),
];

const VERSION: &str = "gateway.networking.k8s.io/bundle-version";

fn too_old(scene: &Scene, definition: &Arc<Object>, findings: &mut Findings) {
    let Some((_, first)) = FIRST.iter().find(|(name, _)| *name == &*definition.id.name) else { return };
    let Some(version) = read::annotation(&definition.value, VERSION) else { return };
    let is_istios = |object: &Arc<Object>| object.id.group.ends_with("istio.io");
    if scene.around.revisions.is_empty() && !scene.all().any(is_istios) {
        return;
    }
    let mut numbers = version.trim_start_matches('v').split(['.', '-', '+']).map(str::parse::<u64>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return };
    if (major, minor) < *first {
        let message = format!("is of version {version}; Istio passes over it before {}.{}", first.0, first.1);
        findings.say(definition, Path::of("metadata.annotations").key(VERSION), message);
    }
}
