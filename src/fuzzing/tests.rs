//! What fuzzing found, and where it begins, tried again.

use std::fs;
use std::path::Path;

/// Gives each file of a folder to a fuzz target; the name of the one it fails on is printed.
fn all_pass(folder: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.display());
        target(&fs::read(file).unwrap());
    }
}

#[test]
fn go_templates_that_fuzzing_found_are_run_without_harm() {
    all_pass("fixtures/fuzz/go_template", super::go_template);
}

#[test]
fn yaml_that_fuzzing_found_is_read_alike_in_every_way() {
    all_pass("fixtures/fuzz/yaml", super::yaml);
}

#[test]
fn archives_and_indexes_that_fuzzing_found_are_read_without_harm() {
    all_pass("fixtures/fuzz/source", super::source);
}

#[test]
fn set_texts_that_fuzzing_found_are_read_without_harm() {
    all_pass("fixtures/fuzz/set", super::set);
}
