//! The engines that run an expression: a small one first, a fast one for those that have much to search.
//!
//! Most expressions of charts look at a few short names, and to compile the fast engine (a lazy DFA in both
//! directions) takes longer than all their searches. Both find the same matches.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex_automata::meta;
use regex_syntax::hir::Hir;

/// So many bytes are searched by the small engine before the fast one is made.
const SMALL_TASK: usize = 2048;

/// The engines of one expression.
#[derive(Debug)]
pub struct Engines {
    small: meta::Regex,
    /// The fast one, if it was made; the small one again if it can't be.
    fast: OnceLock<meta::Regex>,
    hir: Hir,
    limit: usize,
    /// Bytes searched so far.
    searched: AtomicUsize,
}

impl Engines {
    /// Compiles the small engine, to no more than `limit` bytes.
    ///
    /// # Errors
    /// If it is larger.
    pub fn new(hir: Hir, limit: usize) -> Result<Engines, Box<meta::BuildError>> {
        let small = build(&hir, config(limit).hybrid(false).dfa(false).onepass(false))?;
        Ok(Engines { small, fast: OnceLock::new(), hir, limit, searched: AtomicUsize::new(0) })
    }

    /// The engine for a text of this length.
    pub fn choose(&self, length: usize) -> &meta::Regex {
        // Each search costs something however short the text is.
        let searched = self.searched.fetch_add(length + 16, Ordering::Relaxed).saturating_add(length);
        if searched < SMALL_TASK {
            return &self.small;
        }
        self.fast.get_or_init(|| {
            let config = config(self.limit).onepass_size_limit(Some(1 << 20)).hybrid_cache_capacity(1 << 20);
            build(&self.hir, config).unwrap_or_else(|_| self.small.clone())
        })
    }

    /// How many bytes both engines take, about: the fast one holds what the small one holds, and it backwards.
    pub fn memory(&self) -> usize {
        self.small.memory_usage().saturating_mul(3)
    }
}

fn config(limit: usize) -> meta::Config {
    meta::Config::new().nfa_size_limit(Some(limit))
}

fn build(hir: &Hir, config: meta::Config) -> Result<meta::Regex, Box<meta::BuildError>> {
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(Box::new)
}
