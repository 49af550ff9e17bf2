//! Who writes what is printed, and who wrote the texts that functions and filters get.

use std::ops::Range;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, Output, State};

use super::super::convert::as_list;
use super::super::{ops, output, undefined};
use super::plan::What;
use super::{Book, with};
use crate::trace::{Record, Recorder, Role, Segment, Site};
use crate::value::{Str, Value};

/// Strings up to this length have no place of their own in minijinja: each copy stands elsewhere.
const INLINE: usize = 22;

/// So many items of a list that a function made are followed.
const MAX_ITEMS: usize = 1000;

/// minijinja's formatter, which also tells who wrote the value.
pub(super) fn format(out: &mut Output, state: &mut State, value: &Jinja) -> Result<(), Error> {
    let made;
    let text = match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default(),
        ValueKind::Undefined => return Err(undefined()),
        _ => {
            made = ops::charge(state, output::text(value))?;
            &made
        }
    };
    out.write_str(text)?;
    with(|book, r| book.wrote(r, text, value));
    Ok(())
}

impl Book {
    /// A text was printed, that of a value.
    fn wrote(&mut self, r: &mut Recorder, text: &str, value: &Jinja) {
        let Some(written) = self.written.last_mut() else { return };
        let at = *written;
        *written += text.len();
        let Some((unit, index)) = self.writer.take() else { return };
        let Some(node) = unit.nodes.get(index) else { return };
        if let What::Text(_) = node.what {
            let number = r.text(unit.file.as_ref(), &unit.text);
            return text_lines(r, number, text, node.span.start, at);
        }
        let Some(by) = self.emission(r, Role::Action) else { return };
        match self.known(r, value) {
            Some(known) => r.wrote_text(at, &known, by),
            None => r.wrote(at..at + text.len(), by),
        }
    }

    /// The text of a value, if it is known who wrote it.
    fn known(&self, r: &Recorder, value: &Jinja) -> Option<Str> {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        if text.len() > INLINE {
            let text = Str::from(value.to_str()?);
            if r.record_of(&text).is_some() {
                return Some(text);
            }
        }
        self.frames.last()?.action.texts.iter().rev().find(|known| **known == *text).cloned()
    }

    /// A function or filter made a value of others.
    pub(super) fn made(&mut self, r: &mut Recorder, args: &[Jinja], result: &Jinja) {
        if matches!(result.kind(), ValueKind::Seq | ValueKind::Map) {
            return self.made_container(r, args, result);
        }
        if result.kind() != ValueKind::String {
            return;
        }
        let Some(text) = result.to_str().map(Str::from) else { return };
        if text.is_empty() || r.record_of(&text).is_some() {
            return;
        }
        let given: Vec<Str> = args.iter().filter_map(|arg| self.known(r, arg)).collect();
        if !given.is_empty() {
            return self.derive(r, &text, &given);
        }
        let held: Vec<Str> = args.iter().filter_map(|arg| self.held(arg)).flatten().collect();
        self.assemble(r, &text, &held);
    }

    fn made_container(&mut self, r: &mut Recorder, args: &[Jinja], result: &Jinja) {
        let given: Vec<Str> = args.iter().filter_map(|arg| self.known(r, arg)).collect();
        let mut texts: Vec<Str> = args.iter().filter_map(|arg| self.held(arg)).flatten().collect();
        if let (false, Some(list)) = (given.is_empty(), as_list(result)) {
            for item in list.items().iter().take(MAX_ITEMS) {
                if let Value::String(item) = item {
                    self.derive(r, item, &given);
                    texts.push(item.clone());
                }
            }
        }
        texts.extend(given);
        texts.retain(|text| r.record_of(text).is_some());
        self.hold(result, &texts);
    }

    /// The texts whose writers are known that a value may hold.
    pub(super) fn texts_of(&self, r: &Recorder, value: &Jinja) -> Vec<Str> {
        self.held(value).unwrap_or_else(|| self.known(r, value).into_iter().collect())
    }

    fn derive(&mut self, r: &mut Recorder, text: &Str, given: &[Str]) {
        let given: Vec<&Str> = given.iter().collect();
        r.derived(text, &given);
        if let Some(frame) = self.frame()
            && r.record_of(text).is_some()
        {
            frame.action.texts.push(text.clone());
        }
    }

    /// A text was made of a list or mapping that may hold known texts: where one is in it, it is that one.
    fn assemble(&mut self, r: &mut Recorder, text: &Str, held: &[Str]) {
        let mut segments: Vec<Segment> = Vec::new();
        for known in held {
            let Some(record) = r.record_of(known) else { continue };
            for (at, line) in lines(known.as_bytes()) {
                let Some(place) = memchr::memmem::find(text.as_bytes(), line) else { continue };
                let range = place..place + line.len();
                if segments.iter().any(|s| s.range.start < range.end && range.start < s.range.end) {
                    continue;
                }
                segments.extend(moved(&record, at..at + line.len(), place));
            }
        }
        if !segments.is_empty() {
            segments.sort_by_key(|s| s.range.start);
            r.remember(text, Record { segments });
            if let Some(frame) = self.frame() {
                frame.action.texts.push(text.clone());
            }
        }
    }
}

/// The pieces within a range of a text, for the same bytes at another place.
fn moved(record: &Record, range: Range<usize>, place: usize) -> Vec<Segment> {
    let within = |s: &&Segment| s.range.start < range.end && range.start < s.range.end;
    let shift = |at: usize| at.clamp(range.start, range.end) - range.start + place;
    let pieces = record.segments.iter().filter(within);
    pieces.map(|s| Segment { range: shift(s.range.start)..shift(s.range.end), by: s.by.clone() }).collect()
}

/// The lines of a text without the spaces around, and where they begin; blank ones are left out.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    text.split_inclusive(|&b| b == b'\n').filter_map(move |line| {
        let at = start + line.len() - line.trim_ascii_start().len();
        start += line.len();
        let trimmed = line.trim_ascii();
        (!trimmed.is_empty()).then_some((at, trimmed))
    })
}

/// Text of a template was written, each line of which is told for itself.
fn text_lines(r: &mut Recorder, number: u32, text: &str, from: usize, at: usize) {
    let mark = r.mark();
    for (offset, line) in lines(text.as_bytes()) {
        let start = (from + offset) as u32;
        let site = Site { text: number, start, end: start + line.len() as u32 };
        let by = r.emission(Role::Text, site, mark, Default::default());
        r.wrote(at + offset..at + offset + line.len(), by);
    }
}
