use super::*;
use crate::rules::change::testing;

fn topology(text: &str) -> Topology {
    Topology::new(&testing::objects(text, false))
}

fn workload(kind: &str, name: &str, namespace: &str, labels: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{template: {{metadata: {{labels: {labels}}}, spec: {{serviceAccountName: {name}}}}}}}\n"
    )
}

fn selected(topology: &Topology, family: &Selectors) -> Vec<String> {
    family
        .iter()
        .map(|selecting| {
            let names = topology.selected_by(selecting).map(|w| w.object.id.name.to_string());
            format!("{} → {}", selecting.object.id.name, names.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn a_service_selects_in_its_namespace_and_a_gateway_everywhere() {
    let objects = workload("Deployment", "a", "edge", "{istio: gw}")
        + &workload("DaemonSet", "b", "other", "{istio: gw}")
        + "---\n{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {istio: gw}}}\n"
        + "---\n{apiVersion: v1, kind: Service, metadata: {name: headless}, spec: {}}\n"
        + "---\n{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: g}, spec: {selector: {istio: gw}}}\n"
        + "---\n{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: all}, spec: {}}\n";
    let topology = topology(&objects);
    assert_eq!(selected(&topology, &topology.services), ["s → a"]);
    assert_eq!(selected(&topology, &topology.gateways), ["g → a b", "all → a b"]);
    let of_a: Vec<_> = topology.gateways.of(0).map(|gateway| &*gateway.object.id.name).collect();
    assert_eq!(of_a, ["g", "all"]);
}

#[test]
fn a_service_may_select_one_pod_of_a_stateful_set_by_name() {
    let service = |pod: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {pod}}}, spec: {{selector: {{app: db, \
             statefulset.kubernetes.io/pod-name: {pod}}}}}}}\n"
        )
    };
    let objects = workload("StatefulSet", "db", "edge", "{app: db}")
        + &workload("Deployment", "other", "edge", "{app: db}")
        + &service("db-0")
        + &service("other-0");
    let topology = topology(&objects);
    assert_eq!(selected(&topology, &topology.services), ["db-0 → db", "other-0 → "]);
}

#[test]
fn an_empty_selector_of_a_policy_is_all_and_a_missing_one_of_a_budget_is_none() {
    let objects = workload("Deployment", "a", "edge", "{app: a}")
        + &workload("StatefulSet", "b", "edge", "{app: b}")
        + "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: none}, spec: {}}\n"
        + "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: all}, spec: {selector: {}}}\n"
        + "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: every}, spec: {}}\n"
        + "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: m}, spec: {podSelector: \
           {matchExpressions: [{key: app, operator: NotIn, values: [a]}]}}}\n";
    let topology = topology(&objects);
    assert_eq!(selected(&topology, &topology.budgets), ["all → a b"]);
    assert_eq!(selected(&topology, &topology.network_policies), ["every → a b", "m → b"]);
}

#[test]
fn a_workload_may_have_two_autoscalers() {
    let scaler = |name: &str| {
        format!(
            "---\n{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: {name}}}, spec: \
             {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: a}}}}}}\n"
        )
    };
    let topology = topology(&(workload("Deployment", "a", "edge", "{}") + &scaler("one") + &scaler("two")));
    let target = &topology.workloads[0].object.id;
    let names: Vec<_> = topology.scalers_of(target).map(|scaler| &*scaler.object.id.name).collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn a_virtual_service_names_gateways_in_four_ways() {
    let topology = topology(
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v}, spec: {gateways: \
         [mesh, own, ./own, far/public, public.far.svc.cluster.local]}}",
    );
    let names = topology.virtual_services[0].gateways.iter();
    let names: Vec<_> = names.map(|g| format!("{} {}/{}", g.index, g.id.namespace, g.id.name)).collect();
    assert_eq!(names, ["1 edge/own", "2 edge/own", "3 far/public", "4 far/public"]);
}

#[test]
fn a_binding_is_for_accounts_by_any_of_their_names() {
    let binding = |subject: &str| {
        let topology = topology(&format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b}}, roleRef: {{kind: \
             Role, name: r}}, subjects: [{subject}]}}"
        ));
        topology.bindings[0].clone()
    };
    assert!(binding("{kind: ServiceAccount, name: a}").is_for("edge", "a"));
    assert!(!binding("{kind: ServiceAccount, name: a, namespace: far}").is_for("edge", "a"));
    assert!(binding("{kind: User, name: 'system:serviceaccount:edge:a'}").is_for("edge", "a"));
    assert!(binding("{kind: Group, name: 'system:serviceaccounts:edge'}").is_for("edge", "a"));
    assert!(!binding("{kind: Group, name: 'system:serviceaccounts:far'}").is_for("edge", "a"));
    assert!(!binding("{kind: Group, name: admins}").is_for("edge", "a"));
    let role = binding("{kind: Group, name: admins}").role;
    assert_eq!((&*role.namespace, &*role.name), ("edge", "r"));
}
