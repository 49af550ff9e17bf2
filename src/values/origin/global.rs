//! Globals that a chart above overrides, whoever set them.
//!
//! A global of an outer chart stands over the one of the same name that a subchart has, even if the user set that
//! one in a later file. It is never seen then, in no merge; but it is what the outer one overrides.

use std::collections::HashMap;

use super::history::Entry;
use super::layer::Stack;
use super::tag::SiteId;
use super::way::Family;
use crate::yaml::Step;

type Sites = HashMap<Vec<Step>, Vec<SiteId>>;

/// The sites of globals and of charts' values as a whole, by their natural paths. Made when it is first asked for.
#[derive(Default)]
pub(super) struct Globals(Option<Sites>);

impl Globals {
    /// Adds to what came to stand at a path, the last first, the globals of the same name further in.
    pub fn add_overridden(
        &mut self,
        history: &mut Vec<Entry>,
        path: &[Step],
        stack: &Stack,
        family: &Family,
    ) {
        let Some(Entry::Set(Some(first))) = history.first().copied() else { return };
        let versions = family.versions_of_global(path);
        let (_, natural) = stack.paths(first, family);
        // The innermost has nothing further in.
        if !versions.iter().rev().skip(1).any(|version| *version == natural) {
            return;
        }
        let sites = self.0.get_or_insert_with(|| index(stack, family));
        let rank = |id: SiteId| {
            let (_, natural) = stack.paths(id, family);
            let version = versions.iter().position(|version| *version == natural)?;
            Some((version, std::cmp::Reverse(stack.rank(id))))
        };
        for id in versions.iter().filter_map(|version| sites.get(version)).flatten() {
            let is_known = |entry: &Entry| matches!(entry, Entry::Set(Some(known)) | Entry::Deleted(Some(known)) if known == id);
            if history.iter().any(is_known) {
                continue;
            }
            let own = rank(*id);
            // A map does not go over something else, nor that over a map: one of them was not in effect. Nor was
            // what would stand above.
            let is_map = |id| stack.site(id).is_some_and(|site| site.value.as_map().is_some());
            if own < rank(first) || is_map(*id) != is_map(first) || is_hidden(*id, stack, family, sites) {
                continue;
            }
            let lower = |entry: &Entry| match entry {
                Entry::Set(Some(other)) | Entry::Deleted(Some(other)) => {
                    rank(*other).is_some_and(|other| Some(other) > own)
                }
                _ => false,
            };
            let at = history.iter().position(lower).unwrap_or(history.len());
            history.insert(at, Entry::Set(Some(*id)));
        }
    }
}

/// Whether a layer above has no map where this site's layer has one around it.
fn is_hidden(id: SiteId, stack: &Stack, family: &Family, sites: &Sites) -> bool {
    let (_, natural) = stack.paths(id, family);
    let above = |other: &SiteId| {
        let no_map = stack.site(*other).is_some_and(|site| site.value.as_map().is_none());
        no_map && stack.rank(*other) > stack.rank(id)
    };
    (1..natural.len())
        .any(|len| natural.get(..len).and_then(|outer| sites.get(outer)).is_some_and(|s| s.iter().any(above)))
}

fn index(stack: &Stack, family: &Family) -> Sites {
    let mut sites = Sites::new();
    for id in stack.sites.ids() {
        let (_, natural) = stack.paths(id, family);
        if family.is_global(&natural) || family.is_chart(&natural) {
            sites.entry(natural).or_default().push(id);
        }
    }
    sites
}
