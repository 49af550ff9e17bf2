//! What differs in the values: the charts' defaults, the user's values, and what is to say about these.

pub mod defaults;
mod findings;
pub mod leaves;
mod moved;
pub mod places;
mod schema;
#[cfg(test)]
mod tests;

use crate::compare::path::Which;
use crate::diff::side::Rendered;
use crate::diff::{ValueChange, ValueChangeKind, ValuesReview};
use crate::value::{Map, Value};

use self::defaults::Node;
use self::leaves::Leaf;
use self::places::{Places, Whose};

/// How many values that differ are told, and how many of the user's are looked at.
const MAX_LEAVES: usize = 10_000;

/// What of one side values come from.
struct Side<'a> {
    rendered: &'a Rendered,
    node: &'a Node,
    /// The charts' defaults, laid over each other.
    defaults: Map,
    places: Places<'a>,
}

/// Reviews the values of two sides. The values themselves are all there, those that may be secret included.
pub fn review(old: &Rendered, new: &Rendered) -> ValuesReview {
    let node = |side: &Rendered| Node::of(&side.loaded.chart, &side.loaded.layers);
    let nodes = (node(old), node(new));
    let side = |rendered, node| {
        let rendered: &Rendered = rendered;
        let places = Places::new(&rendered.loaded.layers, node);
        Side { rendered, node, defaults: node.effective(), places }
    };
    let (old, new) = (side(old, &nodes.0), side(new, &nodes.1));
    let (defaults, _) = leaves::differing(&old.defaults, &new.defaults, MAX_LEAVES);
    let moved = moved::pairs(&defaults);
    let findings = findings::find(&old, &new, &defaults, &moved);
    let mut defaults = changes(&old, &new, Whose::Defaults, defaults);
    for (gone, added) in moved {
        let path = |index: usize| defaults.get(index).map(|change| change.path.clone());
        let (from, to) = (path(gone), path(added));
        for (index, other) in [(gone, to), (added, from)] {
            if let Some(change) = defaults.get_mut(index) {
                change.moved = other;
            }
        }
    }
    let (old_user, new_user) = (&old.rendered.loaded.layers.values, &new.rendered.loaded.layers.values);
    let (user, _) = leaves::differing(old_user, new_user, MAX_LEAVES);
    let user = changes(&old, &new, Whose::User, user);
    ValuesReview { defaults, user, findings }
}

fn changes(old: &Side<'_>, new: &Side<'_>, whose: Whose, leaves: Vec<Leaf>) -> Vec<ValueChange> {
    let places = |side: &Side<'_>, which: Which| -> Vec<Option<String>> {
        let steps = |leaf: &Leaf| leaf.on(which).and_then(|_| leaves::steps(&leaf.path, which));
        let wanted: Vec<_> = leaves.iter().map(steps).collect();
        let asked: Vec<_> = wanted.iter().flatten().map(|steps| (whose, steps.clone())).collect();
        let mut found = side.places.find(&asked).into_iter();
        wanted.iter().map(|steps| steps.as_ref().and_then(|_| found.next().flatten())).collect()
    };
    let (old_places, new_places) = (places(old, Which::Old), places(new, Which::New));
    leaves
        .into_iter()
        .zip(old_places.into_iter().zip(new_places))
        .map(|(leaf, (old_place, new_place))| ValueChange {
            path: leaf.path.to_string(),
            kind: kind(&leaf),
            old: leaf.old,
            new: leaf.new,
            old_place,
            new_place,
            moved: None,
        })
        .collect()
}

/// Null has no type: it says that a value is not set.
fn kind(leaf: &Leaf) -> ValueChangeKind {
    match (&leaf.old, &leaf.new) {
        (None, _) => ValueChangeKind::Added,
        (_, None) => ValueChangeKind::Removed,
        (Some(old), Some(new)) if old.is_nil() || new.is_nil() => ValueChangeKind::Changed,
        (Some(old), Some(new)) if type_of(old) == type_of(new) => ValueChangeKind::Changed,
        _ => ValueChangeKind::Retyped,
    }
}

/// The type of a value, with its article, for a sentence.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::TypedNil(_) => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::String(_) | Value::Bytes(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) | Value::Object(_) => "a map",
    }
}
