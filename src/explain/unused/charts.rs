//! The charts of a chart, those that a condition disables included, with what their manifests read of the values.

use crate::chart::{Chart, Dependency};
use crate::functions::semver;
use crate::render::Request;
use crate::source::path;
use crate::template::{Language, Source, mentions};
use crate::value::{Map, Str, Value};
use crate::yaml::Step;

/// So many charts are looked at.
const MAX_CHARTS: usize = 2_000;

/// A chart, and where its values are.
pub(super) struct Member<'c> {
    pub chart: &'c Chart,
    /// Where its values are, from the outermost chart's on.
    pub path: Vec<Str>,
    pub parent: Option<usize>,
    /// Its path as Helm has it: `umbrella/charts/sub`.
    full_path: String,
}

/// The chart and all within it, under the names by which their values are found; the outermost first.
pub(super) fn members(chart: &Chart) -> Vec<Member<'_>> {
    let mut all = vec![Member { chart, path: Vec::new(), parent: None, full_path: chart.name().to_string() }];
    let mut next = 0;
    while let Some(member) = all.get(next) {
        let (chart, path, full_path) = (member.chart, member.path.clone(), member.full_path.clone());
        for (child, name) in named(chart) {
            if all.len() >= MAX_CHARTS {
                return all;
            }
            let path = path.iter().cloned().chain([Str::from(name)]).collect();
            let full_path = format!("{full_path}/charts/{name}");
            all.push(Member { chart: child, path, parent: Some(next), full_path });
        }
        next += 1;
    }
    all
}

/// The charts right within one, by the names or aliases with which they take part.
fn named(chart: &Chart) -> Vec<(&Chart, &str)> {
    let fits = |child: &Chart, listed: &Dependency| {
        child.name() == listed.name
            && semver::satisfies(&child.metadata.version, &listed.version).unwrap_or(false)
    };
    let mut found = Vec::new();
    for child in &chart.dependencies {
        let mut is_listed = false;
        for listed in chart.metadata.dependencies.iter().filter(|listed| fits(child, listed)) {
            is_listed = true;
            let name = if listed.alias.is_empty() { child.name() } else { &listed.alias };
            found.push((child, name));
        }
        if !is_listed {
            found.push((child, child.name()));
        }
    }
    found
}

/// The charts as the static look takes them.
pub(super) fn templates(members: &[Member<'_>], request: &Request) -> Vec<mentions::Chart> {
    members.iter().map(|member| member.templates(request.go_templates)).collect()
}

impl Member<'_> {
    fn templates(&self, go_only: bool) -> mentions::Chart {
        let chart = self.chart;
        let base_path: std::sync::Arc<str> = path::clean(&format!("{}/templates", self.full_path)).into();
        let source = |file: &crate::chart::File| {
            let (name, language) = match file.name.strip_suffix(".j2") {
                Some(stripped) if !go_only => (stripped, Language::Jinja),
                _ => (&*file.name, Language::Go),
            };
            Source {
                name: path::clean(&format!("{}/{name}", self.full_path)).into(),
                file: chart.display_path(&file.name).into(),
                base_path: base_path.clone(),
                text: file.data.clone(),
                language,
            }
        };
        let may_be_template = |file: &&crate::chart::File| {
            let documents = [".md", ".gotmpl", "values.yaml", ".schema.json"];
            !documents.iter().any(|end| file.name.ends_with(end))
                && is_template(&file.data)
                && memchr::memmem::find(file.data.as_bytes(), b"Values").is_some()
        };
        mentions::Chart {
            path: self.path.clone(),
            name: self.path.last().cloned().unwrap_or_else(|| chart.name().into()),
            parent: self.parent,
            base_path: base_path.clone(),
            sources: chart.templates.iter().map(source).collect(),
            is_library: chart.is_library(),
            files: chart.files.iter().filter(may_be_template).map(|file| file.data.clone()).collect(),
        }
    }

    /// Its place in the values, followed by more keys.
    fn steps(&self, keys: &str) -> Vec<Step> {
        let own = self.path.iter().cloned().map(Step::Key);
        own.chain(keys.split('.').map(Step::key)).collect()
    }
}

/// Whether a text may hold template code.
pub(super) fn is_template(text: &Str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"{{").is_some()
        || memchr::memmem::find(text.as_bytes(), b"{%").is_some()
}

/// A value that something else than a template reads.
pub(super) struct Reader {
    /// The path of the value.
    pub path: Vec<Step>,
    /// Whether all within it is read, too.
    pub whole: bool,
}

/// What conditions, tags, imports and schemas of charts read.
pub(super) fn readers(members: &[Member<'_>]) -> Vec<Reader> {
    let mut found = Vec::new();
    for (index, member) in members.iter().enumerate() {
        for dependency in &member.chart.metadata.dependencies {
            let name = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            let mut add = |path: Vec<Step>, whole| found.push(Reader { path, whole });
            for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
                add(member.steps(condition), false);
            }
            // Tags are those of the outermost chart.
            for tag in &dependency.tags {
                add(vec![Step::key("tags"), Step::key(tag.as_str())], false);
            }
            for import in &dependency.import_values {
                let child = match import {
                    Value::String(export) => format!("exports.{export}"),
                    Value::Map(pair) => match pair.get("child") {
                        Some(Value::String(child)) => child.to_string(),
                        _ => continue,
                    },
                    _ => continue,
                };
                add(member.steps(&format!("{name}.{child}")), true);
            }
        }
        if let Some(schema) = member.schema() {
            let mut paths = Vec::new();
            conditions(&schema, &mut Vec::new(), false, 40, &mut paths);
            for keys in paths {
                let own = member.path.iter().chain(&keys).cloned().map(Step::Key).collect();
                found.push(Reader { path: own, whole: false });
            }
        }
        if index >= MAX_CHARTS {
            break;
        }
    }
    found
}

/// So many paths are taken of a schema.
const MAX_PATHS: usize = 20_000;

impl Member<'_> {
    fn schema(&self) -> Option<Map> {
        let text = self.chart.schema.as_ref()?;
        match crate::json::decode(text.as_bytes()).ok()? {
            Value::Map(schema) => Some(schema),
            _ => None,
        }
    }

    /// The keys that its schema knows, by their paths within its values.
    pub fn schema_keys(&self) -> Vec<Vec<Str>> {
        let mut found = Vec::new();
        if let Some(schema) = self.schema() {
            properties(&schema, &mut Vec::new(), 40, &mut found);
        }
        found
    }
}

/// The paths of what a schema requires, and of what its conditions ask for.
fn conditions(schema: &Map, at: &mut Vec<Str>, asks: bool, depth: usize, found: &mut Vec<Vec<Str>>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if found.len() >= MAX_PATHS {
        return;
    }
    for (key, value) in schema.entries() {
        match (key.as_str().unwrap_or_default(), &value) {
            ("required", Value::List(names)) => {
                for name in names.items() {
                    if let Value::String(name) = name {
                        found.push(at.iter().cloned().chain([name]).collect());
                    }
                }
            }
            ("properties", Value::Map(properties)) => {
                for (name, inner) in properties.entries() {
                    at.push(name);
                    if asks {
                        found.push(at.clone());
                    }
                    if let Value::Map(inner) = &inner {
                        conditions(inner, at, asks, depth, found);
                    }
                    at.pop();
                }
            }
            ("if" | "not", Value::Map(inner)) => conditions(inner, at, true, depth, found),
            ("then" | "else", Value::Map(inner)) => conditions(inner, at, asks, depth, found),
            ("allOf" | "anyOf" | "oneOf", Value::List(all)) => {
                for inner in all.items() {
                    if let Value::Map(inner) = &inner {
                        conditions(inner, at, asks, depth, found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn properties(schema: &Map, at: &mut Vec<Str>, depth: usize, found: &mut Vec<Vec<Str>>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if let Some(Value::Map(all)) = schema.get("properties") {
        for (name, inner) in all.entries() {
            if found.len() >= MAX_PATHS {
                return;
            }
            at.push(name);
            found.push(at.clone());
            if let Value::Map(inner) = &inner {
                properties(inner, at, depth, found);
            }
            at.pop();
        }
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::List(all)) = schema.get(word) {
            for inner in all.items() {
                if let Value::Map(inner) = &inner {
                    properties(inner, at, depth, found);
                }
            }
        }
    }
}
