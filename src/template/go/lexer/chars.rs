//! The classes of characters that the lexer tells apart.

/// The first character; a bad byte is U+FFFD.
pub(super) fn decode(text: &[u8]) -> Option<(char, usize)> {
    let &first = text.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    let head = &text[..text.len().min(4)];
    let c = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    Some(c.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8())))
}

pub(super) fn first_runes(text: &[u8], count: usize) -> &[u8] {
    let mut at = 0;
    for _ in 0..count {
        match decode(&text[at..]) {
            Some((_, size)) => at += size,
            None => break,
        }
    }
    &text[..at]
}

/// Go's `%#U`; the end of the text is -1 there.
pub(super) fn unicode(c: Option<char>) -> String {
    match c {
        None => "U+FFFFFFFFFFFFFFFF".into(),
        Some(c) if crate::value::print::is_printable(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}

pub(super) fn is_space(b: u8) -> bool {
    CLASSES[usize::from(b)] & SPACE != 0
}

/// What a byte can be within an action.
const WORD: u8 = 1;
const END: u8 = 2;
const SPACE: u8 = 4;

/// The classes by byte.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => WORD,
            b' ' | b'\t' | b'\r' | b'\n' => SPACE | END,
            b'.' | b',' | b'|' | b':' | b')' | b'(' => END,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// The ASCII characters among those of [`is_alphanumeric`].
pub(super) fn is_word(b: u8) -> bool {
    CLASSES[usize::from(b)] == WORD
}

/// Whether a word may end before this; it also may before a right delimiter.
pub(super) fn ends_word(b: u8) -> bool {
    CLASSES[usize::from(b)] & END != 0
}

/// Go's letters, decimal digits and the underscore.
pub(super) fn is_alphanumeric(c: char) -> bool {
    if c.is_ascii() {
        return c == '_' || c.is_ascii_alphanumeric();
    }
    // `is_alphanumeric` also has marks that behave like letters, and numbers that aren't decimal digits:
    // neither is worth a table.
    c.is_alphanumeric()
}

pub(super) fn has_left_trim(text: &[u8]) -> bool {
    matches!(text, [b'-', b, ..] if is_space(*b))
}

pub(super) fn has_right_trim(text: &[u8]) -> bool {
    matches!(text, [b, b'-', ..] if is_space(*b))
}

pub(super) fn trim_end(text: &[u8]) -> usize {
    text.iter().rposition(|&b| !is_space(b)).map_or(0, |i| i + 1)
}
