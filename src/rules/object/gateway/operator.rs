//! IstioOperator files: what istioctl passes over in silence. `istio` finds it when it reads the file.

use crate::rules::object::{Check, Rule, Severity};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "IOP001",
        name: "operator-without-name",
        severity: Severity::Warning,
        summary: "An IstioOperator that installs no control plane has no metadata.name.",
        why: "istioctl install removes what an earlier file of the same name and revision installed and this one \
              doesn't hold. Files without a name are all the same to it.",
        fix: "Give the file a name of its own: metadata.name.",
        source: "operator/pkg/install/install.go: prune",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP002",
        name: "operator-gateway-without-name",
        severity: Severity::Error,
        summary: "A gateway in an IstioOperator has no name.",
        why: "Its objects have no name either, and the API refuses them.",
        fix: "Set name at the item of components.ingressGateways or egressGateways.",
        source: "operator/pkg/component/component.go: Get",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP003",
        name: "operator-setting-ignored",
        severity: Severity::Warning,
        summary: "A setting of an IstioOperator has no effect.",
        why: "istioctl reads it from another place, or changes an object that isn't made, and says nothing.",
        fix: "Set it where the finding says.",
        source: "operator/pkg/render/postprocess.go",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP004",
        name: "operator-overlay-ignored",
        severity: Severity::Warning,
        summary: "An overlay of an IstioOperator matches no object, has no effect at its path, or breaks the object.",
        why: "istioctl passes over it in silence; a step [...] where there is no list becomes a key.",
        fix: "Compare kind, name and path with what torii istio prints.",
        source: "operator/pkg/tpath/tree.go",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP005",
        name: "operator-gateways-share-labels",
        severity: Severity::Warning,
        summary: "Gateways of an IstioOperator in one namespace have the same labels app and istio.",
        why: "They are what Services and Deployments select by: each gateway gets the traffic of the other.",
        fix: "Give each its own: label: {app: NAME, istio: NAME}.",
        source: "operator/pkg/component/component.go: applyComponentValuesToHelmValues",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP006",
        name: "operator-tag-is-number",
        severity: Severity::Warning,
        summary: "The tag of a gateway in an IstioOperator is taken for a number.",
        why: "The tag 1.10 becomes 1.1, and the image of that name isn't the one that was meant.",
        fix: "Set spec.tag instead, which is a text.",
        source: "operator/pkg/values/map.go",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP007",
        name: "operator-namespace-not-made",
        severity: Severity::Warning,
        summary: "A gateway of an IstioOperator goes to a namespace that istioctl doesn't create.",
        why: "istioctl creates only the namespace of the control plane.",
        fix: "Create the namespace first, without a label istio-injection=disabled.",
        source: "operator/pkg/install/install.go: CreateNamespace",
        check: Check::Elsewhere,
    },
    Rule {
        id: "IOP008",
        name: "operator-gateway-not-injected",
        severity: Severity::Info,
        summary: "A gateway of an IstioOperator is not injected.",
        why: "Its image and settings are those of the release that it was made with: a new proxy needs a new install, \
              where an injected gateway only restarts.",
        fix: "Set values.gateways.istio-ingressgateway.injectionTemplate (or that of the egress gateway) to gateway.",
        source: "istio.io/docs/setup/additional-setup/gateway: Deploying a gateway",
        check: Check::Elsewhere,
    },
];
