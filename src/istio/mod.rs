//! IstioOperator files: what `istioctl manifest generate` makes of them.
//!
//! 1. [`inputs`] merges profile, files and flags into one IstioOperator;
//! 2. [`validate`] says what istioctl says against it, and [`warn`] what istioctl passes over in silence;
//! 3. for each [`component`], [`helm_values`] writes its settings to where its chart reads them, [`render`] runs the
//!    chart, and [`patch`] lays the settings and overlays over its objects;
//! 4. [`object`] brings all objects into order.
//!
//! Without the charts of an Istio release, [`gateway`] translates the gateways to values of the house chart.
//!
//! All of it follows Istio 1.31; each module names the part it follows.

mod component;
mod helm_values;
mod inputs;
mod object;
mod overlay;
mod patch;
mod proto;
mod quantity;
mod render;
mod store;
mod strategic;
mod tree;
mod types;
pub mod validate;
mod warn;

pub use self::object::Object;

use self::component::{COMPONENTS, Component};
use self::inputs::Inputs;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::limits::Limits;
use crate::source::Tree;
use crate::value::Map;

/// What stands behind each object that is printed.
const SEPARATOR: &str = "\n---\n";

/// What to install.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// IstioOperator files, the later laid over the earlier; `-` is standard input, and only the last. None is the default
    /// profile.
    pub files: Vec<String>,
    /// `--set`: `path=value` below `spec`.
    pub set: Vec<String>,
    /// The revision; empty for none.
    pub revision: String,
    /// Go on when validation fails.
    pub force: bool,
    /// The folder of an Istio release's manifests: with `charts` and `profiles` in it, or with the charts themselves.
    pub manifests: Option<String>,
    /// Where files are.
    pub tree: Tree,
    /// The bounds to keep.
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// The objects, in the order in which they are printed.
    pub objects: Vec<Object>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

impl Generated {
    /// The text that `istioctl manifest generate` prints.
    ///
    /// # Errors
    /// When an object holds what YAML can't say.
    pub fn text(&self) -> Result<String> {
        let mut text = String::new();
        for object in &self.objects {
            text.push_str(&object.to_yaml()?);
            text.push_str(SEPARATOR);
        }
        Ok(text)
    }
}

/// An IstioOperator, merged and checked.
#[derive(Clone, Debug)]
pub struct Operator {
    inputs: Inputs,
    limits: Limits,
    warnings: Vec<Diagnostic>,
}

impl Operator {
    /// Reads, merges and checks what is given.
    ///
    /// # Errors
    /// In istioctl's words.
    pub fn read(request: &Request) -> Result<Operator> {
        let inputs = inputs::gather(request).map_err(|e| e.context("merge inputs"))?;
        let findings = validate::validate(&inputs.merged);
        let mut warnings: Vec<Diagnostic> = Vec::new();
        if let Some(error) = findings.error() {
            if !request.force {
                return Err(Error::new(error));
            }
            warnings.push(message(format!("spec invalid; continuing because of --force: {error}")));
        }
        warnings.extend(findings.warnings.into_iter().map(message));
        warnings.extend(warn::warn(&inputs));
        if let Some(unchecked) = tree::get_map(&inputs.merged, "spec.unvalidatedValues") {
            let values = tree::nest("spec.values", crate::value::Value::Map(tree::copy(&unchecked)));
            tree::merge(&inputs.merged, &values);
        }
        Ok(Operator { inputs, limits: request.limits.clone(), warnings })
    }

    /// Whether the charts of an Istio release are at hand.
    pub fn has_charts(&self) -> bool {
        self.inputs.store.has_charts()
    }

    /// The whole IstioOperator.
    pub fn merged(&self) -> &Map {
        &self.inputs.merged
    }
}

fn message(message: String) -> Diagnostic {
    Diagnostic { message, ..Diagnostic::default() }
}

/// Renders the components of an IstioOperator with the charts of an Istio release.
///
/// # Errors
/// In istioctl's words.
pub fn generate(request: &Request) -> Result<Generated> {
    let operator = Operator::read(request)?;
    let mut generated = Generated { warnings: operator.warnings.clone(), ..Generated::default() };
    for component in &COMPONENTS {
        render_component(request, &operator, component, &mut generated)?;
    }
    object::sort(&mut generated.objects);
    Ok(generated)
}

fn render_component(
    request: &Request,
    operator: &Operator,
    component: &Component,
    generated: &mut Generated,
) -> Result<()> {
    let merged = &operator.inputs.merged;
    let items = component.items(merged)?;
    if items.is_empty() {
        return Ok(());
    }
    let Some(folder) = operator.inputs.store.chart_folder(component.chart) else {
        generated.warnings.push(render::missing(component).diagnostic().clone());
        return Ok(());
    };
    for item in &items {
        let seen = helm_values::apply(component, item, merged, &request.limits)?;
        let mut notes = Vec::new();
        let store = &operator.inputs.store;
        let mut objects = render::component(request, store, &folder, (component, item), &seen, &mut notes)?;
        generated.warnings.extend(notes.into_iter().map(message));
        let limits = &request.limits;
        patch::apply((component, item), &seen, &mut objects, limits, &mut generated.warnings)?;
        generated.objects.append(&mut objects);
    }
    Ok(())
}
