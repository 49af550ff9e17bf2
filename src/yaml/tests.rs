//! Reading and writing together, and the bounds.

use proptest::prelude::*;

use super::*;
use crate::json;
use crate::value::MapType;

fn message(text: &str) -> String {
    decode(text.as_bytes()).unwrap_err().message
}

fn json_of(text: &str) -> String {
    json::encode(&decode(text.as_bytes()).unwrap(), json::Escape::None).unwrap()
}

#[test]
fn ten_thousand_levels_are_read_and_written() {
    let text = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let value = decode(text.as_bytes()).unwrap();
    assert!(to_yaml(&value).is_ok());
    assert!(to_yaml_pretty(&value).is_ok());
    let block = "- ".repeat(9_999) + "a";
    assert!(decode(block.as_bytes()).is_ok());
}

#[test]
fn more_levels_are_an_error() {
    let flow = message(&"[".repeat(10_001));
    assert_eq!(flow, "error converting YAML to JSON: yaml: exceeded max depth of 10000");
    let block = message(&"- ".repeat(10_001));
    assert_eq!(block, "error converting YAML to JSON: yaml: exceeded max depth of 10000");
    // go-yaml bounds block and flow collections apart, JSON the sum.
    let both = message(&["- ".repeat(5_001), "[".repeat(5_000), "]".repeat(5_000)].concat());
    assert_eq!(
        both,
        "error unmarshaling JSON: while decoding JSON: invalid character '[' exceeded max depth"
    );
}

#[test]
fn a_bomb_of_aliases_does_not_go_off() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        let alias = format!("*a{}", i - 1);
        text.push_str(&format!("a{i}: &a{i} [{}]\n", [alias.as_str(); 10].join(", ")));
    }
    assert_eq!(message(&text), "error converting YAML to JSON: yaml: document contains excessive aliasing");
}

#[test]
fn a_value_that_contains_itself_is_not_written() {
    let map = Map::new(MapType::Any);
    map.insert("self", Value::Map(map.clone()));
    let value = Value::Map(map.clone());
    assert_eq!(
        to_yaml(&value).unwrap_err().message,
        "error marshaling into JSON: json: unsupported value: encountered a cycle via map[string]interface {}"
    );
    assert!(to_yaml_pretty(&value).is_err());
    map.remove("self");
}

#[test]
fn an_error_has_go_s_words_and_a_place_of_its_own() {
    let error = decode("a: 1\nb: é [\nc: d: e\n".as_bytes()).unwrap_err();
    assert_eq!(
        error.message,
        "error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context"
    );
    assert_eq!((error.line, error.column), (3, 5));
    let error = decode(b"a:\n  b: 1\n c: 2\n").unwrap_err();
    assert_eq!(error.message, "error converting YAML to JSON: yaml: line 2: did not find expected key");
    // go-yaml's parser counts lines from 0.
    assert_eq!((error.line, error.column), (3, 2));
    let error = decode(b"a: 1\nb: \x07\n").unwrap_err();
    assert_eq!(error.message, "error converting YAML to JSON: yaml: control characters are not allowed");
    assert_eq!((error.line, error.column), (2, 4));
}

#[test]
fn a_block_at_the_end_without_a_line_break_has_none() {
    assert_eq!(json_of("a: |\n  b"), r#"{"a":"b"}"#);
    assert_eq!(json_of("a: |\n  b\n"), "{\"a\":\"b\\n\"}");
}

#[test]
fn merges_are_assignments_in_the_order_of_the_text() {
    assert_eq!(
        json_of("x: &x {a: 1, b: 1}\nz:\n  a: 2\n  <<: *x\n  b: 3\n"),
        r#"{"x":{"a":1,"b":1},"z":{"a":1,"b":3}}"#
    );
    assert_eq!(json_of("- &x {a: 1}\n- &y {a: 2}\n- <<: [*x, *y]\n"), r#"[{"a":1},{"a":2},{"a":1}]"#);
}

#[test]
fn null_leaves_the_target_as_it_is() {
    assert!(matches!(decode(b""), Ok(Value::Null)));
    assert!(matches!(decode_map(b"# nothing\n"), Ok(Value::Map(m)) if m.is_empty()));
    assert!(matches!(decode_list(b"null\n"), Ok(Value::List(l)) if l.is_empty()));
    assert_eq!(
        decode_values(b"a\n").unwrap_err().message,
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type common.Values"
    );
}

#[test]
fn numbers_become_the_text_of_a_string_field() {
    let text = |yaml: &str| string_of(&decode_with_integers(yaml.as_bytes()).unwrap());
    assert_eq!(text("1.10").as_deref(), Some("1.1"));
    assert_eq!(text("123456789").as_deref(), Some("123456789"));
    assert_eq!(text("123456789.0").as_deref(), Some("1.2345679e+08"));
    assert_eq!(text("yes").as_deref(), Some("true"));
    assert_eq!(text("a"), None);
}

#[test]
fn lines_may_end_with_carriage_returns_and_reading_stays_linear() {
    assert_eq!(
        json_of("a: b # c\rd: |\r  e\r  f\u{85}g: h\r\n"),
        "{\"a\":\"b\",\"d\":\"e\\nf\\n\",\"g\":\"h\"}"
    );
    let text = "#\r".repeat(500_000);
    assert!(matches!(decode(text.as_bytes()), Ok(Value::Null)));
}

/// Text as values have it, and text that YAML finds difficult.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z0-9:#'\" \n\t|>,{}&*!?%@.-]{0,16}",
        "\\PC{0,8}",
        prop::sample::select(vec![
            "y",
            "null",
            "~",
            "1",
            "0x1f",
            "1e3",
            "2001-01-01",
            "12:30",
            "- a",
            "a: b",
            "<<",
            "=",
            ""
        ])
        .prop_map(str::to_string),
        "[a-z ]{60,200}",
    ]
}

/// go-yaml writes the key `<<` so that it reads it as a merge.
fn key() -> impl Strategy<Value = String> {
    text().prop_filter("a merge", |key| key != "<<")
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_filter("JSON cannot say it", |f| f.is_finite()).prop_map(Value::Float),
        (-1_000_000i64..1_000_000).prop_map(|i| Value::Float(i as f64)),
        text().prop_map(Value::string),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::list),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(value in value()) {
        let show = |v: &Value| json::encode(v, json::Escape::None).unwrap().replace("-0,", "0,").replace("-0]", "0]").replace("-0}", "0}");
        // Some characters cannot be written, and infinity is no number; all else comes back.
        if let Ok(text) = to_yaml(&value) {
            let back = decode(text.as_bytes()).unwrap();
            if show(&value) != "-0" {
                prop_assert_eq!(show(&back), show(&value), "{}", text);
            }
        }
        // Version 3 begins lines of a literal block with a tab, which version 2 does not read.
        if !show(&value).contains("\\t") && show(&value) != "-0" {
            let text = to_yaml_pretty(&value).unwrap();
            let back = decode(text.as_bytes()).unwrap();
            prop_assert_eq!(show(&back), show(&value), "{}", text);
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode(&bytes);
        let _ = inspect(&bytes);
        let _ = documents(&bytes);
        let _ = locate(&bytes, &[Step::key("a")]);
        let _ = json::decode(&bytes);
    }
}
