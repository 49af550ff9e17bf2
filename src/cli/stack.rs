//! Room for deep recursion, and an end for panics that is fit to be read.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use torii::diagnostic::{Error, Result};

use crate::room::on_large_stack;

/// Where the last panic happened and what it said.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics from printing: [`with_room`] and [`guarded`] make errors of them.
pub fn catch_panics() {
    panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("unknown");
        let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(format!("{what}{place}"));
        }
    }));
}

/// Runs the work on a large stack.
///
/// # Errors
/// The work's own, or one that asks for a bug report if it panicked.
pub fn with_room<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    on_large_stack(|| guarded(work)).unwrap_or_else(|e| {
        Err(Error::new(format!("making a stack: {e}"))
            .hint("torii reserves 512 MiB of address space for it; `ulimit -v` may forbid that"))
    })
}

/// Runs one piece of work; a panic in it is an error of it alone.
///
/// # Errors
/// The work's own, or one that asks for a bug report if it panicked.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(bug()))
}

fn bug() -> Error {
    let what = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
    Error::new(format!("torii met a bug of its own: {}", what.unwrap_or_else(|| "unknown".into())))
        .hint("please report it, with the chart or the part of it that leads here")
}
