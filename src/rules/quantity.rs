//! Kubernetes quantities (`500m`, `10Gi`, `1e3`), to say which of two is more.
//!
//! The grammar is that of `apimachinery/pkg/api/resource/quantity.go: parseQuantityString`. Values are floats here:
//! exact enough to tell growth from shrinking, and never compared for being equal.

use crate::value::Value;

/// A quantity as a number of its base unit; `None` if it is none.
pub fn of(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(i.as_i128() as f64),
        Value::Float(f) => Some(*f),
        Value::String(text) => parse(text.as_str()?),
        _ => None,
    }
}

/// Parses a quantity.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            10f64.powi(power)
        }
    };
    let value = number * factor;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_decimal_binary_or_exponents() {
        assert_eq!(parse("500m"), Some(0.5));
        assert_eq!(parse("1Gi"), Some(1073741824.0));
        assert_eq!(parse("1e3"), Some(1000.0));
        assert_eq!(parse("2E"), Some(2e18));
        assert_eq!(parse("1 Gi"), None);
        assert_eq!(parse("much"), None);
        assert_eq!(parse("1e999999"), None);
    }
}
