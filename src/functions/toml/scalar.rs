//! The values of TOML's scalars (`BurntSushi/toml` `parse.go`).

use super::lexer::{Bad, Scalar, ScalarKind};
use crate::functions::dates::{self, Zone};
use crate::value::{Str, Value, print};

impl Scalar<'_> {
    fn fail<T>(&self, message: String) -> Result<T, Bad> {
        Err(Bad { line: self.line, message })
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(self.text).into_owned()
    }

    /// The value.
    pub(super) fn value(&self) -> Result<Value, Bad> {
        match self.kind {
            ScalarKind::Integer => self.integer(),
            ScalarKind::Float => self.float(),
            ScalarKind::Bool => Ok(Value::Bool(self.text == b"true")),
            ScalarKind::Datetime => self.datetime(),
            _ => self.string().map(Value::String),
        }
    }

    /// The text that a string or a part of a key stands for.
    pub(super) fn string(&self) -> Result<Str, Bad> {
        let lines = strip_first_newline(self.text);
        match self.kind {
            ScalarKind::Escaped => self.unescape(self.text),
            ScalarKind::EscapedLines => self.unescape(&strip_escaped_newlines(lines)),
            ScalarKind::RawLines => Ok(Str::from_bytes(lines)),
            _ => Ok(Str::from_bytes(self.text)),
        }
    }

    fn unescape(&self, text: &[u8]) -> Result<Str, Bad> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&b, after)) = rest.split_first() {
            rest = after;
            if b != b'\\' {
                out.push(b);
                continue;
            }
            let Some((&escape, after)) = rest.split_first() else { break };
            rest = after;
            let digits = match escape {
                b'b' => 0x08,
                b't' => b'\t',
                b'n' => b'\n',
                b'f' => 0x0c,
                b'r' => b'\r',
                b'e' => 0x1b,
                b'"' | b'\\' => escape,
                b'x' | b'u' | b'U' => 0,
                other => return self.fail(format!("invalid escape: '\\{}'", char::from(other))),
            };
            if digits != 0 {
                out.push(digits);
                continue;
            }
            let count = if escape == b'x' {
                2
            } else if escape == b'u' {
                4
            } else {
                8
            };
            let (hex, after) = rest.split_at_checked(count).unwrap_or((rest, b""));
            rest = after;
            let hex = String::from_utf8_lossy(hex);
            match u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => return self.fail(format!("Escaped character '\\u{hex}' is not valid UTF-8.")),
            }
        }
        Ok(Str::from(out))
    }

    fn integer(&self) -> Result<Value, Bad> {
        let text = self.shown();
        let quoted = print::quote(self.text);
        if !underscores_ok(&text) {
            return self.fail(format!("Invalid integer {quoted}: underscores must be surrounded by digits"));
        }
        if has_leading_zero(&text) {
            return self.fail(format!("Invalid integer {quoted}: cannot have leading zeroes"));
        }
        let digits = text.replace('_', "");
        let number = match digits.get(..2) {
            Some("0x") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 16),
            Some("0o") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 8),
            Some("0b") => i64::from_str_radix(digits.get(2..).unwrap_or_default(), 2),
            _ => digits.parse(),
        };
        number.map(Value::int64).or_else(|_| self.fail(format!("{text} is out of range for int64")))
    }

    fn float(&self) -> Result<Value, Bad> {
        let text = self.shown();
        let mut parts = text.split(['.', 'e', 'E']).filter(|p| !p.is_empty()).peekable();
        let first = parts.peek().copied().unwrap_or_default();
        let wrong = |what: &str| self.fail(format!("Invalid float {}: {what}", print::quote(self.text)));
        if !parts.all(underscores_ok) {
            return wrong("underscores must be surrounded by digits");
        }
        if has_leading_zero(first) {
            return wrong("cannot have leading zeroes");
        }
        let after_point = |w: &str| w.starts_with(|c: char| c.is_ascii_digit());
        if !text.split('.').skip(1).all(after_point) {
            return wrong("'.' must be followed by one or more digits");
        }
        let number = match text.replace('_', "").as_str() {
            "nan" | "+nan" => f64::NAN,
            "-nan" => -f64::NAN,
            digits => match digits.parse::<f64>() {
                Ok(f) if f.is_infinite() && !digits.ends_with("inf") => {
                    return self.fail(format!("{text} is out of range for float64"));
                }
                Ok(f) => f,
                Err(_) => return self.fail(format!("Invalid float value: {}", print::quote(self.text))),
            },
        };
        Ok(Value::Float(number))
    }

    fn datetime(&self) -> Result<Value, Bad> {
        const LAYOUTS: [(&str, &str); 7] = [
            ("2006-01-02T15:04:05.999999999Z07:00", ""),
            ("2006-01-02T15:04:05.999999999", "datetime-local"),
            ("2006-01-02", "date-local"),
            ("15:04:05.999999999", "time-local"),
            ("2006-01-02T15:04Z07:00", ""),
            ("2006-01-02T15:04", "datetime-local"),
            ("15:04", "time-local"),
        ];
        let text = self.shown().replace('z', "Z").replace(['t', ' '], "T");
        for (layout, zone) in LAYOUTS {
            let Ok(time) = dates::parse(layout.as_bytes(), text.as_bytes()) else { continue };
            if missing_leading_zero(&text, layout) {
                break;
            }
            let zone = if zone.is_empty() { time.zone.clone() } else { Zone::Fixed(zone.into(), 0) };
            return Ok(time.in_zone(zone).into());
        }
        self.fail(format!("invalid datetime: {}", print::quote(text.as_bytes())))
    }
}

/// Go reads `1:2` where TOML wants `01:02`; then the separators are not where the layout has them.
fn missing_leading_zero(text: &str, layout: &str) -> bool {
    for (i, c) in layout.bytes().enumerate() {
        if matches!(c, b'.' | b'Z') {
            return false;
        }
        if !c.is_ascii_digit() && text.as_bytes().get(i) != Some(&c) {
            return true;
        }
    }
    false
}

fn underscores_ok(text: &str) -> bool {
    if matches!(text, "nan" | "+nan" | "-nan" | "inf" | "-inf" | "+inf") {
        return true;
    }
    let mut digit = false;
    for c in text.chars() {
        if c == '_' && !digit {
            return false;
        }
        digit = c.is_ascii_hexdigit();
    }
    digit
}

fn has_leading_zero(text: &str) -> bool {
    match text.as_bytes() {
        [b'0', next, ..] => !matches!(next, b'b' | b'o' | b'x'),
        [b'-' | b'+', b'0', _, ..] => true,
        _ => false,
    }
}

fn strip_first_newline(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n")).unwrap_or(text)
}

/// Drops each backslash at the end of a line, with the white space up to the next other character.
fn strip_escaped_newlines(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let space = from.iter().skip(1).take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
        let (gap, after) = from.split_at_checked(1 + space).unwrap_or((from, b""));
        if gap.contains(&b'\n') {
            rest = after;
            continue;
        }
        // Any other escape, an escaped backslash above all, is kept whole.
        let (kept, after) = from.split_at_checked(2).unwrap_or((from, b""));
        out.extend_from_slice(kept);
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}
