use std::cell::Cell;

use memchr::memmem;

use crate::functions::unicode::decode;

/// A matcher of gobwas. Each answers whether a whole text matches, and where in a text it could first match,
/// with the lengths it could take there. Several mix bytes and characters; that is kept.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Nothing,
    Text(Vec<u8>),
    Any,
    Super,
    Single,
    List {
        chars: Vec<char>,
        not: bool,
    },
    Range {
        low: char,
        high: char,
        not: bool,
    },
    AnyOf(Vec<Matcher>),
    Every(Vec<Matcher>),
    Row {
        matchers: Vec<Matcher>,
        length: usize,
    },
    Min(usize),
    Max(usize),
    Contains {
        text: Vec<u8>,
        not: bool,
    },
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    PrefixSuffix(Vec<u8>, Vec<u8>),
    PrefixAny(Vec<u8>),
    SuffixAny(Vec<u8>),
    /// A value somewhere in the text, and what stands on its sides.
    Tree {
        value: Box<Matcher>,
        left: Option<Box<Matcher>>,
        right: Option<Box<Matcher>>,
    },
}

/// The steps that a match may still take: trees within trees try all ways to share a text.
pub(super) struct Steps(pub Cell<u32>);

impl Steps {
    fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        self.0.set(left);
        left > 0
    }
}

/// The places where characters start, and the characters.
fn runes(text: &[u8]) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|r| !r.is_empty())?;
        let (c, width) = decode(rest);
        at += width;
        Some((at - width, c))
    })
}

fn rest(text: &[u8], from: usize) -> &[u8] {
    text.get(from..).unwrap_or_default()
}

fn slash(text: &[u8]) -> Option<usize> {
    memchr::memchr(b'/', text)
}

/// The ends of all characters of a text, counted from `offset`, after `offset` itself.
fn ends(text: &[u8], offset: usize) -> Vec<usize> {
    let mut all = vec![offset];
    all.extend(runes(text).map(|(i, c)| offset + i + c.len_utf8()));
    all
}

/// The starts of all characters of a text, counted from `offset`, and its end.
fn starts(text: &[u8], offset: usize) -> Vec<usize> {
    let mut all: Vec<usize> = runes(text).map(|(i, _)| offset + i).collect();
    all.push(offset + text.len());
    all
}

impl Matcher {
    /// How many characters the matcher takes, if always the same (`Len`).
    pub fn length(&self) -> Option<usize> {
        match self {
            Matcher::Nothing => Some(0),
            Matcher::Text(text) => Some(runes(text).count()),
            Matcher::Single | Matcher::List { .. } | Matcher::Range { .. } => Some(1),
            Matcher::Row { length, .. } => Some(*length),
            Matcher::AnyOf(ways) => {
                // A way of no known length is forgotten if it comes first.
                let mut length = None;
                for way in ways {
                    match (length, way.length()) {
                        (None, way) => length = way,
                        (Some(l), Some(w)) if l == w => {}
                        _ => return None,
                    }
                }
                length
            }
            Matcher::Every(all) if all.is_empty() => Some(0),
            Matcher::Tree { value, left, right } => {
                let side = |side: &Option<Box<Matcher>>| side.as_ref().map_or(Some(0), |m| m.length());
                Some(value.length()? + side(left)? + side(right)?)
            }
            _ => None,
        }
    }

    /// Whether a whole text matches.
    pub fn matches(&self, text: &[u8], steps: &Steps) -> bool {
        if !steps.spend(1) {
            return false;
        }
        let one = |takes: &dyn Fn(char) -> bool| {
            let (c, width) = decode(text);
            text.len() <= width && takes(c)
        };
        match self {
            Matcher::Nothing => text.is_empty(),
            Matcher::Text(wanted) => text == wanted,
            Matcher::Any => slash(text).is_none(),
            Matcher::Super => true,
            Matcher::Single => one(&|c| c != '/'),
            Matcher::List { chars, not } => one(&|c| chars.contains(&c) != *not),
            Matcher::Range { low, high, not } => one(&|c| (*low..=*high).contains(&c) != *not),
            Matcher::AnyOf(ways) => ways.iter().any(|way| way.matches(text, steps)),
            Matcher::Every(all) => all.iter().all(|m| m.matches(text, steps)),
            Matcher::Row { matchers, length } => {
                runes(text).count() == *length && row_matches(matchers, text, steps)
            }
            // A limit of zero doesn't occur.
            Matcher::Min(limit) => runes(text).take(*limit).count() >= *limit,
            Matcher::Max(limit) => runes(text).take(*limit + 1).count() <= *limit,
            Matcher::Contains { text: wanted, not } => memmem::find(text, wanted).is_some() != *not,
            Matcher::Prefix(start) => text.starts_with(start),
            Matcher::Suffix(end) => text.ends_with(end),
            // The two may overlap: `a/**/b` matches `a/b`.
            Matcher::PrefixSuffix(start, end) => text.starts_with(start) && text.ends_with(end),
            Matcher::PrefixAny(start) => text.strip_prefix(&start[..]).is_some_and(|r| slash(r).is_none()),
            Matcher::SuffixAny(end) => text.strip_suffix(&end[..]).is_some_and(|r| slash(r).is_none()),
            Matcher::Tree { value, left, right } => {
                tree_matches(value, left.as_deref(), right.as_deref(), text, steps)
            }
        }
    }

    /// Where the matcher could first match in a text, and the lengths that it could take there (`Index`).
    fn index(&self, text: &[u8], steps: &Steps) -> Option<(usize, Vec<usize>)> {
        if !steps.spend(1 + text.len() / 16) {
            return None;
        }
        let first = |takes: &dyn Fn(char) -> bool| {
            runes(text).find(|(_, c)| takes(*c)).map(|(i, c)| (i, vec![c.len_utf8()]))
        };
        match self {
            Matcher::Nothing => Some((0, vec![0])),
            Matcher::Text(wanted) => memmem::find(text, wanted).map(|i| (i, vec![wanted.len()])),
            Matcher::Any => {
                let end = slash(text).unwrap_or(text.len());
                Some((0, starts(text.get(..end)?, 0)))
            }
            Matcher::Super => Some((0, starts(text, 0))),
            Matcher::Single => first(&|c| c != '/'),
            Matcher::List { chars, not } => first(&|c| chars.contains(&c) != *not),
            Matcher::Range { low, high, not } => first(&|c| (*low..=*high).contains(&c) != *not),
            Matcher::AnyOf(ways) => {
                let mut best: Option<(usize, Vec<usize>)> = None;
                for (at, lengths) in ways.iter().filter_map(|way| way.index(text, steps)) {
                    match &mut best {
                        Some((best_at, all)) if *best_at == at => {
                            all.extend(lengths);
                            all.sort_unstable();
                            all.dedup();
                        }
                        Some((best_at, _)) if *best_at < at => {}
                        _ => best = Some((at, lengths)),
                    }
                }
                best
            }
            Matcher::Every(all) => every_index(all, text, steps),
            Matcher::Row { matchers, length } => runes(text)
                .take_while(|(i, _)| text.len() - i >= *length)
                .find(|(i, _)| row_matches(matchers, rest(text, *i), steps))
                .map(|(i, _)| (i, vec![*length])),
            Matcher::Min(limit) => {
                // The text must have so many bytes at least.
                text.len().checked_sub(limit.saturating_sub(1)).filter(|n| *n > 0)?;
                let lengths: Vec<usize> =
                    runes(text).skip(limit.saturating_sub(1)).map(|(i, c)| i + c.len_utf8()).collect();
                if lengths.is_empty() { None } else { Some((0, lengths)) }
            }
            Matcher::Max(limit) => {
                let mut lengths = vec![0];
                lengths.extend(runes(text).take(*limit).map(|(i, c)| i + c.len_utf8()));
                Some((0, lengths))
            }
            Matcher::Contains { text: wanted, not } => match (memmem::find(text, wanted), not) {
                (None, false) => None,
                (Some(at), false) => {
                    let offset = at + wanted.len();
                    Some((0, starts(rest(text, offset), offset)))
                }
                (at, true) => Some((0, starts(text.get(..at.unwrap_or(text.len()))?, 0))),
            },
            Matcher::Prefix(start) => {
                let at = memmem::find(text, start)?;
                Some((at, ends(rest(text, at + start.len()), start.len())))
            }
            Matcher::Suffix(end) => memmem::find(text, end).map(|at| (0, vec![at + end.len()])),
            Matcher::PrefixSuffix(start, end) => {
                let at = memmem::find(text, start)?;
                let mut sub = rest(text, at);
                let mut lengths = Vec::new();
                while let Some(found) = memmem::rfind(sub, end) {
                    lengths.push(found + end.len());
                    sub = sub.get(..found)?;
                }
                lengths.reverse();
                if lengths.is_empty() { None } else { Some((at, lengths)) }
            }
            Matcher::PrefixAny(start) => {
                let at = memmem::find(text, start)?;
                let sub = rest(text, at + start.len());
                let sub = sub.get(..slash(sub).unwrap_or(sub.len()))?;
                Some((at, ends(sub, start.len())))
            }
            Matcher::SuffixAny(end) => {
                let at = memmem::find(text, end)?;
                let from = memchr::memrchr(b'/', text.get(..at)?).map_or(0, |i| i + 1);
                Some((from, vec![at + end.len() - from]))
            }
            // gobwas never finds a tree within a tree.
            Matcher::Tree { .. } => None,
        }
    }
}

/// Whether the matchers take one piece of the text after the other. A piece ends one byte behind the start of its
/// last character, so one of several bytes goes wrong.
fn row_matches(matchers: &[Matcher], text: &[u8], steps: &Steps) -> bool {
    let mut at = 0;
    for matcher in matchers {
        let length = matcher.length().unwrap_or(0);
        let (mut count, mut last) = (0, 0);
        for (i, _) in runes(rest(text, at)) {
            last = i;
            count += 1;
            if count == length {
                break;
            }
        }
        let piece = text.get(at..at + last + 1);
        if count < length || !piece.is_some_and(|piece| matcher.matches(piece, steps)) {
            return false;
        }
        at += last + 1;
    }
    true
}

fn every_index(all: &[Matcher], text: &[u8], steps: &Steps) -> Option<(usize, Vec<usize>)> {
    let (mut index, mut offset) = (0, 0);
    let mut current: Vec<usize> = Vec::new();
    let mut sub = text;
    for (i, matcher) in all.iter().enumerate() {
        let (at, lengths) = matcher.index(sub, steps)?;
        if i == 0 {
            current = lengths;
        } else {
            let delta = index as i64 - (at + offset) as i64;
            let wanted = |n: &usize| current.iter().any(|c| *c as i64 + delta == *n as i64);
            if !steps.spend(current.len() * lengths.len() / 16) {
                return None;
            }
            current = lengths.into_iter().filter(wanted).collect();
            if current.is_empty() {
                return None;
            }
        }
        index = at + offset;
        sub = rest(text, index);
        offset += at;
    }
    Some((index, current))
}

fn tree_matches(
    value: &Matcher,
    left: Option<&Matcher>,
    right: Option<&Matcher>,
    text: &[u8],
    steps: &Steps,
) -> bool {
    let side = |side: Option<&Matcher>| side.map_or(Some(0), Matcher::length);
    let (left_length, right_length) = (side(left), side(right));
    if let (Some(v), Some(l), Some(r)) = (value.length(), left_length, right_length)
        && v + l + r > text.len()
    {
        return false;
    }
    let mut offset = left_length.unwrap_or(0);
    let limit = text.len().saturating_sub(right_length.unwrap_or(0));
    let fits = |side: Option<&Matcher>, text: &[u8]| match side {
        Some(matcher) => matcher.matches(text, steps),
        None => text.is_empty(),
    };
    while offset < limit {
        let Some((index, lengths)) = text.get(offset..limit).and_then(|t| value.index(t, steps)) else {
            return false;
        };
        let at = offset + index;
        if fits(left, text.get(..at).unwrap_or_default())
            && lengths.iter().rev().any(|length| fits(right, rest(text, at + length)))
        {
            return true;
        }
        offset = at + decode(rest(text, at)).1.max(1);
    }
    false
}
