//! Which lists and mappings may hold texts whose writers are known. A short string is copied whenever it is put
//! somewhere, so the containers it went into are noted instead.

use minijinja::value::{Value as Jinja, ValueKind};

use super::super::convert::{as_list, as_map, to_jinja};
use super::super::dict::Dict;
use super::Book;
use crate::value::{ListCell, MapCell, Str};

/// So many containers within one are noted with it.
const MAX_INNER: usize = 256;

/// So many containers are noted.
const MAX_HOLDERS: usize = 200_000;

/// So many texts are noted of a container.
const MAX_TEXTS: usize = 256;

/// Where a container stands that keeps its place.
fn address(value: &Jinja) -> Option<usize> {
    let map = || value.downcast_object_ref::<MapCell>().map(|cell| std::ptr::from_ref(cell) as usize);
    let list = || value.downcast_object_ref::<ListCell>().map(|cell| std::ptr::from_ref(cell) as usize);
    let dict = || value.downcast_object_ref::<Dict>().map(|dict| std::ptr::from_ref(dict) as usize);
    map().or_else(list).or_else(dict)
}

fn is_container(value: &Jinja) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)
}

impl Book {
    /// The texts that a container may hold; none if the value is not a container.
    pub(super) fn held(&self, value: &Jinja) -> Option<Vec<Str>> {
        if !is_container(value) {
            return None;
        }
        Some(match address(value) {
            Some(address) => self.holders.get(&address).map(|(_, texts)| texts.clone()).unwrap_or_default(),
            // A tuple, or what is made item by item: whatever the node under way knows may be in it.
            None => self.frames.last().map(|frame| frame.action.texts.clone()).unwrap_or_default(),
        })
    }

    /// A container, and those within it, may hold texts.
    pub(super) fn hold(&mut self, value: &Jinja, texts: &[Str]) {
        if texts.is_empty() {
            return;
        }
        let mut open = vec![value.clone()];
        let mut next = 0;
        while let Some(value) = open.get(next).cloned() {
            next += 1;
            let Some(address) = address(&value) else { continue };
            let inner: Vec<Jinja> = if let Some(map) = as_map(&value) {
                map.entries().iter().map(|(_, inner)| to_jinja(inner)).collect()
            } else if let Some(list) = as_list(&value) {
                list.items().iter().map(to_jinja).collect()
            } else {
                value.downcast_object_ref::<Dict>().map(Dict::values).unwrap_or_default()
            };
            if self.holders.len() >= MAX_HOLDERS {
                self.holders.clear();
            }
            // The container is kept, so that no other takes its place.
            let (_, held) = self.holders.entry(address).or_insert_with(|| (value, Vec::new()));
            let before = held.len();
            for text in texts {
                if held.len() < MAX_TEXTS && !held.contains(text) {
                    held.push(text.clone());
                }
            }
            if held.len() > before {
                let room = MAX_INNER.saturating_sub(open.len());
                open.extend(inner.into_iter().filter(is_container).take(room));
            }
        }
    }
}
