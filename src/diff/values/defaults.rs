//! The defaults of a chart and of the charts within it that take part, under the names they take part with.

use crate::chart::{Chart, merge_maps};
use crate::value::{Map, Str, Value};
use crate::values::{Layers, deep_copy, process_dependencies};
use crate::yaml::Step;

use super::leaves;

/// A chart that takes part, as far as its defaults go.
#[derive(Clone, Debug)]
pub struct Node {
    /// The name or alias under which it takes part.
    pub name: String,
    /// What stands before the names of its files when they are shown; it tells charts of a tree apart.
    pub location: String,
    /// What its `values.yaml` says.
    pub values: Map,
    /// `values.yaml` as it is written.
    pub text: Option<Str>,
    /// `values.schema.json`.
    pub schema: Option<Str>,
    /// The charts within it.
    pub charts: Vec<Node>,
}

impl Node {
    /// The charts that take part with these values of the user's; all of them, if that can't be told.
    pub fn of(chart: &Chart, layers: &Layers) -> Node {
        let mut processed = chart.clone();
        match process_dependencies(&mut processed, &layers.values, &mut Vec::new()) {
            Ok(()) => node(&processed, chart),
            Err(_) => node(chart, chart),
        }
    }

    /// The defaults as they are before the user's values: what a chart says of a chart within it stands over what
    /// that one says itself. Nulls stay.
    pub fn effective(&self) -> Map {
        let values = deep_copy(&self.values);
        for chart in &self.charts {
            let inner = chart.effective();
            match values.get(&chart.name) {
                Some(Value::Map(over)) => merge_maps(&inner, &over),
                // Helm refuses it; so it is shown as it is.
                Some(_) => continue,
                None => {}
            }
            values.insert(chart.name.as_str(), Value::Map(inner));
        }
        values
    }

    /// The chart whose file gives the default at a path its value, and the steps within that file.
    pub fn owner<'a, 's>(&'a self, steps: &'s [Step]) -> Option<(&'a Node, &'s [Step])> {
        let (mut node, mut steps) = (self, steps);
        loop {
            if leaves::at(&node.values, steps).is_some() {
                return Some((node, steps));
            }
            let (Step::Key(name), inner) = steps.split_first()? else { return None };
            node = node.charts.iter().find(|chart| *name == chart.name.as_str())?;
            steps = inner;
        }
    }

    /// All charts with the names that lead to them.
    pub fn walk<'a>(&'a self, show: &mut dyn FnMut(&[&'a str], &'a Node)) {
        fn visit<'a>(node: &'a Node, names: &mut Vec<&'a str>, show: &mut dyn FnMut(&[&'a str], &'a Node)) {
            show(names, node);
            for chart in &node.charts {
                names.push(&chart.name);
                visit(chart, names, show);
                names.pop();
            }
        }
        visit(self, &mut Vec::new(), show);
    }
}

/// Values and charts are taken from the chart as it was loaded: processing imports values and adds those of charts
/// within.
fn node(processed: &Chart, loaded: &Chart) -> Node {
    let original = |chart: &Chart| loaded.dependencies.iter().find(|own| own.location == chart.location);
    Node {
        name: processed.name().to_string(),
        location: processed.location.to_string(),
        values: loaded.values.clone(),
        text: loaded.values_text.clone(),
        schema: loaded.schema.clone(),
        charts: processed
            .dependencies
            .iter()
            .map(|chart| node(chart, original(chart).unwrap_or(chart)))
            .collect(),
    }
}
