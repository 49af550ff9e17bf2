//! `torii render`: a chart and values in, Kubernetes objects out.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use torii::diagnostic::{Diagnostic, Error, Result, Severity};
use torii::explain::unused;
use torii::manifest::{File, Manifest, select, split};
use torii::render::{self, Failure, Request, name};

use super::flags::{self, Global};
use super::output::{self, Output};
use super::{helm, istio, output_dir, rendering, wrong};

/// Render a chart to Kubernetes objects
///
/// Takes a chart of templates (Jinja in files that end in .j2, Go templates in all others, as in Helm), fills in
/// values, and prints the objects in the order of installation. Nothing is asked of a cluster or the network.
#[derive(clap::Args)]
#[command(
    visible_alias = "template",
    next_line_help = true,
    args_override_self = true,
    override_usage = "torii render [OPTIONS] [NAME] CHART",
    after_help = "\
Examples:
  torii render my-gateway charts/gateway
  torii render my-gateway charts/gateway -n istio-ingress -f prod.yaml --set replicas=3
  torii render charts/gateway                      the release is called release-name
  torii render my-gateway gateway-1.2.0.tgz -s templates/service.yaml
  torii render charts/gateway --output-dir out     a file for each template
  torii render charts/gateway -o json | jq '.[].kind'
  torii render charts/gateway --kube-version 1.32 -a gateway.networking.k8s.io/v1

Flags of `helm template` that are about a cluster, the network or plugins are accepted and have no effect."
)]
pub struct Args {
    /// The name of the release, if wanted, and the chart: a folder, an archive, or REV:path in git
    #[arg(value_names = ["NAME", "CHART"], num_args = 0.., allow_hyphen_values = false)]
    args: Vec<String>,
    #[command(flatten)]
    values: flags::Values,
    /// Print only the documents of these templates: a path or pattern like templates/*.yaml; may be given
    /// several times
    #[arg(short, long, value_name = "TEMPLATE", allow_hyphen_values = true)]
    show_only: Vec<String>,
    /// How to print: yaml, or json for one list of all objects
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
    /// Write a file for each template into this folder
    #[arg(long, value_name = "FOLDER", allow_hyphen_values = true)]
    output_dir: Option<PathBuf>,
    /// With --output-dir: write into a folder within it that is called as the release
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    release_name: bool,
    /// Print the definitions in crds/, too
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    include_crds: bool,
    /// Leave out hooks
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    no_hooks: bool,
    /// Leave out tests
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    skip_tests: bool,
    /// Print the chart's notes behind the objects
    #[arg(long)]
    notes: bool,
    /// Render as for an upgrade: Release.IsUpgrade is true, Release.IsInstall is not
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    is_upgrade: bool,
    /// The version of Kubernetes that templates see
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    kube_version: Option<String>,
    /// An API version that templates see as well, like monitoring.coreos.com/v1; several between commas, or by
    /// several flags
    #[arg(short, long, value_name = "VERSION", allow_hyphen_values = true)]
    api_versions: Vec<String>,
    /// Make a name for the release
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    generate_name: bool,
    /// Make a name for the release by this Go template
    #[arg(long, value_name = "TEMPLATE", allow_hyphen_values = true)]
    name_template: Option<String>,
    /// Don't check values against the chart's JSON Schema
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true)]
    skip_schema_validation: bool,
    /// Whether all output must be YAML that Kubernetes' libraries read: true unless =false is given
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", value_parser = helm::go_bool, value_name = "BOOL", hide_default_value = true, action = clap::ArgAction::Set)]
    validate_yaml: bool,
    /// Take .j2 files for Go templates, for a Helm chart that happens to have some
    #[arg(long)]
    go_templates: bool,
    /// Make random values, passwords, keys and certificates repeat: the same words give the same values
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    seed: Option<String>,
    /// Kubernetes objects that `lookup` finds: a YAML file, as `kubectl get -o yaml` prints it, or - for stdin
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    lookup_file: Option<String>,
    /// The time that templates see, as in 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    now: Option<String>,
    /// Tell on stderr how long each step took
    #[arg(long)]
    timings: bool,
    #[command(flatten)]
    bounds: flags::Bounds,
    #[command(flatten)]
    source: flags::Source,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", value_parser = helm::go_bool)]
    enable_dns: bool,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    post_renderer: Vec<String>,
    /// Warn of values that no template uses, as a slip in a name makes them
    #[arg(long)]
    warn_unused: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "unset", default_value = "client")]
    dry_run: String,
    #[command(flatten)]
    helm: helm::Template,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// Renders, and prints or writes what came of it.
///
/// # Errors
/// When the chart can't be rendered with these values, or the result can't be written.
pub fn run(args: Args, global: &Global, output: &mut Output) -> Result<()> {
    check(&args)?;
    if let [file] = args.args.as_slice()
        && istio::is_operator(file)
    {
        return istio::render(file, &args.values.options()?, args.bounds.limits()?, output);
    }
    let request = request(&args, global)?;
    if args.seed.is_some() {
        output::remark("with --seed, keys and passwords can be guessed by whoever knows the seed");
    }
    let result = render::render(&request);
    if args.warn_unused {
        warn_unused(&request);
    }
    let (rendered, failure) = match result {
        Ok(rendered) => (rendered, None),
        Err(Failure { error, output: Some(partial) }) if global.debug => (*partial, Some(error)),
        Err(Failure { error, output: partial }) => {
            partial.into_iter().for_each(|partial| warn(&partial.warnings));
            return Err(error);
        }
    };
    warn(&rendered.warnings);
    if args.timings {
        for (phase, time) in &rendered.timings {
            output::remark(&format!("{phase:<10} {:>9.3} ms", time.as_secs_f64() * 1000.0));
        }
    }
    let pieces = Pieces::of(&args, &rendered);
    match (&args.output_dir, args.output) {
        (Some(folder), _) if failure.is_none() => {
            let release = args.release_name.then_some(request.release.name.as_str());
            output_dir::write(folder, release, pieces.all(), &args.show_only, output)?;
        }
        (None, Format::Json) if failure.is_none() => json(&args, &pieces, output)?,
        _ => print(&args, &pieces, output).map_err(|error| failure.clone().unwrap_or(error))?,
    }
    if let (true, Some(notes)) = (args.notes, &rendered.notes) {
        output.write(b"NOTES:\n")?;
        output.write(split::trim(notes.as_bytes()))?;
        output.write(b"\n")?;
    }
    // The program ends here; to free all this would only take time.
    std::mem::forget(rendered);
    failure.map_or(Ok(()), Err)
}

/// Refuses what would change the result and isn't there.
fn check(args: &Args) -> Result<()> {
    if args.enable_dns {
        return Err(wrong("--enable-dns is not supported: torii never asks the network while it renders")
            .hint("without it, getHostByName gives an empty string, as in Helm"));
    }
    if args.post_renderer.iter().any(|name| !name.is_empty()) {
        return Err(wrong("--post-renderer is not supported: torii runs no plugins")
            .hint("pipe the output into the program instead"));
    }
    let known = matches!(args.dry_run.as_str(), "unset" | "client" | "server")
        || helm::go_bool(&args.dry_run).unwrap_or_default();
    if args.dry_run == "server" {
        output::remark("--dry-run=server is taken as --dry-run=client: torii asks no cluster");
    }
    if !known {
        let message = if args.dry_run == "none" || helm::go_bool(&args.dry_run).is_ok() {
            format!("invalid dry-run value ({:?}). Must be \"server\" or \"client\"", args.dry_run)
        } else {
            format!("invalid dry-run value ({:?}). Must be \"none\", \"server\", or \"client\"", args.dry_run)
        };
        return Err(wrong(message));
    }
    if args.output == Format::Json && (args.output_dir.is_some() || args.notes) {
        return Err(wrong("--output json goes with neither --output-dir nor --notes"));
    }
    Ok(())
}

fn request(args: &Args, global: &Global) -> Result<Request> {
    let (name, chart) = name_and_chart(args)?;
    let mut request = Request::new(chart, name);
    if !global.namespace.is_empty() {
        request.release.namespace.clone_from(&global.namespace);
    }
    request.release.is_upgrade = args.is_upgrade;
    request.values = args.values.options()?;
    request.kube_version.clone_from(&args.kube_version);
    request.api_versions = flags::split("api-versions", &args.api_versions)?;
    request.skip_schema_validation = args.skip_schema_validation;
    request.any_text = !args.validate_yaml;
    request.go_templates = args.go_templates;
    request.limits = args.bounds.limits()?;
    args.source.bring(&[&request.chart], &request.limits, &mut request.tree)?;
    request.seed.clone_from(&args.seed);
    request.lookup_file.clone_from(&args.lookup_file);
    request.now = args.now.as_deref().map(rendering::time).transpose()?;
    request.allow_outside_symlinks = args.source.allow_outside_symlinks;
    Ok(request)
}

/// The name of the release, and the chart (`helm pkg/action/install.go: NameAndChart`).
fn name_and_chart(args: &Args) -> Result<(String, String)> {
    match args.args.as_slice() {
        [] => Err(wrong(
            "\"torii render\" requires at least 1 argument\n\nUsage:  torii render [NAME] [CHART] [flags]",
        )),
        [name, chart] => {
            if args.generate_name {
                return Err(wrong("cannot set --generate-name and also specify a name"));
            }
            if args.name_template.as_deref().is_some_and(|t| !t.is_empty()) {
                return Err(wrong("cannot set --name-template and also specify a name"));
            }
            Ok((name.clone(), chart.clone()))
        }
        [chart] => Ok((made_name(args, chart)?, chart.clone())),
        [_, _, more @ ..] => {
            Err(wrong(format!("expected at most two arguments, unexpected arguments: {}", more.join(", "))))
        }
    }
}

fn made_name(args: &Args, chart: &str) -> Result<String> {
    if let Some(template) = args.name_template.as_deref().filter(|t| !t.is_empty()) {
        return name::from_template(template);
    }
    if args.generate_name {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        return Ok(name::generated(chart, seconds));
    }
    output::remark(&format!("the release is called {:?}, since no name was given", name::DEFAULT));
    Ok(name::DEFAULT.to_string())
}

/// So many unused values are warned of.
const MAX_UNUSED: usize = 50;

/// Warns of values that no template uses. What can't be read is told by the render itself.
fn warn_unused(request: &Request) {
    let Ok(loaded) = render::load(request, &mut Vec::new()) else { return };
    let Ok(report) = unused::find(request, &loaded, unused::Options::default()) else { return };
    let shown: Vec<Diagnostic> = report.unused.iter().take(MAX_UNUSED).map(unused::Unused::warning).collect();
    warn(&shown);
    if report.unused.len() > MAX_UNUSED {
        output::remark(&format!("{} more values are used by no template", report.unused.len() - MAX_UNUSED));
    }
}

fn warn(warnings: &[Diagnostic]) {
    for warning in warnings {
        output::complain(&warning.render(Severity::Warning));
    }
}

/// A document to be printed or written, and the name of its template.
pub struct Piece<'a> {
    /// What `# Source:` shows.
    pub source: &'a str,
    /// The document.
    pub content: &'a [u8],
    /// Whether it comes from `crds/`.
    pub is_crd: bool,
}

/// The documents that are wanted, in the order in which Helm prints them.
struct Pieces<'a> {
    /// Definitions, then objects; or all files as they are, if one of them isn't YAML.
    objects: Vec<Piece<'a>>,
    hooks: Vec<Piece<'a>>,
}

impl<'a> Pieces<'a> {
    fn of(args: &Args, rendered: &'a render::Output) -> Pieces<'a> {
        let of_file =
            |file: &'a File, is_crd| Piece { source: &file.name, content: file.text.as_bytes(), is_crd };
        let of_manifest = |m: &'a Manifest| Piece { source: &m.source, content: m.content(), is_crd: false };
        let skipped = |m: &Manifest| {
            args.no_hooks || (args.skip_tests && m.hook.as_ref().is_some_and(|hook| hook.is_test()))
        };
        let manifests = &rendered.manifests;
        let crds = rendered.crds.iter().filter(|_| args.include_crds && rendered.bad.is_empty());
        Pieces {
            objects: crds
                .map(|crd| of_file(crd, true))
                .chain(rendered.bad.iter().map(|file| of_file(file, false)))
                .chain(manifests.objects.iter().map(of_manifest))
                .collect(),
            hooks: manifests.hooks.iter().filter(|m| !skipped(m)).map(of_manifest).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Piece<'a>> {
        self.objects.iter().chain(&self.hooks)
    }

    /// The text that Helm prints (`helm pkg/cmd/template.go`): each document under its source, the objects
    /// together without white space around them, then the hooks.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.all().map(|p| p.source.len() + p.content.len() + 20).sum());
        let add = |text: &mut Vec<u8>, piece: &Piece<'_>| {
            text.extend_from_slice(b"---\n# Source: ");
            text.extend_from_slice(piece.source.as_bytes());
            text.push(b'\n');
            text.extend_from_slice(piece.content);
            text.push(b'\n');
        };
        self.objects.iter().for_each(|piece| add(&mut text, piece));
        text.truncate(split::trim_end(&text).len());
        text.push(b'\n');
        self.hooks.iter().for_each(|piece| add(&mut text, piece));
        text
    }
}

fn print(args: &Args, pieces: &Pieces<'_>, output: &mut Output) -> Result<()> {
    let text = pieces.text();
    if args.show_only.is_empty() {
        return output.write(&text);
    }
    for document in select::select(&text, &args.show_only).map_err(|pattern| missing(pattern, pieces))? {
        output.write(b"---\n")?;
        output.write(document)?;
        output.write(b"\n")?;
    }
    Ok(())
}

fn missing(pattern: &str, pieces: &Pieces<'_>) -> Error {
    let error = wrong(format!("could not find template {pattern} in chart"));
    let names = pieces.all().filter_map(|piece| piece.source.split_once('/').map(|(_, path)| path));
    match torii::diagnostic::nearest(pattern, names) {
        Some(name) => error.hint(format!("did you mean {name}?")),
        None => error
            .hint("a template that renders to nothing can't be shown; name one as in templates/service.yaml"),
    }
}

/// Prints one JSON list of all objects.
fn json(args: &Args, pieces: &Pieces<'_>, output: &mut Output) -> Result<()> {
    let wanted = |pattern: &str, piece: &Piece<'_>| {
        piece.source.split_once('/').is_some_and(|(_, path)| select::matches(pattern, path))
    };
    if let Some(pattern) =
        args.show_only.iter().find(|pattern| !pieces.all().any(|piece| wanted(pattern, piece)))
    {
        return Err(missing(pattern, pieces));
    }
    let shown =
        |piece: &&Piece<'_>| args.show_only.is_empty() || args.show_only.iter().any(|p| wanted(p, piece));
    let mut separator: &[u8] = b"[\n";
    for piece in pieces.all().filter(shown) {
        for object in render::json::objects(piece.source, piece.content)? {
            output.write(separator)?;
            output.write(object.as_bytes())?;
            separator = b",\n";
        }
    }
    output.write(if separator == b"[\n" { b"[]\n" } else { b"\n]\n" })
}
