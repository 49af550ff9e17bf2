//! Opens sources that are looked at together: charts, stored objects, IstioOperator files.

use torii::check::source::Source;
use torii::diagnostic::Result;
use torii::istio as operator;
use torii::limits::Limits;

use super::flags::Global;
use super::rendering::Rendering;
use super::{istio, wrong};

/// Opens all sources. `others` are opened elsewhere; of all, only one may be stdin.
///
/// # Errors
/// When one can't be opened, and when values are given and there is no chart.
pub fn open_all(
    sources: &[String],
    others: &[String],
    manifests: Option<&str>,
    rendering: &Rendering,
    global: &Global,
) -> Result<Vec<Source>> {
    if sources.iter().chain(others).filter(|source| *source == "-").count() > 1 {
        return Err(wrong("- stands for stdin, which can be read only once"));
    }
    let limits = rendering.limits()?;
    let opened = sources.iter().map(|name| open(name, manifests, rendering, &limits, global));
    let opened = opened.collect::<Result<Vec<_>>>()?;
    if rendering.has_values() && opened.iter().all(|source| source.rendered().is_none()) {
        return Err(wrong("values are given, but there is no chart to render with them")
            .hint("torii istio FILE --set ... | torii check -"));
    }
    Ok(opened)
}

fn open(
    name: &str,
    manifests: Option<&str>,
    rendering: &Rendering,
    limits: &Limits,
    global: &Global,
) -> Result<Source> {
    if !istio::is_operator(name) {
        return Source::open(name, &rendering.request(name, global)?);
    }
    let request = operator::Request {
        files: vec![name.to_string()],
        manifests: manifests.map(str::to_string),
        limits: limits.clone(),
        ..operator::Request::default()
    };
    Source::operator(name, &request)
}
