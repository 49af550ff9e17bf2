//! Expressions.

use std::fmt::Write;

use super::super::ast::{Args, Expr, Kind, Used};
use super::super::lexer::SyntaxError;
use super::super::record::What;
use super::super::{filters, library, predicates};
use super::{Done, Lower, write_identifier, write_string};
use crate::diagnostic::nearest;

/// More arguments than this are split over several calls; minijinja takes at most 2,000.
const CHUNK: usize = 1000;

impl<'a> Lower<'a, '_> {
    pub(super) fn string(&mut self, text: &str) {
        write_string(&mut self.out, text);
    }

    /// Any expression, where nothing follows that could bind to a part of it.
    pub(super) fn expr(&mut self, expr: &Expr<'a>) -> Done {
        self.chain(expr)
    }

    /// An expression to which attributes, subscripts and calls can be appended.
    pub(super) fn primary(&mut self, expr: &Expr<'a>) -> Done {
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
    pub(super) fn chain(&mut self, expr: &Expr<'a>) -> Done {
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
                if matches!(index.kind, Kind::Str(_)) {
                    self.primary(object)?;
                    self.out.push('[');
                } else {
                    // A character of a text is found by going through it, which is to be paid for.
                    self.out.push('(');
                    self.chain(object)?;
                    self.out.push_str("|__text)[");
                }
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
            Kind::Call(callee, args) => match self.special(expr) {
                None => self.call(callee, args, None)?,
                Some(recursion) => {
                    let node = self.node(What::Inner { recursion }, &expr.span, &[]);
                    self.inner(node, |l| l.call(callee, args, None))?;
                }
            },
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
    pub(super) fn unknown(&mut self, error: SyntaxError) -> Done {
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

    pub(super) fn both(&mut self, a: &Expr<'a>, word: &str, b: &Expr<'a>) -> Done {
        self.out.push('(');
        self.chain(a)?;
        self.out.push_str(word);
        self.chain(b)?;
        self.out.push(')');
        Ok(())
    }

    pub(super) fn many<'e>(&mut self, items: impl Iterator<Item = &'e Expr<'a>>, again: &str) -> Done
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
    pub(super) fn static_call(&self, callee: &Expr<'a>) -> Option<usize> {
        match callee.kind {
            Kind::Name(name) if !self.bound.contains(name) => library::index(name),
            _ => None,
        }
    }

    pub(super) fn call(&mut self, callee: &Expr<'a>, args: &Args<'a>, caller: Option<&str>) -> Done {
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

    pub(super) fn args(&mut self, args: &Args<'a>, caller: Option<&str>) -> Done {
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

fn has_named(args: &Args) -> bool {
    !args.named.is_empty() || args.double_star.is_some()
}

fn unknown(what: &str, used: &Used, known: impl Iterator<Item = &'static str>) -> SyntaxError {
    let mut error = SyntaxError::new(format!("unknown {what} `{}`", used.name), used.span.clone());
    error.hint =
        nearest(used.name, known.map(|name| -> &str { name })).map(|near| format!("did you mean `{near}`?"));
    error
}
