//! Walks over whole values: comparing and copying. None recurses, and all are bounded: a value may contain
//! itself, be nested without end, or share its parts so often that a walk would take for ever.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::semver::{Version, VersionObject};
use super::{Env, FunctionError};
use crate::value::{Elem, List, Map, MapType, Str, Value, size};

/// Go's `reflect.DeepEqual`: types count, NaN is not itself, a nil slice isn't an empty one.
pub(crate) fn deep_equal(env: &Env, function: &str, a: &Value, b: &Value) -> Result<bool, FunctionError> {
    match shallow_equal(a, b) {
        Some(equal) => {
            env.step(function, 1)?;
            Ok(equal)
        }
        None => deep_equal_walk(env, function, a, b),
    }
}

fn deep_equal_walk(env: &Env, function: &str, a: &Value, b: &Value) -> Result<bool, FunctionError> {
    // A pair of containers that is being compared, or was, needs no second look: so Go ends cycles.
    let mut seen = HashSet::new();
    let mut todo = vec![(a.clone(), b.clone())];
    while let Some((a, b)) = todo.pop() {
        env.step(function, 1)?;
        match shallow_equal(&a, &b) {
            Some(true) => continue,
            Some(false) => return Ok(false),
            None => {}
        }
        match (&a, &b) {
            (Value::List(x), Value::List(y)) => {
                if !seen.insert((x.address(), y.address())) {
                    continue;
                }
                let (x, y) = (x.read(), y.read());
                if x.len() != y.len() {
                    return Ok(false);
                }
                for (x, y) in x.iter().zip(y.iter()).rev() {
                    match shallow_equal(x, y) {
                        Some(true) => {}
                        Some(false) => return Ok(false),
                        None => todo.push((x.clone(), y.clone())),
                    }
                }
                env.step(function, x.len())?;
            }
            (Value::Map(x), Value::Map(y)) => {
                if !seen.insert((x.address(), y.address())) {
                    continue;
                }
                let (x, y) = (x.read(), y.read());
                if x.len() != y.len() {
                    return Ok(false);
                }
                for ((key, x), (other, y)) in x.iter().zip(y.iter()) {
                    if key != other {
                        return Ok(false);
                    }
                    match shallow_equal(x, y) {
                        Some(true) => {}
                        Some(false) => return Ok(false),
                        None => todo.push((x.clone(), y.clone())),
                    }
                }
                env.step(function, x.len())?;
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether two values are equal, where that can be told without a walk.
fn shallow_equal(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::TypedNil(x), Value::TypedNil(y)) => x == y,
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(x), Value::Int(y)) => x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::String(x), Value::String(y)) => x == y,
        (Value::Bytes(x), Value::Bytes(y)) => x == y,
        (Value::List(x), Value::List(y)) => match (x.elem() == y.elem(), x.is_same(y)) {
            (false, _) => false,
            (true, true) => true,
            (true, false) => return None,
        },
        (Value::Map(x), Value::Map(y)) => match (x.map_type() == y.map_type(), x.is_same(y)) {
            (false, _) => false,
            (true, true) => true,
            (true, false) => return None,
        },
        (Value::Object(x), Value::Object(y)) => {
            if Arc::ptr_eq(x, y) {
                return Some(true);
            }
            if x.type_name() != y.type_name() || x.is_nil() != y.is_nil() {
                return Some(false);
            }
            if let Some(version) = x.as_any().downcast_ref::<VersionObject>() {
                // How it was written counts as well.
                let other = y.as_any().downcast_ref::<VersionObject>();
                return Some(other.is_some_and(|o| o.version() == version.version()));
            }
            match (x.to_plain(), y.to_plain()) {
                (Value::Object(_), _) | (_, Value::Object(_)) => false,
                // An object's plain view is small, and of the object's own making.
                (x, y) => same_plain(&x, &y, 32),
            }
        }
        _ => false,
    })
}

fn same_plain(a: &Value, b: &Value, depth: usize) -> bool {
    match (a, b) {
        _ if depth == 0 => false,
        (Value::List(x), Value::List(y)) => {
            let (x, y) = (x.read(), y.read());
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same_plain(x, y, depth - 1))
        }
        (Value::Map(x), Value::Map(y)) => {
            let (x, y) = (x.read(), y.read());
            x.len() == y.len()
                && x.iter().zip(y.iter()).all(|((k, x), (l, y))| k == l && same_plain(x, y, depth - 1))
        }
        _ => shallow_equal(a, b).unwrap_or(false),
    }
}

/// A container under way in [`deep_copy`].
enum Frame {
    List { elem: Elem, rest: std::vec::IntoIter<Value>, done: Vec<Value> },
    Map { map_type: MapType, rest: std::vec::IntoIter<(Str, Value)>, key: Str, done: BTreeMap<Str, Value> },
}

/// What one copied item counts, in steps: making is dearer than looking.
const COPY_STEPS: usize = 4;
/// `copystructure.Copy`: maps and slices are new, everything else is shared.
pub(crate) fn deep_copy(env: &Env, function: &str, value: &Value) -> Result<Value, FunctionError> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut bytes = 0usize;
    let mut current = value.clone();
    loop {
        // Down: open containers until a finished value stands in `current`.
        match &current {
            Value::List(l) => {
                let items = l.items();
                bytes += size::of_list(items.len());
                frames.push(Frame::List {
                    elem: l.elem(),
                    done: Vec::with_capacity(items.len()),
                    rest: items.into_iter(),
                });
            }
            Value::Map(m) => {
                let entries = m.entries();
                bytes += size::of_map(entries.len());
                frames.push(Frame::Map {
                    map_type: m.map_type(),
                    rest: entries.into_iter(),
                    key: Str::EMPTY,
                    done: BTreeMap::new(),
                });
            }
            leaf => {
                let leaf = copy_leaf(leaf);
                match frames.last_mut() {
                    Some(frame) => frame.add(leaf),
                    None => return Ok(leaf),
                }
            }
        }
        if frames.len() > env.limits.data_depth {
            return Err(too_deep(env, function));
        }
        if bytes > env.limits.function_bytes {
            env.check_size(function, bytes)?;
        }
        // Up: close what is complete.
        loop {
            env.step(function, COPY_STEPS)?;
            let Some(frame) = frames.last_mut() else { return Ok(current) };
            if let Some(next) = frame.next() {
                current = next;
                break;
            }
            let Some(frame) = frames.pop() else { return Ok(current) };
            let finished = frame.finish();
            match frames.last_mut() {
                Some(outer) => outer.add(finished),
                None => {
                    env.count_made(function, bytes)?;
                    return Ok(finished);
                }
            }
        }
    }
}

/// A version's fields are out of copystructure's reach: what it makes of one is the zero version.
fn copy_leaf(value: &Value) -> Value {
    match value {
        Value::Object(o) if o.as_any().is::<VersionObject>() => {
            let zero = Version {
                major: 0,
                minor: 0,
                patch: 0,
                prerelease: String::new(),
                metadata: String::new(),
                original: String::new(),
            };
            Value::Object(Arc::new(VersionObject::pointer(zero)))
        }
        other => other.clone(),
    }
}

impl Frame {
    fn next(&mut self) -> Option<Value> {
        match self {
            Frame::List { rest, .. } => rest.next(),
            Frame::Map { rest, key, .. } => {
                let (k, v) = rest.next()?;
                *key = k;
                Some(v)
            }
        }
    }

    fn add(&mut self, value: Value) {
        match self {
            Frame::List { done, .. } => done.push(value),
            Frame::Map { done, key, .. } => {
                done.insert(std::mem::take(key), value);
            }
        }
    }

    fn finish(self) -> Value {
        match self {
            Frame::List { elem, done, .. } => Value::List(List::new(elem, done)),
            Frame::Map { map_type, done, .. } => Value::Map(Map::from_entries(map_type, done)),
        }
    }
}

/// Checks that a value written as text, indented by two spaces a level, stays within the limit. One that contains
/// itself does not, unless it is so deep that writers refuse it anyway.
pub(crate) fn check_text_size(env: &Env, function: &str, value: &Value) -> Result<(), FunctionError> {
    let mut size = 0usize;
    let mut todo: Vec<(Value, usize)> = Vec::new();
    let mut add = |value: &Value, depth: usize, key: usize, todo: &mut Vec<(Value, usize)>| {
        let length = match value {
            Value::String(s) => s.len(),
            Value::Bytes(b) => b.len().saturating_mul(2),
            Value::List(l) if !l.is_empty() => {
                todo.push((value.clone(), depth));
                0
            }
            Value::Map(m) if !m.is_empty() => {
                todo.push((value.clone(), depth));
                0
            }
            _ => 4,
        };
        size = size.saturating_add(length).saturating_add(2 * depth + 2 + key);
        if size <= env.limits.function_bytes {
            return Ok(());
        }
        env.check_size(function, size).map_err(|e| if depth > ODD_DEPTH { e.hint(CYCLE_HINT) } else { e })
    };
    add(value, 0, 0, &mut todo)?;
    let mut steps = 0;
    while let Some((value, depth)) = todo.pop() {
        if depth > env.limits.data_depth {
            continue;
        }
        match &value {
            Value::List(l) => {
                let items = l.read();
                steps += items.len();
                for item in items.iter() {
                    add(item, depth + 1, 0, &mut todo)?;
                }
            }
            Value::Map(m) => {
                let entries = m.read();
                steps += entries.len();
                for (key, item) in entries.iter() {
                    add(item, depth + 1, key.len(), &mut todo)?;
                }
            }
            _ => {}
        }
    }
    env.step(function, 8 * steps + size / 4)
}

/// The error of a walk that goes down too far: most likely the value contains itself.
pub(crate) fn too_deep(env: &Env, function: &str) -> FunctionError {
    FunctionError::new(format!(
        "{function}: the value is nested more than {} levels deep",
        env.limits.data_depth
    ))
    .hint(CYCLE_HINT)
}

/// So deep no honest value is.
const ODD_DEPTH: usize = 200;
const CYCLE_HINT: &str = "does the value contain itself?";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn bomb(levels: usize) -> Value {
        let mut v = Value::list(vec![Value::int(1)]);
        for _ in 0..levels {
            v = Value::list(vec![v.clone(), v]);
        }
        v
    }

    fn cycle() -> Value {
        let m = Map::default();
        m.insert("self", Value::Map(m.clone()));
        Value::Map(m)
    }

    #[test]
    fn a_copy_shares_nothing() {
        let inner = Map::default();
        inner.insert("a", Value::int(1));
        let list = Value::list(vec![Value::Map(inner.clone()), Value::from("s")]);
        let copy = deep_copy(&Env::default(), "deepCopy", &list).ok();
        inner.insert("a", Value::int(2));
        let copied = copy.as_ref().and_then(Value::as_list).and_then(|l| l.get(0));
        let a = copied.as_ref().and_then(Value::as_map).and_then(|m| m.get("a"));
        assert!(matches!(a, Some(Value::Int(i)) if i.as_i64() == 1));
    }

    #[test]
    fn copying_a_bomb_or_a_cycle_is_an_error() {
        let env = Env::new(Limits { data_depth: 100, ..Limits::default() });
        assert!(deep_copy(&env, "deepCopy", &bomb(64)).is_err_and(|e| e.message.contains("limit")));
        let cyclic = cycle();
        assert!(deep_copy(&env, "deepCopy", &cyclic).is_err_and(|e| e.message.contains("100 levels")));
        if let Value::Map(m) = cyclic {
            m.remove("self");
        }
    }

    #[test]
    fn comparing_bombs_and_cycles_ends() {
        let env = Env::default();
        assert_eq!(deep_equal(&env, "deepEqual", &bomb(64), &bomb(64)), Ok(true));
        let (a, b) = (cycle(), cycle());
        assert_eq!(deep_equal(&env, "deepEqual", &a, &b), Ok(true));
        for v in [a, b] {
            if let Value::Map(m) = v {
                m.remove("self");
            }
        }
    }

    #[test]
    fn types_count_in_comparisons() {
        let env = Env::default();
        let equal = |a: Value, b: Value| deep_equal(&env, "deepEqual", &a, &b);
        assert_eq!(equal(Value::int(1), Value::int64(1)), Ok(false));
        assert_eq!(equal(Value::int(1), Value::Float(1.0)), Ok(false));
        assert_eq!(equal(Value::strings(["a"]), Value::list(vec![Value::from("a")])), Ok(false));
        assert_eq!(equal(Value::Float(f64::NAN), Value::Float(f64::NAN)), Ok(false));
        assert_eq!(equal(Value::list(vec![Value::from("a")]), Value::list(vec![Value::from("a")])), Ok(true));
    }
}
