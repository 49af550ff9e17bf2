//! What is checked: charts, stored objects, IstioOperator files.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Error, Result};
use crate::diff::side::{Rendered, Side};
use crate::istio;
use crate::manifest::object::{self, Document, Object, Role};
use crate::manifest::split;
use crate::render::Request;
use crate::rules::object::{self as rules, Finding};
use crate::value::Str;

/// Where objects of Istio are that name no namespace.
const NAMESPACE: &str = "istio-system";

/// A source, with its objects.
#[derive(Debug)]
pub struct Source {
    side: Side,
    /// The IstioOperator that the objects were made of, and what was to say about it.
    operator: Option<(Arc<Object>, Vec<Diagnostic>)>,
}

impl Source {
    /// Opens a chart, stored objects, or a release.
    ///
    /// # Errors
    /// When there is nothing of that name, or it can't be rendered or read.
    pub fn open(name: &str, request: &Request) -> Result<Source> {
        Ok(Source { side: Side::open(name, request)?, operator: None })
    }

    /// Translates an IstioOperator file.
    ///
    /// # Errors
    /// When it can't be translated.
    pub fn operator(file: &str, request: &istio::Request) -> Result<Source> {
        let generated = istio::generate(request)?;
        let text = Str::from_bytes(request.tree.read(file, &request.limits)?);
        let source: Arc<str> = request.tree.shown(file).into();
        let own = read(&source, &text)?.into_iter().find(|object| &*object.id.kind == "IstioOperator");
        let own = own.ok_or_else(|| Error::new(format!("{source} holds no IstioOperator")))?;
        let mut objects = Vec::new();
        for object in &generated.objects {
            objects.extend(read(&source, &Str::from(object.to_yaml()?))?);
        }
        let side = Side {
            name: source.to_string(),
            objects: objects.into_iter().map(Arc::new).collect(),
            rendered: None,
            release: None,
            warnings: Vec::new(),
        };
        Ok(Source { side, operator: Some((Arc::new(own), generated.warnings)) })
    }

    /// The source, as the user named it.
    pub fn name(&self) -> &str {
        &self.side.name
    }

    /// Its objects; an IstioOperator is one, too.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.side.objects.iter().chain(self.operator.as_ref().map(|(own, _)| own))
    }

    /// What its objects were rendered from, if they were.
    pub fn rendered(&self) -> Option<&Rendered> {
        self.side.rendered.as_ref()
    }

    /// Whether an object stands in the source as it is; others were made from it.
    pub(super) fn holds(&self, object: &Arc<Object>) -> bool {
        match &self.operator {
            Some((own, _)) => Arc::ptr_eq(own, object),
            None => self.side.rendered.is_none(),
        }
    }

    /// What the user should know of how its objects came about.
    pub fn warnings(&self) -> Vec<String> {
        let of_operator = self.operator.iter().flat_map(|(_, warnings)| warnings);
        let told = of_operator.filter(|warning| rule_of(warning).is_none()).map(|w| w.message.clone());
        self.side.warnings.iter().cloned().chain(told).collect()
    }

    /// What was found while its objects were made.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let Some((own, warnings)) = &self.operator else { return Vec::new() };
        let finding = |warning: &Diagnostic| {
            let (rule, message) = rule_of(warning)?;
            Some(Finding {
                rule,
                severity: rule.severity,
                object: own.clone(),
                field: None,
                message: message.to_string(),
                fix: warning.hint.as_ref().map(|hint| hint.text.clone()),
            })
        };
        warnings.iter().filter_map(finding).collect()
    }
}

/// The rule that a warning is of, and what it says: `IOP003: spec.namespace has no effect`.
fn rule_of(warning: &Diagnostic) -> Option<(&'static rules::Rule, &str)> {
    let (id, message) = warning.message.split_once(": ")?;
    Some((rules::rule(id)?, message))
}

fn read(source: &Arc<str>, text: &Str) -> Result<Vec<Object>> {
    let mut objects = Vec::new();
    for range in split::split(text.as_bytes()) {
        let document = Document { source, text: (text, range), role: Role::Object, namespace: NAMESPACE };
        object::read(&document, &mut objects)?;
    }
    Ok(objects)
}
