//! Scalars: which style a text gets, and how it is written (go-yaml's `encode.go`, `stringv`, and
//! `emitterc.go`).

use std::borrow::Cow;

use crate::json;
use crate::value::Str;

use super::super::base64;
use super::super::node::{Document, NodeKind};
use super::super::resolve::{Scalar, is_timestamp, resolve};
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

#[derive(Clone, Copy, Debug, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
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
        self.column += text.iter().filter(|b| **b & 0xC0 != 0x80).count();
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

// --- styles ---

fn style(text: &[u8], version: Version) -> Style {
    if memchr::memchr(b'\n', text).is_some() {
        return if Analysis::of(text, version).literal { Style::Literal } else { Style::Double };
    }
    if !reads_back_as_string(text, version) {
        return Style::Double;
    }
    if is_simply_plain(text) {
        return Style::Plain;
    }
    let analysis = Analysis::of(text, version);
    match analysis {
        Analysis { plain: true, .. } => Style::Plain,
        Analysis { single: true, .. } => Style::Single,
        _ => Style::Double,
    }
}

/// Whether a plain text is a string to a reader of YAML 1.1.
fn reads_back_as_string(text: &[u8], version: Version) -> bool {
    if resolve(text) != Scalar::Str || is_timestamp(text) || is_base60(text) {
        return false;
    }
    // Version 3 takes `0o-7` for a number.
    version == Version::V2
        || !matches!(text, [b'0', b'o', b'+' | b'-', digits @ ..] if !digits.is_empty()
            && digits.iter().all(|d| (b'0'..=b'7').contains(d)))
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
fn is_base60(text: &[u8]) -> bool {
    let rest = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    if !rest.first().is_some_and(u8::is_ascii_digit) || memchr::memchr(b':', rest).is_none() {
        return false;
    }
    let (numbers, fraction) = match memchr::memchr(b'.', rest).and_then(|at| rest.split_at_checked(at)) {
        Some((numbers, fraction)) => (numbers, fraction.get(1..).unwrap_or_default()),
        None => (rest, &[][..]),
    };
    let digit_or_underscore = |b: &u8| b.is_ascii_digit() || *b == b'_';
    let mut parts = numbers.split(|b| *b == b':');
    parts.next().is_some_and(|first| first.iter().all(digit_or_underscore))
        && parts.all(|part| matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
        && fraction.iter().all(digit_or_underscore)
}

/// The common case: printable ASCII, nothing that means anything to YAML.
fn is_simply_plain(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return false };
    (first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_' | b'$' | b'('))
        && *last != b' '
        && text.iter().all(|b| (0x20..0x7F).contains(b) && *b != b':' && *b != b'#')
}

/// Which styles can hold a text.
struct Analysis {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Analysis {
    fn of(text: &[u8], version: Version) -> Analysis {
        let mut indicators = text.starts_with(b"---") || text.starts_with(b"...");
        let mut special = false;
        let mut tabs = false;
        let mut breaks = false;
        let mut break_then_space = false;
        let mut space_then_break = false;
        let mut after_space = false;
        let mut after_break = false;
        let mut after_blank = true;
        let mut i = 0;
        while let Some(&byte) = text.get(i) {
            let len = char_len(byte);
            let before_blank = text.get(i + len).is_none_or(|b| matches!(b, b' ' | b'\t'));
            indicators |= match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%'
                | b'@' | b'`' => i == 0,
                b'#' => after_blank,
                b':' => before_blank,
                b'?' | b'-' => i == 0 && before_blank,
                _ => false,
            };
            if byte == b'\t' && version == Version::V3 {
                tabs = true;
            } else if !is_printable(text, i) {
                special = true;
            }
            let is_break = break_len(text, i) > 0;
            if byte == b' ' {
                break_then_space |= after_break;
            } else if is_break {
                breaks = true;
                space_then_break |= after_space;
            }
            after_space = byte == b' ';
            after_break = is_break;
            after_blank = is_break || matches!(byte, b' ' | b'\t' | 0);
            i += len;
        }
        let edges = text.first() == Some(&b' ') || after_space || breaks;
        let quotable = !break_then_space && !space_then_break && !special && !tabs;
        Analysis {
            plain: quotable && !edges && !indicators,
            single: quotable,
            literal: !text.is_empty() && !after_space && !space_then_break && !special,
        }
    }
}

/// What stands behind `|` for the breaks at the end of a text.
fn chomping(text: &[u8]) -> &'static [u8] {
    let last = last_char(text);
    if break_len(text, last) == 0 {
        return b"-";
    }
    let before = text.get(..last).unwrap_or_default();
    if before.is_empty() || break_len(text, last_char(before)) > 0 { b"+" } else { b"" }
}

/// Where the last character begins.
fn last_char(text: &[u8]) -> usize {
    text.iter().rposition(|b| *b & 0xC0 != 0x80).unwrap_or(0)
}

fn has_break(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(i, b)| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2) && break_len(text, i) > 0)
}

/// The length of the line break at a position, 0 if there is none. CR and LF count apart here.
fn break_len(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'\n' | b'\r', ..]) => 1,
        Some([0xC2, 0x85, ..]) => 2,
        Some([0xE2, 0x80, 0xA8 | 0xA9, ..]) => 3,
        _ => 0,
    }
}

fn char_len(lead: u8) -> usize {
    match lead {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

/// What go-yaml writes without an escape: no control characters (nor tab), no characters of four bytes.
fn is_printable(text: &[u8], at: usize) -> bool {
    match text.get(at..) {
        Some([b'\n' | 0x20..=0x7E, ..]) => true,
        Some([0xC2, next, ..]) => *next >= 0xA0,
        Some([0xC3..=0xEC | 0xEE, ..]) => true,
        Some([0xED, next, ..]) => *next < 0xA0,
        Some([0xEF, 0xBB, 0xBF, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..]) => false,
        Some([0xEF, ..]) => true,
        _ => false,
    }
}
