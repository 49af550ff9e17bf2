use super::*;
use crate::chart::parse_values;

fn refusal(schema: &str, values: &str) -> String {
    let values = parse_values(format!("{values}\n").as_bytes(), "test").unwrap();
    match check(schema.as_bytes(), &values, &Limits::default()) {
        Ok(Ok(())) => "valid".to_string(),
        Ok(Err(refusal)) => refusal.text.trim_end().to_string(),
        Err(limit) => format!("limit: {limit}"),
    }
}

/// The refusal of values for a schema of draft 7 with these properties.
fn of_properties(properties: &str, values: &str) -> String {
    let draft = "http://json-schema.org/draft-07/schema#";
    refusal(&format!("{{\"$schema\": \"{draft}\", \"properties\": {properties}}}"), values)
}

#[test]
fn violations_have_helm_s_words() {
    for (schema, values, want) in [
        (r#"{"a": {"type": "string"}}"#, "{a: 1}", "- at '/a': got number, want string"),
        (r#"{"a": {"type": ["string", "null"]}}"#, "{a: 1}", "- at '/a': got number, want null or string"),
        (r#"{"a": {"type": "integer"}}"#, "{a: 1.5}", "- at '/a': got number, want integer"),
        (r#"{"a": {"enum": ["x", 1]}}"#, "{a: q}", "- at '/a': value must be one of 'x', 1"),
        (r#"{"a": {"const": "it's"}}"#, "{a: q}", r"- at '/a': value must be 'it\'s'"),
        (r#"{"a": {"minimum": 1000}}"#, "{a: 999.5}", "- at '/a': minimum: got 999.5, want 1,000"),
        (r#"{"a": {"maxLength": 2}}"#, "{a: abc}", "- at '/a': maxLength: got 3, want 2"),
        (r#"{"a": {"pattern": "^x+$"}}"#, "{a: abc}", "- at '/a': 'abc' does not match pattern '^x+$'"),
        (
            r#"{"password": {"pattern": "^x+$"}}"#,
            "{password: abc}",
            "- at '/password': '***' does not match pattern '^x+$'",
        ),
        (r#"{"a": {"required": ["b"]}}"#, "{a: {}}", "- at '/a': missing property 'b'"),
        (r#"{"a": {"required": ["b", "c"]}}"#, "{a: {}}", "- at '/a': missing properties 'b', 'c'"),
        (
            r#"{"a": {"additionalProperties": false}}"#,
            "{a: {b: 1, c: 2}}",
            "- at '/a': additional properties 'b', 'c' not allowed",
        ),
        (
            r#"{"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}"#,
            "{a: 1}",
            "- at '/a': 'oneOf' failed, none matched\n  - at '/a': got number, want string\n  - at '/a': got number, want null",
        ),
        (
            r#"{"a": {"oneOf": [{"type": "number"}, {}]}}"#,
            "{a: 1}",
            "- at '/a': 'oneOf' failed, subschemas 0, 1 matched",
        ),
        (r#"{"a": {"not": {"type": "number"}}}"#, "{a: 1}", "- at '/a': 'not' failed"),
        (r#"{"a": {"uniqueItems": true}}"#, "{a: [1, 2, 1]}", "- at '/a': items at 0 and 2 are equal"),
        (r#"{"a": {"minItems": 3}}"#, "{a: [1, 2]}", "- at '/a': minItems: got 2, want 3"),
        (r#"{"a/b": {"type": "null"}}"#, "{a/b: 1}", "- at '/a~1b': got number, want null"),
        (
            r#"{"a": {"type": "null"}, "b": {"type": "null"}}"#,
            "{a: 1, b: x}",
            "- at '/a': got number, want null\n- at '/b': got string, want null",
        ),
        (
            r#"{"a": {"if": {"type": "number"}, "then": {"minimum": 5}}}"#,
            "{a: 1}",
            "- at '/a': minimum: got 1, want 5",
        ),
    ] {
        assert_eq!(of_properties(schema, values), want, "{schema}");
    }
}

#[test]
fn valid_values_pass() {
    for (schema, values) in [
        (r#"{"a": {"type": "integer"}}"#, "{a: 2.0}"),
        (r#"{"a": {"enum": [1, [2], {"x": null}]}}"#, "{a: {x: null}}"),
        (
            r#"{"a": {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": false}}"#,
            "{a: {xy: b}}",
        ),
        (
            r##"{"a": {"$ref": "#/properties/b"}, "b": {"type": "array", "items": {"type": "number"}}}"##,
            "{a: [1, 2]}",
        ),
        (
            r#"{"a": {"items": [{"type": "number"}], "additionalItems": {"type": "string"}}}"#,
            "{a: [1, b, c]}",
        ),
        (r#"{"a": {"format": "email"}}"#, "{a: b@c.de}"),
        (r#"{"a": {"propertyNames": {"pattern": "^b"}}}"#, "{a: {bc: 1}}"),
        (r#"{"a": {"dependencies": {"b": ["c"]}}}"#, "{a: {b: 1, c: 2}}"),
        (r#"{"a": {"multipleOf": 0.1}}"#, "{a: 0.3}"),
        (r#"{"a": true}"#, "{a: 1}"),
    ] {
        assert_eq!(of_properties(schema, values), "valid", "{schema}");
    }
}

#[test]
fn a_schema_may_refer_to_itself_but_not_in_circles_without_a_step() {
    let tree = r##"{"properties": {"children": {"items": {"$ref": "#"}}}, "additionalProperties": false}"##;
    assert_eq!(refusal(tree, "{children: [{children: []}]}"), "valid");
    assert_eq!(
        refusal(tree, "{children: [{children: [{x: 1}]}]}"),
        "- at '/children/0/children/0': additional properties 'x' not allowed"
    );
    let circle = r##"{"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}}"##;
    assert!(refusal(circle, "{a: 1}").contains("reference cycle"), "{}", refusal(circle, "{a: 1}"));
}

#[test]
fn what_is_outside_the_schema_is_not_read() {
    for reference in ["https://example.com/s.json", "file:///dev/zero", "/dev/zero", "other.json#/x"] {
        let refused = of_properties(&format!(r#"{{"a": {{"$ref": "{reference}"}}}}"#), "{a: 1}");
        assert!(refused.starts_with("failing loading \""), "{refused}");
        assert!(refused.ends_with("schemas outside the chart are not read"), "{refused}");
    }
    assert_eq!(of_properties(r#"{"a": {"$ref": "urn:x:y"}}"#, "{a: 1}"), "valid");
}

#[test]
fn a_schema_that_is_none_is_refused() {
    assert_eq!(refusal("", "{}"), "EOF");
    assert!(refusal("{", "{}").starts_with("values.schema.json is not JSON"));
    assert!(of_properties(r#"{"a": {"type": "text"}}"#, "{}").contains("is not valid against metaschema"));
    assert_eq!(
        of_properties(r#"{"a": {"pattern": "^(?!x)"}}"#, "{}"),
        "invalid regex \"^(?!x)\" at \"file:///values.schema.json#/properties/a/pattern\": error parsing \
         regexp: invalid or unsupported Perl syntax: `(?!`"
    );
}

#[test]
fn costly_schemas_end_in_a_limit() {
    let mut definitions: Vec<String> = (0..40)
        .map(|i| {
            format!(
                r##""d{i}": {{"allOf": [{{"$ref": "#/$defs/d{0}"}}, {{"$ref": "#/$defs/d{0}"}}]}}"##,
                i + 1
            )
        })
        .collect();
    definitions.push(r#""d40": {}"#.to_string());
    let schema = format!(r##"{{"$defs": {{{}}}, "$ref": "#/$defs/d0"}}"##, definitions.join(", "));
    assert!(refusal(&schema, "{a: 1}").starts_with("limit: "));
}

#[test]
fn violations_that_the_strict_check_would_multiply_are_counted_first() {
    let mut definitions: Vec<String> = (0..40)
        .map(|i| {
            let next = format!(r##"{{"$ref": "#/$defs/d{}"}}"##, i + 1);
            format!(r#""d{i}": {{"minProperties": 5, "properties": {{"a": {{"anyOf": [{next}, {next}]}}}}}}"#)
        })
        .collect();
    definitions.push(r#""d40": {}"#.to_string());
    let schema = format!(r##"{{"$defs": {{{}}}, "$ref": "#/$defs/d0"}}"##, definitions.join(", "));
    let values = format!("{}{}", "{a: ".repeat(41), "1".to_string() + &"}".repeat(41));
    assert!(refusal(&schema, &values).starts_with("limit: "));
}

#[test]
fn values_nested_deep_are_checked_up_to_a_limit() {
    let schema = r##"{"additionalProperties": {"$ref": "#"}}"##;
    let nested = |depth: usize| format!("{}{}", "{a: ".repeat(depth), "{}".to_string() + &"}".repeat(depth));
    assert_eq!(refusal(schema, &nested(90)), "valid");
    assert!(refusal(schema, &nested(3000)).starts_with("limit: "));
    assert!(refusal(r#"{"type": "array"}"#, &nested(3000)).starts_with("- at ''"));
}

#[test]
fn a_refused_value_is_traced_to_the_layer_that_set_it() {
    use crate::chart::{File, from_files};
    use crate::source::{Budget, Files};
    use crate::values::{Overrides, prepare};
    let schema =
        r#"{"properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}}}"#;
    let files = [
        ("Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}\n"),
        ("values.yaml", "# default\na: 1\nb: 1\nc: 1\n"),
        ("values.schema.json", schema),
    ];
    let files = files.map(|(name, text)| File { name: name.into(), data: text.into() });
    let files = Files { location: "charts/c/".into(), files: files.into() };
    let limits = Limits::default();
    let chart = from_files(files, &mut Budget::new(&limits), &mut Vec::new()).unwrap();
    let overrides =
        Overrides { files: vec!["prod.yaml".into()], set: vec!["b=2".into()], ..Overrides::default() };
    let layers = Layers::gather(&overrides, &mut |_| Ok(b"x: y\na: 2\n".to_vec())).unwrap();
    let error = prepare(&chart, &layers, false, &limits, &mut Vec::new()).unwrap_err();
    assert_eq!(
        error.message(),
        "values don't meet the specifications of the schema(s) in the following chart(s):\nc:\n\
         - at '/a': got number, want string\n- at '/b': got number, want string\n\
         - at '/c': got number, want string"
    );
    let diagnostic = error.diagnostic();
    assert_eq!(
        diagnostic.notes,
        ["a is set in prod.yaml:2:1", "b is set by --set", "c is set by default in charts/c/values.yaml:4:1"]
    );
    assert_eq!(diagnostic.place.as_ref().unwrap().to_string(), "prod.yaml:2:1");
    assert!(prepare(&chart, &layers, true, &limits, &mut Vec::new()).is_ok());
}

mod agreement {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Json::from),
            (-3..4_i32).prop_map(|n| json!(n)),
            (-3..4_i32).prop_map(|n| json!(f64::from(n) / 2.0)),
            prop::sample::select(vec!["", "a", "ab", "b", "x1"]).prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                entries(inner).prop_map(Json::Object),
            ]
        })
    }

    fn entries(inner: impl Strategy<Value = Json>) -> impl Strategy<Value = serde_json::Map<String, Json>> {
        let name = prop::sample::select(vec!["a", "b", "c"]).prop_map(String::from);
        prop::collection::btree_map(name, inner, 0..3).prop_map(|map| map.into_iter().collect())
    }

    fn schema() -> impl Strategy<Value = Json> {
        let count = || (0..3_u32).prop_map(|n| json!(n));
        let types = || {
            let names = vec!["null", "boolean", "number", "integer", "string", "array", "object"];
            prop::sample::select(names).prop_map(Json::from)
        };
        let pattern = || prop::sample::select(vec!["^a", "b$", "[0-9]", "^(a|b)$"]).prop_map(Json::from);
        let single = |key: &'static str, value: BoxedStrategy<Json>| value.prop_map(move |v| json!({key: v}));
        let leaf = prop_oneof![
            types().prop_map(|t| json!({"type": t})),
            (types(), types()).prop_map(|(a, b)| if a == b {
                json!({"type": a})
            } else {
                json!({"type": [a, b]})
            }),
            value().prop_map(|v| json!({"const": v})),
            prop::collection::vec(value(), 1..4).prop_map(|v| json!({"enum": v})),
            single("minimum", (-2..3_i32).prop_map(|n| json!(n)).boxed()),
            single("exclusiveMaximum", (-2..3_i32).prop_map(|n| json!(f64::from(n) / 2.0)).boxed()),
            single("multipleOf", prop::sample::select(vec![json!(1), json!(0.5), json!(2)]).boxed()),
            single("minLength", count().boxed()),
            single("maxLength", count().boxed()),
            single("pattern", pattern().boxed()),
            single("maxItems", count().boxed()),
            single("minProperties", count().boxed()),
            Just(json!({"uniqueItems": true})),
            Just(json!({"required": ["a", "b"]})),
            Just(json!({"dependencies": {"a": ["b"]}})),
            Just(json!({"$ref": "#/definitions/d"})),
            any::<bool>().prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 3, move |inner| {
            let list = || prop::collection::vec(inner.clone(), 1..3).prop_map(Json::from).boxed();
            prop_oneof![
                single("allOf", list()),
                single("anyOf", list()),
                single("oneOf", list()),
                single("items", inner.clone().boxed()),
                (list(), inner.clone()).prop_map(|(l, s)| json!({"items": l, "additionalItems": s})),
                single("not", inner.clone().boxed()),
                single("propertyNames", inner.clone().boxed()),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(i, t, e)| json!({"if": i, "then": t, "else": e})),
                (entries(inner.clone()), inner.clone(), pattern(), inner.clone()).prop_map(|(p, a, k, v)| {
                    let key = k.as_str().unwrap_or_default().to_string();
                    json!({"properties": p, "additionalProperties": a, "patternProperties": {key: v}})
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_quick_check_never_contradicts_the_strict_one(
            draft in prop::sample::select(vec!["draft-06/schema", "draft-07/schema#", "draft/2019-09/schema", "schema"]),
            defined in schema(),
            schema in schema(),
            given in entries(value()),
        ) {
            let schema = json!({
                "$schema": format!("http://json-schema.org/{draft}"),
                "definitions": {"d": defined},
                "allOf": [schema],
            });
            let values = crate::json::decode(Json::Object(given).to_string().as_bytes()).unwrap();
            let values = values.as_map().unwrap().clone();
            if let Ok(verdict) = quick::is_valid(&schema, &values, &Limits::default()) {
                let strict = strict::validate(schema, &strict::plain(&Value::Map(values)));
                prop_assert_eq!(verdict, strict.is_ok(), "{:?}", strict);
            }
        }
    }
}

#[test]
fn reasons_do_not_hold_the_values() {
    let schema = r#"{"properties": {
        "a": {"pattern": "^x+$"}, "b": {"maxLength": 2}, "c": {"maximum": 5}, "d": {"type": "string"},
        "e": {"properties": {}, "additionalProperties": false}, "f": {"enum": ["x"]}
    }, "required": ["g"]}"#;
    let values = "{a: hunter2, b: hunter2, c: 77, d: 77, e: {q: hunter2}, f: hunter2}\n";
    let values = parse_values(values.as_bytes(), "test").unwrap();
    let refusal = check(schema.as_bytes(), &values, &Limits::default()).unwrap().unwrap_err();
    let mut told: Vec<String> =
        refusal.violations.iter().map(|(path, reason)| format!("{}: {reason}", path.join("."))).collect();
    told.sort();
    assert_eq!(
        told,
        [
            ": missing property 'g'",
            "a: it does not match pattern '^x+$'",
            "b: maxLength: want 2",
            "c: maximum: want 5",
            "d: got number, want string",
            "e.q: additional properties 'q' not allowed",
            "f: value must be 'x'",
        ]
    );
}
