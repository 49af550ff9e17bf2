//! Scalars: plain, quoted, literal and folded.

use std::borrow::Cow;

use super::super::token::Style;
use super::{Mark, Scan, Scanner, TokenKind};

/// The line breaks between two pieces of a plain or quoted scalar.
#[derive(Default)]
struct Fold {
    /// Whether a break was met; blanks no longer count then.
    broken: bool,
    /// The first break, as YAML means it.
    first: Vec<u8>,
    /// The other breaks.
    others: Vec<u8>,
}

impl Fold {
    /// Writes what the breaks stand for: one alone is a space, further ones are kept. LS and PS stay.
    fn join(&mut self, out: &mut Vec<u8>) {
        if self.first.first() == Some(&b'\n') {
            if self.others.is_empty() {
                out.push(b' ');
            }
        } else {
            out.extend_from_slice(&self.first);
        }
        out.extend_from_slice(&self.others);
        self.first.clear();
        self.others.clear();
        self.broken = false;
    }
}

/// Where the fast reader goes on.
pub(crate) struct Cursor {
    pub pos: usize,
    pub line_start: usize,
}

#[derive(PartialEq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

impl<'a> Scanner<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    fn push_scalar(&mut self, value: Cow<'a, [u8]>, style: Style, start: Mark, end: Mark) {
        self.push(TokenKind::Scalar { value, style }, start);
        if let Some(token) = self.queue.back_mut() {
            token.end = end;
        }
    }

    // --- for the fast reader, which has its own cursor ---

    /// Reads the scalar that begins at `pos` in a block collection at column `indent`; gives its text and
    /// where the cursor stands then. `line_start` is where its line begins.
    pub(crate) fn scalar_at(
        &mut self,
        pos: usize,
        line_start: usize,
        indent: usize,
    ) -> Option<(Cow<'a, [u8]>, Cursor)> {
        self.pos = pos;
        self.line_start = line_start;
        self.indent = indent as isize;
        let value = match self.at(pos) {
            b'\'' | b'"' => self.scan_any_quoted().ok()?,
            b'|' | b'>' => Cow::Owned(self.scan_block_scalar().ok()?.0),
            _ => self.scan_plain().ok()?.0,
        };
        Some((value, Cursor { pos: self.pos, line_start: self.line_start }))
    }

    /// Takes blanks and breaks between the pieces of a scalar. Behind a break, a tab that stands left of
    /// `indent` is a fault.
    fn take_gap(&mut self, fold: &mut Fold, indent: isize, start: Mark) -> Scan {
        loop {
            if self.at(self.pos) == b'\t' && fold.broken && (self.column() as isize) < indent {
                return Err(self.fault("found a tab character that violates indentation", start));
            }
            if self.is_blank(self.pos) {
                self.pos += 1;
                continue;
            }
            let len = self.break_len(self.pos);
            if len == 0 {
                return Ok(());
            }
            let out = if fold.broken { &mut fold.others } else { &mut fold.first };
            self.read_break(len, out);
            fold.broken = true;
        }
    }

    // --- plain ---

    pub(super) fn fetch_plain(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let (value, end, broken) = self.scan_plain()?;
        self.push_scalar(value, Style::Plain, start, end);
        if broken {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// Gives the scalar, where it ends, and whether line breaks behind it were taken.
    fn scan_plain(&mut self) -> Scan<(Cow<'a, [u8]>, Mark, bool)> {
        let start = self.mark();
        let mut end = start;
        let indent = self.indent + 1;
        let in_flow = self.flow_level > 0;
        let mut owned: Option<Vec<u8>> = None;
        let mut fold = Fold::default();
        loop {
            if self.column() == 0 && self.at_document_indicator() || self.at(self.pos) == b'#' {
                break;
            }
            let piece = self.pos;
            self.skip_plain_piece(in_flow);
            if self.pos > piece {
                if fold.broken {
                    let mut out =
                        owned.take().unwrap_or_else(|| self.slice(start.offset, end.offset).to_vec());
                    fold.join(&mut out);
                    out.extend_from_slice(self.slice(piece, self.pos));
                    owned = Some(out);
                } else if let Some(out) = &mut owned {
                    out.extend_from_slice(self.slice(end.offset, self.pos));
                }
                end = self.mark();
            }
            if !self.is_blank(self.pos) && self.break_len(self.pos) == 0 {
                break;
            }
            self.take_gap(&mut fold, indent, start)?;
            if !in_flow && (self.column() as isize) < indent {
                break;
            }
        }
        let value = match owned {
            Some(out) => Cow::Owned(out),
            None => Cow::Borrowed(self.slice(start.offset, end.offset)),
        };
        Ok((value, end, fold.broken))
    }

    /// Goes to the end of a piece of a plain scalar without blanks.
    fn skip_plain_piece(&mut self, in_flow: bool) {
        loop {
            match self.at(self.pos) {
                0 | b' ' | b'\t' | b'\n' | b'\r' => return,
                0xC2 | 0xE2 if self.break_len(self.pos) > 0 => return,
                b':' if self.is_blankz(self.pos + 1) => return,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if in_flow => return,
                _ => self.pos += 1,
            }
        }
    }

    // --- quoted ---

    pub(super) fn fetch_quoted(&mut self) -> Scan {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let value = self.scan_any_quoted()?;
        let end = self.mark();
        self.push_scalar(value, Style::Quoted, start, end);
        Ok(())
    }

    fn scan_any_quoted(&mut self) -> Scan<Cow<'a, [u8]>> {
        let start = self.mark();
        let quote = self.at(self.pos);
        self.pos += 1;
        let value = match self.simple_quoted(quote) {
            Some(value) => {
                self.pos += value.len();
                Cow::Borrowed(value)
            }
            None => Cow::Owned(self.scan_quoted(quote, start)?),
        };
        self.pos += 1;
        Ok(value)
    }

    /// What is between the quotes, if it stands for itself: one line, nothing escaped.
    fn simple_quoted(&self, quote: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let len = memchr::memchr3(quote, b'\n', b'\\', rest)?;
        if *rest.get(len)? != quote {
            // A backslash says nothing in single quotes, but is rare enough for the slow way.
            return None;
        }
        if quote == b'\'' && rest.get(len + 1) == Some(&b'\'') {
            return None;
        }
        let value = rest.get(..len)?;
        let mut special = value.iter().enumerate().filter(|(_, b)| matches!(b, b'\r' | 0xC2 | 0xE2));
        if special.any(|(i, _)| self.break_len(self.pos + i) > 0) { None } else { Some(value) }
    }

    fn scan_quoted(&mut self, quote: u8, start: Mark) -> Scan<Vec<u8>> {
        let mut out = Vec::new();
        let mut fold = Fold::default();
        loop {
            if self.column() == 0 && self.at_document_indicator() {
                return Err(self.fault("found unexpected document indicator", start));
            }
            if self.at(self.pos) == 0 {
                return Err(self.fault("found unexpected end of stream", start));
            }
            // An escaped line break leaves no blank behind.
            let escaped_break = self.take_quoted_piece(quote, start, &mut out)?;
            if self.at(self.pos) == quote {
                return Ok(out);
            }
            let gap = self.pos;
            fold.broken = escaped_break;
            self.take_gap(&mut fold, -1, start)?;
            if fold.broken {
                fold.join(&mut out);
            } else {
                out.extend_from_slice(self.slice(gap, self.pos));
            }
        }
    }

    /// Takes what stands before the next blank, break or quote; tells whether it ended with an escaped break.
    fn take_quoted_piece(&mut self, quote: u8, start: Mark, out: &mut Vec<u8>) -> Scan<bool> {
        let mut copied = self.pos;
        let escaped_break = loop {
            let byte = self.at(self.pos);
            match byte {
                b'\'' if quote == b'\'' => {
                    if self.at(self.pos + 1) != b'\'' {
                        break false;
                    }
                    out.extend_from_slice(self.slice(copied, self.pos + 1));
                    self.pos += 2;
                    copied = self.pos;
                }
                b'"' if quote == b'"' => break false,
                b'\\' if quote == b'"' => {
                    out.extend_from_slice(self.slice(copied, self.pos));
                    let len = self.break_len(self.pos + 1);
                    if len > 0 {
                        self.pos += 1;
                        self.skip_break(len);
                        copied = self.pos;
                        break true;
                    }
                    self.take_escape(start, out)?;
                    copied = self.pos;
                }
                _ if self.is_blankz(self.pos) => break false,
                _ => self.pos += 1,
            }
        };
        out.extend_from_slice(self.slice(copied, self.pos));
        Ok(escaped_break)
    }

    fn take_escape(&mut self, start: Mark, out: &mut Vec<u8>) -> Scan {
        let simple: &[u8] = match self.at(self.pos + 1) {
            b'0' => b"\0",
            b'a' => b"\x07",
            b'b' => b"\x08",
            b't' | b'\t' => b"\t",
            b'n' => b"\n",
            b'v' => b"\x0B",
            b'f' => b"\x0C",
            b'r' => b"\r",
            b'e' => b"\x1B",
            b' ' => b" ",
            b'"' => b"\"",
            b'\'' => b"'",
            b'\\' => b"\\",
            b'N' => "\u{85}".as_bytes(),
            b'_' => "\u{A0}".as_bytes(),
            b'L' => "\u{2028}".as_bytes(),
            b'P' => "\u{2029}".as_bytes(),
            b'x' => return self.take_code(2, start, out),
            b'u' => return self.take_code(4, start, out),
            b'U' => return self.take_code(8, start, out),
            _ => return Err(self.fault("found unknown escape character", start)),
        };
        out.extend_from_slice(simple);
        self.pos += 2;
        Ok(())
    }

    fn take_code(&mut self, digits: usize, start: Mark, out: &mut Vec<u8>) -> Scan {
        self.pos += 2;
        if let Some(words) = self.cut
            && self.text.len() - self.pos < digits
        {
            return Err(self.reader_fault(words));
        }
        let mut code = 0u32;
        for i in 0..digits {
            match char::from(self.at(self.pos + i)).to_digit(16) {
                Some(d) => code = code << 4 | d,
                None => return Err(self.fault("did not find expected hexdecimal number", start)),
            }
        }
        let Some(c) = char::from_u32(code) else {
            return Err(self.fault("found invalid Unicode character escape code", start));
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.pos += digits;
        Ok(())
    }

    // --- literal and folded ---

    pub(super) fn fetch_block_scalar(&mut self) -> Scan {
        self.remove_key()?;
        self.key_allowed = true;
        let start = self.mark();
        let (value, end) = self.scan_block_scalar()?;
        self.push_scalar(Cow::Owned(value), Style::Block, start, end);
        Ok(())
    }

    /// Gives the scalar and where its last line ends.
    fn scan_block_scalar(&mut self) -> Scan<(Vec<u8>, Mark)> {
        let start = self.mark();
        let literal = self.at(self.pos) == b'|';
        self.pos += 1;
        let (chomp, increment) = self.scan_block_header(start)?;
        self.end_line(start)?;

        let mut indent = increment.map(|n| self.indent.max(0) as usize + n);
        let mut out = Vec::new();
        let mut first: Vec<u8> = Vec::new();
        let mut others: Vec<u8> = Vec::new();
        let mut was_blank = false;
        let mut end = self.take_block_gap(&mut indent, &mut others, start)?;
        let indent_column = indent.unwrap_or(1);
        while self.column() == indent_column && self.at(self.pos) != 0 {
            let is_blank = self.is_blank(self.pos);
            // A folded text joins two lines that both begin with text.
            if !literal && !was_blank && !is_blank && first.first() == Some(&b'\n') {
                if others.is_empty() {
                    out.push(b' ');
                }
            } else {
                out.extend_from_slice(&first);
            }
            first.clear();
            out.append(&mut others);
            was_blank = is_blank;

            let line = self.pos;
            self.skip_to_line_end();
            out.extend_from_slice(self.slice(line, self.pos));
            let len = self.break_len(self.pos);
            if len > 0 {
                self.read_break(len, &mut first);
            }
            end = self.take_block_gap(&mut indent, &mut others, start)?;
        }
        if chomp != Chomp::Strip {
            out.append(&mut first);
        }
        if chomp == Chomp::Keep {
            out.append(&mut others);
        }
        Ok((out, end))
    }

    /// The indicators behind `|` or `>`: chomping and the columns of indentation.
    fn scan_block_header(&mut self, start: Mark) -> Scan<(Chomp, Option<usize>)> {
        let mut chomp = Chomp::Clip;
        let mut increment = None;
        for _ in 0..2 {
            match self.at(self.pos) {
                b'+' if chomp == Chomp::Clip => chomp = Chomp::Keep,
                b'-' if chomp == Chomp::Clip => chomp = Chomp::Strip,
                b'0' if increment.is_none() => {
                    return Err(self.fault("found an indentation indicator equal to 0", start));
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(usize::from(digit - b'0')),
                _ => break,
            }
            self.pos += 1;
        }
        Ok((chomp, increment))
    }

    /// Takes indentation and empty lines; finds out the indentation if it is not known. Gives where the last
    /// line that belongs to the text ends.
    fn take_block_gap(
        &mut self,
        indent: &mut Option<usize>,
        breaks: &mut Vec<u8>,
        start: Mark,
    ) -> Scan<Mark> {
        let mut end = self.mark();
        let mut deepest = 0;
        loop {
            let limit = indent.unwrap_or(usize::MAX);
            while self.column() < limit && self.at(self.pos) == b' ' {
                self.pos += 1;
            }
            deepest = deepest.max(self.column());
            if self.column() < limit && self.at(self.pos) == b'\t' {
                return Err(self.fault("found a tab character where an indentation space is expected", start));
            }
            let len = self.break_len(self.pos);
            if len == 0 {
                break;
            }
            self.read_break(len, breaks);
            end = self.mark();
        }
        if indent.is_none() {
            *indent = Some(deepest.max((self.indent + 1) as usize).max(1));
        }
        Ok(end)
    }
}
