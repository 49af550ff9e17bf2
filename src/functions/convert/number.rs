//! Numbers out of anything: `spf13/cast` over Go's `strconv`.

use crate::value::{Str, Value};

/// `cast.ToInt64`, which is also `cast.ToInt` on a 64-bit machine: floats are cut, strings read as Go
/// literals once a `.0` at their end is gone.
pub(crate) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(i) => i.as_i64(),
        Value::Float(f) => truncate(*f),
        Value::Bool(b) => i64::from(*b),
        Value::String(s) => parse_int(trim_zero_decimal(s.as_bytes()), 0).unwrap_or(0),
        _ => 0,
    }
}

/// `cast.ToFloat64`
pub(crate) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(i) if i.kind().is_unsigned() => i.as_u64() as f64,
        Value::Int(i) => i.as_i64() as f64,
        Value::Float(f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => parse_float(s.as_bytes()).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Go's `int64(f)` on amd64: what is out of range is the least integer.
pub(crate) fn truncate(f: f64) -> i64 {
    // 2^63 itself is out of range, -2^63 is not.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&f) { f as i64 } else { i64::MIN }
}

/// `strconv.Atoi` with its error ignored: what is too great is the greatest integer, other errors are 0.
pub(super) fn atoi(s: &Str) -> i64 {
    match parse_int(s.as_bytes(), 10) {
        Ok(n) => n,
        Err(ParseError::Range { negative }) => {
            if negative {
                i64::MIN
            } else {
                i64::MAX
            }
        }
        Err(ParseError::Syntax) => 0,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParseError {
    Syntax,
    Range { negative: bool },
}

/// `strconv.ParseInt(s, base, 64)`; base 0 takes Go's prefixes and underscores.
pub(super) fn parse_int(s: &[u8], base: u32) -> Result<i64, ParseError> {
    let (negative, digits) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let (radix, body) = match (base, digits) {
        (0, [b'0', b'b' | b'B', rest @ ..]) if !rest.is_empty() => (2, rest),
        (0, [b'0', b'o' | b'O', rest @ ..]) if !rest.is_empty() => (8, rest),
        (0, [b'0', b'x' | b'X', rest @ ..]) if !rest.is_empty() => (16, rest),
        (0, [b'0', rest @ ..]) => (8, rest),
        (0, _) => (10, digits),
        (base, _) => (base, digits),
    };
    if digits.is_empty() {
        return Err(ParseError::Syntax);
    }
    let mut n: u128 = 0;
    let mut underscores = false;
    for &b in body {
        if b == b'_' && base == 0 {
            underscores = true;
            continue;
        }
        let digit = char::from(b).to_digit(radix).ok_or(ParseError::Syntax)?;
        n = n * u128::from(radix) + u128::from(digit);
        if n > u128::from(u64::MAX) {
            // strconv reads no further, so bad digits after this don't count.
            return Err(ParseError::Range { negative });
        }
    }
    if underscores && !underscores_ok(digits) {
        return Err(ParseError::Syntax);
    }
    let signed = i128::try_from(n).unwrap_or(i128::MAX);
    i64::try_from(if negative { -signed } else { signed }).map_err(|_| ParseError::Range { negative })
}

/// strconv: underscores stand only between digits, or between a base prefix and a digit.
fn underscores_ok(s: &[u8]) -> bool {
    let s = match s {
        [b'-' | b'+', rest @ ..] => rest,
        _ => s,
    };
    let (hex, mut after_digit, rest) = match s {
        [b'0', b'x' | b'X', rest @ ..] => (true, true, rest),
        [b'0', b'b' | b'B' | b'o' | b'O', rest @ ..] => (false, true, rest),
        _ => (false, false, s),
    };
    let mut after_underscore = false;
    for &b in rest {
        let digit = b.is_ascii_digit() || hex && b.is_ascii_hexdigit();
        match b {
            b'_' if !after_digit => return false,
            _ if !digit && b != b'_' && after_underscore => return false,
            _ => {}
        }
        after_underscore = b == b'_';
        after_digit = digit;
    }
    !after_underscore
}

/// cast's `trimZeroDecimal`: cuts a point and only zeros after it off the end, `5.00` but not `5.`.
fn trim_zero_decimal(s: &[u8]) -> &[u8] {
    let mut found_zero = false;
    for (i, b) in s.iter().enumerate().rev() {
        match b {
            b'.' if found_zero => return s.get(..i).unwrap_or(s),
            b'.' => {}
            b'0' => found_zero = true,
            _ => return s,
        }
    }
    s
}

/// `strconv.ParseFloat(s, 64)`; out of range is an error too.
pub(crate) fn parse_float(s: &[u8]) -> Option<f64> {
    let (negative, body) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let sign = if negative { -1.0 } else { 1.0 };
    if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        return Some(f64::INFINITY * sign);
    }
    if s.eq_ignore_ascii_case(b"nan") {
        return Some(f64::NAN);
    }
    if s.contains(&b'_') && !underscores_ok(s) {
        return None;
    }
    if let [b'0', b'x' | b'X', digits @ ..] = body {
        return hex_float(digits).map(|f| f * sign);
    }
    let plain = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-' | b'_');
    if !s.iter().all(plain) {
        return None;
    }
    let text: String = s.iter().filter(|b| **b != b'_').map(|&b| char::from(b)).collect();
    text.parse::<f64>().ok().filter(|f| f.is_finite())
}

/// The digits of a hexadecimal float, which must have a binary exponent.
fn hex_float(s: &[u8]) -> Option<f64> {
    let at = s.iter().position(|b| matches!(b, b'p' | b'P'))?;
    let (mantissa, exponent) = (s.get(..at)?, s.get(at + 1..)?);
    let mut bits: u64 = 0;
    let mut shift: i64 = 0;
    let (mut dot, mut any, mut sticky) = (false, false, false);
    for &b in mantissa.iter().filter(|b| **b != b'_') {
        if b == b'.' {
            if std::mem::replace(&mut dot, true) {
                return None;
            }
            continue;
        }
        let digit = u64::from(char::from(b).to_digit(16)?);
        any = true;
        if bits >> 58 == 0 {
            bits = bits << 4 | digit;
            shift -= if dot { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            shift += if dot { 0 } else { 4 };
        }
    }
    let (negative, digits) = match exponent {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, exponent),
    };
    if !any || !digits.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut e: i64 = 0;
    for &b in digits.iter().filter(|b| **b != b'_') {
        let digit = i64::from(char::from(b).to_digit(10)?);
        if e < 10_000 {
            e = e * 10 + digit;
        }
    }
    let e = shift + if negative { -e } else { e };
    let value = scale(bits, sticky, e);
    value.is_finite().then_some(value)
}

/// `bits × 2^e`, rounded to the nearest float, ties to even; `sticky` says that bits were left out.
fn scale(bits: u64, sticky: bool, e: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let e = e.clamp(-3000, 3000);
    let top = 63 - i64::from(bits.leading_zeros()) + e;
    // Bits below the last one that a float of this size keeps.
    let lowest = (top - 52).max(-1074);
    let drop = lowest - e;
    let kept = match u32::try_from(drop) {
        Err(_) | Ok(0) => return bits as f64 * pow2(e),
        Ok(drop) if drop > 63 => u64::from(drop == 64 && bits > 1 << 63),
        Ok(drop) => {
            let kept = bits >> drop;
            let rest = bits & ((1 << drop) - 1);
            let half = 1 << (drop - 1);
            let up = rest > half || rest == half && (sticky || kept & 1 == 1);
            kept + u64::from(up)
        }
    };
    kept as f64 * pow2(lowest)
}

fn pow2(e: i64) -> f64 {
    // In two steps, since 2^-1074 × 2^52 is not a single normal factor.
    let half = e / 2;
    2f64.powi(half as i32) * 2f64.powi((e - half) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(s: &str) -> i64 {
        to_int64(&Value::from(s))
    }

    #[test]
    fn strings_are_go_literals_with_a_zero_fraction_cut() {
        for (s, want) in [
            ("017", 15),
            ("08", 0),
            ("0x1F", 31),
            ("0b101", 5),
            ("0o17", 15),
            ("1_000", 1000),
            ("1__0", 0),
            ("_1", 0),
            ("0_7", 7),
            ("5.0", 5),
            ("5.00", 5),
            ("5.", 0),
            ("5.9", 0),
            ("-3", -3),
            ("+3", 3),
            (" 3", 0),
            ("0x", 0),
            ("0", 0),
            ("9223372036854775808", 0),
            ("-9223372036854775808", i64::MIN),
            ("1e3", 0),
        ] {
            assert_eq!(int(s), want, "{s}");
        }
    }

    #[test]
    fn atoi_stops_at_the_greatest_integer() {
        assert_eq!(atoi(&"99999999999999999999".into()), i64::MAX);
        assert_eq!(atoi(&"-99999999999999999999".into()), i64::MIN);
        assert_eq!(atoi(&"99999999999999999999x".into()), i64::MAX);
        assert_eq!(atoi(&"9223372036854775808x".into()), 0);
        assert_eq!(atoi(&"017".into()), 17);
        assert_eq!(atoi(&"1_0".into()), 0);
    }

    #[test]
    fn floats_out_of_range_are_the_least_integer() {
        assert_eq!(truncate(1e19), i64::MIN);
        assert_eq!(truncate(f64::NAN), i64::MIN);
        assert_eq!(truncate(-2.9), -2);
    }

    #[test]
    fn float_strings_are_read_as_strconv_does() {
        for (s, want) in [
            ("1.5", Some(1.5)),
            ("017", Some(17.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("Inf", Some(f64::INFINITY)),
            ("-infinity", Some(f64::NEG_INFINITY)),
            ("0x1p-2", Some(0.25)),
            ("0x1.8p1", Some(3.0)),
            ("0x1.fffffffffffff8p0", Some(2.0)),
            ("0x1.fffffffffffff7p0", Some(1.9999999999999998)),
            ("0x1p-1074", Some(5e-324)),
            ("0x1", None),
            ("1e400", None),
            ("1_0", Some(10.0)),
            ("1__0", None),
            ("-nan", None),
            ("", None),
            ("1 ", None),
            ("e5", None),
        ] {
            assert_eq!(parse_float(s.as_bytes()), want, "{s}");
        }
        assert!(parse_float(b"NaN").is_some_and(f64::is_nan));
    }
}
