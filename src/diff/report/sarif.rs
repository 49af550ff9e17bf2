//! The report as SARIF 2.1.0, which code review shows beside the lines of a change: every impact at the line of the
//! values file or template that causes it.

use std::collections::BTreeMap;

use crate::diff::{Cause, ObjectReview, Review, ValueFindingKind};
use crate::rules::change::{Effect, Impact};

use super::words;
use crate::json::Writer;

/// Findings that are told; code scanning takes no more of a run.
const RESULTS: usize = 25_000;

/// One finding.
struct Finding {
    rule: String,
    level: Level,
    message: String,
    file: String,
    line: usize,
    object: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
    Note,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    fn of(effect: Effect) -> Level {
        match effect {
            Effect::Refused | Effect::Recreate | Effect::Delete => Level::Error,
            Effect::Storage | Effect::Crd | Effect::Privilege | Effect::Traffic => Level::Warning,
            Effect::Restart | Effect::Scale | Effect::Other => Level::Note,
        }
    }
}

/// The report of one or several reviews.
pub fn sarif(reviews: &[Review]) -> String {
    let mut rules: BTreeMap<String, (&'static str, Level)> = BTreeMap::new();
    let mut findings = Vec::new();
    for review in reviews {
        for object in &review.changes {
            for impact in &object.impacts {
                let level = Level::of(impact.effect);
                rules.entry(impact.rule.to_string()).or_insert((words::effect(impact.effect), level));
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
            let rule = format!("value-{}", words::value_finding(finding.kind));
            rules.entry(rule.clone()).or_insert((text, level));
            let (file, line) = place(finding.place.as_deref().unwrap_or(&review.new.name));
            findings.push(Finding {
                rule,
                level,
                message: finding.message.clone(),
                file,
                line,
                object: finding.path.clone(),
            });
        }
    }
    findings.sort_by_key(|finding| finding.level);
    let left_out = findings.len().saturating_sub(RESULTS);
    findings.truncate(RESULTS);
    write(&rules, &findings, left_out)
}

fn write(rules: &BTreeMap<String, (&'static str, Level)>, findings: &[Finding], left_out: usize) -> String {
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(i, rule)| (rule.as_str(), i)).collect();
    let mut writer = Writer::new();
    writer.object(|w| {
        w.field_string("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        w.field_string("version", "2.1.0");
        w.field_list("runs", [()], |w, ()| {
            w.object(|w| {
                w.field_object("tool", |w| {
                    w.field_object("driver", |w| {
                        w.field_string("name", "torii diff");
                        w.field_string("version", env!("CARGO_PKG_VERSION"));
                        w.field_list("rules", rules, |w, (rule, (text, level))| {
                            w.object(|w| {
                                w.field_string("id", rule);
                                w.field_object("shortDescription", |w| w.field_string("text", text));
                                w.field_object("defaultConfiguration", |w| {
                                    w.field_string("level", level.name());
                                });
                            });
                        });
                    });
                });
                w.field_list("results", findings, |w, finding| {
                    let index = index.get(finding.rule.as_str()).copied().unwrap_or_default();
                    w.object(|w| result(w, finding, index));
                });
                if left_out > 0 {
                    w.field_object("properties", |w| w.field_count("resultsLeftOut", left_out));
                }
            });
        });
    });
    writer.finish()
}

fn result(w: &mut Writer, finding: &Finding, index: usize) {
    w.field_string("ruleId", &finding.rule);
    w.field_count("ruleIndex", index);
    w.field_string("level", finding.level.name());
    w.field_object("message", |w| {
        let text = crate::diagnostic::escape(&format!("{}: {}", finding.object, finding.message));
        w.field_string("text", &text);
    });
    w.field_list("locations", [()], |w, ()| {
        w.object(|w| {
            w.field_object("physicalLocation", |w| {
                w.field_object("artifactLocation", |w| w.field_string("uri", &uri(&finding.file)));
                w.field_object("region", |w| w.field_count("startLine", finding.line));
            });
            w.field_list("logicalLocations", [()], |w, ()| {
                w.object(|w| w.field_string("fullyQualifiedName", &finding.object));
            });
        });
    });
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

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for b in path.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(b))
            }
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    // What begins with two slashes would name another host.
    let relative = out.trim_start_matches('/');
    if relative.len() + 1 < out.len() { format!("/{relative}") } else { out }
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

    #[test]
    fn paths_are_escaped_in_uris() {
        assert_eq!(uri("charts/a b/ü.yaml"), "charts/a%20b/%C3%BC.yaml");
        assert_eq!(uri("//evil.example/x"), "/evil.example/x");
        assert_eq!(uri("/srv/x"), "/srv/x");
        assert_eq!(uri("javascript:x"), "javascript%3Ax");
    }
}
