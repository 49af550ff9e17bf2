//! YAML as Helm reads and writes it.
//!
//! Placeholder reader for the first hours of work: YAML 1.2 through a library. It is replaced whole.

use crate::value::{Map, MapType, Value};

/// Why a text is not YAML that Helm takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Go's message: `error converting YAML to JSON: yaml: line 2: …`.
    pub message: String,
    /// Line from 1, 0 if unknown.
    pub line: usize,
    /// Column from 1 in characters, 0 if unknown.
    pub column: usize,
}

/// Reads the first document of a text, as `sigs.k8s.io/yaml` does.
///
/// # Errors
/// When the text is not YAML, or not what JSON can say.
pub fn decode(text: &[u8]) -> Result<Value, YamlError> {
    let v: serde_yaml::Value = serde_yaml::from_slice(text).map_err(|e| YamlError {
        message: format!("error converting YAML to JSON: yaml: {e}"),
        line: e.location().map_or(0, |l| l.line()),
        column: e.location().map_or(0, |l| l.column()),
    })?;
    Ok(convert(v))
}

fn convert(v: serde_yaml::Value) -> Value {
    match v {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(b) => Value::Bool(b),
        serde_yaml::Value::Number(n) => Value::Float(n.as_f64().unwrap_or(0.0)),
        serde_yaml::Value::String(s) => Value::from(s),
        serde_yaml::Value::Sequence(l) => Value::list(l.into_iter().map(convert).collect()),
        serde_yaml::Value::Mapping(m) => {
            let map = Map::new(MapType::Any);
            for (k, v) in m {
                let key = match convert(k) {
                    Value::String(s) => s,
                    Value::Bool(b) => b.to_string().into(),
                    Value::Float(f) => f.to_string().into(),
                    _ => "null".into(),
                };
                map.insert(key, convert(v));
            }
            Value::Map(map)
        }
        serde_yaml::Value::Tagged(t) => convert(t.value),
    }
}
