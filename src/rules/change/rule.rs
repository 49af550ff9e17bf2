//! What a rule is, and what it finds.

use super::facts::{Occasion, Subject};
use super::{Effect, Impact};
use crate::compare::{FieldChange, Path};
use crate::manifest::object::{Identity, Role};

/// A rule about changes.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name: `selector-immutable`.
    pub id: &'static str,
    /// Its number among the rules about gateways, if it has one: `GW100`.
    pub code: Option<&'static str>,
    /// What a change that it finds does.
    pub effect: Effect,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// Why that is so.
    pub why: &'static str,
    /// Where Kubernetes, Helm or Istio say so.
    pub source: &'static str,
    /// How the verdict tells it: `{}` stands for the objects. Empty: not at all. `=`: by the messages themselves.
    pub phrase: &'static str,
    /// What it looks for.
    pub check: Check,
    roles: &'static [Role],
}

/// What a rule looks for.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Fields that differ.
    Fields(&'static [Fields]),
    /// Whatever the function looks for.
    Run(fn(&Subject<'_>, &mut Findings<'_, '_>)),
    /// As `Run`, but asked only where no rule before it has found anything.
    Rest(fn(&Subject<'_>, &mut Findings<'_, '_>)),
}

/// Fields of some kinds; a difference in any of them is a finding.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// The kinds, after their group: `apps/Deployment`, `Service`, `networking.istio.io/*`.
    pub kinds: &'static [&'static str],
    /// Paths of keys: `spec.ports.*.port`, where `*` stands for any one step, and `{pod}` at the start for the
    /// template of the kind's pods.
    pub paths: &'static [&'static str],
    /// Paths below those that are no finding.
    pub except: &'static [&'static str],
    /// The sentence; `{field}` stands for the path of the field.
    pub message: &'static str,
}

impl Rule {
    /// A rule about the objects of a release.
    pub const fn new(
        id: &'static str,
        effect: Effect,
        phrase: &'static str,
        summary: &'static str,
        why: &'static str,
        check: Check,
    ) -> Rule {
        Rule { id, code: None, effect, summary, why, source: "", phrase, check, roles: &[Role::Object] }
    }

    /// With its number among the rules about gateways.
    pub const fn code(self, code: &'static str) -> Rule {
        Rule { code: Some(code), ..self }
    }

    /// With the place where it is said.
    pub const fn source(self, source: &'static str) -> Rule {
        Rule { source, ..self }
    }

    /// About objects of these roles.
    pub const fn about(self, roles: &'static [Role]) -> Rule {
        Rule { roles, ..self }
    }

    /// Whether it is about objects of such a role.
    pub(super) fn applies(&self, subject: &Subject<'_>) -> bool {
        self.roles.contains(&subject.role()) || matches!(self.check, Check::Rest(_))
    }
}

/// What a rule finds in one change.
pub struct Findings<'a, 'b> {
    rule: &'static Rule,
    subject: &'a Subject<'b>,
    impacts: &'a mut Vec<Impact>,
}

impl<'a, 'b> Findings<'a, 'b> {
    /// Of a rule, in a change.
    pub(super) fn new(
        rule: &'static Rule,
        subject: &'a Subject<'b>,
        impacts: &'a mut Vec<Impact>,
    ) -> Findings<'a, 'b> {
        Findings { rule, subject, impacts }
    }

    /// Runs the rule.
    pub(super) fn run(&mut self) {
        match self.rule.check {
            Check::Run(run) => run(self.subject, self),
            Check::Rest(run) if self.impacts.is_empty() => run(self.subject, self),
            Check::Fields(tables) if self.subject.occasion == Occasion::Changed => {
                for table in tables.iter().filter(|table| self.subject.id().is_of(table.kinds)) {
                    for path in table.paths {
                        if let Some(field) = self.subject.field_but(path, table.except) {
                            self.say_at(
                                Some(field),
                                table.message.replace("{field}", &field.path.to_string()),
                            );
                        }
                    }
                }
            }
            Check::Fields(_) | Check::Rest(_) => {}
        }
    }

    /// A finding about the whole object.
    pub fn say(&mut self, message: impl Into<String>) {
        self.add(self.subject.id().clone(), None, message.into());
    }

    /// A finding about a field of the object. Of an object that stays, there is none without a field that differs:
    /// what means the same, and what was set aside, has no effect.
    pub fn say_at(&mut self, field: Option<&FieldChange>, message: impl Into<String>) {
        if field.is_none() && self.subject.occasion == Occasion::Changed {
            return;
        }
        self.add(self.subject.id().clone(), field.map(|field| field.path.clone()), message.into());
    }

    /// A finding about another object that this change has an effect on.
    pub fn say_of(&mut self, object: &Identity, message: impl Into<String>) {
        self.add(object.clone(), None, message.into());
    }

    fn add(&mut self, object: Identity, field: Option<Path>, message: String) {
        self.impacts.push(Impact { rule: self.rule.id, effect: self.rule.effect, object, field, message });
    }
}
