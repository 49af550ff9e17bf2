//! Regular expressions against recorded answers of Go's regexp: all matches, a replacement, a split.

use std::path::Path;

use serde_json::Value as Json;
use torii::functions::{Env, find};
use torii::value::Value;

#[test]
fn expressions_find_replace_and_split_as_in_go() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/research/vectors/regexp.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "no {}", path.display());
        println!("skipped: no {}", path.display());
        return;
    };
    let env = Env::default();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap_or_default();
        let arg = |name: &str| Value::from(case[name].as_str().unwrap_or_default());
        let (pattern, text, replacement) = (arg("pattern"), arg("text"), arg("repl"));
        let all = Value::int(-1);
        let answers = [
            call(&env, "mustRegexFindAll", &[pattern.clone(), text.clone(), all.clone()]),
            call(&env, "mustRegexReplaceAll", &[pattern.clone(), text.clone(), replacement]),
            call(&env, "mustRegexSplit", &[pattern, text, all]),
        ];
        let got = match answers {
            [Ok(found), Ok(replaced), Ok(split)] => Json::from(vec![found, replaced, split]),
            [Err(error), ..] | [_, Err(error), _] | [.., Err(error)] => Json::from(format!("ERR {error}")),
        };
        let want = match &case["go"] {
            Json::Array(parts) => {
                // No match at all is a nil slice in Go.
                let parts = parts
                    .iter()
                    .map(|p| if p.is_null() { Json::from(Vec::<Json>::new()) } else { p.clone() });
                Json::from(parts.collect::<Vec<_>>())
            }
            other => other.clone(),
        };
        if got != want {
            wrong.push(format!("{line}\n  got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn call(env: &Env, name: &str, args: &[Value]) -> Result<Json, String> {
    let function = find(name).ok_or("no such function")?;
    match (function.call)(env, args).map_err(|e| e.message)? {
        Value::List(list) => {
            Ok(list.items().iter().map(|v| v.as_str().unwrap_or_default().to_string()).collect())
        }
        Value::TypedNil(_) => Ok(Json::from(Vec::<Json>::new())),
        other => Ok(Json::from(other.as_str().unwrap_or_default())),
    }
}
