//! `torii istio`: IstioOperator files in, Kubernetes objects out.

use torii::diagnostic::{Diagnostic, Result, Severity};
use torii::istio::{self, Request};

use super::flags::{self, Bounds};
use super::output::{self, Output};

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
    print(&request, output)
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
