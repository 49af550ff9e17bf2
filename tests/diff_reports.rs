//! What the reports of a review look like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/sample_review.rs"]
#[allow(dead_code)]
mod sample_review;

use sample_review::review;
use torii::diff::report;

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn terminal(options: report::terminal::Options) -> String {
    plain(&report::terminal(&[review()], &options))
}

#[test]
fn the_terminal_shows_verdict_values_objects_and_folds() {
    insta::assert_snapshot!(terminal(report::terminal::Options::default()));
}

#[test]
fn markdown_opens_with_the_verdict_and_folds_objects() {
    insta::assert_snapshot!(report::markdown(&[review()], &report::markdown::Options::default()));
}

#[test]
fn json_tells_the_whole_review() {
    insta::assert_snapshot!(report::json(&[review()]));
}

#[test]
fn the_summary_is_a_line_for_each_object() {
    let view = report::terminal::View::Summary;
    insta::assert_snapshot!(terminal(report::terminal::Options { view, ..Default::default() }));
}

#[test]
fn side_by_side_keeps_to_two_columns() {
    let view = report::terminal::View::SideBySide;
    insta::assert_snapshot!(terminal(report::terminal::Options { view, width: 120, ..Default::default() }));
}

#[test]
fn unified_is_a_diff_of_lines() {
    let view = report::terminal::View::Unified;
    insta::assert_snapshot!(terminal(report::terminal::Options { view, ..Default::default() }));
}

#[test]
fn junit_has_a_test_for_each_object() {
    insta::assert_snapshot!(report::junit(&[review()], &report::junit::Options::default()));
}

#[test]
fn junit_fails_only_for_the_effects_that_are_asked_for() {
    let options = report::junit::Options { failing: vec![torii::rules::change::Effect::Privilege] };
    let text = report::junit(&[review()], &options);
    // One object, and one finding about values.
    assert!(text.contains("tests=\"9\" failures=\"2\""), "{text}");
}

#[test]
fn sarif_puts_findings_at_the_lines_that_cause_them() {
    insta::assert_snapshot!(report::sarif(&[review()]));
}

#[test]
fn patches_are_refused_while_they_would_show_secrets() {
    let error = report::json_patch(&[review()]).unwrap_err();
    assert_eq!(error.message(), "a patch would show secrets that differ, in Secret/gateway-token (edge)");
}

#[test]
fn a_patch_makes_the_new_object_of_the_old_one() {
    let mut review = review();
    review.exact.iter_mut().for_each(|exact| exact.secret = false);
    let text = report::json_patch(std::slice::from_ref(&review)).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let objects = document["reviews"][0]["objects"].as_array().unwrap();
    assert_eq!(objects.len(), review.exact.len());
    let value = |object: &torii::manifest::object::Object| -> serde_json::Value {
        let json = torii::json::encode(&object.value, torii::json::Escape::None).unwrap();
        serde_json::from_str(&json).unwrap()
    };
    for (shown, exact) in objects.iter().zip(&review.exact) {
        match (&exact.old, &exact.new) {
            (Some(old), Some(new)) => {
                let mut patched = value(old);
                for operation in shown["patch"].as_array().unwrap() {
                    apply(&mut patched, operation);
                }
                assert_eq!(patched, value(new));
            }
            (one, other) => {
                assert_eq!(shown["value"], value(one.as_ref().or(other.as_ref()).unwrap()));
            }
        }
    }
}

/// Applies an operation of a JSON patch, as RFC 6902 says.
fn apply(value: &mut serde_json::Value, operation: &serde_json::Value) {
    let path = operation["path"].as_str().unwrap();
    let new = operation.get("value").cloned();
    if operation["op"] == "test" {
        assert_eq!(value.pointer(path), new.as_ref(), "{operation}");
        return;
    }
    let (parent, last) = path.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    match (value.pointer_mut(parent).unwrap(), operation["op"].as_str().unwrap(), new) {
        (serde_json::Value::Object(map), "add" | "replace", Some(new)) => {
            map.insert(last, new);
        }
        (serde_json::Value::Object(map), "remove", None) => {
            map.remove(&last).unwrap();
        }
        (serde_json::Value::Array(list), "add", Some(new)) => list.insert(last.parse().unwrap(), new),
        (serde_json::Value::Array(list), "replace", Some(new)) => list[last.parse::<usize>().unwrap()] = new,
        (serde_json::Value::Array(list), "remove", None) => {
            list.remove(last.parse().unwrap());
        }
        other => panic!("{other:?}"),
    }
}
