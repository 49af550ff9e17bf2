//! Which values a Go template names: see [`crate::template::mentions`].

use std::sync::Arc;

use super::ast::{Branch, Command, Expr, Names, Node, Pipe, Symbol, Unit};
use super::{ROOT_NAME, parser};
use crate::template::Source;
use crate::template::mentions::heap::{Thing, Things};
use crate::template::mentions::look::Look;
use crate::value::{Int, IntKind, Str, Value};

/// So many turns of a loop over known items are followed.
const MAX_TURNS: usize = 64;
/// So many lists that a loop may go over are told apart.
const MAX_LISTS: usize = 8;
/// So many texts that a template may print are told apart, and so long ones.
const MAX_TEXTS: usize = 8;
const MAX_TEXT: usize = 300;

/// A template in its parsed text, and the number of that text.
#[derive(Clone)]
pub(crate) struct Definition {
    unit: Arc<Unit>,
    tree: usize,
    text: u32,
}

impl Definition {
    /// Whether it is the text itself, and not a definition in it.
    pub fn is_first(&self) -> bool {
        self.unit.trees.get(self.tree).is_some_and(|tree| tree.name.as_bytes() == self.unit.name.as_bytes())
    }
}

/// The definitions of a file; none if it can't be parsed.
pub(crate) fn parse(source: &Source, text: u32) -> Option<Vec<(Str, Definition)>> {
    let mut left = parser::MAX_PARTS;
    let unit = parser::parse(&source.name, Some(source.file.clone()), source.text.clone(), &mut left).ok()?;
    Some(definitions(unit, text))
}

/// The definitions of a text given to `tpl`.
pub(crate) fn parse_text(text: &Str, number: u32) -> Option<Vec<(Str, Definition)>> {
    let mut left = parser::MAX_TPL_PARTS;
    let unit = parser::parse(&ROOT_NAME.into(), None, text.clone(), &mut left).ok()?;
    Some(definitions(unit, number))
}

fn definitions(unit: Unit, text: u32) -> Vec<(Str, Definition)> {
    let unit = Arc::new(unit);
    let definition = |tree| Definition { unit: unit.clone(), tree, text };
    unit.trees.iter().enumerate().map(|(i, tree)| (tree.name.clone(), definition(i))).collect()
}

/// Runs a template. Gives what its text may be: constants, and values of charts as a whole; else it is opaque.
pub(crate) fn run(look: &mut Look<'_>, definition: &Definition, dot: &Things) -> Things {
    let unit = definition.unit.clone();
    let Some(tree) = unit.trees.get(definition.tree) else { return Things::opaque() };
    let mut frame = Frame {
        unit: &unit,
        text: definition.text,
        root: dot.clone(),
        variables: Vec::new(),
        texts: Some(vec![String::new()]),
        flows: Things::default(),
    };
    frame.list(look, &tree.root, dot);
    let mut found = frame.flows;
    match frame.texts {
        Some(texts) => texts.into_iter().for_each(|text| found.add(look.heap.text(text))),
        None => found.add(Thing::Opaque),
    }
    found
}

struct Frame<'u> {
    unit: &'u Unit,
    text: u32,
    /// `$`
    root: Things,
    variables: Vec<(Symbol, Things)>,
    /// What may have been printed so far, if that is known.
    texts: Option<Vec<String>>,
    /// What was printed that may be all values of a chart.
    flows: Things,
}

impl Frame<'_> {
    fn list(&mut self, look: &mut Look<'_>, nodes: &[Node], dot: &Things) {
        for node in nodes {
            if !look.step() {
                return;
            }
            match node {
                Node::Text(span) => {
                    let text = String::from_utf8_lossy(self.unit.slice(*span)).into_owned();
                    self.print_texts(&[text]);
                }
                Node::Action { pipe, .. } => {
                    let value = self.pipe(look, pipe, dot);
                    if pipe.variables.is_empty() {
                        self.print(look, &value);
                    }
                }
                Node::If(branch) => {
                    self.pipe_in_scope(look, branch, dot, |frame, look, _| {
                        frame.branches(look, branch, dot, dot);
                    });
                }
                Node::With(branch) => {
                    self.pipe_in_scope(look, branch, dot, |frame, look, value| {
                        frame.branches(look, branch, &value, dot);
                    });
                }
                Node::Range(branch) => self.range(look, branch, dot),
                Node::Template(call) => {
                    let value = match &call.pipe {
                        Some(pipe) => self.pipe(look, pipe, dot),
                        None => Things::opaque(),
                    };
                    let name = Things::one(look.heap.text(call.name.clone()));
                    let text = look.include(&name, &value);
                    self.print(look, &text);
                }
                Node::Break | Node::Continue => {}
            }
        }
    }

    /// The pipe of a block is worked out, and the variables that it declares live in the block only.
    fn pipe_in_scope(
        &mut self,
        look: &mut Look<'_>,
        branch: &Branch,
        dot: &Things,
        body: impl FnOnce(&mut Self, &mut Look<'_>, Things),
    ) {
        let mark = self.variables.len();
        let value = self.pipe(look, &branch.pipe, dot);
        look.heap.mark(&value);
        body(self, look, value);
        self.variables.truncate(mark);
    }

    /// Both sides of a condition.
    fn branches(&mut self, look: &mut Look<'_>, branch: &Branch, dot: &Things, otherwise: &Things) {
        let mark = self.variables.len();
        let (variables, texts) = (self.variables.clone(), self.texts.clone());
        self.list(look, &branch.body, dot);
        self.variables.truncate(mark);
        let after = std::mem::replace(&mut self.variables, variables);
        let printed = std::mem::replace(&mut self.texts, texts);
        if let Some(nodes) = &branch.otherwise {
            self.list(look, nodes, otherwise);
            self.variables.truncate(mark);
        }
        self.join(after, printed);
    }

    /// What held on another way here may hold as well.
    fn join(&mut self, variables: Vec<(Symbol, Things)>, texts: Option<Vec<String>>) {
        for ((_, mine), (_, other)) in self.variables.iter_mut().zip(&variables) {
            mine.join(other);
        }
        self.texts = match (self.texts.take(), texts) {
            (Some(mut mine), Some(others)) => {
                for other in others {
                    if !mine.contains(&other) {
                        mine.push(other);
                    }
                }
                (mine.len() <= MAX_TEXTS).then_some(mine)
            }
            _ => None,
        };
    }

    fn range(&mut self, look: &mut Look<'_>, branch: &Branch, dot: &Things) {
        let mark = self.variables.len();
        let value = self.commands(look, &branch.pipe, dot);
        look.heap.mark(&value);
        let Some(lists) = known_lists(look, &value) else {
            let item = look.heap.entry(&value, None);
            look.heap.mark(&item);
            let item = if item.is_empty() { Things::opaque() } else { item };
            let turns = vec![(Things::opaque(), item.clone()), (Things::opaque(), item)];
            self.turns(look, branch, turns, false);
            if let Some(nodes) = &branch.otherwise {
                let (variables, texts) = (self.variables.clone(), self.texts.clone());
                self.list(look, nodes, dot);
                self.variables.truncate(mark);
                self.join(variables, texts);
            }
            return self.variables.truncate(mark);
        };
        // The items of one list don't mix with those of another that may be there instead.
        let (variables, texts) = (self.variables.clone(), self.texts.clone());
        let mut ends = Vec::new();
        for turns in lists {
            self.variables.clone_from(&variables);
            self.texts.clone_from(&texts);
            self.turns(look, branch, turns, true);
            ends.push((std::mem::take(&mut self.variables), self.texts.take()));
        }
        if let Some((variables, texts)) = ends.pop() {
            (self.variables, self.texts) = (variables, texts);
        }
        for (variables, texts) in ends {
            self.join(variables, texts);
        }
        self.variables.truncate(mark);
    }

    /// Goes through a loop with these keys and items. It is known whether these are all there are.
    fn turns(&mut self, look: &mut Look<'_>, branch: &Branch, turns: Vec<(Things, Things)>, is_known: bool) {
        let mark = self.variables.len();
        for (key, item) in turns {
            let (variables, texts) = (self.variables.clone(), self.texts.clone());
            let mut given = match branch.pipe.variables.len() {
                0 | 1 => vec![item.clone()],
                _ => vec![key, item.clone()],
            };
            for ((symbol, _), value) in branch.pipe.variables.iter().zip(given.drain(..)) {
                if branch.pipe.assign {
                    self.assign(*symbol, &value);
                } else {
                    self.variables.push((*symbol, value));
                }
            }
            self.list(look, &branch.body, &item);
            self.variables.truncate(mark);
            // A turn over known items surely happens, if there is no `break` before.
            if !is_known || has_break(&branch.body) {
                self.join(variables, texts);
            }
        }
    }

    fn print(&mut self, look: &mut Look<'_>, things: &Things) {
        let charts = look.heap.charts(things);
        self.flows.join(&charts);
        let others: Things = things.iter().filter(|thing| !charts.iter().any(|c| c == *thing)).collect();
        look.heap.consume(&others);
        let texts: Option<Vec<String>> =
            look.heap.keys(things).map(|keys| keys.iter().map(Str::to_string).collect());
        match texts {
            Some(texts) if !texts.is_empty() => self.print_texts(&texts),
            Some(_) => {}
            None => self.texts = None,
        }
    }

    fn print_texts(&mut self, texts: &[String]) {
        let Some(before) = self.texts.take() else { return };
        if before.len() * texts.len() > MAX_TEXTS {
            return;
        }
        let all: Vec<String> =
            before.iter().flat_map(|b| texts.iter().map(move |text| format!("{b}{text}"))).collect();
        self.texts = all.iter().all(|text| text.len() <= MAX_TEXT).then_some(all);
    }

    fn pipe(&mut self, look: &mut Look<'_>, pipe: &Pipe, dot: &Things) -> Things {
        let value = self.commands(look, pipe, dot);
        for (symbol, _) in &pipe.variables {
            if pipe.assign {
                self.assign(*symbol, &value);
            } else {
                self.variables.push((*symbol, value.clone()));
            }
        }
        value
    }

    fn assign(&mut self, symbol: Symbol, value: &Things) {
        if let Some((_, held)) = self.variables.iter_mut().rev().find(|(s, _)| *s == symbol) {
            held.clone_from(value);
        }
    }

    fn commands(&mut self, look: &mut Look<'_>, pipe: &Pipe, dot: &Things) -> Things {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(look, command, value, dot));
        }
        value.unwrap_or_default()
    }

    fn command(
        &mut self,
        look: &mut Look<'_>,
        command: &Command,
        piped: Option<Things>,
        dot: &Things,
    ) -> Things {
        if !look.step() {
            return Things::opaque();
        }
        let Some((word, rest)) = command.args.split_first() else { return Things::opaque() };
        let mut args: Vec<Things> = rest.iter().map(|arg| self.expr(look, arg, dot)).collect();
        args.extend(piped);
        look.heap.site = (self.text, command.pos);
        match word {
            Expr::Function { name, .. } => {
                let name = String::from_utf8_lossy(self.unit.slice(*name)).into_owned();
                look.call_function(&name, &args)
            }
            // Fields with arguments are methods; nothing of the values has any.
            _ if !args.is_empty() => {
                self.expr(look, word, dot);
                args.iter().for_each(|arg| look.heap.consume_but(arg, true));
                Things::opaque()
            }
            _ => self.expr(look, word, dot),
        }
    }

    fn expr(&mut self, look: &mut Look<'_>, e: &Expr, dot: &Things) -> Things {
        look.heap.site = (self.text, e.pos());
        match e {
            Expr::Dot { .. } => dot.clone(),
            Expr::Nil { .. } => Things::opaque(),
            Expr::Bool { value, .. } => Things::one(look.heap.constant(Value::Bool(*value))),
            Expr::Number { index, .. } => {
                let text = self.unit.numbers.get(*index as usize).map(|(span, _)| self.unit.slice(*span));
                let number = text.and_then(|t| std::str::from_utf8(t).ok()).and_then(|t| t.parse().ok());
                match number {
                    Some(number) => {
                        Things::one(look.heap.constant(Value::Int(Int::new(number, IntKind::Int))))
                    }
                    None => Things::opaque(),
                }
            }
            Expr::String { index, .. } => match self.unit.strings.get(*index as usize) {
                Some(literal) => Things::one(look.heap.constant(literal.value.clone())),
                None => Things::opaque(),
            },
            Expr::Field { names, .. } => self.fields(look, dot.clone(), *names),
            Expr::Variable { symbol, names, .. } => {
                let value = if *symbol == 0 { self.root.clone() } else { self.variable(*symbol) };
                self.fields(look, value, *names)
            }
            Expr::Function { name, .. } => {
                let name = String::from_utf8_lossy(self.unit.slice(*name)).into_owned();
                look.call_function(&name, &[])
            }
            Expr::Chain { base, names, .. } => {
                let value = self.expr(look, base, dot);
                look.heap.site = (self.text, e.pos());
                self.fields(look, value, *names)
            }
            Expr::Pipe(pipe) => self.pipe(look, pipe, dot),
        }
    }

    fn variable(&self, symbol: Symbol) -> Things {
        let held = self.variables.iter().rev().find(|(s, _)| *s == symbol);
        held.map_or_else(Things::opaque, |(_, value)| value.clone())
    }

    fn fields(&self, look: &mut Look<'_>, of: Things, names: Names) -> Things {
        let mut value = of;
        for name in self.unit.names(names) {
            let key = Str::from_bytes(self.unit.slice(*name));
            value = look.heap.entry(&value, Some(&key));
        }
        if names.count > 0 {
            look.heap.mark(&value);
        }
        value
    }
}

/// The lists or maps that a loop may go over, if all of them are known with all their items and none is empty.
fn known_lists(look: &mut Look<'_>, value: &Things) -> Option<Vec<Vec<(Things, Things)>>> {
    if value.is_empty() || value.len() > MAX_LISTS {
        return None;
    }
    let known = |thing| {
        let items = look.heap.known_items(&Things::one(thing));
        items.filter(|items| !items.is_empty() && items.len() <= MAX_TURNS)
    };
    value.iter().map(known).collect()
}

/// Whether a body may end its loop.
fn has_break(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Break | Node::Continue => true,
        Node::If(b) | Node::With(b) | Node::Range(b) => {
            has_break(&b.body) || b.otherwise.as_ref().is_some_and(|nodes| has_break(nodes))
        }
        _ => false,
    })
}
