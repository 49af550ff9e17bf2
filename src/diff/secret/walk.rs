//! Walks values and finds the secrets in them.

use std::collections::{BTreeMap, HashSet};

use data_encoding::BASE64;

use crate::json::{self, Escape};
use crate::value::{List, Map, Str, Value};
use crate::yaml;

use super::context::{Context, Facts, State};
use super::is_harmless;

/// Maps and lists within each other that are walked. What lies deeper isn't shown.
pub(super) const MAX_DEPTH: u16 = 200;
const TOO_DEEP: &str = "<not shown: nested too deeply>";
/// Texts within texts that are read, and their length.
const MAX_TEXTS: u8 = 3;
const MAX_TEXT: usize = 4 << 20;

/// What is done with secrets.
pub(super) trait Sink {
    /// Gives what stands for a secret. `within`: it may hold smaller ones.
    fn secret(&mut self, secret: &[u8], within: bool) -> Str;
    /// Hides the secrets in a text that is none as a whole; `None` if there are none. `settings`: it may be settings
    /// of some format.
    fn text(&mut self, text: &[u8], settings: bool) -> Option<Str>;
}

/// A walk through a value.
pub(super) struct Walk<'a, S> {
    pub sink: &'a mut S,
    /// The names of all Secrets.
    pub names: &'a HashSet<Vec<u8>>,
}

impl<S: Sink> Walk<'_, S> {
    /// The value, with its secrets replaced; `None` if it has none.
    pub fn value(&mut self, value: &Value, context: Context) -> Option<Value> {
        match value {
            Value::Map(_) | Value::List(_) if context.depth > MAX_DEPTH => Some(Value::string(TOO_DEEP)),
            Value::Map(map) => self.map(map, context),
            Value::List(list) => self.list(list, context),
            Value::String(text) => self.string(text, context).map(Value::String),
            Value::Bytes(bytes) => self.string(&Str::from_bytes(bytes), context).map(Value::String),
            Value::Int(_) | Value::Float(_) => {
                let secret = matches!(context.state, State::All { .. } | State::Named { strict: true, .. });
                let text = yaml::string_of(value).filter(|_| secret)?;
                Some(Value::String(self.sink.secret(text.as_bytes(), false)))
            }
            Value::Null | Value::TypedNil(_) | Value::Bool(_) | Value::Object(_) => None,
        }
    }

    fn map(&mut self, map: &Map, context: Context) -> Option<Value> {
        let facts = Facts::of(map);
        let mut changed = false;
        let mut entries = BTreeMap::new();
        for (key, value) in map.entries() {
            let inner = context.under_key(facts, &key.to_text());
            let new_value = self.value(&value, inner);
            let new_key = self.sink.text(key.as_bytes(), false);
            changed |= new_value.is_some() || new_key.is_some();
            entries.insert(new_key.unwrap_or(key), new_value.unwrap_or(value));
        }
        changed.then(|| Value::Map(Map::from_entries(map.map_type(), entries)))
    }

    fn list(&mut self, list: &List, context: Context) -> Option<Value> {
        let mut changed = false;
        let items = list.items();
        let mut new = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let before = i.checked_sub(1).and_then(|before| items.get(before));
            let hidden = self.value(item, context.item(before));
            changed |= hidden.is_some();
            new.push(hidden.unwrap_or_else(|| item.clone()));
        }
        changed.then(|| Value::List(List::new(list.elem(), new)))
    }

    fn string(&mut self, text: &Str, context: Context) -> Option<Str> {
        match context.state {
            State::All { encoded } => {
                if text.is_empty() || text.as_bytes().starts_with(super::MASK.as_bytes()) {
                    return None;
                }
                let symbols = text.as_bytes().iter().copied().filter(|b| !b.is_ascii_whitespace());
                let decoded = Some(symbols.collect::<Vec<u8>>()).filter(|_| encoded);
                let decoded = decoded.and_then(|symbols| BASE64.decode(&symbols).ok());
                Some(self.sink.secret(decoded.as_deref().unwrap_or(text.as_bytes()), true))
            }
            State::Named { may_be_name, .. } => {
                let is_name = may_be_name && self.names.contains(text.as_bytes());
                if is_harmless(text.as_bytes()) || is_name {
                    return self.sink.text(text.as_bytes(), false);
                }
                Some(self.sink.secret(text.as_bytes(), true))
            }
            State::Plain => self.plain(text, context),
        }
    }

    /// A text that is no secret as a whole: data in JSON or YAML, settings, or words.
    fn plain(&mut self, text: &Str, context: Context) -> Option<Str> {
        let bytes = text.as_bytes();
        if context.schema || context.texts >= MAX_TEXTS || bytes.len() > MAX_TEXT {
            return self.sink.text(bytes, !context.schema);
        }
        if let Some(parts) = documents(bytes) {
            let mut changed = false;
            let mut whole = Vec::with_capacity(bytes.len());
            for (part, separator) in parts {
                let hidden = self.document(part, context);
                changed |= hidden.is_some();
                whole.extend_from_slice(hidden.as_ref().map_or(part, Str::as_bytes));
                if hidden.is_some() && !whole.ends_with(b"\n") && !separator.is_empty() {
                    whole.push(b'\n');
                }
                whole.extend_from_slice(separator);
            }
            return changed.then(|| Str::from_bytes(whole));
        }
        self.document(bytes, context)
    }

    fn document(&mut self, text: &[u8], context: Context) -> Option<Str> {
        let Some((value, json)) = structure(text) else { return self.sink.text(text, true) };
        let Some(hidden) = self.value(&value, context.text()) else {
            // What isn't data may be a secret still: comments.
            return self.comments(text, json);
        };
        let multi_line = memchr::memchr(b'\n', text.trim_ascii()).is_some();
        let printed = match (json, multi_line) {
            (true, false) => json::encode(&hidden, Escape::None).ok(),
            (true, true) => json::encode_pretty(&hidden, "  ").ok(),
            (false, _) => yaml::to_yaml(&hidden).ok(),
        };
        // Without its printed form nothing of it can be shown.
        let printed = printed.unwrap_or_else(|| TOO_DEEP.into());
        // Keys and comments are gone or were looked at; what is known of the rest was hidden in place.
        Some(self.sink.text(printed.as_bytes(), false).unwrap_or_else(|| printed.into()))
    }

    fn comments(&mut self, text: &[u8], json: bool) -> Option<Str> {
        let is_comment = |line: &[u8]| line.trim_ascii_start().starts_with(b"#");
        if json || !text.split(|b| *b == b'\n').any(is_comment) {
            return self.sink.text(text, false);
        }
        let mut changed = false;
        let mut whole = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|b| *b == b'\n') {
            let hidden = if is_comment(line) { self.sink.text(line, true) } else { None };
            changed |= hidden.is_some();
            whole.extend_from_slice(hidden.as_ref().map_or(line, Str::as_bytes));
        }
        self.sink.text(&whole, false).or_else(|| changed.then(|| Str::from_bytes(whole)))
    }
}

/// The documents of a text that has several, each with the separator behind it.
fn documents(text: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    memchr::memmem::find(text, b"\n---")?;
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let end = at + line.len();
        if line.trim_ascii_end() == b"---" {
            parts.push((text.get(start..at)?, text.get(at..end)?));
            start = end;
        }
        at = end;
    }
    parts.push((text.get(start..)?, b"".as_slice()));
    (parts.len() > 1).then_some(parts)
}

/// The data that a text is, and whether it is JSON, if it is data at all.
fn structure(text: &[u8]) -> Option<(Value, bool)> {
    let json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) && json::decode(text).is_ok();
    let lines = memchr::memchr(b'\n', text).is_some() && memchr::memchr(b':', text).is_some();
    if !json && !lines {
        return None;
    }
    let value = yaml::decode_with_integers(text).ok()?;
    matches!(value, Value::Map(_) | Value::List(_)).then_some((value, json))
}
