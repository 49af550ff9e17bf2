//! The origins of values against brute force: each leaf of each layer is changed alone, and where the change is
//! seen among the effective values, there that leaf is the origin.
//!
//! Random charts, small and full of quirks, are always tried. Charts of the conformance corpus are tried where
//! `TORII_CORPUS` names the folder it is unpacked in (or it is under `target/conformance`); `TORII_CASES` raises
//! the numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use torii::chart::{self, Chart, from_files};
use torii::json::{self, Escape};
use torii::limits::Limits;
use torii::source::{Budget, File, Files, Tree};
use torii::value::{List, Map, Value};
use torii::values::origin::{Chain, Link, Origins, Setter, path_words};
use torii::values::{Layers, Overrides, SetFlag, deep_copy, prepare};
use torii::yaml::Step;

type Path = Vec<Step>;

/// Numbers that repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A layer, as the brute force knows it: what it sets, leaf by leaf.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Layer {
    /// The defaults of a chart, by the indexes that lead to it in the loaded chart, and the names.
    Chart(Vec<usize>),
    File(usize),
    Set(usize),
    Json(usize),
}

/// What the user gives.
#[derive(Clone, Debug, Default)]
struct User {
    files: Vec<Map>,
    /// Path, and text of the value.
    sets: Vec<(Path, String)>,
    json: Vec<(Path, Value)>,
}

impl User {
    fn layers(&self) -> Option<Layers> {
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
struct Case {
    chart: Chart,
    user: User,
}

/// What may be done to a leaf.
#[derive(Clone)]
enum Change {
    To(Value),
    Remove,
}

impl Case {
    fn effective(&self) -> Option<Map> {
        let layers = self.user.layers()?;
        let prepared = prepare(&self.chart, &layers, true, &Limits::default(), &mut Vec::new()).ok()?;
        Some(prepared.values)
    }

    /// All leaves of all layers, nulls included.
    fn leaves(&self) -> Vec<(Layer, Path, Value)> {
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
    fn changed(&self, layer: &Layer, changes: &[(Path, Change)]) -> Case {
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
    fn without(&self, layer: &Layer) -> Case {
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

    /// The layer that a link is about, where it can be told by its setter.
    fn layer(&self, link: &Link) -> Option<Layer> {
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

fn leaves(value: &Value) -> Vec<(Path, Value)> {
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

fn apply(map: &Map, path: &[Step], change: &Change) {
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

fn get(value: &Value, step: &Step) -> Option<Value> {
    match (value, step) {
        (Value::Map(map), Step::Key(key)) => map.get(key),
        (Value::List(list), Step::Index(index)) => list.get(*index),
        _ => None,
    }
}

fn at(map: &Map, path: &[Step]) -> Option<Value> {
    path.iter().try_fold(Value::Map(map.clone()), |value, step| get(&value, step))
}

fn text(value: &Value) -> String {
    json::encode(value, Escape::None).unwrap_or_else(|_| "?".into())
}

#[derive(Debug, Default)]
struct Report {
    leaves: usize,
    deleted: usize,
    overridden: usize,
    wrong: Vec<String>,
}

/// Judges all that is told of a case. `alone` changes each leaf in a run of its own; else those of a layer that
/// cannot hide others are changed together.
fn judge(case: &Case, alone: bool, report: &mut Report) {
    let Some(effective) = case.effective() else { return };
    let layers = case.user.layers().unwrap();
    let origins = Origins::of(&case.chart, &layers).expect("what can be rendered can be told");
    assert!(origins.complete);
    let mut wrong = |what: String| report.wrong.push(what);
    if text(&Value::Map(effective.clone())) != text(&Value::Map(origins.effective.clone())) {
        wrong("the effective values differ".into());
    }

    // Where each layer's leaf is seen.
    // A null and an empty map are no scalars: a change to one shows their place only where they are in effect.
    let mut truth: BTreeMap<String, BTreeSet<(Layer, String)>> = BTreeMap::new();
    let mut batches: BTreeMap<Layer, Vec<(Path, Value)>> = BTreeMap::new();
    for (layer, path, value) in case.leaves() {
        if !path.is_empty() {
            batches.entry(layer).or_default().push((path, value));
        }
    }
    let names: Vec<(Layer, Path, Value)> = batches
        .iter()
        .flat_map(|(layer, all)| all.iter().map(|(p, v)| (layer.clone(), p.clone(), v.clone())))
        .collect();
    let mut next = 0;
    for (layer, all) in &batches {
        let mut rounds: Vec<Vec<(usize, Path)>> = Vec::new();
        let mut together = Vec::new();
        for (path, value) in all {
            let index = next;
            next += 1;
            let simple = matches!(value, Value::String(_) | Value::Float(_) | Value::Int(_))
                || value.as_list().is_some();
            if simple && !alone {
                together.push((index, path.clone()));
            } else {
                rounds.push(vec![(index, path.clone())]);
            }
        }
        rounds.push(together);
        for round in rounds.into_iter().filter(|round| !round.is_empty()) {
            let change = |(index, path): &(usize, Path)| {
                let sentinel = format!("sentinel-{index}-x");
                // An empty map stays a map: one that others may be merged with.
                let value = match &names[*index].2 {
                    Value::Map(_) => {
                        Value::Map([(sentinel.as_str(), Value::Bool(true))].into_iter().collect())
                    }
                    _ => Value::from(sentinel),
                };
                (path.clone(), Change::To(value))
            };
            let changes: Vec<_> = round.iter().map(change).collect();
            let Some(seen) = case.changed(layer, &changes).effective() else { continue };
            for (mut path, mut value) in leaves(&Value::Map(seen)) {
                if let Some(Step::Key(key)) = path.last()
                    && key.to_text().starts_with("sentinel-")
                {
                    value = Value::String(key.clone());
                    path.pop();
                }
                let index = value.as_str().and_then(|s| s.strip_prefix("sentinel-")?.strip_suffix("-x"));
                if let Some(index) = index.and_then(|s| s.parse::<usize>().ok()) {
                    let (layer, own, value) = &names[index];
                    let now = at(&effective, &path);
                    let in_effect = match value {
                        Value::Null => now.is_none_or(|now| now.is_nil()),
                        Value::Map(_) => now.is_some_and(|now| now.as_map().is_some()),
                        _ => true,
                    };
                    if !in_effect {
                        continue;
                    }
                    truth.entry(path_words(&path)).or_default().insert((layer.clone(), path_words(own)));
                }
            }
        }
    }

    let empty = BTreeSet::new();
    let told = |chain: &Chain| {
        chain.links.first().and_then(|link| Some((case.layer(link)?, path_words(&link.path))))
    };
    for leaf in origins.leaves() {
        let path = path_words(&leaf.path);
        let seen = truth.get(&path).unwrap_or(&empty);
        report.leaves += 1;
        let first = told(&leaf.chain);
        let right = match seen.len() {
            // Nobody's: a map that the merge made, or that nulls have emptied.
            0 if leaf.value.as_map().is_some() => !leaf.chain.links.is_empty(),
            // Several layers may have an empty map, which come to one.
            _ if leaf.value.as_map().is_some() => {
                let emptied = leaf.chain.links.first().and_then(|link| link.value.as_map().map(Map::len));
                first.as_ref().is_some_and(|first| seen.contains(first)) || emptied != Some(0)
            }
            // And several a null, each of which hides a change to the other.
            1.. if leaf.value.is_nil() => first.as_ref().is_some_and(|first| seen.contains(first)),
            // A list that a flag makes longer is filled up with nulls.
            0 => leaf.value.is_nil() && matches!(first, Some((Layer::Set(_) | Layer::Json(_), _))),
            1 => first.as_ref().is_some_and(|first| seen.contains(first)),
            _ => false,
        };
        if !right {
            report.wrong.push(format!("{path}: told {}, {first:?}; true {seen:?}", leaf.chain.words("")));
        }
        let top = &leaf.chain.links[0].value;
        if text(top) != text(&leaf.value) && leaf.value.as_map().is_none() {
            report.wrong.push(format!("{path}: the link's value is {}", text(top)));
        }
    }
    let told_deleted: BTreeSet<String> = origins.deleted().iter().map(|d| path_words(&d.path)).collect();
    for gone in origins.deleted() {
        report.deleted += 1;
        let path = path_words(&gone.path);
        // The null itself, or one for all values of the chart that it is in.
        let right = told(&gone.chain).is_some_and(|first| {
            (1..=gone.path.len()).rev().any(|len| {
                truth.get(&path_words(&gone.path[..len])).is_some_and(|seen| seen.contains(&first))
            })
        });
        // A chart's values can only be a map, so no scalar can take the place of a null for all of them.
        let without = || {
            let first = gone.chain.links.first()?;
            let change = [(first.path.clone(), Change::Remove)];
            at(&case.changed(&case.layer(first)?, &change).effective()?, &gone.path)
        };
        let right = right || without().is_some();
        if !right || at(&effective, &gone.path).is_some() {
            report.wrong.push(format!("-{path}: told {}; true {:?}", gone.chain.words(""), truth.get(&path)));
        }
    }
    if !alone {
        return;
    }
    // What a null hides, is told.
    for (layer, path, value) in case.leaves() {
        if matches!(value, Value::Null) && !path.iter().any(|s| matches!(s, Step::Index(_))) {
            let Some(without) = case.changed(&layer, &[(path, Change::Remove)]).effective() else { continue };
            for (path, value) in leaves(&Value::Map(without)) {
                // A null that only shows where no other one meets it hid nothing.
                if value.is_nil() {
                    continue;
                }
                // What the same layer says elsewhere, as a global and at its place, is not told apart.
                if case.leaves().iter().any(|(other, _, own)| *other == layer && text(own) == text(&value)) {
                    continue;
                }
                // Where something else stands now, that is told instead.
                let parent = at(&effective, &path[..path.len() - 1]);
                let gone = at(&effective, &path).is_none() && parent.is_none_or(|p| p.as_map().is_some());
                let hidden = (1..=path.len()).any(|len| {
                    told_deleted.contains(&path_words(&path[..len]))
                        || at(&effective, &path[..len]).is_some_and(|v| v.as_map().is_none())
                });
                if gone && !hidden {
                    report.wrong.push(format!("-{}: not told", path_words(&path)));
                }
            }
        }
    }
    // Without the topmost setter there is what the second one says.
    for leaf in origins.leaves() {
        let [first, rest @ ..] = leaf.chain.links.as_slice() else { continue };
        let is_condition = matches!(leaf.path.last(), Some(Step::Key(key)) if *key == "use");
        let listed = first.path.iter().any(|step| matches!(step, Step::Index(_)));
        let Some(layer) = case.layer(first).filter(|_| !is_condition && !listed) else { continue };
        // A chart under two aliases is changed under both.
        let is_alias = |step: &Step| matches!(step, Step::Key(key) if *key == "one" || *key == "two");
        if matches!(&layer, Layer::Chart(at) if !at.is_empty())
            && origins.effective.keys().into_iter().any(|key| is_alias(&Step::Key(key)))
        {
            continue;
        }
        if leaf.value.as_map().is_some() {
            continue;
        }
        let Some(below) = case.changed(&layer, &[(first.path.clone(), Change::Remove)]).effective() else {
            continue;
        };
        report.overridden += 1;
        let now = at(&below, &leaf.path);
        let right = is_below(first, rest, &below, &leaf.path);
        // A layer without this leaf is not the same as no such layer: other parts of it may come to stand here.
        let right = right || {
            let without = case.without(&layer).effective();
            without.is_some_and(|below| is_below(first, rest, &below, &leaf.path))
        };
        if !right {
            let now = now.as_ref().map(text);
            report.wrong.push(format!(
                "{}: below is {now:?}, told {}",
                path_words(&leaf.path),
                leaf.chain.words("")
            ));
        }
    }
}

/// Whether what stands where a layer said something, now that it doesn't, is what its chain says.
fn is_below(first: &Link, rest: &[Link], below: &Map, path: &[Step]) -> bool {
    let now = at(below, path);
    let around = |value: &Value| {
        (1..path.len()).any(|len| at(below, &path[..len]).is_some_and(|now| text(&now) == text(value)))
    };
    // What the layer itself says in two places, as a global and at its place, goes with it.
    let next = rest.iter().find(|link| link.setter != first.setter);
    let agrees = |next: Option<&Link>| match (&now, next) {
        (None, None) => true,
        (None, Some(second)) => {
            second.value.is_nil() || second.path.len() < first.path.len() || around(&second.value)
        }
        // A chart's null for a chart within it stays only under a map of the user's, here without this leaf.
        (Some(Value::Map(_) | Value::Null), None) => true,
        (Some(_), None) => false,
        (Some(Value::Map(_)), Some(second)) => second.value.as_map().is_some(),
        (Some(Value::List(_)), Some(second)) => second.value.as_list().is_some(),
        (Some(now), Some(second)) => text(now) == text(&second.value),
    };
    agrees(rest.first()) || agrees(next)
}

/// Makes small random charts and values.
struct Maker {
    random: Random,
    next: usize,
}

const KEYS: [&str; 5] = ["a", "b", "c", "d.e", "f"];

impl Maker {
    fn scalar(&mut self) -> Value {
        self.next += 1;
        Value::from(format!("v{}", self.next))
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 6 } else { 12 }) {
            0 => Value::Null,
            1 if self.random.one_in(2) => Value::Map(Map::default()),
            2 if self.random.one_in(2) => Value::list(Vec::new()),
            3 if self.random.one_in(2) => {
                let items = 1 + self.random.below(3);
                Value::list((0..items).map(|_| self.value(depth.saturating_sub(1))).collect())
            }
            0..6 => self.scalar(),
            _ => Value::Map(self.map(depth - 1)),
        }
    }

    fn map(&mut self, depth: usize) -> Map {
        let entries = self.random.below(4);
        (0..entries).map(|_| (*self.random.pick(&KEYS), self.value(depth))).collect()
    }

    /// Values for a chart: its own, its charts', globals, and what is exported.
    fn values(&mut self, charts: &[&str], depth: usize) -> Map {
        let values = self.map(2);
        for name in charts {
            if self.random.one_in(2) && depth > 0 {
                let inner: &[&str] =
                    if *name == "s" || *name == "one" || *name == "two" { &["w"] } else { &[] };
                let inner = self.values(inner, depth - 1);
                if self.random.one_in(4) {
                    inner.insert("use", Value::Bool(self.random.one_in(2)));
                }
                values.insert(*name, Value::Map(inner));
            }
        }
        if self.random.one_in(2) {
            values.insert("global", Value::Map(self.map(3)));
        }
        if self.random.one_in(3) {
            let data: Map = [("data", Value::Map(self.map(2)))].into_iter().collect();
            values.insert("exports", Value::Map(data));
        }
        values
    }

    fn imports(&mut self) -> String {
        let mut imports = Vec::new();
        for _ in 0..self.random.below(3) {
            imports.push(match self.random.below(3) {
                0 => "data".to_string(),
                1 => "{child: a, parent: b}".to_string(),
                _ => "{child: global, parent: c.a}".to_string(),
            });
        }
        format!("[{}]", imports.join(", "))
    }

    fn case(&mut self) -> Case {
        let alias = self.random.one_in(3);
        let lists = !self.random.one_in(4);
        let names: &[&str] = if alias && lists { &["one", "two", "t"] } else { &["s", "t"] };
        let mut dependencies = String::new();
        for name in names {
            let (chart, alias) = match *name {
                "one" | "two" => ("s", format!("alias: {name}, ")),
                name => (name, String::new()),
            };
            let imports = self.imports();
            dependencies += &format!(
                "- {{name: {chart}, version: '*', {alias}condition: {name}.use, import-values: {imports}}}\n"
            );
        }
        let head = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        let root = if lists { head("u") + "dependencies:\n" + &dependencies } else { head("u") };
        let mut s = head("s");
        if self.random.one_in(2) {
            s += &format!("dependencies:\n- {{name: w, version: '*', import-values: {}}}\n", self.imports());
        }
        let texts = [
            ("Chart.yaml", root),
            ("values.yaml", text(&Value::Map(self.values(names, 2)))),
            ("charts/s/Chart.yaml", s),
            ("charts/s/values.yaml", text(&Value::Map(self.values(&["w"], 1)))),
            ("charts/s/charts/w/Chart.yaml", head("w")),
            ("charts/s/charts/w/values.yaml", text(&Value::Map(self.values(&[], 0)))),
            ("charts/t/Chart.yaml", head("t")),
            ("charts/t/values.yaml", text(&Value::Map(self.values(&[], 0)))),
        ];
        let files = texts.into_iter().map(|(name, text)| File { name: name.into(), data: text.into() });
        let files = Files { location: "u/".into(), files: files.collect() };
        let chart = from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
        let mut user = User::default();
        for _ in 0..self.random.below(4) {
            user.files.push(self.values(names, 2));
        }
        let mut case = Case { chart, user };
        for _ in 0..self.random.below(4) {
            self.set(&mut case);
        }
        case
    }

    /// Adds a `--set` or `--set-json` on or beside something that is there.
    fn set(&mut self, case: &mut Case) {
        let Some(effective) = case.effective() else { return };
        let there = leaves(&Value::Map(effective));
        let (mut path, _) = self.random.pick(&there).clone();
        if path.is_empty() {
            path.push(Step::key("a"));
        }
        match self.random.below(6) {
            0 => path.push(Step::key("new")),
            1 => path.push(Step::Index(self.random.below(3))),
            2 if path.len() > 1 => drop(path.pop()),
            _ => {}
        }
        let before = case.clone();
        if self.random.one_in(3) {
            let value = self.value(2);
            case.user.json.push((path, value));
        } else {
            let null = self.random.one_in(4);
            let value = if null { "null".into() } else { self.scalar().as_str().unwrap().to_string() };
            case.user.sets.push((path, value));
        }
        if case.effective().is_none() {
            *case = before;
        }
    }
}

fn times(default: usize) -> usize {
    std::env::var("TORII_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_origin_in_random_charts_is_that_of_brute_force() {
    let cases = times(120);
    let mut report = Report::default();
    for seed in 0..cases as u64 {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed + 1) | 1;
        let case = Maker { random: Random(seed), next: 0 }.case();
        let before = report.wrong.len();
        judge(&case, true, &mut report);
        if report.wrong.len() > before && std::env::var_os("TORII_SHOW").is_some() {
            show(&case);
            println!("{:#?}", &report.wrong[before..]);
            break;
        }
    }
    println!(
        "{cases} charts: {} leaves, {} deleted, {} overridden, {} wrong",
        report.leaves,
        report.deleted,
        report.overridden,
        report.wrong.len()
    );
    assert!(report.leaves > cases * 5 && report.deleted > cases / 10 && report.overridden > cases * 2);
    let first = &report.wrong[..report.wrong.len().min(20)];
    assert!(first.is_empty(), "{} wrong: {first:#?}", report.wrong.len());
}

fn show(case: &Case) {
    fn of_chart(chart: &Chart) {
        println!("{} {}", chart.location, text(&Value::Map(chart.values.clone())));
        println!("  {}", chart.metadata_text.as_ref().unwrap().to_text().replace('\n', "\n  "));
        chart.dependencies.iter().for_each(of_chart);
    }
    of_chart(&case.chart);
    show_user(&case.user);
}

fn show_user(user: &User) {
    for file in &user.files {
        println!("-f {}", text(&Value::Map(file.clone())));
    }
    for (path, value) in &user.json {
        println!("--set-json {}={}", path_words(path), text(value));
    }
    for (path, value) in &user.sets {
        println!("--set {}={value}", path_words(path));
    }
}

/// The folder into which the conformance suite unpacks the charts of the corpus.
fn corpus() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("TORII_CORPUS") {
        return Some(folder.into());
    }
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/conformance");
    let folders = std::fs::read_dir(target).ok()?;
    folders.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.join("charts").is_dir())
}

fn charts(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(folder.join("charts"), 0)];
    while let Some((folder, depth)) = open.pop() {
        if folder.join("Chart.yaml").is_file() {
            found.push(folder);
        } else if depth < 3 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            open.extend(entries.map(|e| e.path()).filter(|p| p.is_dir()).map(|p| (p, depth + 1)));
        }
    }
    found.sort();
    found
}

/// A random second layer over a real chart: some leaves changed, some deleted, some maps replaced, new keys.
fn user_for(chart: &Chart, maker: &mut Maker) -> User {
    let mut user = User::default();
    for _ in 0..2 {
        let case = Case { chart: chart.clone(), user: user.clone() };
        let Some(effective) = case.effective() else { break };
        let there = leaves(&Value::Map(effective.clone()));
        let file = Map::default();
        for _ in 0..30 {
            let (mut path, _) = maker.random.pick(&there).clone();
            if let Some(index) = path.iter().position(|step| matches!(step, Step::Index(_))) {
                path.truncate(index);
            }
            if maker.random.one_in(5) && path.len() > 1 {
                path.pop();
            }
            if maker.random.one_in(10) {
                path.push(Step::key("added"));
            }
            let value = match maker.random.below(6) {
                0 => Value::Null,
                1 => Value::Map(maker.map(2)),
                2 => Value::List(List::new(
                    torii::value::Elem::Any,
                    vec![maker.scalar(), Value::Map(maker.map(1))],
                )),
                _ => maker.scalar(),
            };
            put(&file, &path, value);
        }
        let global = maker.map(2);
        let into = match file.get("global") {
            Some(Value::Map(there)) => there,
            _ => Map::default(),
        };
        global.entries().into_iter().for_each(|(key, value)| drop(into.insert(key, value)));
        file.insert("global", Value::Map(into));
        let before = user.clone();
        user.files.push(file);
        if (Case { chart: chart.clone(), user: user.clone() }).effective().is_none() {
            user = before;
        }
    }
    let mut case = Case { chart: chart.clone(), user };
    for _ in 0..6 {
        maker.set(&mut case);
    }
    case.user
}

fn put(map: &Map, path: &[Step], value: Value) {
    let mut map = map.clone();
    let Some((Step::Key(last), before)) = path.split_last() else { return };
    for step in before {
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
    map.insert(last.clone(), value);
}

#[test]
fn every_origin_in_charts_of_the_corpus_is_that_of_brute_force() {
    let Some(folder) = corpus() else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "the corpus is not unpacked");
        println!("skipped: the charts of the corpus are not unpacked");
        return;
    };
    let wanted = std::env::var("TORII_ONLY").unwrap_or_default();
    let mut report = Report::default();
    let mut tried = 0;
    let all = charts(&folder);
    let (count, limits) = (times(3), Limits::default());
    // Spread over the corpus.
    let stride = (all.len() / count.max(1)).max(1);
    for (index, path) in all.iter().enumerate() {
        let shown = path.strip_prefix(&folder).unwrap().display().to_string();
        if !shown.contains(&wanted) || (wanted.is_empty() && index % stride != 0) {
            continue;
        }
        let options = chart::Options { limits: limits.clone(), ..chart::Options::default() };
        let Ok(chart) = chart::load(&Tree::default(), path.to_str().unwrap(), &options, &mut Vec::new())
        else {
            continue;
        };
        let mut maker = Maker { random: Random(0x1234_5677 + 2 * index as u64), next: 0 };
        let user = user_for(&chart, &mut maker);
        let before = (report.leaves, report.deleted, report.wrong.len());
        let case = Case { chart, user };
        judge(&case, false, &mut report);
        if report.wrong.len() > before.2 && std::env::var_os("TORII_SHOW").is_some() {
            show_user(&case.user);
        }
        tried += 1;
        println!(
            "{shown}: {} leaves, {} deleted, {} wrong",
            report.leaves - before.0,
            report.deleted - before.1,
            report.wrong.len() - before.2
        );
    }
    println!(
        "{tried} charts: {} leaves, {} deleted, {} wrong",
        report.leaves,
        report.deleted,
        report.wrong.len()
    );
    let first = &report.wrong[..report.wrong.len().min(20)];
    assert!(first.is_empty(), "{} wrong: {first:#?}", report.wrong.len());
}
