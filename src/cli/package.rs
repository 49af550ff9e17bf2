//! `torii package`: a chart's folder into an archive.

use std::fs;
use std::path::{Path, PathBuf};

use torii::chart::Options;
use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::package::{self, Changes};
use torii::source::store;

use super::flags::Bounds;
use super::output::{self, Output};
use super::{helm, wrong};

/// Pack a chart into an archive
///
/// Writes NAME-VERSION.tgz, which Helm reads, too. The same chart always makes the same archive: files are sorted,
/// and have no times and owners.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  torii package charts/gateway
  torii package charts/gateway -d dist --version 1.2.0 --app-version 1.29.0")]
pub struct Args {
    /// The folders of the charts
    #[arg(value_name = "CHART", required = true)]
    charts: Vec<PathBuf>,
    /// Write the archive into this folder
    #[arg(short, long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    destination: PathBuf,
    /// The chart's version, instead of the one in Chart.yaml
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    version: Option<String>,
    /// The version of what the chart installs, instead of the one in Chart.yaml
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    app_version: Option<String>,
    /// Follow symbolic links that leave the chart, as Helm does
    #[arg(long)]
    allow_outside_symlinks: bool,
    #[command(flatten)]
    bounds: Bounds,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    sign: bool,
    #[arg(short = 'u', long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    dependency_update: bool,
}

/// Packs, and says where the archive is, as Helm does.
///
/// # Errors
/// When a chart isn't valid, or its archive can't be written.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    if args.sign {
        return Err(wrong("--sign is not supported: torii does not sign charts"));
    }
    if args.dependency_update {
        return Err(wrong("--dependency-update is not supported here")
            .hint("run `torii dependency update CHART` before it"));
    }
    let changes = Changes { version: args.version.clone(), app_version: args.app_version.clone() };
    let options = Options {
        allow_outside_symlinks: args.allow_outside_symlinks,
        limits: args.bounds.limits()?,
        ..Options::default()
    };
    for chart in &args.charts {
        let mut warnings = Vec::new();
        let package = package::package(chart, &changes, &options, &mut warnings);
        for message in warnings {
            output::complain(&Diagnostic { message, ..Default::default() }.render(Severity::Warning));
        }
        let package = package?;
        let path = place(&args.destination)?.join(&package.file_name);
        store::replace(&path, &package.data)?;
        let path = torii::diagnostic::escape(&path.display().to_string()).to_string();
        output.write(format!("Successfully packaged chart and saved it to: {path}\n").as_bytes())?;
    }
    Ok(())
}

/// The folder for archives, which is made if it isn't there.
fn place(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)
        .and_then(|()| std::path::absolute(folder))
        .map(|path| path.components().collect())
        .map_err(|e| wrong(format!("making the folder {}: {e}", folder.display())))
}
