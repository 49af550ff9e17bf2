//! `torii eval --jsonl`: many cases, an answer a line, in order.

use std::io::{self, BufRead};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use torii::chart::{self, Chart};
use torii::diagnostic::{Error, Result};
use torii::functions::Env;
use torii::limits::Limits;
use torii::render::context::{self, Shared};
use torii::render::{Release, eval, name};
use torii::source::{Budget, File, Files};
use torii::template::Language;
use torii::template::objects::Capabilities;
use torii::value::{Map, MapType, Str, Value};
use torii::values::{self, set};
use torii::yaml;

use super::super::output::Output;
use super::super::{panics, wrong};

/// The name under which a case's template runs.
const TEMPLATE: &str = "ref/templates/t.yaml";

/// Answers every line of stdin, each as soon as it is known.
///
/// # Errors
/// When stdin or stdout fails.
pub fn answer_all(default: Language, limits: &Limits, output: &mut Output) -> Result<()> {
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(|e| wrong(format!("reading stdin: {e}")))?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match serde_json::from_slice::<Json>(&line) {
            Err(e) => json!({"id": null, "out": null, "err": format!("not a case: {e}")}),
            Ok(case) => {
                let result = panics::guarded(|| answer(&case, default, limits));
                let (out, err) = match result {
                    Ok(out) => (Json::from(out.to_text()), Json::Null),
                    Err(e) => (Json::Null, Json::from(e.message())),
                };
                json!({"id": case["id"], "out": out, "err": err})
            }
        };
        output.write(one_line(&answer).as_bytes())?;
        output.write(b"\n")?;
        output.finish()?;
    }
    Ok(())
}

/// The answer as JSON without any character that some reader takes for the end of a line.
fn one_line(answer: &Json) -> String {
    let mut text = answer.to_string();
    for (c, escape) in [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
        if text.contains(c) {
            text = text.replace(c, escape);
        }
    }
    text
}

fn answer(case: &Json, default: Language, limits: &Limits) -> Result<Str> {
    let template = case["template"].as_str().ok_or_else(|| wrong("the case has no template"))?;
    let language = match case["language"].as_str() {
        None => default,
        Some("go") => Language::Go,
        Some("jinja") => Language::Jinja,
        Some(other) => return Err(wrong(format!("{other:?} is neither go nor jinja"))),
    };
    let mut env = Env::new(limits.clone());
    env.lint = case["lint"].as_bool().unwrap_or_default();
    env.strict = case["strict"].as_bool().unwrap_or_default();
    let env = Arc::new(env);
    if let (Language::Jinja, Json::Object(_)) = (language, &case["context"]) {
        let context = torii::template::jinja::context_from_json(&case["context"].to_string())?;
        return eval::jinja(template, &texts(&case["templates"]), &context, env);
    }
    let extension = if language == Language::Jinja { ".j2" } else { "" };
    let mut files = vec![file(&format!("templates/t.yaml{extension}"), template)];
    files.extend(
        texts(&case["templates"]).iter().map(|(name, text)| file(&format!("templates/{name}"), text)),
    );
    files.extend(texts(&case["files"]).iter().map(|(name, text)| file(name, text)));
    let chart = chart_of(metadata(&case["chart"]).to_string(), files, limits)?;
    let values = values::coalesce(&chart, &given_values(case)?, &mut Vec::new())?;
    let shared =
        Shared { release: release(&case["release"]), capabilities: Capabilities::default().into_value() };
    eval::whole_chart(&chart, &values, &shared, TEMPLATE, env)
}

fn file(name: &str, text: &str) -> File {
    File { name: name.into(), data: text.into() }
}

/// A chart of these files.
pub fn chart_of(metadata: String, mut files: Vec<File>, limits: &Limits) -> Result<Chart> {
    files.insert(0, file("Chart.yaml", &metadata));
    let files = Files { location: "".into(), files };
    chart::from_files(files, &mut Budget::new(limits), &mut Vec::new())
}

fn metadata(overrides: &Json) -> Json {
    let mut metadata = json!({"apiVersion": "v2", "name": "ref", "version": "0.1.0"});
    for (key, value) in overrides.as_object().into_iter().flatten() {
        metadata[key] = value.clone();
    }
    metadata
}

fn release(overrides: &Json) -> Value {
    let release =
        Release { name: name::DEFAULT.into(), namespace: "default".into(), is_upgrade: false, revision: 1 };
    let release = context::release(&release);
    if let Some(map) = release.as_map() {
        for (key, over) in overrides.as_object().into_iter().flatten() {
            map.insert(key.as_str(), value(over, Numbers::AsWritten));
        }
    }
    release
}

fn given_values(case: &Json) -> Result<Map> {
    let values = match &case["values"] {
        Json::Null => Value::Null,
        // As `helm pkg/chart/common/values.go: ReadValues` reads a text.
        Json::String(text) => yaml::decode(text.as_bytes()).map_err(|e| bad_values(&e.message))?,
        other => value(other, Numbers::Floats),
    };
    let values = match values {
        Value::Map(map) => map,
        Value::Null => Map::new(MapType::Any),
        other => {
            let kind = match other {
                Value::List(_) => "array",
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            };
            let json = format!("json: cannot unmarshal {kind} into Go value of type common.Values");
            return Err(bad_values(&format!("error unmarshaling JSON: while decoding JSON: {json}")));
        }
    };
    for text in case["set"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        set::set(text, &values).map_err(|e| e.context("failed parsing --set data"))?;
    }
    Ok(values)
}

fn bad_values(message: &str) -> Error {
    wrong(format!("VALUES: {message}"))
}

/// The texts of an object, by name.
fn texts(object: &Json) -> Vec<(String, String)> {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(name, text)| (name.clone(), text.as_str().unwrap_or_default().to_string())).collect()
}

/// What numbers become.
#[derive(Clone, Copy)]
enum Numbers {
    /// As Helm reads values: floats all.
    Floats,
    /// Whole numbers are integers.
    AsWritten,
}

fn value(json: &Json, numbers: Numbers) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (numbers, n.as_i64()) {
            (Numbers::AsWritten, Some(n)) => Value::int(n),
            _ => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => Value::list(items.iter().map(|item| value(item, numbers)).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(k, v)| (k.as_str(), value(v, numbers))).collect::<Map>())
        }
    }
}
