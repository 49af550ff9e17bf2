//! A chart's metadata as templates see it: `.Chart`, by the names of Go's struct fields
//! (`helm pkg/chart/common.go: structToMap`).

use super::{Chart, Dependency, Maintainer, Metadata};
use crate::value::{Elem, Kind, List, Map, MapType, NilType, Str, Value};

static NO_ANNOTATIONS: NilType = NilType { name: "map[string]string", kind: Kind::Map };

impl Chart {
    /// What `.Chart` is in this chart's templates: a fresh map, `IsRoot` included.
    pub fn metadata_as_value(&self) -> Map {
        let map = describe(&self.metadata);
        map.insert("IsRoot", Value::Bool(self.is_root));
        map
    }
}

fn describe(m: &Metadata) -> Map {
    let annotations = match &m.annotations {
        None => Value::TypedNil(&NO_ANNOTATIONS),
        Some(entries) => Value::Map(Map::from_entries(
            MapType::String,
            entries.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect(),
        )),
    };
    fields([
        ("Name", text(&m.name)),
        ("Home", text(&m.home)),
        ("Sources", texts(&m.sources)),
        ("Version", text(&m.version)),
        ("Description", text(&m.description)),
        ("Keywords", texts(&m.keywords)),
        ("Maintainers", Value::list(m.maintainers.iter().map(maintainer).collect())),
        ("Icon", text(&m.icon)),
        ("APIVersion", text(&m.api_version)),
        ("Condition", text(&m.condition)),
        ("Tags", text(&m.tags)),
        ("AppVersion", text(&m.app_version)),
        ("Deprecated", Value::Bool(m.deprecated)),
        ("Annotations", annotations),
        ("KubeVersion", text(&m.kube_version)),
        ("Dependencies", Value::list(m.dependencies.iter().map(dependency).collect())),
        ("Type", text(&m.chart_type)),
    ])
}

fn maintainer(m: &Maintainer) -> Value {
    Value::Map(fields([("Name", text(&m.name)), ("Email", text(&m.email)), ("URL", text(&m.url))]))
}

fn dependency(d: &Dependency) -> Value {
    Value::Map(fields([
        ("Name", text(&d.name)),
        ("Version", text(&d.version)),
        ("Repository", text(&d.repository)),
        ("Condition", text(&d.condition)),
        ("Tags", texts(&d.tags)),
        ("Enabled", Value::Bool(d.enabled)),
        ("ImportValues", Value::list(d.import_values.clone())),
        ("Alias", text(&d.alias)),
    ]))
}

fn fields<const N: usize>(fields: [(&'static str, Value); N]) -> Map {
    fields.into_iter().map(|(name, value)| (Str::from_static(name), value)).collect()
}

fn text(s: &str) -> Value {
    if s.is_empty() { Value::String(Str::EMPTY) } else { Value::from(s) }
}

fn texts(items: &[String]) -> Value {
    Value::List(List::new(Elem::Any, items.iter().map(|s| text(s)).collect()))
}
