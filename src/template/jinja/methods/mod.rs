//! The methods of Python's strings, lists, tuples and dictionaries that templates call.

mod strings;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::args::{bind, int, truth};
use super::convert::{new_list, store, to_jinja, tuple};
use super::ops::{self, MAX_ITEMS, too_large};
use super::{fail, output};

use crate::diagnostic::nearest;
use crate::template::objects::VERSION_SET;
use crate::value::{List, Map, Value};

pub(super) use self::strings::pad;
use self::strings::{STRING_METHODS, of_string};

pub(super) const MAP_METHODS: &[&str] =
    &["get", "keys", "values", "items", "update", "setdefault", "pop", "popitem", "copy", "clear"];
const LIST_METHODS: &[&str] =
    &["append", "extend", "insert", "pop", "remove", "clear", "copy", "sort", "reverse", "index", "count"];

fn unknown_method(what: &str, method: &str, known: &[&'static str]) -> Error {
    let error = fail(format!("{what} has no method `{method}`"));
    match nearest(method, known.iter().copied()) {
        Some(near) => super::errors::with_hint(error, format!("did you mean `{near}`?")),
        None => error,
    }
}

fn key_of(key: &Jinja) -> Result<crate::value::Str, Error> {
    match store(key) {
        Value::String(s) => Ok(s),
        _ if key.is_undefined() => Err(super::undefined()),
        _ => Err(fail(format!("the keys of this mapping are strings, not {}", output::describe(key)))),
    }
}

/// What is put into values is plain data, since Go templates may read it.
fn plain(value: &Jinja) -> Result<Value, Error> {
    match store(value) {
        Value::Object(_) => super::convert::to_torii(value),
        other => Ok(other),
    }
}

/// Calls a method of a shared map.
pub(super) fn of_map(state: &mut State, map: &Map, method: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    ops::work(if method == "get" { 1 } else { map.len() })?;
    match method {
        "get" => {
            let [key, default] = bind("get", args, ["key", "default"], 1)?;
            let key = key.unwrap_or_default();
            let found = key.as_bytes().and_then(|k| map.get(k));
            Ok(found.map_or_else(|| default.unwrap_or(Jinja::from(())), |v| to_jinja(&v)))
        }
        "keys" => {
            let [] = bind("keys", args, [], 0)?;
            Ok(new_list(map.keys().into_iter().map(|k| to_jinja(&Value::String(k)))))
        }
        "values" => {
            let [] = bind("values", args, [], 0)?;
            Ok(new_list(map.entries().iter().map(|(_, v)| to_jinja(v))))
        }
        "items" => {
            let [] = bind("items", args, [], 0)?;
            Ok(new_list(
                map.entries()
                    .into_iter()
                    .map(|(k, v)| tuple(vec![to_jinja(&Value::String(k)), to_jinja(&v)])),
            ))
        }
        "update" => {
            let (positional, named) = super::args::split(args);
            for other in positional {
                for (key, value) in pairs(other)? {
                    ops::making(4)?;
                    map.insert(key_of(&key)?, plain(&value)?);
                }
            }
            for (key, value) in super::args::named(named)? {
                map.insert(key, plain(&value)?);
            }
            Ok(Jinja::from(()))
        }
        "setdefault" => {
            let [key, default] = bind("setdefault", args, ["key", "default"], 1)?;
            let key = key_of(&key.unwrap_or_default())?;
            if let Some(found) = map.get(&key) {
                return Ok(to_jinja(&found));
            }
            let value = default.unwrap_or(Jinja::from(()));
            map.insert(key, plain(&value)?);
            Ok(value)
        }
        "pop" => {
            let [key, default] = bind("pop", args, ["key", "default"], 1)?;
            let key = key.unwrap_or_default();
            match (key.as_bytes().and_then(|k| map.remove(k)), default) {
                (Some(found), _) => Ok(to_jinja(&found)),
                (None, Some(default)) => Ok(default),
                (None, None) => Err(fail(format!("there is no key {} to pop", output::flow(&key)?))),
            }
        }
        "popitem" => {
            let [] = bind("popitem", args, [], 0)?;
            let (key, value) = map.entries().pop().ok_or_else(|| fail("the mapping is empty"))?;
            map.remove(&key);
            Ok(tuple(vec![to_jinja(&Value::String(key)), to_jinja(&value)]))
        }
        "copy" => {
            let [] = bind("copy", args, [], 0)?;
            Ok(super::convert::map_to_jinja(&map.with_type(map.map_type())))
        }
        "clear" => {
            let [] = bind("clear", args, [], 0)?;
            for key in map.keys() {
                map.remove(key);
            }
            Ok(Jinja::from(()))
        }
        // A value under the key that can be called: a macro kept in a dictionary.
        _ => match map.get(method) {
            Some(value) => to_jinja(&value).call(state, args),
            None => Err(unknown_method("a mapping", method, MAP_METHODS)),
        },
    }
}

/// The pairs of a mapping, or of a sequence of pairs.
pub(super) fn pairs(value: &Jinja) -> Result<Vec<(Jinja, Jinja)>, Error> {
    let mut out = Vec::new();
    if value.kind() == ValueKind::Map {
        for key in ops::items(value)? {
            let item = value.get_item(&key)?;
            out.push((key, item));
        }
        return Ok(out);
    }
    for pair in ops::items(value)? {
        let mut pair = ops::items(&pair)?.into_iter();
        match (pair.next(), pair.next(), pair.next()) {
            (Some(key), Some(item), None) => out.push((key, item)),
            _ => return Err(fail("a mapping is made of pairs of a key and a value")),
        }
    }
    Ok(out)
}

/// The place of an index of Python, which counts from the end if it is negative.
fn place(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(len).ok()?)? } else { index };
    usize::try_from(index).ok().filter(|i| *i < len)
}

/// Calls a method of a shared list.
pub(super) fn of_list(_: &mut State, list: &List, method: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    match method {
        "append" | "insert" => ops::making(1)?,
        "copy" => ops::making(list.len())?,
        _ => {}
    }
    ops::work(if method == "append" { 0 } else { list.len() / 4 })?;
    let none = Jinja::from(());
    match method {
        // The method of Helm's own list type, `Capabilities.APIVersions`.
        "Has" if list.elem() == VERSION_SET => {
            let [version] = bind("Has", args, ["version"], 1)?;
            let Some(Value::String(version)) = version.as_ref().map(store) else {
                return Err(fail("Has takes one string"));
            };
            let has = list.read().iter().any(|item| matches!(item, Value::String(s) if *s == version));
            Ok(Jinja::from(has))
        }
        "append" => {
            let [item] = bind("append", args, ["object"], 1)?;
            let item = store(&item.unwrap_or_default());
            list.update(|items| items.push(item));
            Ok(none)
        }
        "extend" => {
            let [more] = bind("extend", args, ["iterable"], 1)?;
            let more: Vec<Value> = ops::items(&more.unwrap_or_default())?.iter().map(store).collect();
            if list.len() + more.len() > MAX_ITEMS {
                return Err(too_large("extend"));
            }
            ops::making(more.len())?;
            list.update(|items| items.extend(more));
            Ok(none)
        }
        "insert" => {
            let [index, item] = bind("insert", args, ["index", "object"], 2)?;
            let (index, item) = (int("insert", index.as_ref(), 0)?, store(&item.unwrap_or_default()));
            list.update(|items| {
                let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = if index < 0 { index.saturating_add(len).max(0) } else { index.min(len) };
                items.insert(usize::try_from(index).unwrap_or(0), item);
            });
            Ok(none)
        }
        "pop" => {
            let [index] = bind("pop", args, ["index"], 0)?;
            let index = int("pop", index.as_ref(), -1)?;
            let popped = list.update(|items| place(index, items.len()).map(|i| items.remove(i)));
            popped.map(|v| to_jinja(&v)).ok_or_else(|| fail("the list has no such item to pop"))
        }
        "remove" => {
            let [item] = bind("remove", args, ["value"], 1)?;
            let index = index_of(list, &item.unwrap_or_default())?;
            list.update(|items| {
                if index < items.len() {
                    items.remove(index);
                }
            });
            Ok(none)
        }
        "clear" => {
            let [] = bind("clear", args, [], 0)?;
            list.update(Vec::clear);
            Ok(none)
        }
        "copy" => {
            let [] = bind("copy", args, [], 0)?;
            Ok(super::convert::list_to_jinja(&List::new(list.elem(), list.items())))
        }
        "sort" => {
            let [key, reverse] = bind("sort", args, ["key", "reverse"], 0)?;
            if key.is_some_and(|k| !k.is_none()) {
                return Err(fail("`sort` of a list takes no key here; use the filter `sort(attribute=…)`"));
            }
            let mut items: Vec<Jinja> = list.items().iter().map(to_jinja).collect();
            sort(&mut items, truth(reverse.as_ref(), false), ops::compare)?;
            let items = items.iter().map(store).collect();
            list.update(|old| *old = items);
            Ok(none)
        }
        "reverse" => {
            let [] = bind("reverse", args, [], 0)?;
            list.update(|items| items.reverse());
            Ok(none)
        }
        "index" => {
            let [item] = bind("index", args, ["value"], 1)?;
            Ok(Jinja::from(index_of(list, &item.unwrap_or_default())?))
        }
        "count" => {
            let [item] = bind("count", args, ["value"], 1)?;
            count(list.items().iter().map(to_jinja), &item.unwrap_or_default())
        }
        _ => Err(unknown_method("a list", method, LIST_METHODS)),
    }
}

fn index_of(list: &List, item: &Jinja) -> Result<usize, Error> {
    for (i, candidate) in list.items().iter().enumerate() {
        if ops::equal(&to_jinja(candidate), item)? {
            return Ok(i);
        }
    }
    Err(fail(format!("the list has no item {}", output::flow(item)?)))
}

fn count(items: impl Iterator<Item = Jinja>, item: &Jinja) -> Result<Jinja, Error> {
    let mut n = 0;
    for candidate in items {
        n += usize::from(ops::equal(&candidate, item)?);
    }
    Ok(Jinja::from(n))
}

/// A stable sort by an order that can fail. In reverse, equal items keep their order, as in Python.
pub(super) fn sort<T>(
    items: &mut [T],
    reverse: bool,
    order: impl Fn(&T, &T) -> Result<std::cmp::Ordering, Error>,
) -> Result<(), Error> {
    let mut failed = None;
    items.sort_by(|a, b| {
        let result = if reverse { order(b, a) } else { order(a, b) };
        result.unwrap_or_else(|e| {
            failed.get_or_insert(e);
            std::cmp::Ordering::Equal
        })
    });
    failed.map_or(Ok(()), Err)
}

/// minijinja's callback for methods that the value itself does not know: those of strings and tuples.
pub(super) fn unknown(
    state: &mut State,
    value: &Jinja,
    method: &str,
    args: &[Jinja],
) -> Result<Jinja, Error> {
    let result = of_plain(state, value, method, args);
    match ops::charge(state, result) {
        // Something that can be called may be kept under the name: a macro of an imported template.
        Err(e)
            if e.kind() == ErrorKind::UnknownMethod
                && value.get_attr(method).is_ok_and(|v| v.is_undefined()) =>
        {
            let known = if value.kind() == ValueKind::String { STRING_METHODS } else { &[] };
            Err(unknown_method(output::describe(value), method, known))
        }
        result => result,
    }
}

fn of_plain(state: &mut State, value: &Jinja, method: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(super::undefined()),
        ValueKind::String => of_string(state, value, method, args),
        ValueKind::Seq => match method {
            "index" => {
                let [item] = bind("index", args, ["value"], 1)?;
                let item = item.unwrap_or_default();
                for (i, candidate) in ops::items(value)?.iter().enumerate() {
                    if ops::equal(candidate, &item)? {
                        return Ok(Jinja::from(i));
                    }
                }
                Err(fail("there is no such item"))
            }
            "count" => {
                let [item] = bind("count", args, ["value"], 1)?;
                count(ops::items(value)?.into_iter(), &item.unwrap_or_default())
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        },
        ValueKind::Number if method == "is_integer" && !value.is_integer() => {
            let f = f64::try_from(value.clone()).unwrap_or(0.5);
            Ok(Jinja::from(f.fract() == 0.0))
        }
        ValueKind::Number if method == "bit_length" && value.is_integer() => {
            let n = i128::try_from(value.clone()).unwrap_or(0).unsigned_abs();
            Ok(Jinja::from(128 - n.leading_zeros()))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}
