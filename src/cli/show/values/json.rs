//! Values and their origins as JSON; docs/values.md describes it.

use torii::diagnostic::Place;
use torii::value::{Map, Value};
use torii::values::origin::{Chain, Link, Setter, Way, path_words};
use torii::yaml::Step;

use super::tree::{Changed, Shown};

/// Raised when a field is removed or gets another meaning; not when one is added.
const VERSION: i64 = 1;

/// The leaves, each with its whole chain, and what nulls deleted.
pub fn origins(shown: &Shown) -> Value {
    let values = shown.leaves.iter().map(|leaf| {
        let map = at(&leaf.path);
        map.insert("value", leaf.value.clone());
        map.insert("origins", chain(&leaf.chain, leaf.changed.as_ref(), &shown.root));
        Value::Map(map)
    });
    let deleted = shown.deleted.iter().map(|gone| {
        let map = at(&gone.path);
        map.insert("origins", chain(&gone.chain, None, &shown.root));
        Value::Map(map)
    });
    let map = Map::default();
    map.insert("version", Value::int(VERSION));
    map.insert("complete", Value::Bool(shown.complete));
    map.insert("values", Value::list(values.collect()));
    map.insert("deleted", Value::list(deleted.collect()));
    Value::Map(map)
}

fn at(path: &[Step]) -> Map {
    let map = Map::default();
    map.insert("path", Value::from(path_words(path)));
    map.insert("steps", steps(path));
    map
}

fn steps(path: &[Step]) -> Value {
    let step = |step: &Step| match step {
        Step::Key(key) => Value::String(key.clone()),
        Step::Index(index) => Value::int(i64::try_from(*index).unwrap_or(i64::MAX)),
    };
    Value::list(path.iter().map(step).collect())
}

fn chain(chain: &Chain, changed: Option<&Changed>, root: &str) -> Value {
    let templates = changed.map(|changed| {
        let map = Map::default();
        map.insert("kind", Value::from("templates"));
        map.insert("words", Value::from(changed.words(root)));
        if let Some(place) = &changed.place {
            map.insert("file", Value::from(&*place.file));
            map.insert("line", Value::int(i64::try_from(place.line).unwrap_or(i64::MAX)));
        }
        Value::Map(map)
    });
    Value::list(templates.into_iter().chain(chain.links.iter().map(|found| link(found, root))).collect())
}

fn link(link: &Link, root: &str) -> Value {
    let map = Map::default();
    let number = |n: usize| Value::int(i64::try_from(n).unwrap_or(i64::MAX));
    let kind = match &link.setter {
        Setter::File { path } => {
            map.insert("file", Value::from(&**path));
            "file"
        }
        Setter::Set { flag, nth, of } => {
            map.insert("flag", Value::from(flag.name()));
            map.insert("occurrence", number(*nth));
            map.insert("occurrences", number(*of));
            "flag"
        }
        Setter::Default { chart } => {
            map.insert("chart", Value::from(&**chart));
            "default"
        }
        Setter::Merge => "merge",
    };
    map.insert("kind", Value::from(kind));
    map.insert("words", Value::from(link.words(root)));
    if let Some(found) = &link.place {
        place(&map, found);
    }
    if let Some(alias) = &link.alias {
        let inner = Map::default();
        place(&inner, alias);
        map.insert("alias", Value::Map(inner));
    }
    map.insert("steps", steps(&link.path));
    map.insert("value", link.value.clone());
    if !link.ways.is_empty() {
        map.insert("through", Value::list(link.ways.iter().map(way).collect()));
    }
    Value::Map(map)
}

fn way(way: &Way) -> Value {
    let map = Map::default();
    let (kind, chart) = match way {
        Way::Parent { chart } => ("parent", chart),
        Way::Global { chart, from_above: true } => ("global", chart),
        Way::Global { chart, from_above: false } => ("shared-global", chart),
        Way::Import { chart, place: found } => {
            if let Some(found) = found {
                place(&map, found);
            }
            ("import", chart)
        }
    };
    map.insert("kind", Value::from(kind));
    map.insert("chart", Value::from(&**chart));
    Value::Map(map)
}

fn place(map: &Map, place: &Place) {
    map.insert("file", Value::from(&*place.file));
    for (name, number) in [("line", place.line), ("column", place.column)] {
        if number > 0 {
            map.insert(name, Value::int(i64::try_from(number).unwrap_or(i64::MAX)));
        }
    }
}
