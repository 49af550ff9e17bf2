//! For tests: two texts of objects, and the differences between them, found simply.

use std::sync::Arc;

use super::{Impact, Judgement, judge};
use crate::compare::{Change, Comparison, FieldChange, Path, Step};
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{hook, split};
use crate::rules::read;
use crate::value::{Str, Value};

/// The objects of a text, in the namespace `edge`. Hooks are told by their annotation, definitions by `crds`.
pub fn objects(text: &str, crds: bool) -> Vec<Arc<Object>> {
    let mut objects = Vec::new();
    let source: Arc<str> = "a.yaml".into();
    for part in split::split(text) {
        let text: Str = part.into();
        let range = 0..text.len();
        let document =
            Document { source: &source, text: (&text, range), role: Role::Object, namespace: "edge" };
        object::read(&document, &mut objects).unwrap();
    }
    for object in &mut objects {
        if crds {
            object.role = Role::Definition;
        } else if read::annotation(&object.value, hook::ANNOTATION).is_some() {
            object.role = Role::Hook;
        }
    }
    objects.into_iter().map(Arc::new).collect()
}

/// The comparison of two texts. Objects of one kind of which one goes and one comes with the annotation
/// `was: NAME` are renamed.
pub fn compare(old: &str, new: &str) -> Comparison {
    compare_objects(objects(old, false), objects(new, false))
}

/// The comparison of two lists of objects.
pub fn compare_objects(old: Vec<Arc<Object>>, new: Vec<Arc<Object>>) -> Comparison {
    let mut changes = Vec::new();
    let mut renamed = Vec::new();
    for object in &new {
        let was = read::annotation(&object.value, "was");
        let same = old.iter().find(|o| o.id == object.id);
        let other = old.iter().find(|o| Some(&*o.id.name) == was.as_deref() && o.id.kind == object.id.kind);
        let before = same.or(other).cloned();
        let mut fields = Vec::new();
        if let Some(before) = &before {
            walk(&before.value, &object.value, &mut Path::default(), &mut fields);
            if fields.is_empty() {
                continue;
            }
        }
        let similarity = match (same, other) {
            (None, Some(other)) => {
                renamed.push(other.id.clone());
                Some(0.9)
            }
            _ => None,
        };
        changes.push(Change { old: before, new: Some(object.clone()), fields, similarity, fallback: None });
    }
    for object in &old {
        if !new.iter().any(|o| o.id == object.id) && !renamed.contains(&object.id) {
            let old = Some(object.clone());
            changes.push(Change { old, new: None, fields: Vec::new(), similarity: None, fallback: None });
        }
    }
    Comparison { old, new, changes, warnings: Vec::new() }
}

fn walk(old: &Value, new: &Value, path: &mut Path, fields: &mut Vec<FieldChange>) {
    match (old, new) {
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.entries(), b.entries());
            let keys = a.iter().map(|(key, _)| key);
            let others = b.iter().map(|(key, _)| key).filter(|key| !a.iter().any(|(k, _)| k == *key));
            for key in keys.chain(others) {
                let side = |entries: &[(Str, Value)]| {
                    entries.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone())
                };
                pair(side(&a), side(&b), Step::Key(key.clone()), path, fields);
            }
        }
        (Value::List(a), Value::List(b)) if named(old) && named(new) => {
            let (a, b) = (a.items(), b.items());
            let name = |value: &Value| read::text(value, "name");
            let names = a.iter().chain(&b).filter_map(name);
            let mut seen = Vec::new();
            for key in names {
                if seen.contains(&key) {
                    continue;
                }
                let place = |items: &[Value]| items.iter().position(|item| name(item) == Some(key.clone()));
                let (i, j) = (place(&a), place(&b));
                let step = Step::Item { key: format!("name={key}"), old: i, new: j };
                pair(i.map(|i| a[i].clone()), j.map(|j| b[j].clone()), step, path, fields);
                seen.push(key);
            }
        }
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.items(), b.items());
            for i in 0..a.len().max(b.len()) {
                let at = |items: &[Value]| (i < items.len()).then_some(i);
                let step = Step::Index { old: at(&a), new: at(&b) };
                pair(a.get(i).cloned(), b.get(i).cloned(), step, path, fields);
            }
        }
        _ => {
            let (old, new) = (Some(old.clone()), Some(new.clone()));
            if !read::equal(old.as_ref(), new.as_ref()) {
                fields.push(FieldChange { path: path.clone(), old, new, same: None, notes: Vec::new() });
            }
        }
    }
}

fn named(list: &Value) -> bool {
    let items = read::items(list, "");
    !items.is_empty() && items.iter().all(|item| read::text(item, "name").is_some())
}

fn pair(old: Option<Value>, new: Option<Value>, step: Step, path: &mut Path, fields: &mut Vec<FieldChange>) {
    path.0.push(step);
    match (old, new) {
        (Some(old), Some(new)) => walk(&old, &new, path, fields),
        (old, new) => {
            fields.push(FieldChange { path: path.clone(), old, new, same: None, notes: Vec::new() })
        }
    }
    path.0.pop();
}

/// What a change from one text to another does.
pub fn judged(old: &str, new: &str) -> Judgement {
    judge(&compare(old, new))
}

/// The impacts of a rule, as `Kind/name: message`.
pub fn found(rule: &str, old: &str, new: &str) -> Vec<String> {
    assert!(super::rule(rule).is_some(), "there is no rule {rule}");
    let of = |impact: &Impact| format!("{}: {}", impact.object, impact.message);
    judged(old, new).impacts.iter().flatten().filter(|impact| impact.rule == rule).map(of).collect()
}
