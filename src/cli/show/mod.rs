//! `torii show`: what a chart holds, as it is.

mod jsonpath;

use torii::chart::{self, Chart};
use torii::diagnostic::{Result, Severity};
use torii::source::Tree;
use torii::value::Value;

use super::flags::Source;
use super::output::{self, Output};
use super::wrong;

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
    /// Show a chart's values.yaml, as it is written
    #[command(after_help = "\
Examples:
  torii show values charts/gateway > values.yaml
  torii show values charts/gateway --jsonpath '{.service.type}'
  torii show values charts/gateway --jsonpath '{range .service.ports[*]}{.name}={.port}{\"\\n\"}{end}'")]
    Values(ValuesArgs),
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

#[derive(clap::Args)]
struct ValuesArgs {
    /// Print only what this JSONPath template makes of the values, as kubectl does
    #[arg(long, value_name = "TEMPLATE", allow_hyphen_values = true)]
    jsonpath: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Prints as `helm show` does, byte for byte (`helm pkg/action/show.go`).
///
/// # Errors
/// When the chart can't be read.
pub fn run(args: Args, output: &mut Output) -> Result<()> {
    match args.what {
        What::Values(args) => match args.jsonpath.filter(|template| !template.is_empty()) {
            Some(template) => values_by_path(&load(&args.common)?, &template, output),
            None => values(&load(&args.common)?, output),
        },
        What::Chart(args) => metadata(&load(&args)?, output),
        What::Readme(args) => readme(&load(&args)?, output, b""),
        What::Crds(args) => crds(&load(&args)?, output),
        What::All(args) => {
            let chart = load(&args)?;
            metadata(&chart, output)?;
            if chart.values_text.is_some() {
                output.write(b"---\n")?;
            }
            values(&chart, output)?;
            readme(&chart, output, b"---\n")?;
            crds(&chart, output)
        }
    }
}

fn load(args: &Common) -> Result<Chart> {
    args.source.check(&args.chart)?;
    let options = chart::Options {
        allow_outside_symlinks: args.source.allow_outside_symlinks,
        ..chart::Options::default()
    };
    let mut warnings = Vec::new();
    let chart = chart::load(&Tree::default(), &args.chart, &options, &mut warnings);
    for message in warnings {
        let warning = torii::diagnostic::Diagnostic { message, ..Default::default() };
        output::complain(&warning.render(Severity::Warning));
    }
    chart
}

fn values(chart: &Chart, output: &mut Output) -> Result<()> {
    if let Some(text) = &chart.values_text {
        output.write(text.as_bytes())?;
        output.write(b"\n")?;
    }
    Ok(())
}

fn values_by_path(chart: &Chart, template: &str, output: &mut Output) -> Result<()> {
    let parsed = jsonpath::Template::parse(template)
        .map_err(|e| wrong(format!("error parsing jsonpath {template}: {e}")))?;
    match parsed.print(&Value::Map(chart.values.clone())) {
        Ok(text) => output.write(text.as_bytes()),
        // Helm drops this error and prints nothing.
        Err(e) => {
            output::remark(&format!("nothing to print: {e}"));
            Ok(())
        }
    }
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
