//! Where a line of a render comes from, and where a value goes to.
//!
//! - [`influence`] changes values and renders again: what moves, depends on them.
//! - [`few`] says in short what wrote a line, for many lines.
//! - [`reads`] says which values templates read, by the record of a render ([`crate::trace`]).
//! - [`object`] explains an object or a field of one: its lines, who wrote them, and the values that decide them.
//! - [`value`] goes the other way: who reads a value, and which fields it reaches.
//! - [`report`] shows both, for people and for machines.
//! - [`unused`] finds values that nobody reads.

mod decide;
pub mod few;
pub mod field;
pub mod find;
pub mod influence;
pub mod object;
pub mod reads;
pub mod report;
pub mod unused;
pub mod value;
mod writer;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Result};
use crate::manifest::object::Object;
use crate::render::{self, Loaded, Output, Request};
use crate::trace::Trace;
use crate::values::origin::{Chain, Origins};
use crate::yaml::Step;

use self::influence::{Bench, path};

pub use self::writer::{Call, Writer};

/// A chart that was rendered to be explained.
pub struct Explained {
    /// What was asked for, with a seed.
    pub request: Request,
    /// The chart and the user's values.
    pub loaded: Loaded,
    /// What it gave.
    pub output: Output,
    /// Who wrote it.
    pub trace: Arc<Trace>,
    /// For other values.
    pub bench: Bench,
    /// Who set its values.
    pub origins: Origins,
    /// Its objects: definitions of `crds/`, objects, hooks.
    pub objects: Vec<Object>,
}

impl Explained {
    /// Renders a chart, and keeps what is needed to explain it. Warnings of the render are added to `warnings`.
    ///
    /// # Errors
    /// As a render.
    pub fn new(request: &Request, warnings: &mut Vec<Diagnostic>) -> Result<Explained> {
        let mut request = request.clone();
        request.seed.get_or_insert_with(|| influence::SEED.to_string());
        let loaded = render::load(&request, warnings)?;
        let mut trace = Trace::default();
        let output = render::trace_loaded(&request, &loaded, &mut trace).map_err(|failure| failure.error)?;
        warnings.extend(output.warnings.iter().cloned());
        let trace = Arc::new(trace);
        let seen = trace.clone();
        let bench = Bench::new(&request, &loaded)?.with_seen(move |path| seen.seen(path));
        let origins = Origins::of(&loaded.chart, &loaded.layers)?;
        let objects = output.objects(&request.release.namespace)?;
        Ok(Explained { request, loaded, output, trace, bench, origins, objects })
    }
}

impl Explained {
    /// Who set a value, wherever a global one stands.
    pub fn origin(&self, path: &[Step]) -> Option<&Chain> {
        path::places(self.bench.chart(), path).iter().find_map(|place| self.origins.chain(place))
    }
}
