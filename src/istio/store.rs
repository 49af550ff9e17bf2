//! Where the charts and profiles of an Istio release are.

use std::path::{Path, PathBuf};

use super::{Request, inputs};
use crate::chart::{self, Chart};
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::source::{Tree, quote};
use crate::value::Map;

/// The profiles that Torii knows without a release at hand: what each of Istio 1.31's changes.
const PROFILES: &str = include_str!("types/profiles.yaml");

/// Where charts and profiles come from.
#[derive(Clone, Debug)]
pub(super) struct Store {
    /// The folder of a release's manifests; none for what Torii has itself.
    folder: Option<PathBuf>,
    tree: Tree,
    limits: Limits,
}

impl Store {
    /// The store in a folder, if one is named.
    pub(super) fn new(folder: &str, request: &Request) -> Store {
        let folder = (!folder.is_empty()).then(|| PathBuf::from(folder));
        Store { folder, tree: request.tree.clone(), limits: request.limits.clone() }
    }

    /// Whether there are charts of a release.
    pub(super) fn has_charts(&self) -> bool {
        self.folder.is_some()
    }

    /// A profile by its name.
    ///
    /// # Errors
    /// When there is none, or it isn't one.
    pub(super) fn profile(&self, name: &str) -> Result<Map> {
        let missing = |why: &str| {
            let file = format!("profiles/{name}.yaml");
            Error::new(format!("profile {} not found: open {file}: {why}", quote(name)))
        };
        let strange = name.split('/').any(|part| matches!(part, "" | "." | ".."));
        let Some(folder) = &self.folder else {
            let known = inputs::decode(PROFILES.as_bytes())?;
            return match known.get(name).as_ref().and_then(|profile| profile.as_map().cloned()) {
                Some(profile) => Ok(profile),
                None => Err(missing("file does not exist").hint(format!(
                    "there are: {}; -d names the manifests of a release with more",
                    known
                        .keys()
                        .iter()
                        .map(|name| name.to_text().into_owned())
                        .collect::<Vec<_>>()
                        .join(", ")
                ))),
            };
        };
        let file = folder.join(format!("profiles/{name}.yaml"));
        if strange || !file.is_file() {
            return Err(missing("file does not exist")
                .note(format!("profiles are looked for in {}", folder.join("profiles").display())));
        }
        let text = self.tree.read(&file.to_string_lossy(), &self.limits)?;
        inputs::decode(&text)
    }

    /// The folder of a component's chart, in either layout: `charts/NAME`, or `NAME` itself.
    pub(super) fn chart_folder(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let there = |folder: &Path| folder.join("Chart.yaml").is_file();
        let under_charts = folder.join("charts").join(name);
        [under_charts, folder.join(name)].into_iter().find(|folder| there(folder))
    }

    /// A component's chart.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn chart(&self, folder: &Path, warnings: &mut Vec<String>) -> Result<Chart> {
        let options = chart::Options { limits: self.limits.clone(), ..chart::Options::default() };
        chart::load(&self.tree, &folder.to_string_lossy(), &options, warnings)
            .map_err(|e| e.context("helm render: load chart"))
    }
}
