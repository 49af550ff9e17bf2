//! Where values are set: the file and line, or the flag.

use std::collections::BTreeMap;

use crate::value::{Map, Str};
use crate::values::{LayerSource, Layers};
use crate::yaml::{self, Step};

use super::defaults::Node;
use super::leaves;

/// Whose values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The user's.
    User,
    /// The charts' defaults.
    Defaults,
    /// The user's or else the defaults.
    Either,
}

/// All that may set a value of one side.
#[derive(Debug)]
pub struct Places<'a> {
    layers: Vec<(&'a LayerSource, Map)>,
    defaults: &'a Node,
}

/// A text that sets values.
struct Text<'a> {
    file: String,
    text: &'a Str,
    /// Which answers are wanted, and the steps within this text.
    wanted: Vec<(usize, &'a [Step])>,
}

impl<'a> Places<'a> {
    /// The places of a side.
    pub fn new(layers: &'a Layers, defaults: &'a Node) -> Places<'a> {
        let layers = layers.layers.iter().filter_map(|layer| Some((&layer.source, layer.values()?)));
        Places { layers: layers.collect(), defaults }
    }

    /// Where each of the values is set: `values-prod.yaml:12`, `--set`. `None` if it isn't.
    pub fn find(&self, wanted: &[(Whose, Vec<Step>)]) -> Vec<Option<String>> {
        let mut found = vec![None; wanted.len()];
        let mut texts: BTreeMap<String, Text<'_>> = BTreeMap::new();
        for (index, (whose, steps)) in wanted.iter().enumerate() {
            let mut note = |file: String, text, steps| {
                let entry =
                    texts.entry(file.clone()).or_insert_with(|| Text { file, text, wanted: Vec::new() });
                entry.wanted.push((index, steps));
            };
            if *whose != Whose::Defaults
                && let Some((source, _)) =
                    self.layers.iter().rev().find(|(_, values)| leaves::at(values, steps).is_some())
            {
                match source {
                    LayerSource::File { path, text } => note(path.to_string(), text, &steps[..]),
                    LayerSource::Set { flag, .. } => found[index] = Some(flag.name().to_string()),
                }
            } else if *whose != Whose::User
                && let Some((node, steps)) = self.defaults.owner(steps)
            {
                let file = format!("{}values.yaml", node.location);
                match &node.text {
                    Some(text) => note(file, text, steps),
                    None => found[index] = Some(file),
                }
            }
        }
        for text in texts.values() {
            let steps: Vec<&[Step]> = text.wanted.iter().map(|(_, steps)| *steps).collect();
            let positions = yaml::locate_all(text.text.as_bytes(), &steps);
            for ((index, _), position) in text.wanted.iter().zip(positions) {
                found[*index] = Some(match position {
                    Some(position) => {
                        format!("{}:{}", text.file, position.key.unwrap_or(position.value).line)
                    }
                    None => text.file.clone(),
                });
            }
        }
        found
    }
}
