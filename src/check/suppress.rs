//! Findings that are known: set aside by a flag, by `torii.yaml`, or by an annotation of the object.

use std::collections::BTreeSet;

use crate::diagnostic::{Error, Result, nearest};
use crate::manifest::object::Object;
use crate::manifest::pattern::ObjectPattern;
use crate::rules::object::{self, Rule};
use crate::rules::read;

use super::Told;

/// What the annotations begin with that set findings of an object aside; the rule's id or name follows.
pub const ANNOTATION: &str = "torii.io/ignore.";

/// Who says so, where an annotation does.
pub const ANNOTATED: &str = "annotation";

/// Why a finding is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Who says so: `--ignore`, `torii.yaml`, `annotation`.
    pub by: &'static str,
    /// Why, in the user's words.
    pub reason: Option<String>,
}

/// Findings of a rule that are known, of all objects or of some.
#[derive(Clone, Debug)]
pub struct Suppression {
    rule: &'static Rule,
    objects: ObjectPattern,
    suppressed: Suppressed,
}

impl Suppression {
    /// Findings of a rule, named by its id or name, in objects of a pattern; empty for all.
    ///
    /// # Errors
    /// When there is no such rule, or that is no pattern.
    pub fn new(rule: &str, objects: &str, by: &'static str, reason: Option<String>) -> Result<Suppression> {
        let rule = find_rule(rule)?;
        let objects = ObjectPattern::parse(objects)
            .map_err(|why| Error::new(format!("{objects:?} names no objects: {why}")))?;
        Ok(Suppression { rule, objects, suppressed: Suppressed { by, reason } })
    }

    /// Reads `RULE[=OBJECT]`, as it stands behind `--ignore`.
    ///
    /// # Errors
    /// As [`Suppression::new`].
    pub fn parse(text: &str) -> Result<Suppression> {
        let (rule, objects) = text.split_once('=').unwrap_or((text, ""));
        Suppression::new(rule, objects, "--ignore", None)
    }

    /// Why a finding is set aside by this, if it is.
    pub(super) fn of(&self, told: &Told) -> Option<Suppressed> {
        let is_about = match &told.object {
            Some(id) => self.objects.matches(id),
            None => self.objects == ObjectPattern::all(),
        };
        (self.rule.id == told.rule.id && is_about).then(|| self.suppressed.clone())
    }
}

/// The rule of an id or name.
///
/// # Errors
/// When there is none.
pub fn find_rule(word: &str) -> Result<&'static Rule> {
    object::rule(word).ok_or_else(|| {
        let error = Error::new(format!("there is no rule {word:?}"));
        let words = object::rules().flat_map(|rule| [rule.id, rule.name]);
        match nearest(word, words) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("torii check --explain all lists the rules"),
        }
    })
}

/// What annotations say of findings.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    warnings: BTreeSet<String>,
}

impl Annotations {
    /// Why a finding is set aside by an annotation of its object, if it is.
    pub fn of(&mut self, object: &Object, told: &Told) -> Option<Suppressed> {
        let words = [told.rule.id, told.rule.name];
        let own = |word| read::annotation(&object.value, &format!("{ANNOTATION}{word}"));
        let reason = words.into_iter().find_map(own)?;
        if reason.trim().is_empty() {
            self.warnings.insert(format!(
                "{}: the annotation {ANNOTATION}{} gives no reason, and is passed over",
                object.id, told.rule.id
            ));
            return None;
        }
        Some(Suppressed { by: ANNOTATED, reason: Some(reason) })
    }

    /// What is wrong with annotations.
    pub fn warnings(self) -> impl Iterator<Item = String> {
        self.warnings.into_iter()
    }
}
