//! Which `torii.yaml` holds.

use std::path::Path;

use torii::config::{self, Config};
use torii::diagnostic::{Error, Result};
use torii::limits::Limits;
use torii::source::Tree;

/// Reads the configuration: the file that the user names, or the nearest one above this folder.
///
/// # Errors
/// When it can't be read, or a file is named and isn't there.
pub fn load(named: Option<&str>, limits: &Limits) -> Result<Config> {
    if let Some(path) = named {
        let config = Config::load(&Tree::default(), path, limits)?;
        return config.ok_or_else(|| Error::new(format!("there is no configuration file {path}")));
    }
    match nearest() {
        Some(path) => Ok(Config::load(&Tree::default(), &path, limits)?.unwrap_or_default()),
        None => Ok(Config::default()),
    }
}

/// The nearest `torii.yaml`, in this folder or one above it, up to the top of the repository.
pub fn nearest() -> Option<String> {
    let here = std::env::current_dir().ok()?;
    for folder in here.ancestors() {
        let file = folder.join(config::FILE);
        if file.is_file() {
            let shown = if folder == here { Path::new(config::FILE) } else { &file };
            return Some(shown.to_string_lossy().into_owned());
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}
