//! What there is to know of certificates in strings.

use std::time::Duration;

use x509_cert::certificate::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::value::Str;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// How PEM's begin looks in base64.
const BEGIN_BASE64: &[u8] = b"LS0tLS1CRUdJTi";

/// How many certificates of a string are read.
const CERTIFICATES: usize = 8;

/// The longest string that is looked at, and the longest name that is told.
const STRING: usize = 1 << 20;
const NAME: usize = 200;

/// What is told of a certificate.
#[derive(PartialEq, Eq)]
struct Facts {
    subject: String,
    issuer: String,
    expires: String,
}

/// What to know of two strings with certificates: `subject CN=a → CN=b`, `expires 2026-01-01 → 2027-01-01`; of
/// one string, if there is but one. Empty if neither has any.
pub(super) fn notes(old: Option<&Str>, new: Option<&Str>) -> Vec<String> {
    let read = |text: Option<&Str>| text.map(certificates).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let mut notes = Vec::new();
    let several = old.len().max(new.len()) > 1;
    for index in 0..old.len().max(new.len()) {
        let start = if several { format!("certificate {}: ", index + 1) } else { String::new() };
        match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) if old == new => {
                if !several {
                    let Facts { subject, expires, .. } = new;
                    notes.push(format!(
                        "another certificate of the same names and expiry: {subject}, expires {expires}"
                    ));
                }
            }
            (Some(old), Some(new)) => {
                let mut note = |name: &str, old: &str, new: &str| {
                    if old != new {
                        notes.push(format!("{start}{name} {old} → {new}"));
                    }
                };
                note("subject", &old.subject, &new.subject);
                note("issuer", &old.issuer, &new.issuer);
                note("expires", &old.expires, &new.expires);
            }
            (Some(facts), None) | (None, Some(facts)) => {
                let gone = if new.get(index).is_none() && !new.is_empty() { "gone: " } else { "" };
                let Facts { subject, issuer, expires } = facts;
                notes.push(format!(
                    "{start}{gone}certificate of {subject}, issued by {issuer}, expires {expires}"
                ));
            }
            (None, None) => {}
        }
    }
    notes
}

/// The certificates of a string that is PEM, or base64 of PEM.
fn certificates(text: &Str) -> Vec<Facts> {
    if text.len() > STRING {
        return Vec::new();
    }
    let decoded = if text.as_bytes().starts_with(BEGIN_BASE64) { super::text::base64(text) } else { None };
    ders(decoded.as_deref().unwrap_or(text.as_bytes())).iter().filter_map(|der| facts(der)).collect()
}

/// The certificates of a PEM text in their binary form, as far as they have one.
fn ders(pem: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (pem, Vec::new());
    while found.len() < CERTIFICATES {
        let Some(start) = memchr::memmem::find(rest, BEGIN) else { break };
        let Some(body) = rest.get(start + BEGIN.len()..) else { break };
        let Some(end) = memchr::memmem::find(body, END) else { break };
        let symbols =
            body.get(..end).unwrap_or_default().iter().copied().filter(|b| !b.is_ascii_whitespace());
        found.extend(data_encoding::BASE64.decode(&symbols.collect::<Vec<u8>>()).ok());
        rest = body.get(end + END.len()..).unwrap_or_default();
    }
    found
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub from: u64,
    /// Until then.
    pub until: u64,
}

/// When the first certificate of a PEM text is valid; `None` if there is none.
pub fn validity(pem: &[u8]) -> Option<Validity> {
    let der = ders(pem.get(..STRING).unwrap_or(pem)).into_iter().next()?;
    let certificate = Certificate::from_der(&der).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: Time| time.to_unix_duration().as_secs();
    Some(Validity { from: seconds(validity.not_before), until: seconds(validity.not_after) })
}

fn facts(der: &[u8]) -> Option<Facts> {
    let certificate = Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let name = |name: String| {
        let shown = name.chars().take(NAME).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
        if name.is_empty() { "no name".to_string() } else { shown }
    };
    Some(Facts {
        subject: name(tbs.subject().to_string()),
        issuer: name(tbs.issuer().to_string()),
        expires: date(tbs.validity().not_after),
    })
}

fn date(time: Time) -> String {
    let seconds = Duration::as_secs(&time.to_unix_duration());
    let timestamp =
        i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(String::new, |timestamp| timestamp.strftime("%Y-%m-%d").to_string())
}
