//! Text within XML and HTML.

/// Text as HTML says it, in an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Untrusted text as XML says it, in an element or a quoted attribute, on one line. What XML 1.0 has no way to say is
/// written out.
pub fn line(text: &str) -> String {
    let text = crate::diagnostic::escape_line(text);
    let text = if text.contains(['\u{fffe}', '\u{ffff}']) {
        text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
    } else {
        text
    };
    escape(&text)
}

/// Lines of untrusted text as XML says them.
pub fn lines(lines: &[String]) -> String {
    lines.iter().map(|own| line(own)).collect::<Vec<_>>().join("\n")
}
