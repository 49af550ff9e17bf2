//! Speed of comparing two sets of objects, reading them not included.
//!
//! `cargo bench --bench compare`

#![allow(clippy::expect_used)] // what is measured is made here

use std::fmt::Write;
use std::sync::Arc;

use torii::compare::{Comparison, Options, compare};
use torii::manifest::object::{Document, Object, Role, read};
use torii::value::Str;

fn main() {
    divan::main();
}

/// The objects of documents without comments between them.
fn objects(documents: impl IntoIterator<Item = String>) -> Vec<Arc<Object>> {
    let mut objects = Vec::new();
    let source = "all.yaml".into();
    for text in documents {
        let text = Str::from(text);
        let document =
            Document { source: &source, text: (&text, 0..text.len()), role: Role::Object, namespace: "edge" };
        read(&document, &mut objects).expect("the documents are objects");
    }
    objects.into_iter().map(Arc::new).collect()
}

fn measure(
    bencher: divan::Bencher<'_, '_>,
    old: Vec<Arc<Object>>,
    new: Vec<Arc<Object>>,
    check: fn(&Comparison),
) {
    check(&compare(old.clone(), new.clone(), &Options::default()));
    bencher
        .with_inputs(|| (old.clone(), new.clone()))
        .bench_values(|(old, new)| compare(old, new, &Options::default()));
}

fn deployment(index: usize, tag: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{index}x
  labels: {{app: app-{index}, app.kubernetes.io/instance: edge, helm.sh/chart: app-1.0.0}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: app-{index}}}}}
  template:
    metadata: {{labels: {{app: app-{index}}}, annotations: {{checksum/config: abc}}}}
    spec:
      serviceAccountName: app-{index}
      containers:
      - name: app
        image: example.org/app:{tag}
        args: [serve, --level=info, --port=8080]
        env: [{{name: A, value: a}}, {{name: B, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}]
        ports: [{{name: http, containerPort: 8080}}, {{name: metrics, containerPort: 9090}}]
        resources: {{limits: {{cpu: 500m, memory: 1Gi}}, requests: {{cpu: 100m, memory: 128Mi}}}}
        livenessProbe: {{httpGet: {{path: /live, port: http}}}}
        volumeMounts: [{{name: config, mountPath: /etc/app}}, {{name: tmp, mountPath: /tmp}}]
      volumes: [{{name: config, configMap: {{name: app-{index}}}}}, {{name: tmp, emptyDir: {{}}}}]
"
    )
}

/// 10,000 objects a side, of which one in a hundred differs.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn ten_thousand_objects(bencher: divan::Bencher<'_, '_>) {
    let side = |tag: &str| objects((0..10_000).map(|i| deployment(i, if i % 100 == 7 { tag } else { "1" })));
    measure(bencher, side("1"), side("2"), |comparison| assert_eq!(comparison.changes.len(), 100));
}

/// 10,000 objects a side, all with other names.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_thousand_renames(bencher: divan::Bencher<'_, '_>) {
    let old = objects((0..10_000).map(|i| deployment(i, &i.to_string())));
    let new = objects(
        (0..10_000).map(|i| deployment(i, &i.to_string()).replace("app-", "web-").replace("info", "debug")),
    );
    measure(bencher, old, new, |comparison| {
        assert!(comparison.changes.iter().all(|change| change.similarity.is_some()));
    });
}

/// 5,000 objects a side that are all alike.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn five_thousand_alike(bencher: divan::Bencher<'_, '_>) {
    let side = |name: &str, own: &str| {
        let of = |i: usize| {
            let data: String = (0..60).map(|line| format!("  k{line}: v{}\n", (i * 7 + line) % 80)).collect();
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{i}x}}\ndata:\n  {own}: {i}\n{data}"
            )
        };
        objects((0..5_000).map(of).collect::<Vec<_>>())
    };
    measure(bencher, side("alpha", "a"), side("beta", "b"), |comparison| {
        assert!(!comparison.changes.is_empty());
    });
}

/// One object with a list of so many items, made by a function of the item's number.
fn huge_of(items: usize, line: impl Fn(usize) -> String) -> Vec<Arc<Object>> {
    let mut text =
        String::from("apiVersion: example.org/v1\nkind: Huge\nmetadata: {name: a}\nspec:\n  list:\n");
    for index in 0..items {
        let _ = writeln!(text, "  - {}", line(index));
    }
    objects([text])
}

/// One object of 200,000 lines.
fn huge(line: impl Fn(usize) -> String) -> Vec<Arc<Object>> {
    huge_of(200_000, line)
}

/// A list of 200,000 items in which every hundredth is another.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn huge_list_with_some_changes(bencher: divan::Bencher<'_, '_>) {
    let side = |other: &'static str| {
        huge(move |i| if i % 100 == 3 { format!("{other}{i}") } else { format!("x{i}") })
    };
    measure(bencher, side("a"), side("b"), |comparison| assert_eq!(comparison.changes.len(), 1));
}

/// A list of 200,000 items of which there are few kinds, shifted.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn huge_list_of_few_kinds(bencher: divan::Bencher<'_, '_>) {
    let side = |shift: usize| huge(move |i| format!("x{}", (i * i + shift) % 101));
    measure(bencher, side(0), side(50), |comparison| assert_eq!(comparison.changes.len(), 1));
}

/// A list of maps of three lines, 200,000 lines in all, all different.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn huge_list_of_maps(bencher: divan::Bencher<'_, '_>) {
    let side = |side: usize| huge_of(66_667, move |i| format!("a: {}\n    b: {i}\n    c: {side}", i % 7));
    measure(bencher, side(1), side(2), |comparison| assert_eq!(comparison.changes.len(), 1));
}

/// A list of 200,000 items, turned round.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn huge_list_reversed(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, huge(|i| format!("x{i}")), huge(|i| format!("x{}", 199_999 - i)), |comparison| {
        assert_eq!(comparison.changes.len(), 1);
    });
}
