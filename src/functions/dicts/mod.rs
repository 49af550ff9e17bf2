//! Maps: Sprig's functions. Maps are shared, so `set`, `unset` and the merges change what others hold.

mod merge;

use std::collections::BTreeMap;

use super::Type::{Any, Bool, Dict, List as Items, String as Text, Strings};
use super::{Env, Function, FunctionError, FunctionResult, args, convert, walk};
use crate::value::{Map, MapType, Str, Value, size};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("dict", &[], Dict, dict).variadic(Any),
    Function::new("get", &[Dict, Text], Any, get).collection_first(),
    Function::new("set", &[Dict, Text, Any], Dict, set).collection_first(),
    Function::new("unset", &[Dict, Text], Dict, unset).collection_first(),
    Function::new("hasKey", &[Dict, Text], Bool, has_key).collection_first(),
    Function::new("pluck", &[Text], Items, pluck).variadic(Dict),
    Function::new("keys", &[], Strings, keys).variadic(Dict),
    Function::new("values", &[Dict], Items, values),
    Function::new("pick", &[Dict], Dict, pick).variadic(Text).collection_first(),
    Function::new("omit", &[Dict], Dict, omit).variadic(Text).collection_first(),
    Function::new("dig", &[], Any, dig).variadic(Any),
    MERGE,
    MERGE.alias("mustMerge"),
    MERGE_OVERWRITE,
    MERGE_OVERWRITE.alias("mustMergeOverwrite"),
    DEEP_COPY,
    DEEP_COPY.alias("mustDeepCopy"),
];

const MERGE: Function = Function::new("merge", &[Dict], Any, merge::merge).variadic(Dict).collection_first();
const MERGE_OVERWRITE: Function =
    Function::new("mergeOverwrite", &[Dict], Any, merge::merge_overwrite).variadic(Dict).collection_first();
const DEEP_COPY: Function = Function::new("deepCopy", &[Any], Any, deep_copy);

/// A key without a value gets the empty string.
fn dict(env: &Env, args: &[Value]) -> FunctionResult {
    let mut entries = BTreeMap::new();
    for pair in args.chunks(2) {
        let key = convert::strval(env, args::any(pair, 0))?;
        let value = pair.get(1).cloned().unwrap_or(Value::String(Str::EMPTY));
        entries.insert(key, value);
    }
    Ok(Value::Map(Map::from_entries(MapType::Any, entries)))
}

fn get(_: &Env, args: &[Value]) -> FunctionResult {
    let (map, key) = (args::dict(args, 0)?, args::string(args, 1)?);
    Ok(map.and_then(|m| m.get(key)).unwrap_or(Value::String(Str::EMPTY)))
}

fn set(env: &Env, args: &[Value]) -> FunctionResult {
    let (map, key) = (args::dict(args, 0)?, args::string(args, 1)?);
    let Some(map) = map else { return Err(FunctionError::new("assignment to entry in nil map")) };
    if map.insert(key.clone(), args::any(args, 2).clone()).is_none() {
        env.count_made("set", size::ENTRY + size::of_text(key.len()))?;
    }
    Ok(Value::Map(map.viewed_as(MapType::Any)))
}

fn unset(_: &Env, args: &[Value]) -> FunctionResult {
    let (map, key) = (args::dict(args, 0)?, args::string(args, 1)?);
    let Some(map) = map else { return Ok(args::any(args, 0).clone()) };
    map.remove(key);
    Ok(Value::Map(map.viewed_as(MapType::Any)))
}

fn has_key(_: &Env, args: &[Value]) -> FunctionResult {
    let (map, key) = (args::dict(args, 0)?, args::string(args, 1)?);
    Ok(Value::Bool(map.is_some_and(|m| m.contains_key(key))))
}

fn pluck(_: &Env, args: &[Value]) -> FunctionResult {
    let key = args::string(args, 0)?;
    let mut found = Vec::new();
    for i in 1..args.len() {
        found.extend(args::dict(args, i)?.and_then(|m| m.get(key)));
    }
    Ok(Value::list(found))
}

/// Sorted within each map, where Go's order is random.
fn keys(env: &Env, args: &[Value]) -> FunctionResult {
    let mut found = Vec::new();
    for i in 0..args.len() {
        if let Some(map) = args::dict(args, i)? {
            env.check_size("keys", (found.len() + map.len()).saturating_mul(size_of::<Value>()))?;
            found.extend(map.keys());
        }
    }
    Ok(Value::strings(found))
}

/// Sorted by key, where Go's order is random.
fn values(env: &Env, args: &[Value]) -> FunctionResult {
    let Some(map) = args::dict(args, 0)? else { return Ok(Value::list(Vec::new())) };
    env.check_size("values", map.len().saturating_mul(size_of::<Value>()))?;
    Ok(Value::list(map.read().values().cloned().collect()))
}

fn pick(env: &Env, args: &[Value]) -> FunctionResult {
    let picked = Map::default();
    if let Some(map) = args::dict(args, 0)? {
        env.step("pick", args.len())?;
        for i in 1..args.len() {
            let key = args::string(args, i)?;
            if let Some(value) = map.get(key) {
                picked.insert(key.clone(), value);
            }
        }
    }
    Ok(Value::Map(picked))
}

fn omit(env: &Env, args: &[Value]) -> FunctionResult {
    let Some(map) = args::dict(args, 0)? else { return Ok(Value::Map(Map::default())) };
    env.check_size("omit", map.len().saturating_mul(2 * size_of::<Value>()))?;
    let mut entries = map.read().clone();
    for i in 1..args.len() {
        entries.remove(args::string(args, i)?.as_bytes());
    }
    Ok(Value::Map(Map::from_entries(MapType::Any, entries)))
}

/// Goes down a path of keys: `dig "a" "b" default map`. A missing key gives the default; a step through
/// anything but a plain map is Go's failed type assertion, and so is `.Values`, whose type has a name.
fn dig(_: &Env, args: &[Value]) -> FunctionResult {
    let [keys @ .., default, map] = args else {
        return Err(FunctionError::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(FunctionError::new("dig needs at least three arguments"));
    }
    let mut map = plain_map(map)?;
    let mut path = Vec::with_capacity(keys.len());
    for key in keys {
        match key {
            Value::String(s) => path.push(s),
            other => return Err(failed_assertion(other, "string")),
        }
    }
    let Some((last, before)) = path.split_last() else { return Ok(default.clone()) };
    for key in before {
        match map.and_then(|m| m.get(key)) {
            None => return Ok(default.clone()),
            Some(step) => map = plain_map(&step)?,
        }
    }
    Ok(map.and_then(|m| m.get(last)).unwrap_or_else(|| default.clone()))
}

/// Go's `x.(map[string]interface{})`; a nil map is one, too.
fn plain_map(value: &Value) -> Result<Option<Map>, FunctionError> {
    match value {
        Value::Map(m) if m.map_type() == MapType::Any => Ok(Some(m.clone())),
        Value::TypedNil(t) if t.name == MapType::Any.name() => Ok(None),
        other => Err(failed_assertion(other, MapType::Any.name())),
    }
}

fn failed_assertion(value: &Value, wanted: &str) -> FunctionError {
    let name = if matches!(value, Value::Null) { "nil" } else { value.type_name() };
    FunctionError::new(format!("interface conversion: interface {{}} is {name}, not {wanted}"))
}

fn deep_copy(env: &Env, args: &[Value]) -> FunctionResult {
    match args::any(args, 0) {
        Value::Null => Err(FunctionError::new("reflect: call of reflect.Value.Type on zero Value")),
        value => walk::deep_copy(env, "deepCopy", value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| (*k, v.clone())).collect())
    }

    #[test]
    fn setting_changes_the_map_for_all_who_hold_it() {
        let env = Env::default();
        let m = map(&[]);
        let returned = set(&env, &[m.clone(), "k".into(), Value::int(1)]);
        assert!(
            matches!((&m, returned), (Value::Map(a), Ok(Value::Map(b))) if a.is_same(&b) && a.len() == 1)
        );
        let nil = set(&env, &[Value::Null, "k".into(), Value::int(1)]);
        assert_eq!(nil.map_err(|e| e.message).err().as_deref(), Some("assignment to entry in nil map"));
    }

    #[test]
    fn digging_through_something_else_fails_as_go_does() {
        let env = Env::default();
        let m = map(&[("a", map(&[("b", 1.0.into())])), ("n", Value::Null)]);
        let dig = |path: &[&str]| {
            let mut args: Vec<Value> = path.iter().map(|p| Value::from(*p)).collect();
            args.extend(["d".into(), m.clone()]);
            dig(&env, &args).map_err(|e| e.message)
        };
        assert!(matches!(dig(&["a", "b"]), Ok(Value::Float(1.0))));
        assert!(matches!(dig(&["a", "x", "y"]), Ok(Value::String(s)) if s == "d"));
        assert_eq!(
            dig(&["a", "b", "c"]).err().as_deref(),
            Some("interface conversion: interface {} is float64, not map[string]interface {}")
        );
        assert!(dig(&["n", "x"]).is_err_and(|e| e.contains("interface {} is nil")));
        assert!(dig(&[]).is_err_and(|e| e == "dig needs at least three arguments"));
    }

    #[test]
    fn an_odd_key_gets_an_empty_string() {
        let env = Env::default();
        let made = dict(&env, &["a".into(), Value::int(1), Value::int(7)]);
        let Ok(Value::Map(m)) = made else { panic!("no map") };
        assert_eq!(m.get("7").and_then(|v| v.as_str().map(str::to_string)).as_deref(), Some(""));
    }
}
