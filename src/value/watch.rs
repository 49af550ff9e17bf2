//! What is read of maps and written to them, for a render that is being explained.
//!
//! A plain render pays one comparison for each access. While a thread watches, each access to a map on that
//! thread is told to its watcher, by the map's address; accesses within the watcher itself are not.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Value;

/// How a map was accessed.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// The entry under this key was looked up, whether it is there or not.
    Get(&'a [u8]),
    /// All entries were read.
    Whole,
    /// The number of entries was read, or whether there are any.
    Size,
    /// The entry under this key is being set to this value.
    Put(&'a [u8], &'a Value),
    /// The entry under this key is being removed.
    Remove(&'a [u8]),
    /// Any entry may have been written.
    Change,
}

/// Who is told of accesses.
pub trait Watcher {
    /// A map was accessed. `map` is its [`super::Map::address`].
    fn accessed(&mut self, map: usize, access: Access<'_>);
}

/// How many threads watch.
static WATCHING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static WATCHER: RefCell<Option<Rc<RefCell<dyn Watcher>>>> = const { RefCell::new(None) };
}

/// Watches this thread's accesses as long as it lives.
#[must_use]
pub struct Watch {
    outer: Option<Rc<RefCell<dyn Watcher>>>,
}

impl Watch {
    /// Tells `watcher` of every access from now on, instead of the one that is told now.
    pub fn start(watcher: Rc<RefCell<dyn Watcher>>) -> Watch {
        WATCHING.fetch_add(1, Ordering::Relaxed);
        Watch { outer: WATCHER.with_borrow_mut(|current| current.replace(watcher)) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHER.with_borrow_mut(|current| *current = self.outer.take());
        WATCHING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[inline(always)]
pub(super) fn is_watching() -> bool {
    WATCHING.load(Ordering::Relaxed) != 0
}

#[cold]
#[inline(never)]
pub(super) fn tell(map: usize, access: Access<'_>) {
    WATCHER.with(|watcher| {
        if let Ok(watcher) = watcher.try_borrow()
            && let Some(watcher) = &*watcher
            // A watcher that looks into maps itself is not told of it.
            && let Ok(mut watcher) = watcher.try_borrow_mut()
        {
            watcher.accessed(map, access);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Map, Value};

    #[derive(Default)]
    struct Log(Vec<(usize, String)>);

    impl Watcher for Log {
        fn accessed(&mut self, map: usize, access: Access<'_>) {
            let shown = match access {
                Access::Get(key) => format!("get {}", String::from_utf8_lossy(key)),
                Access::Put(key, _) => format!("put {}", String::from_utf8_lossy(key)),
                Access::Remove(key) => format!("remove {}", String::from_utf8_lossy(key)),
                other => format!("{other:?}").to_lowercase(),
            };
            self.0.push((map, shown));
        }
    }

    #[test]
    fn every_access_is_told_while_a_watch_lives() {
        let map = Map::default();
        let log = Rc::new(RefCell::new(Log::default()));
        map.insert("before", Value::Null);
        {
            let _watch = Watch::start(log.clone());
            map.get("a");
            map.insert("b", Value::Null);
            map.contains_key("c");
            map.entries();
            map.is_empty();
            map.update(|_| ());
            map.viewed_as(crate::value::MapType::Values).remove("b");
        }
        map.get("after");
        let log = &log.borrow().0;
        assert!(log.iter().all(|(address, _)| *address == map.address()));
        let told: Vec<&str> = log.iter().map(|(_, what)| what.as_str()).collect();
        assert_eq!(told, ["get a", "put b", "get c", "whole", "size", "change", "remove b"]);
    }
}
