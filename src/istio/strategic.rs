//! Strategic merge patches (`apimachinery pkg/util/strategicpatch/patch.go`), for the types that settings are about.
//!
//! What is known of the types are the lists whose items are merged by a key, and the one field that is always replaced.

use crate::diagnostic::{Error, Result};
use crate::value::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// Where in an object a map is, as far as merging tells such places apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Object,
    Metadata,
    Spec,
    PodTemplate,
    PodSpec,
    Container,
    Other,
}

/// How the field of a map is merged.
enum Way {
    /// As maps are, and lists aren't.
    Usual,
    /// Never: it is replaced.
    Replace,
    /// As a list whose items are told apart by this field.
    By(&'static str),
    /// As a list of scalars.
    Scalars,
}

/// Applies a patch to an object of this kind, in place.
///
/// # Errors
/// In the words of Kubernetes, when the patch doesn't fit.
pub(super) fn patch(object: &Map, patch: &Map, kind: &str) -> Result<()> {
    let merger = Merger { kind };
    let merged = merger.maps(object, patch, Place::Object)?;
    if !merged.is_same(object) {
        object.update(|entries| entries.clear());
        for (key, value) in merged.entries() {
            object.insert(key, value);
        }
    }
    Ok(())
}

struct Merger<'a> {
    kind: &'a str,
}

impl Merger<'_> {
    /// Where the value of a field is, and how it is merged.
    fn field(&self, place: Place, key: &str) -> (Place, Way) {
        let by = |inside, key| (inside, Way::By(key));
        match (place, key) {
            (Place::Object, "metadata") | (Place::PodTemplate, "metadata") => (Place::Metadata, Way::Usual),
            (Place::Object, "spec") => (Place::Spec, Way::Usual),
            (Place::Metadata, "ownerReferences") => by(Place::Other, "uid"),
            (Place::Metadata, "finalizers") => (Place::Other, Way::Scalars),
            (Place::Spec, "template") if matches!(self.kind, "Deployment" | "DaemonSet" | "StatefulSet") => {
                (Place::PodTemplate, Way::Usual)
            }
            (Place::Spec, "ports") if self.kind == "Service" => by(Place::Other, "port"),
            (Place::Spec, "selector") if self.kind == "PodDisruptionBudget" => (Place::Other, Way::Replace),
            (Place::PodTemplate, "spec") => (Place::PodSpec, Way::Usual),
            (Place::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => {
                by(Place::Container, "name")
            }
            (Place::PodSpec, "volumes" | "imagePullSecrets" | "schedulingGates" | "resourceClaims") => {
                by(Place::Other, "name")
            }
            (Place::PodSpec, "hostAliases") => by(Place::Other, "ip"),
            (Place::PodSpec, "topologySpreadConstraints") => by(Place::Other, "topologyKey"),
            (Place::Container, "ports") => by(Place::Other, "containerPort"),
            (Place::Container, "env") => by(Place::Other, "name"),
            (Place::Container, "volumeMounts") => by(Place::Other, "mountPath"),
            (Place::Container, "volumeDevices") => by(Place::Other, "devicePath"),
            _ => (Place::Other, Way::Usual),
        }
    }

    fn maps(&self, original: &Map, patch: &Map, place: Place) -> Result<Map> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(patch.clone())
                }
                Some("delete") => Ok(Map::default()),
                _ => Err(Error::new("unable to merge: invalid value of $patch")),
            };
        }
        if let Some(kept) = patch.remove(RETAIN_KEYS) {
            let kept = kept.as_list().map(|list| list.items()).unwrap_or_default();
            for key in original.keys() {
                if !kept.iter().any(|kept| kept.as_str() == key.as_str()) {
                    original.remove(key);
                }
            }
        }
        for (key, value) in patch.entries() {
            let key = key.to_text().into_owned();
            if key.starts_with(ORDER) {
                continue;
            }
            if let Some(list) = key.strip_prefix(DELETE_FROM) {
                if let (Some(Value::List(list)), Value::List(gone)) = (original.get(list), &value) {
                    let gone = gone.items();
                    list.update(|items| items.retain(|item| !gone.iter().any(|gone| same(item, gone))));
                }
                continue;
            }
            self.field_of(original, &key, value, place)?;
        }
        Ok(original.clone())
    }

    fn field_of(&self, original: &Map, key: &str, value: Value, place: Place) -> Result<()> {
        if value.is_nil() {
            original.remove(key);
            return Ok(());
        }
        let (inside, way) = self.field(place, key);
        let merged = match (original.get(key), &value) {
            (Some(Value::Map(below)), Value::Map(over)) => match way {
                Way::Replace => value,
                _ => Value::Map(self.maps(&below, over, inside)?),
            },
            (Some(Value::List(below)), Value::List(over)) => match way {
                Way::By(key) => Value::list(self.items(below.items(), over.items(), key, inside)?),
                Way::Scalars => Value::list(scalars(below.items(), over.items())),
                _ => value,
            },
            (Some(below), _) if is_scalar(&below) && is_scalar(&value) => value,
            _ => {
                discard_nulls(&value);
                value
            }
        };
        original.insert(key, merged);
        Ok(())
    }

    /// Merges items by their keys, and brings them into the order that Kubernetes gives them.
    fn items(&self, original: Vec<Value>, patch: Vec<Value>, key: &str, inside: Place) -> Result<Vec<Value>> {
        let (original, patch) = match directives(original, patch, key)? {
            Directed::Replaced(items) => return Ok(items),
            Directed::Merged(original, patch) => (original, patch),
        };
        let mut merged = original.clone();
        for item in &patch {
            let Value::Map(over) = item else {
                return Err(Error::new("list element types are not identical"));
            };
            let Some(name) = over.get(key) else {
                return Err(Error::new(format!(
                    "map: {} does not contain declared merge key: {key}",
                    shown(over)
                )));
            };
            match merged.iter().position(|item| is_named(item, key, &name)) {
                Some(index) => {
                    if let Some(Value::Map(below)) = merged.get(index).cloned() {
                        let map = self.maps(&below, over, inside)?;
                        merged.splice(index..=index, [Value::Map(map)]);
                    }
                }
                None => merged.push(item.clone()),
            }
        }
        Ok(order(merged, &patch, &original, key))
    }
}

enum Directed {
    Merged(Vec<Value>, Vec<Value>),
    Replaced(Vec<Value>),
}

/// Does what items of a patch say of the list: take away an item, or replace all.
fn directives(original: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<Directed> {
    let (mut original, mut rest, mut replaced) = (original, Vec::new(), false);
    for item in patch {
        let directive = item.as_map().and_then(|map| map.get(DIRECTIVE));
        match directive.as_ref().map(|d| d.as_str().unwrap_or_default()) {
            None => rest.push(item),
            Some("delete") => {
                let name = item.as_map().and_then(|map| map.get(key));
                let Some(name) = name else {
                    return Err(Error::new(format!("delete patch type with no merge key {key} defined")));
                };
                original.retain(|item| !is_named(item, key, &name));
            }
            Some("replace") => replaced = true,
            Some(_) => return Err(Error::new("unable to merge: invalid value of $patch")),
        }
    }
    Ok(match replaced {
        true => Directed::Replaced(rest),
        false => Directed::Merged(original, rest),
    })
}

/// Items of the patch stand in its order, the others in theirs; one of these comes first only if both were there before,
/// in that order.
fn order(merged: Vec<Value>, patch: &[Value], original: &[Value], key: &str) -> Vec<Value> {
    let name = |item: &Value| item.as_map().and_then(|map| map.get(key));
    let place = |items: &[Value], item: &Value| {
        let name = name(item)?;
        items.iter().position(|other| is_named(other, key, &name))
    };
    let (mut patched, mut others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(patch, item).is_some());
    patched.sort_by_key(|item| place(patch, item));
    others.sort_by_key(|item| place(original, item).unwrap_or(usize::MAX));
    let mut result = Vec::with_capacity(patched.len() + others.len());
    let (mut patched, mut others) = (patched.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let first = match (others.peek(), patched.peek()) {
            (None, None) => return result,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(patched)) => match (place(original, other), place(original, patched)) {
                (Some(other), Some(patched)) => other < patched,
                _ => false,
            },
        };
        result.extend(if first { others.next() } else { patched.next() });
    }
}

fn is_named(item: &Value, key: &str, name: &Value) -> bool {
    item.as_map().and_then(|map| map.get(key)).is_some_and(|own| same(&own, name))
}

/// Whether two scalars are the same; whole numbers are, however they are held.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.as_bytes() == b.as_bytes(),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a.as_i128() == b.as_i128(),
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(i), Value::Float(f)) | (Value::Float(f), Value::Int(i)) => i.as_i128() as f64 == *f,
        _ => false,
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Map(_) | Value::List(_)) && !value.is_nil()
}

/// Both lists one after the other, each scalar once.
fn scalars(original: Vec<Value>, patch: Vec<Value>) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for item in original.into_iter().chain(patch) {
        if !all.iter().any(|other| same(other, &item)) {
            all.push(item);
        }
    }
    all
}

/// Takes the nulls out of what is new: there is nothing that they could delete.
fn discard_nulls(value: &Value) {
    let mut open = vec![value.clone()];
    while let Some(value) = open.pop() {
        match value {
            Value::Map(map) => {
                map.update(|entries| entries.retain(|_, value| !value.is_nil()));
                open.extend(map.entries().into_iter().map(|(_, value)| value));
            }
            Value::List(list) => open.extend(list.items()),
            _ => {}
        }
    }
}

fn shown(map: &Map) -> String {
    super::tree::sprint(&Value::Map(map.clone()), &crate::limits::Limits::default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{decode, to_yaml};

    fn patched(kind: &str, object: &str, patch_text: &str) -> String {
        let map = |text: &str| decode(text.as_bytes()).unwrap().as_map().unwrap().clone();
        let object = map(object);
        patch(&object, &map(patch_text), kind).unwrap();
        to_yaml(&Value::Map(object)).unwrap()
    }

    #[test]
    fn new_items_come_before_those_that_were_there() {
        let object =
            "spec: {template: {spec: {containers: [{name: p, env: [{name: A}, {name: B}, {name: C}]}]}}}";
        let patch = "spec: {template: {spec: {containers: [{name: p, env: [{name: Z}, {name: B, value: x}, {name: Y}]}]}}}";
        let out = patched("Deployment", object, patch);
        let names: Vec<&str> =
            out.lines().filter_map(|l| l.trim().strip_prefix("- name: ")).filter(|n| *n != "p").collect();
        assert_eq!(names, ["Z", "A", "B", "Y", "C"]);
        assert!(out.contains("value: x"));
    }

    #[test]
    fn lists_without_a_key_are_replaced_and_nulls_delete() {
        assert_eq!(
            patched(
                "HorizontalPodAutoscaler",
                "spec: {metrics: [1, 2], a: 1}",
                "spec: {metrics: [3], a: null, b: null}"
            ),
            "spec:\n  metrics:\n  - 3\n"
        );
    }

    #[test]
    fn a_disruption_budgets_selector_is_replaced() {
        assert_eq!(
            patched(
                "PodDisruptionBudget",
                "spec: {selector: {matchLabels: {a: b}}}",
                "spec: {selector: {x: z}}"
            ),
            "spec:\n  selector:\n    x: z\n"
        );
    }

    #[test]
    fn nulls_in_what_is_new_are_left_out() {
        assert_eq!(
            patched("Deployment", "spec: {}", "spec: {strategy: {type: a, rollingUpdate: null}}"),
            "spec:\n  strategy:\n    type: a\n"
        );
    }

    #[test]
    fn directives_delete_and_replace() {
        let object = "spec: {template: {spec: {containers: [{name: a}, {name: b}]}}}";
        let out = patched(
            "Deployment",
            object,
            "spec: {template: {spec: {containers: [{name: a, $patch: delete}]}}}",
        );
        assert!(!out.contains("name: a") && out.contains("name: b"));
        let out = patched("Deployment", object, "spec: {template: {$patch: replace, x: 1}}");
        assert_eq!(out, "spec:\n  template:\n    x: 1\n");
    }
}
