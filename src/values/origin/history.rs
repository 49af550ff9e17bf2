//! What stood at each path of the effective values while layer came upon layer, the lowest first.

use std::collections::HashMap;

use super::tag::{MAX_DEPTH, Seen, SiteId, Sites, is_hidden, null_site, see};
use crate::value::{Map, Value};
use crate::yaml::Step;

/// What came to stand at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A value, and the site that set it; none if the merge made it.
    Set(Option<SiteId>),
    /// Nothing any more: a null deleted it.
    Deleted(Option<SiteId>),
    /// Nothing any more: what it was in was deleted or replaced by this site.
    Hidden(Option<SiteId>),
    /// What it is in was not a map but this.
    Instead(SiteId),
}

/// A path, and all that was below it.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The last merge that had it.
    run: usize,
    /// Whether something stands here.
    live: bool,
    is_leaf: bool,
    /// What came to stand here, in that order.
    pub history: Vec<Entry>,
    pub children: HashMap<Step, Node>,
}

impl Node {
    /// Whether something stands here.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Whether a null is the last that came to stand here.
    pub fn is_deleted(&self) -> bool {
        matches!(self.history.last(), Some(Entry::Deleted(_)))
    }

    fn push(&mut self, entry: Entry) {
        if self.history.last() != Some(&entry) {
            self.history.push(entry);
        }
    }

    fn hide(&mut self, by: Option<SiteId>) {
        if self.live || self.is_deleted() {
            self.live = false;
            self.push(Entry::Hidden(by));
        }
        self.children.values_mut().for_each(|child| child.hide(by));
    }
}

/// Notes what a merge gave.
pub(super) struct Recorder<'s> {
    pub sites: &'s Sites,
    /// The number of the merge.
    pub run: usize,
}

impl Recorder<'_> {
    /// Notes the values of a merge, which has one layer more than the one before.
    pub fn record(&self, root: &mut Node, values: &Map) {
        self.node(root, Seen::Map(values.clone(), None), None, MAX_DEPTH);
    }

    /// `null` is who set a null that stood here before the map that does now, in the same merge: Helm makes a new
    /// map for a chart whose values are null.
    fn node(&self, node: &mut Node, seen: Seen, null: Option<SiteId>, depth: usize) {
        let site = match &seen {
            Seen::Leaf(site) | Seen::Map(_, site) => *site,
            Seen::List(list) => self.sites.of_list(list),
        };
        let before = match node.history.last() {
            Some(Entry::Set(Some(before))) if node.live && node.is_leaf => Some(*before),
            _ => None,
        };
        node.push(Entry::Set(site));
        (node.live, node.run) = (true, self.run);
        node.is_leaf = matches!(seen, Seen::Leaf(_));
        let Some(depth) = depth.checked_sub(1) else { return };
        match seen {
            Seen::Leaf(_) => node.children.values_mut().for_each(|child| child.hide(site)),
            Seen::Map(map, _) => {
                for (key, value) in map.read().iter().filter(|(key, _)| !is_hidden(key)) {
                    let null = null_site(&map, key);
                    self.child(node, before, Step::Key(key.clone()), see(value, || null), null, depth);
                }
                for (step, child) in node.children.iter_mut().filter(|(_, child)| child.run != self.run) {
                    let by = match step {
                        Step::Key(key) => null_site(&map, key),
                        Step::Index(_) => None,
                    };
                    let there = child.live || child.is_deleted();
                    match by.or(null).filter(|_| there) {
                        Some(by) => {
                            child.live = false;
                            child.push(Entry::Deleted(Some(by)));
                            child.children.values_mut().for_each(|inner| inner.hide(Some(by)));
                        }
                        None => child.hide(site),
                    }
                }
            }
            Seen::List(list) => {
                for (index, item) in list.read().iter().enumerate() {
                    self.child(node, before, Step::Index(index), see(item, || None), None, depth);
                }
                for child in node.children.values_mut().filter(|child| child.run != self.run) {
                    child.hide(site);
                }
            }
        }
    }

    fn child(
        &self,
        node: &mut Node,
        before: Option<SiteId>,
        step: Step,
        seen: Seen,
        null: Option<SiteId>,
        depth: usize,
    ) {
        let child = node.children.entry(step).or_default();
        // A null that stood there says no more than nothing.
        let before =
            before.filter(|id| self.sites.get(*id).is_some_and(|site| !matches!(site.value, Value::Null)));
        if let Some(before) = before
            && child.history.last() != Some(&Entry::Hidden(Some(before)))
        {
            child.push(Entry::Instead(before));
        }
        self.node(child, seen, null, depth);
    }
}
