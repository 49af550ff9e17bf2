//! `torii istio` against what Istio's own code printed, through the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use torii::istio::validate;
use torii::yaml;

/// The folder of the conformance data; `None` if it isn't here, which is said.
fn shared(inner: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance").join(inner);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "{} is missing", path.display());
    println!("skipped: {} is not here", path.display());
    None
}

fn torii(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_torii")).args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The objects that a case is about: those that match `Kind:namespace:name` patterns, as Istio's tests select them.
fn selected(printed: &str, wanted: &str) -> String {
    let field = |document: &str, path: [&str; 2]| {
        let value = yaml::decode(document.as_bytes()).ok()?;
        let mut found = value.as_map()?.get(path[0])?;
        if !path[1].is_empty() {
            found = found.as_map()?.get(path[1])?;
        }
        found.as_str().map(str::to_string)
    };
    let documents = printed.split("\n---\n").map(str::trim).filter(|document| !document.is_empty());
    let kept: Vec<&str> = documents
        .filter(|document| {
            let part = |path| field(document, path).unwrap_or_default();
            let (kind, namespace, name) =
                (part(["kind", ""]), part(["metadata", "namespace"]), part(["metadata", "name"]));
            wanted.split(',').any(|pattern| {
                let parts: Vec<&str> = pattern.split(':').collect();
                let [wanted_kind, wanted_namespace, wanted_name] = parts.as_slice() else { return false };
                kind.ends_with(wanted_kind)
                    && (*wanted_namespace == "*" || namespace == *wanted_namespace)
                    && name.starts_with(wanted_name)
            })
        })
        .collect();
    format!("{}\n", kept.join("\n---\n"))
}

/// What is wrong with one case, if anything.
fn fault(folder: &Path, columns: &[&str]) -> Option<String> {
    let [id, status, _, _, golden, select, args] = columns else {
        return Some(format!("a row of {} columns", columns.len()));
    };
    let args: Vec<String> = serde_json::from_str(args).unwrap();
    let output = torii(folder, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let golden = std::fs::read_to_string(folder.join(golden)).unwrap();
    // Some goldens tell in a comment that there was no output, but this error.
    let error = match golden.strip_prefix("# exit 1, no output; stderr:\n# ") {
        Some(error) => Some(error),
        None => (*status == "error").then_some(golden.as_str()),
    };
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    match error {
        Some(error)
            if output.status.code() == Some(1) && stdout.is_empty() && stderr.contains(error.trim()) =>
        {
            None
        }
        Some(error) => Some(format!("{id}: wanted {error} got {stderr}")),
        None if !output.status.success() => Some(format!("{id}: {stderr}")),
        None => {
            let got = if select.is_empty() { stdout } else { selected(&stdout, select) };
            (got != golden).then(|| format!("{id}: the output differs"))
        }
    }
}

#[test]
fn operators_render_as_istios_own_code_renders_them() {
    let Some(table) = shared("operator.tsv") else { return };
    let folder = table.parent().unwrap();
    let table = std::fs::read_to_string(&table).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 86);
    let faults: Vec<String> = rows.iter().filter_map(|columns| fault(folder, columns)).collect();
    assert!(faults.is_empty(), "{} of {} fail:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

#[test]
fn validation_says_what_istio_says() {
    let Some(folder) = shared("istio/validate") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let read = |name: &str| yaml::decode(&std::fs::read(folder.join(name)).unwrap()).unwrap();
        let findings = validate::validate(read("input.yaml").as_map().unwrap());
        let expected = read("expected.yaml");
        let list = |key: &str| -> Vec<String> {
            let items =
                expected.as_map().unwrap().get(key).and_then(|list| list.as_list().map(|l| l.items()));
            items.unwrap_or_default().iter().map(|item| item.as_str().unwrap().to_string()).collect()
        };
        assert_eq!(findings.errors, list("errors"), "{}", folder.display());
        assert_eq!(findings.warnings, list("warnings"), "{}", folder.display());
        count += 1;
    }
    assert!(count >= 9, "{count} folders");
}
