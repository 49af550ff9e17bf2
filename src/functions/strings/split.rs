//! One string as many, and many as one: `split`, `splitList`, `splitn`, `join`, `sortAlpha`, `toStrings`.

use memchr::memmem;

use super::{FunctionResult, args, part};
use crate::functions::convert::strval;
use crate::functions::{Env, FunctionError, unicode};
use crate::value::{Elem, List, Map, MapType, Str, Value};

pub(super) fn split(env: &Env, args: &[Value]) -> FunctionResult {
    let (separator, s) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(numbered(parts(env, "split", s, separator, -1)?))
}

pub(super) fn splitn(env: &Env, args: &[Value]) -> FunctionResult {
    let (separator, n, s) = (args::string(args, 0)?, args::int(args, 1)?, args::string(args, 2)?);
    Ok(numbered(parts(env, "splitn", s, separator, n)?))
}

pub(super) fn split_list(env: &Env, args: &[Value]) -> FunctionResult {
    let (separator, s) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(Value::strings(parts(env, "splitList", s, separator, -1)?))
}

/// A map with the keys `_0`, `_1` and so on.
fn numbered(parts: Vec<Str>) -> Value {
    let entries = parts.into_iter().enumerate();
    let entries = entries.map(|(i, part)| (Str::from(format!("_{i}")), Value::String(part))).collect();
    Value::Map(Map::from_entries(MapType::String, entries))
}

/// Go's `strings.SplitN`: at most `n` parts, the last one with the rest; below zero, all; no separator
/// splits between characters.
fn parts(env: &Env, function: &str, s: &Str, separator: &Str, n: i64) -> Result<Vec<Str>, FunctionError> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let most = usize::try_from(n).unwrap_or(usize::MAX);
    let bytes = s.as_bytes();
    let mut found = Vec::new();
    let mut start = 0;
    let add = |found: &mut Vec<Str>, start: usize, end: usize| {
        found.push(part(s, start, end));
        if found.len() % 1024 == 0 {
            env.check_size(function, s.len().saturating_add(found.len() * PART_COST))?;
        }
        Ok::<(), FunctionError>(())
    };
    if separator.is_empty() {
        while start < bytes.len() {
            let (_, size) = unicode::decode(bytes.get(start..).unwrap_or_default());
            let end = if found.len() + 1 == most { bytes.len() } else { start + size };
            add(&mut found, start, end)?;
            start = end;
        }
        return Ok(found);
    }
    for at in memmem::find_iter(bytes, separator.as_bytes()) {
        if found.len() + 1 == most {
            break;
        }
        add(&mut found, start, at)?;
        start = at + separator.len();
    }
    add(&mut found, start, bytes.len())?;
    Ok(found)
}

/// About what a part takes beside its bytes.
const PART_COST: usize = 48;

pub(super) fn join(env: &Env, args: &[Value]) -> FunctionResult {
    let separator = args::string(args, 0)?;
    let strings = to_strings(env, args::any(args, 1))?;
    let strings = strings.read();
    let mut out = Vec::new();
    for (i, s) in strings.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator.as_bytes());
        }
        if let Value::String(s) = s {
            out.extend_from_slice(s.as_bytes());
        }
        if out.len() > env.limits.function_bytes {
            break;
        }
    }
    env.check_size("join", out.len())?;
    Ok(Value::String(out.into()))
}

/// Sorts by bytes. A list that is strings already is sorted in place, as Sprig does: whoever holds it sees it.
pub(super) fn sort_alpha(env: &Env, args: &[Value]) -> FunctionResult {
    let value = args::any(args, 0);
    let strings = match args::slice(value) {
        Some(_) => to_strings(env, value)?,
        None => List::new(Elem::String, vec![Value::String(strval(env, value)?)]),
    };
    env.step("sortAlpha", strings.len().saturating_mul(8))?;
    strings.update(|items| {
        items.sort_by(|a, b| match (a, b) {
            (Value::String(a), Value::String(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
    });
    Ok(Value::List(strings))
}

pub(super) fn to_strings_call(env: &Env, args: &[Value]) -> FunctionResult {
    to_strings(env, args::any(args, 0)).map(Value::List)
}

/// Sprig's `strslice`: a slice's items as strings, without the nil ones; another value as the only one. A
/// list of strings is itself.
pub(super) fn to_strings(env: &Env, value: &Value) -> Result<List, FunctionError> {
    if let Value::List(l) = value
        && l.elem() == Elem::String
    {
        return Ok(l.clone());
    }
    let items = match args::slice(value) {
        Some(list) => list.items(),
        None => vec![value.clone()],
    };
    let mut strings = Vec::with_capacity(items.len());
    let mut size = 0;
    for item in items.iter().filter(|v| !matches!(v, Value::Null)) {
        let s = match item {
            Value::String(s) => s.clone(),
            other => {
                let s = strval(env, other)?;
                size += s.len();
                env.check_size("toStrings", size)?;
                s
            }
        };
        strings.push(Value::String(s));
    }
    Ok(List::new(Elem::String, strings))
}
