//! SARIF 2.1.0, which code review shows beside the lines of a change.

use std::collections::BTreeMap;

use crate::json::Writer;

/// Findings that are told; code scanning takes no more of a run.
const RESULTS: usize = 25_000;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It breaks something.
    Error,
    /// It may break something.
    Warning,
    /// Worth knowing.
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
}

/// A rule that findings are of.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is about, in a line.
    pub text: String,
    /// How serious its findings are by default.
    pub level: Level,
    /// What to do about them; empty if there is nothing to say.
    pub help: String,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The id of its rule.
    pub rule: String,
    /// How serious it is.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// The file it is about.
    pub file: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// The object or value that it is about.
    pub object: String,
    /// How it was set aside, if it was.
    pub suppressed: Option<Suppression>,
}

/// How a finding was set aside.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// Whether what is judged says so itself, and not a flag or a configuration.
    pub in_source: bool,
    /// Why.
    pub reason: String,
}

/// The log of one run of a program, the most serious findings first.
pub fn log(tool: &str, rules: &BTreeMap<String, Rule>, mut findings: Vec<Finding>) -> String {
    findings.sort_by_key(|finding| finding.level);
    let left_out = findings.len().saturating_sub(RESULTS);
    findings.truncate(RESULTS);
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(i, rule)| (rule.as_str(), i)).collect();
    let mut writer = Writer::new();
    writer.object(|w| {
        w.field_string("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        w.field_string("version", "2.1.0");
        w.field_list("runs", [()], |w, ()| {
            w.object(|w| {
                w.field_object("tool", |w| {
                    w.field_object("driver", |w| {
                        w.field_string("name", tool);
                        w.field_string("version", env!("CARGO_PKG_VERSION"));
                        w.field_list("rules", rules, |w, (id, own)| w.object(|w| rule(w, id, own)));
                    });
                });
                w.field_list("results", &findings, |w, finding| {
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

fn rule(w: &mut Writer, id: &str, rule: &Rule) {
    w.field_string("id", id);
    w.field_object("shortDescription", |w| w.field_string("text", &rule.text));
    if !rule.help.is_empty() {
        w.field_object("help", |w| w.field_string("text", &rule.help));
    }
    w.field_object("defaultConfiguration", |w| w.field_string("level", rule.level.name()));
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
                w.field_object("region", |w| w.field_count("startLine", finding.line.max(1)));
            });
            w.field_list("logicalLocations", [()], |w, ()| {
                w.object(|w| w.field_string("fullyQualifiedName", &finding.object));
            });
        });
    });
    if let Some(suppression) = &finding.suppressed {
        w.field_list("suppressions", [()], |w, ()| {
            w.object(|w| {
                w.field_string("kind", if suppression.in_source { "inSource" } else { "external" });
                w.field_string("justification", &suppression.reason);
            });
        });
    }
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
    fn paths_are_escaped_in_uris() {
        assert_eq!(uri("charts/a b/ü.yaml"), "charts/a%20b/%C3%BC.yaml");
        assert_eq!(uri("//evil.example/x"), "/evil.example/x");
        assert_eq!(uri("/srv/x"), "/srv/x");
        assert_eq!(uri("javascript:x"), "javascript%3Ax");
    }
}
