//! The report for people: what is wrong with each object, the gravest first.

use std::collections::HashSet;

use anstyle::{AnsiColor, Style};

use crate::check::{Checked, Told};
use crate::diagnostic::style::{BOLD, DIM, HEADING, Line, PLAIN};
use crate::rules::object::Severity;

use super::summary;

const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const INFO: Style = AnsiColor::BrightBlue.on_default();

/// The columns before what a finding says.
const MARGIN: usize = 18;

/// The report, with ANSI colours. With `suppressed`, findings that were set aside are shown, too.
pub fn terminal(checked: &Checked, suppressed: bool) -> String {
    let mut out = String::new();
    let mut fixes = HashSet::new();
    list(&mut out, checked, &checked.findings, &mut fixes);
    if suppressed && !checked.suppressed.is_empty() {
        Line::default().push(HEADING, "Set aside").end(&mut out);
        out.push('\n');
        list(&mut out, checked, &checked.suppressed, &mut fixes);
    }
    let mut line = Line::default();
    line.push(BOLD, &summary(checked)).end(&mut out);
    if let Some(first) = checked.findings.first() {
        let hint = format!("torii check --explain {} says why", first.rule.id);
        Line::default().push(DIM, &hint).end(&mut out);
    }
    out
}

fn list(out: &mut String, checked: &Checked, list: &[Told], fixes: &mut HashSet<String>) {
    let mut last = None;
    for told in list {
        let own = (told.source, &told.object);
        if last != Some(own) {
            if last.is_some() {
                out.push('\n');
            }
            heading(checked, told).end(out);
        }
        last = Some(own);
        finding(out, told, fixes);
    }
    if !list.is_empty() {
        out.push('\n');
    }
}

/// The object, and where it is.
fn heading(checked: &Checked, told: &Told) -> Line {
    let mut line = Line::default();
    match &told.object {
        Some(id) => line.push(HEADING, &id.to_string()),
        None => line.push(HEADING, "values"),
    };
    if let Some(id) = told.object.as_ref().filter(|id| !id.namespace.is_empty()) {
        line.push(DIM, &format!(" in {}", id.namespace));
    }
    if checked.sources.len() > 1
        && let Some(source) = checked.sources.get(told.source)
    {
        line.push(DIM, &format!(", {source}"));
    }
    line
}

fn finding(out: &mut String, told: &Told, fixes: &mut HashSet<String>) {
    let style = match told.severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Info => INFO,
    };
    let mut line = Line::indented(2);
    line.push(style, told.severity.name()).fill(10).push(BOLD, told.rule.id).fill(MARGIN);
    if let Some(field) = &told.field {
        line.push(BOLD, field).push(PLAIN, if told.object.is_some() { ": " } else { " " });
    }
    line.push(PLAIN, &told.message).end(out);
    let spot = place(told);
    if !spot.is_empty() {
        Line::indented(MARGIN).push(DIM, &spot).end(out);
    }
    if let Some(suppressed) = &told.suppressed {
        let reason = suppressed.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Line::indented(MARGIN).push(DIM, &format!("set aside by {}{reason}", suppressed.by)).end(out);
    } else if fixes.insert(told.fix.clone()) {
        // What is to be done is said once.
        Line::indented(MARGIN).push(DIM, "fix: ").push(PLAIN, &told.fix).end(out);
    }
}

/// Where it is: the line, and the values that it was made of.
fn place(told: &Told) -> String {
    let spot = &told.spot;
    let mut text = spot.file.clone();
    if spot.line > 0 {
        text.push_str(&format!(":{}", spot.line));
    }
    if !spot.values.is_empty() {
        let values: Vec<String> = spot.values.iter().map(|(path, set)| format!("{path} ({set})")).collect();
        text.push_str(&format!(", from {}", values.join(", ")));
    }
    text
}
