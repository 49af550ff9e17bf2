//! Objects that are rendered more than once. Helm prints them all; a cluster takes the last.

use std::collections::BTreeMap;

use super::Manifest;
use crate::value::Value;
use crate::yaml;

/// A warning for each object that is there more than once.
pub(super) fn warnings(objects: &[Manifest]) -> Vec<String> {
    let mut same_head: BTreeMap<[&str; 3], Vec<&Manifest>> = BTreeMap::new();
    for object in objects.iter().filter(|o| !o.head.name.is_empty() && !o.head.kind.is_empty()) {
        let head = &object.head;
        same_head.entry([group(&head.api_version), &head.kind, &head.name]).or_default().push(object);
    }
    let mut warnings = Vec::new();
    for ([_, kind, name], objects) in same_head.into_iter().filter(|(_, objects)| objects.len() > 1) {
        // The namespace is read only here: most renders have no two objects of the same kind and name.
        let mut same: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for object in objects {
            same.entry(namespace(object.content())).or_default().push(&object.source);
        }
        for (namespace, sources) in same.into_iter().filter(|(_, sources)| sources.len() > 1) {
            let place =
                if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace:?}") };
            warnings.push(format!(
                "{kind} {name:?}{place} is rendered {} times, by {}; a cluster would keep only the last",
                sources.len(),
                sources.join(" and ")
            ));
        }
    }
    warnings
}

/// The group of an `apiVersion`: two versions of a group name the same object.
fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn namespace(document: &[u8]) -> String {
    let root = yaml::decode(document).ok();
    let metadata = root.as_ref().and_then(Value::as_map).and_then(|root| root.get("metadata"));
    let namespace = metadata.as_ref().and_then(Value::as_map).and_then(|metadata| metadata.get("namespace"));
    namespace.as_ref().and_then(Value::as_str).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::{File, assemble};

    fn warnings(documents: &[&str]) -> Vec<String> {
        let text = documents.join("\n---\n");
        assemble(&[File { name: "c/templates/a.yaml".into(), text: text.into() }], false).unwrap().warnings
    }

    #[test]
    fn the_same_object_twice_is_a_warning_and_another_namespace_or_group_is_not() {
        let object = |api: &str, ns: &str| format!("apiVersion: {api}\nkind: R\nmetadata: {{name: it{ns}}}");
        let (a, b, c) = (object("g/v1", ""), object("g/v1", ", namespace: x"), object("h/v1", ""));
        assert!(warnings(&[&a, &b, &c]).is_empty());
        let again = object("g/v2", "");
        let found = warnings(&[&a, &again]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("R \"it\" is rendered 2 times"), "{}", found[0]);
    }
}
