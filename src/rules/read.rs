//! Reading fields out of objects, whatever their types: a rule never fails because of what a chart renders.

use std::cmp::Ordering;

use crate::value::{Str, Value};
use crate::yaml;

/// How deep two values are compared. Text that Torii reads is never that deep.
const DEPTH: usize = 1000;

/// The value at a path of keys, separated by dots: `spec.replicas`. Nulls are no values.
pub fn at(value: &Value, path: &str) -> Option<Value> {
    #[cfg(test)]
    counted::add();
    let mut value = value.clone();
    if !path.is_empty() {
        for key in path.split('.') {
            value = value.as_map()?.get(key)?;
        }
    }
    (!value.is_nil()).then_some(value)
}

/// How many fields were read on this thread: tests tell by it how much work rules make.
#[cfg(test)]
pub mod counted {
    use std::cell::Cell;

    thread_local! {
        static READS: Cell<usize> = const { Cell::new(0) };
    }

    /// One more.
    pub fn add() {
        READS.set(READS.get() + 1);
    }

    /// All until now.
    pub fn reads() -> usize {
        READS.get()
    }
}

/// A scalar as text: strings, and what a chart forgot to quote.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_text().into_owned()),
        other => yaml::string_of(other),
    }
}

/// The scalar at a path as text.
pub fn text(value: &Value, path: &str) -> Option<String> {
    scalar(&at(value, path)?)
}

/// The whole number at a path.
pub fn integer(value: &Value, path: &str) -> Option<i64> {
    match at(value, path)? {
        Value::Int(i) => Some(i.as_i64()),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => Some(f as i64),
        _ => None,
    }
}

/// The boolean at a path.
pub fn boolean(value: &Value, path: &str) -> Option<bool> {
    at(value, path)?.as_bool()
}

/// The items of the list at a path; none if there is no list.
pub fn items(value: &Value, path: &str) -> Vec<Value> {
    match at(value, path) {
        Some(Value::List(list)) => list.items(),
        _ => Vec::new(),
    }
}

/// The scalars of the list at a path, as text.
pub fn texts(value: &Value, path: &str) -> Vec<String> {
    items(value, path).iter().filter_map(scalar).collect()
}

/// The entries of the map at a path, sorted by key; none if there is no map. Nulls are no entries.
pub fn entries(value: &Value, path: &str) -> Vec<(String, Value)> {
    match at(value, path) {
        Some(Value::Map(map)) => map
            .entries()
            .into_iter()
            .filter(|(_, value)| !value.is_nil())
            .map(|(key, value)| (key.to_text().into_owned(), value))
            .collect(),
        _ => Vec::new(),
    }
}

/// The text under a key of the map at a path, for keys with dots: labels and annotations.
pub fn text_of_key(value: &Value, path: &str, key: &str) -> Option<String> {
    scalar(&at(value, path)?.as_map()?.get(key)?)
}

/// The annotation of an object.
pub fn annotation(object: &Value, key: &str) -> Option<String> {
    text_of_key(object, "metadata.annotations", key)
}

/// The label of an object.
pub fn label(object: &Value, key: &str) -> Option<String> {
    text_of_key(object, "metadata.labels", key)
}

/// Whether two values are the same; numbers by what they are, not by their types; null and nothing are the same.
pub fn equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    order(a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null), DEPTH) == Ordering::Equal
}

/// Which of two values comes first, in the order that [`sort`] brings them in.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    order(a, b, DEPTH)
}

/// Sorts values, so that lists can be compared as sets.
pub fn sort(values: &mut [Value]) {
    values.sort_by(|a, b| order(a, b, DEPTH));
}

fn order(a: &Value, b: &Value, depth: usize) -> Ordering {
    let rank = |value: &Value| match value {
        value if value.is_nil() => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Float(_) => 2,
        Value::String(_) => 3,
        Value::Bytes(_) => 4,
        Value::List(_) => 5,
        Value::Map(_) => 6,
        _ => 7,
    };
    match (a, b) {
        _ if depth == 0 => Ordering::Equal,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.as_i128().cmp(&b.as_i128()),
        (Value::Int(a), Value::Float(b)) => (a.as_i128() as f64).total_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.total_cmp(&(b.as_i128() as f64)),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            if a.is_same(b) {
                return Ordering::Equal;
            }
            let (a, b) = (a.items(), b.items());
            let first = a.iter().zip(&b).map(|(a, b)| order(a, b, depth - 1)).find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.is_same(b) {
                return Ordering::Equal;
            }
            let full = |entries: Vec<(Str, Value)>| -> Vec<(Str, Value)> {
                entries.into_iter().filter(|(_, value)| !value.is_nil()).collect()
            };
            let (a, b) = (full(a.entries()), full(b.entries()));
            let pairs = a.iter().zip(&b);
            let first = pairs
                .map(|((ka, va), (kb, vb))| {
                    ka.as_bytes().cmp(kb.as_bytes()).then_with(|| order(va, vb, depth - 1))
                })
                .find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// The first few of many, and how many more there are: `a, b, c and 2 more`; the last two by `and`.
pub fn list(names: &[String], most: usize) -> String {
    few(names, most, String::clone)
}

/// As [`list`], of things of which only those are named that are shown.
pub fn few<T>(all: &[T], most: usize, name: impl Fn(&T) -> String) -> String {
    let shown: Vec<String> = all.iter().take(most).map(name).collect();
    match (shown.as_slice(), all.len() - shown.len()) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([rest @ .., last], 0) => format!("{} and {last}", rest.join(", ")),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `1 Ingress`, `2 NetworkPolicies`.
pub fn count_of_kind(n: usize, kind: &str) -> String {
    if n == 1 { format!("1 {kind}") } else { format!("{n} {}", plural(kind)) }
}

/// The plural of a kind, as the API has it.
pub fn plural(kind: &str) -> String {
    if kind.ends_with('s') {
        format!("{kind}es")
    } else if let Some(stem) = kind.strip_suffix('y') {
        // Gateways are the exception among the kinds that end so.
        if stem.ends_with(['a', 'e', 'o', 'u']) { format!("{kind}s") } else { format!("{stem}ies") }
    } else {
        format!("{kind}s")
    }
}

/// `1 pod`, `2 pods`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// What a value is, as messages call it; nothing for null.
pub fn kind_in_words(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::String(_) => "a text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        yaml::decode_with_integers(text.as_bytes()).unwrap()
    }

    #[test]
    fn values_are_equal_by_meaning_of_number_and_null() {
        assert!(equal(Some(&value("{a: 1, b: null}")), Some(&value("{a: 1.0}"))));
        assert!(!equal(Some(&value("{a: 1}")), Some(&value("{a: '1'}"))));
        assert!(!equal(Some(&value("[1, 2]")), Some(&value("[2, 1]"))));
        assert!(equal(None, Some(&Value::Null)));
    }

    #[test]
    fn a_list_of_names_ends_in_and() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        assert_eq!(list(&names[..1], 3), "a");
        assert_eq!(list(&names[..2], 3), "a and b");
        assert_eq!(list(&names, 3), "a, b, c and 1 more");
    }
}
