//! From bytes to tokens, as go-yaml v2 does it (`scannerc.go`), its deviations from YAML included.
//!
//! The scanner recognises a key such as `a` in `a: 1` only when it meets the colon. Until then the tokens
//! wait in a queue, into which the tokens that begin a mapping and a key are put afterwards.

mod directive;
mod scalar;

pub(super) use self::scalar::Cursor;

use std::collections::VecDeque;

use super::input::has_odd_breaks;
use super::token::{Fault, Mark, NO_KEY, Stage, Token, TokenKind};

/// Levels of flow collections and of indentation: go-yaml's bounds.
const MAX_DEPTH: usize = 10_000;
/// How many characters a key without `?` may be long.
const MAX_KEY: usize = 1024;

pub(super) struct Scanner<'a> {
    text: &'a [u8],
    /// What is wrong after the end of the text, if it was cut there.
    cut: Option<&'static str>,
    /// Whether lines may end with something else than LF.
    odd_breaks: bool,

    pos: usize,
    line: u32,
    line_start: usize,

    queue: VecDeque<Token<'a>>,
    /// How many tokens the parser has taken.
    taken: usize,
    head_is_ready: bool,
    started: bool,

    /// Column of the innermost block collection, -1 outside of all.
    indent: isize,
    indents: Vec<isize>,
    flow_level: usize,
    key_allowed: bool,
    /// The possible simple key of each flow level.
    keys: Vec<SimpleKey>,
    /// The next token begins a possible simple key.
    key_pending: bool,
}

#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

type Scan<T = ()> = Result<T, Fault>;

impl<'a> Scanner<'a> {
    /// A scanner of a checked text; see [`super::input::Input`].
    pub fn new(text: &'a [u8], cut: Option<&'static str>) -> Scanner<'a> {
        Scanner {
            text,
            cut,
            odd_breaks: has_odd_breaks(text),
            pos: 0,
            line: 0,
            line_start: 0,
            queue: VecDeque::with_capacity(16),
            taken: 0,
            head_is_ready: false,
            started: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            key_allowed: true,
            keys: vec![SimpleKey::default()],
            key_pending: false,
        }
    }

    /// The next token, which stays.
    pub fn peek(&mut self) -> Scan<&Token<'a>> {
        if !self.head_is_ready {
            self.fetch_more()?;
            self.head_is_ready = true;
        }
        self.queue.front().ok_or_else(|| self.fault("unknown problem parsing YAML content", Mark::default()))
    }

    /// The next token, which is taken.
    pub fn next(&mut self) -> Scan<Token<'a>> {
        self.peek()?;
        self.head_is_ready = false;
        self.taken += 1;
        self.queue
            .pop_front()
            .ok_or_else(|| self.fault("unknown problem parsing YAML content", Mark::default()))
    }

    /// Fetches tokens until it is certain that the first in the queue begins no key.
    fn fetch_more(&mut self) -> Scan {
        loop {
            if let Some(head) = self.queue.front() {
                let level = head.key_level;
                if level == NO_KEY || !self.key_is_valid(level as usize)? {
                    return Ok(());
                }
            }
            let fetched = self.fetch();
            if let Some(words) = self.cut {
                // go-yaml looks up to four characters ahead.
                let missing = if fetched.is_err() { 3 } else { 0 };
                if self.pos + missing >= self.text.len() {
                    return Err(self.reader_fault(words));
                }
            }
            fetched?;
        }
    }

    fn fetch(&mut self) -> Scan {
        if !self.started {
            self.started = true;
            let mark = self.mark();
            self.push(TokenKind::StreamStart, mark);
            return Ok(());
        }
        self.skip_to_token();
        self.unroll(self.column() as isize);
        if let Some(words) = self.cut
            && self.text.len() - self.pos < 4
        {
            return Err(self.reader_fault(words));
        }

        let byte = self.at(self.pos);
        if byte == 0 {
            return self.fetch_stream_end();
        }
        if self.pos == self.line_start {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if self.at_document_indicator() {
                let kind = if byte == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
                return self.fetch_document_indicator(kind);
            }
        }
        let in_block = self.flow_level == 0;
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.is_blankz(self.pos + 1) => self.fetch_block_entry(),
            b'?' if !in_block || self.is_blankz(self.pos + 1) => self.fetch_key(),
            b':' if !in_block || self.is_blankz(self.pos + 1) => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if in_block => self.fetch_block_scalar(),
            b'\'' | b'"' => self.fetch_quoted(),
            b'|' | b'>' | b'#' | b'%' | b'@' | b'`' | b'\t' => Err(self.cannot_start()),
            // A dash before a line break that is not LF or CR was taken above.
            _ => self.fetch_plain(),
        }
    }

    fn cannot_start(&self) -> Fault {
        self.fault("found character that cannot start any token", self.mark())
    }

    // --- the cursor ---

    /// The byte at a position; 0, which no text contains, behind the end.
    #[inline(always)]
    fn at(&self, pos: usize) -> u8 {
        match self.text.get(pos) {
            Some(b) => *b,
            None => 0,
        }
    }

    #[inline(always)]
    fn column(&self) -> usize {
        self.pos - self.line_start
    }

    fn mark(&self) -> Mark {
        Mark { offset: self.pos, line: self.line, column: self.column() as u32 }
    }

    /// The length of the line break at a position, 0 if there is none: CRLF, CR, LF, NEL, LS, PS.
    #[inline(always)]
    fn break_len(&self, pos: usize) -> usize {
        match self.at(pos) {
            b'\n' => 1,
            b'\r' => 1 + usize::from(self.at(pos + 1) == b'\n'),
            0xC2 if self.at(pos + 1) == 0x85 => 2,
            0xE2 if self.at(pos + 1) == 0x80 && matches!(self.at(pos + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    #[inline(always)]
    fn is_blank(&self, pos: usize) -> bool {
        matches!(self.at(pos), b' ' | b'\t')
    }

    /// A line break or the end.
    #[inline(always)]
    fn is_breakz(&self, pos: usize) -> bool {
        self.at(pos) == 0 || self.break_len(pos) > 0
    }

    #[inline(always)]
    fn is_blankz(&self, pos: usize) -> bool {
        self.is_blank(pos) || self.is_breakz(pos)
    }

    fn skip_break(&mut self, len: usize) {
        self.pos += len;
        self.line += 1;
        self.line_start = self.pos;
    }

    /// Takes a line break and writes it as YAML means it.
    fn read_break(&mut self, len: usize, out: &mut Vec<u8>) {
        match self.text.get(self.pos..self.pos + len) {
            Some(separator @ [0xE2, ..]) => out.extend_from_slice(separator),
            _ => out.push(b'\n'),
        }
        self.skip_break(len);
    }

    /// Whether `---` or `...` stands here; only asked at the start of a line.
    fn at_document_indicator(&self) -> bool {
        matches!(self.text.get(self.pos..self.pos + 3), Some(b"---" | b"...")) && self.is_blankz(self.pos + 3)
    }

    fn skip_to_line_end(&mut self) {
        if !self.odd_breaks {
            let rest = self.rest();
            self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            return;
        }
        while !self.is_breakz(self.pos) {
            self.pos += 1;
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// Skips blanks, comments and line breaks. A tab is no blank where a key may begin.
    fn skip_to_token(&mut self) {
        if self.pos == 0 && self.text.starts_with("\u{FEFF}".as_bytes()) {
            // A second byte order mark; it is one character wide.
            self.pos = 3;
            self.line_start = 2;
        }
        loop {
            while self.at(self.pos) == b' '
                || self.at(self.pos) == b'\t' && (self.flow_level > 0 || !self.key_allowed)
            {
                self.pos += 1;
            }
            if self.at(self.pos) == b'#' {
                self.skip_to_line_end();
            }
            let len = self.break_len(self.pos);
            if len == 0 {
                return;
            }
            self.skip_break(len);
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    // --- faults ---

    #[cold]
    fn fault(&self, problem: &'static str, context: Mark) -> Fault {
        Fault { stage: Stage::Scanner, problem: problem.into(), mark: self.mark(), context }
    }

    #[cold]
    fn reader_fault(&self, problem: &'static str) -> Fault {
        Fault { stage: Stage::Reader, problem: problem.into(), mark: self.mark(), context: Mark::default() }
    }

    // --- the queue ---

    /// Appends a token that ends here.
    fn push(&mut self, kind: TokenKind<'a>, start: Mark) {
        let end = self.mark();
        let key_level = if self.key_pending { self.keys.len() as u32 - 1 } else { NO_KEY };
        self.key_pending = false;
        self.queue.push_back(Token { kind, start, end, key_level });
    }

    /// Puts a token before the token with a number; at the end if the parser has taken that one already.
    fn insert(&mut self, number: usize, kind: TokenKind<'a>, mark: Mark) {
        let token = Token { kind, start: mark, end: mark, key_level: NO_KEY };
        match number.checked_sub(self.taken) {
            Some(index) if index <= self.queue.len() => self.queue.insert(index, token),
            _ => self.queue.push_back(token),
        }
    }

    fn next_number(&self) -> usize {
        self.taken + self.queue.len()
    }

    /// Forgets that the token with a number may begin a key.
    fn forget_key(&mut self, number: usize) {
        if let Some(token) = number.checked_sub(self.taken).and_then(|i| self.queue.get_mut(i)) {
            token.key_level = NO_KEY;
        }
    }

    // --- simple keys ---

    /// Whether the key of a level may still be one; drops it if not.
    fn key_is_valid(&mut self, level: usize) -> Scan<bool> {
        let Some(key) = self.keys.get(level).copied() else { return Ok(false) };
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.line || self.is_too_far(key.mark.offset) {
            if key.required {
                return Err(self.fault("could not find expected ':'", key.mark));
            }
            if let Some(key) = self.keys.get_mut(level) {
                key.possible = false;
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn is_too_far(&self, key_start: usize) -> bool {
        // Characters count, so in bytes it can only be too far sooner.
        self.pos - key_start > MAX_KEY
            && self
                .text
                .get(key_start..self.pos)
                .is_some_and(|t| t.iter().filter(|b| **b & 0xC0 != 0x80).count() > MAX_KEY)
    }

    fn save_key(&mut self) -> Scan {
        let required = self.flow_level == 0 && self.indent == self.column() as isize;
        if self.key_allowed {
            let key = SimpleKey { possible: true, required, token: self.next_number(), mark: self.mark() };
            self.remove_key()?;
            if let Some(last) = self.keys.last_mut() {
                *last = key;
            }
            self.key_pending = true;
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Scan {
        let Some(key) = self.keys.last_mut() else { return Ok(()) };
        if key.possible {
            if key.required {
                let mark = key.mark;
                return Err(self.fault("could not find expected ':'", mark));
            }
            key.possible = false;
            let token = key.token;
            self.forget_key(token);
        }
        Ok(())
    }

    // --- indentation ---

    /// Opens a block collection if the column is deeper than the innermost one.
    fn roll(&mut self, column: usize, number: Option<usize>, kind: TokenKind<'a>, mark: Mark) -> Scan {
        let column = column as isize;
        if self.flow_level > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            let context = self.keys.last().map_or(mark, |k| k.mark);
            return Err(self.fault("exceeded max depth of 10000", context));
        }
        self.insert(number.unwrap_or(self.next_number()), kind, mark);
        Ok(())
    }

    /// Closes the block collections that are deeper than the column.
    fn unroll(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            let mark = self.mark();
            self.push(TokenKind::BlockEnd, mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // --- tokens ---

    fn fetch_stream_end(&mut self) -> Scan {
        if self.column() != 0 {
            self.line += 1;
            self.line_start = self.pos;
        }
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let mark = self.mark();
        self.push(TokenKind::StreamEnd, mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'a>) -> Scan {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn push_indicator(&mut self, kind: TokenKind<'a>, len: usize) {
        let start = self.mark();
        self.pos += len;
        self.push(kind, start);
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Scan {
        self.save_key()?;
        // The number that the new level carries is that of the bracket itself. So closing an empty `[]`
        // makes go-yaml forget that the bracket may begin a key, and `[]: a` is the list, without an error.
        let key_level = self.keys.len() as u32 - 1;
        let mark = self.mark();
        let token = self.next_number();
        self.keys.push(SimpleKey { possible: false, required: false, token, mark });
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return Err(self.fault("exceeded max depth of 10000", mark));
        }
        self.key_allowed = true;
        let pending = std::mem::take(&mut self.key_pending);
        self.push_indicator(kind, 1);
        if pending && let Some(token) = self.queue.back_mut() {
            token.key_level = key_level;
        }
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Scan {
        self.remove_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(key) = self.keys.pop() {
                self.forget_key(key.token);
            }
        }
        self.key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Scan {
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.fault("block sequence entries are not allowed in this context", self.mark()));
            }
            self.roll(self.column(), None, TokenKind::BlockSequenceStart, self.mark())?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.fault("mapping keys are not allowed in this context", self.mark()));
            }
            self.roll(self.column(), None, TokenKind::BlockMappingStart, self.mark())?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scan {
        let level = self.keys.len() - 1;
        if self.key_is_valid(level)?
            && let Some(key) = self.keys.get(level).copied()
        {
            self.forget_key(key.token);
            self.insert(key.token, TokenKind::Key, key.mark);
            let column = key.mark.column as usize;
            self.roll(column, Some(key.token), TokenKind::BlockMappingStart, key.mark)?;
            if let Some(last) = self.keys.last_mut() {
                last.possible = false;
            }
            self.key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.key_allowed {
                    return Err(self.fault("mapping values are not allowed in this context", self.mark()));
                }
                self.roll(self.column(), None, TokenKind::BlockMappingStart, self.mark())?;
            }
            self.key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value, 1);
        Ok(())
    }
}
