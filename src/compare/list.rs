//! Lists: which items belong together, and what differs within them.

use std::fmt::Write;

use super::align::{self, Pair};
use super::meaning::{self, Siblings};
use super::path::{Path, Step};
use super::schema::{Field, ListShape, Shape, TYPED, UNKNOWN};
use super::walk::Walk;
use super::{FieldChange, Same};
use crate::value::{Str, Value};

/// Fields that tell the items of lists apart of which nothing is known, if all items have one and no two the
/// same.
const USUAL_KEYS: [&[&str]; 12] = [
    &["name"],
    &["id"],
    &["key"],
    &["metadata", "name"],
    &["type"],
    &["path"],
    &["host"],
    &["hostname"],
    &["port"],
    &["ip"],
    &["uid"],
    &["url"],
];

/// Which items belong together, with the keys of those that have one.
struct Paired {
    pairs: Vec<Pair>,
    /// The keys of the old and the new items; empty if contents tell them apart.
    labels: (Vec<Option<String>>, Vec<Option<String>>),
    ordered: bool,
}

impl Walk<'_> {
    /// Looks at two lists that differ and are not empty.
    pub fn lists(&mut self, field: &Field, old: &[Value], new: &[Value]) {
        let shape = match &field.shape {
            Shape::List(shape) => Some(&**shape),
            _ => None,
        };
        let item = shape.map_or(if field.is_typed() { &TYPED } else { &UNKNOWN }, |shape| &shape.item);
        let mut paired = self.pair(shape, old, new);
        align::arrange(&mut paired.pairs);
        let both: Vec<usize> = paired.pairs.iter().filter(|p| p.1.is_some()).filter_map(|p| p.0).collect();
        let mut keeps = align::rising(&both).into_iter();
        let tells = paired.ordered || self.exact;
        if !tells && keeps.any(|keeps| !keeps) {
            self.push(FieldChange {
                path: Path(self.path.clone()),
                old: Some(Value::list(old.to_vec())),
                new: Some(Value::list(new.to_vec())),
                same: Some(Same::Order),
                notes: Vec::new(),
            });
        }
        let none = Siblings::new();
        for (i, j) in paired.pairs {
            let a = i.and_then(|i| old.get(i));
            let b = j.and_then(|j| new.get(j));
            let label = j.and_then(|j| paired.labels.1.get_mut(j)).and_then(Option::take);
            let label = label.or_else(|| i.and_then(|i| paired.labels.0.get_mut(i)).and_then(Option::take));
            self.path.push(match label {
                Some(key) => Step::Item { key, old: i, new: j },
                None => Step::Index { old: i, new: j },
            });
            if let (Some(i), Some(j), true) = (i, j, tells)
                && keeps.next() == Some(false)
            {
                self.push(FieldChange {
                    path: Path(self.path.clone()),
                    old: a.cloned(),
                    new: b.cloned(),
                    same: None,
                    notes: vec![if i == j {
                        "moved: other items stand before it than did".to_string()
                    } else {
                        format!("moved from index {i} to {j}")
                    }],
                });
            }
            self.field(item, (a, &none), (b, &none));
            self.path.pop();
        }
    }

    fn pair(&mut self, shape: Option<&ListShape>, old: &[Value], new: &[Value]) -> Paired {
        let ordered = shape.is_none_or(|shape| shape.ordered);
        let maps = |items: &[Value]| items.iter().all(|item| matches!(item, Value::Map(_)));
        let maps = maps(old) && maps(new);
        match shape {
            Some(shape) if maps && !shape.keys.is_empty() => {
                let (pairs, labels) = by_listed_keys(shape, old, new);
                return Paired { pairs, labels, ordered };
            }
            None if maps => {
                if let Some(labels) = usual_keys(old, new) {
                    let pairs = align::by_keys(&labels.0, &labels.1);
                    let some = |labels: Vec<String>| labels.into_iter().map(Some).collect();
                    return Paired { pairs, labels: (some(labels.0), some(labels.1)), ordered };
                }
            }
            _ => {}
        }
        let pairs = if ordered {
            let mut pairs = align::ordered(old, new, &mut self.work);
            align::match_moved(&mut pairs, old, new);
            pairs
        } else {
            align::unordered(old, new, &mut self.work)
        };
        Paired { pairs, labels: (Vec::new(), Vec::new()), ordered }
    }
}

type Labels = (Vec<Option<String>>, Vec<Option<String>>);

/// Pairs items by the first set of keys, those that are left by the next one.
fn by_listed_keys(shape: &ListShape, old: &[Value], new: &[Value]) -> (Vec<Pair>, Labels) {
    let mut pairs: Vec<Pair> =
        (0..old.len()).map(|i| (Some(i), None)).chain((0..new.len()).map(|j| (None, Some(j)))).collect();
    let mut labels: Labels = (vec![None; old.len()], vec![None; new.len()]);
    for keys in &shape.keys {
        let of = |items: &[Value], chosen: &[usize]| -> Vec<(usize, String)> {
            let label = |index: &usize| Some((*index, label(&shape.item, keys, items.get(*index)?)?));
            chosen.iter().filter_map(label).collect()
        };
        let removed: Vec<usize> = pairs.iter().filter(|p| p.1.is_none()).filter_map(|p| p.0).collect();
        let added: Vec<usize> = pairs.iter().filter(|p| p.0.is_none()).filter_map(|p| p.1).collect();
        if removed.is_empty() && added.is_empty() {
            break;
        }
        let (removed, added) = (of(old, &removed), of(new, &added));
        let text =
            |items: &[(usize, String)]| -> Vec<String> { items.iter().map(|item| item.1.clone()).collect() };
        let found = align::by_keys(&text(&removed), &text(&added));
        let mut partner_of_new = vec![None; new.len()];
        let mut has_partner = vec![false; old.len()];
        for (i, j) in found {
            let (a, b) = (i.and_then(|i| removed.get(i)), j.and_then(|j| added.get(j)));
            if let (Some((i, _)), Some((j, text))) = (a, b) {
                partner_of_new.get_mut(*j).map(|partner| partner.replace(*i));
                has_partner.get_mut(*i).map(|has| std::mem::replace(has, true));
                labels.1.get_mut(*j).map(|label| label.replace(text.clone()));
            } else {
                // The first set of keys names those that have no partner.
                if let Some((i, text)) = a {
                    labels.0.get_mut(*i).map(|label| label.get_or_insert_with(|| text.clone()));
                }
                if let Some((j, text)) = b {
                    labels.1.get_mut(*j).map(|label| label.get_or_insert_with(|| text.clone()));
                }
            }
        }
        pairs.retain(|pair| pair.1.is_some() || pair.0.is_none_or(|i| has_partner.get(i) != Some(&true)));
        for pair in pairs.iter_mut().filter(|pair| pair.0.is_none()) {
            pair.0 = pair.1.and_then(|j| partner_of_new.get(j).copied().flatten());
        }
    }
    (pairs, labels)
}

/// The first of the usual keys that tells all items of both sides apart.
fn usual_keys(old: &[Value], new: &[Value]) -> Option<(Vec<String>, Vec<String>)> {
    USUAL_KEYS.iter().find_map(|key| {
        let keys = vec![key.iter().map(|key| Str::from_static(key)).collect::<Vec<Str>>()];
        let labels = |items: &[Value]| -> Option<Vec<String>> {
            let labels: Vec<String> =
                items.iter().map(|item| label(&UNKNOWN, &keys, item)).collect::<Option<_>>()?;
            let mut sorted: Vec<&String> = labels.iter().collect();
            sorted.sort_unstable();
            let unique = sorted.windows(2).all(|pair| pair.first() != pair.last());
            unique.then_some(labels)
        };
        Some((labels(old)?, labels(new)?))
    })
}

/// The fields that tell an item apart, with their values; `None` if it has none of them.
fn label(item: &Field, keys: &[Vec<Str>], value: &Value) -> Option<String> {
    let mut label = String::new();
    let mut any = false;
    for path in keys {
        let (mut field, mut value) = (item, Some(value.clone()));
        for key in path {
            field = field.field(key.as_bytes());
            value = value.and_then(|value| value.as_map()?.get(key.as_bytes()));
        }
        any |= value.as_ref().is_some_and(|value| !value.is_nil());
        let value = value.filter(|value| !value.is_nil()).or_else(|| meaning::key_default(field).cloned());
        let text = match value {
            Some(Value::String(text)) => text.to_text().into_owned(),
            Some(Value::Int(int)) => int.as_i128().to_string(),
            Some(Value::Float(float)) => crate::value::number::format_f(float),
            Some(Value::Bool(bool)) => bool.to_string(),
            // A field that is no scalar tells nothing.
            Some(_) => return None,
            None => continue,
        };
        if text.is_empty() && keys.len() > 1 {
            continue;
        }
        if !label.is_empty() {
            label.push(',');
        }
        for (index, key) in path.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            // Writing to a string does not fail.
            let _ = write!(label, "{dot}{key}");
        }
        label.push('=');
        label.push_str(&text);
    }
    any.then_some(label)
}
