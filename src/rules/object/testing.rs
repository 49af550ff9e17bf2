//! For tests: the fixtures of rules in `fixtures/rules`, and what the rules find in them.
//!
//! A rule's fixture is `GW001.yaml`: lists `hit` and `miss` of cases that the rule finds something in, and that it
//! passes over. A case has a `title`, the `objects` as a text of YAML, and if need be what is `with` them in the
//! cluster, the `kubernetes` version, and the `revisions` that are known.

use std::sync::Arc;

use super::{Finding, Scene, Surroundings, judge};
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::{hook, split};
use crate::rules::read;
use crate::value::{Str, Value};
use crate::yaml;

/// The folder of the fixtures.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rules");

/// The time at which the fixtures are judged: 2027-01-01.
const NOW: u64 = 1_798_761_600;

/// The cases of a rule.
pub struct Fixture {
    /// Those that it finds something in.
    pub hits: Vec<Case>,
    /// Those that it passes over.
    pub misses: Vec<Case>,
}

/// Objects, and what is around them.
pub struct Case {
    /// What it shows.
    pub title: String,
    /// The objects, as YAML.
    pub objects: String,
    /// What is in the cluster, as YAML; empty if nothing is.
    pub with: String,
    /// The minor version of Kubernetes 1.
    pub kubernetes: u32,
    /// The known revisions.
    pub revisions: Vec<String>,
}

impl Fixture {
    /// The fixture of a rule.
    pub fn read(id: &str) -> Option<Fixture> {
        let text = std::fs::read(format!("{FOLDER}/{id}.yaml")).ok()?;
        let file = yaml::decode_with_integers(&text).unwrap_or_else(|e| panic!("{id}.yaml: {}", e.message));
        for (key, _) in read::entries(&file, "") {
            assert!(["hit", "miss"].contains(&key.as_str()), "{id}.yaml has a key {key}");
        }
        let cases = |key| read::items(&file, key).iter().map(|case| Case::read(id, case)).collect();
        Some(Fixture { hits: cases("hit"), misses: cases("miss") })
    }
}

impl Case {
    fn read(id: &str, value: &Value) -> Case {
        for (key, _) in read::entries(value, "") {
            let known = ["title", "objects", "with", "kubernetes", "revisions"].contains(&key.as_str());
            assert!(known, "a case of {id}.yaml has a key {key}");
        }
        let text = |key| read::text(value, key).unwrap_or_default();
        let minor = text("kubernetes").strip_prefix("1.").and_then(|minor| minor.parse().ok());
        Case {
            title: text("title"),
            objects: text("objects"),
            with: text("with"),
            kubernetes: minor.unwrap_or(36),
            revisions: read::texts(value, "revisions"),
        }
    }

    /// What a rule finds in it.
    pub fn found(&self, id: &str) -> Vec<Finding> {
        let around = Surroundings {
            cluster: objects("cluster.yaml", &self.with),
            kubernetes: self.kubernetes,
            revisions: self.revisions.clone(),
            now: Some(NOW),
        };
        let (found, warnings) = judge(&Scene::new(objects("objects.yaml", &self.objects), around));
        assert!(warnings.is_empty(), "{warnings:?}");
        found.into_iter().filter(|finding| finding.rule.id == id).collect()
    }
}

/// A finding in a line: `error Service/web spec.selector: selects no pods`.
pub fn line(finding: &Finding) -> String {
    let field = finding.field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
    format!("{} {}{field}: {}", finding.severity, finding.object.id, finding.message)
}

/// The objects of a text, in the namespace `edge`.
pub fn objects(file: &str, text: &str) -> Vec<Arc<Object>> {
    let mut objects = Vec::new();
    let (source, whole): (Arc<str>, Str) = (file.into(), text.into());
    for range in split::split(text.as_bytes()) {
        let document =
            Document { source: &source, text: (&whole, range), role: Role::Object, namespace: "edge" };
        object::read(&document, &mut objects).unwrap_or_else(|e| panic!("{}:\n{text}", e.message()));
    }
    for object in &mut objects {
        if read::annotation(&object.value, hook::ANNOTATION).is_some() {
            object.role = Role::Hook;
        }
    }
    objects.into_iter().map(Arc::new).collect()
}
