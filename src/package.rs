//! Charts into archives (`helm pkg/action/package.go`).
//!
//! Other than Helm's, the archive of a chart is always the same: files sorted by name, without times and owners. And
//! all files are as they are in the folder, `Chart.yaml` too unless a version is given, so that nothing is lost.

use std::path::Path;

use crate::chart::{self, Chart};
use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::source::{self, Budget, File, Files, Options};

/// What to write into `Chart.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The chart's version.
    pub version: Option<String>,
    /// The version of what it installs.
    pub app_version: Option<String>,
}

/// A packed chart.
#[derive(Clone, Debug)]
pub struct Package {
    /// `gateway-1.2.0.tgz`.
    pub file_name: String,
    /// The archive.
    pub data: Vec<u8>,
}

/// Packs the chart in a folder. Warnings are added to `warnings`.
///
/// # Errors
/// When there is no valid chart, a dependency is missing, or an archive can't hold it.
pub fn package(
    folder: &Path,
    changes: &Changes,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Package> {
    let mut files = source::read_directory(folder, options, &mut Budget::new(&options.limits))?;
    let mut chart = chart::from_files(files.clone(), &mut Budget::new(&options.limits), warnings)?;
    let changed = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (version, app_version) = (changed(&changes.version), changed(&changes.app_version));
    if version.is_some() || app_version.is_some() {
        let metadata = &mut chart.metadata;
        metadata.version = version.unwrap_or_else(|| metadata.version.clone());
        metadata.app_version = app_version.unwrap_or_else(|| metadata.app_version.clone());
        let text = chart::metadata_yaml(&chart.metadata)?;
        for file in files.files.iter_mut().filter(|file| &*file.name == "Chart.yaml") {
            file.data = text.as_str().into();
        }
    }
    Version::parse(&chart.metadata.version).map_err(|e| Error::new(e.to_string()))?;
    chart.check_dependencies()?;
    pack(&chart, &files.files, options)
}

/// Packs the chart in a folder as it is, whether its own dependencies are there or not.
///
/// # Errors
/// When there is no valid chart, or an archive can't hold it.
pub(crate) fn as_is(folder: &Path, options: &Options) -> Result<Package> {
    of_files(source::read_directory(folder, options, &mut Budget::new(&options.limits))?, options)
}

/// Packs the chart that these files are.
///
/// # Errors
/// As [`as_is`].
pub(crate) fn of_files(files: Files, options: &Options) -> Result<Package> {
    let chart = chart::from_files(files.clone(), &mut Budget::new(&options.limits), &mut Vec::new())?;
    pack(&chart, &files.files, options)
}

/// Packs a chart of these files, and reads the archive again to see that it holds them.
fn pack(chart: &Chart, files: &[File], options: &Options) -> Result<Package> {
    let data = source::pack(chart.name(), files)?;
    let read = source::unpack(&data, &mut Budget::new(&options.limits))?;
    let is_there = |file: &File| read.iter().any(|f| f.name == file.name);
    if let Some(lost) = files.iter().find(|file| !is_there(file)) {
        return Err(Error::new(format!("an archive can't hold the file {}", source::quote(&lost.name))));
    }
    Ok(Package { file_name: format!("{}-{}.tgz", chart.name(), chart.metadata.version), data })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn chart(metadata: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("Chart.yaml"), metadata).unwrap();
        fs::write(folder.path().join("templates/a.yaml"), "a: 1\n").unwrap();
        folder
    }

    fn packed(folder: &tempfile::TempDir, changes: &Changes) -> Result<Package> {
        package(folder.path(), changes, &Options::default(), &mut Vec::new())
    }

    #[test]
    fn the_same_chart_makes_the_same_archive() {
        let text = "# mine\nname: c\nversion: 1.0.0\nunknown: kept\n";
        let one = packed(&chart(text), &Changes::default()).unwrap();
        let other = packed(&chart(text), &Changes::default()).unwrap();
        assert_eq!((one.file_name.as_str(), &one.data), ("c-1.0.0.tgz", &other.data));
        let files = source::unpack(&one.data, &mut Budget::new(&Options::default().limits)).unwrap();
        assert_eq!(files[0].data, text);
    }

    #[test]
    fn versions_can_be_given() {
        let changes = Changes { version: Some("2.0.0".into()), app_version: Some("7".into()) };
        let package = packed(&chart("apiVersion: v2\nname: c\nversion: 1.0.0\n"), &changes).unwrap();
        assert_eq!(package.file_name, "c-2.0.0.tgz");
        let files = source::unpack(&package.data, &mut Budget::new(&Options::default().limits)).unwrap();
        assert_eq!(files[0].data, "apiVersion: v2\nappVersion: \"7\"\nname: c\nversion: 2.0.0\n");
    }

    #[test]
    fn a_chart_without_its_dependencies_is_not_packed() {
        let text = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: d, version: 1.0.0, repository: ''}]\n";
        let error = packed(&chart(text), &Changes::default()).unwrap_err();
        assert!(error.message().ends_with("but missing in charts/ directory: d"), "{error}");
        let changes = Changes { version: Some("x".into()), ..Changes::default() };
        let error = packed(&chart("name: c\nversion: 1.0.0\n"), &changes).unwrap_err();
        assert_eq!(error.message(), "invalid semantic version");
    }
}
