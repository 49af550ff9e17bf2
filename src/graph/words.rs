//! What all formats of a picture say alike.

use unicode_width::UnicodeWidthChar;

use super::model::{Edge, Finding, Graph, Node};
use crate::diagnostic::escape_line;
use crate::rules::object::Severity;

/// So many columns has a line in a box; the middle of a longer one is left out.
pub const LINE: usize = 40;

/// So many columns has a text that has a line of its own.
const LONG_LINE: usize = 500;

/// So many facts are told of one object.
pub const FACTS: usize = 5;

/// So many findings are listed below a picture.
pub const FINDINGS: usize = 20;

/// A text that fits into a box: without what could mislead a reader, and with its middle left out if it is long.
pub fn line(text: &str) -> String {
    shorten(&escape_line(text).replace('\t', " "), LINE)
}

/// A text with its middle left out if it has more columns.
pub fn shorten(text: &str, columns: usize) -> String {
    // Marks take no column, but nobody needs many of them.
    let least = usize::from(text.chars().nth(2 * columns).is_some());
    let wide = |c: char| c.width().unwrap_or(0).max(least);
    if text.chars().map(wide).sum::<usize>() <= columns {
        return text.to_string();
    }
    let room = columns.saturating_sub(1);
    let mut head = String::new();
    let mut taken = 0;
    for c in text.chars() {
        if taken + wide(c) > room.div_ceil(2) {
            break;
        }
        taken += wide(c);
        head.push(c);
    }
    let mut tail = Vec::new();
    for c in text.chars().rev() {
        if taken + wide(c) > room {
            break;
        }
        taken += wide(c);
        tail.push(c);
    }
    format!("{head}…{}", tail.into_iter().rev().collect::<String>())
}

/// How many columns of a terminal a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The lines of an object's box behind its kind and name: facts, and what is said against it.
pub fn facts(node: &Node) -> Vec<String> {
    // The last line tells of those that there is no room for.
    let more = if node.facts.len() > FACTS { node.facts.len() - FACTS + 1 } else { 0 };
    let mut lines: Vec<String> =
        node.facts.iter().take(node.facts.len() - more).map(|fact| line(fact)).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    if !node.is_there {
        lines.push("not among these objects".to_string());
    }
    if !node.findings.is_empty() {
        let mut rules: Vec<String> = node.findings.iter().map(|finding| finding.rule.clone()).collect();
        rules.sort();
        rules.dedup();
        let word = node.severity().map_or("", Severity::name);
        lines.push(line(&format!("{word}: {}", rules.join(", "))));
    }
    lines
}

/// `namespace shop`, or `the cluster` for what lives in no namespace.
pub fn namespace(name: &str) -> String {
    if name.is_empty() { "the cluster".to_string() } else { line(&format!("namespace {name}")) }
}

/// What an edge says: its relation, and what more there is of it.
pub fn edge(edge: &Edge) -> String {
    let verb = edge.relation.verb();
    if edge.note.is_empty() { verb.to_string() } else { format!("{verb}, {}", line(&edge.note)) }
}

/// The namespaces of a picture, in the order in which they come, each with its nodes.
pub fn namespaces(graph: &Graph) -> Vec<(&str, Vec<usize>)> {
    let mut all: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let name: &str = &node.id.namespace;
        let place = *places.entry(name).or_insert_with(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        if let Some((_, nodes)) = all.get_mut(place) {
            nodes.push(index);
        }
    }
    all
}

/// A line below a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// How grave it is, if it is a finding.
    pub severity: Option<Severity>,
    /// What it says.
    pub text: String,
}

/// The lines below a picture: its findings, the gravest first, and what it doesn't show.
pub fn caption(graph: &Graph) -> Vec<Caption> {
    let mut findings: Vec<&Finding> = graph.nodes.iter().flat_map(|node| &node.findings).collect();
    findings.sort_by_key(|finding| finding.severity);
    let more = findings.len().saturating_sub(FINDINGS);
    let shown = findings.iter().take(FINDINGS);
    let mut lines: Vec<Caption> =
        shown.map(|it| Caption { severity: Some(it.severity), text: finding(it) }).collect();
    let more = (more > 0).then(|| format!("and {more} more findings"));
    let notes = more.into_iter().chain(graph.notes.iter().map(|note| long_line(note)));
    lines.extend(notes.map(|text| Caption { severity: None, text }));
    lines
}

/// `error GW001 Gateway/public: selects no pods`.
pub fn finding(finding: &Finding) -> String {
    let object = finding.object.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    long_line(&format!("{} {}{object}: {}", finding.severity.name(), finding.rule, finding.message))
}

/// A text that has a line of its own.
pub fn long_line(text: &str) -> String {
    shorten(&escape_line(text).replace('\t', " "), LONG_LINE)
}

/// Breaks a text between words into lines of so many columns.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let word = shorten(word, columns);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&word),
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("abcdefghijk a", 5), ["ab…jk", "a"]);
    }

    #[test]
    fn long_lines_lose_their_middle() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghijk", 10), "abcde…hijk");
        assert_eq!(shorten("日本語日本語", 6), "日…語");
        assert_eq!(shorten("abc", 0), "…");
        assert_eq!(shorten("e\u{301}te\u{301}", 5), "e\u{301}te\u{301}");
        assert!(shorten(&format!("x{}", "\u{301}".repeat(10_000)), LINE).len() <= 3 * LINE);
        assert_eq!(width(&shorten(&"x".repeat(10_000), LINE)), LINE);
    }
}
