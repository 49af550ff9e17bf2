//! Two languages, one answer: what a chart, a function, a seed and `lookup` give in Go templates and in Jinja.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A chart of these templates.
fn chart(templates: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "Chart.yaml", "apiVersion: v2\nname: mixed\nversion: 0.1.0\n");
    for (file, text) in templates {
        write(folder.path(), &format!("templates/{file}"), text);
    }
    folder
}

fn render(chart: &Path, more: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x"])
        .arg(chart)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let chart = chart(&[
        (
            "a.yaml",
            "{{ $ca := genCA \"ca\" 365 }}\nkind: Secret\nmetadata:\n  name: go\ndata:\n  cert: {{ $ca.Cert | b64enc \
             }}\n  password: {{ randAlphaNum 20 }}\n",
        ),
        ("b.yaml.j2", "kind: Secret\nmetadata:\n  name: jinja\ndata:\n  password: {{ randAlphaNum(20) }}\n"),
    ]);
    let seeded = || render(chart.path(), &["--seed", "one"]);
    assert_eq!(seeded(), seeded());
    assert_ne!(seeded(), render(chart.path(), &["--seed", "two"]));
    assert_ne!(render(chart.path(), &[]), render(chart.path(), &[]));
}

#[test]
fn lookup_finds_the_objects_of_a_file_in_both_languages() {
    let chart = chart(&[
        (
            "a.yaml",
            "kind: A\npassword: {{ dig \"data\" \"password\" \"none\" (lookup \"v1\" \"Secret\" \"default\" \"s\") }}\n",
        ),
        (
            "b.yaml.j2",
            "kind: B\npassword: {{ dig(\"data\", \"password\", \"none\", lookup(\"v1\", \"Secret\", \"default\", \"s\")) }}\n",
        ),
    ]);
    let objects = chart.path().join("objects.yaml");
    fs::write(
        &objects,
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n---\napiVersion: v1\nkind: List\nitems:\n- \
         apiVersion: v1\n  kind: Secret\n  metadata:\n    name: s\n    namespace: default\n  data:\n    password: \
         c2VjcmV0\n",
    )
    .unwrap();
    assert_eq!(render(chart.path(), &[]).matches("password: none").count(), 2);
    let found = render(chart.path(), &["--lookup-file", &objects.display().to_string()]);
    assert_eq!(found.matches("password: c2VjcmV0").count(), 2, "{found}");
}

#[test]
fn a_lookup_file_that_is_not_there_is_an_error() {
    let chart = chart(&[("a.yaml", "kind: A\n")]);
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x", "--lookup-file", "nope.yaml"])
        .arg(chart.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Error: open nope.yaml"));
}

const LABELS: &str = "{{ define \"labels\" }}app: {{ .Chart.Name }}\ninstance: {{ .Release.Name }}{{ end }}";

#[test]
fn a_file_gives_the_same_objects_in_both_languages() {
    let config = "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  labels:\n    {{- include \"labels\" . | \
                  nindent 4 }}\ndata:\n  port: {{ .Values.port | quote }}\n";
    let jinja_config = "kind: ConfigMap\nmetadata:\n  name: {{ Release.Name }}\n  labels:\n    {{ include(\"labels\") | \
                        indent(4) }}\ndata:\n  port: {{ Values.port | quote }}\n";
    let pod = "kind: Pod\nmetadata:\n  name: p\n  annotations:\n    checksum: {{ include (print \
               $.Template.BasePath \"/config.yaml\") . | fromYaml | toJson | sha256sum }}\n";
    let go = chart(&[("_labels.tpl", LABELS), ("config.yaml", config), ("pod.yaml", pod)]);
    let mixed = chart(&[("_labels.tpl", LABELS), ("config.yaml.j2", jinja_config), ("pod.yaml", pod)]);
    let set = ["--set", "port=80", "-o", "json"];
    assert_eq!(render(go.path(), &set), render(mixed.path(), &set));
}
