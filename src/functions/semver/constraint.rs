use std::cmp::Ordering;
use std::sync::OnceLock;

use regex_automata::meta::Regex;

use super::version::{Shape, Version, compare_prereleases};
use crate::functions::FunctionError;
use crate::value::print;

/// Longer constraints are refused: rewriting hyphen ranges takes more than linear time.
const MAX_BYTES: usize = 16 << 10;

/// Which versions are wanted: groups of comparisons, of which all (`,` or space) of any one (`||`) must hold.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    comparisons: Vec<Comparison>,
    /// Whether one of the comparisons names a prerelease; else prereleases never match.
    names_prerelease: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// No sign or `=`; with a wildcard it means [`Operator::Tilde`].
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How many of a comparison's numbers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// None: `*`.
    Nothing,
    /// `1` or `1.x`
    Major,
    /// `1.2` or `1.2.x`
    Minor,
    /// `1.2.3`
    All,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    version: Version,
    given: Given,
}

impl Constraint {
    /// Reads a constraint (Masterminds' `NewConstraint`).
    ///
    /// # Errors
    /// With Masterminds' words.
    pub fn parse(text: &str) -> Result<Constraint, FunctionError> {
        if text.len() > MAX_BYTES {
            return Err(FunctionError::new(format!(
                "a version constraint of {} bytes is over the limit of {MAX_BYTES} bytes",
                text.len()
            )));
        }
        let text = rewrite_ranges(text);
        let groups = text.split("||").map(Group::parse).collect::<Result<_, _>>()?;
        Ok(Constraint { groups })
    }

    /// Whether a version is wanted.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (version.prerelease.is_empty() || group.names_prerelease)
                && group.comparisons.iter().all(|c| c.holds(version))
        })
    }
}

impl Group {
    fn parse(text: &str) -> Result<Group, FunctionError> {
        let improper =
            || FunctionError::new(format!("improper constraint: {}", print::quote(text.as_bytes())));
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, after) = split_comparison(rest).ok_or_else(improper)?;
            parts.push(part);
            let next = trim_start(after);
            if next.is_empty() {
                break;
            }
            // A comparison is followed by a comma, or by white space alone.
            rest = match next.strip_prefix(',') {
                Some(next) => next,
                None if next.len() < after.len() => next,
                None => return Err(improper()),
            };
        }
        let comparisons = parts.into_iter().map(Comparison::parse).collect::<Result<Vec<_>, _>>()?;
        let names_prerelease = comparisons.iter().any(|c| !c.version.prerelease.is_empty());
        Ok(Group { comparisons, names_prerelease })
    }
}

/// A comparison before its version is read.
struct RawComparison<'a> {
    operator: Operator,
    text: &'a str,
    shape: Shape,
}

/// The comparison at the start of a text, and what follows it.
fn split_comparison(text: &str) -> Option<(RawComparison<'_>, &str)> {
    let text = trim_start(text);
    let (operator, text) = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("=", Operator::Equal),
    ]
    .iter()
    .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
    .unwrap_or((Operator::Equal, text));
    let text = trim_start(text);
    // The bar is a slip in Masterminds' pattern; such a "number" is refused later, in other words.
    let shape =
        Shape::read(text.as_bytes(), |b| b.is_ascii_digit() || matches!(b, b'x' | b'X' | b'*' | b'|'))?;
    let after = text.get(shape.end..)?;
    Some((RawComparison { operator, text, shape }, after))
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r', '\x0c'])
}

impl Comparison {
    fn parse(raw: RawComparison<'_>) -> Result<Comparison, FunctionError> {
        let number = |i: usize| {
            let range = raw.shape.numbers.get(i).cloned().flatten()?;
            raw.text.get(range).filter(|n| !matches!(*n, "x" | "X" | "*"))
        };
        let prerelease = raw.text.get(raw.shape.prerelease.clone()).filter(|p| !p.is_empty());
        let tail = prerelease.map(|p| format!("-{p}")).unwrap_or_default();
        let (given, text) = match (number(0), number(1), number(2)) {
            (None, _, _) => (Given::Nothing, format!("0.0.0{tail}")),
            (Some(major), None, _) => (Given::Major, format!("{major}.0.0{tail}")),
            (Some(major), Some(minor), None) => (Given::Minor, format!("{major}.{minor}.0{tail}")),
            (Some(major), Some(minor), Some(patch)) => (Given::All, format!("{major}.{minor}.{patch}{tail}")),
        };
        let version = Version::parse(&text).map_err(|_| FunctionError::new("constraint parser error"))?;
        Ok(Comparison { operator: raw.operator, version, given })
    }

    fn holds(&self, v: &Version) -> bool {
        let c = &self.version;
        let order = v.compare(c);
        match self.operator {
            Operator::Equal if self.given == Given::All => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.holds_tilde(v, order),
            Operator::NotEqual => self.holds_not_equal(v, order),
            Operator::Greater => match self.given {
                Given::All => order == Ordering::Greater,
                // `>11` means from 12 on, `>11.1` from 11.2 on.
                _ if v.major != c.major => v.major > c.major,
                Given::Major => false,
                Given::Minor => v.minor > c.minor,
                Given::Nothing => order == Ordering::Greater,
            },
            Operator::Less => order == Ordering::Less,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::LessOrEqual => match self.given {
                Given::All => order != Ordering::Greater,
                _ if v.major != c.major => v.major < c.major,
                Given::Major => true,
                _ => v.minor <= c.minor,
            },
            Operator::Caret => self.holds_caret(v, order),
        }
    }

    fn holds_not_equal(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        match self.given {
            Given::All => order != Ordering::Equal,
            _ if v.major != c.major => true,
            Given::Major => false,
            _ if v.minor != c.minor => true,
            Given::Nothing if v.patch != c.patch => true,
            Given::Nothing => order != Ordering::Equal,
            Given::Minor => {
                (!v.prerelease.is_empty() || !c.prerelease.is_empty())
                    && compare_prereleases(&v.prerelease, &c.prerelease) != Ordering::Equal
            }
        }
    }

    fn holds_tilde(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less {
            return false;
        }
        let zero = (c.major, c.minor, c.patch) == (0, 0, 0);
        if zero && matches!(self.given, Given::Nothing | Given::All) {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || self.given == Given::Major)
    }

    fn holds_caret(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        if order == Ordering::Less || v.major != c.major {
            return false;
        }
        if c.major > 0 || self.given == Given::Major {
            return true;
        }
        if c.minor > 0 || self.given == Given::Minor {
            return v.minor == c.minor;
        }
        v.minor == 0 && v.patch == c.patch
    }
}

/// Writes hyphen ranges as comparisons: `1.2 - 3` becomes `>= 1.2, <= 3 `.
fn rewrite_ranges(text: &str) -> String {
    let spaced = |w: &[u8]| matches!(w, [a, b'-', b] if is_space(*a) && is_space(*b));
    if !text.as_bytes().windows(3).any(spaced) {
        return text.to_string();
    }
    let Some(range) = range_pattern() else { return text.to_string() };
    let mut out = text.to_string();
    let mut captures = range.create_captures();
    let mut at = 0;
    while at <= text.len() {
        range.captures(regex_automata::Input::new(text).span(at..text.len()), &mut captures);
        let group = |i: usize| captures.get_group(i).and_then(|span| text.get(span.start..span.end));
        let (Some(all), Some(low), Some(high)) = (group(0), group(1), group(2)) else { break };
        out = out.replacen(all, &format!(">= {low}, <= {high} "), 1);
        at = captures.get_group(0).map_or(text.len() + 1, |span| span.end);
    }
    out
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn range_pattern() -> Option<&'static Regex> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    PATTERN
        .get_or_init(|| {
            let space = r"[\t\n\x0c\r ]";
            let ids = r"[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*";
            let number = r"[0-9|xX*]+";
            let version = format!(r"v?{number}(?:\.{number})?(?:\.{number})?(?:-{ids})?(?:\+{ids})?");
            Regex::new(&format!("{space}*({version}){space}+-{space}+({version}){space}*")).ok()
        })
        .as_ref()
}
