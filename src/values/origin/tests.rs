use super::*;
use crate::chart::from_files;
use crate::json;
use crate::limits::Limits;
use crate::source::{Budget, File, Files};
use crate::values::{Overrides, prepare};

/// A chart of files, each given as name and text.
fn chart(files: &[(&str, &str)]) -> Chart {
    let files = files.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
    let files = Files { location: "u/".into(), files: files.collect() };
    from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap()
}

const ROOT: (&str, &str) = ("Chart.yaml", "{apiVersion: v2, name: u, version: 1.0.0}\n");

fn layers(files: &[&str], overrides: Overrides) -> Layers {
    let names = (1..=files.len()).map(|n| format!("{n}.yaml")).collect();
    let mut read = |name: &str| match name.strip_suffix(".yaml").and_then(|n| n.parse::<usize>().ok()) {
        Some(n) => Ok(files[n - 1].as_bytes().to_vec()),
        None => Ok(format!("<{name}>").into_bytes()),
    };
    Layers::gather(&Overrides { files: names, ..overrides }, &mut read).unwrap()
}

fn set(texts: &[&str]) -> Overrides {
    Overrides { set: texts.iter().map(|s| s.to_string()).collect(), ..Overrides::default() }
}

/// Each leaf and each deleted value with its chain, and a check that the values are those of a render.
fn told(chart: &Chart, layers: &Layers) -> Vec<String> {
    let origins = Origins::of(chart, layers).unwrap();
    let prepared = prepare(chart, layers, true, &Limits::default(), &mut Vec::new()).unwrap();
    let json = |map: &Map| json::encode(&Value::Map(map.clone()), json::Escape::Html).unwrap();
    assert_eq!(json(&origins.effective), json(&prepared.values.viewed_as(crate::value::MapType::Any)));
    let mut all = Vec::new();
    for leaf in origins.leaves() {
        assert_eq!(origins.chain(&leaf.path).unwrap().links.len(), leaf.chain.links.len());
        let top = &leaf.chain.links[0].value;
        let text = |value| json::encode(value, json::Escape::Html).unwrap();
        // A map that is empty now may have had nulls in it.
        let same =
            text(top) == text(&leaf.value) || (top.as_map().is_some() && leaf.value.as_map().is_some());
        assert!(same, "{}", path_words(&leaf.path));
        all.push(format!("{}: {}", path_words(&leaf.path), leaf.chain.words("")));
    }
    for gone in origins.deleted() {
        all.push(format!("-{}: {}", path_words(&gone.path), gone.chain.words("")));
    }
    all
}

fn told_of(values: &str, files: &[&str], overrides: Overrides) -> Vec<String> {
    told(&chart(&[ROOT, ("values.yaml", values)]), &layers(files, overrides))
}

#[test]
fn each_layer_overrides_the_one_before() {
    assert_eq!(
        told_of(
            "a: 1\nb: 2\nc: {d: 3,\n  e: 4}\n",
            &["a: 2\nc:\n  d: 5\n", "a: 3\nnew: x\n"],
            set(&["a=4,c.f=1", "a=5"])
        ),
        [
            "a: --set (2 of 2); overrides --set (1 of 2), 2.yaml:1, 1.yaml:1, u/values.yaml:1",
            "b: chart default u/values.yaml:2",
            "c.d: 1.yaml:3; overrides u/values.yaml:3",
            "c.e: chart default u/values.yaml:4",
            "c.f: --set (1 of 2)",
            "new: 2.yaml:2",
        ]
    );
}

#[test]
fn null_deletes_a_default_on_every_level() {
    assert_eq!(
        told_of(
            "a: 1\nm:\n  x: 1\n  v: {z: 1, w: 2}\nk: null\n",
            &["a: null\nm:\n  x: null\n  u: null\n", "m: {v: {z: null}}\nq: null\nk: null\n"],
            Overrides::default()
        ),
        [
            "m.u: 1.yaml:4",
            "m.v.w: chart default u/values.yaml:4",
            "q: 2.yaml:2",
            "-a: 1.yaml:1; overrides u/values.yaml:1",
            "-m.v.z: 2.yaml:1; overrides u/values.yaml:4",
            "-m.x: 1.yaml:3; overrides u/values.yaml:3",
        ]
    );
    assert_eq!(
        told_of("m:\n  x: 1\n  v: 2\n", &["m: null\n"], Overrides::default()),
        ["-m: 1.yaml:1; overrides u/values.yaml:1"]
    );
    assert_eq!(
        told_of("a: 1\n", &["a: null\n", "a: 3\n"], Overrides::default()),
        ["a: 2.yaml:1; overrides 1.yaml:1 (null), u/values.yaml:1"]
    );
    assert_eq!(
        told_of("m: {x: 1}\n", &["m: {x: null}\n"], Overrides::default()),
        ["m: 1.yaml:1; overrides u/values.yaml:1", "-m.x: 1.yaml:1; overrides u/values.yaml:1"]
    );
}

#[test]
fn a_value_of_another_type_takes_the_place_of_all_below() {
    assert_eq!(
        told_of(
            "a: 5\nb: {x: 1, z: 2}\nc: [1, 2]\n",
            &["a:\n  x: 1\nb: 7\nc: {x: 1}\n", "a: 8\nb:\n  x: 9\nc: 3\n"],
            Overrides::default()
        ),
        [
            "a: 2.yaml:1; overrides 1.yaml:1, u/values.yaml:1",
            "b.x: 2.yaml:3; overrides 1.yaml:3, u/values.yaml:2",
            "b.z: chart default u/values.yaml:2",
            "c: 2.yaml:4; overrides 1.yaml:4, u/values.yaml:3",
        ]
    );
}

#[test]
fn lists_are_replaced_as_a_whole_and_set_into_by_flags() {
    assert_eq!(
        told_of(
            "l: [a, b, c]\nm:\n- name: one\n  v: 1\n- name: two\nempty: []\n",
            &["l:\n- x\n- y\n"],
            set(&["l[1]=z", "m[0].v=2,m[2].name=three", "empty[1]=q"])
        ),
        [
            "empty[0]: --set (3 of 3); overrides u/values.yaml:6",
            "empty[1]: --set (3 of 3); overrides u/values.yaml:6",
            "l[0]: 1.yaml:2; overrides u/values.yaml:1",
            "l[1]: --set (1 of 3); overrides 1.yaml:3, u/values.yaml:1",
            "m[0].v: --set (2 of 3); overrides u/values.yaml:4",
            "m[1]: --set (2 of 3); overrides u/values.yaml:5",
            "m[2].name: --set (2 of 3)",
        ]
    );
    assert_eq!(
        told_of("{}\n", &["l: [null, [], {}, [null]]\n"], set(&["l[1][0]=x", "l[0][1]=y", "l[3][0]=z"])),
        [
            "l[0][0]: --set (2 of 3)",
            "l[0][1]: --set (2 of 3)",
            "l[1][0]: --set (1 of 3); overrides 1.yaml:1",
            "l[2]: 1.yaml:1",
            "l[3][0]: --set (3 of 3); overrides 1.yaml:1 (null)",
        ]
    );
}

#[test]
fn every_kind_of_set_is_told_and_files_are_not_read_again() {
    let overrides = Overrides {
        json: vec!["{\"j\": {\"a\": [1, {}]}}".into(), "k={\"x\":1}".into()],
        set: vec!["s=1,s2={}".into(), "m=null".into()],
        strings: vec!["t=1".into()],
        literals: vec!["l.x=a,b".into()],
        set_files: vec!["f=one,g=two".into(), "f=three".into()],
        ..Overrides::default()
    };
    assert_eq!(
        told_of("k: {z: 1}\nm: 1\ns2: []\n", &[], overrides.clone()),
        [
            "f: --set-file (2 of 2); overrides --set-file (1 of 2)",
            "g: --set-file (1 of 2)",
            "j.a[0]: --set-json (1 of 2)",
            "j.a[1]: --set-json (1 of 2)",
            "k.x: --set-json (2 of 2)",
            "k.z: chart default u/values.yaml:1",
            "l.x: --set-literal",
            "s: --set (1 of 2)",
            "s2[0]: --set (1 of 2); overrides u/values.yaml:3",
            "t: --set-string",
            "-m: --set (2 of 2); overrides u/values.yaml:2",
        ]
    );
    let origins = Origins::of(&chart(&[ROOT]), &layers(&[], overrides)).unwrap();
    let chain = origins.chain(&[Step::key("f")]).unwrap();
    let values: Vec<_> = chain.links.iter().map(|link| link.value.as_str().unwrap()).collect();
    assert_eq!(values, ["<three>", "<one>"]);
}

#[test]
fn keys_with_dots_and_empty_maps_are_leaves_of_their_own() {
    assert_eq!(
        told_of("a.b: 1\ne: {}\nf: {}\ng: {}\n", &["f: {}\ng: {x: 1}\n"], set(&["a\\.b=2"])),
        [
            "a\\.b: --set; overrides u/values.yaml:1",
            "e: chart default u/values.yaml:2",
            "f: 1.yaml:1; overrides u/values.yaml:3",
            "g.x: 1.yaml:2",
        ]
    );
}

#[test]
fn what_came_by_an_alias_is_told_where_it_stands() {
    assert_eq!(
        told_of(
            "base: &b\n  x: &x 1\n  l: [1]\none: *b\ntwo:\n  <<: *b\n  z: *x\n---\nbase: {x: 2}\n",
            &[],
            Overrides::default()
        ),
        [
            "base.l[0]: chart default u/values.yaml:3",
            "base.x: chart default u/values.yaml:9",
            "one.l[0]: chart default u/values.yaml:3, by an alias in line 4",
            "one.x: chart default u/values.yaml:2, by an alias in line 4",
            "two.l[0]: chart default u/values.yaml:3, by an alias in line 6",
            "two.x: chart default u/values.yaml:2, by an alias in line 6",
            "two.z: chart default u/values.yaml:2, by an alias in line 7",
        ]
    );
}

const SUB: (&str, &str) = ("charts/s/Chart.yaml", "{apiVersion: v2, name: s, version: 1.0.0}\n");

#[test]
fn a_parent_s_values_stand_over_a_subchart_s_own() {
    let c = chart(&[
        ROOT,
        ("values.yaml", "s:\n  a: 2\n  m: null\n"),
        SUB,
        ("charts/s/values.yaml", "a: 1\nb: 1\nc: 1\nm: 1\n"),
    ]);
    assert_eq!(
        told(&c, &layers(&["s:\n  b: 3\n  c: null\n"], Overrides::default())),
        [
            "s.a: chart default u/values.yaml:2, values of parent; overrides u/charts/s/values.yaml:1",
            "s.b: 1.yaml:2; overrides u/charts/s/values.yaml:2",
            "s.global: made by the merge",
            "-s.c: 1.yaml:3; overrides u/charts/s/values.yaml:3",
            "-s.m: chart default u/values.yaml:3, values of parent; overrides u/charts/s/values.yaml:4",
        ]
    );
}

#[test]
fn globals_come_from_above_and_stand_over_a_subchart_s_own() {
    let c = chart(&[
        ROOT,
        ("values.yaml", "global:\n  a: 1\n  m:\n    k: {x: 1}\n"),
        SUB,
        ("charts/s/values.yaml", "global: {a: 2, b: 2,\n  o: 3}\n"),
        ("charts/s/charts/t/Chart.yaml", "{apiVersion: v2, name: t, version: 1.0.0}\n"),
        ("charts/s/charts/t/values.yaml", "global: {m: {k: {z: 7}}}\n"),
    ]);
    let user = layers(&["global:\n  b: 9\n  o: null\n"], Overrides::default());
    assert_eq!(
        told(&c, &user),
        [
            "global.a: chart default u/values.yaml:2",
            "global.b: 1.yaml:2",
            "global.m.k.x: chart default u/values.yaml:4",
            "global.m.k.z: chart default u/charts/s/charts/t/values.yaml:1, global of t, global of s",
            "global.o: 1.yaml:3",
            "s.global.a: chart default u/values.yaml:2, global of parent; overrides u/charts/s/values.yaml:1",
            "s.global.b: 1.yaml:2, global of parent; overrides u/charts/s/values.yaml:1",
            "s.global.m.k.x: chart default u/values.yaml:4, global of parent",
            "s.global.m.k.z: chart default u/charts/s/charts/t/values.yaml:1, global of t",
            "s.t.global.a: chart default u/values.yaml:2, global of parent; overrides \
             u/charts/s/values.yaml:1",
            "s.t.global.b: 1.yaml:2, global of parent; overrides u/charts/s/values.yaml:1",
            "s.t.global.m.k.x: chart default u/values.yaml:4, global of parent",
            "s.t.global.m.k.z: chart default u/charts/s/charts/t/values.yaml:1",
            "-s.global.o: 1.yaml:3, global of parent; overrides u/charts/s/values.yaml:2",
            "-s.t.global.o: 1.yaml:3, global of parent; overrides u/charts/s/values.yaml:2",
        ]
    );
}

#[test]
fn one_chart_under_two_aliases_has_two_sets_of_values() {
    let root = "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: s, version: 1.x.x, alias: one}\n\
                - {name: s, version: 1.x.x, alias: two}\n- {name: s, version: 1.x.x, alias: not, condition: not.use}\n";
    let c = chart(&[
        ("Chart.yaml", root),
        ("values.yaml", "one: {a: 2}\nnot: {use: true, a: 3}\n"),
        SUB,
        ("charts/s/values.yaml", "a: 1\n"),
    ]);
    assert_eq!(
        told(&c, &layers(&["two: {a: 3}\n"], set(&["not.use=false"]))),
        [
            "not.a: chart default u/values.yaml:2",
            "not.use: --set; overrides u/values.yaml:2",
            "one.a: chart default u/values.yaml:1, values of parent; overrides u/charts/s/values.yaml:1",
            "one.global: made by the merge",
            "two.a: 1.yaml:1; overrides u/charts/s/values.yaml:1",
            "two.global: made by the merge",
        ]
    );
}

#[test]
fn imported_values_are_told_by_the_entry_that_imports_them() {
    let root = "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- name: s\n  version: 1.x.x\n  \
                import-values:\n  - data\n  - child: deep\n    parent: into.here\n";
    let c = chart(&[
        ("Chart.yaml", root),
        ("values.yaml", "x: 9\ns: {exports: {data: {w: 5}}}\nq: null\n"),
        SUB,
        ("charts/s/values.yaml", "exports:\n  data:\n    x: 1\n    w: 1\n    q: 4\ndeep: {z: 2}\n"),
    ]);
    assert_eq!(
        told(&c, &layers(&["into: {here: {z: 3}}\n"], Overrides::default())),
        [
            "into.here.z: 1.yaml:1; overrides u/charts/s/values.yaml:6",
            "s.deep.z: chart default u/charts/s/values.yaml:6",
            "s.exports.data.q: chart default u/charts/s/values.yaml:5",
            "s.exports.data.w: chart default u/values.yaml:2, values of parent; overrides \
             u/charts/s/values.yaml:4",
            "s.exports.data.x: chart default u/charts/s/values.yaml:3",
            "s.global: made by the merge",
            "w: chart default u/values.yaml:2, values of parent, imported from s by u/Chart.yaml:8; overrides \
             u/charts/s/values.yaml:4",
            "x: chart default u/values.yaml:1; overrides u/charts/s/values.yaml:3",
            "-q: chart default u/values.yaml:3; overrides u/charts/s/values.yaml:5",
        ]
    );
}

#[test]
fn a_path_below_others_is_found_with_all_leaves_in_it() {
    let c = chart(&[ROOT, ("values.yaml", "a: {b: 1, c: [1, 2]}\nab: 1\na-b: 2\n")]);
    let origins = Origins::of(&c, &Layers::default()).unwrap();
    let below =
        |path: &[Step]| origins.below(path).iter().map(|leaf| path_words(&leaf.path)).collect::<Vec<_>>();
    assert_eq!(below(&[Step::key("a")]), ["a.b", "a.c[0]", "a.c[1]"]);
    assert_eq!(below(&[Step::key("a"), Step::key("c")]), ["a.c[0]", "a.c[1]"]);
    assert_eq!(below(&[Step::key("ab")]), ["ab"]);
    assert_eq!(below(&[]).len(), 5);
    assert!(below(&[Step::key("z")]).is_empty());
    assert!(origins.chain(&[Step::key("a")]).is_none());
}

#[test]
fn a_thousand_leaves_in_fifty_layers_are_told() {
    let file = |layer: usize, every: usize| {
        let line = |n: usize| format!("k{n}: {{v: {layer}, w: [{n}]}}\n");
        (0..500).filter(|n| n % every == 0).map(line).collect::<String>()
    };
    let c = chart(&[ROOT, ("values.yaml", &file(0, 1))]);
    let files: Vec<String> = (1..=50).map(|layer| file(layer, 1 + layer % 3)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let origins = Origins::of(&c, &layers(&files, Overrides::default())).unwrap();
    assert!(origins.complete);
    assert_eq!(origins.leaves().len(), 1_000);
    let path = [Step::key("k1"), Step::key("v")];
    let links = &origins.chain(&path).unwrap().links;
    assert_eq!(
        (links.len(), links[0].words(""), links[1].words("")),
        (17, "48.yaml:2".into(), "45.yaml:2".into())
    );
}
