//! Secrets, hidden from whoever reads a review.
//!
//! A secret is shown as `<secret 3f9a12>`: equal ones look equal, changed ones look changed, and neither the value
//! nor its length can be told. The digits are a keyed hash, and the key is made anew in each run, so that nobody can
//! try passwords until the digits fit.
//!
//! What is a secret:
//! - all of `data` and `stringData` of a Secret;
//! - what stands under a name that says so ([`names`]): in fields, environment variables, annotations, values, and
//!   within JSON, YAML and other settings in strings ([`walk`], [`lines`]);
//! - what has the shape of one ([`shapes`]): private keys, tokens, passwords in addresses;
//! - all of these wherever else they stand ([`taint`]).

mod context;
mod lines;
mod names;
mod public;
mod shapes;
mod taint;
mod walk;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::diagnostic::{Error, Result};
use crate::manifest::object::Object;
use crate::value::{Map, Str, Value};
use crate::yaml;

use self::context::Context;
use self::shapes::Shapes;
use self::taint::{Known, Public, Taint};
use self::walk::{Sink, Walk};

pub(super) use self::context::Contexts;

/// What a hidden secret begins with.
const MASK: &str = "<secret ";

/// Finds the secrets of both sides, before [`Hider`] hides them.
pub(super) struct Finder {
    known: Known,
    public: Public,
    names: HashSet<Vec<u8>>,
    shapes: Shapes,
}

impl Finder {
    /// A finder that knows none.
    ///
    /// # Errors
    /// When the expressions can't be compiled.
    pub fn new() -> Result<Finder> {
        let shapes = Shapes::new().map_err(|e| Error::new(format!("secrets can't be looked for: {e}")))?;
        Ok(Finder { known: Known::default(), public: Public::default(), names: HashSet::new(), shapes })
    }

    /// Learns the names of an object, and what it holds if it is a Secret.
    pub fn side_object(&mut self, object: &Object) {
        self.public(&object.id.name);
        self.public(&object.id.namespace);
        self.public(&object.id.kind);
        if is_secret(object) {
            self.names.insert(object.id.name.as_bytes().to_vec());
            self.find(&object.value, true);
        }
    }

    /// Learns what an object that is shown holds.
    pub fn shown_object(&mut self, object: &Object) {
        if !is_secret(object) {
            public::words(&object.value, &mut |word| self.public.add(word));
            self.find(&object.value, false);
        }
    }

    /// Learns values of a chart or of the user.
    pub fn values(&mut self, values: &Map) {
        self.find(&Value::Map(values.clone()), false);
    }

    /// Learns a word that is no secret, even if some Secret holds it.
    pub fn public(&mut self, name: &str) {
        self.public.add(name);
    }

    fn find(&mut self, value: &Value, sure: bool) {
        let mut sink = Gather { known: &mut self.known, shapes: &self.shapes, sure };
        Walk { sink: &mut sink, names: &self.names }.value(value, Context::ROOT);
    }

    /// The hider of all that was found. A warning says if there were too many to look for.
    ///
    /// # Errors
    /// When there is no randomness for the key, or too much to look for.
    pub fn finish(self, warnings: &mut Vec<String>) -> Result<Hider> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| Error::new(format!("no key to hide secrets with: {e}")))?;
        if self.known.too_many {
            warnings.push(
                "there are too many secrets to look for each of them elsewhere: some are only hidden where they stand"
                    .into(),
            );
        }
        let mac = Hmac::<Sha256>::new_from_slice(&key)
            .map_err(|e| Error::new(format!("no key to hide secrets with: {e}")))?;
        Ok(Hider { mac, shapes: self.shapes, taint: self.known.build(&self.public)?, names: self.names })
    }
}

fn is_secret(object: &Object) -> bool {
    &*object.id.kind == "Secret" && object.id.group.is_empty()
}

/// Takes note of secrets.
struct Gather<'a> {
    known: &'a mut Known,
    shapes: &'a Shapes,
    /// Whether all of it stands in a Secret.
    sure: bool,
}

impl Sink for Gather<'_> {
    fn secret(&mut self, secret: &[u8], within: bool) -> Str {
        self.known.add(secret, self.sure);
        if within {
            // A secret text may hold smaller secrets: the passwords of a configuration file.
            let mut found = Vec::new();
            lines::find(secret, &mut found);
            self.shapes.find(secret, &mut found);
            found
                .into_iter()
                .filter_map(|range| secret.get(range))
                .for_each(|secret| self.known.add(secret, false));
        }
        Str::EMPTY
    }

    fn text(&mut self, text: &[u8], settings: bool) -> Option<Str> {
        let mut found = Vec::new();
        if settings {
            lines::find(text, &mut found);
        }
        self.shapes.find(text, &mut found);
        found
            .into_iter()
            .filter_map(|range| text.get(range))
            .for_each(|secret| self.known.add(secret, false));
        None
    }
}

/// Where a secret stands in a text, and which, if it is a known one.
type Span<'a> = (Range<usize>, Option<&'a Arc<[u8]>>);

/// Hides secrets.
pub(super) struct Hider {
    mac: Hmac<Sha256>,
    shapes: Shapes,
    taint: Taint,
    /// The names of all Secrets.
    names: HashSet<Vec<u8>>,
}

impl Hider {
    /// What is shown instead of a secret.
    fn mask(&self, secret: &[u8]) -> String {
        let mut mac = self.mac.clone();
        mac.update(secret);
        let digest = mac.finalize().into_bytes();
        let digits: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
        format!("{MASK}{digits}>")
    }

    /// A value, with its secrets hidden; `None` if it has none.
    pub fn value(&self, value: &Value, context: Context) -> Option<Value> {
        Walk { sink: &mut &*self, names: &self.names }.value(value, context)
    }

    /// An object with its secrets hidden, and whether there were any. Its text is printed anew.
    pub fn object(&self, object: &Object) -> (Arc<Object>, bool) {
        let hidden = self.value(&object.value, Context::ROOT);
        let is_hidden = hidden.is_some();
        let mut object = object.clone();
        object.value = hidden.unwrap_or(object.value);
        let text = yaml::to_yaml(&object.value).unwrap_or_default();
        let length = text.len();
        object.text = (text.into(), 0..length);
        (Arc::new(object), is_hidden)
    }

    /// A text for the reader, with known secrets and what looks like one hidden.
    pub fn message<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.spans(text.as_bytes(), false) {
            Some(hidden) => Cow::Owned(String::from_utf8_lossy(&hidden).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// A text with the secrets in it hidden; `None` if there are none. `settings`: also the values of names.
    fn spans(&self, text: &[u8], settings: bool) -> Option<Vec<u8>> {
        let mut found: Vec<Span<'_>> = self.taint.find(text).collect();
        let mut ranges = Vec::new();
        if settings {
            lines::find(text, &mut ranges);
        }
        self.shapes.find(text, &mut ranges);
        found.extend(ranges.into_iter().map(|range| (range, None)));
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|(range, secret)| (range.start, std::cmp::Reverse(range.end), secret.is_none()));
        let mut merged: Vec<Span<'_>> = Vec::with_capacity(found.len());
        for (range, secret) in found {
            match merged.last_mut() {
                Some((last, _)) if range.end <= last.end => {}
                Some((last, whole)) if range.start < last.end => {
                    last.end = range.end;
                    *whole = None;
                }
                _ => merged.push((range, secret)),
            }
        }
        let mut hidden = Vec::with_capacity(text.len());
        let mut from = 0;
        for (range, secret) in merged {
            let own = text.get(range.clone()).unwrap_or_default();
            hidden.extend_from_slice(text.get(from..range.start).unwrap_or_default());
            hidden.extend_from_slice(self.mask(secret.map_or(own, |secret| secret)).as_bytes());
            from = range.end;
        }
        hidden.extend_from_slice(text.get(from..).unwrap_or_default());
        Some(hidden)
    }
}

impl Sink for &Hider {
    fn secret(&mut self, secret: &[u8], _: bool) -> Str {
        self.mask(secret).into()
    }

    fn text(&mut self, text: &[u8], settings: bool) -> Option<Str> {
        self.spans(text, settings).map(Str::from_bytes)
    }
}

/// Whether a text under a secret-looking name gives nothing away: empty, a truth value, a reference to where the
/// secret is, a command that gets it, or hidden already.
fn is_harmless(text: &[u8]) -> bool {
    const WORDS: &[&str] = &["true", "false", "null", "none", "nil", "~", "yes", "no", "on", "off"];
    const BEGINNINGS: &[&str] = &["/var/run/secrets/", "/run/secrets/", "/etc/", "$("];
    let text = text.trim_ascii();
    text.is_empty()
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning.as_bytes()))
        || taint::is_path(text)
        || text.starts_with(MASK.as_bytes())
        || is_reference(text)
}

/// Whether a text only names where its value comes from: `$(NAME)`, `${NAME}`, `$NAME`, `{{ name }}`, `<name>`.
fn is_reference(text: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    };
    let within =
        |open: &[u8], close: &[u8]| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    within(b"$(", b")").is_some_and(is_name)
        || within(b"${", b"}").is_some_and(|name| is_name(name.strip_suffix(b":-").unwrap_or(name)))
        || within(b"{{", b"}}").is_some_and(|inner| memchr::memmem::find(inner, b"}}").is_none())
        || text.strip_prefix(b"$").is_some_and(|name| {
            name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_') && is_name(name)
        })
}

#[cfg(test)]
mod tests;
