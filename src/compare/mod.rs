//! What differs between two sets of Kubernetes objects: objects first, not lines.
//!
//! [`compare`] pairs the objects of both sides and walks each pair. Everything that a report, a rule or a program
//! wants to know of the difference is in the [`Comparison`] it gives; nothing here judges or prints.

mod align;
pub mod certificate;
mod list;
mod meaning;
mod pair;
pub mod patch;
pub mod path;
mod rename;
mod schema;
mod secret;
mod text;
mod tree;
mod walk;

use std::sync::Arc;

use crate::manifest::object::Object;
use crate::value::Value;

pub use self::path::{Path, Step};

/// Two sets of objects and what differs between them.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// All objects of the old side, in the order of installation.
    pub old: Vec<Arc<Object>>,
    /// All objects of the new side, in the order of installation.
    pub new: Vec<Arc<Object>>,
    /// The objects that differ, those that differ in nothing but meaning-less ways included: in the order of the
    /// new side, removed ones where they stood.
    pub changes: Vec<Change>,
    /// What the user should know: objects that are there twice, bounds that were met.
    pub warnings: Vec<String>,
}

/// How to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether objects without a partner of their name are paired with others that are much like them.
    pub renames: bool,
    /// How alike objects must be to count as renamed, from 0 to 1: the share of their leaves that both have,
    /// without names and what is made of names.
    pub similarity: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { renames: true, similarity: 0.6 }
    }
}

/// Compares two sets of objects.
///
/// Objects are the same if group, kind, namespace and name are; then if only the API group moved (`extensions` to
/// `apps`), and then, with [`Options::renames`], if only the namespace differs or they are much alike. Objects
/// that are equal are left out; those of one identity are if their texts are, which must be what their values were
/// read from.
pub fn compare(old: Vec<Arc<Object>>, new: Vec<Arc<Object>>, options: &Options) -> Comparison {
    let mut warnings = Vec::new();
    // Of a list, several objects have one text; which is which is known by their names, if no two have one.
    let twins =
        pair::warn_of_twins("old", &old, &mut warnings) | pair::warn_of_twins("new", &new, &mut warnings);
    let pairs = pair::pair(&old, &new, options, &mut warnings);
    let mut similarities: Vec<Option<f64>> = vec![None; new.len()];
    for pair in &pairs {
        if let Some(similarity) = pair.new.and_then(|new| similarities.get_mut(new)) {
            *similarity = pair.similarity;
        }
    }
    let mut pairs: Vec<align::Pair> = pairs.iter().map(|pair| (pair.old, pair.new)).collect();
    align::arrange(&mut pairs);
    let mut changes = Vec::new();
    for (i, j) in pairs {
        let (from, to) = (i.and_then(|i| old.get(i)), j.and_then(|j| new.get(j)));
        let similarity = j.and_then(|j| similarities.get(j).copied().flatten());
        let mut change =
            Change { old: from.cloned(), new: to.cloned(), fields: Vec::new(), similarity, fallback: None };
        if let (Some(from), Some(to)) = (from, to) {
            if from.id == to.id
                && from.role == to.role
                && (!twins && says_same(from, to) || tree::equal(&from.value, &to.value))
            {
                continue;
            }
            let walked = walk::walk(from, to);
            if walked.hurried {
                warnings.push(format!("{}: lists too long to pair their items with care: by index", to.id));
            }
            (change.fields, change.fallback) = (walked.fields, walked.fallback);
        }
        changes.push(change);
    }
    Comparison { old, new, changes, warnings }
}

/// Whether two objects of one identity were read from equal texts; far sooner known than that they are equal.
fn says_same(old: &Object, new: &Object) -> bool {
    let (a, b) =
        (old.text.0.as_bytes().get(old.text.1.clone()), new.text.0.as_bytes().get(new.text.1.clone()));
    a == b && a.is_some_and(|text| !text.is_empty())
}

/// What happened to one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// The object as it was; `None` if it is new.
    pub old: Option<Arc<Object>>,
    /// The object as it will be; `None` if it goes.
    pub new: Option<Arc<Object>>,
    /// What differs: keys in the order of their bytes, list items in the order of the new side, removed ones where
    /// they stood. Empty unless there are both; empty, too, if only the role differs.
    pub fields: Vec<FieldChange>,
    /// How alike the two are, from 0 to 1, if they have different identities: the object was renamed.
    pub similarity: Option<f64>,
    /// Why the objects were not walked field by field, if they weren't; there is one field then, the whole object.
    pub fallback: Option<&'static str>,
}

/// What happened to one field of an object. Of an added or removed map or list there is one for the whole.
#[derive(Clone, Debug)]
pub struct FieldChange {
    /// Where it is.
    pub path: Path,
    /// The value as it was; `None` if the field is new.
    pub old: Option<Value>,
    /// The value as it will be; `None` if the field goes.
    pub new: Option<Value>,
    /// Why both mean the same to Kubernetes, if they do.
    pub same: Option<Same>,
    /// What to know about the two values beyond their text: `expires 2026-01-01 → 2027-01-01` for certificates.
    pub notes: Vec<String>,
}

/// Why two different values mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Same {
    /// Equal quantities: `500m` and `0.5`.
    Quantity,
    /// Equal numbers, written otherwise: `80` and `80.0`, or a duration as `1h` and `60m`.
    Number,
    /// The field is set to its default on one side and left out on the other.
    Default,
    /// The items of a list whose order means nothing, in another order.
    Order,
    /// JSON or YAML within a string, with the same contents.
    Text,
    /// Base64 of the same bytes, written otherwise; or `stringData` that says what `data` said.
    Encoding,
    /// Null or empty on one side, left out on the other, where the API takes both for the same.
    Empty,
}

impl Change {
    /// The object, as it will be or else as it was.
    ///
    /// A change without both is none; [`compare`] makes no such.
    pub fn object(&self) -> Option<&Arc<Object>> {
        self.new.as_ref().or(self.old.as_ref())
    }

    /// Whether there is more to it than what means the same.
    pub fn matters(&self) -> bool {
        let role = |object: &Option<Arc<Object>>| object.as_ref().map(|object| object.role);
        self.old.is_none()
            || self.new.is_none()
            || self.similarity.is_some()
            || role(&self.old) != role(&self.new)
            || self.fields.iter().any(|field| field.same.is_none())
    }
}

#[cfg(test)]
mod tests;
