//! Folders, files and links of a revision.

use std::cell::Cell;

use gix::bstr::{BStr, ByteSlice};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind;
use gix::validate::path::component;
use gix::{ObjectId, ThreadSafeRepository};

use super::open::{OBJECT_BYTES, words};
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;

/// Bytes of all folders that are looked at for one chart, those counted again that are looked at again.
const FOLDER_BYTES: u64 = 1 << 30;

/// Links followed on the way to one file: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Bytes of the target of a link: the longest path that Linux takes.
const LINK_BYTES: u64 = 4096;

/// How every pointer to a file in Git LFS begins (its specification, version 1).
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A commit of another repository.
    Submodule,
}

/// An entry of a folder.
pub(super) struct Entry {
    pub name: String,
    pub kind: EntryKind,
    pub id: ObjectId,
}

/// What a path leads to, links followed.
pub(super) struct Found {
    pub kind: Kind,
    pub id: ObjectId,
    /// The names of the folders from the top on, and its own.
    pub path: Vec<String>,
}

/// The objects of a revision.
pub(super) struct Objects {
    repository: gix::Repository,
    top: ObjectId,
    revision: String,
    /// Bytes of folders that may still be read.
    left: Cell<u64>,
}

impl Objects {
    pub fn new(repository: &ThreadSafeRepository, top: ObjectId, revision: &str) -> Objects {
        Objects {
            repository: repository.to_thread_local(),
            top,
            revision: revision.to_string(),
            left: Cell::new(FOLDER_BYTES),
        }
    }

    pub fn shown(&self, path: &[String]) -> String {
        format!("{}:{}", self.revision, path.join("/"))
    }

    /// Finds what is at a path from the top on, following links, that of the last name included.
    pub fn find(&self, path: &str) -> Result<Option<Found>> {
        self.resolve(Vec::new(), path)
    }

    /// Follows a path from a folder on.
    pub fn resolve(&self, folder: Vec<String>, path: &str) -> Result<Option<Found>> {
        let mut links = 0;
        // The way so far, with the id of each folder on it.
        let mut way: Vec<(String, ObjectId)> = Vec::new();
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_string).collect();
        rest.extend(folder.into_iter().rev());
        while let Some(name) = rest.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    if way.pop().is_none() {
                        return Err(self.leaves(path));
                    }
                    continue;
                }
                _ => {}
            }
            let parent = way.last().map_or(self.top, |(_, id)| *id);
            let Some(entry) = self.entry(parent, &name)? else { return Ok(None) };
            match entry.kind {
                EntryKind::Tree => way.push((name, entry.id)),
                EntryKind::Link => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Error::new(format!(
                            "{}:{path}: too many levels of symbolic links",
                            self.revision
                        )));
                    }
                    let target = self.target(entry.id, path)?;
                    rest.extend(target.split('/').rev().map(str::to_string));
                }
                kind => {
                    if rest.iter().any(|name| !matches!(name.as_str(), "" | ".")) {
                        return Ok(None);
                    }
                    let kind = if kind == EntryKind::Commit { Kind::Submodule } else { Kind::File };
                    let path = way.into_iter().map(|(name, _)| name).chain([name]).collect();
                    return Ok(Some(Found { kind, id: entry.id, path }));
                }
            }
        }
        let id = way.last().map_or(self.top, |(_, id)| *id);
        Ok(Some(Found { kind: Kind::Folder, id, path: way.into_iter().map(|(name, _)| name).collect() }))
    }

    /// The target of a link.
    pub fn target(&self, id: ObjectId, shown: &str) -> Result<String> {
        let target = self.blob(id, &format!("the link {}:{shown}", self.revision), LINK_BYTES)?;
        match String::from_utf8(target) {
            Ok(target) if !target.starts_with('/') && !target.contains(['\\', '\0']) => Ok(target),
            _ => Err(self.leaves(shown)),
        }
    }

    fn leaves(&self, path: &str) -> Error {
        Error::new(format!(
            "symbolic link {}:{path} leaves the repository: it is not followed",
            self.revision
        ))
    }

    fn entry(&self, folder: ObjectId, name: &str) -> Result<Option<Entry>> {
        let data = self.tree(folder)?;
        for entry in TreeRefIter::from_bytes(&data, self.repository.object_hash()) {
            let entry = entry.map_err(|e| self.broken(folder, &e))?;
            if entry.filename == name.as_bytes().as_bstr() {
                return self.checked(entry.filename, entry.mode.kind(), entry.oid.into()).map(Some);
            }
        }
        Ok(None)
    }

    /// The entries of a folder, sorted by name as those of a folder on disk are.
    pub fn entries(&self, folder: ObjectId, path: &[String]) -> Result<Vec<Entry>> {
        let data = self.tree(folder)?;
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(&data, self.repository.object_hash()) {
            let entry = entry.map_err(|e| self.broken(folder, &e))?;
            let checked = self.checked(entry.filename, entry.mode.kind(), entry.oid.into());
            entries.push(checked.map_err(|e| e.note(format!("in {}", self.shown(path))))?);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some([twice, _]) = entries.array_windows().find(|[a, b]| a.name == b.name) {
            return Err(Error::new(format!("{} has two entries named {:?}", self.shown(path), twice.name)));
        }
        Ok(entries)
    }

    /// Refuses names that git itself would not check out.
    fn checked(&self, name: &BStr, kind: EntryKind, id: ObjectId) -> Result<Entry> {
        let options = component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
        let mode = (kind == EntryKind::Link).then_some(component::Mode::Symlink);
        match (gix::validate::path::component(name, mode, options), name.to_str()) {
            (Ok(_), Ok(text)) if !text.contains('\0') => Ok(Entry { name: text.to_string(), kind, id }),
            (Ok(_), _) => Ok(Entry { name: name.to_str_lossy().into_owned(), kind, id }),
            (Err(e), _) => Err(Error::new(format!(
                "revision {} has an entry named {:?}, which git does not check out",
                self.revision,
                name.to_str_lossy()
            ))
            .note(e.to_string())),
        }
    }

    /// The bytes of a folder.
    fn tree(&self, id: ObjectId) -> Result<Vec<u8>> {
        let what = || format!("reading folder {id} of revision {}", self.revision);
        let size = self.size(id, &format!("folder {id} of revision {}", self.revision))?;
        if size > OBJECT_BYTES {
            return Err(Error::new(format!("{}: it is larger than the maximum size {OBJECT_BYTES}", what())));
        }
        let left = self.left.get().checked_sub(size);
        self.left.set(left.ok_or_else(|| Error::new(format!("{}: its folders are too large", what())))?);
        let mut object = self.repository.find_object(id).map_err(|e| self.unreadable(&what(), &e))?;
        if object.kind != gix::objs::Kind::Tree {
            return Err(Error::new(format!("{}: it is no folder", what())));
        }
        Ok(std::mem::take(&mut object.data))
    }

    /// The bytes of a file. They are not inflated if there are more than `limit` of them.
    ///
    /// # Errors
    /// Also when it is a pointer to a file that Git LFS holds.
    pub fn blob(&self, id: ObjectId, shown: &str, limit: u64) -> Result<Vec<u8>> {
        let what = || format!("reading {shown}");
        if self.size(id, shown)? > limit {
            return Err(Error::new(format!("{shown} is larger than the maximum size {limit}")));
        }
        let mut object = self.repository.find_object(id).map_err(|e| self.unreadable(&what(), &e))?;
        if object.kind != gix::objs::Kind::Blob {
            return Err(Error::new(format!("{}: it is no file", what())));
        }
        if object.data.starts_with(LFS) {
            return Err(Error::new(format!(
                "{shown} is kept by Git LFS: the repository has only a pointer to it"
            ))
            .hint("check both revisions out, with `git lfs pull`, and compare the folders"));
        }
        Ok(std::mem::take(&mut object.data))
    }

    /// The size of an object, without inflating it.
    pub fn size(&self, id: ObjectId, shown: &str) -> Result<u64> {
        let header = self.repository.find_header(id);
        header.map(|header| header.size()).map_err(|e| self.unreadable(&format!("reading {shown}"), &e))
    }

    fn unreadable(&self, what: &str, error: &gix::Error) -> Error {
        let wrong = Error::new(format!("{what}: {}", words(error)));
        if !error.is_not_found() {
            return wrong;
        }
        wrong.hint("the object is missing: a clone may leave objects out (--filter, --depth); `git fetch --refetch` gets them")
    }

    fn broken(&self, id: ObjectId, error: &gix::Error) -> Error {
        Error::new(format!("folder {id} of revision {} is damaged: {}", self.revision, words(error)))
    }

    /// The paths of the files in a folder.
    pub fn files_in(&self, folder: &str) -> Result<Vec<String>> {
        let Some(found) = self.find(folder)?.filter(|found| found.kind == Kind::Folder) else {
            return Ok(Vec::new());
        };
        let entries = self.entries(found.id, &found.path)?.into_iter();
        let files = entries.filter(|entry| matches!(entry.kind, EntryKind::Blob | EntryKind::BlobExecutable));
        Ok(files.map(|entry| format!("{folder}/{}", entry.name)).collect())
    }

    /// The paths of all files of these names.
    pub fn named(&self, names: &[&str], limits: &Limits) -> Result<Vec<String>> {
        let mut left = limits.chart_entries.saturating_mul(20);
        let mut found = Vec::new();
        let mut folders = vec![(self.top, Vec::<String>::new())];
        while let Some((id, path)) = folders.pop() {
            for entry in self.entries(id, &path)? {
                left = left.checked_sub(1).ok_or_else(|| {
                    Error::new(format!("revision {} has too many files to search", self.revision))
                        .hint("--limit chart-entries=… raises it, or list the releases in torii.yaml")
                })?;
                let mut inner = path.clone();
                inner.push(entry.name);
                match entry.kind {
                    EntryKind::Tree if inner.len() < super::super::MAX_FOLDERS => {
                        folders.push((entry.id, inner))
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable
                        if inner.last().is_some_and(|name| names.contains(&name.as_str())) =>
                    {
                        found.push(inner.join("/"));
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// The error of a submodule.
pub(super) fn submodule(shown: &str) -> Error {
    Error::new(format!("{shown} is a submodule: its files are in another repository, and not read"))
        .hint("compare folders that are checked out instead, or name a revision within the submodule")
}
