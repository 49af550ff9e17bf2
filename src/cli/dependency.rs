//! `torii dependency`: the charts that a chart needs.

use std::path::PathBuf;

use torii::chart::Options;
use torii::dependency;
use torii::diagnostic::{Result, escape};
use torii::source::remote::{Remote, Settings};

use super::flags::{self, Bounds, Network};
use super::output::Output;
use super::{helm, table, wrong};

/// List, fetch and lock the charts that a chart needs
#[derive(clap::Args)]
#[command(
    visible_alias = "dep",
    alias = "dependencies",
    subcommand_required = true,
    arg_required_else_help = true,
    args_override_self = true,
    after_help = "\
Examples:
  torii dependency list charts/gateway
  torii dependency update charts/gateway    find the newest versions, fetch and lock them
  torii dependency build charts/gateway     fetch what is locked"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List what a chart needs, and what of it is there
    #[command(visible_alias = "ls", after_help = "Examples:\n  torii dependency list charts/gateway")]
    List(ListArgs),
    /// Fetch what Chart.lock says into charts/
    #[command(after_help = "Examples:\n  torii dependency build charts/gateway")]
    Build(FetchArgs),
    /// Find the newest versions that fit, fetch them into charts/, and lock them
    #[command(visible_alias = "up", after_help = "Examples:\n  torii dependency update charts/gateway")]
    Update(FetchArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// The chart: a folder or an archive
    #[arg(default_value = ".", hide_default_value = true)]
    chart: String,
    /// The most characters of a column
    #[arg(long, value_name = "NUMBER", default_value = "80", hide_default_value = true)]
    max_col_width: usize,
    #[command(flatten)]
    bounds: Bounds,
}

#[derive(clap::Args)]
struct FetchArgs {
    /// The chart's folder
    #[arg(default_value = ".", hide_default_value = true)]
    chart: PathBuf,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    bounds: Bounds,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    verify: bool,
    /// Use the cached indexes of repositories that `helm repo add` gave a name; ask their servers for nothing new
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    skip_refresh: bool,
}

/// Lists, fetches or locks.
///
/// # Errors
/// When the chart can't be read, or what it needs can't be found, fetched or written.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    match &args.what {
        What::List(args) => list(args, output),
        What::Build(args) => fetch(args, dependency::build, output),
        What::Update(args) => fetch(args, dependency::update, output),
    }
}

fn list(args: &ListArgs, output: &mut Output) -> Result<()> {
    let options = Options { limits: args.bounds.limits()?, ..Options::default() };
    let list = dependency::list(&args.chart, &options)?;
    if let Some(rows) = list.rows {
        let header = ["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_string);
        let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
        output.write(table::lines(&rows, args.max_col_width).as_bytes())?;
        output.write(b"\n")?;
    }
    for warning in list.warnings {
        output.write(format!("{}\n", escape(&warning)).as_bytes())?;
    }
    Ok(())
}

type Fetch = fn(&std::path::Path, &dyn dependency::Remote, &Options, &mut dependency::Says<'_>) -> Result<()>;

fn fetch(args: &FetchArgs, fetch: Fetch, output: &mut Output) -> Result<()> {
    if args.verify {
        return Err(wrong("--verify is not supported: torii does not check signatures of charts"));
    }
    let limits = args.bounds.limits()?;
    let settings = Settings { skip_refresh: args.skip_refresh, ..args.network.settings(&limits)? };
    let remote = Remote::new(settings);
    let options = Options { limits, ..Options::default() };
    let mut said = String::new();
    let result = fetch(&args.chart, &remote, &options, &mut |line| {
        said.push_str(&escape(line));
        said.push('\n');
    });
    flags::warn(&remote);
    output.write(said.as_bytes())?;
    result
}
