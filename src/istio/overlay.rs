//! Overlays: values put at paths of an object (`istio operator/pkg/tpath/tree.go`, `operator/pkg/util/path.go`).
//!
//! istioctl works on Go maps of two kinds, those it reads and those that overlays bring, and treats them differently. So
//! does this.

use super::tree::{in_brackets, split_unescaped, steps};
use crate::functions::regex::Regex;
use crate::json;
use crate::limits::Limits;
use crate::value::{Elem, List, Map, MapType, Str, Value, print};
use crate::yaml;

/// The kind of maps that overlays bring.
const BROUGHT: MapType = MapType::Other("map[string]any");

/// What became of one patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The object has the value.
    Done,
    /// istioctl passes over it silently: why.
    Passed(String),
    /// A step that names an item of a list became the key of a map, since there is no such list.
    Misread(String),
}

/// Applies one patch to an object, in place. Null deletes.
pub(super) fn apply(object: &Map, path: &str, value: &Value, limits: &Limits) -> Outcome {
    let mut way = Way { places: vec![Spot::new(Value::Map(object.clone()))], misread: None, limits };
    let done = way.walk(&steps(path)).and_then(|()| match value.is_nil() {
        true => way.delete(),
        false => way.write(brought(value)),
    });
    match (done, way.misread) {
        (Err(why), _) => Outcome::Passed(why),
        (Ok(()), Some(step)) => Outcome::Misread(step),
        (Ok(()), None) => Outcome::Done,
    }
}

/// A place on the way from the object to what a path names.
struct Spot {
    node: Value,
    /// Whether the node is a list that can be changed: one that is the value of a map's key.
    changeable: bool,
    /// The step that leads on from here.
    next: Next,
}

enum Next {
    None,
    Item(usize),
    Key(String),
}

impl Spot {
    fn new(node: Value) -> Spot {
        Spot { node, changeable: false, next: Next::None }
    }
}

struct Way<'a> {
    places: Vec<Spot>,
    misread: Option<String>,
    limits: &'a Limits,
}

type Step = Result<(), String>;

impl Way<'_> {
    /// Follows the steps. What is missing on the way is made, as maps.
    fn walk(&mut self, steps: &[String]) -> Step {
        for (i, step) in steps.iter().enumerate() {
            let Some(here) = self.places.last_mut() else { return Err("no object".into()) };
            if here.node.is_nil() {
                let item = index(step).is_some() || key_value(step).is_some();
                here.node = match item {
                    true => Value::List(List::new(Elem::Any, Vec::new())),
                    false => Value::Map(Map::new(BROUGHT)),
                };
            }
            let (next, found) = match &here.node {
                Value::List(list) => {
                    let (index, item) = self::item(list, step, self.limits)?;
                    (Next::Item(index), Spot::new(item))
                }
                Value::Map(map) => {
                    let node = match map.get(step.as_str()) {
                        Some(node) => node,
                        None => {
                            let is_list = map.map_type() == BROUGHT
                                && steps.get(i + 1).is_some_and(|s| index(s).is_some());
                            let made = match is_list {
                                true => Value::List(List::new(Elem::Any, Vec::new())),
                                false => Value::Map(Map::new(map.map_type())),
                            };
                            if in_brackets(step).is_some() {
                                self.misread.get_or_insert_with(|| step.clone());
                            }
                            map.insert(step.as_str(), made.clone());
                            made
                        }
                    };
                    let changeable = matches!(node, Value::List(_));
                    (Next::Key(step.clone()), Spot { changeable, ..Spot::new(node) })
                }
                _ => return Err(format!("there is nothing within what {step} would be in")),
            };
            here.next = next;
            self.places.push(found);
        }
        Ok(())
    }

    fn delete(&mut self) -> Step {
        let parent = self.places.len().checked_sub(2).and_then(|i| self.places.get(i));
        let Some(parent) = parent else { return Err("the whole object can't be deleted".into()) };
        match (&parent.node, &parent.next) {
            (Value::List(list), Next::Item(index)) if parent.changeable => list.update(|items| {
                if *index < items.len() {
                    items.remove(*index);
                    Ok(())
                } else {
                    Err("there is no such item".to_string())
                }
            }),
            (Value::Map(map), Next::Key(key)) => {
                map.remove(key);
                Ok(())
            }
            _ => Err("items of a list within a list can't be deleted".into()),
        }
    }

    fn write(&mut self, value: Value) -> Step {
        // Whether what is written is a list that stood there before, on the way up.
        let (mut value, mut own) = (value, false);
        let mut at = self.places.len();
        while at > 1 {
            at -= 1;
            let (before, here) = self.places.split_at_mut(at);
            let (Some(parent), Some(here)) = (before.last(), here.first_mut()) else { break };
            let (new, from_text) = unfold(value);
            match (&parent.node, &parent.next) {
                (Value::List(list), Next::Item(index)) if parent.changeable => {
                    list.update(|items| {
                        if *index >= items.len() {
                            items.resize(*index + 1, Value::Null);
                        }
                        if let Some(slot) = items.get_mut(*index) {
                            *slot = new.clone();
                        }
                    });
                    here.node = new;
                }
                (Value::Map(map), Next::Key(key)) if map.map_type() == BROUGHT => match &here.node {
                    Value::List(list) if here.changeable && !from_text => {
                        if own {
                            map.insert(key.as_str(), new);
                        } else {
                            let mut items = list.items();
                            items.push(new);
                            map.insert(key.as_str(), Value::list(items));
                        }
                    }
                    _ if from_text => {
                        map.remove(key);
                        let first = new.as_map().and_then(|map| map.entries().into_iter().next());
                        let (key, value) = first.unwrap_or((Str::EMPTY, Value::Null));
                        map.insert(key, value);
                        return Ok(());
                    }
                    _ => {
                        map.insert(key.as_str(), new.clone());
                        here.node = new;
                    }
                },
                (Value::Map(map), Next::Key(key)) => {
                    map.insert(key.as_str(), new.clone());
                    here.node = new;
                }
                _ => return Err("items of such a list can't be set".into()),
            }
            if at == 1 {
                break;
            }
            value = parent.node.clone();
            own = parent.changeable;
        }
        Ok(())
    }
}

/// The item of a list that a step names, and its place; a place beyond the end is one for a new item.
fn item(list: &List, step: &str, limits: &Limits) -> Result<(usize, Value), String> {
    let items = list.items();
    if let Some(index) = index(step) {
        let found = usize::try_from(index).ok().and_then(|index| Some((index, items.get(index)?.clone())));
        return Ok(found.unwrap_or_else(|| (items.len(), Value::Map(Map::new(BROUGHT)))));
    }
    for (i, item) in items.iter().enumerate() {
        let matches = match item {
            Value::Map(map) => {
                let (key, wanted) =
                    key_value(step).ok_or_else(|| format!("{step} is not a valid key:value path element"))?;
                text(&map.get(key).unwrap_or_default(), limits)? == wanted.as_bytes()
            }
            leaf => {
                let inside = in_brackets(step).filter(|inside| !inside.is_empty());
                let pattern = inside.ok_or_else(|| format!("{step} is not a valid value path element"))?;
                let pattern =
                    if pattern.len() > 1 { pattern.strip_prefix(':').unwrap_or(pattern) } else { pattern };
                let leaf = Str::from_bytes(text(leaf, limits)?);
                Regex::new(pattern.as_bytes(), limits.regex_bytes).is_ok_and(|regex| regex.is_match(&leaf))
            }
        };
        if matches {
            return Ok((i, item.clone()));
        }
    }
    Err(format!("element {step} not found"))
}

fn text(value: &Value, limits: &Limits) -> Result<Vec<u8>, String> {
    match print::sprint_value(limits, value) {
        Ok(text) => Ok(text.as_bytes().to_vec()),
        Err(_) => Err("an item is too large to be compared".into()),
    }
}

/// The number in a step `[N]`; -1 is after the end.
fn index(step: &str) -> Option<i64> {
    let inside = in_brackets(step)?;
    inside.parse::<i64>().ok().filter(|index| *index >= -1)
}

/// The key and value in a step `[key:value]`.
fn key_value(step: &str) -> Option<(&str, &str)> {
    match split_unescaped(in_brackets(step)?, ':').as_slice() {
        [key, value] if !key.is_empty() && !value.is_empty() => key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            .then_some((*key, *value)),
        _ => None,
    }
}

/// A text that is a map in YAML, but none in JSON, is taken for that map.
fn unfold(value: Value) -> (Value, bool) {
    let Value::String(text) = &value else { return (value, false) };
    let text = text.to_text();
    let suspect = if text.contains('\n') { text.contains(':') } else { text.contains(": ") };
    if !suspect || json::decode_map(text.as_bytes()).is_ok() {
        return (value, false);
    }
    match yaml::decode_map(text.as_bytes()) {
        Ok(map) => (brought(&map), true),
        Err(_) => (value, false),
    }
}

/// A copy whose maps are of the kind that overlays bring.
fn brought(value: &Value) -> Value {
    match value {
        Value::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, value)| (key, brought(&value)));
            Value::Map(Map::from_entries(BROUGHT, entries.collect()))
        }
        Value::List(list) => Value::list(list.items().iter().map(brought).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(object: &str, patches: &[(&str, &str)]) -> (String, Vec<Outcome>) {
        let map = yaml::decode_with_integers(object.as_bytes()).unwrap().as_map().unwrap().clone();
        let outcomes = patches
            .iter()
            .map(|(path, value)| {
                let value = yaml::decode(value.as_bytes()).unwrap();
                apply(&map, path, &value, &Limits::default())
            })
            .collect();
        (json::encode(&Value::Map(map), json::Escape::None).unwrap(), outcomes)
    }

    fn result(object: &str, path: &str, value: &str) -> String {
        applied(object, &[(path, value)]).0
    }

    #[test]
    fn values_replace_what_is_there_and_nothing_deletes() {
        assert_eq!(result("a: {b: [1]}", "a.b", "x"), r#"{"a":{"b":"x"}}"#);
        assert_eq!(result("a: {b: [1]}", "a.b", "~"), r#"{"a":{}}"#);
        assert_eq!(result("a: [{n: x}, {n: y}]", "a.[n:x]", "~"), r#"{"a":[{"n":"y"}]}"#);
        assert_eq!(result("a: [{n: 80}]", "a[n:80].v", "1"), r#"{"a":[{"n":80,"v":1}]}"#);
        assert_eq!(result("a: [x, yy]", "a.[:y+]", "z"), r#"{"a":["x","z"]}"#);
    }

    #[test]
    fn places_beyond_the_end_append() {
        for path in ["a.[-1]", "a.[7]"] {
            assert_eq!(result("a: [1]", path, "2"), r#"{"a":[1,2]}"#);
        }
        assert_eq!(result("a: [1]", "a.[1].b.c", "2"), r#"{"a":[1,{"b":{"c":2}}]}"#);
    }

    #[test]
    fn what_is_missing_is_made_as_maps_even_where_a_list_was_meant() {
        let (out, outcomes) = applied("a: {}", &[("a.b.[0].c", "1")]);
        assert_eq!(out, r#"{"a":{"b":{"[0]":{"c":1}}}}"#);
        assert_eq!(outcomes, [Outcome::Misread("[0]".into())]);
        assert_eq!(result("a: null", "a.b", "1"), r#"{"a":{"b":1}}"#);
        assert_eq!(result("{a: null, b: 1}", "a.[0].b", "1"), r#"{"a":null,"b":1}"#);
    }

    #[test]
    fn faults_change_nothing_and_are_told() {
        let (out, outcomes) = applied("a: [{n: x}]", &[("a.[n:z].v", "1"), ("a.n", "1"), ("", "~")]);
        assert_eq!(out, r#"{"a":[{"n":"x"}]}"#);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Passed(_))));
    }

    #[test]
    fn texts_that_are_maps_become_maps() {
        assert_eq!(result("a: {}", "a.b", "'c: d'"), r#"{"a":{"b":{"c":"d"}}}"#);
        assert_eq!(result("a: {}", "a.b", "'{\"c\": 1}'"), r#"{"a":{"b":"{\"c\": 1}"}}"#);
        assert_eq!(result("a: {}", "a.b", "\"- c: d\""), r#"{"a":{"b":"- c: d"}}"#);
    }

    #[test]
    fn lists_that_an_overlay_brought_are_appended_to() {
        let (out, _) = applied("a: {}", &[("a.b", "{l: [1]}"), ("a.b.l", "2")]);
        assert_eq!(out, r#"{"a":{"b":{"l":[1,2]}}}"#);
        let (out, _) = applied("a: {}", &[("a.b", "{c: 1}"), ("a.b.l.[0].x", "2")]);
        assert_eq!(out, r#"{"a":{"b":{"c":1,"l":[{"x":2}]}}}"#);
    }
}
