//! An object, or a field of one: its lines, who wrote them, and the values that decide them.

use std::ops::Range;

use crate::diagnostic::{Error, Place, Result, nearest};
use crate::json::{self, Escape};
use crate::manifest::object::{Document, Object, Role, read};
use crate::manifest::split;
use crate::trace::Trace;
use crate::value::{Str, Value};
use crate::values::origin::Chain;
use crate::yaml::{self, Step};

use super::Explained;
use super::field::{self, Field};
use super::influence::{Influence, LineInfluence, Names, Replacement, ValuePath, path};
use super::reads::Reads;
use super::writer::{Writer, writer};

/// So many values are tried at most for one answer.
const MAX_VALUES: usize = 5_000;
/// So many names are listed in a hint.
const MAX_NAMES: usize = 12;

/// Why an object, or a field of it, is as it is.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The object: `Deployment/gateway`.
    pub object: String,
    /// The field, if one was asked for: `spec.replicas`.
    pub field: Option<String>,
    /// The name of the rendered file, as `# Source:` shows it.
    pub source: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The values that decide any of the lines.
    pub values: Vec<Decides>,
    /// The values that may decide some of the lines: nothing could be rendered with others in their place.
    pub maybe: Vec<Decides>,
    /// Whether all values were tried.
    pub complete: bool,
    /// The file was not rendered: a definition of `crds/`, as it is in the chart.
    pub is_plain: bool,
}

/// A line of output.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number (from 1) in the rendered file.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// Who wrote it, in their order.
    pub writers: Vec<Writer>,
    /// Who decides it: indexes of [`Explanation::values`], and how.
    pub values: Vec<(usize, LineInfluence)>,
}

/// A value that decides lines.
#[derive(Clone, Debug)]
pub struct Decides {
    /// Its path, from the outermost chart's values on.
    pub path: ValuePath,
    /// What it is; none if it isn't set.
    pub value: Option<Value>,
    /// Who set it.
    pub origin: Option<Chain>,
    /// Which template put it there, or something else in its place, while the chart was rendered.
    pub set_at: Option<Place>,
    /// What was tried instead, by the indexes that lines refer to; why not, where nothing could be rendered.
    pub trials: Vec<(Replacement, Option<String>)>,
    /// Where other lines would come in: after which line, what, and with which trial.
    pub added: Vec<(usize, String, usize)>,
    /// What the first line that would change became: the line, its other text, the trial.
    pub example: Option<(usize, String, usize)>,
}

/// Finds an object by `Kind/name`, as kubectl takes it: the kind in any case, with or without its group.
///
/// # Errors
/// When there is none, or more than one.
pub fn find<'e>(explained: &'e Explained, wanted: &str) -> Result<&'e Object> {
    let (kind, name) = match wanted.rsplit_once('/') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, wanted),
    };
    let fits = |object: &&Object| {
        let has_kind = |kind: &str| {
            let (kind, group) =
                kind.split_once('.').map_or((kind, None), |(kind, group)| (kind, Some(group)));
            let own = object.id.kind.to_lowercase();
            let asked = kind.to_lowercase();
            let is_kind = own == asked || plural(&own) == asked || short(&own) == Some(asked.as_str());
            is_kind && group.is_none_or(|group| group.eq_ignore_ascii_case(&object.id.group))
        };
        // `namespace/Kind/name` tells apart what is of the same name in two namespaces.
        let kind = kind.map(|kind| kind.rsplit_once('/').map_or((None, kind), |(ns, kind)| (Some(ns), kind)));
        let is_there =
            kind.is_none_or(|(ns, kind)| has_kind(kind) && ns.is_none_or(|ns| *object.id.namespace == *ns));
        is_there && *object.id.name == *name
    };
    let found: Vec<&Object> = explained.objects.iter().filter(fits).collect();
    match found.as_slice() {
        [object] => Ok(object),
        [] => {
            let error = Error::new(format!("the chart renders no object {wanted}"));
            let known: Vec<String> = explained.objects.iter().map(|object| object.id.to_string()).collect();
            Err(match nearest(wanted, known.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(listed("it renders ", &known)),
            })
        }
        [first, ..] => {
            let names: Vec<String> = found.iter().map(|object| named(object, first)).collect();
            Err(Error::new(format!("{wanted} is more than one object")).hint(listed("say which: ", &names)))
        }
    }
}

/// A name that tells an object from one that has the same name.
fn named(object: &Object, other: &Object) -> String {
    let is_only_elsewhere = object.id.kind == other.id.kind && object.id.group == other.id.group;
    if is_only_elsewhere { format!("{}/{}", object.id.namespace, object.id) } else { object.id.to_string() }
}

fn listed(before: &str, names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMES);
    let shown = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{before}{shown} and {more} more") } else { format!("{before}{shown}") }
}

fn plural(kind: &str) -> String {
    if kind.ends_with('s') {
        format!("{kind}es")
    } else if let Some(stem) = kind.strip_suffix('y') {
        format!("{stem}ies")
    } else {
        format!("{kind}s")
    }
}

/// kubectl's short names of the kinds that charts have most.
fn short(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "configmap" => "cm",
        "cronjob" => "cj",
        "customresourcedefinition" => "crd",
        "daemonset" => "ds",
        "deployment" => "deploy",
        "horizontalpodautoscaler" => "hpa",
        "ingress" => "ing",
        "namespace" => "ns",
        "networkpolicy" => "netpol",
        "persistentvolumeclaim" => "pvc",
        "pod" => "po",
        "poddisruptionbudget" => "pdb",
        "service" => "svc",
        "serviceaccount" => "sa",
        "statefulset" => "sts",
        _ => return None,
    })
}

/// Explains an object, or one field of it.
///
/// # Errors
/// When there is no such field.
pub fn explain(explained: &Explained, object: &Object, wanted: Option<&str>) -> Result<Explanation> {
    let field = wanted.map(|field| Field::find(&object.value, field)).transpose()?;
    let (text, range) = (object.text.0.as_bytes(), object.text.1.clone());
    let document = text.get(range.clone()).unwrap_or_default();
    let steps = steps_in_document(document, object, field.as_ref().map_or(&[], |field| &field.steps));
    let within = field::lines(document, &steps).unwrap_or(1..1);
    let before = memchr::memchr_iter(b'\n', text.get(..range.start).unwrap_or_default()).count();
    let lines = trimmed(text, before + within.start..before + within.end);
    let mut explanation = Explanation {
        object: object.id.to_string(),
        field: field.as_ref().map(|field| field.shown.clone()),
        source: object.source.to_string(),
        lines: Vec::new(),
        values: Vec::new(),
        maybe: Vec::new(),
        complete: true,
        is_plain: object.role == Role::Definition,
    };
    let reads = Reads::new(&explained.trace, &explained.bench);
    explanation.lines = written(&explained.trace, &reads, &object.source, text, lines);
    if !explanation.is_plain {
        let asked = field.as_ref().map(|field| (object, field));
        decide(explained, &reads, &object.source, asked, &mut explanation);
    }
    Ok(explanation)
}

/// The steps to a field within a document: an object may be an item of a list.
fn steps_in_document(document: &[u8], object: &Object, steps: &[Step]) -> Vec<Step> {
    let whole = yaml::decode_with_integers(document).unwrap_or_default();
    let of = |value: &Value, key: &str| value.as_map().and_then(|map| map.get(key));
    let is_object = |value: &Value| {
        let name = of(value, "metadata").and_then(|metadata| of(&metadata, "name"));
        let kind = of(value, "kind");
        kind.is_some_and(|kind| kind.as_str() == Some(&object.id.kind))
            && name.is_none_or(|name| name.as_str() == Some(&object.id.name))
    };
    let mut found = Vec::new();
    if !is_object(&whole) {
        let (list, start) = match of(&whole, "items") {
            Some(items) => (items, vec![Step::key("items")]),
            None => (whole, Vec::new()),
        };
        if let Some(index) = list.as_list().and_then(|list| list.items().iter().position(is_object)) {
            found = start;
            found.push(Step::Index(index));
        }
    }
    found.extend(steps.iter().cloned());
    found
}

/// The lines without blank ones at either end.
fn trimmed(text: &[u8], lines: Range<usize>) -> Range<usize> {
    let is_blank = |line: usize| {
        let line = text.split(|&b| b == b'\n').nth(line - 1).unwrap_or_default();
        line.trim_ascii().is_empty() || line == b"---"
    };
    let (mut start, mut end) = (lines.start.max(1), lines.end.max(1));
    while start < end && is_blank(start) {
        start += 1;
    }
    while start < end && is_blank(end - 1) {
        end -= 1;
    }
    start..end
}

/// The lines of a rendered file, with their writers.
fn written(trace: &Trace, reads: &Reads<'_>, source: &str, text: &[u8], lines: Range<usize>) -> Vec<Line> {
    let file = trace.file(source);
    let mut found = Vec::new();
    let mut start = 0;
    for (index, line) in text.split_inclusive(|&b| b == b'\n').enumerate() {
        let (number, range) = (index + 1, start..start + line.len());
        start = range.end;
        if number >= lines.end {
            break;
        }
        if lines.contains(&number) {
            let ids = file.map(|file| file.record.writers(text, range)).unwrap_or_default();
            found.push(Line {
                number,
                text: String::from_utf8_lossy(line).trim_end().to_string(),
                writers: ids.into_iter().filter_map(|id| writer(trace, reads, id)).collect(),
                values: Vec::new(),
            });
        }
    }
    found
}

/// Finds the values that decide the lines.
fn decide(
    explained: &Explained,
    reads: &Reads<'_>,
    source: &str,
    field: Option<(&Object, &Field)>,
    explanation: &mut Explanation,
) {
    let bench = &explained.bench;
    let writers = bench.writers();
    let wanted = |file: &str| file == source || writers.iter().any(|writer| **writer == *file);
    let mut candidates = reads.in_files(&wanted);
    // Charts that come and go with a condition don't read it.
    for path in bench.conditions() {
        if !candidates.contains(&path) {
            candidates.push(path);
        }
    }
    if candidates.len() > MAX_VALUES {
        candidates.truncate(MAX_VALUES);
        explanation.complete = false;
    }
    let names: Names = [source.into()].into_iter().collect();
    let (Some(first), Some(last)) = (explanation.lines.first(), explanation.lines.last()) else { return };
    let (first, last) = (first.number, last.number);
    for influence in bench.influences(&candidates, Some(&names)) {
        explanation.complete &= influence.complete;
        let mut found = decides(&influence, source, first..last + 1);
        if let (Some((object, field)), Some(lines)) = (field, &found)
            && !moves(explained, &influence, lines, object, field)
        {
            found = None;
        }
        if found.is_some() || could_decide(&influence, explanation) {
            let index = explanation.values.len();
            let trials = influence.trials.iter();
            let decides = Decides {
                path: influence.path.clone(),
                value: influence.value.clone(),
                origin: explained.origin(&influence.path).cloned(),
                set_at: set_at(explained, reads, &influence.path),
                trials: trials.map(|trial| (trial.replacement.clone(), trial.failure.clone())).collect(),
                added: found.iter().flat_map(|found| found.added.clone()).collect(),
                example: None,
            };
            let Some(found) = found else {
                explanation.maybe.push(decides);
                continue;
            };
            for line in &mut explanation.lines {
                if let Some((_, how)) = found.lines.iter().find(|(number, _)| *number == line.number) {
                    line.values.push((index, *how));
                }
            }
            explanation.values.push(decides);
        }
    }
    for index in 0..explanation.values.len() {
        let example = example(explained, source, explanation, index);
        if let Some(decides) = explanation.values.get_mut(index) {
            decides.example = example;
        }
    }
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
