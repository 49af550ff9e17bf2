//! Text to tokens (`text/template/parse/lex.go`).

mod chars;

use std::ops::Range;

use memchr::memmem;

use self::chars::{
    decode, ends_word, first_runes, has_left_trim, has_right_trim, is_alphanumeric, is_space, is_word,
    trim_end, unicode,
};
use crate::value::print::quote;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The lexer's complaint; the message is in [`Lexer::error`].
    Error,
    Bool,
    /// An ASCII character with no meaning of its own, such as a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    // Keywords.
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn is_keyword(self) -> bool {
        matches!(
            self,
            Kind::Block
                | Kind::Break
                | Kind::Continue
                | Kind::Dot
                | Kind::Define
                | Kind::Else
                | Kind::End
                | Kind::If
                | Kind::Nil
                | Kind::Range
                | Kind::Template
                | Kind::With
        )
    }
}

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

impl Token {
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where the lexer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// At a left delimiter that the text before it has been emitted for.
    LeftDelim,
    Action,
    Done,
}

/// Cuts a template into tokens, one at a time.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    start: usize,
    state: State,
    parens: usize,
    error: String,
    delimiter: memmem::Finder<'static>,
}

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer {
            text,
            pos: 0,
            start: 0,
            state: State::Text,
            parens: 0,
            error: String::new(),
            delimiter: memmem::Finder::new(LEFT),
        }
    }

    /// What the last [`Kind::Error`] token complains about.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// How a token is named in an error (`item.String`).
    pub fn describe(&self, token: Token) -> String {
        let text = &self.text[token.range()];
        match token.kind {
            Kind::Eof => "EOF".into(),
            Kind::Error => self.error.clone(),
            kind if kind.is_keyword() => format!("<{}>", String::from_utf8_lossy(text)),
            _ if text.len() > 10 => format!("{}...", quote(first_runes(text, 10))),
            _ => quote(text),
        }
    }

    /// The next token. After the end, and after an error, it is the end again.
    pub fn next(&mut self) -> Token {
        if self.state == State::Action { self.action() } else { self.outside() }
    }

    /// The next token that is not within an action.
    #[inline(never)] // so that the way to the tokens of actions, which most are, stays short
    fn outside(&mut self) -> Token {
        loop {
            let found = match self.state {
                State::Action => Some(self.action()),
                State::Text => self.text(),
                State::LeftDelim => self.left_delim(),
                State::Done => {
                    Some(Token { kind: Kind::Eof, start: self.start as u32, end: self.start as u32 })
                }
            };
            if let Some(token) = found {
                return token;
            }
        }
    }

    fn emit(&mut self, kind: Kind) -> Token {
        let token = Token { kind, start: self.start as u32, end: self.pos as u32 };
        self.start = self.pos;
        token
    }

    #[cold]
    fn fail(&mut self, message: impl Into<String>) -> Token {
        self.error = message.into();
        self.state = State::Done;
        Token { kind: Kind::Error, start: self.start as u32, end: self.start as u32 }
    }

    fn ignore(&mut self) {
        self.start = self.pos;
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn text(&mut self) -> Option<Token> {
        let Some(at) = self.delimiter.find(self.rest()) else {
            self.pos = self.text.len();
            self.state = State::Done;
            return (self.pos > self.start).then(|| self.emit(Kind::Text));
        };
        let delimiter = self.pos + at;
        self.state = State::LeftDelim;
        let mut end = delimiter;
        if has_left_trim(&self.text[delimiter + LEFT.len()..]) {
            end = self.start + trim_end(&self.text[self.start..delimiter]);
        }
        self.pos = end;
        let token = (end > self.start).then(|| self.emit(Kind::Text));
        self.pos = delimiter;
        self.ignore();
        token
    }

    fn left_delim(&mut self) -> Option<Token> {
        self.pos += LEFT.len();
        let marker = if has_left_trim(self.rest()) { 2 } else { 0 };
        if self.rest().get(marker..).is_some_and(|rest| rest.starts_with(b"/*")) {
            self.pos += marker;
            self.ignore();
            return self.comment();
        }
        let token = self.emit(Kind::LeftDelim);
        self.pos += marker;
        self.ignore();
        self.parens = 0;
        self.state = State::Action;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token> {
        let Some(end) = self.rest().get(2..).and_then(|rest| memmem::find(rest, b"*/")) else {
            return Some(self.fail("unclosed comment"));
        };
        self.pos += 2 + end + 2;
        let Some(trim) = self.at_right_delim() else {
            return Some(self.fail("comment ends before closing delimiter"));
        };
        self.skip_right_delim(trim);
        self.ignore();
        self.state = State::Text;
        None
    }

    /// Whether a right delimiter stands here, and whether with a trim marker.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[2..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn skip_right_delim(&mut self, trim: bool) {
        self.pos += if trim { 2 } else { 0 } + RIGHT.len();
        if trim {
            self.pos += self.spaces();
        }
    }

    fn right_delim(&mut self, trim: bool) -> Token {
        if self.parens > 0 {
            return self.fail("unclosed left paren");
        }
        if trim {
            self.pos += 2;
            self.ignore();
        }
        self.pos += RIGHT.len();
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.pos += self.spaces();
            self.ignore();
        }
        self.state = State::Text;
        token
    }

    fn action(&mut self) -> Token {
        let Some(&first) = self.text.get(self.pos) else { return self.fail("unclosed action") };
        match first {
            b' ' | b'\t' | b'\r' | b'\n' => self.space(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.identifier(),
            b'.' if self.text.get(self.pos + 1).is_some_and(|b| !b.is_ascii_digit()) => {
                self.field_or_variable(Kind::Field)
            }
            b'$' => self.field_or_variable(Kind::Variable),
            b'}' if self.text.get(self.pos + 1) == Some(&b'}') => self.right_delim(false),
            b'"' => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            b'|' => self.take(1, Kind::Pipe),
            b'(' => {
                self.parens += 1;
                self.take(1, Kind::LeftParen)
            }
            b')' if self.parens > 0 => {
                self.parens -= 1;
                self.take(1, Kind::RightParen)
            }
            _ => self.rarer(first),
        }
    }

    #[inline(never)]
    fn rarer(&mut self, first: u8) -> Token {
        match first {
            b')' => self.fail("unexpected right paren"),
            b'.' | b'+' | b'-' | b'0'..=b'9' => self.number(),
            b'=' => self.take(1, Kind::Assign),
            b':' => {
                self.pos += 1;
                match self.advance() {
                    Some('=') => self.emit(Kind::Declare),
                    _ => self.fail("expected :="),
                }
            }
            b'`' => match memchr::memchr(b'`', &self.text[self.pos + 1..]) {
                Some(end) => self.take(end + 2, Kind::RawString),
                None => self.fail("unterminated raw quoted string"),
            },
            b'\'' => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            b'!'..=b'~' => self.take(1, Kind::Char),
            _ => match self.peek() {
                Some(c) if is_alphanumeric(c) => self.identifier(),
                c => self.fail(format!("unrecognized character in action: {}", unicode(c))),
            },
        }
    }

    fn take(&mut self, length: usize, kind: Kind) -> Token {
        self.pos += length;
        self.emit(kind)
    }

    /// Spaces. The last one may belong to a right delimiter with a trim marker.
    fn space(&mut self) -> Token {
        let count = self.spaces();
        let last = self.text.get(self.pos + count - 1..).unwrap_or_default();
        if has_right_trim(last) && last[2..].starts_with(RIGHT) {
            if count == 1 {
                return self.right_delim(true);
            }
            return self.take(count - 1, Kind::Space);
        }
        self.take(count, Kind::Space)
    }

    /// How many spaces there are from here on.
    fn spaces(&self) -> usize {
        let rest = self.rest();
        rest.iter().position(|&b| !is_space(b)).unwrap_or(rest.len())
    }

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Token {
        self.pos += 1;
        loop {
            let rest = self.rest();
            let plain =
                rest.iter().position(|&b| b == quote || b == b'\\' || b == b'\n').unwrap_or(rest.len());
            self.pos += plain;
            match &rest[plain..] {
                [b'\\', escaped, ..] if *escaped != b'\n' => self.pos += 2,
                [end, ..] if *end == quote => return self.take(1, kind),
                _ => return self.fail(unterminated),
            }
        }
    }

    fn identifier(&mut self) -> Token {
        self.word();
        if let Some(complaint) = self.check_terminator() {
            return complaint;
        }
        let kind = match &self.text[self.start..self.pos] {
            b"block" => Kind::Block,
            b"break" => Kind::Break,
            b"continue" => Kind::Continue,
            b"define" => Kind::Define,
            b"else" => Kind::Else,
            b"end" => Kind::End,
            b"if" => Kind::If,
            b"nil" => Kind::Nil,
            b"range" => Kind::Range,
            b"template" => Kind::Template,
            b"with" => Kind::With,
            b"true" | b"false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind)
    }

    fn field_or_variable(&mut self, kind: Kind) -> Token {
        self.pos += 1;
        if self.at_terminator() {
            return self.emit(if kind == Kind::Variable { kind } else { Kind::Dot });
        }
        self.word();
        self.check_terminator().unwrap_or_else(|| self.emit(kind))
    }

    #[inline]
    fn word(&mut self) {
        let rest = self.rest();
        let ascii = rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
        self.pos += ascii;
        if rest.get(ascii).is_some_and(|b| !b.is_ascii()) {
            while self.peek().is_some_and(is_alphanumeric) {
                self.advance();
            }
        }
    }

    #[inline]
    fn check_terminator(&mut self) -> Option<Token> {
        if self.at_terminator() { None } else { Some(self.bad_character()) }
    }

    #[cold]
    fn bad_character(&mut self) -> Token {
        let c = self.peek();
        self.fail(format!("bad character {}", unicode(c)))
    }

    /// Whether a word may end here.
    fn at_terminator(&self) -> bool {
        match self.text.get(self.pos) {
            Some(b'}') => self.rest().starts_with(RIGHT),
            b => b.is_none_or(|&b| ends_word(b)),
        }
    }

    fn number(&mut self) -> Token {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.rest().first(), Some(b'+' | b'-')) {
            if !self.scan_number() || self.text.get(self.pos.wrapping_sub(1)) != Some(&b'i') {
                return self.bad_number();
            }
            return self.emit(Kind::Complex);
        }
        self.emit(Kind::Number)
    }

    fn bad_number(&mut self) -> Token {
        let text = quote(&self.text[self.start..self.pos]);
        self.fail(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.advance();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|b| valid.contains(b));
        self.pos += usize::from(found);
        found
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }

    fn peek(&self) -> Option<char> {
        decode(self.rest()).map(|(c, _)| c)
    }

    fn advance(&mut self) -> Option<char> {
        let (c, size) = decode(self.rest())?;
        self.pos += size;
        Some(c)
    }
}
