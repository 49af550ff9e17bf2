//! Which map of the values is meant by an address.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::value::{Map, Value};
use crate::yaml::Step;

/// So many levels of the values are watched.
const MAX_DEPTH: usize = 64;
/// So many maps are watched.
const MAX_MAPS: usize = 200_000;
/// So many paths to one map are kept.
const MAX_PATHS: usize = 16;

/// The maps of a tree of values, by address.
#[derive(Default)]
pub(super) struct Paths {
    by_address: HashMap<usize, u32>,
    /// The paths by which each map is reached, the shortest first.
    pub maps: Vec<Vec<Arc<[Step]>>>,
    /// Keeps the maps, so that no other gets one of their addresses.
    kept: Vec<Map>,
}

impl Paths {
    /// Adds all maps of a tree that is at a path, the nearest first.
    pub fn add(&mut self, tree: &Value, path: Vec<Step>) {
        let mut open: VecDeque<(Value, Vec<Step>)> = VecDeque::from([(tree.clone(), path)]);
        while let Some((value, path)) = open.pop_front() {
            if self.maps.len() >= MAX_MAPS {
                return;
            }
            let step_in = |step: Step, inner: Value| {
                let mut path = path.clone();
                path.push(step);
                (inner, path)
            };
            let is_container = |value: &Value| matches!(value, Value::Map(_) | Value::List(_));
            match value {
                Value::Map(map) => {
                    if !self.add_one(&map, &path) || path.len() >= MAX_DEPTH {
                        continue;
                    }
                    let inner = map.entries().into_iter().filter(|(_, inner)| is_container(inner));
                    open.extend(inner.map(|(key, inner)| step_in(Step::Key(key), inner)));
                }
                Value::List(list) if path.len() < MAX_DEPTH => {
                    let inner = list.items().into_iter().enumerate().filter(|(_, inner)| is_container(inner));
                    open.extend(inner.map(|(index, inner)| step_in(Step::Index(index), inner)));
                }
                _ => {}
            }
        }
    }

    /// Whether what is in the map has to be added as well.
    fn add_one(&mut self, map: &Map, path: &[Step]) -> bool {
        match self.by_address.get(&map.address()) {
            Some(&index) => {
                let Some(paths) = self.maps.get_mut(index as usize) else { return false };
                let more = paths.len() < MAX_PATHS && !paths.iter().any(|known| path.starts_with(known));
                if more {
                    paths.push(path.into());
                }
                more
            }
            None => {
                self.by_address.insert(map.address(), self.maps.len() as u32);
                self.maps.push(vec![path.into()]);
                self.kept.push(map.clone());
                true
            }
        }
    }

    /// The shortest path to the map at an address.
    pub fn path_of(&self, address: usize) -> Option<&Arc<[Step]>> {
        self.maps.get(self.of(address)? as usize)?.first()
    }

    /// The number of the map at an address.
    pub fn of(&self, address: usize) -> Option<u32> {
        self.by_address.get(&address).copied()
    }
}
