//! `torii diff --all`: every chart and set of values that a change touches.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use torii::config::{self, Config};
use torii::diagnostic::{Error, Result, Severity};
use torii::diff::side::{self, Side};
use torii::diff::{Review, ReviewOptions, review};
use torii::limits::Limits;
use torii::render::Request;
use torii::source::Tree;
use torii::source::git::{Range, Repository, Revision};
use torii::yaml;

use super::super::Exit;
use super::super::configuration;
use super::super::flags::Global;
use super::super::output::{self, Output};
use super::flags::{Args, Which};
use super::{options, report, sides};

/// Folders of a chart with values files to try it with.
const EXAMPLES: [&str; 2] = ["ci", "examples"];

/// A chart with a set of values: on one side of the review, or on both.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    /// Where the chart is on this machine.
    chart: String,
    /// Values files, likewise.
    values: Vec<String>,
    /// The release, if `torii.yaml` lists it.
    release: Option<Named>,
}

/// What `torii.yaml` says of a release besides its chart and values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    name: String,
    namespace: Option<String>,
    kube_version: Option<String>,
    api_versions: Vec<String>,
}

/// Reviews all, reports, and gives the exit code.
///
/// # Errors
/// When the revisions can't be read, or one of the reviews fails: the others are reported before.
pub fn run(args: &Args, global: &Global, output: &mut Output) -> Result<Exit> {
    let limits = args.bounds.limits()?;
    let Some(range) = sides::range(args, args.config.as_deref().unwrap_or("."))? else {
        return Err(Error::new("--all needs --rev or --review"));
    };
    let repository = Repository::around(args.config.as_deref().unwrap_or("."), &limits)?;
    let search = Search { args, repository: &repository, limits: &limits };
    let (old_tree, new_tree) = trees(&range);
    let old_config = search.configuration(&old_tree)?;
    let new_config = search.configuration(&new_tree)?;
    let old = search.targets(&old_tree, &old_config, &range)?;
    let new = search.targets(&new_tree, &new_config, &range)?;
    let options = options(args, &new_config.clone().unwrap_or_default())?;

    // In the order of the new side; what is only on the old one comes behind.
    let mut titles: Vec<&String> = new.order.iter().collect();
    titles.extend(old.order.iter().filter(|title| !new.targets.contains_key(*title)));
    let mut reviews = Vec::new();
    let mut failed = Vec::new();
    for (i, title) in titles.iter().enumerate() {
        let pair = (old.targets.get(*title), new.targets.get(*title));
        if !args.source.allow_outside_symlinks && is_untouched(pair, &range)? {
            continue;
        }
        progress(&format!("[{}/{}] {title}", i + 1, titles.len()));
        match one(args, global, title, pair, (&old_tree, &new_tree), &options) {
            Ok(review) => reviews.push(review),
            Err(error) => failed.push(error.context(title)),
        }
    }
    progress("");
    if reviews.is_empty() && failed.is_empty() {
        output::remark(&format!("none of the {} charts with their values is touched", titles.len()));
    }
    report::tell(&reviews, &args.report, output)?;
    match failed.pop() {
        None => Ok(report::exit_code(&reviews, &args.report)),
        Some(last) => {
            output.finish()?;
            failed.iter().for_each(|error| output::complain(&error.diagnostic().render(Severity::Error)));
            Err(last)
        }
    }
}

fn trees(range: &Range) -> (Tree, Tree) {
    let tree = |revision: Option<Revision>| Tree { revision, ..Tree::default() };
    (tree(Some(range.old.clone())), tree(range.new.clone()))
}

/// Reviews one target.
fn one(
    args: &Args,
    global: &Global,
    title: &str,
    pair: (Option<&Target>, Option<&Target>),
    trees: (&Tree, &Tree),
    options: &ReviewOptions,
) -> Result<Review> {
    let open = |which, target: Option<&Target>, tree: &Tree| {
        let Some(target) = target else { return Ok(side::nothing(&format!("no {title}"))) };
        let mut request = args.request(which, global)?;
        request.tree = tree.clone();
        target.fill(&mut request);
        Side::open(&target.chart, &request)
    };
    let mut both = (open(Which::Old, pair.0, trees.0)?, open(Which::New, pair.1, trees.1)?);
    sides::fit(args, &mut both);
    review(&both.0, &both.1, &ReviewOptions { title: Some(title.to_string()), ..options.clone() })
}

/// Whether chart and values files are the same objects in both revisions.
fn is_untouched(pair: (Option<&Target>, Option<&Target>), range: &Range) -> Result<bool> {
    let (Some(old), Some(new), Some(revision)) = (pair.0, pair.1, &range.new) else { return Ok(false) };
    if old != new {
        return Ok(false);
    }
    for path in [&old.chart].into_iter().chain(&old.values) {
        let Some(path) = range.old.inner_path(path) else { continue };
        if range.old.id(&path)? != revision.id(&path)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Target {
    fn fill(&self, request: &mut Request) {
        let own = std::mem::replace(&mut request.values.files, self.values.clone());
        request.values.files.extend(own);
        if let Some(named) = &self.release {
            request.release.name.clone_from(&named.name);
            if let Some(namespace) = &named.namespace {
                request.release.namespace.clone_from(namespace);
            }
            if named.kube_version.is_some() {
                request.kube_version.clone_from(&named.kube_version);
            }
            request.api_versions.extend_from_slice(&named.api_versions);
        }
    }
}

/// The targets of a side, by title.
struct Targets {
    order: Vec<String>,
    targets: BTreeMap<String, Target>,
}

/// Finds what there is to review.
struct Search<'a> {
    args: &'a Args,
    repository: &'a Repository,
    limits: &'a Limits,
}

impl Search<'_> {
    /// The configuration on a side.
    fn configuration(&self, tree: &Tree) -> Result<Option<Config>> {
        Config::load(tree, &self.configuration_path(), self.limits)
    }

    /// Where it is, if it is there.
    fn configuration_path(&self) -> String {
        match &self.args.config {
            Some(path) => path.clone(),
            None => configuration::nearest().unwrap_or_else(|| self.repository.disk_path(config::FILE)),
        }
    }

    fn targets(&self, tree: &Tree, config: &Option<Config>, range: &Range) -> Result<Targets> {
        let mut found = Targets { order: Vec::new(), targets: BTreeMap::new() };
        match config {
            Some(config) if !config.releases.is_empty() => self.listed(config, &mut found)?,
            _ => self.charts(tree, range, &mut found)?,
        }
        Ok(found)
    }

    /// The releases of `torii.yaml`.
    fn listed(&self, config: &Config, found: &mut Targets) -> Result<()> {
        let file = PathBuf::from(self.configuration_path());
        let folder = file.parent().unwrap_or(Path::new(""));
        let path = |name: &String| folder.join(name).to_string_lossy().into_owned();
        for release in &config.releases {
            let target = Target {
                chart: path(&release.chart),
                values: release.values.iter().map(path).collect(),
                release: Some(Named {
                    name: release.name.clone(),
                    namespace: release.namespace.clone(),
                    kube_version: release.kube_version.clone(),
                    api_versions: release.api_versions.clone(),
                }),
            };
            let place = release.namespace.as_deref().map(|n| format!("{n}/")).unwrap_or_default();
            found.add(format!("{place}{} ({})", release.name, release.chart), target)?;
        }
        Ok(())
    }

    /// Every chart that isn't part of another one, with its defaults and with each of its values files.
    fn charts(&self, tree: &Tree, range: &Range, found: &mut Targets) -> Result<()> {
        // In the working tree, those that git knows: what lies around in ignored folders is nobody's change.
        let revision = match &tree.revision {
            Some(revision) => revision.clone(),
            None => self.repository.revision("HEAD")?,
        };
        let mut files = revision.named(&["Chart.yaml"], self.limits)?;
        if tree.revision.is_none() {
            files.extend(range.old.named(&["Chart.yaml"], self.limits)?);
            files.sort();
            files.dedup();
        }
        let folders: Vec<&str> =
            files.iter().map(|file| file.trim_end_matches("Chart.yaml").trim_end_matches('/')).collect();
        for folder in &folders {
            let is_within = |outer: &&str| {
                outer != folder && (outer.is_empty() || folder.starts_with(&format!("{outer}/")))
            };
            let chart = self.repository.disk_path(folder);
            if folders.iter().any(is_within) || !is_application(tree, &chart, self.limits) {
                continue;
            }
            let shown = if folder.is_empty() { "." } else { folder };
            let target = |values| Target { chart: chart.clone(), values, release: None };
            found.add(shown.to_string(), target(Vec::new()))?;
            for file in self.examples(tree, &revision, folder)? {
                let path = self.repository.disk_path(&file);
                let name = file.strip_prefix(folder).unwrap_or(&file).trim_start_matches('/');
                found.add(format!("{shown} with {name}"), target(vec![path]))?;
            }
        }
        Ok(())
    }

    /// The values files in a chart's `ci/` and `examples/`.
    fn examples(&self, tree: &Tree, revision: &Revision, folder: &str) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for name in EXAMPLES {
            let inner = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            files.extend(revision.files_in(&inner)?.into_iter().filter(|file| {
                (file.ends_with(".yaml") || file.ends_with(".yml"))
                    && tree.look(&self.repository.disk_path(file), self.limits).is_ok()
            }));
        }
        Ok(files)
    }
}

impl Targets {
    fn add(&mut self, title: String, target: Target) -> Result<()> {
        if self.targets.insert(title.clone(), target).is_some() {
            return Err(Error::new(format!("torii.yaml lists {title} twice")));
        }
        self.order.push(title);
        Ok(())
    }
}

/// Whether a chart is there and may be rendered by itself. What can't be read is: its render says why.
fn is_application(tree: &Tree, chart: &str, limits: &Limits) -> bool {
    let path = format!("{}/Chart.yaml", chart.trim_end_matches('/'));
    if tree.look(&path, limits).is_err() {
        return false;
    }
    let Ok(text) = tree.read(&path, limits) else { return true };
    let Ok(metadata) = yaml::decode(&text) else { return true };
    let kind = metadata.as_map().and_then(|map| map.get("type"));
    kind.and_then(|kind| kind.as_str().map(|kind| kind != "library")).unwrap_or(true)
}

/// Shows on a terminal how far it is.
fn progress(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K{}", torii::diagnostic::escape(text));
        let _ = stderr.flush();
    }
}
