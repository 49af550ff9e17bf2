use std::fmt::Write;
use std::sync::Arc;

use super::{Ready, Shared, Templates, context_from_json, filters, globals, library, predicates};
use crate::diagnostic::Error;
use crate::functions::{self, Env};
use crate::limits::Limits;
use crate::template::{Language, Peer, Source};
use crate::trace::{self, Recording};
use crate::value::{Map, Str, Value};

fn source(name: &str, text: &str) -> Source {
    let chart = if name.contains('/') { "" } else { "app/templates/" };
    let path = format!("{chart}{name}");
    let base = path.split_once("/templates/").map_or("", |(chart, _)| chart);
    Source {
        name: path.strip_suffix(".j2").unwrap().into(),
        file: path.as_str().into(),
        base_path: format!("{base}/templates").into(),
        text: text.into(),
        language: Language::Jinja,
    }
}

fn templates(files: &[(&str, &str)]) -> Result<Templates, Error> {
    let sources: Vec<Source> = files.iter().map(|(name, text)| source(name, text)).collect();
    Templates::new(&sources, Arc::new(Env::new(Limits::default())))
}

fn context() -> Map {
    context_from_json(
        r#"{"Values": {"service": {"type": "ClusterIP", "ports": [{"name": "http", "port": 80}]},
            "labels": {"tier": "edge", "app": "gw"}, "nothing": null, "on": true},
            "Release": {"Name": "gw"}, "Chart": {"Name": "app"}}"#,
    )
    .unwrap()
}

fn render_files(files: &[(&str, &str)]) -> Result<String, Error> {
    let plain = render_once(files);
    // A render that is recorded says the same.
    let recording = Recording::start(&Map::default(), &[]);
    let recorded = render_once(files);
    let _ = recording.finish();
    let shown = |result: &Result<String, Error>| match result {
        Ok(text) => text.clone(),
        Err(error) => format!("{:?}", error.diagnostic()),
    };
    assert_eq!(shown(&plain), shown(&recorded), "{files:?}");
    plain
}

fn render_once(files: &[(&str, &str)]) -> Result<String, Error> {
    templates(files)?.render("app/templates/t.yaml", &context(), None).map(|s| s.to_string())
}

fn render(text: &str) -> Result<String, Error> {
    render_files(&[("t.yaml.j2", text)])
}

#[track_caller]
fn gives(text: &str, wanted: &str) {
    assert_eq!(render(text).unwrap(), wanted, "{text}");
}

#[track_caller]
fn fails(text: &str, message: &str, hint: Option<&str>) {
    let error = render(text).unwrap_err();
    assert_eq!(error.message(), message, "{text}");
    assert_eq!(error.diagnostic().hint.as_ref().map(|hint| hint.text.as_str()), hint, "{text}");
}

#[test]
fn a_template_that_cannot_be_recorded_line_by_line_is_led_to_its_file() {
    let made =
        templates(&[("t.yaml.j2", "a: {{ Values.on }}\n{% include 'p.j2' %}"), ("p.j2", "b: 1\n")]).unwrap();
    let plain = &made.plain.shared;
    let mut engine = super::record::environment();
    for (key, info) in &plain.infos {
        engine.add_template_owned(key.to_string(), info.generated.clone()).unwrap();
    }
    let shared = Shared::new(plain.env.clone(), plain.infos.clone(), plain.by_name.clone(), true);
    assert!(made.recorded.set(Ready::new(engine, shared)).is_ok());
    let recording = Recording::start(&Map::default(), &[]);
    trace::with(|r| r.begin());
    let text = made.render("app/templates/t.yaml", &context(), None).unwrap();
    trace::with(|r| r.file("t".into(), text.clone()));
    let trace = recording.finish();
    assert_eq!((text.to_string().as_str(), trace.coarse.len()), ("a: true\nb: 1\n", 1));
    let segments = &trace.files[0].record.segments;
    let [segment] = segments.as_slice() else { panic!("{segments:?}") };
    let place = trace.place(trace.emission(segment.by[0]).unwrap().site).unwrap();
    assert_eq!(
        (segment.range.clone(), place.to_string().as_str()),
        (0..text.len(), "app/templates/t.yaml.j2:1:1")
    );
}

#[test]
fn values_print_as_yaml_expects_them() {
    gives(
        "{{ none }} {{ true }} {{ 2.0 }} {{ [none, {'b': 1, 'a': 'x'}] }}",
        "null true 2.0 [null, {\"a\": \"x\", \"b\": 1}]",
    );
    gives("{{ '<&>' }}{{ 'on-' ~ true }}", "<&>on-true");
}

#[test]
fn a_whole_number_from_values_is_an_integer_and_a_computed_float_stays_one() {
    let dot = context();
    let values: Map = [("port", Value::Float(8080.0)), ("half", Value::Float(0.5))].into_iter().collect();
    dot.insert("Values", Value::Map(values));
    let text = "{{ Values.port }} {{ Values.port is integer }} {{ Values.port / 2 }} {{ [1.0] }} {{ Values.half * 2 }}";
    let made = templates(&[("t.yaml.j2", text)]).unwrap();
    assert_eq!(made.render("app/templates/t.yaml", &dot, None).unwrap(), "8080 true 4040.0 [1.0] 1.0");
}

#[test]
fn lists_and_mappings_are_changed_in_place_and_shared_with_values() {
    gives(
        "{% set l = [1] %}{% do l.append(2) %}{% do l.extend([3]) %}{{ l }}{{ l.pop() }}{{ l }}",
        "[1, 2, 3]3[1, 2]",
    );
    gives("{% set d = {'b': 1} %}{% do d.update({'a': 2}) %}{% for k in d %}{{ k }}{% endfor %}", "ba");
    gives(
        "{% do Values.labels.update(x='1') %}{{ Values.labels | toJson }}",
        r#"{"app":"gw","tier":"edge","x":"1"}"#,
    );
    gives(
        "{% set d = {'a': [1]} %}{% set e = d.a %}{% do e.append(d.a | length) %}{{ d }}",
        "{\"a\": [1, 1]}",
    );
}

#[test]
fn an_undefined_value_names_its_near_miss() {
    fails(
        "port: {{ Values.servce.port }}",
        "app/templates/t.yaml.j2:1:10: `Values.servce` is not set",
        Some("did you mean `Values.service`?"),
    );
    fails(
        "{% for p in Values.service.ports %}\n{{ p.prt + 1 }}\n{% endfor %}",
        "app/templates/t.yaml.j2:2:4: `p.prt` is not set",
        Some("did you mean `p.port`?"),
    );
    fails("{{ vaules }}", "app/templates/t.yaml.j2:1:4: `vaules` is not set", Some("did you mean `Values`?"));
    for text in [
        "{{ x }}",
        "{{ x.y }}",
        "{{ x | upper }}",
        "{{ x ~ 1 }}",
        "{{ x == 1 }}",
        "{{ 1 in x }}",
        "{{ -x }}",
        "{% for i in x %}{% endfor %}",
        "{{ [x] | join }}",
        "{{ x[1:] }}",
        "{{ toYaml(x) }}",
        "{{ 1 if false }}",
    ] {
        assert!(render(text).is_err(), "{text}");
    }
    gives(
        "{% if x %}{% else %}no{% endif %}{{ x is defined }}{{ x | default('d') }}{{ Values.nothing.y is defined }}",
        "nofalsedfalse",
    );
}

#[test]
fn errors_show_the_way_through_macros_and_imports() {
    let error = render_files(&[
        ("t.yaml.j2", "{% from '_h.j2' import outer %}\n\nx: {{ outer() }}\n"),
        ("_h.j2", "{% macro outer() %}\n{{ inner(1) }}{% endmacro %}\n{% macro inner(n) %}{{ n + 'a' }}{% endmacro %}\n"),
    ])
    .unwrap_err();
    assert_eq!(
        error.message(),
        "app/templates/_h.j2:3:24: `+` does not work between an integer and a string"
    );
    let trace: Vec<String> =
        error.diagnostic().trace.iter().map(|f| format!("{} at {}", f.what, f.place)).collect();
    assert_eq!(trace, ["inner(1) at app/templates/_h.j2:2:4", "outer() at app/templates/t.yaml.j2:3:7"]);
}

#[test]
fn unknown_names_are_found_when_the_template_is_parsed() {
    let error = templates(&[("t.yaml.j2", "a\n  b: {{ 1 | toYml }}")]).unwrap_err();
    assert_eq!(error.message(), "app/templates/t.yaml.j2:2:13: unknown filter `toYml`");
    assert_eq!(
        error.diagnostic().hint.as_ref().map(|hint| hint.text.as_str()),
        Some("did you mean `toYaml`?")
    );
    let error = templates(&[("t.yaml.j2", "{% fro x in y %}")]).unwrap_err();
    assert_eq!(error.message(), "app/templates/t.yaml.j2:1:4: unknown tag `fro`");
}

#[test]
fn partials_see_the_context_and_not_the_variables_of_the_importer() {
    let helper = (
        "_h.j2",
        "{% macro m() %}{{ Release.Name }}-{{ secret | default('none') }}{% endmacro %}{% set v = 5 %}",
    );
    let files = |text| [("t.yaml.j2", text), helper];
    let text = "{% set secret = 1 %}{% from '_h.j2' import m, v %}{{ m() }} {{ v }}";
    assert_eq!(render_files(&files(text)).unwrap(), "gw-none 5");
    let text = "{% set secret = 1 %}{% import '_h.j2' as h with context %}{{ h.m() }}";
    assert_eq!(render_files(&files(text)).unwrap(), "gw-1");
    let text = "{% include '_x.j2' %}";
    let error = render_files(&files(text)).unwrap_err();
    assert_eq!(
        error.diagnostic().hint.as_ref().map(|hint| hint.text.as_str()),
        Some("did you mean `_h.j2`?")
    );
}

#[test]
fn a_parent_reaches_the_partials_of_a_subchart_by_its_name() {
    let files = [
        ("t.yaml.j2", "{% from 'common/_h.j2' import m %}{{ m() }}"),
        ("app/charts/common/templates/_h.j2", "{% macro m() %}common{% endmacro %}"),
    ];
    assert_eq!(render_files(&files).unwrap(), "common");
}

#[test]
fn macros_bind_arguments_as_jinja2_does() {
    gives("{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "1112");
    gives("{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, k=2) }}", "[1]{\"k\": 2}");
    gives("{% macro m() %}<{{ caller(5) }}>{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}", "<5>");
    fails(
        "{% macro m(name) %}{% endmacro %}{{ m(nmae=1) }}",
        "app/templates/t.yaml.j2:1:37: `m` has no argument `nmae`",
        Some("did you mean `name`?"),
    );
}

#[test]
fn whitespace_follows_trim_blocks_and_lstrip_blocks() {
    gives("a:\n  {% for x in [1, 2] %}\n  - {{ x }}\n  {% endfor %}\nb\n", "a:\n  - 1\n  - 2\nb\n");
    gives("a\r\n{#- c -#}\r\n b\r\n", "ab\n");
    gives("{% raw %}\n{{ x }}\n{% endraw %}\nz", "\n{{ x }}\nz");
    gives("x {%+ if true %}y{% endif +%}\nz{{ '{{' }}{", "x y\nz{{{");
}

#[test]
fn functions_of_the_library_are_calls_and_filters() {
    gives("{{ trunc(2, 'abc') }}{{ 'abc' | trunc(2) }}", "abab");
    gives("{{ {'a': 1} | hasKey('a') }}{{ hasKey({'a': 1}, 'a') }}", "truetrue");
    gives("{{ 'x' | b64encode | b64decode }}{{ [1] | to_json }}", "x[1]");
    gives("{% set title = 'mine' %}{{ title }}{{ lower | default('free') }}", "minefree");
    fails(
        "{{ trunc('abc', 2) }}",
        "app/templates/t.yaml.j2:1:4: `trunc` wants an integer here, not a string",
        Some("it is `trunc(int, string)`"),
    );
    fails(
        "{{ trunc(2, x='abc') }}",
        "app/templates/t.yaml.j2:1:4: `trunc` takes its arguments without names",
        None,
    );
}

#[derive(Debug)]
struct Go;

impl Peer for Go {
    fn include(&self, name: &str, dot: &Value) -> Option<Result<Str, Error>> {
        match name {
            "go.labels" => Some(Ok(format!("dot has {} keys", dot.as_map().map_or(0, Map::len)).into())),
            "go.broken" => Some(Err(Error::new("template: go.broken: no"))),
            _ => None,
        }
    }
}

#[test]
fn include_reaches_go_templates_and_jinja_files() {
    let files = [
        (
            "t.yaml.j2",
            "{{ include('go.labels') }}, {{ include('go.labels', {'a': 1}) }}, {{ include('app/templates/o.yaml') }}",
        ),
        ("o.yaml.j2", "other {{ Release.Name }}"),
    ];
    let made = templates(&files).unwrap();
    let text = made.render("app/templates/t.yaml", &context(), Some(Arc::new(Go))).unwrap();
    assert_eq!(text, "dot has 3 keys, dot has 1 keys, other gw");
    let made = templates(&[("t.yaml.j2", "{{ include('go.broken') }}")]).unwrap();
    let error = made.render("app/templates/t.yaml", &context(), Some(Arc::new(Go))).unwrap_err();
    assert_eq!(error.message(), "template: go.broken: no");
    assert_eq!(error.diagnostic().trace.len(), 1);
}

#[test]
fn tpl_renders_jinja() {
    gives("{{ tpl('{{ Release.Name | upper }}') }}{{ tpl('{{ a }}', {'a': 1}) }}", "GW1");
    fails(
        "\n{{ tpl('{{ Values.servce }}') }}",
        "text of tpl in app/templates/t.yaml.j2:1:4: `Values.servce` is not set",
        Some("did you mean `Values.service`?"),
    );
}

#[test]
fn nothing_a_template_says_is_without_bound() {
    // Renders run on a thread with a large stack; a test's is small for builds without optimisation.
    std::thread::Builder::new().stack_size(32 << 20).spawn(hostile_templates).unwrap().join().unwrap();
}

fn hostile_templates() {
    for text in [
        "{{ '-' * 1000000000 }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ range(1000000000) }}",
        "{{ 10 ** 1000000000 }}",
        "{{ 5 is divisibleby 0 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ include('app/templates/t.yaml') }}",
        "{{ tpl('{{ tpl(t) }}', {'t': '{{ tpl(t) }}'}) }}",
        "{% include 't.yaml.j2' %}",
        "{% set l = [] %}{% do l.append(l) %}{{ l }}",
        "{% set l = [] %}{% do l.append(l) %}{{ l | toJson }}",
        "{% set d = {} %}{% do d.update({'d': d}) %}{{ d | tojson }}",
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    ] {
        assert!(render(text).is_err(), "{text}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(render(&deep).is_err());
    let long = format!("{{{{ 1{} }}}}", " | abs".repeat(10_000));
    assert!(render(&long).is_err());
    let branches = format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(10_000));
    assert!(render(&branches).is_err());
    let many = format!("{{{{ [{}] | length }}}}", "1, ".repeat(5_000));
    assert_eq!(render(&many).unwrap(), "5000");
}

#[test]
fn leaving_a_loop_from_within_a_scope_is_safe() {
    gives(
        "{% for x in [1, 2] %}{% with a = x %}{% if a == 2 %}{% break %}{% endif %}{{ a }}{% endwith %}{% endfor %}!",
        "1!",
    );
    assert!(render("{% for x in [1] %}{% filter upper %}{% break %}{% endfilter %}{% endfor %}").is_err());
}

/// Functions that cannot be named in Jinja, where they are operators.
const KEYWORDS: &[&str] = &["and", "or", "not"];

/// The rows of the guide's table, one for each function.
fn function_table() -> String {
    let mut functions: Vec<_> = functions::all()
        .filter(|f| globals::index(f.name).is_none() && !KEYWORDS.contains(&f.name))
        .collect();
    functions.sort_by_key(|f| f.name.to_lowercase());
    let own: Vec<&str> = filters::own_names().collect();
    let mut table = String::from("| function | as a filter |\n|---|---|\n");
    for f in functions {
        let call = library::signature(f);
        let params = call.trim_matches('`').trim_start_matches(f.name).trim_matches(['(', ')']);
        let params: Vec<&str> = params.split(", ").filter(|p| !p.is_empty()).collect();
        let filter = match params.split_last() {
            _ if own.contains(&f.name) => "Jinja's own".to_string(),
            None => String::new(),
            Some((last, rest)) => {
                let (piped, others) = if f.collection_first {
                    (params[0], &params[1..])
                } else {
                    (last.trim_end_matches('…'), rest)
                };
                let args = if others.is_empty() { String::new() } else { format!("({})", others.join(", ")) };
                format!("`{piped} \\| {}{args}`", f.name)
            }
        };
        writeln!(table, "| {call} | {filter} |").unwrap();
    }
    table.push_str("\nAliases: ");
    let aliases: Vec<String> =
        library::ALIASES.iter().map(|(a, name)| format!("`{a}` is `{name}`")).collect();
    table.push_str(&aliases.join(", "));
    table.push_str(".\n");
    table
}

#[test]
fn the_guide_lists_every_function_filter_and_test() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/jinja.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- functions -->\n", "<!-- /functions -->");
    let (before, rest) = guide.split_once(begin).unwrap();
    let (table, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{}{end}{after}", function_table())).unwrap();
        return;
    }
    assert!(
        table == function_table(),
        "run `UPDATE_DOCS=1 cargo test the_guide_lists` to renew docs/jinja.md"
    );
    let words: Vec<&str> = before.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    for name in
        filters::own_names().chain(predicates::names().filter(|n| n.chars().all(char::is_alphanumeric)))
    {
        assert!(words.contains(&name), "{name} is missing in docs/jinja.md");
    }
}
