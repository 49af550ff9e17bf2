//! Istio's injection webhooks, where they are among the objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::injection::{NAMESPACE_LABEL, POD_LABEL, REVISION_LABEL};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::selector::{Labels, Selector};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "GW031",
    name: "injection-webhooks",
    severity: Severity::Error,
    summary: "Two of Istio's injection webhooks answer for the same pods.",
    why: "Pods are injected twice.",
    fix: "Remove the webhooks of a revision that is gone, and set the default revision by a tag (istioctl tag set \
          default).",
    source: "pkg/config/analysis/analyzers/webhook/webhook.go: IST0139",
    check: Check::Whole(webhooks),
}];

const KIND: &str = "admissionregistration.k8s.io/MutatingWebhookConfiguration";

/// How many webhooks, and revisions of theirs, are looked at.
const MOST: usize = 50;

/// One webhook of a configuration.
struct Webhook<'a> {
    object: &'a Arc<Object>,
    index: usize,
    name: String,
    namespaces: Selector,
    pods: Selector,
    value: Value,
}

/// The webhooks of configurations that are Istio's.
fn all(scene: &Scene) -> Vec<Webhook<'_>> {
    let mut found = Vec::new();
    for object in scene.of(&[KIND]) {
        let items = read::items(&object.value, "webhooks");
        let is_istios =
            |item: &Value| read::text(item, "name").is_some_and(|name| name.ends_with("istio.io"));
        if !items.iter().any(is_istios) {
            continue;
        }
        for (index, value) in items.into_iter().enumerate() {
            found.push(Webhook {
                object,
                index,
                name: read::text(&value, "name").unwrap_or_default(),
                namespaces: Selector::from_label_selector(&value, "namespaceSelector"),
                pods: Selector::from_label_selector(&value, "objectSelector"),
                value,
            });
        }
    }
    found
}

/// The revisions that webhooks among the objects answer for.
pub fn revisions(scene: &Scene) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for webhook in all(scene) {
        found.extend(read::label(&webhook.object.value, REVISION_LABEL));
        for selector in ["namespaceSelector", "objectSelector"] {
            let selector = read::at(&webhook.value, selector).unwrap_or_default();
            found.extend(read::text_of_key(&selector, "matchLabels", REVISION_LABEL));
            for expression in read::items(&selector, "matchExpressions") {
                if read::text(&expression, "key").as_deref() == Some(REVISION_LABEL) {
                    found.extend(read::texts(&expression, "values"));
                }
            }
        }
    }
    found
}

/// Whether a webhook among the objects answers for pods that ask for nothing, in namespaces that don't either.
pub fn injects_by_default(scene: &Scene) -> bool {
    let none = Labels::new();
    all(scene).iter().any(|webhook| webhook.namespaces.matches(&none) && webhook.pods.matches(&none))
}

/// Whether an object is part of Istio's control plane, by its labels
/// (`pkg/config/analysis/analyzers/util/config.go: IsIstioControlPlane`).
pub fn is_control_plane(object: &Object) -> bool {
    read::label(&object.value, "istio").is_some()
        || read::label(&object.value, "release").as_deref() == Some("istio")
}

/// The labels that a namespace or a pod may have: each value of the first, with and without each revision.
fn combinations(key: &str, values: [&str; 2], revisions: &BTreeSet<String>) -> Vec<Labels> {
    let mut found = Vec::new();
    for value in [None, Some(values[0]), Some(values[1])] {
        for revision in [None].into_iter().chain(revisions.iter().take(MOST).map(Some)) {
            let value = value.map(|value| (key.to_string(), value.to_string()));
            let revision = revision.map(|revision| (REVISION_LABEL.to_string(), revision.clone()));
            found.push(value.into_iter().chain(revision).collect());
        }
    }
    found
}

fn webhooks(scene: &Scene, findings: &mut Findings) {
    let (mut all, revisions) = (all(scene), revisions(scene));
    if all.len() > MOST || revisions.len() > MOST {
        all.truncate(MOST);
        findings.cut();
    }
    for (webhook, others) in overlaps(&all, &revisions) {
        let Some(webhook) = all.get(webhook) else { continue };
        let others: Vec<String> = others
            .iter()
            .filter_map(|other| all.get(*other))
            .map(|other| format!("{} of {}", other.name, other.object.id))
            .collect();
        let message = format!(
            "{} answers for the same pods as {}: they are injected twice",
            webhook.name,
            read::list(&others, 3)
        );
        findings.say(webhook.object, field(webhook), message);
    }
}

fn field(webhook: &Webhook<'_>) -> Path {
    Path::of("webhooks").item(webhook.index, format!("name={}", webhook.name))
}

/// Which webhooks answer for the same pods in some namespace, by their places.
fn overlaps(all: &[Webhook<'_>], revisions: &BTreeSet<String>) -> BTreeMap<usize, BTreeSet<usize>> {
    let places = |fits: &dyn Fn(&Webhook<'_>) -> bool| -> BTreeSet<usize> {
        all.iter().enumerate().filter(|(_, webhook)| fits(webhook)).map(|(index, _)| index).collect()
    };
    let by_namespace: BTreeSet<BTreeSet<usize>> =
        combinations(NAMESPACE_LABEL, ["enabled", "disabled"], revisions)
            .iter()
            .map(|labels| places(&|webhook| webhook.namespaces.matches(labels)))
            .collect();
    let by_pod: BTreeSet<BTreeSet<usize>> = combinations(POD_LABEL, ["true", "false"], revisions)
        .iter()
        .map(|labels| places(&|webhook| webhook.pods.matches(labels)))
        .collect();
    let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for namespace in &by_namespace {
        for pod in &by_pod {
            let both: BTreeSet<usize> = namespace.intersection(pod).copied().collect();
            for webhook in both.iter().filter(|_| both.len() > 1) {
                found.entry(*webhook).or_default().extend(both.iter().filter(|other| *other != webhook));
            }
        }
    }
    found
}
