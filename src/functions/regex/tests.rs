use super::*;

fn call(name: &str, args: &[Value]) -> Result<String, String> {
    let Some(function) = crate::functions::find(name) else { return Err(format!("no {name}")) };
    match (function.call)(&Env::default(), args) {
        Ok(Value::String(s)) => Ok(s.to_string()),
        Ok(Value::Bool(b)) => Ok(b.to_string()),
        Ok(Value::List(l)) => {
            let items: Vec<String> =
                l.items().iter().map(|v| v.as_str().unwrap_or("?").to_string()).collect();
            Ok(format!("[{}]", items.join("|")))
        }
        Ok(Value::TypedNil(_)) => Ok("nil".to_string()),
        Ok(other) => Ok(format!("{other:?}")),
        Err(e) => Err(e.message),
    }
}

fn strings(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|t| Value::from(*t)).collect()
}

#[test]
fn errors_are_go_s() {
    for (pattern, want) in [
        ("[", "missing closing ]: `[`"),
        ("[a", "missing closing ]: `[a`"),
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a|*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a+??", "invalid nested repetition operator: `+??`"),
        ("x{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("(a{100}){100}", "invalid repeat count: `{100}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Foo}", "invalid character class range: `\\p{Foo}`"),
        (r"\8", "invalid escape sequence: `\\8`"),
        (r"\u0041", "invalid escape sequence: `\\u`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?P<n a>b)", "invalid named capture: `(?P<n a>`"),
    ] {
        let want = format!("error parsing regexp: {want}");
        assert_eq!(call("mustRegexFind", &strings(&[pattern, "a"])), Err(want), "{pattern}");
    }
    assert_eq!(
        call("regexFind", &strings(&["[", "a"])),
        Err("regexp: Compile(`[`): error parsing regexp: missing closing ]: `[`".to_string())
    );
    assert_eq!(call("regexMatch", &strings(&["[", "a"])), Ok("false".to_string()));
}

#[test]
fn classes_are_ascii_and_odd_braces_literal() {
    for (pattern, text, want) in [
        (r"\d+", "x٣4", "4"),
        (r"\w+", "éa", "a"),
        ("[[a]+", "[a", "[a"),
        ("[a&&b]+", "a&b", "a&b"),
        ("a{,2}", "aa{,2}", "a{,2}"),
        (r"\Qa.b\E+", "a.bbb", "a.bbb"),
        ("(?i)k", "\u{212a}", "\u{212a}"),
        (r"\p{Greek}+", "abγδ", "γδ"),
        ("(?<n>a)(?P<n>b)", "ab", "ab"),
        ("a(?i)*", "aaA", "aa"),
        ("(?U)a+", "aaa", "a"),
        ("(?m)^b$", "a\nb\nc", "b"),
        ("[^a]", "\n", "\n"),
        (r"\141", "a", "a"),
        (r"\x{62}", "b", "b"),
    ] {
        assert_eq!(call("mustRegexFind", &strings(&[pattern, text])), Ok(want.to_string()), "{pattern}");
    }
}

#[test]
fn replacements_follow_go_s_template_rules() {
    for (pattern, template, want) in [
        ("(a)", "$1x", ""),
        ("(a)", "${1}x", "ax"),
        ("(a)", "$$1", "$1"),
        ("(a)", "${1", "${1"),
        ("(?P<n>a)", "$n-${n}n", "a-an"),
        ("x*", "-", "-a-"),
    ] {
        let got = call("regexReplaceAll", &strings(&[pattern, "a", template]));
        assert_eq!(got, Ok(want.to_string()), "{pattern} {template}");
    }
    assert_eq!(call("regexReplaceAllLiteral", &strings(&["a", "a", "$1"])), Ok("$1".to_string()));
}

#[test]
fn splits_drop_empty_matches_at_the_ends() {
    for (pattern, text, limit, want) in [
        ("a", "banana", -1, "[b|n|n|]"),
        ("z+", "pizza", -1, "[pi|a]"),
        ("z+", "pizza", 1, "[pizza]"),
        ("", "abc", -1, "[a|b|c]"),
        ("a", "", -1, "[]"),
        ("a", "b", 0, "nil"),
    ] {
        let args = [Value::from(pattern), Value::from(text), Value::int(limit)];
        assert_eq!(call("regexSplit", &args), Ok(want.to_string()), "{pattern} {text}");
    }
}

#[test]
fn bad_bytes_count_as_one_replacement_character() {
    let text = Value::string(&b"a\xff\xfeb"[..]);
    let got = call("regexFindAll", &[Value::from("[^a]"), text.clone(), Value::int(-1)]);
    assert_eq!(got, Ok("[?|?|b]".to_string()));
    let env = Env::default();
    let replace = crate::functions::find("regexReplaceAll")
        .map(|f| (f.call)(&env, &[Value::from("b"), text, Value::from("c")]));
    let Some(Ok(Value::String(s))) = replace else { panic!("no string") };
    assert_eq!(s.as_bytes(), b"a\xff\xfec");
}

#[test]
fn growth_and_quadratic_searches_are_limited() {
    let limits = crate::limits::Limits { function_bytes: 1 << 20, crypto_cost: 300, ..Default::default() };
    let env = Env::new(limits);
    let run = |pattern: &str, text: String, template: String| {
        let function = crate::functions::find("regexReplaceAll")?;
        (function.call)(&env, &[Value::from(pattern), Value::from(text), Value::from(template)]).err()
    };
    let growth = run("a", "a".repeat(10_000), "b".repeat(10_000));
    assert!(growth.is_some_and(|e| e.message.contains("over the limit")));
    let slow = run(".*[^A-Z]|[A-Z]", "A".repeat(900_000), "b".to_string());
    assert!(slow.is_some_and(|e| e.message.contains("limit")));
    let large = Regex::new(r"(\pL{1000}|a){2}".as_bytes(), 1 << 20).map(|_| ());
    assert!(large.is_err());
}

#[test]
fn searches_are_counted_by_the_text_and_the_expression() {
    let env = Env::new(crate::limits::Limits { steps: 1_000_000, ..Default::default() });
    let find = |pattern: &str, text: &str| {
        let find = crate::functions::find("regexFind").unwrap();
        (find.call)(&env, &strings(&[pattern, text])).map_err(|e| e.message)
    };
    for _ in 0..1000 {
        assert!(find("a+b", &"a".repeat(100)).is_ok());
    }
    // A thousand places at which to stand, on each of ten thousand bytes.
    let message = find("[ab]*a[ab]{1000}c", &"ab".repeat(10_000)).unwrap_err();
    assert!(message.contains("more than the limit of 1000000 steps"), "{message}");
}

#[test]
fn compiling_is_counted() {
    let env = Env::new(crate::limits::Limits { steps: 1_000_000, ..Default::default() });
    let is_match = crate::functions::find("regexMatch").unwrap();
    let mut tried = (0..1000).map(|i| (is_match.call)(&env, &strings(&[&format!("\\pL{{50}}{i}"), "x"])));
    let error = tried.find_map(Result::err).map(|e| e.message);
    assert!(error.is_some_and(|e| e.contains("more than the limit of 1000000 steps")));
    // One that is malformed is read, too.
    let env = Env::new(crate::limits::Limits { steps: 1_000_000, ..Default::default() });
    let malformed = "a|b".repeat(20_000) + "(";
    let mut tried = (0..1000).map(|_| (is_match.call)(&env, &strings(&[&malformed, "x"])));
    assert!(tried.any(|result| result.is_err()));
}

#[test]
fn an_expression_of_many_bytes_is_refused() {
    let pattern = "a|".repeat(200_000);
    let error = call("regexMatch", &strings(&[&pattern, "a"])).unwrap_err();
    assert!(error.contains("takes more than the limit of"), "{error}");
}
