//! The report as SARIF 2.1.0, which code review shows beside the lines of a change: every impact at the line of the
//! values file or template that causes it.

use std::collections::BTreeMap;

use crate::diff::{Cause, ObjectReview, Review, ValueFindingKind};
use crate::rules::change::{Effect, Impact};

use super::words;
use crate::report::sarif::{self, Finding, Level, Rule};

/// How serious an effect is.
fn level(effect: Effect) -> Level {
    match effect {
        Effect::Refused | Effect::Recreate | Effect::Delete => Level::Error,
        Effect::Storage | Effect::Crd | Effect::Privilege | Effect::Traffic => Level::Warning,
        Effect::Restart | Effect::Scale | Effect::Other => Level::Note,
    }
}

/// The report of one or several reviews.
pub fn sarif(reviews: &[Review]) -> String {
    let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
    let mut findings = Vec::new();
    for review in reviews {
        for object in &review.changes {
            for impact in &object.impacts {
                let level = level(impact.effect);
                rules
                    .entry(impact.rule.to_string())
                    .or_insert_with(|| rule(words::effect(impact.effect), level));
                findings.push(of_impact(review, object, impact, level));
            }
        }
        for finding in &review.values.findings {
            let (level, text) = match finding.kind {
                ValueFindingKind::BreaksSchema => (Level::Error, "the chart's schema refuses a value"),
                ValueFindingKind::MatchesNothing => (Level::Warning, "a value has no effect any more"),
                ValueFindingKind::OtherType => (Level::Warning, "a value has another type than its default"),
                ValueFindingKind::EqualsDefault => (Level::Note, "a value is what the default is"),
            };
            let id = format!("value-{}", words::value_finding(finding.kind));
            rules.entry(id.clone()).or_insert_with(|| rule(text, level));
            let (file, line) = place(finding.place.as_deref().unwrap_or(&review.new.name));
            findings.push(Finding {
                rule: id,
                level,
                message: finding.message.clone(),
                file,
                line,
                object: finding.path.clone(),
                suppressed: None,
            });
        }
    }
    sarif::log("torii diff", &rules, findings)
}

fn rule(text: &str, level: Level) -> Rule {
    Rule { text: text.to_string(), level, help: String::new() }
}

fn of_impact(review: &Review, object: &ObjectReview, impact: &Impact, level: Level) -> Finding {
    let cause_place = |cause: &Cause| cause.new_place.clone().or_else(|| cause.old_place.clone());
    let found = words::causes_of(object, impact).iter().find_map(cause_place);
    let (file, line) = match found {
        Some(text) => place(&text),
        None => (template(review, object), 1),
    };
    Finding {
        rule: impact.rule.to_string(),
        level,
        message: impact.message.clone(),
        file,
        line,
        object: words::object_name(object),
        suppressed: None,
    }
}

/// The file of the object's template, as far as it can be told: `gateway/templates/hpa.yaml` of the chart in
/// `charts/gateway` is `charts/gateway/templates/hpa.yaml`.
fn template(review: &Review, object: &ObjectReview) -> String {
    let (side, own) = match (&object.new, &object.old) {
        (Some(new), _) => (&review.new, new),
        (None, Some(old)) => (&review.old, old),
        (None, None) => return review.new.name.clone(),
    };
    let path = words::without_revision(&side.name).trim_end_matches('/');
    let chart = side.chart.as_deref().and_then(|chart| chart.split(' ').next());
    match own.source.split_once('/') {
        Some((name, rest)) if Some(name) == chart && !path.ends_with(".tgz") => format!("{path}/{rest}"),
        _ => own.source.to_string(),
    }
}

/// A file and line of a text like `values-prod.yaml:12`, or `main:values-prod.yaml:12`.
fn place(text: &str) -> (String, usize) {
    let (file, line) = words::line_of(text).unwrap_or((text, 1));
    (words::without_revision(file).to_string(), line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_files_and_lines() {
        assert_eq!(place("values-prod.yaml:12"), ("values-prod.yaml".into(), 12));
        assert_eq!(place("main:values.yaml:12"), ("values.yaml".into(), 12));
        assert_eq!(place("--set"), ("--set".into(), 1));
    }
}
