//! Dependencies on this machine: `file://` and folders in `charts/`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Locked;
use crate::chart::{self, Chart, Dependency};
use crate::diagnostic::{Error, Result};
use crate::package::{self, Package};
use crate::source::{self, Budget, Options, io_words, quote};

/// How the repository of a dependency begins that is a folder on this machine.
pub(super) const FILE: &str = "file://";

/// The folder that a `file://` repository names: from the chart on, and within the folder that the chart is in.
///
/// # Errors
/// When it isn't there, in Helm's words (`resolver.go: GetLocalPath`), or leads elsewhere: a chart could make files
/// of this machine its own.
pub(super) fn folder(chart: &Path, dependency: &Dependency) -> Result<PathBuf> {
    let path = dependency.repository.strip_prefix(FILE).unwrap_or(&dependency.repository);
    let path = chart.join(path);
    let real = |path: &Path| {
        fs::canonicalize(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::new(format!("directory {} not found", path.display())),
            _ => Error::new(format!("stat {}: {}", path.display(), io_words(&e))),
        })
    };
    let (folder, own) = (real(&path)?, real(chart)?);
    let around = own.parent().unwrap_or(&own);
    if folder == own {
        return Err(Error::new(format!("dependency {} is the chart itself", quote(&dependency.name))));
    }
    if !folder.starts_with(around) {
        return Err(Error::new(format!(
            "dependency {} leads out of the folder that the chart is in: {}",
            quote(&dependency.name),
            dependency.repository
        ))
        .hint("move it beside the chart, or copy it into charts/ and leave its repository empty"));
    }
    Ok(folder)
}

/// Reads the chart in a folder.
pub(super) fn read(folder: &Path, options: &Options) -> Result<Chart> {
    let mut budget = Budget::new(&options.limits);
    let files = source::read_directory(folder, options, &mut budget)?;
    chart::from_files(files, &mut budget, &mut Vec::new())
}

/// Packs the chart of a `file://` dependency (`manager.go: tarFromLocalDir`).
pub(super) fn pack(chart: &Path, dependency: &Dependency, options: &Options) -> Result<(String, Package)> {
    let constraint = super::constraint(dependency)?;
    let folder = folder(chart, dependency)?;
    let version = read(&folder, options)?.metadata.version;
    if !super::fits(&constraint, &version) {
        return Err(Error::new(format!("can't get a valid version for dependency {}", dependency.name))
            .note(format!("{} has version {version}; {} is wanted", folder.display(), dependency.version)));
    }
    Ok((version, package::as_is(&folder, options)?))
}

/// Checks the chart in `charts/` that a dependency without a repository stands for (`manager.go: downloadAll`).
pub(super) fn check(chart: &Path, locked: &Locked, options: &Options) -> Result<()> {
    let folder = chart.join("charts").join(&locked.name);
    let there = read(&folder, options)
        .map_err(|e| e.context(format_args!("unable to load chart '{}'", folder.display())))?;
    let dependency = locked.as_dependency();
    if !super::fits(&super::constraint(&dependency)?, &there.metadata.version) {
        return Err(Error::new(format!(
            "dependency {} at version {} does not satisfy the constraint {}",
            locked.name, there.metadata.version, locked.version
        )));
    }
    Ok(())
}
