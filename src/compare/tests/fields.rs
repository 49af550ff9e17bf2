use super::*;

#[test]
fn equal_objects_are_no_change() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}";
    assert!(compared(text, text).changes.is_empty());
}

#[test]
fn added_and_removed_maps_are_one_change() {
    assert_eq!(
        within("example.org/v1/Widget", "spec: {a: {x: 1, z: 2}, b: 1}", "spec: {b: 2, c: [1, 2]}"),
        ["spec.a: {\"x\":1,\"z\":2} → -", "spec.b: 1 → 2", "spec.c: - → [1,2]"]
    );
}

#[test]
fn a_new_version_of_the_api_is_a_change_of_a_field() {
    let object = |version| {
        format!("apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}")
    };
    assert_eq!(
        lines(&object("v2beta2"), &object("v2")),
        ["apiVersion: \"autoscaling/v2beta2\" → \"autoscaling/v2\""]
    );
}

#[test]
fn the_namespace_of_the_release_may_be_said_or_not() {
    let object = |more| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{more}}}");
    let comparison = compared(&object(""), &object(", namespace: edge"));
    assert_eq!(line(&comparison.changes[0].fields[0]), "metadata.namespace: - → \"edge\" (Default)");
    assert!(!comparison.changes[0].matters());
}

#[test]
fn defaults_and_quantities_are_found_within_objects() {
    let pod = |container, more| {
        format!("spec: {{template: {{spec: {{containers: [{{name: a, {container}}}]{more}}}}}}}")
    };
    assert_eq!(
        within(
            "apps/v1/Deployment",
            &pod("resources: {limits: {cpu: 500m, memory: 1Gi}}", ""),
            &pod("resources: {limits: {cpu: 0.5, memory: 1025Mi}}, ports: []", ", restartPolicy: Always"),
        ),
        [
            "spec.template.spec.containers[name=a].ports: - → [] (Empty)",
            "spec.template.spec.containers[name=a].resources.limits.cpu: \"500m\" → 0.5 (Quantity)",
            "spec.template.spec.containers[name=a].resources.limits.memory: \"1Gi\" → \"1025Mi\"",
            "spec.template.spec.restartPolicy: - → \"Always\" (Default)",
        ]
    );
}

#[test]
fn what_is_deeper_than_walked_is_one_field() {
    let nested = |leaf: &str| format!("spec: {}{leaf}{}", "{a: ".repeat(300), "}".repeat(300));
    let lines = within("example.org/v1/Widget", &nested("1"), &nested("2"));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("spec.a.a.a"), "{}", lines[0]);
    assert_eq!(within("example.org/v1/Widget", &nested("1"), &nested("1")), Vec::<String>::new());
}

#[test]
fn an_object_of_too_many_changes_is_one_change() {
    let object = |value: &str| {
        let lines: String = (0..25_000).map(|i| format!("  k{i}: {value}\n")).collect();
        format!("apiVersion: example.org/v1\nkind: Widget\nmetadata: {{name: a}}\nspec:\n{lines}")
    };
    let comparison = compared(&object("1"), &object("2"));
    let change = &comparison.changes[0];
    assert_eq!(change.fallback, Some("more than 20,000 fields differ"));
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].path, Path::default());
}

#[test]
fn the_completions_of_a_job_are_one_only_without_parallelism() {
    assert_eq!(
        within("batch/v1/Job", "spec: {x: 1}", "spec: {x: 1, completions: 1}"),
        ["spec.completions: - → 1 (Default)"]
    );
    assert_eq!(
        within("batch/v1/Job", "spec: {parallelism: 2}", "spec: {parallelism: 2, completions: 1}"),
        ["spec.completions: - → 1"]
    );
}
