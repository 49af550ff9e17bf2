//! Strings: Sprig's functions over Go's `strings`, `Masterminds/goutils` and `huandu/xstrings`.
//!
//! Go's strings are bytes. Cutting one within a character leaves bytes that aren't UTF-8, here as there.

mod case;
mod layout;
mod quote;
mod split;

use memchr::memmem;

use super::Type::{Any, Bool, Int, String as Text, Strings};
use super::{Env, Function, FunctionError, FunctionResult, Type, args, unicode};
use crate::value::{Str, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], Text, |_, _| Ok(Value::String(Str::from_static("Hello!")))),
    // Cutting and searching.
    Function::new("trim", &[Text], Text, trim),
    TRIM_ALL,
    TRIM_ALL.alias("trimall"),
    Function::new("trimPrefix", &[Text, Text], Text, trim_prefix),
    Function::new("trimSuffix", &[Text, Text], Text, trim_suffix),
    Function::new("trunc", &[Int, Text], Text, trunc),
    Function::new("substr", &[Int, Int, Text], Text, substr),
    Function::new("contains", &[Text, Text], Bool, contains),
    Function::new("hasPrefix", &[Text, Text], Bool, has_prefix),
    Function::new("hasSuffix", &[Text, Text], Bool, has_suffix),
    Function::new("replace", &[Text, Text, Text], Text, replace),
    Function::new("repeat", &[Int, Text], Text, repeat),
    Function::new("nospace", &[Text], Text, nospace),
    Function::new("shuffle", &[Text], Text, shuffle),
    Function::new("plural", &[Text, Text, Int], Text, plural),
    // Case.
    Function::new("upper", &[Text], Text, case::upper),
    Function::new("lower", &[Text], Text, case::lower),
    Function::new("title", &[Text], Text, case::title),
    Function::new("untitle", &[Text], Text, case::untitle),
    Function::new("swapcase", &[Text], Text, case::swapcase),
    Function::new("initials", &[Text], Text, case::initials),
    Function::new("camelcase", &[Text], Text, case::camelcase),
    Function::new("snakecase", &[Text], Text, case::snakecase),
    Function::new("kebabcase", &[Text], Text, case::kebabcase),
    // Lines.
    Function::new("indent", &[Int, Text], Text, layout::indent),
    Function::new("nindent", &[Int, Text], Text, layout::nindent),
    Function::new("wrap", &[Int, Text], Text, layout::wrap),
    Function::new("wrapWith", &[Int, Text, Text], Text, layout::wrap_with),
    Function::new("abbrev", &[Int, Text], Text, layout::abbrev),
    Function::new("abbrevboth", &[Int, Int, Text], Text, layout::abbrevboth),
    // Many values in one string.
    Function::new("quote", &[], Text, quote::quote).variadic(Any),
    Function::new("squote", &[], Text, quote::squote).variadic(Any),
    Function::new("cat", &[], Text, quote::cat).variadic(Any),
    // One string as many, and back.
    Function::new("split", &[Text, Text], Type::Other("map[string]string"), split::split),
    Function::new("splitn", &[Text, Int, Text], Type::Other("map[string]string"), split::splitn),
    Function::new("splitList", &[Text, Text], Strings, split::split_list),
    Function::new("join", &[Text, Any], Text, split::join),
    Function::new("sortAlpha", &[Any], Strings, split::sort_alpha),
    Function::new("toStrings", &[Any], Strings, split::to_strings_call),
];

const TRIM_ALL: Function = Function::new("trimAll", &[Text, Text], Text, trim_all);

/// A part of a string; the string itself if the part is all of it.
fn part(s: &Str, start: usize, end: usize) -> Str {
    if start == 0 && end == s.len() {
        return s.clone();
    }
    match s.as_str().and_then(|t| t.get(start..end)) {
        Some(text) => Str::from(text),
        None => Str::from_bytes(s.as_bytes().get(start..end).unwrap_or_default()),
    }
}

fn trim(_: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    Ok(Value::String(trim_where(s, unicode::is_space)))
}

fn trim_all(_: &Env, args: &[Value]) -> FunctionResult {
    let (cut, s) = (args::string(args, 0)?, args::string(args, 1)?);
    let cut = cut.to_text();
    Ok(Value::String(trim_where(s, |c| cut.contains(c))))
}

/// Cuts characters off both ends; a bad byte counts as U+FFFD.
fn trim_where(s: &Str, cut: impl Fn(char) -> bool) -> Str {
    let bytes = s.as_bytes();
    let (mut start, mut end) = (0, bytes.len());
    while start < end {
        let (c, n) = unicode::decode(bytes.get(start..end).unwrap_or_default());
        if !cut(c) {
            break;
        }
        start += n;
    }
    while start < end {
        let (c, n) = unicode::decode_last(bytes.get(start..end).unwrap_or_default());
        if !cut(c) {
            break;
        }
        end -= n;
    }
    part(s, start, end)
}

fn trim_prefix(_: &Env, args: &[Value]) -> FunctionResult {
    let (prefix, s) = (args::string(args, 0)?, args::string(args, 1)?);
    let start = if s.as_bytes().starts_with(prefix.as_bytes()) { prefix.len() } else { 0 };
    Ok(Value::String(part(s, start, s.len())))
}

fn trim_suffix(_: &Env, args: &[Value]) -> FunctionResult {
    let (suffix, s) = (args::string(args, 0)?, args::string(args, 1)?);
    let end = if s.as_bytes().ends_with(suffix.as_bytes()) { s.len() - suffix.len() } else { s.len() };
    Ok(Value::String(part(s, 0, end)))
}

fn trunc(_: &Env, args: &[Value]) -> FunctionResult {
    let (count, s) = (args::int(args, 0)?, args::string(args, 1)?);
    let keep = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if keep >= s.len() {
        return Ok(Value::String(s.clone()));
    }
    Ok(Value::String(if count < 0 { part(s, s.len() - keep, s.len()) } else { part(s, 0, keep) }))
}

/// Sprig's `substring`: a negative start takes all up to the end, a negative or too great end all from the
/// start. What else is out of range is Go's panic.
fn substr(_: &Env, args: &[Value]) -> FunctionResult {
    let (start, end, s) = (args::int(args, 0)?, args::int(args, 1)?, args::string(args, 2)?);
    let length = i64::try_from(s.len()).unwrap_or(i64::MAX);
    let (start, end) = match (start, end) {
        (start, end) if start < 0 => {
            if end < 0 {
                return Err(out_of_range(format!("[:{end}]")));
            } else if end > length {
                return Err(out_of_range(format!("[:{end}] with length {length}")));
            }
            (0, end)
        }
        (start, end) if end < 0 || end > length => (start, length),
        pair => pair,
    };
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => Ok(Value::String(part(s, start, end))),
        _ => Err(out_of_range(format!("[{start}:{end}]"))),
    }
}

fn out_of_range(what: impl std::fmt::Display) -> FunctionError {
    FunctionError::new(format!("runtime error: slice bounds out of range {what}"))
}

fn contains(_: &Env, args: &[Value]) -> FunctionResult {
    let (part, s) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(Value::Bool(memmem::find(s.as_bytes(), part.as_bytes()).is_some()))
}

fn has_prefix(_: &Env, args: &[Value]) -> FunctionResult {
    let (prefix, s) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(Value::Bool(s.as_bytes().starts_with(prefix.as_bytes())))
}

fn has_suffix(_: &Env, args: &[Value]) -> FunctionResult {
    let (suffix, s) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(Value::Bool(s.as_bytes().ends_with(suffix.as_bytes())))
}

fn replace(env: &Env, args: &[Value]) -> FunctionResult {
    let (old, new, s) = (args::string(args, 0)?, args::string(args, 1)?, args::string(args, 2)?);
    if old == new {
        return Ok(Value::String(s.clone()));
    }
    let bytes = s.as_bytes();
    if old.is_empty() {
        return replace_empty(env, s, new);
    }
    let finder = memmem::Finder::new(old.as_bytes());
    let Some(first) = finder.find(bytes) else { return Ok(Value::String(s.clone())) };
    let found = 1 + finder.find_iter(bytes.get(first + old.len()..).unwrap_or_default()).count();
    let size = (s.len() - found * old.len()).saturating_add(found.saturating_mul(new.len()));
    env.check_size("replace", size)?;
    let mut out = Vec::with_capacity(size);
    let mut done = 0;
    for at in finder.find_iter(bytes) {
        out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        out.extend_from_slice(new.as_bytes());
        done = at + old.len();
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Ok(Value::String(out.into()))
}

/// Nothing is found before each character and at the end.
fn replace_empty(env: &Env, s: &Str, new: &Str) -> FunctionResult {
    let mut rest = s.as_bytes();
    let most = s.len().saturating_add(1).saturating_mul(new.len()).saturating_add(s.len());
    env.check_size("replace", most)?;
    let mut out = Vec::with_capacity(most);
    out.extend_from_slice(new.as_bytes());
    while !rest.is_empty() {
        let (_, n) = unicode::decode(rest);
        let (c, after) = rest.split_at_checked(n).unwrap_or((rest, &[]));
        out.extend_from_slice(c);
        out.extend_from_slice(new.as_bytes());
        rest = after;
    }
    Ok(Value::String(out.into()))
}

fn repeat(env: &Env, args: &[Value]) -> FunctionResult {
    let (count, s) = (args::int(args, 0)?, args::string(args, 1)?);
    let count = repeat_count(count)?;
    env.check_size("repeat", s.len().saturating_mul(count))?;
    // Of nothing there is no limit to how often it can be repeated.
    let count = if s.is_empty() { 0 } else { count };
    Ok(Value::String(match s.as_str() {
        Some(text) => text.repeat(count).into(),
        None => s.as_bytes().repeat(count).into(),
    }))
}

/// Go's `strings.Repeat` refuses negative counts.
fn repeat_count(count: i64) -> Result<usize, FunctionError> {
    usize::try_from(count).map_err(|_| FunctionError::new("strings: negative Repeat count"))
}

/// goutils' `DeleteWhiteSpace`, which takes bytes for characters: beyond ASCII it garbles the text, unless
/// there is nothing to delete.
fn nospace(env: &Env, args: &[Value]) -> FunctionResult {
    let s = args::string(args, 0)?;
    env.step("nospace", s.len())?;
    let kept: std::string::String =
        s.as_bytes().iter().map(|&b| char::from(b)).filter(|&c| !unicode::is_space(c)).collect();
    if kept.chars().count() == s.len() {
        return Ok(Value::String(s.clone()));
    }
    Ok(Value::String(kept.into()))
}

fn plural(_: &Env, args: &[Value]) -> FunctionResult {
    let (one, many) = (args::string(args, 0)?, args::string(args, 1)?);
    Ok(Value::String(if args::int(args, 2)? == 1 { one.clone() } else { many.clone() }))
}

/// xstrings' `Shuffle`: the characters in a random order.
fn shuffle(env: &Env, args: &[Value]) -> FunctionResult {
    let mut chars: Vec<char> = args::string(args, 0)?.to_text().chars().collect();
    env.check_size("shuffle", chars.len().saturating_mul(4))?;
    // A random number each.
    env.step("shuffle", chars.len().saturating_mul(16))?;
    let mut random = env.random("shuffle", args)?;
    for i in (1..chars.len()).rev() {
        let other = usize::try_from(random.below(i as u64 + 1)).unwrap_or(i);
        chars.swap(i, other);
    }
    Ok(Value::string(chars.into_iter().collect::<std::string::String>()))
}
