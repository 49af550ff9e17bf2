//! `torii diff`, as a user types it: every kind of source, flags, exit codes, and the programs that call it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod repository;

use std::io::Write;
use std::process::{Command, Stdio};

use repository::Repository;

const TEMPLATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {a: {{ .Values.a | quote }}, random: {{ randAlphaNum 12 | quote }}, at: {{ now | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: x, image: \"x:{{ .Values.tag }}\"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: hook, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: x, image: x}]}
";

const VALUES: &str = "a: one\nreplicas: 1\ntag: v1\n";

/// A repository with the chart `charts/c`, committed.
fn with_chart() -> Option<Repository> {
    let repository = Repository::new()?;
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ds.x.io}\nspec: {group: x.io}\n";
    repository
        .chart("charts/c", TEMPLATE)
        .write("charts/c/values.yaml", VALUES)
        .write("charts/c/crds/d.yaml", definition)
        .write("prod.yaml", "replicas: 3\n")
        .commit("one");
    Some(repository)
}

/// The exit code and what is printed, with what goes to stderr behind it.
fn diff(repository: &Repository, args: &[&str]) -> (i32, String) {
    let output = repository.torii(&[&["diff"], args].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap(), text + &String::from_utf8_lossy(&output.stderr))
}

fn is_empty(repository: &Repository, args: &[&str]) {
    let (code, text) = diff(repository, &[args, &["--exit-code"]].concat());
    assert!(code == 0 && text.starts_with("Verdict: no difference"), "{args:?}: {code}\n{text}");
}

fn differs(repository: &Repository, args: &[&str], what: &str) {
    let (code, text) = diff(repository, &[args, &["--exit-code"]].concat());
    assert!(code == 2 && text.contains(what), "{args:?}: {code}\n{text}");
}

/// A release as Helm stores it, as `kubectl get secret -o yaml` prints it.
fn secret(name: &str, revision: u32, manifest: &str, hook: &str, config: &str) -> String {
    use data_encoding::BASE64;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ds.x.io}\nspec: {group: x.io}\n";
    let json = format!(
        "{{\"name\":\"{name}\",\"namespace\":\"prod\",\"version\":{revision},\"info\":{{\"status\":\"deployed\"}},\
         \"chart\":{{\"metadata\":{{\"name\":\"c\",\"version\":\"1.0.0\"}},\"templates\":[],\"values\":{{\"a\":\"one\"}},\
         \"files\":[{{\"name\":\"crds/d.yaml\",\"data\":\"{}\"}}]}},\
         \"config\":{config},\"manifest\":{},\"hooks\":[{{\"name\":\"hook\",\"kind\":\"Pod\",\
         \"path\":\"c/templates/a.yaml\",\"manifest\":{},\"events\":[\"test\"]}}]}}",
        BASE64.encode(definition.as_bytes()),
        quoted(manifest),
        quoted(hook)
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(json.as_bytes()).unwrap();
    let release = BASE64.encode(BASE64.encode(&gzip.finish().unwrap()).as_bytes());
    format!(
        "apiVersion: v1\nkind: Secret\ntype: helm.sh/release.v1\nmetadata:\n  name: sh.helm.release.v1.{name}.v{revision}\n  \
         namespace: prod\n  labels: {{name: {name}, owner: helm, status: deployed, version: \"{revision}\"}}\n\
         data:\n  release: {release}\n"
    )
}

/// A chart's render, as stored in a cluster with other values.
fn stored_release(repository: &Repository) -> String {
    let seeds = ["--seed", "torii diff", "--now", "2026-01-01T00:00:00Z"];
    let render = [&["render", "edge", "charts/c", "-n", "prod", "--set", "tag=v7"], &seeds[..]].concat();
    let all = repository.prints(&render);
    let (manifest, hook) = all.split_at(all.find("apiVersion: v1\nkind: Pod").unwrap());
    secret("edge", 3, manifest, hook, "{\"tag\":\"v7\"}")
}

#[test]
fn a_render_against_itself_gives_nothing_through_every_kind_of_source() {
    let Some(repository) = with_chart() else { return };
    let seeds = ["--seed", "torii diff", "--now", "2026-01-01T00:00:00Z"];
    let render = [&["render", "release-name", "charts/c", "--include-crds"], &seeds[..]].concat();
    repository.write("stored.yaml", repository.prints(&render));
    let render =
        [&["render", "release-name", "charts/c", "--include-crds", "--output-dir", "stored"], &seeds[..]]
            .concat();
    repository.prints(&render);
    let json = [&["render", "release-name", "charts/c", "--include-crds", "-o", "json"], &seeds[..]].concat();
    let list =
        format!("{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": {}}}", repository.prints(&json));
    repository.write("stored.json", list);
    let tar = ["-czf", "c.tgz", "-C", "charts", "c"];
    assert!(Command::new("tar").args(tar).current_dir(repository.path()).status().unwrap().success());
    repository.commit("sources");
    let kinds = [
        "charts/c",
        "c.tgz",
        "stored.yaml",
        "stored",
        "stored.json",
        "HEAD:charts/c",
        "HEAD:c.tgz",
        "HEAD:stored.yaml",
        "HEAD:stored",
    ];
    for kind in kinds {
        is_empty(&repository, &[kind, kind]);
        is_empty(&repository, &["charts/c", kind]);
        is_empty(&repository, &[kind, "charts/c"]);
    }
    for rev in
        [&["--rev", "HEAD~1..HEAD"][..], &["--rev", "HEAD"], &["--review"], &["--rev", "HEAD~1...HEAD"]]
    {
        is_empty(&repository, &[&["charts/c", "-f", "prod.yaml"], rev].concat());
    }
    // Standard input, on either side.
    for args in [["-", "charts/c"], ["charts/c", "-"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
            .arg("diff")
            .args(args)
            .arg("--exit-code")
            .current_dir(repository.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let text = std::fs::read(repository.file("stored.yaml")).unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }
    // A release in a cluster, whose name, namespace and values the chart is rendered with.
    repository.write("release.yaml", stored_release(&repository));
    is_empty(&repository, &["release.yaml", "release.yaml"]);
    is_empty(&repository, &["release.yaml", "charts/c"]);
    is_empty(&repository, &["charts/c", "release.yaml"]);
}

#[test]
fn what_differs_is_found_through_every_kind_of_source() {
    let Some(repository) = with_chart() else { return };
    repository.write("old.yaml", repository.prints(&["render", "release-name", "charts/c"]));
    repository.write("charts/c/values.yaml", VALUES.replace("v1", "v2")).commit("two");
    differs(&repository, &["charts/c", "--rev", "HEAD~1..HEAD"], "HEAD~1:charts/c");
    differs(&repository, &["charts/c", "--rev", "HEAD~1"], "restarts pods");
    differs(&repository, &["HEAD~1:charts/c", "charts/c"], "x:v1");
    differs(&repository, &["old.yaml", "charts/c"], "x:v2");
    differs(&repository, &["HEAD:charts/c", "HEAD:charts/c", "--new-set", "tag=v9"], "x:v9");
    differs(&repository, &["charts/c", "--old-set", "tag=v8", "--new-f", "prod.yaml"], "x:v8");
    differs(&repository, &["charts/c", "charts/c", "--new-set-string", "tag=7"], "x:7");
}

#[test]
fn values_files_are_read_at_each_revision() {
    let Some(repository) = with_chart() else { return };
    repository.write("prod.yaml", "replicas: 5\n").commit("two");
    let (code, text) = diff(&repository, &["charts/c", "--rev", "HEAD~1..HEAD", "-f", "prod.yaml"]);
    assert!(code == 0 && text.contains("3 → 5"), "{text}");
    // Also from a folder within, and where the file is in the working tree only.
    let output = repository.torii_in("charts", &["diff", "c", "--rev", "HEAD~1", "-f", "../prod.yaml"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("3 → 5"));
    repository.write("new.yaml", "replicas: 9\n");
    let (code, text) = diff(&repository, &["charts/c", "--rev", "HEAD~1..HEAD", "-f", "new.yaml"]);
    assert!(code == 1 && text.contains("path \"new.yaml\" exists on disk, but not in HEAD~1"), "{text}");
    let (_, text) = diff(&repository, &["charts/c", "--rev", "HEAD~1", "--new-f", "new.yaml"]);
    assert!(text.contains("1 → 9"), "{text}");
    // One from outside of the repository is the same on both sides.
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "replicas: 4\n").unwrap();
    is_empty(&repository, &["charts/c", "--rev", "HEAD~1..HEAD", "-f", outside.path().to_str().unwrap()]);
}

#[test]
fn values_from_stdin_and_pipes_are_for_both_sides() {
    let Some(repository) = with_chart() else { return };
    let command = format!(
        "echo 'tag: v3' | {torii} diff charts/c charts/c -f - --exit-code && \
         {torii} diff charts/c charts/c -f <(echo 'tag: v4') --exit-code && \
         {torii} diff <(tar -cz -C charts c) charts/c --exit-code && \
         tar -cz -C charts c | {torii} diff charts/c - --exit-code && \
         ! {torii} diff - charts/c -f - < prod.yaml",
        torii = env!("CARGO_BIN_EXE_torii")
    );
    let Ok(output) = Command::new("bash").args(["-c", &command]).current_dir(repository.path()).output()
    else {
        eprintln!("skipped: bash is not installed");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn review_starts_where_the_branch_left_the_default_branch() {
    let Some(repository) = with_chart() else { return };
    repository.git(&["checkout", "--quiet", "-b", "topic"]);
    repository.write("charts/c/values.yaml", VALUES.replace("v1", "v2")).commit("topic");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("charts/c/values.yaml", VALUES.replace("replicas: 1", "replicas: 9")).commit("main");
    repository.git(&["checkout", "--quiet", "topic"]);
    let (_, text) = diff(&repository, &["charts/c", "--review"]);
    assert!(text.contains("x:v1 → x:v2") && !text.contains("9 → 1"), "{text}");
    let (_, text) = diff(&repository, &["charts/c", "--review", "--rev", "topic"]);
    assert!(text.contains("x:v1 → x:v2"), "{text}");
    differs(&repository, &["charts/c", "--rev", "main..topic"], "9 → 1");
    differs(&repository, &["charts/c", "--rev", "main...topic"], "v2");
    repository.git(&["branch", "-D", "main"]);
    let (code, text) = diff(&repository, &["charts/c", "--review"]);
    assert!(code == 1 && text.contains("no default branch is found"), "{text}");
}

#[test]
fn exit_codes_say_what_was_found() {
    let Some(repository) = with_chart() else { return };
    let code = |args: &[&str]| diff(&repository, &[&["charts/c", "charts/c"], args].concat()).0;
    let changed = ["--new-set", "tag=v2"];
    assert_eq!(code(&changed), 0);
    assert_eq!(code(&[&changed[..], &["--exit-code"]].concat()), 2);
    assert_eq!(code(&[&changed[..], &["--exit-code", "--fail-on", "delete,restart"]].concat()), 3);
    assert_eq!(code(&[&changed[..], &["--fail-on", "delete"]].concat()), 0);
    assert_eq!(code(&["--fail-on", "restart", "--exit-code"]), 0);
    assert_eq!(code(&["--fail-on", "nonsense"]), 1);
    assert_eq!(code(&["--new-f", "gone.yaml"]), 1);
    // What is ignored or means the same never counts.
    let ignored = ["--ignore", "Deployment:/spec/template", "--exit-code", "--fail-on", "restart"];
    assert_eq!(code(&[&changed[..], &ignored].concat()), 0);
    repository
        .write("old.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: p}\nspec: {containers: [{name: c, resources: {limits: {cpu: 500m}}}]}\n")
        .write("new.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: p}\nspec: {containers: [{name: c, resources: {limits: {cpu: 0.5}}}]}\n");
    is_empty(&repository, &["old.yaml", "new.yaml"]);
    let (_, text) = diff(&repository, &["old.yaml", "new.yaml", "-v"]);
    assert!(text.contains("500m"), "{text}");
}

#[test]
fn arguments_that_do_not_go_together_are_explained() {
    let Some(repository) = with_chart() else { return };
    for (args, why) in [
        (&[][..], "which two sides?"),
        (&["charts/c"], "compare with what?"),
        (&["--rev", "HEAD"], "which chart?"),
        (&["charts/c", "charts/c", "--rev", "HEAD"], "take one chart"),
        (&["--all"], "--all needs --rev or --review"),
        (&["--all", "charts/c", "--rev", "HEAD"], "--all takes no chart"),
        (&["charts/c", "--rev=-x"], "is no revision"),
        (&["charts/c", "--rev", "nope..HEAD"], "unknown revision \"nope\""),
        (&["charts/c", "--rev", "HEAD..HEAD", "--review"], "has two revisions"),
        (&["gone", "charts/c"], "path \"gone\" not found"),
        (&["charts/c", "charts/c", "--ignore", "a:"], "is no rule"),
        (&["charts/c", "charts/c", "--now", "noon"], "--now noon"),
        (&["charts/c", "charts/c", "--config", "gone.yaml"], "there is no configuration file gone.yaml"),
    ] {
        let (code, text) = diff(&repository, args);
        assert!(code == 1 && text.contains(why), "{args:?}: {text}");
    }
}

#[test]
fn a_chart_that_is_new_or_gone_is_all_added_or_removed() {
    let Some(repository) = with_chart() else { return };
    repository.chart("charts/d", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n").commit("two");
    let (code, text) = diff(&repository, &["charts/d", "--rev", "HEAD~1..HEAD", "--exit-code"]);
    assert!(code == 2 && text.contains("there is no HEAD~1:charts/d") && text.contains("1 added"), "{text}");
    let (_, text) = diff(&repository, &["charts/d", "--rev", "HEAD..HEAD~1"]);
    assert!(text.contains("1 removed"), "{text}");
    let (code, text) = diff(&repository, &["charts/e", "--rev", "HEAD~1..HEAD"]);
    assert!(code == 1 && text.contains("path \"charts/e\" does not exist in HEAD~1"), "{text}");
}

#[test]
fn definitions_and_hooks_can_be_left_out() {
    let Some(repository) = with_chart() else { return };
    repository.write("stored.yaml", repository.prints(&["render", "release-name", "charts/c", "--no-hooks"]));
    let ignore = ["--ignore", "ConfigMap:/data"];
    let (_, text) = diff(&repository, &[&["stored.yaml", "charts/c"], &ignore[..]].concat());
    assert!(text.contains("Pod/hook"), "{text}");
    assert!(text.contains("what is in crds/ of charts/c is not compared"), "{text}");
    is_empty(&repository, &[&["stored.yaml", "charts/c", "--no-hooks"], &ignore[..]].concat());
    repository.write("empty/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    let (_, text) = diff(&repository, &["empty", "charts/c"]);
    assert!(text.contains("CustomResourceDefinition/ds.x.io"), "{text}");
    let (_, text) = diff(&repository, &["empty", "charts/c", "--skip-crds"]);
    assert!(!text.contains("CustomResourceDefinition"), "{text}");
}

#[test]
fn releases_in_a_cluster_are_read_within_bounds() {
    let Some(repository) = with_chart() else { return };
    let release = stored_release(&repository);
    repository.write("release.yaml", &release);
    let (_, text) = diff(&repository, &["release.yaml", "charts/c"]);
    assert!(text.contains("the values of release edge revision 3 are used"), "{text}");
    assert!(text.contains("c 1.0.0 (release.yaml → charts/c)"), "{text}");
    differs(&repository, &["release.yaml", "charts/c", "--set", "tag=v8"], "x:v7 → x:v8");
    // Several revisions: the newest counts. Several releases: an error.
    let list = |items: &[String]| {
        let items: Vec<String> =
            items.iter().map(|item| format!("- {}", item.trim_end().replace('\n', "\n  "))).collect();
        format!("apiVersion: v1\nkind: List\nitems:\n{}\n", items.join("\n"))
    };
    let older = secret("edge", 2, "", "", "{}");
    repository.write("both.yaml", list(&[release.clone(), older]));
    let (_, text) = diff(&repository, &["both.yaml", "release.yaml", "--exit-code"]);
    assert!(text.contains("no difference") && text.contains("holds 2 revisions"), "{text}");
    repository.write("two.yaml", list(&[release.clone(), secret("other", 1, "", "", "{}")]));
    let (code, text) = diff(&repository, &["two.yaml", "release.yaml"]);
    assert!(code == 1 && text.contains("holds several releases: \"edge\" and \"other\""), "{text}");
    // Hostile ones.
    let (_, text) = diff(&repository, &["release.yaml", "release.yaml", "--limit", "chart-bytes=1000"]);
    assert!(text.contains("larger than the maximum size 1000"), "{text}");
    let (before, _) = release.split_once("  release: ").unwrap();
    for (data, why) in [
        ("", "no data.release"),
        ("  release: \"???\"", "not base64"),
        ("  release: WW0xMmIyOXo=", "not JSON"),
    ] {
        repository.write("bad.yaml", format!("{before}{data}\n").replace("data:\n\n", "data: {}\n"));
        let (code, text) = diff(&repository, &["bad.yaml", "release.yaml"]);
        assert!(code == 1 && text.contains(why), "{why}: {text}");
    }
}

#[test]
fn reports_come_in_every_format_and_are_written_whole() {
    let Some(repository) = with_chart() else { return };
    let report = |args: &[&str]| {
        let (code, text) =
            diff(&repository, &[&["charts/c", "charts/c", "--new-set", "tag=v2"], args].concat());
        assert_eq!(code, 0, "{text}");
        text
    };
    assert!(report(&["-o", "markdown"]).starts_with('#'));
    assert!(report(&["-o", "html"]).starts_with("<!"));
    assert!(report(&["-o", "junit"]).contains("<testsuites"));
    for format in ["json", "json-patch", "sarif"] {
        serde_json::from_str::<serde_json::Value>(&report(&["-o", format])).unwrap();
    }
    assert!(report(&["--unified"]).contains("@@"));
    assert!(report(&["--side-by-side"]).contains('│') || report(&["--side-by-side"]).contains('|'));
    assert!(report(&["--summary"]).lines().count() < report(&[]).lines().count());
    repository.write("report.html", "old");
    assert_eq!(report(&["-o", "html", "--output-file", "report.html"]), "");
    assert!(std::fs::read_to_string(repository.file("report.html")).unwrap().contains("Deployment"));
    assert!(!report(&["--color", "always", "--output-file", "report.txt"]).contains('\u{1b}'));
    assert!(!std::fs::read_to_string(repository.file("report.txt")).unwrap().contains('\u{1b}'));
    let names: Vec<String> = std::fs::read_dir(repository.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("report"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let (code, text) = diff(&repository, &["charts/c", "charts/c", "--output-file", "gone/report.txt"]);
    assert!(code == 1 && text.contains("writing gone/report.txt"), "{text}");
}

#[test]
fn all_reviews_what_a_change_touches() {
    let Some(repository) = with_chart() else { return };
    repository
        .chart("charts/e", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\ndata: {a: {{ .Values.a | default 1 | quote }}}\n")
        .write("charts/e/ci/a-values.yaml", "a: 2\n")
        .write("charts/e/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.0.0\n")
        .chart("charts/lib", "")
        .write("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n")
        .commit("two");
    repository.write("charts/c/values.yaml", VALUES.replace("v1", "v2")).commit("three");
    let all = |range: &str, more: &[&str]| diff(&repository, &[&["--all", "--rev", range], more].concat());
    let (code, text) = all("HEAD~1..HEAD", &["--exit-code"]);
    assert!(code == 2 && text.contains("HEAD~1:charts/c") && !text.contains("charts/e"), "{text}");
    let (_, text) = all("HEAD~2..HEAD~1", &["--summary"]);
    assert!(text.contains("charts/e with ci/a-values.yaml") && !text.contains("inner"), "{text}");
    assert!(!text.contains("lib") && !text.contains("charts/c"), "{text}");
    let (code, text) = all("HEAD..HEAD", &["--exit-code"]);
    assert!(code == 0 && text.contains("none of the 3 charts with their values is touched"), "{text}");
    // Only a values file changes.
    repository.write("charts/e/ci/a-values.yaml", "a: 3\n").commit("four");
    let (_, text) = all("HEAD~1..HEAD", &["--summary"]);
    assert!(text.contains("charts/e with ci/a-values.yaml") && !text.contains("charts/c"), "{text}");
    // The working tree.
    repository.write("charts/e/ci/a-values.yaml", "a: 4\n");
    let (code, text) = all("HEAD", &["--exit-code"]);
    assert!(code == 2 && text.contains("3 → 4"), "{text}");
    // One that fails does not keep the others from being reported.
    repository.write("charts/c/templates/a.yaml", "{{ fail \"broken\" }}").commit("five");
    let (code, text) = all("HEAD~1..HEAD", &[]);
    assert!(code == 1 && text.contains("broken") && text.contains("3 → 4"), "{text}");
}

#[test]
fn torii_yaml_lists_releases_and_what_to_ignore() {
    let Some(repository) = with_chart() else { return };
    let releases = "releases:\n- name: edge\n  namespace: prod\n  chart: charts/c\n  values: [prod.yaml]\n  kube-version: 1.31\n- name: plain\n  chart: charts/c\n";
    repository.write("torii.yaml", releases).commit("two");
    repository.write("prod.yaml", "replicas: 4\n").commit("three");
    let (code, text) = diff(&repository, &["--all", "--rev", "HEAD~1..HEAD", "--exit-code"]);
    assert!(code == 2 && text.contains("prod/edge (charts/c)") && text.contains("3 → 4"), "{text}");
    assert!(!text.contains("plain"), "{text}");
    // A release that is listed anew is all new.
    repository.write("torii.yaml", format!("{releases}- name: third\n  chart: charts/c\n")).commit("four");
    let (_, text) = diff(&repository, &["--all", "--rev", "HEAD~1..HEAD", "--summary"]);
    assert!(text.contains("third (charts/c)") && text.contains("new"), "{text}");
    repository.write("torii.yaml", format!("{releases}ignore:\n- Deployment:/spec/replicas\n"));
    let (code, text) =
        diff(&repository, &["charts/c", "--rev", "HEAD", "--new-set", "replicas=8", "--exit-code"]);
    assert!(code == 0 && text.contains("ignored"), "{text}");
    let output = repository.torii_in("charts", &["diff", "c", "c", "--new-set", "replicas=8", "--exit-code"]);
    assert_eq!(output.status.code(), Some(0));
    repository.write("torii.yaml", "ignore:\n- Deployment\n- 'x:'\n");
    let (code, text) = diff(&repository, &["charts/c", "charts/c"]);
    assert!(code == 1 && text.contains("torii.yaml:3"), "{text}");
    repository.write("torii.yaml", "relases: []\n");
    let (code, text) = diff(&repository, &["charts/c", "charts/c"]);
    assert!(
        code == 1 && text.contains("torii.yaml:1:1") && text.contains("did you mean releases?"),
        "{text}"
    );
}

#[test]
fn kubectl_calls_it_with_two_folders() {
    let Some(repository) = with_chart() else { return };
    // As kubectl diff names the files, and calls the program.
    let object = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: {image}}}]}}\n"
        )
    };
    repository.write("LIVE-1/v1.Pod.default.p", object("a")).write("MERGED-2/v1.Pod.default.p", object("b"));
    let (code, text) = diff(&repository, &["--kubectl", "LIVE-1", "MERGED-2"]);
    assert!(code == 1 && text.contains("a → b"), "{code}\n{text}");
    let (code, _) = diff(&repository, &["--kubectl", "LIVE-1", "LIVE-1"]);
    assert_eq!(code, 0);
    let (code, _) = diff(&repository, &["--kubectl", "LIVE-1", "gone"]);
    assert_eq!(code, 2);
    // An object that is new has an empty file on the live side, and a name may end as one of a file does.
    repository.write("LIVE-3/v1.Pod.default.p", "");
    let named = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x.yaml}\n";
    repository.write("LIVE-3/v1.ConfigMap.default.x.yaml", named);
    repository.write("MERGED-2/v1.ConfigMap.default.x.yaml", named);
    let (code, text) = diff(&repository, &["--kubectl", "LIVE-3", "MERGED-2"]);
    assert!(code == 1 && text.contains("1 added"), "{code}\n{text}");
}

#[test]
fn git_shows_its_reports() {
    let Some(repository) = with_chart() else { return };
    let torii = env!("CARGO_BIN_EXE_torii");
    let tar = || {
        let tar = ["-czf", "c.tgz", "-C", "charts", "c"];
        assert!(Command::new("tar").args(tar).current_dir(repository.path()).status().unwrap().success());
    };
    let object = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: {image}}}]}}\n"
        )
    };
    tar();
    repository
        .write("rendered/p.yaml", object("a"))
        .write(".gitattributes", "*.tgz diff=chart\n")
        .commit("two");
    repository
        .write("rendered/p.yaml", object("b"))
        .write("charts/c/values.yaml", VALUES.replace("v1", "v2"));
    tar();
    let difftool =
        ["difftool", "--no-prompt", "--extcmd", &format!("{torii} diff"), "HEAD", "--", "rendered"];
    assert!(repository.git(&difftool).contains("a → b"));
    let tool = format!("difftool.torii.cmd={torii} diff \"$LOCAL\" \"$REMOTE\"");
    let folders =
        ["-c", &tool, "difftool", "--dir-diff", "--no-symlinks", "-t", "torii", "HEAD", "--", "rendered"];
    assert!(repository.git(&folders).contains("a → b"));
    // The external differ gets seven arguments: the files are the second and the fifth.
    let script = repository.file(".git/torii-git-diff");
    std::fs::write(&script, format!("#!/bin/sh\nexec {torii} diff \"$2\" \"$5\"\n")).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let external = format!("diff.external={}", script.display());
    assert!(repository.git(&["-c", &external, "diff", "HEAD", "--", "rendered"]).contains("a → b"));
    repository
        .write("rendered/q.yaml", object("c").replace("name: p", "name: q"))
        .git(&["add", "rendered/q.yaml"]);
    assert!(repository.git(&["-c", &external, "diff", "HEAD", "--", "rendered/q.yaml"]).contains("1 added"));
    // Packed charts, as text.
    let textconv = format!("diff.chart.textconv={torii} render --seed git --now 2026-01-01T00:00:00Z");
    let text = repository.git(&["-c", &textconv, "diff", "HEAD", "--", "c.tgz"]);
    assert!(text.contains("-    spec: {containers: [{name: x, image: \"x:v1\"}]}"), "{text}");
    assert!(text.contains("+    spec: {containers: [{name: x, image: \"x:v2\"}]}"), "{text}");
}

#[test]
fn a_values_file_that_is_there_at_one_revision_only_is_used_on_both_sides() {
    let Some(repository) = with_chart() else { return };
    repository.write("late.yaml", "replicas: 9\n").commit("two");
    let (code, text) =
        diff(&repository, &["charts/c", "--rev", "HEAD~1..HEAD", "-f", "late.yaml", "--exit-code"]);
    assert!(code == 0 && text.starts_with("Verdict: no difference"), "{code}\n{text}");
    assert!(text.contains("there is no HEAD~1:late.yaml: HEAD:late.yaml is used on both sides"), "{text}");
    let (code, text) = diff(&repository, &["charts/c", "--rev", "HEAD~1..HEAD", "-f", "never.yaml"]);
    assert!(code == 1 && text.contains("never.yaml"), "{code}\n{text}");
}

#[test]
fn completion_knows_the_command() {
    let Some(repository) = Repository::new() else { return };
    for shell in ["bash", "zsh", "fish"] {
        let script = repository.prints(&["completion", shell]);
        assert!(script.contains("side-by-side") && script.contains("fail-on"), "{shell}");
    }
}
