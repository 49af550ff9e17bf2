//! `torii show`: what a chart holds, and what its values come to.

mod jsonpath;
pub mod unused;
mod values;

use torii::chart::{self, Chart};
use torii::diagnostic::{Result, Severity};
use torii::source::Tree;

use super::flags::{Global, Source};
use super::output::{self, Output};
use super::{Exit, FINE};

/// Show what a chart holds: values, metadata, README, definitions
#[derive(clap::Args)]
#[command(
    visible_alias = "inspect",
    subcommand_required = true,
    arg_required_else_help = true,
    args_override_self = true,
    after_help = "\
Examples:
  torii show values charts/gateway
  torii show values charts/gateway --jsonpath '{.service.ports[*].port}'
  torii show chart gateway-1.2.0.tgz
  torii show all charts/gateway"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Show a chart's metadata, values, README and definitions
    #[command(after_help = "Examples:\n  torii show all charts/gateway")]
    All(Common),
    /// Show a chart's values.yaml as it is written, or the values that templates will see
    #[command(after_help = "\
Examples:
  torii show values charts/gateway > values.yaml
  torii show values charts/gateway --jsonpath '{.service.type}'
  torii show values charts/gateway --jsonpath '{range .service.ports[*]}{.name}={.port}{\"\\n\"}{end}'
  torii show values charts/gateway --effective -f prod.yaml --set replicas=3
  torii show values charts/gateway --effective -f prod.yaml --origins
  torii show values charts/gateway --unused -f prod.yaml     which of them are used by nobody")]
    Values(Box<values::Args>),
    /// Show a chart's metadata
    #[command(after_help = "Examples:\n  torii show chart charts/gateway")]
    Chart(Common),
    /// Show a chart's README
    #[command(after_help = "Examples:\n  torii show readme charts/gateway")]
    Readme(Common),
    /// Show the definitions in a chart's crds/
    #[command(after_help = "Examples:\n  torii show crds charts/base | kubectl apply -f -")]
    Crds(Common),
}

#[derive(clap::Args)]
struct Common {
    /// The chart: a folder, an archive, or REV:path in git
    chart: String,
    #[command(flatten)]
    source: Source,
}

/// Prints as `helm show` does, byte for byte (`helm pkg/action/show.go`).
///
/// # Errors
/// When the chart can't be read.
pub fn run(args: Args, global: &Global, output: &mut Output) -> Result<Exit> {
    let fine = |()| FINE;
    match args.what {
        What::Values(args) => values::run(&args, global, output),
        What::Chart(args) => metadata(&load(&args.chart, &args.source)?, output).map(fine),
        What::Readme(args) => readme(&load(&args.chart, &args.source)?, output, b"").map(fine),
        What::Crds(args) => crds(&load(&args.chart, &args.source)?, output).map(fine),
        What::All(args) => {
            let chart = load(&args.chart, &args.source)?;
            metadata(&chart, output)?;
            if chart.values_text.is_some() {
                output.write(b"---\n")?;
            }
            values::defaults(&chart, output)?;
            readme(&chart, output, b"---\n")?;
            crds(&chart, output).map(fine)
        }
    }
}

fn load(path: &str, source: &Source) -> Result<Chart> {
    let mut tree = Tree::default();
    let options =
        chart::Options { allow_outside_symlinks: source.allow_outside_symlinks, ..chart::Options::default() };
    source.bring(&[path], &options.limits, &mut tree)?;
    let mut warnings = Vec::new();
    let chart = chart::load(&tree, path, &options, &mut warnings);
    for message in warnings {
        let warning = torii::diagnostic::Diagnostic { message, ..Default::default() };
        output::complain(&warning.render(Severity::Warning));
    }
    chart
}

fn readme(chart: &Chart, output: &mut Output, before: &[u8]) -> Result<()> {
    const NAMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];
    let is_readme = |name: &str| NAMES.iter().any(|n| n.eq_ignore_ascii_case(name));
    if let Some(file) = chart.files.iter().find(|file| is_readme(&file.name)) {
        output.write(before)?;
        output.write(file.data.as_bytes())?;
        output.write(b"\n")?;
    }
    Ok(())
}

fn crds(chart: &Chart, output: &mut Output) -> Result<()> {
    for crd in chart.crds() {
        let data = crd.file.data.as_bytes();
        if !data.starts_with(b"---") {
            output.write(b"---\n")?;
        }
        output.write(data)?;
        output.write(b"\n")?;
    }
    Ok(())
}

/// The metadata as YAML.
fn metadata(chart: &Chart, output: &mut Output) -> Result<()> {
    output.write(chart::metadata_yaml(&chart.metadata)?.as_bytes())?;
    output.write(b"\n")
}
