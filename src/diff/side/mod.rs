//! The two sides of a review: whatever the user names, as Kubernetes objects.
//!
//! A side is a chart, which is rendered, or objects that were stored: a YAML file, a folder of such files, standard
//! input, a release that Helm stored. [`Side::open`] finds out which.

mod chart;
mod release;
mod stored;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::diagnostic::Result;
use crate::manifest::object::{Identity, Object, Role};
use crate::render::{Loaded, Request};
use crate::source::Found;
use crate::template::Source;
use crate::value::{Map, Str};

/// The first bytes of an archive.
const GZIP: &[u8] = b"\x1F\x8B";

/// The seed of both sides, if the user gives none: with it random values are the same wherever they are made from
/// the same.
pub const SEED: &str = "torii diff";

/// The time on both sides, if the user gives none: 2026-01-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// One side of a review.
#[derive(Clone, Debug)]
pub struct Side {
    /// The source, as the user named it.
    pub name: String,
    /// The objects, in the order of installation: definitions of `crds/` first, hooks last.
    pub objects: Vec<Arc<Object>>,
    /// What they were rendered from; `None` for stored objects.
    pub rendered: Option<Rendered>,
    /// The release, if the objects are those of one that Helm stored.
    pub release: Option<StoredRelease>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A release that Helm stored in a cluster.
#[derive(Clone, Debug)]
pub struct StoredRelease {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The number of its revision.
    pub revision: i64,
    /// The chart's name.
    pub chart: String,
    /// The chart's version.
    pub chart_version: String,
    /// The version of what the chart installs, if it says so.
    pub app_version: String,
    /// The chart's default values.
    pub defaults: Map,
    /// The values that the user gave.
    pub values: Map,
}

/// What the objects of a side were rendered from.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What was asked for, seed and clock included.
    pub request: Request,
    /// The chart and the user's values, to be rendered again.
    pub loaded: Loaded,
    /// Whether a template asked for randomness or the time.
    pub volatile: bool,
    /// The templates, partials included.
    pub sources: Vec<Source>,
}

impl Side {
    /// Opens a source. A chart is rendered as the request says; its `chart` is the source.
    ///
    /// The seed and the clock are fixed if the request leaves them open.
    ///
    /// # Errors
    /// When there is nothing of that name, when it is no chart and has no objects in YAML, and when the chart can't
    /// be rendered.
    pub fn open(source: &str, request: &Request) -> Result<Side> {
        let tree = &request.tree;
        if tree.look(source, &request.limits)? == Found::Folder {
            let metadata = format!("{}/Chart.yaml", source.trim_end_matches('/'));
            return match tree.look(&metadata, &request.limits) {
                Ok(Found::File) => chart::render(source, request),
                _ => stored::read_folder(source, request),
            };
        }
        let text = tree.read(source, &request.limits)?;
        if text.starts_with(GZIP) {
            return chart::render(source, request);
        }
        stored::read_text(source, &Str::from_bytes(text), request)
    }
}

/// A side on which there is nothing: the chart is new, or gone.
pub fn nothing(name: &str) -> Side {
    Side { name: name.to_string(), objects: Vec::new(), rendered: None, release: None, warnings: Vec::new() }
}

/// Leaves the hooks of a side out.
pub fn leave_out_hooks(side: &mut Side) {
    side.objects.retain(|object| object.role != Role::Hook);
}

/// Leaves out what a side has of `crds/`.
pub fn leave_out_definitions(side: &mut Side) {
    side.objects.retain(|object| object.role != Role::Definition);
}

/// Makes the sides comparable, if one holds a chart and the other stored objects, which don't say what came from
/// `crds/`. Where they hold no definition at all, those of the chart are left out, and it is said so: a render has
/// them only if asked to.
pub fn align(old: &mut Side, new: &mut Side) {
    fit(old, new);
    fit(new, old);
}

fn fit(chart: &mut Side, stored: &mut Side) {
    let own: HashSet<Identity> = chart
        .objects
        .iter()
        .filter(|object| object.role == Role::Definition)
        .map(|object| object.id.clone())
        .collect();
    let is_stored = stored.rendered.is_none() && stored.release.is_none() && !stored.objects.is_empty();
    if chart.rendered.is_none() || !is_stored || own.is_empty() {
        return;
    }
    if !stored.objects.iter().any(|object| own.contains(&object.id) || is_definition(object)) {
        leave_out_definitions(chart);
        chart.warnings.push(format!(
            "what is in crds/ of {} is not compared ({} objects): {} has no definitions (render with --include-crds \
             to have them)",
            chart.name,
            own.len(),
            stored.name
        ));
    }
    for object in stored.objects.iter_mut().filter(|object| own.contains(&object.id)) {
        *object = Arc::new(Object { role: Role::Definition, ..(**object).clone() });
    }
}

fn is_definition(object: &Object) -> bool {
    &*object.id.kind == "CustomResourceDefinition"
}

#[cfg(test)]
mod tests;
