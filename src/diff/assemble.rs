//! Makes a review of two sides.

use std::collections::HashMap;
use std::sync::Arc;

use crate::chart::Chart;
use crate::compare::path::Which;
use crate::compare::{self, Change, Comparison, Path};
use crate::diagnostic::Result;
use crate::manifest::object::Object;
use crate::rules::change::{self, Effect, Impact, Judgement};

use super::cause::{self, Causes};
use super::fold::{self, Draft, Versions};
use super::hide;
use super::ignore::{self, Rule};
use super::review::{Exact, FieldReview, ObjectReview, Review, SideSummary, ValuesReview, Verdict};
use super::secret::{Finder, Hider};
use super::side::{Rendered, Side};
use super::values;
use super::volatile::Volatile;

/// What a review is to be like.
#[derive(Clone, Debug, Default)]
pub struct ReviewOptions {
    /// What to set aside.
    pub ignore: Vec<Rule>,
    /// Show secrets as they are.
    pub show_secrets: bool,
    /// Keep what differs but means the same.
    pub verbose: bool,
    /// Keep all that differs in any way in [`Review::exact`], for an exact patch.
    pub exact: bool,
    /// Which release or chart this is about, if the report has several.
    pub title: Option<String>,
}

/// Reviews the change from one side to another.
///
/// 1. The objects are compared, and what the user ignores is set aside.
/// 2. Rules say what the rest does to a cluster.
/// 3. What is random, and why each field differs, is found out by rendering again.
/// 4. Secrets are hidden: in all that the review holds, unless they are to be shown.
/// 5. Noise is folded.
///
/// # Errors
/// When secrets can't be hidden.
pub fn review(old: &Side, new: &Side, options: &ReviewOptions) -> Result<Review> {
    let mut warnings: Vec<String> = old.warnings.iter().chain(&new.warnings).cloned().collect();
    let mut comparison =
        compare::compare(old.objects.clone(), new.objects.clone(), &compare::Options::default());
    warnings.append(&mut comparison.warnings);
    let on_both = comparison.changes.iter().filter(|change| change.new.is_some()).count();
    let equal = comparison.new.len().saturating_sub(on_both);
    let all = if options.exact { comparison.changes.clone() } else { Vec::new() };
    let ignored = ignore::apply(&options.ignore, &mut comparison, &mut warnings);
    let same = comparison.changes.iter().filter(|change| !change.matters()).count();
    if !options.verbose {
        leave_out_what_means_the_same(&mut comparison);
    }

    let mut judgement = change::judge(&comparison);
    warnings.append(&mut judgement.warnings);
    let mut causes = cause::explain(old, new, &comparison);
    warnings.append(&mut causes.warnings);
    let volatile = [old, new].map(|side| {
        let rendered = side.rendered.as_ref().filter(|_| !comparison.changes.is_empty());
        rendered.map(|rendered| Volatile::find(rendered, &side.objects)).unwrap_or_default()
    });
    volatile.iter().for_each(|volatile| warnings.extend(volatile.warnings.iter().cloned()));
    let values = match (&old.rendered, &new.rendered) {
        (Some(old), Some(new)) => values::review(old, new),
        _ => ValuesReview::default(),
    };

    let drafts = drafts(&comparison, &mut judgement, &causes, &volatile);
    let verdict = Verdict { effect: judgement.effect, line: judgement.line, counts: judgement.counts };
    let mut review = Review {
        title: options.title.clone(),
        old: summary(old),
        new: summary(new),
        verdict,
        values,
        equal,
        same,
        ignored,
        warnings,
        ..Review::default()
    };
    let hider = match options.show_secrets {
        true => None,
        false => Some(hider(old, new, &comparison, &all, &mut review.warnings)?),
    };
    finish(&mut review, drafts, &comparison, &all, versions(old, new), hider.as_ref());
    Ok(review)
}

/// Hides secrets and folds noise.
fn finish(
    review: &mut Review,
    mut drafts: Vec<Draft>,
    comparison: &Comparison,
    all: &[Change],
    versions: Versions,
    hider: Option<&Hider>,
) {
    if let Some(hider) = hider {
        drafts.iter_mut().for_each(|draft| hide::fields(&mut draft.review, hider));
    }
    review.folds = fold::fold(&mut drafts, comparison, versions);
    let impacts = drafts.iter().flat_map(|draft| &draft.review.impacts);
    if let Some(why) = fold::only_restarts(impacts) {
        review.verdict.line.push_str(&format!("; pods restart only because of {why}"));
    }
    review.changes = drafts.into_iter().map(|draft| draft.review).collect();
    review.exact = all.iter().filter_map(exact).collect();
    if let Some(hider) = hider {
        hide::review(review, hider, all);
    }
}

/// Takes equal fields out, and objects of which nothing is left.
fn leave_out_what_means_the_same(comparison: &mut Comparison) {
    comparison.changes.retain_mut(|change| {
        let matters = change.matters();
        change.fields.retain(|field| field.same.is_none());
        matters
    });
}

fn drafts(
    comparison: &Comparison,
    judgement: &mut Judgement,
    causes: &Causes,
    volatile: &[Volatile; 2],
) -> Vec<Draft> {
    let mut drafts = Vec::with_capacity(comparison.changes.len());
    for (index, change) in comparison.changes.iter().enumerate() {
        let Some(object) = change.object() else { continue };
        let fields = change.fields.iter().enumerate().map(|(field, own)| FieldReview {
            change: own.clone(),
            secret: false,
            volatile: is_volatile(volatile, change, &own.path),
            causes: causes.of_field(index, field),
        });
        let impacts = judgement.impacts.get_mut(index).map(std::mem::take).unwrap_or_default();
        let review = ObjectReview {
            id: object.id.clone(),
            renamed_from: change
                .old
                .as_ref()
                .map(|old| &old.id)
                .filter(|old| is_renamed(old, object))
                .cloned(),
            old: change.old.clone(),
            new: change.new.clone(),
            fields: fields.collect(),
            folded: 0,
            fallback: change.fallback,
            impacts,
            causes: causes.of_object(index),
        };
        drafts.push(Draft { review, change: index });
    }
    drafts
}

/// Another API group alone is no other name.
fn is_renamed(old: &crate::manifest::object::Identity, new: &Object) -> bool {
    old.kind != new.id.kind || old.namespace != new.id.namespace || old.name != new.id.name
}

fn is_volatile([old, new]: &[Volatile; 2], change: &Change, path: &Path) -> bool {
    let at = |volatile: &Volatile, object: &Option<Arc<Object>>, which| {
        let pointer = path.pointer(which)?;
        volatile.at(&object.as_ref()?.id, &pointer)
    };
    at(old, &change.old, Which::Old).or_else(|| at(new, &change.new, Which::New)).is_some()
}

fn exact(change: &Change) -> Option<Exact> {
    let id = change.object()?.id.clone();
    Some(Exact { id, old: change.old.clone(), new: change.new.clone(), secret: false })
}

fn summary(side: &Side) -> SideSummary {
    let metadata = side.rendered.as_ref().map(|rendered| &rendered.loaded.chart.metadata);
    let chart =
        metadata.map(|chart| (chart.name.as_str(), chart.version.as_str(), chart.app_version.as_str()));
    let stored = side.release.as_ref();
    let chart = chart
        .or_else(|| stored.map(|release| (&*release.chart, &*release.chart_version, &*release.app_version)));
    SideSummary {
        name: side.name.clone(),
        chart: chart.map(|(name, version, _)| format!("{name} {version}").trim().to_string()),
        app_version: chart.map(|(_, _, version)| version.to_string()).filter(|version| !version.is_empty()),
        objects: side.objects.len(),
    }
}

/// Calls a function with a chart and all charts within it.
fn charts<'a>(chart: &'a Chart, see: &mut dyn FnMut(&'a Chart)) {
    see(chart);
    chart.dependencies.iter().for_each(|inner| charts(inner, see));
}

/// The versions that differ between the charts of both sides.
fn versions(old: &Side, new: &Side) -> Versions {
    let mut versions = Versions::default();
    let (Some(old), Some(new)) = (&old.rendered, &new.rendered) else { return versions };
    let mut before: HashMap<&str, Vec<&Chart>> = HashMap::new();
    charts(&old.loaded.chart, &mut |chart| before.entry(chart.name()).or_default().push(chart));
    charts(&new.loaded.chart, &mut |chart| {
        for old in before.get(chart.name()).into_iter().flatten().take(4) {
            versions.add(&old.metadata.version, &chart.metadata.version);
            versions.add(&old.metadata.app_version, &chart.metadata.app_version);
        }
    });
    versions
}

/// Finds out what is secret on both sides.
fn hider(
    old: &Side,
    new: &Side,
    comparison: &Comparison,
    all: &[Change],
    warnings: &mut Vec<String>,
) -> Result<Hider> {
    let mut finder = Finder::new()?;
    for side in [old, new] {
        finder.public(&side.name);
        side.objects.iter().for_each(|object| finder.side_object(object));
        if let Some(rendered) = &side.rendered {
            learn_values(&mut finder, rendered);
        }
    }
    for change in comparison.changes.iter().chain(all) {
        for object in [&change.old, &change.new].into_iter().flatten() {
            finder.shown_object(object);
        }
    }
    finder.finish(warnings)
}

fn learn_values(finder: &mut Finder, rendered: &Rendered) {
    finder.public(&rendered.request.release.name);
    finder.public(&rendered.request.release.namespace);
    finder.values(&rendered.loaded.layers.values);
    charts(&rendered.loaded.chart, &mut |chart| {
        finder.public(chart.name());
        finder.public(&chart.metadata.version);
        finder.public(&chart.metadata.app_version);
        finder.values(&chart.values);
    });
}

impl Review {
    /// Whether anything differs that counts: not what was ignored, nor what only means the same.
    pub fn differs(&self) -> bool {
        !self.folds.is_empty() || self.changes.iter().any(ObjectReview::matters)
    }

    /// What it all does, the most serious first: what `--fail-on` looks at.
    pub fn effects(&self) -> impl Iterator<Item = Effect> + '_ {
        self.verdict.counts.iter().filter(|(_, count)| **count > 0).map(|(effect, _)| *effect)
    }

    /// The impacts of an effect on the objects that are listed, with these objects.
    pub fn impacts_of(&self, effect: Effect) -> impl Iterator<Item = &Impact> + '_ {
        self.changes.iter().flat_map(|change| &change.impacts).filter(move |impact| impact.effect == effect)
    }
}

impl ObjectReview {
    /// Whether there is more to it than what means the same.
    pub fn matters(&self) -> bool {
        let role = |object: &Option<Arc<Object>>| object.as_ref().map(|object| object.role);
        self.folded > 0
            || self.renamed_from.is_some()
            || role(&self.old) != role(&self.new)
            || self.fields.iter().any(|field| field.change.same.is_none())
    }
}

#[cfg(test)]
mod tests;
