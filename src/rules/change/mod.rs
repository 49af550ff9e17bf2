//! Rules about changes: what a change does to a running cluster.

use std::fmt;

use crate::compare::Path;
use crate::manifest::object::Identity;

/// What a change does to a running cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The API server will refuse it: a field that can't be changed.
    Refused,
    /// The object goes and comes again, with an interruption or another address.
    Recreate,
    /// An object goes.
    Delete,
    /// Stored data or volumes are touched.
    Storage,
    /// A custom resource definition is touched.
    Crd,
    /// More may be done by someone: RBAC, security contexts, host access.
    Privilege,
    /// Requests go elsewhere, or may no longer.
    Traffic,
    /// Pods restart.
    Restart,
    /// More or fewer pods run.
    Scale,
    /// Something that running pods don't feel.
    Other,
}

impl Effect {
    /// Those that `--fail-on` knows, most serious first.
    pub const NAMED: [Effect; 9] = [
        Effect::Refused,
        Effect::Recreate,
        Effect::Delete,
        Effect::Storage,
        Effect::Crd,
        Effect::Privilege,
        Effect::Traffic,
        Effect::Restart,
        Effect::Scale,
    ];

    /// The word for it on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Refused => "refused",
            Effect::Recreate => "recreate",
            Effect::Delete => "delete",
            Effect::Storage => "storage",
            Effect::Crd => "crd",
            Effect::Privilege => "privilege",
            Effect::Traffic => "traffic",
            Effect::Restart => "restart",
            Effect::Scale => "scale",
            Effect::Other => "other",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one rule says of one change.
#[derive(Clone, Debug)]
pub struct Impact {
    /// The rule: `selector-immutable`. Each has a section in `docs/impacts.md`.
    pub rule: &'static str,
    /// What the change does.
    pub effect: Effect,
    /// The object.
    pub object: Identity,
    /// The field that causes it, if it is one.
    pub field: Option<Path>,
    /// The sentence for the reader: `restarts pods: rolling, because the image changes`. It holds no values of
    /// fields that may be secret.
    pub message: String,
}
