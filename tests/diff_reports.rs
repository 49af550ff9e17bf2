//! What the reports of a review look like.

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
