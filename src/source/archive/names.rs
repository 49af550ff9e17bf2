//! The names in an archive: where they lead, and whether two of them are one on some machine.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::path::clean;
use super::super::{MAX_FOLDERS, quote};
use crate::diagnostic::{Error, Result};

/// Bytes of a name: the longest path that Linux takes.
const NAME_BYTES: usize = 4096;

/// The name of an entry within the chart: its first part is dropped, the rest cleaned (`helm
/// pkg/chart/loader/archive/archive.go: LoadArchiveFiles`).
///
/// # Errors
/// In Helm's words: when it leads out of the chart, or is one of Windows with a drive.
pub(super) fn within_chart(raw: &str) -> Result<String> {
    if raw.len() > NAME_BYTES {
        return Err(Error::new(format!(
            "chart archive holds a name of {} bytes; the most is {NAME_BYTES}",
            raw.len()
        )));
    }
    let delimiter = if raw.contains('\\') { '\\' } else { '/' };
    let (first, rest) = raw.split_once(delimiter).unwrap_or((raw, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(Error::new("chart illegally contains absolute paths").note(quote(raw)));
    }
    let name = clean(&rest);
    if name == "." {
        return Err(Error::new(format!(
            "chart illegally contains content outside the base directory: {}",
            quote(raw)
        )));
    }
    if name.starts_with("..") {
        return Err(Error::new("chart illegally references parent directory").note(quote(raw)));
    }
    let bytes = name.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1..3) == Some(b":/") {
        return Err(Error::new("chart contains illegally named files").note(quote(raw)));
    }
    if first == "Chart.yaml" {
        return Err(Error::new("chart yaml not in base directory").note(quote(raw)));
    }
    Ok(name)
}

/// The names seen so far, folder by folder, without regard to case.
#[derive(Default)]
pub(super) struct Seen {
    /// By the folder that it is in and its name in lower case.
    names: HashMap<(usize, String), Name>,
}

struct Name {
    id: usize,
    spelled: String,
    is_file: bool,
}

impl Seen {
    /// Adds the name of a file.
    ///
    /// # Errors
    /// When it was there before, or differs by case only from one that was, or is a file here and a folder there:
    /// which of the two counts would depend on the program and the machine.
    pub fn add(&mut self, name: &str) -> Result<()> {
        let mut folder = 0;
        let mut parts = name.split('/').enumerate().peekable();
        while let Some((depth, part)) = parts.next() {
            if depth > MAX_FOLDERS {
                return Err(Error::new(format!(
                    "folders are nested deeper than {MAX_FOLDERS} in the chart: {}",
                    quote(name)
                )));
            }
            let is_file = parts.peek().is_none();
            let id = self.names.len() + 1;
            match self.names.entry((folder, part.to_lowercase())) {
                Entry::Vacant(place) => {
                    place.insert(Name { id, spelled: part.to_string(), is_file });
                    folder = id;
                }
                Entry::Occupied(there) => {
                    let there = there.get();
                    if there.spelled != part {
                        return Err(Error::new(format!(
                            "chart archive holds names that differ by case only: {}",
                            quote(name)
                        ))
                        .note(format!(
                            "{} is written {} before",
                            quote(part),
                            quote(&there.spelled)
                        )));
                    }
                    if there.is_file && is_file {
                        return Err(Error::new(format!("chart archive holds {} twice", quote(name))));
                    }
                    if there.is_file || is_file {
                        return Err(Error::new(format!(
                            "chart archive holds {} both as a file and as a folder",
                            quote(part)
                        )));
                    }
                    folder = there.id;
                }
            }
        }
        Ok(())
    }
}
