//! Go's `path.Clean` and `filepath.Match`.

/// The shortest name for the same path, by its words alone (`path.Clean`).
pub(crate) fn clean(path: &str) -> String {
    if path.is_empty() {
        return ".".to_string();
    }
    if path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return path.to_string();
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_string(),
        (false, false) => joined,
    }
}

/// The last part of a path (`path.Base`).
pub(crate) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// The extension with its dot, or nothing (`path.Ext`).
pub(crate) fn ext(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |i| &name[i..])
}

/// A pattern that `filepath.Match` does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadPattern;

/// Whether a shell pattern matches the whole name (`filepath.Match` on Unix).
///
/// `*` and `?` don't match a slash; `[a-z]` and `[^a]` are classes; a backslash quotes. As in Go, an error
/// in a part of the pattern that the match does not reach is found all the same.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let mut pattern = pattern;
    let mut name = name;
    'pattern: while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains('/'));
        }
        if let Some(after) = match_chunk(chunk, name)?
            && (after.is_empty() || !pattern.is_empty())
        {
            name = after;
            continue;
        }
        if star {
            for (i, c) in name.char_indices() {
                if c == '/' {
                    break;
                }
                let from = i + c.len_utf8();
                if let Some(after) = match_chunk(chunk, &name[from..])? {
                    if pattern.is_empty() && !after.is_empty() {
                        continue;
                    }
                    name = after;
                    continue 'pattern;
                }
            }
        }
        while !pattern.is_empty() {
            let (_, chunk, rest) = next_chunk(pattern);
            pattern = rest;
            match_chunk(chunk, "")?;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// Leading stars, and what follows them up to the next star outside a class.
fn next_chunk(pattern: &str) -> (bool, &str, &str) {
    let trimmed = pattern.trim_start_matches('*');
    let star = trimmed.len() < pattern.len();
    let mut in_class = false;
    let mut escaped = false;
    for (i, c) in trimmed.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => return (star, &trimmed[..i], &trimmed[i..]),
            _ => {}
        }
    }
    (star, trimmed, "")
}

/// What is left of the name after the chunk, if it matches at the start.
fn match_chunk<'n>(chunk: &str, name: &'n str) -> Result<Option<&'n str>, BadPattern> {
    let mut pattern = chunk.chars();
    let mut name = name.chars();
    let mut failed = false;
    while let Some(p) = pattern.next() {
        if !failed && name.as_str().is_empty() {
            failed = true;
        }
        match p {
            '[' => {
                let c = if failed { None } else { name.next() };
                let matched = match_class(&mut pattern, c)?;
                failed |= !matched;
            }
            '?' => {
                if !failed {
                    failed = name.next() == Some('/');
                }
            }
            p => {
                let literal = if p == '\\' { pattern.next().ok_or(BadPattern)? } else { p };
                if !failed {
                    failed = name.next() != Some(literal);
                }
            }
        }
    }
    Ok((!failed).then_some(name.as_str()))
}

fn match_class(pattern: &mut std::str::Chars<'_>, c: Option<char>) -> Result<bool, BadPattern> {
    let negated = pattern.as_str().starts_with('^');
    if negated {
        pattern.next();
    }
    let mut found = false;
    let mut ranges = 0;
    loop {
        if pattern.as_str().starts_with(']') && ranges > 0 {
            pattern.next();
            break;
        }
        let low = class_char(pattern)?;
        let mut high = low;
        if pattern.as_str().starts_with('-') {
            pattern.next();
            high = class_char(pattern)?;
        }
        found |= c.is_some_and(|c| low <= c && c <= high);
        ranges += 1;
    }
    Ok(c.is_some() && found != negated)
}

fn class_char(pattern: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    let mut c = pattern.next().ok_or(BadPattern)?;
    if c == '-' || c == ']' {
        return Err(BadPattern);
    }
    if c == '\\' {
        c = pattern.next().ok_or(BadPattern)?;
    }
    if pattern.as_str().is_empty() {
        return Err(BadPattern);
    }
    Ok(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_by_their_words() {
        for (path, want) in [
            ("", "."),
            ("a//b/./c", "a/b/c"),
            ("a/../..", ".."),
            ("../a", "../a"),
            ("/..", "/"),
            ("/../a/", "/a"),
            ("a/b/..", "a"),
        ] {
            assert_eq!(clean(path), want, "{path}");
        }
        assert_eq!((base("a/b/"), base(""), base("//"), base("x")), ("b", ".", "/", "x"));
        assert_eq!((ext("a.b/c"), ext("a/b.tar.gz"), ext(".tgz")), ("", ".gz", ".tgz"));
    }

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, want) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("ab[c]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a???b", "a☺☻☹b", true),
            ("[\\]a]", "]", true),
            ("*x", "xxx", true),
            ("templates/.?*", "templates/.a", true),
            ("templates/.?*", "templates/.", false),
            ("templates/.?*", "templates/a", false),
            ("a/*/c", "a/b/c", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, name), Ok(want), "{pattern} {name}");
        }
        for pattern in ["[", "[^", "[^bc", "a[", "[]a]", "[-]", "[x-]", "[-x]", "a\\", "[a-b-c]"] {
            assert_eq!(matches(pattern, "abc"), Err(BadPattern), "{pattern}");
        }
    }
}
