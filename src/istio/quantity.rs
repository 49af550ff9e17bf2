//! Quantities, read and written in their canonical form (`apimachinery pkg/api/resource/quantity.go`).

use crate::value::Value;

const FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// More digits than any quantity has that an API server takes.
const DIGITS: usize = 60;

/// A quantity: `mantissa * 10^exponent`, or `mantissa * 2^exponent` where the suffix is a binary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    negative: bool,
    /// The digits without a point and without zeros before them.
    digits: String,
    /// How many powers of ten they are multiplied by.
    exponent: i32,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `m`, `k`
    Decimal,
    /// `e3`
    Exponent,
    /// `Ki`: multiplied by this power of 1024, too.
    Binary(i32),
}

/// Reads a quantity out of a text or a number.
///
/// # Errors
/// In the words of Kubernetes.
pub(super) fn of_value(value: &Value) -> Result<Quantity, String> {
    match value {
        Value::String(text) => parse(&text.to_text()),
        Value::Null => parse("0"),
        other => match super::types::number(other) {
            Some(text) => parse(&text),
            None => Err(FORMAT.to_string()),
        },
    }
}

/// Reads a quantity.
///
/// # Errors
/// In the words of Kubernetes.
pub(super) fn parse(text: &str) -> Result<Quantity, String> {
    let text = text.trim();
    let wrong = || FORMAT.to_string();
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (number, suffix) = body.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > DIGITS {
        return Err(wrong());
    }
    let unit = |exponent, form| Some((exponent, form));
    let (power, form) = match suffix {
        "n" => unit(-9, Form::Decimal),
        "u" => unit(-6, Form::Decimal),
        "m" => unit(-3, Form::Decimal),
        "" => unit(0, Form::Decimal),
        "k" => unit(3, Form::Decimal),
        "M" => unit(6, Form::Decimal),
        "G" => unit(9, Form::Decimal),
        "T" => unit(12, Form::Decimal),
        "P" => unit(15, Form::Decimal),
        "E" => unit(18, Form::Decimal),
        "Ki" => unit(0, Form::Binary(1)),
        "Mi" => unit(0, Form::Binary(2)),
        "Gi" => unit(0, Form::Binary(3)),
        "Ti" => unit(0, Form::Binary(4)),
        "Pi" => unit(0, Form::Binary(5)),
        "Ei" => unit(0, Form::Binary(6)),
        other => other
            .strip_prefix(['e', 'E'])
            .and_then(|power| power.parse::<i32>().ok())
            .filter(|power| power.abs() < 100)
            .and_then(|power| unit(power, Form::Exponent)),
    }
    .ok_or_else(|| {
        let known = suffix.chars().all(|c| "eEinumkKMGTP+-0123456789".contains(c));
        if known { "unable to parse quantity's suffix".to_string() } else { wrong() }
    })?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0').to_string();
    Ok(Quantity { negative, digits, exponent: power - fraction.len() as i32, form })
}

impl Quantity {
    /// Whether it is nothing.
    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The canonical form: `500m` for `0.5`.
    pub(super) fn canonical(&self) -> String {
        let sign = if self.negative && !self.is_zero() { "-" } else { "" };
        if self.is_zero() {
            return "0".to_string();
        }
        if let Form::Binary(power) = self.form {
            return match self.binary(power) {
                Some((number, suffix)) => format!("{sign}{number}{suffix}"),
                None => format!("{sign}{}{}", self.digits, binary_suffix(power)),
            };
        }
        let (mut digits, mut exponent) = (self.digits.clone(), self.exponent);
        // Nothing is finer than nano: what is, is rounded up.
        while exponent < -9 {
            let rest = digits.pop();
            if rest.is_some_and(|c| c != '0') {
                digits = increment(&digits);
            }
            exponent += 1;
        }
        while digits.len() > 1 && digits.ends_with('0') {
            digits.pop();
            exponent += 1;
        }
        while exponent.rem_euclid(3) != 0 || exponent > 18 && self.form == Form::Decimal {
            digits.push('0');
            exponent -= 1;
        }
        let suffix = match (self.form, exponent) {
            (_, 0) => String::new(),
            (Form::Exponent, power) => format!("e{power}"),
            (_, power) => {
                let names = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
                names.get((power / 3 + 3) as usize).copied().unwrap_or_default().to_string()
            }
        };
        format!("{sign}{digits}{suffix}")
    }

    /// A binary quantity in its largest unit, if it is a whole number and not below 1024; else in decimal.
    fn binary(&self, power: i32) -> Option<(String, String)> {
        let mut number = 1f64;
        number *= self.digits.parse::<f64>().ok()?;
        let bytes = number * 10f64.powi(self.exponent) * 1024f64.powi(power);
        if bytes >= 9e15 {
            return None;
        }
        if bytes < 1024.0 || bytes.fract() != 0.0 {
            let plain = parse(&crate::value::number::format_f(bytes)).ok()?;
            return Some((plain.canonical(), String::new()));
        }
        let (mut whole, mut unit) = (bytes as u64, 0);
        while whole.is_multiple_of(1024) && unit < 6 {
            whole /= 1024;
            unit += 1;
        }
        Some((whole.to_string(), binary_suffix(unit).to_string()))
    }
}

fn binary_suffix(power: i32) -> &'static str {
    ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(power.max(0) as usize).copied().unwrap_or_default()
}

fn increment(digits: &str) -> String {
    let mut bytes = digits.as_bytes().to_vec();
    for byte in bytes.iter_mut().rev() {
        if *byte == b'9' {
            *byte = b'0';
        } else {
            *byte += 1;
            return String::from_utf8(bytes).unwrap_or_default();
        }
    }
    format!("1{}", String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_canonical_form() {
        for (text, want) in [
            ("0.5", "500m"),
            ("2000m", "2"),
            ("1", "1"),
            ("100m", "100m"),
            ("1500", "1500"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("10e3", "10e3"),
            ("0.0000000001", "1n"),
            ("1024Ki", "1Mi"),
            ("0.5Ki", "512"),
            ("1.5Gi", "1536Mi"),
            ("-0", "0"),
            ("+.5", "500m"),
            ("100E", "100E"),
        ] {
            assert_eq!(parse(text).unwrap().canonical(), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "much", "1 m", "1.2.3", "."] {
            assert_eq!(parse(text).unwrap_err(), FORMAT, "{text}");
        }
        assert_eq!(parse("1mm").unwrap_err(), "unable to parse quantity's suffix");
    }
}
