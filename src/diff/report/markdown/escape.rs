//! What makes untrusted text harmless in Markdown, as GitHub and GitLab read it.

use crate::diagnostic::escape_line;

/// Text within a line: words that Markdown might read as more than words (links, images, HTML, emphasis, mentions,
/// references to issues) become code, where it reads nothing.
pub fn text(text: &str) -> String {
    let text = escape_line(text).replace('\t', " ");
    text.split(' ').map(|word| in_words(word, code)).collect::<Vec<_>>().join(" ")
}

/// A word as it is, or what `code` makes of it without the signs of the sentence around it.
fn in_words(word: &str, code: impl Fn(&str) -> String) -> String {
    let core = word.trim_start_matches('(').trim_end_matches([')', ',', ';', '.']);
    if core.is_empty() || is_plain(core) {
        return word.to_string();
    }
    let start = word.len() - word.trim_start_matches('(').len();
    let (before, rest) = word.split_at_checked(start).unwrap_or(("", word));
    let (_, behind) = rest.split_at_checked(core.len()).unwrap_or((rest, ""));
    format!("{before}{}{behind}", code(core))
}

/// Whether a word is nothing but a word to every reader of Markdown.
fn is_plain(word: &str) -> bool {
    let body = word.strip_suffix(':').unwrap_or(word);
    let harmless = |c: char| {
        c.is_alphanumeric() || matches!(c, ',' | '.' | ';' | '(' | ')' | '/' | '-' | '\'' | '→' | '…')
    };
    let lower = body.to_ascii_lowercase();
    let hex = |c: char| c.is_ascii_hexdigit();
    let is_commit =
        body.len() >= 7 && body.chars().all(hex) && body.contains(|c: char| c.is_ascii_alphabetic());
    body.chars().all(harmless) && !lower.contains("www.") && !lower.contains("gh-") && !is_commit
}

/// Text as a code span.
pub fn code(text: &str) -> String {
    let text = escape_line(text).replace('\t', " ");
    if text.trim().is_empty() {
        // There is no code span of nothing, nor of nothing but spaces.
        return if text.is_empty() { "(empty)".to_string() } else { "(spaces)".to_string() };
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    // One space on either side is taken away again.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// What [`text`] or [`code`] made, in a cell of a table: a pipe ends no cell.
pub fn cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// Text within our own HTML tags.
pub fn html(text: &str) -> String {
    crate::report::xml::escape(&escape_line(text))
}

/// A sentence within `<summary>`, where Markdown reads nothing, but mentions are still looked for outside of code.
pub fn summary(text: &str) -> String {
    let text = escape_line(text).replace('\t', " ");
    let code = |word: &str| format!("<code>{}</code>", html(word));
    text.split(' ').map(|word| in_words(word, code)).collect::<Vec<_>>().join(" ")
}

/// A fenced block of `diff`, whose fence is longer than any run of backticks within.
pub fn fence(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let ticks = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{ticks}diff\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&ticks);
    out.push('\n');
    out
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_all_else_is_code() {
        assert_eq!(text("restarts pods: rolling"), "restarts pods: rolling");
        assert_eq!(text("helm.sh/chart a-1.0 → a-1.1"), "helm.sh/chart a-1.0 → a-1.1");
        assert_eq!(text("hello @torvalds see #1"), "hello `@torvalds` see `#1`");
        assert_eq!(text("<img src=x>"), "`<img` `src=x>`");
        assert_eq!(text("![x](http://y) **b**"), "`![x](http://y`) `**b**`");
        assert_eq!(
            text("www.example.com GH-12 :tada: deadbeef"),
            "`www.example.com` `GH-12` `:tada:` `deadbeef`"
        );
        assert_eq!(text("(main:charts/a, @b)."), "(`main:charts/a`, `@b`).");
        assert_eq!(text("a\nb\u{202e}"), "`a\\u{a}b\\u{202e}`");
    }

    #[test]
    fn code_holds_backticks_and_spaces() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(" a "), "`  a  `");
        assert_eq!(code(""), "(empty)");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
    }

    #[test]
    fn a_fence_is_longer_than_what_is_within() {
        assert_eq!(fence(&[" ```` ".into()]), "`````diff\n ```` \n`````\n");
    }
}
