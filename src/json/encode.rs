//! From a value to JSON (`encoding/json`, `Marshal` and `MarshalIndent`).

use std::collections::HashSet;

use crate::value::number::{format_e, format_f, format_g};
use crate::value::{Kind, Str, Value};

use super::JsonError;

/// Which characters of a string are escaped besides those that must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// `<`, `>` and `&`, as `json.Marshal` and `toJson` do.
    Html,
    /// None, as `toRawJson` does.
    None,
}

/// From this depth on, Go looks whether a value contains itself.
const CYCLES_FROM: usize = 1000;

/// Writes a value as `json.Marshal` does: keys in byte order, nothing between the tokens.
///
/// # Errors
/// For infinity and NaN, and a value that contains itself.
pub fn encode(value: &Value, escape: Escape) -> Result<String, JsonError> {
    Encoder { out: Vec::with_capacity(128), escape, indent: None }.run(value)
}

/// Writes a value as `json.MarshalIndent(v, "", indent)` does.
///
/// # Errors
/// As [`encode`].
pub fn encode_pretty(value: &Value, indent: &str) -> Result<String, JsonError> {
    Encoder { out: Vec::with_capacity(256), escape: Escape::Html, indent: Some(indent) }.run(value)
}

struct Encoder<'i> {
    out: Vec<u8>,
    escape: Escape,
    indent: Option<&'i str>,
}

/// A collection that is being written: whether an item was, and what is left.
struct Frame {
    address: usize,
    first: bool,
    rest: Rest,
}

enum Rest {
    Items(std::vec::IntoIter<Value>),
    Entries(std::vec::IntoIter<(Str, Value)>),
}

impl Encoder<'_> {
    fn run(mut self, value: &Value) -> Result<String, JsonError> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut deep: HashSet<usize> = HashSet::new();
        self.begin(value, &mut frames, &mut deep)?;
        while let Some(frame) = frames.last_mut() {
            let first = std::mem::take(&mut frame.first);
            let (key, value) = match &mut frame.rest {
                Rest::Items(items) => (None, items.next()),
                Rest::Entries(entries) => entries.next().map_or((None, None), |(k, v)| (Some(k), Some(v))),
            };
            let Some(value) = value else {
                let close = if let Rest::Items(_) = frame.rest { b']' } else { b'}' };
                deep.remove(&frame.address);
                frames.pop();
                if !first {
                    self.line(frames.len());
                }
                self.out.push(close);
                continue;
            };
            if !first {
                self.out.push(b',');
            }
            self.line(frames.len());
            if let Some(key) = key {
                write_bytes(&mut self.out, key.as_bytes(), self.escape);
                self.out.push(b':');
                if self.indent.is_some() {
                    self.out.push(b' ');
                }
            }
            self.begin(&value, &mut frames, &mut deep)?;
        }
        String::from_utf8(self.out).map_err(|_| JsonError::new("json: output is not UTF-8", 0))
    }

    /// Writes a scalar, or opens a collection.
    fn begin(
        &mut self,
        value: &Value,
        frames: &mut Vec<Frame>,
        deep: &mut HashSet<usize>,
    ) -> Result<(), JsonError> {
        let (open, address, rest) = match value {
            Value::Null | Value::TypedNil(_) => return self.word("null"),
            Value::Bool(b) => return self.word(if *b { "true" } else { "false" }),
            Value::Int(i) => return self.word(&i.as_i128().to_string()),
            Value::Float(f) => {
                let unsupported = || JsonError::new(format!("json: unsupported value: {}", format_g(*f)), 0);
                let text = number(*f).ok_or_else(unsupported)?;
                return self.word(&text);
            }
            Value::String(s) => {
                write_bytes(&mut self.out, s.as_bytes(), self.escape);
                return Ok(());
            }
            Value::Bytes(b) => {
                let text = data_encoding::BASE64.encode(b);
                write_bytes(&mut self.out, text.as_bytes(), self.escape);
                return Ok(());
            }
            Value::List(l) => (b'[', l.address(), Rest::Items(l.items().into_iter())),
            Value::Map(m) => (b'{', m.address(), Rest::Entries(m.entries().into_iter())),
            Value::Object(o) => {
                if o.kind() == Kind::Complex128 {
                    return Err(JsonError::new(format!("json: unsupported type: {}", o.type_name()), 0));
                }
                if let Some(fields) = o.json_struct() {
                    let fields: Vec<_> = fields.into_iter().map(|(name, v)| (name.into(), v)).collect();
                    let address = std::ptr::from_ref(o.as_any()).cast::<u8>() as usize;
                    self.out.push(b'{');
                    frames.push(Frame { address, first: true, rest: Rest::Entries(fields.into_iter()) });
                    return Ok(());
                }
                let plain = match o.to_plain() {
                    // An object that has no plain form is what it prints.
                    Value::Object(o) => Value::string(o.print()),
                    plain => plain,
                };
                return self.begin(&plain, frames, deep);
            }
        };
        if frames.len() >= CYCLES_FROM {
            if frames.len() == CYCLES_FROM {
                deep.clear();
            }
            if !deep.insert(address) {
                let message =
                    format!("json: unsupported value: encountered a cycle via {}", value.type_name());
                return Err(JsonError::new(message, 0));
            }
        }
        self.out.push(open);
        frames.push(Frame { address, first: true, rest });
        Ok(())
    }

    fn word(&mut self, text: &str) -> Result<(), JsonError> {
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Begins a line, if there are lines.
    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push(b'\n');
            for _ in 0..depth {
                self.out.extend_from_slice(indent.as_bytes());
            }
        }
    }
}

/// A float as `encoding/json` writes it: an exponent below 1e-6 and from 1e21 on. `None` for what is no number.
pub fn number(f: f64) -> Option<String> {
    if !f.is_finite() {
        return None;
    }
    if f != 0.0 && !(1e-6..1e21).contains(&f.abs()) {
        // An exponent of one digit stands without a zero: 1e-9.
        let text = format_e(f);
        return Some(match text.split_once("e-0") {
            Some((digits, exponent)) if exponent.len() == 1 => format!("{digits}e-{exponent}"),
            _ => text,
        });
    }
    if f.fract() == 0.0 && f.abs() < 1e15 && (f != 0.0 || f.is_sign_positive()) {
        return Some((f as i64).to_string());
    }
    Some(format_f(f))
}

/// Writes a string with its quotes.
pub fn write_string(out: &mut String, text: &str, escape: Escape) {
    let mut bytes = std::mem::take(out).into_bytes();
    write_bytes(&mut bytes, text.as_bytes(), escape);
    // Escapes are ASCII, and all else is copied in whole characters.
    *out = String::from_utf8(bytes).unwrap_or_default();
}

/// Writes a string of any bytes; each that is no UTF-8 becomes `\ufffd`.
fn write_bytes(out: &mut Vec<u8>, text: &[u8], escape: Escape) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        write_text(out, chunk.valid().as_bytes(), escape);
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn write_text(out: &mut Vec<u8>, text: &[u8], escape: Escape) {
    let special = |b: &u8| match b {
        0..0x20 | b'"' | b'\\' | 0xE2 => true,
        b'<' | b'>' | b'&' => escape == Escape::Html,
        _ => false,
    };
    let mut rest = text;
    while let Some(at) = rest.iter().position(special) {
        let (before, found) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let mut taken = 1;
        match found {
            [b'"', ..] => out.extend_from_slice(b"\\\""),
            [b'\\', ..] => out.extend_from_slice(b"\\\\"),
            [b'\n', ..] => out.extend_from_slice(b"\\n"),
            [b'\r', ..] => out.extend_from_slice(b"\\r"),
            [b'\t', ..] => out.extend_from_slice(b"\\t"),
            [0x08, ..] => out.extend_from_slice(b"\\b"),
            [0x0C, ..] => out.extend_from_slice(b"\\f"),
            [0xE2, 0x80, 0xA8, ..] => {
                out.extend_from_slice(b"\\u2028");
                taken = 3;
            }
            [0xE2, 0x80, 0xA9, ..] => {
                out.extend_from_slice(b"\\u2029");
                taken = 3;
            }
            [0xE2, ..] => out.push(0xE2),
            [b, ..] => out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
            [] => {}
        }
        rest = found.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Map, MapType};

    fn text(s: &str, escape: Escape) -> String {
        encode(&Value::string(s), escape).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        assert_eq!(text("<a&b>\u{2028}", Escape::Html), r#""\u003ca\u0026b\u003e\u2028""#);
        assert_eq!(text("<a&b>\u{2029}é\u{7f}", Escape::None), "\"<a&b>\\u2029é\u{7f}\"");
        assert_eq!(text("\u{1}\u{8}\u{c}\n\t\"\\", Escape::Html), r#""\u0001\b\f\n\t\"\\""#);
        assert_eq!(
            encode(&Value::string(&b"a\xe2\x80\xff"[..]), Escape::Html).unwrap(),
            r#""a\ufffd\ufffd\ufffd""#
        );
    }

    #[test]
    fn numbers_have_javascript_s_exponents() {
        for (f, want) in [
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (-0.0, "-0"),
            (1e-10, "1e-10"),
            (1.5, "1.5"),
        ] {
            assert_eq!(number(f).unwrap(), want);
        }
        assert_eq!(
            encode(&Value::Float(f64::NAN), Escape::Html).unwrap_err().message,
            "json: unsupported value: NaN"
        );
    }

    #[test]
    fn a_map_that_contains_itself_is_an_error() {
        let m = Map::new(MapType::Any);
        m.insert("self", Value::Map(m.clone()));
        let error = encode(&Value::Map(m.clone()), Escape::Html).unwrap_err();
        assert_eq!(error.message, "json: unsupported value: encountered a cycle via map[string]interface {}");
        m.remove("self");
    }

    #[test]
    fn indented_text_keeps_empty_collections_together() {
        let m = Map::new(MapType::Any);
        m.insert("a", Value::list(vec![Value::int(1), Value::list(vec![])]));
        m.insert("b", Value::Map(Map::new(MapType::Any)));
        let want = "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {}\n}";
        assert_eq!(encode_pretty(&Value::Map(m), "  ").unwrap(), want);
    }
}
