//! Objects that have another name or namespace than before.
//!
//! Of one kind, in this order: those whose names are equal but for the namespace, for the name of the release, for
//! a hash or number at the end; those whose contents are equal; those that are most alike. Names, and what is made
//! of them, don't count in contents. To find what is alike, objects are held against others only which have a
//! leaf in common that few have, so thousands of them take no square of steps.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::Options;
use super::pair::Pairing;
use super::tree::Leaves;
use crate::manifest::object::Object;
use crate::value::Str;

/// How alike objects of the same name must be to be the same in another namespace or release.
const ALIKE_BY_NAME: f64 = 0.3;

/// How many leaves of an object count.
const LEAVES: usize = 4096;

/// Of fewer leaves than that contents say too little: the name must be like, too.
const FEW: usize = 4;

/// Leaves that more objects have than that are common, and say nothing.
const COMMON: usize = 64;

/// How many objects one is held against: those with the most leaves in common.
const CANDIDATES: usize = 8;

/// How many steps may be made in all.
pub(super) const WORK: usize = 20_000_000;

/// The shortest name that is looked for within strings.
const NAME: usize = 3;

/// An object without a partner.
struct Loner<'a> {
    index: usize,
    object: &'a Object,
    leaves: Leaves,
    /// The name, with the release's name taken out.
    name: String,
    /// The same without what is like a hash or number at the end.
    stem: String,
}

/// Pairs objects without a partner, in that many steps.
pub(super) fn pair(
    pairing: &mut Pairing<'_>,
    options: &Options,
    mut work: usize,
    warnings: &mut Vec<String>,
) {
    let (old, new) = (pairing.free_old(), pairing.free_new());
    if old.is_empty() || new.is_empty() {
        return;
    }
    let moved = is_other_namespace(&old, &new);
    for ((group, kind), (old, new)) in by_kind(&old, &new) {
        let mut kind_pairing = Renames { pairing: &mut *pairing, old, new, moved, pairs: Vec::new() };
        kind_pairing.by_name();
        kind_pairing.by_contents();
        let enough = kind_pairing.by_likeness(options.similarity, &mut work);
        kind_pairing.by_stem_in_order();
        kind_pairing.join();
        if !enough {
            let group = if group.is_empty() { String::new() } else { format!(" of {group}") };
            warnings.push(format!("too many new and removed {kind} objects{group}: renames not looked for"));
        }
    }
}

type Kinds<'a> = BTreeMap<(&'a str, &'a str), (Vec<Loner<'a>>, Vec<Loner<'a>>)>;

/// The objects without a partner of each kind that both sides have such of.
fn by_kind<'a>(old: &[(usize, &'a Arc<Object>)], new: &[(usize, &'a Arc<Object>)]) -> Kinds<'a> {
    let mut kinds: BTreeMap<(&str, &str), (Vec<_>, Vec<_>)> = BTreeMap::new();
    for (index, object) in old {
        kinds.entry((&object.id.group, &object.id.kind)).or_default().0.push((*index, &***object));
    }
    for (index, object) in new {
        kinds.entry((&object.id.group, &object.id.kind)).or_default().1.push((*index, &***object));
    }
    let releases = (usual_release(old), usual_release(new));
    let loners = |objects: Vec<(usize, &'a Object)>, release: &Option<String>| -> Vec<Loner<'a>> {
        objects.into_iter().map(|(index, object)| Loner::new(index, object, release.as_deref())).collect()
    };
    let both = kinds.into_iter().filter(|(_, (old, new))| !old.is_empty() && !new.is_empty());
    both.map(|(kind, (old, new))| (kind, (loners(old, &releases.0), loners(new, &releases.1)))).collect()
}

/// Whether all objects of one side which have no partner have one of the same kind and name in another namespace:
/// the release went there.
fn is_other_namespace(old: &[(usize, &Arc<Object>)], new: &[(usize, &Arc<Object>)]) -> bool {
    let names = |objects: &[(usize, &Arc<Object>)]| {
        let named = objects.iter().filter(|(_, object)| !object.id.namespace.is_empty());
        named
            .map(|(_, object)| (object.id.group.clone(), object.id.kind.clone(), object.id.name.clone()))
            .collect::<std::collections::HashSet<_>>()
    };
    let (old, new) = (names(old), names(new));
    !old.is_empty() && !new.is_empty() && (old.is_subset(&new) || new.is_subset(&old))
}

/// The name of the release, as an object says it.
fn release_of(object: &Object) -> Option<String> {
    ["app.kubernetes.io/instance", "release"]
        .iter()
        .find_map(|label| object.str_at(&["metadata", "labels", label]))
        .filter(|name| name.len() >= NAME)
}

/// The name of the release that most objects say, of those that say one; of several, the first.
fn usual_release(objects: &[(usize, &Arc<Object>)]) -> Option<String> {
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for (place, name) in objects.iter().filter_map(|(_, object)| release_of(object)).enumerate() {
        counts.entry(name).or_insert((0, place)).0 += 1;
    }
    let best = counts.into_iter().max_by_key(|(_, (count, place))| (*count, std::cmp::Reverse(*place)));
    best.map(|(name, _)| name)
}

impl<'a> Loner<'a> {
    fn new(index: usize, object: &'a Object, release: Option<&str>) -> Loner<'a> {
        let own = release_of(object);
        let release = own.as_deref().or(release).unwrap_or_default();
        let name = match release {
            "" => object.id.name.to_string(),
            release => object.id.name.replace(release, "\u{1}"),
        };
        let names: Vec<memchr::memmem::Finder<'_>> = [&object.id.name, release, &object.id.namespace]
            .into_iter()
            .filter(|name| name.len() >= NAME)
            .map(memchr::memmem::Finder::new)
            .collect();
        let leaves = Leaves::collect(&object.value, LEAVES, &mut |keys, line, hasher| {
            if is_of_the_name_or_version(keys) {
                return false;
            }
            hash_without(&names, line, hasher);
            true
        });
        let stem = stem(&name).to_string();
        Loner { index, object, leaves, name, stem }
    }
}

/// Whether a string is there for every object of the chart, or says its name.
fn is_of_the_name_or_version(keys: &[Str]) -> bool {
    let last = |at: usize| keys.get(at).and_then(Str::as_str).unwrap_or_default();
    match (keys.len(), last(0), last(1)) {
        (1, "kind" | "apiVersion", _) | (2, "metadata", "name" | "namespace" | "generateName") => {
            return true;
        }
        _ => {}
    }
    let Some((key, before)) = keys.split_last() else { return false };
    let map = before.last().and_then(Str::as_str).unwrap_or_default();
    let key = key.as_str().unwrap_or_default();
    match map {
        "labels" | "matchLabels" => {
            matches!(
                key,
                "helm.sh/chart"
                    | "chart"
                    | "app.kubernetes.io/version"
                    | "app.kubernetes.io/managed-by"
                    | "heritage"
            )
        }
        "annotations" => key.starts_with("checksum/"),
        _ => false,
    }
}

/// Hashes a line with these names taken out.
fn hash_without(names: &[memchr::memmem::Finder<'_>], line: &[u8], hasher: &mut impl std::hash::Hasher) {
    let Some((first, others)) = names.split_first() else { return hasher.write(line) };
    let mut rest = line;
    while let Some(at) = first.find(rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        hash_without(others, before, hasher);
        // Which name it was does not count: a release may be named like its namespace on one side.
        hasher.write_u8(1);
        rest = from.get(first.needle().len()..).unwrap_or_default();
    }
    hash_without(others, rest, hasher);
}

/// A name without up to three parts at its end that are like hashes, numbers or versions.
fn stem(name: &str) -> &str {
    let mut stem = name;
    for _ in 0..3 {
        match stem.rsplit_once('-') {
            Some((before, part)) if !before.is_empty() && is_like_a_hash(part) => stem = before,
            _ => break,
        }
    }
    stem
}

fn is_like_a_hash(part: &str) -> bool {
    let all = |is: fn(u8) -> bool| part.bytes().all(is);
    part.bytes().any(|byte| byte.is_ascii_digit())
        || part.len() >= 8 && all(|byte| byte.is_ascii_hexdigit())
        // The letters of names that Kubernetes makes (apimachinery pkg/util/rand).
        || part.len() >= 5 && all(|byte| b"bcdfghjklmnpqrstvwxz".contains(&byte))
}

/// How alike two names are, from 0 to 1: the share of parts that both have.
fn alike_names(a: &str, b: &str) -> f64 {
    let parts = |name: &'_ str| -> Vec<String> {
        name.split(['-', '.', '_']).filter(|part| !part.is_empty()).map(str::to_string).collect()
    };
    let (a, mut b) = (parts(a), parts(b));
    let all = a.len() + b.len();
    let common =
        a.iter().filter(|part| b.iter().position(|own| own == *part).map(|at| b.swap_remove(at)).is_some());
    let common = common.count();
    if all == 0 { 0.0 } else { (2 * common) as f64 / all as f64 }
}

/// The objects of one kind.
struct Renames<'p, 'a, 'b> {
    pairing: &'p mut Pairing<'b>,
    old: Vec<Loner<'a>>,
    new: Vec<Loner<'a>>,
    /// Whether the release went to another namespace.
    moved: bool,
    pairs: Vec<(usize, usize, f64)>,
}

impl<'a> Renames<'_, 'a, '_> {
    fn by_name(&mut self) {
        let moved = self.moved;
        self.unique(|loner| loner.object.id.name.clone(), |score| moved || score >= ALIKE_BY_NAME);
        let namespace = |loner: &Loner<'_>| loner.object.id.namespace.clone();
        self.unique(|loner| (namespace(loner), loner.name.clone()), |score| score >= ALIKE_BY_NAME);
        self.unique(|loner| loner.name.clone(), |score| score >= ALIKE_BY_NAME);
        self.unique(|loner| (namespace(loner), loner.stem.clone()), |_| true);
        self.unique(|loner| loner.stem.clone(), |score| score >= ALIKE_BY_NAME);
    }

    /// Pairs those whose key only one object of each side has.
    fn unique<K: Eq + Hash>(&mut self, key: impl Fn(&Loner<'a>) -> K, fits: impl Fn(f64) -> bool) {
        let mut places: HashMap<K, (Option<usize>, Option<usize>, bool)> = HashMap::new();
        for (at, loner) in self.old.iter().enumerate() {
            let place = places.entry(key(loner)).or_default();
            place.2 |= place.0.replace(at).is_some();
        }
        for (at, loner) in self.new.iter().enumerate() {
            let place = places.entry(key(loner)).or_default();
            place.2 |= place.1.replace(at).is_some();
        }
        let mut found: Vec<(usize, usize)> = places
            .into_values()
            .filter(|place| !place.2)
            .filter_map(|place| Some((place.0?, place.1?)))
            .collect();
        found.sort_unstable();
        let pairs: Vec<_> = found.into_iter().map(|(i, j)| (i, j, self.score(i, j))).collect();
        self.take(pairs.into_iter().filter(|(_, _, score)| fits(*score)).collect());
    }

    /// Pairs those of equal contents, the first with the first; of equal names before others.
    fn by_contents(&mut self) {
        let mut places: HashMap<&[u64], Vec<usize>> = HashMap::new();
        for (at, loner) in self.old.iter().enumerate().rev() {
            places.entry(loner.leaves.hashes()).or_default().push(at);
        }
        // Where there is but one on each side, less is enough.
        let alone = self.old.len() == 1 && self.new.len() == 1;
        let mut pairs = Vec::new();
        for (j, loner) in self.new.iter().enumerate() {
            let Some(olds) = places.get_mut(loner.leaves.hashes()) else { continue };
            let says = loner.leaves.len() >= if alone { 1 } else { FEW };
            let fits = |i: &usize| says || self.alike_by_name(*i, j);
            // Only the first few are tried, so that thousands that do not fit take no square of steps.
            let Some(at) = olds.iter().rev().take(CANDIDATES).position(fits) else { continue };
            pairs.push((olds.remove(olds.len() - 1 - at), j, 1.0));
        }
        self.take(pairs);
    }

    fn alike_by_name(&self, i: usize, j: usize) -> bool {
        match (self.old.get(i), self.new.get(j)) {
            (Some(old), Some(new)) => alike_names(&old.name, &new.name) >= 0.5,
            _ => false,
        }
    }

    /// Pairs those that are most alike; gives `false` if that takes too many steps.
    fn by_likeness(&mut self, threshold: f64, work: &mut usize) -> bool {
        let mut spend = |steps: usize| {
            let left = work.checked_sub(steps);
            *work = left.unwrap_or(0);
            left.is_some()
        };
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for hash in self.new.iter().flat_map(|loner| loner.leaves.hashes()) {
            *counts.entry(*hash).or_default() += 1;
        }
        let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
        for (i, loner) in self.old.iter().enumerate() {
            for hash in loner.leaves.hashes() {
                let holders = holders.entry(*hash).or_default();
                if holders.len() <= COMMON && holders.last() != Some(&i) {
                    holders.push(i);
                }
            }
        }
        holders.retain(|hash, holders| {
            holders.len() <= COMMON && counts.get(hash).is_some_and(|n| *n <= COMMON)
        });
        let mut scores = Vec::new();
        for (j, loner) in self.new.iter().enumerate() {
            let mut common: BTreeMap<usize, usize> = BTreeMap::new();
            for holders in loner.leaves.hashes().iter().filter_map(|hash| holders.get(hash)) {
                if !spend(holders.len()) {
                    return false;
                }
                for i in holders {
                    *common.entry(*i).or_default() += 1;
                }
            }
            let mut candidates: Vec<(usize, usize)> =
                common.into_iter().map(|(i, count)| (count, i)).collect();
            candidates.sort_by_key(|(count, i)| (std::cmp::Reverse(*count), *i));
            for (_, i) in candidates.into_iter().take(CANDIDATES) {
                let Some(old) = self.old.get(i) else { continue };
                if !spend(old.leaves.len() + loner.leaves.len()) {
                    return false;
                }
                let score = self.score(i, j);
                let few = old.leaves.len().min(loner.leaves.len()) < FEW;
                if score >= threshold && (!few || self.alike_by_name(i, j)) {
                    scores.push((score, alike_names(&old.name, &loner.name), i, j));
                }
            }
        }
        scores
            .sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)).then((x.3, x.2).cmp(&(y.3, y.2))));
        self.take(scores.into_iter().map(|(score, _, i, j)| (i, j, score)).collect());
        true
    }

    /// Pairs those of the same stem one by one, if there are as many on both sides.
    fn by_stem_in_order(&mut self) {
        type Sides = (Vec<usize>, Vec<usize>);
        let mut places: BTreeMap<(Arc<str>, &str), Sides> = BTreeMap::new();
        let key = |loner: &Loner<'a>| loner.object.id.namespace.clone();
        for (at, loner) in self.old.iter().enumerate() {
            places.entry((key(loner), &loner.stem)).or_default().0.push(at);
        }
        for (at, loner) in self.new.iter().enumerate() {
            places.entry((key(loner), &loner.stem)).or_default().1.push(at);
        }
        let mut pairs = Vec::new();
        for (old, new) in places.into_values().filter(|(old, new)| old.len() == new.len()) {
            pairs.extend(old.into_iter().zip(new).map(|(i, j)| (i, j, self.score(i, j))));
        }
        self.take(pairs);
    }

    fn score(&self, i: usize, j: usize) -> f64 {
        match (self.old.get(i), self.new.get(j)) {
            (Some(old), Some(new)) => old.leaves.alike(&new.leaves),
            _ => 0.0,
        }
    }

    /// Makes these pairs, the first that an object is in; they have a partner then.
    fn take(&mut self, pairs: Vec<(usize, usize, f64)>) {
        let (mut gone, mut come) = (vec![false; self.old.len()], vec![false; self.new.len()]);
        for (i, j, score) in pairs {
            if let (Some(gone @ false), Some(come @ false)) = (gone.get_mut(i), come.get_mut(j))
                && let (Some(old), Some(new)) = (self.old.get(i), self.new.get(j))
            {
                (*gone, *come) = (true, true);
                self.pairs.push((old.index, new.index, score));
            }
        }
        let (mut gone, mut come) = (gone.into_iter(), come.into_iter());
        self.old.retain(|_| gone.next() == Some(false));
        self.new.retain(|_| come.next() == Some(false));
    }

    fn join(self) {
        for (old, new, score) in self.pairs {
            self.pairing.join(old, new, Some(score));
        }
    }
}
