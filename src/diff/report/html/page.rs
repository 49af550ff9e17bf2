//! The body of the page: head, filters, values, objects, noise, counts.

use std::collections::BTreeSet;

use crate::diff::{Review, ValueChange, ValueFindingKind, ValuesReview, Verdict};
use crate::rules::change::Effect;
use crate::value::Value;

use super::super::counts::Counts;
use super::super::lines;
use super::super::text::Shown;
use super::super::words::{self, Happening};
use super::{Options, object, shown};

/// Objects of a report up to which those with an effect are open at first.
const OPEN: usize = 60;
/// Lines of a value in a table.
const VALUE_LINES: usize = 20;
/// Values in a table, names in a fold.
const ROWS: usize = 500;

/// How grave an effect is, for its colour and sign.
pub fn gravity(effect: Option<Effect>) -> &'static str {
    match effect {
        Some(Effect::Refused | Effect::Recreate | Effect::Delete) => "grave",
        Some(Effect::Storage | Effect::Crd | Effect::Privilege | Effect::Traffic) => "serious",
        Some(Effect::Restart | Effect::Scale) => "notable",
        Some(Effect::Other) | None => "calm",
    }
}

/// Writes the body.
pub fn body(out: &mut String, reviews: &[Review], title: &str, options: &Options) {
    out.push_str("<a class=\"skip\" href=\"#reviews\">To the objects</a>\n<main>\n<header>\n");
    out.push_str("<div class=\"eyebrow\">Torii · Review</div>\n");
    match reviews {
        [review] if review.title.is_none() => heading_of_one(out, review),
        [review] => {
            out.push_str(&format!("<h1>{}</h1>\n", shown(title)));
            out.push_str(&format!("<p class=\"sides\">{}</p>\n", shown(&words::sides(review))));
        }
        _ => out.push_str(&format!("<h1>{}</h1>\n", shown(title))),
    }
    verdict(out, &words::overall(reviews));
    if reviews.len() > 1 {
        out.push_str("<ul class=\"contents\">\n");
        for (i, review) in reviews.iter().enumerate() {
            out.push_str(&format!(
                "<li><a href=\"#review-{i}\">{}</a> <span>{}</span></li>\n",
                shown(&words::title(review)),
                shown(&review.verdict.line)
            ));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</header>\n</main>\n");
    filters(out, reviews);
    out.push_str("<main id=\"reviews\">\n");
    let open = reviews.iter().map(|review| review.changes.len()).sum::<usize>() <= OPEN;
    for (i, review) in reviews.iter().enumerate() {
        out.push_str(&format!("<div class=\"review\" id=\"review-{i}\">\n"));
        if reviews.len() > 1 {
            out.push_str(&format!("<header><h2>{}</h2>\n", shown(&words::title(review))));
            out.push_str(&format!("<p class=\"sides\">{}</p>\n", shown(&words::sides(review))));
            verdict(out, &review.verdict);
            out.push_str("</header>\n");
        }
        one(out, review, open, options);
        out.push_str("</div>\n");
    }
    out.push_str("</main>\n");
}

/// `gateway 1.29.0 → 1.30.0` as the page's heading, and below it the sides as the user named them.
fn heading_of_one(out: &mut String, review: &Review) {
    out.push_str(&format!("<h1>{}</h1>\n", shown(&words::title(review))));
    if words::charts(review).is_some() {
        out.push_str(&format!("<p class=\"sides\"><code>{}</code></p>\n", shown(&words::names(review))));
    }
}

fn verdict(out: &mut String, verdict: &Verdict) {
    out.push_str(&format!(
        "<div class=\"verdict {}\"><div class=\"label\">Verdict</div><p>{}</p>\n",
        gravity(verdict.effect),
        shown(&verdict.line)
    ));
    if !verdict.counts.is_empty() {
        out.push_str("<ul class=\"effects\">");
        for (effect, n) in &verdict.counts {
            out.push_str(&format!(
                "<li class=\"badge {}\" title=\"{}\">{effect} <b>{n}</b></li>",
                gravity(Some(*effect)),
                words::effect(*effect)
            ));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</div>\n");
}

fn filters(out: &mut String, reviews: &[Review]) {
    out.push_str("<nav class=\"bar\" aria-label=\"Filters and view\"><div>\n");
    let changes = || reviews.iter().flat_map(|review| &review.changes);
    if changes().next().is_some() {
        out.push_str(
            "<input id=\"text\" type=\"search\" placeholder=\"Filter by text  ( / )\" aria-label=\"Filter by text\">\n",
        );
        let kinds: BTreeSet<&str> = changes().map(|object| &*object.id.kind).collect();
        select(out, "kind", "All kinds", kinds);
        let effects: BTreeSet<Effect> =
            changes().flat_map(|object| &object.impacts).map(|impact| impact.effect).collect();
        select(out, "effect", "All effects", effects.into_iter().map(Effect::name));
        let happenings: BTreeSet<Happening> = changes().map(Happening::of).collect();
        select(out, "change", "All changes", happenings.into_iter().map(Happening::name));
        out.push_str(
            "<span class=\"group\" role=\"group\" aria-label=\"View\">\
             <button id=\"inline\" type=\"button\" aria-pressed=\"true\">Inline</button>\
             <button id=\"split\" type=\"button\" aria-pressed=\"false\">Side by side</button></span>\n\
             <span class=\"group\" role=\"group\" aria-label=\"Objects\">\
             <button id=\"expand\" type=\"button\">Expand</button>\
             <button id=\"collapse\" type=\"button\">Collapse</button></span>\n",
        );
    }
    out.push_str("<button id=\"theme\" type=\"button\" aria-pressed=\"false\">Dark</button>\n");
    if changes().next().is_some() {
        let n = words::count(changes().count(), "object");
        out.push_str(&format!("<span id=\"shown\" class=\"shown\" role=\"status\">{n}</span>\n"));
    }
    out.push_str("</div></nav>\n");
}

fn select<'a>(out: &mut String, id: &str, all: &str, options: impl IntoIterator<Item = &'a str>) {
    out.push_str(&format!("<select id=\"{id}\" aria-label=\"{all}\"><option value=\"\">{all}</option>"));
    for option in options {
        let text = shown(option);
        out.push_str(&format!("<option value=\"{text}\">{text}</option>"));
    }
    out.push_str("</select>\n");
}

fn one(out: &mut String, review: &Review, open: bool, options: &Options) {
    values(out, &review.values);
    if !review.changes.is_empty() {
        let n = words::count(review.changes.len(), "object");
        out.push_str(&format!("<section class=\"objects\"><h2>Objects <small>{n}</small></h2>\n"));
        for object in &review.changes {
            let open = open && words::worst(object).is_some_and(|effect| effect != Effect::Other);
            object::show(out, object, open, options);
        }
        out.push_str("<p class=\"nothing\" hidden>No object matches the filter.</p>\n</section>\n");
    } else if words::is_empty(review) {
        out.push_str("<p class=\"nothing\">There is no difference.</p>\n");
    }
    folds(out, review);
    out.push_str("<footer>\n");
    if !review.warnings.is_empty() {
        out.push_str("<ul class=\"warnings\">");
        for warning in &review.warnings {
            out.push_str(&format!("<li>{}</li>", shown(warning)));
        }
        out.push_str("</ul>\n");
    }
    out.push_str(&format!("<p class=\"counts\">{}</p>\n", shown(&Counts::of(review).line())));
    for ignored in &review.ignored {
        out.push_str(&format!(
            "<p>ignored by <code>{}</code>: {}</p>\n",
            shown(&ignored.rule),
            words::objects_and_fields(ignored.objects, ignored.fields)
        ));
    }
    out.push_str("</footer>\n");
}

fn values(out: &mut String, values: &ValuesReview) {
    if values.defaults.is_empty() && values.user.is_empty() && values.findings.is_empty() {
        return;
    }
    out.push_str("<section class=\"values\"><h2>Values</h2>\n");
    if !values.findings.is_empty() {
        out.push_str("<ul class=\"findings\">\n");
        for finding in &values.findings {
            let gravity = match finding.kind {
                ValueFindingKind::BreaksSchema => "grave",
                ValueFindingKind::MatchesNothing | ValueFindingKind::OtherType => "serious",
                ValueFindingKind::EqualsDefault => "calm",
            };
            out.push_str(&format!(
                "<li><span class=\"badge {gravity}\">{}</span> {}",
                words::value_finding(finding.kind).replace('-', " "),
                shown(&finding.message)
            ));
            if let Some(place) = &finding.place {
                out.push_str(&format!(" <span class=\"place\">{}</span>", shown(place)));
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ul>\n");
    }
    table(out, "Yours", &values.user);
    table(out, "Defaults of the chart", &values.defaults);
    out.push_str("</section>\n");
}

fn table(out: &mut String, title: &str, changes: &[ValueChange]) {
    if changes.is_empty() {
        return;
    }
    out.push_str(&format!(
        "<h3>{title}</h3>\n<div class=\"table\"><table><thead><tr><th>Value</th><th>Change</th><th>Old</th>\
         <th>New</th><th>Set at</th></tr></thead><tbody>\n"
    ));
    for change in changes.iter().take(ROWS) {
        out.push_str(&format!(
            "<tr><td><code>{}</code></td><td>{}</td>",
            shown(&change.path),
            words::value_change(change.kind)
        ));
        cells(out, change.old.as_ref(), change.new.as_ref());
        let places = words::places(change.old_place.as_deref(), change.new_place.as_deref());
        let remarks: Vec<String> =
            places.into_iter().chain(words::moved(change)).map(|remark| breakable(&remark)).collect();
        out.push_str(&format!("<td class=\"place\">{}</td></tr>\n", remarks.join("<br>")));
    }
    out.push_str("</tbody></table></div>\n");
    if changes.len() > ROWS {
        out.push_str(&format!("<p class=\"note\">… and {} more</p>\n", changes.len() - ROWS));
    }
}

/// Text with paths, which break behind slashes first.
fn breakable(text: &str) -> String {
    shown(text).replace('/', "/<wbr>")
}

/// The cells of the old and the new value.
fn cells(out: &mut String, old: Option<&Value>, new: Option<&Value>) {
    let (old, new) = (old.map(Shown::of), new.map(Shown::of));
    if let (Some(Shown::Inline(old)), Some(Shown::Inline(new))) = (&old, &new) {
        let (old, new) = lines::words(old, new);
        for (class, pieces, tag) in [("old", old, "del"), ("new", new, "ins")] {
            out.push_str(&format!("<td><code class=\"{class}\">"));
            object::pieces(out, &pieces, tag);
            out.push_str("</code></td>");
        }
        return;
    }
    for (class, value) in [("old", old), ("new", new)] {
        let Some(value) = value else {
            out.push_str("<td></td>");
            continue;
        };
        let lines = value.into_lines();
        let mut text: Vec<String> = lines.iter().take(VALUE_LINES).map(|line| shown(line)).collect();
        if lines.len() > VALUE_LINES {
            text.push(format!("… {}", words::count(lines.len() - VALUE_LINES, "more line")));
        }
        out.push_str(&format!("<td><code class=\"{class}\">{}</code></td>", text.join("<br>")));
    }
}

fn folds(out: &mut String, review: &Review) {
    if review.folds.is_empty() {
        return;
    }
    out.push_str("<section><h2>The same in several objects</h2>\n<ul class=\"folds\">\n");
    for fold in &review.folds {
        let names: Vec<String> =
            fold.objects.iter().take(ROWS).map(|id| shown(&words::identity(id))).collect();
        let more = match fold.objects.len().saturating_sub(ROWS) {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        let (objects, what) = words::fold_line(fold);
        out.push_str(&format!(
            "<li><details><summary><b>{objects}</b> {}</summary><p>{}{more}</p></details></li>\n",
            shown(&what),
            names.join(", ")
        ));
    }
    out.push_str("</ul></section>\n");
}
