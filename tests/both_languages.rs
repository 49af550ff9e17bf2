//! A chart written in Go templates, and the same chart with about half of its files in Jinja, give the same objects.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The charts under `fixtures/mixed`: `chart` is the all-Go form, `jinja` has the files that replace or join those
/// of `chart` in the mixed form, `values.yaml` has values beside the default ones.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mixed").join(name)
}

/// The files below a folder, as paths relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(folder.join(&path)).unwrap() {
            let entry = entry.unwrap();
            let path = path.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

fn is_template(file: &Path) -> bool {
    file.components().any(|c| c.as_os_str() == "templates")
        && !file.file_name().unwrap().to_string_lossy().starts_with('_')
}

/// The mixed form of a chart: each Jinja file takes the place of the Go file of its name; partials join.
fn mixed(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (go, jinja) = (fixture(name).join("chart"), fixture(name).join("jinja"));
    let copy = |from: &Path, file: &Path| {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(file), to).unwrap();
    };
    files(&go).iter().for_each(|file| copy(&go, file));
    let translated = files(&jinja);
    for file in &translated {
        if is_template(file) {
            fs::remove_file(folder.path().join(file.with_extension(""))).unwrap();
        }
        copy(&jinja, file);
    }
    let count = |files: &[PathBuf]| files.iter().filter(|file| is_template(file)).count();
    let share = count(&translated) as f64 / count(&files(&go)) as f64;
    assert!((0.4..0.75).contains(&share), "{share} of the templates of {name} are in Jinja");
    folder
}

/// The objects that a chart renders to, in order.
fn objects(chart: &Path, more: &[&str]) -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x", "-o", "json"])
        .arg(chart)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_one_answer(name: &str, kinds: [&[&str]; 2]) {
    let (go, mixed) = (fixture(name).join("chart"), mixed(name));
    let values = fixture(name).join("values.yaml").display().to_string();
    for (more, kinds) in [&[][..], &["-f", &values]].into_iter().zip(kinds) {
        let objects = [objects(&go, more), objects(mixed.path(), more)];
        assert_eq!(objects[0], objects[1], "{name} {more:?}");
        let found: Vec<&str> = objects[0].iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{name} {more:?}");
    }
}

#[test]
fn a_web_application_is_the_same_in_both_languages() {
    assert_one_answer(
        "web",
        [
            &["ServiceAccount", "ConfigMap", "Service", "Deployment"],
            &["ServiceAccount", "ConfigMap", "Service", "Deployment", "HorizontalPodAutoscaler", "Ingress"],
        ],
    );
}

#[test]
fn a_replicated_store_is_the_same_in_both_languages() {
    let kinds =
        &["PodDisruptionBudget", "Secret", "ConfigMap", "ConfigMap", "Service", "Service", "StatefulSet"];
    assert_one_answer("store", [kinds, kinds]);
}

#[test]
fn an_umbrella_with_a_library_and_an_alias_is_the_same_in_both_languages() {
    let configs = ["ConfigMap"; 4];
    let plain = [&configs[..], &["Deployment", "Deployment", "HTTPRoute"]].concat();
    let more = [&configs[..], &["Deployment", "Deployment", "CronJob", "HTTPRoute", "HTTPRoute"]].concat();
    assert_one_answer("platform", [&plain, &more]);
}
