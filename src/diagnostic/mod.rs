//! Errors and warnings for the reader: what happened, where, how it came about, what to do.
//!
//! The library makes [`Diagnostic`]s; the command line shows them (see [`Diagnostic::render`]).

mod mask;
mod show;
pub mod style;

use std::fmt;
use std::sync::Arc;

pub use self::show::{Severity, escape, escape_line};

/// What a fallible function of the library gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, as a [`Diagnostic`].
#[derive(Clone)]
pub struct Error(Box<Diagnostic>);

/// One message to the reader.
#[derive(Clone, Debug, Default)]
pub struct Diagnostic {
    /// The whole message, in Helm's words where Helm has them, without `Error: `. It may have several lines.
    pub message: String,
    /// The place it is about, if there is one.
    pub place: Option<Place>,
    /// How the place was reached, innermost first: the includes, imports and macro calls.
    pub trace: Vec<Frame>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to do about it.
    pub hint: Option<Hint>,
}

/// What to do about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The advice.
    pub text: String,
    /// The values path that was probably meant, from the chart's own values on: `["service"]`. Who knows the
    /// layers of values can tell where it is set.
    pub meant: Option<Vec<String>>,
}

impl Hint {
    /// A question whether another path was meant: the one that an expression such as `Values.service` names.
    pub fn meant(text: impl Into<String>, expression: &str) -> Hint {
        let path = expression.trim_start_matches(['$', '.']).strip_prefix("Values.");
        let plain = |name: &str| !name.is_empty() && !name.contains(['[', ']', '(', '"', '\'', ' ']);
        let path = path.map(|path| path.split('.').map(str::to_string).collect::<Vec<_>>());
        Hint { text: text.into(), meant: path.filter(|path| path.iter().all(|name| plain(name))) }
    }
}

impl<S: Into<String>> From<S> for Hint {
    fn from(text: S) -> Hint {
        Hint { text: text.into(), meant: None }
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user would name it.
    pub file: Arc<str>,
    /// Line, from 1; 0 if unknown.
    pub line: usize,
    /// Column in characters, from 1; 0 if unknown.
    pub column: usize,
    /// How many characters the place covers; 0 and 1 both draw a single caret.
    pub length: usize,
    /// The text of the file, for the snippet. Only for files of the chart and values files the user named.
    pub text: Option<Arc<str>>,
}

/// A step on the way to a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What was called, as the template writes it: `include "gateway.labels"`.
    pub what: String,
    /// Where it was called.
    pub place: Place,
}

impl Error {
    /// An error that is only a message.
    pub fn new(message: impl Into<String>) -> Error {
        Error(Box::new(Diagnostic { message: message.into(), ..Diagnostic::default() }))
    }

    /// Adds the place, unless one is known already: the innermost knows best.
    pub fn at(mut self, place: Place) -> Error {
        self.0.place.get_or_insert(place);
        self
    }

    /// Adds advice, unless there is some already.
    pub fn hint(mut self, hint: impl Into<Hint>) -> Error {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Error {
        self.0.notes.push(note.into());
        self
    }

    /// Adds an outer step of the way to the place.
    pub fn frame(mut self, frame: Frame) -> Error {
        self.0.trace.push(frame);
        self
    }

    /// Puts words before the message, as Go's `fmt.Errorf("…: %w")` does.
    pub fn context(mut self, prefix: impl fmt::Display) -> Error {
        self.0.message = format!("{prefix}: {}", self.0.message);
        self
    }

    /// Replaces the message.
    pub fn reword(mut self, message: impl Into<String>) -> Error {
        self.0.message = message.into();
        self
    }

    /// Says where the value is set that was probably meant: `find` knows the place of a values path.
    pub fn locate_meant(mut self, find: impl FnOnce(&Diagnostic, &[String]) -> Option<Place>) -> Error {
        let meant = self.0.hint.as_ref().and_then(|hint| hint.meant.as_deref());
        let place = meant.and_then(|path| find(&self.0, path));
        if let (Some(hint), Some(place)) = (&mut self.0.hint, place) {
            let question = hint.text.trim_end_matches('?');
            hint.text = format!("{question} ({}:{})?", place.file, place.line);
        }
        self
    }

    /// The message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// All that is known.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.0
    }
}

impl From<Diagnostic> for Error {
    fn from(d: Diagnostic) -> Error {
        Error(Box::new(d))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}

impl Place {
    /// A place known by line and column (both from 1).
    pub fn new(file: impl Into<Arc<str>>, line: usize, column: usize) -> Place {
        Place { file: file.into(), line, column, length: 0, text: None }
    }

    /// A place known by a byte range of its file's text.
    pub fn of_range(file: impl Into<Arc<str>>, text: &Arc<str>, range: std::ops::Range<usize>) -> Place {
        let start = floor_boundary(text, range.start);
        let end = floor_boundary(text, range.end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let covered = text[start..end].split('\n').next().unwrap_or_default();
        Place {
            file: file.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            length: covered.chars().count(),
            text: Some(text.clone()),
        }
    }

    /// Adds the text of the file, for the snippet.
    pub fn with_text(mut self, text: impl Into<Arc<str>>) -> Place {
        self.text = Some(text.into());
        self
    }
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// The candidate nearest to `word`, if it is near enough to be a slip of the keyboard.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() > 100 {
        return None;
    }
    let bound = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|c| c.chars().count() <= 100)
        .map(|c| (distance(word, c), c))
        .filter(|(d, _)| *d <= bound)
        .min()
        .map(|(_, c)| c)
}

/// Optimal string alignment distance: insertions, deletions, substitutions and neighbours swapped.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (fold(a), fold(b));
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

fn fold(s: &str) -> Vec<char> {
    s.chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("servce", ["service", "replicas"]), Some("service"));
        assert_eq!(nearest("replcas", ["replicaCount", "replicas"]), Some("replicas"));
        assert_eq!(nearest("x", ["service"]), None);
    }

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let text: Arc<str> = "a\nbé: c\n".into();
        let place = Place::of_range("f", &text, 6..7);
        assert_eq!((place.line, place.column, place.length), (2, 4, 1));
        assert_eq!(place.to_string(), "f:2:4");
    }
}
