//! Operators, with Python's meaning: arithmetic, comparison, membership.

use std::cell::Cell;
use std::cmp::Ordering;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::convert::{self, MAX_DEPTH};
use super::output::{self, describe};
use super::{fail, undefined};

/// The most bytes of a string that one operation makes.
pub(super) const MAX_SIZE: usize = 16 << 20;

/// The most items of a list that one operation makes or walks.
pub(super) const MAX_ITEMS: usize = 2 << 20;

/// Things that one operation may look at: a small text can stand for data of exponential size.
const MAX_WORK: u64 = 20_000_000;

/// How much more than looking at an item it costs to make one.
const ITEM_WORK: usize = 8;

/// Bytes of text that are as much work as one item.
pub(super) const BYTES_PER_WORK: usize = 16;

/// So much work costs one step.
const WORK_PER_STEP: u64 = 8;

thread_local! {
    /// Things looked at or made since the last operation was charged for.
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// Counts things that an operation looks at or makes.
///
/// # Errors
/// When it is too much for one operation.
pub(super) fn work(n: usize) -> Result<(), Error> {
    WORK.with(|work| {
        work.set(work.get().saturating_add(n as u64));
        if work.get() > MAX_WORK {
            return Err(fail(format!(
                "this operation has to look at more than {MAX_WORK} things, which is over the limit"
            )));
        }
        Ok(())
    })
}

/// Counts items of a list or mapping that an operation makes: they stay in memory.
///
/// # Errors
/// When it is too much for one operation.
pub(super) fn making(n: usize) -> Result<(), Error> {
    work(n.saturating_mul(ITEM_WORK))
}

/// Charges the render for the work of the operation that ended.
pub(super) fn charge<T>(state: &State, result: Result<T, Error>) -> Result<T, Error> {
    let done = WORK.with(Cell::take);
    if done >= WORK_PER_STEP {
        state.consume_fuel(done / WORK_PER_STEP)?;
    }
    result
}

/// A number as Python tells them apart; booleans are integers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(super) fn of(value: &Jinja) -> Option<Number> {
        match value.kind() {
            ValueKind::Bool => Some(Number::Int(i128::from(value.is_true()))),
            ValueKind::Number if value.is_integer() => i128::try_from(value.clone()).ok().map(Number::Int),
            ValueKind::Number => f64::try_from(value.clone()).ok().map(Number::Float),
            _ => None,
        }
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(f) => f,
        }
    }
}

/// An integer as a Jinja value, small where it fits.
pub(super) fn int(n: i128) -> Jinja {
    i64::try_from(n).map_or_else(|_| Jinja::from(n), Jinja::from)
}

fn defined(a: &Jinja, b: &Jinja) -> Result<(), Error> {
    if a.is_undefined() || b.is_undefined() { Err(undefined()) } else { Ok(()) }
}

fn unsupported(sign: &str, a: &Jinja, b: &Jinja) -> Error {
    fail(format!("`{sign}` does not work between {} and {}", describe(a), describe(b)))
}

fn overflow() -> Error {
    fail("the integer is too large (more than 127 bits)")
}

/// `a + b`
pub(super) fn add(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    defined(a, b)?;
    if let (Some(x), Some(y)) = (Number::of(a), Number::of(b)) {
        return match (x, y) {
            (Number::Int(x), Number::Int(y)) => x.checked_add(y).map(int).ok_or_else(overflow),
            _ => Ok(Jinja::from(x.as_f64() + y.as_f64())),
        };
    }
    match (a.kind(), b.kind()) {
        (ValueKind::String, ValueKind::String) => concat(&[a.clone(), b.clone()]),
        (ValueKind::Seq, ValueKind::Seq) if a.is_tuple() == b.is_tuple() => {
            let items = items(a)?.into_iter().chain(items(b)?);
            Ok(if a.is_tuple() { convert::tuple(items.collect()) } else { convert::new_list(items) })
        }
        _ => Err(unsupported("+", a, b)),
    }
}

/// `a - b`
pub(super) fn sub(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    defined(a, b)?;
    match (Number::of(a), Number::of(b)) {
        (Some(Number::Int(x)), Some(Number::Int(y))) => x.checked_sub(y).map(int).ok_or_else(overflow),
        (Some(x), Some(y)) => Ok(Jinja::from(x.as_f64() - y.as_f64())),
        _ => Err(unsupported("-", a, b)),
    }
}

/// `a * b`
pub(super) fn mul(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    defined(a, b)?;
    match (Number::of(a), Number::of(b)) {
        (Some(Number::Int(x)), Some(Number::Int(y))) => x.checked_mul(y).map(int).ok_or_else(overflow),
        (Some(x), Some(y)) => Ok(Jinja::from(x.as_f64() * y.as_f64())),
        (None, Some(Number::Int(n))) => repeat(a, n).ok_or_else(|| unsupported("*", a, b))?,
        (Some(Number::Int(n)), None) => repeat(b, n).ok_or_else(|| unsupported("*", a, b))?,
        _ => Err(unsupported("*", a, b)),
    }
}

fn repeat(value: &Jinja, n: i128) -> Option<Result<Jinja, Error>> {
    let (size, most) = match value.kind() {
        ValueKind::String => (value.as_str().map_or(0, str::len), MAX_SIZE),
        ValueKind::Seq => (value.len().unwrap_or(0), MAX_ITEMS),
        _ => return None,
    };
    let n = usize::try_from(n.max(0)).unwrap_or(usize::MAX);
    if size.saturating_mul(n) > most {
        return Some(Err(too_large("*")));
    }
    Some(if let Some(text) = value.as_str() {
        Ok(Jinja::from(text.repeat(n)))
    } else {
        items(value).map(|items| {
            let all = std::iter::repeat_n(&items, n).flatten().cloned();
            if value.is_tuple() { convert::tuple(all.collect()) } else { convert::new_list(all) }
        })
    })
}

pub(super) fn too_large(what: &str) -> Error {
    fail(format!(
        "`{what}` would make more than {MAX_SIZE} bytes or {MAX_ITEMS} items, which is over the limit"
    ))
}

/// `a / b`
pub(super) fn div(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    let (x, y) = numbers("/", a, b)?;
    if y.as_f64() == 0.0 {
        return Err(fail("division by zero"));
    }
    Ok(Jinja::from(match (x, y) {
        (Number::Int(x), Number::Int(y)) if x % y == 0 => (x / y) as f64,
        _ => x.as_f64() / y.as_f64(),
    }))
}

fn numbers(sign: &str, a: &Jinja, b: &Jinja) -> Result<(Number, Number), Error> {
    defined(a, b)?;
    match (Number::of(a), Number::of(b)) {
        (Some(x), Some(y)) => Ok((x, y)),
        _ => Err(unsupported(sign, a, b)),
    }
}

/// `a // b`: the quotient rounded down.
pub(super) fn floor_div(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    let (x, y) = numbers("//", a, b)?;
    match (x, y) {
        (_, Number::Int(0)) => Err(fail("division by zero")),
        (Number::Int(x), Number::Int(y)) => {
            let quotient = x.checked_div(y).ok_or_else(overflow)?;
            Ok(int(if x % y != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient }))
        }
        _ => Ok(Jinja::from(float_div_mod(x.as_f64(), y.as_f64())?.0)),
    }
}

/// `a % b`: the remainder with the sign of `b`; with a string, Python's formatting.
pub(super) fn rem(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    if let (ValueKind::String, Some(pattern)) = (a.kind(), a.as_str()) {
        return super::filters::format::percent(pattern, b).map(Jinja::from);
    }
    let (x, y) = numbers("%", a, b)?;
    match (x, y) {
        (_, Number::Int(0)) => Err(fail("remainder of a division by zero")),
        (Number::Int(x), Number::Int(y)) => {
            let rest = x.checked_rem(y).unwrap_or(0);
            Ok(int(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }))
        }
        _ => Ok(Jinja::from(float_div_mod(x.as_f64(), y.as_f64())?.1)),
    }
}

/// Python's `divmod` of floats (Objects/floatobject.c).
fn float_div_mod(a: f64, b: f64) -> Result<(f64, f64), Error> {
    if b == 0.0 {
        return Err(fail("division by zero"));
    }
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    let floored = if quotient == 0.0 {
        0.0_f64.copysign(a / b)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    Ok((floored, rest))
}

/// `a ** b`
pub(super) fn pow(a: &Jinja, b: &Jinja) -> Result<Jinja, Error> {
    let (x, y) = numbers("**", a, b)?;
    match (x, y) {
        (Number::Int(x), Number::Int(y)) if y >= 0 => {
            let exponent = u32::try_from(y).map_err(|_| overflow());
            match x {
                0 | 1 => Ok(int(if y == 0 { 1 } else { x })),
                _ => x.checked_pow(exponent?).map(int).ok_or_else(overflow),
            }
        }
        _ => {
            let (x, y) = (x.as_f64(), y.as_f64());
            if x == 0.0 && y < 0.0 {
                return Err(fail("zero cannot be raised to a negative power"));
            }
            let result = x.powf(y);
            if result.is_nan() && !x.is_nan() && !y.is_nan() {
                return Err(fail("a negative number cannot be raised to a fraction"));
            }
            if result.is_infinite() && x.is_finite() && y.is_finite() {
                return Err(fail("the result is too large"));
            }
            Ok(Jinja::from(result))
        }
    }
}

/// `-a`
pub(super) fn neg(a: &Jinja) -> Result<Jinja, Error> {
    match Number::of(a) {
        Some(Number::Int(n)) => n.checked_neg().map(int).ok_or_else(overflow),
        Some(Number::Float(f)) => Ok(Jinja::from(-f)),
        None if a.is_undefined() => Err(undefined()),
        None => Err(fail(format!("`-` does not work on {}", describe(a)))),
    }
}

/// `+a`
pub(super) fn pos(a: &Jinja) -> Result<Jinja, Error> {
    match Number::of(a) {
        Some(Number::Int(n)) => Ok(int(n)),
        Some(Number::Float(_)) => Ok(a.clone()),
        None if a.is_undefined() => Err(undefined()),
        None => Err(fail(format!("`+` does not work on {}", describe(a)))),
    }
}

/// `a ~ b ~ …`
pub(super) fn concat(values: &[Jinja]) -> Result<Jinja, Error> {
    let mut out = String::new();
    for value in values {
        match value.as_str() {
            Some(text) if value.kind() == ValueKind::String => out.push_str(text),
            _ => out.push_str(&output::text(value)?),
        }
        if out.len() > MAX_SIZE {
            return Err(too_large("~"));
        }
    }
    Ok(Jinja::from(out))
}

/// The items of anything that can be looped over; of a map, its keys.
pub(super) fn items(value: &Jinja) -> Result<Vec<Jinja>, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(undefined()),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::String => {
            if value.len().is_some_and(|len| len > MAX_ITEMS) {
                return Err(too_large("list"));
            }
            let mut all = Vec::new();
            for item in value.try_iter()?.checked() {
                all.push(item?);
                if all.len() > MAX_ITEMS {
                    return Err(too_large("list"));
                }
            }
            work(all.len())?;
            Ok(all)
        }
        _ => match value.try_iter() {
            Ok(iter) if value.kind() == ValueKind::Plain => Ok(iter.collect()),
            _ => Err(fail(format!("{} cannot be looped over", describe(value)))),
        },
    }
}

/// `a == b`, by value, as Python compares.
///
/// # Errors
/// For undefined values, and for data nested too deep.
pub(super) fn equal(a: &Jinja, b: &Jinja) -> Result<bool, Error> {
    defined(a, b)?;
    equal_at(a, b, 0)
}

fn equal_at(a: &Jinja, b: &Jinja, depth: usize) -> Result<bool, Error> {
    if depth > MAX_DEPTH {
        return Err(fail(format!("data is nested deeper than {MAX_DEPTH} levels (does it contain itself?)")));
    }
    defined(a, b)?;
    work(1)?;
    match (a.kind(), b.kind()) {
        (ValueKind::String, ValueKind::String) => {
            work(a.as_str().map_or(0, str::len) / BYTES_PER_WORK)?;
            return Ok(a.as_str() == b.as_str());
        }
        (ValueKind::None, ValueKind::None) => return Ok(true),
        _ => {}
    }
    if let (Some(x), Some(y)) = (Number::of(a), Number::of(b)) {
        return Ok(compare_numbers(x, y) == Some(Ordering::Equal));
    }
    match (a.kind(), b.kind()) {
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) => {
            if a.is_tuple() != b.is_tuple() {
                return Ok(false);
            }
            if let (Some(x), Some(y)) = (convert::as_list(a), convert::as_list(b))
                && x.is_same(&y)
            {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for (x, y) in items(a)?.iter().zip(items(b)?.iter()) {
                if !equal_at(x, y, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (ValueKind::Map, ValueKind::Map) => {
            if let (Some(x), Some(y)) = (convert::as_map(a), convert::as_map(b))
                && x.is_same(&y)
            {
                return Ok(true);
            }
            if a.len() != b.len() {
                return Ok(false);
            }
            for key in items(a)? {
                let (x, y) = (a.get_item(&key)?, b.get_item(&key)?);
                if y.is_undefined() || !equal_at(&x, &y, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (x, y) if x == y => match (a.as_object(), b.as_object()) {
            (Some(x), Some(y)) => Ok(x.to_string() == y.to_string()),
            _ => Ok(a.as_bytes() == b.as_bytes() && a.as_bytes().is_some()),
        },
        _ => Ok(false),
    }
}

fn compare_numbers(x: Number, y: Number) -> Option<Ordering> {
    match (x, y) {
        (Number::Int(x), Number::Int(y)) => Some(x.cmp(&y)),
        _ => x.as_f64().partial_cmp(&y.as_f64()),
    }
}

/// Which of two values comes first.
///
/// # Errors
/// For values that have no order between them, as in Python: `1 < 'a'`.
pub(super) fn compare(a: &Jinja, b: &Jinja) -> Result<Ordering, Error> {
    compare_at(a, b, 0)
}

fn compare_at(a: &Jinja, b: &Jinja, depth: usize) -> Result<Ordering, Error> {
    defined(a, b)?;
    work(1)?;
    if depth > MAX_DEPTH {
        return Err(fail(format!("data is nested deeper than {MAX_DEPTH} levels")));
    }
    if let (Some(x), Some(y)) = (Number::of(a), Number::of(b)) {
        // NaN is neither before nor after anything; Python's sort leaves it where it is.
        return Ok(compare_numbers(x, y).unwrap_or(Ordering::Greater));
    }
    match (a.kind(), b.kind()) {
        (ValueKind::String, ValueKind::String) => {
            work(a.as_str().map_or(0, str::len) / BYTES_PER_WORK)?;
            Ok(a.as_str().cmp(&b.as_str()))
        }
        (ValueKind::Seq, ValueKind::Seq) if a.is_tuple() == b.is_tuple() => {
            let (x, y) = (items(a)?, items(b)?);
            for (p, q) in x.iter().zip(&y) {
                if !equal_at(p, q, depth + 1)? {
                    return compare_at(p, q, depth + 1);
                }
            }
            Ok(x.len().cmp(&y.len()))
        }
        _ => Err(fail(format!("{} and {} have no order between them", describe(a), describe(b)))),
    }
}

/// `a < b` and its like, by the sign.
pub(super) fn relation(sign: &str, a: &Jinja, b: &Jinja) -> Result<bool, Error> {
    match sign {
        "==" => equal(a, b),
        "!=" => Ok(!equal(a, b)?),
        "in" => contains(b, a),
        "not in" => Ok(!contains(b, a)?),
        _ => {
            if let (Some(x), Some(y)) = (Number::of(a), Number::of(b)) {
                let order = compare_numbers(x, y);
                return Ok(order.is_some_and(|order| holds(sign, order)));
            }
            Ok(holds(sign, compare(a, b)?))
        }
    }
}

fn holds(sign: &str, order: Ordering) -> bool {
    match sign {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// `item in container`
pub(super) fn contains(container: &Jinja, item: &Jinja) -> Result<bool, Error> {
    defined(container, item)?;
    match container.kind() {
        ValueKind::String => match (container.as_str(), item.as_str(), item.kind()) {
            (Some(text), Some(part), ValueKind::String) => {
                work(text.len() / BYTES_PER_WORK)?;
                Ok(text.contains(part))
            }
            _ => Err(fail(format!("only a string can be `in` a string, not {}", describe(item)))),
        },
        ValueKind::Map => {
            if let Some(map) = convert::as_map(container) {
                return Ok(item.kind() == ValueKind::String
                    && item.as_bytes().is_some_and(|key| map.contains_key(key)));
            }
            for key in items(container)? {
                if equal(&key, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            for candidate in items(container)? {
                if equal(&candidate, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(fail(format!("nothing can be `in` {}", describe(container)))),
    }
}
