//! `torii explain`: why a field is as it is, and what a value decides.

use torii::diagnostic::{Result, Severity};
use torii::explain::{self, Explained, report};

use super::flags::Global;
use super::output::{self, Output};
use super::rendering::Rendering;
use super::wrong;

/// Explain where a rendered object or field comes from, or where a value goes
///
/// Renders the chart, and tells for each line of the object which line of which template wrote it, inside of which
/// blocks and calls, and which values decide it, each with the file and line that sets it. Values that decide a line
/// are found by trying others in their place, so what is named really moves it.
#[derive(clap::Args)]
#[command(
    override_usage = "torii explain [OPTIONS] CHART OBJECT [FIELD]\n       torii explain [OPTIONS] CHART --value PATH",
    after_help = "\
Examples:
  torii explain charts/gateway deployment/release-name
  torii explain charts/gateway deployment/release-name spec.template.spec.containers[istio-proxy].image
  torii explain charts/gateway service/release-name 'metadata.labels[\"app.kubernetes.io/name\"]' -f prod.yaml
  torii explain charts/gateway hpa/release-name /spec/maxReplicas
  torii explain charts/gateway --value service.type      who reads it, and which fields it reaches
  torii explain main:charts/gateway svc/gateway --name gateway -o json"
)]
pub struct Args {
    /// The chart: a folder, an archive, or REV:path in git
    chart: String,
    /// The object, as kubectl names it: deployment/gateway, svc/gateway
    object: Option<String>,
    /// A field of it: a.b[name].c, /a/b/0/c, or as in JSONPath
    field: Option<String>,
    /// Tell who reads this value, and which fields it decides: a.b[0].c
    #[arg(long, value_name = "PATH", conflicts_with_all = ["object", "field"], allow_hyphen_values = true)]
    value: Option<String>,
    /// How to print: text, or json for programs
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "text",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,
    #[command(flatten)]
    rendering: Rendering,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Explains, and prints.
///
/// # Errors
/// When the chart can't be rendered, or there is no such object, field or value.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<()> {
    let request = args.rendering.request(&args.chart, global)?;
    let wanted = args.value.as_deref().map(explain::value::parse_path).transpose()?;
    if wanted.is_none() && args.object.is_none() {
        return Err(wrong("explain what? torii explain CHART OBJECT [FIELD], or CHART --value PATH")
            .hint("torii render CHART | grep -A4 '^kind:' shows what objects there are"));
    }
    let mut warnings = Vec::new();
    let explained = Explained::new(&request, &mut warnings);
    for warning in warnings {
        output::complain(&warning.render(Severity::Warning));
    }
    let explained = explained?;
    if let Some(wanted) = wanted {
        let reach = explain::value::reach(&explained, &wanted)?;
        return match args.output {
            Format::Text => output.styled(&report::value_text(&reach)),
            Format::Json => output.write(report::value_json(&reach).as_bytes()),
        };
    }
    let name = args.object.as_deref().unwrap_or_default();
    let object = explain::find::find(&explained, name)?;
    let explanation = explain::object::explain(&explained, object, args.field.as_deref())?;
    match args.output {
        Format::Text => output.styled(&report::object_text(&explanation)),
        Format::Json => output.write(report::object_json(&explanation).as_bytes()),
    }
}
