//! Statements.

use super::super::ast::Kind;
use super::super::ast::{Param, Span, Stmt, Target};
use super::super::lexer::{SyntaxError, Tok};
use super::{MAX_BLOCKS, MAX_NAMES, Parsed, Parser};
use crate::diagnostic::nearest;

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

impl<'a> Parser<'a> {
    /// Parses up to a tag of one of these names, which is taken; gives it back.
    pub(super) fn statements(&mut self, ends: &[&'static str]) -> Parsed<(Vec<Stmt<'a>>, &'static str)> {
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
                    if let Tok::Name(tag) = *self.tok()
                        && let Some(end) = ends.iter().find(|end| **end == tag)
                    {
                        self.at += 1;
                        return Ok((body, end));
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

    pub(super) fn block_end(&mut self) -> Parsed<()> {
        if *self.tok() == Tok::BlockEnd {
            self.at += 1;
            return Ok(());
        }
        self.unexpected("the end of the tag, `%}`")
    }

    /// The body of a block up to one of the end tags.
    pub(super) fn body(&mut self, ends: &[&'static str]) -> Parsed<(Vec<Stmt<'a>>, &'static str)> {
        self.skip_op(":");
        self.block_end()?;
        self.statements(ends)
    }

    pub(super) fn statement(
        &mut self,
        out: &mut Vec<Stmt<'a>>,
        begin: usize,
        ends: &[&'static str],
    ) -> Parsed<()> {
        let word = self.span();
        let Tok::Name(tag) = *self.tok() else { return self.unexpected("the name of a tag") };
        self.at += 1;
        self.open.push((tag, word.clone()));
        let span = begin..word.end;
        let stmt = match tag {
            "for" => self.parse_for()?,
            "if" => self.parse_if()?,
            "with" => self.parse_with()?,
            "set" => self.parse_set(span.start)?,
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

    pub(super) fn function_body(&mut self, end: &'static str) -> Parsed<Vec<Stmt<'a>>> {
        let loops = std::mem::take(&mut self.loops);
        let (body, _) = self.body(&[end])?;
        self.loops = loops;
        Ok(body)
    }

    pub(super) fn parse_for(&mut self) -> Parsed<Stmt<'a>> {
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

    pub(super) fn parse_if(&mut self) -> Parsed<Stmt<'a>> {
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

    pub(super) fn parse_with(&mut self) -> Parsed<Stmt<'a>> {
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

    pub(super) fn parse_set(&mut self, begin: usize) -> Parsed<Stmt<'a>> {
        let target = self.target(true)?;
        if self.skip_op("=") {
            return Ok(Stmt::Set(target, self.tuple(true, &[])?));
        }
        let filter = if self.is_op("|") { Some(self.filter_chain(None, false)?) } else { None };
        let span = begin..self.end();
        let (body, _) = self.body(&["endset"])?;
        Ok(Stmt::SetBlock { target, filter, body, span })
    }

    pub(super) fn parse_block(&mut self, span: Span) -> Parsed<Stmt<'a>> {
        let at = self.span();
        self.one_more("blocks", self.blocks.len(), MAX_BLOCKS)?;
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

    pub(super) fn parse_include(&mut self, begin: usize) -> Parsed<Stmt<'a>> {
        let name = self.expression()?;
        let ignore_missing = self.is_name("ignore") && *self.look(1) == Tok::Name("missing");
        if ignore_missing {
            self.at += 2;
        }
        let with_context = self.context()?.unwrap_or(true);
        Ok(Stmt::Include { name, ignore_missing, with_context, span: begin..self.end() })
    }

    /// `with context` or `without context`.
    pub(super) fn context(&mut self) -> Parsed<Option<bool>> {
        let with = self.is_name("with");
        if (with || self.is_name("without")) && *self.look(1) == Tok::Name("context") {
            self.at += 2;
            return Ok(Some(with));
        }
        Ok(None)
    }

    pub(super) fn parse_from(&mut self, begin: usize) -> Parsed<Stmt<'a>> {
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

    pub(super) fn signature(&mut self) -> Parsed<Vec<Param<'a>>> {
        self.expect_op("(")?;
        let mut params: Vec<Param<'a>> = Vec::new();
        while !self.is_op(")") {
            if !params.is_empty() {
                self.expect_op(",")?;
            }
            self.one_more("parameters", params.len(), MAX_NAMES)?;
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
    pub(super) fn target(&mut self, field: bool) -> Parsed<Target<'a>> {
        let first = self.one_target(field)?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut targets = vec![first];
        while self.skip_op(",") {
            if self.is_op("=") || self.is_name("in") || matches!(self.tok(), Tok::BlockEnd | Tok::Op(")")) {
                break;
            }
            self.one_more("names to assign to", targets.len(), MAX_NAMES)?;
            targets.push(self.one_target(field)?);
        }
        Ok(Target::Tuple(targets))
    }

    pub(super) fn one_target(&mut self, field: bool) -> Parsed<Target<'a>> {
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
}

fn names_loop(target: &Target) -> bool {
    match target {
        Target::Name(name) => *name == "loop",
        Target::Field(..) => false,
        Target::Tuple(targets) => targets.iter().any(names_loop),
    }
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
