//! What running pods don't feel.

use super::Effect::Other;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::rules::api_versions;

/// The table. The last rules have the words for changes that no other rule speaks of.
pub const RULES: &[Rule] = &[
    Rule::new(
        "api-version",
        Other,
        "",
        "An object is written in another version of its API.",
        "The cluster stores one object for all versions: nothing changes by it alone. The cluster must serve the new \
         version; Kubernetes drops old ones.",
        Check::Run(api_version),
    ),
    Rule::new(
        "schedule",
        Other,
        "",
        "Priorities, quotas, limits or classes change that count for objects made from now on.",
        "What is there already, stays as it is.",
        Check::Fields(&[Fields {
            kinds: &[
                "ResourceQuota",
                "LimitRange",
                "scheduling.k8s.io/PriorityClass",
                "node.k8s.io/RuntimeClass",
                "networking.k8s.io/IngressClass",
            ],
            paths: &["spec", "globalDefault", "description", "overhead", "scheduling"],
            except: &[],
            message: "counts for what is made from now on: {field}",
        }]),
    ),
    Rule::new(
        "custom-object",
        Other,
        "",
        "An object of a kind changes, comes or goes that Kubernetes itself doesn't know.",
        "What that does, its controller decides.",
        Check::Run(custom),
    ),
    Rule::new(
        "metadata-only",
        Other,
        "",
        "Only labels, annotations or other metadata of an object itself change.",
        "Pods have the labels of their template, not those of the object that makes them.",
        Check::Rest(|subject, findings| {
            if subject.occasion == Occasion::Changed && subject.field_but("", &["metadata"]).is_none() {
                findings.say_at(
                    subject.field("metadata"),
                    "only metadata of the object itself: pods that run don't feel it",
                );
            }
        }),
    ),
    Rule::new(
        "new-object",
        Other,
        "",
        "An object is new, and nothing else is to say about it.",
        "Pods that run don't use it.",
        Check::Rest(|subject, findings| {
            if subject.occasion == Occasion::Added {
                findings.say("is new");
            }
        }),
    ),
    Rule::new(
        "no-effect",
        Other,
        "",
        "An object changes in a way that pods which run don't feel.",
        "Nothing that pods are made of, or reached by, changes.",
        Check::Rest(|subject, findings| findings.say_at(subject.field(""), "pods that run don't feel it")),
    ),
];

fn api_version(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let (was, is) = (old.api_version(), new.api_version());
    if was != is {
        let gone = match api_versions::removed_in(&was, subject.kind()) {
            Some(minor) => format!(", which Kubernetes 1.{minor} no longer serves"),
            None => String::new(),
        };
        findings.say_at(subject.field("apiVersion"), format!("is written as {is} instead of {was}{gone}"));
    }
}

/// Groups of Kubernetes itself without a dot, or under `k8s.io`.
fn is_kubernetes(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io") && !group.contains(".x-k8s.io") && !is_add_on(group)
}

/// Groups under `k8s.io` that are no part of Kubernetes itself.
fn is_add_on(group: &str) -> bool {
    ["gateway.networking.k8s.io", "snapshot.storage.k8s.io", "metrics.k8s.io"].contains(&group)
}

fn custom(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if is_kubernetes(&subject.id().group) || super::network::directs(subject) || subject.template().is_some()
    {
        return;
    }
    let group = &subject.id().group;
    match subject.occasion {
        Occasion::Added => findings.say(format!("new; what it does, the controller of {group} decides")),
        Occasion::Removed => findings.say(format!("what its going does, the controller of {group} decides")),
        Occasion::Changed | Occasion::Renamed => {
            if let Some(field) = subject.field_but("", &["metadata"]) {
                findings.say_at(
                    Some(field),
                    format!("what {} does, the controller of {group} decides", field.path),
                );
            }
        }
    }
}
