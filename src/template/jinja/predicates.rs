//! Jinja's tests (`x is …`), with the meaning of jinja2 `tests.py`.

use std::collections::HashMap;
use std::sync::OnceLock;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::args::bind;
use super::ops::{self, Number};
use super::output::{describe, text};
use super::{convert, fail, filters, undefined};

type Test = fn(&Jinja, &Jinja) -> Result<bool, Error>;

/// Name, number of arguments, whether an undefined value may be asked, and the test itself.
const TESTS: &[(&str, usize, bool, Test)] = &[
    ("defined", 0, true, |v, _| Ok(!v.is_undefined())),
    ("undefined", 0, true, |v, _| Ok(v.is_undefined())),
    ("none", 0, true, |v, _| Ok(v.is_none())),
    ("boolean", 0, true, |v, _| Ok(v.kind() == ValueKind::Bool)),
    ("true", 0, true, |v, _| Ok(v.kind() == ValueKind::Bool && v.is_true())),
    ("false", 0, true, |v, _| Ok(v.kind() == ValueKind::Bool && !v.is_true())),
    ("integer", 0, true, |v, _| Ok(v.is_integer())),
    ("float", 0, true, |v, _| Ok(v.is_number() && !v.is_integer())),
    ("number", 0, true, |v, _| Ok(v.is_number() || v.kind() == ValueKind::Bool)),
    ("string", 0, true, |v, _| Ok(v.kind() == ValueKind::String)),
    ("mapping", 0, true, |v, _| Ok(v.kind() == ValueKind::Map && !is_function(v))),
    ("sequence", 0, true, |v, _| {
        Ok(matches!(v.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::String) && !is_function(v))
    }),
    ("iterable", 0, false, |v, _| {
        let kinds = [ValueKind::Seq, ValueKind::Map, ValueKind::String, ValueKind::Iterable];
        Ok(kinds.contains(&v.kind()) && !is_function(v))
    }),
    ("callable", 0, false, |v, _| Ok(is_function(v))),
    ("sameas", 1, true, same_as),
    ("escaped", 0, true, |v, _| Ok(v.is_safe())),
    ("lower", 0, false, |v, _| cased(v, char::is_lowercase, char::is_uppercase)),
    ("upper", 0, false, |v, _| cased(v, char::is_uppercase, char::is_lowercase)),
    ("odd", 0, false, |v, _| divides(v, &Jinja::from(2)).map(|even| !even)),
    ("even", 0, false, |v, _| divides(v, &Jinja::from(2))),
    ("divisibleby", 1, false, divides),
    ("in", 1, false, |v, other| ops::contains(other, v)),
    ("==", 1, false, ops::equal),
    ("eq", 1, false, ops::equal),
    ("equalto", 1, false, ops::equal),
    ("!=", 1, false, |a, b| Ok(!ops::equal(a, b)?)),
    ("ne", 1, false, |a, b| Ok(!ops::equal(a, b)?)),
    (">", 1, false, |a, b| ops::relation(">", a, b)),
    ("gt", 1, false, |a, b| ops::relation(">", a, b)),
    ("greaterthan", 1, false, |a, b| ops::relation(">", a, b)),
    (">=", 1, false, |a, b| ops::relation(">=", a, b)),
    ("ge", 1, false, |a, b| ops::relation(">=", a, b)),
    ("<", 1, false, |a, b| ops::relation("<", a, b)),
    ("lt", 1, false, |a, b| ops::relation("<", a, b)),
    ("lessthan", 1, false, |a, b| ops::relation("<", a, b)),
    ("<=", 1, false, |a, b| ops::relation("<=", a, b)),
    ("le", 1, false, |a, b| ops::relation("<=", a, b)),
    ("filter", 0, false, |v, _| Ok(filters::index(&text(v)?).is_some())),
    ("test", 0, false, |v, _| Ok(index(&text(v)?).is_some())),
];

/// The number by which lowered templates name a test.
pub(super) fn index(name: &str) -> Option<usize> {
    static TABLE: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    TABLE.get_or_init(|| TESTS.iter().enumerate().map(|(i, t)| (t.0, i)).collect()).get(name).copied()
}

/// The names of all tests.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TESTS.iter().map(|t| t.0)
}

/// Asks whether the value passes the test of a number.
pub(super) fn apply(_: &mut State, index: usize, value: &Jinja, args: &[Jinja]) -> Result<bool, Error> {
    let Some((name, arity, undefined_too, test)) = TESTS.get(index) else { return Ok(false) };
    if value.is_undefined() && !undefined_too {
        return Err(undefined());
    }
    if *arity == 0 {
        let [] = bind(name, args, [], 0)?;
        return test(value, &Jinja::from(()));
    }
    let [other] = bind(name, args, ["other"], 1)?;
    let other = other.unwrap_or_default();
    if other.is_undefined() && *name != "sameas" {
        return Err(undefined());
    }
    test(value, &other)
}

fn is_function(value: &Jinja) -> bool {
    value.downcast_object_ref::<super::library::Callable>().is_some()
        || value.downcast_object_ref::<super::macros::Macro>().is_some()
        || value.downcast_object_ref::<convert::BoundMethod>().is_some()
        || value.downcast_object_ref::<super::globals::Joiner>().is_some()
}

fn same_as(a: &Jinja, b: &Jinja) -> Result<bool, Error> {
    if let (Some(x), Some(y)) = (convert::as_list(a), convert::as_list(b)) {
        return Ok(x.is_same(&y));
    }
    if let (Some(x), Some(y)) = (convert::as_map(a), convert::as_map(b)) {
        return Ok(x.is_same(&y));
    }
    if a.as_object().is_some() || b.as_object().is_some() {
        return Ok(false);
    }
    Ok(a.kind() == b.kind()
        && a.is_integer() == b.is_integer()
        && (a.is_undefined() || a.is_none() || ops::equal(a, b)?))
}

fn cased(value: &Jinja, wanted: fn(char) -> bool, other: fn(char) -> bool) -> Result<bool, Error> {
    let text = text(value)?;
    Ok(text.chars().any(wanted) && !text.chars().any(other))
}

fn divides(value: &Jinja, by: &Jinja) -> Result<bool, Error> {
    if Number::of(value).is_none() || Number::of(by).is_none() {
        return Err(fail(format!("only numbers are divisible, not {}", describe(value))));
    }
    let rest = ops::rem(value, by)?;
    ops::equal(&rest, &Jinja::from(0))
}
