//! Which charts take part, and what they give to their parents (`helm pkg/chart/v2/util/dependencies.go`).

use super::coalesce::{Mode, layer, merge_tables};
use super::copy::deep_copy;
use crate::chart::{Chart, Dependency};
use crate::diagnostic::Result;
use crate::value::{Map, MapType, Value, number};

/// Removes the charts that conditions and tags disable, gives the others their aliases, and imports values
/// from them. Afterwards the chart's paths are those of Helm's `ChartFullPath`.
///
/// # Errors
/// When a subchart's values are not a map: `chart dependencies processing failed: …`.
pub fn process_dependencies(chart: &mut Chart, user: &Map, warnings: &mut Vec<String>) -> Result<()> {
    let mut process = Process { warnings };
    process
        .enable(chart, user, "")
        .and_then(|()| process.import(chart))
        .map_err(|e| e.context("chart dependencies processing failed"))?;
    chart.assign_paths();
    Ok(())
}

struct Process<'a> {
    warnings: &'a mut Vec<String>,
}

impl Process<'_> {
    fn enable(&mut self, chart: &mut Chart, values: &Map, path: &str) -> Result<()> {
        if !chart.metadata.lists_dependencies {
            return Ok(());
        }
        let there = std::mem::take(&mut chart.dependencies);
        let fits = |chart: &Chart, dependency: &Dependency| {
            chart.name() == dependency.name && compatible(&dependency.version, &chart.metadata.version)
        };
        let listed = &mut chart.metadata.dependencies;
        let unlisted = there.iter().filter(|chart| !listed.iter().any(|d| fits(chart, d))).cloned();
        chart.dependencies = unlisted.collect();
        for dependency in listed.iter_mut() {
            if let Some(found) = there.iter().find(|chart| fits(chart, dependency)) {
                let mut found = found.clone();
                if !dependency.alias.is_empty() {
                    found.metadata.name.clone_from(&dependency.alias);
                }
                chart.dependencies.push(found);
            }
            if !dependency.alias.is_empty() {
                dependency.name.clone_from(&dependency.alias);
            }
            dependency.enabled = true;
        }
        let values = layer(chart, values, Mode::Coalesce, self.warnings)?;
        self.tags(&mut chart.metadata.dependencies, &values);
        self.conditions(&mut chart.metadata.dependencies, &values, path);
        let disabled: Vec<String> =
            (chart.metadata.dependencies.iter()).filter(|d| !d.enabled).map(|d| d.name.clone()).collect();
        chart.dependencies.retain(|c| !disabled.iter().any(|name| name == c.name()));
        chart.metadata.dependencies.retain(|d| !disabled.contains(&d.name));
        chart.metadata.lists_dependencies = !chart.metadata.dependencies.is_empty();
        for subchart in &mut chart.dependencies {
            let path = format!("{path}{}.", subchart.name());
            self.enable(subchart, &values, &path)?;
        }
        Ok(())
    }

    /// A dependency is disabled if all of its tags that are set are false.
    fn tags(&mut self, dependencies: &mut [Dependency], values: &Map) {
        let Some(Value::Map(tags)) = values.get("tags") else { return };
        for dependency in dependencies {
            let mut any_true = false;
            let mut any_false = false;
            for tag in &dependency.tags {
                match tags.get(tag) {
                    None => {}
                    Some(Value::Bool(true)) => any_true = true,
                    Some(Value::Bool(false)) => any_false = true,
                    Some(_) => self.warnings.push(format!(
                        "tag {tag} of chart {} is not true or false: it is passed over",
                        dependency.name
                    )),
                }
            }
            dependency.enabled = any_true || !any_false;
        }
    }

    /// The first condition that is a boolean decides, over the tags.
    fn conditions(&mut self, dependencies: &mut [Dependency], values: &Map, path: &str) {
        for dependency in dependencies {
            for condition in dependency.condition.trim().split(',').filter(|c| !c.is_empty()) {
                match leaf(values, &format!("{path}{condition}")) {
                    None => {}
                    Some(Value::Bool(enabled)) => {
                        dependency.enabled = enabled;
                        break;
                    }
                    Some(_) => self.warnings.push(format!(
                        "condition {condition} of chart {} is not true or false: it is passed over",
                        dependency.name
                    )),
                }
            }
        }
    }

    fn import(&mut self, chart: &mut Chart) -> Result<()> {
        for subchart in &mut chart.dependencies {
            self.import(subchart)?;
        }
        if !chart.metadata.lists_dependencies {
            return Ok(());
        }
        let values = layer(chart, &Map::default(), Mode::Merge, self.warnings)?;
        let imported = Map::default();
        for dependency in &mut chart.metadata.dependencies {
            let name = &dependency.name;
            let mut resolved = Vec::new();
            for import in &dependency.import_values {
                let (child, parent) = match import {
                    Value::Map(pair) => (print(pair.get("child")), print(pair.get("parent"))),
                    Value::String(export) => (format!("exports.{export}"), ".".to_string()),
                    _ => continue,
                };
                let pair = [("child", child.as_str()), ("parent", parent.as_str())];
                let pair = pair.into_iter().map(|(k, v)| (k.into(), Value::from(v))).collect();
                resolved.push(Value::Map(Map::from_entries(MapType::String, pair)));
                match table(&values, &format!("{name}.{child}")) {
                    Ok(found) => merge_tables(&imported, &under_path(&parent, found), self.warnings),
                    Err(missing) => self.warnings.push(format!(
                        "import-values: chart {name} has no map at {child}: \"{missing}\" is not a table"
                    )),
                }
            }
            dependency.import_values = resolved;
        }
        // What is imported is shared with the values it came from, so these are copied before it goes in.
        let values = if imported.is_empty() { values } else { deep_copy(&values) };
        merge_tables(&values, &imported, self.warnings);
        chart.values = values;
        Ok(())
    }
}

/// Placeholder until semantic versions are there: takes any version for a fitting one.
fn compatible(_constraint: &str, _version: &str) -> bool {
    true
}

/// The value at a path that is no map (`Values.PathValue`).
fn leaf(values: &Map, path: &str) -> Option<Value> {
    let (parent, key) = path.rsplit_once('.').map_or((None, path), |(parent, key)| (Some(parent), key));
    let map = match parent {
        Some(parent) => table(values, parent).ok()?,
        None => values.clone(),
    };
    map.get(key).filter(|value| !matches!(value, Value::Map(_)))
}

/// The map at a path, or the name in it that leads to none (`Values.Table`).
fn table<'p>(values: &Map, path: &'p str) -> std::result::Result<Map, &'p str> {
    let mut map = values.clone();
    for name in path.split('.') {
        let Some(Value::Map(inner)) = map.get(name) else { return Err(name) };
        map = inner;
    }
    Ok(map)
}

/// The map as the only thing at a path; `.` is the map itself.
fn under_path(path: &str, map: Map) -> Map {
    if path == "." {
        return map;
    }
    path.rsplit('.').fold(map, |inner, name| [(name, Value::Map(inner))].into_iter().collect())
}

/// What Go's `%v` makes of a path in `import-values`.
fn print(value: Option<Value>) -> String {
    match value {
        None | Some(Value::Null) => "<nil>".to_string(),
        Some(Value::String(s)) => s.to_string(),
        Some(Value::Float(f)) => number::format_g(f),
        Some(Value::Bool(b)) => b.to_string(),
        Some(other) => other.type_name().to_string(),
    }
}
