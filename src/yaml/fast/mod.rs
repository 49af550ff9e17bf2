//! A reader for the YAML that people and charts write most: block maps and lists, scalars, small flow
//! collections on one line. It gives up at anything else, and then the exact reader begins anew. What it does
//! read, it reads as the exact one; a test compares them.
//!
//! It goes line by line and keeps the open block collections with their columns. A [`Sink`] takes what it
//! finds, so that a tree is built only where one is wanted.

mod build;
mod flow;
mod skim;

use std::borrow::Cow;

use super::input::has_odd_breaks;
use super::scanner::{Cursor, Scanner};

pub(super) use self::build::build;
pub(super) use self::skim::skim;

/// Deeper documents are left to the exact reader.
const MAX_DEPTH: usize = 256;
/// Longer keys are left to the exact reader, which knows how long a key may be.
const MAX_KEY: usize = 1000;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Map,
    List,
}

/// Takes the parts of a document in order. `None` from any method gives up.
trait Sink<'a> {
    /// A scalar that isn't there.
    fn null(&mut self) -> Option<()>;
    /// A plain scalar, whose type is found by looking at it.
    fn plain(&mut self, text: Cow<'a, [u8]>) -> Option<()>;
    /// A scalar that is a string: quoted, literal or folded.
    fn string(&mut self, text: Cow<'a, [u8]>) -> Option<()>;
    /// A key of the innermost collection, which is a map.
    fn key(&mut self, text: Cow<'a, [u8]>, plain: bool) -> Option<()>;
    /// A collection begins.
    fn open(&mut self, kind: Kind) -> Option<()>;
    /// The innermost collection ends.
    fn close(&mut self) -> Option<()>;
}

/// An open block collection.
struct Block {
    column: usize,
    kind: Kind,
    /// A key or a dash stands at the end of the last line, and its value may come on the next.
    waiting: bool,
}

struct Reader<'a, S> {
    text: &'a [u8],
    pos: usize,
    line_start: usize,
    blocks: Vec<Block>,
    begun: bool,
    marked: bool,
    /// For the scalars that go over several lines or have escapes; made when there is one.
    scanner: Option<Scanner<'a>>,
    sink: S,
}

/// Reads a document into a sink; gives the sink back, or gives up.
fn read<'a, S: Sink<'a>>(text: &'a [u8], sink: S) -> Option<S> {
    if has_odd_breaks(text) || memchr::memmem::find(text, "\u{FEFF}".as_bytes()).is_some() {
        return None;
    }
    let mut reader = Reader {
        text,
        pos: 0,
        line_start: 0,
        blocks: Vec::new(),
        begun: false,
        marked: false,
        scanner: None,
        sink,
    };
    reader.run()?;
    Some(reader.sink)
}

/// What may begin a plain scalar wherever it stands.
fn begins_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'/' | b'.' | b'$' | b'(' | b')' | b'^' | b'+' | b'~' | b'<' | b'=' | b';' | b'\\'
        )
        || byte >= 0x80
}

/// A key and where the colon behind it stands.
struct Key<'a> {
    text: Cow<'a, [u8]>,
    plain: bool,
    colon: usize,
}

impl<'a, S: Sink<'a>> Reader<'a, S> {
    /// The byte at a position; 0, which no text contains, behind the end.
    #[inline(always)]
    fn at(&self, pos: usize) -> u8 {
        match self.text.get(pos) {
            Some(b) => *b,
            None => 0,
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    #[inline(always)]
    fn skip_spaces(&mut self) {
        while self.at(self.pos) == b' ' {
            self.pos += 1;
        }
    }

    fn skip_line(&mut self) {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn run(&mut self) -> Option<()> {
        loop {
            self.skip_spaces();
            match self.at(self.pos) {
                0 => break,
                b'\n' => {
                    self.pos += 1;
                    self.line_start = self.pos;
                }
                b'#' => self.skip_line(),
                b'\t' => return None,
                _ => self.content()?,
            }
        }
        while !self.blocks.is_empty() {
            self.close()?;
        }
        Some(())
    }

    // --- block structure ---

    fn is_dash(&self, pos: usize) -> bool {
        self.at(pos) == b'-' && matches!(self.at(pos + 1), b' ' | b'\n' | 0)
    }

    fn open(&mut self, column: usize, kind: Kind) -> Option<()> {
        if self.blocks.len() >= MAX_DEPTH {
            return None;
        }
        self.blocks.push(Block { column, kind, waiting: false });
        self.sink.open(kind)
    }

    fn close(&mut self) -> Option<()> {
        if self.blocks.pop()?.waiting {
            self.sink.null()?;
        }
        self.sink.close()
    }

    /// Makes the innermost block the one to which a line with this column belongs.
    fn settle(&mut self, column: usize, dash: bool) -> Option<()> {
        let kind = if dash { Kind::List } else { Kind::Map };
        loop {
            let Some(top) = self.blocks.last_mut() else {
                if self.begun {
                    return None;
                }
                self.begun = true;
                return self.open(column, kind);
            };
            if top.waiting {
                top.waiting = false;
                // A list may begin at the column of the key that it belongs to.
                if column > top.column || dash && top.kind == Kind::Map && column == top.column {
                    return self.open(column, kind);
                }
                self.sink.null()?;
                continue;
            }
            if column > top.column {
                return None;
            }
            if column == top.column && top.kind == kind {
                return Some(());
            }
            if column == top.column && !(top.kind == Kind::List && self.list_shares_column()) {
                return None;
            }
            self.close()?;
        }
    }

    /// Whether the innermost list stands at the column of its key.
    fn list_shares_column(&self) -> bool {
        matches!(self.blocks.as_slice(), [.., map, list] if map.kind == Kind::Map && map.column == list.column)
    }

    /// Reads a line that is neither empty nor a comment.
    fn content(&mut self) -> Option<()> {
        let mut column = self.pos - self.line_start;
        if column == 0 && matches!(self.text.get(self.pos..self.pos + 3), Some(b"---" | b"...")) {
            return self.document_start();
        }
        let mut dash = self.is_dash(self.pos);
        if !dash
            && let Some(top) = self.blocks.last()
            && top.waiting
            && column > top.column
        {
            // Deeper than its key or dash stands the value, which may be a map.
            let key = self.find_key()?;
            self.blocks.last_mut()?.waiting = false;
            return match key {
                Some(key) => {
                    self.open(column, Kind::Map)?;
                    self.entry(key)
                }
                None => self.value(),
            };
        }
        self.settle(column, dash)?;
        while dash {
            self.pos += 1;
            self.skip_spaces();
            match self.at(self.pos) {
                b'\n' | b'#' | 0 => return self.wait(),
                b'\t' => return None,
                _ => {}
            }
            column = self.pos - self.line_start;
            dash = self.is_dash(self.pos);
            if dash {
                self.open(column, Kind::List)?;
            } else if let Some(key) = self.find_key()? {
                self.open(column, Kind::Map)?;
                return self.entry(key);
            } else {
                return self.value();
            }
        }
        let key = self.find_key()??;
        self.entry(key)
    }

    /// The `---` before the document, and nothing else of the kind.
    fn document_start(&mut self) -> Option<()> {
        if self.begun || self.marked || self.at(self.pos) != b'-' {
            return None;
        }
        self.marked = true;
        self.pos += 3;
        self.end_line()
    }

    /// Takes what may stand behind a value: blanks and a comment.
    fn end_line(&mut self) -> Option<()> {
        let start = self.pos;
        self.skip_spaces();
        match self.at(self.pos) {
            b'\n' | 0 => Some(()),
            b'#' if self.pos > start => {
                self.skip_line();
                Some(())
            }
            _ => None,
        }
    }

    /// Leaves the value to the next line. Here stands the end of the line, or a comment behind a space.
    fn wait(&mut self) -> Option<()> {
        self.skip_line();
        self.blocks.last_mut()?.waiting = true;
        Some(())
    }

    // --- entries ---

    /// The key that begins here, if there is one on this line.
    fn find_key(&mut self) -> Option<Option<Key<'a>>> {
        let start = self.pos;
        let first = self.at(start);
        if let b'"' | b'\'' = first {
            let (text, end) = self.quoted(start)?;
            let mut colon = end;
            while self.at(colon) == b' ' {
                colon += 1;
            }
            if self.at(colon) != b':' || !matches!(self.at(colon + 1), b' ' | b'\n' | 0) {
                return Some(None);
            }
            let is_short =
                colon - start <= MAX_KEY && memchr::memchr(b'\n', self.slice(start, end)).is_none();
            return if is_short { Some(Some(Key { text, plain: false, colon })) } else { None };
        }
        if !self.begins_plain(start) {
            // What these begin is no key that this reader knows, but may be a value.
            return if let b'[' | b'{' | b'|' | b'>' = first { Some(None) } else { None };
        }
        let rest = self.text.get(start..).unwrap_or_default();
        let mut i = 0;
        loop {
            i += next_special(rest.get(i..)?);
            match rest.get(i) {
                Some(b':') if matches!(rest.get(i + 1), Some(b' ' | b'\n') | None) => {
                    let text = trim_end(rest.get(..i)?);
                    if i > MAX_KEY || text == b"<<" {
                        return None;
                    }
                    return Some(Some(Key { text: Cow::Borrowed(text), plain: true, colon: start + i }));
                }
                Some(b'\n') | None => return Some(None),
                Some(b'#') if is_space_before(rest, i) => return Some(None),
                Some(b'\t') => return None,
                Some(_) => i += 1,
            }
        }
    }

    /// Takes a key and its value, as far as it stands on this line.
    fn entry(&mut self, key: Key<'a>) -> Option<()> {
        self.sink.key(key.text, key.plain)?;
        self.pos = key.colon + 1;
        self.skip_spaces();
        match self.at(self.pos) {
            b'\n' | b'#' | 0 => self.wait(),
            _ => self.value(),
        }
    }

    /// Takes a value that begins here and belongs to the innermost block.
    fn value(&mut self) -> Option<()> {
        let first = self.at(self.pos);
        match first {
            b'"' | b'\'' => {
                let (text, end) = self.quoted(self.pos)?;
                self.sink.string(text)?;
                self.move_to(end);
                self.end_line()
            }
            b'|' | b'>' => {
                let text = self.scan()?;
                self.sink.string(text)
            }
            b'[' | b'{' => {
                self.flow(0)?;
                self.end_line()
            }
            _ if self.begins_plain(self.pos) => self.plain(),
            _ => None,
        }
    }

    /// Whether a plain scalar may begin here.
    fn begins_plain(&self, pos: usize) -> bool {
        match self.at(pos) {
            b'-' | b':' | b'?' => !matches!(self.at(pos + 1), b' ' | b'\t' | b'\n' | 0),
            byte => begins_plain(byte),
        }
    }

    /// Moves on, over line breaks if there are any.
    fn move_to(&mut self, pos: usize) {
        if let Some(at) = memchr::memrchr(b'\n', self.slice(self.pos, pos)) {
            self.line_start = self.pos + at + 1;
        }
        self.pos = pos;
    }

    /// The text between quotes, and where the closing one ends.
    fn quoted(&mut self, start: usize) -> Option<(Cow<'a, [u8]>, usize)> {
        let quote = self.at(start);
        let rest = self.text.get(start + 1..)?;
        let len = memchr::memchr3(quote, b'\\', b'\n', rest)?;
        let simple = rest.get(len) == Some(&quote) && !(quote == b'\'' && rest.get(len + 1) == Some(&b'\''));
        if simple {
            return Some((Cow::Borrowed(rest.get(..len)?), start + len + 2));
        }
        let (text, cursor) = self.scalar_at(start)?;
        Some((text, cursor.pos))
    }

    fn scalar_at(&mut self, pos: usize) -> Option<(Cow<'a, [u8]>, Cursor)> {
        let column = self.blocks.last()?.column;
        let scanner = self.scanner.get_or_insert_with(|| Scanner::new(self.text, None));
        scanner.scalar_at(pos, self.line_start, column)
    }

    /// Takes the scalar that begins here as the exact reader does, and goes where that goes.
    fn scan(&mut self) -> Option<Cow<'a, [u8]>> {
        let (text, Cursor { pos, line_start }) = self.scalar_at(self.pos)?;
        self.pos = pos;
        self.line_start = line_start;
        Some(text)
    }

    fn plain(&mut self) -> Option<()> {
        let rest = self.text.get(self.pos..)?;
        let mut end = 0;
        loop {
            end += next_special(rest.get(end..)?);
            match rest.get(end) {
                Some(b':') if matches!(rest.get(end + 1), Some(b' ' | b'\n' | b'\t') | None) => return None,
                Some(b'#') if is_space_before(rest, end) => {
                    self.sink.plain(Cow::Borrowed(trim_end(rest.get(..end)?)))?;
                    self.pos += end;
                    self.skip_line();
                    return Some(());
                }
                Some(b'\t') => return None,
                Some(b'\n') | None => break,
                Some(_) => end += 1,
            }
        }
        if self.goes_on(self.pos + end)? {
            let text = self.scan()?;
            self.sink.plain(text)?;
            // The exact reader may have stopped at a colon inside of a line.
            let at_line = self.slice(self.line_start, self.pos).iter().all(|b| *b == b' ');
            return if at_line || matches!(self.at(self.pos), b'#' | b'\n' | 0) { Some(()) } else { None };
        }
        self.sink.plain(Cow::Borrowed(trim_end(rest.get(..end)?)))?;
        self.pos += end;
        Some(())
    }

    /// Whether a plain scalar goes on behind the line that ends here.
    fn goes_on(&self, line_end: usize) -> Option<bool> {
        let column = self.blocks.last()?.column;
        let mut line_start = line_end;
        let mut pos = line_end;
        loop {
            match self.at(pos) {
                b'\n' => {
                    pos += 1;
                    line_start = pos;
                }
                b' ' => pos += 1,
                b'\t' => return None,
                0 | b'#' => return Some(false),
                _ => return Some(pos - line_start > column),
            }
        }
    }
}

/// How many bytes stand before the next that may end a plain scalar or a key: `:`, `#`, tab, line feed.
#[inline(always)]
fn next_special(text: &[u8]) -> usize {
    const SPECIAL: [bool; 256] = {
        let mut table = [false; 256];
        table[b':' as usize] = true;
        table[b'#' as usize] = true;
        table[b'\t' as usize] = true;
        table[b'\n' as usize] = true;
        table
    };
    text.iter().position(|b| SPECIAL[usize::from(*b)]).unwrap_or(text.len())
}

fn is_space_before(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b' ')
}

fn trim_end(text: &[u8]) -> &[u8] {
    let len = text.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    text.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests;
