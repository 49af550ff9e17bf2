//! A chart and values in, ordered Kubernetes objects out: Helm's way through, step by step.
//!
//! 1. [`crate::chart::load`] reads the chart; library charts and missing dependencies end here.
//! 2. [`crate::values`] lays the values over each other and checks them.
//! 3. [`context`] makes of them what each template sees.
//! 4. [`crate::template::Engine`] parses all templates, then runs those that aren't partials.
//! 5. [`crate::manifest`] makes objects and hooks of the output.

mod bad;
pub mod context;
pub mod eval;
pub mod json;
pub mod name;
pub mod stage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::chart::{self, Chart};
use crate::diagnostic::{Diagnostic, Error, Place, Result};
use crate::functions::{Env, semver};
use crate::limits::Limits;
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{self, BadDocument, File, Manifests};
use crate::source::Tree;
use crate::template::objects::{Capabilities, KubeVersion};
use crate::template::{Engine, Source};
use crate::trace::{Recording, Trace};
use crate::value::{Map, Str, Value};
use crate::values::{self, Layers, Overrides, Prepared};
use crate::yaml;

use self::context::{Shared, Template};

/// The end of the names of files that hold a chart's notes.
const NOTES: &str = "NOTES.txt";

/// What to render, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The chart: a folder or an archive.
    pub chart: String,
    /// Where the chart and the values files are.
    pub tree: Tree,
    /// The release.
    pub release: Release,
    /// The values the user gives.
    pub values: Overrides,
    /// The version of Kubernetes that templates see; Helm's default without it.
    pub kube_version: Option<String>,
    /// API versions that templates see besides Helm's default ones.
    pub api_versions: Vec<String>,
    /// Don't check values against schemas.
    pub skip_schema_validation: bool,
    /// Take documents as they come, even if they aren't YAML.
    pub any_text: bool,
    /// Take `.j2` files for Go templates.
    pub go_templates: bool,
    /// Follow links that leave the chart.
    pub allow_outside_symlinks: bool,
    /// Makes random functions repeat, and stops the clock.
    pub seed: Option<String>,
    /// A file of Kubernetes objects that `lookup` finds, `-` for stdin; without one it finds nothing.
    pub lookup_file: Option<String>,
    /// The time that templates see, if not that of the machine's clock.
    pub now: Option<Timestamp>,
    /// The bounds to keep.
    pub limits: Limits,
}

/// The release, as templates see it.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether it is there already.
    pub is_upgrade: bool,
    /// The number of its revision.
    pub revision: i64,
}

impl Request {
    /// A request to render a chart as a release of this name, in the namespace `default`, without values.
    pub fn new(chart: impl Into<String>, name: impl Into<String>) -> Request {
        Request {
            chart: chart.into(),
            tree: Tree::default(),
            release: Release {
                name: name.into(),
                namespace: "default".into(),
                is_upgrade: false,
                revision: 1,
            },
            values: Overrides::default(),
            kube_version: None,
            api_versions: Vec::new(),
            skip_schema_validation: false,
            any_text: false,
            go_templates: false,
            allow_outside_symlinks: false,
            seed: None,
            lookup_file: None,
            now: None,
            limits: Limits::default(),
        }
    }
}

/// What came of a request.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Objects and hooks, in the order of installation.
    pub manifests: Manifests,
    /// The files of `crds/`, by the names that `# Source:` shows.
    pub crds: Vec<File>,
    /// What `NOTES.txt` of the outermost chart says.
    pub notes: Option<Str>,
    /// The rendered files, if they are not YAML that Helm takes; empty otherwise.
    pub bad: Vec<File>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// Whether a template asked for randomness or the time: another render may differ.
    pub volatile: bool,
    /// The templates, partials included; none if the render failed.
    pub sources: Vec<Source>,
    /// What the outermost chart's templates see as their root, as the last template left it; null if the render
    /// failed.
    pub root: Value,
    /// How long each step took.
    pub timings: Vec<(&'static str, Duration)>,
    /// What the render was made with.
    remains: Remains,
}

impl Output {
    /// The objects: definitions of `crds/`, objects, hooks. `namespace` is that of objects that say none.
    ///
    /// # Errors
    /// When a document of `crds/` isn't YAML, or one of the chart is no object.
    pub fn objects(&self, namespace: &str) -> Result<Vec<Object>> {
        let mut objects = Vec::new();
        for file in &self.crds {
            for range in manifest::split::split(file.text.as_bytes()) {
                let text = (&file.text, range);
                let document = Document { source: &file.name, text, role: Role::Definition, namespace };
                object::read(&document, &mut objects)?;
            }
        }
        let own = self.manifests.objects.iter().map(|manifest| (manifest, Role::Object));
        let hooks = self.manifests.hooks.iter().map(|manifest| (manifest, Role::Hook));
        for (manifest, role) in own.chain(hooks) {
            let document = Document { source: &manifest.source, text: manifest.text(), role, namespace };
            object::read(&document, &mut objects)?;
        }
        Ok(objects)
    }
}

/// The chart, values and parsed templates of a render. They go when its output goes: to take them apart is a
/// tenth of a render's work, and a program that ends anyway may forget the output as a whole.
#[derive(Clone, Default)]
struct Remains(Vec<Arc<dyn Send + Sync>>);

impl std::fmt::Debug for Remains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Remains")
    }
}

/// Why there are no objects.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The reason.
    pub error: Error,
    /// What was rendered nevertheless: all files, when one isn't YAML. Otherwise only warnings.
    pub output: Option<Box<Output>>,
}

/// What a request needs of the outside: the chart, and the values the user gives.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The chart, as it was read.
    pub chart: Chart,
    /// The user's values.
    pub layers: Layers,
}

/// Renders a chart.
///
/// # Errors
/// In Helm's words where Helm has them.
pub fn render(request: &Request) -> Result<Output, Failure> {
    let mut output = Output::default();
    finish(load_into(request, &mut output), output, |loaded, output| {
        run(request, &loaded, output, Plan::Plain)?;
        output.remains.0.push(Arc::new(loaded));
        Ok(())
    })
}

/// Renders what [`load`] gave, with the rest of a request: its chart and values are not read again. The
/// loaded chart is not changed, so that it can be rendered again, with other values or another request.
///
/// # Errors
/// As [`render`].
pub fn render_loaded(request: &Request, loaded: &Loaded) -> Result<Output, Failure> {
    finish(Ok(()), Output::default(), |(), output| run(request, loaded, output, Plan::Plain))
}

/// As [`render_loaded`], and records where each piece of the output came from. The output is the same. A render
/// that fails leaves what was recorded until then.
///
/// # Errors
/// As [`render`].
pub fn trace_loaded(request: &Request, loaded: &Loaded, trace: &mut Trace) -> Result<Output, Failure> {
    finish(Ok(()), Output::default(), |(), output| run(request, loaded, output, Plan::Traced(trace)))
}

/// The charts that take part in what [`load`] gave and their values, checked as [`render`] checks them before it
/// runs templates. Warnings are added to `warnings`.
///
/// # Errors
/// As [`render`], but for what templates do.
pub fn prepare(request: &Request, loaded: &Loaded, warnings: &mut Vec<Diagnostic>) -> Result<Prepared> {
    let mut output = Output::default();
    let capabilities = Capabilities::new(kube_version(request)?, &request.api_versions);
    let prepared = prepared(request, loaded, &capabilities, &mut output);
    warnings.append(&mut output.warnings);
    prepared
}

/// Reads the chart and the values of a request; warnings are added to `warnings`.
///
/// # Errors
/// When the chart or a values file can't be read, or isn't one.
pub fn load(request: &Request, warnings: &mut Vec<Diagnostic>) -> Result<Loaded> {
    let mut output = Output::default();
    let loaded = load_into(request, &mut output);
    warnings.append(&mut output.warnings);
    loaded
}

fn finish<T>(
    start: Result<T>,
    mut output: Output,
    rest: impl FnOnce(T, &mut Output) -> Result<()>,
) -> Result<Output, Failure> {
    match start.and_then(|start| rest(start, &mut output)) {
        Ok(()) => Ok(output),
        Err(error) => Err(Failure { error, output: Some(Box::new(output)) }),
    }
}

fn load_into(request: &Request, output: &mut Output) -> Result<Loaded> {
    let mut clock = Clock(Instant::now());
    kube_version(request)?;
    let options = chart::Options {
        allow_outside_symlinks: request.allow_outside_symlinks,
        limits: request.limits.clone(),
        ..chart::Options::default()
    };
    let mut warnings = Vec::new();
    let loaded = chart::load(&request.tree, &request.chart, &options, &mut warnings);
    warn(&mut output.warnings, &mut warnings);
    let chart = loaded?;
    clock.lap("load", output);
    let mut read = |path: &str| request.tree.read(path, &request.limits);
    let mut overrides = request.values.clone();
    overrides.files.iter_mut().for_each(|path| *path = request.tree.shown(path));
    let layers = Layers::gather(&overrides, &mut read)?;
    Ok(Loaded { chart, layers })
}

/// Whether to record a render.
enum Plan<'a> {
    Plain,
    Traced(&'a mut Trace),
}

fn run(request: &Request, loaded: &Loaded, output: &mut Output, plan: Plan<'_>) -> Result<()> {
    let Loaded { chart, layers } = loaded;
    let mut clock = Clock(Instant::now());
    let capabilities = Capabilities::new(kube_version(request)?, &request.api_versions);
    let prepared = prepared(request, loaded, &capabilities, output)?;
    clock.lap("values", output);

    let shared =
        Shared { release: context::release(&request.release), capabilities: capabilities.into_value() };
    let (mut templates, root) =
        context::templates(&prepared.chart, &prepared.values, &shared, request.go_templates)?;
    context::sort(&mut templates);
    let env = Arc::new(environment(request)?);
    let sources: Vec<Source> = templates.iter().map(|t| t.source.clone()).collect();
    let engine = Engine::parse(&sources, env.clone())?;
    clock.lap("parse", output);
    let mut recorded = None;
    let rendered = match plan {
        Plan::Plain => execute(&engine, &templates),
        Plan::Traced(trace) => {
            let mut roots: Vec<Map> = Vec::new();
            for template in &templates {
                if !roots.iter().any(|root| root.is_same(&template.root)) {
                    roots.push(template.root.clone());
                }
            }
            let recording = Recording::start(&prepared.values, &roots);
            let rendered = execute(&engine, &templates);
            *trace = recording.finish();
            recorded = Some(&*trace);
            rendered
        }
    };
    warn(&mut output.warnings, &mut env.take_warnings());
    output.volatile = env.used_random() || env.used_clock();
    let files = rendered.map_err(|error| {
        error.locate_meant(|diagnostic, path| place_of_value(diagnostic, path, &sources, chart, layers))
    })?;
    clock.lap("execute", output);
    if let Err((document, files)) = collect(&prepared.chart, files, request.any_text, output) {
        let error = bad::explain(&document, &files, &sources, (request, loaded), recorded);
        output.bad = files;
        output.bad.retain(|file| !manifest::split::is_blank(file.text.as_bytes()));
        output.bad.sort_by(|a, b| a.name.cmp(&b.name));
        return Err(error);
    }
    clock.lap("manifests", output);
    output.sources = sources;
    output.root = Value::Map(root);
    output.remains.0.push(Arc::new((engine, templates, prepared)));
    Ok(())
}

fn prepared(
    request: &Request,
    loaded: &Loaded,
    capabilities: &Capabilities,
    output: &mut Output,
) -> Result<Prepared> {
    let Loaded { chart, layers } = loaded;
    check_chart(chart, output)?;
    name::check(&request.release.name)?;
    let mut warnings = Vec::new();
    let prepared =
        values::prepare(chart, layers, request.skip_schema_validation, &request.limits, &mut warnings);
    warn(&mut output.warnings, &mut warnings);
    let prepared = prepared?;
    check_kube_version(&prepared.chart, capabilities.kube_version())?;
    Ok(prepared)
}

fn environment(request: &Request) -> Result<Env> {
    let mut env = Env::new(request.limits.clone());
    if let Some(seed) = &request.seed {
        env = env.with_seed(seed);
    }
    if let Some(now) = request.now {
        env = env.with_clock(now);
    }
    if let Some(path) = &request.lookup_file {
        env = env.with_objects(objects(path, request)?);
    }
    Ok(env)
}

/// The objects of a file, for `lookup`.
fn objects(path: &str, request: &Request) -> Result<Vec<Value>> {
    let text = request.tree.read(path, &request.limits)?;
    let documents = yaml::documents(&text).map_err(|e| {
        Error::new(format!("failed to parse {path}: {}", e.message)).at(Place::new(path, e.line, e.column))
    })?;
    Ok(documents.into_iter().map(|document| document.value).collect())
}

fn warn(warnings: &mut Vec<Diagnostic>, messages: &mut Vec<String>) {
    // Helm's own warnings say so once more.
    let bare = |message: String| message.strip_prefix("warning: ").map(str::to_string).unwrap_or(message);
    let warning = |message| Diagnostic { message: bare(message), ..Diagnostic::default() };
    warnings.extend(messages.drain(..).map(warning));
}

struct Clock(Instant);

impl Clock {
    fn lap(&mut self, phase: &'static str, output: &mut Output) {
        output.timings.push((phase, self.0.elapsed()));
        self.0 = Instant::now();
    }
}

fn kube_version(request: &Request) -> Result<KubeVersion> {
    match request.kube_version.as_deref().filter(|version| !version.is_empty()) {
        None => Ok(KubeVersion::default()),
        Some(version) => KubeVersion::parse(version).map_err(|e| {
            Error::new(format!("invalid kube version '{version}': {e}")).hint("give it as in 1.32")
        }),
    }
}

fn check_chart(chart: &Chart, output: &mut Output) -> Result<()> {
    chart.check_installable()?;
    if chart.metadata.deprecated {
        warn(&mut output.warnings, &mut vec!["this chart is deprecated".into()]);
    }
    chart.check_dependencies().map_err(|e| {
        let folder = chart.display_path("charts/");
        e.hint(format!("put the missing charts into {folder}, as folders or archives"))
    })
}

/// Checks the version of Kubernetes that the chart asks for (`helm pkg/action/action.go: renderResources`).
fn check_kube_version(chart: &Chart, version: &KubeVersion) -> Result<()> {
    let wanted = &chart.metadata.kube_version;
    if wanted.is_empty() || semver::satisfies(version.normalized(), wanted).unwrap_or(false) {
        return Ok(());
    }
    let version = version.version();
    Err(Error::new(format!(
        "chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}"
    ))
    .hint("name the version of your cluster by --kube-version"))
}

/// Runs all templates but partials, in order.
fn execute(engine: &Engine, templates: &[Template]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for template in templates.iter().filter(|t| !manifest::is_partial(&t.source.name)) {
        let text = engine.render(&template.source, &template.root)?;
        files.push(File { name: template.source.name.clone(), text });
    }
    Ok(files)
}

/// Where a value is set that the template with the error may have meant: a path from the values of its own chart on.
fn place_of_value(
    diagnostic: &Diagnostic,
    path: &[String],
    sources: &[Source],
    chart: &Chart,
    layers: &Layers,
) -> Option<Place> {
    let file = &diagnostic.place.as_ref()?.file;
    let folder = &sources.iter().find(|source| source.file == *file)?.base_path;
    let charts = folder.strip_suffix("/templates")?.split("/charts/").skip(1).map(str::to_string);
    let path: Vec<String> = charts.chain(path.iter().cloned()).collect();
    layers.origin(chart, &path)?.place
}

/// Takes the notes out of the rendered files, and makes objects of the rest. If one isn't YAML, the files are given
/// back.
fn collect(
    chart: &Chart,
    files: Vec<File>,
    any_text: bool,
    output: &mut Output,
) -> Result<(), (BadDocument, Vec<File>)> {
    let own_notes = format!("{}/templates/{NOTES}", chart.name());
    let (notes, files): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|file| file.name.ends_with(NOTES));
    output.notes = notes.into_iter().find(|file| *file.name == *own_notes).map(|file| file.text);
    output.crds =
        chart.crds().into_iter().map(|crd| File { name: crd.filename.into(), text: crd.file.data }).collect();
    match manifest::assemble(&files, any_text) {
        Ok(mut manifests) => {
            warn(&mut output.warnings, &mut manifests.warnings);
            output.manifests = manifests;
            Ok(())
        }
        Err(bad) => Err((bad, files)),
    }
}
