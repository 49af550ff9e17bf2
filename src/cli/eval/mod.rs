//! `torii eval`: a template tried.

mod jsonl;

use std::io::Read;
use std::sync::Arc;

use torii::chart::{self, Chart};
use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::functions::Env;
use torii::limits::Limits;
use torii::render::{Release, eval, name};
use torii::source::Tree;
use torii::template::Language;
use torii::template::objects::Capabilities;
use torii::values::{self, Layers};

use super::flags::{self, Global};
use super::output::{self, Output};
use super::wrong;

/// Try a template or an expression, with a chart's values, functions and named templates
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  torii eval '{{ 6 * 7 }}'
  torii eval '{{ Values.resources | toYaml }}' charts/gateway --set replicas=3
  torii eval --language go '{{ include \"app.labels\" . }}' charts/app
  echo '{{ Release.Name | upper }}' | torii eval -
  torii eval --jsonl < cases.jsonl          one JSON object a line in, one answer a line out"
)]
pub struct Args {
    /// The template; - reads it from stdin
    #[arg(required_unless_present = "jsonl", allow_hyphen_values = true)]
    template: Option<String>,
    /// A chart whose context to use: a folder, an archive, or REV:path in git
    chart: Option<String>,
    /// The template's language; Jinja, or Go with --jsonl, if not given
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    language: Option<Name>,
    /// Read cases from stdin, a JSON object a line: {"id", "template", "values", "set", "templates", "files",
    /// "release", "chart", "strict", "lint"}, or {"id", "language": "jinja", "template", "context", "templates"};
    /// answer each by a line {"id", "out", "err"}
    #[arg(long, conflicts_with_all = ["template", "chart"])]
    jsonl: bool,
    #[command(flatten)]
    values: flags::Values,
    #[command(flatten)]
    bounds: flags::Bounds,
    #[command(flatten)]
    source: flags::Source,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Name {
    Go,
    Jinja,
}

impl From<Name> for Language {
    fn from(name: Name) -> Language {
        match name {
            Name::Go => Language::Go,
            Name::Jinja => Language::Jinja,
        }
    }
}

/// Runs the template, or all cases.
///
/// # Errors
/// When the template can't be run. A case that fails is no error: its answer says so.
pub fn run(args: Args, global: &Global, output: &mut Output) -> Result<()> {
    if args.jsonl {
        let default = args.language.map_or(Language::Go, Language::from);
        return jsonl::answer_all(default, &args.bounds.limits()?, output);
    }
    let language = args.language.map_or(Language::Jinja, Language::from);
    let limits = args.bounds.limits()?;
    let template = match args.template.as_deref() {
        Some("-") => stdin(&limits)?,
        template => template.unwrap_or_default().to_string(),
    };
    let mut tree = Tree::default();
    if let Some(chart) = &args.chart {
        args.source.bring(&[chart], &limits, &mut tree)?;
    }
    let mut warnings = Vec::new();
    let chart = match &args.chart {
        Some(path) => {
            let options = chart::Options {
                allow_outside_symlinks: args.source.allow_outside_symlinks,
                limits: limits.clone(),
                ..chart::Options::default()
            };
            chart::load(&tree, path, &options, &mut warnings)?
        }
        None => empty_chart(&limits)?,
    };
    let mut read = |path: &str| tree.read(path, &limits);
    let layers = Layers::gather(&args.values.options()?, &mut read)?;
    let prepared = values::prepare(&chart, &layers, true, &limits, &mut warnings)?;
    let release = Release {
        name: name::DEFAULT.into(),
        namespace: global.namespace.clone(),
        is_upgrade: false,
        revision: 1,
    };
    let env = Arc::new(Env::new(limits.clone()));
    let result = eval::in_chart(
        &prepared,
        (&chart, &layers),
        &release,
        Capabilities::default(),
        (&template, language),
        env.clone(),
    );
    warnings.extend(env.take_warnings());
    for message in warnings {
        let warning = Diagnostic { message, ..Diagnostic::default() };
        output::complain(&warning.render(Severity::Warning));
    }
    let text = result?;
    output.write(text.as_bytes())?;
    if !text.as_bytes().ends_with(b"\n") {
        output.write(b"\n")?;
    }
    Ok(())
}

fn stdin(limits: &Limits) -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(limits.file_bytes)
        .read_to_string(&mut text)
        .map_err(|e| wrong(format!("reading the template from stdin: {e}")))?;
    Ok(text)
}

/// A chart of nothing.
fn empty_chart(limits: &Limits) -> Result<Chart> {
    jsonl::chart_of("apiVersion: v2\nname: chart\nversion: 0.1.0\n".into(), Vec::new(), limits)
}
