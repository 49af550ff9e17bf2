//! Stored objects as a side: a YAML or JSON file, a folder of them, standard input.

use std::path::Path;
use std::sync::Arc;

use super::{Side, release};
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::manifest::hook;
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{order, split};
use crate::render::Request;
use crate::source::{Budget, Options};
use crate::value::Str;

/// The ends of the names of files that hold objects.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads stored objects: those of a folder.
pub(super) fn read_folder(source: &str, request: &Request) -> Result<Side> {
    let mut objects = Vec::new();
    folder(source, request, &mut objects)?;
    Ok(side(&request.tree.shown(source), objects))
}

/// Reads stored objects: those of a text.
pub(super) fn read_text(source: &str, text: &Str, request: &Request) -> Result<Side> {
    let mut objects = Vec::new();
    let name = if source == "-" { "stdin".to_string() } else { request.tree.shown(source) };
    add(&name.into(), text, &request.release.namespace, &mut objects)?;
    match release::read(source, &objects, request)? {
        Some(side) => Ok(side),
        None => Ok(side(&request.tree.shown(source), objects)),
    }
}

fn side(source: &str, objects: Vec<Object>) -> Side {
    Side {
        name: source.to_string(),
        objects: sorted(objects),
        rendered: None,
        release: None,
        warnings: Vec::new(),
    }
}

/// Adds the objects of a text. Hooks are told by their annotation.
pub(super) fn add(name: &Arc<str>, text: &Str, namespace: &str, objects: &mut Vec<Object>) -> Result<()> {
    let start = objects.len();
    for range in split::split(text.as_bytes()) {
        let document = Document { source: name, text: (text, range), role: Role::Object, namespace };
        object::read(&document, objects)?;
    }
    for object in objects.iter_mut().skip(start) {
        if object.at(&["metadata", "annotations", hook::ANNOTATION]).is_some() {
            object.role = Role::Hook;
        }
    }
    Ok(())
}

/// Objects in the order of installation, hooks behind them.
pub(super) fn sorted(mut objects: Vec<Object>) -> Vec<Arc<Object>> {
    let is_hook = |object: &Object| object.role == Role::Hook;
    objects.sort_by(|a, b| {
        is_hook(a).cmp(&is_hook(b)).then_with(|| order::compare_kinds(&a.id.kind, &b.id.kind))
    });
    objects.into_iter().map(Arc::new).collect()
}

/// Reads the objects of the files of a folder, and of those of folders within it.
fn folder(source: &str, request: &Request, objects: &mut Vec<Object>) -> Result<()> {
    let limits = &request.limits;
    let options = Options {
        allow_outside_symlinks: request.allow_outside_symlinks,
        only: Some(holds_objects),
        limits: Limits { file_bytes: limits.input_bytes, ..limits.clone() },
    };
    let mut files = request.tree.open(source, &options, &mut Budget::new(&options.limits))?;
    if files.files.is_empty() {
        // `kubectl diff` names files `apps.v1.Deployment.default.name`, without an end of their own; a folder of no
        // files is one in which nothing is there yet.
        let options = Options { only: Some(is_not_hidden), ..options };
        files = request.tree.open(source, &options, &mut Budget::new(&options.limits))?;
        files.files.retain(|file| is_named_by_kubectl(&file.name));
    }
    if files.files.is_empty() && !is_empty(source, request)? {
        return Err(Error::new(format!("{source} holds neither a chart nor YAML files")).hint(
            "a chart is a folder with a Chart.yaml; stored objects are in files that end in .yaml, .yml or .json",
        ));
    }
    for file in files.files {
        let name = format!("{}{}", files.location, file.name).into();
        add(&name, &file.data, &request.release.namespace, objects)?;
    }
    Ok(())
}

/// Whether a file has a name as `kubectl diff` gives it (`kubectl pkg/cmd/diff/diff.go: Name`): group, version, kind,
/// namespace and name, with dots.
fn is_named_by_kubectl(name: &str) -> bool {
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_kind = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let parts: Vec<&str> = name.split('.').collect();
    parts.array_windows().any(|[version, kind]| is_version(version) && is_kind(kind))
}

/// Whether a folder holds nothing at all.
fn is_empty(source: &str, request: &Request) -> Result<bool> {
    let options = Options { limits: request.limits.clone(), ..Options::default() };
    Ok(request.tree.open(source, &options, &mut Budget::new(&options.limits))?.files.is_empty())
}

fn is_not_hidden(name: &str, _: bool) -> bool {
    !name.rsplit('/').next().unwrap_or(name).starts_with('.')
}

/// Whether a file holds objects, by its name. Hidden folders are not looked into.
fn holds_objects(name: &str, is_folder: bool) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    !own.starts_with('.')
        && (is_folder
            || Path::new(own)
                .extension()
                .is_some_and(|end| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known))))
}
