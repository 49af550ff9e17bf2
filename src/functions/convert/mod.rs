//! From one type to another, as Sprig and `spf13/cast` 1.7 do: what can't be converted is 0, not an error.

mod number;

use super::Type::{Any, Float64, Int, Int64, String as Text};
use super::{Env, Function, FunctionError, FunctionResult, args};
use crate::value::{Str, Value, print};

pub(crate) use self::number::{parse_float, to_float64, to_int64, truncate};

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
    print::sprint_value(&env.limits, value).map_err(FunctionError::new)
}

/// Reads the printed value as octal: a file mode.
fn to_decimal(env: &Env, args: &[Value]) -> FunctionResult {
    let text = sprint(env, args::any(args, 0))?;
    Ok(Value::int64(number::parse_int(text.as_bytes(), 8).unwrap_or(0)))
}
