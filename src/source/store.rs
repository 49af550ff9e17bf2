//! Files that are written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use super::io_words;
use crate::diagnostic::{Error, Result};

/// Writes a file beside its place, sees it on the disk, and moves it there: whoever reads it meanwhile gets the old
/// contents or the new. A link at the place is replaced, not followed.
///
/// # Errors
/// When the folder isn't there, or can't be written.
pub fn replace(path: &Path, data: &[u8]) -> Result<()> {
    let failed = |e: io::Error| Error::new(format!("writing {}: {}", path.display(), io_words(&e)));
    let temporary = beside(path)?;
    let written = create(&temporary)
        .and_then(|mut file| file.write_all(data).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

fn create(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// A name beside a path that nobody can guess.
///
/// # Errors
/// When the system gives no random bytes.
pub fn beside(path: &Path) -> Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|e| Error::new(format!("no random bytes: {e}")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{}.tmp", HEXLOWER.encode(&random))))
}

/// Whether there is a symbolic link at a path, whatever it leads to.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        replace(&path, b"1").unwrap();
        replace(&path, b"2").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = replace(&folder.path().join("gone/x"), b"").unwrap_err();
        assert!(error.message().ends_with("no such file or directory"), "{error}");
    }
}
