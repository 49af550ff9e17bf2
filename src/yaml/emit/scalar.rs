//! How scalars are written (go-yaml's `emitterc.go`).

use std::borrow::Cow;

use crate::json;
use crate::value::Str;

use super::super::base64;
use super::super::node::{Document, NodeKind};
use super::style::{Style, break_len, char_len, chomping, has_break, is_printable, style};
use super::{EmitError, Version};

/// Version 2 breaks lines at the first space behind this column.
const BEST_WIDTH: usize = 80;
/// Bytes of a key that needs no `?`.
const MAX_SIMPLE_KEY: usize = 128;
/// Characters of a key, as JSON writes it, that go-yaml reads back.
const MAX_JSON_KEY: usize = 1024;

/// The text written so far.
pub(super) struct Writer {
    out: Vec<u8>,
    /// In characters.
    column: usize,
    /// Whether the line holds only indentation and indicators.
    fresh: bool,
    pub version: Version,
}

impl Writer {
    pub fn new(version: Version) -> Writer {
        Writer { out: Vec::with_capacity(256), column: 0, fresh: true, version }
    }

    pub fn finish(mut self) -> Result<String, EmitError> {
        if self.column > 0 {
            self.out.push(b'\n');
        }
        String::from_utf8(self.out).map_err(|_| EmitError::yaml("output is not UTF-8"))
    }

    // --- lines ---

    fn break_line(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        self.fresh = true;
    }

    /// Writes spaces up to a column.
    pub fn pad(&mut self, column: usize) {
        let missing = column.saturating_sub(self.column);
        self.out.resize(self.out.len() + missing, b' ');
        self.column += missing;
        self.fresh = true;
    }

    /// Goes to a column of a line that holds nothing else yet.
    pub fn start_line(&mut self, indent: usize) {
        if !self.fresh {
            self.break_line();
        }
        self.pad(indent);
    }

    /// Writes ASCII text as it is.
    pub fn raw(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.column += text.len();
        self.fresh = false;
    }

    /// Writes a space if something stands before on the line.
    fn separate(&mut self) {
        if self.column > 0 && !self.fresh {
            self.raw(b" ");
        }
    }

    /// Writes ASCII text, apart from what stands before.
    pub fn word(&mut self, text: &[u8]) {
        self.separate();
        self.raw(text);
    }

    /// Writes text without line breaks.
    fn text(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.column += match text.is_ascii() {
            true => text.len(),
            false => text.iter().filter(|b| **b & 0xC0 != 0x80).count(),
        };
        self.fresh = false;
    }

    // --- strings ---

    /// Writes a string as a value; `indent` is for the lines behind the first.
    pub fn string(&mut self, text: &Str, indent: usize) -> Result<(), EmitError> {
        match (self.version, text.as_str()) {
            (Version::V3, None) => {
                let encoded = base64::encode_lines(text.as_bytes());
                self.word(b"!!binary");
                let style = if encoded.contains('\n') { Style::Literal } else { Style::Plain };
                self.write(encoded.as_bytes(), style, indent, true);
            }
            (Version::V3, Some(s)) => self.write_styled(s.as_bytes(), indent, true),
            (Version::V2, _) => {
                let text = text.to_text();
                let text = through_json(&text, false)?;
                self.write_styled(text.as_bytes(), indent, true);
            }
        }
        Ok(())
    }

    /// Writes a key; tells whether it is a simple one, which `:` may follow on the line.
    pub fn key(&mut self, key: &Str, indent: usize) -> Result<bool, EmitError> {
        let text;
        let (bytes, length): (&[u8], usize) = match (self.version, key.as_str()) {
            (Version::V3, None) => {
                let encoded = base64::encode_lines(key.as_bytes());
                if encoded.contains('\n') || encoded.len() + "!!binary".len() > MAX_SIMPLE_KEY {
                    self.raw(b"?");
                    self.string(key, indent + 2)?;
                    return Ok(false);
                }
                self.word(b"!!binary");
                self.write(encoded.as_bytes(), Style::Plain, indent, false);
                return Ok(true);
            }
            (Version::V3, Some(s)) => (s.as_bytes(), s.len()),
            (Version::V2, _) => {
                text = key.to_text();
                through_json(&text, true)?;
                (text.as_bytes(), text.len())
            }
        };
        if length > MAX_SIMPLE_KEY || has_break(bytes) {
            self.raw(b"?");
            self.write_styled(bytes, indent + 2, true);
            return Ok(false);
        }
        self.write_styled(bytes, indent, false);
        Ok(true)
    }

    fn write_styled(&mut self, text: &[u8], indent: usize, may_fold: bool) {
        let style = style(text, self.version);
        self.write(text, style, indent, may_fold);
    }

    fn write(&mut self, text: &[u8], style: Style, indent: usize, may_fold: bool) {
        self.separate();
        let fold = may_fold && self.version == Version::V2;
        match style {
            Style::Plain if fold && self.column + text.len() > BEST_WIDTH => {
                self.write_folded(text, indent, false)
            }
            Style::Plain => self.text(text),
            Style::Single => {
                self.raw(b"'");
                self.write_single(text, indent, fold);
                self.raw(b"'");
            }
            Style::Double => {
                self.raw(b"\"");
                self.write_double(text, indent, fold);
                self.raw(b"\"");
            }
            Style::Literal => self.write_literal(text, indent),
        }
    }

    /// Breaks the line at a space. The space is not written.
    fn fold(&mut self, indent: usize) {
        self.break_line();
        self.pad(indent);
        self.fresh = false;
    }

    /// Plain text, or a stretch of single-quoted text where neither end is the end of the whole.
    fn write_folded(&mut self, text: &[u8], indent: usize, quoted: bool) {
        let mut after_space = false;
        let mut start = 0;
        for at in memchr::memchr_iter(b' ', text).chain([text.len()]) {
            if at > start {
                self.text(text.get(start..at).unwrap_or_default());
                after_space = false;
            }
            start = at + 1;
            let Some(next) = text.get(at + 1) else {
                if at < text.len() {
                    self.raw(b" ");
                }
                return;
            };
            let inner = !quoted || at > 0;
            if inner && !after_space && self.column > BEST_WIDTH && *next != b' ' {
                self.fold(indent);
            } else {
                self.raw(b" ");
            }
            after_space = true;
        }
    }

    fn write_single(&mut self, text: &[u8], indent: usize, fold: bool) {
        let plain = !text.iter().any(|b| matches!(b, b'\'' | 0xE2));
        if plain && fold {
            return self.write_folded(text, indent, true);
        }
        if plain {
            return self.text(text);
        }
        let mut after_space = false;
        let mut after_break = false;
        let mut i = 0;
        while let Some(&byte) = text.get(i) {
            let len = break_len(text, i);
            if byte == b' ' {
                let next = text.get(i + 1);
                let inner = i > 0 && next.is_some_and(|b| *b != b' ');
                if fold && inner && !after_space && self.column > BEST_WIDTH {
                    self.fold(indent);
                } else {
                    self.raw(b" ");
                }
                after_space = true;
                i += 1;
            } else if len > 0 {
                // Only U+2028 and U+2029 come here. They are written as they are and begin a line.
                self.out.extend_from_slice(text.get(i..i + len).unwrap_or_default());
                self.column = 0;
                after_break = true;
                i += len;
            } else {
                if after_break {
                    self.pad(indent);
                }
                if byte == b'\'' {
                    self.raw(b"'");
                }
                let len = char_len(byte);
                self.text(text.get(i..i + len).unwrap_or_default());
                after_space = false;
                after_break = false;
                i += len;
            }
        }
    }

    fn write_double(&mut self, text: &[u8], indent: usize, fold: bool) {
        // go-yaml asks whether the text, not the character, is a byte order mark.
        let escape_all = text.starts_with("\u{FEFF}".as_bytes());
        let mut after_space = false;
        let mut i = 0;
        while let Some(&byte) = text.get(i) {
            let len = char_len(byte);
            let whole = text.get(i..i + len).unwrap_or_default();
            if escape_all || matches!(byte, b'"' | b'\\') || !is_printable(text, i) || break_len(text, i) > 0
            {
                self.write_escape(whole);
                after_space = false;
            } else if byte == b' ' {
                let inner = i > 0 && i + 1 < text.len();
                if fold && inner && !after_space && self.column > BEST_WIDTH {
                    self.fold(indent);
                    if text.get(i + 1) == Some(&b' ') {
                        self.raw(b"\\");
                    }
                } else {
                    self.raw(b" ");
                }
                after_space = true;
            } else {
                self.text(whole);
                after_space = false;
            }
            i += len;
        }
    }

    fn write_escape(&mut self, text: &[u8]) {
        let Some(c) = std::str::from_utf8(text).ok().and_then(|s| s.chars().next()) else { return };
        let short: &[u8] = match c {
            '\0' => b"\\0",
            '\x07' => b"\\a",
            '\x08' => b"\\b",
            '\t' => b"\\t",
            '\n' => b"\\n",
            '\x0B' => b"\\v",
            '\x0C' => b"\\f",
            '\r' => b"\\r",
            '\x1B' => b"\\e",
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\u{85}' => b"\\N",
            '\u{A0}' => b"\\_",
            '\u{2028}' => b"\\L",
            '\u{2029}' => b"\\P",
            _ => {
                let code = u32::from(c);
                let escape = match code {
                    0..=0xFF => format!("\\x{code:02X}"),
                    0x100..=0xFFFF => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.raw(escape.as_bytes());
            }
        };
        self.raw(short);
    }

    fn write_literal(&mut self, text: &[u8], indent: usize) {
        self.raw(b"|");
        if text.first() == Some(&b' ') || break_len(text, 0) > 0 {
            self.raw(b"2");
        }
        self.raw(chomping(text));
        self.break_line();
        let mut i = 0;
        while i < text.len() {
            let end = text
                .get(i..)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .find(|(n, b)| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2) && break_len(text, i + n) > 0)
                .map_or(text.len(), |(n, _)| i + n);
            if end > i {
                self.pad(indent);
                self.text(text.get(i..end).unwrap_or_default());
            }
            i = end;
            match break_len(text, i) {
                0 => {}
                1 => {
                    self.break_line();
                    i += 1;
                }
                len => {
                    self.out.extend_from_slice(text.get(i..i + len).unwrap_or_default());
                    self.column = 0;
                    self.fresh = true;
                    i += len;
                }
            }
        }
    }
}

/// What a string becomes that is written as JSON and read by go-yaml v2.
fn through_json(text: &str, is_key: bool) -> Result<Cow<'_, str>, EmitError> {
    let bytes = text.as_bytes();
    let mut next_line = false;
    for at in memchr::memchr3_iter(0x7F, 0xC2, 0xEF, bytes) {
        match bytes.get(at..) {
            Some([0x7F, ..]) => return Err(EmitError::yaml("control characters are not allowed")),
            Some([0xC2, 0x85, ..]) => next_line = true,
            Some([0xC2, 0x80..=0x9F, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..]) => {
                return Err(EmitError::yaml("control characters are not allowed"));
            }
            _ => {}
        }
    }
    if is_key && (next_line || text.len() > MAX_JSON_KEY / 6) {
        let mut quoted = String::new();
        json::write_string(&mut quoted, text, json::Escape::Html);
        // A key may not go over a line, nor be too long to be known for one when its colon comes.
        if next_line || quoted.chars().count() > MAX_JSON_KEY {
            let line = text.matches('\u{85}').count();
            let place = if line > 0 { format!("line {line}: ") } else { String::new() };
            return Err(EmitError::yaml(&format!("{place}did not find expected ',' or '}}'")));
        }
    }
    if !next_line {
        return Ok(Cow::Borrowed(text));
    }
    // U+0085 is a line break to YAML, so it is folded as one.
    let mut quoted = String::new();
    json::write_string(&mut quoted, text, json::Escape::Html);
    let document = Document::first(quoted.as_bytes(), None).map_err(|f| EmitError::yaml(&f.problem))?;
    match document.nodes.first().map(|n| &n.kind) {
        Some(NodeKind::Scalar { value, .. }) => Ok(Cow::Owned(String::from_utf8_lossy(value).into_owned())),
        _ => Ok(Cow::Borrowed(text)),
    }
}
