//! What templates see: the root of each chart (`helm pkg/engine/engine.go: recAllTpls`).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::Release;
use crate::chart::Chart;
use crate::diagnostic::{Error, Result};
use crate::manifest::is_partial;
use crate::source::path;
use crate::template::objects::Files;
use crate::template::{Language, Source};
use crate::value::{Map, MapType, Value};

/// A template and what its dot is.
#[derive(Clone, Debug)]
pub struct Template {
    /// The template.
    pub source: Source,
    /// The root that it sees; all templates of a chart share one.
    pub root: Map,
}

/// The parts of the roots that all charts share.
pub struct Shared {
    /// `.Release`
    pub release: Value,
    /// `.Capabilities`
    pub capabilities: Value,
}

/// `.Release` (`helm pkg/chart/common/util/values.go: ToRenderValues`).
pub fn release(release: &Release) -> Value {
    let map = Map::new(MapType::Any);
    map.insert("Name", Value::from(release.name.as_str()));
    map.insert("Namespace", Value::from(release.namespace.as_str()));
    map.insert("IsUpgrade", Value::Bool(release.is_upgrade));
    map.insert("IsInstall", Value::Bool(!release.is_upgrade));
    map.insert("Revision", Value::int(release.revision));
    map.insert("Service", Value::from("Helm"));
    Value::Map(map)
}

/// The templates of a chart and all charts within it, each with its root. `values` are the root chart's, its
/// subcharts' within them. Gives the root of the outermost chart, too. Of two templates of the same name the
/// later one stands, as in Go's map.
///
/// # Errors
/// When a Jinja template and a Go template have the same name.
pub fn templates(
    chart: &Chart,
    values: &Map,
    shared: &Shared,
    go_only: bool,
) -> Result<(Vec<Template>, Map)> {
    let mut gathered = Gathered { templates: Vec::new(), by_name: HashMap::new(), shared, go_only };
    let root = gathered.chart(chart, values.viewed_as(MapType::Values))?;
    Ok((gathered.templates, root))
}

struct Gathered<'a> {
    templates: Vec<Template>,
    by_name: HashMap<Arc<str>, usize>,
    shared: &'a Shared,
    go_only: bool,
}

impl Gathered<'_> {
    fn chart(&mut self, chart: &Chart, values: Map) -> Result<Map> {
        let root = Map::new(MapType::Values);
        let subcharts = Map::new(MapType::Any);
        for child in &chart.dependencies {
            let child_root = self.chart(child, table(&values, child.name()))?;
            subcharts.insert(child.name(), Value::Map(child_root.viewed_as(MapType::Any)));
        }
        root.insert("Chart", Value::Map(chart.metadata_as_value()));
        root.insert("Files", files(chart));
        root.insert("Release", self.shared.release.clone());
        root.insert("Capabilities", self.shared.capabilities.clone());
        root.insert("Values", Value::Map(values));
        root.insert("Subcharts", Value::Map(subcharts));
        let base_path: Arc<str> = path::clean(&format!("{}/templates", chart.full_path)).into();
        for file in chart.templates.iter() {
            if chart.is_library() && !is_partial(&file.name) {
                continue;
            }
            let (name, language) = match file.name.strip_suffix(".j2") {
                Some(stripped) if !self.go_only => (stripped, Language::Jinja),
                _ => (&*file.name, Language::Go),
            };
            let name: Arc<str> = path::clean(&format!("{}/{name}", chart.full_path)).into();
            let source = Source {
                name: name.clone(),
                file: chart.display_path(&file.name).into(),
                base_path: base_path.clone(),
                text: file.data.clone(),
                language,
            };
            self.add(name, Template { source, root: root.clone() })?;
        }
        Ok(root)
    }

    fn add(&mut self, name: Arc<str>, template: Template) -> Result<()> {
        match self.by_name.get(&name).and_then(|&index| self.templates.get_mut(index)) {
            Some(there) if there.source.language != template.source.language => {
                let (a, b) = (&there.source.file, &template.source.file);
                return Err(Error::new(format!("{a} and {b} are both the template {name}"))
                    .hint("remove one of them; with --go-templates, .j2 files are Go templates under their full names"));
            }
            Some(there) => *there = template,
            None => {
                self.by_name.insert(name, self.templates.len());
                self.templates.push(template);
            }
        }
        Ok(())
    }
}

/// The values of a subchart: the map at `name`, which a name with dots makes a path of. Where there is none, the
/// subchart has an empty map of its own.
fn table(values: &Map, name: &str) -> Map {
    let mut table = values.clone();
    for key in name.split('.') {
        match table.get(key) {
            Some(Value::Map(inner)) if matches!(inner.map_type(), MapType::Any | MapType::Values) => {
                table = inner
            }
            _ => return Map::new(MapType::Values),
        }
    }
    table.viewed_as(MapType::Values)
}

fn files(chart: &Chart) -> Value {
    Files::new(chart.files.iter().map(|file| (file.name.as_ref().into(), file.data.as_bytes().into())))
        .into_value()
}

/// Puts templates into the order in which Helm parses and runs them: the deepest first, then from z to a
/// (`helm pkg/engine/engine.go: sortTemplates`).
pub fn sort(templates: &mut [Template]) {
    templates.sort_by_cached_key(|template| {
        let name = &template.source.name;
        Reverse((name.matches('/').count(), name.clone()))
    });
}
