//! Whether two different values mean the same to Kubernetes.

mod duration;
mod quantity;

use std::collections::BTreeMap;

use super::Same;
use super::schema::{Absent, Field, Shape};
use super::tree;
use crate::value::{Str, Value};

/// How deep defaults within defaults are looked at.
const DEPTH: usize = 16;

/// The fields beside one.
pub(super) type Siblings = BTreeMap<Str, Value>;

/// Why two values of a field mean the same, if they do. Each side comes with the fields beside it, on which
/// defaults may depend.
pub(super) fn same(
    field: &Field,
    (old, old_siblings): (Option<&Value>, &Siblings),
    (new, new_siblings): (Option<&Value>, &Siblings),
) -> Option<Same> {
    let value = |side: Option<&Value>| side.filter(|value| !field.is_typed() || !value.is_nil()).cloned();
    match (value(old), value(new)) {
        (Some(old), Some(new)) => same_values(field, &old, &new),
        (None, None) => Some(Same::Empty),
        (Some(set), None) => default(field, &set, new_siblings, DEPTH),
        (None, Some(set)) => default(field, &set, old_siblings, DEPTH),
    }
}

fn same_values(field: &Field, old: &Value, new: &Value) -> Option<Same> {
    if tree::equal_numbers(old, new) {
        return Some(Same::Number);
    }
    match field.shape {
        Shape::Quantity if quantity::equal(old, new) => Some(Same::Quantity),
        Shape::Duration => match (old.as_str(), new.as_str()) {
            (Some(old), Some(new)) if duration::equal(old, new) => Some(Same::Number),
            _ => None,
        },
        _ => None,
    }
}

/// Why a value is as good as none, if it is.
fn default(field: &Field, value: &Value, siblings: &Siblings, depth: usize) -> Option<Same> {
    let empty = match value {
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match value {
        Value::List(_) if empty && field.is_typed() => return Some(Same::Empty),
        _ if empty && matches!(field.absent, Absent::Empty | Absent::Fields) => return Some(Same::Empty),
        _ => {}
    }
    let is = |other: &Value| {
        let same = tree::equal(value, other) || same_values(field, value, other).is_some();
        same.then_some(Same::Default)
    };
    match &field.absent {
        Absent::Is(other) => is(other).map(|same| if empty { Same::Empty } else { same }),
        Absent::IsWithout(other, name) => {
            siblings.get(name.as_bytes()).is_none_or(Value::is_nil).then(|| is(other))?
        }
        Absent::Sibling(name) => siblings.get(name.as_bytes()).and_then(is),
        Absent::PullPolicy => is(&Value::from(pull_policy(siblings.get(b"image".as_slice())?.as_str()?))),
        Absent::SubjectGroup => {
            let group = match siblings.get(b"kind".as_slice())?.as_str()? {
                "User" | "Group" => "rbac.authorization.k8s.io",
                _ => "",
            };
            is(&Value::from(group)).map(|same| if empty { Same::Empty } else { same })
        }
        // A map of nothing but what is there anyway, down to its leaves.
        Absent::Fields | Absent::Empty => {
            let entries = value.as_map().filter(|_| depth > 0)?.read();
            let defaults = |(key, value): (&Str, &Value)| {
                let field = field.field(key.as_bytes());
                value.is_nil() || default(field, value, &entries, depth - 1).is_some()
            };
            entries.iter().all(defaults).then_some(Same::Default)
        }
        Absent::Differs => None,
    }
}

/// What API servers take for `imagePullPolicy` (kubernetes pkg/apis/core/v1/defaults.go: SetDefaults_Container).
fn pull_policy(image: &str) -> &'static str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let digest = name.len() < image.len();
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    match last.rsplit_once(':') {
        Some((_, "latest")) => "Always",
        None if !digest => "Always",
        _ => "IfNotPresent",
    }
}

/// What a field of a list item is if it is left out, for telling items apart.
pub(super) fn key_default(field: &Field) -> Option<&Value> {
    match &field.absent {
        Absent::Is(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::schema::root;
    use crate::yaml;

    /// Why a field of a kind means the same on both sides, each given as the map that it stands in.
    fn field(group: &str, kind: &str, path: &[&str], old: &str, new: &str) -> Option<Same> {
        let (name, path) = path.split_last().unwrap();
        let mut field = root(group, kind);
        for key in path {
            field = match &field.shape {
                Shape::List(list) => &list.item,
                _ => field,
            };
            field = field.field(key.as_bytes());
        }
        if let Shape::List(list) = &field.shape {
            field = &list.item;
        }
        let read = |text: &str| match yaml::decode_with_integers(text.as_bytes()).unwrap() {
            Value::Map(map) => map.entries().into_iter().collect::<Siblings>(),
            _ => Siblings::new(),
        };
        let (old, new) = (read(old), read(new));
        let key = name.as_bytes();
        same(field.field(key), (old.get(key), &old), (new.get(key), &new))
    }

    const CONTAINER: [&str; 4] = ["spec", "template", "spec", "containers"];

    fn container(name: &str, old: &str, new: &str) -> Option<Same> {
        let path: Vec<&str> = CONTAINER.into_iter().chain([name]).collect();
        field("apps", "Deployment", &path, old, new)
    }

    #[test]
    fn a_field_left_out_is_its_default() {
        let strategy = |old, new| field("apps", "Deployment", &["spec", "strategy"], old, new);
        assert_eq!(
            strategy("{}", "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%}}"),
            Some(Same::Default)
        );
        assert_eq!(strategy("{}", "strategy: {}"), Some(Same::Empty));
        assert_eq!(strategy("{}", "strategy: {type: Recreate}"), None);
        assert_eq!(strategy("{}", "strategy: {rollingUpdate: {maxSurge: 1}}"), None);
        assert_eq!(
            field("apps", "Deployment", &["spec", "replicas"], "{}", "replicas: 1"),
            Some(Same::Default)
        );
        assert_eq!(field("apps", "Deployment", &["spec", "replicas"], "replicas: 2", "{}"), None);
    }

    #[test]
    fn the_pull_policy_left_out_is_what_the_tag_says() {
        let policy = |old, new| container("imagePullPolicy", old, new);
        assert_eq!(
            policy("image: a/b:1", "{image: a/b:2, imagePullPolicy: IfNotPresent}"),
            Some(Same::Default)
        );
        assert_eq!(policy("image: localhost:5000/b", "imagePullPolicy: Always"), Some(Same::Default));
        assert_eq!(policy("image: b:latest", "imagePullPolicy: IfNotPresent"), None);
        assert_eq!(policy("image: b@sha256:00", "imagePullPolicy: IfNotPresent"), Some(Same::Default));
        assert_eq!(policy("image: b:latest@sha256:00", "imagePullPolicy: Always"), Some(Same::Default));
    }

    #[test]
    fn the_target_port_left_out_is_the_port() {
        let path = ["spec", "ports", "targetPort"];
        assert_eq!(
            field("", "Service", &path, "port: 80", "{port: 80, targetPort: 80}"),
            Some(Same::Default)
        );
        assert_eq!(field("", "Service", &path, "port: 80", "{port: 80, targetPort: http}"), None);
        assert_eq!(field("", "Service", &path, "targetPort: 80", "targetPort: '80'"), None);
    }

    #[test]
    fn null_and_empty_are_as_good_as_none_within_the_api_only() {
        assert_eq!(container("args", "{}", "args: []"), Some(Same::Empty));
        assert_eq!(container("args", "{}", "args: null"), Some(Same::Empty));
        assert_eq!(container("resources", "{}", "resources: {}"), Some(Same::Empty));
        assert_eq!(container("imagePullPolicy", "image: a:1", "imagePullPolicy: null"), Some(Same::Empty));
        assert_eq!(
            field(
                "apps",
                "Deployment",
                &[&CONTAINER[..3], &["volumes", "emptyDir"]].concat(),
                "{}",
                "emptyDir: {}"
            ),
            None
        );
        assert_eq!(field("", "ConfigMap", &["data"], "{}", "data: {}"), Some(Same::Empty));
        assert_eq!(field("example.org", "Widget", &["spec", "x"], "{}", "x: null"), None);
        assert_eq!(field("example.org", "Widget", &["spec", "x"], "{}", "x: []"), None);
    }

    #[test]
    fn the_group_of_a_subject_is_the_one_of_its_kind() {
        let path = ["subjects", "apiGroup"];
        let subject = |old, new| field("rbac.authorization.k8s.io", "RoleBinding", &path, old, new);
        assert_eq!(subject("kind: Group", "apiGroup: rbac.authorization.k8s.io"), Some(Same::Default));
        assert_eq!(subject("kind: ServiceAccount", "apiGroup: ''"), Some(Same::Empty));
        assert_eq!(subject("kind: ServiceAccount", "apiGroup: rbac.authorization.k8s.io"), None);
    }

    #[test]
    fn equal_numbers_are_equal_everywhere_quantities_only_where_the_api_has_them() {
        let widget = |old, new| field("example.org", "Widget", &["spec", "x"], old, new);
        assert_eq!(widget("x: 80", "x: 80.0"), Some(Same::Number));
        assert_eq!(widget("x: 80", "x: '80'"), None);
        assert_eq!(widget("x: 500m", "x: '0.5'"), None);
        let cpu = |old, new| {
            let path: Vec<&str> = CONTAINER.into_iter().chain(["resources", "limits", "cpu"]).collect();
            field("apps", "Deployment", &path, old, new)
        };
        assert_eq!(cpu("cpu: 500m", "cpu: 0.5"), Some(Same::Quantity));
        assert_eq!(cpu("cpu: 1", "cpu: '1'"), Some(Same::Quantity));
        assert_eq!(cpu("cpu: 1", "cpu: '2'"), None);
    }
}
