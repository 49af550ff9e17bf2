//! Filters of sequences and mappings.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{self, bind, int, text as arg_text, truth};
use super::super::convert::{new_list, tuple};
use super::super::methods;
use super::super::ops::{self, MAX_ITEMS, too_large};
use super::super::output::describe;
use super::super::{fail, predicates, undefined};

/// `value[key]` or `value.key`, undefined if there is none.
pub(super) fn get(value: &Jinja, key: &Jinja) -> Result<Jinja, Error> {
    if value.is_undefined() {
        return Err(undefined());
    }
    value.get_item(key)
}

/// The attribute that a filter is told to look at: a name, a path with dots, or a number.
pub(super) fn attribute_of(value: &Jinja, attribute: &Jinja) -> Result<Jinja, Error> {
    let Some(path) = attribute.as_str() else { return get(value, attribute) };
    let mut current = value.clone();
    for part in path.split('.') {
        let key = match part.parse::<i64>() {
            Ok(n) if part.bytes().all(|b| b.is_ascii_digit()) => Jinja::from(n),
            _ => Jinja::from(part),
        };
        current = get(&current, &key)?;
    }
    Ok(current)
}

pub(crate) fn attr(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [name] = bind("attr", args, ["name"], 1)?;
    get(value, &name.unwrap_or_default())
}

pub(crate) fn default(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [default, boolean] = bind("default", args, ["default_value", "boolean"], 0)?;
    if value.is_undefined() || (truth(boolean.as_ref(), false) && !value.is_true()) {
        return Ok(default.unwrap_or(Jinja::from("")));
    }
    Ok(value.clone())
}

pub(crate) fn length(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("length", args, [], 0)?;
    match value.kind() {
        ValueKind::Iterable => Ok(Jinja::from(ops::items(value)?.len())),
        _ => value.len().map(Jinja::from).ok_or_else(|| fail(format!("{} has no length", describe(value)))),
    }
}

pub(crate) fn list(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("list", args, [], 0)?;
    Ok(new_list(ops::items(value)?))
}

pub(crate) fn items(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("items", args, [], 0)?;
    if value.kind() != ValueKind::Map {
        return Err(fail(format!("`items` wants a mapping, not {}", describe(value))));
    }
    Ok(new_list(methods::pairs(value)?.into_iter().map(|(k, v)| tuple(vec![k, v]))))
}

pub(crate) fn first(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("first", args, [], 0)?;
    Ok(ops::items(value)?.into_iter().next().unwrap_or_default())
}

pub(crate) fn last(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("last", args, [], 0)?;
    Ok(ops::items(value)?.pop().unwrap_or_default())
}

pub(crate) fn reverse(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("reverse", args, [], 0)?;
    if let Some(text) = value.as_str().filter(|_| value.kind() == ValueKind::String) {
        return Ok(Jinja::from(text.chars().rev().collect::<String>()));
    }
    let mut items = ops::items(value)?;
    items.reverse();
    Ok(new_list(items))
}

pub(crate) fn batch(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [count, fill] = bind("batch", args, ["linecount", "fill_with"], 1)?;
    let count = usize::try_from(int("batch", count.as_ref(), 1)?).unwrap_or(0);
    if count == 0 || count > MAX_ITEMS {
        return Err(fail("`batch` wants a number above 0"));
    }
    let fill = fill.filter(|f| !f.is_none());
    let mut rows = Vec::new();
    for chunk in ops::items(value)?.chunks(count) {
        let mut row = chunk.to_vec();
        ops::work(count.min(row.len() + 1) + if fill.is_some() { count } else { 0 })?;
        if let Some(fill) = &fill {
            row.resize(count, fill.clone());
        }
        rows.push(new_list(row));
    }
    Ok(new_list(rows))
}

pub(crate) fn slice(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [slices, fill] = bind("slice", args, ["slices", "fill_with"], 1)?;
    let slices = usize::try_from(int("slice", slices.as_ref(), 1)?).unwrap_or(0);
    let items = ops::items(value)?;
    if slices == 0 || slices > 1_000_000 {
        return Err(fail("`slice` wants a number above 0 (and at most 1,000,000)"));
    }
    let fill = fill.filter(|f| !f.is_none());
    let (per, extra) = (items.len() / slices, items.len() % slices);
    let mut columns = Vec::new();
    let mut rest = items.into_iter();
    for i in 0..slices {
        let mut column: Vec<Jinja> = rest.by_ref().take(per + usize::from(i < extra)).collect();
        if let (Some(fill), true) = (&fill, i >= extra) {
            column.push(fill.clone());
        }
        columns.push(new_list(column));
    }
    Ok(new_list(columns))
}

/// `map(attribute=…)` or `map('filter', …)`.
pub(crate) fn map(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let (positional, named) = args::split(args);
    let mut out = Vec::new();
    if positional.is_empty() {
        let [attribute, default] = bind("map", args, ["attribute", "default"], 1)?;
        let attribute = attribute.unwrap_or_default();
        for item in ops::items(value)? {
            let found = attribute_of(&item, &attribute);
            out.push(match (&default, found) {
                (Some(default), Ok(found)) if found.is_undefined() => default.clone(),
                (Some(default), Err(_)) => default.clone(),
                (_, found) => found?,
            });
        }
        return Ok(new_list(out));
    }
    let name = arg_text(positional.first(), "")?;
    let Some(index) = super::index(&name) else { return Err(unknown("filter", &name, super::names())) };
    let rest: Vec<Jinja> = positional.iter().skip(1).chain(named).cloned().collect();
    for item in ops::items(value)? {
        state.consume_fuel(1)?;
        out.push(super::apply(state, index, &item, &rest)?);
    }
    Ok(new_list(out))
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Error {
    let error = fail(format!("unknown {what} `{name}`"));
    match crate::diagnostic::nearest(name, known) {
        Some(near) => super::super::errors::with_hint(error, format!("did you mean `{near}`?")),
        None => error,
    }
}

pub(crate) fn select(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    choose(state, value, args, None, true)
}

pub(crate) fn reject(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    choose(state, value, args, None, false)
}

pub(crate) fn selectattr(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let (attribute, rest) = args.split_first().ok_or_else(|| fail("`selectattr` lacks the attribute"))?;
    choose(state, value, rest, Some(attribute), true)
}

pub(crate) fn rejectattr(state: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let (attribute, rest) = args.split_first().ok_or_else(|| fail("`rejectattr` lacks the attribute"))?;
    choose(state, value, rest, Some(attribute), false)
}

/// Keeps the items that pass a test (or are true), or those that don't.
fn choose(
    state: &mut State,
    value: &Jinja,
    args: &[Jinja],
    attribute: Option<&Jinja>,
    wanted: bool,
) -> Result<Jinja, Error> {
    let test = match args.first().filter(|a| !a.is_kwargs()) {
        Some(name) => {
            let name = arg_text(Some(name), "")?;
            Some(predicates::index(&name).ok_or_else(|| unknown("test", &name, predicates::names()))?)
        }
        None => None,
    };
    let rest = args.get(1..).unwrap_or_default();
    let mut out = Vec::new();
    for item in ops::items(value)? {
        state.consume_fuel(1)?;
        let subject = match attribute {
            Some(attribute) => attribute_of(&item, attribute)?,
            None => item.clone(),
        };
        let passes = match test {
            Some(test) => predicates::apply(state, test, &subject, rest)?,
            None => subject.is_true(),
        };
        if passes == wanted {
            out.push(item);
        }
    }
    Ok(new_list(out))
}

/// `value[start:stop:step]`, with Python's meaning.
pub(in super::super) fn slice_of(value: &Jinja, parts: &[Jinja]) -> Result<Jinja, Error> {
    let part = |i: usize| -> Result<Option<i64>, Error> {
        match parts.get(i).filter(|p| !p.is_none()) {
            Some(p) => int("[…]", Some(p), 0).map(Some),
            None => Ok(None),
        }
    };
    if value.is_undefined() {
        return Err(undefined());
    }
    let (start, stop, step) = (part(0)?, part(1)?, part(2)?.unwrap_or(1));
    if step == 0 {
        return Err(fail("the step of a slice is 0"));
    }
    match value.kind() {
        ValueKind::String => {
            let chars: Vec<char> = value.as_str().unwrap_or_default().chars().collect();
            Ok(Jinja::from(stepped(&chars, start, stop, step).into_iter().collect::<String>()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let chosen = stepped(&ops::items(value)?, start, stop, step);
            if chosen.len() > MAX_ITEMS {
                return Err(too_large("[…]"));
            }
            Ok(if value.is_tuple() { tuple(chosen) } else { new_list(chosen) })
        }
        // Jinja2 gives an undefined value where Python's subscript fails.
        _ => Ok(Jinja::UNDEFINED),
    }
}

fn stepped<T: Clone>(items: &[T], start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<T> {
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamp = |n: i64| if n < 0 { n.saturating_add(len).max(low) } else { n.min(high) };
    let first = start.map_or(if step > 0 { low } else { high }, clamp);
    let end = stop.map_or(if step > 0 { high } else { low }, clamp);
    let mut out = Vec::new();
    let mut at = first;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        if let Some(item) = usize::try_from(at).ok().and_then(|i| items.get(i)) {
            out.push(item.clone());
        }
        at = match at.checked_add(step) {
            Some(next) => next,
            None => break,
        };
    }
    out
}
