//! Go's text/template with Helm's additions: text → [`lexer`] → [`parser`] → [`ast`] → [`exec`].
//!
//! Follows text/template of Go 1.26 and `helm pkg/engine/engine.go`, errors included. Where Helm copies the
//! whole set of templates for each `tpl`, a `tpl` here adds a layer of definitions that lasts as long as it runs.

mod ast;
mod exec;
mod failure;
mod lexer;
pub(crate) mod mentions;
mod number;
mod operand;
mod parser;

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memmem;
use parking_lot::Mutex;

use self::ast::Unit;
use self::exec::Machine;
use self::parser::ParseError;
use super::{Peer, Source};
use crate::diagnostic::{Error, Place};
use crate::functions::Env;
use crate::trace;
use crate::value::{Map, MapType, Str, Value};

/// The name of Helm's empty root template, which texts given to `tpl` are called by.
const ROOT_NAME: &str = "gotpl";

/// What text/template writes for a value that isn't there, and Helm takes out again.
const NO_VALUE: &[u8] = b"<no value>";

/// So many bytes of `tpl` texts are kept in parsed form, which is some 40 times as large at worst.
const TPL_CACHE_BYTES: usize = 2 << 20;

/// The bytes of stack that templates may use. Renders run on a thread with a stack larger than this.
const STACK_BYTES: usize = 256 << 20;

/// The Go templates of a chart and its subcharts, parsed, with the state of one render.
pub struct Templates {
    env: Arc<Env>,
    definitions: HashMap<Str, Definition>,
    /// Texts given to `tpl`, parsed.
    texts: Mutex<TplCache>,
    counters: Mutex<Counters>,
}

#[derive(Default)]
struct TplCache {
    units: HashMap<Str, Arc<Unit>>,
    bytes: usize,
}

/// A template in its parsed text.
#[derive(Clone)]
struct Definition {
    unit: Arc<Unit>,
    tree: usize,
}

impl Definition {
    fn of(unit: &Arc<Unit>, name: &Str) -> Option<Definition> {
        unit.index.get(name).map(|&tree| Definition { unit: unit.clone(), tree })
    }

    fn is_empty(&self) -> bool {
        self.unit.trees.get(self.tree).is_none_or(|tree| tree.empty)
    }
}

/// What a render has used up so far of its limits.
#[derive(Clone, Debug, Default)]
struct Counters {
    steps: u64,
    written: usize,
    /// Templates within templates.
    depth: usize,
    /// An address near the bottom of the stack, where the render began.
    stack_start: usize,
}

impl Counters {
    /// Whether most of the stack is used up. Measured by addresses of local variables, so it holds for any
    /// build and any nesting.
    #[inline]
    fn stack_is_low(&self) -> bool {
        let here = 0u8;
        self.stack_start.abs_diff(std::ptr::from_ref(&here) as usize) > STACK_BYTES
    }
}

impl Templates {
    /// Parses the Go templates among the sources, which are in Helm's order of parsing: deepest first, then
    /// from z to a. A later definition replaces an earlier one of the same name, unless it is empty.
    ///
    /// # Errors
    /// If one is no template: in Helm's words, with the place.
    pub fn parse(sources: &[Source], env: Arc<Env>) -> Result<Templates, Error> {
        let mut left = parser::MAX_PARTS;
        let units = sources.iter().filter(|s| s.language == super::Language::Go).map(|source| {
            parser::parse(&source.name, Some(source.file.clone()), source.text.clone(), &mut left)
                .map(Arc::new)
                .map_err(|e| parse_error(source, &e))
        });
        let units: Vec<Arc<Unit>> = units.collect::<Result<_, _>>()?;
        let count = units.iter().map(|unit| unit.trees.len()).sum();
        let mut definitions: HashMap<Str, Definition> = HashMap::with_capacity(count);
        for unit in units {
            for (tree, parsed) in unit.trees.iter().enumerate() {
                if parsed.empty && definitions.contains_key(&parsed.name) {
                    continue;
                }
                definitions.insert(parsed.name.clone(), Definition { unit: unit.clone(), tree });
            }
        }
        Ok(Templates { env, definitions, texts: Mutex::default(), counters: Mutex::default() })
    }

    /// Renders a file with `dot` as its context, without the `<no value>`s that Helm takes out.
    ///
    /// # Errors
    /// If it fails: in Helm's words, with the place and the calls that led to it.
    pub fn render(&self, name: &str, dot: &Map, peer: Option<&dyn Peer>) -> Result<Str, Error> {
        let Some(definition) = self.definition(name.as_bytes()) else {
            return Err(Error::new(format!(
                "template: no template {} associated with template \"{ROOT_NAME}\"",
                crate::value::print::quote(name.as_bytes())
            )));
        };
        self.env.enter(name);
        let out = Machine::new(self, peer)
            .run(&definition, Value::Map(dot.viewed_as(MapType::Values)))
            .map_err(|failure| failure.into_error(name))?;
        let text = Str::from(out);
        let shown = remove_no_value(text.clone());
        if trace::is_on() {
            trace::with(|r| r.cleaned(&text, &shown));
        }
        Ok(shown)
    }

    /// Runs a template of any name with any context, as `include` does: for the other language. `None` if
    /// there is none of the name.
    pub fn include(&self, name: &str, dot: &Value, peer: Option<&dyn Peer>) -> Option<Result<Str, Error>> {
        let definition = self.definition(name.as_bytes())?;
        trace::with(|r| r.begin());
        let result = Machine::new(self, peer)
            .run(&definition, dot.clone())
            .map(Str::from)
            .map_err(|failure| failure.into_raw_error());
        trace::with(|r| r.end(result.as_ref().ok()));
        Some(result)
    }

    /// Forgets what the renders so far have used up, so that another one may begin.
    pub fn reset(&self) {
        *self.counters.lock() = Counters::default();
    }

    fn definition(&self, name: &[u8]) -> Option<Definition> {
        self.definitions.get(name).cloned()
    }

    /// All names that are defined.
    fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.definitions.keys().cloned().collect();
        names.sort();
        names
    }

    /// The parsed form of a text given to `tpl`, if it was parsed before.
    fn parsed_tpl(&self, text: &Str) -> Option<Arc<Unit>> {
        self.texts.lock().units.get(text).cloned()
    }

    /// Parses a text given to `tpl`, and keeps it.
    fn parse_tpl(&self, text: &Str) -> Result<Arc<Unit>, Box<ParseError>> {
        let unit = Arc::new(parser::parse(
            &ROOT_NAME.into(),
            None,
            text.clone(),
            &mut parser::MAX_TPL_PARTS.clone(),
        )?);
        let mut texts = self.texts.lock();
        if texts.bytes + text.len() > TPL_CACHE_BYTES {
            *texts = TplCache::default();
        }
        texts.bytes += text.len();
        texts.units.insert(text.clone(), unit.clone());
        Ok(unit)
    }

    fn take_counters(&self) -> Counters {
        let mut counters = self.counters.lock().clone();
        if counters.depth == 0 {
            let here = 0u8;
            counters.stack_start = std::ptr::from_ref(&here) as usize;
        }
        counters
    }

    fn put_counters(&self, counters: &Counters) {
        *self.counters.lock() = counters.clone();
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("definitions", &self.definitions.len()).finish_non_exhaustive()
    }
}

/// Takes every `<no value>` out, wherever it comes from.
fn remove_no_value(text: Str) -> Str {
    let bytes = text.as_bytes();
    let finder = memmem::Finder::new(NO_VALUE);
    let Some(first) = finder.find(bytes) else { return text };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut rest = &bytes[first + NO_VALUE.len()..];
    while let Some(at) = finder.find(rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + NO_VALUE.len()..];
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Helm's wording of a parse error (`cleanupParseError`): the place, and what follows the last `: `.
fn parse_error(source: &Source, e: &ParseError) -> Error {
    let words = format!("template: {}:{}: {}", source.name, e.line, e.message);
    let location = words.split(": ").nth(1).unwrap_or_default();
    let last = words.rsplit(": ").next().unwrap_or_default();
    let mut error = Error::new(format!("parse error at ({location}): {last}"));
    error = error.at(Place::of_range(source.file.clone(), &source.text.to_arc(), e.pos..e.pos));
    match &e.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests;
