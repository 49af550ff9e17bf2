//! The fields of Kubernetes' own API types, as the API server reads them. `tests/api_types.rs` writes the table and
//! holds it against the crate that it is from.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What may stand in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A number or a text: `500m`, `25%`, the name or number of a port.
    Amount,
    /// A text in base64.
    Base64,
    /// Anything.
    Any,
    /// A list of these.
    List(Box<Shape>),
    /// A map with any keys to these.
    Map(Box<Shape>),
    /// A map with the fields of this type.
    Struct(&'static str),
}

/// The fields of a type.
pub type Fields = HashMap<&'static str, Shape>;

#[derive(Debug, Default)]
struct Table {
    kinds: HashMap<(&'static str, &'static str), &'static str>,
    types: HashMap<&'static str, Fields>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("kubernetes.txt")));

/// The type of a kind: `apps/v1`, `Deployment`.
pub fn of_kind(api_version: &str, kind: &str) -> Option<&'static str> {
    let kinds: &HashMap<(&str, &str), &'static str> = &TABLE.kinds;
    kinds.get(&(api_version, kind)).copied()
}

/// The fields of a type.
pub fn fields(name: &str) -> Option<&'static Fields> {
    TABLE.types.get(name)
}

impl Table {
    fn read(text: &'static str) -> Table {
        let mut table = Table::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(rest) = line.strip_prefix("kind ") {
                let mut words = rest.split_whitespace();
                if let (Some(version), Some(kind), _, Some(name)) =
                    (words.next(), words.next(), words.next(), words.next())
                {
                    table.kinds.insert((version, kind), name);
                }
            } else if let Some((name, fields)) = line.split_once(':') {
                let field =
                    |word: &'static str| word.split_once('=').map(|(name, of)| (name, Shape::read(of)));
                table.types.insert(name, fields.split_whitespace().filter_map(field).collect());
            }
        }
        table
    }
}

impl Shape {
    fn read(text: &'static str) -> Shape {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Shape::List(Box::new(Shape::read(inner)));
        }
        if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return Shape::Map(Box::new(Shape::read(inner)));
        }
        match text {
            "text" => Shape::Text,
            "whole" => Shape::Whole,
            "number" => Shape::Number,
            "boolean" => Shape::Boolean,
            "amount" => Shape::Amount,
            "base64" => Shape::Base64,
            "any" => Shape::Any,
            name => Shape::Struct(name),
        }
    }

    /// What it is, for the reader.
    pub fn words(&self) -> &'static str {
        match self {
            Shape::Text => "a text",
            Shape::Whole => "a whole number",
            Shape::Number => "a number",
            Shape::Boolean => "a boolean",
            Shape::Amount => "a number or a text",
            Shape::Base64 => "a text in base64",
            Shape::Any => "anything",
            Shape::List(_) => "a list",
            Shape::Map(_) | Shape::Struct(_) => "a map",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_the_table_names_is_there() {
        fn named(shape: &Shape) -> Option<&'static str> {
            match shape {
                Shape::List(inner) | Shape::Map(inner) => named(inner),
                Shape::Struct(name) => Some(name),
                _ => None,
            }
        }
        assert!(TABLE.kinds.len() > 50 && TABLE.types.len() > 400);
        let shapes = TABLE.types.values().flat_map(HashMap::values);
        for name in shapes.filter_map(named).chain(TABLE.kinds.values().copied()) {
            assert!(fields(name).is_some(), "there is no type {name}");
        }
        assert_eq!(fields("Container").unwrap()["args"], Shape::List(Box::new(Shape::Text)));
    }
}
