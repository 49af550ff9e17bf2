//! The values that a chart was given: those that nothing reads, and those of another type than the chart's own.

use crate::chart::Chart;
use crate::diagnostic::{Place, Result};
use crate::explain::unused;
use crate::rules::object::{self, Rule};
use crate::rules::read;
use crate::value::{Map, Value};
use crate::values::origin::{Origins, path_words};
use crate::yaml::Step;

use super::Told;
use super::place::Spot;
use super::source::Source;

/// So many values are told of each kind.
const MOST: usize = 1_000;
/// How deep values are compared with the chart's own.
const DEPTH: usize = 100;

/// What is to say about the values of a source, if it is a chart.
///
/// # Errors
/// When the chart's dependencies and values don't go together.
pub(super) fn findings(index: usize, source: &Source) -> Result<Vec<Told>> {
    let Some(rendered) = source.rendered() else { return Ok(Vec::new()) };
    let loaded = &rendered.loaded;
    if loaded.layers.values.is_empty() {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    let find = |id| object::rule(id).into_iter();
    let report = unused::find(&rendered.request, loaded, unused::Options::default())?;
    for rule in find("VAL001") {
        for unused in report.unused.iter().take(MOST) {
            let within = if unused.leaves > 1 {
                format!(", with the {} values in it", unused.leaves)
            } else {
                String::new()
            };
            let mut own =
                about(rule, index, &unused.path, format!("is used by no template of the chart{within}"));
            own.spot = spot(unused.origin.place.as_ref(), &unused.origin.layer);
            if let Some(suggestion) = &unused.suggestion {
                own.fix = suggestion.hint();
            }
            told.push(own);
        }
    }
    let mut retyped = Vec::new();
    compare(&loaded.chart, &loaded.layers.values, &mut Vec::new(), &mut retyped);
    if retyped.is_empty() {
        return Ok(told);
    }
    let origins = Origins::of(&loaded.chart, &loaded.layers)?;
    for rule in find("VAL002") {
        for (path, is, should) in retyped.iter().take(MOST) {
            let message = format!("is {is}, but the chart's own value is {should}");
            let mut own = about(rule, index, path, message);
            // Of a map or list, each value within has an origin of its own.
            let chain = origins.chain(path).or_else(|| origins.below(path).first().map(|leaf| &leaf.chain));
            if let Some(link) = chain.and_then(|chain| chain.links.first()) {
                own.spot = spot(link.place.as_ref(), &link.where_set(""));
            }
            told.push(own);
        }
    }
    Ok(told)
}

fn about(rule: &'static Rule, source: usize, path: &[Step], message: String) -> Told {
    Told {
        rule,
        severity: rule.severity,
        source,
        object: None,
        field: Some(path_words(path)),
        message,
        fix: rule.fix.to_string(),
        spot: Spot::default(),
        suppressed: None,
    }
}

/// The line of a values file, or the flag.
fn spot(place: Option<&Place>, layer: &str) -> Spot {
    match place {
        Some(place) => Spot { file: place.file.to_string(), line: place.line, ..Spot::default() },
        None => Spot { file: layer.to_string(), ..Spot::default() },
    }
}

/// Finds values whose type templates can't take for that of the chart's own value: a text in the place of a boolean,
/// a list in the place of a map. Numbers and texts are mostly printed alike.
fn compare(
    chart: &Chart,
    user: &Map,
    path: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, &'static str, &'static str)>,
) {
    for (key, value) in user.entries() {
        let inner = chart.dependencies.iter().find(|inner| inner.name().as_bytes() == key.as_bytes());
        path.push(Step::Key(key.clone()));
        let default = chart.values.get(&key);
        match (inner, &value) {
            (Some(inner), Value::Map(user)) => {
                compare(inner, user, path, found);
                if let Some(default) = default {
                    descend(&default, &value, path, found);
                }
            }
            _ => {
                if let Some(default) = default {
                    descend(&default, &value, path, found);
                }
            }
        }
        path.pop();
    }
}

fn descend(
    default: &Value,
    user: &Value,
    path: &mut Vec<Step>,
    found: &mut Vec<(Vec<Step>, &'static str, &'static str)>,
) {
    if path.len() > DEPTH || found.len() >= MOST {
        return;
    }
    if let (Value::Map(default), Value::Map(user)) = (default, user) {
        for (key, value) in user.entries() {
            if let Some(default) = default.get(&key) {
                path.push(Step::Key(key));
                descend(&default, &value, path, found);
                path.pop();
            }
        }
        return;
    }
    let (Some(should), Some(is)) = (read::kind_in_words(default), read::kind_in_words(user)) else { return };
    // An empty list or map often only marks the place: `{}` for what is a list, `[]` for a text.
    let marks = |value: &Value| match value {
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.items().is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let differs = match (should, is) {
        (a, b) if a == b => false,
        ("a boolean", "a text") => true,
        ("a map" | "a list", _) | (_, "a map" | "a list") => !marks(default) && !marks(user),
        _ => false,
    };
    if differs && !found.iter().any(|(known, ..)| known == path) {
        found.push((path.clone(), is, should));
    }
}
