//! Arguments of library functions, taken with the type that the function's signature promises.
//!
//! In Go the engine has checked types before; in Jinja a wrong one may come through, and is an error here.

use super::FunctionError;
use crate::value::{Kind, List, Map, Str, Value};

/// The argument at `index`; null if there is none.
pub(crate) fn any(args: &[Value], index: usize) -> &Value {
    static NULL: Value = Value::Null;
    args.get(index).unwrap_or(&NULL)
}

/// The string at `index`.
pub(crate) fn string(args: &[Value], index: usize) -> Result<&Str, FunctionError> {
    match any(args, index) {
        Value::String(s) => Ok(s),
        other => Err(wrong_type("string", other)),
    }
}

/// The integer at `index`. A float that is whole counts as one: that is how values files hold integers.
pub(crate) fn int(args: &[Value], index: usize) -> Result<i64, FunctionError> {
    match any(args, index) {
        Value::Int(i) => Ok(i.as_i64()),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Ok(*f as i64),
        other => Err(wrong_type("int", other)),
    }
}

/// The boolean at `index`.
pub(crate) fn boolean(args: &[Value], index: usize) -> Result<bool, FunctionError> {
    match any(args, index) {
        Value::Bool(b) => Ok(*b),
        other => Err(wrong_type("bool", other)),
    }
}

/// The map at `index`; `None` for a nil one.
pub(crate) fn dict(args: &[Value], index: usize) -> Result<Option<&Map>, FunctionError> {
    match any(args, index) {
        Value::Map(m) => Ok(Some(m)),
        Value::Null => Ok(None),
        Value::TypedNil(t) if t.kind == Kind::Map => Ok(None),
        other => Err(wrong_type("map[string]interface {}", other)),
    }
}

/// What text/template says of a value of the wrong type (text/template exec.go: `validateType`).
pub(crate) fn wrong_type(expected: &str, got: &Value) -> FunctionError {
    let got = if matches!(got, Value::Null) { "interface {}" } else { got.type_name() };
    FunctionError::new(format!("wrong type for value; expected {expected}; got {got}"))
}

/// What Go's runtime says when a function looks at the type of nil.
pub(crate) fn nil_dereference() -> FunctionError {
    FunctionError::new("runtime error: invalid memory address or nil pointer dereference")
}

/// The items of a slice, as a list of its own; `None` if the value is no slice.
pub(crate) fn slice(value: &Value) -> Option<List> {
    match value {
        Value::List(l) => Some(l.clone()),
        Value::Bytes(b) => {
            let items = b.iter().map(|&byte| Value::uint8(byte)).collect();
            Some(List::new(crate::value::Elem::Other("[]uint8"), items))
        }
        Value::TypedNil(t) if t.kind == Kind::Slice => Some(List::new(crate::value::Elem::Any, Vec::new())),
        Value::Object(o) if o.kind() == Kind::Slice => slice(&o.as_container()?),
        _ => None,
    }
}
