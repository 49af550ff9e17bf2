//! Values as Go's reflection sees them while a template runs.

use std::borrow::Cow;

use crate::functions::Type;
use crate::template::objects::VERSION_SET;
use crate::value::{Elem, Kind, MapType, NilType, Value};

/// A value and what is known of its static Go type.
#[derive(Clone, Debug, Default)]
pub(super) struct Operand {
    pub value: Value,
    /// Whether the static type is `interface {}`: an entry of a map or list, or the result of a function that
    /// is declared so. A nil of this type is not the same as no value at all: `(.x).y` and `.x.y` differ.
    pub interface: bool,
    /// Whether it was reached through a pointer, so that methods of its pointer print it.
    pub in_place: bool,
}

impl Operand {
    /// A value of its own concrete type. Null is Go's invalid value.
    pub fn concrete(value: Value) -> Operand {
        Operand { value, interface: false, in_place: false }
    }

    /// A value of static type `interface {}`.
    pub fn interface(value: Value) -> Operand {
        Operand { value, interface: true, in_place: false }
    }

    /// Forgets that the value came as an interface.
    pub fn strip(self) -> Operand {
        Operand { interface: false, ..self }
    }

    /// Go's invalid value: nil, and not a nil of interface type.
    pub fn is_invalid(&self) -> bool {
        !self.interface && matches!(self.value, Value::Null)
    }

    /// The name of the static type.
    pub fn type_name(&self) -> &str {
        if self.interface { "interface {}" } else { self.value.type_name() }
    }
}

/// What a missing key of a map gives: the zero value of its element type.
pub(super) fn zero_entry(map_type: MapType) -> Operand {
    match map_type {
        MapType::Any | MapType::Values => Operand::interface(Value::Null),
        MapType::String => Operand::concrete(Value::from("")),
        MapType::Other(name) => zero_of(name.strip_prefix("map[string]").unwrap_or_default()),
    }
}

fn zero_of(type_name: &str) -> Operand {
    match type_name {
        "string" => Operand::concrete(Value::from("")),
        "bool" => Operand::concrete(Value::Bool(false)),
        "int" => Operand::concrete(Value::int(0)),
        "int64" => Operand::concrete(Value::int64(0)),
        "float64" => Operand::concrete(Value::Float(0.0)),
        "[]string" => Operand::concrete(nil(Type::Strings)),
        "[]uint8" => Operand::concrete(nil(Type::Bytes)),
        "[]interface {}" => Operand::concrete(nil(Type::List)),
        "map[string]interface {}" => Operand::concrete(nil(Type::Dict)),
        _ => Operand::interface(Value::Null),
    }
}

/// Whether the items of such a list are of static type `interface {}`.
pub(super) fn has_interface_items(elem: Elem) -> bool {
    match elem {
        Elem::Any => true,
        Elem::String | Elem::Int => false,
        Elem::Other(name) => name.ends_with("interface {}"),
    }
}

/// Whether a type has a nil (`canBeNil`).
pub(super) fn can_be_nil(ty: Type) -> bool {
    match ty {
        Type::Any | Type::Bytes | Type::List | Type::Strings | Type::Dict => true,
        Type::Bool | Type::Int | Type::Int64 | Type::Float64 | Type::String => false,
        Type::Other(name) => {
            name.starts_with(['*', '[']) || name.starts_with("map[") || name.starts_with("func(")
        }
    }
}

/// The nil of a type that has one.
pub(super) fn nil(ty: Type) -> Value {
    static DICT: NilType = NilType { name: "map[string]interface {}", kind: Kind::Map };
    static LIST: NilType = NilType { name: "[]interface {}", kind: Kind::Slice };
    static STRINGS: NilType = NilType { name: "[]string", kind: Kind::Slice };
    static BYTES: NilType = NilType { name: "[]uint8", kind: Kind::Slice };
    match ty {
        Type::Dict => Value::TypedNil(&DICT),
        Type::List => Value::TypedNil(&LIST),
        Type::Strings => Value::TypedNil(&STRINGS),
        Type::Bytes => Value::TypedNil(&BYTES),
        _ => Value::Null,
    }
}

/// Whether a value may be given where this type is wanted (`reflect.Type.AssignableTo`).
pub(super) fn is_assignable(value: &Value, ty: Type) -> bool {
    use crate::value::IntKind;
    match (ty, value) {
        (Type::Any, _) | (Type::Bool, Value::Bool(_)) | (Type::Float64, Value::Float(_)) => true,
        (Type::String, Value::String(_)) | (Type::Bytes, Value::Bytes(_)) => true,
        (Type::Int, Value::Int(n)) => n.kind() == IntKind::Int,
        (Type::Int64, Value::Int(n)) => n.kind() == IntKind::Int64,
        (Type::List, Value::List(l)) => l.elem() == Elem::Any,
        // A named type is assignable to its own unnamed one.
        (Type::Strings, Value::List(l)) => l.elem() == Elem::String || l.elem() == VERSION_SET,
        (Type::Dict, Value::Map(m)) => matches!(m.map_type(), MapType::Any | MapType::Values),
        (_, Value::Null) => false,
        (_, value) => value.type_name() == ty.name(),
    }
}

/// What is left of a container object when it is walked: its data.
pub(super) fn contents(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Object(o) => match o.as_container() {
            Some(data) => Cow::Owned(data),
            None => Cow::Borrowed(value),
        },
        _ => Cow::Borrowed(value),
    }
}
