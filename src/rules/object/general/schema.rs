//! Custom objects, held against the schemas of their definitions: those that are rendered with them, and those that are
//! in the cluster.
//!
//! What the API server does with a structural schema: fields that it doesn't name are pruned, and values of other types
//! are refused (`apiextensions-apiserver/pkg/apiserver/schema`). Schemas are walked along with the objects, so that a
//! schema of any size costs no more than the objects have fields.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::{self, DEPTH, Fault, Found, MOST};
use super::types::Shape;
use crate::compare::Path;
use crate::diagnostic::nearest;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[Rule {
    id: "K8S032",
    name: "not-as-defined",
    severity: Severity::Error,
    summary: "A custom object is not as its CustomResourceDefinition wants it: a value of another type, an unknown field, \
              a version that is not served.",
    why: "The API server refuses values of other types and versions that are not served. A field that the definition \
          doesn't have is a warning: kubectl apply refuses it, Helm and server-side apply drop it. Only definitions are \
          known that are rendered, or named by --with.",
    fix: "Correct the field by the definition's schema; a text that looks like a number or boolean needs quotes.",
    source: "apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go; kubernetes.io/docs: Custom Resources, \
             Specifying a structural schema",
    check: Check::Whole(custom),
}];

const DEFINITIONS: &[&str] = &["apiextensions.k8s.io/CustomResourceDefinition"];

/// How many names of a schema are looked at for what may have been meant.
const MOST_NAMES: usize = 500;

/// Keys of a schema that say more than the types do.
const KEEPS_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";

fn custom(scene: &Scene, findings: &mut Findings) {
    let mut definitions: HashMap<(String, String), &Arc<Object>> = HashMap::new();
    for definition in scene.of(DEFINITIONS) {
        let text = |path| read::text(&definition.value, path);
        if let (Some(group), Some(kind)) = (text("spec.group"), text("spec.names.kind")) {
            definitions.entry((group, kind)).or_insert(definition);
        }
    }
    if definitions.is_empty() {
        return;
    }
    for object in scene.judged() {
        let kind = (object.id.group.to_string(), object.id.kind.to_string());
        let Some(definition) = definitions.get(&kind) else { continue };
        match Version::of(definition, &object.version) {
            Version::Unknown(served) => {
                let message = format!(
                    "{} doesn't serve {}, but {}",
                    definition.id,
                    object.api_version(),
                    read::list(&served, 4)
                );
                findings.say(object, Path::of("apiVersion"), message);
            }
            Version::Known { schema: Some(schema), keeps_unknown } => {
                look(object, &schema, keeps_unknown, findings);
            }
            Version::Known { schema: None, .. } => {}
        }
    }
}

/// What a definition says of a version.
enum Version {
    /// It is not served; those that are.
    Unknown(Vec<String>),
    /// It is, with a schema, and whether fields stay that the schema doesn't name.
    Known { schema: Option<Value>, keeps_unknown: bool },
}

impl Version {
    fn of(definition: &Object, wanted: &str) -> Version {
        const SCHEMA: &str = "openAPIV3Schema";
        let spec = read::at(&definition.value, "spec").unwrap_or_default();
        // The first version of definitions had one schema for all, and kept what that didn't name.
        let of_old = &*definition.version == "v1beta1";
        let keeps_unknown = read::boolean(&spec, "preserveUnknownFields").unwrap_or(of_old);
        let for_all = read::at(&spec, &format!("validation.{SCHEMA}"));
        let versions = read::items(&spec, "versions");
        let name = |version: &Value| read::text(version, "name").unwrap_or_default();
        let is_served = |version: &&Value| read::boolean(version, "served") != Some(false);
        if versions.is_empty() {
            let only = read::text(&spec, "version").unwrap_or_default();
            return match only == wanted || only.is_empty() {
                true => Version::Known { schema: for_all, keeps_unknown },
                false => Version::Unknown(vec![only]),
            };
        }
        match versions.iter().filter(is_served).find(|version| name(version) == wanted) {
            Some(version) => {
                let own = read::at(version, &format!("schema.{SCHEMA}"));
                Version::Known { schema: own.or(for_all), keeps_unknown }
            }
            None => Version::Unknown(versions.iter().filter(is_served).map(name).collect()),
        }
    }
}

fn look(object: &Arc<Object>, schema: &Value, keeps_unknown: bool, findings: &mut Findings) {
    let mut found = Vec::new();
    let root = Node { schema, name: &object.id.kind, is_object: true, is_root: true };
    walk(&root, &object.value, Path::default(), DEPTH, &mut found);
    if found.len() >= MOST {
        findings.cut();
    }
    for own in found {
        let is_unknown = own.fault == Fault::Unknown;
        if is_unknown && keeps_unknown {
            continue;
        }
        let finding = findings.say(object, own.field, own.message);
        if is_unknown {
            finding.severity(Severity::Warning);
        }
    }
}

/// A place in a schema.
struct Node<'a> {
    schema: &'a Value,
    /// What its fields are those of, for the reader.
    name: &'a str,
    /// Whether it is an object, which has a type and metadata whatever the schema says.
    is_object: bool,
    /// Whether it is the whole, whose status is the cluster's to write.
    is_root: bool,
}

fn walk(node: &Node<'_>, value: &Value, path: Path, depth: usize, found: &mut Vec<Found>) {
    if depth == 0 || found.len() >= MOST || value.is_nil() {
        return;
    }
    let schema = node.schema;
    if is_set(schema, INT_OR_STRING) {
        found.extend(fields::scalar(&Shape::Amount, value, path));
        return;
    }
    match (read::text(schema, "type").as_deref(), value) {
        (Some("object"), Value::Map(_)) => fields_of(node, value, &path, depth, found),
        (Some("array"), Value::List(list)) => {
            let Some(items) = read::at(schema, "items") else { return };
            for (index, item) in list.items().iter().enumerate() {
                walk(&inner(&items, node.name), item, fields::item(&path, index, item), depth - 1, found);
            }
        }
        (Some(kind), value) => {
            let shape = match kind {
                "object" => Shape::Map(Box::new(Shape::Any)),
                "array" => Shape::List(Box::new(Shape::Any)),
                "string" => Shape::Text,
                "integer" => Shape::Whole,
                "number" => Shape::Number,
                "boolean" => Shape::Boolean,
                _ => return,
            };
            found.extend(fields::scalar(&shape, value, path));
        }
        // Without a type, anything goes.
        (None, _) => {}
    }
}

fn fields_of(node: &Node<'_>, value: &Value, path: &Path, depth: usize, found: &mut Vec<Found>) {
    let schema = node.schema;
    let properties = read::at(schema, "properties").unwrap_or_default();
    let rest = read::at(schema, "additionalProperties");
    let keeps_unknown = is_set(schema, KEEPS_UNKNOWN);
    for (key, value) in read::entries(value, "") {
        let field = path.clone().key(&key);
        if node.is_object && matches!(key.as_str(), "apiVersion" | "kind") || node.is_root && key == "status"
        {
            continue;
        }
        if node.is_object && key == "metadata" {
            fields::walk(&Shape::Struct("ObjectMeta"), &value, field, depth - 1, found);
            continue;
        }
        let own = properties.as_map().and_then(|all| all.get(&key));
        match (own.as_ref(), rest.as_ref()) {
            (Some(own), _) => walk(&inner(own, &key), &value, field, depth - 1, found),
            (None, Some(rest @ Value::Map(_))) => walk(&inner(rest, &key), &value, field, depth - 1, found),
            (None, Some(Value::Bool(true))) => {}
            (None, _) if keeps_unknown => {}
            (None, _) => {
                let known = read::entries(&properties, "");
                let near = nearest(&key, known.iter().take(MOST_NAMES).map(|(name, _)| name.as_str()));
                let hint = near.map(|near| format!("; is it {near}?")).unwrap_or_default();
                let message = format!("{} has no field {key}{hint}", node.name);
                found.push(Found { fault: Fault::Unknown, field, message });
            }
        }
    }
}

fn inner<'a>(schema: &'a Value, name: &'a str) -> Node<'a> {
    Node { schema, name, is_object: is_set(schema, EMBEDDED), is_root: false }
}

fn is_set(schema: &Value, key: &str) -> bool {
    schema.as_map().and_then(|map| map.get(key)).and_then(|value| value.as_bool()) == Some(true)
}
