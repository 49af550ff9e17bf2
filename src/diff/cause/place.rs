//! Causes in words: the names of what differs, and the files and lines where it stands on each side.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::chart::Chart;
use crate::compare::path::Which;
use crate::compare::{Comparison, FieldChange, Path, Step};
use crate::diff::side::Rendered;
use crate::diff::values::defaults::Node;
use crate::diff::values::leaves::{self, Leaf};
use crate::diff::values::places::{Places, Whose};
use crate::diff::{Cause, CauseKind};
use crate::manifest::object::Object;
use crate::render;
use crate::trace::{EmissionId, Trace};
use crate::value::Str;
use crate::yaml;

use super::difference::{Difference, Field, What};
use super::point::Points;
use super::search::{Found, Group};

/// So many edited lines of a template in one place are told by the first of them, where the line that wrote a field
/// can't be told.
const MAX_EDIT: usize = 3;

/// Templates of more lines aren't compared to find which were edited.
const MAX_LINES: usize = 20_000;

/// A cause; its words are shared by all that it causes.
#[derive(Clone, Debug)]
pub struct Told {
    kind: CauseKind,
    what: Option<Arc<str>>,
    places: [Option<Arc<str>>; 2],
}

impl Told {
    /// The cause with words of its own.
    pub fn cause(&self) -> Cause {
        let text = |text: &Option<Arc<str>>| text.as_ref().map(|text| text.to_string());
        let [old, new] = &self.places;
        Cause { kind: self.kind, what: text(&self.what), old_place: text(old), new_place: text(new) }
    }
}

/// For each change the causes of the object as a whole, and of each of its fields.
pub fn tell(
    difference: &Difference<'_>,
    points: &Points<'_>,
    comparison: &Comparison,
    found: &Found,
) -> Vec<(Vec<Told>, Vec<Vec<Told>>)> {
    let sides = [difference.old, difference.new];
    let nodes = sides.map(|side| Node::of(&side.loaded.chart, &side.loaded.layers));
    let groups = Namer { difference, nodes: &nodes }.all(&found.groups);
    let lines = Lines::new(difference);
    let told = |change: usize, field: Option<usize>| -> Vec<(u32, Told)> {
        let causes = points.index(change, field).and_then(|point| found.causes.get(point));
        let told = |index: &u32| Some((*index, groups.get(*index as usize)?.clone()));
        causes.into_iter().flatten().filter_map(told).collect()
    };
    let mut changes = Vec::with_capacity(comparison.changes.len());
    for (index, change) in comparison.changes.iter().enumerate() {
        let whole = told(index, None).into_iter().map(|(_, told)| told).collect();
        let mut fields: Vec<Vec<(u32, Told)>> =
            (0..change.fields.len()).map(|field| told(index, Some(field))).collect();
        for (which, object) in [(Which::Old, &change.old), (Which::New, &change.new)] {
            if let Some(object) = object {
                lines.add(which, object, &change.fields, &mut fields, &found.groups);
            }
        }
        let plain = |told: Vec<(u32, Told)>| told.into_iter().map(|(_, told)| told).collect();
        changes.push((whole, fields.into_iter().map(plain).collect()));
    }
    changes
}

struct Namer<'a> {
    difference: &'a Difference<'a>,
    nodes: &'a [Node; 2],
}

impl Namer<'_> {
    /// The groups in words.
    fn all(&self, groups: &[Group]) -> Vec<Told> {
        let mut told: Vec<Told> = groups.iter().map(|group| self.one(group)).collect();
        // Values are looked up together, so that each file is read once.
        let paths: Vec<Option<(Whose, Path)>> = groups.iter().map(|group| self.value(group)).collect();
        let sides = [self.difference.old, self.difference.new];
        for (side, which) in [Which::Old, Which::New].into_iter().enumerate() {
            let places = Places::new(&sides[side].loaded.layers, &self.nodes[side]);
            let steps = |path: &Option<(Whose, Path)>| {
                path.as_ref().and_then(|(whose, path)| Some((*whose, leaves::steps(path, which)?)))
            };
            let wanted: Vec<(usize, (Whose, Vec<yaml::Step>))> =
                paths.iter().enumerate().filter_map(|(i, path)| Some((i, steps(path)?))).collect();
            let asked: Vec<(Whose, Vec<yaml::Step>)> =
                wanted.iter().map(|(_, asked)| asked.clone()).collect();
            for ((index, _), place) in wanted.iter().zip(places.find(&asked)) {
                if told[*index].places[side].is_none() {
                    told[*index].places[side] = place.map(Arc::from);
                }
            }
        }
        told
    }

    fn one(&self, group: &Group) -> Told {
        let mut told = Told { kind: group.kind, what: None, places: [None, None] };
        if let Some((_, path)) = self.value(group) {
            told.what = Some(path.to_string().into());
            if let [atom] = group.atoms[..]
                && let What::Default(pair, leaf) = &self.difference.atoms[atom].what
            {
                told.places = self.of_default(*pair, leaf);
            }
            return told;
        }
        let [atom] = group.atoms[..] else { return told };
        match &self.difference.atoms[atom].what {
            What::User(_) | What::Default(..) => {}
            What::Template(pair, name) | What::File(pair, name) => {
                let has = |chart: &Chart| {
                    chart.templates.iter().chain(chart.files.iter()).any(|file| file.name == *name)
                };
                told.places = self.charts(*pair).map(|c| has(c).then(|| c.display_path(name).into()));
                told.what = told.places[1].clone().or_else(|| told.places[0].clone());
                if let [Some(old), Some(new)] = self.charts(*pair).map(|chart| text_of(chart, name))
                    && let Some(line) = edited_line(&old.to_text(), &new.to_text())
                {
                    told.places = told.places.map(|file| Some(format!("{}:{line}", file?).into()));
                }
            }
            What::Structure(pair) => {
                told.what = Some(self.charts(*pair)[1].display_path("Chart.yaml").into());
                told.places = self.charts(*pair).map(|chart| Some(metadata_place(chart, "dependencies")));
            }
            What::Metadata(pair, field) => {
                let names = self.difference.pairs[*pair].names.iter().map(String::as_str);
                told.what = Some(names.chain([field.name()]).collect::<Vec<_>>().join(".").into());
                let key = if *field == Field::Other { "" } else { field.name() };
                told.places = self.charts(*pair).map(|chart| Some(metadata_place(chart, key)));
            }
            What::Part(part) => told.what = Some(part.name().into()),
        }
        told
    }

    fn charts(&self, pair: usize) -> [&Chart; 2] {
        let pair = &self.difference.pairs[pair];
        [pair.old, pair.new]
    }

    /// The path of the value that a group is, or of what its values have in common.
    fn value(&self, group: &Group) -> Option<(Whose, Path)> {
        let whose = match group.kind {
            CauseKind::Values => Whose::Either,
            CauseKind::Defaults => Whose::Defaults,
            _ => return None,
        };
        let (first, rest) = group.atoms.split_first()?;
        let atom = &self.difference.atoms[*first];
        let path = match &atom.what {
            What::User(leaf) => leaf.path.0.clone(),
            What::Default(pair, leaf) => {
                let names = self.difference.pairs[*pair].names.iter();
                names.map(|name| Step::Key(name.as_str().into())).chain(leaf.path.0.iter().cloned()).collect()
            }
            _ => return None,
        };
        let common = rest.iter().fold(path.len(), |common, other| {
            let other = &self.difference.atoms[*other].names;
            atom.names.iter().zip(other).take(common).take_while(|(a, b)| a == b).count()
        });
        let path = path.into_iter().take(common).collect::<Vec<_>>();
        (!path.is_empty()).then_some((whose, Path(path)))
    }

    /// Where a default stands in the file of its own chart, whatever stands over it.
    fn of_default(&self, pair: usize, leaf: &Leaf) -> [Option<Arc<str>>; 2] {
        let [old, new] = self.charts(pair);
        [(old, Which::Old), (new, Which::New)].map(|(chart, which)| {
            leaf.on(which)?;
            let steps = leaves::steps(&leaf.path, which)?;
            Some(place_in(chart.values_text.as_ref(), &chart.display_path("values.yaml"), &steps))
        })
    }
}

fn text_of<'a>(chart: &'a Chart, name: &str) -> Option<&'a Str> {
    chart.templates.iter().chain(chart.files.iter()).find(|file| *file.name == *name).map(|file| &file.data)
}

/// The first line that differs between two texts, if only a few lines in one place do.
fn edited_line(old: &str, new: &str) -> Option<usize> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = (old.len() - start, new.len() - start);
    let end =
        old.iter().rev().zip(new.iter().rev()).take(rest.0.min(rest.1)).take_while(|(a, b)| a == b).count();
    (rest.0.max(rest.1) - end <= MAX_EDIT).then_some(start + 1)
}

fn metadata_place(chart: &Chart, key: &str) -> Arc<str> {
    place_in(chart.metadata_text.as_ref(), &chart.display_path("Chart.yaml"), &[yaml::Step::key(key)])
}

fn place_in(text: Option<&Str>, file: &str, steps: &[yaml::Step]) -> Arc<str> {
    match text.and_then(|text| yaml::locate(text.as_bytes(), steps)) {
        Some(position) => format!("{file}:{}", position.key.unwrap_or(position.value).line).into(),
        None => file.into(),
    }
}

/// Finds the lines of templates that wrote fields.
struct Lines<'a> {
    difference: &'a Difference<'a>,
    /// Who wrote each line of each side, once that is asked; none if the side can't be rendered again.
    traces: [OnceCell<Option<Trace>>; 2],
    /// The edited templates that were looked at, by atom and side.
    edited: RefCell<HashMap<(usize, usize), Rc<Edited>>>,
}

impl<'a> Lines<'a> {
    fn new(difference: &'a Difference<'a>) -> Lines<'a> {
        Lines { difference, traces: [OnceCell::new(), OnceCell::new()], edited: RefCell::default() }
    }

    fn trace(&self, side: usize) -> Option<&Trace> {
        let record = || {
            let side: &Rendered = if side == 0 { self.difference.old } else { self.difference.new };
            let mut trace = Trace::default();
            render::trace_loaded(&side.request, &side.loaded, &mut trace).ok()?;
            Some(trace)
        };
        self.traces[side].get_or_init(record).as_ref()
    }

    /// Adds the lines to the causes of fields that are templates.
    fn add(
        &self,
        which: Which,
        object: &Object,
        changes: &[FieldChange],
        fields: &mut [Vec<(u32, Told)>],
        groups: &[Group],
    ) {
        let side = usize::from(which == Which::New);
        let mut wanted = Vec::new();
        for (index, (change, causes)) in changes.iter().zip(fields.iter()).enumerate() {
            let is_there = if side == 1 { change.new.is_some() } else { change.old.is_some() };
            for (cause, (group, _)) in causes.iter().enumerate() {
                if is_there
                    && let Some(template) = self.template(groups.get(*group as usize), side)
                    && let Some(steps) = steps_to_text(&change.path, which)
                {
                    wanted.push((index, cause, template, steps));
                }
            }
        }
        let text = object.text.0.as_bytes();
        let document = text.get(object.text.1.clone()).unwrap_or_default();
        // An item of a list has no document of its own.
        let is_own = |head: yaml::Head| *head.kind == *object.id.kind;
        if wanted.is_empty() || !yaml::inspect(document).is_ok_and(is_own) {
            return;
        }
        let lines: Vec<Range<usize>> = lines_of(document, object.text.1.start);
        let steps: Vec<&[yaml::Step]> = wanted.iter().map(|(.., steps)| &steps[..]).collect();
        let positions = yaml::locate_all(document, &steps);
        let Some(trace) = self.trace(side) else { return };
        let Some(rendered) = trace.file(&object.source) else { return };
        for ((field, cause, template, _), position) in wanted.iter().zip(positions) {
            let Some(position) = position else { continue };
            let line = position.key.unwrap_or(position.value).line;
            let Some(line) = line.checked_sub(1).and_then(|index| lines.get(index)) else { continue };
            let writers = rendered.record.writers(rendered.text.as_bytes(), line.clone());
            if let Some(line) = template.line(trace, &writers)
                && let Some((_, told)) = fields.get_mut(*field).and_then(|causes| causes.get_mut(*cause))
            {
                told.places[side] = Some(format!("{}:{line}", template.file).into());
            }
        }
    }

    /// The template on a side that a cause is.
    fn template(&self, group: Option<&Group>, side: usize) -> Option<Rc<Edited>> {
        let [atom] = group?.atoms[..] else { return None };
        let known = self.edited.borrow().get(&(atom, side)).cloned();
        if known.is_some() {
            return known;
        }
        let What::Template(pair, name) = &self.difference.atoms[atom].what else { return None };
        let pair = &self.difference.pairs[*pair];
        let (own, other) = if side == 0 { (pair.old, pair.new) } else { (pair.new, pair.old) };
        let (text, before) = (text_of(own, name), text_of(other, name));
        let lines = match (text, before) {
            (Some(text), Some(before)) => edited_lines(&text.to_text(), &before.to_text()),
            _ => Vec::new(),
        };
        let edited = Rc::new(Edited { file: own.display_path(name), lines });
        self.edited.borrow_mut().insert((atom, side), edited.clone());
        Some(edited)
    }
}

/// The bytes of each line of a document, which begins at `start` of its file.
fn lines_of(document: &[u8], start: usize) -> Vec<Range<usize>> {
    let mut next = start;
    let line = |line: &[u8]| {
        let range = next..next + line.len();
        next = range.end;
        range
    };
    document.split_inclusive(|&b| b == b'\n').map(line).collect()
}

/// A template on one side that differs from the other one's.
struct Edited {
    file: String,
    /// The lines (from 1) that the other side's doesn't have.
    lines: Vec<usize>,
}

impl Edited {
    /// The line of it that a field hangs on: an edited one, if one of the nodes that wrote the field, gave its
    /// variables their values, or decided whether it is there stands on one; else that of the first writer.
    fn line(&self, trace: &Trace, writers: &[EmissionId]) -> Option<usize> {
        let around = |id: EmissionId| {
            let context = trace.emission(id).map(|emission| emission.context);
            let blocks = context.into_iter().flat_map(|context| trace.contexts_of(context));
            blocks.filter_map(|context| context.by).collect::<Vec<_>>()
        };
        let mut ids: Vec<EmissionId> = writers.to_vec();
        ids.extend(writers.iter().flat_map(|&id| around(id)));
        let ids = ids.iter().flat_map(|&id| trace.sources_of(id));
        let mut first = None;
        for id in ids {
            let Some(site) = trace.emission(id).map(|emission| emission.site) else { continue };
            let Some(text) = trace.texts.get(site.text as usize) else { continue };
            if text.file.as_deref() != Some(&self.file) {
                continue;
            }
            let bytes = text.text.as_bytes();
            let count =
                |end: u32| memchr::memchr_iter(b'\n', bytes.get(..end as usize).unwrap_or_default()).count();
            let (start, end) = (count(site.start) + 1, count(site.end) + 1);
            if let Some(line) = self.lines.iter().find(|line| (start..=end).contains(line)) {
                return Some(*line);
            }
            if first.is_none() && writers.contains(&id) {
                first = Some(start);
            }
        }
        first
    }
}

/// The lines (from 1) of a text that another one doesn't have.
fn edited_lines(text: &str, other: &str) -> Vec<usize> {
    let (old, new): (Vec<&str>, Vec<&str>) = (other.lines().collect(), text.lines().collect());
    if old.len().max(new.len()) > MAX_LINES {
        return Vec::new();
    }
    similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new)
        .into_iter()
        .filter(|op| op.tag() != similar::DiffTag::Equal)
        .flat_map(|op| op.new_range())
        .map(|index| index + 1)
        .collect()
}

/// The steps to a field in its document; to the string, for what lies within its text.
fn steps_to_text(path: &Path, which: Which) -> Option<Vec<yaml::Step>> {
    let outer = path.0.iter().take_while(|step| !matches!(step, Step::Text(_))).cloned().collect();
    leaves::steps(&Path(outer), which)
}
