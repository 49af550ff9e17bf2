//! Go templates: any text is parsed, run and, if it fails, explained, within its limits.

use std::sync::Arc;

use crate::diagnostic::Severity;
use crate::functions::Env;
use crate::limits::Limits;
use crate::template::objects::{Capabilities, Files};
use crate::template::{Engine, Language, Source};
use crate::value::{Map, MapType, Value};
use crate::yaml;

/// What the template sees as `.Values`: something of every kind.
const VALUES: &str = "\
s: text
e: ''
n: 3
f: 1.5
t: true
z: null
l: [1, b, null, [c], {d: 2}]
m: {a: 1, b: {c: deep, 'd.e': [x]}, u: \"é\\u2028\"}
image: {repository: repo/app, tag: 1.2.3}
json: '{\"a\": [1, \"b\", null]}'
yaml: \"a: 1\\nb:\\n- c\\n\"
time: '2024-02-29T12:30:00Z'
";

/// What the template can include.
const HELPERS: &str = "\
{{- define \"a\" }}[{{ . }}]{{ end -}}
{{- define \"b\" }}{{ range $k, $v := . }}{{ $k }}={{ template \"a\" $v }},{{ end }}{{ end -}}
{{- define \"self\" }}{{ include \"self\" . }}{{ end -}}
";

/// Parses a text as a Go template and runs it. It must end soon, in a result or in an error that can be shown.
pub fn go_template(text: &[u8]) {
    super::with_room(|| {
        let sources = [source("_helpers.tpl", HELPERS.as_bytes()), source("t.yaml", text)];
        let env = Arc::new(Env::new(limits()).with_seed("fuzz"));
        let result =
            Engine::parse(&sources, env.clone()).and_then(|engine| engine.render(&sources[1], &root()));
        match result {
            Ok(output) => assert!(output.len() <= limits().output_bytes, "the output is over its limit"),
            Err(error) => assert!(!error.diagnostic().render(Severity::Error).is_empty()),
        }
    });
}

/// Low, so that no input takes long; costly functions are refused outright.
fn limits() -> Limits {
    Limits {
        template_depth: 1_000,
        steps: 50_000,
        function_bytes: 64 << 10,
        made_bytes: 1 << 20,
        output_bytes: 256 << 10,
        regex_bytes: 256 << 10,
        crypto_cost: 1,
        ..Limits::default()
    }
}

fn source(file: &str, text: &[u8]) -> Source {
    Source {
        name: format!("chart/templates/{file}").into(),
        file: format!("templates/{file}").into(),
        base_path: "chart/templates".into(),
        text: text.into(),
        language: Language::Go,
    }
}

fn root() -> Map {
    let root = Map::new(MapType::Values);
    if let Ok(Value::Map(values)) = yaml::decode_map(VALUES.as_bytes()) {
        root.insert("Values", Value::Map(values.with_type(MapType::Values)));
    }
    let release = Map::default();
    release.insert("Name", Value::from("release"));
    release.insert("IsInstall", Value::Bool(true));
    release.insert("Revision", Value::int(1));
    root.insert("Release", Value::Map(release));
    let files = [("a.txt", "one\ntwo\n"), ("conf/b.yaml", "a: 1\n"), ("conf/c.bin", "\0\u{7f}é")];
    root.insert("Files", Files::new(files.map(|(n, t)| (n.into(), t.as_bytes().into()))).into_value());
    root.insert("Capabilities", Capabilities::default().into_value());
    root
}
