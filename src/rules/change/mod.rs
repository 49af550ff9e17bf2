//! Rules about changes: what a change does to a running cluster.
//!
//! Each rule is an entry in a table of its family: what it is about, what it does, why, and what it looks for: fields
//! of kinds ([`Fields`]), or a function where fields alone don't tell. [`judge`] runs all of them over a
//! [`Comparison`]; [`verdict`] says it in one line. `docs/impacts.md` has a section for each.

mod crd;
mod delete;
mod facts;
mod fields;
mod hooks;
mod network;
mod other;
mod ownership;
mod pods;
mod privilege;
mod rbac;
mod recreate;
mod refused;
mod restart;
mod rule;
mod scale;
mod schema;
mod selection;
mod service;
mod storage;
#[cfg(test)]
pub(crate) mod testing;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;

use crate::compare::{Comparison, Path};
use crate::manifest::object::Identity;

pub use self::rule::{Check, Fields, Rule};
pub use self::verdict::{Verdict, verdict};

use self::facts::{Facts, Subject};
use self::rule::Findings;

/// What a change does to a running cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The API server will refuse it: a field that can't be changed.
    Refused,
    /// The object goes and comes again, with an interruption or another address.
    Recreate,
    /// An object goes.
    Delete,
    /// Stored data or volumes are touched.
    Storage,
    /// A custom resource definition is touched.
    Crd,
    /// More may be done by someone: RBAC, security contexts, host access.
    Privilege,
    /// Requests go elsewhere, or may no longer.
    Traffic,
    /// Pods restart.
    Restart,
    /// More or fewer pods run.
    Scale,
    /// Something that running pods don't feel.
    Other,
}

impl Effect {
    /// Those that `--fail-on` knows, most serious first.
    pub const NAMED: [Effect; 9] = [
        Effect::Refused,
        Effect::Recreate,
        Effect::Delete,
        Effect::Storage,
        Effect::Crd,
        Effect::Privilege,
        Effect::Traffic,
        Effect::Restart,
        Effect::Scale,
    ];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Refused => "refused",
            Effect::Recreate => "recreate",
            Effect::Delete => "delete",
            Effect::Storage => "storage",
            Effect::Crd => "crd",
            Effect::Privilege => "privilege",
            Effect::Traffic => "traffic",
            Effect::Restart => "restart",
            Effect::Scale => "scale",
            Effect::Other => "other",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one rule says of one change.
#[derive(Clone, Debug)]
pub struct Impact {
    /// The rule: `selector-immutable`. Each has a section in `docs/impacts.md`.
    pub rule: &'static str,
    /// What the change does.
    pub effect: Effect,
    /// The object.
    pub object: Identity,
    /// The field that causes it, if it is one.
    pub field: Option<Path>,
    /// The sentence for the reader: `restarts pods: rolling, because the image changes`. It holds no values of
    /// fields that may be secret.
    pub message: String,
}

/// What a comparison does to a running cluster.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What each change does, most serious first: one list for each of [`Comparison::changes`], in their order.
    pub impacts: Vec<Vec<Impact>>,
    /// It all in one line.
    pub line: String,
    /// The most serious effect; `None` if there is no impact.
    pub effect: Option<Effect>,
    /// How many impacts there are of each effect.
    pub counts: BTreeMap<Effect, usize>,
    /// What could not be judged, and why.
    pub warnings: Vec<String>,
}

/// The families of rules with their titles, those of the most serious effects first; within a family in the order of
/// its table.
pub const FAMILIES: &[(&str, &[Rule])] = &[
    ("What the API refuses", refused::RULES),
    ("What goes and comes again", recreate::RULES),
    ("What is deleted", delete::RULES),
    ("Stored data", storage::RULES),
    ("Definitions of custom resources", crd::RULES),
    ("What pods, namespaces and webhooks may do", privilege::RULES),
    ("Who may ask what of the API", rbac::RULES),
    ("Who a Service selects", selection::RULES),
    ("Services", service::RULES),
    ("Policies, routes and probes", network::RULES),
    ("Restarts", restart::RULES),
    ("How many pods run", scale::RULES),
    ("Hooks and crds/", hooks::RULES),
    ("Ownership", ownership::RULES),
    ("What running pods don't feel", other::RULES),
];

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|(_, rules)| rules.iter())
}

/// The rule of an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// Says what each change does, and what they do together. Fields that mean the same on both sides do nothing.
pub fn judge(comparison: &Comparison) -> Judgement {
    let mut facts = Facts::new(comparison);
    let mut impacts: Vec<Vec<Impact>> = comparison.changes.iter().map(|_| Vec::new()).collect();
    // What is refused is known first: what else a change does, may depend on it.
    for refusing in [true, false] {
        for (index, change) in comparison.changes.iter().enumerate() {
            let Some(subject) = Subject::new(index, change, &facts) else { continue };
            for rule in rules() {
                if (rule.effect == Effect::Refused) == refusing && rule.applies(&subject) {
                    Findings::new(rule, &subject, &mut impacts[index]).run();
                }
            }
        }
        if refusing {
            facts.refused = impacts.iter().flatten().map(|impact| impact.object.clone()).collect();
        }
    }
    // Rules run in the order of their tables, which stays among those of one effect.
    impacts.iter_mut().for_each(|impacts| impacts.sort_by_key(|impact| impact.effect));
    let verdict = verdict(impacts.iter().flatten());
    let line = match (comparison.changes.is_empty(), verdict.effect) {
        (false, None) => "no difference in meaning".to_string(),
        _ => verdict.line,
    };
    Judgement { impacts, line, effect: verdict.effect, counts: verdict.counts, warnings: facts.warnings() }
}

#[cfg(test)]
mod tests;
