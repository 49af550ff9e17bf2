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
