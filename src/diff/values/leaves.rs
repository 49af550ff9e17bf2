//! Two trees of values, leaf by leaf: what differs, and how to make one of the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::compare::path::Which;
use crate::compare::{Path, Step};
use crate::value::{List, Map, Str, Value};
use crate::values::deep_copy;
use crate::yaml;

/// How deep maps are walked; what lies deeper is compared as a whole.
const MAX_DEPTH: usize = 200;
/// How many values are compared at most, in one comparison of two trees.
const MAX_STEPS: usize = 4_000_000;
/// The fields that tell the items of a list apart, by precedence.
const NAMES: [&str; 3] = ["name", "key", "id"];

/// A leaf that differs. Of lists that can't be paired item by item there is one for the whole.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Where it is.
    pub path: Path,
    /// As it was.
    pub old: Option<Value>,
    /// As it is.
    pub new: Option<Value>,
}

impl Leaf {
    /// The value on a side.
    pub fn on(&self, which: Which) -> Option<&Value> {
        match which {
            Which::Old => self.old.as_ref(),
            Which::New => self.new.as_ref(),
        }
    }
}

/// The leaves that differ between two trees, in the order of the paths; at most `max` of them, and whether these
/// are all.
pub fn differing(old: &Map, new: &Map, max: usize) -> (Vec<Leaf>, bool) {
    let mut walk = Walk { path: Vec::new(), found: Vec::new(), max, complete: true };
    walk.maps(old, new);
    (walk.found, walk.complete)
}

/// All leaves of a tree: what is no map, and empty maps. At most `max` of them.
pub fn all(values: &Map, max: usize) -> Vec<(Path, Value)> {
    let mut walk = Walk { path: Vec::new(), found: Vec::new(), max, complete: true };
    walk.only(&Value::Map(values.clone()), Which::New);
    walk.found.into_iter().filter_map(|leaf| Some((leaf.path, leaf.new?))).collect()
}

struct Walk {
    path: Vec<Step>,
    found: Vec<Leaf>,
    max: usize,
    complete: bool,
}

impl Walk {
    fn add(&mut self, old: Option<Value>, new: Option<Value>) {
        if self.found.len() < self.max {
            self.found.push(Leaf { path: Path(self.path.clone()), old, new });
        } else {
            self.complete = false;
        }
    }

    fn maps(&mut self, old: &Map, new: &Map) {
        if old.is_same(new) {
            return;
        }
        let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) = (old.read().clone(), new.read().clone());
        let keys: BTreeSet<&Str> = old.keys().chain(new.keys()).collect();
        for key in keys {
            if !self.complete {
                return;
            }
            self.path.push(Step::Key(key.clone()));
            match (old.get(key), new.get(key)) {
                (Some(old), Some(new)) => self.pair(old, new),
                (Some(old), None) => self.only(old, Which::Old),
                (None, Some(new)) => self.only(new, Which::New),
                (None, None) => {}
            }
            self.path.pop();
        }
    }

    fn pair(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Map(a), Value::Map(b)) if self.path.len() < MAX_DEPTH => {
                match (a.is_empty(), b.is_empty()) {
                    (true, true) => {}
                    (true, false) => self.only(new, Which::New),
                    (false, true) => self.only(old, Which::Old),
                    (false, false) => self.maps(a, b),
                }
            }
            (Value::List(a), Value::List(b)) if self.path.len() < MAX_DEPTH => self.lists(old, new, a, b),
            _ if same(old, new) => {}
            _ => self.add(Some(old.clone()), Some(new.clone())),
        }
    }

    fn lists(&mut self, old: &Value, new: &Value, a: &List, b: &List) {
        if a.is_same(b) {
            return;
        }
        let (olds, news) = (a.items(), b.items());
        let all_maps = olds.iter().chain(&news).all(|item| matches!(item, Value::Map(_)));
        if all_maps && let Some(field) = NAMES.iter().find(|f| is_unique(f, &olds) && is_unique(f, &news)) {
            return self.named(field, (old, new), &olds, &news);
        }
        if all_maps && olds.len() == news.len() {
            for (i, (old, new)) in olds.iter().zip(&news).enumerate() {
                self.path.push(Step::Index { old: Some(i), new: Some(i) });
                self.pair(old, new);
                self.path.pop();
            }
        } else if !same(old, new) {
            self.add(Some(old.clone()), Some(new.clone()));
        }
    }

    fn named(&mut self, field: &str, whole: (&Value, &Value), olds: &[Value], news: &[Value]) {
        let names = |items: &[Value]| -> Vec<String> {
            items.iter().map(|item| name_of(field, item).unwrap_or_default()).collect()
        };
        let (old_names, new_names) = (names(olds), names(news));
        let index = |names: &[String]| -> BTreeMap<String, usize> {
            names.iter().cloned().enumerate().map(|(i, name)| (name, i)).collect()
        };
        let (old_at, new_at) = (index(&old_names), index(&new_names));
        let kept = old_names.iter().filter(|name| new_at.contains_key(*name));
        if !kept.eq(new_names.iter().filter(|name| old_at.contains_key(*name))) {
            return self.add(Some(whole.0.clone()), Some(whole.1.clone()));
        }
        let step = |name: &str| {
            let (old, new) = (old_at.get(name).copied(), new_at.get(name).copied());
            Step::Item { key: format!("{field}={name}"), old, new }
        };
        for (name, item) in old_names.iter().zip(olds).filter(|(name, _)| !new_at.contains_key(*name)) {
            self.path.push(step(name));
            self.add(Some(item.clone()), None);
            self.path.pop();
        }
        for (name, item) in new_names.iter().zip(news) {
            self.path.push(step(name));
            match old_at.get(name).and_then(|i| olds.get(*i)) {
                Some(old) => self.pair(old, item),
                None => self.add(None, Some(item.clone())),
            }
            self.path.pop();
        }
    }

    /// The leaves of what is there on one side only.
    fn only(&mut self, value: &Value, which: Which) {
        match value {
            Value::Map(map) if !map.is_empty() && self.path.len() < MAX_DEPTH => {
                for (key, value) in map.entries() {
                    if !self.complete {
                        return;
                    }
                    self.path.push(Step::Key(key));
                    self.only(&value, which);
                    self.path.pop();
                }
            }
            _ if self.path.is_empty() => {}
            _ => match which {
                Which::Old => self.add(Some(value.clone()), None),
                Which::New => self.add(None, Some(value.clone())),
            },
        }
    }
}

fn name_of(field: &str, item: &Value) -> Option<String> {
    let name = item.as_map()?.get(field)?;
    name.as_str().map(str::to_string).or_else(|| yaml::string_of(&name))
}

fn is_unique(field: &str, items: &[Value]) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| name_of(field, item).is_some_and(|name| seen.insert(name)))
}

/// Whether two values are equal; a number is equal to another one of the same size, whatever its type. Trees that
/// are too large to be compared are not.
pub fn same(a: &Value, b: &Value) -> bool {
    equal(a, b, true)
}

/// As [`same`], but an integer is no float.
pub fn identical(a: &Value, b: &Value) -> bool {
    equal(a, b, false)
}

fn equal(a: &Value, b: &Value, loose: bool) -> bool {
    let mut open = vec![(a.clone(), b.clone())];
    let mut steps = 0;
    while let Some((a, b)) = open.pop() {
        steps += 1;
        let equal = match (&a, &b) {
            _ if steps > MAX_STEPS => false,
            (Value::Map(a), Value::Map(b)) if a.is_same(b) => true,
            (Value::Map(a), Value::Map(b)) => {
                let (a, b) = (a.read(), b.read());
                let keys = a.len() == b.len() && a.keys().eq(b.keys());
                if keys {
                    open.extend(a.values().cloned().zip(b.values().cloned()));
                }
                keys
            }
            (Value::List(a), Value::List(b)) if a.is_same(b) => true,
            (Value::List(a), Value::List(b)) => {
                let (a, b) = (a.read(), b.read());
                if a.len() == b.len() {
                    open.extend(a.iter().cloned().zip(b.iter().cloned()));
                }
                a.len() == b.len()
            }
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a.as_i128() == b.as_i128(),
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Int(i), Value::Float(f)) | (Value::Float(f), Value::Int(i)) => {
                loose && *f == i.as_i128() as f64
            }
            (a, b) => a.is_nil() && b.is_nil(),
        };
        if !equal {
            return false;
        }
    }
    true
}

/// A copy of `values` in which each of the leaves is as it is on a side; `whole` is the tree of that side, which
/// tells whether a map that gets empty stays.
pub fn with(values: &Map, leaves: &[&Leaf], which: Which, whole: &Map) -> Map {
    let copy = deep_copy(values);
    for leaf in leaves {
        let target = leaf.on(which).map(own);
        put(&Value::Map(copy.clone()), &leaf.path.0, target, which, Some(&Value::Map(whole.clone())));
    }
    copy
}

/// A copy of a value that shares nothing with it.
fn own(value: &Value) -> Value {
    let holder: Map = [("", value.clone())].into_iter().collect();
    deep_copy(&holder).get("").unwrap_or_default()
}

/// Sets or removes what is at a path. Gives whether the container is empty now and should go.
fn put(at: &Value, path: &[Step], target: Option<Value>, which: Which, whole: Option<&Value>) -> bool {
    let Some((step, rest)) = path.split_first() else { return false };
    match (at, step) {
        (Value::Map(map), Step::Key(key)) => {
            if rest.is_empty() {
                match target {
                    Some(value) => drop(map.insert(key.clone(), value)),
                    None => drop(map.remove(key)),
                }
            } else {
                let inner = match map.get(key) {
                    Some(inner @ (Value::Map(_) | Value::List(_))) => inner,
                    _ if target.is_none() => return false,
                    _ => {
                        let inner = Value::Map(Map::default());
                        map.insert(key.clone(), inner.clone());
                        inner
                    }
                };
                let deeper = whole.and_then(|whole| whole.as_map()?.get(key));
                if put(&inner, rest, target, which, deeper.as_ref()) && deeper.is_none() {
                    map.remove(key);
                }
            }
            map.is_empty()
        }
        (Value::List(list), Step::Item { .. } | Step::Index { .. }) => {
            let (found, wanted) = find(list, step, which);
            if rest.is_empty() {
                list.update(|items| match (found, target) {
                    (Some(at), Some(value)) => {
                        if let Some(item) = items.get_mut(at) {
                            *item = value;
                        }
                    }
                    (Some(at), None) => drop(items.remove(at)),
                    (None, Some(value)) => items.insert(wanted.min(items.len()), value),
                    (None, None) => {}
                });
            } else if let Some(item) = found.and_then(|at| list.get(at)) {
                let deeper = wanted_item(whole, wanted);
                put(&item, rest, target, which, deeper.as_ref());
            }
            false
        }
        _ => false,
    }
}

fn wanted_item(whole: Option<&Value>, index: usize) -> Option<Value> {
    whole?.as_list()?.get(index)
}

/// The index of an item in a list, if it is there, and the index that it has on a side.
fn find(list: &List, step: &Step, which: Which) -> (Option<usize>, usize) {
    match step {
        Step::Item { key, old, new } => {
            let (field, name) = key.split_once('=').unwrap_or((key, ""));
            let found = list.read().iter().position(|item| name_of(field, item).as_deref() == Some(name));
            let wanted = if which == Which::Old { old } else { new };
            (found, wanted.unwrap_or(usize::MAX))
        }
        Step::Index { old, new } => {
            let wanted = if which == Which::Old { old } else { new };
            let found = old.or(*new).filter(|at| *at < list.len());
            (found, wanted.unwrap_or(usize::MAX))
        }
        Step::Key(_) | Step::Text(_) => (None, usize::MAX),
    }
}

/// The steps to the leaf in the file that sets it on a side; `None` if it is not there.
pub fn steps(path: &Path, which: Which) -> Option<Vec<yaml::Step>> {
    let step = |step: &Step| match step {
        Step::Key(key) => Some(yaml::Step::Key(key.clone())),
        Step::Item { old, new, .. } | Step::Index { old, new } => {
            let index = if which == Which::Old { old } else { new };
            index.map(yaml::Step::Index)
        }
        Step::Text(_) => None,
    };
    path.0.iter().map(step).collect()
}

/// The value at these steps, if there is one.
pub fn at(values: &Map, steps: &[yaml::Step]) -> Option<Value> {
    let mut value = Value::Map(values.clone());
    for step in steps {
        value = match (&value, step) {
            (Value::Map(map), yaml::Step::Key(key)) => map.get(key)?,
            (Value::List(list), yaml::Step::Index(index)) => list.get(*index)?,
            _ => return None,
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::parse_values;

    fn map(text: &str) -> Map {
        parse_values(format!("{text}\n").as_bytes(), "test").unwrap()
    }

    fn paths(old: &str, new: &str) -> Vec<String> {
        let (found, complete) = differing(&map(old), &map(new), 100);
        assert!(complete);
        found.iter().map(|leaf| leaf.path.to_string()).collect()
    }

    #[test]
    fn leaves_that_differ_are_told_one_by_one() {
        assert_eq!(
            paths("{a: 1, b: {c: 1, d: 2}}", "{a: 1, b: {c: 2, e: {f: 1, g: {}}}}"),
            ["b.c", "b.d", "b.e.f", "b.e.g"]
        );
        assert_eq!(paths("{a: {}}", "{a: {b: 1}}"), ["a.b"]);
        assert_eq!(paths("{a: 80}", "{a: 80.0}"), [] as [&str; 0]);
        assert_eq!(paths("{a: null}", "{a: {b: 1}}"), ["a"]);
    }

    #[test]
    fn items_of_lists_are_paired_by_name_then_by_place_then_not_at_all() {
        let old = "{l: [{name: a, v: 1}, {name: b, v: 1}]}";
        assert_eq!(
            paths(old, "{l: [{name: b, v: 2}, {name: c}]}"),
            ["l[name=a]", "l[name=b].v", "l[name=c]"]
        );
        assert_eq!(paths(old, "{l: [{name: b, v: 1}, {name: a, v: 1}]}"), ["l"]);
        assert_eq!(paths("{l: [{v: 1}]}", "{l: [{v: 2}]}"), ["l[0].v"]);
        assert_eq!(paths("{l: [1, 2]}", "{l: [1, 3]}"), ["l"]);
    }

    #[test]
    fn putting_in_all_leaves_of_a_side_makes_that_side() {
        let cases = [
            ("{a: 1, b: {c: 1}}", "{b: {c: 2, d: {e: 1}}}"),
            ("{a: {}}", "{a: {b: {c: 1}}}"),
            (
                "{l: [{name: a, v: 1}, {name: b}, {name: d}]}",
                "{l: [{name: z}, {name: b, v: 3}, {name: d, w: {x: 1}}]}",
            ),
            ("{l: [1]}", "{l: {a: 1}}"),
            ("{}", "{x: {y: {z: []}}}"),
            ("{l: [{v: 1}, {w: {x: 1}}]}", "{l: [{v: 2}, {w: {}}]}"),
        ];
        for (a, b) in cases {
            let (old, new) = (map(a), map(b));
            let (leaves, _) = differing(&old, &new, 100);
            let leaves: Vec<&Leaf> = leaves.iter().collect();
            assert!(
                same(&Value::Map(with(&old, &leaves, Which::New, &new)), &Value::Map(new.clone())),
                "{a} {b}"
            );
            assert!(
                same(&Value::Map(with(&new, &leaves, Which::Old, &old)), &Value::Map(old.clone())),
                "{a} {b}"
            );
            assert!(same(&Value::Map(old), &Value::Map(map(a))), "the tree itself has changed");
        }
    }

    #[test]
    fn bounds_are_kept() {
        let new: Map = (0..50).map(|i| (format!("k{i}"), Value::int(1))).collect();
        let (found, complete) = differing(&Map::default(), &new, 10);
        assert_eq!((found.len(), complete), (10, false));
        let deep = |leaf: i64| {
            (0..1000).fold(Value::int(leaf), |inner, _| Value::Map([("k", inner)].into_iter().collect()))
        };
        let tree = |leaf| [("a", deep(leaf))].into_iter().collect::<Map>();
        assert_eq!(differing(&tree(1), &tree(2), 10).0.len(), 1);
    }
}
