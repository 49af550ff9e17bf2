//! `torii diff`: the review of an upgrade.

mod all;
mod flags;
mod report;
mod sides;

use std::path::Path;
use std::process::ExitCode;

use torii::config::{self, Config, Ignore};
use torii::diagnostic::{Error, Result};
use torii::diff::ignore::Rule;
use torii::diff::{ReviewOptions, review};
use torii::source::Tree;

pub use self::flags::Args;
use self::flags::Format;
use super::flags::Global;
use super::output::Output;

impl Args {
    /// The exit code of an error.
    pub fn failure(&self) -> ExitCode {
        ExitCode::from(if self.report.kubectl { 2 } else { 1 })
    }
}

/// Reviews, reports, and gives the exit code.
///
/// # Errors
/// When a side can't be opened or compared, or the report can't be written.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<ExitCode> {
    args.check()?;
    if args.all {
        return all::run(args, global, output);
    }
    let options = options(args, &configuration(args)?)?;
    let (old, new) = sides::open(args, global)?;
    let reviews = [review(&old, &new, &options)?];
    report::tell(&reviews, &args.report, output)?;
    Ok(report::exit_code(&reviews, &args.report))
}

/// Reads the configuration: the file that the user names, or the nearest one above this folder.
fn configuration(args: &Args) -> Result<Config> {
    let limits = args.bounds.limits()?;
    if let Some(path) = &args.config {
        let config = Config::load(&Tree::default(), path, &limits)?;
        return config.ok_or_else(|| Error::new(format!("there is no configuration file {path}")));
    }
    match nearest_configuration() {
        Some(path) => Ok(Config::load(&Tree::default(), &path, &limits)?.unwrap_or_default()),
        None => Ok(Config::default()),
    }
}

/// The nearest `torii.yaml`, in this folder or one above it, up to the top of the repository.
fn nearest_configuration() -> Option<String> {
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

/// What the flags and the configuration say of reviews.
fn options(args: &Args, config: &Config) -> Result<ReviewOptions> {
    let mut ignore = Vec::new();
    for (i, rule) in config.ignore.iter().enumerate() {
        let rule = match rule {
            Ignore::Rule(text) => Rule::parse(text),
            Ignore::Parts(parts) => Rule::of(&parts.object, parts.path.as_deref()),
        };
        ignore.push(rule.map_err(|e| e.at(config.place_of_ignore(i)))?);
    }
    for text in &args.report.ignore {
        ignore.push(Rule::parse(text).map_err(|e| e.context("--ignore"))?);
    }
    Ok(ReviewOptions {
        ignore,
        show_secrets: args.report.show_secrets,
        verbose: args.report.verbose,
        exact: args.report.output == Format::JsonPatch,
        title: None,
    })
}
