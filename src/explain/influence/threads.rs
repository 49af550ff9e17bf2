//! Work side by side, on threads with room for deep recursion.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;

/// How many threads work at a time.
const MAX_THREADS: usize = 8;
/// Bytes of stack of each: templates may recurse as deep as in a render of their own. They are only reserved.
const STACK: usize = 512 << 20;

/// Does each piece of work, the first ones first; gives the results in the order of the work. `None` where a piece
/// panicked, or where no thread could be started.
pub fn side_by_side<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<Option<T>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<T>>> = Mutex::new((0..count).map(|_| None).collect());
    let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(MAX_THREADS).min(count);
    thread::scope(|scope| {
        let run = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                let result = work(index);
                if let Some(slot) = done.lock().get_mut(index) {
                    *slot = Some(result);
                }
            }
        };
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).ok();
        let started: Vec<_> = (0..threads).filter_map(start).collect();
        for thread in started {
            // A panic ends its thread; what it was at stays undone.
            let _ = thread.join();
        }
    });
    done.into_inner()
}
