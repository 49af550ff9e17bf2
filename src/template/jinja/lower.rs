//! The tree to the source that minijinja runs. Where minijinja means something else than Jinja2 (operators,
//! mutable literals, macros, imports without context), the source calls Torii's own filters instead; each
//! piece remembers the place of the original text that it stands for, so that errors point there.

use std::collections::HashSet;
use std::fmt::Write;

use super::ast::{Args, Expr, Kind, Param, Span, Stmt, Target, Used};
use super::filters;
use super::lexer::SyntaxError;
use super::library;
use super::predicates;
use crate::diagnostic::nearest;

/// A piece of the generated source and the text it stands for.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub generated: Span,
    pub original: Span,
}

/// What minijinja gets.
#[derive(Debug)]
pub(super) struct Lowered {
    pub source: String,
    pub segments: Vec<Segment>,
    /// Names that the template gives to variables and macros, for hints.
    pub names: Vec<String>,
}

/// More arguments than this are split over several calls; minijinja takes at most 2,000.
const CHUNK: usize = 1000;

/// Resolves the constant name of an imported template to the name in the environment.
pub(super) type Resolve<'r> = &'r dyn Fn(&str) -> Option<String>;

struct Lower<'a, 'r> {
    out: String,
    segments: Vec<Segment>,
    /// Names that this template assigns anywhere: a call of one is not a call of the library.
    bound: HashSet<&'a str>,
    renames: Vec<(&'a str, String)>,
    temps: usize,
    /// How many conditions surround this place: there, as in Jinja2, an unknown filter fails only if reached.
    conditions: usize,
    base: &'r str,
    resolve: Resolve<'r>,
    blocks: HashSet<&'a str>,
}

type Done = Result<(), SyntaxError>;

/// Lowers a template of the chart whose templates folder is `base`.
pub(super) fn lower(body: &[Stmt<'_>], base: &str, resolve: Resolve<'_>) -> Result<Lowered, SyntaxError> {
    let mut lower = Lower {
        out: String::with_capacity(4096),
        segments: Vec::with_capacity(256),
        bound: HashSet::new(),
        renames: Vec::new(),
        temps: 0,
        conditions: 0,
        base,
        resolve,
        blocks: HashSet::new(),
    };
    lower.collect(body);
    lower.body(body)?;
    let names = lower.bound.iter().map(|n| (*n).to_string()).collect();
    Ok(Lowered { source: lower.out, segments: lower.segments, names })
}

/// The name that a generated variable may not collide with.
fn internal(name: &str) -> bool {
    name.starts_with("__t")
}

impl<'a> Lower<'a, '_> {
    // ---- names ------------------------------------------------------------------------------------

    fn collect(&mut self, body: &[Stmt<'a>]) {
        for stmt in body {
            match stmt {
                Stmt::For { target, body, otherwise, .. } => {
                    self.collect_target(target);
                    self.collect(body);
                    self.collect(otherwise);
                }
                Stmt::If { branches, otherwise } => {
                    branches.iter().for_each(|(_, body)| self.collect(body));
                    self.collect(otherwise);
                }
                Stmt::With { pairs, body } => {
                    pairs.iter().for_each(|(target, _)| self.collect_target(target));
                    self.collect(body);
                }
                Stmt::Set(target, _) => self.collect_target(target),
                Stmt::SetBlock { target, body, .. } => {
                    self.collect_target(target);
                    self.collect(body);
                }
                Stmt::FilterBlock { body, .. } | Stmt::Autoescape(body) => self.collect(body),
                Stmt::Block { name, body, .. } => {
                    self.blocks.insert(name);
                    self.collect(body);
                }
                Stmt::Import { target, .. } => {
                    self.bound.insert(target);
                }
                Stmt::From { names, .. } => self.bound.extend(names.iter().map(|(_, alias)| *alias)),
                Stmt::Macro { name, params, body, .. } => {
                    self.bound.insert(name);
                    self.bound.extend(params.iter().map(|p| p.name));
                    self.collect(body);
                }
                Stmt::CallBlock { params, body, .. } => {
                    self.bound.extend(params.iter().map(|p| p.name));
                    self.collect(body);
                }
                _ => {}
            }
        }
    }

    fn collect_target(&mut self, target: &Target<'a>) {
        match target {
            Target::Name(name) => {
                self.bound.insert(name);
            }
            Target::Field(..) => {}
            Target::Tuple(targets) => targets.iter().for_each(|t| self.collect_target(t)),
        }
    }

    fn temp(&mut self) -> String {
        self.temps += 1;
        format!("__t{}", self.temps)
    }

    fn is_renamed(&self, name: &str) -> bool {
        self.renames.iter().any(|(n, _)| *n == name)
    }

    /// Prepares a name to be assigned to: minijinja keeps some for itself.
    fn declare(&mut self, name: &'a str) {
        if (matches!(name, "loop" | "self") || internal(name)) && !self.is_renamed(name) {
            let to = self.temp();
            self.renames.push((name, to));
        }
    }

    /// Gives the names of a target other ones, which nothing else uses.
    fn rename(&mut self, target: &Target<'a>) {
        let mut names = Vec::new();
        names_of(target, &mut names);
        for name in names {
            let temp = self.temp();
            self.renames.push((name, temp));
        }
    }

    fn put_name(&mut self, name: &str) {
        match self.renames.iter().rev().find(|(n, _)| *n == name) {
            Some((_, to)) => self.out.push_str(to),
            None => write_identifier(&mut self.out, name),
        }
    }

    fn target(&mut self, target: &Target<'a>) {
        match target {
            Target::Name(name) => {
                self.declare(name);
                self.put_name(name);
            }
            Target::Field(name, field, _) => {
                self.put_name(name);
                self.out.push('.');
                self.out.push_str(field);
            }
            Target::Tuple(targets) => {
                for (i, t) in targets.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    let nested = matches!(t, Target::Tuple(_));
                    if nested {
                        self.out.push('(');
                    }
                    self.target(t);
                    if nested {
                        self.out.push(')');
                    }
                }
                if targets.len() == 1 {
                    self.out.push(',');
                }
            }
        }
    }

    // ---- statements -------------------------------------------------------------------------------

    fn mark(&mut self, from: usize, original: &Span) {
        self.segments.push(Segment { generated: from..self.out.len(), original: original.clone() });
    }

    fn body(&mut self, body: &[Stmt<'a>]) -> Done {
        let renames = self.renames.len();
        for stmt in body {
            self.statement(stmt)?;
        }
        self.renames.truncate(renames);
        Ok(())
    }

    /// A branch of an `if`, which has no scope of its own.
    fn branch(&mut self, body: &[Stmt<'a>]) -> Done {
        self.conditions += 1;
        body.iter().try_for_each(|stmt| self.statement(stmt))?;
        self.conditions -= 1;
        Ok(())
    }

    /// A body with a scope of its own.
    fn scoped(&mut self, body: &[Stmt<'a>]) -> Done {
        self.out.push_str("{% with %}");
        self.body(body)?;
        self.out.push_str("{% endwith %}");
        Ok(())
    }

    fn statement(&mut self, stmt: &Stmt<'a>) -> Done {
        match stmt {
            Stmt::Data(text, span) => {
                let from = self.out.len();
                self.data(text);
                self.mark(from, span);
                Ok(())
            }
            Stmt::Print(expr) => self.print(expr),
            Stmt::For { target, iter, test, recursive, body, otherwise } => {
                self.for_loop(target, iter, test.as_ref(), *recursive, body, otherwise)
            }
            Stmt::If { branches, otherwise } => {
                for (i, (test, body)) in branches.iter().enumerate() {
                    self.out.push_str(if i == 0 { "{% if " } else { "{% elif " });
                    self.expr(test)?;
                    self.out.push_str(" %}");
                    self.branch(body)?;
                }
                if !otherwise.is_empty() {
                    self.out.push_str("{% else %}");
                    self.branch(otherwise)?;
                }
                self.out.push_str("{% endif %}");
                Ok(())
            }
            Stmt::With { pairs, body } => self.with(pairs, body),
            Stmt::Set(target, value) => {
                self.out.push_str("{% set ");
                let from = self.out.len();
                self.target(target);
                self.out.push_str(" = ");
                self.expr(value)?;
                if let Target::Tuple(targets) = target {
                    let _ = write!(self.out, "|__unpack({})", targets.len());
                }
                let whole = match target {
                    Target::Field(_, _, span) => span.start..value.span.end,
                    _ => value.span.clone(),
                };
                self.mark(from, &whole);
                self.out.push_str(" %}");
                Ok(())
            }
            Stmt::SetBlock { target, filter, body } => {
                no_jump(body, "set")?;
                self.out.push_str("{% set ");
                self.target(target);
                if let Some(filter) = filter {
                    self.out.push_str(" | ");
                    self.expr(filter)?;
                }
                self.out.push_str(" %}");
                self.scoped(body)?;
                self.out.push_str("{% endset %}");
                Ok(())
            }
            Stmt::FilterBlock { filter, body } => {
                no_jump(body, "filter")?;
                self.out.push_str("{% filter ");
                self.expr(filter)?;
                self.out.push_str(" %}");
                self.scoped(body)?;
                self.out.push_str("{% endfilter %}");
                Ok(())
            }
            Stmt::Autoescape(body) => {
                no_jump(body, "autoescape")?;
                self.scoped(body)
            }
            Stmt::Block { name, scoped, required, body, span } => {
                let from = self.out.len();
                let _ = write!(self.out, "{{% block {name}{} %}}", if *required { " required" } else { "" });
                self.mark(from, span);
                // Only a scoped block sees the variables of the loops around it.
                let hidden = if *scoped { Vec::new() } else { std::mem::take(&mut self.renames) };
                self.body(body)?;
                if !*scoped {
                    self.renames = hidden;
                }
                self.out.push_str("{% endblock %}");
                Ok(())
            }
            Stmt::Extends(name, span) => {
                let from = self.out.len();
                self.out.push_str("{% extends ");
                self.template_name(name, false)?;
                self.out.push_str(" %}");
                self.mark(from, span);
                Ok(())
            }
            Stmt::Include { name, ignore_missing, with_context, span } => {
                self.include(name, *ignore_missing, *with_context, span)
            }
            Stmt::Import { name, target, with_context, span } => {
                let module = self.import(name, *with_context, span)?;
                self.declare(target);
                self.out.push_str("{% set ");
                self.put_name(target);
                let _ = write!(self.out, " = {module} %}}");
                Ok(())
            }
            Stmt::From { name, names, with_context, span } => {
                let module = self.import(name, *with_context, span)?;
                for (imported, alias) in names {
                    self.declare(alias);
                    self.out.push_str("{% set ");
                    self.put_name(alias);
                    let _ = write!(self.out, " = {module}.");
                    write_identifier(&mut self.out, imported);
                    self.out.push_str(" %}");
                }
                Ok(())
            }
            Stmt::Macro { name, params, body, span } => {
                let raw = self.macro_body(params, body, span)?;
                self.declare(name);
                self.out.push_str("{% set ");
                self.put_name(name);
                self.out.push_str(" = ");
                self.macro_value(&raw, name, params, body);
                self.out.push_str(" %}");
                Ok(())
            }
            Stmt::CallBlock { params, call, body, span } => {
                let raw = self.macro_body(params, body, span)?;
                let caller = self.temp();
                let _ = write!(self.out, "{{% set {caller} = ");
                self.macro_value(&raw, "caller", params, body);
                self.out.push_str(" %}{{ ");
                let Kind::Call(callee, args) = &call.kind else { return Ok(()) };
                let from = self.out.len();
                self.call(callee, args, Some(&caller))?;
                self.mark(from, &call.span);
                self.out.push_str(" }}");
                Ok(())
            }
            Stmt::Do(expr) => {
                self.out.push_str("{% set __t = ");
                self.expr(expr)?;
                self.out.push_str(" %}");
                Ok(())
            }
            Stmt::Break => {
                self.out.push_str("{% break %}");
                Ok(())
            }
            Stmt::Continue => {
                self.out.push_str("{% continue %}");
                Ok(())
            }
        }
    }

    fn data(&mut self, text: &str) {
        let plain =
            !text.contains("{{") && !text.contains("{%") && !text.contains("{#") && !text.ends_with('{');
        if plain {
            self.out.push_str(text);
        } else {
            self.out.push_str("{{ ");
            self.string(text);
            self.out.push_str(" }}");
        }
    }

    fn print(&mut self, expr: &Expr<'a>) -> Done {
        self.out.push_str("{{ ");
        let from = self.out.len();
        self.expr(expr)?;
        self.mark(from, &expr.span);
        self.out.push_str(" }}");
        Ok(())
    }

    fn for_loop(
        &mut self,
        target: &Target<'a>,
        iter: &Expr<'a>,
        test: Option<&Expr<'a>>,
        recursive: bool,
        body: &[Stmt<'a>],
        otherwise: &[Stmt<'a>],
    ) -> Done {
        // Jinja2 runs `else` unless a turn came to its end: `break` and `continue` don't count as that.
        let flag = (!otherwise.is_empty() && jumps(body)).then(|| self.temp());
        if let Some(flag) = &flag {
            let _ = write!(self.out, "{{% set {flag} = (0|__flag) %}}");
        }
        let renames = self.renames.len();
        if hides_names(body) {
            self.rename(target);
        }
        let header = self.out.len();
        self.out.push_str("{% for ");
        self.target(target);
        self.out.push_str(" in ");
        // The sequence is named outside of the loop.
        let inner = self.renames.split_off(renames);
        let from = self.out.len();
        self.chain(iter)?;
        let _ = write!(self.out, "|__iter({})", matches!(target, Target::Tuple(_)));
        self.mark(from, &iter.span);
        self.renames.extend(inner);
        if let Some(test) = test {
            self.out.push_str(" if ");
            self.expr(test)?;
        }
        self.out.push_str(if recursive { " recursive %}" } else { " %}" });
        self.mark(header, &iter.span);
        self.body(body)?;
        self.renames.truncate(renames);
        if let Some(flag) = &flag {
            let _ = write!(
                self.out,
                "{{% set {flag}.turned = true %}}{{% endfor %}}{{% if not {flag}.turned %}}"
            );
            self.otherwise(otherwise)?;
            self.out.push_str("{% endif %}");
            return Ok(());
        }
        if !otherwise.is_empty() {
            self.out.push_str("{% else %}");
            self.otherwise(otherwise)?;
        }
        self.out.push_str("{% endfor %}");
        Ok(())
    }

    fn otherwise(&mut self, body: &[Stmt<'a>]) -> Done {
        if jumps(body) { self.body(body) } else { self.scoped(body) }
    }

    fn with(&mut self, pairs: &[(Target<'a>, Expr<'a>)], body: &[Stmt<'a>]) -> Done {
        if jumps(body) {
            return self.with_by_names(pairs, body);
        }
        let renames = self.renames.len();
        // The values are evaluated outside, all before the first is assigned.
        let mut values = Vec::new();
        for (target, value) in pairs {
            let start = self.out.len();
            self.expr(value)?;
            if let Target::Tuple(targets) = target {
                let _ = write!(self.out, "|__unpack({})", targets.len());
            }
            let offset = self.segments.iter().rposition(|s| s.generated.start < start).map_or(0, |i| i + 1);
            let segments = self.segments.split_off(offset);
            values.push((self.out.split_off(start), start, segments));
        }
        if hides_names(body) {
            pairs.iter().for_each(|(target, _)| self.rename(target));
        }
        self.out.push_str("{% with ");
        let many = pairs.len() > 1;
        if many {
            self.out.push('(');
        }
        for (target, _) in pairs {
            if matches!(target, Target::Tuple(_)) {
                self.out.push('(');
                self.target(target);
                self.out.push(')');
            } else {
                self.target(target);
            }
            if many {
                self.out.push_str(", ");
            }
        }
        if many {
            self.out.push(')');
        }
        if !pairs.is_empty() {
            self.out.push_str(" = ");
            if many {
                self.out.push('(');
            }
            for (text, start, segments) in values {
                let moved = self.out.len();
                let shift = |at: usize| at - start + moved;
                self.segments.extend(segments.into_iter().map(|s| Segment {
                    generated: shift(s.generated.start)..shift(s.generated.end),
                    original: s.original,
                }));
                self.out.push_str(&text);
                if many {
                    self.out.push_str(", ");
                }
            }
            if many {
                self.out.push(')');
            }
        }
        self.out.push_str(" %}");
        self.body(body)?;
        self.renames.truncate(renames);
        self.out.push_str("{% endwith %}");
        Ok(())
    }

    /// A `with` that a `break` or `continue` leaves: its names become variables that no other part uses,
    /// since minijinja would not leave the scope.
    fn with_by_names(&mut self, pairs: &[(Target<'a>, Expr<'a>)], body: &[Stmt<'a>]) -> Done {
        let renames = self.renames.len();
        let mut values = Vec::new();
        for (_, value) in pairs {
            let temp = self.temp();
            let _ = write!(self.out, "{{% set {temp} = ");
            self.expr(value)?;
            self.out.push_str(" %}");
            values.push(temp);
        }
        pairs.iter().for_each(|(target, _)| self.rename(target));
        for ((target, _), value) in pairs.iter().zip(values) {
            self.out.push_str("{% set ");
            self.target(target);
            let _ = write!(self.out, " = {value}");
            if let Target::Tuple(targets) = target {
                let _ = write!(self.out, "|__unpack({})", targets.len());
            }
            self.out.push_str(" %}");
        }
        self.body(body)?;
        self.renames.truncate(renames);
        Ok(())
    }

    /// The name of another template, as the environment knows it. If it may be missing, an unknown name
    /// stays as it is.
    fn template_name(&mut self, name: &Expr<'a>, may_miss: bool) -> Done {
        if let Kind::Str(text) = &name.kind {
            if let Some(full) = (self.resolve)(text) {
                self.string(&full);
                return Ok(());
            }
        }
        let from = self.out.len();
        self.chain(name)?;
        self.out.push_str("|__template(");
        self.string(self.base);
        let _ = write!(self.out, ", {may_miss})");
        self.mark(from, &name.span);
        Ok(())
    }

    fn include(&mut self, name: &Expr<'a>, ignore_missing: bool, with_context: bool, span: &Span) -> Done {
        let from = self.out.len();
        let ignore = if ignore_missing { " ignore missing" } else { "" };
        if with_context {
            self.out.push_str("{% with %}{% include ");
            self.template_name(name, ignore_missing)?;
            let _ = write!(self.out, "{ignore} %}}{{% endwith %}}");
        } else {
            let wrapper = self.temp();
            let _ = write!(
                self.out,
                "{{% macro {wrapper}(__name) %}}{{% include __name{ignore} %}}{{% endmacro %}}{{{{ {wrapper}("
            );
            self.template_name(name, ignore_missing)?;
            self.out.push_str(") }}");
        }
        self.mark(from, span);
        Ok(())
    }

    /// Imports a template; gives the variable that holds its module. Without context, the import runs in a
    /// macro of its own, which sees none of the variables here.
    fn import(&mut self, name: &Expr<'a>, with_context: bool, span: &Span) -> Result<String, SyntaxError> {
        let from = self.out.len();
        let module = self.temp();
        if with_context {
            self.out.push_str("{% import ");
            self.template_name(name, false)?;
            let _ = write!(self.out, " as {module} %}}");
        } else {
            let wrapper = self.temp();
            let _ = write!(
                self.out,
                "{{% macro {wrapper}(__name) %}}{{% import __name as {module} %}}\
                 {{% set __t = {module}|__export %}}{{% endmacro %}}{{% set {module} = {wrapper}("
            );
            self.template_name(name, false)?;
            self.out.push_str(")|__imported %}");
        }
        self.mark(from, span);
        Ok(module)
    }

    /// The body of a macro as a macro of minijinja that takes every parameter by position.
    fn macro_body(
        &mut self,
        params: &[Param<'a>],
        body: &[Stmt<'a>],
        span: &Span,
    ) -> Result<String, SyntaxError> {
        let raw = self.temp();
        let renames = self.renames.len();
        let from = self.out.len();
        let _ = write!(self.out, "{{% macro {raw}(");
        for param in params {
            if matches!(param.name, "loop" | "self") {
                let temp = self.temp();
                self.renames.push((param.name, temp));
            }
            self.put_name(param.name);
            self.out.push_str(", ");
        }
        for extra in ["varargs", "kwargs", "caller"] {
            if uses(body, params, extra) && !params.iter().any(|p| p.name == extra) {
                self.out.push_str(extra);
                self.out.push_str(", ");
            }
        }
        self.out.push_str(") %}");
        self.mark(from, span);
        for param in params {
            if let Some(default) = &param.default {
                self.out.push_str("{% if ");
                self.put_name(param.name);
                self.out.push_str("|__missing %}{% set ");
                self.put_name(param.name);
                self.out.push_str(" = ");
                self.expr(default)?;
                self.out.push_str(" %}{% endif %}");
            }
        }
        self.body(body)?;
        self.out.push_str("{% endmacro %}");
        self.renames.truncate(renames);
        Ok(raw)
    }

    /// The value of a macro: minijinja's, with the signature that binds arguments to it.
    fn macro_value(&mut self, raw: &str, name: &str, params: &[Param<'a>], body: &[Stmt<'a>]) {
        let _ = write!(self.out, "{raw}|__macro(");
        self.string(name);
        let mut flags = 0;
        for (bit, extra) in ["varargs", "kwargs", "caller"].into_iter().enumerate() {
            if uses(body, params, extra) && !params.iter().any(|p| p.name == extra) {
                flags |= 1 << bit;
            }
        }
        let _ = write!(self.out, ", {flags}");
        for param in params {
            self.out.push_str(", \"");
            write_identifier(&mut self.out, param.name);
            self.out.push('"');
            self.out.push_str(if param.default.is_some() { ", true" } else { ", false" });
        }
        self.out.push(')');
    }

    // ---- expressions ------------------------------------------------------------------------------

    fn string(&mut self, text: &str) {
        write_string(&mut self.out, text);
    }

    /// Any expression, where nothing follows that could bind to a part of it.
    fn expr(&mut self, expr: &Expr<'a>) -> Done {
        self.chain(expr)
    }

    /// An expression to which attributes, subscripts and calls can be appended.
    fn primary(&mut self, expr: &Expr<'a>) -> Done {
        let simple = match &expr.kind {
            Kind::Name(_)
            | Kind::None
            | Kind::Bool(_)
            | Kind::Str(_)
            | Kind::Tuple(_)
            | Kind::Attribute(..)
            | Kind::Item(..)
            | Kind::Cond { .. }
            | Kind::And(..)
            | Kind::Or(..)
            | Kind::Not(_) => true,
            Kind::Call(callee, _) => self.static_call(callee).is_none(),
            _ => false,
        };
        if simple {
            return self.chain(expr);
        }
        self.out.push('(');
        self.chain(expr)?;
        self.out.push(')');
        Ok(())
    }

    /// An expression to which filters can be appended.
    fn chain(&mut self, expr: &Expr<'a>) -> Done {
        let from = self.out.len();
        match &expr.kind {
            Kind::Name(name) => self.put_name(name),
            Kind::None => self.out.push_str("none"),
            Kind::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Kind::Int(n) => {
                let _ = write!(self.out, "{n}");
                return Ok(());
            }
            Kind::Float(f) => {
                if f.is_finite() {
                    let _ = write!(self.out, "{f:?}");
                } else {
                    self.out.push_str("0|__inf");
                }
            }
            Kind::Str(text) => self.string(text),
            Kind::Tuple(items) => {
                self.out.push('(');
                for item in items {
                    self.expr(item)?;
                    self.out.push_str(", ");
                }
                self.out.push(')');
            }
            Kind::List(items) => {
                self.out.push_str("0|__list(");
                self.many(items.iter(), "|__more(")?;
                self.out.push(')');
            }
            Kind::Dict(pairs) => {
                self.out.push_str("0|__dict(");
                self.many(pairs.iter().flat_map(|(k, v)| [k, v]), "|__more(")?;
                self.out.push(')');
            }
            Kind::Cond { test, then, otherwise } => {
                self.conditions += 1;
                self.out.push('(');
                self.expr(then)?;
                self.out.push_str(" if ");
                self.expr(test)?;
                self.out.push_str(" else ");
                match otherwise {
                    Some(otherwise) => self.expr(otherwise)?,
                    None => self.out.push_str("__undefined"),
                }
                self.out.push(')');
                self.conditions -= 1;
            }
            Kind::And(a, b) => self.both(a, " and ", b)?,
            Kind::Or(a, b) => self.both(a, " or ", b)?,
            Kind::Not(a) => {
                self.out.push_str("(not ");
                self.chain(a)?;
                self.out.push(')');
            }
            Kind::Sign(sign, a) => match (&a.kind, *sign) {
                (Kind::Int(n), "-") if *n > 0 && *n < 1 << 62 => {
                    let _ = write!(self.out, "(-{n})");
                }
                _ => {
                    self.chain(a)?;
                    self.out.push_str(if *sign == "-" { "|__neg" } else { "|__pos" });
                }
            },
            Kind::Binary(sign, a, b) => {
                self.chain(a)?;
                self.out.push_str(match *sign {
                    "+" => "|__add(",
                    "-" => "|__sub(",
                    "*" => "|__mul(",
                    "/" => "|__div(",
                    "//" => "|__floordiv(",
                    "%" => "|__mod(",
                    _ => "|__pow(",
                });
                self.expr(b)?;
                self.out.push(')');
            }
            Kind::Concat(parts) => {
                if let Some((first, rest)) = parts.split_first() {
                    self.chain(first)?;
                    self.out.push_str("|__concat(");
                    self.many(rest.iter(), "|__concat(")?;
                    self.out.push(')');
                }
            }
            Kind::Compare(a, rest) => {
                self.chain(a)?;
                self.out.push_str("|__compare(");
                for (i, (sign, operand)) in rest.iter().enumerate() {
                    if i > 0 {
                        self.out.push_str(", ");
                    }
                    let _ = write!(self.out, "\"{sign}\", ");
                    self.expr(operand)?;
                }
                self.out.push(')');
            }
            Kind::Attribute(object, name) => {
                self.primary(object)?;
                if name.is_ascii() {
                    self.out.push('.');
                    self.out.push_str(name);
                } else {
                    self.out.push('[');
                    self.string(name);
                    self.out.push(']');
                }
            }
            Kind::Item(object, index) => {
                self.primary(object)?;
                self.out.push('[');
                self.expr(index)?;
                if matches!(index.kind, Kind::Name(_) | Kind::Attribute(..) | Kind::Item(..)) {
                    self.out.push_str("|__key");
                }
                self.out.push(']');
            }
            Kind::Slice(object, parts) => {
                self.chain(object)?;
                self.out.push_str("|__slice(");
                for part in parts.iter() {
                    match part {
                        Some(part) => self.expr(part)?,
                        None => self.out.push_str("none"),
                    }
                    self.out.push_str(", ");
                }
                self.out.push(')');
            }
            Kind::Call(callee, args) => self.call(callee, args, None)?,
            Kind::Filter(object, used, args) => {
                if let Some(object) = object {
                    self.chain(object)?;
                    self.out.push('|');
                }
                let Some(index) = filters::index(used.name) else {
                    return self.unknown(unknown("filter", used, filters::names()));
                };
                self.out.push_str(if has_named(args) { "__fn(" } else { "__f(" });
                let _ = write!(self.out, "{index}, ");
                self.args(args, None)?;
                self.out.push(')');
            }
            Kind::Test(object, used, args) => {
                if matches!(object.kind, Kind::Name("self"))
                    && used.name == "defined"
                    && !self.bound.contains("self")
                {
                    self.out.push_str("true");
                    return Ok(());
                }
                self.chain(object)?;
                let Some(index) = predicates::index(used.name) else {
                    self.out.push('|');
                    return self.unknown(unknown("test", used, predicates::names()));
                };
                self.out.push_str(if has_named(args) { "|__isn(" } else { "|__is(" });
                let _ = write!(self.out, "{index}, ");
                self.args(args, None)?;
                self.out.push(')');
            }
        }
        self.mark(from, &expr.span);
        Ok(())
    }

    /// Writes a filter that fails, where an unknown filter or test may never be reached.
    fn unknown(&mut self, error: SyntaxError) -> Done {
        if self.conditions == 0 {
            return Err(error);
        }
        let from = self.out.len();
        self.out.push_str("__unknown(");
        self.string(&error.message);
        self.out.push_str(", ");
        self.string(error.hint.as_deref().unwrap_or_default());
        self.out.push(')');
        self.mark(from, &error.span);
        Ok(())
    }

    fn both(&mut self, a: &Expr<'a>, word: &str, b: &Expr<'a>) -> Done {
        self.out.push('(');
        self.chain(a)?;
        self.out.push_str(word);
        self.chain(b)?;
        self.out.push(')');
        Ok(())
    }

    fn many<'e>(&mut self, items: impl Iterator<Item = &'e Expr<'a>>, again: &str) -> Done
    where
        'a: 'e,
    {
        for (i, item) in items.enumerate() {
            if i > 0 && i % CHUNK == 0 {
                self.out.push(')');
                self.out.push_str(again);
            }
            self.expr(item)?;
            self.out.push_str(", ");
        }
        Ok(())
    }

    /// Which function of the library a call means, if the callee is not a variable.
    fn static_call(&self, callee: &Expr<'a>) -> Option<usize> {
        match callee.kind {
            Kind::Name(name) if !self.bound.contains(name) => library::index(name),
            _ => None,
        }
    }

    fn call(&mut self, callee: &Expr<'a>, args: &Args<'a>, caller: Option<&str>) -> Done {
        if let Some(index) = self.static_call(callee) {
            let named = has_named(args) || caller.is_some();
            let _ = write!(self.out, "{index}|{}(", if named { "__calln" } else { "__call" });
        } else if let Kind::Attribute(object, method) = &callee.kind {
            if matches!(object.kind, Kind::Name("self")) && !self.bound.contains("self") {
                if !self.blocks.contains(method) {
                    let message = format!("there is no block `{method}` in this template");
                    return Err(SyntaxError::new(message, callee.span.clone()));
                }
                let _ = write!(self.out, "self.{method}()");
                return Ok(());
            }
            self.primary(object)?;
            self.out.push('.');
            self.out.push_str(method);
            self.out.push('(');
        } else {
            self.primary(callee)?;
            self.out.push('(');
        }
        self.args(args, caller)?;
        self.out.push(')');
        Ok(())
    }

    fn args(&mut self, args: &Args<'a>, caller: Option<&str>) -> Done {
        let mut first = true;
        let mut comma = |out: &mut String| {
            if !first {
                out.push_str(", ");
            }
            first = false;
        };
        for arg in &args.positional {
            comma(&mut self.out);
            self.expr(arg)?;
        }
        if let Some(star) = &args.star {
            comma(&mut self.out);
            self.out.push('*');
            self.chain(star)?;
            self.out.push_str("|__iter(false)");
        }
        for (name, value) in &args.named {
            comma(&mut self.out);
            write_identifier(&mut self.out, name);
            self.out.push('=');
            self.expr(value)?;
        }
        if let Some(caller) = caller {
            comma(&mut self.out);
            let _ = write!(self.out, "caller={caller}");
        }
        if let Some(double_star) = &args.double_star {
            comma(&mut self.out);
            self.out.push_str("**");
            self.expr(double_star)?;
        }
        Ok(())
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A name as minijinja takes it: ASCII.
fn write_identifier(out: &mut String, name: &str) {
    if name.is_ascii() {
        out.push_str(name);
        return;
    }
    out.push_str("u__");
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else {
            let _ = write!(out, "_{:x}", c as u32);
        }
    }
}

fn has_named(args: &Args) -> bool {
    !args.named.is_empty() || args.double_star.is_some()
}

fn unknown(what: &str, used: &Used, known: impl Iterator<Item = &'static str>) -> SyntaxError {
    let mut error = SyntaxError::new(format!("unknown {what} `{}`", used.name), used.span.clone());
    error.hint =
        nearest(used.name, known.map(|name| -> &str { name })).map(|near| format!("did you mean `{near}`?"));
    error
}

fn names_of<'a>(target: &Target<'a>, out: &mut Vec<&'a str>) {
    match target {
        Target::Name(name) => out.push(name),
        Target::Field(..) => {}
        Target::Tuple(targets) => targets.iter().for_each(|t| names_of(t, out)),
    }
}

/// Whether a `break` or `continue` in the body leaves it.
fn jumps(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::For { otherwise, .. } => jumps(otherwise),
        Stmt::If { branches, otherwise } => branches.iter().any(|(_, b)| jumps(b)) || jumps(otherwise),
        Stmt::With { body, .. } => jumps(body),
        _ => false,
    })
}

/// Whether the body holds a block that must not see the variables around it.
fn hides_names(body: &[Stmt]) -> bool {
    let mut found = (false, false);
    find_blocks(body, &mut found);
    found == (true, false)
}

/// Looks for unscoped and scoped blocks.
fn find_blocks(body: &[Stmt], found: &mut (bool, bool)) {
    for stmt in body {
        match stmt {
            Stmt::Block { scoped, .. } if *scoped => found.1 = true,
            Stmt::Block { .. } => found.0 = true,
            Stmt::For { body, otherwise, .. } => {
                find_blocks(body, found);
                find_blocks(otherwise, found);
            }
            Stmt::If { branches, otherwise } => {
                branches.iter().for_each(|(_, b)| find_blocks(b, found));
                find_blocks(otherwise, found);
            }
            Stmt::With { body, .. } | Stmt::SetBlock { body, .. } | Stmt::FilterBlock { body, .. } => {
                find_blocks(body, found);
            }
            _ => {}
        }
    }
}

fn no_jump(body: &[Stmt], tag: &str) -> Done {
    if jumps(body) {
        let message = format!("`break` and `continue` cannot leave a `{tag}` block");
        return Err(SyntaxError::new(message, first_span(body)));
    }
    Ok(())
}

fn first_span(body: &[Stmt]) -> Span {
    body.iter()
        .find_map(|s| match s {
            Stmt::Data(_, span) => Some(span.clone()),
            Stmt::Print(e) => Some(e.span.clone()),
            Stmt::If { branches, .. } => branches.first().map(|(e, _)| e.span.clone()),
            _ => None,
        })
        .unwrap_or(0..0)
}

/// Whether the body of a macro, or a default, names a variable.
fn uses(body: &[Stmt], params: &[Param], name: &str) -> bool {
    body.iter().any(|s| stmt_uses(s, name))
        || params.iter().any(|p| p.default.as_ref().is_some_and(|e| expr_uses(e, name)))
}

fn stmt_uses(stmt: &Stmt, name: &str) -> bool {
    let any = |body: &[Stmt]| body.iter().any(|s| stmt_uses(s, name));
    let is = |e: &Expr| expr_uses(e, name);
    match stmt {
        Stmt::Data(..) | Stmt::Break | Stmt::Continue => false,
        Stmt::Print(e) | Stmt::Do(e) | Stmt::Set(_, e) | Stmt::Extends(e, _) => is(e),
        Stmt::For { iter, test, body, otherwise, .. } => {
            is(iter) || test.as_ref().is_some_and(is) || any(body) || any(otherwise)
        }
        Stmt::If { branches, otherwise } => branches.iter().any(|(e, b)| is(e) || any(b)) || any(otherwise),
        Stmt::With { pairs, body } => pairs.iter().any(|(_, e)| is(e)) || any(body),
        Stmt::SetBlock { filter, body, .. } => filter.as_ref().is_some_and(is) || any(body),
        Stmt::FilterBlock { filter, body } => is(filter) || any(body),
        Stmt::Autoescape(body) | Stmt::Block { body, .. } => any(body),
        Stmt::Include { name: e, .. } | Stmt::Import { name: e, .. } | Stmt::From { name: e, .. } => is(e),
        // A macro within has its own; the content of a call block sees that of the macro around it,
        // except `caller`, which it has itself.
        Stmt::Macro { params, .. } => params.iter().any(|p| p.default.as_ref().is_some_and(is)),
        Stmt::CallBlock { call, body, .. } => is(call) || any(body),
    }
}

fn expr_uses(expr: &Expr, name: &str) -> bool {
    let is = |e: &Expr| expr_uses(e, name);
    let args = |a: &Args| {
        a.positional.iter().any(is)
            || a.named.iter().any(|(_, e)| is(e))
            || a.star.as_deref().is_some_and(is)
            || a.double_star.as_deref().is_some_and(is)
    };
    match &expr.kind {
        Kind::Name(n) => *n == name,
        Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => false,
        Kind::Tuple(items) | Kind::List(items) | Kind::Concat(items) => items.iter().any(is),
        Kind::Dict(pairs) => pairs.iter().any(|(k, v)| is(k) || is(v)),
        Kind::Cond { test, then, otherwise } => is(test) || is(then) || otherwise.as_deref().is_some_and(is),
        Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) | Kind::Item(a, b) => is(a) || is(b),
        Kind::Not(a) | Kind::Sign(_, a) | Kind::Attribute(a, _) => is(a),
        Kind::Compare(a, rest) => is(a) || rest.iter().any(|(_, e)| is(e)),
        Kind::Slice(a, parts) => is(a) || parts.iter().flatten().any(is),
        Kind::Call(a, rest) | Kind::Test(a, _, rest) => is(a) || args(rest),
        Kind::Filter(a, _, rest) => a.as_deref().is_some_and(is) || args(rest),
    }
}
