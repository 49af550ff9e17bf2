//! From one type to another, as Sprig and `spf13/cast` 1.7 do: what can't be converted is 0, not an error.

mod number;

use super::Type::{Any, Float64, Int, Int64, String as Text};
use super::{Env, Function, FunctionError, FunctionResult, args};
use crate::value::{Str, Value};

pub(crate) use self::number::{to_float64, to_int64, truncate};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("toString", &[Any], Text, |env, args| strval(env, args::any(args, 0)).map(Value::String)),
    Function::new("atoi", &[Text], Int, |_, args| Ok(Value::int(number::atoi(args::string(args, 0)?)))),
    Function::new("int", &[Any], Int, |_, args| Ok(Value::int(to_int64(args::any(args, 0))))),
    Function::new("int64", &[Any], Int64, |_, args| Ok(Value::int64(to_int64(args::any(args, 0))))),
    Function::new("float64", &[Any], Float64, |_, args| Ok(Value::Float(to_float64(args::any(args, 0))))),
    Function::new("toDecimal", &[Any], Int64, to_decimal),
];

/// Sprig's `strval`: a string or bytes as they are, anything else as `%v` prints it.
pub(crate) fn strval(env: &Env, value: &Value) -> Result<Str, FunctionError> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Bytes(b) => Ok(Str::from_bytes(b)),
        other => sprint(env, other),
    }
}

/// What Go's `%v` prints.
pub(crate) fn sprint(env: &Env, value: &Value) -> Result<Str, FunctionError> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Bool(b) => Ok(Str::from_static(if *b { "true" } else { "false" })),
        other => print_seam::print(env, other),
    }
}

/// Reads the printed value as octal: a file mode.
fn to_decimal(env: &Env, args: &[Value]) -> FunctionResult {
    let text = sprint(env, args::any(args, 0))?;
    Ok(Value::int64(number::parse_int(text.as_bytes(), 8).unwrap_or(0)))
}

/// Stands in for `value::print` until that is there.
mod print_seam {
    use super::{Env, FunctionError, Str, Value};

    pub(super) fn print(env: &Env, value: &Value) -> Result<Str, FunctionError> {
        let mut out = Vec::new();
        write(env, value, 0, &mut out)?;
        Ok(out.into())
    }

    fn write(env: &Env, value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), FunctionError> {
        if depth > 200 {
            return Err("the value is nested too deep to print".into());
        }
        env.check_size("print", out.len())?;
        match value {
            Value::Null => out.extend_from_slice(b"<nil>"),
            Value::TypedNil(_) => out.extend_from_slice(b"[]"),
            Value::Bool(b) => out.extend_from_slice(b.to_string().as_bytes()),
            Value::Int(i) => out.extend_from_slice(i.as_i128().to_string().as_bytes()),
            Value::Float(f) => out.extend_from_slice(crate::value::number::format_g(*f).as_bytes()),
            Value::String(s) => out.extend_from_slice(s.as_bytes()),
            Value::Bytes(b) => out.extend_from_slice(format!("{b:?}").replace(',', "").as_bytes()),
            Value::List(l) => {
                out.push(b'[');
                for (i, item) in l.read().iter().enumerate() {
                    if i > 0 {
                        out.push(b' ');
                    }
                    write(env, item, depth + 1, out)?;
                }
                out.push(b']');
            }
            Value::Map(m) => {
                out.extend_from_slice(b"map[");
                for (i, (key, item)) in m.read().iter().enumerate() {
                    if i > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(key.as_bytes());
                    out.push(b':');
                    write(env, item, depth + 1, out)?;
                }
                out.push(b']');
            }
            Value::Object(o) => out.extend_from_slice(o.print().as_bytes()),
        }
        Ok(())
    }
}
