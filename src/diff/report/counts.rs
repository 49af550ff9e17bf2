//! How many of what a review has: the line at the end of a report.

use std::collections::BTreeSet;

use super::words::{Happening, objects_and_fields};
use crate::diff::Review;
use crate::manifest::object::Identity;

/// How many of what a review, or several, has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects that are new.
    pub added: usize,
    /// Objects that differ, the renamed ones included.
    pub changed: usize,
    /// Objects that go.
    pub removed: usize,
    /// Objects that differ in nothing but what is folded.
    pub folded: usize,
    /// Objects that are equal.
    pub equal: usize,
    /// Objects that differ only in what means the same.
    pub same: usize,
    /// Objects that are ignored wholly.
    pub ignored_objects: usize,
    /// Fields that are ignored.
    pub ignored_fields: usize,
}

impl Counts {
    /// Counts a review.
    pub fn of(review: &Review) -> Counts {
        let happened =
            |happening| review.changes.iter().filter(|object| Happening::of(object) == happening).count();
        Counts {
            added: happened(Happening::Added),
            changed: happened(Happening::Changed) + happened(Happening::Renamed),
            removed: happened(Happening::Removed),
            folded: only_folded(review),
            equal: review.equal,
            same: review.same,
            ignored_objects: review.ignored.iter().map(|ignored| ignored.objects).sum(),
            ignored_fields: review.ignored.iter().map(|ignored| ignored.fields).sum(),
        }
    }

    /// Counts several reviews together.
    pub fn of_all(reviews: &[Review]) -> Counts {
        reviews.iter().map(Counts::of).fold(Counts::default(), |a, b| Counts {
            added: a.added + b.added,
            changed: a.changed + b.changed,
            removed: a.removed + b.removed,
            folded: a.folded + b.folded,
            equal: a.equal + b.equal,
            same: a.same + b.same,
            ignored_objects: a.ignored_objects + b.ignored_objects,
            ignored_fields: a.ignored_fields + b.ignored_fields,
        })
    }

    /// The line at the end of a report: `1 added, 3 changed, 2 only folded, 40 equal`.
    pub fn line(&self) -> String {
        let mut parts = vec![
            format!("{} added", self.added),
            format!("{} changed", self.changed),
            format!("{} removed", self.removed),
        ];
        let mut some = |n: usize, text: String| {
            if n > 0 {
                parts.push(text);
            }
        };
        some(self.folded, format!("{} only folded", self.folded));
        some(self.equal, format!("{} equal", self.equal));
        some(self.same, format!("{} equal in meaning", self.same));
        let ignored = objects_and_fields(self.ignored_objects, self.ignored_fields);
        some(self.ignored_objects + self.ignored_fields, format!("{ignored} ignored"));
        parts.join(", ")
    }
}

/// Objects that appear in folds and nowhere else.
fn only_folded(review: &Review) -> usize {
    let changed: BTreeSet<&Identity> = review.changes.iter().map(|o| &o.id).collect();
    let folded: BTreeSet<&Identity> =
        review.folds.iter().flat_map(|fold| &fold.objects).filter(|id| !changed.contains(id)).collect();
    folded.len()
}
