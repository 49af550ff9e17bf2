use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::chart::{File, from_files};
use crate::compare::{Change, FieldChange};
use crate::diff::side::Rendered;
use crate::diff::values::leaves;
use crate::limits::Limits;
use crate::render::{self, Loaded, Request};
use crate::source::{Budget, Files};
use crate::values::{Layers, Overrides};

type Text = (&'static str, &'static str);

const CHART: Text = ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: \"1\"\n");
const VALUES: Text =
    ("values.yaml", "image: {repository: shop, tag: \"1\"}\nreplicas: 1\nextra: {}\ncolor: red\n");
const HELPERS: Text = (
    "templates/_helpers.tpl",
    "{{ define \"labels\" }}\napp: {{ .Release.Name }}\nchart: {{ .Chart.Name }}-{{ .Chart.Version }}\n{{ end }}\n",
);
const DEPLOYMENT: Text = (
    "templates/deployment.yaml",
    "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {{- include \"labels\" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      annotations:
        checksum/config: {{ .Values.color | sha256sum }}
    spec:
      containers:
      - name: shop
        image: {{ .Values.image.repository }}:{{ .Values.image.tag }}
        {{- with .Values.extra }}
        env: {{- toYaml . | nindent 10 }}
        {{- end }}
",
);
const CONFIG: Text = (
    "templates/config.yaml",
    "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  color: {{ .Values.color }}
  kube: {{ .Capabilities.KubeVersion.Minor | quote }}
",
);
const BASE: [Text; 5] = [CHART, VALUES, HELPERS, DEPLOYMENT, CONFIG];

/// The files with some of them replaced or added; an empty one is left out.
fn edited(base: &[Text], edits: &[Text]) -> Vec<Text> {
    let mut files: Vec<Text> =
        base.iter().filter(|(name, _)| !edits.iter().any(|(own, _)| own == name)).copied().collect();
    files.extend(edits.iter().filter(|(_, text)| !text.is_empty()));
    files
}

fn side_with(files: &[Text], set: &[&str], change: impl FnOnce(&mut Request)) -> Side {
    let files = files.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
    let files = Files { location: "shop/".into(), files: files.collect() };
    let chart = from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
    let overrides = Overrides { set: set.iter().map(|s| s.to_string()).collect(), ..Overrides::default() };
    let layers = Layers::gather(&overrides, &mut |_| Ok(Vec::new())).unwrap();
    let mut request = Request::new("shop", "edge");
    request.seed = Some("seed".into());
    request.now = Some(crate::diff::side::NOW);
    change(&mut request);
    rendered(request, Loaded { chart, layers })
}

fn rendered(request: Request, loaded: Loaded) -> Side {
    let output = render::render_loaded(&request, &loaded).unwrap();
    let rendered = Rendered { request, loaded, volatile: output.volatile, sources: output.sources.clone() };
    let objects = rendered.objects_of(&output).unwrap();
    Side { name: "shop".into(), objects, rendered: Some(rendered), release: None, warnings: Vec::new() }
}

fn side(files: &[Text], set: &[&str]) -> Side {
    side_with(files, set, |_| {})
}

/// The changes of objects of the same identity, and those that come and go.
fn compared(old: &Side, new: &Side) -> Comparison {
    let mut changes = Vec::new();
    for object in &new.objects {
        let before = old.objects.iter().find(|own| own.id == object.id);
        let fields = match before {
            Some(before) => {
                let map =
                    |object: &Arc<crate::manifest::object::Object>| object.value.as_map().unwrap().clone();
                let (leaves, _) = leaves::differing(&map(before), &map(object), 1000);
                if leaves.is_empty() {
                    continue;
                }
                let field = |leaf: leaves::Leaf| FieldChange {
                    path: leaf.path,
                    old: leaf.old,
                    new: leaf.new,
                    same: None,
                    notes: Vec::new(),
                };
                leaves.into_iter().map(field).collect()
            }
            None => Vec::new(),
        };
        let (old, new) = (before.cloned(), Some(object.clone()));
        changes.push(Change { old, new, fields, similarity: None, fallback: None });
    }
    for object in old.objects.iter().filter(|own| !new.objects.iter().any(|other| other.id == own.id)) {
        let old = Some(object.clone());
        changes.push(Change { old, new: None, fields: Vec::new(), similarity: None, fallback: None });
    }
    Comparison { old: old.objects.clone(), new: new.objects.clone(), changes, warnings: Vec::new() }
}

fn shown(causes: Vec<Cause>) -> String {
    let text = |text: Option<String>| text.unwrap_or("-".into());
    let cause = |cause: Cause| {
        let places = format!("{} > {}", text(cause.old_place), text(cause.new_place));
        format!("{:?} {} ({places})", cause.kind, text(cause.what))
    };
    causes.into_iter().map(cause).collect::<Vec<_>>().join(", ")
}

/// All changes with their causes, one a line.
fn told(old: &Side, new: &Side) -> Vec<String> {
    let comparison = compared(old, new);
    let causes = explain(old, new, &comparison);
    assert_eq!(causes.unsure, 0);
    assert_eq!(causes.warnings, [] as [&str; 0]);
    lines(&comparison, &causes)
}

fn lines(comparison: &Comparison, causes: &Causes) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, change) in comparison.changes.iter().enumerate() {
        let id = &change.object().unwrap().id;
        if change.old.is_none() || change.new.is_none() {
            lines.push(format!("{id}: {}", shown(causes.of_object(index))));
        }
        for (i, field) in change.fields.iter().enumerate() {
            lines.push(format!("{id} {}: {}", field.path, shown(causes.of_field(index, i))));
        }
    }
    lines
}

#[test]
fn a_single_value_is_the_cause_without_a_render() {
    let (old, new) = (side(&BASE, &["image.tag=2"]), side(&BASE, &["image.tag=3"]));
    let comparison = compared(&old, &new);
    let causes = explain(&old, &new, &comparison);
    assert_eq!(causes.renders, 0);
    assert_eq!(
        lines(&comparison, &causes),
        ["Deployment/edge spec.template.spec.containers[name=shop].image: Values image.tag (--set > --set)"]
    );
}

#[test]
fn of_several_values_each_is_named_where_it_shows() {
    let new = side(&BASE, &["image.tag=3", "color=blue", "image.repository=store", "unused=1"]);
    assert_eq!(
        told(&side(&BASE, &[]), &new),
        [
            "ConfigMap/edge data.color: Values color (shop/values.yaml:4 > --set)",
            "Deployment/edge spec.template.metadata.annotations[\"checksum/config\"]: Values color (shop/values.yaml:4 > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].image: Values image.repository (shop/values.yaml:1 > --set), Values image.tag (shop/values.yaml:1 > --set)",
        ]
    );
}

#[test]
fn an_added_map_is_told_by_its_leaves() {
    let new = side(&BASE, &["extra.a=1", "extra.b=2", "replicas=2"]);
    assert_eq!(
        told(&side(&BASE, &[]), &new),
        [
            "Deployment/edge spec.replicas: Values replicas (shop/values.yaml:2 > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].env.a: Values extra.a (- > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].env.b: Values extra.b (- > --set)",
        ]
    );
}

#[test]
fn defaults_templates_and_the_version_are_told_apart() {
    let edits = [
        ("Chart.yaml", "apiVersion: v2\nname: shop\n# next\nversion: 1.1.0\nappVersion: \"1\"\n"),
        ("values.yaml", "image: {repository: shop, tag: \"1\"}\n\nreplicas: 3\nextra: {}\ncolor: green\n"),
        (
            "templates/config.yaml",
            "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  # bright
  color: {{ .Values.color | upper }}
  kube: {{ .Capabilities.KubeVersion.Minor | quote }}
  shade: dark
",
        ),
        (
            "templates/_helpers.tpl",
            "{{ define \"labels\" }}\napp: {{ .Release.Name }}\nteam: web\nchart: {{ .Chart.Name }}-{{ .Chart.Version }}\n{{ end }}\n",
        ),
    ];
    let new = side(&edited(&BASE, &edits), &[]);
    assert_eq!(
        told(&side(&BASE, &[]), &new),
        [
            "ConfigMap/edge data.color: Defaults color (shop/values.yaml:4 > shop/values.yaml:5), Template shop/templates/config.yaml (shop/templates/config.yaml:6 > shop/templates/config.yaml:7)",
            "ConfigMap/edge data.shade: Template shop/templates/config.yaml (shop/templates/config.yaml > shop/templates/config.yaml:9)",
            "Deployment/edge metadata.labels.chart: ChartVersion version (shop/Chart.yaml:3 > shop/Chart.yaml:4)",
            "Deployment/edge metadata.labels.team: Template shop/templates/_helpers.tpl (shop/templates/_helpers.tpl:3 > shop/templates/_helpers.tpl:3)",
            "Deployment/edge spec.replicas: Defaults replicas (shop/values.yaml:2 > shop/values.yaml:3)",
            "Deployment/edge spec.template.metadata.annotations[\"checksum/config\"]: Defaults color (shop/values.yaml:4 > shop/values.yaml:5)",
        ]
    );
}

#[test]
fn what_the_user_sets_over_a_changed_default_is_the_cause() {
    let edits =
        [("values.yaml", "image: {repository: shop, tag: \"2\"}\nreplicas: 1\nextra: {}\ncolor: red\n")];
    let (old, new) = (side(&BASE, &[]), side(&edited(&BASE, &edits), &["image.tag=3", "replicas=2"]));
    assert_eq!(
        told(&old, &new),
        [
            "Deployment/edge spec.replicas: Values replicas (shop/values.yaml:2 > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].image: Values image.tag (shop/values.yaml:1 > --set)",
        ]
    );
}

#[test]
fn the_cluster_and_the_release_are_causes() {
    let old = side(&BASE, &[]);
    let new = side_with(&BASE, &["color=blue"], |request| request.kube_version = Some("1.29".into()));
    assert_eq!(
        told(&old, &new)[..2],
        [
            "ConfigMap/edge data.color: Values color (shop/values.yaml:4 > --set)",
            "ConfigMap/edge data.kube: Capabilities kube-version (- > -)",
        ]
    );
    let new = side_with(&BASE, &["color=blue"], |request| request.release.name = "west".into());
    assert_eq!(
        told(&old, &new),
        [
            "ConfigMap/west: Release name (- > -)",
            "Deployment/west: Release name (- > -)",
            "ConfigMap/edge: Release name (- > -)",
            "Deployment/edge: Release name (- > -)",
        ]
    );
}

#[test]
fn objects_that_come_and_go_have_causes() {
    let job: Text = (
        "templates/job.yaml",
        "{{ if .Values.job }}\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n{{ end }}\n",
    );
    let edits = [job, ("templates/config.yaml", "")];
    let new = side(&edited(&BASE, &edits), &["job=true"]);
    assert_eq!(
        told(&side(&BASE, &[]), &new),
        [
            "Job/j: Values job (- > --set), Template shop/templates/job.yaml (- > shop/templates/job.yaml)",
            "ConfigMap/edge: Template shop/templates/config.yaml (shop/templates/config.yaml > -)",
        ]
    );
}

#[test]
fn a_value_that_another_one_asks_for_is_found_all_the_same() {
    let template: Text = (
        "templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  \
         {{ if .Values.tls }}cert: {{ required \"no cert\" .Values.cert }}{{ else }}cert: none{{ end }}\n",
    );
    let files = [CHART, template];
    let (old, new) = (side(&files, &[]), side(&files, &["tls=true", "cert=abc", "note=1"]));
    // Without the one there is no render; without the other the field is as it was.
    assert_eq!(told(&old, &new), ["ConfigMap/a data.cert: Values tls (- > --set)"]);
}

#[test]
fn two_values_of_which_either_is_enough_are_both_named() {
    let template: Text = (
        "templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {is: {{ or .Values.a .Values.b | default false }}}\n",
    );
    let files = [CHART, template];
    let (old, new) = (side(&files, &[]), side(&files, &["a=true", "b=true"]));
    assert_eq!(told(&old, &new), ["ConfigMap/a data.is: Values a (- > --set), Values b (- > --set)"]);
}

fn umbrella(version: &'static str, sub_version: &'static str, sub_values: &'static str) -> Vec<Text> {
    vec![
        ("Chart.yaml", version),
        ("values.yaml", "web: {image: {tag: \"1\"}}\n"),
        ("charts/s/Chart.yaml", sub_version),
        ("charts/s/values.yaml", sub_values),
        (
            "charts/s/templates/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n\
             data: {v: {{ .Chart.Version }}, tag: {{ .Values.image.tag }}, size: \"{{ .Values.size }}\"}\n",
        ),
    ]
}

#[test]
fn charts_within_charts_are_mixed_by_name_and_told_by_alias() {
    let old = umbrella(
        "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: s, version: 1.x.x, alias: web}\n",
        "name: s\nversion: 1.0.0\n",
        "image: {tag: \"0\"}\nsize: 1\n",
    );
    let new = umbrella(
        "apiVersion: v2\nname: u\nversion: 1.1.0\ndependencies:\n- {name: s, version: 2.x.x, alias: web}\n",
        "name: s\nversion: 2.0.0\n",
        "image: {tag: \"9\"}\n# how large\nsize: 2\n",
    );
    assert_eq!(
        told(&side(&old, &[]), &side(&new, &["web.image.tag=5"])),
        [
            "ConfigMap/web data.size: Defaults web.size (shop/charts/s/values.yaml:2 > shop/charts/s/values.yaml:3)",
            "ConfigMap/web data.tag: Values web.image.tag (shop/values.yaml:1 > --set)",
            "ConfigMap/web data.v: ChartVersion web.version (shop/charts/s/Chart.yaml:2 > shop/charts/s/Chart.yaml:2)",
        ]
    );
}

#[test]
fn a_chart_that_joins_is_the_structure() {
    let old: Vec<Text> = vec![("Chart.yaml", "apiVersion: v2\nname: u\nversion: 1.0.0\n")];
    let new = umbrella(
        "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: s, version: 2.x.x, alias: web}\n",
        "name: s\nversion: 2.0.0\n",
        "image: {tag: \"9\"}\nsize: 2\n",
    );
    assert_eq!(
        told(&side(&old, &[]), &side(&new, &[])),
        ["ConfigMap/web: Template shop/Chart.yaml (shop/Chart.yaml > shop/Chart.yaml:4)"]
    );
}

#[test]
fn of_many_values_the_very_one_is_found_by_halves() {
    let many = |prefix: &str| (0..60).map(|i| format!("{prefix}.k{i}=1")).collect::<Vec<_>>();
    let (a, b) = (many("a"), many("b"));
    let set: Vec<&str> =
        a.iter().chain(&b).map(String::as_str).chain(["image.tag=7", "replicas=4", "extra.x=1"]).collect();
    let (old, new) = (side(&BASE, &[]), side(&BASE, &set));
    let comparison = compared(&old, &new);
    let causes = explain(&old, &new, &comparison);
    assert_eq!(
        lines(&comparison, &causes),
        [
            "Deployment/edge spec.replicas: Values replicas (shop/values.yaml:2 > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].env.x: Values extra.x (- > --set)",
            "Deployment/edge spec.template.spec.containers[name=shop].image: Values image.tag (shop/values.yaml:1 > --set)",
        ]
    );
    assert!(causes.renders <= 12, "{}", causes.renders);
}

#[test]
fn where_a_bound_is_met_causes_are_coarse_and_it_is_said() {
    let (old, new) =
        (side(&BASE, &[]), side_with(&BASE, &["color=blue", "replicas=2"], |r| r.release.revision = 2));
    let comparison = compared(&old, &new);
    for (renders, time) in [(0, Duration::from_secs(9)), (9, Duration::ZERO)] {
        let causes = explain_within(&old, &new, &comparison, renders, time);
        assert_eq!(causes.warnings.len(), 1);
        assert_eq!(shown(causes.of_field(0, 0)), "Values - (- > -), Release revision (- > -)");
    }
}

#[test]
fn stored_objects_have_no_causes_and_cost_nothing() {
    let (old, mut new) = (side(&BASE, &[]), side(&BASE, &["replicas=3"]));
    let comparison = compared(&old, &new);
    new.rendered = None;
    let causes = explain(&old, &new, &comparison);
    assert_eq!((causes.renders, causes.of_field(0, 0).len()), (0, 0));
}

#[test]
fn rendering_twice_gives_the_same_even_where_templates_set_values() {
    let set: Text = (
        "templates/a.yaml",
        "{{ $_ := set .Values \"x\" (add1 (.Values.x | default 0)) }}{{ $_ := set .Values.image \"tag\" \"changed\" }}\
         {{ $_ := set .Chart \"Version\" \"9\" }}{{ $_ := set .Values.list0 \"y\" 1 }}{{ $_ := unset .Values \"color\" }}\
         {{ $_ := set .Values.s.deep \"z\" 1 }}{{ $_ := set .Values.global.g \"z\" 1 }}\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ toJson .Values | quote }}}\n",
    );
    let jinja: Text = (
        "templates/b.yaml.j2",
        "{% do Values.extra.update({\"k\": 1}) %}{% do Values.items0.append(1) %}\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {v: {{ Values | toJson | toJson }}}\n",
    );
    let files = [
        (
            "Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: s, version: '*', import-values: [{child: deep, parent: into}]}]\n",
        ),
        (
            "values.yaml",
            "image: {tag: \"1\"}\ncolor: red\nextra: {}\nitems0: [{a: 1}]\nlist0: {}\nglobal: {g: {h: 1}}\n",
        ),
        ("charts/s/Chart.yaml", "name: s\nversion: 1.0.0\n"),
        ("charts/s/values.yaml", "deep: {a: 1}\n"),
        set,
        jinja,
    ];
    let side = side(&files, &["image.tag=2", "user.a=1", "global.g.k=1"]);
    let rendered = side.rendered.unwrap();
    let texts = || {
        let output = render::render_loaded(&rendered.request, &rendered.loaded).unwrap();
        let own = output.manifests.objects.iter();
        own.map(|manifest| String::from_utf8_lossy(manifest.content()).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(), texts());
    assert!(texts()[0].contains("changed"));
}
