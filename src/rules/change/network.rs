//! Who may reach whom, and by which way: policies, routes, probes.

use std::collections::HashSet;

use super::Effect::Traffic;
use super::facts::{Occasion, Subject};
use super::rule::{Check, Fields, Findings, Rule};
use crate::compare::FieldChange;
use crate::rules::read;
use crate::rules::workload;
use crate::value::Value;

/// The table.
pub const RULES: &[Rule] = &[
    Rule::new(
        "network-policy-narrows",
        Traffic,
        "less let through ({})",
        "A NetworkPolicy is new, loses rules, or isolates one more direction.",
        "Pods that any policy selects accept only what some policy allows.",
        Check::Run(|subject, findings| policy(subject, findings, Turn::Narrower)),
    )
    .source("pkg/apis/networking/types.go: NetworkPolicySpec"),
    Rule::new(
        "network-policy-widens",
        Traffic,
        "more let through ({})",
        "A NetworkPolicy goes, gets rules, or leaves a direction open.",
        "Pods that no policy selects accept everything.",
        Check::Run(|subject, findings| policy(subject, findings, Turn::Wider)),
    ),
    Rule::new(
        "network-policy-moves",
        Traffic,
        "other pods covered ({})",
        "The podSelector of a NetworkPolicy changes.",
        "Pods that it selects no longer may be open now, others may be shut.",
        Check::Fields(&[Fields {
            kinds: POLICIES,
            paths: &["spec.podSelector"],
            except: &[],
            message: "covers other pods than before",
        }]),
    ),
    Rule::new(
        "route-changed",
        Traffic,
        "routes ({})",
        "An Ingress, a route, a Gateway or another object that directs requests changes, comes or goes.",
        "Its controller directs requests by it as soon as it sees the change. No pod restarts.",
        Check::Run(routes),
    ),
    Rule::new(
        "access-policy-changed",
        Traffic,
        "access policies ({})",
        "An Istio or Cilium policy that allows and denies requests changes, comes or goes.",
        "Requests that were let in may be refused, and the other way round.",
        Check::Run(policies),
    ),
    Rule::new(
        "readiness-changed",
        Traffic,
        "readiness ({})",
        "The readiness probe of a container changes.",
        "Services send traffic only to pods that are ready, and rollouts wait for it.",
        Check::Fields(&[Fields {
            kinds: &["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "argoproj.io/Rollout"],
            paths: &["{pod}.spec.containers.*.readinessProbe", "{pod}.spec.readinessGates"],
            except: &[],
            message: "changes when pods count as ready, and get traffic: {field}",
        }]),
    ),
    Rule::new(
        "named-port-missing",
        Traffic,
        "named ports missing ({})",
        "A Service sends to a container port by a name that the pods have no longer.",
        "Pods without a port of that name get no traffic from it.",
        Check::Run(named_port),
    )
    .code("GW043"),
];

const POLICIES: &[&str] = &["networking.k8s.io/NetworkPolicy", "extensions/NetworkPolicy"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Narrower,
    Wider,
}

fn policy(subject: &Subject<'_>, findings: &mut Findings<'_, '_>, turn: Turn) {
    if !subject.is(POLICIES) {
        return;
    }
    let directions = |value: &Value| directions(value).join(" and ");
    match subject.occasion {
        Occasion::Added if turn == Turn::Narrower => {
            let directions = directions(&subject.new_value());
            findings
                .say(format!("a new policy: pods that it selects have only the {directions} that it allows"));
        }
        Occasion::Removed if turn == Turn::Wider => {
            let directions = directions(&subject.old_value());
            findings.say(format!("the policy goes: pods that no other policy selects have any {directions}"));
        }
        Occasion::Changed | Occasion::Renamed => {
            let (old, new) = (subject.old_value(), subject.new_value());
            for (direction, path) in [("ingress", "spec.ingress"), ("egress", "spec.egress")] {
                let field = subject.field(path).or_else(|| subject.field("spec.policyTypes"));
                compare_direction(&old, &new, direction, field, findings, turn);
            }
        }
        _ => {}
    }
}

/// The directions that a policy isolates: ingress always by default, egress if there are rules for it.
fn directions(value: &Value) -> Vec<String> {
    let types = read::texts(value, "spec.policyTypes");
    if !types.is_empty() {
        return types.iter().map(|t| t.to_lowercase()).collect();
    }
    let egress = !read::items(value, "spec.egress").is_empty();
    ["ingress"].into_iter().chain(egress.then_some("egress")).map(String::from).collect()
}

fn compare_direction(
    old: &Value,
    new: &Value,
    direction: &str,
    field: Option<&FieldChange>,
    findings: &mut Findings<'_, '_>,
    turn: Turn,
) {
    let isolates = |value| directions(value).iter().any(|own| own == direction);
    match (isolates(old), isolates(new)) {
        (false, true) if turn == Turn::Narrower => {
            findings
                .say_at(field, format!("pods that it selects now have only the {direction} that it allows"));
        }
        (true, false) if turn == Turn::Wider => {
            findings.say_at(field, format!("no longer limits {direction}"));
        }
        (true, true) => {
            let path = format!("spec.{direction}");
            let rules = |value| {
                let mut rules = read::items(value, &path);
                read::sort(&mut rules);
                rules
            };
            let (was, is) = (rules(old), rules(new));
            let (less, more) = match turn {
                Turn::Narrower => (&is, &was),
                Turn::Wider => (&was, &is),
            };
            let missing = count_missing(more, less);
            if missing > 0 {
                let rules = read::count(missing, "rule");
                let verb = if turn == Turn::Narrower { "no longer has" } else { "has" };
                let which = if turn == Turn::Narrower { "" } else { "new or other " };
                let rules =
                    if which.is_empty() { rules } else { rules.replacen(' ', &format!(" {which}"), 1) };
                findings.say_at(field, format!("{verb} {rules} for {direction}"));
            }
        }
        _ => {}
    }
}

/// How many of the sorted values are not among the others, which are sorted, too.
fn count_missing(values: &[Value], others: &[Value]) -> usize {
    let mut others = others.iter().peekable();
    let mut missing = 0;
    for value in values {
        while others.next_if(|other| read::compare(other, value).is_lt()).is_some() {}
        if others.next_if(|other| read::equal(Some(other), Some(value))).is_none() {
            missing += 1;
        }
    }
    missing
}

/// Kinds that direct requests.
const ROUTES: &[&str] = &[
    "networking.k8s.io/Ingress",
    "extensions/Ingress",
    "gateway.networking.k8s.io/*",
    "gateway.networking.x-k8s.io/*",
    "networking.istio.io/DestinationRule",
    "networking.istio.io/EnvoyFilter",
    "networking.istio.io/Gateway",
    "networking.istio.io/ProxyConfig",
    "networking.istio.io/ServiceEntry",
    "networking.istio.io/Sidecar",
    "networking.istio.io/VirtualService",
    "networking.istio.io/WorkloadEntry",
    "networking.istio.io/WorkloadGroup",
    "extensions.istio.io/WasmPlugin",
    "telemetry.istio.io/Telemetry",
    "traefik.io/*",
    "traefik.containo.us/*",
    "projectcontour.io/*",
    "gateway.envoyproxy.io/*",
    "kuma.io/MeshHTTPRoute",
    "getambassador.io/*",
    "configuration.konghq.com/*",
    "route.openshift.io/Route",
    "policy.linkerd.io/HTTPRoute",
    "split.smi-spec.io/TrafficSplit",
    "discovery.k8s.io/EndpointSlice",
    "Endpoints",
];

/// Kinds that let requests in or not.
const ACCESS: &[&str] = &[
    "security.istio.io/*",
    "cilium.io/CiliumNetworkPolicy",
    "cilium.io/CiliumClusterwideNetworkPolicy",
    "crd.projectcalico.org/NetworkPolicy",
    "crd.projectcalico.org/GlobalNetworkPolicy",
    "projectcalico.org/NetworkPolicy",
    "projectcalico.org/GlobalNetworkPolicy",
    "policy.networking.k8s.io/*",
    "policy.linkerd.io/AuthorizationPolicy",
    "policy.linkerd.io/Server",
];

/// Whether an object directs requests, or lets them in.
pub fn directs(subject: &Subject<'_>) -> bool {
    subject.is(ROUTES) || subject.is(ACCESS)
}

fn routes(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    touched(subject, findings, ROUTES, "directs requests");
}

fn policies(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    touched(subject, findings, ACCESS, "lets requests in");
}

fn touched(subject: &Subject<'_>, findings: &mut Findings<'_, '_>, kinds: &[&str], does: &str) {
    if !subject.is(kinds) {
        return;
    }
    match subject.occasion {
        Occasion::Added => findings.say(format!("is new, and {does}")),
        Occasion::Removed => findings.say(format!("goes, and no longer {does}")),
        // The new name is told by its own rule; the contents are what direct requests.
        Occasion::Changed | Occasion::Renamed => {
            let meta = ["metadata.labels", "metadata.name", "metadata.namespace", "status", "apiVersion"];
            let field = subject.field_but("", &meta);
            // Annotations of an Ingress are settings of its controller; those of others are notes.
            let is_note = |field: &FieldChange| {
                super::fields::first(std::slice::from_ref(field), "metadata.annotations", &[]).is_some()
                    && &*subject.id().kind != "Ingress"
            };
            if let Some(field) = field.filter(|field| !is_note(field)) {
                findings.say_at(Some(field), format!("{does} otherwise: {} changes", field.path));
            } else if let Some(field) =
                subject.field_but("", &[&meta[..], &["metadata.annotations"]].concat())
            {
                findings.say_at(Some(field), format!("{does} otherwise: {} changes", field.path));
            }
        }
    }
}

fn named_port(subject: &Subject<'_>, findings: &mut Findings<'_, '_>) {
    let Some((old, new)) = subject.both() else { return };
    let facts = subject.facts;
    if workload::pod_labels(new).is_none() || !subject.template_changes() || facts.new.gave_up() {
        return;
    }
    let names = |object| -> HashSet<String> {
        let containers = workload::template(object).map(|t| workload::containers(&t)).unwrap_or_default();
        containers
            .iter()
            .flat_map(|container| read::items(&container.value, "ports"))
            .filter_map(|port| read::text(&port, "name"))
            .collect()
    };
    let (was, is) = (names(old), names(new));
    let gone: HashSet<&String> = was.difference(&is).collect();
    if gone.is_empty() {
        return;
    }
    for service in facts.new.services_selecting(&new.id) {
        for port in read::items(&service.object.value, "spec.ports") {
            let target = read::text(&port, "targetPort").unwrap_or_default();
            if gone.contains(&target) {
                let message = format!(
                    "no container has the port {target:?} any more, to which {} sends port {}",
                    service.object.id,
                    read::text(&port, "port").unwrap_or_default()
                );
                findings.say_at(subject.field("{pod}.spec.containers.*.ports"), message);
            }
        }
    }
}
