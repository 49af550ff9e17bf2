//! What a chart is: metadata, templates, values, schema, charts within it.
//!
//! [`load`] reads one; [`crate::values`] decides which of its charts take part and under which names, and
//! gives a [`Chart`] again, ready to render.

mod decode;
mod describe;
mod load;
mod metadata;
mod values_file;
mod write;

use std::sync::Arc;

use crate::diagnostic::{Error, Result};
use crate::source::path;
use crate::value::{Map, Str};

pub use self::load::{from_files, load};
pub use self::metadata::{Dependency, Lock, Maintainer, Metadata};
pub use self::values_file::{merge_maps, parse_values, parse_values_within};
pub use self::write::metadata_yaml;
pub use crate::source::{File, Options};

/// A chart. A clone is cheap: files and default values are shared.
///
/// The default values are never changed after loading; whoever layers values works on copies.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What `Chart.yaml` says (and `requirements.yaml`, for `apiVersion: v1`).
    pub metadata: Metadata,
    /// `Chart.lock` or `requirements.lock`.
    pub lock: Option<Lock>,
    /// The default values: those of `values.yaml`, and after [`crate::values::process_dependencies`] those
    /// imported from subcharts, too. Shared by clones; not to be changed.
    pub values: Map,
    /// `values.yaml` as it is written.
    pub values_text: Option<Str>,
    /// `Chart.yaml` as it is written.
    pub metadata_text: Option<Str>,
    /// `values.schema.json`.
    pub schema: Option<Str>,
    /// The files under `templates/`, in Helm's order of loading.
    pub templates: Arc<[File]>,
    /// All other files, `crds/` included; what `.Files` and `crds` are made of.
    pub files: Arc<[File]>,
    /// The charts within this one: sorted by name of their folder or archive when loaded; afterwards in
    /// Helm's order.
    pub dependencies: Vec<Chart>,
    /// What stands before a file's name when it is shown to the user: `charts/gateway/`, `x-1.0.0.tgz:`.
    pub location: Arc<str>,
    /// The way from the root chart on, by names: `umbrella/charts/sub` (Helm's `ChartFullPath`).
    pub full_path: Arc<str>,
    /// Whether this is the outermost chart.
    pub is_root: bool,
    /// Which of Helm's objects this chart stands for, while dependencies are processed.
    pub(crate) node: usize,
}

/// A file under `crds/`.
#[derive(Clone, Debug)]
pub struct Crd {
    /// The name from the root chart on, for the `# Source:` line: `gateway/crds/a.yaml`.
    pub filename: String,
    /// The file as the user would name it.
    pub display: String,
    /// The file.
    pub file: File,
}

impl Chart {
    /// The name, or the alias under which the chart takes part.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// A file of this chart as the user would name it, for errors.
    pub fn display_path(&self, name: &str) -> String {
        format!("{}{name}", self.location)
    }

    /// Whether the chart only holds definitions: its templates are not rendered.
    pub fn is_library(&self) -> bool {
        self.metadata.chart_type.eq_ignore_ascii_case("library")
    }

    /// The files of `crds/` of this chart and all charts within it (Helm's `CRDObjects`).
    pub fn crds(&self) -> Vec<Crd> {
        let mut found = Vec::new();
        self.gather_crds(&mut found);
        found
    }

    fn gather_crds(&self, found: &mut Vec<Crd>) {
        for file in self.files.iter() {
            let manifest = [".yaml", ".yml", ".json"];
            if file.name.starts_with("crds/")
                && manifest.iter().any(|m| path::ext(&file.name).eq_ignore_ascii_case(m))
            {
                found.push(Crd {
                    filename: path::clean(&format!("{}/{}", self.full_path, file.name)),
                    display: self.display_path(&file.name),
                    file: file.clone(),
                });
            }
        }
        for dependency in &self.dependencies {
            dependency.gather_crds(found);
        }
    }

    /// Checks that the chart may be rendered by itself (`helm pkg/cmd/install.go: checkIfInstallable`).
    ///
    /// # Errors
    /// For library charts.
    pub fn check_installable(&self) -> Result<()> {
        match self.metadata.chart_type.as_str() {
            "" | "application" => Ok(()),
            other => Err(Error::new(format!("{other} charts are not installable"))),
        }
    }

    /// Checks that all dependencies that `Chart.yaml` names are there
    /// (`helm pkg/action/install.go: CheckDependencies`).
    ///
    /// # Errors
    /// Names the missing ones.
    pub fn check_dependencies(&self) -> Result<()> {
        let there = |name: &str| self.dependencies.iter().any(|chart| chart.name() == name);
        let missing: Vec<&str> = self
            .metadata
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .filter(|name| !there(name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!(
            "an error occurred while checking for chart dependencies. You may need to run 'helm dependency \
             build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
            missing.join(", ")
        )))
    }

    /// Gives this chart and all within it their paths, from this one's name on.
    pub(crate) fn assign_paths(&mut self) {
        self.is_root = true;
        self.assign_path(self.name().into());
    }

    fn assign_path(&mut self, full_path: Arc<str>) {
        for dependency in &mut self.dependencies {
            dependency.is_root = false;
            let path = format!("{full_path}/charts/{}", dependency.name());
            dependency.assign_path(path.into());
        }
        self.full_path = full_path;
    }
}
