//! An object, or a field of one: its lines, who wrote them, and the values that decide them.

use std::ops::Range;

use crate::diagnostic::{Place, Result};
use crate::manifest::object::{Object, Role};
use crate::trace::Trace;
use crate::value::Value;
use crate::values::origin::Chain;

use super::Explained;
use super::decide::decide;
use super::field::{self, Field};
use super::influence::{LineInfluence, Replacement, ValuePath};
use super::reads::Reads;
use super::writer::{Writer, writer};

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
    /// Values that decide none of them, but whether the object is this one: its kind, its name.
    pub identity: Vec<Decides>,
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
    /// If nobody set it, but a template did while the chart was rendered: where.
    pub set_at: Option<Place>,
    /// What was tried instead, by the indexes that lines refer to; why not, where nothing could be rendered.
    pub trials: Vec<(Replacement, Option<String>)>,
    /// Where other lines would come in: after which line, what, and with which trial.
    pub added: Vec<(usize, String, usize)>,
    /// What the first line that would change became: the line, its other text, the trial.
    pub example: Option<(usize, String, usize)>,
}

/// Explains an object, or one field of it.
///
/// # Errors
/// When there is no such field.
pub fn explain(explained: &Explained, object: &Object, wanted: Option<&str>) -> Result<Explanation> {
    let field = wanted.map(|field| Field::find(&object.value, field)).transpose()?;
    let (text, range) = (object.text.0.as_bytes(), object.text.1.clone());
    let document = text.get(range.clone()).unwrap_or_default();
    let steps = [&object.steps[..], field.as_ref().map_or(&[], |field| &field.steps)].concat();
    let within = field::lines(document, &steps).unwrap_or(1..1);
    let before = memchr::memchr_iter(b'\n', text.get(..range.start).unwrap_or_default()).count();
    let lines = trimmed(text, before + within.start..before + within.end);
    let mut explanation = Explanation {
        object: object.id.to_string(),
        field: field.as_ref().map(|field| field.shown.clone()),
        source: object.source.to_string(),
        lines: Vec::new(),
        values: Vec::new(),
        identity: Vec::new(),
        maybe: Vec::new(),
        complete: true,
        is_plain: object.role == Role::Definition,
    };
    let reads = Reads::new(&explained.trace, explained.bench.chart(), explained.bench.values());
    explanation.lines = written(&explained.trace, &reads, &object.source, text, lines);
    if !explanation.is_plain {
        decide(explained, &reads, object, field.as_ref(), &mut explanation);
    }
    Ok(explanation)
}

/// The lines without blank ones at either end.
fn trimmed(text: &[u8], lines: Range<usize>) -> Range<usize> {
    let texts: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    let is_blank = |line: usize| {
        let line = texts.get(line - 1).copied().unwrap_or_default();
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
