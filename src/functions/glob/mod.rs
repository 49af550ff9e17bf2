//! Patterns over file names, as `gobwas/glob` 0.2.3 has them with `/` as the separator: what `.Files.Glob` takes.
//!
//! `*` and `?` stop at a slash, `**` doesn't, `[a-c]`, `[!ab]` and `{a,b}` are classes and alternatives. Where
//! stars meet braces, or names have letters beyond ASCII, gobwas has slips, which charts see; so its matchers are
//! followed one by one.

mod compile;
mod matcher;
mod parse;

use std::cell::Cell;

use self::matcher::{Matcher, Steps};

/// Longer patterns are refused.
const MAX_BYTES: usize = 4096;

/// The steps of one match. A pattern of many stars could take more than anyone waits; then it doesn't match.
const MAX_STEPS: u32 = 50_000;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob(Matcher);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern(&'static str);

impl std::fmt::Display for BadPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadPattern {}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If a class is malformed or not closed, or the pattern is too long. (A brace that isn't closed is fine.)
    pub fn new(pattern: &str) -> Result<Glob, BadPattern> {
        if pattern.len() > MAX_BYTES {
            return Err(BadPattern("the pattern is too long"));
        }
        Ok(Glob(compile::compile(&parse::parse(pattern)?)))
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name.as_bytes(), &Steps(Cell::new(MAX_STEPS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_slashes_unless_doubled() {
        for (pattern, name, want) in [
            ("files/*", "files/a", true),
            ("files/*", "files/a/b", false),
            ("files/**", "files/a/b", true),
            ("**.yaml", "a/b.yaml", true),
            ("a/**/b", "a/b", true),
            ("a?c", "a/c", false),
            ("[!a]x", "/x", true),
            ("[a-c]x", "bx", true),
            ("{a,b{c,d}}.txt", "bd.txt", true),
            ("{a,b", "b", true),
            ("a}", "a}", true),
            (r"a\*", "a*", true),
        ] {
            let glob = Glob::new(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(glob.matches(name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn malformed_classes_are_refused() {
        for pattern in ["[", "[a", "[]", "[!]", "[a-]", "[c-a]", "[a-bc]"] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let glob = Glob::new(&"*a".repeat(60)).unwrap_or_else(|e| panic!("{e}"));
        assert!(!glob.matches(&"ab".repeat(400)));
        assert!(Glob::new(&"*a".repeat(500)).is_err());
    }
}
