//! What a plain scalar means in YAML 1.1, as go-yaml v2 sees it (`resolve.go`).

/// The type and value of a scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that only fits a `uint64`.
    Uint(u64),
    Float(f64),
    Str,
}

impl Scalar {
    /// The short form of the type's tag.
    pub fn tag(self) -> &'static str {
        match self {
            Scalar::Null => "!!null",
            Scalar::Bool(_) => "!!bool",
            Scalar::Int(_) | Scalar::Uint(_) => "!!int",
            Scalar::Float(_) => "!!float",
            Scalar::Str => "!!str",
        }
    }
}

/// What a scalar without a tag means. (A timestamp is a string to every reader of ours; see [`is_timestamp`].)
#[inline]
pub(super) fn resolve(text: &[u8]) -> Scalar {
    let Some(first) = text.first() else { return Scalar::Null };
    match first {
        b'+' | b'-' | b'0'..=b'9' => resolve_number(text),
        b'.' => match text {
            b".nan" | b".NaN" | b".NAN" => Scalar::Float(f64::NAN),
            b".inf" | b".Inf" | b".INF" => Scalar::Float(f64::INFINITY),
            _ => parse_point_float(text).map_or(Scalar::Str, Scalar::Float),
        },
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' if text.len() <= 5 => {
            resolve_word(text)
        }
        _ => Scalar::Str,
    }
}

fn resolve_word(text: &[u8]) -> Scalar {
    match text {
        b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"true" | b"True" | b"TRUE" | b"on" | b"On" | b"ON" => {
            Scalar::Bool(true)
        }
        b"n" | b"N" | b"no" | b"No" | b"NO" | b"false" | b"False" | b"FALSE" | b"off" | b"Off" | b"OFF" => {
            Scalar::Bool(false)
        }
        b"~" | b"null" | b"Null" | b"NULL" => Scalar::Null,
        _ => Scalar::Str,
    }
}

fn resolve_number(text: &[u8]) -> Scalar {
    // The common case: a short decimal number.
    if text.len() <= 18 && text[0] != b'0' && text.iter().all(u8::is_ascii_digit) {
        return Scalar::Int(text.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')));
    }
    match text {
        b"+.inf" | b"+.Inf" | b"+.INF" => return Scalar::Float(f64::INFINITY),
        b"-.inf" | b"-.Inf" | b"-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'+' | b'-')) {
        return Scalar::Str;
    }
    let without: Vec<u8>;
    let plain = if text.contains(&b'_') {
        without = text.iter().copied().filter(|b| *b != b'_').collect();
        &without[..]
    } else {
        text
    };
    if let Some(n) = parse_int(plain) {
        return n;
    }
    if is_yaml_float(plain)
        && let Some(f) = parse_finite(plain)
    {
        return Scalar::Float(f);
    }
    // `0b-101` is -5: what stands behind the prefix may have a sign.
    if let Some([sign @ (b'+' | b'-'), digits @ ..]) = plain.strip_prefix(b"0b") {
        return parse_digits(digits, 2)
            .and_then(|n| signed(n, *sign == b'-'))
            .map_or(Scalar::Str, Scalar::Int);
    }
    Scalar::Str
}

/// Go's `ParseInt(s, 0, 64)`, then `ParseUint(s, 0, 64)`.
fn parse_int(text: &[u8]) -> Option<Scalar> {
    let (sign, unsigned) = match text {
        [sign @ (b'+' | b'-'), rest @ ..] => (Some(*sign), rest),
        _ => (None, text),
    };
    let (base, digits) = match unsigned {
        [] => return None,
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => (16, digits),
        [b'0', b'b' | b'B', digits @ ..] if !digits.is_empty() => (2, digits),
        [b'0', b'o' | b'O', digits @ ..] if !digits.is_empty() => (8, digits),
        [b'0'] => (10, unsigned),
        [b'0', digits @ ..] => (8, digits),
        _ => (10, unsigned),
    };
    let n = parse_digits(digits, base)?;
    match signed(n, sign == Some(b'-')) {
        Some(i) => Some(Scalar::Int(i)),
        None if sign.is_none() => Some(Scalar::Uint(n)),
        None => None,
    }
}

fn parse_digits(digits: &[u8], base: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |n, d| {
        let d = char::from(*d).to_digit(base)?;
        n.checked_mul(u64::from(base))?.checked_add(u64::from(d))
    })
}

fn signed(n: u64, negative: bool) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(n) } else { i64::try_from(n).ok() }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let (whole, rest) = take_digits(rest);
    let rest = match rest {
        [b'.', rest @ ..] => {
            let (fraction, rest) = take_digits(rest);
            if whole == 0 && fraction == 0 {
                return false;
            }
            rest
        }
        _ if whole == 0 => return false,
        _ => rest,
    };
    is_exponent(rest)
}

fn is_exponent(text: &[u8]) -> bool {
    let rest = match text {
        [] => return true,
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => rest,
        _ => return false,
    };
    !rest.is_empty() && rest.iter().all(u8::is_ascii_digit)
}

fn take_digits(text: &[u8]) -> (usize, &[u8]) {
    let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
    text.split_at_checked(n).map_or((0, text), |(digits, rest)| (digits.len(), rest))
}

/// Go's `ParseFloat` of a text that begins with a point. Single underscores between digits are fine.
fn parse_point_float(text: &[u8]) -> Option<f64> {
    let mut before = b'!';
    for b in text {
        let ok = match b {
            b'_' => before == b'0',
            _ => b.is_ascii_digit() || before != b'_',
        };
        if !ok {
            return None;
        }
        before = if b.is_ascii_digit() { b'0' } else { *b };
    }
    let plain: Vec<u8> = text.iter().copied().filter(|b| *b != b'_').collect();
    if before == b'_' || !is_yaml_float(&plain) { None } else { parse_finite(&plain) }
}

/// A float that is in range; Go's `ParseFloat` has an error otherwise.
fn parse_finite(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|f: &f64| f.is_finite())
}

/// Whether go-yaml takes a text for a timestamp: Go's `time.Parse` with the layouts
/// `2006-1-2T15:4:5.999999999Z07:00` (or `t`), `2006-1-2 15:4:5.999999999` and `2006-1-2`.
pub(super) fn is_timestamp(text: &[u8]) -> bool {
    let (4, rest) = take_digits(text) else { return false };
    let year = parse_digits(text.get(..4).unwrap_or_default(), 10).unwrap_or(0);
    let Some((month, rest)) = rest.strip_prefix(b"-").and_then(short_number) else { return false };
    let Some((day, rest)) = rest.strip_prefix(b"-").and_then(short_number) else { return false };
    if !(1..=12).contains(&month) || !(1..=days_in(month, year)).contains(&day) {
        return false;
    }
    match rest {
        [] => true,
        [b'T' | b't', time @ ..] => is_time(time).is_some_and(is_zone),
        [b' ', ..] => is_time(rest.trim_ascii_start()).is_some_and(<[u8]>::is_empty) && only_spaces(rest),
        _ => false,
    }
}

/// Go skips spaces there, not tabs and the like.
fn only_spaces(text: &[u8]) -> bool {
    text.iter().take_while(|b| !b.is_ascii_digit()).all(|b| *b == b' ')
}

fn days_in(month: u32, year: u64) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// One digit, or two if there are two.
fn short_number(text: &[u8]) -> Option<(u32, &[u8])> {
    match text {
        [a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some((u32::from(a - b'0') * 10 + u32::from(b - b'0'), rest))
        }
        [a, rest @ ..] if a.is_ascii_digit() => Some((u32::from(a - b'0'), rest)),
        _ => None,
    }
}

/// `15:4:5.999999999`; gives what follows.
fn is_time(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = short_number(text)?;
    let (minute, rest) = short_number(rest.strip_prefix(b":")?)?;
    let (second, rest) = short_number(rest.strip_prefix(b":")?)?;
    if hour >= 24 || minute >= 60 || second >= 60 {
        return None;
    }
    Some(match rest {
        [b'.' | b',', fraction @ ..] if fraction.first().is_some_and(u8::is_ascii_digit) => {
            take_digits(fraction).1
        }
        _ => rest,
    })
}

/// `Z07:00`
fn is_zone(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', hours @ .., b':', m1, m2] if hours.len() == 2 => {
            matches!((short_number(hours), short_number(&[*m1, *m2])), (Some((h, [])), Some((m, []))) if h <= 24 && m <= 60)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_go_reads_them() {
        for (text, want) in [
            ("0", 0),
            ("-0", 0),
            ("017", 15),
            ("0o7", 7),
            ("0x1F", 31),
            ("0B101", 5),
            ("0b-101", -5),
            ("1_000", 1000),
            ("1_", 1),
            ("+1", 1),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(resolve(text.as_bytes()), Scalar::Int(want), "{text}");
        }
        assert_eq!(resolve(b"9223372036854775808"), Scalar::Uint(1 << 63));
    }

    #[test]
    fn other_numbers_are_floats_or_strings() {
        for (text, want) in [("08", 8.0), ("5.", 5.0), (".5_0", 0.5), ("1e3", 1000.0), ("1_0.5", 10.5)] {
            assert_eq!(resolve(text.as_bytes()), Scalar::Float(want), "{text}");
        }
        for text in
            ["1:30", "0x", "0b", "_1", "1e400", "._5", ".5_", ".", "+", "-", "1.2.3", "é", "<<", "tRue"]
        {
            assert_eq!(resolve(text.as_bytes()), Scalar::Str, "{text}");
        }
    }

    #[test]
    fn dates_are_timestamps_only_if_they_exist() {
        for text in
            ["2001-1-1", "2000-02-29", "2001-01-01T1:2:3Z", "2001-1-1t1:2:3.5+01:00", "2001-1-1  1:2:3,25"]
        {
            assert!(is_timestamp(text.as_bytes()), "{text}");
        }
        for text in
            ["2001-13-01", "2001-02-29", "2001-1-1T1:2:3", "2001-1-1 1:2:3Z", "2001-1-1T24:0:0Z", "201-1-1"]
        {
            assert!(!is_timestamp(text.as_bytes()), "{text}");
        }
    }
}
