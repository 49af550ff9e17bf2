//! A render up to the point where templates run: for those who run some of them, or run them again.

use std::sync::Arc;

use super::context::{self, Shared, Template};
use super::{Loaded, Output, Request, check_chart, check_kube_version, environment, kube_version, name};
use crate::chart::Chart;
use crate::diagnostic::Result;
use crate::functions::{Env, Kept};
use crate::template::objects::{Capabilities, KubeVersion};
use crate::value::Value;
use crate::values::{self, Layers, Prepared};

/// What templates see besides chart and values. It is the same in all renders of a request.
#[derive(Clone, Debug)]
pub struct Surroundings {
    request: Request,
    kube_version: KubeVersion,
    capabilities: Value,
    kept: Arc<Kept>,
}

/// A chart that is ready to be run.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The charts that take part, and the values.
    pub prepared: Prepared,
    /// The templates in Helm's order, each with what it sees. None has run yet.
    pub templates: Vec<Template>,
}

impl Surroundings {
    /// Those of a request.
    ///
    /// # Errors
    /// When the version of Kubernetes, or the name of the release, is none.
    pub fn new(request: &Request) -> Result<Surroundings> {
        name::check(&request.release.name)?;
        let capabilities = Capabilities::new(kube_version(request)?, &request.api_versions);
        let kube_version = capabilities.kube_version().clone();
        Ok(Surroundings {
            request: request.clone(),
            kube_version,
            capabilities: capabilities.into_value(),
            kept: Arc::default(),
        })
    }

    /// What functions know in one render. All of one request share the keys that they make under its seed. A file that `lookup` needs is read for it.
    ///
    /// # Errors
    /// When that file can't be read.
    pub fn environment(&self) -> Result<Arc<Env>> {
        environment(&self.request).map(|env| Arc::new(env.with_kept(self.kept.clone())))
    }

    /// Lays the values over the chart, and makes of both what its templates see.
    ///
    /// # Errors
    /// As [`super::render`], up to where templates are parsed.
    pub fn stage(&self, chart: &Chart, layers: &Layers) -> Result<Stage> {
        let request = &self.request;
        let skip_schema = request.skip_schema_validation;
        let prepared = values::prepare(chart, layers, skip_schema, &request.limits, &mut Vec::new())?;
        check_kube_version(&prepared.chart, &self.kube_version)?;
        let shared =
            Shared { release: context::release(&request.release), capabilities: self.capabilities.clone() };
        let (mut templates, _) =
            context::templates(&prepared.chart, &prepared.values, &shared, request.go_templates)?;
        context::sort(&mut templates);
        Ok(Stage { prepared, templates })
    }
}

/// Checks that a chart can be rendered by itself.
///
/// # Errors
/// As [`super::render`].
pub fn check(loaded: &Loaded) -> Result<()> {
    check_chart(&loaded.chart, &mut Output::default())
}
