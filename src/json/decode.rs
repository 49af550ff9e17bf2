//! From JSON to a value (`encoding/json`, `Unmarshal` into `interface{}` and its like).
//!
//! An explicit stack instead of recursion. Faults are Go's, which reads byte by byte: at the end of the text
//! it tries a space before it gives up.

use std::collections::BTreeMap;

use crate::value::{Map, MapType, Room, Str, Value, size};

use super::JsonError;

/// Levels; Go's bound.
const MAX_DEPTH: usize = 10_000;

/// Reads JSON as `json.Unmarshal` does into an `interface{}`: every number a `float64`, the last of equal
/// keys, U+FFFD for what is no UTF-8 or half a surrogate pair.
///
/// # Errors
/// With Go's message, for what is no JSON, nested more than 10,000 levels, or a number out of range. In the
/// last case the error holds the value without that number.
pub fn decode(text: &[u8]) -> Result<Value, JsonError> {
    decode_within(text, &mut Room::default())
}

/// As [`decode`], with this room for the value.
///
/// # Errors
/// As [`decode`], and when there is not enough room, which the room then [tells](Room::is_full).
pub fn decode_within(text: &[u8], room: &mut Room) -> Result<Value, JsonError> {
    let (value, fault) = Decoder { text, pos: 0, fault: None, room }.run()?;
    finish(value, fault)
}

/// Reads JSON into a `map[string]interface{}`; `null` gives [`Value::Null`], which is Go's nil map.
///
/// # Errors
/// As [`decode`], and when the value is of another type.
pub fn decode_map(text: &[u8]) -> Result<Value, JsonError> {
    decode_map_within(text, &mut Room::default())
}

/// As [`decode_map`], with this room for the value.
///
/// # Errors
/// As [`decode_map`] and [`decode_within`].
pub fn decode_map_within(text: &[u8], room: &mut Room) -> Result<Value, JsonError> {
    decode_as(text, room, "map[string]interface {}", |v| matches!(v, Value::Map(_)))
}

/// Reads JSON into a `[]interface{}`; `null` gives [`Value::Null`], which is Go's nil slice.
///
/// # Errors
/// As [`decode`], and when the value is of another type.
pub fn decode_list(text: &[u8]) -> Result<Value, JsonError> {
    decode_list_within(text, &mut Room::default())
}

/// As [`decode_list`], with this room for the value.
///
/// # Errors
/// As [`decode_list`] and [`decode_within`].
pub fn decode_list_within(text: &[u8], room: &mut Room) -> Result<Value, JsonError> {
    decode_as(text, room, "[]interface {}", |v| matches!(v, Value::List(_)))
}

fn decode_as(
    text: &[u8],
    room: &mut Room,
    target: &str,
    fits: fn(&Value) -> bool,
) -> Result<Value, JsonError> {
    let (value, fault) = Decoder { text, pos: 0, fault: None, room }.run()?;
    if fits(&value) || matches!(value, Value::Null) && fault.is_none() {
        return finish(value, fault);
    }
    Err(mismatch(&value, fault.as_ref().map(|_| "number"), target))
}

/// The fault of a value that does not fit the type of Go's target.
pub(crate) fn mismatch(value: &Value, name: Option<&str>, target: &str) -> JsonError {
    let name = name.unwrap_or(match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    });
    JsonError::new(format!("json: cannot unmarshal {name} into Go value of type {target}"), 0)
}

fn finish(value: Value, fault: Option<JsonError>) -> Result<Value, JsonError> {
    match fault {
        None => Ok(value),
        Some(fault) => Err(JsonError { partial: Some(value), ..fault }),
    }
}

struct Decoder<'a> {
    text: &'a [u8],
    pos: usize,
    /// The first number out of range.
    fault: Option<JsonError>,
    room: &'a mut Room,
}

enum Frame {
    List(Vec<Value>),
    Map(Vec<(Str, Value)>, Str),
}

type Decode<T> = Result<T, JsonError>;

impl Decoder<'_> {
    fn run(mut self) -> Decode<(Value, Option<JsonError>)> {
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            // A value begins here.
            let mut done = match self.token() {
                Some(b'[') => {
                    self.open(frames.len(), size::LIST)?;
                    if self.token() == Some(b']') {
                        self.pos += 1;
                        Value::list(Vec::new())
                    } else {
                        frames.push(Frame::List(Vec::new()));
                        continue;
                    }
                }
                Some(b'{') => {
                    self.open(frames.len(), size::of_map(1))?;
                    if self.token() == Some(b'}') {
                        self.pos += 1;
                        Value::Map(Map::new(MapType::Any))
                    } else {
                        let key = self.key()?;
                        frames.push(Frame::Map(Vec::new(), key));
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // It ends here; so may the collections around it.
            loop {
                let next = self.token();
                let Some(frame) = frames.last_mut() else {
                    return match next {
                        None => Ok((done, self.fault)),
                        Some(_) => Err(self.invalid("after top-level value")),
                    };
                };
                match frame {
                    Frame::List(items) => {
                        self.take(size::ITEM)?;
                        items.push(done);
                        match next {
                            Some(b',') => {
                                self.pos += 1;
                                break;
                            }
                            Some(b']') => done = Value::list(std::mem::take(items)),
                            _ => return Err(self.invalid("after array element")),
                        }
                    }
                    Frame::Map(entries, key) => {
                        self.take(size::ENTRY)?;
                        entries.push((std::mem::take(key), done));
                        match next {
                            Some(b',') => {
                                self.pos += 1;
                                *key = self.key()?;
                                break;
                            }
                            Some(b'}') => {
                                let entries = BTreeMap::from_iter(std::mem::take(entries));
                                done = Value::Map(Map::from_entries(MapType::Any, entries));
                            }
                            _ => return Err(self.invalid("after object key:value pair")),
                        }
                    }
                }
                self.pos += 1;
                frames.pop();
            }
        }
    }

    fn take(&mut self, bytes: usize) -> Decode<()> {
        self.room.take(bytes).ok_or_else(|| JsonError::new(self.room.message(), self.pos))
    }

    fn open(&mut self, depth: usize, bytes: usize) -> Decode<()> {
        self.take(bytes)?;
        if depth >= MAX_DEPTH {
            return Err(self.invalid("exceeded max depth"));
        }
        self.pos += 1;
        Ok(())
    }

    /// The first byte that is no blank, which stays.
    fn token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.text.get(self.pos) {
            self.pos += 1;
        }
        self.text.get(self.pos).copied()
    }

    /// Go's fault for the byte that stands here; at the end, for a space only where a space would be one.
    fn invalid(&self, context: &str) -> JsonError {
        match self.text.get(self.pos) {
            Some(byte) => self.invalid_byte(*byte, context),
            None => JsonError::new("unexpected end of JSON input", self.text.len()),
        }
    }

    /// As [`Decoder::invalid`] inside of a token, where the space that Go tries at the end does not fit.
    fn invalid_inside(&self, context: &str) -> JsonError {
        self.invalid_byte(self.text.get(self.pos).copied().unwrap_or(b' '), context)
    }

    fn invalid_byte(&self, byte: u8, context: &str) -> JsonError {
        let shown = match byte {
            b'\'' => "\\'".to_string(),
            b'\\' => "\\\\".to_string(),
            0x07 => "\\a".to_string(),
            0x08 => "\\b".to_string(),
            0x0C => "\\f".to_string(),
            b'\n' => "\\n".to_string(),
            b'\r' => "\\r".to_string(),
            b'\t' => "\\t".to_string(),
            0x0B => "\\v".to_string(),
            0..0x20 | 0x7F => format!("\\x{byte:02x}"),
            0x80..=0xA0 | 0xAD => format!("\\u{byte:04x}"),
            _ => char::from(byte).to_string(),
        };
        JsonError::new(format!("invalid character '{shown}' {context}"), self.pos)
    }

    fn key(&mut self) -> Decode<Str> {
        if self.token() != Some(b'"') {
            return Err(self.invalid("looking for beginning of object key string"));
        }
        let key = self.string()?;
        if self.token() != Some(b':') {
            return Err(self.invalid("after object key"));
        }
        self.pos += 1;
        Ok(key)
    }

    fn scalar(&mut self) -> Decode<Value> {
        match self.token() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(self.invalid("looking for beginning of value")),
        }
    }

    fn literal(&mut self, name: &str, value: Value) -> Decode<Value> {
        for byte in name.bytes() {
            if self.text.get(self.pos) != Some(&byte) {
                let context = format!("in literal {name} (expecting '{}')", char::from(byte));
                return Err(self.invalid_inside(&context));
            }
            self.pos += 1;
        }
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let start = self.pos;
        while self.text.get(self.pos).is_some_and(u8::is_ascii_digit) {
            self.pos += 1;
        }
        self.pos - start
    }

    fn number(&mut self) -> Decode<Value> {
        let start = self.pos;
        if self.text.get(self.pos) == Some(&b'-') {
            self.pos += 1;
        }
        if self.text.get(self.pos) == Some(&b'0') {
            self.pos += 1;
        } else if self.digits() == 0 {
            return Err(self.invalid_inside("in numeric literal"));
        }
        if self.text.get(self.pos) == Some(&b'.') {
            self.pos += 1;
            if self.digits() == 0 {
                return Err(self.invalid_inside("after decimal point in numeric literal"));
            }
        }
        if let Some(b'e' | b'E') = self.text.get(self.pos) {
            self.pos += 1;
            if let Some(b'+' | b'-') = self.text.get(self.pos) {
                self.pos += 1;
            }
            if self.digits() == 0 {
                return Err(self.invalid_inside("in exponent of numeric literal"));
            }
        }
        let text = self.text.get(start..self.pos).unwrap_or_default();
        let text = std::str::from_utf8(text).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(f) if f.is_finite() => Ok(Value::Float(f)),
            _ => {
                let message = format!("json: cannot unmarshal number {text} into Go value of type float64");
                let offset = self.pos;
                self.fault.get_or_insert_with(|| JsonError::new(message, offset));
                Ok(Value::Null)
            }
        }
    }

    fn string(&mut self) -> Decode<Str> {
        self.pos += 1;
        let start = self.pos;
        let rest = self.text.get(start..).unwrap_or_default();
        let len = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
        self.pos += len;
        if self.text.get(self.pos) == Some(&b'"') {
            self.take(size::of_text(len))?;
            let text = Str::from_bytes(rest.get(..len).unwrap_or_default());
            self.pos += 1;
            return Ok(if text.as_str().is_some() { text } else { text.to_text().into() });
        }
        let mut out = rest.get(..len).unwrap_or_default().to_vec();
        loop {
            match self.text.get(self.pos) {
                Some(b'"') => {
                    self.take(size::of_text(out.len()))?;
                    self.pos += 1;
                    let text = Str::from_bytes(out);
                    return Ok(if text.as_str().is_some() { text } else { text.to_text().into() });
                }
                Some(b'\\') => {
                    self.pos += 1;
                    self.escape(&mut out)?;
                }
                Some(0..0x20) => return Err(self.invalid_inside("in string literal")),
                Some(byte) => {
                    out.push(*byte);
                    self.pos += 1;
                }
                None => return Err(self.invalid("")),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Decode<()> {
        let byte = match self.text.get(self.pos) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.pos += 1;
                let c = self.code()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.invalid_inside("in string escape code")),
        };
        out.push(byte);
        self.pos += 1;
        Ok(())
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair.
    fn code(&mut self) -> Decode<char> {
        let first = self.hex()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        if first < 0xDC00 && self.text.get(self.pos..self.pos + 2) == Some(b"\\u") {
            let back = self.pos;
            self.pos += 2;
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let c = 0x1_0000 + ((first & 0x3FF) << 10 | second & 0x3FF);
                return Ok(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.pos = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Decode<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.text.get(self.pos).and_then(|b| char::from(*b).to_digit(16)) {
                Some(digit) => code = code << 4 | digit,
                None => return Err(self.invalid_inside("in \\u hexadecimal character escape")),
            }
            self.pos += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Escape, encode};
    use super::*;

    fn again(text: &str) -> String {
        encode(&decode(text.as_bytes()).unwrap(), Escape::None).unwrap()
    }

    fn message(text: &str) -> String {
        decode(text.as_bytes()).unwrap_err().message
    }

    #[test]
    fn json_is_read() {
        assert_eq!(
            again(r#" {"b":[1,2.50,[],{}],"a":"x","b":null , "c":-0} "#),
            r#"{"a":"x","b":null,"c":-0}"#
        );
        assert_eq!(again(r#""\ud83d\ude00\/\u00e9""#), "\"😀/é\"");
        assert_eq!(again(r#""\ud83dx\ude00\ud83d\ud83d\ude00""#), "\"\u{fffd}x\u{fffd}\u{fffd}😀\"");
    }

    #[test]
    fn faults_have_go_s_words() {
        for (text, want) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("1 2", "invalid character '2' after top-level value"),
            ("a: b", "invalid character 'a' looking for beginning of value"),
            ("tru", "invalid character ' ' in literal true (expecting 'e')"),
            ("nul]", "invalid character ']' in literal null (expecting 'l')"),
            ("-", "invalid character ' ' in numeric literal"),
            ("1.", "invalid character ' ' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("'", "invalid character '\\'' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("1e400", "json: cannot unmarshal number 1e400 into Go value of type float64"),
        ] {
            assert_eq!(message(text), want, "{text}");
        }
    }

    #[test]
    fn ten_thousand_levels_are_the_bound() {
        assert!(decode(&[b"[".repeat(10_000), b"]".repeat(10_000)].concat()).is_ok());
        assert_eq!(message(&"[".repeat(10_001)), "invalid character '[' exceeded max depth");
    }

    #[test]
    fn another_type_than_the_target_s_is_an_error() {
        let message = decode_map(b"[1]").unwrap_err().message;
        assert_eq!(message, "json: cannot unmarshal array into Go value of type map[string]interface {}");
        assert_eq!(
            decode_list(b"{}").unwrap_err().message,
            "json: cannot unmarshal object into Go value of type []interface {}"
        );
        assert!(matches!(decode_map(b"null"), Ok(Value::Null)));
    }

    #[test]
    fn a_number_out_of_range_leaves_the_rest() {
        let error = decode_map(br#"{"a":1,"b":1e400,"c":2}"#).unwrap_err();
        assert_eq!(encode(&error.partial.unwrap(), Escape::None).unwrap(), r#"{"a":1,"b":null,"c":2}"#);
    }
}
