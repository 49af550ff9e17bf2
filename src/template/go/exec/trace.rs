//! How an error came about, for the reader: places, calls and near misses. Nothing here is on a good way.

use super::{Frame, Machine};
use crate::diagnostic::{self, Hint, Place, nearest};
use crate::template::go::ast::{At, Expr, Span};
use crate::template::go::failure::Failure;
use crate::template::go::operand::Operand;
use crate::value::print::sprint_value;
use crate::value::{Str, Value};

/// So many calls of the way to an error are told; the message itself has them all.
const MAX_FRAMES: usize = 50;

impl Machine<'_> {
    /// An error at the frame's current node.
    #[cold]
    pub(super) fn fail(&self, f: &Frame<'_>, message: String) -> Failure {
        let at = f.at.get();
        Failure::exec(location(f, at), &f.tree.name.to_text(), at.show(f.unit), message).at(|| place(f, at))
    }

    /// Wraps what a function or method gave as its error.
    #[cold]
    pub(super) fn calling<'u>(&self, f: &Frame<'u>, at: At<'u>, name: &str, failure: Failure) -> Failure {
        f.at.set(at);
        failure
            .within(
                location(f, at),
                &f.tree.name.to_text(),
                at.show(f.unit),
                format!("error calling {name}: "),
            )
            .at(|| place(f, at))
    }

    /// Adds the call at the current node to the trace of an error from inside.
    #[cold]
    pub(super) fn step_out(&self, f: &Frame<'_>, failure: Failure, what: impl FnOnce() -> String) -> Failure {
        self.step_out_at(f, f.at.get(), failure, what)
    }

    /// The same, for a call at this node.
    #[cold]
    pub(super) fn step_out_at<'u>(
        &self,
        f: &Frame<'u>,
        at: At<'u>,
        failure: Failure,
        what: impl FnOnce() -> String,
    ) -> Failure {
        if failure.depth() >= MAX_FRAMES || !failure.has_place() {
            return failure;
        }
        failure.frame(diagnostic::Frame { what: what(), place: place(f, at) })
    }

    /// A value as Go's `%v` shows it.
    #[cold]
    pub(super) fn show(&self, value: &Value) -> Str {
        sprint_value(&self.templates.env.limits, value).unwrap_or_else(|e| e.to_string().into())
    }

    /// A defined name that is near this one.
    #[cold]
    pub(super) fn nearest_template(&self, name: &Str) -> Option<String> {
        let names = self.templates.names();
        let near = nearest(name.as_str()?, names.iter().filter_map(|n| n.as_str()))?;
        Some(format!("did you mean \"{near}\"?"))
    }

    /// Why field `index` of a chain could not be read: which parent isn't set, and what may have been meant.
    #[cold]
    pub(super) fn explain(
        &self,
        f: &Frame<'_>,
        receiver: &Operand,
        word: &Expr,
        spans: &[Span],
        index: usize,
    ) -> Option<Hint> {
        let start = match word {
            Expr::Variable { name, .. } => String::from_utf8_lossy(f.unit.slice(*name)).into_owned(),
            Expr::Field { .. } => String::new(),
            _ => "(…)".to_string(),
        };
        let mut path = start;
        let mut parent = None;
        let mut value = receiver.value.clone();
        for &span in spans.get(..index)? {
            let name = f.unit.slice(span);
            let Value::Map(map) = &value else { return None };
            let next = map.get(name).unwrap_or_default();
            parent = Some((map.clone(), path.clone(), span));
            path = format!("{path}.{}", String::from_utf8_lossy(name));
            value = next;
        }
        match value {
            Value::Null => {
                let (map, before, span) = parent?;
                let name = std::str::from_utf8(f.unit.slice(span)).ok()?;
                if map.contains_key(name) {
                    return Some(format!("`{path}` is null").into());
                }
                let keys = map.keys();
                let near = nearest(name, keys.iter().filter_map(|k| k.as_str()));
                Some(match near {
                    Some(near) => {
                        let meant = format!("{before}.{near}");
                        Hint::meant(format!("`{path}` is not set; did you mean `{meant}`?"), &meant)
                    }
                    None => format!("`{path}` is not set").into(),
                })
            }
            Value::Map(_) | Value::Object(_) | Value::TypedNil(_) => None,
            other => Some(format!("`{path}` is a {}, which has no fields", plain_name(&other)).into()),
        }
    }
}

/// What a value is, in the words of YAML.
fn plain_name(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Float(_) => "number",
        Value::List(_) => "list",
        _ => "string",
    }
}

/// Name, line and column of a node, as Go gives them: the column counts bytes from 0.
fn location(f: &Frame<'_>, at: At<'_>) -> String {
    let text = f.unit.text.as_bytes();
    let pos = (at.pos() as usize).min(text.len());
    let before = &text[..pos];
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let column = pos - memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    format!("{}:{line}:{column}", f.unit.name)
}

/// The node in its file, or in the text of a `tpl`, which is in no file.
fn place(f: &Frame<'_>, at: At<'_>) -> Place {
    let file = f.unit.file.clone().unwrap_or_else(|| TPL_TEXT.into());
    Place::of_range(file, &f.unit.text.to_arc(), at.range(f.unit))
}

/// Where the parser stood in the text of a `tpl`.
#[cold]
pub(super) fn place_in_tpl(text: &Str, pos: usize) -> Place {
    Place::of_range(TPL_TEXT, &text.to_arc(), pos..pos)
}

/// What stands for the file of a text given to `tpl`.
const TPL_TEXT: &str = "text of tpl";
