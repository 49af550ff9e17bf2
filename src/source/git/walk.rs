//! The files of a chart in a revision, in Helm's order: as [`super::super::directory`] reads them from disk.

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use super::tree::{self, Found, Kind, Objects};
use crate::diagnostic::{Error, Result};
use crate::source::{BYTE_ORDER_MARK, Budget, File, Files, IGNORE_FILE, MAX_FOLDERS, Options, Rules, quote};
use crate::value::Str;

/// Reads the files of the chart in a folder.
pub(super) fn read(
    objects: &Objects,
    top: Found,
    shown: &str,
    options: &Options,
    budget: &mut Budget,
) -> Result<Files> {
    let rules = rules(objects, &top)?;
    let location = match shown.trim_end_matches('/') {
        root if root.ends_with(':') => root.into(),
        folder => format!("{folder}/").into(),
    };
    let mut walk =
        Walk { objects, options, budget, rules, root: top.path.clone(), open: Vec::new(), files: Vec::new() };
    walk.folder(top.id, top.path, "", 0)?;
    Ok(Files { location, files: walk.files })
}

fn rules(objects: &Objects, top: &Found) -> Result<Rules> {
    match objects.resolve(top.path.clone(), IGNORE_FILE)? {
        Some(found) if found.kind == Kind::File => {
            let shown = objects.shown(&found.path);
            let text = objects.blob(found.id, &shown, 1 << 20)?;
            Rules::parse(&text).map_err(|e| e.note(format!("in {shown}")))
        }
        _ => Ok(Rules::defaults()),
    }
}

struct Walk<'a> {
    objects: &'a Objects,
    options: &'a Options,
    budget: &'a mut Budget,
    rules: Rules,
    /// Where the chart is, links resolved.
    root: Vec<String>,
    /// The folders between the root and where the walk is, links resolved.
    open: Vec<Vec<String>>,
    files: Vec<File>,
}

impl Walk<'_> {
    /// Reads what is in a folder, which is called `name` in the chart and is at `path` with links resolved.
    fn folder(&mut self, id: ObjectId, path: Vec<String>, name: &str, depth: usize) -> Result<()> {
        if depth > MAX_FOLDERS {
            return Err(Error::new(format!(
                "folders are nested deeper than {MAX_FOLDERS} in the chart: {name}"
            )));
        }
        let entries = self.objects.entries(id, &path)?;
        self.open.push(path.clone());
        for entry in entries {
            self.budget.entry()?;
            let mut inner = path.clone();
            inner.push(entry.name.clone());
            let name = if name.is_empty() { entry.name.clone() } else { format!("{name}/{}", entry.name) };
            match entry.kind {
                EntryKind::Tree if !self.leaves_out(&name, true) => {
                    self.folder(entry.id, inner, &name, depth + 1)?;
                }
                EntryKind::Blob | EntryKind::BlobExecutable if !self.leaves_out(&name, false) => {
                    self.file(entry.id, &inner, name)?;
                }
                EntryKind::Link => self.link(&path, &entry.name, name, depth)?,
                EntryKind::Commit if !self.leaves_out(&name, true) => {
                    return Err(tree::submodule(&self.objects.shown(&inner)));
                }
                _ => {}
            }
        }
        self.open.pop();
        Ok(())
    }

    fn leaves_out(&self, name: &str, is_folder: bool) -> bool {
        self.rules.ignores(name, is_folder) || !self.options.wants(name, is_folder)
    }

    fn link(&mut self, folder: &[String], own: &str, name: String, depth: usize) -> Result<()> {
        let shown = || format!("{}/{own}", self.objects.shown(folder));
        let found = match self.objects.resolve(folder.to_vec(), own) {
            Ok(Some(found)) => found,
            // A link that is left out may lead anywhere.
            _ if self.leaves_out(&name, false) => return Ok(()),
            Ok(None) => {
                return Err(Error::new(format!(
                    "error evaluating symlink {}: no such file or directory",
                    shown()
                )));
            }
            Err(e) => return Err(e),
        };
        if self.leaves_out(&name, found.kind == Kind::Folder) {
            return Ok(());
        }
        if !self.options.allow_outside_symlinks && !found.path.starts_with(&self.root) {
            return Err(Error::new(format!(
                "symbolic link {} leaves the chart: it is not followed",
                shown()
            ))
            .hint(
                "if you trust the chart, --allow-outside-symlinks follows such links within the repository",
            ));
        }
        match found.kind {
            Kind::File => self.file(found.id, &found.path, name),
            Kind::Submodule => Err(tree::submodule(&shown())),
            Kind::Folder if self.open.contains(&found.path) => Err(Error::new(format!(
                "error evaluating symlink {}: it leads back to a folder that contains it",
                shown()
            ))),
            Kind::Folder => self.folder(found.id, found.path, &name, depth + 1),
        }
    }

    fn file(&mut self, id: ObjectId, path: &[String], name: String) -> Result<()> {
        let limit = self.budget.limits().file_bytes;
        let shown = self.objects.shown(path);
        if self.objects.size(id, &shown)? > limit {
            let own = quote(path.last().map_or("", String::as_str));
            return Err(Error::new(format!("chart file {own} is larger than the maximum file size {limit}")));
        }
        let data = self.objects.blob(id, &shown, limit)?;
        self.budget.bytes(data.len() as u64)?;
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&data);
        self.files.push(File { name: name.into(), data: Str::from_bytes(data) });
        Ok(())
    }
}
