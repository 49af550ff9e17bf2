use super::*;
use crate::value::MapType;
use crate::value::Room;

fn to_toml(value: Value) -> String {
    match crate::functions::find("toToml").map(|f| (f.call)(&Env::default(), &[value])) {
        Some(Ok(Value::String(s))) => s.to_string(),
        other => format!("{other:?}"),
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().collect())
}

/// A document read and written again; or the error.
fn round(text: &str) -> String {
    match decode::decode(text.as_bytes(), &mut Room::default()) {
        Ok(map) => to_toml(Value::Map(map)),
        Err(error) => error,
    }
}

#[test]
fn tables_stand_behind_values_and_are_indented() {
    let table = map([("y", Value::Float(2.0))]);
    let item = map([("x", Value::int(1)), ("t", table.clone())]);
    let value = map([
        ("z", Value::Float(1.0)),
        ("a", map([("l", Value::list(vec![item.clone(), map([("x", Value::int(2))])]))])),
        ("k.dot", Value::list(vec![item, Value::int(2)])),
        ("nil", Value::Null),
    ]);
    assert_eq!(
        to_toml(value),
        "\"k.dot\" = [{x = 1, t = {y = 2.0}}, 2]\nz = 1.0\n\n[a]\n\n  [[a.l]]\n    x = 1\n    [a.l.t]\n      y = 2.0\n\n  [[a.l]]\n    x = 2\n"
    );
}

#[test]
fn what_has_no_toml_is_an_error_text() {
    let nil = map([("l", Value::list(vec![Value::Null]))]);
    assert_eq!(to_toml(nil), "toml: cannot encode array with nil element");
    let tables = Value::list(vec![map([])]);
    assert_eq!(to_toml(tables), "toml: top-level values must be Go maps or structs");
    assert!(to_toml(Value::Null).contains("reflect: call of reflect.Value.Type on zero Value"));
    assert_eq!(to_toml(Value::from("a\x01\"")), "\"a\\u0001\\\"\"");
}

#[test]
fn cycles_and_shared_bombs_end() {
    let cycle = Map::new(MapType::Any);
    cycle.insert("self", Value::Map(cycle.clone()));
    assert!(to_toml(Value::Map(cycle.clone())).contains("nested deeper"));
    cycle.remove("self");
    let mut bomb = Value::list(vec![]);
    for _ in 0..64 {
        bomb = Value::list(vec![bomb.clone(), bomb]);
    }
    assert!(to_toml(bomb).contains("values in one call"));
}

#[test]
fn documents_are_read() {
    for (text, want) in [
        ("a = 0x1F\nb = 1_000\nc = +5", "a = 31\nb = 1000\nc = 5\n"),
        ("a.b.c = 1\na.b.d = 'x'", "[a]\n  [a.b]\n    c = 1\n    d = \"x\"\n"),
        ("[[l]]\nn = 1\n[[l]]\nn = 2", "[[l]]\n  n = 1\n\n[[l]]\n  n = 2\n"),
        ("s = \"\"\"\na \\\n   b\"\"\"", "s = \"a b\"\n"),
        ("s = 'lit\\n'\n\"q k\" = '''\nraw'''", "\"q k\" = \"raw\"\ns = \"lit\\\\n\"\n"),
        (
            "d = 2020-01-02 03:04:05.5+01:00\ne = 2020-01-02\nf = 03:04",
            "d = 2020-01-02T03:04:05.5+01:00\ne = 2020-01-02\nf = 03:04:00\n",
        ),
        ("a = {b = 1, c.d = [1, 2,],\n# note\n}", "[a]\n  b = 1\n  [a.c]\n    d = [1, 2]\n"),
        ("f = 6.02e23\ng = -inf\nh = -0.0", "f = 6.02e+23\ng = -inf\nh = -0.0\n"),
        ("a = [{b = 1}, {b = 2}]", "[[a]]\n  b = 1\n\n[[a]]\n  b = 2\n"),
    ] {
        assert_eq!(round(text), want, "{text}");
    }
}

#[test]
fn errors_are_burntsushi_s() {
    for (text, want) in [
        ("a = 1\na = 2", "line 2 (last key \"a\"): Key 'a' has already been defined."),
        ("a", "line 1: unexpected EOF; expected key separator '='"),
        ("[t", "line 1: expected '.' or ']' to end table name, but got '\\x00' instead"),
        ("a = 01", "line 1 (last key \"a\"): Invalid integer \"01\": cannot have leading zeroes"),
        ("a = 9223372036854775808", "line 1 (last key \"a\"): 9223372036854775808 is out of range for int64"),
        ("[a]\n[a]", "line 2: Key 'a' has already been defined."),
        ("a = True", "line 1 (last key \"a\"): expected value but found \"True\" instead"),
        ("a = \"x", "line 1 (last key \"a\"): unexpected EOF; expected '\"'"),
        ("a = \"x\ny\"", "line 1 (last key \"a\"): strings cannot contain newlines"),
        (
            "a = 1 b",
            "line 1: expected a top-level item to end with a newline, comment, or EOF, but got 'b' instead",
        ),
        (
            "a = [1 2]",
            "line 1 (last key \"a\"): expected a comma (',') or array terminator (']'), but got '2'",
        ),
        ("a = \"\\z\"", "line 1 (last key \"a\"): invalid escape in string '\\z'"),
        ("= 1", "line 1: unexpected '=': key name appears blank"),
    ] {
        assert_eq!(round(text), format!("toml: {want}"), "{text}");
    }
}

#[test]
fn nesting_is_limited() {
    assert!(round(&format!("a = {}", "[".repeat(100_000))).contains("nested deeper"));
    assert!(round(&format!("{} = 1", vec!["a"; 100_000].join("."))).contains("parts"));
}
