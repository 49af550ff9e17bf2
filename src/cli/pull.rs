//! `torii pull`: the archive of a chart from elsewhere, into a file.

use std::path::PathBuf;

use torii::diagnostic::{Result, escape};
use torii::source::{store, without_user};

use super::flags::{self, Bounds, RemoteFlags};
use super::output::{self, Output};
use super::{helm, wrong};

/// Fetch a chart's archive from a repository or registry
///
/// The archive is checked against the digest that the repository has of it. Signatures are not checked.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  torii pull istio/gateway@1.29.0
  torii pull gateway --repo https://istio-release.storage.googleapis.com/charts -d charts
  torii pull oci://registry.example.org/charts/gateway:1.29.0
  torii pull 'git+https://github.com/istio/istio@manifests/charts/gateway?ref=1.29.0'")]
pub struct Args {
    /// The charts: NAME/CHART, an address, oci://… or git+https://…, with @VERSION behind a name or not
    #[arg(value_name = "CHART", required = true)]
    charts: Vec<String>,
    /// Write the archive into this folder
    #[arg(short, long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    destination: PathBuf,
    #[command(flatten)]
    remote: RemoteFlags,
    #[command(flatten)]
    bounds: Bounds,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    verify: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    prov: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    untar: bool,
}

/// Fetches, and writes.
///
/// # Errors
/// When a chart can't be fetched or written.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    if args.verify || args.prov {
        return Err(wrong(
            "--verify and --prov are not supported: torii does not check signatures of charts",
        ));
    }
    if args.untar {
        return Err(wrong("--untar is not supported: torii unpacks nothing to disk")
            .hint("every command takes the archive itself"));
    }
    let remote = args.remote.remote(&args.bounds.limits()?)?;
    for chart in &args.charts {
        let fetched = remote.fetch(chart);
        flags::warn(&remote);
        let fetched = fetched?;
        let name = &fetched.file_name;
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            let shown = without_user(chart);
            return Err(wrong(format!(
                "{shown}: its archive is called {name:?}, which is no name for a file"
            )));
        }
        let path = args.destination.join(name);
        store::replace(&path, &fetched.data)?;
        output::remark(&format!("{} is there; no signature was checked", path.display()));
        output.write(format!("{}\n", escape(&path.display().to_string())).as_bytes())?;
    }
    Ok(())
}
