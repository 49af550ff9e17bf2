//! Which pieces of what differs cause which changes. Each is tried: a change is caused by what makes it, or undoes
//! it, when it alone is taken from the other side.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::compare::{Change, Comparison};
use crate::diff::CauseKind;
use crate::diff::side::Rendered;
use crate::manifest::object::Object;

use super::bench::Bench;
use super::difference::{Difference, What};
use super::mix::Selection;
use super::point::{Points, State};

/// How many groups of pieces are tried at first.
const FIRST_GROUPS: usize = 32;
/// Into how many parts a group is split that moves something.
const PARTS: usize = 8;

/// Pieces that are tried together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// What kind of cause they are.
    pub kind: CauseKind,
    /// The pieces, by index; none stands for all of the kind, if it isn't known which.
    pub atoms: Vec<usize>,
}

/// The causes of each point, as indices of groups.
#[derive(Debug, Default)]
pub struct Found {
    /// The groups.
    pub groups: Vec<Group>,
    /// For each point its groups, in order.
    pub causes: Vec<Vec<u32>>,
}

/// The search for the causes of all points.
pub struct Search<'a> {
    difference: &'a Difference<'a>,
    points: &'a Points<'a>,
    /// For each point the template or definition that its object stands in, if it is a piece.
    own: Vec<Option<usize>>,
    bench: Bench<'a>,
    index: HashMap<Group, u32>,
    found: Found,
}

impl<'a> Search<'a> {
    pub fn new(
        difference: &'a Difference<'a>,
        points: &'a Points<'a>,
        comparison: &'a Comparison,
        bench: Bench<'a>,
    ) -> Search<'a> {
        let found = Found { groups: Vec::new(), causes: vec![Vec::new(); points.all.len()] };
        let own = own_files(difference, points, comparison);
        Search { difference, points, own, bench, index: HashMap::new(), found }
    }

    /// Searches, and gives what was found and the bench that was worked on.
    pub fn run(mut self) -> (Found, Bench<'a>) {
        let kinds = self.difference.kinds();
        let by_kind = self.kinds(&kinds);
        for kind in kinds {
            let own: Vec<usize> =
                (0..self.points.all.len()).filter(|p| by_kind[*p].contains(&kind)).collect();
            if !own.is_empty() {
                self.pieces(kind, own);
            }
        }
        for causes in &mut self.found.causes {
            causes.sort_unstable_by_key(|index| &self.found.groups[*index as usize]);
            causes.dedup();
        }
        (self.found, self.bench)
    }

    fn all(&self, is_new: bool) -> Selection {
        vec![is_new; self.difference.atoms.len()]
    }

    /// One side, but for these pieces.
    fn but(&self, side_is_new: bool, atoms: &[usize]) -> Selection {
        let mut selection = self.all(side_is_new);
        for atom in atoms {
            selection[*atom] = !side_is_new;
        }
        selection
    }

    fn cause(&mut self, point: usize, group: &Group) {
        let next = self.found.groups.len() as u32;
        let index = *self.index.entry(group.clone()).or_insert_with(|| {
            self.found.groups.push(group.clone());
            next
        });
        self.found.causes[point].push(index);
    }

    /// The kinds of cause of each point: those that alone are enough to make the change. If none is, those without
    /// which it would be another; and if there are none such either, all.
    fn kinds(&mut self, kinds: &[CauseKind]) -> Vec<Vec<CauseKind>> {
        let count = self.points.all.len();
        if kinds.len() < 2 {
            return vec![kinds.to_vec(); count];
        }
        let own: Vec<Vec<usize>> = kinds.iter().map(|kind| self.difference.of_kind(*kind)).collect();
        let selections: Vec<Selection> =
            own.iter().flat_map(|atoms| [self.but(false, atoms), self.but(true, atoms)]).collect();
        let states = self.bench.states(&selections);
        let state = |kind: usize, back: usize, point: usize| {
            states[2 * kind + back].as_ref().map_or(State::Unknown, |states| states[point])
        };
        let those = |point: usize, is: &dyn Fn(State, State) -> bool| -> Vec<CauseKind> {
            let own = (0..kinds.len()).filter(|kind| is(state(*kind, 0, point), state(*kind, 1, point)));
            own.map(|kind| kinds[kind]).collect()
        };
        let moves = |state| matches!(state, State::Old | State::Other);
        (0..count)
            .map(|point| {
                let one_is_enough = !those(point, &|forth, _| forth == State::New).is_empty();
                let tests: [&dyn Fn(State, State) -> bool; 3] = [
                    &|forth, back| one_is_enough && (forth == State::New || back == State::Old),
                    &|_, back| !one_is_enough && moves(back),
                    &|forth, _| !one_is_enough && forth == State::Other,
                ];
                let found = tests.into_iter().map(|test| those(point, test)).find(|kinds| !kinds.is_empty());
                found.unwrap_or_else(|| kinds.to_vec())
            })
            .collect()
    }

    /// The very pieces of a kind that cause these points.
    fn pieces(&mut self, kind: CauseKind, points: Vec<usize>) {
        let atoms = self.difference.of_kind(kind);
        if let [_] = atoms.as_slice() {
            let group = Group { kind, atoms };
            points.iter().for_each(|point| self.cause(*point, &group));
            return;
        }
        let first = self.first(kind, &atoms);
        let mut open = self.narrow(first.clone(), points, true);
        if !open.is_empty() {
            open = self.narrow(first, open, false);
        }
        for point in open {
            // A template that is on one side only has to do with it, whatever else has.
            let own = self.own[point]
                .filter(|own| kind == CauseKind::Template && self.difference.is_one_sided(*own));
            self.cause(point, &Group { kind, atoms: own.into_iter().collect() });
        }
    }

    /// The groups to begin with.
    fn first(&self, kind: CauseKind, atoms: &[usize]) -> Vec<Group> {
        if kind != CauseKind::Template {
            return self.split(kind, atoms, FIRST_GROUPS);
        }
        // Templates that are no partials show in their own output alone, nearly always: all are tried at once.
        let (own, rest): (Vec<usize>, Vec<usize>) =
            atoms.iter().partition(|atom| self.difference.atoms[**atom].is_own());
        let (files, rest): (Vec<usize>, Vec<usize>) =
            rest.iter().partition(|atom| matches!(self.difference.atoms[**atom].what, What::File(..)));
        let mut groups = vec![Group { kind, atoms: own }, Group { kind, atoms: files }];
        groups.extend(self.split(kind, &rest, FIRST_GROUPS));
        groups.retain(|group| !group.atoms.is_empty());
        groups
    }

    /// Parts of some pieces, at most so many: those stand together that begin with the same names.
    fn split(&self, kind: CauseKind, atoms: &[usize], max: usize) -> Vec<Group> {
        if atoms.len() <= max {
            return atoms.iter().map(|atom| Group { kind, atoms: vec![*atom] }).collect();
        }
        let names = |atom: usize| &self.difference.atoms[atom].names;
        let mut depth = 0;
        let mut parts: Vec<Vec<usize>> = Vec::new();
        while parts.len() < 2 {
            let mut by_name: BTreeMap<Option<&String>, Vec<usize>> = BTreeMap::new();
            for atom in atoms {
                by_name.entry(names(*atom).get(depth)).or_default().push(*atom);
            }
            let ended = by_name.keys().all(Option::is_none);
            parts = by_name.into_values().collect();
            if ended {
                parts = atoms.iter().map(|atom| vec![*atom]).collect();
            }
            depth += 1;
        }
        let size = parts.len().div_ceil(max);
        parts.chunks(size).map(|chunk| Group { kind, atoms: chunk.concat() }).collect()
    }

    /// Tries groups, by taking them from the old side on the new one (`back`) or the other way round, and splits
    /// those that move a point. Gives the points that none moves.
    fn narrow(&mut self, first: Vec<Group>, points: Vec<usize>, back: bool) -> Vec<usize> {
        let stays = if back { State::New } else { State::Old };
        let mut solved: HashSet<usize> = HashSet::new();
        let mut parents: Vec<Trial> = Vec::new();
        let mut level: Vec<Trial> = first
            .into_iter()
            .map(|group| Trial { group, points: points.clone(), parent: None, moved: HashSet::new() })
            .collect();
        while !level.is_empty() {
            let selections: Vec<Selection> =
                level.iter().map(|trial| self.but(back, &trial.group.atoms)).collect();
            let states = self.bench.states(&selections);
            let mut next_parents: Vec<Trial> = Vec::new();
            let mut next = Vec::new();
            for (mut trial, states) in level.into_iter().zip(states) {
                let Some(states) = states else { continue };
                trial.points.retain(|point| states[*point] != stays && states[*point] != State::Unknown);
                solved.extend(&trial.points);
                if let Some(parent) = trial.parent.and_then(|parent| parents.get_mut(parent)) {
                    parent.moved.extend(&trial.points);
                }
                trial.points = self.settle(&trial.group, trial.points);
                if trial.points.is_empty() {
                    continue;
                }
                for group in self.split(trial.group.kind, &trial.group.atoms, PARTS) {
                    let (points, parent) = (trial.points.clone(), Some(next_parents.len()));
                    next.push(Trial { group, points, parent, moved: HashSet::new() });
                }
                next_parents.push(trial);
            }
            self.keep_together(parents);
            (parents, level) = (next_parents, next);
        }
        self.keep_together(parents);
        points.into_iter().filter(|point| !solved.contains(point)).collect()
    }

    /// Points that a group moves and none of its parts: the group is the cause.
    fn keep_together(&mut self, groups: Vec<Trial>) {
        for trial in groups {
            for point in trial.points.iter().filter(|point| !trial.moved.contains(point)) {
                self.cause(*point, &trial.group);
            }
        }
    }

    /// Notes the cause of points that a group moves, where it need not be split. Gives the other points.
    fn settle(&mut self, group: &Group, moved: Vec<usize>) -> Vec<usize> {
        if group.atoms.len() == 1 {
            moved.iter().for_each(|point| self.cause(*point, group));
            return Vec::new();
        }
        if !group.atoms.iter().all(|atom| self.difference.atoms[*atom].is_own()) {
            return moved;
        }
        let (owned, others) = moved.into_iter().partition::<Vec<_>, _>(|point| {
            self.own.get(*point).is_some_and(|own| own.is_some_and(|own| group.atoms.contains(&own)))
        });
        for point in owned {
            let own = self.own[point].into_iter().collect();
            self.cause(point, &Group { kind: group.kind, atoms: own });
        }
        others
    }
}

/// A group that is tried.
struct Trial {
    group: Group,
    /// The points that are to be told; once tried, those that it moves.
    points: Vec<usize>,
    /// The group that it is a part of, among those of the level before.
    parent: Option<usize>,
    /// The points that parts of it move.
    moved: HashSet<usize>,
}

/// For each point the template or definition that its object stands in, if it is a piece.
fn own_files(
    difference: &Difference<'_>,
    points: &Points<'_>,
    comparison: &Comparison,
) -> Vec<Option<usize>> {
    let mut by_source: HashMap<(bool, String), usize> = HashMap::new();
    for (index, atom) in difference.atoms.iter().enumerate() {
        if let What::Template(pair, name) | What::File(pair, name) = &atom.what {
            let pair = &difference.pairs[*pair];
            for (is_new, chart) in [(false, pair.old), (true, pair.new)] {
                by_source.insert((is_new, chart.display_path(name)), index);
                by_source.insert((is_new, format!("{}/{name}", chart.full_path)), index);
            }
        }
    }
    let files = |side: &Rendered| -> HashMap<Arc<str>, Arc<str>> {
        side.sources.iter().map(|source| (source.name.clone(), source.file.clone())).collect()
    };
    let files = [files(difference.old), files(difference.new)];
    let of_side = |object: &Option<Arc<Object>>, is_new: bool| {
        let name = &object.as_ref()?.source;
        let file = files[usize::from(is_new)].get(name).unwrap_or(name);
        by_source.get(&(is_new, file.to_string())).copied()
    };
    let of_change = |change: &Change| of_side(&change.new, true).or_else(|| of_side(&change.old, false));
    let by_change: Vec<Option<usize>> = comparison.changes.iter().map(of_change).collect();
    points.all.iter().map(|change| by_change.get(*change).copied().flatten()).collect()
}
