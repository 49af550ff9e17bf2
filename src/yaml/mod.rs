//! YAML as Helm reads and writes it: go-yaml v2 behind `sigs.k8s.io/yaml`, its deviations from YAML included.
//!
//! Reading goes [`input`] → [`scanner`] → [`parser`] → [`node`] → [`decode`]: bytes, tokens, events, a tree
//! of one document, a value.

mod base64;
mod decode;
mod go_syntax;
mod input;
mod node;
mod parser;
mod resolve;
mod scanner;
mod token;

use crate::value::Value;

use self::input::Input;
use self::node::Document;
use self::token::{Fault, Mark, Stage};

/// Why a text is not YAML that Helm takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// Go's message: `error converting YAML to JSON: yaml: line 2: …`. Its line, if it has one, may be the one
    /// before.
    pub message: String,
    /// Line from 1, 0 if unknown.
    pub line: usize,
    /// Column from 1 in characters, 0 if unknown.
    pub column: usize,
}

/// Reads the first document of a text, as `sigs.k8s.io/yaml` does for a target of type `interface{}`:
/// YAML 1.1, keys as strings, every number a `float64`. An empty text is null.
///
/// # Errors
/// When the text is not YAML, or not what JSON can say.
pub fn decode(text: &[u8]) -> Result<Value, YamlError> {
    let input = Input::new(text);
    let document =
        Document::first(&input.text, input.fault).map_err(|f| YamlError::of_fault(f, &input.text))?;
    decode::decode(&document).map_err(|f| YamlError::at(f.message, f.mark, &input.text))
}

impl YamlError {
    fn at(message: String, mark: Mark, text: &[u8]) -> YamlError {
        let line =
            text.get(mark.offset.saturating_sub(mark.column as usize)..mark.offset).unwrap_or_default();
        YamlError {
            message,
            line: mark.line as usize + 1,
            column: String::from_utf8_lossy(line).chars().count() + 1,
        }
    }

    fn unplaced(message: String) -> YamlError {
        YamlError { message, line: 0, column: 0 }
    }

    fn of_fault(fault: Fault, text: &[u8]) -> YamlError {
        // go-yaml counts lines from 0, so a message of its parser names the line before, and none for the
        // first line.
        let line = match (fault.mark.line, fault.context.line) {
            _ if fault.stage == Stage::Reader => 0,
            (0, context) => context,
            (line, _) if fault.stage == Stage::Scanner => line + 1,
            (line, _) => line,
        };
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        let message = format!("error converting YAML to JSON: yaml: {place}{}", fault.problem);
        match fault.stage {
            Stage::Reader if fault.context == Mark::default() && fault.mark == Mark::default() => {
                YamlError::unplaced(message)
            }
            _ => YamlError::at(message, fault.mark, text),
        }
    }
}
