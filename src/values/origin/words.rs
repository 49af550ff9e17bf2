//! Origins in words, for people.

use std::fmt::Write;

use super::{Chain, Link, Setter, Way};
use crate::yaml::Step;

impl Link {
    /// Who set it and where, in a few words: `values-prod.yaml:12`, `--set`, `chart default charts/x/values.yaml:54`.
    /// Files of charts are named without `root`, which may be the outermost chart's location.
    pub fn words(&self, root: &str) -> String {
        let mut words = match &self.setter {
            Setter::Default { .. } => format!("chart default {}", self.where_set(root)),
            _ => self.where_set(root),
        };
        for (index, way) in self.ways.iter().enumerate() {
            match way {
                // A grandparent's global is one of the parent's, too.
                Way::Global { from_above: true, .. }
                    if matches!(self.ways.get(index + 1), Some(Way::Global { from_above: true, .. })) => {}
                Way::Parent { .. } => words.push_str(", values of parent"),
                Way::Global { from_above: true, .. } => words.push_str(", global of parent"),
                Way::Global { from_above: false, chart } => {
                    let name = chart.rsplit('/').next().unwrap_or(chart);
                    write!(words, ", global of {name}").unwrap_or_default();
                }
                Way::Import { chart, place: None } => {
                    write!(words, ", imported from {chart}").unwrap_or_default();
                }
                Way::Import { chart, place: Some(place) } => {
                    let file = within(&place.file, root);
                    write!(words, ", imported from {chart} by {file}:{}", place.line).unwrap_or_default();
                }
            }
        }
        if let Some(alias) = &self.alias {
            write!(words, ", by an alias in line {}", alias.line).unwrap_or_default();
        }
        words
    }

    /// Where it was set, alone: `values.yaml:54`, `--set (2 of 3)`.
    pub fn where_set(&self, root: &str) -> String {
        match (&self.setter, &self.place) {
            (Setter::Set { flag, of: 1, .. }, _) => flag.name().to_string(),
            (Setter::Set { flag, nth, of }, _) => format!("{} ({nth} of {of})", flag.name()),
            (Setter::Merge, _) => "made by the merge".to_string(),
            (setter, Some(place)) => {
                let file = match setter {
                    Setter::Default { .. } => within(&place.file, root),
                    _ => &place.file,
                };
                if place.line > 0 { format!("{file}:{}", place.line) } else { file.to_string() }
            }
            (Setter::File { path }, None) => path.to_string(),
            (Setter::Default { chart }, None) => format!("of {chart}"),
        }
    }
}

/// A file of a chart, as the outermost chart names it.
fn within<'f>(file: &'f str, root: &str) -> &'f str {
    file.strip_prefix(root).unwrap_or(file)
}

impl Chain {
    /// The topmost link in words, then what that overrides: `--set; overrides values.yaml:54`. As for
    /// [`Link::words`], files of charts are named without `root`.
    pub fn words(&self, root: &str) -> String {
        let mut links = self.links.iter();
        let Some(first) = links.next() else { return "origin not known".to_string() };
        let mut words = first.words(root);
        for (index, link) in links.enumerate() {
            let before = if index == 0 { "; overrides" } else { "," };
            let deleted = if link.value.is_nil() { " (null)" } else { "" };
            write!(words, "{before} {}{deleted}", link.where_set(root)).unwrap_or_default();
        }
        words
    }
}

/// A path as `--set` writes it: `service.ports[0].port`, dots within keys behind a backslash.
pub fn path_words(path: &[Step]) -> String {
    let mut words = String::new();
    for step in path {
        match step {
            Step::Key(key) => {
                if !words.is_empty() {
                    words.push('.');
                }
                for c in key.to_text().chars() {
                    if matches!(c, '.' | '[' | ',' | '=' | '\\') {
                        words.push('\\');
                    }
                    words.push(c);
                }
            }
            Step::Index(index) => write!(words, "[{index}]").unwrap_or_default(),
        }
    }
    words
}
