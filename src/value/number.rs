//! Floats as Go's `strconv.FormatFloat(f, verb, -1, 64)` writes them: the shortest digits that read back.

use std::fmt::Write;

/// The shortest decimal digits of a finite float: `0.digits × 10^point`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// Whether the sign is minus (of -0 too).
    pub negative: bool,
    /// The digits, without leading or trailing zeros; empty for zero.
    pub digits: String,
    /// Where the decimal point stands, counted from the start of the digits.
    pub point: i32,
}

/// The shortest digits of a float that is neither infinite nor NaN; of one that is, zero.
pub fn shortest(f: f64) -> Decimal {
    let negative = f.is_sign_negative();
    if f == 0.0 || !f.is_finite() {
        return Decimal { negative, digits: String::new(), point: 0 };
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(f.abs());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().unwrap_or(0)),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len() as i32 + exponent;
    let leading = digits.len() - digits.trim_start_matches('0').len();
    digits.drain(..leading);
    point -= leading as i32;
    digits.truncate(digits.trim_end_matches('0').len());
    Decimal { negative, digits, point }
}

/// `FormatFloat(f, 'g', -1, 64)`, which is also `%v`: an exponent below 1e-4 and from 1e6 on.
/// (strconv decides by a precision of 6 when the digits are the shortest, however many there are.)
pub fn format_g(f: f64) -> String {
    if let Some(special) = special(f) {
        return special.to_string();
    }
    let d = shortest(f);
    if d.digits.is_empty() || (-4..6).contains(&(d.point - 1)) {
        format_decimal(&d)
    } else {
        format_exponent(&d)
    }
}

/// `FormatFloat(f, 'e', -1, 64)`.
pub fn format_e(f: f64) -> String {
    special(f).map_or_else(|| format_exponent(&shortest(f)), str::to_string)
}

/// `FormatFloat(f, 'f', -1, 64)`.
pub fn format_f(f: f64) -> String {
    special(f).map_or_else(|| format_decimal(&shortest(f)), str::to_string)
}

fn special(f: f64) -> Option<&'static str> {
    match f {
        _ if f.is_nan() => Some("NaN"),
        _ if f == f64::INFINITY => Some("+Inf"),
        _ if f == f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

fn format_decimal(d: &Decimal) -> String {
    let mut out = String::with_capacity(24);
    if d.negative {
        out.push('-');
    }
    if d.point <= 0 {
        out.push('0');
        if !d.digits.is_empty() {
            out.push('.');
            out.extend(std::iter::repeat_n('0', d.point.unsigned_abs() as usize));
            out.push_str(&d.digits);
        }
        return out;
    }
    let point = d.point as usize;
    if d.digits.len() <= point {
        out.push_str(&d.digits);
        out.extend(std::iter::repeat_n('0', point - d.digits.len()));
    } else {
        out.push_str(&d.digits[..point]);
        out.push('.');
        out.push_str(&d.digits[point..]);
    }
    out
}

fn format_exponent(d: &Decimal) -> String {
    let mut out = String::with_capacity(24);
    if d.negative {
        out.push('-');
    }
    let (first, rest) = d.digits.split_at_checked(1).unwrap_or(("0", ""));
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    let exponent = if d.digits.is_empty() { 0 } else { d.point - 1 };
    let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_go_s() {
        for (f, want) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e21, "1e+21"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e-7, "1e-07"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(format_g(f), want);
        }
        assert_eq!(format_f(1e21), "1000000000000000000000");
        assert_eq!(format_e(0.0), "0e+00");
    }
}
