//! The picture of a set of objects.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::model::{Column, Edge, Graph, Node, Relation};
use super::{facts, routes};
use crate::manifest::object::{Identity, Object, Role};
use crate::rules::topology::{Binding, Selectors, Subject, Topology};
use crate::rules::{traffic, workload};

/// Says who selects whom among these objects. Hooks and definitions are not drawn: they come and go by themselves.
pub fn build(objects: &[Arc<Object>]) -> Graph {
    let objects: Vec<Arc<Object>> = objects.iter().filter(|o| o.role == Role::Object).cloned().collect();
    let topology = Topology::new(&objects);
    let subjects = topology.bindings.iter().flat_map(|binding| &binding.subjects);
    let with_roles = subjects.filter_map(account_of).collect();
    let mut builder = Builder {
        topology: &topology,
        with_roles,
        graph: Graph::default(),
        places: HashMap::new(),
        tied: HashSet::new(),
    };
    builder.workloads(&objects);
    builder.selectors(&topology.services, Relation::Sends);
    builder.selectors(&topology.gateways, Relation::Opens);
    builder.scalers();
    builder.selectors(&topology.budgets, Relation::Protects);
    builder.selectors(&topology.network_policies, Relation::Governs);
    builder.selectors(&topology.istio_policies, Relation::Governs);
    builder.routes(&objects);
    builder.bindings(&objects);
    builder.notes();
    builder.graph
}

struct Builder<'a> {
    topology: &'a Topology,
    /// The accounts that someone gives a role.
    with_roles: HashSet<Identity>,
    graph: Graph,
    places: HashMap<Identity, usize>,
    tied: HashSet<(usize, usize, Relation)>,
}

impl Builder<'_> {
    /// The place of an object in the picture, into which it is put if it isn't there.
    fn place(&mut self, id: &Identity, column: Column) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let object = self.topology.get(id);
        let facts = object.map(|object| facts::of(object, self.topology)).unwrap_or_default();
        let place = self.graph.nodes.len();
        let node = Node { id: id.clone(), column, facts, is_there: object.is_some(), findings: Vec::new() };
        self.graph.nodes.push(node);
        self.places.insert(id.clone(), place);
        place
    }

    fn tie(&mut self, from: usize, to: usize, relation: Relation, note: String) {
        // Twice rendered objects, and bindings of the same account to the same role, make the same tie.
        if !self.tied.insert((from, to, relation)) {
            return;
        }
        self.graph.edges.push(Edge { from, to, relation, note });
    }

    /// What makes pods, and whom these run as: an account that is there, or that someone gives a role.
    fn workloads(&mut self, objects: &[Arc<Object>]) {
        for object in objects {
            let Some(template) = workload::template(object).filter(|_| &*object.id.kind != "PodTemplate")
            else {
                continue;
            };
            let place = self.place(&object.id, Column::Workloads);
            let account = account(&object.id.namespace, &workload::account(&template));
            let is_told = self.topology.get(&account).is_some() || self.with_roles.contains(&account);
            if is_told || &*account.name != "default" {
                let account = self.place(&account, Column::Accounts);
                self.tie(place, account, Relation::RunsAs, String::new());
            }
        }
    }

    /// What selects pods by their labels.
    fn selectors(&mut self, selectors: &Selectors, relation: Relation) {
        for selecting in selectors.iter() {
            let from = self.place(&selecting.object.id, Column::Selectors);
            let workloads: Vec<Identity> =
                self.topology.selected_by(selecting).map(|workload| workload.object.id.clone()).collect();
            // A share is told where there are several.
            let shares = (relation == Relation::Sends && workloads.len() > 1)
                .then(|| traffic::shares(self.topology.selected_by(selecting)))
                .flatten()
                .unwrap_or_default();
            for (index, workload) in workloads.iter().enumerate() {
                let to = self.place(workload, Column::Workloads);
                self.tie(from, to, relation, shares.get(index).map(|n| format!("{n}%")).unwrap_or_default());
            }
            if workloads.is_empty()
                && !self.topology.gave_up()
                && let Some(node) = self.graph.nodes.get_mut(from)
            {
                node.facts.push("selects no pods".to_string());
            }
        }
    }

    fn scalers(&mut self) {
        for scaler in &self.topology.scalers {
            let from = self.place(&scaler.object.id, Column::Selectors);
            let to = self.place(&scaler.target, Column::Workloads);
            self.tie(from, to, Relation::Scales, String::new());
        }
    }

    /// What leads to Gateways and Services.
    fn routes(&mut self, objects: &[Arc<Object>]) {
        let topology = self.topology;
        let services =
            topology.virtual_services.iter().map(|it| (&it.object, routes::of_virtual_service(it)));
        let others = objects.iter().filter_map(|object| Some((object, routes::of(object)?)));
        for (object, targets) in services.chain(others) {
            let from = self.place(&object.id, Column::Routes);
            for target in targets {
                // A host may be anywhere; who names an object means it.
                if target.is_named || self.topology.get(&target.id).is_some() {
                    let to = self.place(&target.id, Column::Selectors);
                    self.tie(from, to, target.relation, String::new());
                }
            }
        }
    }

    /// What accounts may do. Roles that whole groups are given are only counted.
    fn bindings(&mut self, objects: &[Arc<Object>]) {
        for object in objects {
            if object.id.group.is_empty() && &*object.id.kind == "ServiceAccount" {
                self.place(&object.id, Column::Accounts);
            }
        }
        let mut to_groups = 0;
        for binding in &self.topology.bindings {
            if binding.subjects.iter().any(|subject| !matches!(subject, Subject::Account { .. })) {
                to_groups += 1;
            }
            self.bind(binding);
        }
        if to_groups > 0 {
            let what = crate::rules::read::count(to_groups, "binding");
            self.graph.notes.push(format!("not drawn: what {what} give to users and groups"));
        }
    }

    fn bind(&mut self, binding: &Binding) {
        let accounts: Vec<Identity> = binding.subjects.iter().filter_map(account_of).collect();
        if accounts.is_empty() {
            return;
        }
        let to = self.place(&binding.role, Column::Roles);
        if let Some(role) = self.graph.nodes.get_mut(to) {
            role.facts.push(format!("by {}", binding.object.id));
        }
        for account in accounts {
            let from = self.place(&account, Column::Accounts);
            self.tie(from, to, Relation::May, String::new());
        }
    }

    fn notes(&mut self) {
        if self.graph.nodes.is_empty() {
            self.graph.notes.push("none of these objects selects another".to_string());
        }
        if self.topology.gave_up() {
            self.graph.notes.push("there are too many objects to say of all who selects whom".to_string());
        }
    }
}

fn account(namespace: &Arc<str>, name: &str) -> Identity {
    Identity {
        group: "".into(),
        kind: "ServiceAccount".into(),
        namespace: namespace.clone(),
        name: name.into(),
    }
}

fn account_of(subject: &Subject) -> Option<Identity> {
    match subject {
        Subject::Account { namespace, name } => Some(account(namespace, name)),
        Subject::Accounts(_) | Subject::Other(_) => None,
    }
}
