//! The report as SARIF, with a result at the line of the template, values file or manifest that each finding is in.

use std::collections::BTreeMap;

use crate::check::suppress::{ANNOTATED, Suppressed};
use crate::check::{Checked, Told};
use crate::report::sarif::{self, Finding, Level, Rule, Suppression};
use crate::rules::object::Severity;

/// The report. Findings that were set aside are there as suppressed results.
pub fn sarif(checked: &Checked) -> String {
    let mut rules = BTreeMap::new();
    let mut findings = Vec::new();
    for told in checked.findings.iter().chain(&checked.suppressed) {
        rules.entry(told.rule.id.to_string()).or_insert_with(|| Rule {
            text: told.rule.summary.to_string(),
            level: level(told.rule.severity),
            help: format!("{} {}", told.rule.why, told.rule.fix),
        });
        findings.push(finding(checked, told));
    }
    sarif::log("torii check", &rules, findings)
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Note,
    }
}

fn finding(checked: &Checked, told: &Told) -> Finding {
    // Code review wants a file for each result. What a flag sets is in none: there, the source stands for it.
    let source = checked.sources.get(told.source).map_or("", String::as_str);
    let file = told.spot.in_file().unwrap_or(source).to_string();
    let suppression = |own: &Suppressed| Suppression {
        in_source: own.by == ANNOTATED,
        reason: own.reason.clone().unwrap_or_else(|| own.by.to_string()),
    };
    Finding {
        rule: told.rule.id.to_string(),
        level: level(told.severity),
        message: told.message.clone(),
        file,
        line: told.spot.line,
        object: super::about(told),
        suppressed: told.suppressed.as_ref().map(suppression),
    }
}
