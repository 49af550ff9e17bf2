//! YAML: the two readers agree, what is written is read back, and what is read can be found in the text.

use crate::json;
use crate::value::{Str, Value};
use crate::yaml::{self, Step};

/// How many entries are looked for in a text.
const ENTRIES: usize = 16;

/// Reads a text in every way.
pub fn yaml(text: &[u8]) {
    super::with_room(|| {
        readers_agree(text);
        if let Ok(value) = yaml::decode(text) {
            is_read_back(&value);
        }
        entries_are_found(text);
    });
}

/// What the fast reader answers, the exact one answers, too.
fn readers_agree(text: &[u8]) {
    for integers in [false, true] {
        let (fast, exact) = yaml::both(text, integers);
        if let Some(fast) = fast {
            let exact = exact.unwrap_or_else(|e| panic!("only the fast reader takes it: {e}"));
            assert!(same(&fast, &exact), "fast: {}\nexact: {}", shown(&fast), shown(&exact));
        }
    }
    let (fast, exact) = yaml::both_heads(text);
    if let Some(fast) = fast {
        let exact = exact.unwrap_or_else(|e| panic!("only the fast reader finds a head: {e}"));
        assert_eq!(fast, exact);
    }
}

/// A value that was read can be written in both styles and read again, as far as go-yaml can read what it writes.
pub(super) fn is_read_back(value: &Value) {
    let traits = Traits::of(value);
    if traits.merge_key {
        return;
    }
    // What cannot be written (`\x7f`) is an error.
    if !traits.next_line
        && let Ok(text) = yaml::to_yaml(value)
    {
        comes_back(&text, value);
    }
    if !traits.tab
        && let Ok(text) = yaml::to_yaml_pretty(value)
    {
        comes_back(&text, value);
    }
}

fn comes_back(text: &str, value: &Value) {
    let back = yaml::decode(text.as_bytes()).unwrap_or_else(|e| panic!("{e} in what was written: {text:?}"));
    assert!(same(&back, value), "written: {text:?}\nback: {}\nvalue: {}", shown(&back), shown(value));
}

/// Each entry of the last document has a place in the text. A value that isn't there may stand behind its end.
fn entries_are_found(text: &[u8]) {
    let documents = yaml::documents(text);
    yaml::leaves(text, &mut |_, position| assert!(position.value.line > 0 && position.value.column > 0));
    let Some(last) = documents.ok().and_then(|mut documents| documents.pop()) else { return };
    let mut paths = Vec::new();
    gather(&last.value, &mut Vec::new(), &mut paths);
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let end = String::from_utf8_lossy(text).matches(breaks).count() + 2;
    for path in paths {
        let place = yaml::locate(text, &path).unwrap_or_else(|| panic!("{path:?} is not found"));
        assert!((last.line..=end).contains(&place.value.line), "{path:?} is not at {place:?}");
    }
}

/// The paths of the first entries of a value.
fn gather(value: &Value, path: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let mut step = |step: Step, value: &Value| {
        if paths.len() < ENTRIES && path.len() < ENTRIES {
            path.push(step);
            paths.push(path.clone());
            gather(value, path, paths);
            path.pop();
        }
    };
    match value {
        Value::Map(map) => map.read().iter().for_each(|(key, value)| step(Step::Key(key.clone()), value)),
        Value::List(list) => list.read().iter().enumerate().for_each(|(i, item)| step(Step::Index(i), item)),
        _ => {}
    }
}

/// Whether two values are the same, where the sign of a zero doesn't count: YAML 1.1 reads `-0` as an integer.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a.as_i128() == b.as_i128() && a.kind() == b.kind(),
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.read(), b.read());
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.read(), b.read());
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((ka, a), (kb, b))| ka == kb && same(a, b))
        }
        _ => false,
    }
}

/// Why go-yaml may not read what it writes.
#[derive(Default)]
struct Traits {
    /// The key `<<`, which it writes so that it reads it as a merge.
    merge_key: bool,
    /// A tab, with which version 3 begins lines of a literal block; version 2 does not read them.
    tab: bool,
    /// U+0085, which stands as it is in the JSON that sigs reads as YAML; there it is a line break, and becomes
    /// a space.
    next_line: bool,
}

impl Traits {
    fn of(value: &Value) -> Traits {
        let mut traits = Traits::default();
        traits.look(value);
        traits
    }

    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.look_at_text(text),
            Value::List(list) => list.read().iter().for_each(|item| self.look(item)),
            Value::Map(map) => {
                for (key, value) in map.read().iter() {
                    self.merge_key |= key == "<<";
                    self.look_at_text(key);
                    self.look(value);
                }
            }
            _ => {}
        }
    }

    fn look_at_text(&mut self, text: &Str) {
        self.tab |= text.as_bytes().contains(&b'\t');
        self.next_line |= text.to_text().contains('\u{85}');
    }
}

fn shown(value: &Value) -> String {
    let text = json::encode(value, json::Escape::None).unwrap_or_else(|e| e.to_string());
    text.chars().take(2_000).collect()
}
