//! An end for panics that is fit to be read.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use torii::diagnostic::{Error, Result};

/// Where the last panic happened and what it said.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps panics from printing: [`guarded`] makes errors of them.
pub fn catch() {
    panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("unknown");
        let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(format!("{what}{place}"));
        }
    }));
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
