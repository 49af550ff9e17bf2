//! The characters of a TOML document, and the words of it that need no context (`BurntSushi/toml` `lex.go`).

use crate::value::print;

/// Why a document can't be read: the line, and BurntSushi's words.
#[derive(Debug)]
pub(super) struct Bad {
    pub line: usize,
    pub message: String,
}

/// The end of the text, which can't contain this character.
pub(super) const END: char = '\0';

/// A scalar, with the line on which it ends.
pub(super) struct Scalar<'t> {
    pub kind: ScalarKind,
    pub text: &'t [u8],
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    /// Text as it is.
    Raw,
    /// Text with escapes.
    Escaped,
    /// Text of several lines as it is.
    RawLines,
    /// Text of several lines with escapes.
    EscapedLines,
    Integer,
    Float,
    Bool,
    Datetime,
}

pub(super) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    pub line: usize,
    /// Whether the end was read (and not only looked at).
    at_end: bool,
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

pub(super) fn is_bare_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Go's `%q` of a character.
pub(super) fn quote_char(c: char) -> String {
    print::quote_rune(c, false)
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t [u8]) -> Lexer<'t> {
        Lexer { text, at: 0, line: 1, at_end: false }
    }

    fn decode(&self) -> Result<(char, usize), Bad> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(&first) = rest.first() else { return Ok((END, 0)) };
        let bad = |message: String| Err(Bad { line: self.line + usize::from(first == b'\n'), message });
        let head = rest.get(..4).unwrap_or(rest);
        let Some(c) = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) else {
            return bad(format!("invalid UTF-8 byte: 0x{first:02x}"));
        };
        let lonely_return = c == '\r' && rest.get(1) != Some(&b'\n');
        if (c < ' ' || c == '\x7f') && !matches!(c, '\t' | '\r' | '\n') || lonely_return {
            return bad(format!("TOML files cannot contain control characters: '0x{first:02x}'"));
        }
        Ok((c, c.len_utf8()))
    }

    /// Reads a character; [`END`] at the end.
    pub fn next(&mut self) -> Result<char, Bad> {
        let (c, width) = self.decode()?;
        self.at += width;
        self.at_end = width == 0;
        self.line += usize::from(c == '\n');
        Ok(c)
    }

    /// Looks at a character without reading it.
    pub fn peek(&self) -> Result<char, Bad> {
        self.decode().map(|(c, _)| c)
    }

    /// Reads a character if it is this one.
    fn accept(&mut self, wanted: char) -> Result<bool, Bad> {
        let found = self.peek()? == wanted;
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub fn skip(&mut self, what: fn(char) -> bool) -> Result<(), Bad> {
        while what(self.peek()?) {
            self.next()?;
        }
        Ok(())
    }

    /// An error here; at the end, on the last line that isn't empty.
    pub fn fail<T>(&self, message: impl Into<String>) -> Result<T, Bad> {
        let empty = self.at_end && self.at > 0 && self.text.get(self.at - 1) == Some(&b'\n');
        Err(Bad { line: self.line - usize::from(empty), message: message.into() })
    }

    /// An error on the line before.
    pub fn fail_before<T>(&self, message: impl Into<String>) -> Result<T, Bad> {
        Err(Bad { line: self.line - 1, message: message.into() })
    }

    fn since(&self, start: usize) -> &'t [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn text_since(&self, start: usize) -> String {
        String::from_utf8_lossy(self.since(start)).into_owned()
    }

    fn scalar(&self, kind: ScalarKind, text: &'t [u8]) -> Result<Scalar<'t>, Bad> {
        Ok(Scalar { kind, text, line: self.line })
    }

    /// Drops a comment up to the end of its line.
    pub fn comment(&mut self) -> Result<(), Bad> {
        loop {
            let c = self.peek()?;
            if is_newline(c) || c == END {
                return Ok(());
            }
            self.next()?;
        }
    }

    /// A part of a key without quotes; it may be empty.
    pub fn bare_name(&mut self) -> Result<Scalar<'t>, Bad> {
        let start = self.at;
        self.skip(is_bare_key)?;
        self.scalar(ScalarKind::Raw, self.since(start))
    }

    /// A text of one line, whose opening quote was read.
    pub fn string(&mut self, quote: char) -> Result<Scalar<'t>, Bad> {
        let start = self.at;
        let mut kind = ScalarKind::Raw;
        loop {
            let end = self.at;
            match self.next()? {
                END if quote == '"' => return self.fail("unexpected EOF; expected '\"'"),
                END => return self.fail("unexpected EOF; expected \"'\""),
                c if is_newline(c) => return self.fail_before("strings cannot contain newlines"),
                '\\' if quote == '"' => {
                    kind = ScalarKind::Escaped;
                    self.escape(start)?;
                }
                c if c == quote => {
                    let text = self.text.get(start..end).unwrap_or_default();
                    return self.scalar(kind, text);
                }
                _ => {}
            }
        }
    }

    /// A text of several lines, whose three opening quotes were read.
    fn lines(&mut self, quote: char) -> Result<Scalar<'t>, Bad> {
        let start = self.at;
        let escapes = quote == '"';
        let kind = if escapes { ScalarKind::EscapedLines } else { ScalarKind::RawLines };
        loop {
            let end = self.at;
            match self.next()? {
                END if escapes => return self.fail("unexpected EOF; expected '\"\"\"'"),
                END => return self.fail("unexpected EOF; expected \"'''\""),
                '\\' if escapes => {
                    if is_newline(self.peek()?) {
                        self.next()?;
                    } else {
                        self.escape(start)?;
                    }
                }
                c if c == quote && self.accept(quote)? && self.accept(quote)? => {
                    if self.peek()? != quote {
                        let text = self.text.get(start..end).unwrap_or_default();
                        return self.scalar(kind, text);
                    }
                    // The text may end with one or two quotes of its own, but not more.
                    let current = self.since(start);
                    let five = if escapes { b"\"\"\"\"\"" } else { b"'''''" };
                    let escaped = escapes && current.ends_with(b"\\\"\"\"\"\"");
                    if current.ends_with(five) && !escaped {
                        let six = if escapes { "unexpected '\"\"\"\"\"\"'" } else { "unexpected \"''''''\"" };
                        return self.fail(six);
                    }
                    self.at = end + 1;
                }
                _ => {}
            }
        }
    }

    /// What follows a backslash in a text that starts at `start`.
    fn escape(&mut self, start: usize) -> Result<(), Bad> {
        let c = self.next()?;
        let (digits, name) = match c {
            'e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\' => return Ok(()),
            'x' => (2, "two"),
            'u' => (4, "four"),
            'U' => (8, "eight"),
            c => {
                let line = self.line - usize::from(self.at_end);
                return Err(Bad { line, message: format!("invalid escape in string '\\{c}'") });
            }
        };
        for _ in 0..digits {
            if !self.next()?.is_ascii_hexdigit() {
                // BurntSushi shows the string up to here.
                let text = print::quote(self.since(start));
                return self.fail(format!(
                    "expected {name} hexadecimal digits after '\\{c}', but got {text} instead"
                ));
            }
        }
        Ok(())
    }

    /// A scalar whose first character is known not to open an array or a table.
    pub fn value(&mut self) -> Result<Scalar<'t>, Bad> {
        let start = self.at;
        let c = self.next()?;
        match c {
            '0'..='9' => return self.number_or_date(c, start),
            '"' | '\'' => {
                let empty = self.at;
                if self.accept(c)? {
                    if self.accept(c)? {
                        return self.lines(c);
                    }
                    self.at = empty;
                }
                return self.string(c);
            }
            '.' => return self.fail("floats must start with a digit, not '.'"),
            'i' | 'n' => {
                if (self.accept('n')? && self.accept('f')?) || (self.accept('a')? && self.accept('n')?) {
                    return self.scalar(ScalarKind::Float, self.since(start));
                }
                return self.word(self.at, start);
            }
            '-' | '+' => return self.signed(start),
            c if c.is_alphabetic() => return self.word(start, start),
            _ => {}
        }
        match c {
            END => self.fail("unexpected EOF; expected value"),
            '\n' => self.fail_before(r"expected value but found '\n' instead"),
            c => self.fail(format!("expected value but found {} instead", quote_char(c))),
        }
    }

    /// A word, of which only `true` and `false` are good.
    fn word(&mut self, from: usize, start: usize) -> Result<Scalar<'t>, Bad> {
        // After a failed `inf` or `nan`, BurntSushi steps back by one character.
        self.at = if from == start { start } else { from - 1 };
        let start = self.at;
        self.skip(char::is_alphabetic)?;
        match self.since(start) {
            b"true" | b"false" => self.scalar(ScalarKind::Bool, self.since(start)),
            _ => {
                let word = print::quote(self.since(start));
                self.fail(format!("expected value but found {word} instead"))
            }
        }
    }

    fn signed(&mut self, start: usize) -> Result<Scalar<'t>, Bad> {
        let c = self.next()?;
        match c {
            'i' | 'n' => {
                let rest = if c == 'i' { ['n', 'f'] } else { ['a', 'n'] };
                if !self.accept(rest[0])? || !self.accept(rest[1])? {
                    return self.fail(format!("invalid float: '{}'", self.text_since(start)));
                }
                self.scalar(ScalarKind::Float, self.since(start))
            }
            '0' if matches!(self.peek()?, 'b' | 'o' | 'x') => {
                let (sign, base) = (self.text_since(start), self.peek()?);
                self.fail(format!("cannot use sign with non-decimal numbers: '{sign}{base}'"))
            }
            '.' => self.fail("floats must start with a digit, not '.'"),
            '0'..='9' => self.decimal(start),
            c => self.fail(format!("expected a digit but got {}", quote_char(c))),
        }
    }

    fn number_or_date(&mut self, first: char, start: usize) -> Result<Scalar<'t>, Bad> {
        if first == '0' {
            let (name, digit): (&str, fn(char) -> bool) = match self.peek()? {
                'b' => ("a binary", |c| matches!(c, '0' | '1')),
                'o' => ("an octal", |c| matches!(c, '0'..='7')),
                'x' => ("a hexadecimal", |c| c.is_ascii_hexdigit()),
                '0'..='9' | '_' | '.' | 'e' | 'E' => ("", |_| false),
                _ => return self.scalar(ScalarKind::Integer, self.since(start)),
            };
            if !name.is_empty() {
                self.next()?;
                let c = self.peek()?;
                if !digit(c) {
                    return self.fail(format!("not {name} number: '{}{c}'", self.text_since(start)));
                }
                while digit(self.peek()?) || self.peek()? == '_' {
                    self.next()?;
                }
                return self.scalar(ScalarKind::Integer, self.since(start));
            }
        }
        self.skip(|c| c.is_ascii_digit())?;
        match self.peek()? {
            // After a zero alone, these can't start a date.
            '-' | ':' if self.at > start + 1 || first != '0' => {
                let part = |c: char| {
                    c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
                };
                self.skip(part)?;
                self.scalar(ScalarKind::Datetime, self.since(start).trim_ascii())
            }
            _ => self.decimal(start),
        }
    }

    /// The rest of a decimal number.
    fn decimal(&mut self, start: usize) -> Result<Scalar<'t>, Bad> {
        self.skip(|c| c.is_ascii_digit() || c == '_')?;
        if matches!(self.peek()?, '.' | 'e' | 'E') {
            self.skip(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
            return self.scalar(ScalarKind::Float, self.since(start));
        }
        self.scalar(ScalarKind::Integer, self.since(start))
    }
}
