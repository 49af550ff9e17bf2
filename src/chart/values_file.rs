//! A values file: YAML documents, merged from first to last (`helm pkg/chart/v2/loader/load.go: LoadValues`).

use std::sync::Arc;

use crate::diagnostic::{Error, Place, Result};
use crate::value::{Map, MapType, Room, Value};
use crate::yaml;

/// The values of a file. `display` is the file as the user would name it, for errors.
///
/// # Errors
/// When a document is no YAML or no map, in Helm's words, with the place.
pub fn parse_values(text: &[u8], display: &str) -> Result<Map> {
    parse_values_within(text, display, &mut Room::default())
}

/// As [`parse_values`], with this room for the values.
///
/// # Errors
/// As [`parse_values`], and when there is not enough room.
pub fn parse_values_within(text: &[u8], display: &str, room: &mut Room) -> Result<Map> {
    let documents = yaml::documents_within(text, room).map_err(|e| {
        let mut place = Place::new(display, e.line, e.column);
        place.text = std::str::from_utf8(text).ok().map(Arc::from);
        let hint = if room.is_full() { Some(Room::HINT) } else { hint(text, e.line) };
        let error = Error::new(e.message).at(place);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    let mut values: Option<Map> = None;
    for document in documents {
        let Value::Map(map) = document.value else { continue };
        match &values {
            Some(values) => merge_maps(values, &map),
            None => values = Some(map),
        }
    }
    Ok(values.unwrap_or_else(|| Map::new(MapType::Any)))
}

/// What is likely wrong with a text that isn't YAML.
fn hint(text: &[u8], line: usize) -> Option<&'static str> {
    if text.contains(&0) || (line == 0 && std::str::from_utf8(text).is_err()) {
        return Some("this file isn't text: is it really the values file?");
    }
    let line = text.split(|b| *b == b'\n').nth(line.checked_sub(1)?)?;
    let indentation = line.iter().take_while(|b| b.is_ascii_whitespace());
    indentation.into_iter().any(|b| *b == b'\t').then_some("YAML is indented by spaces, never by tabs")
}

/// Lays one map over another, map by map (`MergeMaps`): what is no map on both sides is replaced, by null
/// too. `values` is changed in place, and shares what only `over` has.
///
/// It does not recurse: values may be nested ten thousand deep.
pub fn merge_maps(values: &Map, over: &Map) {
    let mut open = vec![(values.clone(), over.clone())];
    while let Some((values, over)) = open.pop() {
        for (key, value) in over.entries() {
            match (values.get(&key), &value) {
                (Some(Value::Map(before)), Value::Map(after)) => open.push((before, after.clone())),
                _ => {
                    values.insert(key, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_documents_win_and_maps_are_merged() {
        let values = parse_values(b"a: {x: 1, w: 1}\nb: 1\n---\na: {x: 2}\nb: {c: 3}\n", "v").unwrap();
        let a = values.get("a").unwrap();
        assert!(matches!(a.as_map().unwrap().get("x"), Some(Value::Float(f)) if f == 2.0));
        assert!(matches!(a.as_map().unwrap().get("w"), Some(Value::Float(f)) if f == 1.0));
        assert!(values.get("b").unwrap().as_map().is_some());
    }

    #[test]
    fn a_file_without_values_is_an_empty_map() {
        assert!(parse_values(b"", "v").unwrap().is_empty());
        assert!(parse_values(b"# nothing\n---\n", "v").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_no_map_is_an_error() {
        let error = parse_values(b"a: 1\n---\n- 1\n", "values.yaml").unwrap_err();
        assert_eq!(
            error.message(),
            "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot \
             unmarshal array into Go value of type map[string]interface {}"
        );
    }

    #[test]
    fn an_error_has_its_place_in_the_whole_file() {
        let error = parse_values(b"a: 1\n---\nb: 1\n\tc: 2\n", "values.yaml").unwrap_err();
        assert_eq!(error.diagnostic().place.as_ref().unwrap().line, 4);
    }
}
