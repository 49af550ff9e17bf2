//! Values against the JSON Schemas of charts (`helm pkg/chart/common/util/jsonschema.go`).
//!
//! Most values are valid, and most schemas use few keywords: [`quick`] answers for these by walking schema
//! and values side by side. What it does not know, and every refusal, goes to [`strict`], whose library is by
//! the author of Helm's and finds the same violations in the same order; [`words`] says them as Helm does.
//!
//! `$ref` leads to the chart's own schema only: no file and no address is read.

mod compare;
mod quick;
mod strict;
mod well_formed;
mod words;

use std::fmt::Write;

use super::layers::Layers;
use crate::chart::Chart;
use crate::diagnostic::{Error, Result};
use crate::limits::Limits;
use crate::value::{Map, Value};

/// Where a value is that a schema refuses, from the outermost chart's values on.
type Path = Vec<String>;

/// Checks the coalesced values of a chart, and those of the charts within it, against their schemas.
///
/// # Errors
/// Lists all violations, in Helm's words; the first value that the user set gives the place.
pub fn validate(chart: &Chart, values: &Map, layers: &Layers, limits: &Limits) -> Result<()> {
    let mut report = Report::default();
    report.chart(chart, values, &mut Vec::new(), limits)?;
    if report.text.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(format!(
        "values don't meet the specifications of the schema(s) in the following chart(s):\n{}",
        report.text.trim_end_matches('\n')
    ));
    for path in report.paths.iter().filter(|path| !path.is_empty()).take(MAX_NOTES) {
        if let Some(origin) = layers.origin(chart, path) {
            error = error.note(format!("{} is set {}", path.join("."), origin.what));
            if let Some(place) = origin.place {
                error = error.at(place);
            }
        }
    }
    Err(error)
}

/// A value that a schema refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where it is, from the outermost chart's values on; empty for the values as a whole.
    pub path: Vec<String>,
    /// Why it is refused, without the value itself.
    pub message: String,
}

/// What the schemas of a chart and the charts within it refuse in its coalesced values.
///
/// # Errors
/// When a check meets a limit.
pub fn violations(chart: &Chart, values: &Map, limits: &Limits) -> Result<Vec<Violation>> {
    let mut report = Report::default();
    report.chart(chart, values, &mut Vec::new(), limits)?;
    let violation = |(path, message)| Violation { path, message };
    Ok(report.paths.into_iter().zip(report.reasons).map(violation).collect())
}

/// Of so many refused values it is said where they were set.
const MAX_NOTES: usize = 8;

#[derive(Default)]
struct Report {
    text: String,
    paths: Vec<Path>,
    /// For each path why the value is refused, without the value.
    reasons: Vec<String>,
}

impl Report {
    fn chart(&mut self, chart: &Chart, values: &Map, path: &mut Path, limits: &Limits) -> Result<()> {
        if let Some(schema) = &chart.schema
            && let Err(refusal) = check(schema.as_bytes(), values, limits)?
        {
            let _ = write!(self.text, "{}:\n{}", chart.name(), refusal.text);
            for (inner, reason) in refusal.violations {
                self.paths.push(path.iter().cloned().chain(inner).collect());
                self.reasons.push(reason);
            }
        }
        for subchart in &chart.dependencies {
            match values.get(subchart.name()) {
                None | Some(Value::Null) => {}
                Some(Value::Map(inner)) => {
                    path.push(subchart.name().to_string());
                    self.chart(subchart, &inner, path, limits)?;
                    path.pop();
                }
                Some(other) => {
                    let _ = writeln!(
                        self.text,
                        "{}:\ninvalid type for values: expected object (map), got {}",
                        subchart.name(),
                        other.type_name()
                    );
                    self.paths.push(path.iter().cloned().chain([subchart.name().to_string()]).collect());
                    self.reasons.push("it must be a map".to_string());
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with the values of one chart.
#[derive(Debug)]
struct Refusal {
    text: String,
    /// Each refused value once, with the reason, which doesn't hold the value.
    violations: Vec<(Path, String)>,
}

/// Checks values against one schema. The outer error is a limit.
fn check(schema: &[u8], values: &Map, limits: &Limits) -> Result<std::result::Result<(), Refusal>> {
    let refuse = |text: String| Ok(Err(Refusal { violations: vec![(Path::new(), text.clone())], text }));
    if schema.is_empty() {
        return refuse("EOF".to_string());
    }
    let schema: serde_json::Value = match serde_json::from_slice(schema) {
        Ok(schema) => schema,
        Err(e) => return refuse(format!("values.schema.json is not JSON: {e}")),
    };
    let verdict = match quick::is_valid(&schema, values, limits) {
        Ok(false) | Err(quick::Doubt::Unknown) => quick::measure(&schema, values, limits).map(|()| false),
        verdict => verdict,
    };
    let limit = match verdict {
        Ok(true) => return Ok(Ok(())),
        Ok(false) | Err(quick::Doubt::Unknown) => return strict::check(schema, values),
        Err(quick::Doubt::Costly) => format!("takes more than {} steps", quick::MAX_STEPS),
        Err(quick::Doubt::Deep) => format!("goes deeper than {} levels", limits.schema_depth),
    };
    Err(Error::new(format!("checking the values against the chart's schema {limit}"))
        .hint("--skip-schema-validation renders without the check"))
}

#[cfg(test)]
mod tests;
