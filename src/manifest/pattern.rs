//! Patterns of file names as in Go's `filepath.Match`: `*` and `?` stop at a slash, `[a-z]` and `[^a]` are
//! classes, a backslash takes the next character as it is.

/// Whether the whole of `name` matches `pattern`. A malformed pattern matches nothing, as Helm takes it.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to take up again when the text after a star does not fit: the star, and how much it has taken.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            None if n == name.len() => return true,
            None => None,
            Some('*') => {
                retry = Some((p, n));
                p += 1;
                continue;
            }
            Some(_) => match one(&pattern[p..], name.get(n).copied()) {
                Step::Malformed => return false,
                Step::No => None,
                Step::Took(length) => Some(length),
            },
        };
        match (step, retry) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((star, from))) if from < name.len() && name[from] != '/' => {
                retry = Some((star, from + 1));
                p = star + 1;
                n = from + 1;
            }
            _ => return false,
        }
    }
}

enum Step {
    /// The first element of the pattern, of so many characters, fits the character.
    Took(usize),
    No,
    Malformed,
}

fn one(pattern: &[char], c: Option<char>) -> Step {
    let took = |fits: bool, length: usize| if fits { Step::Took(length) } else { Step::No };
    match pattern {
        ['?', ..] => took(c.is_some_and(|c| c != '/'), 1),
        ['[', rest @ ..] => class(rest, c),
        ['\\', literal, ..] => took(c == Some(*literal), 2),
        ['\\'] => Step::Malformed,
        [literal, ..] => took(c == Some(*literal), 1),
        [] => Step::No,
    }
}

/// A class, from behind its opening bracket on.
fn class(pattern: &[char], c: Option<char>) -> Step {
    let negated = pattern.first() == Some(&'^');
    let mut i = usize::from(negated);
    let mut fits = false;
    let mut ranges = 0;
    loop {
        if pattern.get(i) == Some(&']') && ranges > 0 {
            break;
        }
        let Some(low) = bound(pattern, &mut i) else { return Step::Malformed };
        let mut high = low;
        if pattern.get(i) == Some(&'-') {
            i += 1;
            match bound(pattern, &mut i) {
                Some(end) => high = end,
                None => return Step::Malformed,
            }
        }
        fits |= c.is_some_and(|c| low <= c && c <= high);
        ranges += 1;
    }
    match c {
        Some(_) if fits != negated => Step::Took(i + 2),
        _ => Step::No,
    }
}

/// A bound of a range in a class; `None` where the pattern is malformed.
fn bound(pattern: &[char], i: &mut usize) -> Option<char> {
    let mut c = *pattern.get(*i)?;
    if c == '-' || c == ']' {
        return None;
    }
    if c == '\\' {
        *i += 1;
        c = *pattern.get(*i)?;
    }
    *i += 1;
    pattern.get(*i)?;
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stops_at_a_slash() {
        assert!(matches("templates/*.yaml", "templates/a.yaml"));
        assert!(!matches("templates/*", "templates/sub/a.yaml"));
        assert!(matches("*/*", "templates/a.yaml"));
        assert!(matches("a*b*c", "axxbyybzc"));
        assert!(!matches("a*b*c", "axxbyybz"));
        assert!(matches("*", ""));
        assert!(!matches("", "a"));
    }

    #[test]
    fn classes_and_escapes_work_as_in_go() {
        assert!(matches("[a-c]?", "b1"));
        assert!(matches("[^a-c]", "d"));
        assert!(!matches("[^a-c]", "a"));
        assert!(matches(r"\*", "*"));
        assert!(!matches(r"\*", "a"));
        assert!(!matches("?", "/"));
        assert!(matches("[^a]", "/"), "as in Go, a class may take a slash");
    }

    #[test]
    fn malformed_patterns_match_nothing() {
        for pattern in ["[", "[a", "[]", "[-]", "[a-]", "\\", "[^]", "a["] {
            assert!(!matches(pattern, "a"), "{pattern}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!matches(&format!("{}b", "a*".repeat(200)), &"a".repeat(5_000)));
    }
}
