//! `torii show`, as `helm show` prints.
#![allow(clippy::unwrap_used)]

use std::process::Command;

const CHART: &str = "fixtures/charts/shop";

fn show(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .arg("show")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn values_are_the_file_and_a_newline() {
    let file = std::fs::read_to_string("fixtures/charts/shop/values.yaml").unwrap();
    assert_eq!(show(&["values", CHART]), format!("{file}\n"));
    assert_eq!(show(&["values", "fixtures/bad/twice"]), "", "a chart without values.yaml has none to show");
}

#[test]
fn a_path_takes_some_of_the_values() {
    assert_eq!(show(&["values", CHART, "--jsonpath", "{.replicas}/{.cart}"]), "2/{\"enabled\":true}");
}

#[test]
fn metadata_is_sorted_and_empty_fields_are_left_out() {
    assert_eq!(
        show(&["chart", CHART]),
        "apiVersion: v2\nappVersion: \"4.5\"\ndependencies:\n- name: cart\n  repository: \"\"\n  version: 0.1.0\n\
         description: Objects of many kinds, hooks, definitions, notes and a subchart, for\n  tests of rendering.\n\
         name: shop\nversion: 1.2.3\n\n"
    );
}

#[test]
fn definitions_and_readme_come_as_they_are() {
    let crd = std::fs::read_to_string("fixtures/charts/shop/crds/order.yaml").unwrap();
    assert_eq!(show(&["crds", CHART]), format!("---\n{crd}\n"));
    assert_eq!(show(&["readme", CHART]), "");
    assert_eq!(show(&["readme", "fixtures/charts/plain"]), "# plain\n\n");
}

#[test]
fn all_is_everything_one_after_the_other() {
    let parts = [show(&["chart", CHART]), "---\n".into(), show(&["values", CHART]), show(&["crds", CHART])];
    assert_eq!(show(&["all", CHART]), parts.concat());
}
