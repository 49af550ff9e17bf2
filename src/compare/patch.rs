//! JSON patches (RFC 6902) that make one value of another, exactly.

use super::align::{self, Work};
use super::tree;
use crate::diagnostic::{Error, Result};
use crate::value::{List, Map, Str, Value};

/// How deep values are taken apart; what lies deeper is replaced whole.
const DEPTH: usize = 128;

/// One operation of a patch.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Adds a key to a map, or an item to a list before the one of that index.
    Add {
        /// Where to, as a JSON pointer (RFC 6901).
        path: String,
        /// What.
        value: Value,
    },
    /// Takes away a key or an item.
    Remove {
        /// Which.
        path: String,
    },
    /// Puts another value in place of one.
    Replace {
        /// Which.
        path: String,
        /// The other value.
        value: Value,
    },
    /// Makes sure that a value is what the patch is made for.
    Test {
        /// Which.
        path: String,
        /// What it must be.
        value: Value,
    },
}

impl Operation {
    /// The `op` of the operation.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Add { .. } => "add",
            Operation::Remove { .. } => "remove",
            Operation::Replace { .. } => "replace",
            Operation::Test { .. } => "test",
        }
    }

    /// The JSON pointer.
    pub fn path(&self) -> &str {
        match self {
            Operation::Add { path, .. }
            | Operation::Remove { path }
            | Operation::Replace { path, .. }
            | Operation::Test { path, .. } => path,
        }
    }

    /// The value, if the operation has one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Operation::Add { value, .. }
            | Operation::Replace { value, .. }
            | Operation::Test { value, .. } => Some(value),
            Operation::Remove { .. } => None,
        }
    }

    /// The operation as a JSON value.
    pub fn to_value(&self) -> Value {
        let entries = [("op", Value::from(self.name())), ("path", Value::from(self.path()))];
        Value::Map(entries.into_iter().chain(self.value().map(|value| ("value", value.clone()))).collect())
    }
}

/// The operations that make `new` of `old`, to be applied one after the other. With `tests`, each removal and
/// replacement comes after a test of what is there.
pub fn patch(old: &Value, new: &Value, tests: bool) -> Vec<Operation> {
    let mut patch = Patch { operations: Vec::new(), path: String::new(), tests, work: Work::default() };
    patch.value(old, new, DEPTH);
    patch.operations
}

struct Patch {
    operations: Vec<Operation>,
    path: String,
    tests: bool,
    work: Work,
}

impl Patch {
    fn value(&mut self, old: &Value, new: &Value, depth: usize) {
        match (old, new) {
            _ if tree::equal(old, new) => {}
            (Value::Map(a), Value::Map(b)) if depth > 0 => self.maps(a, b, depth - 1),
            (Value::List(a), Value::List(b)) if depth > 0 => self.lists(&a.read(), &b.read(), depth - 1),
            _ => {
                self.test(old);
                self.operations.push(Operation::Replace { path: self.path.clone(), value: new.clone() });
            }
        }
    }

    fn maps(&mut self, old: &Map, new: &Map, depth: usize) {
        let (a, b) = (old.read(), new.read());
        for (key, value) in a.iter() {
            self.within(&escape(key), |patch| match b.get(key.as_bytes()) {
                Some(other) => patch.value(value, other, depth),
                None => patch.remove(value),
            });
        }
        for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(key.as_bytes())) {
            self.within(&escape(key), |patch| patch.add(value));
        }
    }

    fn lists(&mut self, old: &[Value], new: &[Value], depth: usize) {
        // The pairs don't cross, so that the list can be made from its start to its end; `at` is how far.
        let pairs = align::ordered(old, new, &mut self.work);
        let mut at = 0usize;
        for (i, j) in pairs {
            let (a, b) = (i.and_then(|i| old.get(i)), j.and_then(|j| new.get(j)));
            self.within(&at.to_string(), |patch| match (a, b) {
                (Some(a), Some(b)) => patch.value(a, b, depth),
                (Some(a), None) => patch.remove(a),
                (None, Some(b)) => patch.add(b),
                (None, None) => {}
            });
            at += usize::from(b.is_some());
        }
    }

    fn within(&mut self, step: &str, work: impl FnOnce(&mut Patch)) {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        work(self);
        self.path.truncate(length);
    }

    fn add(&mut self, value: &Value) {
        self.operations.push(Operation::Add { path: self.path.clone(), value: value.clone() });
    }

    fn remove(&mut self, value: &Value) {
        self.test(value);
        self.operations.push(Operation::Remove { path: self.path.clone() });
    }

    fn test(&mut self, value: &Value) {
        if self.tests {
            self.operations.push(Operation::Test { path: self.path.clone(), value: value.clone() });
        }
    }
}

fn escape(key: &Str) -> String {
    key.to_text().replace('~', "~0").replace('/', "~1")
}

/// Applies a patch to a value, which stays as it is.
///
/// # Errors
/// When an operation names what is not there, or a test fails.
pub fn apply(value: &Value, patch: &[Operation]) -> Result<Value> {
    let mut value = value.clone();
    for operation in patch {
        value = apply_one(&value, operation)?;
    }
    Ok(value)
}

fn apply_one(value: &Value, operation: &Operation) -> Result<Value> {
    let path = operation.path();
    let fault = |why: &str| Error::new(format!("{} {path:?}: {why}", operation.name()));
    if !path.is_empty() && !path.starts_with('/') {
        return Err(fault("not a JSON pointer"));
    }
    let steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    // From the value down to the one that changes, then up again with copies of what changes.
    let mut way = vec![value.clone()];
    let Some((last, before)) = steps.split_last() else {
        return match operation {
            Operation::Remove { .. } => Ok(Value::Null),
            Operation::Test { value: expected, .. } if !tree::equal(value, expected) => {
                Err(fault("another value is there"))
            }
            Operation::Test { .. } => Ok(value.clone()),
            Operation::Add { value, .. } | Operation::Replace { value, .. } => Ok(value.clone()),
        };
    };
    for step in before {
        let child =
            way.last().and_then(|value| child(value, step)).ok_or_else(|| fault("there is nothing"))?;
        way.push(child);
    }
    let parent = way.pop().unwrap_or_default();
    let there = child(&parent, last);
    if let Operation::Test { value: expected, .. } = operation {
        let same = there.is_some_and(|there| tree::equal(&there, expected));
        return if same { Ok(value.clone()) } else { Err(fault("another value is there")) };
    }
    let mut made = match (&parent, operation) {
        (_, Operation::Remove { .. } | Operation::Replace { .. }) if there.is_none() => {
            return Err(fault("there is nothing"));
        }
        (Value::Map(map), _) => {
            let map = map.with_type(map.map_type());
            match operation.value() {
                Some(value) => map.insert(last.as_str(), value.clone()),
                None => map.remove(last.as_str()),
            };
            Value::Map(map)
        }
        (Value::List(list), _) => {
            let mut items = list.items();
            let index = if last == "-" { Some(items.len()) } else { index(last) };
            let index = index.filter(|index| *index <= items.len()).ok_or_else(|| fault("no such index"))?;
            match operation {
                Operation::Add { value, .. } => items.insert(index, value.clone()),
                Operation::Remove { .. } => drop(items.remove(index)),
                Operation::Replace { value, .. } | Operation::Test { value, .. } => {
                    if let Some(item) = items.get_mut(index) {
                        *item = value.clone();
                    }
                }
            }
            Value::List(List::new(list.elem(), items))
        }
        _ => return Err(fault("its parent is no map or list")),
    };
    for (parent, step) in way.into_iter().zip(before).rev() {
        made = match parent {
            Value::Map(map) => {
                let map = map.with_type(map.map_type());
                map.insert(step.as_str(), made);
                Value::Map(map)
            }
            Value::List(list) => {
                let mut items = list.items();
                if let Some(item) = index(step).and_then(|index| items.get_mut(index)) {
                    *item = made;
                }
                Value::List(List::new(list.elem(), items))
            }
            other => other,
        };
    }
    Ok(made)
}

fn child(value: &Value, step: &str) -> Option<Value> {
    match value {
        Value::Map(map) => map.get(step),
        Value::List(list) => list.get(index(step)?),
        _ => None,
    }
}

/// An index as RFC 6901 writes it: no sign, no zeros before it.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    plain.then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn value(text: &str) -> Value {
        yaml::decode_with_integers(text.as_bytes()).unwrap()
    }

    fn text(value: &Value) -> String {
        let json = crate::json::encode(value, crate::json::Escape::None).unwrap();
        String::from_utf8(json.into()).unwrap()
    }

    fn lines(old: &str, new: &str, tests: bool) -> Vec<String> {
        let (old, new) = (value(old), value(new));
        let patch = patch(&old, &new, tests);
        assert!(tree::equal(&apply(&old, &patch).unwrap(), &new));
        let line = |operation: &Operation| {
            let value = operation.value().map(|value| format!(" {}", text(value))).unwrap_or_default();
            format!("{} {}{value}", operation.name(), operation.path())
        };
        patch.iter().map(line).collect()
    }

    #[test]
    fn maps_are_patched_by_key() {
        assert_eq!(
            lines("{a: 1, b: {c: 1, d: 2}, e/f~g: 1}", "{a: 2, b: {d: 2, h: []}}", false),
            ["replace /a 2", "remove /b/c", "add /b/h []", "remove /e~1f~0g"]
        );
    }

    #[test]
    fn items_of_lists_are_added_and_removed_where_they_stand() {
        assert_eq!(lines("[a, b, c]", "[a, c, d]", false), ["remove /1", "add /2 \"d\""]);
        assert_eq!(lines("[a, b]", "[c, a, b]", false), ["add /0 \"c\""]);
        assert_eq!(
            lines(
                "[{name: a, x: 1}, {name: b, x: 1}]",
                "[{name: z}, {name: a, x: 2}, {name: b, x: 1}]",
                false
            ),
            ["add /0 {\"name\":\"z\"}", "replace /1/x 2"]
        );
        assert_eq!(lines("[1, 2, 3, 4]", "[4, 3, 2, 1]", false).len(), 6);
    }

    #[test]
    fn numbers_are_patched_even_if_they_mean_the_same() {
        assert_eq!(lines("{a: 80}", "{a: 80.0}", false), ["replace /a 80"]);
    }

    #[test]
    fn the_whole_value_may_be_replaced() {
        assert_eq!(lines("1", "[1]", false), ["replace  [1]"]);
    }

    #[test]
    fn with_tests_what_goes_is_tested_before() {
        assert_eq!(
            lines("{a: 1, b: 2, c: 3}", "{a: 2, c: 3, d: 4}", true),
            ["test /a 1", "replace /a 2", "test /b 2", "remove /b", "add /d 4"]
        );
        let patch = patch(&value("{a: 1}"), &value("{a: 2}"), true);
        let error = apply(&value("{a: 3}"), &patch).unwrap_err();
        assert_eq!(error.message(), "test \"/a\": another value is there");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let remove = |path: &str| [Operation::Remove { path: path.into() }];
        let add = |path: &str| [Operation::Add { path: path.into(), value: Value::Null }];
        for (text, operations) in [
            ("{a: 1}", remove("/b")),
            ("[1]", remove("/1")),
            ("[1]", remove("/00")),
            ("[1]", add("/2")),
            ("[1]", add("/+0")),
            ("1", add("/a")),
            ("{a: 1}", add("/b/c")),
            ("{a: 1}", add("a")),
        ] {
            assert!(apply(&value(text), &operations).is_err(), "{text} {operations:?}");
        }
        assert_eq!(text(&apply(&value("[1]"), &add("/-")).unwrap()), "[1,null]");
    }
}
