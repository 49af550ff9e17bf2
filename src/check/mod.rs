//! Static checks: rules over what is rendered, of whatever source, without a cluster.
//!
//! 1. Each [`source`] is opened: a chart is rendered, stored objects are read, IstioOperator files are translated.
//! 2. [`crate::rules::object`] judges all of them as one; [`values`] looks at the values that charts were given.
//! 3. Findings that are known are set aside ([`suppress`]).
//! 4. Charts with findings are rendered once more, recorded, to tell which template and value a finding comes from
//!    ([`place`]).
//! 5. A [`report`] prints what is left.

mod place;
pub mod report;
pub mod source;
pub mod suppress;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use crate::compare::Path;
use crate::diagnostic::Result;
use crate::manifest::object::{Identity, Object};
use crate::rules::object::{self, Finding, Rule, Scene, Severity, Surroundings};

use self::place::Spot;
use self::source::Source;
use self::suppress::{Suppressed, Suppression};

/// How to check.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is around the objects.
    pub around: Surroundings,
    /// What is known already.
    pub suppressions: Vec<Suppression>,
    /// The ids of the rules to run; all, if there are none.
    pub only: Vec<&'static str>,
}

/// What came of a check.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The sources, as the user named them.
    pub sources: Vec<String>,
    /// How many objects were judged.
    pub objects: usize,
    /// The findings, most serious first; those of one object behind each other within.
    pub findings: Vec<Told>,
    /// Findings that were set aside, in the same order.
    pub suppressed: Vec<Told>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Checked {
    /// How many findings there are that are so serious.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|told| told.severity == severity).count()
    }
}

/// A finding, with all that is known of where it comes from.
#[derive(Clone, Debug)]
pub struct Told {
    /// The rule.
    pub rule: &'static Rule,
    /// How serious it is.
    pub severity: Severity,
    /// The source that it is in, by its place in [`Checked::sources`].
    pub source: usize,
    /// The object, if it is about one.
    pub object: Option<Identity>,
    /// The field of the object, or the path of the value.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// Where it is.
    pub spot: Spot,
    /// Who set it aside, if anyone did.
    pub suppressed: Option<Suppressed>,
}

impl Told {
    /// What it is about, for the reader: `Service/web`, or the value's path.
    pub fn about(&self) -> String {
        match (&self.object, &self.field) {
            (Some(id), _) => id.to_string(),
            (None, Some(path)) => path.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Checks sources together.
///
/// # Errors
/// When a chart that was rendered can't be rendered once more.
pub fn check(sources: &[Source], options: &Options) -> Result<Checked> {
    let objects: Vec<Arc<Object>> = sources.iter().flat_map(Source::objects).cloned().collect();
    let mut checked = Checked {
        sources: sources.iter().map(|source| source.name().to_string()).collect(),
        objects: objects.len(),
        warnings: sources.iter().flat_map(|source| source.warnings().to_vec()).collect(),
        ..Checked::default()
    };
    let owners = owners(sources);
    let scene = Scene::new(objects, options.around.clone());
    let (mut found, warnings) = object::judge(&scene);
    checked.warnings.extend(warnings);
    for source in sources {
        found.extend(source.findings());
    }
    let is_wanted = |rule: &Rule| options.only.is_empty() || options.only.contains(&rule.id);
    found.retain(|finding| is_wanted(finding.rule));

    let spots = place::spots(sources, &owners, &found, &mut checked.warnings)?;
    let of_objects = found.into_iter().zip(spots).map(|(finding, spot)| {
        let object = finding.object.clone();
        (told(finding, spot, &owners), Some(object))
    });
    let of_values = values::findings(sources, &is_wanted, &mut checked.warnings)?;
    let mut annotated = suppress::Annotations::default();
    for (mut told, object) in of_objects.chain(of_values.into_iter().map(|told| (told, None))) {
        told.suppressed = options
            .suppressions
            .iter()
            .find_map(|suppression| suppression.of(&told))
            .or_else(|| object.and_then(|object| annotated.of(&object, &told)));
        if told.suppressed.is_some() { checked.suppressed.push(told) } else { checked.findings.push(told) }
    }
    checked.warnings.extend(annotated.warnings());
    for list in [&mut checked.findings, &mut checked.suppressed] {
        sort(list);
    }
    Ok(checked)
}

/// The source of each object.
fn owners(sources: &[Source]) -> HashMap<*const Object, usize> {
    let mut owners = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        owners.extend(source.objects().map(|object| (Arc::as_ptr(object), index)));
    }
    owners
}

fn told(finding: Finding, spot: Spot, owners: &HashMap<*const Object, usize>) -> Told {
    Told {
        rule: finding.rule,
        severity: finding.severity,
        source: owners.get(&Arc::as_ptr(&finding.object)).copied().unwrap_or_default(),
        object: Some(finding.object.id.clone()),
        field: finding.field.as_ref().map(Path::to_string).filter(|field| !field.is_empty()),
        message: finding.message,
        fix: finding.fix.unwrap_or_else(|| finding.rule.fix.to_string()),
        spot,
        suppressed: None,
    }
}

/// Brings findings into the order of a report: the most serious first, each with all others of its object.
fn sort(list: &mut [Told]) {
    let mut gravest: HashMap<(usize, Option<Identity>), Severity> = HashMap::new();
    for told in list.iter() {
        let own = gravest.entry((told.source, told.object.clone())).or_insert(told.severity);
        *own = told.severity.min(*own);
    }
    list.sort_by_cached_key(|told| {
        let of_object = gravest.get(&(told.source, told.object.clone())).copied();
        (of_object, told.source, told.object.clone(), told.severity, told.rule.id)
    });
}
