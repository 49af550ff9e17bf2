//! Empty or not: `default`, `empty`, `coalesce`, `all`, `any`, `ternary`.

use super::Type::{Any, Bool};
use super::{Env, Function, FunctionResult, args};
use crate::value::{Kind, Value};

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("default", &[Any], Any, default).variadic(Any),
    Function::new("empty", &[Any], Bool, |_, args| Ok(Value::Bool(empty(args::any(args, 0))))),
    Function::new("coalesce", &[], Any, coalesce).variadic(Any),
    Function::new("all", &[], Bool, |_, args| Ok(Value::Bool(!args.iter().any(empty)))).variadic(Any),
    Function::new("any", &[], Bool, |_, args| Ok(Value::Bool(!args.iter().all(empty)))).variadic(Any),
    Function::new("ternary", &[Any, Any, Bool], Any, ternary),
];

/// Sprig's `empty`: nil, false, zero, and what has no length. Structs never are.
pub(crate) fn empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::TypedNil(_) => true,
        Value::Bool(b) => !b,
        Value::Int(i) => i.as_i64() == 0,
        Value::Float(f) => *f == 0.0,
        Value::String(s) => s.is_empty(),
        Value::Bytes(b) => b.is_empty(),
        Value::List(l) => l.is_empty(),
        Value::Map(m) => m.is_empty(),
        Value::Object(o) => match o.kind() {
            Kind::Struct => false,
            Kind::Complex128 => !super::builtins::truth(value),
            Kind::Ptr | Kind::Func | Kind::Interface => o.is_nil(),
            Kind::Slice | Kind::Map => o.as_container().is_none_or(|c| empty(&c)),
            // A plain view that is an object again would never end.
            _ => match o.to_plain() {
                Value::Object(_) => false,
                plain => empty(&plain),
            },
        },
    }
}

fn default(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(match args.get(1) {
        Some(given) if !empty(given) => given.clone(),
        _ => args::any(args, 0).clone(),
    })
}

fn coalesce(_: &Env, args: &[Value]) -> FunctionResult {
    Ok(args.iter().find(|v| !empty(v)).cloned().unwrap_or_default())
}

fn ternary(_: &Env, args: &[Value]) -> FunctionResult {
    let chosen = if args::boolean(args, 2)? { 0 } else { 1 };
    Ok(args::any(args, chosen).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_takes_zero_for_missing() {
        let env = Env::default();
        let d = |given: Value| default(&env, &[Value::from("d"), given]).unwrap_or_default();
        for given in [Value::Null, Value::int(0), Value::Float(0.0), Value::Bool(false), Value::from("")] {
            assert_eq!(d(given).as_str(), Some("d"));
        }
        assert_eq!(d(Value::from("x")).as_str(), Some("x"));
        assert_eq!(default(&env, &[Value::from("d")]).unwrap_or_default().as_str(), Some("d"));
    }
}
