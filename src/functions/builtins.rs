//! The functions that text/template has by itself (`text/template/funcs.go`). Its `slice` isn't here, since
//! Sprig has another of that name; `and` and `or` look at all their arguments here, and stop early in the Go
//! engine.

use std::cmp::Ordering;

use super::args::{any, string};
use super::{Env, Function, FunctionError, FunctionResult, Type};
use crate::value::print::{PrintError, is_printable, sprint, sprintf, sprintln};
use crate::value::{Complex, Kind, MapType, Str, Value};

/// The functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("and", &[Type::Any], Type::Any, and).variadic(Type::Any),
    Function::new("or", &[Type::Any], Type::Any, or).variadic(Type::Any),
    Function::new("not", &[Type::Any], Type::Bool, not),
    Function::new("len", &[Type::Any], Type::Int, len),
    Function::new("index", &[Type::Any], Type::Any, index).variadic(Type::Any).collection_first(),
    Function::new("print", &[], Type::String, print).variadic(Type::Any),
    Function::new("printf", &[Type::String], Type::String, printf).variadic(Type::Any),
    Function::new("println", &[], Type::String, println).variadic(Type::Any),
    Function::new("html", &[], Type::String, html).variadic(Type::Any),
    Function::new("js", &[], Type::String, js).variadic(Type::Any),
    Function::new("urlquery", &[], Type::String, urlquery).variadic(Type::Any),
    Function::new("eq", &[Type::Any], Type::Bool, eq).variadic(Type::Any).collection_first(),
    Function::new("ne", &[Type::Any, Type::Any], Type::Bool, ne).collection_first(),
    Function::new("lt", &[Type::Any, Type::Any], Type::Bool, lt).collection_first(),
    Function::new("le", &[Type::Any, Type::Any], Type::Bool, le).collection_first(),
    Function::new("gt", &[Type::Any, Type::Any], Type::Bool, gt).collection_first(),
    Function::new("ge", &[Type::Any, Type::Any], Type::Bool, ge).collection_first(),
];

// Logic.

/// Whether a value counts as true in Go templates (`IsTrue`): not the zero or empty value of its type.
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null | Value::TypedNil(_) => false,
        Value::Bool(b) => *b,
        Value::Int(n) => n.as_i64() != 0,
        Value::Float(f) => *f != 0.0,
        Value::String(s) => !s.is_empty(),
        Value::Bytes(b) => !b.is_empty(),
        Value::List(l) => !l.is_empty(),
        Value::Map(m) => !m.is_empty(),
        Value::Object(o) => {
            if o.is_nil() {
                return false;
            }
            if let Some(c) = o.as_any().downcast_ref::<Complex>() {
                return c.re != 0.0 || c.im != 0.0;
            }
            match o.kind() {
                Kind::Struct | Kind::Ptr | Kind::Func => true,
                _ => match o.as_container().unwrap_or_else(|| o.to_plain()) {
                    Value::Object(_) => true,
                    plain => truth(&plain),
                },
            }
        }
    }
}

fn and(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(args.iter().find(|v| !truth(v)).or(args.last()).cloned().unwrap_or_default())
}

fn or(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(args.iter().find(|v| truth(v)).or(args.last()).cloned().unwrap_or_default())
}

fn not(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(!truth(any(args, 0))))
}

// Containers.

fn len(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::int(length(any(args, 0))? as i64))
}

/// The length of a string (in bytes), list or map.
///
/// # Errors
/// Of another value, in Go's words.
pub fn length(value: &Value) -> Result<usize, FunctionError> {
    match value {
        Value::String(s) => Ok(s.len()),
        Value::Bytes(b) => Ok(b.len()),
        Value::List(l) => Ok(l.len()),
        Value::Map(m) => Ok(m.len()),
        Value::TypedNil(nil) if matches!(nil.kind, Kind::Map | Kind::Slice) => Ok(0),
        Value::TypedNil(_) => Err("len of nil pointer".into()),
        Value::Null => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::Object(o) => match o.as_container() {
            Some(data) if !matches!(data, Value::Object(_)) => length(&data),
            _ => Err(format!("len of type {}", o.type_name().trim_start_matches('*')).into()),
        },
        other => Err(format!("len of type {}", other.type_name()).into()),
    }
}

fn index(_: &Env, args: &[Value]) -> FunctionResult {
    let (first, indexes) = args.split_first().ok_or("index of untyped nil")?;
    if matches!(first, Value::Null) {
        return Err("index of untyped nil".into());
    }
    let mut item = first.clone();
    for index in indexes {
        item = index_one(&item, index)?;
    }
    Ok(item)
}

fn index_one(item: &Value, index: &Value) -> FunctionResult {
    match item {
        Value::Null => Err("index of nil pointer".into()),
        Value::TypedNil(nil) if nil.kind == Kind::Slice => {
            position(index, 0)?;
            Err("reflect: slice index out of range".into())
        }
        Value::TypedNil(nil) if nil.kind == Kind::Map => {
            key(index)?;
            Ok(zero_entry(if nil.name == "map[string]string" { MapType::String } else { MapType::Any }))
        }
        Value::TypedNil(_) => Err("index of nil pointer".into()),
        Value::List(list) => {
            let at = position(index, list.len())?;
            list.get(at).ok_or_else(|| "reflect: slice index out of range".into())
        }
        Value::Bytes(bytes) => {
            let at = position(index, bytes.len())?;
            bytes.get(at).map(|&b| Value::uint8(b)).ok_or_else(|| "reflect: slice index out of range".into())
        }
        Value::String(s) => {
            let at = position(index, s.len())?;
            let byte = s.as_bytes().get(at);
            byte.map(|&b| Value::uint8(b)).ok_or_else(|| "reflect: string index out of range".into())
        }
        Value::Map(map) => Ok(map.get(key(index)?).unwrap_or_else(|| zero_entry(map.map_type()))),
        Value::Object(o) => match (o.kind(), o.as_container()) {
            (Kind::Map, _) => o.field(&key(index)?.to_text()).ok_or_else(|| "index of nil pointer".into()),
            (_, Some(data)) if !matches!(data, Value::Object(_)) => index_one(&data, index),
            _ => Err(format!("can't index item of type {}", o.type_name().trim_start_matches('*')).into()),
        },
        other => Err(format!("can't index item of type {}", other.type_name()).into()),
    }
}

/// What a missing key of a map gives.
fn zero_entry(map_type: MapType) -> Value {
    if map_type == MapType::String { Value::from("") } else { Value::Null }
}

fn key(index: &Value) -> Result<&Str, FunctionError> {
    match index {
        Value::String(s) => Ok(s),
        Value::Null => Err("value is nil; should be of type string".into()),
        other => Err(format!("value has type {}; should be string", other.type_name()).into()),
    }
}

/// An index into a list. The length itself passes here, and fails only at the access.
fn position(index: &Value, length: usize) -> Result<usize, FunctionError> {
    match index {
        Value::Int(n) => match usize::try_from(n.as_i64()) {
            Ok(i) if i <= length => Ok(i),
            _ => Err(format!("index out of range: {}", n.as_i64()).into()),
        },
        Value::Null => Err("cannot index slice/array with nil".into()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name()).into()),
    }
}

// Printing.

fn print(env: &Env, args: &[Value]) -> FunctionResult {
    counted(env, "print", sprint(&env.limits, args))
}

fn println(env: &Env, args: &[Value]) -> FunctionResult {
    counted(env, "println", sprintln(&env.limits, args))
}

/// A printed text, counted as work.
fn counted(env: &Env, function: &str, text: Result<Str, PrintError>) -> FunctionResult {
    let text = text.map_err(String::from)?;
    env.check_size(function, text.len())?;
    Ok(Value::String(text))
}

fn printf(env: &Env, args: &[Value]) -> FunctionResult {
    let format = string(args, 0)?;
    let rest = args.get(1..).unwrap_or_default();
    counted(env, "printf", sprintf(&env.limits, format.as_bytes(), rest))
}

/// The arguments as one text, as actions would print them (`evalArgs`).
fn text(env: &Env, args: &[Value]) -> Result<Str, FunctionError> {
    if let [Value::String(s)] = args {
        return Ok(s.clone());
    }
    let shown: Vec<Value> = args
        .iter()
        .map(|arg| if matches!(arg, Value::Null) { Value::from("<no value>") } else { arg.clone() })
        .collect();
    Ok(sprint(&env.limits, &shown).map_err(String::from)?)
}

fn html(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    let mut out = Vec::with_capacity(text.len());
    for &b in text.as_bytes() {
        match b {
            0 => out.extend_from_slice("\u{FFFD}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b => out.push(b),
        }
    }
    Ok(Value::String(out.into()))
}

fn js(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    let mut out = String::with_capacity(text.len());
    for c in text.to_text().chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    Ok(Value::from(out))
}

fn urlquery(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    let mut out = String::with_capacity(text.len());
    for &b in text.as_bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(b)),
            b' ' => out.push('+'),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    Ok(Value::from(out))
}

// Comparison.

/// The kinds that Go templates compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Bool,
    Complex,
    Int,
    Uint,
    Float,
    String,
}

fn basic(value: &Value) -> Option<Basic> {
    match value.kind() {
        Kind::Bool => Some(Basic::Bool),
        Kind::Int(k) if k.is_unsigned() => Some(Basic::Uint),
        Kind::Int(_) => Some(Basic::Int),
        Kind::Float64 => Some(Basic::Float),
        Kind::Complex128 => Some(Basic::Complex),
        Kind::String => Some(Basic::String),
        _ => None,
    }
}

/// A value of a basic kind as plain data, where it is an object of a named type.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(o) if !o.as_any().is::<Complex>() => o.to_plain(),
        other => other.clone(),
    }
}

/// Go's `eq` of two values.
///
/// # Errors
/// If the values cannot be compared, in Go's words.
pub fn equal(env: &Env, a: &Value, b: &Value) -> Result<bool, FunctionError> {
    match (basic(a), basic(b)) {
        (Some(Basic::Int | Basic::Uint), Some(Basic::Int | Basic::Uint)) => {
            Ok(as_integer(a).is_some() && as_integer(a) == as_integer(b))
        }
        (ka, kb) if ka != kb => {
            if matches!(a, Value::Null) || matches!(b, Value::Null) {
                return Ok(false);
            }
            Err(incompatible(a, b))
        }
        (Some(_), _) => Ok(match (plain(a), plain(b)) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => {
                match (a.as_any().downcast_ref::<Complex>(), b.as_any().downcast_ref::<Complex>()) {
                    (Some(a), Some(b)) => a == b,
                    _ => false,
                }
            }
            _ => false,
        }),
        (None, _) => equal_others(env, a, b),
    }
}

/// `eq` of values that have no basic kind: nils, and what Go's `==` takes.
fn equal_others(env: &Env, a: &Value, b: &Value) -> Result<bool, FunctionError> {
    let show = |format: &[u8], v: &Value| -> Result<String, FunctionError> {
        let text = sprintf(&env.limits, format, std::slice::from_ref(v)).map_err(String::from)?;
        Ok(text.to_text().into_owned())
    };
    if a.kind() != b.kind() && !matches!(a, Value::Null) && !matches!(b, Value::Null) {
        return Err(format!(
            "non-comparable types {}: {}, {}: {}",
            show(b"%s", a)?,
            a.type_name(),
            b.type_name(),
            show(b"%v", b)?
        )
        .into());
    }
    if a.is_nil() || b.is_nil() {
        return Ok(a.is_nil() == b.is_nil());
    }
    match (a, b) {
        (_, Value::Map(_) | Value::List(_) | Value::Bytes(_)) => not_comparable(&show(b"%s", b)?, b),
        (_, Value::Object(o)) if matches!(o.kind(), Kind::Map | Kind::Slice | Kind::Func) => {
            not_comparable(&show(b"%s", b)?, b)
        }
        (Value::Object(x), Value::Object(y)) => Ok(match x.kind() {
            Kind::Ptr => std::sync::Arc::ptr_eq(x, y),
            _ => x.type_name() == y.type_name() && x.print() == y.print(),
        }),
        _ => Ok(false),
    }
}

fn not_comparable(shown: &str, value: &Value) -> Result<bool, FunctionError> {
    Err(format!("non-comparable type {shown}: {}", value.type_name()).into())
}

fn incompatible(a: &Value, b: &Value) -> FunctionError {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()).into()
}

fn as_integer(value: &Value) -> Option<i128> {
    match plain(value) {
        Value::Int(n) => Some(n.as_i128()),
        _ => None,
    }
}

/// Go's `lt` of two values.
///
/// # Errors
/// If the values have no order, or are of different kinds, in Go's words.
pub fn less(a: &Value, b: &Value) -> Result<bool, FunctionError> {
    const NO_ORDER: &str = "invalid type for comparison";
    let (ka, kb) = (basic(a).ok_or(NO_ORDER)?, basic(b).ok_or(NO_ORDER)?);
    match (ka, kb) {
        (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => Ok(as_integer(a) < as_integer(b)),
        _ if ka != kb => Err(incompatible(a, b)),
        (Basic::Bool | Basic::Complex, _) => Err(NO_ORDER.into()),
        _ => Ok(match (plain(a), plain(b)) {
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b) == Some(Ordering::Less),
            (Value::String(a), Value::String(b)) => a < b,
            _ => false,
        }),
    }
}

fn eq(env: &Env, args: &[Value]) -> FunctionResult {
    let (first, rest) = args.split_first().ok_or("missing argument for comparison")?;
    if rest.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in rest {
        if equal(env, first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn ne(env: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(!equal(env, any(args, 0), any(args, 1))?))
}

fn lt(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(less(any(args, 0), any(args, 1))?))
}

fn le(env: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(less_or_equal(env, args)?))
}

fn gt(env: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(!less_or_equal(env, args)?))
}

fn ge(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(Value::Bool(!less(any(args, 0), any(args, 1))?))
}

fn less_or_equal(env: &Env, args: &[Value]) -> Result<bool, FunctionError> {
    let (a, b) = (any(args, 0), any(args, 1));
    Ok(less(a, b)? || equal(env, a, b)?)
}
