use super::*;
use crate::value::{IntKind, Map, MapType, NilType};

fn f(format: &str, args: &[Value]) -> String {
    sprintf(&Limits::default(), format.as_bytes(), args).unwrap().to_string()
}

static NIL_MAP: NilType = NilType { name: "map[string]interface {}", kind: Kind::Map };

fn mixed() -> Value {
    Value::list(vec![Value::int(1), "a".into(), Value::Null, 2.5.into(), Value::list(vec![true.into()])])
}

#[test]
fn each_kind_prints_as_go_prints_it() {
    let map = Value::Map(Map::from_iter([("b", Value::int(1)), ("a", "x".into()), ("n", Value::Null)]));
    for (value, v, sharp) in [
        (Value::Null, "<nil>", "<nil>"),
        (123_456_789.0.into(), "1.23456789e+08", "1.23456789e+08"),
        (Value::uint8(200), "200", "0xc8"),
        (
            mixed(),
            "[1 a <nil> 2.5 [true]]",
            r#"[]interface {}{1, "a", interface {}(nil), 2.5, []interface {}{true}}"#,
        ),
        (map, "map[a:x b:1 n:<nil>]", r#"map[string]interface {}{"a":"x", "b":1, "n":interface {}(nil)}"#),
        (Value::strings(["a", "b c"]), "[a b c]", r#"[]string{"a", "b c"}"#),
        (Value::Bytes((*b"hi").into()), "[104 105]", "[]byte{0x68, 0x69}"),
        (Value::TypedNil(&NIL_MAP), "map[]", "map[string]interface {}(nil)"),
        (Value::Object(std::sync::Arc::new(Complex { re: 1.0, im: -2.5 })), "(1-2.5i)", "(1-2.5i)"),
    ] {
        assert_eq!(f("%v", std::slice::from_ref(&value)), v);
        assert_eq!(f("%#v", &[value]), sharp);
    }
}

#[test]
fn flags_width_and_precision_work_together() {
    for (format, value, want) in [
        ("%+.3e", 1.5.into(), "+1.500e+00"),
        ("%08.3f", (-1.5).into(), "-001.500"),
        ("%#g", 100.0.into(), "100.000"),
        ("%.3g", 123_456_789.0.into(), "1.23e+08"),
        ("%x", 1.5.into(), "0x1.8p+00"),
        ("%b", 1.5.into(), "6755399441055744p-52"),
        ("%+08d", Value::int(42), "+0000042"),
        ("%-8d|", Value::int(42), "42      |"),
        ("%#012o", Value::int(42), "000000000052"),
        ("%.0d", Value::int(0), ""),
        ("%#U", Value::int(0x1F600), "U+1F600 '😀'"),
        ("%q", Value::int(120), "'x'"),
        ("%.2s", "héllo".into(), "hé"),
        ("%06s", "ab".into(), "0000ab"),
        ("% #x", "hi".into(), "0x68 0x69"),
        ("%#q", "a	b".into(), "`a	b`"),
        ("%+q", "é".into(), r#""\u00e9""#),
        ("%s", Value::Bytes((*b"hi").into()), "hi"),
        ("%s", Value::list(vec![Value::Null, 1.5.into()]), "[<nil> %!s(float64=1.5)]"),
        ("%T", mixed(), "[]interface {}"),
    ] {
        assert_eq!(f(format, &[value]), want, "{format}");
    }
}

#[test]
fn wrong_directives_are_complained_about_in_the_text() {
    let two = [Value::int(5), Value::int(3)];
    for (format, want) in [
        ("%", "%!(NOVERB)%!(EXTRA int=5, int=3)"),
        ("%d", "5%!(EXTRA int=3)"),
        ("%d%d%d", "53%!d(MISSING)"),
        ("%z %t", "%!z(int=5) %!t(int=3)"),
        ("%[2]d %[1]d", "3 5"),
        ("%[3]d", "%!d(BADINDEX)"),
        ("%*d", "    3"),
        ("%[2]*[1]d", "  5"),
        ("%9999999999d", "%!(NOVERB)%!(EXTRA int=5, int=3)"),
        ("%é", "%!é(int=5)%!(EXTRA int=3)"),
        ("100%% %d%d", "100% 53"),
    ] {
        assert_eq!(f(format, &two), want, "{format}");
    }
    assert_eq!(f("%d", &["x".into()]), "%!d(string=x)");
    assert_eq!(f("%s", &[Value::Null]), "%!s(<nil>)");
}

#[test]
fn sprint_puts_spaces_only_between_values_that_are_not_strings() {
    let args = [Value::int(1), Value::int(2), "a".into(), Value::int(3), Value::Null];
    assert_eq!(sprint(&Limits::default(), &args).unwrap(), "1 2a3 <nil>");
    assert_eq!(sprintln(&Limits::default(), &args).unwrap(), "1 2 a 3 <nil>\n");
}

#[test]
fn a_map_that_contains_itself_and_a_text_too_long_are_errors() {
    let limits = Limits { data_depth: 50, function_bytes: 1000, ..Limits::default() };
    let map = Map::new(MapType::Any);
    map.insert("self", Value::Map(map.clone()));
    assert_eq!(sprint_value(&limits, &Value::Map(map.clone())), Err(PrintError::TooDeep(50)));
    map.remove("self");
    let mut bomb = Value::list(vec![Value::Int(Int::new(1, IntKind::Int))]);
    for _ in 0..40 {
        bomb = Value::list(vec![bomb.clone(), bomb]);
    }
    assert_eq!(sprint_value(&limits, &bomb), Err(PrintError::TooLong(1000)));
    assert_eq!(sprintf(&limits, b"%5000d", &[Value::int(1)]), Err(PrintError::TooLong(1000)));
}
