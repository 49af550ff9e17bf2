//! Tokens to definitions (`text/template/parse/parse.go`).

mod action;
mod pipeline;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ast::{Command, Expr, Literal, Node, Span, Symbol, Tree, Unit};
use super::lexer::{Kind, Lexer, Token};
use super::number::Number;
use crate::value::Str;
use crate::value::print::quote;

/// Parts (pieces of text, actions, operands, names) of all files of a chart together.
pub(super) const MAX_PARTS: usize = 2_000_000;

/// Parts of one text given to `tpl`.
pub(super) const MAX_TPL_PARTS: usize = 400_000;

/// Nested parentheses that Go allows, and nested blocks that we do.
const MAX_DEPTH: usize = 10_000;

/// Why a text is no template.
#[derive(Debug)]
pub(super) struct ParseError {
    /// Go's message, without the place.
    pub message: String,
    /// The line, from 1, that Go names.
    pub line: usize,
    /// Where the parser stood.
    pub pos: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

type Result<T> = std::result::Result<T, Box<ParseError>>;

/// Parses a text whose own template has this name. Its parts are taken from those that are `left`.
pub(super) fn parse(name: &Arc<str>, file: Option<Arc<str>>, text: Str, left: &mut usize) -> Result<Unit> {
    let bytes = text.clone();
    let mut parser = Parser::new(name, bytes.as_bytes());
    parser.left = *left;
    parser.top()?;
    *left = parser.left;
    let Parser { names, strings, numbers, trees, index, variables: symbols, .. } = parser;
    Ok(Unit { name: name.clone(), file, text, names, strings, numbers, symbols, trees, index })
}

/// What ended a list of nodes.
enum Ending {
    End,
    /// An `else`; the words after it are still to be read.
    Else,
}

/// A node, or the word that ends a list.
enum Item {
    Node(Node),
    Ending(Ending),
}

struct Parser<'a> {
    name: &'a str,
    text: &'a [u8],
    lexer: Lexer<'a>,
    /// The last token read, and up to two put back before it.
    tokens: [Token; 3],
    peeked: usize,
    /// Where the action began that is being read.
    action: Option<u32>,
    ranges: usize,
    parens: usize,
    blocks: usize,
    left: usize,
    symbols: BTreeMap<&'a [u8], Symbol>,
    /// Where each is first named.
    variables: Vec<Span>,
    scope: Scope,
    /// The parts so far of the lists that are being read, the inner ones behind the outer ones.
    nodes: Vec<Node>,
    commands: Vec<Command>,
    args: Vec<Expr>,
    names: Vec<Span>,
    strings: Vec<Literal>,
    numbers: Vec<(Span, Number)>,
    trees: Vec<Tree>,
    /// The definitions by name.
    index: HashMap<Str, usize>,
}

/// The variables that may be used, each of its definition only.
#[derive(Default)]
struct Scope {
    /// The definition being read, by a number of its own.
    definition: u32,
    /// How many definitions have begun.
    definitions: u32,
    /// By symbol: the definition that has such a variable.
    owners: Vec<Option<u32>>,
    /// What is declared, in order, and who owned the symbol before.
    declared: Vec<(Symbol, Option<u32>)>,
}

impl Scope {
    fn declare(&mut self, symbol: Symbol) {
        let i = symbol as usize;
        if self.owners.len() <= i {
            self.owners.resize(i + 1, None);
        }
        self.declared.push((symbol, self.owners[i].replace(self.definition)));
    }

    fn forget(&mut self, down_to: usize) {
        for (symbol, owner) in self.declared.drain(down_to..).rev() {
            self.owners[symbol as usize] = owner;
        }
    }

    fn has(&self, symbol: Symbol) -> bool {
        self.owners.get(symbol as usize).is_some_and(|owner| *owner == Some(self.definition))
    }
}

impl<'a> Parser<'a> {
    fn new(name: &'a Arc<str>, text: &'a [u8]) -> Parser<'a> {
        let none = Token { kind: Kind::Eof, start: 0, end: 0 };
        let mut parser = Parser {
            name,
            text,
            lexer: Lexer::new(text),
            tokens: [none; 3],
            peeked: 0,
            action: None,
            ranges: 0,
            parens: 0,
            blocks: 0,
            left: MAX_PARTS,
            symbols: BTreeMap::from([(&b"$"[..], 0)]),
            variables: vec![Span { start: 0, end: 0 }],
            scope: Scope::default(),
            nodes: Vec::new(),
            commands: Vec::new(),
            args: Vec::new(),
            names: Vec::new(),
            strings: Vec::new(),
            numbers: Vec::new(),
            trees: Vec::new(),
            index: HashMap::new(),
        };
        parser.scope.declare(0);
        parser
    }

    // Tokens.

    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
        } else {
            self.tokens[0] = self.lexer.next();
        }
        self.tokens[self.peeked]
    }

    fn peek(&mut self) -> Token {
        if self.peeked == 0 {
            self.peeked = 1;
            self.tokens[0] = self.lexer.next();
        }
        self.tokens[self.peeked - 1]
    }

    fn back(&mut self) {
        self.peeked += 1;
    }

    /// Puts back the last token and this one before it.
    fn back_two(&mut self, before: Token) {
        self.tokens[1] = before;
        self.peeked = 2;
    }

    /// Puts back the last token and these two before it.
    fn back_three(&mut self, first: Token, second: Token) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.peeked = 3;
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.back();
        token
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(token, context) }
    }

    fn slice(&self, token: Token) -> &'a [u8] {
        &self.text[token.range()]
    }

    fn span(token: Token) -> Span {
        Span { start: token.start, end: token.end }
    }

    // Errors.

    fn line(&self, pos: u32) -> usize {
        1 + memchr::memchr_iter(b'\n', &self.text[..pos as usize]).count()
    }

    fn error(&self, message: String) -> Box<ParseError> {
        let pos = self.tokens[0].start;
        Box::new(ParseError { message, line: self.line(pos), pos: pos as usize, hint: None })
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(self.error(message.into()))
    }

    fn unexpected<T>(&self, token: Token, context: &str) -> Result<T> {
        if token.kind != Kind::Error {
            return self.fail(format!("unexpected {} in {context}", self.lexer.describe(token)));
        }
        let message = self.lexer.error();
        let extra = match self.action.map(|pos| self.line(pos)) {
            Some(line) if line != self.line(token.start) => {
                let words = if message.ends_with(" action") { "" } else { " in action" };
                format!("{words} started at {}:{line}", self.name)
            }
            _ => String::new(),
        };
        self.fail(format!("{message}{extra}"))
    }

    // Variables.

    fn symbol(&mut self, token: Token) -> Symbol {
        let next = self.symbols.len() as Symbol;
        let symbol = *self.symbols.entry(self.slice(token)).or_insert(next);
        if symbol == next {
            self.variables.push(Self::span(token));
        }
        symbol
    }

    /// Runs with only `$` in scope and outside of any loop, as the body of a definition is parsed.
    fn fresh_scope<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let ranges = std::mem::take(&mut self.ranges);
        self.scope.definitions += 1;
        let outer = std::mem::replace(&mut self.scope.definition, self.scope.definitions);
        let mark = self.scope.declared.len();
        self.scope.declare(0);
        let result = parse(self);
        self.scope.forget(mark);
        self.scope.definition = outer;
        self.ranges = ranges;
        result
    }

    // Lists.

    /// The whole text: nodes and definitions.
    fn top(&mut self) -> Result<()> {
        let mut root = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.back_two(delimiter);
            }
            match self.text_or_action()? {
                Item::Node(node) => root.push(node),
                Item::Ending(Ending::End) => return self.fail("unexpected {{end}}"),
                Item::Ending(Ending::Else) => return self.fail("unexpected {{else}}"),
            }
        }
        self.add(self.name.into(), root.into())
    }

    fn definition(&mut self) -> Result<()> {
        let context = "define clause";
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(token, context);
        }
        let name = self.unquote(token)?;
        self.expect(Kind::RightDelim, context)?;
        self.body(name, context)
    }

    /// The body of a `define` or `block`, up to its end.
    fn body(&mut self, name: Str, context: &str) -> Result<()> {
        let (root, ending) = self.fresh_scope(Self::list)?;
        if matches!(ending, Ending::Else) {
            return self.fail(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.add(name, root)
    }

    /// Adds a definition; one that is empty doesn't count.
    fn add(&mut self, name: Str, root: Box<[Node]>) -> Result<()> {
        let empty = is_empty(&root, self.text);
        match self.index.entry(name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(self.trees.len());
                self.trees.push(Tree { name, root, empty });
            }
            Entry::Occupied(entry) if self.trees[*entry.get()].empty => {
                self.trees[*entry.get()] = Tree { name, root, empty };
            }
            Entry::Occupied(_) if empty => {}
            Entry::Occupied(_) => {
                return self
                    .fail(format!("template: multiple definition of template {}", quote(name.as_bytes())));
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(Box<[Node]>, Ending)> {
        if self.blocks >= MAX_DEPTH {
            return self.fail(format!("blocks are nested deeper than the limit of {MAX_DEPTH}"));
        }
        self.blocks += 1;
        let mark = self.nodes.len();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => self.nodes.push(node),
                Item::Ending(ending) => {
                    self.blocks -= 1;
                    return Ok((self.nodes.split_off(mark).into(), ending));
                }
            }
        }
        self.fail("unexpected EOF")
    }

    /// Counts a part.
    fn part(&mut self) -> Result<()> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.fail(format!(
                "the templates of a chart have more than the limit of {MAX_PARTS} parts, or a text of tpl \
                 more than {MAX_TPL_PARTS}"
            )),
        }
    }

    fn text_or_action(&mut self) -> Result<Item> {
        self.part()?;
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(Self::span(token)))),
            Kind::LeftDelim => {
                self.action = Some(token.start);
                let item = self.action()?;
                self.action = None;
                Ok(item)
            }
            _ => self.unexpected(token, "input"),
        }
    }
}

/// Whether there is nothing but spaces (`IsEmptyTree`).
fn is_empty(nodes: &[Node], text: &[u8]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(span) => {
            let text = text[span.start as usize..span.end as usize].trim_ascii_start();
            match text.first() {
                Some(byte) if byte.is_ascii() && !byte.is_ascii_control() => false,
                _ => String::from_utf8_lossy(text).trim().is_empty(),
            }
        }
        _ => false,
    })
}
