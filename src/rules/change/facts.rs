//! What rules may know: a change, and all the objects around it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::fields;
use super::selection::{self, Selection};
use crate::compare::{Change, Comparison, FieldChange};
use crate::manifest::object::{Identity, Object, Role};
use crate::rules::read;
use crate::rules::topology::Topology;
use crate::rules::workload;
use crate::value::Value;

/// What is known about both sides.
pub struct Facts<'a> {
    /// Both sides, and what differs.
    pub comparison: &'a Comparison,
    /// Who selects whom on the old side.
    pub old: Topology,
    /// Who selects whom on the new side.
    pub new: Topology,
    /// The objects whose changes are refused; empty until that is known.
    pub refused: HashSet<Identity>,
    changes: HashMap<Identity, usize>,
    users: OnceCell<HashMap<Identity, Vec<Use>>>,
    selections: BTreeMap<usize, Vec<Selection>>,
    old_is_helms: bool,
    new_is_helms: bool,
}

/// How a workload uses a ConfigMap or Secret.
#[derive(Clone, Debug)]
pub struct Use {
    /// The workload, as it will be.
    pub workload: Arc<Object>,
    /// Whether its environment is made of it.
    pub env: bool,
    /// Whether it is mounted as a whole: the kubelet keeps such files up to date.
    pub mounted: bool,
    /// Whether single files of it are mounted by `subPath`: these are never updated.
    pub sub_path: bool,
}

impl<'a> Facts<'a> {
    /// Looks over both sides.
    pub fn new(comparison: &'a Comparison) -> Facts<'a> {
        let mut changes = HashMap::new();
        for (index, change) in comparison.changes.iter().enumerate() {
            for object in change.old.iter().chain(&change.new) {
                changes.entry(object.id.clone()).or_insert(index);
            }
        }
        let is_helms = |objects: &[Arc<Object>]| objects.iter().any(|object| is_helms(object));
        let mut facts = Facts {
            old: Topology::new(&comparison.old),
            new: Topology::new(&comparison.new),
            refused: HashSet::new(),
            changes,
            users: OnceCell::new(),
            selections: BTreeMap::new(),
            old_is_helms: is_helms(&comparison.old),
            new_is_helms: is_helms(&comparison.new),
            comparison,
        };
        facts.selections = selection::selections(&facts);
        facts
    }

    /// The selections of Services that a change tells of.
    pub fn selections_of(&self, index: usize) -> &[Selection] {
        self.selections.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The change of an object of this identity on either side, if it changes.
    pub fn change_of(&self, id: &Identity) -> Option<(usize, &'a Change)> {
        let index = *self.changes.get(id)?;
        Some((index, self.comparison.changes.get(index)?))
    }

    /// The change of an object, if it matters and the object is there on both sides.
    pub fn changed(&self, id: &Identity) -> Option<&'a Change> {
        self.change_of(id)
            .map(|(_, change)| change)
            .filter(|change| change.old.is_some() && change.new.is_some() && change.similarity.is_none())
    }

    /// Whether the new side calls itself Helm's and the old side does not at all.
    pub fn comes_to_helm(&self) -> bool {
        self.new_is_helms && !self.old_is_helms
    }

    /// The workloads of the new side that use a ConfigMap or Secret.
    pub fn users(&self, id: &Identity) -> &[Use] {
        let users = self.users.get_or_init(|| users(&self.comparison.new));
        users.get(id).map_or(&[], Vec::as_slice)
    }

    /// What could not be judged.
    pub fn warnings(&self) -> Vec<String> {
        let gave_up = self.old.gave_up() || self.new.gave_up();
        let warning = "too many Services and workloads to say which Services select which pods: no rule about \
                       selections was run";
        gave_up.then(|| warning.to_string()).into_iter().collect()
    }
}

/// Whether an object says that Helm manages it.
pub fn is_helms(object: &Object) -> bool {
    read::label(&object.value, "app.kubernetes.io/managed-by").as_deref() == Some("Helm")
        || read::label(&object.value, "heritage").as_deref() == Some("Helm")
        || read::label(&object.value, "helm.sh/chart").is_some()
        || read::annotation(&object.value, "meta.helm.sh/release-name").is_some()
}

/// Who uses which ConfigMap or Secret.
fn users(objects: &[Arc<Object>]) -> HashMap<Identity, Vec<Use>> {
    let mut users: HashMap<Identity, Vec<Use>> = HashMap::new();
    for object in objects.iter().filter(|object| workload::pod_labels(object).is_some()) {
        let Some(template) = workload::template(object) else { continue };
        let mut found: HashMap<Identity, Use> = HashMap::new();
        let mut used = |kind: &str, name: Option<String>, how: fn(&mut Use)| {
            let Some(name) = name else { return };
            let id = Identity {
                group: "".into(),
                kind: kind.into(),
                namespace: object.id.namespace.clone(),
                name: name.into(),
            };
            how(found.entry(id).or_insert_with(|| Use {
                workload: object.clone(),
                env: false,
                mounted: false,
                sub_path: false,
            }));
        };
        let containers = workload::containers(&template);
        let mut sub_paths: HashSet<String> = HashSet::new();
        let mut mounts: HashSet<String> = HashSet::new();
        for container in &containers {
            for from in read::items(&container.value, "envFrom") {
                used("ConfigMap", read::text(&from, "configMapRef.name"), |it| it.env = true);
                used("Secret", read::text(&from, "secretRef.name"), |it| it.env = true);
            }
            for env in read::items(&container.value, "env") {
                used("ConfigMap", read::text(&env, "valueFrom.configMapKeyRef.name"), |it| it.env = true);
                used("Secret", read::text(&env, "valueFrom.secretKeyRef.name"), |it| it.env = true);
            }
            for mount in read::items(&container.value, "volumeMounts") {
                let Some(name) = read::text(&mount, "name") else { continue };
                let part =
                    read::text(&mount, "subPath").is_some() || read::text(&mount, "subPathExpr").is_some();
                if part {
                    sub_paths.insert(name)
                } else {
                    mounts.insert(name)
                };
            }
        }
        for volume in read::items(&template, "spec.volumes") {
            let name = read::text(&volume, "name").unwrap_or_default();
            let in_parts = sub_paths.contains(&name).then_some((|it| it.sub_path = true) as fn(&mut Use));
            let as_a_whole = mounts.contains(&name).then_some((|it| it.mounted = true) as fn(&mut Use));
            for how in in_parts.into_iter().chain(as_a_whole) {
                used("ConfigMap", read::text(&volume, "configMap.name"), how);
                used("Secret", read::text(&volume, "secret.secretName"), how);
                for source in read::items(&volume, "projected.sources") {
                    used("ConfigMap", read::text(&source, "configMap.name"), how);
                    used("Secret", read::text(&source, "secret.name"), how);
                }
            }
        }
        for (id, it) in found {
            users.entry(id).or_default().push(it);
        }
    }
    users
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// It is the same object with other contents.
    Changed,
    /// It has another identity.
    Renamed,
}

/// One change, and what is known around it.
pub struct Subject<'a> {
    /// Its place in the comparison.
    pub index: usize,
    /// The change.
    pub change: &'a Change,
    /// What is known about both sides.
    pub facts: &'a Facts<'a>,
    /// What happens to the object.
    pub occasion: Occasion,
    object: &'a Arc<Object>,
}

impl<'a> Subject<'a> {
    /// A change that matters; `None` for others.
    pub fn new(index: usize, change: &'a Change, facts: &'a Facts<'a>) -> Option<Subject<'a>> {
        let object = change.object().filter(|_| change.matters())?;
        let occasion = match (&change.old, &change.new, change.similarity) {
            (Some(_), Some(_), Some(_)) => Occasion::Renamed,
            (Some(_), Some(_), None) => Occasion::Changed,
            (None, _, _) => Occasion::Added,
            (_, None, _) => Occasion::Removed,
        };
        Some(Subject { index, change, facts, occasion, object })
    }

    /// The object's identity: the new one, if there is a new one.
    pub fn id(&self) -> &'a Identity {
        &self.object.id
    }

    /// The kind.
    pub fn kind(&self) -> &'a str {
        &self.object.id.kind
    }

    /// Whether the object is of one of these kinds: `apps/Deployment`, `Service`.
    pub fn is(&self, kinds: &[&str]) -> bool {
        self.id().is_of(kinds)
    }

    /// What it is to its release: a hook if it is one on either side.
    pub fn role(&self) -> Role {
        let roles = [&self.change.old, &self.change.new].map(|o| o.as_ref().map(|o| o.role));
        if roles.contains(&Some(Role::Hook)) { Role::Hook } else { self.object.role }
    }

    /// Both sides of an object that stays.
    pub fn both(&self) -> Option<(&'a Arc<Object>, &'a Arc<Object>)> {
        let both = self.change.old.as_ref().zip(self.change.new.as_ref());
        both.filter(|_| self.occasion == Occasion::Changed)
    }

    /// Both sides of an object that stays or is renamed.
    pub fn both_names(&self) -> Option<(&'a Arc<Object>, &'a Arc<Object>)> {
        self.change.old.as_ref().zip(self.change.new.as_ref())
    }

    /// A new object, a renamed one included.
    pub fn added(&self) -> Option<&'a Arc<Object>> {
        let is_new = matches!(self.occasion, Occasion::Added | Occasion::Renamed);
        self.change.new.as_ref().filter(|_| is_new)
    }

    /// An object that goes, a renamed one included.
    pub fn removed(&self) -> Option<&'a Arc<Object>> {
        let goes = matches!(self.occasion, Occasion::Removed | Occasion::Renamed);
        self.change.old.as_ref().filter(|_| goes)
    }

    /// The new value of the object; null if it goes.
    pub fn new_value(&self) -> Value {
        self.change.new.as_ref().map(|object| object.value.clone()).unwrap_or_default()
    }

    /// The old value of the object; null if it is new.
    pub fn old_value(&self) -> Value {
        self.change.old.as_ref().map(|object| object.value.clone()).unwrap_or_default()
    }

    /// The path to the template of its pods, if it makes pods.
    pub fn template(&self) -> Option<&'static str> {
        workload::template_path(&self.id().group, self.kind())
    }

    /// The first field that differs at a path; `{pod}` stands for the template of its pods.
    pub fn field(&self, path: &str) -> Option<&'a FieldChange> {
        self.field_but(path, &[])
    }

    /// As [`Subject::field`], but for exceptions.
    pub fn field_but(&self, path: &str, except: &[&str]) -> Option<&'a FieldChange> {
        if path.is_empty() {
            return fields::first(&self.change.fields, "", except);
        }
        let path = self.whole(path)?;
        let except: Vec<String> = except.iter().filter_map(|path| self.whole(path)).collect();
        let except: Vec<&str> = except.iter().map(String::as_str).collect();
        fields::first(&self.change.fields, &path, &except)
    }

    /// The path with the template of its pods in place of `{pod}`; `None` if it makes none.
    fn whole(&self, path: &str) -> Option<String> {
        match path.strip_prefix("{pod}") {
            None => Some(path.to_string()),
            Some(rest) => {
                let rest = rest.trim_start_matches('.');
                Some(match (self.template()?, rest) {
                    (template, "") => template.to_string(),
                    ("", rest) => rest.to_string(),
                    (template, rest) => format!("{template}.{rest}"),
                })
            }
        }
    }

    /// Whether the template of its pods differs.
    pub fn template_changes(&self) -> bool {
        self.template().is_some_and(|path| fields::first(&self.change.fields, path, &[]).is_some())
    }
}

/// Whether the template of a workload's pods differs, by its change.
pub fn template_changes(change: &Change) -> bool {
    let path = change.object().and_then(|object| workload::template_path(&object.id.group, &object.id.kind));
    path.is_some_and(|path| fields::first(&change.fields, path, &[]).is_some())
}
