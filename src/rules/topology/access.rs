//! Who is given which role.

use std::sync::Arc;

use crate::manifest::object::{Identity, Object};
use crate::rules::read;
use crate::value::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A RoleBinding or ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The object.
    pub object: Arc<Object>,
    /// The role that it gives.
    pub role: Identity,
    /// To whom.
    pub subjects: Vec<Subject>,
}

/// Who gets a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A ServiceAccount.
    Account {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// All ServiceAccounts of a namespace; of all namespaces, if none is named.
    Accounts(Option<Arc<str>>),
    /// A user or group from outside of the cluster.
    Other(Arc<str>),
}

impl Binding {
    /// Reads a binding.
    pub(super) fn new(object: &Arc<Object>) -> Option<Binding> {
        let cluster_wide = match (&*object.id.group, &*object.id.kind) {
            (GROUP, "RoleBinding") => false,
            (GROUP, "ClusterRoleBinding") => true,
            _ => return None,
        };
        let kind = read::text(&object.value, "roleRef.kind")?;
        let namespace = match kind.as_str() {
            "Role" if !cluster_wide => object.id.namespace.clone(),
            _ => "".into(),
        };
        Some(Binding {
            object: object.clone(),
            role: Identity {
                group: GROUP.into(),
                kind: kind.into(),
                namespace,
                name: read::text(&object.value, "roleRef.name")?.into(),
            },
            subjects: read::items(&object.value, "subjects")
                .iter()
                .filter_map(|subject| Subject::new(subject, &object.id.namespace))
                .collect(),
        })
    }

    /// Whether it gives its role in a namespace.
    pub fn holds_in(&self, namespace: &str) -> bool {
        &*self.object.id.kind == "ClusterRoleBinding" || &*self.object.id.namespace == namespace
    }

    /// Whether it gives its role to a ServiceAccount.
    pub fn is_for(&self, namespace: &str, name: &str) -> bool {
        self.subjects.iter().any(|subject| match subject {
            Subject::Account { namespace: own, name: account } => &**own == namespace && &**account == name,
            Subject::Accounts(of) => of.as_deref().is_none_or(|of| of == namespace),
            Subject::Other(_) => false,
        })
    }
}

impl Subject {
    /// Reads a subject of a binding in a namespace; accounts also have names as users and groups.
    fn new(value: &Value, own_namespace: &Arc<str>) -> Option<Subject> {
        let name = read::text(value, "name")?;
        let kind = read::text(value, "kind").unwrap_or_default();
        Some(match kind.as_str() {
            "ServiceAccount" => {
                let namespace = read::text(value, "namespace").filter(|namespace| !namespace.is_empty());
                let namespace = namespace.map_or_else(|| own_namespace.clone(), Arc::from);
                Subject::Account { namespace, name: name.into() }
            }
            "User" => match name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':')) {
                Some((namespace, name)) => {
                    Subject::Account { namespace: namespace.into(), name: name.into() }
                }
                None => Subject::Other(name.into()),
            },
            _ => match name.strip_prefix("system:serviceaccounts") {
                Some("") => Subject::Accounts(None),
                Some(rest) => Subject::Accounts(Some(rest.trim_start_matches(':').into())),
                None if name == "system:authenticated" => Subject::Accounts(None),
                None => Subject::Other(name.into()),
            },
        })
    }
}
