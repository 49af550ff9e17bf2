//! Copies that share nothing.

use crate::value::{List, Map, Value};

/// A copy of the map with all maps and lists within it copied, too (`helm internal/copystructure`).
///
/// It does not recurse: values may be nested ten thousand deep.
pub fn deep_copy(map: &Map) -> Map {
    let mut open = Vec::new();
    let copy = Map::from_entries(map.map_type(), map.read().clone());
    open.push(Open::Map(copy.clone()));
    while let Some(container) = open.pop() {
        match container {
            Open::Map(map) => map.update(|entries| refresh(entries.values_mut(), &mut open)),
            Open::List(list) => list.update(|items| refresh(items.iter_mut(), &mut open)),
        }
    }
    copy
}

/// A container whose own entries are copied and whose contents are not yet.
enum Open {
    Map(Map),
    List(List),
}

/// Puts copies in the place of containers, and notes which are not empty.
fn refresh<'v>(values: impl Iterator<Item = &'v mut Value>, open: &mut Vec<Open>) {
    for value in values {
        match value {
            Value::Map(map) => {
                let entries = map.read().clone();
                *map = Map::from_entries(map.map_type(), entries);
                if !map.is_empty() {
                    open.push(Open::Map(map.clone()));
                }
            }
            Value::List(list) => {
                let items = list.items();
                *list = List::new(list.elem(), items);
                if !list.is_empty() {
                    open.push(Open::List(list.clone()));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_nothing_with_the_original() {
        let inner = Map::default();
        let map: Map =
            [("m", Value::Map(inner.clone())), ("l", Value::list(vec![Value::Map(inner.clone())]))]
                .into_iter()
                .collect();
        let copy = deep_copy(&map);
        inner.insert("x", Value::int(1));
        assert!(copy.get("m").unwrap().as_map().unwrap().is_empty());
        assert!(copy.get("l").unwrap().as_list().unwrap().get(0).unwrap().as_map().unwrap().is_empty());
    }

    #[test]
    fn values_nested_very_deep_are_copied_without_recursion() {
        let mut map = Map::default();
        for _ in 0..100_000 {
            map = [("k", Value::list(vec![Value::Map(map)]))].into_iter().collect();
        }
        assert_eq!(deep_copy(&map).len(), 1);
    }
}
