//! What is generated besides for a template whose renders are recorded: calls that tell what is about to run,
//! and what has run. `{{ e }}` becomes `{{ (e if 7|__start(3) else none)|__done(7, 3) }}`, where 7 is the
//! template and 3 the node.

use std::fmt::Write;

use super::super::ast::{Args, Expr, Kind, Span, Target};
use super::super::record::{Names, Node, Read, What};
use super::{Done, Lower, names_of};
use crate::value::Str;

/// The nodes of a template that is being lowered for renders that are recorded.
pub(super) struct Notes {
    pub unit: u32,
    pub nodes: Vec<Node>,
    /// How many blocks of this body are around.
    pub depth: usize,
}

impl<'a> Lower<'a, '_> {
    /// Notes a node, if renders are to be recorded.
    pub(super) fn node(&mut self, what: What, span: &Span, exprs: &[&Expr<'a>]) -> Option<usize> {
        let notes = self.notes.as_mut()?;
        let mut functions = Vec::new();
        let mut reads = Vec::new();
        for expr in exprs {
            look(expr, &mut functions, &mut reads);
        }
        functions.sort_by_key(|(at, _)| *at);
        notes.nodes.push(Node {
            what,
            span: span.clone(),
            depth: notes.depth,
            functions: functions.into_iter().map(|(_, name)| name).collect(),
            reads,
        });
        Some(notes.nodes.len() - 1)
    }

    pub(super) fn text_node(&mut self, text: &str, span: &Span) -> Option<usize> {
        self.notes.as_ref()?;
        self.node(What::Text(text.into()), span, &[])
    }

    /// Writes an expression that is the value of a node.
    pub(super) fn act(&mut self, node: Option<usize>, write: impl FnOnce(&mut Self) -> Done) -> Done {
        let Some(node) = node else { return write(self) };
        self.out.push('(');
        write(self)?;
        let unit = self.unit();
        let _ = write!(self.out, " if {unit}|__start({node}) else none)|__done({unit}, {node})");
        Ok(())
    }

    /// Writes an expression whose value minijinja writes to a text of its own.
    pub(super) fn inner(&mut self, node: Option<usize>, write: impl FnOnce(&mut Self) -> Done) -> Done {
        let Some(node) = node else { return write(self) };
        self.out.push_str("((");
        write(self)?;
        let unit = self.unit();
        let _ = write!(self.out, " if {unit}|__begin({node}) else none)|__captured({unit}, {node}))");
        Ok(())
    }

    /// Writes a statement that only tells of a node.
    pub(super) fn note(&mut self, filter: &str, node: Option<usize>) {
        let Some(node) = node else { return };
        let unit = self.unit();
        let _ = write!(self.out, "{{{{ {unit}|{filter}({node}) }}}}");
    }

    /// Tells of a turn of a loop, with the first of its names.
    pub(super) fn note_turn(&mut self, node: Option<usize>, target: &Target<'a>) {
        let Some(node) = node else { return };
        let unit = self.unit();
        let _ = write!(self.out, "{{{{ {unit}|__turn({node}, ");
        match target {
            Target::Name(name) => self.put_name(name),
            Target::Tuple(targets) if let Some(Target::Name(name)) = targets.first() => self.put_name(name),
            _ => self.out.push_str("none"),
        }
        self.out.push_str(") }}");
    }

    /// Writes a filter that ends the text of its own that `node` is, or only tells of its value.
    pub(super) fn through(&mut self, filter: &str, node: Option<usize>) {
        let Some(node) = node else { return };
        let unit = self.unit();
        let _ = write!(self.out, "{filter}({unit}, {node})");
    }

    /// What is written within stands in one more block.
    pub(super) fn within<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(notes) = &mut self.notes {
            notes.depth += 1;
        }
        let result = write(self);
        if let Some(notes) = &mut self.notes {
            notes.depth -= 1;
        }
        result
    }

    /// What is written within is a body of its own: of a macro, of a block of a template.
    pub(super) fn apart<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.notes.as_mut().map(|notes| std::mem::take(&mut notes.depth));
        let result = write(self);
        if let (Some(notes), Some(outer)) = (&mut self.notes, outer) {
            notes.depth = outer;
        }
        result
    }

    /// Writes what is written within without notes.
    pub(super) fn unnoted<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let notes = self.notes.take();
        let result = write(self);
        self.notes = notes;
        result
    }

    pub(super) fn unit(&self) -> u32 {
        self.notes.as_ref().map_or(0, |notes| notes.unit)
    }

    /// Which call a value is that minijinja treats by itself: whether it is of a loop.
    pub(super) fn special(&self, expr: &Expr<'a>) -> Option<bool> {
        let Kind::Call(callee, args) = &expr.kind else { return None };
        let count = args.positional.len() + args.named.len();
        if args.star.is_some() || args.double_star.is_some() {
            return None;
        }
        match &callee.kind {
            Kind::Name("super") if count == 0 && !self.bound.contains("super") => Some(false),
            Kind::Name("loop") if count == 1 && !self.is_renamed("loop") => Some(true),
            Kind::Attribute(object, _) => {
                let is_block = matches!(object.kind, Kind::Name("self")) && !self.bound.contains("self");
                is_block.then_some(false)
            }
            _ => None,
        }
    }
}

/// The names of a target, as nodes keep them.
pub(super) fn names(target: &Target<'_>) -> Vec<Box<str>> {
    let mut names = Vec::new();
    names_of(target, &mut names);
    names.into_iter().map(Box::from).collect()
}

/// What assigns to a target.
pub(super) fn assignment(target: &Target<'_>) -> What {
    match target {
        Target::Field(name, field, _) => What::Field((*name).into(), (*field).into()),
        _ => What::Assign(names(target)),
    }
}

/// What a `do` may change.
pub(super) fn change(expr: &Expr<'_>) -> What {
    let mut names = Vec::new();
    let mut inner = expr;
    while let Kind::Call(object, _) | Kind::Attribute(object, _) | Kind::Item(object, _) = &inner.kind {
        inner = object;
    }
    match (&inner.kind, &expr.kind) {
        (Kind::Name(name), Kind::Call(callee, _)) if !matches!(callee.kind, Kind::Name(_)) => {
            names.push(Box::from(*name));
        }
        // A function of the library changes what it is given first: `set(d, "key", value)`.
        (_, Kind::Call(_, args)) => {
            if let Some(Expr { kind: Kind::Name(name), .. }) = args.positional.first() {
                names.push(Box::from(*name));
            }
        }
        (_, Kind::Filter(Some(object), ..)) => {
            if let Kind::Name(name) = object.kind {
                names.push(Box::from(name));
            }
        }
        _ => {}
    }
    What::Do(names)
}

pub(super) fn imported(names: &[(&str, &str)]) -> What {
    What::Import(Names::Some(names.iter().map(|(name, alias)| ((*name).into(), (*alias).into())).collect()))
}

/// Whether the elements of what a loop goes over are entries of a mapping.
pub(super) fn gives_entries(iter: &Expr<'_>) -> bool {
    match &iter.kind {
        Kind::Filter(_, used, _) => matches!(used.name, "items" | "dictsort"),
        Kind::Call(callee, _) => matches!(callee.kind, Kind::Attribute(_, "items")),
        _ => false,
    }
}

/// What a loop goes over, and which of it.
pub(super) fn loop_span(iter: &Expr<'_>, test: Option<&Expr<'_>>) -> Span {
    iter.span.start..test.map_or(iter.span.end, |test| test.span.end)
}

/// The functions and variables of an expression.
fn look<'a>(expr: &Expr<'a>, functions: &mut Vec<(usize, Str)>, reads: &mut Vec<Read>) {
    let mut read = |name: &str, field: Option<&str>| {
        let read = Read { name: name.into(), field: field.map(Box::from) };
        if !reads.contains(&read) {
            reads.push(read);
        }
    };
    match &expr.kind {
        Kind::Name(name) => read(name, None),
        Kind::Attribute(object, field) if let Kind::Name(name) = object.kind => read(name, Some(field)),
        Kind::Item(object, index)
            if let (Kind::Name(name), Kind::Str(field)) = (&object.kind, &index.kind) =>
        {
            read(name, Some(field));
        }
        Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => {}
        Kind::Tuple(items) | Kind::List(items) | Kind::Concat(items) => {
            items.iter().for_each(|e| look(e, functions, reads));
        }
        Kind::Dict(pairs) => pairs.iter().flat_map(|(k, v)| [k, v]).for_each(|e| look(e, functions, reads)),
        Kind::Cond { test, then, otherwise } => {
            [test, then].into_iter().chain(otherwise).for_each(|e| look(e, functions, reads));
        }
        Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) | Kind::Item(a, b) => {
            look(a, functions, reads);
            look(b, functions, reads);
        }
        Kind::Not(a) | Kind::Sign(_, a) | Kind::Attribute(a, _) => look(a, functions, reads),
        Kind::Compare(a, rest) => {
            look(a, functions, reads);
            rest.iter().for_each(|(_, e)| look(e, functions, reads));
        }
        Kind::Slice(a, parts) => {
            look(a, functions, reads);
            parts.iter().flatten().for_each(|e| look(e, functions, reads));
        }
        Kind::Call(callee, args) => {
            if let Some(path) = path(callee) {
                functions.push((callee.span.start, path.as_str().into()));
            } else if let Kind::Attribute(_, method) = callee.kind {
                functions.push((callee.span.end, method.into()));
            }
            look(callee, functions, reads);
            look_args(args, functions, reads);
        }
        Kind::Filter(object, used, args) => {
            object.iter().for_each(|object| look(object, functions, reads));
            functions.push((used.span.start, used.name.into()));
            look_args(args, functions, reads);
        }
        Kind::Test(object, used, args) => {
            look(object, functions, reads);
            functions.push((used.span.start, used.name.into()));
            look_args(args, functions, reads);
        }
    }
}

fn look_args<'a>(args: &Args<'a>, functions: &mut Vec<(usize, Str)>, reads: &mut Vec<Read>) {
    let named = args.named.iter().map(|(_, e)| e);
    let stars = [&args.star, &args.double_star].into_iter().flatten().map(|e| &**e);
    args.positional.iter().chain(named).chain(stars).for_each(|e| look(e, functions, reads));
}

/// A name with attributes, as it is written: `helpers.labels`.
fn path(expr: &Expr<'_>) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) => Some((*name).to_string()),
        Kind::Attribute(object, name) => Some(format!("{}.{name}", path(object)?)),
        _ => None,
    }
}
