//! The report for a terminal. It always has ANSI colours; the caller strips them where they don't belong.

use crate::diagnostic::style::{BOLD, DIM, HEADING, Line, NEW, PLAIN};
use crate::explain::influence::ValuePath;
use crate::explain::influence::path::show;
use crate::explain::object::{self, Decides, Explanation};
use crate::explain::value::{Reach, Reached};
use crate::explain::writer::Writer;
use crate::trace::Role;
use crate::values::origin::Chain;

use super::words::{ranges, shortened, trial, value as shown_value};

/// An explanation of so many lines tells everything of each of them; a longer one tells each writer once, in short.
const MAX_DETAILED: usize = 12;
/// Where the writers stand beside the lines of a long explanation.
const COLUMN: usize = 64;
/// So many fields are listed of a value's reach.
const MAX_FIELDS: usize = 200;

/// An explanation of an object or field.
pub fn object(explanation: &Explanation) -> String {
    let mut out = String::new();
    let mut line = Line::default();
    line.push(HEADING, &explanation.object);
    if let Some(field) = &explanation.field {
        line.push(PLAIN, "  ").push(BOLD, field);
    }
    line.end(&mut out);
    let numbers: Vec<usize> = explanation.lines.iter().map(|line| line.number).collect();
    let word = if numbers.len() == 1 { "line" } else { "lines" };
    let mut line = Line::default();
    line.push(DIM, &format!("{}, {word} {}", explanation.source, ranges(&numbers))).end(&mut out);
    out.push('\n');
    if explanation.is_plain {
        lines_alone(&mut out, explanation);
        let mut line = Line::default();
        line.push(PLAIN, "A file of crds/: it is installed as it is, and no value changes it.").end(&mut out);
        return out;
    }
    if explanation.lines.len() <= MAX_DETAILED {
        detailed(&mut out, explanation);
    } else {
        listed(&mut out, explanation);
    }
    values(&mut out, explanation);
    out
}

fn lines_alone(out: &mut String, explanation: &Explanation) {
    for line in &explanation.lines {
        Line::default().push(DIM, &format!("{:>5}  ", line.number)).push(PLAIN, &line.text).end(out);
    }
    out.push('\n');
}

/// The marks of the values that decide a line.
fn marks(line: &object::Line) -> String {
    let marks = line.values.iter().map(|(index, _)| format!("[{}]", index + 1));
    marks.collect::<Vec<_>>().join(" ")
}

fn detailed(out: &mut String, explanation: &Explanation) {
    let mut before = String::new();
    for line in &explanation.lines {
        let text = if line.text.is_empty() { " " } else { &line.text };
        let mut head = Line::default();
        head.push(DIM, &format!("{:>5}  ", line.number)).push(BOLD, text);
        let marks = marks(line);
        if !marks.is_empty() {
            head.push(PLAIN, "  ").push(NEW, &marks);
        }
        head.end(out);
        let own = writers(&line.writers);
        // What wrote the line before wrote this one: it is not told again.
        if own != before {
            out.push_str(&own);
        }
        before = own;
    }
    out.push('\n');
}

/// The writers of a line, and behind those that share them the calls around them.
fn writers(writers: &[Writer]) -> String {
    let mut out = String::new();
    for (index, writer) in writers.iter().enumerate() {
        let mut line = Line::indented(9);
        line.push(PLAIN, &format!("{}:{}:{}  ", writer.place.file, writer.place.line, writer.place.column));
        match writer.role {
            Role::Text => line.push(DIM, &shortened(&writer.code)),
            _ => line.push(PLAIN, &format!("{{{{ {} }}}}", writer.code)),
        };
        line.end(&mut out);
        reads(&mut out, &writer.reads, &writer.built_in);
        let way = |writer: &Writer| {
            let places = writer.calls.iter().map(|call| (call.what.clone(), call.place.clone()));
            places.collect::<Vec<_>>()
        };
        if writers.get(index + 1).is_some_and(|next| way(next) == way(writer)) {
            continue;
        }
        for call in writer.calls.iter().rev() {
            let place = format!("  {}:{}:{}", call.place.file, call.place.line, call.place.column);
            let mut line = Line::indented(11);
            line.push(DIM, "in ").push(PLAIN, &call.what).push(DIM, &place);
            // A call of a template says what it calls already.
            if call.is_condition {
                line.push(DIM, &format!("  {{{{ {} }}}}", call.code));
            }
            line.end(&mut out);
            if call.is_condition {
                reads(&mut out, &call.reads, &call.built_in);
            }
        }
    }
    out
}

fn reads(out: &mut String, values: &[ValuePath], built_in: &[String]) {
    let values = paths(values);
    if values.is_empty() && built_in.is_empty() {
        return;
    }
    let mut names = built_in.join(", ");
    if !values.is_empty() && !names.is_empty() {
        names.insert_str(0, ", ");
    }
    Line::indented(13).push(DIM, "reads ").push(PLAIN, &values).push(DIM, &names).end(out);
}

fn paths(paths: &[ValuePath]) -> String {
    const MAX: usize = 8;
    let mut names: Vec<String> = paths.iter().take(MAX).map(|path| show(path)).collect();
    if paths.len() > MAX {
        names.push(format!("and {} more", paths.len() - MAX));
    }
    names.join(", ")
}

fn listed(out: &mut String, explanation: &Explanation) {
    for line in &explanation.lines {
        let mut head = Line::default();
        head.push(DIM, &format!("{:>5}  ", line.number)).push(PLAIN, &line.text);
        let mut places: Vec<String> = Vec::new();
        for writer in &line.writers {
            let place = format!("{}:{}", writer.place.file, writer.place.line);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        head.push(PLAIN, "  ").fill(COLUMN).push(DIM, &places.join(" "));
        let marks = marks(line);
        if !marks.is_empty() {
            head.push(PLAIN, "  ").push(NEW, &marks);
        }
        head.end(out);
    }
    out.push('\n');
}

fn values(out: &mut String, explanation: &Explanation) {
    if explanation.values.is_empty() && explanation.maybe.is_empty() {
        let mut line = Line::default();
        line.push(PLAIN, "No value of the chart decides this.").end(out);
    }
    if !explanation.values.is_empty() {
        Line::default().push(HEADING, "Values that decide it").end(out);
    }
    for (index, decides) in explanation.values.iter().enumerate() {
        head(out, &format!("[{}]", index + 1), decides);
        let (mut text, mut presence) = (Vec::new(), Vec::new());
        let (mut text_trial, mut presence_trial) = (None, None);
        for line in &explanation.lines {
            for (_, how) in line.values.iter().filter(|(value, _)| *value == index) {
                if let Some(trial) = how.changed {
                    text.push(line.number);
                    text_trial.get_or_insert(trial);
                }
                if let Some(trial) = how.gone {
                    presence.push(line.number);
                    presence_trial.get_or_insert(trial);
                }
            }
        }
        let note = |out: &mut String, words: String| {
            Line::indented(6).push(DIM, &words).end(out);
        };
        let lines = |numbers: &[usize]| {
            format!("line{} {}", if numbers.len() == 1 { "" } else { "s" }, ranges(numbers))
        };
        match (&decides.example, text_trial) {
            (Some((number, new, at)), _) => {
                let others =
                    if text.len() > 1 { format!("; so with {}", lines(&text)) } else { String::new() };
                note(
                    out,
                    format!("{}, line {number} is `{}`{others}", trial(decides, *at), shortened(new.trim())),
                );
            }
            (None, Some(at)) => {
                note(out, format!("{}, {} would be different", trial(decides, at), lines(&text)))
            }
            (None, None) => {}
        }
        if let Some(at) = presence_trial {
            let verb = if presence.len() == 1 { "is" } else { "are" };
            note(out, format!("{}, {} {verb} not there", trial(decides, at), lines(&presence)));
        }
        if let Some((after, text, at)) = decides.added.first() {
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
            note(out, format!("{}, `{}` comes in after line {after}", trial(decides, *at), shortened(first)));
        }
    }
    if !explanation.identity.is_empty() {
        let names: Vec<String> = explanation.identity.iter().map(|decides| show(&decides.path)).collect();
        out.push('\n');
        let mut line = Line::default();
        line.push(HEADING, "Values that make it another object  ").push(PLAIN, &names.join(", ")).end(out);
    }
    if !explanation.maybe.is_empty() {
        out.push('\n');
        Line::default().push(HEADING, "Values that may decide it").end(out);
        Line::indented(2)
            .push(DIM, "Templates read them here, but the chart renders with no other value.")
            .end(out);
        for decides in &explanation.maybe {
            head(out, " - ", decides);
            if let Some(why) = decides.trials.iter().find_map(|(_, failure)| failure.as_ref()) {
                let first = why.lines().next().unwrap_or_default();
                Line::indented(6).push(DIM, &format!("{}: {}", trial(decides, 0), shortened(first))).end(out);
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    let built_in = |writer: &'_ Writer| -> Vec<String> {
        let calls = writer.calls.iter().flat_map(|call| call.built_in.iter().cloned());
        writer.built_in.iter().cloned().chain(calls).collect()
    };
    let all: Vec<String> =
        explanation.lines.iter().flat_map(|line| &line.writers).flat_map(built_in).collect();
    for name in &all {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        out.push('\n');
        Line::default().push(HEADING, "Also named there  ").push(PLAIN, &names.join(", ")).end(out);
    }
    if !explanation.complete {
        out.push('\n');
        Line::default().push(PLAIN, "Not all values were tried: there are too many.").end(out);
    }
}

fn head(out: &mut String, mark: &str, decides: &Decides) {
    let mut line = Line::default();
    line.push(NEW, mark).fill(4).push(BOLD, &show(&decides.path));
    match &decides.value {
        Some(value) => line.push(PLAIN, &format!(" = {}", shown_value(value))),
        None => line.push(PLAIN, " is not set"),
    };
    let from = origin(decides.origin.as_ref());
    if !from.is_empty() {
        line.push(PLAIN, "  ").push(DIM, &from);
    }
    if let Some(place) = &decides.set_at {
        let words = format!("; set by {}:{}:{}", place.file, place.line, place.column);
        line.push(PLAIN, &words);
    }
    line.end(out);
}

fn origin(chain: Option<&Chain>) -> String {
    chain.map(|chain| chain.words("")).unwrap_or_default()
}

/// What becomes of a value.
pub fn value(reach: &Reach) -> String {
    let mut out = String::new();
    let mut line = Line::default();
    line.push(HEADING, &show(&reach.path));
    match reach.influences.as_slice() {
        [only] if only.path == reach.path => match &only.value {
            Some(value) => line.push(PLAIN, &format!(" = {}", shown_value(value))),
            None => line.push(PLAIN, " is not set"),
        },
        all => line.push(PLAIN, &format!(": {} value{}", all.len(), if all.len() == 1 { "" } else { "s" })),
    };
    line.push(PLAIN, "  ").push(DIM, &origin(reach.origin.as_ref())).end(&mut out);
    out.push('\n');
    Line::default().push(HEADING, "Read by").end(&mut out);
    for reader in &reach.readers {
        let mut line = Line::indented(2);
        line.push(PLAIN, &format!("{}:{}:{}", reader.place.file, reader.place.line, reader.place.column));
        line.push(PLAIN, "  ").push(DIM, &reader.code).end(&mut out);
    }
    if reach.readers.is_empty() {
        Line::indented(2).push(PLAIN, "no template").end(&mut out);
    }
    out.push('\n');
    Line::default().push(HEADING, "Decides").end(&mut out);
    if reach.fields.is_empty() {
        Line::indented(2).push(PLAIN, "nothing in this render, whatever was tried").end(&mut out);
    }
    let mut left = MAX_FIELDS;
    for group in reach.fields.chunk_by(|a, b| a.source == b.source && a.object == b.object) {
        let Some(first) = group.first() else { continue };
        let mut line = Line::indented(2);
        line.push(BOLD, first.object.as_deref().unwrap_or("(no object)"));
        line.push(DIM, &format!("  {}", first.source)).end(&mut out);
        // Lines in a row that come and go together are one.
        for run in group.chunk_by(|a, b| a.comes_and_goes() && b.comes_and_goes() && a.line + 1 == b.line) {
            left = left.saturating_sub(1);
            match run {
                _ if left == 0 => {}
                [only] => reached(&mut out, only),
                [first, .., last] => {
                    let lines = format!("lines {}-{}, whether they are there", first.line, last.line);
                    Line::indented(9).push(DIM, &lines).end(&mut out);
                }
                [] => {}
            }
        }
    }
    if left == 0 {
        Line::indented(2).push(PLAIN, "and more: -o json has all").end(&mut out);
    }
    if !reach.complete {
        out.push('\n');
        Line::default().push(PLAIN, "Not everything was followed: there is too much of it.").end(&mut out);
    }
    out
}

fn reached(out: &mut String, field: &Reached) {
    let mut line = Line::indented(2);
    line.push(DIM, &format!("{:>5}  ", field.line)).push(PLAIN, &field.text).push(PLAIN, "  ").fill(COLUMN);
    let how = match (field.goes, field.grows) {
        (true, _) => ", whether it is there",
        (false, true) => ", what follows it",
        (false, false) => "",
    };
    line.push(DIM, &format!("{}{how}", field.field)).end(out);
}
