//! The upgrades that a gateway goes through, reviewed: what changes, and what that does.

#![allow(clippy::unwrap_used)]

use torii::diff::report::{self, terminal};
use torii::diff::{Review, ReviewOptions, review, side::Side};
use torii::render::Request;
use torii::rules::change::Effect;

const CHART: &str = "charts/gateway";

/// The house chart as a side, with values files of its examples and `--set`.
fn gateway(release: &str, files: &[&str], set: &[&str]) -> Side {
    let mut request = Request::new(CHART, release);
    request.release.namespace = "istio-ingress".into();
    request.values.files = files.iter().map(|file| format!("{CHART}/examples/{file}.yaml")).collect();
    request.values.set = set.iter().map(|set| (*set).to_string()).collect();
    Side::open(CHART, &request).unwrap()
}

fn reviewed(old: &Side, new: &Side) -> Review {
    review(old, new, &ReviewOptions::default()).unwrap()
}

/// The report on the terminal, without colours.
fn shown(review: &Review) -> String {
    let text = report::terminal(std::slice::from_ref(review), &terminal::Options::default());
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn an_upgrade_in_place_changes_one_field_and_restarts_pods() {
    let old = gateway("istio-ingressgateway", &["shared"], &[]);
    let new = gateway("istio-ingressgateway", &["shared", "upgrade-in-place"], &[]);
    let review = reviewed(&old, &new);
    assert_eq!(review.changes.len(), 1);
    assert_eq!(review.changes[0].fields.len(), 1);
    assert_eq!(
        review.changes[0].fields[0].change.path.to_string(),
        "spec.template.metadata.labels[\"istio.io/rev\"]"
    );
    assert!(review.verdict.line.starts_with("restarts pods: rolling"), "{}", review.verdict.line);
    insta::assert_snapshot!(shown(&review));
}

#[test]
fn a_canary_behind_the_same_service_splits_the_traffic() {
    // Pods in fixed numbers, so that the share of each is known.
    let old = gateway("istio-ingressgateway", &["shared"], &["autoscaling.enabled=false", "replicaCount=3"]);
    let canary = gateway("istio-ingressgateway-canary", &["canary-same-service"], &[]);
    let mut new = old.clone();
    new.objects.extend(canary.objects);
    let review = reviewed(&old, &new);
    assert!(review.effects().any(|effect| effect == Effect::Traffic));
    let line = &review.verdict.line;
    assert!(line.contains("istio-ingressgateway-canary"), "{line}");
    insta::assert_snapshot!(shown(&review));
}

#[test]
fn another_selector_is_refused() {
    let old = gateway("istio-ingressgateway", &["shared"], &[]);
    let new = gateway("istio-ingressgateway", &["shared"], &["labels.app=edge"]);
    let review = reviewed(&old, &new);
    assert_eq!(review.verdict.effect, Some(Effect::Refused));
    assert!(review.verdict.line.starts_with("refused"), "{}", review.verdict.line);
    insta::assert_snapshot!(shown(&review));
}

#[test]
fn objects_written_by_hand_differ_from_the_chart_in_the_selector() {
    let request = Request::new("fixtures/diff/gateway-by-hand.yaml", "istio-ingressgateway");
    let old = Side::open("fixtures/diff/gateway-by-hand.yaml", &request).unwrap();
    let new = gateway("istio-ingressgateway", &["shared"], &[]);
    let review = reviewed(&old, &new);
    assert_eq!(review.verdict.effect, Some(Effect::Refused));
    insta::assert_snapshot!(shown(&review));
}

#[test]
fn a_render_against_itself_differs_in_nothing() {
    let side = gateway("istio-ingressgateway", &["shared"], &[]);
    let review = reviewed(&side, &side);
    assert!(!review.differs() && review.changes.is_empty() && review.equal == side.objects.len());
}

#[test]
fn a_password_in_the_values_is_in_no_report() {
    let side = |password: &str, note: &str| {
        let set = [format!("env.DB_PASSWORD={password}"), format!("podAnnotations.note={note}")];
        gateway("istio-ingressgateway", &[], &[&set[0], &set[1]])
    };
    let (old, new) = (side("hunter2-old", "a"), side("hunter3-new", "see hunter3-new"));
    let review = reviewed(&old, &new);
    let reviews = [review];
    for report in [
        report::terminal(&reviews, &terminal::Options { full: true, ..Default::default() }),
        report::markdown(&reviews, &report::markdown::Options::default()),
        report::html(&reviews, &report::html::Options::default()),
        report::json(&reviews),
    ] {
        assert!(!report.contains("hunter"), "{report}");
        assert!(report.contains("DB_PASSWORD") && report.contains("secret "), "{report}");
    }
}
