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
    let mut definitions: HashMap<(String, String), Definition<'_>> = HashMap::new();
    for definition in scene.of(DEFINITIONS) {
        let text = |path| read::text(&definition.value, path);
        if let (Some(group), Some(kind)) = (text("spec.group"), text("spec.names.kind")) {
            definitions.entry((group, kind)).or_insert_with(|| Definition::new(definition));
        }
    }
    if definitions.is_empty() {
        return;
    }
    for object in scene.judged() {
        let kind = (object.id.group.to_string(), object.id.kind.to_string());
        let Some(definition) = definitions.get(&kind) else { continue };
        match definition.schema(&object.version) {
            Some(schema) => look(object, schema, definition.keeps_unknown, findings),
            None => {
                let but = match definition.served.as_slice() {
                    [] => String::new(),
                    served => format!(", but {}", read::list(served, 4)),
                };
                let message = format!("{} doesn't serve {}{but}", definition.object.id, object.api_version());
                findings.say(object, Path::of("apiVersion"), message);
            }
        }
    }
}

/// What a definition says, read once for all objects of its kind.
struct Definition<'a> {
    object: &'a Object,
    /// The versions that are served, in its order.
    served: Vec<String>,
    /// Their schemas; null, if there is none.
    schemas: HashMap<String, Value>,
    /// The schema of whatever version, if it names no version at all.
    of_any: Option<Value>,
    /// Whether fields stay that the schema doesn't name.
    keeps_unknown: bool,
}

impl<'a> Definition<'a> {
    fn new(object: &'a Object) -> Definition<'a> {
        const SCHEMA: &str = "openAPIV3Schema";
        let spec = read::at(&object.value, "spec").unwrap_or_default();
        // The first version of definitions had one schema for all, and kept what that didn't name.
        let of_old = &*object.version == "v1beta1";
        let keeps_unknown = read::boolean(&spec, "preserveUnknownFields").unwrap_or(of_old);
        let for_all = read::at(&spec, &format!("validation.{SCHEMA}")).unwrap_or_default();
        let (served, schemas) = (Vec::new(), HashMap::new());
        let mut definition = Definition { object, served, schemas, of_any: None, keeps_unknown };
        let name = |of: &Value, key| read::text(of, key).filter(|name| !name.is_empty());
        let versions = read::items(&spec, "versions");
        if versions.is_empty() {
            match name(&spec, "version") {
                Some(only) => definition.serve(only, for_all),
                None => definition.of_any = Some(for_all),
            }
            return definition;
        }
        for version in versions.iter().filter(|version| read::boolean(version, "served") != Some(false)) {
            if let Some(name) = name(version, "name") {
                let own = read::at(version, &format!("schema.{SCHEMA}"));
                definition.serve(name, own.unwrap_or_else(|| for_all.clone()));
            }
        }
        definition
    }

    fn serve(&mut self, version: String, schema: Value) {
        self.schemas.entry(version.clone()).or_insert(schema);
        self.served.push(version);
    }

    /// The schema of a version, if that is served.
    fn schema(&self, version: &str) -> Option<&Value> {
        self.schemas.get(version).or(self.of_any.as_ref())
    }
}

fn look(object: &Arc<Object>, schema: &Value, keeps_unknown: bool, findings: &mut Findings) {
    let mut found = Vec::new();
    let root = Node { is_object: true, is_root: true, ..inner(schema, &object.id.kind) };
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
    /// Whether fields stay that it doesn't name. The items of a list take it from the list, but no field from its map.
    keeps_unknown: bool,
}

fn walk(node: &Node<'_>, value: &Value, path: Path, depth: usize, found: &mut Vec<Found>) {
    if depth == 0 || found.len() >= MOST || value.is_nil() {
        return;
    }
    let schema = node.schema;
    if is_set(schema, INT_OR_STRING) {
        found.extend(int_or_string(value, path));
        return;
    }
    match (read::text(schema, "type").as_deref(), value) {
        (Some("object"), Value::Map(_)) => fields_of(node, value, &path, depth, found),
        (Some("array"), Value::List(list)) => {
            let Some(items) = read::at(schema, "items") else { return };
            let mut of_items = inner(&items, node.name);
            of_items.keeps_unknown |= node.keeps_unknown;
            for (index, item) in list.items().iter().enumerate() {
                if found.len() >= MOST {
                    return;
                }
                walk(&of_items, item, fields::item(&path, index, item), depth - 1, found);
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
    let mut known: Option<Vec<String>> = None;
    for (key, value) in read::entries(value, "") {
        if found.len() >= MOST {
            return;
        }
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
            (None, _) if node.keeps_unknown => {}
            (None, _) => {
                let known = known.get_or_insert_with(|| names(&properties));
                let near = nearest(&key, known.iter().map(String::as_str));
                let hint = near.map(|near| format!("; is it {near}?")).unwrap_or_default();
                let message = format!("{} has no field {key}{hint}", node.name);
                found.push(Found { fault: Fault::Unknown, field, message });
            }
        }
    }
}

/// What is wrong with the number or name of a port and the like, if anything is: the API server takes no fractions.
fn int_or_string(value: &Value, field: Path) -> Option<Found> {
    match value {
        Value::Float(f) if f.fract() != 0.0 => {
            let message = "it is no whole number, and must be a whole number or a text".to_string();
            Some(Found { fault: Fault::Mistyped, field, message })
        }
        _ => fields::scalar(&Shape::Amount, value, field),
    }
}

/// The first names of the fields that a schema knows.
fn names(properties: &Value) -> Vec<String> {
    let Some(map) = properties.as_map() else { return Vec::new() };
    let known = map.read();
    let named = known.iter().filter(|(_, schema)| !schema.is_nil());
    named.take(MOST_NAMES).map(|(name, _)| name.to_text().into_owned()).collect()
}

fn inner<'a>(schema: &'a Value, name: &'a str) -> Node<'a> {
    let (is_object, keeps_unknown) = (is_set(schema, EMBEDDED), is_set(schema, KEEPS_UNKNOWN));
    Node { schema, name, is_object, is_root: false, keeps_unknown }
}

fn is_set(schema: &Value, key: &str) -> bool {
    schema.as_map().and_then(|map| map.get(key)).and_then(|value| value.as_bool()) == Some(true)
}
