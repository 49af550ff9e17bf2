//! The error of output that isn't YAML: which template line wrote it, and from which values.

use super::{Loaded, Request, trace_loaded};
use crate::diagnostic::{Error, Frame, Place};
use crate::manifest::{BadDocument, File};
use crate::template::Source;
use crate::trace::{EmissionId, Kind, Role, Trace, What};
use crate::yaml::Step;

/// So many values are named.
const MAX_VALUES: usize = 3;

/// The error. The render is made again to record who wrote what, unless it was recorded already.
pub(super) fn explain(
    bad: &BadDocument,
    files: &[File],
    sources: &[Source],
    (request, loaded): (&Request, &Loaded),
    recorded: Option<&Trace>,
) -> Error {
    let mut error = Error::new(bad.message()).hint("--debug prints the output as it is");
    let line = files.iter().find(|file| file.name == bad.source).and_then(|f| bad.line(f.text.as_bytes()));
    let mut again = Trace::default();
    let trace = recorded.unwrap_or_else(|| {
        // It ends with the same error; what was recorded until then is what is wanted.
        let _ = trace_loaded(request, loaded, &mut again);
        &again
    });
    // The reader often stumbles one line late.
    let near = line.into_iter().flat_map(|line| [line, line.saturating_sub(1), line + 1]);
    let written = |line: usize| trace.file(&bad.source).map(|file| file.writers(line));
    let writers = near.filter_map(written).find(|by| !by.is_empty()).unwrap_or_default();
    // Of all who wrote the line, one that wrote a value is to be looked at first.
    let is_value = |id: &&EmissionId| trace.emission(**id).is_some_and(|e| e.role == Role::Action);
    let writer = writers.iter().rev().find(is_value).or(writers.first());
    if let Some(&writer) = writer
        && let Some(emission) = trace.emission(writer)
        && let Some(place) = trace.place(emission.site)
    {
        error = error.at(place).note("this wrote the line that isn't YAML");
        for context in trace.contexts_of(emission.context) {
            let what = match &context.kind {
                Kind::Include(name) => format!("include {:?}", name.to_text()),
                Kind::Template(name) => format!("template {:?}", name.to_text()),
                Kind::Macro(name) => format!("macro {name}"),
                Kind::Tpl => "tpl".to_string(),
                _ => continue,
            };
            let site = context.by.and_then(|by| trace.emission(by)).map(|by| by.site);
            if let Some(place) = site.and_then(|site| trace.place(site)) {
                error = error.frame(Frame { what, place });
            }
        }
        for path in values(trace, writer) {
            if let Some(origin) = loaded.layers.origin(&loaded.chart, &path) {
                error = error.note(format!("it reads {}, set {}", path.join("."), origin.what));
            }
        }
    } else if let Some(source) = sources.iter().find(|source| source.name == bad.source) {
        error = error.at(Place::new(source.file.clone(), 0, 0));
    }
    error
}

/// The values that an emission read itself.
fn values(trace: &Trace, writer: EmissionId) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for source in trace.sources_of(writer) {
        let context = trace.emission(source).map(|emission| emission.context);
        for event in trace.events_of(source).iter().filter(|event| Some(event.context) == context) {
            let What::Get { map, key } = &event.what else { continue };
            let Some(around) = trace.maps.get(*map as usize).and_then(|paths| paths.first()) else {
                continue;
            };
            let text = |step: &Step| match step {
                Step::Key(key) => key.to_string(),
                Step::Index(index) => index.to_string(),
            };
            let path: Vec<String> = around.iter().map(text).chain([key.to_string()]).collect();
            // `image.tag` is read by way of `image`.
            found.retain(|known| !path.starts_with(known));
            if found.len() < MAX_VALUES && !found.contains(&path) {
                found.push(path);
            }
        }
    }
    found
}
