//! Number literals under all the types that can hold them (`text/template/parse/node.go: newNumber`).

use super::lexer::Kind;
use crate::value::Complex;
use crate::value::print::{quote, unquote_char};

/// A literal, as each type that can hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number {
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<Complex>,
}

impl Number {
    /// Reads a literal of one of the kinds of token that are numbers.
    pub fn parse(text: &[u8], kind: Kind) -> Result<Number, String> {
        match kind {
            Kind::CharConstant => return Number::character(text),
            Kind::Complex => return Number::sum(text),
            _ => {}
        }
        if let Some(f) = text.strip_suffix(b"i").and_then(parse_float) {
            return Ok(Number::simplify(Complex { re: 0.0, im: f }));
        }
        let mut number = Number { uint: parse_uint(text), int: parse_int(text), ..Number::default() };
        if number.int == Some(0) && number.uint.is_none() {
            number.uint = Some(0);
        }
        if let Some(i) = number.int {
            number.float = Some(i as f64);
        } else if let Some(u) = number.uint {
            number.float = Some(u as f64);
        } else if let Some(f) = parse_float(text) {
            if !text.iter().any(|b| b".eEpP".contains(b)) {
                return Err(format!("integer overflow: {}", quote(text)));
            }
            number = Number { int: whole_int(f), uint: whole_uint(f), float: Some(f), complex: None };
        } else {
            return Err(format!("illegal number syntax: {}", quote(text)));
        }
        Ok(number)
    }

    fn character(text: &[u8]) -> Result<Number, String> {
        let Some((c, tail)) = unquote_char(&text[1..], b'\'') else { return Err("invalid syntax".into()) };
        if tail != b"'" {
            return Err(format!("malformed character constant: {}", String::from_utf8_lossy(text)));
        }
        let code = c.code();
        Ok(Number {
            int: Some(code.into()),
            uint: Some(code.into()),
            float: Some(code.into()),
            complex: None,
        })
    }

    /// A complex literal: `1+2i`.
    fn sum(text: &[u8]) -> Result<Number, String> {
        let hex = text.len() > 1 && matches!(text[1], b'x' | b'X')
            || text.len() > 2 && matches!(text[2], b'x' | b'X');
        let is_exponent = |b: u8| if hex { matches!(b, b'p' | b'P') } else { matches!(b, b'e' | b'E') };
        let split = (1..text.len()).find(|&i| matches!(text[i], b'+' | b'-') && !is_exponent(text[i - 1]));
        let (re, im) = text.split_at(split.unwrap_or(text.len()));
        let im = im.strip_suffix(b"i").unwrap_or(im);
        match (parse_float(re), parse_float(im)) {
            (Some(re), Some(im)) => Ok(Number::simplify(Complex { re, im })),
            (Some(_), None) => Err(float_error(im)),
            _ => Err(float_error(re)),
        }
    }

    fn simplify(c: Complex) -> Number {
        let float = (c.im == 0.0).then_some(c.re);
        Number { int: float.and_then(whole_int), uint: float.and_then(whole_uint), float, complex: Some(c) }
    }
}

fn float_error(text: &[u8]) -> String {
    format!("strconv.ParseFloat: parsing {}: invalid syntax", quote(text))
}

fn whole_int(f: f64) -> Option<i64> {
    (f as i64 as f64 == f && f < 9.3e18).then_some(f as i64)
}

fn whole_uint(f: f64) -> Option<u64> {
    (f as u64 as f64 == f && f < 1.9e19).then_some(f as u64)
}

/// Go's `strconv.ParseInt(text, 0, 64)`.
fn parse_int(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', rest @ ..] => match parse_uint(rest)? {
            n if n <= i64::MAX as u64 => Some(-(n as i64)),
            n if n == 1 << 63 => Some(i64::MIN),
            _ => None,
        },
        [b'+', rest @ ..] | rest => i64::try_from(parse_uint(rest)?).ok(),
    }
}

/// Go's `strconv.ParseUint(text, 0, 64)`.
fn parse_uint(text: &[u8]) -> Option<u64> {
    let (base, digits) = match text {
        [] => return None,
        [b'0', b'b' | b'B', rest @ ..] if !rest.is_empty() => (2, rest),
        [b'0', b'o' | b'O', rest @ ..] if !rest.is_empty() => (8, rest),
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        _ => (10, text),
    };
    let mut n: u64 = 0;
    for &b in digits.iter().filter(|&&b| b != b'_') {
        let digit = char::from(b).to_digit(base)?;
        n = n.checked_mul(base.into())?.checked_add(digit.into())?;
    }
    underscores_are_between_digits(text).then_some(n)
}

/// Go's `strconv.ParseFloat(text, 64)`, for what the lexer takes for a number; too large is no number.
fn parse_float(text: &[u8]) -> Option<f64> {
    if !underscores_are_between_digits(text) {
        return None;
    }
    let plain: String = text.iter().filter(|&&b| b != b'_').map(|&b| char::from(b)).collect();
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let f = match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        Some(hex) => parse_hex_float(hex)?,
        None if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => unsigned.parse().ok()?,
        None => return None,
    };
    (f.is_finite()).then_some(if plain.starts_with('-') { -f } else { f })
}

fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut n: u128 = 0;
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = c.to_digit(16)?;
        let point = i >= whole.len();
        if n >> 120 == 0 {
            n = n << 4 | u128::from(digit);
            exponent -= if point { 4 } else { 0 };
        } else {
            // Too small to be seen, but it decides which way a half is rounded.
            n |= u128::from(digit != 0);
            exponent += if point { 0 } else { 4 };
        }
    }
    let mut f = n as f64;
    let mut left = exponent.clamp(-4000, 4000) as i32;
    while left != 0 && f != 0.0 && f.is_finite() {
        let step = left.clamp(-500, 500);
        f *= 2f64.powi(step);
        left -= step;
    }
    Some(f)
}

/// Go's `underscoreOK`.
fn underscores_are_between_digits(text: &[u8]) -> bool {
    if !text.contains(&b'_') {
        return true;
    }
    let text = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    let (mut before, digits, hex) = match text {
        [b'0', letter @ (b'b' | b'B' | b'o' | b'O' | b'x' | b'X'), rest @ ..] => {
            (b'0', rest, letter.eq_ignore_ascii_case(&b'x'))
        }
        _ => (b'^', text, false),
    };
    for &b in digits {
        let class = match b {
            b'0'..=b'9' => b'0',
            _ if hex && b.is_ascii_hexdigit() => b'0',
            b'_' => b'_',
            _ => b'!',
        };
        if class == b'_' && before != b'0' || class == b'!' && before == b'_' {
            return false;
        }
        before = class;
    }
    before != b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<Number, String> {
        Number::parse(text.as_bytes(), Kind::Number)
    }

    #[test]
    fn each_base_and_form_is_read() {
        for (text, int) in [
            ("0", 0),
            ("017", 15),
            ("0o17", 15),
            ("0b101", 5),
            ("0x_1F", 31),
            ("1_000", 1000),
            ("-7", -7),
            ("+7", 7),
            ("1e3", 1000),
            ("0x1p4", 16),
            ("-9223372036854775808", i64::MIN),
            ("1.0", 1),
        ] {
            assert_eq!(number(text).map(|n| n.int), Ok(Some(int)), "{text}");
        }
        assert_eq!(number("0x1.8p1").unwrap().float, Some(3.0));
        assert_eq!(number("1e-3").unwrap(), Number { float: Some(0.001), ..Number::default() });
        assert_eq!(number("18446744073709551615").unwrap().uint, Some(u64::MAX));
        assert_eq!(number("2i").unwrap().complex, Some(Complex { re: 0.0, im: 2.0 }));
        let sum = Number::parse(b"1e+1-2i", Kind::Complex).unwrap();
        assert_eq!(sum.complex, Some(Complex { re: 10.0, im: -2.0 }));
        assert_eq!(Number::parse(b"'\\n'", Kind::CharConstant).unwrap().int, Some(10));
    }

    #[test]
    fn what_is_not_a_number_is_named() {
        for (text, message) in [
            ("089", "integer overflow: \"089\""),
            ("1__0", "illegal number syntax: \"1__0\""),
            (".", "illegal number syntax: \".\""),
            ("0x0.2", "illegal number syntax: \"0x0.2\""),
            ("18446744073709551616", "integer overflow: \"18446744073709551616\""),
            ("1e999", "illegal number syntax: \"1e999\""),
        ] {
            assert_eq!(number(text).unwrap_err(), message);
        }
    }
}
