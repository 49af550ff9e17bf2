//! What is watched while the pieces of a change are tried: fields of objects, and whether objects are there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::compare::path::{Format, Which};
use crate::compare::{Change, Comparison, FieldChange, Step};
use crate::diff::values::leaves;
use crate::json;
use crate::manifest::object::{Identity, Object};
use crate::value::{List, Value};
use crate::yaml;

/// How a field is in a render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As on the old side.
    Old,
    /// As on the new side.
    New,
    /// Neither.
    Other,
    /// There was no such render.
    Unknown,
}

/// All that is watched.
#[derive(Debug)]
pub struct Points<'a> {
    comparison: &'a Comparison,
    /// For each point the index of its change: if the object is not on both sides one for its presence, then one
    /// for each of its fields.
    pub all: Vec<usize>,
    /// The index of the first point of each change.
    first: Vec<usize>,
    /// How each point is looked at.
    looks: Vec<Look>,
}

/// How a point is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// By the field itself.
    Field,
    /// By all that is below the first so many steps of its path: that tells of an item that only moved.
    Around(usize),
    /// Not at all: it is not old on the old side, or not new on the new one.
    Blind,
}

impl<'a> Points<'a> {
    /// The points of a comparison.
    pub fn of(comparison: &'a Comparison) -> Points<'a> {
        let (mut all, mut first) = (Vec::new(), Vec::new());
        for (change, own) in comparison.changes.iter().enumerate() {
            first.push(all.len());
            if own.old.is_none() || own.new.is_none() {
                all.push(change);
            }
            all.extend(own.fields.iter().map(|_| change));
        }
        let mut points = Points { comparison, looks: vec![Look::Field; all.len()], all, first };
        let (old, new) = (points.states(&comparison.old), points.states(&comparison.new));
        let is_sure =
            |point: usize| old.get(point) == Some(&State::Old) && new.get(point) == Some(&State::New);
        points.looks = (0..points.all.len())
            .map(|point| if is_sure(point) { Look::Field } else { points.around(point) })
            .collect();
        points
    }

    /// The index of a point.
    pub fn index(&self, change: usize, field: Option<usize>) -> Option<usize> {
        let first = *self.first.get(change)?;
        let own = self.comparison.changes.get(change)?;
        let whole = usize::from(own.old.is_none() || own.new.is_none());
        match field {
            None => (whole == 1).then_some(first),
            Some(field) => (field < own.fields.len()).then_some(first + whole + field),
        }
    }

    /// Another look at a field: at the list that it is in.
    fn around(&self, point: usize) -> Look {
        let look = || {
            let index = *self.all.get(point)?;
            let change = self.comparison.changes.get(index)?;
            let whole = usize::from(change.old.is_none() || change.new.is_none());
            let field = change.fields.get(point.checked_sub(self.first.get(index)? + whole)?)?;
            let is_key = |step: &&Step| matches!(step, Step::Key(_));
            let length = field.path.0.iter().take_while(is_key).count();
            let of = |object: &Option<Arc<Object>>| around(object.as_ref()?, field, length);
            let differ = !leaves::identical(&of(&change.old)?, &of(&change.new)?);
            differ.then_some(Look::Around(length))
        };
        look().unwrap_or(Look::Blind)
    }

    /// How each point is in a render.
    pub fn states(&self, objects: &[Arc<Object>]) -> Vec<State> {
        let mut by_id: HashMap<&Identity, &Arc<Object>> = HashMap::with_capacity(objects.len());
        for object in objects {
            by_id.entry(&object.id).or_insert(object);
        }
        let mut states = Vec::with_capacity(self.all.len());
        for change in &self.comparison.changes {
            let find =
                |side: &Option<Arc<Object>>| side.as_ref().and_then(|object| by_id.get(&object.id).copied());
            let (as_old, as_new) = (find(&change.old), find(&change.new));
            if change.old.is_none() || change.new.is_none() {
                let is_there = as_old.or(as_new).is_some();
                states.push(if is_there == change.new.is_some() { State::New } else { State::Old });
            }
            let mut texts = Texts::default();
            let before = states.len();
            states.extend((0..change.fields.len()).map(|field| {
                let look = self.looks.get(before + field).copied().unwrap_or(Look::Blind);
                let mut on = |object: Option<&Arc<Object>>| {
                    object.map(|object| match look {
                        Look::Field => texts.state(change, field, object),
                        Look::Around(length) => state_around(change, field, length, object),
                        Look::Blind => State::Unknown,
                    })
                };
                match (on(as_new), on(as_old)) {
                    (Some(State::New), _) => State::New,
                    (_, Some(state)) => state,
                    (Some(state), None) => state,
                    (None, None) => State::Other,
                }
            }));
        }
        for (state, look) in states.iter_mut().zip(&self.looks) {
            if *look == Look::Blind {
                *state = State::Unknown;
            }
        }
        states
    }

    /// How many points can't be told.
    pub fn unsure(&self) -> usize {
        self.looks.iter().filter(|look| **look == Look::Blind).count()
    }
}

/// What is at the first steps of a field's path, keys all of them.
fn around(object: &Object, field: &FieldChange, length: usize) -> Option<Value> {
    let mut value = object.value.clone();
    for step in field.path.0.iter().take(length) {
        let Step::Key(key) = step else { return None };
        value = value.as_map()?.get(key)?;
    }
    Some(value)
}

fn state_around(change: &Change, field: usize, length: usize, object: &Object) -> State {
    let Some(field) = change.fields.get(field) else { return State::Unknown };
    let of = |object: &Object| around(object, field, length);
    let is = |side: &Option<Arc<Object>>| match (of(object), side.as_ref().and_then(|object| of(object))) {
        (Some(own), Some(side)) => leaves::identical(&own, &side),
        _ => false,
    };
    match (is(&change.new), is(&change.old)) {
        (true, _) => State::New,
        (_, true) => State::Old,
        _ => State::Other,
    }
}

/// Texts within strings, read once for each object: a config file may have many changes.
#[derive(Default)]
struct Texts(HashMap<(usize, Vec<Step>, Option<usize>), Option<Value>>);

impl Texts {
    fn state(&mut self, change: &Change, field: usize, object: &Arc<Object>) -> State {
        let Some(field) = change.fields.get(field) else { return State::Unknown };
        let loose = field.path.0.iter().any(|step| matches!(step, Step::Text(_)));
        let equal = |a: &Value, b: &Value| if loose { leaves::same(a, b) } else { leaves::identical(a, b) };
        // An item that is paired by its contents: its place means nothing.
        if let Some((Step::Index { old, new }, way)) = field.path.0.split_last()
            && (old.is_none() || new.is_none())
        {
            let items = [Which::New, Which::Old].map(|which| self.resolve(object, way, which));
            let item = field.new.as_ref().or(field.old.as_ref());
            let has = |list: &List, item: &Value| list.read().iter().any(|own| equal(own, item));
            let there = items.into_iter().flatten().find_map(|list| Some(has(list.as_list()?, item?)));
            return match there {
                Some(there) if there == field.new.is_some() => State::New,
                Some(_) => State::Old,
                None => State::Other,
            };
        }
        let is = |found: &Option<Value>, wanted: &Option<Value>| match (found, wanted) {
            (Some(found), Some(wanted)) => equal(found, wanted),
            (None, None) => true,
            _ => false,
        };
        let as_new = self.resolve(object, &field.path.0, Which::New);
        if is(&as_new, &field.new) {
            return State::New;
        }
        let as_old = self.resolve(object, &field.path.0, Which::Old);
        if is(&as_old, &field.old) { State::Old } else { State::Other }
    }

    /// What is at a path within an object; items that no key tells apart are taken by their index on a side.
    fn resolve(&mut self, object: &Arc<Object>, path: &[Step], which: Which) -> Option<Value> {
        let mut value = object.value.clone();
        for (i, step) in path.iter().enumerate() {
            value = match (step, &value) {
                (Step::Key(key), Value::Map(map)) => map.get(key)?,
                (Step::Item { key, old, new }, Value::List(list)) => {
                    item(list, key).or_else(|| list.get(of(which, *old, *new)?))?
                }
                (Step::Index { old, new }, Value::List(list)) => list.get(of(which, *old, *new)?)?,
                (Step::Text(format), Value::String(text)) => {
                    let key = (Arc::as_ptr(object) as usize, path[..=i].to_vec(), index_of(which));
                    self.0.entry(key).or_insert_with(|| read(*format, text.as_bytes())).clone()?
                }
                _ => return None,
            };
        }
        Some(value)
    }
}

fn index_of(which: Which) -> Option<usize> {
    (which == Which::New).then_some(1)
}

fn of(which: Which, old: Option<usize>, new: Option<usize>) -> Option<usize> {
    match which {
        Which::Old => old.or(new),
        Which::New => new.or(old),
    }
}

/// The item with a key such as `name=istio-proxy` or `port=80,protocol=TCP`. A field that it lacks may have been
/// taken to be its default.
fn item(list: &List, key: &str) -> Option<Value> {
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for part in key.split(',') {
        match (part.split_once('='), wanted.last_mut()) {
            (Some((field, value)), _) => wanted.push((field, value.to_string())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (None, None) => return None,
        }
    }
    let text = |item: &Value, field: &str| {
        let mut value = item.clone();
        for key in field.split('.') {
            value = value.as_map()?.get(key)?;
        }
        value.as_str().map(str::to_string).or_else(|| yaml::string_of(&value))
    };
    let items = list.read();
    let fits = |item: &Value, all: bool| {
        wanted.iter().all(|(field, value)| match text(item, field) {
            Some(own) => own == *value,
            None => !all,
        })
    };
    let some =
        |item: &&Value| wanted.iter().any(|(field, _)| text(item, field).is_some()) && fits(item, false);
    items.iter().find(|item| fits(item, true)).or_else(|| items.iter().find(some)).cloned()
}

fn read(format: Format, text: &[u8]) -> Option<Value> {
    match format {
        Format::Json => json::decode(text).ok(),
        Format::Yaml => yaml::decode_with_integers(text).ok(),
        Format::Base64 => {
            let text: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            data_encoding::BASE64
                .decode(&text)
                .ok()
                .map(|bytes| Value::string(crate::value::Str::from_bytes(bytes)))
        }
    }
}
