//! Go's words for what the system says, and Go's quotes.

use std::fmt::Write;
use std::io;

use crate::diagnostic::Error;

/// An I/O error in Go's words: `no such file or directory`.
pub(crate) fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// What Helm says of devices, sockets and pipes in a chart (`helm pkg/chart/v2/loader/directory.go`).
pub(crate) fn irregular(path: &str) -> Error {
    Error::new(format!("cannot load irregular file {path} as it has file mode type bits set"))
        .hint("a chart may hold regular files, folders and links to them only")
}

/// A text in double quotes, as Go's `%q` writes it (`strconv.Quote`).
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if is_print(c) => out.push(c),
            c if c < ' ' || c == '\x7f' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Nearly Go's `unicode.IsPrint`: no controls, no spaces but U+0020, no format, surrogate or private
/// characters. (Unassigned code points count as printable here.)
pub(crate) fn is_print(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || c.is_whitespace()
            || matches!(c,
                '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}'
                | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{10ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_go_s() {
        assert_eq!(quote("a\"b\\\n\x01é\u{202e}\u{1F600}"), "\"a\\\"b\\\\\\n\\x01é\\u202e\u{1F600}\"");
    }

    #[test]
    fn system_errors_read_as_in_go() {
        let e = io::Error::from_raw_os_error(2);
        assert_eq!(io_words(&e), "no such file or directory");
    }
}
