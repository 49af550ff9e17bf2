//! Writes the table of API types from the sources of the crate `k8s-openapi`, which carries them as Rust types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A type of the API: its fields with their types, as the sources write these.
#[derive(Default)]
struct Type {
    fields: BTreeMap<String, String>,
}

/// What the sources of all versions have.
#[derive(Default)]
struct Api {
    types: BTreeMap<String, Type>,
    /// `apps/v1 Deployment`, and the path of its type.
    kinds: BTreeMap<String, String>,
}

/// The table, for the versions of Kubernetes that the sources have: fields of any of them.
pub fn table(sources: &Path) -> String {
    let mut api = Api::default();
    let mut versions: Vec<_> = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.retain(|path| path.is_dir());
    versions.sort();
    for version in &versions {
        folder(version, "crate", &mut api);
    }
    write(&api)
}

fn folder(path: &Path, module: &str, api: &mut Api) {
    let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_stem().unwrap().to_str().unwrap().to_string();
        if entry.is_dir() {
            folder(&entry, &format!("{module}::{name}"), api);
        } else if name != "mod" {
            file(&fs::read_to_string(&entry).unwrap(), module, api);
        }
    }
}

fn file(text: &str, module: &str, api: &mut Api) {
    let between = |line: &str, before: &str, after: &str| -> Option<String> {
        line.trim().strip_prefix(before)?.strip_suffix(after).map(str::to_string)
    };
    let mut name: Option<String> = None;
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut open = false;
    let (mut keys, mut version, mut kind) = (BTreeMap::new(), None, None);
    for line in text.lines() {
        if let (None, Some(own)) = (&name, between(line, "pub struct ", " {")) {
            (name, open) = (Some(own), true);
        } else if line == "}" {
            open = false;
        } else if let Some((field, of)) =
            between(line, "pub ", ",").as_deref().and_then(|l| l.split_once(": "))
        {
            if open {
                fields.push((field.trim_start_matches("r#").to_string(), of.to_string()));
            }
        } else if let Some((key, own)) = line.trim().split_once(" => Field::Key_") {
            keys.insert(own.trim_end_matches(',').to_string(), key.trim_matches('"').to_string());
        }
        version = version.or_else(|| between(line, "const API_VERSION: &'static str = \"", "\";"));
        kind = kind.or_else(|| between(line, "const KIND: &'static str = \"", "\";"));
    }
    let Some(name) = name else { return };
    let path = format!("{module}::{name}");
    let own = api.types.entry(path.clone()).or_default();
    for (field, of) in fields {
        let Some(key) = keys.get(&field) else { continue };
        own.fields.entry(key.clone()).or_insert(of);
    }
    if let (Some(version), Some(kind)) = (version, kind) {
        // A list is what the API answers; nobody renders it.
        if !kind.ends_with("List") && own.fields.contains_key("metadata") {
            api.kinds.entry(format!("{version} {kind}")).or_insert(path);
        }
    }
}

/// The types that are not looked into: what may hold anything, and schemas within definitions.
const ANYTHING: [&str; 8] = [
    "JSON",
    "JSONSchemaProps",
    "RawExtension",
    "FieldsV1",
    "ManagedFieldsEntry",
    "WatchEvent",
    "Status",
    "CustomResourceValidation",
];

/// How the table writes a type. The structs that it names are added to `found`.
fn shape(of: &str, api: &Api, found: &mut BTreeSet<String>) -> String {
    for (before, after) in [("Option<", ">"), ("std::boxed::Box<", ">"), ("Box<", ">")] {
        if let Some(inner) = of.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
            return shape(inner, api, found);
        }
    }
    if let Some(inner) = of.strip_prefix("std::vec::Vec<").and_then(|rest| rest.strip_suffix('>')) {
        return format!("[{}]", shape(inner, api, found));
    }
    let map = "std::collections::BTreeMap<std::string::String, ";
    if let Some(inner) = of.strip_prefix(map).and_then(|rest| rest.strip_suffix('>')) {
        return format!("{{{}}}", shape(inner, api, found));
    }
    let last = of.rsplit("::").next().unwrap();
    match last {
        "String" | "Time" | "MicroTime" => "text".to_string(),
        "i32" | "i64" => "whole".to_string(),
        "f64" => "number".to_string(),
        "bool" => "boolean".to_string(),
        "Quantity" | "IntOrString" => "amount".to_string(),
        "ByteString" => "base64".to_string(),
        last if ANYTHING.contains(&last) || !api.types.contains_key(of) => "any".to_string(),
        _ => {
            found.insert(of.to_string());
            short(of)
        }
    }
}

/// A name for a type: its own, behind its group and version where these are not of the core.
fn short(path: &str) -> String {
    let parts: Vec<&str> = path.split("::").collect();
    let name = parts.last().unwrap();
    match parts.as_slice() {
        [_, "api", "core", "v1", _] | [_, "apimachinery", ..] => (*name).to_string(),
        [.., group, version, _] => format!("{group}.{version}.{name}"),
        _ => (*name).to_string(),
    }
}

fn write(api: &Api) -> String {
    let mut text = String::from(
        "# The fields of the types of the Kubernetes API, of versions 1.33 to 1.37. Written by tests/api_types.rs from the\n\
         # crate k8s-openapi; how, stands there.\n#\n\
         #   kind GROUP/VERSION KIND = TYPE\n\
         #   TYPE: FIELD=SHAPE …        SHAPE is a type, [SHAPE] a list, {SHAPE} a map, or one of text, whole, number,\n\
         #                              boolean, amount (a number or a text), base64, any\n\n",
    );
    let mut wanted: Vec<String> = Vec::new();
    for (kind, path) in &api.kinds {
        writeln!(text, "kind {kind} = {}", short(path)).unwrap();
        wanted.push(path.clone());
    }
    text.push('\n');
    let mut done: BTreeMap<String, String> = BTreeMap::new();
    while let Some(path) = wanted.pop() {
        if done.contains_key(&path) {
            continue;
        }
        let mut found = BTreeSet::new();
        let own = &api.types[&path];
        // The status of an object is the cluster's to write.
        let is_object = own.fields.contains_key("metadata");
        let fields = own.fields.iter().filter(|(key, _)| !is_object || *key != "status");
        let fields: Vec<String> =
            fields.map(|(key, of)| format!("{key}={}", shape(of, api, &mut found))).collect();
        done.insert(path, fields.join(" "));
        wanted.extend(found);
    }
    let lines: BTreeMap<String, &String> = done.iter().map(|(path, fields)| (short(path), fields)).collect();
    assert_eq!(lines.len(), done.len(), "two types have one name");
    for (name, fields) in lines {
        writeln!(text, "{name}: {fields}").unwrap();
    }
    text
}
