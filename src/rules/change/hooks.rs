//! Objects that belong to a moment of a release, and those that Helm installs only once.

use super::Effect::Other;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Findings, Rule};
use crate::manifest::hook;
use crate::manifest::object::{Object, Role};
use crate::rules::read;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "hook-changed",
        Other,
        "",
        "A hook changes, is new, goes, or becomes an object of the release.",
        "Helm makes hooks anew at their moments of each upgrade, and doesn't keep them with the release.",
        Check::Run(hook),
    )
    .about(&[Role::Hook])
    .source("helm pkg/action/hooks.go: execHook"),
    Rule::new(
        "crds-not-upgraded",
        Other,
        "to be applied by hand, as Helm doesn't upgrade crds/ ({})",
        "A definition from the folder crds/ changes, is new or goes.",
        "Helm installs what is in crds/ when a release is new, and never touches it again: apply it with `kubectl \
         apply --server-side` before the upgrade. What the other rules say of it counts for that.",
        Check::Run(definition),
    )
    .about(&[Role::Definition])
    .source("helm pkg/action/install.go: installCRDs"),
];

/// When a hook runs, as its annotation says it.
fn moments(object: &Object) -> Vec<String> {
    let text = read::annotation(&object.value, hook::ANNOTATION).unwrap_or_default();
    text.split(',').map(|moment| moment.trim().to_string()).filter(|moment| !moment.is_empty()).collect()
}

fn hook(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let is_hook = |object: &&std::sync::Arc<Object>| object.role == Role::Hook;
    let (old, new) = (subject.change.old.as_ref(), subject.change.new.as_ref());
    let message = match (old.filter(is_hook), new.filter(is_hook)) {
        (None, None) => return,
        (Some(_), None) if new.is_some() => {
            "was a hook, and now belongs to the release: Helm refuses to take it over if it is still there"
                .to_string()
        }
        (None, Some(_)) if old.is_some() => {
            "becomes a hook: Helm deletes it from the release, and makes it anew at its moments".to_string()
        }
        (Some(_), None) => "the hook no longer runs; what it made, stays".to_string(),
        (_, Some(hook)) => {
            let moments = moments(hook);
            let runs_at_upgrade = moments.iter().any(|moment| moment.ends_with("-upgrade"));
            let is_test = moments.iter().any(|moment| moment.starts_with("test"));
            let what = if subject.occasion == Occasion::Added { "a new hook" } else { "the hook" };
            match (runs_at_upgrade, is_test) {
                (true, _) => format!("{what} runs at the upgrade ({})", read::list(&moments, 4)),
                (_, true) => format!("{what} runs when the release is tested"),
                _ => format!("{what} doesn't run at upgrades, only at {}", read::list(&moments, 4)),
            }
        }
    };
    findings.say(message);
}

fn definition(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    findings.say(match subject.occasion {
        Occasion::Added => "new in crds/: an upgrade doesn't install it; apply it by hand before",
        Occasion::Removed => "no longer in crds/: it stays in the cluster",
        Occasion::Changed | Occasion::Renamed => {
            "Helm doesn't upgrade crds/: apply it by hand before the upgrade"
        }
    });
}
