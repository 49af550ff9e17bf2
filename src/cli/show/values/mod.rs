//! `torii show values`: the defaults as they are written, or the values that templates will see.

mod comments;
mod json;
mod tree;
mod write;

use torii::chart::Chart;
use torii::diagnostic::{Diagnostic, Error, Place, Result, Severity};
use torii::render::{self, Request};
use torii::trace::{Owners, Trace};
use torii::value::Value;
use torii::values::origin::Origins;
use torii::yaml::Step;

use self::tree::Shown;
use super::super::flags::Global;
use super::super::output::{self, Output};
use super::super::rendering::Rendering;
use super::super::{Exit, FINE, wrong};
use super::{jsonpath, unused};

/// Flags of `torii show values`.
#[derive(clap::Args)]
#[command(next_line_help = true)]
pub struct Args {
    /// Print only what this JSONPath template makes of the values, as kubectl does
    #[arg(long, value_name = "TEMPLATE", allow_hyphen_values = true)]
    jsonpath: Option<String>,
    /// Show the values that templates will see: defaults, subcharts' conditions and imports, and what is given here
    #[arg(long)]
    effective: bool,
    /// With --effective: show all values of subcharts, too, not only those given to them from above
    #[arg(long)]
    subcharts: bool,
    /// With --effective: write beside each value where it comes from, and what that overrides
    #[arg(long)]
    origins: bool,
    /// With --effective: render, and show the values as the last template saw them
    #[arg(long)]
    after_templates: bool,
    /// How to print what --effective or --unused shows: yaml (text of --unused), or json
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "yaml",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,
    #[command(flatten)]
    unused: unused::Flags,
    /// The chart: a folder, an archive, or REV:path in git
    chart: String,
    #[command(flatten)]
    rendering: Rendering,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// Prints the defaults as `helm show values` does, or the effective values.
///
/// # Errors
/// When the chart or a values file can't be read; with `--effective` as `torii render`.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<Exit> {
    if args.unused.unused.is_some() {
        let request = args.rendering.request(&args.chart, global)?;
        return unused::run(&args.unused, &request, args.output == Format::Json, output);
    }
    show(args, global, output).map(|()| FINE)
}

fn show(args: &Args, global: &Global, output: &mut Output) -> Result<()> {
    let template = args.jsonpath.as_deref().filter(|template| !template.is_empty());
    if !args.effective {
        args.refuse()?;
        let chart = super::load(&args.chart, args.rendering.source())?;
        return match template {
            Some(template) => by_path(&Value::Map(chart.values), template, output),
            None => defaults(&chart, output),
        };
    }
    let request = args.rendering.request(&args.chart, global)?;
    let mut warnings = Vec::new();
    let shown = args.shown(&request, &mut warnings);
    for warning in &warnings {
        output::complain(&warning.render(Severity::Warning));
    }
    let shown = shown?;
    if let Some(template) = template {
        return by_path(&Value::Map(shown.values), template, output);
    }
    let text = match args.output {
        Format::Yaml => write::write(&shown.values, &shown, &shown.end()).map_err(Error::new)?,
        Format::Json => {
            let value = if args.origins { json::origins(&shown) } else { Value::Map(shown.values.clone()) };
            let text = torii::json::encode_pretty(&value, "  ").map_err(|e| wrong(e.to_string()))?;
            format!("{text}\n")
        }
    };
    output.write(text.as_bytes())
}

/// Prints `values.yaml` as it is.
///
/// # Errors
/// When stdout can't be written.
pub fn defaults(chart: &Chart, output: &mut Output) -> Result<()> {
    if let Some(text) = &chart.values_text {
        output.write(text.as_bytes())?;
        output.write(b"\n")?;
    }
    Ok(())
}

fn by_path(values: &Value, template: &str, output: &mut Output) -> Result<()> {
    let parsed = jsonpath::Template::parse(template)
        .map_err(|e| wrong(format!("error parsing jsonpath {template}: {e}")))?;
    match parsed.print(values) {
        Ok(text) => output.write(text.as_bytes()),
        // Helm drops this error and prints nothing.
        Err(e) => {
            output::remark(&format!("nothing to print: {e}"));
            Ok(())
        }
    }
}

impl Args {
    /// Refuses what has a meaning only with `--effective`.
    fn refuse(&self) -> Result<()> {
        let flag = match self {
            _ if self.rendering.has_values() => "-f and --set",
            Args { subcharts: true, .. } => "--subcharts",
            Args { origins: true, .. } => "--origins",
            Args { after_templates: true, .. } => "--after-templates",
            Args { output: Format::Json, .. } => "--output",
            _ => return Ok(()),
        };
        let hint = "without it, the chart's values.yaml is printed as it is";
        Err(wrong(format!("{flag} must go with --effective")).hint(hint))
    }

    fn shown(&self, request: &Request, warnings: &mut Vec<Diagnostic>) -> Result<Shown> {
        let loaded = render::load(request, warnings)?;
        let prepared = render::prepare(request, &loaded, warnings)?;
        let origins = Origins::of(&loaded.chart, &loaded.layers)?;
        let mut trace = Trace::default();
        let after = if self.after_templates {
            let rendered =
                render::trace_loaded(request, &loaded, &mut trace).map_err(|failure| failure.error)?;
            let root = rendered.root.as_map().ok_or_else(|| Error::new("the templates left no values"))?;
            let after = tree::values_of_root(root);
            Some(after.map_err(|e| Error::new(format!("the values that the templates left: {e}")))?)
        } else {
            None
        };
        let owners = Owners::of(&trace);
        let setter = |path: &[Step]| {
            let by = owners.setter(&trace, path)?;
            trace.place(trace.emission(by)?.site)
        };
        let after = after.map(|after| (after, &setter as &dyn Fn(&[Step]) -> Option<Place>));
        Ok(Shown::choose(&prepared.chart, origins, after, self.subcharts, self.origins))
    }
}
