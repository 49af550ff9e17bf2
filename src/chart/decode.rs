//! From YAML to [`Metadata`] and [`Lock`], as `sigs.k8s.io/yaml` and Go's `encoding/json` fill a struct.
//!
//! Keys are found whatever their case, the last in byte order winning; unknown keys are passed over; numbers
//! and booleans become text where text is wanted; null changes nothing. A value of a wrong type is passed
//! over, too, and the first such is the error in the end.

use std::collections::BTreeMap;

use super::metadata::{Dependency, Lock, Maintainer, Metadata};
use crate::value::{Str, Value};
use crate::yaml;

/// Fills the metadata with what a document says; what it does not mention stays.
///
/// # Errors
/// For values of a wrong type, in Go's words.
pub(super) fn metadata(document: &Value, into: &mut Metadata) -> Result<(), String> {
    let mut decoder = Decoder::default();
    decoder.object(document, "Metadata", |decoder, key, value| match key {
        "name" => decoder.string(value, &mut into.name),
        "home" => decoder.string(value, &mut into.home),
        "sources" => decoder.strings(value, &mut into.sources),
        "version" => decoder.string(value, &mut into.version),
        "description" => decoder.string(value, &mut into.description),
        "keywords" => decoder.strings(value, &mut into.keywords),
        "maintainers" => {
            decoder.list(value, "[]*v2.Maintainer", &mut into.maintainers, Decoder::maintainer);
        }
        "icon" => decoder.string(value, &mut into.icon),
        "apiversion" => decoder.string(value, &mut into.api_version),
        "condition" => decoder.string(value, &mut into.condition),
        "tags" => decoder.string(value, &mut into.tags),
        "appversion" => decoder.string(value, &mut into.app_version),
        "deprecated" => decoder.bool(value, &mut into.deprecated),
        "annotations" => decoder.annotations(value, &mut into.annotations),
        "kubeversion" => decoder.string(value, &mut into.kube_version),
        "dependencies" => {
            if matches!(value, Value::Null | Value::List(_)) {
                into.lists_dependencies = !value.is_nil();
            }
            decoder.list(value, "[]*v2.Dependency", &mut into.dependencies, Decoder::dependency);
        }
        "type" => decoder.string(value, &mut into.chart_type),
        _ => {}
    });
    decoder.finish()
}

/// Reads a lock file's document; none if it is empty.
///
/// # Errors
/// For values of a wrong type, in Go's words.
pub(super) fn lock(document: &Value) -> Result<Option<Lock>, String> {
    if document.is_nil() {
        return Ok(None);
    }
    let mut lock = Lock::default();
    let mut decoder = Decoder::default();
    decoder.object(document, "Lock", |decoder, key, value| match key {
        "generated" => decoder.string(value, &mut lock.generated),
        "digest" => decoder.string(value, &mut lock.digest),
        "dependencies" => {
            decoder.list(value, "[]*v2.Dependency", &mut lock.dependencies, Decoder::dependency);
        }
        _ => {}
    });
    decoder.finish().map(|()| Some(lock))
}

/// The struct that is being filled and the way to the field at hand: for messages.
#[derive(Default)]
struct Decoder {
    structs: Vec<&'static str>,
    fields: Vec<String>,
    error: Option<String>,
}

impl Decoder {
    fn finish(self) -> Result<(), String> {
        match self.error {
            Some(error) => Err(format!("error unmarshaling JSON: while decoding JSON: {error}")),
            None => Ok(()),
        }
    }

    fn mismatch(&mut self, value: &Value, wanted: &str) {
        if self.error.is_some() {
            return;
        }
        let got = match value {
            Value::Bool(_) => "bool",
            Value::String(_) | Value::Bytes(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            _ => "number",
        };
        let target = match self.structs.last() {
            Some(name) => format!("struct field {name}.{}", self.fields.join(".")),
            None => "value".to_string(),
        };
        self.error = Some(format!("json: cannot unmarshal {got} into Go {target} of type {wanted}"));
    }

    /// Goes over the entries of an object; the key is in lower case, as the fields are written above.
    fn object(
        &mut self,
        value: &Value,
        name: &'static str,
        mut field: impl FnMut(&mut Decoder, &str, &Value),
    ) {
        let map = match value {
            Value::Map(map) => map,
            Value::Null => return,
            other => {
                self.mismatch(other, &format!("v2.{name}"));
                return;
            }
        };
        self.structs.push(name);
        for (key, value) in map.read().iter() {
            let text = key.to_text();
            let folded = text.to_ascii_lowercase();
            self.fields.push(field_name(&folded).to_string());
            field(self, &folded, value);
            self.fields.pop();
        }
        self.structs.pop();
    }

    fn string(&mut self, value: &Value, into: &mut String) {
        match value {
            Value::Null => {}
            Value::String(text) => *into = text.to_text().into_owned(),
            other => match yaml::string_of(other) {
                Some(text) => *into = text,
                None => self.mismatch(other, "string"),
            },
        }
    }

    fn bool(&mut self, value: &Value, into: &mut bool) {
        match value {
            Value::Bool(b) => *into = *b,
            Value::Null => {}
            other => self.mismatch(other, "bool"),
        }
    }

    fn strings(&mut self, value: &Value, into: &mut Vec<String>) {
        self.list(value, "[]string", into, Decoder::string);
    }

    /// Fills a list. As in Go, an element that is there already is filled, not replaced.
    fn list<T: Default>(
        &mut self,
        value: &Value,
        name: &str,
        into: &mut Vec<T>,
        mut element: impl FnMut(&mut Decoder, &Value, &mut T),
    ) {
        match value {
            Value::Null => into.clear(),
            Value::List(list) => {
                let items = list.read();
                into.truncate(items.len());
                into.resize_with(items.len(), T::default);
                for (item, into) in items.iter().zip(into) {
                    element(self, item, into);
                }
            }
            other => self.mismatch(other, name),
        }
    }

    fn annotations(&mut self, value: &Value, into: &mut Option<BTreeMap<Str, Str>>) {
        match value {
            Value::Null => *into = None,
            Value::Map(map) => {
                let entries = into.get_or_insert_default();
                for (key, value) in map.read().iter() {
                    let mut text = String::new();
                    self.fields.push(key.to_string());
                    self.string(value, &mut text);
                    self.fields.pop();
                    entries.insert(key.clone(), text.into());
                }
            }
            other => self.mismatch(other, "map[string]string"),
        }
    }

    fn maintainer(&mut self, value: &Value, into: &mut Maintainer) {
        into.is_null = value.is_nil();
        self.object(value, "Maintainer", |decoder, key, value| match key {
            "name" => decoder.string(value, &mut into.name),
            "email" => decoder.string(value, &mut into.email),
            "url" => decoder.string(value, &mut into.url),
            _ => {}
        });
    }

    fn dependency(&mut self, value: &Value, into: &mut Dependency) {
        into.is_null = value.is_nil();
        self.object(value, "Dependency", |decoder, key, value| match key {
            "name" => decoder.string(value, &mut into.name),
            "version" => decoder.string(value, &mut into.version),
            "repository" => decoder.string(value, &mut into.repository),
            "condition" => decoder.string(value, &mut into.condition),
            "tags" => decoder.strings(value, &mut into.tags),
            "enabled" => decoder.bool(value, &mut into.enabled),
            "import-values" => {
                decoder.list(value, "[]interface {}", &mut into.import_values, |_, value, into| {
                    *into = value.clone();
                });
            }
            "alias" => decoder.string(value, &mut into.alias),
            _ => {}
        });
    }
}

/// A field as Go's struct tag spells it.
fn field_name(folded: &str) -> &str {
    match folded {
        "apiversion" => "apiVersion",
        "appversion" => "appVersion",
        "kubeversion" => "kubeVersion",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<Metadata, String> {
        let mut metadata_ = Metadata::default();
        metadata(&yaml::decode_with_integers(text.as_bytes()).unwrap(), &mut metadata_)?;
        Ok(metadata_)
    }

    #[test]
    fn keys_match_in_any_case_and_scalars_become_text() {
        let m = decoded("Name: x\nAPIVERSION: v2\nversion: 1.10\nappVersion: true\nhome: 20240101123456789\nsources: [1.5, a, null]")
            .unwrap();
        assert_eq!((m.name.as_str(), m.api_version.as_str()), ("x", "v2"));
        assert_eq!((m.version.as_str(), m.app_version.as_str()), ("1.1", "true"));
        assert_eq!(m.home, "20240101123456789");
        assert_eq!(m.sources, ["1.5", "a", ""]);
    }

    #[test]
    fn the_first_wrong_type_is_the_error() {
        let with = |text: &str| {
            decoded(text)
                .unwrap_err()
                .strip_prefix("error unmarshaling JSON: while decoding JSON: json: ")
                .unwrap()
                .to_string()
        };
        assert_eq!(
            with("name: [a]"),
            "cannot unmarshal array into Go struct field Metadata.name of type string"
        );
        assert_eq!(
            with("dependencies:\n- name: {}"),
            "cannot unmarshal object into Go struct field Dependency.dependencies.name of type string"
        );
        assert_eq!(
            with("maintainers: [x]"),
            "cannot unmarshal string into Go struct field Metadata.maintainers of type v2.Maintainer"
        );
        assert_eq!(with("[]"), "cannot unmarshal array into Go value of type v2.Metadata");
        assert_eq!(
            with("deprecated: 'yes'"),
            "cannot unmarshal string into Go struct field Metadata.deprecated of type bool"
        );
    }

    #[test]
    fn a_second_document_fills_what_the_first_left() {
        let mut m = decoded("name: a\ndependencies: [{name: x, alias: other}, {name: z}]").unwrap();
        metadata(&yaml::decode_with_integers(b"dependencies: [{name: w}]").unwrap(), &mut m).unwrap();
        assert_eq!((m.dependencies.len(), m.dependencies[0].key()), (1, "other"));
        assert_eq!(m.dependencies[0].name, "w");
    }
}
