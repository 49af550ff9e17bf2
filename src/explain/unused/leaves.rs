//! The values that the user set, and where.

use std::collections::{BTreeMap, HashSet};

use super::Origin;
use crate::diagnostic::Place;
use crate::explain::influence::path;
use crate::value::{Map, Str, Value};
use crate::values::{LayerSource, Layers};
use crate::yaml::{Step, leaves, locate_all};

/// So many leaves are looked at.
pub(super) const MAX_LEAVES: usize = 100_000;
/// So deep values are walked.
const MAX_DEPTH: usize = 200;

/// The paths of all scalars and empty collections of a map. A list of scalars is one leaf.
pub(super) fn of_map(values: &Map) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let mut open = vec![(Value::Map(values.clone()), Vec::new())];
    while let Some((value, at)) = open.pop() {
        if found.len() >= MAX_LEAVES {
            break;
        }
        let step_in = |step: Step, inner: Value| {
            let mut path = at.clone();
            path.push(step);
            (inner, path)
        };
        let is_container = |value: &Value| matches!(value, Value::Map(_) | Value::List(_));
        match &value {
            Value::Map(map) if !map.is_empty() && at.len() < MAX_DEPTH => {
                open.extend(
                    map.entries().into_iter().rev().map(|(key, inner)| step_in(Step::Key(key), inner)),
                );
            }
            Value::List(list) if list.read().iter().any(is_container) && at.len() < MAX_DEPTH => {
                let items = list.items().into_iter().enumerate();
                open.extend(items.rev().map(|(index, inner)| step_in(Step::Index(index), inner)));
            }
            _ => found.push(at),
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// What each layer sets.
pub(super) struct Owners<'l> {
    layers: &'l Layers,
    /// The paths that each layer sets, those above leaves included.
    sets: Vec<Option<HashSet<Vec<Step>>>>,
}

impl<'l> Owners<'l> {
    pub fn new(layers: &'l Layers) -> Owners<'l> {
        let sets = layers.layers.iter().map(|layer| match &layer.source {
            LayerSource::File { text, .. } => {
                let mut set = HashSet::new();
                leaves(text.as_bytes(), &mut |path, _| {
                    for end in 1..=path.len() {
                        if set.len() < 10 * MAX_LEAVES {
                            set.insert(path[..end].to_vec());
                        }
                    }
                });
                Some(set)
            }
            LayerSource::Set { .. } => layer.values().map(|values| {
                let of_leaf = |path: Vec<Step>| (1..=path.len()).map(move |end| path[..end].to_vec());
                of_map(&values).into_iter().flat_map(of_leaf).collect()
            }),
        });
        Owners { layers, sets: sets.collect() }
    }

    /// The topmost layer that sets something at a path.
    fn owner(&self, path: &[Step]) -> Option<usize> {
        let knows = |set: &Option<HashSet<Vec<Step>>>| set.as_ref().is_none_or(|set| set.contains(path));
        self.sets.iter().rposition(knows)
    }

    /// Where values were set, one for each path.
    pub fn origins(&self, paths: &[Vec<Step>]) -> Vec<Origin> {
        let mut by_layer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, path) in paths.iter().enumerate() {
            if let Some(owner) = self.owner(path) {
                by_layer.entry(owner).or_default().push(at);
            }
        }
        let mut found = vec![Origin { layer: String::new(), place: None }; paths.len()];
        for (owner, all) in by_layer {
            let Some(layer) = self.layers.layers.get(owner) else { continue };
            match &layer.source {
                LayerSource::Set { flag, .. } => {
                    for at in all {
                        found[at].layer = flag.name().to_string();
                    }
                }
                LayerSource::File { path, text } => {
                    let wanted: Vec<&[Step]> = all.iter().map(|&at| paths[at].as_slice()).collect();
                    let shared = text.to_arc();
                    for (at, position) in all.iter().copied().zip(locate_all(text.as_bytes(), &wanted)) {
                        let mut place = Place::new(path.clone(), 0, 0).with_text(shared.clone());
                        if let Some(position) = position {
                            let spot = position.key.unwrap_or(position.value);
                            (place.line, place.column) = (spot.line, spot.column);
                            if let (Some(_), Some(Step::Key(key))) = (position.key, paths[at].last()) {
                                place.length = key.to_text().chars().count();
                            }
                        }
                        found[at] = Origin { layer: path.to_string(), place: Some(place) };
                    }
                }
            }
        }
        found
    }
}

/// The texts among values that may be templates, each with its path.
pub(super) fn texts(values: &Map, at: &[Str], found: &mut Vec<(Vec<Step>, Str)>) {
    for leaf in of_map(values) {
        let texts = match path::at(values, &leaf) {
            Some(Value::String(text)) => vec![text],
            Some(Value::List(list)) => {
                let texts = list.items().into_iter();
                texts
                    .filter_map(|item| if let Value::String(text) = item { Some(text) } else { None })
                    .collect()
            }
            _ => continue,
        };
        for text in texts.into_iter().filter(super::charts::is_template) {
            let path: Vec<Step> = at.iter().cloned().map(Step::Key).chain(leaf.iter().cloned()).collect();
            if !found.contains(&(path.clone(), text.clone())) {
                found.push((path, text));
            }
        }
    }
}
