//! Finding differences by path.

use crate::compare::{FieldChange, Path, Step};
use crate::rules::read;
use crate::value::Value;

/// How a field that differs stands to a path that a rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It is the field, or within it.
    Within,
    /// It is a whole that the field is part of; so many keys of the path lead to it.
    Around(usize),
    /// They have nothing to do with one another.
    Elsewhere,
}

fn relation(path: &Path, keys: &[&str]) -> Relation {
    let mut taken = 0;
    for step in path.0.iter().filter(|step| !matches!(step, Step::Text(_))) {
        let Some(key) = keys.get(taken) else { return Relation::Within };
        let fits = *key == "*" || matches!(step, Step::Key(own) if own.as_bytes() == key.as_bytes());
        if !fits {
            return Relation::Elsewhere;
        }
        taken += 1;
    }
    if taken == keys.len() { Relation::Within } else { Relation::Around(taken) }
}

/// The keys of a path in a rule.
pub fn keys(path: &str) -> Vec<&str> {
    if path.is_empty() { Vec::new() } else { path.split('.').collect() }
}

/// The first field that differs at these keys or below, or that is a whole with a difference there, unless it is at
/// one of the exceptions. Fields that mean the same don't differ.
pub fn first<'a>(fields: &'a [FieldChange], path: &str, except: &[&str]) -> Option<&'a FieldChange> {
    let keys = keys(path);
    let excepted = |field: &FieldChange| {
        except.iter().any(|path| relation(&field.path, &self::keys(path)) == Relation::Within)
    };
    fields.iter().filter(|field| field.same.is_none()).find(|field| match relation(&field.path, &keys) {
        Relation::Elsewhere => false,
        Relation::Within => !excepted(field),
        Relation::Around(taken) => {
            let rest = keys.get(taken..).unwrap_or_default();
            let side = |value: &Option<Value>| {
                let mut found = Vec::new();
                if let Some(value) = value {
                    collect(value, rest, &mut found);
                }
                found
            };
            let (old, new) = (side(&field.old), side(&field.new));
            old.len() != new.len() || old.iter().zip(&new).any(|(a, b)| !read::equal(Some(a), Some(b)))
        }
    })
}

/// All fields that differ at these keys or below, and wholes around them.
pub fn all<'a>(fields: &'a [FieldChange], path: &'a str) -> impl Iterator<Item = &'a FieldChange> {
    let keys = keys(path);
    fields
        .iter()
        .filter(move |field| field.same.is_none() && relation(&field.path, &keys) != Relation::Elsewhere)
}

/// The values at these keys, `*` being every item of a list or map.
fn collect(value: &Value, keys: &[&str], found: &mut Vec<Value>) {
    let Some((key, rest)) = keys.split_first() else {
        if !value.is_nil() {
            found.push(value.clone());
        }
        return;
    };
    match (value, *key) {
        (Value::List(list), "*") => list.items().iter().for_each(|item| collect(item, rest, found)),
        (Value::Map(map), "*") => map.entries().iter().for_each(|(_, item)| collect(item, rest, found)),
        (Value::Map(map), key) => {
            if let Some(item) = map.get(key) {
                collect(&item, rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &str) -> Path {
        let step = |key: &str| match key.strip_prefix('#') {
            Some(index) => Step::Index { old: index.parse().ok(), new: None },
            None => Step::Key(key.into()),
        };
        Path(keys.split('.').filter(|key| !key.is_empty()).map(step).collect())
    }

    fn field(keys: &str, old: &str, new: &str) -> FieldChange {
        let value = |text: &str| crate::yaml::decode_with_integers(text.as_bytes()).ok();
        FieldChange { path: path(keys), old: value(old), new: value(new), same: None, notes: Vec::new() }
    }

    #[test]
    fn a_field_is_found_by_itself_within_and_as_part_of_a_whole() {
        let hit = |keys: &str, old: &str, new: &str, pattern: &str| {
            first(&[field(keys, old, new)], pattern, &[]).is_some()
        };
        assert!(hit("spec.selector", "a", "b", "spec.selector"));
        assert!(hit("spec.selector.app", "a", "b", "spec.selector"));
        assert!(hit("spec", "{selector: {app: a}}", "{selector: {app: b}}", "spec.selector.app"));
        assert!(!hit("spec", "{selector: {app: a}, x: 1}", "{selector: {app: a}, x: 2}", "spec.selector"));
        assert!(!hit("spec.selectors", "a", "b", "spec.selector"));
        assert!(hit("spec.ports.#0.port", "1", "2", "spec.ports.*.port"));
        assert!(hit("spec", "{ports: [{port: 1}]}", "{ports: [{port: 2}]}", "spec.ports.*.port"));
        assert!(!hit("spec", "{ports: [{port: 1}]}", "{ports: [{port: 1, name: x}]}", "spec.ports.*.port"));
    }

    #[test]
    fn exceptions_lie_within_what_is_looked_for() {
        let found = |keys: &str| first(&[field(keys, "1", "2")], "spec", &["spec.replicas"]).is_some();
        assert!(!found("spec.replicas"));
        assert!(found("spec.serviceName"));
    }
}
