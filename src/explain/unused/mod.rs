//! Values that nobody reads, and values that are read and set by nobody.
//!
//! 1. [`leaves`]: what did the user set, and where?
//! 2. [`crate::template::mentions`]: what do the templates name, in any configuration? Conditions, tags, imports
//!    and schemas of charts count as well ([`charts`]).
//! 3. [`reads`]: what was read in this render?
//! 4. [`trial`]: what the templates don't name is taken away and changed; what then moves the output is used.
//! 5. [`suggest`]: what may have been meant?
//! 6. [`slips`]: what is taken only with a whole map, has no effect and is nearly another name?

mod charts;
mod leaves;
mod reads;
mod report;
mod slips;
mod suggest;
mod trial;

use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::explain::influence::path;
use crate::render::{self, Loaded, Request};
use crate::template::mentions;
use crate::trace::Trace;
use crate::values;
use crate::yaml::Step;

use self::charts::{Member, Reader};
use self::leaves::Owners;
use self::reads::{Read, Reads};
use self::slips::Suspect;
pub use self::suggest::{Reason, Suggestion};

/// The way to a value, from the outermost chart's values on.
pub type ValuePath = Vec<Step>;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often the chart may be rendered to see what values change that nothing names.
    pub renders: usize,
    /// The same, for values that templates name and that were read with all others.
    pub idle_renders: usize,
    /// Whether values are looked for that templates name and this render doesn't read, which takes more renders.
    pub idle: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { renders: 24, idle_renders: 12, idle: true }
    }
}

/// Which of the user's values matter.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Values that nothing names: they matter in no configuration.
    pub unused: Vec<Unused>,
    /// Values that templates name, but which weren't read in this render. None are told if the render failed.
    pub idle: Vec<Idle>,
    /// How many values are left, which are used.
    pub used: usize,
    /// Values that templates read in this render, and nobody set.
    pub missing: Vec<Missing>,
    /// Why the chart couldn't be rendered, if so: then only the texts of the templates told.
    pub failure: Option<Error>,
    /// Whether a bound was met: then there may be more unused values.
    pub cut: bool,
}

/// Where a value was set.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The values file or the flag.
    pub layer: String,
    /// The place in the file.
    pub place: Option<Place>,
}

/// A value that nothing names, or a map of such.
#[derive(Clone, Debug)]
pub struct Unused {
    /// Its path.
    pub path: ValuePath,
    /// How many values it holds; one, if it is none that holds others.
    pub leaves: usize,
    /// Where it was set.
    pub origin: Origin,
    /// What may have been meant.
    pub suggestion: Option<Suggestion>,
    /// Whether a template may take it together with all that is in the map around it, in this configuration or
    /// another. Then only its name tells that it is a slip, and there is a suggestion.
    pub by_name_only: bool,
    /// Whether renders without it showed that it changes nothing. They don't if the chart doesn't render, or prints
    /// all its values.
    pub is_tried: bool,
}

/// A value that wasn't read, though templates name it.
#[derive(Clone, Debug)]
pub struct Idle {
    /// Its path.
    pub path: ValuePath,
    /// Where it was set.
    pub origin: Origin,
    /// The places that name it.
    pub places: Vec<Place>,
    /// The chart that would read it, if that is disabled.
    pub disabled: Option<String>,
}

/// A value that was read and that nobody set.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its path.
    pub path: ValuePath,
    /// Where it was read.
    pub places: Vec<Place>,
    /// Whether it was only asked whether it is there, or had a default at hand.
    pub optional: bool,
}

/// Finds the user's values that have no use with this chart, and what it reads that nobody set.
///
/// # Errors
/// When the chart's dependencies and values don't go together at all. A render that fails is told in the report.
pub fn find(request: &Request, loaded: &Loaded, options: Options) -> Result<Report> {
    let Loaded { chart, layers } = loaded;
    let members = charts::members(chart);
    let mentions = look(request, loaded, &members)?;
    let readers = charts::readers(&members);
    let mut report = Report { cut: mentions.cut, ..Report::default() };

    let leaves = leaves::of_map(&layers.values);
    report.cut |= leaves.len() >= leaves::MAX_LEAVES;
    let is_named =
        |path: &[Step]| mentions.cut || mentions.has(path) || readers.iter().any(|r| r.reads(path));
    let (named, unnamed): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|path| is_named(path));

    // A schema that refuses an unknown name says less about it than this.
    let lenient = Request { skip_schema_validation: true, ..request.clone() };
    let mut trace = Trace::default();
    let rendered = render::trace_loaded(&lenient, loaded, &mut trace);
    let prepared = values::prepare(chart, layers, true, &request.limits, &mut Vec::new())?;
    report.failure = rendered.err().map(|failure| failure.error);

    let without_effect = match &report.failure {
        Some(_) => unnamed,
        None => {
            let total = unnamed.len();
            let found = trial::without_effect(request, loaded, unnamed, options.renders);
            report.cut |= found.cut;
            report.used += total - found.paths.len();
            found.paths
        }
    };
    let owners = Owners::new(layers);
    report.unused = grouped(without_effect, &is_named, report.failure.is_none());
    let paths: Vec<ValuePath> = report.unused.iter().map(|unused| unused.path.clone()).collect();
    let known = suggest::Known::new(&members, &mentions, &readers, &layers.values);
    for (unused, origin) in report.unused.iter_mut().zip(owners.origins(&paths)) {
        unused.suggestion = known.suggest(&unused.path, path::at(&layers.values, &unused.path).as_ref());
        unused.origin = origin;
    }

    let reads = Reads::new(&trace);
    let suspects = slips::suspects(&named, &members, &mentions, &known, &layers.values);
    let tops: Vec<ValuePath> = suspects.iter().map(|suspect| suspect.path.clone()).collect();
    let tried = match &report.failure {
        Some(_) => Vec::new(),
        None => trial::without_effect(request, loaded, tops, options.idle_renders).paths,
    };
    let is_tried = |path: &ValuePath| tried.contains(path);
    // A slip may well be why the chart doesn't render.
    let fails = report.failure.is_some();
    let is_slip = |one: &Suspect| one.is_sure || (fails && one.is_beside) || is_tried(&one.path);
    let suspects: Vec<Suspect> = suspects.into_iter().filter(is_slip).collect();
    let slips: Vec<ValuePath> = suspects.iter().map(|suspect| suspect.path.clone()).collect();
    let (slipped, named): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|path| slips.iter().any(|slip| path.starts_with(slip)));
    let origins = owners.origins(&slips);
    for (Suspect { path, suggestion, .. }, origin) in suspects.into_iter().zip(origins) {
        let leaves = slipped.iter().filter(|leaf| leaf.starts_with(&path)).count();
        let (suggestion, is_tried) = (Some(suggestion), is_tried(&path));
        report.unused.push(Unused { path, leaves, origin, suggestion, by_name_only: true, is_tried });
    }
    let (mut idle, mut copied) = (Vec::new(), Vec::new());
    let total = named.len();
    for path in named {
        if !options.idle || report.failure.is_some() || readers.iter().any(|r| r.reads(&path)) {
            continue;
        }
        match reads.of(&path) {
            Read::Key => {}
            Read::Whole => copied.push(path),
            Read::Not => idle.push(path),
        }
    }
    idle.extend(trial::without_effect(request, loaded, copied, options.idle_renders).paths);
    idle.sort_by_key(|path| path::show(path));
    report.used += total - idle.len();
    report.idle = (owners.origins(&idle).into_iter().zip(idle))
        .map(|(origin, path)| {
            let places = mentions.of(&path);
            let disabled = disabled(&members, &prepared.chart, &path);
            Idle { path, origin, places, disabled }
        })
        .collect();
    if report.failure.is_none() {
        report.missing = reads.missing(&trace, &prepared.values);
        report.cut |= trace.cut;
    }
    Ok(report)
}

impl Reader {
    fn reads(&self, path: &[Step]) -> bool {
        self.path.starts_with(path) || (self.whole && path.starts_with(&self.path))
    }
}

/// The static look at all charts, with all texts among defaults and the user's values.
fn look(request: &Request, loaded: &Loaded, members: &[Member<'_>]) -> Result<mentions::Mentions> {
    let mut texts = Vec::new();
    leaves::texts(&loaded.layers.values, &[], &mut texts);
    for member in members {
        leaves::texts(&member.chart.values, &member.path, &mut texts);
    }
    Ok(mentions::look(&charts::templates(members, request), &texts))
}

/// The values, those that are all that is in a map as one.
fn grouped(paths: Vec<ValuePath>, is_named: &dyn Fn(&[Step]) -> bool, is_tried: bool) -> Vec<Unused> {
    let mut found: Vec<Unused> = Vec::new();
    for path in paths {
        let end = (1..path.len()).find(|&end| !is_named(&path[..end])).unwrap_or(path.len());
        let top = path[..end].to_vec();
        match found.last_mut() {
            Some(last) if last.path == top => last.leaves += 1,
            _ => {
                let origin = Origin { layer: String::new(), place: None };
                let suggestion = None;
                found.push(Unused {
                    path: top,
                    leaves: 1,
                    origin,
                    suggestion,
                    by_name_only: false,
                    is_tried,
                });
            }
        }
    }
    found
}

/// The name of the chart that a value is of, if that takes no part.
fn disabled(members: &[Member<'_>], chart: &crate::chart::Chart, path: &[Step]) -> Option<String> {
    let is_of = |member: &&Member<'_>| {
        !member.path.is_empty()
            && path.len() > member.path.len()
            && member.path.iter().zip(path).all(|(key, step)| matches!(step, Step::Key(k) if k == key))
    };
    let mut owners: Vec<&Member<'_>> = members.iter().filter(is_of).collect();
    owners.sort_by_key(|member| member.path.len());
    let takes_part = |member: &&&Member<'_>| {
        let mut at = chart;
        for key in &member.path {
            match at.dependencies.iter().find(|d| d.name().as_bytes() == key.as_bytes()) {
                Some(inner) => at = inner,
                None => return false,
            }
        }
        true
    };
    let member = owners.iter().find(|member| !takes_part(member))?;
    Some(member.path.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}

impl Unused {
    /// What is to say of the value.
    pub fn words(&self) -> &'static str {
        match (self.by_name_only, self.is_tried) {
            (false, _) => "is used by no template of the chart",
            (true, true) => "changes nothing, and its name looks like a slip",
            (true, false) => "looks like a slip in the name",
        }
    }

    /// The value as a warning: where it was set, and what may have been meant.
    pub fn warning(&self) -> Diagnostic {
        let what =
            if self.leaves > 1 { format!(" (with the {} values in it)", self.leaves) } else { String::new() };
        let by = match &self.origin.place {
            Some(_) => String::new(),
            None => format!(", set by {},", self.origin.layer),
        };
        let message = format!("{}{what}{by} {}", path::show(&self.path), self.words());
        let hint = self.suggestion.as_ref().map(|suggestion| suggestion.hint().into());
        Diagnostic { message, place: self.origin.place.clone(), hint, ..Diagnostic::default() }
    }
}
