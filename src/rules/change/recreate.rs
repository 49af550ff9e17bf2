//! What goes and comes again.

use super::Effect::Recreate;
use super::facts::{Occasion, Subject};
use super::restart;
use super::rule::{Check, Findings, Rule};
use crate::rules::read;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "renamed",
        Recreate,
        "{} under another name",
        "An object gets another name or moves to another namespace.",
        "For a cluster these are two objects: Helm makes the new one, then deletes the old one. What others call by \
         the old name (Services, claims, accounts, secrets) is gone for them.",
        Check::Run(renamed),
    )
    .source("helm pkg/kube/client.go: Update"),
    Rule::new(
        "load-balancer-recreated",
        Recreate,
        "other external address ({})",
        "A Service of type LoadBalancer is deleted while another is made, or changes its type and back.",
        "The cloud gives the new load balancer another address. DNS records and firewalls keep the old one.",
        Check::Run(load_balancer),
    )
    .code("GW101"),
    Rule::new(
        "restart-all-at-once",
        Recreate,
        "all pods at once ({})",
        "The pod template of a Deployment with the strategy Recreate changes.",
        "All old pods end before the first new one starts: nothing answers in between.",
        Check::Run(all_at_once),
    )
    .code("GW102")
    .source("pkg/controller/deployment/recreate.go"),
];

fn renamed(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both_names().filter(|_| subject.occasion == Occasion::Renamed) else {
        return;
    };
    if old.id.namespace != new.id.namespace && old.id.name == new.id.name && old.id.kind == new.id.kind {
        findings.say(format!(
            "recreated: {} is deleted from the namespace {} and made in {}",
            old.id, old.id.namespace, new.id.namespace
        ));
    } else if subject.kind() == "PersistentVolumeClaim" {
        findings.say(format!("recreated: {} is deleted; {} starts empty", old.id, new.id));
    } else {
        findings.say(format!("recreated: {} is deleted and {} is made", old.id, new.id));
    }
}

fn load_balancer(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let (Some(old), Some(_)) = (subject.removed(), subject.added()) else { return };
    let is_balancer = |value| read::text(value, "spec.type").as_deref() == Some("LoadBalancer");
    if subject.is(&["Service"]) && is_balancer(&old.value) && is_balancer(&subject.new_value()) {
        findings.say("recreated: the new load balancer has another external address; DNS must follow");
    }
}

fn all_at_once(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    if restart::manner(subject) == Some(restart::Manner::AllAtOnce) {
        let (field, cause) = restart::cause(subject);
        findings.say_at(field, format!("restarts all pods at once, with an interruption, because {cause}"));
    }
}
