//! `torii check`: what is wrong with what a chart renders.

use torii::check::source::Source;
use torii::check::suppress::{Suppression, find_rule};
use torii::check::{self, Checked, Options, report};
use torii::diagnostic::{Diagnostic, Result, Severity as Gravity};
use torii::limits::Limits;
use torii::rules::object::{Severity, Surroundings};

use super::flags::{self, Global};
use super::output::{self, Output};
use super::{Exit, FINE, configuration, opening};

/// Check what charts and files give to a cluster: references to nothing, what the API refuses, what won't work
///
/// A source is a chart (a folder, an archive, REV:path in git), stored objects (a YAML file, a folder of them, - for stdin),
/// or an IstioOperator file. Several are judged together, as what will be in one cluster. No cluster is asked: what is
/// there already is named by --with.
#[derive(clap::Args)]
#[command(
    visible_alias = "lint",
    next_line_help = true,
    args_override_self = true,
    override_usage = "torii check [OPTIONS] SOURCE...\n       torii check --explain RULE",
    after_help = "\
Examples:
  torii check charts/gateway -f prod.yaml
  torii check charts/gateway routes/ --with cluster.yaml    with the namespaces and secrets that are there
  torii check ingress.yaml -d istio-1.31.0/manifests        an IstioOperator file
  helm template charts/web | torii check -
  torii check charts/web --kube-version 1.33 --fail-on warning
  torii check charts/web --ignore GW067 --ignore GW061=Deployment/web
  torii check charts/web -o sarif > findings.sarif
  torii check --explain GW002                               why, and what to do
  torii check --explain all                                 lists the rules

Exit codes: 0 is fine. 1 is an error. 2 says that there are findings as serious as --fail-on or more."
)]
pub struct Args {
    /// What to check
    #[arg(value_name = "SOURCE", required_unless_present = "explain")]
    sources: Vec<String>,
    /// Objects that are in the cluster, to be seen but not judged: a file or folder, a chart, - for stdin
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    with: Vec<String>,
    /// The revisions and tags of Istio that are in the cluster; several between commas
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    revisions: Vec<String>,
    /// Set the findings of a rule aside, of all objects or of some: GW061, GW061=Deployment/web, GW044=Service/edge/*
    #[arg(long, value_name = "RULE[=OBJECT]", allow_hyphen_values = true)]
    ignore: Vec<String>,
    /// Run these rules alone; several between commas
    #[arg(long, value_name = "RULE", allow_hyphen_values = true)]
    only: Vec<String>,
    /// Show the findings that were set aside, too
    #[arg(long)]
    show_suppressed: bool,
    /// Exit with 2 if there are findings as serious as this: error, warning, info, never
    #[arg(
        long,
        value_name = "SEVERITY",
        value_enum,
        default_value = "error",
        hide_default_value = true,
        hide_possible_values = true
    )]
    fail_on: FailOn,
    /// How to print: terminal, json, sarif, junit, github (annotations of a workflow)
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "terminal",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,
    /// Tell why a rule is there and what to do about its findings; all lists the rules
    #[arg(long, value_name = "RULE", conflicts_with = "sources")]
    explain: Option<String>,
    #[command(flatten)]
    opening: opening::Flags,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Terminal,
    Json,
    Sarif,
    Junit,
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// The least serious findings that count.
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// Checks, reports, and gives the exit code.
///
/// # Errors
/// When a source can't be opened, or a flag or the configuration can't be read.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<Exit> {
    if let Some(word) = &args.explain {
        let text = if word == "all" { report::rules() } else { report::rule(find_rule(word)?) };
        output.styled(&text)?;
        return Ok(FINE);
    }
    let limits = args.opening.rendering.limits()?;
    let mut options = options(args, &limits)?;
    let (sources, cluster) = args.opening.open_all(&args.sources, &args.with, global)?;
    options.around.cluster = cluster.iter().flat_map(Source::objects).cloned().collect();
    let checked = check::check(&sources, &options)?;
    for warning in &checked.warnings {
        let warning = Diagnostic { message: warning.clone(), ..Diagnostic::default() };
        output::complain(&warning.render(Gravity::Warning));
    }
    tell(&checked, args, output)?;
    let fails = |told: &check::Told| args.fail_on.severity().is_some_and(|least| told.severity <= least);
    Ok(if checked.findings.iter().any(fails) { 2 } else { 0 })
}

fn tell(checked: &Checked, args: &Args, output: &mut Output) -> Result<()> {
    match args.output {
        Format::Terminal => output.styled(&report::terminal(checked, args.show_suppressed)),
        Format::Json => output.write(report::json(checked).as_bytes()),
        Format::Sarif => output.write(report::sarif(checked).as_bytes()),
        Format::Junit => output.write(report::junit(checked, args.fail_on.severity()).as_bytes()),
        Format::Github => output.write(report::github(checked).as_bytes()),
    }
}

/// What the flags and the configuration say of the check.
fn options(args: &Args, limits: &Limits) -> Result<Options> {
    let mut suppressions = Vec::new();
    for text in &args.ignore {
        suppressions.push(Suppression::parse(text).map_err(|e| e.context("--ignore"))?);
    }
    suppressions.extend(configured(args.opening.config.as_deref(), limits)?);
    let only = flags::split("only", &args.only)?;
    let only = only.iter().map(|word| find_rule(word).map(|rule| rule.id));
    Ok(Options {
        around: Surroundings {
            revisions: flags::split("revisions", &args.revisions)?,
            ..args.opening.surroundings()?
        },
        suppressions,
        only: only.collect::<Result<_>>()?,
    })
}

/// What the configuration sets aside.
///
/// # Errors
/// When it can't be read.
pub fn configured(config: Option<&str>, limits: &Limits) -> Result<Vec<Suppression>> {
    let config = configuration::load(config, limits)?;
    let read = |(index, own): (usize, &torii::config::Suppress)| {
        let suppression = Suppression::new(&own.rule, &own.object, "torii.yaml", own.reason.clone());
        suppression.map_err(|e| e.at(config.place_of_suppress(index)))
    };
    config.suppress.iter().enumerate().map(read).collect()
}
