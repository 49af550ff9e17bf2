//! Why fields differ, on whole charts: what is named as the cause is what moves the field.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use torii::compare::{self, Comparison};
use torii::diff::cause::{self, Causes};
use torii::diff::side::Side;
use torii::diff::values::leaves;
use torii::diff::{Cause, CauseKind};
use torii::render::Request;
use torii::value::{Map, Value};

fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A copy of a chart with some texts replaced: file, before, after.
fn edited(name: &str, edits: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(chart(name)) {
        let entry = entry.unwrap();
        let to = folder.path().join(entry.path().strip_prefix(chart(name)).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    for (file, before, after) in edits {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(before), "{file} has no {before}");
        fs::write(path, text.replace(before, after)).unwrap();
    }
    folder
}

fn open(chart: &Path, change: impl FnOnce(&mut Request)) -> Side {
    let mut request = Request::new(chart.to_str().unwrap(), "edge");
    change(&mut request);
    Side::open(chart.to_str().unwrap(), &request).unwrap()
}

fn set(chart: &Path, values: &[&str]) -> Side {
    open(chart, |request| request.values.set = values.iter().map(|value| value.to_string()).collect())
}

fn compared(old: &Side, new: &Side) -> Comparison {
    compare::compare(old.objects.clone(), new.objects.clone(), &compare::Options::default())
}

/// All changes with their causes, one a line; places without the folder of the chart.
fn told(old: &Side, new: &Side) -> Vec<String> {
    let comparison = compared(old, new);
    let causes = cause::explain(old, new, &comparison);
    assert_eq!((causes.unsure, causes.warnings.len()), (0, 0), "{:?}", causes.warnings);
    let mut lines = Vec::new();
    for (index, change) in comparison.changes.iter().enumerate() {
        let id = &change.object().unwrap().id;
        if change.old.is_none() || change.new.is_none() {
            lines.push(format!("{id}: {}", shown(causes.of_object(index), [old, new])));
        }
        for (i, field) in change.fields.iter().enumerate() {
            lines.push(format!("{id} {}: {}", field.path, shown(causes.of_field(index, i), [old, new])));
        }
    }
    lines
}

fn shown(causes: Vec<Cause>, sides: [&Side; 2]) -> String {
    let text = |text: Option<String>| {
        let text = text.unwrap_or("-".into());
        let name = sides.iter().find(|side| text.starts_with(&side.name)).map(|side| side.name.as_str());
        name.and_then(|name| text.strip_prefix(name)).unwrap_or(&text).trim_start_matches('/').to_string()
    };
    let cause = |cause: Cause| {
        let (what, old, new) = (text(cause.what), text(cause.old_place), text(cause.new_place));
        format!("{:?} {what} ({old} > {new})", cause.kind)
    };
    causes.into_iter().map(cause).collect::<Vec<_>>().join(", ")
}

#[test]
fn an_upgrade_in_place_by_revision_has_one_cause() {
    let chart = chart("charts/gateway");
    let (old, new) = (set(&chart, &["revision=1-30"]), set(&chart, &["revision=1-31"]));
    assert_eq!(
        told(&old, &new),
        ["Deployment/edge spec.template.metadata.labels[\"istio.io/rev\"]: Values revision (--set > --set)"]
    );
}

#[test]
fn an_upgrade_of_the_house_chart_is_told_field_by_field() {
    let old = chart("charts/gateway");
    let new = edited(
        "charts/gateway",
        &[
            ("Chart.yaml", "version: 0.1.0", "version: 0.2.0"),
            ("values.yaml", "maxReplicas: 5", "maxReplicas: 9"),
            ("values.yaml", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 60"),
            ("templates/role.yaml.j2", "\"watch\", ", ""),
            (
                "templates/_helpers.j2",
                "\"app.kubernetes.io/part-of\": \"istio\"",
                "\"app.kubernetes.io/part-of\": \"mesh\"",
            ),
        ],
    );
    let (old, new) = (set(&old, &["replicaCount=1"]), set(new.path(), &["terminationGracePeriodSeconds=90"]));
    insta::assert_snapshot!(told(&old, &new).join("\n"));
}

/// A value that differs from the one given and has the same type.
fn mutated(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::Bool(bool) => serde_json::json!(!bool),
        Value::Float(float) => serde_json::json!(float + 1.0),
        Value::Int(int) => serde_json::json!(int.as_i64() + 1),
        Value::String(text) => serde_json::json!(format!("{text}x")),
        Value::Map(map) if map.is_empty() => serde_json::json!({"some-key": "some-value"}),
        _ => return None,
    })
}

/// Values with these leaves changed, as a values file.
fn file(leaves: &[&(compare::Path, serde_json::Value)]) -> String {
    let mut root = serde_json::json!({});
    for (path, value) in leaves {
        let mut at = &mut root;
        for step in &path.0 {
            let compare::Step::Key(key) = step else { panic!("{path} leads into a list") };
            at = &mut at[key.as_str().unwrap()];
        }
        *at = value.clone();
    }
    root.to_string()
}

fn with(chart: &Path, folder: &Path, leaves: &[&(compare::Path, serde_json::Value)]) -> Option<Side> {
    let path = folder.join("values.json");
    fs::write(&path, file(leaves)).unwrap();
    let mut request = Request::new(chart.to_str().unwrap(), "edge");
    request.values.files = vec![path.to_str().unwrap().into()];
    request.skip_schema_validation = true;
    Side::open(chart.to_str().unwrap(), &request).ok()
}

type Key = (String, String);

fn keys(comparison: &Comparison) -> BTreeMap<Key, (usize, usize)> {
    let mut keys = BTreeMap::new();
    for (index, change) in comparison.changes.iter().enumerate() {
        for (i, field) in change.fields.iter().enumerate() {
            keys.insert((change.object().unwrap().id.to_string(), field.path.to_string()), (index, i));
        }
    }
    keys
}

fn named(causes: &Causes, at: (usize, usize)) -> BTreeSet<String> {
    let own = causes.of_field(at.0, at.1).into_iter().filter(|cause| cause.kind == CauseKind::Values);
    own.filter_map(|cause| cause.what).collect()
}

/// Changes three values at a time. Each of them that moves a field by itself, and without which the field would be
/// another, must be named as its cause; and no value may be named without which the field would be the same.
#[test]
fn every_value_that_moves_a_field_is_named_as_its_cause() {
    let (mut fields, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    for name in ["charts/gateway", "fixtures/mixed/store/chart", "fixtures/mixed/web/chart"] {
        let (chart, folder) = (chart(name), tempfile::tempdir().unwrap());
        let old = with(&chart, folder.path(), &[]).unwrap();
        let defaults: Map = old.rendered.as_ref().unwrap().loaded.chart.values.clone();
        let leaves: Vec<_> = leaves::all(&defaults, 1000)
            .into_iter()
            .filter_map(|(path, v)| Some((path, mutated(&v)?)))
            .collect();
        // Those that can be changed alone, with the fields that they move.
        let single: Vec<_> = leaves
            .iter()
            .filter_map(|leaf| {
                let new = with(&chart, folder.path(), &[leaf])?;
                let moved: BTreeSet<Key> = keys(&compared(&old, &new)).into_keys().collect();
                (!moved.is_empty()).then_some((leaf, moved))
            })
            .collect();
        assert!(single.len() >= 3, "{name}: {} of {} values move something", single.len(), leaves.len());
        let mut seed = 7_usize;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % single.len()
        };
        for _ in 0..20 {
            let chosen: BTreeSet<usize> = [next(), next(), next()].into();
            let all: Vec<_> = chosen.iter().map(|i| single[*i].0).collect();
            let Some(new) = with(&chart, folder.path(), &all) else { continue };
            let comparison = compared(&old, &new);
            let causes = cause::explain(&old, &new, &comparison);
            assert_eq!(causes.unsure, 0);
            let all_keys = keys(&comparison);
            for i in chosen {
                let (leaf, moved) = &single[i];
                let others: Vec<_> = all.iter().copied().filter(|other| other != leaf).collect();
                let Some(without) = with(&chart, folder.path(), &others) else { continue };
                let needed: BTreeSet<Key> = keys(&compared(&without, &new)).into_keys().collect();
                for (key, at) in &all_keys {
                    // An empty map is changed by what is put into it.
                    let own = leaf.0.to_string();
                    let is_own = |name: &String| *name == own || *name == format!("{own}.some-key");
                    let is_named = named(&causes, *at).iter().any(is_own);
                    fields += usize::from(is_named);
                    if moved.contains(key) && needed.contains(key) && !is_named {
                        missed.push(format!("{name}: {} of {key:?}", leaf.0));
                    }
                    if is_named && !needed.contains(key) && !moved.contains(key) {
                        wrong.push(format!("{name}: {} of {key:?}", leaf.0));
                    }
                }
            }
        }
    }
    println!("{fields} causes");
    assert!(fields > 100);
    assert!(missed.is_empty(), "not named:\n{}", missed.join("\n"));
    assert!(wrong.is_empty(), "named wrongly:\n{}", wrong.join("\n"));
}
