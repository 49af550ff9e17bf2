//! Reports of reviews whose every text was written by someone who means harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/hostile_review.rs"]
mod hostile_review;
#[path = "support/markdown_check.rs"]
mod markdown_check;
#[path = "support/markup_check.rs"]
mod markup_check;

use hostile_review::{PIECES, review};
use proptest::prelude::*;
use torii::diff::report;

fn texts() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(str::to_string),
        1 => any::<char>().prop_map(|c| c.to_string()),
    ];
    let text = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    prop::collection::vec(text, 1..12)
}

/// The page without its style and script, which are ours byte for byte.
fn own_markup(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    let (body, rest) = rest.rsplit_once("<script>").expect("a script");
    let (_, end) = rest.split_once("</script>").expect("its end");
    format!("{head}<style></style>{body}<script></script>{end}").replacen("<!doctype html>", "", 1)
}

const TAGS: &[&str] = &[
    "html", "head", "meta", "title", "style", "script", "body", "a", "main", "header", "div", "h1", "h2",
    "h3", "p", "span", "ul", "li", "b", "nav", "input", "select", "option", "button", "section", "small",
    "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "i", "del", "ins", "br",
    "wbr", "footer",
];
const VOID: &[&str] = &["meta", "input", "br", "wbr"];
const ATTRIBUTES: &[&str] = &[
    "lang",
    "data-view",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "href",
    "id",
    "type",
    "placeholder",
    "aria-label",
    "value",
    "role",
    "aria-pressed",
    "title",
    "data-kind",
    "data-effects",
    "data-change",
    "open",
    "hidden",
    "aria-hidden",
];

/// The text without sequences that set colours, and nothing but those.
fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').len();
        rest = behind[digits..].strip_prefix('m').unwrap_or("\u{1b} no colour");
    }
    out.push_str(rest);
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn markdown_stays_well_formed_and_within_its_limit(
        texts in texts(),
        objects in 0..20_usize,
        several in 1..4_usize,
        limit in prop_oneof![Just(report::markdown::GITHUB), 4_000..12_000_usize],
    ) {
        let reviews = vec![review(&texts, objects); several];
        let options = report::markdown::Options { limit, verbose: false };
        let text = report::markdown(&reviews, &options);
        prop_assert!(text.encode_utf16().count() <= limit, "{}", text.len());
        if let Err(what) = markdown_check::check(&text) {
            return Err(TestCaseError::fail(format!("{what}\n\n{text}")));
        }
    }

    #[test]
    fn html_has_only_our_own_markup(texts in texts(), objects in 0..10_usize, several in 1..3_usize) {
        let page = report::html(&vec![review(&texts, objects); several], &report::html::Options::default());
        if let Err(what) = markup_check::check(&own_markup(&page), TAGS, VOID, ATTRIBUTES) {
            return Err(TestCaseError::fail(format!("{what}\n\n{page}")));
        }
        prop_assert!(!page.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
    }

    #[test]
    fn json_is_json_and_tells_texts_as_they_are(texts in texts(), objects in 0..10_usize) {
        let review = review(&texts, objects);
        let text = report::json(std::slice::from_ref(&review));
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|e| TestCaseError::fail(format!("{e}\n\n{text}")))?;
        prop_assert_eq!(value["reviews"][0]["title"].as_str(), review.title.as_deref());
        prop_assert_eq!(value["reviews"][0]["verdict"]["line"].as_str(), Some(&*review.verdict.line));
        prop_assert_eq!(value["reviews"][0]["changes"].as_array().map(Vec::len), Some(objects));
        prop_assert_eq!(torii::diagnostic::escape(&text), text);
    }

    #[test]
    fn junit_is_xml_and_sarif_is_json(texts in texts(), objects in 0..10_usize) {
        let review = review(&texts, objects);
        let options = report::junit::Options::default();
        let xml = report::junit(std::slice::from_ref(&review), &options);
        let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap_or_default();
        let tags = ["testsuites", "testsuite", "testcase", "failure", "system-out"];
        let attributes = ["name", "tests", "failures", "errors", "skipped", "classname", "type", "message"];
        if let Err(what) = markup_check::check(body, &tags, &[], &attributes) {
            return Err(TestCaseError::fail(format!("{what}\n\n{xml}")));
        }
        let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
        prop_assert!(xml.chars().all(allowed), "{}", xml);
        let sarif = report::sarif(std::slice::from_ref(&review));
        let sarif: serde_json::Value = serde_json::from_str(&sarif)
            .map_err(|e| TestCaseError::fail(format!("{e}\n\n{sarif}")))?;
        let impacts: usize = review.changes.iter().map(|object| object.impacts.len()).sum();
        prop_assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(impacts + 1));
    }

    #[test]
    fn the_terminal_gets_no_control_characters_but_ours(
        texts in texts(),
        objects in 0..10_usize,
        width in 0..200_usize,
        view in 0..4_usize,
    ) {
        use report::terminal::{Options, View};
        let view = [View::Fields, View::SideBySide, View::Unified, View::Summary][view];
        let options = Options { width, view, full: width % 2 == 0, verbose: width % 3 == 0 };
        let text = report::terminal(&[review(&texts, objects)], &options);
        let plain = without_colours(&text);
        prop_assert_eq!(&torii::diagnostic::escape(&plain), &plain);
    }
}

#[test]
fn a_comment_that_is_full_says_how_many_objects_it_leaves_out() {
    let texts = vec!["name".to_string(), "x".repeat(300)];
    let reviews = [review(&texts, 400)];
    let text = report::markdown(&reviews, &report::markdown::Options::default());
    assert!(text.encode_utf16().count() <= report::markdown::GITHUB);
    markdown_check::check(&text).unwrap();
    let shown = text.matches("<details>").count();
    let left_out = 400 - shown;
    assert!(shown > 20 && text.contains(&format!("**{left_out} more objects were left out**")), "{shown}");
    // What is refused is told before what merely restarts pods.
    let refused = reviews[0].changes.iter().filter(|o| !o.impacts.is_empty()).count();
    assert_eq!(text.matches("<b>refused</b>").count(), shown.min(refused));
}
