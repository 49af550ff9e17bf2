//! What a rule about objects is, and what it finds.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::{Finding, Scene, Severity};
use crate::compare::Path;
use crate::manifest::object::Object;

/// How much one rule finds at most.
const MOST_FINDINGS: usize = 10_000;
/// How many pairs of objects one rule compares at most.
const MOST_PAIRS: usize = 500_000;

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
    /// The objects that are judged: nothing is told of others.
    judged: Rc<HashSet<*const Object>>,
    aside: Option<Finding>,
    more: bool,
    pairs: usize,
    gave_up: bool,
}

impl Findings {
    /// Of a rule.
    pub(super) fn new(rule: &'static Rule, scene: &Scene) -> Findings {
        let judged = scene.judged.clone();
        Findings { rule, found: Vec::new(), judged, aside: None, more: false, pairs: 0, gave_up: false }
    }

    /// Runs the rule.
    pub(super) fn look(&mut self, scene: &Scene) {
        match self.rule.check {
            Check::Each(kinds, look) => scene.of(kinds).for_each(|object| look(scene, object, self)),
            Check::Whole(look) => look(scene, self),
            Check::Elsewhere => {}
        }
    }

    /// A finding about an object, or a field of it: `Path::of("spec.ports").item(0, "port=80")`. What is only there, and
    /// not judged, has none.
    pub fn say(
        &mut self,
        object: &Arc<Object>,
        field: impl Into<Option<Path>>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let finding = Finding {
            rule: self.rule,
            severity: self.rule.severity,
            object: object.clone(),
            field: field.into(),
            message: message.into(),
            fix: None,
        };
        if !self.judges(object) {
            return self.aside.insert(finding);
        }
        if self.is_full() {
            self.more = true;
            return self.aside.insert(finding);
        }
        self.found.push(finding);
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Whether there is no place for more.
    pub fn is_full(&self) -> bool {
        self.found.len() >= MOST_FINDINGS
    }

    /// That there is more than is told.
    pub fn cut(&mut self) {
        self.more = true;
    }

    /// Whether an object is judged, and not only there.
    pub fn judges(&self, object: &Arc<Object>) -> bool {
        self.judged.contains(&Arc::as_ptr(object))
    }

    /// Of two objects that stand in each other's way, the one that findings are told of, and the other: the first, if it
    /// is judged, or else the second; neither, if both are in the cluster already.
    pub fn judged_of<T>(&self, first: T, second: T, object: impl Fn(&T) -> &Arc<Object>) -> Option<(T, T)> {
        match (self.judges(object(&first)), self.judges(object(&second))) {
            (true, _) => Some((first, second)),
            (_, true) => Some((second, first)),
            _ => None,
        }
    }

    /// Whether so many more pairs of objects may be compared. If not, the rule gives up, and that is told.
    pub fn may_compare(&mut self, pairs: usize) -> bool {
        self.pairs = self.pairs.saturating_add(pairs);
        self.gave_up |= self.pairs > MOST_PAIRS;
        !self.gave_up
    }

    /// What it missed.
    pub(super) fn warnings(&self) -> Vec<String> {
        let id = self.rule.id;
        let more = self.more.then(|| format!("{id} finds more than it tells: some of it is left out"));
        let gave_up = self.gave_up.then(|| {
            format!(
                "{id} has more than {MOST_PAIRS} pairs of objects to compare: it may have missed something"
            )
        });
        more.into_iter().chain(gave_up).collect()
    }

    /// All of it.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}
