//! Python's formatting with `%`.

use std::fmt::Write;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args;
use super::super::ops::{self, MAX_SIZE, Number, too_large};
use super::super::output::{describe, text};
use super::super::{fail, undefined};
use super::markup::repr;

/// The widest field that a format may ask for.
const MAX_WIDTH: usize = 10_000;

pub(crate) fn format(_: &mut State, value: &Jinja, arguments: &[Jinja]) -> Result<Jinja, Error> {
    let (positional, named) = args::split(arguments);
    if !positional.is_empty() && named.is_some() {
        return Err(fail("`format` takes arguments with names or without, not both"));
    }
    let pattern = text(value)?;
    let values = match named {
        Some(named) => named.clone(),
        None => super::super::convert::tuple(positional.to_vec()),
    };
    percent(&pattern, &values).map(Jinja::from)
}

/// Refuses widths in a pattern of `str.format` that would make a huge text.
pub(crate) fn check_widths(pattern: &str) -> Result<(), Error> {
    let mut digits = 0;
    for c in pattern.chars() {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits > 4 {
            return Err(too_large("format"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// `pattern % values`
pub(crate) fn percent(pattern: &str, values: &Jinja) -> Result<String, Error> {
    if values.is_undefined() {
        return Err(undefined());
    }
    let mut rest: Box<dyn Iterator<Item = Jinja>> = if values.is_tuple() {
        Box::new(ops::items(values)?.into_iter())
    } else {
        Box::new(std::iter::once(values.clone()))
    };
    let mut next = || rest.next().ok_or_else(|| fail("there are fewer arguments than the format wants"));
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut keyed = false;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut key = None;
        if chars.peek() == Some(&'(') {
            chars.next();
            let mut name = String::new();
            loop {
                match chars.next() {
                    Some(')') => break,
                    Some(c) => name.push(c),
                    None => return Err(fail("the key of a format is not closed")),
                }
            }
            key = Some(name);
        }
        let mut spec = Spec::default();
        while let Some(flag) = chars.peek().copied() {
            match flag {
                '-' => spec.left = true,
                '0' => spec.zero = true,
                '+' => spec.plus = true,
                ' ' => spec.space = true,
                '#' => spec.alternate = true,
                _ => break,
            }
            chars.next();
        }
        if let Some(width) = number(&mut chars, &mut next)? {
            spec.width = width;
        }
        if chars.peek() == Some(&'.') {
            chars.next();
            spec.precision = Some(number(&mut chars, &mut next)?.unwrap_or(0));
        }
        while matches!(chars.peek(), Some('l' | 'h' | 'L')) {
            chars.next();
        }
        let Some(kind) = chars.next() else { return Err(fail("the format ends within a field")) };
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match &key {
            Some(key) => {
                keyed = true;
                if values.kind() != ValueKind::Map {
                    return Err(fail("a format with keys wants a mapping"));
                }
                let found = values.get_item(&Jinja::from(key.as_str()))?;
                if found.is_undefined() {
                    return Err(fail(format!("the mapping has no key {key:?}")));
                }
                found
            }
            None => next()?,
        };
        if value.is_undefined() {
            return Err(undefined());
        }
        field(&mut out, kind, &spec, &value)?;
        if out.len() > MAX_SIZE {
            return Err(too_large("format"));
        }
    }
    if !keyed && values.kind() != ValueKind::Map && next().is_ok() {
        return Err(fail("there are more arguments than the format wants"));
    }
    Ok(out)
}

fn number(
    chars: &mut std::iter::Peekable<std::str::Chars>,
    next: &mut impl FnMut() -> Result<Jinja, Error>,
) -> Result<Option<usize>, Error> {
    let mut n: Option<usize> = None;
    if chars.peek() == Some(&'*') {
        chars.next();
        n = Some(next()?.as_usize().ok_or_else(|| fail("`*` in a format wants an integer"))?);
    }
    while let Some(d) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        n = Some(n.unwrap_or(0).saturating_mul(10).saturating_add(d as usize));
    }
    match n {
        Some(n) if n > MAX_WIDTH => Err(too_large("format")),
        n => Ok(n),
    }
}

fn field(out: &mut String, kind: char, spec: &Spec, value: &Jinja) -> Result<(), Error> {
    let (mut sign, mut body) = (String::new(), String::new());
    match kind {
        's' | 'r' | 'a' => {
            body = if kind == 's' { text(value)? } else { repr(value)? };
            if let Some(precision) = spec.precision {
                body = body.chars().take(precision).collect();
            }
        }
        'c' => match value.as_str() {
            Some(s) if s.chars().count() == 1 => body.push_str(s),
            Some(_) => return Err(fail("`%c` wants one character")),
            None => {
                let c = value.as_i64().and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32);
                body.push(c.ok_or_else(|| fail("`%c` wants a character"))?);
            }
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let n = match Number::of(value) {
                Some(Number::Int(n)) => n,
                Some(Number::Float(f)) if matches!(kind, 'd' | 'i' | 'u') && f.is_finite() => {
                    f.trunc() as i128
                }
                _ => return Err(fail(format!("`%{kind}` wants an integer, not {}", describe(value)))),
            };
            sign_of(&mut sign, n < 0, spec);
            let n = n.unsigned_abs();
            let (prefix, digits) = match kind {
                'x' => ("0x", format!("{n:x}")),
                'X' => ("0X", format!("{n:X}")),
                'o' => ("0o", format!("{n:o}")),
                _ => ("", n.to_string()),
            };
            if spec.alternate {
                sign.push_str(prefix);
            }
            let missing = spec.precision.unwrap_or(0).saturating_sub(digits.len());
            body.extend(std::iter::repeat_n('0', missing));
            body.push_str(&digits);
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let f = Number::of(value)
                .map(Number::as_f64)
                .ok_or_else(|| fail(format!("`%{kind}` wants a number, not {}", describe(value))))?;
            sign_of(&mut sign, f.is_sign_negative(), spec);
            body = float(kind, f.abs(), spec.precision.unwrap_or(6), spec.alternate);
        }
        other => return Err(fail(format!("unknown format `%{other}`"))),
    }
    let missing = spec.width.saturating_sub(sign.chars().count() + body.chars().count());
    let numeric = !matches!(kind, 's' | 'r' | 'a' | 'c');
    if spec.left {
        out.push_str(&sign);
        out.push_str(&body);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if spec.zero && numeric {
        out.push_str(&sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(&body);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(&sign);
        out.push_str(&body);
    }
    Ok(())
}

fn sign_of(sign: &mut String, negative: bool, spec: &Spec) {
    if negative {
        sign.push('-');
    } else if spec.plus {
        sign.push('+');
    } else if spec.space {
        sign.push(' ');
    }
}

fn float(kind: char, f: f64, precision: usize, alternate: bool) -> String {
    if !f.is_finite() {
        let name = if f.is_nan() { "nan" } else { "inf" };
        return if kind.is_uppercase() { name.to_uppercase() } else { name.to_string() };
    }
    let text = match kind.to_ascii_lowercase() {
        'f' => format!("{f:.precision$}"),
        'e' => exponent(f, precision),
        _ => {
            let precision = precision.max(1);
            let scientific = exponent(f, precision - 1);
            let power: i32 = scientific.split('e').nth(1).and_then(|e| e.parse().ok()).unwrap_or(0);
            let places = i32::try_from(precision).unwrap_or(i32::MAX);
            let text = if f != 0.0 && (power < -4 || power >= places) {
                scientific
            } else {
                let decimals = usize::try_from(places - 1 - power).unwrap_or(0);
                format!("{f:.decimals$}")
            };
            if alternate { text } else { without_zeros(&text) }
        }
    };
    if kind.is_uppercase() { text.to_uppercase() } else { text }
}

fn exponent(f: f64, precision: usize) -> String {
    let text = format!("{f:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let mut out = digits.to_string();
    let _ = write!(out, "e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs());
    out
}

fn without_zeros(text: &str) -> String {
    let (digits, power) = match text.split_once('e') {
        Some((digits, power)) => (digits, format!("e{power}")),
        None => (text, String::new()),
    };
    if !digits.contains('.') {
        return text.to_string();
    }
    format!("{}{power}", digits.trim_end_matches('0').trim_end_matches('.'))
}
