//! A field in the terminal's report, with the old value left and the new one right.

use anstyle::Style;

use crate::diff::FieldReview;

use super::super::lines::{self, Part, Piece};
use super::super::text::Shown;
use super::super::words;
use super::Options;
use super::fields::{self, INDENT};
use super::style::{self, DIM, Line, NEW, OLD, PLAIN};

/// Columns that a side has at least; a narrower terminal gets longer lines.
const NARROWEST: usize = 24;
/// Rows of a field that are shown, if not all are asked for.
const FIELD_ROWS: usize = 60;

/// Shows a field: its path and remarks over the full width, its values in two columns.
pub fn show(out: &mut String, field: &FieldReview, options: &Options) {
    let column = (options.width.saturating_sub(INDENT + 5) / 2).max(NARROWEST);
    let shown = |value: Option<&crate::value::Value>| value.map(Shown::of);
    match (shown(field.change.old.as_ref()), shown(field.change.new.as_ref())) {
        (Some(Shown::Inline(old)), Some(Shown::Inline(new)))
            if style::width(&old).max(style::width(&new)) + 2 > column =>
        {
            // An address or a name is not broken: two lines of the full width show it better.
            return fields::show(out, field, options);
        }
        // There is nothing beside it.
        (None, _) | (_, None) => return fields::show(out, field, options),
        _ => {}
    }
    let mut head = Line::indented(INDENT);
    head.push(PLAIN, "~ ").push(PLAIN, &fields::path(field));
    fields::with_remarks(out, head, &fields::remarks(field), options);
    let lines = |value: Option<&crate::value::Value>| -> Vec<String> {
        value.map(|value| Shown::of(value).into_lines()).unwrap_or_default()
    };
    let (old, new) = (lines(field.change.old.as_ref()), lines(field.change.new.as_ref()));
    let mut rows = Rows { out, column, left: if options.full { usize::MAX } else { FIELD_ROWS }, hidden: 0 };
    for part in lines::parts(&old, &new, fields::CONTEXT) {
        match part {
            Part::Gap(n) => rows.row(&gap(n), &gap(n)),
            Part::Same(lines) => {
                for line in lines {
                    let cell = Cell::plain(DIM, "  ", line);
                    rows.row(&cell, &cell);
                }
            }
            Part::Replaced(old, new) => {
                for i in 0..old.len().max(new.len()) {
                    match (old.get(i), new.get(i)) {
                        _ if rows.left == 0 => rows.hidden += 1,
                        (Some(old), Some(new)) => {
                            let (old, new) = lines::words(old, new);
                            rows.row(&Cell::of(OLD, "- ", &old), &Cell::of(NEW, "+ ", &new));
                        }
                        (Some(old), None) => rows.row(&Cell::plain(OLD, "- ", old), &Cell::default()),
                        (None, Some(new)) => rows.row(&Cell::default(), &Cell::plain(NEW, "+ ", new)),
                        (None, None) => {}
                    }
                }
            }
        }
    }
    let hidden = rows.hidden;
    if hidden > 0 {
        let more = words::count(hidden, "more row");
        Line::indented(INDENT + 2).push(DIM, &format!("… {more} (--full shows them)")).end(out);
    }
}

fn gap(n: usize) -> Cell {
    Cell::plain(DIM, "", &format!("… {}", words::count(n, "equal line")))
}

/// What stands on one side of a row.
#[derive(Default)]
struct Cell(Vec<(Style, String)>);

impl Cell {
    fn plain(style: Style, sign: &str, text: &str) -> Cell {
        Cell(vec![(style, format!("{sign}{text}"))])
    }

    fn of(style: Style, sign: &str, pieces: &[Piece<'_>]) -> Cell {
        let all = pieces.iter().all(|piece| piece.differs);
        let mut parts = vec![(style, sign.to_string())];
        for piece in pieces {
            let style = if piece.differs && !all { style::stressed(style) } else { style };
            parts.push((style, piece.text.to_string()));
        }
        Cell(parts)
    }

    /// The cell in lines of at most `column` columns.
    fn lines(&self, column: usize) -> Vec<Line> {
        let mut lines = vec![Line::default()];
        let mut width = 0;
        for (style, text) in &self.0 {
            let mut start = 0;
            for (at, c) in text.char_indices() {
                let own = style::width(c.encode_utf8(&mut [0; 4]));
                if width + own > column {
                    if let Some(line) = lines.last_mut() {
                        line.push(*style, text.get(start..at).unwrap_or_default());
                    }
                    let mut next = Line::indented(2);
                    next.fill(2);
                    lines.push(next);
                    start = at;
                    width = 2;
                }
                width += own;
            }
            if let Some(line) = lines.last_mut() {
                line.push(*style, text.get(start..).unwrap_or_default());
            }
        }
        lines
    }
}

struct Rows<'o> {
    out: &'o mut String,
    column: usize,
    left: usize,
    hidden: usize,
}

impl Rows<'_> {
    fn row(&mut self, old: &Cell, new: &Cell) {
        if self.left == 0 {
            self.hidden += 1;
            return;
        }
        self.left -= 1;
        let (old, new) = (old.lines(self.column), new.lines(self.column));
        for i in 0..old.len().max(new.len()) {
            let mut line = Line::indented(INDENT + 2);
            if let Some(cell) = old.get(i) {
                line.append(cell);
            }
            line.fill(INDENT + 2 + self.column);
            line.push(DIM, " │ ");
            if let Some(cell) = new.get(i) {
                line.append(cell);
            }
            line.end(self.out);
        }
    }
}
