//! Single values against what a schema says of them: types, equality, numbers.

use serde_json::Value as Json;

use super::quick::{Doubt, Verdict, known};
use crate::value::Value;
use crate::value::number::{Decimal, shortest};

/// Integers that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn number_keyword(key: &str, keyword: &Json, value: &Value) -> Verdict {
    let number = number(value)?;
    Ok(match key {
        "minimum" => number >= exact(keyword)?,
        "maximum" => number <= exact(keyword)?,
        "exclusiveMinimum" => number > exact(keyword)?,
        "exclusiveMaximum" => number < exact(keyword)?,
        "multipleOf" => is_multiple(number, exact(keyword)?).ok_or(Doubt::Unknown)?,
        _ => known(key)?,
    })
}

/// Whether a number is a whole multiple of another, both taken for what their digits say: 0.3 of 0.1.
fn is_multiple(number: f64, divisor: f64) -> Option<bool> {
    let (a, b) = (shortest(number), shortest(divisor));
    let scale = |d: &Decimal| d.point.checked_sub(i32::try_from(d.digits.len()).ok()?);
    let least = scale(&a)?.min(scale(&b)?);
    let whole = |d: &Decimal| {
        let zeros = u32::try_from(scale(d)? - least).ok()?;
        let digits: i128 = if d.digits.is_empty() { 0 } else { d.digits.parse().ok()? };
        digits.checked_mul(10_i128.checked_pow(zeros)?)
    };
    whole(&a)?.checked_rem(whole(&b)?).map(|rest| rest == 0)
}

/// A number of the values, if it is exact.
fn number(value: &Value) -> Result<f64, Doubt> {
    let number = match value {
        Value::Float(f) => *f,
        Value::Int(i) => i.as_i64() as f64,
        _ => return Err(Doubt::Unknown),
    };
    if number.abs() <= EXACT { Ok(number) } else { Err(Doubt::Unknown) }
}

/// A number of the schema, if it is exact.
fn exact(keyword: &Json) -> Result<f64, Doubt> {
    keyword.as_f64().filter(|n| n.abs() <= EXACT).ok_or(Doubt::Unknown)
}

/// A length or number of entries.
pub(super) fn size(keyword: &Json) -> Result<f64, Doubt> {
    exact(keyword).and_then(|n| if n >= 0.0 && n.fract() == 0.0 { Ok(n) } else { Err(Doubt::Unknown) })
}

pub(super) fn is_of(value: &Value, types: &Json) -> Verdict {
    match types {
        Json::String(name) => is_of_type(value, name),
        Json::Array(names) => {
            for name in names {
                if is_of_type(value, name.as_str().ok_or(Doubt::Unknown)?)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(Doubt::Unknown),
    }
}

fn is_of_type(value: &Value, name: &str) -> Verdict {
    Ok(match (name, value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("number", Value::Float(_) | Value::Int(_))
        | ("integer", Value::Int(_))
        | ("string", Value::String(_))
        | ("array", Value::List(_))
        | ("object", Value::Map(_)) => true,
        ("integer", Value::Float(f)) => f.fract() == 0.0,
        ("null" | "boolean" | "number" | "integer" | "string" | "array" | "object", _) => false,
        _ => return Err(Doubt::Unknown),
    })
}

pub(super) fn equal(value: &Value, json: &Json) -> Verdict {
    Ok(match (value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(a), Json::Bool(b)) => a == b,
        (Value::String(a), Json::String(b)) => a == b.as_str(),
        (Value::Float(_) | Value::Int(_), Json::Number(_)) => number(value)? == exact(json)?,
        (Value::List(a), Json::Array(b)) if a.len() != b.len() => false,
        (Value::List(a), Json::Array(b)) => {
            for (a, b) in a.read().iter().zip(b) {
                if !equal(a, b)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Json::Object(b)) if a.len() != b.len() => false,
        (Value::Map(a), Json::Object(b)) => {
            for (key, b) in b {
                match a.get(key) {
                    Some(a) if equal(&a, b)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ => false,
    })
}
