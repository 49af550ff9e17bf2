//! Two languages, one answer: what a chart, a function, a seed and `lookup` give in Go templates and in Jinja.

#![allow(clippy::unwrap_used)]

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

/// Functions, and arguments that both languages write alike; `L` stands for a list of three strings, `D` for a
/// mapping.
const CALLS: &[(&str, &[&str])] = &[
    ("abbrev", &["5", "\"hello world\""]),
    ("add", &["1", "2", "3"]),
    ("adler32sum", &["\"a\""]),
    ("append", &["L", "\"d\""]),
    ("atoi", &["\"12\""]),
    ("b32enc", &["\"abc\""]),
    ("b64dec", &["\"YWJj\""]),
    ("b64enc", &["\"abc\""]),
    ("base", &["\"a/b\""]),
    ("biggest", &["1", "5", "3"]),
    ("camelcase", &["\"http_server\""]),
    ("cat", &["\"a\"", "1"]),
    ("ceil", &["1.2"]),
    ("chunk", &["2", "L"]),
    ("clean", &["\"a//b/..\""]),
    ("coalesce", &["0", "\"\"", "\"x\""]),
    ("compact", &["L"]),
    ("concat", &["L", "L"]),
    ("contains", &["\"b\"", "\"abc\""]),
    ("deepCopy", &["D"]),
    ("deepEqual", &["D", "D"]),
    ("default", &["\"x\"", "\"\""]),
    ("dir", &["\"a/b\""]),
    ("div", &["7", "2"]),
    ("divf", &["7", "2"]),
    ("empty", &["\"\""]),
    ("ext", &["\"a.b\""]),
    ("first", &["L"]),
    ("floor", &["1.8"]),
    ("fromJson", &["'{\"a\": [1, 2.5]}'"]),
    ("fromYaml", &["\"a: [1, yes]\""]),
    ("get", &["D", "\"b\""]),
    ("has", &["\"a\"", "L"]),
    ("hasKey", &["D", "\"b\""]),
    ("hasPrefix", &["\"a\"", "\"abc\""]),
    ("hasSuffix", &["\"c\"", "\"abc\""]),
    ("indent", &["2", "\"a\""]),
    ("initial", &["L"]),
    ("initials", &["\"First Try\""]),
    ("int64", &["\"12\""]),
    ("join", &["\",\"", "L"]),
    ("kebabcase", &["\"FirstTry\""]),
    ("last", &["L"]),
    ("lower", &["\"ABC\""]),
    ("max", &["1", "3", "2"]),
    ("min", &["1", "3", "2"]),
    ("mod", &["7", "4"]),
    ("mul", &["7", "4"]),
    ("nindent", &["2", "\"a\""]),
    ("omit", &["D", "\"a\""]),
    ("pick", &["D", "\"a\""]),
    ("prepend", &["L", "\"d\""]),
    ("quote", &["\"a\"", "1"]),
    ("regexFindAll", &["\"[a-c]\"", "\"xaybz\"", "-1"]),
    ("regexMatch", &["\"^a+$\"", "\"aa\""]),
    ("regexReplaceAll", &["\"a(b)\"", "\"xab\"", "\"$1\""]),
    ("repeat", &["3", "\"ab\""]),
    ("replace", &["\"a\"", "\"b\"", "\"banana\""]),
    ("rest", &["L"]),
    ("reverse", &["L"]),
    ("round", &["1.2345", "2"]),
    ("semverCompare", &["\">=1.2\"", "\"1.3.0\""]),
    ("sha1sum", &["\"a\""]),
    ("sha256sum", &["\"a\""]),
    ("snakecase", &["\"FirstTry\""]),
    ("sortAlpha", &["L"]),
    ("split", &["\",\"", "\"a,b\""]),
    ("splitList", &["\",\"", "\"a,b\""]),
    ("sub", &["7", "2"]),
    ("substr", &["1", "3", "\"abcdef\""]),
    ("ternary", &["\"a\"", "\"b\"", "true"]),
    ("title", &["\"first try\""]),
    ("toJson", &["D"]),
    ("toString", &["12"]),
    ("toYaml", &["D"]),
    ("trim", &["\" a \""]),
    ("trimPrefix", &["\"a\"", "\"abc\""]),
    ("trimSuffix", &["\"c\"", "\"abc\""]),
    ("trunc", &["-2", "\"abc\""]),
    ("uniq", &["L"]),
    ("until", &["3"]),
    ("untilStep", &["1", "7", "2"]),
    ("upper", &["\"abc\""]),
    ("urlParse", &["\"http://a/b?c#d\""]),
    ("without", &["L", "\"a\""]),
    ("wrap", &["5", "\"aaa bbb ccc\""]),
];

#[test]
fn functions_give_one_answer_in_both_languages() {
    let mut go = String::new();
    let mut jinja = String::new();
    for (name, args) in CALLS {
        let arg = |list: &str, dict: &str, text: &str| match text {
            "L" => list.to_string(),
            "D" => dict.to_string(),
            text => text.to_string(),
        };
        let go_args: Vec<String> = args
            .iter()
            .map(|a| arg("(list \"c\" \"a\" \"b\")", "(dict \"a\" 1 \"b\" \"x\")", a).replace('\'', "`"))
            .collect();
        let jinja_args: Vec<String> =
            args.iter().map(|a| arg("[\"c\", \"a\", \"b\"]", "{\"a\": 1, \"b\": \"x\"}", a)).collect();
        go.push_str(&format!("{name}: {{{{ {name} {} | toJson }}}}\n", go_args.join(" ")));
        jinja.push_str(&format!("{name}: {{{{ toJson({name}({})) }}}}\n", jinja_args.join(", ")));
    }
    let eval = |language: &str, template: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_torii"))
            .args(["eval", "--language", language, template])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (go, jinja) = (eval("go", &go), eval("jinja", &jinja));
    let differing: Vec<_> = go.lines().zip(jinja.lines()).filter(|(a, b)| a != b).collect();
    assert!(differing.is_empty() && go.lines().count() == CALLS.len(), "{differing:#?}");
}
