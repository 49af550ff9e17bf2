//! A field of an object, as users name it, and the lines it takes.

use std::ops::Range;

use crate::diagnostic::{Error, Result, nearest};
use crate::value::{Str, Value};
use crate::yaml::{self, Step};

/// So many bytes of a field's name are read, and steps of it.
const MAX_BYTES: usize = 10_000;

/// A step as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// A key, that may be meant to go on behind the dot.
    Name(String),
    /// A key between quotes or from a JSON pointer: taken as it is.
    Quoted(String),
    /// What stood between brackets without quotes: an index, the name of an item, or `key=value`.
    Item(String),
}

/// Where a field is in an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// The way to it.
    pub steps: Vec<Step>,
    /// As it is shown: `spec.template.spec.containers[istio-proxy].image`.
    pub shown: String,
    /// Its value.
    pub value: Value,
}

impl Field {
    /// Finds the field that a text names: `spec.containers[istio-proxy].image`, `spec.ports[0]`,
    /// `metadata.labels["app.kubernetes.io/name"]` (the quotes may be left out), a JSON pointer
    /// (`/spec/replicas`), or a path as in kubectl's JSONPath (`{.spec.replicas}`, `$.spec.replicas`,
    /// `[?(@.name=="x")]`).
    ///
    /// # Errors
    /// When there is no such field: what is there instead, and what may have been meant.
    pub fn find(object: &Value, text: &str) -> Result<Field> {
        let words = parse(text)?;
        let mut field = Field { steps: Vec::new(), shown: String::new(), value: object.clone() };
        let mut rest = &words[..];
        while let Some((word, after)) = rest.split_first() {
            let taken = field.step(word, after).ok_or_else(|| field.missing(word, text))?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(field)
    }

    /// Goes one step further; gives how many words that took.
    fn step(&mut self, word: &Word, after: &[Word]) -> Option<usize> {
        match (&self.value.clone(), word) {
            (Value::Map(map), Word::Name(name)) => {
                // A key with dots in it may be written without quotes.
                let mut whole = name.clone();
                let mut candidates = vec![whole.clone()];
                for word in after {
                    let Word::Name(more) = word else { break };
                    whole = format!("{whole}.{more}");
                    candidates.push(whole.clone());
                }
                let there = |key: &String| map.contains_key(key);
                let (index, key) = candidates.into_iter().enumerate().rev().find(|(_, key)| there(key))?;
                self.enter_key(&key, map.get(&key)?);
                Some(index + 1)
            }
            (Value::Map(map), Word::Quoted(key) | Word::Item(key)) => {
                self.enter_key(key, map.get(key)?);
                Some(1)
            }
            (Value::List(list), word) => {
                let (Word::Name(text) | Word::Quoted(text) | Word::Item(text)) = word;
                let items = list.items();
                let by_field = |field: &str, wanted: &str| {
                    items.iter().position(|item| {
                        item.as_map().and_then(|map| map.get(field)).is_some_and(|v| plain(&v) == wanted)
                    })
                };
                let index = match text.split_once('=') {
                    Some((field, wanted)) => by_field(field, wanted)?,
                    None => match by_field("name", text) {
                        Some(index) => index,
                        None => text.parse().ok()?,
                    },
                };
                let item = items.get(index)?.clone();
                let name = item.as_map().and_then(|map| map.get("name")).filter(|v| v.as_str().is_some());
                let shown = name.map_or_else(|| index.to_string(), |name| plain(&name));
                self.shown.push_str(&format!("[{shown}]"));
                self.steps.push(Step::Index(index));
                self.value = item;
                Some(1)
            }
            _ => None,
        }
    }

    fn enter_key(&mut self, key: &str, value: Value) {
        if key.contains(['.', '[', ']']) {
            self.shown.push_str(&format!("[\"{key}\"]"));
        } else {
            if !self.shown.is_empty() {
                self.shown.push('.');
            }
            self.shown.push_str(key);
        }
        self.steps.push(Step::key(key));
        self.value = value;
    }

    fn missing(&self, word: &Word, text: &str) -> Error {
        let (Word::Name(name) | Word::Quoted(name) | Word::Item(name)) = word;
        let parent = if self.shown.is_empty() { "the object" } else { self.shown.as_str() };
        let error = Error::new(format!("no field {text}: {parent} has no {name:?}"));
        let known: Vec<String> = match &self.value {
            Value::Map(map) => map.keys().iter().map(Str::to_string).collect(),
            Value::List(list) => {
                let name = |(index, item): (usize, Value)| {
                    item.as_map().and_then(|map| map.get("name")).map_or(index.to_string(), |v| plain(&v))
                };
                list.items().into_iter().enumerate().map(name).collect()
            }
            _ => return error.hint(format!("{parent} is a single value")),
        };
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None if known.is_empty() => error.hint("it is empty"),
            None => {
                let more = if known.len() > 12 { ", …" } else { "" };
                let known = known.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
                error.hint(format!("it has {known}{more}"))
            }
        }
    }
}

/// A scalar as users type it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Int(n) => n.as_i128().to_string(),
        Value::Float(f) => crate::value::number::format_g(*f),
        Value::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

fn parse(text: &str) -> Result<Vec<Word>> {
    let wrong = |why: &str| {
        Err(Error::new(format!("cannot read the field {text:?}: {why}"))
            .hint("write it as in spec.containers[istio-proxy].image or /spec/containers/0/image"))
    };
    if text.len() > MAX_BYTES {
        return wrong("it is too long");
    }
    if text.starts_with('/') {
        let unescape = |part: &str| Word::Quoted(part.replace("~1", "/").replace("~0", "~"));
        return Ok(text.split('/').skip(1).map(unescape).collect());
    }
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let inner = inner.strip_prefix('$').unwrap_or(inner);
    let mut words = Vec::new();
    let mut rest = inner;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (word, left) = match quote {
                Some(quote) => {
                    let Some((key, left)) = after[1..].split_once(quote) else {
                        return wrong("a quote has no end");
                    };
                    (Word::Quoted(key.to_string()), left)
                }
                None => {
                    let end = if after.starts_with("?(") {
                        after.find(")]").map(|i| i + 1)
                    } else {
                        after.find(']')
                    };
                    let Some(end) = end else { return wrong("a bracket has no end") };
                    (Word::Item(item(&after[..end])), &after[end..])
                }
            };
            words.push(word);
            let Some(left) = left.strip_prefix(']') else { return wrong("a bracket has no end") };
            rest = left;
        } else {
            let end = name_end(rest);
            words.push(Word::Name(rest[..end].replace("\\.", ".")));
            rest = &rest[end..];
        }
    }
    if words.is_empty() { wrong("it is empty") } else { Ok(words) }
}

/// Where a name ends: at a dot without a backslash, or a bracket.
fn name_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if !escaped && matches!(c, '.' | '[') {
            return index;
        }
        escaped = c == '\\';
    }
    text.len()
}

/// What is between brackets, JSONPath's `?(@.name=="x")` as `name=x`.
fn item(text: &str) -> String {
    let filter = text.strip_prefix("?(@.").and_then(|t| t.strip_suffix(')'));
    match filter.and_then(|t| t.split_once("==")) {
        Some((field, value)) => {
            let value = value.trim().trim_matches(['"', '\'']);
            format!("{}={value}", field.trim())
        }
        None => text.to_string(),
    }
}

/// The lines (from 1) of a document that a field takes; all of it for no steps.
pub fn lines(document: &[u8], steps: &[Step]) -> Option<Range<usize>> {
    let texts: Vec<&[u8]> = document.split(|&b| b == b'\n').collect();
    if steps.is_empty() {
        return Some(1..texts.len() + 1);
    }
    let position = yaml::locate(document, steps)?;
    // What belongs to a key is indented more than it; the items of a list may stand below it.
    let (line, inner, is_key) = match position.key {
        Some(key) => (key.line, key.column, true),
        None => (position.value.line, position.value.column.saturating_sub(1), false),
    };
    let first = line.checked_sub(1)?;
    let mut end = first + 1;
    for (index, text) in texts.iter().enumerate().skip(first + 1) {
        let trimmed = text.trim_ascii_start();
        let indent = text.len() - trimmed.len();
        let is_item = is_key && indent + 1 == inner && trimmed.starts_with(b"- ");
        let is_own_line = position.value.line > line || is_key;
        match trimmed {
            [] => {}
            _ if indent >= inner || is_item && is_own_line => end = index + 1,
            [b'#', ..] => {}
            _ => break,
        }
    }
    // A value that begins further down is the field's in any case.
    let end = end.max(position.value.line);
    Some(line..end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
kind: Deployment
metadata:
  labels:
    app.kubernetes.io/name: x
    app: y
spec:
  containers:
  - name: one
    image: a

  - name: two
    args:
      - b
    text: |
      c

      d
  replicas: 2
";

    fn found(field: &str) -> String {
        let value = yaml::decode(TEXT.as_bytes()).unwrap();
        match Field::find(&value, field) {
            Ok(found) => {
                let lines = lines(TEXT.as_bytes(), &found.steps).unwrap();
                format!("{} {}-{}", found.shown, lines.start, lines.end - 1)
            }
            Err(error) => {
                let hint = error.diagnostic().hint.as_ref().map(|hint| hint.text.clone());
                format!("{}; {}", error.message(), hint.unwrap_or_default())
            }
        }
    }

    #[test]
    fn a_field_is_named_in_many_ways() {
        for way in [
            "spec.containers[two].image",
            "spec.containers[1].args",
            "spec.containers[name=two].args",
            "/spec/containers/1/args",
            "{.spec.containers[?(@.name==\"two\")].args}",
            "$.spec.containers[1]['args']",
        ] {
            let want = if way.ends_with("image") {
                "no field spec.containers[two].image: spec.containers[two] has no \"image\"; it has args, name, text"
            } else {
                "spec.containers[two].args 12-13"
            };
            assert_eq!(found(way), want, "{way}");
        }
        for way in [
            "metadata.labels.app.kubernetes.io/name",
            "metadata.labels[\"app.kubernetes.io/name\"]",
            "metadata.labels.app\\.kubernetes\\.io/name",
            "/metadata/labels/app.kubernetes.io~1name",
        ] {
            assert_eq!(found(way), "metadata.labels[\"app.kubernetes.io/name\"] 4-4", "{way}");
        }
        assert_eq!(found("metadata.labels.app"), "metadata.labels.app 5-5");
    }

    #[test]
    fn a_field_has_the_lines_below_it() {
        assert_eq!(found("spec"), "spec 6-18");
        assert_eq!(found("spec.containers"), "spec.containers 7-17");
        assert_eq!(found("spec.containers[0]"), "spec.containers[one] 8-9");
        assert_eq!(found("spec.containers[two].text"), "spec.containers[two].text 14-17");
        assert_eq!(found("spec.replicas"), "spec.replicas 18-18");
    }

    #[test]
    fn a_field_that_is_not_there_has_a_hint() {
        assert_eq!(found("sepc"), "no field sepc: the object has no \"sepc\"; did you mean \"spec\"?");
        assert_eq!(
            found("spec.replicas.x"),
            "no field spec.replicas.x: spec.replicas has no \"x\"; spec.replicas is a single value"
        );
        assert!(found("spec[").starts_with("cannot read the field"));
    }
}
