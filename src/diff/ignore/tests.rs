use std::sync::Arc;

use super::*;
use crate::compare::path::Format;
use crate::manifest::object::{Identity, Object};
use crate::value::Str;
use crate::yaml;

fn object(kind: &str, namespace: &str, name: &str) -> Arc<Object> {
    Arc::new(Object {
        id: Identity {
            group: "apps".into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        },
        version: "v1".into(),
        role: Default::default(),
        value: Value::Null,
        source: "".into(),
        text: (Str::EMPTY, 0..0),
        steps: Vec::new(),
    })
}

fn key(key: &str) -> Step {
    Step::Key(key.into())
}

fn field(path: Vec<Step>, old: Option<&str>, new: Option<&str>) -> FieldChange {
    let value = |text: &str| yaml::decode_with_integers(text.as_bytes()).unwrap();
    FieldChange { path: Path(path), old: old.map(value), new: new.map(value), same: None, notes: Vec::new() }
}

fn change(id: (&str, &str, &str), fields: Vec<FieldChange>) -> Change {
    let object = object(id.0, id.1, id.2);
    Change { old: Some(object.clone()), new: Some(object), fields, similarity: None, fallback: None }
}

fn labels(label: &str) -> FieldChange {
    field(vec![key("metadata"), key("labels"), key(label)], Some("a"), Some("b"))
}

/// How many changes, and how many fields in all, the rules leave; the warnings.
fn left(rules: &[&str], changes: Vec<Change>) -> (usize, usize, Vec<String>) {
    let rules: Vec<Rule> = rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect();
    let mut comparison = Comparison { changes, ..Comparison::default() };
    let mut warnings = Vec::new();
    apply(&rules, &mut comparison, &mut warnings);
    (comparison.changes.len(), comparison.changes.iter().map(|change| change.fields.len()).sum(), warnings)
}

fn hides(rule: &str, path: Vec<Step>) -> bool {
    left(&[rule], vec![change(("Deployment", "edge", "gw"), vec![field(path, Some("1"), Some("2"))])]).0 == 0
}

#[test]
fn a_rule_without_a_path_hides_whole_objects() {
    let changes = || {
        vec![
            change(("Secret", "edge", "s"), vec![labels("x")]),
            Change { old: None, ..change(("Secret", "edge", "t"), vec![]) },
            change(("Deployment", "edge", "gw"), vec![labels("x")]),
        ]
    };
    assert_eq!(left(&["secret"], changes()).0, 1);
    assert_eq!(left(&["Secret/t"], changes()).0, 2);
    assert_eq!(left(&["Secret/edge/*"], changes()).0, 1);
    assert_eq!(left(&["Secret.apps"], changes()).0, 1);
    assert_eq!(
        left(&["Secret.core"], changes()).2,
        ["the rule 'Secret.core' ignores nothing: no change matches it"]
    );
    assert_eq!(left(&["*/gw"], changes()).0, 2);
}

#[test]
fn both_forms_of_paths_hide_the_field_and_what_is_within() {
    let chart = || vec![key("metadata"), key("labels"), key("helm.sh/chart")];
    for rule in [
        "Deployment/*:/metadata/labels/helm.sh~1chart",
        ":/metadata/labels/helm.sh~1chart",
        "/metadata/labels/helm.sh~1chart",
        ":metadata.labels[\"helm.sh/chart\"]",
        ":metadata.labels.helm\\.sh/chart",
        ":/metadata/labels",
        ":metadata",
        ":**.labels.*",
        ":/**/helm.sh~1*",
        ":/metadata/**",
        "Deployment/edge/gw:/metadata/labels/**",
    ] {
        assert!(hides(rule, chart()), "{rule}");
    }
    for rule in [
        "StatefulSet:/metadata",
        ":/metadata/annotations",
        ":metadata.labels.chart",
        "*/x:/metadata",
        ":/labels",
    ] {
        assert!(!hides(rule, chart()), "{rule}");
    }
}

#[test]
fn items_of_lists_are_called_by_key_value_or_index() {
    let image = || {
        let item = Step::Item { key: "name=istio-proxy".into(), old: Some(1), new: Some(2) };
        vec![key("spec"), key("containers"), item, key("image")]
    };
    for rule in [
        ":spec.containers[name=istio-proxy].image",
        ":spec.containers[istio-*].image",
        ":/spec/containers/istio-proxy/image",
        ":/spec/containers/2",
        ":/spec/containers/1",
        ":spec.containers[*].image",
    ] {
        assert!(hides(rule, image()), "{rule}");
    }
    assert!(!hides(":/spec/containers/0", image()));
}

#[test]
fn steps_into_texts_are_not_counted() {
    let path = || vec![key("data"), key("mesh.yaml"), Step::Text(Format::Yaml), key("a"), key("b")];
    for rule in
        [":/data/mesh.yaml/a", ":data[\"mesh.yaml\"]: a.b", ":data.mesh\\.yaml.a", ":data[mesh.yaml].a"]
    {
        assert!(hides(rule, path()), "{rule}");
    }
}

#[test]
fn what_lies_within_an_added_map_is_taken_out_of_it() {
    let added = || {
        let path = vec![key("metadata"), key("annotations")];
        vec![change(("Deployment", "e", "gw"), vec![field(path, None, Some("{a: x, b: y}"))])]
    };
    assert_eq!(left(&[":/metadata/annotations/a"], added()).1, 1);
    assert_eq!(left(&[":/metadata/annotations/a", ":/metadata/annotations/b"], added()).0, 0);
    assert_eq!(left(&[":/metadata/annotations/**"], added()).0, 0);
    let mut comparison = Comparison { changes: added(), ..Comparison::default() };
    let ignored =
        apply(&[Rule::parse(":/metadata/annotations/a").unwrap()], &mut comparison, &mut Vec::new());
    assert_eq!((ignored[0].objects, ignored[0].fields), (0, 1));
    let new = comparison.changes[0].fields[0].new.clone().unwrap();
    assert_eq!(new.as_map().unwrap().keys(), ["b"]);
}

#[test]
fn names_with_colons_are_told_from_paths() {
    let changes = || vec![change(("ClusterRole", "", "system:edit"), vec![labels("x")])];
    assert_eq!(left(&["ClusterRole/system:edit:/metadata"], changes()).0, 0);
    assert_eq!(left(&["ClusterRole/system\\:edit:metadata"], changes()).0, 0);
    assert_eq!(left(&["ClusterRole/system\\:edit"], changes()).0, 0);
}

#[test]
fn what_is_no_rule_is_refused_with_a_reason() {
    let why = |rule: &str| Rule::parse(rule).unwrap_err().message().to_string();
    assert_eq!(why(""), "'' is no rule of what to ignore: it is empty");
    assert_eq!(why("Secret:"), "'Secret:' is no rule of what to ignore: there is no path behind the colon");
    assert!(why("a/b/c/d").ends_with("an object is KIND, KIND/NAME or KIND/NAMESPACE/NAME"));
    assert!(why("Secret/").ends_with("a name is empty"));
    assert!(why(":/a/b~2").contains("~1 is a slash"));
    assert!(why(":/a//b").ends_with("a step of the path is empty"));
    assert!(why(":a..b").ends_with("a step of the path is empty"));
    assert!(why(":a[\"b]").ends_with("a bracket is not closed"));
    assert!(Rule::parse(&"*a".repeat(5000)).is_err());
}

#[test]
fn hostile_patterns_take_no_exponential_time() {
    assert!(!matches(&"*a".repeat(2000), &"ab".repeat(2000)));
    let deep: Vec<Step> = (0..200).map(|_| key("a")).collect();
    assert!(!hides(&format!(":/{}b", "**/a/".repeat(300)), deep));
}
