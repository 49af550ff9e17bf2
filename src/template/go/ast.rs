//! What a parsed template is (`text/template/parse/node.go`).
//!
//! Nodes refer to the text by position; names are slices of it. Several definitions of one file share a
//! [`Unit`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::number::Number;
use crate::functions::Function;
use crate::value::{Str, Value};

/// A parsed text: a chart's file, or the argument of `tpl`.
pub(super) struct Unit {
    /// What errors call it (`ParseName`).
    pub name: Arc<str>,
    /// The real file, for places in errors; `None` for the argument of `tpl`.
    pub file: Option<Arc<str>>,
    /// The text.
    pub text: Str,
    /// The names of fields, one after another; nodes have ranges of this.
    pub names: Vec<Span>,
    /// String literals.
    pub strings: Vec<Literal>,
    /// Number literals.
    pub numbers: Vec<(Span, Number)>,
    /// Where each variable is first named, by its symbol.
    pub symbols: Vec<Span>,
    /// Its definitions, the text itself among them.
    pub trees: Vec<Tree>,
    /// The definitions by name.
    pub index: HashMap<Str, usize>,
}

/// One template: a file's own text or a `define`.
pub(super) struct Tree {
    pub name: Str,
    pub root: Box<[Node]>,
    /// Whether it is only spaces and comments, and so doesn't replace another definition.
    pub empty: bool,
}

/// A slice of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

/// A range of [`Unit::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub first: u32,
    pub count: u32,
}

/// A string literal: as written, and what it says.
pub(super) struct Literal {
    pub span: Span,
    pub value: Value,
}

/// A variable of a unit, by a number that stands for its name; 0 is `$`.
pub(super) type Symbol = u32;

/// A part of a template that does something.
pub(super) enum Node {
    Text(Span),
    Action { pos: u32, pipe: Pipe },
    If(Box<Branch>),
    With(Box<Branch>),
    Range(Box<Branch>),
    Template(Box<Call>),
    Break,
    Continue,
}

/// `if`, `with` and `range`.
pub(super) struct Branch {
    pub pos: u32,
    pub pipe: Pipe,
    pub body: Box<[Node]>,
    pub otherwise: Option<Box<[Node]>>,
}

/// `{{ template "name" pipeline }}`
pub(super) struct Call {
    pub pos: u32,
    pub name: Str,
    pub pipe: Option<Pipe>,
}

/// A pipeline: commands that each give their value to the next.
pub(super) struct Pipe {
    pub pos: u32,
    /// Whether the variables are assigned, not declared.
    pub assign: bool,
    pub variables: Box<[(Symbol, Span)]>,
    pub commands: Box<[Command]>,
}

/// A word and its arguments.
pub(super) struct Command {
    pub pos: u32,
    pub args: Box<[Expr]>,
}

/// An operand.
pub(super) enum Expr {
    Dot {
        pos: u32,
    },
    Nil {
        pos: u32,
    },
    Bool {
        pos: u32,
        value: bool,
    },
    Number {
        pos: u32,
        index: u32,
    },
    String {
        pos: u32,
        index: u32,
    },
    /// `.a.b`
    Field {
        pos: u32,
        names: Names,
    },
    /// `$x.a.b`
    Variable {
        pos: u32,
        symbol: Symbol,
        name: Span,
        names: Names,
    },
    Function {
        pos: u32,
        name: Span,
        callee: Callee,
    },
    /// `(…).a.b`, and fields of whatever else isn't a field or variable.
    Chain {
        pos: u32,
        base: Box<Expr>,
        names: Names,
    },
    Pipe(Box<Pipe>),
}

/// What a function name stands for.
#[derive(Clone, Copy)]
pub(super) enum Callee {
    /// A function of the library.
    Library(&'static Function),
    /// A function that the engine itself has.
    Own(Own),
}

/// The functions that need the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    And,
    Or,
    Call,
    Len,
    Include,
    Tpl,
    Required,
    Fail,
}

impl Expr {
    /// Where it starts in the text; for chains Go takes the place of a later field.
    pub fn pos(&self) -> u32 {
        match self {
            Expr::Dot { pos }
            | Expr::Nil { pos }
            | Expr::Bool { pos, .. }
            | Expr::Number { pos, .. }
            | Expr::String { pos, .. }
            | Expr::Field { pos, .. }
            | Expr::Variable { pos, .. }
            | Expr::Function { pos, .. }
            | Expr::Chain { pos, .. } => *pos,
            Expr::Pipe(pipe) => pipe.pos,
        }
    }
}

impl Expr {
    fn start(&self, unit: &Unit) -> u32 {
        match self {
            Expr::Field { names, pos } => unit.names(*names).first().map_or(*pos, |name| name.start - 1),
            Expr::Variable { name, .. } if name.end <= self.pos() => name.start,
            Expr::Chain { base, .. } => base.start(unit),
            _ => self.pos(),
        }
    }

    fn end(&self, unit: &Unit) -> u32 {
        let last = |names: Names| unit.names(names).last().map(|name| name.end);
        match self {
            Expr::Dot { pos } => pos + 1,
            Expr::Nil { pos } => pos + 3,
            Expr::Bool { pos, value } => pos + if *value { 4 } else { 5 },
            Expr::Number { pos, index } => {
                unit.numbers.get(*index as usize).map_or(*pos, |(span, _)| span.end)
            }
            Expr::String { pos, index } => unit.strings.get(*index as usize).map_or(*pos, |s| s.span.end),
            Expr::Field { pos, names } | Expr::Chain { pos, names, .. } => last(*names).unwrap_or(*pos),
            Expr::Variable { name, names, .. } => last(*names).unwrap_or(name.end),
            Expr::Function { name, .. } => name.end,
            Expr::Pipe(pipe) => pipe.end(unit) + 1,
        }
    }
}

impl Pipe {
    fn end(&self, unit: &Unit) -> u32 {
        self.commands.last().and_then(|c| c.args.last()).map_or(self.pos, |e| e.end(unit))
    }
}

impl Unit {
    /// A slice of the text.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.text.as_bytes().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The spans of a chain's fields.
    pub fn names(&self, names: Names) -> &[Span] {
        let first = names.first as usize;
        self.names.get(first..first + names.count as usize).unwrap_or_default()
    }

    fn lossy(&self, span: Span) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.slice(span))
    }
}

/// A node that an error is about, or that executes.
#[derive(Clone, Copy)]
pub(super) enum At<'u> {
    Expr(&'u Expr),
    Pipe(&'u Pipe),
    Command(&'u Command),
    /// An action, and what is printed.
    Action(u32, &'u Pipe),
    /// `if`, `with` or `range`, by its word.
    Branch(&'static str, &'u Branch),
    Call(&'u Call),
}

impl At<'_> {
    pub fn pos(&self) -> u32 {
        match self {
            At::Expr(e) => e.pos(),
            At::Pipe(p) => p.pos,
            At::Command(c) => c.pos,
            At::Action(pos, _) => *pos,
            At::Branch(_, b) => b.pos,
            At::Call(c) => c.pos,
        }
    }

    /// The bytes that the node covers, for a snippet.
    pub fn range(&self, unit: &Unit) -> Range<usize> {
        let (start, end) = match self {
            At::Expr(e) => (e.start(unit), e.end(unit)),
            At::Command(c) => (c.pos, c.args.last().map_or(c.pos, |e| e.end(unit))),
            At::Pipe(p) | At::Action(_, p) => (p.pos, p.end(unit)),
            At::Branch(_, b) => (b.pipe.pos, b.pipe.end(unit)),
            At::Call(c) => (c.pos, c.pipe.as_ref().map_or(c.pos, |p| p.end(unit))),
        };
        start as usize..end.max(start) as usize
    }

    /// The node as Go prints it in errors (`Node.String`).
    pub fn show(&self, unit: &Unit) -> String {
        let mut out = String::new();
        let mut printer = Printer { unit, out: &mut out };
        match self {
            At::Expr(e) => printer.expr(e),
            At::Pipe(p) => printer.pipe(p),
            At::Command(c) => printer.command(c),
            At::Action(_, p) => printer.action(p),
            At::Branch(word, b) => printer.branch(word, b),
            At::Call(c) => printer.call(c),
        }
        out
    }
}

/// Writes nodes back as templates.
struct Printer<'a> {
    unit: &'a Unit,
    out: &'a mut String,
}

impl Printer<'_> {
    fn list(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(span) => {
                    let text = self.unit.lossy(*span);
                    self.out.push_str(&text);
                }
                Node::Action { pipe, .. } => self.action(pipe),
                Node::If(b) => self.branch("if", b),
                Node::With(b) => self.branch("with", b),
                Node::Range(b) => self.branch("range", b),
                Node::Template(c) => self.call(c),
                Node::Break => self.out.push_str("{{break}}"),
                Node::Continue => self.out.push_str("{{continue}}"),
            }
        }
    }

    fn action(&mut self, pipe: &Pipe) {
        self.out.push_str("{{");
        self.pipe(pipe);
        self.out.push_str("}}");
    }

    fn branch(&mut self, word: &str, b: &Branch) {
        self.out.push_str("{{");
        self.out.push_str(word);
        self.out.push(' ');
        self.pipe(&b.pipe);
        self.out.push_str("}}");
        self.list(&b.body);
        if let Some(otherwise) = &b.otherwise {
            self.out.push_str("{{else}}");
            self.list(otherwise);
        }
        self.out.push_str("{{end}}");
    }

    fn call(&mut self, call: &Call) {
        self.out.push_str("{{template ");
        self.out.push_str(&crate::value::print::quote(call.name.as_bytes()));
        if let Some(pipe) = &call.pipe {
            self.out.push(' ');
            self.pipe(pipe);
        }
        self.out.push_str("}}");
    }

    fn pipe(&mut self, pipe: &Pipe) {
        for (i, (_, name)) in pipe.variables.iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            let name = self.unit.lossy(*name);
            self.out.push_str(&name);
        }
        if !pipe.variables.is_empty() {
            self.out.push_str(if pipe.assign { " = " } else { " := " });
        }
        for (i, command) in pipe.commands.iter().enumerate() {
            if i > 0 {
                self.out.push_str(" | ");
            }
            self.command(command);
        }
    }

    fn command(&mut self, command: &Command) {
        for (i, arg) in command.args.iter().enumerate() {
            if i > 0 {
                self.out.push(' ');
            }
            self.argument(arg);
        }
    }

    /// An expression within another: pipelines need their parentheses there.
    fn argument(&mut self, e: &Expr) {
        if let Expr::Pipe(pipe) = e {
            self.out.push('(');
            self.pipe(pipe);
            self.out.push(')');
        } else {
            self.expr(e);
        }
    }

    fn expr(&mut self, e: &Expr) {
        let unit = self.unit;
        match e {
            Expr::Dot { .. } => self.out.push('.'),
            Expr::Nil { .. } => self.out.push_str("nil"),
            Expr::Bool { value, .. } => self.out.push_str(if *value { "true" } else { "false" }),
            Expr::Number { index, .. } => {
                if let Some((span, _)) = unit.numbers.get(*index as usize) {
                    self.out.push_str(&unit.lossy(*span));
                }
            }
            Expr::String { index, .. } => {
                if let Some(literal) = unit.strings.get(*index as usize) {
                    self.out.push_str(&unit.lossy(literal.span));
                }
            }
            Expr::Field { names, .. } => self.names(*names),
            Expr::Variable { name, names, .. } => {
                self.out.push_str(&unit.lossy(*name));
                self.names(*names);
            }
            Expr::Function { name, .. } => self.out.push_str(&unit.lossy(*name)),
            Expr::Chain { base, names, .. } => {
                self.argument(base);
                self.names(*names);
            }
            Expr::Pipe(pipe) => self.pipe(pipe),
        }
    }

    fn names(&mut self, names: Names) {
        let unit = self.unit;
        for name in unit.names(names) {
            self.out.push('.');
            self.out.push_str(&unit.lossy(*name));
        }
    }
}
