//! Kubernetes objects as istioctl reads and prints them (`istio operator/pkg/manifest/manifest.go`,
//! `istio pkg/test/util/yml/parts.go`).

use crate::diagnostic::{Error, Result};
use crate::json::{self, Escape};
use crate::manifest::split::trim;
use crate::value::{Map, Value};
use crate::yaml;

/// An object that was rendered.
#[derive(Clone, Debug)]
pub struct Object {
    /// All of it.
    pub content: Map,
    /// The template that made it, if one did.
    pub source: String,
}

impl Object {
    /// Reads one document. Whole numbers stay what they are.
    ///
    /// # Errors
    /// When it is no YAML, or no object: one has a kind. A document of nothing gives none.
    pub(super) fn read(text: &[u8], source: &str) -> Result<Option<Object>> {
        let value = yaml::decode_with_integers(text).map_err(|e| Error::new(e.message))?;
        match value {
            Value::Null => Ok(None),
            value => Object::of(value, source),
        }
    }

    /// Takes a value for an object.
    ///
    /// # Errors
    /// When it is none. An object whose API version is none has no kind, and is left out.
    pub(super) fn of(value: Value, source: &str) -> Result<Option<Object>> {
        let wrong = |message: String| {
            Err(Error::new(format!("error unmarshaling JSON: while decoding JSON: {message}")))
        };
        let Value::Map(content) = &value else {
            return wrong(json::mismatch(&value, None, "map[string]interface {}").message);
        };
        let object = Object { content: content.clone(), source: source.to_string() };
        if object.text("kind").is_empty() {
            let shown = json::encode(&value, Escape::Html).unwrap_or_default();
            return wrong(format!("Object 'Kind' is missing in '{shown}'"));
        }
        Ok((object.text("apiVersion").matches('/').count() < 2).then_some(object))
    }

    fn text(&self, key: &str) -> String {
        super::tree::get_text(&self.content, key)
    }

    /// Its kind.
    pub fn kind(&self) -> String {
        self.text("kind")
    }

    /// The group of its API; empty for the core.
    pub fn group(&self) -> String {
        self.text("apiVersion").split_once('/').map(|(group, _)| group.to_string()).unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.text("metadata.name")
    }

    /// Its namespace; empty if it names none.
    pub fn namespace(&self) -> String {
        self.text("metadata.namespace")
    }

    /// The object as YAML, keys sorted.
    ///
    /// # Errors
    /// When it holds what YAML can't say.
    pub fn to_yaml(&self) -> Result<String> {
        yaml::to_yaml(&Value::Map(self.content.clone())).map_err(|e| Error::new(e.to_string()))
    }
}

/// The documents of a text: what lies between lines that begin with `---`, even within a block of text.
pub(super) fn documents(text: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let (mut start, mut line) = (0, 0);
    while line < text.len() {
        let rest = text.get(line..).unwrap_or_default();
        // Only whole lines part documents: the last one without its end belongs to what it ends.
        let Some(length) = rest.iter().position(|b| *b == b'\n') else { break };
        if rest.starts_with(b"---") {
            found.push(text.get(start..line).unwrap_or_default());
            start = line + length + 1;
        }
        line += length + 1;
    }
    found.push(text.get(start..).unwrap_or_default());
    found.into_iter().map(trim).filter(|document| !document.is_empty()).collect()
}

/// Brings objects into the order in which istioctl prints them (`istio operator/cmd/mesh/manifest-generate.go`).
pub(super) fn sort(objects: &mut [Object]) {
    objects.sort_by_cached_key(|object| {
        let (group, kind) = (object.group(), object.kind());
        (rank(&group, &kind), group, kind, object.name())
    });
}

fn rank(group: &str, kind: &str) -> i32 {
    match (group, kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => -1000,
        ("", "ServiceAccount") | ("rbac.authorization.k8s.io", "ClusterRole") => 1,
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => 2,
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") => 3,
        ("", "ConfigMap") => 100,
        ("autoscaling", "HorizontalPodAutoscaler") => 1001,
        ("", "Service") => 10000,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_dashes_part_documents_wherever_they_stand() {
        let parts = documents(b"# head\n---\na: 1\n--- # x\nb: |\n  x\n---\n\n---");
        let parts: Vec<_> = parts.into_iter().map(String::from_utf8_lossy).collect();
        assert_eq!(parts, ["# head", "a: 1", "b: |\n  x", "---"]);
        assert!(documents(b" \n").is_empty());
    }

    #[test]
    fn an_object_has_a_kind() {
        assert!(Object::read(b"# nothing", "").unwrap().is_none());
        let error = Object::read(b"a: <b>", "").unwrap_err();
        assert_eq!(
            error.message(),
            "error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in '{\"a\":\"\\u003cb\\u003e\"}'"
        );
        assert!(Object::read(b"[1]", "").unwrap_err().message().ends_with("type map[string]interface {}"));
    }
}
