//! The certificates of Gateways, and who may read them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::pods;
use crate::compare::Path;
use crate::compare::certificate::{self, Validity};
use crate::manifest::object::Object;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::{Binding, Selecting, Subject};
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW081",
        name: "secret-access",
        severity: Severity::Error,
        summary: "The ServiceAccount of a gateway may not read Secrets, and a Gateway wants a certificate from one.",
        why: "Istio gives a gateway only Secrets that its own account may list: the port gets no certificate, and is \
              not opened. While no Gateway names a Secret, it is only worth knowing.",
        fix: "Bind the account to a Role with get, watch and list on secrets; the gateway chart does (rbac.enabled). \
              Role, RoleBinding and Deployment from one source have the same names.",
        source: "pilot/pkg/credentials/kube/secrets.go: Authorize",
        check: Check::Whole(access),
    },
    Rule {
        id: "GW083",
        name: "default-sa-granted",
        severity: Severity::Warning,
        summary: "The ServiceAccount default may read Secrets.",
        why: "All pods of the namespace that name no account act as it, and may read its Secrets, too.",
        fix: "Give the gateway an account of its own, and bind the role to that.",
        source: "kubernetes.io/docs/concepts/security/rbac-good-practices",
        check: Check::Whole(default_account),
    },
    Rule {
        id: "GW089",
        name: "credential",
        severity: Severity::Warning,
        summary: "The Secret that a Gateway's server takes its certificate from is missing, or holds none.",
        why: "Istio looks for it in the namespace of the gateway's pods, not in that of the Gateway, and doesn't open \
              the port without. A Secret that is not among the objects may be in the cluster; one that is there without \
              a valid certificate, or in another namespace, is an error.",
        fix: "Put a Secret of the type kubernetes.io/tls (tls.crt, tls.key; ca.crt for mutual TLS) into the namespace of \
              the gateway's pods. If it is in the cluster, name it by --with.",
        source: "pilot/pkg/credentials/kube/secrets.go: ExtractCertInfo; pkg/config/analysis/analyzers/gateway/\
                 secret.go: IST0101, IST0161",
        check: Check::Whole(credential),
    },
    Rule {
        id: "GW091",
        name: "duplicate-certificate",
        severity: Severity::Warning,
        summary: "Two Gateways of the same pods use the same certificate.",
        why: "A browser takes its HTTP/2 connection to the one host for the other host, too, as the certificate is \
              valid for both; the other Gateway's routes are not found there, and it gets 404.",
        fix: "Put the hosts of one certificate into one Gateway.",
        source: "pkg/config/analysis/analyzers/gateway/certificate.go: IST0138",
        check: Check::Whole(duplicate_certificate),
    },
];

/// How many pairs of Gateways of one certificate are compared.
const MOST_PAIRS: usize = 200_000;

/// Roles that Kubernetes brings along, and that allow to read Secrets.
const BUILT_IN: &[&str] = &["cluster-admin", "admin", "edit"];

/// A server of a Gateway that has TLS settings.
struct Server {
    index: usize,
    tls: Value,
}

impl Server {
    fn all(gateway: &Object) -> Vec<Server> {
        let servers = read::items(&gateway.value, "spec.servers").into_iter().enumerate();
        servers.filter_map(|(index, server)| Some(Server { index, tls: read::at(&server, "tls")? })).collect()
    }

    /// The Secret that the certificate comes from. Names with a scheme are not of Secrets.
    fn secret(&self) -> Option<String> {
        let name = read::text(&self.tls, "credentialName")?;
        (!name.is_empty() && !name.contains("://")).then_some(name)
    }

    fn is_mutual(&self) -> bool {
        matches!(read::text(&self.tls, "mode").as_deref(), Some("MUTUAL" | "OPTIONAL_MUTUAL"))
    }

    /// What tells its certificate from others: the Secret, or the files.
    fn certificate(&self) -> Option<String> {
        let text = |field| read::text(&self.tls, field).filter(|text| !text.is_empty());
        text("credentialName")
            .map(|name| format!("secret {name}"))
            .or_else(|| Some(format!("file {} with {}", text("serverCertificate")?, text("privateKey")?)))
    }

    fn path(&self) -> Path {
        Path::of("spec.servers").index(self.index).at("tls.credentialName")
    }
}

/// Whether the role of a binding allows something with all Secrets of the namespace; `None` if it is not known.
fn allows(scene: &Scene, binding: &Binding, verb: &str) -> Option<bool> {
    let role = &binding.role;
    if &*role.kind == "ClusterRole" && BUILT_IN.contains(&&*role.name) {
        return Some(true);
    }
    let object = scene.topology.get(role)?;
    let has = |rule: &Value, list: &str, word: &str| {
        read::texts(rule, list).iter().any(|own| own == word || own == "*")
    };
    let allows = |rule: &Value| {
        has(rule, "apiGroups", "")
            && has(rule, "resources", "secrets")
            && has(rule, "verbs", verb)
            && read::items(rule, "resourceNames").is_empty()
    };
    Some(read::items(&object.value, "rules").iter().any(allows))
}

fn access(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for (index, workload) in topology.workloads.iter().enumerate() {
        if !pods::makes_gateways(workload) {
            continue;
        }
        let (namespace, account) = (&*workload.object.id.namespace, workload.account());
        let is_ours = |binding: &&Binding| binding.holds_in(namespace) && binding.is_for(namespace, &account);
        // A role that is not known may allow it.
        if topology
            .bindings
            .iter()
            .filter(is_ours)
            .any(|binding| allows(scene, binding, "list") != Some(false))
        {
            continue;
        }
        let wants =
            |gateway: &&Selecting| Server::all(&gateway.object).iter().any(|it| it.secret().is_some());
        let field = pods::spec(&workload.object).at("serviceAccountName");
        match topology.gateways.of(index).find(wants) {
            Some(gateway) => {
                let message = format!(
                    "acts as ServiceAccount/{account}, which no binding here lets list Secrets: {} gets no certificate",
                    pods::beside(&gateway.object.id, namespace)
                );
                findings.say(&workload.object, field, message);
            }
            None => {
                let message = format!(
                    "acts as ServiceAccount/{account}, which no binding here lets list Secrets: a Gateway with \
                     credentialName would get no certificate"
                );
                findings.say(&workload.object, field, message).severity(Severity::Info);
            }
        }
    }
}

fn default_account(scene: &Scene, findings: &mut Findings) {
    for binding in &scene.topology.bindings {
        let place = binding
            .subjects
            .iter()
            .position(|subject| matches!(subject, Subject::Account { name, .. } if &**name == "default"));
        let Some(place) = place else { continue };
        if ["get", "list", "watch"].iter().any(|verb| allows(scene, binding, verb) == Some(true)) {
            let message = format!("lets ServiceAccount/default read Secrets, by {}", binding.role);
            findings.say(&binding.object, Path::of("subjects").index(place), message);
        }
    }
}

/// What is known of Secrets.
struct Secrets {
    /// Those that other objects make, by namespace and name.
    made: HashSet<(String, String)>,
    /// Namespaces, by the name of a Secret in them; of several, one.
    elsewhere: HashMap<String, Arc<str>>,
}

impl Secrets {
    fn new(scene: &Scene) -> Secrets {
        let makers =
            ["cert-manager.io/Certificate", "external-secrets.io/ExternalSecret", "bitnami.com/SealedSecret"];
        let made = |object: &Arc<Object>| {
            let path = match &*object.id.kind {
                "Certificate" => "spec.secretName",
                "ExternalSecret" => "spec.target.name",
                _ => "spec.template.metadata.name",
            };
            let name = read::text(&object.value, path).unwrap_or_else(|| object.id.name.to_string());
            (object.id.namespace.to_string(), name)
        };
        Secrets {
            made: scene.of(&makers).map(made).collect(),
            elsewhere: scene
                .of(&["Secret"])
                .map(|secret| (secret.id.name.to_string(), secret.id.namespace.clone()))
                .collect(),
        }
    }

    /// What is wrong with a Secret for a server of a gateway in a namespace, if anything is.
    fn fault(&self, scene: &Scene, namespace: &str, name: &str, mutual: bool) -> Option<(String, Severity)> {
        if let Some(secret) = scene.get("Secret", namespace, name) {
            let authority = scene.get("Secret", namespace, &format!("{name}-cacert"));
            let wrong = look(scene, secret, authority, mutual).err()?;
            return Some((format!("Secret/{name} in {namespace} {wrong}"), Severity::Error));
        }
        if self.made.contains(&(namespace.to_string(), name.to_string())) {
            return None;
        }
        let sought = format!("the gateway looks for it in {namespace}, where its pods are");
        Some(match self.elsewhere.get(name) {
            Some(other) => (format!("Secret/{name} is in {other}, but {sought}"), Severity::Error),
            None => (format!("Secret/{name} is not here; {sought}"), Severity::Warning),
        })
    }
}

fn credential(scene: &Scene, findings: &mut Findings) {
    let secrets = Secrets::new(scene);
    for gateway in scene.topology.gateways.iter() {
        let selected = scene.topology.selected_by(gateway);
        let namespaces: BTreeSet<Arc<str>> = selected.map(|it| it.object.id.namespace.clone()).collect();
        for server in Server::all(&gateway.object) {
            let Some(name) = server.secret() else { continue };
            for namespace in &namespaces {
                if let Some((message, severity)) = secrets.fault(scene, namespace, &name, server.is_mutual())
                {
                    findings.say(&gateway.object, server.path(), message).severity(severity);
                }
            }
        }
    }
}

/// What is wrong with a Secret for a server.
fn look(scene: &Scene, secret: &Object, authority: Option<&Arc<Object>>, mutual: bool) -> Result<(), String> {
    let holds = |key: &str| data(secret, key).is_some_and(|data| !data.is_empty());
    let (certificate, key) = match (holds("cert") && holds("key"), holds("tls.crt") && holds("tls.key")) {
        (true, _) => ("cert", "cacert"),
        (_, true) => ("tls.crt", "ca.crt"),
        _ => return Err("has neither tls.crt and tls.key nor cert and key".to_string()),
    };
    let Some(validity) = data(secret, certificate).and_then(|data| certificate::validity(&data)) else {
        return Err(format!("has no certificate in {certificate}"));
    };
    let Validity { from, until } = validity;
    match scene.around.now {
        Some(now) if now > until => {
            return Err(format!("has a certificate in {certificate} that has expired"));
        }
        Some(now) if now < from => {
            return Err(format!("has a certificate in {certificate} that is not valid yet"));
        }
        _ => {}
    }
    let has_authority = holds(key) || holds("cacert") || holds("ca.crt");
    let beside = authority.is_some_and(|it| data(it, "cacert").or_else(|| data(it, "ca.crt")).is_some());
    if mutual && !has_authority && !beside {
        return Err(format!(
            "has no {key}, and there is no Secret/{}-cacert: clients can't be verified",
            secret.id.name
        ));
    }
    Ok(())
}

/// What a Secret holds under a key.
fn data(secret: &Object, key: &str) -> Option<Vec<u8>> {
    if let Some(text) = read::text_of_key(&secret.value, "stringData", key) {
        return Some(text.into_bytes());
    }
    let encoded = read::text_of_key(&secret.value, "data", key)?;
    let symbols: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    data_encoding::BASE64.decode(&symbols).ok()
}

fn duplicate_certificate(scene: &Scene, findings: &mut Findings) {
    let mut by_certificate: BTreeMap<String, Vec<(&Selecting, Path)>> = BTreeMap::new();
    for gateway in scene.topology.gateways.iter() {
        for server in Server::all(&gateway.object) {
            let Some(certificate) = server.certificate() else { continue };
            let all = by_certificate.entry(certificate).or_default();
            // A Gateway counts once for a certificate.
            if all.last().is_none_or(|(last, _)| last.object.id != gateway.object.id) {
                all.push((gateway, server.path()));
            }
        }
    }
    let mut pairs = 0;
    for all in by_certificate.values() {
        for (gateway, path) in all {
            pairs += all.len();
            if pairs > MOST_PAIRS {
                return;
            }
            for (other, _) in all.iter().filter(|(other, _)| other.object.id != gateway.object.id) {
                // Every pod of the other Gateway is one of this Gateway, too.
                let (own, others) = (gateway.selector.labels(), other.selector.labels());
                if own.iter().all(|(key, value)| others.get(key) == Some(value)) {
                    let other = pods::beside(&other.object.id, &gateway.object.id.namespace);
                    let message = format!("has the same certificate as {other}, for the same pods");
                    findings.say(&gateway.object, path.clone(), message);
                }
            }
        }
    }
}
