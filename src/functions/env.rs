//! What a function may know beyond its arguments. There is no network, no environment and no file here.

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

    /// Checks that a function may make a result of this many bytes (or items).
    ///
    /// # Errors
    /// Names the limit and what was asked for.
    pub fn check_size(&self, function: &str, size: usize) -> Result<(), FunctionError> {
        if size <= self.limits.function_bytes {
            return Ok(());
        }
        Err(FunctionError::new(format!(
            "{function}: a result of {size} bytes is over the limit of {} bytes for one call",
            self.limits.function_bytes
        )))
    }
}
