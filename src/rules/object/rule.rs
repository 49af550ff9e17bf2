//! What a rule about objects is, and what it finds.

use std::sync::Arc;

use super::{Finding, Scene, Severity};
use crate::compare::Path;
use crate::manifest::object::Object;

/// How much one rule finds at most.
const MOST_FINDINGS: usize = 10_000;

/// A rule about objects.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its number: `GW001`.
    pub id: &'static str,
    /// Its name: `service-selects-nothing`.
    pub name: &'static str,
    /// How serious what it finds is, as a rule.
    pub severity: Severity,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Why that is wrong.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Where Kubernetes or Istio say so; several places between semicolons.
    pub source: &'static str,
    /// What it looks for.
    pub check: Check,
}

/// What a rule looks for.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Whatever the function finds in objects of these kinds (`apps/Deployment`, `Service`; `*` for all), hooks and
    /// definitions included.
    Each(&'static [&'static str], fn(&Scene, &Arc<Object>, &mut Findings)),
    /// Whatever the function finds in them all together.
    Whole(fn(&Scene, &mut Findings)),
    /// Nothing of its own: whoever makes the objects finds it, and reports it by the rule's id.
    Elsewhere,
}

/// What one rule finds.
#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    found: Vec<Finding>,
    more: bool,
}

impl Findings {
    /// Of a rule.
    pub(super) fn new(rule: &'static Rule) -> Findings {
        Findings { rule, found: Vec::new(), more: false }
    }

    /// Runs the rule.
    pub(super) fn look(&mut self, scene: &Scene) {
        match self.rule.check {
            Check::Each(kinds, look) => scene.of(kinds).for_each(|object| look(scene, object, self)),
            Check::Whole(look) => look(scene, self),
            Check::Elsewhere => {}
        }
    }

    /// A finding about an object, or a field of it: `Path::of("spec.ports").item(0, "port=80")`.
    pub fn say(
        &mut self,
        object: &Arc<Object>,
        field: impl Into<Option<Path>>,
        message: impl Into<String>,
    ) -> &mut Finding {
        if self.found.len() >= MOST_FINDINGS {
            self.found.truncate(MOST_FINDINGS - 1);
            self.more = true;
        }
        self.found.push(Finding {
            rule: self.rule,
            severity: self.rule.severity,
            object: object.clone(),
            field: field.into(),
            message: message.into(),
            fix: None,
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// That there was more than is told.
    pub(super) fn warning(&self) -> Option<String> {
        let of = |rule: &Rule| {
            format!("{} finds more than {MOST_FINDINGS} times something: not all is told", rule.id)
        };
        self.more.then(|| of(self.rule))
    }

    /// All of it.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}
