//! One component's chart, rendered as istioctl does it (`istio operator/pkg/helm/helm.go`): always as the release `istio`,
//! and all files as they are, sorted by name.

use std::path::Path;

use super::component::{Component, Item};
use super::object::{self, Object};
use super::store::Store;
use super::{Request, tree};
use crate::diagnostic::{Error, Result};
use crate::manifest;
use crate::render::stage::Surroundings;
use crate::render::{self, Loaded};
use crate::template::Engine;
use crate::value::{Map, Str};
use crate::values::Layers;

/// The release that all charts are rendered as.
const RELEASE: &str = "istio";

/// The version of Kubernetes that templates see: the oldest that Istio 1.31 runs on.
const KUBE_VERSION: &str = "1.32.0";

/// What begins a warning in a chart's notes.
const WARNING: &str = "WARNING: ";

/// The objects that a component's chart makes, in the order of its files. `operator` is what the chart sees.
///
/// # Errors
/// In istioctl's words.
pub(super) fn component(
    request: &Request,
    store: &Store,
    folder: &Path,
    (component, item): (&Component, &Item),
    operator: &Map,
    warnings: &mut Vec<String>,
) -> Result<Vec<Object>> {
    let chart = store.chart(folder, warnings)?;
    let mut settings = render::Request::new(folder.to_string_lossy(), RELEASE);
    settings.release.namespace.clone_from(&item.namespace);
    settings.kube_version = Some(KUBE_VERSION.into());
    settings.limits = request.limits.clone();
    let values = tree::get_map(operator, "spec.values").unwrap_or_default();
    let loaded = Loaded { chart, layers: Layers { layers: Vec::new(), values: values.clone() } };
    let mut files = run(&settings, &loaded).map_err(|e| e.context("helm render: render chart"))?;
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut objects = Vec::new();
    let mut add = |name: &str, text: &[u8]| -> Result<()> {
        for document in object::documents(text) {
            objects
                .extend(Object::read(document, name).map_err(|e| e.context("helm render").note(of(name)))?);
        }
        Ok(())
    };
    for (name, text) in &files {
        match name.ends_with(".txt") {
            true => warnings.extend(
                String::from_utf8_lossy(text.as_bytes())
                    .split('\n')
                    .filter_map(|line| line.strip_prefix(WARNING).map(str::to_string)),
            ),
            false => add(name, text.as_bytes())?,
        }
    }
    let definitions = component.key != "base"
        || tree::get(&values, "base.enableIstioConfigCRDs").is_none_or(|on| on.as_bool() != Some(false));
    let mut crds = loaded.chart.crds();
    crds.sort_by(|a, b| a.file.name.cmp(&b.file.name));
    for crd in crds.iter().filter(|_| definitions) {
        add(&crd.filename, crd.file.data.as_bytes())?;
    }
    Ok(objects)
}

fn of(name: &str) -> String {
    format!("this is in the output of {name}")
}

/// Runs all templates but partials; gives their texts by their names.
fn run(settings: &render::Request, loaded: &Loaded) -> Result<Vec<(String, Str)>> {
    let surroundings = Surroundings::new(settings)?;
    let stage = surroundings.stage(&loaded.chart, &loaded.layers)?;
    let sources: Vec<_> = stage.templates.iter().map(|template| template.source.clone()).collect();
    let engine = Engine::parse(&sources, surroundings.environment()?)?;
    let mut files = Vec::new();
    for template in stage.templates.iter().filter(|t| !manifest::is_partial(&t.source.name)) {
        let text = engine.render(&template.source, &template.root)?;
        files.push((template.source.name.to_string(), text));
    }
    Ok(files)
}

/// Says that a component's chart isn't there.
pub(super) fn missing(component: &Component) -> Error {
    Error::new(format!(
        "the component {} is left out: there is no chart {} in the manifests",
        component.name, component.chart
    ))
}
