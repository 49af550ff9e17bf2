//! Reads the table of types.

use std::collections::HashMap;

use super::{Absent, Field, ListShape, Schema, Shape, Type};
use crate::value::Str;
use crate::yaml;

/// Reads the table; gives also the lines that it does not understand, which the tests make sure there are none
/// of.
pub(super) fn read(text: &str) -> (Schema, Vec<String>) {
    let mut schema = Schema::default();
    let mut faults = Vec::new();
    let lines = || {
        text.lines()
            .map(|line| line.split_once('#').map_or(line, |(line, _)| line).trim_end())
            .filter(|line| !line.is_empty())
    };
    // Fields may be of types that come later.
    for line in lines() {
        let exact = line.strip_prefix("exact ");
        let Some(rest) = exact.unwrap_or(line).strip_prefix("type ") else { continue };
        let (name, kinds) = rest.split_once(" for ").unwrap_or((rest, ""));
        let id = schema.types.len();
        schema.types.push(Type { fields: HashMap::new(), exact: exact.is_some() });
        if schema.names.insert(name.trim().to_string(), id).is_some() {
            faults.push(format!("type {name} is there twice"));
        }
        for kind in kinds.split(',').map(str::trim).filter(|kind| !kind.is_empty()) {
            match kind.split_once('/') {
                Some((group, kind)) => {
                    schema.kinds.entry(group.to_string()).or_default().insert(kind.to_string(), id);
                }
                None => faults.push(line.to_string()),
            }
        }
    }
    let mut id = None;
    for line in lines() {
        if line.starts_with("type ") || line.starts_with("exact ") {
            id = Some(id.map_or(0, |id: usize| id + 1));
            continue;
        }
        let fields = id.and_then(|_| fields(line, &schema.names));
        match (fields, id.and_then(|id| schema.types.get_mut(id))) {
            (Some(fields), Some(own)) => own.fields.extend(fields),
            _ => faults.push(line.to_string()),
        }
    }
    inherit(&mut schema);
    (schema, faults)
}

/// Gives all kinds the named fields of the type `Object`.
fn inherit(schema: &mut Schema) {
    let Some(object) = schema.names.get("Object").and_then(|id| schema.types.get(*id)).cloned() else {
        return;
    };
    let ids: Vec<usize> = schema.kinds.values().flat_map(HashMap::values).copied().collect();
    for id in ids {
        let Some(own) = schema.types.get_mut(id) else { continue };
        for (name, field) in object.fields.iter().filter(|(name, _)| **name != "*") {
            own.fields.entry(name.clone()).or_insert_with(|| field.clone());
        }
    }
}

/// `a, b: [Type] by name = empty`
fn fields(line: &str, names: &HashMap<String, usize>) -> Option<Vec<(Str, Field)>> {
    let (fields, rest) = line.split_once(": ")?;
    let (shape, absent) = rest.split_once(" = ").unwrap_or((rest, ""));
    let field = Field { shape: shape_of(shape.trim(), names)?, absent: absent_of(absent.trim())? };
    Some(fields.split(',').map(|name| (Str::from(name.trim()), field.clone())).collect())
}

fn shape_of(text: &str, names: &HashMap<String, usize>) -> Option<Shape> {
    let field =
        |text: &str| Some(Box::new(Field { shape: shape_of(text.trim(), names)?, absent: Absent::Differs }));
    if let Some(rest) = text.strip_prefix('{') {
        return Some(Shape::Map(field(rest.strip_suffix('}')?)?));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (item, rest) = rest.rsplit_once(']')?;
        let item = *field(item)?;
        let (mut ordered, mut keys) = (true, Vec::new());
        let rest = rest.trim();
        let rest = match rest.strip_prefix("by ") {
            Some(rest) => {
                ordered = false;
                let (set, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                for fields in set.split('|') {
                    let path = |field: &str| field.split('.').map(Str::from).collect();
                    keys.push(fields.split('+').map(path).collect());
                }
                rest
            }
            None => rest,
        };
        match rest {
            "" => {}
            "ordered" => ordered = true,
            "any order" => ordered = false,
            _ => return None,
        }
        return Some(Shape::List(Box::new(ListShape { item, ordered, keys })));
    }
    Some(match text {
        "unknown" => Shape::Unknown,
        "any" => Shape::Typed,
        "quantity" => Shape::Quantity,
        "duration" => Shape::Duration,
        "base64" => Shape::Base64,
        name => Shape::Struct(*names.get(name)?),
    })
}

fn absent_of(text: &str) -> Option<Absent> {
    Some(match text {
        "" => Absent::Differs,
        "empty" => Absent::Empty,
        "fields" => Absent::Fields,
        "by tag" => Absent::PullPolicy,
        "by kind" => Absent::SubjectGroup,
        _ => {
            if let Some(sibling) = text.strip_prefix("the ") {
                return Some(Absent::Sibling(Str::from(sibling)));
            }
            let read = |text: &str| yaml::decode_with_integers(text.as_bytes()).ok();
            match text.split_once(" without ") {
                Some((text, other)) => Absent::IsWithout(read(text)?, Str::from(other)),
                None => Absent::Is(read(text)?),
            }
        }
    })
}
