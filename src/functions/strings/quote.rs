//! Printing into quotes: `quote`, `squote`, `cat`.

use std::fmt::Write;

use super::FunctionResult;
use crate::functions::convert::{sprint, strval};
use crate::functions::{Env, unicode};
use crate::value::{Str, Value};

pub(super) fn quote(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for value in args.iter().filter(|v| !matches!(v, Value::Null)) {
        let text = strval(env, value)?;
        if !out.is_empty() {
            out.push(b' ');
        }
        go_quote(&text, &mut out);
        env.check_size("quote", out.len())?;
    }
    Ok(Value::String(out.into()))
}

pub(super) fn squote(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for value in args.iter().filter(|v| !matches!(v, Value::Null)) {
        let text = sprint(env, value)?;
        if !out.is_empty() {
            out.push(b' ');
        }
        out.push(b'\'');
        out.extend_from_slice(text.as_bytes());
        out.push(b'\'');
        env.check_size("squote", out.len())?;
    }
    Ok(Value::String(out.into()))
}

pub(super) fn cat(env: &Env, args: &[Value]) -> FunctionResult {
    let mut out = Vec::new();
    for (i, value) in args.iter().filter(|v| !matches!(v, Value::Null)).enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(sprint(env, value)?.as_bytes());
        env.check_size("cat", out.len())?;
    }
    Ok(Value::String(out.into()))
}

/// Writes a string as Go's `strconv.Quote` does.
pub(super) fn go_quote(s: &Str, out: &mut Vec<u8>) {
    let bytes = s.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    while !rest.is_empty() {
        // What needs no thought comes in runs.
        let plain = rest.iter().position(|b| !matches!(b, b' '..=b'~') || matches!(b, b'"' | b'\\'));
        let (run, tail) = rest.split_at_checked(plain.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        out.extend_from_slice(run);
        rest = tail;
        let Some(&first) = rest.first() else { break };
        let (c, n) = unicode::decode(rest);
        if c == '\u{FFFD}' && n == 1 {
            push_escape(out, 'x', u32::from(first), 2);
        } else {
            quote_char(c, out);
        }
        rest = rest.get(n..).unwrap_or_default();
    }
    out.push(b'"');
}

fn quote_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\x07' => out.extend_from_slice(b"\\a"),
        '\x08' => out.extend_from_slice(b"\\b"),
        '\x0c' => out.extend_from_slice(b"\\f"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\x0b' => out.extend_from_slice(b"\\v"),
        c if unicode::is_print(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        c if c.is_ascii() => push_escape(out, 'x', u32::from(c), 2),
        c if u32::from(c) < 0x10000 => push_escape(out, 'u', u32::from(c), 4),
        c => push_escape(out, 'U', u32::from(c), 8),
    }
}

fn push_escape(out: &mut Vec<u8>, kind: char, code: u32, digits: usize) {
    let mut text = String::with_capacity(10);
    let _ = write!(text, "\\{kind}{code:0digits$x}");
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_go_s() {
        let cases: &[(&[u8], &str)] = &[
            (b"plain", r#""plain""#),
            (b"a\"b\\c\n\t\x00\x7f", r#""a\"b\\c\n\t\x00\x7f""#),
            ("é日🎉".as_bytes(), "\"é日🎉\""),
            ("\u{200b}\u{feff}\u{a0}".as_bytes(), r#""\u200b\ufeff\u00a0""#),
            (b"\xff\xe2\x82", r#""\xff\xe2\x82""#),
            ("\u{fffd}\u{e0001}".as_bytes(), "\"\u{fffd}\\U000e0001\""),
        ];
        for (input, want) in cases {
            let mut out = Vec::new();
            go_quote(&Str::from_bytes(input), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), *want);
        }
    }
}
