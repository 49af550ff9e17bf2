//! The few fields of a document that decide where it goes.

use std::collections::BTreeMap;

use crate::value::Value;
use crate::yaml::{self, YamlError};

/// What Helm reads of a rendered document (`helm pkg/release/v1/util/manifest.go: SimpleHead`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`, empty if there is none.
    pub api_version: String,
    /// `kind`, empty if there is none.
    pub kind: String,
    /// `metadata.name`, empty if there is none.
    pub name: String,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
}

impl Head {
    /// Reads the head of a document.
    ///
    /// # Errors
    /// When the document is not YAML, or a field of the head is not a string. The message is Helm's, without
    /// the name of the file.
    pub fn read(document: &[u8]) -> Result<Head, YamlError> {
        let refuse = |what: &Value, field: &str, wanted: &str| YamlError {
            message: format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go {field} of type {wanted}",
                json_kind(what)
            ),
            line: 0,
            column: 0,
        };
        let root = match yaml::decode(document)? {
            Value::Null => return Ok(Head::default()),
            Value::Map(map) => map,
            other => return Err(refuse(&other, "value", "util.SimpleHead")),
        };
        let text = |value: Option<Value>, field: &str| match value {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(s)) => Ok(s.to_string()),
            Some(other) => Err(refuse(&other, &format!("struct field SimpleHead.{field}"), "string")),
        };
        let mut head = Head {
            api_version: text(root.get("apiVersion"), "apiVersion")?,
            kind: text(root.get("kind"), "kind")?,
            ..Head::default()
        };
        match root.get("metadata") {
            None | Some(Value::Null) => {}
            Some(Value::Map(metadata)) => {
                head.name = text(metadata.get("name"), "metadata.name")?;
                match metadata.get("annotations") {
                    None | Some(Value::Null) => {}
                    Some(Value::Map(annotations)) => {
                        for (key, value) in annotations.entries() {
                            head.annotations
                                .insert(key.to_string(), text(Some(value), "metadata.annotations")?);
                        }
                    }
                    Some(other) => {
                        let field = "struct field SimpleHead.metadata.annotations";
                        return Err(refuse(&other, field, "map[string]string"));
                    }
                }
            }
            Some(other) => {
                return Err(refuse(
                    &other,
                    "struct field SimpleHead.metadata",
                    "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }",
                ));
            }
        }
        Ok(head)
    }
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::List(_) => "array",
        _ => "object",
    }
}
