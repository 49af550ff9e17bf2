//! Service accounts, roles and bindings.

use std::collections::HashSet;
use std::sync::Arc;

use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::{read, workload};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW080",
        name: "service-account-missing",
        severity: Severity::Warning,
        summary: "Pods run as a ServiceAccount that is not there.",
        why: "No pod is made until the account exists: \"serviceaccount not found\".",
        fix: "Render the ServiceAccount, or name it by --with if it is in the cluster.",
        source: "plugin/pkg/admission/serviceaccount/admission.go: Admit",
        check: Check::Each(&["*"], account_missing),
    },
    Rule {
        id: "GW082",
        name: "binding-dangles",
        severity: Severity::Warning,
        summary: "A binding grants a role that is not there, or grants it to a ServiceAccount that isn't.",
        why: "Whoever should have the rights, has none, and is told Forbidden when it runs.",
        fix: "Correct the name and namespace of the role or account, or name them by --with if they are in the cluster.",
        source: "pkg/apis/rbac/validation/validation.go: ValidateRoleBinding; pkg/registry/rbac/validation/rule.go",
        check: Check::Each(BINDINGS, binding_dangles),
    },
    Rule {
        id: "GW084",
        name: "role-too-wide",
        severity: Severity::Warning,
        summary: "A role allows everything, or reads the Secrets of all namespaces.",
        why: "Whoever gets hold of a pod with such rights, has the cluster, or all passwords in it.",
        fix: "Name the resources and verbs that are needed; for Secrets, use a Role in each namespace or resourceNames.",
        source: "kubernetes.io/docs: Role Based Access Control Good Practices",
        check: Check::Whole(too_wide),
    },
];

const BINDINGS: &[&str] =
    &["rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/ClusterRoleBinding"];
const ROLES: &[&str] = &["rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/ClusterRole"];

/// Roles that every cluster has, besides those whose names begin with `system:`.
const KNOWN_ROLES: &[&str] =
    &["cluster-admin", "admin", "edit", "view", "extension-apiserver-authentication-reader"];

fn account_missing(scene: &Scene, object: &Arc<Object>, findings: &mut Findings) {
    let Some(path) = workload::template_path(&object.id.group, &object.id.kind) else { return };
    let Some(template) = workload::template(object) else { return };
    let field = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .find(|field| read::text(&template, &format!("spec.{field}")).is_some_and(|name| !name.is_empty()));
    let Some(field) = field else { return };
    let name = read::text(&template, &format!("spec.{field}")).unwrap_or_default();
    let there = scene.get("ServiceAccount", &object.id.namespace, &name).is_some();
    if name != "default" && !there {
        let message = format!("there is no ServiceAccount {name} in {}", object.id.namespace);
        findings.say(object, Path::of(path).at("spec").key(field), message);
    }
}

fn binding_dangles(scene: &Scene, binding: &Arc<Object>, findings: &mut Findings) {
    let value = &binding.value;
    let name = read::text(value, "roleRef.name").unwrap_or_default();
    let kind = read::text(value, "roleRef.kind").unwrap_or_default();
    let namespace = if kind == "Role" { &*binding.id.namespace } else { "" };
    let known = name.starts_with("system:") || KNOWN_ROLES.contains(&name.as_str());
    let there = scene.get(&format!("rbac.authorization.k8s.io/{kind}"), namespace, &name).is_some();
    if matches!(kind.as_str(), "Role" | "ClusterRole") && !known && !there {
        let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
        let finding = findings.say(binding, Path::of("roleRef"), format!("there is no {kind} {name}{place}"));
        // A role of the namespace that the render fills belongs to it.
        if kind == "Role" && scene.topology.has_workloads(&binding.id.namespace) {
            finding.severity(Severity::Error);
        }
    }
    for (index, subject) in read::items(value, "subjects").into_iter().enumerate() {
        subject_dangles(scene, binding, index, &subject, findings);
    }
}

fn subject_dangles(
    scene: &Scene,
    binding: &Arc<Object>,
    index: usize,
    subject: &Value,
    findings: &mut Findings,
) {
    if read::text(subject, "kind").as_deref() != Some("ServiceAccount") {
        return;
    }
    let name = read::text(subject, "name").unwrap_or_default();
    let field = Path::of("subjects").item(index, format!("name={name}"));
    let own = read::text(subject, "namespace").filter(|namespace| !namespace.is_empty());
    if own.is_none() && &*binding.id.kind == "ClusterRoleBinding" {
        let message = format!("the ServiceAccount {name} has no namespace, which is refused");
        findings.say(binding, field.key("namespace"), message).severity(Severity::Error);
        return;
    }
    let namespace = own.unwrap_or_else(|| binding.id.namespace.to_string());
    if name == "default" || scene.get("ServiceAccount", &namespace, &name).is_some() {
        return;
    }
    let elsewhere = scene.named("ServiceAccount", &name).next();
    let message = match elsewhere {
        Some(other) => {
            format!("there is no ServiceAccount {name} in {namespace}, but in {}", other.id.namespace)
        }
        None => format!("there is no ServiceAccount {name} in {namespace}"),
    };
    // Accounts of the cluster's own namespaces come with it.
    if !namespace.starts_with("kube-") {
        findings.say(binding, field, message);
    }
}

fn too_wide(scene: &Scene, findings: &mut Findings) {
    let granted = |kind| -> HashSet<String> {
        let of_cluster = |binding: &&Arc<Object>| {
            read::text(&binding.value, "roleRef.kind").as_deref() == Some("ClusterRole")
        };
        let bindings = scene.of(kind).filter(of_cluster);
        bindings.filter_map(|binding| read::text(&binding.value, "roleRef.name")).collect()
    };
    let everywhere = granted(&["rbac.authorization.k8s.io/ClusterRoleBinding"]);
    let somewhere = granted(&["rbac.authorization.k8s.io/RoleBinding"]);
    for role in scene.of(ROLES) {
        // A ClusterRole that only RoleBindings grant, holds in their namespaces alone.
        let name = &*role.id.name;
        let is_local = &*role.id.kind == "Role" || somewhere.contains(name) && !everywhere.contains(name);
        role_too_wide(role, is_local, findings);
    }
}

fn role_too_wide(role: &Arc<Object>, is_local: bool, findings: &mut Findings) {
    // Rights that are added to the cluster's own roles are for people.
    let labels = read::entries(&role.value, "metadata.labels");
    if labels.iter().any(|(key, _)| key.starts_with("rbac.authorization.k8s.io/aggregate-to-")) {
        return;
    }
    for (index, rule) in read::items(&role.value, "rules").into_iter().enumerate() {
        let set = |key: &str| read::texts(&rule, key).into_iter().collect::<HashSet<String>>();
        let (groups, resources, verbs) = (set("apiGroups"), set("resources"), set("verbs"));
        let field = Path::of("rules").index(index);
        if resources.contains("*") && verbs.contains("*") {
            let of = if groups.contains("*") {
                "anything".to_string()
            } else {
                let mut groups: Vec<String> = groups
                    .into_iter()
                    .map(|group| if group.is_empty() { "the core group".into() } else { group })
                    .collect();
                groups.sort_unstable();
                format!("any resource of {}", read::list(&groups, 3))
            };
            findings.say(role, field, format!("it may do everything with {of}"));
            continue;
        }
        let reads = ["get", "list", "watch", "*"].iter().any(|verb| verbs.contains(*verb));
        let secrets = resources.contains("secrets") || resources.contains("*");
        let core = groups.contains("") || groups.contains("*");
        let named = !read::texts(&rule, "resourceNames").is_empty();
        if secrets && reads && core && !named && !is_local {
            findings.say(role, field, "it may read the Secrets of all namespaces");
        }
    }
}
