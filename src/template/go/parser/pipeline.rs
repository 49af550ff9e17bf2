//! Pipelines, commands and operands.

use super::{MAX_DEPTH, ParseError, Parser, Result};
use crate::functions;
use crate::template::go::ast::{Callee, Command, Expr, Literal, Names, Own, Pipe, Span, Symbol};
use crate::template::go::lexer::{Kind, Token};
use crate::template::go::number::Number;
use crate::value::Value;
use crate::value::print::quote;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let pos = self.peek_non_space().start;
        let (variables, assign) = self.declarations(context)?;
        let mark = self.commands.len();
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back();
                    let command = self.command()?;
                    self.commands.push(command);
                }
                _ => return self.unexpected(token, context),
            }
        }
        let commands = self.commands.split_off(mark);
        self.check(&commands, context)?;
        Ok(Pipe { pos, assign, variables: variables.into(), commands: commands.into() })
    }

    /// The variables that a pipeline declares or assigns, and whether it assigns.
    fn declarations(&mut self, context: &str) -> Result<(Vec<(Symbol, Span)>, bool)> {
        let mut variables = Vec::new();
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok((variables, false));
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            let comma = next.kind == Kind::Char && self.slice(next) == b",";
            if matches!(next.kind, Kind::Assign | Kind::Declare) || comma {
                self.next_non_space();
                let symbol = self.symbol(variable);
                self.scope.declare(symbol);
                variables.reserve_exact(1);
                variables.push((symbol, Self::span(variable)));
                if !comma {
                    return Ok((variables, next.kind == Kind::Assign));
                }
                if context != "range" || variables.len() >= 2 {
                    return self.fail(format!("too many declarations in {context}"));
                }
                match self.peek_non_space().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => {}
                    _ => return self.fail("range can only initialize variables"),
                }
            } else {
                if after.kind == Kind::Space {
                    self.back_three(variable, after);
                } else {
                    self.back_two(variable);
                }
                return Ok((variables, false));
            }
        }
    }

    fn check(&self, commands: &[Command], context: &str) -> Result<()> {
        if commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        for (i, command) in commands.iter().enumerate().skip(1) {
            if let Some(
                Expr::Bool { .. }
                | Expr::Dot { .. }
                | Expr::Nil { .. }
                | Expr::Number { .. }
                | Expr::String { .. },
            ) = command.args.first()
            {
                return self.fail(format!("non executable command in pipeline stage {}", i + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<Command> {
        let pos = self.peek_non_space().start;
        let mark = self.args.len();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                self.part()?;
                self.args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(),
                Kind::Pipe => {}
                _ => return self.unexpected(token, "operand"),
            }
            break;
        }
        if self.args.len() == mark {
            return self.fail("empty command");
        }
        Ok(Command { pos, args: self.args.split_off(mark).into() })
    }

    /// A term and the fields after it.
    fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let start = self.names.len() as u32;
        while self.peek().kind == Kind::Field {
            let field = self.next();
            self.part()?;
            self.names.push(Span { start: field.start + 1, end: field.end });
        }
        let count = self.names.len() as u32 - start;
        let pos = first.start;
        Ok(Some(match term {
            Expr::Field { names, .. } => {
                Expr::Field { pos, names: Names { first: names.first, count: names.count + count } }
            }
            Expr::Variable { symbol, name, .. } => {
                Expr::Variable { pos, symbol, name, names: Names { first: start, count } }
            }
            Expr::Function { .. } | Expr::Pipe(_) | Expr::Chain { .. } => {
                Expr::Chain { pos, base: Box::new(term), names: Names { first: start, count } }
            }
            Expr::Bool { .. }
            | Expr::String { .. }
            | Expr::Number { .. }
            | Expr::Nil { .. }
            | Expr::Dot { .. } => {
                let text = quote(&self.text[term.pos() as usize..first.start as usize]);
                return self.fail(format!("unexpected . after term {text}"));
            }
        }))
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let token = self.next_non_space();
        let pos = token.start;
        Ok(Some(match token.kind {
            Kind::Identifier => {
                let Some(callee) = std::str::from_utf8(self.slice(token)).ok().and_then(find_function) else {
                    return Err(self.unknown_function(token));
                };
                Expr::Function { pos, name: Self::span(token), callee }
            }
            Kind::Dot => Expr::Dot { pos },
            Kind::Nil => Expr::Nil { pos },
            Kind::Variable => {
                let name = self.slice(token);
                let symbol = self.symbol(token);
                if !self.scope.has(symbol) {
                    return self.fail(format!("undefined variable {}", quote(name)));
                }
                Expr::Variable { pos, symbol, name: Self::span(token), names: Names { first: 0, count: 0 } }
            }
            Kind::Field => {
                let first = self.names.len() as u32;
                self.names.push(Span { start: pos + 1, end: token.end });
                Expr::Field { pos, names: Names { first, count: 1 } }
            }
            Kind::Bool => Expr::Bool { pos, value: self.slice(token) == b"true" },
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                match Number::parse(self.slice(token), token.kind) {
                    Ok(number) => {
                        self.numbers.push((Self::span(token), number));
                        Expr::Number { pos, index: self.numbers.len() as u32 - 1 }
                    }
                    Err(message) => return self.fail(message),
                }
            }
            Kind::LeftParen => {
                if self.parens >= MAX_DEPTH {
                    return self.fail("max expression depth exceeded");
                }
                self.parens += 1;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                self.parens -= 1;
                Expr::Pipe(Box::new(pipe))
            }
            Kind::String | Kind::RawString => {
                let value = Value::String(self.unquote(token)?);
                self.strings.push(Literal { span: Self::span(token), value });
                Expr::String { pos, index: self.strings.len() as u32 - 1 }
            }
            _ => {
                self.back();
                return Ok(None);
            }
        }))
    }

    fn unknown_function(&self, token: Token) -> Box<ParseError> {
        let name = self.slice(token);
        let mut error = self.error(format!("function {} not defined", quote(name)));
        error.pos = token.start as usize;
        let known = functions::all().map(|f| f.name).chain(OWN.iter().map(|(name, _)| *name));
        error.hint = std::str::from_utf8(name)
            .ok()
            .and_then(|name| crate::diagnostic::nearest(name, known))
            .map(|near| format!("did you mean `{near}`?"));
        error
    }
}

const OWN: &[(&str, Own)] = &[
    ("and", Own::And),
    ("or", Own::Or),
    ("call", Own::Call),
    ("len", Own::Len),
    ("include", Own::Include),
    ("tpl", Own::Tpl),
    ("required", Own::Required),
    ("fail", Own::Fail),
];

fn find_function(name: &str) -> Option<Callee> {
    match OWN.iter().find(|(own, _)| *own == name) {
        Some((_, own)) => Some(Callee::Own(*own)),
        None => functions::find(name).map(Callee::Library),
    }
}
