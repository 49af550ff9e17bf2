//! The methods of strings.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{bind, int, text};
use super::super::convert::{new_list, tuple};
use super::super::ops::{self, MAX_SIZE, too_large};
use super::super::{fail, output};

/// The names of all methods, for hints.
pub(super) const STRING_METHODS: &[&str] = &[
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
pub(in super::super) fn pad(text: &str, width: usize, fill: char, left: impl Fn(usize) -> usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let left = left(missing).min(missing);
    let mut out = String::with_capacity(text.len() + missing * fill.len_utf8());
    out.extend(std::iter::repeat_n(fill, left));
    out.push_str(text);
    out.extend(std::iter::repeat_n(fill, missing - left));
    out
}

pub(super) fn of_string(
    state: &mut State,
    value: &Jinja,
    method: &str,
    args: &[Jinja],
) -> Result<Jinja, Error> {
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
                Some(digits) => (s.get(..1).unwrap_or_default(), digits),
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
            Jinja::from(!s.is_empty() && s.chars().all(|c| super::super::filters::number::digit(c).is_some()))
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
            Jinja::from(super::super::filters::text::replace(
                s,
                &text(old.as_ref(), "")?,
                &text(new.as_ref(), "")?,
                usize::try_from(count).ok(),
            )?)
        }
        "format" if s.len() < 100_000 => super::super::filters::format::check_widths(s).and_then(|()| {
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
