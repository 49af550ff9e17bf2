//! The sink that makes a value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::value::{Int, IntKind, Map, MapType, Room, Str, Value, size};

use super::super::decode::Numbers;
use super::super::meaning::scalar_key;
use super::super::resolve::{Scalar, resolve};
use super::{Kind, Sink, read};

/// The value of a text, if it is simple enough and there is room for it.
pub(in super::super) fn build(text: &[u8], numbers: Numbers, room: &mut Room) -> Option<Value> {
    let builder = Builder { open: Vec::with_capacity(16), done: Value::Null, numbers, room };
    read(text, builder).map(|b| b.done)
}

enum Collection {
    List(Vec<Value>),
    Map(Vec<(Str, Value)>, Str),
}

struct Builder<'r> {
    open: Vec<Collection>,
    done: Value,
    numbers: Numbers,
    room: &'r mut Room,
}

impl Builder<'_> {
    fn text(&mut self, text: Cow<'_, [u8]>) -> Option<Str> {
        self.room.take(size::of_text(text.len()))?;
        Some(Str::from_bytes(text))
    }

    fn put(&mut self, value: Value) -> Option<()> {
        match self.open.last_mut() {
            Some(Collection::List(items)) => {
                self.room.take(size::ITEM)?;
                items.push(value);
            }
            Some(Collection::Map(entries, key)) => {
                self.room.take(size::ENTRY)?;
                entries.push((std::mem::take(key), value));
            }
            None => self.done = value,
        }
        Some(())
    }
}

impl<'a> Sink<'a> for Builder<'_> {
    fn null(&mut self) -> Option<()> {
        self.put(Value::Null)
    }

    fn plain(&mut self, text: Cow<'a, [u8]>) -> Option<()> {
        let value = match resolve(&text) {
            Scalar::Str => Value::String(self.text(text)?),
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) if self.numbers == Numbers::Kept => Value::int64(i),
            Scalar::Uint(u) if self.numbers == Numbers::Kept => {
                Value::Int(Int::new(u as i64, IntKind::Uint64))
            }
            Scalar::Int(i) => Value::Float(i as f64),
            Scalar::Uint(u) => Value::Float(u as f64),
            Scalar::Float(f) if f.is_finite() => Value::Float(f),
            Scalar::Float(_) => return None,
        };
        self.put(value)
    }

    fn string(&mut self, text: Cow<'a, [u8]>) -> Option<()> {
        let text = self.text(text)?;
        self.put(Value::String(text))
    }

    fn key(&mut self, text: Cow<'a, [u8]>, plain: bool) -> Option<()> {
        let text = if plain { scalar_key(resolve(&text), &text)? } else { self.text(text)? };
        match self.open.last_mut()? {
            Collection::Map(_, key) => *key = text,
            Collection::List(_) => return None,
        }
        Some(())
    }

    fn open(&mut self, kind: Kind) -> Option<()> {
        self.room.take(size::LIST)?;
        self.open.push(match kind {
            Kind::List => Collection::List(Vec::new()),
            Kind::Map => Collection::Map(Vec::new(), Str::EMPTY),
        });
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let value = match self.open.pop()? {
            Collection::List(items) => Value::list(items),
            Collection::Map(entries, _) => {
                self.room.take(size::of_map(entries.len().min(1)) - size::LIST)?;
                Value::Map(Map::from_entries(MapType::Any, BTreeMap::from_iter(entries)))
            }
        };
        self.put(value)
    }
}
