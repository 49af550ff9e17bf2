//! `.helmignore`. It looks like git's, and is not: each rule is a shell pattern, and the first rule that
//! says so decides.

use super::path::{base, matches};
use crate::diagnostic::{Error, Result};

/// The longest line that Go's scanner takes.
const LONGEST_LINE: usize = 64 * 1024;

/// The rules of a `.helmignore` file (`helm pkg/ignore/rules.go`).
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    scope: Scope,
    negated: bool,
    directories_only: bool,
}

/// A shell pattern. Nearly all are a name or an ending, and each is tried on each file.
#[derive(Clone, Debug)]
enum Pattern {
    /// A name, as it is.
    Name(String),
    /// A star and an ending, as it is.
    Ending(String),
    /// Any other.
    Glob(String),
}

impl Pattern {
    fn new(text: &str) -> Pattern {
        let is_plain = |text: &str| !text.contains(['*', '?', '[', '\\']);
        match text.strip_prefix('*') {
            Some(ending) if is_plain(ending) => Pattern::Ending(ending.to_string()),
            None if is_plain(text) => Pattern::Name(text.to_string()),
            _ => Pattern::Glob(text.to_string()),
        }
    }

    fn matches(&self, subject: &str) -> bool {
        match self {
            Pattern::Name(name) => name == subject,
            // A star stands for anything but a slash.
            Pattern::Ending(ending) => {
                subject.strip_suffix(ending.as_str()).is_some_and(|start| !start.contains('/'))
            }
            Pattern::Glob(pattern) => matches(pattern, subject).unwrap_or(false),
        }
    }
}

/// What a rule's pattern is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The whole path within the chart.
    Path,
    /// The last part of the path: the pattern has no slash.
    Name,
}

impl Rules {
    /// The rules of a file, and Helm's own rule: dot files under `templates/` are ignored.
    ///
    /// # Errors
    /// For `**` and for patterns that don't compile, in Helm's words.
    pub fn parse(text: &[u8]) -> Result<Rules> {
        let mut rules = Rules::default();
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        for line in text.split(|b| *b == b'\n') {
            if line.len() >= LONGEST_LINE {
                return Err(Error::new("bufio.Scanner: token too long"));
            }
            rules.add(&String::from_utf8_lossy(line))?;
        }
        rules.add_defaults();
        Ok(rules)
    }

    /// Helm's own rule only.
    pub fn defaults() -> Rules {
        let mut rules = Rules::default();
        rules.add_defaults();
        rules
    }

    fn add_defaults(&mut self) {
        self.rules.push(Rule {
            pattern: Pattern::new("templates/.?*"),
            scope: Scope::Path,
            negated: false,
            directories_only: false,
        });
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.contains("**") {
            return Err(Error::new("double-star (**) syntax is not supported"));
        }
        if matches(line, "abc").is_err() {
            return Err(Error::new("syntax error in pattern"));
        }
        let (negated, rest) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (directories_only, rest) = match rest.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (scope, pattern) = match rest.strip_prefix('/') {
            Some(anchored) => (Scope::Path, anchored),
            None if rest.contains('/') => (Scope::Path, rest),
            None => (Scope::Name, rest),
        };
        self.rules.push(Rule { pattern: Pattern::new(pattern), scope, negated, directories_only });
        Ok(())
    }

    /// Whether the file or folder of this name (within the chart, with slashes) is left out.
    ///
    /// A negated rule that does *not* match leaves the file out at once; one that matches decides nothing.
    pub fn ignores(&self, name: &str, is_directory: bool) -> bool {
        if matches!(name, "" | "." | "./") {
            return false;
        }
        let last = base(name);
        self.rules.iter().any(|rule| {
            let subject = match rule.scope {
                Scope::Path => name,
                Scope::Name => last,
            };
            let wrong_kind = rule.directories_only && !is_directory;
            (!wrong_kind && rule.pattern.matches(subject)) != rule.negated
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(rules: &str, name: &str, is_directory: bool) -> bool {
        Rules::parse(rules.as_bytes()).unwrap().ignores(name, is_directory)
    }

    #[test]
    fn rules_are_helm_s_not_git_s() {
        for (rules, name, dir, want) in [
            ("*.txt", "a/b/c.txt", false, true),
            ("a/*.txt", "a/b/c.txt", false, false),
            ("/c.txt", "a/c.txt", false, false),
            ("/c.txt", "c.txt", false, true),
            ("cargo/", "cargo", true, true),
            ("cargo/", "cargo", false, false),
            ("# a\n\n  *.bak  ", "x.bak", false, true),
            ("\u{feff}*.bak", "x.bak", false, true),
            ("", "templates/.hidden", false, true),
            ("", "templates/sub/.hidden", false, false),
            ("", ".", true, false),
            ("*", "a/b", false, true),
            ("a/*b", "a/b", false, true),
            ("/*c", "a/c", false, false),
            ("*a]", "xa]", false, true),
            ("a?c", "a/abc", false, true),
        ] {
            assert_eq!(ignored(rules, name, dir), want, "{rules:?} {name}");
        }
    }

    #[test]
    fn a_negated_rule_leaves_out_all_that_it_does_not_match() {
        assert!(ignored("!*.yaml", "a.txt", false));
        assert!(!ignored("!*.yaml", "a.yaml", false));
        assert!(ignored("!*.yaml\n*.yaml", "a.yaml", false));
        assert!(ignored("!keep/", "keep", false));
    }

    #[test]
    fn double_stars_and_broken_patterns_are_errors() {
        assert_eq!(Rules::parse(b"a/**").unwrap_err().message(), "double-star (**) syntax is not supported");
        assert_eq!(Rules::parse(b"[a").unwrap_err().message(), "syntax error in pattern");
    }
}
