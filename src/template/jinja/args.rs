//! Arguments of Jinja calls, bound to parameters as Python binds them.

use minijinja::Error;
use minijinja::value::Value as Jinja;

use super::fail;
use super::output;

/// The arguments without their names, and those with (a map, if there are any).
pub(super) fn split(args: &[Jinja]) -> (&[Jinja], Option<&Jinja>) {
    match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Some(last)),
        _ => (args, None),
    }
}

/// The named arguments as pairs.
pub(super) fn named(kwargs: Option<&Jinja>) -> Result<Vec<(String, Jinja)>, Error> {
    let Some(kwargs) = kwargs else { return Ok(Vec::new()) };
    let mut pairs = Vec::new();
    for key in kwargs.try_iter()? {
        let value = kwargs.get_item(&key)?;
        pairs.push((key.as_str().unwrap_or_default().to_string(), value));
    }
    Ok(pairs)
}

/// Binds arguments to `params`, of which the first `required` must be there.
///
/// # Errors
/// For too many, unknown, doubled or missing arguments.
pub(super) fn bind<const N: usize>(
    function: &str,
    args: &[Jinja],
    params: [&str; N],
    required: usize,
) -> Result<[Option<Jinja>; N], Error> {
    let (positional, kwargs) = split(args);
    if positional.len() > N {
        return Err(fail(format!(
            "`{function}` takes at most {N} argument{}, got {}",
            if N == 1 { "" } else { "s" },
            positional.len()
        )));
    }
    let mut bound: [Option<Jinja>; N] = std::array::from_fn(|i| positional.get(i).cloned());
    for (name, value) in named(kwargs)? {
        let slot = params.iter().position(|p| *p == name).and_then(|i| bound.get_mut(i));
        match slot {
            Some(slot @ None) => *slot = Some(value),
            Some(_) => return Err(fail(format!("`{function}` got the argument `{name}` twice"))),
            None => return Err(unknown(function, &name, &params)),
        }
    }
    for (param, slot) in params.iter().zip(&bound).take(required) {
        if slot.is_none() {
            return Err(fail(format!("`{function}` lacks the argument `{param}`")));
        }
    }
    Ok(bound)
}

/// The error for a named argument that does not exist.
pub(super) fn unknown(function: &str, name: &str, params: &[&str]) -> Error {
    let error = fail(format!("`{function}` has no argument `{name}`"));
    match crate::diagnostic::nearest(name, params.iter().copied()) {
        Some(near) => super::errors::with_hint(error, format!("did you mean `{near}`?")),
        None => error,
    }
}

/// A defined argument as text.
pub(super) fn text(value: Option<&Jinja>, default: &str) -> Result<String, Error> {
    match value {
        Some(value) => output::text(value),
        None => Ok(default.to_string()),
    }
}

/// An argument as an integer.
pub(super) fn int(function: &str, value: Option<&Jinja>, default: i64) -> Result<i64, Error> {
    match value {
        None => Ok(default),
        Some(v) if v.is_undefined() => Err(super::undefined()),
        Some(v) if v.is_integer() || matches!(v.kind(), minijinja::value::ValueKind::Bool) => {
            v.as_i64().ok_or_else(|| fail(format!("`{function}`: the number {v} is too large")))
        }
        Some(v) => Err(fail(format!("`{function}` wants an integer, not {}", output::describe(v)))),
    }
}

/// An argument as a truth value.
pub(super) fn truth(value: Option<&Jinja>, default: bool) -> bool {
    value.map_or(default, Jinja::is_true)
}
