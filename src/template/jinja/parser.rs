//! Tokens to a tree, by Jinja's grammar (jinja2 `parser.py`, with the extensions `do` and `loopcontrols`).

use std::collections::HashSet;

use super::ast::{Args, Expr, Kind, Param, Span, Stmt, Target, Used};
use super::lexer::{SyntaxError, Tok, Token, tokenize};
use crate::diagnostic::nearest;

/// Nested expressions and statements, together.
const MAX_DEPTH: usize = 64;

/// Levels of one expression, chains of filters and operators counted too.
const MAX_HEIGHT: usize = 250;

/// Branches of one `if`.
const MAX_BRANCHES: usize = 200;

const TAGS: &[&str] = &[
    "for",
    "if",
    "elif",
    "else",
    "with",
    "set",
    "filter",
    "autoescape",
    "block",
    "extends",
    "include",
    "import",
    "from",
    "macro",
    "call",
    "do",
    "break",
    "continue",
    "raw",
    "print",
    "endfor",
    "endif",
    "endwith",
    "endset",
    "endfilter",
    "endautoescape",
    "endblock",
    "endmacro",
    "endcall",
];

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

/// Parses a template whose line breaks are all `\n`.
pub(super) fn parse(text: &str) -> Parsed<Vec<Stmt<'_>>> {
    let tokens = tokenize(text)?;
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
        if let Tok::Name(name) = *self.tok() {
            if is_constant(name) {
                return self.fail(format!("cannot assign to `{name}`"));
            }
        }
        self.name()
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

    // ---- statements -------------------------------------------------------------------------------

    /// Parses up to a tag of one of these names, which is taken; gives it back.
    fn statements(&mut self, ends: &[&'static str]) -> Parsed<(Vec<Stmt<'a>>, &'static str)> {
        let mut body = Vec::new();
        loop {
            let span = self.span();
            match self.next() {
                Tok::Data(text) => body.push(Stmt::Data(text, span)),
                Tok::VariableBegin => {
                    let expr = self.tuple(true, &[])?;
                    if *self.tok() != Tok::VariableEnd {
                        return self.unexpected("the end of the expression, `}}`");
                    }
                    self.at += 1;
                    body.push(Stmt::Print(expr));
                }
                Tok::BlockBegin => {
                    if let Tok::Name(tag) = *self.tok() {
                        if let Some(end) = ends.iter().find(|end| **end == tag) {
                            self.at += 1;
                            return Ok((body, end));
                        }
                    }
                    self.deeper(|p| p.statement(&mut body, span.start, ends))?;
                    self.block_end()?;
                }
                Tok::End if ends.is_empty() => return Ok((body, "")),
                Tok::End => {
                    let (name, opened) = self.open.last().cloned().unwrap_or(("", span));
                    let end = ends.last().copied().unwrap_or_default();
                    return Err(SyntaxError::new(
                        format!("`{name}` is not closed: `{{% {end} %}}` is missing"),
                        opened,
                    ));
                }
                _ => return Err(SyntaxError::new("unexpected end of a tag", span)),
            }
        }
    }

    fn block_end(&mut self) -> Parsed<()> {
        if *self.tok() == Tok::BlockEnd {
            self.at += 1;
            return Ok(());
        }
        self.unexpected("the end of the tag, `%}`")
    }

    /// The body of a block up to one of the end tags.
    fn body(&mut self, ends: &[&'static str]) -> Parsed<(Vec<Stmt<'a>>, &'static str)> {
        self.skip_op(":");
        self.block_end()?;
        self.statements(ends)
    }

    fn statement(&mut self, out: &mut Vec<Stmt<'a>>, begin: usize, ends: &[&'static str]) -> Parsed<()> {
        let word = self.span();
        let Tok::Name(tag) = *self.tok() else { return self.unexpected("the name of a tag") };
        self.at += 1;
        self.open.push((tag, word.clone()));
        let span = begin..word.end;
        let stmt = match tag {
            "for" => self.parse_for()?,
            "if" => self.parse_if()?,
            "with" => self.parse_with()?,
            "set" => self.parse_set()?,
            "filter" => {
                let filter = self.filter_chain(None, true)?;
                let (body, _) = self.body(&["endfilter"])?;
                Stmt::FilterBlock { filter, body }
            }
            "autoescape" => {
                self.expression()?;
                Stmt::Autoescape(self.body(&["endautoescape"])?.0)
            }
            "block" => self.parse_block(span)?,
            "extends" => Stmt::Extends(self.expression()?, span.start..self.end()),
            "include" => self.parse_include(span.start)?,
            "import" => {
                let name = self.expression()?;
                self.expect_word("as")?;
                let target = self.new_name()?;
                let with_context = self.context()?.unwrap_or(false);
                Stmt::Import { name, target, with_context, span: span.start..self.end() }
            }
            "from" => self.parse_from(span.start)?,
            "macro" => {
                let name = self.new_name()?;
                let params = self.signature()?;
                let span = span.start..self.end();
                let body = self.function_body("endmacro")?;
                Stmt::Macro { name, params, body, span }
            }
            "call" => {
                let params = if self.is_op("(") { self.signature()? } else { Vec::new() };
                let call = self.expression()?;
                if !matches!(call.kind, Kind::Call(..)) {
                    return Err(SyntaxError::new("`call` wants the call of a macro", call.span));
                }
                let span = span.start..self.end();
                let body = self.function_body("endcall")?;
                Stmt::CallBlock { params, call, body, span }
            }
            "do" => Stmt::Do(self.tuple(true, &[])?),
            "print" => {
                let mut first = true;
                while *self.tok() != Tok::BlockEnd {
                    if !first {
                        self.expect_op(",")?;
                    }
                    first = false;
                    out.push(Stmt::Print(self.expression()?));
                }
                self.open.pop();
                return Ok(());
            }
            "break" | "continue" if self.loops == 0 => {
                return Err(SyntaxError::new(format!("`{tag}` stands outside of a loop"), word));
            }
            "break" => Stmt::Break,
            "continue" => Stmt::Continue,
            _ => return Err(unknown_tag(tag, word, ends)),
        };
        self.open.pop();
        out.push(stmt);
        Ok(())
    }

    fn function_body(&mut self, end: &'static str) -> Parsed<Vec<Stmt<'a>>> {
        let loops = std::mem::take(&mut self.loops);
        let (body, _) = self.body(&[end])?;
        self.loops = loops;
        Ok(body)
    }

    fn parse_for(&mut self) -> Parsed<Stmt<'a>> {
        let at = self.span();
        let target = self.target(false)?;
        if names_loop(&target) {
            return Err(SyntaxError::new(
                "`loop` cannot be the variable of a loop: it describes the loop",
                at,
            ));
        }
        self.expect_word("in")?;
        let iter = self.tuple(false, &["recursive"])?;
        let test = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive");
        self.loops += 1;
        let (body, end) = self.body(&["else", "endfor"])?;
        self.loops -= 1;
        let otherwise = if end == "else" { self.body(&["endfor"])?.0 } else { Vec::new() };
        Ok(Stmt::For { target, iter, test, recursive, body, otherwise })
    }

    fn parse_if(&mut self) -> Parsed<Stmt<'a>> {
        let mut branches = Vec::new();
        loop {
            let test = self.tuple(false, &[])?;
            let (body, end) = self.body(&["elif", "else", "endif"])?;
            branches.push((test, body));
            if branches.len() > MAX_BRANCHES {
                return self.fail(format!("this `if` has more than {MAX_BRANCHES} branches"));
            }
            match end {
                "elif" => {}
                "else" => return Ok(Stmt::If { branches, otherwise: self.body(&["endif"])?.0 }),
                _ => return Ok(Stmt::If { branches, otherwise: Vec::new() }),
            }
        }
    }

    fn parse_with(&mut self) -> Parsed<Stmt<'a>> {
        let mut pairs = Vec::new();
        while *self.tok() != Tok::BlockEnd {
            if !pairs.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.target(false)?;
            self.expect_op("=")?;
            pairs.push((target, self.expression()?));
        }
        let (body, _) = self.body(&["endwith"])?;
        Ok(Stmt::With { pairs, body })
    }

    fn parse_set(&mut self) -> Parsed<Stmt<'a>> {
        let target = self.target(true)?;
        if self.skip_op("=") {
            return Ok(Stmt::Set(target, self.tuple(true, &[])?));
        }
        let filter = if self.is_op("|") { Some(self.filter_chain(None, false)?) } else { None };
        let (body, _) = self.body(&["endset"])?;
        Ok(Stmt::SetBlock { target, filter, body })
    }

    fn parse_block(&mut self, span: Span) -> Parsed<Stmt<'a>> {
        let at = self.span();
        let name = self.name()?;
        if !self.blocks.insert(name) {
            return Err(SyntaxError::new(format!("the block `{name}` is defined twice"), at));
        }
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        if self.is_op("-") {
            return self.fail("the name of a block cannot hold a hyphen; use an underscore");
        }
        let loops = std::mem::take(&mut self.loops);
        let (body, _) = self.body(&["endblock"])?;
        self.loops = loops;
        let blank = |s: &Stmt| matches!(s, Stmt::Data(text, _) if text.trim().is_empty());
        if required && !body.iter().all(blank) {
            return Err(SyntaxError::new("a required block holds only comments and whitespace", at));
        }
        self.skip_name(name);
        Ok(Stmt::Block { name, scoped, required, body, span: span.start..at.end })
    }

    fn parse_include(&mut self, begin: usize) -> Parsed<Stmt<'a>> {
        let name = self.expression()?;
        let ignore_missing = self.is_name("ignore") && *self.look(1) == Tok::Name("missing");
        if ignore_missing {
            self.at += 2;
        }
        let with_context = self.context()?.unwrap_or(true);
        Ok(Stmt::Include { name, ignore_missing, with_context, span: begin..self.end() })
    }

    /// `with context` or `without context`.
    fn context(&mut self) -> Parsed<Option<bool>> {
        let with = self.is_name("with");
        if (with || self.is_name("without")) && *self.look(1) == Tok::Name("context") {
            self.at += 2;
            return Ok(Some(with));
        }
        Ok(None)
    }

    fn parse_from(&mut self, begin: usize) -> Parsed<Stmt<'a>> {
        let name = self.expression()?;
        self.expect_word("import")?;
        let mut names = Vec::new();
        let mut with_context;
        loop {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            with_context = self.context()?;
            if with_context.is_some() {
                break;
            }
            let at = self.span();
            let imported = self.new_name()?;
            if imported.starts_with('_') {
                return Err(SyntaxError::new("names that begin with an underscore cannot be imported", at));
            }
            let alias = if self.skip_name("as") { self.new_name()? } else { imported };
            names.push((imported, alias));
            with_context = self.context()?;
            if with_context.is_some() || !self.is_op(",") {
                break;
            }
        }
        let with_context = with_context.unwrap_or(false);
        Ok(Stmt::From { name, names, with_context, span: begin..self.end() })
    }

    fn signature(&mut self) -> Parsed<Vec<Param<'a>>> {
        self.expect_op("(")?;
        let mut params: Vec<Param<'a>> = Vec::new();
        while !self.is_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            let at = self.span();
            let name = self.new_name()?;
            if params.iter().any(|p| p.name == name) {
                return Err(SyntaxError::new(format!("the parameter `{name}` is there twice"), at));
            }
            let default = if self.skip_op("=") { Some(self.expression()?) } else { None };
            if default.is_none() && params.last().is_some_and(|p| p.default.is_some()) {
                return Err(SyntaxError::new("a parameter without a default follows one with a default", at));
            }
            params.push(Param { name, default });
        }
        self.expect_op(")")?;
        Ok(params)
    }

    /// What is assigned to: a name, names, or (with `field`) an attribute of a namespace.
    fn target(&mut self, field: bool) -> Parsed<Target<'a>> {
        let first = self.one_target(field)?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut targets = vec![first];
        while self.skip_op(",") {
            if self.is_op("=") || self.is_name("in") || matches!(self.tok(), Tok::BlockEnd | Tok::Op(")")) {
                break;
            }
            targets.push(self.one_target(field)?);
        }
        Ok(Target::Tuple(targets))
    }

    fn one_target(&mut self, field: bool) -> Parsed<Target<'a>> {
        self.deeper(|p| {
            let open = match p.tok() {
                Tok::Op("(") => Some(")"),
                Tok::Op("[") => Some("]"),
                _ => None,
            };
            if let Some(close) = open {
                p.at += 1;
                let inner = p.target(false)?;
                p.expect_op(close)?;
                return Ok(inner);
            }
            let start = p.span().start;
            let name = p.new_name()?;
            if field && p.skip_op(".") {
                let attribute = p.name()?;
                return Ok(Target::Field(name, attribute, start..p.end()));
            }
            Ok(Target::Name(name))
        })
    }

    // ---- expressions ------------------------------------------------------------------------------

    fn make(&self, kind: Kind<'a>, start: usize) -> Parsed<Expr<'a>> {
        let expr = Expr::new(kind, start..self.end());
        if expr.height > MAX_HEIGHT {
            let message = format!("the expression has more than {MAX_HEIGHT} levels");
            return Err(SyntaxError::new(message, expr.span));
        }
        Ok(expr)
    }

    fn tuple_ends(&self, words: &[&str]) -> bool {
        match self.tok() {
            Tok::VariableEnd | Tok::BlockEnd | Tok::Op(")") => true,
            Tok::Name(name) => words.contains(name),
            _ => false,
        }
    }

    /// One expression, or several with commas: a tuple.
    fn tuple(&mut self, conditional: bool, ends: &[&str]) -> Parsed<Expr<'a>> {
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

    fn expression(&mut self) -> Parsed<Expr<'a>> {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut expr = self.or()?;
        while self.skip_name("if") {
            let test = Box::new(self.or()?);
            let otherwise = if self.skip_name("else") { Some(Box::new(self.expression()?)) } else { None };
            expr = self.make(Kind::Cond { test, then: Box::new(expr), otherwise }, start)?;
        }
        Ok(expr)
    }

    fn or(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.make(Kind::Or(Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.make(Kind::And(Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        if self.skip_name("not") {
            let inner = self.deeper(Self::not)?;
            return self.make(Kind::Not(Box::new(inner)), start);
        }
        self.compare()
    }

    fn compare(&mut self) -> Parsed<Expr<'a>> {
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

    fn sum(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.concat()?;
        while let Tok::Op(op @ ("+" | "-")) = *self.tok() {
            self.at += 1;
            let right = self.concat()?;
            left = self.make(Kind::Binary(op, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn concat(&mut self) -> Parsed<Expr<'a>> {
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

    fn product(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.power()?;
        while let Tok::Op(op @ ("*" | "/" | "//" | "%")) = *self.tok() {
            self.at += 1;
            let right = self.power()?;
            left = self.make(Kind::Binary(op, Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn power(&mut self) -> Parsed<Expr<'a>> {
        let start = self.span().start;
        let mut left = self.unary(true)?;
        while self.skip_op("**") {
            let right = self.unary(true)?;
            left = self.make(Kind::Binary("**", Box::new(left), Box::new(right)), start)?;
        }
        Ok(left)
    }

    fn unary(&mut self, filters: bool) -> Parsed<Expr<'a>> {
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

    fn primary(&mut self) -> Parsed<Expr<'a>> {
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

    fn postfix(&mut self, mut node: Expr<'a>) -> Parsed<Expr<'a>> {
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

    fn subscript(&mut self, node: Expr<'a>, start: usize) -> Parsed<Expr<'a>> {
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

    fn arguments(&mut self) -> Parsed<Args<'a>> {
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
    fn filters(&mut self, mut node: Expr<'a>) -> Parsed<Expr<'a>> {
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

    fn dotted(&mut self) -> Parsed<Used<'a>> {
        let start = self.span().start;
        self.name()?;
        while self.skip_op(".") {
            self.name()?;
        }
        let span = start..self.end();
        Ok(Used { name: self.text.get(span.clone()).unwrap_or_default(), span })
    }

    fn filter_chain(&mut self, mut node: Option<Expr<'a>>, mut inline: bool) -> Parsed<Expr<'a>> {
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

    fn test(&mut self, node: Expr<'a>) -> Parsed<Expr<'a>> {
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

fn names_loop(target: &Target) -> bool {
    match target {
        Target::Name(name) => *name == "loop",
        Target::Field(..) => false,
        Target::Tuple(targets) => targets.iter().any(names_loop),
    }
}

fn is_constant(name: &str) -> bool {
    matches!(name, "true" | "True" | "false" | "False" | "none" | "None")
}

fn unknown_tag(tag: &str, span: Span, ends: &[&str]) -> SyntaxError {
    let mut error = if tag.starts_with("end") || matches!(tag, "else" | "elif") {
        let wanted: Vec<String> = ends.iter().map(|e| format!("`{e}`")).collect();
        let message = if wanted.is_empty() {
            format!("`{tag}` closes nothing: no such block is open")
        } else {
            format!("unexpected `{tag}`: expected {}", wanted.join(" or "))
        };
        SyntaxError::new(message, span)
    } else {
        SyntaxError::new(format!("unknown tag `{tag}`"), span)
    };
    let candidates = ends.iter().chain(TAGS).copied().filter(|t| *t != tag);
    error.hint = nearest(tag, candidates).map(|near| format!("did you mean `{near}`?"));
    error
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
