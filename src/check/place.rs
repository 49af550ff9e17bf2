//! Where findings come from: the line of a file or template, and the values that were read there.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::compare::{self, Path};
use crate::diagnostic::Result;
use crate::explain::object::steps_in_document;
use crate::explain::reads::Reads;
use crate::explain::{Explained, Writer};
use crate::manifest::object::{Object, Role};
use crate::rules::object::Finding;
use crate::trace::Role as Wrote;
use crate::values::origin::path_words;
use crate::yaml::{self, Step};

use super::source::Source;

/// So many values are named of one finding.
const MOST_VALUES: usize = 3;

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

/// Where each finding is, in their order. Charts with findings are rendered once more, recorded.
///
/// # Errors
/// When one can't be.
pub(super) fn spots(
    sources: &[Source],
    owners: &HashMap<*const Object, usize>,
    findings: &[Finding],
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
        let explained = source.rendered().map(|rendered| Explained::new(&rendered.request, &mut Vec::new()));
        let explained = explained.transpose()?;
        let recorded = explained.as_ref().map(|it| (it, Reads::new(&it.trace, &it.bench)));
        for ((index, finding), line) in own.iter().zip(lines.of(&own)) {
            if let Some(spot) = spots.get_mut(*index) {
                *spot = spot_of(source, recorded.as_ref(), finding, line);
            }
        }
    }
    Ok(spots)
}

/// A line (from 1) of a text, and the bytes that it takes.
type Line = (usize, Range<usize>);

fn spot_of(
    source: &Source,
    recorded: Option<&(&Explained, Reads<'_>)>,
    finding: &Finding,
    line: Line,
) -> Spot {
    let object = &finding.object;
    let (number, range) = line;
    let Some((explained, reads)) = recorded.filter(|_| object.role != Role::Definition) else {
        let file = file_of(source, object);
        // What was made of a file has lines of its own.
        let stands_there = source.holds(object) || object.role == Role::Definition;
        return Spot { file, line: if stands_there { number } else { 0 }, ..Spot::default() };
    };
    let text = object.text.0.as_bytes();
    let mut spot = Spot { rendered: Some((object.source.to_string(), number)), ..Spot::default() };
    let writers = explained.writers(reads, &object.source, text, range);
    // An action says more than the text around it, and one that reads values more than others.
    let rank = |writer: &&Writer| (writer.reads.is_empty(), writer.role != Wrote::Action);
    if let Some(writer) = writers.iter().min_by_key(rank) {
        spot.file = writer.place.file.to_string();
        spot.line = writer.place.line;
        spot.values = values(explained, writer);
    } else {
        spot.file = file_of(source, object);
    }
    spot
}

/// The values that a writer read, and where they are set; of many, what is around them all.
fn values(explained: &Explained, writer: &Writer) -> Vec<(String, String)> {
    let root = format!("{}/", explained.request.chart.trim_end_matches('/'));
    let of = |path: &Vec<Step>| {
        let set = explained.origin(path).and_then(|chain| chain.links.first());
        Some((path_words(path), set?.words(&root)))
    };
    if let ([first, rest @ ..], true) = (writer.reads.as_slice(), writer.reads.len() > MOST_VALUES) {
        let common = |other: &Vec<Step>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
        let length = rest.iter().map(common).min().unwrap_or_default();
        let around: Vec<Step> = first.iter().take(length).cloned().collect();
        return if around.is_empty() { Vec::new() } else { of(&around).into_iter().collect() };
    }
    writer.reads.iter().filter_map(of).collect()
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
    /// The lines of the fields that findings are about, or of what is there of the way to them.
    fn of(&mut self, findings: &[(usize, &Finding)]) -> Vec<Line> {
        let mut found: Vec<Line> = vec![(0, 0..0); findings.len()];
        let mut by_object: HashMap<*const Object, Vec<usize>> = HashMap::new();
        for (index, (_, finding)) in findings.iter().enumerate() {
            by_object.entry(Arc::as_ptr(&finding.object)).or_default().push(index);
        }
        for own in by_object.into_values() {
            let own: Vec<(usize, &Finding)> =
                own.into_iter().filter_map(|i| Some((i, findings.get(i)?.1))).collect();
            let Some((_, first)) = own.first() else { continue };
            let object = first.object.clone();
            for ((index, _), line) in own.iter().zip(self.within(&object, &own)) {
                if let Some(slot) = found.get_mut(*index) {
                    *slot = line;
                }
            }
        }
        found
    }

    /// The lines of findings of one object.
    fn within(&mut self, object: &Object, findings: &[(usize, &Finding)]) -> Vec<Line> {
        let (text, range) = (object.text.0.as_bytes(), object.text.1.clone());
        let document = text.get(range.clone()).unwrap_or_default();
        let base = steps_in_document(document, object, &[]);
        // The field, what is around it, and so on; at last the object's name.
        let mut paths: Vec<Vec<Step>> = Vec::new();
        let mut ends = Vec::new();
        for (_, finding) in findings {
            let own = finding.field.as_ref().map(steps).unwrap_or_default();
            paths.extend((1..=own.len()).rev().map(|length| [&base[..], &own[..length]].concat()));
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
