//! What was fetched, on this machine: indexes by the address of their repository, charts by their SHA-256.
//!
//! Files appear whole or not at all, so reading needs no lock; a lock for each index makes sure that of several
//! programs that want it only one fetches it.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::super::{io_words, store};
use super::repositories::{home, set};
use crate::diagnostic::{Error, Result};

/// The first word of an index in the cache.
const MARK: &str = "torii-index-1";

/// A folder of what was fetched.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// An index in the cache.
#[derive(Debug)]
pub(super) struct Kept {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub text: Vec<u8>,
}

impl Kept {
    /// What tells its server which it is: entity tag and date.
    pub fn known(&self) -> (Option<String>, Option<String>) {
        (self.etag.clone(), self.last_modified.clone())
    }
}

/// The SHA-256 of something, in hexadecimal digits.
pub(super) fn sha256(data: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(data))
}

impl Cache {
    /// The cache in a folder.
    pub fn at(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The cache of this user: `$TORII_CACHE_HOME`, or `torii` in the folder that the system has for that.
    pub fn of_user() -> Cache {
        let folder = set("TORII_CACHE_HOME").unwrap_or_else(|| {
            let caches = set("XDG_CACHE_HOME").unwrap_or_else(|| match std::env::consts::OS {
                "macos" => home().join("Library/Caches"),
                _ => home().join(".cache"),
            });
            caches.join("torii")
        });
        Cache { folder }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn place(&self, kind: &str, name: &str) -> PathBuf {
        self.folder.join(kind).join(name)
    }

    /// Makes a folder that nobody else looks into: what is in it may come from a repository that wants a password.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn prepare(&self, kind: &str) -> Result<()> {
        let folder = self.folder.join(kind);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|e| {
            Error::new(format!("making the folder {}: {}", folder.display(), io_words(&e)))
                .hint("TORII_CACHE_HOME names another")
        })
    }

    /// Waits until no other program is at the index of this address, but not longer than so many seconds. The lock is
    /// held as long as the file is open.
    ///
    /// # Errors
    /// When the cache can't be written, or the other program doesn't end.
    pub fn lock(&self, url: &str, seconds: u64) -> Result<File> {
        self.prepare("index")?;
        let path = self.place("index", &format!("{}.lock", sha256(url.as_bytes())));
        let failed = |e: std::io::Error| Error::new(format!("locking {}: {}", path.display(), io_words(&e)));
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if start.elapsed().as_secs() < seconds => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(format!("another program holds {} for long", path.display())));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }

    /// The index of an address, if it is there.
    pub fn index(&self, url: &str, limit: u64) -> Option<Kept> {
        let data = read(&self.place("index", &sha256(url.as_bytes())), limit.saturating_add(64 << 10))?;
        let end = data.iter().position(|b| *b == b'\n')?;
        let head = std::str::from_utf8(data.get(..end)?).ok()?;
        let (etag, last_modified) = head.strip_prefix(MARK)?.strip_prefix('\t')?.split_once('\t')?;
        let given = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
        Some(Kept {
            etag: given(etag),
            last_modified: given(last_modified),
            text: data.get(end + 1..)?.to_vec(),
        })
    }

    /// Keeps the index of an address.
    ///
    /// # Errors
    /// When the cache can't be written.
    pub fn keep_index(&self, url: &str, etag: Option<&str>, date: Option<&str>, text: &[u8]) -> Result<()> {
        self.prepare("index")?;
        let clean = |text: Option<&str>| {
            text.filter(|text| text.bytes().all(|b| (b' '..0x7F).contains(&b)))
                .unwrap_or_default()
                .to_string()
        };
        let mut data = format!("{MARK}\t{}\t{}\n", clean(etag), clean(date)).into_bytes();
        data.extend_from_slice(text);
        store::replace(&self.place("index", &sha256(url.as_bytes())), &data)
    }

    /// The chart of a digest, if it is there and is it.
    pub fn chart(&self, digest: &str, limit: u64) -> Option<Vec<u8>> {
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
        let data = is_digest.then(|| read(&self.place("charts", &format!("{digest}.tgz")), limit))??;
        (sha256(&data) == digest).then_some(data)
    }

    /// Keeps a chart, and that it is what an address gave.
    ///
    /// # Errors
    /// When the cache can't be written.
    pub fn keep_chart(&self, url: &str, data: &[u8]) -> Result<()> {
        self.prepare("charts")?;
        self.prepare("urls")?;
        let digest = sha256(data);
        store::replace(&self.place("charts", &format!("{digest}.tgz")), data)?;
        store::replace(&self.place("urls", &sha256(url.as_bytes())), digest.as_bytes())
    }

    /// The git repository that what comes from this address is kept in.
    pub fn repository(&self, url: &str) -> PathBuf {
        self.place("git", &sha256(url.as_bytes()))
    }

    /// Keeps what a name stands for.
    ///
    /// # Errors
    /// When the cache can't be written.
    pub fn keep_name(&self, name: &str, id: &str) -> Result<()> {
        self.prepare("urls")?;
        store::replace(&self.place("urls", &sha256(name.as_bytes())), id.as_bytes())
    }

    /// The digest of what an address gave last, if it is known.
    pub fn digest_of(&self, url: &str) -> Option<String> {
        String::from_utf8(read(&self.place("urls", &sha256(url.as_bytes())), 64)?).ok()
    }
}

fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    File::open(path).ok()?.take(limit.saturating_add(1)).read_to_end(&mut data).ok()?;
    (data.len() as u64 <= limit).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_what_is_broken_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().join("c") };
        assert!(cache.index("u", 100).is_none());
        cache.keep_index("u", Some("\"e\""), None, b"a\nb").unwrap();
        let kept = cache.index("u", 100).unwrap();
        assert_eq!(
            (kept.etag.as_deref(), kept.last_modified, kept.text),
            (Some("\"e\""), None, b"a\nb".to_vec())
        );
        cache.keep_chart("v", b"chart").unwrap();
        let digest = cache.digest_of("v").unwrap();
        assert_eq!(cache.chart(&digest, 100).unwrap(), b"chart");
        fs::write(cache.place("charts", &format!("{digest}.tgz")), "other").unwrap();
        assert!(cache.chart(&digest, 100).is_none());
        assert!(cache.chart("../../x", 100).is_none());
    }
}
