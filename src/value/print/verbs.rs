//! Single operands under a verb with flags, width and precision (`fmt/format.go`).

use super::quote::{can_backquote, quote, quote_rune, quote_to_ascii};
use crate::value::number;

/// Flags, width and precision of one directive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spec {
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `%+v`
    pub plus_v: bool,
    /// `%#v`
    pub sharp_v: bool,
}

impl Spec {
    /// Appends the text, padded to the width. Zeros pad only where the flag is still set.
    pub fn pad(&self, out: &mut Vec<u8>, text: &[u8]) {
        let missing = match self.width {
            None | Some(0) => 0,
            Some(width) => width.saturating_sub(rune_count(text)),
        };
        if self.minus {
            out.extend_from_slice(text);
            self.padding(out, missing);
        } else {
            self.padding(out, missing);
            out.extend_from_slice(text);
        }
    }

    fn padding(&self, out: &mut Vec<u8>, count: usize) {
        out.resize(out.len() + count, if self.zero { b'0' } else { b' ' });
    }

    fn without_zero(&self) -> Spec {
        Spec { zero: false, ..*self }
    }

    /// `%s` of a string.
    pub fn string(&self, out: &mut Vec<u8>, text: &[u8]) {
        self.pad(out, self.truncate(text));
    }

    fn truncate<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let Some(limit) = self.precision else { return text };
        let mut at = 0;
        for _ in 0..limit {
            if at >= text.len() {
                return text;
            }
            at += rune_width(&text[at..]);
        }
        &text[..at.min(text.len())]
    }

    /// `%q` of a string.
    pub fn quoted(&self, out: &mut Vec<u8>, text: &[u8]) {
        let text = self.truncate(text);
        if self.sharp && can_backquote(text) {
            let mut raw = Vec::with_capacity(text.len() + 2);
            raw.push(b'`');
            raw.extend_from_slice(text);
            raw.push(b'`');
            self.pad(out, &raw);
        } else if self.plus {
            self.pad(out, quote_to_ascii(text).as_bytes());
        } else {
            self.pad(out, quote(text).as_bytes());
        }
    }

    /// `%x` and `%X` of a string or bytes.
    pub fn hex(&self, out: &mut Vec<u8>, text: &[u8], upper: bool) {
        let text = &text[..text.len().min(self.precision.unwrap_or(usize::MAX))];
        let prefix: &[u8] = if upper { b"0X" } else { b"0x" };
        let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut hex = Vec::with_capacity(2 * text.len());
        for (i, b) in text.iter().enumerate() {
            if self.space && i > 0 {
                hex.push(b' ');
            }
            if self.sharp && (self.space || i == 0) {
                hex.extend_from_slice(prefix);
            }
            hex.push(digits[usize::from(b >> 4)]);
            hex.push(digits[usize::from(b & 15)]);
        }
        self.pad(out, &hex);
    }

    /// A boolean.
    pub fn boolean(&self, out: &mut Vec<u8>, b: bool) {
        self.pad(out, if b { b"true" } else { b"false" });
    }

    /// An integer in a base, given by magnitude and sign.
    pub fn integer(&self, out: &mut Vec<u8>, magnitude: u64, negative: bool, base: Base) {
        let signed = negative || self.plus || self.space;
        let least = match (self.precision, self.width) {
            (Some(0), _) if magnitude == 0 => {
                out.resize(out.len() + self.width.unwrap_or(0), b' ');
                return;
            }
            (Some(precision), _) => precision,
            (None, Some(width)) if self.zero && !self.minus => width.saturating_sub(usize::from(signed)),
            _ => 0,
        };
        let digits = match base {
            Base::Binary => format!("{magnitude:b}"),
            Base::Octal | Base::OctalPrefixed => format!("{magnitude:o}"),
            Base::Decimal => magnitude.to_string(),
            Base::Hex => format!("{magnitude:x}"),
            Base::HexUpper => format!("{magnitude:X}"),
        };
        let mut text = Vec::with_capacity(digits.len().max(least) + 3);
        if negative {
            text.push(b'-');
        } else if self.plus {
            text.push(b'+');
        } else if self.space {
            text.push(b' ');
        }
        match base {
            Base::OctalPrefixed => text.extend_from_slice(b"0o"),
            Base::Binary if self.sharp => text.extend_from_slice(b"0b"),
            Base::Hex if self.sharp => text.extend_from_slice(b"0x"),
            Base::HexUpper if self.sharp => text.extend_from_slice(b"0X"),
            _ => {}
        }
        let zeros = least.saturating_sub(digits.len());
        let octal = matches!(base, Base::Octal | Base::OctalPrefixed);
        if octal && self.sharp && zeros == 0 && !digits.starts_with('0') {
            text.push(b'0');
        }
        text.resize(text.len() + zeros, b'0');
        text.extend_from_slice(digits.as_bytes());
        self.without_zero().pad(out, &text);
    }

    /// `%c`.
    pub fn character(&self, out: &mut Vec<u8>, code: u64) {
        self.pad(out, to_char(code).encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// `%q` of an integer.
    pub fn quoted_character(&self, out: &mut Vec<u8>, code: u64) {
        self.pad(out, quote_rune(to_char(code), self.plus).as_bytes());
    }

    /// `%U`.
    pub fn unicode(&self, out: &mut Vec<u8>, code: u64) {
        let digits = self.precision.unwrap_or(4).max(4);
        let number = format!("{code:X}");
        let mut text = String::from("U+");
        text.extend(std::iter::repeat_n('0', digits.saturating_sub(number.len())));
        text.push_str(&number);
        let shown = u32::try_from(code).ok().and_then(char::from_u32);
        if let Some(c) = shown.filter(|&c| self.sharp && super::printable::is_printable(c)) {
            text.push_str(" '");
            text.push(c);
            text.push('\'');
        }
        self.without_zero().pad(out, text.as_bytes());
    }

    /// A float under one of `e E f F g G x X b`; `default` is the precision if none is given (`None` is the
    /// shortest that reads back).
    pub fn float(&self, out: &mut Vec<u8>, f: f64, verb: u8, default: Option<usize>) {
        let precision = self.precision.or(default);
        let mut text = format_float(f, verb, precision).into_bytes();
        if !matches!(text.first(), Some(b'-' | b'+')) {
            text.insert(0, b'+');
        }
        if self.space && text[0] == b'+' && !self.plus {
            text[0] = b' ';
        }
        if !f.is_finite() {
            // NaN loses its sign; Go keeps that of +Inf.
            if f.is_nan() && !self.space && !self.plus {
                text.remove(0);
            }
            self.without_zero().pad(out, &text);
            return;
        }
        if self.sharp && verb != b'b' {
            text = keep_point(&text, verb, precision);
        }
        if self.plus || text[0] != b'+' {
            let width = self.width.unwrap_or(0);
            if self.zero && !self.minus && width > text.len() {
                out.push(text[0]);
                self.padding(out, width - text.len());
                out.extend_from_slice(&text[1..]);
                return;
            }
            self.pad(out, &text);
            return;
        }
        self.pad(out, &text[1..]);
    }
}

/// The base of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Binary,
    Octal,
    OctalPrefixed,
    Decimal,
    Hex,
    HexUpper,
}

/// The sharp flag's work on floats: a decimal point, and the trailing zeros of `%g`.
fn keep_point(text: &[u8], verb: u8, precision: Option<usize>) -> Vec<u8> {
    let mut digits = match verb {
        b'g' | b'G' | b'x' => precision.map_or(6, |p| p as i64),
        _ => 0,
    };
    let hex = matches!(verb, b'x' | b'X');
    let end = text
        .iter()
        .position(|b| matches!(b, b'p' | b'P') || (!hex && matches!(b, b'e' | b'E')))
        .unwrap_or(text.len());
    let (number, tail) = text.split_at(end);
    let mut out = number.to_vec();
    let mut point = false;
    let mut significant = false;
    for &b in &number[1..] {
        if b == b'.' {
            point = true;
            continue;
        }
        significant |= b != b'0';
        if significant {
            digits -= 1;
        }
    }
    if !point {
        if number.len() == 2 && number[1] == b'0' {
            digits -= 1;
        }
        out.push(b'.');
    }
    out.resize(out.len() + digits.max(0) as usize, b'0');
    out.extend_from_slice(tail);
    out
}

/// Go's `strconv.FormatFloat(f, verb, precision, 64)`, where no precision is the shortest that reads back.
pub fn format_float(f: f64, verb: u8, precision: Option<usize>) -> String {
    if !f.is_finite() {
        return number::format_g(f);
    }
    match (verb, precision) {
        (b'g', None) => number::format_g(f),
        (b'G', None) => number::format_g(f).to_uppercase(),
        (b'e', None) => number::format_e(f),
        (b'E', None) => number::format_e(f).to_uppercase(),
        (b'f', None) => number::format_f(f),
        (b'f', Some(p)) => fixed_form(f, p),
        (b'e', Some(p)) => exponent_form(f, p, 'e'),
        (b'E', Some(p)) => exponent_form(f, p, 'E'),
        (b'g', Some(p)) => general_form(f, p, 'e'),
        (b'G', Some(p)) => general_form(f, p, 'E'),
        (b'b', _) => binary_form(f),
        (b'X', _) => hex_form(f, precision).to_uppercase(),
        _ => hex_form(f, precision),
    }
}

/// No float has more digits after its point; what follows are zeros, and `format!` takes no large precision.
const MOST_DIGITS: usize = 1100;

fn fixed_form(f: f64, precision: usize) -> String {
    let mut text = format!("{f:.*}", precision.min(MOST_DIGITS));
    text.extend(std::iter::repeat_n('0', precision.saturating_sub(MOST_DIGITS)));
    text
}

fn exponent_form(f: f64, precision: usize, letter: char) -> String {
    let text = format!("{f:.*e}", precision.min(MOST_DIGITS));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let zeros = "0".repeat(precision.saturating_sub(MOST_DIGITS));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}{zeros}{letter}{sign}{digits:0>2}")
}

fn general_form(f: f64, precision: usize, letter: char) -> String {
    let precision = precision.max(1);
    let text = format!("{f:.*e}", precision.min(MOST_DIGITS) - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    let count = digits.trim_end_matches('0').len();
    let point = if count == 0 { 0 } else { exponent + 1 };
    let mut threshold = precision as i64;
    if threshold > count as i64 && count as i64 >= i64::from(point) {
        threshold = count as i64;
    }
    let exp = i64::from(point) - 1;
    if exp < -4 || exp >= threshold {
        exponent_form(f, precision.min(count.max(1)) - 1, letter)
    } else {
        fixed_form(f, (count as i64 - i64::from(point)).max(0) as usize)
    }
}

/// `%b`: a decimal mantissa and a binary exponent.
fn binary_form(f: f64) -> String {
    let (negative, mantissa, exponent) = parts(f);
    let sign = if negative { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

/// The sign, integral mantissa and binary exponent of a finite float.
fn parts(f: f64) -> (bool, u64, i32) {
    let bits = f.to_bits();
    let field = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    (bits >> 63 == 1, mantissa, exponent)
}

/// `%x`: a hexadecimal mantissa between 1 and 2, and a binary exponent.
fn hex_form(f: f64, precision: Option<usize>) -> String {
    let (negative, mut mantissa, exponent) = parts(f);
    let mut exponent = exponent + 52;
    if mantissa == 0 {
        exponent = 0;
    } else {
        // 1 stands at bit 60, so that 15 hexadecimal digits follow it.
        let shift = mantissa.leading_zeros() as i32 - 3;
        mantissa <<= shift;
        exponent -= shift - 8;
    }
    if let Some(p) = precision.filter(|&p| p < 15) {
        let drop = 4 * (15 - p) as u32;
        let half = 1u64 << (drop - 1);
        let rest = mantissa & ((1 << drop) - 1);
        mantissa >>= drop;
        if rest > half || (rest == half && mantissa & 1 == 1) {
            mantissa += 1;
        }
        mantissa <<= drop;
        if mantissa >> 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(p) if p < 15 => digits.truncate(p),
        Some(p) => digits.extend(std::iter::repeat_n('0', p - 15)),
    }
    let sign = if negative { "-" } else { "" };
    let point = if digits.is_empty() { "" } else { "." };
    let (direction, size) = if exponent < 0 { ('-', -exponent) } else { ('+', exponent) };
    format!("{sign}0x{}{point}{digits}p{direction}{size:02}", mantissa >> 60)
}

fn to_char(code: u64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The bytes of the first character; a bad byte counts as one.
fn rune_width(text: &[u8]) -> usize {
    match text.first() {
        Some(0..=0x7f) | None => 1,
        _ => {
            text.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()).map_or(1, char::len_utf8)
        }
    }
}

/// Go's `utf8.RuneCount`: characters, each bad byte being one.
pub fn rune_count(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}
