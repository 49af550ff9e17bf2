//! What an expression of a template may stand for, as far as the text alone tells.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::paths::{Node, Paths, Site};
use crate::value::{Str, Value};

/// Something that an expression may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Thing {
    /// Something that isn't of the values.
    Opaque,
    /// A scalar that the template itself writes.
    Constant(u32),
    /// The value at a path, or a text made of it.
    Value(Node),
    /// A map or list that a template made, or the root of a chart.
    Object(u32),
    /// A macro.
    Macro(u32),
}

/// All that an expression may stand for, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Things(Vec<Thing>);

/// So many things are told apart.
const MAX_THINGS: usize = 3_000;
/// So many objects are kept.
const MAX_OBJECTS: usize = 400_000;
/// So many levels of objects are compared or walked.
const MAX_LEVELS: usize = 6;

impl Things {
    pub fn one(thing: Thing) -> Things {
        Things(vec![thing])
    }

    pub fn opaque() -> Things {
        Things::one(Thing::Opaque)
    }

    pub fn iter(&self) -> impl Iterator<Item = Thing> + '_ {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn add(&mut self, thing: Thing) {
        if let Err(at) = self.0.binary_search(&thing) {
            self.0.insert(at, thing);
        }
    }

    pub fn join(&mut self, other: &Things) {
        for thing in other.iter() {
            self.add(thing);
        }
    }

    pub fn and(mut self, other: &Things) -> Things {
        self.join(other);
        self
    }
}

impl FromIterator<Thing> for Things {
    fn from_iter<I: IntoIterator<Item = Thing>>(things: I) -> Things {
        let mut all: Vec<Thing> = things.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Things(all)
    }
}

/// A map or list that a template made.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// The entries of known keys.
    pub fields: BTreeMap<Str, Things>,
    /// What may be under other keys.
    pub other: Things,
    /// The items, of a list that is known as a whole.
    pub items: Option<Vec<Things>>,
    /// What was merged into it.
    pub extends: Things,
    /// Whether it is what the templates of a chart see.
    pub is_root: bool,
    /// Whether under other keys may be what is not of the values.
    pub is_open: bool,
}

/// Who is who.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    pub(super) paths: Paths,
    pub(super) objects: Vec<Made>,
    constants: Vec<Value>,
    texts: HashMap<Str, u32>,
    others: HashMap<String, u32>,
    /// What templates set at paths of the values.
    written: HashMap<Node, Things>,
    /// What templates merged into values.
    extended: HashMap<Node, Things>,
    seen_writes: HashSet<(Node, u64)>,
    /// How many writes there were that later templates may see.
    pub(super) writes: usize,
    /// The oldest object that was changed of late.
    pub(super) oldest_change: u32,
    /// How many things were looked at to tell what is the same.
    pub(super) compared: Cell<u64>,
    /// The place that is looked at.
    pub(crate) site: Site,
    /// Whether a bound was met.
    pub(super) cut: bool,
}

impl Heap {
    /// A scalar.
    pub fn constant(&mut self, value: Value) -> Thing {
        let next = self.constants.len() as u32;
        let index = match &value {
            Value::String(text) => *self.texts.entry(text.clone()).or_insert(next),
            other => *self.others.entry(format!("{other:?}")).or_insert(next),
        };
        if index == next {
            self.constants.push(value);
        }
        Thing::Constant(index)
    }

    pub fn text(&mut self, text: impl Into<Str>) -> Thing {
        self.constant(Value::String(text.into()))
    }

    /// The scalar that a thing is.
    pub fn value(&self, thing: Thing) -> Option<&Value> {
        match thing {
            Thing::Constant(index) => self.constants.get(index as usize),
            _ => None,
        }
    }

    /// The texts of all of them, if all are constants.
    pub fn keys(&self, things: &Things) -> Option<Vec<Str>> {
        things
            .iter()
            .map(|thing| match self.value(thing)? {
                Value::String(text) => Some(text.clone()),
                Value::Int(number) => Some(number.as_i64().to_string().into()),
                _ => None,
            })
            .collect()
    }

    pub(super) fn make(&mut self, made: Made) -> Thing {
        if self.objects.len() >= MAX_OBJECTS {
            self.cut = true;
            return Thing::Opaque;
        }
        self.objects.push(made);
        Thing::Object(self.objects.len() as u32 - 1)
    }

    /// A map of these entries.
    pub fn map(&mut self, fields: impl IntoIterator<Item = (Str, Things)>) -> Thing {
        self.make(Made { fields: fields.into_iter().collect(), ..Made::default() })
    }

    /// A list of these items.
    pub fn list(&mut self, items: Vec<Things>) -> Thing {
        self.make(Made { items: Some(items), ..Made::default() })
    }

    /// A list of any number of such items.
    pub fn list_of(&mut self, other: Things) -> Thing {
        self.make(Made { other, ..Made::default() })
    }

    fn bounded(&mut self, things: Things) -> Things {
        if things.len() > MAX_THINGS {
            self.cut = true;
            return things.iter().take(MAX_THINGS).collect();
        }
        things
    }

    /// The entry of a map or list under a key, or any entry without one.
    pub fn entry(&mut self, of: &Things, key: Option<&Str>) -> Things {
        let mut found = Things::default();
        self.entry_into(of, key, &mut HashSet::new(), &mut found);
        self.bounded(found)
    }

    fn entry_into(&mut self, of: &Things, key: Option<&Str>, seen: &mut HashSet<Thing>, found: &mut Things) {
        for thing in of.iter() {
            if !seen.insert(thing) {
                continue;
            }
            match thing {
                Thing::Opaque | Thing::Constant(_) | Thing::Macro(_) => found.add(Thing::Opaque),
                // `.Values.AsMap` is a method: the values themselves.
                Thing::Value(_) if key.is_some_and(|key| key.as_bytes() == b"AsMap") => found.add(thing),
                Thing::Value(node) => {
                    let child = self.paths.child(node, key);
                    found.add(Thing::Value(child));
                    if !self.written.is_empty() {
                        self.written_into(node, child, key, found);
                    }
                    if let Some(extended) = self.extended.get(&node).cloned() {
                        self.entry_into(&extended, key, seen, found);
                    }
                }
                Thing::Object(index) => {
                    let Some(made) = self.objects.get(index as usize) else { continue };
                    match key {
                        Some(key) => {
                            match made.fields.get(key) {
                                Some(things) => found.join(things),
                                None if made.is_open => found.add(Thing::Opaque),
                                None => {}
                            }
                            if let Some(items) = &made.items {
                                let index = key.as_str().and_then(|k| k.parse::<usize>().ok());
                                match index.and_then(|index| items.get(index)) {
                                    Some(item) => found.join(item),
                                    None => items.iter().for_each(|item| found.join(item)),
                                }
                            }
                        }
                        None => {
                            made.fields.values().for_each(|things| found.join(things));
                            made.items.iter().flatten().for_each(|item| found.join(item));
                        }
                    }
                    found.join(&made.other);
                    if !made.extends.is_empty() {
                        let extends = made.extends.clone();
                        self.entry_into(&extends, key, seen, found);
                    }
                }
            }
        }
    }

    fn written_into(&mut self, node: Node, child: Node, key: Option<&Str>, found: &mut Things) {
        let any = self.paths.child(node, None);
        let all = if key.is_some() { vec![child, any] } else { self.paths.below(node) };
        for node in all {
            if let Some(things) = self.written.get(&node) {
                found.join(things);
            }
        }
    }

    /// The entries under keys that are only known as things.
    pub fn entries(&mut self, of: &Things, keys: &Things) -> Things {
        match self.keys(keys) {
            Some(keys) => {
                let mut found = Things::default();
                for key in &keys {
                    found.join(&self.entry(of, Some(key)));
                }
                self.bounded(found)
            }
            None => self.entry(of, None),
        }
    }

    /// The items or entries in order, each with its key, if all are known.
    pub fn known_items(&mut self, of: &Things) -> Option<Vec<(Things, Things)>> {
        let [Thing::Object(index)] = of.0.as_slice() else { return None };
        let made = self.objects.get(*index as usize)?;
        if !made.other.is_empty() || !made.extends.is_empty() || made.is_root {
            return None;
        }
        if let Some(items) = made.items.clone() {
            return Some(items.into_iter().map(|item| (Things::opaque(), item)).collect());
        }
        let fields: Vec<(Str, Things)> = made.fields.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        Some(fields.into_iter().map(|(k, v)| (Things::one(self.text(k)), v)).collect())
    }

    /// The template names what these are.
    pub fn mark(&mut self, things: &Things) {
        for thing in things.iter() {
            if let Thing::Value(node) = thing {
                self.paths.mark(node, self.site);
            }
        }
    }

    /// The template uses all that is in these.
    pub fn consume(&mut self, things: &Things) {
        self.consume_but(things, false);
    }

    /// The same; all values of a chart are not meant, if so wished.
    pub fn consume_but(&mut self, things: &Things, not_charts: bool) {
        let mut seen = HashSet::new();
        let mut open: Vec<Thing> = things.iter().collect();
        while let Some(thing) = open.pop() {
            if !seen.insert(thing) {
                continue;
            }
            match thing {
                Thing::Value(node) => {
                    if not_charts && self.paths.is_chart(node) {
                        continue;
                    }
                    self.paths.mark_whole(node, self.site);
                    open.extend(self.extended.get(&node).into_iter().flat_map(Things::iter));
                    if !self.written.is_empty() {
                        let below = self.paths.below(node);
                        let nodes = std::iter::once(node).chain(below);
                        open.extend(nodes.filter_map(|n| self.written.get(&n)).flat_map(Things::iter));
                    }
                }
                Thing::Object(index) => {
                    let Some(made) = self.objects.get(index as usize) else { continue };
                    if not_charts && made.is_root {
                        continue;
                    }
                    open.extend(made.fields.values().flat_map(Things::iter));
                    open.extend(made.items.iter().flatten().flat_map(Things::iter));
                    open.extend(made.other.iter().chain(made.extends.iter()));
                }
                Thing::Opaque | Thing::Constant(_) | Thing::Macro(_) => {}
            }
        }
    }

    /// All values and constants in these.
    pub fn scalars(&self, things: &Things) -> Things {
        let mut found = Things::default();
        let mut seen = HashSet::new();
        let mut open: Vec<Thing> = things.iter().collect();
        while let Some(thing) = open.pop() {
            if !seen.insert(thing) {
                continue;
            }
            match thing {
                Thing::Object(index) => {
                    let Some(made) = self.objects.get(index as usize).filter(|made| !made.is_root) else {
                        continue;
                    };
                    open.extend(made.fields.values().flat_map(Things::iter));
                    open.extend(made.items.iter().flatten().flat_map(Things::iter));
                    open.extend(made.other.iter().chain(made.extends.iter()));
                }
                Thing::Value(node) => {
                    found.add(thing);
                    open.extend(self.extended.get(&node).into_iter().flat_map(Things::iter));
                }
                other => found.add(other),
            }
        }
        found
    }

    /// The values of charts and the roots among these: what may be all that a chart has.
    pub fn charts(&self, things: &Things) -> Things {
        let is_chart = |thing: &Thing| match *thing {
            Thing::Value(node) => self.paths.is_chart(node),
            Thing::Object(index) => self.is_wide(index, MAX_LEVELS),
            _ => false,
        };
        things.iter().filter(is_chart).collect()
    }

    /// Whether all values of a chart are in an object.
    fn is_wide(&self, index: u32, levels: usize) -> bool {
        let Some(made) = self.objects.get(index as usize) else { return false };
        let Some(levels) = levels.checked_sub(1) else { return false };
        let wide = |things: &Things| {
            things.iter().any(|thing| match thing {
                Thing::Value(node) => self.paths.is_chart(node),
                Thing::Object(index) => self.is_wide(index, levels),
                _ => false,
            })
        };
        made.is_root || wide(&made.extends)
    }

    /// Sets an entry of maps.
    pub fn set(&mut self, of: &Things, keys: &Things, value: &Things) {
        let keys = self.keys(keys);
        for thing in of.iter() {
            match thing {
                Thing::Object(index) => {
                    self.oldest_change = self.oldest_change.min(index);
                    let hash = self.hash(value);
                    let Some(made) = self.objects.get_mut(index as usize) else { continue };
                    match &keys {
                        Some(keys) => {
                            for key in keys {
                                made.fields.entry(key.clone()).or_default().join(value);
                            }
                        }
                        None => made.other.join(value),
                    }
                    if made.is_root && self.seen_writes.insert((Node::MAX - index, hash)) {
                        self.writes += 1;
                    }
                }
                Thing::Value(node) => {
                    let children = match &keys {
                        Some(keys) => keys.iter().map(|key| self.paths.child(node, Some(key))).collect(),
                        None => vec![self.paths.child(node, None)],
                    };
                    for child in children {
                        let others: Things = value.iter().filter(|v| *v != Thing::Value(child)).collect();
                        self.written.entry(child).or_default().join(&others);
                        let hash = self.hash(&others);
                        if !others.is_empty() && self.seen_writes.insert((child, hash)) {
                            self.writes += 1;
                        }
                    }
                }
                Thing::Opaque | Thing::Constant(_) | Thing::Macro(_) => {}
            }
        }
    }

    /// Merges maps into others.
    pub fn extend(&mut self, of: &Things, with: &Things) {
        for thing in of.iter() {
            let others: Things =
                with.iter().filter(|other| *other != thing && *other != Thing::Opaque).collect();
            if others.is_empty() {
                continue;
            }
            match thing {
                Thing::Object(index) => {
                    self.oldest_change = self.oldest_change.min(index);
                    if let Some(made) = self.objects.get_mut(index as usize) {
                        made.extends.join(&others);
                    }
                }
                Thing::Value(node) => {
                    self.extended.entry(node).or_default().join(&others);
                    let hash = self.hash(&others);
                    if self.seen_writes.insert((node, hash ^ 1)) {
                        self.writes += 1;
                    }
                }
                Thing::Opaque | Thing::Constant(_) | Thing::Macro(_) => {}
            }
        }
    }

    /// A number that is the same for things that templates can't tell apart.
    pub fn hash(&self, things: &Things) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_into(things, MAX_LEVELS, &mut hasher);
        hasher.finish()
    }

    fn hash_into(&self, things: &Things, levels: usize, hasher: &mut DefaultHasher) {
        // Objects are told apart by what is in them, so their order is that of their hashes.
        let mut inner = Vec::new();
        self.compared.set(self.compared.get() + 1 + things.len() as u64);
        for thing in things.iter() {
            match thing {
                Thing::Object(index) => {
                    let Some(made) = self.objects.get(index as usize) else { continue };
                    if made.is_root || levels == 0 {
                        inner.push(u64::from(index));
                        continue;
                    }
                    let mut own = DefaultHasher::new();
                    for (key, things) in &made.fields {
                        key.as_bytes().hash(&mut own);
                        self.hash_into(things, levels - 1, &mut own);
                    }
                    for item in made.items.iter().flatten() {
                        self.hash_into(item, levels - 1, &mut own);
                    }
                    self.hash_into(&made.other, levels - 1, &mut own);
                    self.hash_into(&made.extends, levels - 1, &mut own);
                    inner.push(own.finish());
                }
                other => other.hash(hasher),
            }
        }
        inner.sort_unstable();
        inner.dedup();
        inner.hash(hasher);
    }
}
