//! YAML as Helm reads and writes it: go-yaml v2 behind `sigs.k8s.io/yaml`, its deviations from YAML included.
//!
//! Reading goes [`input`] → [`scanner`] → [`parser`] → [`node`] → [`decode`]: bytes, tokens, events, a tree
//! of one document, a value. Writing is [`emit`].

mod base64;
mod decode;
mod documents;
mod emit;
mod fast;
mod go_syntax;
mod head;
mod input;
mod locate;
mod meaning;
mod node;
mod parser;
mod resolve;
mod scanner;
mod token;

pub use self::documents::{ValuesDocument, documents, documents_within};
pub use self::emit::{EmitError, to_yaml, to_yaml_pretty};
pub use self::head::{Head, inspect};
pub use self::locate::{Position, Spot, Standing, Step, leaves, locate, locate_all, repeated, standings};

use crate::value::{Map, Room, Value};

use self::decode::Numbers;
use self::input::Input;
use self::node::Document;
use self::token::{Fault, Mark, Stage};

/// Why a text is not YAML that Helm takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Go's message: `error converting YAML to JSON: yaml: line 2: …`. Its line, if it has one, may be the one
    /// before.
    pub message: String,
    /// Line from 1, 0 if unknown.
    pub line: usize,
    /// Column from 1 in characters, 0 if unknown.
    pub column: usize,
}

/// Reads the first document of a text, as `sigs.k8s.io/yaml` does for a target of type `interface{}`:
/// YAML 1.1, keys as strings, every number a `float64`. An empty text is null.
///
/// # Errors
/// When the text is not YAML, or not what JSON can say.
pub fn decode(text: &[u8]) -> Result<Value, YamlError> {
    decode_within(text, &mut Room::default())
}

/// As [`decode`], with this room for the value.
///
/// # Errors
/// As [`decode`], and when there is not enough room, which the room then [tells](Room::is_full).
pub fn decode_within(text: &[u8], room: &mut Room) -> Result<Value, YamlError> {
    decode_first(text, Numbers::Floats, room)
}

/// As [`decode`], but integers stay `int64`, or `uint64` where they only fit that: for Go targets with fields
/// of type string, for which sigs writes numbers as text; see [`string_of`].
///
/// # Errors
/// As [`decode`].
pub fn decode_with_integers(text: &[u8]) -> Result<Value, YamlError> {
    decode_first(text, Numbers::Kept, &mut Room::default())
}

/// As [`decode`], for a target of type `map[string]interface{}`. Null gives an empty map: it leaves the target
/// as Helm makes it.
///
/// # Errors
/// As [`decode`], and when the value is of another type.
pub fn decode_map(text: &[u8]) -> Result<Value, YamlError> {
    decode_map_within(text, &mut Room::default())
}

/// As [`decode_map`], with this room for the value.
///
/// # Errors
/// As [`decode_map`] and [`decode_within`].
pub fn decode_map_within(text: &[u8], room: &mut Room) -> Result<Value, YamlError> {
    decode_into(text, room, "map[string]interface {}", Value::Map(Map::default()))
}

/// As [`decode_map`], for a target of Helm's type `common.Values`.
///
/// # Errors
/// As [`decode_map`].
pub fn decode_values(text: &[u8]) -> Result<Value, YamlError> {
    decode_into(text, &mut Room::default(), "common.Values", Value::Map(Map::default()))
}

/// As [`decode`], for a target of type `[]interface{}`. Null gives an empty list: it leaves the target as Helm
/// makes it.
///
/// # Errors
/// As [`decode`], and when the value is of another type.
pub fn decode_list(text: &[u8]) -> Result<Value, YamlError> {
    decode_into(text, &mut Room::default(), "[]interface {}", Value::list(Vec::new()))
}

/// What sigs makes of a value for a field of type string, if it is a number or a boolean; floats lose digits
/// then (`FormatFloat(f, 'g', -1, 32)`). `None` for any other value, which stays as it is.
pub fn string_of(value: &Value) -> Option<String> {
    match value {
        Value::Bool(b) => Some(b.to_string()),
        Value::Int(i) => Some(i.as_i128().to_string()),
        Value::Float(f) => Some(meaning::float_text(*f)),
        _ => None,
    }
}

fn decode_first(text: &[u8], numbers: Numbers, room: &mut Room) -> Result<Value, YamlError> {
    let input = Input::new(text);
    let before = room.taken();
    if input.fault.is_none() {
        match fast::build(&input.text, numbers, room) {
            Some(value) => return Ok(value),
            None if room.is_full() => {
                return Err(YamlError::unplaced(format!(
                    "error converting YAML to JSON: yaml: {}",
                    room.message()
                )));
            }
            None => room.give(room.taken() - before),
        }
    }
    decode_exactly(&input, numbers, room)
}

fn decode_exactly(input: &Input<'_>, numbers: Numbers, room: &mut Room) -> Result<Value, YamlError> {
    let text = &input.text;
    let before = room.taken();
    let document = Document::first_within(text, input.fault, room).map_err(|f| match f.stage {
        Stage::Reader => {
            let (line, column) = input.fault_place;
            YamlError { line, column, ..YamlError::of_fault(f, text) }
        }
        _ => YamlError::of_fault(f, text),
    })?;
    let tree = room.taken() - before;
    let value =
        decode::decode(&document, numbers, room).map_err(|f| YamlError::at(f.message, f.mark, text))?;
    room.give(tree);
    Ok(value)
}

/// The answers of both readers: of the fast one, `None` where it gives up, and of the exact one, which [`decode`]
/// and [`decode_with_integers`] turn to then.
#[cfg(any(test, fuzzing))]
pub(crate) fn both(text: &[u8], integers: bool) -> (Option<Value>, Result<Value, YamlError>) {
    let numbers = if integers { Numbers::Kept } else { Numbers::Floats };
    let input = Input::new(text);
    let fast =
        if input.fault.is_none() { fast::build(&input.text, numbers, &mut Room::default()) } else { None };
    (fast, decode_exactly(&input, numbers, &mut Room::default()))
}

/// As [`both`], for [`inspect`].
#[cfg(any(test, fuzzing))]
pub(crate) fn both_heads(text: &[u8]) -> (Option<Head>, Result<Head, YamlError>) {
    let input = Input::new(text);
    let fast = if input.fault.is_none() { fast::skim(&input.text) } else { None };
    (
        fast,
        decode_exactly(&input, Numbers::Kept, &mut Room::default()).and_then(|value| head::head_of(&value)),
    )
}

/// `empty` is what the target holds before.
fn decode_into(text: &[u8], room: &mut Room, target: &str, empty: Value) -> Result<Value, YamlError> {
    match (decode_within(text, room)?, empty) {
        (Value::Null, empty) => Ok(empty),
        (value @ Value::Map(_), Value::Map(_)) | (value @ Value::List(_), Value::List(_)) => Ok(value),
        (value, _) => {
            let message = crate::json::mismatch(&value, None, target).message;
            Err(YamlError::unplaced(format!("{DECODING}{message}")))
        }
    }
}

/// What sigs puts before the faults of `encoding/json`.
const DECODING: &str = "error unmarshaling JSON: while decoding JSON: ";

impl YamlError {
    fn at(message: String, mark: Mark, text: &[u8]) -> YamlError {
        let line =
            text.get(mark.offset.saturating_sub(mark.column as usize)..mark.offset).unwrap_or_default();
        YamlError {
            message,
            line: mark.line as usize + 1,
            column: String::from_utf8_lossy(line).chars().count() + 1,
        }
    }

    fn unplaced(message: String) -> YamlError {
        YamlError { message, line: 0, column: 0 }
    }

    fn of_fault(fault: Fault, text: &[u8]) -> YamlError {
        // go-yaml counts lines from 0, so a message of its parser names the line before, and none for the
        // first line.
        let line = match (fault.mark.line, fault.context.line) {
            _ if matches!(fault.stage, Stage::Reader | Stage::Composer) => 0,
            (0, context) => context,
            (line, _) if fault.stage == Stage::Scanner => line + 1,
            (line, _) => line,
        };
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        let message = format!("error converting YAML to JSON: yaml: {place}{}", fault.problem);
        YamlError::at(message, fault.mark, text)
    }
}

impl std::fmt::Display for YamlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for YamlError {}

#[cfg(test)]
mod tests;
