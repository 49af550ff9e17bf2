//! `--set`, `--set-string`, `--set-file` and `--set-json` (`helm pkg/strvals/parser.go`).

use super::{
    MAX_NESTED_NAME_LEVEL, MAX_NESTING, ReadFile, Stop, Text, data_after_index, failed, inner_list,
    inner_map, keep_nested, map_in_list, nested_list, nested_too_deep, set_key,
};
use crate::diagnostic::Result;
use crate::json;
use crate::source::quote;
use crate::value::{Map, Value};

/// What the texts of values mean.
pub(super) enum Kind<'r> {
    /// Booleans, null and integers are typed.
    Typed,
    /// All is text.
    Text,
    /// The name of a file.
    File(ReadFile<'r>),
    /// JSON.
    Json,
}

pub(super) fn parse(text: &str, values: &Map, kind: Kind<'_>) -> Result<()> {
    let mut parser = Parser { text: Text::new(text), kind, nesting: 0 };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
}

struct Parser<'t, 'r> {
    text: Text<'t>,
    kind: Kind<'r>,
    nesting: usize,
}

/// A value after `=`.
enum Read {
    /// A value; more may follow.
    Value(Value),
    /// There is nothing after the `=`.
    Nothing,
}

impl Parser<'_, '_> {
    fn key(&mut self, map: &Map, level: usize) -> Result<(), Stop> {
        let (key, stop) = self.text.until(&['=', '[', ',', '.'], true);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(failed(format!("key {} has no value", quote(&key)))),
            Some('[') => {
                let index = self.text.index(true)?;
                let mut list = inner_list(map, &key)?;
                let result = self.item(&mut list, index, level);
                set_key(map, &key, Value::list(list));
                result
            }
            Some('=') => match self.value()? {
                Read::Value(value) => {
                    set_key(map, &key, value);
                    Ok(())
                }
                Read::Nothing => {
                    set_key(map, &key, Value::from(""));
                    Err(Stop::End)
                }
            },
            Some(',') => {
                set_key(map, &key, Value::from(""));
                Err(failed(format!("key {} has no value (cannot end with ,)", quote(&key))))
            }
            Some(_) => {
                if level + 1 > MAX_NESTED_NAME_LEVEL {
                    return Err(nested_too_deep());
                }
                let inner = inner_map(map, &key)?;
                let result = self.key(&inner, level + 1);
                if result.is_ok() && inner.is_empty() {
                    return Err(failed(format!("key map {} has no value", quote(&key))));
                }
                if !inner.is_empty() {
                    set_key(map, &key, Value::Map(inner));
                }
                result
            }
        }
    }

    fn item(&mut self, list: &mut Vec<Value>, index: i64, level: usize) -> Result<(), Stop> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(failed(format!("lists are nested deeper than {MAX_NESTING}")));
        }
        if index < 0 {
            return Err(failed(format!("negative {index} index not allowed")));
        }
        let (key, stop) = self.text.until(&['[', '.', '='], true);
        if !key.is_empty() {
            return Err(data_after_index(&key));
        }
        let value = match stop {
            None => return Err(Stop::End),
            Some('=') => match self.value()? {
                Read::Value(value) => value,
                Read::Nothing => Value::from(""),
            },
            Some('[') => {
                let next = self.text.index(true)?;
                let mut inner = nested_list(list, index)?;
                if let Err(stop) = self.item(&mut inner, next, level) {
                    keep_nested(list, index, inner);
                    return Err(stop);
                }
                Value::list(inner)
            }
            Some(_) => {
                let inner = map_in_list(list, index);
                self.key(&inner, level)?;
                Value::Map(inner)
            }
        };
        self.nesting -= 1;
        self.text.set_index(list, index, value)
    }

    fn value(&mut self) -> Result<Read, Stop> {
        if matches!(self.kind, Kind::Json) {
            return self.json();
        }
        match self.text.peek() {
            None => Ok(Read::Nothing),
            Some('{') => self.list(),
            Some(_) => {
                let (text, _) = self.text.until(&[','], true);
                self.convert(&text).map(Read::Value)
            }
        }
    }

    /// `{a,b}`; a comma after it belongs to it.
    fn list(&mut self) -> Result<Read, Stop> {
        self.text.next();
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.text.until(&[',', '}'], true);
            if stop.is_none() {
                return Err(failed("list must terminate with '}'"));
            }
            items.push(self.convert(&text)?);
            if stop == Some('}') {
                if self.text.peek() == Some(',') {
                    self.text.next();
                }
                return Ok(Read::Value(Value::list(items)));
            }
        }
    }

    fn json(&mut self) -> Result<Read, Stop> {
        if self.skip_blanks() {
            return Ok(Read::Value(Value::Null));
        }
        let rest = self.text.rest;
        let end = json_end(rest).ok_or_else(|| failed("unexpected end of JSON input"))?;
        let (value, after) = rest.split_at(end);
        let value = json::decode(value.as_bytes()).map_err(|e| failed(e.message))?;
        self.text.rest = after;
        self.skip_blanks();
        Ok(Read::Value(value))
    }

    /// Skips blanks and one comma; whether that, or the end, was all there is of a value.
    fn skip_blanks(&mut self) -> bool {
        while let Some(c) = self.text.peek() {
            if c == ',' {
                self.text.next();
                return true;
            }
            if !c.is_whitespace() {
                return false;
            }
            self.text.next();
        }
        true
    }

    fn convert(&mut self, text: &str) -> Result<Value, Stop> {
        match &mut self.kind {
            Kind::Typed => Ok(typed(text)),
            Kind::Text | Kind::Json => Ok(Value::from(text)),
            Kind::File(read) => read(text).map_err(Stop::Failed),
        }
    }
}

/// The type of a `--set` value by its looks: numbers that begin with a zero stay text.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    if text == "0" {
        return Value::int64(0);
    }
    if !text.starts_with('0')
        && let Ok(n) = text.parse::<i64>()
    {
        return Value::int64(n);
    }
    Value::from(text)
}

/// Where the JSON value at the start of the text ends, as Go's decoder reads one value of a stream. Whether
/// what stands there is JSON is for the decoder to say.
fn json_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        if in_string {
            match b {
                b'\\' => i += 1,
                b'"' => {
                    in_string = false;
                    if depth == 0 {
                        return Some(i + 1);
                    }
                }
                _ => {}
            }
            i += 1;
            continue;
        }
        match b {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            _ if depth == 0 => return Some(scalar_end(text)),
            _ => {}
        }
        i += 1;
    }
    None
}

/// Where a number or a word at the start of the text ends.
fn scalar_end(text: &str) -> usize {
    for word in ["true", "false", "null"] {
        if text.starts_with(word) {
            return word.len();
        }
    }
    let part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    end.max(text.chars().next().map_or(0, char::len_utf8))
}
