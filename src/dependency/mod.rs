//! The charts that a chart needs: which of them are there, which versions are locked, and how they are brought
//! (`helm pkg/downloader/manager.go`, `internal/resolver/resolver.go`).
//!
//! Everything is fetched and checked before anything is written; then `charts/` is swapped for the new one in a
//! single step, and the lock after it.

mod list;
mod local;
mod lock;
mod place;
mod update;

use crate::chart::Dependency;
use crate::diagnostic::{Error, Result};
use crate::functions::semver::{Constraint, Version};

pub use self::list::{List, list};
pub use self::update::{Remote, Says, build, update};

/// A dependency of one exact version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The chart's name.
    pub name: String,
    /// Where it comes from: an address, `file://` and a path, or nothing for a folder in `charts/`.
    pub repository: String,
    /// The version; the constraint itself for a folder in `charts/`.
    pub version: String,
}

impl Locked {
    /// As one of a chart's dependencies, its version being the constraint.
    fn as_dependency(&self) -> Dependency {
        let mut dependency = Dependency::default();
        dependency.name.clone_from(&self.name);
        dependency.version.clone_from(&self.version);
        dependency.repository.clone_from(&self.repository);
        dependency
    }
}

/// Reads the constraint of a dependency.
fn constraint(dependency: &Dependency) -> Result<Constraint> {
    Constraint::parse(&dependency.version).map_err(|e| {
        Error::new(format!(
            "dependency {} has an invalid version/constraint format: {}",
            crate::source::quote(&dependency.name),
            e.message
        ))
    })
}

/// Whether a version is what a constraint wants; a version that can't be read is not.
fn fits(constraint: &Constraint, version: &str) -> bool {
    Version::parse(version).is_ok_and(|version| constraint.check(&version))
}
