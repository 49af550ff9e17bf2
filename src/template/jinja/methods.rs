//! The methods of Python's strings, lists, tuples and dictionaries that templates call.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::args::{bind, int, text, truth};
use super::convert::{new_list, store, to_jinja, tuple};
use super::ops::{self, MAX_ITEMS, MAX_SIZE, too_large};
use super::{fail, output};
use crate::diagnostic::nearest;
use crate::value::{List, Map, Value};

pub(super) const MAP_METHODS: &[&str] =
    &["get", "keys", "values", "items", "update", "setdefault", "pop", "popitem", "copy", "clear"];
const LIST_METHODS: &[&str] =
    &["append", "extend", "insert", "pop", "remove", "clear", "copy", "sort", "reverse", "index", "count"];

const STRING_METHODS: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

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

fn width(method: &str, value: Option<&Jinja>) -> Result<usize, Error> {
    let width = usize::try_from(int(method, value, 0)?.max(0)).unwrap_or(usize::MAX);
    if width > MAX_SIZE { Err(too_large(method)) } else { Ok(width) }
}

fn fill(method: &str, value: Option<&Jinja>) -> Result<char, Error> {
    let text = text(value, " ")?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(fail(format!("`{method}` fills with exactly one character"))),
    }
}

/// Pads a text to a width; `left` says how much of the padding stands before it.
pub(super) fn pad(text: &str, width: usize, fill: char, left: impl Fn(usize) -> usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let left = left(missing).min(missing);
    let mut out = String::with_capacity(text.len() + missing * fill.len_utf8());
    out.extend(std::iter::repeat_n(fill, left));
    out.push_str(text);
    out.extend(std::iter::repeat_n(fill, missing - left));
    out
}

fn of_string(state: &mut State, value: &Jinja, method: &str, args: &[Jinja]) -> Result<Jinja, Error> {
    let s = value.as_str().unwrap_or_default();
    Ok(match method {
        "rsplit" => {
            let [sep, max] = bind(method, args, ["sep", "maxsplit"], 0)?;
            let max = usize::try_from(int(method, max.as_ref(), -1)?).ok();
            let parts: Vec<&str> = match sep.filter(|s| !s.is_none()) {
                Some(sep) => {
                    let sep = text(Some(&sep), "")?;
                    if sep.is_empty() {
                        return Err(fail("the separator is empty"));
                    }
                    let mut parts: Vec<&str> = match max {
                        Some(max) => s.rsplitn(max.saturating_add(1), sep.as_str()).collect(),
                        None => s.rsplit(sep.as_str()).collect(),
                    };
                    parts.reverse();
                    return Ok(new_list(parts.into_iter().map(Jinja::from)));
                }
                None => rsplit_space(s, max),
            };
            new_list(parts.into_iter().map(Jinja::from))
        }
        "partition" | "rpartition" => {
            let [sep] = bind(method, args, ["sep"], 1)?;
            let sep = text(sep.as_ref(), "")?;
            if sep.is_empty() {
                return Err(fail("the separator is empty"));
            }
            let found = if method == "partition" { s.split_once(&sep) } else { s.rsplit_once(&sep) };
            let parts = match found {
                Some((a, b)) => [a, &sep, b],
                None if method == "partition" => [s, "", ""],
                None => ["", "", s],
            };
            tuple(parts.into_iter().map(Jinja::from).collect())
        }
        "zfill" => {
            let [n] = bind(method, args, ["width"], 1)?;
            let n = width(method, n.as_ref())?;
            let (sign, digits) = match s.strip_prefix(['+', '-']) {
                Some(digits) => (&s[..1], digits),
                None => ("", s),
            };
            Jinja::from(format!("{sign}{}", pad(digits, n.saturating_sub(sign.len()), '0', |n| n)))
        }
        "ljust" | "rjust" | "center" => {
            let [n, c] = bind(method, args, ["width", "fillchar"], 1)?;
            let (n, c) = (width(method, n.as_ref())?, fill(method, c.as_ref())?);
            Jinja::from(match method {
                "ljust" => pad(s, n, c, |_| 0),
                "rjust" => pad(s, n, c, |missing| missing),
                // Python's rule: the odd one goes left if both the gap and the width are odd.
                _ => pad(s, n, c, |missing| missing / 2 + (missing & n & 1)),
            })
        }
        "removeprefix" | "removesuffix" => {
            let [part] = bind(method, args, ["prefix"], 1)?;
            let part = text(part.as_ref(), "")?;
            let rest = if method == "removeprefix" { s.strip_prefix(&*part) } else { s.strip_suffix(&*part) };
            Jinja::from(rest.unwrap_or(s))
        }
        "swapcase" => {
            let [] = bind(method, args, [], 0)?;
            Jinja::from(s.chars().fold(String::new(), |mut out, c| {
                if c.is_uppercase() {
                    out.extend(c.to_lowercase())
                } else {
                    out.extend(c.to_uppercase())
                }
                out
            }))
        }
        "casefold" => {
            let [] = bind(method, args, [], 0)?;
            Jinja::from(s.to_lowercase().replace('ß', "ss"))
        }
        "index" | "rindex" => {
            let [sub, start, end] = bind(method, args, ["sub", "start", "end"], 1)?;
            let found = find(s, &text(sub.as_ref(), "")?, start.as_ref(), end.as_ref(), method == "rindex")?;
            Jinja::from(found.ok_or_else(|| fail("the string has no such part"))?)
        }
        "find" | "rfind" => {
            let [sub, start, end] = bind(method, args, ["sub", "start", "end"], 1)?;
            let found = find(s, &text(sub.as_ref(), "")?, start.as_ref(), end.as_ref(), method == "rfind")?;
            found.map_or(Jinja::from(-1), Jinja::from)
        }
        "istitle" => {
            let [] = bind(method, args, [], 0)?;
            Jinja::from(is_title(s))
        }
        "expandtabs" => {
            let [size] = bind(method, args, ["tabsize"], 0)?;
            let size = usize::try_from(int(method, size.as_ref(), 8)?.max(0)).unwrap_or(0);
            if size.saturating_mul(s.matches('\t').count()) > MAX_SIZE {
                return Err(too_large(method));
            }
            Jinja::from(expand_tabs(s, size))
        }
        "isidentifier" => {
            let [] = bind(method, args, [], 0)?;
            let mut chars = s.chars();
            let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
            Jinja::from(first && chars.all(|c| c == '_' || c.is_alphanumeric()))
        }
        "isdecimal" => {
            let [] = bind(method, args, [], 0)?;
            Jinja::from(!s.is_empty() && s.chars().all(|c| super::filters::number::digit(c).is_some()))
        }
        "isprintable" => {
            let [] = bind(method, args, [], 0)?;
            Jinja::from(!s.chars().any(char::is_control))
        }
        "split" => {
            let [sep, max] = bind(method, args, ["sep", "maxsplit"], 0)?;
            let max = usize::try_from(int(method, max.as_ref(), -1)?).ok();
            match sep.filter(|s| !s.is_none()) {
                Some(sep) => {
                    let sep = text(Some(&sep), "")?;
                    if sep.is_empty() {
                        return Err(fail("the separator is empty"));
                    }
                    let limit = max.map_or(usize::MAX, |m| m.saturating_add(1));
                    new_list(s.splitn(limit, sep.as_str()).map(Jinja::from))
                }
                None => new_list(split_space(s, max).into_iter().map(Jinja::from)),
            }
        }
        "join" => {
            let [items] = bind(method, args, ["iterable"], 1)?;
            let mut out = String::new();
            for (i, item) in ops::items(&items.unwrap_or_default())?.iter().enumerate() {
                let Some(text) = item.as_str().filter(|_| item.kind() == ValueKind::String) else {
                    return Err(fail(format!("`join` takes strings, not {}", output::describe(item))));
                };
                if i > 0 {
                    out.push_str(s);
                }
                out.push_str(text);
                if out.len() > MAX_SIZE {
                    return Err(too_large("join"));
                }
            }
            Jinja::from(out)
        }
        "replace" => {
            let [old, new, count] = bind(method, args, ["old", "new", "count"], 2)?;
            let count = int(method, count.as_ref(), -1)?;
            Jinja::from(super::filters::text::replace(
                s,
                &text(old.as_ref(), "")?,
                &text(new.as_ref(), "")?,
                usize::try_from(count).ok(),
            )?)
        }
        "format" if s.len() < 100_000 => super::filters::format::check_widths(s).and_then(|()| {
            minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args)
        })?,
        "encode" => return Err(fail("strings are text here: `encode` is not needed")),
        _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args)?,
    })
}

fn split_space(s: &str, max: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = s.trim_start();
    while !rest.is_empty() {
        if max.is_some_and(|max| parts.len() >= max) {
            parts.push(rest.trim_end());
            break;
        }
        match rest.split_once(char::is_whitespace) {
            Some((part, tail)) => {
                parts.push(part);
                rest = tail.trim_start();
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts
}

fn rsplit_space(s: &str, max: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = s.trim_end();
    while !rest.is_empty() {
        if max.is_some_and(|max| parts.len() >= max) {
            parts.push(rest.trim_start());
            break;
        }
        match rest.rsplit_once(char::is_whitespace) {
            Some((head, part)) => {
                parts.push(part);
                rest = head.trim_end();
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts.reverse();
    parts
}

/// Where a part stands, counted in characters, within the characters `start..end`.
fn find(
    s: &str,
    part: &str,
    start: Option<&Jinja>,
    end: Option<&Jinja>,
    last: bool,
) -> Result<Option<usize>, Error> {
    let len = s.chars().count();
    let clamp = |value: Option<&Jinja>, default: usize| -> Result<usize, Error> {
        let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(default) };
        let n = int("find", Some(value), 0)?;
        let n = if n < 0 { n.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)).max(0) } else { n };
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    };
    let (start, end) = (clamp(start, 0)?, clamp(end, len)?.min(len));
    if start > end {
        return Ok(None);
    }
    let byte = |chars: usize| s.char_indices().nth(chars).map_or(s.len(), |(i, _)| i);
    let from = byte(start);
    let slice = s.get(from..byte(end)).unwrap_or_default();
    let found = if last { slice.rfind(part) } else { slice.find(part) };
    Ok(found.map(|i| start + slice.get(..i).unwrap_or_default().chars().count()))
}

fn is_title(s: &str) -> bool {
    let (mut cased, mut any) = (false, false);
    for c in s.chars() {
        if c.is_uppercase() {
            if cased {
                return false;
            }
            (cased, any) = (true, true);
        } else if c.is_lowercase() {
            if !cased {
                return false;
            }
            any = true;
        } else {
            cased = false;
        }
    }
    any
}

fn expand_tabs(s: &str, size: usize) -> String {
    let (mut out, mut column) = (String::with_capacity(s.len()), 0);
    for c in s.chars() {
        match c {
            '\t' if size > 0 => {
                let gap = size - column % size;
                out.extend(std::iter::repeat_n(' ', gap));
                column += gap;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}
