//! The grammar of `--set` and its kin.

use crate::diagnostic::{Error, Severity};
use crate::json;
use crate::value::Value;
use crate::values::{Layers, Overrides};

/// Reads each line of the input as what follows a flag, which its first letter tells: `t` for `--set-string`,
/// `j` for `--set-json`, `l` for `--set-literal`, `f` for `--set-file`, anything else for `--set`. Whatever they
/// set, a values file can say it, too.
pub fn set(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    super::with_room(|| match Layers::gather(&overrides(input), &mut read) {
        Ok(layers) => can_be_written(&Value::Map(layers.values)),
        Err(error) => assert!(!error.diagnostic().render(Severity::Error).is_empty()),
    });
}

fn overrides(input: &str) -> Overrides {
    let mut overrides = Overrides::default();
    for line in input.split('\n') {
        let mut rest = line.chars();
        let texts = match rest.next() {
            Some('t') => &mut overrides.strings,
            Some('j') => &mut overrides.json,
            Some('l') => &mut overrides.literals,
            Some('f') => &mut overrides.set_files,
            _ => &mut overrides.set,
        };
        texts.push(rest.as_str().to_string());
    }
    overrides
}

/// The files that `--set-file` finds.
fn read(name: &str) -> crate::Result<Vec<u8>> {
    if name.contains("gone") { Err(Error::new("there is no such file")) } else { Ok(name.into()) }
}

/// How long the JSON of values may be to be looked at further: there are lists of very many nulls.
const LONG: usize = 64 << 10;

/// The values come back from YAML as they come back from JSON.
fn can_be_written(values: &Value) {
    let json = json::encode(values, json::Escape::None).unwrap_or_else(|e| panic!("no JSON: {e}"));
    if json.len() < LONG {
        let value = json::decode(json.as_bytes()).unwrap_or_else(|e| panic!("bad JSON: {e}"));
        super::yaml::is_read_back(&value);
    }
}
