//! Folds noise by its cause: the same small change in many objects is told once.
//!
//! | kind | what is folded |
//! |---|---|
//! | chart label | `helm.sh/chart` and `chart` |
//! | version label | `app.kubernetes.io/version`, and labels whose values are the versions of the charts |
//! | checksum | annotations that are hashes of something else; [`checksum`] says of what |
//! | volatile | what is random or made of the time |
//! | common | any other small change that is the same in three objects at least |
//!
//! What folded fields do to a cluster is not folded: a pod restarts for a label, too. But it is said that nothing else
//! restarts it.

mod checksum;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::compare::{Comparison, Path, Step};
use crate::manifest::object::Identity;
use crate::rules::change::{Effect, Impact};
use crate::value::Value;
use crate::yaml;

use super::review::{FieldReview, Fold, FoldKind, ObjectReview};

use self::checksum::Ties;

/// From how many objects on a change is a common one.
const COMMON: usize = 3;
/// Bytes of both values together, as they are printed, of a change that may be a common one.
const SMALL: usize = 300;
/// Paths that a fold shows.
const MAX_PATHS: usize = 20;

/// What stands before the reason of a restart that has no other.
const ONLY: &str = ", only because of ";

/// Rules whose word about an object is no reason to show it, when all that differs is folded.
const QUIET: &[&str] =
    &["metadata-only", "no-effect", "custom-object", "schedule", "next-run", "hook-changed"];

/// The versions of a chart on both sides, which labels repeat.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions(BTreeSet<(String, String)>);

impl Versions {
    /// Adds one that differs between the sides.
    pub fn add(&mut self, old: &str, new: &str) {
        if !old.is_empty() && !new.is_empty() && old != new {
            for (old, new) in [(old, new), (old.trim_start_matches('v'), new.trim_start_matches('v'))] {
                self.0.insert((old.to_string(), new.to_string()));
            }
        }
    }

    fn has(&self, old: &str, new: &str) -> bool {
        let bare = |text: &str| text.trim_start_matches('v').replace('_', "+");
        self.0.contains(&(old.to_string(), new.to_string())) || self.0.contains(&(bare(old), bare(new)))
    }
}

/// An object under review, with its place in the comparison.
pub(super) struct Draft {
    /// The review so far, all fields in it.
    pub review: ObjectReview,
    /// The index of its change.
    pub change: usize,
}

/// What is folded together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    kind: FoldKind,
    message: String,
}

/// Takes what is noise out of the objects, and the objects that are nothing else out of the list.
pub(super) fn fold(drafts: &mut Vec<Draft>, comparison: &Comparison, mut versions: Versions) -> Vec<Fold> {
    versions_of_labels(drafts, &mut versions);
    let mut groups = noise(drafts, &versions);
    tie_checksums(drafts, comparison, &mut groups);
    common(drafts, &mut groups);
    let folds = collect(drafts, &groups);
    for (draft, groups) in drafts.iter_mut().zip(&groups) {
        say_only(&mut draft.review, groups);
        let review = &mut draft.review;
        let mut kept = groups.iter().map(Option::is_none);
        let before = review.fields.len();
        review.fields.retain(|_| kept.next().unwrap_or(true));
        review.folded = before - review.fields.len();
    }
    drafts.retain(|draft| !is_only_noise(&draft.review));
    folds
}

fn is_only_noise(review: &ObjectReview) -> bool {
    review.folded > 0
        && review.fields.is_empty()
        && review.renamed_from.is_none()
        && review.impacts.iter().all(|impact| impact.effect == Effect::Other && QUIET.contains(&impact.rule))
}

/// The group of each field of each object, if it is in one.
type Groups = Vec<Vec<Option<Group>>>;

fn noise(drafts: &[Draft], versions: &Versions) -> Groups {
    let of = |field: &FieldReview| {
        let kind = kind(field, versions)?;
        let message = match kind {
            FoldKind::Volatile => "random or made of the time: another render has other values".to_string(),
            // Said when it is known what the hash is of.
            FoldKind::Checksum => String::new(),
            _ => {
                let (_, name) = metadata(&field.change.path)?;
                format!("{name} {}", transition(&field.change.old, &field.change.new))
            }
        };
        Some(Group { kind, message })
    };
    drafts
        .iter()
        .map(|draft| {
            draft.review.fields.iter().map(|field| of(field).filter(|_| is_foldable(draft, field))).collect()
        })
        .collect()
}

/// Whether a field may be folded at all: objects that were not compared field by field are shown as they are, and
/// what means the same is no noise.
fn is_foldable(draft: &Draft, field: &FieldReview) -> bool {
    draft.review.fallback.is_none() && field.change.same.is_none() && !field.change.path.0.is_empty()
}

fn kind(field: &FieldReview, versions: &Versions) -> Option<FoldKind> {
    if field.volatile {
        return Some(FoldKind::Volatile);
    }
    let (place, name) = metadata(&field.change.path)?;
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_string);
    let (old, new) = (text(&field.change.old)?, text(&field.change.new)?);
    match (place, name.as_str()) {
        (_, "helm.sh/chart") => Some(FoldKind::ChartLabel),
        ("labels", "chart") if is_chart(&old) && is_chart(&new) => Some(FoldKind::ChartLabel),
        ("labels", "app.kubernetes.io/version") => Some(FoldKind::VersionLabel),
        ("labels", name) if is_version_name(name) && versions.has(&old, &new) => Some(FoldKind::VersionLabel),
        ("annotations", name)
            if checksum::is_name(name) && checksum::is_hash(&old) && checksum::is_hash(&new) =>
        {
            Some(FoldKind::Checksum)
        }
        _ => None,
    }
}

/// `labels` or `annotations`, and which one, if the path is that of one: of the object, of its pods, of its volumes.
fn metadata(path: &Path) -> Option<(&'static str, String)> {
    let [.., Step::Key(metadata), Step::Key(place), Step::Key(name)] = path.0.as_slice() else { return None };
    if metadata != "metadata" {
        return None;
    }
    let place = ["labels", "annotations"].into_iter().find(|own| place == own)?;
    Some((place, name.to_text().into_owned()))
}

/// Whether a text is a name and a version: `gateway-1.29.0`.
fn is_chart(text: &str) -> bool {
    version_of_chart(text).is_some()
}

fn version_of_chart(text: &str) -> Option<&str> {
    let starts_version = |part: &str| part.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    text.match_indices('-')
        .map(|(i, _)| text.get(i + 1..).unwrap_or_default())
        .find(|rest| starts_version(rest))
}

fn is_version_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    name.contains("version") || name.contains("release") || name.contains("tag")
}

/// The versions that the well-known labels tell of: other labels may repeat them.
fn versions_of_labels(drafts: &[Draft], versions: &mut Versions) {
    for field in drafts.iter().flat_map(|draft| &draft.review.fields) {
        let Some((_, name)) = metadata(&field.change.path) else { continue };
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_string);
        let (Some(old), Some(new)) = (text(&field.change.old), text(&field.change.new)) else { continue };
        match name.as_str() {
            "app.kubernetes.io/version" => versions.add(&old, &new),
            "helm.sh/chart" => {
                if let (Some(old), Some(new)) = (version_of_chart(&old), version_of_chart(&new)) {
                    versions.add(old, new);
                }
            }
            _ => {}
        }
    }
}

/// `1 → 2`, `added 2`, `removed 1`.
fn transition(old: &Option<Value>, new: &Option<Value>) -> String {
    match (old, new) {
        (Some(old), Some(new)) => format!("{} → {}", show(old), show(new)),
        (None, Some(new)) => format!("added: {}", show(new)),
        (Some(old), None) => format!("removed: {}", show(old)),
        (None, None) => "changed".to_string(),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_string(),
        Value::String(text) => text.to_text().into_owned(),
        value => yaml::string_of(value)
            .or_else(|| crate::json::encode(value, crate::json::Escape::None).ok())
            .unwrap_or_default(),
    }
}

/// Ties each checksum to what it is of.
fn tie_checksums(drafts: &[Draft], comparison: &Comparison, groups: &mut Groups) {
    let is_checksum =
        |group: &Option<Group>| group.as_ref().is_some_and(|group| group.kind == FoldKind::Checksum);
    if !groups.iter().flatten().any(is_checksum) {
        return;
    }
    let is_label = |group: &Option<Group>| {
        group
            .as_ref()
            .is_some_and(|group| matches!(group.kind, FoldKind::ChartLabel | FoldKind::VersionLabel))
    };
    // What differs in labels of versions only: hashes of whole templates change with these.
    let only_labels: BTreeMap<usize, bool> = drafts
        .iter()
        .zip(groups.iter())
        .map(|(draft, groups)| (draft.change, !groups.is_empty() && groups.iter().all(is_label)))
        .collect();
    let ties = Ties::new(comparison, |change| only_labels.get(&change).copied().unwrap_or(false));
    for (draft, groups) in drafts.iter().zip(groups.iter_mut()) {
        let Some(object) = comparison.changes.get(draft.change) else { continue };
        let is_noise = pod_fields(&draft.review.fields, groups).all(|(_, group)| group.is_some());
        let told: Vec<Option<(String, bool)>> = draft
            .review
            .fields
            .iter()
            .zip(groups.iter())
            .map(|(field, group)| {
                let (_, name) = metadata(&field.change.path).filter(|_| is_checksum(group))?;
                Some(ties.tell(object, &name))
            })
            .collect();
        // One checksum with a reason is reason enough for the restart.
        let is_idle = |(field, told): (&FieldReview, &Option<(String, bool)>)| {
            !in_pods(&field.change.path) || told.as_ref().is_none_or(|(_, idle)| *idle)
        };
        let needless = is_noise && draft.review.fields.iter().zip(&told).all(is_idle);
        for ((field, group), told) in draft.review.fields.iter().zip(groups).zip(told) {
            let Some((message, idle)) = told else { continue };
            let prefix =
                if needless && idle && in_pods(&field.change.path) { checksum::NEEDLESS } else { "" };
            *group = Some(Group { kind: FoldKind::Checksum, message: format!("{prefix}{message}") });
        }
    }
}

/// Whether a field is one of pods: changing it restarts them.
fn in_pods(path: &Path) -> bool {
    path.is_within(&["spec", "template"]) || path.is_within(&["spec", "jobTemplate", "spec", "template"])
}

fn pod_fields<'a>(
    fields: &'a [FieldReview],
    groups: &'a [Option<Group>],
) -> impl Iterator<Item = (&'a FieldReview, &'a Option<Group>)> {
    let fields = fields.iter().zip(groups);
    fields.filter(|(field, _)| field.change.same.is_none() && in_pods(&field.change.path))
}

/// Finds changes that are the same in several objects.
fn common(drafts: &[Draft], groups: &mut Groups) {
    let mut found: HashMap<(String, String), BTreeSet<usize>> = HashMap::new();
    let key = |field: &FieldReview| {
        let change = &field.change;
        let message = transition(&change.old, &change.new);
        (message.len() <= SMALL && is_small(&change.old) && is_small(&change.new))
            .then(|| (shape(&change.path), message))
    };
    let mut keys: Vec<Vec<Option<(String, String)>>> = Vec::with_capacity(drafts.len());
    for (i, (draft, groups)) in drafts.iter().zip(groups.iter()).enumerate() {
        let fields = draft.review.fields.iter().zip(groups);
        let own: Vec<Option<(String, String)>> = fields
            .map(|(field, group)| key(field).filter(|_| group.is_none() && is_foldable(draft, field)))
            .collect();
        for key in own.iter().flatten() {
            found.entry(key.clone()).or_default().insert(i);
        }
        keys.push(own);
    }
    for (keys, groups) in keys.into_iter().zip(groups) {
        for (key, group) in keys.into_iter().zip(groups) {
            let Some(key) = key.filter(|key| found.get(key).is_some_and(|objects| objects.len() >= COMMON))
            else {
                continue;
            };
            let message = format!("{} {}", key.0, key.1);
            *group = Some(Group { kind: FoldKind::Common, message });
        }
    }
}

fn is_small(value: &Option<Value>) -> bool {
    match value {
        Some(Value::String(text)) => text.len() <= SMALL && !text.as_bytes().contains(&b'\n'),
        Some(Value::Map(map)) => map.len() <= 8,
        Some(Value::List(list)) => list.len() <= 8,
        _ => true,
    }
}

/// A path without which item of a list it is: `spec.containers[*].image`.
fn shape(path: &Path) -> String {
    let any = |step: &Step| match step {
        Step::Item { .. } | Step::Index { .. } => Step::Item { key: "*".into(), old: None, new: None },
        step => step.clone(),
    };
    Path(path.0.iter().map(any).collect()).to_string()
}

fn collect(drafts: &[Draft], groups: &Groups) -> Vec<Fold> {
    struct Found {
        paths: Vec<Path>,
        objects: Vec<Identity>,
        only: usize,
    }
    let mut found: BTreeMap<&Group, Found> = BTreeMap::new();
    for (draft, groups) in drafts.iter().zip(groups) {
        let fields = draft.review.fields.iter().zip(groups);
        for (field, group) in fields.filter_map(|(field, group)| Some((field, group.as_ref()?))) {
            let fold = found.entry(group).or_insert_with(|| Found {
                paths: Vec::new(),
                objects: Vec::new(),
                only: 0,
            });
            if fold.paths.len() < MAX_PATHS && !fold.paths.contains(&field.change.path) {
                fold.paths.push(field.change.path.clone());
            }
            if fold.objects.last() != Some(&draft.review.id) {
                fold.objects.push(draft.review.id.clone());
                let only = groups.iter().all(|other| other.as_ref() == Some(group));
                fold.only += usize::from(only);
            }
        }
    }
    let mut folds: Vec<Fold> = found
        .into_iter()
        .map(|(group, found)| {
            let labels =
                matches!(group.kind, FoldKind::ChartLabel | FoldKind::VersionLabel | FoldKind::Common);
            let only = if labels && found.only == found.objects.len() { "only " } else { "" };
            Fold {
                message: format!("{only}{}", group.message),
                kind: group.kind,
                paths: found.paths,
                objects: found.objects,
                only: found.only,
            }
        })
        .collect();
    folds.sort_by_key(|fold| (fold.kind, std::cmp::Reverse(fold.objects.len())));
    folds
}

/// Says of pods that restart for noise alone that it is so.
fn say_only(review: &mut ObjectReview, groups: &[Option<Group>]) {
    let kinds: Option<BTreeSet<FoldKind>> =
        pod_fields(&review.fields, groups).map(|(_, group)| group.as_ref().map(|group| group.kind)).collect();
    let Some(kinds) = kinds.filter(|kinds| !kinds.is_empty() && !kinds.contains(&FoldKind::Common)) else {
        return;
    };
    let has = |kind| kinds.contains(&kind);
    let labels = match (has(FoldKind::ChartLabel), has(FoldKind::VersionLabel)) {
        (true, true) => Some("labels of the chart and its version"),
        (true, false) => Some("the chart label"),
        (false, true) => Some("the version label"),
        (false, false) => None,
    };
    let needless = pod_fields(&review.fields, groups)
        .any(|(_, group)| group.as_ref().is_some_and(|group| group.message.starts_with(checksum::NEEDLESS)));
    let mut parts: Vec<&str> = labels.into_iter().collect();
    if has(FoldKind::Checksum) {
        parts.push(if needless { "a checksum, needlessly" } else { "a checksum" });
    }
    if has(FoldKind::Volatile) {
        parts.push("values that differ in every render");
    }
    let why = parts.join(" and ");
    for impact in review.impacts.iter_mut().filter(|impact| impact.effect == Effect::Restart) {
        let start = impact.message.split(", because ").next().unwrap_or_default();
        impact.message = format!("{start}{ONLY}{why}");
    }
}

/// Why pods restart, if all that do restart for noise and for the same reason.
pub(super) fn only_restarts<'a>(impacts: impl Iterator<Item = &'a Impact>) -> Option<String> {
    let restarts = impacts.filter(|impact| impact.effect == Effect::Restart);
    let reasons: Option<BTreeSet<&str>> =
        restarts.map(|impact| impact.message.split_once(ONLY).map(|(_, why)| why)).collect();
    let reasons = reasons?;
    match reasons.len() {
        0 => None,
        1 => reasons.first().map(|why| (*why).to_string()),
        _ => Some("labels of versions, checksums or values that differ in every render".to_string()),
    }
}
