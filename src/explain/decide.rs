//! The values that decide an object's lines.

use std::ops::Range;

use crate::diagnostic::Place;
use crate::json::{self, Escape};
use crate::manifest::object::{Document, Object, read};
use crate::manifest::split;
use crate::value::{Str, Value};
use crate::yaml::Step;

use super::Explained;
use super::field::{self, Field};
use super::influence::{Influence, LineInfluence, Names, ValuePath, path};
use super::object::{Decides, Explanation};
use super::reads::Reads;

/// So many values are tried at most for one answer.
const MAX_VALUES: usize = 5_000;
/// The fields by which an object is the one that it is.
const IDENTITY: [&[&str]; 4] =
    [&["kind"], &["apiVersion"], &["metadata", "name"], &["metadata", "namespace"]];

/// Finds the values that decide the lines of an explanation, or of the field it is about.
pub(super) fn decide(
    explained: &Explained,
    reads: &Reads<'_>,
    object: &Object,
    field: Option<&Field>,
    explanation: &mut Explanation,
) {
    let bench = &explained.bench;
    let source = &*object.source;
    let writers = bench.writers();
    let wanted = |file: &str| file == source || writers.iter().any(|writer| **writer == *file);
    let mut candidates = reads.in_files(&wanted);
    // Charts that come and go with a condition don't read it.
    for path in bench.conditions() {
        if !candidates.contains(&path) {
            candidates.push(path);
        }
    }
    explanation.complete &= !explained.trace.cut;
    if candidates.len() > MAX_VALUES {
        candidates.truncate(MAX_VALUES);
        explanation.complete = false;
    }
    let names: Names = [object.source.clone()].into_iter().collect();
    let (Some(first), Some(last)) = (explanation.lines.first(), explanation.lines.last()) else { return };
    let range = first.number..last.number + 1;
    let identity = identity(object);
    for influence in bench.influences(&candidates, Some(&names)) {
        explanation.complete &= influence.complete;
        let of_influence = |found: Option<&Found>| {
            let trials = influence.trials.iter();
            Decides {
                path: influence.path.clone(),
                value: influence.value.clone(),
                origin: explained.origin(&influence.path).cloned(),
                set_at: match influence.value {
                    Some(_) => None,
                    None => set_at(explained, reads, &influence.path),
                },
                trials: trials.map(|trial| (trial.replacement.clone(), trial.failure.clone())).collect(),
                added: found.map(|found| found.added.clone()).unwrap_or_default(),
                example: None,
            }
        };
        let is_moved =
            |found: &Found| field.is_none_or(|field| moves(explained, &influence, found, object, field));
        if let Some(found) = decides(&influence, source, range.clone()).filter(is_moved) {
            let index = explanation.values.len();
            explanation.values.push(of_influence(Some(&found)));
            for line in &mut explanation.lines {
                // The lines are in order.
                if let Ok(at) = found.lines.binary_search_by_key(&line.number, |(number, _)| *number) {
                    line.values.extend(found.lines.get(at).map(|(_, how)| (index, *how)));
                }
            }
        } else if identity
            .iter()
            .any(|line| decides(&influence, source, *line..line + 1).is_some_and(|found| is_moved(&found)))
        {
            explanation.identity.push(of_influence(None));
        } else if could_decide(&influence, explanation) {
            explanation.maybe.push(of_influence(None));
        }
    }
    for index in 0..explanation.values.len() {
        let example = example(explained, source, explanation, index);
        if let Some(decides) = explanation.values.get_mut(index) {
            decides.example = example;
        }
    }
}

/// The lines of the rendered file by which an object is the one that it is.
fn identity(object: &Object) -> Vec<usize> {
    let (text, range) = (object.text.0.as_bytes(), object.text.1.clone());
    let before = memchr::memchr_iter(b'\n', text.get(..range.start).unwrap_or_default()).count();
    let document = text.get(range).unwrap_or_default();
    let line = |keys: &&[&str]| {
        let steps: Vec<Step> = keys.iter().map(|key| Step::key(*key)).collect();
        field::lines(document, &steps).map(|lines| before + lines.start)
    };
    IDENTITY.iter().filter_map(line).collect()
}

/// Where a template sets a value.
fn set_at(explained: &Explained, reads: &Reads<'_>, path: &[Step]) -> Option<Place> {
    let emission = explained.trace.emission(reads.setter(path)?)?;
    explained.trace.place(emission.site)
}

/// What a value does to the lines of a range.
struct Found {
    lines: Vec<(usize, LineInfluence)>,
    added: Vec<(usize, String, usize)>,
}

fn decides(influence: &Influence, source: &str, range: Range<usize>) -> Option<Found> {
    let file = influence.file(source)?;
    let lines: Vec<_> = file.lines.range(range.clone()).map(|(number, how)| (*number, *how)).collect();
    // What would come in after the last line is not part of the field.
    let inside = range.start..range.end.saturating_sub(1);
    let added: Vec<_> = (file.added.iter())
        .filter(|(_, added)| inside.contains(&added.after))
        .map(|(trial, added)| (added.after, added.text.join("\n"), *trial))
        .collect();
    (!lines.is_empty() || !added.is_empty()).then_some(Found { lines, added })
}

/// Whether a value really decides a field, not only the lines that it takes: a dash before it may come from a line
/// that went.
fn moves(
    explained: &Explained,
    influence: &Influence,
    found: &Found,
    object: &Object,
    field: &Field,
) -> bool {
    let names: Names = [object.source.clone()].into_iter().collect();
    let of_lines = found.lines.iter().flat_map(|(_, how)| [how.changed, how.gone]).flatten();
    let mut trials: Vec<usize> = of_lines.chain(found.added.iter().map(|(.., trial)| *trial)).collect();
    trials.sort_unstable();
    trials.dedup();
    trials.into_iter().any(|trial| {
        let replacement = influence.trials.get(trial).map(|trial| &trial.replacement);
        let changes = replacement
            .and_then(|replacement| explained.bench.change(&influence.path, replacement, Some(&names)).ok());
        let text = changes.into_iter().flatten().find(|change| change.file == object.source);
        // What can't be read again is judged by its lines.
        let Some(change) = text else { return true };
        let Some(text) = change.text else { return true };
        field_in(&text, object, field).is_none_or(|now| !is_equal(now.as_ref(), &field.value))
    })
}

/// The value of a field of the same object in another render of its file; `None` if the file can't be read.
fn field_in(text: &Str, object: &Object, field: &Field) -> Option<Option<Value>> {
    let mut objects = Vec::new();
    for range in split::split(text.as_bytes()) {
        let namespace = &object.id.namespace;
        let document = Document { source: &object.source, text: (text, range), role: object.role, namespace };
        read(&document, &mut objects).ok()?;
    }
    let other = objects.into_iter().find(|other| other.id == object.id);
    Some(other.and_then(|other| path::at(other.value.as_map()?, &field.steps)))
}

fn is_equal(now: Option<&Value>, before: &Value) -> bool {
    let text = |value: &Value| json::encode(value, Escape::None).ok();
    now.is_some_and(|now| text(now) == text(before))
}

/// Whether a value that could not be tried was read by who wrote the lines.
fn could_decide(influence: &Influence, explanation: &Explanation) -> bool {
    let failed = influence.trials.iter().all(|trial| trial.failure.is_some());
    let reads = |paths: &[ValuePath]| paths.contains(&influence.path);
    failed
        && explanation
            .lines
            .iter()
            .flat_map(|line| &line.writers)
            .any(|writer| reads(&writer.reads) || writer.calls.iter().any(|call| reads(&call.reads)))
}

/// What the first line that a value decides becomes with another.
fn example(
    explained: &Explained,
    source: &str,
    explanation: &Explanation,
    index: usize,
) -> Option<(usize, String, usize)> {
    let decides = explanation.values.get(index)?;
    let (line, trial) = explanation.lines.iter().find_map(|line| {
        let (_, how) = line.values.iter().find(|(value, how)| *value == index && how.changed.is_some())?;
        Some((line.number, how.changed?))
    })?;
    let (replacement, _) = decides.trials.get(trial)?;
    let names: Names = [source.into()].into_iter().collect();
    let changes = explained.bench.change(&decides.path, replacement, Some(&names)).ok()?;
    let change = changes.into_iter().find(|change| *change.file == *source)?;
    let (new, ..) = change.delta.new_lines.iter().find(|(_, old, replaced)| *replaced && *old == line)?;
    let text = change.text?;
    let text = text.as_bytes().split(|&b| b == b'\n').nth(new.checked_sub(1)?)?;
    Some((line, String::from_utf8_lossy(text).trim_end().to_string(), trial))
}
