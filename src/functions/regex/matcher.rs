use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::time::Instant;

use regex_automata::util::captures::Captures;
use regex_automata::{Input, PatternID};
use regex_syntax::hir::{Hir, HirKind};

use super::engines::Engines;
use super::parse::{Parsed, SyntaxError, parse};
use crate::functions::{Env, FunctionError};
use crate::value::{Str, print};

/// A compiled expression.
#[derive(Debug)]
pub struct Regex {
    engines: Engines,
    places: usize,
    reach: Option<usize>,
    names: Vec<Option<String>>,
}

/// Why an expression can't be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegexError {
    /// Go refuses it, too.
    Syntax(SyntaxError),
    /// It is larger than the limit, in bytes.
    TooLarge(usize),
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegexError::Syntax(e) => e.fmt(f),
            RegexError::TooLarge(limit) => {
                write!(f, "a regular expression takes more than the limit of {limit} bytes when compiled")
            }
        }
    }
}

impl std::error::Error for RegexError {}

/// A text in which each bad byte is U+FFFD, as Go's engine sees it, with the way back to the bytes.
struct Text<'t> {
    text: Cow<'t, str>,
    /// Where the replacements stand in the text. Each is two bytes longer than what it stands for.
    replaced: Vec<usize>,
}

impl<'t> Text<'t> {
    fn new(source: &'t Str) -> Text<'t> {
        let mut replaced = Vec::new();
        if source.as_str().is_none() {
            let mut at = 0;
            for chunk in source.as_bytes().utf8_chunks() {
                at += chunk.valid().len();
                for _ in chunk.invalid() {
                    replaced.push(at);
                    at += '\u{FFFD}'.len_utf8();
                }
            }
        }
        Text { text: source.to_text(), replaced }
    }

    /// The place in the source of a place in the text.
    fn source(&self, at: usize) -> usize {
        at - 2 * self.replaced.partition_point(|&r| r < at)
    }

    fn source_range(&self, range: Range<usize>) -> Range<usize> {
        self.source(range.start)..self.source(range.end)
    }

    /// The length of the character at a place; 0 at the end.
    fn width(&self, at: usize) -> usize {
        self.text.get(at..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8)
    }
}

/// Bytes that repeated searches of one text may look at before a clock watches them.
const UNWATCHED: usize = 1 << 29;

/// After so many bytes more, the clock is looked at.
const LOOK: usize = 1 << 24;

/// Watches repeated searches of one text. Where an expression may go far beyond its match before it knows it
/// (`x*y|x` goes to the end of a text of many `x`), all together take quadratic time. Most don't, and the engine
/// does not tell how far it went, so this can't be counted. Only where the sizes allow for it to be long, time
/// is taken; all other work is counted, so that it does not depend on the machine.
struct Watch<'e> {
    env: &'e Env,
    /// How far beyond its start a match, and so the search for it, may go.
    reach: Option<usize>,
    /// The most that the searches so far may have looked at.
    seen: usize,
    /// What the searches since the last look at the clock may have looked at.
    since_look: usize,
    since: Option<Instant>,
}

impl Watch<'_> {
    /// Counts a search from here to the end of the text.
    fn tick(&mut self, left: usize) -> Result<(), FunctionError> {
        if self.reach.is_some_and(|reach| reach <= MAX_REACH) {
            return Ok(());
        }
        self.seen = self.seen.saturating_add(left);
        if self.seen <= UNWATCHED {
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        self.since_look = self.since_look.saturating_add(left);
        if self.since_look >= LOOK {
            self.since_look = 0;
            self.env.spend("a regular expression", since.elapsed())?;
            self.since = Some(Instant::now());
        }
        Ok(())
    }
}

/// Matches of no more than so many bytes are found in linear time.
const MAX_REACH: usize = 256;

/// Bytes of an expression, per byte that it may take compiled.
const PATTERN_SHARE: usize = 64;

/// How many places of an expression are tried on one byte of a text for one step.
const PLACES_PER_STEP: usize = 8;

/// Steps that even the smallest expression takes to compile.
const COMPILE_STEPS: usize = 1000;
/// How many bytes of a compiled expression are made in one step.
const COMPILED_PER_STEP: usize = 4;
/// Steps that a byte of an expression takes to be read.
const STEPS_PER_PATTERN_BYTE: usize = 4;

/// The steps that it takes to read an expression of so many bytes, well-formed or not.
pub(super) fn reading_steps(pattern: usize) -> usize {
    COMPILE_STEPS.saturating_add(pattern.saturating_mul(STEPS_PER_PATTERN_BYTE))
}

/// How many places an expression has at which it can stand at once: what one byte of a text costs at worst.
fn places(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) => 2,
        HirKind::Capture(capture) => 2 + places(&capture.sub),
        HirKind::Repetition(r) => {
            let times = r.max.unwrap_or(r.min + 1).max(1) as usize;
            places(&r.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(places).fold(0, usize::saturating_add)
        }
    }
}

impl Regex {
    /// Compiles an expression to no more than `limit` bytes.
    ///
    /// # Errors
    /// If it is malformed, or too large.
    pub fn new(pattern: &[u8], limit: usize) -> Result<Regex, RegexError> {
        let pattern = std::str::from_utf8(pattern).map_err(|e| {
            let rest = pattern.get(e.valid_up_to()..).unwrap_or_default();
            RegexError::Syntax(SyntaxError::new("invalid UTF-8", &String::from_utf8_lossy(rest)))
        })?;
        if pattern.len() > limit / PATTERN_SHARE {
            return Err(RegexError::TooLarge(limit));
        }
        let Parsed { hir, names } = parse(pattern).map_err(RegexError::Syntax)?;
        let (places, reach) = (places(&hir), hir.properties().maximum_len());
        let engines = Engines::new(hir, limit).map_err(|_| RegexError::TooLarge(limit))?;
        Ok(Regex { engines, places, reach, names })
    }

    /// How many bytes the expression takes.
    pub fn memory(&self) -> usize {
        self.engines.memory()
    }

    /// The steps that it takes to compile, once it is read.
    pub fn steps(&self) -> usize {
        self.memory() / COMPILED_PER_STEP
    }

    /// Counts a search of a whole text.
    ///
    /// # Errors
    /// If it is too much work for this render.
    pub fn count(&self, env: &Env, text: &Str) -> Result<(), FunctionError> {
        env.step("a regular expression", text.len().saturating_mul(self.places) / PLACES_PER_STEP)
    }

    fn watch<'e>(&self, env: &'e Env) -> Watch<'e> {
        Watch { env, reach: self.reach, seen: 0, since_look: 0, since: None }
    }

    /// Whether the text contains a match.
    pub fn is_match(&self, text: &Str) -> bool {
        self.engines.choose(text.len()).is_match(Text::new(text).text.as_bytes())
    }

    /// Where the first match stands.
    pub fn find(&self, text: &Str) -> Option<Range<usize>> {
        let text = Text::new(text);
        self.engines.choose(text.text.len()).find(text.text.as_bytes()).map(|m| text.source_range(m.range()))
    }

    /// Where the matches stand, no more than `limit` if it isn't negative (Go's `Regexp.allMatches`).
    ///
    /// # Errors
    /// If there are more than a function may give, or the search takes too long.
    pub fn find_all(&self, env: &Env, text: &Str, limit: i64) -> Result<Vec<Range<usize>>, FunctionError> {
        self.count(env, text)?;
        let text = Text::new(text);
        let end = text.text.len();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let engine = self.engines.choose(end);
        let mut watch = self.watch(env);
        let mut found = Vec::new();
        let (mut at, mut last_end) = (0, None);
        while found.len() < limit && at <= end {
            watch.tick(end - at)?;
            let Some(m) = engine.find(Input::new(text.text.as_bytes()).span(at..end)) else { break };
            // An empty match is none if it stands right behind another.
            let accept = m.end() != at || Some(m.start()) != last_end;
            at = match m.end() == at {
                true => match text.width(at) {
                    0 => end + 1,
                    width => at + width,
                },
                false => m.end(),
            };
            last_end = Some(m.end());
            if accept {
                found.push(text.source_range(m.range()));
                if found.len().is_multiple_of(4096) {
                    env.check_size("a regular expression", found.len() * size_of::<Range<usize>>())?;
                }
            }
        }
        Ok(found)
    }

    /// The text with each match replaced (Go's `Regexp.replaceAll`). In the template, `$1` and `${name}` stand
    /// for groups, unless it is literal.
    ///
    /// # Errors
    /// If the result is larger than a function may give, or the search takes too long.
    pub fn replace_all(
        &self,
        env: &Env,
        source: &Str,
        template: &Str,
        literal: bool,
    ) -> Result<Vec<u8>, FunctionError> {
        self.count(env, source)?;
        let text = Text::new(source);
        let end = text.text.len();
        let pieces = if literal { vec![Piece::Literal(template.as_bytes())] } else { self.pieces(template) };
        let engine = self.engines.choose(end);
        let mut captures = engine.create_captures();
        let mut watch = self.watch(env);
        let mut out = Vec::with_capacity(source.len());
        let (mut at, mut last_end) = (0, 0);
        while at <= end {
            watch.tick(end - at)?;
            let input = Input::new(text.text.as_bytes()).span(at..end);
            engine.search_captures(&input, &mut captures);
            let Some(m) = captures.get_match() else { break };
            copy(&mut out, source, text.source_range(last_end..m.start()));
            // An empty match isn't replaced right behind another match.
            if m.end() > last_end || m.start() == 0 {
                for piece in &pieces {
                    match piece {
                        Piece::Literal(bytes) => out.extend_from_slice(bytes),
                        Piece::Group(groups) => {
                            if let Some(range) = groups.iter().find_map(|&g| group(&captures, g)) {
                                copy(&mut out, source, text.source_range(range));
                            }
                        }
                    }
                }
                env.check_size("a replacement by a regular expression", out.len())?;
            }
            last_end = m.end();
            let width = text.width(at);
            at = if at + width > m.end() { at + width } else { m.end().max(at + usize::from(width == 0)) };
        }
        copy(&mut out, source, text.source_range(last_end..end));
        env.check_size("a replacement by a regular expression", out.len())?;
        Ok(out)
    }

    /// Takes a template apart (Go's `Regexp.expand`).
    fn pieces<'t>(&self, template: &'t Str) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let mut rest = template.as_bytes();
        while let Some(at) = memchr::memchr(b'$', rest) {
            let (before, from) = rest.split_at(at);
            pieces.push(Piece::Literal(before));
            if from.starts_with(b"$$") {
                pieces.push(Piece::Literal(b"$"));
                rest = from.get(2..).unwrap_or_default();
            } else if let Some((name, after)) = reference(from) {
                pieces.push(Piece::Group(self.groups(name)));
                rest = after;
            } else {
                pieces.push(Piece::Literal(b"$"));
                rest = from.get(1..).unwrap_or_default();
            }
        }
        pieces.push(Piece::Literal(rest));
        pieces
    }

    /// The groups that a name stands for: one by its number, or all of the name, of which the first that took
    /// part in the match counts.
    fn groups(&self, name: &str) -> Vec<usize> {
        let number = name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        match name.parse::<usize>() {
            // Go stops counting at a number of nine digits, which no group has.
            Ok(n) if number && n < 1_000_000_000 => vec![n],
            _ => {
                let named = |(i, n): (usize, &Option<String>)| (n.as_deref() == Some(name)).then_some(i);
                self.names.iter().enumerate().filter_map(named).collect()
            }
        }
    }
}

/// A part of a replacement.
enum Piece<'t> {
    Literal(&'t [u8]),
    Group(Vec<usize>),
}

fn group(captures: &Captures, number: usize) -> Option<Range<usize>> {
    captures.pattern().filter(|p| *p == PatternID::ZERO)?;
    captures.get_group(number).map(|span| span.start..span.end)
}

fn copy(out: &mut Vec<u8>, source: &Str, range: Range<usize>) {
    out.extend_from_slice(source.as_bytes().get(range).unwrap_or_default());
}

/// The name after a dollar sign (Go's `extract`): in braces, or as long as letters, digits and `_` go.
fn reference(from: &[u8]) -> Option<(&str, &[u8])> {
    let rest = from.get(1..)?;
    let (rest, brace) = match rest.strip_prefix(b"{") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    // Bad bytes are no letters.
    let text = rest.utf8_chunks().next()?.valid();
    let end = text.find(|c: char| !is_letter_or_digit(c) && c != '_').unwrap_or(text.len());
    let name = text.get(..end).filter(|n| !n.is_empty())?;
    let after = rest.get(end..)?;
    if brace { Some((name, after.strip_prefix(b"}")?)) } else { Some((name, after)) }
}

/// Go's `unicode.IsLetter` or `unicode.IsDigit`. (Rust's `is_alphanumeric` takes more numbers and marks.)
fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() && super::class::is_letter_or_digit(c)
}

/// Go's `quote` in package regexp: in backquotes where that works.
pub(super) fn quote(pattern: &Str) -> String {
    if print::can_backquote(pattern.as_bytes()) {
        return format!("`{}`", pattern.to_text());
    }
    print::quote(pattern.as_bytes())
}
