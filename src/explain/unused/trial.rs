//! What happens without a value, and with another: if nothing, it has no effect.

use jiff::Timestamp;

use super::ValuePath;
use crate::manifest::Manifest;
use crate::render::{self, Loaded, Output, Request};
use crate::value::{Map, Str, Value};
use crate::values::deep_copy;
use crate::yaml::Step;

/// Values without effect.
pub(super) struct Found {
    pub paths: Vec<ValuePath>,
    /// Whether a bound was met, and some weren't tried alone.
    pub cut: bool,
}

/// Those of the values that change nothing when they are taken away or changed.
pub(super) fn without_effect(
    request: &Request,
    loaded: &Loaded,
    paths: Vec<ValuePath>,
    renders: usize,
) -> Found {
    if paths.is_empty() {
        return Found { paths, cut: false };
    }
    let mut request = request.clone();
    request.skip_schema_validation = true;
    request.seed.get_or_insert_with(|| "unused".to_string());
    request.now.get_or_insert(Timestamp::UNIX_EPOCH);
    let Some(base) = output(&request, loaded) else { return Found { paths, cut: false } };
    let mut trial = Trial { request, loaded, base, left: renders, found: Vec::new(), cut: false };
    trial.group(&paths);
    trial.found.sort_by_key(|path| paths.iter().position(|p| p == path));
    Found { paths: trial.found, cut: trial.cut }
}

struct Trial<'a> {
    request: Request,
    loaded: &'a Loaded,
    base: Vec<Vec<u8>>,
    left: usize,
    found: Vec<ValuePath>,
    cut: bool,
}

impl Trial<'_> {
    /// Finds those without effect among some: all at once, or else by halves.
    fn group(&mut self, paths: &[ValuePath]) {
        if paths.is_empty() {
            return;
        }
        if self.left < 2 {
            self.cut = true;
            return;
        }
        self.left -= 2;
        if self.is_same(paths, &|_| None) && self.is_same(paths, &|value| Some(other(value))) {
            self.found.extend_from_slice(paths);
            return;
        }
        if paths.len() > 1 {
            let (a, b) = paths.split_at(paths.len() / 2);
            self.group(a);
            self.group(b);
        }
    }

    /// Whether the output is the same if these values are others; `None` takes one away.
    fn is_same(&self, paths: &[ValuePath], change: &dyn Fn(&Value) -> Option<Value>) -> bool {
        let mut loaded = self.loaded.clone();
        loaded.layers.values = deep_copy(&loaded.layers.values);
        for path in paths.iter().rev() {
            replace(&loaded.layers.values, path, change);
        }
        output(&self.request, &loaded).is_some_and(|output| output == self.base)
    }
}

/// The value, changed in a way that shows wherever it is used.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(b) => Value::Bool(!b),
        Value::Float(f) => Value::Float(f + 1.0),
        Value::Int(i) => Value::int64(i.as_i64().wrapping_add(1)),
        Value::String(text) => Value::string(format!("{}x", text.to_text())),
        Value::List(list) => {
            let mut items = list.items();
            items.push(Value::string("x"));
            Value::list(items)
        }
        Value::Map(_) => Value::Map([("x", Value::string("x"))].into_iter().collect()),
        _ => Value::string("x"),
    }
}

fn replace(values: &Map, path: &[Step], change: &dyn Fn(&Value) -> Option<Value>) {
    let Some((last, above)) = path.split_last() else { return };
    let mut at = Value::Map(values.clone());
    for step in above {
        let next = match (&at, step) {
            (Value::Map(map), Step::Key(key)) => map.get(key),
            (Value::List(list), Step::Index(index)) => list.get(*index),
            _ => None,
        };
        let Some(next) = next else { return };
        at = next;
    }
    match (&at, last) {
        (Value::Map(map), Step::Key(key)) => {
            let Some(value) = map.get(key) else { return };
            match change(&value) {
                Some(value) => map.insert(key.clone(), value),
                None => map.remove(key),
            };
        }
        (Value::List(list), Step::Index(index)) => list.update(|items| {
            if let Some(item) = items.get_mut(*index) {
                *item = change(item).unwrap_or_default();
            }
        }),
        _ => {}
    }
}

/// All that a render gives, without checksums: these change with any value, used or not.
fn output(request: &Request, loaded: &Loaded) -> Option<Vec<Vec<u8>>> {
    let Output { manifests, notes, crds, .. } = render::render_loaded(request, loaded).ok()?;
    let all = manifests.objects.iter().chain(&manifests.hooks);
    let mut texts: Vec<Vec<u8>> = all.map(|m: &Manifest| without_checksums(m.content())).collect();
    texts.extend(notes.iter().map(|notes: &Str| without_checksums(notes.as_bytes())));
    texts.extend(crds.iter().map(|crd| crd.text.as_bytes().to_vec()));
    Some(texts)
}

/// The shortest checksum that is known as one: SHA-1's.
const CHECKSUM: usize = 40;

fn without_checksums(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for run in text.chunk_by(|a, b| a.is_ascii_hexdigit() == b.is_ascii_hexdigit()) {
        if run.len() >= CHECKSUM && run[0].is_ascii_hexdigit() {
            out.push(b'#');
        } else {
            out.extend_from_slice(run);
        }
    }
    out
}
