//! Quoted strings as Go writes and reads them (`strconv/quote.go`).

use std::borrow::Cow;

use super::printable::is_printable;

/// Go's `strconv.Quote`: a double-quoted literal, with escapes for what is not printable.
pub fn quote(text: &[u8]) -> String {
    quote_with(text, '"', false)
}

/// Go's `strconv.QuoteToASCII`.
pub fn quote_to_ascii(text: &[u8]) -> String {
    quote_with(text, '"', true)
}

/// Go's `strconv.QuoteRune` (or `QuoteRuneToASCII`).
pub fn quote_rune(c: char, ascii: bool) -> String {
    let mut out = String::from('\'');
    escape(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

/// Go's `strconv.CanBackquote`: whether the text can stand between backquotes unchanged.
pub fn can_backquote(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|s| {
        s.chars().all(|c| c != '\u{feff}' && c != '`' && c != '\u{7f}' && (c >= ' ' || c == '\t'))
    })
}

fn quote_with(text: &[u8], quote: char, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape(&mut out, c, quote, ascii);
        }
        for &byte in chunk.invalid() {
            push_hex(&mut out, 'x', u32::from(byte), 2);
        }
    }
    out.push(quote);
    out
}

fn escape(out: &mut String, c: char, quote: char, ascii: bool) {
    if c == quote || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if is_printable(c) && (c.is_ascii() || !ascii) {
        out.push(c);
        return;
    }
    let short = match c {
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0x1f | 0x7f => push_hex(out, 'x', code, 2),
                0x20..=0xffff => push_hex(out, 'u', code, 4),
                _ => push_hex(out, 'U', code, 8),
            };
        }
    };
    out.push('\\');
    out.push(short);
}

fn push_hex(out: &mut String, letter: char, code: u32, digits: u32) {
    out.push('\\');
    out.push(letter);
    for i in (0..digits).rev() {
        out.push(char::from_digit(code >> (4 * i) & 0xf, 16).unwrap_or('0'));
    }
}

/// Go's `strconv.Unquote` for string literals: `"…"` with escapes or `` `…` `` without. `None` is Go's
/// `invalid syntax`.
pub fn unquote(literal: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (&quote, rest) = literal.split_first()?;
    let (&end, mut body) = rest.split_last()?;
    if quote != end {
        return None;
    }
    match quote {
        b'`' if body.contains(&b'`') => None,
        b'`' if !body.contains(&b'\r') => Some(body.into()),
        b'`' => Some(body.iter().copied().filter(|&b| b != b'\r').collect()),
        b'"' if body.contains(&b'\n') => None,
        b'"' if memchr::memchr2(b'\\', b'"', body).is_none() => Some(body.into()),
        b'"' => {
            let mut out = Vec::with_capacity(body.len());
            while !body.is_empty() {
                let plain = memchr::memchr2(b'\\', b'"', body).unwrap_or(body.len());
                out.extend_from_slice(&body[..plain]);
                body = &body[plain..];
                if body.is_empty() {
                    break;
                }
                let (c, tail) = unquote_char(body, b'"')?;
                match c {
                    Escape::Byte(b) => out.push(b),
                    Escape::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
                body = tail;
            }
            Some(out.into())
        }
        _ => None,
    }
}

/// What one character of a literal stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// A byte, from `\x` or an octal escape.
    Byte(u8),
    /// A character.
    Char(char),
}

impl Escape {
    /// The code point, or the byte's number.
    pub fn code(self) -> u32 {
        match self {
            Escape::Byte(b) => u32::from(b),
            Escape::Char(c) => u32::from(c),
        }
    }
}

/// Go's `strconv.UnquoteChar`: the first character of a literal's inside, and what follows it.
pub fn unquote_char(text: &[u8], quote: u8) -> Option<(Escape, &[u8])> {
    let (&first, rest) = text.split_first()?;
    if first == quote {
        return None;
    }
    if first >= 0x80 {
        let chunk = text.utf8_chunks().next()?;
        let c = chunk.valid().chars().next();
        return Some(match c {
            Some(c) => (Escape::Char(c), &text[c.len_utf8()..]),
            None => (Escape::Char(char::REPLACEMENT_CHARACTER), rest),
        });
    }
    if first != b'\\' {
        return Some((Escape::Char(char::from(first)), rest));
    }
    let (&letter, rest) = rest.split_first()?;
    let simple = |c| Some((Escape::Char(c), rest));
    match letter {
        b'a' => simple('\x07'),
        b'b' => simple('\x08'),
        b'f' => simple('\x0c'),
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'v' => simple('\x0b'),
        b'\\' => simple('\\'),
        b'\'' | b'"' if letter == quote => simple(char::from(letter)),
        b'x' => {
            let (code, rest) = digits(rest, 2, 16)?;
            Some((Escape::Byte(u8::try_from(code).ok()?), rest))
        }
        b'u' | b'U' => {
            let (code, rest) = digits(rest, if letter == b'u' { 4 } else { 8 }, 16)?;
            Some((Escape::Char(char::from_u32(code)?), rest))
        }
        b'0'..=b'7' => {
            let (low, rest) = digits(rest, 2, 8)?;
            let code = u32::from(letter - b'0') * 64 + low;
            Some((Escape::Byte(u8::try_from(code).ok()?), rest))
        }
        _ => None,
    }
}

fn digits(text: &[u8], count: usize, radix: u32) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(count)?;
    let mut code: u32 = 0;
    for &b in head {
        code = code.checked_mul(radix)?.checked_add(char::from(b).to_digit(radix)?)?;
    }
    Some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(
            quote("a\"\\\n\t\u{1}\u{a0}é\u{1F600}\u{7f}\u{feff}".as_bytes()),
            r#""a\"\\\n\t\x01\u00a0é😀\x7f\ufeff""#
        );
        assert_eq!(quote(b"\xff\xe2\x82"), r#""\xff\xe2\x82""#);
        assert_eq!(quote_to_ascii("é😀".as_bytes()), r#""\u00e9\U0001f600""#);
        assert_eq!(quote_rune('\'', false), r"'\''");
    }

    #[test]
    fn literals_are_read_back() {
        assert_eq!(unquote(br#""a\x41\101\u00e9\"""#).as_deref(), Some("aAAé\"".as_bytes()));
        assert_eq!(unquote(b"`a\\\r\n`").as_deref(), Some(&b"a\\\n"[..]));
        assert_eq!(unquote(br#""\xff""#).as_deref(), Some(&b"\xff"[..]));
        for bad in
            [&br#""\q""#[..], br#""\'""#, br#""\ud800""#, br#""\400""#, b"\"", b"\"a\nb\"", br#""\x4""#]
        {
            assert_eq!(unquote(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
