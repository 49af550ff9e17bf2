use super::*;

const TEXT: &str = "\
base: &base
  x: 1
  é: {q: 2, \"r\": [a, b]}
other:
  <<: *base
  y: yes
list:
- name: one
-  - two
---
base:
  x: 3
list: []
";

fn at(path: &[&str]) -> Option<(usize, usize)> {
    let path: Vec<Step> =
        path.iter().map(|s| s.parse().map_or_else(|_| Step::key(*s), Step::Index)).collect();
    locate(TEXT.as_bytes(), &path).map(|p| (p.value.line, p.value.column))
}

#[test]
fn a_value_is_found_in_the_last_document_that_sets_it() {
    assert_eq!(at(&["base", "x"]), Some((12, 6)));
    assert_eq!(at(&["base", "é", "r", "1"]), Some((3, 22)));
    assert_eq!(at(&["other", "true"]), Some((6, 6)));
    assert_eq!(at(&["list", "0", "name"]), None);
    assert_eq!(at(&["base", "nothing"]), None);
}

#[test]
fn a_merged_value_is_found_where_it_is_written() {
    assert_eq!(at(&["other", "x"]), Some((2, 6)));
    let key = locate(b"a: 1\n? b\n: 2\n", &[Step::key("b")]).unwrap().key;
    assert_eq!(key, Some(Spot { line: 2, column: 3 }));
}

#[test]
fn thousands_of_paths_into_a_long_list_are_found_at_once() {
    let text = (0..5_000).map(|n| format!("- {{a: {n}}}\n")).collect::<String>();
    let path = |index| vec![Step::Index(index), Step::key("a")];
    let mut paths: Vec<Vec<Step>> = (0..5_000).map(path).collect();
    paths.push(path(5_000));
    paths.push(vec![Step::Index(7), Step::key("b")]);
    // One after the other they would take more nodes than are looked at in all.
    let found = locate_all(text.as_bytes(), &paths);
    for (index, place) in found.iter().take(5_000).enumerate() {
        assert_eq!(place.map(|place| place.value.line), Some(index + 1));
    }
    assert_eq!(found[5_000..], [None, None]);
}

#[test]
fn what_came_by_an_alias_stands_at_its_anchor() {
    let text = b"base: &b\n  x: 1\n  w: &y 2\none: *b\ntwo:\n  <<: *b\n  z: *y\n";
    let mut shown = Vec::new();
    standings(text, &mut |path, standing| {
        if let [Step::Key(outer), Step::Key(inner)] = path {
            let path = format!("{outer}.{inner}");
            shown.push((path, standing.at.line, standing.alias.map(|s| s.line)));
        }
    });
    let want = [
        ("base.x", 2, None),
        ("base.w", 3, None),
        ("one.x", 2, Some(4)),
        ("one.w", 3, Some(4)),
        ("two.x", 2, Some(6)),
        ("two.w", 3, Some(6)),
        ("two.z", 3, Some(7)),
    ];
    assert_eq!(shown, want.map(|(path, line, alias)| (path.to_string(), line, alias)));
}

#[test]
fn every_leaf_is_shown() {
    let mut shown = Vec::new();
    leaves(b"a: {b: 1, c: []}\nd:\n- &x e\n- *x\n", &mut |path, position| {
        let path: Vec<String> = path
            .iter()
            .map(|s| match s {
                Step::Key(k) => k.to_string(),
                Step::Index(i) => i.to_string(),
            })
            .collect();
        shown.push((path.join("."), position.value.line, position.value.column));
    });
    let want = [("a.b", 1, 8), ("a.c", 1, 14), ("d.0", 3, 3), ("d.1", 4, 3)];
    assert_eq!(shown, want.map(|(path, line, column)| (path.to_string(), line, column)));
}

#[test]
fn a_binary_key_is_found_by_the_text_it_stands_for() {
    let position = locate(b"!!binary aGk=: 1\n", &[Step::key("hi")]).unwrap();
    assert_eq!(position.value, Spot { line: 1, column: 16 });
}

#[test]
fn a_text_that_contains_itself_ends() {
    let mut count = 0;
    leaves(b"a: &a [b, *a]\n", &mut |_, _| count += 1);
    assert!(count >= 1);
    leaves(b"a: &a\n  <<: *a\n  b: 1\n", &mut |_, _| count += 1);
    assert_eq!(locate(b"a: &a\n  <<: *a\n", &[Step::key("a"), Step::key("b")]), None);
}
