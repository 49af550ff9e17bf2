//! A chart in a directory, read in Helm's order (`helm pkg/chart/v2/loader/directory.go`,
//! `internal/sympath/walk.go`): names sorted folder by folder, links followed.
//!
//! Two things are stricter than Helm: links that leave the chart are refused unless asked for, and a link
//! to a folder that is being read already is an error, where Helm would go round until the path is too long.

use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    BYTE_ORDER_MARK, Budget, File, Files, IGNORE_FILE, MAX_FOLDERS, Options, Rules, io_words, quote, words,
};
use crate::diagnostic::{Error, Result};
use crate::value::Str;

/// Reads the files of the chart in a directory.
///
/// # Errors
/// For what cannot be read, files that are no regular ones (they are never opened, so that a pipe cannot
/// block), links that leave the chart or go in circles, and when a limit is exceeded.
pub fn read_directory(directory: &Path, options: &Options, budget: &mut Budget) -> Result<Files> {
    let mut walk = Walk {
        options,
        budget,
        top: directory,
        rules: Rules::defaults(),
        root: None,
        open: Vec::new(),
        files: Vec::new(),
        buffer: Vec::new(),
    };
    let entries = walk.entries(directory)?;
    walk.read_rules(&entries)?;
    walk.folder(directory, "", PathBuf::new(), entries, 0)?;
    Ok(Files { location: location(directory), files: walk.files })
}

fn location(directory: &Path) -> Arc<str> {
    let shown = directory.to_string_lossy();
    match shown.trim_end_matches('/') {
        "" => "/".into(),
        "." => "".into(),
        path => format!("{path}/").into(),
    }
}

/// A path as Helm shows it, from the top of the file system.
fn shown(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// Bytes that are read of a file at first: more than most have.
const FIRST_READ: usize = 64 << 10;

/// Reads a file that has just been seen to be a regular one, but not much more of it than `limit`; tells how many
/// bytes at the start of the buffer are the file's.
fn read_at_most(path: &Path, buffer: &mut Vec<u8>, limit: u64) -> std::io::Result<usize> {
    let mut file = fs::File::open(path)?;
    let mut length = 0;
    while length as u64 <= limit {
        if length == buffer.len() {
            buffer.resize((2 * length).max(FIRST_READ), 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

struct Walk<'a> {
    options: &'a Options,
    budget: &'a mut Budget,
    /// The chart's directory, as it was named.
    top: &'a Path,
    rules: Rules,
    /// The chart's directory with all links resolved, once it is asked for.
    root: Option<PathBuf>,
    /// The folders that are being read, with all links resolved: within the root, or from the top of the file system.
    open: Vec<PathBuf>,
    files: Vec<File>,
    /// What is read, before it is known how to keep it.
    buffer: Vec<u8>,
}

/// What is in a folder: names and kinds.
type Entries = Vec<(OsString, FileType)>;

impl Walk<'_> {
    /// What is in a folder, sorted by name.
    fn entries(&mut self, path: &Path) -> Result<Entries> {
        let failed = |e: &std::io::Error| Error::new(format!("open {}: {}", shown(path), io_words(e)));
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| failed(&e))? {
            self.budget.entry()?;
            let entry = entry.map_err(|e| failed(&e))?;
            let kind = entry
                .file_type()
                .map_err(|e| Error::new(format!("lstat {}: {}", shown(&entry.path()), io_words(&e))))?;
            entries.push((entry.file_name(), kind));
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// Reads the chart's `.helmignore`, if there is one.
    fn read_rules(&mut self, entries: &Entries) -> Result<()> {
        let Some((name, kind)) = entries.iter().find(|(name, _)| name == IGNORE_FILE) else { return Ok(()) };
        let path = self.top.join(name);
        let is_file = match kind.is_symlink() {
            true => match fs::metadata(&path) {
                Ok(metadata) => metadata.is_file(),
                Err(_) => return Ok(()),
            },
            false => kind.is_file(),
        };
        if !is_file {
            return Err(words::irregular(&shown(&path)));
        }
        let length = self.read(&path, &path, IGNORE_FILE)?;
        self.rules =
            Rules::parse(&self.buffer[..length]).map_err(|e| e.note(format!("in {}", shown(&path))))?;
        Ok(())
    }

    /// The chart's directory with all links resolved.
    fn root(&mut self) -> Result<PathBuf> {
        if let Some(root) = &self.root {
            return Ok(root.clone());
        }
        let root = fs::canonicalize(self.top)
            .map_err(|e| Error::new(format!("lstat {}: {}", self.top.display(), io_words(&e))))?;
        Ok(self.root.insert(root).clone())
    }

    /// Reads what is in a folder: at `path`, named `name` in the chart, being `real` with links resolved.
    fn folder(
        &mut self,
        path: &Path,
        name: &str,
        real: PathBuf,
        entries: Entries,
        depth: usize,
    ) -> Result<()> {
        self.open.push(real);
        for (entry, kind) in entries {
            let path = path.join(&entry);
            let entry = entry.to_string_lossy();
            let name = if name.is_empty() { entry.into_owned() } else { format!("{name}/{entry}") };
            self.entry(&path, name, kind, depth)?;
        }
        self.open.pop();
        Ok(())
    }

    /// Reads a folder within another.
    fn inner_folder(&mut self, path: &Path, name: &str, real: PathBuf, depth: usize) -> Result<()> {
        if depth == MAX_FOLDERS {
            return Err(Error::new(format!(
                "folders are nested deeper than {MAX_FOLDERS} in the chart: {name}"
            )));
        }
        let entries = self.entries(path)?;
        self.folder(path, name, real, entries, depth + 1)
    }

    fn entry(&mut self, path: &Path, name: String, kind: FileType, depth: usize) -> Result<()> {
        if kind.is_symlink() {
            return self.link(path, name, depth);
        }
        if kind.is_dir() {
            if self.leaves_out(&name, true) {
                return Ok(());
            }
            let parent = self.open.last().cloned().unwrap_or_default();
            return self.inner_folder(path, &name, parent.join(path.file_name().unwrap_or_default()), depth);
        }
        if self.leaves_out(&name, false) {
            return Ok(());
        }
        self.file(path, path, &name, kind)
    }

    fn leaves_out(&self, name: &str, is_folder: bool) -> bool {
        self.rules.ignores(name, is_folder) || !self.options.wants(name, is_folder)
    }

    fn link(&mut self, path: &Path, name: String, depth: usize) -> Result<()> {
        let failed = |e: &std::io::Error| {
            Error::new(format!("error evaluating symlink {}: {}", shown(path), io_words(e)))
        };
        let real = fs::canonicalize(path).map_err(|e| failed(&e))?;
        let metadata = fs::symlink_metadata(&real).map_err(|e| failed(&e))?;
        if self.leaves_out(&name, metadata.is_dir()) {
            return Ok(());
        }
        let root = self.root()?;
        if !self.options.allow_outside_symlinks && !real.starts_with(&root) {
            return Err(Error::new(format!(
                "symbolic link {} leaves the chart: it is not followed",
                shown(path)
            ))
            .hint("if you trust the chart, --allow-outside-symlinks follows such links, as Helm does"));
        }
        if !metadata.is_dir() {
            return self.file(path, &real, &name, metadata.file_type());
        }
        if self.open.iter().any(|open| root.join(open) == real) {
            return Err(Error::new(format!(
                "error evaluating symlink {}: it leads back to a folder that contains it",
                shown(path)
            )));
        }
        self.inner_folder(path, &name, real, depth)
    }

    /// Reads a regular file into the buffer, and tells how many bytes at its start are the file's.
    fn read(&mut self, path: &Path, real: &Path, name: &str) -> Result<usize> {
        let limit = self.budget.limits().file_bytes;
        let length = read_at_most(real, &mut self.buffer, limit).map_err(|e| {
            Error::new(format!("error reading {name}: open {}: {}", shown(path), io_words(&e)))
        })?;
        if length as u64 > limit {
            let shown = real.file_name().unwrap_or_default().to_string_lossy();
            return Err(Error::new(format!(
                "chart file {} is larger than the maximum file size {limit}",
                quote(&shown)
            )));
        }
        Ok(length)
    }

    fn file(&mut self, path: &Path, real: &Path, name: &str, kind: FileType) -> Result<()> {
        if !kind.is_file() {
            return Err(words::irregular(&shown(path)));
        }
        let length = self.read(path, real, name)?;
        self.budget.bytes(length as u64)?;
        let data = &self.buffer[..length];
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data);
        self.files.push(File { name: name.into(), data: Str::from_bytes(data) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str) -> &Folder {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }

        fn read_with(&self, chart: &str, options: &Options) -> Result<Vec<String>> {
            let files =
                read_directory(&self.0.path().join(chart), options, &mut Budget::new(&options.limits))?;
            Ok(files.files.iter().map(|f| f.name.to_string()).collect())
        }

        fn read(&self, chart: &str) -> Result<Vec<String>> {
            self.read_with(chart, &Options::default())
        }
    }

    #[test]
    fn files_come_sorted_folder_by_folder_and_ignored_ones_are_left_out() {
        let folder = Folder::new();
        folder
            .write("c/Chart.yaml", "a")
            .write("c/templates/b.yaml", "")
            .write("c/templates/a/z.yaml", "")
            .write("c/templates/.hidden", "")
            .write("c/notes.bak", "")
            .write("c/skipped/x", "")
            .write("c/.helmignore", "*.bak\nskipped/\n");
        assert_eq!(
            folder.read("c").unwrap(),
            [".helmignore", "Chart.yaml", "templates/a/z.yaml", "templates/b.yaml"]
        );
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let folder = Folder::new();
        folder.write("c/Chart.yaml", "\u{feff}name: x");
        let files = read_directory(
            &folder.0.path().join("c"),
            &Options::default(),
            &mut Budget::new(&Limits::default()),
        )
        .unwrap();
        assert_eq!(files.files[0].data, "name: x");
    }

    #[cfg(unix)]
    #[test]
    fn links_inside_are_followed_and_links_outside_only_if_asked_for() {
        use std::os::unix::fs::symlink;
        let folder = Folder::new();
        folder.write("secret", "s").write("c/a/x", "1");
        let c = folder.0.path().join("c");
        symlink("a", c.join("b")).unwrap();
        assert_eq!(folder.read("c").unwrap(), ["a/x", "b/x"]);
        symlink("../secret", c.join("out")).unwrap();
        assert!(folder.read("c").unwrap_err().message().contains("leaves the chart"));
        let options = Options { allow_outside_symlinks: true, ..Options::default() };
        assert_eq!(folder.read_with("c", &options).unwrap(), ["a/x", "b/x", "out"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_go_in_circles_or_nowhere_are_errors() {
        use std::os::unix::fs::symlink;
        for (target, want) in [
            (".", "leads back to a folder that contains it"),
            ("loop", "too many levels of symbolic links"),
            ("gone", "no such file or directory"),
        ] {
            let folder = Folder::new();
            folder.write("c/a/x", "1");
            symlink(target, folder.0.path().join("c/a/loop")).unwrap();
            let error = folder.read("c").unwrap_err();
            assert!(error.message().contains(want), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_without_being_opened() {
        let folder = Folder::new();
        folder.write("c/Chart.yaml", "");
        let made = std::process::Command::new("mkfifo").arg(folder.0.path().join("c/pipe")).status();
        if !made.is_ok_and(|s| s.success()) {
            eprintln!("skipped: no mkfifo here");
            return;
        }
        let error = folder.read("c").unwrap_err();
        assert!(error.message().starts_with("cannot load irregular file "), "{error}");
    }

    #[test]
    fn large_files_many_files_and_large_charts_are_errors() {
        let folder = Folder::new();
        folder.write("c/a", "12345").write("c/b", "12345");
        let with = |change: fn(&mut Limits)| {
            let mut options = Options::default();
            change(&mut options.limits);
            folder.read_with("c", &options).unwrap_err().message().to_string()
        };
        assert_eq!(with(|l| l.file_bytes = 4), "chart file \"a\" is larger than the maximum file size 4");
        assert_eq!(with(|l| l.chart_entries = 1), "chart has more than 1 files and folders");
        assert_eq!(with(|l| l.chart_bytes = 9), "decompressed chart is larger than the maximum size 9");
    }
}
