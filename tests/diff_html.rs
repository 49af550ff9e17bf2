//! The HTML report in a real browser.

#[path = "support/sample_review.rs"]
#[allow(dead_code)]
mod sample_review;

use std::path::PathBuf;

use torii::diff::report;

fn page() -> PathBuf {
    let page = report::html(&[sample_review::review()], &report::html::Options::default());
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("review.html");
    std::fs::write(&file, page).expect("the page can be written");
    file
}

#[test]
fn filters_hide_and_collapse_closes() {
    page();
}
