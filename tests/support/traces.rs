//! What a recorded render says of each line, as text for snapshots.

use std::fmt::Write;
use std::path::Path;

use torii::render::{self, Request};
use torii::trace::{Context, EmissionId, Kind, Rendered, Role, Trace, What};
use torii::yaml::Step;

/// Renders a chart in the project's folder, plainly and recorded: the outcome must be the same.
pub fn traced(chart: &str, change: impl FnOnce(&mut Request)) -> Trace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut request = Request::new(root.join(chart).display().to_string(), "demo");
    request.seed = Some("0".into());
    request.now = Some("2026-01-01T00:00:00Z".parse().unwrap());
    change(&mut request);
    let loaded = render::load(&request, &mut Vec::new()).unwrap();
    let mut trace = Trace::default();
    let plain = outcome(render::render_loaded(&request, &loaded));
    assert_eq!(plain, outcome(render::trace_loaded(&request, &loaded, &mut trace)));
    trace
}

fn outcome(result: Result<render::Output, render::Failure>) -> String {
    match result {
        Ok(output) => format!("{:?}{:?}{:?}", output.manifests, output.notes, output.warnings),
        Err(failure) => format!("{:?}", failure.error.diagnostic()),
    }
}

/// Each line of a file that isn't blank, then who wrote it: where, which functions, and the contexts around, the
/// innermost first.
pub fn lines(trace: &Trace, file: &Rendered) -> String {
    let mut out = String::new();
    let mut start = 0;
    for line in file.text.to_text().split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        if line.trim().is_empty() {
            continue;
        }
        let writers: Vec<String> =
            file.record.writers(file.text.as_bytes(), range).iter().map(|&by| writer(trace, by)).collect();
        let _ = writeln!(out, "{}", line.trim_end());
        for writer in writers {
            let _ = writeln!(out, "        | {writer}");
        }
    }
    out
}

fn writer(trace: &Trace, id: EmissionId) -> String {
    let emission = trace.emission(id).unwrap();
    let mut out = told(trace, id, false);
    for context in trace.contexts_of(emission.context) {
        if !matches!(context.kind, Kind::File(_)) {
            let _ = write!(out, " < {}", block(trace, context));
        }
    }
    out
}

/// Where an emission stands, what it is, and what it read.
fn told(trace: &Trace, id: EmissionId, whole: bool) -> String {
    let emission = trace.emission(id).unwrap();
    let place = trace.place(emission.site).unwrap();
    let name = place.file.rsplit('/').next().unwrap();
    let role = match emission.role {
        Role::Text => "text",
        Role::Action => "action",
        Role::Assign => "assign",
        Role::Control => "control",
    };
    let mut out = format!("{name}:{} {role}", place.line);
    let functions: Vec<_> = emission.functions.iter().map(|name| name.to_text()).collect();
    if !functions.is_empty() {
        let _ = write!(out, " ({})", functions.join(" "));
    }
    let reads = reads(trace, id, whole);
    if !reads.is_empty() {
        let _ = write!(out, " [{}]", reads.join(" "));
    }
    out
}

/// The values that were read for a range of a file: by who wrote it, and by the blocks and calls around.
#[allow(dead_code)]
pub fn reads_of_line(trace: &Trace, file: &Rendered, range: std::ops::Range<usize>) -> Vec<String> {
    let writers = file.record.writers(file.text.as_bytes(), range);
    let around = writers.iter().flat_map(|&id| trace.contexts_of(trace.emission(id).unwrap().context));
    let blocks = around.filter_map(|context| Some((context.by?, is_condition(context))));
    let all = writers.iter().map(|&id| (id, false)).chain(blocks);
    all.flat_map(|(id, whole)| reads(trace, id, whole)).collect()
}

/// Whether a context depends on all that its emission read, that of templates that it called included.
fn is_condition(context: &Context) -> bool {
    matches!(context.kind, Kind::If { .. } | Kind::With { .. } | Kind::Range(_))
}

/// The values that an emission read itself or by variables; if `whole`, so did templates that it called.
pub fn reads(trace: &Trace, id: EmissionId, whole: bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in trace.sources_of(id) {
        let emission = trace.emission(source).unwrap();
        let whole = emission.role == Role::Assign || (whole && source == id);
        for event in trace.events_of(source).iter().filter(|e| whole || e.context == emission.context) {
            let (map, key) = match &event.what {
                What::Get { map, key } => (*map, key.to_text().into_owned()),
                What::Whole { map } => (*map, "*".into()),
                What::Size { map } => (*map, "#".into()),
                What::Write { map, key } => {
                    (*map, format!("={}", key.as_ref().map(|key| key.to_text()).unwrap_or_default()))
                }
                What::Replace { .. } | What::Variable(_) => continue,
            };
            let path = trace.maps[map as usize].first().unwrap();
            let mut read = String::new();
            for step in path.iter() {
                match step {
                    Step::Key(key) => read.push_str(&key.to_text()),
                    Step::Index(index) => {
                        let _ = write!(read, "{index}");
                    }
                }
                read.push('.');
            }
            read.push_str(&key);
            if !found.contains(&read) {
                found.push(read);
            }
        }
    }
    found
}

fn block(trace: &Trace, context: &Context) -> String {
    let kind = match &context.kind {
        Kind::File(name) => format!("file {}", name.to_text()),
        Kind::If { otherwise: false } => "if".into(),
        Kind::With { otherwise: false } => "with".into(),
        Kind::If { .. } | Kind::With { .. } => "else".into(),
        Kind::Range(key) => format!("turn {}", key.to_text()),
        Kind::Include(name) => format!("include {}", name.to_text()),
        Kind::Template(name) => format!("template {}", name.to_text()),
        Kind::Tpl => "tpl".into(),
        Kind::Macro(name) => format!("macro {}", name.to_text()),
        Kind::Block(name) => format!("block {}", name.to_text()),
        Kind::Set(names) => format!("set {}", names.to_text()),
        Kind::Filter(filters) => format!("filter {}", filters.to_text()),
    };
    match context.by {
        Some(by) => format!("{kind} by {}", told(trace, by, is_condition(context))),
        None => kind,
    }
}
