//! What a render that is being explained tells the recorder. Nothing here runs in a plain render.

use std::sync::Arc;

use super::{Frame, Machine};
use crate::template::go::ast::{At, Branch, Callee, Expr, Pipe, Span, Symbol, Unit};
use crate::trace::{self, ContextId, EmissionId, Kind, Role, Site};
use crate::value::{Str, Value};

/// The action under way.
#[derive(Clone, Default)]
pub(super) struct Action {
    /// Where the log of events stood when it began.
    mark: u32,
    /// The functions it names.
    functions: Arc<[Str]>,
    /// The emissions by which it called templates so far.
    calls: Vec<EmissionId>,
}

impl Machine<'_> {
    /// An action or a condition begins.
    #[cold]
    pub(super) fn record_start(&mut self, unit: &Unit, pipe: Option<&Pipe>) {
        let mark = trace::with(|r| r.mark()).unwrap_or_default();
        let mut functions = Vec::new();
        if let Some(pipe) = pipe {
            functions_of(unit, pipe, &mut functions);
        }
        self.action = Action { mark, functions: functions.into(), calls: Vec::new() };
    }

    /// Text of the template was written, each line of which is told for itself.
    #[cold]
    pub(super) fn record_text(&mut self, f: &Frame<'_>, span: Span) {
        let bytes = f.unit.slice(span);
        let mut at = self.out.len() - bytes.len();
        let mut start = span.start;
        trace::with(|r| {
            let (text, mark) = (r.text(f.unit.file.as_ref(), &f.unit.text), r.mark());
            for line in bytes.split_inclusive(|&b| b == b'\n') {
                let trimmed = line.trim_ascii();
                if !trimmed.is_empty() {
                    let indent = line.len() - line.trim_ascii_start().len();
                    let first = start + indent as u32;
                    let site = Site { text, start: first, end: first + trimmed.len() as u32 };
                    let by = r.emission(Role::Text, site, mark, Arc::default());
                    r.wrote(at + indent..at + indent + trimmed.len(), by);
                }
                at += line.len();
                start += line.len() as u32;
            }
        });
    }

    /// An action wrote its value, from `start` of the output on.
    #[cold]
    pub(super) fn record_output(&mut self, f: &Frame<'_>, at: At<'_>, start: usize, value: &Value) {
        let by = self.emission(f, Role::Action, at);
        let end = self.out.len();
        trace::with(|r| match value {
            Value::String(text) if text.len() == end - start => r.wrote_text(start, text, by),
            _ => r.wrote(start..end, by),
        });
    }

    /// An action or condition gave variables their value.
    #[cold]
    pub(super) fn record_assignment(&mut self, f: &Frame<'_>, pipe: &Pipe) {
        let by = self.emission(f, Role::Assign, At::Pipe(pipe));
        self.record_variables(f, pipe, by);
    }

    fn record_variables(&mut self, f: &Frame<'_>, pipe: &Pipe, by: EmissionId) {
        for (symbol, _) in &pipe.variables {
            if let Some(slot) = self.slot_of(f, *symbol) {
                self.given_by.insert(slot, by);
            }
        }
    }

    fn slot_of(&self, f: &Frame<'_>, symbol: Symbol) -> Option<usize> {
        let own = self.variables.get(f.base..)?;
        own.iter().rposition(|(s, _)| *s == symbol).map(|at| f.base + at)
    }

    /// A variable is read.
    #[cold]
    pub(super) fn record_variable(&mut self, slot: usize) {
        if let Some(&by) = self.given_by.get(&slot) {
            trace::with(|r| r.variable(by));
        }
    }

    /// A template begins, whose `$` nobody knows yet.
    #[cold]
    pub(super) fn record_root(&mut self, slot: usize) {
        self.given_by.remove(&slot);
    }

    /// The body of an `if` or `with` begins, after its condition. Gives the context to go back to.
    #[cold]
    pub(super) fn record_branch(&mut self, f: &Frame<'_>, branch: &Branch, kind: Kind) -> ContextId {
        let by = self.emission(f, Role::Control, At::Branch("if", branch));
        self.record_variables(f, &branch.pipe, by);
        trace::with(|r| r.enter(kind, Some(by))).unwrap_or_default()
    }

    /// A loop begins, over `value`.
    #[cold]
    pub(super) fn record_loop(&mut self, f: &Frame<'_>, branch: &Branch, value: &Value) -> EmissionId {
        if let Value::Map(map) = value {
            // The loop is about to read them: it is told as part of the condition.
            drop(map.read());
        }
        self.emission(f, Role::Control, At::Branch("range", branch))
    }

    /// A turn of a loop begins.
    #[cold]
    pub(super) fn record_turn(
        &mut self,
        f: &Frame<'_>,
        branch: &Branch,
        key: Option<&Value>,
        by: EmissionId,
    ) -> ContextId {
        self.record_variables(f, &branch.pipe, by);
        let key = match key {
            Some(Value::String(key)) => key.clone(),
            Some(Value::Int(index)) => index.as_i128().to_string().into(),
            _ => Str::EMPTY,
        };
        trace::with(|r| r.enter(Kind::Range(key), Some(by))).unwrap_or_default()
    }

    /// A template is called by the action under way.
    #[cold]
    pub(super) fn record_call(&mut self, f: &Frame<'_>, at: At<'_>, kind: Kind) -> Called {
        let by = self.emission(f, Role::Control, at);
        self.action.calls.push(by);
        let is_captured = !matches!(kind, Kind::Template(_));
        let outer = trace::with(|r| {
            if is_captured {
                r.begin();
            }
            r.enter(kind, Some(by))
        });
        Called { outer: outer.unwrap_or_default(), action: self.action.clone() }
    }

    /// A called template ends; `text` is what it wrote, if it wrote to a text of its own.
    #[cold]
    pub(super) fn record_return(&mut self, called: Called, text: Option<&Str>) {
        self.action = called.action;
        trace::with(|r| {
            r.leave(called.outer);
            if let Some(text) = text {
                r.end(Some(text));
            }
        });
    }

    /// A function was called.
    #[cold]
    pub(super) fn record_function(&mut self, args: usize, result: &Value) {
        let Value::String(result) = result else { return };
        let mut given = Vec::new();
        let args = self.args.get(args..).unwrap_or_default();
        let items: Vec<Value> =
            args.iter().filter_map(Value::as_list).flat_map(|list| list.items()).collect();
        for value in args.iter().chain(&items) {
            if let Value::String(text) = value {
                given.push(text);
            }
        }
        trace::with(|r| r.derived(result, &given));
    }

    /// Goes back to the context around a block.
    #[cold]
    pub(super) fn record_end(&mut self, outer: ContextId) {
        trace::with(|r| r.leave(outer));
    }

    fn emission(&self, f: &Frame<'_>, role: Role, at: At<'_>) -> EmissionId {
        let range = at.range(f.unit);
        trace::with(|r| {
            let text = r.text(f.unit.file.as_ref(), &f.unit.text);
            let site = Site { text, start: range.start as u32, end: range.end as u32 };
            r.extend(&self.action.calls);
            r.emission(role, site, self.action.mark, self.action.functions.clone())
        })
        .unwrap_or_default()
    }
}

/// A call under way: what to go back to.
pub(super) struct Called {
    outer: ContextId,
    action: Action,
}

/// The functions of a pipeline, in their order of writing.
fn functions_of(unit: &Unit, pipe: &Pipe, found: &mut Vec<Str>) {
    for expr in pipe.commands.iter().flat_map(|command| command.args.iter()) {
        functions_in(unit, expr, found);
    }
}

fn functions_in(unit: &Unit, expr: &Expr, found: &mut Vec<Str>) {
    match expr {
        Expr::Function { callee: Callee::Library(function), .. } => {
            found.push(Str::from_static(function.name))
        }
        Expr::Function { name, .. } => found.push(Str::from_bytes(unit.slice(*name))),
        Expr::Chain { base, .. } => functions_in(unit, base, found),
        Expr::Pipe(pipe) => functions_of(unit, pipe, found),
        _ => {}
    }
}
