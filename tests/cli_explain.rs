//! `torii explain` as users see it: whole screens of the real program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a command prints on both streams, and its exit code if it isn't 0.
fn screen(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(args)
        .current_dir(folder)
        .env_remove("FORCE_COLOR")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let mut screen = format!("$ torii {}\n", args.join(" "));
    screen.push_str(&String::from_utf8(output.stdout).unwrap());
    screen.push_str(&String::from_utf8(output.stderr).unwrap());
    match output.status.code() {
        Some(0) => {}
        code => writeln!(screen, "[exit code {}]", code.unwrap()).unwrap(),
    }
    screen
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A chart of Go templates with what makes origins hard: includes, `tpl`, loops, variables, values that templates
/// change, a subchart with globals.
fn chart(folder: &Path) {
    let files = [
        (
            "c/Chart.yaml",
            "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: 1.x.x, condition: s.enabled}\n",
        ),
        (
            "c/values.yaml",
            "name: web\nport: 80\nlabels:\n  team: edge\nnote: 'at {{ .Values.port }}'\nlist:\n- a\n- b\nglobal:\n  host: example.org\ns:\n  enabled: true\n  size: 2\n",
        ),
        (
            "c/templates/_helpers.tpl",
            "{{- define \"c.labels\" -}}\napp: {{ .Values.name }}\n{{- range $k, $v := .Values.labels }}\n{{ $k }}: {{ $v | quote }}\n{{- end }}\n{{- end }}\n",
        ),
        (
            "c/templates/config.yaml",
            "{{- $port := .Values.port -}}\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.name }}\n  labels:\n    {{- include \"c.labels\" . | nindent 4 }}\ndata:\n  port: {{ $port | quote }}\n  note: {{ tpl .Values.note . }}\n  items: |\n    {{- range .Values.list }}\n    - {{ . }}\n    {{- end }}\n  {{- if .Values.extra }}\n  extra: {{ .Values.extra }}\n  {{- end }}\n  first: {{ .Values.first | default \"none\" }}\n",
        ),
        ("c/templates/zz.yaml", "{{- $_ := set .Values \"first\" (first .Values.list) -}}\n"),
        ("c/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
        ("c/charts/s/values.yaml", "size: 1\n"),
        (
            "c/charts/s/templates/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  host: {{ .Values.global.host }}\n  size: {{ .Values.size | quote }}\n",
        ),
        ("prod.yaml", "port: 8080\ns: {size: 3}\n"),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

#[test]
fn a_field_has_its_template_line_its_calls_and_its_values() {
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let screen = |args: &[&str]| screen(folder.path(), args);
    let config = "configmap/release-name-web";
    let screens = [
        screen(&["explain", "c", config, "data.port", "-f", "prod.yaml"]),
        screen(&["explain", "c", config, "metadata.labels"]),
        screen(&["explain", "c", config, "/data/note", "--set", "port=81"]),
        screen(&["explain", "c", "cm/release-name-web", "data.items"]),
        screen(&["explain", "c", config, "data.first"]),
        screen(&["explain", "c", "secret/s", "-f", "prod.yaml"]),
    ];
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn a_value_has_its_readers_and_the_fields_it_reaches() {
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let screen = |args: &[&str]| screen(folder.path(), args);
    let screens = [
        screen(&["explain", "c", "--value", "port"]),
        screen(&["explain", "c", "--value", "global.host"]),
        screen(&["explain", "c", "--value", "s.enabled"]),
        screen(&["explain", "c", "--value", "labels"]),
        screen(&["explain", "c", "--value", "extra"]),
    ];
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn what_is_not_there_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let screen = |args: &[&str]| screen(folder.path(), args);
    let screens = [
        screen(&["explain", "c"]),
        screen(&["explain", "c", "configmap/release-name-wed"]),
        screen(&["explain", "c", "pod/x"]),
        screen(&["explain", "c", "cm/release-name-web", "data.prot"]),
        screen(&["explain", "c", "cm/release-name-web", "data["]),
        screen(&["explain", "c", "--value", "prot"]),
        screen(&["explain", "c", "--value", "a..b"]),
        screen(&["explain", "nothing", "cm/x"]),
    ];
    insta::assert_snapshot!(screens.join("\n"));
}

#[test]
fn machines_get_json() {
    let folder = tempfile::tempdir().unwrap();
    chart(folder.path());
    let args = ["explain", "c", "cm/release-name-web", "data.port", "-f", "prod.yaml", "-o", "json"];
    insta::assert_snapshot!(screen(folder.path(), &args).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    let args = ["explain", "c", "--value", "port", "-o", "json"];
    insta::assert_snapshot!(screen(folder.path(), &args).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn a_field_of_the_house_chart_is_explained() {
    let args = [
        "explain",
        "charts/gateway",
        "deployment/release-name",
        "spec.template.spec.containers[istio-proxy].image",
    ];
    let more = ["explain", "charts/gateway", "hpa/release-name", "spec.maxReplicas"];
    insta::assert_snapshot!([screen(&root(), &args), screen(&root(), &more)].join("\n"));
}
