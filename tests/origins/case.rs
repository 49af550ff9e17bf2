//! A chart and the user's values, layer by layer, each of whose leaves can be changed.

use torii::chart::Chart;
use torii::json::{self, Escape};
use torii::limits::Limits;
use torii::value::{Map, Value};
use torii::values::origin::{Link, Setter, path_words};
use torii::values::{Layers, Overrides, SetFlag, deep_copy, prepare};
use torii::yaml::Step;

pub type Path = Vec<Step>;

/// A layer, as the brute force knows it: what it sets, leaf by leaf.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// The defaults of a chart, by the indexes that lead to it in the loaded chart, and the names.
    Chart(Vec<usize>),
    File(usize),
    Set(usize),
    Json(usize),
}

/// What the user gives.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub files: Vec<Map>,
    /// Path, and text of the value.
    pub sets: Vec<(Path, String)>,
    pub json: Vec<(Path, Value)>,
}

impl User {
    pub fn layers(&self) -> Option<Layers> {
        let text = |value: &Value| json::encode(value, Escape::None).unwrap();
        let overrides = Overrides {
            files: (0..self.files.len()).map(|i| format!("{i}.yaml")).collect(),
            set: self.sets.iter().map(|(path, value)| format!("{}={value}", path_words(path))).collect(),
            json: self
                .json
                .iter()
                .map(|(path, value)| format!("{}={}", path_words(path), text(value)))
                .collect(),
            ..Overrides::default()
        };
        let mut read = |name: &str| {
            let index: usize = name.strip_suffix(".yaml").unwrap().parse().unwrap();
            Ok(text(&Value::Map(self.files[index].clone())).into_bytes())
        };
        Layers::gather(&overrides, &mut read).ok()
    }
}

/// A case: a chart and the user's values.
#[derive(Clone)]
pub struct Case {
    pub chart: Chart,
    pub user: User,
}

/// What may be done to a leaf.
#[derive(Clone)]
pub enum Change {
    To(Value),
    Remove,
}

impl Case {
    pub fn effective(&self) -> Option<Map> {
        let layers = self.user.layers()?;
        let prepared = prepare(&self.chart, &layers, true, &Limits::default(), &mut Vec::new()).ok()?;
        Some(prepared.values)
    }

    /// All leaves of all layers, nulls included.
    pub fn leaves(&self) -> Vec<(Layer, Path, Value)> {
        fn of_chart(chart: &Chart, at: &mut Vec<usize>, found: &mut Vec<(Layer, Path, Value)>) {
            for (path, value) in leaves(&Value::Map(chart.values.clone())) {
                found.push((Layer::Chart(at.clone()), path, value));
            }
            for (index, inner) in chart.dependencies.iter().enumerate() {
                at.push(index);
                of_chart(inner, at, found);
                at.pop();
            }
        }
        let mut found = Vec::new();
        of_chart(&self.chart, &mut Vec::new(), &mut found);
        for (index, file) in self.user.files.iter().enumerate() {
            for (path, value) in leaves(&Value::Map(file.clone())) {
                found.push((Layer::File(index), path, value));
            }
        }
        for (index, (path, value)) in self.user.json.iter().enumerate() {
            for (inner, value) in leaves(value) {
                found.push((Layer::Json(index), [path.clone(), inner].concat(), value));
            }
        }
        for (index, (path, text)) in self.user.sets.iter().enumerate() {
            let value = if text == "null" { Value::Null } else { Value::from(text.as_str()) };
            found.push((Layer::Set(index), path.clone(), value));
        }
        found
    }

    /// The case with some leaves of a layer changed.
    pub fn changed(&self, layer: &Layer, changes: &[(Path, Change)]) -> Case {
        let mut case = self.clone();
        match layer {
            Layer::Chart(at) => {
                let chart = at.iter().fold(&mut case.chart, |chart, index| &mut chart.dependencies[*index]);
                chart.values = deep_copy(&chart.values);
                changes.iter().for_each(|(path, change)| apply(&chart.values, path, change));
            }
            Layer::File(index) => {
                let file = &mut case.user.files[*index];
                *file = deep_copy(file);
                changes.iter().for_each(|(path, change)| apply(file, path, change));
            }
            Layer::Json(index) => {
                let (at, value) = &mut case.user.json[*index];
                let holder: Map = [("v", value.clone())].into_iter().collect();
                let holder = deep_copy(&holder);
                for (path, change) in changes {
                    let inner = [&[Step::key("v")], &path[at.len()..]].concat();
                    apply(&holder, &inner, change);
                }
                match holder.get("v") {
                    Some(changed) => *value = changed,
                    None => drop(case.user.json.remove(*index)),
                }
            }
            Layer::Set(index) => {
                for (_, change) in changes {
                    match change {
                        Change::To(value) => case.user.sets[*index].1 = value.as_str().unwrap().to_string(),
                        Change::Remove => drop(case.user.sets.remove(*index)),
                    }
                }
            }
        }
        case
    }

    /// The case without a layer.
    pub fn without(&self, layer: &Layer) -> Case {
        let mut case = self.clone();
        match layer {
            Layer::Chart(at) => {
                let chart = at.iter().fold(&mut case.chart, |chart, index| &mut chart.dependencies[*index]);
                chart.values = Map::default();
            }
            Layer::File(index) => case.user.files[*index] = Map::default(),
            Layer::Json(index) => drop(case.user.json.remove(*index)),
            Layer::Set(index) => drop(case.user.sets.remove(*index)),
        }
        case
    }

    /// The case without a layer and all that stand above it.
    pub fn below(&self, layer: &Layer) -> Case {
        fn empty(chart: &mut Chart, at: &mut Vec<usize>, last: &[usize]) {
            if at.as_slice() <= last {
                chart.values = Map::default();
            }
            for (index, inner) in chart.dependencies.iter_mut().enumerate() {
                at.push(index);
                empty(inner, at, last);
                at.pop();
            }
        }
        let mut case = self.clone();
        let (files, json, sets) = match layer {
            Layer::Chart(at) => {
                empty(&mut case.chart, &mut Vec::new(), at);
                (0, 0, 0)
            }
            Layer::File(index) => (*index, 0, 0),
            Layer::Json(index) => (self.user.files.len(), *index, 0),
            Layer::Set(index) => (self.user.files.len(), self.user.json.len(), *index),
        };
        case.user.files.truncate(files);
        case.user.json.truncate(json);
        case.user.sets.truncate(sets);
        case
    }

    /// The layer that a link is about, where it can be told by its setter.
    pub fn layer(&self, link: &Link) -> Option<Layer> {
        match &link.setter {
            Setter::File { path } => Some(Layer::File(path.strip_suffix(".yaml")?.parse().ok()?)),
            Setter::Set { flag: SetFlag::Set, nth, .. } => Some(Layer::Set(nth - 1)),
            Setter::Set { flag: SetFlag::Json, nth, .. } => Some(Layer::Json(nth - 1)),
            Setter::Set { .. } | Setter::Merge => None,
            Setter::Default { .. } => {
                let file = link.place.as_ref()?.file.strip_suffix("values.yaml")?;
                fn find(chart: &Chart, location: &str, at: &mut Vec<usize>) -> bool {
                    if *chart.location == *location {
                        return true;
                    }
                    for (index, inner) in chart.dependencies.iter().enumerate() {
                        at.push(index);
                        if find(inner, location, at) {
                            return true;
                        }
                        at.pop();
                    }
                    false
                }
                let mut at = Vec::new();
                find(&self.chart, file, &mut at).then_some(Layer::Chart(at))
            }
        }
    }
}

pub fn leaves(value: &Value) -> Vec<(Path, Value)> {
    fn walk(value: &Value, path: &mut Path, found: &mut Vec<(Path, Value)>) {
        match value {
            Value::Map(map) if !map.is_empty() => {
                for (key, value) in map.entries() {
                    path.push(Step::Key(key));
                    walk(&value, path, found);
                    path.pop();
                }
            }
            Value::List(list) if !list.is_empty() => {
                for (index, item) in list.items().iter().enumerate() {
                    path.push(Step::Index(index));
                    walk(item, path, found);
                    path.pop();
                }
            }
            _ => found.push((path.clone(), value.clone())),
        }
    }
    let mut found = Vec::new();
    match value {
        Value::Map(map) if map.is_empty() => found.push((Vec::new(), value.clone())),
        _ => walk(value, &mut Vec::new(), &mut found),
    }
    found
}

pub fn apply(map: &Map, path: &[Step], change: &Change) {
    let Some((last, before)) = path.split_last() else { return };
    let mut inside = Value::Map(map.clone());
    for step in before {
        inside = get(&inside, step).unwrap();
    }
    match (inside, last, change) {
        (Value::Map(map), Step::Key(key), Change::To(value)) => drop(map.insert(key.clone(), value.clone())),
        (Value::Map(map), Step::Key(key), Change::Remove) => drop(map.remove(key)),
        (Value::List(list), Step::Index(index), Change::To(value)) => {
            list.update(|items| items[*index] = value.clone());
        }
        _ => unreachable!("no such leaf"),
    }
}

pub fn get(value: &Value, step: &Step) -> Option<Value> {
    match (value, step) {
        (Value::Map(map), Step::Key(key)) => map.get(key),
        (Value::List(list), Step::Index(index)) => list.get(*index),
        _ => None,
    }
}

pub fn at(map: &Map, path: &[Step]) -> Option<Value> {
    path.iter().try_fold(Value::Map(map.clone()), |value, step| get(&value, step))
}

pub fn text(value: &Value) -> String {
    json::encode(value, Escape::None).unwrap_or_else(|_| "?".into())
}
