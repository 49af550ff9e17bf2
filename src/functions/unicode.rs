//! Go's `unicode` and `unicode/utf8` where Rust's differ: general categories instead of derived properties,
//! simple case mappings (one character to one) instead of full ones, and one error a bad byte.

use std::sync::OnceLock;

/// The first character of some bytes and its length; U+FFFD and 1 if they don't start with UTF-8, as
/// `utf8.DecodeRune`. Of no bytes, U+FFFD and 0.
pub fn decode(bytes: &[u8]) -> (char, usize) {
    match bytes {
        [] => ('\u{FFFD}', 0),
        [b, ..] if b.is_ascii() => (char::from(*b), 1),
        _ => {
            let head = bytes.get(..4).unwrap_or(bytes);
            let valid = match std::str::from_utf8(head) {
                Ok(s) => s,
                Err(e) => head.get(..e.valid_up_to()).and_then(|h| std::str::from_utf8(h).ok()).unwrap_or(""),
            };
            valid.chars().next().map_or(('\u{FFFD}', 1), |c| (c, c.len_utf8()))
        }
    }
}

/// The last character of some bytes and its length; U+FFFD and 1 if they don't end with UTF-8, as
/// `utf8.DecodeLastRune`. Of no bytes, U+FFFD and 0.
pub fn decode_last(bytes: &[u8]) -> (char, usize) {
    if bytes.is_empty() {
        return ('\u{FFFD}', 0);
    }
    for length in 1..=bytes.len().min(4) {
        let tail = bytes.get(bytes.len() - length..).unwrap_or_default();
        let (c, n) = decode(tail);
        if n == length && (c != '\u{FFFD}' || n == 3) {
            return (c, n);
        }
    }
    ('\u{FFFD}', 1)
}

/// `unicode.ToUpper`: the simple mapping.
pub fn to_upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    // Letters with an iota subscript: their full mapping is two letters, their simple one the title case.
    match c {
        '\u{1F80}'..='\u{1F87}' | '\u{1F90}'..='\u{1F97}' | '\u{1FA0}'..='\u{1FA7}' => shift(c, 8),
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => shift(c, 9),
        _ => only(c, c.to_uppercase()),
    }
}

/// `unicode.ToLower`: the simple mapping.
pub fn to_lower(c: char) -> char {
    match c {
        c if c.is_ascii() => c.to_ascii_lowercase(),
        '\u{130}' => 'i',
        c => only(c, c.to_lowercase()),
    }
}

/// `unicode.ToTitle`: the simple mapping.
pub fn to_title(c: char) -> char {
    match c {
        '\u{1C4}'..='\u{1C6}' => '\u{1C5}',
        '\u{1C7}'..='\u{1C9}' => '\u{1C8}',
        '\u{1CA}'..='\u{1CC}' => '\u{1CB}',
        '\u{1F1}'..='\u{1F3}' => '\u{1F2}',
        // Georgian has capitals, but they don't begin words.
        '\u{10D0}'..='\u{10FF}' => c,
        c => to_upper(c),
    }
}

fn shift(c: char, by: u32) -> char {
    char::from_u32(u32::from(c) + by).unwrap_or(c)
}

fn only(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(m), None) => m,
        _ => c,
    }
}

/// A general category's characters, read from the tables of `regex-syntax` once.
struct Category {
    name: &'static str,
    ranges: OnceLock<Vec<(u32, u32)>>,
}

impl Category {
    const fn new(name: &'static str) -> Category {
        Category { name, ranges: OnceLock::new() }
    }

    fn contains(&self, c: char) -> bool {
        let ranges = self.ranges.get_or_init(|| {
            let Ok(hir) = regex_syntax::parse(&format!(r"\p{{{}}}", self.name)) else { return Vec::new() };
            match hir.kind() {
                regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                    class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
                }
                _ => Vec::new(),
            }
        });
        let c = u32::from(c);
        let i = ranges.partition_point(|&(start, _)| start <= c);
        i > 0 && ranges.get(i - 1).is_some_and(|&(_, end)| c <= end)
    }
}

/// `unicode.IsLetter`
pub fn is_letter(c: char) -> bool {
    static L: Category = Category::new("L");
    if c.is_ascii() { c.is_ascii_alphabetic() } else { L.contains(c) }
}

/// `unicode.IsUpper`
pub fn is_upper(c: char) -> bool {
    static LU: Category = Category::new("Lu");
    if c.is_ascii() { c.is_ascii_uppercase() } else { LU.contains(c) }
}

/// `unicode.IsLower`
pub fn is_lower(c: char) -> bool {
    static LL: Category = Category::new("Ll");
    if c.is_ascii() { c.is_ascii_lowercase() } else { LL.contains(c) }
}

/// `unicode.IsTitle`
pub fn is_title(c: char) -> bool {
    static LT: Category = Category::new("Lt");
    !c.is_ascii() && LT.contains(c)
}

/// `unicode.IsDigit`
pub fn is_digit(c: char) -> bool {
    static ND: Category = Category::new("Nd");
    if c.is_ascii() { c.is_ascii_digit() } else { ND.contains(c) }
}

/// `unicode.IsNumber`
pub fn is_number(c: char) -> bool {
    c.is_numeric()
}

/// `unicode.IsPunct`
pub fn is_punct(c: char) -> bool {
    static P: Category = Category::new("P");
    // ASCII's `$+<=>^`|~` are symbols.
    if c.is_ascii() { c.is_ascii_punctuation() && !b"$+<=>^`|~".contains(&(c as u8)) } else { P.contains(c) }
}

/// `unicode.IsSpace`
pub fn is_space(c: char) -> bool {
    c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_counts_each_bad_byte() {
        assert_eq!(decode("é".as_bytes()), ('é', 2));
        assert_eq!(decode(b"\xc3"), ('\u{FFFD}', 1));
        assert_eq!(decode(b"\xe2\x82b"), ('\u{FFFD}', 1));
        assert_eq!(decode_last("aé".as_bytes()), ('é', 2));
        assert_eq!(decode_last(b"a\xff"), ('\u{FFFD}', 1));
        assert_eq!(decode_last("\u{FFFD}".as_bytes()), ('\u{FFFD}', 3));
        assert_eq!(decode_last("🎉".as_bytes()), ('🎉', 4));
    }

    #[test]
    fn case_mappings_are_one_to_one() {
        assert_eq!(to_upper('ß'), 'ß');
        assert_eq!(to_upper('ŉ'), 'ŉ');
        assert_eq!(to_upper('\u{1F80}'), '\u{1F88}');
        assert_eq!(to_upper('é'), 'É');
        assert_eq!(to_lower('İ'), 'i');
        assert_eq!(to_title('ǆ'), 'ǅ');
        assert_eq!(to_upper('ǆ'), 'Ǆ');
    }

    #[test]
    fn categories_are_the_general_ones() {
        assert!(is_letter('ª') && !is_lower('ª'));
        assert!(is_number('Ⅷ') && !is_upper('Ⅷ'));
        assert!(is_punct('-') && !is_punct('+') && is_punct('—'));
    }
}
