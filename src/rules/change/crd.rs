//! Definitions of custom resources.

use std::collections::BTreeMap;

use super::Effect::Crd;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use super::schema;
use crate::manifest::object::Role;
use crate::rules::read;
use crate::value::Value;

const KINDS: &[&str] = &["apiextensions.k8s.io/CustomResourceDefinition"];
const ROLES: &[Role] = &[Role::Object, Role::Definition];

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "crd-deleted",
        Crd,
        "all objects deleted ({})",
        "A CustomResourceDefinition goes.",
        "Every object of its kind goes with it, in all namespaces.",
        Check::Run(deleted),
    ),
    Rule::new(
        "crd-version-removed",
        Crd,
        "versions removed ({})",
        "A version of a CustomResourceDefinition is gone or no longer served.",
        "Manifests, controllers and Helm releases that use the version fail. The API refuses to drop one that objects \
         are still stored in (status.storedVersions).",
        Check::Run(versions),
    )
    .about(ROLES)
    .source("staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go"),
    Rule::new(
        "crd-storage-version",
        Crd,
        "other storage version ({})",
        "Another version of a CustomResourceDefinition is the one that objects are stored in.",
        "Objects are stored in the new one when they are next written. Without a conversion only apiVersion differs.",
        Check::Run(storage),
    )
    .about(ROLES),
    Rule::new(
        "crd-schema-narrowed",
        Crd,
        "schema narrowed ({})",
        "The schema of a version refuses or drops what it took before: a property is gone, has another type, is \
         required, has fewer values or narrower bounds.",
        "Objects that are there stay, but their next update is refused; fields that the schema doesn't know are \
         dropped.",
        Check::Run(narrowed),
    )
    .about(ROLES),
    Rule::new(
        "crd-conversion",
        Crd,
        "other conversion ({})",
        "The conversion between versions of a CustomResourceDefinition changes.",
        "Reads and writes of all its objects go through it, and fail while a webhook doesn't answer.",
        Check::Fields(&[Fields {
            kinds: KINDS,
            paths: &["spec.conversion"],
            except: &["spec.conversion.webhook.clientConfig.caBundle"],
            message: "changes how objects are converted between versions: {field}",
        }]),
    )
    .about(ROLES),
    Rule::new(
        "crd-changed",
        Crd,
        "changed ({})",
        "A CustomResourceDefinition changes in a way that refuses nothing that it took before.",
        "New fields and versions may be used from now on.",
        Check::Run(changed),
    )
    .about(ROLES),
    Rule::new(
        "crd-new",
        Crd,
        "new ({})",
        "A CustomResourceDefinition is new.",
        "Objects of its kind may be made from now on.",
        Check::Run(new),
    )
    .about(ROLES),
];

fn both(subject: &Subject<'_>) -> Option<(Value, Value)> {
    subject.both().filter(|_| subject.is(KINDS)).map(|(old, new)| (old.value.clone(), new.value.clone()))
}

fn deleted(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.is(KINDS) && subject.removed().is_some_and(|old| !super::delete::is_kept(&old.value)) {
        findings.say("all objects of its kind are deleted with it, in every namespace");
    }
}

/// The versions by name. Those of `v1beta1` definitions without a list are one.
fn versions_of(value: &Value) -> BTreeMap<String, Value> {
    let versions = read::items(value, "spec.versions").into_iter();
    let mut versions: BTreeMap<String, Value> =
        versions.filter_map(|version| Some((read::text(&version, "name")?, version))).collect();
    if let (true, Some(name)) = (versions.is_empty(), read::text(value, "spec.version")) {
        versions.insert(name, read::at(value, "spec").unwrap_or_default());
    }
    versions
}

fn is_served(version: &Value) -> bool {
    read::boolean(version, "served") != Some(false)
}

fn versions(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let (was, is) = (versions_of(&old), versions_of(&new));
    let field = subject.field("spec.versions").or_else(|| subject.field("spec.version"));
    for (name, old) in &was {
        match is.get(name) {
            None => findings.say_at(field, format!("the version {name} is gone: what uses it fails")),
            Some(new) if is_served(old) && !is_served(new) => {
                findings.say_at(field, format!("the version {name} is no longer served: what uses it fails"));
            }
            _ => {}
        }
    }
}

fn storage(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both(subject) else { return };
    let stored = |value| {
        let versions = versions_of(value);
        let one = versions.len() == 1;
        let mut names = versions.into_iter();
        names.find(|(_, v)| one || read::boolean(v, "storage") == Some(true)).map(|(name, _)| name)
    };
    if let (Some(was), Some(is)) = (stored(&old), stored(&new))
        && was != is
    {
        let field = subject.field("spec.versions").or_else(|| subject.field("spec.version"));
        findings.say_at(field, format!("objects are stored as {is} instead of {was}"));
    }
}

/// The schema of a version; those of `v1beta1` definitions may have one for all.
fn schema_of(definition: &Value, version: &Value) -> Option<Value> {
    read::at(version, "schema.openAPIV3Schema")
        .or_else(|| read::at(definition, "spec.validation.openAPIV3Schema"))
}

/// What the schemas of versions refuse now that they took before.
fn narrowings(subject: &Subject<'_>) -> Vec<String> {
    let Some((old, new)) = both(subject) else { return Vec::new() };
    if subject.field("spec.versions").is_none() && subject.field("spec.validation").is_none() {
        return narrowed_pruning(&old, &new);
    }
    let (was, is) = (versions_of(&old), versions_of(&new));
    let mut found = narrowed_pruning(&old, &new);
    for (name, version) in &was {
        let Some(other) = is.get(name) else { continue };
        let (before, after) = (schema_of(&old, version), schema_of(&new, other));
        match (before, after) {
            (Some(before), Some(after)) => {
                found.extend(
                    schema::narrowings(&before, &after).into_iter().map(|text| format!("{name}: {text}")),
                );
            }
            (None, Some(_)) => found.push(format!("{name}: there is a schema now")),
            _ => {}
        }
    }
    found
}

fn narrowed_pruning(old: &Value, new: &Value) -> Vec<String> {
    let keeps = |value: &Value| {
        let is_old = read::text(value, "apiVersion").is_some_and(|version| version.ends_with("/v1beta1"));
        read::boolean(value, "spec.preserveUnknownFields").unwrap_or(is_old)
    };
    let lost = keeps(old) && !keeps(new);
    lost.then(|| "unknown fields are dropped now (preserveUnknownFields)".to_string()).into_iter().collect()
}

fn narrowed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let found = narrowings(subject);
    if !found.is_empty() {
        let field = subject.field("spec.versions").or_else(|| subject.field("spec"));
        findings.say_at(field, format!("refuses or drops more: {}", read::list(&found, 5)));
    }
}

fn changed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if both(subject).is_none() || !narrowings(subject).is_empty() {
        return;
    }
    if let Some(field) = subject.field_but("spec", &["spec.conversion"]) {
        findings.say_at(Some(field), format!("changes without refusing more: {}", field.path));
    }
}

fn new(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if subject.is(KINDS) && subject.occasion == Occasion::Added {
        findings.say("objects of a new kind may be made");
    }
}
