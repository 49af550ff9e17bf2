//! A review as an upgrade of a gateway chart gives it, made by hand: what tests of reports print.

use std::sync::Arc;

use torii::compare::{FieldChange, Path, Same, Step};
use torii::diff::{
    Cause, CauseKind, Exact, FieldReview, Fold, FoldKind, Ignored, ObjectReview, Review, SideSummary,
    ValueChange, ValueChangeKind, ValueFinding, ValueFindingKind, ValuesReview, Verdict,
};
use torii::manifest::object::{Document, Identity, Object, Role, read};
use torii::rules::change::{Effect, Impact};
use torii::value::{Str, Value};
use torii::yaml;

/// The objects of a text of YAML documents, in the namespace `edge`.
pub fn objects(text: &str, source: &str) -> Vec<Arc<Object>> {
    let source: Arc<str> = source.into();
    let mut objects = Vec::new();
    for part in text.split("---\n") {
        let text = Str::from(part);
        let range = 0..text.len();
        let document =
            Document { source: &source, text: (&text, range), role: Role::Object, namespace: "edge" };
        read(&document, &mut objects).expect("the sample is valid");
    }
    objects.into_iter().map(Arc::new).collect()
}

pub fn object(text: &str, source: &str) -> Arc<Object> {
    objects(text, source).remove(0)
}

pub fn value(text: &str) -> Value {
    yaml::decode_with_integers(text.as_bytes()).expect("the sample is valid")
}

/// A path of keys; `name=x` is a list's item by its key, a number its index.
pub fn path(steps: &[&str]) -> Path {
    let step = |step: &&str| match step.parse::<usize>() {
        Ok(index) => Step::Index { old: Some(index), new: Some(index) },
        Err(_) if step.contains('=') => Step::Item { key: step.to_string(), old: Some(0), new: Some(0) },
        Err(_) => Step::Key(Str::from(*step)),
    };
    Path(steps.iter().map(step).collect())
}

pub fn cause(kind: CauseKind, what: &str, old: &str, new: &str) -> Cause {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    Cause { kind, what: some(what), old_place: some(old), new_place: some(new) }
}

pub fn field(steps: &[&str], old: Option<Value>, new: Option<Value>, causes: Vec<Cause>) -> FieldReview {
    let change = FieldChange { path: path(steps), old, new, same: None, notes: Vec::new() };
    FieldReview { change, secret: false, volatile: false, causes }
}

pub fn text_field(steps: &[&str], old: &str, new: &str, causes: Vec<Cause>) -> FieldReview {
    field(steps, Some(value(old)), Some(value(new)), causes)
}

fn impact(rule: &'static str, effect: Effect, object: &Object, steps: &[&str], message: &str) -> Impact {
    let field = (!steps.is_empty()).then(|| path(steps));
    Impact { rule, effect, object: object.id.clone(), field, message: message.into() }
}

pub fn change(old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) -> ObjectReview {
    let (old, new) = (old.cloned(), new.cloned());
    let id = new.as_ref().or(old.as_ref()).expect("one side at least").id.clone();
    ObjectReview {
        id,
        renamed_from: None,
        old,
        new,
        fields: Vec::new(),
        folded: 0,
        fallback: None,
        impacts: Vec::new(),
        causes: Vec::new(),
    }
}

const OLD: &str = include_str!("sample_old.yaml");
const NEW: &str = include_str!("sample_new.yaml");

/// An upgrade of the gateway from 1.29.0 to 1.30.0, with values that changed at the same time.
pub fn review() -> Review {
    use CauseKind::{ChartVersion, Defaults, Template, Values};
    let old = objects(OLD, "gateway/templates/all.yaml");
    let new = objects(NEW, "gateway/templates/all.yaml");
    let find = |objects: &[Arc<Object>], name: &str| {
        objects.iter().find(|o| o.id.to_string() == name).expect("an object of the sample").clone()
    };
    let pair = |name: &str| (find(&old, name), find(&new, name));

    let (old_deployment, new_deployment) = pair("Deployment/gateway");
    let container = ["spec", "template", "spec", "containers", "name=istio-proxy"];
    let in_container = |last: &'static str| [&container[..], &[last]].concat();
    let tag = || vec![cause(Values, "image.tag", "values-prod.yaml:12", "values-prod.yaml:14")];
    let mut cpu = text_field(
        &[&in_container("resources")[..], &["limits", "cpu"]].concat(),
        "500m",
        "'0.5'",
        vec![cause(Template, "gateway/templates/deployment.yaml", "", "")],
    );
    cpu.change.same = Some(Same::Quantity);
    let deployment = ObjectReview {
        fields: vec![
            text_field(
                &in_container("image"),
                "registry.example.com/istio/proxyv2:1.29.0",
                "registry.example.com/istio/proxyv2:1.30.0",
                tag(),
            ),
            field(
                &[&in_container("env")[..], &["name=ISTIO_META_DNS_CAPTURE"]].concat(),
                None,
                Some(value("{name: ISTIO_META_DNS_CAPTURE, value: 'true'}")),
                vec![cause(
                    Template,
                    "gateway/templates/deployment.yaml",
                    "",
                    "gateway/templates/deployment.yaml:48",
                )],
            ),
            cpu,
            text_field(
                &["spec", "template", "spec", "terminationGracePeriodSeconds"],
                "30",
                "60",
                vec![cause(
                    Defaults,
                    "terminationGracePeriodSeconds",
                    "charts/gateway/values.yaml:41",
                    "charts/gateway/values.yaml:44",
                )],
            ),
        ],
        folded: 3,
        impacts: vec![
            impact(
                "pod-template-changed",
                Effect::Restart,
                &new_deployment,
                &in_container("image"),
                "restarts pods: rolling, because the image changes",
            ),
            impact(
                "selector-traffic",
                Effect::Other,
                &new_deployment,
                &["spec", "template", "spec", "terminationGracePeriodSeconds"],
                "pods get 60 s instead of 30 s to finish their connections",
            ),
        ],
        ..change(Some(&old_deployment), Some(&new_deployment))
    };

    let (old_service, new_service) = pair("Service/gateway");
    let service = ObjectReview {
        fields: vec![
            text_field(
                &["spec", "externalTrafficPolicy"],
                "Cluster",
                "Local",
                vec![cause(
                    Values,
                    "service.externalTrafficPolicy",
                    "charts/gateway/values.yaml:88",
                    "values-prod.yaml:21",
                )],
            ),
            field(
                &["spec", "ports", "port=15443,protocol=TCP"],
                Some(value("{name: tls, port: 15443, protocol: TCP, targetPort: 15443}")),
                None,
                vec![cause(Values, "service.ports", "values-prod.yaml:25", "values-prod.yaml:22")],
            ),
        ],
        folded: 1,
        impacts: vec![
            impact(
                "service-port-removed",
                Effect::Traffic,
                &new_service,
                &["spec", "ports", "port=15443,protocol=TCP"],
                "changes traffic: port 15443 is no longer served",
            ),
            impact(
                "service-traffic-policy",
                Effect::Traffic,
                &new_service,
                &["spec", "externalTrafficPolicy"],
                "changes traffic: only nodes with a pod answer, and clients' addresses are kept",
            ),
        ],
        ..change(Some(&old_service), Some(&new_service))
    };

    let (old_map, new_map) = pair("ConfigMap/gateway-bootstrap");
    let at = |o: &Arc<Object>| o.at(&["data", "bootstrap.yaml"]);
    let config_map = ObjectReview {
        fields: vec![field(
            &["data", "bootstrap.yaml"],
            at(&old_map),
            at(&new_map),
            vec![cause(Template, "gateway/files/bootstrap.yaml", "", "")],
        )],
        impacts: vec![impact(
            "config-map-restart",
            Effect::Restart,
            &new_map,
            &[],
            "restarts pods of Deployment/gateway, whose checksum/config follows it",
        )],
        ..change(Some(&old_map), Some(&new_map))
    };

    let (old_secret, new_secret) = pair("Secret/gateway-token");
    let mut hidden =
        field(&["data", "token"], Some(value("'hidden #3f9a'")), Some(value("'hidden #b01c'")), tag());
    hidden.secret = true;
    let mut expiry = field(
        &["data", "tls.crt"],
        Some(value("'hidden #77aa'")),
        Some(value("'hidden #0c1d'")),
        vec![cause(CauseKind::Volatile, "genSignedCert", "", "")],
    );
    expiry.secret = true;
    expiry.volatile = true;
    expiry.change.notes = vec!["certificate of gateway.edge.svc expires 2026-11-24 → 2027-11-24".into()];
    let secret = ObjectReview {
        fields: vec![hidden, expiry],
        impacts: vec![impact(
            "secret-in-env",
            Effect::Restart,
            &new_secret,
            &["data", "token"],
            "running pods keep the old token until they restart",
        )],
        ..change(Some(&old_secret), Some(&new_secret))
    };

    let (old_role, new_role) = pair("Role/gateway");
    let role = ObjectReview {
        fields: vec![text_field(
            &["rules", "0", "verbs"],
            "[get, watch, list]",
            "[get, watch, list, update]",
            vec![cause(
                Template,
                "gateway/templates/role.yaml",
                "gateway/templates/role.yaml:14",
                "gateway/templates/role.yaml:14",
            )],
        )],
        folded: 1,
        impacts: vec![impact(
            "rbac-widened",
            Effect::Privilege,
            &new_role,
            &["rules", "0", "verbs"],
            "widens RBAC: may also update secrets",
        )],
        ..change(Some(&old_role), Some(&new_role))
    };

    let policy = find(&new, "NetworkPolicy/gateway");
    let added = ObjectReview {
        impacts: vec![impact(
            "network-policy-added",
            Effect::Traffic,
            &policy,
            &[],
            "changes traffic: pods of the gateway accept only ports 80, 443 and 15021",
        )],
        causes: vec![cause(
            Values,
            "networkPolicy.enabled",
            "charts/gateway/values.yaml:131",
            "values-prod.yaml:31",
        )],
        ..change(None, Some(&policy))
    };

    let job = find(&old, "PodDisruptionBudget/gateway");
    let removed = ObjectReview {
        impacts: vec![impact(
            "object-deleted",
            Effect::Delete,
            &job,
            &[],
            "deletes the disruption budget: nodes may drain all pods at once",
        )],
        causes: vec![cause(
            ChartVersion,
            "version",
            "main:charts/gateway/Chart.yaml:5",
            "charts/gateway/Chart.yaml:5",
        )],
        ..change(Some(&job), None)
    };

    let changed =
        |path: &str, kind, old: Option<&str>, new: Option<&str>, old_place: &str, new_place: &str| {
            let place = |text: &str| (!text.is_empty()).then(|| text.to_string());
            ValueChange {
                path: path.into(),
                kind,
                old: old.map(value),
                new: new.map(value),
                old_place: place(old_place),
                new_place: place(new_place),
                moved: (kind == ValueChangeKind::Removed).then(|| "disruption.minAvailable".to_string()),
            }
        };
    use ValueChangeKind::{Added, Changed, Removed, Retyped};
    let defaults = "charts/gateway/values.yaml";
    let values = ValuesReview {
        defaults: vec![
            changed("networkPolicy.enabled", Added, None, Some("false"), "", &format!("{defaults}:131")),
            changed(
                "terminationGracePeriodSeconds",
                Changed,
                Some("30"),
                Some("60"),
                &format!("{defaults}:41"),
                &format!("{defaults}:44"),
            ),
            changed(
                "unprivilegedPort",
                Retyped,
                Some("''"),
                Some("null"),
                &format!("{defaults}:70"),
                &format!("{defaults}:73"),
            ),
            changed(
                "podDisruptionBudget.minAvailable",
                Removed,
                Some("1"),
                None,
                &format!("{defaults}:52"),
                "",
            ),
        ],
        user: vec![
            changed(
                "image.tag",
                Changed,
                Some("1.29.0"),
                Some("1.30.0"),
                "values-prod.yaml:12",
                "values-prod.yaml:14",
            ),
            changed("service.externalTrafficPolicy", Added, None, Some("Local"), "", "values-prod.yaml:21"),
            changed("networkPolicy.enabled", Added, None, Some("true"), "", "values-prod.yaml:31"),
        ],
        findings: vec![
            ValueFinding {
                path: "podDisruptionBudget.minAvailable".into(),
                kind: ValueFindingKind::MatchesNothing,
                message: "podDisruptionBudget.minAvailable is no value of gateway 1.30.0".into(),
                place: Some("values-prod.yaml:40".into()),
            },
            ValueFinding {
                path: "autoscaling.maxReplicas".into(),
                kind: ValueFindingKind::EqualsDefault,
                message: "autoscaling.maxReplicas is 5 by default already".into(),
                place: Some("values-prod.yaml:8".into()),
            },
        ],
    };

    let all: Vec<Identity> = new.iter().map(|o| o.id.clone()).collect();
    let labels = |label: &str| path(&["metadata", "labels", label]);
    let folds = vec![
        Fold {
            message: "helm.sh/chart gateway-1.29.0 → gateway-1.30.0".into(),
            kind: FoldKind::ChartLabel,
            paths: vec![labels("helm.sh/chart")],
            objects: all.clone(),
            only: 2,
        },
        Fold {
            message: "checksum/config follows ConfigMap/gateway-bootstrap".into(),
            kind: FoldKind::Checksum,
            paths: vec![path(&["spec", "template", "metadata", "annotations", "checksum/config"])],
            objects: vec![new_deployment.id.clone()],
            only: 0,
        },
    ];
    let mut changes = vec![added, role, secret, config_map, service, deployment, removed];
    changes.sort_by_key(|object| object.new.is_none());
    let exact = |object: &ObjectReview| Exact {
        id: object.id.clone(),
        old: object.old.clone(),
        new: object.new.clone(),
        secret: object.fields.iter().any(|field| field.secret),
    };
    Review {
        title: None,
        old: SideSummary {
            name: "main:charts/gateway".into(),
            chart: Some("gateway 1.29.0".into()),
            app_version: Some("1.29.0".into()),
            objects: old.len(),
        },
        new: SideSummary {
            name: "charts/gateway".into(),
            chart: Some("gateway 1.30.0".into()),
            app_version: Some("1.30.0".into()),
            objects: new.len(),
        },
        verdict: Verdict {
            effect: Some(Effect::Delete),
            line: "deletes PodDisruptionBudget/gateway; widens RBAC; changes traffic; restarts pods: rolling (Deployment/gateway)".into(),
            counts: [(Effect::Delete, 1), (Effect::Privilege, 1), (Effect::Traffic, 3), (Effect::Restart, 3), (Effect::Other, 1)].into(),
        },
        values,
        exact: changes.iter().map(exact).collect(),
        changes,
        folds,
        equal: 1,
        same: 1,
        ignored: vec![Ignored { rule: "HorizontalPodAutoscaler/*: /spec/metrics".into(), objects: 0, fields: 1 }],
        warnings: vec!["Secret/gateway-token holds a certificate that each render makes anew: --seed keeps it".into()],
    }
}
