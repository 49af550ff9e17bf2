//! Where the files are that the user names.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use super::git::{self, Revision};
use super::{
    Budget, Files, Options, archive, builtin, io_words, not_found, read_directory, without_user, words,
};
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::value::Str;

/// Where the files are that the user names: on this machine, or in a revision of a git repository.
///
/// On this machine, `REV:path` names a file or folder of a revision, unless there is a file that is called so.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Read charts and other files at this revision: their paths are those on this machine. What lies outside of the
    /// repository is read from this machine, unless it is a chart.
    pub revision: Option<Revision>,
    /// What was read already, by name: for standard input and pipes, which can be read only once.
    pub given: BTreeMap<Arc<str>, Str>,
}

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Folder,
    /// A file, or standard input.
    File,
}

/// Where one name leads.
enum Place<'a> {
    Disk(&'a str),
    Git(Box<Revision>, String),
}

impl Tree {
    /// Reads the files of the chart at a path: a directory, or an archive (`.tgz`).
    ///
    /// # Errors
    /// When there is nothing at the path, or it is neither; and all that [`read_directory`] and
    /// [`unpack`](super::unpack) refuse.
    pub fn open(&self, path: &str, options: &Options, budget: &mut Budget) -> Result<Files> {
        if let Some(name) = path.strip_prefix(builtin::PREFIX) {
            return builtin::open(name).ok_or_else(|| not_found(path).hint("there is builtin:gateway"));
        }
        if let Some(text) = self.given.get(path) {
            return archive::read(&without_user(path), text.as_bytes(), budget);
        }
        let place = match &self.revision {
            Some(revision) => Place::Git(Box::new(revision.clone()), revision.path_of(path)?),
            None => self.place(path, budget.limits())?,
        };
        match place {
            Place::Git(revision, path) => revision.open(&path, options, budget),
            Place::Disk(path) => {
                let metadata = fs::metadata(path).map_err(|e| stat(path, &e))?;
                if metadata.is_dir() {
                    read_directory(Path::new(path), options, budget)
                } else if metadata.is_file() {
                    archive::read_file(path, metadata.len(), budget)
                } else {
                    Err(words::irregular(path))
                }
            }
        }
    }

    /// Reads a file named by the user, or standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read, is larger than the limit, or is an address on the network.
    pub fn read(&self, path: &str, limits: &Limits) -> Result<Vec<u8>> {
        if let Some(text) = self.given.get(path) {
            return Ok(text.as_bytes().to_vec());
        }
        let scheme = path.split_once("://").map(|(scheme, _)| scheme);
        if matches!(scheme, Some("http" | "https" | "oci")) {
            return Err(Error::new(format!(
                "{} is not read: values come from files and standard input only",
                without_user(path)
            ))
            .hint("download it first, and name the file"));
        }
        match self.place(path, limits)? {
            Place::Git(revision, inner) => revision.read(&inner, limits.input_bytes),
            Place::Disk(path) => read_disk(path, limits),
        }
    }

    /// What there is at a path.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn look(&self, path: &str, limits: &Limits) -> Result<Found> {
        if path == "-" || self.given.contains_key(path) {
            return Ok(Found::File);
        }
        match self.place(path, limits)? {
            Place::Git(revision, inner) => match revision.kind(&inner)? {
                Some(git::Kind::Folder) => Ok(Found::Folder),
                Some(_) => Ok(Found::File),
                None => Err(revision.missing(&inner)),
            },
            Place::Disk(path) => match fs::metadata(path).map_err(|e| stat(path, &e))? {
                metadata if metadata.is_dir() => Ok(Found::Folder),
                _ => Ok(Found::File),
            },
        }
    }

    /// A file as it is shown to the user: `main:values.yaml` in a revision, addresses without a password in them.
    pub fn shown(&self, path: &str) -> String {
        let inner = |revision: &Revision| {
            (!self.given.contains_key(path)).then(|| revision.inner_path(path)).flatten()
        };
        match self.revision.as_ref().and_then(|revision| Some((revision, inner(revision)?))) {
            Some((revision, inner)) if path != "-" => revision.shown(&inner),
            _ => without_user(path).into_owned(),
        }
    }

    fn place<'a>(&self, path: &'a str, limits: &Limits) -> Result<Place<'a>> {
        if let Some(revision) = &self.revision
            && let Some(inner) = path.strip_prefix(revision.name()).and_then(|rest| rest.strip_prefix(':'))
        {
            return Ok(Place::Git(Box::new(revision.clone()), inner.to_string()));
        }
        if let Some(revision) = &self.revision
            && path != "-"
            && let Some(inner) = revision.inner_path(path)
            && (git::spelled(path).is_none() || revision.kind(&inner)?.is_some())
        {
            return Ok(Place::Git(Box::new(revision.clone()), inner));
        }
        let is_missing = |e: &io::Error| e.kind() == ErrorKind::NotFound;
        if git::spelled(path).is_some() && fs::symlink_metadata(path).is_err_and(|e| is_missing(&e)) {
            let (revision, inner) = git::named(path, limits)?;
            return Ok(Place::Git(Box::new(revision), inner));
        }
        Ok(Place::Disk(path))
    }
}

fn stat(path: &str, error: &io::Error) -> Error {
    if error.kind() == ErrorKind::NotFound {
        return not_found(path);
    }
    Error::new(format!("stat {}: {}", without_user(path), io_words(error)))
}

fn read_disk(path: &str, limits: &Limits) -> Result<Vec<u8>> {
    let failed = |e: io::Error| Error::new(format!("open {path}: {}", io_words(&e)));
    let mut data = Vec::new();
    if path.trim() == "-" {
        io::stdin()
            .lock()
            .take(limits.input_bytes.saturating_add(1))
            .read_to_end(&mut data)
            .map_err(failed)?;
    } else {
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::new(format!("read {path}: is a directory")));
        }
        let file = fs::File::open(path).map_err(failed)?;
        file.take(limits.input_bytes.saturating_add(1)).read_to_end(&mut data).map_err(failed)?;
    }
    if data.len() as u64 > limits.input_bytes {
        return Err(Error::new(format!("{path} is larger than the maximum size {}", limits.input_bytes)));
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_on_the_network_are_not_read() {
        let error = Tree::default().read("https://u:word@x/y", &Limits::default()).unwrap_err();
        assert!(error.message().contains("https://x/y is not read"), "{error}");
    }

    #[test]
    fn what_was_read_already_is_given() {
        let tree = Tree { given: [("-".into(), Str::from("a: 1"))].into(), ..Tree::default() };
        assert_eq!(tree.read("-", &Limits::default()).unwrap(), b"a: 1");
    }
}
