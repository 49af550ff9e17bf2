//! Values as trees: equality, hashes, and how alike two of them are. None of it recurses deeper than
//! [`DEPTH`], whatever the value.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::value::{Str, Value};

/// How deep functions here call themselves.
const DEPTH: usize = 128;

/// Whether two values are the same, written the same way: `80` is not `80.0`.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    equal_within(a, b, DEPTH)
}

fn equal_within(a: &Value, b: &Value, depth: usize) -> bool {
    if depth == 0 {
        return equal_flat(a, b);
    }
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            if a.is_same(b) {
                return true;
            }
            let (a, b) = (a.read(), b.read());
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal_within(a, b, depth - 1))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.is_same(b) {
                return true;
            }
            let (a, b) = (a.read(), b.read());
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|((k, a), (l, b))| k == l && equal_within(a, b, depth - 1))
        }
        _ => equal_leaves(a, b),
    }
}

/// As [`equal`], with a list of what is left to compare instead of recursion.
fn equal_flat(a: &Value, b: &Value) -> bool {
    let mut left = vec![(a.clone(), b.clone())];
    while let Some((a, b)) = left.pop() {
        match (&a, &b) {
            (Value::List(a), Value::List(b)) => {
                if a.is_same(b) {
                    continue;
                }
                let (a, b) = (a.items(), b.items());
                if a.len() != b.len() {
                    return false;
                }
                left.extend(a.into_iter().zip(b));
            }
            (Value::Map(a), Value::Map(b)) => {
                if a.is_same(b) {
                    continue;
                }
                let (a, b) = (a.entries(), b.entries());
                if a.len() != b.len() || a.iter().zip(&b).any(|((k, _), (l, _))| k != l) {
                    return false;
                }
                left.extend(a.into_iter().zip(b).map(|((_, a), (_, b))| (a, b)));
            }
            _ if !equal_leaves(&a, &b) => return false,
            _ => {}
        }
    }
    true
}

fn equal_leaves(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null | Value::TypedNil(_), Value::Null | Value::TypedNil(_)) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a.as_i128() == b.as_i128(),
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// Whether both are numbers, and equal ones.
pub(super) fn equal_numbers(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.as_i128() == b.as_i128(),
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) => {
            // Whole floats of this size are exact as i128.
            float.fract() == 0.0 && float.abs() < 1e30 && *float as i128 == int.as_i128()
        }
        _ => false,
    }
}

/// A hash of a value: equal values and equal numbers have equal ones. Others may have, too: what lies deeper
/// than [`DEPTH`] does not count.
pub(super) fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_into(value, &mut hasher, DEPTH);
    hasher.finish()
}

fn hash_into(value: &Value, hasher: &mut DefaultHasher, depth: usize) {
    match value {
        Value::List(list) => {
            let items = list.read();
            (1u8, items.len()).hash(hasher);
            if depth > 0 {
                items.iter().for_each(|item| hash_into(item, hasher, depth - 1));
            }
        }
        Value::Map(map) => {
            let entries = map.read();
            (2u8, entries.len()).hash(hasher);
            if depth > 0 {
                for (key, value) in entries.iter() {
                    key.hash(hasher);
                    hash_into(value, hasher, depth - 1);
                }
            }
        }
        _ => hash_leaf(value, hasher),
    }
}

fn hash_leaf(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Bool(b) => (3u8, b).hash(hasher),
        Value::Int(i) => (4u8, i.as_i128()).hash(hasher),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e30 => (4u8, *f as i128).hash(hasher),
        Value::Float(f) => (5u8, f.to_bits()).hash(hasher),
        Value::String(s) => (6u8, s.as_bytes()).hash(hasher),
        Value::Bytes(b) => (7u8, b).hash(hasher),
        _ => 0u8.hash(hasher),
    }
}

/// How many leaves of a value count for [`alike`].
const LEAVES: usize = 256;

/// A value as the sorted hashes of its leaves, each with the path to it; indices don't count, and of texts each
/// line is a leaf. Two values that have much in common have many equal leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leaves(Vec<u64>);

impl Leaves {
    /// The leaves of a list item or other small value: the first ones of it.
    pub fn of(value: &Value) -> Leaves {
        Leaves::collect(value, LEAVES, &mut |_, bytes, hasher| {
            bytes.hash(hasher);
            true
        })
    }

    /// The first `limit` leaves of a value. `string` is given each line of a string, with the keys to it, and
    /// says what of it counts: it writes that to the hasher, or gives `false` to leave it out.
    pub fn collect(value: &Value, limit: usize, string: &mut StringHash<'_>) -> Leaves {
        let mut walk = LeafWalk { leaves: Vec::new(), limit, keys: Vec::new(), string };
        walk.value(value, &DefaultHasher::new(), DEPTH);
        walk.leaves.sort_unstable();
        Leaves(walk.leaves)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The hashes, sorted.
    pub fn hashes(&self) -> &[u64] {
        &self.0
    }

    /// How alike two values are, from 0 to 1: the share of leaves that both have.
    pub fn alike(&self, other: &Leaves) -> f64 {
        let (mut a, mut b) = (self.0.as_slice(), other.0.as_slice());
        let all = a.len() + b.len();
        if all == 0 {
            return 1.0;
        }
        let mut common = 0usize;
        while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => a = rest_a,
                std::cmp::Ordering::Greater => b = rest_b,
                std::cmp::Ordering::Equal => {
                    common += 1;
                    (a, b) = (rest_a, rest_b);
                }
            }
        }
        (2 * common) as f64 / all as f64
    }
}

/// What [`Leaves::collect`] asks of a line of a string: the keys that lead to it, its bytes, where to write what
/// counts.
pub(super) type StringHash<'a> = dyn FnMut(&[Str], &[u8], &mut DefaultHasher) -> bool + 'a;

struct LeafWalk<'w, 's> {
    leaves: Vec<u64>,
    limit: usize,
    keys: Vec<Str>,
    string: &'w mut StringHash<'s>,
}

impl LeafWalk<'_, '_> {
    fn value(&mut self, value: &Value, path: &DefaultHasher, depth: usize) {
        if self.leaves.len() >= self.limit {
            return;
        }
        match value {
            Value::Map(map) if depth > 0 => {
                for (key, value) in map.read().iter() {
                    let mut path = path.clone();
                    key.as_bytes().hash(&mut path);
                    self.keys.push(key.clone());
                    self.value(value, &path, depth - 1);
                    self.keys.pop();
                }
            }
            Value::List(list) if depth > 0 => {
                let mut path = path.clone();
                1u8.hash(&mut path);
                list.read().iter().for_each(|item| self.value(item, &path, depth - 1));
            }
            Value::String(text) => {
                for line in text.as_bytes().split(|byte| *byte == b'\n') {
                    let mut hasher = path.clone();
                    2u8.hash(&mut hasher);
                    if self.leaves.len() < self.limit && (self.string)(&self.keys, line, &mut hasher) {
                        self.leaves.push(hasher.finish());
                    }
                }
            }
            _ => {
                let mut hasher = path.clone();
                3u8.hash(&mut hasher);
                hash_leaf(value, &mut hasher);
                self.leaves.push(hasher.finish());
            }
        }
    }
}
