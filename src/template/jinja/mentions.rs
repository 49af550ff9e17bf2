//! Which values a Jinja template names: see [`crate::template::mentions`].

mod expressions;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Expr, Kind, Param, Stmt, Target};
use super::{lexer, names, parser};
use crate::template::mentions::heap::{Thing, Things};
use crate::template::mentions::look::Look;
use crate::value::Str;

/// A parsed file.
pub(crate) struct File<'a> {
    /// The number of its text.
    pub text: Cell<u32>,
    base: Arc<str>,
    body: Vec<Stmt<'a>>,
}

/// The text of a template as the parser takes it.
pub(crate) fn normalized(text: &Str) -> String {
    super::normalized(text.to_text()).into_owned()
}

impl<'a> File<'a> {
    /// Parses a file; one that can't be parsed is empty.
    pub fn parse(text: &'a str, base: Arc<str>) -> File<'a> {
        let body = parser::parse(text, &mut lexer::MAX_TOKENS.clone()).unwrap_or_default();
        File { text: Cell::new(u32::MAX), base, body }
    }

    /// Parses a text that may be given to `tpl`, if it can be.
    pub fn parse_loose(text: &'a str) -> Option<File<'a>> {
        let body = parser::parse(text, &mut lexer::MAX_TOKENS.clone()).ok()?;
        Some(File { text: Cell::new(u32::MAX), base: "".into(), body })
    }
}

/// Variables by name.
type Scope<'a> = BTreeMap<&'a str, Things>;

/// A macro, and what it sees.
#[derive(Clone)]
pub(crate) struct Macro<'a> {
    file: &'a File<'a>,
    params: &'a [Param<'a>],
    body: &'a [Stmt<'a>],
    root: Things,
    top: Rc<RefCell<Scope<'a>>>,
}

/// The body of a `call` block, and what it sees.
struct Caller<'a> {
    params: &'a [Param<'a>],
    body: &'a [Stmt<'a>],
    scopes: Vec<Scope<'a>>,
    file: &'a File<'a>,
    root: Things,
    top: Rc<RefCell<Scope<'a>>>,
    outer: Option<Rc<Caller<'a>>>,
}

struct Frame<'a> {
    file: &'a File<'a>,
    /// What holds `Values` and the rest.
    root: Things,
    /// The variables of the file itself, which its macros see, too.
    top: Rc<RefCell<Scope<'a>>>,
    scopes: Vec<Scope<'a>>,
    caller: Option<Rc<Caller<'a>>>,
    /// Files within files.
    depth: usize,
    flows: Things,
}

/// So many files within files are followed.
const MAX_DEPTH: usize = 20;

/// Runs a file. Gives what its text may be.
pub(crate) fn run<'a>(look: &mut Look<'a>, file: &'a File<'a>, dot: &Things) -> Things {
    let mut frame = Frame::new(file, dot.clone(), Rc::default(), 0);
    frame.list(look, &file.body);
    frame.flows.and(&Things::opaque())
}

impl<'a> Frame<'a> {
    fn new(file: &'a File<'a>, root: Things, top: Rc<RefCell<Scope<'a>>>, depth: usize) -> Frame<'a> {
        Frame { file, root, top, scopes: Vec::new(), caller: None, depth, flows: Things::default() }
    }

    fn list(&mut self, look: &mut Look<'a>, body: &'a [Stmt<'a>]) {
        for stmt in body {
            if !look.step() {
                return;
            }
            self.statement(look, stmt);
        }
    }

    fn inner(&mut self, look: &mut Look<'a>, body: &'a [Stmt<'a>]) {
        self.scopes.push(Scope::new());
        self.list(look, body);
        self.scopes.pop();
    }

    fn statement(&mut self, look: &mut Look<'a>, stmt: &'a Stmt<'a>) {
        match stmt {
            Stmt::Data(..) | Stmt::Break | Stmt::Continue => {}
            Stmt::Print(e) => {
                let value = self.expr(look, e);
                self.print(look, &value);
            }
            Stmt::Do(e) => {
                self.expr(look, e);
            }
            Stmt::For { target, iter, test, body, otherwise, .. } => {
                self.each(look, target, iter, test.as_ref(), body);
                self.inner(look, otherwise);
            }
            Stmt::If { branches, otherwise } => {
                for (test, body) in branches {
                    let value = self.expr(look, test);
                    look.heap.mark(&value);
                    self.list(look, body);
                }
                self.list(look, otherwise);
            }
            Stmt::With { pairs, body } => {
                self.scopes.push(Scope::new());
                for (target, e) in pairs {
                    let value = self.expr(look, e);
                    self.assign(look, target, &value);
                }
                self.list(look, body);
                self.scopes.pop();
            }
            Stmt::Set(target, e) => {
                let value = self.expr(look, e);
                self.assign(look, target, &value);
            }
            Stmt::SetBlock { target, filter, body, .. } => {
                self.inner(look, body);
                if let Some(filter) = filter {
                    self.expr(look, filter);
                }
                self.assign(look, target, &Things::opaque());
            }
            Stmt::FilterBlock { filter, body } => {
                self.inner(look, body);
                self.expr(look, filter);
            }
            Stmt::Autoescape(body) | Stmt::Block { body, .. } => self.inner(look, body),
            Stmt::Extends(name, _) | Stmt::Include { name, .. } => self.include(look, name),
            Stmt::Import { name, target, .. } => {
                let module = self.module(look, name);
                let fields = module.into_iter().map(|(name, things)| (name.into(), things));
                let module = look.heap.map(fields);
                self.declare(target, &Things::one(module));
            }
            Stmt::From { name, names, .. } => {
                let module = self.module(look, name);
                for (name, alias) in names {
                    let things = module.get(name).cloned().unwrap_or_else(Things::opaque);
                    self.declare(alias, &things);
                }
            }
            Stmt::Macro { name, params, body, .. } => {
                let (root, top) = (self.root.clone(), self.top.clone());
                look.macros.push(Macro { file: self.file, params, body, root, top });
                let thing = Thing::Macro(look.macros.len() as u32 - 1);
                self.declare(name, &Things::one(thing));
            }
            Stmt::CallBlock { params, call, body, .. } => {
                let caller = Caller {
                    params,
                    body,
                    scopes: self.scopes.clone(),
                    file: self.file,
                    root: self.root.clone(),
                    top: self.top.clone(),
                    outer: self.caller.clone(),
                };
                let value = self.called(look, call, Some(Rc::new(caller)));
                self.print(look, &value);
            }
        }
    }

    fn each(
        &mut self,
        look: &mut Look<'a>,
        target: &'a Target<'a>,
        iter: &'a Expr<'a>,
        test: Option<&'a Expr<'a>>,
        body: &'a [Stmt<'a>],
    ) {
        let pairs = match target {
            Target::Tuple(parts) if parts.len() == 2 => expressions::pairs_of(iter),
            _ => None,
        };
        let value = self.expr(look, pairs.unwrap_or(iter));
        look.heap.mark(&value);
        let known = look.heap.known_items(&value).filter(|known| known.len() <= 64);
        let turns = known.filter(|known| !known.is_empty()).unwrap_or_else(|| {
            let item = look.heap.entry(&value, None);
            look.heap.mark(&item);
            vec![(Things::opaque(), item)]
        });
        for (key, item) in turns {
            self.scopes.push(Scope::new());
            match (target, pairs) {
                (Target::Tuple(parts), Some(_)) => {
                    for (part, value) in parts.iter().zip([key, item]) {
                        self.assign(look, part, &value);
                    }
                }
                _ => self.assign(look, target, &item),
            }
            if let Some(test) = test {
                let value = self.expr(look, test);
                look.heap.mark(&value);
            }
            self.list(look, body);
            // What a turn sets may be seen by the next.
            self.list(look, body);
            self.scopes.pop();
        }
    }

    fn assign(&mut self, look: &mut Look<'a>, target: &Target<'a>, value: &Things) {
        match target {
            Target::Name(name) => self.declare(name, value),
            Target::Field(of, key, _) => {
                let of = self.variable(look, of);
                let key = Things::one(look.heap.text(*key));
                look.heap.set(&of, &key, value);
            }
            Target::Tuple(parts) => {
                let item = look.heap.entry(value, None);
                parts.iter().for_each(|part| self.assign(look, part, &item));
            }
        }
    }

    /// A name may stand for this, too.
    fn declare(&mut self, name: &'a str, value: &Things) {
        match self.scopes.last_mut() {
            Some(scope) => scope.entry(name).or_default().join(value),
            None => self.top.borrow_mut().entry(name).or_default().join(value),
        }
    }

    fn variable(&self, look: &mut Look<'a>, name: &str) -> Things {
        if let Some(value) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return value.clone();
        }
        if let Some(value) = self.top.borrow().get(name) {
            return value.clone();
        }
        look.heap.entry(&self.root, Some(&name.into()))
    }

    fn print(&mut self, look: &mut Look<'a>, things: &Things) {
        let charts = look.heap.charts(things);
        self.flows.join(&charts);
        let others: Things = things.iter().filter(|thing| !charts.iter().any(|c| c == *thing)).collect();
        look.heap.consume(&others);
    }

    /// The files that a name may mean; all, if it isn't known.
    fn files(&mut self, look: &mut Look<'a>, name: &'a Expr<'a>) -> Vec<&'a File<'a>> {
        let written: Vec<&Expr<'a>> = match &name.kind {
            Kind::List(items) | Kind::Tuple(items) => items.iter().collect(),
            _ => vec![name],
        };
        let mut found = Vec::new();
        for name in written {
            let things = self.expr(look, name);
            let Some(keys) = look.heap.keys(&things) else {
                return look.jinja.iter().collect();
            };
            for key in keys {
                let all = names::candidates(&self.file.base, &key.to_text());
                found.extend(all.iter().find_map(|full| look.jinja_file(full.strip_suffix(".j2")?)));
            }
        }
        found
    }

    fn include(&mut self, look: &mut Look<'a>, name: &'a Expr<'a>) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        for file in self.files(look, name) {
            let mut frame = Frame::new(file, self.root.clone(), self.top.clone(), self.depth + 1);
            frame.scopes.clone_from(&self.scopes);
            frame.list(look, &file.body);
            self.flows.join(&frame.flows);
        }
    }

    /// What a file offers to those who import it.
    fn module(&mut self, look: &mut Look<'a>, name: &'a Expr<'a>) -> Scope<'a> {
        let mut found = Scope::new();
        if self.depth >= MAX_DEPTH {
            return found;
        }
        for file in self.files(look, name) {
            let mut frame = Frame::new(file, self.root.clone(), Rc::default(), self.depth + 1);
            frame.list(look, &file.body);
            for (name, things) in frame.top.borrow().iter() {
                found.entry(name).or_default().join(things);
            }
        }
        found
    }
}
