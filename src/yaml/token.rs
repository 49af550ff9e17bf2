//! What the scanner hands to the parser.

use std::borrow::Cow;

/// A place in a text. All numbers are from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// In bytes.
    pub offset: usize,
    /// Counted by YAML 1.1's line breaks.
    pub line: u32,
    /// In bytes from the start of the line.
    pub column: u32,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    StreamStart,
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: &'a [u8], prefix: Cow<'a, [u8]> },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a [u8]),
    Anchor(&'a [u8]),
    Tag { handle: &'a [u8], suffix: Cow<'a, [u8]> },
    Scalar { value: Cow<'a, [u8]>, style: Style },
}

#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub kind: TokenKind<'a>,
    pub start: Mark,
    pub end: Mark,
    /// The flow level whose simple key this token may begin, or [`NO_KEY`].
    pub key_level: u32,
}

/// The token begins no simple key.
pub(super) const NO_KEY: u32 = u32::MAX;

/// Which part of go-yaml finds a fault; its lines are counted differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Reader,
    Scanner,
    Parser,
    /// What makes a tree of the events; its messages name no line.
    Composer,
}

/// A text that is not YAML.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub stage: Stage,
    pub problem: Cow<'static, str>,
    pub mark: Mark,
    /// Where the construct begins that is broken.
    pub context: Mark,
}
