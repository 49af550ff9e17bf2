//! Where findings come from: the line of a file or template, and the values that were read there.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::compare::{self, Path};
use crate::diagnostic::Result;
use crate::diff::side::Rendered;
use crate::explain::few::{Brief, Briefs};
use crate::manifest::object::{Object, Role};
use crate::render;
use crate::rules::object::Finding;
use crate::trace::Trace;
use crate::values::origin::Origins;
use crate::values::{self, Prepared};
use crate::yaml::{self, Step};

use super::source::Source;

/// Where a finding is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The file: of stored objects the file itself, of charts the template or the values file.
    pub file: String,
    /// The line, from 1; 0 if it is not known.
    pub line: usize,
    /// The rendered file and its line, if the object was rendered.
    pub rendered: Option<(String, usize)>,
    /// The values that the line was made of, and where they are set.
    pub values: Vec<(String, String)>,
}

impl Spot {
    /// The file, unless it is a flag that set a value.
    pub fn in_file(&self) -> Option<&str> {
        let is_flag = self.line == 0 && self.file.starts_with("--");
        Some(self.file.as_str()).filter(|file| !file.is_empty() && !is_flag)
    }
}

/// Where each finding is, in their order. Charts with findings in what they rendered are rendered once more, recorded;
/// that a record was cut, is added to `warnings`.
///
/// # Errors
/// When one can't be.
pub(super) fn spots(
    sources: &[Source],
    owners: &HashMap<*const Object, usize>,
    findings: &[Finding],
    warnings: &mut Vec<String>,
) -> Result<Vec<Spot>> {
    let mut spots = vec![Spot::default(); findings.len()];
    let mut of_sources: Vec<Vec<usize>> = vec![Vec::new(); sources.len()];
    for (index, finding) in findings.iter().enumerate() {
        let owner = owners.get(&Arc::as_ptr(&finding.object));
        if let Some(own) = owner.and_then(|owner| of_sources.get_mut(*owner)) {
            own.push(index);
        }
    }
    let mut lines = Lines::default();
    for (source, own) in sources.iter().zip(of_sources).filter(|(_, own)| !own.is_empty()) {
        let own: Vec<(usize, &Finding)> =
            own.into_iter().filter_map(|i| Some((i, findings.get(i)?))).collect();
        // What is in crds/, stands there as it is.
        let is_made = own.iter().any(|(_, finding)| finding.object.role != Role::Definition);
        let recorded = source.rendered().filter(|_| is_made).map(Recorded::new).transpose()?;
        if recorded.as_ref().is_some_and(|recorded| recorded.trace.cut) {
            let name = source.name();
            warnings.push(format!(
                "{name} renders too much to tell of all findings which template they come from"
            ));
        }
        let mut written = recorded.as_ref().map(Written::new);
        for ((index, finding), line) in own.iter().zip(lines.of(&own)) {
            if let Some(spot) = spots.get_mut(*index) {
                *spot = spot_of(source, written.as_mut(), finding, line);
            }
        }
    }
    Ok(spots)
}

/// A chart that was rendered once more.
struct Recorded {
    trace: Trace,
    prepared: Prepared,
    origins: Origins,
    root: String,
}

impl Recorded {
    fn new(rendered: &Rendered) -> Result<Recorded> {
        let Rendered { request, loaded, .. } = rendered;
        let mut trace = Trace::default();
        render::trace_loaded(request, loaded, &mut trace).map_err(|failure| failure.error)?;
        Ok(Recorded {
            trace,
            prepared: values::prepare(&loaded.chart, &loaded.layers, true, &request.limits, &mut Vec::new())?,
            origins: Origins::of(&loaded.chart, &loaded.layers)?,
            root: format!("{}/", request.chart.trim_end_matches('/')),
        })
    }
}

/// Who wrote the lines of a render; of each line it is asked for once.
struct Written<'a> {
    briefs: Briefs<'a>,
    lines: HashMap<(*const u8, usize), Option<Rc<Brief>>>,
}

impl<'a> Written<'a> {
    fn new(recorded: &'a Recorded) -> Written<'a> {
        let Recorded { trace, prepared, origins, root } = recorded;
        let briefs = Briefs::new(trace, &prepared.chart, &prepared.values, origins, root);
        Written { briefs, lines: HashMap::new() }
    }

    fn of(&mut self, object: &Object, (number, range): Line) -> Option<Rc<Brief>> {
        let text = object.text.0.as_bytes();
        let briefs = &mut self.briefs;
        let of = || briefs.of(&object.source, text, range);
        self.lines.entry((text.as_ptr(), number)).or_insert_with(of).clone()
    }
}

/// A line (from 1) of a text, and the bytes that it takes.
type Line = (usize, Range<usize>);

fn spot_of(source: &Source, written: Option<&mut Written<'_>>, finding: &Finding, line: Line) -> Spot {
    let object = &finding.object;
    let number = line.0;
    let Some(written) = written.filter(|_| object.role != Role::Definition) else {
        let file = file_of(source, object);
        // What was made of a file has lines of its own.
        let stands_there = source.holds(object) || object.role == Role::Definition;
        return Spot { file, line: if stands_there { number } else { 0 }, ..Spot::default() };
    };
    let rendered = Some((object.source.to_string(), number));
    match written.of(object, line) {
        Some(brief) => {
            Spot { file: brief.file.clone(), line: brief.line, rendered, values: brief.values.clone() }
        }
        None => Spot { file: file_of(source, object), rendered, ..Spot::default() },
    }
}

/// The file that an object comes from, as the user would name it.
fn file_of(source: &Source, object: &Object) -> String {
    match (source.rendered(), object.source.split_once('/')) {
        (Some(_), Some((_, path))) => format!("{}/{path}", source.name().trim_end_matches('/')),
        _ => object.source.to_string(),
    }
}

/// Where the lines of texts begin.
#[derive(Default)]
struct Lines {
    starts: HashMap<*const u8, Vec<usize>>,
}

impl Lines {
    /// The lines of the fields that findings are about, or of what is there of the way to them. Each document is read
    /// once.
    fn of(&mut self, findings: &[(usize, &Finding)]) -> Vec<Line> {
        let mut found: Vec<Line> = vec![(0, 0..0); findings.len()];
        let mut by_document: BTreeMap<(*const u8, usize), Vec<usize>> = BTreeMap::new();
        for (index, (_, finding)) in findings.iter().enumerate() {
            let (text, range) = &finding.object.text;
            by_document.entry((text.as_bytes().as_ptr(), range.start)).or_default().push(index);
        }
        for own in by_document.into_values() {
            let objects: Vec<&Finding> = own.iter().filter_map(|i| Some(findings.get(*i)?.1)).collect();
            for (index, line) in own.iter().zip(self.within(&objects)) {
                if let Some(slot) = found.get_mut(*index) {
                    *slot = line;
                }
            }
        }
        found
    }

    /// The lines of findings of one document.
    fn within(&mut self, findings: &[&Finding]) -> Vec<Line> {
        let Some(first) = findings.first() else { return Vec::new() };
        let (text, range) = (first.object.text.0.as_bytes(), first.object.text.1.clone());
        let document = text.get(range.clone()).unwrap_or_default();
        // The field, what is around it, and so on; at last the object's name.
        let mut paths: Vec<Vec<Step>> = Vec::new();
        let mut ends = Vec::new();
        for finding in findings {
            let base = &finding.object.steps;
            let own = finding.field.as_ref().map(steps).unwrap_or_default();
            paths.extend((1..=own.len()).rev().map(|length| [base, &own[..length]].concat()));
            paths.push([&base[..], &[Step::key("metadata"), Step::key("name")]].concat());
            paths.push([&base[..], &[Step::key("kind")]].concat());
            ends.push(paths.len());
        }
        let places = yaml::locate_all(document, &paths);
        let starts = self.starts.entry(text.as_ptr()).or_insert_with(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|end| end + 1)).collect()
        });
        let before = starts.partition_point(|start| *start <= range.start).saturating_sub(1);
        let mut from = 0;
        let mut lines = Vec::new();
        for end in ends {
            let place = places.get(from..end).into_iter().flatten().flatten().next();
            from = end;
            let within = place.map_or(1, |place| place.key.unwrap_or(place.value).line.max(1));
            let index = before + within - 1;
            let start = starts.get(index).copied().unwrap_or(range.start);
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            lines.push((index + 1, start.min(text.len())..end.max(start)));
        }
        lines
    }
}

/// A path as steps into YAML. What lies within a text has no line of its own.
fn steps(path: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    for step in &path.0 {
        match step {
            compare::Step::Key(key) => steps.push(Step::Key(key.clone())),
            compare::Step::Item { new: Some(index), .. } | compare::Step::Index { new: Some(index), .. } => {
                steps.push(Step::Index(*index));
            }
            _ => break,
        }
    }
    steps
}
