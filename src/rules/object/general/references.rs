//! What pods refer to by name: ConfigMaps, Secrets, claims, priority classes.

use std::collections::HashSet;
use std::sync::Arc;

use super::made::{Made, is_optional};
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Finding, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "K8S001",
        name: "configmap-missing",
        severity: Severity::Warning,
        summary: "Pods use a ConfigMap, or a key of one, that is not there.",
        why: "The container doesn't start: CreateContainerConfigError, or the volume is never mounted. Where the \
              ConfigMap is rendered and lacks the key, that is certain; where it is not rendered, it may be in the \
              cluster.",
        fix: "Render it, say optional: true, or name it by --with if it is in the cluster.",
        source: "pkg/kubelet/kubelet_pods.go: makeEnvironmentVariables; pkg/volume/configmap",
        check: Check::Whole(|scene, findings| missing(scene, Kind::ConfigMap, findings)),
    },
    Rule {
        id: "K8S002",
        name: "secret-missing",
        severity: Severity::Warning,
        summary: "Pods or Ingresses use a Secret, or a key of one, that is not there.",
        why: "The container doesn't start: CreateContainerConfigError, or the volume is never mounted; an Ingress falls \
              back to a certificate that nobody trusts. Secrets that a certificate, a sealed or external secret of the \
              render makes, or that a program is told the name of, count as there.",
        fix: "Render it, say optional: true, or name it by --with if it is in the cluster.",
        source: "pkg/kubelet/kubelet_pods.go: makeEnvironmentVariables; pkg/volume/secret",
        check: Check::Whole(|scene, findings| missing(scene, Kind::Secret, findings)),
    },
    Rule {
        id: "K8S003",
        name: "claim-missing",
        severity: Severity::Warning,
        summary: "Pods mount a PersistentVolumeClaim that is not there.",
        why: "The pod stays Pending until somebody makes the claim.",
        fix: "Render the claim, or name it by --with if it is in the cluster.",
        source: "pkg/scheduler/framework/plugins/volumebinding",
        check: Check::Whole(|scene, findings| missing(scene, Kind::Claim, findings)),
    },
    Rule {
        id: "K8S004",
        name: "priority-class-missing",
        severity: Severity::Warning,
        summary: "Pods name a PriorityClass that is not there.",
        why: "The API refuses pods of a class that it doesn't know: no pod is made.",
        fix: "Render the class, or name it by --with if it is in the cluster.",
        source: "plugin/pkg/admission/priority/admission.go: admitPod",
        check: Check::Whole(|scene, findings| missing(scene, Kind::PriorityClass, findings)),
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ConfigMap,
    Secret,
    Claim,
    PriorityClass,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::ConfigMap => "ConfigMap",
            Kind::Secret => "Secret",
            Kind::Claim => "PersistentVolumeClaim",
            Kind::PriorityClass => "PriorityClass",
        }
    }
}

/// A reference of a pod or an Ingress.
struct Reference {
    kind: Kind,
    name: String,
    /// The keys that must be there.
    keys: Vec<String>,
    field: Path,
    /// Whether all goes on without it.
    is_weak: bool,
}

fn missing(scene: &Scene, kind: Kind, findings: &mut Findings) {
    let made = scene.made();
    for object in scene.judged() {
        // What is mounted or read several times, is told once.
        let mut told = HashSet::new();
        for reference in references(object).into_iter().filter(|reference| reference.kind == kind) {
            look(scene, made, object, &reference, &mut told, findings);
        }
    }
}

fn look(
    scene: &Scene,
    made: &Made,
    object: &Arc<Object>,
    reference: &Reference,
    told: &mut HashSet<(String, String)>,
    findings: &mut Findings,
) {
    let Reference { kind, name, field, .. } = reference;
    let namespace = &object.id.namespace;
    let (full, place) = match kind {
        Kind::PriorityClass => ("scheduling.k8s.io/PriorityClass", ""),
        kind => (kind.name(), &**namespace),
    };
    if let Some(there) = scene.get(full, place, name) {
        for key in reference.keys.iter().filter(|key| lacks(there, key)) {
            if told.insert((name.clone(), key.clone())) {
                say(findings, object, field, format!("{} has no key {key}", there.id))
                    .severity(Severity::Error);
            }
        }
        return;
    }
    let is_made = match kind {
        Kind::ConfigMap => made.has_config(name),
        Kind::Secret => made.has_secret(namespace, name),
        Kind::Claim => false,
        Kind::PriorityClass => name.starts_with("system-"),
    };
    // One of the words that were not kept may be its name.
    if !is_made && made.is_cut && matches!(kind, Kind::ConfigMap | Kind::Secret) {
        return findings.cut();
    }
    if !is_made && told.insert((name.clone(), String::new())) {
        let within = if place.is_empty() { String::new() } else { format!(" in {place}") };
        let maker = made.maker(namespace).filter(|_| *kind == Kind::Secret);
        let unless = maker.map(|role| format!(", unless a program makes it, which {role} allows"));
        let message =
            format!("there is no {} {name}{within}{}", kind.name(), unless.as_deref().unwrap_or_default());
        let finding = say(findings, object, field, message);
        if reference.is_weak || unless.is_some() {
            finding.severity(Severity::Info);
        }
    }
}

fn say<'f>(
    findings: &'f mut Findings,
    object: &Arc<Object>,
    field: &Path,
    message: String,
) -> &'f mut Finding {
    findings.say(object, field.clone(), message)
}

/// Whether a rendered ConfigMap or Secret lacks a key. Those without any data are filled by somebody else.
fn lacks(object: &Object, key: &str) -> bool {
    const DATA: [&str; 3] = ["data", "stringData", "binaryData"];
    let maps: Vec<Value> = DATA.iter().filter_map(|path| read::at(&object.value, path)).collect();
    let is_filled = maps.iter().any(|map| map.as_map().is_some_and(|map| !map.is_empty()));
    let of_account =
        read::text(&object.value, "type").as_deref() == Some("kubernetes.io/service-account-token");
    is_filled && !of_account && !maps.iter().any(|map| map.as_map().is_some_and(|map| map.contains_key(key)))
}

fn references(object: &Object) -> Vec<Reference> {
    if object.id.is_of(&["networking.k8s.io/Ingress", "extensions/Ingress"]) {
        return of_ingress(object);
    }
    let Some(path) = workload::template_path(&object.id.group, &object.id.kind) else { return Vec::new() };
    let Some(template) = workload::template(object) else { return Vec::new() };
    let spec = Path::of(path).at("spec");
    let mut found = Vec::new();
    let mut add = |kind, name: Option<String>, keys, field: Path, is_weak| {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            found.push(Reference { kind, name, keys, field, is_weak });
        }
    };
    for list in ["initContainers", "containers"] {
        for (index, container) in read::items(&template, &format!("spec.{list}")).into_iter().enumerate() {
            let name = read::text(&container, "name").unwrap_or_default();
            let field = spec.clone().key(list).item(index, format!("name={name}"));
            of_container(&container, &field, &mut add);
        }
    }
    // The controller puts the claims of a StatefulSet's templates in the place of volumes of the same name.
    let claims = read::items(&object.value, "spec.volumeClaimTemplates");
    let claimed: HashSet<String> =
        claims.iter().filter_map(|claim| read::text(claim, "metadata.name")).collect();
    for (index, volume) in read::items(&template, "spec.volumes").into_iter().enumerate() {
        let name = read::text(&volume, "name").unwrap_or_default();
        if claimed.contains(&name) {
            continue;
        }
        of_volume(&volume, &spec.clone().key("volumes").item(index, format!("name={name}")), &mut add);
    }
    for (index, secret) in read::items(&template, "spec.imagePullSecrets").into_iter().enumerate() {
        // Images that need no password are pulled without it.
        let field = spec.clone().key("imagePullSecrets").index(index).key("name");
        add(Kind::Secret, read::text(&secret, "name"), Vec::new(), field, true);
    }
    let class = read::text(&template, "spec.priorityClassName");
    add(Kind::PriorityClass, class, Vec::new(), spec.key("priorityClassName"), false);
    found
}

type Add<'a> = &'a mut dyn FnMut(Kind, Option<String>, Vec<String>, Path, bool);

fn of_container(container: &Value, field: &Path, add: Add<'_>) {
    const WHOLE: [(Kind, &str); 2] = [(Kind::ConfigMap, "configMapRef"), (Kind::Secret, "secretRef")];
    const KEYS: [(Kind, &str); 2] = [(Kind::ConfigMap, "configMapKeyRef"), (Kind::Secret, "secretKeyRef")];
    for (index, from) in read::items(container, "envFrom").into_iter().enumerate() {
        for (kind, key) in WHOLE {
            if let Some(own) = read::at(&from, key).filter(|own| !is_optional(own)) {
                let field = field.clone().key("envFrom").index(index).key(key).key("name");
                add(kind, read::text(&own, "name"), Vec::new(), field, false);
            }
        }
    }
    for (index, env) in read::items(container, "env").into_iter().enumerate() {
        let name = read::text(&env, "name").unwrap_or_default();
        for (kind, key) in KEYS {
            let own = read::at(&env, &format!("valueFrom.{key}"));
            if let Some(own) = own.filter(|own| !is_optional(own)) {
                let field = field
                    .clone()
                    .key("env")
                    .item(index, format!("name={name}"))
                    .key("valueFrom")
                    .key(key)
                    .key("name");
                let keys = read::text(&own, "key").into_iter().collect();
                add(kind, read::text(&own, "name"), keys, field, false);
            }
        }
    }
}

fn of_volume(volume: &Value, field: &Path, add: Add<'_>) {
    let keys =
        |own: &Value| read::items(own, "items").iter().filter_map(|item| read::text(item, "key")).collect();
    let whole = [(Kind::ConfigMap, "configMap", "name"), (Kind::Secret, "secret", "secretName")];
    for (kind, key, name) in whole {
        if let Some(own) = read::at(volume, key).filter(|own| !is_optional(own)) {
            add(kind, read::text(&own, name), keys(&own), field.clone().key(key).key(name), false);
        }
    }
    for (index, source) in read::items(volume, "projected.sources").into_iter().enumerate() {
        for (kind, key) in [(Kind::ConfigMap, "configMap"), (Kind::Secret, "secret")] {
            if let Some(own) = read::at(&source, key).filter(|own| !is_optional(own)) {
                let field = field.clone().at("projected.sources").index(index).key(key).key("name");
                add(kind, read::text(&own, "name"), keys(&own), field, false);
            }
        }
    }
    let claim = "persistentVolumeClaim";
    if let Some(own) = read::at(volume, claim) {
        add(
            Kind::Claim,
            read::text(&own, "claimName"),
            Vec::new(),
            field.clone().key(claim).key("claimName"),
            false,
        );
    }
}

/// The certificates of an Ingress, unless cert-manager is asked to make them.
fn of_ingress(object: &Object) -> Vec<Reference> {
    const MAKERS: [&str; 4] = [
        "cert-manager.io/issuer",
        "cert-manager.io/cluster-issuer",
        "certmanager.k8s.io/cluster-issuer",
        "kubernetes.io/tls-acme",
    ];
    if MAKERS.iter().any(|key| read::annotation(&object.value, key).is_some()) {
        return Vec::new();
    }
    let reference = |(index, tls): (usize, Value)| {
        let name = read::text(&tls, "secretName").filter(|name| !name.is_empty())?;
        let field = Path::of("spec.tls").index(index).key("secretName");
        Some(Reference { kind: Kind::Secret, name, keys: Vec::new(), field, is_weak: false })
    };
    read::items(&object.value, "spec.tls").into_iter().enumerate().filter_map(reference).collect()
}
