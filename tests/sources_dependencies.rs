//! Dependencies are brought whole or not at all, and never through links.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn torii(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(folder)
        .env("HELM_CONFIG_HOME", folder)
        .env("TORII_CACHE_HOME", folder.join("cache"))
        .output()
        .unwrap()
}

/// A chart `u` that needs the chart `d` beside it, of this version.
fn charts(version: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("u")).unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    fs::write(
        folder.path().join("u/Chart.yaml"),
        "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: d, version: '*', repository: 'file://../d'}\n",
    )
    .unwrap();
    of_version(folder.path(), version);
    folder
}

fn of_version(folder: &Path, version: &str) {
    let text = format!("apiVersion: v2\nname: d\nversion: {version}\n");
    fs::write(folder.join("d/Chart.yaml"), text).unwrap();
}

/// What is in `charts/`, and the version that is locked.
fn state(folder: &Path) -> (Vec<String>, String) {
    let mut names: Vec<String> = fs::read_dir(folder.join("u/charts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let lock = fs::read_to_string(folder.join("u/Chart.lock")).unwrap();
    let version = lock.lines().find_map(|line| line.trim().strip_prefix("version: ")).unwrap();
    (names, version.to_string())
}

fn whole(version: &str) -> (Vec<String>, String) {
    (vec![format!("d-{version}.tgz")], version.to_string())
}

#[test]
fn whoever_kills_an_update_leaves_the_old_or_the_new() {
    let folder = charts("1.0.0");
    let folder = folder.path();
    assert!(torii(folder, &["dependency", "update", "u"]).status.success());
    let start = Instant::now();
    of_version(folder, "1.0.1");
    assert!(torii(folder, &["dependency", "update", "u"]).status.success());
    let time = start.elapsed();
    let (mut old, mut killed, mut n) = ("1.0.1".to_string(), 0, 0u32);
    while killed < 50 {
        n += 1;
        assert!(n < 2000, "the update is hardly ever killed");
        let new = format!("1.1.{n}");
        of_version(folder, &new);
        let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
            .args(["dependency", "update", "u"])
            .current_dir(folder)
            .env("HELM_CONFIG_HOME", folder)
            .env("TORII_CACHE_HOME", folder.join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Spread over the whole time of an update, in steps that have no common measure with it.
        std::thread::sleep(time.mul_f64(f64::from(n) * 0.618_034 % 1.0) + Duration::from_micros(50));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
        let now = state(folder);
        // Between the two steps, the new charts are there with the old lock.
        let between = (whole(&new).0, old.clone());
        assert!(now == whole(&old) || now == whole(&new) || now == between, "{now:?}: {old} or {new}");
        assert!(torii(folder, &["dependency", "update", "u"]).status.success());
        assert_eq!(state(folder), whole(&new));
        let left = fs::read_dir(folder.join("u")).unwrap().count();
        assert_eq!(left, 3, "something is left behind");
        old = new;
    }
}

#[cfg(unix)]
#[test]
fn links_are_refused_and_nothing_is_written_through_them() {
    use std::os::unix::fs::symlink;
    for name in ["charts", "Chart.lock"] {
        let folder = charts("1.0.0");
        fs::create_dir(folder.path().join("aim")).unwrap();
        symlink("../aim", folder.path().join("u").join(name)).unwrap();
        let output = torii(folder.path(), &["dependency", "update", "u"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(fs::read_dir(folder.path().join("aim")).unwrap().next().is_none());
    }
}

#[test]
fn a_dependency_outside_of_the_folder_around_the_chart_is_refused() {
    let folder = charts("1.0.0");
    let text = fs::read_to_string(folder.path().join("u/Chart.yaml")).unwrap();
    fs::write(folder.path().join("u/Chart.yaml"), text.replace("../d", "../../../..")).unwrap();
    let output = torii(folder.path(), &["dependency", "update", "u"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("leads out of the folder that the chart is in"), "{error}");
    assert!(!folder.path().join("u/charts").exists());
}

#[test]
fn the_list_tells_what_is_there() {
    let folder = charts("1.0.0");
    let list = || String::from_utf8(torii(folder.path(), &["dependency", "list", "u"]).stdout).unwrap();
    assert_eq!(list(), "NAME\tVERSION\tREPOSITORY \tSTATUS \nd   \t*      \tfile://../d\tmissing\n\n");
    assert!(torii(folder.path(), &["dependency", "update", "u"]).status.success());
    assert_eq!(list(), "NAME\tVERSION\tREPOSITORY \tSTATUS\nd   \t*      \tfile://../d\tok    \n\n");
}
