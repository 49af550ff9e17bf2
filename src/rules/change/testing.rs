//! For tests: texts and lists of objects, and what the change from one to another does.

use std::sync::Arc;

use super::{Impact, Judgement, judge};
use crate::compare::{self, Comparison, Options};
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{hook, split};
use crate::rules::read;
use crate::value::Str;

/// The objects of a text, in the namespace `edge`. Hooks are told by their annotation, definitions by `crds`.
pub fn objects(text: &str, crds: bool) -> Vec<Arc<Object>> {
    let mut objects = Vec::new();
    let source: Arc<str> = "a.yaml".into();
    let whole: Str = text.into();
    for range in split::split(text.as_bytes()) {
        let document =
            Document { source: &source, text: (&whole, range), role: Role::Object, namespace: "edge" };
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

/// The comparison of two texts.
pub fn compare(old: &str, new: &str) -> Comparison {
    compare_objects(objects(old, false), objects(new, false))
}

/// The comparison of two lists of objects.
pub fn compare_objects(old: Vec<Arc<Object>>, new: Vec<Arc<Object>>) -> Comparison {
    compare::compare(old, new, &Options::default())
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
