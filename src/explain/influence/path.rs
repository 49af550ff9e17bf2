//! Paths into the values of a chart and all charts within it.

use crate::chart::Chart;
use crate::value::{Map, Value};
use crate::yaml::Step;

/// The way to a value, from the outermost chart's values on. `global.x` is what every chart sees as
/// `.Values.global.x`.
pub type ValuePath = Vec<Step>;

/// How deep values are walked.
const MAX_DEPTH: usize = 200;
/// How many leaves are gathered.
const MAX_LEAVES: usize = 200_000;

const GLOBAL: &[u8] = b"global";

/// The path as it is written for `--set`: `a.b[0].c`, dots within keys quoted.
pub fn show(path: &[Step]) -> String {
    let mut shown = String::new();
    for step in path {
        match step {
            Step::Key(key) => {
                if !shown.is_empty() {
                    shown.push('.');
                }
                shown.push_str(&key.to_text().replace('.', "\\."));
            }
            Step::Index(index) => shown.push_str(&format!("[{index}]")),
        }
    }
    shown
}

/// The value at a path, wherever a global one stands.
pub fn find(chart: &Chart, values: &Map, path: &[Step]) -> Option<Value> {
    at(values, path).or_else(|| {
        let is_global = matches!(path.first(), Some(Step::Key(key)) if key.as_bytes() == GLOBAL);
        if !is_global {
            return None;
        }
        chart.dependencies.iter().find_map(|inner| match values.get(inner.name()) {
            Some(Value::Map(table)) => find(inner, &table, path),
            _ => None,
        })
    })
}

/// All places where the value that goes by a path may stand: a global one, in any chart.
pub fn places(chart: &Chart, path: &[Step]) -> Vec<ValuePath> {
    let mut found = vec![path.to_vec()];
    if !is_global(path, 0) {
        return found;
    }
    let mut open: Vec<(&Chart, ValuePath)> = vec![(chart, Vec::new())];
    while let Some((chart, prefix)) = open.pop() {
        for inner in chart.dependencies.iter().rev() {
            let mut prefix = prefix.clone();
            prefix.push(Step::key(inner.name()));
            found.push([&prefix[..], path].concat());
            open.push((inner, prefix));
        }
    }
    found
}

/// The value right at a path.
pub fn at(values: &Map, path: &[Step]) -> Option<Value> {
    let mut value = Value::Map(values.clone());
    for step in path {
        value = match (&value, step) {
            (Value::Map(map), Step::Key(key)) => map.get(key)?,
            (Value::List(list), Step::Index(index)) => list.get(*index)?,
            _ => return None,
        };
    }
    Some(value)
}

/// How many steps of a path lead through charts: at the next one begins what the innermost of them sees.
pub fn chart_depth(chart: &Chart, path: &[Step]) -> usize {
    charts(chart, path).count()
}

/// The innermost chart that a path leads into.
pub fn chart_at<'c>(chart: &'c Chart, path: &[Step]) -> &'c Chart {
    charts(chart, path).last().unwrap_or(chart)
}

/// The charts within the outermost one that a path leads through.
fn charts<'c>(chart: &'c Chart, path: &[Step]) -> impl Iterator<Item = &'c Chart> {
    let mut chart = chart;
    path.iter().map_while(move |step| {
        let Step::Key(key) = step else { return None };
        chart = chart.dependencies.iter().find(|inner| inner.name().as_bytes() == key.as_bytes())?;
        Some(chart)
    })
}

/// Whether a path, from the `depth`-th step on, is one of a global value.
pub fn is_global(path: &[Step], depth: usize) -> bool {
    matches!(path.get(depth), Some(Step::Key(key)) if key.as_bytes() == GLOBAL)
}

/// The path that a global value goes by, whichever chart's values it was found in.
pub fn canonical(chart: &Chart, path: &[Step]) -> ValuePath {
    let depth = chart_depth(chart, path);
    let start = if is_global(path, depth) { depth } else { 0 };
    path.get(start..).unwrap_or_default().to_vec()
}

/// The paths of all leaves (scalars, empty maps and lists), each once, in the order of the values.
pub fn leaves(chart: &Chart, values: &Map) -> Vec<ValuePath> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    walk(&Value::Map(values.clone()), &mut Vec::new(), &mut |path| {
        let path = canonical(chart, path);
        // Every chart has a map of globals, empty where there is none.
        if (path.len() > 1 || !is_global(&path, 0)) && seen.insert(path.clone()) {
            found.push(path);
        }
        found.len() < MAX_LEAVES
    });
    found
}

/// Shows the paths of all leaves within a value that is at `around`.
pub fn leaves_within(value: &Value, around: &[Step], show: &mut dyn FnMut(&[Step])) {
    let mut left = MAX_LEAVES;
    walk(value, &mut around.to_vec(), &mut |path| {
        show(path);
        left -= 1;
        left > 0
    });
}

fn walk(value: &Value, path: &mut ValuePath, leaf: &mut dyn FnMut(&[Step]) -> bool) -> bool {
    if path.len() > MAX_DEPTH {
        return true;
    }
    match value {
        Value::Map(map) if !map.is_empty() => map.entries().into_iter().all(|(key, value)| {
            path.push(Step::Key(key));
            let more = walk(&value, path, leaf);
            path.pop();
            more
        }),
        Value::List(list) if !list.is_empty() => list.items().iter().enumerate().all(|(index, value)| {
            path.push(Step::Index(index));
            let more = walk(value, path, leaf);
            path.pop();
            more
        }),
        _ => path.is_empty() || leaf(path),
    }
}
