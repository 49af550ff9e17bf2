use super::*;
use crate::value::number;

/// A value as text, types told apart: 64-bit integers have an `i`, floats an `f`.
fn show(value: &Value) -> String {
    match value {
        Value::Map(m) => {
            let inner: Vec<_> = m.entries().iter().map(|(k, v)| format!("{k}: {}", show(v))).collect();
            format!("{{{}}}", inner.join(", "))
        }
        Value::List(l) => format!("[{}]", l.items().iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Null => "null".to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => format!("{}i", i.as_i64()),
        Value::Float(f) => format!("{}f", number::format_g(*f)),
        Value::String(s) => format!("{:?}", s.to_text()),
        other => format!("{other:?}"),
    }
}

fn shown(result: Result<()>, values: Map) -> String {
    match result {
        Ok(()) => show(&Value::Map(values)),
        Err(e) => format!("error: {e}"),
    }
}

fn after(before: &str, text: &str) -> String {
    let values = Map::default();
    set(before, &values).unwrap();
    shown(set(text, &values), values)
}

fn typed(text: &str) -> String {
    after("", text)
}

#[test]
fn names_lists_and_types_are_read_as_helm_reads_them() {
    for (text, want) in [
        ("", "{}"),
        ("name=value", "{name: \"value\"}"),
        ("n1=1,n2=2", "{n1: 1i, n2: 2i}"),
        ("n1=1,n2=2,", "{n1: 1i, n2: 2i}"),
        ("a.b.c=x,a.d=y", "{a: {b: {c: \"x\"}, d: \"y\"}}"),
        ("a=true,b=FALSE,c=Null,d=nil", "{a: true, b: false, c: null, d: \"nil\"}"),
        ("a=0,b=007,c=-5,d=+5,e=1.5,f=1e3", "{a: 0i, b: \"007\", c: -5i, d: 5i, e: \"1.5\", f: \"1e3\"}"),
        (
            "a=9223372036854775807,b=9223372036854775808",
            "{a: 9223372036854775807i, b: \"9223372036854775808\"}",
        ),
        ("a=", "{a: \"\"}"),
        ("a=,b=1", "{a: \"\", b: 1i}"),
        ("a=x\\,y", "{a: \"x,y\"}"),
        ("a\\.b=1", "{a.b: 1i}"),
        ("a=x\\\\y", "{a: \"x\\\\y\"}"),
        ("a=x\\", "{a: \"x\"}"),
        ("a= x =y", "{a: \" x =y\"}"),
        ("=1", "{}"),
        ("a.", "{}"),
        ("l={a,1,true}", "{l: [\"a\", 1i, true]}"),
        ("l={}", "{l: [\"\"]}"),
        ("l={a},b=1", "{b: 1i, l: [\"a\"]}"),
        ("l={a}b=1", "{b: 1i, l: [\"a\"]}"),
        ("l={a\\,b,c}", "{l: [\"a,b\", \"c\"]}"),
        ("l[0]=a,l[3]=b", "{l: [\"a\", null, null, \"b\"]}"),
        ("l[0].a=1,l[0].b=2", "{l: [{a: 1i, b: 2i}]}"),
        ("l[1].a=1", "{l: [null, {a: 1i}]}"),
        ("l[0][1]=x", "{l: [[null, \"x\"]]}"),
        ("l[0][0][0]=1", "{l: [[[1i]]]}"),
        ("l[0]={a,b}", "{l: [[\"a\", \"b\"]]}"),
        ("l[0]", "{l: []}"),
        ("l[0]=", "{l: [\"\"]}"),
        ("l[0", "{}"),
        ("l[0]=1,l[0].a=2", "{l: [{a: 2i}]}"),
    ] {
        assert_eq!(typed(text), want, "{text}");
    }
}

#[test]
fn what_helm_refuses_is_refused_in_its_words() {
    let thirty_one = "a.".repeat(31) + "b=1";
    for (text, want) in [
        ("a", "key \"a\" has no value"),
        ("a,b=1", "key \"a\" has no value (cannot end with ,)"),
        ("a.b", "key \"b\" has no value"),
        ("a.=1", "key map \"a\" has no value"),
        ("l={a", "list must terminate with '}'"),
        ("l[x]=1", "error parsing index: strconv.Atoi: parsing \"x\": invalid syntax"),
        ("l[]=1", "error parsing index: strconv.Atoi: parsing \"\": invalid syntax"),
        (
            "l[99999999999999999999]=1",
            "error parsing index: strconv.Atoi: parsing \"99999999999999999999\": value out of range",
        ),
        ("l[-1]=1", "negative -1 index not allowed"),
        ("l[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
        ("l[0]x=1", "unexpected data at end of array index: ['x']"),
        ("l[0],b\u{1e}=1", "unexpected data at end of array index: [',' 'b' '\\x1e']"),
        (&thirty_one, "value name nested level is greater than maximum supported nested level of 30"),
    ] {
        assert_eq!(typed(text), format!("error: {want}"), "{text}");
    }
    assert_eq!(
        after("a=x", "a.b=1"),
        "error: unable to parse key: interface conversion: interface {} is string, not map[string]interface {}"
    );
    assert_eq!(
        after("a=null", "a[0]=1"),
        "error: unable to parse key: interface conversion: interface {} is nil, not []interface {}"
    );
    assert_eq!(
        after("a[0]=5", "a[0][0]=1"),
        "error: unable to parse key: interface conversion: interface {} is int64, not []interface {}"
    );
}

#[test]
fn the_greatest_index_and_the_deepest_name_are_allowed() {
    assert!(typed("l[65536]=1").ends_with("1i]}"));
    assert!(typed(&("a.".repeat(30) + "b=1")).starts_with("{a: {a: "));
}

#[test]
fn lists_within_lists_are_bounded() {
    assert_eq!(
        typed(&("a".to_string() + &"[0]".repeat(600) + "=1")),
        "error: lists are nested deeper than 500"
    );
    assert!(typed(&("a".to_string() + &"[65536]".repeat(30) + "=1")).contains("items together"));
    assert!(typed(&("a[0].".repeat(600) + "b=1")).starts_with("error: "));
}

#[test]
fn later_texts_change_what_earlier_ones_set() {
    assert_eq!(after("a.b=1,l={x,y}", "a.c=2,l[1]=z"), "{a: {b: 1i, c: 2i}, l: [\"x\", \"z\"]}");
    assert_eq!(after("a.b=1", "a=null"), "{a: null}");
}

#[test]
fn a_text_that_stops_in_a_list_has_changed_it_in_place() {
    assert_eq!(after("l={a,b}", "l[1].c[0"), "{l: [\"a\", {}]}");
    assert_eq!(after("l[0][0]=1", "l[0][0].a"), "error: key \"a\" has no value");
    assert_eq!(after("l[0][0]=1", "l[0][0].a[0"), "{l: [[{}]]}");
    // What the text itself would have added is lost.
    assert_eq!(after("l={a}", "l[1].c[0"), "{l: [\"a\"]}");
    assert_eq!(after("l={a}", "l[1][0].c[0"), "{l: [\"a\"]}");
}

#[test]
fn set_string_keeps_text() {
    let values = Map::default();
    let result = set_string("a=1,b=true,l={1,null}", &values);
    assert_eq!(shown(result, values), "{a: \"1\", b: \"true\", l: [\"1\", \"null\"]}");
}

#[test]
fn set_file_reads_each_value() {
    let values = Map::default();
    let result = set_file("a=f1,b={f2,f3}", &values, &mut |name| Ok(Value::from(format!("<{name}>"))));
    assert_eq!(shown(result, values), "{a: \"<f1>\", b: [\"<f2>\", \"<f3>\"]}");
    let result = set_file("a=gone", &Map::default(), &mut |_| Err(Error::new("open gone: no")));
    assert_eq!(result.unwrap_err().message(), "open gone: no");
}

#[test]
fn set_json_reads_a_json_value_each() {
    let json = |text: &str| {
        let values = Map::default();
        shown(set_json(text, &values), values)
    };
    assert_eq!(json("a={\"x\": [1, \"},\"]},b=2 ,c=\"s\""), "{a: {x: [1f, \"},\"]}, b: 2f, c: \"s\"}");
    assert_eq!(json("a.b[1]=true,c="), "{a: {b: [null, true]}, c: null}");
    assert_eq!(json("a=null,b= ,c=1e2"), "{a: null, b: null, c: 100f}");
    assert!(json("a=nope").starts_with("error: "));
    assert!(json("a={\"x\"").starts_with("error: "));
}

#[test]
fn set_literal_takes_all_after_the_equals_sign() {
    let literal = |text: &str| {
        let values = Map::default();
        shown(set_literal(text, &values), values)
    };
    assert_eq!(literal("a.b=x,y=\\{z}"), "{a: {b: \"x,y=\\\\{z}\"}}");
    assert_eq!(literal("l[1]=x"), "{l: [null, \"x\"]}");
    assert_eq!(literal("a,b=1"), "{a,b: \"1\"}");
    assert_eq!(literal("a="), "{a: \"\"}");
    assert_eq!(literal("a"), "error: key \"a\" has no value");
    assert_eq!(literal("a."), "{}");
}
