//! Tokens to a tree, by Jinja's grammar (jinja2 `parser.py`, with the extensions `do` and `loopcontrols`).

mod expressions;
mod statements;

use std::collections::HashSet;

use super::ast::{Span, Stmt};
use super::lexer::{SyntaxError, Tok, Token, tokenize};

/// Nested expressions and statements, together.
const MAX_DEPTH: usize = 64;

/// Parameters of a macro, and names that one assignment or loop sets.
const MAX_NAMES: usize = 250;

/// Blocks of a template: each is a program of its own.
const MAX_BLOCKS: usize = 500;

type Parsed<T> = Result<T, SyntaxError>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    loops: usize,
    /// The blocks that are open, with where they began.
    open: Vec<(&'a str, Span)>,
    blocks: HashSet<&'a str>,
}

/// Parses a template whose line breaks are all `\n`. Its tokens are taken from those that are `left`.
pub(super) fn parse<'a>(text: &'a str, left: &mut usize) -> Parsed<Vec<Stmt<'a>>> {
    let tokens = tokenize(text, left)?;
    let mut parser =
        Parser { text, tokens, at: 0, depth: 0, loops: 0, open: Vec::new(), blocks: HashSet::new() };
    let (body, _) = parser.statements(&[])?;
    Ok(body)
}

impl<'a> Parser<'a> {
    fn tok(&self) -> &Tok<'a> {
        self.look(0)
    }

    fn look(&self, ahead: usize) -> &Tok<'a> {
        self.tokens.get(self.at + ahead).map_or(&Tok::End, |t| &t.tok)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |t| t.span.clone())
    }

    /// The end of the token before this one.
    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.span.end)
    }

    fn next(&mut self) -> Tok<'a> {
        let tok = self.tokens.get_mut(self.at).map_or(Tok::End, |t| std::mem::replace(&mut t.tok, Tok::End));
        if self.at < self.tokens.len() {
            self.at += 1;
        }
        tok
    }

    fn is_op(&self, op: &str) -> bool {
        matches!(self.tok(), Tok::Op(o) if *o == op)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.tok(), Tok::Name(n) if *n == name)
    }

    fn skip_op(&mut self, op: &str) -> bool {
        let is = self.is_op(op);
        self.at += usize::from(is);
        is
    }

    fn skip_name(&mut self, name: &str) -> bool {
        let is = self.is_name(name);
        self.at += usize::from(is);
        is
    }

    fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(SyntaxError::new(message, self.span()))
    }

    fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        self.fail(format!("expected {wanted}, got {}", describe(self.tok())))
    }

    fn expect_op(&mut self, op: &str) -> Parsed<()> {
        if self.skip_op(op) { Ok(()) } else { self.unexpected(&format!("`{op}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.skip_name(word) { Ok(()) } else { self.unexpected(&format!("`{word}`")) }
    }

    fn name(&mut self) -> Parsed<&'a str> {
        match *self.tok() {
            Tok::Name(name) => {
                self.at += 1;
                Ok(name)
            }
            _ => self.unexpected("a name"),
        }
    }

    /// A name that may be assigned to.
    fn new_name(&mut self) -> Parsed<&'a str> {
        if let Tok::Name(name) = *self.tok()
            && is_constant(name)
        {
            return self.fail(format!("cannot assign to `{name}`"));
        }
        self.name()
    }

    /// Checks that there may be one more of these.
    fn one_more(&self, what: &str, count: usize, most: usize) -> Parsed<()> {
        if count < most { Ok(()) } else { self.fail(format!("there are more than {most} {what}")) }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail(format!("the template is nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }
}

fn is_constant(name: &str) -> bool {
    matches!(name, "true" | "True" | "false" | "False" | "none" | "None")
}

fn describe(tok: &Tok) -> String {
    match tok {
        Tok::Data(_) => "text".to_string(),
        Tok::VariableBegin => "`{{`".to_string(),
        Tok::VariableEnd => "the end of the expression".to_string(),
        Tok::BlockBegin => "`{%`".to_string(),
        Tok::BlockEnd => "the end of the tag".to_string(),
        Tok::Name(name) => format!("`{name}`"),
        Tok::Str(_) => "a string".to_string(),
        Tok::Int(_) | Tok::Float(_) => "a number".to_string(),
        Tok::Op(op) => format!("`{op}`"),
        Tok::End => "the end of the template".to_string(),
    }
}
