//! A picture in DOT, the language of Graphviz.

use std::fmt::Write as _;

use super::model::{Graph, Node, Stroke};
use super::words;
use crate::rules::object::Severity;

/// So many columns has a line of the caption.
const CAPTION: usize = 110;

/// The text of a DOT graph.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from(
        "digraph topology {\n  rankdir=LR\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11]\n  \
         edge [fontname=\"sans-serif\", fontsize=9]\n",
    );
    for (place, (name, nodes)) in words::namespaces(graph).into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{place} {{");
        let _ = writeln!(
            text,
            "    label=\"{}\"; fontname=\"sans-serif\"; style=rounded",
            escape(&words::namespace(name))
        );
        for index in nodes {
            if let Some(node) = graph.nodes.get(index) {
                let _ = writeln!(text, "    n{index} [label=\"{}\"{}]", label(node), looks(node));
            }
        }
        text.push_str("  }\n");
    }
    for edge in &graph.edges {
        let style = match edge.relation.stroke() {
            Stroke::Solid => "solid",
            Stroke::Dotted => "dotted",
            Stroke::Dashed => "dashed",
        };
        let said = escape(&words::edge(edge));
        let _ = writeln!(text, "  n{} -> n{} [label=\"{said}\", style={style}]", edge.from, edge.to);
    }
    let caption = words::caption(graph);
    if !caption.is_empty() {
        let lines = caption.iter().flat_map(|line| words::wrap(&line.text, CAPTION));
        let lines: String = lines.map(|line| format!("{}\\l", escape(&line))).collect();
        let _ = writeln!(
            text,
            "  label=\"{lines}\"; labelloc=b; labeljust=l; fontname=\"sans-serif\"; fontsize=10"
        );
    }
    text.push_str("}\n");
    text
}

fn label(node: &Node) -> String {
    let mut label = escape(&words::line(&node.id.kind));
    for line in std::iter::once(words::line(&node.id.name)).chain(words::facts(node)) {
        let _ = write!(label, "\\n{}", escape(&line));
    }
    label
}

fn looks(node: &Node) -> &'static str {
    match (node.severity(), node.is_there) {
        (Some(Severity::Error), _) => ", color=\"#c0362c\", penwidth=3",
        (Some(Severity::Warning), _) => ", color=\"#b97a14\", penwidth=3",
        (Some(Severity::Info), _) => ", color=\"#2f6fde\", penwidth=2",
        (None, false) => ", style=\"rounded,dashed\"",
        (None, true) => "",
    }
}

/// A text within a quoted label, in which a backslash begins a line's end or a name, and `&` a character.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_leave_their_label() {
        assert_eq!(escape(r#"a"] -> b; \N &lt;"#), r#"a\"] -> b; \\N &amp;lt;"#);
    }
}
