//! `torii versions`: what a repository or registry has.

use torii::diagnostic::Result;

use super::flags::{self, Bounds, RemoteFlags};
use super::output::Output;
use super::table;

/// List the versions of a chart in a repository or registry
///
/// For the name or address of a repository, lists the newest version of each of its charts.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  torii versions istio/gateway
  torii versions gateway --repo https://istio-release.storage.googleapis.com/charts --version '~1.29'
  torii versions oci://registry.example.org/charts/gateway
  torii versions istio")]
pub struct Args {
    /// A chart or a repository: NAME/CHART, NAME, an address, or oci://…
    source: String,
    #[command(flatten)]
    remote: RemoteFlags,
    #[command(flatten)]
    bounds: Bounds,
}

/// Prints a table, the newest versions first.
///
/// # Errors
/// When there is no such chart or repository, or it can't be asked.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    let remote = args.remote.remote(&args.bounds.limits()?)?;
    let found = remote.versions(&args.source);
    flags::warn(&remote);
    let header = ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"].map(str::to_string);
    let rows = found?.into_iter().map(|(name, entry)| {
        let description =
            if entry.deprecated { format!("DEPRECATED {}", entry.description) } else { entry.description };
        [name, entry.version, entry.app_version, description]
    });
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
    output.write(table::lines(&rows, 80).as_bytes())
}
