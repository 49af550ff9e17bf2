//! `torii graph`: a picture of who selects whom.

use torii::diagnostic::Result;
use torii::diff::side::Side;
use torii::graph;

use super::flags::Global;
use super::output::{self, Output};
use super::rendering::Rendering;

/// Draw who selects whom
///
/// Shows how the objects of charts, files and IstioOperators belong together: routes lead to Gateways and Services, these
/// select the pods of Deployments, as autoscalers, budgets and policies do; pods run as accounts, and these have roles.
/// Several sources make one picture. What is said against an object by `torii check` is marked.
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
    #[command(flatten)]
    rendering: Rendering,
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
/// When a source can't be opened.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<()> {
    let mut objects = Vec::new();
    for source in &args.sources {
        let side = Side::open(source, &args.rendering.request(source, global)?)?;
        side.warnings.iter().for_each(|warning| output::remark(warning));
        objects.extend(side.objects);
    }
    let graph = graph::bound(graph::build(&objects), usize::from(args.most));
    let text = match args.output {
        Format::Mermaid => graph::mermaid::mermaid(&graph),
        Format::Dot => graph::dot::dot(&graph),
        Format::Svg => graph::svg::svg(&graph),
    };
    output.write(text.as_bytes())
}
