//! The two template languages behind one small interface.

pub mod go;
pub mod jinja;
pub mod objects;

use std::sync::Arc;

use crate::diagnostic::{Error, Result};
use crate::functions::Env;
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

/// The templates of a chart in both languages, parsed.
pub struct Engine {
    go: go::Templates,
}

impl Engine {
    /// Parses templates, which stand in Helm's order: of two definitions of the same name the later one is used.
    ///
    /// # Errors
    /// At the first template that can't be parsed.
    pub fn parse(sources: &[Source], env: Arc<Env>) -> Result<Engine> {
        Ok(Engine { go: go::Templates::parse(sources, env)? })
    }

    /// Runs a template. `root` is what it sees as its dot or its globals; `Template` is added to it.
    ///
    /// # Errors
    /// When the template fails.
    pub fn render(&self, source: &Source, root: &Map) -> Result<Str> {
        let template = Map::new(MapType::Values);
        template.insert("Name", Value::from(&*source.name));
        template.insert("BasePath", Value::from(&*source.base_path));
        root.insert("Template", Value::Map(template));
        match source.language {
            Language::Go => self.go.render(&source.name, root, None),
            Language::Jinja => Err(Error::new(format!("{}: Jinja can't be run yet", source.file))),
        }
    }
}
