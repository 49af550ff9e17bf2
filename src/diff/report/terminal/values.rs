//! The values in the terminal's report.

use crate::diff::{ValueChange, ValueChangeKind, ValueFinding, ValueFindingKind, ValuesReview};
use crate::rules::change::Effect;

use super::super::words;
use super::style::{self, BOLD, DIM, HEADING, Line, PLAIN};
use super::{Options, fields};

/// Changes of values that are shown, if not all are asked for.
const CHANGES: usize = 30;

/// Shows what differs in the values, if anything does.
pub fn show(out: &mut String, values: &ValuesReview, options: &Options) {
    if values.defaults.is_empty() && values.user.is_empty() && values.findings.is_empty() {
        return;
    }
    out.push('\n');
    Line::default().push(HEADING, "Values").end(out);
    changes(out, "Yours", &values.user, options);
    findings(out, &values.findings);
    changes(out, "The chart's defaults", &values.defaults, options);
}

fn changes(out: &mut String, title: &str, changes: &[ValueChange], options: &Options) {
    if changes.is_empty() {
        return;
    }
    let mut line = Line::indented(2);
    line.push(BOLD, title).end(out);
    let shown = if options.full { changes.len() } else { CHANGES };
    for change in changes.iter().take(shown) {
        let mut remarks = Vec::new();
        if change.kind == ValueChangeKind::Retyped {
            let types = |value: Option<&crate::value::Value>| value.map_or("nothing", words::type_name);
            remarks.push(format!(
                "another type: {} → {}",
                types(change.old.as_ref()),
                types(change.new.as_ref())
            ));
        }
        remarks.extend(words::moved(change));
        remarks.extend(words::places(change.old_place.as_deref(), change.new_place.as_deref()));
        fields::value_change(out, &change.path, change.old.as_ref(), change.new.as_ref(), &remarks, options);
    }
    if changes.len() > shown {
        let more = format!("… {} more (--full shows them)", changes.len() - shown);
        Line::indented(fields::INDENT).push(DIM, &more).end(out);
    }
}

fn findings(out: &mut String, findings: &[ValueFinding]) {
    for finding in findings {
        let serious = match finding.kind {
            ValueFindingKind::BreaksSchema => Effect::Refused,
            ValueFindingKind::MatchesNothing | ValueFindingKind::OtherType => Effect::Traffic,
            ValueFindingKind::EqualsDefault => Effect::Other,
        };
        let mut line = Line::indented(fields::INDENT);
        line.push(style::effect(Some(serious)), "! ").push(PLAIN, &finding.message);
        if let Some(place) = &finding.place {
            line.push(DIM, &format!("   {place}"));
        }
        line.end(out);
    }
}
