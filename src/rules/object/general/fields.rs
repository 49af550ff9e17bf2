//! Fields that the API doesn't know, and values of another type than it takes.

use std::sync::Arc;

use data_encoding::BASE64;

use super::types::{self, Shape};
use crate::compare::Path;
use crate::diagnostic::nearest;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW088",
        name: "unknown-field-for-kind",
        severity: Severity::Warning,
        summary: "An object has a field that its kind doesn't have.",
        why: "kubectl apply refuses it; Helm and server-side apply drop it, and what it should do is not done. A slip in \
              the name or in the indentation makes such fields, and so does a field of a kind that is much like it: \
              strategy in a DaemonSet.",
        fix: "Correct the name, or indent the field below what it belongs to.",
        source: "kubernetes.io/docs: API reference, versions 1.33 to 1.37; Field validation",
        check: Check::Whole(|scene, findings| tell(scene, Fault::Unknown, findings)),
    },
    Rule {
        id: "K8S030",
        name: "text-became-another-type",
        severity: Severity::Error,
        summary: "A number or boolean stands where the API takes only a text.",
        why: "YAML reads `on`, `yes`, `1e3`, `0123` and `1.10` without quotes as booleans and numbers. The API server \
              refuses them for variables, arguments and the data of ConfigMaps: \"cannot unmarshal number into Go struct \
              field of type string\".",
        fix: "Quote it: {{ .Values.x | quote }}.",
        source: "yaml.org/type; apimachinery/pkg/runtime/serializer/json",
        check: Check::Whole(|scene, findings| tell(scene, Fault::Unquoted, findings)),
    },
    Rule {
        id: "K8S031",
        name: "field-of-other-type",
        severity: Severity::Error,
        summary: "A field holds another type than the API takes: a text for a number, a map for a list.",
        why: "The API server can't read the object, and refuses it.",
        fix: "Give it the type that the API reference names; a number has no quotes.",
        source: "kubernetes.io/docs: API reference, versions 1.33 to 1.37",
        check: Check::Whole(|scene, findings| tell(scene, Fault::Mistyped, findings)),
    },
];

/// How deep objects are looked into.
pub(super) const DEPTH: usize = 100;
/// How much is found in one object at most.
pub(super) const MOST: usize = 200;

/// What may be wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unknown,
    Unquoted,
    Mistyped,
}

/// A fault of a kind, and what is to say about it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub fault: Fault,
    pub field: Path,
    pub message: String,
}

/// What is wrong with the fields of all objects, looked for once.
#[derive(Debug, Default)]
pub struct Faults {
    found: Vec<(Arc<Object>, Found)>,
    /// Whether there was more in some object.
    cut: bool,
}

impl Faults {
    /// Looks at all objects that are judged.
    pub fn new(scene: &Scene) -> Faults {
        let mut faults = Faults::default();
        for object in scene.judged() {
            let Some(name) = types::of_kind(&object.api_version(), &object.id.kind) else { continue };
            let mut found = Vec::new();
            walk(&Shape::Struct(name), &object.value, Path::default(), DEPTH, &mut found);
            faults.cut |= found.len() >= MOST;
            faults.found.extend(found.into_iter().map(|own| (object.clone(), own)));
        }
        faults
    }
}

/// Fields that other rules look at: names, labels, annotations and selectors.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("ObjectMeta", &["name", "labels", "annotations"]),
    ("LabelSelector", &["matchLabels"]),
    ("ServiceSpec", &["selector"]),
    ("ReplicationControllerSpec", &["selector"]),
];

fn tell(scene: &Scene, fault: Fault, findings: &mut Findings) {
    let faults = scene.faults();
    for (object, own) in faults.found.iter().filter(|(_, own)| own.fault == fault) {
        findings.say(object, own.field.clone(), own.message.clone());
    }
    if faults.cut {
        findings.cut();
    }
}

/// The path to an item of a list, by its name if it has one.
pub(super) fn item(path: &Path, index: usize, item: &Value) -> Path {
    match read::text(item, "name") {
        Some(name) => path.clone().item(index, format!("name={name}")),
        None => path.clone().index(index),
    }
}

pub(super) fn walk(shape: &Shape, value: &Value, path: Path, depth: usize, found: &mut Vec<Found>) {
    if depth == 0 || found.len() >= MOST || value.is_nil() {
        return;
    }
    match (shape, value) {
        (Shape::Struct(name), Value::Map(map)) => {
            let Some(fields) = types::fields(name) else { return };
            let elsewhere =
                ELSEWHERE.iter().find(|(own, _)| own == name).map_or(&[][..], |(_, fields)| fields);
            for (key, value) in map.entries() {
                let key = key.to_text();
                // What has metadata, is an object: it has a type, and a status that is the cluster's to write.
                let of_object =
                    matches!(&*key, "apiVersion" | "kind" | "status") && fields.contains_key("metadata");
                if elsewhere.contains(&&*key) || of_object {
                    continue;
                }
                match fields.get(&*key) {
                    Some(shape) => walk(shape, &value, path.clone().key(&key), depth - 1, found),
                    None => {
                        let own = name.rsplit('.').next().unwrap_or(name);
                        let near = nearest(&key, fields.keys().copied());
                        let hint = near.map(|near| format!("; is it {near}?")).unwrap_or_default();
                        let message = format!("{own} has no field {key}{hint}");
                        found.push(Found { fault: Fault::Unknown, field: path.clone().key(&key), message });
                    }
                }
            }
        }
        (Shape::Map(inner), Value::Map(map)) => {
            for (key, value) in map.entries() {
                walk(inner, &value, path.clone().key(&key.to_text()), depth - 1, found);
            }
        }
        (Shape::List(inner), Value::List(list)) => {
            for (index, value) in list.items().into_iter().enumerate() {
                walk(inner, &value, item(&path, index, &value), depth - 1, found);
            }
        }
        (shape, value) => found.extend(scalar(shape, value, path)),
    }
}

/// What is wrong with a value that has no fields, if anything is. What stands in it may be secret, and is not told.
pub(super) fn scalar(shape: &Shape, value: &Value, field: Path) -> Option<Found> {
    let fits = match (shape, value) {
        (Shape::Any, _)
        | (Shape::Text, Value::String(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Whole | Shape::Number | Shape::Amount, Value::Int(_))
        | (Shape::Number | Shape::Amount, Value::Float(_))
        | (Shape::Amount, Value::String(_)) => true,
        (Shape::Whole, Value::Float(f)) => f.fract() == 0.0,
        (Shape::Base64, Value::String(text)) => {
            let bytes: Vec<u8> =
                text.as_bytes().iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
            if BASE64.decode(&bytes).is_err() {
                let message = "it is no base64, in which data has to be; stringData takes texts as they are"
                    .to_string();
                return Some(Found { fault: Fault::Mistyped, field, message });
            }
            true
        }
        _ => false,
    };
    if fits {
        return None;
    }
    let is = read::kind_in_words(value)?;
    let unquoted = matches!((shape, value), (Shape::Text, Value::Bool(_) | Value::Int(_) | Value::Float(_)));
    let fault = if unquoted { Fault::Unquoted } else { Fault::Mistyped };
    let message = match (shape, value) {
        (Shape::Whole, Value::Float(_)) => "it is no whole number, and must be one".to_string(),
        _ => format!("it is {is}, and must be {}", shape.words()),
    };
    Some(Found { fault, field, message })
}
