//! How Jinja values are written: strings as they are, none as `null`, lists and maps as flow YAML (JSON
//! with sorted keys), floats as Python writes them.

use std::fmt::Write;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, Output, State};

use super::convert::{self, BoundMethod, MAX_DEPTH};
use super::{fail, ops, undefined};
use crate::value::number;

/// The most bytes that the text of one value may have.
const MAX_TEXT: usize = 32 << 20;

/// minijinja's formatter: writes what `{{ value }}` prints.
pub(super) fn format(out: &mut Output, state: &mut State, value: &Jinja) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String => out.write_str(value.as_str().unwrap_or_default())?,
        ValueKind::Undefined => return Err(undefined()),
        _ => out.write_str(&ops::charge(state, text(value))?)?,
    }
    Ok(())
}

/// The text of a value, as `{{ value }}` prints it and as `~`, `string` and `join` use it.
pub(super) fn text(value: &Jinja) -> Result<String, Error> {
    let mut out = String::new();
    match value.kind() {
        ValueKind::Undefined => return Err(undefined()),
        ValueKind::Plain if let Some(method) = value.downcast_object_ref::<BoundMethod>() => {
            return Err(method.printed());
        }
        ValueKind::String => out.push_str(value.as_str().unwrap_or_default()),
        ValueKind::Bytes => out.push_str(&String::from_utf8_lossy(value.as_bytes().unwrap_or_default())),
        _ => Style::FLOW.write(&mut out, value, 0)?,
    }
    Ok(out)
}

/// The value as flow YAML; strings are quoted.
pub(super) fn flow(value: &Jinja) -> Result<String, Error> {
    let mut out = String::new();
    Style::FLOW.write(&mut out, value, 0)?;
    Ok(out)
}

/// The ways in which data is written as JSON.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Spaces of each level; none means one line.
    pub indent: Option<usize>,
    /// As Python's `json.dumps` with Jinja's escapes for HTML: what the filter `tojson` does.
    pub ascii: bool,
}

impl Style {
    const FLOW: Style = Style { indent: None, ascii: false };

    /// Writes a value.
    ///
    /// # Errors
    /// When it holds an undefined value or (under `tojson`) something that is not data, is nested too deep
    /// or too large.
    pub(super) fn write(self, out: &mut String, value: &Jinja, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(fail(format!(
                "data is nested deeper than {MAX_DEPTH} levels (does it contain itself?)"
            )));
        }
        if out.len() > MAX_TEXT {
            return Err(fail(format!("a text of more than {MAX_TEXT} bytes is over the limit")));
        }
        ops::work(1)?;
        match value.kind() {
            ValueKind::Undefined => return Err(undefined()),
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number if value.is_integer() => {
                let _ = write!(out, "{value}");
            }
            ValueKind::Number => out.push_str(&float(f64::try_from(value.clone()).unwrap_or(f64::NAN))),
            ValueKind::String => self.quote(out, value.as_str().unwrap_or_default()),
            ValueKind::Bytes => {
                self.quote(out, &String::from_utf8_lossy(value.as_bytes().unwrap_or_default()));
            }
            ValueKind::Seq | ValueKind::Iterable => {
                if value.kind() == ValueKind::Iterable && self.ascii && value.len().is_none() {
                    return Err(fail("a sequence that is made step by step is not data; use `list` first"));
                }
                let mut first = true;
                for item in value.try_iter()?.checked() {
                    self.open(out, '[', &mut first, depth);
                    self.write(out, &item?, depth + 1)?;
                }
                self.close(out, '[', ']', first, depth);
            }
            ValueKind::Map if convert::as_map(value).is_some() => {
                let Some(map) = convert::as_map(value) else { return Ok(()) };
                let mut first = true;
                for (key, item) in map.entries() {
                    self.open(out, '{', &mut first, depth);
                    self.quote(out, &key.to_text());
                    out.push_str(": ");
                    self.write(out, &convert::to_jinja(&item), depth + 1)?;
                }
                self.close(out, '{', '}', first, depth);
            }
            ValueKind::Map => {
                let mut entries = Vec::new();
                for key in value.try_iter()?.checked() {
                    let key = key?;
                    let name = text(&key)?;
                    entries.push((name, value.get_item(&key)?));
                }
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                let mut first = true;
                for (key, item) in entries {
                    self.open(out, '{', &mut first, depth);
                    self.quote(out, &key);
                    out.push_str(": ");
                    self.write(out, &item, depth + 1)?;
                }
                self.close(out, '{', '}', first, depth);
            }
            _ if self.ascii => return Err(fail(format!("{} is not data", describe(value)))),
            _ => {
                let _ = write!(out, "{value}");
            }
        }
        Ok(())
    }

    fn open(self, out: &mut String, bracket: char, first: &mut bool, depth: usize) {
        if *first {
            out.push(bracket);
        } else {
            out.push(',');
        }
        match self.indent {
            Some(width) => self.newline(out, width * (depth + 1)),
            None if !*first => out.push(' '),
            None => {}
        }
        *first = false;
    }

    fn close(self, out: &mut String, open: char, close: char, empty: bool, depth: usize) {
        if empty {
            out.push(open);
        } else if let Some(width) = self.indent {
            self.newline(out, width * depth);
        }
        out.push(close);
    }

    fn newline(self, out: &mut String, width: usize) {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', width.min(10_000)));
    }

    fn quote(self, out: &mut String, text: &str) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '<' | '>' | '&' | '\'' if self.ascii => unicode(out, c),
                c if (c as u32) < 0x20 => unicode(out, c),
                c if self.ascii && ((c as u32) > 0x7e) => unicode(out, c),
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn unicode(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// A float as Python's `repr` writes it.
pub(super) fn float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_string();
    }
    if f.is_infinite() {
        return if f > 0.0 { "Infinity" } else { "-Infinity" }.to_string();
    }
    let exponent = number::shortest(f).point - 1;
    if f != 0.0 && !(-4..16).contains(&exponent) {
        return number::format_e(f);
    }
    let mut out = number::format_f(f);
    if !out.contains('.') {
        out.push_str(".0");
    }
    out
}

/// What a value is, for messages.
pub(super) fn describe(value: &Jinja) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "an undefined value",
        ValueKind::None => "none",
        ValueKind::Bool => "a boolean",
        ValueKind::Number if value.is_integer() => "an integer",
        ValueKind::Number => "a float",
        ValueKind::String => "a string",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq if value.is_tuple() => "a tuple",
        ValueKind::Seq => "a list",
        ValueKind::Map => "a mapping",
        ValueKind::Iterable => "a sequence",
        _ => "a function or other object",
    }
}
