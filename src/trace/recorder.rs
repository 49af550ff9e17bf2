//! What the engines tell while they run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::paths::Paths;
use super::{
    Context, ContextId, Emission, EmissionId, Event, Kind, Record, Rendered, Role, Segment, Site, Text,
    Trace, What, derive,
};
use crate::value::watch::{Access, Watch, Watcher};
use crate::value::{Map, Str, Value};
use crate::yaml::Step;

/// The name of the values among what templates see.
const VALUES: &str = "Values";

/// So many events, emissions, contexts and pieces of texts each are kept of a render: some 200 MiB in all.
const MAX_ENTRIES: usize = 1_000_000;
/// So many bytes of texts whose writers are known are kept.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Takes down what the engines tell.
#[derive(Default)]
pub struct Recorder {
    trace: Trace,
    paths: Paths,
    /// What the templates of each chart see, by address, with the path of its values.
    roots: HashMap<usize, (Map, Arc<[Step]>)>,
    context: ContextId,
    /// The texts that are being written, the innermost last: the pieces so far.
    captures: Vec<Vec<Segment>>,
    /// Texts whose writers are known, by where their bytes are.
    records: HashMap<usize, (Str, Rc<Record>)>,
    record_bytes: usize,
    /// How many pieces all texts have.
    pieces: usize,
    /// The numbers of template texts, by where their bytes are.
    texts: HashMap<usize, u32>,
    /// Whether it isn't known of all texts of this file who wrote them.
    coarse: bool,
}

thread_local! {
    static RECORDER: RefCell<Option<Rc<RefCell<Recorder>>>> = const { RefCell::new(None) };
}

/// Whether a render on this thread is being recorded: an engine asks once, when it starts.
pub fn is_on() -> bool {
    RECORDER.with_borrow(Option::is_some)
}

/// Tells this thread's recorder, if there is one.
pub fn with<T>(tell: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
    let recorder = RECORDER.with_borrow(Option::clone)?;
    let mut recorder = recorder.try_borrow_mut().ok()?;
    Some(tell(&mut recorder))
}

/// Records this thread's renders as long as it lives.
pub struct Recording {
    recorder: Rc<RefCell<Recorder>>,
    watch: Option<Watch>,
}

impl Recording {
    /// Records from now on. `values` are those of the outermost chart, its subcharts' within them; `roots` is what the
    /// templates of each chart see.
    pub fn start(values: &Map, roots: &[Map]) -> Recording {
        let mut recorder = Recorder::default();
        recorder.paths.add(&Value::Map(values.clone()), Vec::new());
        for root in roots {
            if let Some(Value::Map(own)) = root.get(VALUES)
                && let Some(path) = recorder.paths.path_of(own.address())
            {
                recorder.roots.insert(root.address(), (root.clone(), path.clone()));
            }
        }
        let recorder = Rc::new(RefCell::new(recorder));
        RECORDER.set(Some(recorder.clone()));
        let watch = Watch::start(recorder.clone());
        Recording { recorder, watch: Some(watch) }
    }

    /// Ends it, and gives what was recorded.
    pub fn finish(mut self) -> Trace {
        drop(self.watch.take());
        RECORDER.set(None);
        let mut recorder = std::mem::take(&mut *self.recorder.borrow_mut());
        recorder.trace.maps = std::mem::take(&mut recorder.paths.maps);
        let after = recorder.roots.values().filter_map(|(root, path)| match root.get(VALUES) {
            Some(Value::Map(values)) => Some((path.clone(), values)),
            _ => None,
        });
        recorder.trace.after = after.collect();
        recorder.trace.after.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        recorder.trace
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.watch.take().is_some() {
            RECORDER.set(None);
        }
    }
}

impl Watcher for Recorder {
    fn accessed(&mut self, map: usize, access: Access<'_>) {
        if let Access::Put(key, value) = access {
            self.placed(map, key, value);
        }
        let Some(map) = self.paths.of(map) else { return };
        self.event(match access {
            Access::Get(key) => What::Get { map, key: key.into() },
            Access::Whole => What::Whole { map },
            Access::Size => What::Size { map },
            Access::Put(key, _) | Access::Remove(key) => What::Write { map, key: Some(key.into()) },
            Access::Change => What::Write { map, key: None },
        });
    }
}

impl Recorder {
    /// A template puts a value into a map: what is in it is read by this path from now on. Charts replace their
    /// values as a whole, too (`set $ "Values"`).
    fn placed(&mut self, map: usize, key: &[u8], value: &Value) {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return;
        }
        if let Some((_, path)) = self.roots.get(&map).filter(|_| key == VALUES.as_bytes()) {
            let path = path.clone();
            self.paths.add(value, path.to_vec());
            self.event(What::Replace { values: path });
        } else if let Some(path) = self.paths.path_of(map) {
            let path = [path, &[Step::key(key)][..]].concat();
            self.paths.add(value, path);
        }
    }

    fn event(&mut self, what: What) {
        if self.trace.events.len() >= MAX_ENTRIES {
            self.trace.cut = true;
            return;
        }
        self.trace.events.push(Event { context: self.context, what });
    }

    /// Where the log of events stands: what an emission is given as the begin of its events.
    pub fn mark(&self) -> u32 {
        self.trace.events.len() as u32
    }

    /// The variable that is read now was given its value by this emission.
    pub fn variable(&mut self, by: EmissionId) {
        self.event(What::Variable(by));
    }

    /// The number of a template's text; `file` is none for a text given to `tpl`.
    pub fn text(&mut self, file: Option<&Arc<str>>, text: &Str) -> u32 {
        let texts = &mut self.trace.texts;
        *self.texts.entry(text.as_bytes().as_ptr() as usize).or_insert_with(|| {
            texts.push(Text { file: file.cloned(), text: text.clone() });
            texts.len() as u32 - 1
        })
    }

    /// A node was executed; its events are those since `mark`.
    pub fn emission(&mut self, role: Role, site: Site, mark: u32, functions: Arc<[Str]>) -> EmissionId {
        let id = self.trace.emissions.len().min(MAX_ENTRIES) as EmissionId;
        if self.trace.emissions.len() < MAX_ENTRIES {
            let events = mark..self.mark();
            self.trace.emissions.push(Emission { role, site, context: self.context, events, functions });
        } else {
            self.trace.cut = true;
        }
        id
    }

    /// The events of these emissions last until now: the action that they belong to goes on after a call.
    pub fn extend(&mut self, emissions: &[EmissionId]) {
        let end = self.mark();
        for &id in emissions {
            if let Some(emission) = self.trace.emissions.get_mut(id as usize) {
                emission.events.end = end;
            }
        }
    }

    // Contexts.

    /// A block or call begins. Gives the context around, to go back to.
    #[must_use]
    pub fn enter(&mut self, kind: Kind, by: Option<EmissionId>) -> ContextId {
        let outer = self.context;
        let parent = (!matches!(kind, Kind::File(_))).then_some(outer);
        if self.trace.contexts.len() >= MAX_ENTRIES {
            self.trace.cut = true;
            return outer;
        }
        self.context = self.trace.contexts.len() as ContextId;
        self.trace.contexts.push(Context { parent, kind, by });
        outer
    }

    /// The context that nodes run in now.
    pub fn context(&self) -> ContextId {
        self.context
    }

    /// Goes back to the context around a block or call.
    pub fn leave(&mut self, outer: ContextId) {
        self.context = outer;
    }

    // Texts.

    /// From now on another text is written.
    pub fn begin(&mut self) {
        self.captures.push(Vec::new());
    }

    /// The text that was begun last is complete. If it is to be known again, by the place of its bytes, `text`
    /// is it.
    pub fn end(&mut self, text: Option<&Str>) -> Record {
        let record = Record { segments: self.captures.pop().unwrap_or_default() };
        if let Some(text) = text {
            // What the other language gave was told by it already.
            let is_known = record.segments.is_empty() && self.record_of(text).is_some();
            if !is_known {
                self.remember(text, record.clone());
            }
        }
        record
    }

    /// What was told of the text being written, of `len` bytes, doesn't fit it: of a text of its own nothing is
    /// known then, and a file was written by its template as a whole.
    pub fn spoiled(&mut self, file: Option<(&Arc<str>, Str)>, len: usize) {
        self.coarse = true;
        let whole = file.map(|(file, text)| {
            let site = Site { text: self.text(Some(file), &text), start: 0, end: text.len() as u32 };
            let by = self.emission(Role::Text, site, self.mark(), Arc::default());
            Segment { range: 0..len, by: [by].into() }
        });
        if let Some(segments) = self.captures.last_mut() {
            *segments = whole.into_iter().filter(|segment| !segment.range.is_empty()).collect();
        }
    }

    /// The text being written was `text`, and became `shown`.
    pub fn cleaned(&mut self, text: &Str, shown: &Str) {
        if text.len() != shown.len()
            && let Some(segments) = self.captures.last_mut()
        {
            let record = Record { segments: std::mem::take(segments) };
            *segments = derive(shown.as_bytes(), &[(text.as_bytes(), &record)]).segments;
        }
    }

    /// Who wrote a text.
    pub fn remember(&mut self, text: &Str, record: Record) {
        if text.is_empty() {
            return;
        }
        if self.record_bytes + text.len() > MAX_TEXT_BYTES {
            self.records.clear();
            self.record_bytes = 0;
            self.trace.cut = true;
        }
        self.record_bytes += text.len();
        self.records.insert(text.as_bytes().as_ptr() as usize, (text.clone(), Rc::new(record)));
    }

    /// Who wrote this very text, if it came out of a template.
    pub fn record_of(&self, text: &Str) -> Option<Rc<Record>> {
        let (known, record) = self.records.get(&(text.as_bytes().as_ptr() as usize))?;
        (known.len() == text.len()).then(|| record.clone())
    }

    /// A function made a text of others.
    pub fn derived(&mut self, result: &Str, given: &[&Str]) {
        if self.record_of(result).is_some() {
            return;
        }
        let records: Vec<(&Str, Rc<Record>)> =
            given.iter().filter_map(|text| Some((*text, self.record_of(text)?))).collect();
        if records.is_empty() {
            return;
        }
        let inputs: Vec<(&[u8], &Record)> =
            records.iter().map(|(text, record)| (text.as_bytes(), &**record)).collect();
        let record = derive(result.as_bytes(), &inputs);
        self.remember(result, record);
    }

    /// Whether so many more pieces of texts may be kept; they are counted.
    fn has_room(&mut self, pieces: usize) -> bool {
        self.pieces += pieces;
        self.trace.cut |= self.pieces > MAX_ENTRIES;
        self.pieces <= MAX_ENTRIES
    }

    /// Bytes were written to the current text by an emission.
    pub fn wrote(&mut self, range: Range<usize>, by: EmissionId) {
        if !range.is_empty()
            && self.has_room(1)
            && let Some(segments) = self.captures.last_mut()
        {
            segments.push(Segment { range, by: [by].into() });
        }
    }

    /// A text was written to the current one at `at`, of which parts may have been written by others; the rest
    /// is the emission's.
    pub fn wrote_text(&mut self, at: usize, text: &Str, by: EmissionId) {
        let Some(record) = self.record_of(text) else { return self.wrote(at..at + text.len(), by) };
        if !self.has_room(2 * record.segments.len() + 1) {
            return;
        }
        let Some(segments) = self.captures.last_mut() else { return };
        let mut done = 0;
        let own: Arc<[EmissionId]> = [by].into();
        for segment in &record.segments {
            if segment.range.start > done {
                segments.push(Segment { range: at + done..at + segment.range.start, by: own.clone() });
            }
            let range = at + segment.range.start..at + segment.range.end;
            segments.push(Segment { range, by: segment.by.clone() });
            done = segment.range.end;
        }
        if done < text.len() {
            segments.push(Segment { range: at + done..at + text.len(), by: own });
        }
    }

    /// A file was rendered: the text that was begun last.
    pub fn file(&mut self, name: Arc<str>, text: Str) {
        let record = self.end(None);
        if std::mem::take(&mut self.coarse) {
            self.trace.coarse.push(name.clone());
        }
        self.trace.files.push(Rendered { name, text, record });
    }
}
