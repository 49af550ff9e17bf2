//! Which node of a template an event was a part of.

use super::{EmissionId, Trace, What};
use crate::yaml::Step;

/// For each event of a trace the emission that it was a direct part of.
#[derive(Clone, Debug, Default)]
pub struct Owners(Vec<Option<EmissionId>>);

impl Owners {
    /// The owners of a trace's events.
    pub fn of(trace: &Trace) -> Owners {
        let mut owners: Vec<Option<EmissionId>> = vec![None; trace.events.len()];
        let size = |id: EmissionId| trace.events_of(id).len();
        for id in 0..trace.emissions.len() as EmissionId {
            let Some(emission) = trace.emission(id) else { continue };
            let first = emission.events.start as usize;
            for (offset, event) in trace.events_of(id).iter().enumerate() {
                // An action that calls a template spans what the template read, too.
                if event.context == emission.context
                    && let Some(owner) = owners.get_mut(first + offset)
                    && owner.is_none_or(|known| size(known) > size(id))
                {
                    *owner = Some(id);
                }
            }
        }
        Owners(owners)
    }

    /// The emission that an event (by its index) was a direct part of.
    pub fn owner(&self, event: usize) -> Option<EmissionId> {
        self.0.get(event).copied().flatten()
    }

    /// The emission that set the value at a path, or something around it, the last one if several did.
    pub fn setter(&self, trace: &Trace, path: &[Step]) -> Option<EmissionId> {
        let sets = |map: u32, key: &crate::value::Str| {
            let own = |around: &[Step]| {
                path.starts_with(around)
                    && matches!(path.get(around.len()), Some(Step::Key(step)) if step == key)
            };
            trace.maps.get(map as usize).is_some_and(|paths| paths.iter().any(|around| own(around)))
        };
        trace.events.iter().enumerate().rev().find_map(|(index, event)| match &event.what {
            What::Write { map, key: Some(key) } if sets(*map, key) => self.owner(index),
            What::Replace { values } if path.starts_with(values) => self.owner(index),
            _ => None,
        })
    }
}
