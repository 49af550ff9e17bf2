//! Where counterfactual renders are made.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::lines::{self, Delta, Fate};
use super::mutation;
use super::path::{self, ValuePath};
use super::scene::{Scene, Set};
use super::threads::side_by_side;
use super::words::Words;
use super::writes::{Snapshot, may_write};
use super::{FileInfluence, Influence, LineInfluence, Replacement, Trial};
use crate::chart::Chart;
use crate::diagnostic::{Error, Result};
use crate::manifest::{File, is_partial};
use crate::render::context::Template;
use crate::render::stage::{self, Surroundings};
use crate::render::{Loaded, Request};
use crate::template::{Engine, Source};
use crate::value::{Map, Str, Value};
use crate::yaml::Step;

/// The seed, if the user gives none: random functions must repeat. It stops the clock, too.
pub const SEED: &str = "explain";
/// Places where lines came in that are kept for one file of a value.
const MAX_ADDED: usize = 500;

/// Names of templates.
pub type Names = HashSet<Arc<str>>;

/// What all answers together may cost. Where a bound is met, the rest of the values is not tried, and each of them
/// says so.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many times templates are run for changed values.
    pub renders: usize,
    /// How long one call may take, but for renders under way: so long that real charts never get there, and answers
    /// are the same on any machine.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { renders: 500_000, time: Duration::from_secs(120) }
    }
}

/// A rendered file that is not as it was.
#[derive(Clone, Debug)]
pub struct Change {
    /// The name of its template.
    pub file: Arc<str>,
    /// What differs.
    pub delta: Delta,
    /// The new text; `None` if there is no such file any more.
    pub text: Option<Str>,
}

/// A chart, rendered once, and asked what other values would change.
pub struct Bench {
    scene: Scene,
    sources: Vec<Source>,
    /// What each template printed; `None` for partials.
    printed: Vec<Option<Str>>,
    by_name: HashMap<Arc<str>, usize>,
    /// Templates that change what others see.
    writes: Vec<bool>,
    words: Words,
    /// Parsed templates that nobody uses at the moment.
    engines: Mutex<Vec<Engine>>,
    bounds: Bounds,
    renders: AtomicUsize,
    /// What templates made of values that nobody set: what is tried in their place is of that kind.
    seen: Seen,
}

/// Tells a value by its path.
type Seen = Box<dyn Fn(&[Step]) -> Option<Value> + Send + Sync>;

impl Bench {
    /// Renders what was loaded for a request, with a fixed seed and clock. Schemas are not asked, here and later.
    ///
    /// # Errors
    /// As a render, up to where manifests are read.
    pub fn new(request: &Request, loaded: &Loaded) -> Result<Bench> {
        side_by_side(1, |_| Bench::rendered(request, loaded))
            .pop()
            .flatten()
            .unwrap_or_else(|| Err(stopped()))
    }

    fn rendered(request: &Request, loaded: &Loaded) -> Result<Bench> {
        stage::check(loaded)?;
        let mut request = request.clone();
        request.skip_schema_validation = true;
        request.seed.get_or_insert_with(|| SEED.to_string());
        let scene = Scene::new(Surroundings::new(&request)?, loaded.clone())?;
        let sources: Vec<Source> = scene.templates().iter().map(|t| t.source.clone()).collect();
        let engine = Engine::parse(&sources, scene.surroundings().environment()?)?;
        let mut writes = may_write(&sources);
        let roots = scene.unchanged();
        let mut snapshot = Snapshot::of(&roots);
        let mut printed = vec![None; sources.len()];
        for (index, (source, root)) in sources.iter().zip(&roots).enumerate() {
            if is_partial(&source.name) {
                continue;
            }
            if let Some(slot) = printed.get_mut(index) {
                *slot = Some(engine.render(source, root)?);
            }
            if !snapshot.holds() {
                snapshot = Snapshot::of(&roots);
                if let Some(writes) = writes.get_mut(index) {
                    *writes = true;
                }
            }
        }
        let by_name = sources.iter().enumerate().map(|(index, s)| (s.name.clone(), index)).collect();
        let words = Words::of(&sources);
        let engines = Mutex::new(vec![engine]);
        let (bounds, renders) = (Bounds::default(), AtomicUsize::new(0));
        let seen: Seen = Box::new(|_| None);
        Ok(Bench { scene, sources, printed, by_name, writes, words, engines, bounds, renders, seen })
    }

    /// The same bench with other bounds.
    pub fn bounded(mut self, bounds: Bounds) -> Bench {
        self.bounds = bounds;
        self
    }

    /// The same bench, which tries for values that nobody set what is akin to what templates made of them.
    pub fn with_seen(mut self, seen: impl Fn(&[Step]) -> Option<Value> + Send + Sync + 'static) -> Bench {
        self.seen = Box::new(seen);
        self
    }

    /// The rendered files, in the order of running, notes included.
    pub fn files(&self) -> Vec<File> {
        let pairs = self.sources.iter().zip(&self.printed);
        pairs.filter_map(|(s, text)| Some(File { name: s.name.clone(), text: text.clone()? })).collect()
    }

    /// What a template printed.
    pub fn text(&self, name: &str) -> Option<&Str> {
        self.printed.get(*self.by_name.get(name)?)?.as_ref()
    }

    /// The charts that take part.
    pub fn chart(&self) -> &Chart {
        self.scene.chart()
    }

    /// What the outermost chart's templates see as `.Values`, before any ran. Not to be changed.
    pub fn values(&self) -> &Map {
        self.scene.values()
    }

    /// The templates, in the order of running.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The names of templates that change what later templates see, or may do so under other values.
    pub fn writers(&self) -> Vec<Arc<str>> {
        let pairs = self.sources.iter().zip(&self.writes);
        pairs.filter(|(s, writes)| **writes && !is_partial(&s.name)).map(|(s, _)| s.name.clone()).collect()
    }

    /// The values that decide which charts take part, if they are set: conditions and tags of dependencies.
    pub fn conditions(&self) -> Vec<ValuePath> {
        let is_tag =
            |path: &ValuePath| matches!(path.first(), Some(Step::Key(key)) if key.as_bytes() == b"tags");
        let named =
            self.scene.conditions().iter().map(|condition| condition.split('.').map(Step::key).collect());
        let mut found: Vec<ValuePath> = named.filter(|path: &ValuePath| self.value(path).is_some()).collect();
        found.extend(self.leaves().into_iter().filter(is_tag));
        found
    }

    /// All leaves of the values, globals once.
    pub fn leaves(&self) -> Vec<ValuePath> {
        path::leaves(self.chart(), self.values())
    }

    /// The value at a path, if there is one.
    pub fn value(&self, path: &[Step]) -> Option<Value> {
        path::find(self.chart(), self.values(), path)
    }

    /// What is tried for the value at a path.
    pub fn replacements(&self, path: &[Step]) -> Vec<Replacement> {
        let name = path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.to_text()),
            Step::Index(_) => None,
        });
        let constants = name.map(|name| self.words.of_name(&name, &self.folder(path))).unwrap_or_default();
        let value = self.value(path).or_else(|| (self.seen)(path));
        mutation::replacements(value.as_ref(), &constants)
    }

    /// The `templates` folder of the chart whose values a path leads into.
    fn folder(&self, path: &[Step]) -> String {
        format!("{}/templates", path::chart_at(self.chart(), path).full_path)
    }

    /// How many times templates were run for changed values so far.
    pub fn renders(&self) -> usize {
        self.renders.load(Ordering::Relaxed)
    }

    /// What a replacement of the value at a path changes in the files of these templates; in all files, if none are
    /// named.
    ///
    /// # Errors
    /// When nothing can be rendered with it.
    pub fn change(
        &self,
        path: &[Step],
        replacement: &Replacement,
        templates: Option<&Names>,
    ) -> Result<Vec<Change>> {
        side_by_side(1, |_| {
            self.engine().and_then(|engine| {
                let changes = self.changes(&engine, path, replacement, templates);
                self.engines.lock().push(engine);
                changes
            })
        })
        .pop()
        .flatten()
        .unwrap_or_else(|| Err(stopped()))
    }

    /// What each of the values decides in the files of these templates; in all files, if none are named.
    pub fn influences(&self, candidates: &[ValuePath], templates: Option<&Names>) -> Vec<Influence> {
        let end = Instant::now() + self.bounds.time;
        let found = side_by_side(candidates.len(), |index| {
            let path = candidates.get(index)?;
            let engine = self.engine().ok()?;
            let influence = self.influence(&engine, path, templates, end);
            self.engines.lock().push(engine);
            Some(influence)
        });
        let unknown = |path: &ValuePath| Influence {
            path: path.clone(),
            value: self.value(path),
            trials: Vec::new(),
            files: Vec::new(),
            complete: false,
        };
        let pairs = found.into_iter().zip(candidates);
        pairs.map(|(found, path)| found.flatten().unwrap_or_else(|| unknown(path))).collect()
    }

    fn influence(
        &self,
        engine: &Engine,
        path: &ValuePath,
        templates: Option<&Names>,
        end: Instant,
    ) -> Influence {
        let mut trials: Vec<Trial> = Vec::new();
        let mut files: BTreeMap<(usize, Arc<str>), FileInfluence> = BTreeMap::new();
        let mut complete = true;
        for replacement in self.replacements(path) {
            if self.renders() >= self.bounds.renders || Instant::now() >= end {
                complete = false;
                break;
            }
            let number = trials.len();
            let failure = match self.changes(engine, path, &replacement, templates) {
                Ok(changes) => {
                    for change in changes {
                        // Files of charts that come in stand last.
                        let place = self.by_name.get(&change.file).copied().unwrap_or(usize::MAX);
                        let file =
                            files.entry((place, change.file.clone())).or_insert_with(|| FileInfluence {
                                file: change.file.clone(),
                                lines: BTreeMap::new(),
                                added: Vec::new(),
                            });
                        file.take(number, change.delta);
                    }
                    None
                }
                Err(error) => Some(error.message().to_string()),
            };
            trials.push(Trial { replacement, failure });
        }
        let mut files: Vec<FileInfluence> = files.into_values().collect();
        if !files.is_empty() {
            self.tell_tables(engine, path, templates, &mut files);
        }
        Influence { path: path.clone(), value: self.value(path), trials, files, complete }
    }

    /// Tells which lines move as soon as any value is given for the subchart.
    fn tell_tables(
        &self,
        engine: &Engine,
        path: &[Step],
        templates: Option<&Names>,
        files: &mut [FileInfluence],
    ) {
        let Some(roots) = self.scene.with_table(path) else { return };
        let Ok(texts) = run(engine, self.scene_of(&roots), templates) else { return };
        for change in self.compared(texts, None) {
            let Some(file) = files.iter_mut().find(|file| file.file == change.file) else { continue };
            for (line, _) in change.delta.lines {
                if let Some(known) = file.lines.get_mut(&line) {
                    known.by_table = true;
                }
            }
        }
    }

    /// The templates with what they see, and whether they change what others see.
    fn scene_of<'s>(&'s self, roots: &'s [Map]) -> impl Iterator<Item = (&'s Source, &'s Map, bool)> {
        let scene = self.sources.iter().zip(roots).zip(&self.writes);
        scene.map(|((source, root), writes)| (source, root, *writes))
    }

    fn engine(&self) -> Result<Engine> {
        if let Some(engine) = self.engines.lock().pop() {
            return Ok(engine);
        }
        Engine::parse(&self.sources, self.scene.surroundings().environment()?)
    }

    fn changes(
        &self,
        engine: &Engine,
        path: &[Step],
        replacement: &Replacement,
        templates: Option<&Names>,
    ) -> Result<Vec<Change>> {
        self.renders.fetch_add(1, Ordering::Relaxed);
        match self.scene.with(path, replacement)? {
            Set::Same(roots) => Ok(self.compared(run(engine, self.scene_of(&roots), templates)?, None)),
            Set::Anew(stage) => {
                let sources: Vec<Source> = stage.templates.iter().map(|t| t.source.clone()).collect();
                let engine = Engine::parse(&sources, self.scene.surroundings().environment()?)?;
                let writes = may_write(&sources);
                let wrote = |template: &Template| {
                    let known = self.by_name.get(&template.source.name).and_then(|&i| self.writes.get(i));
                    known.is_some_and(|writes| *writes)
                };
                let scene = stage.templates.iter().zip(&writes);
                let scene = scene.map(|(t, may)| (&t.source, &t.root, *may || wrote(t)));
                Ok(self.compared(run(&engine, scene, templates)?, Some((&sources, templates))))
            }
        }
    }

    /// What differs from the first render. If other charts took part, their sources are given, and what was asked for.
    fn compared(&self, files: Vec<File>, anew: Option<(&[Source], Option<&Names>)>) -> Vec<Change> {
        let mut changes = Vec::new();
        for file in files {
            let before = self.text(&file.name).map_or(&b""[..], |text| text.as_bytes());
            if before != file.text.as_bytes() {
                let delta = lines::compare(before, file.text.as_bytes());
                changes.push(Change { file: file.name, delta, text: Some(file.text) });
            }
        }
        if let Some((sources, templates)) = anew {
            let there: HashSet<&Arc<str>> = sources.iter().map(|source| &source.name).collect();
            for file in self.files() {
                let is_wanted = templates.is_none_or(|names| names.contains(&file.name));
                if is_wanted && !there.contains(&file.name) && !file.text.is_empty() {
                    let delta = lines::compare(file.text.as_bytes(), b"");
                    changes.push(Change { file: file.name, delta, text: None });
                }
            }
        }
        changes
    }
}

/// Runs the templates that are named, and those that change what others see.
fn run<'s>(
    engine: &Engine,
    scene: impl Iterator<Item = (&'s Source, &'s Map, bool)>,
    templates: Option<&Names>,
) -> Result<Vec<File>> {
    engine.reset();
    let mut files = Vec::new();
    for (source, root, writes) in scene {
        let is_wanted = templates.is_none_or(|names| names.contains(&source.name));
        if is_partial(&source.name) || !is_wanted && !writes {
            continue;
        }
        let text = engine.render(source, root)?;
        if is_wanted {
            files.push(File { name: source.name.clone(), text });
        }
    }
    Ok(files)
}

/// The error where a thread panicked, or could not be started.
fn stopped() -> Error {
    Error::new("a render with another value ended unexpectedly")
}

impl FileInfluence {
    fn take(&mut self, trial: usize, delta: Delta) {
        for (line, fate) in delta.lines {
            let known: &mut LineInfluence = self.lines.entry(line).or_default();
            let slot = match fate {
                Fate::Changed => &mut known.changed,
                Fate::Gone => &mut known.gone,
            };
            slot.get_or_insert(trial);
        }
        for added in delta.added {
            let is_known = self.added.iter().any(|(_, known)| known.after == added.after);
            if !is_known && self.added.len() < MAX_ADDED {
                self.added.push((trial, added));
            }
        }
    }
}
