//! Patterns over file names, as `gobwas/glob` 0.2.3 has them with `/` as the separator: what `.Files.Glob` takes.
//!
//! `*` and `?` stop at a slash, `**` doesn't, `[a-c]`, `[!ab]` and `{a,b}` are classes and alternatives. A
//! pattern becomes a small automaton, so matching takes time in proportion to name and pattern.

/// Longer patterns are refused.
const MAX_BYTES: usize = 16 << 10;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob {
    states: Vec<State>,
    /// A literal, `**` and a literal: gobwas looks at both ends and doesn't mind if they overlap, so `a/**/b`
    /// matches `a/b`.
    ends: Option<(String, String)>,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern(&'static str);

impl std::fmt::Display for BadPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadPattern {}

/// What the automaton does in a state.
#[derive(Clone, Debug)]
enum State {
    /// Takes a character and goes to the next state.
    Take(Class),
    /// Stays for any number of characters, then goes to the next state.
    Stay { over_slashes: bool },
    /// Goes to several states at once.
    Fork(Vec<usize>),
    /// Goes to another state.
    Jump(usize),
    /// The end of the pattern.
    Match,
}

#[derive(Clone, Debug)]
enum Class {
    Is(char),
    NotSlash,
    List { chars: Vec<char>, not: bool },
    Range { low: char, high: char, not: bool },
}

impl Class {
    fn takes(&self, c: char) -> bool {
        match self {
            Class::Is(wanted) => c == *wanted,
            Class::NotSlash => c != '/',
            Class::List { chars, not } => chars.contains(&c) != *not,
            Class::Range { low, high, not } => (*low..=*high).contains(&c) != *not,
        }
    }
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If a class is malformed or not closed, or the pattern is too long. (A brace that isn't closed is fine.)
    pub fn new(pattern: &str) -> Result<Glob, BadPattern> {
        if pattern.len() > MAX_BYTES {
            return Err(BadPattern("the pattern is too long"));
        }
        // The reader of gobwas takes U+FFFD for a decoding error.
        if pattern.contains('\u{FFFD}') {
            return Err(BadPattern("could not read rune"));
        }
        let mut compiler = Compiler { chars: pattern.chars().collect(), at: 0, states: Vec::new() };
        compiler.pattern()?;
        compiler.states.push(State::Match);
        let ends = literal_ends(&compiler.states);
        Ok(Glob { states: compiler.states, ends })
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        if let Some((start, end)) = &self.ends {
            return name.starts_with(start) && name.ends_with(end);
        }
        let mut current = Active::new(self.states.len());
        let mut next = Active::new(self.states.len());
        current.add(&self.states, 0);
        for c in name.chars() {
            for i in 0..current.list.len() {
                let Some(&state) = current.list.get(i) else { break };
                match self.states.get(state) {
                    Some(State::Take(class)) if class.takes(c) => next.add(&self.states, state + 1),
                    Some(State::Stay { over_slashes }) if *over_slashes || c != '/' => {
                        next.add(&self.states, state);
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut current, &mut next);
            next.clear();
            if current.list.is_empty() {
                return false;
            }
        }
        current.list.iter().any(|&s| matches!(self.states.get(s), Some(State::Match)))
    }
}

/// The states that the automaton is in.
struct Active {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl Active {
    fn new(states: usize) -> Active {
        Active { list: Vec::new(), seen: vec![false; states] }
    }

    fn clear(&mut self) {
        for state in self.seen.iter_mut() {
            *state = false;
        }
        self.list.clear();
    }

    /// Enters a state, and those that follow from it without taking a character.
    fn add(&mut self, states: &[State], state: usize) {
        let mut todo = vec![state];
        while let Some(state) = todo.pop() {
            let Some(seen) = self.seen.get_mut(state).filter(|seen| !**seen) else { continue };
            *seen = true;
            match states.get(state) {
                Some(State::Fork(ways)) => todo.extend(ways),
                Some(State::Jump(to)) => todo.push(*to),
                Some(State::Stay { .. }) => {
                    self.list.push(state);
                    todo.push(state + 1);
                }
                Some(State::Take(_) | State::Match) => self.list.push(state),
                None => {}
            }
        }
    }
}

fn literal_ends(states: &[State]) -> Option<(String, String)> {
    let text = |states: &[State]| {
        states
            .iter()
            .map(|s| match s {
                State::Take(Class::Is(c)) => Some(*c),
                _ => None,
            })
            .collect::<Option<String>>()
            .filter(|s| !s.is_empty())
    };
    let [states @ .., State::Match] = states else { return None };
    let at = states.iter().position(|s| matches!(s, State::Stay { over_slashes: true }))?;
    let (start, rest) = states.split_at_checked(at)?;
    Some((text(start)?, text(rest.get(1..)?)?))
}

struct Compiler {
    chars: Vec<char>,
    at: usize,
    states: Vec<State>,
}

/// An open brace.
struct Open {
    /// The fork, whose ways are the starts of the alternatives.
    fork: usize,
    /// The jumps that end the alternatives.
    jumps: Vec<usize>,
}

impl Compiler {
    fn read(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    fn pattern(&mut self) -> Result<(), BadPattern> {
        let mut open: Vec<Open> = Vec::new();
        while let Some(c) = self.read() {
            match c {
                '{' => {
                    open.push(Open { fork: self.states.len(), jumps: Vec::new() });
                    self.states.push(State::Fork(vec![self.states.len() + 1]));
                }
                ',' if !open.is_empty() => {
                    let end = self.states.len();
                    self.states.push(State::Jump(end));
                    if let Some(brace) = open.last_mut() {
                        brace.jumps.push(end);
                        if let Some(State::Fork(ways)) = self.states.get_mut(brace.fork) {
                            ways.push(end + 1);
                        }
                    }
                }
                '}' if !open.is_empty() => {
                    if let Some(brace) = open.pop() {
                        self.close(&brace);
                    }
                }
                '[' => {
                    let class = self.class()?;
                    self.states.push(State::Take(class));
                }
                '?' => self.states.push(State::Take(Class::NotSlash)),
                '*' => {
                    let over_slashes = self.chars.get(self.at) == Some(&'*');
                    self.at += usize::from(over_slashes);
                    self.states.push(State::Stay { over_slashes });
                }
                '\\' => {
                    if let Some(c) = self.read() {
                        self.states.push(State::Take(Class::Is(c)));
                    }
                }
                c => self.states.push(State::Take(Class::Is(c))),
            }
        }
        for brace in open.iter().rev() {
            self.close(brace);
        }
        Ok(())
    }

    fn close(&mut self, brace: &Open) {
        let end = self.states.len();
        for &jump in &brace.jumps {
            if let Some(state) = self.states.get_mut(jump) {
                *state = State::Jump(end);
            }
        }
    }

    /// What follows an opening bracket.
    fn class(&mut self) -> Result<Class, BadPattern> {
        let unclosed = BadPattern("unexpected end of input");
        let not = self.chars.get(self.at) == Some(&'!');
        self.at += usize::from(not);
        let low = self.chars.get(self.at).copied().ok_or(unclosed)?;
        let class = if self.chars.get(self.at + 1) == Some(&'-') {
            self.at += 2;
            let high = self.read().ok_or(unclosed)?;
            if high < low {
                return Err(BadPattern("the end of a range stands before its start"));
            }
            Class::Range { low, high, not }
        } else {
            let mut chars = Vec::new();
            while let Some(&c) = self.chars.get(self.at).filter(|c| **c != ']') {
                self.at += 1;
                match c {
                    '\\' => chars.extend(self.read()),
                    c => chars.push(c),
                }
            }
            if chars.is_empty() {
                return Err(BadPattern("could not parse range"));
            }
            Class::List { chars, not }
        };
        match self.read() {
            Some(']') => Ok(class),
            Some(_) => Err(BadPattern("expected close range character")),
            None => Err(unclosed),
        }
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
        let glob = Glob::new(&"*a".repeat(500)).unwrap_or_else(|e| panic!("{e}"));
        assert!(!glob.matches(&"a".repeat(400)));
    }
}
