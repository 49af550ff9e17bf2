//! What the rules find in the fixtures that show them, and that rules and their pages keep together.

use std::collections::BTreeSet;

use super::testing::{Case, FOLDER, Fixture, line};
use super::*;
use crate::rules::read;
use crate::value::{Map, MapType, Str, Value};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules");
const HINT: &str = "INSTA_UPDATE=always cargo test writes docs/rules anew";

/// Rules that look at objects: those found elsewhere have their tests there.
fn looking() -> impl Iterator<Item = &'static Rule> {
    rules().filter(|rule| !matches!(rule.check, Check::Elsewhere))
}

#[test]
fn each_rule_finds_what_it_is_about_and_passes_over_what_it_is_not() {
    let mut wrong = Vec::new();
    for rule in looking() {
        let Some(fixture) = Fixture::read(rule.id) else {
            wrong.push(format!("{}: there is no fixture fixtures/rules/{}.yaml", rule.id, rule.id));
            continue;
        };
        if fixture.hits.is_empty() || fixture.misses.is_empty() {
            wrong.push(format!("{}: its fixture needs a hit and a miss", rule.id));
        }
        for case in &fixture.hits {
            if case.found(rule.id).is_empty() {
                wrong.push(format!("{} finds nothing in: {}", rule.id, case.title));
            }
        }
        for case in &fixture.misses {
            let found: Vec<String> = case.found(rule.id).iter().map(line).collect();
            if !found.is_empty() {
                wrong.push(format!("{} should pass over: {}\n  {}", rule.id, case.title, found.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fixture_has_its_rule_and_each_id_and_name_is_there_once() {
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".yaml").unwrap();
        assert!(rule(id).is_some_and(|rule| rule.id == id), "{name} is the fixture of no rule");
    }
    let mut words = BTreeSet::new();
    for rule in rules() {
        assert!(words.insert(rule.id) && words.insert(rule.name), "{} {} is there twice", rule.id, rule.name);
        for text in [rule.summary, rule.why, rule.fix] {
            assert!(text.ends_with('.'), "{}: {text:?} is no sentence", rule.id);
        }
    }
}

#[test]
fn each_rule_has_its_page_and_each_page_its_rule() {
    let update = std::env::var("INSTA_UPDATE").as_deref() == Ok("always");
    let mut pages: Vec<(String, String)> =
        rules().map(|rule| (format!("{}.md", rule.id), page(rule))).collect();
    pages.push(("README.md".into(), overview()));
    for (name, text) in &pages {
        let path = format!("{PAGES}/{name}");
        if update {
            std::fs::create_dir_all(PAGES).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == *text, "docs/rules/{name} doesn't say what the rules say and find: {HINT}");
    }
    for entry in std::fs::read_dir(PAGES).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // What istioctl says, and which rules say the same, is written by hand.
        let known = name == "istioctl.md" || pages.iter().any(|(own, _)| *own == name);
        assert!(known, "docs/rules/{name} is the page of no rule");
    }
}

fn overview() -> String {
    let mut text = String::from(
        "# Rules of torii check\n\nWritten by the tests, from the tables of the rules. How to run them, and how to \
         set findings aside: [check.md](../check.md).\n",
    );
    for (title, rules) in families() {
        text.push_str(&format!("\n## {title}\n\n| rule | name | severity | finds |\n|---|---|---|---|\n"));
        for Rule { id, name, severity, summary, .. } in *rules {
            text.push_str(&format!("| [{id}]({id}.md) | {name} | {severity} | {summary} |\n"));
        }
    }
    text
}

fn page(rule: &Rule) -> String {
    let Rule { id, name, severity, summary, why, fix, source, .. } = rule;
    let mut text = format!("# {id}: {name}\n\n**{severity}.** {summary}\n\n{why}\n\n**What to do.** {fix}\n");
    if !source.is_empty() {
        text.push_str(&format!("\nDecided in: `{}`\n", source.replace("; ", "`, `")));
    }
    let Some(fixture) = Fixture::read(id) else { return text };
    text.push_str("\n## Found\n");
    for case in &fixture.hits {
        text.push_str(&shown(case));
        let lines: Vec<String> = case.found(id).iter().map(line).collect();
        text.push_str(&format!("\n```text\n{}\n```\n", lines.join("\n")));
    }
    text.push_str("\n## Passed over\n");
    fixture.misses.iter().for_each(|case| text.push_str(&shown(case)));
    text
}

fn shown(case: &Case) -> String {
    let mut text = format!("\n{}:\n\n```yaml\n{}\n```\n", case.title, case.objects.trim_end());
    if !case.with.is_empty() {
        text.push_str(&format!("\nwith this in the cluster:\n\n```yaml\n{}\n```\n", case.with.trim_end()));
    }
    if case.kubernetes != 36 {
        text.push_str(&format!("\non Kubernetes 1.{}\n", case.kubernetes));
    }
    if !case.revisions.is_empty() {
        text.push_str(&format!("\nwith --revisions {}\n", case.revisions.join(",")));
    }
    text
}

/// The value with the leaf or branch of this number, in the order of a walk, replaced; `None` if there are fewer.
fn with_other(value: &Value, number: &mut usize, other: &Value) -> Option<Value> {
    if *number == 0 {
        return Some(other.clone());
    }
    *number -= 1;
    match value {
        Value::Map(map) => {
            let found = |(key, item): (Str, Value)| Some((key, with_other(&item, number, other)?));
            let (key, item) = map.entries().into_iter().find_map(found)?;
            let copy = Map::new(MapType::Any);
            map.entries().into_iter().for_each(|(key, item)| drop(copy.insert(key, item)));
            copy.insert(key, item);
            Some(Value::Map(copy))
        }
        Value::List(list) => {
            let mut items = list.items();
            let found = |(index, item): (usize, &Value)| Some((index, with_other(item, number, other)?));
            let (index, item) = items.iter().enumerate().find_map(found)?;
            items[index] = item;
            Some(Value::list(items))
        }
        _ => None,
    }
}

#[test]
fn objects_with_values_of_any_type_anywhere_are_judged() {
    for fixture in rules().filter_map(|rule| Fixture::read(rule.id)) {
        for case in fixture.hits.iter().take(1) {
            let objects = testing::objects("a.yaml", &case.objects);
            for (at, object) in objects.iter().enumerate() {
                for other in
                    [Value::Null, Value::int(-1), Value::string("é"), Value::list(vec![Value::int(1)])]
                {
                    for place in 1.. {
                        let Some(broken) = with_other(&object.value, &mut { place }, &other) else { break };
                        let mut objects = objects.clone();
                        objects[at] = Arc::new(Object { value: broken, ..(**object).clone() });
                        judge(&Scene::new(objects, Surroundings::default()));
                    }
                }
            }
        }
    }
}

#[test]
fn messages_hold_no_values_that_may_be_secret() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {note: 31337, other: [31337]}}\nstringData: \
                {password: 31337}\ndata: {a: 31337}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: \
                31337, b: [31337]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: \
                {metadata: {annotations: {token: 31337}}, spec: {containers: [{name: a, command: [31337], args: [31337], \
                env: [{name: PASSWORD, value: 31337}, {name: PASSWORD, value: 31337}]}]}}}\n";
    let (found, _) = judge(&Scene::new(testing::objects("a.yaml", text), Surroundings::default()));
    assert!(found.len() > 8, "{}", found.len());
    for finding in found {
        assert!(!line(&finding).contains("31337"), "{}", line(&finding));
    }
}

/// Objects of all kinds that select pods, or are selected, as many of each; always so many share a label.
fn crowd(n: usize, sharing: usize) -> String {
    let mut text = String::new();
    for n in 0..n {
        let app = n / sharing;
        text.push_str(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{n}}}\nspec: {{selector: {{app: a{app}}}, ports: [{{port: 80, \
             targetPort: http}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: s{n}-canary}}\nspec: \
             {{selector: {{matchLabels: {{app: a{app}}}}}, template: {{metadata: {{labels: {{app: a{app}}}}}, spec: \
             {{serviceAccountName: x{n}, containers: [{{name: istio-proxy, image: a}}]}}}}}}\n---\napiVersion: \
             policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: d{n}}}\nspec: {{selector: {{matchLabels: {{app: \
             a{app}}}}}, minAvailable: 1}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: \
             {{name: b{n}}}\nroleRef: {{kind: Role, name: r{n}}}\nsubjects: [{{kind: ServiceAccount, name: \
             x{n}}}]\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: h{n}}}\nspec: \
             {{maxReplicas: 5, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: \
             s{n}-canary}}}}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: \
             p{n}}}\nspec: {{podSelector: {{matchLabels: {{app: a{app}}}}}, ingress: [{{ports: [{{port: \
             http}}]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: g{n}}}\nspec: \
             {{selector: {{app: a{app}}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, hosts: \
             [a.example], tls: {{mode: SIMPLE, credentialName: c}}}}]}}\n---\napiVersion: \
             networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v{n}}}\nspec: {{hosts: [b.example], \
             gateways: [g{n}, none{n}]}}\n---\n"
        ));
    }
    text
}

/// How many fields are read to judge a crowd, for each of its objects.
fn reads(n: usize, sharing: usize) -> usize {
    let objects = testing::objects("a.yaml", &crowd(n, sharing));
    let (count, before) = (objects.len(), read::counted::reads());
    let (found, _) = judge(&Scene::new(objects, Surroundings::default()));
    assert!(found.len() > count / 2, "{}", found.len());
    (read::counted::reads() - before) / count
}

#[test]
fn objects_that_all_select_one_another_cost_no_more_than_others() {
    let alone = reads(200, 1);
    for (n, sharing) in [(200, 20), (200, 200), (800, 800)] {
        let own = reads(n, sharing);
        assert!(
            own < alone * 3 / 2,
            "{own} fields are read of each of {n}, {sharing} alike; {alone} by itself"
        );
    }
}

#[test]
fn a_rule_that_gives_up_or_leaves_something_out_says_so() {
    let (_, warnings) =
        judge(&Scene::new(testing::objects("a.yaml", &crowd(800, 800)), Surroundings::default()));
    assert!(warnings.iter().any(|warning| warning.starts_with("too many selectors")), "{warnings:?}");
    let rule = rule("GW001").unwrap();
    let scene = Scene::new(Vec::new(), Surroundings::default());
    let mut findings = Findings::new(rule, &scene);
    assert!(findings.may_compare(500_000) && findings.warnings().is_empty());
    assert!(!findings.may_compare(1) && !findings.may_compare(0));
    assert!(findings.warnings()[0].contains("may have missed"), "{:?}", findings.warnings());
}

#[test]
fn a_role_costs_no_more_when_many_bindings_give_it() {
    let reads = |n: usize| {
        let rules = vec!["{apiGroups: [\"\"], resources: [pods], verbs: [get]}"; n].join(", ");
        let group = "rbac.authorization.k8s.io";
        let mut text =
            format!("apiVersion: {group}/v1\nkind: Role\nmetadata: {{name: r}}\nrules: [{rules}]\n---\n");
        for n in 0..n {
            text.push_str(&format!(
                "apiVersion: {group}/v1\nkind: RoleBinding\nmetadata: {{name: b{n}}}\nroleRef: {{kind: Role, name: \
                 r}}\nsubjects: [{{kind: ServiceAccount, name: default}}]\n---\n"
            ));
        }
        let (objects, before) = (testing::objects("a.yaml", &text), read::counted::reads());
        judge(&Scene::new(objects, Surroundings::default()));
        read::counted::reads() - before
    };
    let (few, many) = (reads(50), reads(200));
    assert!(many < few * 6, "{few} fields are read of 50 bindings and rules, {many} of 200");
}

#[test]
fn of_an_object_with_many_faults_some_are_told_and_that_there_are_more() {
    let fields: Vec<String> = (0..1000).map(|n| format!("f{n}: 1")).collect();
    let text = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: \
         as.example.org}}\nspec: {{group: example.org, names: {{kind: A, plural: as}}, versions: [{{name: v1, served: \
         true, schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: \
         object}}}}}}}}}}]}}\n---\napiVersion: example.org/v1\nkind: A\nmetadata: {{name: a}}\nspec: {{{}}}\n",
        fields.join(", ")
    );
    let (found, warnings) = judge(&Scene::new(testing::objects("a.yaml", &text), Surroundings::default()));
    assert_eq!(found.iter().filter(|finding| finding.rule.id == "K8S032").count(), 200);
    assert!(warnings.iter().any(|warning| warning.starts_with("K8S032 finds more")), "{warnings:?}");
}
