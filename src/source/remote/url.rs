//! Addresses on the network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;

use super::super::{quote, without_user};
use crate::diagnostic::{Error, Result};

/// Bytes of an address.
const MOST: usize = 8192;

/// An address of a server: `https://user:password@host:port/path?query`, the user taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub is_https: bool,
    /// In lower case; an IPv6 address is in brackets.
    pub host: String,
    pub port: u16,
    /// It begins with a slash.
    pub path: String,
    /// With its question mark, or empty.
    pub query: String,
    /// User and password.
    pub user: Option<(String, String)>,
}

impl Url {
    /// Reads an address of `http://` or `https://`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Url> {
        let shown = || quote(&without_user(text));
        let invalid = |why: &str| Error::new(format!("invalid chart URL format: {}", shown())).note(why);
        if text.len() > MOST {
            return Err(Error::new(format!("an address of {} bytes is too long", text.len())));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            other => return Err(Error::new(format!("could not find protocol handler for: {other}"))),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let user = user.map(|text| {
            let (name, password) = text.split_once(':').unwrap_or((text, ""));
            (unescaped(name), unescaped(password))
        });
        let (path, query) = match rest.find('?') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let path = if path.is_empty() { "/" } else { path };
        // The library's own reader has the last word, so that both see one address.
        let plain = format!("{}://{place}{path}{query}", if is_https { "https" } else { "http" });
        let uri: Uri = plain.parse().map_err(|_| invalid("it has characters that must be escaped"))?;
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        if host.is_empty() {
            return Err(invalid("it names no host"));
        }
        if is_odd_number(&host) {
            return Err(invalid("its host is a number, but not four between dots"));
        }
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if uri.port_u16().is_none() && place.rsplit_once(':').is_some_and(|(_, p)| !p.ends_with(']')) {
            return Err(invalid("its port is no number"));
        }
        Ok(Url { is_https, host, port, path: path.to_string(), query: query.to_string(), user })
    }

    /// Reads an address that stands in something found at this one: a whole one, or a part (RFC 3986, 5.2).
    ///
    /// # Errors
    /// When it is none.
    pub fn join(&self, text: &str) -> Result<Url> {
        let has_scheme = text.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        if has_scheme {
            return Url::parse(text);
        }
        let scheme = if self.is_https { "https" } else { "http" };
        if text.starts_with("//") {
            return Url::parse(&format!("{scheme}:{text}"));
        }
        let text = text.split('#').next().unwrap_or_default();
        let (path, query) = match text.find('?') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let path = match path {
            "" => self.path.clone(),
            path if path.starts_with('/') => without_dots(path),
            path => {
                let folder = self.path.rfind('/').map_or("/", |at| &self.path[..=at]);
                without_dots(&format!("{folder}{path}"))
            }
        };
        Url::parse(&format!("{scheme}://{}{path}{query}", self.authority()))
    }

    /// As [`Url::join`], but from a repository: its path is a folder, and its query belongs to all in it
    /// (`helm pkg/repo/v1/chartrepo.go: ResolveReferenceURL`).
    ///
    /// # Errors
    /// As [`Url::join`].
    pub fn within(&self, text: &str) -> Result<Url> {
        let mut folder = self.clone();
        folder.path = format!("{}/", self.path.trim_end_matches('/'));
        let mut url = folder.join(text)?;
        if !text.contains("://") && !text.starts_with("//") && !self.query.is_empty() {
            url.query.clone_from(&self.query);
        }
        Ok(url)
    }

    /// Host and port, as they are written.
    pub fn authority(&self) -> String {
        let default = if self.is_https { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Whether both are the same server: what may be told to one may be told to the other.
    pub fn is_same_origin(&self, other: &Url) -> bool {
        self.is_https == other.is_https && self.host == other.host && self.port == other.port
    }

    /// Whether the host is, by its name, this machine or one of its link alone.
    pub fn is_near(&self) -> bool {
        let name = self.host.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return true;
        }
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse().is_ok_and(is_near)
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}{}", self.authority(), self.path, self.query)
    }
}

/// Whether a host is one of the old spellings of an IPv4 address (`127.1`, `0x7f000001`), which some programs take and
/// others don't: by those, an address of this machine would not be known for one (WHATWG URL, `ends-in-a-number`).
fn is_odd_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x");
    let is_number = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    is_number && host.parse::<Ipv4Addr>().is_err()
}

/// Whether an address is this machine's, its link's, or that of a cloud's metadata.
pub(super) fn is_near(address: IpAddr) -> bool {
    let near = |a: Ipv4Addr| a.is_loopback() || a.is_link_local() || a.is_unspecified() || a.is_broadcast();
    match address {
        IpAddr::V4(address) => near(address),
        IpAddr::V6(address) => {
            let inner = address.to_ipv4_mapped().or_else(|| {
                // The prefix by which IPv6 reaches IPv4 (RFC 6052).
                let [0x64, 0xff9b, 0, 0, 0, 0, a, b] = address.segments() else { return None };
                Some(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)))
            });
            const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || address == METADATA
                || inner.is_some_and(near)
        }
    }
}

/// A path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = path.split('/').skip(1).peekable();
    while let Some(part) = rest.next() {
        let is_last = rest.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A text with its `%2f`s as the bytes that they stand for.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match hex.filter(|_| *first == b'%').and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let url = Url::parse("HTTPS://u%40x:p@Example.org/a/b?c#d").unwrap();
        assert_eq!(url.to_string(), "https://example.org/a/b?c");
        assert_eq!(url.user, Some(("u@x".into(), "p".into())));
        assert_eq!(Url::parse("http://h:8080").unwrap().to_string(), "http://h:8080/");
        assert_eq!(Url::parse("http://[::1]:8080/x").unwrap().host, "[::1]");
        for bad in [
            "x",
            "ftp://x/y",
            "http://",
            "http:///x",
            "http://h:x/",
            "http://a b/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://127.0.0.0x1/",
            "http://127.0.0.1./",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_are_joined_as_browsers_do_and_as_helm_does() {
        let base = Url::parse("https://h/a/b/index.yaml").unwrap();
        for (part, want) in [
            ("c.tgz", "https://h/a/b/c.tgz"),
            ("../c.tgz", "https://h/a/c.tgz"),
            ("../../../../c", "https://h/c"),
            ("/c", "https://h/c"),
            ("//g/c", "https://g/c"),
            ("http://g/c", "http://g/c"),
            ("?q", "https://h/a/b/index.yaml?q"),
            ("./", "https://h/a/b/"),
        ] {
            assert_eq!(base.join(part).unwrap().to_string(), want, "{part}");
        }
        let repository = Url::parse("https://h/charts?key=1").unwrap();
        assert_eq!(repository.within("index.yaml").unwrap().to_string(), "https://h/charts/index.yaml?key=1");
        assert_eq!(repository.within("https://g/x").unwrap().to_string(), "https://g/x");
    }

    #[test]
    fn addresses_of_this_machine_are_known_in_every_spelling() {
        for near in [
            "localhost",
            "a.localhost.",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "169.254.169.254",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
        ] {
            assert!(Url::parse(&format!("http://{near}/")).unwrap().is_near(), "{near}");
        }
        for far in ["example.org", "10.0.0.1", "8.8.8.8", "[2001:db8::1]", "localhost.example.org"] {
            assert!(!Url::parse(&format!("http://{far}/")).unwrap().is_near(), "{far}");
        }
    }
}
