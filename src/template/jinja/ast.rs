//! What a template says, as a tree. Every node knows where it stands in the text.

use std::ops::Range;

/// A range of bytes of the template's text.
pub(super) type Span = Range<usize>;

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Expr<'a> {
    pub kind: Kind<'a>,
    pub span: Span,
    /// Levels of expressions below and including this one.
    pub height: usize,
}

impl<'a> Expr<'a> {
    pub(super) fn new(kind: Kind<'a>, span: Span) -> Expr<'a> {
        let height = 1 + kind.height();
        Expr { kind, span, height }
    }
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    Name(&'a str),
    None,
    Bool(bool),
    Int(u128),
    Float(f64),
    Str(String),
    Tuple(Vec<Expr<'a>>),
    List(Vec<Expr<'a>>),
    Dict(Vec<(Expr<'a>, Expr<'a>)>),
    /// `then if test else otherwise`
    Cond {
        test: Box<Expr<'a>>,
        then: Box<Expr<'a>>,
        otherwise: Option<Box<Expr<'a>>>,
    },
    And(Box<Expr<'a>>, Box<Expr<'a>>),
    Or(Box<Expr<'a>>, Box<Expr<'a>>),
    Not(Box<Expr<'a>>),
    /// `-x` or `+x`, by its sign.
    Sign(&'static str, Box<Expr<'a>>),
    /// Arithmetic, by its sign.
    Binary(&'static str, Box<Expr<'a>>, Box<Expr<'a>>),
    Concat(Vec<Expr<'a>>),
    Compare(Box<Expr<'a>>, Vec<(&'static str, Expr<'a>)>),
    Attribute(Box<Expr<'a>>, &'a str),
    Item(Box<Expr<'a>>, Box<Expr<'a>>),
    Slice(Box<Expr<'a>>, Box<[Option<Expr<'a>>; 3]>),
    Call(Box<Expr<'a>>, Args<'a>),
    /// A filter; without an object it applies to a block.
    Filter(Option<Box<Expr<'a>>>, Used<'a>, Args<'a>),
    Test(Box<Expr<'a>>, Used<'a>, Args<'a>),
}

impl Kind<'_> {
    /// The height of the highest child.
    fn height(&self) -> usize {
        fn all<'e, 'a: 'e>(items: impl IntoIterator<Item = &'e Expr<'a>>) -> usize {
            items.into_iter().map(|e| e.height).max().unwrap_or(0)
        }
        fn args(args: &Args) -> usize {
            let named = all(args.named.iter().map(|(_, e)| e));
            all(&args.positional)
                .max(named)
                .max(all(args.star.as_deref()))
                .max(all(args.double_star.as_deref()))
        }
        match self {
            Kind::Name(_) | Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Str(_) => 0,
            Kind::Tuple(items) | Kind::List(items) | Kind::Concat(items) => all(items),
            Kind::Dict(pairs) => all(pairs.iter().flat_map(|(k, v)| [k, v])),
            Kind::Cond { test, then, otherwise } => all([&**test, &**then]).max(all(otherwise.as_deref())),
            Kind::And(a, b) | Kind::Or(a, b) | Kind::Binary(_, a, b) | Kind::Item(a, b) => all([&**a, &**b]),
            Kind::Not(a) | Kind::Sign(_, a) | Kind::Attribute(a, _) => a.height,
            Kind::Compare(a, rest) => a.height.max(all(rest.iter().map(|(_, e)| e))),
            Kind::Slice(a, parts) => a.height.max(all(parts.iter().flatten())),
            Kind::Call(a, rest) | Kind::Test(a, _, rest) => a.height.max(args(rest)),
            Kind::Filter(a, _, rest) => all(a.as_deref()).max(args(rest)),
        }
    }
}

/// The name of a filter or test, where it is used.
#[derive(Clone, Debug)]
pub(super) struct Used<'a> {
    pub name: &'a str,
    pub span: Span,
}

/// The arguments of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Args<'a> {
    pub positional: Vec<Expr<'a>>,
    pub named: Vec<(&'a str, Expr<'a>)>,
    /// `*args`
    pub star: Option<Box<Expr<'a>>>,
    /// `**kwargs`
    pub double_star: Option<Box<Expr<'a>>>,
}

/// What can be assigned to.
#[derive(Clone, Debug)]
pub(super) enum Target<'a> {
    Name(&'a str),
    /// An attribute of a namespace.
    Field(&'a str, &'a str, Span),
    Tuple(Vec<Target<'a>>),
}

/// A parameter of a macro, and its default.
#[derive(Clone, Debug)]
pub(super) struct Param<'a> {
    pub name: &'a str,
    pub default: Option<Expr<'a>>,
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Stmt<'a> {
    Data(&'a str, Span),
    Print(Expr<'a>),
    For {
        target: Target<'a>,
        iter: Expr<'a>,
        test: Option<Expr<'a>>,
        recursive: bool,
        body: Vec<Stmt<'a>>,
        otherwise: Vec<Stmt<'a>>,
    },
    If {
        branches: Vec<(Expr<'a>, Vec<Stmt<'a>>)>,
        otherwise: Vec<Stmt<'a>>,
    },
    With {
        pairs: Vec<(Target<'a>, Expr<'a>)>,
        body: Vec<Stmt<'a>>,
    },
    Set(Target<'a>, Expr<'a>),
    SetBlock {
        target: Target<'a>,
        filter: Option<Expr<'a>>,
        body: Vec<Stmt<'a>>,
        span: Span,
    },
    FilterBlock {
        filter: Expr<'a>,
        body: Vec<Stmt<'a>>,
    },
    Autoescape(Vec<Stmt<'a>>),
    Block {
        name: &'a str,
        scoped: bool,
        required: bool,
        body: Vec<Stmt<'a>>,
        span: Span,
    },
    Extends(Expr<'a>, Span),
    Include {
        name: Expr<'a>,
        ignore_missing: bool,
        with_context: bool,
        span: Span,
    },
    Import {
        name: Expr<'a>,
        target: &'a str,
        with_context: bool,
        span: Span,
    },
    From {
        name: Expr<'a>,
        names: Vec<(&'a str, &'a str)>,
        with_context: bool,
        span: Span,
    },
    Macro {
        name: &'a str,
        params: Vec<Param<'a>>,
        body: Vec<Stmt<'a>>,
        span: Span,
    },
    CallBlock {
        params: Vec<Param<'a>>,
        call: Expr<'a>,
        body: Vec<Stmt<'a>>,
        span: Span,
    },
    Do(Expr<'a>),
    Break,
    Continue,
}
