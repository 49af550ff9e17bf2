//! Which items of two lists belong together. All of it is near linear in the length of the lists: what would be
//! quadratic is done only within small gaps.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use super::tree::{self, Leaves};
use crate::value::Value;

/// Two items that belong together, or one that has none on the other side.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// How alike two items must be to count as one that was changed.
const ALIKE: f64 = 0.3;

/// The greatest gap, as the product of its two lengths, whose longest common subsequence is looked for.
const GAP: usize = 1 << 16;

/// The greatest gap, as the product of its two lengths, whose items are held against each other.
const SMALL_GAP: usize = 1 << 10;

/// How often gaps between items that are there once are looked at anew.
const ROUNDS: usize = 8;

/// How many steps may go into pairing the items of one object's lists.
pub(super) struct Work(usize);

impl Default for Work {
    fn default() -> Work {
        Work(20_000_000)
    }
}

impl Work {
    /// Whether that many steps more may be made. When they may not, no later ones may.
    fn take(&mut self, steps: usize) -> bool {
        let left = self.0.checked_sub(steps);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether all steps are used up.
    pub fn is_out(&self) -> bool {
        self.0 == 0
    }
}

/// Pairs items of the same key; of keys that are there several times, the first with the first.
pub(super) fn by_keys<K: Eq + Hash>(old: &[K], new: &[K]) -> Vec<Pair> {
    let mut places: HashMap<&K, (Vec<usize>, usize)> = HashMap::with_capacity(old.len());
    for (index, key) in old.iter().enumerate() {
        places.entry(key).or_default().0.push(index);
    }
    let mut partners = vec![None; new.len()];
    let mut free = vec![true; old.len()];
    for (partner, key) in partners.iter_mut().zip(new) {
        let Some((places, next)) = places.get_mut(key) else { continue };
        let Some(place) = places.get(*next) else { continue };
        *next += 1;
        *partner = Some(*place);
        if let Some(free) = free.get_mut(*place) {
            *free = false;
        }
    }
    let pairs = partners.into_iter().enumerate().map(|(index, partner)| (partner, Some(index)));
    let removed = free.iter().enumerate().filter(|(_, free)| **free).map(|(index, _)| (Some(index), None));
    pairs.chain(removed).collect()
}

/// Pairs items of lists whose order means nothing: equal ones, then those that are most alike.
pub(super) fn unordered(old: &[Value], new: &[Value], work: &mut Work) -> Vec<Pair> {
    let (a, b) = (hashes(old), hashes(new));
    let mut pairs = by_keys(&a, &b);
    match_alike(&mut pairs, old, new, work);
    pairs
}

/// Pairs of those items that have no partner the ones that are most alike, if there are not too many of them.
pub(super) fn match_alike(pairs: &mut Vec<Pair>, old: &[Value], new: &[Value], work: &mut Work) {
    let removed: Vec<usize> = pairs.iter().filter(|p| p.1.is_none()).filter_map(|p| p.0).collect();
    let added: Vec<usize> = pairs.iter().filter(|p| p.0.is_none()).filter_map(|p| p.1).collect();
    let product = removed.len().saturating_mul(added.len());
    if product == 0 || product > 10 * SMALL_GAP || !work.take(product.saturating_mul(32)) {
        return;
    }
    let leaves = |items: &[Value], chosen: &[usize]| -> Vec<Option<Leaves>> {
        let of = |index: &usize| items.get(*index).filter(|item| is_container(item)).map(Leaves::of);
        chosen.iter().map(of).collect()
    };
    let (a, b) = (leaves(old, &removed), leaves(new, &added));
    let mut scores = Vec::new();
    for (i, (x, from)) in a.iter().zip(&removed).enumerate() {
        for (j, (y, to)) in b.iter().zip(&added).enumerate() {
            let (Some(x), Some(y)) = (x, y) else { continue };
            let score = x.alike(y);
            if score >= ALIKE {
                scores.push((score, i, j, *from, *to));
            }
        }
    }
    scores.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let (mut gone, mut come) = (vec![false; removed.len()], vec![false; added.len()]);
    let mut found: HashMap<usize, usize> = HashMap::new();
    for (_, i, j, from, to) in scores {
        if let (Some(gone @ false), Some(come @ false)) = (gone.get_mut(i), come.get_mut(j)) {
            (*gone, *come) = (true, true);
            found.insert(to, from);
        }
    }
    let taken: std::collections::HashSet<usize> = found.values().copied().collect();
    pairs.retain(|pair| !(pair.1.is_none() && pair.0.is_some_and(|index| taken.contains(&index))));
    for pair in pairs.iter_mut().filter(|pair| pair.0.is_none()) {
        pair.0 = pair.1.and_then(|to| found.get(&to).copied());
    }
}

/// Pairs items of lists whose order counts, so that no two pairs cross: a longest common subsequence, or nearly
/// one where lists are long, and between its items those that are alike.
pub(super) fn ordered(old: &[Value], new: &[Value], work: &mut Work) -> Vec<Pair> {
    let mut lists = Ordered { old, new, a: hashes(old), b: hashes(new), pairs: Vec::new(), work };
    lists.align(0..old.len(), 0..new.len(), ROUNDS);
    lists.pairs
}

struct Ordered<'a> {
    old: &'a [Value],
    new: &'a [Value],
    a: Vec<u64>,
    b: Vec<u64>,
    pairs: Vec<Pair>,
    work: &'a mut Work,
}

impl Ordered<'_> {
    fn same(&self, i: usize, j: usize) -> bool {
        self.a.get(i).is_some_and(|x| self.b.get(j) == Some(x))
    }

    /// Pairs the items of two ranges.
    fn align(&mut self, mut old: Range<usize>, mut new: Range<usize>, rounds: usize) {
        while !old.is_empty() && !new.is_empty() && self.same(old.start, new.start) {
            self.pairs.push((Some(old.start), Some(new.start)));
            old.start += 1;
            new.start += 1;
        }
        let mut ends = 0;
        while !old.is_empty() && !new.is_empty() && self.same(old.end - 1, new.end - 1) {
            old.end -= 1;
            new.end -= 1;
            ends += 1;
        }
        let after = (old.end, new.end);
        if old.is_empty() || new.is_empty() {
            self.leave(old, new);
        } else if self.work.take((old.len() + new.len()) * 8) {
            let anchors =
                if old.len() * new.len() <= GAP { self.common(&old, &new) } else { self.anchors(&old, &new) };
            self.between(&anchors, old, new, rounds);
        } else {
            self.by_index(old, new);
        }
        self.pairs.extend((0..ends).map(|i| (Some(after.0 + i), Some(after.1 + i))));
    }

    /// Pairs what lies between pairs that are known.
    fn between(&mut self, anchors: &[(usize, usize)], old: Range<usize>, new: Range<usize>, rounds: usize) {
        if anchors.is_empty() {
            return self.gap(old, new);
        }
        // Items that are there several times may be there once between two anchors.
        let again = rounds > 0 && old.len() * new.len() > GAP;
        let (mut i, mut j) = (old.start, new.start);
        for (x, y) in anchors.iter().copied() {
            if again {
                self.align(i..x, j..y, rounds - 1)
            } else {
                self.gap(i..x, j..y)
            }
            self.pairs.push((Some(x), Some(y)));
            (i, j) = (x + 1, y + 1);
        }
        if again {
            self.align(i..old.end, j..new.end, rounds - 1);
        } else {
            self.gap(i..old.end, j..new.end);
        }
    }

    /// A longest common subsequence.
    fn common(&mut self, old: &Range<usize>, new: &Range<usize>) -> Vec<(usize, usize)> {
        let (rows, columns) = (old.len(), new.len());
        if !self.work.take(rows * columns) {
            return Vec::new();
        }
        let at = |i: usize, j: usize| i * (columns + 1) + j;
        let mut lengths = vec![0u32; (rows + 1) * (columns + 1)];
        let get = |lengths: &[u32], i: usize, j: usize| lengths.get(at(i, j)).copied().unwrap_or(0);
        for i in (0..rows).rev() {
            for j in (0..columns).rev() {
                let length = if self.same(old.start + i, new.start + j) {
                    get(&lengths, i + 1, j + 1) + 1
                } else {
                    get(&lengths, i + 1, j).max(get(&lengths, i, j + 1))
                };
                if let Some(cell) = lengths.get_mut(at(i, j)) {
                    *cell = length;
                }
            }
        }
        let (mut i, mut j, mut found) = (0, 0, Vec::new());
        while i < rows && j < columns {
            if self.same(old.start + i, new.start + j) {
                found.push((old.start + i, new.start + j));
                (i, j) = (i + 1, j + 1);
            } else if get(&lengths, i + 1, j) >= get(&lengths, i, j + 1) {
                i += 1;
            } else {
                j += 1;
            }
        }
        found
    }

    /// Those of the items that are there once on each side which keep their order.
    fn anchors(&mut self, old: &Range<usize>, new: &Range<usize>) -> Vec<(usize, usize)> {
        let mut counts: HashMap<u64, (usize, usize, usize)> = HashMap::new();
        for index in old.clone() {
            let Some(hash) = self.a.get(index) else { continue };
            let count = counts.entry(*hash).or_default();
            (count.0, count.2) = (count.0 + 1, index);
        }
        for hash in self.b.get(new.clone()).unwrap_or_default() {
            counts.entry(*hash).or_default().1 += 1;
        }
        let once = |j: usize| match counts.get(self.b.get(j)?)? {
            (1, 1, i) => Some((*i, j)),
            _ => None,
        };
        let candidates: Vec<(usize, usize)> = new.clone().filter_map(once).collect();
        let places: Vec<usize> = candidates.iter().map(|(i, _)| *i).collect();
        let keeps = rising(&places);
        candidates.into_iter().zip(keeps).filter(|(_, keeps)| *keeps).map(|(pair, _)| pair).collect()
    }

    /// Pairs items without equals: those that are alike; if none are, and there are as many on both sides, one
    /// by one, if they are no containers.
    fn gap(&mut self, old: Range<usize>, new: Range<usize>) {
        let product = old.len().saturating_mul(new.len());
        if product == 0 {
            return self.leave(old, new);
        }
        if product > SMALL_GAP || !self.work.take(product.saturating_mul(32)) {
            return self.by_index(old, new);
        }
        let likes = Likes::new(
            self.old.get(old.clone()).unwrap_or_default(),
            self.new.get(new.clone()).unwrap_or_default(),
        );
        let pairs = likes.best();
        if pairs.is_empty() && old.len() == new.len() {
            return old.zip(new).for_each(|(i, j)| self.one_by_one(i, j));
        }
        let (mut i, mut j) = (old.start, new.start);
        for (x, y) in pairs {
            let (x, y) = (old.start + x, new.start + y);
            self.rest(i..x, j..y);
            self.pairs.push((Some(x), Some(y)));
            (i, j) = (x + 1, y + 1);
        }
        self.rest(i..old.end, j..new.end);
    }

    /// Pairs one by one if there are as many on both sides.
    fn rest(&mut self, old: Range<usize>, new: Range<usize>) {
        if old.len() == new.len() {
            old.zip(new).for_each(|(i, j)| self.one_by_one(i, j));
        } else {
            self.leave(old, new);
        }
    }

    fn one_by_one(&mut self, i: usize, j: usize) {
        let scalar = |items: &[Value], index| items.get(index).is_some_and(|item| !is_container(item));
        if scalar(self.old, i) && scalar(self.new, j) {
            self.pairs.push((Some(i), Some(j)));
        } else {
            self.pairs.extend([(Some(i), None), (None, Some(j))]);
        }
    }

    fn by_index(&mut self, old: Range<usize>, new: Range<usize>) {
        let both = old.len().min(new.len());
        self.pairs.extend((0..both).map(|i| (Some(old.start + i), Some(new.start + i))));
        self.leave(old.start + both..old.end, new.start + both..new.end);
    }

    fn leave(&mut self, old: Range<usize>, new: Range<usize>) {
        self.pairs.extend(old.map(|i| (Some(i), None)));
        self.pairs.extend(new.map(|j| (None, Some(j))));
    }
}

/// How alike the items of a gap are.
struct Likes {
    rows: usize,
    columns: usize,
    scores: Vec<f64>,
}

impl Likes {
    fn new(old: &[Value], new: &[Value]) -> Likes {
        let (a, b): (Vec<_>, Vec<_>) =
            (old.iter().map(Trait::of).collect(), new.iter().map(Trait::of).collect());
        let scores = a.iter().flat_map(|x| b.iter().map(|y| x.alike(y))).collect();
        Likes { rows: old.len(), columns: new.len(), scores }
    }

    fn score(&self, i: usize, j: usize) -> f64 {
        self.scores.get(i * self.columns + j).copied().filter(|score| *score >= ALIKE).unwrap_or(0.0)
    }

    /// The pairs that do not cross and are together most alike.
    fn best(&self) -> Vec<(usize, usize)> {
        let at = |i: usize, j: usize| i * (self.columns + 1) + j;
        let mut sums = vec![0f64; (self.rows + 1) * (self.columns + 1)];
        let get = |sums: &[f64], i: usize, j: usize| sums.get(at(i, j)).copied().unwrap_or(0.0);
        let paired = |sums: &[f64], i: usize, j: usize| match self.score(i, j) {
            0.0 => -1.0,
            score => get(sums, i + 1, j + 1) + score,
        };
        for i in (0..self.rows).rev() {
            for j in (0..self.columns).rev() {
                let sum = paired(&sums, i, j).max(get(&sums, i + 1, j)).max(get(&sums, i, j + 1));
                if let Some(cell) = sums.get_mut(at(i, j)) {
                    *cell = sum;
                }
            }
        }
        let (mut i, mut j, mut found) = (0, 0, Vec::new());
        while i < self.rows && j < self.columns {
            if paired(&sums, i, j) >= get(&sums, i + 1, j).max(get(&sums, i, j + 1)) {
                found.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if get(&sums, i + 1, j) >= get(&sums, i, j + 1) {
                i += 1;
            } else {
                j += 1;
            }
        }
        found
    }
}

/// What of an item is held against others.
enum Trait {
    /// Of a container, its leaves.
    Leaves(Leaves),
    /// Of a string that is a flag with a value, the flag: `--log-level` of `--log-level=info`.
    Flag(Vec<u8>),
    /// Nothing.
    None,
}

impl Trait {
    fn of(item: &Value) -> Trait {
        match item {
            Value::Map(_) | Value::List(_) => Trait::Leaves(Leaves::of(item)),
            Value::String(text) => match memchr::memchr2(b'=', b':', text.as_bytes()) {
                Some(end) if end > 0 => Trait::Flag(text.as_bytes().get(..end).unwrap_or_default().to_vec()),
                _ => Trait::None,
            },
            _ => Trait::None,
        }
    }

    fn alike(&self, other: &Trait) -> f64 {
        match (self, other) {
            (Trait::Leaves(a), Trait::Leaves(b)) => a.alike(b),
            (Trait::Flag(a), Trait::Flag(b)) if a == b => 1.0,
            _ => 0.0,
        }
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::List(_))
}

fn hashes(items: &[Value]) -> Vec<u64> {
    items.iter().map(tree::hash).collect()
}

/// Pairs items that were taken away in one place with equal ones that were added in another: they were moved.
pub(super) fn match_moved(pairs: &mut Vec<Pair>, old: &[Value], new: &[Value]) {
    let hash_of = |items: &[Value], index: usize| items.get(index).map(tree::hash);
    let mut removed: HashMap<u64, Vec<usize>> = HashMap::new();
    for index in pairs.iter().rev().filter(|pair| pair.1.is_none()).filter_map(|pair| pair.0) {
        if let Some(hash) = hash_of(old, index) {
            removed.entry(hash).or_default().push(index);
        }
    }
    if removed.is_empty() {
        return;
    }
    let mut taken = std::collections::HashSet::new();
    for pair in pairs.iter_mut().filter(|pair| pair.0.is_none()) {
        let hash = pair.1.and_then(|index| hash_of(new, index));
        if let Some(index) = hash.and_then(|hash| removed.get_mut(&hash)).and_then(Vec::pop) {
            pair.0 = Some(index);
            taken.insert(index);
        }
    }
    pairs.retain(|pair| !(pair.1.is_none() && pair.0.is_some_and(|index| taken.contains(&index))));
}

/// Which of these places belong to a longest run of rising ones.
pub(super) fn rising(places: &[usize]) -> Vec<bool> {
    // Patience: `tails` has, for each length of run, where the run with the least end ends.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(places.len());
    for (index, place) in places.iter().enumerate() {
        let length = tails.partition_point(|tail| places.get(*tail).is_some_and(|end| end < place));
        before.push(length.checked_sub(1).and_then(|shorter| tails.get(shorter).copied()));
        match tails.get_mut(length) {
            Some(tail) => *tail = index,
            None => tails.push(index),
        }
    }
    let mut keeps = vec![false; places.len()];
    let mut at = tails.last().copied();
    while let Some(index) = at {
        if let Some(keeps) = keeps.get_mut(index) {
            *keeps = true;
        }
        at = before.get(index).copied().flatten();
    }
    keeps
}

/// Puts pairs in the order of the new side, those without a new one where they stood on the old side: after what
/// stood before them there.
pub(super) fn arrange(pairs: &mut [Pair]) {
    let mut by_old: Vec<(usize, Option<usize>)> = pairs.iter().filter_map(|p| Some((p.0?, p.1))).collect();
    by_old.sort_unstable();
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut place = 0;
    for (old, new) in by_old {
        match new {
            Some(new) => place = new + 1,
            None => {
                places.insert(old, place);
            }
        }
    }
    // An item that goes stands before the one that comes to its place.
    pairs.sort_by_key(|pair| match pair {
        (old, Some(new)) => (*new, 1, old.unwrap_or(0)),
        (Some(old), None) => (places.get(old).copied().unwrap_or(0), 0, *old),
        (None, None) => (usize::MAX, 1, 0),
    });
}
