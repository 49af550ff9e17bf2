//! Dictionaries with keys that are not strings. Most have string keys, and are the maps of Torii's model.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value as Jinja, ValueKind};
use minijinja::{Error, State};
use parking_lot::RwLock;

use super::args::{self, bind};
use super::convert::{new_list, tuple};
use super::globals::string_map;
use super::methods::pairs;
use super::ops;
use super::output::{describe, flow};
use super::{fail, undefined};

/// A dictionary in the order in which its keys were set.
pub(super) struct Dict {
    entries: RwLock<Vec<(Jinja, Jinja)>>,
}

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

impl Dict {
    /// A mapping of these pairs; the last of equal keys wins.
    ///
    /// # Errors
    /// For keys that cannot be one: lists, mappings, undefined values.
    pub(super) fn make(entries: Vec<(Jinja, Jinja)>) -> Result<Jinja, Error> {
        if let Some(map) = string_map(&entries) {
            return Ok(map);
        }
        let dict = Dict { entries: RwLock::new(Vec::new()) };
        for (key, value) in entries {
            check_key(&key)?;
            dict.set(key, value)?;
        }
        Ok(Jinja::from_object(dict))
    }

    fn position(&self, key: &Jinja) -> Option<usize> {
        self.entries.read().iter().position(|(k, _)| ops::equal(k, key).unwrap_or(false))
    }

    fn get(&self, key: &Jinja) -> Option<Jinja> {
        let at = self.position(key)?;
        self.entries.read().get(at).map(|(_, v)| v.clone())
    }

    fn set(&self, key: Jinja, value: Jinja) -> Result<(), Error> {
        let at = self.position(&key);
        let mut entries = self.entries.write();
        if let Some(entry) = at.and_then(|i| entries.get_mut(i)) {
            entry.1 = value;
            return Ok(());
        }
        if entries.len() >= 10_000 {
            return Err(fail(
                "a mapping of more than 10,000 keys that are not all strings is over the limit",
            ));
        }
        entries.push((key, value));
        Ok(())
    }

    fn snapshot(&self) -> Vec<(Jinja, Jinja)> {
        self.entries.read().clone()
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.snapshot().into_iter().map(|(k, _)| k).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.read().len())
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Jinja],
    ) -> Result<Jinja, Error> {
        match method {
            "get" | "setdefault" => {
                let [key, default] = bind(method, args, ["key", "default"], 1)?;
                let key = key.unwrap_or_default();
                if let Some(found) = self.get(&key) {
                    return Ok(found);
                }
                let default = default.unwrap_or(Jinja::from(()));
                if method == "setdefault" {
                    check_key(&key)?;
                    self.set(key, default.clone())?;
                }
                Ok(default)
            }
            "pop" => {
                let [key, default] = bind(method, args, ["key", "default"], 1)?;
                let key = key.unwrap_or_default();
                match (self.position(&key), default) {
                    (Some(at), _) => Ok(self.entries.write().remove(at).1),
                    (None, Some(default)) => Ok(default),
                    (None, None) => Err(fail(format!("there is no key {} to pop", flow(&key)?))),
                }
            }
            "update" => {
                let (positional, named) = args::split(args);
                for other in positional {
                    for (key, value) in pairs(other)? {
                        check_key(&key)?;
                        self.set(key, value)?;
                    }
                }
                for (key, value) in args::named(named)? {
                    self.set(Jinja::from(key), value)?;
                }
                Ok(Jinja::from(()))
            }
            "keys" => Ok(new_list(self.snapshot().into_iter().map(|(k, _)| k))),
            "values" => Ok(new_list(self.snapshot().into_iter().map(|(_, v)| v))),
            "items" => Ok(new_list(self.snapshot().into_iter().map(|(k, v)| tuple(vec![k, v])))),
            "copy" => Ok(Jinja::from_object(Dict { entries: RwLock::new(self.snapshot()) })),
            "clear" => {
                self.entries.write().clear();
                Ok(Jinja::from(()))
            }
            _ => Err(fail(format!("a mapping has no method `{method}`"))),
        }
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dict")
    }
}
