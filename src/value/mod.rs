//! The data model that both template languages share.
//!
//! A [`Value`] can say everything that either language can tell apart: Go's integer kinds, typed
//! nils, byte strings that are not UTF-8, named map and slice types. Jinja sees none of the Go kinds.
//!
//! Maps and lists are handles: a clone shares the contents, as in Go and in Python. So `set .Values "x" 1`
//! in one template is seen by the next (the istio charts depend on it).

mod complex;
mod list;
mod map;
pub mod number;
mod object;
pub mod print;
pub(crate) mod size;
mod str;
pub mod watch;

pub use self::complex::Complex;
pub(crate) use self::list::ListCell;
pub use self::list::{Elem, List};
pub(crate) use self::map::MapCell;
pub use self::map::{Map, MapType};
pub use self::object::{Kind, Object, ObjectError};
pub use self::size::Room;
pub use self::str::Str;

use std::sync::Arc;

/// Which of Go's integer types an integer has; `printf "%T"`, `typeOf` and arithmetic tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntKind {
    /// Go's `int`: literals in templates, `len`, `int`.
    Int,
    /// `int8`
    Int8,
    /// `int16`
    Int16,
    /// `int32` (`rune`)
    Int32,
    /// `int64`: `--set`, `int64`, and all of Sprig's arithmetic.
    Int64,
    /// `uint`
    Uint,
    /// `uint8` (`byte`): what indexing a string or `[]byte` gives.
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
}

impl IntKind {
    /// Go's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            IntKind::Int => "int",
            IntKind::Int8 => "int8",
            IntKind::Int16 => "int16",
            IntKind::Int32 => "int32",
            IntKind::Int64 => "int64",
            IntKind::Uint => "uint",
            IntKind::Uint8 => "uint8",
            IntKind::Uint16 => "uint16",
            IntKind::Uint32 => "uint32",
            IntKind::Uint64 => "uint64",
        }
    }

    /// Whether the type is one of the unsigned ones.
    pub fn is_unsigned(self) -> bool {
        matches!(self, IntKind::Uint | IntKind::Uint8 | IntKind::Uint16 | IntKind::Uint32 | IntKind::Uint64)
    }
}

/// An integer with its Go type. The bits are kept in an `i64`; unsigned kinds read them as `u64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Int {
    bits: i64,
    kind: IntKind,
}

impl Int {
    /// An integer of a signed or unsigned kind from its bits (two's complement).
    pub fn new(bits: i64, kind: IntKind) -> Int {
        Int { bits, kind }
    }

    /// The Go type.
    pub fn kind(self) -> IntKind {
        self.kind
    }

    /// The value as Go's `int64(x)` conversion gives it.
    pub fn as_i64(self) -> i64 {
        self.bits
    }

    /// The value as Go's `uint64(x)` conversion gives it.
    pub fn as_u64(self) -> u64 {
        self.bits as u64
    }

    /// The value itself, whatever the kind.
    pub fn as_i128(self) -> i128 {
        if self.kind.is_unsigned() { i128::from(self.bits as u64) } else { i128::from(self.bits) }
    }
}

/// Any value that a template can see.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Go's `nil` of interface type, YAML's and JSON's null, Jinja's `none`.
    #[default]
    Null,
    /// A nil pointer, map or slice of a known Go type (`map[string]string(nil)`).
    TypedNil(&'static NilType),
    /// A boolean.
    Bool(bool),
    /// An integer of a Go kind.
    Int(Int),
    /// A `float64`. Every number of a YAML file is one, as in Helm.
    Float(f64),
    /// A Go string: bytes, most often UTF-8.
    String(Str),
    /// Go's `[]byte` (`[]uint8`).
    Bytes(Arc<[u8]>),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// Anything with methods or fields of its own: `Files`, `Capabilities`, a time, a semantic version.
    Object(Arc<dyn Object>),
}

/// The Go type of a typed nil.
#[derive(Debug, PartialEq, Eq)]
pub struct NilType {
    /// What `printf "%T"` prints.
    pub name: &'static str,
    /// What kind of type it is (a pointer, a map, a slice).
    pub kind: Kind,
}

impl Value {
    /// A Go `int`.
    pub fn int(n: i64) -> Value {
        Value::Int(Int::new(n, IntKind::Int))
    }

    /// A Go `int64`.
    pub fn int64(n: i64) -> Value {
        Value::Int(Int::new(n, IntKind::Int64))
    }

    /// A Go `uint8`.
    pub fn uint8(n: u8) -> Value {
        Value::Int(Int::new(i64::from(n), IntKind::Uint8))
    }

    /// A string.
    pub fn string(s: impl Into<Str>) -> Value {
        Value::String(s.into())
    }

    /// A list of `[]interface {}` type.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(List::new(Elem::Any, items))
    }

    /// A list of `[]string` type.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Value {
        Value::List(List::new(Elem::String, items.into_iter().map(|s| Value::String(s.into())).collect()))
    }

    /// Whether the value is nil in Go's sense, typed or not.
    pub fn is_nil(&self) -> bool {
        match self {
            Value::Null | Value::TypedNil(_) => true,
            Value::Object(o) => o.is_nil(),
            _ => false,
        }
    }

    /// The string's bytes as text, if this is a string and valid UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => s.as_str(),
            _ => None,
        }
    }

    /// The map, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The list, if this is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(l) => Some(l),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Go's kind of the value (`kindOf`); `Kind::Invalid` for nil.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Invalid,
            Value::TypedNil(t) => t.kind,
            Value::Bool(_) => Kind::Bool,
            Value::Int(i) => Kind::Int(i.kind()),
            Value::Float(_) => Kind::Float64,
            Value::String(_) => Kind::String,
            Value::Bytes(_) | Value::List(_) => Kind::Slice,
            Value::Map(_) => Kind::Map,
            Value::Object(o) => o.kind(),
        }
    }

    /// Go's name of the value's type, as `printf "%T"` prints it; `<nil>` for nil.
    pub fn type_name(&self) -> &str {
        match self {
            Value::Null => "<nil>",
            Value::TypedNil(t) => t.name,
            Value::Bool(_) => "bool",
            Value::Int(i) => i.kind().name(),
            Value::Float(_) => "float64",
            Value::String(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::List(l) => l.elem().slice_name(),
            Value::Map(m) => m.map_type().name(),
            Value::Object(o) => o.type_name(),
        }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Bool(b)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Value {
        Value::Float(f)
    }
}

impl From<Str> for Value {
    fn from(s: Str) -> Value {
        Value::String(s)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Value {
        Value::String(s.into())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Value {
        Value::String(s.into())
    }
}

impl From<Map> for Value {
    fn from(m: Map) -> Value {
        Value::Map(m)
    }
}

impl From<List> for Value {
    fn from(l: List) -> Value {
        Value::List(l)
    }
}

/// Shows each map of a value, itself included, in no order; what lies deeper than `deepest` levels is left out.
pub fn each_map(value: &Value, deepest: usize, visit: &mut dyn FnMut(&Map)) {
    let mut left = vec![(value.clone(), 0)];
    while let Some((value, depth)) = left.pop() {
        if depth > deepest {
            continue;
        }
        match value {
            Value::List(list) => left.extend(list.items().into_iter().map(|item| (item, depth + 1))),
            Value::Map(map) => {
                visit(&map);
                left.extend(map.entries().into_iter().map(|(_, value)| (value, depth + 1)));
            }
            _ => {}
        }
    }
}

/// Takes containers apart without recursion, so that dropping a value nested a million deep is safe.
/// `children` are the contents of a container that is going away.
fn drop_flat(mut children: Vec<Value>) {
    while let Some(value) = children.pop() {
        match value {
            Value::List(l) => l.take_if_last(&mut children),
            Value::Map(m) => m.take_if_last(&mut children),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_million_nested_lists_does_not_recurse() {
        let mut v = Value::list(vec![]);
        for i in 0..1_000_000 {
            v = if i % 2 == 0 {
                Value::list(vec![v])
            } else {
                let m = Map::new(MapType::Any);
                m.insert("k", v);
                Value::Map(m)
            };
        }
        drop(v);
    }

    #[test]
    fn a_clone_of_a_map_shares_its_contents() {
        let m = Map::new(MapType::Any);
        let other = m.clone();
        other.insert("a", Value::int(1));
        assert!(m.contains_key("a"));
        assert!(m.is_same(&other));
    }

    #[test]
    fn a_view_of_a_map_shares_its_contents_under_another_type() {
        let m = Map::new(MapType::Any);
        let view = m.viewed_as(MapType::Values);
        view.insert("a", Value::int(1));
        assert!(m.contains_key("a") && m.is_same(&view));
        assert_eq!((m.map_type(), view.map_type()), (MapType::Any, MapType::Values));
        assert_eq!(view.viewed_as(MapType::Any).len(), 1);
    }

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(std::mem::size_of::<Value>(), 24);
    }

    #[test]
    fn a_map_that_contains_itself_can_be_made() {
        let m = Map::new(MapType::Any);
        m.insert("self", Value::Map(m.clone()));
        m.remove("self");
    }
}
