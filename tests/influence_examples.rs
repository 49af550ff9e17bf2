//! What a value decides, on small charts: lines that change, lines that come and go, templates that change what
//! others see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use torii::explain::influence::{Bench, Bounds, Influence, Names, Replacement, ValuePath};
use torii::render::{self, Request};
use torii::yaml::Step;

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A bench for a chart of these files.
fn bench(files: &[(&str, &str)], change: impl FnOnce(&mut Request)) -> Bench {
    try_bench(files, change).unwrap()
}

fn try_bench(files: &[(&str, &str)], change: impl FnOnce(&mut Request)) -> torii::Result<Bench> {
    let folder = tempfile::tempdir().unwrap();
    if !files.iter().any(|(file, _)| *file == "Chart.yaml") {
        write(folder.path(), "Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    }
    files.iter().for_each(|(file, text)| write(folder.path(), file, text));
    let mut request = Request::new(folder.path().display().to_string(), "rel");
    change(&mut request);
    Bench::new(&request, &render::load(&request, &mut Vec::new()).unwrap())
}

fn keys(path: &str) -> ValuePath {
    path.split('.').map(Step::key).collect()
}

fn influence(bench: &Bench, path: &str, file: &str) -> Influence {
    bench.influences(&[keys(path)], Some(&Names::from([Arc::from(file)]))).pop().unwrap()
}

fn moving(influence: &Influence, file: &str) -> Vec<usize> {
    influence.file(file).map(|file| file.lines.keys().copied().collect()).unwrap_or_default()
}

#[test]
fn the_line_with_a_value_is_changed_and_the_one_under_a_condition_is_gone() {
    let bench = bench(
        &[
            ("values.yaml", "name: x\nextra: on\n"),
            (
                "templates/a.yaml",
                "kind: A\nname: {{ .Values.name }}\n{{- if .Values.extra }}\nmore: 1\n{{- end }}\n",
            ),
        ],
        |_| (),
    );
    let name = influence(&bench, "name", "c/templates/a.yaml");
    let line = name.line("c/templates/a.yaml", 2).unwrap();
    assert_eq!((line.changed, line.gone), (Some(0), None));
    assert_eq!(moving(&name, "c/templates/a.yaml"), [2]);
    let extra = influence(&bench, "extra", "c/templates/a.yaml");
    let line = extra.line("c/templates/a.yaml", 3).unwrap();
    assert!(line.changed.is_none() && line.gone.is_some());
    assert_eq!(moving(&extra, "c/templates/a.yaml"), [3]);
}

#[test]
fn a_template_that_rewrites_the_values_runs_before_those_that_are_asked_about() {
    let bench = bench(
        &[
            ("values.yaml", "profile: a\nset: x\n"),
            ("templates/b.yaml", "kind: B\nname: {{ .Values.made }}\n"),
            (
                "templates/zzz.yaml",
                "{{- if eq .Values.profile \"b\" }}{{ $_ := set $.Values \"made\" \"of-b\" }}{{ else }}\
                 {{ $_ := set $.Values \"made\" .Values.set }}{{ end }}",
            ),
        ],
        |_| (),
    );
    assert_eq!(bench.writers(), [Arc::from("c/templates/zzz.yaml")]);
    for path in ["profile", "set"] {
        let found = influence(&bench, path, "c/templates/b.yaml");
        assert_eq!(moving(&found, "c/templates/b.yaml"), [2], "{path}");
        assert_eq!(found.files.len(), 1);
    }
}

#[test]
fn a_condition_decides_all_lines_of_a_chart() {
    let files = [
        (
            "Chart.yaml",
            "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: '*', condition: s.use}\n",
        ),
        ("values.yaml", "s: {use: true}\n"),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
        ("charts/s/templates/a.yaml", "kind: A\nname: x\n"),
    ];
    let on = bench(&files, |_| ());
    let found = on.influences(&[keys("s.use")], None).pop().unwrap();
    assert_eq!(moving(&found, "c/charts/s/templates/a.yaml"), [1, 2]);
    let off = bench(&files, |request| request.values.set = vec!["s.use=false".into()]);
    let found = off.influences(&[keys("s.use")], None).pop().unwrap();
    let added = &found.file("c/charts/s/templates/a.yaml").unwrap().added;
    assert_eq!(added.iter().map(|(_, added)| (added.after, added.count)).collect::<Vec<_>>(), [(0, 2)]);
}

#[test]
fn what_moves_as_soon_as_any_value_of_a_subchart_is_given_is_told_as_such() {
    let bench = bench(
        &[
            (
                "Chart.yaml",
                "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: '*'}\n",
            ),
            ("values.yaml", "s: {image: {registry: null}}\n"),
            ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
            ("charts/s/values.yaml", "port: 1\nimage: {registry: example.com}\n"),
            (
                "charts/s/templates/a.yaml",
                "kind: A\nimage: {{ .Values.image.registry }}\nport: {{ .Values.port }}\n",
            ),
        ],
        |_| (),
    );
    let file = "c/charts/s/templates/a.yaml";
    let found = influence(&bench, "s.port", file);
    assert_eq!(moving(&found, file), [2, 3]);
    assert!(found.line(file, 2).unwrap().by_table);
    assert!(!found.line(file, 3).unwrap().by_table);
}

#[test]
fn a_replacement_that_nothing_can_be_rendered_with_is_remembered() {
    let bench = bench(
        &[
            ("values.yaml", "mode: one\n"),
            (
                "templates/a.yaml",
                "{{ if not (has .Values.mode (list \"one\" \"two\")) }}{{ fail \"no such mode\" }}{{ end }}kind: A\n\
                 mode: {{ .Values.mode }}\n",
            ),
        ],
        |_| (),
    );
    let found = influence(&bench, "mode", "c/templates/a.yaml");
    assert!(found.trials[0].failure.as_ref().unwrap().contains("no such mode"));
    assert!(matches!(found.primary(), Some(Replacement::Set(value)) if value.as_str() == Some("two")));
    assert_eq!(moving(&found, "c/templates/a.yaml"), [2]);
}

#[test]
fn what_is_random_repeats_and_each_answer_has_the_whole_of_the_limits() {
    let text = "kind: A\npassword: {{ randAlphaNum 20 }}\nnow: {{ now }}\n{{ range until 100 }}{{ end }}x: {{ .Values.x }}\n";
    let files = [("values.yaml", "x: 1\ny: 1\nz: 1\n"), ("templates/a.yaml", text)];
    // As many steps as one render takes, far too few for two.
    let with_steps = |steps| {
        try_bench(&files, |request| {
            request.seed = None;
            request.limits.steps = steps;
        })
    };
    let bench = (1..100).find_map(|n| with_steps(100 * n).ok()).unwrap();
    for (path, lines) in [("x", vec![4]), ("y", vec![]), ("z", vec![])] {
        let found = influence(&bench, path, "c/templates/a.yaml");
        assert!(found.trials.iter().all(|trial| trial.failure.is_none()), "{:?}", found.trials);
        assert_eq!(moving(&found, "c/templates/a.yaml"), lines, "{path}");
    }
}

#[test]
fn an_entry_of_a_list_is_changed_within_its_list() {
    let bench = bench(
        &[
            ("values.yaml", "l: [{name: a, port: 1}, {name: b, port: 2}]\n"),
            ("templates/a.yaml", "kind: A\n{{- range .Values.l }}\n{{ .name }}: {{ .port }}\n{{- end }}\n"),
        ],
        |_| (),
    );
    let path = vec![Step::key("l"), Step::Index(1), Step::key("port")];
    let found = bench.influences(&[path], None).pop().unwrap();
    assert_eq!(moving(&found, "c/templates/a.yaml"), [3]);
}

#[test]
fn where_a_bound_is_met_the_answer_says_that_it_is_not_complete() {
    let bench = bench(&[("values.yaml", "x: 1\n"), ("templates/a.yaml", "x: {{ .Values.x }}\n")], |_| ());
    let bench = bench.bounded(Bounds { renders: 1, ..Default::default() });
    let found = influence(&bench, "x", "c/templates/a.yaml");
    assert!(!found.complete && found.trials.len() == 1);
}
