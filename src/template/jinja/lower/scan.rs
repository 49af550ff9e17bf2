//! What must be known of a body before it is lowered: which names it assigns or uses, whether it is left.

use super::super::ast::{Args, Expr, Kind, Param, Span, Stmt, Target};
use super::super::lexer::SyntaxError;
use super::{Done, Lower};

impl<'a> Lower<'a, '_> {
    /// Notes the names that a body assigns.
    pub(super) fn collect(&mut self, body: &[Stmt<'a>]) {
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

    pub(super) fn collect_target(&mut self, target: &Target<'a>) {
        match target {
            Target::Name(name) => {
                self.bound.insert(name);
            }
            Target::Field(..) => {}
            Target::Tuple(targets) => targets.iter().for_each(|t| self.collect_target(t)),
        }
    }
}

/// Whether a `break` or `continue` in the body leaves it.
pub(super) fn jumps(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::For { otherwise, .. } => jumps(otherwise),
        Stmt::If { branches, otherwise } => branches.iter().any(|(_, b)| jumps(b)) || jumps(otherwise),
        Stmt::With { body, .. } => jumps(body),
        _ => false,
    })
}

/// Whether the body holds a block that must not see the variables around it.
pub(super) fn hides_names(body: &[Stmt]) -> bool {
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

pub(super) fn no_jump(body: &[Stmt], tag: &str) -> Done {
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
pub(super) fn uses(body: &[Stmt], params: &[Param], name: &str) -> bool {
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
