//! Rules about objects: what is wrong with what is rendered, before a cluster sees it.
//!
//! Each rule is an entry in a table of its family: its id and name, what it finds, why that is wrong and what to do
//! about it, and a function that looks for it. [`judge`] runs all of them over a [`Scene`]: the objects that are
//! judged, those that are in the cluster already, and who selects whom among them all. `docs/rules/` has a page for
//! each.

mod gateway;
mod general;
mod rule;
mod scene;

use std::fmt;
use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;

pub use self::rule::{Check, Findings, Rule};
pub use self::scene::{Scene, Surroundings};

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The API refuses it, or it doesn't do what it is there for.
    Error,
    /// It works, but likely not as meant; or whether it works, depends on what is in the cluster.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// All, most serious first.
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one rule says of one object.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How serious it is here: a rule may know more than its own severity says.
    pub severity: Severity,
    /// The object.
    pub object: Arc<Object>,
    /// The field, if it is about one. It may be one that is missing.
    pub field: Option<Path>,
    /// The sentence for the reader: `selects no pods: none in edge have the labels istio=gw`. It holds no values of
    /// fields that may be secret.
    pub message: String,
    /// What to do about it, if there is more to say than the rule's own words.
    pub fix: Option<String>,
}

impl Finding {
    /// As serious as this.
    pub fn severity(&mut self, severity: Severity) -> &mut Finding {
        self.severity = severity;
        self
    }

    /// With what to do about it.
    pub fn fix(&mut self, fix: impl Into<String>) -> &mut Finding {
        self.fix = Some(fix.into());
        self
    }
}

/// A family of rules with its title.
pub type Family = (&'static str, &'static [Rule]);

/// The families of rules; within a family in the order of its table.
pub fn families() -> impl Iterator<Item = &'static Family> {
    general::FAMILIES.iter().chain(gateway::FAMILIES)
}

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    families().flat_map(|(_, rules)| rules.iter())
}

/// The rule of an id (`GW001`) or name (`service-selects-nothing`).
pub fn rule(word: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id.eq_ignore_ascii_case(word) || rule.name == word)
}

/// What the rules find in a scene, in the order of their tables, and what they could not judge.
pub fn judge(scene: &Scene) -> (Vec<Finding>, Vec<String>) {
    let (mut found, mut warnings) = (Vec::new(), Vec::new());
    for rule in rules() {
        let mut findings = Findings::new(rule, scene);
        findings.look(scene);
        warnings.extend(findings.warnings());
        found.extend(findings.into_vec());
    }
    warnings.extend(scene.warnings());
    (found, warnings)
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
