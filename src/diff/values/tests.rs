use super::*;
use crate::chart::{File, from_files};
use crate::diff::ValueFindingKind;
use crate::limits::Limits;
use crate::render::{self, Loaded, Request};
use crate::source::{Budget, Files};
use crate::values::{Layers, Overrides};

const TEMPLATE: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ toJson .Values | quote }}}\n";
const PLAIN: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ .Values.name | default \"x\" }}}\n";

fn rendered(files: &[(&str, &str)], user: &str) -> Rendered {
    let files = files.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
    let files = Files { location: "c/".into(), files: files.collect() };
    let chart = from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
    let overrides = Overrides {
        files: if user.is_empty() { vec![] } else { vec!["prod.yaml".into()] },
        set: vec!["by.flag=1".into()],
        ..Overrides::default()
    };
    let layers = Layers::gather(&overrides, &mut |_| Ok(user.as_bytes().to_vec())).unwrap();
    let mut request = Request::new("c", "edge");
    request.skip_schema_validation = true;
    let loaded = Loaded { chart, layers };
    let output = render::render_loaded(&request, &loaded).unwrap();
    Rendered { request, loaded, volatile: output.volatile, sources: output.sources }
}

fn chart<'a>(version: &'a str, values: &'a str, template: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("Chart.yaml", version), ("values.yaml", values), ("templates/a.yaml", template)]
}

const ONE: &str = "apiVersion: v2\nname: gateway\nversion: 1.0.0\n";
const TWO: &str = "apiVersion: v2\nname: gateway\nversion: 2.0.0\n";

fn shown(changes: &[ValueChange]) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or("-".into());
    let one = |change: &ValueChange| {
        let moved = change.moved.as_ref().map(|moved| format!(" moved {moved}")).unwrap_or_default();
        let (old, new) = (text(&change.old_place), text(&change.new_place));
        format!("{:?} {} {old} {new}{moved}", change.kind, change.path)
    };
    changes.iter().map(one).collect()
}

fn findings(old: &Rendered, new: &Rendered) -> Vec<String> {
    let place = |place: Option<String>| place.unwrap_or("-".into());
    review(old, new)
        .findings
        .into_iter()
        .map(|f| format!("{:?} {} ({})", f.kind, f.message, place(f.place)))
        .collect()
}

#[test]
fn defaults_that_differ_are_told_with_their_lines() {
    let old = "replicas: 1\nname: \"\"\nlimits:\n  cpu: 1\nports:\n- {name: a, port: 80}\n- {name: b, port: 81}\nnone: null\n";
    let new = "# more\nreplicas: 2\nname: []\nlimits:\n  memory: 5\nports:\n- {name: a, port: 80}\n- {name: b, port: 82}\nnone: 3\n";
    let review = review(&rendered(&chart(ONE, old, TEMPLATE), ""), &rendered(&chart(TWO, new, TEMPLATE), ""));
    assert_eq!(
        shown(&review.defaults),
        [
            "Removed limits.cpu c/values.yaml:4 -",
            "Added limits.memory - c/values.yaml:5",
            "Retyped name c/values.yaml:2 c/values.yaml:3",
            "Changed none c/values.yaml:8 c/values.yaml:9",
            "Changed ports[name=b].port c/values.yaml:7 c/values.yaml:8",
            "Changed replicas c/values.yaml:1 c/values.yaml:2",
        ]
    );
    assert!(review.user.is_empty() && review.findings.is_empty());
}

#[test]
fn a_default_that_moved_is_told_from_one_that_went() {
    let old = "autoscaling: {max: 7, min: 2}\nservice: {port: 8080}\ngone: abc\n";
    let new = "autoscaling: {maxReplicas: 7, min: 2}\nhttp: {port: 8080}\nother: xyz\n";
    let review = review(&rendered(&chart(ONE, old, TEMPLATE), ""), &rendered(&chart(TWO, new, TEMPLATE), ""));
    assert_eq!(
        shown(&review.defaults),
        [
            "Removed autoscaling.max c/values.yaml:1 - moved autoscaling.maxReplicas",
            "Added autoscaling.maxReplicas - c/values.yaml:1 moved autoscaling.max",
            "Removed gone c/values.yaml:3 -",
            "Added http.port - c/values.yaml:2 moved service.port",
            "Added other - c/values.yaml:3",
            "Removed service.port c/values.yaml:2 - moved http.port",
        ]
    );
}

#[test]
fn the_user_s_values_that_differ_have_the_place_that_set_them() {
    let old = rendered(&chart(ONE, "a: 1\n", TEMPLATE), "a: 2\nb: {c: 1}\n");
    let mut new = rendered(&chart(ONE, "a: 1\n", TEMPLATE), "a: 3\n");
    let overrides = Overrides {
        files: vec!["prod.yaml".into()],
        set: vec!["by.flag=2".into(), "a=4".into()],
        ..Overrides::default()
    };
    new.loaded.layers = Layers::gather(&overrides, &mut |_| Ok(b"a: 3\n".to_vec())).unwrap();
    assert_eq!(
        shown(&review(&old, &new).user),
        ["Changed a prod.yaml:1 --set", "Removed b.c prod.yaml:2 -", "Changed by.flag --set --set",]
    );
}

#[test]
fn charts_within_are_told_by_alias_and_what_their_parent_says_counts() {
    let parent = |values| {
        vec![
            (
                "Chart.yaml",
                "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: s, version: '*', alias: web}\n- {name: t, version: '*', condition: t.use}\n",
            ),
            ("values.yaml", "web: {a: 5}\nt: {use: false}\n"),
            ("charts/s/Chart.yaml", "name: s\nversion: 1.0.0\n"),
            ("charts/s/values.yaml", values),
            ("charts/t/Chart.yaml", "name: t\nversion: 1.0.0\n"),
            ("charts/t/values.yaml", values),
        ]
    };
    let review = review(&rendered(&parent("a: 1\nb: 1\n"), ""), &rendered(&parent("a: 2\nb: 2\n"), ""));
    assert_eq!(shown(&review.defaults), ["Changed web.b c/charts/s/values.yaml:2 c/charts/s/values.yaml:2"]);
}

#[test]
fn what_was_a_value_and_is_none_matches_nothing() {
    let old = rendered(
        &chart(ONE, "autoscaling: {max: 1, min: 1}\nimage: {tag: a, repo: b}\nlabels: {}\nname: x\n", PLAIN),
        "autoscaling: {max: 3}\nimage: {tag: c, repo: d}\nlabels: {a: b}\nname: y\nnever: 1\n",
    );
    let user = "autoscaling: {max: 3}\nimage: {tag: c, repo: d}\nlabels: {a: b}\nname: y\nnever: 1\n";
    let new =
        rendered(&chart(TWO, "autoscaling: {maxReplicas: 1, min: 1}\nlabels: {}\nother: {}\n", PLAIN), user);
    // `name` is no default any more, but a template reads it; what never was a value is not asked for.
    assert_eq!(
        findings(&old, &new),
        [
            "MatchesNothing autoscaling.max is no value of gateway 2.0.0: did you mean autoscaling.maxReplicas? (prod.yaml:1)",
            "MatchesNothing image is no value of gateway 2.0.0 (prod.yaml:2)",
        ]
    );
}

#[test]
fn defaults_within_a_wrapper_and_values_that_a_schema_knows_are_values() {
    let user = "service: {type: NodePort}\nkind: Deployment\n";
    let old = rendered(&chart(ONE, "service: {type: x}\nkind: y\n", PLAIN), user);
    let wrapped = "_internal_defaults_do_not_set: {service: {type: x}}\n";
    let mut files = chart(TWO, wrapped, PLAIN);
    let schema = r##"{"$ref": "#/$defs/v", "$defs": {"v": {"properties": {"kind": {"type": "string"}}}}}"##;
    files.push(("values.schema.json", schema));
    assert_eq!(findings(&old, &rendered(&files, user)), [] as [&str; 0]);
    let empty = rendered(&chart(TWO, "{}\n", PLAIN), user);
    assert_eq!(findings(&old, &empty).len(), 2);
}

#[test]
fn values_that_equal_the_new_default_are_told_once_for_a_whole_map() {
    let user = "a: 1\nm: {x: 1, w: {z: 2}}\nq: {x: 1, w: 9}\nl: [1, 2]\n";
    let old = rendered(&chart(ONE, "a: 1\n", TEMPLATE), user);
    let new = rendered(
        &chart(TWO, "a: 1\nm: {x: 1, w: {z: 2}, more: 1}\nq: {x: 1, w: 2}\nl: [1, 2]\n", TEMPLATE),
        user,
    );
    assert_eq!(
        findings(&old, &new),
        [
            "EqualsDefault l is what gateway 2.0.0 has by default (prod.yaml:4)",
            "EqualsDefault m is what gateway 2.0.0 has by default (prod.yaml:2)",
            "EqualsDefault q.x is what gateway 2.0.0 has by default (prod.yaml:3)",
        ]
    );
}

#[test]
fn values_of_another_type_and_those_that_the_schema_refuses_are_told_without_the_values() {
    let user = "port: hunter2\nhost: {name: hunter2}\nwas: hunter2\n";
    let old = rendered(&chart(ONE, "port: x\nhost: {}\nwas: 1\n", TEMPLATE), user);
    let mut files = chart(TWO, "port: 80\nhost: localhost\nwas: 1\n", TEMPLATE);
    files.push((
        "values.schema.json",
        r#"{"properties": {"port": {"type": "integer"}}, "required": ["tls"]}"#,
    ));
    let new = rendered(&files, user);
    assert_eq!(
        findings(&old, &new),
        [
            "BreaksSchema the values break the schema of gateway 2.0.0: missing property 'tls' (-)",
            "BreaksSchema port breaks the schema of gateway 2.0.0: got string, want integer (prod.yaml:1)",
            "OtherType host is a map, and gateway 2.0.0 has a string by default (prod.yaml:2)",
            "OtherType port is a string, and gateway 2.0.0 has a number by default (prod.yaml:1)",
        ]
    );
    let kinds: Vec<ValueFindingKind> = review(&old, &new).findings.iter().map(|f| f.kind).collect();
    assert_eq!(kinds[0], ValueFindingKind::BreaksSchema);
}

#[test]
fn equal_sides_have_nothing_to_say() {
    let files = chart(ONE, "a: 1\nb: {c: []}\n", TEMPLATE);
    let review = review(&rendered(&files, "a: x\n"), &rendered(&files, "a: x\n"));
    assert!(review.defaults.is_empty() && review.user.is_empty() && review.findings.is_empty());
}
