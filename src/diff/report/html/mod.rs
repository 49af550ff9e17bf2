//! The report as one HTML file, which needs nothing else: no network, no other file, and no script to be read.
//!
//! Everything is written out as escaped HTML. The script only hides, opens and turns what is there. The page's
//! policy allows exactly its own style and script, by their hashes, so that markup which slipped through could
//! still neither run nor load anything.

mod object;
mod page;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::diff::Review;

use super::words;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How the report looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether changes that mean nothing are shown, too.
    pub verbose: bool,
}

/// The report of one or several reviews.
pub fn html(reviews: &[Review], options: &Options) -> String {
    let title = match reviews {
        [review] => words::title(review),
        _ => format!("Review of {}", words::count(reviews.len(), "chart")),
    };
    let mut out = String::with_capacity(64 << 10);
    // The template is walked, not searched and replaced: what stands in its places is never looked into.
    let mut rest = PAGE;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (place, behind) = behind.split_once("}}").unwrap_or((behind, ""));
        out.push_str(before);
        match place {
            "policy" => out.push_str(&policy()),
            "title" => out.push_str(&shown(&title)),
            "style" => out.push_str(STYLE),
            "script" => out.push_str(SCRIPT),
            _ => page::body(&mut out, reviews, &title, options),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn policy() -> String {
    let hash = |text: &str| BASE64.encode(&Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// Untrusted text, with control and bidirectional characters written out.
fn shown(text: &str) -> String {
    crate::report::xml::escape(&crate::diagnostic::escape_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_takes_its_style_and_script_into_its_policy_and_asks_for_nothing() {
        let page = html(&[], &Options::default());
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
        for word in ["http:", "https:", "url(", "@import", "src=", "href=\"http", "fetch(", "XMLHttp"] {
            assert!(!page.contains(word), "{word}");
        }
        // What is hashed stands between the tags, byte for byte.
        assert_eq!(page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0, STYLE);
        assert_eq!(page.rsplit_once("<script>").unwrap().1.split_once("</script>").unwrap().0, SCRIPT);
    }

    #[test]
    fn places_of_the_template_in_untrusted_text_stay_text() {
        let review = Review { title: Some("{{script}} <b>".into()), ..Review::default() };
        let page = html(&[review], &Options::default());
        assert!(page.contains("<title>{{script}} &lt;b&gt;</title>"));
        assert_eq!(page.matches("\"use strict\"").count(), 1);
    }
}
