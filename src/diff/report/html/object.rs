//! An object on the page.

use std::collections::BTreeSet;

use crate::diff::{FieldReview, ObjectReview};
use crate::rules::change::Effect;
use crate::value::Value;

use super::super::lines::{self, Part, Piece};
use super::super::text::{self, Shown};
use super::super::words::{self, Happening};
use super::page::gravity;
use super::{Options, shown};

/// Lines around a difference.
const CONTEXT: usize = 3;
/// Lines of one value, or of a whole object, that are shown.
const LINES: usize = 2_000;

/// Writes an object, which can be opened and closed.
pub fn show(out: &mut String, object: &ObjectReview, open: bool, options: &Options) {
    let happening = Happening::of(object);
    let effects: BTreeSet<Effect> = object.impacts.iter().map(|impact| impact.effect).collect();
    let names: Vec<&str> = effects.iter().map(|effect| effect.name()).collect();
    out.push_str(&format!(
        "<details class=\"object\" data-kind=\"{}\" data-effects=\"{}\" data-change=\"{}\"{}>\n<summary>",
        shown(&object.id.kind),
        names.join(" "),
        happening.name(),
        if open { " open" } else { "" }
    ));
    summary(out, object, happening, &effects);
    out.push_str("</summary>\n<div class=\"body\">\n");
    if object.impacts.len() > 1 {
        out.push_str("<ul class=\"impacts\">\n");
        for impact in object.impacts.iter().skip(1) {
            out.push_str(&format!(
                "<li><span class=\"badge {}\">{}</span> {}</li>\n",
                gravity(Some(impact.effect)),
                impact.effect,
                shown(&impact.message)
            ));
        }
        out.push_str("</ul>\n");
    }
    if let Some(because) = words::because(&object.causes) {
        note(out, &because);
    }
    if let Some(fallback) = object.fallback {
        note(out, &format!("compared as a whole: {fallback}"));
    }
    match happening {
        Happening::Added | Happening::Removed => {
            let yaml = |object: &Option<std::sync::Arc<crate::manifest::object::Object>>| {
                object.as_ref().map(|o| text::object_in_short(&o.value)).unwrap_or_default()
            };
            diff(out, &yaml(&object.old), &yaml(&object.new));
        }
        Happening::Renamed | Happening::Changed => {
            words::shown_fields(object, options.verbose).for_each(|one| field(out, one));
        }
    }
    let hidden = object.fields.len() - words::shown_fields(object, options.verbose).count();
    if object.folded > 0 {
        note(out, &words::folded(object.folded));
    }
    if hidden > 0 {
        note(out, &format!("{} equal in meaning", words::count(hidden, "field")));
    }
    out.push_str("</div>\n</details>\n");
}

fn summary(out: &mut String, object: &ObjectReview, happening: Happening, effects: &BTreeSet<Effect>) {
    let sign = happening.sign();
    out.push_str(&format!(
        "<span class=\"sign {0}\" title=\"{0}\">{sign}</span><span class=\"name\">",
        happening.name()
    ));
    if let Some(from) = &object.renamed_from {
        out.push_str(&format!("<span class=\"kind\">{}/</span>{} → ", shown(&from.kind), shown(&from.name)));
    }
    out.push_str(&format!(
        "<span class=\"kind\">{}/</span><b>{}</b>",
        shown(&object.id.kind),
        shown(&object.id.name)
    ));
    let mut place = Vec::new();
    if !object.id.namespace.is_empty() {
        place.push(format!("in {}", object.id.namespace));
    }
    if happening != Happening::Changed {
        place.push(happening.name().to_string());
    }
    place.extend(words::role(object).map(str::to_string));
    if !place.is_empty() {
        out.push_str(&format!(" <span class=\"where\">{}</span>", shown(&place.join(", "))));
    }
    out.push_str("</span><span class=\"marks\">");
    for effect in effects {
        out.push_str(&format!("<span class=\"badge {}\">{effect}</span>", gravity(Some(*effect))));
    }
    out.push_str("</span>");
    if let Some(first) = object.impacts.first() {
        out.push_str(&format!("<span class=\"does\">{}</span>", shown(&first.message)));
    }
}

fn note(out: &mut String, text: &str) {
    out.push_str(&format!("<p class=\"note\">{}</p>\n", shown(text)));
}

fn field(out: &mut String, field: &FieldReview) {
    let change = &field.change;
    let class = if change.same.is_some() { "field same" } else { "field" };
    let path = change.path.to_string();
    let path = if path.is_empty() { "(the whole object)" } else { &path };
    out.push_str(&format!(
        "<div class=\"{class}\"><div class=\"head\"><span class=\"path\">{}</span>",
        shown(path)
    ));
    let remarks = words::remarks(field, "hidden");
    if !remarks.is_empty() {
        out.push_str(&format!("<span class=\"why\">{}</span>", shown(&remarks.join("; "))));
    }
    out.push_str("</div>\n");
    let lines = |value: Option<&Value>| value.map(|v| Shown::of(v).into_lines()).unwrap_or_default();
    diff(out, &lines(change.old.as_ref()), &lines(change.new.as_ref()));
    out.push_str("</div>\n");
}

/// Writes how two texts differ, such that the style alone can show it inline or side by side.
fn diff(out: &mut String, old: &[String], new: &[String]) {
    out.push_str("<div class=\"diff\">");
    let mut left = LINES;
    let mut hidden = 0;
    let mut take = |n: usize| {
        let taken = n.min(left);
        left -= taken;
        hidden += n - taken;
        taken
    };
    for part in lines::parts(old, new, CONTEXT) {
        match part {
            Part::Gap(n) => {
                out.push_str(&format!("<div class=\"gap\">{}</div>", words::count(n, "equal line")));
            }
            Part::Same(lines) => {
                let lines = lines.get(..take(lines.len())).unwrap_or_default();
                if lines.is_empty() {
                    continue;
                }
                out.push_str("<div class=\"row\"><div class=\"both\">");
                lines.iter().for_each(|text| line(out, ' ', &[Piece { text, differs: false }], ""));
                out.push_str("</div><div class=\"both copy\" aria-hidden=\"true\">");
                lines.iter().for_each(|text| line(out, ' ', &[Piece { text, differs: false }], ""));
                out.push_str("</div></div>");
            }
            Part::Replaced(old, new) => {
                let old = old.get(..take(old.len())).unwrap_or_default();
                let new = new.get(..take(new.len())).unwrap_or_default();
                replaced(out, old, new);
            }
        }
    }
    if hidden > 0 {
        out.push_str(&format!("<div class=\"gap\">{}</div>", words::count(hidden, "more line")));
    }
    out.push_str("</div>\n");
}

fn replaced(out: &mut String, old: &[String], new: &[String]) {
    if old.is_empty() && new.is_empty() {
        return;
    }
    // Lines that replace as many are compared one by one.
    let pairs: Vec<_> = match old.len() == new.len() {
        true => old.iter().zip(new).map(|(old, new)| lines::words(old, new)).collect(),
        false => Vec::new(),
    };
    let class = |lines: &[String], name: &str| {
        if lines.is_empty() { format!("{name} none") } else { name.to_string() }
    };
    out.push_str(&format!("<div class=\"row\"><div class=\"{}\">", class(old, "old")));
    for (i, text) in old.iter().enumerate() {
        match pairs.get(i) {
            Some((pieces, _)) => line(out, '-', pieces, "del"),
            None => line(out, '-', &[Piece { text, differs: false }], "del"),
        }
    }
    out.push_str(&format!("</div><div class=\"{}\">", class(new, "new")));
    for (i, text) in new.iter().enumerate() {
        match pairs.get(i) {
            Some((_, pieces)) => line(out, '+', pieces, "ins"),
            None => line(out, '+', &[Piece { text, differs: false }], "ins"),
        }
    }
    out.push_str("</div></div>");
}

fn line(out: &mut String, sign: char, line: &[Piece<'_>], tag: &str) {
    out.push_str(&format!("<span class=\"l\"><i>{sign}</i>"));
    pieces(out, line, tag);
    out.push_str("</span>");
}

/// Writes a line with what differs in it marked by a tag. Where all differs, nothing stands out.
pub fn pieces(out: &mut String, pieces: &[Piece<'_>], tag: &str) {
    let all = pieces.iter().all(|piece| piece.differs);
    for piece in pieces {
        let text = shown(piece.text);
        if piece.differs && !all {
            out.push_str(&format!("<{tag}>{text}</{tag}>"));
        } else {
            out.push_str(&text);
        }
    }
}
