//! Metadata as Helm writes it: in the order and spelling of Go's marshaller.

use super::{Dependency, Maintainer, Metadata};
use crate::diagnostic::{Error, Result};
use crate::value::{Map, MapType, Value};
use crate::yaml;

/// The metadata as YAML: what `Chart.yaml` says, in the order and spelling of Go's marshaller, with empty
/// fields left out.
///
/// # Errors
/// When it can't be written as YAML.
pub fn metadata_yaml(m: &Metadata) -> Result<String> {
    let map = Map::new(MapType::Any);
    let text = |key: &str, value: &str| {
        if !value.is_empty() {
            map.insert(key, Value::from(value));
        }
    };
    let list = |key: &str, items: Vec<Value>| {
        if !items.is_empty() {
            map.insert(key, Value::list(items));
        }
    };
    let texts = |items: &[String]| items.iter().map(|s| Value::from(s.as_str())).collect::<Vec<_>>();
    text("name", &m.name);
    text("home", &m.home);
    list("sources", texts(&m.sources));
    text("version", &m.version);
    text("description", &m.description);
    list("keywords", texts(&m.keywords));
    let person = |p: &Maintainer| fields(&[("name", &p.name), ("email", &p.email), ("url", &p.url)]);
    list("maintainers", m.maintainers.iter().map(|p| Value::Map(person(p))).collect());
    text("icon", &m.icon);
    text("apiVersion", &m.api_version);
    text("condition", &m.condition);
    text("tags", &m.tags);
    text("appVersion", &m.app_version);
    if m.deprecated {
        map.insert("deprecated", Value::Bool(true));
    }
    if let Some(annotations) = m.annotations.as_ref().filter(|a| !a.is_empty()) {
        let annotations = annotations.iter().map(|(k, v)| (k.clone(), Value::String(v.clone())));
        map.insert("annotations", Value::Map(annotations.collect()));
    }
    text("kubeVersion", &m.kube_version);
    list("dependencies", m.dependencies.iter().map(dependency).collect());
    text("type", &m.chart_type);
    yaml::to_yaml(&Value::Map(map)).map_err(|e| Error::new(e.to_string()))
}

/// A dependency as Go's marshaller has it (`helm pkg/chart/v2/dependency.go`).
fn dependency(d: &Dependency) -> Value {
    let map = fields(&[("version", &d.version), ("condition", &d.condition), ("alias", &d.alias)]);
    map.insert("name", Value::from(d.name.as_str()));
    map.insert("repository", Value::from(d.repository.as_str()));
    if !d.tags.is_empty() {
        map.insert("tags", Value::list(d.tags.iter().map(|s| Value::from(s.as_str())).collect()));
    }
    if d.enabled {
        map.insert("enabled", Value::Bool(true));
    }
    if !d.import_values.is_empty() {
        map.insert("import-values", Value::list(d.import_values.clone()));
    }
    Value::Map(map)
}

/// A map of those of the texts that aren't empty.
fn fields(texts: &[(&str, &String)]) -> Map {
    texts.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (*k, Value::from(v.as_str()))).collect()
}
