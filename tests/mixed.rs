//! Two languages, one answer: what a chart, a function, a seed and `lookup` give in Go templates and in Jinja.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A chart of these templates.
fn chart(templates: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "Chart.yaml", "apiVersion: v2\nname: mixed\nversion: 0.1.0\n");
    for (file, text) in templates {
        write(folder.path(), &format!("templates/{file}"), text);
    }
    folder
}

fn render(chart: &Path, more: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x"])
        .arg(chart)
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let chart = chart(&[
        (
            "a.yaml",
            "{{ $ca := genCA \"ca\" 365 }}\nkind: Secret\nmetadata:\n  name: go\ndata:\n  cert: {{ $ca.Cert | b64enc \
             }}\n  password: {{ randAlphaNum 20 }}\n",
        ),
        ("b.yaml.j2", "kind: Secret\nmetadata:\n  name: jinja\ndata:\n  password: {{ randAlphaNum(20) }}\n"),
    ]);
    let seeded = || render(chart.path(), &["--seed", "one"]);
    assert_eq!(seeded(), seeded());
    assert_ne!(seeded(), render(chart.path(), &["--seed", "two"]));
    assert_ne!(render(chart.path(), &[]), render(chart.path(), &[]));
}

#[test]
fn lookup_finds_the_objects_of_a_file_in_both_languages() {
    let chart = chart(&[
        (
            "a.yaml",
            "kind: A\npassword: {{ dig \"data\" \"password\" \"none\" (lookup \"v1\" \"Secret\" \"default\" \"s\") }}\n",
        ),
        (
            "b.yaml.j2",
            "kind: B\npassword: {{ dig(\"data\", \"password\", \"none\", lookup(\"v1\", \"Secret\", \"default\", \"s\")) }}\n",
        ),
    ]);
    let objects = chart.path().join("objects.yaml");
    fs::write(
        &objects,
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n---\napiVersion: v1\nkind: List\nitems:\n- \
         apiVersion: v1\n  kind: Secret\n  metadata:\n    name: s\n    namespace: default\n  data:\n    password: \
         c2VjcmV0\n",
    )
    .unwrap();
    assert_eq!(render(chart.path(), &[]).matches("password: none").count(), 2);
    let found = render(chart.path(), &["--lookup-file", &objects.display().to_string()]);
    assert_eq!(found.matches("password: c2VjcmV0").count(), 2, "{found}");
}

#[test]
fn api_versions_are_asked_for_in_both_languages() {
    let chart = chart(&[
        (
            "a.yaml",
            "has: [{{ .Capabilities.APIVersions.Has \"apps/v1\" }}, {{ .Capabilities.APIVersions.Has \"a/v1\" }}]\n",
        ),
        (
            "b.yaml.j2",
            "has: [{{ Capabilities.APIVersions.Has(\"apps/v1\") }}, {{ Capabilities.APIVersions.Has(\"a/v1\") }}]\n",
        ),
    ]);
    assert_eq!(render(chart.path(), &[]).matches("has: [true, false]").count(), 2);
    assert_eq!(render(chart.path(), &["--api-versions", "a/v1"]).matches("has: [true, true]").count(), 2);
}

#[test]
fn a_lookup_file_that_is_not_there_is_an_error() {
    let chart = chart(&[("a.yaml", "kind: A\n")]);
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["render", "x", "--lookup-file", "nope.yaml"])
        .arg(chart.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("Error: open nope.yaml"));
}

const LABELS: &str = "{{ define \"labels\" }}app: {{ .Chart.Name }}\ninstance: {{ .Release.Name }}{{ end }}";

#[test]
fn a_file_gives_the_same_objects_in_both_languages() {
    let config = "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  labels:\n    {{- include \"labels\" . | \
                  nindent 4 }}\ndata:\n  port: {{ .Values.port | quote }}\n";
    let jinja_config = "kind: ConfigMap\nmetadata:\n  name: {{ Release.Name }}\n  labels:\n    {{ include(\"labels\") | \
                        indent(4) }}\ndata:\n  port: {{ Values.port | quote }}\n";
    let pod = "kind: Pod\nmetadata:\n  name: p\n  annotations:\n    checksum: {{ include (print \
               $.Template.BasePath \"/config.yaml\") . | fromYaml | toJson | sha256sum }}\n";
    let go = chart(&[("_labels.tpl", LABELS), ("config.yaml", config), ("pod.yaml", pod)]);
    let mixed = chart(&[("_labels.tpl", LABELS), ("config.yaml.j2", jinja_config), ("pod.yaml", pod)]);
    let set = ["--set", "port=80", "-o", "json"];
    assert_eq!(render(go.path(), &set), render(mixed.path(), &set));
}

/// What the calls below name: a list, a mapping and a time.
const SET_IN_GO: &str = r#"{{ $L := list "c" "a" "b" "a" }}{{ $D := dict "a" 1 "b" "x" }}{{ $T := toDate "2006-01-02" "2024-05-06" }}"#;
const SET_IN_JINJA: &str = r#"{% set L = ["c", "a", "b", "a"] %}{% set D = {"a": 1, "b": "x"} %}{% set T = toDate("2006-01-02", "2024-05-06") %}"#;

/// A call of each function, in Jinja's form.
const CALLS: &[&str] = &[
    r#"abbrev(5, "hello world")"#,
    r#"abbrevboth(5, 10, "1234 5678 9123")"#,
    "add(1, 2, 3)",
    "add1(1)",
    "add1f(1.5)",
    "addf(1.5, 2)",
    r#"adler32sum("a")"#,
    r#"all(1, "", true)"#,
    r#"any(0, "", true)"#,
    r#"append(L, "d")"#,
    r#"atoi("12")"#,
    r#"b32dec("MFRGG===")"#,
    r#"b32enc("abc")"#,
    r#"b64dec("YWJj")"#,
    r#"b64enc("abc")"#,
    r#"base("a/b")"#,
    "biggest(1, 5, 3)",
    r#"camelcase("http_server")"#,
    r#"cat("a", 1)"#,
    "ceil(1.2)",
    "chunk(2, L)",
    r#"clean("a//b/..")"#,
    r#"coalesce(0, "", "x")"#,
    r#"compact(list("", 1, 0))"#,
    "concat(L, L)",
    r#"contains("b", "abc")"#,
    r#"date("2006-01-02 15:04", T)"#,
    r#"dateInZone("2006-01-02 15:04", T, "Asia/Tokyo")"#,
    r#"dateModify("-1.5h", T)"#,
    r#"date_in_zone("15:04", T, "UTC")"#,
    r#"date_modify("24h", T)"#,
    r#"decryptAES("key", "/x9elwnvT3hfg9rctWp+nrYTmb/pKgy7HF6s07YO6LQ=")"#,
    "deepCopy(D)",
    "deepEqual(D, D)",
    r#"default("x", "")"#,
    r#"derivePassword(1, "long", "master", "user", "example.test")"#,
    r#"dict("b", 1, "a", L)"#,
    r#"dig("a", "b", "none", dict("a", dict("b", 1)))"#,
    r#"dir("a/b")"#,
    "div(7, 2)",
    "divf(7, 2)",
    r#"duration("3661")"#,
    r#"durationRound("2h10m5s")"#,
    r#"empty("")"#,
    "eq(1, 2, 1)",
    r#"ext("a.b")"#,
    "first(L)",
    r#"float64("1.5")"#,
    "floor(1.8)",
    r#"fromJson("{\"a\": [1, 2.5]}")"#,
    r#"fromJsonArray("[1, {\"a\": null}]")"#,
    r#"fromToml("a = 1\n[b]\nc = [1.5]\n")"#,
    r#"fromYaml("a: [1, yes]")"#,
    r#"fromYamlArray("[1, ~, 0x10]")"#,
    "ge(2, 1)",
    r#"get(D, "b")"#,
    r#"getHostByName("example.test")"#,
    "gt(2.5, 1.5)",
    r#"has("a", L)"#,
    r#"hasKey(D, "b")"#,
    r#"hasPrefix("a", "abc")"#,
    r#"hasSuffix("c", "abc")"#,
    "hello()",
    r#"html("<a>", "&")"#,
    "htmlDate(T)",
    r#"htmlDateInZone(T, "America/New_York")"#,
    r#"indent(2, "a\nb")"#,
    r#"index(D, "b")"#,
    "initial(L)",
    r#"initials("First Try")"#,
    r#"int("12")"#,
    r#"int64("12")"#,
    r#"isAbs("/a")"#,
    r#"join(",", L)"#,
    r#"js("it's <b>")"#,
    r#"kebabcase("FirstTry")"#,
    "keys(D)",
    r#"kindIs("string", "a")"#,
    r#"kindOf("a")"#,
    "last(L)",
    r#"le("a", "b")"#,
    "len(L)",
    r#"list(1, "a", list())"#,
    r#"lookup("v1", "Pod", "ns", "name")"#,
    r#"lower("ABC")"#,
    "lt(1, 2)",
    "max(1, 3, 2)",
    "maxf(1, 3.5, 2)",
    r#"merge(dict("a", 1), dict("a", 2, "c", 3))"#,
    r#"mergeOverwrite(dict("a", 1), dict("a", 2, "c", 3))"#,
    "min(1, 3, 2)",
    "minf(1, 0.5, 2)",
    "mod(7, 4)",
    "mul(7, 4)",
    "mulf(1.5, 3)",
    r#"mustAppend(L, "d")"#,
    "mustChunk(3, L)",
    "mustCompact(L)",
    r#"mustDateModify("1h", T)"#,
    "mustDeepCopy(L)",
    "mustFirst(L)",
    r#"mustFromJson("[1]")"#,
    "mustHas(1, list(1))",
    "mustInitial(L)",
    "mustLast(L)",
    r#"mustMerge(dict("a", dict("b", 1)), dict("a", dict("c", 2)))"#,
    r#"mustMergeOverwrite(dict("a", dict("b", 1)), dict("a", dict("b", 2)))"#,
    r#"mustPrepend(L, "d")"#,
    r#"mustPush(L, "d")"#,
    r#"mustRegexFind("[a-c]+", "xaby")"#,
    r#"mustRegexFindAll("[a-c]", "xaybz", 1)"#,
    r#"mustRegexMatch("^a$", "b")"#,
    r#"mustRegexReplaceAll("a(b)", "xab", "${1}c")"#,
    r#"mustRegexReplaceAllLiteral("a(b)", "xab", "${1}c")"#,
    r#"mustRegexSplit("-+", "a--b-c", 2)"#,
    "mustRest(L)",
    "mustReverse(L)",
    "mustSlice(L, 1)",
    r#"mustToDate("2006-01-02", "2024-05-06")"#,
    "mustToJson(D)",
    "mustToPrettyJson(D)",
    r#"mustToRawJson("<a>")"#,
    "mustToToml(D)",
    "mustToYaml(D)",
    "mustUniq(L)",
    r#"mustWithout(L, "a")"#,
    r#"must_date_modify("1m", T)"#,
    "ne(1, 2)",
    r#"nindent(2, "a")"#,
    r#"nospace(" a b ")"#,
    r#"omit(D, "a")"#,
    r#"osBase("a/b.c")"#,
    r#"osClean("a/../b")"#,
    r#"osDir("a/b")"#,
    r#"osExt("a/b.c")"#,
    r#"osIsAbs("a")"#,
    r#"pick(D, "a", "z")"#,
    r#"pluck("a", D, dict("a", 2))"#,
    r#"plural("one", "many", 2)"#,
    r#"prepend(L, "d")"#,
    r#"print("a", 1, 2, "b")"#,
    r#"printf("%s-%03d-%v-%q", "a", 7, true, "b")"#,
    r#"println("a", 1)"#,
    r#"push(L, "d")"#,
    r#"quote("a\"b", 1)"#,
    r#"regexFind("[a-c]+", "xaby")"#,
    r#"regexFindAll("[a-c]", "xaybz", -1)"#,
    r#"regexMatch("^a+$", "aa")"#,
    r#"regexQuoteMeta("1.2+3")"#,
    r#"regexReplaceAll("a(b)", "xab", "$1")"#,
    r#"regexReplaceAllLiteral("a(b)", "xab", "$1")"#,
    r#"regexSplit("z+", "pizza", -1)"#,
    r#"repeat(3, "ab")"#,
    r#"replace("a", "b", "banana")"#,
    "rest(L)",
    "reverse(L)",
    "round(1.2345, 2)",
    r#"semver("1.2.3-rc.1+b")"#,
    r#"semverCompare(">=1.2", "1.3.0")"#,
    "seq(1, 2, 7)",
    r#"set(D, "c", L)"#,
    r#"sha1sum("a")"#,
    r#"sha256sum("a")"#,
    r#"sha512sum("a")"#,
    "slice(L, 1, 3)",
    r#"snakecase("FirstTry")"#,
    "sortAlpha(L)",
    r#"split(",", "a,b")"#,
    r#"splitList(",", "a,b")"#,
    r#"splitn(",", 2, "a,b,c")"#,
    r#"squote("a", 1)"#,
    "sub(7, 2)",
    "subf(7.5, 2)",
    r#"substr(1, 3, "abcdef")"#,
    r#"swapcase("aBc")"#,
    r#"ternary("a", "b", true)"#,
    r#"title("first try")"#,
    r#"toDate("2006-01-02 15:04", "2024-05-06 07:08")"#,
    r#"toDecimal("0755")"#,
    r#"toJson("<a>")"#,
    "toPrettyJson(D)",
    r#"toRawJson("<a>")"#,
    "toString(12)",
    r#"toStrings(list(1, "a", true))"#,
    "toToml(D)",
    "toYaml(D)",
    r#"toYamlPretty(dict("a", L))"#,
    r#"trim(" a ")"#,
    r#"trimAll("$", "$5$")"#,
    r#"trimPrefix("a", "abc")"#,
    r#"trimSuffix("c", "abc")"#,
    r#"trimall("-", "--a-")"#,
    r#"trunc(-2, "abc")"#,
    r#"tuple(1, "a")"#,
    r#"typeIs("string", "a")"#,
    r#"typeIsLike("bool", true)"#,
    r#"typeOf("a")"#,
    "uniq(L)",
    "unixEpoch(T)",
    r#"unset(D, "a")"#,
    "until(3)",
    "untilStep(1, 7, 2)",
    r#"untitle("First Try")"#,
    r#"upper("abc")"#,
    r#"urlJoin(dict("scheme", "http", "host", "a", "path", "/b"))"#,
    r#"urlParse("http://u@a/b?c#d")"#,
    r#"urlquery("a b&c")"#,
    "values(D)",
    r#"without(L, "a")"#,
    r#"wrap(5, "aaa bbb ccc")"#,
    r#"wrapWith(5, "-", "aaa bbb ccc")"#,
];

/// Functions without a call above, and why.
const LEFT_OUT: &[(&str, &[&str])] = &[
    ("a word of Jinja's grammar", &["and", "not", "or"]),
    ("the clock", &["ago", "now"]),
    (
        "random",
        &["encryptAES", "randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric"],
    ),
    ("random", &["shuffle", "uuidv4"]),
    ("random salt", &["bcrypt", "htpasswd"]),
    ("a new key or serial number", &["genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert"]),
    ("a new key or serial number", &["genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey"]),
    ("wants a certificate and its key", &["buildCustomCert"]),
];

fn name_of(call: &str) -> &str {
    call.split('(').next().unwrap()
}

/// A call in Jinja's form, `f(a, "b")`, in Go's: `(f a "b")`.
fn in_go(call: &str) -> String {
    let (mut go, mut name, mut quoted, mut escaped) = (String::new(), 0, false, false);
    for c in call.chars() {
        match c {
            _ if quoted => go.push(c),
            '(' => {
                go.insert(name, '(');
                go.push(' ');
            }
            ',' => {}
            'D' | 'L' | 'T' if go.len() == name => go.extend(['$', c]),
            c => go.push(c),
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        if !quoted && matches!(c, '(' | ' ') {
            name = go.len();
        }
    }
    go
}

#[test]
fn every_function_is_called_or_left_out_for_a_reason() {
    let known: BTreeSet<&str> = torii::functions::all().map(|f| f.name).collect();
    let called: BTreeSet<&str> = CALLS.iter().map(|call| name_of(call)).collect();
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let named: BTreeSet<&str> = called.union(&left_out).copied().collect();
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), [&""; 0], "neither called nor left out");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), [&""; 0], "no such functions");
    assert_eq!(called.intersection(&left_out).collect::<Vec<_>>(), [&""; 0], "called and left out");
}

/// The answers of `eval --jsonl` to templates, each with its language.
fn eval(templates: impl Iterator<Item = [String; 2]>) -> Vec<serde_json::Value> {
    let cases: Vec<String> = templates
        .map(|[language, template]| {
            serde_json::json!({"language": language, "template": template}).to_string()
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), cases.join("\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_torii"))
        .args(["eval", "--jsonl"])
        .stdin(fs::File::open(file.path()).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// Fails unless each pair of templates prints one text.
fn assert_pairs_agree(pairs: Vec<[[String; 2]; 2]>) {
    let answers = eval(pairs.iter().flatten().cloned());
    let differing: Vec<_> = pairs
        .iter()
        .zip(answers.chunks(2))
        .filter(|(_, both)| !both[0]["out"].is_string() || both[0]["out"] != both[1]["out"])
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

fn go(call: &str) -> [String; 2] {
    ["go".into(), format!("{SET_IN_GO}{{{{ {} }}}}", in_go(&format!("toJson({call})")))]
}

fn jinja(call: &str) -> [String; 2] {
    ["jinja".into(), format!("{SET_IN_JINJA}{{{{ toJson({call}) }}}}")]
}

#[test]
fn functions_give_one_answer_in_both_languages() {
    assert_pairs_agree(CALLS.iter().map(|call| [go(call), jinja(call)]).collect());
}

/// Functions whose name means another thing as a filter: Jinja's own.
const JINJA_FILTERS: &[&str] = &[
    "default", "first", "indent", "int", "join", "last", "list", "lower", "max", "min", "replace", "reverse",
    "round", "slice", "split", "title", "trim", "upper",
];

/// The arguments of a call.
fn args_of(call: &str) -> Vec<String> {
    let inner = call.strip_prefix(name_of(call)).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let (mut args, mut depth, mut quoted, mut escaped) = (vec![String::new()], 0, false, false);
    for c in inner.unwrap().chars() {
        match c {
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        match (c, args.last_mut()) {
            (',', _) if !quoted && depth == 0 => args.push(String::new()),
            (c, Some(arg)) => arg.push(c),
            _ => {}
        }
    }
    args.iter().map(|arg| arg.trim().to_string()).filter(|arg| !arg.is_empty()).collect()
}

#[test]
fn a_function_is_a_filter_of_its_last_argument_or_of_its_collection() {
    let mut pairs = Vec::new();
    for call in CALLS.iter().filter(|call| !JINJA_FILTERS.contains(&name_of(call))) {
        let function = torii::functions::find(name_of(call)).unwrap();
        let mut args = args_of(call);
        if function.name == "dict" || args.is_empty() {
            continue;
        }
        let piped = if function.collection_first { args.remove(0) } else { args.pop().unwrap() };
        pairs.push([jinja(call), jinja(&format!("{piped} | {}({})", function.name, args.join(", ")))]);
    }
    assert!(pairs.len() > 150, "{}", pairs.len());
    assert_pairs_agree(pairs);
}
