//! How a diagnostic is shown on a terminal.

use std::fmt::Write;

use super::Diagnostic;

impl Diagnostic {
    /// The diagnostic as text for stderr: the message first and whole, then snippet, trace and hint.
    pub fn render(&self) -> String {
        let mut out = self.message.clone();
        if let Some(place) = &self.place {
            let _ = write!(out, "\n  --> {place}");
        }
        if let Some(hint) = &self.hint {
            let _ = write!(out, "\n  hint: {hint}");
        }
        out.push('\n');
        out
    }
}
