//! A picture as a Mermaid flowchart, which GitHub, GitLab and most wikis draw.

use std::fmt::Write as _;

use super::model::{Graph, Node, Stroke};
use super::words;
use crate::rules::object::Severity;

/// The text of a flowchart.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (place, (name, nodes)) in words::namespaces(graph).into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph s{place}[\"{}\"]", escape(&words::namespace(name)));
        // A group that nothing leads out of would turn to the other direction.
        text.push_str("    direction LR\n");
        for index in nodes {
            if let Some(node) = graph.nodes.get(index) {
                let _ = writeln!(text, "    n{index}[\"{}\"]{}", label(node), class(node));
            }
        }
        text.push_str("  end\n");
    }
    for edge in &graph.edges {
        let arrow = match edge.relation.stroke() {
            Stroke::Solid => "-->",
            Stroke::Dotted | Stroke::Dashed => "-.->",
        };
        let said = escape(&words::edge(edge));
        let _ = writeln!(text, "  n{} {arrow}|\"{said}\"| n{}", edge.from, edge.to);
    }
    // Lines of a border mean the same in light and in dark.
    text.push_str("  classDef absent stroke-dasharray:4 3\n");
    text.push_str("  classDef error stroke:#c0362c,stroke-width:3px\n");
    text.push_str("  classDef warning stroke:#b97a14,stroke-width:3px\n");
    text.push_str("  classDef info stroke:#2f6fde,stroke-width:2px\n");
    let caption: Vec<String> = words::caption(graph).iter().map(|line| escape(&line.text)).collect();
    if !caption.is_empty() {
        let _ = writeln!(text, "  caption[\"{}\"]:::caption", caption.join("<br/>"));
        text.push_str("  classDef caption fill:none,stroke:none,text-align:left\n");
    }
    text
}

fn label(node: &Node) -> String {
    let mut label = escape(&words::line(&node.id.kind));
    let _ = write!(label, "<br/><b>{}</b>", escape(&words::line(&node.id.name)));
    for fact in words::facts(node) {
        let _ = write!(label, "<br/>{}", escape(&fact));
    }
    label
}

fn class(node: &Node) -> &'static str {
    match (node.severity(), node.is_there) {
        (Some(Severity::Error), _) => ":::error",
        (Some(Severity::Warning), _) => ":::warning",
        (Some(Severity::Info), _) => ":::info",
        (None, false) => ":::absent",
        (None, true) => "",
    }
}

/// A text within a quoted label: whatever could be markup of Mermaid, Markdown or HTML is written by its number.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_plain =
            c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | '/' | '-' | '=' | '%' | '…' | '→');
        if is_plain {
            out.push(c);
        } else if c == '$' {
            // Two of them would begin a formula, even written by their numbers: a dollar sign that looks alike.
            out.push('＄');
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_leave_their_label() {
        assert_eq!(escape("a\"] --> b<script>"), "a#34;#93; --#62; b#60;script#62;");
        assert_eq!(escape("`*_#35;{{"), "#96;#42;#95;#35;35#59;#123;#123;");
        assert_eq!(escape("$$x$$"), "＄＄x＄＄");
    }
}
