//! Which of the defaults that are gone came back under another path.

use std::collections::{HashMap, HashSet};

use crate::compare::{Path, Step};
use crate::diagnostic::nearest;
use crate::value::Value;
use crate::yaml;

use super::leaves::{self, Leaf};

/// How many values of one name, or of one size, are looked at.
const MAX_ALIKE: usize = 20;

/// Pairs of leaves, by index, of which the first is gone and the second is new and seems to be the same.
pub fn pairs(changes: &[Leaf]) -> Vec<(usize, usize)> {
    let gone = changes.iter().enumerate().filter(|(_, leaf)| leaf.new.is_none());
    let added: Vec<usize> = (0..changes.len()).filter(|i| changes[*i].old.is_none()).collect();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_value: HashMap<String, Vec<usize>> = HashMap::new();
    for index in &added {
        let leaf = &changes[*index];
        by_name.entry(name(&leaf.path)).or_default().push(*index);
        if let Some(value) = leaf.new.as_ref().and_then(telling) {
            by_value.entry(value).or_default().push(*index);
        }
    }
    let mut found = Vec::new();
    let mut taken = HashSet::new();
    for (index, leaf) in gone {
        let Some(value) = &leaf.old else { continue };
        let own = name(&leaf.path);
        let alike = by_name.get(&own).into_iter().chain(telling(value).and_then(|v| by_value.get(&v)));
        let mut scored: Vec<(u8, usize)> = alike
            .filter(|candidates| candidates.len() <= MAX_ALIKE)
            .flatten()
            .filter_map(|other| Some((score(leaf, &own, value, &changes[*other])?, *other)))
            .collect();
        scored.sort_by(|a, b| b.cmp(a));
        scored.dedup();
        // Of two that fit alike neither is told.
        let best = match scored[..] {
            [(_, best)] => best,
            [(first, best), (second, _), ..] if first > second => best,
            _ => continue,
        };
        if taken.insert(best) {
            found.push((index, best));
        }
    }
    found
}

/// How well a new leaf fits one that is gone, if it does.
fn score(gone: &Leaf, own: &str, value: &Value, added: &Leaf) -> Option<u8> {
    let other = name(&added.path);
    let equal = added.new.as_ref().is_some_and(|new| leaves::same(value, new));
    let parent = |path: &Path| path.0.split_last().map(|(_, parent)| parent.to_vec());
    let (a, b) = (own.to_lowercase(), other.to_lowercase());
    let near = a.contains(&b) || b.contains(&a) || nearest(own, [other.as_str()]).is_some();
    match (a == b, equal) {
        (true, true) => Some(3),
        (true, false) => telling(value).map(|_| 1),
        (false, true) if near && parent(&gone.path) == parent(&added.path) => Some(3),
        (false, true) if near => Some(2),
        _ => None,
    }
}

fn name(path: &Path) -> String {
    match path.0.last() {
        Some(Step::Key(key)) => key.to_string(),
        _ => String::new(),
    }
}

/// The value as text, if it is one that is not found everywhere.
fn telling(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.to_string(),
        Value::Int(_) | Value::Float(_) => yaml::string_of(value)?,
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
