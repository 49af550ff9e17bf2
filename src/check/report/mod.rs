//! Reports of a check: one [`Checked`](super::Checked), told in several ways. What comes out of charts is untrusted:
//! each report escapes it for its own notation, and control and bidirectional characters are written out everywhere.

mod github;
mod json;
mod junit;
mod rule;
mod sarif;
mod terminal;

use crate::rules::object::Severity;

use super::{Checked, Told};

pub use self::github::github;
pub use self::json::json;
pub use self::junit::junit;
pub use self::rule::{rule, rules};
pub use self::sarif::sarif;
pub use self::terminal::terminal;

/// How many of each severity, and of what: `1 error, 2 warnings in 14 objects; 1 finding set aside`.
fn summary(checked: &Checked) -> String {
    let one = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let word = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|severity| (checked.count(severity), word(severity)))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| one(count, word))
        .collect();
    let found = if counts.is_empty() { "no findings".to_string() } else { counts.join(", ") };
    let aside = match checked.suppressed.len() {
        0 => String::new(),
        n => format!("; {} set aside", one(n, "finding")),
    };
    format!("{found} in {}{aside}", one(checked.objects, "object"))
}

/// The object and field of a finding: `Service/web spec.ports`; the path alone, if it is about a value.
fn about(told: &Told) -> String {
    match (&told.object, &told.field) {
        (Some(id), Some(field)) => format!("{id} {field}"),
        _ => told.about(),
    }
}
