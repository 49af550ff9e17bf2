//! The parts of the Markdown report.

use std::collections::BTreeMap;

use crate::diff::{FieldReview, ObjectReview, Review, ValueChange, ValuesReview, Verdict};
use crate::manifest::object::Identity;
use crate::rules::change::Effect;
use crate::value::Value;

use super::super::counts::Counts;
use super::super::lines::{self, Part};
use super::super::text::{self as values_text, Shown, brief};
use super::super::words::{self, Happening};
use super::escape::{cell, code, fence, html, summary, text};
use super::{Options, Rank, Unit};

/// Characters of a name, a value in a table, a sentence.
const NAME: usize = 200;
const SENTENCE: usize = 400;
const VALUE: usize = 120;
/// Rows of a table of values.
const ROWS: usize = 40;
/// Names in a row of the table of effects, or of a fold.
const NAMES: usize = 5;
/// Lines of an object, of one field of it, and of a custom resource definition; characters of a line.
const OBJECT_LINES: usize = 120;
const FIELD_LINES: usize = 40;
const DEFINITION_LINES: usize = 12;
const LINE: usize = 400;
/// Warnings, rules and folds that are listed.
const LISTED: usize = 20;

/// Adds the parts of one review.
pub fn review(units: &mut Vec<Unit>, index: usize, review: &Review, several: bool, options: &Options) {
    let mut add = |rank, text: String| {
        if !text.is_empty() {
            units.push(Unit { rank, review: index, text });
        }
    };
    let mut head = String::new();
    let title = brief(&words::title(review), NAME);
    head.push_str(&format!("{} {}\n\n", if several { "\n###" } else { "##" }, text(&title)));
    verdict(&mut head, &review.verdict, Some(review));
    let (charts, names) = (words::charts(review), words::names(review));
    let charts = charts.filter(|_| review.title.is_some()).map(|charts| text(&brief(&charts, SENTENCE)));
    let names = Some(names).filter(|names| *names != title).map(|names| code(&brief(&names, SENTENCE)));
    let sides: Vec<String> = charts.into_iter().chain(names).collect();
    if !sides.is_empty() {
        head.push_str(&format!("\nOf {}\n", sides.join(": ")));
    }
    add(Rank::Head, head);
    add(Rank::Values, values(&review.values));
    for (i, object) in review.changes.iter().enumerate() {
        let mut text = String::new();
        if i == 0 {
            text.push('\n');
        }
        text.push_str(&self::object(object, options));
        add(Rank::Object(words::worst(object).unwrap_or(Effect::Other)), text);
    }
    add(Rank::Folds, folds(review));
    add(Rank::Counts, counts(review));
}

/// The verdict, and the table of effects.
pub fn verdict(out: &mut String, verdict: &Verdict, review: Option<&Review>) {
    out.push_str(&format!("**Verdict:** {}\n", text(&brief(&verdict.line, SENTENCE))));
    if verdict.counts.is_empty() {
        return;
    }
    let mut objects: BTreeMap<Effect, Vec<&Identity>> = BTreeMap::new();
    for impact in review.iter().flat_map(|review| &review.changes).flat_map(|object| &object.impacts) {
        let objects = objects.entry(impact.effect).or_default();
        if objects.last() != Some(&&impact.object) {
            objects.push(&impact.object);
        }
    }
    let with_objects = !objects.is_empty();
    out.push_str(if with_objects {
        "\n| Effect | | Impacts | Objects |\n|:--|:--|--:|:--|\n"
    } else {
        "\n| Effect | | Impacts |\n|:--|:--|--:|\n"
    });
    for (effect, n) in &verdict.counts {
        out.push_str(&format!("| **{effect}** | {} | {n} |", words::effect(*effect)));
        if with_objects {
            let all = objects.get(effect).map(Vec::as_slice).unwrap_or_default();
            out.push_str(&format!(" {} |", cell(&names(all.iter().copied(), all.len()))));
        }
        out.push('\n');
    }
}

/// The first names, and how many more there are.
fn names<'a>(ids: impl Iterator<Item = &'a Identity>, len: usize) -> String {
    let shown: Vec<String> = ids.take(NAMES).map(|id| code(&brief(&id.to_string(), NAME))).collect();
    let more = match len.saturating_sub(shown.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn values(values: &ValuesReview) -> String {
    let mut out = String::new();
    if values.defaults.is_empty() && values.user.is_empty() && values.findings.is_empty() {
        return out;
    }
    out.push_str("\n#### Values\n");
    if !values.findings.is_empty() {
        out.push('\n');
        for finding in values.findings.iter().take(LISTED) {
            let place = match &finding.place {
                Some(place) => format!(" ({})", code(&brief(place, NAME))),
                None => String::new(),
            };
            let kind = words::value_finding(finding.kind).replace('-', " ");
            out.push_str(&format!("- **{kind}**: {}{place}\n", text(&brief(&finding.message, SENTENCE))));
        }
        more(&mut out, values.findings.len(), LISTED, "finding");
    }
    table(&mut out, "Your value", &values.user);
    table(&mut out, "Default of the chart", &values.defaults);
    out
}

fn more(out: &mut String, len: usize, shown: usize, what: &str) {
    if len > shown {
        out.push_str(&format!("- … and {}\n", words::count(len - shown, &format!("more {what}"))));
    }
}

fn table(out: &mut String, title: &str, changes: &[ValueChange]) {
    if changes.is_empty() {
        return;
    }
    out.push_str(&format!("\n| {title} | | Old | New | Set at |\n|:--|:--|:--|:--|:--|\n"));
    let value = |value: Option<&Value>| match value.map(Shown::of) {
        None => String::new(),
        Some(Shown::Inline(line)) => code(&brief(&line, VALUE)),
        Some(Shown::Block(lines)) => match lines.first() {
            Some(first) => {
                format!("{} … ({})", code(&brief(first, VALUE)), words::count(lines.len(), "line"))
            }
            None => String::new(),
        },
    };
    for change in changes.iter().take(ROWS) {
        let places = words::places(change.old_place.as_deref(), change.new_place.as_deref());
        let remarks: Vec<String> = places
            .into_iter()
            .chain(words::moved(change))
            .map(|remark| text(&brief(&remark, NAME)))
            .collect();
        let cells = [
            code(&brief(&change.path, NAME)),
            words::value_change(change.kind).to_string(),
            value(change.old.as_ref()),
            value(change.new.as_ref()),
            remarks.join("; "),
        ];
        let cells: Vec<String> = cells.iter().map(|markdown| cell(markdown)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if changes.len() > ROWS {
        out.push_str(&format!("\n… and {} more.\n", changes.len() - ROWS));
    }
}

fn object(object: &ObjectReview, options: &Options) -> String {
    let happening = Happening::of(object);
    let name = brief(&words::object_name(object), 2 * NAME);
    let mut out = format!("<details>\n<summary><code>{} {}</code>", happening.sign(), html(&name));
    if !object.id.namespace.is_empty() {
        out.push_str(&format!(" in <code>{}</code>", html(&brief(&object.id.namespace, NAME))));
    }
    if happening != Happening::Changed {
        out.push_str(&format!(", {}", happening.name()));
    }
    if let Some(role) = words::role(object) {
        out.push_str(&format!(", {role}"));
    }
    if let Some(first) = object.impacts.first() {
        let message = summary(&brief(&first.message, SENTENCE));
        out.push_str(&format!(" · <b>{}</b>: {message}", first.effect));
    }
    out.push_str("</summary>\n\n");
    for impact in object.impacts.iter().skip(1).take(LISTED) {
        out.push_str(&format!("- **{}**: {}\n", impact.effect, text(&brief(&impact.message, SENTENCE))));
    }
    more(&mut out, object.impacts.len().saturating_sub(1), LISTED, "impact");
    if let Some(because) = words::because(&object.causes) {
        out.push_str(&format!("- {}\n", text(&brief(&because, SENTENCE))));
    }
    if let Some(fallback) = object.fallback {
        out.push_str(&format!("- compared as a whole: {}\n", text(fallback)));
    }
    if object.folded > 0 {
        out.push_str(&format!("- {}\n", words::folded(object.folded)));
    }
    let lines = object_lines(object, happening, options);
    if !lines.is_empty() {
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(&fence(&lines));
    }
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    out.push_str("</details>\n");
    out
}

/// The lines of the object's diff, of a bounded number.
fn object_lines(object: &ObjectReview, happening: Happening, options: &Options) -> Vec<String> {
    let bound = if words::is_definition(&object.id) { DEFINITION_LINES } else { OBJECT_LINES };
    let mut lines = Vec::new();
    match happening {
        Happening::Added | Happening::Removed => {
            let Some(own) = object.new.as_ref().or(object.old.as_ref()) else { return lines };
            let sign = if happening == Happening::Added { '+' } else { '-' };
            let all = values_text::object_in_short(&own.value);
            lines.extend(all.iter().map(|line| format!("{sign} {}", brief(line, LINE))));
        }
        Happening::Renamed | Happening::Changed => {
            for field in words::shown_fields(object, options.verbose) {
                field_lines(&mut lines, field);
            }
        }
    }
    if lines.len() > bound {
        let hidden = lines.len() - bound;
        lines.truncate(bound);
        lines.push(format!("  … {}", words::count(hidden, "more line")));
    }
    lines
}

fn field_lines(out: &mut Vec<String>, field: &FieldReview) {
    let change = &field.change;
    let mut head = format!("@@ {} @@", brief(&values_text::line_of(&change.path.to_string()), LINE));
    let remarks = words::remarks(field, "hidden");
    if !remarks.is_empty() {
        head.push_str(&format!(" {}", brief(&values_text::line_of(&remarks.join("; ")), LINE)));
    }
    out.push(head);
    let lines = |value: Option<&Value>| value.map(|v| Shown::of(v).into_lines()).unwrap_or_default();
    let (old, new) = (lines(change.old.as_ref()), lines(change.new.as_ref()));
    let mut own = Vec::new();
    for part in lines::parts(&old, &new, 2) {
        match part {
            Part::Gap(n) => own.push(format!("  … {}", words::count(n, "equal line"))),
            Part::Same(lines) => own.extend(lines.iter().map(|line| format!("  {}", brief(line, LINE)))),
            Part::Replaced(old, new) => {
                own.extend(old.iter().map(|line| format!("- {}", brief(line, LINE))));
                own.extend(new.iter().map(|line| format!("+ {}", brief(line, LINE))));
            }
        }
    }
    if own.len() > FIELD_LINES {
        let hidden = own.len() - FIELD_LINES;
        own.truncate(FIELD_LINES);
        own.push(format!("  … {}", words::count(hidden, "more line")));
    }
    out.append(&mut own);
}

fn folds(review: &Review) -> String {
    let mut out = String::new();
    if !review.folds.is_empty() {
        out.push_str("\n#### The same in several objects\n\n");
        for fold in review.folds.iter().take(LISTED) {
            let (objects, what) = words::fold_line(fold);
            out.push_str(&format!(
                "- **{objects}**: {} ({})\n",
                text(&brief(&what, SENTENCE)),
                names(fold.objects.iter(), fold.objects.len())
            ));
        }
        more(&mut out, review.folds.len(), LISTED, "such change");
    }
    out
}

/// Warnings and counts.
fn counts(review: &Review) -> String {
    let mut out = String::new();
    if !review.warnings.is_empty() {
        out.push('\n');
        for warning in review.warnings.iter().take(LISTED) {
            out.push_str(&format!("- **warning**: {}\n", text(&brief(warning, SENTENCE))));
        }
        more(&mut out, review.warnings.len(), LISTED, "warning");
    }
    out.push_str(&format!("\n{}\n", text(&Counts::of(review).line())));
    if !review.ignored.is_empty() {
        out.push('\n');
    }
    for ignored in review.ignored.iter().take(LISTED) {
        out.push_str(&format!(
            "- ignored by {}: {}\n",
            code(&brief(&ignored.rule, NAME)),
            words::objects_and_fields(ignored.objects, ignored.fields)
        ));
    }
    more(&mut out, review.ignored.len(), LISTED, "rule");
    out
}
