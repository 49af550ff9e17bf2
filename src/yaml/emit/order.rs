//! The "natural" order of keys that go-yaml writes (`sorter.go`, `keyList.Less`).
//!
//! It is no order in the mathematical sense: in version 2, `1a` < `9` < `10` < `1a`. What Go makes of such
//! keys depends on the random order of its maps. So no sort of the standard library may be used, which may
//! panic then; ours is a merge sort and always gives the same.

use std::sync::LazyLock;

use super::Version;

/// Sorts entries by their keys.
pub(super) fn sort<T>(entries: &mut Vec<T>, key: impl Fn(&T) -> &[u8], version: Version) {
    // Letters alone sort by their bytes, which they do already.
    if entries.len() < 2 || entries.iter().all(|e| key(e).iter().all(u8::is_ascii_alphabetic)) {
        return;
    }
    let less = |a: &T, b: &T| is_less(key(a), key(b), version);
    let mut width = 1;
    while width < entries.len() {
        let mut merged = Vec::with_capacity(entries.len());
        let mut rest = std::mem::take(entries).into_iter();
        loop {
            let mut left = rest.by_ref().take(width).collect::<Vec<_>>().into_iter().peekable();
            if left.peek().is_none() {
                break;
            }
            let mut right = rest.by_ref().take(width).collect::<Vec<_>>().into_iter().peekable();
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                merged.extend(if less(b, a) { right.next() } else { left.next() });
            }
            merged.extend(left);
            merged.extend(right);
        }
        *entries = merged;
        width *= 2;
    }
}

fn is_less(a: &[u8], b: &[u8], version: Version) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return compare(Ascii(a), Ascii(b), version);
    }
    let a: Vec<char> = String::from_utf8_lossy(a).chars().collect();
    let b: Vec<char> = String::from_utf8_lossy(b).chars().collect();
    compare(Chars(&a), Chars(&b), version)
}

/// A text as a row of characters.
trait Text: Copy {
    fn at(self, i: usize) -> Option<char>;
}

#[derive(Clone, Copy)]
struct Ascii<'t>(&'t [u8]);
#[derive(Clone, Copy)]
struct Chars<'t>(&'t [char]);

impl Text for Ascii<'_> {
    fn at(self, i: usize) -> Option<char> {
        self.0.get(i).map(|b| char::from(*b))
    }
}

impl Text for Chars<'_> {
    fn at(self, i: usize) -> Option<char> {
        self.0.get(i).copied()
    }
}

fn compare<T: Text>(a: T, b: T, version: Version) -> bool {
    let mut after_digit = false;
    let mut i = 0;
    let (x, y) = loop {
        match (a.at(i), b.at(i)) {
            (Some(x), Some(y)) if x == y => {
                after_digit = is_digit(x);
                i += 1;
            }
            (Some(x), Some(y)) => break (x, y),
            (x, _) => return x.is_none() && b.at(i).is_some(),
        }
    };
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x < y,
        (false, false) => {}
        // A letter comes behind everything else; in version 3, behind a digit, before everything else.
        (x_is_letter, y_is_letter) => {
            return if version == Version::V3 && after_digit { x_is_letter } else { y_is_letter };
        }
    }
    // Numbers are compared as such. Where a zero stands first, a digit before that isn't one makes both
    // count as if a 1 stood before them.
    let mut start = 0i64;
    if x == '0' || y == '0' {
        let before = (0..i).rev().map_while(|j| a.at(j).filter(|c| is_digit(*c)));
        start = i64::from(before.into_iter().any(|c| c != '0'));
    }
    let (a_number, a_end) = number(a, i, start);
    let (b_number, b_end) = number(b, i, start);
    if a_number != b_number {
        a_number < b_number
    } else if a_end != b_end {
        a_end < b_end
    } else {
        x < y
    }
}

/// The number whose digits begin at `i`, and where they end. It overflows as Go's does.
fn number<T: Text>(text: T, mut i: usize, start: i64) -> (i64, usize) {
    let mut n = start;
    while let Some(c) = text.at(i).filter(|c| is_digit(*c)) {
        n = n.wrapping_mul(10).wrapping_add(i64::from(u32::from(c)) - i64::from(u32::from('0')));
        i += 1;
    }
    (n, i)
}

/// Ranges of characters, sorted.
type Class = Vec<(char, char)>;

/// Go's `unicode.L`.
static LETTERS: LazyLock<Class> = LazyLock::new(|| class(r"\p{L}"));
/// Go's `unicode.Nd`.
static DIGITS: LazyLock<Class> = LazyLock::new(|| class(r"\p{Nd}"));

fn class(pattern: &str) -> Class {
    use regex_syntax::hir::{Class, HirKind};
    match regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.ranges().iter().map(|r| (r.start(), r.end())).collect()
        }
        _ => Vec::new(),
    }
}

fn contains(class: &Class, c: char) -> bool {
    let after = class.partition_point(|(start, _)| *start <= c);
    after.checked_sub(1).and_then(|i| class.get(i)).is_some_and(|(_, end)| c <= *end)
}

fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { contains(&LETTERS, c) }
}

fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { contains(&DIGITS, c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(keys: &[&str], version: Version) -> Vec<String> {
        let mut keys: Vec<String> = keys.iter().map(|k| (*k).to_string()).collect();
        sort(&mut keys, |k| k.as_bytes(), version);
        keys
    }

    #[test]
    fn numbers_in_keys_are_compared_as_numbers() {
        assert_eq!(sorted(&["a10", "a2", "a1", "b"], Version::V2), ["a1", "a2", "a10", "b"]);
        assert_eq!(sorted(&["a01", "a1", "a001"], Version::V2), ["a1", "a01", "a001"]);
    }

    #[test]
    fn letters_come_last_in_version_2() {
        assert_eq!(sorted(&["aB", "X1", "a-b", "9", "_a"], Version::V2), ["_a", "9", "X1", "a-b", "aB"]);
    }

    #[test]
    fn keys_without_an_order_do_no_harm() {
        for version in [Version::V2, Version::V3] {
            let keys: Vec<String> = (0..200)
                .map(|i| ["9", "10", "1a", "v2", "v10", "v1alpha1"][i % 6].to_string() + &"x".repeat(i / 50))
                .collect();
            let names: Vec<&str> = keys.iter().map(String::as_str).collect();
            assert_eq!(sorted(&names, version).len(), 200);
        }
    }

    #[test]
    fn letters_of_any_script_are_letters() {
        assert!(is_letter('é') && is_letter('日') && !is_letter('Ⅷ') && !is_letter('€') && is_digit('٣'));
    }
}
