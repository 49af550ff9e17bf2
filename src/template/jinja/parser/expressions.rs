//! Expressions.

use super::super::ast::{Args, Expr, Kind, Used};
use super::super::lexer::{SyntaxError, Tok};
use super::{Parsed, Parser};

/// Levels of one expression, chains of filters and operators counted too.
const MAX_HEIGHT: usize = 250;

impl<'a> Parser<'a> {
    pub(super) fn make(&self, kind: Kind<'a>, start: usize) -> Parsed<Expr<'a>> {
        let expr = Expr::new(kind, start..self.end());
        if expr.height > MAX_HEIGHT {
            let message = format!("the expression has more than {MAX_HEIGHT} levels");
            return Err(SyntaxError::new(message, expr.span));
        }
        Ok(expr)
    }

    pub(super) fn tuple_ends(&self, words: &[&str]) -> bool {
        match self.tok() {
            Tok::VariableEnd | Tok::BlockEnd | Tok::Op(")") => true,
            Tok::Name(name) => words.contains(name),
            _ => false,
        }
    }

    /// One expression, or several with commas: a tuple.
    pub(super) fn tuple(&mut self, conditional: bool, ends: &[&str]) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        if self.tuple_ends(ends) {
            return self.unexpected("an expression");
        }
        let first = if conditional { self.expression()? } else { self.deeper(Self::or)? };
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_op(",") {
            if self.tuple_ends(ends) {
                break;
            }
            items.push(if conditional { self.expression()? } else { self.deeper(Self::or)? });
        }
        self.make(Kind::Tuple(items), start)
    }

    pub(super) fn expression(&mut self) -> Parsed<Expr<'a>> {
        self.deeper(Self::conditional)
    }

    pub(super) fn conditional(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut expr = self.or()?;
        while self.skip_name("if") {
            let test = Box::new(self.or()?);
            let otherwise = if self.skip_name("else") { Some(Box::new(self.expression()?)) } else { None };
            expr = self.make(Kind::Cond { test, then: Box::new(expr), otherwise }, start)?;
        }
        Ok(expr)
    }

    pub(super) fn or(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.make(Kind::Or(Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn and(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.make(Kind::And(Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn not(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        if self.skip_name("not") {
            let inner = self.deeper(Self::not)?;
            return self.make(Kind::Not(Box::new(inner)), start);
        }
        self.compare()
    }

    pub(super) fn compare(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let left = self.sum()?;
        let mut rest = Vec::new();
        loop {
            let sign = match *self.tok() {
                Tok::Op(op @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => op,
                Tok::Name("in") => "in",
                Tok::Name("not") if *self.look(1) == Tok::Name("in") => {
                    self.at += 1;
                    "not in"
                }
                _ => break,
            };
            self.at += 1;
            rest.push((sign, self.sum()?));
        }
        if rest.is_empty() {
            return Ok(left);
        }
        self.make(Kind::Compare(Box::new(left), rest), start)
    }

    pub(super) fn sum(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.concat()?;
        while let Tok::Op(op @ ("+" | "-")) = *self.tok() {
            self.at += 1;
            let right = self.concat()?;
            left = self.make(Kind::Binary(op, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn concat(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_op("~") {
            parts.push(self.product()?);
        }
        self.make(Kind::Concat(parts), start)
    }

    pub(super) fn product(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.power()?;
        while let Tok::Op(op @ ("*" | "/" | "//" | "%")) = *self.tok() {
            self.at += 1;
            let right = self.power()?;
            left = self.make(Kind::Binary(op, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn power(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.unary(true)?;
        while self.skip_op("**") {
            let right = self.unary(true)?;
            left = self.make(Kind::Binary("**", Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    pub(super) fn unary(&mut self, filters: bool) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let node = match *self.tok() {
            Tok::Op(sign @ ("-" | "+")) => {
                self.at += 1;
                let inner = self.deeper(|p| p.unary(false))?;
                self.make(Kind::Sign(sign, Box::new(inner)), start)?
            }
            _ => self.primary()?,
        };
        let node = self.postfix(node)?;
        if filters { self.filters(node) } else { Ok(node) }
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr<'a>> {
        let span = self.span();
        let kind = match self.tok() {
            Tok::Name(_) => match self.name()? {
                "true" | "True" => Kind::Bool(true),
                "false" | "False" => Kind::Bool(false),
                "none" | "None" => Kind::None,
                name => Kind::Name(name),
            },
            Tok::Str(_) => {
                let mut text = String::new();
                while matches!(self.tok(), Tok::Str(_)) {
                    if let Tok::Str(part) = self.next() {
                        if text.is_empty() {
                            text = part;
                        } else {
                            text.push_str(&part);
                        }
                    }
                }
                Kind::Str(text)
            }
            Tok::Int(n) => {
                let n = *n;
                self.at += 1;
                Kind::Int(n)
            }
            Tok::Float(f) => {
                let f = *f;
                self.at += 1;
                Kind::Float(f)
            }
            Tok::Op("(") => {
                self.at += 1;
                if self.skip_op(")") {
                    Kind::Tuple(Vec::new())
                } else {
                    let mut inner = self.tuple(true, &[])?;
                    self.expect_op(")")?;
                    inner.span = span.start..self.end();
                    return Ok(inner);
                }
            }
            Tok::Op("[") => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.is_op("]") {
                    if !items.is_empty() {
                        self.expect_op(",")?;
                        if self.is_op("]") {
                            break;
                        }
                    }
                    items.push(self.expression()?);
                }
                self.at += 1;
                Kind::List(items)
            }
            Tok::Op("{") => {
                self.at += 1;
                let mut pairs = Vec::new();
                while !self.is_op("}") {
                    if !pairs.is_empty() {
                        self.expect_op(",")?;
                        if self.is_op("}") {
                            break;
                        }
                    }
                    let key = self.expression()?;
                    self.expect_op(":")?;
                    pairs.push((key, self.expression()?));
                }
                self.at += 1;
                Kind::Dict(pairs)
            }
            _ => return self.unexpected("an expression"),
        };
        self.make(kind, span.start)
    }

    pub(super) fn postfix(&mut self, mut node: Expr<'a>) -> Parsed<Expr<'a>> {
        let start = node.span.start;
        loop {
            match *self.tok() {
                Tok::Op(".") => {
                    self.at += 1;
                    let at = self.span();
                    match *self.tok() {
                        Tok::Name(name) => {
                            self.at += 1;
                            node = self.make(Kind::Attribute(Box::new(node), name), start)?;
                        }
                        Tok::Int(n) => {
                            self.at += 1;
                            let index = Expr::new(Kind::Int(n), at);
                            node = self.make(Kind::Item(Box::new(node), Box::new(index)), start)?;
                        }
                        _ => return self.unexpected("a name or a number after the dot"),
                    }
                }
                Tok::Op("[") => {
                    self.at += 1;
                    node = self.subscript(node, start)?;
                }
                Tok::Op("(") => {
                    let args = self.arguments()?;
                    node = self.make(Kind::Call(Box::new(node), args), start)?;
                }
                _ => return Ok(node),
            }
        }
    }

    pub(super) fn subscript(&mut self, node: Expr<'a>, start: usize) -> Parsed<Expr<'a>> {
        let begin = self.span().start;
        if self.is_op("]") {
            return self.fail("the subscript is empty");
        }
        let first = if self.is_op(":") { None } else { Some(self.expression()?) };
        if !self.is_op(":") {
            let mut items: Vec<Expr<'a>> = first.into_iter().collect();
            let many = self.is_op(",");
            while self.skip_op(",") {
                if self.is_op("]") {
                    break;
                }
                items.push(self.expression()?);
            }
            let index = if many {
                self.make(Kind::Tuple(items), begin)?
            } else {
                match items.pop() {
                    Some(index) => index,
                    None => return self.fail("the subscript is empty"),
                }
            };
            self.expect_op("]")?;
            return self.make(Kind::Item(Box::new(node), Box::new(index)), start);
        }
        self.at += 1;
        let stop = if self.is_op(":") || self.is_op("]") { None } else { Some(self.expression()?) };
        let mut step = None;
        if self.skip_op(":") && !self.is_op("]") {
            step = Some(self.expression()?);
        }
        self.expect_op("]")?;
        self.make(Kind::Slice(Box::new(node), Box::new([first, stop, step])), start)
    }

    pub(super) fn arguments(&mut self) -> Parsed<Args<'a>> {
        self.expect_op("(")?;
        let mut args = Args::default();
        let mut first = true;
        while !self.is_op(")") {
            if !first {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            first = false;
            let at = self.span();
            if self.skip_op("*") {
                if args.star.is_some() || args.double_star.is_some() {
                    return Err(SyntaxError::new("a second `*` argument", at));
                }
                args.star = Some(Box::new(self.expression()?));
            } else if self.skip_op("**") {
                if args.double_star.is_some() {
                    return Err(SyntaxError::new("a second `**` argument", at));
                }
                args.double_star = Some(Box::new(self.expression()?));
            } else if let (Tok::Name(name), Tok::Op("=")) = (self.tok().clone(), self.look(1)) {
                if args.double_star.is_some() {
                    return Err(SyntaxError::new("a named argument stands after `**`", at));
                }
                if args.named.iter().any(|(n, _)| *n == name) {
                    return Err(SyntaxError::new(format!("the argument `{name}` is there twice"), at));
                }
                self.at += 2;
                args.named.push((name, self.expression()?));
            } else {
                if args.star.is_some() || args.double_star.is_some() || !args.named.is_empty() {
                    return Err(SyntaxError::new(
                        "an argument without a name stands after one with a name",
                        at,
                    ));
                }
                args.positional.push(self.expression()?);
            }
        }
        self.expect_op(")")?;
        Ok(args)
    }

    /// Filters, tests and calls after an expression.
    pub(super) fn filters(&mut self, mut node: Expr<'a>) -> Parsed<Expr<'a>> {
        let start = node.span.start;
        loop {
            if self.is_op("|") {
                node = self.filter_chain(Some(node), false)?;
            } else if self.is_name("is") {
                node = self.test(node)?;
            } else if self.is_op("(") {
                let args = self.arguments()?;
                node = self.make(Kind::Call(Box::new(node), args), start)?;
            } else {
                return Ok(node);
            }
        }
    }

    pub(super) fn dotted(&mut self) -> Parsed<Used<'a>> {
        let start = self.span().start;
        self.name()?;
        while self.skip_op(".") {
            self.name()?;
        }
        let span = start..self.end();
        Ok(Used { name: self.text.get(span.clone()).unwrap_or_default(), span })
    }

    pub(super) fn filter_chain(&mut self, mut node: Option<Expr<'a>>, mut inline: bool) -> Parsed<Expr<'a>> {
        let start = node.as_ref().map_or(self.span().start, |n| n.span.start);
        while inline || self.skip_op("|") {
            inline = false;
            let used = self.dotted()?;
            let args = if self.is_op("(") { self.arguments()? } else { Args::default() };
            node = Some(self.make(Kind::Filter(node.map(Box::new), used, args), start)?);
        }
        match node {
            Some(node) => Ok(node),
            None => self.unexpected("a filter"),
        }
    }

    pub(super) fn test(&mut self, node: Expr<'a>) -> Parsed<Expr<'a>> {
        let start = node.span.start;
        self.at += 1;
        let negated = self.skip_name("not");
        let used = self.dotted()?;
        let mut args = Args::default();
        match *self.tok() {
            Tok::Op("(") => args = self.arguments()?,
            Tok::Name("else" | "or" | "and") => {}
            Tok::Name("is") => return self.fail("tests cannot follow one another; use `and`"),
            Tok::Name(_) | Tok::Str(_) | Tok::Int(_) | Tok::Float(_) | Tok::Op("[" | "{") => {
                let arg = self.primary()?;
                args.positional.push(self.postfix(arg)?);
            }
            _ => {}
        }
        let test = self.make(Kind::Test(Box::new(node), used, args), start)?;
        if negated { self.make(Kind::Not(Box::new(test)), start) } else { Ok(test) }
    }
}
