//! The colours of the terminal's report, and a line that knows how wide it is.

use anstyle::{AnsiColor, Effects, Style};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::escape_line;
use crate::rules::change::Effect;

use super::super::words::Happening;

pub const PLAIN: Style = Style::new();
pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().effects(Effects::DIMMED);
pub const OLD: Style = AnsiColor::Red.on_default();
pub const NEW: Style = AnsiColor::Green.on_default();
pub const HEADING: Style = AnsiColor::BrightCyan.on_default().bold();
const GRAVE: Style = AnsiColor::BrightRed.on_default().bold();
const SERIOUS: Style = AnsiColor::Yellow.on_default().bold();
const NOTABLE: Style = AnsiColor::BrightBlue.on_default().bold();

/// The style of what an effect does.
pub fn effect(effect: Option<Effect>) -> Style {
    match effect {
        Some(Effect::Refused | Effect::Recreate | Effect::Delete) => GRAVE,
        Some(Effect::Storage | Effect::Crd | Effect::Privilege | Effect::Traffic) => SERIOUS,
        Some(Effect::Restart | Effect::Scale) => NOTABLE,
        Some(Effect::Other) | None => PLAIN,
    }
}

/// The style of an object's heading.
pub fn happening(happening: Happening) -> Style {
    match happening {
        Happening::Added => NEW.bold(),
        Happening::Removed => OLD.bold(),
        Happening::Renamed | Happening::Changed => BOLD,
    }
}

/// A style for the words that differ within a line of another style. It is not told by colour alone.
pub fn stressed(style: Style) -> Style {
    style.bold().underline()
}

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
