//! Who may ask what of the API.

use std::collections::BTreeSet;

use super::Effect::{Other, Privilege};
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::manifest::object::{Identity, Role};
use crate::rules::read;
use crate::value::Value;

const ALL: &[Role] = &[Role::Object, Role::Hook];
const ROLES: &[&str] = &["rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"];
const BINDINGS: &[&str] =
    &["rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding"];

/// How many single rights of a role are compared. One with more is only told to differ.
const MOST_RIGHTS: usize = 20_000;

/// How many rights with a `*` each other right is held against. Beyond that, a right that one of them has counts as
/// new: too much is told then, not too little.
const MOST_STARS: usize = 200;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "role-widened",
        Privilege,
        "roles allow more ({})",
        "A Role or ClusterRole allows verbs, resources, groups or paths that it did not.",
        "Everyone who is bound to it may do that from now on.",
        Check::Run(widened),
    )
    .about(ALL)
    .source("staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go: Covers"),
    Rule::new(
        "role-aggregated",
        Privilege,
        "roles aggregated otherwise ({})",
        "A ClusterRole changes which roles it takes in, or is taken into admin, edit or view.",
        "Everyone who is bound to the one that takes in gets the rights of all taken in.",
        Check::Run(aggregated),
    )
    .about(ALL),
    Rule::new(
        "binding-new",
        Privilege,
        "new bindings ({})",
        "A RoleBinding or ClusterRoleBinding is new.",
        "Its subjects may do what its role allows; by a ClusterRoleBinding in every namespace.",
        Check::Run(binding),
    )
    .about(ALL),
    Rule::new(
        "subject-added",
        Privilege,
        "bindings of more subjects ({})",
        "A binding gets subjects.",
        "They may do what the role of the binding allows.",
        Check::Run(subjects_added),
    )
    .about(ALL),
    Rule::new(
        "role-new",
        Other,
        "",
        "A Role or ClusterRole is new.",
        "It allows nothing until someone is bound to it.",
        Check::Run(new_role),
    )
    .about(ALL),
    Rule::new(
        "role-narrowed",
        Other,
        "roles allow less ({})",
        "A Role or ClusterRole allows less than before.",
        "What asks for it is refused: look whether the programs bound to it still need it.",
        Check::Run(narrowed),
    )
    .about(ALL),
    Rule::new(
        "subject-removed",
        Other,
        "bindings of fewer subjects ({})",
        "A binding loses subjects.",
        "They may no longer do what its role allows.",
        Check::Run(subjects_removed),
    )
    .about(ALL),
    Rule::new(
        "account-changed",
        Other,
        "",
        "A ServiceAccount changes its secrets or annotations.",
        "Cloud identities (IRSA, workload identity) hang on annotations of accounts; pods take them when they start.",
        Check::Fields(&[Fields {
            kinds: &["ServiceAccount"],
            paths: &["metadata.annotations", "imagePullSecrets", "secrets"],
            except: &[],
            message: "{field} changes: pods take it when they start",
        }]),
    )
    .about(ALL),
];

/// One right: a verb on a resource of a group, or on a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    group: String,
    resource: String,
    verb: String,
    /// The only object that it is about, if it is only one.
    name: Option<String>,
    is_path: bool,
}

impl Right {
    fn describe(&self) -> String {
        let what = match (self.is_path, self.group.as_str()) {
            (true, _) => self.resource.clone(),
            (_, "") => self.resource.clone(),
            (_, "*") => format!("{} of all groups", self.resource),
            (_, group) => format!("{}.{group}", self.resource),
        };
        let verb = if self.verb == "*" { "do all with" } else { &self.verb };
        match &self.name {
            Some(name) => format!("{verb} {what}/{name}"),
            None => format!("{verb} {what}"),
        }
    }

    /// Whether whoever has this right has the other one, too.
    fn covers(&self, other: &Right) -> bool {
        let fits = |own: &str, other: &str| own == "*" || own == other;
        let resource = fits(&self.resource, &other.resource)
            || (self.is_path
                && self.resource.strip_suffix('*').is_some_and(|start| other.resource.starts_with(start)))
            || self
                .resource
                .strip_prefix("*/")
                .zip(other.resource.split_once('/'))
                .is_some_and(|(own, (_, sub))| own == sub);
        self.is_path == other.is_path
            && fits(&self.group, &other.group)
            && fits(&self.verb, &other.verb)
            && resource
            && (self.name.is_none() || self.name == other.name)
    }
}

/// The single rights of a role; `None` if there are too many.
fn rights(role: &Value) -> Option<BTreeSet<Right>> {
    let mut rights = BTreeSet::new();
    for rule in read::items(role, "rules") {
        let verbs = read::texts(&rule, "verbs");
        let names: Vec<Option<String>> = match read::texts(&rule, "resourceNames") {
            names if names.is_empty() => vec![None],
            names => names.into_iter().map(Some).collect(),
        };
        for verb in &verbs {
            let (groups, resources) = (read::texts(&rule, "apiGroups"), read::texts(&rule, "resources"));
            for (group, resource) in
                groups.iter().flat_map(|group| resources.iter().map(move |resource| (group, resource)))
            {
                for name in &names {
                    rights.insert(Right {
                        group: group.clone(),
                        resource: resource.clone(),
                        verb: verb.clone(),
                        name: name.clone(),
                        is_path: false,
                    });
                    if rights.len() > MOST_RIGHTS {
                        return None;
                    }
                }
            }
            for path in read::texts(&rule, "nonResourceURLs") {
                rights.insert(Right {
                    group: String::new(),
                    resource: path,
                    verb: verb.clone(),
                    name: None,
                    is_path: true,
                });
                if rights.len() > MOST_RIGHTS {
                    return None;
                }
            }
        }
    }
    Some(rights)
}

/// The rights of the second that the first doesn't have. What is the same on both sides is found at once; only
/// rights with a `*` are held against each of the rest.
fn more(from: &BTreeSet<Right>, to: &BTreeSet<Right>) -> Vec<Right> {
    let star: Vec<&Right> = from
        .iter()
        .filter(|right| right.group == "*" || right.resource.contains('*') || right.verb == "*")
        .take(MOST_STARS)
        .collect();
    to.iter()
        .filter(|right| {
            // Who may do it with all objects, may do it with one.
            let unnamed = Right { name: None, ..(*right).clone() };
            let has =
                from.contains(right) || from.contains(&unnamed) || star.iter().any(|own| own.covers(right));
            !has
        })
        .cloned()
        .collect()
}

/// Rights in words, the gravest first; verbs of the same thing together.
fn describe(rights: &[Right]) -> String {
    let is_grave = |right: &Right| {
        let verb = ["*", "escalate", "bind", "impersonate"].contains(&right.verb.as_str());
        let what = ["*", "secrets", "pods/exec", "nodes/proxy", "serviceaccounts/token"];
        verb || right.group == "*" || what.contains(&right.resource.as_str())
    };
    let mut rights: Vec<&Right> = rights.iter().collect();
    rights.sort_by_key(|right| !is_grave(right));
    let mut texts: Vec<String> = Vec::new();
    let mut told: Vec<(Right, Vec<String>)> = Vec::new();
    for right in rights {
        let thing = Right { verb: String::new(), ..right.clone() };
        match told.last_mut().filter(|(last, _)| *last == thing) {
            Some((_, verbs)) => verbs.push(right.verb.clone()),
            None => told.push((thing, vec![right.verb.clone()])),
        }
    }
    for (thing, verbs) in told {
        let verbs = if verbs.iter().any(|verb| verb == "*") { "*".to_string() } else { verbs.join(", ") };
        texts.push(Right { verb: verbs, ..thing }.describe());
    }
    read::list(&texts, 4)
}

fn both_rights(subject: &Subject<'_>) -> Option<(Value, Value)> {
    subject
        .both_names()
        .filter(|_| subject.is(ROLES))
        .map(|(old, new)| (old.value.clone(), new.value.clone()))
}

fn widened(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both_rights(subject) else { return };
    let Some(field) = subject.field("rules") else { return };
    match (rights(&old), rights(&new)) {
        (Some(old), Some(new)) => {
            let more = more(&old, &new);
            if !more.is_empty() {
                findings.say_at(Some(field), format!("allows more: {}", describe(&more)));
            }
        }
        _ => findings.say_at(Some(field), "its rules differ, and are too many to say in what"),
    }
}

fn narrowed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = both_rights(subject) else { return };
    if let (Some(field), Some(old), Some(new)) = (subject.field("rules"), rights(&old), rights(&new)) {
        let less = more(&new, &old);
        if !less.is_empty() {
            findings.say_at(Some(field), format!("narrows: no longer allows to {}", describe(&less)));
        }
    }
}

fn new_role(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(ROLES) || subject.occasion != Occasion::Added {
        return;
    }
    match rights(&subject.new_value()) {
        Some(rights) if !rights.is_empty() => {
            let rights: Vec<Right> = rights.into_iter().collect();
            findings.say(format!("a new role: {}", describe(&rights)));
        }
        _ => findings.say("a new role"),
    }
}

fn aggregated(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["rbac.authorization.k8s.io/ClusterRole"]) || subject.change.new.is_none() {
        return;
    }
    let into = |value: &Value| -> BTreeSet<String> {
        read::entries(value, "metadata.labels")
            .into_iter()
            .filter(|(_, value)| read::scalar(value).as_deref() == Some("true"))
            .filter_map(|(key, _)| {
                key.strip_prefix("rbac.authorization.k8s.io/aggregate-to-").map(str::to_string)
            })
            .collect()
    };
    let (old, new) = (into(&subject.old_value()), into(&subject.new_value()));
    let come: Vec<String> = new.difference(&old).cloned().collect();
    if !come.is_empty() {
        findings.say_at(
            subject.field("metadata.labels"),
            format!("its rights are given to everyone with {}", read::list(&come, 3)),
        );
    }
    if let Some(field) = subject.field("aggregationRule") {
        findings.say_at(Some(field), "takes in other roles than before");
    }
}

fn subjects(value: &Value) -> BTreeSet<String> {
    read::items(value, "subjects")
        .iter()
        .map(|subject| {
            let field = |name| read::text(subject, name).unwrap_or_default();
            match field("namespace") {
                namespace if namespace.is_empty() => format!("{}/{}", field("kind"), field("name")),
                namespace => format!("{}/{} of {namespace}", field("kind"), field("name")),
            }
        })
        .collect()
}

fn role_of(value: &Value) -> String {
    let field = |name| read::text(value, name).unwrap_or_default();
    format!("{}/{}", field("roleRef.kind"), field("roleRef.name"))
}

/// Where a binding gives its rights.
fn scope(id: &Identity) -> &'static str {
    if &*id.kind == "ClusterRoleBinding" { " in every namespace" } else { "" }
}

fn binding(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(BINDINGS) || subject.occasion != Occasion::Added {
        return;
    }
    let value = subject.new_value();
    let subjects: Vec<String> = subjects(&value).into_iter().collect();
    let message = format!(
        "gives {} the rights of {}{}",
        read::list(&subjects, 3),
        role_of(&value),
        scope(subject.id())
    );
    findings.say(message);
}

fn moved(subject: &Subject<'_>, from: &Value, to: &Value) -> Vec<String> {
    if !subject.is(BINDINGS) || subject.both_names().is_none() {
        return Vec::new();
    }
    subjects(to).difference(&subjects(from)).cloned().collect()
}

fn subjects_added(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let (old, new) = (subject.old_value(), subject.new_value());
    let come = moved(subject, &old, &new);
    if !come.is_empty() {
        let message =
            format!("gives {} the rights of {}{}", read::list(&come, 3), role_of(&new), scope(subject.id()));
        findings.say_at(subject.field("subjects"), message);
    }
}

fn subjects_removed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let gone = moved(subject, &subject.new_value(), &subject.old_value());
    if !gone.is_empty() {
        let message = format!("narrows: takes its rights from {}", read::list(&gone, 3));
        findings.say_at(subject.field("subjects"), message);
    }
}
