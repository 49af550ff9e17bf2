//! JSON as Go's `encoding/json` reads and writes it.

mod decode;
mod encode;
mod writer;

pub(crate) use self::decode::mismatch;
pub use self::decode::{
    decode, decode_list, decode_list_within, decode_map, decode_map_within, decode_within,
};
pub use self::encode::{Escape, encode, encode_pretty, number, write_string};
pub use self::writer::Writer;

use crate::value::Value;

/// Why a text is not JSON, or a value cannot be JSON.
#[derive(Clone, Debug)]
pub struct JsonError {
    /// Go's message: `invalid character 'x' looking for beginning of value`.
    pub message: String,
    /// Where in the text, in bytes from 0; 0 if unknown.
    pub offset: usize,
    /// What Go's target holds nevertheless: a text that is JSON, but whose numbers or outermost type do not
    /// fit, is read as far as it fits.
    pub partial: Option<Value>,
}

impl JsonError {
    fn new(message: impl Into<String>, offset: usize) -> JsonError {
        JsonError { message: message.into(), offset, partial: None }
    }
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for JsonError {}
