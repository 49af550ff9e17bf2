//! `torii new`: the fresh chart, in both languages, used as its author will.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{Pod, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::Ingress;
use serde::Deserialize;
use serde_json::Value;

const EVERY_OPTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/new_chart/every-option.yaml");

/// A folder to work in, with a chart `web` in Jinja in one folder and in Go templates in another.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        std::fs::create_dir(desk.path("jinja")).unwrap();
        std::fs::create_dir(desk.path("go")).unwrap();
        desk.prints(&["new", "jinja/web"]);
        desk.prints(&["new", "go/web", "--go"]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_torii")).args(args).current_dir(self.0.path()).output().unwrap()
    }

    /// What a run prints that must be fine.
    fn prints(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "torii {}\n{message}", args.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a run complains of that must fail.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "torii {}", args.join(" "));
        String::from_utf8(output.stderr).unwrap()
    }

    fn objects(&self, args: &[&str]) -> BTreeMap<String, Value> {
        objects(&self.prints(&[&["render"], args].concat()))
    }
}

/// The objects of a YAML stream, by kind and name.
fn objects(text: &str) -> BTreeMap<String, Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).expect(text));
    let named = documents.filter(|object| !object.is_null()).map(|object| {
        let text = |value: &Value| value.as_str().map_or(value.to_string(), String::from);
        (format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"])), object)
    });
    named.collect()
}

/// The names of files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|f| f.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn it_has_few_files() {
    let desk = Desk::new();
    let jinja = files(&desk.path("jinja/web"));
    assert_eq!(jinja.len(), 12, "{jinja:?}");
    // The same templates in Helm's language; by custom, its partials are in a .tpl file.
    let other = |name: &String| name.trim_end_matches(".j2").replace("_helpers", "_helpers.tpl");
    assert_eq!(files(&desk.path("go/web")), jinja.iter().map(other).collect::<Vec<_>>());
}

#[test]
fn it_reads_as_if_written_by_hand() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.prints(&["render", "shop", "jinja/web", "-n", "shop", "--notes"]));
}

/// All sets of values that the tests render with: the defaults, everything on, and single corners.
fn variants() -> Vec<Vec<&'static str>> {
    let sets: [&[&str]; 9] = [
        &[],
        &["-f", EVERY_OPTION],
        &["--set", "ingress.enabled=true"],
        &["--set", "service.type=LoadBalancer"],
        &["--set", "serviceAccount.create=false"],
        &["--set", "serviceAccount.create=false,serviceAccount.name=mine"],
        &["--set", "fullnameOverride=other,image.tag=1.2"],
        &["--set", "probes.liveness=,resources.limits=null"],
        &["--set", "podLabels.app\\.kubernetes\\.io/name=x,replicas=0"],
    ];
    sets.iter().map(|set| set.to_vec()).collect()
}

#[test]
fn both_languages_make_the_same_objects() {
    let desk = Desk::new();
    let long = "a-release-name-of-fifty-three-characters-which-is-all";
    for variant in variants() {
        for release in ["shop", "web", "the-web", long] {
            let of = |chart| [&[release, chart, "-n", "shop"], &variant[..]].concat();
            let (jinja, go) = (desk.objects(&of("jinja/web")), desk.objects(&of("go/web")));
            assert_eq!(jinja, go, "{release} {variant:?}");
            assert!(jinja.len() >= 3, "{release} {variant:?}");
        }
        let notes = |chart| {
            let text = desk.prints(&[&["render", "shop", chart, "--notes"], &variant[..]].concat());
            text.split_once("NOTES:").unwrap().1.trim().to_string()
        };
        assert_eq!(notes("jinja/web"), notes("go/web"), "{variant:?}");
    }
}

/// The object as its API type understands it, in which what it doesn't know is lost.
fn through_api_type(object: &Value) -> Value {
    fn through<T: serde::de::DeserializeOwned + serde::Serialize>(object: &Value) -> Value {
        let typed: T =
            serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{e} in\n{object:#}"));
        serde_json::to_value(typed).unwrap()
    }
    match (object["apiVersion"].as_str(), object["kind"].as_str()) {
        (Some("apps/v1"), Some("Deployment")) => through::<Deployment>(object),
        (Some("autoscaling/v2"), Some("HorizontalPodAutoscaler")) => {
            through::<HorizontalPodAutoscaler>(object)
        }
        (Some("networking.k8s.io/v1"), Some("Ingress")) => through::<Ingress>(object),
        (Some("v1"), Some("Pod")) => through::<Pod>(object),
        (Some("v1"), Some("Service")) => through::<Service>(object),
        (Some("v1"), Some("ServiceAccount")) => through::<ServiceAccount>(object),
        other => panic!("no API type for {other:?}"),
    }
}

#[test]
fn every_object_is_one_of_the_kubernetes_api() {
    let desk = Desk::new();
    for variant in variants() {
        for object in desk.objects(&[&["shop", "jinja/web"], &variant[..]].concat()).values() {
            assert_eq!(*object, through_api_type(object), "{variant:?}");
        }
    }
    let all = desk.objects(&["shop", "jinja/web", "-f", EVERY_OPTION]);
    let kinds: Vec<&str> = all.values().map(|o| o["kind"].as_str().unwrap()).collect();
    let every = ["Deployment", "HorizontalPodAutoscaler", "Ingress", "Pod", "Service", "ServiceAccount"];
    assert_eq!(kinds, every);
}

#[test]
fn objects_belong_together() {
    let desk = Desk::new();
    let objects = desk.objects(&["shop", "jinja/web", "-f", EVERY_OPTION]);
    let name = "shop-web";
    let template = &objects["Deployment shop-web"]["spec"]["template"];
    let (pods, selector) =
        (&template["metadata"]["labels"], &objects["Service shop-web"]["spec"]["selector"]);
    let selects = |labels: &Value| selector.as_object().unwrap().iter().all(|(k, v)| labels[k] == *v);
    assert!(selects(pods));
    assert!(!selects(&objects["Pod shop-web-test"]["metadata"]["labels"]), "the test would answer itself");
    assert_eq!(objects["Deployment shop-web"]["spec"]["selector"]["matchLabels"], *selector);
    assert_eq!(objects["HorizontalPodAutoscaler shop-web"]["spec"]["scaleTargetRef"]["name"], name);
    assert_eq!(template["spec"]["serviceAccountName"], "shop-web");
    let paths = &objects["Ingress shop-web"]["spec"]["rules"][0]["http"]["paths"][0];
    assert_eq!(paths["backend"]["service"]["name"], name);
    let ports = &objects["Service shop-web"]["spec"]["ports"][0];
    assert_eq!(ports["targetPort"], template["spec"]["containers"][0]["ports"][0]["name"]);
    assert!(objects["Deployment shop-web"]["spec"]["replicas"].is_null(), "the autoscaler decides");
}

#[test]
fn it_checks_clean() {
    let desk = Desk::new();
    for chart in ["jinja/web", "go/web"] {
        let told = desk.prints(&["check", chart, "--fail-on", "info"]);
        assert!(told.starts_with("no findings in 4 objects"), "{told}");
        // With every option, only what is in the cluster is missing.
        let all = [&["check", chart, "-f", EVERY_OPTION], &["--ignore", "K8S002", "--fail-on", "info"][..]]
            .concat();
        desk.prints(&all);
    }
}

#[test]
fn every_value_is_used_and_no_slip_goes_unnoticed() {
    let desk = Desk::new();
    for chart in ["jinja/web", "go/web"] {
        let unused = desk.prints(&["show", "values", chart, "--unused", "-f", EVERY_OPTION]);
        assert!(unused.starts_with("Every value that you set is used by some template."), "{unused}");
        for slip in ["servce.type=NodePort", "service.type=Nodeport", "replicas=two", "image.digest=sha256:1"]
        {
            let message = desk.fails(&["render", "shop", chart, "--set", slip]);
            assert!(message.contains("values don't meet the specifications"), "{slip}: {message}");
        }
    }
}

#[test]
fn it_can_be_explained_and_packed() {
    let desk = Desk::new();
    for (chart, file) in [("jinja/web", "templates/service.yaml.j2"), ("go/web", "templates/service.yaml")] {
        let told = desk.prints(&["explain", chart, "svc/release-name-web", "spec.type"]);
        assert!(told.contains(file) && told.contains("service.type"), "{told}");
        let saved = desk.prints(&["package", chart, "-d", "dist"]);
        assert!(saved.trim_end().ends_with("dist/web-0.1.0.tgz"), "{saved}");
        assert_eq!(desk.objects(&["shop", "dist/web-0.1.0.tgz"]), desk.objects(&["shop", chart]));
    }
}

#[test]
fn both_languages_render_under_any_name() {
    let desk = Desk::new();
    let long = "a".repeat(250);
    for (place, name) in ["1.0", "no", "My_App", "a.b", "0x1f", "-", long.as_str()].into_iter().enumerate() {
        let (jinja, go) = (format!("jinja/{name}"), format!("go/{name}"));
        desk.prints(&["new", &jinja]);
        desk.prints(&["new", &go, "--go"]);
        let told = desk.prints(&["show", "chart", &jinja]);
        let metadata: Value = serde_yaml::from_str(&told).unwrap();
        assert_eq!(metadata["name"], name, "{place}");
        // A release may be called as the chart; then its name is the name of the objects.
        let names = ["shop", name].into_iter().filter(|it| *it == "shop" || *it == "no" || *it == "1.0");
        for release in names {
            let objects = desk.objects(&[release, &jinja]);
            assert_eq!(objects, desk.objects(&[release, &go]), "{name}");
            assert!(objects.values().all(|object| object["metadata"]["name"].is_string()), "{name}");
        }
    }
}

#[test]
fn names_that_are_none_are_refused() {
    let desk = Desk::new();
    for (name, message) in [
        (".", "chart name must be between 1 and 250 characters"),
        ("jinja/..", "chart name must be between 1 and 250 characters"),
        ("a b", "chart name must match the regular expression \"^[a-zA-Z0-9._-]+$\""),
        ("gone/web", "making the folder \"gone/web\": no such file or directory"),
    ] {
        let told = desk.fails(&["new", name]);
        assert!(told.starts_with(&format!("Error: {message}")), "{told}");
    }
    let output = desk.run(&["new", "My_App"]);
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("Warning: Kubernetes takes no object called \"My_App\""), "{told}");
}

#[test]
fn what_is_there_is_left_alone() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("empty")).unwrap();
    std::fs::write(desk.path("file"), "mine").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", desk.path("link")).unwrap();
    let before = files(&desk.path(""));
    for place in ["empty", "file", "jinja/web", "jinja/web/"].into_iter().chain(cfg!(unix).then_some("link"))
    {
        let told = desk.fails(&["new", place]);
        assert!(told.contains("exists already"), "{place}: {told}");
    }
    assert_eq!(files(&desk.path("")), before);
    assert_eq!(std::fs::read_to_string(desk.path("file")).unwrap(), "mine");
}
