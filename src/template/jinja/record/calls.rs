//! Calls that run templates: macros, `include`, `tpl`, and the render of a file.

use std::sync::Arc;

use minijinja::Error;
use minijinja::value::Value as Jinja;

use super::plan::Unit;
use super::variables::Variable;
use super::{BOOK, Book, Frame, with};
use crate::trace::{EmissionId, Kind, Recorder};
use crate::value::Str;

/// Where a macro was made.
#[derive(Clone, Default)]
pub(in super::super) struct Home {
    /// Its template.
    key: Option<Arc<str>>,
    /// The number of its frame.
    frame: usize,
}

impl Home {
    /// That of a macro that is made now.
    pub(in super::super) fn here() -> Home {
        let here = with(|book, _| Home {
            key: book.frames.last().and_then(|frame| frame.key.clone()),
            frame: book.top().unwrap_or_default(),
        });
        here.unwrap_or_default()
    }
}

/// What to go back to after a call.
struct Called {
    frames: usize,
    written: usize,
}

impl Book {
    /// The action under way calls what writes to a text of its own.
    fn call(&mut self, r: &mut Recorder, kind: Kind, by: Option<EmissionId>, frame: Frame) -> Called {
        let called = Called { frames: self.frames.len(), written: self.written.len() };
        self.begin(r);
        self.push(r, frame);
        let _ = r.enter(kind, by);
        called
    }

    /// The call ended with this text, if it did not fail.
    fn called(&mut self, r: &mut Recorder, called: &Called, text: Option<&Str>) {
        self.frames.truncate(called.frames + 1);
        self.written.truncate(called.written + 1);
        self.pop(r);
        self.end(r, text);
        self.writer = None;
    }
}

fn run(
    kind: Kind,
    frame: impl FnOnce(&mut Book, &mut Recorder, Option<EmissionId>) -> Frame,
    body: impl FnOnce() -> Result<Jinja, Error>,
) -> Result<Jinja, Error> {
    let called = with(|book, r| {
        let by = book.call_emission(r);
        let frame = frame(book, r, by);
        book.call(r, kind, by, frame)
    });
    let result = body();
    if let Some(called) = called {
        let text = result.as_ref().ok().and_then(Jinja::to_str).map(Str::from);
        with(|book, r| book.called(r, &called, text.as_ref()));
    }
    result
}

/// Runs a macro.
pub(in super::super) fn call_macro<'n>(
    name: &str,
    params: impl Iterator<Item = (&'n str, &'n Jinja)>,
    home: &Home,
    body: impl FnOnce() -> Result<Jinja, Error>,
) -> Result<Jinja, Error> {
    let frame = |book: &mut Book, r: &mut Recorder, by| {
        let of_template = |frame: &Frame| frame.is_template && frame.key == home.key;
        let sees = match book.frames.get(home.frame) {
            Some(frame) if frame.key == home.key => Some(home.frame),
            _ => book.frames.iter().rposition(of_template),
        };
        // What it is given came from the action that calls it.
        let given = |(name, value)| (Box::from(name), Variable::given(by, &book.texts_of(r, value)));
        let variables = params.map(given).collect();
        Frame { key: home.key.clone(), sees, variables, ..Frame::default() }
    };
    run(Kind::Macro(name.into()), frame, body)
}

/// Runs a Jinja file that `include` names, or (with its unit) a text of `tpl`.
pub(in super::super) fn call_text(
    kind: Kind,
    unit: Option<Arc<Unit>>,
    body: impl FnOnce() -> Result<Jinja, Error>,
) -> Result<Jinja, Error> {
    let frame = |book: &mut Book, _: &mut Recorder, _| {
        book.units.extend(unit.map(|unit| (unit.id, unit)));
        Frame { is_template: true, ..Frame::default() }
    };
    run(kind, frame, body)
}

/// The text that was given to `tpl` before, if it is the same.
pub(in super::super) fn same_text(text: Arc<str>) -> Arc<str> {
    let known = with(|book, _| {
        book.texts.get(&text).cloned().unwrap_or_else(|| {
            book.texts.insert(text.clone());
            text.clone()
        })
    });
    known.unwrap_or(text)
}

/// Runs a template of the other language, which tells of its text itself.
pub(in super::super) fn call_peer<E>(
    name: &str,
    body: impl FnOnce() -> Option<Result<Str, E>>,
) -> Option<Result<Str, E>> {
    let outer = with(|book, r| {
        let by = book.call_emission(r);
        r.enter(Kind::Include(name.into()), by)
    });
    let result = body();
    with(|book, r| {
        if let Some(outer) = outer {
            r.leave(outer);
        }
        if let (Some(Ok(text)), Some(frame)) = (&result, book.frame())
            && r.record_of(text).is_some()
        {
            frame.action.texts.push(text.clone());
        }
    });
    result
}

/// Records the render of a file, which is the whole of what is rendered or (`apart`) what the other language
/// includes. The text that is being written is this file's.
pub(in super::super) fn file<E>(
    units: impl Iterator<Item = Arc<Unit>>,
    place: Option<(&Arc<str>, Str)>,
    apart: bool,
    body: impl FnOnce() -> Result<Str, E>,
) -> Result<Str, E> {
    let outermost = BOOK.with_borrow_mut(|book| {
        let outermost = book.is_none();
        let book = book.get_or_insert_default();
        book.units.extend(units.map(|unit| (unit.id, unit)));
        outermost
    });
    let called = with(|book, r| {
        let called = Called { frames: book.frames.len(), written: book.written.len() };
        if apart {
            r.begin();
        }
        book.written.push(0);
        book.push(r, Frame { is_template: true, ..Frame::default() });
        called
    });
    let result = body();
    with(|book, r| {
        let Some(called) = called else { return };
        book.frames.truncate(called.frames + 1);
        book.pop(r);
        let written = book.written.get(called.written).copied();
        book.written.truncate(called.written);
        if let Ok(text) = &result
            && written != Some(text.len())
        {
            r.spoiled(place, text.len());
        }
        if apart {
            r.end(result.as_ref().ok());
        }
    });
    if outermost {
        BOOK.set(None);
    }
    result
}
