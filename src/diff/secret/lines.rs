//! Secrets in text that is no data: `password = x` in a configuration file, `--token x` in a script.

use std::ops::Range;

use super::is_harmless;
use super::names::{Meaning, is_structural, meaning};

/// Longer names are none.
const MAX_NAME: usize = 200;

/// Where values of secret-looking names stand in a text, in order.
pub(super) fn find(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut block: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let range = start..start + line.len();
        start = range.end;
        let line = trim_end(line);
        let content = range.start + indent(line)..range.start + line.len();
        if content.is_empty() {
            continue;
        }
        match block {
            // All that stands under a secret-looking key with a block behind it.
            Some(level) if indent(line) > level => {
                found.push(content);
                continue;
            }
            _ => block = None,
        }
        let mut own = Vec::new();
        find_in_line(line, &mut own);
        if own.is_empty() && opens_block(line) {
            block = Some(indent(line));
        }
        found.extend(own.into_iter().map(|own| own.start + range.start..own.end + range.start));
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    let kept = line.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(0, |i| i + 1);
    line.get(..kept).unwrap_or_default()
}

fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Whether a line is `password: |`, or the like.
fn opens_block(line: &[u8]) -> bool {
    let Some(colon) = line.iter().rposition(|b| *b == b':') else { return false };
    let (name, rest) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    let rest = rest.trim_ascii();
    let is_block = matches!(rest.first(), Some(b'|' | b'>')) && rest.len() <= 3;
    is_block && is_secret(name.trim_ascii().trim_ascii_start())
}

fn is_secret(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"- ").unwrap_or(name);
    let quotes = |b: &u8| matches!(b, b'"' | b'\'');
    let start = name.iter().take_while(|b| quotes(b)).count();
    let end = name.len() - name.iter().rev().take_while(|b| quotes(b)).count();
    let name = name.get(start..end.max(start)).unwrap_or_default();
    std::str::from_utf8(name).is_ok_and(|name| matches!(meaning(name), Meaning::Secret { .. }))
}

fn find_in_line(line: &[u8], found: &mut Vec<Range<usize>>) {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let mut at = 0;
    while at < line.len() {
        if !line.get(at).copied().is_some_and(is_name) {
            at += 1;
            continue;
        }
        let start = at;
        while line.get(at).copied().is_some_and(is_name) {
            at += 1;
        }
        let name = line.get(start..at).unwrap_or_default();
        let flag = name.starts_with(b"--");
        let bare = std::str::from_utf8(name).unwrap_or_default().trim_matches(['-', '.']);
        let Meaning::Secret { strict } = (if name.len() > MAX_NAME { Meaning::Plain } else { meaning(bare) })
        else {
            continue;
        };
        let Some(value) = value_behind(line, start, at, flag) else { continue };
        let bytes = line.get(value.clone()).unwrap_or_default();
        at = at.max(value.end);
        let number = bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.');
        if !is_harmless(bytes) && (strict || !number) {
            found.push(value);
        }
    }
}

/// The value that stands behind a name, if one does: behind `=`, `:`, `=>`, `:=`; behind the end of an XML tag; for
/// a flag behind a blank, too.
fn value_behind(line: &[u8], name: usize, end: usize, flag: bool) -> Option<Range<usize>> {
    let byte = |i: usize| line.get(i).copied().unwrap_or_default();
    let blanks = |mut i: usize| {
        while matches!(byte(i), b' ' | b'\t') {
            i += 1;
        }
        i
    };
    let mut at = end;
    // The quote behind a quoted name, and the bracket of `x["password"]`.
    let escaped = byte(at) == b'\\';
    at += usize::from(escaped);
    if matches!(byte(at), b'"' | b'\'') {
        at += 1;
    }
    at += usize::from(byte(at) == b']');
    let gap = at;
    at = blanks(at);
    let separator = byte(at);
    let in_tag = separator == b'>' && name.checked_sub(1).is_some_and(|before| byte(before) == b'<');
    let assigned = match separator {
        b'=' | b':' => {
            at += 1;
            if matches!(byte(at), b'=' | b'>') {
                at += 1;
            }
            true
        }
        _ if in_tag => {
            at += 1;
            true
        }
        _ => false,
    };
    if !assigned && (!flag || at == gap) {
        return None;
    }
    // `a::b` and `password://` are no assignments.
    if separator == b':' && matches!(byte(at), b':' | b'/') && byte(at + 1) == byte(at) {
        return None;
    }
    let at = blanks(at);
    if !assigned && byte(at) == b'-' {
        return None;
    }
    let escape = byte(at) == b'\\' && matches!(byte(at + 1), b'"' | b'\'');
    let at = at + usize::from(escape);
    let quote = byte(at);
    if matches!(quote, b'"' | b'\'' | b'`') {
        let start = at + 1;
        let mut close = start;
        while close < line.len() && byte(close) != quote {
            close += if byte(close) == b'\\' && !escape { 2 } else { 1 };
        }
        let close = close.min(line.len()) - usize::from(escape && close < line.len() && close > start);
        return Some(start..close.max(start));
    }
    // To the end of the line, if the line begins with the name; otherwise a word.
    let before = line.get(..name).unwrap_or_default().trim_ascii();
    let begins = matches!(
        before,
        b"" | b"-" | b"\"" | b"'" | b"#" | b"//" | b";" | b"export" | b"ENV" | b"set" | b"local"
    );
    let rest = line.get(at..).unwrap_or_default();
    let length = if in_tag {
        rest.iter().position(|b| *b == b'<')
    } else if begins && !flag {
        memchr::memmem::find(rest, b" #")
    } else {
        rest.iter().position(|b| {
            matches!(b, b' ' | b'\t' | b'&' | b';' | b',' | b'"' | b'\'' | b'`' | b'<' | b'}' | b')')
        })
    };
    let value = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default().trim_ascii_end();
    // What opens a block or a structure is no value.
    let opens =
        matches!(value, b"|" | b">" | b"|-" | b">-" | b"|+" | b">+" | b"{" | b"[" | b"(" | b"{}" | b"[]");
    (!value.is_empty() && !opens).then(|| at..at + value.len())
}

/// Whether an argument of a program is a flag for a secret, which follows as the next argument.
pub(super) fn is_flag(argument: &[u8]) -> bool {
    let dashes = argument.iter().take_while(|b| **b == b'-').count();
    let name = argument.get(dashes..).unwrap_or_default();
    (1..=2).contains(&dashes)
        && !name.contains(&b'=')
        && is_secret(name)
        && !std::str::from_utf8(name).is_ok_and(is_structural)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut ranges = Vec::new();
        find(text.as_bytes(), &mut ranges);
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn settings_of_many_formats_are_read() {
        for (line, want) in [
            ("db.password=hunter2", "hunter2"),
            ("password = \"a b\" # c", "a b"),
            ("export API_TOKEN='x y'", "x y"),
            ("  password: some words here # note", "some words here"),
            ("{\"password\": \"x\\\"y\", \"a\": 1", "x\\\"y"),
            ("requirepass: a\nrequire-pass hunter2\npass hunter2", ""),
            ("mysql -u root --password=hunter2 db", "hunter2"),
            ("vault login --token abc123 -x", "abc123"),
            ("java -Ddb.password=hunter2 -jar x", "hunter2"),
            ("<password>hunter2</password>", "hunter2"),
            ("https://example.com/?token=abc&x=1", "abc"),
            ("config['api_key'] = 'k1'", "k1"),
            ("password := \"x\"", "x"),
            ("echo \"{\\\"token\\\": \\\"abc\\\"}\"", "abc"),
        ] {
            let want: Vec<&str> = Some(want).filter(|want| !want.is_empty()).into_iter().collect();
            assert_eq!(found(line), want, "{line}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "token_ttl = 3600",
            "max_tokens: 100",
            "password: $PASSWORD",
            "password: ${PASSWORD}",
            "password=$(PASSWORD)",
            "password_file = /etc/x",
            "proxy_pass http://backend;",
            "token: {{ .Values.token }}",
            "--token-file x",
            "password:",
            "password: \"\"",
            "auth_enabled: true",
            "secret: true",
        ] {
            assert!(found(line).is_empty(), "{line}: {:?}", found(line));
        }
    }

    #[test]
    fn blocks_under_a_secret_key_are_hidden_line_by_line() {
        assert_eq!(found("a: 1\ntoken: |\n  one\n\n  two\nb: 2"), ["one", "two"]);
    }

    #[test]
    fn flags_for_secrets_are_told_from_others() {
        assert!(is_flag(b"--password") && is_flag(b"-token") && is_flag(b"--admin-password"));
        assert!(!is_flag(b"--password=x") && !is_flag(b"--password-file") && !is_flag(b"password"));
    }
}
