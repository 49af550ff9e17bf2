//! The rules of `check` against `istioctl analyze`: what it says of the inputs of its own tests, and where and why
//! Torii says something else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use torii::manifest::object::{self, Document, Object, Role};
use torii::manifest::split;
use torii::rules::object::{Scene, Surroundings, judge};
use torii::value::{Str, Value};
use torii::yaml;

/// An analyzer of istioctl, and for its messages the rules that say the same.
type Analyzer = (&'static str, &'static [(&'static [&'static str], &'static [&'static str])]);

const ANALYZERS: &[Analyzer] = &[
    (
        "gateway.IngressGatewayPortAnalyzer",
        &[(&["ReferencedResourceNotFound"], &["GW003"]), (&["GatewayPortNotDefinedOnService"], &["GW040"])],
    ),
    (
        "gateway.SecretAnalyzer",
        &[(&["ReferencedResourceNotFound", "InvalidGatewayCredential"], &["GW003", "GW089"])],
    ),
    ("gateway.CertificateAnalyzer", &[(&["GatewayDuplicateCertificate"], &["GW091"])]),
    ("gateway.ConflictingGatewayAnalyzer", &[(&["ConflictingGateways"], &["GW090"])]),
    (
        "injection.Analyzer",
        &[
            (&["NamespaceMultipleInjectionLabels"], &["GW028"]),
            (&["NamespaceNotInjected", "NamespaceInjectionEnabledByDefault", "PodMissingProxy"], &[]),
        ],
    ),
    (
        "injection.ImageAutoAnalyzer",
        &[
            (&["ImageAutoWithoutInjectionWarning"], &["GW020", "GW021", "GW029"]),
            (&["ImageAutoWithoutInjectionError"], &["GW026"]),
        ],
    ),
    ("injection.ImageAnalyzer", &[(&["PodsIstioProxyImageMismatchInNamespace"], &[])]),
    (
        "annotations.K8sAnalyzer",
        &[(
            &["UnknownAnnotation", "InvalidAnnotation", "MisplacedAnnotation", "DeprecatedAnnotation"],
            &["GW030"],
        )],
    ),
    ("deployment.ApplicationUIDAnalyzer", &[(&["InvalidApplicationUID"], &["GW093"])]),
    (
        "deployment.ServiceAssociationAnalyzer",
        &[(&["DeploymentAssociatedToMultipleServices", "DeploymentConflictingPorts"], &["GW012"])],
    ),
    (
        "service.PortNameAnalyzer",
        &[(&["PortNameIsNotUnderNamingConvention", "ExternalNameServiceTypeInvalidPortName"], &["GW047"])],
    ),
    (
        "virtualservice.GatewayAnalyzer",
        &[(
            &[
                "ReferencedResourceNotFound",
                "VirtualServiceHostNotFoundInGateway",
                "ReferencedInternalGateway",
            ],
            &["GW092"],
        )],
    ),
    ("webhook.Analyzer", &[(&["InvalidWebhook"], &["GW031", "K8S006"])]),
    ("k8sgateway.SelectorAnalyzer", &[(&["IneffectiveSelector"], &["GW094"])]),
    ("k8sgateway.CRDVersionAnalyzer", &[(&["GatewayAPICRDVersionBelowMinimum"], &["GW095"])]),
];

/// Who says something that the other doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Istioctl,
    Torii,
}
use By::{Istioctl, Torii};

/// Where the two differ: the case, who says it, of which object, and why. `docs/rules/istioctl.md` says the same.
const DIFFERENCES: &[(&str, By, &str, &str)] = &[
    ("Detect-image-auto-in-non-injected-pods", Torii, "Pod default/injected-pod", AUTO),
    ("injectionImageDistroless", Istioctl, "Namespace enabled-namespace", IMAGES),
    ("istioInjection", Istioctl, "Namespace bar", OUTSIDE),
    ("istioInjection", Istioctl, "Pod default/noninjectedpod", NOT_YET),
    ("istioInjectionEnableNamespacesByDefault", Istioctl, "Namespace bar", OUTSIDE),
    ("istioInjectionEnableNamespacesByDefault", Istioctl, "Pod default/noninjectedpod", NOT_YET),
    ("istioInjectionProxyImageMismatch", Istioctl, "Namespace enabled-namespace", IMAGES),
    ("istioInjectionProxyImageMismatch", Istioctl, "Namespace enabled-namespace-native", IMAGES),
    ("istioInjectionProxyImageMismatchAbsolute", Istioctl, "Namespace enabled-namespace", IMAGES),
    ("istioInjectionProxyImageMismatchAbsolute", Istioctl, "Namespace enabled-namespace-native", IMAGES),
    ("istioInjectionProxyImageMismatchWithRevisionCanary", Istioctl, "Namespace enabled-namespace", IMAGES),
    (
        "istioInjectionProxyImageMismatchWithRevisionCanary",
        Istioctl,
        "Namespace enabled-namespace-native",
        IMAGES,
    ),
    ("istioInjectionProxyImageMismatchWithRevisionCanary", Istioctl, "Namespace revision-namespace", IMAGES),
    ("misannoted", Torii, "Ingress gateway", INGRESSES),
    ("virtualServiceGateways", Istioctl, "VirtualService httpbin-bogus", TWICE),
];

const IMAGES: &str = "Running Pods only: it compares the proxies of Pods with the injector's. What is rendered has not been injected yet.";
const OUTSIDE: &str = "A namespace outside of the mesh is no mistake: most are. Rules look at what asks for injection and gets none.";
const NOT_YET: &str =
    "Every Pod that is rendered lacks its proxy: the webhook puts it in when the cluster makes the Pod.";
const AUTO: &str = "The Pod asks for nothing, and its namespace is not known: GW020 says so beside GW026.";
const INGRESSES: &str = "istioctl looks at the annotations of Namespaces, Services, Pods and Deployments alone, and passes over Ingresses.";
const TWICE: &str = "Of a Gateway that isn't there, istioctl says both that it is missing and that it has none of the hosts; once is enough.";

/// What istioctl takes to be in the cluster when it looks at files: the default gateway.
const DEFAULT_GATEWAY: &str = "
apiVersion: v1
kind: Pod
metadata: {name: istio-ingressgateway, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: 'proxyv2:1'}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports:
  - {name: http2, port: 80}
  - {name: https, port: 443}
  - {name: tcp, port: 31400}
  - {name: tls, port: 15443}
";

fn shared() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/istio/analyze");
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("TORII_REQUIRE_CONFORMANCE").is_none(), "{} is missing", path.display());
    println!("skipped: {} is not here", path.display());
    None
}

fn objects(text: &str) -> Vec<Arc<Object>> {
    let (source, whole): (Arc<str>, Str) = ("input.yaml".into(), text.into());
    let mut objects = Vec::new();
    for range in split::split(text.as_bytes()) {
        let document =
            Document { source: &source, text: (&whole, range), role: Role::Object, namespace: "default" };
        // Some inputs hold the mesh's configuration, too, which is no object.
        if let Err(e) = object::read(&document, &mut objects) {
            assert!(e.message().contains("it has no kind"), "{}", e.message());
        }
    }
    objects.into_iter().map(Arc::new).collect()
}

/// An object as istioctl names it: with its namespace, if it says one.
fn name(object: &Object) -> String {
    let namespace = object.str_at(&["metadata", "namespace"]).map(|it| format!("{it}/")).unwrap_or_default();
    format!("{} {namespace}{}", object.id.kind, object.id.name)
}

fn field(value: &Value, key: &str) -> String {
    value
        .as_map()
        .and_then(|map| map.get(key))
        .and_then(|it| it.as_str().map(str::to_string))
        .unwrap_or_default()
}

/// How often each object is spoken of.
type Counts = BTreeMap<String, usize>;

fn counts(names: impl Iterator<Item = String>) -> Counts {
    let mut counts = Counts::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

/// Where istioctl and Torii differ in one case.
fn differences(folder: &Path) -> Vec<(By, String)> {
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let about = text("about.txt");
    let analyzer = ANALYZERS.iter().find(|(name, _)| about.contains(&format!("analyzer {name} alone")));
    let (_, groups) = analyzer.unwrap_or_else(|| panic!("no analyzer is known for {}", folder.display()));
    let expected = yaml::decode(text("expected.yaml").as_bytes()).unwrap();
    let messages = expected.as_map().unwrap().get("messages");
    let messages = match messages {
        Some(Value::List(list)) => list.items(),
        _ => Vec::new(),
    };
    let around = Surroundings {
        cluster: objects(DEFAULT_GATEWAY),
        revisions: vec!["default".into()],
        now: Some(1_798_761_600),
        ..Surroundings::default()
    };
    let (found, warnings) = judge(&Scene::new(objects(&text("input.yaml")), around));
    assert!(warnings.is_empty(), "{warnings:?}");
    let types: Vec<&str> = groups.iter().flat_map(|(types, _)| types.iter().copied()).collect();
    for message in &messages {
        assert!(types.contains(&field(message, "type").as_str()), "{} is not mapped", field(message, "type"));
    }
    let mut differences = Vec::new();
    for (types, rules) in *groups {
        let of_type = messages.iter().filter(|message| types.contains(&field(message, "type").as_str()));
        let theirs = counts(of_type.map(|message| field(message, "resource")));
        let ours = found.iter().filter(|finding| rules.contains(&finding.rule.id));
        let ours = counts(ours.map(|finding| name(&finding.object)));
        for name in theirs.keys().chain(ours.keys()) {
            let of = |counts: &Counts| counts.get(name).copied().unwrap_or_default();
            let more = of(&theirs).saturating_sub(of(&ours));
            differences.extend(std::iter::repeat_n((Istioctl, name.clone()), more));
            let more = of(&ours).saturating_sub(of(&theirs));
            differences.extend(std::iter::repeat_n((Torii, name.clone()), more));
        }
    }
    differences.sort();
    differences.dedup();
    differences
}

#[test]
fn check_says_what_istioctl_analyze_says_but_where_that_is_wrong_of_what_is_rendered() {
    let Some(folder) = shared() else { return };
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 40, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let mut listed: Vec<(By, String)> = DIFFERENCES
            .iter()
            .filter(|(of, ..)| *of == name)
            .map(|(_, by, object, _)| (*by, (*object).to_string()))
            .collect();
        listed.sort();
        let found = differences(case);
        wrong.extend(
            found.iter().filter(|it| !listed.contains(it)).map(|it| format!("{name}: not listed: {it:?}")),
        );
        wrong.extend(
            listed.iter().filter(|it| !found.contains(it)).map(|it| format!("{name}: no more: {it:?}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_difference_from_istioctl_is_explained_in_the_documents() {
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules/istioctl.md")).unwrap();
    for (case, _, object, why) in DIFFERENCES {
        assert!(
            document.contains(&format!("- {why}\n")),
            "{case}, {object}: docs/rules/istioctl.md doesn't say: {why}"
        );
    }
    for (types, rules) in ANALYZERS.iter().flat_map(|(_, groups)| groups.iter()) {
        for word in types.iter().chain(rules.iter()) {
            assert!(document.contains(word), "docs/rules/istioctl.md doesn't speak of {word}");
        }
    }
}
