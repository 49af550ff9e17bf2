//! Upper and lower case: Go's `strings`, goutils' words, xstrings' case styles.

use super::{FunctionResult, args};
use crate::functions::{Env, FunctionError, unicode};
use crate::value::{Str, Value};

pub(super) fn upper(_: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    Ok(Value::String(match s.as_str() {
        Some(text) if !text.bytes().any(|b| b.is_ascii_lowercase() || !b.is_ascii()) => s.clone(),
        Some(text) if text.is_ascii() => text.to_ascii_uppercase().into(),
        _ => s.to_text().chars().map(unicode::to_upper).collect::<String>().into(),
    }))
}

pub(super) fn lower(_: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    Ok(Value::String(match s.as_str() {
        Some(text) if !text.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) => s.clone(),
        Some(text) if text.is_ascii() => text.to_ascii_lowercase().into(),
        _ => s.to_text().chars().map(unicode::to_lower).collect::<String>().into(),
    }))
}

/// Go's `strings.Title`: a letter begins a word unless the character before it is a letter, a digit, an
/// underscore or, beyond ASCII, anything but a space.
pub(super) fn title(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "title", args)?;
    let s = args::string(args, 0)?.to_text();
    let mut before = ' ';
    let titled = s.chars().map(|c| {
        let begins = if before.is_ascii() {
            !before.is_ascii_alphanumeric() && before != '_'
        } else {
            unicode::is_space(before)
        };
        before = c;
        if begins { unicode::to_title(c) } else { c }
    });
    Ok(Value::String(titled.collect::<String>().into()))
}

/// goutils' `Uncapitalize`: the first letter of each word in lower case.
pub(super) fn untitle(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "untitle", args)?;
    let s = args::string(args, 0)?.to_text();
    let mut begins = true;
    let lowered = s.chars().map(|c| {
        if unicode::is_space(c) {
            begins = true;
            c
        } else if std::mem::take(&mut begins) {
            unicode::to_lower(c)
        } else {
            c
        }
    });
    Ok(Value::String(lowered.collect::<String>().into()))
}

/// goutils' `SwapCase`: a lower-case letter at the start of a word gets title case.
pub(super) fn swapcase(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "swapcase", args)?;
    let s = args::string(args, 0)?.to_text();
    let mut after_space = true;
    let swapped = s.chars().map(|c| {
        if unicode::is_upper(c) || unicode::is_title(c) {
            after_space = false;
            unicode::to_lower(c)
        } else if unicode::is_lower(c) {
            if std::mem::take(&mut after_space) { unicode::to_title(c) } else { unicode::to_upper(c) }
        } else {
            after_space = unicode::is_space(c);
            c
        }
    });
    Ok(Value::String(swapped.collect::<String>().into()))
}

/// goutils' `Initials`, which takes bytes for characters.
pub(super) fn initials(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "initials", args)?;
    let s = args::string(args, 0)?;
    let mut begins = true;
    let letters = s.as_bytes().iter().map(|&b| char::from(b)).filter(|&c| {
        if unicode::is_space(c) {
            begins = true;
            return false;
        }
        std::mem::take(&mut begins)
    });
    Ok(Value::String(letters.collect::<String>().into()))
}

/// Going through characters one by one is dear.
fn count_characters(env: &Env, function: &str, args: &[Value]) -> Result<(), FunctionError> {
    env.step(function, args::string(args, 0)?.len())
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || unicode::is_space(c)
}

/// xstrings 1.5 convert.go: `ToPascalCase`. A word's leading capitals become lower case after the first, if
/// the word began with a capital; connectors go, but those at the ends and second ones of a pair.
pub(super) fn camelcase(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "camelcase", args)?;
    let s = args::string(args, 0)?.to_text();
    let mut out = String::with_capacity(s.len());
    let mut chars = s.chars();
    let mut held = '\0';
    let mut in_capitals = false;
    let mut begun = false;
    for c in chars.by_ref() {
        held = c;
        if !is_connector(c) {
            in_capitals = unicode::is_upper(c);
            held = unicode::to_upper(c);
            begun = true;
            break;
        }
        out.push(c);
    }
    if s.is_empty() {
        return Ok(Value::String(Str::EMPTY));
    }
    if !begun {
        // A quirk: of nothing but connectors, the last one comes twice.
        out.push(held);
        return Ok(Value::String(out.into()));
    }
    for c in chars {
        let before = std::mem::replace(&mut held, c);
        if is_connector(before) {
            if is_connector(c) {
                out.push(before);
                continue;
            }
            in_capitals = unicode::is_upper(c);
            held = unicode::to_upper(c);
            continue;
        }
        if in_capitals {
            in_capitals = unicode::is_upper(c);
            held = if in_capitals { unicode::to_lower(c) } else { c };
        }
        out.push(before);
    }
    out.push(held);
    Ok(Value::String(out.into()))
}

pub(super) fn snakecase(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "snakecase", args)?;
    Ok(Value::String(joined_words(args::string(args, 0)?, '_')))
}

pub(super) fn kebabcase(env: &Env, args: &[Value]) -> FunctionResult {
    count_characters(env, "kebabcase", args)?;
    Ok(Value::String(joined_words(args::string(args, 0)?, '-')))
}

/// What xstrings cuts a string into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Bad bytes at the end, or nothing.
    Invalid,
    Number,
    /// A capital and what belongs to it: more capitals, or small letters.
    UpperCase,
    /// Small letters.
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// xstrings convert.go: `camelCaseToLowerCase`, its state machine for where connectors go.
fn joined_words(s: &Str, connector: char) -> Str {
    if s.is_empty() {
        return Str::EMPTY;
    }
    let mut out: Vec<u8> = Vec::with_capacity(s.len() + 8);
    let mut buffer = [0; 4];
    let connector_bytes = connector.encode_utf8(&mut buffer).as_bytes();
    let (mut kind, mut word, mut rest) = next_word(s.as_bytes());
    while !rest.is_empty() {
        if kind != Word::Connector {
            push_lower(&mut out, kind, word, connector);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            Word::Number => {
                (kind, word, rest) = push_letters_and_numbers(&mut out, (kind, word, rest), connector);
                if !matches!(kind, Word::Invalid | Word::Punctuation | Word::Connector) {
                    out.extend_from_slice(connector_bytes);
                }
            }
            Word::Connector => push_lower(&mut out, previous, last, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    out.extend_from_slice(connector_bytes);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Alphabet {
                    // The number belongs to the word before: Bld4Floor is bld4_floor.
                    push_lower(&mut out, Word::Number, number, connector);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.extend_from_slice(connector_bytes);
                    }
                    continue;
                }
                // With small letters after it, it begins a word: HTTP2xx is http_2xx.
                out.extend_from_slice(connector_bytes);
                push_lower(&mut out, Word::Number, number, connector);
                (kind, word, rest) = push_letters_and_numbers(&mut out, (kind, word, rest), connector);
                if !matches!(kind, Word::Invalid | Word::Connector | Word::Punctuation) {
                    out.extend_from_slice(connector_bytes);
                }
            }
        }
    }
    push_lower(&mut out, kind, word, connector);
    out.into()
}

type Cut<'a> = (Word, &'a [u8], &'a [u8]);

fn push_letters_and_numbers<'a>(out: &mut Vec<u8>, cut: Cut<'a>, connector: char) -> Cut<'a> {
    let (mut kind, mut word, mut rest) = cut;
    while matches!(kind, Word::Alphabet | Word::Number) {
        push_lower(out, kind, word, connector);
        (kind, word, rest) = next_word(rest);
    }
    (kind, word, rest)
}

fn push_lower(out: &mut Vec<u8>, kind: Word, word: &[u8], connector: char) {
    if !matches!(kind, Word::UpperCase | Word::Connector) {
        out.extend_from_slice(word);
        return;
    }
    let mut rest = word;
    while !rest.is_empty() {
        let (c, n) = unicode::decode(rest);
        rest = rest.get(n..).unwrap_or_default();
        let c = if is_connector(c) {
            connector
        } else if unicode::is_upper(c) {
            unicode::to_lower(c)
        } else {
            c
        };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// xstrings convert.go: `nextWord`, the first word and what is left.
fn next_word(s: &[u8]) -> Cut<'_> {
    if s.is_empty() {
        return (Word::Invalid, s, s);
    }
    let (first, size) = next_valid(s, '\u{FFFD}');
    let mut scan = Scan { rest: s.get(size..).unwrap_or_default(), offset: size, last: first };
    let kind = match first {
        '\u{FFFD}' => Word::Invalid,
        c if is_connector(c) => {
            scan.take_while(is_connector);
            Word::Connector
        }
        c if unicode::is_punct(c) => {
            scan.take_while(unicode::is_punct);
            Word::Punctuation
        }
        c if unicode::is_upper(c) => {
            scan.take_upper_case();
            Word::UpperCase
        }
        c if is_alphabet(c) => {
            scan.take_while(|c| is_alphabet(c) && !unicode::is_upper(c));
            Word::Alphabet
        }
        c if unicode::is_number(c) => {
            scan.take_while(unicode::is_number);
            Word::Number
        }
        _ => {
            scan.take_while(|c| {
                !(is_connector(c) || is_alphabet(c) || unicode::is_number(c) || unicode::is_punct(c))
            });
            Word::Other
        }
    };
    let (word, rest) = s.split_at_checked(scan.offset).unwrap_or((s, &[]));
    (kind, word, rest)
}

struct Scan<'a> {
    rest: &'a [u8],
    /// Bytes taken.
    offset: usize,
    /// The character looked at last; bad bytes count as one more of it.
    last: char,
}

impl Scan<'_> {
    /// Takes characters while they are of a kind; gives the size of the last one taken.
    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> usize {
        let mut taken = 0;
        while !self.rest.is_empty() {
            let (c, size) = next_valid(self.rest, self.last);
            self.last = c;
            if !belongs(c) {
                break;
            }
            self.offset += size;
            self.rest = self.rest.get(size..).unwrap_or_default();
            taken = size;
        }
        taken
    }

    fn take_upper_case(&mut self) {
        let (c, _) = next_valid(self.rest, self.last);
        if self.rest.is_empty() {
            return;
        }
        if unicode::is_upper(c) {
            let last_size = self.take_while(unicode::is_upper);
            // HTTPStatus is HTTP and Status: the last capital begins the next word.
            if !self.rest.is_empty() && is_alphabet(self.last) {
                self.offset -= last_size;
            }
        } else if is_alphabet(c) {
            self.take_while(|c| is_alphabet(c) && !unicode::is_upper(c));
        }
    }
}

/// The next character that isn't a bad byte or U+FFFD, with the bytes up to its end; the previous one again
/// if there is none.
fn next_valid(s: &[u8], previous: char) -> (char, usize) {
    let mut size = 0;
    while let Some(rest) = s.get(size..)
        && !rest.is_empty()
    {
        let (c, n) = unicode::decode(rest);
        size += n;
        if c != '\u{FFFD}' {
            return (c, size);
        }
    }
    (previous, size)
}

/// xstrings count.go: `isAlphabet`, a letter that isn't Chinese.
fn is_alphabet(c: char) -> bool {
    unicode::is_letter(c)
        && !matches!(c, '\u{4E00}'..='\u{9FCC}' | '\u{3400}'..='\u{4D85}' | '\u{20000}'..='\u{2B81D}')
}
