//! The model of a review, which all reports print. Everything in it may be shown: secrets are hidden when it is
//! made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compare::{FieldChange, Path};
use crate::manifest::object::{Identity, Object};
use crate::rules::change::{Effect, Impact};
use crate::value::Value;

/// A review of one change, from an old to a new side.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// Which release or chart this is about, if the report has several: `edge (charts/gateway)`.
    pub title: Option<String>,
    /// The old side.
    pub old: SideSummary,
    /// The new side.
    pub new: SideSummary,
    /// What it all does.
    pub verdict: Verdict,
    /// What differs in the values.
    pub values: ValuesReview,
    /// The objects that differ in more than noise, in the order of installation.
    pub changes: Vec<ObjectReview>,
    /// Noise: the same small change in many objects, told once.
    pub folds: Vec<Fold>,
    /// How many objects are equal on both sides.
    pub equal: usize,
    /// How many objects differ only in ways that mean the same.
    pub same: usize,
    /// What was ignored, by rule.
    pub ignored: Vec<Ignored>,
    /// All objects that differ in any way, in what means the same, noise and ignored fields, too: what an exact
    /// patch is made of.
    pub exact: Vec<Exact>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What a side is.
#[derive(Clone, Debug, Default)]
pub struct SideSummary {
    /// As the user named it: `main:charts/gateway`, `rendered.yaml`.
    pub name: String,
    /// The chart, if it is one: `gateway 1.29.0`.
    pub chart: Option<String>,
    /// The chart's `appVersion`, if it has one.
    pub app_version: Option<String>,
    /// How many objects it has.
    pub objects: usize,
}

/// What it all does, in one line and by effect.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The most serious effect; `None` if nothing differs.
    pub effect: Option<Effect>,
    /// One line: `restarts pods: rolling (Deployment/gateway)`; `no difference`.
    pub line: String,
    /// How many impacts there are of each effect.
    pub counts: BTreeMap<Effect, usize>,
}

/// What differs in the values.
#[derive(Clone, Debug, Default)]
pub struct ValuesReview {
    /// Chart defaults that differ.
    pub defaults: Vec<ValueChange>,
    /// The user's values that differ between the sides.
    pub user: Vec<ValueChange>,
    /// What is to say about the user's values on the new side.
    pub findings: Vec<ValueFinding>,
}

/// A value that differs between the sides.
#[derive(Clone, Debug)]
pub struct ValueChange {
    /// The path: `service.ports[0].port`.
    pub path: String,
    /// What happened.
    pub kind: ValueChangeKind,
    /// As it was.
    pub old: Option<Value>,
    /// As it will be.
    pub new: Option<Value>,
    /// Where it was set: `charts/gateway/values.yaml:12`.
    pub old_place: Option<String>,
    /// Where it is set.
    pub new_place: Option<String>,
    /// For one that is gone the path that it seems to have now, for one that is new the path that it seems to have
    /// had.
    pub moved: Option<String>,
}

/// What happened to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another value of the same type.
    Changed,
    /// It has another type.
    Retyped,
}

/// What is to say about one of the user's values.
#[derive(Clone, Debug)]
pub struct ValueFinding {
    /// The path.
    pub path: String,
    /// What it is.
    pub kind: ValueFindingKind,
    /// The sentence: `replcas is no value of gateway 1.30.0: did you mean replicas?`
    pub message: String,
    /// Where the value is set.
    pub place: Option<String>,
}

/// What may be said of a user's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueFindingKind {
    /// It was a value of the old chart and is none of the new one.
    MatchesNothing,
    /// It is what the new chart has by default.
    EqualsDefault,
    /// The new chart's schema refuses it.
    BreaksSchema,
    /// The new chart has another type by default.
    OtherType,
}

/// An object that differs.
#[derive(Clone, Debug)]
pub struct ObjectReview {
    /// Its identity: the new one, if there is a new one.
    pub id: Identity,
    /// The identity it had, if it was renamed.
    pub renamed_from: Option<Identity>,
    /// The object as it was, secrets hidden.
    pub old: Option<Arc<Object>>,
    /// The object as it will be, secrets hidden.
    pub new: Option<Arc<Object>>,
    /// What differs, without what is folded or ignored.
    pub fields: Vec<FieldReview>,
    /// How many fields of it are told in folds.
    pub folded: usize,
    /// Why it was not compared field by field, if it wasn't.
    pub fallback: Option<&'static str>,
    /// What the change does, most serious first.
    pub impacts: Vec<Impact>,
    /// Why the object is there or gone, for added and removed ones.
    pub causes: Vec<Cause>,
}

/// An object of both sides or one, for an exact patch.
#[derive(Clone, Debug)]
pub struct Exact {
    /// Its identity: the new one, if there is a new one.
    pub id: Identity,
    /// The object as it was, secrets hidden.
    pub old: Option<Arc<Object>>,
    /// The object as it will be, secrets hidden.
    pub new: Option<Arc<Object>>,
    /// Whether a value that is added, removed or changed was hidden. No exact patch can be made then.
    pub secret: bool,
}

/// A field that differs.
#[derive(Clone, Debug)]
pub struct FieldReview {
    /// What differs, secrets hidden.
    pub change: FieldChange,
    /// Whether a value was hidden.
    pub secret: bool,
    /// Whether it differs in every render.
    pub volatile: bool,
    /// Why it differs.
    pub causes: Vec<Cause>,
}

/// Why something differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The kind of cause.
    pub kind: CauseKind,
    /// More, if it is known: the value (`image.tag`), the template.
    pub what: Option<String>,
    /// Where on the old side: `values-prod.yaml:12`.
    pub old_place: Option<String>,
    /// Where on the new side.
    pub new_place: Option<String>,
}

/// The kinds of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// The user's values.
    Values,
    /// The chart's default values.
    Defaults,
    /// The chart's templates or other files.
    Template,
    /// The chart's version or other metadata.
    ChartVersion,
    /// What the cluster can do, as it was told to templates.
    Capabilities,
    /// The release's name or namespace.
    Release,
    /// Randomness or the time.
    Volatile,
}

/// The same small change in many objects.
#[derive(Clone, Debug)]
pub struct Fold {
    /// What they have in common: `only helm.sh/chart gateway-1.29.0 → gateway-1.30.0`.
    pub message: String,
    /// The kind of noise.
    pub kind: FoldKind,
    /// The fields, as paths that stand for all.
    pub paths: Vec<Path>,
    /// The objects.
    pub objects: Vec<Identity>,
    /// Those of them that differ in nothing else.
    pub only: usize,
}

/// Kinds of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoldKind {
    /// The label of the chart and its version.
    ChartLabel,
    /// A label of the version.
    VersionLabel,
    /// An annotation with a checksum.
    Checksum,
    /// A random or time-dependent value.
    Volatile,
    /// Another change that is the same in several objects.
    Common,
}

/// What one ignore rule hid.
#[derive(Clone, Debug)]
pub struct Ignored {
    /// The rule, as the user wrote it.
    pub rule: String,
    /// How many objects it hid wholly.
    pub objects: usize,
    /// How many fields it hid.
    pub fields: usize,
}
