//! `torii graph`: a picture of who selects whom.

use std::sync::Arc;

use torii::check::source::Source;
use torii::check::{self, Checked, Options, Told};
use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::graph;
use torii::graph::model::Finding;
use torii::manifest::object::Object;

use super::flags::Global;
use super::output::{self, Output};
use super::{check as checking, opening};

/// Draw who selects whom
///
/// Shows how the objects of charts, files and IstioOperators belong together: routes lead to Gateways and Services, these
/// select the pods of Deployments, as autoscalers, budgets and policies do; pods run as accounts, and these have roles.
/// Several sources make one picture. What `torii check` says against an object is marked.
#[derive(clap::Args)]
#[command(
    override_usage = "torii graph [OPTIONS] SOURCE...",
    after_help = "\
Examples:
  torii graph charts/gateway                            a flowchart for Markdown, as GitHub and GitLab draw it
  torii graph charts/gateway -f prod.yaml -o svg > gateway.svg
  torii graph charts/gateway -o dot | dot -Tpdf > gateway.pdf
  torii graph stable.yaml canary.yaml gateway.yaml      objects of several files together
  torii render gw charts/gateway -n edge | torii graph - more.yaml"
)]
pub struct Args {
    /// What to draw: charts, as in `torii render`, files or folders of Kubernetes objects, IstioOperator files, - for stdin
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<String>,
    /// How to draw: mermaid, dot for Graphviz, or svg
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "mermaid",
        hide_default_value = true,
        hide_possible_values = true
    )]
    output: Format,
    /// Draw at most so many objects; what is left out is told
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 60,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    most: u16,
    /// Mark nothing of what is said against objects
    #[arg(long)]
    no_findings: bool,
    #[command(flatten)]
    opening: opening::Flags,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Svg,
}

/// Draws, and prints.
///
/// # Errors
/// When a source can't be opened or checked.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<()> {
    let (sources, _) = args.opening.open_all(&args.sources, &[], global)?;
    let objects: Vec<Arc<Object>> = sources.iter().flat_map(Source::objects).cloned().collect();
    let mut graph = graph::build(&objects);
    let warnings = if args.no_findings {
        sources.iter().flat_map(Source::warnings).collect()
    } else {
        let checked = checked(args, &sources)?;
        graph.mark(checked.findings.into_iter().map(finding));
        checked.warnings
    };
    for message in warnings {
        output::complain(&Diagnostic { message, ..Diagnostic::default() }.render(Severity::Warning));
    }
    let graph = graph::bound(graph, usize::from(args.most));
    let text = match args.output {
        Format::Mermaid => graph::mermaid::mermaid(&graph),
        Format::Dot => graph::dot::dot(&graph),
        Format::Svg => graph::svg::svg(&graph),
    };
    output.write(text.as_bytes())
}

fn checked(args: &Args, sources: &[Source]) -> Result<Checked> {
    let suppressions =
        checking::configured(args.opening.config.as_deref(), &args.opening.rendering.limits()?)?;
    check::check(
        sources,
        &Options { around: args.opening.surroundings()?, suppressions, ..Options::default() },
    )
}

fn finding(told: Told) -> Finding {
    let Told { object, severity, rule, message, .. } = told;
    Finding { object, severity, rule: rule.id.to_string(), message }
}
