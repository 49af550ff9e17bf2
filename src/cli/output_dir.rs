//! `--output-dir`: a file for each template, all of them or none.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use torii::diagnostic::{Error, Result};
use torii::manifest::select;

use super::output::Output;
use super::render::Piece;

/// A file to be written.
struct File {
    /// Where it goes.
    path: PathBuf,
    /// Its content.
    content: Vec<u8>,
    /// Where it stands until everything is written.
    temporary: Option<PathBuf>,
}

/// Writes the documents, those of each template into one file, below `folder` (and there below `release`, if
/// one is given), and says so on stdout as Helm does: a line for each document
/// (`helm pkg/action/install.go: writeToFile`).
///
/// First every file is written beside its place, then all are moved there; a failure before that leaves
/// nothing behind. No link within the folder is followed.
///
/// # Errors
/// When a name would lead out of the folder, or something can't be written.
pub fn write<'a>(
    folder: &Path,
    release: Option<&str>,
    pieces: impl Iterator<Item = &'a Piece<'a>>,
    only: &[String],
    output: &mut Output,
) -> Result<()> {
    let pieces = selected(pieces.collect(), only)?;
    let mut files: Vec<File> = Vec::new();
    let mut places: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for piece in pieces {
        // Definitions don't go below the release's folder in Helm either.
        let release = release.filter(|_| !piece.is_crd);
        let base = release.map_or_else(|| folder.to_path_buf(), |name| folder.join(name));
        let name = inside(piece.source)?;
        if let Some(release) = release {
            inside(release)?;
        }
        let path = base.join(name);
        lines.push(format!("wrote {}/{}\n", base.display(), piece.source));
        let index = *places.entry(path.clone()).or_insert_with(|| {
            files.push(File { path, content: Vec::new(), temporary: None });
            files.len() - 1
        });
        if let Some(file) = files.get_mut(index) {
            file.content.extend_from_slice(format!("---\n# Source: {}\n", piece.source).as_bytes());
            file.content.extend_from_slice(piece.content);
            file.content.push(b'\n');
        }
    }
    let result = place(folder, &mut files);
    for file in &files {
        if let Some(left) = &file.temporary {
            let _ = fs::remove_file(left);
        }
    }
    result?;
    for line in lines {
        output.write(line.as_bytes())?;
    }
    // Helm ends with the text of the objects that went to no file: nothing, and a newline.
    output.write(b"\n")
}

/// The documents of the templates that `only` names; all if it names none.
fn selected<'a>(pieces: Vec<&'a Piece<'a>>, only: &[String]) -> Result<Vec<&'a Piece<'a>>> {
    let fits = |piece: &Piece<'_>, wanted: &str| {
        piece.source.split_once('/').is_some_and(|(_, path)| select::matches(wanted, path))
    };
    if let Some(missing) = only.iter().find(|wanted| !pieces.iter().any(|piece| fits(piece, wanted))) {
        return Err(Error::new(format!("could not find template {missing} in chart")));
    }
    Ok(pieces
        .into_iter()
        .filter(|piece| only.is_empty() || only.iter().any(|wanted| fits(piece, wanted)))
        .collect())
}

/// The name as a path that can't lead out of a folder.
fn inside(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
    if name.is_empty() || !plain || name.contains(['\0', '\\']) {
        return Err(Error::new(format!("{name:?} can't be the name of a file in the output folder")).note(
            "names of charts, dependencies' aliases and templates become names of files with --output-dir",
        ));
    }
    Ok(path)
}

/// Writes all files beside their places, then moves them.
fn place(folder: &Path, files: &mut [File]) -> Result<()> {
    for (number, file) in files.iter_mut().enumerate() {
        let parent = file.path.parent().unwrap_or(folder).to_path_buf();
        make_folders(folder, &parent)?;
        refuse_link(&file.path)?;
        let temporary = parent.join(format!(".torii-{}-{number}.part", std::process::id()));
        let mut opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(|e| failed("writing", &file.path, &e))?;
        file.temporary = Some(temporary);
        opened.write_all(&file.content).map_err(|e| failed("writing", &file.path, &e))?;
    }
    for file in files {
        if let Some(temporary) = file.temporary.take() {
            refuse_link(&file.path)?;
            if let Err(e) = fs::rename(&temporary, &file.path) {
                file.temporary = Some(temporary);
                return Err(failed("writing", &file.path, &e));
            }
        }
    }
    Ok(())
}

/// Makes the folders from the output folder down to `parent`. The output folder itself may be reached through
/// links: it is the user's word. What is below it may not.
fn make_folders(folder: &Path, parent: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| failed("making the folder", folder, &e))?;
    let Ok(below) = parent.strip_prefix(folder) else { return Ok(()) };
    let mut path = folder.to_path_buf();
    for part in below.components() {
        path.push(part);
        match fs::create_dir(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => refuse_link(&path)?,
            Err(e) => return Err(failed("making the folder", &path, &e)),
        }
    }
    Ok(())
}

fn refuse_link(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            Err(Error::new(format!("{} is a symbolic link; --output-dir follows none", path.display()))
                .hint("remove it, or choose another folder"))
        }
        _ => Ok(()),
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let words = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        io::ErrorKind::NotFound => "no such file or directory".to_string(),
        io::ErrorKind::NotADirectory => "not a directory".to_string(),
        _ => error.to_string(),
    };
    Error::new(format!("{what} {}: {words}", path.display()))
        .hint("--output-dir needs a folder that may be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_lead_out_of_the_folder() {
        for bad in ["", "/a", "a/../b", "..", "a\0", "./../x", "a\\..\\b"] {
            assert!(inside(bad).is_err(), "{bad:?}");
        }
        assert!(inside("c/templates/a.yaml").is_ok());
    }
}
