//! A fresh chart (`helm create`), in Jinja or in Helm's language; both make the same objects.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::diagnostic::{Error, Result};
use crate::source::builtin::files;
use crate::source::{io_words, quote, store};
use crate::template::Language;
use crate::value::Value;
use crate::yaml;

/// The longest name of a chart (`helm pkg/chart/v2/util/create.go: maxChartNameLength`).
const MAX_NAME: usize = 250;

/// What the charts in `charts/new` call themselves.
const MODEL_NAME: &str = "newchart";

const BOTH: &[(&str, &str)] = files!("charts/new/both":
    ".helmignore",
    "metadata.yaml",
    "values.schema.json",
    "values.yaml",
);

const JINJA: &[(&str, &str)] = files!("charts/new/jinja":
    "templates/NOTES.txt.j2",
    "templates/_helpers.j2",
    "templates/deployment.yaml.j2",
    "templates/hpa.yaml.j2",
    "templates/ingress.yaml.j2",
    "templates/service.yaml.j2",
    "templates/serviceaccount.yaml.j2",
    "templates/tests/connection.yaml.j2",
);

const GO: &[(&str, &str)] = files!("charts/new/go":
    "templates/NOTES.txt",
    "templates/_helpers.tpl",
    "templates/deployment.yaml",
    "templates/hpa.yaml",
    "templates/ingress.yaml",
    "templates/service.yaml",
    "templates/serviceaccount.yaml",
    "templates/tests/connection.yaml",
);

/// Makes a folder with a chart that is called as the folder. What can't be as the user may think is added to
/// `warnings`.
///
/// # Errors
/// When a chart can't have that name, something is at that place, or the folder can't be written. Then nothing is
/// there that wasn't there before.
pub fn create(folder: &Path, language: Language, warnings: &mut Vec<String>) -> Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    check_name(name)?;
    if !is_object_name(name) {
        warnings.push(format!(
            "Kubernetes takes no object called {name:?}: charts are best named with lowercase letters, digits \
             and dashes, or set fullnameOverride in values.yaml"
        ));
    }
    let files = files(name, language)?;
    if fs::symlink_metadata(folder).is_ok() {
        return Err(exists(folder));
    }
    // Not after the folder: its name may be as long as names can be.
    let staging = store::beside(&folder.with_file_name("new"))?;
    let made = write(&staging, &files).and_then(|()| take_place(&staging, folder));
    if made.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    made.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => exists(folder),
        _ => Error::new(format!("making the folder {}: {}", quote(&folder.to_string_lossy()), io_words(&e))),
    })
}

/// The words are Helm's (`helm pkg/chart/v2/util/create.go: validateChartName`).
fn check_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Error::new(format!("chart name must be between 1 and {MAX_NAME} characters")));
    }
    if !name.chars().all(allowed) {
        return Err(Error::new("chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\""));
    }
    Ok(())
}

/// Whether every kind of object may have a name that ends in this one.
fn is_object_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && !name.ends_with('-')
}

fn exists(folder: &Path) -> Error {
    Error::new(format!("{} exists already", quote(&folder.to_string_lossy())))
        .hint("nothing is ever overwritten: give another name, or move it away first")
}

/// The files of a chart of this name, each with its text.
fn files(name: &str, language: Language) -> Result<Vec<(&'static str, String)>> {
    let templates = match language {
        Language::Jinja => JINJA,
        Language::Go => GO,
    };
    // A name like `1.0` or `no` would be something else than text.
    let quoted = yaml::to_yaml(&Value::from(name)).map_err(|e| Error::new(e.to_string()))?;
    // Called `Chart.yaml` here, it would make a chart of a folder without templates.
    let named = |(file, text): &(&'static str, &str)| match *file {
        "metadata.yaml" => ("Chart.yaml", text.replace(MODEL_NAME, quoted.trim_end())),
        file => (file, text.replace(MODEL_NAME, name)),
    };
    Ok(BOTH.iter().chain(templates).map(named).collect())
}

fn write(folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    fs::create_dir(folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// Gives a folder its name, if nothing has it.
fn take_place(staging: &Path, folder: &Path) -> io::Result<()> {
    match renameat_with(CWD, staging, CWD, folder, RenameFlags::NOREPLACE) {
        // Not every file system can tell. A rename alone would only ever replace an empty folder.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(staging, folder),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_file_is_here() {
        for (folder, files) in [("both", BOTH), ("jinja", JINJA), ("go", GO)] {
            let here: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
            assert_eq!(here, crate::source::builtin::names_in(&format!("charts/new/{folder}")));
        }
    }

    #[test]
    fn names_are_those_that_helm_takes() {
        for name in ["web", "My_App.2", "-", &"a".repeat(250)] {
            check_name(name).unwrap();
        }
        for name in ["", "a b", "a/b", "é", "a\n", "a$", &"a".repeat(251)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_takes_the_place_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (staging, place) = (folder.path().join("staging"), folder.path().join("place"));
        fs::create_dir(&staging).unwrap();
        fs::create_dir(&place).unwrap();
        assert_eq!(take_place(&staging, &place).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(staging.exists());
    }
}
