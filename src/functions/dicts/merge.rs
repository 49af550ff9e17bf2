//! `merge` and `mergeOverwrite`: `dario.cat/mergo` 1.0.1 merge.go, as far as maps of plain values reach.
//!
//! Its ways: nil in a source is nothing, unless it overwrites; whatever is missing in the destination is taken
//! over by reference, so that a later merge into it changes the source as well; without overwriting, false, 0
//! and "" in the destination count as missing; overwriting takes any value of the source, empty ones too, but
//! keeps a map that has entries where the source has a map.

use crate::functions::{Env, FunctionError, FunctionResult, args, logic, walk};
use crate::value::{Map, MapType, Str, Value};

pub(super) fn merge(env: &Env, args: &[Value]) -> FunctionResult {
    merge_all(env, "merge", args, false)
}

pub(super) fn merge_overwrite(env: &Env, args: &[Value]) -> FunctionResult {
    merge_all(env, "mergeOverwrite", args, true)
}

fn merge_all(env: &Env, function: &str, args: &[Value], overwrite: bool) -> FunctionResult {
    let mut destination = args::dict(args, 0)?.cloned();
    for i in 1..args.len() {
        if let Some(source) = args::dict(args, i)? {
            let into = destination.get_or_insert_with(Map::default);
            Merge { env, function, overwrite, frames: Vec::new() }.run(into, source)?;
        }
    }
    // As a parameter, `.Values` has become a plain map.
    Ok(destination.map_or_else(|| args::any(args, 0).clone(), |m| Value::Map(m.viewed_as(MapType::Any))))
}

struct Merge<'a> {
    env: &'a Env,
    function: &'a str,
    overwrite: bool,
    /// The maps being merged, outermost first.
    frames: Vec<Frame>,
}

struct Frame {
    into: Map,
    rest: std::vec::IntoIter<(Str, Value)>,
    /// The entry whose maps are being merged one level further down.
    below: Option<(Str, Value)>,
}

impl Merge<'_> {
    fn run(mut self, into: &Map, source: &Map) -> Result<(), FunctionError> {
        self.open(into.clone(), source)?;
        while let Some(frame) = self.frames.last_mut() {
            if let Some((key, value)) = frame.below.take() {
                // A map that is still empty after the merge gives way to the source's own map.
                if frame.into.get(&key).is_none_or(|v| is_empty(&v)) {
                    frame.into.insert(key, value);
                }
                continue;
            }
            let Some((key, value)) = frame.rest.next() else {
                self.frames.pop();
                continue;
            };
            self.entry(key, value)?;
        }
        Ok(())
    }

    fn open(&mut self, into: Map, source: &Map) -> Result<(), FunctionError> {
        if self.frames.len() >= self.env.limits.data_depth {
            return Err(walk::too_deep(self.env, self.function));
        }
        self.env.step(self.function, 8 * (source.len() + 1))?;
        self.frames.push(Frame { into, rest: source.entries().into_iter(), below: None });
        Ok(())
    }

    fn entry(&mut self, key: Str, value: Value) -> Result<(), FunctionError> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let into = &frame.into;
        if matches!(value, Value::Null) {
            if self.overwrite {
                insert(into, key, value)?;
            }
            return Ok(());
        }
        let present = into.get(&key);
        if let (Some(Value::Map(below)), Value::Map(source)) = (&present, &value) {
            let (below, source) = (below.clone(), source.clone());
            frame.below = Some((key, value));
            return self.open(below, &source);
        }
        if self.overwrite || present.is_none_or(|v| is_empty(&v)) {
            insert(into, key, value)?;
        }
        Ok(())
    }
}

/// Sets an entry of a map whose Go type may not take it.
fn insert(into: &Map, key: Str, value: Value) -> Result<(), FunctionError> {
    if into.map_type() == MapType::String && !matches!(value, Value::String(_)) {
        return Err(FunctionError::new(
            "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string",
        ));
    }
    into.insert(key, value);
    Ok(())
}

/// mergo's `isEmptyValue`, which unlike Sprig's `empty` looks through pointers only to find nil there.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(o) => o.is_nil(),
        other => logic::empty(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| (*k, v.clone())).collect())
    }

    fn print(value: &Value) -> String {
        crate::functions::convert::sprint(&Env::default(), value).map(|s| s.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_merge_takes_empty_values_for_missing() {
        let a = map(&[("f", false.into()), ("z", 0.0.into()), ("s", "".into()), ("k", "keep".into())]);
        let b = map(&[("f", true.into()), ("z", 1.0.into()), ("s", "x".into()), ("k", "no".into())]);
        let merged = merge(&Env::default(), &[a, b]).unwrap_or_default();
        assert_eq!(print(&merged), "map[f:true k:keep s:x z:1]");
    }

    #[test]
    fn overwriting_writes_empty_values_but_keeps_a_map_over_an_empty_map() {
        let a = map(&[
            ("f", true.into()),
            ("l", Value::list(vec![1.0.into()])),
            ("m", map(&[("x", 1.0.into())])),
            ("n", "x".into()),
        ]);
        let b = map(&[("f", false.into()), ("l", Value::list(vec![])), ("m", map(&[])), ("n", Value::Null)]);
        let merged = merge_overwrite(&Env::default(), &[a, b]).unwrap_or_default();
        assert_eq!(print(&merged), "map[f:false l:[] m:map[x:1] n:<nil>]");
    }

    #[test]
    fn nil_in_a_source_adds_nothing_to_a_merge() {
        let merged = merge(&Env::default(), &[map(&[]), map(&[("n", Value::Null)])]).unwrap_or_default();
        assert_eq!(print(&merged), "map[]");
    }

    #[test]
    fn what_was_missing_is_shared_with_the_source() {
        let env = Env::default();
        let base = map(&[("m", map(&[("a", 1.0.into())]))]);
        let over = map(&[("m", map(&[("a", 2.0.into())]))]);
        assert!(merge_overwrite(&env, &[map(&[]), base.clone(), over]).is_ok());
        assert_eq!(print(&base), "map[m:map[a:2]]");
    }

    #[test]
    fn an_empty_map_gives_way_to_the_source_s_own() {
        let source = Map::default();
        let destination = map(&[("m", map(&[]))]);
        let merged = merge(&Env::default(), &[destination, map(&[("m", Value::Map(source.clone()))])]);
        let inner = merged.ok().and_then(|m| m.as_map().and_then(|m| m.get("m")));
        assert!(matches!(inner, Some(Value::Map(m)) if m.is_same(&source)));
    }

    #[test]
    fn a_map_can_be_merged_with_itself_and_a_cycle_is_an_error() {
        let env = Env::new(Limits { data_depth: 50, ..Limits::default() });
        let m = map(&[("a", map(&[("b", 1.0.into())]))]);
        assert_eq!(merge(&env, &[m.clone(), m]).as_ref().map(print).ok().as_deref(), Some("map[a:map[b:1]]"));
        let (x, y) = (Map::default(), Map::default());
        x.insert("self", Value::Map(x.clone()));
        y.insert("self", Value::Map(y.clone()));
        assert!(merge(&env, &[Value::Map(x.clone()), Value::Map(y.clone())]).is_err());
        x.remove("self");
        y.remove("self");
    }
}
