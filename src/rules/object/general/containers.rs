//! What the API refuses of pods: names that are there twice, mounts of nothing, settings that exclude each other.

use std::collections::HashSet;
use std::sync::Arc;

use super::names;
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "K8S010",
        name: "volume-missing",
        severity: Severity::Error,
        summary: "A container mounts a volume that the pod doesn't have, or two volumes in one place.",
        why: "The API refuses the pod: each mount names a volume of the pod or a claim template, and each path is \
              mounted once.",
        fix: "Add the volume, or take the mount out; the conditions around both must be the same.",
        source: "pkg/apis/core/validation/validation.go: ValidateVolumeMounts",
        check: Check::Each(&["*"], mounts),
    },
    Rule {
        id: "K8S011",
        name: "pod-names-invalid",
        severity: Severity::Error,
        summary: "Names of containers, volumes or container ports are there twice, or are none.",
        why: "The API refuses the pod. Names of container ports have at most 15 characters.",
        fix: "Give each a short name of its own, in small letters, digits and dashes.",
        source: "pkg/apis/core/validation/validation.go: validateContainers, ValidateVolumes, validateContainerPorts",
        check: Check::Each(&["*"], pod_names),
    },
    Rule {
        id: "K8S012",
        name: "variable-twice",
        severity: Severity::Warning,
        summary: "A container has a variable twice.",
        why: "The last one counts. kubectl apply and server-side apply merge by name, and may drop one or the other \
              at the next change.",
        fix: "Remove one of them.",
        source: "pkg/apis/core/types.go: Container.Env, patchMergeKey=name",
        check: Check::Each(&["*"], variables),
    },
    Rule {
        id: "K8S013",
        name: "fields-exclude-each-other",
        severity: Severity::Error,
        summary: "An object has fields that exclude each other.",
        why: "The API refuses the object: only one of them can hold. In a DaemonSet of the type OnDelete, the settings of a \
              rolling update have no effect, and are a warning.",
        fix: "Remove the one that is not meant.",
        source: "pkg/apis/core/validation/validation.go: validateEnvVarValueFrom; pkg/apis/apps/validation/validation.go: ValidateDeploymentStrategy, ValidateStatefulSetSpec, ValidateDaemonSetUpdateStrategy",
        check: Check::Each(&["*"], exclusive),
    },
];

/// A container with the path to it.
struct Placed {
    value: Value,
    name: String,
    field: Path,
}

/// The template of an object's pods, the path to its `spec`, and the containers.
fn pod(object: &Object) -> Option<(Value, Path, Vec<Placed>)> {
    let path = workload::template_path(&object.id.group, &object.id.kind)?;
    let template = workload::template(object)?;
    let spec = Path::of(path).at("spec");
    let mut containers = Vec::new();
    for list in ["initContainers", "containers"] {
        for (index, value) in read::items(&template, &format!("spec.{list}")).into_iter().enumerate() {
            let name = read::text(&value, "name").unwrap_or_default();
            let field = spec.clone().key(list).item(index, format!("name={name}"));
            containers.push(Placed { value, name, field });
        }
    }
    Some((template, spec, containers))
}

fn mounts(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some((template, _, containers)) = pod(object) else { return };
    let mut volumes: HashSet<String> = read::items(&template, "spec.volumes")
        .iter()
        .filter_map(|volume| read::text(volume, "name"))
        .collect();
    let claims = read::items(&object.value, "spec.volumeClaimTemplates");
    volumes.extend(claims.iter().filter_map(|claim| read::text(claim, "metadata.name")));
    for container in containers {
        let mut paths = HashSet::new();
        for key in ["volumeMounts", "volumeDevices"] {
            for (index, mount) in read::items(&container.value, key).into_iter().enumerate() {
                let name = read::text(&mount, "name").unwrap_or_default();
                let field = container.field.clone().key(key).item(index, format!("name={name}"));
                if !volumes.contains(&name) {
                    let known = volumes.iter().map(String::as_str);
                    let near =
                        crate::diagnostic::nearest(&name, known).map(|near| format!("; is it {near}?"));
                    let message = format!("the pod has no volume {name}{}", near.unwrap_or_default());
                    findings.say(object, field.clone(), message);
                }
                if let Some(path) = read::text(&mount, "mountPath")
                    && !paths.insert(path.clone())
                {
                    findings.say(
                        object,
                        field.key("mountPath"),
                        format!("something is mounted at {path} already"),
                    );
                }
            }
        }
    }
}

fn pod_names(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some((template, spec, containers)) = pod(object) else { return };
    let mut known = HashSet::new();
    for container in &containers {
        let field = container.field.clone().key("name");
        if !known.insert(&container.name) {
            findings.say(object, field, format!("two containers are called {}", container.name));
        } else if let Some(why) = names::not_a_label(&container.name) {
            findings.say(object, field, format!("{:?} is no name of a container: {why}", container.name));
        }
        let mut ports = HashSet::new();
        for (index, port) in read::items(&container.value, "ports").into_iter().enumerate() {
            let Some(name) = read::text(&port, "name").filter(|name| !name.is_empty()) else { continue };
            let field = container.field.clone().key("ports").index(index).key("name");
            if let Some(why) = not_a_port(&name) {
                findings.say(object, field, format!("{name:?} is no name of a port: {why}"));
            } else if !ports.insert(name.clone()) {
                findings.say(object, field, format!("two ports are called {name}"));
            }
        }
    }
    let mut known = HashSet::new();
    for (index, volume) in read::items(&template, "spec.volumes").into_iter().enumerate() {
        let name = read::text(&volume, "name").unwrap_or_default();
        let field = spec.clone().key("volumes").item(index, format!("name={name}")).key("name");
        if let Some(why) = names::not_a_label(&name) {
            findings.say(object, field, format!("{name:?} is no name of a volume: {why}"));
        } else if !known.insert(name.clone()) {
            findings.say(object, field, format!("two volumes are called {name}"));
        }
    }
}

/// Why a text is no name of a container's port (`IsValidPortName`).
fn not_a_port(name: &str) -> Option<&'static str> {
    if name.len() > 15 {
        return Some("it is longer than 15 characters");
    }
    if name.contains("--") {
        return Some("it has two dashes in a row");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        return Some("it has no small letter");
    }
    names::not_a_label(name)
}

fn variables(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some((_, _, containers)) = pod(object) else { return };
    for container in containers {
        let mut known = HashSet::new();
        for (index, variable) in read::items(&container.value, "env").into_iter().enumerate() {
            let name = read::text(&variable, "name").unwrap_or_default();
            if !known.insert(name.clone()) {
                let field = container.field.clone().key("env").item(index, format!("name={name}"));
                findings.say(
                    object,
                    field,
                    format!("the variable {name} is there twice, and the last one counts"),
                );
            }
        }
    }
}

fn exclusive(_: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    if &*object.id.group == "apps" {
        strategy(object, findings);
    }
    let Some((template, spec, containers)) = pod(object) else { return };
    for container in containers {
        for (index, variable) in read::items(&container.value, "env").into_iter().enumerate() {
            let has = |key| read::at(&variable, key).is_some_and(|value| value.as_str() != Some(""));
            if has("value") && has("valueFrom") {
                let name = read::text(&variable, "name").unwrap_or_default();
                let field = container.field.clone().key("env").item(index, format!("name={name}"));
                findings.say(
                    object,
                    field,
                    format!("the variable {name} has both value and valueFrom: it is refused"),
                );
            }
        }
    }
    for (index, volume) in read::items(&template, "spec.volumes").into_iter().enumerate() {
        let kinds: Vec<String> =
            read::entries(&volume, "").into_iter().map(|(key, _)| key).filter(|key| key != "name").collect();
        if kinds.len() > 1 {
            let name = read::text(&volume, "name").unwrap_or_default();
            let field = spec.clone().key("volumes").item(index, format!("name={name}"));
            findings.say(object, field, format!("the volume is of several kinds: {}", read::list(&kinds, 4)));
        }
    }
}

fn strategy(object: &Arc<Object>, findings: &mut Findings) {
    let (path, alone) = match &*object.id.kind {
        "Deployment" => ("spec.strategy", "Recreate"),
        "StatefulSet" | "DaemonSet" => ("spec.updateStrategy", "OnDelete"),
        _ => return,
    };
    let is_alone = read::text(&object.value, &format!("{path}.type")).as_deref() == Some(alone);
    if is_alone && read::at(&object.value, &format!("{path}.rollingUpdate")).is_some() {
        // Of DaemonSets, the API doesn't look that closely.
        if &*object.id.kind == "DaemonSet" {
            let message = format!("with the type {alone}, rollingUpdate has no effect");
            findings.say(object, Path::of(path), message).severity(Severity::Warning);
        } else {
            let message = format!("the type {alone} has no rollingUpdate: it is refused");
            findings.say(object, Path::of(path), message);
        }
    }
}
