//! Services that select other pods than before, and how traffic is split among those they select.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Effect::{Other, Traffic};
use super::facts::{Facts, Occasion, Subject};
use super::rule::{Check, Findings, Rule};
use crate::manifest::object::Identity;
use crate::rules::read;
use crate::rules::topology::{Selecting, Topology};
use crate::rules::traffic::{self, Split};

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "service-selects-nothing",
        Traffic,
        "no pods selected ({})",
        "A Service selected pods of these objects, and now selects none.",
        "It has no endpoints then: connections to it are refused.",
        Check::Run(nothing),
    )
    .code("GW001"),
    Rule::new(
        "service-without-endpoints-meanwhile",
        Traffic,
        "=",
        "A Service asks for labels that the pods which run don't have; only new pods will.",
        "The Service changes at once, pods only when they restart. Give pods the label first, and let the Service \
         select by it in a second upgrade.",
        Check::Run(meanwhile),
    ),
    Rule::new(
        "traffic-split",
        Traffic,
        "=",
        "A Service selects the pods of several workloads, and these or their numbers change.",
        "A Service sends each ready pod the same share, so that numbers of pods are what splits traffic between a \
         stable version and a canary.",
        Check::Run(split),
    )
    .code("GW009"),
    Rule::new(
        "service-selects-others",
        Traffic,
        "=",
        "A Service selects the pods of other workloads than before.",
        "Requests to its name go to other programs.",
        Check::Run(others),
    ),
    Rule::new(
        "canary-not-selected",
        Other,
        "=",
        "A new workload is named after a Service that doesn't select its pods.",
        "Only pods with all labels of the Service's selector get a share of its traffic. A canary that is rendered \
         as a release of its own has labels of its own, unless it is given those of the stable one.",
        Check::Run(canary),
    )
    .code("GW010"),
];

/// What a Service that is there on both sides selects.
pub struct Selection {
    /// The Service.
    pub service: Identity,
    /// The workloads that it selected.
    pub old: Vec<Identity>,
    /// The workloads that it will select; those that it selected before come first.
    pub new: Vec<Identity>,
}

impl Selection {
    fn changes(&self) -> bool {
        let set = |ids: &[Identity]| ids.iter().cloned().collect::<BTreeSet<_>>();
        set(&self.old) != set(&self.new)
    }
}

/// The selections that differ, by the change that tells them: that of the Service, or of a workload that comes, goes
/// or changes.
pub fn selections(facts: &Facts<'_>) -> BTreeMap<usize, Vec<Selection>> {
    let mut found: BTreeMap<usize, Vec<Selection>> = BTreeMap::new();
    if facts.old.gave_up() || facts.new.gave_up() {
        return found;
    }
    for old in facts.old.services.iter() {
        let id = &old.object.id;
        if facts.new.services.get(id).is_none() {
            continue;
        }
        let ids = |topology: &Topology| -> Vec<Identity> {
            topology.behind(id).map(|workload| workload.object.id.clone()).collect()
        };
        let mut selection = Selection { service: id.clone(), old: ids(&facts.old), new: ids(&facts.new) };
        let before: BTreeSet<Identity> = selection.old.iter().cloned().collect();
        selection.new.sort_by_key(|id| !before.contains(id));
        let matters = |id: &Identity| {
            facts.change_of(id).filter(|(_, change)| change.matters()).map(|(index, _)| index)
        };
        let owner = if selection.changes() {
            let after: BTreeSet<Identity> = selection.new.iter().cloned().collect();
            let moved = after.symmetric_difference(&before);
            matters(id).or_else(|| moved.into_iter().find_map(matters))
        } else {
            let resized = |id: &&Identity| match (facts.old.get(id), facts.new.get(id)) {
                (Some(old), Some(new)) => facts.old.replicas(old) != facts.new.replicas(new),
                _ => false,
            };
            let several = selection.new.len() > 1;
            let scaled = selection.new.iter().filter(|_| several).find(resized);
            scaled.and_then(|id| {
                let scaler = facts.new.scaler(id).or_else(|| facts.old.scaler(id));
                matters(id).or_else(|| scaler.and_then(|scaler| matters(&scaler.id)))
            })
        };
        // A changed selector is told with its Service even where it selects the same workloads.
        if let Some(owner) = owner.or_else(|| matters(id).filter(|_| !selection.changes())) {
            found.entry(owner).or_default().push(selection);
        }
    }
    found
}

fn of<'a>(subject: &Subject<'a>) -> &'a [Selection] {
    subject.facts.selections_of(subject.index)
}

fn names(ids: &[Identity]) -> String {
    read::list(&ids.iter().map(Identity::to_string).collect::<Vec<_>>(), 3)
}

fn nothing(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    for selection in of(subject) {
        if !selection.old.is_empty() && selection.new.is_empty() {
            let message = format!(
                "{} selects no pods any more; before, it selected those of {}",
                selection.service,
                names(&selection.old)
            );
            findings.say_of(&selection.service, message);
        }
    }
}

fn meanwhile(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let facts = subject.facts;
    for selection in of(subject) {
        let Some(service) = facts.new.services.get(&selection.service) else { continue };
        let after: HashSet<&Identity> = selection.new.iter().collect();
        let kept = selection.old.iter().filter(|id| after.contains(id));
        let (fit, unfit): (Vec<&Identity>, Vec<&Identity>) = kept.partition(|id| {
            facts.old.workload(id).is_some_and(|workload| service.selector.matches(&workload.labels))
        });
        if unfit.is_empty() || !fit.is_empty() {
            continue;
        }
        let unfit: Vec<Identity> = unfit.into_iter().cloned().collect();
        let field = subject.field("spec.selector").filter(|_| subject.id() == &selection.service);
        let refused: Vec<Identity> = unfit.iter().filter(|id| facts.refused.contains(id)).cloned().collect();
        let message = if refused.is_empty() {
            format!(
                "{} selects none of the pods that run: it has no endpoints until new pods of {} are ready",
                selection.service,
                names(&unfit)
            )
        } else {
            format!(
                "{} selects none of the pods that run, and as {} is refused, no others come",
                selection.service,
                names(&refused)
            )
        };
        if field.is_some() {
            findings.say_at(field, message)
        } else {
            findings.say_of(&selection.service, message)
        }
    }
}

fn split(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    for selection in of(subject) {
        if selection.new.len() < 2 || !(selection.changes() || resized(subject.facts, selection)) {
            continue;
        }
        let new = &subject.facts.new;
        let workloads: Vec<_> = selection.new.iter().filter_map(|id| new.workload(id)).collect();
        let split = Split::new(new, &workloads);
        findings.say_of(&selection.service, format!("{}: {}", selection.service, split.text));
    }
}

fn resized(facts: &Facts<'_>, selection: &Selection) -> bool {
    selection.new.iter().any(|id| match (facts.old.get(id), facts.new.get(id)) {
        (Some(old), Some(new)) => facts.old.replicas(old) != facts.new.replicas(new),
        _ => true,
    })
}

fn others(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    for selection in of(subject) {
        // Several workloads are told with their shares, none at all by its own rule.
        if selection.new.len() != 1 || !selection.changes() {
            continue;
        }
        let gone: Vec<Identity> =
            selection.old.iter().filter(|id| !selection.new.contains(id)).cloned().collect();
        let come: Vec<Identity> =
            selection.new.iter().filter(|id| !selection.old.contains(id)).cloned().collect();
        let service = &selection.service;
        let message = match (gone.is_empty(), come.is_empty()) {
            (true, _) => format!("{service} now selects the pods of {}", names(&come)),
            (_, true) => format!(
                "{service} selects only the pods of {}, no longer those of {}",
                names(&selection.new),
                names(&gone)
            ),
            _ => format!("{service} selects the pods of {} in place of {}", names(&come), names(&gone)),
        };
        findings.say_of(service, message);
    }
}

fn canary(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let facts = subject.facts;
    let Some(new) = subject.added().filter(|_| subject.occasion == Occasion::Added) else { return };
    let Some(index) = facts.new.workload_index(&new.id).filter(|_| !facts.new.gave_up()) else { return };
    let is_old = |stable: &&Selecting| facts.old.services.get(&stable.object.id).is_some();
    let Some(stable) = traffic::named_after(&facts.new, &new.id).find(is_old) else { return };
    if traffic::is_canary_without(&facts.new, index, stable) {
        findings.say(format!(
            "{} is not selected by {}, which asks for {}: it gets none of its traffic",
            new.id,
            stable.object.id,
            stable.selector.describe()
        ));
    }
}
