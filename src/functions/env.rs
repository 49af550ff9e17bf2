//! What a function may know beyond its arguments. There is no network, no environment and no file here.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::kubernetes::Objects;
use super::random::{Random, Seed};
use super::{FunctionError, regex};
use crate::limits::Limits;
use crate::value::{Room, Value};

/// The surroundings of one render, shared by all its templates in both languages.
#[derive(Debug, Default)]
pub struct Env {
    /// The bounds that functions keep.
    pub limits: Limits,
    /// Helm's `--lint` mode: `required` and `fail` don't fail.
    pub lint: bool,
    /// `missingkey=error`: reading a key that a map does not have is an error.
    pub strict: bool,
    /// The template that runs now, by its name.
    template: Mutex<String>,
    /// Steps that functions have taken in this render.
    work: AtomicU64,
    /// The bytes that functions have made so far.
    made: AtomicU64,
    /// Warnings for the user, in order.
    warnings: Mutex<Vec<String>>,
    /// What random functions repeat from, if they are to repeat.
    seed: Option<Seed>,
    /// With a seed: how often each function was called in each template.
    calls: Mutex<HashMap<(&'static str, String), u64>>,
    /// The time that templates see, if it stands still.
    clock: Option<Timestamp>,
    /// Whether a function asked for randomness.
    used_random: AtomicBool,
    /// Whether a function asked what time it is.
    used_clock: AtomicBool,
    /// The cost of the costly functions so far, in units of about a microsecond.
    cost: AtomicU64,
    /// What `lookup` finds.
    objects: Objects,
    /// What costly functions made under the seed before, in other renders.
    kept: Option<Arc<Kept>>,
    /// Why something couldn't be made that was promised, and is missing from the output.
    broken: Arc<Mutex<Option<String>>>,
    /// The regular expressions compiled so far.
    pub(super) regexes: regex::Cache,
}

/// What costly functions made under a seed: renders that share it don't make the same keys and hashes again.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<[u8; 32], Arc<dyn Any + Send + Sync>>>);

/// So many results are kept.
const MAX_KEPT: usize = 10_000;

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

/// What time it is in a seeded render, unless the user says: 2025-01-01T00:00:00Z.
const SEEDED_CLOCK: i64 = 1_735_689_600;

impl Env {
    /// Surroundings with these bounds.
    pub fn new(limits: Limits) -> Env {
        Env { limits, ..Env::default() }
    }

    /// Makes random, certificate and time functions repeat: what they give depends on the seed, the function,
    /// the template, how many-th call of the function there it is, and the arguments. The clock stands still.
    pub fn with_seed(mut self, seed: &str) -> Env {
        self.seed = Some(Seed::new(seed));
        self.clock = self.clock.or_else(|| Timestamp::from_second(SEEDED_CLOCK).ok());
        self
    }

    /// Shares with other renders of the same seed what costly functions make.
    pub fn with_kept(mut self, kept: Arc<Kept>) -> Env {
        self.kept = Some(kept);
        self
    }

    /// Stops the clock at this time.
    pub fn with_clock(mut self, now: Timestamp) -> Env {
        self.clock = Some(now);
        self
    }

    /// Gives `lookup` these Kubernetes objects to find.
    pub fn with_objects(mut self, objects: Vec<Value>) -> Env {
        self.objects = Objects::new(objects);
        self
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The time, as templates see it.
    pub fn now(&self) -> Timestamp {
        self.used_clock.store(true, Ordering::Relaxed);
        self.clock.unwrap_or_else(|| Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// A source of randomness for one call of a function with these arguments.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn random(&self, function: &'static str, args: &[Value]) -> Result<Random, FunctionError> {
        self.used_random.store(true, Ordering::Relaxed);
        let Some(seed) = &self.seed else { return Random::from_system() };
        let template = self.template.lock().clone();
        let mut calls = self.calls.lock();
        let call = calls.entry((function, template.clone())).or_default();
        *call += 1;
        Ok(seed.stream(function, &template, *call, args))
    }

    /// What follows from a stream of randomness alone: made, or kept from another render of the same seed.
    ///
    /// # Errors
    /// Those of making it.
    pub(super) fn kept<T: Send + Sync + 'static, E>(
        &self,
        random: &Random,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let Some(kept) = self.kept.as_ref().filter(|_| self.seed.is_some()) else {
            return make().map(Arc::new);
        };
        let known = kept.0.lock().get(random.key()).cloned();
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        let mut kept = kept.0.lock();
        if kept.len() < MAX_KEPT {
            kept.insert(*random.key(), made.clone());
        }
        Ok(made)
    }

    /// Whether the render repeats.
    pub(super) fn is_seeded(&self) -> bool {
        self.seed.is_some()
    }

    /// Where that is told which fails after its function has returned: what is made only when it is looked at.
    pub(super) fn broken(&self) -> Arc<Mutex<Option<String>>> {
        self.broken.clone()
    }

    /// Why something couldn't be made that was promised, if so: then the output isn't whole.
    pub fn broken_promise(&self) -> Option<String> {
        self.broken.lock().clone()
    }

    /// Whether a function asked for randomness so far.
    pub fn used_random(&self) -> bool {
        self.used_random.load(Ordering::Relaxed)
    }

    /// Whether a function asked what time it is so far.
    pub fn used_clock(&self) -> bool {
        self.used_clock.load(Ordering::Relaxed)
    }

    /// Counts the cost of a costly function (keys, password hashes, endless searches): the time that it takes on
    /// a common machine. Where the work is known before, so is the cost, and the same render ends in the same
    /// way on any machine.
    ///
    /// # Errors
    /// If the render has spent all that it may.
    pub fn spend(&self, function: &str, time: Duration) -> Result<(), FunctionError> {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let spent = self.cost.fetch_add(time, Ordering::Relaxed).saturating_add(time);
        if spent <= self.limits.crypto_cost.saturating_mul(1000) {
            return Ok(());
        }
        Err(FunctionError::new(format!(
            "{function}: keys, password hashes and searches take longer than the limit of {} ms for one render",
            self.limits.crypto_cost
        ))
        .hint("--limit crypto-cost=NUMBER allows more"))
    }

    /// Forgets what was counted, called and warned of, so that another render may begin.
    pub fn reset(&self) {
        for count in [&self.work, &self.made, &self.cost] {
            count.store(0, Ordering::Relaxed);
        }
        for used in [&self.used_random, &self.used_clock] {
            used.store(false, Ordering::Relaxed);
        }
        self.calls.lock().clear();
        self.warnings.lock().clear();
        *self.broken.lock() = None;
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

    /// Checks that a function may make a result of this many bytes (or items), before it does. What is made is
    /// counted by [`Function::run`](super::Function::run).
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
        ))
        .hint("--limit function-bytes=NUMBER allows more"))
    }

    /// The memory that the data of one text may take.
    pub(super) fn room(&self) -> Room {
        Room::new(self.limits.data_bytes)
    }

    /// Counts the bytes of a result. All functions of a render share one count: what they make may be kept.
    ///
    /// # Errors
    /// When the render's functions have made more bytes than the limit.
    pub(super) fn count_made(&self, function: &str, bytes: usize) -> Result<(), FunctionError> {
        let made = self.made.load(Ordering::Relaxed).saturating_add(bytes as u64);
        self.made.store(made, Ordering::Relaxed);
        if made <= self.limits.made_bytes {
            return Ok(());
        }
        Err(FunctionError::new(format!(
            "{function}: the functions of this render have made more than the limit of {} bytes",
            self.limits.made_bytes
        ))
        .hint("--limit made-bytes=NUMBER allows more"))
    }

    /// Counts steps of a function whose work isn't bounded by the sizes of its arguments and its result, or is
    /// dear: a step is meant to take some ten nanoseconds. All functions of a render share one count.
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
        ))
        .hint("--limit steps=NUMBER allows more"))
    }
}
