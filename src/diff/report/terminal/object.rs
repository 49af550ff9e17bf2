//! An object in the terminal's report.

use crate::diff::ObjectReview;

use super::super::text;
use super::super::words::{self, Happening};
use super::style::{DIM, Line, NEW, OLD, PLAIN};
use super::{Options, View, fields, side_by_side, style};

/// Lines of an added or removed object that are shown, if not all are asked for.
const OBJECT_LINES: usize = 12;

/// `~ Deployment/gateway (edge)  restarts pods: rolling`.
pub fn heading(object: &ObjectReview, indent: usize, options: &Options) -> Line {
    let happening = Happening::of(object);
    let style = style::happening(happening);
    let mut line = Line::indented(indent);
    line.push(style, &format!("{} {}", happening.sign(), words::object_name(object)));
    let namespace = match &object.renamed_from {
        Some(from) if from.namespace != object.id.namespace => {
            format!(" ({} → {})", from.namespace, object.id.namespace)
        }
        _ if object.id.namespace.is_empty() => String::new(),
        _ => format!(" ({})", object.id.namespace),
    };
    line.push(PLAIN, &namespace);
    if let Some(role) = words::role(object) {
        line.push(DIM, &format!("  {role}"));
    }
    if happening == Happening::Renamed {
        line.push(DIM, "  renamed");
    }
    if let Some(first) = object.impacts.first() {
        line.push(PLAIN, "  ").push(style::effect(Some(first.effect)), &first.message);
    }
    if options.view == View::Summary && object.impacts.len() > 1 {
        line.push(DIM, &format!("  and {}", words::count(object.impacts.len() - 1, "more impact")));
    }
    line
}

/// An object with all that is to say of it.
pub fn show(out: &mut String, object: &ObjectReview, options: &Options) {
    heading(object, 0, options).end(out);
    about(out, object);
    match Happening::of(object) {
        happening @ (Happening::Added | Happening::Removed) => whole(out, object, happening, options),
        Happening::Renamed | Happening::Changed => {
            for field in words::shown_fields(object, options.verbose) {
                match options.view {
                    View::SideBySide => side_by_side::show(out, field, options),
                    _ => fields::show(out, field, options),
                }
            }
        }
    }
    after(out, object, options);
}

/// The impacts behind the first, why it is there or gone, and why it was not compared.
pub fn about(out: &mut String, object: &ObjectReview) {
    for impact in object.impacts.iter().skip(1) {
        let mut line = Line::indented(4);
        line.push(style::effect(Some(impact.effect)), "! ").push(PLAIN, &impact.message).end(out);
    }
    if let Some(because) = words::because(&object.causes) {
        Line::indented(4).push(DIM, &because).end(out);
    }
    if let Some(fallback) = object.fallback {
        let text = format!("compared as a whole: {fallback}");
        Line::indented(4).push(DIM, &text).end(out);
    }
}

/// What is told elsewhere, or only if asked for.
pub fn after(out: &mut String, object: &ObjectReview, options: &Options) {
    let mut notes = Vec::new();
    if object.folded > 0 {
        notes.push(words::folded(object.folded));
    }
    let hidden = object.fields.len() - words::shown_fields(object, options.verbose).count();
    if hidden > 0 {
        notes.push(format!("{} equal in meaning", words::count(hidden, "field")));
    }
    if !notes.is_empty() {
        Line::indented(4).push(DIM, &notes.join(", ")).end(out);
    }
}

/// The YAML of an added or removed object: the beginning of it, unless all is asked for.
fn whole(out: &mut String, object: &ObjectReview, happening: Happening, options: &Options) {
    let Some(own) = object.new.as_ref().or(object.old.as_ref()) else { return };
    let lines = match options.full {
        true => text::lines_of(&text::yaml_of(&own.value)),
        false => text::object_in_short(&own.value),
    };
    let bound = match options.full {
        true => usize::MAX,
        false if words::is_definition(&object.id) => 0,
        false => OBJECT_LINES,
    };
    // A rest of few lines takes no more room than its count.
    let shown = if lines.len() <= bound.saturating_add(3) && bound > 0 { lines.len() } else { bound };
    let (style, sign) = if happening == Happening::Added { (NEW, "+ ") } else { (OLD, "- ") };
    for line in lines.iter().take(shown) {
        Line::indented(4).push(style, &format!("{sign}{line}")).end(out);
    }
    if lines.len() > shown {
        let more = words::count(lines.len() - shown, if shown > 0 { "more line" } else { "line" });
        Line::indented(4).push(DIM, &format!("… {more} (--full shows them)")).end(out);
    }
}
