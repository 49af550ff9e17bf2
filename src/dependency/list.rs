//! `torii dependency list`: what a chart needs, and what of it is there (`helm pkg/action/dependency.go`).

use std::fs;
use std::path::Path;

use super::fits;
use crate::chart::{self, Chart, Dependency, Options};
use crate::diagnostic::Result;
use crate::functions::semver::{Constraint, Version};
use crate::source::{Tree, path, quote, without_user};

/// The dependencies of a chart.
#[derive(Clone, Debug)]
pub struct List {
    /// Name, version, repository and status of each; none if the chart has no list of them.
    pub rows: Option<Vec<[String; 4]>>,
    /// What is in `charts/` and shouldn't be.
    pub warnings: Vec<String>,
}

/// Looks for the dependencies of the chart at a path.
///
/// # Errors
/// When the chart can't be read.
pub fn list(path: &str, options: &Options) -> Result<List> {
    let tree = Tree::default();
    let chart = chart::load(&tree, path, options, &mut Vec::new())?;
    let charts = Path::new(path).join("charts");
    if !chart.metadata.lists_dependencies {
        let warning = format!("WARNING: no dependencies at {}", charts.display());
        return Ok(List { rows: None, warnings: vec![warning] });
    }
    let mut names: Vec<String> = match fs::read_dir(&charts) {
        Ok(entries) => entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    let load = |name: &str| {
        let path = charts.join(name).to_string_lossy().into_owned();
        chart::load(&tree, &path, options, &mut Vec::new())
    };
    let wanted = &chart.metadata.dependencies;
    let row = |d: &Dependency| {
        let status = status(d, &chart, &names, &load);
        [d.name.clone(), d.version.clone(), without_user(&d.repository).into_owned(), status.to_string()]
    };
    let rows = wanted.iter().map(row).collect();
    let mut warnings = Vec::new();
    for name in &names {
        let place = charts.join(name);
        if !place.is_dir() && path::ext(name) != ".tgz" {
            continue;
        }
        let shown = quote(&place.to_string_lossy());
        match load(name) {
            Err(_) => warnings.push(format!("WARNING: {shown} is not a chart.")),
            Ok(found) if !wanted.iter().any(|d| d.name == found.name()) => {
                warnings.push(format!("WARNING: {shown} is not in Chart.yaml."));
            }
            Ok(_) => {}
        }
    }
    Ok(List { rows: Some(rows), warnings })
}

/// What there is of a dependency. Archives are looked at first, as in Helm.
fn status(
    wanted: &Dependency,
    parent: &Chart,
    names: &[String],
    load: &impl Fn(&str) -> Result<Chart>,
) -> &'static str {
    let pattern = format!("{}-*.tgz", wanted.name);
    let mut archives = Vec::new();
    for name in names {
        match path::matches(&pattern, name) {
            Err(_) => return "bad pattern",
            Ok(true) => archives.push(name),
            Ok(false) => {}
        }
    }
    if archives.len() > 1 {
        archives.retain(|name| {
            let version =
                name.strip_suffix(".tgz").and_then(|n| n.strip_prefix(&format!("{}-", wanted.name)));
            version.is_some_and(|version| Version::parse_strict(version).is_ok())
        });
        if archives.len() > 1 {
            return "too many matches";
        }
    }
    if let Some(archive) = archives.first() {
        return match load(archive) {
            Err(_) => "corrupt",
            Ok(found) if found.name() != wanted.name => "misnamed",
            Ok(found) => version(wanted, &found).unwrap_or("ok"),
        };
    }
    match parent.dependencies.iter().rev().find(|chart| chart.name() == wanted.name) {
        None => "missing",
        Some(found) => version(wanted, found).unwrap_or("unpacked"),
    }
}

/// What is wrong with the version of a chart, if something is.
fn version(wanted: &Dependency, found: &Chart) -> Option<&'static str> {
    let there = &found.metadata.version;
    if *there == wanted.version {
        return None;
    }
    let Ok(constraint) = Constraint::parse(&wanted.version) else { return Some("invalid version") };
    if Version::parse(there).is_err() {
        return Some("invalid version");
    }
    (!fits(&constraint, there)).then_some("wrong version")
}
