//! `torii show`: what a chart holds, and what its values come to.

mod jsonpath;
pub mod unused;
mod values;

use std::process::ExitCode;

use torii::chart::{self, Chart};
use torii::diagnostic::{Result, Severity};
use torii::source::Tree;
use torii::value::{Map, MapType, Value};
use torii::yaml;

use super::flags::{Global, Source};
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
pub fn run(args: Args, global: &Global, output: &mut Output) -> Result<ExitCode> {
    let fine = |()| ExitCode::SUCCESS;
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
    source.check(path)?;
    let options =
        chart::Options { allow_outside_symlinks: source.allow_outside_symlinks, ..chart::Options::default() };
    let mut warnings = Vec::new();
    let chart = chart::load(&Tree::default(), path, &options, &mut warnings);
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

/// The metadata as YAML: what `Chart.yaml` says, in the order and spelling of Go's marshaller, with empty
/// fields left out.
fn metadata(chart: &Chart, output: &mut Output) -> Result<()> {
    let m = &chart.metadata;
    let map = Map::new(MapType::Any);
    let text = |key: &str, value: &str| {
        if !value.is_empty() {
            map.insert(key, Value::from(value));
        }
    };
    let list = |key: &str, items: Vec<Value>| {
        if !items.is_empty() {
            map.insert(key, Value::list(items));
        }
    };
    let texts = |items: &[String]| items.iter().map(|s| Value::from(s.as_str())).collect::<Vec<_>>();
    text("name", &m.name);
    text("home", &m.home);
    list("sources", texts(&m.sources));
    text("version", &m.version);
    text("description", &m.description);
    list("keywords", texts(&m.keywords));
    let person = |p: &chart::Maintainer| fields(&[("name", &p.name), ("email", &p.email), ("url", &p.url)]);
    list("maintainers", m.maintainers.iter().map(|p| Value::Map(person(p))).collect());
    text("icon", &m.icon);
    text("apiVersion", &m.api_version);
    text("condition", &m.condition);
    text("tags", &m.tags);
    text("appVersion", &m.app_version);
    if m.deprecated {
        map.insert("deprecated", Value::Bool(true));
    }
    if let Some(annotations) = m.annotations.as_ref().filter(|a| !a.is_empty()) {
        let annotations = annotations.iter().map(|(k, v)| (k.clone(), Value::String(v.clone())));
        map.insert("annotations", Value::Map(annotations.collect()));
    }
    text("kubeVersion", &m.kube_version);
    list("dependencies", m.dependencies.iter().map(dependency).collect());
    text("type", &m.chart_type);
    let text = yaml::to_yaml(&Value::Map(map)).map_err(|e| wrong(e.to_string()))?;
    output.write(text.as_bytes())?;
    output.write(b"\n")
}

fn dependency(d: &chart::Dependency) -> Value {
    let map = fields(&[("version", &d.version), ("condition", &d.condition), ("alias", &d.alias)]);
    map.insert("name", Value::from(d.name.as_str()));
    map.insert("repository", Value::from(d.repository.as_str()));
    if !d.tags.is_empty() {
        map.insert("tags", Value::list(d.tags.iter().map(|s| Value::from(s.as_str())).collect()));
    }
    if d.enabled {
        map.insert("enabled", Value::Bool(true));
    }
    if !d.import_values.is_empty() {
        map.insert("import-values", Value::list(d.import_values.clone()));
    }
    Value::Map(map)
}

/// A map of those of the texts that aren't empty.
fn fields(texts: &[(&str, &String)]) -> Map {
    texts.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (*k, Value::from(v.as_str()))).collect()
}
