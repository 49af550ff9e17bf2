//! What git servers gave, in the cache: for each address a bare repository.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::cache::Cache;
use super::git_pack;
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::source::git::{OBJECT_BYTES, Repository};
use crate::source::{self, io_words, store};

/// How much larger than a chart's archive all objects of a revision may be, each made whole.
const OBJECTS: u64 = 8;

/// The repository of one address.
pub(super) struct Store<'a> {
    cache: &'a Cache,
    folder: PathBuf,
    limits: &'a Limits,
}

impl<'a> Store<'a> {
    /// The place for what comes from an address. Nothing is made yet.
    pub fn of(cache: &'a Cache, url: &str, limits: &'a Limits) -> Store<'a> {
        Store { cache, folder: cache.repository(url), limits }
    }

    /// The repository; none if it isn't there, or somebody was killed while it was made.
    ///
    /// # Errors
    /// When it is there, and can't be opened.
    pub fn open(&self) -> Result<Option<Repository>> {
        let is_file = |name: &str| self.folder.join(name).is_file();
        let is_folder = |name: &str| self.folder.join(name).is_dir();
        let is_whole = is_file("HEAD") && is_file("config") && is_folder("objects") && is_folder("refs");
        is_whole.then(|| Repository::at(&self.folder, self.limits).map_err(|e| self.spoilt(e))).transpose()
    }

    /// The repository, if it has a revision with all its files.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn with(&self, id: &str) -> Result<Option<Repository>> {
        // A pack may have had a revision besides the one that was wanted, and not its files.
        Ok(self.naming(id)?.filter(|repository| repository.is_complete(id).is_ok()))
    }

    /// The repository, if it has a revision, or at least its name.
    fn naming(&self, id: &str) -> Result<Option<Repository>> {
        let Some(repository) = self.open()? else { return Ok(None) };
        let has = repository.has(id).map_err(|e| self.spoilt(e))?;
        Ok(has.then_some(repository))
    }

    /// The error of what only a broken disk, or somebody else, can have done.
    fn spoilt(&self, error: Error) -> Error {
        error.hint(format!("what is kept of it can be fetched again: remove {}", self.folder.display()))
    }

    /// Keeps a pack that should have a revision, all files included. What doesn't is not kept.
    ///
    /// # Errors
    /// When the cache can't be written, and when the pack is too large, is none, or has something else.
    pub fn keep(&self, id: &str, pack: &[u8]) -> Result<Repository> {
        git_pack::check(pack, self.limits.chart_bytes.saturating_mul(OBJECTS))?;
        if self.open()?.is_none() {
            self.make()?;
        }
        let written = self.write(pack)?;
        let kept = self.naming(id).and_then(|found| match found {
            Some(repository) => repository.is_complete(id).map(|()| repository),
            None => Err(Error::new(format!("it is something else than {id}"))),
        });
        if kept.is_err() {
            for path in written {
                let _ = fs::remove_file(path);
            }
        }
        kept
    }

    /// Makes an empty repository, whole or not at all. The caller holds the lock of the address, so what is there in its
    /// place, or half done beside it, is nobody's.
    fn make(&self) -> Result<()> {
        let failed = |words: String| Error::new(format!("making {}: {words}", self.folder.display()));
        self.cache.prepare("git")?;
        self.clean();
        let temporary = store::beside(&self.folder)?;
        let made = gix::init_bare(&temporary).map_err(|e| failed(source::git::words(&e))).and_then(|_| {
            if self.folder.is_dir() {
                fs::remove_dir_all(&self.folder).map_err(|e| failed(io_words(&e)))?;
            }
            fs::rename(&temporary, &self.folder).map_err(|e| failed(io_words(&e)))
        });
        if made.is_err() {
            let _ = fs::remove_dir_all(&temporary);
        }
        made
    }

    /// Removes what killed programs left beside the repository.
    fn clean(&self) {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let entries = self.folder.parent().map(fs::read_dir);
        for entry in entries.into_iter().flatten().flatten().flatten() {
            let other = entry.file_name();
            let other = other.to_string_lossy();
            if other.strip_prefix(&format!(".{name}.")).is_some_and(|rest| rest.ends_with(".tmp")) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Writes a pack and its index. Gives those files that were not there before.
    fn write(&self, pack: &[u8]) -> Result<Vec<PathBuf>> {
        let packs = self.folder.join("objects").join("pack");
        fs::create_dir_all(&packs)
            .map_err(|e| Error::new(format!("making {}: {}", packs.display(), io_words(&e))))?;
        let options = gix_pack::bundle::write::Options {
            thread_limit: Some(2),
            alloc_limit_bytes: usize::try_from(OBJECT_BYTES.max(self.limits.chart_bytes)).ok(),
            ..Default::default()
        };
        let written = within(self.limits.answer_seconds, |is_over| {
            gix_pack::Bundle::write_to_directory(
                &mut &*pack,
                Some(&packs),
                &mut gix::progress::Discard,
                is_over,
                None::<gix::objs::find::Never>,
                gix::hash::Kind::Sha1,
                options,
            )
        });
        let outcome =
            written.map_err(|e| Error::new(format!("its pack can't be read: {}", source::git::words(&e))))?;
        // There is one for a pack that is new. It keeps git from dropping it, and nobody runs git here.
        let Some(mark) = outcome.keep_path else { return Ok(Vec::new()) };
        let _ = fs::remove_file(mark);
        Ok(outcome.data_path.into_iter().chain(outcome.index_path).collect())
    }
}

/// Does something that looks from time to time whether its time is over. A small pack can hold work for days.
fn within<T>(seconds: u64, work: impl FnOnce(&AtomicBool) -> T) -> T {
    let is_over = AtomicBool::new(false);
    let flag = &is_over;
    let (done, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(Duration::from_secs(seconds)) == Err(RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::Relaxed);
            }
        });
        let result = work(flag);
        drop(done);
        result
    })
}
