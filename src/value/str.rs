use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// A Go string: shared, immutable bytes that are most often, but not always, UTF-8.
///
/// Whether they are is known once and for all when the string is made, so [`Str::as_str`] is free. Only a string that
/// is made late ([`Str::late`]) may take its time, the first time that somebody looks at it in any way.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Text(Arc<str>),
    Raw(Arc<[u8]>),
    Late(Arc<Late>),
}

struct Late {
    /// About how many bytes it will have.
    weight: usize,
    text: LazyLock<Str, Box<dyn FnOnce() -> Str + Send>>,
}

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str(Repr::Static(""));

    /// A string that costs nothing to make.
    pub const fn from_static(s: &'static str) -> Str {
        Str(Repr::Static(s))
    }

    /// A string of any bytes.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Str {
        let bytes = bytes.as_ref();
        match std::str::from_utf8(bytes) {
            Ok(s) => Str(Repr::Text(s.into())),
            Err(_) => Str(Repr::Raw(bytes.into())),
        }
    }

    /// A string of about so many bytes that is made when somebody looks at it: charts make keys that they then don't
    /// use.
    pub fn late(weight: usize, make: impl FnOnce() -> Str + Send + 'static) -> Str {
        Str(Repr::Late(Arc::new(Late { weight, text: LazyLock::new(Box::new(make)) })))
    }

    /// Whether it is one of those strings, and isn't made yet.
    pub fn is_waiting(&self) -> bool {
        matches!(&self.0, Repr::Late(late) if LazyLock::get(&late.text).is_none())
    }

    /// Whether both share their bytes, told without looking at them.
    pub(crate) fn is_shared(&self, other: &Str) -> bool {
        match (&self.0, &other.0) {
            (Repr::Late(a), Repr::Late(b)) => Arc::ptr_eq(a, b),
            (Repr::Late(_), _) | (_, Repr::Late(_)) => false,
            _ => std::ptr::eq(self.as_bytes(), other.as_bytes()),
        }
    }

    /// Its length in bytes, or about that if it would have to be made first.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Repr::Late(late) if self.is_waiting() => late.weight,
            _ => self.len(),
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Static(s) => s.as_bytes(),
            Repr::Text(s) => s.as_bytes(),
            Repr::Raw(b) => b,
            Repr::Late(s) => s.text.as_bytes(),
        }
    }

    /// The text, if the bytes are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Static(s) => Some(s),
            Repr::Text(s) => Some(s),
            Repr::Raw(_) => None,
            Repr::Late(s) => s.text.as_str(),
        }
    }

    /// The text, each bad byte replaced by U+FFFD as Go's `range` and `encoding/json` do (one
    /// replacement a byte, where Rust's lossy conversion makes one a sequence).
    pub fn to_text(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Static(s) => Cow::Borrowed(s),
            Repr::Text(s) => Cow::Borrowed(s),
            Repr::Raw(b) => Cow::Owned(replace_bad_bytes(b)),
            Repr::Late(s) => s.text.to_text(),
        }
    }

    /// The text as a shared string; free if the bytes are shared UTF-8 already.
    pub fn to_arc(&self) -> Arc<str> {
        match &self.0 {
            Repr::Text(s) => s.clone(),
            Repr::Late(s) => s.text.to_arc(),
            _ => self.to_text().as_ref().into(),
        }
    }

    /// Length in bytes, as Go's `len`.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

fn replace_bad_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('\u{FFFD}', chunk.invalid().len()));
    }
    text
}

impl Default for Str {
    fn default() -> Str {
        Str::EMPTY
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl From<&str> for Str {
    fn from(s: &str) -> Str {
        Str(Repr::Text(s.into()))
    }
}

impl From<String> for Str {
    fn from(s: String) -> Str {
        Str(Repr::Text(s.into()))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(s: Cow<'_, str>) -> Str {
        Str(Repr::Text(s.into()))
    }
}

impl From<Arc<str>> for Str {
    fn from(s: Arc<str>) -> Str {
        Str(Repr::Text(s))
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Str {
        Str::from_bytes(bytes)
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Str {
        Str::from_bytes(bytes)
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Str) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Str) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_become_one_replacement_each() {
        let s = Str::from_bytes(b"a\xe2\x82b\xff");
        assert_eq!(s.as_str(), None);
        assert_eq!(s.to_text(), "a\u{FFFD}\u{FFFD}b\u{FFFD}");
    }

    #[test]
    fn a_late_string_is_made_once_and_only_if_it_is_looked_at() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let s = Str::late(3, || {
            MADE.fetch_add(1, Ordering::Relaxed);
            Str::from("key")
        });
        let other = s.clone();
        assert!(other.is_waiting());
        assert_eq!(other.weight(), 3);
        assert_eq!(MADE.load(Ordering::Relaxed), 0);
        assert_eq!(s, "key");
        assert_eq!(other.to_arc().as_ref(), "key");
        assert_eq!(other.len(), 3);
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
        assert!(!other.is_waiting());
    }
}
