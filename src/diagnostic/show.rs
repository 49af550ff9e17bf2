//! How a diagnostic is shown on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use super::{Diagnostic, Frame, Place, floor_boundary, mask};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing came of the command.
    Error,
    /// The command went on.
    Warning,
}

const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const LABEL: Style = AnsiColor::BrightCyan.on_default().bold();

/// Steps of a trace that are shown at its inner and at its outer end; what lies between is only counted.
const TRACE_ENDS: (usize, usize) = (12, 4);

/// Bytes of a line of a message from which on its middle is left out, and how many then stay at either end.
const MESSAGE_LINE: usize = 8_000;
const MESSAGE_ENDS: (usize, usize) = (1_000, 2_000);

/// Characters of a source line that are shown at most.
const LINE_CHARS: usize = 300;

impl Diagnostic {
    /// The diagnostic as text for stderr, with ANSI colours (which the writer strips where they don't belong):
    /// the whole message first, unwrapped, then the source line, how it was reached, notes and the hint.
    ///
    /// Whatever came out of a chart is made harmless: control, escape and bidirectional characters are shown
    /// escaped, and values of secret-looking keys are masked in source lines.
    pub fn render(&self, severity: Severity) -> String {
        let (style, name) = match severity {
            Severity::Error => (ERROR, "Error"),
            Severity::Warning => (WARNING, "Warning"),
        };
        let mut out = format!("{style}{name}:{style:#} {}\n", escape(&shortened(&self.message)));
        if let Some(place) = &self.place {
            show_place(&mut out, place);
        }
        show_trace(&mut out, &self.trace);
        for note in &self.notes {
            label(&mut out, "note", note);
        }
        if let Some(hint) = &self.hint {
            label(&mut out, "hint", &hint.text);
        }
        out
    }
}

fn label(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "  {LABEL}{name}:{LABEL:#} {}", escape(text).replace('\n', "\n        "));
}

/// The message with the middle of monstrous lines left out, as an endless recursion makes them.
fn shortened(message: &str) -> Cow<'_, str> {
    if message.split('\n').all(|line| line.len() <= MESSAGE_LINE) {
        return Cow::Borrowed(message);
    }
    let shorten = |line: &str| {
        if line.len() <= MESSAGE_LINE {
            return line.to_string();
        }
        let (head, tail) =
            (floor_boundary(line, MESSAGE_ENDS.0), floor_boundary(line, line.len() - MESSAGE_ENDS.1));
        format!("{} … ({} bytes left out) … {}", &line[..head], tail - head, &line[tail..])
    };
    Cow::Owned(message.split('\n').map(shorten).collect::<Vec<_>>().join("\n"))
}

fn show_trace(out: &mut String, trace: &[Frame]) {
    let calls: Vec<&[Frame]> = trace.chunk_by(|a, b| a.what == b.what && a.place == b.place).collect();
    let hidden = calls.len().saturating_sub(TRACE_ENDS.0 + TRACE_ENDS.1);
    for (i, call) in calls.iter().enumerate() {
        if hidden > 0 && i == TRACE_ENDS.0 {
            let _ = writeln!(out, "  … {hidden} more calls …");
        }
        let Some(frame) =
            call.first().filter(|_| hidden == 0 || i < TRACE_ENDS.0 || i >= TRACE_ENDS.0 + hidden)
        else {
            continue;
        };
        let place = escape_line(&frame.place.to_string());
        let times = if call.len() > 1 { format!(", {} times", call.len()) } else { String::new() };
        let _ = writeln!(out, "  in {}, called at {place}{times}", escape_line(&frame.what));
    }
}

fn show_place(out: &mut String, place: &Place) {
    let _ = writeln!(out, "  {LABEL}-->{LABEL:#} {}", escape_line(&place.to_string()));
    let Some(text) = &place.text else { return };
    let Some(line) = place.line.checked_sub(1).and_then(|i| text.split('\n').nth(i)) else { return };
    let line = line.strip_suffix('\r').unwrap_or(line);
    let pieces = mask::pieces(text, place.line, line);
    let (shown, span) = cut(&pieces, place.column, place.length);
    let snippet = Snippet::source(shown.as_str()).line_start(place.line);
    let snippet = match span {
        Some(span) => snippet.annotation(AnnotationKind::Primary.span(span)),
        // Without a column the whole line is meant.
        None => snippet.annotation(AnnotationKind::Visible.span(0..shown.len())),
    };
    let group = Group::with_level(Level::ERROR).element(snippet);
    out.push_str(&Renderer::styled().render(&[group]));
    out.push('\n');
}

/// Writes the pieces of a line out, escaped and at most [`LINE_CHARS`] long around the column, and finds the
/// bytes that the column (in characters, from 1) and length then cover.
fn cut(pieces: &[mask::Piece<'_>], column: usize, length: usize) -> (String, Option<std::ops::Range<usize>>) {
    let start = column.saturating_sub(1);
    let end = start.saturating_add(length.max(1));
    let first = start.saturating_sub(LINE_CHARS / 3);
    let mut shown = String::new();
    if first > 0 {
        shown.push('…');
    }
    let (mut from, mut to) = (None, None);
    let mut at = 0;
    for piece in pieces {
        let chars: usize = piece.original.chars().count();
        if let Some(mask) = piece.shown {
            if at + chars > start && at < end {
                from.get_or_insert(shown.len());
                to = Some(shown.len() + mask.len());
            }
            if at + chars > first {
                shown.push_str(mask);
            }
            at += chars;
            continue;
        }
        for c in piece.original.chars() {
            if at >= first + LINE_CHARS {
                break;
            }
            if at == start {
                from.get_or_insert(shown.len());
            }
            if at >= first {
                escape_char(&mut shown, c, false);
            }
            at += 1;
            if at > start && at <= end {
                to = Some(shown.len());
            }
        }
    }
    if at >= first + LINE_CHARS {
        shown.push('…');
    }
    if column == 0 {
        return (shown, None);
    }
    // A column behind the line's end is drawn there.
    let from = from.unwrap_or(shown.len()).min(shown.len());
    let to = to.unwrap_or(from).max(from).min(shown.len());
    (shown, Some(from..to))
}

/// The text with characters that could mislead a reader or a terminal written out (`\u{1b}`): control
/// characters but newline and tab, and those that change the direction of writing or can't be seen.
pub fn escape(text: &str) -> String {
    escaped(text, true)
}

/// As [`escape`], for text that must stay on one line.
pub fn escape_line(text: &str) -> String {
    escaped(text, false)
}

fn escaped(text: &str, newlines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        escape_char(&mut out, c, newlines);
    }
    out
}

fn escape_char(out: &mut String, c: char, newlines: bool) {
    match c {
        '\t' => out.push(c),
        '\n' if newlines => out.push(c),
        // Arabic letter mark, zero-width and direction marks, line and paragraph separators, embeddings and
        // overrides, invisible operators and isolates, variation and annotation marks, tags.
        '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => {
            let _ = write!(out, "{}", c.escape_unicode());
        }
        c if c.is_control() => {
            let _ = write!(out, "{}", c.escape_unicode());
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::*;

    fn plain(error: &Error) -> String {
        anstream::adapter::strip_str(&error.diagnostic().render(Severity::Error)).to_string()
    }

    #[test]
    fn the_message_comes_first_and_whole_then_the_line_with_a_caret() {
        let text = "a: 1\nname: {{ .Values.servce.port }}\n";
        let error = Error::new("nil pointer\n  evaluating interface {}.port")
            .at(Place { length: 14, ..Place::new("c/templates/a.yaml", 2, 10).with_text(text) })
            .note("a fact")
            .hint("did you mean `Values.service`?");
        assert_eq!(
            plain(&error),
            "Error: nil pointer\n  evaluating interface {}.port\n  --> c/templates/a.yaml:2:10\n  |\n\
             2 | name: {{ .Values.servce.port }}\n  |          ^^^^^^^^^^^^^^\n  note: a fact\n  \
             hint: did you mean `Values.service`?\n"
        );
    }

    #[test]
    fn a_long_trace_is_shown_by_its_ends() {
        let frame = |i| Frame { what: format!("include \"t{i}\""), place: Place::new("f", i, 1) };
        let error = (1..=100).fold(Error::new("deep"), |e, i| e.frame(frame(i)));
        let shown = plain(&error);
        assert!(
            shown.contains("in include \"t12\", called at f:12:1\n  … 84 more calls …\n  in include \"t97\"")
        );
        assert!(shown.ends_with("in include \"t100\", called at f:100:1\n"));
    }

    #[test]
    fn an_endless_recursion_is_shown_once() {
        let frame = Frame { what: "include \"t\"".into(), place: Place::new("f", 1, 1) };
        let message = format!("start {}end", "again ".repeat(100_000));
        let error = (0..1000).fold(Error::new(message), |e, _| e.frame(frame.clone()));
        let shown = plain(&error);
        assert!(shown.starts_with("Error: start again ") && shown.len() < 4_000, "{}", shown.len());
        assert!(shown.ends_with("again end\n  in include \"t\", called at f:1:1, 1000 times\n"), "{shown}");
    }

    #[test]
    fn control_and_direction_characters_are_written_out() {
        let error = Error::new("a\u{1b}[31m\u{202e}b\r\n\tc\u{9b}")
            .at(Place::new("f\n\u{7}", 1, 1).with_text("x\u{1b}]0;y"));
        let shown = plain(&error);
        assert!(shown.starts_with("Error: a\\u{1b}[31m\\u{202e}b\\u{d}\n\tc\\u{9b}\n"), "{shown}");
        assert!(shown.contains("--> f\\u{a}\\u{7}:1:1"), "{shown}");
        assert!(shown.contains("x\\u{1b}]0;y"), "{shown}");
    }

    #[test]
    fn very_long_lines_are_cut_around_the_column() {
        let text = format!("{}HERE{}", "x".repeat(100_000), "y".repeat(100_000));
        let error = Error::new("m").at(Place { length: 4, ..Place::new("f", 1, 100_001).with_text(text) });
        let shown = plain(&error);
        assert!(shown.len() < 2_000, "{}", shown.len());
        assert!(shown.contains("HERE") && shown.contains("^^^^"), "{shown}");
    }

    #[test]
    fn a_place_beyond_the_text_shows_no_line() {
        let shown = plain(&Error::new("m").at(Place::new("f", 9, 9).with_text("a\n")));
        assert_eq!(shown, "Error: m\n  --> f:9:9\n");
        let shown = plain(&Error::new("m").at(Place::new("f", 1, 90).with_text("ab\n")));
        assert!(shown.contains("1 | ab"), "{shown}");
    }
}
