//! Hides the secrets of a review.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::compare::{Change, Path, Step};
use crate::manifest::object::Object;
use crate::rules::change::Impact;
use crate::value::Value;

use super::review::{Cause, FieldReview, ObjectReview, Review, ValueChange};
use super::secret::{Contexts, Hider};

/// Hides the secrets in the fields of an object. Fields within a text that is secret as a whole become one: that of
/// the text.
pub(super) fn fields(review: &mut ObjectReview, hider: &Hider) {
    let (old, new) = (review.old.clone(), review.new.clone());
    let mut contexts = Contexts::new(old.as_ref().map(|old| &old.value), new.as_ref().map(|new| &new.value));
    let mut at: HashMap<Path, usize> = HashMap::new();
    let mut fields: Vec<FieldReview> = Vec::with_capacity(review.fields.len());
    for mut field in std::mem::take(&mut review.fields) {
        let (context, whole) = contexts.of(&mut field.change.path);
        if let Some([old, new]) = whole {
            (field.change.old, field.change.new) = (old, new);
        }
        match at.entry(field.change.path.clone()) {
            Entry::Occupied(entry) => {
                if let Some(earlier) = fields.get_mut(*entry.get()) {
                    join(earlier, field);
                }
                continue;
            }
            Entry::Vacant(entry) => entry.insert(fields.len()),
        };
        for value in [&mut field.change.old, &mut field.change.new] {
            if let Some(hidden) = value.as_ref().and_then(|value| hider.value(value, context)) {
                *value = Some(hidden);
                field.secret = true;
            }
        }
        path(&mut field.change.path, hider);
        field.change.notes.iter_mut().for_each(|note| message(note, hider));
        field.causes.iter_mut().for_each(|own| cause(own, hider));
        fields.push(field);
    }
    review.fields = fields;
    for impact in &mut review.impacts {
        if let Some(own) = &mut impact.field {
            contexts.of(own);
        }
        hide_impact(impact, hider);
    }
    review.causes.iter_mut().for_each(|own| cause(own, hider));
}

fn join(field: &mut FieldReview, other: FieldReview) {
    field.change.same = field.change.same.filter(|_| other.change.same.is_some());
    field.volatile |= other.volatile;
    for cause in other.causes {
        if !field.causes.contains(&cause) {
            field.causes.push(cause);
        }
    }
}

/// Hides all other secrets of a review whose fields are done: in objects, values and sentences. `all` are the changes
/// that the exact ones were made of.
pub(super) fn review(review: &mut Review, hider: &Hider, all: &[Change]) {
    let mut done: HashMap<usize, (Arc<Object>, bool)> = HashMap::new();
    let mut object = |object: &mut Option<Arc<Object>>| {
        let Some(own) = object else { return false };
        let (hidden, is_secret) =
            done.entry(Arc::as_ptr(own) as usize).or_insert_with(|| hider.object(own)).clone();
        *object = Some(hidden);
        is_secret
    };
    for change in &mut review.changes {
        object(&mut change.old);
        object(&mut change.new);
    }
    for (exact, change) in review.exact.iter_mut().zip(all) {
        let is_secret = object(&mut exact.old) | object(&mut exact.new);
        exact.secret = is_secret && changes_a_secret(change, hider);
    }
    for change in review.values.defaults.iter_mut().chain(&mut review.values.user) {
        value(change, hider);
    }
    for finding in &mut review.values.findings {
        message(&mut finding.message, hider);
        finding.place.iter_mut().for_each(|place| message(place, hider));
    }
    message(&mut review.verdict.line, hider);
    review.warnings.iter_mut().for_each(|warning| message(warning, hider));
    for fold in &mut review.folds {
        message(&mut fold.message, hider);
    }
}

/// Whether a change adds, removes or changes a secret.
fn changes_a_secret(change: &Change, hider: &Hider) -> bool {
    let value = |object: &Option<Arc<Object>>| object.as_ref().map(|object| object.value.clone());
    let (old, new) = (value(&change.old), value(&change.new));
    if old.is_none() || new.is_none() {
        return true;
    }
    let mut contexts = Contexts::new(old.as_ref(), new.as_ref());
    change.fields.iter().any(|field| {
        let (context, whole) = contexts.of(&mut field.path.clone());
        let [old, new] = whole.unwrap_or_else(|| [field.old.clone(), field.new.clone()]);
        [old, new].into_iter().flatten().any(|value| hider.value(&value, context).is_some())
    })
}

fn value(change: &mut ValueChange, hider: &Hider) {
    let mut steps = steps(&change.path);
    let mut contexts = Contexts::new(None, None);
    let (context, _) = contexts.of(&mut steps);
    for value in [&mut change.old, &mut change.new] {
        if let Some(hidden) = value.as_ref().and_then(|value: &Value| hider.value(value, context)) {
            *value = Some(hidden);
        }
    }
    message(&mut change.path, hider);
    for place in change.old_place.iter_mut().chain(&mut change.new_place).chain(&mut change.moved) {
        message(place, hider);
    }
}

fn hide_impact(impact: &mut Impact, hider: &Hider) {
    message(&mut impact.message, hider);
    impact.field.iter_mut().for_each(|own| path(own, hider));
}

fn cause(cause: &mut Cause, hider: &Hider) {
    for text in cause.what.iter_mut().chain(&mut cause.old_place).chain(&mut cause.new_place) {
        message(text, hider);
    }
}

fn path(path: &mut Path, hider: &Hider) {
    for step in &mut path.0 {
        match step {
            Step::Key(key) => {
                if let std::borrow::Cow::Owned(hidden) = hider.message(&key.to_text()) {
                    *key = hidden.into();
                }
            }
            Step::Item { key, .. } => message(key, hider),
            Step::Index { .. } | Step::Text(_) => {}
        }
    }
}

fn message(text: &mut String, hider: &Hider) {
    if let std::borrow::Cow::Owned(hidden) = hider.message(text) {
        *text = hidden;
    }
}

/// The steps of a path to a value as it is shown: `auth["db.x"].passwords[0]`.
fn steps(path: &str) -> Path {
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut chars = path.chars().peekable();
    let key = |name: &mut String, steps: &mut Vec<Step>| {
        if !name.is_empty() {
            steps.push(Step::Key(std::mem::take(name).into()));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '.' => key(&mut name, &mut steps),
            '[' => {
                key(&mut name, &mut steps);
                let quoted = chars.next_if_eq(&'"').is_some();
                let end = if quoted { '"' } else { ']' };
                let mut inner = String::new();
                while let Some(c) = chars.next_if(|c| *c != end) {
                    inner.push(if quoted && c == '\\' { chars.next().unwrap_or('\\') } else { c });
                }
                chars.next();
                if quoted {
                    chars.next_if_eq(&']');
                    steps.push(Step::Key(inner.into()));
                } else {
                    let index = inner.parse().ok();
                    steps.push(Step::Index { old: index, new: index });
                }
            }
            c => name.push(c),
        }
    }
    key(&mut name, &mut steps);
    Path(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_paths_are_read_again() {
        let path = steps("auth[\"db.x\"].passwords[0].a-b");
        assert_eq!(path.to_string(), "auth[\"db.x\"].passwords[0].a-b");
        assert_eq!(path.0.len(), 5);
    }
}
