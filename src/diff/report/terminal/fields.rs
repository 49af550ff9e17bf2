//! A field in the terminal's report: `path: old → new`, or a small diff of its lines.

use anstyle::Style;

use crate::diff::FieldReview;
use crate::value::Value;

use super::super::lines::{self, Part, Piece};
use super::super::text::Shown;
use super::super::words;
use super::Options;
use super::style::{self, DIM, Line, NEW, OLD, PLAIN};

/// Columns before a field.
pub const INDENT: usize = 4;
/// Lines around a difference.
pub const CONTEXT: usize = 2;
/// Lines of a field that are shown, if not all are asked for.
const FIELD_LINES: usize = 40;

/// Shows a field and why it differs.
pub fn show(out: &mut String, field: &FieldReview, options: &Options) {
    let change = &field.change;
    let remarks = remarks(field);
    let path = path(field);
    value_change(out, &path, change.old.as_ref(), change.new.as_ref(), &remarks, options);
}

/// The name of a field in the report; the object itself has none.
pub fn path(field: &FieldReview) -> String {
    let path = field.change.path.to_string();
    if path.is_empty() { "(the whole object)".to_string() } else { path }
}

/// What is said beside a field.
pub fn remarks(field: &FieldReview) -> Vec<String> {
    words::remarks(field, "hidden (--show-secrets shows it)")
}

/// Shows a change of a value at a path, with remarks behind it if there is room, else below.
pub fn value_change(
    out: &mut String,
    path: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    remarks: &[String],
    options: &Options,
) {
    let (old, new) = (old.map(Shown::of), new.map(Shown::of));
    let sign = match (&old, &new) {
        (None, _) => ("+ ", NEW),
        (_, None) => ("- ", OLD),
        _ => ("~ ", PLAIN),
    };
    let mut head = Line::indented(INDENT);
    head.push(sign.1, sign.0).push(PLAIN, path).push(DIM, ":");
    match (old, new) {
        (Some(Shown::Inline(old)), Some(Shown::Inline(new))) => {
            let (old_pieces, new_pieces) = lines::words(&old, &new);
            let mut line = head.clone();
            line.push(PLAIN, " ");
            push_pieces(&mut line, OLD, &old_pieces);
            line.push(DIM, " → ");
            push_pieces(&mut line, NEW, &new_pieces);
            if line.width() <= options.width.max(40) {
                with_remarks(out, line, remarks, options);
                return;
            }
            with_remarks(out, head, remarks, options);
            for (style, sign, pieces) in [(OLD, "- ", old_pieces), (NEW, "+ ", new_pieces)] {
                let mut line = Line::indented(INDENT + 4);
                push_pieces(line.push(style, sign), style, &pieces);
                line.end(out);
            }
        }
        (Some(Shown::Inline(line)), None) => one_side(out, head, OLD, &line, remarks, options),
        (None, Some(Shown::Inline(line))) => one_side(out, head, NEW, &line, remarks, options),
        (old, new) => {
            with_remarks(out, head, remarks, options);
            let (old, new) = (
                old.map(Shown::into_lines).unwrap_or_default(),
                new.map(Shown::into_lines).unwrap_or_default(),
            );
            diff(out, &old, &new, options);
        }
    }
}

fn one_side(
    out: &mut String,
    mut head: Line,
    style: Style,
    text: &str,
    remarks: &[String],
    options: &Options,
) {
    head.push(PLAIN, " ").push(style, text);
    with_remarks(out, head, remarks, options);
}

/// Ends a line with what is said of it: behind it, if all fits, or else below.
pub fn with_remarks(out: &mut String, mut line: Line, remarks: &[String], options: &Options) {
    if remarks.is_empty() {
        line.end(out);
        return;
    }
    let mut side = Line::default();
    side.push(DIM, &remarks.join("; "));
    if line.width() + 3 + side.width() <= options.width {
        line.push(PLAIN, "   ").append(&side).end(out);
        return;
    }
    line.end(out);
    for remark in remarks {
        Line::indented(INDENT + 4).push(DIM, remark).end(out);
    }
}

pub fn push_pieces(line: &mut Line, style: Style, pieces: &[Piece<'_>]) {
    // Where all differs, nothing stands out.
    let all = pieces.iter().all(|piece| piece.differs);
    for piece in pieces {
        let style = if piece.differs && !all { style::stressed(style) } else { style };
        line.push(style, piece.text);
    }
}

/// A small diff of lines.
fn diff(out: &mut String, old: &[String], new: &[String], options: &Options) {
    let indent = INDENT + 4;
    let bound = if options.full { usize::MAX } else { FIELD_LINES };
    let mut left = bound;
    let mut hidden = 0;
    let mut line = |style: Style, sign: &str, pieces: &[Piece<'_>]| {
        if left == 0 {
            hidden += 1;
            return;
        }
        left -= 1;
        let mut line = Line::indented(indent);
        push_pieces(line.push(style, sign), style, pieces);
        line.end(out);
    };
    fn whole(text: &str) -> [Piece<'_>; 1] {
        [Piece { text, differs: false }]
    }
    for part in lines::parts(old, new, CONTEXT) {
        match part {
            Part::Gap(n) => line(DIM, "", &whole(&format!("… {}", words::count(n, "equal line")))),
            Part::Same(lines) => lines.iter().for_each(|text| line(DIM, "  ", &whole(text))),
            Part::Replaced(old, new) => {
                // Lines that replace as many are compared one by one.
                let pairs: Vec<_> = match old.len() == new.len() {
                    true => {
                        old.iter().zip(new).take(bound).map(|(old, new)| lines::words(old, new)).collect()
                    }
                    false => Vec::new(),
                };
                for (i, text) in old.iter().enumerate() {
                    match pairs.get(i) {
                        Some((pieces, _)) => line(OLD, "- ", pieces),
                        None => line(OLD, "- ", &whole(text)),
                    }
                }
                for (i, text) in new.iter().enumerate() {
                    match pairs.get(i) {
                        Some((_, pieces)) => line(NEW, "+ ", pieces),
                        None => line(NEW, "+ ", &whole(text)),
                    }
                }
            }
        }
    }
    if hidden > 0 {
        let more = words::count(hidden, "more line");
        Line::indented(indent).push(DIM, &format!("… {more} (--full shows them)")).end(out);
    }
}
