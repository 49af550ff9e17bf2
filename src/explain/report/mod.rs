//! Explanations for people and for machines.

mod json;
mod terminal;
mod words;

pub use self::json::{SCHEMA, object as object_json, value as value_json};
pub use self::terminal::{object as object_text, value as value_text};
