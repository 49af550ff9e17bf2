//! Statements that run other templates, and macros.

use std::fmt::Write;

use super::super::ast::{Expr, Kind, Param, Span, Stmt};
use super::super::lexer::SyntaxError;
use super::super::record::What;
use super::scan::uses;
use super::{Done, Lower, write_identifier};

impl<'a> Lower<'a, '_> {
    /// The name of another template, as the environment knows it. If it may be missing, an unknown name
    /// stays as it is.
    pub(super) fn template_name(&mut self, name: &Expr<'a>, may_miss: bool) -> Done {
        if let Kind::Str(text) = &name.kind
            && let Some(full) = (self.resolve)(text)
        {
            self.string(&full);
            return Ok(());
        }
        let from = self.out.len();
        self.chain(name)?;
        self.out.push_str("|__template(");
        self.string(self.base);
        let _ = write!(self.out, ", {may_miss})");
        self.mark(from, &name.span);
        Ok(())
    }

    pub(super) fn include(
        &mut self,
        name: &Expr<'a>,
        ignore_missing: bool,
        with_context: bool,
        span: &Span,
    ) -> Done {
        let from = self.out.len();
        let node = self.node(What::Include { apart: !with_context }, span, &[name]);
        let ignore = if ignore_missing { " ignore missing" } else { "" };
        if with_context {
            self.out.push_str("{% with %}{% include ");
            self.act(node, |l| l.template_name(name, ignore_missing))?;
            let _ = write!(self.out, "{ignore} %}}{{% endwith %}}");
            self.note("__leave", node);
        } else {
            let wrapper = self.temp();
            let _ = write!(
                self.out,
                "{{% macro {wrapper}(__name) %}}{{% include __name{ignore} %}}{{% endmacro %}}{{{{ {wrapper}("
            );
            self.act(node, |l| l.template_name(name, ignore_missing))?;
            self.out.push(')');
            self.through("|__captured", node);
            self.out.push_str(" }}");
        }
        self.mark(from, span);
        Ok(())
    }

    /// Imports a template; gives the variable that holds its module. Without context, the import runs in a
    /// macro of its own, which sees none of the variables here.
    pub(super) fn import(
        &mut self,
        name: &Expr<'a>,
        with_context: bool,
        what: What,
        span: &Span,
    ) -> Result<String, SyntaxError> {
        let from = self.out.len();
        let node = self.node(what, span, &[name]);
        let module = self.temp();
        if with_context {
            self.out.push_str("{% import ");
            self.act(node, |l| l.template_name(name, false))?;
            let _ = write!(self.out, " as {module} %}}");
        } else {
            let wrapper = self.temp();
            let _ = write!(
                self.out,
                "{{% macro {wrapper}(__name) %}}{{% import __name as {module} %}}\
                 {{% set __t = {module}|__export %}}{{% endmacro %}}{{% set {module} = {wrapper}("
            );
            self.act(node, |l| l.template_name(name, false))?;
            self.out.push_str(")|__imported %}");
        }
        self.note("__leave", node);
        self.mark(from, span);
        Ok(module)
    }

    /// The body of a macro as a macro of minijinja that takes every parameter by position.
    pub(super) fn macro_body(
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
                let what = What::Assign(vec![param.name.into()]);
                let node = self.apart(|l| l.node(what, &default.span, &[default]));
                self.act(node, |l| l.expr(default))?;
                self.out.push_str(" %}{% endif %}");
            }
        }
        self.apart(|l| l.body(body))?;
        self.out.push_str("{% endmacro %}");
        self.renames.truncate(renames);
        Ok(raw)
    }

    /// The value of a macro: minijinja's, with the signature that binds arguments to it.
    pub(super) fn macro_value(&mut self, raw: &str, name: &str, params: &[Param<'a>], body: &[Stmt<'a>]) {
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
}
