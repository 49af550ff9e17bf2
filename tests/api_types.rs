//! The table of the fields of Kubernetes' API types is what the crate `k8s-openapi` says.
//!
//! To write it anew, for other versions of Kubernetes, raise the version of the crate and run
//! `TORII_API_TYPES=path/to/k8s-openapi/src cargo test --test api_types -- --ignored`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "api_types/write.rs"]
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use k8s_openapi::api;
use serde_json::{Map, Value, json};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules/object/general/types/kubernetes.txt");

#[test]
#[ignore = "writes the table anew; TORII_API_TYPES names the sources"]
fn write_the_table() {
    let sources = std::env::var("TORII_API_TYPES").expect("TORII_API_TYPES names the sources of k8s-openapi");
    std::fs::write(TABLE, write::table(Path::new(&sources))).unwrap();
}

/// The types of the table: their fields with the words for these.
fn types(text: &str) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', ' ']) && !line.starts_with("kind "));
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, rest)| (name, rest.split_whitespace().filter_map(|word| word.split_once('=')).collect()))
        .collect()
}

/// A value of a shape, with every field that it may have.
fn full(shape: &str, types: &BTreeMap<&str, Vec<(&str, &str)>>, depth: usize) -> Option<Value> {
    if let Some(inner) = shape.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(json!([full(inner, types, depth)?]));
    }
    if let Some(inner) = shape.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Some(json!({ "key": full(inner, types, depth)? }));
    }
    Some(match shape {
        "text" => json!("2026-01-01T00:00:00.000000Z"),
        "whole" => json!(1),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "amount" => json!("1"),
        "base64" => json!("YQ=="),
        // Of what may hold anything, not all takes everything.
        "any" => return None,
        name => {
            let fields = types.get(name).unwrap_or_else(|| panic!("no type {name}"));
            let mut map = Map::new();
            for (key, shape) in fields.iter().filter(|_| depth > 0) {
                if let Some(value) = full(shape, types, depth - 1) {
                    map.insert((*key).to_string(), value);
                }
            }
            Value::Object(map)
        }
    })
}

/// What the crate makes of an object with every field, read and written again: it drops what it doesn't know, and
/// refuses what is of another type.
fn again<T: k8s_openapi::serde::de::DeserializeOwned + k8s_openapi::serde::Serialize>(
    value: Value,
) -> Result<Value, String> {
    let read: T = serde_json::from_value(value).map_err(|e| e.to_string())?;
    serde_json::to_value(read).map_err(|e| e.to_string())
}

/// Paths of fields that are in one value and not in the other.
fn lost(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                let path = format!("{path}.{key}");
                match after.get(key) {
                    Some(other) => lost(value, other, &path, found),
                    None => found.push(path),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            before.iter().zip(after).for_each(|(a, b)| lost(a, b, path, found));
        }
        _ => {}
    }
}

#[test]
fn every_field_of_the_kinds_that_charts_have_is_known_to_the_crate_in_its_type() {
    let text = std::fs::read_to_string(TABLE).unwrap();
    let types = types(&text);
    let mut wrong = Vec::new();
    macro_rules! hold {
        ($($version:literal $kind:literal $rust:ty),* $(,)?) => {$({
            let line = format!("kind {} {} = ", $version, $kind);
            let name = text.lines().find_map(|own| own.strip_prefix(&line)).unwrap_or_else(|| panic!("no {line}"));
            let mut value = full(name, &types, 12).unwrap();
            value["apiVersion"] = json!($version);
            value["kind"] = json!($kind);
            match again::<$rust>(value.clone()) {
                Ok(after) => lost(&value, &after, $kind, &mut wrong),
                Err(error) => wrong.push(format!("{}: {error}", $kind)),
            }
        })*};
    }
    hold! {
        "apps/v1" "DaemonSet" api::apps::v1::DaemonSet,
        "apps/v1" "Deployment" api::apps::v1::Deployment,
        "apps/v1" "StatefulSet" api::apps::v1::StatefulSet,
        "autoscaling/v2" "HorizontalPodAutoscaler" api::autoscaling::v2::HorizontalPodAutoscaler,
        "batch/v1" "CronJob" api::batch::v1::CronJob,
        "batch/v1" "Job" api::batch::v1::Job,
        "networking.k8s.io/v1" "Ingress" api::networking::v1::Ingress,
        "networking.k8s.io/v1" "NetworkPolicy" api::networking::v1::NetworkPolicy,
        "policy/v1" "PodDisruptionBudget" api::policy::v1::PodDisruptionBudget,
        "rbac.authorization.k8s.io/v1" "ClusterRole" api::rbac::v1::ClusterRole,
        "rbac.authorization.k8s.io/v1" "RoleBinding" api::rbac::v1::RoleBinding,
        "v1" "ConfigMap" api::core::v1::ConfigMap,
        "v1" "PersistentVolumeClaim" api::core::v1::PersistentVolumeClaim,
        "v1" "Secret" api::core::v1::Secret,
        "v1" "Service" api::core::v1::Service,
        "v1" "ServiceAccount" api::core::v1::ServiceAccount,
    }
    // The table has fields of several versions of Kubernetes, and the tests are built with one of them.
    wrong.retain(|path| !OLDER.iter().any(|own| path.ends_with(own)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Fields that Kubernetes had once, and has no longer in 1.37, which the tests are built with.
const OLDER: &[&str] = &[".workloadRef"];
