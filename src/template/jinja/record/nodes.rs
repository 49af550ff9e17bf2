//! What generated sources tell of nodes.

use std::sync::Arc;

use minijinja::State;
use minijinja::value::{Value as Jinja, ValueKind};

use super::plan::{Names, Node, Unit, What};
use super::variables::Variable;
use super::{Action, Book, Entry, Frame, Open, emission};
use crate::trace::{EmissionId, Kind, Recorder, Role};
use crate::value::Str;

impl Book {
    /// A template begins.
    pub(super) fn unit_begins(&mut self, r: &mut Recorder, unit: &Unit) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.close(r, 0);
        frame.key.get_or_insert_with(|| unit.key.clone());
        if let Some(by) = frame.by.take() {
            let _ = r.enter(Kind::Include(unit.name.clone()), Some(by));
        }
        if std::mem::take(&mut frame.extends) {
            self.end(r, None);
        }
    }

    /// A node begins.
    pub(super) fn start(&mut self, r: &mut Recorder, unit: &Arc<Unit>, index: usize) {
        let (Some(node), Some(frame)) = (unit.nodes.get(index), self.frames.last_mut()) else { return };
        match &node.what {
            What::Test { first: false } => {
                if let Some(Entry { kind: Open::If { last }, .. }) = frame.entries.get(node.depth) {
                    let _ = r.enter(Kind::If { otherwise: true }, *last);
                }
            }
            What::With { first: false, .. } => {}
            What::Test { .. } => frame.open(r, node.depth, Open::If { last: None }),
            What::With { .. } => frame.open(r, node.depth, Open::With { names: Vec::new(), last: None }),
            What::Loop { .. } => {
                let action = Default::default();
                frame.open(r, node.depth, Open::Loop { action, by: None, turns: 0, is_map: false });
            }
            _ => frame.close(r, node.depth),
        }
        frame.action.node = Some((unit.clone(), index));
        frame.action.mark = r.mark();
        frame.action.texts.clear();
        frame.action.calls.clear();
        self.read_variables(r);
    }

    /// A node has its value.
    pub(super) fn done(
        &mut self,
        r: &mut Recorder,
        unit: &Arc<Unit>,
        index: usize,
        value: &Jinja,
        state: &State,
    ) {
        let (Some(node), Some(frame)) = (unit.nodes.get(index), self.frames.last()) else { return };
        let action = frame.action.clone();
        match &node.what {
            What::Print | What::FilterBlock => self.writer = Some((unit.clone(), index)),
            What::Assign(names) | What::SetBlock(names) => {
                let by = emission(r, Role::Assign, &action);
                let texts = self.texts_of(r, value);
                self.bind(names, by, &texts);
            }
            What::Field(name, field) => {
                let by = emission(r, Role::Assign, &action);
                let texts = self.texts_of(r, value);
                self.change(name, Some(field), by, &texts);
            }
            What::Do(names) => {
                let by = emission(r, Role::Assign, &action);
                for name in names {
                    self.change(name, None, by, &action.texts);
                    if let Some(changed) = state.lookup(name) {
                        self.hold(&changed, &action.texts);
                    }
                }
            }
            What::Test { .. } => {
                let by = emission(r, Role::Control, &action);
                if let Some(Open::If { last }) = self.entry(node) {
                    *last = by;
                }
            }
            What::With { names: new, .. } => {
                let by = emission(r, Role::Control, &action);
                let variable = Variable::given(by, &self.texts_of(r, value));
                if let Some(Open::With { names, last }) = self.entry(node) {
                    names.extend(new.iter().map(|name| (name.clone(), variable.clone())));
                    *last = by;
                }
            }
            What::Loop { .. } => {
                let texts = self.texts_of(r, value);
                if let Some(Open::Loop { action: begun, is_map, .. }) = self.entry(node) {
                    *begun = Action { texts, ..action };
                    *is_map = value.kind() == ValueKind::Map;
                }
            }
            What::Extends => {
                let _ = emission(r, Role::Control, &action);
                self.begin(r);
                if let Some(frame) = self.frame() {
                    frame.extends = true;
                }
            }
            What::Include { apart } => {
                let by = emission(r, Role::Control, &action);
                let sees = self.top().filter(|_| !apart);
                self.push(r, Frame { is_template: true, sees, by, ..Frame::default() });
                if *apart {
                    self.begin(r);
                }
            }
            What::Import(_) => {
                let _ = emission(r, Role::Assign, &action);
                self.push(r, Frame { is_template: true, ..Frame::default() });
                self.begin(r);
            }
            What::Text(_) | What::Block(_) | What::Inner { .. } => {}
        }
    }

    fn entry(&mut self, node: &Node) -> Option<&mut Open> {
        Some(&mut self.frames.last_mut()?.entries.get_mut(node.depth)?.kind)
    }

    /// The body after a condition begins.
    pub(super) fn then(&mut self, r: &mut Recorder, node: &Node) {
        if let Some(Open::If { last }) = self.entry(node) {
            let _ = r.enter(Kind::If { otherwise: false }, *last);
        }
    }

    /// The body of an `else` begins.
    pub(super) fn otherwise(&mut self, r: &mut Recorder, node: &Node) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(entry) = frame.entries.get_mut(node.depth) else { return };
        let by = match &mut entry.kind {
            Open::If { last } => *last,
            Open::Loop { .. } => {
                r.leave(entry.outer);
                let (outer, variables) = (entry.outer, entry.variables);
                let by = loop_emission(r, &mut entry.kind);
                frame.entries.truncate(node.depth + 1);
                frame.variables.truncate(variables);
                r.leave(outer);
                by
            }
            _ => return,
        };
        let _ = r.enter(Kind::If { otherwise: true }, by);
    }

    /// The body of a `with` begins.
    pub(super) fn with_begins(&mut self, r: &mut Recorder, node: &Node) {
        let Some(Open::With { names, last }) = self.entry(node) else { return };
        let (names, by) = (std::mem::take(names), *last);
        let _ = r.enter(Kind::With { otherwise: false }, by);
        if let Some(frame) = self.frame() {
            frame.variables.extend(names);
        }
    }

    /// A turn of a loop begins, with the first of its names.
    pub(super) fn turn(&mut self, r: &mut Recorder, node: &Node, first: &Jinja) {
        let What::Loop { names, entries } = &node.what else { return };
        let Some(frame) = self.frames.last_mut() else { return };
        if !matches!(frame.entries.get(node.depth), Some(Entry { kind: Open::Loop { .. }, .. })) {
            let action = frame.action.clone();
            frame.open(r, node.depth, Open::Loop { action, by: None, turns: 0, is_map: false });
        }
        let Some(entry) = frame.entries.get_mut(node.depth) else { return };
        r.leave(entry.outer);
        let by = loop_emission(r, &mut entry.kind);
        let Open::Loop { action, turns, is_map, .. } = &mut entry.kind else { return };
        let key = match first.as_str() {
            Some(key) if *is_map || *entries => Str::from(key),
            _ => Str::from(turns.to_string()),
        };
        *turns += 1;
        let (action, variables) = (action.clone(), entry.variables);
        frame.entries.truncate(node.depth + 1);
        frame.variables.truncate(variables);
        let _ = r.enter(Kind::Range(key), by);
        self.bind(names, by, &action.texts);
    }

    /// A block is over.
    pub(super) fn block_ends(&mut self, r: &mut Recorder, node: &Node) {
        let Some(frame) = self.frames.last_mut() else { return };
        if let Some(entry) = frame.entries.get_mut(node.depth) {
            r.leave(entry.outer);
            loop_emission(r, &mut entry.kind);
        }
        frame.close(r, node.depth);
    }

    /// A `block` of the template begins.
    pub(super) fn named_block(&mut self, r: &mut Recorder, unit: &Arc<Unit>, index: usize) {
        let Some(What::Block(name)) = unit.nodes.get(index).map(|node| &node.what) else { return };
        let sees = self.top();
        let key = self.frames.last().and_then(|frame| frame.key.clone());
        self.push(r, Frame { key, sees, ..Frame::default() });
        if let Some(frame) = self.frame() {
            frame.action.node = Some((unit.clone(), index));
            frame.action.mark = r.mark();
        }
        let by = self.emission(r, Role::Control);
        let _ = r.enter(Kind::Block(name.clone()), by);
    }

    /// What a statement pushed is over.
    pub(super) fn leave(&mut self, r: &mut Recorder, node: &Node) {
        match &node.what {
            What::Block(_) | What::Include { .. } | What::Inner { recursion: true } => {
                self.pop(r);
            }
            What::Import(names) => self.imported(r, names),
            _ => {}
        }
    }

    fn imported(&mut self, r: &mut Recorder, names: &Names) {
        self.end(r, None);
        let Some(key) = self.pop(r).and_then(|frame| frame.key) else { return };
        let new = match names {
            Names::Module(target) => {
                vec![(target.clone(), Variable::module(key))]
            }
            Names::Some(names) => {
                let found = |(name, alias): &(Box<str>, Box<str>)| {
                    Some((alias.clone(), self.of_module(&key, name)?.clone()))
                };
                names.iter().filter_map(found).collect()
            }
        };
        if let Some(frame) = self.frame() {
            frame.variables.extend(new);
        }
    }

    /// The body of a `set` or `filter` begins.
    pub(super) fn text_begins(&mut self, r: &mut Recorder, unit: &Arc<Unit>, index: usize) {
        self.start(r, unit, index);
        let Some(node) = unit.nodes.get(index) else { return };
        let depth = node.depth;
        let kind = match &node.what {
            What::SetBlock(names) => Kind::Set(names.join(", ").into()),
            _ => {
                let filters: Vec<_> = node.functions.iter().map(Str::to_text).collect();
                Kind::Filter(filters.join(" | ").into())
            }
        };
        if let Some(frame) = self.frame() {
            let action = frame.action.clone();
            frame.open(r, depth, Open::Text(action));
        }
        let by = self.emission(r, Role::Control);
        let _ = r.enter(kind, by);
        self.begin(r);
    }

    /// A call begins that minijinja writes to a text of its own, or in place.
    pub(super) fn inner_begins(&mut self, r: &mut Recorder, node: &Node, in_place: bool) {
        if matches!(node.what, What::Inner { recursion: true }) {
            let sees = self.top();
            let Some(outer) = self.frames.last() else { return };
            // The loop begins anew.
            let blank = Entry { kind: Open::Unknown, outer: r.context(), variables: 0 };
            let frame = Frame {
                key: outer.key.clone(),
                entries: vec![blank; outer.entries.len()],
                action: outer.action.clone(),
                sees,
                ..Frame::default()
            };
            self.push(r, frame);
        }
        if !in_place {
            self.begin(r);
        }
    }

    /// A text of its own is complete.
    pub(super) fn captured(&mut self, r: &mut Recorder, unit: &Arc<Unit>, index: usize, value: &Jinja) {
        let Some(node) = unit.nodes.get(index) else { return };
        let text = value.to_str().map(Str::from).unwrap_or_default();
        match &node.what {
            What::SetBlock(_) | What::FilterBlock => {
                let Some(frame) = self.frames.last_mut() else { return };
                if let Some(Entry { kind: Open::Text(action), .. }) = frame.entries.get(node.depth) {
                    let action = action.clone();
                    frame.close(r, node.depth);
                    frame.action = action;
                }
                self.end(r, Some(&text));
            }
            What::Include { .. } => {
                self.pop(r);
                self.end(r, Some(&text));
                self.writer = Some((unit.clone(), index));
            }
            What::Inner { recursion } => {
                if *recursion {
                    self.pop(r);
                }
                self.end(r, Some(&text));
            }
            _ => {}
        }
    }
}

/// The emission of what a loop goes over: made when the first turn begins, since its filter runs before.
fn loop_emission(r: &mut Recorder, open: &mut Open) -> Option<EmissionId> {
    let Open::Loop { action, by, .. } = open else { return None };
    if by.is_none() {
        *by = emission(r, Role::Control, action);
    }
    *by
}
