//! Which charts take part, and what they give to their parents (`helm pkg/chart/v2/util/dependencies.go`).

use super::coalesce::{Mode, layer, merge_tables};
use super::copy::deep_copy;
use crate::chart::{Chart, Dependency};
use crate::diagnostic::{Error, Result};
use crate::functions::semver;
use crate::value::{Map, MapType, Value, number};

/// Removes the charts that conditions and tags disable, gives the others their aliases, and imports values
/// from them. Afterwards the chart's paths are those of Helm's `ChartFullPath`.
///
/// # Errors
/// When a subchart's values are not a map: `chart dependencies processing failed: …`.
pub fn process_dependencies(chart: &mut Chart, user: &Map, warnings: &mut Vec<String>) -> Result<()> {
    choose(chart, user, warnings)?;
    import(chart, warnings)
}

/// The first half of [`process_dependencies`]: which charts take part, and under which names and paths. No
/// values are changed.
pub(super) fn choose(chart: &mut Chart, user: &Map, warnings: &mut Vec<String>) -> Result<()> {
    let mut process = Process { warnings, family: Family::default() };
    process.family.adopt(chart, None);
    process.enable(chart, user, "").map_err(in_dependencies)?;
    process.family.assign_paths(chart);
    Ok(())
}

/// The second half: what the chosen charts give to their parents.
pub(super) fn import(chart: &mut Chart, warnings: &mut Vec<String>) -> Result<()> {
    Import { warnings }.chart(chart).map_err(in_dependencies)
}

fn in_dependencies(error: Error) -> Error {
    error.context("chart dependencies processing failed")
}

/// Who is whose parent. Helm's charts point to their parents, and a path goes up by these pointers; but they do
/// not always point to the chart that a chart is found in. Helm copies a chart that is listed as a dependency,
/// and the charts right in it, and changes the parents of these copies only. What lies deeper is shared with
/// the original and keeps pointing there, under the name without alias, until its own chart is processed,
/// which a chart without listed dependencies never is.
#[derive(Default)]
struct Family(Vec<Member>);

struct Member {
    name: String,
    parent: Option<usize>,
}

impl Family {
    fn add(&mut self, name: &str, parent: Option<usize>) -> usize {
        self.0.push(Member { name: name.to_string(), parent });
        self.0.len() - 1
    }

    /// Enters a chart and all within it, as they are when loaded.
    fn adopt(&mut self, chart: &mut Chart, parent: Option<usize>) {
        chart.node = self.add(&chart.metadata.name, parent);
        for dependency in &mut chart.dependencies {
            self.adopt(dependency, Some(chart.node));
        }
    }

    /// Makes of a chart, and of the charts right in it, members of their own (`getAliasDependency`).
    fn copy(&mut self, chart: &mut Chart) {
        let parent = self.0.get(chart.node).and_then(|member| member.parent);
        chart.node = self.add(&chart.metadata.name, parent);
        for dependency in &mut chart.dependencies {
            dependency.node = self.add(&dependency.metadata.name, Some(chart.node));
        }
    }

    /// Makes a chart the parent of the charts in it (`SetDependencies`).
    fn own(&mut self, chart: &Chart) {
        for dependency in &chart.dependencies {
            if let Some(member) = self.0.get_mut(dependency.node) {
                member.parent = Some(chart.node);
            }
        }
    }

    /// The names on the way from the root chart (`ChartFullPath`).
    fn path(&self, node: usize) -> String {
        let mut names = Vec::new();
        let mut next = self.0.get(node);
        while let Some(member) = next {
            names.push(member.name.as_str());
            next = member.parent.and_then(|parent| self.0.get(parent));
        }
        names.reverse();
        names.join("/charts/")
    }

    fn assign_paths(&self, chart: &mut Chart) {
        chart.full_path = self.path(chart.node).into();
        chart.is_root = self.0.get(chart.node).is_none_or(|member| member.parent.is_none());
        for dependency in &mut chart.dependencies {
            self.assign_paths(dependency);
        }
    }
}

struct Process<'a> {
    warnings: &'a mut Vec<String>,
    family: Family,
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
                self.family.copy(&mut found);
                chart.dependencies.push(found);
            }
            if !dependency.alias.is_empty() {
                dependency.name.clone_from(&dependency.alias);
            }
            dependency.enabled = true;
        }
        self.family.own(chart);
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
}

struct Import<'a> {
    warnings: &'a mut Vec<String>,
}

impl Import<'_> {
    fn chart(&mut self, chart: &mut Chart) -> Result<()> {
        for subchart in &mut chart.dependencies {
            self.chart(subchart)?;
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
                let Some((child, parent)) = import_paths(import) else { continue };
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

/// Whether a version satisfies a constraint; not if one of them is malformed
/// (`helm pkg/chart/v2/util/compatible.go`).
fn compatible(constraint: &str, version: &str) -> bool {
    semver::satisfies(version, constraint).unwrap_or(false)
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

/// The path in the child and the one in the parent that an entry of `import-values` names.
pub(super) fn import_paths(import: &Value) -> Option<(String, String)> {
    match import {
        Value::Map(pair) => Some((print(pair.get("child")), print(pair.get("parent")))),
        Value::String(export) => Some((format!("exports.{export}"), ".".to_string())),
        _ => None,
    }
}

/// What Go's `%v` makes of a path in `import-values`.
fn print(value: Option<Value>) -> String {
    match value {
        None | Some(Value::Null) => "<nil>".to_string(),
        Some(Value::String(s)) => s.to_string(),
        Some(Value::Float(f)) => number::format_g(f),
        Some(Value::Int(i)) => number::format_g(i.as_i64() as f64),
        Some(Value::Bool(b)) => b.to_string(),
        Some(other) => other.type_name().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{File, from_files, parse_values};
    use crate::limits::Limits;
    use crate::source::{Budget, Files};

    /// A chart of files, each given as name and text.
    fn chart(files: &[(&str, &str)]) -> Chart {
        let files = files.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
        let files = Files { location: "".into(), files: files.collect() };
        from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap()
    }

    fn processed(mut chart: Chart, user: &str) -> Chart {
        let user = parse_values(format!("{user}\n").as_bytes(), "test").unwrap();
        process_dependencies(&mut chart, &user, &mut Vec::new()).unwrap();
        chart
    }

    #[test]
    fn what_lies_deeper_in_a_chart_under_an_alias_keeps_the_path_without_it() {
        let root = "{apiVersion: v2, name: u, version: 1.0.0, \
                    dependencies: [{name: s, version: 1.x.x, alias: one}]}\n";
        let paths_with = |s: &str, t: &str| {
            paths(&processed(
                chart(&[
                    ("Chart.yaml", root),
                    ("charts/s/Chart.yaml", s),
                    ("charts/s/charts/t/Chart.yaml", t),
                    ("charts/s/charts/t/charts/v/Chart.yaml", "{apiVersion: v2, name: v, version: 1.0.0}\n"),
                ]),
                "{}",
            ))
        };
        let s = "{apiVersion: v2, name: s, version: 1.0.0}\n";
        let s_lists = "{apiVersion: v2, name: s, version: 1.0.0, dependencies: [{name: t, version: '*'}]}\n";
        let t = "{apiVersion: v2, name: t, version: 1.0.0}\n";
        let t_lists = "{apiVersion: v2, name: t, version: 1.0.0, dependencies: [{name: v, version: '*'}]}\n";
        let under_alias = ["u", "u/charts/one", "u/charts/one/charts/t", "u/charts/one/charts/t/charts/v"];
        let shared = ["u", "u/charts/one", "u/charts/one/charts/t", "u/charts/s/charts/t/charts/v"];
        assert_eq!(paths_with(s, t), shared);
        // `one` is never processed, and so neither is what is in it.
        assert_eq!(paths_with(s, t_lists), shared);
        assert_eq!(paths_with(s_lists, t), under_alias);
        assert_eq!(paths_with(s_lists, t_lists), under_alias);
    }

    fn paths(chart: &Chart) -> Vec<String> {
        let mut found = vec![chart.full_path.to_string()];
        found.extend(chart.dependencies.iter().flat_map(paths));
        found
    }

    const SUB: [(&str, &str); 2] = [
        ("charts/s/Chart.yaml", "{name: s, version: 1.2.3}\n"),
        ("charts/s/values.yaml", "{a: 1, exports: {data: {x: 1, w: 1}}, deep: {z: 2}}\n"),
    ];

    fn umbrella(dependencies: &str, values: &str) -> Chart {
        let metadata = format!("{{apiVersion: v2, name: u, version: 1.0.0, dependencies: {dependencies}}}\n");
        let values = format!("{values}\n");
        let mut files = vec![("Chart.yaml", metadata.as_str()), ("values.yaml", values.as_str())];
        files.extend(SUB);
        chart(&files)
    }

    #[test]
    fn conditions_decide_over_tags_and_the_first_boolean_wins() {
        let dependencies = "[{name: s, version: 1.x.x, condition: \"s.use,other.use\", tags: [t]}]";
        for (values, enabled) in [
            ("{}", true),
            ("{tags: {t: false}}", false),
            ("{tags: {t: true}, s: {use: false}}", false),
            ("{tags: {t: false}, s: {use: true}}", true),
            ("{other: {use: false}}", false),
            ("{s: {use: true}, other: {use: false}}", true),
            ("{s: {use: \"false\"}, other: {use: false}}", false),
            ("{s: {use: null}}", true),
        ] {
            let by_user = processed(umbrella(dependencies, "{}"), values);
            assert_eq!(by_user.dependencies.len() == 1, enabled, "{values}");
            assert_eq!(by_user.metadata.dependencies.len() == 1, enabled, "{values}");
            let by_chart = processed(umbrella(dependencies, values), "{}");
            assert_eq!(by_chart.dependencies.len() == 1, enabled, "{values}");
        }
    }

    #[test]
    fn an_alias_is_the_name_and_one_chart_may_have_several() {
        let c = processed(
            umbrella(
                "[{name: s, version: 1.x.x, alias: one}, {name: s, version: 1.x.x, alias: two, condition: two.use}]",
                "{}",
            ),
            "{}",
        );
        assert_eq!(paths(&c), ["u", "u/charts/one", "u/charts/two"]);
        let names: Vec<_> = c.metadata.dependencies.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[test]
    fn a_chart_of_another_version_takes_part_as_one_that_is_not_listed() {
        let c = processed(umbrella("[{name: s, version: 2.x.x, alias: other}]", "{}"), "{}");
        assert_eq!(paths(&c), ["u", "u/charts/s"]);
        let c = processed(umbrella("[]", "{}"), "{}");
        assert_eq!(paths(&c), ["u", "u/charts/s"]);
    }

    #[test]
    fn values_are_imported_under_the_parent_s_own() {
        let c = processed(
            umbrella(
                "[{name: s, version: 1.x.x, import-values: [data, {child: deep, parent: into.here}, {child: no, parent: x}]}]",
                "{x: 9}",
            ),
            "{}",
        );
        let get = |key: &str| c.values.get(key);
        assert!(matches!(get("x"), Some(Value::Float(f)) if f == 9.0));
        assert!(matches!(get("w"), Some(Value::Float(f)) if f == 1.0));
        let into = get("into").unwrap().as_map().unwrap().get("here").unwrap();
        assert!(into.as_map().unwrap().contains_key("z"));
        let imports = &c.metadata.dependencies[0].import_values;
        assert_eq!(imports.len(), 3);
        assert_eq!(imports[0].as_map().unwrap().get("child").unwrap().as_str(), Some("exports.data"));
        assert_eq!(imports[0].type_name(), "map[string]string");
    }

    #[test]
    fn charts_within_charts_are_asked_by_their_path() {
        let files = [
            (
                "Chart.yaml",
                "{apiVersion: v2, name: u, version: 1.0.0, dependencies: [{name: s, version: 1.x.x}]}\n",
            ),
            (
                "charts/s/Chart.yaml",
                "{apiVersion: v2, name: s, version: 1.2.3, dependencies: [{name: t, version: '*', condition: t.use}]}\n",
            ),
            ("charts/s/charts/t/Chart.yaml", "{apiVersion: v2, name: t, version: 1.0.0}\n"),
        ];
        assert_eq!(paths(&processed(chart(&files), "{}")), ["u", "u/charts/s", "u/charts/s/charts/t"]);
        assert_eq!(paths(&processed(chart(&files), "{s: {t: {use: false}}}")), ["u", "u/charts/s"]);
    }

    #[test]
    fn missing_charts_are_named() {
        let c = umbrella("[{name: s, version: 1.x.x}, {name: gone, version: 1.x.x}]", "{}");
        assert!(
            c.check_dependencies().unwrap_err().message().ends_with("missing in charts/ directory: gone")
        );
    }
}
