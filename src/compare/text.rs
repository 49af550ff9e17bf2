//! Strings that are more than strings: base64, JSON, YAML.

use super::path::{Format, Path, Step};
use super::schema::{self, Field, Shape, UNKNOWN};
use super::walk::{Side, Walk};
use super::{FieldChange, Same, certificate, meaning};
use crate::value::{Int, IntKind, Map, MapType, Str, Value};
use crate::yaml;

/// The longest text within a string that is read.
const TEXT: usize = 4 << 20;

/// How many bytes of texts within strings are read for one pair of objects.
const TEXTS: usize = 32 << 20;

/// How many texts may be within one another.
const NESTED: usize = 4;

impl Walk<'_> {
    /// Looks at two strings that differ.
    pub fn strings(&mut self, field: &Field, old: &Str, new: &Str, sides: (Side<'_>, Side<'_>)) {
        if meaning::same(field, sides.0, sides.1).is_some() {
            return self.tell(field, sides.0, sides.1);
        }
        if matches!(field.shape, Shape::Base64)
            && let (Some(a), Some(b)) = (base64(old), base64(new))
        {
            if a == b {
                return self.push(self.change(sides, Some(Same::Encoding)));
            }
            let (a, b) = (Str::from_bytes(a), Str::from_bytes(b));
            if is_text(&a) && is_text(&b) {
                self.path.push(Step::Text(Format::Base64));
                let (a, b) = (Value::String(a), Value::String(b));
                let none = meaning::Siblings::new();
                self.field(&UNKNOWN, (Some(&a), &none), (Some(&b), &none));
                self.path.pop();
                return;
            }
        }
        if let Some((format, a, b)) = self.structures(old, new) {
            let before = self.fields.len();
            let root = root(&a, &b);
            let none = meaning::Siblings::new();
            self.path.push(Step::Text(format));
            self.field(root, (Some(&a), &none), (Some(&b), &none));
            self.path.pop();
            if self.fields.len() == before {
                self.push(self.change(sides, Some(Same::Text)));
            }
            return;
        }
        let mut change = self.change(sides, None);
        change.notes = certificate::notes(Some(old), Some(new));
        self.push(change);
    }

    /// Tells of a string that came or went.
    pub fn one_string(&mut self, field: &Field, text: &Str, old: Side<'_>, new: Side<'_>) {
        let decoded = match field.shape {
            Shape::Base64 => base64(text).map(Str::from_bytes).filter(is_text),
            _ => None,
        };
        let step = decoded.is_some().then_some(Step::Text(Format::Base64));
        let text = decoded.as_ref().unwrap_or(text).clone();
        let value = Value::String(text.clone());
        let before = self.fields.len();
        self.path.extend(step.clone());
        let (there, none) = ((Some(&value), old.1), (None, old.1));
        match (old.0, new.0) {
            _ if step.is_none() => self.tell(field, old, new),
            (Some(_), _) => self.tell(&UNKNOWN, there, none),
            _ => self.tell(&UNKNOWN, none, there),
        }
        if step.is_some() {
            self.path.pop();
        }
        if let Some(change) = self.fields.get_mut(before) {
            change.notes = match old.0 {
                Some(_) => certificate::notes(Some(&text), None),
                None => certificate::notes(None, Some(&text)),
            };
        }
    }

    fn change(&self, sides: (Side<'_>, Side<'_>), same: Option<Same>) -> FieldChange {
        FieldChange {
            path: Path(self.path.clone()),
            old: sides.0.0.cloned(),
            new: sides.1.0.cloned(),
            same,
            notes: Vec::new(),
        }
    }

    /// What both texts say, if both are JSON or YAML and say maps, or lists.
    fn structures(&mut self, old: &Str, new: &Str) -> Option<(Format, Value, Value)> {
        let nested = self.path.iter().filter(|step| matches!(step, Step::Text(_))).count();
        let bytes = old.len().saturating_add(new.len());
        if nested >= NESTED || old.len().max(new.len()) > TEXT || self.parsed.saturating_add(bytes) > TEXTS {
            return None;
        }
        let (old, new) = (old.as_str()?, new.as_str()?);
        if looks_like_json(old) && looks_like_json(new) {
            self.parsed += bytes;
            let read = |text| serde_json::from_str(text).ok().map(of_json);
            if let (Some(a), Some(b)) = (read(old), read(new)) {
                return is_pair(&a, &b).then_some((Format::Json, a, b));
            }
        }
        let name = self.path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.to_text()),
            _ => None,
        });
        let sure = match extension(name.as_deref().unwrap_or_default()) {
            Some("yaml" | "yml" | "json") => true,
            Some(_) => return None,
            None => false,
        };
        if !looks_like_yaml(old) || !looks_like_yaml(new) {
            return None;
        }
        self.parsed += bytes;
        let read = |text: &str| yaml::decode_with_integers(text.as_bytes()).ok();
        let (a, b) = (read(old)?, read(new)?);
        // A list may be the items of a text in Markdown, whose headings YAML takes for comments.
        let believed = sure || matches!(a, Value::Map(_));
        (believed && is_pair(&a, &b)).then_some((Format::Yaml, a, b))
    }
}

/// The type of what a text says, if it is an object of Kubernetes.
fn root(a: &Value, b: &Value) -> &'static Field {
    let of = |value: &Value| {
        let map = value.as_map()?;
        let (api_version, kind) = (map.get("apiVersion")?, map.get("kind")?);
        let group = api_version.as_str()?.rsplit_once('/').map_or("", |(group, _)| group).to_string();
        let kind = kind.as_str()?.to_string();
        schema::knows(&group, &kind).then(|| schema::root(&group, &kind))
    };
    of(b).or_else(|| of(a)).unwrap_or(&UNKNOWN)
}

fn is_pair(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::Map(_), Value::Map(_)) | (Value::List(_), Value::List(_)))
}

/// Whether a string is a text: UTF-8 without control characters.
fn is_text(text: &Str) -> bool {
    text.as_str()
        .is_some_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')
}

/// Whether it may be YAML of more than a line, and one document.
fn looks_like_yaml(text: &str) -> bool {
    let text = text.strip_prefix("---\n").unwrap_or(text);
    let several = |mark: &str| text.starts_with(mark) || text.contains(&format!("\n{mark}"));
    text.trim_end().contains('\n') && !several("---") && !several("...") && !several("%")
}

/// What stands behind the last dot of a file's name: `yaml` of `mesh.yaml`; none of `mesh` and of
/// `helm.sh/values`.
fn extension(name: &str) -> Option<&str> {
    let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
    let (_, extension) = file.rsplit_once('.')?;
    (!extension.is_empty()).then_some(extension)
}

/// The bytes that a text says in base64, with or without line breaks.
pub(super) fn base64(text: &Str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if memchr::memchr2(b'\n', b'\r', bytes).is_none() {
        return data_encoding::BASE64.decode(bytes).ok();
    }
    let symbols: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    data_encoding::BASE64.decode(&symbols).ok()
}

/// JSON as a value, numbers as `yaml::decode_with_integers` gives them. The reader bounds its depth.
fn of_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::int64(int),
            (None, Some(int)) => Value::Int(Int::new(int as i64, IntKind::Uint64)),
            _ => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(of_json).collect()),
        serde_json::Value::Object(map) => Value::Map(Map::from_entries(
            MapType::Any,
            map.into_iter().map(|(key, value)| (Str::from(key), of_json(value))).collect(),
        )),
    }
}
