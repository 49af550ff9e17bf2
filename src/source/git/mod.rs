//! Charts and values files at a revision of a git repository.
//!
//! Everything is read from the object database: there is no checkout, and no hook, filter or program is run. A
//! repository is as untrusted as the charts in it: sizes are looked at before anything is inflated, names that git
//! itself would not check out are refused, and so are repositories that belong to another user.

mod open;
mod range;
mod tree;
mod walk;

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use gix::{ObjectId, ThreadSafeRepository};

use super::{Budget, Files, Options, not_found, path};
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;

pub use self::open::Repository;
pub(super) use self::open::{OBJECT_BYTES, words};
pub use self::range::Range;
pub use self::tree::Kind;

/// A revision of a repository: a commit, a tag or a tree, by any of the names that git has for it.
#[derive(Clone)]
pub struct Revision {
    repository: ThreadSafeRepository,
    /// As the user named it, or as a range says it.
    name: Arc<str>,
    /// Its tree.
    tree: ObjectId,
    /// The repository's working tree; `None` if it is a bare one.
    folder: Option<PathBuf>,
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({} = {})", self.name, self.tree)
    }
}

impl Revision {
    /// The name, as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file or folder, as git spells it: `main:charts/gateway`.
    pub fn shown(&self, path: &str) -> String {
        format!("{}:{path}", self.name)
    }

    /// The path in the repository of a path on this machine, whether there is something or not.
    ///
    /// # Errors
    /// When the path is outside of the repository's working tree.
    pub fn path_of(&self, path: &str) -> Result<String> {
        self.inner_path(path).ok_or_else(|| {
            let place = self.folder.as_deref().unwrap_or(Path::new("")).display();
            Error::new(format!("{path} is outside of the git repository at {place}"))
        })
    }

    /// The path in the repository of a path on this machine, if it is within.
    pub fn inner_path(&self, path: &str) -> Option<String> {
        let Some(folder) = &self.folder else {
            let inner = path::clean(path);
            let leaves = inner.starts_with('/') || inner == ".." || inner.starts_with("../");
            return (!leaves).then(|| if inner == "." { String::new() } else { inner });
        };
        let absolute = lexically_clean(&std::path::absolute(path).ok()?);
        let inner = match absolute.strip_prefix(folder) {
            Ok(inner) => inner.to_path_buf(),
            // The way to the working tree may lead through links.
            Err(_) => real(&absolute)?.strip_prefix(real(folder)?).ok()?.to_path_buf(),
        };
        let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
        Some(parts?.join("/"))
    }

    /// What there is at a path of the repository; `None` if there is nothing. Links are followed.
    ///
    /// # Errors
    /// When a link on the way leads out of the repository, or an object can't be read.
    pub fn kind(&self, path: &str) -> Result<Option<Kind>> {
        Ok(self.objects().find(path)?.map(|found| found.kind))
    }

    /// The id of the object at a path of the repository, links followed: equal ids mean equal contents.
    ///
    /// # Errors
    /// When an object can't be read.
    pub fn id(&self, path: &str) -> Result<Option<String>> {
        Ok(self.objects().find(path)?.map(|found| found.id.to_string()))
    }

    /// The paths of all files of these names, sorted: `Chart.yaml`. Submodules and links are not entered.
    ///
    /// # Errors
    /// When an object can't be read, or there are more files and folders than `limits` allow.
    pub fn named(&self, names: &[&str], limits: &Limits) -> Result<Vec<String>> {
        self.objects().named(names, limits)
    }

    /// The paths of the files in a folder, without those in folders within it; none if there is no such folder.
    ///
    /// # Errors
    /// When an object can't be read.
    pub fn files_in(&self, folder: &str) -> Result<Vec<String>> {
        self.objects().files_in(folder)
    }

    /// Reads a file at a path of the repository, but not more of it than `limit` bytes.
    ///
    /// # Errors
    /// When it isn't there, is no file, or is larger.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>> {
        let objects = self.objects();
        let shown = self.shown(path);
        match objects.find(path)? {
            None => Err(self.missing(path)),
            Some(found) if found.kind == Kind::File => objects.blob(found.id, &shown, limit),
            Some(found) if found.kind == Kind::Submodule => Err(tree::submodule(&shown)),
            Some(_) => Err(Error::new(format!("read {shown}: is a directory"))),
        }
    }

    /// Reads the files of a chart at a path of the repository: a folder, or an archive.
    ///
    /// # Errors
    /// As [`super::open`], and for submodules, pointers to files that Git LFS holds, and names that git refuses.
    pub(in crate::source) fn open(
        &self,
        path: &str,
        options: &Options,
        budget: &mut Budget,
    ) -> Result<Files> {
        let objects = self.objects();
        let shown = self.shown(path);
        match objects.find(path)? {
            None => Err(self.missing(path)),
            Some(found) => match found.kind {
                Kind::Folder => walk::read(&objects, found, &shown, options, budget),
                Kind::File => {
                    let data = objects.blob(found.id, &shown, budget.limits().chart_bytes)?;
                    super::archive::read(&shown, &data, budget)
                }
                Kind::Submodule => Err(tree::submodule(&shown)),
            },
        }
    }

    /// The error of a path at which there is nothing.
    pub(super) fn missing(&self, path: &str) -> Error {
        let error = Error::new(format!("path {} does not exist in {}", super::quote(path), self.name));
        let on_disk = self.folder.as_ref().is_some_and(|folder| folder.join(path).exists());
        if on_disk {
            let reworded = format!("path {} exists on disk, but not in {}", super::quote(path), self.name);
            return error.reword(reworded);
        }
        error
    }

    fn objects(&self) -> tree::Objects {
        tree::Objects::new(&self.repository, self.tree, &self.name)
    }
}

/// A path without `.` and `..`, by its words alone.
fn lexically_clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// A path with the links of those folders resolved that are there.
fn real(path: &Path) -> Option<PathBuf> {
    let there = path.ancestors().find(|part| part.exists())?;
    let rest = path.strip_prefix(there).ok()?;
    Some(std::fs::canonicalize(there).ok()?.join(rest))
}

/// Takes git's spelling `REV:path` apart. A colon within braces belongs to the revision (`HEAD^{/fix: x}`).
pub(super) fn spelled(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                let (revision, path) = (text.get(..at)?, text.get(at + 1..)?);
                return (!revision.is_empty() && !path.starts_with("//")).then_some((revision, path));
            }
            _ => {}
        }
    }
    None
}

/// Opens what `REV:path` names in the repository of the current folder: the revision, and the path from the
/// repository's top on. As in git, a path that begins with `./` or `../` counts from the current folder.
///
/// # Errors
/// When it is not spelled like that, there is no repository, or no such revision in it.
pub(super) fn named(text: &str, limits: &Limits) -> Result<(Revision, String)> {
    let Some((name, path)) = spelled(text) else { return Err(not_found(text)) };
    let repository = Repository::find(Path::new("."), limits)?.ok_or_else(|| not_found(text))?;
    let revision = repository.revision(name)?;
    let path = if path == "." || path == ".." || path.starts_with("./") || path.starts_with("../") {
        revision.path_of(path)?
    } else {
        match path::clean(path).as_str() {
            "." => String::new(),
            clean => clean.to_string(),
        }
    };
    Ok((revision, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_ends_at_the_first_colon_outside_of_braces() {
        assert_eq!(spelled("main:charts/a"), Some(("main", "charts/a")));
        assert_eq!(spelled("HEAD^{/fix: b}:a:b"), Some(("HEAD^{/fix: b}", "a:b")));
        assert_eq!(spelled("main:"), Some(("main", "")));
        assert_eq!(spelled("charts/a"), None);
        assert_eq!(spelled(":a"), None);
        assert_eq!(spelled("https://example.org/a"), None);
    }
}
