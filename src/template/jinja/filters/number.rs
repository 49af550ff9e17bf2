//! Filters of numbers.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{bind, int as arg_int, text as arg_text, truth};
use super::super::ops::{self, Number};
use super::super::output::{describe, text};
use super::super::{fail, ops::int as make_int};
use super::collections::attribute_of;

pub(crate) fn abs(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("abs", args, [], 0)?;
    match Number::of(value) {
        Some(Number::Int(n)) => {
            Ok(make_int(n.checked_abs().ok_or_else(|| fail("the integer is too large"))?))
        }
        Some(Number::Float(f)) => Ok(Jinja::from(f.abs())),
        None => Err(fail(format!("`abs` wants a number, not {}", describe(value)))),
    }
}

pub(crate) fn bool(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("bool", args, [], 0)?;
    Ok(Jinja::from(match value.as_str() {
        Some(s) => matches!(s.to_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y" | "t"),
        None => value.is_true(),
    }))
}

/// The value of a decimal digit of any script.
pub(crate) fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    // The zeros of the scripts whose digits are in a row.
    const ZEROS: &[u32] = &[
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
        0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
    ];
    let code = c as u32;
    ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).map(|zero| code - zero)
}

/// The digits of a number as Python's `int` and `float` read them: ASCII, without underscores.
fn normalized(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    for c in text.trim().chars() {
        if c == '_' {
            if last.is_none_or(|l: char| !l.is_ascii_alphanumeric()) {
                return None;
            }
        } else {
            let plain = digit(c).and_then(|d| char::from_digit(d, 10)).unwrap_or(c);
            if last == Some('_') && !plain.is_ascii_alphanumeric() {
                return None;
            }
            out.push(plain);
        }
        last = Some(c);
    }
    (last != Some('_')).then_some(out)
}

/// A float as Python's `float` reads a string.
fn parse_float(text: &str) -> Option<f64> {
    let text = normalized(text)?;
    let digits = text.trim_start_matches(['+', '-']);
    let special = matches!(digits.to_ascii_lowercase().as_str(), "inf" | "infinity" | "nan");
    if !special && !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok()
}

fn parse_int(text: &str, base: u32) -> Option<i128> {
    let text = normalized(text)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match (base, lower.get(..2)) {
        (16 | 0, Some("0x")) => (16, lower.get(2..)?),
        (8 | 0, Some("0o")) => (8, lower.get(2..)?),
        (2 | 0, Some("0b")) => (2, lower.get(2..)?),
        (0, _) => (10, lower.as_str()),
        _ => (base, lower.as_str()),
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) || !(2..=36).contains(&base) {
        return None;
    }
    let n = i128::from_str_radix(digits, base).ok()?;
    Some(if negative { -n } else { n })
}

pub(crate) fn int(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [default, base] = bind("int", args, ["default", "base"], 0)?;
    let base = u32::try_from(arg_int("int", base.as_ref(), 10)?).unwrap_or(10);
    let number = match value.as_str() {
        Some(s) => parse_int(s, base).map(Number::Int).or_else(|| parse_float(s).map(Number::Float)),
        None => Number::of(value),
    };
    Ok(match number {
        Some(Number::Int(n)) => make_int(n),
        Some(Number::Float(f)) if f.is_finite() && f.abs() < 1.7e38 => make_int(f.trunc() as i128),
        _ => default.unwrap_or(Jinja::from(0)),
    })
}

pub(crate) fn float(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [default] = bind("float", args, ["default"], 0)?;
    let number = match value.as_str() {
        Some(s) => parse_float(s),
        None => Number::of(value).map(Number::as_f64),
    };
    Ok(number.map_or_else(|| default.unwrap_or(Jinja::from(0.0)), Jinja::from))
}

pub(crate) fn round(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [precision, method] = bind("round", args, ["precision", "method"], 0)?;
    let precision = arg_int("round", precision.as_ref(), 0)?.clamp(-300, 300);
    let method = arg_text(method.as_ref(), "common")?;
    let number =
        Number::of(value).ok_or_else(|| fail(format!("`round` wants a number, not {}", describe(value))))?;
    match method.as_str() {
        "common" => Ok(match number {
            Number::Int(n) if precision >= 0 => make_int(n),
            Number::Int(n) => make_int(round_half_even(n as f64, precision) as i128),
            Number::Float(f) => Jinja::from(round_half_even(f, precision)),
        }),
        "ceil" | "floor" => {
            let factor = 10_f64.powi(i32::try_from(precision).unwrap_or(0));
            let scaled = number.as_f64() * factor;
            let whole = if method == "ceil" { scaled.ceil() } else { scaled.floor() };
            Ok(Jinja::from(whole / factor))
        }
        other => Err(fail(format!("`round` knows the methods common, ceil and floor, not {other}"))),
    }
}

/// Python's `round`: to the nearest decimal, ties (of the exact value) to the even one.
fn round_half_even(f: f64, precision: i64) -> f64 {
    if !f.is_finite() {
        return f;
    }
    if precision >= 0 {
        let places = usize::try_from(precision).unwrap_or(0);
        return format!("{f:.places$}").parse().unwrap_or(f);
    }
    let factor = 10_f64.powi(i32::try_from(-precision).unwrap_or(0));
    (f / factor).round_ties_even() * factor
}

pub(crate) fn sum(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [attribute, start] = bind("sum", args, ["attribute", "start"], 0)?;
    let attribute = attribute.filter(|a| !a.is_none());
    let mut total = start.unwrap_or(Jinja::from(0));
    for item in ops::items(value)? {
        let item = match &attribute {
            Some(attribute) => attribute_of(&item, attribute)?,
            None => item,
        };
        total = ops::add(&total, &item)?;
    }
    Ok(total)
}

pub(crate) fn filesizeformat(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [binary] = bind("filesizeformat", args, ["binary"], 0)?;
    let binary = truth(binary.as_ref(), false);
    let bytes = match value.kind() {
        ValueKind::String => parse_float(&text(value)?),
        _ => Number::of(value).map(Number::as_f64),
    };
    let bytes =
        bytes.ok_or_else(|| fail(format!("`filesizeformat` wants a number, not {}", describe(value))))?;
    let base = if binary { 1024.0 } else { 1000.0 };
    let units: &[&str] = if binary {
        &["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    } else {
        &["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    };
    if bytes == 1.0 {
        return Ok(Jinja::from("1 Byte"));
    }
    if bytes < base {
        return Ok(Jinja::from(format!("{} Bytes", bytes.trunc() as i64)));
    }
    let mut unit = base;
    for (i, name) in units.iter().enumerate() {
        unit = base.powi(i as i32 + 2);
        if bytes < unit {
            return Ok(Jinja::from(format!("{:.1} {name}", base * bytes / unit)));
        }
    }
    Ok(Jinja::from(format!("{:.1} {}", base * bytes / unit, units.last().copied().unwrap_or_default())))
}
