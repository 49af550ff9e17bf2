//! Decoding into typed structs, as Go's `encoding/json` does it with unknown fields refused. Only the errors matter.
//!
//! Which types there are stands in `types/objects.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::quantity;
use crate::json;
use crate::value::{Str, Value};

const TABLE: &str = include_str!("types/objects.txt");

static TYPES: LazyLock<HashMap<&'static str, Type>> = LazyLock::new(read);

/// A type of Go's.
struct Type {
    /// Its package.
    package: &'static str,
    fields: HashMap<&'static str, Field>,
}

struct Field {
    name: &'static str,
    shape: &'static str,
    /// What Go calls the type, if it is a text of a type of its own.
    go: Option<&'static str>,
    /// The embedded type that the field belongs to.
    embedded: Option<&'static str>,
}

fn read() -> HashMap<&'static str, Type> {
    let mut types: HashMap<&str, Type> = HashMap::new();
    let mut last = "";
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some((names, rest)) = line.strip_prefix("  ").and_then(|line| line.split_once(": ")) {
            let (rest, embedded) = match rest.split_once(" in ") {
                Some((rest, embedded)) => (rest, Some(embedded)),
                None => (rest, None),
            };
            let (shape, go) = match rest.split_once(' ') {
                Some((shape, go)) => (shape, Some(go)),
                None => (rest, None),
            };
            let Some(found) = types.get_mut(last) else { continue };
            for name in names.split(", ") {
                found.fields.insert(name, Field { name, shape, go, embedded });
            }
        } else if let Some((name, package)) = line.split_once(' ') {
            last = name;
            types.insert(name, Type { package, fields: HashMap::new() });
        }
    }
    types
}

/// How to decode.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoding {
    /// Refuse fields that the type doesn't have.
    pub strict: bool,
    /// Take numbers and booleans for texts, as YAML does where a text is wanted.
    pub lenient_texts: bool,
}

/// Decodes a value into the type of that name. The error is Go's.
pub(super) fn decode(value: &Value, type_name: &'static str, decoding: Decoding) -> Result<(), String> {
    let mut decoder = Decoder { decoding, path: Vec::new(), inside: None, first: None };
    decoder.value(value, type_name, None)?;
    decoder.first.map_or(Ok(()), Err)
}

struct Decoder {
    decoding: Decoding,
    /// The fields on the way.
    path: Vec<&'static str>,
    /// The type whose field is decoded.
    inside: Option<&'static str>,
    /// The first fault of those that don't end the decoding.
    first: Option<String>,
}

type Decoded = Result<(), String>;

impl Decoder {
    fn value(&mut self, value: &Value, shape: &'static str, go: Option<&'static str>) -> Decoded {
        if value.is_nil() {
            return Ok(());
        }
        if let Some(inner) = brackets(shape, '[', ']') {
            let Value::List(list) = value else { return self.mismatch(value, &go_name(shape)) };
            for item in list.items() {
                self.value(&item, inner.trim_start_matches('*'), None)?;
            }
            return Ok(());
        }
        if let Some(inner) = brackets(shape, '{', '}') {
            let Value::Map(map) = value else { return self.mismatch(value, &go_name(shape)) };
            for (_, item) in map.entries() {
                self.value(&item, inner, None)?;
            }
            return Ok(());
        }
        match shape {
            "any" | "time" => Ok(()),
            "string" => match value {
                Value::String(_) => Ok(()),
                Value::Bool(_) | Value::Int(_) | Value::Float(_) if self.decoding.lenient_texts => Ok(()),
                _ => self.mismatch(value, go.unwrap_or("string")),
            },
            "bool" => match value {
                Value::Bool(_) => Ok(()),
                _ => self.mismatch(value, "bool"),
            },
            // Its own decoder ends all decoding when it fails.
            "enabled" => match value {
                Value::Bool(_) => Ok(()),
                _ => Err(self.words(word(value), "bool")),
            },
            "int32" | "int64" | "uint32" => match number(value) {
                None => self.mismatch(value, shape),
                Some(text) if fits(&text, shape) => Ok(()),
                Some(text) => {
                    let words = self.words(&format!("number {text}"), shape);
                    self.first.get_or_insert(words);
                    Ok(())
                }
            },
            "intOrString" => match (value, number(value)) {
                (Value::String(_), _) => Ok(()),
                (_, Some(text)) if fits(&text, "int32") => Ok(()),
                (_, Some(text)) => Err(self.words(&format!("number {text}"), "int32")),
                _ => Err(self.words(word(value), "int32")),
            },
            "quantity" => quantity::of_value(value).map(|_| ()),
            _ => self.fields(value, shape),
        }
    }

    fn fields(&mut self, value: &Value, type_name: &'static str) -> Decoded {
        let Some(known) = TYPES.get(type_name) else { return Ok(()) };
        let Value::Map(map) = value else { return self.mismatch(value, &go_name(type_name)) };
        for (key, inner) in map.entries() {
            let Some(field) = known.field(&key) else {
                if self.decoding.strict {
                    let words = format!("json: unknown field {}", crate::source::quote(&key.to_text()));
                    self.first.get_or_insert(words);
                }
                continue;
            };
            let (depth, outside) = (self.path.len(), self.inside);
            self.path.extend(field.embedded);
            self.path.push(field.name);
            self.inside = Some(type_name);
            self.value(&inner, field.shape, field.go)?;
            self.path.truncate(depth);
            self.inside = outside;
        }
        Ok(())
    }

    fn mismatch(&mut self, value: &Value, go: &str) -> Decoded {
        let words = self.words(word(value), go);
        self.first.get_or_insert(words);
        Ok(())
    }

    fn words(&self, what: &str, go: &str) -> String {
        match self.inside {
            Some(name) => {
                let path = self.path.join(".");
                format!("json: cannot unmarshal {what} into Go struct field {name}.{path} of type {go}")
            }
            None => format!("json: cannot unmarshal {what} into Go value of type {go}"),
        }
    }
}

impl Type {
    /// The field of that name: letters' case doesn't count, if there is none that is spelled so.
    fn field(&self, key: &Str) -> Option<&Field> {
        let key = key.as_str()?;
        self.fields
            .get(key)
            .or_else(|| self.fields.values().find(|field| field.name.eq_ignore_ascii_case(key)))
    }
}

fn brackets(shape: &'static str, open: char, close: char) -> Option<&'static str> {
    shape.strip_prefix(open)?.strip_suffix(close)
}

/// What Go calls a type.
fn go_name(shape: &'static str) -> String {
    if let Some(inner) = brackets(shape, '[', ']') {
        let (star, inner) = inner.strip_prefix('*').map_or(("", inner), |inner| ("*", inner));
        return format!("[]{star}{}", go_name(inner));
    }
    if let Some(inner) = brackets(shape, '{', '}') {
        let map = format!("map[string]{}", go_name(inner));
        return if inner == "quantity" { "v1.ResourceList".to_string() } else { map };
    }
    match shape {
        "any" => "interface {}".to_string(),
        "quantity" => "resource.Quantity".to_string(),
        "intOrString" => "intstr.IntOrString".to_string(),
        _ => match TYPES.get(shape) {
            Some(known) => format!("{}.{shape}", known.package),
            None => shape.to_string(),
        },
    }
}

/// What Go calls a value of JSON.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    }
}

/// A number as JSON writes it.
pub(super) fn number(value: &Value) -> Option<String> {
    match value {
        Value::Int(i) => Some(i.as_i128().to_string()),
        Value::Float(f) => json::number(*f),
        _ => None,
    }
}

/// Whether the text of a number is one of a type of whole numbers.
pub(super) fn fits(text: &str, shape: &str) -> bool {
    match shape {
        "int32" => text.parse::<i32>().is_ok(),
        "uint32" => text.parse::<u32>().is_ok(),
        "uint64" => text.parse::<u64>().is_ok(),
        _ => text.parse::<i64>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let value = crate::yaml::decode(text.as_bytes()).unwrap();
        decode(&value, "IstioOperator", Decoding { strict: true, lenient_texts: false })
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn every_type_of_the_table_is_known() {
        for (name, known) in TYPES.iter() {
            for field in known.fields.values() {
                let inner = field.shape.trim_matches(['[', ']', '{', '}', '*']);
                let plain = [
                    "any",
                    "time",
                    "string",
                    "bool",
                    "enabled",
                    "int32",
                    "int64",
                    "uint32",
                    "intOrString",
                    "quantity",
                ];
                assert!(
                    plain.contains(&inner) || TYPES.contains_key(inner),
                    "{name}.{}: {inner}",
                    field.name
                );
            }
        }
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_told_in_the_order_of_keys() {
        assert_eq!(fault("spec: {bogus: 1, tag: 1}"), "json: unknown field \"bogus\"");
        assert_eq!(fault("Spec: {Profile: x, components: null}"), "");
        assert_eq!(
            fault("spec: {revision: 1, zz: 1}"),
            "json: cannot unmarshal number into Go struct field IstioOperatorSpec.spec.revision of type string"
        );
        assert_eq!(
            fault("spec: {components: {ingressGateways: [{k8s: {replicaCount: -1}}]}}"),
            "json: cannot unmarshal number -1 into Go struct field \
             KubernetesResources.spec.components.ingressGateways.ComponentSpec.k8s.replicaCount of type uint32"
        );
        assert_eq!(
            fault("spec: {components: {pilot: {k8s: {env: 1}}}}"),
            "json: cannot unmarshal number into Go struct field \
             KubernetesResources.spec.components.pilot.k8s.env of type []*v1.EnvVar"
        );
    }

    #[test]
    fn types_that_decode_themselves_end_the_decoding() {
        assert_eq!(
            fault("spec: {bogus: 1, components: {pilot: {enabled: x}}}"),
            "json: cannot unmarshal string into Go struct field ComponentSpec.spec.components.pilot.enabled of type bool"
        );
        assert!(
            fault("spec: {components: {pilot: {k8s: {resources: {limits: {cpu: much}}}}}}")
                .starts_with("quantities must match the regular expression")
        );
    }
}
