//! The documents of a values file, as Helm reads them (`pkg/chart/v2/loader/load.go`, `LoadValues`, on
//! `k8s.io/apimachinery/pkg/util/yaml`, `YAMLReader`): the text is cut at lines that begin with `---`, and of
//! each piece the first document counts.

use std::borrow::Cow;

use crate::value::{Room, Value, size};

use super::{YamlError, decode_map_within};

/// One document of a values file.
#[derive(Clone, Debug)]
pub struct ValuesDocument {
    /// A map; empty where the document is.
    pub value: Value,
    /// The line of the file at which the document's text begins, from 1.
    pub line: usize,
}

/// Reads the documents of a values file. Helm merges them in this order.
///
/// # Errors
/// In Helm's words, for the first document that isn't YAML or no map (`cannot unmarshal yaml document: …`)
/// and for a separator with something behind it (`error reading yaml document: …`). The place is that in the
/// whole file.
pub fn documents(text: &[u8]) -> Result<Vec<ValuesDocument>, YamlError> {
    documents_within(text, &mut Room::default())
}

/// As [`documents`], with this room for all their values.
///
/// # Errors
/// As [`documents`], and when there is not enough room.
pub fn documents_within(text: &[u8], room: &mut Room) -> Result<Vec<ValuesDocument>, YamlError> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        let piece = piece?;
        // An empty document takes memory, too.
        if room.take(size_of::<ValuesDocument>() + size::of_map(0)).is_none() {
            let message = format!("cannot unmarshal yaml document: {}", room.message());
            return Err(YamlError { message, line: piece.line, column: 0 });
        }
        match decode_map_within(&piece.text, room) {
            Ok(value) => found.push(ValuesDocument { value, line: piece.line }),
            Err(e) => {
                let line = if e.line > 0 { e.line + piece.line - 1 } else { 0 };
                let message = format!("cannot unmarshal yaml document: {}", e.message);
                return Err(YamlError { message, line, column: e.column });
            }
        }
    }
    Ok(found)
}

/// The text of one document.
pub(super) struct Piece<'a> {
    pub text: Cow<'a, [u8]>,
    /// From 1.
    pub line: usize,
}

/// Cuts a text into its documents. Line breaks become LF, and the last line gets one.
pub(super) fn pieces(text: &[u8]) -> Pieces<'_> {
    Pieces { text, pos: 0, line: 1 }
}

pub(super) struct Pieces<'a> {
    text: &'a [u8],
    pos: usize,
    line: usize,
}

impl<'a> Pieces<'a> {
    /// The line that begins here, with its line break.
    fn peek(&self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.pos..).filter(|rest| !rest.is_empty())?;
        rest.get(..memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1))
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, YamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.pos;
        let first_line = self.line;
        // A separator before any text belongs to the text; the next one ends it.
        let mut separated = false;
        while let Some(line) = self.peek() {
            if let Some(rest) = line.strip_prefix(b"---") {
                let rest = String::from_utf8_lossy(rest);
                let rest = rest.trim();
                if !rest.is_empty() && !rest.starts_with('#') {
                    let message =
                        format!("error reading yaml document: invalid Yaml document separator: {rest}");
                    let error = YamlError { message, line: self.line, column: 4 };
                    self.pos = self.text.len();
                    return Some(Err(error));
                }
                separated = self.pos > start;
            }
            let end = self.pos;
            self.pos += line.len();
            self.line += 1;
            if separated {
                return Some(Ok(piece(self.text.get(start..end).unwrap_or_default(), first_line)));
            }
        }
        if self.pos == start {
            return None;
        }
        Some(Ok(piece(self.text.get(start..).unwrap_or_default(), first_line)))
    }
}

fn piece(text: &[u8], line: usize) -> Piece<'_> {
    if text.ends_with(b"\n") && memchr::memmem::find(text, b"\r\n").is_none() {
        return Piece { text: Cow::Borrowed(text), line };
    }
    let mut out = Vec::with_capacity(text.len() + 1);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    Piece { text: Cow::Owned(out), line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(String, usize)> {
        pieces(text.as_bytes())
            .map(|p| p.map(|p| (String::from_utf8(p.text.into_owned()).unwrap(), p.line)).unwrap())
            .collect()
    }

    #[test]
    fn a_text_is_cut_at_separators() {
        let want = [("---\na: 1\n".to_string(), 1), ("b: 2\n".to_string(), 4)];
        assert_eq!(texts("---\na: 1\n---  # x\nb: 2"), want);
        assert_eq!(texts(""), []);
        assert_eq!(texts("---\n---\n"), [("---\n".to_string(), 1)]);
        assert_eq!(texts("a: |\r\n  x"), [("a: |\n  x\n".to_string(), 1)]);
    }

    #[test]
    fn text_behind_a_separator_is_an_error() {
        let error = documents(b"a: 1\n--- {b: 2}\n").unwrap_err();
        assert_eq!(error.message, "error reading yaml document: invalid Yaml document separator: {b: 2}");
        assert_eq!(error.line, 2);
    }

    #[test]
    fn the_line_of_an_error_is_that_of_the_file() {
        let error = documents(b"a: 1\n---\nb:\n\tc: 1\n").unwrap_err();
        assert_eq!(
            error.message,
            "cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: \
             found character that cannot start any token"
        );
        assert_eq!((error.line, error.column), (4, 1));
        let error = documents(b"a: 1\n---\n- x\n").unwrap_err();
        assert_eq!(
            error.message,
            "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: \
             json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
