//! Judges what is told of a case by changing each leaf of each layer.

use std::collections::{BTreeMap, BTreeSet};

use torii::value::{Map, Value};
use torii::values::origin::{Chain, Link, Origins, path_words};
use torii::yaml::Step;

use super::case::{Case, Change, Layer, Path, at, leaves, text};

#[derive(Debug, Default)]
pub struct Report {
    pub leaves: usize,
    pub deleted: usize,
    pub overridden: usize,
    pub passed_over: usize,
    pub wrong: Vec<String>,
}

/// Judges all that is told of a case. `alone` changes each leaf in a run of its own; else those of a layer that
/// cannot hide others are changed together.
pub fn judge(case: &Case, alone: bool, report: &mut Report) {
    let Some(effective) = case.effective() else { return };
    let layers = case.user.layers().unwrap();
    let origins = Origins::of(&case.chart, &layers).expect("what can be rendered can be told");
    assert!(origins.complete);
    let mut wrong = |what: String| report.wrong.push(what);
    if text(&Value::Map(effective.clone())) != text(&Value::Map(origins.effective.clone())) {
        wrong("the effective values differ".into());
    }

    // Where each layer's leaf is seen.
    // A null and an empty map are no scalars: a change to one shows their place only where they are in effect.
    let mut truth: BTreeMap<String, BTreeSet<(Layer, String)>> = BTreeMap::new();
    let mut batches: BTreeMap<Layer, Vec<(Path, Value)>> = BTreeMap::new();
    for (layer, path, value) in case.leaves() {
        if !path.is_empty() {
            batches.entry(layer).or_default().push((path, value));
        }
    }
    let names: Vec<(Layer, Path, Value)> = batches
        .iter()
        .flat_map(|(layer, all)| all.iter().map(|(p, v)| (layer.clone(), p.clone(), v.clone())))
        .collect();
    let mut next = 0;
    for (layer, all) in &batches {
        let mut rounds: Vec<Vec<(usize, Path)>> = Vec::new();
        let mut together = Vec::new();
        for (path, value) in all {
            let index = next;
            next += 1;
            let simple = matches!(value, Value::String(_) | Value::Float(_) | Value::Int(_))
                || value.as_list().is_some();
            if simple && !alone {
                together.push((index, path.clone()));
            } else {
                rounds.push(vec![(index, path.clone())]);
            }
        }
        rounds.push(together);
        for round in rounds.into_iter().filter(|round| !round.is_empty()) {
            let change = |(index, path): &(usize, Path)| {
                let sentinel = format!("sentinel-{index}-x");
                // An empty map stays a map: one that others may be merged with.
                let value = match &names[*index].2 {
                    Value::Map(_) => {
                        Value::Map([(sentinel.as_str(), Value::Bool(true))].into_iter().collect())
                    }
                    _ => Value::from(sentinel),
                };
                (path.clone(), Change::To(value))
            };
            let changes: Vec<_> = round.iter().map(change).collect();
            let Some(seen) = case.changed(layer, &changes).effective() else { continue };
            for (mut path, mut value) in leaves(&Value::Map(seen)) {
                if let Some(Step::Key(key)) = path.last()
                    && key.to_text().starts_with("sentinel-")
                {
                    value = Value::String(key.clone());
                    path.pop();
                }
                let index = value.as_str().and_then(|s| s.strip_prefix("sentinel-")?.strip_suffix("-x"));
                if let Some(index) = index.and_then(|s| s.parse::<usize>().ok()) {
                    let (layer, own, value) = &names[index];
                    let now = at(&effective, &path);
                    let in_effect = match value {
                        Value::Null => now.is_none_or(|now| now.is_nil()),
                        Value::Map(_) => now.is_some_and(|now| now.as_map().is_some()),
                        _ => true,
                    };
                    if !in_effect {
                        continue;
                    }
                    truth.entry(path_words(&path)).or_default().insert((layer.clone(), path_words(own)));
                }
            }
        }
    }

    let empty = BTreeSet::new();
    let told = |chain: &Chain| {
        chain.links.first().and_then(|link| Some((case.layer(link)?, path_words(&link.path))))
    };
    for leaf in origins.leaves() {
        let path = path_words(&leaf.path);
        let seen = truth.get(&path).unwrap_or(&empty);
        report.leaves += 1;
        let first = told(&leaf.chain);
        let right = match seen.len() {
            // Nobody's: a map that the merge made, or that nulls have emptied.
            0 if leaf.value.as_map().is_some() => !leaf.chain.links.is_empty(),
            // Several layers may have an empty map, which come to one.
            _ if leaf.value.as_map().is_some() => {
                let emptied = leaf.chain.links.first().and_then(|link| link.value.as_map().map(Map::len));
                first.as_ref().is_some_and(|first| seen.contains(first)) || emptied != Some(0)
            }
            // And several a null, each of which hides a change to the other.
            1.. if leaf.value.is_nil() => first.as_ref().is_some_and(|first| seen.contains(first)),
            // A list that a flag makes longer is filled up with nulls.
            0 => leaf.value.is_nil() && matches!(first, Some((Layer::Set(_) | Layer::Json(_), _))),
            1 => first.as_ref().is_some_and(|first| seen.contains(first)),
            _ => false,
        };
        if !right {
            report.wrong.push(format!("{path}: told {}, {first:?}; true {seen:?}", leaf.chain.words("")));
        }
        let top = &leaf.chain.links[0].value;
        if text(top) != text(&leaf.value) && leaf.value.as_map().is_none() {
            report.wrong.push(format!("{path}: the link's value is {}", text(top)));
        }
    }
    let told_deleted: BTreeSet<String> = origins.deleted().iter().map(|d| path_words(&d.path)).collect();
    for gone in origins.deleted() {
        report.deleted += 1;
        let path = path_words(&gone.path);
        // The null itself, or one for all values of the chart that it is in.
        let right = told(&gone.chain).is_some_and(|first| {
            (1..=gone.path.len()).rev().any(|len| {
                truth.get(&path_words(&gone.path[..len])).is_some_and(|seen| seen.contains(&first))
            })
        });
        // A chart's values can only be a map, so no scalar can take the place of a null for all of them.
        let without = || {
            let first = gone.chain.links.first()?;
            let change = [(first.path.clone(), Change::Remove)];
            at(&case.changed(&case.layer(first)?, &change).effective()?, &gone.path)
        };
        let right = right || without().is_some();
        if !right || at(&effective, &gone.path).is_some() {
            report.wrong.push(format!("-{path}: told {}; true {:?}", gone.chain.words(""), truth.get(&path)));
        }
    }
    if !alone {
        return;
    }
    // What a null hides, is told.
    for (layer, path, value) in case.leaves() {
        if matches!(value, Value::Null) && !path.iter().any(|s| matches!(s, Step::Index(_))) {
            let Some(without) = case.changed(&layer, &[(path, Change::Remove)]).effective() else { continue };
            for (path, value) in leaves(&Value::Map(without)) {
                // A null that only shows where no other one meets it hid nothing.
                if value.is_nil() {
                    continue;
                }
                // What the same layer says elsewhere, as a global and at its place, is not told apart.
                if case.leaves().iter().any(|(other, _, own)| *other == layer && text(own) == text(&value)) {
                    continue;
                }
                // Where something else stands now, that is told instead.
                let parent = at(&effective, &path[..path.len() - 1]);
                let gone = at(&effective, &path).is_none() && parent.is_none_or(|p| p.as_map().is_some());
                let hidden = (1..=path.len()).any(|len| {
                    told_deleted.contains(&path_words(&path[..len]))
                        || at(&effective, &path[..len]).is_some_and(|v| v.as_map().is_none())
                });
                // A null over which a global from above does not go, since that is a map: as below.
                if gone && !hidden && path.iter().any(is_global) {
                    report.passed_over += 1;
                } else if gone && !hidden {
                    report.wrong.push(format!("-{}: not told", path_words(&path)));
                }
            }
        }
    }
    // Without the topmost setter there is what the second one says.
    for leaf in origins.leaves() {
        let [first, rest @ ..] = leaf.chain.links.as_slice() else { continue };
        let is_condition = matches!(leaf.path.last(), Some(Step::Key(key)) if *key == "use");
        let listed = first.path.iter().any(|step| matches!(step, Step::Index(_)));
        let Some(layer) = case.layer(first).filter(|_| !is_condition && !listed) else { continue };
        // A chart under two aliases is changed under both.
        let is_alias = |step: &Step| matches!(step, Step::Key(key) if *key == "one" || *key == "two");
        if matches!(&layer, Layer::Chart(at) if !at.is_empty())
            && origins.effective.keys().into_iter().any(|key| is_alias(&Step::Key(key)))
        {
            continue;
        }
        if leaf.value.as_map().is_some() {
            continue;
        }
        let Some(below) = case.changed(&layer, &[(first.path.clone(), Change::Remove)]).effective() else {
            continue;
        };
        report.overridden += 1;
        let now = at(&below, &leaf.path);
        let right = is_below(first, rest, &below, &leaf.path);
        // A layer without this leaf is not the same as no such layer: other parts of it may come to stand here.
        let right = right || {
            [case.without(&layer), case.below(&layer)]
                .iter()
                .any(|case| case.effective().is_some_and(|below| is_below(first, rest, &below, &leaf.path)))
        };
        // Two quirks of globals are not told as overridden (see docs/values.md): one that is a map in an outer chart
        // and something else further in, and one that a chart within would share with those around. They are counted
        // apart, so that they stay rare.
        if !right && leaf.path.iter().any(is_global) && at(&below, &leaf.path).is_some() {
            report.passed_over += 1;
            continue;
        }
        if !right {
            let now = now.as_ref().map(text);
            report.wrong.push(format!(
                "{}: below is {now:?}, told {}",
                path_words(&leaf.path),
                leaf.chain.words("")
            ));
        }
    }
}

pub fn is_global(step: &Step) -> bool {
    matches!(step, Step::Key(key) if *key == "global")
}

/// Whether what stands where a layer said something, now that it doesn't, is what its chain says.
pub fn is_below(first: &Link, rest: &[Link], below: &Map, path: &[Step]) -> bool {
    let now = at(below, path);
    let around = |value: &Value| {
        (1..path.len()).any(|len| at(below, &path[..len]).is_some_and(|now| text(&now) == text(value)))
    };
    // What the layer itself says in two places, as a global and at its place, goes with it.
    let next = rest.iter().find(|link| link.setter != first.setter);
    let agrees = |next: Option<&Link>| match (&now, next) {
        // A global that is a map does not go over what is none, not even a null of a later layer, which is told
        // further down.
        (Some(now), Some(second)) if now.as_map().is_some() != second.value.as_map().is_some() => {
            rest.iter().any(|link| text(&link.value) == text(now))
        }
        (None, None) => true,
        (None, Some(second)) => {
            second.value.is_nil() || second.path.len() < first.path.len() || around(&second.value)
        }
        // A chart's null for a chart within it stays only under a map of the user's, here without this leaf.
        (Some(Value::Map(_) | Value::Null), None) => true,
        (Some(_), None) => false,
        (Some(Value::Map(_)), Some(second)) => second.value.as_map().is_some(),
        (Some(Value::List(_)), Some(second)) => second.value.as_list().is_some(),
        (Some(now), Some(second)) => text(now) == text(&second.value),
    };
    agrees(rest.first()) || agrees(next)
}
