//! Lines and widths: `indent`, `nindent`, and goutils' wrapping and abbreviating, which count bytes.

use super::{FunctionResult, args, part, repeat_count};
use crate::functions::{Env, FunctionError};
use crate::value::{Str, Value};

pub(super) fn indent(env: &Env, args: &[Value]) -> FunctionResult {
    let (spaces, s) = (args::int(args, 0)?, args::string(args, 1)?);
    indented(env, "indent", "", spaces, s)
}

pub(super) fn nindent(env: &Env, args: &[Value]) -> FunctionResult {
    let (spaces, s) = (args::int(args, 0)?, args::string(args, 1)?);
    indented(env, "nindent", "\n", spaces, s)
}

/// Spaces before each line, empty ones and the one after a final newline included.
fn indented(env: &Env, function: &str, before: &str, spaces: i64, s: &Str) -> FunctionResult {
    let spaces = repeat_count(spaces)?;
    let bytes = s.as_bytes();
    let lines = 1 + memchr::memchr_iter(b'\n', bytes).count();
    let size = before.len().saturating_add(s.len()).saturating_add(lines.saturating_mul(spaces));
    env.check_size(function, size)?;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(before.as_bytes());
    let mut done = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        out.resize(out.len() + spaces, b' ');
        out.extend_from_slice(bytes.get(done..=end).unwrap_or_default());
        done = end + 1;
    }
    out.resize(out.len() + spaces, b' ');
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Ok(Value::String(out.into()))
}

pub(super) fn wrap(env: &Env, args: &[Value]) -> FunctionResult {
    let (width, s) = (args::int(args, 0)?, args::string(args, 1)?);
    wrapped(env, "wrap", width, b"\n", false, s)
}

pub(super) fn wrap_with(env: &Env, args: &[Value]) -> FunctionResult {
    let (width, newline, s) = (args::int(args, 0)?, args::string(args, 1)?, args::string(args, 2)?);
    let newline = if newline.is_empty() { b"\n" } else { newline.as_bytes() };
    wrapped(env, "wrapWith", width, newline, true, s)
}

/// goutils wordutils.go: `WrapCustom`. Lines break at spaces only, so newlines in the text count as letters.
fn wrapped(
    env: &Env,
    function: &str,
    width: i64,
    newline: &[u8],
    cut_words: bool,
    s: &Str,
) -> FunctionResult {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let bytes = s.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        // The space to break at may be the first character that no longer fits.
        let at = match memchr::memrchr(b' ', rest.get(..=width).unwrap_or(rest)) {
            Some(space) => Some((space, 1)),
            None if cut_words => Some((width, 0)),
            None => memchr::memchr(b' ', rest.get(width..).unwrap_or_default()).map(|i| (width + i, 1)),
        };
        let Some((end, skip)) = at else { break };
        out.extend_from_slice(rest.get(..end).unwrap_or(rest));
        out.extend_from_slice(newline);
        if out.len() > env.limits.function_bytes {
            env.check_size(function, out.len())?;
        }
        rest = rest.get(end + skip..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    env.check_size(function, out.len())?;
    Ok(Value::String(out.into()))
}

pub(super) fn abbrev(_: &Env, args: &[Value]) -> FunctionResult {
    let (width, s) = (args::int(args, 0)?, args::string(args, 1)?);
    if width < 4 {
        return Ok(Value::String(s.clone()));
    }
    abbreviated(s, 0, width)
}

pub(super) fn abbrevboth(_: &Env, args: &[Value]) -> FunctionResult {
    let (left, right, s) = (args::int(args, 0)?, args::int(args, 1)?, args::string(args, 2)?);
    if right < 4 || left > 0 && right < 7 {
        return Ok(Value::String(s.clone()));
    }
    abbreviated(s, left, right)
}

/// goutils stringutils.go: `AbbreviateFull`, with a width of at least 4, or 7 where both ends are cut.
fn abbreviated(s: &Str, offset: i64, width: i64) -> FunctionResult {
    let width = usize::try_from(width).map_err(|_| FunctionError::new("negative width"))?;
    let length = s.len();
    if length <= width {
        return Ok(Value::String(s.clone()));
    }
    let keep = width.saturating_sub(3);
    let offset = usize::try_from(offset).unwrap_or(0).min(length).min(length - keep.min(length));
    if offset <= 4 {
        return Ok(marked("", &part(s, 0, keep), "..."));
    }
    if offset.saturating_add(keep) < length {
        let middle = keep.saturating_sub(3);
        return Ok(marked("...", &part(s, offset, offset + middle), "..."));
    }
    Ok(marked("...", &part(s, length - keep, length), ""))
}

fn marked(before: &str, s: &Str, after: &str) -> Value {
    Value::String([before.as_bytes(), s.as_bytes(), after.as_bytes()].concat().into())
}
