//! Whether a schema is one, by the rules of its draft's metaschema: as far as the quick check needs to know.
//! What is odd is not judged here: the strict check has the metaschemas themselves.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::quick::{STRICT_ONLY, resolve};
use crate::functions::regex;
use crate::limits::Limits;

/// `Some` if every part of the schema that can be reached is plainly well-formed.
pub(super) fn check(schema: &Json, draft: u16, limits: &Limits) -> Option<()> {
    let mut walk = Walk { root: schema, draft, limits, seen: HashSet::new() };
    walk.schema(schema, 0)
}

struct Walk<'s> {
    root: &'s Json,
    draft: u16,
    limits: &'s Limits,
    seen: HashSet<usize>,
}

impl<'s> Walk<'s> {
    fn schema(&mut self, schema: &'s Json, depth: usize) -> Option<()> {
        if depth > self.limits.schema_depth {
            return None;
        }
        if !self.seen.insert(std::ptr::from_ref(schema) as usize) {
            return Some(());
        }
        match schema {
            Json::Bool(_) if self.draft > 4 => Some(()),
            Json::Object(keywords) => {
                for (key, keyword) in keywords {
                    self.keyword(key, keyword, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn keyword(&mut self, key: &str, keyword: &'s Json, depth: usize) -> Option<()> {
        let fine = match key {
            // An id within the schema changes what references mean.
            "$id" | "id" if depth > 0 => !keyword.is_string(),
            "$schema" | "$id" | "id" | "$comment" | "title" | "description" | "format" => keyword.is_string(),
            "pattern" => regex::check(keyword.as_str()?).is_ok(),
            "$ref" => {
                let target = resolve(self.root, keyword.as_str()?)?;
                return self.schema(target, depth + 1);
            }
            "type" => match keyword {
                Json::String(name) => is_type(name),
                Json::Array(names) => {
                    !names.is_empty()
                        && self.are_texts(names)
                        && names.iter().all(|n| n.as_str().is_some_and(is_type))
                }
                _ => false,
            },
            "enum" => {
                let items = keyword.as_array()?;
                !items.is_empty() && (self.draft > 7 || self.are_texts(items))
            }
            "required" => {
                let names = keyword.as_array()?;
                self.are_texts(names) && (self.draft > 4 || !names.is_empty())
            }
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
                keyword.as_u64().is_some()
            }
            "minimum" | "maximum" => keyword.is_number(),
            "exclusiveMinimum" | "exclusiveMaximum" => self.draft > 4 && keyword.is_number(),
            "multipleOf" => keyword.as_f64()? > 0.0,
            "uniqueItems" | "readOnly" | "writeOnly" | "deprecated" => keyword.is_boolean(),
            "examples" => keyword.is_array(),
            "properties" | "definitions" | "$defs" => {
                for schema in keyword.as_object()?.values() {
                    self.schema(schema, depth + 1)?;
                }
                true
            }
            "patternProperties" => {
                for (pattern, schema) in keyword.as_object()? {
                    if regex::check(pattern).is_err() {
                        return None;
                    }
                    self.schema(schema, depth + 1)?;
                }
                true
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => return self.schemas(keyword, depth),
            "items" if keyword.is_array() => {
                return if self.draft < 2020 { self.schemas(keyword, depth) } else { None };
            }
            "additionalProperties" | "additionalItems" if keyword.is_boolean() => true,
            "items" | "additionalProperties" | "additionalItems" | "not" => {
                return self.schema(keyword, depth + 1);
            }
            "const" => self.draft > 4,
            "propertyNames" => {
                return if self.draft > 4 { self.schema(keyword, depth + 1) } else { None };
            }
            "dependencies" if self.draft < 2019 => {
                for dependency in keyword.as_object()?.values() {
                    match dependency {
                        Json::Array(names) if self.are_texts(names) => {}
                        schema => self.schema(schema, depth + 1)?,
                    }
                }
                true
            }
            "dependencies" => false,
            "if" | "then" | "else" => {
                return if self.draft > 6 { self.schema(keyword, depth + 1) } else { None };
            }
            "default" => true,
            // Whatever else means something is for the strict check, even where it has no effect.
            key if STRICT_ONLY.contains(&key) => false,
            _ => true,
        };
        fine.then_some(())
    }

    fn schemas(&mut self, list: &'s Json, depth: usize) -> Option<()> {
        let list = list.as_array()?;
        if list.is_empty() {
            return None;
        }
        for schema in list {
            self.schema(schema, depth + 1)?;
        }
        Some(())
    }

    /// Whether all are texts and no two are equal.
    fn are_texts(&self, items: &[Json]) -> bool {
        let texts: HashSet<&str> = items.iter().filter_map(Json::as_str).collect();
        texts.len() == items.len()
    }
}

fn is_type(name: &str) -> bool {
    matches!(name, "null" | "boolean" | "number" | "integer" | "string" | "array" | "object")
}
