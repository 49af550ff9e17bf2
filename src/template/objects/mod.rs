//! What templates see beside their values: the chart's `Files` and the cluster's `Capabilities`, and the
//! methods that Helm's own map and list types have.

mod capabilities;
mod files;
mod values;

pub use self::capabilities::{
    Capabilities, DEFAULT_API_VERSIONS, HELM_VERSION, KubeVersion, VERSION_SET, api_versions,
};
pub use self::files::Files;

use std::sync::Arc;

use crate::value::{MapType, ObjectError, Value};

/// How many arguments the value's method of this name takes; `None` if there is no such method. A key of
/// `.Values` that is named like a method (`YAML`, `Table`) can only be reached by `index`, as in Helm.
pub fn method_params(value: &Value, name: &str) -> Option<usize> {
    match value {
        Value::Map(map) if map.map_type() == MapType::Values => values::method_params(name),
        Value::List(list) if list.elem() == VERSION_SET => (name == "Has").then_some(1),
        Value::Object(object) if object.has_method(name) => Some(object.method_params(name)),
        _ => None,
    }
}

/// The Go type of a method's parameter.
pub fn method_param_type(value: &Value, name: &str, index: usize) -> &'static str {
    match value {
        Value::Map(_) if name == "Encode" => "io.Writer",
        Value::Object(object) => object.method_param_type(name, index),
        _ => "string",
    }
}

/// Calls a method that [`method_params`] knows.
///
/// # Errors
/// With Go's message, when the method fails or is given arguments of a wrong type.
pub fn call_method(value: &Value, name: &str, args: &[Value]) -> Result<Value, ObjectError> {
    match value {
        Value::Map(map) => values::call(map, name, args),
        Value::List(list) => Ok(Value::Bool(list.read().iter().any(|item| match (item, args.first()) {
            (Value::String(a), Some(Value::String(b))) => a == b,
            _ => false,
        }))),
        Value::Object(object) => object.call(name, args),
        _ => Err(ObjectError(format!("there is no method {name}"))),
    }
}

/// The one argument of a method that takes a string.
fn string_arg<'a>(args: &'a [Value], method: &str) -> Result<&'a [u8], ObjectError> {
    match args {
        [Value::String(s)] => Ok(s.as_bytes()),
        _ => Err(ObjectError(format!("{method} takes one string"))),
    }
}

/// `toYaml` of a value; nothing if YAML cannot say it. It is the library's function, since that one is bounded:
/// a template may have put anything into its values.
fn to_yaml(value: Value) -> Value {
    let env = crate::functions::Env::default();
    crate::functions::find("toYaml")
        .and_then(|f| (f.call)(&env, &[value]).ok())
        .unwrap_or_else(|| Value::from(""))
}

/// Bytes as the value they are in a map of files.
fn bytes(data: &Arc<[u8]>) -> Value {
    Value::Bytes(data.clone())
}
