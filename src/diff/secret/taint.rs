//! Known secrets wherever else they stand: what a Secret holds is hidden in arguments, annotations, messages, too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

use crate::diagnostic::{Error, Result};
use crate::json::{self, Escape};

/// Shorter ones are only hidden where they stand: they are found everywhere.
const MIN_BYTES: usize = 6;
/// Symbols of base64 that tell a secret within encoded text.
const MIN_SYMBOLS: usize = 8;
/// How many secrets are looked for elsewhere, and how many bytes of them. What is beyond is only hidden where it
/// stands, and a warning says so.
const MAX_SECRETS: usize = 50_000;
const MAX_BYTES: usize = 4 << 20;
/// Longer spellings are looked for by their beginning.
const MAX_NEEDLE: usize = 64;
/// How many spellings of the same beginning are compared to the end.
const MAX_ALIKE: usize = 16;

/// Words that a Secret may hold and that are everywhere.
const COMMON: &[&str] = &[
    "default",
    "password",
    "secret",
    "username",
    "localhost",
    "enabled",
    "disabled",
    "cluster",
    "production",
    "development",
    "staging",
    "service",
    "postgres",
    "postgresql",
    "gateway",
    "release",
    "kubernetes",
    "Opaque",
    "Deployment",
    "restart",
    "restarts",
    "changes",
    "changed",
    "because",
    "metadata",
    "labels",
    "version",
    "values",
    "template",
    "container",
    "containers",
    "replicas",
    "traffic",
    "public",
    "system",
    "cluster.local",
    "https://",
    "http://",
    "127.0.0.1",
    "0.0.0.0",
];

/// The secrets that are known, gathered before they are looked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    secrets: BTreeSet<Vec<u8>>,
    bytes: usize,
    /// Whether there were more than are looked for.
    pub too_many: bool,
}

impl Known {
    /// Adds a secret, unless it is too short, too common or no secret. `sure`: it stands in a Secret; elsewhere words
    /// and paths are only hidden in their place.
    pub fn add(&mut self, secret: &[u8], sure: bool) {
        let secret = secret.trim_ascii();
        if secret.len() < MIN_BYTES
            || !sure && is_word(secret)
            || is_path(secret)
            || COMMON.iter().any(|word| secret.eq_ignore_ascii_case(word.as_bytes()))
            || super::is_harmless(secret)
            || is_certificate(secret)
        {
            return;
        }
        if self.secrets.contains(secret) {
            return;
        }
        if self.secrets.len() >= MAX_SECRETS || self.bytes + secret.len() > MAX_BYTES {
            self.too_many = true;
            return;
        }
        self.bytes += secret.len();
        self.secrets.insert(secret.to_vec());
    }

    /// Makes ready to look for them. Those within what anyone may see, as names of objects, are left out: hiding
    /// them would hide the review.
    ///
    /// # Errors
    /// When there are too many to look for.
    pub fn build(self, public: &Public) -> Result<Taint> {
        let mut needles: BTreeMap<Vec<u8>, Vec<Form>> = BTreeMap::new();
        for secret in self.secrets {
            if public.0.contains(secret.as_slice()) {
                continue;
            }
            let owner: Arc<[u8]> = secret.into();
            for text in forms(&owner) {
                let needle = text.get(..MAX_NEEDLE).unwrap_or(&text).to_vec();
                needles.entry(needle).or_default().push(Form { text, secret: owner.clone() });
            }
        }
        if needles.is_empty() {
            return Ok(Taint::default());
        }
        let search = AhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .build(needles.keys())
            .map_err(|e| Error::new(format!("secrets can't be looked for: {e}")))?;
        Ok(Taint { search: Some(search), forms: needles.into_values().collect() })
    }
}

/// What anyone may see: names of objects, and the parts of them that are words.
#[derive(Debug, Default)]
pub(super) struct Public(HashSet<Vec<u8>>);

impl Public {
    /// Adds a name: as it is, and each sequence of its words.
    pub fn add(&mut self, name: &str) {
        const MAX_WORDS: usize = 8;
        if name.is_empty() || name.len() > 300 || !self.0.insert(name.as_bytes().to_vec()) {
            return;
        }
        let is_end = |c: char| matches!(c, '-' | '.' | ':' | '/' | '@' | '_' | ' ');
        let starts =
            std::iter::once(0).chain(name.char_indices().filter(|(_, c)| is_end(*c)).map(|(i, _)| i + 1));
        for start in starts {
            let rest = name.get(start..).unwrap_or_default();
            let ends = rest.char_indices().filter(|(_, c)| is_end(*c)).map(|(i, _)| i);
            for end in ends.chain([rest.len()]).take(MAX_WORDS) {
                self.0.insert(rest.as_bytes().get(..end).unwrap_or_default().to_vec());
            }
        }
    }
}

/// All spellings in which a secret is looked for: as it is, as JSON writes it, and in base64, alone or within a
/// longer text that is encoded.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    if let Ok(text) = std::str::from_utf8(secret) {
        for escape in [Escape::None, Escape::Html] {
            let mut quoted = String::new();
            json::write_string(&mut quoted, text, escape);
            let inner = quoted.trim_start_matches('"').trim_end_matches('"');
            if inner.len() >= MIN_BYTES && inner != text {
                forms.push(inner.as_bytes().to_vec());
            }
        }
    }
    let mut add = |form: &str| {
        if form.len() >= MIN_SYMBOLS {
            forms.push(form.as_bytes().to_vec());
        }
    };
    add(&BASE64.encode(secret));
    for before in 0..3 {
        // The symbols that depend on nothing but the secret, if so many bytes stand before it.
        let mut padded = vec![0; before];
        padded.extend_from_slice(secret);
        for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
            let symbols = encoding.encode(&padded);
            let first = (before * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            add(symbols.get(first..last).unwrap_or_default());
        }
    }
    forms
}

/// Whether a text is a word, or several with signs between: `admin`, `my-database`.
fn is_word(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.' | b' '))
}

/// Whether a text is a path: `/var/lib/data`.
pub(super) fn is_path(text: &[u8]) -> bool {
    let plain =
        |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'_' | b'.');
    text.starts_with(b"/") && text.iter().filter(|b| **b == b'/').count() > 1 && text.iter().all(plain)
}

/// Certificates and public keys are no secrets, though Secrets hold them.
fn is_certificate(text: &[u8]) -> bool {
    text.starts_with(b"-----BEGIN")
        && memchr::memmem::find(text, b"PRIVATE").is_none()
        && memchr::memmem::find(text, b"ENCRYPTED").is_none()
}

/// One spelling of a secret.
#[derive(Debug)]
struct Form {
    text: Vec<u8>,
    secret: Arc<[u8]>,
}

/// The secrets that are looked for.
#[derive(Debug, Default)]
pub(super) struct Taint {
    search: Option<AhoCorasick>,
    /// For each needle what begins with it.
    forms: Vec<Vec<Form>>,
}

impl Taint {
    /// Where known secrets stand in a text, in order: which, if all of it stands there.
    pub fn find<'a>(
        &'a self,
        text: &'a [u8],
    ) -> impl Iterator<Item = (Range<usize>, Option<&'a Arc<[u8]>>)> + 'a {
        let matches = self.search.iter().flat_map(move |search| search.find_iter(text));
        matches.filter_map(move |found| {
            let rest = text.get(found.start()..)?;
            let forms = self.forms.get(found.pattern().as_usize())?;
            // The few that begin alike are told apart by what follows.
            let common = |form: &Form| form.text.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let lengths = forms.iter().take(MAX_ALIKE).map(|form| (common(form), form));
            let (length, form) =
                lengths.max_by_key(|(length, form)| (*length == form.text.len(), *length))?;
            let whole = (length == form.text.len()).then_some(&form.secret);
            Some((found.start()..found.start() + length, whole))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(secrets: &[&str], public: &str) -> Taint {
        let mut known = Known::default();
        secrets.iter().for_each(|secret| known.add(secret.as_bytes(), true));
        let mut names = Public::default();
        public.split(' ').for_each(|name| names.add(name));
        known.build(&names).unwrap()
    }

    fn found(taint: &Taint, text: &str) -> Vec<(String, String)> {
        let show = |(range, secret): (Range<usize>, Option<&Arc<[u8]>>)| {
            let secret = secret.map(|secret| String::from_utf8_lossy(secret).into_owned());
            (text[range].to_string(), secret.unwrap_or_default())
        };
        taint.find(text.as_bytes()).map(show).collect()
    }

    #[test]
    fn secrets_are_found_as_they_are_and_encoded() {
        let taint = taint(&["hunter2!"], "");
        let one = |text: &str| found(&taint, text).iter().map(|(_, s)| s.clone()).collect::<Vec<_>>();
        assert_eq!(one("--x=hunter2! and hunter2!"), ["hunter2!", "hunter2!"]);
        for (before, after) in [("", ""), ("a", "b"), ("ab", "c"), ("abc", ""), ("user:", "\n")] {
            let encoded = BASE64.encode(format!("{before}hunter2!{after}").as_bytes());
            assert_eq!(one(&encoded), ["hunter2!"], "{before}");
        }
        assert!(one("hunter2").is_empty());
    }

    #[test]
    fn quotes_in_secrets_are_found_in_json() {
        let taint = taint(&["a\"b\\c\nd"], "");
        assert_eq!(found(&taint, r#"{"x": "a\"b\\c\nd"}"#).len(), 1);
    }

    #[test]
    fn short_common_and_public_words_are_left_alone() {
        let taint = taint(&["short", "default", "my-gateway", "${PASSWORD}"], "Deployment the-my-gateway-x");
        assert!(found(&taint, "short default my-gateway ${PASSWORD}").is_empty());
    }

    #[test]
    fn a_secret_within_another_does_not_cut_it() {
        let taint = taint(&["abcdef", "abcdefghi"], "");
        assert_eq!(found(&taint, "abcdefghi"), [("abcdefghi".to_string(), "abcdefghi".to_string())]);
    }
}
