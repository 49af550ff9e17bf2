//! How a value is written in a report: as YAML, and a text as its lines.

use crate::json;
use crate::value::{Map, Value};
use crate::yaml;

/// Characters of a line from which on its end is left out.
pub const MAX_LINE: usize = 2_000;

/// A value as a report writes it: lines without line ends, escaped, of a bounded length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It fits on a line.
    Inline(String),
    /// It has several lines.
    Block(Vec<String>),
}

impl Shown {
    /// The value in its lines.
    pub fn of(value: &Value) -> Shown {
        if let Value::String(text) = value {
            let text = text.to_text();
            if text.trim_end_matches('\n').contains('\n') {
                return Shown::Block(lines_of(&text));
            }
        }
        if let Some(flow) = flow(value) {
            return Shown::Inline(flow);
        }
        let mut lines = lines_of(&yaml_of(value));
        if lines.len() == 1 { Shown::Inline(lines.remove(0)) } else { Shown::Block(lines) }
    }

    /// All lines.
    pub fn into_lines(self) -> Vec<String> {
        match self {
            Shown::Inline(line) => vec![line],
            Shown::Block(lines) => lines,
        }
    }
}

/// Items, and characters, of a collection of scalars that is written on one line.
const FLOW_ITEMS: usize = 8;
const FLOW_CHARS: usize = 70;

/// A small list or map of scalars on one line: `[get, list]`, `{name: tls, port: 443}`.
fn flow(value: &Value) -> Option<String> {
    let scalar = |value: &Value| -> Option<String> {
        match value {
            Value::List(_) | Value::Map(_) | Value::Object(_) => return None,
            // What is a plain word in a block may end or begin something here.
            Value::String(text) if text.as_bytes().iter().any(|b| b",[]{}#:\n".contains(b)) => {
                return json::encode(value, json::Escape::None).ok();
            }
            _ => {}
        }
        let text = yaml_of(value);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        (!line.contains('\n')).then(|| line.to_string())
    };
    let (open, items, close): (_, Vec<String>, _) = match value {
        Value::List(list) if (1..=FLOW_ITEMS).contains(&list.len()) => {
            ('[', list.items().iter().map(scalar).collect::<Option<_>>()?, ']')
        }
        Value::Map(map) if (1..=FLOW_ITEMS).contains(&map.len()) => {
            let entry = |(key, value): (crate::value::Str, Value)| {
                Some(format!("{}: {}", scalar(&Value::String(key))?, scalar(&value)?))
            };
            ('{', map.entries().into_iter().map(entry).collect::<Option<_>>()?, '}')
        }
        _ => return None,
    };
    let text = items.join(", ");
    (text.chars().count() <= FLOW_CHARS).then(|| line_of(&format!("{open}{text}{close}")))
}

/// The lines of an object that is new or goes, in short: without what its name says already, and with labels and
/// annotations behind what it is about.
pub fn object_in_short(value: &Value) -> Vec<String> {
    let Some(map) = value.as_map() else { return lines_of(&yaml_of(value)) };
    let section = |key: &str, value: Value| {
        let map = Map::default();
        map.insert(key, value);
        lines_of(&yaml_of(&Value::Map(map)))
    };
    let mut lines = Vec::new();
    let mut last = Vec::new();
    for (key, value) in map.entries() {
        match (&*key.to_text(), &value) {
            ("apiVersion" | "kind", _) => {}
            ("metadata", Value::Map(metadata)) => {
                let rest = Map::default();
                for (key, value) in metadata.entries() {
                    if !matches!(&*key.to_text(), "name" | "namespace") {
                        rest.insert(key, value);
                    }
                }
                if !rest.is_empty() {
                    last = section("metadata", Value::Map(rest));
                }
            }
            (key, _) => lines.extend(section(key, value)),
        }
    }
    lines.append(&mut last);
    lines
}

/// The value as YAML, in the order of its keys; what YAML cannot say as JSON.
pub fn yaml_of(value: &Value) -> String {
    // A whole number from a values file is no other number for being a float there, and reads better.
    if let Value::Float(n) = value
        && n.fract() == 0.0
        && n.abs() < 1e15
    {
        return format!("{n:.0}");
    }
    yaml::to_yaml(value)
        .ok()
        .or_else(|| json::encode(value, json::Escape::None).ok())
        .unwrap_or_else(|| "(a value that neither YAML nor JSON can say)".to_string())
}

/// The lines of a text, escaped, each cut at [`MAX_LINE`] characters. A final line end makes no line, but its
/// absence is no difference either: strings of ConfigMaps differ in it often, and [`ending`] tells it.
pub fn lines_of(text: &str) -> Vec<String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').map(line_of).collect()
}

/// A line, escaped and cut at [`MAX_LINE`] characters.
pub fn line_of(line: &str) -> String {
    let escaped = crate::diagnostic::escape_line(line);
    match escaped.char_indices().nth(MAX_LINE) {
        None => escaped,
        Some((at, _)) => {
            let more = escaped[at..].chars().count();
            format!("{}… ({more} more characters)", &escaped[..at])
        }
    }
}

/// What is to say of two texts that differ in nothing that their lines show.
pub fn ending(old: &Value, new: &Value) -> Option<&'static str> {
    let ends = |value: &Value| value.as_str().map(|text| text.ends_with('\n'));
    match (ends(old)?, ends(new)?) {
        (true, false) => Some("the line end at the end goes"),
        (false, true) => Some("a line end is added at the end"),
        _ => None,
    }
}

/// The first characters of a text that has more, for names and sentences in headings.
pub fn brief(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_string(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        let inline = |value| match Shown::of(&value) {
            Shown::Inline(line) => line,
            Shown::Block(lines) => panic!("{lines:?}"),
        };
        assert_eq!(inline(Value::string("80")), "\"80\"");
        assert_eq!(inline(Value::int64(80)), "80");
        assert_eq!(inline(Value::string("auto")), "auto");
        assert_eq!(inline(Value::Null), "null");
        assert_eq!(inline(Value::list(vec![])), "[]");
    }

    #[test]
    fn a_text_is_its_own_lines_escaped() {
        let shown = Shown::of(&Value::string("a: 1\n\u{1b}[31mred\n"));
        assert_eq!(shown, Shown::Block(vec!["a: 1".into(), "\\u{1b}[31mred".into()]));
    }

    #[test]
    fn small_collections_of_scalars_stand_on_one_line() {
        let shown = |text: &str| Shown::of(&yaml::decode_with_integers(text.as_bytes()).unwrap());
        assert_eq!(shown("[get, 'a, b', '1', 2]"), Shown::Inline("[get, \"a, b\", \"1\", 2]".into()));
        assert_eq!(shown("{name: tls, port: 443}"), Shown::Inline("{name: tls, port: 443}".into()));
        assert!(matches!(shown("{a: {b: 1}}"), Shown::Block(_)));
        assert!(matches!(shown(&format!("[{}]", "item, ".repeat(9))), Shown::Block(_)));
    }

    #[test]
    fn an_object_in_short_begins_with_what_it_is_about() {
        let text =
            "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {x: z}}, spec: {type: ClusterIP}}";
        let value = yaml::decode_with_integers(text.as_bytes()).unwrap();
        assert_eq!(
            object_in_short(&value),
            ["spec:", "  type: ClusterIP", "metadata:", "  labels:", "    x: z"]
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let line = line_of(&"x".repeat(3_000));
        assert!(line.ends_with("x… (1000 more characters)"));
    }
}
