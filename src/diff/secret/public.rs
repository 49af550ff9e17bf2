//! What in an object is a name, and so no secret, even if some Secret holds it: hiding it would hide the review.

use crate::value::{Map, Value, each_map};

/// How deep objects are searched.
const MAX_DEPTH: usize = 30;

/// Labels whose values are names.
const LABELS: &[&str] = &[
    "app",
    "chart",
    "release",
    "component",
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "helm.sh/chart",
];

/// Lists whose items have names that are none but of themselves.
const LISTS: &[&str] =
    &["containers", "initContainers", "volumes", "volumeMounts", "ports", "volumeClaimTemplates"];

/// Calls a function with the names within an object: of images, containers, volumes, ports, and in labels.
pub(super) fn words(value: &Value, add: &mut dyn FnMut(&str)) {
    each_map(value, MAX_DEPTH, &mut |map| {
        for (key, value) in map.entries() {
            match (key.as_str().unwrap_or_default(), &value) {
                ("image", Value::String(image)) => {
                    // Behind an `@` or the last colon stands what tells images of one name apart.
                    let image = image.to_text();
                    let name = image.split('@').next().unwrap_or_default();
                    name.split([':', '/']).for_each(&mut *add);
                }
                ("labels" | "matchLabels" | "selector", Value::Map(labels)) => of_labels(labels, add),
                (list, Value::List(items)) if LISTS.contains(&list) => {
                    for item in items.items() {
                        let name = item.as_map().and_then(|item| item.get("name"));
                        if let Some(name) = name.as_ref().and_then(Value::as_str) {
                            add(name);
                        }
                    }
                }
                _ => {}
            }
        }
    });
}

fn of_labels(labels: &Map, add: &mut dyn FnMut(&str)) {
    for label in LABELS {
        if let Some(value) = labels.get(label).as_ref().and_then(Value::as_str) {
            add(value);
        }
    }
}
