//! The methods of Helm's `common.Values` (`helm pkg/chart/common/values.go`).

use super::{string_arg, to_yaml};
use crate::value::print::quote;
use crate::value::{Map, MapType, ObjectError, Value};

pub(super) fn method_params(name: &str) -> Option<usize> {
    match name {
        "YAML" | "AsMap" => Some(0),
        "Table" | "PathValue" | "Encode" => Some(1),
        _ => None,
    }
}

pub(super) fn call(map: &Map, name: &str, args: &[Value]) -> Result<Value, ObjectError> {
    match name {
        "YAML" => Ok(match to_yaml(Value::Map(map.clone())) {
            Value::String(text) => {
                let mut text = text.as_bytes().to_vec();
                text.push(b'\n');
                Value::String(text.into())
            }
            other => other,
        }),
        "AsMap" => Ok(Value::Map(map.viewed_as(MapType::Any))),
        "Table" => table(map, string_arg(args, name)?).map(|t| Value::Map(t.viewed_as(MapType::Values))),
        "PathValue" => path_value(map, string_arg(args, name)?),
        _ => Err(ObjectError(format!("values have no method {name}"))),
    }
}

fn table(map: &Map, path: &[u8]) -> Result<Map, ObjectError> {
    let mut table = map.clone();
    for name in path.split(|&b| b == b'.') {
        table = match table.get(name) {
            Some(Value::Map(inner)) if matches!(inner.map_type(), MapType::Any | MapType::Values) => inner,
            _ => return Err(ObjectError(format!("{} is not a table", quote(name)))),
        };
    }
    Ok(table)
}

fn path_value(map: &Map, path: &[u8]) -> Result<Value, ObjectError> {
    if path.is_empty() {
        return Err(ObjectError("YAML path cannot be empty".into()));
    }
    let (parent, key) = match path.iter().rposition(|&b| b == b'.') {
        Some(dot) => (table(map, &path[..dot]).ok(), &path[dot + 1..]),
        None => (Some(map.clone()), path),
    };
    match parent.and_then(|parent| parent.get(key)) {
        Some(Value::Map(m)) if m.map_type() == MapType::Any => {}
        Some(value) => return Ok(value),
        None => {}
    }
    Err(ObjectError(format!("{} is not a value", quote(key))))
}
