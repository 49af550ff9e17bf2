//! Which templates change what others see. Templates of a chart share one context, and `set .Values "a" 1` in one of
//! them is seen by the next (the istio charts depend on it).
//!
//! Two ways tell: while the chart is rendered at first, what all see is compared after each template; and the
//! sources tell which templates may change `.Values` under other values.

use std::collections::{HashMap, HashSet};

use crate::template::{Language, Source};
use crate::value::{List, Map, Value};

use super::words::{Token, actions, tokens};

/// Functions that change their first argument.
const GO_WRITERS: [&str; 6] = ["set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"];
/// Methods that change what they are called on.
const JINJA_WRITERS: [&str; 9] =
    ["update", "pop", "popitem", "setdefault", "clear", "append", "extend", "insert", "remove"];
/// The maps that templates share.
const SHARED: [&str; 6] = ["Values", "Chart", "Release", "Capabilities", "Subcharts", "ctx"];

/// For each template, whether its source, or one that it includes, tells that it may change what others see.
pub fn may_write(sources: &[Source]) -> Vec<bool> {
    let texts: Vec<_> = sources.iter().map(|source| source.text.to_text()).collect();
    let regions: Vec<Region<'_>> = texts
        .iter()
        .enumerate()
        .flat_map(|(index, text)| regions(index, text, sources[index].language))
        .collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, region) in regions.iter().enumerate() {
        by_name.entry(region.name.unwrap_or_else(|| &sources[region.source].name)).or_default().push(index);
    }
    // From the regions that write, back to those that mention them.
    let mut mentioned_by: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, region) in regions.iter().enumerate() {
        for word in &region.words {
            for &other in by_name.get(word).into_iter().flatten() {
                mentioned_by.entry(other).or_default().push(index);
            }
        }
    }
    let mut writing: HashSet<usize> = HashSet::new();
    let mut open: Vec<usize> = (0..regions.len()).filter(|&index| regions[index].writes).collect();
    while let Some(index) = open.pop() {
        if writing.insert(index) {
            open.extend(mentioned_by.get(&index).into_iter().flatten());
        }
    }
    let mut may = vec![false; sources.len()];
    for index in writing {
        // A definition only matters where it is included.
        if let (None, Some(may)) = (regions[index].name, may.get_mut(regions[index].source)) {
            *may = true;
        }
    }
    may
}

/// A part of a source: a definition, or what stands outside of them.
struct Region<'a> {
    source: usize,
    name: Option<&'a str>,
    writes: bool,
    /// The strings in it, of which some are names of other definitions.
    words: HashSet<&'a str>,
}

/// The parts of a source. Where a definition ends isn't looked for: what follows it is taken for both.
fn regions(source: usize, text: &str, language: Language) -> Vec<Region<'_>> {
    let new = |name| Region { source, name, writes: false, words: HashSet::new() };
    let mut regions = vec![new(None)];
    for action in actions(text) {
        let tokens = tokens(action);
        if let [Token::Name("define" | "block"), Token::Text(name), ..] = tokens.as_slice() {
            regions.push(new(Some(*name)));
        }
        let writes = writes(&tokens, language);
        let last = regions.len() - 1;
        for index in [0, last] {
            if let Some(region) = regions.get_mut(index) {
                region.writes |= writes;
                region.words.extend(tokens.iter().filter_map(|token| match token {
                    Token::Text(text) => Some(*text),
                    _ => None,
                }));
            }
        }
    }
    regions
}

/// Whether an action changes something that templates share, as far as its words tell.
fn writes(tokens: &[Token<'_>], language: Language) -> bool {
    let is_shared = |token: &Token<'_>| matches!(token, Token::Name(name) if SHARED.contains(name));
    tokens.iter().enumerate().any(|(index, token)| {
        let Token::Name(name) = token else { return false };
        let is_writer =
            GO_WRITERS.contains(name) || language == Language::Jinja && JINJA_WRITERS.contains(name);
        if !is_writer {
            return false;
        }
        let before = tokens.get(..index).unwrap_or_default();
        let mut after = tokens.get(index + 1..).unwrap_or_default().iter();
        let mut next = after.next();
        // `set $.Values` as well as `set .Values`.
        if let Some(Token::Variable(_)) = next {
            next = after.next();
        }
        next.is_some_and(is_shared) || before.iter().any(is_shared)
    })
}

/// What all templates see, as it was at one time.
#[derive(Default)]
pub struct Snapshot {
    maps: Vec<(Map, Vec<(crate::value::Str, Value)>)>,
    lists: Vec<(List, Vec<Value>)>,
}

/// What the engine itself writes into the context.
const OWN_KEY: &[u8] = b"Template";

impl Snapshot {
    /// What is reached from these maps.
    pub fn of(roots: &[Map]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let mut seen = HashSet::new();
        let mut open: Vec<Value> = roots.iter().cloned().map(Value::Map).collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Map(map) if seen.insert(map.address()) => {
                    let mut entries = map.entries();
                    entries.retain(|(key, _)| key.as_bytes() != OWN_KEY);
                    open.extend(entries.iter().map(|(_, value)| value.clone()));
                    snapshot.maps.push((map, entries));
                }
                Value::List(list) if seen.insert(list.address()) => {
                    let items = list.items();
                    open.extend(items.iter().cloned());
                    snapshot.lists.push((list, items));
                }
                _ => {}
            }
        }
        snapshot
    }

    /// Whether all of it is as it was.
    pub fn holds(&self) -> bool {
        let maps = self.maps.iter().all(|(map, before)| {
            let now = map.read();
            let mut now = now.iter().filter(|(key, _)| key.as_bytes() != OWN_KEY);
            before.iter().all(|(key, value)| now.next().is_some_and(|(k, v)| k == key && is_same(v, value)))
                && now.next().is_none()
        });
        maps && self.lists.iter().all(|(list, before)| {
            let now = list.read();
            now.len() == before.len() && now.iter().zip(before).all(|(a, b)| is_same(a, b))
        })
    }
}

/// Whether both are the same: the same map or list in memory, or equal scalars.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::TypedNil(a), Value::TypedNil(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), Value::String(b)) => std::ptr::eq(a.as_bytes(), b.as_bytes()) || a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.is_same(b),
        (Value::Map(a), Value::Map(b)) => a.is_same(b),
        (Value::Object(a), Value::Object(b)) => std::sync::Arc::ptr_eq(a, b),
        _ => false,
    }
}
