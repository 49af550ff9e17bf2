//! Quantities of the Kubernetes API: `500m`, `1.5Gi`, `1e3` (apimachinery pkg/api/resource/quantity.go).

use num_bigint::BigInt;

use crate::value::Value;
use crate::value::number::format_f;

/// More digits than that are no quantity that an API server takes for what it says.
const DIGITS: usize = 40;

/// Whether both are quantities, and equal ones.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    let read = |value: &Value| match value {
        Value::String(text) => parse(text.as_str()?),
        Value::Int(int) => parse(&int.as_i128().to_string()),
        Value::Float(float) if float.is_finite() => parse(&format_f(*float)),
        _ => None,
    };
    read(a).is_some_and(|a| read(b) == Some(a))
}

/// A quantity in units of 10⁻⁶⁰.
fn parse(text: &str) -> Option<BigInt> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || number.len() > DIGITS || fraction.contains('.') {
        return None;
    }
    let (tens, twos) = match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (Some(exponent).filter(|e| e.abs() <= 18)?, 0)
        }
    };
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let power = u32::try_from(60 + tens - i32::try_from(fraction.len()).ok()?).ok()?;
    let value: BigInt = (digits << twos) * BigInt::from(10).pow(power);
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        equal(&Value::from(a), &Value::from(b))
    }

    #[test]
    fn quantities_are_equal_whatever_their_unit() {
        for (a, b) in [
            ("500m", "0.5"),
            ("1Gi", "1024Mi"),
            ("1.5Gi", "1536Mi"),
            ("1k", "1000"),
            ("1e3", "1000"),
            ("1E", "1000P"),
            ("+1", "1.000"),
            (".5", "500m"),
            ("1.", "1"),
            ("-1k", "-1000"),
            ("0", "0m"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        assert!(equal(&Value::int(1), &Value::from("1000m")));
        assert!(equal(&Value::Float(0.5), &Value::from("500m")));
    }

    #[test]
    fn others_are_not() {
        for (a, b) in
            [("1G", "1Gi"), ("1", "1 "), ("x", "x"), ("", ""), ("1K", "1000"), ("1..0", "1"), (".", "0")]
        {
            assert!(!same(a, b), "{a} {b}");
        }
        assert!(!same(&"9".repeat(1000), &"9".repeat(1000)));
        assert!(!same("1e999999999", "1e999999999"));
        assert!(!equal(&Value::Float(f64::INFINITY), &Value::Float(f64::INFINITY)));
    }
}
