//! Rendered documents as Kubernetes objects: what `diff` compares and rules look at.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Error, Place, Result};
use crate::value::{Str, Value};
use crate::yaml::{self, Step};

/// What makes an object the same object in another render. The API version is not part of it: a new version of
/// the same group is a change of the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The API group: `apps`; empty for the core group.
    pub group: Arc<str>,
    /// The kind: `Deployment`.
    pub kind: Arc<str>,
    /// The namespace; the release's, if the object says none; empty for kinds that live in no namespace.
    pub namespace: Arc<str>,
    /// The name; `generateName` followed by `*`, if there is only that.
    pub name: Arc<str>,
}

impl Identity {
    /// Whether it is of one of these kinds: `apps/Deployment`, `Service`, `networking.istio.io/*`.
    pub fn is_of(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|own| {
            let (group, kind) = own.rsplit_once('/').unwrap_or(("", own));
            *self.group == *group && (kind == "*" || *self.kind == *kind)
        })
    }
}

impl fmt::Display for Identity {
    /// `Deployment/gateway`: as `kubectl` names it, and as a reader says it. Namespace and group are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// What an object is to its release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// One of its objects.
    #[default]
    Object,
    /// A hook: run at a moment of the release, not kept by it.
    Hook,
    /// A definition from `crds/`: installed once, never upgraded by Helm.
    Definition,
}

/// A Kubernetes object of a render.
#[derive(Clone, Debug)]
pub struct Object {
    /// What makes it the same object in another render.
    pub id: Identity,
    /// The version of its API group: `v1`.
    pub version: Arc<str>,
    /// What it is to its release.
    pub role: Role,
    /// Its contents, numbers as in [`crate::yaml::decode_with_integers`].
    pub value: Value,
    /// The name of the template (`gateway/templates/hpa.yaml`), or the file that it stands in.
    pub source: Arc<str>,
    /// The text of the file or rendered template, and where the document lies in it.
    pub text: (Str, Range<usize>),
    /// The way to it within the document: none, or that to an item of a list.
    pub steps: Vec<Step>,
}

impl Object {
    /// The value at a path of keys, if there is one: `&["spec", "replicas"]`.
    pub fn at(&self, path: &[&str]) -> Option<Value> {
        let mut value = self.value.clone();
        for key in path {
            value = value.as_map()?.get(key)?;
        }
        Some(value)
    }

    /// The string at a path of keys, if there is one.
    pub fn str_at(&self, path: &[&str]) -> Option<String> {
        self.at(path)?.as_str().map(str::to_string)
    }

    /// The `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.id.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.id.group, self.version)
        }
    }
}

/// Kinds of Kubernetes' own groups that live in no namespace, and of a few that most clusters have.
const CLUSTER_KINDS: &[(&str, &[&str])] = &[
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("cert-manager.io", &["ClusterIssuer"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("gateway.networking.k8s.io", &["GatewayClass"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("security.openshift.io", &["SecurityContextConstraints"]),
    ("snapshot.storage.k8s.io", &["VolumeSnapshotClass", "VolumeSnapshotContent"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
];

/// Whether objects of this kind live in no namespace, as far as that is known without a cluster.
pub fn is_cluster_kind(group: &str, kind: &str) -> bool {
    CLUSTER_KINDS.iter().any(|(own, kinds)| *own == group && kinds.contains(&kind))
}

/// Where a document comes from, and what it is to its release.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The name of its template, or its file.
    pub source: &'a Arc<str>,
    /// The text of the file, and where the document lies in it.
    pub text: (&'a Str, Range<usize>),
    /// What it is to its release.
    pub role: Role,
    /// The namespace of objects that say none.
    pub namespace: &'a str,
}

/// Reads the objects of a document into `objects`: none if it is empty or only comments, several if it is a
/// `List`, or a plain list as `torii render -o json` prints it.
///
/// # Errors
/// When it is not YAML, or not an object (a map with a kind).
pub fn read(document: &Document<'_>, objects: &mut Vec<Object>) -> Result<()> {
    let (text, range) = (document.text.0, document.text.1.clone());
    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
    let value = yaml::decode_with_integers(bytes).map_err(|e| {
        let before = memchr::memchr_iter(b'\n', &text.as_bytes()[..range.start]).count();
        let line = if e.line > 0 { before + e.line } else { 0 };
        Error::new(format!("YAML parse error on {}: {}", document.source, e.message)).at(Place::new(
            document.source.clone(),
            line,
            e.column,
        ))
    })?;
    match value {
        Value::List(items) => items
            .items()
            .into_iter()
            .enumerate()
            .try_for_each(|(index, item)| add(item, vec![Step::Index(index)], document, objects)),
        value => add(value, Vec::new(), document, objects),
    }
}

fn add(value: Value, steps: Vec<Step>, document: &Document<'_>, objects: &mut Vec<Object>) -> Result<()> {
    if value.is_nil() {
        return Ok(());
    }
    let field = |keys: &[&str]| {
        let mut value = value.clone();
        for key in keys {
            value = value.as_map()?.get(key)?;
        }
        value.as_str().map(str::to_string).or_else(|| yaml::string_of(&value))
    };
    let (kind, api_version) =
        (field(&["kind"]).unwrap_or_default(), field(&["apiVersion"]).unwrap_or_default());
    if kind.is_empty() {
        let before = memchr::memchr_iter(b'\n', &document.text.0.as_bytes()[..document.text.1.start]).count();
        return Err(Error::new(format!(
            "{}: a document is no Kubernetes object: it has no kind",
            document.source
        ))
        .at(Place::new(document.source.clone(), before + 1, 0)));
    }
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
    let items = value.as_map().and_then(|map| map.get("items"));
    if let (true, true, Some(Value::List(items))) = (group.is_empty(), kind.ends_with("List"), items) {
        // A list within a list is nothing that Kubernetes knows.
        let is_list = |item: &Value| item.as_map().is_some_and(|item| item.contains_key("items"));
        return items.items().into_iter().enumerate().filter(|(_, item)| !is_list(item)).try_for_each(
            |(index, item)| {
                let steps = [&steps[..], &[Step::key("items"), Step::Index(index)]].concat();
                add(item, steps, document, objects)
            },
        );
    }
    let name = field(&["metadata", "name"])
        .or_else(|| field(&["metadata", "generateName"]).map(|name| format!("{name}*")))
        .unwrap_or_default();
    let namespace = if is_cluster_kind(group, &kind) {
        String::new()
    } else {
        field(&["metadata", "namespace"])
            .filter(|n| !n.is_empty())
            .unwrap_or_else(|| document.namespace.into())
    };
    objects.push(Object {
        id: Identity {
            group: group.into(),
            kind: kind.as_str().into(),
            namespace: namespace.into(),
            name: name.into(),
        },
        version: version.into(),
        role: document.role,
        source: document.source.clone(),
        text: (document.text.0.clone(), document.text.1.clone()),
        steps,
        value,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Result<Vec<Object>> {
        let (text, mut objects) = (Str::from(text), Vec::new());
        let range = 0..text.len();
        let source = "a.yaml".into();
        let document =
            Document { source: &source, text: (&text, range), role: Role::Object, namespace: "edge" };
        read(&document, &mut objects).map(|()| objects)
    }

    fn identities(text: &str) -> Vec<String> {
        let of = |o: &Object| format!("{}|{}|{}|{}", o.id.group, o.id.kind, o.id.namespace, o.id.name);
        objects(text).unwrap().iter().map(of).collect()
    }

    #[test]
    fn objects_without_a_namespace_are_in_the_releases_and_cluster_kinds_in_none() {
        assert_eq!(
            identities("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}"),
            ["apps|Deployment|edge|a"]
        );
        assert_eq!(
            identities("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: x}}"),
            ["|Service|x|a"]
        );
        assert_eq!(
            identities(
                "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a, namespace: x}}"
            ),
            ["rbac.authorization.k8s.io|ClusterRole||a"]
        );
    }

    #[test]
    fn a_list_is_its_items() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n- {apiVersion: v1, kind: Pod, metadata: {generateName: p-}}\n";
        assert_eq!(identities(text), ["|Secret|edge|s", "|Pod|edge|p-*"]);
        let plain = "[{apiVersion: v1, kind: Secret, metadata: {name: s}}, {apiVersion: v1, kind: Pod, metadata: {name: p}}]";
        assert_eq!(identities(plain), ["|Secret|edge|s", "|Pod|edge|p"]);
        assert!(objects("[[1]]").is_err());
    }

    #[test]
    fn comments_are_no_object_and_a_document_without_a_kind_is_an_error() {
        assert!(objects("# nothing\n").unwrap().is_empty());
        let error = objects("a: 1\n").unwrap_err();
        assert!(error.message().contains("no kind"), "{}", error.message());
    }
}
