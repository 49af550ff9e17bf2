//! Values: layers, the `--set` grammar, merge and coalesce, dependencies, schema.
//!
//! 1. [`Layers::gather`] reads what the user asks for: values files, then each kind of `--set`.
//! 2. [`process_dependencies`] decides which charts take part, under which names, and imports values.
//! 3. [`coalesce`] lays the user's values over the charts' defaults: what templates see as `.Values`.
//! 4. [`schema::validate`] checks them against the charts' schemas.
//!
//! [`prepare`] does the last three. Maps here are changed in place where Helm changes them in place, since
//! templates can see which maps are shared (globals); what a chart or a layer holds is copied first.

mod coalesce;
mod copy;
mod dependencies;
mod layers;
pub mod origin;
pub mod schema;
pub mod set;

use crate::chart::Chart;
use crate::diagnostic::Result;
use crate::limits::Limits;
use crate::value::{Map, MapType};

pub use self::coalesce::{coalesce, merge_tables};
pub use self::copy::deep_copy;
pub use self::dependencies::process_dependencies;
pub use self::layers::{Layer, LayerSource, Layers, Origin, Overrides, SetFlag};

/// A chart and its values, ready to render.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The chart with those charts in it that take part, under the names they take part with.
    pub chart: Chart,
    /// What the outermost chart's templates see as `.Values`: a fresh map of type `common.Values`.
    pub values: Map,
}

/// Chooses the charts that take part, lays the values over each other and checks them against the schemas.
/// Warnings of Helm's are added to `warnings`, each once.
///
/// # Errors
/// In Helm's words: `chart dependencies processing failed: …`, `values don't meet the specifications of the
/// schema(s) in the following chart(s): …`.
pub fn prepare(
    chart: &Chart,
    layers: &Layers,
    skip_schema_validation: bool,
    limits: &Limits,
    warnings: &mut Vec<String>,
) -> Result<Prepared> {
    let mut chart = chart.clone();
    let mut found = Vec::new();
    process_dependencies(&mut chart, &layers.values, &mut found)?;
    let values = coalesce(&chart, &layers.values, &mut found)?;
    for warning in found {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    if !skip_schema_validation {
        schema::validate(&chart, &values, layers, limits)?;
    }
    Ok(Prepared { chart, values: values.viewed_as(MapType::Values) })
}
