//! The values that a chart was given: those that nothing reads, and those of another type than the chart's own.

use std::collections::HashSet;

use crate::chart::Chart;
use crate::diagnostic::{Place, Result};
use crate::diff::side::Rendered;
use crate::explain::influence::path;
use crate::explain::unused::{self, Unused};
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

/// A chart that was given values, with its place among the sources.
type Given<'a> = (usize, &'a Rendered);

/// What is to say about the values that charts were given.
///
/// # Errors
/// When a chart's dependencies and values don't go together.
pub(super) fn findings(
    sources: &[Source],
    is_wanted: &dyn Fn(&Rule) -> bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<Told>> {
    let charts: Vec<Given<'_>> = (0..)
        .zip(sources)
        .filter_map(|(index, source)| Some((index, source.rendered()?)))
        .filter(|(_, rendered)| !rendered.loaded.layers.values.is_empty())
        .collect();
    let mut told = Vec::new();
    if let Some(rule) = object::rule("VAL001").filter(|rule| is_wanted(rule)) {
        told.extend(unused(rule, &charts, warnings)?);
    }
    if let Some(rule) = object::rule("VAL002").filter(|rule| is_wanted(rule)) {
        for chart in &charts {
            told.extend(retyped(rule, chart, warnings)?);
        }
    }
    Ok(told)
}

/// That there was more than is told.
fn cut(rule: &Rule, name: &str) -> String {
    format!("{} finds more in the values of {name} than it tells, or could not look at all of them", rule.id)
}

/// The values that no chart uses. All charts are given the same: what one of them uses, is not in vain, and what none
/// does is told once.
fn unused(rule: &'static Rule, charts: &[Given<'_>], warnings: &mut Vec<String>) -> Result<Vec<Told>> {
    let options = unused::Options { idle: false, ..unused::Options::default() };
    let mut reports = Vec::new();
    for (_, rendered) in charts {
        reports.push(unused::find(&rendered.request, &rendered.loaded, options)?);
    }
    let paths = |report: &'_ unused::Report| -> HashSet<Vec<Step>> {
        report.unused.iter().map(|unused| unused.path.clone()).collect()
    };
    let vain: Vec<HashSet<Vec<Step>>> = reports.iter().map(paths).collect();
    let uses = |at: usize, path: &[Step]| {
        let (Some((_, rendered)), Some(vain)) = (charts.get(at), vain.get(at)) else { return false };
        path::at(&rendered.loaded.layers.values, path).is_some()
            && !(1..=path.len()).any(|end| vain.contains(&path[..end]))
    };
    let (mut told, mut known) = (Vec::new(), HashSet::new());
    for (at, ((index, rendered), report)) in charts.iter().zip(&reports).enumerate() {
        let mut own = report.unused.iter().filter(|unused| {
            known.insert((unused.path.clone(), unused.origin.layer.clone()))
                && !(0..charts.len()).any(|other| other != at && uses(other, &unused.path))
        });
        told.extend(own.by_ref().take(MOST).map(|it| unused_finding(rule, *index, it, charts.len() > 1)));
        if report.cut || own.next().is_some() {
            warnings.push(cut(rule, &rendered.request.chart));
        }
    }
    Ok(told)
}

fn unused_finding(rule: &'static Rule, index: usize, unused: &Unused, several: bool) -> Told {
    let words = match unused.words() {
        words if several && !unused.by_name_only => format!("{words}s"),
        words => words.to_string(),
    };
    let message = match unused.leaves {
        0 | 1 => words,
        leaves => format!("{words}, with the {leaves} values in it"),
    };
    let mut told = about(rule, index, &unused.path, message);
    told.spot = spot(unused.origin.place.as_ref(), &unused.origin.layer);
    if let Some(suggestion) = &unused.suggestion {
        told.fix = suggestion.hint();
    }
    told
}

/// The values of another type than the chart's own.
fn retyped(
    rule: &'static Rule,
    (index, rendered): &Given<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Told>> {
    let loaded = &rendered.loaded;
    let mut found = Retyped::default();
    found.compare(&loaded.chart, &loaded.layers.values, &mut Vec::new());
    if found.cut {
        warnings.push(cut(rule, &rendered.request.chart));
    }
    if found.values.is_empty() {
        return Ok(Vec::new());
    }
    let origins = Origins::of(&loaded.chart, &loaded.layers)?;
    let told = found.values.iter().map(|(path, is, should)| {
        let message = format!("is {is}, but the chart's own value is {should}");
        let mut own = about(rule, *index, path, message);
        // Of a map or list, each value within has an origin of its own.
        let chain = origins.chain(path).or_else(|| origins.below(path).first().map(|leaf| &leaf.chain));
        if let Some(link) = chain.and_then(|chain| chain.links.first()) {
            own.spot = spot(link.place.as_ref(), &link.where_set(""));
        }
        own
    });
    Ok(told.collect())
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

/// Values of other types: their paths, what they are, and what the chart's own are.
#[derive(Default)]
struct Retyped {
    values: Vec<(Vec<Step>, &'static str, &'static str)>,
    known: HashSet<Vec<Step>>,
    /// Whether a bound was met.
    cut: bool,
}

impl Retyped {
    /// Finds values whose type templates can't take for that of the chart's own value: a text in the place of a
    /// boolean, a list in the place of a map. Numbers and texts are mostly printed alike.
    fn compare(&mut self, chart: &Chart, user: &Map, path: &mut Vec<Step>) {
        for (key, value) in user.entries() {
            let inner = chart.dependencies.iter().find(|inner| inner.name().as_bytes() == key.as_bytes());
            path.push(Step::Key(key.clone()));
            if let (Some(inner), Value::Map(user)) = (inner, &value) {
                self.compare(inner, user, path);
            }
            if let Some(default) = chart.values.get(&key) {
                self.descend(&default, &value, path);
            }
            path.pop();
        }
    }

    fn descend(&mut self, default: &Value, user: &Value, path: &mut Vec<Step>) {
        if path.len() > DEPTH || self.values.len() >= MOST {
            self.cut = true;
            return;
        }
        if let (Value::Map(default), Value::Map(user)) = (default, user) {
            for (key, value) in user.entries() {
                if let Some(default) = default.get(&key) {
                    path.push(Step::Key(key));
                    self.descend(&default, &value, path);
                    path.pop();
                }
            }
            return;
        }
        let (Some(should), Some(is)) = (read::kind_in_words(default), read::kind_in_words(user)) else {
            return;
        };
        // An empty list or map often only marks the place: `{}` for what is a list, `[]` for a text.
        let marks = |value: &Value| match value {
            Value::Map(map) => map.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        let differs = match (should, is) {
            (a, b) if a == b => false,
            ("a boolean", "a text") => true,
            ("a map" | "a list", _) | (_, "a map" | "a list") => !marks(default) && !marks(user),
            _ => false,
        };
        if differs && self.known.insert(path.clone()) {
            self.values.push((path.clone(), is, should));
        }
    }
}
