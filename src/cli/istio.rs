//! `torii istio`: IstioOperator files in, Kubernetes objects out.

use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::istio::{self, Operator, Request, gateway};
use torii::limits::Limits;
use torii::source::Tree;
use torii::values::Overrides;

use super::flags::{self, Bounds};
use super::output::{self, Output};
use super::wrong;

/// Render IstioOperator files to Kubernetes objects
///
/// Prints what `istioctl manifest generate` prints, byte for byte: the profile, the files and the flags merged, the charts
/// of the Istio release in --manifests rendered, settings and overlays laid over their objects. Without --manifests, each
/// gateway is rendered with the house chart instead. What istioctl passes over in silence is told on stderr.
#[derive(clap::Args)]
#[command(
    next_line_help = true,
    args_override_self = true,
    after_help = "\
Examples:
  torii istio ingress.yaml -d istio-1.31.0/manifests    as istioctl of that release
  torii istio ingress.yaml --set values.gateways.istio-ingressgateway.autoscaleMin=2
  torii istio base.yaml prod.yaml -r canary             files are laid over each other
  torii istio ingress.yaml --to-values                  the values of the house chart, to go on without IstioOperator"
)]
pub struct Args {
    /// IstioOperator files, the later laid over the earlier; - is stdin. None is the default profile
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Another IstioOperator file
    #[arg(short = 'f', long, value_name = "FILE", allow_hyphen_values = true)]
    filename: Vec<String>,
    /// A setting, as in values.global.hub=x or components.ingressGateways[0].k8s.replicaCount=3; may be given several times
    #[arg(short = 's', long, value_name = "PATH=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// The revision of the control plane
    #[arg(short, long, value_name = "NAME", default_value = "", hide_default_value = true)]
    revision: String,
    /// Go on when validation fails
    #[arg(long)]
    force: bool,
    /// The charts and profiles of an Istio release: its folder `manifests`
    #[arg(short = 'd', long, visible_alias = "charts", value_name = "FOLDER")]
    manifests: Option<String>,
    /// Print the gateways as values of the house chart, a document for each
    #[arg(long)]
    to_values: bool,
    #[command(flatten)]
    bounds: Bounds,
}

/// Renders, and prints.
///
/// # Errors
/// When what is given is not an IstioOperator that istioctl takes, or can't be rendered.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    let mut files = args.files.clone();
    files.extend(flags::split("filename", &args.filename)?);
    let request = Request {
        files,
        set: args.set.clone(),
        revision: args.revision.clone(),
        force: args.force,
        manifests: args.manifests.clone().filter(|folder| !folder.is_empty()),
        limits: args.bounds.limits()?,
        ..Request::default()
    };
    if args.to_values { values(&request, output) } else { print(&request, output) }
}

/// Prints the gateways as values files.
fn values(request: &Request, output: &mut Output) -> Result<()> {
    let (gateways, warnings) = gateway::translate(&Operator::read(request)?)?;
    warn(&warnings);
    for (i, gateway) in gateways.iter().enumerate() {
        if i > 0 {
            output.write(b"---\n")?;
        }
        output.write(gateway.file()?.as_bytes())?;
        if gateway.has_overlays() {
            output::remark(&format!(
                "the overlays of {} are not in its values: they belong into a copy of the chart",
                gateway.name
            ));
        }
    }
    Ok(())
}

/// Whether there is a file of that name that holds an IstioOperator.
pub fn is_operator(path: &str) -> bool {
    let limits = Limits::default();
    // A chart is a folder or an archive; only what may be YAML is read.
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
        && std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= limits.input_bytes)
        && Tree::default().read(path, &limits).is_ok_and(|text| istio::is_operator(&text))
}

/// Renders one file as `torii istio` does, for `torii render`.
///
/// # Errors
/// As [`run`], and for values that only charts have.
pub fn render(file: &str, values: &Overrides, limits: Limits, output: &mut Output) -> Result<()> {
    let others = [&values.json, &values.strings, &values.set_files, &values.literals];
    if others.iter().any(|flags| !flags.is_empty()) {
        return Err(wrong("an IstioOperator file takes no values but those of --set and -f")
            .hint("torii istio --help tells what there is"));
    }
    let files = std::iter::once(file.to_string()).chain(values.files.iter().cloned()).collect();
    print(&Request { files, set: values.set.clone(), limits, ..Request::default() }, output)
}

/// Renders a request, and prints its objects and warnings.
///
/// # Errors
/// As [`run`].
pub fn print(request: &Request, output: &mut Output) -> Result<()> {
    let generated = istio::generate(request)?;
    warn(&generated.warnings);
    output.write(generated.text()?.as_bytes())
}

fn warn(warnings: &[Diagnostic]) {
    for warning in warnings {
        output::complain(&warning.render(Severity::Warning));
    }
}
