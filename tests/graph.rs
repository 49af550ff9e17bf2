//! `torii graph`: pictures of who selects whom.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// The page's topologies, and the pictures of them in the documents.
const PICTURES: [(&str, &[&str]); 4] = [
    (
        "shared",
        &[
            "fixtures/three-ways/shared/raw.yaml",
            "fixtures/three-ways/shared/gateway.yaml",
            "fixtures/three-ways/shared/applications.yaml",
        ],
    ),
    (
        "dedicated",
        &[
            "charts/gateway",
            "--name",
            "shop-gateway",
            "-n",
            "shop",
            "-f",
            "charts/gateway/examples/application.yaml",
            "fixtures/three-ways/dedicated/gateway.yaml",
        ],
    ),
    (
        "canary-same-service",
        &[
            "fixtures/three-ways/shared/raw.yaml",
            "fixtures/three-ways/shared/gateway.yaml",
            "fixtures/three-ways/canary-same-service/raw.yaml",
        ],
    ),
    (
        "canary-own-service",
        &[
            "fixtures/three-ways/shared/raw.yaml",
            "fixtures/three-ways/shared/gateway.yaml",
            "fixtures/three-ways/canary-own-service/raw.yaml",
        ],
    ),
];

fn run(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_torii"))
        .arg("graph")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What is drawn of objects on stdin, without findings: these are the business of other tests.
fn plain(args: &[&str], stdin: &str) -> String {
    drawn_of(&[&["-", "--no-findings"], args].concat(), stdin)
}

fn drawn_of(args: &[&str], stdin: &str) -> String {
    let output = run(args, stdin);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "torii graph {}\n{message}", args.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

fn drawn(args: &[&str]) -> String {
    drawn_of(args, "")
}

/// The texts of an SVG file, which must be well-formed.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|node| node.text().unwrap_or_default().to_string()).collect()
}

// -- The page's topologies --------------------------------------------------------------------------------------

#[test]
fn a_canary_behind_the_same_service_as_mermaid() {
    insta::assert_snapshot!(drawn(&[PICTURES[2].1, &["--no-findings"]].concat()));
}

#[test]
fn a_dedicated_gateway_as_mermaid() {
    insta::assert_snapshot!(drawn(&[PICTURES[1].1, &["--no-findings"]].concat()));
}

#[test]
fn a_shared_gateway_as_dot() {
    insta::assert_snapshot!(drawn(&[PICTURES[0].1, &["--no-findings", "-o", "dot"]].concat()));
}

/// With `INSTA_UPDATE=always` they are drawn anew.
#[test]
fn the_documents_show_what_is_drawn() {
    for (name, args) in PICTURES {
        // One shows that findings are marked.
        let findings: &[&str] = if name == "canary-own-service" { &[] } else { &["--no-findings"] };
        let svg = drawn(&[args, findings, &["-o", "svg"]].concat());
        let file = format!("{}/docs/images/graph-{name}.svg", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            std::fs::write(&file, &svg).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), svg, "{name}");
    }
}

#[test]
fn every_source_of_a_scenario_can_be_drawn() {
    for scenario in ["shared", "dedicated", "in-place", "canary-same-service", "canary-own-service"] {
        for way in ["raw", "operator"] {
            let text = drawn(&[&format!("fixtures/three-ways/{scenario}/{way}.yaml")]);
            assert!(text.contains("Deployment<br/>"), "{scenario} {way}\n{text}");
        }
    }
}

#[test]
fn shares_are_told_where_they_are_known() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {a: b}}}";
    let deployment = |name: &str, replicas: u32| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {replicas}, \
             selector: {{matchLabels: {{a: b, n: {name}}}}}, template: {{metadata: {{labels: {{a: b, n: {name}}}}}}}}}}}"
        )
    };
    let known = format!("{service}\n---\n{}\n---\n{}\n", deployment("one", 3), deployment("two", 1));
    let text = plain(&[], &known);
    assert!(text.contains("sends to, 75%") && text.contains("sends to, 25%"), "{text}");
    let scaler = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: \
                  {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: one}}}";
    let text = plain(&[], &format!("{known}---\n{scaler}\n"));
    assert!(!text.contains('%') && text.contains("1 to 9 pods"), "{text}");
}

#[test]
fn what_is_missing_and_what_selects_nothing_is_told() {
    let text = plain(
        &[],
        "{apiVersion: v1, kind: Service, metadata: {name: lonely}, spec: {selector: {app: gone}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gone}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {defaultBackend: {service: {name: gone}}}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v}, spec: {hosts: [a.example.org], gateways: [mesh, other/public], http: [{route: [{destination: {host: api.elsewhere.example.org}}]}]}}
",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn findings_are_marked_unless_they_are_not_wanted() {
    let no_ports = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {a: b}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}}
";
    for (format, mark) in
        [("mermaid", ":::error"), ("dot", "color=\"#c0362c\""), ("svg", "class=\"node selectors error\"")]
    {
        let text = drawn_of(&["-", "-o", format], no_ports);
        assert!(text.contains(mark) && text.contains("GW044 Service/s: "), "{format}\n{text}");
        let text = drawn_of(&["-", "-o", format, "--no-findings"], no_ports);
        assert!(!text.contains(mark) && !text.contains("GW044 Service/s: "), "{format}\n{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("torii.yaml");
    std::fs::write(&config, "suppress: [{rule: GW044, reason: it is there}]\n").unwrap();
    let text = drawn_of(&["-", "--config", config.to_str().unwrap()], no_ports);
    assert!(!text.contains(":::error"), "{text}");
}

/// What a reader sees where Mermaid has characters by their numbers.
fn said(text: &str) -> String {
    let mut parts = text.split('#');
    let mut seen = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let number = part
            .split_once(';')
            .and_then(|(digits, rest)| Some((char::from_u32(digits.parse().ok()?)?, rest)));
        match number {
            Some((c, rest)) => seen.extend([c.to_string().as_str(), rest]),
            None => seen.extend(["#", part]),
        }
    }
    seen
}

#[test]
fn findings_of_what_is_not_drawn_are_counted() {
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: UPPER}}";
    let text = said(&drawn_of(&["-"], map));
    assert!(
        text.contains("not drawn: 1 finding about other objects or values; `torii check` tells all"),
        "{text}"
    );
}

#[test]
fn nothing_to_draw_is_said_in_every_format() {
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}}";
    for format in ["mermaid", "dot", "svg"] {
        let text = drawn_of(&["-", "-o", format], secret);
        assert!(text.contains("none of these objects selects another"), "{format}\n{text}");
    }
}

// -- Bounds -----------------------------------------------------------------------------------------------------

/// So many web applications, each with Service, Deployment, autoscaler, budget, account, role and binding.
fn applications(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let (name, namespace) = (format!("app-{n}"), format!("team-{}", n / 10));
        let meta = format!("metadata: {{name: {name}, namespace: {namespace}}}");
        let _ = write!(
            text,
            "{{apiVersion: v1, kind: Service, {meta}, spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}}}
---
{{apiVersion: apps/v1, kind: Deployment, {meta}, spec: {{replicas: 2, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{serviceAccountName: {name}}}}}}}}}
---
{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, {meta}, spec: {{maxReplicas: 5, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}}}}}
---
{{apiVersion: policy/v1, kind: PodDisruptionBudget, {meta}, spec: {{minAvailable: 1, selector: {{matchLabels: {{app: {name}}}}}}}}}
---
{{apiVersion: v1, kind: ServiceAccount, {meta}}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, {meta}, rules: [{{apiGroups: [''], resources: [secrets], verbs: [get]}}]}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, {meta}, roleRef: {{kind: Role, name: {name}}}, subjects: [{{kind: ServiceAccount, name: {name}}}]}}
---
"
        );
    }
    text
}

/// How many boxes an SVG file has.
fn boxes(svg: &str) -> usize {
    let document = roxmltree::Document::parse(svg).unwrap();
    document.descendants().filter(|node| node.attribute("class") == Some("box")).count()
}

#[test]
fn up_to_sixty_objects_are_all_drawn() {
    let svg = plain(&["-o", "svg"], &applications(10));
    assert_eq!(boxes(&svg), 60);
    assert!(!svg.contains("not drawn"));
}

#[test]
fn beyond_sixty_what_belongs_to_one_workload_is_written_into_its_box() {
    let svg = plain(&["-o", "svg"], &applications(11));
    assert_eq!(boxes(&svg), 22);
    let texts = texts(&svg);
    for fact in ["runs as ServiceAccount app-3", "HorizontalPodAutoscaler app-3 scales it"] {
        assert!(texts.iter().any(|text| text == fact), "no {fact} in {texts:?}");
    }
    assert!(!svg.contains("not drawn"));
}

#[test]
fn a_finding_about_what_is_written_into_a_box_names_it() {
    let wrong = applications(11).replace("maxReplicas: 5", "minReplicas: 7, maxReplicas: 5");
    let text = said(&drawn_of(&["-", "--most", "30"], &wrong));
    assert!(text.contains("GW062 HorizontalPodAutoscaler/app-0: the minimum 7"), "{text}");
}

#[test]
fn what_a_box_has_no_room_for_is_counted() {
    let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: app-3, namespace: team-0}, \
                  spec: {podSelector: {matchLabels: {app: app-3}}}}\n";
    let text = plain(&["--most", "30"], &(applications(11) + policy));
    let label = text.lines().find(|line| line.contains("<b>app-3</b>") && line.contains("Deployment"));
    assert!(label.is_some_and(|label| label.contains("<br/>and 2 more")), "{text}");
}

#[test]
fn objects_with_findings_stay_before_others() {
    let meta = |name: &str, namespace: &str| format!("metadata: {{name: {name}, namespace: {namespace}}}");
    let wrong = "ports: [{port: 80}, {port: 80}]";
    let mut text = String::new();
    for namespace in ["a", "b"] {
        let service = meta("web", namespace);
        let _ = writeln!(
            text,
            "{{apiVersion: v1, kind: Service, {service}, spec: {{selector: {{app: web}}, {wrong}}}}}\n---"
        );
    }
    for n in 0..30 {
        let pod = format!("metadata: {{name: web-{n}, namespace: a, labels: {{app: web}}}}");
        let _ = writeln!(
            text,
            "{{apiVersion: v1, kind: Pod, {pod}, spec: {{containers: [{{name: web, image: web:1}}]}}}}\n---"
        );
    }
    let text = said(&drawn_of(&["-", "--most", "10"], &text));
    assert!(text.contains("subgraph s0[\"namespace a\"]") && text.contains("namespace b"), "{text}");
    assert_eq!(text.matches("]:::error").count(), 2, "{text}");
}

#[test]
fn beyond_that_it_is_said_what_is_left_out() {
    for format in ["svg", "dot", "mermaid"] {
        let text = plain(&["-o", format], &applications(200));
        let note = "not drawn: 340 objects (namespace team-10: 10 Deployments and 10 Services; ";
        assert!(said(&text).contains(note), "{format}\n{text}");
        assert!(text.len() < 60_000, "{format} has {} bytes", text.len());
    }
    let svg = plain(&["-o", "svg", "--most", "7"], &applications(200));
    assert_eq!(boxes(&svg), 7);
}

#[test]
fn thousands_of_objects_that_all_select_each_other_are_bounded() {
    let mut text = String::new();
    for n in 0..1500 {
        let _ = write!(
            text,
            "{{apiVersion: v1, kind: Service, metadata: {{name: s{n}}}, spec: {{selector: {{app: a}}}}}}\n---\n\
             {{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, labels: {{app: a}}}}}}\n---\n"
        );
    }
    let svg = plain(&["-o", "svg"], &text);
    assert_eq!(boxes(&svg), 60);
    assert!(svg.contains("there are too many objects to say of all who selects whom"));
    assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
}

// -- Hostile names ----------------------------------------------------------------------------------------------

const HOSTILE: [&str; 11] = [
    "</text><script>alert(1)</script>",
    "\"] --> n0; click n0 \"javascript:alert(1)\" %%",
    "end\n  n0[\"x\"]\n%%{init: {\"theme\": \"dark\"}}%%",
    "\\\"]; evil [URL=\"javascript:x\"]; \\N \\G",
    "&lt;b&gt;&#60;",
    "<b>`**bold**` _x_ #35;",
    "a\u{202E}b\u{0}c\u{1B}[31md\u{FFFF}",
    "]]>{{{|}}}<!--",
    "日本語の名前のとても長い文字列がここにありますのでまんなかが省かれます",
    "\t ",
    "$$x$$ @{shape: cyl}",
];

/// Objects that have a text wherever a picture shows one.
fn hostile(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        let _ = write!(quoted, "\\u{unit:04x}");
    }
    let text = format!("{quoted}\"");
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {text}, namespace: {text}}}, spec: {{type: {text}, selector: {{{text}: {text}}}, ports: [{{port: {text}, targetPort: {text}}}]}}}}
---
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {text}, namespace: {text}}}, spec: {{template: {{metadata: {{labels: {{{text}: {text}, istio.io/rev: {text}}}}}, spec: {{serviceAccountName: {text}}}}}}}}}
---
{{apiVersion: {text}, kind: {text}, metadata: {{name: {text}, namespace: {text}}}, spec: {{template: {{}}}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: {text}, namespace: {text}}}, spec: {{rules: [{{host: {text}, http: {{paths: [{{backend: {{service: {{name: {text}}}}}}}]}}}}]}}}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: {text}, namespace: {text}}}, roleRef: {{kind: {text}, name: {text}}}, subjects: [{{kind: ServiceAccount, name: {text}}}, {{kind: Group, name: {text}}}]}}
"
    )
}

#[test]
fn names_are_only_text_in_svg() {
    for name in HOSTILE {
        let svg = drawn_of(&["-", "-o", "svg"], &hostile(name));
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{name:?}: {e}\n{svg}"));
        let ours = ["svg", "style", "defs", "marker", "path", "rect", "g", "title", "text"];
        for element in document.descendants().filter(|node| node.is_element()) {
            assert!(ours.contains(&element.tag_name().name()), "{name:?}: {:?}", element.tag_name());
            for attribute in element.attributes() {
                assert!(
                    !attribute.name().starts_with("on") && !attribute.name().contains("href"),
                    "{name:?}"
                );
            }
        }
        assert!(svg.chars().all(|c| c == '\n' || !c.is_control()) && !svg.contains('\u{202E}'), "{name:?}");
        assert_eq!(boxes(&svg), 5, "{name:?}\n{svg}");
    }
}

#[test]
fn names_are_only_text_in_mermaid() {
    // Every line of a flowchart is one of these, whatever the names are.
    let node =
        regex(r#"^    n\d+\["[^"<>`\[\]{}|]*(<br/>(<b>[^"<>`\[\]{}|]*</b>|[^"<>`\[\]{}|]*))*"\](:::\w+)?$"#);
    let edge = regex(r#"^  n\d+ (-->|-\.->)\|"[^"<>`\[\]{}|]*"\| n\d+$"#);
    let group = regex(r#"^  subgraph s\d+\["[^"<>`\[\]{}|]*"\]$"#);
    let rest = regex(r"^(flowchart LR|  end|    direction LR|  classDef [a-z]+ [a-z0-9#:, -]+|  %% [^{}]*)$");
    let caption = regex(r#"^  caption\["[^"<>`\[\]{}|]*(<br/>[^"<>`\[\]{}|]*)*"\]:::caption$"#);
    for name in HOSTILE {
        let text = drawn_of(&["-"], &hostile(name));
        for line in text.lines() {
            let is_ours = [&node, &edge, &group, &rest, &caption].iter().any(|known| known.is_match(line));
            assert!(is_ours, "{name:?}: {line}");
        }
    }
}

fn regex(pattern: &str) -> regex_automata::meta::Regex {
    regex_automata::meta::Regex::new(pattern).unwrap()
}

#[test]
fn names_are_only_text_in_dot() {
    for name in HOSTILE {
        let text = drawn_of(&["-", "-o", "dot"], &hostile(name));
        // Outside of quotes there are only our own words.
        let mut outside = String::new();
        let mut chars = text.chars();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            match c {
                '\\' if quoted => drop(chars.next()),
                '"' => quoted = !quoted,
                c if !quoted => outside.push(c),
                _ => {}
            }
        }
        assert!(!quoted, "{name:?}");
        let foreign = ["evil", "URL", "script", "click", "javascript", "bold"];
        assert!(foreign.iter().all(|word| !outside.contains(word)), "{name:?}: {outside}");
    }
}

#[test]
fn graphviz_reads_what_is_written() {
    if Command::new("dot").arg("-V").output().is_err() {
        println!("skipped: no dot");
        return;
    }
    let texts = HOSTILE.iter().map(|name| hostile(name)).chain([applications(9)]);
    for text in texts {
        let dot = drawn_of(&["-", "-o", "dot"], &text);
        let mut child = Command::new("dot")
            .arg("-Tsvg")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(dot.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !message.contains("syntax error"), "{message}\n{dot}");
    }
}

// -- Flags ------------------------------------------------------------------------------------------------------

#[test]
fn wrong_usage_is_an_error() {
    for args in
        [&[][..], &["charts/nope"], &["charts/gateway", "-o", "png"], &["charts/gateway", "--most", "0"]]
    {
        let output = run(args, "");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("Error: "), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
