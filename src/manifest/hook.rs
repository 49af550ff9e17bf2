//! Helm's hooks: objects that are run at a moment of a release instead of belonging to it.

use std::collections::BTreeMap;

/// The annotation that makes an object a hook.
pub const ANNOTATION: &str = "helm.sh/hook";
/// The annotation that orders hooks of the same event.
pub const WEIGHT_ANNOTATION: &str = "helm.sh/hook-weight";

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Before an installation.
    PreInstall,
    /// After an installation.
    PostInstall,
    /// Before an uninstallation.
    PreDelete,
    /// After an uninstallation.
    PostDelete,
    /// Before an upgrade.
    PreUpgrade,
    /// After an upgrade.
    PostUpgrade,
    /// Before a rollback.
    PreRollback,
    /// After a rollback.
    PostRollback,
    /// By `helm test`.
    Test,
}

/// What makes an object a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When it runs.
    pub events: Vec<Event>,
    /// Its place among the hooks of the same event: lower first. It does not order the output.
    pub weight: i64,
}

/// What the annotations say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// An object of the release.
    Object,
    /// A hook.
    Hook(Hook),
    /// A hook of an event Helm doesn't know; it leaves the whole object out.
    Unknown(String),
}

impl Hook {
    /// Whether it is a test.
    pub fn is_test(&self) -> bool {
        self.events.contains(&Event::Test)
    }
}

/// Reads the annotations of an object (`helm pkg/release/v1/util/manifest_sorter.go: sort`).
pub fn role(annotations: &BTreeMap<String, String>) -> Role {
    let Some(names) = annotations.get(ANNOTATION) else { return Role::Object };
    let mut events = Vec::new();
    for name in names.split(',') {
        match event(&name.trim().to_lowercase()) {
            Some(event) => events.push(event),
            None => return Role::Unknown(names.clone()),
        }
    }
    let weight = annotations.get(WEIGHT_ANNOTATION).and_then(|w| w.parse().ok()).unwrap_or(0);
    Role::Hook(Hook { events, weight })
}

fn event(name: &str) -> Option<Event> {
    Some(match name {
        "pre-install" => Event::PreInstall,
        "post-install" => Event::PostInstall,
        "pre-delete" => Event::PreDelete,
        "post-delete" => Event::PostDelete,
        "pre-upgrade" => Event::PreUpgrade,
        "post-upgrade" => Event::PostUpgrade,
        "pre-rollback" => Event::PreRollback,
        "post-rollback" => Event::PostRollback,
        // `test-success` is Helm 2's name.
        "test" | "test-success" => Event::Test,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(pairs: &[(&str, &str)]) -> Role {
        role(&pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    #[test]
    fn an_object_without_the_annotation_is_no_hook() {
        assert_eq!(annotated(&[("a", "b")]), Role::Object);
    }

    #[test]
    fn events_are_a_list_in_any_case_with_blanks() {
        let Role::Hook(hook) =
            annotated(&[(ANNOTATION, "Pre-Install, test-success"), (WEIGHT_ANNOTATION, "-5")])
        else {
            panic!("a hook")
        };
        assert_eq!(hook.events, [Event::PreInstall, Event::Test]);
        assert_eq!(hook.weight, -5);
        assert!(hook.is_test());
    }

    #[test]
    fn one_unknown_event_spoils_the_hook_and_a_bad_weight_is_zero() {
        assert_eq!(
            annotated(&[(ANNOTATION, "pre-install,crd-install")]),
            Role::Unknown("pre-install,crd-install".into())
        );
        let Role::Hook(hook) = annotated(&[(ANNOTATION, "test"), (WEIGHT_ANNOTATION, "1.5")]) else {
            panic!("a hook")
        };
        assert_eq!(hook.weight, 0);
    }
}
