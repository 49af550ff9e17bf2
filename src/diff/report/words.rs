//! The words that all reports use for the same things.

use std::collections::BTreeMap;

use crate::compare::Same;
use crate::diff::{
    Cause, CauseKind, FieldReview, Fold, FoldKind, ObjectReview, Review, SideSummary, ValueChange,
    ValueChangeKind, ValueFindingKind, Verdict,
};
use crate::manifest::object::{Identity, Role};
use crate::rules::change::{Effect, Impact};
use crate::value::Value;

use super::text;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// It goes on under another identity.
    Renamed,
    /// It differs.
    Changed,
}

impl Happening {
    /// What happened to this object.
    pub fn of(object: &ObjectReview) -> Happening {
        match (&object.old, &object.new) {
            (None, _) => Happening::Added,
            (_, None) => Happening::Removed,
            _ if object.renamed_from.is_some() => Happening::Renamed,
            _ => Happening::Changed,
        }
    }

    /// The word: `added`.
    pub fn name(self) -> &'static str {
        match self {
            Happening::Added => "added",
            Happening::Removed => "removed",
            Happening::Renamed => "renamed",
            Happening::Changed => "changed",
        }
    }

    /// The sign before its name: `+`.
    pub fn sign(self) -> char {
        match self {
            Happening::Added => '+',
            Happening::Removed => '-',
            Happening::Renamed | Happening::Changed => '~',
        }
    }
}

/// `Deployment/gateway`; a renamed object with both names.
pub fn object_name(object: &ObjectReview) -> String {
    match &object.renamed_from {
        Some(from) => format!("{from} → {}", object.id),
        None => object.id.to_string(),
    }
}

/// `Deployment/gateway (edge)`: with the namespace, if it has one.
pub fn identity(id: &Identity) -> String {
    if id.namespace.is_empty() { id.to_string() } else { format!("{id} ({})", id.namespace) }
}

/// What an object is besides an object: `hook`, `from crds/`.
pub fn role(object: &ObjectReview) -> Option<&'static str> {
    match object.new.as_ref().or(object.old.as_ref())?.role {
        Role::Object => None,
        Role::Hook => Some("hook"),
        Role::Definition => Some("from crds/"),
    }
}

/// Whether the object is a custom resource definition, of which reports say little.
pub fn is_definition(id: &Identity) -> bool {
    &*id.kind == "CustomResourceDefinition" && &*id.group == "apiextensions.k8s.io"
}

/// The most serious effect of a change to an object.
pub fn worst(object: &ObjectReview) -> Option<Effect> {
    object.impacts.iter().map(|impact| impact.effect).min()
}

/// What an effect means, for a reader.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Refused => "the cluster will refuse it",
        Effect::Recreate => "is deleted and made again",
        Effect::Delete => "is deleted",
        Effect::Storage => "touches stored data or volumes",
        Effect::Crd => "touches custom resource definitions",
        Effect::Privilege => "allows more to someone",
        Effect::Traffic => "changes where requests go",
        Effect::Restart => "restarts pods",
        Effect::Scale => "runs more or fewer pods",
        Effect::Other => "no effect on running pods",
    }
}

/// Why two values mean the same.
pub fn same(same: Same) -> &'static str {
    match same {
        Same::Quantity => "the same quantity",
        Same::Number => "the same number",
        Same::Default => "the default",
        Same::Order => "only in another order",
        Same::Text => "the same contents, written otherwise",
        Same::Encoding => "the same bytes, encoded otherwise",
        Same::Empty => "empty, as if left out",
    }
}

/// The name of a reason why two values mean the same, in JSON.
pub fn same_name(same: Same) -> &'static str {
    match same {
        Same::Quantity => "quantity",
        Same::Number => "number",
        Same::Default => "default",
        Same::Order => "order",
        Same::Text => "text",
        Same::Encoding => "encoding",
        Same::Empty => "empty",
    }
}

/// What happened to a value.
pub fn value_change(kind: ValueChangeKind) -> &'static str {
    match kind {
        ValueChangeKind::Added => "added",
        ValueChangeKind::Removed => "removed",
        ValueChangeKind::Changed => "changed",
        ValueChangeKind::Retyped => "retyped",
    }
}

/// What a value is, as YAML names it.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::TypedNil(_) => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) | Value::Bytes(_) => "string",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        _ => "object",
    }
}

/// Where a value seems to have gone to, or come from.
pub fn moved(change: &ValueChange) -> Option<String> {
    let other = change.moved.as_deref()?;
    Some(match change.kind {
        ValueChangeKind::Removed => format!("seems to be {other} now"),
        _ => format!("seems to have been {other}"),
    })
}

/// The name of a finding about a value, in JSON.
pub fn value_finding(kind: ValueFindingKind) -> &'static str {
    match kind {
        ValueFindingKind::MatchesNothing => "matches-nothing",
        ValueFindingKind::EqualsDefault => "equals-default",
        ValueFindingKind::BreaksSchema => "breaks-schema",
        ValueFindingKind::OtherType => "other-type",
    }
}

/// The name of a kind of noise, in JSON.
pub fn fold(kind: FoldKind) -> &'static str {
    match kind {
        FoldKind::ChartLabel => "chart-label",
        FoldKind::VersionLabel => "version-label",
        FoldKind::Checksum => "checksum",
        FoldKind::Volatile => "volatile",
        FoldKind::Common => "common",
    }
}

/// The name of a kind of cause, in JSON.
pub fn cause_kind(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Values => "values",
        CauseKind::Defaults => "defaults",
        CauseKind::Template => "template",
        CauseKind::ChartVersion => "chart-version",
        CauseKind::Capabilities => "capabilities",
        CauseKind::Release => "release",
        CauseKind::Volatile => "volatile",
    }
}

/// A cause, to stand behind "because": `image.tag, values-prod.yaml:12 → :14`.
pub fn cause(cause: &Cause) -> String {
    let what = cause.what.as_deref();
    let mut text = match (cause.kind, what) {
        (CauseKind::Values, Some(what)) => what.to_string(),
        (CauseKind::Values, None) => "the values differ".to_string(),
        (CauseKind::Defaults, Some(what)) => format!("the default of {what}"),
        (CauseKind::Defaults, None) => "the chart's defaults differ".to_string(),
        (CauseKind::Template, Some(what)) if what.contains("templates/") => format!("the template {what}"),
        (CauseKind::Template, Some(what)) => format!("the file {what}"),
        (CauseKind::Template, None) => "the templates differ".to_string(),
        (CauseKind::ChartVersion, Some(what)) => format!("the chart's {what}"),
        (CauseKind::ChartVersion, None) => "the chart's version".to_string(),
        (CauseKind::Capabilities, Some(what)) => format!("the cluster's capabilities, {what}"),
        (CauseKind::Capabilities, None) => "the cluster's capabilities".to_string(),
        (CauseKind::Release, Some(what)) => format!("the release, {what}"),
        (CauseKind::Release, None) => "the release's name or namespace".to_string(),
        (CauseKind::Volatile, Some(what)) => format!("{what} is random or the time"),
        (CauseKind::Volatile, None) => "it is random or the time".to_string(),
    };
    // The place of a template is told once, if its name is all that it says.
    if let Some(places) = places(cause.old_place.as_deref(), cause.new_place.as_deref())
        && !text.ends_with(&places)
    {
        let is_in = |place: &Option<String>, file: &str| {
            place.as_deref().is_some_and(|place| {
                place.starts_with(file) || without_revision(place).starts_with(without_revision(file))
            })
        };
        if let (CauseKind::Template, Some(what)) = (cause.kind, what)
            && (is_in(&cause.old_place, what) || is_in(&cause.new_place, what))
        {
            text.truncate(text.len() - what.len());
            text.push_str(&places);
            return text;
        }
        text.push_str(", ");
        text.push_str(&places);
    }
    text
}

/// What is said beside a field: what it means, whether it is `hidden`, and why it differs.
pub fn remarks(field: &FieldReview, hidden: &str) -> Vec<String> {
    let change = &field.change;
    let mut remarks = Vec::new();
    remarks.extend(change.same.map(|same| format!("equal in meaning: {}", self::same(same))));
    remarks.extend(change.notes.iter().cloned());
    if let (Some(old), Some(new)) = (&change.old, &change.new) {
        remarks.extend(text::ending(old, new).map(str::to_string));
    }
    if field.secret {
        remarks.push(hidden.to_string());
    }
    if field.volatile {
        remarks.push("differs in every render".to_string());
    }
    remarks.extend(because(&field.causes));
    remarks
}

/// All causes in one line: `because image.tag, values-prod.yaml:12 → :14`; `None` if none is known.
pub fn because(causes: &[Cause]) -> Option<String> {
    if causes.is_empty() {
        return None;
    }
    let shown: Vec<String> = causes.iter().take(3).map(cause).collect();
    let more = match causes.len() - shown.len() {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    Some(format!("because {}{more}", shown.join("; ")))
}

/// The causes behind an impact: those of its field, or else those of the object or of any field.
pub fn causes_of<'a>(object: &'a ObjectReview, impact: &Impact) -> &'a [Cause] {
    let of_field = |field: &&FieldReview| {
        let (own, path) = (&field.change.path.0, impact.field.as_ref().map(|path| &path.0));
        path.is_some_and(|path| own.starts_with(path) || path.starts_with(own))
    };
    let with_causes = |field: &&FieldReview| !field.causes.is_empty();
    let mut fields = object.fields.iter().filter(with_causes);
    if let Some(field) = object.fields.iter().filter(with_causes).find(of_field) {
        return &field.causes;
    }
    if !object.causes.is_empty() {
        return &object.causes;
    }
    fields.next().map(|field| field.causes.as_slice()).unwrap_or_default()
}

/// Two places, with their common file told once: `values-prod.yaml:12 → :14`. A file is the same at another
/// revision.
pub fn places(old: Option<&str>, new: Option<&str>) -> Option<String> {
    Some(match (old, new) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (Some(old), Some(new)) if old == new => new.to_string(),
        (Some(old), Some(new)) => match (line_of(old), line_of(new)) {
            (Some((file, old_line)), Some((other, line)))
                if without_revision(file) == without_revision(other) =>
            {
                match old_line == line {
                    true => format!("{}:{line}", without_revision(file)),
                    false => format!("{}:{old_line} → :{line}", without_revision(file)),
                }
            }
            (None, None) if without_revision(old) == without_revision(new) => {
                without_revision(new).to_string()
            }
            _ => format!("{old} → {new}"),
        },
    })
}

/// The file and line of `values-prod.yaml:12`.
pub fn line_of(place: &str) -> Option<(&str, usize)> {
    let (file, line) = place.rsplit_once(':')?;
    Some((file, line.parse().ok().filter(|line| *line > 0)?))
}

/// The path of `main:charts/gateway/values.yaml`.
pub fn without_revision(file: &str) -> &str {
    match file.split_once(':') {
        Some((_, path)) if !path.is_empty() && !path.starts_with("//") => path,
        _ => file,
    }
}

/// What a side is, in a few words: `gateway 1.29.0`, or how the user named it.
pub fn side(side: &SideSummary) -> &str {
    side.chart.as_deref().unwrap_or(&side.name)
}

/// Both sides: `gateway 1.29.0 → 1.30.0 (main:charts/gateway → charts/gateway)`.
pub fn sides(review: &Review) -> String {
    match (charts(review), names(review)) {
        (Some(charts), names) if names.is_empty() => charts,
        (Some(charts), names) => format!("{charts} ({names})"),
        (None, names) => names,
    }
}

/// The sides as the user named them: `main:charts/gateway → charts/gateway`.
pub fn names(review: &Review) -> String {
    arrow(&review.old.name, &review.new.name)
}

/// The charts of both sides, if they are charts: `gateway 1.29.0 → 1.30.0`.
pub fn charts(review: &Review) -> Option<String> {
    let (old, new) = (&review.old, &review.new);
    Some(match (&old.chart, &new.chart) {
        (Some(old), Some(new)) => match (old.rsplit_once(' '), new.rsplit_once(' ')) {
            (Some((name, _)), Some((other, version))) if name == other && old != new => {
                format!("{old} → {version}")
            }
            _ => arrow(old, new),
        },
        _ => return None,
    })
}

/// `old → new`, or only one of them if they are equal.
fn arrow(old: &str, new: &str) -> String {
    if old == new { new.to_string() } else { format!("{old} → {new}") }
}

/// `3 objects`, `1 object`.
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `1 object and 3 fields`, without what there is none of.
pub fn objects_and_fields(objects: usize, fields: usize) -> String {
    match (objects, fields) {
        (0, 0) => "nothing".to_string(),
        (0, fields) => count(fields, "field"),
        (objects, 0) => count(objects, "object"),
        (objects, fields) => format!("{} and {}", count(objects, "object"), count(fields, "field")),
    }
}

/// The line of a fold: `48 objects: only helm.sh/chart 1.29.0 → 1.30.0`.
pub fn fold_line(fold: &Fold) -> (String, String) {
    let objects = count(fold.objects.len(), "object");
    let line = match fold.only {
        0 => fold.message.clone(),
        only if only >= fold.objects.len() => format!("only {}", fold.message),
        only => format!("{} ({only} of them differ in nothing else)", fold.message),
    };
    (objects, line)
}

/// How many fields of an object are told with other objects.
pub fn folded(n: usize) -> String {
    format!("{} told below, with other objects", count(n, "more field"))
}

/// Whether a review tells of no difference at all, in objects or values.
pub fn is_empty(review: &Review) -> bool {
    review.changes.is_empty()
        && review.folds.is_empty()
        && review.values.defaults.is_empty()
        && review.values.user.is_empty()
        && review.values.findings.is_empty()
}

/// The title of a review among several.
pub fn title(review: &Review) -> String {
    review.title.clone().or_else(|| charts(review)).unwrap_or_else(|| names(review))
}

/// What several reviews do together. One review's verdict is its own.
pub fn overall(reviews: &[Review]) -> Verdict {
    if let [review] = reviews {
        return review.verdict.clone();
    }
    let mut counts: BTreeMap<Effect, usize> = BTreeMap::new();
    for (effect, n) in reviews.iter().flat_map(|review| &review.verdict.counts) {
        *counts.entry(*effect).or_default() += n;
    }
    let differ = reviews.iter().filter(|review| !is_empty(review)).count();
    let worst = reviews.iter().filter(|r| r.verdict.effect.is_some()).min_by_key(|r| r.verdict.effect);
    let line = match worst {
        None if differ == 0 => "no difference".to_string(),
        None => {
            format!("{differ} of {} differ, with no effect on running pods", count(reviews.len(), "chart"))
        }
        Some(worst) => format!(
            "{differ} of {} differ; most serious: {}: {}",
            count(reviews.len(), "chart"),
            title(worst),
            worst.verdict.line
        ),
    };
    Verdict { effect: worst.and_then(|review| review.verdict.effect), line, counts }
}

/// The fields of an object that a report shows: with what means the same only if it is asked for.
pub fn shown_fields(object: &ObjectReview, verbose: bool) -> impl Iterator<Item = &FieldReview> {
    object.fields.iter().filter(move |field| verbose || field.change.same.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(kind: CauseKind, what: &str, old: &str, new: &str) -> Cause {
        Cause { kind, what: Some(what.into()), old_place: Some(old.into()), new_place: Some(new.into()) }
    }

    #[test]
    fn a_cause_names_a_file_once() {
        let values = image(CauseKind::Values, "image.tag", "values-prod.yaml:12", "values-prod.yaml:14");
        assert_eq!(because(&[values]).unwrap(), "because image.tag, values-prod.yaml:12 → :14");
        let template =
            image(CauseKind::Template, "a/templates/t.yaml", "a/templates/t.yaml:3", "a/templates/t.yaml:3");
        assert_eq!(because(&[template]).unwrap(), "because the template a/templates/t.yaml:3");
        let revisions = image(
            CauseKind::Template,
            "v2:a/templates/t.yaml",
            "v1:a/templates/t.yaml:3",
            "v2:a/templates/t.yaml",
        );
        let told = because(&[revisions]).unwrap();
        assert_eq!(told.matches("the template").count(), 1);
        assert!(!told.contains(','), "{told}");
    }

    #[test]
    fn a_file_is_the_same_at_another_revision() {
        let told = |old, new| places(Some(old), Some(new)).unwrap();
        assert_eq!(told("main:a/values.yaml:12", "a/values.yaml:14"), "a/values.yaml:12 → :14");
        assert_eq!(told("v1:a/values.yaml:12", "v2:a/values.yaml:12"), "a/values.yaml:12");
        assert_eq!(told("a.yaml:1", "b.yaml:1"), "a.yaml:1 → b.yaml:1");
        assert_eq!(told("--set", "a.yaml:1"), "--set → a.yaml:1");
    }

    #[test]
    fn many_causes_are_counted() {
        let one = Cause { kind: CauseKind::Release, what: None, old_place: None, new_place: None };
        let line = because(&vec![one; 5]).unwrap();
        assert!(line.ends_with("; and 2 more"), "{line}");
    }

    #[test]
    fn the_chart_is_named_once_in_the_line_of_both_sides() {
        let side = |name: &str, chart: &str| SideSummary {
            name: name.into(),
            chart: Some(chart.into()),
            ..SideSummary::default()
        };
        let review = Review {
            old: side("main:charts/gateway", "gateway 1.29.0"),
            new: side("charts/gateway", "gateway 1.30.0"),
            ..Review::default()
        };
        assert_eq!(sides(&review), "gateway 1.29.0 → 1.30.0 (main:charts/gateway → charts/gateway)");
    }
}
