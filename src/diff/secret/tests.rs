use super::context::State;
use super::*;
use crate::compare::Step;
use crate::compare::path::{Format, Path};
use crate::manifest::object::{Document, Role, read};

fn objects(text: &str) -> Vec<Object> {
    let source = "a.yaml".into();
    let mut objects = Vec::new();
    for part in text.split("\n---\n") {
        let text = Str::from(part);
        let document =
            Document { source: &source, text: (&text, 0..part.len()), role: Role::Object, namespace: "x" };
        read(&document, &mut objects).unwrap();
    }
    objects
}

fn hider(objects: &[Object]) -> Hider {
    let mut finder = Finder::new().unwrap();
    for object in objects {
        finder.side_object(object);
        finder.shown_object(object);
    }
    finder.finish(&mut Vec::new()).unwrap()
}

/// The objects as they are shown, digits of hashes left out.
fn shown(text: &str) -> String {
    let objects = objects(text);
    let hider = hider(&objects);
    let texts: Vec<String> = objects
        .iter()
        .map(|object| {
            let (hidden, _) = hider.object(object);
            hidden.text.0.to_text().into_owned()
        })
        .collect();
    let mut text = String::new();
    for (i, part) in texts.join("---\n").split(MASK).enumerate() {
        text.push_str(if i == 0 { part } else { "<secret" });
        text.push_str(if i == 0 { "" } else { part.get(6..).unwrap() });
    }
    text
}

fn field(object: &str, line: &str) {
    let shown = shown(object);
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn all_data_of_a_secret_is_hidden_but_its_keys() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {user: YWRtaW4=, empty: ''}\nstringData: {port: '5432', pin: 7}\ntype: Opaque\n";
    assert_eq!(
        shown(text),
        "apiVersion: v1\ndata:\n  empty: \"\"\n  user: <secret>\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  pin: <secret>\n  port: <secret>\ntype: Opaque\n"
    );
}

#[test]
fn equal_secrets_look_equal_and_others_differ() {
    let objects = objects(
        "{kind: Secret, apiVersion: v1, metadata: {name: s}, data: {a: aHVudGVyMg==, c: aHVudGVyMw==}, stringData: {b: hunter2}}",
    );
    let (hidden, _) = hider(&objects).object(&objects[0]);
    let at = |path: &[&str]| hidden.str_at(path).unwrap();
    assert_eq!(at(&["data", "a"]), at(&["stringData", "b"]));
    assert_ne!(at(&["data", "a"]), at(&["data", "c"]));
    assert_eq!(at(&["data", "a"]).len(), "<secret 123456>".len());
    // Another run has another key.
    let (again, _) = hider(&objects).object(&objects[0]);
    assert_ne!(again.str_at(&["data", "a"]), Some(at(&["data", "a"])));
}

#[test]
fn environment_and_arguments_are_hidden_by_name() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - args: [--user, bob, --password, 'one two', --token=t1, --verbose]\n    env:\n    - {name: DB_PASSWORD, value: p4}\n    - {name: REF, valueFrom: {secretKeyRef: {name: s, key: password}}}\n    - {name: PORT, value: '80'}\n    - {name: API_TOKEN, value: $(TOKEN)}\n    name: c\n";
    let text = shown(pod);
    assert_eq!(
        text,
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - args:\n    - --user\n    - bob\n    - --password\n    - <secret>\n    - --token=<secret>\n    - --verbose\n    env:\n    - name: DB_PASSWORD\n      value: <secret>\n    - name: REF\n      valueFrom:\n        secretKeyRef:\n          key: password\n          name: s\n    - name: PORT\n      value: \"80\"\n    - name: API_TOKEN\n      value: $(TOKEN)\n    name: c\n"
    );
}

#[test]
fn only_the_secret_part_of_data_in_strings_is_hidden() {
    let map = |text: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}, data: {{f: {}}}}}",
            serde_json::json!(text)
        )
    };
    field(&map(r#"{"user": "bob", "password": "p4"}"#), r#"f: '{"password":"<secret>","user":"bob"}'"#);
    field(&map("user: bob\npassword: p4\n"), "f: |\n    password: <secret>\n    user: bob\n");
    field(
        &map("a: 1\n---\ntoken: x1\n---\nb: 2\n"),
        "a: 1\n    ---\n    token: <secret>\n    ---\n    b: 2\n",
    );
    field(&map("[db]\nuser = bob\npassword = p4\n"), "[db]\n    user = bob\n    password = <secret>\n");
    field(&map("# password: p4\na: 1\n"), "# password: <secret>\n    a: 1\n");
    field(&map("url: postgres://a:p4@h/x\nb: 1\n"), "url: postgres://a:<secret>@h/x\n");
}

#[test]
fn what_a_secret_holds_is_hidden_everywhere() {
    let text = "{kind: Secret, apiVersion: v1, metadata: {name: s}, data: {x: aHVudGVyMiE=}}\n---\n{kind: ConfigMap, apiVersion: v1, metadata: {name: c, annotations: {note: 'it is hunter2! now', hunter2!: a}}, data: {e: YTpodW50ZXIyIQ==}}";
    let shown = shown(text);
    assert!(
        !shown.contains("hunter2") && !shown.contains("9kd50ZXI") && !shown.contains("b2h1bnRlcjI"),
        "{shown}"
    );
    assert!(shown.contains("note: it is <secret> now"), "{shown}");
    let objects = objects(text);
    let hider = hider(&objects);
    assert_eq!(hider.message("set hunter2! by hand").matches(MASK).count(), 1);
    assert_eq!(hider.message("nothing"), "nothing");
}

#[test]
fn references_to_secrets_and_schemas_stay() {
    for text in [
        "{kind: Pod, apiVersion: v1, metadata: {name: p}, spec: {imagePullSecrets: [{name: reg}], volumes: [{name: v, secret: {secretName: s, items: [{key: k, path: p}]}}, {name: t, projected: {sources: [{serviceAccountToken: {audience: vault, expirationSeconds: 600, path: token}}]}}], automountServiceAccountToken: true}}",
        "{kind: ServiceAccount, apiVersion: v1, metadata: {name: a}, secrets: [{name: s}]}",
        "{kind: Ingress, apiVersion: networking.k8s.io/v1, metadata: {name: i}, spec: {tls: [{hosts: [h], secretName: s}]}}",
        "{kind: CustomResourceDefinition, apiVersion: apiextensions.k8s.io/v1, metadata: {name: d}, spec: {versions: [{schema: {openAPIV3Schema: {properties: {password: {type: string, description: 'password: see above'}}}}}]}}",
        "{kind: ClusterRole, apiVersion: rbac.authorization.k8s.io/v1, metadata: {name: r}, rules: [{apiGroups: [''], resources: [secrets, tokenreviews], verbs: [get]}]}",
        "{kind: X, apiVersion: x.io/v1, metadata: {name: x}, spec: {passwordSecretRef: {name: s, key: password}, password: {valueFrom: {name: z}}, tokenTTL: 1h, credentialName: c}}",
    ] {
        let object = objects(text).remove(0);
        let hidden = hider(std::slice::from_ref(&object)).value(&object.value, Context::ROOT);
        assert!(hidden.is_none(), "{}", yaml::to_yaml(&hidden.unwrap()).unwrap());
    }
}

#[test]
fn the_name_of_a_secret_under_a_name_that_ends_so_is_no_secret() {
    let text = "{kind: Secret, apiVersion: v1, metadata: {name: tls-edge}}\n---\n{kind: X, apiVersion: x.io/v1, metadata: {name: x}, spec: {secret: tls-edge, webhookSecret: abc}}";
    assert!(shown(text).ends_with("  secret: tls-edge\n  webhookSecret: <secret>\n"), "{}", shown(text));
}

#[test]
fn the_context_of_a_field_is_found_by_its_path() {
    let object = objects(
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: c}, env: [{key: a, value: 1}, {key: A_TOKEN, value: x}], data: {f: 'x: 1\npassword: {a: b}\n'}}",
    )
    .remove(0);
    let secret =
        objects("{kind: Secret, apiVersion: v1, metadata: {name: s}, data: {f: YTogMQ==}}").remove(0);
    let mut contexts = Contexts::new(None, Some(&object.value));
    let key = |key: &str| Step::Key(key.into());
    let mut of = |path: Vec<Step>| contexts.of(&mut Path(path)).0.state;
    assert!(matches!(
        of(vec![key("data"), key("f"), Step::Text(Format::Yaml), key("password"), key("a")]),
        State::Named { .. }
    ));
    assert_eq!(of(vec![key("data"), key("f"), Step::Text(Format::Yaml), key("x")]), State::Plain);
    let item = |index: usize| Step::Index { old: None, new: Some(index) };
    assert!(matches!(of(vec![key("env"), item(1), key("value")]), State::Named { .. }));
    assert_eq!(of(vec![key("env"), item(0), key("value")]), State::Plain);
    let mut path =
        Path(vec![key("data"), key("f"), Step::Text(Format::Base64), Step::Text(Format::Yaml), key("a")]);
    let (context, values) = Contexts::new(Some(&secret.value), Some(&secret.value)).of(&mut path);
    assert_eq!((context.state, path.0.len()), (State::All { encoded: true }, 2));
    assert_eq!(values.unwrap()[0].as_ref().unwrap().as_str(), Some("YTogMQ=="));
}

#[test]
fn deep_values_end_within_bounds() {
    let mut value = Value::from("x");
    for _ in 0..5_000 {
        value = Value::list(vec![value]);
    }
    let map: Map = [("a", value)].into_iter().collect();
    let mut hidden =
        hider(&[]).value(&Value::Map(map.clone()), Context::ROOT).unwrap().as_map().unwrap().get("a");
    let mut levels = 0;
    while let Some(Value::List(list)) = hidden {
        hidden = list.get(0);
        levels += 1;
    }
    assert_eq!(hidden.unwrap().as_str(), Some("<not shown: nested too deeply>"));
    assert!((100..300).contains(&levels), "{levels}");
}
