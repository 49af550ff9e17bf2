//! Which style a text gets (go-yaml's `encode.go`, `stringv`, and `emitterc.go`, `analyze_scalar`).

use super::super::resolve::{Scalar, is_timestamp, resolve};
use super::Version;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// The style of a text.
pub(super) fn style(text: &[u8], version: Version) -> Style {
    if memchr::memchr(b'\n', text).is_some() {
        let literal = is_simply_literal(text) || Analysis::of(text, version).literal;
        return if literal { Style::Literal } else { Style::Double };
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

/// The common case: printable ASCII on one line, nothing that means anything to YAML.
fn is_simply_plain(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return false };
    (first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_' | b'$' | b'('))
        && !matches!(last, b' ' | b':')
        && text.iter().fold(true, |all, b| all & (0x20..0x7F).contains(b))
        && memchr::memchr2_iter(b':', b'#', text).all(|at| match text.get(at) {
            Some(b':') => text.get(at + 1) != Some(&b' '),
            // The first character is neither of them.
            _ => text.get(at.wrapping_sub(1)) != Some(&b' '),
        })
}

/// The common case: lines of printable ASCII, none of which ends with a space.
fn is_simply_literal(text: &[u8]) -> bool {
    text.last().is_some_and(|last| *last != b' ')
        && text.iter().fold(true, |all, b| all & ((0x20..0x7F).contains(b) || *b == b'\n'))
        && memchr::memchr_iter(b'\n', text).all(|at| at == 0 || text.get(at - 1) != Some(&b' '))
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
pub(super) fn chomping(text: &[u8]) -> &'static [u8] {
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

pub(super) fn has_break(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(i, b)| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2) && break_len(text, i) > 0)
}

/// The length of the line break at a position, 0 if there is none. CR and LF count apart here.
pub(super) fn break_len(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'\n' | b'\r', ..]) => 1,
        Some([0xC2, 0x85, ..]) => 2,
        Some([0xE2, 0x80, 0xA8 | 0xA9, ..]) => 3,
        _ => 0,
    }
}

pub(super) fn char_len(lead: u8) -> usize {
    match lead {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

/// What go-yaml writes without an escape: no control characters (nor tab), no characters of four bytes.
pub(super) fn is_printable(text: &[u8], at: usize) -> bool {
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
