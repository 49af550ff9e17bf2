//! Flow collections. Their tokens may stand on several lines; a scalar stands on one.

use std::borrow::Cow;

use super::{Kind, Reader, Sink, begins_plain, trim_end};

/// Deeper ones are left to the exact reader.
const MAX_FLOW: usize = 32;

impl<'a, S: Sink<'a>> Reader<'a, S> {
    /// Takes the collection that begins here.
    pub(super) fn flow(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_FLOW {
            return None;
        }
        let (kind, end) = if self.at(self.pos) == b'[' { (Kind::List, b']') } else { (Kind::Map, b'}') };
        self.pos += 1;
        self.sink.open(kind)?;
        self.skip_gap()?;
        while self.at(self.pos) != end {
            if kind == Kind::Map {
                self.flow_key()?;
            }
            self.flow_value(kind, depth)?;
            self.skip_gap()?;
            match self.at(self.pos) {
                b',' => {
                    self.pos += 1;
                    self.skip_gap()?;
                }
                byte if byte == end => {}
                _ => return None,
            }
        }
        self.pos += 1;
        self.sink.close()
    }

    /// Skips blanks, line breaks and comments.
    fn skip_gap(&mut self) -> Option<()> {
        loop {
            match self.at(self.pos) {
                b' ' => self.pos += 1,
                b'\n' => {
                    self.pos += 1;
                    self.line_start = self.pos;
                    // It may be the end of the document.
                    if let b'-' | b'.' | b'%' = self.at(self.pos) {
                        return None;
                    }
                }
                b'#' => match self.pos.checked_sub(1).map(|before| self.at(before)) {
                    Some(b' ' | b'\n') => self.skip_line(),
                    _ => return None,
                },
                b'\t' => return None,
                _ => return Some(()),
            }
        }
    }

    fn flow_key(&mut self) -> Option<()> {
        let (text, plain) = match self.at(self.pos) {
            b'"' | b'\'' => (self.flow_quoted()?, false),
            _ => (self.flow_plain()?, true),
        };
        self.skip_spaces();
        // A key stands on the line of its colon.
        if self.at(self.pos) != b':'
            || !matches!(self.at(self.pos + 1), b' ' | b'"' | b'\'')
            || *text == *b"<<"
        {
            return None;
        }
        self.pos += 1;
        self.skip_gap()?;
        self.sink.key(text, plain)
    }

    fn flow_value(&mut self, kind: Kind, depth: usize) -> Option<()> {
        match self.at(self.pos) {
            b'"' | b'\'' => {
                let text = self.flow_quoted()?;
                self.sink.string(text)
            }
            b'[' | b'{' => self.flow(depth + 1),
            b',' | b'}' if kind == Kind::Map => self.sink.null(),
            _ => {
                let text = self.flow_plain()?;
                self.sink.plain(text)
            }
        }
    }

    fn flow_quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let (text, end) = self.quoted(self.pos)?;
        if memchr::memchr(b'\n', self.slice(self.pos, end)).is_some() {
            return None;
        }
        self.pos = end;
        Some(text)
    }

    /// Plain text up to a comma, a bracket or a colon.
    fn flow_plain(&mut self) -> Option<Cow<'a, [u8]>> {
        let rest = self.text.get(self.pos..)?;
        let first = *rest.first()?;
        let begins =
            begins_plain(first) || first == b'-' && rest.get(1).is_some_and(u8::is_ascii_alphanumeric);
        if !begins {
            return None;
        }
        let mut before = first;
        for (i, byte) in rest.iter().enumerate() {
            let ends = match byte {
                b',' | b']' | b'}' | b'\n' => true,
                b':' => match rest.get(i + 1)? {
                    b' ' => true,
                    b',' | b']' | b'}' | b'\n' => return None,
                    _ => false,
                },
                b'#' => before == b' ',
                b'[' | b'{' | b'?' | b'\t' => return None,
                _ => false,
            };
            if ends {
                self.pos += i;
                return Some(Cow::Borrowed(trim_end(rest.get(..i)?)));
            }
            before = *byte;
        }
        None
    }
}
