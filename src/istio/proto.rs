//! The check of `spec.values` against Istio's messages, as the older JSON reader of protocol buffers makes it
//! (`golang/protobuf jsonpb/decode.go`). Only the errors matter.
//!
//! Which messages there are stands in `types/values.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::types::{fits, number};
use crate::json;
use crate::value::{Map, Value};

const TABLE: &str = include_str!("types/values.txt");
const PACKAGE: &str = "istio.operator.v1alpha1";

static MESSAGES: LazyLock<Messages> = LazyLock::new(read);

#[derive(Default)]
struct Messages {
    messages: HashMap<&'static str, Vec<Field>>,
    /// The full name of an enumeration, and its names.
    enums: HashMap<&'static str, (&'static str, Vec<&'static str>)>,
}

struct Field {
    /// The name in JSON, then the one in the definition, if it is another.
    names: Vec<&'static str>,
    shape: &'static str,
}

fn read() -> Messages {
    let mut known = Messages::default();
    let mut last = "";
    for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.strip_prefix("  ") {
            None => {
                last = line;
                if let Some((name, full)) = line.strip_prefix("enum ").and_then(|rest| rest.split_once(' ')) {
                    last = name;
                    known.enums.insert(name, (full, Vec::new()));
                }
            }
            Some(line) => {
                match line.split_once(": ") {
                    Some((names, shape)) => known.messages.entry(last).or_default().extend(
                        names.split(", ").map(|name| Field { names: name.split('|').collect(), shape }),
                    ),
                    None => {
                        if let Some((_, names)) = known.enums.get_mut(last) {
                            names.extend(line.split(", "));
                        }
                    }
                }
            }
        }
    }
    known
}

/// Checks the values of an IstioOperator. The error is that of istioctl.
pub(super) fn check(values: &Map) -> Result<(), String> {
    message(&Value::Map(values.clone()), "Values")
}

/// The value of a field, by either of its names; the one in JSON wins.
pub(super) fn field(map: &Map, names: [&str; 2]) -> Option<Value> {
    names.iter().find_map(|name| map.get(name))
}

type Checked = Result<(), String>;

fn message(value: &Value, name: &'static str) -> Checked {
    if value.is_nil() && name != "IntOrString" {
        return Ok(());
    }
    match name {
        "Struct" => return structure(value),
        "Value" => return Ok(()),
        "BoolValue" => return scalar(value, "bool"),
        "Int32Value" => return scalar(value, "int32"),
        "StringValue" => return scalar(value, "string"),
        "Duration" => return duration(value),
        "IntOrString" => return int_or_string(value),
        _ => {}
    }
    let Value::Map(map) = value else {
        return Err(json::mismatch(value, None, "map[string]json.RawMessage").message);
    };
    let Some(fields) = MESSAGES.messages.get(name) else {
        return Ok(());
    };
    for field in fields {
        let raw = field.names.iter().find_map(|name| map.get(name));
        let Some(raw) = raw.filter(|raw| !raw.is_nil() || field.shape == "IntOrString") else { continue };
        if let Some(inner) = brackets(field.shape, '[', ']') {
            let Value::List(list) = &raw else {
                return Err(json::mismatch(&raw, None, "[]json.RawMessage").message);
            };
            for item in list.items() {
                single(&item, inner)?;
            }
        } else if let Some(inner) = brackets(field.shape, '{', '}') {
            let Value::Map(entries) = &raw else {
                return Err(json::mismatch(&raw, None, "map[string]json.RawMessage").message);
            };
            for (_, item) in entries.entries() {
                single(&item, inner)?;
            }
        } else {
            single(&raw, field.shape)?;
        }
    }
    // Go names any of the unknown fields.
    let known = |key: &str| fields.iter().any(|field| field.names.contains(&key));
    match map.keys().iter().map(|key| key.to_text().into_owned()).find(|key| !known(key)) {
        Some(key) => Err(format!("unknown field {} in {PACKAGE}.{name}", crate::source::quote(&key))),
        None => Ok(()),
    }
}

fn brackets(shape: &'static str, open: char, close: char) -> Option<&'static str> {
    shape.strip_prefix(open)?.strip_suffix(close)
}

fn single(value: &Value, shape: &'static str) -> Checked {
    if let Some((full, names)) = MESSAGES.enums.get(shape) {
        return match value.as_str() {
            Some(text) if names.contains(&text) => Ok(()),
            Some(text) => {
                let text = crate::source::quote(&crate::source::quote(text));
                Err(format!("unknown value {text} for enum {PACKAGE}.{full}"))
            }
            None => scalar(value, "int32").map_err(|e| e.replace("int32", "protoreflect.EnumNumber")),
        };
    }
    match shape {
        "string" | "bool" | "int32" | "int64" | "uint32" | "uint64" | "double" => scalar(value, shape),
        _ => message(value, shape),
    }
}

/// A scalar. Numbers may stand in quotes, which are taken away before they are read.
fn scalar(value: &Value, shape: &str) -> Checked {
    let go = if shape == "double" { "float64" } else { shape };
    let wrong = |value: &Value| Err(json::mismatch(value, None, go).message);
    match (value, shape) {
        (value, _) if value.is_nil() => Ok(()),
        (Value::Bool(_), "bool") | (Value::String(_), "string") => Ok(()),
        (_, "bool" | "string") => wrong(value),
        (Value::String(text), _) => {
            let text = text.to_text();
            let inner = json::decode(text.as_bytes()).map_err(|e| e.message)?;
            match inner {
                Value::String(_) => wrong(&inner),
                inner => scalar(&inner, shape),
            }
        }
        (_, "double") => {
            if number(value).is_some() {
                Ok(())
            } else {
                wrong(value)
            }
        }
        _ => match number(value) {
            Some(text) if fits(&text, shape) => Ok(()),
            Some(text) => Err(json::mismatch(value, Some(&format!("number {text}")), go).message),
            None => wrong(value),
        },
    }
}

fn structure(value: &Value) -> Checked {
    match value {
        Value::Map(_) => Ok(()),
        _ => {
            let message = json::mismatch(value, None, "map[string]json.RawMessage").message;
            Err(format!("bad StructValue: {message}"))
        }
    }
}

fn int_or_string(value: &Value) -> Checked {
    match value {
        Value::String(_) => Ok(()),
        value => scalar(value, "int32"),
    }
}

fn duration(value: &Value) -> Checked {
    let Some(text) = value.as_str() else {
        return Err(json::mismatch(value, None, "string").message);
    };
    match is_duration(text) {
        true => Ok(()),
        false => Err(format!("bad Duration: time: invalid duration {}", crate::source::quote(text))),
    }
}

/// Whether a text is a duration of Go's: `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if !number.bytes().any(|b| b.is_ascii_digit()) || number.matches('.').count() > 1 {
            return false;
        }
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        if !matches!(unit, "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h") {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let value = crate::yaml::decode(text.as_bytes()).unwrap();
        check(value.as_map().unwrap()).err().unwrap_or_default()
    }

    #[test]
    fn every_type_of_the_table_is_known() {
        let plain = [
            "string",
            "bool",
            "int32",
            "int64",
            "uint32",
            "double",
            "Struct",
            "Value",
            "BoolValue",
            "Int32Value",
            "StringValue",
            "Duration",
            "IntOrString",
        ];
        for (name, fields) in &MESSAGES.messages {
            for field in fields {
                let inner = field.shape.trim_matches(['[', ']', '{', '}']);
                let known = plain.contains(&inner)
                    || MESSAGES.messages.contains_key(inner)
                    || MESSAGES.enums.contains_key(inner);
                assert!(known, "{name}.{:?}: {inner}", field.names);
            }
        }
    }

    #[test]
    fn the_first_fault_in_the_order_of_the_definition_is_told() {
        assert_eq!(
            fault("platform: openshift"),
            "unknown field \"platform\" in istio.operator.v1alpha1.Values"
        );
        assert_eq!(
            fault("gateways: {istio-ingressgateway: {autoscaleMin: abc}}"),
            "invalid character 'a' looking for beginning of value"
        );
        assert_eq!(
            fault("gateways: {istio-egressgateway: {loadBalancerIP: x}}"),
            "unknown field \"loadBalancerIP\" in istio.operator.v1alpha1.EgressGatewayConfig"
        );
        assert_eq!(fault("revision: 10"), "json: cannot unmarshal number into Go value of type string");
        assert_eq!(fault("gateways: {istio-ingressgateway: {autoscaleMin: \"2\", rollingMaxSurge: 1}}"), "");
        assert_eq!(
            fault("gateways: {istio_ingressgateway: {enabled: 1}}"),
            "json: cannot unmarshal number into Go value of type bool"
        );
        assert_eq!(
            fault("global: {proxy: {tracer: jaeger}}"),
            "unknown value \"\\\"jaeger\\\"\" for enum istio.operator.v1alpha1.tracer"
        );
    }

    #[test]
    fn durations_are_those_of_go() {
        assert!(is_duration("1h30m") && is_duration("1.5s") && is_duration("0"));
        assert!(!is_duration("30") && !is_duration("") && !is_duration("1x"));
    }
}
