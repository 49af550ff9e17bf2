//! What a picture shows: objects, and what ties them to each other.

use std::collections::HashMap;

use crate::manifest::object::Identity;
use crate::rules::object::Severity;
use crate::rules::read;

/// A picture of who selects whom.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The objects.
    pub nodes: Vec<Node>,
    /// Their ties, by the place of both ends in `nodes`. Each leads one column to the right.
    pub edges: Vec<Edge>,
    /// What the picture doesn't show, a sentence each.
    pub notes: Vec<String>,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Node {
    /// Which object.
    pub id: Identity,
    /// Where it stands.
    pub column: Column,
    /// What else is to be said of it, a short line each.
    pub facts: Vec<String>,
    /// Whether it is there, and not only named by others.
    pub is_there: bool,
    /// What `check` says against it.
    pub findings: Vec<Finding>,
}

/// The columns of the picture, from left to right: whom traffic meets first stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Routes and Ingresses, which lead to Gateways and Services.
    Routes,
    /// What selects pods.
    Selectors,
    /// What makes pods.
    Workloads,
    /// Whom pods run as.
    Accounts,
    /// What these may do.
    Roles,
}

impl Column {
    /// All of them, from left to right.
    pub const ALL: [Column; 5] =
        [Column::Routes, Column::Selectors, Column::Workloads, Column::Accounts, Column::Roles];
}

/// Something that `check` says against an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The object it is about: not always the one in whose box it is told.
    pub object: Option<Identity>,
    /// How serious it is.
    pub severity: Severity,
    /// The rule's id: `GW001`.
    pub rule: String,
    /// What it is.
    pub message: String,
}

impl Node {
    /// How serious the most serious of its findings is.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

impl Graph {
    /// Marks what was found of objects. Those that aren't drawn, and findings that are about none, are counted.
    pub fn mark(&mut self, findings: impl IntoIterator<Item = Finding>) {
        let places: HashMap<Identity, usize> =
            self.nodes.iter().enumerate().map(|(place, node)| (node.id.clone(), place)).collect();
        let mut others = 0;
        for finding in findings {
            let place = finding.object.as_ref().and_then(|id| places.get(id).copied());
            match place.and_then(|place| self.nodes.get_mut(place)) {
                Some(node) => node.findings.push(finding),
                None => others += 1,
            }
        }
        if others > 0 {
            let what = read::count(others, "finding");
            self.notes
                .push(format!("not drawn: {what} about other objects or values; `torii check` tells all"));
        }
    }
}

/// A tie between two objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who selects.
    pub from: usize,
    /// Who is selected.
    pub to: usize,
    /// What it is.
    pub relation: Relation,
    /// More of it: the share of the traffic, the name of the binding. Empty for nothing.
    pub note: String,
}

/// What ties two objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// A route takes requests from a Gateway.
    Binds,
    /// A route or Ingress sends requests to a Service.
    Routes,
    /// A Service sends connections to pods.
    Sends,
    /// An Istio Gateway opens ports in pods.
    Opens,
    /// An autoscaler sets the number of pods.
    Scales,
    /// A PodDisruptionBudget keeps pods from being evicted.
    Protects,
    /// A policy says what pods may do, or how they do it.
    Governs,
    /// Pods have an account.
    RunsAs,
    /// An account has a role.
    May,
}

/// How a relation is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// The way of requests.
    Solid,
    /// What watches over pods.
    Dotted,
    /// Rights.
    Dashed,
}

impl Relation {
    /// What the one does to the other: `sends to`.
    pub fn verb(self) -> &'static str {
        match self {
            Relation::Binds => "is bound to",
            Relation::Routes => "routes to",
            Relation::Sends => "sends to",
            Relation::Opens => "opens ports in",
            Relation::Scales => "scales",
            Relation::Protects => "protects",
            Relation::Governs => "governs",
            Relation::RunsAs => "runs as",
            Relation::May => "has",
        }
    }

    /// How it is drawn.
    pub fn stroke(self) -> Stroke {
        match self {
            Relation::Binds | Relation::Routes | Relation::Sends | Relation::Opens => Stroke::Solid,
            Relation::Scales | Relation::Protects | Relation::Governs => Stroke::Dotted,
            Relation::RunsAs | Relation::May => Stroke::Dashed,
        }
    }
}
