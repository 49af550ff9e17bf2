//! What Services and Gateways select.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::pods::{self, Near};
use crate::compare::Path;
use crate::manifest::object::Object;
use crate::rules::injection::REVISION_LABEL;
use crate::rules::object::{Check, Findings, Rule, Scene, Severity};
use crate::rules::selector::Labels;
use crate::rules::topology::{Selecting, Workload};
use crate::rules::workload;
use crate::rules::{read, selector};

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        id: "GW001",
        name: "service-selects-nothing",
        severity: Severity::Error,
        summary: "A Service selects no pods: no workload of its namespace has the labels that it asks for.",
        why: "It has no endpoints then, and connections to it are refused. Where the pods may \
              get a label while they run (a leader's), or other objects may make pods (an operator's own kinds), it is \
              a warning, and where nothing comes near, only worth knowing.",
        fix: "Give Service and pods the same labels. If the pods come from elsewhere, name their workloads by --with.",
        source: "staging/src/k8s.io/api/core/v1/types.go: ServiceSpec.Selector",
        check: Check::Whole(service_selects_nothing),
    },
    Rule {
        id: "GW003",
        name: "gateway-selects-nothing",
        severity: Severity::Error,
        summary: "A Gateway selects no pods of any namespace.",
        why: "Istio configures the proxies that a Gateway selects; without any, its ports are not opened anywhere. \
              Where no gateway workload is known, it may be in the cluster, and this is a warning.",
        fix: "Set spec.selector to labels that the gateway's pods have; the gateway chart labels them istio: and the \
              name of the release, without istio- at the start. If the gateway is another release, name its objects \
              by --with.",
        source: "pkg/config/analysis/analyzers/gateway/gateway.go: IST0101",
        check: Check::Whole(gateway_selects_nothing),
    },
    Rule {
        id: "GW004",
        name: "gateway-selects-many",
        severity: Severity::Warning,
        summary: "A Gateway selects the pods of gateways that are not one: in several namespaces, or behind several \
                  Services.",
        why: "All of them open its ports and answer for its hosts, with certificates that each must find in its own \
              namespace. A Gateway without a selector applies to every proxy of the mesh.",
        fix: "Give each gateway a label of its own, istio: NAME by custom, and select by that.",
        source: "pilot/pkg/model/push_context.go: mergeGateways",
        check: Check::Whole(gateway_selects_many),
    },
    Rule {
        id: "GW011",
        name: "service-selector-pins-revision",
        severity: Severity::Info,
        summary: "A Service selects pods by their Istio revision.",
        why: "All its traffic goes to that revision, and moves in one step when the selector changes. Where no \
              workload has that revision, it is a warning.",
        fix: "Nothing, if that is how you switch between revisions. Otherwise leave istio.io/rev out of the selector.",
        source: "istio.io/docs/setup/additional-setup/gateway: canary upgrade",
        check: Check::Whole(pins_revision),
    },
];

/// Groups of custom resources that make no pods, though they look like an operator's.
const MAKES_NO_PODS: &[&str] = &[
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
    "install.istio.io",
    "cert-manager.io",
    "external-secrets.io",
    "bitnami.com",
    "traefik.io",
    "traefik.containo.us",
    "keda.sh",
    "kyverno.io",
    "networking.gke.io",
    "cloud.google.com",
    "cilium.io",
];

/// Kinds of the groups that do make pods, but themselves make none.
const MAKES_NONE: &[&str] = &[
    "ServiceMonitor",
    "PodMonitor",
    "PrometheusRule",
    "Probe",
    "ScrapeConfig",
    "AlertmanagerConfig",
    "GrafanaDashboard",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "TCPRoute",
    "ReferenceGrant",
];

/// Whether an object is of a kind whose controller may make pods of its own.
fn may_make_pods(object: &Object) -> bool {
    let (group, kind) = (&*object.id.group, &*object.id.kind);
    let builtin =
        !group.contains('.') || (group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io");
    !builtin
        && workload::template_path(group, kind).is_none()
        && !MAKES_NO_PODS.contains(&group)
        && !MAKES_NONE.contains(&kind)
}

fn service_selects_nothing(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.gave_up() || topology.services.iter().all(|service| !service.selects.is_empty()) {
        return;
    }
    let operated: BTreeSet<&str> =
        scene.all().filter(|object| may_make_pods(object)).map(|object| &*object.id.namespace).collect();
    let jobs = Jobs::new(scene);
    for service in topology.services.iter().filter(|service| service.selects.is_empty()) {
        if !findings.judges(&service.object) {
            continue;
        }
        let namespace = &*service.object.id.namespace;
        let indices = topology.workloads_in(&service.object.id.namespace);
        let Some(of_job) = jobs.has(service, findings) else { return };
        if of_job {
            continue;
        }
        if !findings.may_compare(indices.len().min(pods::MOST_COMPARED)) {
            return;
        }
        let mut here = indices.iter().filter_map(|index| topology.workloads.get(*index)).peekable();
        let (any, by_others) = (here.peek().is_some(), operated.contains(namespace));
        let asked = service.selector.describe();
        let (message, severity) = match pods::nearest(&service.selector, here) {
            _ if !any && !by_others => (
                format!(
                    "selects no pods: nothing here makes pods in {namespace}, so none have the labels {asked}"
                ),
                Severity::Info,
            ),
            Some((near, how)) => {
                let later =
                    if how == Near::MissingLabel { ", unless its pods get that while they run" } else { "" };
                let miss = pods::describe_miss(&service.selector, &near.labels);
                (
                    format!("selects no pods: it asks for {asked}, and {} {miss}{later}", near.object.id),
                    if by_others || how == Near::MissingLabel { Severity::Warning } else { Severity::Error },
                )
            }
            None => (
                format!("selects no pods: none in {namespace} have the labels {asked}"),
                if by_others { Severity::Info } else { Severity::Error },
            ),
        };
        findings.say(&service.object, Path::of("spec.selector"), message).severity(severity);
    }
}

/// The labels of pods that end by themselves.
#[derive(Default)]
struct Jobs {
    all: Vec<Labels>,
    by_label: HashMap<(Arc<str>, String, String), Vec<usize>>,
}

impl Jobs {
    fn new(scene: &Scene) -> Jobs {
        let mut jobs = Jobs::default();
        for job in scene.of(&["batch/Job", "batch/CronJob"]) {
            let Some(template) = workload::template(job) else { continue };
            let labels = selector::labels(&template, "metadata.labels");
            for (key, value) in &labels {
                let label = (job.id.namespace.clone(), key.clone(), value.clone());
                jobs.by_label.entry(label).or_default().push(jobs.all.len());
            }
            jobs.all.push(labels);
        }
        jobs
    }

    /// Whether a Service selects some of them; `None` if there are too many to say.
    fn has(&self, service: &Selecting, findings: &mut Findings) -> Option<bool> {
        let by_label = |(key, value): (&String, &String)| {
            let label = (service.object.id.namespace.clone(), key.clone(), value.clone());
            self.by_label.get(&label).map_or(&[][..], Vec::as_slice)
        };
        // The rarest of the labels asked for leaves the fewest to look at.
        let labels = service.selector.labels();
        let Some(rarest) = labels.iter().map(by_label).min_by_key(|found| found.len()) else {
            return Some(false);
        };
        let matches = |index: &usize| self.all.get(*index).is_some_and(|own| service.selector.matches(own));
        findings.may_compare(rarest.len()).then(|| rarest.iter().any(matches))
    }
}

fn gateway_selects_nothing(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    if topology.gave_up() {
        return;
    }
    let workloads: Vec<&Workload> = topology.workloads.iter().filter(|it| it.is_gateway).collect();
    for gateway in topology.gateways.iter().filter(|gateway| gateway.selects.is_empty()) {
        if gateway.selector.is_empty() || !findings.judges(&gateway.object) {
            continue;
        }
        if !findings.may_compare(workloads.len().min(pods::MOST_COMPARED)) {
            return;
        }
        let asked = gateway.selector.describe();
        let near = pods::nearest(&gateway.selector, workloads.iter().copied()).map(|(near, _)| near);
        let near = near.or_else(|| workloads.first().copied());
        let (message, severity) = match near {
            Some(near) => (
                format!(
                    "selects no pods: it asks for {asked}, and {} {}",
                    pods::beside(&near.object.id, &gateway.object.id.namespace),
                    pods::describe_miss(&gateway.selector, &near.labels)
                ),
                Severity::Error,
            ),
            None => (
                format!("selects no pods here: there is no gateway workload with the labels {asked}"),
                Severity::Warning,
            ),
        };
        findings.say(&gateway.object, Path::of("spec.selector"), message).severity(severity);
    }
}

fn gateway_selects_many(scene: &Scene, findings: &mut Findings) {
    let topology = &scene.topology;
    for gateway in topology.gateways.iter() {
        if gateway.selector.is_empty() {
            let message = "has no selector: it applies to every proxy of the mesh";
            findings.say(&gateway.object, Path::of("spec"), message);
            continue;
        }
        // Where not all is known of who selects whom, Services may share pods after all.
        if topology.gave_up() {
            continue;
        }
        let selected: Vec<&Workload> = topology.selected_by(gateway).collect();
        let several = selected.array_windows().any(|[a, b]| a.object.id.namespace != b.object.id.namespace);
        if several {
            let names = read::few(&selected, 3, |it| pods::beside(&it.object.id, ""));
            let message = format!("selects pods of several namespaces: {names}");
            findings.say(&gateway.object, Path::of("spec.selector"), message);
            continue;
        }
        // A canary is behind the Service of the stable gateway; gateways of their own share none.
        let mut first: HashSet<*const Object> = HashSet::new();
        for index in &gateway.selects {
            if !findings.may_compare(1 + topology.services.of(*index).count()) {
                return;
            }
            let mut own = topology.services.of(*index).map(|service| Arc::as_ptr(&service.object)).peekable();
            if first.is_empty() {
                first.extend(own);
            } else if own.peek().is_some() && !own.any(|service| first.contains(&service)) {
                let names = pods::names(&selected);
                let message = format!("selects pods of gateways behind different Services: {names}");
                findings.say(&gateway.object, Path::of("spec.selector"), message);
                break;
            }
        }
    }
}

fn pins_revision(scene: &Scene, findings: &mut Findings) {
    let revisions: HashSet<(&str, &str)> = scene
        .topology
        .workloads
        .iter()
        .filter_map(|workload| Some((&*workload.object.id.namespace, workload.revision()?)))
        .collect();
    for service in scene.topology.services.iter() {
        let Some(revision) = service.selector.labels().get(REVISION_LABEL) else { continue };
        let known = revisions.contains(&(&*service.object.id.namespace, revision.as_str()));
        let (message, severity) = match known {
            true => (format!("sends all traffic to pods of the revision {revision}"), Severity::Info),
            false => (
                format!("asks for pods of the revision {revision}, and no workload here has it"),
                Severity::Warning,
            ),
        };
        let field = Path::of("spec.selector").key(REVISION_LABEL);
        findings.say(&service.object, field, message).severity(severity);
    }
}
