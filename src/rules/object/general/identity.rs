//! What makes an object the one that it is: its name, its labels, and that it is there once.

use std::collections::HashMap;
use std::sync::Arc;

use super::names;
use crate::compare::Path;
use crate::manifest::object::{Identity, Object, Role};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;
use crate::yaml::{self, Step};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW085",
        name: "duplicate-object",
        severity: Severity::Error,
        summary: "An object is there twice: the same kind, namespace and name.",
        why: "The later one overwrites the earlier, or the installation stops because it exists already.",
        fix: "Render it once, or give the two different names.",
        source: "",
        check: Check::Whole(duplicates),
    },
    Rule {
        id: "GW086",
        name: "name-or-label-invalid",
        severity: Severity::Error,
        summary: "A name, label or annotation is one that the API refuses.",
        why: "Names are DNS names, labels have at most 63 characters of a few kinds, and labels and annotations are texts: \
              `yes`, `1.0` and `on` need quotes to be one.",
        fix: "Cut it with trunc 63 and trimSuffix \"-\", or quote it.",
        source: "apimachinery/pkg/api/validation/objectmeta.go; apimachinery/pkg/util/validation/validation.go",
        check: Check::Each(&["*"], names_and_labels),
    },
    Rule {
        id: "GW087",
        name: "duplicate-yaml-key",
        severity: Severity::Warning,
        summary: "A map has a key twice.",
        why: "The last one counts, and what the first says is lost without a word. Strict readers refuse the document.",
        fix: "Remove one of them; where both are written by templates, merge the maps before printing them.",
        source: "yaml.org/spec/1.2: 3.2.1.3 Node Comparison",
        check: Check::Whole(keys),
    },
];

fn duplicates(scene: &Scene, findings: &mut Findings) {
    let mut known: HashMap<&Identity, &Arc<Object>> = HashMap::new();
    // Hooks come one after the other, and take each other's place.
    for object in scene.judged().filter(|object| object.role != Role::Hook && !object.id.name.ends_with('*'))
    {
        let Some(first) = known.insert(&object.id, object).filter(|first| first.role == object.role) else {
            continue;
        };
        let place =
            if first.source == object.source { String::new() } else { format!(", in {}", first.source) };
        let place = if first.id.name.is_empty() { continue } else { place };
        findings.say(object, Path::of("metadata.name"), format!("{} is there already{place}", object.id));
    }
}

/// Groups of files that programs read, and no API server: they need no name.
const FILES: &[&str] = &[
    "apiserver.config.k8s.io",
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "install.istio.io",
    "kind.x-k8s.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
    "kustomize.config.k8s.io",
];

/// Kinds whose names are parts of paths.
const ROLES: &[&str] = &["rbac.authorization.k8s.io/*"];
/// Kinds whose names are DNS labels.
const LABELS: &[&str] = &["Namespace", "Service"];

fn names_and_labels(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    name(object, findings);
    metadata(object, &object.value, Path::default(), findings);
    let selectors = match &*object.id.kind {
        "Service" | "ReplicationController" => "spec.selector",
        _ => "spec.selector.matchLabels",
    };
    map(object, &object.value, Path::of(selectors), selectors, findings);
    let Some(path) = workload::template_path(&object.id.group, &object.id.kind) else { return };
    if let Some(template) = workload::template(object).filter(|_| !path.is_empty()) {
        metadata(object, &template, Path::of(path), findings);
    }
}

fn name(object: &Arc<Object>, findings: &mut Findings) {
    let field = Path::of("metadata.name");
    let name = match read::at(&object.value, "metadata.name") {
        None => {
            let is_generated = read::text(&object.value, "metadata.generateName").is_some();
            if !is_generated && !FILES.contains(&&*object.id.group) {
                findings.say(object, field, "it has no name");
            }
            return;
        }
        Some(Value::String(name)) => name.to_text().into_owned(),
        Some(other) => {
            let shown = read::scalar(&other).unwrap_or_default();
            findings.say(object, field, format!("the name {shown} is not a text: it needs quotes"));
            return;
        }
    };
    let (why, longest) = if object.id.is_of(ROLES) {
        (names::not_a_segment(&name), usize::MAX)
    } else if object.id.is_of(LABELS) {
        (names::not_a_label(&name), 63)
    } else {
        // The controllers of these make pods whose names or labels are longer.
        let longest = match (&*object.id.group, &*object.id.kind) {
            ("batch", "CronJob") => 52,
            ("batch", "Job") => 63,
            _ => 253,
        };
        (names::not_a_subdomain(&name), longest)
    };
    if let Some(why) = why {
        findings.say(object, field, format!("{name:?} is no name for a {}: {why}", object.id.kind));
    } else if name.len() > longest {
        let (kind, length) = (&object.id.kind, name.len());
        findings.say(
            object,
            field,
            format!("the name of a {kind} has at most {longest} characters, and this {length}"),
        );
    }
}

fn metadata(object: &Arc<Object>, value: &Value, path: Path, findings: &mut Findings) {
    for what in ["labels", "annotations"] {
        let at = format!("metadata.{what}");
        map(object, value, path.clone().at(&at), &at, findings);
    }
}

/// Looks at a map of labels or annotations at a place of a value; `path` is the way to it from the object.
fn map(object: &Arc<Object>, value: &Value, path: Path, at: &str, findings: &mut Findings) {
    let annotations = at.ends_with("annotations");
    for (key, value) in read::entries(value, at) {
        let field = path.clone().key(&key);
        let own_key = if annotations { key.to_lowercase() } else { key.clone() };
        if let Some(why) = names::not_a_key(&own_key) {
            findings.say(object, field, format!("the key {key:?} is refused: {why}"));
            continue;
        }
        let Value::String(text) = &value else {
            let what = match &value {
                Value::Bool(_) => "a boolean",
                Value::Int(_) | Value::Float(_) => "a number",
                _ => "no text",
            };
            // Annotations may hold secrets.
            let shown = read::scalar(&value).filter(|_| !annotations).unwrap_or_else(|| "it".to_string());
            findings.say(object, field, format!("{shown} is {what}, and must be a text")).fix("Quote it.");
            continue;
        };
        let text = text.to_text();
        if annotations {
            continue;
        }
        if let Some(why) = names::not_a_label_value(&text) {
            findings.say(object, field, format!("the value {text:?} is refused: {why}"));
        } else if text.is_empty() && at.contains("selector") {
            let message =
                "it asks for an empty value: only objects with this label and no value are selected";
            findings.say(object, field, message).severity(Severity::Warning);
        }
    }
}

fn keys(scene: &Scene, findings: &mut Findings) {
    // The items of a list share a document.
    let mut documents: Vec<Vec<&Arc<Object>>> = Vec::new();
    let mut places: HashMap<(*const u8, usize), usize> = HashMap::new();
    for object in scene.judged() {
        let (text, range) = &object.text;
        let place = (text.as_bytes().as_ptr(), range.start);
        let at = *places.entry(place).or_insert(documents.len());
        match documents.get_mut(at) {
            Some(own) => own.push(object),
            None => documents.push(vec![object]),
        }
    }
    for own in documents {
        let Some(first) = own.first() else { continue };
        let document = first.text.0.as_bytes().get(first.text.1.clone()).unwrap_or_default();
        let by_steps: HashMap<&[Step], &Arc<Object>> =
            own.iter().map(|object| (object.steps.as_slice(), *object)).collect();
        let longest = own.iter().map(|object| object.steps.len()).max().unwrap_or_default();
        yaml::repeated(document, &mut |path, _| {
            // What lies around the items, is told of the first.
            let item = (0..=longest.min(path.len())).rev().find_map(|length| {
                let (way, rest) = path.split_at_checked(length)?;
                Some((*by_steps.get(way)?, rest))
            });
            let (object, rest) = item.unwrap_or((first, path));
            let field = rest.iter().fold(Path::default(), |field, step| match step {
                Step::Key(key) => field.key(&key.to_text()),
                Step::Index(index) => field.index(*index),
            });
            let key = match path.last() {
                Some(Step::Key(key)) => key.to_text().into_owned(),
                _ => String::new(),
            };
            findings.say(object, field, format!("{key} is there twice, and the last one counts"));
        });
    }
}
