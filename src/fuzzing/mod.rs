//! What the fuzz targets of `fuzz/` do with their input, and what must hold for every input. It is compiled for
//! them and for tests only: what a fuzzer finds is kept in `fixtures/fuzz/`, a folder a target, and tried again
//! by the tests.

#![allow(clippy::panic, reason = "a broken rule must stop the fuzzer")]

mod go_template;
mod set;
mod source;
mod yaml;

pub use self::go_template::go_template;
pub use self::set::set;
pub use self::source::source;
pub use self::yaml::yaml;

use std::time::{Duration, Instant};

/// Bytes of stack for the work: as much as the program gives to its own.
const STACK: usize = 512 << 20;

/// How long one input may take, on a busy machine and without optimisation.
const MOST: Duration = Duration::from_secs(5);

/// Does the work on a thread with the stack that the program works on, and checks that it doesn't take long.
fn with_room(work: impl FnOnce() + Send) {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .unwrap_or_else(|e| panic!("starting a thread: {e}"));
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
    let time = start.elapsed();
    assert!(time < MOST, "it took {time:?}");
}

#[cfg(test)]
mod tests;
