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

fn labelled(kind: &str, name: &str, namespace: &str, release: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app.kubernetes.io/instance: {release}, helm.sh/chart: {release}-1}}}}\n{more}"
    )
}

fn renamed(comparison: &Comparison) -> Vec<String> {
    let mut pairs = pairs(comparison);
    for (pair, change) in pairs.iter_mut().zip(&comparison.changes) {
        if let Some(similarity) = change.similarity {
            pair.push_str(&format!(" {similarity:.2}"));
        }
    }
    pairs
}

#[test]
fn an_object_that_is_much_like_a_removed_one_was_renamed() {
    let of = |name: &str, port: u32| {
        object(
            "Service",
            name,
            &format!(
                "spec: {{selector: {{app: {name}}}, ports: [{{port: {port}, name: a, targetPort: b}}], type: X, y: z}}"
            ),
        )
    };
    assert_eq!(
        renamed(&compared(&all(&[of("alpha", 1), of("beta", 2)]), &all(&[of("gamma", 2), of("delta", 3)]))),
        ["Service/beta = Service/gamma 1.00", "Service/alpha = Service/delta 0.83"]
    );
}

#[test]
fn objects_that_are_little_alike_are_not_renamed() {
    let old = object("ConfigMap", "alpha", "data: {a: '1', b: '2', c: '3'}");
    let new = object("ConfigMap", "beta", "data: {a: '1', b: '3', d: '3'}");
    assert_eq!(renamed(&compared(&old, &new)), ["ConfigMap/alpha = -", "- = ConfigMap/beta"]);
}

#[test]
fn accounts_of_nothing_but_a_name_are_paired_only_if_the_names_are_like() {
    let of = |name: &str| object("ServiceAccount", name, "");
    assert_eq!(
        renamed(&compared(
            &all(&[of("edge-alpha"), of("one")]),
            &all(&[of("edge-alpha-gateway"), of("two")])
        )),
        [
            "ServiceAccount/edge-alpha = ServiceAccount/edge-alpha-gateway 1.00",
            "ServiceAccount/one = -",
            "- = ServiceAccount/two"
        ]
    );
}

#[test]
fn of_the_only_two_of_a_kind_less_must_be_equal() {
    let of = |name: &str| object("PersistentVolumeClaim", name, "spec: {volumeName: x}");
    assert_eq!(
        renamed(&compared(&of("data"), &of("store"))),
        ["PersistentVolumeClaim/data = PersistentVolumeClaim/store 1.00"]
    );
    let old = all(&[of("data"), of("cache")]);
    assert_eq!(compared(&old, &all(&[of("store"), of("other")])).changes.len(), 4);
}

#[test]
fn names_with_a_hash_at_the_end_are_paired() {
    let of = |name: &str, value: &str| object("ConfigMap", name, &format!("data: {{{value}}}"));
    assert_eq!(
        renamed(&compared(
            &all(&[of("config-abc123", "a: '1'"), of("other-5f7b9c", "a: '1'"), of("job-1", "b: '1'")]),
            &all(&[of("config-def456", "b: '2'"), of("other-bc4zd", "c: '1'"), of("job-2", "d: '1'")]),
        )),
        [
            "ConfigMap/config-abc123 = ConfigMap/config-def456 0.00",
            "ConfigMap/other-5f7b9c = ConfigMap/other-bc4zd 0.00",
            "ConfigMap/job-1 = ConfigMap/job-2 0.00"
        ]
    );
}

#[test]
fn a_release_of_another_name_has_the_same_objects() {
    let of = |release: &str| {
        let names = ["", "-a", "-b"].map(|end| {
            labelled(
                "Service",
                &format!("{release}{end}"),
                "x",
                release,
                &format!("spec: {{selector: {{app: {release}}}}}"),
            )
        });
        all(&names)
    };
    assert_eq!(
        renamed(&compared(&of("blue"), &of("green"))),
        [
            "Service/blue = Service/green 1.00",
            "Service/blue-a = Service/green-a 1.00",
            "Service/blue-b = Service/green-b 1.00"
        ]
    );
}

#[test]
fn a_release_in_another_namespace_has_the_same_objects() {
    let of = |namespace: &str, value: &str| {
        all(&[
            labelled(
                "Service",
                "a",
                namespace,
                "edge",
                &format!("spec: {{x: {value}, host: a.{namespace}.svc}}"),
            ),
            labelled("ConfigMap", "a", namespace, "edge", &format!("data: {{x{value}: {value}}}")),
        ])
    };
    let comparison = compared(&of("one", "a"), &of("two", "b"));
    assert_eq!(pairs(&comparison), ["Service/a = Service/a", "ConfigMap/a = ConfigMap/a"]);
    assert!(comparison.changes.iter().all(|change| change.similarity.is_some()));
}

#[test]
fn no_renames_are_looked_for_if_none_are_wanted() {
    let (old, new) =
        (object("ConfigMap", "a-1", "data: {x: '1'}"), object("ConfigMap", "a-2", "data: {x: '1'}"));
    let options = Options { renames: false, ..Options::default() };
    assert_eq!(
        pairs(&compare(objects(&old), objects(&new), &options)),
        ["ConfigMap/a-1 = -", "- = ConfigMap/a-2"]
    );
}

/// Objects without a name in common, each with leaves that some others have.
fn crowd(name: &str, count: usize) -> String {
    let of = |i: usize| {
        let data: String = (0..5).map(|line| format!("  k{line}: v{}\n", (i + line) % (count / 2))).collect();
        object("ConfigMap", &format!("{name}{i}x"), &format!("data:\n  own: {i}\n{data}"))
    };
    all(&(0..count).map(of).collect::<Vec<_>>())
}

#[test]
fn thousands_of_renames_of_one_kind_are_found() {
    let comparison = compared(&crowd("alpha", 3000), &crowd("beta", 3000));
    assert_eq!(comparison.changes.len(), 3000);
    assert!(
        comparison.changes.iter().all(|change| change.similarity.is_some_and(|likeness| likeness > 0.99))
    );
    assert!(comparison.warnings.is_empty());
}

#[test]
fn renames_that_take_too_many_steps_are_given_up_with_a_warning() {
    let old = objects(&crowd("alpha", 20));
    let mut new = objects(&crowd("beta", 20));
    for object in &mut new {
        Arc::make_mut(object).value.as_map().unwrap().insert("other", Value::from("x"));
    }
    let mut warnings = Vec::new();
    let count = |work: usize, warnings: &mut Vec<String>| {
        let pairs = super::super::pair::pair_within(&old, &new, &Options::default(), work, warnings);
        pairs.iter().filter(|pair| pair.old.is_some() && pair.new.is_some()).count()
    };
    assert_eq!(count(1_000_000, &mut warnings), 20);
    assert!(warnings.is_empty());
    assert_eq!(count(100, &mut warnings), 0);
    assert_eq!(warnings, ["too many new and removed ConfigMap objects: renames not looked for"]);
}
