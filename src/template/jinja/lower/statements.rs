//! Statements.

use std::fmt::Write;

use super::super::ast::{Expr, Kind, Stmt, Target};
use super::super::record::{Names, What};
use super::record::{assignment, change, gives_entries, imported, loop_span, names};
use super::scan::{hides_names, jumps, no_jump};
use super::{Done, Lower, Segment, write_identifier};

impl<'a> Lower<'a, '_> {
    pub(super) fn body(&mut self, body: &[Stmt<'a>]) -> Done {
        let renames = self.renames.len();
        for stmt in body {
            self.statement(stmt)?;
        }
        self.renames.truncate(renames);
        Ok(())
    }

    /// A branch of an `if`, which has no scope of its own.
    pub(super) fn branch(&mut self, body: &[Stmt<'a>]) -> Done {
        self.conditions += 1;
        body.iter().try_for_each(|stmt| self.statement(stmt))?;
        self.conditions -= 1;
        Ok(())
    }

    /// A body with a scope of its own.
    pub(super) fn scoped(&mut self, body: &[Stmt<'a>]) -> Done {
        self.out.push_str("{% with %}");
        self.body(body)?;
        self.out.push_str("{% endwith %}");
        Ok(())
    }

    pub(super) fn statement(&mut self, stmt: &Stmt<'a>) -> Done {
        match stmt {
            Stmt::Data(text, span) => {
                let from = self.out.len();
                match self.text_node(text, span) {
                    None => self.data(text),
                    node => self.note("__data", node),
                }
                self.mark(from, span);
                Ok(())
            }
            Stmt::Print(expr) => self.print(expr),
            Stmt::For { target, iter, test, recursive, body, otherwise } => {
                self.for_loop(target, iter, test.as_ref(), *recursive, body, otherwise)
            }
            Stmt::If { branches, otherwise } => {
                let mut node = None;
                for (i, (test, body)) in branches.iter().enumerate() {
                    self.out.push_str(if i == 0 { "{% if " } else { "{% elif " });
                    node = self.node(What::Test { first: i == 0 }, &test.span, &[test]);
                    let from = self.out.len();
                    self.act(node, |l| l.expr(test))?;
                    self.mark(from, &test.span);
                    self.out.push_str(" %}");
                    self.note("__then", node);
                    self.within(|l| l.branch(body))?;
                }
                if !otherwise.is_empty() {
                    self.out.push_str("{% else %}");
                    self.note("__else", node);
                    self.within(|l| l.branch(otherwise))?;
                }
                self.out.push_str("{% endif %}");
                self.note("__end", node);
                Ok(())
            }
            Stmt::With { pairs, body } => self.with(pairs, body),
            Stmt::Set(target, value) => {
                self.out.push_str("{% set ");
                let from = self.out.len();
                self.target(target);
                self.out.push_str(" = ");
                let node = self.node(assignment(target), &value.span, &[value]);
                self.act(node, |l| l.assigned(target, value))?;
                let whole = match target {
                    Target::Field(_, _, span) => span.start..value.span.end,
                    _ => value.span.clone(),
                };
                self.mark(from, &whole);
                self.out.push_str(" %}");
                Ok(())
            }
            Stmt::SetBlock { target, filter, body, span } => {
                no_jump(body, "set")?;
                self.out.push_str("{% set ");
                self.target(target);
                let node = self.node(What::SetBlock(names(target)), span, filter.as_ref().as_slice());
                self.through(" | __captured", node);
                if let Some(filter) = filter {
                    self.out.push_str(" | ");
                    self.expr(filter)?;
                }
                self.through(" | __done", node);
                self.out.push_str(" %}");
                self.note("__open", node);
                self.within(|l| l.scoped(body))?;
                self.out.push_str("{% endset %}");
                Ok(())
            }
            Stmt::FilterBlock { filter, body } => {
                no_jump(body, "filter")?;
                self.out.push_str("{% filter ");
                let node = self.node(What::FilterBlock, &filter.span, &[filter]);
                if node.is_some() {
                    self.through("__captured", node);
                    self.out.push('|');
                }
                self.expr(filter)?;
                self.through("|__done", node);
                self.out.push_str(" %}");
                self.note("__open", node);
                self.within(|l| l.scoped(body))?;
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
                if *required {
                    // Nothing may stand in there but blanks.
                    self.unnoted(|l| l.body(body))?;
                } else {
                    let node = self.node(What::Block((*name).into()), span, &[]);
                    self.note("__block", node);
                    self.apart(|l| l.body(body))?;
                    self.note("__leave", node);
                }
                if !*scoped {
                    self.renames = hidden;
                }
                self.out.push_str("{% endblock %}");
                Ok(())
            }
            Stmt::Extends(name, span) => {
                let from = self.out.len();
                self.out.push_str("{% extends ");
                let node = self.node(What::Extends, span, &[name]);
                self.act(node, |l| l.template_name(name, false))?;
                self.out.push_str(" %}");
                self.mark(from, span);
                Ok(())
            }
            Stmt::Include { name, ignore_missing, with_context, span } => {
                self.include(name, *ignore_missing, *with_context, span)
            }
            Stmt::Import { name, target, with_context, span } => {
                let what = What::Import(Names::Module((*target).into()));
                let module = self.import(name, *with_context, what, span)?;
                self.declare(target);
                self.out.push_str("{% set ");
                self.put_name(target);
                let _ = write!(self.out, " = {module} %}}");
                Ok(())
            }
            Stmt::From { name, names, with_context, span } => {
                let module = self.import(name, *with_context, imported(names), span)?;
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
                let node = self.node(What::Print, &call.span, &[call]);
                let from = self.out.len();
                self.act(node, |l| {
                    let from = l.out.len();
                    l.call(callee, args, Some(&caller))?;
                    l.mark(from, &call.span);
                    Ok(())
                })?;
                self.mark(from, &call.span);
                self.out.push_str(" }}");
                Ok(())
            }
            Stmt::Do(expr) => {
                self.out.push_str("{% set __t = ");
                let node = self.node(change(expr), &expr.span, &[expr]);
                self.act(node, |l| l.expr(expr))?;
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

    pub(super) fn data(&mut self, text: &str) {
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

    pub(super) fn print(&mut self, expr: &Expr<'a>) -> Done {
        if self.notes.is_some()
            && let Some(recursion) = self.special(expr)
        {
            return self.print_special(expr, recursion);
        }
        self.out.push_str("{{ ");
        let node = self.node(What::Print, &expr.span, &[expr]);
        let from = self.out.len();
        self.act(node, |l| l.expr(expr))?;
        self.mark(from, &expr.span);
        self.out.push_str(" }}");
        Ok(())
    }

    pub(super) fn for_loop(
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
        let what = What::Loop { names: names(target), entries: gives_entries(iter) };
        let exprs: Vec<&Expr<'a>> = [iter].into_iter().chain(test).collect();
        let node = self.node(what, &loop_span(iter, test), &exprs);
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
        self.act(node, |l| {
            l.chain(iter)?;
            let _ = write!(l.out, "|__iter({})", matches!(target, Target::Tuple(_)));
            l.mark(from, &iter.span);
            Ok(())
        })?;
        self.renames.extend(inner);
        if let Some(test) = test {
            self.out.push_str(" if ");
            self.expr(test)?;
        }
        self.out.push_str(if recursive { " recursive %}" } else { " %}" });
        self.mark(header, &iter.span);
        self.note_turn(node, target);
        self.within(|l| l.body(body))?;
        self.renames.truncate(renames);
        if let Some(flag) = &flag {
            let _ = write!(
                self.out,
                "{{% set {flag}.turned = true %}}{{% endfor %}}{{% if not {flag}.turned %}}"
            );
            self.note("__else", node);
            self.within(|l| l.otherwise(otherwise))?;
            self.out.push_str("{% endif %}");
            self.note("__end", node);
            return Ok(());
        }
        if !otherwise.is_empty() {
            self.out.push_str("{% else %}");
            self.note("__else", node);
            self.within(|l| l.otherwise(otherwise))?;
        }
        self.out.push_str("{% endfor %}");
        self.note("__end", node);
        Ok(())
    }

    pub(super) fn otherwise(&mut self, body: &[Stmt<'a>]) -> Done {
        if jumps(body) { self.body(body) } else { self.scoped(body) }
    }

    pub(super) fn with(&mut self, pairs: &[(Target<'a>, Expr<'a>)], body: &[Stmt<'a>]) -> Done {
        if jumps(body) {
            return self.with_by_names(pairs, body);
        }
        let renames = self.renames.len();
        // The values are evaluated outside, all before the first is assigned.
        let mut values = Vec::new();
        let mut node = None;
        for (target, value) in pairs {
            let start = self.out.len();
            let what = What::With { first: node.is_none(), names: names(target) };
            node = self.node(what, &value.span, &[value]);
            self.act(node, |l| l.assigned(target, value))?;
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
        self.note("__with", node);
        self.within(|l| l.body(body))?;
        self.renames.truncate(renames);
        self.out.push_str("{% endwith %}");
        self.note("__end", node);
        Ok(())
    }

    /// A value that is assigned.
    fn assigned(&mut self, target: &Target<'a>, value: &Expr<'a>) -> Done {
        self.expr(value)?;
        if let Target::Tuple(targets) = target {
            let _ = write!(self.out, "|__unpack({})", targets.len());
        }
        Ok(())
    }

    /// Prints what minijinja writes in place.
    fn print_special(&mut self, expr: &Expr<'a>, recursion: bool) -> Done {
        let node = self.node(What::Inner { recursion }, &expr.span, &[expr]);
        self.note("__enter", node);
        self.out.push_str("{{ ");
        let from = self.out.len();
        let Kind::Call(callee, args) = &expr.kind else { return Ok(()) };
        self.call(callee, args, None)?;
        self.mark(from, &expr.span);
        self.out.push_str(" }}");
        self.note("__leave", node);
        Ok(())
    }

    /// A `with` that a `break` or `continue` leaves: its names become variables that no other part uses,
    /// since minijinja would not leave the scope.
    pub(super) fn with_by_names(&mut self, pairs: &[(Target<'a>, Expr<'a>)], body: &[Stmt<'a>]) -> Done {
        let renames = self.renames.len();
        let mut values = Vec::new();
        let mut node = None;
        for (target, value) in pairs {
            let temp = self.temp();
            let _ = write!(self.out, "{{% set {temp} = ");
            let what = What::With { first: node.is_none(), names: names(target) };
            node = self.node(what, &value.span, &[value]);
            self.act(node, |l| l.expr(value))?;
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
        self.note("__with", node);
        self.within(|l| l.body(body))?;
        self.note("__end", node);
        self.renames.truncate(renames);
        Ok(())
    }
}
