//! Which objects of two sets are the same object.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::{Options, rename};
use crate::manifest::object::{Identity, Object, Role};

/// Two objects that are the same, or one that has no other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub old: Option<usize>,
    pub new: Option<usize>,
    /// How alike they are, if they are the same by nothing else.
    pub similarity: Option<f64>,
}

/// The pairs of two sets, and those objects that have no partner yet.
pub(super) struct Pairing<'a> {
    pub old: &'a [Arc<Object>],
    pub new: &'a [Arc<Object>],
    pub partners: Vec<Option<(usize, Option<f64>)>>,
    pub taken: Vec<bool>,
}

/// API groups that an object of a group may have moved to while it stayed the same: the API servers kept it
/// under both.
const MOVED_GROUPS: [(&str, &str); 5] = [
    ("extensions", "apps"),
    ("extensions", "networking.k8s.io"),
    ("extensions", "policy"),
    ("", "events.k8s.io"),
    ("", "core"),
];

/// Pairs two sets of objects.
pub(super) fn pair(
    old: &[Arc<Object>],
    new: &[Arc<Object>],
    options: &Options,
    warnings: &mut Vec<String>,
) -> Vec<Pair> {
    pair_within(old, new, options, rename::WORK, warnings)
}

/// As [`pair`], with a bound on the steps that looking for renames may take.
pub(super) fn pair_within(
    old: &[Arc<Object>],
    new: &[Arc<Object>],
    options: &Options,
    work: usize,
    warnings: &mut Vec<String>,
) -> Vec<Pair> {
    let mut pairing = Pairing { old, new, partners: vec![None; new.len()], taken: vec![false; old.len()] };
    pairing.pair_by(|object| Some((&object.id, object.role)), |_, _| Some(None));
    pairing.pair_by(|object| Some((&object.id, object.role == Role::Hook)), |_, _| Some(None));
    pairing.pair_by(|object| Some(&object.id), |_, _| Some(None));
    pairing.pair_by(
        |object| Some((&object.id.kind, &object.id.namespace, &object.id.name)),
        |old, new| is_moved_group(&old.id.group, &new.id.group).then_some(None),
    );
    if options.renames {
        rename::pair(&mut pairing, options, work, warnings);
    }
    pairing.pairs()
}

impl<'a> Pairing<'a> {
    /// Pairs what has no partner yet by a key, the first with the first. `fits` says whether a pair is one, and
    /// how alike the two are if they are different objects to a cluster.
    pub fn pair_by<K: Eq + Hash>(
        &mut self,
        key: impl Fn(&'a Object) -> Option<K>,
        fits: impl Fn(&Object, &Object) -> Option<Option<f64>>,
    ) {
        let mut places: HashMap<K, (Vec<usize>, usize)> = HashMap::new();
        for (index, object) in self.free_old() {
            if let Some(key) = key(object) {
                places.entry(key).or_default().0.push(index);
            }
        }
        if places.is_empty() {
            return;
        }
        for (index, object) in self.free_new() {
            let Some((places, next)) = key(object).and_then(|key| places.get_mut(&key)) else { continue };
            let Some(place) = places.get(*next).copied() else { continue };
            let Some(fit) = self.old.get(place).and_then(|old| fits(old, object)) else { continue };
            *next += 1;
            self.join(place, index, fit);
        }
    }

    /// Makes a pair.
    pub fn join(&mut self, old: usize, new: usize, similarity: Option<f64>) {
        if let (Some(partner @ None), Some(taken @ false)) =
            (self.partners.get_mut(new), self.taken.get_mut(old))
        {
            *partner = Some((old, similarity));
            *taken = true;
        }
    }

    /// The old objects without a partner.
    pub fn free_old(&self) -> Vec<(usize, &'a Arc<Object>)> {
        let free = self.old.iter().enumerate().zip(&self.taken);
        free.filter(|(_, taken)| !**taken).map(|(object, _)| object).collect()
    }

    /// The new objects without a partner.
    pub fn free_new(&self) -> Vec<(usize, &'a Arc<Object>)> {
        let free = self.new.iter().enumerate().zip(&self.partners);
        free.filter(|(_, partner)| partner.is_none()).map(|(object, _)| object).collect()
    }

    fn pairs(self) -> Vec<Pair> {
        let both = self.partners.iter().enumerate().map(|(new, partner)| Pair {
            old: partner.map(|(old, _)| old),
            new: Some(new),
            similarity: partner.and_then(|(_, similarity)| similarity),
        });
        let gone = self.taken.iter().enumerate().filter(|(_, taken)| !**taken);
        both.chain(gone.map(|(old, _)| Pair { old: Some(old), new: None, similarity: None })).collect()
    }
}

fn is_moved_group(a: &str, b: &str) -> bool {
    MOVED_GROUPS.iter().any(|(from, to)| (*from, *to) == (a, b) || (*from, *to) == (b, a))
}

/// Warns of objects that are there several times; gives whether any are.
pub(super) fn warn_of_twins(side: &str, objects: &[Arc<Object>], warnings: &mut Vec<String>) -> bool {
    let mut counts: HashMap<(&Identity, Role), usize> = HashMap::with_capacity(objects.len());
    for object in objects {
        *counts.entry((&object.id, object.role)).or_default() += 1;
    }
    if counts.len() == objects.len() {
        return false;
    }
    for object in objects {
        if let Some(count) = counts.remove(&(&object.id, object.role)).filter(|count| *count > 1) {
            warnings.push(format!(
                "{} is there {count} times on the {side} side; the first is compared with the first",
                object.id
            ));
        }
    }
    true
}
