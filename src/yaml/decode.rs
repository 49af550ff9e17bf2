//! From a document to a value, as go-yaml v2 and then `sigs.k8s.io/yaml` do it: go-yaml's `decode.go` makes
//! Go values, sigs turns their keys into strings and passes everything through JSON.
//!
//! An explicit stack instead of recursion, so depth costs no stack of ours.

use std::collections::{BTreeMap, HashSet};

use crate::value::{Int, IntKind, Map, MapType, Room, Str, Value, size};

use super::meaning::{binary_text, is_merge, key_text, typed};
use super::node::{Document, Id, Node, NodeKind};
use super::resolve::{Scalar, is_timestamp, resolve};
use super::token::Mark;
use super::{DECODING, go_syntax};

/// `encoding/json` reads no deeper.
const MAX_JSON_DEPTH: usize = 10_000;

/// Why a document, though it is YAML, is no value.
#[derive(Debug)]
pub(super) struct DecodeFault {
    /// The message from go-yaml (with its `yaml: `), sigs or `encoding/json`, and all before it.
    pub message: String,
    pub mark: Mark,
}

const CONVERTING: &str = "error converting YAML to JSON: ";

/// What becomes of integers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Numbers {
    /// Floats, as JSON makes of every number.
    Floats,
    /// `int64` and `uint64`, as go-yaml has them.
    Kept,
}

/// The value of a document, if there is room for it.
pub(super) fn decode(
    document: &Document<'_>,
    numbers: Numbers,
    room: &mut Room,
) -> Result<Value, DecodeFault> {
    if document.nodes.is_empty() {
        return Ok(Value::Null);
    }
    let mut decoder = Decoder::new(document, numbers, room);
    let value = decoder.run()?;
    // sigs looks at the keys when all is decoded, JSON at the numbers when all keys are strings.
    if let Some(fault) = decoder.bad_key {
        return Err(fault);
    }
    if decoder.not_finite {
        json_fault(&value, document)?;
    }
    match decoder.too_deep {
        Some((bracket, mark)) => {
            let message = format!("{DECODING}invalid character '{bracket}' exceeded max depth");
            Err(DecodeFault { message, mark })
        }
        None => Ok(value),
    }
}

/// A collection that is being read, or a step that waits for one.
enum Frame {
    Sequence {
        next: Id,
        end: Id,
        items: Vec<Value>,
    },
    Mapping {
        next: Id,
        end: Id,
        key: Option<Str>,
        entries: Vec<(Str, Value)>,
    },
    /// A mapping that is merged into the [`Frame::Mapping`] below.
    Merge {
        next: Id,
        end: Id,
        key: Option<Str>,
    },
    /// The mappings of a sequence behind `<<`, which are merged from the last to the first.
    MergeAll {
        left: Vec<Id>,
    },
    /// A collection that stands as a key is being read: a fault, once it is known to have none inside.
    BadKey {
        id: Id,
    },
    /// An alias whose anchor is being read.
    Alias {
        id: Id,
    },
}

struct Decoder<'d, 'a> {
    document: &'d Document<'a>,
    numbers: Numbers,
    room: &'d mut Room,
    frames: Vec<Frame>,
    /// Sequences and mappings among the frames.
    depth: usize,
    /// The aliases that are being followed.
    aliases: HashSet<Id>,
    decoded: u64,
    by_alias: u64,
    bad_key: Option<DecodeFault>,
    not_finite: bool,
    /// The bracket that JSON does not take, and where the collection begins.
    too_deep: Option<(char, Mark)>,
}

impl<'d, 'a> Decoder<'d, 'a> {
    fn new(document: &'d Document<'a>, numbers: Numbers, room: &'d mut Room) -> Decoder<'d, 'a> {
        Decoder {
            document,
            numbers,
            room,
            frames: Vec::new(),
            depth: 0,
            aliases: HashSet::new(),
            // go-yaml counts the document itself.
            decoded: 1,
            by_alias: 0,
            bad_key: None,
            not_finite: false,
            too_deep: None,
        }
    }

    fn run(&mut self) -> Result<Value, DecodeFault> {
        let mut done = self.begin(0)?;
        loop {
            // A finished value goes to the collection that waits for it.
            while let Some(value) = done {
                match self.frames.last_mut() {
                    None => return Ok(value),
                    Some(Frame::Sequence { items, .. }) => {
                        items.push(value);
                        done = None;
                    }
                    Some(Frame::Mapping { key, entries, .. }) => {
                        if let Some(key) = key.take() {
                            entries.push((key, value));
                        }
                        done = None;
                    }
                    Some(Frame::Merge { key, .. }) => {
                        let key = key.take();
                        self.put_merged(key, value);
                        done = None;
                    }
                    Some(Frame::Alias { id }) => {
                        self.aliases.remove(id);
                        self.frames.pop();
                        done = Some(value);
                    }
                    Some(Frame::BadKey { id }) => return Err(invalid_key(self.document, *id)),
                    Some(Frame::MergeAll { .. }) => done = None,
                }
            }
            done = self.step()?;
        }
    }

    /// Reads the next node of the innermost collection; gives what that finishes.
    fn step(&mut self) -> Result<Option<Value>, DecodeFault> {
        match self.frames.last_mut() {
            None => Ok(Some(Value::Null)),
            Some(Frame::Sequence { next, end, items }) => {
                if next == end {
                    let items = std::mem::take(items);
                    self.frames.pop();
                    self.depth -= 1;
                    return Ok(Some(Value::list(items)));
                }
                let id = *next;
                *next = self.document.nodes.get(id as usize).map_or(*end, |n| n.end);
                self.begin(id)
            }
            Some(Frame::Mapping { next, end, key, entries }) => {
                if next == end {
                    let entries = std::mem::take(entries);
                    self.frames.pop();
                    self.depth -= 1;
                    let entries = BTreeMap::from_iter(entries);
                    return Ok(Some(Value::Map(Map::from_entries(MapType::Any, entries))));
                }
                let id = *next;
                *next = self.document.nodes.get(id as usize).map_or(*end, |n| n.end);
                if key.is_some() {
                    return self.begin(id);
                }
                self.key(id)?;
                Ok(None)
            }
            Some(Frame::Merge { next, end, key }) => {
                if next == end {
                    self.frames.pop();
                    self.end_alias();
                    return Ok(None);
                }
                let id = *next;
                *next = self.document.nodes.get(id as usize).map_or(*end, |n| n.end);
                if key.is_some() {
                    return self.begin(id);
                }
                self.key(id)?;
                Ok(None)
            }
            Some(Frame::MergeAll { left }) => {
                match left.pop() {
                    Some(id) => self.merge_one(id)?,
                    None => {
                        self.frames.pop();
                    }
                }
                Ok(None)
            }
            Some(Frame::BadKey { id }) => Err(invalid_key(self.document, *id)),
            Some(Frame::Alias { id }) => {
                self.aliases.remove(id);
                self.frames.pop();
                Ok(None)
            }
        }
    }

    /// Counts a node as go-yaml does, to stop "billion laughs".
    fn count(&mut self, mark: Mark) -> Result<(), DecodeFault> {
        self.decoded += 1;
        if !self.aliases.is_empty() {
            self.by_alias += 1;
        }
        if self.by_alias > 100
            && self.decoded > 1000
            && self.by_alias as f64 / self.decoded as f64 > allowed_alias_ratio(self.decoded)
        {
            return Err(yaml_fault("document contains excessive aliasing".into(), mark));
        }
        Ok(())
    }

    /// Takes what the value of a node needs, and its place in a list or map.
    fn make_room(&mut self, kind: &NodeKind<'_>, mark: Mark) -> Result<(), DecodeFault> {
        let bytes = match kind {
            NodeKind::Scalar { value, .. } => size::ENTRY + size::of_text(value.len()),
            NodeKind::Sequence => size::ENTRY + size::LIST,
            NodeKind::Mapping => size::ENTRY + size::of_map(1),
            NodeKind::Alias { .. } => 0,
        };
        self.room.take(bytes).ok_or_else(|| yaml_fault(self.room.message(), mark))
    }

    /// Begins to read a node; gives its value if it is a scalar.
    fn begin(&mut self, id: Id) -> Result<Option<Value>, DecodeFault> {
        let document = self.document;
        let Some(node) = document.get(id) else { return Ok(Some(Value::Null)) };
        self.count(node.mark)?;
        self.make_room(&node.kind, node.mark)?;
        match &node.kind {
            NodeKind::Scalar { value, implicit } => self.scalar(node, value, *implicit).map(Some),
            NodeKind::Sequence => {
                self.enter('[', node.mark);
                self.frames.push(Frame::Sequence { next: node.first, end: node.end, items: Vec::new() });
                Ok(None)
            }
            NodeKind::Mapping => {
                self.enter('{', node.mark);
                self.frames.push(Frame::Mapping {
                    next: node.first,
                    end: node.end,
                    key: None,
                    entries: Vec::new(),
                });
                Ok(None)
            }
            NodeKind::Alias { name, target } => {
                self.follow(id, name, node.mark)?;
                let done = self.begin_target(*target)?;
                if done.is_some() {
                    self.end_alias();
                }
                Ok(done)
            }
        }
    }

    /// An anchor never stands before an alias, so this is no recursion in depth.
    fn begin_target(&mut self, target: Id) -> Result<Option<Value>, DecodeFault> {
        match self.document.get(target).map(|n| &n.kind) {
            Some(NodeKind::Alias { .. }) | None => Ok(Some(Value::Null)),
            _ => self.begin(target),
        }
    }

    fn enter(&mut self, bracket: char, mark: Mark) {
        self.depth += 1;
        if self.depth > MAX_JSON_DEPTH {
            self.too_deep.get_or_insert((bracket, mark));
        }
    }

    fn follow(&mut self, id: Id, name: &[u8], mark: Mark) -> Result<(), DecodeFault> {
        if !self.aliases.insert(id) {
            let name = String::from_utf8_lossy(name);
            return Err(yaml_fault(format!("anchor '{name}' value contains itself"), mark));
        }
        self.frames.push(Frame::Alias { id });
        Ok(())
    }

    /// Leaves an alias that was the innermost step.
    fn end_alias(&mut self) {
        if let Some(Frame::Alias { id }) = self.frames.last() {
            self.aliases.remove(id);
            self.frames.pop();
        }
    }

    // --- keys and merges ---

    /// Reads a key, or does what `<<` says.
    fn key(&mut self, id: Id) -> Result<(), DecodeFault> {
        let document = self.document;
        let Some(node) = document.get(id) else { return Ok(()) };
        if is_merge(node) {
            let value = node.end;
            self.skip_value();
            return self.merge(value);
        }
        let target = match &node.kind {
            NodeKind::Alias { target, .. } => document.get(*target).unwrap_or(node),
            _ => node,
        };
        if let NodeKind::Sequence | NodeKind::Mapping = target.kind {
            self.frames.push(Frame::BadKey { id });
            return self.begin(id).map(|_| ());
        }
        let Some(key) = self.begin(id)? else { return Ok(()) };
        let key = self.string_key(key, target, node.end);
        if let Some(Frame::Mapping { key: slot, .. } | Frame::Merge { key: slot, .. }) =
            self.frames.last_mut()
        {
            *slot = Some(key);
        }
        Ok(())
    }

    /// Goes over the value of a `<<`, which is read apart.
    fn skip_value(&mut self) {
        let document = self.document;
        if let Some(Frame::Mapping { next, end, .. } | Frame::Merge { next, end, .. }) =
            self.frames.last_mut()
        {
            *next = document.get(*next).map_or(*end, |n| n.end);
        }
    }

    /// What sigs makes of a key that is no string.
    fn string_key(&mut self, key: Value, node: &Node<'_>, value: Id) -> Str {
        if let Value::String(s) = key {
            return s;
        }
        if let Some(text) = key_text(node) {
            return text;
        }
        let scalar = match &node.kind {
            NodeKind::Scalar { value, .. } => typed(node, value),
            _ => Scalar::Null,
        };
        self.bad_key.get_or_insert_with(|| DecodeFault {
            message: format!(
                "{CONVERTING}unsupported map key of type: {}, key: {}, value: {}",
                if scalar == Scalar::Null { "%!s(<nil>)" } else { "uint64" },
                go_syntax::scalar(scalar),
                go_syntax::value(self.document, value),
            ),
            mark: node.mark,
        });
        Str::EMPTY
    }

    fn merge(&mut self, value: Id) -> Result<(), DecodeFault> {
        let document = self.document;
        let Some(node) = document.get(value) else { return Ok(()) };
        match &node.kind {
            NodeKind::Sequence => {
                let mut left = Vec::new();
                let mut next = node.first;
                while next < node.end
                    && let Some(item) = document.get(next)
                {
                    left.push(next);
                    next = item.end;
                }
                self.frames.push(Frame::MergeAll { left });
                Ok(())
            }
            _ => self.merge_one(value),
        }
    }

    fn merge_one(&mut self, id: Id) -> Result<(), DecodeFault> {
        let document = self.document;
        let Some(node) = document.get(id) else { return Ok(()) };
        let refuse = || {
            let message = "map merge requires map or sequence of maps as the value";
            Err(yaml_fault(message.into(), node.mark))
        };
        let mapping = match &node.kind {
            NodeKind::Mapping => node,
            NodeKind::Alias { name, target } => match document.get(*target) {
                Some(mapping) if matches!(mapping.kind, NodeKind::Mapping) => {
                    self.count(node.mark)?;
                    self.follow(id, name, node.mark)?;
                    mapping
                }
                _ => return refuse(),
            },
            _ => return refuse(),
        };
        self.count(mapping.mark)?;
        self.frames.push(Frame::Merge { next: mapping.first, end: mapping.end, key: None });
        Ok(())
    }

    /// Puts an entry of a merged mapping into the mapping that merges it.
    fn put_merged(&mut self, key: Option<Str>, value: Value) {
        let below = self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Mapping { entries, .. } => Some(entries),
            _ => None,
        });
        if let (Some(key), Some(entries)) = (key, below) {
            entries.push((key, value));
        }
    }

    // --- scalars ---

    fn scalar(&mut self, node: &Node<'_>, text: &[u8], implicit: bool) -> Result<Value, DecodeFault> {
        let Some(tag) = &node.tag else {
            return Ok(if implicit {
                self.value_of(resolve(text), text)
            } else {
                Value::String(text.into())
            });
        };
        let refuse = |found: &str| {
            let text = String::from_utf8_lossy(text);
            let tag = String::from_utf8_lossy(tag).replacen("tag:yaml.org,2002:", "!!", 1);
            Err(yaml_fault(format!("cannot decode {found} `{text}` as a {tag}"), node.mark))
        };
        let scalar = match tag.strip_prefix(b"tag:yaml.org,2002:").unwrap_or_default() {
            b"bool" => match resolve(text) {
                scalar @ Scalar::Bool(_) => scalar,
                other => return refuse(other.tag()),
            },
            b"int" => match resolve(text) {
                scalar @ (Scalar::Int(_) | Scalar::Uint(_)) => scalar,
                other => return refuse(other.tag()),
            },
            b"float" => match resolve(text) {
                Scalar::Int(i) => Scalar::Float(i as f64),
                scalar @ Scalar::Float(_) => scalar,
                other => return refuse(other.tag()),
            },
            b"null" => match resolve(text) {
                Scalar::Null => Scalar::Null,
                other => return refuse(other.tag()),
            },
            b"timestamp" if is_timestamp(text) => Scalar::Str,
            b"timestamp" => return refuse(resolve(text).tag()),
            b"binary" => match binary_text(text) {
                Some(text) => return Ok(Value::String(text)),
                None => {
                    return Err(yaml_fault("!!binary value contains invalid base64 data".into(), node.mark));
                }
            },
            _ => Scalar::Str,
        };
        Ok(self.value_of(scalar, text))
    }

    fn value_of(&mut self, scalar: Scalar, text: &[u8]) -> Value {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) if self.numbers == Numbers::Kept => Value::int64(i),
            Scalar::Uint(u) if self.numbers == Numbers::Kept => {
                Value::Int(Int::new(u as i64, IntKind::Uint64))
            }
            Scalar::Int(i) => Value::Float(i as f64),
            Scalar::Uint(u) => Value::Float(u as f64),
            Scalar::Float(f) => {
                self.not_finite |= !f.is_finite();
                Value::Float(f)
            }
            Scalar::Str => Value::String(text.into()),
        }
    }
}

fn yaml_fault(message: String, mark: Mark) -> DecodeFault {
    DecodeFault { message: format!("{CONVERTING}yaml: {message}"), mark }
}

fn invalid_key(document: &Document<'_>, id: Id) -> DecodeFault {
    let message = format!("invalid map key: {}", go_syntax::value(document, id));
    yaml_fault(message, document.get(id).map_or_else(Mark::default, |n| n.mark))
}

/// The first number, in the order of JSON, that JSON cannot say.
fn json_fault(value: &Value, document: &Document<'_>) -> Result<(), DecodeFault> {
    let mut left = vec![value.clone()];
    while let Some(value) = left.pop() {
        match value {
            Value::Float(f) if !f.is_finite() => {
                let text = crate::value::number::format_g(f);
                let mark = document.nodes.iter().find(|n| is_such_float(n, f)).map(|n| n.mark);
                return Err(DecodeFault {
                    message: format!("{CONVERTING}json: unsupported value: {text}"),
                    mark: mark.unwrap_or_default(),
                });
            }
            Value::List(l) => left.extend(l.read().iter().rev().cloned()),
            Value::Map(m) => left.extend(m.read().values().rev().cloned()),
            _ => {}
        }
    }
    Ok(())
}

fn is_such_float(node: &Node<'_>, f: f64) -> bool {
    let NodeKind::Scalar { value, .. } = &node.kind else { return false };
    matches!(typed(node, value), Scalar::Float(g) if g == f || g.is_nan() && f.is_nan())
}

/// How much of all may come from aliases: 99 % of a small document, 10 % of a large one.
fn allowed_alias_ratio(decoded: u64) -> f64 {
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;
    match decoded {
        ..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((decoded - LOW) as f64 / (HIGH - LOW) as f64),
    }
}
