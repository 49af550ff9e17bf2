//! From files, flags and a profile to one IstioOperator (`istio operator/pkg/render/manifest.go: MergeInputs`).

use super::store::Store;
use super::{Request, object, tree};
use crate::diagnostic::{Error, Result};
use crate::json;
use crate::value::{Map, Value};
use crate::yaml;

/// The profile of an installation that names none. All others are laid over it.
const DEFAULT_PROFILE: &str = "default";

/// What the user gave, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    /// The files and flags, without the profile.
    pub user: Map,
    /// The whole: profile, files, flags, and what follows from them.
    pub merged: Map,
    /// The name of the profile.
    pub profile: String,
    /// Where profiles and charts are.
    pub store: Store,
}

/// Reads and merges all that is given.
///
/// # Errors
/// In istioctl's words, without its `merge inputs: `.
pub(super) fn gather(request: &Request) -> Result<Inputs> {
    let user = Map::default();
    user.insert("apiVersion", Value::from("install.istio.io/v1alpha1"));
    user.insert("kind", Value::from("IstioOperator"));
    user.insert("metadata", Value::Map(Map::default()));
    user.insert("spec", Value::Map(Map::default()));
    for (i, name) in request.files.iter().enumerate() {
        if name == "-" && i + 1 != request.files.len() {
            return Err(Error::new("stdin is only allowed as the last filename"));
        }
        let file = read(&request.tree.read(name.trim(), &request.limits)?)?;
        if file.get("spec").is_none_or(|spec| spec.is_nil()) {
            file.remove("spec");
        }
        tree::merge(&user, &file);
    }
    let mut flags = request.set.clone();
    if !request.revision.is_empty() && request.revision != "default" {
        flags.push(format!("revision={}", request.revision));
    }
    for flag in &flags {
        tree::set_flag(&user, flag)?;
    }
    if let Some(folder) = &request.manifests {
        tree::set(&user, "spec.installPackagePath", Value::from(folder.as_str()))?;
    }
    let store = Store::new(&tree::get_text(&user, "spec.installPackagePath"), request);
    let profile = match tree::get_text(&user, "spec.profile") {
        name if name.is_empty() => DEFAULT_PROFILE.to_string(),
        name => name,
    };
    // Taken now, and shared: what is set in its maps below is set here, too, and so not undone in the end.
    let values = tree::get_map(&user, "spec.values");
    let own = tree::copy(&user);
    let merged = store.profile(DEFAULT_PROFILE)?;
    if profile != DEFAULT_PROFILE {
        tree::merge(&merged, &store.profile(&profile)?);
    }
    tree::merge(&merged, &user);
    translate(&merged, request)?;
    if let Some(values) = values {
        tree::merge(&merged, &tree::nest("spec.values", Value::Map(tree::copy(&values))));
    }
    Ok(Inputs { user: own, merged, profile, store })
}

/// Reads one IstioOperator.
fn read(text: &[u8]) -> Result<Map> {
    let mut objects = 0;
    for document in object::documents(text) {
        let read = object::Object::read(document, "");
        objects += usize::from(read.map_err(|e| e.context("unable to parse file"))?.is_some());
    }
    if objects > 1 {
        return Err(Error::new("contains multiple IstioOperator CRs, only one per file is supported"));
    }
    decode(text)
}

/// Decodes YAML that is a map.
///
/// # Errors
/// When it isn't.
pub(super) fn decode(text: &[u8]) -> Result<Map> {
    match yaml::decode(text).map_err(|e| Error::new(e.message))? {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::default()),
        other => {
            let message = json::mismatch(&other, None, "values.Map").message;
            Err(Error::new(format!("error unmarshaling JSON: while decoding JSON: {message}")))
        }
    }
}

/// Says in values what the fields beside them mean to the charts.
fn translate(merged: &Map, request: &Request) -> Result<()> {
    for (from, to) in [
        ("spec.hub", "global.hub"),
        ("spec.tag", "global.tag"),
        ("spec.revision", "revision"),
        ("spec.meshConfig", "meshConfig"),
        ("spec.compatibilityVersion", "compatibilityVersion"),
    ] {
        match tree::get(merged, from) {
            None => {}
            Some(Value::Map(map)) => {
                tree::merge(merged, &tree::nest("spec.values.meshConfig", Value::Map(tree::copy(&map))));
            }
            Some(value) => {
                let value = tree::sprint(&value, &request.limits)?;
                tree::set_flag(merged, &format!("values.{to}={value}"))?;
            }
        }
    }
    for (component, to) in [("pilot", "pilot.enabled"), ("cni", "pilot.cni.enabled")] {
        let enabled = tree::is_true(merged, &format!("spec.components.{component}.enabled"));
        tree::set(merged, &format!("spec.values.{to}"), Value::Bool(enabled))?;
    }
    let namespace = tree::get_text(merged, "spec.values.global.istioNamespace");
    if !namespace.is_empty() {
        tree::set(merged, "metadata.namespace", Value::from(namespace))?;
    }
    Ok(())
}
