//! Other values to try in the place of one.
//!
//! The most natural comes first: it is the one that most likely passes what a chart checks. The further ones find
//! what the first can't show: conditions on emptiness, on certain words, on the type.

mod shape;

use super::Replacement;
use super::words::Constants;
use crate::value::{Elem, List, Map, Value};

/// How many constants of templates are tried for one value.
const MAX_CONSTANTS: usize = 6;

/// What to try in the place of `value`, in this order. `constants` are those that templates compare it with.
pub fn replacements(value: Option<&Value>, constants: &Constants) -> Vec<Replacement> {
    let mut found = Found::default();
    match value {
        None | Some(Value::Null | Value::TypedNil(_)) => found.nothing(constants),
        Some(Value::Bool(flag)) => {
            found.set(Value::Bool(!flag));
            found.set(Value::from(if *flag { "false" } else { "true" }));
        }
        Some(Value::Float(n)) => found.number(*n, constants, Value::Float),
        // What `--set` gives stays of its kind.
        Some(Value::Int(n)) => {
            found.number(n.as_i128() as f64, constants, |n| Value::int64(n as i64));
        }
        Some(Value::String(text)) => found.text(&text.to_text(), constants),
        Some(Value::List(list)) => found.list(list),
        Some(Value::Map(map)) => found.map(map),
        Some(Value::Bytes(_) | Value::Object(_)) => found.set(Value::from("x")),
    }
    if value.is_some() {
        found.replacements.push(Replacement::Removed);
    }
    found.replacements
}

#[derive(Default)]
struct Found {
    replacements: Vec<Replacement>,
}

impl Found {
    fn set(&mut self, value: Value) {
        let is_there = self.replacements.iter().any(|replacement| match (replacement, &value) {
            (Replacement::Set(Value::String(a)), Value::String(b)) => a == b,
            (Replacement::Set(Value::Float(a)), Value::Float(b)) => a == b,
            (Replacement::Set(Value::Int(a)), Value::Int(b)) => a == b,
            (Replacement::Set(Value::Bool(a)), Value::Bool(b)) => a == b,
            _ => false,
        });
        if !is_there {
            self.replacements.push(Replacement::Set(value));
        }
    }

    fn nothing(&mut self, constants: &Constants) {
        self.set(Value::from("x"));
        self.set(Value::Bool(true));
        self.set(Value::Map([("key", Value::from("value"))].into_iter().collect()));
        self.set(Value::Float(1.0));
        self.set(Value::list(vec![Value::from("x")]));
        self.constants(constants, "");
    }

    fn number(&mut self, n: f64, constants: &Constants, make: impl Fn(f64) -> Value) {
        self.set(make(n + 1.0));
        for &constant in constants.numbers.iter().take(MAX_CONSTANTS) {
            for near in [constant, constant + 1.0, constant - 1.0] {
                if near != n && near >= 0.0 {
                    self.set(make(near));
                }
            }
        }
        if n != 0.0 {
            self.set(make(0.0));
        }
        self.set(Value::from("x"));
    }

    fn text(&mut self, text: &str, constants: &Constants) {
        if text.is_empty() {
            self.set(Value::from("x"));
            self.constants(constants, text);
            self.set(Value::from("1"));
            self.set(Value::from("true"));
            return;
        }
        for other in shape::others(text) {
            self.set(Value::from(other));
        }
        self.constants(constants, text);
        self.set(Value::from(""));
    }

    fn constants(&mut self, constants: &Constants, own: &str) {
        for word in constants.words.iter().filter(|word| **word != own).take(MAX_CONSTANTS) {
            self.set(Value::from(word.as_str()));
        }
    }

    fn list(&mut self, list: &List) {
        let items = list.items();
        let with = |item: Value| {
            let mut items = items.clone();
            items.push(item);
            Value::List(List::new(Elem::Any, items))
        };
        match items.last() {
            Some(last) => self.set(with(last.clone())),
            None => {
                let entry = |value: Value| Value::Map([("name", value)].into_iter().collect());
                self.set(with(Value::from("x")));
                self.set(with(entry(Value::from("x"))));
            }
        }
        if !items.is_empty() {
            self.set(Value::list(Vec::new()));
        }
    }

    fn map(&mut self, map: &Map) {
        let entry = |value: Value| Value::Map([("key", value)].into_iter().collect());
        // Maps of maps get one more map.
        let of_maps = map.entries().first().is_some_and(|(_, value)| matches!(value, Value::Map(_)));
        if of_maps {
            self.set(entry(Value::Map(Map::default())));
        }
        self.set(entry(Value::from("value")));
        if !of_maps && map.is_empty() {
            self.set(entry(Value::Map([("name", Value::from("x"))].into_iter().collect())));
            self.set(entry(Value::Bool(true)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(value: Option<Value>) -> Vec<String> {
        let show = |replacement: &Replacement| match replacement {
            Replacement::Removed => "removed".to_string(),
            Replacement::Set(value) => crate::json::encode(value, crate::json::Escape::None).unwrap(),
        };
        replacements(value.as_ref(), &Constants::default()).iter().map(show).collect()
    }

    #[test]
    fn each_kind_of_value_has_others_of_its_kind_first() {
        assert_eq!(tried(Some(Value::Bool(true))), ["false", "\"false\"", "removed"]);
        assert_eq!(tried(Some(Value::Float(2.0))), ["3", "0", "\"x\"", "removed"]);
        assert_eq!(tried(Some(Value::from(""))), ["\"x\"", "\"1\"", "\"true\"", "removed"]);
        assert_eq!(tried(Some(Value::from("1Gi"))), ["\"2Gi\"", "\"x\"", "\"\"", "removed"]);
        assert_eq!(tried(Some(Value::list(vec![]))), ["[\"x\"]", "[{\"name\":\"x\"}]", "removed"]);
        assert_eq!(tried(None), ["\"x\"", "true", "{\"key\":\"value\"}", "1", "[\"x\"]"]);
    }

    #[test]
    fn constants_of_templates_are_tried_after_the_first() {
        let constants = Constants { words: vec!["ClusterIP".into(), "NodePort".into()], numbers: vec![] };
        let all = replacements(Some(&Value::from("ClusterIP")), &constants);
        assert!(matches!(&all[2], Replacement::Set(value) if value.as_str() == Some("NodePort")));
    }
}
