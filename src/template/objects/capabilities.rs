//! `.Capabilities`: what the cluster can do, as far as a render without a cluster knows
//! (`helm pkg/chart/common/capabilities.go`).

use std::any::Any;
use std::sync::Arc;

use crate::value::print::quote;
use crate::value::{Elem, Kind, List, Map, Object, ObjectError, Value};

/// The version of Helm that Torii renders like.
pub const HELM_VERSION: &str = "v4.2.4";

/// The Go type of `.Capabilities.APIVersions`; its method is `Has`.
pub const VERSION_SET: Elem = Elem::Other("common.VersionSet");

/// The API versions that Helm 4.2.4 knows without a cluster: those of client-go 0.36's scheme, in its order of
/// preference, and the two of CustomResourceDefinition.
pub const DEFAULT_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha2",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// `.Capabilities.APIVersions` of these versions.
pub fn api_versions<S: AsRef<str>>(versions: impl IntoIterator<Item = S>) -> Value {
    let items = versions.into_iter().map(|v| Value::from(v.as_ref())).collect();
    Value::List(List::new(VERSION_SET, items))
}

/// What the cluster can do.
#[derive(Clone, Debug)]
pub struct Capabilities {
    kube_version: Arc<KubeVersion>,
    api_versions: Value,
}

impl Capabilities {
    /// The capabilities of a cluster of this version which has, beside the default API versions, these further
    /// ones (`--api-versions`).
    pub fn new<S: AsRef<str>>(
        kube_version: KubeVersion,
        further: impl IntoIterator<Item = S>,
    ) -> Capabilities {
        let further: Vec<S> = further.into_iter().collect();
        let all = DEFAULT_API_VERSIONS.iter().copied().chain(further.iter().map(AsRef::as_ref));
        Capabilities { kube_version: Arc::new(kube_version), api_versions: api_versions(all) }
    }

    /// The capabilities as the value that templates see.
    pub fn into_value(self) -> Value {
        Value::Object(Arc::new(self))
    }

    /// The version of Kubernetes.
    pub fn kube_version(&self) -> &KubeVersion {
        &self.kube_version
    }

    fn helm_version() -> Value {
        Value::Object(Arc::new(HelmVersion))
    }
}

impl Default for Capabilities {
    fn default() -> Capabilities {
        Capabilities::new(KubeVersion::default(), [""; 0])
    }
}

impl Object for Capabilities {
    fn type_name(&self) -> &str {
        "*common.Capabilities"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(Value::Object(self.kube_version.clone())),
            "APIVersions" => Some(self.api_versions.clone()),
            "HelmVersion" => Some(Capabilities::helm_version()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<String> {
        ["KubeVersion", "APIVersions", "HelmVersion"].map(String::from).to_vec()
    }

    fn has_method(&self, name: &str) -> bool {
        name == "Copy"
    }

    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, ObjectError> {
        match name {
            "Copy" => Ok(self.clone().into_value()),
            _ => Err(ObjectError(format!("capabilities have no method {name}"))),
        }
    }

    fn method_params(&self, _name: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        let limits = crate::limits::Limits::default();
        crate::value::print::sprint_value(&limits, &Value::Object(Arc::new(self.clone())))
            .map_or_else(|e| e.to_string(), |s| s.to_text().into_owned())
    }

    fn to_plain(&self) -> Value {
        let map = Map::default();
        map.insert("KubeVersion", self.kube_version.to_plain());
        map.insert("APIVersions", self.api_versions.clone());
        map.insert("HelmVersion", HelmVersion.to_plain());
        Value::Map(map)
    }

    fn json_struct(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("KubeVersion", Value::Object(self.kube_version.clone())),
            ("APIVersions", self.api_versions.clone()),
            ("HelmVersion", Capabilities::helm_version()),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A version of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    version: String,
    normalized: String,
    major: String,
    minor: String,
}

impl Default for KubeVersion {
    /// The version that Helm 4.2.4 assumes: that of its client library.
    fn default() -> KubeVersion {
        KubeVersion {
            version: "v1.36.0".into(),
            normalized: "v1.36.0".into(),
            major: "1".into(),
            minor: "36".into(),
        }
    }
}

impl KubeVersion {
    /// Reads a version as `--kube-version` takes it: two or more numbers, and anything after them
    /// (`ParseGeneric` of `k8s.io/apimachinery/pkg/util/version`).
    ///
    /// # Errors
    /// With Kubernetes' message.
    pub fn parse(text: &str) -> Result<KubeVersion, String> {
        let unreadable = || format!("could not parse {} as version", quote(text.as_bytes()));
        let rest = text.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let mut end = 0;
        loop {
            let digits = rest[end..].bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                // A point that no digit follows belongs to what comes after the version.
                end = end.saturating_sub(1);
                break;
            }
            end += digits;
            if !rest[end..].starts_with('.') {
                break;
            }
            end += 1;
        }
        if end == 0 || rest[end..].contains('\n') {
            return Err(unreadable());
        }
        let numbers: Vec<&str> = rest[..end].split('.').collect();
        let [major, minor, ..] = numbers.as_slice() else {
            return Err(format!("illegal version string {}", quote(text.as_bytes())));
        };
        if major.starts_with('0') && *major != "0" {
            return Err(format!(
                "illegal zero-prefixed version component \"{major}\" in {}",
                quote(text.as_bytes())
            ));
        }
        let mut components = Vec::new();
        for number in &numbers {
            let n: u64 = number.parse().map_err(|_| {
                format!(
                    "illegal non-numeric version component \"{number}\" in {}: strconv.ParseUint: parsing \
                     \"{number}\": value out of range",
                    quote(text.as_bytes())
                )
            })?;
            components.push(n.to_string());
        }
        let minor: u64 = minor.parse().unwrap_or_default();
        Ok(KubeVersion {
            version: if text.starts_with('v') { text.to_string() } else { format!("v{text}") },
            normalized: format!("v{}", components.join(".")),
            major: components.first().cloned().unwrap_or_default(),
            minor: minor.to_string(),
        })
    }

    /// The version as it was given, with a `v` before it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The second number; `None` if it is too large to be one.
    pub fn minor(&self) -> Option<u32> {
        self.minor.parse().ok()
    }

    /// The numbers alone, with a `v` before them: what version constraints are checked against.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

impl Object for KubeVersion {
    fn type_name(&self) -> &str {
        "common.KubeVersion"
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(self.version.as_str().into()),
            "normalizedVersion" => Some(self.normalized.as_str().into()),
            "Major" => Some(self.major.as_str().into()),
            "Minor" => Some(self.minor.as_str().into()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<String> {
        ["Version", "normalizedVersion", "Major", "Minor"].map(String::from).to_vec()
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "String" | "GitVersion")
    }

    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, ObjectError> {
        match name {
            "String" => Ok(self.normalized.as_str().into()),
            "GitVersion" => Ok(self.version.as_str().into()),
            _ => Err(ObjectError(format!("a version has no method {name}"))),
        }
    }

    fn method_params(&self, _name: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        format!("{{{} {} {} {}}}", self.version, self.normalized, self.major, self.minor)
    }

    // `String` belongs to the pointer: functions get a copy, which prints as a struct.
    fn is_stringer(&self) -> bool {
        false
    }

    fn print_in_place(&self) -> String {
        self.normalized.clone()
    }

    fn to_plain(&self) -> Value {
        Value::Map(self.json_struct().into_iter().flatten().collect())
    }

    fn json_struct(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("Version", self.version.as_str().into()),
            ("Major", self.major.as_str().into()),
            ("Minor", self.minor.as_str().into()),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The commit of the tag, which Helm's build writes into the program (`Makefile`).
const HELM_COMMIT: &str = "3900f434fd3ef2b84065dc04508df48f288dba00";

/// `.Capabilities.HelmVersion`: that of the Helm that Torii renders like.
#[derive(Clone, Copy, Debug)]
struct HelmVersion;

impl Object for HelmVersion {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(HELM_VERSION.into()),
            "GitCommit" => Some(HELM_COMMIT.into()),
            "GitTreeState" => Some("clean".into()),
            "GoVersion" => Some("go1.26.6".into()),
            "KubeClientVersion" => Some("v1.36".into()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<String> {
        ["Version", "GitCommit", "GitTreeState", "GoVersion", "KubeClientVersion"].map(String::from).to_vec()
    }

    fn has_method(&self, _name: &str) -> bool {
        false
    }

    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, ObjectError> {
        Err(ObjectError(format!("the version of Helm has no method {name}")))
    }

    fn method_params(&self, _name: &str) -> usize {
        0
    }

    fn print(&self) -> String {
        format!("{{{HELM_VERSION}  clean go1.26.6 v1.36}}")
    }

    fn to_plain(&self) -> Value {
        Value::Map(self.json_struct().into_iter().flatten().collect())
    }

    fn json_struct(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("version", HELM_VERSION.into()),
            ("git_tree_state", "clean".into()),
            ("go_version", "go1.26.6".into()),
            ("kube_client_version", "v1.36".into()),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_says_of_itself_what_the_released_program_says() {
        let print = |name| HelmVersion.field(name).map(|v| v.as_str().unwrap_or_default().to_string());
        assert_eq!(print("Version").as_deref(), Some("v4.2.4"));
        assert_eq!(print("GitCommit").as_deref(), Some("3900f434fd3ef2b84065dc04508df48f288dba00"));
        assert_eq!(print("GitTreeState").as_deref(), Some("clean"));
    }

    #[test]
    fn kubernetes_versions_are_read_as_kubernetes_reads_them() {
        for (text, version, normalized, minor) in [
            ("1.30", "v1.30", "v1.30", "30"),
            ("v1.33.4-gke.1245000", "v1.33.4-gke.1245000", "v1.33.4", "33"),
            ("1.20.", "v1.20.", "v1.20", "20"),
            ("1.020.0+k3s1", "v1.020.0+k3s1", "v1.20.0", "20"),
        ] {
            let v = KubeVersion::parse(text).unwrap();
            assert_eq!((v.version(), v.normalized(), v.minor.as_str()), (version, normalized, minor));
        }
        for (text, message) in [
            ("x", "could not parse \"x\" as version"),
            ("", "could not parse \"\" as version"),
            ("1", "illegal version string \"1\""),
            ("01.2", "illegal zero-prefixed version component \"01\" in \"01.2\""),
        ] {
            assert_eq!(KubeVersion::parse(text).unwrap_err(), message);
        }
    }
}
