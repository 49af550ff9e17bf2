//! A rule's page, and the list of all, for a terminal.

use crate::diagnostic::style::{BOLD, DIM, HEADING, Line, PLAIN};
use crate::rules::object::{self, Rule};

/// The columns that a page takes.
const WIDTH: usize = 96;

/// A rule's page.
pub fn rule(rule: &Rule) -> String {
    let mut out = String::new();
    let mut line = Line::default();
    line.push(HEADING, rule.id)
        .push(PLAIN, "  ")
        .push(BOLD, rule.name)
        .push(DIM, &format!("  {}", rule.severity));
    line.end(&mut out);
    for (title, text) in [("", rule.summary), ("Why", rule.why), ("What to do", rule.fix)] {
        out.push('\n');
        if !title.is_empty() {
            Line::default().push(HEADING, title).end(&mut out);
        }
        wrap(&mut out, text);
    }
    if !rule.source.is_empty() {
        out.push('\n');
        wrap_dim(&mut out, &format!("Decided in: {}", rule.source));
    }
    out.push('\n');
    let (id, annotation) = (rule.id, crate::check::suppress::ANNOTATION);
    for way in [
        format!("{annotation}{id}: \"the reason\"      an annotation of the object"),
        format!("--ignore {id}=Kind/name                on the command line"),
    ] {
        Line::default().push(DIM, "Set aside by  ").push(PLAIN, &way).end(&mut out);
    }
    out
}

/// All rules, by families.
pub fn rules() -> String {
    let mut out = String::new();
    for (title, rules) in object::families() {
        if !out.is_empty() {
            out.push('\n');
        }
        Line::default().push(HEADING, title).end(&mut out);
        for rule in *rules {
            let mut line = Line::indented(2);
            line.push(BOLD, rule.id).fill(10).push(PLAIN, rule.severity.name()).fill(19);
            line.push(PLAIN, rule.name).end(&mut out);
        }
    }
    out
}

fn wrap(out: &mut String, text: &str) {
    lines(text).iter().for_each(|line| Line::default().push(PLAIN, line).end(out));
}

fn wrap_dim(out: &mut String, text: &str) {
    lines(text).iter().for_each(|line| Line::default().push(DIM, line).end(out));
}

/// The text in lines of a bounded width.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last().map_or(0, String::len);
        if last > 0 && last + 1 + word.len() > WIDTH {
            lines.push(String::new());
        }
        if let Some(last) = lines.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
