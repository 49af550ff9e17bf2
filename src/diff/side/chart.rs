//! A chart as a side: rendered, with a fixed seed and clock.

use std::sync::Arc;

use super::{NOW, Rendered, SEED, Side};
use crate::diagnostic::Result;
use crate::manifest::object::Object;
use crate::render::{self, Output, Request};

/// Renders a chart.
pub(super) fn render(source: &str, request: &Request) -> Result<Side> {
    let mut request = request.clone();
    request.chart = source.to_string();
    request.seed.get_or_insert_with(|| SEED.to_string());
    request.now.get_or_insert(NOW);
    let mut warnings = Vec::new();
    let loaded = render::load(&request, &mut warnings)?;
    let output = render::render_loaded(&request, &loaded).map_err(|failure| failure.error)?;
    let warnings = warnings.iter().chain(&output.warnings).map(|warning| warning.message.clone()).collect();
    let rendered = Rendered { request, loaded, volatile: output.volatile, sources: output.sources.clone() };
    let objects = rendered.objects_of(&output)?;
    Ok(Side {
        name: rendered.request.tree.shown(source),
        objects,
        rendered: Some(rendered),
        release: None,
        warnings,
    })
}

impl Rendered {
    /// The objects of a render, as a side has them: definitions of `crds/`, objects, hooks.
    ///
    /// # Errors
    /// When a document of `crds/` isn't YAML, or one of the chart is no object.
    pub fn objects_of(&self, output: &Output) -> Result<Vec<Arc<Object>>> {
        let objects = output.objects(&self.request.release.namespace)?;
        Ok(objects.into_iter().map(Arc::new).collect())
    }
}
