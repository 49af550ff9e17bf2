//! Jinja, by minijinja, in the dialect that suits YAML.
//!
//! A template goes through [`lexer`] and [`parser`] (Jinja2's grammar and whitespace), [`lower`] (to the source
//! that minijinja runs, where Torii's filters stand for what minijinja means differently), and minijinja's
//! virtual machine over the values of [`convert`]. [`errors`] points back to the text the author wrote. For a render
//! that is being explained the templates are lowered once more, to a source that tells [`record`] what it does.

mod args;
mod ast;
mod convert;
mod dict;
mod engine;
mod errors;
mod filters;
mod globals;
mod lexer;
pub mod library;
mod lower;
mod macros;
pub(crate) mod mentions;
mod methods;
mod names;
mod ops;
mod output;
mod parser;
mod predicates;
mod record;
mod root;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use minijinja::value::Value as Jinja;
use minijinja::{AutoEscape, Environment, ErrorKind, machinery};
use parking_lot::RwLock;

use self::lower::Segment;
use self::record::Unit;
use self::root::Root;
use super::{Language, Peer, Source};
use crate::diagnostic::Error;
use crate::functions::Env;
use crate::trace;
use crate::value::{Map, Str, Value};

/// How many renders may be under way within one another: `include` of a Jinja file, `tpl`.
const MAX_NESTING: usize = 30;

/// Fuel that pays for one byte of output: minijinja counts 64 bytes as one step.
const BYTES_PER_STEP: usize = 64;

/// An error of minijinja's in our words.
fn fail(message: impl Into<Cow<'static, str>>) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, message)
}

/// The error for the use of a value that is not defined.
fn undefined() -> minijinja::Error {
    minijinja::Error::from(ErrorKind::UndefinedError)
}

/// What is known of a template besides minijinja's instructions.
#[derive(Clone)]
struct Info {
    /// Its name in the environment.
    key: Arc<str>,
    file: Arc<str>,
    text: Arc<str>,
    base: Arc<str>,
    generated: String,
    segments: Vec<Segment>,
    names: Vec<String>,
    /// Its nodes, if its renders are recorded.
    unit: Option<Arc<Unit>>,
}

impl Info {
    fn place(&self) -> Stands {
        let Info { key, file, text, base, .. } = self;
        Stands { key: key.clone(), file: file.clone(), text: text.clone(), base: base.clone() }
    }

    /// Where the lines of the generated source begin.
    fn generated_lines(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(0).chain(self.generated.match_indices('\n').map(|(i, _)| i + 1))
    }
}

/// What all renders of one set of templates share.
struct Shared {
    env: Arc<Env>,
    infos: HashMap<Arc<str>, Info>,
    /// Names as Helm gives them, to the names in the environment.
    by_name: HashMap<Arc<str>, Arc<str>>,
    peer: RwLock<Option<Weak<dyn Peer>>>,
    /// Steps taken by all renders so far.
    spent: AtomicU64,
    nesting: AtomicUsize,
    /// Whether these are the templates as they are lowered for renders that are recorded.
    is_recorded: bool,
}

impl Shared {
    fn new(
        env: Arc<Env>,
        infos: HashMap<Arc<str>, Info>,
        by_name: HashMap<Arc<str>, Arc<str>>,
        is_recorded: bool,
    ) -> Shared {
        Shared {
            env,
            infos,
            by_name,
            peer: RwLock::new(None),
            spent: AtomicU64::new(0),
            nesting: AtomicUsize::new(0),
            is_recorded,
        }
    }

    fn info(&self, key: &str) -> Option<&Info> {
        self.infos.get(key)
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.infos.keys().map(|k| &**k)
    }

    /// The steps that one render may take. Output counts too, and so does text that only passes through, which
    /// is why the steps are fewer than the bytes of output would pay for.
    fn fuel(&self) -> u64 {
        let limits = &self.env.limits;
        let steps = limits.steps.min((limits.output_bytes / (BYTES_PER_STEP + BYTES_PER_STEP / 4)) as u64);
        steps.max(1).saturating_mul(self.scale())
    }

    /// How many steps there are for one of a plain render.
    fn scale(&self) -> u64 {
        if self.is_recorded { record::STEPS } else { 1 }
    }

    /// Whether one more render may start within those under way.
    fn enter(&self) -> Result<Nested<'_>, minijinja::Error> {
        let nested = Nested(self);
        if self.nesting.fetch_add(1, Ordering::Relaxed) >= MAX_NESTING {
            return Err(fail("recursion limit exceeded"));
        }
        if self.spent.load(Ordering::Relaxed) / self.scale() > self.env.limits.steps {
            return Err(minijinja::Error::from(ErrorKind::OutOfFuel));
        }
        Ok(nested)
    }
}

/// Counts a render as under way while it lives.
struct Nested<'s>(&'s Shared);

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.0.nesting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The Jinja templates of a chart and its subcharts, ready to run.
pub struct Templates {
    plain: Ready,
    /// The same, lowered for renders that are recorded.
    recorded: OnceLock<Ready>,
}

/// Templates that minijinja has taken.
struct Ready {
    env: Environment<'static>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plain.shared.keys()).finish()
    }
}

impl Ready {
    fn new(mut env: Environment<'static>, shared: Shared) -> Ready {
        env.set_fuel(Some(shared.fuel()));
        Ready { env, shared: Arc::new(shared) }
    }
}

impl Templates {
    /// Parses the Jinja templates among the sources; the others are left aside.
    ///
    /// # Errors
    /// At the first template that is not Jinja, or uses a filter or test that does not exist.
    pub fn new(sources: &[Source], env: Arc<Env>) -> Result<Templates, Error> {
        let jinja = || sources.iter().filter(|s| s.language == Language::Jinja);
        let by_name: HashMap<Arc<str>, Arc<str>> =
            jinja().map(|s| (s.name.clone(), format!("{}.j2", s.name).into())).collect();
        let keys: std::collections::HashSet<&Arc<str>> = by_name.values().collect();
        let mut engine = engine::environment();
        let mut infos = HashMap::with_capacity(by_name.len());
        let mut left = lexer::MAX_TOKENS;
        for source in jinja() {
            let Some(key) = by_name.get(&source.name) else { continue };
            let info = compile(source, key, &mut left, &|full| keys.contains(&Arc::<str>::from(full)))?;
            engine
                .add_template_owned(key.to_string(), info.generated.clone())
                .map_err(|e| internal(&info, &e))?;
            infos.insert(key.clone(), info);
        }
        let shared = Shared::new(env, infos, by_name, false);
        Ok(Templates { plain: Ready::new(engine, shared), recorded: OnceLock::new() })
    }

    /// The templates as they are lowered for renders that are recorded. One that minijinja does not take like
    /// that stays as it is, and is not recorded.
    fn recorded(&self) -> &Ready {
        self.recorded.get_or_init(|| {
            let plain = &self.plain.shared;
            let mut engine = record::environment();
            let mut infos = HashMap::with_capacity(plain.infos.len());
            for (key, info) in &plain.infos {
                let exists = |full: &str| plain.info(full).is_some();
                let whole = Some(info.file.clone());
                let noted = prepare(info.place(), &mut lexer::MAX_TOKENS.clone(), &exists, Some(whole)).ok();
                let taken = noted.filter(|noted| {
                    engine.add_template_owned(key.to_string(), noted.generated.clone()).is_ok()
                });
                let info = match taken {
                    Some(noted) => noted,
                    None => {
                        let _ = engine.add_template_owned(key.to_string(), info.generated.clone());
                        info.clone()
                    }
                };
                infos.insert(key.clone(), info);
            }
            Ready::new(engine, Shared::new(plain.env.clone(), infos, plain.by_name.clone(), true))
        })
    }

    /// Says whom `include` asks for names that no Jinja file has.
    pub fn connect(&self, peer: Weak<dyn Peer>) {
        *self.plain.shared.peer.write() = Some(peer);
    }

    /// Forgets what the renders so far have used up, so that another one may begin.
    pub fn reset(&self) {
        for ready in std::iter::once(&self.plain).chain(self.recorded.get()) {
            ready.shared.spent.store(0, Ordering::Relaxed);
            ready.shared.nesting.store(0, Ordering::Relaxed);
        }
    }

    /// Whether there is a template of this name (as in [`Source::name`]).
    pub fn contains(&self, name: &str) -> bool {
        self.plain.shared.by_name.contains_key(name)
    }

    /// Renders the template of this name (as in [`Source::name`]) with `dot` as its context: `Values`, `Release`
    /// and the rest. `peer` is asked for names that `include` does not find among Jinja's.
    ///
    /// # Errors
    /// When there is no such template, or it fails.
    pub fn render(&self, name: &str, dot: &Map, peer: Option<Arc<dyn Peer>>) -> Result<Str, Error> {
        if trace::is_on() {
            self.record(name, dot, peer, false)
        } else {
            self.run(&self.plain, name, dot, peer)
        }
    }

    fn record(&self, name: &str, dot: &Map, peer: Option<Arc<dyn Peer>>, apart: bool) -> Result<Str, Error> {
        let ready = self.recorded();
        let units = ready.shared.infos.values().filter_map(|info| info.unit.clone());
        let place = ready.shared.by_name.get(name).and_then(|key| ready.shared.info(key));
        let place = place.map(|info| (&info.file, Str::from(info.text.clone())));
        record::file(units, place, apart, || self.run(ready, name, dot, peer))
    }

    fn run(&self, ready: &Ready, name: &str, dot: &Map, peer: Option<Arc<dyn Peer>>) -> Result<Str, Error> {
        let shared = &ready.shared;
        let Some(key) = shared.by_name.get(name) else {
            return Err(Error::new(format!("there is no Jinja template {name:?}")));
        };
        let peer = peer.or_else(|| self.plain.shared.peer.read().as_ref().and_then(Weak::upgrade));
        let root = Arc::new(Root { dot: dot.clone(), shared: shared.clone(), peer });
        shared.env.enter(name);
        let _ = convert::take_miss();
        match run(&ready.env, &root, key) {
            Ok((text, _)) => Ok(Str::from(text)),
            Err(error) => Err(errors::translate(shared, None, &error)),
        }
    }

    /// What Go's `include` of a Jinja file gives: nothing if there is none of the name.
    pub fn include(&self, name: &str, dot: &Value) -> Option<Result<Str, Error>> {
        if !self.contains(name) {
            return None;
        }
        Some(match dot {
            Value::Map(dot) if trace::is_on() => self.record(name, dot, None, true),
            Value::Map(dot) => self.render(name, dot, None),
            _ => Err(Error::new(format!("the Jinja template {name:?} wants a map as its context"))),
        })
    }
}

impl Peer for Templates {
    fn include(&self, name: &str, dot: &Value) -> Option<Result<Str, Error>> {
        Templates::include(self, name, dot)
    }
}

/// Line breaks as Jinja has them: all `\n`.
fn normalized(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}

fn compile(
    source: &Source,
    key: &Arc<str>,
    left: &mut usize,
    exists: &dyn Fn(&str) -> bool,
) -> Result<Info, Error> {
    let text: Arc<str> = match (source.text.as_str(), normalized(source.text.to_text())) {
        (Some(_), Cow::Borrowed(_)) => source.text.to_arc(),
        (_, text) => text.as_ref().into(),
    };
    let place = Stands { key: key.clone(), file: source.file.clone(), text, base: source.base_path.clone() };
    prepare(place, left, exists, None)
}

/// A template's text, and where it stands.
struct Stands {
    key: Arc<str>,
    file: Arc<str>,
    text: Arc<str>,
    base: Arc<str>,
}

/// Parses and lowers a template. With `recorded` its renders are recorded, as those of a file or of a text that
/// is none.
fn prepare(
    stands: Stands,
    left: &mut usize,
    exists: &dyn Fn(&str) -> bool,
    recorded: Option<Option<Arc<str>>>,
) -> Result<Info, Error> {
    let Stands { key, file, text, base } = stands;
    let resolve = |name: &str| names::candidates(&base, name).into_iter().find(|full| exists(full));
    let id = recorded.is_some().then(record::new_id);
    let lowered = parser::parse(&text, left)
        .and_then(|body| lower::lower(&body, &base, &resolve, id))
        .map_err(|e| errors::syntax(&file, &text, e))?;
    let lower::Lowered { source: generated, segments, names, nodes } = lowered;
    let unit = id.zip(recorded).map(|(id, file)| {
        let name = key.strip_prefix(&*base).and_then(|name| name.strip_prefix('/')).unwrap_or(&key);
        Arc::new(Unit { id, key: key.clone(), name: name.into(), file, text: text.clone().into(), nodes })
    });
    Ok(Info { key, file, text, base, generated, segments, names, unit })
}

/// minijinja did not take the generated source: the template is beyond its limits.
fn internal(info: &Info, error: &minijinja::Error) -> Error {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    Error::new(format!("{}: the template cannot be run: {detail}", info.file))
}

/// Runs a template of the environment; gives its output and the steps it took.
fn run(env: &Environment<'_>, root: &Arc<Root>, key: &str) -> Result<(String, u64), minijinja::Error> {
    let _nested = root.shared.enter()?;
    let template = env.get_template(key)?;
    let compiled = machinery::get_compiled_template(&template);
    let mut text = String::with_capacity(compiled.buffer_size_hint.min(1 << 20));
    let mut out = machinery::make_string_output(&mut text);
    let context = Jinja::from_dyn_object(root.clone());
    let (_, state) =
        machinery::eval(env, &compiled.instructions, context, &compiled.blocks, &mut out, AutoEscape::None)?;
    let steps = state.fuel_levels().map_or(0, |(consumed, _)| consumed);
    drop(state);
    root.shared.spent.fetch_add(steps, Ordering::Relaxed);
    Ok((text, steps))
}

/// A context from JSON, for trying templates: unlike values of a chart, whole numbers written with a point
/// (`1.0`) stay floats.
///
/// # Errors
/// When the text is not a JSON object.
pub fn context_from_json(text: &str) -> Result<Map, Error> {
    let parsed: serde_json::Value =
        serde_json::from_str(text).map_err(|e| Error::new(format!("the context is not JSON: {e}")))?;
    match from_json(parsed) {
        Value::Map(map) => Ok(map),
        _ => Err(Error::new("the context is not a JSON object")),
    }
}

fn from_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Value::int(n),
            (None, Some(f)) => convert::store(&Jinja::from(f)),
            (None, None) => Value::Null,
        },
        serde_json::Value::String(s) => Value::from(s),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => {
            Value::Map(entries.into_iter().map(|(k, v)| (k, from_json(v))).collect())
        }
    }
}
