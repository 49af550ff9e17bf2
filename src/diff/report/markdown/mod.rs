//! The report as Markdown, for a comment on GitHub or GitLab: the verdict, a table of effects, the values, and each
//! object to be opened.
//!
//! A comment holds so many characters and no more. What doesn't fit is left out by whole objects, the least
//! serious first, and counted: nothing is cut within.

mod escape;
mod parts;

use crate::diff::Review;
use crate::rules::change::Effect;

use self::escape::text;
use super::counts::Counts;
use super::words;

/// How the report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The characters that it may have (UTF-16 code units, the widest count in use); at least [`SMALLEST`].
    pub limit: usize,
    /// Whether changes that mean nothing are shown, too.
    pub verbose: bool,
}

/// What a comment on GitHub holds.
pub const GITHUB: usize = 65_536;

/// The smallest limit that a report keeps.
pub const SMALLEST: usize = 4_000;

impl Default for Options {
    fn default() -> Options {
        Options { limit: GITHUB, verbose: false }
    }
}

/// What is kept before what, if not all fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The overall verdict.
    First,
    /// The verdict of one review.
    Head,
    /// Warnings and counts.
    Counts,
    /// Values.
    Values,
    /// Noise.
    Folds,
    /// An object, by the most serious effect.
    Object(Effect),
}

/// A part of the report that is there or not there as a whole.
struct Unit {
    rank: Rank,
    review: usize,
    text: String,
}

/// The report of one or several reviews.
pub fn markdown(reviews: &[Review], options: &Options) -> String {
    let mut units = Vec::new();
    let several = reviews.len() != 1;
    if several {
        let mut head = String::from("## Review\n\n");
        parts::verdict(&mut head, &words::overall(reviews), None);
        units.push(Unit { rank: Rank::First, review: 0, text: head });
    }
    for (i, review) in reviews.iter().enumerate() {
        parts::review(&mut units, i, review, several, options);
    }
    if several {
        let line = format!("\n---\n\nAll: {}\n", text(&Counts::of_all(reviews).line()));
        units.push(Unit { rank: Rank::First, review: 0, text: line });
    }
    assemble(units, reviews.len(), options.limit.max(SMALLEST))
}

/// Characters that the sentence about what was left out may take.
const NOTE: usize = 300;

fn assemble(units: Vec<Unit>, reviews: usize, limit: usize) -> String {
    let size = |text: &str| text.encode_utf16().count();
    let total: usize = units.iter().map(|unit| size(&unit.text)).sum();
    let mut keep = vec![total <= limit; units.len()];
    if total > limit {
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by_key(|i| (units.get(*i).map(|unit| unit.rank), *i));
        let mut left = limit.saturating_sub(NOTE);
        // Nothing of a review is told whose head is not.
        let mut headless = vec![false; reviews.max(1)];
        for i in order {
            let (Some(unit), Some(keep)) = (units.get(i), keep.get_mut(i)) else { continue };
            let own = size(&unit.text);
            let headless = headless.get_mut(unit.review);
            let fits = own <= left && !(headless.as_deref() == Some(&true) && unit.rank > Rank::Head);
            if fits {
                left -= own;
                *keep = true;
            } else if let (Rank::Head, Some(headless)) = (unit.rank, headless) {
                *headless = true;
            }
        }
    }
    let mut out = String::new();
    let (mut objects, mut charts, mut others) = (0, 0, 0);
    for (unit, keep) in units.iter().zip(&keep) {
        match (keep, unit.rank) {
            (true, _) => out.push_str(&unit.text),
            (false, Rank::Object(_)) => objects += 1,
            (false, Rank::Head) => charts += 1,
            (false, _) => others += 1,
        }
    }
    let left_out: Vec<String> = [(charts, "more chart"), (objects, "more object"), (others, "more section")]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| words::count(*n, what))
        .collect();
    if !left_out.is_empty() {
        let n = charts + objects + others;
        let were = if n == 1 { "was" } else { "were" };
        out.push_str(&format!(
            "\n**{} {were} left out**, the least serious ones, to keep within {limit} characters. \
             The terminal, HTML and JSON reports have all.\n",
            left_out.join(" and ")
        ));
    }
    out
}
