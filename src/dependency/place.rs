//! The new `charts/` and lock in place of the old: both are made beside their places first, and whoever kills the
//! program leaves what was there, or what was to be.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::chart;
use crate::diagnostic::{Error, Result};
use crate::source::{Options, Tree, io_words, quote, store};

/// Folders within folders of a chart in `charts/`.
const MAX_DEPTH: usize = 256;

/// A chart's folder, in which nobody else changes dependencies meanwhile.
pub(super) struct Place {
    chart: PathBuf,
    lock_file: &'static str,
    /// The folder itself, which is locked as long as this is open.
    _guard: File,
}

/// What to put there.
pub(super) struct New<'a> {
    /// Archives, by name.
    pub archives: BTreeMap<String, Vec<u8>>,
    /// The names of charts whose archives in `charts/` stay, being nobody's to fetch.
    pub local: BTreeSet<&'a str>,
    /// The lock's text, if it is to be written.
    pub lock: Option<String>,
}

impl Place {
    /// Takes a chart's folder, and removes what a killed program left in it. Another program that works there is
    /// waited for, but not longer than so many seconds.
    ///
    /// # Errors
    /// When the other program doesn't end, when `charts/` or the lock is a link (CVE-2025-53547), or something else than
    /// it should be.
    pub fn take(chart: &Path, lock_file: &'static str, seconds: u64) -> Result<Place> {
        let failed = |e: io::Error| Error::new(format!("locking {}: {}", chart.display(), io_words(&e)));
        let guard = File::open(chart).map_err(failed)?;
        let start = Instant::now();
        loop {
            match guard.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed().as_secs() < seconds => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(format!(
                        "another program works on the dependencies of {}, for {seconds} seconds already",
                        chart.display()
                    ))
                    .hint("wait for it, or end it; --limit answer-seconds=NUMBER waits longer"));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
        let place = Place { chart: chart.to_path_buf(), lock_file, _guard: guard };
        place.check()?;
        place.clean();
        Ok(place)
    }

    fn check(&self) -> Result<()> {
        for name in ["charts", self.lock_file] {
            let path = self.chart.join(name);
            if store::is_link(&path) {
                let target = fs::read_link(&path).unwrap_or_default();
                return Err(Error::new(format!(
                    "the {name} file is a symlink to {}",
                    quote(&target.to_string_lossy())
                ))
                .hint("it would be written through; remove the link"));
            }
        }
        let charts = self.chart.join("charts");
        match fs::metadata(&charts) {
            Ok(metadata) if !metadata.is_dir() => {
                Err(Error::new(format!("{} is not a directory", quote(&charts.to_string_lossy()))))
            }
            _ => Ok(()),
        }
    }

    /// Removes what is left of an update that was killed. As the folder is locked, nobody works in it.
    fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.chart) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_ours = |what: &str| {
                name.strip_prefix(what)
                    .and_then(|rest| rest.strip_suffix(".tmp"))
                    .is_some_and(|middle| middle.len() == 16 && middle.bytes().all(|b| b.is_ascii_hexdigit()))
            };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && is_ours(".charts.") {
                let _ = fs::remove_dir_all(entry.path());
            } else if !is_folder && is_ours(&format!(".{}.", self.lock_file)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Puts the new charts and the lock in place. Gives the names of the archives that were removed.
    ///
    /// # Errors
    /// When something can't be written; then nothing has changed.
    pub fn put(&self, new: &New<'_>, options: &Options) -> Result<Vec<String>> {
        let charts = self.chart.join("charts");
        let staging = store::beside(&charts)?;
        let lock = self.chart.join(self.lock_file);
        let lock_staging = store::beside(&lock)?;
        // Whether the old charts lie beside their place, where only the user can bring them back.
        let is_lost = Cell::new(false);
        let result = self
            .fill(&staging, new, options)
            .and_then(|removed| {
                if let Some(text) = &new.lock {
                    write(&lock_staging, text.as_bytes()).map_err(|e| failed(&lock, &e))?;
                }
                Ok(removed)
            })
            .and_then(|removed| {
                self.check()?;
                let is_first = !charts.exists();
                swap(&staging, &charts).map_err(|e| failed(&charts, &e))?;
                if new.lock.is_some()
                    && let Err(e) = fs::rename(&lock_staging, &lock)
                {
                    let error = failed(&lock, &e);
                    let back = if is_first { fs::rename(&charts, &staging) } else { swap(&staging, &charts) };
                    return Err(match back {
                        Ok(()) => error,
                        Err(e) => {
                            is_lost.set(true);
                            error.note(format!(
                                "{} is the new one, and the old one, {}, can't be put back: {}",
                                charts.display(),
                                staging.display(),
                                io_words(&e)
                            ))
                        }
                    });
                }
                sync(&self.chart);
                Ok(removed)
            });
        // Now the old charts, or what there is of the new ones.
        if !is_lost.get() {
            let _ = fs::remove_dir_all(&staging);
        }
        let _ = fs::remove_file(&lock_staging);
        result
    }

    /// Makes the new `charts/`: the new archives, and what stays of the old (`manager.go: safeMoveDeps`).
    fn fill(&self, staging: &Path, new: &New<'_>, options: &Options) -> Result<Vec<String>> {
        let charts = self.chart.join("charts");
        fs::create_dir(staging).map_err(|e| failed(staging, &e))?;
        let mut removed = Vec::new();
        let old = match fs::read_dir(&charts) {
            Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(|e| failed(&charts, &e))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(failed(&charts, &e)),
        };
        for entry in old {
            let name = entry.file_name();
            let shown = name.to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if new.archives.contains_key(&shown) {
                if is_folder {
                    return Err(Error::new(format!(
                        "{} is a folder, where an archive is to be written",
                        quote(&entry.path().to_string_lossy())
                    )));
                }
                continue;
            }
            if !is_folder && is_outdated(&entry.path(), new, options) {
                removed.push(shown);
                continue;
            }
            keep(&entry.path(), &staging.join(&name), 0).map_err(|e| failed(&entry.path(), &e))?;
        }
        for (name, data) in &new.archives {
            let path = staging.join(name);
            write(&path, data).map_err(|e| failed(&path, &e))?;
        }
        sync(staging);
        removed.sort();
        Ok(removed)
    }
}

/// Whether a file in `charts/` is the archive of a chart that is no longer wanted there. What is no chart stays.
fn is_outdated(path: &Path, new: &New<'_>, options: &Options) -> bool {
    let Some(path) = path.to_str() else { return false };
    chart::load(&Tree::default(), path, options, &mut Vec::new())
        .is_ok_and(|chart| !new.local.contains(chart.name()))
}

/// Makes a second name for what stays: links, and files of the same contents.
fn keep(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other("folders are nested too deep"));
    }
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            keep(&entry.path(), &to.join(entry.file_name()), depth + 1)?;
        }
        return fs::set_permissions(to, metadata.permissions());
    }
    if metadata.is_symlink() {
        return copy_link(from, to);
    }
    if !metadata.is_file() {
        return Err(io::Error::other("neither a file nor a folder"));
    }
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ()))
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn copy_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::other("a symbolic link"))
}

fn write(path: &Path, data: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(data)?;
    file.sync_all()
}

/// Sees a folder's entries on the disk. Some systems have no such thing.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Gives two folders each other's names in one step, where the system can; else in two.
fn swap(new: &Path, place: &Path) -> io::Result<()> {
    if !place.exists() {
        return fs::rename(new, place);
    }
    if renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    let aside = store::beside(place).map_err(|e| io::Error::other(e.message().to_string()))?;
    fs::rename(place, &aside)?;
    if let Err(e) = fs::rename(new, place) {
        fs::rename(&aside, place)?;
        return Err(e);
    }
    fs::rename(&aside, new).inspect_err(|_| {
        // Back to how it was, as far as that goes.
        let _ = fs::rename(place, new).and_then(|()| fs::rename(&aside, place));
    })
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("writing {}: {}", path.display(), io_words(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(chart: &Path) -> Place {
        Place::take(chart, "Chart.lock", 0).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn charts_are_what_they_were_when_the_lock_cannot_be_written() {
        for is_first in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let chart = folder.path();
            // A file can't take the place of a folder.
            fs::create_dir(chart.join("Chart.lock")).unwrap();
            if !is_first {
                fs::create_dir(chart.join("charts")).unwrap();
                fs::write(chart.join("charts/note.txt"), "mine").unwrap();
            }
            let before = names(chart);
            let new = New {
                archives: [("a-1.0.0.tgz".to_string(), b"a".to_vec())].into(),
                local: BTreeSet::new(),
                lock: Some("dependencies: []\n".to_string()),
            };
            let error = place(chart).put(&new, &Options::default()).unwrap_err();
            assert!(error.message().contains("Chart.lock"), "{error}");
            assert_eq!(names(chart), before);
            if !is_first {
                assert_eq!(names(&chart.join("charts")), ["note.txt"]);
            }
        }
    }

    #[test]
    fn another_program_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = place(folder.path());
        let Err(error) = Place::take(folder.path(), "Chart.lock", 0) else { panic!("both have it") };
        assert!(error.message().starts_with("another program works on the dependencies of"), "{error}");
        drop(first);
        place(folder.path());
    }
}
