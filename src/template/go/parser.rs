//! Tokens to definitions (`text/template/parse/parse.go`).

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{
    Branch, Call, Callee, Command, Expr, Literal, Names, Node, Own, Pipe, Span, Symbol, Tree, Unit,
};
use super::lexer::{Kind, Lexer, Token};
use super::number::Number;
use crate::functions;
use crate::value::print::{quote, unquote};
use crate::value::{Str, Value};

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

/// Parses a text whose own template has this name.
pub(super) fn parse(name: &Arc<str>, file: Option<Arc<str>>, text: Str) -> Result<Unit> {
    let bytes = text.clone();
    let mut parser = Parser::new(name, bytes.as_bytes());
    parser.top()?;
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
    symbols: HashMap<&'a [u8], Symbol>,
    /// Where each is first named.
    variables: Vec<Span>,
    scope: Scope,
    names: Vec<Span>,
    strings: Vec<Literal>,
    numbers: Vec<(Span, Number)>,
    trees: Vec<Tree>,
    /// The definitions by name.
    index: HashMap<Str, usize>,
}

/// The variables that may be used.
#[derive(Default)]
struct Scope {
    /// In the order of their declarations.
    declared: Vec<Symbol>,
    /// How often each is among them.
    counts: HashMap<Symbol, usize>,
}

impl Scope {
    fn declare(&mut self, symbol: Symbol) {
        self.declared.push(symbol);
        *self.counts.entry(symbol).or_default() += 1;
    }

    fn forget(&mut self, down_to: usize) {
        for symbol in self.declared.drain(down_to..) {
            if let Some(count) = self.counts.get_mut(&symbol) {
                *count -= 1;
            }
        }
    }

    fn has(&self, symbol: Symbol) -> bool {
        self.counts.get(&symbol).is_some_and(|&count| count > 0)
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
            symbols: HashMap::from([(&b"$"[..], 0)]),
            variables: vec![Span { start: 0, end: 0 }],
            scope: Scope::default(),
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

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        let pos = self.tokens[0].start;
        let message = message.into();
        Err(Box::new(ParseError { message, line: self.line(pos), pos: pos as usize, hint: None }))
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
        let scope = std::mem::take(&mut self.scope);
        self.scope.declare(0);
        let ranges = std::mem::take(&mut self.ranges);
        let result = parse(self);
        self.scope = scope;
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
        self.add(self.name.into(), root)
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
    fn add(&mut self, name: Str, root: Vec<Node>) -> Result<()> {
        let empty = is_empty(&root, self.text);
        match self.index.get(&name) {
            None => {
                self.index.insert(name.clone(), self.trees.len());
                self.trees.push(Tree { name, root, empty });
            }
            Some(&i) if self.trees[i].empty => self.trees[i] = Tree { name, root, empty },
            Some(_) if empty => {}
            Some(_) => {
                return self
                    .fail(format!("template: multiple definition of template {}", quote(name.as_bytes())));
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(Vec<Node>, Ending)> {
        if self.blocks >= MAX_DEPTH {
            return self.fail(format!("blocks are nested deeper than the limit of {MAX_DEPTH}"));
        }
        self.blocks += 1;
        let mut list = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => list.push(node),
                Item::Ending(ending) => {
                    self.blocks -= 1;
                    return Ok((list, ending));
                }
            }
        }
        self.fail("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Result<Item> {
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

    // Actions.

    fn action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        Ok(Item::Node(match token.kind {
            Kind::Block => return self.block(),
            Kind::Break => self.loop_control("{{break}}", Node::Break)?,
            Kind::Continue => self.loop_control("{{continue}}", Node::Continue)?,
            Kind::Else => {
                let next = self.peek_non_space();
                if !matches!(next.kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => self.control(Kind::If)?,
            Kind::Range => self.control(Kind::Range)?,
            Kind::With => self.control(Kind::With)?,
            Kind::Template => {
                let context = "template clause";
                let token = self.next_non_space();
                let name = self.template_name(token, context)?;
                let pipe = match self.next_non_space().kind {
                    Kind::RightDelim => None,
                    _ => {
                        self.back();
                        Some(self.pipeline(context, Kind::RightDelim)?)
                    }
                };
                Node::Template(Box::new(Call { pos: token.start, name, pipe }))
            }
            _ => {
                self.back();
                let pos = self.peek().start;
                Node::Action { pos, pipe: self.pipeline("command", Kind::RightDelim)? }
            }
        }))
    }

    fn loop_control(&mut self, word: &str, node: Node) -> Result<Node> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(token, word);
        }
        if self.ranges == 0 {
            return self.fail(format!("{word} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, kind: Kind) -> Result<Node> {
        let context = match kind {
            Kind::If => "if",
            Kind::With => "with",
            _ => "range",
        };
        let mark = self.scope.declared.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.ranges += usize::from(kind == Kind::Range);
        let (body, ending) = self.list()?;
        self.ranges -= usize::from(kind == Kind::Range);
        let otherwise = match ending {
            Ending::End => None,
            // `{{else if x}}` stands for `{{else}}{{if x}}` with one `{{end}}` for both; so does `else with`.
            Ending::Else if kind != Kind::Range && self.peek().kind == kind => {
                self.next();
                if self.blocks >= MAX_DEPTH {
                    return self.fail(format!("blocks are nested deeper than the limit of {MAX_DEPTH}"));
                }
                self.blocks += 1;
                let inner = self.control(kind)?;
                self.blocks -= 1;
                Some(vec![inner])
            }
            Ending::Else => match self.list()? {
                (list, Ending::End) => Some(list),
                (_, Ending::Else) => return self.fail("expected end; found {{else}}"),
            },
        };
        self.scope.forget(mark);
        let branch = Box::new(Branch { pos: pipe.pos, pipe, body, otherwise });
        Ok(match kind {
            Kind::If => Node::If(branch),
            Kind::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn block(&mut self) -> Result<Item> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, context)?;
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.body(name.clone(), context)?;
        Ok(Item::Node(Node::Template(Box::new(Call { pos: token.start, name, pipe: Some(pipe) }))))
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquote(token),
            _ => self.unexpected(token, context),
        }
    }

    fn unquote(&self, token: Token) -> Result<Str> {
        match unquote(self.slice(token)) {
            Some(bytes) => Ok(bytes.into()),
            None => self.fail("invalid syntax"),
        }
    }

    // Pipelines.

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let pos = self.peek_non_space().start;
        let mut pipe = Pipe { pos, assign: false, variables: Vec::new(), commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
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
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(token, context),
            }
        }
        self.check(&pipe, context)?;
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<()> {
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            let comma = next.kind == Kind::Char && self.slice(next) == b",";
            if matches!(next.kind, Kind::Assign | Kind::Declare) || comma {
                self.next_non_space();
                let symbol = self.symbol(variable);
                self.scope.declare(symbol);
                pipe.variables.push((symbol, Self::span(variable)));
                if !comma {
                    pipe.assign = next.kind == Kind::Assign;
                    return Ok(());
                }
                if context != "range" || pipe.variables.len() >= 2 {
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
                return Ok(());
            }
        }
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        for (i, command) in pipe.commands.iter().enumerate().skip(1) {
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
        let mut command = Command { pos: self.peek_non_space().start, args: Vec::new() };
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
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
        if command.args.is_empty() {
            return self.fail("empty command");
        }
        Ok(command)
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
                    return self.unknown_function(token);
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

    fn unknown_function<T>(&self, token: Token) -> Result<T> {
        let name = self.slice(token);
        let mut error = match self.fail::<()>(format!("function {} not defined", quote(name))) {
            Err(error) => error,
            Ok(()) => return self.unexpected(token, "command"),
        };
        error.pos = token.start as usize;
        let known = functions::all().map(|f| f.name).chain(OWN.iter().map(|(name, _)| *name));
        error.hint = std::str::from_utf8(name)
            .ok()
            .and_then(|name| crate::diagnostic::nearest(name, known))
            .map(|near| format!("did you mean `{near}`?"));
        Err(error)
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

/// Whether there is nothing but spaces (`IsEmptyTree`).
fn is_empty(nodes: &[Node], text: &[u8]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(span) => {
            let text = &text[span.start as usize..span.end as usize];
            String::from_utf8_lossy(text).trim().is_empty()
        }
        _ => false,
    })
}
