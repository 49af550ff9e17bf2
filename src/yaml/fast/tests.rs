//! The fast reader against the exact one.

use crate::value::Room;
use proptest::prelude::*;

use super::super::decode::Numbers;
use super::super::node::Document;
use super::super::{decode, head};
use super::*;
use crate::json;
use crate::value::Value;

/// What the fast reader gives must be what the exact one gives; tells whether it gave anything.
fn agrees(text: &[u8]) -> bool {
    let exact = Document::first(text, None)
        .ok()
        .and_then(|d| decode::decode(&d, Numbers::Kept, &mut Room::default()).ok());
    let show = |v: &Value| json::encode(v, json::Escape::None).unwrap();
    let shown = String::from_utf8_lossy(text);
    let fast = build(text, Numbers::Kept, &mut Room::default());
    if let Some(fast) = &fast {
        let exact = exact.as_ref().unwrap_or_else(|| panic!("the exact reader refuses {shown:?}"));
        assert_eq!(show(fast), show(exact), "{shown:?}");
    }
    if let Some(skimmed) = skim(text) {
        let exact = exact.as_ref().unwrap_or_else(|| panic!("the exact reader refuses {shown:?}"));
        let exact = head::head_of(exact).unwrap_or_else(|e| panic!("no head of {shown:?}: {e:?}"));
        assert_eq!(skimmed, exact, "{shown:?}");
    }
    fast.is_some()
}

#[test]
fn common_documents_are_read() {
    for text in [
        "",
        "# nothing\n",
        "---\na: b\n",
        "a: 1\nb:\n  c: 'x'  # y\n  d: \"y\"\ne:\n- f: g\n  h: |\n    text\n\n    more\n- - i\n  - j\nk:\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations: {a: b, c: 1}\n",
        "a: plain text that\n  goes on\n\n  and on\nb: >-\n  folded\n  text\nc: \"quoted\n  text \\u00e9\"\nd: it''s\n",
        "- a\n-\n  b: c\n-\n- - d\n",
        "a: [x, \"y\", 1, [z], {k: v}]\nb: {}\nc: []\n",
        "a:\n  {}\nb:\n  text\nc: [\n  x, # y\n  z\n]\nd:\n-\n  text\n  more\ne: {\n  \"f\": g\n}\n",
        "a: :b\nc: ?d\n",
        "a: |\n  no newline at the end",
        "a:\n  - b\n  - c: d\n    e: f\n",
    ] {
        assert!(agrees(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn odd_documents_are_left_to_the_exact_reader() {
    for text in [
        "a: &x b\nc: *x\n",
        "a: b: c\n",
        "a: b\n  c: d\n",
        "a: 'b' c\n",
        "a:\n\t- b\n",
        "a\n",
        "- a\nb: c\n",
        "a: b\n---\nc: d\n",
        "~: a\n",
        "a: .inf\n",
        "<<: {a: b}\n",
        "? a\n: b\n",
        "a: !!str b\n",
    ] {
        assert!(!agrees(text.as_bytes()), "{text:?}");
    }
}

/// Pieces that make documents look like YAML, and break it.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b: ",
        "key:",
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        " ",
        "- ",
        "-",
        ": ",
        "#",
        " # c",
        "'x'",
        "\"y\"",
        "\"\\n\"",
        "''",
        "|\n",
        "|-\n  ",
        ">\n   ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        "1",
        "~",
        "null",
        ".inf",
        "true",
        "y",
        "kind: ",
        "metadata:\n  ",
        "name: ",
        "annotations:\n    ",
        "apiVersion: v1\n",
        "---",
        "...",
        "\t",
        "&x ",
        "*x",
        "!t ",
        "? ",
        "é",
        "\r\n",
        "x:y",
        "<<: ",
        "- - ",
        "\n- ",
        "\n  - ",
        "a: b\n",
        "c:\n",
        "%",
        "@",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_agree(pieces in prop::collection::vec(piece(), 0..14)) {
        agrees(pieces.concat().as_bytes());
    }
}
