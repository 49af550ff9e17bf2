//! Filters that write notations: JSON, URLs, HTML, Python.

use std::fmt::Write;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{bind, int, truth};
use super::super::convert::MAX_DEPTH;
use super::super::fail;
use super::super::methods;
use super::super::ops;
use super::super::output::{self, Style, describe, text};

pub(crate) fn tojson(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [indent] = bind("tojson", args, ["indent"], 0)?;
    let indent = match indent.filter(|i| !i.is_none()) {
        Some(indent) => Some(usize::try_from(int("tojson", Some(&indent), 0)?.clamp(0, 100)).unwrap_or(0)),
        None => None,
    };
    let mut out = String::new();
    Style { indent, ascii: true }.write(&mut out, value, 0)?;
    Ok(Jinja::from(out))
}

pub(crate) fn escape(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("escape", args, [], 0)?;
    Ok(if value.is_safe() { value.clone() } else { Jinja::from_safe_string(escaped(&text(value)?)) })
}

pub(crate) fn forceescape(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("forceescape", args, [], 0)?;
    Ok(Jinja::from_safe_string(escaped(&text(value)?)))
}

pub(crate) fn safe(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("safe", args, [], 0)?;
    Ok(Jinja::from_safe_string(text(value)?))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

pub(crate) fn striptags(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("striptags", args, [], 0)?;
    let text = text(value)?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        out.push_str(before);
        let end = if tag.starts_with("<!--") {
            tag.find("-->").map(|i| i + 3)
        } else {
            tag.find('>').map(|i| i + 1)
        };
        match end.and_then(|end| tag.get(end..)) {
            Some(after) => rest = after,
            None => {
                out.push_str(tag);
                rest = "";
            }
        }
    }
    out.push_str(rest);
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Jinja::from(unescaped(&joined)))
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let end = tail.bytes().take(11).position(|b| b == b';');
        let found = end.and_then(|end| {
            let name = tail.get(1..end)?;
            let c = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => '\u{a0}',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((c, end + 1))
        });
        let (c, skip) = found.unwrap_or(('&', 1));
        out.push(c);
        rest = tail.get(skip..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

pub(crate) fn xmlattr(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [autospace] = bind("xmlattr", args, ["autospace"], 0)?;
    let mut parts = Vec::new();
    if value.kind() != ValueKind::Map {
        return Err(fail(format!("`xmlattr` wants a mapping, not {}", describe(value))));
    }
    for (key, item) in methods::pairs(value)? {
        if item.is_none() || item.is_undefined() {
            continue;
        }
        let key = text(&key)?;
        if key.chars().any(|c| c.is_whitespace() || matches!(c, '/' | '>' | '=')) {
            return Err(fail(format!("{key:?} cannot be the name of an attribute")));
        }
        parts.push(format!("{}=\"{}\"", escaped(&key), escaped(&text(&item)?)));
    }
    let mut out = parts.join(" ");
    if !out.is_empty() && truth(autospace.as_ref(), true) {
        out.insert(0, ' ');
    }
    Ok(Jinja::from(out))
}

pub(crate) fn urlencode(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("urlencode", args, [], 0)?;
    let pairs = match value.kind() {
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => methods::pairs(value)?,
        _ => return Ok(Jinja::from(quoted(&text(value)?, false))),
    };
    let mut parts = Vec::new();
    for (key, item) in pairs {
        parts.push(format!("{}={}", quoted(&text(&key)?, true), quoted(&text(&item)?, true)));
    }
    Ok(Jinja::from(parts.join("&")))
}

fn quoted(text: &str, query: bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(b as char),
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

pub(crate) fn pprint(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("pprint", args, [], 0)?;
    Ok(Jinja::from(repr(value)?))
}

/// A value as Python's `repr` writes it.
pub(super) fn repr(value: &Jinja) -> Result<String, Error> {
    let mut out = String::new();
    write_repr(&mut out, value, 0)?;
    Ok(out)
}

fn write_repr(out: &mut String, value: &Jinja, depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH || out.len() > ops::MAX_SIZE {
        return Err(fail("data is nested too deep or too large to print (does it contain itself?)"));
    }
    ops::work(1)?;
    match value.kind() {
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String => quote(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            let (open, close) = if value.is_tuple() { ('(', ')') } else { ('[', ']') };
            out.push(open);
            let items = ops::items(value)?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_repr(out, item, depth + 1)?;
            }
            if value.is_tuple() && items.len() == 1 {
                out.push(',');
            }
            out.push(close);
        }
        ValueKind::Map => {
            out.push('{');
            for (i, (key, item)) in methods::pairs(value)?.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_repr(out, key, depth + 1)?;
                out.push_str(": ");
                write_repr(out, item, depth + 1)?;
            }
            out.push('}');
        }
        _ => out.push_str(&output::text(value)?),
    }
    Ok(())
}

fn quote(out: &mut String, text: &str) {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(mark);
}
