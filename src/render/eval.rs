//! One template, tried against a chart's context or a context of its own.

use std::sync::Arc;

use super::context::{self, Shared, Template};
use super::{Release, execute, place_of_value};
use crate::chart::Chart;
use crate::diagnostic::{Error, Result};
use crate::functions::Env;
use crate::template::objects::Capabilities;
use crate::template::{Engine, Language, Source};
use crate::value::{Map, Str};
use crate::values::{Layers, Prepared};

/// The template's name among the chart's; it is a partial's, so that a whole render would not print it.
const NAME: &str = "_eval";

/// Runs a template as one of a chart's. The chart's other templates are there to be included or imported, and are
/// not run. `prepared` is the chart that is `given`, with its values from these layers.
///
/// # Errors
/// When a template can't be parsed, or this one can't be run.
pub fn in_chart(
    prepared: &Prepared,
    given: (&Chart, &Layers),
    release: &Release,
    capabilities: Capabilities,
    template: (&str, Language),
    env: Arc<Env>,
) -> Result<Str> {
    let shared = Shared { release: context::release(release), capabilities: capabilities.into_value() };
    let (mut templates, root) = context::templates(&prepared.chart, &prepared.values, &shared, false)?;
    let base_path: Arc<str> = format!("{}/templates", prepared.chart.full_path).into();
    let (text, language) = template;
    let source = Source {
        name: format!("{base_path}/{NAME}").into(),
        file: "TEMPLATE".into(),
        base_path,
        text: text.into(),
        language,
    };
    let own = Template { source, root };
    templates.push(own.clone());
    context::sort(&mut templates);
    let sources: Vec<Source> = templates.into_iter().map(|t| t.source).collect();
    let (chart, layers) = given;
    Engine::parse(&sources, env)?.render(&own.source, &own.root).map_err(|error| {
        error.locate_meant(|diagnostic, path| place_of_value(diagnostic, path, &sources, chart, layers))
    })
}

/// Runs all templates of a chart, as a render does, and gives what the one of this name printed.
///
/// # Errors
/// When any of them can't be parsed or run.
pub fn whole_chart(chart: &Chart, values: &Map, shared: &Shared, name: &str, env: Arc<Env>) -> Result<Str> {
    let (mut templates, _) = context::templates(chart, values, shared, false)?;
    context::sort(&mut templates);
    let sources: Vec<Source> = templates.iter().map(|t| t.source.clone()).collect();
    let engine = Engine::parse(&sources, env)?;
    let files = execute(&engine, &templates)?;
    files
        .into_iter()
        .find(|file| &*file.name == name)
        .map(|file| file.text)
        .ok_or_else(|| Error::new(format!("there is no template {name}")))
}

/// Runs a Jinja template with a context of its own; the others are there to be imported, by their names.
///
/// # Errors
/// When a template can't be parsed, or this one can't be run.
pub fn jinja(text: &str, others: &[(String, String)], context: &Map, env: Arc<Env>) -> Result<Str> {
    let base_path: Arc<str> = "ref/templates".into();
    let source = |file: &str, text: &str| Source {
        name: format!("{base_path}/{}", file.strip_suffix(".j2").unwrap_or(file)).into(),
        file: file.into(),
        base_path: base_path.clone(),
        text: text.into(),
        language: Language::Jinja,
    };
    let mut sources = vec![source("t.yaml.j2", text)];
    sources.extend(others.iter().map(|(name, text)| source(name, text)));
    Engine::parse(&sources, env)?.render(&sources[0], context)
}
