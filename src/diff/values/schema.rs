//! Which values a chart's schema knows.

use serde_json::Value as Json;

use crate::value::Str;

use super::defaults::Node;

/// How many subschemas are looked at for one value, and how deep references are followed.
const MAX_STEPS: usize = 10_000;
const MAX_DEPTH: usize = 64;

/// The schemas of the charts, each with the names that lead to its chart.
#[derive(Debug, Default)]
pub struct Schemas(Vec<(Vec<Str>, Json)>);

impl Schemas {
    /// The schemas of a chart and the charts within it; those that are not JSON are left out.
    pub fn of(node: &Node) -> Schemas {
        let mut found = Vec::new();
        node.walk(&mut |names, node| {
            let schema = node.schema.as_ref().and_then(|text| serde_json::from_slice(text.as_bytes()).ok());
            if let Some(schema) = schema {
                found.push((names.iter().map(|name| Str::from(*name)).collect(), schema));
            }
        });
        Schemas(found)
    }

    /// Whether a schema names the value at a path of keys.
    pub fn know(&self, path: &[Str]) -> bool {
        self.0.iter().any(|(names, schema)| {
            let mut steps = MAX_STEPS;
            path.strip_prefix(names.as_slice())
                .is_some_and(|path| !path.is_empty() && names_it(schema, schema, path, MAX_DEPTH, &mut steps))
        })
    }
}

fn names_it(root: &Json, schema: &Json, path: &[Str], depth: usize, steps: &mut usize) -> bool {
    let Some((key, rest)) = path.split_first() else { return true };
    let (Some(depth), Some(left)) = (depth.checked_sub(1), steps.checked_sub(1)) else { return false };
    *steps = left;
    let mut into = |schema: &Json, path: &[Str]| names_it(root, schema, path, depth, steps);
    let property = key.as_str().and_then(|key| schema.get("properties")?.get(key));
    if property.is_some_and(|inner| into(inner, rest)) {
        return true;
    }
    let target = schema.get("$ref").and_then(Json::as_str);
    if let Some(inner) = target.and_then(|target| root.pointer(target.strip_prefix('#')?))
        && into(inner, path)
    {
        return true;
    }
    let lists =
        ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
    let single = ["then", "else", "if"].into_iter().filter_map(|word| schema.get(word));
    lists.chain(single).any(|inner| into(inner, path))
}
