//! Which node gave a variable its value. Variables are told apart by their names, as far as their scopes go.

use std::sync::Arc;

use super::Book;
use crate::trace::{EmissionId, Recorder};
use crate::value::Str;

/// So many changes of a variable are kept.
const MAX_CHANGES: usize = 64;

/// So many texts are kept that a value may hold.
const MAX_TEXTS: usize = 64;

/// Where the value of a variable came from.
#[derive(Clone, Default)]
pub(super) struct Variable {
    /// What gave or changed it, and which attribute, if only one.
    by: Vec<(Option<Box<str>>, EmissionId)>,
    /// Texts whose writers are known and that it may hold.
    texts: Vec<Str>,
    /// The template that it stands for.
    module: Option<Arc<str>>,
}

impl Variable {
    /// A variable that an emission gave its value.
    pub(super) fn given(by: Option<EmissionId>, texts: &[Str]) -> Variable {
        let mut variable =
            Variable { by: by.map(|by| (None, by)).into_iter().collect(), ..Default::default() };
        add(&mut variable.texts, texts);
        variable
    }

    /// A variable that stands for a template.
    pub(super) fn module(key: Arc<str>) -> Variable {
        Variable { module: Some(key), ..Variable::default() }
    }
}

fn add(texts: &mut Vec<Str>, more: &[Str]) {
    for text in more {
        if texts.len() < MAX_TEXTS && !texts.contains(text) {
            texts.push(text.clone());
        }
    }
}

impl Book {
    /// The variable of a name, as the innermost frame sees it.
    fn find(&self, name: &str) -> Option<&Variable> {
        let mut at = self.top()?;
        loop {
            let frame = self.frames.get(at)?;
            if let Some((_, found)) = frame.variables.iter().rev().find(|(n, _)| **n == *name) {
                return Some(found);
            }
            match frame.sees {
                Some(next) if next < at => at = next,
                _ => return self.of_module(frame.key.as_ref()?, name),
            }
        }
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Variable> {
        let mut at = self.top()?;
        loop {
            let frame = self.frames.get(at)?;
            match (frame.variables.iter().rposition(|(n, _)| **n == *name), frame.sees) {
                (Some(index), _) => {
                    return self.frames.get_mut(at)?.variables.get_mut(index).map(|(_, found)| found);
                }
                (None, Some(next)) if next < at => at = next,
                _ => return None,
            }
        }
    }

    /// A variable that a template made.
    pub(super) fn of_module(&self, key: &str, name: &str) -> Option<&Variable> {
        let variables = self.modules.get(key)?;
        variables.iter().rev().find(|(n, _)| **n == *name).map(|(_, found)| found)
    }

    /// Tells which variables the node under way reads.
    pub(super) fn read_variables(&mut self, r: &mut Recorder) {
        let Some((unit, index)) = self.frames.last().and_then(|frame| frame.action.node.clone()) else {
            return;
        };
        let mut texts = Vec::new();
        for read in unit.nodes.get(index).map_or(&[][..], |node| &node.reads) {
            let mut field = read.field.as_deref();
            let mut found = self.find(&read.name);
            if let (Some(Variable { module: Some(key), .. }), Some(name)) = (found, field) {
                (found, field) = (self.of_module(key, name), None);
            }
            let Some(variable) = found else { continue };
            for (changed, by) in &variable.by {
                if changed.is_none() || field.is_none() || changed.as_deref() == field {
                    r.variable(*by);
                }
            }
            add(&mut texts, &variable.texts);
        }
        if let Some(frame) = self.frame() {
            add(&mut frame.action.texts, &texts);
        }
    }

    /// Names get their value by an emission; it may hold these texts.
    pub(super) fn bind(&mut self, names: &[Box<str>], by: Option<EmissionId>, texts: &[Str]) {
        let Some(frame) = self.frames.last_mut() else { return };
        let variable = Variable::given(by, texts);
        frame.variables.extend(names.iter().map(|name| (name.clone(), variable.clone())));
    }

    /// What a variable holds was changed: one attribute of a namespace, or anything.
    pub(super) fn change(&mut self, name: &str, field: Option<&str>, by: Option<EmissionId>, texts: &[Str]) {
        let Some(by) = by else { return };
        let Some(variable) = self.find_mut(name) else { return };
        if field.is_some() {
            variable.by.retain(|(changed, _)| changed.as_deref() != field);
        }
        if variable.by.len() < MAX_CHANGES {
            variable.by.push((field.map(Box::from), by));
        }
        add(&mut variable.texts, texts);
    }
}
