//! What Helm wants to know of a rendered document (`pkg/release/v1/util`, `SimpleHead` and
//! `manifest_sorter.go`): it reads each into a struct of a few fields, so each must be YAML and these fields
//! must fit.

use std::collections::BTreeMap;

use crate::json;
use crate::value::{Map, Room, Value};

use super::decode::Numbers;
use super::input::Input;
use super::{DECODING, YamlError, decode_exactly, fast, string_of};

/// The fields of a rendered document that decide what Helm does with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`; empty if there is none. (Numbers and booleans count as their text in all fields.)
    pub api_version: String,
    /// `kind`; empty if there is none.
    pub kind: String,
    /// `metadata.name`; empty if there is none.
    pub name: String,
    /// `metadata.annotations`; empty if there are none.
    pub annotations: BTreeMap<String, String>,
}

/// Reads the head of the first document of a text; a text without a document has an empty head. Keys match in
/// any case, as in Go.
///
/// # Errors
/// When Helm would refuse the document: it is not YAML, has a key or number that JSON cannot say, or one of
/// the fields is of another type.
pub fn inspect(text: &[u8]) -> Result<Head, YamlError> {
    let input = Input::new(text);
    if input.fault.is_none()
        && let Some(head) = fast::skim(&input.text)
    {
        return Ok(head);
    }
    head_of(&decode_exactly(&input, Numbers::Kept, &mut Room::default())?)
}

pub(super) fn head_of(value: &Value) -> Result<Head, YamlError> {
    let mut head = Reader::default();
    match value {
        Value::Null => {}
        Value::Map(map) => head.root(map),
        other => head.refuse(other, "Go value of type util.SimpleHead"),
    }
    match head.fault {
        Some(fault) => Err(YamlError::unplaced(fault)),
        None => Ok(head.head),
    }
}

#[derive(Default)]
struct Reader {
    head: Head,
    /// The first one; Go goes on reading, in the byte order of the keys.
    fault: Option<String>,
}

const METADATA_TYPE: &str =
    r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;

impl Reader {
    fn refuse(&mut self, value: &Value, target: &str) {
        let message = json::mismatch(value, None, "").message;
        let what = message.split(" into ").next().unwrap_or_default();
        self.fault.get_or_insert_with(|| format!("{DECODING}{what} into {target}"));
    }

    /// The text of a value for a field of type string; null leaves the field as it is.
    fn text(&mut self, value: &Value, field: &str) -> Option<String> {
        match value {
            Value::Null => None,
            Value::String(s) => Some(s.to_string()),
            other => {
                let text = string_of(other);
                if text.is_none() {
                    self.refuse(other, &format!("Go struct field {field} of type string"));
                }
                text
            }
        }
    }

    fn root(&mut self, map: &Map) {
        for (key, value) in map.read().iter() {
            if is_field(key.as_bytes(), "apiVersion") {
                if let Some(text) = self.text(value, "SimpleHead.apiVersion") {
                    self.head.api_version = text;
                }
            } else if is_field(key.as_bytes(), "kind") {
                if let Some(text) = self.text(value, "SimpleHead.kind") {
                    self.head.kind = text;
                }
            } else if is_field(key.as_bytes(), "metadata") {
                match value {
                    Value::Null => {
                        self.head.name.clear();
                        self.head.annotations.clear();
                    }
                    Value::Map(metadata) => self.metadata(metadata),
                    other => {
                        self.refuse(
                            other,
                            &format!("Go struct field SimpleHead.metadata of type {METADATA_TYPE}"),
                        );
                    }
                }
            }
        }
    }

    fn metadata(&mut self, map: &Map) {
        for (key, value) in map.read().iter() {
            if is_field(key.as_bytes(), "name") {
                if let Some(text) = self.text(value, ".metadata.name") {
                    self.head.name = text;
                }
            } else if is_field(key.as_bytes(), "annotations") {
                match value {
                    Value::Null => self.head.annotations.clear(),
                    Value::Map(annotations) => {
                        for (key, value) in annotations.read().iter() {
                            let text = self.text(value, ".metadata.annotations").unwrap_or_default();
                            self.head.annotations.insert(key.to_string(), text);
                        }
                    }
                    other => {
                        self.refuse(other, "Go struct field .metadata.annotations of type map[string]string");
                    }
                }
            }
        }
    }
}

/// Whether a key names a field: `encoding/json` folds case, for which U+017F is an s and U+212A a k.
fn is_field(key: &[u8], field: &str) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(field.as_bytes());
    }
    let fold = |c: char| match c {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    std::str::from_utf8(key).is_ok_and(|key| key.chars().map(fold).eq(field.chars().map(fold)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        inspect(text.as_bytes()).unwrap_err().message
    }

    #[test]
    fn the_head_of_a_document_is_read() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 123456789\n  annotations:\n    a: \"x\"\n    b: 5\n    c: yes\n    d: 1.10\n    e:\n";
        let head = inspect(text.as_bytes()).unwrap();
        assert_eq!(
            (head.api_version.as_str(), head.kind.as_str(), head.name.as_str()),
            ("v1", "Pod", "123456789")
        );
        let annotations: Vec<_> = head.annotations.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(annotations, [("a", "x"), ("b", "5"), ("c", "true"), ("d", "1.1"), ("e", "")]);
        assert_eq!(inspect(b"").unwrap(), Head::default());
        assert_eq!(inspect(b"# nothing\n").unwrap(), Head::default());
        assert_eq!(inspect(b"KIND: x\n").unwrap().kind, "x");
    }

    #[test]
    fn what_helm_refuses_is_refused() {
        assert_eq!(
            message("- a\n"),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type util.SimpleHead"
        );
        assert_eq!(
            message("kind: [a]\n"),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field SimpleHead.kind of type string"
        );
        assert_eq!(
            message("metadata:\n  annotations:\n    a: {}\n"),
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go struct field .metadata.annotations of type string"
        );
        assert!(message("spec:\n  a: .inf\n").contains("unsupported value: +Inf"));
        assert!(message("spec:\n  ~: 1\n").contains("unsupported map key"));
        assert!(message("a: b: c\n").contains("mapping values are not allowed in this context"));
    }
}
