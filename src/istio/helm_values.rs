//! What a component's chart sees of an IstioOperator
//! (`istio operator/pkg/render/manifest.go: applyComponentValuesToHelmValues`).

use super::component::{Component, Item};
use super::{quantity, tree};
use crate::diagnostic::Result;
use crate::limits::Limits;
use crate::value::{Map, Value};

/// The IstioOperator with the item's own settings written to where the component's chart reads them. The one given is not
/// changed.
///
/// # Errors
/// When there is no place for them: a value on the way is no map.
pub(super) fn apply(component: &Component, item: &Item, merged: &Map, limits: &Limits) -> Result<Map> {
    let merged = tree::copy(merged);
    let root = format!("spec.values.{}", component.root);
    if component.is_gateway() {
        tree::set(&merged, &format!("{root}.name"), Value::from(item.name()))?;
        let label = item.raw.get("label").and_then(|label| label.as_map().cloned()).unwrap_or_default();
        tree::set(&merged, &format!("{root}.labels"), Value::Map(label))?;
        let ports = tree::get(&item.raw, "k8s.service.ports");
        let ports = ports.and_then(|ports| ports.as_list().map(|list| list.items())).unwrap_or_default();
        if !ports.is_empty() {
            let ports = ports.iter().map(port).collect();
            tree::set(&merged, &format!("{root}.ports"), Value::list(ports))?;
        }
    }
    if component.workload == "Deployment" {
        // So the conditions in the templates see what is patched into their output later.
        let number = |path: &str| match tree::get(&item.raw, path) {
            Some(Value::Int(i)) => Some(i.as_i64()),
            Some(Value::Float(f)) => Some(f as i64),
            _ => None,
        };
        let settings = [
            ("k8s.hpaSpec.minReplicas", "autoscaleMin", i64::MIN),
            ("k8s.hpaSpec.maxReplicas", "autoscaleMax", 1),
            ("k8s.replicaCount", "replicaCount", 1),
        ];
        for (from, to, least) in settings {
            if let Some(count) = number(from).filter(|count| *count >= least) {
                tree::set(&merged, &format!("{root}.{to}"), Value::int64(count))?;
            }
        }
    }
    for group in ["limits", "requests"] {
        let cpu = tree::get(&item.raw, &format!("k8s.resources.{group}.cpu"));
        let Some(cpu) = cpu.and_then(|cpu| quantity::of_value(&cpu).ok()).filter(|cpu| !cpu.is_zero()) else {
            continue;
        };
        tree::set(&merged, &format!("{root}.resources.{group}.cpu"), Value::from(cpu.canonical()))?;
    }
    let merged = tree::copy(&merged);
    let prefix = format!("values.{}", component.root);
    let hub = tree::get_text(&item.raw, "hub");
    if !hub.is_empty() {
        tree::set_flag(&merged, &format!("{prefix}.hub={hub}"))?;
    }
    if let Some(tag) = item.raw.get("tag").filter(|tag| !tag.is_nil()) {
        // A tag that looks like a number becomes one, as in istioctl.
        tree::set_flag(&merged, &format!("{prefix}.tag={}", tree::sprint(&tag, limits)?))?;
    }
    if component.flat {
        flatten(component, &merged);
    }
    Ok(merged)
}

/// A port as Go writes it: what is left out there is left out, and a target port is always there.
fn port(port: &Value) -> Value {
    let port = port.as_map().cloned().unwrap_or_default();
    let number = |key: &str| match port.get(key) {
        Some(Value::Int(i)) => i.as_i128() as f64,
        Some(Value::Float(f)) => f,
        _ => 0.0,
    };
    let written = Map::default();
    for key in ["name", "protocol"] {
        let text = tree::get_text(&port, key);
        if !text.is_empty() {
            written.insert(key, Value::from(text));
        }
    }
    if let Some(protocol @ Value::String(_)) = port.get("appProtocol") {
        written.insert("appProtocol", protocol);
    }
    written.insert("port", Value::Float(number("port")));
    let target = match port.get("targetPort") {
        Some(name @ Value::String(_)) => name,
        _ => Value::Float(number("targetPort")),
    };
    written.insert("targetPort", target);
    if number("nodePort") != 0.0 {
        written.insert("nodePort", Value::Float(number("nodePort")));
    }
    Value::Map(written)
}

/// Brings the component's values to the top, as its chart reads them there.
fn flatten(component: &Component, merged: &Map) {
    let (Some(own), Some(spec)) =
        (tree::get_map(merged, &format!("spec.values.{}", component.root)), tree::get_map(merged, "spec"))
    else {
        return;
    };
    let all = tree::get_map(&spec, "values").unwrap_or_default();
    let flat = Map::default();
    flat.insert("global", all.get("global").unwrap_or_default());
    for (key, value) in all.entries() {
        if value.as_map().is_none() {
            flat.insert(key, value);
        }
    }
    for (key, value) in own.entries() {
        flat.insert(key, value);
    }
    spec.insert("values", Value::Map(flat));
}
