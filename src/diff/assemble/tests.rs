use proptest::prelude::*;

use super::*;
use crate::diff::report::{self, html, markdown, terminal};
use crate::diff::{FoldKind, ReviewOptions};
use crate::manifest::object::{Document, Role, read};
use crate::value::{Str, Value};
use crate::yaml;

/// A side of stored objects.
fn side(text: &str) -> Side {
    let source = "all.yaml".into();
    let mut objects = Vec::new();
    for part in text.split("\n---\n") {
        let text = Str::from(part);
        let range = 0..part.len();
        let document =
            Document { source: &source, text: (&text, range), role: Role::Object, namespace: "edge" };
        read(&document, &mut objects).unwrap();
    }
    let objects = objects.into_iter().map(Arc::new).collect();
    Side { name: "all.yaml".into(), objects, rendered: None, release: None, warnings: Vec::new() }
}

fn reviewed(old: &str, new: &str, options: &ReviewOptions) -> Review {
    review(&side(old), &side(new), options).unwrap()
}

fn of(old: &str, new: &str) -> Review {
    reviewed(old, new, &ReviewOptions::default())
}

fn ignoring(rules: &[&str]) -> ReviewOptions {
    ReviewOptions {
        ignore: rules.iter().map(|rule| Rule::parse(rule).unwrap()).collect(),
        ..ReviewOptions::default()
    }
}

fn workload(name: &str, chart: &str, checksum: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, labels: {{helm.sh/chart: {chart}}}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}, helm.sh/chart: {chart}}}, annotations: {{checksum/config: {checksum}}}}}\n    spec:\n      containers:\n      - {{name: main, image: {image}, envFrom: [{{configMapRef: {{name: {name}-config}}}}]}}\n"
    )
}

fn config(name: &str, chart: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{helm.sh/chart: {chart}}}}}\ndata: {{a: {data}}}\n"
    )
}

const OLD_SUM: &str = "0a0a0a0a0a0a0a0a";
const NEW_SUM: &str = "1b1b1b1b1b1b1b1b";

fn join(objects: &[String]) -> String {
    objects.join("\n---\n")
}

/// All that a review holds, and what every report prints of it.
fn everything(review: &Review) -> String {
    let mut all = format!("{review:?}");
    let mut value = |value: &Value| all.push_str(&yaml::to_yaml(value).unwrap());
    let exact = review.exact.iter().flat_map(|exact| [&exact.old, &exact.new]);
    let objects = review.changes.iter().flat_map(|change| [&change.old, &change.new]).chain(exact);
    for object in objects.flatten() {
        value(&object.value);
        value(&Value::String(object.text.0.clone()));
    }
    for field in review.changes.iter().flat_map(|change| &change.fields) {
        [&field.change.old, &field.change.new].into_iter().flatten().for_each(&mut value);
    }
    for change in review.values.defaults.iter().chain(&review.values.user) {
        [&change.old, &change.new].into_iter().flatten().for_each(&mut value);
    }
    let reviews = [review.clone()];
    for view in [terminal::View::Fields, terminal::View::SideBySide, terminal::View::Unified] {
        let options = terminal::Options { view, full: true, verbose: true, ..terminal::Options::default() };
        all.push_str(&report::terminal(&reviews, &options));
    }
    all.push_str(&report::markdown(&reviews, &markdown::Options { verbose: true, ..Default::default() }));
    all.push_str(&report::html(&reviews, &html::Options { verbose: true }));
    all.push_str(&report::json(&reviews));
    all.push_str(&report::sarif(&reviews));
    all.push_str(&report::junit(&reviews, &report::junit::Options::default()));
    // A patch of secrets is refused; the error must not tell them.
    all.push_str(&report::json_patch(&reviews).unwrap_or_else(|error| format!("{error:?}")));
    all
}

#[test]
fn labels_of_the_chart_are_told_once() {
    let side = |chart: &str| {
        join(&[workload("a", chart, OLD_SUM, "x:1"), config("a-config", chart, "1"), config("b", chart, "1")])
    };
    let review = of(&side("shop-1.0.0"), &side("shop-1.1.0"));
    assert_eq!(review.folds.len(), 1);
    let fold = &review.folds[0];
    assert_eq!((fold.kind, fold.objects.len(), fold.only), (FoldKind::ChartLabel, 3, 3));
    assert_eq!(fold.message, "only helm.sh/chart shop-1.0.0 → shop-1.1.0");
    // The pods of the Deployment restart for it: that stays.
    assert_eq!(review.changes.len(), 1);
    let change = &review.changes[0];
    assert_eq!((change.fields.len(), change.folded), (0, 2));
    assert_eq!(change.impacts[0].message, "restarts pods: rolling, only because of the chart label");
    assert!(
        review.verdict.line.ends_with("; pods restart only because of the chart label"),
        "{}",
        review.verdict.line
    );
    assert!(review.differs() && review.effects().any(|effect| effect == Effect::Restart));
}

#[test]
fn a_checksum_is_tied_to_what_changed() {
    let side = |sum: &str, data: &str, other: &str| {
        join(&[
            workload("a", "s-1", sum, "x:1"),
            config("a-config", "s-1", data),
            config("other", "s-1", other),
        ])
    };
    let message = |old: &str, new: &str| {
        let review = of(old, new);
        let fold = review.folds.iter().find(|fold| fold.kind == FoldKind::Checksum).unwrap();
        fold.message.clone()
    };
    let before = side(OLD_SUM, "1", "1");
    assert_eq!(message(&before, &side(NEW_SUM, "2", "2")), "checksum/config changed with ConfigMap/a-config");
    assert_eq!(
        message(&before, &side(NEW_SUM, "1", "1")),
        "needless restart: checksum/config changed though no ConfigMap or Secret did"
    );
    assert_eq!(
        message(&before, &side(NEW_SUM, "1", "2")),
        "checksum/config changed, but not with a ConfigMap or Secret that it is known to be of"
    );
    let review = of(&before, &side(NEW_SUM, "1", "1"));
    assert_eq!(
        review.changes[0].impacts[0].message,
        "restarts pods: rolling, only because of a checksum, needlessly"
    );
}

#[test]
fn a_checksum_over_the_chart_label_is_a_needless_restart() {
    let side =
        |sum: &str, chart: &str| join(&[workload("a", chart, sum, "x:1"), config("a-config", chart, "1")]);
    let review = of(&side(OLD_SUM, "s-1.0.0"), &side(NEW_SUM, "s-1.1.0"));
    let messages: Vec<&str> = review.folds.iter().map(|fold| fold.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "helm.sh/chart s-1.0.0 → s-1.1.0",
            "needless restart: checksum/config changed though only the chart label of ConfigMap/a-config did"
        ]
    );
    assert_eq!(
        review.changes[0].impacts[0].message,
        "restarts pods: rolling, only because of the chart label and a checksum, needlessly"
    );
    // One checksum that has a reason is a reason for the restart.
    let with_two = |label: &str, sums: [&str; 2], data: &str| {
        let shared = config("all-shared", label, data);
        let workload = workload("a", label, sums[0], "x:1");
        let second = format!("checksum/config: {}, checksum/shared: {}", sums[0], sums[1]);
        let workload = workload.replace(&format!("checksum/config: {}", sums[0]), &second);
        assert!(workload.contains("checksum/shared"), "{workload}");
        join(&[workload, shared, config("a-config", label, "1")])
    };
    let review =
        of(&with_two("s-1.0.0", [OLD_SUM, OLD_SUM], "1"), &with_two("s-1.1.0", [NEW_SUM, NEW_SUM], "2"));
    assert!(!format!("{review:?}").contains("needless"), "{:?}", review.folds);
    // With another reason it isn't needless.
    let side = |sum: &str, chart: &str, image: &str| {
        join(&[workload("a", chart, sum, image), config("a-config", chart, "1")])
    };
    let review = of(&side(OLD_SUM, "s-1.0.0", "x:1"), &side(NEW_SUM, "s-1.1.0", "x:2"));
    assert!(!format!("{:?}", review.folds).contains("needless"), "{:?}", review.folds);
    assert_eq!(review.changes[0].fields.len(), 1);
}

#[test]
fn the_same_change_in_three_objects_is_folded_and_in_two_is_not() {
    let side = |n: usize, image: &str| {
        let names = ["a", "b", "c"];
        join(&names[..n].iter().map(|name| workload(name, "s-1", OLD_SUM, image)).collect::<Vec<_>>())
    };
    let review = of(&side(3, "x:1"), &side(3, "x:2"));
    assert_eq!(review.folds[0].message, "only spec.template.spec.containers[*].image x:1 → x:2");
    assert_eq!(review.changes.len(), 3);
    assert!(review.changes.iter().all(|change| change.fields.is_empty() && !change.impacts.is_empty()));
    let review = of(&side(2, "x:1"), &side(2, "x:2"));
    assert!(review.folds.is_empty() && review.changes.len() == 2);
}

#[test]
fn what_is_ignored_never_counts() {
    let side = |sum: &str, image: &str| workload("a", "s-1", sum, image);
    let (old, new) = (side(OLD_SUM, "x:1"), side(NEW_SUM, "x:2"));
    let review = reviewed(&old, &new, &ignoring(&[":/spec/template", "Secret"]));
    assert!(!review.differs() && review.effects().next().is_none(), "{review:?}");
    assert_eq!(review.verdict.line, "no difference");
    assert_eq!((review.ignored.len(), review.ignored[0].fields, review.ignored[0].objects), (1, 2, 1));
    assert_eq!(review.warnings, ["the rule 'Secret' ignores nothing: no change matches it"]);
    let review = reviewed(&old, &new, &ignoring(&["*/a"]));
    assert!(!review.differs());
    assert_eq!((review.ignored[0].fields, review.ignored[0].objects), (0, 1));
}

#[test]
fn what_means_the_same_is_only_counted_unless_asked_for() {
    let side = |cpu: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: x, resources: {{limits: {{cpu: {cpu}}}}}}}]}}\n"
        )
    };
    let (old, new) = (side("500m"), side("0.5"));
    let review = of(&old, &new);
    assert!(!review.differs() && review.changes.is_empty());
    assert_eq!((review.equal, review.same), (0, 1));
    let review = reviewed(&old, &new, &ReviewOptions { verbose: true, exact: true, ..Default::default() });
    assert!(!review.differs());
    assert_eq!((review.changes.len(), review.exact.len()), (1, 1));
}

#[test]
fn a_changed_secret_shows_that_it_changed_and_no_more() {
    let side = |password: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  same: equal-words\n  app.yaml: |\n    password: {password}\n    port: 1\n"
        )
    };
    let (old, new) = (side("hunter2-old"), side("hunter3-new"));
    let options = ReviewOptions { exact: true, ..Default::default() };
    let review = reviewed(&old, &new, &options);
    let field = &review.changes[0].fields[0];
    assert_eq!(
        (review.changes[0].fields.len(), field.change.path.to_string()),
        (1, "stringData[\"app.yaml\"]".into())
    );
    let texts = [&field.change.old, &field.change.new]
        .map(|value| value.as_ref().unwrap().as_str().unwrap().to_string());
    assert!(
        field.secret && texts[0] != texts[1] && texts.iter().all(|text| text.starts_with("<secret ")),
        "{texts:?}"
    );
    assert!(review.exact[0].secret);
    assert!(!everything(&review).contains("hunter"), "{}", everything(&review));
    let review = reviewed(&old, &new, &ReviewOptions { show_secrets: true, ..Default::default() });
    assert!(everything(&review).contains("hunter3-new"));
    assert!(!review.changes[0].fields[0].secret);
}

#[test]
fn an_exact_object_without_changed_secrets_can_be_patched() {
    let side = |label: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, labels: {{l: {label}}}}}\ndata: {{a: aHVudGVyMiE=}}\n"
        )
    };
    let options = ReviewOptions { exact: true, ..Default::default() };
    let review = reviewed(&side("x"), &side("y"), &options);
    assert!(!review.exact[0].secret);
}

/// Objects with a secret in all kinds of places.
fn planted(secret: &str, other: &str) -> String {
    let quoted = serde_json::to_string(secret).unwrap();
    let encoded = data_encoding::BASE64.encode(secret.as_bytes());
    let json =
        serde_json::to_string(&format!("{{\"db\": {{\"password\": {quoted}, \"n\": {other}}}}}")).unwrap();
    let yaml = serde_json::to_string(&format!("n: {other}\ndb:\n  apiKey: {quoted}\n")).unwrap();
    let header = "apiVersion: v1\nkind";
    let word = |text: &str| serde_json::to_string(&format!("{text}{secret}{text}")).unwrap();
    [
        format!("{header}: Secret\nmetadata: {{name: s}}\ndata: {{k: {encoded}, n: '{}'}}", data_encoding::BASE64.encode(other.as_bytes())),
        format!("{header}: Secret\nmetadata: {{name: t, annotations: {{a: {}}}}}\nstringData: {{k: {quoted}, n: '{other}'}}", word("-")),
        format!(
            "{header}: ConfigMap\nmetadata: {{name: c, annotations: {{example.com/api-token: {quoted}, n: '{other}', free: {}}}}}\ndata: {{DB_PASSWORD: {quoted}, j.json: {json}, y.yaml: {yaml}, e: {encoded}}}",
            word(" ")
        ),
        format!(
            "{header}: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: x:{other}\n    args: [--password, {quoted}, {}]\n    env:\n    - {{name: A_PASSWORD, value: {quoted}}}\n    - {{name: FREE, value: {}}}\n",
            word("/"),
            word(":")
        ),
    ]
    .join("\n---\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_report_holds_a_planted_secret(old in "[a-zA-Z0-9!#%+:;<>&\"'\\\\ é-]{6,24}q7", new in "[a-zA-Z0-9]{6,30}z9") {
        prop_assume!(old.trim() == old && new != old);
        let options = ReviewOptions { exact: true, verbose: true, ..Default::default() };
        let pairs = [
            (planted(&old, "1"), planted(&new, "2")),
            (planted(&old, "1"), planted(&old, "2")),
            (String::from("{}"), planted(&new, "2")),
        ];
        for (before, after) in &pairs {
            let before = if before == "{}" { side("").clone() } else { side(before) };
            let review = review(&before, &side(after), &options).unwrap();
            prop_assert!(review.differs());
            let all = everything(&review);
            for secret in [&old, &new] {
                prop_assert!(!all.contains(secret.as_str()), "{} is in {}", secret, all);
                let encoded = data_encoding::BASE64.encode(secret.as_bytes());
                prop_assert!(!all.contains(&encoded), "{} in base64 is in {}", secret, all);
            }
        }
    }

    #[test]
    fn a_review_of_equal_sides_is_empty(secret in "[a-z0-9]{6,20}", other in "[0-9]{1,5}") {
        let side = side(&planted(&secret, &other));
        let options = ReviewOptions { exact: true, verbose: true, ..Default::default() };
        let review = review(&side, &side, &options).unwrap();
        prop_assert!(!review.differs() && review.changes.is_empty() && review.folds.is_empty());
        prop_assert!(review.exact.is_empty() && review.effects().next().is_none());
        prop_assert_eq!(review.equal, 4);
        prop_assert_eq!(review.verdict.line, "no difference");
    }
}
