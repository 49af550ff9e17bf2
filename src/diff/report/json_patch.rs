//! The report as JSON patches (RFC 6902): of every object that differs at all, the operations that make the new
//! object of the old one, exactly.

use crate::compare::patch::{Operation, patch};
use crate::diagnostic::{Error, Result};
use crate::diff::{Exact, Review};

use super::json::{SCHEMA, identity};
use super::words;
use crate::json::Writer;

/// The patches of one or several reviews.
///
/// # Errors
/// When a secret that differs is hidden: the patch would not be exact.
pub fn json_patch(reviews: &[Review]) -> Result<String> {
    let hidden: Vec<String> = reviews
        .iter()
        .flat_map(|review| &review.exact)
        .filter(|exact| exact.secret)
        .map(|exact| words::identity(&exact.id))
        .collect();
    if let Some(first) = hidden.first() {
        let others = match hidden.len() - 1 {
            0 => String::new(),
            n => format!(" and {}", words::count(n, "other object")),
        };
        return Err(Error::new(format!("a patch would show secrets that differ, in {first}{others}"))
            .hint("--show-secrets shows them; --ignore leaves the objects out"));
    }
    let mut result = Ok(());
    let mut writer = Writer::new();
    writer.object(|w| {
        w.field_count("schema", SCHEMA);
        w.field_string("torii", env!("CARGO_PKG_VERSION"));
        w.field_list("reviews", reviews, |w, review| {
            w.object(|w| {
                w.field_some("title", review.title.as_deref());
                w.field_list("objects", &review.exact, |w, exact| {
                    w.object(|w| {
                        if let Err(error) = object(w, exact)
                            && result.is_ok()
                        {
                            result = Err(error.context(format!("{}: ", words::identity(&exact.id))));
                        }
                    });
                });
            });
        });
    });
    result.map(|()| writer.finish())
}

fn object(w: &mut Writer, exact: &Exact) -> Result<()> {
    w.field_object("object", |w| identity(w, &exact.id));
    match (&exact.old, &exact.new) {
        (Some(old), Some(new)) => {
            w.field_string("change", "changed");
            if old.id != new.id {
                w.field_object("renamedFrom", |w| identity(w, &old.id));
            }
            let mut result = Ok(());
            w.field_list("patch", &patch(&old.value, &new.value, true), |w, operation| {
                let written = w.object(|w| write(w, operation));
                if result.is_ok() {
                    result = written;
                }
            });
            result
        }
        // There is nothing to be patched: the whole object is what is added, or what was.
        (None, Some(new)) => {
            w.field_string("change", "added");
            w.field_exact("value", &new.value)
        }
        (Some(old), None) => {
            w.field_string("change", "removed");
            w.field_exact("value", &old.value)
        }
        (None, None) => Ok(()),
    }
}

fn write(w: &mut Writer, operation: &Operation) -> Result<()> {
    w.field_string("op", operation.name());
    w.field_string("path", operation.path());
    operation.value().map_or(Ok(()), |value| w.field_exact("value", value))
}
