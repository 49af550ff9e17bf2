//! The report for people and for machines.

use super::{Idle, Origin, Report, Suggestion, Unused};
use crate::diagnostic::Place;
use crate::diagnostic::style::{BOLD, DIM, HEADING, Line, PLAIN};
use crate::explain::influence::path::show;
use crate::json::Writer;

/// The version of what the fields of the report for machines mean.
pub const SCHEMA: usize = 1;

/// Paths are put side by side with what is told of them up to this width.
const MAX_COLUMN: usize = 48;

impl Report {
    /// The report as text, with ANSI colours. With `all`, values that weren't read in this render are listed, and
    /// those that the chart can do without.
    pub fn text(&self, all: bool) -> String {
        let mut out = Text::default();
        self.unused_text(&mut out);
        self.idle_text(all, &mut out);
        self.missing_text(all, &mut out);
        if let Some(failure) = &self.failure {
            out.line(
                PLAIN,
                "The chart can't be rendered with these values, so the texts of its templates told this:",
            );
            failure.message().lines().for_each(|line| out.line(DIM, &format!("  {line}")));
        }
        if self.cut {
            out.line(PLAIN, "A bound was met: there may be more unused values.");
        }
        out.0
    }

    fn unused_text(&self, out: &mut Text) {
        let (slips, certain): (Vec<_>, Vec<_>) = self.unused.iter().partition(|unused| unused.by_name_only);
        let (tried, untried): (Vec<_>, Vec<_>) = slips.iter().partition(|slip| slip.is_tried);
        match (certain.len(), slips.len()) {
            (0, 0) if self.cut => out.line(HEADING, "No unused value was found."),
            (0, 0) => out.line(HEADING, "Every value that you set is used by some template."),
            (0, _) => {}
            (1, _) => out.line(HEADING, "1 value is used by no template of the chart:"),
            (n, _) => out.line(HEADING, &format!("{n} values are used by no template of the chart:")),
        }
        unused_lines(&certain, out);
        match tried.len() {
            0 => {}
            1 => out.line(HEADING, "1 value changes nothing, and its name looks like a slip:"),
            n => out.line(HEADING, &format!("{n} values change nothing, and their names look like slips:")),
        }
        unused_lines(&tried, out);
        match untried.len() {
            0 => {}
            1 => out.line(HEADING, "1 value has a name that looks like a slip:"),
            n => out.line(HEADING, &format!("{n} values have names that look like slips:")),
        }
        unused_lines(&untried, out);
    }

    fn idle_text(&self, all: bool, out: &mut Text) {
        if self.idle.is_empty() {
            return;
        }
        let (count, are) = (self.idle.len(), if self.idle.len() == 1 { "value is" } else { "values are" });
        if !all {
            return out.line(
                HEADING,
                &format!(
                    "{count} {are} not read in this render, but by templates (--unused=all lists them)."
                ),
            );
        }
        out.line(HEADING, &format!("{count} {are} not read in this render, but by templates:"));
        let column = column(self.idle.iter().map(|idle| show(&idle.path)));
        for idle in &self.idle {
            let mut line = Line::indented(2);
            line.push(PLAIN, &show(&idle.path)).push(PLAIN, "  ").fill(column);
            line.push(DIM, &idle.origin.shown()).push(PLAIN, &format!("  {}", idle.reason()));
            out.push(&line);
        }
    }

    fn missing_text(&self, all: bool, out: &mut Text) {
        let wanted: Vec<_> = self.missing.iter().filter(|missing| all || !missing.optional).collect();
        if wanted.is_empty() {
            return;
        }
        let (count, are) = (wanted.len(), if wanted.len() == 1 { "value is" } else { "values are" });
        out.line(HEADING, &format!("{count} {are} read, and set nowhere:"));
        let column = column(wanted.iter().map(|missing| show(&missing.path)));
        for missing in wanted {
            let mut line = Line::indented(2);
            line.push(PLAIN, &show(&missing.path)).push(PLAIN, "  ").fill(column);
            line.push(DIM, &missing.places.first().map(place).unwrap_or_default());
            if missing.optional {
                line.push(DIM, " (optional)");
            }
            out.push(&line);
        }
    }

    /// The report as JSON; `docs/unused-values.md` says what each field means.
    pub fn json(&self) -> String {
        let mut writer = Writer::new();
        writer.object(|w| {
            w.field_count("schema", SCHEMA);
            w.field_string("torii", env!("CARGO_PKG_VERSION"));
            w.field_bool("complete", !self.cut && self.failure.is_none());
            w.field_some("failure", self.failure.as_ref().map(|failure| failure.message()));
            w.field_count("used", self.used);
            w.field_list("unused", &self.unused, |w, one| w.object(|w| unused(w, one)));
            w.field_list("idle", &self.idle, |w, one| w.object(|w| idle(w, one)));
            w.field_list("missing", &self.missing, |w, one| {
                w.object(|w| {
                    w.field_string("path", &show(&one.path));
                    w.field_bool("optional", one.optional);
                    w.field_list("places", &one.places, |w, place| w.object(|w| at(w, Some(place))));
                });
            });
        });
        writer.finish()
    }
}

fn unused_lines(all: &[&Unused], out: &mut Text) {
    let column = column(all.iter().map(|unused| show(&unused.path)));
    for unused in all {
        let mut line = Line::indented(2);
        line.push(BOLD, &show(&unused.path)).push(PLAIN, "  ").fill(column);
        line.push(DIM, &unused.origin.shown());
        if unused.leaves > 1 {
            line.push(DIM, &format!(", {} values", unused.leaves));
        }
        out.push(&line);
        if let Some(suggestion) = &unused.suggestion {
            let mut line = Line::indented(4);
            line.push(PLAIN, &suggestion.hint());
            out.push(&line);
        }
    }
}

fn unused(w: &mut Writer, one: &Unused) {
    w.field_string("path", &show(&one.path));
    w.field_count("values", one.leaves);
    w.field_bool("by_name_only", one.by_name_only);
    w.field_bool("tried", one.is_tried);
    origin(w, &one.origin);
    if let Some(Suggestion { path, reason, place }) = &one.suggestion {
        w.field_object("suggestion", |w| {
            w.field_string("path", &show(path));
            w.field_string("reason", reason.name());
            at(w, place.as_ref());
        });
    }
}

fn idle(w: &mut Writer, one: &Idle) {
    w.field_string("path", &show(&one.path));
    origin(w, &one.origin);
    w.field_some("disabled", one.disabled.as_deref());
    w.field_list("places", &one.places, |w, place| w.object(|w| at(w, Some(place))));
}

fn origin(w: &mut Writer, origin: &Origin) {
    w.field_string("layer", &origin.layer);
    if let Some(place) = &origin.place {
        w.field_count("line", place.line);
        w.field_count("column", place.column);
    }
}

fn at(w: &mut Writer, place: Option<&Place>) {
    if let Some(place) = place {
        w.field_string("file", &place.file);
        w.field_count("line", place.line);
    }
}

impl Origin {
    /// The place, or the flag.
    fn shown(&self) -> String {
        self.place.as_ref().map_or_else(|| self.layer.clone(), place)
    }
}

impl Idle {
    /// Why it wasn't read, as far as that is known.
    fn reason(&self) -> String {
        match (&self.disabled, self.places.first()) {
            (Some(chart), _) => format!("the subchart {chart} is disabled"),
            (None, Some(at)) => format!("named in {}", place(at)),
            (None, None) => String::new(),
        }
    }
}

fn place(place: &Place) -> String {
    match place.line {
        0 => place.file.to_string(),
        line => format!("{}:{line}", place.file),
    }
}

/// The column behind the longest of these texts that isn't too long.
fn column(texts: impl Iterator<Item = String>) -> usize {
    let widths = texts.map(|text| text.chars().count()).filter(|width| *width <= MAX_COLUMN);
    4 + widths.max().unwrap_or_default()
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn push(&mut self, line: &Line) {
        line.end(&mut self.0);
    }

    fn line(&mut self, style: anstyle::Style, text: &str) {
        let mut line = Line::default();
        line.push(style, text);
        self.push(&line);
    }
}
