//! The two ways in which a Secret says what it holds: `data` in base64, `stringData` in plain text.

use std::collections::HashMap;

use super::path::Step;
use super::{FieldChange, Same};
use crate::manifest::object::Object;
use crate::value::{Str, Value};

/// Whether an object is a Secret.
pub(super) fn is_secret(object: &Object) -> bool {
    &*object.id.kind == "Secret" && object.id.group.is_empty()
}

/// Marks what only went from `data` to `stringData`, or back, as the same.
pub(super) fn match_moved(fields: &mut [FieldChange]) {
    let entry = |field: &FieldChange| match field.path.0.as_slice() {
        [Step::Key(map), Step::Key(key), ..] => Some((map.clone(), key.clone())),
        _ => None,
    };
    let mut removed: HashMap<(Str, Str), usize> = HashMap::new();
    let mut same = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if let (Some(entry), Some(_), None) = (entry(field), &field.old, &field.new) {
            removed.insert(entry, index);
        }
    }
    for (index, field) in fields.iter().enumerate() {
        let (Some((map, key)), None, Some(Value::String(new))) = (entry(field), &field.old, &field.new)
        else {
            continue;
        };
        let other = if map == "data" { "stringData" } else { "data" };
        let Some(gone) = removed.get(&(Str::from_static(other), key)) else { continue };
        match fields.get(*gone).map(|field| &field.old) {
            Some(Some(Value::String(old))) if old == new => same.extend([index, *gone]),
            _ => {}
        }
    }
    for index in same {
        if let Some(field) = fields.get_mut(index) {
            field.same = Some(Same::Encoding);
        }
    }
}
