//! TOML as Helm's functions write and read it (`pkg/engine/funcs.go`), which is `BurntSushi/toml` v1.6.

mod decode;
mod encode;
mod lexer;
mod scalar;

use self::encode::EncodeError;
use super::{Env, Function, FunctionError, FunctionResult, Type, args, notation};
use crate::value::{Map, MapType, Str, Value};

/// `toToml`, `mustToToml`, `fromToml`.
pub const FUNCTIONS: &[Function] = &[
    Function::new("toToml", &[Type::Any], Type::String, |env, given| {
        match encode::encode(env, args::any(given, 0)) {
            Ok(text) => Ok(Value::string(text)),
            Err(EncodeError::Toml(message)) => Ok(Value::string(message)),
            Err(EncodeError::Fatal(error)) => Err(error),
        }
    }),
    Function::new("mustToToml", &[Type::Any], Type::String, |env, given| {
        match encode::encode(env, args::any(given, 0)) {
            Ok(text) => Ok(Value::string(text)),
            Err(EncodeError::Toml(message)) => Err(FunctionError::new(message)),
            Err(EncodeError::Fatal(error)) => Err(error),
        }
    }),
    Function::new("fromToml", &[Type::String], Type::Dict, from_toml),
];

/// The document as a map, or a map with the error under `Error`.
fn from_toml(env: &Env, given: &[Value]) -> FunctionResult {
    let text = args::string(given, 0)?;
    env.step("fromToml", text.len())?;
    let read = notation::read(env, "fromToml", |room| decode::decode(text.as_bytes(), room))?;
    let map = read.unwrap_or_else(|error| {
        let map = Map::new(MapType::Any);
        map.insert("Error", Value::string(error));
        map
    });
    Ok(Value::Map(map))
}

/// A key, in quotes if it needs them.
fn key_text(key: &Str) -> Vec<u8> {
    let bare = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !key.is_empty() && key.as_bytes().iter().all(bare) {
        return key.as_bytes().to_vec();
    }
    quoted(key.as_bytes())
}

/// A text in double quotes.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'"');
    for &b in text {
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f | 0x7f => out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
            _ => out.push(b),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests;
