//! `torii show values --unused`: values that nobody reads.

use torii::diagnostic::{Result, Severity};
use torii::explain::unused::{self, Options};
use torii::render::{self, Request};

use crate::cli::output::{self, Output};
use crate::cli::{Exit, FINE};

/// What to tell of values that have no use.
#[derive(clap::Args)]
pub struct Flags {
    /// Tell which of your values no template uses, and which are read but set nowhere; with =all also those that
    /// are only not read with these values
    #[arg(
        long,
        value_name = "all",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "sure",
        hide_possible_values = true
    )]
    pub unused: Option<Which>,
    /// With --unused: exit code 2 if there are any
    #[arg(long, requires = "unused")]
    fail_on_unused: bool,
}

/// Which values to tell.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// Those that nothing uses.
    #[value(hide = true)]
    Sure,
    /// Those as well that aren't read in this render.
    All,
}

/// Prints the report.
///
/// # Errors
/// When the chart or the values can't be read.
pub fn run(flags: &Flags, request: &Request, is_json: bool, output: &mut Output) -> Result<Exit> {
    let mut warnings = Vec::new();
    let loaded = render::load(request, &mut warnings);
    for warning in warnings {
        output::complain(&warning.render(Severity::Warning));
    }
    let report = unused::find(request, &loaded?, Options::default())?;
    if is_json {
        output.write(report.json().as_bytes())?;
    } else {
        output.styled(&report.text(flags.unused == Some(Which::All)))?;
    }
    let fails = flags.fail_on_unused && !report.unused.is_empty();
    Ok(if fails { 2 } else { FINE })
}
