//! `torii diff`: the review of an upgrade.

mod all;
mod flags;
mod report;
mod sides;

use torii::config::{Config, Ignore};
use torii::diagnostic::Result;
use torii::diff::ignore::Rule;
use torii::diff::{ReviewOptions, review};

pub use self::flags::Args;
use self::flags::Format;
use super::Exit;
use super::configuration;
use super::flags::Global;
use super::output::Output;

impl Args {
    /// The exit code of an error.
    pub fn failure(&self) -> Exit {
        if self.report.kubectl { 2 } else { 1 }
    }
}

/// Reviews, reports, and gives the exit code.
///
/// # Errors
/// When a side can't be opened or compared, or the report can't be written.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<Exit> {
    args.check()?;
    if args.all {
        return all::run(args, global, output);
    }
    let config = configuration::load(args.config.as_deref(), &args.bounds.limits()?)?;
    let options = options(args, &config)?;
    let (old, new) = sides::open(args, global)?;
    let reviews = [review(&old, &new, &options)?];
    report::tell(&reviews, &args.report, output)?;
    Ok(report::exit_code(&reviews, &args.report))
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
