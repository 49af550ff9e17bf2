//! The whole of JSON Schema, by a library of the author of Helm's: for refusals, whose words it can tell, and
//! for what the quick check does not know.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use boon::{Compiler, Schemas, UrlLoader};
use serde_json::Value as Json;

use super::{Path, Refusal, words};
use crate::diagnostic::{Error, Result};
use crate::value::{Map, Value};

/// The address Helm gives the schema.
const LOCATION: &str = "file:///values.schema.json";
/// How long a check may take. Its cost can be exponential in the size of the schema.
const TIME: Duration = Duration::from_secs(5);
/// Values may be nested ten thousand deep; reading them recurses.
const STACK: usize = 256 << 20;

/// Checks values against a schema. The outer error is a limit.
pub(super) fn check(schema: Json, values: &Map) -> Result<std::result::Result<(), Refusal>> {
    let (sender, receiver) = mpsc::channel();
    let values = values.clone();
    let work = move || {
        let _ = sender.send(validate(schema, &plain(&Value::Map(values))));
    };
    // The library knows no bounds, so it works in a thread of its own; one that takes too long is given up.
    let failed =
        |e: &dyn std::fmt::Display| Error::new(format!("cannot check values against the schema: {e}"));
    thread::Builder::new().stack_size(STACK).spawn(work).map_err(|e| failed(&e))?;
    receiver.recv_timeout(TIME).map_err(|e| match e {
        mpsc::RecvTimeoutError::Timeout => Error::new(format!(
            "checking the values against the chart's schema takes longer than {} seconds",
            TIME.as_secs()
        ))
        .hint("--skip-schema-validation renders without the check"),
        mpsc::RecvTimeoutError::Disconnected => failed(&"unable to validate schema"),
    })
}

pub(super) fn validate(schema: Json, values: &Json) -> std::result::Result<(), Refusal> {
    let refuse = |text: String| Refusal { violations: vec![(Path::new(), text.clone())], text };
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(NothingOutside));
    if let Some((regex, place)) = words::bad_pattern(&schema) {
        return Err(refuse(words::invalid_regex(&regex, &format!("{LOCATION}#{place}"))));
    }
    compiler.add_resource(LOCATION, schema).map_err(|e| refuse(words::compile_error(&e)))?;
    let index = compiler.compile(LOCATION, &mut schemas).map_err(|e| refuse(words::compile_error(&e)))?;
    let Err(error) = schemas.validate(values, index) else { return Ok(()) };
    let mut violations: Vec<(Path, String)> = Vec::new();
    words::leaves(&error, &mut violations);
    Err(Refusal { text: format!("{}\n", words::validation_error(&error)), violations })
}

/// References outside the schema are refused; names (`urn:`) that nobody resolves allow everything, as in
/// Helm.
struct NothingOutside;

impl UrlLoader for NothingOutside {
    fn load(&self, url: &str) -> std::result::Result<Json, Box<dyn std::error::Error>> {
        if url.starts_with("urn:") {
            return Ok(Json::Bool(true));
        }
        Err("schemas outside the chart are not read".into())
    }
}

/// The values as JSON. Whole floats become integers, which are printed alike.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(i.as_i64()),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 9_007_199_254_740_992.0 => Json::from(*f as i64),
        Value::Float(f) => Json::from(*f),
        Value::String(s) => Json::String(s.to_text().into_owned()),
        Value::List(list) => Json::Array(list.read().iter().map(plain).collect()),
        Value::Map(map) => {
            Json::Object(map.read().iter().map(|(k, v)| (k.to_text().into_owned(), plain(v))).collect())
        }
        _ => Json::Null,
    }
}
