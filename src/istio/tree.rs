//! Values by path, and `--set` as istioctl reads it (`istio operator/pkg/values/map.go`).
//!
//! A path is `a.b.c`; `\.` is a dot within a key, `a[0]` or `a.[0]` an item by its place, `a.[name:x]` the one whose
//! `name` is the text `x`.

use crate::diagnostic::{Error, Result};
use crate::functions::parse_float;
use crate::limits::Limits;
use crate::source::path::clean;
use crate::value::{List, Map, MapType, Value, print};
use crate::values::deep_copy;

/// Paths below which `--set` keeps texts: whatever a path begins with.
const TEXTS: [&str; 6] = [
    "spec.values.compatibilityVersion",
    "spec.tag",
    "spec.values.global.tag",
    "spec.meshConfig.defaultConfig.proxyMetadata.",
    "spec.values.meshConfig.defaultConfig.proxyMetadata.",
    "spec.compatibilityVersion",
];

/// The steps of a path. Its slashes are taken for a file's, as istioctl takes them.
pub(super) fn steps(path: &str) -> Vec<String> {
    let path = clean(path);
    let path = path.strip_prefix('.').unwrap_or(&path);
    let path = path.strip_suffix('.').unwrap_or(path);
    let mut steps = Vec::new();
    for piece in split_unescaped(path, '.') {
        if piece.is_empty() {
            continue;
        }
        let piece = piece.replace("\\.", ".");
        match piece.find('[') {
            Some(bracket) if bracket > 0 => {
                let (key, item) = piece.split_at(bracket);
                steps.extend([key.to_string(), item.to_string()]);
            }
            _ => steps.push(piece),
        }
    }
    steps
}

/// Splits at each separator that no backslash stands before.
pub(super) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    let (mut start, mut before) = (0, None);
    for (i, c) in text.char_indices() {
        if c == separator && before != Some('\\') {
            pieces.push(text.get(start..i).unwrap_or_default());
            start = i + c.len_utf8();
        }
        before = Some(c);
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// What stands in a pair of brackets.
pub(super) fn in_brackets(step: &str) -> Option<&str> {
    step.strip_prefix('[')?.strip_suffix(']')
}

/// The value at a path of keys.
pub(super) fn get(map: &Map, path: &str) -> Option<Value> {
    let mut value = Value::Map(map.clone());
    for key in path.split('.') {
        value = value.as_map()?.get(key)?;
    }
    Some(value)
}

/// The map at a path of keys.
pub(super) fn get_map(map: &Map, path: &str) -> Option<Map> {
    get(map, path)?.as_map().cloned()
}

/// The text at a path of keys; empty if there is none.
pub(super) fn get_text(map: &Map, path: &str) -> String {
    match get(map, path) {
        Some(Value::String(text)) => text.to_text().into_owned(),
        _ => String::new(),
    }
}

/// Whether there is `true` at a path of keys.
pub(super) fn is_true(map: &Map, path: &str) -> bool {
    get(map, path).is_some_and(|value| value.as_bool() == Some(true))
}

/// A map that holds a value at a path of keys, and nothing else.
pub(super) fn nest(path: &str, value: Value) -> Map {
    let mut value = value;
    let mut keys: Vec<&str> = path.split('.').collect();
    let first = if keys.is_empty() { "" } else { keys.remove(0) };
    for key in keys.iter().rev() {
        value = Value::Map([(*key, value)].into_iter().collect());
    }
    [(first, value)].into_iter().collect()
}

/// Lays a map over another: maps are merged, anything else replaces what was there. What is taken over is shared by
/// both, as in Go.
pub(super) fn merge(base: &Map, over: &Map) {
    let mut open = vec![(base.clone(), over.clone())];
    while let Some((base, over)) = open.pop() {
        if base.is_same(&over) {
            continue;
        }
        for (key, value) in over.entries() {
            match (value.as_map(), base.get(&key)) {
                (Some(inner), Some(Value::Map(below))) => open.push((below, inner.clone())),
                _ => {
                    base.insert(key, value);
                }
            }
        }
    }
}

/// A copy that shares nothing, as a round trip through JSON gives it: all numbers are floats.
pub(super) fn copy(map: &Map) -> Map {
    let copy = deep_copy(map);
    let mut open = vec![Value::Map(copy.clone())];
    let float = |value: &mut Value, open: &mut Vec<Value>| match value {
        Value::Int(i) => *value = Value::Float(i.as_i128() as f64),
        Value::Map(_) | Value::List(_) => open.push(value.clone()),
        _ => {}
    };
    while let Some(value) = open.pop() {
        match value {
            Value::Map(map) => map.update(|entries| entries.values_mut().for_each(|v| float(v, &mut open))),
            Value::List(list) => list.update(|items| items.iter_mut().for_each(|v| float(v, &mut open))),
            _ => {}
        }
    }
    copy
}

/// Does what a `--set` says: `path=value`, below `spec`.
///
/// # Errors
/// When the path leads through something that is no map or list, or to an item that isn't there.
pub(super) fn set_flag(map: &Map, flag: &str) -> Result<()> {
    let flag = format!("spec.{flag}");
    let (path, text) = match flag.split_once('=') {
        Some((path, text)) => (path.trim(), text.trim()),
        None => (flag.as_str(), ""),
    };
    let value =
        if TEXTS.iter().any(|begin| path.starts_with(begin)) { Value::from(text) } else { parse_value(text) };
    set(map, path, value)
}

/// What a text of `--set` means: a whole number, a number, a boolean, or itself.
pub(super) fn parse_value(text: &str) -> Value {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = text.parse::<i64>()
    {
        return Value::int(number);
    }
    if let Some(number) = parse_float(text.as_bytes()) {
        return Value::Float(number);
    }
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Value::Bool(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Value::Bool(false),
        _ => Value::from(text.replace("\\,", ",")),
    }
}

/// Sets the value at a path; maps and lists on the way are made.
///
/// # Errors
/// When the path leads through something that is no map or list, or to an item that isn't there.
pub(super) fn set(map: &Map, path: &str, value: Value) -> Result<()> {
    let steps = steps(path);
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    set_steps(map, &steps, value).map_err(|e| e.note(format!("the path is {path}")))
}

fn set_steps(base: &Map, steps: &[&str], value: Value) -> Result<()> {
    let (mut base, mut steps) = (base.clone(), steps);
    loop {
        let [key, rest @ ..] = steps else {
            return Err(Error::new("a --set needs a path"));
        };
        let Some(item) = rest.first().filter(|step| step.starts_with('[')) else {
            if rest.is_empty() {
                base.insert(*key, value);
                return Ok(());
            }
            if !base.contains_key(key) {
                base.insert(*key, Value::Map(Map::default()));
            }
            base = map_of(base.get(key), key)?;
            steps = rest;
            continue;
        };
        let list = match base.get(key) {
            Some(Value::List(list)) => list,
            None => {
                let list = List::new(crate::value::Elem::Any, Vec::new());
                base.insert(*key, Value::List(list.clone()));
                list
            }
            Some(_) => return Err(Error::new(format!("{key} is not a list"))),
        };
        let inner = rest.get(1..).unwrap_or_default();
        match place(&list, item)?.filter(|index| *index < list.len()) {
            None if inner.is_empty() => {
                list.update(|items| items.push(value));
                return Ok(());
            }
            None => {
                let map = Map::new(MapType::Any);
                list.update(|items| items.push(Value::Map(map.clone())));
                base = map;
            }
            Some(_) if inner.is_empty() => {
                return Err(Error::new(format!("{key}{item} is there already: set what is within it")));
            }
            Some(index) => {
                let map = map_of(list.get(index), item)?;
                list.update(|items| {
                    if let Some(slot) = items.get_mut(index) {
                        *slot = Value::Map(map.clone());
                    }
                });
                base = map;
            }
        }
        steps = inner;
    }
}

/// The place in a list that a step names; none for one that is to be added.
fn place(list: &List, step: &str) -> Result<Option<usize>> {
    let unknown = || Error::new(format!("unknown segment {step}"));
    let inside = in_brackets(step).ok_or_else(unknown)?;
    if let Some((key, wanted)) = inside.split_once(':') {
        for (i, item) in list.items().into_iter().enumerate() {
            if map_of(Some(item), step)?.get(key).is_some_and(|value| value.as_str() == Some(wanted)) {
                return Ok(Some(i));
            }
        }
        return Err(Error::new(format!("element {step} not found")));
    }
    let index: i64 = inside.parse().map_err(|_| unknown())?;
    Ok(usize::try_from(index).ok())
}

/// The map; a null is an empty one that belongs to nothing, so what is set in it is lost.
fn map_of(value: Option<Value>, what: &str) -> Result<Map> {
    match value {
        Some(Value::Map(map)) => Ok(map),
        None | Some(Value::Null) => Ok(Map::default()),
        Some(_) => Err(Error::new(format!("{what} is not a map"))),
    }
}

/// A value as Go prints it (`%v`).
///
/// # Errors
/// When it is too large.
pub(super) fn sprint(value: &Value, limits: &Limits) -> Result<String> {
    match print::sprint_value(limits, value) {
        Ok(text) => Ok(text.to_text().into_owned()),
        Err(_) => Err(Error::new("a value is too large to be printed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Escape, encode};
    use crate::yaml::decode;

    fn map(text: &str) -> Map {
        decode(text.as_bytes()).unwrap().as_map().unwrap().clone()
    }

    fn json(map: &Map) -> String {
        encode(&Value::Map(map.clone()), Escape::None).unwrap()
    }

    #[test]
    fn steps_end_at_dots_and_before_brackets() {
        assert_eq!(steps("a.b[0].c"), ["a", "b", "[0]", "c"]);
        assert_eq!(steps("a.[name:x].b\\.c/d"), ["a", "[name:x]", "b.c/d"]);
        assert_eq!(steps(".a..b."), ["a", "b"]);
        assert!(steps("").is_empty());
    }

    #[test]
    fn flags_guess_the_type_of_their_value() {
        for (text, want) in [
            ("a=1", "1"),
            ("a=1e3", "1000"),
            ("a=T", "true"),
            ("a=x\\,y", "\"x,y\""),
            ("a", "\"\""),
            ("a=b=c", "\"b=c\""),
        ] {
            let base = Map::default();
            set_flag(&base, text).unwrap();
            assert_eq!(json(&base), format!("{{\"spec\":{{\"a\":{want}}}}}"), "{text}");
        }
        let base = Map::default();
        set_flag(&base, "tag=1.10").unwrap();
        assert_eq!(json(&base), r#"{"spec":{"tag":"1.10"}}"#);
    }

    #[test]
    fn items_are_found_by_place_or_by_a_field_and_added_beyond_the_end() {
        let base = map("spec: {l: [{name: a}, {name: b}]}");
        set_flag(&base, "l.[name:b].x=1").unwrap();
        set_flag(&base, "l[9].name=c").unwrap();
        assert_eq!(json(&base), r#"{"spec":{"l":[{"name":"a"},{"name":"b","x":1},{"name":"c"}]}}"#);
        let error = set_flag(&base, "l.[name:z].x=1").unwrap_err();
        assert_eq!(error.message(), "element [name:z] not found");
    }

    #[test]
    fn merging_recurses_into_maps_and_replaces_lists_and_nulls() {
        let base = map("{a: {b: 1, l: [1, 2]}, n: 1}");
        merge(&base, &map("{a: {c: 2, l: [3]}, n: null}"));
        assert_eq!(json(&base), r#"{"a":{"b":1,"c":2,"l":[3]},"n":null}"#);
    }

    #[test]
    fn what_is_set_below_a_null_is_lost() {
        let base = map("a: null");
        set(&base, "a.b", Value::int(1)).unwrap();
        assert_eq!(json(&base), r#"{"a":null}"#);
    }
}
