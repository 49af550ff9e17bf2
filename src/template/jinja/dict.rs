//! The dictionaries that templates make. They keep the order in which their keys were set, and the keys need
//! not be strings; what comes from values is a map of Torii's model, sorted by key.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value as Jinja, ValueKind};
use minijinja::{Error, State};
use parking_lot::RwLock;

use super::args::{self, bind};
use super::convert::{new_list, tuple};
use super::methods::pairs;
use super::ops;
use super::output::{describe, flow};
use super::{fail, undefined};
use crate::diagnostic::nearest;

/// A dictionary in the order in which its keys were set.
#[derive(Default)]
pub(super) struct Dict {
    entries: RwLock<Entries>,
}

#[derive(Clone, Default)]
struct Entries {
    list: Vec<(Jinja, Jinja)>,
    /// Where the keys that are strings stand.
    strings: HashMap<String, usize>,
}

/// Keys that are not strings are searched one by one, so there may not be too many.
const MAX_OTHER_KEYS: usize = 10_000;

fn check_key(key: &Jinja) -> Result<(), Error> {
    match key.kind() {
        ValueKind::Undefined => Err(undefined()),
        ValueKind::Seq if key.is_tuple() => ops::items(key)?.iter().try_for_each(check_key),
        ValueKind::None | ValueKind::Bool | ValueKind::Number | ValueKind::String | ValueKind::Plain => {
            Ok(())
        }
        _ => Err(fail(format!("{} cannot be the key of a mapping", describe(key)))),
    }
}

fn string_key(key: &Jinja) -> Option<&str> {
    key.as_str().filter(|_| key.kind() == ValueKind::String)
}

impl Dict {
    /// Its values, in order.
    pub(super) fn values(&self) -> Vec<Jinja> {
        self.entries.read().list.iter().map(|(_, value)| value.clone()).collect()
    }
}

impl Entries {
    fn position(&self, key: &Jinja) -> Option<usize> {
        match string_key(key) {
            Some(text) => self.strings.get(text).copied(),
            None if self.list.len() == self.strings.len() => None,
            None => self.list.iter().position(|(k, _)| ops::equal(k, key).unwrap_or(false)),
        }
    }

    fn set(&mut self, key: Jinja, value: Jinja) -> Result<(), Error> {
        check_key(&key)?;
        if let Some(entry) = self.position(&key).and_then(|i| self.list.get_mut(i)) {
            entry.1 = value;
            return Ok(());
        }
        if self.list.len() >= ops::MAX_ITEMS || self.list.len() - self.strings.len() >= MAX_OTHER_KEYS {
            return Err(ops::too_large("dict"));
        }
        ops::making(4)?;
        if let Some(text) = string_key(&key) {
            self.strings.insert(text.to_string(), self.list.len());
        }
        self.list.push((key, value));
        Ok(())
    }

    fn remove(&mut self, at: usize) -> Jinja {
        let (key, value) = self.list.remove(at);
        if let Some(text) = string_key(&key) {
            self.strings.remove(text);
        }
        self.strings.values_mut().filter(|i| **i > at).for_each(|i| *i -= 1);
        value
    }
}

impl Dict {
    /// A mapping of these pairs; the last of equal keys wins.
    ///
    /// # Errors
    /// For keys that cannot be one: lists, mappings, undefined values.
    pub(super) fn make(pairs: Vec<(Jinja, Jinja)>) -> Result<Jinja, Error> {
        let mut entries = Entries::default();
        for (key, value) in pairs {
            entries.set(key, value)?;
        }
        Ok(Jinja::from_object(Dict { entries: RwLock::new(entries) }))
    }

    fn snapshot(&self) -> Vec<(Jinja, Jinja)> {
        self.entries.read().list.clone()
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let entries = self.entries.read();
        let at = entries.position(key)?;
        entries.list.get(at).map(|(_, v)| v.clone())
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        let entries = self.entries.read();
        let at = entries.strings.get(key)?;
        entries.list.get(*at).map(|(_, v)| v.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.read().list.iter().map(|(k, _)| k.clone()).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.read().list.len())
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        let result = self.method(state, method, args);
        ops::charge(state, result)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&flow(&Jinja::from_dyn_object(self.clone())).map_err(|_| fmt::Error)?)
    }
}

impl Dict {
    fn method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        if matches!(method, "pop" | "popitem" | "copy") {
            ops::work(self.entries.read().list.len())?;
        }
        match method {
            "get" | "setdefault" => {
                let [key, default] = bind(method, args, ["key", "default"], 1)?;
                let key = key.unwrap_or_default();
                if let Some(found) = self.get_value(&key) {
                    return Ok(found);
                }
                let default = default.unwrap_or(Jinja::from(()));
                if method == "setdefault" {
                    self.entries.write().set(key, default.clone())?;
                }
                Ok(default)
            }
            "pop" => {
                let [key, default] = bind(method, args, ["key", "default"], 1)?;
                let key = key.unwrap_or_default();
                let mut entries = self.entries.write();
                match (entries.position(&key), default) {
                    (Some(at), _) => Ok(entries.remove(at)),
                    (None, Some(default)) => Ok(default),
                    (None, None) => Err(fail(format!("there is no key {} to pop", flow(&key)?))),
                }
            }
            "popitem" => {
                let [] = bind(method, args, [], 0)?;
                let mut entries = self.entries.write();
                let Some((key, value)) = entries.list.last().cloned() else {
                    return Err(fail("the mapping is empty"));
                };
                let last = entries.list.len() - 1;
                entries.remove(last);
                Ok(tuple(vec![key, value]))
            }
            "update" => {
                let (positional, named) = args::split(args);
                let mut new = Vec::new();
                for other in positional {
                    new.extend(pairs(other)?);
                }
                new.extend(args::named(named)?.into_iter().map(|(k, v)| (Jinja::from(k), v)));
                let mut entries = self.entries.write();
                for (key, value) in new {
                    entries.set(key, value)?;
                }
                Ok(Jinja::from(()))
            }
            "keys" => {
                let [] = bind(method, args, [], 0)?;
                Ok(new_list(self.snapshot().into_iter().map(|(k, _)| k)))
            }
            "values" => {
                let [] = bind(method, args, [], 0)?;
                Ok(new_list(self.snapshot().into_iter().map(|(_, v)| v)))
            }
            "items" => {
                let [] = bind(method, args, [], 0)?;
                Ok(new_list(self.snapshot().into_iter().map(|(k, v)| tuple(vec![k, v]))))
            }
            "copy" => {
                let [] = bind(method, args, [], 0)?;
                ops::making(self.entries.read().list.len().saturating_mul(4))?;
                Ok(Jinja::from_object(Dict { entries: RwLock::new(self.entries.read().clone()) }))
            }
            "clear" => {
                let [] = bind(method, args, [], 0)?;
                *self.entries.write() = Entries::default();
                Ok(Jinja::from(()))
            }
            // A value under the key that can be called: a macro kept in a dictionary.
            _ => match self.get_value_by_str(method) {
                Some(value) => value.call(state, args),
                None => {
                    let error = fail(format!("a mapping has no method `{method}`"));
                    Err(match nearest(method, super::methods::MAP_METHODS.iter().copied()) {
                        Some(near) => super::errors::with_hint(error, format!("did you mean `{near}`?")),
                        None => error,
                    })
                }
            },
        }
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dict")
    }
}
