//! Where effective values come from: who set each of them, whom that overrode, down to the chart's default.
//!
//! The code that merges values is run on values that know where they came from ([`tag`]), so that its every
//! quirk is in the answer. It is run first with the defaults of the innermost charts alone, then with one layer
//! more each time ([`history`]): what then comes to stand at a path overrides what stood there. Which charts take
//! part is decided once, by all values together. [`way`] tells how a value came from its own layer's path to the
//! one where templates see it: by a global or an import.

mod global;
mod history;
mod layer;
mod tag;
#[cfg(test)]
mod tests;
mod way;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use super::dependencies::{choose, import};
use super::{Layers, SetFlag, coalesce};
use crate::chart::Chart;
use crate::diagnostic::{Place, Result};
use crate::value::{Map, Value};
use crate::yaml::Step;

use self::global::Globals;
use self::history::{Entry, Node, Recorder};
use self::layer::{Stack, Standings};
use self::tag::{Seen, SiteId, see};
use self::way::Family;

pub(super) use self::tag::note_null;
pub use self::words::path_words;

/// Entries that all merges together may have. With more, the lowest layers are laid down in one step, and chains
/// don't tell them apart.
const MAX_VISITS: usize = 20_000_000;

/// The effective values of a chart, and where each of them comes from.
#[derive(Debug, Default)]
pub struct Origins {
    /// What the templates see, of the outermost chart: as [`super::prepare`] gives it, of type `map[string]any`.
    pub effective: Map,
    leaves: Vec<Leaf>,
    by_path: HashMap<Vec<Step>, usize>,
    deleted: Vec<Deleted>,
    /// Whether each chain goes down to the lowest layer; if not, there were too many layers and values.
    pub complete: bool,
}

/// A scalar, a null, an empty map or an empty list of the effective values.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Where it is, from the outermost chart's values on.
    pub path: Vec<Step>,
    /// What it is.
    pub value: Value,
    /// Where it comes from.
    pub chain: Chain,
}

/// A value that a null deleted, so that the templates don't see it.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// Where it would be.
    pub path: Vec<Step>,
    /// The null first, then what it deleted.
    pub chain: Chain,
}

/// Who set a value, then what would be there without that layer, and so on down.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// The topmost first. Empty where nothing is known: values nested deeper than 200 levels.
    pub links: Vec<Link>,
}

/// A layer's part in a value.
#[derive(Clone, Debug)]
pub struct Link {
    /// Who set it.
    pub setter: Setter,
    /// How it came to where the templates see it, in that order; most often it simply is there.
    pub ways: Vec<Way>,
    /// Where the layer itself has it: in a subchart's file, from that file's top on. Shorter than the path of the
    /// value where the layer has something else in the place of a map around it.
    pub path: Vec<Step>,
    /// The line, if it is in a file; line 0 if only the file is known.
    pub place: Option<Place>,
    /// Where the file refers to it, if it came to its path by an alias or a merge key.
    pub alias: Option<Place>,
    /// What the layer says; null deletes.
    pub value: Value,
}

/// Who sets a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setter {
    /// A values file of the user's.
    File {
        /// Its name, as the user gave it.
        path: Arc<str>,
    },
    /// A `--set` of some kind. Its text may hold secrets, and is never shown.
    Set {
        /// The kind.
        flag: SetFlag,
        /// Which one of this kind, from 1.
        nth: usize,
        /// How many of this kind there are.
        of: usize,
    },
    /// The `values.yaml` of a chart.
    Default {
        /// The chart, by the names from the outermost one on: `umbrella/charts/sub`.
        chart: Arc<str>,
    },
    /// Nobody: the merge makes a map for each subchart, and `global` in it.
    Merge,
}

/// How a value came to where the templates see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A chart's own values give it to a chart within it.
    Parent {
        /// The chart that gives.
        chart: Arc<str>,
    },
    /// It is one of the globals of another chart.
    Global {
        /// The chart that has it.
        chart: Arc<str>,
        /// Whether that chart is the one around; if not, it is one within, which shares a map with it.
        from_above: bool,
    },
    /// It was imported from a chart within.
    Import {
        /// The name of the chart that exports it.
        chart: Arc<str>,
        /// The entry of `import-values`.
        place: Option<Place>,
    },
}

impl Origins {
    /// Lays the values over each other as [`super::prepare`] does, without checking them against schemas.
    ///
    /// # Errors
    /// As [`super::prepare`].
    pub fn of(chart: &Chart, layers: &Layers) -> Result<Origins> {
        let mut chosen = chart.clone();
        choose(&mut chosen, &layers.values, &mut Vec::new())?;
        let family = Family::of(&chosen, chart);
        let mut stack = Stack::default();
        stack.add_defaults(&chosen, &family);

        let mut real = chosen.clone();
        import(&mut real, &mut Vec::new())?;
        let effective = coalesce(&real, &layers.values, &mut Vec::new())?;

        let charts = stack.sources.len();
        let steps = charts + layers.layers.len();
        let size = count(&effective).max(1);
        let skipped = steps.saturating_sub((MAX_VISITS / size).max(1));
        let mut root = Node::default();
        let mut values = Map::default();
        for step in 0..steps {
            // From the last chart to the outermost one, then from the first layer to the last.
            let from = charts.saturating_sub(step + 1);
            let changes = match step.checked_sub(charts) {
                Some(index) => {
                    stack.add_layer(layers, index)?;
                    true
                }
                None => stack.defaults.get(from).is_some_and(|values| !values.is_empty()),
            };
            let is_last = step + 1 == steps;
            if (changes && step >= skipped) || is_last {
                match merge(&chosen, &stack, from) {
                    Ok(merged) => {
                        Recorder { sites: &stack.sites, run: step + 1 }.record(&mut root, &merged);
                        values = merged;
                    }
                    // Without the layers above, these values may be wrong; then they gave nothing.
                    Err(error) if is_last => return Err(error),
                    Err(_) => {}
                }
            }
        }
        let mut teller = Teller {
            stack: &stack,
            family: &family,
            standings: Standings::default(),
            globals: Globals::default(),
        };
        let mut origins = Origins { complete: skipped == 0, ..Origins::default() };
        let all = Value::Map(effective.clone());
        teller.leaves(&all, Some(Seen::Map(values, None)), Some(&root), &mut Vec::new(), &mut origins.leaves);
        teller.deleted(&root, &mut Vec::new(), &mut origins.deleted);
        origins.deleted.sort_by(|a, b| order(&a.path, &b.path));
        let paths = origins.leaves.iter().enumerate();
        origins.by_path = paths.map(|(index, leaf)| (leaf.path.clone(), index)).collect();
        origins.effective = effective;
        Ok(origins)
    }

    /// Where the leaf at a path comes from. `None` if there is no leaf: nothing, or a map or list with entries.
    pub fn chain(&self, path: &[Step]) -> Option<&Chain> {
        self.leaf(path).map(|leaf| &leaf.chain)
    }

    /// The leaf at a path.
    pub fn leaf(&self, path: &[Step]) -> Option<&Leaf> {
        self.leaves.get(*self.by_path.get(path)?)
    }

    /// All leaves, maps in byte order of their keys.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The leaves at and below a path.
    pub fn below(&self, path: &[Step]) -> &[Leaf] {
        let start = self.leaves.partition_point(|leaf| order(&leaf.path, path).is_lt());
        let rest = self.leaves.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|leaf| leaf.path.starts_with(path)).count();
        rest.get(..len).unwrap_or_default()
    }

    /// What nulls deleted, in the order of the paths.
    pub fn deleted(&self) -> &[Deleted] {
        &self.deleted
    }
}

/// The order in which leaves stand.
fn order(a: &[Step], b: &[Step]) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    for (a, b) in a.iter().zip(b) {
        let ordering = match (a, b) {
            (Step::Key(a), Step::Key(b)) => a.cmp(b),
            (Step::Index(a), Step::Index(b)) => a.cmp(b),
            (Step::Key(_), Step::Index(_)) => Ordering::Less,
            (Step::Index(_), Step::Key(_)) => Ordering::Greater,
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    a.len().cmp(&b.len())
}

/// The number of entries in all maps and lists.
fn count(values: &Map) -> usize {
    let mut open = vec![Value::Map(values.clone())];
    let mut count = 0;
    while let Some(value) = open.pop() {
        count += 1;
        match value {
            Value::Map(map) => open.extend(map.read().values().cloned()),
            Value::List(list) => open.extend(list.items()),
            _ => {}
        }
    }
    count
}

/// Merges the user's values, as they are in the stack, with the defaults of the charts from this one on.
fn merge(chosen: &Chart, stack: &Stack, from: usize) -> Result<Map> {
    fn give(chart: &mut Chart, defaults: &[Map], from: usize, next: &mut usize) {
        let own = if *next < from { None } else { defaults.get(*next) };
        chart.values = own.cloned().unwrap_or_default();
        *next += 1;
        chart.dependencies.iter_mut().for_each(|inner| give(inner, defaults, from, next));
    }
    let mut chart = chosen.clone();
    give(&mut chart, &stack.defaults, from, &mut 0);
    import(&mut chart, &mut Vec::new())?;
    coalesce(&chart, &tag::for_merge(&stack.user), &mut Vec::new())
}

/// Makes of histories what is told.
struct Teller<'s> {
    stack: &'s Stack,
    family: &'s Family,
    standings: Standings,
    globals: Globals,
}

impl Teller<'_> {
    /// Tells the leaves of the real values; the tagged ones say whether the history is really about them.
    fn leaves(
        &mut self,
        real: &Value,
        tagged: Option<Seen>,
        node: Option<&Node>,
        path: &mut Vec<Step>,
        leaves: &mut Vec<Leaf>,
    ) {
        match (real, &tagged) {
            (Value::Map(map), _) if !map.is_empty() && path.len() < tag::MAX_DEPTH => {
                for (key, value) in map.entries() {
                    let inner = match &tagged {
                        Some(Seen::Map(tagged, _)) => {
                            tagged.get(&key).map(|value| see(&value, || tag::null_site(tagged, &key)))
                        }
                        _ => None,
                    };
                    self.inner(&value, inner, node, Step::Key(key), path, leaves);
                }
            }
            (Value::List(list), _) if !list.is_empty() && path.len() < tag::MAX_DEPTH => {
                for (index, value) in list.items().iter().enumerate() {
                    let inner = match &tagged {
                        Some(Seen::List(tagged)) => tagged.get(index).map(|value| see(&value, || None)),
                        _ => None,
                    };
                    self.inner(value, inner, node, Step::Index(index), path, leaves);
                }
            }
            _ if path.is_empty() => {}
            _ => {
                let node = node.filter(|node| tagged.is_some() && node.is_live());
                let chain = node.map(|node| self.chain(node, path)).unwrap_or_default();
                leaves.push(Leaf { path: path.clone(), value: real.clone(), chain });
            }
        }
    }

    fn inner(
        &mut self,
        real: &Value,
        tagged: Option<Seen>,
        node: Option<&Node>,
        step: Step,
        path: &mut Vec<Step>,
        leaves: &mut Vec<Leaf>,
    ) {
        let node = node.and_then(|node| node.children.get(&step));
        path.push(step);
        self.leaves(real, tagged, node, path, leaves);
        path.pop();
    }

    fn deleted(&mut self, node: &Node, path: &mut Vec<Step>, deleted: &mut Vec<Deleted>) {
        for (step, child) in &node.children {
            path.push(step.clone());
            if child.is_deleted() {
                deleted.push(Deleted { path: path.clone(), chain: self.chain(child, path) });
            } else if child.is_live() {
                self.deleted(child, path, deleted);
            }
            path.pop();
        }
    }

    fn chain(&mut self, node: &Node, path: &[Step]) -> Chain {
        let mut history: Vec<Entry> = Vec::new();
        for entry in &node.history {
            // What comes back after something else stood there overrides what it did before, not that.
            let before = history.iter().position(|earlier| earlier == entry).unwrap_or(history.len());
            history.truncate(before);
            history.push(*entry);
        }
        history.reverse();
        self.globals.add_overridden(&mut history, path, self.stack, self.family);
        let mut links: Vec<Link> = Vec::new();
        for entry in history {
            let link = match entry {
                Entry::Set(None) => Some(Link {
                    setter: Setter::Merge,
                    ways: Vec::new(),
                    path: path.to_vec(),
                    place: None,
                    alias: None,
                    value: Value::Map(Map::default()),
                }),
                Entry::Set(Some(id)) => self.link(id, path),
                Entry::Deleted(Some(id)) | Entry::Hidden(Some(id)) | Entry::Instead(id) => {
                    self.link_around(id, path)
                }
                Entry::Deleted(None) | Entry::Hidden(None) => None,
            };
            links.extend(link);
        }
        Chain { links }
    }

    fn link(&mut self, id: SiteId, path: &[Step]) -> Option<Link> {
        let (site, source) = (self.stack.site(id)?, self.stack.source(id)?);
        let (own, natural) = self.stack.paths(id, self.family);
        let ways = self.family.ways(&natural, path, source.member);
        let (place, alias) = self.standings.of(site.layer, source, &own);
        Some(Link { setter: source.setter.clone(), ways, path: own, place, alias, value: site.value.clone() })
    }

    /// Of what stands at a path, or around it, or instead of what is around it: which of the outer paths it is at is found by
    /// its last step.
    fn link_around(&mut self, id: SiteId, path: &[Step]) -> Option<Link> {
        let step = &self.stack.site(id)?.step;
        let len = (1..=path.len()).rev().find(|len| path.get(len - 1) == Some(step)).unwrap_or(path.len());
        self.link(id, path.get(..len).unwrap_or(path))
    }
}
