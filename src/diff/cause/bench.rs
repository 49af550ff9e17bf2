//! Where mixtures are rendered: a bounded number of them, for a bounded time, side by side.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::render;

use super::difference::Difference;
use super::mix::Selection;
use super::point::{Points, State};

/// How many renders the search may cost.
pub const MAX_RENDERS: usize = 64;
/// How long the search may take, but for renders that are under way: so long that real charts never get there, and
/// reports are the same on any machine.
pub const MAX_TIME: Duration = Duration::from_secs(10);
/// How many renders run at a time.
const MAX_THREADS: usize = 4;
/// Bytes of stack of each: templates may recurse as deep as in a render of their own. They are only reserved.
const STACK: usize = 512 << 20;

/// The state of each point in a render.
pub type States = Arc<Vec<State>>;

/// Renders mixtures, each once.
pub struct Bench<'a> {
    difference: &'a Difference<'a>,
    points: &'a Points<'a>,
    known: HashMap<Selection, States>,
    left: usize,
    end: Instant,
    /// Whether a mixture was not rendered because of a bound.
    pub exhausted: bool,
    /// How many mixtures were rendered.
    pub rendered: usize,
}

impl<'a> Bench<'a> {
    /// A bench that may render so many mixtures.
    pub fn new(
        difference: &'a Difference<'a>,
        points: &'a Points<'a>,
        renders: usize,
        time: Duration,
    ) -> Self {
        let all =
            |state, is_new| (vec![is_new; difference.atoms.len()], Arc::new(vec![state; points.all.len()]));
        let known = HashMap::from([all(State::Old, false), all(State::New, true)]);
        let end = Instant::now() + time;
        Bench { difference, points, known, left: renders, end, exhausted: false, rendered: 0 }
    }

    /// The states in each of the mixtures; `None` where a bound was met.
    pub fn states(&mut self, selections: &[Selection]) -> Vec<Option<States>> {
        let mut unknown: Vec<Selection> = Vec::new();
        for selection in selections {
            if !self.known.contains_key(selection) && !unknown.contains(selection) {
                unknown.push(selection.clone());
            }
        }
        if unknown.len() > self.left {
            unknown.truncate(self.left);
            self.exhausted = true;
        }
        self.left -= unknown.len();
        for (selection, states) in unknown.iter().zip(self.render(&unknown)) {
            match states {
                Some(states) => drop(self.known.insert(selection.clone(), states)),
                None => self.exhausted = true,
            }
        }
        selections.iter().map(|selection| self.known.get(selection).cloned()).collect()
    }

    fn render(&mut self, selections: &[Selection]) -> Vec<Option<States>> {
        let next = AtomicUsize::new(0);
        let (difference, points, end) = (self.difference, self.points, self.end);
        let work = || {
            let mut done = Vec::new();
            while Instant::now() < end
                && let Some((index, selection)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    selections.get(index).map(|selection| (index, selection))
                }
            {
                done.push((index, render_one(difference, points, selection)));
            }
            done
        };
        let threads =
            thread::available_parallelism().map_or(1, |n| n.get()).min(MAX_THREADS).min(selections.len());
        let mut found = vec![None; selections.len()];
        thread::scope(|scope| {
            let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            // Where no thread can be started, or one panics, some states stay unknown.
            let threads: Vec<_> = (0..threads).filter_map(|n| start(n).ok()).collect();
            for (index, states) in threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()) {
                self.rendered += 1;
                if let Some(slot) = found.get_mut(index) {
                    *slot = Some(states);
                }
            }
        });
        found
    }
}

fn render_one(difference: &Difference<'_>, points: &Points<'_>, selection: &Selection) -> States {
    let mixture = difference.mix(selection);
    let objects = render::render_loaded(&mixture.request, &mixture.loaded)
        .ok()
        .and_then(|output| mixture.objects_of(&output).ok());
    Arc::new(match objects {
        Some(objects) => points.states(&objects),
        None => vec![State::Unknown; points.all.len()],
    })
}
