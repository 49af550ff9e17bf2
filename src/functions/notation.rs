//! YAML and JSON as text: Helm's `toYaml`, `fromYaml`, `toJson` and their like, and Sprig's remaining ones.
//!
//! Most of them swallow errors, as Helm does: nothing, or a map with the key `Error`, stands for what cannot
//! be written or read. What is over a limit is an error everywhere.

use super::Type::{Any, Dict, List as Items, String as Text};
use super::{Env, Function, FunctionError, FunctionResult, args, lists, walk};
use crate::json::{self, Escape};
use crate::value::{Kind, Map, NilType, Room, Str, Value};
use crate::yaml;

/// The family's functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("toYaml", &[Any], Text, |env, args| Ok(or_empty(to_yaml(env, args)?))),
    Function::new("mustToYaml", &[Any], Text, |env, args| or_error(to_yaml(env, args)?)),
    Function::new("toYamlPretty", &[Any], Text, |env, args| Ok(or_empty(to_yaml_pretty(env, args)?))),
    Function::new("fromYaml", &[Text], Dict, from_yaml),
    Function::new("fromYamlArray", &[Text], Items, from_yaml_array),
    Function::new("toJson", &[Any], Text, |env, args| Ok(or_empty(to_json(env, args, Escape::Html)?))),
    Function::new("mustToJson", &[Any], Text, |env, args| or_error(to_json(env, args, Escape::Html)?)),
    Function::new("toPrettyJson", &[Any], Text, |env, args| Ok(or_empty(to_pretty_json(env, args)?))),
    Function::new("mustToPrettyJson", &[Any], Text, |env, args| or_error(to_pretty_json(env, args)?)),
    RAW_JSON,
    RAW_JSON.alias("mustToRawJson"),
    Function::new("fromJson", &[Text], Dict, from_json),
    Function::new("fromJsonArray", &[Text], Items, from_json_array),
    Function::new("mustFromJson", &[Text], Any, must_from_json),
];

const RAW_JSON: Function =
    Function::new("toRawJson", &[Any], Text, |env, args| or_error(to_json(env, args, Escape::None)?));

/// What JSON's `null` makes of a Go map.
static NIL_DICT: NilType = NilType { name: "map[string]interface {}", kind: Kind::Map };

/// A text, or the message of why there is none.
type Written = Result<String, String>;

fn or_empty(written: Written) -> Value {
    written.map_or(Value::String(Str::EMPTY), Value::string)
}

fn or_error(written: Written) -> FunctionResult {
    written.map(Value::string).map_err(FunctionError::new)
}

/// The value to write, once it is known that its text stays within the limit.
fn bounded<'a>(env: &Env, function: &str, args: &'a [Value]) -> Result<&'a Value, FunctionError> {
    let value = args::any(args, 0);
    walk::check_text_size(env, function, value)?;
    Ok(value)
}

fn to_yaml(env: &Env, args: &[Value]) -> Result<Written, FunctionError> {
    let value = bounded(env, "toYaml", args)?;
    Ok(yaml::to_yaml(value).map(without_newline).map_err(|e| e.message))
}

fn to_yaml_pretty(env: &Env, args: &[Value]) -> Result<Written, FunctionError> {
    let value = bounded(env, "toYamlPretty", args)?;
    Ok(yaml::to_yaml_pretty(value).map(without_newline).map_err(|e| e.message))
}

/// Helm cuts the final newline, even if it belongs to a block scalar.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

fn to_json(env: &Env, args: &[Value], escape: Escape) -> Result<Written, FunctionError> {
    let value = bounded(env, "toJson", args)?;
    Ok(json::encode(value, escape).map_err(|e| e.message))
}

fn to_pretty_json(env: &Env, args: &[Value]) -> Result<Written, FunctionError> {
    let value = bounded(env, "toPrettyJson", args)?;
    Ok(json::encode_pretty(value, "  ").map_err(|e| e.message))
}

fn error_map(message: String) -> Value {
    Value::Map(Map::from_iter([("Error", Value::from(message))]))
}

/// The text to read, counted: reading is dear.
fn text<'a>(env: &Env, args: &'a [Value]) -> Result<&'a [u8], FunctionError> {
    let text = args::string(args, 0)?.as_bytes();
    env.step("reading YAML and JSON", text.len())?;
    Ok(text)
}

/// Reads a text into the room that this render still has for data, and counts what it takes. A lack of room is
/// no fault of the text, which a template might swallow.
pub(super) fn read<T, E>(
    env: &Env,
    function: &str,
    decode: impl FnOnce(&mut Room) -> Result<T, E>,
) -> Result<Result<T, E>, FunctionError> {
    let mut room = env.room();
    let result = decode(&mut room);
    if room.is_full() {
        return Err(FunctionError::new(format!("{function}: {}", room.message())).hint(Room::HINT));
    }
    env.count_made(function, room.taken())?;
    Ok(result)
}

fn from_yaml(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    Ok(match read(env, "fromYaml", |room| yaml::decode_within(text, room))? {
        Ok(Value::Null) => Value::Map(Map::default()),
        Ok(map @ Value::Map(_)) => map,
        Ok(other) => error_map(wrong_document(&other, "map[string]interface {}")),
        Err(e) => error_map(e.message),
    })
}

fn from_yaml_array(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    Ok(match read(env, "fromYamlArray", |room| yaml::decode_within(text, room))? {
        Ok(Value::Null) => Value::list(Vec::new()),
        Ok(list @ Value::List(_)) => list,
        Ok(other) => Value::list(vec![wrong_document(&other, "[]interface {}").into()]),
        Err(e) => Value::list(vec![e.message.into()]),
    })
}

/// What `encoding/json` says, by way of `sigs.k8s.io/yaml`, of a document that is not of the type wanted.
fn wrong_document(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {wanted}"
    )
}

/// A number out of range leaves the rest of the map as it is, beside the error.
fn from_json(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    Ok(match read(env, "fromJson", |room| json::decode_map_within(text, room))? {
        Ok(Value::Null) => Value::TypedNil(&NIL_DICT),
        Ok(map) => map,
        Err(e) => match e.partial {
            Some(Value::Map(map)) => {
                map.insert("Error", Value::from(e.message));
                Value::Map(map)
            }
            _ => error_map(e.message),
        },
    })
}

fn from_json_array(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    Ok(match read(env, "fromJsonArray", |room| json::decode_list_within(text, room))? {
        Ok(Value::Null) => Value::TypedNil(&lists::NIL_LIST),
        Ok(list) => list,
        Err(e) => Value::list(vec![e.message.into()]),
    })
}

fn must_from_json(env: &Env, args: &[Value]) -> FunctionResult {
    let text = text(env, args)?;
    read(env, "mustFromJson", |room| json::decode_within(text, room))?
        .map_err(|e| FunctionError::new(e.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::find;
    use crate::limits::Limits;

    fn call(name: &str, arg: Value) -> Result<Value, String> {
        let f = find(name).ok_or("no such function")?;
        (f.call)(&Env::default(), &[arg]).map_err(|e| e.message)
    }

    fn through(name: &str, text: &str) -> String {
        let value = call(name, text.into()).unwrap_or_default();
        let json = call("toJson", value).unwrap_or_default();
        json.as_str().unwrap_or_default().to_string()
    }

    #[test]
    fn yaml_that_is_no_map_becomes_a_map_with_the_error() {
        assert_eq!(through("fromYaml", "a: 1\n"), r#"{"a":1}"#);
        assert_eq!(through("fromYaml", ""), "{}");
        assert_eq!(through("fromYaml", "null"), "{}");
        assert_eq!(
            through("fromYaml", "- a"),
            concat!(
                r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array "#,
                r#"into Go value of type map[string]interface {}"}"#
            )
        );
        assert!(through("fromYaml", "a: [").contains("error converting YAML to JSON: yaml: line 1"));
        assert_eq!(through("fromYamlArray", ""), "[]");
        assert!(through("fromYamlArray", "5").starts_with("[\"error unmarshaling JSON"));
    }

    #[test]
    fn json_s_null_is_a_nil_map_and_a_number_out_of_range_leaves_the_rest() {
        assert_eq!(through("fromJson", "null"), "null");
        assert_eq!(through("fromJsonArray", "null"), "null");
        assert_eq!(
            through("fromJson", r#"{"a":1e400}"#),
            r#"{"Error":"json: cannot unmarshal number 1e400 into Go value of type float64","a":null}"#
        );
        assert_eq!(call("mustFromJson", "{".into()).err().as_deref(), Some("unexpected end of JSON input"));
    }

    #[test]
    fn what_cannot_be_written_is_nothing_or_an_error() {
        let nan = || Value::Float(f64::NAN);
        for name in ["toYaml", "toJson", "toPrettyJson"] {
            assert_eq!(call(name, nan()).unwrap_or_default().as_str(), Some(""), "{name}");
        }
        for name in ["mustToYaml", "mustToJson", "mustToPrettyJson", "toRawJson", "mustToRawJson"] {
            assert!(call(name, nan()).is_err_and(|e| e.contains("unsupported value: NaN")), "{name}");
        }
    }

    #[test]
    fn the_final_newline_goes_even_out_of_a_block_scalar() {
        let map = Map::from_iter([("a", Value::from("x\ny\n"))]);
        assert_eq!(call("toYaml", Value::Map(map)).unwrap_or_default().as_str(), Some("a: |\n  x\n  y"));
    }

    #[test]
    fn a_value_bomb_is_an_error_even_where_errors_are_swallowed() {
        let mut bomb = Value::list(vec![Value::int(1)]);
        for _ in 0..64 {
            bomb = Value::list(vec![bomb.clone(), bomb]);
        }
        let env = Env::new(Limits { function_bytes: 1 << 20, ..Limits::default() });
        for name in ["toYaml", "toYamlPretty", "toJson", "toPrettyJson", "toRawJson"] {
            let written = find(name).map(|f| (f.call)(&env, &[bomb.clone()]));
            assert!(written.is_some_and(|w| w.is_err_and(|e| e.message.contains("limit"))), "{name}");
        }
    }
}
