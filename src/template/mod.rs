//! The two template languages behind one small interface.

pub mod go;
pub mod jinja;
pub mod objects;

use std::sync::Arc;

use crate::diagnostic::Error;
use crate::value::{Str, Value};

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
    fn include(&self, name: &str, dot: &Value) -> Option<Result<Str, Error>>;
}
