//! The tree of one document, before its scalars have a meaning (go-yaml v2's `decode.go`, `parser.parse`).
//!
//! The nodes stand in one vector, in document order: the children of a collection begin right behind it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::parser::{Event, EventKind, Parser};
use super::scanner::Scanner;
use super::token::{Fault, Mark, Stage};
use crate::value::Room;

/// What a node takes in memory, with the room that a growing tree keeps for more.
const NODE: usize = size_of::<Node<'static>>() * 3 / 2;

/// The index of a node.
pub(super) type Id = u32;

#[derive(Debug)]
pub(super) enum NodeKind<'a> {
    Scalar {
        value: Cow<'a, [u8]>,
        /// Whether the type is found by looking at the value.
        implicit: bool,
    },
    Sequence,
    Mapping,
    Alias {
        name: &'a [u8],
        target: Id,
    },
}

#[derive(Debug)]
pub(super) struct Node<'a> {
    pub kind: NodeKind<'a>,
    pub tag: Option<Cow<'a, [u8]>>,
    pub mark: Mark,
    /// The first child, if there is one.
    pub first: Id,
    /// The node behind this one and its children.
    pub end: Id,
}

#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    /// In document order; empty if the text holds no document.
    pub nodes: Vec<Node<'a>>,
}

impl<'a> Document<'a> {
    /// Reads the first document. What follows it is not looked at, but for one token.
    pub fn first(text: &'a [u8], cut: Option<&'static str>) -> Result<Document<'a>, Fault> {
        Document::first_within(text, cut, &mut Room::default())
    }

    /// As [`Document::first`], with this room for the tree.
    pub fn first_within(
        text: &'a [u8],
        cut: Option<&'static str>,
        room: &mut Room,
    ) -> Result<Document<'a>, Fault> {
        let mut parser = Parser::new(Scanner::new(text, cut));
        parser.next()?;
        if let EventKind::StreamEnd = parser.next()?.kind {
            return Ok(Document::default());
        }
        let mut tree = Tree { nodes: Vec::with_capacity((text.len() / 24).min(4096)), ..Tree::default() };
        loop {
            let event = parser.next()?;
            let start = event.start;
            tree.add(event)?;
            if room.take(NODE).is_none() {
                return Err(Fault { problem: room.message().into(), ..fault("", start) });
            }
            if tree.open.is_empty() {
                break;
            }
        }
        let end = parser.next()?;
        if let EventKind::DocumentEnd = end.kind {
            return Ok(Document { nodes: tree.nodes });
        }
        Err(fault("did not find expected <document end>", end.start))
    }

    pub fn get(&self, id: Id) -> Option<&Node<'a>> {
        self.nodes.get(id as usize)
    }
}

#[derive(Default)]
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    open: Vec<Id>,
    anchors: HashMap<&'a [u8], Id>,
}

impl<'a> Tree<'a> {
    fn add(&mut self, event: Event<'a>) -> Result<(), Fault> {
        let Ok(id) = Id::try_from(self.nodes.len()) else {
            return Err(fault("document has too many nodes", event.start));
        };
        let kind = match event.kind {
            EventKind::Scalar { value, implicit } => NodeKind::Scalar { value, implicit },
            EventKind::SequenceStart => NodeKind::Sequence,
            EventKind::MappingStart => NodeKind::Mapping,
            EventKind::Alias(name) => {
                let Some(target) = self.anchors.get(name).copied() else {
                    let name = String::from_utf8_lossy(name);
                    let problem = format!("unknown anchor '{name}' referenced").into();
                    return Err(Fault {
                        stage: Stage::Composer,
                        problem,
                        mark: event.start,
                        context: Mark::default(),
                    });
                };
                NodeKind::Alias { name, target }
            }
            EventKind::SequenceEnd | EventKind::MappingEnd => {
                if let Some(node) = self.open.pop().and_then(|open| self.nodes.get_mut(open as usize)) {
                    node.end = id;
                }
                return Ok(());
            }
            EventKind::StreamStart
            | EventKind::StreamEnd
            | EventKind::DocumentStart
            | EventKind::DocumentEnd => {
                return Err(fault("attempted to go past the end of stream; corrupted value?", event.start));
            }
        };
        if let Some(anchor) = event.anchor {
            self.anchors.insert(anchor, id);
        }
        if let NodeKind::Sequence | NodeKind::Mapping = kind {
            self.open.push(id);
        }
        self.nodes.push(Node { kind, tag: event.tag, mark: event.start, first: id + 1, end: id + 1 });
        Ok(())
    }
}

fn fault(problem: &'static str, mark: Mark) -> Fault {
    Fault { stage: Stage::Parser, problem: problem.into(), mark, context: Mark::default() }
}
