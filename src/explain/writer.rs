//! Who wrote a line, for people: places, calls, functions.

use std::collections::HashSet;

use crate::diagnostic::Place;
use crate::trace::{Context, EmissionId, Kind, Role, Site, Trace};
use crate::value::Str;

use super::influence::ValuePath;
use super::reads::Reads;

/// What a chart's own values aren't: templates name it by these words.
const BUILT_IN: [&str; 6] = ["Release", "Chart", "Capabilities", "Files", "Template", "Subcharts"];
/// Characters of an expression that are shown.
const MAX_SHOWN: usize = 200;

/// A node of a template that wrote a line, or a part of it.
#[derive(Clone, Debug)]
pub struct Writer {
    /// What it did.
    pub role: Role,
    /// Where it stands.
    pub place: Place,
    /// How it is written there.
    pub code: String,
    /// The functions and filters it names.
    pub functions: Vec<Str>,
    /// The blocks and calls around it, the outermost first.
    pub calls: Vec<Call>,
    /// The values that it read, by variables as well.
    pub reads: Vec<ValuePath>,
    /// What else it names: `Release.Name`, `Chart.Version`.
    pub built_in: Vec<String>,
}

/// A block or a call on the way to a writer.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is: `include "gateway.labels"`, `if`, `range [http2]`.
    pub what: String,
    /// Whether it decides if what is in it is there: `if`, `with`, `range`.
    pub is_condition: bool,
    /// Where it stands.
    pub place: Place,
    /// How its condition, or the action that makes the call, is written.
    pub code: String,
    /// The functions and filters that it names.
    pub functions: Vec<Str>,
    /// The values that it read.
    pub reads: Vec<ValuePath>,
    /// What else it names.
    pub built_in: Vec<String>,
}

/// The writer that an emission was.
pub fn writer(trace: &Trace, reads: &Reads<'_>, id: EmissionId) -> Option<Writer> {
    let emission = trace.emission(id)?;
    let mut calls: Vec<Call> =
        trace.contexts_of(emission.context).filter_map(|context| call(trace, reads, context)).collect();
    calls.reverse();
    Some(Writer {
        role: emission.role,
        place: trace.place(emission.site)?,
        code: code(trace, emission.site),
        functions: emission.functions.to_vec(),
        calls,
        reads: read_by(trace, reads, id),
        built_in: built_in(trace, id),
    })
}

fn call(trace: &Trace, reads: &Reads<'_>, context: &Context) -> Option<Call> {
    let id = context.by?;
    let emission = trace.emission(id)?;
    let quoted = |name: &Str| format!("{:?}", name.to_text());
    let otherwise =
        |word: &str, otherwise: bool| if otherwise { format!("else of {word}") } else { word.to_string() };
    let (what, is_condition) = match &context.kind {
        Kind::File(_) => return None,
        Kind::If { otherwise: e } => (otherwise("if", *e), true),
        Kind::With { otherwise: e } => (otherwise("with", *e), true),
        Kind::Range(key) => (format!("range [{key}]"), true),
        Kind::Include(name) => (format!("include {}", quoted(name)), false),
        Kind::Template(name) => (format!("template {}", quoted(name)), false),
        Kind::Tpl => ("tpl".to_string(), false),
        Kind::Macro(name) => (format!("macro {name}"), false),
        Kind::Block(name) => (format!("block {name}"), false),
        Kind::Set(names) => (format!("set {names}"), false),
        Kind::Filter(filters) => (format!("filter {filters}"), false),
    };
    Some(Call {
        what,
        is_condition,
        place: trace.place(emission.site)?,
        code: code(trace, emission.site),
        functions: emission.functions.to_vec(),
        reads: read_by(trace, reads, id),
        built_in: built_in(trace, id),
    })
}

/// The values that an emission read, and those that gave the variables it read their values.
fn read_by(trace: &Trace, reads: &Reads<'_>, id: EmissionId) -> Vec<ValuePath> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for source in trace.sources_of(id) {
        for path in reads.of(source) {
            if known.insert(path.clone()) {
                found.push(path);
            }
        }
    }
    found
}

/// The text of a node, on one line.
fn code(trace: &Trace, site: Site) -> String {
    let text = text_of(trace, site);
    let mut shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if shown.chars().count() > MAX_SHOWN {
        shown = shown.chars().take(MAX_SHOWN - 1).chain(['…']).collect();
    }
    shown
}

fn text_of(trace: &Trace, site: Site) -> std::borrow::Cow<'_, str> {
    let bytes = trace.texts.get(site.text as usize).map(|text| text.text.as_bytes());
    let bytes = bytes.and_then(|bytes| bytes.get(site.start as usize..site.end as usize));
    String::from_utf8_lossy(bytes.unwrap_or_default())
}

/// What a node names besides values, by the words in its text and in those of its variables.
fn built_in(trace: &Trace, id: EmissionId) -> Vec<String> {
    let mut found = Vec::new();
    for source in trace.sources_of(id) {
        let Some(emission) = trace.emission(source).filter(|emission| emission.role != Role::Text) else {
            continue;
        };
        for name in names(&text_of(trace, emission.site)) {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// Chains like `Release.Name` in an expression, strings left out.
fn names(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let mut quote = None;
    let mut word = String::new();
    for c in code.chars().chain([' ']) {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if is_name(c) => {
                word.push(c);
                continue;
            }
            None => {}
        }
        let parts: Vec<&str> = word.split('.').filter(|part| !part.is_empty()).collect();
        if let Some(start) = parts.iter().position(|part| BUILT_IN.contains(part))
            && parts.len() > start + 1
        {
            found.push(parts.get(start..).unwrap_or_default().join("."));
        }
        word.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names_are_found_in_both_languages() {
        assert_eq!(names("include \"x.Release.y\" $.Release.Name | quote"), ["Release.Name"]);
        assert_eq!(names(".root.Chart.AppVersion"), ["Chart.AppVersion"]);
        assert_eq!(names("Release.Name ~ '-' ~ Values.Release"), ["Release.Name"]);
        assert_eq!(names("(.Files.Glob \"a\").AsConfig"), ["Files.Glob"]);
        assert!(names("Release and Values.x").is_empty());
    }
}
