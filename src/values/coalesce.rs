//! How values are laid over each other (`helm pkg/chart/common/util/coalesce.go` of 4.2.4).
//!
//! Two modes: *coalescing* takes null to mean "remove the default", *merging* keeps it. The functions
//! change maps in place, and share maps, exactly where Helm's do: templates can tell.

use super::copy::deep_copy;
use super::origin::note_null;
use crate::chart::Chart;
use crate::diagnostic::{Error, Result};
use crate::source::quote;
use crate::value::{Map, MapType, Str, Value, number};

const GLOBAL: &str = "global";

/// What happens to null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A null removes the default it stands over.
    Coalesce,
    /// A null stays.
    Merge,
}

/// The values of the chart and all charts within it, with the user's on top (`CoalesceValues`). The result
/// shares nothing with the chart or the user's values.
///
/// # Errors
/// When a subchart's values are not a map.
pub fn coalesce(chart: &Chart, user: &Map, warnings: &mut Vec<String>) -> Result<Map> {
    layer(chart, user, Mode::Coalesce, warnings)
}

/// Lays `user` over the chart's values in the given mode (`CoalesceValues`, `MergeValues`).
pub(super) fn layer(chart: &Chart, user: &Map, mode: Mode, warnings: &mut Vec<String>) -> Result<Map> {
    let values = deep_copy(&user.with_type(MapType::Any));
    Coalescer { warnings }.chart(chart, &values, "", mode)?;
    Ok(values)
}

/// Puts into `over` what only `under` has, map by map; nulls stay (`MergeTables`). Both are changed.
pub fn merge_tables(over: &Map, under: &Map, warnings: &mut Vec<String>) {
    Coalescer { warnings }.tables(over, under, String::new(), Mode::Merge);
}

struct Coalescer<'a> {
    warnings: &'a mut Vec<String>,
}

impl Coalescer<'_> {
    fn chart(&mut self, chart: &Chart, values: &Map, prefix: &str, mode: Mode) -> Result<()> {
        let prefix = join(prefix, chart.name());
        self.defaults(chart, values, &prefix, mode);
        for subchart in &chart.dependencies {
            let name = subchart.name();
            let inner = match values.get(name) {
                None => {
                    let inner = Map::new(MapType::Any);
                    values.insert(name, Value::Map(inner.clone()));
                    inner
                }
                Some(Value::Map(inner)) => inner,
                Some(other) => {
                    return Err(Error::new(format!("type mismatch on {name}: {}", as_bool_verb(&other))));
                }
            };
            self.globals(&inner, values, &prefix);
            self.chart(subchart, &inner, &prefix, mode)?;
        }
        Ok(())
    }

    /// Lays the globals of the parent over those of the child. Maps within the parent's globals become part
    /// of the child's, and what the child adds there is seen by the parent and by later children.
    fn globals(&mut self, child: &Map, parent: &Map, prefix: &str) {
        let Some(into) = self.global_map(child, "destination") else { return };
        let Some(from) = self.global_map(parent, "source") else { return };
        for (key, value) in from.entries() {
            match (&value, into.get(&key)) {
                (Value::Map(table), None) => {
                    into.insert(key, Value::Map(table.with_type(table.map_type())));
                }
                (Value::Map(table), Some(Value::Map(theirs))) => {
                    let table = table.with_type(table.map_type());
                    self.tables(&table, &theirs, join(prefix, &key.to_text()), Mode::Merge);
                    into.insert(key, Value::Map(table));
                }
                (Value::Map(_), Some(_)) => {
                    self.warn(format!(
                        "Conflict: cannot merge map onto non-map for {}. Skipping.",
                        quote(&key.to_text())
                    ));
                }
                (_, Some(Value::Map(_))) => self.warn(format!("key {key} is table. Skipping")),
                _ => {
                    into.insert(key, value);
                }
            }
        }
        child.insert(GLOBAL, Value::Map(into));
    }

    fn global_map(&mut self, of: &Map, side: &str) -> Option<Map> {
        match of.get(GLOBAL) {
            None => Some(Map::new(MapType::Any)),
            Some(Value::Map(map)) => Some(map),
            Some(_) => {
                self.warn(format!("warning: skipping globals because {side} {GLOBAL} is not a table."));
                None
            }
        }
    }

    /// Lays the values over the chart's own defaults.
    fn defaults(&mut self, chart: &Chart, values: &Map, prefix: &str, mode: Mode) {
        for (key, default) in deep_copy(&chart.values).entries() {
            match (values.get(&key), default) {
                (Some(Value::Null), _) if mode == Mode::Coalesce => {
                    values.remove(&key);
                }
                (Some(Value::Map(over)), Value::Map(under)) => {
                    let text = key.to_text();
                    let is_subchart = chart.dependencies.iter().any(|d| d.name() == text);
                    let mode = if is_subchart { Mode::Merge } else { mode };
                    if mode == Mode::Coalesce {
                        remove_nulls(&under);
                    }
                    self.tables(&over, &under, join(prefix, &text), mode);
                }
                (Some(Value::Map(_)), Value::Null) | (Some(_), Value::Map(_)) => {}
                (Some(Value::Map(_)), _) => {
                    self.warn(format!("warning: skipped value for {prefix}.{key}: Not a table."));
                }
                (Some(_), _) => {}
                (None, Value::Null) if mode == Mode::Coalesce => {}
                (None, default) => {
                    if let (Value::Map(map), Mode::Coalesce) = (&default, mode) {
                        remove_nulls(map);
                    }
                    values.insert(key, default);
                }
            }
        }
    }

    /// `coalesceTablesFullKey`: `over` has precedence; a null of `over` over a value of `under` removes the
    /// key when coalescing, but stays where `under` has none.
    fn tables(&mut self, over: &Map, under: &Map, prefix: String, mode: Mode) {
        let mut open = vec![(over.clone(), under.clone(), prefix)];
        while let Some((over, under, prefix)) = open.pop() {
            // Helm notes the nulls of `over` in `under`, too; imported values are shared, so it can be seen.
            let is_null = |(_, value): &(_, &Value)| matches!(value, Value::Null);
            let nulls: Vec<Str> = over.read().iter().filter(is_null).map(|(key, _)| key.clone()).collect();
            for key in &nulls {
                let default = under.insert(key.clone(), Value::Null);
                note_null(&over, &under, key);
                if mode == Mode::Coalesce && default.is_some_and(|d| !matches!(d, Value::Null)) {
                    over.remove(key);
                }
            }
            for (key, default) in under.entries() {
                match (over.get(&key), &default) {
                    _ if nulls.binary_search(&key).is_ok() => {}
                    (None, _) => {
                        over.insert(key, default);
                    }
                    (Some(Value::Map(inner)), Value::Map(default)) => {
                        open.push((inner, default.clone(), join(&prefix, &key.to_text())));
                    }
                    (Some(_), Value::Map(_)) => self.warn(format!(
                        "warning: cannot overwrite table with non table for {}",
                        join(&prefix, &key.to_text())
                    )),
                    (Some(Value::Map(_)), Value::Null) => {}
                    (Some(Value::Map(_)), _) => self.warn(format!(
                        "warning: destination for {} is a table. Ignoring non-table value",
                        join(&prefix, &key.to_text())
                    )),
                    _ => {}
                }
            }
        }
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Removes nulls from maps within maps (not within lists).
fn remove_nulls(map: &Map) {
    let mut open = vec![map.clone()];
    while let Some(map) = open.pop() {
        let mut nulls = Vec::new();
        for (key, value) in map.read().iter() {
            match value {
                Value::Null => nulls.push(key.clone()),
                Value::Map(inner) => open.push(inner.clone()),
                _ => {}
            }
        }
        for key in nulls {
            map.remove(key);
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") }
}

/// What Go's `%t`, by which Helm shows the value, makes of one that is no boolean. The value itself is
/// left out: it may be secret.
fn as_bool_verb(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Null => "%!t(<nil>)".to_string(),
        Value::Float(f) => format!("%!t(float64={})", number::format_g(*f)),
        other => format!("%!t({}=…)", other.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::parse_values;
    use crate::limits::Limits;
    use crate::source::{Budget, File, Files};

    fn map(text: &str) -> Map {
        parse_values(format!("{text}\n").as_bytes(), "test").unwrap()
    }

    fn show(value: &Value) -> String {
        match value {
            Value::Map(m) => {
                let inner: Vec<_> = m.entries().iter().map(|(k, v)| format!("{k}: {}", show(v))).collect();
                format!("{{{}}}", inner.join(", "))
            }
            Value::List(l) => format!("[{}]", l.items().iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Null => "null".to_string(),
            Value::Float(f) => f.to_string(),
            Value::String(s) => s.to_string(),
            Value::Bool(b) => b.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn chart(name: &str, values: &str, dependencies: Vec<Chart>) -> Chart {
        let files =
            [("Chart.yaml", format!("name: {name}\nversion: 1\n")), ("values.yaml", format!("{values}\n"))]
                .map(|(name, text)| File { name: name.into(), data: text.into() });
        let files = Files { location: "".into(), files: files.into() };
        let mut chart =
            crate::chart::from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
        chart.dependencies = dependencies;
        chart
    }

    fn coalesced(chart: &Chart, user: &str) -> String {
        show(&Value::Map(coalesce(chart, &map(user), &mut Vec::new()).unwrap()))
    }

    #[test]
    fn the_user_s_values_win_and_null_removes_a_default() {
        let c = chart("c", "{a: 1, b: {x: 1, w: 2}, l: [1, 2], k: null}", vec![]);
        assert_eq!(coalesced(&c, "{}"), "{a: 1, b: {w: 2, x: 1}, l: [1, 2]}");
        assert_eq!(coalesced(&c, "{a: null, b: {x: null}, l: [3]}"), "{b: {w: 2}, l: [3]}");
        assert_eq!(
            coalesced(&c, "{b: {z: null}, q: null}"),
            "{a: 1, b: {w: 2, x: 1, z: null}, l: [1, 2], q: null}"
        );
        assert_eq!(coalesced(&c, "{k: null}"), "{a: 1, b: {w: 2, x: 1}, l: [1, 2]}");
    }

    #[test]
    fn nulls_of_defaults_do_not_reach_the_templates() {
        let c = chart("c", "{b: {x: null, w: {z: null}}}", vec![]);
        assert_eq!(coalesced(&c, "{}"), "{b: {w: {}}}");
        assert_eq!(coalesced(&c, "{b: {q: 1}}"), "{b: {q: 1, w: {}}}");
    }

    #[test]
    fn a_parent_s_values_for_a_child_win_over_the_child_s_own() {
        let c = chart("p", "{s: {a: 2}}", vec![chart("s", "{a: 1, b: 1, c: 1}", vec![])]);
        assert_eq!(coalesced(&c, "{s: {b: 3}}"), "{s: {a: 2, b: 3, c: 1, global: {}}}");
        assert_eq!(coalesced(&c, "{s: {c: null}}"), "{s: {a: 2, b: 1, global: {}}}");
    }

    #[test]
    fn globals_go_down_and_the_parent_s_win() {
        let c = chart(
            "p",
            "{global: {a: 1, m: {x: 1}}}",
            vec![chart("s", "{global: {a: 2, b: 2, m: {w: 2}}}", vec![])],
        );
        assert_eq!(
            coalesced(&c, "{}"),
            "{global: {a: 1, m: {x: 1}}, s: {global: {a: 1, b: 2, m: {w: 2, x: 1}}}}"
        );
    }

    #[test]
    fn maps_deep_in_globals_are_shared_between_parent_and_child() {
        let c = chart("p", "{global: {m: {k: {x: 1}}}}", vec![chart("s", "{}", vec![])]);
        let values = coalesce(&c, &map("{}"), &mut Vec::new()).unwrap();
        let get = |v: &Map, key: &str| v.get(key).unwrap().as_map().unwrap().clone();
        let ours = get(&get(&get(&values, "global"), "m"), "k");
        let theirs = get(&get(&get(&get(&values, "s"), "global"), "m"), "k");
        assert!(ours.is_same(&theirs));
    }

    #[test]
    fn a_child_s_values_must_be_a_map() {
        let c = chart("p", "{}", vec![chart("s", "{}", vec![])]);
        let error = coalesce(&c, &map("{s: true}"), &mut Vec::new()).unwrap_err();
        assert_eq!(error.message(), "type mismatch on s: true");
    }

    #[test]
    fn tables_over_other_values_are_warned_about() {
        let c = chart("c", "{a: 1, b: {x: {w: 1}}}", vec![]);
        let mut warnings = Vec::new();
        coalesce(&c, &map("{a: {z: 1}, b: {x: 1}}"), &mut warnings).unwrap();
        assert_eq!(
            warnings,
            [
                "warning: skipped value for c.a: Not a table.",
                "warning: cannot overwrite table with non table for c.b.x"
            ]
        );
    }

    #[test]
    fn the_chart_s_own_maps_stay_as_they_are() {
        let c = chart("c", "{b: {x: 1, k: null}}", vec![]);
        let values = coalesce(&c, &map("{}"), &mut Vec::new()).unwrap();
        values.get("b").unwrap().as_map().unwrap().insert("new", Value::Null);
        assert_eq!(show(&Value::Map(c.values.clone())), "{b: {k: null, x: 1}}");
    }
}
