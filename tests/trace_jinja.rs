//! What is recorded of Jinja renders: they are the same to the byte, and each line is led to what wrote it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use torii::functions::Env;
use torii::limits::Limits;
use torii::template::jinja::context_from_json;
use torii::template::{Engine, Language, Source};
use torii::trace::{Recording, Trace};
use torii::value::{Map, Value};

#[path = "support/mixed.rs"]
mod mixed;
#[path = "support/traces.rs"]
mod traces;

fn source(name: &str, text: &str) -> Source {
    let language = if name.ends_with(".j2") { Language::Jinja } else { Language::Go };
    Source {
        name: format!("app/templates/{}", name.strip_suffix(".j2").unwrap_or(name)).into(),
        file: format!("templates/{name}").into(),
        base_path: "app/templates".into(),
        text: text.into(),
        language,
    }
}

/// What the first of some templates gives: its text, or its error with place, hint and all.
fn run(sources: &[Source], context: &str, trace: Option<&mut Trace>) -> Result<String, String> {
    let engine = Engine::parse(sources, Arc::new(Env::new(Limits::default()).with_seed("0")))
        .map_err(|e| format!("{:?}", e.diagnostic()))?;
    let root = context_from_json(context).unwrap();
    let values = match root.get("Values") {
        Some(Value::Map(values)) => values,
        _ => Map::default(),
    };
    let recording = trace.is_some().then(|| Recording::start(&values, std::slice::from_ref(&root)));
    let result = engine.render(&sources[0], &root);
    if let (Some(trace), Some(recording)) = (trace, recording) {
        *trace = recording.finish();
    }
    result.map(|text| text.to_string()).map_err(|e| format!("{:?}", e.diagnostic()))
}

/// Whether the pieces of each file stand one behind the other, within its text.
fn is_sound(trace: &Trace) -> bool {
    trace.files.iter().all(|file| {
        let mut at = 0;
        file.record.segments.iter().all(|segment| {
            let follows = at <= segment.range.start && segment.range.start < segment.range.end;
            at = segment.range.end;
            follows && !segment.by.is_empty() && segment.by.iter().all(|by| trace.emission(*by).is_some())
        }) && at <= file.text.len()
    })
}

const VALUES: &str = r#"{"Values": {"name": "demo", "on": true, "off": false, "port": 80, "list": ["first", "second"],
    "map": {"x": "one", "y": "two"}, "long": "a text that is longer than a word", "tree": [{"name": "root", "children":
    [{"name": "leaf", "children": []}]}], "text": "said {{ Values.name }}"}, "Release": {"Name": "demo"}}"#;

/// What is recorded of the first of some templates.
fn recorded(files: &[(&str, &str)]) -> String {
    let sources: Vec<Source> = files.iter().map(|(name, text)| source(name, text)).collect();
    let mut trace = Trace::default();
    let text = run(&sources, VALUES, Some(&mut trace)).unwrap();
    assert_eq!(Ok(&text), run(&sources, VALUES, None).as_ref());
    assert_eq!((trace.coarse.len(), trace.cut), (0, false));
    assert_eq!(trace.files[0].text, *text);
    traces::lines(&trace, &trace.files[0])
}

/// What expressions read of the values.
#[test]
fn reads_of_mappings() {
    let exprs = [
        "Values.map.x",
        "Values['map']['x']",
        "Values.map.get('x')",
        "Values.map.none | default('')",
        "Values.map.none is defined",
        "'x' in Values.map",
        "'z' not in Values.map",
        "1 if Values.map else 2",
        "not Values.map",
        "Values.map and 1",
        "Values.map | default({}, true) | string",
        "Values.map | length",
        "Values.map | count",
        "Values.map | list",
        "Values.map | first",
        "Values.map | items | list",
        "Values.map | dictsort",
        "Values.map | tojson",
        "Values.map | toYaml",
        "Values.map | string",
        "Values.map ~ ''",
        "Values.map",
        "[Values.map]",
        "{'m': Values.map}",
        "Values.map == {'x': 'one'}",
        "Values.map == {'x': 'one', 'y': 'two'}",
        "Values.map.keys()",
        "Values.map.values()",
        "Values.map.items()",
        "Values.map.copy()",
        "dict(Values.map)",
        "dict(**Values.map)",
        "Values.map | attr('x')",
        "Values.map | join(',')",
        "Values.map | sort",
        "Values.map | unique | list",
        "Values.map | reverse | list",
        "Values.map | max",
        "Values.map | xmlattr",
        "Values.map | pprint",
        "Values.map | urlencode",
        "Values.map | hasKey('x')",
        "get(Values.map, 'x')",
        "dig('map', 'x', '', Values)",
        "Values.map | keys",
        "merge({}, Values.map)",
        "Values.map | pick('x')",
        "Values.tree | map(attribute='name') | list",
        "Values.tree | selectattr('name') | list | length",
        "Values.tree | rejectattr('name') | list",
        "Values.tree | sort(attribute='name') | length",
        "Values.tree | groupby('name') | length",
        "Values.tree | map(attribute='children.0.name') | join",
        "Values.tree | unique(attribute='name') | list | length",
        "Values.tree[0].name",
        "Values.tree[0]['children'][0].name",
        "Values | length",
        "Values.map is mapping",
        "Values.map.x is string",
        "Values.map is sameas Values.map",
        "Values.map is eq(Values.map)",
        "'%(x)s' % Values.map",
        "'{x}'.format(**Values.map)",
        "(ctx.Values).map.y",
        "ctx | length",
    ];
    let mut shown = String::new();
    for expr in exprs {
        let text = format!("{{% set got = {expr} %}}{{{{ got | string }}}}");
        let sources = [source("t.yaml.j2", &text)];
        let mut trace = Trace::default();
        let got = run(&sources, VALUES, Some(&mut trace)).map(|_| ());
        let reads = trace
            .emissions
            .iter()
            .position(|e| e.role == torii::trace::Role::Assign)
            .map(|id| traces::reads(&trace, id as u32, true).join(" "));
        let failed = if got.is_ok() { "" } else { " (fails)" };
        shown.push_str(&format!("{expr}: {}{failed}\n", reads.unwrap_or_default()));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn text_and_actions() {
    insta::assert_snapshot!(recorded(&[(
        "t.yaml.j2",
        "a: 1\n  b: {{ Values.name | upper | quote }}\n\n{# no #}\nc: {{ Values.map | toYaml | indent(2) }}\n\
         d: {{ Values.port + 1 }}{{ Values.on }} # {{ Values.long }}\n{% raw %}{{ raw }}{% endraw %}\n\
         {{ Values.map.x ~ '-' ~ Values.map['y'] }}\n"
    )]));
}

#[test]
fn conditions() {
    insta::assert_snapshot!(recorded(&[(
        "t.yaml.j2",
        "{% if Values.off %}\nno\n{% elif Values.map.z is defined %}\nno\n{% elif Values.on %}\n\
         elif: {{ Values.name }}\n{% else %}\nno\n{% endif %}\n\
         {% if Values.off %}no{% else %}\nelse: 1\n{% if Values.on %}\nnested: 1\n{% endif %}\nafter: 1\n\
         {% endif %}\nend: {{ 1 if Values.on else 2 }}\n"
    )]));
}

#[test]
fn loops() {
    insta::assert_snapshot!(recorded(&[(
        "t.yaml.j2",
        "{% for item in Values.list %}\n- {{ item }} {{ loop.index }}\n{% endfor %}\n\
         {% for key, value in Values.map | items if value != 'one' %}\n{{ key }}: {{ value }}\n{% endfor %}\n\
         {% for key in Values.map %}\n{% if key == 'x' %}{% continue %}{% endif %}\nonly {{ key }}\n{% endfor %}\n\
         {% for item in Values.list %}\n{% if loop.index == 2 %}\nstop\n{% break %}\n{% endif %}\n{% endfor %}\n\
         after\n{% for item in [] %}\nno\n{% else %}\nnone\n{% endfor %}\n\
         {% for node in Values.tree recursive %}\n{{ node.name }}:\n{{ loop(node.children) | indent(2, true) }}\n\
         end {{ node.name }}\n{% endfor %}\n\
         {% for node in Values.tree recursive %}\n{{ node.name }}\n{{ loop(node.children) }}\n{% endfor %}\nlast\n"
    )]));
}

#[test]
fn variables() {
    insta::assert_snapshot!(recorded(&[(
        "t.yaml.j2",
        "{% set a = Values.name ~ '-a' %}\n{% set b, c = a, Values.port %}\n{{ b }}: {{ c }}\n\
         {% set block %}\nin: {{ Values.map.x }}\nout: {{ a }}\n{% endset %}\n{{ block | indent(2) }}\n\
         {% set upper | upper %}loud: {{ Values.name }}{% endset %}\n{{ upper }}\n\
         {% set ns = namespace(found=false) %}\n{% for key in Values.list %}\n{% set ns.found = key %}\n{% endfor %}\n\
         {{ ns.found }}\n{% set all = [] %}\n{% do all.append(Values.map.y) %}\n{{ all | join(', ') }}\n\
         {% with w = Values.long, v = 1 %}\n{{ w }} {{ v }}\n{% endwith %}\n"
    )]));
}

#[test]
fn macros_calls_and_imports() {
    insta::assert_snapshot!(recorded(&[
        (
            "t.yaml.j2",
            "{% import '_h.j2' as h %}\n{% from '_h.j2' import labels as l, shared %}\n\
             {{ h.labels('a', Values.port) | indent(4) }}\nname: {{ l('b') }}\nshared: {{ shared }} {{ h.shared }}\n\
             {% call(x) h.box(title=Values.name) %}\nbody {{ x }} {{ Values.on }}\n{% endcall %}\n\
             {% macro own(v) %}{{ v }}!{% endmacro %}\n- {{ own(Values.list[0]) | upper }}\n- {{ own('x') ~ own('y') }}\n"
        ),
        (
            "_h.j2",
            "{% set shared = Values.map.x ~ '!' %}\n{% macro labels(name, port=shared) %}\nname: {{ name }}\n\
             port: {{ port }}\n{% endmacro %}\n\
             {% macro box(title) %}\n[{{ title }}]\n{{ caller('in') }}[end]\n{% endmacro %}\n"
        ),
    ]));
}

#[test]
fn includes_blocks_and_filter_blocks() {
    insta::assert_snapshot!(recorded(&[
        (
            "t.yaml.j2",
            "{% extends '_base.j2' %}\nno {{ Values.off }}\n{% import '_part.j2' as part %}\n{% block head %}\n\
             {{ super() }}\nhead: {{ Values.name }}\n{% endblock %}\n{% block tail %}\n\
             {% set who = Values.name %}\n{% include '_part.j2' %}\n{% include '_part.j2' without context %}\n\
             {% include 'none.j2' ignore missing %}\n\
             {% filter upper | indent(2, true) %}\nquiet: {{ Values.map.x }}\nalso\n{% endfilter %}\n\
             again: {{ self.head() | trim | replace('\\n', ' ') }}\n{% endblock %}\n"
        ),
        (
            "_base.j2",
            "base: 1\n{% block head %}\nbase head\n{% endblock %}\nmiddle: 1\n{% block tail required %}\n{% endblock %}\nend\n"
        ),
        ("_part.j2", "part: {{ who | default('nobody') }} {{ Values.port }}\n"),
    ]));
}

#[test]
fn tpl_and_the_other_language() {
    insta::assert_snapshot!(recorded(&[
        (
            "t.yaml.j2",
            "{{ tpl(Values.text) }}\n{{ include('app.labels', ctx) | indent(2) }}\n{{ include('short', ctx) }}\n\
             {{ include('app/templates/other.yaml') }}{{ sha256sum(include('app/templates/other.yaml')) }}\n"
        ),
        ("other.yaml.j2", "other: {{ Values.port }}\n"),
        (
            "_h.tpl",
            "{{ define \"short\" }}{{ .Values.name }}{{ end }}{{ define \"app.labels\" }}name: {{ .Values.name }}\n\
             {{ include \"app/templates/other.yaml\" . }}{{ end }}"
        ),
    ]));
    let sources = [source("t.yaml.j2", "{% for item in Values.list %}{{ tpl(Values.text) }}{% endfor %}")];
    let mut trace = Trace::default();
    run(&sources, VALUES, Some(&mut trace)).unwrap();
    assert_eq!(trace.texts.len(), 2, "a text that is given again is the same");
    insta::assert_snapshot!(
        "a_go_template_that_includes_jinja",
        recorded(&[
            ("t.yaml", "a: 1\n{{ include \"app/templates/other.yaml\" . | indent 2 }}\n"),
            ("other.yaml.j2", "{% for k in Values.list %}\nother: {{ k }}\n{% endfor %}\n"),
        ])
    );
}

#[test]
fn the_deployment_of_the_house_chart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trace = traces::traced("charts/gateway", |request| {
        request.values.files.push(root.join("tests/house_chart/every-option.yaml").display().to_string());
    });
    insta::assert_snapshot!(traces::lines(&trace, trace.file("gateway/templates/deployment.yaml").unwrap()));
}

#[test]
fn recorded_renders_of_charts_are_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = std::fs::read_dir(root.join("charts/gateway/examples")).unwrap();
    for file in examples.map(|entry| entry.unwrap().path()) {
        let trace = traces::traced("charts/gateway", |request| {
            request.values.files.push(file.display().to_string());
        });
        assert!(trace.coarse.is_empty() && !trace.cut, "{}", file.display());
    }
}

#[test]
fn recorded_renders_of_charts_in_both_languages_are_the_same() {
    for name in ["web", "store", "platform"] {
        let chart = mixed::mixed(name);
        for values in [None, Some(mixed::fixture(name).join("values.yaml"))] {
            let trace = traces::traced(&chart.path().display().to_string(), |request| {
                request.values.files.extend(values.iter().map(|file| file.display().to_string()));
            });
            assert!(trace.coarse.is_empty() && !trace.cut, "{name}");
            let is_empty = |file: &torii::trace::Rendered| file.text.to_text().trim().is_empty();
            assert!(
                trace.files.iter().all(|file| is_empty(file) || !file.record.segments.is_empty()),
                "{name}"
            );
        }
    }
}

/// Makes templates of all constructs.
struct Maker {
    seed: u64,
    names: usize,
}

impl Maker {
    fn below(&mut self, bound: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % bound
    }

    fn pick<'p>(&mut self, all: &[&'p str]) -> &'p str {
        all[self.below(all.len() as u64) as usize]
    }

    fn expr(&mut self, depth: u64) -> String {
        let simple = [
            "Values.name",
            "Values.port",
            "Values.long",
            "Values.map.x",
            "Values.list[0]",
            "x",
            "y",
            "'text'",
            "1",
            "(loop.index if loop is defined else 0)",
            "Values.map",
            "ns.a",
            "m('p')",
            "m(x)",
            "Values.list",
            "[x, 'b']",
            "{'k': x}",
            "include('short', ctx)",
            "tpl('{{ Values.name }}!')",
            "tpl(Values.text)",
            "self.top()",
        ];
        if depth == 0 {
            return self.pick(&simple).to_string();
        }
        let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
        match self.below(12) {
            0 => format!("({a} ~ '-' ~ {b})"),
            1 => format!("({a} if {b} else x)"),
            2 => format!("({a}) | default({b}, true)"),
            3 => format!("({a}) | string | upper"),
            4 => format!("({a}) | toYaml | indent(2)"),
            5 => format!("[{a}, {b}] | join('\\n')"),
            6 => format!("({a}) is defined and ({b}) is string"),
            7 => format!("({a}) | string | replace('e', 'E')"),
            8 if depth > 1 => format!("({a} + {b})"),
            8 => "(Values.port + 1)".into(),
            9 => format!("({a}) | string | trim | quote"),
            _ => self.pick(&simple).to_string(),
        }
    }

    fn body(&mut self, depth: u64, in_loop: bool) -> String {
        (0..1 + self.below(3)).map(|_| self.statement(depth, in_loop)).collect()
    }

    fn statement(&mut self, depth: u64, in_loop: bool) -> String {
        if depth == 0 {
            let depth = self.below(2);
            let e = self.expr(depth);
            return match self.below(5) {
                0 => format!("line: {e}\n"),
                1 | 2 => format!("key: {{{{ {e} }}}}\n"),
                3 => format!("{{% set x = {e} %}}"),
                _ => format!("  - {{{{ {e} }}}}{{{{ x }}}}\n"),
            };
        }
        let expr = self.expr(1);
        let (one, two) = (self.body(depth - 1, in_loop), self.body(depth - 1, in_loop));
        self.names += 1;
        let name = format!("n{}", self.names);
        match self.below(16) {
            0 => format!("{{% if {expr} %}}\n{one}{{% elif x %}}{two}{{% else %}}\n{two}{{% endif %}}\n"),
            1 | 2 => {
                let inner = self.body(depth - 1, true);
                let jump = self.pick(&[
                    "",
                    "{% if loop.last %}{% break %}{% endif %}",
                    "{% if x %}{% continue %}{% endif %}",
                ]);
                let over =
                    self.pick(&["Values.list", "Values.map", "[x, 'z']", "[]", "Values.list if x != y"]);
                format!("{{% for x in {over} %}}\n{inner}{jump}{one}{{% else %}}{two}{{% endfor %}}\n")
            }
            3 => format!(
                "{{% for k, v in Values.map | items %}}\n{{{{ k }}}}: {{{{ v }}}}\n{one}{{% endfor %}}\n"
            ),
            4 => format!("{{% with y = {expr}, x = 2 %}}{one}{{% endwith %}}{two}"),
            5 => format!("{{% set x %}}\n{}{{% endset %}}{two}", self.body(depth - 1, false)),
            6 => format!("{{% set x | upper %}}{}{{% endset %}}{two}", self.body(depth - 1, false)),
            7 => format!("{{% filter indent(2, true) %}}{}{{% endfilter %}}\n", self.body(depth - 1, false)),
            8 => {
                let inner = self.body(depth - 1, false);
                format!(
                    "{{% macro {name}(x, y={expr}) %}}\n{inner}{{% endmacro %}}{{{{ {name}({expr}) | trim }}}}\n"
                )
            }
            9 => {
                let inner = self.body(depth - 1, false);
                format!("{{% call(y) box(x) %}}\n{inner}{{% endcall %}}\n")
            }
            10 => format!("{{% include 'part.j2' %}}{{% include 'part.j2' without context %}}{one}"),
            11 => format!("{{% set ns.a = {expr} %}}{{{{ ns.a }}}}\n{one}"),
            12 => format!("{{% set ns.a = {expr} %}}{{% do l.append({expr}) %}}{{{{ l | join(' ') }}}}{one}"),
            13 => format!(
                "{{% for t in Values.tree recursive %}}{{{{ t.name }}}}\n{{{{ loop(t.children){} }}}}{}{{% endfor %}}\n",
                self.pick(&["", " | indent(2)"]),
                self.body(depth - 1, true)
            ),
            14 => format!("{{% import 'part.j2' as p %}}{{{{ p.own(x) }}}}{{{{ p.made }}}}{one}"),
            _ => format!("{one}{two}"),
        }
    }
}

#[test]
fn recorded_renders_of_random_templates_are_the_same() {
    let (mut good, mut failures) = (0, Vec::new());
    let count = std::env::var("RANDOM_TEMPLATES").map_or(150, |count| count.parse().unwrap());
    for seed in 0..count {
        let mut maker = Maker { seed, names: 0 };
        let body = maker.body(3, false);
        let block = maker.body(2, false);
        let extends = if maker.below(4) == 0 { "{% extends 'base.j2' %}" } else { "" };
        let text = format!(
            "{extends}{{% set x = 'x' %}}{{% set y = Values.port %}}{{% set l = ['l'] %}}{{% set ns = namespace(a=1) %}}\
             {{% macro m(a) %}}<{{{{ a }}}}>{{% endmacro %}}{{% macro box(a) %}}[{{{{ caller(a) }}}}]{{% endmacro %}}\
             {{% block top %}}top {{{{ Values.name }}}}\n{{% endblock %}}{body}{{% block last %}}{block}{{% endblock %}}{{{{ self.last() | indent }}}}"
        );
        let sources = [
            source("t.yaml.j2", &text),
            source(
                "base.j2",
                "base\n{% block top %}{% endblock %}\n{% block last %}n {{ x }}\n{% endblock %}end\n",
            ),
            source(
                "part.j2",
                "{% set made = Values.name %}{% macro own(a) %}{{ a }} {{ made }}{% endmacro %}part {{ x | default(0) }}\n",
            ),
            source("_h.tpl", "{{ define \"short\" }}{{ .Values.name }}{{ end }}"),
        ];
        let mut trace = Trace::default();
        let (plain, recorded) = (run(&sources, VALUES, None), run(&sources, VALUES, Some(&mut trace)));
        good += usize::from(plain.is_ok());
        if plain != recorded || !trace.coarse.is_empty() || (plain.is_ok() && !is_sound(&trace)) {
            failures.push(format!("{seed}\n{text}\n  plain    {plain:?}\n  recorded {recorded:?}"));
        }
    }
    println!("{good} render");
    assert!(good > count as usize / 2, "only {good} of the templates render");
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures[..failures.len().min(4)].join("\n\n"));
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    template: String,
    context: serde_json::Value,
    #[serde(default)]
    templates: BTreeMap<String, String>,
}

/// Not that they are right: that they say the same, errors and their places included.
#[test]
fn recorded_renders_of_the_reference_cases_are_the_same() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/jinja.jsonl");
    let Ok(cases) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "{} is missing", path.display());
        println!("skipped: {} is not here", path.display());
        return;
    };
    let only = std::env::var("JINJA_CASE").unwrap_or_default();
    let (mut count, mut lines, mut failures) = (0, 0, Vec::new());
    for case in cases.lines().map(|line| serde_json::from_str::<Case>(line).unwrap()) {
        if !case.id.contains(&only) {
            continue;
        }
        let mut sources = vec![source("t.yaml.j2", &case.template)];
        sources.extend(case.templates.iter().map(|(name, text)| source(name, text)));
        // A name without `.j2` is that of a Jinja file, too, in these cases.
        sources.iter_mut().for_each(|source| source.language = Language::Jinja);
        let context = case.context.to_string();
        let mut trace = Trace::default();
        let (plain, recorded) = (run(&sources, &context, None), run(&sources, &context, Some(&mut trace)));
        count += 1;
        lines += trace.files.len();
        if plain != recorded {
            failures.push(format!(
                "{}\n{}\n  plain    {plain:?}\n  recorded {recorded:?}",
                case.id, case.template
            ));
        } else if !trace.coarse.is_empty() || (plain.is_ok() && !is_sound(&trace)) {
            failures.push(format!("{}\n{}\n  not recorded line by line", case.id, case.template));
        }
    }
    println!("{count} cases, {lines} files");
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n\n"));
}

/// A value that decides nothing else: its path, and another value for it, as `--set-json` wants them.
type Leaf = (Vec<String>, String);

fn leaves(value: &Value, path: &[String], found: &mut Vec<Leaf>) {
    let within = |step: String| [path, &[step]].concat();
    match value {
        Value::Map(map) if !map.is_empty() => {
            map.entries().iter().for_each(|(key, v)| leaves(v, &within(key.to_string()), found));
        }
        Value::List(list) if !list.is_empty() => {
            list.items().iter().enumerate().for_each(|(i, v)| leaves(v, &within(format!("[{i}]")), found));
        }
        Value::Bool(b) => found.push((path.to_vec(), (!b).to_string())),
        Value::String(text) => found.push((path.to_vec(), format!("{:?}", format!("{text}x")))),
        Value::Null => found.push((path.to_vec(), "\"new\"".into())),
        Value::Float(n) => found.push((path.to_vec(), (n + 1.0).to_string())),
        _ => {}
    }
}

/// Whether what was read of the values for a line tells of a leaf.
fn tells(reads: &[String], leaf: &[String]) -> bool {
    let ends = |at: usize| leaf[at..].iter().all(|step| step.starts_with('['));
    (1..=leaf.len()).filter(|at| ends(*at)).any(|at| {
        let shown = |steps: &[String]| steps.join(".").replace(['[', ']'], "");
        let whole = format!("{}.*", shown(&leaf[..at - 1]));
        reads.iter().any(|read| *read == shown(&leaf[..at]) || *read == *whole.trim_start_matches('.'))
    })
}

/// Changes each value of a chart, and looks whether the lines that change or go were led to it.
fn lines_that_move(chart: &str, file: &str) -> (usize, Vec<String>) {
    let with = |json: Option<String>| {
        traces::traced(chart, |request| {
            request.values.files.push(file.to_string());
            request.values.json.extend(json);
            request.skip_schema_validation = true;
        })
    };
    let before = with(None);
    let (_, values) = before.after.iter().find(|(path, _)| path.is_empty()).unwrap();
    let mut found = Vec::new();
    leaves(&Value::Map(values.clone()), &[], &mut found);
    let (mut moved, mut missed) = (0, Vec::new());
    for (leaf, value) in found {
        let escape = |step: &String| {
            if step.starts_with('[') { step.clone() } else { format!(".{}", step.replace('.', "\\.")) }
        };
        let path: String = leaf.iter().map(escape).collect();
        let after = with(Some(format!("{}={value}", path.trim_start_matches('.'))));
        if after.files.len() != before.files.len() {
            // A chart was switched off, which is nothing that templates do.
            continue;
        }
        for (old, new) in before.files.iter().zip(&after.files) {
            let (text, other) = (old.text.to_text(), new.text.to_text());
            let diff = similar(&text, &other);
            for (line, range) in diff {
                moved += 1;
                let mut reads = traces::reads_of_line(&before, old, range);
                // Charts have copies of the globals.
                reads.iter_mut().for_each(|read| {
                    if let Some(at) = read.find(".global.") {
                        read.drain(..=at);
                    }
                });
                reads.sort();
                reads.dedup();
                if !tells(&reads, &leaf) {
                    missed.push(format!(
                        "{}: {line:?} moves by {}, read {reads:?}",
                        old.name,
                        leaf.join(".")
                    ));
                }
            }
        }
    }
    (moved, missed)
}

/// The lines of a text that the other doesn't have at their place, with where they stand.
fn similar(old: &str, new: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let mut longest = vec![vec![0_u32; new_lines.len() + 1]; old_lines.len() + 1];
    for (i, a) in old_lines.iter().enumerate().rev() {
        for (j, b) in new_lines.iter().enumerate().rev() {
            longest[i][j] =
                if a == b { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut at, mut found) = (0, 0, 0, Vec::new());
    while let Some(line) = old_lines.get(i) {
        if new_lines.get(j) == Some(line) {
            (i, j) = (i + 1, j + 1);
        } else if j < new_lines.len() && longest[i][j + 1] >= longest[i + 1][j] {
            j += 1;
            continue;
        } else {
            if !line.trim().is_empty() {
                found.push(((*line).to_string(), at..at + line.len()));
            }
            i += 1;
        }
        at += line.len();
    }
    found
}

#[test]
fn each_line_that_moves_with_a_value_is_led_to_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let every = root.join("tests/house_chart/every-option.yaml").display().to_string();
    let mut all = vec![lines_that_move("charts/gateway", &every)];
    for name in ["web", "store", "platform"] {
        let chart = mixed::mixed(name);
        let values = mixed::fixture(name).join("values.yaml").display().to_string();
        all.push(lines_that_move(&chart.path().display().to_string(), &values));
    }
    let moved: usize = all.iter().map(|(moved, _)| moved).sum();
    let missed: Vec<String> = all.into_iter().flat_map(|(_, missed)| missed).collect();
    println!("{} of {moved} lines that move are not led to the value", missed.len());
    assert!(moved > 300 && missed.is_empty(), "{} of {moved}:\n{}", missed.len(), missed.join("\n"));
}
