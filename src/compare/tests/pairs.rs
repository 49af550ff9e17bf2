use super::*;

fn object(kind: &str, name: &str, more: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{more}")
}

fn all(objects: &[String]) -> String {
    objects.join("\n---\n")
}

#[test]
fn changes_stand_in_the_order_of_the_new_side_and_removed_ones_where_they_stood() {
    let of = |kind, value: &str| object(kind, "a", &format!("x: {value}"));
    let old = all(&[of("A", "1"), of("B", "1"), of("C", "1"), of("D", "1")]);
    let new = all(&[of("D", "2"), of("E", "2"), of("A", "2"), of("C", "2")]);
    assert_eq!(pairs(&compared(&old, &new)), ["D/a = D/a", "- = E/a", "A/a = A/a", "B/a = -", "C/a = C/a"]);
}

#[test]
fn a_kind_that_moved_to_another_group_is_the_same_object() {
    let old = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}";
    let new = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}";
    let comparison = compared(old, new);
    assert_eq!(comparison.changes.len(), 1);
    assert_eq!(comparison.changes[0].similarity, None);
    assert_eq!(line(&comparison.changes[0].fields[0]), "apiVersion: \"extensions/v1beta1\" → \"apps/v1\"");
}

#[test]
fn kinds_of_the_same_name_in_unrelated_groups_are_not() {
    let old = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}";
    let new = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}";
    assert_eq!(pairs(&compared(old, new)), ["Gateway/a = -", "- = Gateway/a"]);
}

#[test]
fn hooks_are_paired_with_hooks_first() {
    let (hook, plain) = (object("Job", "a", "x: 1"), object("Job", "a", "x: 2"));
    let old: Vec<_> = with_role(&hook, Role::Hook).into_iter().chain(objects(&plain)).collect();
    let new: Vec<_> = objects(&plain).into_iter().chain(with_role(&hook, Role::Hook)).collect();
    assert!(compare(old, new, &Options::default()).changes.is_empty());
    let comparison = compare(with_role(&hook, Role::Hook), objects(&hook), &Options::default());
    assert_eq!(pairs(&comparison), ["Job/a = Job/a"]);
    assert!(comparison.changes[0].fields.is_empty() && comparison.changes[0].matters());
}

#[test]
fn objects_that_are_there_twice_are_paired_in_order_with_a_warning() {
    let of = |value: &str| object("ConfigMap", "a", &format!("data: {{x: '{value}'}}"));
    let comparison = compared(&all(&[of("1"), of("2")]), &all(&[of("1"), of("3"), of("4")]));
    assert_eq!(pairs(&comparison), ["ConfigMap/a = ConfigMap/a", "- = ConfigMap/a"]);
    assert_eq!(
        comparison.warnings,
        [
            "ConfigMap/a is there 2 times on the old side; the first is compared with the first",
            "ConfigMap/a is there 3 times on the new side; the first is compared with the first"
        ]
    );
}
