//! Who manages an object.

use super::Effect::Other;
use super::facts::{self, Subject};
use super::rule::{Check, Findings, Rule};
use crate::rules::read;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "ownership",
        Other,
        "another owner ({})",
        "An object was not managed by Helm, or by another release or by istioctl, and is to belong to this release.",
        "Helm refuses to take over an object without its label app.kubernetes.io/managed-by: Helm and its annotations \
         meta.helm.sh/release-name and -namespace: set them first, or upgrade with --take-ownership. istioctl prunes \
         and overwrites objects that carry its labels.",
        Check::Run(ownership),
    )
    .code("GW105")
    .source("helm pkg/action/validate.go: checkOwnership; istio operator/pkg/install"),
];

/// Who manages an object, as far as it says.
#[derive(PartialEq, Eq)]
enum Owner {
    Helm,
    Istioctl,
    Other(String),
    Unknown,
}

impl Owner {
    fn of(value: &Value) -> Owner {
        let has = |key| read::label(value, key).is_some();
        if has("install.operator.istio.io/owning-resource") || has("operator.istio.io/managed") {
            return Owner::Istioctl;
        }
        match read::label(value, "app.kubernetes.io/managed-by").or_else(|| read::label(value, "heritage")) {
            Some(manager) if manager == "Helm" => Owner::Helm,
            Some(manager) if !manager.is_empty() => Owner::Other(manager),
            _ => Owner::Unknown,
        }
    }

    fn name(&self) -> &str {
        match self {
            Owner::Helm => "Helm",
            Owner::Istioctl => "istioctl",
            Owner::Other(name) => name,
            Owner::Unknown => "someone else",
        }
    }
}

fn ownership(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let release = |value| {
        let part = |key| read::annotation(value, key);
        part("meta.helm.sh/release-name")
            .map(|name| (name, part("meta.helm.sh/release-namespace").unwrap_or_default()))
    };
    if let (Some(was), Some(is)) = (release(&old.value), release(&new.value))
        && was != is
    {
        let message = format!(
            "belongs to the release {} of {}: Helm refuses to take it over for the release {} of {}",
            was.0, was.1, is.0, is.1
        );
        return findings.say_at(subject.field("metadata.annotations"), message);
    }
    let field = subject.field("metadata.labels");
    let is_helms = facts::is_helms(new) || release(&new.value).is_some();
    let message = match (Owner::of(&old.value), Owner::of(&new.value)) {
        // A chart that only now labels its objects, is Helm's on both sides.
        (Owner::Unknown, _) if is_helms && subject.facts.comes_to_helm() => {
            "Helm refuses to take it over, unless Helm installed it before, or --take-ownership is given"
                .to_string()
        }
        (Owner::Helm, Owner::Istioctl) => {
            "is Helm's, and istioctl would overwrite it; Helm then finds it changed".to_string()
        }
        // Helm's own render of istioctl's charts carries both labels: only one that comes anew is a change of hands.
        (was @ (Owner::Istioctl | Owner::Other(_)), Owner::Helm) if is_helms => {
            format!(
                "is managed by {}: Helm refuses to take it over, unless --take-ownership is given",
                was.name()
            )
        }
        (was @ Owner::Other(_), is @ Owner::Other(_)) if was != is => {
            format!("is managed by {} instead of {}", is.name(), was.name())
        }
        _ => return,
    };
    findings.say_at(field, message);
}
