//! What lowering notes about the nodes of a template whose renders are recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::ast::Span;
use crate::value::Str;

/// A template and its nodes.
#[derive(Debug)]
pub(in super::super) struct Unit {
    /// The number by which the generated source means it.
    pub id: u32,
    /// Its name in the environment.
    pub key: Arc<str>,
    /// How contexts name it: relative to the folder of its chart's templates.
    pub name: Str,
    /// The file; none for a text given to `tpl`.
    pub file: Option<Arc<str>>,
    pub text: Str,
    pub nodes: Vec<Node>,
}

/// A number that no other unit has.
pub(in super::super) fn new_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A node of a template.
#[derive(Debug)]
pub(in super::super) struct Node {
    pub what: What,
    pub span: Span,
    /// How many blocks of the same body are around it.
    pub depth: usize,
    /// The functions, filters and tests that it names, in their order of writing.
    pub functions: Arc<[Str]>,
    /// The variables that it reads.
    pub reads: Vec<Read>,
}

/// A variable that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Read {
    pub name: Box<str>,
    /// The attribute that is read of it, if it is known.
    pub field: Option<Box<str>>,
}

/// What a node is.
#[derive(Debug)]
pub(in super::super) enum What {
    /// Text.
    Text(Str),
    /// `{{ … }}`
    Print,
    /// `set` of these names, or a parameter's default.
    Assign(Vec<Box<str>>),
    /// `set` of an attribute of a namespace.
    Field(Box<str>, Box<str>),
    /// `do`, which may change what these names hold.
    Do(Vec<Box<str>>),
    /// The condition of an `if` (the first one) or `elif`.
    Test { first: bool },
    /// A name of a `with`, and its value.
    With { first: bool, names: Vec<Box<str>> },
    /// A loop.
    Loop {
        names: Vec<Box<str>>,
        /// Whether its elements are the entries of a mapping.
        entries: bool,
    },
    /// The body of a `set`.
    SetBlock(Vec<Box<str>>),
    /// The body of a `filter`.
    FilterBlock,
    /// A `block`.
    Block(Str),
    /// `extends`
    Extends,
    /// The statement `include`; `apart` if it runs in a text of its own.
    Include { apart: bool },
    /// `import`
    Import(Names),
    /// A call that minijinja writes to a text of its own: `super()`, `self.name()`, `loop(…)`.
    Inner { recursion: bool },
}

/// What an `import` gives names to.
#[derive(Debug)]
pub(in super::super) enum Names {
    /// The whole template.
    Module(Box<str>),
    /// Some of its names, and what they are called here.
    Some(Vec<(Box<str>, Box<str>)>),
}
