//! A verdict without errors: walks schema and values side by side, for the keywords that charts use.
//!
//! It must never call valid what Helm refuses: where a keyword, a draft or a malformed part of the schema is
//! in doubt, it says so, and the strict check decides.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;

use super::compare::{equal, is_of, number_keyword, size};
use super::well_formed;
use crate::functions::regex::Regex;
use crate::limits::Limits;
use crate::value::{Map, Value};

/// Subschemas applied to values in one check.
pub(super) const MAX_STEPS: u64 = 2_000_000;
/// Items of a list that are compared with one another for `uniqueItems`.
const MAX_UNIQUE: usize = 100;

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Something here is for the strict check.
    Unknown,
    /// The check takes too long.
    Costly,
    /// Schema and values are nested too deep.
    Deep,
}

pub(super) type Verdict = Result<bool, Doubt>;

/// Whether the values meet the schema.
pub(super) fn is_valid(schema: &Json, values: &Map, limits: &Limits) -> Verdict {
    let draft = draft(schema).ok_or(Doubt::Unknown)?;
    well_formed::check(schema, draft, limits).ok_or(Doubt::Unknown)?;
    let mut quick = Quick::new(schema, draft, false, limits);
    quick.schema(schema, &Value::Map(values.clone()))
}

/// Goes everywhere the strict check would go, which has no bounds of its own.
pub(super) fn measure(schema: &Json, values: &Map, limits: &Limits) -> Result<(), Doubt> {
    let mut quick = Quick::new(schema, draft(schema).unwrap_or(2020), true, limits);
    match quick.schema(schema, &Value::Map(values.clone())) {
        Ok(_) | Err(Doubt::Unknown) => Ok(()),
        Err(doubt) => Err(doubt),
    }
}

/// The draft by `$schema`; the latest without one.
pub(super) fn draft(schema: &Json) -> Option<u16> {
    let Some(url) = schema.get("$schema") else { return Some(2020) };
    let url = url.as_str()?;
    let url = url.strip_suffix('#').unwrap_or(url);
    let url = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    match url {
        "json-schema.org/schema" | "json-schema.org/draft/2020-12/schema" => Some(2020),
        "json-schema.org/draft/2019-09/schema" => Some(2019),
        "json-schema.org/draft-07/schema" => Some(7),
        "json-schema.org/draft-06/schema" => Some(6),
        "json-schema.org/draft-04/schema" => Some(4),
        _ => None,
    }
}

/// The part of the schema that a local reference names.
pub(super) fn resolve<'s>(root: &'s Json, reference: &str) -> Option<&'s Json> {
    let pointer = reference.strip_prefix('#')?;
    let plain = pointer.is_empty() || pointer.starts_with('/');
    if !plain || pointer.contains('%') {
        return None;
    }
    root.pointer(pointer)
}

struct Quick<'s> {
    root: &'s Json,
    draft: u16,
    /// Whether to go on after a violation, and past what is unknown.
    everywhere: bool,
    limits: &'s Limits,
    steps: u64,
    depth: usize,
    level: usize,
    patterns: HashMap<&'s str, Option<Regex>>,
    /// References being followed: the part of the schema, and how deep in the values.
    active: HashSet<(usize, usize)>,
}

impl<'s> Quick<'s> {
    fn new(root: &'s Json, draft: u16, everywhere: bool, limits: &'s Limits) -> Quick<'s> {
        let (patterns, active) = (HashMap::new(), HashSet::new());
        Quick { root, draft, everywhere, limits, steps: 0, depth: 0, level: 0, patterns, active }
    }

    /// What a part of the schema says, for the schema as a whole.
    fn part(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Err(Doubt::Unknown) if self.everywhere => Ok(true),
            Ok(met) => Ok(met || self.everywhere),
            other => other,
        }
    }

    fn schema(&mut self, schema: &'s Json, value: &Value) -> Verdict {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Doubt::Costly);
        }
        let keywords = match schema {
            Json::Bool(verdict) => return Ok(*verdict),
            Json::Object(keywords) => keywords,
            _ => return Err(Doubt::Unknown),
        };
        if self.depth >= self.limits.schema_depth {
            return Err(Doubt::Deep);
        }
        self.depth += 1;
        let verdict = self.keywords(keywords, value);
        self.depth -= 1;
        verdict
    }

    fn keywords(&mut self, keywords: &'s serde_json::Map<String, Json>, value: &Value) -> Verdict {
        if self.draft < 2019
            && let Some(reference) = keywords.get("$ref")
        {
            return self.reference(reference, value);
        }
        for (key, keyword) in keywords {
            let verdict = self.keyword(keywords, key, keyword, value);
            if !self.part(verdict)? {
                return Ok(false);
            }
        }
        let has = |key: &&str| keywords.contains_key(*key);
        match value {
            Value::Map(map) if PROPERTIES.iter().any(has) => self.properties(keywords, map),
            Value::List(list) if ITEMS.iter().any(has) => self.items(keywords, &list.items()),
            _ => Ok(true),
        }
    }

    fn keyword(
        &mut self,
        keywords: &'s serde_json::Map<String, Json>,
        key: &str,
        keyword: &'s Json,
        value: &Value,
    ) -> Verdict {
        match key {
            "type" => is_of(value, keyword),
            "enum" => {
                for item in keyword.as_array().ok_or(Doubt::Unknown)? {
                    if equal(value, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            "const" => equal(value, keyword),
            "$ref" => self.reference(keyword, value),
            "allOf" | "anyOf" | "oneOf" => self.combined(key, keyword, value),
            "not" => Ok(!self.schema(keyword, value)?),
            "if" => {
                let branch = if self.schema(keyword, value)? { "then" } else { "else" };
                keywords.get(branch).map_or(Ok(true), |branch| self.schema(branch, value))
            }
            "format" if self.draft <= 7 && value.as_str().is_some() => {
                let name = keyword.as_str().ok_or(Doubt::Unknown)?;
                if ASSERTED_FORMATS.contains(&name) { Err(Doubt::Unknown) } else { Ok(true) }
            }
            "propertyNames" => {
                let Value::Map(map) = value else { return Ok(true) };
                for name in map.keys() {
                    if !self.child(keyword, &Value::String(name))? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            "dependencies" => self.dependencies(keyword, value),
            key if self.everywhere => self.seldom(key, keyword, value),
            key => match value {
                Value::Map(map) => object_keyword(key, keyword, map),
                Value::List(list) => list_keyword(key, keyword, &list.read()),
                Value::String(_) => self.string_keyword(key, keyword, value),
                Value::Float(_) | Value::Int(_) => number_keyword(key, keyword, value),
                _ => Ok(true),
            },
        }
    }

    fn dependencies(&mut self, keyword: &'s Json, value: &Value) -> Verdict {
        let Value::Map(map) = value else { return Ok(true) };
        for (name, dependency) in keyword.as_object().ok_or(Doubt::Unknown)? {
            if !map.contains_key(name) {
                continue;
            }
            let verdict = match dependency {
                Json::Array(names) => Ok(names.iter().filter_map(Json::as_str).all(|n| map.contains_key(n))),
                schema => self.schema(schema, value),
            };
            if !self.part(verdict)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where keywords that the quick check does not judge lead.
    fn seldom(&mut self, key: &str, keyword: &'s Json, value: &Value) -> Verdict {
        match (key, value) {
            ("dependentSchemas", Value::Map(_)) => {
                for schema in keyword.as_object().into_iter().flat_map(|schemas| schemas.values()) {
                    let verdict = self.schema(schema, value);
                    self.part(verdict)?;
                }
            }
            ("contains" | "unevaluatedItems", Value::List(list)) => {
                for item in list.items() {
                    self.child(keyword, &item)?;
                }
            }
            ("unevaluatedProperties", Value::Map(map)) => {
                for (_, item) in map.entries() {
                    self.child(keyword, &item)?;
                }
            }
            ("$dynamicRef" | "$recursiveRef", _) => {
                let verdict = self.reference(keyword, value);
                self.part(verdict)?;
            }
            // Both branches: which one the strict check takes is not known if the condition isn't.
            ("then" | "else", _) => {
                let verdict = self.schema(keyword, value);
                self.part(verdict)?;
            }
            _ => {}
        }
        Ok(true)
    }

    /// Applies a schema to a value within the one at hand.
    fn child(&mut self, schema: &'s Json, value: &Value) -> Verdict {
        self.level += 1;
        let verdict = self.schema(schema, value);
        self.level -= 1;
        self.part(verdict)
    }

    fn reference(&mut self, reference: &'s Json, value: &Value) -> Verdict {
        let reference = reference.as_str().ok_or(Doubt::Unknown)?;
        let target = resolve(self.root, reference).ok_or(Doubt::Unknown)?;
        let key = (std::ptr::from_ref(target) as usize, self.level);
        if !self.active.insert(key) {
            return Err(Doubt::Unknown);
        }
        let verdict = self.schema(target, value);
        self.active.remove(&key);
        verdict
    }

    fn combined(&mut self, how: &str, schemas: &'s Json, value: &Value) -> Verdict {
        let mut met = 0;
        let schemas = schemas.as_array().ok_or(Doubt::Unknown)?;
        for schema in schemas {
            let verdict = self.schema(schema, value);
            if self.part(verdict)? {
                met += 1;
            }
        }
        Ok(match how {
            "allOf" => met == schemas.len(),
            "anyOf" => met > 0,
            _ => met == 1,
        })
    }

    fn properties(&mut self, keywords: &'s serde_json::Map<String, Json>, map: &Map) -> Verdict {
        let properties = keywords.get("properties").and_then(Json::as_object);
        let patterns = keywords.get("patternProperties").and_then(Json::as_object);
        let additional = keywords.get("additionalProperties");
        for (name, value) in map.entries() {
            let text = name.as_str().ok_or(Doubt::Unknown)?;
            let mut evaluated = false;
            if let Some(schema) = properties.and_then(|p| p.get(text)) {
                evaluated = true;
                if !self.child(schema, &value)? {
                    return Ok(false);
                }
            }
            for (pattern, schema) in patterns.into_iter().flatten() {
                let matches = self.pattern_matches(pattern, &Value::String(name.clone()));
                if self.part(matches)? {
                    evaluated = true;
                    if !self.child(schema, &value)? {
                        return Ok(false);
                    }
                }
            }
            if let (false, Some(schema)) = (evaluated && !self.everywhere, additional)
                && !self.child(schema, &value)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn items(&mut self, keywords: &'s serde_json::Map<String, Json>, items: &[Value]) -> Verdict {
        let latest = self.draft >= 2020;
        let (tuple, rest) = match keywords.get("items") {
            Some(Json::Array(tuple)) if !latest => (Some(tuple), keywords.get("additionalItems")),
            Some(Json::Array(_)) => return Err(Doubt::Unknown),
            rest if latest => (keywords.get("prefixItems").and_then(Json::as_array), rest),
            rest => (None, rest),
        };
        for (index, item) in items.iter().enumerate() {
            let schema = tuple.and_then(|t| t.get(index)).or(rest);
            if let Some(schema) = schema
                && !self.child(schema, item)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn string_keyword(&mut self, key: &str, keyword: &'s Json, value: &Value) -> Verdict {
        let text = value.as_str().ok_or(Doubt::Unknown)?;
        Ok(match key {
            "minLength" => text.chars().count() as f64 >= size(keyword)?,
            "maxLength" => text.chars().count() as f64 <= size(keyword)?,
            "pattern" => self.pattern_matches(keyword.as_str().ok_or(Doubt::Unknown)?, value)?,
            _ => known(key)?,
        })
    }

    fn pattern_matches(&mut self, pattern: &'s str, text: &Value) -> Verdict {
        let Value::String(text) = text else { return Err(Doubt::Unknown) };
        let limit = self.limits.regex_bytes;
        let compiled =
            self.patterns.entry(pattern).or_insert_with(|| Regex::new(pattern.as_bytes(), limit).ok());
        compiled.as_ref().map(|regex| regex.is_match(text)).ok_or(Doubt::Unknown)
    }
}

/// The keywords about the entries of a map, which depend on one another.
const PROPERTIES: [&str; 3] = ["properties", "patternProperties", "additionalProperties"];
/// The keywords about the items of a list.
const ITEMS: [&str; 3] = ["items", "additionalItems", "prefixItems"];

/// Formats that the library checks, for drafts up to 7.
const ASSERTED_FORMATS: [&str; 20] = [
    "regex",
    "uuid",
    "ipv4",
    "ipv6",
    "hostname",
    "email",
    "date",
    "time",
    "date-time",
    "duration",
    "json-pointer",
    "relative-json-pointer",
    "uri",
    "uri-reference",
    "uri-template",
    "iri",
    "iri-reference",
    "period",
    "semver",
    "idn-email",
];

/// Keywords that the quick check does not judge.
pub(super) const STRICT_ONLY: [&str; 16] = [
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Other keywords have no effect here: they are about values of another type, or are words for people.
pub(super) fn known(key: &str) -> Verdict {
    if STRICT_ONLY.contains(&key) { Err(Doubt::Unknown) } else { Ok(true) }
}

fn object_keyword(key: &str, keyword: &Json, map: &Map) -> Verdict {
    Ok(match key {
        "minProperties" => map.len() as f64 >= size(keyword)?,
        "maxProperties" => map.len() as f64 <= size(keyword)?,
        "required" => {
            let names = keyword.as_array().ok_or(Doubt::Unknown)?;
            names.iter().all(|name| name.as_str().is_some_and(|name| map.contains_key(name)))
        }
        _ => known(key)?,
    })
}

fn list_keyword(key: &str, keyword: &Json, items: &[Value]) -> Verdict {
    Ok(match key {
        "minItems" => items.len() as f64 >= size(keyword)?,
        "maxItems" => items.len() as f64 <= size(keyword)?,
        "uniqueItems" if keyword.as_bool() == Some(true) => {
            let plain = |v: &Value| matches!(v, Value::String(_));
            if items.len() > MAX_UNIQUE || !items.iter().all(plain) {
                return Err(Doubt::Unknown);
            }
            let texts: HashSet<_> = items.iter().filter_map(Value::as_str).collect();
            texts.len() == items.len()
        }
        _ => known(key)?,
    })
}
