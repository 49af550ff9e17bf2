//! What the schema of a custom resource refuses that another took.
//!
//! The schemas are structural (`apiextensions-apiserver/pkg/apiserver/schema`): no references, one type at each place.

use std::collections::BTreeSet;

use crate::rules::{quantity, read};
use crate::value::Value;

/// How many findings are collected; a schema that is written anew has thousands.
const MOST_FINDINGS: usize = 50;
/// How many places of the schemas are looked at.
const MOST_PLACES: usize = 500_000;
/// How deep schemas are followed.
const DEPTH: usize = 200;

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// What the new schema refuses or drops that the old one took, each in a few words with its place.
pub fn narrowings(old: &Value, new: &Value) -> Vec<String> {
    let mut walk = Walk { found: Vec::new(), places: MOST_PLACES };
    walk.compare(old, new, "", DEPTH);
    walk.found
}

struct Walk {
    found: Vec<String>,
    places: usize,
}

impl Walk {
    fn say(&mut self, path: &str, what: impl AsRef<str>) {
        let path = if path.is_empty() { "the object" } else { path };
        self.found.push(format!("{path} {}", what.as_ref()));
    }

    fn compare(&mut self, old: &Value, new: &Value, path: &str, depth: usize) {
        if depth == 0 || self.places == 0 || self.found.len() >= MOST_FINDINGS {
            return;
        }
        self.places -= 1;
        if read::equal(Some(old), Some(new)) {
            return;
        }
        self.types(old, new, path);
        self.values(old, new, path);
        self.bounds(old, new, path);
        self.properties(old, new, path, depth);
        if let (Some(old), Some(new)) = (read::at(old, "items"), read::at(new, "items")) {
            self.compare(&old, &new, &format!("{path}[]"), depth - 1);
        }
        for word in ["allOf", "anyOf", "oneOf", "not"] {
            let (was, is) = (read::at(old, word), read::at(new, word));
            if is.is_some() && !read::equal(was.as_ref(), is.as_ref()) {
                self.say(path, format!("has another `{word}`"));
            }
        }
        self.expressions(old, new, path);
    }

    fn types(&mut self, old: &Value, new: &Value, path: &str) {
        let either = |value| read::boolean(value, "x-kubernetes-int-or-string") == Some(true);
        let name = |value| match read::text(value, "type") {
            _ if either(value) => Some("int-or-string".to_string()),
            other => other.filter(|name| !name.is_empty()),
        };
        match (name(old), name(new)) {
            (Some(was), Some(is)) if was != is => {
                let takes_both = is == "int-or-string" && ["integer", "string"].contains(&was.as_str())
                    || is == "number" && was == "integer";
                if !takes_both {
                    self.say(path, format!("has the type {is} instead of {was}"));
                }
            }
            (None, Some(is)) => self.say(path, format!("must be of the type {is}")),
            _ => {}
        }
        if read::boolean(old, "nullable") == Some(true) && read::boolean(new, "nullable") != Some(true) {
            self.say(path, "may no longer be null");
        }
        let keeps = |value: &Value| read::boolean(value, PRESERVE) == Some(true);
        if keeps(old) && !keeps(new) {
            self.say(path, "drops unknown fields now");
        }
    }

    fn values(&mut self, old: &Value, new: &Value, path: &str) {
        let is = read::items(new, "enum");
        if !is.is_empty() {
            let texts =
                |values: &[Value]| -> BTreeSet<String> { values.iter().filter_map(read::scalar).collect() };
            let was = read::items(old, "enum");
            if was.is_empty() {
                self.say(path, "takes only certain values now");
            } else {
                let gone: Vec<String> = texts(&was).difference(&texts(&is)).cloned().collect();
                if !gone.is_empty() {
                    self.say(path, format!("no longer takes {}", read::list(&gone, 3)));
                }
            }
        }
        for word in ["pattern", "format"] {
            let (was, is) = (read::text(old, word), read::text(new, word));
            if is.is_some() && was != is {
                self.say(path, format!("must match {} {word}", if was.is_some() { "another" } else { "a" }));
            }
        }
        if read::boolean(new, "uniqueItems") == Some(true) && read::boolean(old, "uniqueItems") != Some(true)
        {
            self.say(path, "takes no item twice now");
        }
    }

    fn bounds(&mut self, old: &Value, new: &Value, path: &str) {
        let number = |value: &Value, word| read::at(value, word).as_ref().and_then(quantity::of);
        for (word, is_lower) in [
            ("minimum", true),
            ("minLength", true),
            ("minItems", true),
            ("minProperties", true),
            ("maximum", false),
            ("maxLength", false),
            ("maxItems", false),
            ("maxProperties", false),
        ] {
            let narrower = match (number(old, word), number(new, word)) {
                // A lower bound of nothing is none.
                (None, Some(is)) => !(is_lower && word != "minimum" && is <= 0.0),
                (Some(was), Some(is)) if is_lower => is > was,
                (Some(was), Some(is)) => is < was,
                _ => false,
            };
            if narrower {
                let text = read::text(new, word).unwrap_or_default();
                self.say(path, format!("has a narrower bound ({word} {text})"));
            }
        }
        for word in ["exclusiveMinimum", "exclusiveMaximum"] {
            if read::boolean(new, word) == Some(true) && read::boolean(old, word) != Some(true) {
                self.say(path, format!("has a narrower bound ({word})"));
            }
        }
        let (was, is) = (number(old, "multipleOf"), number(new, "multipleOf"));
        if is.is_some() && was != is {
            self.say(path, "must be a multiple of another number");
        }
    }

    fn properties(&mut self, old: &Value, new: &Value, path: &str, depth: usize) {
        let required = |value| -> BTreeSet<String> { read::texts(value, "required").into_iter().collect() };
        let come: Vec<String> = required(new).difference(&required(old)).cloned().collect();
        if !come.is_empty() {
            let names: Vec<String> = come.iter().map(|name| join(path, name)).collect();
            let is = if names.len() == 1 { "is" } else { "are" };
            self.found.push(format!("{} {is} required", read::list(&names, 3)));
        }
        let keeps = read::boolean(new, PRESERVE) == Some(true);
        let rest = read::at(new, "additionalProperties").filter(|rest| rest.as_bool() != Some(false));
        let is = read::at(new, "properties");
        for (name, before) in read::entries(old, "properties") {
            let place = join(path, &name);
            match is.as_ref().and_then(|is| is.as_map()?.get(&name)) {
                Some(after) => self.compare(&before, &after, &place, depth - 1),
                None if keeps || rest.is_some() => {}
                None => self.say(&place, "is gone"),
            }
            if self.found.len() >= MOST_FINDINGS {
                return;
            }
        }
        let before = read::at(old, "additionalProperties").filter(|rest| rest.as_bool() != Some(false));
        match (before, rest) {
            (Some(before), Some(after)) if before.as_map().is_some() && after.as_map().is_some() => {
                self.compare(&before, &after, &join(path, "*"), depth - 1);
            }
            (Some(Value::Bool(_)), Some(after)) if after.as_map().is_some_and(|map| !map.is_empty()) => {
                self.say(&join(path, "*"), "has a schema now");
            }
            (Some(_), None) if !keeps => self.say(path, "takes no other properties now"),
            _ => {}
        }
    }

    fn expressions(&mut self, old: &Value, new: &Value, path: &str) {
        let rules = |value| -> BTreeSet<String> {
            let rules = read::items(value, "x-kubernetes-validations");
            rules.iter().filter_map(|rule| read::text(rule, "rule")).collect()
        };
        let come = rules(new).difference(&rules(old)).count();
        if come > 0 {
            self.say(path, format!("must fulfil {}", read::count(come, "more expression")));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}
