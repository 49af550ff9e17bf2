//! What restarts pods, and what waits for a restart.

use super::Effect::{Other, Restart};
use super::facts::{Subject, template_changes};
use super::rule::{Check, Findings, Rule};
use super::{facts, fields};
use crate::compare::{FieldChange, Step};
use crate::manifest::object::Role;
use crate::rules::read;
use crate::rules::workload::{self, Replicas};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "restart-rolling",
        Restart,
        "rolling ({})",
        "The pod template of a Deployment, StatefulSet or DaemonSet changes.",
        "Pods never change: new ones are made from the new template, a few at a time, and old ones end when new ones \
         are ready.",
        Check::Run(rolling),
    )
    .code("GW102")
    .source("pkg/controller/deployment/rolling.go, pkg/controller/statefulset, pkg/controller/daemon"),
    Rule::new(
        "restart-later",
        Other,
        "pods changed only later ({})",
        "A pod template changes, but nothing restarts the pods by itself.",
        "With updateStrategy OnDelete, in a paused Deployment, in a ReplicaSet and in a ReplicationController, pods \
         take the new template only when they are deleted.",
        Check::Run(later),
    ),
    Rule::new(
        "next-run",
        Other,
        "",
        "The template or the schedule of a CronJob changes.",
        "Jobs that run go on as they are; the next run takes the change.",
        Check::Run(next_run),
    ),
    Rule::new(
        "needs-rollout-restart",
        Other,
        "`kubectl rollout restart` needed to take the new proxy ({})",
        "A workload whose image is `auto` changes, or its namespace names another Istio revision, while its pod \
         template stays.",
        "Istio's webhook puts the proxy into a pod when the pod is made. Pods that go on running keep the proxy that \
         they have.",
        Check::Run(needs_restart),
    )
    .code("GW102"),
    Rule::new(
        "config-not-reloaded",
        Other,
        "old values in use until pods restart ({})",
        "A ConfigMap or Secret changes that pods use, and these don't restart.",
        "Environment variables and files mounted by subPath are read once. Files of a whole volume follow within a \
         minute or so, if the program reads them again.",
        Check::Run(not_reloaded),
    )
    .about(&[Role::Object, Role::Hook]),
];

/// How pods take a new template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A few at a time.
    Rolling,
    /// All old ones end first.
    AllAtOnce,
    /// Only those that someone deletes; why.
    Later(&'static str),
}

/// How the pods of a changed object take its new template; `None` if it has none or the template stays.
pub fn manner(subject: &Subject<'_>) -> Option<Manner> {
    let (_, new) = subject.both()?;
    if !subject.template_changes() {
        return None;
    }
    let strategy = |path| read::text(&new.value, path);
    let is_off = subject.facts.old.replicas(subject.change.old.as_ref()?) == Replicas::Fixed(0)
        && subject.facts.new.replicas(new) == Replicas::Fixed(0);
    match subject.kind() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout" | "CloneSet" if is_off => {
            Some(Manner::Later("there are no pods (replicas: 0)"))
        }
        "Deployment" if read::boolean(&new.value, "spec.paused") == Some(true) => {
            Some(Manner::Later("the Deployment is paused"))
        }
        "Deployment" if strategy("spec.strategy.type").as_deref() == Some("Recreate") => {
            Some(Manner::AllAtOnce)
        }
        "StatefulSet" | "DaemonSet"
            if strategy("spec.updateStrategy.type").as_deref() == Some("OnDelete") =>
        {
            Some(Manner::Later("the updateStrategy is OnDelete"))
        }
        "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout" | "CloneSet" => Some(Manner::Rolling),
        "ReplicaSet" => Some(Manner::Later("a ReplicaSet doesn't replace pods")),
        "ReplicationController" => Some(Manner::Later("a ReplicationController doesn't replace pods")),
        _ => None,
    }
}

/// The field of the template that restarts the pods, and a sentence of all that do.
pub fn cause<'a>(subject: &Subject<'a>) -> (Option<&'a FieldChange>, String) {
    let path = subject.template().unwrap_or_default();
    let length = fields::keys(path).len();
    let mut causes: Vec<(u8, String, Option<&FieldChange>)> = Vec::new();
    for field in fields::all(&subject.change.fields, path) {
        for (rank, text) in describe(field, length) {
            if !causes.iter().any(|(_, other, _)| *other == text) {
                causes.push((rank, text, Some(field)));
            }
        }
        if causes.len() > MOST_CAUSES {
            break;
        }
    }
    // What was changed on purpose goes before what follows from it: an image before a label or a checksum.
    causes.sort_by_key(|(rank, _, _)| *rank);
    let first = causes.first().and_then(|(_, _, field)| *field);
    if causes.is_empty() {
        return (None, "the pod template changes".to_string());
    }
    let is_plural = causes.len() > 1;
    let texts: Vec<String> = causes.into_iter().map(|(_, text, _)| text).collect();
    (first, format!("{} {}", read::list(&texts, 3), if is_plural { "change" } else { "changes" }))
}

/// How many causes of a restart are looked at.
const MOST_CAUSES: usize = 50;

/// A field of a pod template in words, each with its rank: `the image of istio-proxy`. No values but tags of images.
fn describe(field: &FieldChange, template: usize) -> Vec<(u8, String)> {
    let steps = field.path.0.get(template..).unwrap_or_default();
    let key = |index: usize| match steps.get(index) {
        Some(Step::Key(key)) => key.to_text().into_owned(),
        Some(Step::Item { key, .. }) => key.split_once('=').map_or(key.clone(), |(_, name)| name.to_string()),
        Some(Step::Index { old, new }) => new.or(*old).map(|i| format!("number {i}")).unwrap_or_default(),
        _ => String::new(),
    };
    let names: Vec<String> = (0..steps.len().min(6)).map(key).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let one = |rank: u8, text: String| vec![(rank, text)];
    let annotation =
        |name: &str| (if name.starts_with("checksum/") { 9 } else { 6 }, format!("the annotation {name}"));
    // Of a map that is new or goes as a whole, the keys are told.
    let keys = || -> Vec<String> {
        let whole = field.new.as_ref().or(field.old.as_ref());
        whole
            .map(|whole| read::entries(whole, "").into_iter().map(|(key, _)| key).take(5).collect())
            .unwrap_or_default()
    };
    match names.as_slice() {
        [] => one(0, "the pod template".to_string()),
        ["metadata", "labels", label, ..] => one(5, format!("the label {label}")),
        ["metadata", "annotations", name, ..] => vec![annotation(name)],
        ["metadata", "labels"] => keys().iter().map(|label| (5, format!("the label {label}"))).collect(),
        ["metadata", "annotations"] => keys().iter().map(|name| annotation(name)).collect(),
        ["spec", "containers" | "initContainers", name] => match (&field.old, &field.new) {
            (None, _) => one(1, format!("the new container {name}")),
            (_, None) => one(1, format!("the container {name}, which goes,")),
            _ => one(1, format!("the container {name}")),
        },
        ["spec", "containers" | "initContainers", name, "image"] => {
            one(0, format!("the image of {name}{}", tags(field)))
        }
        ["spec", "containers" | "initContainers", name, "env", variable, ..] => {
            one(3, format!("the variable {variable} of {name}"))
        }
        ["spec", "containers" | "initContainers", name, field, ..] => one(2, format!("{field} of {name}")),
        ["spec", "volumes", volume, ..] => one(4, format!("the volume {volume}")),
        ["spec", field, ..] => one(4, (*field).to_string()),
        [field, ..] => one(4, (*field).to_string()),
    }
}

/// ` (1.29.0 → 1.30.0)`; the whole references, if more than the tag differs; nothing, if they are long.
fn tags(field: &FieldChange) -> String {
    let text = |value: &Option<Value>| value.as_ref().and_then(read::scalar);
    let (Some(old), Some(new)) = (text(&field.old), text(&field.new)) else { return String::new() };
    let split = |image: &str| match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name.to_string(), tag.to_string()),
        _ => (image.to_string(), String::new()),
    };
    let ((old_name, old_tag), (new_name, new_tag)) = (split(&old), split(&new));
    let (old, new) = match old_name == new_name && !old_tag.is_empty() && !new_tag.is_empty() {
        true => (old_tag, new_tag),
        false => (old, new),
    };
    if old.len() + new.len() > 160 { String::new() } else { format!(" ({old} → {new})") }
}

fn rolling(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if manner(subject) != Some(Manner::Rolling) {
        return;
    }
    let (field, cause) = cause(subject);
    let partition = read::integer(&subject.new_value(), "spec.updateStrategy.rollingUpdate.partition");
    let partition = match partition {
        Some(from) if from > 0 && subject.kind() == "StatefulSet" => {
            format!(" (only pods from number {from} on: there is a partition)")
        }
        _ => String::new(),
    };
    findings.say_at(field, format!("restarts pods: rolling{partition}, because {cause}"));
}

fn later(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if let Some(Manner::Later(why)) = manner(subject) {
        let (field, cause) = cause(subject);
        findings.say_at(field, format!("no pod restarts by itself, because {why}, although {cause}"));
    }
}

fn next_run(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["batch/CronJob"]) || subject.both().is_none() {
        return;
    }
    if subject.template_changes() {
        let (field, cause) = cause(subject);
        findings.say_at(field, format!("taken by the next run: {cause}"));
    } else if let Some(field) = subject.field("spec") {
        findings.say_at(Some(field), format!("taken by the next run: {} changes", field.path));
    }
}

fn needs_restart(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((_, new)) = subject.both() else { return };
    if workload::pod_labels(new).is_some() {
        let injected =
            workload::template(new).is_some_and(|template| workload::has_injected_image(&template));
        if injected && !subject.template_changes() {
            findings.say(
                "the pod template stays, so pods keep their proxy: a new one needs `kubectl rollout restart`",
            );
        }
        return;
    }
    if !subject.is(&["Namespace"]) {
        return;
    }
    let revision = |value, key| read::label(value, key);
    let (old, new) = (subject.old_value(), subject.new_value());
    let labels = ["istio.io/rev", "istio-injection"];
    if labels.iter().all(|key| revision(&old, key) == revision(&new, key)) {
        return;
    }
    let field = subject.field("metadata.labels");
    let mut kept = 0;
    for workload in &subject.facts.new.workloads {
        let object = &workload.object;
        if *object.id.namespace != *subject.id().name {
            continue;
        }
        let restarts = subject.facts.changed(&object.id).is_some_and(template_changes);
        let is_new = subject.facts.old.get(&object.id).is_none();
        let injected = workload::template(object).is_some_and(|t| workload::has_injected_image(&t));
        if injected && !restarts && !is_new {
            kept += 1;
            findings.say_of(
                &object.id,
                format!(
                    "{} gets another Istio revision from its namespace, but its pod template stays: it needs \
                     `kubectl rollout restart` to take the new proxy",
                    object.id
                ),
            );
        }
    }
    if kept == 0 {
        findings.say_at(
            field,
            "injection changes for pods made from now on; pods that run keep the proxy that they have",
        );
    }
}

fn not_reloaded(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if !subject.is(&["ConfigMap", "Secret"]) || subject.both().is_none() {
        return;
    }
    let data = ["data", "binaryData", "stringData"];
    let Some(field) = data.iter().find_map(|path| subject.field(path)) else { return };
    let facts: &facts::Facts<'_> = subject.facts;
    let restarts = |it: &&facts::Use| {
        facts.changed(&it.workload.id).is_some_and(template_changes)
            || facts.old.get(&it.workload.id).is_none()
    };
    let keeping: Vec<&facts::Use> = facts.users(subject.id()).iter().filter(|it| !restarts(it)).collect();
    if keeping.is_empty() {
        return;
    }
    let names: Vec<String> = keeping.iter().map(|it| it.workload.id.to_string()).collect();
    let once = keeping.iter().any(|it| it.env || it.sub_path);
    let names = read::list(&names, 3);
    let message = if once {
        format!("pods of {names} keep the old values of variables and subPath mounts until they restart")
    } else {
        format!(
            "pods of {names} don't restart: mounted files follow within a minute or so, if they are read again"
        )
    };
    findings.say_at(Some(field), message);
}
