//! What is known of a value by where it stands.

use std::collections::HashMap;

use data_encoding::BASE64;

use crate::compare::path::Format;
use crate::compare::{Path, Step};
use crate::value::{List, Map, Str, Value};
use crate::yaml;

use super::lines;
use super::names::{self, Meaning};
use super::walk::MAX_DEPTH;

/// How secret a value is by where it stands, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Not by where it stands.
    Plain,
    /// It stands under a name that says so.
    Named {
        /// Whether numbers are secret, too.
        strict: bool,
        /// Whether it is none if it is the name of a Secret.
        may_be_name: bool,
    },
    /// All of it is: it stands in a Secret.
    All {
        /// Whether it is in base64.
        encoded: bool,
    },
}

/// Where a value stands, as far as that matters.
#[derive(Clone, Copy, Debug)]
pub(in crate::diff) struct Context {
    pub(super) state: State,
    /// Whether it is a schema, in which names are names of fields, not of values.
    pub(super) schema: bool,
    /// Texts that were read on the way.
    pub(super) texts: u8,
    /// Maps and lists on the way.
    pub(super) depth: u16,
}

/// What the entries of a map say about each other.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::diff) struct Facts {
    /// It is a Secret.
    secret: bool,
    /// It is a definition of a custom resource.
    definition: bool,
    /// The meaning of the name of a `{name: …, value: …}`.
    name: Option<(Meaning, bool)>,
}

impl Facts {
    pub fn of(map: &Map) -> Facts {
        let map = map.read();
        let text = |key: &str| map.get(key.as_bytes()).and_then(Value::as_str);
        let kind = text("kind").unwrap_or_default();
        let name = ["name", "Name", "key", "Key"].iter().find_map(|key| text(key));
        Facts {
            secret: kind == "Secret" && !text("apiVersion").is_some_and(|version| version.contains('/')),
            definition: kind == "CustomResourceDefinition",
            name: name.map(|name| (names::meaning(name), names::may_name_a_secret(name))),
        }
    }
}

impl Context {
    /// An object, or all values.
    pub const ROOT: Context = Context { state: State::Plain, schema: false, texts: 0, depth: 0 };

    fn deeper(self, state: State) -> Context {
        Context { state, depth: self.depth.saturating_add(1), ..self }
    }

    /// Under a key of a map.
    pub fn under_key(self, facts: Facts, key: &str) -> Context {
        const VALUES: [&str; 5] = ["value", "Value", "values", "default", "stringValue"];
        let own = Context { schema: self.schema || facts.definition, ..self };
        if own.schema || matches!(self.state, State::All { .. }) {
            return own.deeper(self.state);
        }
        if facts.secret && matches!(key, "data" | "stringData") {
            return own.deeper(State::All { encoded: key == "data" });
        }
        let of = |meaning, may_be_name| match meaning {
            Meaning::Secret { strict } => Some(State::Named { strict, may_be_name }),
            _ => None,
        };
        if let (true, Some((meaning, may_be_name))) = (VALUES.contains(&key), facts.name)
            && let Some(state) = of(meaning, may_be_name)
        {
            return own.deeper(state);
        }
        let meaning = names::meaning(key);
        let state = of(meaning, names::may_name_a_secret(key)).unwrap_or(match self.state {
            State::Named { may_be_name, .. } if meaning != Meaning::About && !names::is_structural(key) => {
                State::Named { strict: false, may_be_name }
            }
            _ => State::Plain,
        });
        own.deeper(state)
    }

    /// An item of a list; `before` is the item before it.
    pub fn item(self, before: Option<&Value>) -> Context {
        let flag = match before {
            Some(Value::String(before)) => self.state == State::Plain && lines::is_flag(before.as_bytes()),
            _ => false,
        };
        let state =
            if flag && !self.schema { State::Named { strict: true, may_be_name: false } } else { self.state };
        self.deeper(state)
    }

    /// Within a text.
    pub fn text(self) -> Context {
        Context { texts: self.texts.saturating_add(1), ..self }
    }

    /// What both sides' contexts say together: the more secret one.
    fn or(self, other: Context) -> Context {
        Context { state: self.state.max(other.state), schema: self.schema && other.schema, ..self }
    }
}

/// Finds the contexts of fields of one pair of objects.
pub(in crate::diff) struct Contexts<'a> {
    roots: [Option<&'a Value>; 2],
    /// The texts that were read, by their address.
    texts: HashMap<(usize, usize), Option<Value>>,
}

impl<'a> Contexts<'a> {
    /// The values are that of the old and that of the new object.
    pub fn new(old: Option<&'a Value>, new: Option<&'a Value>) -> Contexts<'a> {
        Contexts { roots: [old, new], texts: HashMap::new() }
    }

    /// The context of the field at a path. If it stands within a text that is secret as a whole, the path is cut
    /// there, and the values of the text on both sides are given instead of those of the field.
    pub fn of(&mut self, path: &mut Path) -> (Context, Option<[Option<Value>; 2]>) {
        let mut values = self.roots.map(|root| root.cloned());
        let mut context = Context::ROOT;
        for (i, step) in path.0.iter().enumerate() {
            if context.depth > MAX_DEPTH {
                break;
            }
            if let Step::Text(format) = step {
                if context.state != State::Plain {
                    path.0.truncate(i);
                    return (context, Some(values));
                }
                values = values.map(|value| self.read(&value?, *format));
                context = context.text();
                continue;
            }
            let contexts = [0, 1].map(|side| Some(context.step(values.get(side)?.as_ref()?, side, step)));
            let known = contexts.into_iter().flatten().reduce(Context::or);
            context = known.unwrap_or_else(|| context.step(&Value::Null, 0, step));
            let mut side = 0;
            values = values.map(|value| {
                side += 1;
                child(&value?, side - 1, step)
            });
        }
        (context, None)
    }

    fn read(&mut self, value: &Value, format: Format) -> Option<Value> {
        let Value::String(text) = value else { return None };
        let address = (text.as_bytes().as_ptr() as usize, text.len());
        self.texts.entry(address).or_insert_with(|| read(text, format)).clone()
    }
}

fn read(text: &Str, format: Format) -> Option<Value> {
    match format {
        Format::Json | Format::Yaml => yaml::decode_with_integers(text.as_bytes()).ok(),
        Format::Base64 => {
            BASE64.decode(text.as_bytes()).ok().map(|bytes| Value::String(Str::from_bytes(bytes)))
        }
    }
}

impl Context {
    fn step(self, value: &Value, side: usize, step: &Step) -> Context {
        match step {
            Step::Key(key) => {
                let facts = value.as_map().map(Facts::of).unwrap_or_default();
                self.under_key(facts, &key.to_text())
            }
            _ => {
                let before = index(step, side).and_then(|i| i.checked_sub(1));
                let before =
                    before.and_then(|before| value.as_list().and_then(|list: &List| list.get(before)));
                self.item(before.as_ref())
            }
        }
    }
}

fn index(step: &Step, side: usize) -> Option<usize> {
    match step {
        Step::Item { old, new, .. } | Step::Index { old, new } => {
            if side == 0 {
                *old
            } else {
                *new
            }
        }
        _ => None,
    }
}

fn child(value: &Value, side: usize, step: &Step) -> Option<Value> {
    match step {
        Step::Key(key) => value.as_map()?.get(key),
        _ => value.as_list()?.get(index(step, side)?),
    }
}
