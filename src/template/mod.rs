//! The two template languages behind one small interface.

pub mod go;
pub mod jinja;
pub mod mentions;
pub mod objects;

use std::sync::Arc;

use crate::diagnostic::{Error, Result};
use crate::functions::Env;
use crate::trace;
use crate::value::{Map, MapType, Str, Value};

/// Which language a template is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Go's text/template, as in Helm.
    Go,
    /// Jinja.
    Jinja,
}

/// A template of a chart, before it is parsed.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name Helm gives it: the path from the root chart on, `.j2` stripped (`gateway/templates/hpa.yaml`).
    pub name: Arc<str>,
    /// The path of the real file, as the user would name it: for errors.
    pub file: Arc<str>,
    /// The name of its chart's `templates` folder (`gateway/charts/sub/templates`), which Jinja's imports are
    /// relative to. Helm calls it `.Template.BasePath`.
    pub base_path: Arc<str>,
    /// The text.
    pub text: Str,
    /// The language.
    pub language: Language,
}

/// What one language asks of the other in a mixed chart.
pub trait Peer: Send + Sync {
    /// Runs the template of this name with `dot` as its context; `None` if this language has none of the name.
    fn include(&self, name: &str, dot: &Value) -> Option<Result<Str>>;
}

/// The templates of a chart in both languages, parsed, with the state of one render.
pub struct Engine {
    go: Arc<GoSide>,
    /// Only if the chart has any: setting up minijinja costs more than a small chart of Go templates.
    jinja: Option<Arc<jinja::Templates>>,
    env: Arc<Env>,
}

/// The Go templates as Jinja sees them.
struct GoSide {
    templates: go::Templates,
    jinja: Option<Arc<jinja::Templates>>,
}

impl GoSide {
    fn peer(&self) -> Option<&dyn Peer> {
        self.jinja.as_deref().map(|jinja| jinja as &dyn Peer)
    }
}

impl Peer for GoSide {
    fn include(&self, name: &str, dot: &Value) -> Option<Result<Str>> {
        self.templates.include(name, dot, self.peer())
    }
}

impl Engine {
    /// Parses templates, which stand in Helm's order: of two definitions of the same name the later one is used.
    ///
    /// # Errors
    /// At the first template that can't be parsed.
    pub fn parse(sources: &[Source], env: Arc<Env>) -> Result<Engine> {
        let jinja = if sources.iter().any(|source| source.language == Language::Jinja) {
            Some(Arc::new(jinja::Templates::new(sources, env.clone())?))
        } else {
            None
        };
        let go =
            Arc::new(GoSide { templates: go::Templates::parse(sources, env.clone())?, jinja: jinja.clone() });
        if let Some(jinja) = &jinja {
            let go: Arc<dyn Peer> = go.clone();
            jinja.connect(Arc::downgrade(&go));
        }
        Ok(Engine { go, jinja, env })
    }

    /// Forgets what the renders so far have used up, counted and warned of: the next one has the whole of the
    /// limits, and random functions repeat. What was parsed stays.
    pub fn reset(&self) {
        self.env.reset();
        self.go.templates.reset();
        if let Some(jinja) = &self.jinja {
            jinja.reset();
        }
    }

    /// Runs a template. `root` is what it sees as its dot or its globals; `Template` is set in it.
    ///
    /// # Errors
    /// When the template fails.
    pub fn render(&self, source: &Source, root: &Map) -> Result<Str> {
        let template = Map::new(MapType::Values);
        template.insert("Name", Value::from(&*source.name));
        template.insert("BasePath", Value::from(&*source.base_path));
        root.insert("Template", Value::Map(template));
        let outer = trace::with(|r| {
            r.begin();
            r.enter(trace::Kind::File(source.name.clone().into()), None)
        });
        let text = match (source.language, &self.jinja) {
            (Language::Jinja, Some(jinja)) => jinja.render(&source.name, root, None),
            _ => self.go.templates.render(&source.name, root, self.go.peer()),
        };
        if let Some(outer) = outer {
            trace::with(|r| {
                r.leave(outer);
                r.file(source.name.clone(), text.clone().unwrap_or_default());
            });
        }
        match self.env.broken_promise() {
            Some(why) if text.is_ok() => Err(Error::new(why)),
            _ => text,
        }
    }
}
