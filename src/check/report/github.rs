//! The report as commands of GitHub's workflows: each finding becomes an annotation of its line.

use crate::check::{Checked, Told};
use crate::diagnostic::escape_line;
use crate::rules::object::Severity;

/// The report: a line for each finding.
pub fn github(checked: &Checked) -> String {
    checked.findings.iter().map(line).collect()
}

fn line(told: &Told) -> String {
    let command = match told.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let spot = &told.spot;
    let mut properties = vec![format!("title={}", property(&format!("{} {}", told.rule.id, told.rule.name)))];
    // What a flag sets has no file.
    if let Some(file) = spot.in_file() {
        properties.push(format!("file={}", property(file)));
        if spot.line > 0 {
            properties.push(format!("line={}", spot.line));
        }
    }
    let message = format!("{}: {} ({})", super::about(told), told.message, told.fix);
    format!("::{command} {}::{}\n", properties.join(","), data(&message))
}

/// Text as a command's message (`actions/toolkit packages/core/src/command.ts: escapeData`).
fn data(text: &str) -> String {
    escape_line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text as a property of a command (`escapeProperty` there).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_is_written_out() {
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
        assert!(!data("a\n::error::b").contains('\n'));
    }
}
