//! How fast charts are rendered, from the folder to the objects: `cargo bench --bench render`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use divan::Bencher;
use torii::render::{Request, render};

fn main() {
    if corpus().is_none() {
        eprintln!("skipped: the corpus's charts are not unpacked under target/conformance");
    }
    divan::main();
}

/// Renders a chart again and again; if it fails once, that is told in place of a time.
fn bench(bencher: Bencher, chart: &Path) {
    let request = Request::new(chart.display().to_string(), "bench");
    if let Err(failure) = render(&request) {
        eprintln!("skipped: {}", failure.error);
        return;
    }
    bencher.bench(|| render(&request));
}

fn write_chart(folder: &Path, name: &str, templates: &[(&str, &str)]) {
    fs::create_dir_all(folder.join("templates")).unwrap();
    fs::write(folder.join("Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n")).unwrap();
    for (file, text) in templates {
        fs::write(folder.join("templates").join(file), text).unwrap();
    }
}

const OBJECT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include \"name\" . }}\n  labels:\n    \
                      app: {{ .Chart.Name }}\ndata:\n";
const NAME: &str =
    "{{ define \"name\" }}{{ printf \"%s-%s\" .Release.Name .Chart.Name | trunc 63 }}{{ end }}";

#[divan::bench]
fn house_chart(bencher: Bencher) {
    bench(bencher, Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/charts/gateway")));
}

#[divan::bench]
fn five_thousand_tpl(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    let lines = "{{ range until 5000 }}  k{{ . }}: {{ tpl \"{{ .Release.Name }}-{{ .Values.a | upper }}\" $ }}\n{{ end }}";
    write_chart(folder.path(), "tpl", &[("_name.tpl", NAME), ("a.yaml", &format!("{OBJECT}{lines}"))]);
    fs::write(folder.path().join("values.yaml"), "a: text\n").unwrap();
    bench(bencher, folder.path());
}

#[divan::bench]
fn hundred_subcharts(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    write_chart(folder.path(), "umbrella", &[("_name.tpl", NAME)]);
    let object = format!("{OBJECT}  a: {{{{ .Values.a | quote }}}}\n");
    for i in 0..100 {
        let name = format!("sub{i}");
        let chart = folder.path().join("charts").join(&name);
        write_chart(
            &chart,
            &name,
            &[("a.yaml", &object), ("b.yaml", &object.replace("ConfigMap", "Secret"))],
        );
        fs::write(chart.join("values.yaml"), "a: text\nresources:\n  limits: {cpu: 1, memory: 1Gi}\n")
            .unwrap();
    }
    bench(bencher, folder.path());
}

/// The folder into which the conformance suite unpacks the charts of the corpus.
fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/conformance");
    folder.is_dir().then_some(folder)
}

/// The chart of this name somewhere below the folder.
fn find(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    folders.sort();
    let is_it = |p: &&PathBuf| p.join("Chart.yaml").is_file() && p.file_name().is_some_and(|n| n == name);
    if let Some(found) = folders.iter().find(is_it) {
        return Some(found.clone());
    }
    let deeper = depth.checked_sub(1)?;
    folders.iter().find_map(|folder| find(folder, name, deeper))
}

#[divan::bench(args = ["kube-prometheus-stack", "istiod", "kyverno", "redpanda"])]
fn corpus_chart(bencher: Bencher, name: &str) {
    if let Some(chart) = corpus().and_then(|folder| find(&folder, name, 4)) {
        bench(bencher, &chart);
    }
}
