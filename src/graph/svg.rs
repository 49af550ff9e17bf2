//! A picture as SVG, for browsers and documents: no script, no font and no file of elsewhere, in light or dark as the
//! reader has it.

use std::fmt::Write as _;

use super::layout::{self, Area, FACT, KIND, Layout, MARGIN, NAME, PADDING, TITLE};
use super::model::{Column, Edge, Graph, Node, Stroke};
use super::words;
use crate::report::xml;
use crate::rules::object::Severity;

/// Plain rules only, since converters know no others; what differs in the dark comes last.
const STYLE: &str = include_str!("style.css");

/// What a character of the caption is wide.
const CAPTION_WIDTH: f64 = 6.6;
const CAPTION: f64 = 18.0;

/// A picture is at least as wide, so that there is room for its caption.
const LEAST_WIDTH: f64 = 640.0;

/// The text of an SVG file.
pub fn svg(graph: &Graph) -> String {
    let layout = layout::layout(graph);
    let width = layout.size.0.max(LEAST_WIDTH);
    let caption = caption(graph, ((width - 2.0 * MARGIN) / CAPTION_WIDTH) as usize);
    let height = layout.size.1 + MARGIN + CAPTION * (caption.len() + 1) as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Who selects whom\">\n<style>\n{STYLE}</style>\n<defs>\n"
    );
    for stroke in [Stroke::Solid, Stroke::Dotted, Stroke::Dashed] {
        let name = class(stroke);
        let _ = writeln!(
            out,
            "<marker id=\"torii-{name}\" class=\"head {name}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.5 8 4 0 7.5z\"/></marker>"
        );
    }
    let _ = writeln!(out, "</defs>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    bands(&mut out, &layout);
    edges(&mut out, graph, &layout);
    for (node, area) in graph.nodes.iter().zip(&layout.nodes) {
        draw_node(&mut out, node, area);
    }
    legend(&mut out, layout.size.1);
    for (line, (class, text)) in caption.iter().enumerate() {
        let y = layout.size.1 + MARGIN + CAPTION * (line + 1) as f64;
        write_text(&mut out, class, MARGIN, y, text);
    }
    out.push_str("</svg>\n");
    out
}

fn bands(out: &mut String, layout: &Layout) {
    for band in &layout.bands {
        rectangle(out, "band", &band.area, 10.0);
        write_text(out, "title", band.area.x + MARGIN, band.area.y + TITLE - 12.0, &band.title);
    }
}

fn draw_node(out: &mut String, node: &Node, area: &Area) {
    let mut classes = format!("node {}", column(node.column));
    if !node.is_there {
        classes.push_str(" absent");
    }
    if let Some(severity) = node.severity() {
        let _ = write!(classes, " {}", severity.name());
    }
    let mut hint = vec![words::long_line(&format!("{} {}", node.id.kind, node.id.name))];
    hint.extend(node.findings.iter().take(words::FINDINGS).map(words::finding));
    let _ = writeln!(out, "<g class=\"{classes}\"><title>{}</title>", xml::lines(&hint));
    rectangle(out, "box", area, 6.0);
    rectangle(out, "side", &Area { width: 5.0, ..*area }, 2.5);
    let x = area.x + PADDING;
    let mut y = area.y + PADDING / 2.0 + KIND - 4.0;
    write_text(out, "kind", x, y, &words::line(&node.id.kind));
    y += NAME;
    write_text(out, "name", x, y, &words::line(&node.id.name));
    for fact in words::facts(node) {
        y += FACT;
        write_text(out, "fact", x, y, &fact);
    }
    out.push_str("</g>\n");
}

/// Draws edges as curves from the right side of a box to the left side of another. Those that meet at one side are
/// spread over it, in the order of their other ends.
fn edges(out: &mut String, graph: &Graph, layout: &Layout) {
    let leaving = ports(graph, layout, |edge| (edge.from, edge.to));
    let arriving = ports(graph, layout, |edge| (edge.to, edge.from));
    for (place, edge) in graph.edges.iter().enumerate() {
        let (Some(from), Some(to)) = (layout.nodes.get(edge.from), layout.nodes.get(edge.to)) else {
            continue;
        };
        let at = |ports: &[f64]| ports.get(place).copied().unwrap_or_default();
        let (x, y, to_x, to_y) = (from.x + from.width, at(&leaving), to.x - 1.0, at(&arriving));
        let bend = ((to_x - x) / 2.0).max(MARGIN);
        let name = class(edge.relation.stroke());
        let _ = writeln!(
            out,
            "<path class=\"edge {name}\" marker-end=\"url(#torii-{name})\" d=\"M{x:.1} {y:.1}C{:.1} {y:.1} {:.1} {to_y:.1} {to_x:.1} {to_y:.1}\"/>",
            x + bend,
            to_x - bend,
        );
        if !edge.note.is_empty() {
            write_text(out, "note", to_x - 12.0, to_y - 5.0, &words::line(&edge.note));
        }
    }
}

/// The height at which each edge meets one of its ends.
fn ports(graph: &Graph, layout: &Layout, ends: impl Fn(&Edge) -> (usize, usize)) -> Vec<f64> {
    let middle = |node: usize| layout.nodes.get(node).map_or(0.0, |area| area.y + area.height / 2.0);
    let mut at_node: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (place, edge) in graph.edges.iter().enumerate() {
        if let Some(edges) = at_node.get_mut(ends(edge).0) {
            edges.push(place);
        }
    }
    let mut ports = vec![0.0; graph.edges.len()];
    for (edges, area) in at_node.iter_mut().zip(&layout.nodes) {
        let other = |place: &usize| graph.edges.get(*place).map_or(0.0, |edge| middle(ends(edge).1));
        edges.sort_by(|a, b| other(a).total_cmp(&other(b)));
        let step = area.height / (edges.len() + 1) as f64;
        for (rank, place) in edges.iter().enumerate() {
            if let Some(port) = ports.get_mut(*place) {
                *port = area.y + step * (rank + 1) as f64;
            }
        }
    }
    ports
}

/// What the strokes mean.
fn legend(out: &mut String, y: f64) {
    let y = y + MARGIN - 4.0;
    let mut x = MARGIN;
    for (stroke, word) in
        [(Stroke::Solid, "requests"), (Stroke::Dotted, "watches over pods"), (Stroke::Dashed, "rights")]
    {
        let name = class(stroke);
        let _ = writeln!(
            out,
            "<path class=\"edge {name}\" marker-end=\"url(#torii-{name})\" d=\"M{x} {:.1}h32\"/>",
            y - 4.0
        );
        write_text(out, "fact", x + 40.0, y, word);
        x += 64.0 + words::width(word) as f64 * CAPTION_WIDTH;
    }
}

/// The lines below the picture, each with its class.
fn caption(graph: &Graph, columns: usize) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for line in words::caption(graph) {
        let class = match line.severity {
            Some(Severity::Error) => "finding error",
            Some(Severity::Warning) => "finding warning",
            Some(Severity::Info) => "finding info",
            None => "fact",
        };
        lines.extend(words::wrap(&line.text, columns).into_iter().map(|text| (class, text)));
    }
    lines
}

fn class(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Solid => "solid",
        Stroke::Dotted => "dotted",
        Stroke::Dashed => "dashed",
    }
}

fn column(column: Column) -> &'static str {
    match column {
        Column::Routes => "routes",
        Column::Selectors => "selectors",
        Column::Workloads => "workloads",
        Column::Accounts => "accounts",
        Column::Roles => "roles",
    }
}

fn rectangle(out: &mut String, class: &str, area: &Area, radius: f64) {
    let Area { x, y, width, height } = area;
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>"
    );
}

fn write_text(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", xml::line(text));
}
