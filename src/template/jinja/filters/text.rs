//! Filters of text.

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, State};

use super::super::args::{bind, int, text as arg_text, truth};
use super::super::convert::new_list;
use super::super::methods::pad;
use super::super::ops::{self, MAX_SIZE, too_large};
use super::super::output::{self, text};
use super::super::{fail, undefined};
use super::collections::attribute_of;

pub(crate) fn string(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("string", args, [], 0)?;
    Ok(if value.kind() == ValueKind::String { value.clone() } else { Jinja::from(text(value)?) })
}

pub(crate) fn upper(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("upper", args, [], 0)?;
    Ok(Jinja::from(text(value)?.to_uppercase()))
}

pub(crate) fn lower(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("lower", args, [], 0)?;
    Ok(Jinja::from(text(value)?.to_lowercase()))
}

pub(crate) fn capitalize(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("capitalize", args, [], 0)?;
    Ok(Jinja::from(first_upper(&text(value)?)))
}

fn first_upper(word: &str) -> String {
    let mut chars = word.chars();
    let mut out = String::with_capacity(word.len());
    if let Some(c) = chars.next() {
        out.extend(c.to_uppercase());
    }
    out.push_str(&chars.as_str().to_lowercase());
    out
}

/// Words begin after whitespace, hyphens and opening brackets.
pub(crate) fn title(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("title", args, [], 0)?;
    let text = text(value)?;
    let border = |c: char| c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars() {
        if border(c) {
            out.push_str(&first_upper(&word));
            word.clear();
            out.push(c);
        } else {
            word.push(c);
        }
    }
    out.push_str(&first_upper(&word));
    Ok(Jinja::from(out))
}

pub(crate) fn trim(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [chars] = bind("trim", args, ["chars"], 0)?;
    let text = text(value)?;
    Ok(Jinja::from(match chars.filter(|c| !c.is_none()) {
        Some(chars) => {
            let chars = arg_text(Some(&chars), "")?;
            text.trim_matches(|c| chars.contains(c)).to_string()
        }
        None => text.trim().to_string(),
    }))
}

pub(crate) fn split(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [sep, max] = bind("split", args, ["sep", "maxsplit"], 0)?;
    let text = text(value)?;
    let limit = usize::try_from(int("split", max.as_ref(), -1)?).map_or(usize::MAX, |m| m.saturating_add(1));
    match sep.filter(|s| !s.is_none()) {
        Some(sep) => {
            let sep = arg_text(Some(&sep), "")?;
            if sep.is_empty() {
                return Err(fail("the separator is empty"));
            }
            Ok(new_list(text.splitn(limit, sep.as_str()).map(Jinja::from)))
        }
        None => Ok(new_list(text.split_whitespace().map(Jinja::from))),
    }
}

pub(crate) fn center(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [width] = bind("center", args, ["width"], 0)?;
    let width = usize::try_from(int("center", width.as_ref(), 80)?).unwrap_or(0);
    if width > MAX_SIZE {
        return Err(too_large("center"));
    }
    Ok(Jinja::from(pad(&text(value)?, width, ' ', |missing| missing / 2 + (missing & width & 1))))
}

/// Replaces a part everywhere, or the first `count` times.
pub(crate) fn replace(text: &str, old: &str, new: &str, count: Option<usize>) -> Result<String, Error> {
    let times = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    let times = times.min(count.unwrap_or(usize::MAX));
    if text.len().saturating_add(times.saturating_mul(new.len())) > MAX_SIZE {
        return Err(too_large("replace"));
    }
    Ok(match count {
        Some(count) => text.replacen(old, new, count),
        None => text.replace(old, new),
    })
}

pub(crate) fn replace_filter(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [old, new, count] = bind("replace", args, ["old", "new", "count"], 2)?;
    let count = match count.filter(|c| !c.is_none()) {
        Some(count) => usize::try_from(int("replace", Some(&count), -1)?).ok(),
        None => None,
    };
    let (old, new) = (arg_text(old.as_ref(), "")?, arg_text(new.as_ref(), "")?);
    replace(&text(value)?, &old, &new, count).map(Jinja::from)
}

/// Lines as Python's `splitlines` tells them apart.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut chars) = (0, text.char_indices().peekable());
    while let Some((i, c)) = chars.next() {
        let is_break = matches!(
            c,
            '\n' | '\r'
                | '\u{b}'
                | '\u{c}'
                | '\u{1c}'
                | '\u{1d}'
                | '\u{1e}'
                | '\u{85}'
                | '\u{2028}'
                | '\u{2029}'
        );
        if is_break {
            lines.push(text.get(start..i).unwrap_or_default());
            start = i + c.len_utf8();
            if c == '\r' && chars.peek().is_some_and(|(_, n)| *n == '\n') {
                chars.next();
                start += 1;
            }
        }
    }
    if start < text.len() {
        lines.push(text.get(start..).unwrap_or_default());
    }
    lines
}

pub(crate) fn indent(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [width, first, blank] = bind("indent", args, ["width", "first", "blank"], 0)?;
    let prefix = match &width {
        Some(width) if width.kind() == ValueKind::String => text(width)?,
        width => {
            let n = usize::try_from(int("indent", width.as_ref(), 4)?).unwrap_or(0);
            if n > 100_000 {
                return Err(too_large("indent"));
            }
            " ".repeat(n)
        }
    };
    let (first, blank) = (truth(first.as_ref(), false), truth(blank.as_ref(), false));
    let mut text = text(value)?;
    text.push('\n');
    let lines = lines(&text);
    if text.len().saturating_add(lines.len().saturating_mul(prefix.len())) > MAX_SIZE {
        return Err(too_large("indent"));
    }
    let mut out = String::with_capacity(text.len() + lines.len() * prefix.len());
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if (i == 0 && first) || (i > 0 && (blank || !line.is_empty())) {
            out.push_str(&prefix);
        }
        out.push_str(line);
    }
    Ok(Jinja::from(out))
}

pub(crate) fn join(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [sep, attribute] = bind("join", args, ["d", "attribute"], 0)?;
    let sep = arg_text(sep.as_ref(), "")?;
    let attribute = attribute.filter(|a| !a.is_none());
    let mut out = String::new();
    for (i, item) in ops::items(value)?.iter().enumerate() {
        if i > 0 {
            out.push_str(&sep);
        }
        match &attribute {
            Some(attribute) => out.push_str(&text(&attribute_of(item, attribute)?)?),
            None => match item.as_str() {
                Some(s) if item.kind() == ValueKind::String => out.push_str(s),
                _ => out.push_str(&text(item)?),
            },
        }
        if out.len() > MAX_SIZE {
            return Err(too_large("join"));
        }
    }
    Ok(Jinja::from(out))
}

pub(crate) fn truncate(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [length, killwords, end, leeway] =
        bind("truncate", args, ["length", "killwords", "end", "leeway"], 0)?;
    let text = text(value)?;
    let end = arg_text(end.as_ref(), "...")?;
    let length = int("truncate", length.as_ref(), 255)?;
    let leeway = int("truncate", leeway.filter(|l| !l.is_none()).as_ref(), 5)?;
    let end_len = i64::try_from(end.chars().count()).unwrap_or(i64::MAX);
    if length < end_len {
        return Err(fail(format!("`truncate`: the length {length} is less than that of the end, {end_len}")));
    }
    if leeway < 0 {
        return Err(fail(format!("`truncate`: the leeway {leeway} is negative")));
    }
    let len = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if len <= length.saturating_add(leeway) {
        return Ok(Jinja::from(text));
    }
    let keep = usize::try_from(length - end_len).unwrap_or(0);
    let mut kept: String = text.chars().take(keep).collect();
    if !truth(killwords.as_ref(), false)
        && let Some(space) = kept.rfind(' ')
    {
        kept.truncate(space);
    }
    kept.push_str(&end);
    Ok(Jinja::from(kept))
}

pub(crate) fn wordcount(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [] = bind("wordcount", args, [], 0)?;
    let text = text(value)?;
    Ok(Jinja::from(
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).count(),
    ))
}

pub(crate) fn wordwrap(_: &mut State, value: &Jinja, args: &[Jinja]) -> Result<Jinja, Error> {
    let [width, long, wrap, hyphens] =
        bind("wordwrap", args, ["width", "break_long_words", "wrapstring", "break_on_hyphens"], 0)?;
    let width = int("wordwrap", width.as_ref(), 79)?;
    let width = usize::try_from(width)
        .ok()
        .filter(|w| *w > 0)
        .ok_or_else(|| fail("`wordwrap` wants a width above 0"))?;
    let wrap = match wrap.filter(|w| !w.is_none()) {
        Some(wrap) => text(&wrap)?,
        None => "\n".to_string(),
    };
    let (long, hyphens) = (truth(long.as_ref(), true), truth(hyphens.as_ref(), true));
    let text = text(value)?;
    let mut out = Vec::new();
    for line in lines(&text) {
        out.push(wrap_line(line, width, long, hyphens).join(&wrap));
    }
    let joined = out.join(&wrap);
    if joined.len() > MAX_SIZE { Err(too_large("wordwrap")) } else { Ok(Jinja::from(joined)) }
}

/// What is left of a word or gap.
struct Chunk {
    chars: Vec<char>,
    taken: usize,
}

impl Chunk {
    fn rest(&self) -> &[char] {
        self.chars.get(self.taken..).unwrap_or_default()
    }

    fn is_gap(&self) -> bool {
        self.rest().iter().all(|c| c.is_whitespace())
    }

    fn take(&mut self, n: usize) -> String {
        let part = self.rest().iter().take(n).collect();
        self.taken += n;
        part
    }
}

/// Python's `textwrap.wrap` of one line, whitespace kept as it is.
fn wrap_line(line: &str, width: usize, long: bool, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<Chunk> =
        chunks(line, hyphens).iter().rev().map(|c| Chunk { chars: c.chars().collect(), taken: 0 }).collect();
    let mut lines: Vec<String> = Vec::new();
    while !chunks.is_empty() {
        let mut current: Vec<String> = Vec::new();
        let mut len = 0;
        if !lines.is_empty() && chunks.last().is_some_and(Chunk::is_gap) {
            chunks.pop();
        }
        while let Some(chunk) = chunks.last_mut() {
            let n = chunk.rest().len();
            if len + n > width {
                break;
            }
            len += n;
            current.push(chunk.take(n));
            chunks.pop();
        }
        if let Some(chunk) = chunks.last_mut().filter(|c| c.rest().len() > width) {
            let space = width.saturating_sub(len);
            if long && space > 0 {
                current.push(chunk.take(cut(chunk.rest(), space, hyphens)));
            } else if current.is_empty() {
                let all = chunk.rest().len();
                current.push(chunk.take(all));
                chunks.pop();
            }
        }
        if current.last().is_some_and(|c| c.trim().is_empty()) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}

/// Where a word that is too long is cut: after the last hyphen that fits, or where the line is full.
fn cut(word: &[char], space: usize, hyphens: bool) -> usize {
    let head = word.get(..space).unwrap_or(word);
    if hyphens
        && let Some(at) = head.iter().rposition(|c| *c == '-')
        && head.iter().take(at).any(|c| *c != '-')
    {
        return at + 1;
    }
    space
}

/// The words and gaps of a line; with `hyphens`, words are also split after hyphens between letters.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut space = None;
    for c in line.chars() {
        let is_space = c.is_ascii_whitespace() || c == '\u{b}';
        if space == Some(!is_space) {
            out.push(std::mem::take(&mut current));
        }
        space = Some(is_space);
        current.push(c);
    }
    if !current.is_empty() {
        out.push(current);
    }
    if !hyphens {
        return out;
    }
    out.into_iter().flat_map(|word| split_hyphens(&word)).collect()
}

/// Splits after a hyphen that stands between two letters on the left and two on the right.
fn split_hyphens(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let letter =
        |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphabetic() || *c == '_');
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, c) in chars.iter().enumerate() {
        let left = i.checked_sub(1);
        let fits = *c == '-'
            && letter(left)
            && (letter(i.checked_sub(2)) || left.is_some_and(|l| l == start))
            && letter(Some(i + 1))
            && letter(Some(i + 2));
        if fits && i >= start + 2 {
            parts.push(chars.iter().skip(start).take(i + 1 - start).collect());
            start = i + 1;
        }
    }
    if start < chars.len() {
        parts.push(chars.iter().skip(start).collect());
    }
    parts
}

/// The text of a value, lower-cased if case doesn't matter: what sorting compares.
pub(super) fn folded(value: &Jinja, case_sensitive: bool) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(undefined()),
        ValueKind::String if !case_sensitive => Ok(Jinja::from(output::text(value)?.to_lowercase())),
        _ => Ok(value.clone()),
    }
}
