//! Pods, namespaces and webhooks that may do more than before.

use std::collections::BTreeSet;

use super::Effect::{Other, Privilege};
use super::facts::{Occasion, Subject};
use super::pods::{self, Powers};
use super::rule::{Check, Fields, Findings, Rule};
use crate::manifest::object::Role;
use crate::rules::{read, workload};
use crate::value::Value;

const ALL: &[Role] = &[Role::Object, Role::Hook];

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "pod-powers",
        Privilege,
        "pods may do more ({})",
        "Pods get access to the host, capabilities, root, or privileged mode.",
        "What is in a container can then reach more of its node, and other pods there.",
        Check::Run(powers),
    )
    .about(ALL)
    .source("kubernetes.io/docs: Pod Security Standards"),
    Rule::new(
        "pod-guards-lost",
        Privilege,
        "pods guarded less ({})",
        "A container no longer gives up what it doesn't need: runAsNonRoot, allowPrivilegeEscalation: false, dropped \
         capabilities, a read-only root file system, a seccomp profile.",
        "A fault in the program reaches further then. Namespaces that enforce the restricted standard refuse it.",
        Check::Run(guards_lost),
    )
    .about(ALL)
    .source("kubernetes.io/docs: Pod Security Standards"),
    Rule::new(
        "service-account-changed",
        Privilege,
        "pods under another account ({})",
        "The pods of a workload run under another ServiceAccount.",
        "What they may ask of the API, which secrets they read and who they are in the mesh (SPIFFE) goes by their \
         account. Bindings and policies must name the new one.",
        Check::Run(account),
    )
    .about(ALL)
    .code("GW104"),
    Rule::new(
        "token-mounted",
        Privilege,
        "pods get a token for the API ({})",
        "Pods get the token of their ServiceAccount, which they did not before.",
        "Whoever gets into the pod may use it.",
        Check::Run(token),
    )
    .about(ALL),
    Rule::new(
        "pod-security-lowered",
        Privilege,
        "less enforced ({})",
        "A Namespace enforces a lower Pod Security standard, or none.",
        "Pods that were refused there may run now.",
        Check::Run(pod_security),
    )
    .source("kubernetes.io/docs: Pod Security Admission"),
    Rule::new(
        "webhook-new",
        Privilege,
        "new webhooks ({})",
        "An admission webhook is new.",
        "It sees the objects that it asks for, Secrets included, and a mutating one may change them. While it doesn't \
         answer, such requests fail, unless its failurePolicy is Ignore.",
        Check::Run(webhook),
    )
    .about(ALL),
    Rule::new(
        "webhook-changed",
        Privilege,
        "webhooks see other requests ({})",
        "An admission webhook asks for other objects, or is somewhere else.",
        "It sees, and may change, what it asks for.",
        Check::Fields(&[Fields {
            kinds: WEBHOOKS,
            paths: &[
                "webhooks.*.rules",
                "webhooks.*.namespaceSelector",
                "webhooks.*.objectSelector",
                "webhooks.*.matchConditions",
                "webhooks.*.matchPolicy",
                "webhooks.*.clientConfig",
            ],
            except: &["webhooks.*.clientConfig.caBundle"],
            message: "sees other requests to the API, or sends them elsewhere: {field}",
        }]),
    )
    .about(ALL),
    Rule::new(
        "security-constraints",
        Privilege,
        "other bounds for pods ({})",
        "An object that decides what pods of others may do (SecurityContextConstraints, PodSecurityPolicy) changes or \
         is new.",
        "It counts for all pods whose accounts may use it.",
        Check::Run(constraints),
    )
    .about(ALL),
    Rule::new(
        "webhook-failure",
        Other,
        "webhooks fail otherwise ({})",
        "An admission webhook changes what happens while it doesn't answer.",
        "With failurePolicy Fail the API refuses requests until it answers, also those that would start it.",
        Check::Fields(&[Fields {
            kinds: WEBHOOKS,
            paths: &["webhooks.*.failurePolicy", "webhooks.*.timeoutSeconds"],
            except: &[],
            message: "changes what happens while the webhook doesn't answer: {field}",
        }]),
    ),
    Rule::new(
        "pod-powers-narrowed",
        Other,
        "",
        "Pods may do less than before, or are guarded more.",
        "A program that needed it fails after the restart.",
        Check::Run(powers_narrowed),
    )
    .about(ALL),
];

const WEBHOOKS: &[&str] = &[
    "admissionregistration.k8s.io/MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
];

/// What the pods may do on both sides; nothing on the old side, if the object is new.
fn both_powers(subject: &Subject<'_>) -> Option<(Powers, Powers)> {
    let new = workload::template(subject.change.new.as_ref()?)?;
    let old = subject.change.old.as_ref().and_then(|object| workload::template(object));
    Some((old.map(|old| pods::powers(&old)).unwrap_or_default(), pods::powers(&new)))
}

fn powers(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both_powers(subject) else { return };
    let more: Vec<String> = new.grants.difference(&old.grants).cloned().collect();
    if !more.is_empty() {
        let field = subject.field("{pod}.spec");
        findings.say_at(field, format!("its pods may do more: {}", read::list(&more, 5)));
    }
}

fn guards_lost(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both_powers(subject) else { return };
    let lost = pods::lost(&old, &new);
    if !lost.is_empty() {
        let field =
            ["{pod}.spec.containers.*.securityContext", "{pod}.spec.initContainers.*.securityContext"]
                .iter()
                .chain(&["{pod}.spec.securityContext"])
                .find_map(|path| subject.field(path));
        findings.say_at(field, format!("its pods lose guards: {}", read::list(&lost, 5)));
    }
}

fn powers_narrowed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both_powers(subject) else { return };
    let mut less: Vec<String> = old.grants.difference(&new.grants).map(|g| format!("no {g}")).collect();
    less.extend(pods::lost(&new, &old));
    if !less.is_empty() {
        let field = subject.field("{pod}.spec");
        findings.say_at(field, format!("narrows what its pods may do: {}", read::list(&less, 5)));
    }
}

fn account(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let name = |object| workload::template(object).map(|template| workload::account(&template));
    if let (Some(old), Some(new)) = (name(old), name(new))
        && old != new
    {
        let field = subject
            .field("{pod}.spec.serviceAccountName")
            .or_else(|| subject.field("{pod}.spec.serviceAccount"));
        let message = format!(
            "its pods run as ServiceAccount/{new} instead of ServiceAccount/{old}: their rights and their \
                 identity in the mesh change"
        );
        findings.say_at(field, message);
    }
}

fn token(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.both().is_none() {
        return;
    }
    // What an account or a pod doesn't say, is true.
    let path = if subject.is(&["ServiceAccount"]) {
        "automountServiceAccountToken"
    } else {
        "{pod}.spec.automountServiceAccountToken"
    };
    if let Some(field) = subject.field(path) {
        let whole = path.replace("{pod}", subject.template().unwrap_or_default());
        let of = |value: &Value| read::boolean(value, whole.trim_start_matches('.'));
        let (old, new) = (of(&subject.old_value()), of(&subject.new_value()));
        if old == Some(false) && new != Some(false) {
            findings.say_at(Some(field), "its pods get a token for the API, which they did not before");
        }
    }
}

fn pod_security(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["Namespace"]) || subject.both().is_none() {
        return;
    }
    let level = |value: &Value| read::label(value, "pod-security.kubernetes.io/enforce");
    let rank = |level: &Option<String>| match level.as_deref() {
        Some("restricted") => 2,
        Some("baseline") => 1,
        _ => 0,
    };
    let (old, new) = (level(&subject.old_value()), level(&subject.new_value()));
    if rank(&new) < rank(&old) {
        let text = |level: Option<String>| level.unwrap_or_else(|| "nothing".to_string());
        let message = format!("enforces {} instead of {}", text(new), text(old));
        findings.say_at(subject.field("metadata.labels"), message);
    }
}

fn webhook(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(WEBHOOKS) || subject.change.new.is_none() || subject.occasion == Occasion::Renamed {
        return;
    }
    let names = |value: &Value| -> BTreeSet<String> {
        read::items(value, "webhooks").iter().filter_map(|hook| read::text(hook, "name")).collect()
    };
    let (old, new) = (names(&subject.old_value()), names(&subject.new_value()));
    let come: Vec<String> = new.difference(&old).cloned().collect();
    if !come.is_empty() {
        let what = if subject.kind().starts_with("Mutating") {
            "sees and may change"
        } else {
            "sees and may refuse"
        };
        let field = subject.field("webhooks");
        findings.say_at(field, format!("{} {what} requests to the API", read::list(&come, 3)));
    }
}

fn constraints(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let kinds = [
        "security.openshift.io/SecurityContextConstraints",
        "policy/PodSecurityPolicy",
        "extensions/PodSecurityPolicy",
    ];
    if subject.is(&kinds) && subject.change.new.is_some() {
        let field = subject.field_but("", &["metadata"]);
        if field.is_some() || subject.occasion != Occasion::Changed {
            findings.say_at(field, "decides what pods of others may do");
        }
    }
}
