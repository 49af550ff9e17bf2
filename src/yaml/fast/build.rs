//! The sink that makes a value.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::value::{Int, IntKind, Map, MapType, Str, Value};

use super::super::decode::Numbers;
use super::super::meaning::scalar_key;
use super::super::resolve::{Scalar, resolve};
use super::{Kind, Sink, read};

/// The value of a text, if it is simple enough.
pub(in super::super) fn build(text: &[u8], numbers: Numbers) -> Option<Value> {
    let builder = Builder { open: Vec::with_capacity(16), done: Value::Null, numbers };
    read(text, builder).map(|b| b.done)
}

enum Collection {
    List(Vec<Value>),
    Map(Vec<(Str, Value)>, Str),
}

struct Builder {
    open: Vec<Collection>,
    done: Value,
    numbers: Numbers,
}

impl Builder {
    #[allow(clippy::unnecessary_wraps, reason = "the sink's methods return it")]
    fn put(&mut self, value: Value) -> Option<()> {
        match self.open.last_mut() {
            Some(Collection::List(items)) => items.push(value),
            Some(Collection::Map(entries, key)) => entries.push((std::mem::take(key), value)),
            None => self.done = value,
        }
        Some(())
    }
}

impl<'a> Sink<'a> for Builder {
    fn null(&mut self) -> Option<()> {
        self.put(Value::Null)
    }

    fn plain(&mut self, text: Cow<'a, [u8]>) -> Option<()> {
        let value = match resolve(&text) {
            Scalar::Str => Value::String(Str::from_bytes(text)),
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
        self.put(Value::String(Str::from_bytes(text)))
    }

    fn key(&mut self, text: Cow<'a, [u8]>, plain: bool) -> Option<()> {
        let text = if plain { scalar_key(resolve(&text), &text)? } else { Str::from_bytes(text) };
        match self.open.last_mut()? {
            Collection::Map(_, key) => *key = text,
            Collection::List(_) => return None,
        }
        Some(())
    }

    fn open(&mut self, kind: Kind) -> Option<()> {
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
                Value::Map(Map::from_entries(MapType::Any, BTreeMap::from_iter(entries)))
            }
        };
        self.put(value)
    }
}
