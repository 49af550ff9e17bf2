//! The report for a terminal: the verdict first, then the values, then each object with what happens to it and
//! why. It always has ANSI colours; the caller strips them where they don't belong.

mod fields;
mod object;
mod side_by_side;
mod style;
mod unified;
mod values;

use crate::diff::{Fold, Review, ValuesReview, Verdict};

use self::style::{BOLD, DIM, HEADING, Line, PLAIN};
use super::counts::Counts;
use super::words;

/// How the report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The columns that there are.
    pub width: usize,
    /// How objects are shown.
    pub view: View,
    /// Whether long values and objects are shown whole.
    pub full: bool,
    /// Whether changes that mean nothing are shown, too.
    pub verbose: bool,
}

/// How objects are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Field by field, old → new.
    #[default]
    Fields,
    /// Field by field, old and new side by side.
    SideBySide,
    /// As unified diffs of the objects' YAML.
    Unified,
    /// A line each.
    Summary,
}

impl Default for Options {
    fn default() -> Options {
        Options { width: 100, view: View::Fields, full: false, verbose: false }
    }
}

/// Names that are listed of a fold, a heading or a finding; the rest is counted.
const NAMES: usize = 6;

/// The report of one or several reviews.
pub fn terminal(reviews: &[Review], options: &Options) -> String {
    let mut out = String::new();
    let overall = words::overall(reviews);
    let [review] = reviews else {
        verdict(&mut out, &overall);
        for review in reviews {
            out.push('\n');
            let mut line = Line::default();
            line.push(HEADING, &words::title(review)).end(&mut out);
            one(&mut out, review, options);
        }
        if reviews.len() > 1 {
            out.push('\n');
            let mut line = Line::default();
            line.push(BOLD, "All: ").push(PLAIN, &Counts::of_all(reviews).line()).end(&mut out);
        }
        return out;
    };
    if let Some(title) = &review.title {
        let mut line = Line::default();
        line.push(HEADING, title).end(&mut out);
    }
    one(&mut out, review, options);
    out
}

fn one(out: &mut String, review: &Review, options: &Options) {
    verdict(out, &review.verdict);
    let mut line = Line::indented(2);
    line.push(DIM, &words::sides(review)).end(out);
    if options.view != View::Summary {
        values::show(out, &review.values, options);
    } else {
        values_summary(out, &review.values);
    }
    if options.view == View::Summary && !review.changes.is_empty() {
        out.push('\n');
    }
    for object in &review.changes {
        match options.view {
            View::Summary => object::heading(object, 2, options).end(out),
            View::Unified => unified::show(out, object, options),
            View::Fields | View::SideBySide => {
                out.push('\n');
                object::show(out, object, options);
            }
        }
    }
    folds(out, &review.folds, options);
    footer(out, review, options);
}

/// `Verdict: restarts pods: rolling (Deployment/gateway)`, and how many impacts there are of each effect.
fn verdict(out: &mut String, verdict: &Verdict) {
    let mut line = Line::default();
    line.push(BOLD, "Verdict: ");
    let style = match verdict.effect {
        None => BOLD,
        effect => style::effect(effect).bold(),
    };
    line.push(style, &verdict.line).end(out);
    if verdict.counts.values().sum::<usize>() > 1 {
        let mut line = Line::indented(2);
        for (i, (effect, n)) in verdict.counts.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            line.push(PLAIN, comma).push(style::effect(Some(*effect)), &format!("{n} {effect}"));
        }
        line.end(out);
    }
}

fn values_summary(out: &mut String, values: &ValuesReview) {
    let parts = [
        (values.defaults.len(), "default"),
        (values.user.len(), "value of yours"),
        (values.findings.len(), "finding"),
    ];
    let text = |(n, what): &(usize, &str)| match *what {
        "value of yours" => format!("{} of yours", words::count(*n, "value")),
        "finding" => format!("{} about them", words::count(*n, "finding")),
        what => format!("{} of the chart", words::count(*n, what)),
    };
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(text).collect();
    if !parts.is_empty() {
        let mut line = Line::indented(2);
        line.push(PLAIN, "Values: ").push(PLAIN, &parts.join(", ")).end(out);
    }
}

fn folds(out: &mut String, folds: &[Fold], options: &Options) {
    if folds.is_empty() {
        return;
    }
    out.push('\n');
    for (i, fold) in folds.iter().enumerate() {
        let mut line = Line::default();
        let (objects, what) = words::fold_line(fold);
        line.push(DIM, "= ").push(PLAIN, &format!("{objects}: {what}")).end(out);
        if options.view == View::Summary {
            continue;
        }
        let next = folds.get(i + 1);
        if next.is_some_and(|next| next.objects == fold.objects) {
            // The names stand below the last of those that have the same.
            continue;
        }
        let shown = if options.full { fold.objects.len() } else { NAMES };
        let names: Vec<String> = fold.objects.iter().take(shown).map(ToString::to_string).collect();
        let more = match fold.objects.len().saturating_sub(shown) {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        let mut line = Line::indented(4);
        line.push(DIM, &format!("{}{more}", names.join(", "))).end(out);
    }
}

fn footer(out: &mut String, review: &Review, options: &Options) {
    out.push('\n');
    for warning in &review.warnings {
        let mut line = Line::default();
        line.push(style::effect(Some(crate::rules::change::Effect::Traffic)), "warning: ");
        line.push(PLAIN, warning).end(out);
    }
    let counts = Counts::of(review);
    let mut line = Line::default();
    line.push(BOLD, &counts.line());
    if counts.same > 0 && !options.verbose {
        line.push(DIM, "  (-v tells of what is equal in meaning)");
    }
    line.end(out);
    for ignored in &review.ignored {
        let mut line = Line::indented(2);
        let what = words::objects_and_fields(ignored.objects, ignored.fields);
        line.push(DIM, &format!("ignored by {}: {what}", ignored.rule)).end(out);
    }
}
