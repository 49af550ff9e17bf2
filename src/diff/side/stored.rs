//! Stored objects as a side: a YAML or JSON file, a folder of them, standard input.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Side;
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::manifest::hook;
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{order, split};
use crate::render::Request;
use crate::source::io_words;
use crate::value::Str;
use crate::values;

/// The ends of the names of files that hold objects.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Folders within folders: far more than stored objects have, and few enough for the stack.
const MAX_FOLDERS: usize = 64;

/// Reads stored objects.
pub(super) fn read(source: &str, request: &Request) -> Result<Side> {
    let limits = &request.limits;
    let namespace = &request.release.namespace;
    let mut objects = Vec::new();
    if source != "-" && fs::metadata(source).is_ok_and(|metadata| metadata.is_dir()) {
        for (name, text) in folder(Path::new(source), limits)? {
            add(&name.into(), &text, namespace, &mut objects)?;
        }
    } else {
        let text = Str::from_bytes(values::read_input(source, limits)?);
        let name = if source == "-" { "stdin" } else { source };
        add(&name.into(), &text, namespace, &mut objects)?;
    }
    Ok(Side { name: source.to_string(), objects: sorted(objects), rendered: None, warnings: Vec::new() })
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

/// The names and texts of a folder's files, and of those of folders within it, sorted.
fn folder(top: &Path, limits: &Limits) -> Result<Vec<(String, Str)>> {
    let mut walk = Walk { paths: Vec::new(), left: limits.chart_entries, limits };
    walk.folder(top, 0)?;
    let mut left = limits.chart_bytes;
    let mut files = Vec::new();
    for path in walk.paths {
        let name = path.to_string_lossy().into_owned();
        let text = values::read_input(&name, limits)?;
        left = left.checked_sub(text.len() as u64).ok_or_else(|| {
            let most = limits.chart_bytes;
            Error::new(format!("the files of {} are larger than the maximum size {most}", top.display()))
                .hint("--limit chart-bytes=… raises it")
        })?;
        files.push((name, Str::from_bytes(text)));
    }
    if files.is_empty() {
        return Err(Error::new(format!("{} holds neither a chart nor YAML files", top.display()))
            .hint("a chart is a folder with a Chart.yaml; stored objects are in files that end in .yaml, .yml or .json"));
    }
    Ok(files)
}

struct Walk<'a> {
    paths: Vec<PathBuf>,
    left: usize,
    limits: &'a Limits,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, depth: usize) -> Result<()> {
        let failed = |e: &std::io::Error| Error::new(format!("open {}: {}", path.display(), io_words(e)));
        if depth > MAX_FOLDERS {
            return Err(Error::new(format!(
                "folders are nested deeper than {MAX_FOLDERS}: {}",
                path.display()
            )));
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| failed(&e))? {
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                let most = self.limits.chart_entries;
                Error::new(format!("{} has more than {most} files and folders", path.display()))
                    .hint("--limit chart-entries=… raises it")
            })?;
            let entry = entry.map_err(|e| failed(&e))?;
            entries.push((entry.file_name(), entry.file_type().map_err(|e| failed(&e))?));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in entries {
            let path = path.join(&name);
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if kind.is_file() && holds_objects(&path) {
                self.paths.push(path);
            }
        }
        Ok(())
    }
}

fn holds_objects(path: &Path) -> bool {
    path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}
