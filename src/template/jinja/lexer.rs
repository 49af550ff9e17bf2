//! Text to tokens, with Jinja's rules of whitespace (jinja2 `lexer.py`; `trim_blocks`, `lstrip_blocks` and
//! `keep_trailing_newline` are on).

use std::ops::Range;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tok<'a> {
    /// Text between tags.
    Data(&'a str),
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name(&'a str),
    Str(String),
    Int(u128),
    Float(f64),
    /// An operator or bracket, by its sign.
    Op(&'static str),
    End,
}

/// A token and where it stands in the text.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub tok: Tok<'a>,
    pub span: Range<usize>,
}

/// Why a text is not Jinja.
#[derive(Clone, Debug)]
pub(super) struct SyntaxError {
    pub message: String,
    pub span: Range<usize>,
    pub hint: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(message: impl Into<String>, span: Range<usize>) -> SyntaxError {
        SyntaxError { message: message.into(), span, hint: None }
    }
}

const OPERATORS: &[&str] = &[
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
    "=", ".", ":", "|", ",", ";",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
    /// How many tokens there may be.
    most: usize,
    /// Whether the last token ended with a line break, so that a tag may start its line.
    line_starts: bool,
}

/// Tokens of all templates of a chart, or of one text given to `tpl`.
pub(super) const MAX_TOKENS: usize = 1_000_000;

/// The tokens of a template whose line breaks are all `\n`. Their number is taken from those that are `left`.
pub(super) fn tokenize<'a>(text: &'a str, left: &mut usize) -> Result<Vec<Token<'a>>, SyntaxError> {
    let tokens = Vec::with_capacity((text.len() / 6 + 4).min(1 << 16));
    let mut lexer = Lexer { text, at: 0, tokens, most: *left, line_starts: true };
    while lexer.at < text.len() {
        lexer.data()?;
    }
    lexer.push(Tok::End, text.len()..text.len());
    *left = left.saturating_sub(lexer.tokens.len());
    Ok(lexer.tokens)
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, tok: Tok<'a>, span: Range<usize>) {
        self.tokens.push(Token { tok, span });
    }

    fn check(&self) -> Result<(), SyntaxError> {
        if self.tokens.len() <= self.most {
            return Ok(());
        }
        let message =
            format!("the Jinja templates of a chart, or a text of `tpl`, have more than {MAX_TOKENS} tokens");
        self.error(message, self.at..self.at)
    }

    fn error<T>(&self, message: impl Into<String>, span: Range<usize>) -> Result<T, SyntaxError> {
        Err(SyntaxError::new(message, span))
    }

    /// Takes the text up to the next tag, and the tag's begin.
    fn data(&mut self) -> Result<(), SyntaxError> {
        self.check()?;
        let rest = self.rest();
        let Some(begin) = find_tag(rest) else {
            self.emit_data(self.at, rest);
            self.at = self.text.len();
            return Ok(());
        };
        let kind = rest.as_bytes().get(begin + 1).copied().unwrap_or_default();
        let tag = self.at + begin;
        let mut after = tag + 2;
        let sign = self.text.as_bytes().get(after).copied().filter(|c| matches!(c, b'-' | b'+'));
        if sign.is_some() {
            after += 1;
        }
        let start = self.at;
        self.emit_before(start, rest.get(..begin).unwrap_or_default(), sign, kind != b'{');
        match kind {
            b'#' => {
                self.at = after;
                self.comment(tag)
            }
            b'%' => {
                if let Some(end) = self.raw_begin(after) {
                    self.at = end;
                    return self.raw(tag);
                }
                self.push(Tok::BlockBegin, tag..after);
                self.at = after;
                self.tag(tag, b'%')
            }
            _ => {
                self.push(Tok::VariableBegin, tag..after);
                self.at = after;
                self.tag(tag, b'}')
            }
        }
    }

    /// Emits the text before a tag, stripped as the tag's sign and `lstrip_blocks` say.
    fn emit_before(&mut self, start: usize, data: &'a str, sign: Option<u8>, lstrip: bool) {
        let mut kept = data;
        match sign {
            Some(b'-') => kept = data.trim_end(),
            None if lstrip => {
                let line = data.rfind('\n').map_or(0, |i| i + 1);
                let tail = data.get(line..).unwrap_or_default();
                if (line > 0 || self.line_starts) && tail.chars().all(char::is_whitespace) {
                    kept = data.get(..line).unwrap_or_default();
                }
            }
            _ => {}
        }
        self.emit_data(start, kept);
        self.line_starts = false;
    }

    fn emit_data(&mut self, start: usize, data: &'a str) {
        if !data.is_empty() {
            self.push(Tok::Data(data), start..start + data.len());
        }
    }

    /// Skips a comment; `self.at` stands after its begin.
    fn comment(&mut self, tag: usize) -> Result<(), SyntaxError> {
        let Some(end) = self.rest().find("#}") else {
            return self.error("this comment is not closed: `#}` is missing", tag..tag + 2);
        };
        let sign = self.rest().get(..end).and_then(|s| s.as_bytes().last().copied());
        self.at += end + 2;
        // `{#-#}`: the sign belongs to the begin, unless there is a second one.
        self.after_block(sign.filter(|_| end > 0));
        Ok(())
    }

    /// Drops whitespace after a block's end, by the sign before its `%}`.
    fn after_block(&mut self, sign: Option<u8>) {
        let before = self.at;
        match sign {
            Some(b'-') => self.skip_whitespace(),
            Some(b'+') => {}
            _ => {
                if self.rest().starts_with('\n') {
                    self.at += 1;
                }
            }
        }
        self.line_starts = self.text.get(before..self.at).is_some_and(|s| s.ends_with('\n'));
    }

    fn skip_whitespace(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// If the block that begins before `after` is `raw`, where it ends.
    fn raw_begin(&self, after: usize) -> Option<usize> {
        let inner = self.text.get(after..)?.trim_start().strip_prefix("raw")?.trim_start();
        let rest = if let Some(rest) = inner.strip_prefix("-%}") {
            rest.trim_start()
        } else {
            inner.strip_prefix("%}")?
        };
        Some(self.text.len() - rest.len())
    }

    /// Takes the content of a raw block and its end.
    fn raw(&mut self, tag: usize) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut from = 0;
        loop {
            let Some(found) = self.rest().get(from..).and_then(|s| s.find("{%")) else {
                return self.error("this raw block is not closed: `{% endraw %}` is missing", tag..start);
            };
            let begin = from + found;
            let inner = self.rest().get(begin + 2..).unwrap_or_default();
            let sign = inner.as_bytes().first().copied().filter(|c| matches!(c, b'-' | b'+'));
            let inner = if sign.is_some() { inner.get(1..).unwrap_or_default() } else { inner };
            if let Some(end) = inner.trim_start().strip_prefix("endraw").map(str::trim_start) {
                let end_sign = end.as_bytes().first().copied().filter(|c| matches!(c, b'-' | b'+'));
                let close = if end_sign.is_some() { end.get(1..).unwrap_or_default() } else { end };
                if let Some(rest) = close.strip_prefix("%}") {
                    let data = self.rest().get(..begin).unwrap_or_default();
                    // Data of its own, even where it starts a line: only its own text decides.
                    self.line_starts = false;
                    self.emit_before(start, data, sign, true);
                    self.at = self.text.len() - rest.len();
                    self.after_block(end_sign);
                    return Ok(());
                }
            }
            from = begin + 2;
        }
    }

    /// Takes the tokens within a tag, and its end.
    fn tag(&mut self, begin: usize, close: u8) -> Result<(), SyntaxError> {
        let mut open: Vec<(u8, usize)> = Vec::new();
        loop {
            self.check()?;
            self.skip_whitespace();
            let rest = self.rest();
            let Some(&first) = rest.as_bytes().first() else {
                let (what, end) = if close == b'%' { ("tag", "%}") } else { ("expression", "}}") };
                return self
                    .error(format!("this {what} is not closed: `{end}` is missing"), begin..begin + 2);
            };
            if open.is_empty() && self.close_tag(close) {
                return Ok(());
            }
            let start = self.at;
            if first.is_ascii_digit() {
                self.number()?;
            } else if first == b'_' || first.is_ascii_alphabetic() || first >= 0x80 {
                self.name()?;
            } else if first == b'"' || first == b'\'' {
                self.string(first)?;
            } else {
                let Some(op) = OPERATORS.iter().find(|op| rest.starts_with(**op)) else {
                    let c = rest.chars().next().unwrap_or_default();
                    return self.error(format!("unexpected character {c:?}"), start..start + c.len_utf8());
                };
                self.at += op.len();
                match op.as_bytes().first().copied().unwrap_or_default() {
                    c @ (b'(' | b'[' | b'{') => open.push((c, start)),
                    c @ (b')' | b']' | b'}') => match open.pop() {
                        Some((b'(', _)) if c == b')' => {}
                        Some((b'[', _)) if c == b']' => {}
                        Some((b'{', _)) if c == b'}' => {}
                        Some((b, at)) => {
                            let message =
                                format!("unexpected `{}`; `{}` is still open", c as char, b as char);
                            return self.error(message, at..self.at);
                        }
                        None => return self.error(format!("unexpected `{}`", c as char), start..self.at),
                    },
                    _ => {}
                }
                self.push(Tok::Op(op), start..self.at);
            }
        }
    }

    /// Takes the end of the tag, if it stands here.
    fn close_tag(&mut self, close: u8) -> bool {
        let rest = self.rest();
        let sign = rest.as_bytes().first().copied().filter(|c| matches!(c, b'-' | b'+'));
        let (end, tok) = if close == b'%' { ("%}", Tok::BlockEnd) } else { ("}}", Tok::VariableEnd) };
        // `+}}` has no meaning: the sign is then an operator.
        let sign = sign.filter(|s| close == b'%' || *s == b'-');
        let skip = usize::from(sign.is_some());
        if !rest.get(skip..).is_some_and(|r| r.starts_with(end)) {
            return false;
        }
        let start = self.at;
        self.at += skip + 2;
        self.push(tok, start..self.at);
        if close == b'%' {
            self.after_block(sign);
        } else {
            let before = self.at;
            if sign.is_some() {
                self.skip_whitespace();
            }
            self.line_starts = self.text.get(before..self.at).is_some_and(|s| s.ends_with('\n'));
        }
        true
    }

    fn name(&mut self) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let len = rest.find(|c: char| !(c == '_' || c.is_alphanumeric() || is_mark(c))).unwrap_or(rest.len());
        let start = self.at;
        let name = rest.get(..len).unwrap_or_default();
        if name.chars().next().is_none_or(|c| !(c == '_' || c.is_alphabetic())) {
            let c = rest.chars().next().unwrap_or_default();
            return self.error(format!("unexpected character {c:?}"), start..start + c.len_utf8());
        }
        self.at += len;
        self.push(Tok::Name(name), start..self.at);
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let after_dot =
            matches!(self.tokens.last(), Some(Token { tok: Tok::Op("."), span }) if span.end == start);
        let rest = self.rest();
        if !after_dot && let Some(len) = float_length(rest) {
            self.at += len;
            let digits: String = rest.get(..len).unwrap_or_default().chars().filter(|c| *c != '_').collect();
            self.push(Tok::Float(digits.parse().unwrap_or(f64::INFINITY)), start..self.at);
            return Ok(());
        }
        let (len, radix, skip) = integer_length(rest);
        self.at += len;
        let digits: String = rest.get(skip..len).unwrap_or_default().chars().filter(|c| *c != '_').collect();
        match u128::from_str_radix(&digits, radix) {
            Ok(n) => self.push(Tok::Int(n), start..self.at),
            Err(_) => return self.error("the integer is too large (more than 128 bits)", start..self.at),
        }
        Ok(())
    }

    fn string(&mut self, quote: u8) -> Result<(), SyntaxError> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let mut i = 1;
        loop {
            match bytes.get(i) {
                None => return self.error("this string is not closed", start..start + 1),
                Some(b'\\') => i += 2,
                Some(c) if *c == quote => break,
                Some(_) => i += 1,
            }
        }
        let inner = self.rest().get(1..i).unwrap_or_default();
        self.at += i + 1;
        let text = unescape(inner).map_err(|m| SyntaxError::new(m, start..start + i + 1))?;
        self.push(Tok::Str(text), start..self.at);
        Ok(())
    }
}

/// Combining marks may stand within a name.
fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36f | 0x483..=0x487 | 0x591..=0x5bd | 0x64b..=0x65f | 0x900..=0x903 | 0x93a..=0x94f)
}

/// Where the first tag begins.
fn find_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'{', bytes).find(|i| matches!(bytes.get(i + 1), Some(b'{' | b'%' | b'#')))
}

/// Length of `(\d+_)*\d+` at the start, 0 if there is none.
fn digits_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    let mut end = 0;
    while let Some(c) = bytes.get(i) {
        if c.is_ascii_digit() {
            i += 1;
            end = i;
        } else if *c == b'_' && end == i && end > 0 && bytes.get(i + 1).is_some_and(u8::is_ascii_digit) {
            i += 1;
        } else {
            break;
        }
    }
    end
}

fn float_length(text: &str) -> Option<usize> {
    let whole = digits_length(text);
    let mut len = whole;
    let fraction = match text.get(whole..)?.strip_prefix('.') {
        Some(rest) => digits_length(rest),
        None => 0,
    };
    if fraction > 0 {
        len += 1 + fraction;
    }
    let rest = text.get(len..)?;
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let digits = digits_length(exponent.get(sign..)?);
        if digits > 0 {
            return Some(len + 1 + sign + digits);
        }
    }
    (fraction > 0).then_some(len)
}

/// Length, radix and length of the prefix of the integer at the start.
fn integer_length(text: &str) -> (usize, u32, usize) {
    let bytes = text.as_bytes();
    let run = |from: usize, digit: fn(&u8) -> bool| {
        let (mut i, mut end) = (from, from);
        while let Some(c) = bytes.get(i) {
            if digit(c) {
                i += 1;
                end = i;
            } else if *c == b'_' && bytes.get(i + 1).is_some_and(digit) {
                i += 1;
            } else {
                break;
            }
        }
        end
    };
    if bytes.first() == Some(&b'0') {
        let prefixed = match bytes.get(1).map(u8::to_ascii_lowercase) {
            Some(b'b') => Some((2, run(2, |c| matches!(c, b'0' | b'1')))),
            Some(b'o') => Some((8, run(2, |c| matches!(c, b'0'..=b'7')))),
            Some(b'x') => Some((16, run(2, u8::is_ascii_hexdigit))),
            _ => None,
        };
        if let Some((radix, end)) = prefixed.filter(|(_, end)| *end > 2) {
            return (end, radix, 2);
        }
        return (run(0, |c| *c == b'0'), 10, 0);
    }
    (run(0, u8::is_ascii_digit), 10, 0)
}

/// Python's escapes within a string literal.
fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_string());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut high: Option<u32> = None;
    while let Some(c) = chars.next() {
        let mut code = None;
        if c == '\\' {
            match chars.next() {
                Some('\n') => {}
                Some('a') => code = Some(7),
                Some('b') => code = Some(8),
                Some('f') => code = Some(12),
                Some('n') => code = Some(10),
                Some('r') => code = Some(13),
                Some('t') => code = Some(9),
                Some('v') => code = Some(11),
                Some(d @ '0'..='7') => {
                    let mut n = d.to_digit(8).unwrap_or(0);
                    for _ in 0..2 {
                        let Some(d) = chars.as_str().chars().next().and_then(|c| c.to_digit(8)) else {
                            break;
                        };
                        chars.next();
                        n = n * 8 + d;
                    }
                    code = Some(n);
                }
                Some(x @ ('x' | 'u' | 'U')) => {
                    let len = match x {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let digits =
                        chars.as_str().get(..len).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                    let Some(digits) = digits else {
                        return Err(format!("the escape `\\{x}` needs {len} hexadecimal digits"));
                    };
                    code = u32::from_str_radix(digits, 16).ok();
                    chars = chars.as_str().get(len..).unwrap_or_default().chars();
                }
                Some('N') => return Err("characters by name (`\\N{…}`) are not supported".to_string()),
                Some(c @ ('\\' | '\'' | '"')) => code = Some(c as u32),
                Some(other) => {
                    flush(&mut high)?;
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            }
        } else {
            code = Some(c as u32);
        }
        let Some(code) = code else { continue };
        match (high.take(), code) {
            (Some(h), 0xdc00..=0xdfff) => {
                let pair = 0x10000 + ((h - 0xd800) << 10) + (code - 0xdc00);
                out.push(char::from_u32(pair).unwrap_or('\u{fffd}'));
            }
            (Some(_), _) => return Err("half of a surrogate pair is not a character".to_string()),
            (None, 0xd800..=0xdbff) => high = Some(code),
            (None, _) => match char::from_u32(code) {
                Some(c) => out.push(c),
                None => return Err("this escape is not a character".to_string()),
            },
        }
    }
    flush(&mut high)?;
    Ok(out)
}

fn flush(high: &mut Option<u32>) -> Result<(), String> {
    match high.take() {
        Some(_) => Err("half of a surrogate pair is not a character".to_string()),
        None => Ok(()),
    }
}
