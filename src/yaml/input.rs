//! The bytes of a text, checked as go-yaml's reader checks them (`readerc.go`): UTF-8, or UTF-16 with a byte
//! order mark, and no control characters.

use std::borrow::Cow;

/// How many raw bytes go-yaml takes at a time. It shows: a bad byte is only met when the scanner asks for
/// the block that holds it.
const BLOCK: usize = 512;

/// The fault of a character that the end of the text cuts. It spoils no block: go-yaml waits for the rest of the
/// character, and only finds that there is none when the scanner asks for more.
const INCOMPLETE: &str = "incomplete UTF-8 octet sequence";

/// A text that the scanner can rely on.
pub(super) struct Input<'a> {
    /// UTF-8 without byte order mark and without characters that YAML forbids. Where there is one, the text
    /// ends before the block of it; where the last character is cut, before that.
    pub text: Cow<'a, [u8]>,
    /// What is wrong with the block after the text, if something is.
    pub fault: Option<&'static str>,
    /// Line and column of that from 1, in characters; 0 if unknown.
    pub fault_place: (usize, usize),
}

impl<'a> Input<'a> {
    /// Checks a text.
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        match bytes {
            [0xFF, 0xFE, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
            [0xEF, 0xBB, 0xBF, rest @ ..] => from_utf8(rest, 3),
            _ => from_utf8(bytes, 0),
        }
    }
}

/// `skipped` bytes of the first block were a byte order mark.
fn from_utf8(bytes: &[u8], skipped: usize) -> Input<'_> {
    let Some((at, fault)) = first_fault(bytes) else {
        return Input { text: Cow::Borrowed(bytes), fault: None, fault_place: (0, 0) };
    };
    if fault == INCOMPLETE {
        let before = bytes.get(..at).unwrap_or_default();
        return Input { text: Cow::Borrowed(before), fault: Some(fault), fault_place: place(before) };
    }
    // Blocks begin where the last one had to stop, which is before a character that it cut.
    let mut start = 0;
    let mut end = BLOCK - skipped;
    while end < bytes.len() {
        let next = end - cut_bytes(bytes.get(start..end).unwrap_or_default());
        if next > at {
            break;
        }
        start = next;
        end = start + BLOCK;
    }
    Input {
        text: Cow::Borrowed(bytes.get(..start).unwrap_or_default()),
        fault: Some(fault),
        fault_place: place(bytes.get(..at).unwrap_or_default()),
    }
}

/// Line and column behind a text.
fn place(before: &[u8]) -> (usize, usize) {
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = before.get(line_start..).unwrap_or_default();
    (memchr::memchr_iter(b'\n', before).count() + 1, String::from_utf8_lossy(line).chars().count() + 1)
}

/// How many bytes at the end of a block begin a character that does not end there.
fn cut_bytes(block: &[u8]) -> usize {
    let Some((back, first)) = (1..4).zip(block.iter().rev()).find(|(_, b)| **b & 0xC0 != 0x80) else {
        return 0;
    };
    let width = match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    };
    if width > back { back } else { 0 }
}

/// The first byte that go-yaml refuses, with its words.
fn first_fault(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let (valid, utf8_fault) = match std::str::from_utf8(bytes) {
        Ok(_) => (bytes, None),
        Err(e) => {
            let at = e.valid_up_to();
            let (valid, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
            (valid, Some((at, utf8_words(rest))))
        }
    };
    first_control(valid).map(|at| (at, "control characters are not allowed")).or(utf8_fault)
}

/// What go-yaml says of the bad sequence at the start of these bytes.
fn utf8_words(bytes: &[u8]) -> &'static str {
    let (width, first) = match bytes.first() {
        Some(b) if b & 0xE0 == 0xC0 => (2, u32::from(b & 0x1F)),
        Some(b) if b & 0xF0 == 0xE0 => (3, u32::from(b & 0x0F)),
        Some(b) if b & 0xF8 == 0xF0 => (4, u32::from(b & 0x07)),
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(tail) = bytes.get(1..width) else {
        return INCOMPLETE;
    };
    let mut value = first;
    for b in tail {
        if b & 0xC0 != 0x80 {
            return "invalid trailing UTF-8 octet";
        }
        value = value << 6 | u32::from(b & 0x3F);
    }
    let least = [0, 0, 0x80, 0x800, 0x1_0000];
    if least.get(width).is_some_and(|least| value < *least) {
        return "invalid length of a UTF-8 sequence";
    }
    "invalid Unicode character"
}

/// The first character, in valid UTF-8, outside of what YAML 1.1 allows: controls but tab, LF, CR and NEL,
/// and U+FFFE and U+FFFF.
fn first_control(bytes: &[u8]) -> Option<usize> {
    let bad = |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7F;
    let mut ascii = None;
    for (i, block) in bytes.chunks(64).enumerate() {
        // Without an early exit the compiler makes vector code of this.
        if block.iter().fold(false, |any, &b| any | bad(b)) {
            ascii = block.iter().position(|&b| bad(b)).map(|at| i * 64 + at);
            break;
        }
    }
    let within = ascii.map_or(bytes, |at| bytes.get(..at).unwrap_or(bytes));
    let wide = memchr::memchr2_iter(0xC2, 0xEF, within).find(|&at| match within.get(at..) {
        Some([0xC2, b, ..]) => (0x80..0xA0).contains(b) && *b != 0x85,
        Some([0xEF, 0xBF, b, ..]) => *b >= 0xBE,
        _ => false,
    });
    wide.or(ascii)
}

/// Whether a text has line breaks other than LF: CR, NEL, LS or PS.
pub(super) fn has_odd_breaks(text: &[u8]) -> bool {
    memchr::memchr(b'\r', text).is_some()
        || !text.is_ascii()
            && memchr::memchr2_iter(0xC2, 0xE2, text)
                .any(|at| matches!(text.get(at..), Some([0xC2, 0x85, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..])))
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Input<'static> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut units = bytes.chunks(2).map(|pair| match pair {
        [a, b] => Some(unit([*a, *b])),
        _ => None,
    });
    let fault = loop {
        let value = match units.next() {
            None => break None,
            Some(None) => break Some("incomplete UTF-16 character"),
            Some(Some(u)) if u & 0xFC00 == 0xDC00 => break Some("unexpected low surrogate area"),
            Some(Some(high)) if high & 0xFC00 == 0xD800 => match units.next() {
                Some(Some(low)) if low & 0xFC00 == 0xDC00 => {
                    0x1_0000 + ((u32::from(high) & 0x3FF) << 10 | u32::from(low) & 0x3FF)
                }
                Some(Some(_)) => break Some("expected low surrogate area"),
                _ => break Some("incomplete UTF-16 surrogate pair"),
            },
            Some(Some(u)) => u32::from(u),
        };
        let Some(c) = char::from_u32(value) else {
            break Some("invalid Unicode character");
        };
        let mut buffer = [0; 4];
        let encoded = c.encode_utf8(&mut buffer).as_bytes();
        if first_control(encoded).is_some() {
            break Some("control characters are not allowed");
        }
        text.extend_from_slice(encoded);
    };
    if fault.is_some_and(|fault| !fault.starts_with("incomplete")) {
        // A fault spoils its whole block.
        let mut keep = text.len() - text.len() % (BLOCK / 2);
        keep -= cut_bytes(text.get(..keep).unwrap_or_default());
        text.truncate(keep);
    }
    Input { text: Cow::Owned(text), fault, fault_place: (0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_before_the_block_of_a_bad_byte() {
        let mut bytes = vec![b'a'; 2000];
        bytes[1500] = 7;
        let input = Input::new(&bytes);
        assert_eq!(input.text.len(), 1024);
        assert_eq!(input.fault, Some("control characters are not allowed"));
    }

    #[test]
    fn bytes_that_continue_no_character_belong_to_the_block_they_stand_in() {
        let mut bytes = vec![b'a'; 600];
        bytes[500..590].fill(0xB1);
        let input = Input::new(&bytes);
        assert_eq!((input.text.len(), input.fault), (0, Some("invalid leading UTF-8 octet")));
        // A character that stands across the end is only looked at in the next block.
        let mut bytes = vec![b'a'; 600];
        bytes[511] = 0xE3;
        let input = Input::new(&bytes);
        assert_eq!((input.text.len(), input.fault), (511, Some("invalid trailing UTF-8 octet")));
    }

    #[test]
    fn a_text_ends_before_a_character_that_is_cut() {
        let input = Input::new(b"a: 1\n\xe3\x81");
        assert_eq!((&*input.text, input.fault), (&b"a: 1\n"[..], Some(INCOMPLETE)));
        let input = Input::new(b"\xff\xfea\0b");
        assert_eq!((&*input.text, input.fault), (&b"a"[..], Some("incomplete UTF-16 character")));
    }

    #[test]
    fn next_line_is_allowed_and_other_c1_controls_are_not() {
        assert_eq!(Input::new("a\u{85}b".as_bytes()).fault, None);
        assert!(Input::new("a\u{86}b".as_bytes()).fault.is_some());
        assert!(Input::new("a\u{FFFE}b".as_bytes()).fault.is_some());
        assert_eq!(Input::new("a\u{FEFF}b\u{1F600}".as_bytes()).fault, None);
    }

    #[test]
    fn utf16_is_read() {
        let input = Input::new(b"\xff\xfea\0:\0 \0\x3d\xd8\x00\xde");
        assert_eq!(&*input.text, "a: \u{1F600}".as_bytes());
        assert!(Input::new(b"\xfe\xff\0a\0").fault.is_some());
    }
}
