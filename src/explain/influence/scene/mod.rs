//! A chart with another value in one place, ready to run.
//!
//! The sure way lays the value over the user's and makes everything anew, as a render does. For values that only
//! templates read, not the layering itself (no globals, conditions, tags, whole subcharts), a copy of what templates
//! saw at first, with the one value changed, is the same and costs a tenth.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::chart::{Chart, merge_maps};
use crate::diagnostic::Result;
use crate::explain::influence::Replacement;
use crate::explain::influence::path::{self, ValuePath};
use crate::render::Loaded;
use crate::render::context::Template;
use crate::render::stage::{Stage, Surroundings};
use crate::value::{List, Map, Value};
use crate::values::{Layers, deep_copy};
use crate::yaml::Step;

/// The chart as it was rendered at first, and how it is made with other values.
pub struct Scene {
    surroundings: Surroundings,
    loaded: Loaded,
    first: View,
    /// By the way to a subchart: what templates see once the user gives any value for it.
    opened: Mutex<HashMap<ValuePath, Opened>>,
    /// What decides which charts take part: paths as keys joined by dots.
    conditions: Vec<String>,
    /// For leaves that a null is laid over: whether it removes the entry (or stays as a null).
    nulls: HashMap<ValuePath, bool>,
}

/// What templates see once the user gives any value for a subchart.
#[derive(Clone)]
enum Opened {
    /// The same as at first.
    Same,
    /// Something else.
    Other(Arc<View>),
    /// Other charts take part, or none can be rendered.
    Unknown,
}

/// What templates see, before any ran.
struct View {
    stage: Stage,
    /// Where templates' roots are among those of the view.
    root_of: Vec<usize>,
    roots: Vec<Map>,
}

impl View {
    fn new(stage: Stage) -> View {
        let mut roots: Vec<Map> = Vec::new();
        let mut root_of = Vec::with_capacity(stage.templates.len());
        for template in &stage.templates {
            let known = roots.iter().position(|root| root.is_same(&template.root));
            root_of.push(known.unwrap_or_else(|| {
                roots.push(template.root.clone());
                roots.len() - 1
            }));
        }
        View { stage, root_of, roots }
    }

    /// A copy of each template's root.
    fn roots(&self, copier: &mut Copier) -> Vec<Map> {
        let roots: Vec<Map> = self.roots.iter().map(|root| copier.map(root)).collect();
        self.root_of.iter().filter_map(|&index| roots.get(index).cloned()).collect()
    }

    fn has_templates_of(&self, other: &Stage) -> bool {
        let names = |stage: &Stage| stage.templates.iter().map(|t| t.source.name.clone()).collect::<Vec<_>>();
        names(&self.stage) == names(other)
    }
}

/// What some templates are about to see.
pub enum Set {
    /// The same charts as at first: what each of [`Scene::templates`] sees, by its index.
    Same(Vec<Map>),
    /// Everything anew.
    Anew(Box<Stage>),
}

impl Scene {
    /// The chart of a request with its own values.
    ///
    /// # Errors
    /// As a render, up to where templates are parsed.
    pub fn new(surroundings: Surroundings, loaded: Loaded) -> Result<Scene> {
        let first = View::new(surroundings.stage(&loaded.chart, &loaded.layers)?);
        let mut conditions = Vec::new();
        gather_conditions(&loaded.chart, &mut conditions);
        let nulls = HashMap::new();
        let mut scene = Scene { surroundings, loaded, first, opened: Mutex::default(), conditions, nulls };
        scene.nulls = scene.nulls_of_leaves();
        Ok(scene)
    }

    /// The chart, with those charts that take part.
    pub fn chart(&self) -> &Chart {
        &self.first.stage.prepared.chart
    }

    /// What the outermost chart's templates see as `.Values`.
    pub fn values(&self) -> &Map {
        &self.first.stage.prepared.values
    }

    /// The templates in Helm's order, with the roots that they saw at first.
    pub fn templates(&self) -> &[Template] {
        &self.first.stage.templates
    }

    /// What decides which charts take part: paths as keys joined by dots.
    pub fn conditions(&self) -> &[String] {
        &self.conditions
    }

    /// The surroundings of the renders.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// What templates see as it was at first: a copy that may be changed.
    pub fn unchanged(&self) -> Vec<Map> {
        self.first.roots(&mut Copier::default())
    }

    /// What templates see with a value in the place of the one at `path`.
    ///
    /// # Errors
    /// As a render, up to where templates are parsed.
    pub fn with(&self, path: &[Step], replacement: &Replacement) -> Result<Set> {
        if let Some(quick) = self.quickly(path, replacement) {
            return Ok(Set::Same(quick));
        }
        self.surely(path, replacement)
    }

    /// As [`Scene::with`], by making everything anew.
    ///
    /// # Errors
    /// As a render, up to where templates are parsed.
    pub fn surely(&self, path: &[Step], replacement: &Replacement) -> Result<Set> {
        let values = self.laid_over(path, replacement);
        let layers = Layers { layers: Vec::new(), values };
        let stage = self.surroundings.stage(&self.loaded.chart, &layers)?;
        if self.first.has_templates_of(&stage) {
            return Ok(Set::Same(stage.templates.into_iter().map(|template| template.root).collect()));
        }
        Ok(Set::Anew(Box::new(stage)))
    }

    /// The user's values with the replacement on top.
    fn laid_over(&self, path: &[Step], replacement: &Replacement) -> Map {
        let user = deep_copy(&self.loaded.layers.values);
        lay_over(&user, self.chart(), self.values(), path, replacement);
        user
    }

    /// As [`Scene::with`], by a copy of what templates saw at first; `None` if that might not be the same.
    pub fn quickly(&self, path: &[Step], replacement: &Replacement) -> Option<Vec<Map>> {
        if !self.is_plain(path) {
            return None;
        }
        let opened = self.opened(path);
        let view = match &opened {
            Opened::Same => &self.first,
            Opened::Other(view) => view,
            Opened::Unknown => return None,
        };
        path::at(&view.stage.prepared.values, path)?;
        let in_list = path.iter().any(|step| matches!(step, Step::Index(_)));
        let removes = match replacement {
            Replacement::Removed if !in_list => Some(*self.nulls.get(path)?),
            _ => None,
        };
        let mut copier = Copier::default();
        let values = copier.map(&view.stage.prepared.values);
        let roots = view.roots(&mut copier);
        match removes {
            Some(false) => set_at(&values, path, &Replacement::Set(Value::Null)),
            _ => set_at(&values, path, replacement),
        };
        Some(roots)
    }

    /// What templates see once the user gives any value at all for the subchart that a path leads into: Helm then
    /// keeps nulls of the parent's defaults for it, which otherwise go. `None` if that is what they saw at first.
    pub fn with_table(&self, path: &[Step]) -> Option<Vec<Map>> {
        match self.opened(path) {
            Opened::Other(view) => Some(view.roots(&mut Copier::default())),
            _ => None,
        }
    }

    fn opened(&self, path: &[Step]) -> Opened {
        let way = path.get(..path::chart_depth(self.chart(), path)).unwrap_or_default();
        if way.is_empty() {
            return Opened::Same;
        }
        let mut opened = self.opened.lock();
        opened.entry(way.to_vec()).or_insert_with(|| self.open(way)).clone()
    }

    fn open(&self, way: &[Step]) -> Opened {
        if !self.opens(way) {
            return Opened::Same;
        }
        let user = deep_copy(&self.loaded.layers.values);
        set_in_user(&user, way, &Replacement::Set(Value::Map(Map::default())));
        let layers = Layers { layers: Vec::new(), values: user };
        match self.surroundings.stage(&self.loaded.chart, &layers) {
            Ok(stage) if self.first.has_templates_of(&stage) => Opened::Other(Arc::new(View::new(stage))),
            _ => Opened::Unknown,
        }
    }

    /// Whether it matters that the user gives a table for a subchart: he doesn't, and a chart around it does, with
    /// nulls in it.
    fn opens(&self, way: &[Step]) -> bool {
        let is_given = |end| {
            matches!(path::at(&self.loaded.layers.values, way.get(..end)?), Some(Value::Map(_))).then_some(())
        };
        (1..=way.len()).filter(|&end| is_given(end).is_none()).any(|end| {
            let mut chart = self.chart();
            (0..end).any(|start| {
                let table = way.get(start..end).and_then(|inner| path::at(&chart.values, inner));
                if let Some(inner) = chart.dependencies.iter().find(|inner| is_named(inner, way.get(start))) {
                    chart = inner;
                }
                table.is_some_and(|table| match &table {
                    Value::Map(map) => has_nulls(map),
                    _ => true,
                })
            })
        })
    }

    /// Whether only templates read what stands at a path.
    fn is_plain(&self, path: &[Step]) -> bool {
        let depth = path::chart_depth(self.chart(), path);
        let in_tags = matches!(path.first(), Some(Step::Key(key)) if key.as_bytes() == b"tags");
        if in_tags || depth >= path.len() || path::is_global(path, 0) || path::is_global(path, depth) {
            return false;
        }
        let shown = plain_text(path);
        !self.conditions.contains(&shown)
    }

    /// What a null does to each leaf, by laying nulls over all of them at once: they don't touch each other.
    fn nulls_of_leaves(&self) -> HashMap<ValuePath, bool> {
        let user = deep_copy(&self.loaded.layers.values);
        let leaves: Vec<ValuePath> = path::leaves(self.chart(), self.values())
            .into_iter()
            .filter(|path| path.iter().all(|step| matches!(step, Step::Key(_))) && self.is_plain(path))
            .collect();
        for leaf in &leaves {
            lay_over(&user, self.chart(), self.values(), leaf, &Replacement::Removed);
        }
        let layers = Layers { layers: Vec::new(), values: user };
        match self.surroundings.stage(&self.loaded.chart, &layers) {
            Ok(stage) => {
                let values = &stage.prepared.values;
                leaves
                    .into_iter()
                    .map(|leaf| (path::at(values, &leaf).is_none(), leaf))
                    .map(|(n, l)| (l, n))
                    .collect()
            }
            Err(_) => HashMap::new(),
        }
    }
}

fn is_named(chart: &Chart, step: Option<&Step>) -> bool {
    matches!(step, Some(Step::Key(key)) if key.as_bytes() == chart.name().as_bytes())
}

/// Whether there is a null in a map or in maps within it.
fn has_nulls(map: &Map) -> bool {
    let mut open = vec![map.clone()];
    while let Some(map) = open.pop() {
        for value in map.read().values() {
            match value {
                Value::Null => return true,
                Value::Map(inner) => open.push(inner.clone()),
                _ => {}
            }
        }
    }
    false
}

/// Sets a value within the user's values. A list is set as a whole, with the one change in it.
fn lay_over(user: &Map, chart: &Chart, effective: &Map, path: &[Step], replacement: &Replacement) {
    let first_index = path.iter().position(|step| matches!(step, Step::Index(_)));
    let Some(index) = first_index else {
        set_in_user(user, path, replacement);
        return;
    };
    let (outer, inner) = path.split_at(index);
    let Some(Value::List(list)) = path::find(chart, effective, outer) else { return };
    let list = Copier::default().list(&list);
    let holder: Map = [("list", Value::List(list.clone()))].into_iter().collect();
    let mut inside = vec![Step::key("list")];
    inside.extend(inner.iter().cloned());
    set_at(&holder, &inside, replacement);
    set_in_user(user, outer, &Replacement::Set(Value::List(list)));
}

/// Sets a value at a path of keys; maps are made on the way.
fn set_in_user(user: &Map, path: &[Step], replacement: &Replacement) {
    let Some((last, way)) = path.split_last() else { return };
    let mut map = user.clone();
    for step in way {
        let Step::Key(key) = step else { return };
        map = match map.get(key) {
            Some(Value::Map(inner)) => inner,
            _ => {
                let inner = Map::default();
                map.insert(key.clone(), Value::Map(inner.clone()));
                inner
            }
        };
    }
    let Step::Key(key) = last else { return };
    match replacement {
        Replacement::Removed => {
            map.insert(key.clone(), Value::Null);
        }
        Replacement::Set(value) => put(&map, key, value),
    }
}

fn put(map: &Map, key: &crate::value::Str, value: &Value) {
    let value = Copier::default().value(value);
    match (map.get(key), &value) {
        (Some(Value::Map(there)), Value::Map(over)) => merge_maps(&there, over),
        _ => {
            map.insert(key.clone(), value);
        }
    }
}

/// Changes what stands at a path; nothing happens if there is nothing.
fn set_at(values: &Map, path: &[Step], replacement: &Replacement) {
    let Some((last, way)) = path.split_last() else { return };
    match (path::at(values, way), last, replacement) {
        (Some(Value::Map(map)), Step::Key(key), Replacement::Set(value)) => put(&map, key, value),
        (Some(Value::Map(map)), Step::Key(key), Replacement::Removed) => {
            map.remove(key);
        }
        (Some(Value::List(list)), Step::Index(index), Replacement::Set(value)) => {
            let value = Copier::default().value(value);
            list.update(|items| {
                if let Some(item) = items.get_mut(*index) {
                    *item = value;
                }
            });
        }
        (Some(Value::List(list)), Step::Index(index), Replacement::Removed) => {
            list.update(|items| {
                if *index < items.len() {
                    items.remove(*index);
                }
            });
        }
        _ => {}
    }
}

/// The conditions of all dependencies, by the paths that Helm looks at.
fn gather_conditions(chart: &Chart, found: &mut Vec<String>) {
    let mut open = vec![(chart, String::new(), 0)];
    while let Some((chart, prefix, depth)) = open.pop() {
        if depth > 100 {
            continue;
        }
        for dependency in &chart.metadata.dependencies {
            let conditions = dependency.condition.trim().split(',').filter(|c| !c.is_empty());
            found.extend(conditions.map(|condition| format!("{prefix}{condition}")));
            let alias = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            for inner in chart.dependencies.iter().filter(|inner| inner.name() == dependency.name) {
                open.push((inner, format!("{prefix}{alias}."), depth + 1));
            }
        }
        for inner in &chart.dependencies {
            open.push((inner, format!("{prefix}{}.", inner.name()), depth + 1));
        }
    }
}

/// The keys of a path joined by dots, as conditions are written.
fn plain_text(path: &[Step]) -> String {
    let keys = path.iter().map(|step| match step {
        Step::Key(key) => key.to_text().into_owned(),
        Step::Index(index) => index.to_string(),
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Copies maps and lists so that what was one map stays one map. It does not recurse.
#[derive(Default)]
struct Copier {
    maps: HashMap<usize, Map>,
    lists: HashMap<usize, List>,
    open: Vec<Open>,
}

enum Open {
    Map(Map),
    List(List),
}

impl Copier {
    fn map(&mut self, map: &Map) -> Map {
        let copy = self.shallow_map(map);
        self.finish();
        copy
    }

    fn list(&mut self, list: &List) -> List {
        let copy = self.shallow_list(list);
        self.finish();
        copy
    }

    fn value(&mut self, value: &Value) -> Value {
        let mut copy = value.clone();
        self.refresh(&mut copy);
        self.finish();
        copy
    }

    fn shallow_map(&mut self, map: &Map) -> Map {
        if let Some(copy) = self.maps.get(&map.address()) {
            return copy.viewed_as(map.map_type());
        }
        let copy = map.with_type(map.map_type());
        self.maps.insert(map.address(), copy.clone());
        if !copy.is_empty() {
            self.open.push(Open::Map(copy.clone()));
        }
        copy
    }

    fn shallow_list(&mut self, list: &List) -> List {
        if let Some(copy) = self.lists.get(&list.address()) {
            return copy.clone();
        }
        let copy = List::new(list.elem(), list.items());
        self.lists.insert(list.address(), copy.clone());
        if !copy.is_empty() {
            self.open.push(Open::List(copy.clone()));
        }
        copy
    }

    fn refresh(&mut self, value: &mut Value) {
        match value {
            Value::Map(map) => *map = self.shallow_map(map),
            Value::List(list) => *list = self.shallow_list(list),
            _ => {}
        }
    }

    fn finish(&mut self) {
        while let Some(container) = self.open.pop() {
            match container {
                Open::Map(map) => {
                    map.update(|entries| entries.values_mut().for_each(|value| self.refresh(value)));
                }
                Open::List(list) => {
                    list.update(|items| items.iter_mut().for_each(|value| self.refresh(value)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
