//! The colours of the terminal's report.

use anstyle::{AnsiColor, Style};

pub use crate::diagnostic::style::{BOLD, DIM, HEADING, Line, NEW, OLD, PLAIN, width};
use crate::rules::change::Effect;

use super::super::words::Happening;

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
