//! Objects that are not rendered, but that something makes which is: Secrets of certificates, of sealed and external
//! secrets; ConfigMaps that every namespace gets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::manifest::object::{Identity, Object};
use crate::rules::object::Scene;
use crate::rules::{read, workload};
use crate::value::Value;

/// ConfigMaps that a cluster makes in every namespace: Kubernetes, Istio, OpenShift.
const OF_NAMESPACES: &[&str] = &["kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt"];

/// How many words of arguments are kept.
const MOST_WORDS: usize = 1_000_000;

/// Kinds whose controllers make a Secret, and the fields that name it; the first that is there counts.
const MAKERS: &[(&str, &[&str])] = &[
    ("cert-manager.io/Certificate", &["spec.secretName"]),
    ("certmanager.k8s.io/Certificate", &["spec.secretName"]),
    ("bitnami.com/SealedSecret", &["spec.template.metadata.name", "metadata.name"]),
    ("external-secrets.io/ExternalSecret", &["spec.target.name", "metadata.name"]),
    ("external-secrets.io/ClusterExternalSecret", &["spec.externalSecretName", "metadata.name"]),
    ("kubernetes-client.io/ExternalSecret", &["metadata.name"]),
    ("secrets.hashicorp.com/VaultStaticSecret", &["spec.destination.name"]),
    ("secrets.hashicorp.com/VaultDynamicSecret", &["spec.destination.name"]),
    ("secrets.hashicorp.com/VaultPKISecret", &["spec.destination.name"]),
    ("secrets.infisical.com/InfisicalSecret", &["spec.managedSecretReference.secretName"]),
    ("onepassword.com/OnePasswordItem", &["metadata.name"]),
    ("kafka.strimzi.io/KafkaUser", &["metadata.name"]),
    ("secretgenerator.mittwald.de/StringSecret", &["metadata.name"]),
    ("isindir.github.com/SopsSecret", &["metadata.name"]),
];

/// What is made.
#[derive(Debug)]
pub struct Made {
    secrets: HashSet<(Arc<str>, String)>,
    /// Words of arguments, variables and roles: programs make what they are told the names of.
    words: HashSet<String>,
    /// Namespaces with objects whose controllers make Secrets of names that are not known here.
    open: HashSet<Arc<str>>,
    /// Roles that let programs make Secrets: of a namespace, or of all (the empty one).
    roles: HashMap<Arc<str>, Identity>,
    /// Whether there were more words than are kept.
    pub is_cut: bool,
}

impl Made {
    /// Looks over all objects.
    pub fn new(scene: &Scene) -> Made {
        let mut made = Made {
            secrets: HashSet::new(),
            words: HashSet::new(),
            open: HashSet::new(),
            roles: HashMap::new(),
            is_cut: false,
        };
        for (kind, fields) in MAKERS {
            for object in scene.of(&[kind]) {
                if let Some(name) = fields.iter().find_map(|field| read::text(&object.value, field)) {
                    made.secrets.insert((object.id.namespace.clone(), name));
                }
            }
        }
        for object in scene.all() {
            made.look(object);
        }
        made
    }

    fn look(&mut self, object: &Object) {
        if is_database(object) {
            self.open.insert(object.id.namespace.clone());
        }
        if let Some(template) = workload::template(object) {
            for container in workload::containers(&template) {
                let env = read::items(&container.value, "env");
                let texts = ["command", "args"].iter().flat_map(|key| read::texts(&container.value, key));
                for text in texts.chain(env.iter().filter_map(|variable| read::text(variable, "value"))) {
                    self.words_of(&text);
                }
            }
        }
        if &*object.id.group == "rbac.authorization.k8s.io" {
            for rule in read::items(&object.value, "rules") {
                read::texts(&rule, "resourceNames").iter().for_each(|name| self.words_of(name));
                let has =
                    |key, word: &str| read::texts(&rule, key).iter().any(|own| own == word || own == "*");
                if has("resources", "secrets") && has("verbs", "create") {
                    self.roles.entry(object.id.namespace.clone()).or_insert_with(|| object.id.clone());
                }
            }
        }
    }

    fn words_of(&mut self, text: &str) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        for word in text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty()) {
            if self.words.len() < MOST_WORDS {
                self.words.insert(word.to_string());
            } else {
                self.is_cut = true;
            }
        }
    }

    /// Whether something makes a Secret of this name.
    pub fn has_secret(&self, namespace: &Arc<str>, name: &str) -> bool {
        self.open.contains(namespace)
            || self.words.contains(name)
            || self.secrets.contains(&(namespace.clone(), name.to_string()))
    }

    /// The role by which a program may make Secrets in a namespace, if there is one.
    pub fn maker(&self, namespace: &str) -> Option<&Identity> {
        self.roles.get(namespace).or_else(|| self.roles.get(""))
    }

    /// Whether something makes a ConfigMap of this name.
    pub fn has_config(&self, name: &str) -> bool {
        OF_NAMESPACES.contains(&name) || self.words.contains(name)
    }
}

/// Whether a custom object is a database or the like, whose controller makes Secrets with names of its own.
fn is_database(object: &Object) -> bool {
    const GROUPS: &[&str] = &[
        "postgresql.cnpg.io",
        "acid.zalan.do",
        "kubedb.com",
        "postgres-operator.crunchydata.com",
        "mongodb.com",
        "k8s.mariadb.com",
        "kafka.strimzi.io",
        "elasticsearch.k8s.elastic.co",
        "objectbucket.io",
        "crossplane.io",
    ];
    GROUPS.iter().any(|group| *object.id.group == **group)
}

/// Whether an object says `optional: true` of what it refers to.
pub fn is_optional(reference: &Value) -> bool {
    read::boolean(reference, "optional") == Some(true)
}
