//! Why something differs: which value, template, version or setting caused it.
//!
//! The sides are mixed, piece by piece, and rendered again in memory: what a field then is tells what caused it to
//! change.
//!
//! 1. [`difference`] finds the pieces in which the sides differ.
//! 2. [`mix`] makes a render of which each piece is from one side or the other.
//! 3. [`point`] tells how each change is in such a render, and [`bench`] renders, within bounds.
//! 4. [`search`] decides which mixtures to try, and what they mean.
//! 5. [`place`] says where the pieces stand.

mod bench;
mod difference;
mod mix;
mod place;
mod point;
mod search;

use std::time::Duration;

use crate::compare::Comparison;
use crate::diff::Cause;
use crate::diff::side::Side;

use self::bench::Bench;
use self::difference::Difference;
use self::place::Told;
use self::point::Points;
use self::search::Search;

/// The causes of all changes.
#[derive(Debug, Default)]
pub struct Causes {
    /// What the user should know: that a bound was met.
    pub warnings: Vec<String>,
    /// How many mixtures were rendered.
    pub renders: usize,
    /// How many changes could not be followed into other renders: their causes are told as a whole.
    pub unsure: usize,
    /// For each change the causes of the object as a whole, and of each of its fields.
    changes: Vec<(Vec<Told>, Vec<Vec<Told>>)>,
}

impl Causes {
    /// Why a field differs; none if it isn't known.
    pub fn of_field(&self, change: usize, field: usize) -> Vec<Cause> {
        let causes = self.changes.get(change).and_then(|(_, fields)| fields.get(field));
        causes.into_iter().flatten().map(Told::cause).collect()
    }

    /// Why an object is there or gone; none for those that are on both sides.
    pub fn of_object(&self, change: usize) -> Vec<Cause> {
        self.changes.get(change).into_iter().flat_map(|(whole, _)| whole).map(Told::cause).collect()
    }
}

/// Finds the causes of all changes between two sides. Of sides that were not rendered here there are none.
pub fn explain(old: &Side, new: &Side, comparison: &Comparison) -> Causes {
    explain_within(old, new, comparison, bench::MAX_RENDERS, bench::MAX_TIME)
}

fn explain_within(old: &Side, new: &Side, comparison: &Comparison, renders: usize, time: Duration) -> Causes {
    let (Some(old), Some(new)) = (&old.rendered, &new.rendered) else { return Causes::default() };
    if comparison.changes.is_empty() {
        return Causes::default();
    }
    let difference = Difference::of(old, new);
    let points = Points::of(comparison);
    let bench = Bench::new(&difference, &points, renders, time);
    let (found, bench) = Search::new(&difference, &points, comparison, bench).run();
    let (renders, exhausted) = (bench.rendered, bench.exhausted);
    let mut causes = Causes { renders, unsure: points.unsure(), ..Causes::default() };
    if exhausted {
        causes.warnings.push(format!(
            "causes are told less exactly: {renders} mixtures of the two sides were rendered, and more are not tried"
        ));
    }
    causes.changes = place::tell(&difference, &points, comparison, &found);
    causes
}

#[cfg(test)]
mod tests;
