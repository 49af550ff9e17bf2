//! The grammar of `--set` and its kin (`helm pkg/strvals`): `a.b=1,list[0]={x,y}`.
//!
//! The parser writes into the values at hand as it reads, as Helm's does.

mod literal;
mod parser;

use crate::diagnostic::{Error, Result};
use crate::value::print::quote_rune;
use crate::value::{Map, Value};

/// The greatest index of a list.
pub const MAX_INDEX: i64 = 65_536;
/// How many dots deep a name may be.
pub const MAX_NESTED_NAME_LEVEL: usize = 30;
/// Lists within lists and names within lists; Helm has no bound here but its stack.
const MAX_NESTING: usize = 500;
/// Places in lists that one text may add: as many as sixteen longest lists.
const MAX_LIST_ITEMS: usize = 16 << 16;

/// Gets the contents of a file for `--set-file`.
pub type ReadFile<'a> = &'a mut dyn FnMut(&str) -> Result<Value>;

/// Sets what a `--set` text says: `true`, `false`, `null` and integers are typed.
///
/// # Errors
/// In Helm's words, without `failed parsing --set data: `.
pub fn set(text: &str, values: &Map) -> Result<()> {
    parser::parse(text, values, parser::Kind::Typed)
}

/// Sets what a `--set-string` text says: every value is text.
///
/// # Errors
/// As [`set`].
pub fn set_string(text: &str, values: &Map) -> Result<()> {
    parser::parse(text, values, parser::Kind::Text)
}

/// Sets what a `--set-file` text says: every value is the name of a file.
///
/// # Errors
/// As [`set`], and those of reading the file.
pub fn set_file(text: &str, values: &Map, read: ReadFile<'_>) -> Result<()> {
    parser::parse(text, values, parser::Kind::File(read))
}

/// Sets what a `--set-json` text of the form `name=json` says.
///
/// # Errors
/// As [`set`], and those of reading JSON.
pub fn set_json(text: &str, values: &Map) -> Result<()> {
    parser::parse(text, values, parser::Kind::Json)
}

/// Sets what a `--set-literal` text says: all that follows the first `=` is the value.
///
/// # Errors
/// As [`set`].
pub fn set_literal(text: &str, values: &Map) -> Result<()> {
    literal::parse(text, values)
}

/// Why a parser stopped.
enum Stop {
    /// The text is at its end, which is fine in most places.
    End,
    /// Something is wrong.
    Failed(Error),
}

fn failed(message: impl Into<String>) -> Stop {
    Stop::Failed(Error::new(message))
}

/// The characters of a text, one by one.
struct Text<'t> {
    rest: &'t str,
    /// Places in lists that may still be added.
    items: usize,
}

impl<'t> Text<'t> {
    fn new(text: &'t str) -> Text<'t> {
        Text { rest: text, items: MAX_LIST_ITEMS }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Reads up to one of the stops: what was read, and the stop unless the text ended first. A backslash
    /// quotes the next character if `escapes`.
    fn until(&mut self, stops: &[char], escapes: bool) -> (String, Option<char>) {
        let mut read = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (read, Some(c));
            }
            if c == '\\' && escapes {
                match self.next() {
                    Some(quoted) => read.push(quoted),
                    None => return (read, None),
                }
            } else {
                read.push(c);
            }
        }
        (read, None)
    }

    /// An index after `[`, up to `]`.
    fn index(&mut self, escapes: bool) -> Result<i64, Stop> {
        let (digits, stop) = self.until(&[']'], escapes);
        if stop.is_none() {
            return Err(Stop::End);
        }
        atoi(&digits).map_err(|why| {
            failed(format!(
                "error parsing index: strconv.Atoi: parsing {}: {why}",
                crate::source::quote(&digits)
            ))
        })
    }

    /// Sets the item at an index of a list, which grows as needed.
    fn set_index(&mut self, list: &mut Vec<Value>, index: i64, value: Value) -> Result<(), Stop> {
        let Ok(at) = usize::try_from(index) else {
            return Err(failed(format!("negative {index} index not allowed")));
        };
        if index > MAX_INDEX {
            return Err(failed(format!(
                "index of {index} is greater than maximum supported index of {MAX_INDEX}"
            )));
        }
        if list.len() <= at {
            let added = at + 1 - list.len();
            self.items = self.items.checked_sub(added).ok_or_else(|| {
                failed(format!("lists would have more than {MAX_LIST_ITEMS} items together"))
            })?;
            list.resize(at + 1, Value::Null);
        }
        list[at] = value;
        Ok(())
    }
}

/// `strconv.Atoi`: why a text is no integer.
fn atoi(text: &str) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("invalid syntax");
    }
    text.parse().map_err(|_| "value out of range")
}

/// Sets an entry, unless the key is empty.
fn set_key(map: &Map, key: &str, value: Value) {
    if !key.is_empty() {
        map.insert(key, value);
    }
}

/// The map under a key, to be written into; a new one if there is none.
fn inner_map(map: &Map, key: &str) -> Result<Map, Stop> {
    match map.get(key) {
        None => Ok(Map::default()),
        Some(Value::Map(inner)) => Ok(inner),
        Some(other) => Err(not_a(&other, "map[string]interface {}")),
    }
}

/// The items of the list under a key; none if there is none.
fn inner_list(map: &Map, key: &str) -> Result<Vec<Value>, Stop> {
    map.get(key).map_or_else(|| Ok(Vec::new()), |value| items(&value))
}

/// The items of a list within a list; none if there is none.
fn nested_list(list: &[Value], index: i64) -> Result<Vec<Value>, Stop> {
    match usize::try_from(index).ok().and_then(|i| list.get(i)) {
        None => Ok(Vec::new()),
        Some(value) if value.is_nil() => Ok(Vec::new()),
        Some(value) => items(value),
    }
}

/// The items of what must be a list. An object stands for one where the origins of values are followed
/// ([`super::origin`]).
fn items(list: &Value) -> Result<Vec<Value>, Stop> {
    let inner = match list {
        Value::Object(object) => object.as_container(),
        _ => None,
    };
    match inner.as_ref().unwrap_or(list) {
        Value::List(list) => Ok(list.items()),
        other => Err(not_a(other, "[]interface {}")),
    }
}

/// Leaves what was changed in a list within a list before the text stopped, for Go changes lists in place. A
/// list that wasn't there before is lost.
fn keep_nested(list: &mut [Value], index: i64, inner: Vec<Value>) {
    if let Some(slot @ Value::List(_)) = usize::try_from(index).ok().and_then(|i| list.get_mut(i)) {
        *slot = Value::list(inner);
    }
}

/// The map within a list, to be written into. A new one takes the place of something else at once, even if the
/// text stops before it sets anything.
fn map_in_list(list: &mut [Value], index: i64) -> Map {
    match usize::try_from(index).ok().and_then(|i| list.get_mut(i)) {
        Some(Value::Map(map)) => map.clone(),
        Some(slot) => {
            let map = Map::default();
            *slot = Value::Map(map.clone());
            map
        }
        None => Map::default(),
    }
}

/// The error of something between `]` and what may follow it. Go prints a list of characters.
fn data_after_index(data: &str) -> Stop {
    let characters: Vec<String> = data.chars().map(|c| quote_rune(c, false)).collect();
    failed(format!("unexpected data at end of array index: [{}]", characters.join(" ")))
}

/// What Go says when a value is not of the type that the text treats it as.
fn not_a(value: &Value, wanted: &str) -> Stop {
    let got = match value {
        Value::Null => "nil",
        other => other.type_name(),
    };
    failed(format!("unable to parse key: interface conversion: interface {{}} is {got}, not {wanted}"))
}

fn nested_too_deep() -> Stop {
    failed(format!(
        "value name nested level is greater than maximum supported nested level of {MAX_NESTED_NAME_LEVEL}"
    ))
}

#[cfg(test)]
mod tests;
