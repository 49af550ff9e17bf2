//! What a function may know beyond its arguments. There is no network, no environment and no file here.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::FunctionError;
use crate::limits::Limits;

/// The surroundings of one render, shared by all its templates in both languages.
#[derive(Debug, Default)]
pub struct Env {
    /// The bounds that functions keep.
    pub limits: Limits,
    /// Helm's `--lint` mode: `required` and `fail` don't fail.
    pub lint: bool,
    /// The template that runs now, by its name.
    template: Mutex<String>,
    /// Steps that functions have taken in this render.
    work: AtomicU64,
    /// Warnings for the user, in order.
    warnings: Mutex<Vec<String>>,
}

impl Env {
    /// Surroundings with these bounds.
    pub fn new(limits: Limits) -> Env {
        Env { limits, ..Env::default() }
    }

    /// Says which template runs from now on.
    pub fn enter(&self, template: &str) {
        template.clone_into(&mut self.template.lock());
    }

    /// Adds a warning for the user.
    pub fn warn(&self, warning: impl Into<String>) {
        self.warnings.lock().push(warning.into());
    }

    /// Takes the warnings gathered so far.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock())
    }

    /// Checks that a function may make a result of this many bytes (or items), and counts the work.
    ///
    /// # Errors
    /// Names the limit and what was asked for.
    pub fn check_size(&self, function: &str, size: usize) -> Result<(), FunctionError> {
        if size <= self.limits.function_bytes {
            return self.step(function, size / BYTES_PER_STEP);
        }
        Err(FunctionError::new(format!(
            "{function}: a result of {size} bytes is over the limit of {} bytes for one call",
            self.limits.function_bytes
        )))
    }

    /// Counts steps of a function whose work isn't bounded by the size of its result. All functions of a
    /// render share one count.
    ///
    /// # Errors
    /// When the render's functions have taken more steps than the limit.
    pub fn step(&self, function: &str, steps: usize) -> Result<(), FunctionError> {
        // Not one atomic step, which would cost more than the work it counts: a render runs on one thread.
        let work = self.work.load(Ordering::Relaxed).saturating_add(steps as u64);
        self.work.store(work, Ordering::Relaxed);
        if work <= self.limits.steps {
            return Ok(());
        }
        Err(FunctionError::new(format!(
            "{function}: the functions of this render have taken more than the limit of {} steps",
            self.limits.steps
        )))
    }
}

/// How many bytes of a result count as one step.
const BYTES_PER_STEP: usize = 32;
