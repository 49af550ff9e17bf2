//! From tokens to events, as go-yaml v2 does it (`parserc.go`): a state machine with an explicit stack, so
//! that depth costs no stack of ours.

use std::borrow::Cow;

use super::scanner::Scanner;
use super::token::{Fault, Mark, Stage, Style, TokenKind};

/// What a document consists of, in order.
#[derive(Debug)]
pub(super) enum EventKind<'a> {
    StreamStart,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'a [u8]),
    Scalar {
        value: Cow<'a, [u8]>,
        /// Whether the scalar's type is found by looking at it: plain without a tag, or the tag `!`.
        implicit: bool,
    },
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

#[derive(Debug)]
pub(super) struct Event<'a> {
    pub kind: EventKind<'a>,
    pub start: Mark,
    pub anchor: Option<&'a [u8]>,
    /// In its long form: `tag:yaml.org,2002:str`.
    pub tag: Option<Cow<'a, [u8]>>,
}

#[derive(Clone, Copy)]
enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequence,
    IndentlessSequence,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequence,
    FlowSequencePairKey,
    FlowSequencePairValue,
    FlowSequencePairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Where the open collections begin.
    marks: Vec<Mark>,
    tag_directives: Vec<(&'a [u8], Cow<'a, [u8]>)>,
}

type Parse<T> = Result<T, Fault>;

const CORE_TAGS: &[u8] = b"tag:yaml.org,2002:";

impl<'a> Parser<'a> {
    pub fn new(scanner: Scanner<'a>) -> Parser<'a> {
        Parser {
            scanner,
            state: State::StreamStart,
            states: Vec::new(),
            marks: Vec::new(),
            tag_directives: Vec::new(),
        }
    }

    /// The next event; [`EventKind::StreamEnd`] again and again at the end.
    pub fn next(&mut self) -> Parse<Event<'a>> {
        match self.state {
            State::StreamStart => {
                let token = self.scanner.next()?;
                self.state = State::ImplicitDocumentStart;
                Ok(bare(EventKind::StreamStart, token.start))
            }
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceFirst => {
                self.open()?;
                self.block_sequence_entry()
            }
            State::BlockSequence => self.block_sequence_entry(),
            State::IndentlessSequence => self.indentless_sequence_entry(),
            State::BlockMappingFirst => {
                self.open()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => {
                self.open()?;
                self.flow_sequence_entry(true)
            }
            State::FlowSequence => self.flow_sequence_entry(false),
            State::FlowSequencePairKey => self.flow_pair_key(),
            State::FlowSequencePairValue => {
                self.flow_value(State::FlowSequencePairEnd, &TokenKind::FlowSequenceEnd)
            }
            State::FlowSequencePairEnd => {
                let mark = self.scanner.peek()?.start;
                self.state = State::FlowSequence;
                Ok(bare(EventKind::MappingEnd, mark))
            }
            State::FlowMappingFirst => {
                self.open()?;
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_value(State::FlowMappingKey, &TokenKind::FlowMappingEnd),
            State::FlowMappingEmptyValue => {
                let mark = self.scanner.peek()?.start;
                self.empty_scalar(mark, State::FlowMappingKey)
            }
            State::End => Ok(bare(EventKind::StreamEnd, Mark::default())),
        }
    }

    // --- small steps ---

    fn fault<T>(&self, problem: &'static str, mark: Mark, context: Mark) -> Parse<T> {
        Err(Fault { stage: Stage::Parser, problem: problem.into(), mark, context })
    }

    /// Takes the token that opens a collection.
    fn open(&mut self) -> Parse<()> {
        let token = self.scanner.next()?;
        self.marks.push(token.start);
        Ok(())
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Takes the token that closes a collection.
    fn close(&mut self, kind: EventKind<'a>) -> Parse<Event<'a>> {
        self.pop_state();
        self.marks.pop();
        let token = self.scanner.next()?;
        Ok(bare(kind, token.start))
    }

    fn empty_scalar(&mut self, mark: Mark, then: State) -> Parse<Event<'a>> {
        self.state = then;
        Ok(bare(EventKind::Scalar { value: Cow::Borrowed(b""), implicit: true }, mark))
    }

    // --- documents ---

    fn document_start(&mut self, implicit: bool) -> Parse<Event<'a>> {
        if !implicit {
            while self.scanner.peek()?.kind == TokenKind::DocumentEnd {
                self.scanner.next()?;
            }
        }
        let token = self.scanner.peek()?;
        let start = token.start;
        match token.kind {
            TokenKind::StreamEnd => {
                self.state = State::End;
                self.scanner.next()?;
                return Ok(bare(EventKind::StreamEnd, start));
            }
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart => {}
            _ if implicit => {
                self.process_directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(bare(EventKind::DocumentStart, start));
            }
            _ => {}
        }
        self.process_directives()?;
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::DocumentStart {
            let mark = token.start;
            return self.fault("did not find expected <document start>", mark, Mark::default());
        }
        self.scanner.next()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(bare(EventKind::DocumentStart, start))
    }

    fn document_content(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let mark = token.start;
                self.pop_state();
                let then = self.state;
                self.empty_scalar(mark, then)
            }
            _ => self.node(true, false),
        }
    }

    fn document_end(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        let mark = token.start;
        if token.kind == TokenKind::DocumentEnd {
            self.scanner.next()?;
        }
        self.tag_directives.clear();
        self.state = State::DocumentStart;
        Ok(bare(EventKind::DocumentEnd, mark))
    }

    fn process_directives(&mut self) -> Parse<()> {
        let mut version_seen = false;
        loop {
            let token = self.scanner.peek()?;
            let mark = token.start;
            match &token.kind {
                TokenKind::VersionDirective { major, minor } => {
                    if version_seen {
                        return self.fault("found duplicate %YAML directive", mark, Mark::default());
                    }
                    if (*major, *minor) != (1, 1) {
                        return self.fault("found incompatible YAML document", mark, Mark::default());
                    }
                    version_seen = true;
                }
                TokenKind::TagDirective { handle, prefix } => {
                    let directive = (*handle, prefix.clone());
                    if self.tag_directives.iter().any(|(h, _)| *h == directive.0) {
                        return self.fault("found duplicate %TAG directive", mark, Mark::default());
                    }
                    self.tag_directives.push(directive);
                }
                _ => break,
            }
            self.scanner.next()?;
        }
        for (handle, prefix) in [(&b"!"[..], &b"!"[..]), (b"!!", CORE_TAGS)] {
            if !self.tag_directives.iter().any(|(h, _)| *h == handle) {
                self.tag_directives.push((handle, Cow::Borrowed(prefix)));
            }
        }
        Ok(())
    }

    // --- nodes ---

    fn node(&mut self, block: bool, indentless: bool) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        let mut start = token.start;
        let mut anchor = None;
        let mut raw_tag = None;
        match token.kind {
            TokenKind::Alias(name) => {
                self.scanner.next()?;
                self.pop_state();
                return Ok(bare(EventKind::Alias(name), start));
            }
            TokenKind::Anchor(_) | TokenKind::Tag { .. } => {
                self.take_property(&mut anchor, &mut raw_tag)?;
                self.take_property(&mut anchor, &mut raw_tag)?;
            }
            _ => {}
        }
        // A fault of the next token comes before one of the tag.
        self.scanner.peek()?;
        let tag = match raw_tag {
            Some((handle, suffix, mark)) => Some(self.resolve_tag(handle, suffix, mark, start)?),
            None => None,
        };
        let has_properties = anchor.is_some() || tag.is_some();
        let token = self.scanner.peek()?;
        if !has_properties {
            start = token.start;
        }
        let token_start = token.start;
        let (kind, state) = match &token.kind {
            TokenKind::BlockEntry if indentless => (EventKind::SequenceStart, State::IndentlessSequence),
            TokenKind::Scalar { .. } => return self.scalar(start, anchor, tag),
            TokenKind::FlowSequenceStart => (EventKind::SequenceStart, State::FlowSequenceFirst),
            TokenKind::FlowMappingStart => (EventKind::MappingStart, State::FlowMappingFirst),
            TokenKind::BlockSequenceStart if block => (EventKind::SequenceStart, State::BlockSequenceFirst),
            TokenKind::BlockMappingStart if block => (EventKind::MappingStart, State::BlockMappingFirst),
            _ if has_properties => {
                self.pop_state();
                let kind = EventKind::Scalar { value: Cow::Borrowed(b""), implicit: tag.is_none() };
                return Ok(Event { kind, start, anchor, tag });
            }
            _ => return self.fault("did not find expected node content", token_start, start),
        };
        self.state = state;
        Ok(Event { kind, start, anchor, tag })
    }

    fn scalar(
        &mut self,
        start: Mark,
        anchor: Option<&'a [u8]>,
        tag: Option<Cow<'a, [u8]>>,
    ) -> Parse<Event<'a>> {
        self.pop_state();
        let token = self.scanner.next()?;
        let (value, style) = match token.kind {
            TokenKind::Scalar { value, style } => (value, style),
            _ => (Cow::Borrowed(&b""[..]), Style::Plain),
        };
        let implicit = match &tag {
            None => style == Style::Plain,
            Some(tag) => **tag == *b"!",
        };
        Ok(Event { kind: EventKind::Scalar { value, implicit }, start, anchor, tag })
    }

    /// Takes an anchor or a tag, if the next token is one and there is none of its kind yet.
    #[allow(clippy::type_complexity)]
    fn take_property(
        &mut self,
        anchor: &mut Option<&'a [u8]>,
        tag: &mut Option<(&'a [u8], Cow<'a, [u8]>, Mark)>,
    ) -> Parse<()> {
        match self.scanner.peek()?.kind {
            TokenKind::Anchor(name) if anchor.is_none() => {
                *anchor = Some(name);
                self.scanner.next()?;
            }
            TokenKind::Tag { .. } if tag.is_none() => {
                let token = self.scanner.next()?;
                if let TokenKind::Tag { handle, suffix } = token.kind {
                    *tag = Some((handle, suffix, token.start));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn resolve_tag(
        &self,
        handle: &[u8],
        suffix: Cow<'a, [u8]>,
        mark: Mark,
        context: Mark,
    ) -> Parse<Cow<'a, [u8]>> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        match self.tag_directives.iter().find(|(h, _)| *h == handle) {
            Some((_, prefix)) => Ok(Cow::Owned([&**prefix, &*suffix].concat())),
            None => self.fault("found undefined tag handle", mark, context),
        }
    }

    // --- block collections ---

    fn block_sequence_entry(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        match token.kind {
            TokenKind::BlockEntry => {
                self.scanner.next()?;
                match self.scanner.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => {
                        self.empty_scalar(end, State::BlockSequence)
                    }
                    _ => {
                        self.states.push(State::BlockSequence);
                        self.node(true, false)
                    }
                }
            }
            TokenKind::BlockEnd => self.close(EventKind::SequenceEnd),
            _ => {
                let context = self.marks.pop().unwrap_or_default();
                self.fault("did not find expected '-' indicator", start, context)
            }
        }
    }

    fn indentless_sequence_entry(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        let (start, end) = (token.start, token.end);
        if token.kind != TokenKind::BlockEntry {
            self.pop_state();
            return Ok(bare(EventKind::SequenceEnd, start));
        }
        self.scanner.next()?;
        match self.scanner.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty_scalar(end, State::IndentlessSequence)
            }
            _ => {
                self.states.push(State::IndentlessSequence);
                self.node(true, false)
            }
        }
    }

    fn block_mapping_key(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        let start = token.start;
        match token.kind {
            TokenKind::Key => self.block_mapping_node(State::BlockMappingValue),
            TokenKind::BlockEnd => self.close(EventKind::MappingEnd),
            _ => {
                let context = self.marks.pop().unwrap_or_default();
                self.fault("did not find expected key", start, context)
            }
        }
    }

    fn block_mapping_value(&mut self) -> Parse<Event<'a>> {
        let token = self.scanner.peek()?;
        if token.kind == TokenKind::Value {
            return self.block_mapping_node(State::BlockMappingKey);
        }
        let start = token.start;
        self.empty_scalar(start, State::BlockMappingKey)
    }

    /// Takes `?` or `:` and what stands behind it, if anything does.
    fn block_mapping_node(&mut self, then: State) -> Parse<Event<'a>> {
        let end = self.scanner.next()?.end;
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => self.empty_scalar(end, then),
            _ => {
                self.states.push(then);
                self.node(true, true)
            }
        }
    }

    // --- flow collections ---

    /// Takes the comma before an entry that is not the first.
    fn take_comma(&mut self, problem: &'static str) -> Parse<()> {
        let token = self.scanner.peek()?;
        let start = token.start;
        if token.kind == TokenKind::FlowEntry {
            self.scanner.next()?;
            return Ok(());
        }
        let context = self.marks.pop().unwrap_or_default();
        self.fault(problem, start, context)
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Parse<Event<'a>> {
        if !first && self.scanner.peek()?.kind != TokenKind::FlowSequenceEnd {
            self.take_comma("did not find expected ',' or ']'")?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::FlowSequenceEnd => self.close(EventKind::SequenceEnd),
            TokenKind::Key => {
                let token = self.scanner.next()?;
                self.state = State::FlowSequencePairKey;
                Ok(bare(EventKind::MappingStart, token.start))
            }
            _ => {
                self.states.push(State::FlowSequence);
                self.node(false, false)
            }
        }
    }

    fn flow_pair_key(&mut self) -> Parse<Event<'a>> {
        match self.scanner.peek()?.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // go-yaml takes the token as well: `[? : a]` is an error, `[?, a]` is not.
                let end = self.scanner.next()?.end;
                self.empty_scalar(end, State::FlowSequencePairValue)
            }
            _ => {
                self.states.push(State::FlowSequencePairValue);
                self.node(false, false)
            }
        }
    }

    /// The value of an entry of a flow mapping, or of a pair in a flow sequence, which `end` would close.
    fn flow_value(&mut self, then: State, end: &TokenKind<'_>) -> Parse<Event<'a>> {
        if self.scanner.peek()?.kind == TokenKind::Value {
            self.scanner.next()?;
            let token = self.scanner.peek()?;
            if token.kind != TokenKind::FlowEntry && token.kind != *end {
                self.states.push(then);
                return self.node(false, false);
            }
        }
        let mark = self.scanner.peek()?.start;
        self.empty_scalar(mark, then)
    }

    fn flow_mapping_key(&mut self, first: bool) -> Parse<Event<'a>> {
        if !first && self.scanner.peek()?.kind != TokenKind::FlowMappingEnd {
            self.take_comma("did not find expected ',' or '}'")?;
        }
        match self.scanner.peek()?.kind {
            TokenKind::FlowMappingEnd => self.close(EventKind::MappingEnd),
            TokenKind::Key => {
                self.scanner.next()?;
                let token = self.scanner.peek()?;
                let mark = token.start;
                match token.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        self.empty_scalar(mark, State::FlowMappingValue)
                    }
                    _ => {
                        self.states.push(State::FlowMappingValue);
                        self.node(false, false)
                    }
                }
            }
            _ => {
                self.states.push(State::FlowMappingEmptyValue);
                self.node(false, false)
            }
        }
    }
}

fn bare(kind: EventKind<'_>, start: Mark) -> Event<'_> {
    Event { kind, start, anchor: None, tag: None }
}
