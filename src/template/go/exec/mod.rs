//! Running templates (`text/template/exec.go`): actions here, values in [`eval`], functions in [`call`].

mod call;
mod eval;
mod record;
mod trace;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use self::record::Action;
use super::ast::{At, Branch, Call, Expr, Node, Symbol, Tree, Unit};
use super::failure::Failure;
use super::operand::{Operand, contents, has_interface_items};
use super::{Counters, Definition, Templates};
use crate::functions::builtins::truth;
use crate::template::Peer;
use crate::trace::{EmissionId, Kind as Block};
use crate::value::print::write_value;
use crate::value::{Int, Kind, Str, Value};

type Result<T> = std::result::Result<T, Failure>;

/// The steps that a node counts, a field, a call of a function, running a template, and parsing a byte of one.
const NODE_STEPS: u64 = 2;
const FIELD_STEPS: u64 = 2;
const CALL_STEPS: u64 = 5;
const TEMPLATE_STEPS: u64 = 5;
const PARSE_STEPS: u64 = 2;

/// So many bytes of a text given to `tpl` are looked through for an action in one step.
const SEARCH_BYTES: u64 = 64;

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Normal,
    Break,
    Continue,
}

/// What runs the templates of one call from outside.
pub(super) struct Machine<'t> {
    templates: &'t Templates,
    peer: Option<&'t dyn Peer>,
    counters: Counters,
    /// What the current template has written.
    out: Vec<u8>,
    /// A buffer to write the next included template to.
    spare: Vec<u8>,
    /// The variables of all running templates; a frame knows where its own begin.
    variables: Vec<(Symbol, Operand)>,
    /// The arguments of all calls under way.
    args: Vec<Value>,
    /// The texts of the running `tpl` calls, whose definitions are seen by all that runs inside.
    layers: Vec<Arc<Unit>>,
    /// How often each name is being included.
    included: HashMap<Str, usize>,
    /// Whether the render is being recorded; the rest is only used then.
    recorded: bool,
    action: Action,
    /// Which emission gave each of `variables` its value.
    given_by: HashMap<usize, EmissionId>,
}

/// What a function, a method or a field is given: the words after it, and the value before a `|`.
#[derive(Default)]
struct Given<'u> {
    args: &'u [Expr],
    piped: Option<Operand>,
}

impl Given<'_> {
    fn count(&self) -> usize {
        self.args.len() + usize::from(self.piped.is_some())
    }
}

/// A running template.
struct Frame<'u> {
    unit: &'u Unit,
    tree: &'u Tree,
    /// Where its variables begin.
    base: usize,
    /// The node that an error is about, as Go keeps track of it.
    at: Cell<At<'u>>,
}

impl<'t> Machine<'t> {
    pub fn new(templates: &'t Templates, peer: Option<&'t dyn Peer>) -> Machine<'t> {
        Machine {
            templates,
            peer,
            counters: templates.take_counters(),
            out: Vec::new(),
            spare: Vec::new(),
            variables: Vec::new(),
            args: Vec::new(),
            layers: Vec::new(),
            included: HashMap::new(),
            recorded: crate::trace::is_on(),
            action: Action::default(),
            given_by: HashMap::new(),
        }
    }

    /// Runs a template and gives what it writes. Afterwards the machine is not used again.
    pub fn run(mut self, definition: &Definition, dot: Value) -> Result<Vec<u8>> {
        let depth = self.counters.depth;
        let result = self.execute(definition, Operand::concrete(dot));
        self.counters.depth = depth;
        self.templates.put_counters(&self.counters);
        result.map(|()| self.out)
    }

    /// Runs a template into the current output.
    fn execute(&mut self, definition: &Definition, dot: Operand) -> Result<()> {
        self.counters.steps += TEMPLATE_STEPS;
        let unit: &Unit = &definition.unit;
        let Some(tree) = unit.trees.get(definition.tree) else { return Ok(()) };
        let base = self.variables.len();
        self.variables.push((0, dot.clone()));
        if self.recorded {
            self.record_root(base);
        }
        let frame = Frame { unit, tree, base, at: Cell::new(At::Expr(&Expr::Dot { pos: 0 })) };
        self.counters.depth += 1;
        self.walk(&frame, &dot, &tree.root)?;
        self.counters.depth -= 1;
        self.variables.truncate(base);
        Ok(())
    }

    /// The template of this name: of the innermost running `tpl` that defines it, or of the chart. A
    /// definition without contents doesn't hide another.
    fn find(&self, name: &Str) -> Option<Definition> {
        let mut empty = None;
        for unit in self.layers.iter().rev() {
            if let Some(definition) = Definition::of(unit, name) {
                let is_own = *name == super::ROOT_NAME;
                if is_own || !definition.is_empty() {
                    return Some(definition);
                }
                empty.get_or_insert(definition);
            }
        }
        self.templates.definition(name.as_bytes()).or(empty)
    }

    // Bounds.

    /// Counts steps. One is about 20 ns of work; what takes longer counts as several.
    #[inline]
    fn step(&mut self, f: &Frame<'_>, count: u64) -> Result<()> {
        self.counters.steps += count;
        if self.counters.steps > self.templates.env.limits.steps {
            return Err(self.out_of_steps(f));
        }
        Ok(())
    }

    #[cold]
    fn out_of_steps(&self, f: &Frame<'_>) -> Failure {
        let limit = self.templates.env.limits.steps;
        self.fail(f, format!("the templates take more than the limit of {limit} steps"))
            .hint(Some("is there a loop over far too many items? --limit steps=NUMBER allows more"))
    }

    /// Appends to the output.
    #[inline]
    fn write(&mut self, f: &Frame<'_>, bytes: &[u8]) -> Result<()> {
        self.out.extend_from_slice(bytes);
        self.wrote(f, bytes.len())
    }

    #[inline]
    fn wrote(&mut self, f: &Frame<'_>, count: usize) -> Result<()> {
        self.counters.written += count;
        if self.counters.written > self.templates.env.limits.output_bytes {
            let limit = self.templates.env.limits.output_bytes;
            return Err(self
                .fail(f, format!("the output is larger than the limit of {limit} bytes"))
                .hint(Some("--limit output-bytes=NUMBER allows more")));
        }
        Ok(())
    }

    /// Checks that one more level of nesting is allowed, by count and by stack.
    fn check_depth(&self, f: &Frame<'_>) -> Result<()> {
        if self.counters.depth < self.templates.env.limits.template_depth && !self.counters.stack_is_low() {
            return Ok(());
        }
        // Go's number, though our limit is another: this is what users search for.
        Err(self.fail(f, "exceeded maximum template depth (100000)".into()))
    }

    // Actions.

    fn walk<'u>(&mut self, f: &Frame<'u>, dot: &Operand, nodes: &'u [Node]) -> Result<Flow> {
        for node in nodes {
            self.step(f, NODE_STEPS)?;
            match node {
                Node::Text(span) => {
                    self.write(f, f.unit.slice(*span))?;
                    if self.recorded {
                        self.record_text(f, *span);
                    }
                }
                Node::Action { pos, pipe } => {
                    if self.recorded {
                        self.record_start(f.unit, Some(pipe));
                    }
                    let value = self.pipeline(f, dot, pipe)?;
                    if pipe.variables.is_empty() {
                        f.at.set(At::Action(*pos, pipe));
                        let start = self.out.len();
                        self.print(f, &value)?;
                        if self.recorded {
                            self.record_output(f, f.at.get(), start, &value.value);
                        }
                    } else if self.recorded {
                        self.record_assignment(f, pipe);
                    }
                }
                Node::If(branch) | Node::With(branch) => {
                    let is_with = matches!(node, Node::With(_));
                    let flow = self.if_or_with(f, dot, branch, is_with)?;
                    if flow != Flow::Normal {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => self.range(f, dot, branch)?,
                Node::Template(call) => self.template(f, dot, call)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Normal)
    }

    fn print(&mut self, f: &Frame<'_>, value: &Operand) -> Result<()> {
        let before = self.out.len();
        match &value.value {
            Value::Null => self.out.extend_from_slice(super::NO_VALUE),
            Value::Object(object) if value.in_place && !object.is_nil() => {
                self.out.extend_from_slice(object.print_in_place().as_bytes());
            }
            value => {
                if let Err(e) = write_value(&mut self.out, &self.templates.env.limits, value) {
                    return Err(self.fail(f, e.to_string()));
                }
            }
        }
        self.wrote(f, self.out.len() - before)
    }

    fn if_or_with<'u>(
        &mut self,
        f: &Frame<'u>,
        dot: &Operand,
        branch: &'u Branch,
        is_with: bool,
    ) -> Result<Flow> {
        let mark = self.variables.len();
        if self.recorded {
            self.record_start(f.unit, Some(&branch.pipe));
        }
        let value = self.pipeline(f, dot, &branch.pipe)?;
        let holds = truth(&value.value);
        let outer = self.recorded.then(|| {
            let otherwise = !holds;
            let kind = if is_with { Block::With { otherwise } } else { Block::If { otherwise } };
            self.record_branch(f, branch, kind)
        });
        let flow = if holds {
            self.nested(f)?;
            self.walk(f, if is_with { &value } else { dot }, &branch.body)?
        } else if let Some(otherwise) = &branch.otherwise {
            self.nested(f)?;
            self.walk(f, dot, otherwise)?
        } else {
            Flow::Normal
        };
        if let Some(outer) = outer {
            self.record_end(outer);
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// Blocks within blocks take stack too, though Go doesn't count them.
    fn nested(&self, f: &Frame<'_>) -> Result<()> {
        if self.counters.stack_is_low() { self.check_depth(f) } else { Ok(()) }
    }

    fn range<'u>(&mut self, f: &Frame<'u>, dot: &Operand, branch: &'u Branch) -> Result<()> {
        f.at.set(At::Branch("range", branch));
        self.nested(f)?;
        let mark = self.variables.len();
        if self.recorded {
            self.record_start(f.unit, Some(&branch.pipe));
        }
        let value = self.pipeline(f, dot, &branch.pipe)?;
        let by = self.recorded.then(|| self.record_loop(f, branch, &value.value));
        if !self.iterate(f, branch, &contents(&value.value), by)? {
            self.variables.truncate(mark);
            if let Some(otherwise) = &branch.otherwise {
                // A loop's `else` is outside the loop: `break` there ends an outer one. Go's parser refuses it.
                self.walk(f, dot, otherwise)?;
            }
        }
        self.variables.truncate(mark);
        Ok(())
    }

    /// Runs the body for each element; whether there was one.
    fn iterate<'u>(
        &mut self,
        f: &Frame<'u>,
        branch: &'u Branch,
        value: &Value,
        by: Option<EmissionId>,
    ) -> Result<bool> {
        match value {
            Value::List(list) => {
                let interface = has_interface_items(list.elem());
                let mut i = 0;
                while let Some(item) = list.get(i) {
                    let element = Operand { value: item, interface, in_place: false };
                    if self.turn(f, branch, Some(Value::int(i as i64)), element, by)? == Flow::Break {
                        return Ok(true);
                    }
                    i += 1;
                }
                Ok(i > 0)
            }
            Value::Map(map) => {
                let entries = map.entries();
                let interface = eval::has_interface_entries(map.map_type());
                let any = !entries.is_empty();
                for (key, value) in entries {
                    let element = Operand { value, interface, in_place: false };
                    if self.turn(f, branch, Some(Value::String(key)), element, by)? == Flow::Break {
                        break;
                    }
                }
                Ok(any)
            }
            Value::Bytes(bytes) => {
                for (i, &b) in bytes.iter().enumerate() {
                    let element = Operand::concrete(Value::uint8(b));
                    if self.turn(f, branch, Some(Value::int(i as i64)), element, by)? == Flow::Break {
                        break;
                    }
                }
                Ok(!bytes.is_empty())
            }
            Value::Int(n) => {
                if branch.pipe.variables.len() > 1 {
                    let message = format!("can't use {} to iterate over more than one variable", n.as_i128());
                    return Err(self.fail(f, message));
                }
                let end = n.as_i128();
                let mut i: i128 = 0;
                while i < end {
                    let element = Operand::concrete(Value::Int(Int::new(i as i64, n.kind())));
                    if self.turn(f, branch, None, element, by)? == Flow::Break {
                        break;
                    }
                    i += 1;
                }
                Ok(end > 0)
            }
            Value::Null => Ok(false),
            Value::TypedNil(nil) if matches!(nil.kind, Kind::Map | Kind::Slice) => Ok(false),
            other => {
                let shown = self.show(other);
                Err(self.fail(f, format!("range can't iterate over {shown}")))
            }
        }
    }

    /// One turn of a loop. `key` is what the first of two variables gets.
    fn turn<'u>(
        &mut self,
        f: &Frame<'u>,
        branch: &'u Branch,
        key: Option<Value>,
        element: Operand,
        by: Option<EmissionId>,
    ) -> Result<Flow> {
        self.step(f, 1)?;
        let mark = self.variables.len();
        let outer = by.map(|by| {
            let key = key.as_ref().or_else(|| Some(&element.value).filter(|v| matches!(v, Value::Int(_))));
            self.record_turn(f, branch, key, by)
        });
        let variables = &branch.pipe.variables;
        match (&**variables, branch.pipe.assign) {
            ([], _) => {}
            ([(one, _)], true) => self.assign(f, *one, element.clone())?,
            ([(first, _), (second, _), ..], true) => {
                self.assign(f, *first, Operand::concrete(key.unwrap_or_default()))?;
                self.assign(f, *second, element.clone())?;
            }
            (declared, false) => {
                if let Some(last) = mark.checked_sub(1).and_then(|i| self.variables.get_mut(i)) {
                    last.1 = element.clone();
                }
                if declared.len() > 1
                    && let Some(slot) = mark.checked_sub(2).and_then(|i| self.variables.get_mut(i))
                {
                    slot.1 = Operand::concrete(key.unwrap_or_default());
                }
            }
        }
        let flow = self.walk(f, &element, &branch.body)?;
        if let Some(outer) = outer {
            self.record_end(outer);
        }
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn template<'u>(&mut self, f: &Frame<'u>, dot: &Operand, call: &'u Call) -> Result<()> {
        f.at.set(At::Call(call));
        let Some(definition) = self.find(&call.name) else {
            let name = crate::value::print::quote(call.name.as_bytes());
            let near = self.nearest_template(&call.name);
            return Err(self.fail(f, format!("template {name} not defined")).hint(near));
        };
        self.check_depth(f)?;
        if self.recorded {
            self.record_start(f.unit, call.pipe.as_ref());
        }
        let dot = match &call.pipe {
            Some(pipe) => self.pipeline(f, dot, pipe)?,
            None => Operand::default(),
        };
        let called =
            self.recorded.then(|| self.record_call(f, At::Call(call), Block::Template(call.name.clone())));
        self.execute(&definition, dot).map_err(|failure| {
            f.at.set(At::Call(call));
            self.step_out(f, failure, || {
                format!("template {}", crate::value::print::quote(call.name.as_bytes()))
            })
        })?;
        if let Some(called) = called {
            self.record_return(called, None);
        }
        Ok(())
    }
}
