//! `torii new`: a fresh chart.

use std::path::PathBuf;

use torii::diagnostic::{Diagnostic, Result, Severity, escape};
use torii::new;
use torii::template::Language;

use super::output::{self, Output};

/// Make a fresh chart
///
/// Makes a folder with a small chart of a web application: Deployment, Service, ServiceAccount, and if wanted Ingress
/// and autoscaler, with a schema for its values and a test. It renders as it is, and is meant to be changed. A folder
/// that exists is left alone.
#[derive(clap::Args)]
#[command(
    visible_alias = "create",
    after_help = "\
Examples:
  torii new web                    a chart in the folder web, with templates in Jinja
  torii new charts/web --go        with templates in Helm's language
  torii render web                 its objects
  torii show values web            what can be set"
)]
pub struct Args {
    /// The folder to make; the chart is called as its last part
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// Write the templates in Helm's language, Go templates, instead of Jinja
    #[arg(long)]
    go: bool,
}

/// Makes it, and says where it is.
///
/// # Errors
/// When a chart can't have that name, something is there already, or the folder can't be written.
pub fn run(args: &Args, output: &mut Output) -> Result<()> {
    let language = if args.go { Language::Go } else { Language::Jinja };
    let mut warnings = Vec::new();
    new::create(&args.folder, language, &mut warnings)?;
    for message in warnings {
        output::complain(&Diagnostic { message, ..Diagnostic::default() }.render(Severity::Warning));
    }
    let folder = args.folder.display().to_string();
    output::remark(&format!("see its objects by `torii render {folder}`"));
    output.write(format!("{}\n", escape(&folder)).as_bytes())
}
