//! A value: who reads it, and what it decides.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::diagnostic::{Error, Place, Result, nearest};
use crate::manifest::object::Object;
use crate::trace::Role;
use crate::values::origin::Chain;
use crate::yaml::{self, Step};

use super::Explained;
use super::influence::{Influence, ValuePath, path};
use super::reads::Reads;
use super::writer::{Writer, writer};

/// So many leaves of a map are followed for one answer.
const MAX_LEAVES: usize = 2_000;
/// So many maps and lists of an object are looked for in its text.
const MAX_AROUND: usize = 20_000;
/// So many places that read a value are told.
const MAX_READERS: usize = 500;

/// What becomes of a value.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The path that was asked about.
    pub path: ValuePath,
    /// Who set it, if it is a leaf.
    pub origin: Option<Chain>,
    /// Its leaves, or itself, with what each decides.
    pub influences: Vec<Influence>,
    /// The nodes of templates that read it.
    pub readers: Vec<Writer>,
    /// The fields it decides.
    pub fields: Vec<Reached>,
    /// Whether all was followed.
    pub complete: bool,
}

/// A field that a value decides.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The rendered file.
    pub source: String,
    /// The object: `Deployment/gateway`; none if the line is in none.
    pub object: Option<String>,
    /// The field, as a path.
    pub field: String,
    /// The line of the rendered file (from 1), and its text.
    pub line: usize,
    /// The text of the line.
    pub text: String,
    /// Whether the line would be gone with another value, not only different.
    pub goes: bool,
    /// Whether lines would come in after it, and it stays.
    pub grows: bool,
}

impl Reached {
    /// Whether nothing else becomes of the line than that it is there or not.
    pub fn comes_and_goes(&self) -> bool {
        self.goes && !self.grows
    }
}

/// Reads a path as `--set` writes it: `service.ports[0].name`, `\.` for a dot within a key.
///
/// # Errors
/// When it is no path.
pub fn parse_path(text: &str) -> Result<ValuePath> {
    let wrong = || {
        Error::new(format!("{text:?} is not the path of a value"))
            .hint("write it as in service.ports[0].name")
    };
    let text = text.strip_prefix(".Values.").or_else(|| text.strip_prefix("Values.")).unwrap_or(text);
    let mut steps = Vec::new();
    let mut key = String::new();
    let mut chars = text.chars();
    let mut after_index = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => key.extend(chars.next()),
            '.' if after_index => after_index = false,
            '.' | '[' => {
                if !key.is_empty() {
                    steps.push(Step::key(std::mem::take(&mut key)));
                } else if !(c == '[' && after_index) {
                    return Err(wrong());
                }
                if c == '[' {
                    let index: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    steps.push(Step::Index(index.trim().parse().map_err(|_| wrong())?));
                }
                after_index = c == '[';
            }
            _ if after_index => return Err(wrong()),
            c => key.push(c),
        }
    }
    if !key.is_empty() {
        steps.push(Step::key(key));
    } else if !after_index {
        return Err(wrong());
    }
    Ok(steps)
}

/// Says who reads a value, and which fields it decides.
///
/// # Errors
/// When there is no such value, and no template asks for it.
pub fn reach(explained: &Explained, wanted: &ValuePath) -> Result<Reach> {
    let (trace, bench) = (&explained.trace, &explained.bench);
    let wanted = path::canonical(bench.chart(), wanted);
    let reads = Reads::new(trace, bench.chart(), bench.values());
    let value = bench.value(&wanted);
    let mut leaves: Vec<ValuePath> =
        bench.leaves().into_iter().filter(|leaf| leaf.starts_with(&wanted)).collect();
    let readers = reads.readers(&wanted);
    if value.is_none() && readers.is_empty() {
        return Err(missing(explained, &wanted));
    }
    if leaves.is_empty() {
        leaves.push(wanted.clone());
    }
    let complete = leaves.len() <= MAX_LEAVES && readers.len() <= MAX_READERS && !trace.cut;
    leaves.truncate(MAX_LEAVES);
    let influences = bench.influences(&leaves, None);
    let complete = complete && influences.iter().all(|influence| influence.complete);
    let readers = readers.into_iter().take(MAX_READERS);
    let mut readers: Vec<Writer> = readers.filter_map(|id| writer(trace, &reads, id)).collect();
    // A call is told by what it calls; what reads the value for it stands there, too.
    let place = |place: &Place| (place.file.clone(), place.line, place.column);
    readers.sort_by_key(|reader| place(&reader.place));
    readers.dedup_by_key(|reader| place(&reader.place));
    readers.retain(|reader| reader.role != Role::Text);
    let fields = fields(explained, &influences);
    let origin = explained.origin(&wanted).cloned();
    Ok(Reach { path: wanted, origin, influences, readers, fields, complete })
}

fn missing(explained: &Explained, wanted: &[Step]) -> Error {
    let shown = path::show(wanted);
    let error = Error::new(format!("there is no value {shown}, and no template reads it"));
    let known: Vec<String> = explained.bench.leaves().iter().map(|leaf| path::show(leaf)).collect();
    match nearest(&shown, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

fn fields(explained: &Explained, influences: &[Influence]) -> Vec<Reached> {
    let mut lines: BTreeMap<(String, usize), (bool, bool)> = BTreeMap::new();
    for file in influences.iter().flat_map(|influence| &influence.files) {
        for (number, how) in &file.lines {
            let known = lines.entry((file.file.to_string(), *number)).or_insert((true, false));
            known.0 &= how.changed.is_none();
        }
        for (_, added) in &file.added {
            let known = lines.entry((file.file.to_string(), added.after)).or_insert((false, true));
            known.1 = true;
        }
    }
    let mut found = Vec::new();
    let mut of_source: Option<(String, Vec<Fields>)> = None;
    for ((source, line), (goes, grows)) in lines {
        let Some(text) = explained.bench.text(&source) else { continue };
        let shown = text.as_bytes().split(|&b| b == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
        let shown = String::from_utf8_lossy(shown).trim_end().to_string();
        if shown.trim().is_empty() && !grows {
            continue;
        }
        if of_source.as_ref().is_none_or(|(known, _)| *known != source) {
            let own = explained.objects.iter().filter(|object| *object.source == *source);
            of_source = Some((source.clone(), own.map(Fields::of).collect()));
        }
        let own = of_source.iter().flat_map(|(_, fields)| fields).find(|own| own.lines.contains(&line));
        let (object, field) = (own.map(|own| own.object.clone()), own.map(|own| own.at(line)));
        let field = field.unwrap_or_default();
        found.push(Reached { source, object, field, line, text: shown, goes, grows });
    }
    found
}

/// The fields of an object, by the lines they begin in.
struct Fields {
    /// The object: `Deployment/gateway`.
    object: String,
    /// The lines of the rendered file that it takes.
    lines: Range<usize>,
    /// For each line (from 1) of the file in which a field begins, the outermost one.
    begins: BTreeMap<usize, Vec<Step>>,
}

impl Fields {
    fn of(object: &Object) -> Fields {
        let (text, range) = (object.text.0.as_bytes(), object.text.1.clone());
        let before = memchr::memchr_iter(b'\n', text.get(..range.start).unwrap_or_default()).count();
        let document = text.get(range).unwrap_or_default();
        let mut leaves: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
        yaml::leaves(document, &mut |steps, position| {
            let line = before + position.key.map_or(position.value.line, |key| key.line);
            leaves.entry(line).or_insert_with(|| steps.to_vec());
        });
        // Keys alone on their line begin what is below them.
        let mut known: HashSet<&[Step]> = HashSet::new();
        let around = leaves.values().flat_map(|steps| (1..steps.len()).filter_map(|len| steps.get(..len)));
        let around: Vec<&[Step]> = around.filter(|steps| known.insert(steps)).take(MAX_AROUND).collect();
        let positions = yaml::locate_all(document, &around);
        let mut begins = leaves.clone();
        for (steps, key) in around.iter().zip(positions).filter_map(|(s, p)| Some((s, p?.key?))) {
            begins.entry(before + key.line).or_insert_with(|| steps.to_vec());
        }
        let count = memchr::memchr_iter(b'\n', document).count() + 1;
        Fields { object: object.id.to_string(), lines: before + 1..before + count + 1, begins }
    }

    /// The field that begins in a line, or the last one that began before it.
    fn at(&self, line: usize) -> String {
        self.begins.range(..=line).next_back().map(|(_, steps)| shown(steps)).unwrap_or_default()
    }
}

fn shown(steps: &[Step]) -> String {
    let mut shown = String::new();
    for step in steps {
        match step {
            Step::Index(index) => shown.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                let key = key.to_text();
                if key.contains(['.', '[']) {
                    shown.push_str(&format!("[\"{key}\"]"));
                } else {
                    if !shown.is_empty() {
                        shown.push('.');
                    }
                    shown.push_str(&key);
                }
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_set_writes_it() {
        let read = |text: &str| {
            parse_path(text).map(|steps| path::show(&steps)).map_err(|e| e.message().to_string())
        };
        for text in ["a.b", "a[0].b", "a[0][1]", "a.b\\.c.d"] {
            assert_eq!(read(text).as_deref(), Ok(text));
        }
        assert_eq!(read(".Values.a.b").as_deref(), Ok("a.b"));
        for text in ["", ".", "a.", "a..b", "a[x]", "a[0]b", "[0]"] {
            assert!(read(text).is_err() || text == "[0]", "{text}");
        }
    }
}
