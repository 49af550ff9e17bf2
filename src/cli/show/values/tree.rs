//! What `torii show values --effective` shows: which of the values, and what is known about each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use torii::chart::Chart;
use torii::diagnostic::Place;
use torii::json::{self, Escape};
use torii::value::{Map, MapType, Value};
use torii::values::origin::{Chain, Deleted, Origins, Setter, Way, path_words};
use torii::yaml::Step;

use super::comments::File;
use super::write::About;

/// How deep leaves are looked for, as where origins are.
const MAX_DEPTH: usize = 200;

/// The values to show.
pub struct Shown {
    /// The values.
    pub values: Map,
    /// Their leaves.
    pub leaves: Vec<Leaf>,
    /// What nulls deleted.
    pub deleted: Vec<Deleted>,
    /// Whether all chains go down to the lowest layer.
    pub complete: bool,
    /// What stands before the names of the outermost chart's files.
    pub root: Arc<str>,
    by_path: HashMap<Vec<Step>, usize>,
    charts: Vec<Part>,
    with_origins: bool,
}

/// A leaf, and what is known about it.
pub struct Leaf {
    /// Where it is.
    pub path: Vec<Step>,
    /// What it is.
    pub value: Value,
    /// Where it comes from; if templates changed it, where what they changed comes from.
    pub chain: Chain,
    /// If templates changed it: which.
    pub changed: Option<Changed>,
}

/// How templates changed a value.
pub struct Changed {
    /// The node of a template that did it, as far as it is known.
    pub place: Option<Place>,
}

impl Changed {
    /// In words: `changed by templates/profile.yaml:81`.
    pub fn words(&self, root: &str) -> String {
        match &self.place {
            Some(place) => {
                let file = place.file.strip_prefix(root).unwrap_or(&place.file);
                format!("changed by {file}:{}", place.line)
            }
            None => "changed by templates".to_string(),
        }
    }
}

/// A chart that takes part.
struct Part {
    prefix: Vec<Step>,
    path: Arc<str>,
    defaults: Option<File>,
}

impl Shown {
    /// Chooses what to show of the values of a chart: with or without those that only concern its subcharts. `after`
    /// are the values as the templates left them, if these are wanted.
    pub fn choose(
        chart: &Chart,
        origins: Origins,
        after: Option<(Map, &dyn Fn(&[Step]) -> Option<Place>)>,
        subcharts: bool,
        with_origins: bool,
    ) -> Shown {
        let mut charts = Vec::new();
        add_charts(chart, Vec::new(), chart.name().into(), &mut charts);
        let values = after.as_ref().map_or_else(|| origins.effective.clone(), |(after, _)| after.clone());
        let mut leaves = match after {
            None => origins
                .leaves()
                .iter()
                .map(|leaf| Leaf {
                    path: leaf.path.clone(),
                    value: leaf.value.clone(),
                    chain: leaf.chain.clone(),
                    changed: None,
                })
                .collect(),
            Some((after, setter)) => leaves_after(&after, &origins, setter),
        };
        let mut deleted = origins.deleted().to_vec();
        let mut shown = values.clone();
        if !subcharts {
            let concerns = |path: &[Step], chain: &Chain| concerns_outermost(&charts, path, chain);
            let lists: HashSet<Vec<Step>> = leaves
                .iter()
                .filter(|leaf| concerns(&leaf.path, &leaf.chain))
                .map(|leaf| whole(&leaf.path).to_vec())
                .collect();
            leaves.retain(|leaf| lists.contains(whole(&leaf.path)));
            deleted.retain(|gone| concerns(&gone.path, &gone.chain));
            shown = only(&values, &lists, &mut Vec::new());
        }
        let by_path = leaves.iter().enumerate().map(|(index, leaf)| (leaf.path.clone(), index)).collect();
        Shown {
            values: shown,
            leaves,
            deleted,
            complete: origins.complete,
            root: chart.location.clone(),
            by_path,
            charts,
            with_origins,
        }
    }

    /// The comments below the last entry of the outermost chart's defaults. With origins, also what nulls deleted.
    pub fn end(&self) -> Vec<String> {
        let file = self.charts.first().and_then(|chart| chart.defaults.as_ref());
        let mut end = file.map(|file| file.end.clone()).unwrap_or_default();
        if self.with_origins && !self.deleted.is_empty() {
            end.extend([String::new(), "# Deleted by null:".to_string()]);
            end.extend(self.deleted.iter().map(|gone| {
                let line = format!("#   {}  {}", path_words(&gone.path), gone.chain.words(&self.root));
                torii::diagnostic::escape_line(&line)
            }));
        }
        end
    }

    fn leaf(&self, path: &[Step]) -> Option<&Leaf> {
        self.leaves.get(*self.by_path.get(path)?)
    }
}

impl About for Shown {
    fn files<'a>(&'a self, path: &[Step]) -> Vec<(&'a File, Vec<Step>)> {
        let inside = |part: &'a Part| {
            let inner = path.strip_prefix(part.prefix.as_slice())?;
            Some((part.defaults.as_ref()?, inner.to_vec()))
        };
        self.charts.iter().filter_map(inside).collect()
    }

    fn keeps_list(&self, path: &[Step]) -> bool {
        // The chart whose file the comments are of.
        let file = self.charts.iter().find(|part| {
            let inner = path.strip_prefix(part.prefix.as_slice());
            inner.is_some_and(|inner| part.defaults.as_ref().is_some_and(|file| file.order(inner).is_some()))
        });
        let mut below = self.leaves.iter().filter(|leaf| leaf.path.starts_with(path));
        below.all(|leaf| {
            let first = leaf.chain.links.first().filter(|_| leaf.changed.is_none());
            matches!((first.map(|link| &link.setter), file),
                (Some(Setter::Default { chart }), Some(file)) if *chart == file.path)
        })
    }

    fn note(&self, path: &[Step]) -> Option<String> {
        let leaf = self.leaf(path).filter(|_| self.with_origins)?;
        let words = match &leaf.changed {
            Some(changed) if leaf.chain.links.is_empty() => changed.words(&self.root),
            Some(changed) => {
                format!("{}; was {}", changed.words(&self.root), leaf.chain.words(&self.root))
            }
            None => leaf.chain.words(&self.root),
        };
        Some(torii::diagnostic::escape_line(&words))
    }
}

fn add_charts(chart: &Chart, prefix: Vec<Step>, path: Arc<str>, charts: &mut Vec<Part>) {
    let defaults = chart.values_text.as_ref().map(File::read);
    charts.push(Part { prefix: prefix.clone(), path: path.clone(), defaults });
    for inner in &chart.dependencies {
        let mut prefix = prefix.clone();
        prefix.push(Step::key(inner.name()));
        add_charts(inner, prefix, format!("{path}/charts/{}", inner.name()).into(), charts);
    }
}

/// Whether a value is the outermost chart's, or was given to a chart within it from above: by the user, or by a
/// chart around. Globals go to all charts, so they are shown where they are set.
fn concerns_outermost(charts: &[Part], path: &[Step], chain: &Chain) -> bool {
    let around = |part: &&Part| !part.prefix.is_empty() && path.starts_with(&part.prefix);
    let Some(within) = charts.iter().filter(around).max_by_key(|part| part.prefix.len()) else { return true };
    let Some(link) = chain.links.first() else { return false };
    let is_global = link.ways.iter().any(|way| matches!(way, Way::Global { .. }));
    match &link.setter {
        Setter::File { .. } | Setter::Set { .. } => !is_global,
        Setter::Default { chart } => {
            let from_above = chart.len() < within.path.len() && within.path.starts_with(&**chart);
            from_above && !is_global
        }
        Setter::Merge => false,
    }
}

/// A path up to the outermost list on it, for lists are shown as a whole.
fn whole(path: &[Step]) -> &[Step] {
    let list = path.iter().position(|step| matches!(step, Step::Index(_)));
    list.and_then(|list| path.get(..list)).unwrap_or(path)
}

/// The map with only these leaves and lists, and the maps that they are in.
fn only(map: &Map, wanted: &HashSet<Vec<Step>>, path: &mut Vec<Step>) -> Map {
    let chosen = Map::default();
    for (key, value) in map.entries() {
        path.push(Step::Key(key.clone()));
        match &value {
            Value::Map(inner) if !inner.is_empty() && path.len() < MAX_DEPTH => {
                let inner = only(inner, wanted, path);
                if !inner.is_empty() {
                    chosen.insert(key, Value::Map(inner));
                }
            }
            _ if wanted.contains(path.as_slice()) => {
                chosen.insert(key, value);
            }
            _ => {}
        }
        path.pop();
    }
    chosen
}

/// The leaves of the values that the templates left, each with the origin that it had before. `setter` says which
/// node of a template set a value.
fn leaves_after(after: &Map, origins: &Origins, setter: &dyn Fn(&[Step]) -> Option<Place>) -> Vec<Leaf> {
    fn walk(
        value: &Value,
        path: &mut Vec<Step>,
        (origins, setter): (&Origins, &dyn Fn(&[Step]) -> Option<Place>),
        leaves: &mut Vec<Leaf>,
    ) {
        match value {
            Value::Map(map) if !map.is_empty() && path.len() < MAX_DEPTH => {
                for (key, value) in map.entries() {
                    path.push(Step::Key(key));
                    walk(&value, path, (origins, setter), leaves);
                    path.pop();
                }
            }
            Value::List(list) if !list.is_empty() && path.len() < MAX_DEPTH => {
                for (index, value) in list.items().iter().enumerate() {
                    path.push(Step::Index(index));
                    walk(value, path, (origins, setter), leaves);
                    path.pop();
                }
            }
            _ if path.is_empty() => {}
            _ => {
                let before = origins.leaf(path);
                let text = |value: &Value| json::encode(value, Escape::None).ok();
                let is_changed = before.is_none_or(|before| text(&before.value) != text(value));
                let changed = is_changed.then(|| Changed { place: setter(path) });
                let chain = before.map(|before| before.chain.clone()).unwrap_or_default();
                leaves.push(Leaf { path: path.clone(), value: value.clone(), chain, changed });
            }
        }
    }
    let mut leaves = Vec::new();
    walk(&Value::Map(after.clone()), &mut Vec::new(), (origins, setter), &mut leaves);
    leaves
}

/// The values of a chart's root and of the roots of the charts within it, copied as plain data: templates may have
/// put anything into them, themselves included.
///
/// # Errors
/// When JSON can't say them.
pub fn values_of_root(root: &Map) -> Result<Map, String> {
    fn walk(root: &Map, depth: usize) -> Result<Map, String> {
        let values = match root.get("Values") {
            Some(values) => json::encode(&values, Escape::None).map_err(|e| e.to_string())?,
            None => "{}".to_string(),
        };
        let values = match json::decode(values.as_bytes()).map_err(|e| e.message)? {
            Value::Map(values) => values,
            _ => Map::new(MapType::Any),
        };
        let subcharts = match root.get("Subcharts") {
            Some(Value::Map(subcharts)) if depth > 0 => subcharts.entries(),
            _ => Vec::new(),
        };
        for (name, inner) in subcharts {
            if let Value::Map(inner) = inner {
                values.insert(name, Value::Map(walk(&inner, depth - 1)?));
            }
        }
        Ok(values)
    }
    // Charts are nested no deeper than their loader allows.
    walk(root, MAX_DEPTH)
}
