//! Tests of whole comparisons.

mod certificates;
mod fields;
mod lists;
mod pairs;
mod properties;
mod texts;

use std::sync::Arc;

use super::*;
use crate::manifest::object::{self, Document, Role};
use crate::value::Str;

/// The objects of a text of documents, as a release in the namespace `edge` has them.
fn objects(text: &str) -> Vec<Arc<Object>> {
    with_role(text, Role::Object)
}

fn with_role(text: &str, role: Role) -> Vec<Arc<Object>> {
    let mut objects = Vec::new();
    let source = "a.yaml".into();
    for part in text.split("\n---\n") {
        let text = Str::from(part);
        let document = Document { source: &source, text: (&text, 0..text.len()), role, namespace: "edge" };
        object::read(&document, &mut objects).unwrap();
    }
    objects.into_iter().map(Arc::new).collect()
}

fn compared(old: &str, new: &str) -> Comparison {
    compare(objects(old), objects(new), &Options::default())
}

/// A field change as a line: `spec.replicas: 1 → 2`, with why it means the same, and notes.
fn line(field: &FieldChange) -> String {
    let text = |value: &Option<Value>| match value {
        None => "-".to_string(),
        Some(value) => {
            String::from_utf8(crate::json::encode(value, crate::json::Escape::None).unwrap().into()).unwrap()
        }
    };
    let mut line = format!("{}: {} → {}", field.path, text(&field.old), text(&field.new));
    if let Some(same) = field.same {
        line.push_str(&format!(" ({same:?})"));
    }
    field.notes.iter().for_each(|note| line.push_str(&format!(" [{note}]")));
    line
}

/// The field changes of the only object that differs.
fn lines(old: &str, new: &str) -> Vec<String> {
    let comparison = compared(old, new);
    assert!(comparison.changes.len() < 2, "{} objects differ", comparison.changes.len());
    comparison.changes.iter().flat_map(|change| change.fields.iter().map(line)).collect()
}

/// The field changes of an object of a kind, of which only the fields beside `metadata` are given.
fn within(api: &str, old: &str, new: &str) -> Vec<String> {
    let (version, kind) = api.rsplit_once('/').unwrap();
    let text = |rest: &str| format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n{rest}");
    lines(&text(old), &text(new))
}

/// The pairs and single objects of a comparison: `Service/a = Service/b`.
fn pairs(comparison: &Comparison) -> Vec<String> {
    let name =
        |object: &Option<Arc<Object>>| object.as_ref().map_or("-".into(), |object| object.id.to_string());
    comparison.changes.iter().map(|change| format!("{} = {}", name(&change.old), name(&change.new))).collect()
}
