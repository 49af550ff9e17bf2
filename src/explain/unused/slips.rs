//! Values that a template may take with the whole map around them, and whose names are slips nevertheless.
//!
//! Of a map of free keys the templates don't tell which keys it may have. Its defaults do, to a degree: a key that
//! no default has and no template's text knows, and that is nearly one of them, was hardly meant; nor was one with
//! other capitals, or at another level, that no template names there. The same holds where a bound left unknown what
//! the templates name.

use std::collections::HashSet;

use super::ValuePath;
use super::charts::Member;
use super::suggest::{Known, Reason, Suggestion};
use crate::explain::influence::path;
use crate::template::mentions::Mentions;
use crate::value::{Map, Str};
use crate::yaml::Step;

/// So many names are looked at.
const MAX_NAMES: usize = 2_000;

/// A name that looks like a slip.
pub(super) struct Suspect {
    pub path: ValuePath,
    /// What may have been meant.
    pub suggestion: Suggestion,
    /// Whether what may have been meant has its place in the same map.
    pub is_beside: bool,
    /// Whether, besides, templates name what may have been meant, so that it is no key of the user's alone: then it
    /// looks like a slip even if it shows in some output, as where all values are printed.
    pub is_sure: bool,
}

/// The paths among these whose names look like slips.
pub(super) fn suspects(
    named: &[ValuePath],
    members: &[Member<'_>],
    mentions: &Mentions,
    known: &Known<'_>,
    user: &Map,
) -> Vec<Suspect> {
    let mut seen: HashSet<&[Step]> = HashSet::new();
    let unknown = |leaf: &'_ ValuePath| {
        let keys = leaf.iter().take_while(|step| matches!(step, Step::Key(_))).count();
        (1..=keys).find(|&end| !has_default(members, &leaf[..end]))
    };
    let tops = named.iter().filter_map(|leaf| Some(&leaf[..unknown(leaf)?]));
    let tops: Vec<&[Step]> = tops.filter(|top| seen.insert(top)).take(MAX_NAMES).collect();
    if tops.is_empty() {
        return Vec::new();
    }
    let words = Words::known(members, &tops);
    let suspect = |top: &[Step]| {
        let (Step::Key(key), above) = top.split_last()? else { return None };
        let name = key.to_text();
        let suggestion = known.suggest(top, path::at(user, top).as_ref())?;
        let Some(Step::Key(meant)) = suggestion.path.last() else { return None };
        let keys = mentions.keys(above);
        let is_named = |name: &Str| keys.iter().any(|(known, _)| known == name);
        let is_slip = match suggestion.reason {
            Reason::Number | Reason::Spelling => {
                !words.has(key.as_bytes()) && without_digits(&name) != without_digits(&meant.to_text())
            }
            Reason::Case => !is_named(key),
            // In a map of which templates name no key, any name may be meant as it is.
            Reason::Level | Reason::Subchart => !is_named(key) && !keys.is_empty(),
            Reason::Beginning => false,
        };
        let is_default = has_default(members, &suggestion.path);
        let is_set = path::at(user, &suggestion.path).is_some();
        let is_beside = matches!(suggestion.reason, Reason::Case | Reason::Number | Reason::Spelling);
        let is_sure = is_beside && is_named(meant);
        (is_slip && is_default && !is_set).then(|| Suspect {
            path: top.to_vec(),
            suggestion,
            is_beside,
            is_sure,
        })
    };
    tops.into_iter().filter_map(suspect).collect()
}

/// Whether some chart has a default there.
fn has_default(members: &[Member<'_>], at: &[Step]) -> bool {
    let is_global = matches!(at.first(), Some(Step::Key(key)) if key.as_bytes() == b"global");
    members.iter().any(|member| {
        let is_own = member.path.len() <= at.len()
            && member.path.iter().zip(at).all(|(own, step)| matches!(step, Step::Key(key) if key == own));
        let inner = if is_own { &at[member.path.len()..] } else { at };
        (is_own || is_global) && path::at(&member.chart.values, inner).is_some()
    })
}

fn without_digits(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Those words of some names that are in the texts of templates.
struct Words<'a>(HashSet<&'a [u8]>);

impl<'a> Words<'a> {
    fn known(members: &[Member<'_>], names: &[&'a [Step]]) -> Words<'a> {
        let keys = names.iter().filter_map(|name| match name.last() {
            Some(Step::Key(key)) => Some(key.as_bytes()),
            _ => None,
        });
        let wanted: HashSet<&[u8]> = keys.flat_map(words).collect();
        let files =
            members.iter().flat_map(|member| member.chart.templates.iter().chain(member.chart.files.iter()));
        let in_files = files.flat_map(|file| words(file.data.as_bytes()));
        Words(in_files.filter_map(|word| wanted.get(word).copied()).collect())
    }

    /// Whether a template may have such a name: all words in it are known.
    fn has(&self, name: &[u8]) -> bool {
        words(name).all(|word| self.0.contains(word))
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').filter(|word| !word.is_empty())
}
