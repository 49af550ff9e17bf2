//! Which values decide a line of output: each is changed, and the templates run again. What moves the line, decides
//! it; nothing else does.
//!
//! 1. A [`Bench`] renders a chart once and keeps what that took: the parsed templates, and what they saw.
//! 2. [`mutation`] names other values to try in the place of one, the most natural first.
//! 3. [`scene`] lays such a value over the others, as one more `--set-json` would.
//! 4. The bench runs the templates that are asked about, and those that change what others see ([`writes`]).
//! 5. [`lines`] compares what they print with what they printed at first.
//!
//! Paths are those of the outermost chart's values: `global.x` stands for what every chart sees as
//! `.Values.global.x`.

mod bench;
pub mod lines;
pub mod mutation;
pub mod path;
mod scene;
mod threads;
mod words;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::value::Value;

pub use self::bench::{Bench, Bounds, Change, Names, SEED};
pub use self::lines::Added;
pub use self::path::ValuePath;

/// What is put in the place of a value.
#[derive(Clone, Debug)]
pub enum Replacement {
    /// Another value. A map is laid over a map that is there, as a values file would be.
    Set(Value),
    /// Nothing: `null`, which removes a default; within a list, the entry is taken out.
    Removed,
}

/// A replacement that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What stood in the place of the value.
    pub replacement: Replacement,
    /// Why nothing could be rendered with it, if so: the message may tell values.
    pub failure: Option<String>,
}

/// What a value decides, as far as trying it out shows.
#[derive(Clone, Debug)]
pub struct Influence {
    /// The value's path.
    pub path: ValuePath,
    /// The value in the render that was asked about; `None` if there is none.
    pub value: Option<Value>,
    /// What was tried, in order.
    pub trials: Vec<Trial>,
    /// The rendered files with lines that moved, in the order of running.
    pub files: Vec<FileInfluence>,
    /// Whether all was tried that was to be tried: not so if a bound was met.
    pub complete: bool,
}

/// What a value decides in one rendered file.
#[derive(Clone, Debug)]
pub struct FileInfluence {
    /// The name of its template, as in `# Source:`.
    pub file: Arc<str>,
    /// The lines that moved, by their numbers (from 1) in the render that was asked about.
    pub lines: BTreeMap<usize, LineInfluence>,
    /// Where lines came in, by each trial, one entry a place.
    pub added: Vec<(usize, Added)>,
}

/// How a line moved. The numbers are indexes of [`Influence::trials`], of the first trial that shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineInfluence {
    /// It was there with another text: the value is in it, or decides what is.
    pub changed: Option<usize>,
    /// It was gone: the value decides whether it is there.
    pub gone: Option<usize>,
    /// It also moves when any other value is given for the same subchart: Helm then keeps nulls of the parent's
    /// defaults for it, which otherwise go.
    pub by_table: bool,
}

impl Influence {
    /// The file of this name, if something moved in it.
    pub fn file(&self, name: &str) -> Option<&FileInfluence> {
        self.files.iter().find(|file| &*file.file == name)
    }

    /// How a line (from 1) of a file moved, if it did.
    pub fn line(&self, file: &str, line: usize) -> Option<LineInfluence> {
        self.file(file)?.lines.get(&line).copied()
    }

    /// The first replacement with which the chart could be rendered.
    pub fn primary(&self) -> Option<&Replacement> {
        self.trials.iter().find(|trial| trial.failure.is_none()).map(|trial| &trial.replacement)
    }
}
