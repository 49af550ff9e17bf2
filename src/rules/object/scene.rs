//! What rules look at: all objects, judged or only there, and who selects whom among them.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::general::fields::Faults;
use super::general::made::Made;
use crate::manifest::object::{Identity, Object};
use crate::rules::selector::Selector;
use crate::rules::topology::Topology;

/// What is around the objects that are judged.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Objects that are in the cluster: they are looked at, but not judged.
    pub cluster: Vec<Arc<Object>>,
    /// The minor version of Kubernetes 1 that takes the objects: 36.
    pub kubernetes: u32,
    /// The revisions of Istio, and their tags, that are known to be there; nothing is known if there are none.
    pub revisions: Vec<String>,
    /// The time, in seconds since 1970; without it, no certificate is taken to have expired.
    pub now: Option<u64>,
}

impl Default for Surroundings {
    /// An empty cluster of the version that templates see by default.
    fn default() -> Surroundings {
        Surroundings { cluster: Vec::new(), kubernetes: 36, revisions: Vec::new(), now: None }
    }
}

/// A group, a kind and a name.
type Named = (Arc<str>, Arc<str>, Arc<str>);

/// All objects, and what is known about them.
#[derive(Debug)]
pub struct Scene {
    /// Who selects whom, among all objects.
    pub topology: Topology,
    /// What is around the objects that are judged.
    pub around: Surroundings,
    /// The objects that are judged, then those of the cluster.
    all: Vec<Arc<Object>>,
    /// How many of them are judged.
    count: usize,
    pub(super) judged: Rc<HashSet<*const Object>>,
    by_kind: HashMap<(Arc<str>, Arc<str>), Vec<usize>>,
    by_name: HashMap<Named, Vec<usize>>,
    custom: HashSet<(Arc<str>, Arc<str>)>,
    /// What several rules ask for, made by the first of them.
    made: OnceCell<Made>,
    faults: OnceCell<Faults>,
}

impl Scene {
    /// Looks over objects: all that are rendered, hooks and definitions included, and IstioOperator files as they
    /// stand.
    pub fn new(objects: Vec<Arc<Object>>, around: Surroundings) -> Scene {
        let (judged, count) = (objects.iter().map(Arc::as_ptr).collect(), objects.len());
        // What is in the cluster under the same name, is what the judged object comes in the place of.
        let own: HashSet<&Identity> = objects.iter().map(|object| &object.id).collect();
        let cluster: Vec<Arc<Object>> =
            around.cluster.iter().filter(|object| !own.contains(&object.id)).cloned().collect();
        let mut all = objects;
        all.extend(cluster);
        let mut by_kind: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        let mut custom = HashSet::new();
        for (index, object) in all.iter().enumerate() {
            let Identity { group, kind, name, .. } = &object.id;
            by_kind.entry((group.clone(), kind.clone())).or_default().push(index);
            by_name.entry((group.clone(), kind.clone(), name.clone())).or_default().push(index);
            if group.contains('.') && !group.ends_with(".k8s.io") {
                custom.insert((object.id.namespace.clone(), name.clone()));
            }
        }
        Scene {
            topology: Topology::new(&all),
            around,
            all,
            count,
            judged: Rc::new(judged),
            by_kind,
            by_name,
            custom,
            made: OnceCell::new(),
            faults: OnceCell::new(),
        }
    }

    /// What objects make that are here.
    pub(super) fn made(&self) -> &Made {
        self.made.get_or_init(|| Made::new(self))
    }

    /// What is wrong with the fields of objects.
    pub(super) fn faults(&self) -> &Faults {
        self.faults.get_or_init(|| Faults::new(self))
    }

    /// All objects, in the order in which they were given.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.all.iter()
    }

    /// The objects that are judged.
    pub fn judged(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.all.iter().take(self.count)
    }

    /// The objects of some kinds, judged or only there: `apps/Deployment`, `Service`,
    /// `networking.istio.io/*`; `*` for all.
    pub fn of<'a>(&'a self, kinds: &[&str]) -> impl Iterator<Item = &'a Arc<Object>> {
        let mut found: Vec<usize> = Vec::new();
        for kind in kinds {
            let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
            match kind {
                "*" if group.is_empty() => found.extend(0..self.all.len()),
                "*" => {
                    found.extend((0..).zip(&self.all).filter(|(_, o)| *o.id.group == *group).map(|(i, _)| i))
                }
                kind => found.extend(self.by_kind.get(&(group.into(), kind.into())).into_iter().flatten()),
            }
        }
        found.into_iter().filter_map(|index| self.all.get(index))
    }

    /// The object of a kind (`rbac.authorization.k8s.io/Role`), namespace and name; of several, the first.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        let id = Identity {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        self.topology.get(&id)
    }

    /// The objects of a kind and name, in whatever namespace.
    pub fn named(&self, kind: &str, name: &str) -> impl Iterator<Item = &Arc<Object>> {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        let found = self.by_name.get(&(group.into(), kind.into(), name.into()));
        found.into_iter().flatten().filter_map(|index| self.all.get(*index))
    }

    /// Whether pods that a selector selects may be made by the controller of a custom object: it asks for a label with
    /// the name of one, as in `prometheus=main`.
    pub fn may_be_made(&self, namespace: &Arc<str>, selector: &Selector) -> bool {
        let is_custom = |name: &String| self.custom.contains(&(namespace.clone(), name.as_str().into()));
        selector.labels().values().any(is_custom)
    }

    /// What could not be judged.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warning = "too many selectors and workloads to say who selects which pods: rules about selections may \
                       have missed something";
        self.topology.gave_up().then(|| warning.to_string()).into_iter().collect()
    }
}
