//! `.Files`: the files of a chart that are neither templates nor metadata (`helm pkg/engine/files.go`).

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;

use super::{bytes, string_arg, to_yaml};
use crate::functions::glob::Glob;
use crate::value::{Kind, Map, MapType, NilType, Object, ObjectError, Str, Value};

/// The files of a chart, by their paths from the chart's root.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<Str, Arc<[u8]>>);

/// What a key that isn't there gives: a nil `[]byte`.
static NO_BYTES: NilType = NilType { name: "[]uint8", kind: Kind::Slice };

impl Files {
    /// These files, by path.
    pub fn new(files: impl IntoIterator<Item = (Str, Arc<[u8]>)>) -> Files {
        Files(files.into_iter().collect())
    }

    /// The files as the value that templates see.
    pub fn into_value(self) -> Value {
        Value::Object(Arc::new(self))
    }

    /// The contents of a file, empty if there is none.
    pub fn get(&self, path: &[u8]) -> &[u8] {
        self.0.get(path).map_or(&[], |data| data)
    }

    /// The files whose paths match. A pattern that cannot be read matches every file.
    pub fn glob(&self, pattern: &[u8]) -> Files {
        let pattern = String::from_utf8_lossy(pattern);
        let Ok(glob) = Glob::new(&pattern) else { return self.clone() };
        Files(
            self.0
                .iter()
                .filter(|(path, _)| glob.matches(&path.to_text()))
                .map(|(path, data)| (path.clone(), data.clone()))
                .collect(),
        )
    }

    /// The lines of a file. Helm panics on an empty file.
    fn lines(&self, path: &[u8]) -> Result<Value, ObjectError> {
        let Some(data) = self.0.get(path) else { return Ok(Value::strings([""; 0])) };
        match data.split_last() {
            None => Err(ObjectError("runtime error: index out of range [-1]".into())),
            Some((b'\n', rest)) => Ok(Value::strings(rest.split(|&b| b == b'\n'))),
            Some(_) => Ok(Value::strings(data.split(|&b| b == b'\n'))),
        }
    }

    /// A YAML map from base names to what `encode` makes of the contents.
    fn as_yaml(&self, encode: impl Fn(&[u8]) -> Str) -> Value {
        let map = Map::new(MapType::String);
        for (path, data) in &self.0 {
            map.insert(base(path.as_bytes()), Value::String(encode(data)));
        }
        to_yaml(Value::Map(map))
    }

    fn as_map(&self) -> Map {
        let entries = self.0.iter().map(|(path, data)| (path.clone(), bytes(data))).collect();
        Map::from_entries(MapType::Other("engine.files"), entries)
    }
}

/// Go's `path.Base`.
fn base(path: &[u8]) -> Str {
    if path.is_empty() {
        return ".".into();
    }
    let end = path.iter().rposition(|&b| b != b'/').map_or(0, |i| i + 1);
    match path[..end].rsplit(|&b| b == b'/').next() {
        Some(b"") | None => "/".into(),
        Some(name) => name.into(),
    }
}

impl Object for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(self.0.get(name.as_bytes()).map_or(Value::TypedNil(&NO_BYTES), bytes))
    }

    fn fields(&self) -> Vec<String> {
        self.0.keys().map(|path| path.to_text().into_owned()).collect()
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "Get" | "GetBytes" | "Glob" | "Lines" | "AsConfig" | "AsSecrets")
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, ObjectError> {
        match name {
            "Get" => Ok(Value::String(self.get(string_arg(args, name)?).into())),
            "GetBytes" => {
                let data = self.0.get(string_arg(args, name)?).cloned();
                Ok(Value::Bytes(data.unwrap_or_default()))
            }
            "Glob" => Ok(self.glob(string_arg(args, name)?).into_value()),
            "Lines" => self.lines(string_arg(args, name)?),
            "AsConfig" => Ok(self.as_yaml(|data| data.into())),
            "AsSecrets" => Ok(self.as_yaml(|data| BASE64.encode(data).into())),
            _ => Err(ObjectError(format!("files have no method {name}"))),
        }
    }

    fn method_params(&self, name: &str) -> usize {
        usize::from(!matches!(name, "AsConfig" | "AsSecrets"))
    }

    fn print(&self) -> String {
        let limits = crate::limits::Limits::default();
        crate::value::print::sprint_value(&limits, &Value::Map(self.as_map()))
            .map_or_else(|e| e.to_string(), |s| s.to_text().into_owned())
    }

    fn to_plain(&self) -> Value {
        Value::Map(self.as_map())
    }

    fn as_container(&self) -> Option<Value> {
        Some(Value::Map(self.as_map()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        Files::new(
            [("a/x.txt", "l1\n\nl3\n"), ("b.txt", "no end"), ("empty", "")]
                .map(|(path, text)| (Str::from(path), Arc::from(text.as_bytes()))),
        )
    }

    #[test]
    fn lines_lose_only_the_last_newline_and_an_empty_file_fails_as_in_helm() {
        let lines = files().lines(b"a/x.txt").unwrap();
        assert_eq!(lines.as_list().unwrap().len(), 3);
        assert_eq!(files().lines(b"none").unwrap().as_list().unwrap().len(), 0);
        assert_eq!(files().lines(b"empty").unwrap_err().0, "runtime error: index out of range [-1]");
    }

    #[test]
    fn a_pattern_that_cannot_be_read_matches_every_file() {
        assert_eq!(files().glob(b"*.txt").0.len(), 1);
        assert_eq!(files().glob(b"**.txt").0.len(), 2);
        assert_eq!(files().glob(b"[a").0.len(), 3);
    }

    #[test]
    fn base_names_are_go_s() {
        for (path, want) in [("a/b", "b"), ("a/b/", "b"), ("/", "/"), ("", "."), ("x", "x")] {
            assert_eq!(base(path.as_bytes()), want);
        }
    }
}
