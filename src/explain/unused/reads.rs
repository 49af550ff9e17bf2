//! What a render read of the values.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Missing, ValuePath};
use crate::diagnostic::Place;
use crate::explain::influence::path;
use crate::trace::{EmissionId, Role, Trace, What};
use crate::value::{Map, Str};
use crate::yaml::Step;

/// So many values that nobody set are told.
const MAX_MISSING: usize = 5_000;
/// So many places are told of each.
const MAX_PLACES: usize = 8;

/// Functions that ask for values which may not be there.
const PROBES: &str = "all and any coalesce d deepCopy default dig empty get hasKey kindIs merge mergeOverwrite mustDeepCopy \
     mustMerge mustMergeOverwrite not or pick pluck ternary typeIs without";

/// The entries of maps that were read.
pub(super) struct Reads {
    /// Maps all of whose entries were read.
    whole: HashSet<ValuePath>,
    /// Single entries.
    keys: HashMap<ValuePath, HashSet<Str>>,
}

impl Reads {
    pub fn new(trace: &Trace) -> Reads {
        let mut maps: HashMap<u32, (bool, HashSet<Str>)> = HashMap::new();
        for event in &trace.events {
            match &event.what {
                What::Get { map, key } => {
                    maps.entry(*map).or_default().1.insert(key.clone());
                }
                What::Whole { map } => maps.entry(*map).or_default().0 = true,
                _ => {}
            }
        }
        let mut reads = Reads { whole: HashSet::new(), keys: HashMap::new() };
        for (map, (is_whole, keys)) in maps {
            for path in trace.maps.get(map as usize).into_iter().flatten() {
                if is_whole {
                    reads.whole.insert(path.to_vec());
                }
                reads.keys.entry(path.to_vec()).or_default().extend(keys.iter().cloned());
            }
        }
        reads
    }

    /// Whether a value was read: its entry in the map around it, lists between them aside.
    pub fn has(&self, path: &[Step]) -> bool {
        let Some(last) = path.iter().rposition(|step| matches!(step, Step::Key(_))) else { return true };
        let (map, Some(Step::Key(key))) = (&path[..last], path.get(last)) else { return true };
        self.whole.contains(map) || self.keys.get(map).is_some_and(|keys| keys.contains(key))
    }

    /// What was read and isn't there.
    pub fn missing(&self, trace: &Trace, values: &Map) -> Vec<Missing> {
        let mut wanted: HashMap<(u32, Str), ValuePath> = HashMap::new();
        let mut known: HashSet<(u32, Str)> = HashSet::new();
        let mut events: Vec<(u32, &ValuePath)> = Vec::new();
        for event in &trace.events {
            let What::Get { map, key } = &event.what else { continue };
            let at = (*map, key.clone());
            if known.contains(&at) || wanted.contains_key(&at) {
                continue;
            }
            let mut paths = trace.maps.get(*map as usize).into_iter().flatten();
            let step = Step::Key(key.clone());
            // A map that is there under several names has the same entries under each.
            let whole = paths.next().map(|path| path.iter().cloned().chain([step]).collect::<ValuePath>());
            match whole {
                Some(path) if path::at(values, &path).is_none() && wanted.len() < MAX_MISSING => {
                    wanted.insert(at, path);
                }
                _ => {
                    known.insert(at);
                }
            }
        }
        for (index, event) in trace.events.iter().enumerate() {
            if let What::Get { map, key } = &event.what
                && let Some(path) = wanted.get(&(*map, key.clone()))
            {
                events.push((index as u32, path));
            }
        }
        let by = writers(trace, &events);
        let mut found: BTreeMap<String, Missing> = BTreeMap::new();
        for ((_, path), by) in events.iter().zip(by) {
            let Some(emission) = by.and_then(|by| trace.emission(by)) else { continue };
            let asks = emission.role == Role::Control
                || emission
                    .functions
                    .iter()
                    .any(|f| f.as_str().is_some_and(|f| PROBES.split(' ').any(|probe| probe == f)));
            let missing = found.entry(path::show(path)).or_insert_with(|| Missing {
                path: (*path).clone(),
                places: Vec::new(),
                optional: true,
            });
            missing.optional &= asks;
            let place: Option<Place> = trace.place(emission.site);
            if let Some(place) = place.filter(|place| !missing.places.contains(place))
                && missing.places.len() < MAX_PLACES
            {
                missing.places.push(place);
            }
        }
        found.into_values().collect()
    }
}

/// The innermost emission around each event.
fn writers(trace: &Trace, events: &[(u32, &ValuePath)]) -> Vec<Option<EmissionId>> {
    let mut found: Vec<Option<EmissionId>> = vec![None; events.len()];
    // An emission is told after those within it.
    for (id, emission) in trace.emissions.iter().enumerate() {
        let start = events.partition_point(|(at, _)| *at < emission.events.start);
        let end = events.partition_point(|(at, _)| *at < emission.events.end);
        for by in found.get_mut(start..end).unwrap_or_default() {
            by.get_or_insert(id as EmissionId);
        }
    }
    found
}
