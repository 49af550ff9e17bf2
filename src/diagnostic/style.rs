//! Text in styles, for a terminal.

use anstyle::{AnsiColor, Effects, Style};
use unicode_width::UnicodeWidthStr;

use super::escape_line;

/// As it is.
pub const PLAIN: Style = Style::new();
/// What matters most.
pub const BOLD: Style = Style::new().bold();
/// What matters least.
pub const DIM: Style = Style::new().effects(Effects::DIMMED);
/// What was.
pub const OLD: Style = AnsiColor::Red.on_default();
/// What will be.
pub const NEW: Style = AnsiColor::Green.on_default();
/// What a part is about.
pub const HEADING: Style = AnsiColor::BrightCyan.on_default().bold();

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A line with styles, of a known width. Whatever is pushed is escaped.
#[derive(Clone, Debug, Default)]
pub struct Line {
    text: String,
    width: usize,
}

impl Line {
    /// A line that begins with spaces.
    pub fn indented(spaces: usize) -> Line {
        Line { text: " ".repeat(spaces), width: spaces }
    }

    /// Adds text in a style.
    pub fn push(&mut self, style: Style, text: &str) -> &mut Line {
        let text = escape_line(text);
        self.width += width(&text);
        if style.is_plain() || text.is_empty() {
            self.text.push_str(&text);
        } else {
            self.text.push_str(&format!("{style}{text}{style:#}"));
        }
        self
    }

    /// Adds another line's text.
    pub fn append(&mut self, other: &Line) -> &mut Line {
        self.text.push_str(&other.text);
        self.width += other.width;
        self
    }

    /// Fills up with spaces to a column.
    pub fn fill(&mut self, column: usize) -> &mut Line {
        let spaces = column.saturating_sub(self.width);
        self.text.push_str(&" ".repeat(spaces));
        self.width += spaces;
        self
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Writes it out with a line end.
    pub fn end(&self, out: &mut String) {
        out.push_str(self.text.trim_end_matches(' '));
        out.push('\n');
    }
}
