use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};

use super::watch::{self, Access};
use super::{Str, Value, drop_flat};

/// The Go type of a map; `typeOf` and `printf "%T"` tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapType {
    /// `map[string]interface {}`: what YAML, JSON and `dict` give.
    Any,
    /// Helm's `common.Values`.
    Values,
    /// `map[string]string`: `splitn` and its like.
    String,
    /// Another map type, by Go's name of it.
    Other(&'static str),
}

impl MapType {
    /// Go's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            MapType::Any => "map[string]interface {}",
            MapType::Values => "common.Values",
            MapType::String => "map[string]string",
            MapType::Other(name) => name,
        }
    }
}

/// A shared, mutable map with string keys, iterated in byte order of its keys.
///
/// No lock is held between calls, except through [`Map::read`].
#[derive(Clone)]
pub struct Map(Arc<MapCell>);

pub(crate) struct MapCell {
    map_type: MapType,
    entries: RwLock<BTreeMap<Str, Value>>,
    /// The cell whose entries are meant, if this one only gives them another type.
    viewed: Option<Arc<MapCell>>,
}

impl MapCell {
    fn entries(&self) -> &RwLock<BTreeMap<Str, Value>> {
        self.viewed.as_ref().map_or(&self.entries, |cell| &cell.entries)
    }
}

impl Map {
    /// An empty map.
    pub fn new(map_type: MapType) -> Map {
        Map::from_entries(map_type, BTreeMap::new())
    }

    /// A map with these entries.
    pub fn from_entries(map_type: MapType, entries: BTreeMap<Str, Value>) -> Map {
        Map(Arc::new(MapCell { map_type, entries: RwLock::new(entries), viewed: None }))
    }

    /// The Go type.
    pub fn map_type(&self) -> MapType {
        self.0.map_type
    }

    /// The same contents (shared entries' values, own entries) under another Go type.
    pub fn with_type(&self, map_type: MapType) -> Map {
        Map::from_entries(map_type, self.read().clone())
    }

    /// The same map under another Go type, as Go's conversion of a map gives it: what one of them is changed
    /// to, the other is, too.
    pub fn viewed_as(&self, map_type: MapType) -> Map {
        if map_type == self.map_type() {
            return self.clone();
        }
        let cell = self.0.viewed.clone().unwrap_or_else(|| self.0.clone());
        Map(Arc::new(MapCell { map_type, entries: RwLock::default(), viewed: Some(cell) }))
    }

    /// Tells who watches this thread, if anyone, of an access.
    #[inline(always)]
    fn tell(&self, access: Access<'_>) {
        if watch::is_watching() {
            watch::tell(self.address(), access);
        }
    }

    /// The value under `key`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.tell(Access::Get(key.as_ref()));
        self.0.entries().read_recursive().get(key.as_ref()).cloned()
    }

    /// Sets the value under `key`; gives the one it replaces.
    pub fn insert(&self, key: impl Into<Str>, value: Value) -> Option<Value> {
        let key = key.into();
        self.tell(Access::Put(key.as_bytes(), &value));
        self.0.entries().write().insert(key, value)
    }

    /// Removes and gives the value under `key`.
    pub fn remove(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.tell(Access::Remove(key.as_ref()));
        self.0.entries().write().remove(key.as_ref())
    }

    /// Whether there is an entry under `key`.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.tell(Access::Get(key.as_ref()));
        self.0.entries().read_recursive().contains_key(key.as_ref())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.tell(Access::Size);
        self.0.entries().read_recursive().len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A snapshot of the keys, in byte order.
    pub fn keys(&self) -> Vec<Str> {
        self.read().keys().cloned().collect()
    }

    /// A snapshot of the entries, in byte order of their keys: what `range` walks.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.read().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Borrows the entries for a read-only walk by library code. Reading the same map again meanwhile is
    /// fine; writing to it would never return, so no template code may run under the guard.
    pub fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Str, Value>> {
        self.tell(Access::Whole);
        self.0.entries().read_recursive()
    }

    /// Changes the map in place. The function must not touch this map in another way, nor run template code.
    pub fn update<T>(&self, change: impl FnOnce(&mut BTreeMap<Str, Value>) -> T) -> T {
        self.tell(Access::Change);
        change(&mut self.0.entries().write())
    }

    /// Whether both are the same map, not only equal ones.
    pub fn is_same(&self, other: &Map) -> bool {
        self.address() == other.address()
    }

    /// An address that tells maps apart while they live: for finding cycles.
    pub fn address(&self) -> usize {
        Arc::as_ptr(self.0.viewed.as_ref().unwrap_or(&self.0)) as usize
    }

    /// The shared cell itself, which Jinja sees as an object: crossing languages costs a reference count.
    pub(crate) fn cell(&self) -> &Arc<MapCell> {
        &self.0
    }

    /// The handle of a cell.
    pub(crate) fn of_cell(cell: Arc<MapCell>) -> Map {
        Map(cell)
    }

    pub(super) fn take_if_last(self, children: &mut Vec<Value>) {
        if let Some(mut cell) = Arc::into_inner(self.0) {
            children.extend(std::mem::take(cell.entries.get_mut()).into_values());
            children.extend(cell.viewed.take().map(|viewed| Value::Map(Map(viewed))));
        }
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        let entries = self.entries.get_mut();
        if entries.values().any(|v| matches!(v, Value::Map(_) | Value::List(_))) {
            drop_flat(std::mem::take(entries).into_values().collect());
        }
    }
}

impl Default for Map {
    fn default() -> Map {
        Map::new(MapType::Any)
    }
}

impl<K: Into<Str>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Map {
        Map::from_entries(MapType::Any, entries.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }
}

/// Shows the type and the number of entries only: contents may be cyclic, and may be secret.
impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} entries)", self.map_type().name(), self.len())
    }
}
