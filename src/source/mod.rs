//! Where charts come from: a directory, an archive, a revision of a git repository.
//!
//! A [`Tree`] is where the files are that the user names. It gives the contents of one, or the [`Files`] of a chart, by
//! name, in Helm's order; [`crate::chart`] makes a chart of them.
//! Nothing is ever unpacked to disk, and nothing outside the chart is read (see [`Options`]).

mod archive;
pub mod builtin;
mod directory;
pub mod git;
mod ignore;
pub(crate) mod path;
pub mod remote;
pub mod store;
mod tree;
mod words;

use std::sync::Arc;

use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::value::{Room, Str};

pub use self::archive::{pack, unpack};
pub use self::directory::read_directory;
pub use self::ignore::Rules;
pub use self::tree::{Found, Tree};
pub use self::words::without_user;
pub(crate) use self::words::{io_words, quote};

const IGNORE_FILE: &str = ".helmignore";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Folders within folders: far more than any chart has, and few enough for the stack.
const MAX_FOLDERS: usize = 256;

/// A file of a chart.
#[derive(Clone, Debug)]
pub struct File {
    /// The name within its chart, with slashes: `templates/hpa.yaml`.
    pub name: Arc<str>,
    /// The bytes, without a byte order mark at the start.
    pub data: Str,
}

/// The files of a chart, its subcharts' files included.
#[derive(Clone, Debug)]
pub struct Files {
    /// What stands before a file's name when it is shown to the user: `charts/gateway/`, `gateway-1.0.0.tgz:`.
    pub location: Arc<str>,
    /// The files, in the order in which Helm loads them.
    pub files: Vec<File>,
}

/// How to read a source.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Follow symbolic links that leave the chart's directory, as Helm does. A chart from elsewhere could
    /// use them to show files of this machine.
    pub allow_outside_symlinks: bool,
    /// Which files to read, if not all: asked with the name of each file and folder, and whether it is a folder.
    pub only: Option<fn(&str, bool) -> bool>,
    /// The bounds on files and archives.
    pub limits: Limits,
}

impl Options {
    fn wants(&self, name: &str, is_folder: bool) -> bool {
        self.only.is_none_or(|wants| wants(name, is_folder))
    }
}

/// What may still be read of one chart: shared by a chart and the archives within it.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    bytes: u64,
    entries: usize,
    room: Room,
}

impl Budget {
    /// All of it.
    pub fn new(limits: &Limits) -> Budget {
        Budget {
            limits: limits.clone(),
            bytes: limits.chart_bytes,
            entries: limits.chart_entries,
            room: Room::new(limits.data_bytes),
        }
    }

    /// The bounds it was made of.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The memory that its values may still take.
    pub(crate) fn room(&mut self) -> &mut Room {
        &mut self.room
    }

    /// Counts a file or folder.
    fn entry(&mut self) -> Result<()> {
        self.entries = self.entries.checked_sub(1).ok_or_else(|| {
            Error::new(format!("chart has more than {} files and folders", self.limits.chart_entries))
        })?;
        Ok(())
    }

    /// Counts the bytes of a file. The words are those of `helm pkg/chart/loader/archive/archive.go`.
    fn bytes(&mut self, size: u64) -> Result<()> {
        self.bytes = self.bytes.checked_sub(size).ok_or_else(|| {
            Error::new(format!(
                "decompressed chart is larger than the maximum size {}",
                self.limits.chart_bytes
            ))
        })?;
        Ok(())
    }
}

/// The error of a path at which there is nothing.
fn not_found(path: &str) -> Error {
    Error::new(format!("path {} not found", quote(&without_user(path))))
}
