//! A values file: YAML documents, merged from first to last (`helm pkg/chart/v2/loader/load.go: LoadValues`).

use std::borrow::Cow;
use std::sync::Arc;

use crate::diagnostic::{Error, Place, Result};
use crate::value::{Map, MapType, Value};
use crate::yaml;

/// The values of a file. `display` is the file as the user would name it, for errors.
///
/// # Errors
/// When a document is no YAML or no map, in Helm's words, with the place.
pub fn parse_values(text: &[u8], display: &str) -> Result<Map> {
    let mut values: Option<Map> = None;
    for document in documents(text) {
        let document = document.map_err(|e| located(e.0, display, text, e.1, 0))?;
        let map = match yaml::decode(&document.text) {
            Ok(Value::Map(map)) => map,
            Ok(Value::Null) => continue,
            Ok(other) => {
                let got = match other {
                    Value::List(_) => "array",
                    Value::Bool(_) => "bool",
                    Value::String(_) => "string",
                    _ => "number",
                };
                let message = format!(
                    "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: \
                     cannot unmarshal {got} into Go value of type map[string]interface {{}}"
                );
                return Err(located(message, display, text, document.first_line, 0)
                    .hint("a values file holds a map: names, colons, values"));
            }
            Err(e) => {
                let message = format!("cannot unmarshal yaml document: {}", e.message);
                let line = if e.line > 0 { document.first_line + e.line - 1 } else { 0 };
                return Err(located(message, display, text, line, e.column));
            }
        };
        values = Some(match values {
            Some(before) => merge_maps(&before, &map),
            None => map,
        });
    }
    Ok(values.unwrap_or_else(|| Map::new(MapType::Any)))
}

fn located(message: String, display: &str, text: &[u8], line: usize, column: usize) -> Error {
    let mut place = Place::new(display, line, column);
    place.text = std::str::from_utf8(text).ok().map(Arc::from);
    Error::new(message).at(place)
}

/// The entries of both; of maps on both sides the merge, else the one of `b` (`MergeMaps`). The result
/// shares what is in only one of them.
pub fn merge_maps(a: &Map, b: &Map) -> Map {
    let mut out = a.read().clone();
    for (key, value) in b.read().iter() {
        let merged = match (out.get(key), value) {
            (Some(Value::Map(before)), Value::Map(after)) => Value::Map(merge_maps(before, after)),
            _ => value.clone(),
        };
        out.insert(key.clone(), merged);
    }
    Map::from_entries(MapType::Any, out)
}

/// A document of a file.
struct Document<'t> {
    text: Cow<'t, [u8]>,
    /// The line of the file on which it begins, from 1.
    first_line: usize,
}

/// Splits a text as `k8s.io/apimachinery pkg/util/yaml: YAMLReader` does: at every line that begins with
/// `---`; nothing but a comment may follow there. Lines end in a bare newline afterwards, the last one too.
/// An error is the message and the line.
fn documents(text: &[u8]) -> Vec<Result<Document<'_>, (String, usize)>> {
    let plain = text.ends_with(b"\n") && memchr::memchr(b'\r', text).is_none();
    if plain && memchr::memmem::find(text, b"\n---").is_none() && !text.starts_with(b"---") {
        return vec![Ok(Document { text: Cow::Borrowed(text), first_line: 1 })];
    }
    let mut documents = Vec::new();
    let mut buffer = Vec::new();
    let mut first_line = 1;
    let mut lines = text.split(|b| *b == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let at_end = lines.peek().is_none();
        if at_end && line.is_empty() && !buffer.is_empty() {
            break;
        }
        let line = line.strip_suffix(b"\r").filter(|_| !at_end).unwrap_or(line);
        if let Some(rest) = line.strip_prefix(b"---") {
            let rest = String::from_utf8_lossy(rest);
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let message = format!("error reading yaml document: invalid Yaml document separator: {rest}");
                documents.push(Err((message, index + 1)));
                return documents;
            }
            if !buffer.is_empty() {
                documents.push(Ok(Document { text: Cow::Owned(std::mem::take(&mut buffer)), first_line }));
                first_line = index + 2;
                continue;
            }
        }
        buffer.extend_from_slice(line);
        buffer.push(b'\n');
    }
    if !buffer.is_empty() {
        documents.push(Ok(Document { text: Cow::Owned(buffer), first_line }));
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        documents(text.as_bytes())
            .into_iter()
            .map(|d| match d {
                Ok(d) => format!("{}:{}", d.first_line, String::from_utf8_lossy(&d.text)),
                Err((message, line)) => format!("{line}!{message}"),
            })
            .collect()
    }

    #[test]
    fn documents_are_split_at_lines_that_begin_with_dashes() {
        assert_eq!(split("a: 1\n"), ["1:a: 1\n"]);
        assert_eq!(split("a: 1"), ["1:a: 1\n"]);
        assert_eq!(split("---\na: 1\n--- # x\nb: 2\n"), ["1:---\na: 1\n", "4:b: 2\n"]);
        assert_eq!(split("a: 1\r\n---\r\nb: 2\r\n"), ["1:a: 1\n", "3:b: 2\n"]);
        assert_eq!(
            split("a: 1\n--- {b: 2}\n"),
            ["2!error reading yaml document: invalid Yaml document separator: {b: 2}"]
        );
    }

    #[test]
    fn later_documents_win_and_maps_are_merged() {
        let values = parse_values(b"a: {x: 1, y: 1}\nb: 1\n---\na: {x: 2}\nb: {c: 3}\n", "v").unwrap();
        let a = values.get("a").unwrap();
        assert!(matches!(a.as_map().unwrap().get("x"), Some(Value::Float(f)) if f == 2.0));
        assert!(matches!(a.as_map().unwrap().get("y"), Some(Value::Float(f)) if f == 1.0));
        assert!(values.get("b").unwrap().as_map().is_some());
    }

    #[test]
    fn a_file_that_is_no_map_is_an_error_with_its_place() {
        let error = parse_values(b"a: 1\n---\n- 1\n", "values.yaml").unwrap_err();
        assert!(
            error.message().ends_with("cannot unmarshal array into Go value of type map[string]interface {}")
        );
        assert_eq!(error.diagnostic().place.as_ref().unwrap().line, 3);
    }
}
