use super::*;

fn pod(containers: &str) -> String {
    format!("spec: {{template: {{spec: {containers}}}}}")
}

fn deployment(old: &str, new: &str) -> Vec<String> {
    within("apps/v1/Deployment", &pod(old), &pod(new))
}

#[test]
fn containers_are_told_apart_by_name() {
    assert_eq!(
        deployment(
            "{containers: [{name: a, image: x:1}, {name: b}]}",
            "{containers: [{name: c}, {name: b}, {name: a, image: x:2}]}"
        ),
        [
            "spec.template.spec.containers[name=c]: - → {\"name\":\"c\"}",
            "spec.template.spec.containers[name=b]: {\"name\":\"b\"} → {\"name\":\"b\"} [moved: other items stand before it than did]",
            "spec.template.spec.containers[name=a].image: \"x:1\" → \"x:2\"",
        ]
    );
}

#[test]
fn the_order_of_init_containers_counts() {
    let lines = deployment(
        "{initContainers: [{name: a}, {name: b}, {name: c}]}",
        "{initContainers: [{name: b}, {name: c}, {name: a}]}",
    );
    assert_eq!(
        lines,
        [
            "spec.template.spec.initContainers[name=a]: {\"name\":\"a\"} → {\"name\":\"a\"} [moved from index 0 to 2]"
        ]
    );
}

#[test]
fn ports_are_told_apart_by_number_and_protocol_or_else_by_name() {
    assert_eq!(
        within(
            "v1/Service",
            "spec: {ports: [{port: 80, protocol: TCP, name: h}, {port: 53, protocol: UDP}, {port: 53}]}",
            "spec: {ports: [{port: 8080, name: h}, {port: 53}, {port: 53, protocol: UDP, targetPort: x}]}"
        ),
        [
            "spec.ports: [{\"name\":\"h\",\"port\":80,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":\"UDP\"},{\"port\":53}] → [{\"name\":\"h\",\"port\":8080},{\"port\":53},{\"port\":53,\"protocol\":\"UDP\",\"targetPort\":\"x\"}] (Order)",
            "spec.ports[name=h].port: 80 → 8080",
            "spec.ports[name=h].protocol: \"TCP\" → - (Default)",
            "spec.ports[port=53,protocol=UDP].targetPort: - → \"x\"",
        ]
    );
}

#[test]
fn items_of_the_same_key_are_paired_in_order() {
    assert_eq!(
        deployment(
            "{containers: [{name: a, env: [{name: X, value: '1'}, {name: X, value: '2'}]}]}",
            "{containers: [{name: a, env: [{name: X, value: '1'}, {name: X, value: '3'}, {name: X}]}]}"
        ),
        [
            "spec.template.spec.containers[name=a].env[name=X].value: \"2\" → \"3\"",
            "spec.template.spec.containers[name=a].env[name=X]: - → {\"name\":\"X\"}",
        ]
    );
}

#[test]
fn rules_are_paired_by_what_they_have_in_common() {
    let role = "rbac.authorization.k8s.io/v1/ClusterRole";
    assert_eq!(
        within(
            role,
            "rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments], verbs: [get]}]",
            "rules: [{apiGroups: [apps], resources: [deployments], verbs: [get]}, {apiGroups: [''], resources: [pods], verbs: [list, get, delete]}]"
        ),
        [
            "rules: [{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\"]},{\"apiGroups\":[\"apps\"],\"resources\":[\"deployments\"],\"verbs\":[\"get\"]}] → [{\"apiGroups\":[\"apps\"],\"resources\":[\"deployments\"],\"verbs\":[\"get\"]},{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"list\",\"get\",\"delete\"]}] (Order)",
            "rules[1].verbs: [\"get\",\"list\"] → [\"list\",\"get\",\"delete\"] (Order)",
            "rules[1].verbs[2]: - → \"delete\"",
        ]
    );
}

#[test]
fn arguments_are_aligned_and_moves_are_told() {
    assert_eq!(
        deployment(
            "{containers: [{name: a, args: [run, --level=info, --x, --y]}]}",
            "{containers: [{name: a, args: [run, --new, --level=debug, --y, --x]}]}"
        ),
        [
            "spec.template.spec.containers[name=a].args[1]: - → \"--new\"",
            "spec.template.spec.containers[name=a].args[2]: \"--level=info\" → \"--level=debug\"",
            "spec.template.spec.containers[name=a].args[3]: \"--y\" → \"--y\" [moved: other items stand before it than did]",
        ]
    );
}

#[test]
fn unknown_lists_are_paired_by_a_key_that_all_items_have() {
    assert_eq!(
        within(
            "example.org/v1/Widget",
            "spec: {parts: [{id: 1, x: a}, {id: 2, x: b}]}",
            "spec: {parts: [{id: 2, x: b}, {id: 3, x: a}]}"
        ),
        ["spec.parts[id=1]: {\"id\":1,\"x\":\"a\"} → -", "spec.parts[id=3]: - → {\"id\":3,\"x\":\"a\"}"]
    );
    assert_eq!(
        within(
            "example.org/v1/Widget",
            "spec: {parts: [{id: 1, x: a, z: b}, {id: 1, x: b}]}",
            "spec: {parts: [{id: 1, x: b}, {id: 1, x: b}]}"
        ),
        ["spec.parts[0].x: \"a\" → \"b\"", "spec.parts[0].z: \"b\" → -"]
    );
}

#[test]
fn metrics_are_told_apart_by_what_they_measure() {
    let metric = |name: &str, value: u32| {
        format!("{{type: Resource, resource: {{name: {name}, target: {{averageUtilization: {value}}}}}}}")
    };
    let spec = |metrics: &[String]| format!("spec: {{metrics: [{}]}}", metrics.join(", "));
    assert_eq!(
        within(
            "autoscaling/v2/HorizontalPodAutoscaler",
            &spec(&[metric("cpu", 80)]),
            &spec(&[metric("memory", 70), metric("cpu", 90)])
        ),
        [
            "spec.metrics[type=Resource,resource.name=memory]: - → {\"resource\":{\"name\":\"memory\",\"target\":{\"averageUtilization\":70}},\"type\":\"Resource\"}",
            "spec.metrics[type=Resource,resource.name=cpu].resource.target.averageUtilization: 80 → 90",
        ]
    );
}

#[test]
fn the_order_of_sets_means_nothing() {
    assert_eq!(
        within("v1/PersistentVolume", "spec: {accessModes: [A, B]}", "spec: {accessModes: [B, A]}"),
        ["spec.accessModes: [\"A\",\"B\"] → [\"B\",\"A\"] (Order)"]
    );
}

#[test]
fn the_order_of_anything_counts_where_api_servers_hold_it_against_what_was() {
    assert_eq!(
        within("v1/PersistentVolumeClaim", "spec: {accessModes: [A, B]}", "spec: {accessModes: [B, A]}"),
        ["spec.accessModes[0]: \"B\" → \"B\" [moved from index 1 to 0]"]
    );
}

#[test]
fn very_long_lists_are_aligned_within_bounds() {
    let list = |skip: usize| {
        let items: Vec<String> =
            (0..60_000).filter(|i| i % 1000 != skip).map(|i| (i % 7000).to_string()).collect();
        format!("spec: {{x: [{}]}}", items.join(","))
    };
    let lines = within("example.org/v1/Widget", &list(1), &list(2));
    assert_eq!(lines.len(), 60);
}
