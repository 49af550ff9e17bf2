//! Which values a render read, and where.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::influence::{ValuePath, path};
use crate::chart::Chart;
use crate::trace::{EmissionId, Event, Kind, Owners, Role, Trace, What};
use crate::value::{Map, Value};
use crate::yaml::Step;

/// So many paths are gathered for one file.
const MAX_PATHS: usize = 20_000;

/// The reads of a recorded render.
pub struct Reads<'a> {
    trace: &'a Trace,
    chart: &'a Chart,
    values: &'a Map,
    owners: OnceCell<Owners>,
}

impl<'a> Reads<'a> {
    /// The reads of a trace of a render, with the charts that took part in it and the values that the outermost one's
    /// templates saw before any ran.
    pub fn new(trace: &'a Trace, chart: &'a Chart, values: &'a Map) -> Reads<'a> {
        Reads { trace, chart, values, owners: OnceCell::new() }
    }

    fn owners(&self) -> &Owners {
        self.owners.get_or_init(|| Owners::of(self.trace))
    }

    /// The file during whose render an emission was made.
    fn file_of(&self, context: crate::trace::ContextId) -> Option<&'a str> {
        self.trace.contexts_of(context).last().and_then(|context| match &context.kind {
            Kind::File(name) => name.as_str(),
            _ => None,
        })
    }

    /// The values that an emission read. What an action only prints of a template it calls is not its own: the
    /// template's nodes tell. A condition and a variable hang on all of it.
    pub fn of(&self, id: EmissionId) -> Vec<ValuePath> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        for event in self.events_of(id) {
            self.paths_of(event, &mut |path| {
                if known.insert(path.clone()) {
                    found.push(path);
                }
            });
        }
        found
    }

    /// The events by which an emission itself read something.
    pub(super) fn events_of(&self, id: EmissionId) -> impl Iterator<Item = &'a Event> + use<'a> {
        let emission = self.trace.emission(id);
        let is_whole = emission.is_some_and(|it| matches!(it.role, Role::Control | Role::Assign));
        let context = emission.map(|emission| emission.context);
        self.trace.events_of(id).iter().filter(move |e| is_whole || Some(e.context) == context)
    }

    /// All values that were read while some files were rendered: those that moving lines of these files may depend on.
    pub fn in_files(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<ValuePath> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        let mut contexts: Vec<Option<bool>> = vec![None; self.trace.contexts.len()];
        for event in &self.trace.events {
            let wanted = match contexts.get_mut(event.context as usize) {
                Some(Some(wanted)) => *wanted,
                Some(slot) => {
                    let wanted = self.file_of(event.context).is_none_or(is_wanted);
                    *slot = Some(wanted);
                    wanted
                }
                None => true,
            };
            if wanted && found.len() < MAX_PATHS {
                self.paths_of(event, &mut |path| {
                    if known.insert(path.clone()) {
                        found.push(path);
                    }
                });
            }
        }
        found
    }

    /// The emissions that read a value, or the map or list around it as a whole, or something within it.
    pub fn readers(&self, wanted: &[Step]) -> Vec<EmissionId> {
        let mut found = Vec::new();
        let mut known = HashSet::new();
        for (index, event) in self.trace.events.iter().enumerate() {
            let mut hits = false;
            self.paths_of(event, &mut |path| hits |= path.starts_with(wanted) || wanted.starts_with(&path));
            if hits
                && let Some(owner) = self.owners().owner(index)
                && let Some(emission) = self.trace.emission(owner)
                && known.insert((emission.site, emission.role == Role::Control))
            {
                found.push(owner);
            }
        }
        found
    }

    /// The emission that set the value at a path, or something around it, the last one if several did.
    pub fn setter(&self, path: &[Step]) -> Option<EmissionId> {
        self.owners().setter(self.trace, path)
    }

    /// The values, down to leaves, that an event may have read. Within a map that was read by its own events, those
    /// tell.
    pub(super) fn paths_of(&self, event: &Event, show: &mut dyn FnMut(ValuePath)) {
        match &event.what {
            What::Get { map, key } => {
                for around in self.trace.maps.get(*map as usize).into_iter().flatten() {
                    let mut path = around.to_vec();
                    path.push(Step::Key(key.clone()));
                    self.leaves(&path, true, show);
                }
            }
            What::Whole { map } => {
                for around in self.trace.maps.get(*map as usize).into_iter().flatten() {
                    match self.value(around) {
                        Some(Value::Map(inner)) if !inner.is_empty() => {
                            for key in inner.keys() {
                                let mut path = around.to_vec();
                                path.push(Step::Key(key));
                                self.leaves(&path, false, show);
                            }
                        }
                        _ => show(self.canonical(around)),
                    }
                }
            }
            What::Size { map } => {
                for around in self.trace.maps.get(*map as usize).into_iter().flatten() {
                    match self.value(around) {
                        Some(Value::Map(inner)) if inner.len() > 1 => {}
                        Some(Value::Map(inner)) if inner.len() == 1 => {
                            for key in inner.keys() {
                                let mut path = around.to_vec();
                                path.push(Step::Key(key));
                                self.leaves(&path, false, show);
                            }
                        }
                        _ => show(self.canonical(around)),
                    }
                }
            }
            What::Write { .. } | What::Replace { .. } | What::Variable(_) => {}
        }
    }

    fn leaves(&self, path: &[Step], unset: bool, show: &mut dyn FnMut(ValuePath)) {
        match self.value(path) {
            Some(Value::Map(map)) if !map.is_empty() => {}
            Some(Value::List(list)) if !list.is_empty() => {
                path::leaves_within(&Value::List(list), path, &mut |leaf| {
                    show(self.canonical(leaf));
                });
            }
            None if !unset => {}
            _ => show(self.canonical(path)),
        }
    }

    /// The value at a path, or what templates put there.
    fn value(&self, path: &[Step]) -> Option<Value> {
        path::at(self.values, path).or_else(|| self.trace.seen(path))
    }

    fn canonical(&self, path: &[Step]) -> ValuePath {
        path::canonical(self.chart, path)
    }
}
