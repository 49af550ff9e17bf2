//! What a render that is being explained records: which node of which template wrote each piece of the output,
//! the blocks and calls that led there, and which entries of the values were read and written meanwhile.
//!
//! The engines run as always, and tell a [`Recorder`] besides; what they write is the same to the byte. A text
//! that a template gives to a function is followed through it line by line ([`derive`]), so that a line of
//! `include "labels" . | nindent 4` leads to the line within the named template.
//!
//! ```text
//! Record      the output of a file: segments of bytes, each with
//! └ Emission  the execution of a node: where it stands, what it read (a range of events), in
//!   └ Context a block or call, opened by an emission of its own (a condition, an `include`), within another
//! ```

mod derive;
mod owners;
mod paths;
mod recorder;

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Place;
use crate::value::{Map, Str, Value};
use crate::yaml::Step;

pub use self::derive::derive;
pub use self::owners::Owners;
pub use self::recorder::{Recorder, Recording, is_on, with};

/// The number of an [`Emission`] of a trace.
pub type EmissionId = u32;
/// The number of a [`Context`] of a trace.
pub type ContextId = u32;

/// What a render recorded.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The texts of templates that sites refer to.
    pub texts: Vec<Text>,
    /// Blocks and calls.
    pub contexts: Vec<Context>,
    /// Executions of nodes.
    pub emissions: Vec<Emission>,
    /// Reads and writes, in their order.
    pub events: Vec<Event>,
    /// The maps of the values that events refer to: by which paths each is reached, from the outermost chart's
    /// values on. Maps that charts share (globals) have several.
    pub maps: Vec<Vec<Arc<[Step]>>>,
    /// The values of each chart after its templates ran, by the path of the chart's values, the longest path first.
    pub after: Vec<(Arc<[Step]>, Map)>,
    /// The rendered files, in the order in which they ran.
    pub files: Vec<Rendered>,
    /// The files of which it isn't known line by line who wrote them, by their names.
    pub coarse: Vec<Arc<str>>,
    /// Whether a bound was met, and what came later is not in here.
    pub cut: bool,
}

/// A rendered file.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its name, as `# Source:` shows it.
    pub name: Arc<str>,
    /// What it wrote.
    pub text: Str,
    /// Who wrote it.
    pub record: Record,
}

/// A text that was run as a template.
#[derive(Clone, Debug)]
pub struct Text {
    /// The file, as the user would name it; `None` for a text given to `tpl`.
    pub file: Option<Arc<str>>,
    /// The text itself.
    pub text: Str,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The index of its text in [`Trace::texts`].
    pub text: u32,
    /// Its first byte.
    pub start: u32,
    /// The byte after its last one.
    pub end: u32,
}

/// A block or a call that other nodes ran in.
#[derive(Clone, Debug)]
pub struct Context {
    /// The context around it; none for that of a file.
    pub parent: Option<ContextId>,
    /// What it is.
    pub kind: Kind,
    /// The condition, or the action that made the call; none for a file.
    pub by: Option<EmissionId>,
}

/// What a context is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file of the chart, by the name that `# Source:` shows.
    File(Str),
    /// The body of an `if`, or its `else`.
    If {
        /// Whether it is the `else`.
        otherwise: bool,
    },
    /// The body of a `with`, or its `else`.
    With {
        /// Whether it is the `else`.
        otherwise: bool,
    },
    /// One turn of a loop: the key or index of its element.
    Range(Str),
    /// A named template or file, called by `include`.
    Include(Str),
    /// A named template, run in place.
    Template(Str),
    /// A text given to `tpl`.
    Tpl,
    /// A macro of Jinja's, by its name.
    Macro(Str),
    /// A block of a template that Jinja's `extends` names.
    Block(Str),
    /// The body of Jinja's `set` that gives these variables a text.
    Set(Str),
    /// The body of Jinja's `filter`, by its filters.
    Filter(Str),
}

/// What a node did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Text of the template itself.
    Text,
    /// An action that wrote a value.
    Action,
    /// An action that gave a variable its value, or wrote nothing.
    Assign,
    /// The condition of a block, or what a loop goes over.
    Control,
}

/// The execution of a node.
#[derive(Clone, Debug)]
pub struct Emission {
    /// What it did.
    pub role: Role,
    /// Where it stands.
    pub site: Site,
    /// The context it ran in.
    pub context: ContextId,
    /// The events meanwhile, those of calls within it included ([`Event::context`] tells them apart).
    pub events: Range<u32>,
    /// The functions and filters that it names, in their order of writing.
    pub functions: Arc<[Str]>,
}

/// A read or a write.
#[derive(Clone, Debug)]
pub struct Event {
    /// The context it happened in.
    pub context: ContextId,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// An entry of a map of the values was looked up; it may not be there.
    Get {
        /// The index of the map in [`Trace::maps`].
        map: u32,
        /// The key.
        key: Str,
    },
    /// All entries of a map were read.
    Whole {
        /// The index of the map.
        map: u32,
    },
    /// Whether a map has entries was asked.
    Size {
        /// The index of the map.
        map: u32,
    },
    /// An entry of a map was set or removed.
    Write {
        /// The index of the map.
        map: u32,
        /// The key; none if it isn't known.
        key: Option<Str>,
    },
    /// The values of a chart were replaced as a whole (`set $ "Values"`).
    Replace {
        /// Where they are among the outermost chart's values.
        values: Arc<[Step]>,
    },
    /// A variable was read that this emission gave its value.
    Variable(EmissionId),
}

/// Who wrote a text.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Pieces of it, in order; what is in none was made by whoever printed the text.
    pub segments: Vec<Segment>,
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its bytes.
    pub range: Range<usize>,
    /// Who wrote it: several, if it can't be told which of them wrote which byte.
    pub by: Arc<[EmissionId]>,
}

impl Rendered {
    /// Who wrote a line of it (from 1).
    pub fn writers(&self, line: usize) -> Vec<EmissionId> {
        let bytes = self.text.as_bytes();
        let mut start = 0;
        for (index, text) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            if index + 1 == line {
                return self.record.writers(bytes, start..start + text.len());
            }
            start += text.len();
        }
        Vec::new()
    }
}

impl Record {
    /// Who wrote bytes of a range of `text`, the text of the record: those who wrote more than spaces, or all if
    /// nobody did.
    pub fn writers(&self, text: &[u8], range: Range<usize>) -> Vec<EmissionId> {
        let first = self.segments.partition_point(|segment| segment.range.end <= range.start);
        let touching =
            self.segments.get(first..).unwrap_or_default().iter().take_while(|s| s.range.start < range.end);
        let (mut solid, mut blank) = (Vec::new(), Vec::new());
        // A line may have as many writers as a text has.
        let mut known = HashSet::new();
        for segment in touching {
            let own = segment.range.start.max(range.start)..segment.range.end.min(range.end);
            let is_blank = text.get(own).is_none_or(|bytes| bytes.iter().all(u8::is_ascii_whitespace));
            let into = if is_blank { &mut blank } else { &mut solid };
            for &by in segment.by.iter() {
                if known.insert((is_blank, by)) {
                    into.push(by);
                }
            }
        }
        if solid.is_empty() { blank } else { solid }
    }
}

impl Trace {
    /// A rendered file, by the name that `# Source:` shows.
    pub fn file(&self, name: &str) -> Option<&Rendered> {
        self.files.iter().find(|file| *file.name == *name)
    }

    /// The value at a path after all templates ran, as those of its own chart saw it.
    pub fn seen(&self, path: &[Step]) -> Option<Value> {
        let (around, values) = self.after.iter().find(|(around, _)| path.starts_with(around))?;
        let mut value = Value::Map(values.clone());
        for step in path.get(around.len()..)? {
            value = match (&value, step) {
                (Value::Map(map), Step::Key(key)) => map.get(key)?,
                (Value::List(list), Step::Index(index)) => list.get(*index)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// An emission by its number.
    pub fn emission(&self, id: EmissionId) -> Option<&Emission> {
        self.emissions.get(id as usize)
    }

    /// The contexts around a place in the render, the innermost first, the file's last.
    pub fn contexts_of(&self, context: ContextId) -> impl Iterator<Item = &Context> {
        let at = |id: ContextId| self.contexts.get(id as usize);
        std::iter::successors(at(context), move |context| context.parent.and_then(at))
    }

    /// Where a site is, for people.
    pub fn place(&self, site: Site) -> Option<Place> {
        let text = self.texts.get(site.text as usize)?;
        let file = text.file.clone().unwrap_or_else(|| "text of tpl".into());
        Some(Place::of_range(file, &text.text.to_arc(), site.start as usize..site.end as usize))
    }

    /// The emissions that an emission's value came from by variables, itself first, each once. What templates read
    /// that it calls is not followed: they wrote their texts themselves.
    pub fn sources_of(&self, id: EmissionId) -> Vec<EmissionId> {
        self.sources(id).collect()
    }

    /// As [`Trace::sources_of`], one after the other, for who needs only the first.
    pub fn sources(&self, id: EmissionId) -> impl Iterator<Item = EmissionId> {
        let (mut open, mut known) = (VecDeque::from([id]), HashSet::from([id]));
        std::iter::from_fn(move || {
            let id = open.pop_front()?;
            let context = self.emission(id).map(|emission| emission.context);
            for event in self.events_of(id) {
                if let What::Variable(by) = event.what
                    && Some(event.context) == context
                    && known.insert(by)
                {
                    open.push_back(by);
                }
            }
            Some(id)
        })
    }

    /// The events of an emission.
    pub fn events_of(&self, id: EmissionId) -> &[Event] {
        let range = self.emission(id).map(|e| e.events.start as usize..e.events.end as usize);
        range.and_then(|range| self.events.get(range)).unwrap_or_default()
    }
}
