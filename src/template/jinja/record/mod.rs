//! What a render that is being explained tells the recorder. Nothing here runs in a plain render: the templates
//! are lowered once more for it, to a source that calls the filters of [`engine`] before and after each node.
//!
//! The [`Book`] of a render keeps what those calls need to know of one another: which texts are being written and
//! how far, the blocks that are open, the variables and who gave them their values.

mod calls;
mod engine;
mod holders;
mod nodes;
mod plan;
mod texts;
mod variables;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use minijinja::value::Value as Jinja;

pub(super) use self::calls::{Home, call_macro, call_peer, call_text, file, same_text};
pub(super) use self::engine::environment;
pub(super) use self::plan::{Names, Node, Read, Unit, What, new_id};
use self::variables::Variable;
use crate::trace::{self, ContextId, EmissionId, Recorder, Role, Site};
use crate::value::Str;

thread_local! {
    static BOOK: RefCell<Option<Book>> = const { RefCell::new(None) };
}

/// Steps that a recorded render may take for each one of a plain render.
pub(super) const STEPS: u64 = 16;

/// What is kept while a render of a file is recorded.
#[derive(Default)]
struct Book {
    units: HashMap<u32, Arc<Unit>>,
    frames: Vec<Frame>,
    /// How many bytes were written to each of the texts that are being written, the innermost last.
    written: Vec<usize>,
    /// Who writes what is printed next.
    writer: Option<(Arc<Unit>, usize)>,
    /// The variables of templates that ran, by their names in the environment.
    modules: HashMap<Arc<str>, Vec<(Box<str>, Variable)>>,
    /// The texts that were given to `tpl`: one that is given again is the same.
    texts: HashSet<Arc<str>>,
    /// Containers by where they stand, with texts that they may hold.
    holders: HashMap<usize, (Jinja, Vec<Str>)>,
}

/// What a body that is being run has open: a template, a macro, a block of a template, a turn of a recursive loop.
#[derive(Default)]
struct Frame {
    /// Whether it is a template's, not that of a part of it.
    is_template: bool,
    /// The name of its template in the environment, once that is known.
    key: Option<Arc<str>>,
    /// The frame whose variables it sees besides its own.
    sees: Option<usize>,
    entries: Vec<Entry>,
    variables: Vec<(Box<str>, Variable)>,
    action: Action,
    /// The context to go back to.
    outer: ContextId,
    /// The action that includes the template, until that begins.
    by: Option<EmissionId>,
    /// Whether what is written is thrown away until the template begins that this one extends.
    extends: bool,
}

/// A node under way.
#[derive(Clone, Default)]
struct Action {
    node: Option<(Arc<Unit>, usize)>,
    /// Where the log of events stood when it began.
    mark: u32,
    /// Texts whose writers are known and that its value may hold.
    texts: Vec<Str>,
    /// The emissions by which it called templates so far.
    calls: Vec<EmissionId>,
}

/// A block that is open, at the place in [`Frame::entries`] that is its depth.
#[derive(Clone)]
struct Entry {
    /// The context around it.
    outer: ContextId,
    /// How many variables there were before.
    variables: usize,
    kind: Open,
}

#[derive(Clone)]
enum Open {
    Unknown,
    If {
        /// The last condition that was evaluated.
        last: Option<EmissionId>,
    },
    With {
        names: Vec<(Box<str>, Variable)>,
        last: Option<EmissionId>,
    },
    Loop {
        action: Action,
        by: Option<EmissionId>,
        turns: usize,
        /// Whether it goes over a mapping.
        is_map: bool,
    },
    /// The body of a `set` or `filter`, with what is to become of its text.
    Text(Action),
}

fn with<T>(tell: impl FnOnce(&mut Book, &mut Recorder) -> T) -> Option<T> {
    BOOK.with_borrow_mut(|book| trace::with(|recorder| book.as_mut().map(|book| tell(book, recorder))))?
}

impl Book {
    fn unit(&self, id: u32) -> Option<Arc<Unit>> {
        self.units.get(&id).cloned()
    }

    fn frame(&mut self) -> Option<&mut Frame> {
        self.frames.last_mut()
    }

    /// A frame begins; gives its number.
    fn push(&mut self, r: &Recorder, frame: Frame) -> usize {
        self.frames.push(Frame { outer: r.context(), ..frame });
        self.frames.len() - 1
    }

    /// The frame ends that began last.
    fn pop(&mut self, r: &mut Recorder) -> Option<Frame> {
        let mut frame = self.frames.pop()?;
        frame.close(r, 0);
        r.leave(frame.outer);
        if frame.is_template
            && let Some(key) = &frame.key
        {
            self.modules.insert(key.clone(), std::mem::take(&mut frame.variables));
        }
        Some(frame)
    }

    /// The number of the frame that is innermost now.
    fn top(&self) -> Option<usize> {
        self.frames.len().checked_sub(1)
    }

    /// The node under way calls a template.
    fn call_emission(&mut self, r: &mut Recorder) -> Option<EmissionId> {
        let by = self.emission(r, Role::Control);
        if let Some(frame) = self.frame() {
            frame.action.calls.extend(by);
        }
        by
    }

    /// The node under way was executed.
    fn emission(&self, r: &mut Recorder, role: Role) -> Option<EmissionId> {
        emission(r, role, &self.frames.last()?.action)
    }

    /// From now on another text is written.
    fn begin(&mut self, r: &mut Recorder) {
        self.written.push(0);
        r.begin();
    }

    /// A text is complete: this one, unless it is thrown away.
    fn end(&mut self, r: &mut Recorder, text: Option<&Str>) {
        let written = self.written.pop();
        if let Some(text) = text
            && written != Some(text.len())
        {
            r.spoiled(None, text.len());
        }
        r.end(text);
        if let Some(text) = text
            && let Some(frame) = self.frame()
            && r.record_of(text).is_some()
        {
            frame.action.texts.push(text.clone());
        }
    }
}

impl Frame {
    /// The blocks from a depth on are closed.
    fn close(&mut self, r: &mut Recorder, depth: usize) {
        if let Some(entry) = self.entries.get(depth) {
            r.leave(entry.outer);
            if !matches!(entry.kind, Open::If { .. }) {
                self.variables.truncate(entry.variables);
            }
            self.entries.truncate(depth);
        }
    }

    /// A block of a depth begins, within the blocks around it.
    fn open(&mut self, r: &mut Recorder, depth: usize, kind: Open) {
        self.close(r, depth);
        let entry = |kind| Entry { outer: r.context(), variables: self.variables.len(), kind };
        while self.entries.len() < depth {
            self.entries.push(entry(Open::Unknown));
        }
        self.entries.push(entry(kind));
    }
}

fn emission(r: &mut Recorder, role: Role, action: &Action) -> Option<EmissionId> {
    let (unit, index) = action.node.as_ref()?;
    let node = unit.nodes.get(*index)?;
    let text = r.text(unit.file.as_ref(), &unit.text);
    let site = Site { text, start: node.span.start as u32, end: node.span.end as u32 };
    r.extend(&action.calls);
    Some(r.emission(role, site, action.mark, node.functions.clone()))
}
