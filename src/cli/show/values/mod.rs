//! `torii show values`: the defaults as they are written, or the values that templates will see.

mod comments;
mod json;
mod tree;
mod write;

use torii::chart::Chart;
use torii::diagnostic::{Diagnostic, Error, Result, Severity};
use torii::render::{self, Request, name};
use torii::value::Value;
use torii::values::origin::Origins;

use self::tree::Shown;
use super::super::flags::{self, Global};
use super::super::output::{self, Output};
use super::super::{helm, wrong};
use super::{Common, jsonpath};

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
    #[command(flatten)]
    values: flags::Values,
    /// With --effective: show all values of subcharts, too, not only those given to them from above
    #[arg(long)]
    subcharts: bool,
    /// With --effective: write beside each value where it comes from, and what that overrides
    #[arg(long)]
    origins: bool,
    /// With --effective: render, and show the values as the last template saw them
    #[arg(long)]
    after_templates: bool,
    /// With --effective, how to print: yaml or json
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
    /// With --effective: don't check values against the chart's JSON Schema
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    skip_schema_validation: bool,
    /// With --effective: the name of the release
    #[arg(long, value_name = "NAME", default_value = name::DEFAULT, hide_default_value = true, allow_hyphen_values = true)]
    release: String,
    /// With --effective: the version of Kubernetes that templates see
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    kube_version: Option<String>,
    /// With --after-templates: an API version that templates see as well; several between commas, or by several flags
    #[arg(short, long, value_name = "VERSION", allow_hyphen_values = true)]
    api_versions: Vec<String>,
    /// With --after-templates: render as for an upgrade
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    is_upgrade: bool,
    /// With --after-templates: take .j2 files for Go templates
    #[arg(long)]
    go_templates: bool,
    /// With --after-templates: make random values repeat: the same words give the same values
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    seed: Option<String>,
    /// With --after-templates: Kubernetes objects that `lookup` finds: a YAML file, or - for stdin
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    lookup_file: Option<String>,
    #[command(flatten)]
    bounds: flags::Bounds,
    #[command(flatten)]
    common: Common,
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
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<()> {
    let template = args.jsonpath.as_deref().filter(|template| !template.is_empty());
    if !args.effective {
        args.refuse()?;
        let chart = super::load(&args.common)?;
        return match template {
            Some(template) => by_path(&Value::Map(chart.values), template, output),
            None => defaults(&chart, output),
        };
    }
    let request = args.request(global)?;
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
            _ if self.values.is_given() => "-f and --set",
            Args { subcharts: true, .. } => "--subcharts",
            Args { origins: true, .. } => "--origins",
            Args { after_templates: true, .. } => "--after-templates",
            Args { output: Format::Json, .. } => "--output",
            _ => return Ok(()),
        };
        let hint = "without it, the chart's values.yaml is printed as it is";
        Err(wrong(format!("{flag} must go with --effective")).hint(hint))
    }

    fn request(&self, global: &Global) -> Result<Request> {
        self.common.source.check(&self.common.chart)?;
        let mut request = Request::new(self.common.chart.as_str(), self.release.as_str());
        if !global.namespace.is_empty() {
            request.release.namespace.clone_from(&global.namespace);
        }
        request.values = self.values.options()?;
        request.limits = self.bounds.limits()?;
        request.skip_schema_validation = self.skip_schema_validation;
        request.allow_outside_symlinks = self.common.source.allow_outside_symlinks;
        request.kube_version.clone_from(&self.kube_version);
        request.api_versions = flags::split("api-versions", &self.api_versions)?;
        request.release.is_upgrade = self.is_upgrade;
        request.go_templates = self.go_templates;
        request.seed.clone_from(&self.seed);
        request.lookup_file.clone_from(&self.lookup_file);
        Ok(request)
    }

    fn shown(&self, request: &Request, warnings: &mut Vec<Diagnostic>) -> Result<Shown> {
        let loaded = render::load(request, warnings)?;
        let prepared = render::prepare(request, &loaded, warnings)?;
        let origins = Origins::of(&loaded.chart, &loaded.layers)?;
        let after = if self.after_templates {
            let rendered = render::render_loaded(request, &loaded).map_err(|failure| failure.error)?;
            let root = rendered.root.as_map().ok_or_else(|| Error::new("the templates left no values"))?;
            let after = tree::values_of_root(root);
            Some(after.map_err(|e| Error::new(format!("the values that the templates left: {e}")))?)
        } else {
            None
        };
        Ok(Shown::choose(&prepared.chart, origins, after, self.subcharts, self.origins))
    }
}
