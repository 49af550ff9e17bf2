//! From a value to YAML, as go-yaml writes it: version 2 behind `sigs.k8s.io/yaml`, which passes the value
//! through JSON first (`toYaml`), and version 3 (`toYamlPretty`).
//!
//! An explicit stack instead of recursion: a value may be deep, or contain itself.

mod order;
mod scalar;
mod style;

use crate::value::number::{format_f, format_g};
use crate::value::{Kind, List, Map, Str, Value};

use self::scalar::Writer;
use super::base64;

/// Levels of a value; go-yaml reads no deeper when it reads back what `encoding/json` wrote.
const MAX_DEPTH: usize = 10_000;

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitError {
    /// Go's message.
    pub message: String,
}

/// Which go-yaml writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V2,
    V3,
}

/// Writes a value as Helm's `toYaml` does before it trims one final newline: go-yaml v2 by way of JSON
/// (`sigs.k8s.io/yaml`, `Marshal`).
///
/// # Errors
/// For what JSON cannot say (infinity, a value that contains itself), what YAML cannot read back (the control
/// characters DEL and U+0080 to U+009F, U+FFFE, U+FFFF, keys over 1024 characters), and more than 10,000 levels.
pub fn to_yaml(value: &Value) -> Result<String, EmitError> {
    emit(value, Version::V2)
}

/// Writes a value as Helm's `toYamlPretty` does before it trims one final newline: go-yaml v3 with an
/// indentation of 2.
///
/// # Errors
/// For a value that contains itself, or more than 10,000 levels.
pub fn to_yaml_pretty(value: &Value) -> Result<String, EmitError> {
    emit(value, Version::V3)
}

enum Frame {
    List { address: usize, items: std::vec::IntoIter<Value>, indent: usize },
    Map { address: usize, entries: std::vec::IntoIter<(Str, Value)>, indent: usize },
}

impl Frame {
    fn address(&self) -> usize {
        match self {
            Frame::List { address, .. } | Frame::Map { address, .. } => *address,
        }
    }
}

/// What stands before a node on its line.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing: the node is the whole document.
    Document,
    /// `-`, or the `:` below a `?`. A collection goes on behind it.
    Indicator,
    /// `key:`. A collection begins on the next line.
    Key,
}

fn emit(value: &Value, version: Version) -> Result<String, EmitError> {
    let mut out = Writer::new(version);
    let mut frames: Vec<Frame> = Vec::new();
    begin(value, Before::Document, None, &mut frames, &mut out)?;
    while let Some(frame) = frames.last_mut() {
        match frame {
            Frame::List { items, indent, .. } => match items.next() {
                None => {
                    frames.pop();
                }
                Some(item) => {
                    let indent = *indent;
                    out.start_line(indent);
                    out.raw(b"-");
                    begin(&item, Before::Indicator, Some(indent), &mut frames, &mut out)?;
                }
            },
            Frame::Map { entries, indent, .. } => match entries.next() {
                None => {
                    frames.pop();
                }
                Some((key, value)) => {
                    let indent = *indent;
                    out.start_line(indent);
                    let before = if out.key(&key, indent)? {
                        out.raw(b":");
                        Before::Key
                    } else {
                        out.start_line(indent);
                        out.raw(b":");
                        Before::Indicator
                    };
                    begin(&value, before, Some(indent), &mut frames, &mut out)?;
                }
            },
        }
    }
    out.finish()
}

/// Writes a scalar or an empty collection, or opens a collection. `indent` is that of the collection around.
fn begin(
    value: &Value,
    before: Before,
    indent: Option<usize>,
    frames: &mut Vec<Frame>,
    out: &mut Writer,
) -> Result<(), EmitError> {
    let inner = indent.map_or(0, |i| i + 2);
    // A scalar is indented also where it is the document.
    let scalar_indent = indent.map_or(2, |i| i + 2);
    match value {
        Value::TypedNil(t) if out.version == Version::V3 => out.word(match t.kind {
            Kind::Map => b"{}",
            Kind::Slice => b"[]",
            _ => b"null",
        }),
        Value::Null | Value::TypedNil(_) => out.word(b"null"),
        Value::Bool(b) => out.word(if *b { b"true" } else { b"false" }),
        Value::Int(i) => out.word(i.as_i128().to_string().as_bytes()),
        Value::Float(f) => out.word(float(*f, out.version)?.as_bytes()),
        Value::String(s) => out.string(s, scalar_indent)?,
        Value::Bytes(b) => bytes(b, before, indent, frames, out)?,
        Value::List(l) if l.is_empty() => out.word(b"[]"),
        Value::Map(m) if m.is_empty() => out.word(b"{}"),
        Value::List(l) => {
            let indentless = before == Before::Key && out.version == Version::V2;
            let indent = if indentless { indent.unwrap_or(0) } else { inner };
            open(list_frame(l, indent), before, indent, frames, out)?;
        }
        Value::Map(m) => open(map_frame(m, inner, out.version), before, inner, frames, out)?,
        Value::Object(o) => {
            if o.kind() == Kind::Complex128 {
                let before = match out.version {
                    Version::V2 => "error marshaling into JSON: json: unsupported type",
                    Version::V3 => "cannot marshal type",
                };
                return Err(EmitError { message: format!("{before}: {}", o.type_name()) });
            }
            if out.version == Version::V3 && o.json_struct().is_some() {
                // Version 3 reads the struct itself: its exported fields, in lower case, as declared.
                let address = std::ptr::from_ref(o.as_any()).cast::<u8>() as usize;
                let fields = o.fields().into_iter().filter(|name| name.starts_with(char::is_uppercase));
                let entries: Vec<_> = fields
                    .map(|name| (Str::from(name.to_lowercase()), o.field(&name).unwrap_or_default()))
                    .collect();
                let frame = Frame::Map { address, entries: entries.into_iter(), indent: inner };
                return open(frame, before, inner, frames, out);
            }
            let plain = match o.to_plain() {
                // An object that has no plain form is what it prints.
                Value::Object(o) => Value::string(o.print()),
                plain => plain,
            };
            return begin(&plain, before, indent, frames, out);
        }
    }
    Ok(())
}

fn list_frame(list: &List, indent: usize) -> Frame {
    Frame::List { address: list.address(), items: list.items().into_iter(), indent }
}

fn map_frame(map: &Map, indent: usize, version: Version) -> Frame {
    let mut entries = map.entries();
    if version == Version::V2 && entries.iter().any(|(key, _)| key.as_str().is_none()) {
        // JSON replaces bad bytes, which may make keys equal; the last one wins.
        let replaced = entries.into_iter().map(|(key, value)| (Str::from(key.to_text()), value));
        entries = std::collections::BTreeMap::from_iter(replaced).into_iter().collect();
    }
    order::sort(&mut entries, |(key, _)| key.as_bytes(), version);
    Frame::Map { address: map.address(), entries: entries.into_iter(), indent }
}

fn open(
    frame: Frame,
    before: Before,
    indent: usize,
    frames: &mut Vec<Frame>,
    out: &mut Writer,
) -> Result<(), EmitError> {
    if frames.len() >= MAX_DEPTH {
        let address = frame.address();
        return Err(EmitError::too_deep(frames.iter().any(|f| f.address() == address), &frame));
    }
    if before == Before::Indicator {
        out.pad(indent);
    }
    frames.push(frame);
    Ok(())
}

/// `[]byte`: JSON makes a string of base64 of it, version 3 writes the list of numbers it is.
fn bytes(
    bytes: &[u8],
    before: Before,
    indent: Option<usize>,
    frames: &mut Vec<Frame>,
    out: &mut Writer,
) -> Result<(), EmitError> {
    match out.version {
        Version::V2 => out.string(&base64::encode(bytes).into(), indent.map_or(2, |i| i + 2)),
        Version::V3 => {
            let items = bytes.iter().map(|b| Value::uint8(*b)).collect();
            begin(&Value::list(items), before, indent, frames, out)
        }
    }
}

fn float(f: f64, version: Version) -> Result<String, EmitError> {
    if !f.is_finite() {
        return match (version, f) {
            (Version::V2, _) => Err(EmitError {
                message: format!("error marshaling into JSON: json: unsupported value: {}", format_g(f)),
            }),
            (Version::V3, f64::INFINITY) => Ok(".inf".into()),
            (Version::V3, f64::NEG_INFINITY) => Ok("-.inf".into()),
            (Version::V3, _) => Ok(".nan".into()),
        };
    }
    if version == Version::V2 && f.fract() == 0.0 && f.abs() < 1e21 {
        if f.abs() < 1e15 {
            return Ok((f as i64).to_string());
        }
        // go-yaml reads JSON's digits as an integer where they fit 64 bits.
        let digits = format_f(f);
        if digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok() {
            return Ok(digits);
        }
    }
    Ok(format_g(f))
}

impl EmitError {
    fn yaml(message: &str) -> EmitError {
        EmitError { message: format!("yaml: {message}") }
    }

    fn too_deep(cycle: bool, frame: &Frame) -> EmitError {
        if !cycle {
            return EmitError::yaml("exceeded max depth of 10000");
        }
        let via = match frame {
            Frame::List { .. } => "[]interface {}",
            Frame::Map { .. } => "map[string]interface {}",
        };
        let message =
            format!("error marshaling into JSON: json: unsupported value: encountered a cycle via {via}");
        EmitError { message }
    }
}

impl std::fmt::Display for EmitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EmitError {}
