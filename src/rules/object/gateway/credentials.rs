//! The certificates of Gateways, and who may read them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::pods;
use crate::compare::Path;
use crate::compare::certificate::{self, Validity};
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::read;
use crate::rules::topology::{Selecting, Subject};
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

    /// The names that certificates come under, in order, with their paths.
    fn names(&self) -> Vec<(String, Path)> {
        let one =
            read::text(&self.tls, "credentialName").map(|name| (name, self.path().key("credentialName")));
        let several = read::texts(&self.tls, "credentialNames").into_iter().enumerate();
        let several = several.map(|(at, name)| (name, self.path().key("credentialNames").index(at)));
        one.into_iter().chain(several).filter(|(name, _)| !name.is_empty()).collect()
    }

    /// Those of them that are Secrets.
    fn secrets(&self) -> Vec<(String, Path)> {
        self.names().into_iter().filter(|(name, _)| is_secret(name)).collect()
    }

    /// The Secret or ConfigMap that clients are verified by, if they are and it has one of its own.
    fn authority(&self) -> Option<(String, Path)> {
        if !self.is_mutual() {
            return None;
        }
        let name = read::text(&self.tls, "caCertCredentialName").filter(|name| is_secret(name))?;
        Some((name, self.path().key("caCertCredentialName")))
    }

    fn is_mutual(&self) -> bool {
        matches!(read::text(&self.tls, "mode").as_deref(), Some("MUTUAL" | "OPTIONAL_MUTUAL"))
    }

    /// What tells its certificates from others: the Secrets, or the files.
    fn certificates(&self) -> Vec<(String, Path)> {
        let text = |of: &Value, field| read::text(of, field).filter(|text| !text.is_empty());
        let files = |of: &Value| {
            Some(format!("file {} with {}", text(of, "serverCertificate")?, text(of, "privateKey")?))
        };
        let mut found: Vec<(String, Path)> =
            self.secrets().into_iter().map(|(name, path)| (format!("secret {name}"), path)).collect();
        found.extend(files(&self.tls).map(|name| (name, self.path().key("serverCertificate"))));
        for (at, own) in read::items(&self.tls, "tlsCertificates").iter().enumerate() {
            found.extend(files(own).map(|name| (name, self.path().key("tlsCertificates").index(at))));
        }
        found
    }

    fn path(&self) -> Path {
        Path::of("spec.servers").index(self.index).key("tls")
    }
}

/// Whether a name is that of a Secret: those with a scheme are not.
fn is_secret(name: &str) -> bool {
    !name.is_empty() && !name.contains("://")
}

/// What roles allow; each is read once for a verb, however many bindings give it.
struct Roles<'a> {
    scene: &'a Scene,
    known: HashMap<(&'a Identity, &'static str), Option<bool>>,
}

impl<'a> Roles<'a> {
    fn new(scene: &'a Scene) -> Roles<'a> {
        Roles { scene, known: HashMap::new() }
    }

    /// As [`allows`].
    fn allow(&mut self, role: &'a Identity, verb: &'static str) -> Option<bool> {
        let scene = self.scene;
        *self.known.entry((role, verb)).or_insert_with(|| allows(scene, role, verb))
    }
}

/// Whether a role allows something with all Secrets of the namespace; `None` if it is not known.
fn allows(scene: &Scene, role: &Identity, verb: &str) -> Option<bool> {
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

/// To whom bindings let list Secrets, in a namespace or, without one, in all. A role that is not known may allow it.
fn granted(scene: &Scene) -> HashSet<(Option<Arc<str>>, Subject)> {
    let (mut granted, mut roles) = (HashSet::new(), Roles::new(scene));
    for binding in &scene.topology.bindings {
        if roles.allow(&binding.role, "list") == Some(false) {
            continue;
        }
        let everywhere = &*binding.object.id.kind == "ClusterRoleBinding";
        let namespace = (!everywhere).then(|| binding.object.id.namespace.clone());
        granted.extend(binding.subjects.iter().map(|subject| (namespace.clone(), subject.clone())));
    }
    granted
}

fn access(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    let granted = granted(scene);
    let wanting: HashSet<*const Object> = topology
        .gateways
        .iter()
        .map(|gateway| &gateway.object)
        .filter(|gateway| Server::all(gateway).iter().any(|it| !it.secrets().is_empty()))
        .map(Arc::as_ptr)
        .collect();
    for (index, workload) in topology.workloads.iter().enumerate() {
        if !workload.is_gateway || !findings.judges(&workload.object) {
            continue;
        }
        let (namespace, account) = (&workload.object.id.namespace, workload.account());
        let subjects = [
            Subject::Account { namespace: namespace.clone(), name: account.as_str().into() },
            Subject::Accounts(Some(namespace.clone())),
            Subject::Accounts(None),
        ];
        let may = subjects.into_iter().any(|subject| {
            [None, Some(namespace.clone())]
                .into_iter()
                .any(|place| granted.contains(&(place, subject.clone())))
        });
        if may {
            continue;
        }
        if !findings.may_compare(topology.gateways.of(index).count()) {
            return;
        }
        let wants = |gateway: &&Selecting| wanting.contains(&Arc::as_ptr(&gateway.object));
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
    let mut roles = Roles::new(scene);
    for binding in &scene.topology.bindings {
        let place = binding
            .subjects
            .iter()
            .position(|subject| matches!(subject, Subject::Account { name, .. } if &**name == "default"));
        let Some(place) = place else { continue };
        if ["get", "list", "watch"].into_iter().any(|verb| roles.allow(&binding.role, verb) == Some(true)) {
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
    fn fault(&self, scene: &Scene, namespace: &Arc<str>, name: &str, mutual: bool) -> Option<Fault> {
        if let Some(secret) = scene.get("Secret", namespace, name) {
            let authority = scene.get("Secret", namespace, &format!("{name}-cacert"));
            let wrong = look(scene, secret, authority, mutual).err()?;
            return Some((format!("Secret/{name} in {namespace} {wrong}"), Severity::Error));
        }
        self.missing(namespace, name)
    }

    /// What is wrong with the Secret or ConfigMap that clients are verified by.
    fn fault_of_authority(&self, scene: &Scene, namespace: &Arc<str>, name: &str) -> Option<Fault> {
        let there = |name: &str| {
            let kinds = ["Secret", "ConfigMap"].into_iter();
            kinds.filter_map(|kind| scene.get(kind, namespace, name)).next()
        };
        // Istio also finds it under the name that the authorities of credentialName have.
        let Some(found) = there(name).or_else(|| there(&format!("{name}-cacert"))) else {
            return self.missing(namespace, name);
        };
        let holds = ["ca.crt", "cacert"].iter().any(|key| match &*found.id.kind {
            "ConfigMap" => read::text_of_key(&found.value, "data", key).is_some(),
            _ => data(found, key).is_some(),
        });
        let message = format!("{} in {namespace} has no ca.crt: clients can't be verified", found.id);
        (!holds).then_some((message, Severity::Error))
    }

    fn missing(&self, namespace: &Arc<str>, name: &str) -> Option<Fault> {
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

/// What is wrong with a Secret, and how serious it is.
type Fault = (String, Severity);

fn credential(scene: &Scene, findings: &mut Findings) {
    let secrets = Secrets::new(scene);
    // Certificates are read once.
    let mut known: HashMap<(Arc<str>, String, bool), Option<Fault>> = HashMap::new();
    for gateway in scene.topology.gateways.iter().filter(|gateway| !gateway.selects.is_empty()) {
        if !findings.judges(&gateway.object) {
            continue;
        }
        let selected = scene.topology.selected_by(gateway);
        let namespaces: BTreeSet<&Arc<str>> = selected.map(|it| &it.object.id.namespace).collect();
        for server in Server::all(&gateway.object) {
            let own = server.names();
            let authority = server.authority();
            if !findings.may_compare(namespaces.len().saturating_mul(own.len() + 1)) {
                return;
            }
            let is_verified = server.is_mutual() && authority.is_none();
            for namespace in &namespaces {
                for (position, (name, path)) in own.iter().enumerate() {
                    if !is_secret(name) {
                        continue;
                    }
                    // Of several, Istio takes the authority that is with the first.
                    let mutual = is_verified && position == 0;
                    let fault = known
                        .entry(((*namespace).clone(), name.clone(), mutual))
                        .or_insert_with(|| secrets.fault(scene, namespace, name, mutual));
                    if let Some((message, severity)) = fault.clone() {
                        findings.say(&gateway.object, path.clone(), message).severity(severity);
                    }
                }
                if let Some((name, path)) = &authority
                    && let Some((message, severity)) = secrets.fault_of_authority(scene, namespace, name)
                {
                    findings.say(&gateway.object, path.clone(), message).severity(severity);
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
        for (certificate, path) in Server::all(&gateway.object).iter().flat_map(Server::certificates) {
            let all = by_certificate.entry(certificate).or_default();
            // A Gateway counts once for a certificate.
            if all.last().is_none_or(|(last, _)| last.object.id != gateway.object.id) {
                all.push((gateway, path));
            }
        }
    }
    // Every pod of the one Gateway is one of the other, too.
    let covers = |one: &Selecting, other: &Selecting| {
        let others = other.selector.labels();
        one.selector.labels().iter().all(|(key, value)| others.get(key) == Some(value))
    };
    for all in by_certificate.values() {
        for (gateway, path) in all {
            if !findings.judges(&gateway.object) {
                continue;
            }
            if !findings.may_compare(all.len()) {
                return;
            }
            for (other, _) in all.iter().filter(|(other, _)| other.object.id != gateway.object.id) {
                // Where the wider of the two is in the cluster, the narrower one is told.
                let is_told =
                    covers(gateway, other) || !findings.judges(&other.object) && covers(other, gateway);
                if is_told {
                    let other = pods::beside(&other.object.id, &gateway.object.id.namespace);
                    let message = format!("has the same certificate as {other}, for the same pods");
                    findings.say(&gateway.object, path.clone(), message);
                }
            }
        }
    }
}
