//! An object in the terminal's report as a unified diff of its YAML, for those who want lines.

use similar::DiffOp;

use crate::diff::ObjectReview;
use crate::manifest::object::Object;

use super::super::words::{self, Happening};
use super::super::{lines, text};
use super::style::{BOLD, DIM, HEADING, Line, NEW, OLD, PLAIN};
use super::{Options, object};

/// Lines around a difference.
const CONTEXT: usize = 3;
/// Lines of an object's diff that are shown, if not all are asked for.
const OBJECT_LINES: usize = 200;

/// Shows an object: what is to say of it as in the other views, then the diff.
pub fn show(out: &mut String, review: &ObjectReview, options: &Options) {
    out.push('\n');
    object::heading(review, 0, options).end(out);
    object::about(out, review);
    let yaml = |object: Option<&std::sync::Arc<Object>>| -> Vec<String> {
        object.map(|object| text::lines_of(&text::yaml_of(&object.value))).unwrap_or_default()
    };
    let (old, new) = (yaml(review.old.as_ref()), yaml(review.new.as_ref()));
    let happening = Happening::of(review);
    let old_id = review.renamed_from.as_ref().unwrap_or(&review.id);
    let name = |gone: bool, side: &str, id: &dyn std::fmt::Display| {
        if gone { "/dev/null".to_string() } else { format!("{side}/{id}") }
    };
    let old_name = name(happening == Happening::Added, "old", old_id);
    let new_name = name(happening == Happening::Removed, "new", &review.id);
    Line::default().push(BOLD, &format!("--- {old_name}")).end(out);
    Line::default().push(BOLD, &format!("+++ {new_name}")).end(out);
    let mut rows = Vec::new();
    for group in similar::group_diff_ops(lines::operations(&old, &new), CONTEXT) {
        hunk(&mut rows, &group, &old, &new);
    }
    let shown = if options.full { rows.len() } else { OBJECT_LINES };
    rows.iter().take(shown).for_each(|row| row.end(out));
    if rows.len() > shown {
        let more = words::count(rows.len() - shown, "more line");
        Line::default().push(DIM, &format!("… {more} (--full shows them)")).end(out);
    }
}

fn hunk(rows: &mut Vec<Line>, group: &[DiffOp], old: &[String], new: &[String]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let range = |from: usize, to: usize| match to - from {
        0 => format!("{from},0"),
        1 => format!("{}", from + 1),
        n => format!("{},{n}", from + 1),
    };
    let mut head = Line::default();
    head.push(
        HEADING,
        &format!(
            "@@ -{} +{} @@",
            range(first.old_range().start, last.old_range().end),
            range(first.new_range().start, last.new_range().end)
        ),
    );
    rows.push(head);
    let mut row = |style, sign: &str, lines: Option<&[String]>| {
        for text in lines.unwrap_or_default() {
            let mut line = Line::default();
            line.push(style, &format!("{sign}{text}"));
            rows.push(line);
        }
    };
    for op in group {
        match op {
            DiffOp::Equal { .. } => row(PLAIN, " ", old.get(op.old_range())),
            _ => {
                row(OLD, "-", old.get(op.old_range()));
                row(NEW, "+", new.get(op.new_range()));
            }
        }
    }
}
