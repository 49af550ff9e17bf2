//! Character classes in Go's syntax: brackets, `\d`, `[:alpha:]`, `\p{Greek}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::parse::{Flags, SyntaxError, escaped, head, tail};

/// The class of the characters from one to another.
pub(super) fn range(low: char, high: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(low, high)])
}

/// A class without the line feed.
pub(super) fn without_newline(mut class: ClassUnicode) -> ClassUnicode {
    class.difference(&range('\n', '\n'));
    class
}

fn ascii(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)))
}

fn finish(mut class: ClassUnicode, negated: bool, flags: Flags) -> ClassUnicode {
    if flags.fold_case {
        class.case_fold_simple();
    }
    if negated {
        class.negate();
    }
    class
}

const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// `\d`, `\s`, `\w` and their negations, all of ASCII only, and what follows.
pub(super) fn perl(text: &str, flags: Flags) -> Option<(ClassUnicode, &str)> {
    let [b'\\', letter, ..] = text.as_bytes() else { return None };
    let ranges: &[(char, char)] = match letter.to_ascii_lowercase() {
        b'd' => DIGIT,
        b's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        b'w' => WORD,
        _ => return None,
    };
    Some((finish(ascii(ranges), letter.is_ascii_uppercase(), flags), tail(text, 2)))
}

/// `[:alpha:]` or `[:^alpha:]`, and what follows; `None` if the text doesn't have this shape.
fn posix(text: &str, flags: Flags) -> Result<Option<(ClassUnicode, &str)>, SyntaxError> {
    let Some(end) = text.strip_prefix("[:").and_then(|t| t.find(":]")) else { return Ok(None) };
    let (whole, rest) = (text.get(..end + 4).unwrap_or_default(), tail(text, end + 4));
    let name = text.get(2..end + 2).unwrap_or_default();
    let (name, negated) = match name.strip_prefix('^') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => DIGIT,
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORD,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return Err(SyntaxError::new("invalid character class range", whole)),
    };
    Ok(Some((finish(ascii(ranges), negated, flags), rest)))
}

/// `\pL`, `\p{Greek}`, `\P{^Lu}`, and what follows; `None` if the text doesn't start so.
pub(super) fn unicode(text: &str, flags: Flags) -> Result<Option<(ClassUnicode, &str)>, SyntaxError> {
    let [b'\\', letter @ (b'p' | b'P'), ..] = text.as_bytes() else { return Ok(None) };
    let Some(first) = tail(text, 2).chars().next() else {
        return Err(SyntaxError::new("invalid character class range", text));
    };
    let bad = |seq: &str| SyntaxError::new("invalid character class range", seq);
    let (name, rest) = if first == '{' {
        let end = text.find('}').ok_or_else(|| bad(text))?;
        (text.get(3..end).unwrap_or_default(), tail(text, end + 1))
    } else {
        let end = 2 + first.len_utf8();
        (text.get(2..end).unwrap_or_default(), tail(text, end))
    };
    let (name, inverted) = match name.strip_prefix('^') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let class = unicode_class(name).ok_or_else(|| bad(head(text, rest)))?;
    Ok(Some((finish(class, (*letter == b'P') != inverted, flags), rest)))
}

/// The class of a Unicode category or script. Case, spaces, hyphens and underscores don't count (from Go 1.25).
fn unicode_class(name: &str) -> Option<ClassUnicode> {
    let plain: String =
        name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    // The tables know the short names of scripts, too (`Grek`); Go doesn't.
    const FOUR_LETTERS: [&str; 9] = ["ahom", "cham", "kawi", "lisu", "mark", "modi", "newa", "thai", "toto"];
    if plain.len() == 4 && !FOUR_LETTERS.contains(&plain.as_str()) || plain.starts_with("is") {
        return None;
    }
    let parse = |property: &str| regex_syntax::parse(&format!(r"\p{{{property}={plain}}}")).ok();
    let hir = parse("gc").or_else(|| parse("sc"))?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        HirKind::Class(Class::Bytes(class)) => class.to_unicode_class(),
        _ => None,
    }
}

/// A class in brackets at the start of a text, and what follows.
pub(super) fn bracket(whole: &str, flags: Flags) -> Result<(ClassUnicode, &str), SyntaxError> {
    let mut rest = tail(whole, 1);
    let negated = rest.starts_with('^');
    rest = tail(rest, usize::from(negated));
    let mut class = ClassUnicode::empty();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if rest.len() > 2
            && let Some((named, after)) = posix(rest, flags)?
        {
            class.union(&named);
            rest = after;
            continue;
        }
        let group = unicode(rest, flags)?.or_else(|| perl(rest, flags));
        if let Some((group, after)) = group {
            class.union(&group);
            rest = after;
            continue;
        }
        let start = rest;
        let (low, after) = class_char(rest, whole)?;
        rest = after;
        let mut high = low;
        // In `[a-]` the hyphen stands for itself.
        if rest.len() >= 2 && rest.starts_with('-') && !rest.starts_with("-]") {
            (high, rest) = class_char(tail(rest, 1), whole)?;
            if high < low {
                return Err(SyntaxError::new("invalid character class range", head(start, rest)));
            }
        }
        if let Some((low, high)) = without_surrogates(low, high) {
            class.union(&finish(range(low, high), false, flags));
        }
    }
    if negated {
        class.negate();
    }
    Ok((class, tail(rest, 1)))
}

fn class_char<'t>(text: &'t str, whole: &str) -> Result<(u32, &'t str), SyntaxError> {
    match text.chars().next() {
        None => Err(SyntaxError::new("missing closing ]", whole)),
        Some('\\') => escaped(text),
        Some(c) => Ok((u32::from(c), tail(text, c.len_utf8()))),
    }
}

/// A range of code points as one of characters; `None` if there are only surrogates in it.
fn without_surrogates(low: u32, high: u32) -> Option<(char, char)> {
    let low = if (0xD800..0xE000).contains(&low) { 0xE000 } else { low };
    let high = if (0xD800..0xE000).contains(&high) { 0xD7FF } else { high };
    (low <= high).then_some((char::from_u32(low)?, char::from_u32(high)?))
}

/// Whether a character is a letter (category L) or a decimal digit (Nd).
pub(super) fn is_letter_or_digit(c: char) -> bool {
    static CLASS: std::sync::OnceLock<Option<ClassUnicode>> = std::sync::OnceLock::new();
    let class = CLASS.get_or_init(|| {
        let mut class = unicode_class("L")?;
        class.union(&unicode_class("Nd")?);
        Some(class)
    });
    let order = |r: &ClassUnicodeRange| match (r.end() < c, r.start() > c) {
        (true, _) => std::cmp::Ordering::Less,
        (_, true) => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
    };
    class.as_ref().is_some_and(|class| class.ranges().binary_search_by(order).is_ok())
}
