//! minijinja's errors to Torii's: the place in the real file, the way there, plain words, a hint.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use minijinja::{Error, ErrorKind};

use super::ast::Span;
use super::convert::{Miss, take_miss};
use super::lexer::SyntaxError;
use super::lower::Segment;
use super::{Info, Shared, library};
use crate::diagnostic::{self, Frame, Hint, Place, nearest};
use crate::functions::FunctionError;

/// Advice that travels with an error of minijinja's.
#[derive(Debug)]
struct Advice(String);

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Advice {}

/// Adds advice to an error that has no cause of its own.
pub(super) fn with_hint(error: Error, hint: String) -> Error {
    error.with_source(Advice(hint))
}

/// The error of a function of the shared library.
pub(super) fn from_function(name: &str, error: FunctionError) -> Error {
    let message = if error.message.starts_with(name) || matches!(name, "fail" | "required") {
        error.message
    } else {
        format!("{name}: {}", error.message)
    };
    let made = super::fail(message);
    match error.hint {
        Some(hint) => with_hint(made, hint),
        None => made,
    }
}

/// An error that is Torii's already, on its way through minijinja.
pub(super) fn wrap(error: diagnostic::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, "within another template").with_source(error)
}

/// A syntax error of a template.
pub(super) fn syntax(file: &Arc<str>, text: &Arc<str>, error: SyntaxError) -> diagnostic::Error {
    let place = Place::of_range(file.clone(), text, error.span);
    let made = diagnostic::Error::new(format!("{place}: {}", error.message)).at(place);
    match error.hint {
        Some(hint) => made.hint(hint),
        None => made,
    }
}

/// One error of a chain: in which template, and which piece of its generated source.
struct Link<'e> {
    error: &'e Error,
    place: Option<(&'e Info, Span)>,
}

fn link<'e>(shared: &'e Shared, local: Option<&'e Info>, error: &'e Error) -> Link<'e> {
    let info = error.name().and_then(|name| match local {
        Some(local) if &*local.key == name => Some(local),
        _ => shared.info(name),
    });
    let place = info.map(|info| (info, original(info, error)));
    Link { error, place }
}

/// The place in the text that an error in the generated source stands for.
fn original(info: &Info, error: &Error) -> Span {
    let Some(range) = error.range().or_else(|| required_block(info, error)) else {
        let line = error.line().unwrap_or(1);
        let start = info.generated_lines().nth(line.saturating_sub(1)).unwrap_or(0);
        return segment(info, start..start + 1);
    };
    segment(info, range)
}

/// Where the block stands that an error is about which has no place: nothing fills it.
fn required_block(info: &Info, error: &Error) -> Option<Span> {
    let name = error.detail()?.strip_prefix("Required block '")?.strip_suffix("' not found")?;
    let tag = format!("{{% block {name} required %}}");
    let start = info.generated.find(&tag)?;
    Some(start..start + tag.len())
}

/// The smallest piece that holds a range of the generated source, or else the one that begins last before it.
fn segment(info: &Info, range: Span) -> Span {
    let size = |s: &&Segment| s.generated.len();
    let holds = |s: &&Segment| s.generated.start <= range.start && range.end <= s.generated.end;
    let starts = |s: &&Segment| s.generated.contains(&range.start);
    let before = |s: &&Segment| s.generated.start <= range.start;
    let pieces = || info.segments.iter();
    pieces()
        .filter(holds)
        .min_by_key(size)
        .or_else(|| pieces().filter(starts).min_by_key(size))
        .or_else(|| pieces().filter(before).max_by_key(|s| s.generated.start))
        .map_or(0..0, |s| s.original.clone())
}

/// Translates an error of a render. `local` is a template that is not in the environment: a text of `tpl`.
pub(super) fn translate(shared: &Shared, local: Option<&Info>, error: &Error) -> diagnostic::Error {
    let miss = take_miss();
    let mut links = vec![link(shared, local, error)];
    let mut hint = None;
    let mut adopted = None;
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(inner) = cause.downcast_ref::<Error>() {
            links.push(link(shared, local, inner));
        } else if let Some(advice) = cause.downcast_ref::<Advice>() {
            hint = Some(advice.0.clone());
        } else if let Some(own) = cause.downcast_ref::<diagnostic::Error>() {
            adopted = Some(own.clone());
        }
        source = cause.source();
    }
    let innermost = links.len() - 1;
    let mut made = match adopted {
        Some(own) => own,
        None => leaf(&links, miss.as_ref(), hint),
    };
    // The innermost place is the error's own, unless it came from a template of its own.
    let own_place = made.diagnostic().place.clone();
    for (i, link) in links.iter().enumerate().rev() {
        let Some((info, span)) = &link.place else { continue };
        let place = Place::of_range(info.file.clone(), &info.text, span.clone());
        if Some(&place) == own_place.as_ref() && i == innermost {
            continue;
        }
        let what = info.text.get(span.clone()).unwrap_or_default();
        let what = what.lines().next().unwrap_or_default().trim();
        let what: String = what.chars().take(60).collect();
        if made.diagnostic().trace.last().is_none_or(|f| f.place != place) {
            made = made.frame(Frame { what, place });
        }
    }
    made
}

/// The error itself: the innermost of the chain.
fn leaf(links: &[Link], miss: Option<&Miss>, hint: Option<String>) -> diagnostic::Error {
    let Some(last) = links.last() else { return diagnostic::Error::new("the template failed") };
    let at = links.iter().rev().find_map(|l| l.place.as_ref());
    let text = at.and_then(|(info, span)| info.text.get(span.clone())).unwrap_or_default();
    let names = at.map(|(info, _)| info.names.as_slice()).unwrap_or_default();
    let (message, found) = words(last.error, text, names, miss);
    let place = at.map(|(info, span)| Place::of_range(info.file.clone(), &info.text, span.clone()));
    let mut made = match place {
        Some(place) => diagnostic::Error::new(format!("{place}: {message}")).at(place),
        None => diagnostic::Error::new(message),
    };
    if let Some(hint) = hint.map(Hint::from).or(found) {
        made = made.hint(hint);
    }
    made
}

fn words(error: &Error, text: &str, names: &[String], miss: Option<&Miss>) -> (String, Option<Hint>) {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => not_set(text, names, miss),
        ErrorKind::UnknownFunction => {
            let name = detail.strip_suffix(" is unknown").unwrap_or(detail);
            let candidates = library_names().chain(names.iter().map(String::as_str));
            let near = nearest(name, candidates.filter(|c| *c != name));
            (format!("`{name}` is not a function, nor a macro that is known here"), near.map(did_you_mean))
        }
        ErrorKind::InvalidOperation if detail.starts_with("value of type undefined is not callable") => {
            not_set(text.split('(').next().unwrap_or(text), names, miss)
        }
        ErrorKind::InvalidOperation if detail == "recursion limit exceeded" => (
            "templates and macros call each other too deep".to_string(),
            Some("does one of them include or call itself without an end?".into()),
        ),
        ErrorKind::CannotUnpack => (
            detail.replace("sequence of wrong length (expected", "the values don't fit the names (expected"),
            Some("the keys and values of a mapping are walked by `.items()`".into()),
        ),
        ErrorKind::OutOfFuel => (
            "the template takes too many steps or makes too much output".to_string(),
            Some(
                "is there a loop over far too many items? --limit steps=NUMBER and --limit output-bytes=NUMBER \
                 allow more"
                    .into(),
            ),
        ),
        kind if detail.is_empty() => (kind.to_string(), None),
        _ => (detail.to_string(), None),
    }
}

fn library_names<'n>() -> impl Iterator<Item = &'n str> {
    library::function_names()
        .map(|name| -> &'n str { name })
        .chain(super::globals::GLOBALS.iter().map(|(name, _)| *name))
}

fn did_you_mean(name: &str) -> Hint {
    Hint::meant(format!("did you mean `{name}`?"), name)
}

/// Words for an undefined value: which one it is, and what it may have been meant to be.
fn not_set(text: &str, names: &[String], miss: Option<&Miss>) -> (String, Option<Hint>) {
    let found = miss.and_then(|miss| path_to(text, &miss.key).map(|path| (path, miss)));
    if let Some((path, miss)) = found {
        let keys = miss.map.keys();
        let keys: Vec<&str> = keys.iter().filter_map(|k| k.as_str()).collect();
        let bare = path == miss.key;
        let (head, tail) = path.rsplit_once(&*miss.key).unwrap_or(("", ""));
        let candidates = keys.into_iter().chain(names.iter().map(String::as_str).filter(|_| bare));
        let near = nearest(&miss.key, candidates.filter(|c| *c != miss.key));
        return (
            format!("`{path}` is not set"),
            near.map(|near| did_you_mean(&format!("{head}{near}{tail}"))),
        );
    }
    let text = text.trim();
    let simple = !text.is_empty() && text.len() <= 80 && !text.contains(char::is_whitespace);
    if simple && !text.contains('|') {
        let near =
            nearest(text, names.iter().map(String::as_str).chain(library_names()).filter(|c| *c != text));
        return (format!("`{text}` is not set"), near.map(did_you_mean));
    }
    let no_else = text.contains(" if ") && !text.contains(" else ");
    let hint = no_else.then(|| "an inline `if` without `else` gives nothing: add `else \"\"`".into());
    let first: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
    if first.is_empty() {
        return ("a value that is not set is used".to_string(), hint);
    }
    (format!("`{first}` uses a value that is not set"), hint)
}

/// The path in the text that ends with a key: of `x: Values.servce.port` and `servce`, `Values.servce`.
fn path_to<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    if key.is_empty() {
        return None;
    }
    let word = |c: char| c == '_' || c.is_alphanumeric();
    for (at, _) in text.match_indices(key) {
        let before = text.get(..at)?;
        let after = text.get(at + key.len()..)?;
        if before.ends_with(word) || after.starts_with(word) {
            continue;
        }
        let quoted = before.ends_with(['"', '\'']);
        if quoted && !before.trim_end_matches(['"', '\'']).ends_with('[') {
            continue;
        }
        let start = before
            .rfind(|c: char| !(word(c) || matches!(c, '.' | '[' | ']' | '"' | '\'')))
            .map_or(0, |i| i + before.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
        let closing = if quoted && after.get(1..).is_some_and(|a| a.starts_with(']')) { 2 } else { 0 };
        return text.get(start..at + key.len() + closing);
    }
    None
}
