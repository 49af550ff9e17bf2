//! Finding and opening a repository, and the revisions in it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::objs::Kind;
use gix::open::permissions::Attributes;
use gix::open::{Options, Permissions};
use gix::{ObjectId, ThreadSafeRepository, discover};

use super::Revision;
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;

/// Bytes of one commit, tag or folder. A folder of this size has hundreds of thousands of entries.
pub(in crate::source) const OBJECT_BYTES: u64 = 32 << 20;

/// A git repository, opened to be read.
#[derive(Clone)]
pub struct Repository {
    pub(super) inner: ThreadSafeRepository,
    folder: Option<PathBuf>,
}

impl Repository {
    /// Finds the repository that a folder is in.
    ///
    /// # Errors
    /// When there is none, or it belongs to another user and isn't one that git's `safe.directory` names.
    pub fn discover(folder: &Path, limits: &Limits) -> Result<Repository> {
        Repository::find(folder, limits)?.ok_or_else(|| {
            let shown = folder.display();
            Error::new(format!("not a git repository (or any of the parent directories): {shown}"))
        })
    }

    /// As [`Repository::discover`], but `None` if there is none.
    pub(super) fn find(folder: &Path, limits: &Limits) -> Result<Option<Repository>> {
        let most = [limits.file_bytes, limits.chart_bytes, limits.input_bytes, OBJECT_BYTES];
        let most = most.into_iter().max().unwrap_or(OBJECT_BYTES);
        let permissions = Permissions { attributes: Attributes::isolated(), ..Permissions::secure() };
        // Bases of deltas count, too: they are what a small object may be made of.
        let limit = format!("gitoxide.objects.allocLimit={most}");
        let options = Options::default()
            .permissions(permissions)
            .bail_if_untrusted(true)
            .config_overrides([limit.as_str()]);
        let options = gix::sec::trust::Mapping { full: options.clone(), reduced: options };
        let found =
            ThreadSafeRepository::discover_opts(folder, discover::upwards::Options::default(), options);
        let inner = match found {
            Ok(inner) => inner,
            Err(e) if e.is_not_found() => return Ok(None),
            Err(e) => return Err(refused(folder, &e)),
        };
        let workdir = inner.to_thread_local().workdir().map(Path::to_path_buf);
        let workdir = workdir.map(|path| super::lexically_clean(&std::path::absolute(&path).unwrap_or(path)));
        Ok(Some(Repository { inner, folder: workdir }))
    }

    /// The repository that a folder is, and not one that the folder is in.
    ///
    /// # Errors
    /// When it is none, or as [`Repository::discover`].
    pub(in crate::source) fn at(folder: &Path, limits: &Limits) -> Result<Repository> {
        let found = Repository::discover(folder, limits)?;
        let same = |path: &Path| std::fs::canonicalize(path).ok();
        match same(found.inner.to_thread_local().git_dir()) == same(folder) {
            true => Ok(found),
            false => Err(Error::new(format!("{} is no git repository", folder.display()))),
        }
    }

    /// Whether the object of a name in full is there.
    ///
    /// # Errors
    /// When the repository can't be read.
    pub(in crate::source) fn has(&self, id: &str) -> Result<bool> {
        let failed = |e: gix::Error| self.unreadable(&format!("looking for {id}"), &e);
        let id = ObjectId::from_hex(id.as_bytes()).map_err(failed)?;
        Ok(self.inner.to_thread_local().try_find_header(id).map_err(failed)?.is_some())
    }

    /// Sees that a revision is there with all its folders and files.
    ///
    /// # Errors
    /// When something of it is not there, or can't be read.
    pub(in crate::source) fn is_complete(&self, name: &str) -> Result<()> {
        let failed = |e: gix::Error| self.unreadable(&format!("reading revision {name:?}"), &e);
        let repository = self.inner.to_thread_local();
        let mut folders = vec![self.revision(name)?.tree];
        let mut seen = HashSet::new();
        while let Some(id) = folders.pop() {
            if !seen.insert(id) {
                continue;
            }
            let tree = repository.find_tree(id).map_err(failed)?;
            for entry in tree.iter() {
                let entry = entry.map_err(failed)?;
                let (mode, id) = (entry.mode(), entry.object_id());
                if mode.is_tree() {
                    folders.push(id);
                } else if !mode.is_commit() && !repository.has_object(id) {
                    return Err(Error::new(format!("revision {name:?} lacks the file {}", entry.filename())));
                }
            }
        }
        Ok(())
    }

    /// Finds the repository that a path is in; the path itself need not be there.
    ///
    /// # Errors
    /// As [`Repository::discover`].
    pub fn around(path: &str, limits: &Limits) -> Result<Repository> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let folder = absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        Repository::discover(folder, limits)
    }

    /// The path on this machine of a path in the repository; in a bare repository they are the same.
    pub fn disk_path(&self, path: &str) -> String {
        match &self.folder {
            Some(folder) => folder.join(path).to_string_lossy().trim_end_matches('/').to_string(),
            None => path.to_string(),
        }
    }

    /// The revision of a name.
    ///
    /// # Errors
    /// When there is none of this name, it begins with a dash, or it is neither a commit nor a folder.
    pub fn revision(&self, name: &str) -> Result<Revision> {
        let id = self.resolve(name)?;
        self.revision_of(name, id)
    }

    pub(super) fn revision_of(&self, name: &str, id: ObjectId) -> Result<Revision> {
        let repository = self.inner.to_thread_local();
        let failed = |e: gix::Error| self.unreadable(&format!("reading revision {name:?}"), &e);
        let kind = repository.find_header(id).map_err(failed)?.kind();
        if kind == Kind::Blob {
            return Err(Error::new(format!("{name} is a file: name a revision before the colon")));
        }
        let tree = repository.find_object(id).and_then(|object| object.peel_to_tree()).map_err(failed)?.id;
        Ok(Revision { repository: self.inner.clone(), name: name.into(), tree, folder: self.folder.clone() })
    }

    /// The object that a name of git's stands for.
    pub(super) fn resolve(&self, name: &str) -> Result<ObjectId> {
        if name.starts_with('-') {
            return Err(Error::new(format!("{name:?} is no revision: it begins with a dash")));
        }
        let repository = self.inner.to_thread_local();
        repository.rev_parse_single(name.as_bytes().as_bstr()).map(|id| id.detach()).map_err(|e| {
            let place = self.place();
            let error =
                Error::new(format!("unknown revision {name:?} in the git repository at {}", place.display()));
            self.hint(error.note(words(&e)))
        })
    }

    /// The error of an object that can't be read.
    pub(super) fn unreadable(&self, what: &str, error: &gix::Error) -> Error {
        self.hint(Error::new(format!("{what}: {}", words(error))))
    }

    /// Adds what is to be known of a repository that lacks objects.
    fn hint(&self, error: Error) -> Error {
        match self.inner.to_thread_local().is_shallow() {
            Ok(true) => error.hint(
                "this is a shallow clone, which lacks most of the history: `git fetch --unshallow` fetches it (in a \
                 GitHub workflow: actions/checkout with fetch-depth: 0)",
            ),
            _ => error,
        }
    }

    fn place(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| self.inner.to_thread_local().git_dir().to_path_buf())
    }
}

/// An error of the git library, with its causes.
pub(in crate::source) fn words(error: &gix::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !words.is_empty() && !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
        cause = inner.source();
    }
    text
}

/// Why a repository isn't opened.
fn refused(folder: &Path, error: &gix::Error) -> Error {
    if error.is_permission_denied() {
        let place = owner_place(folder);
        // In git's words.
        return Error::new(format!("detected dubious ownership in repository at '{place}'"))
            .note(words(error))
            .hint(format!("if you trust it: git config --global --add safe.directory {place}"));
    }
    Error::new(format!("opening the git repository around {}: {}", folder.display(), words(error)))
}

/// The folder that a repository was found in.
fn owner_place(folder: &Path) -> String {
    let absolute = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let found = absolute.ancestors().find(|path| path.join(".git").exists());
    found.unwrap_or(&absolute).display().to_string()
}
