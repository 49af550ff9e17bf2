//! `urlParse` and `urlJoin`, over Go's `net/url` as of Go 1.26.

mod address;
mod escape;

use super::Type::{Dict, String as Text};
use super::{Env, Function, FunctionError, FunctionResult, args};
use crate::value::{Map, Str, Value, print};
use escape::{Mode, escape, unescape};

/// The family's functions.
pub const FUNCTIONS: &[Function] =
    &[Function::new("urlParse", &[Text], Dict, url_parse), Function::new("urlJoin", &[Dict], Text, url_join)];

/// A URL's parts, decoded.
#[derive(Debug, Default)]
struct Url {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    user: Option<User>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
}

#[derive(Debug)]
struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

fn url_parse(_: &Env, args: &[Value]) -> FunctionResult {
    let url = parse(args::string(args, 0)?.as_bytes())
        .map_err(|e| FunctionError::new(format!("unable to parse url: {e}")))?;
    let userinfo = url.user.as_ref().map(User::text).unwrap_or_default();
    let hostname = hostname(&url.host).to_vec();
    let parts: [(&'static str, Vec<u8>); 8] = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", userinfo),
    ];
    let entries = parts.into_iter().map(|(k, v)| (Str::from_static(k), Value::string(v)));
    Ok(Value::Map(entries.collect::<Map>()))
}

fn url_join(_: &Env, args: &[Value]) -> FunctionResult {
    let dict = args::dict(args, 0)?;
    let part = |key: &str| match dict.and_then(|d| d.get(key)) {
        None => Ok(Vec::new()),
        Some(Value::String(s)) => Ok(s.as_bytes().to_vec()),
        Some(Value::Null) => Err(args::nil_dereference()),
        Some(other) => Err(FunctionError::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind().name()
        ))),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let userinfo = part("userinfo")?;
    if !userinfo.is_empty() {
        let carrier = [b"proto://", userinfo.as_slice(), b"@host"].concat();
        let parsed = parse(&carrier)
            .map_err(|e| FunctionError::new(format!("unable to parse userinfo in dict: {e}")))?;
        url.user = parsed.user;
    }
    Ok(Value::string(url.text()))
}

impl User {
    fn text(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Mode::UserPassword);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend(escape(password, Mode::UserPassword));
        }
        text
    }
}

impl Url {
    /// `URL.String`, for a URL without hints of how it was written.
    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.push_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Mode::Fragment));
        }
        out
    }

    fn push_hierarchy(&self, out: &mut Vec<u8>) {
        let has_authority = !self.host.is_empty() || self.user.is_some();
        if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend(user.text());
            out.push(b'@');
        }
        out.extend(escape(&self.host, Mode::Host));
        let path = if self.path == b"*" { self.path.clone() } else { escape(&self.path, Mode::Path) };
        if !self.host.is_empty() && path.first().is_some_and(|&b| b != b'/') {
            out.push(b'/');
        }
        // A colon in the first segment would read as a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

/// `strings.Cut` at a byte.
fn cut(s: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(separator, s) {
        Some(at) => (s.get(..at).unwrap_or_default(), s.get(at + 1..)),
        None => (s, None),
    }
}

/// `url.Parse`; the error is the text of Go's `*url.Error`.
fn parse(raw: &[u8]) -> Result<Url, String> {
    let (before, fragment) = cut(raw, b'#');
    let error = |url: &[u8], e: String| format!("parse {}: {e}", print::quote(url));
    let mut url = parse_without_fragment(before).map_err(|e| error(before, e))?;
    url.fragment = unescape(fragment.unwrap_or_default(), Mode::Fragment).map_err(|e| error(raw, e))?;
    Ok(url)
}

fn parse_without_fragment(raw: &[u8]) -> Result<Url, String> {
    if raw.iter().any(|&b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".into());
    }
    let mut url = Url::default();
    if raw == b"*" {
        url.path = b"*".to_vec();
        return Ok(url);
    }
    let (scheme, rest) = split_scheme(raw)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (mut rest, query) = cut(rest, b'?');
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        if cut(rest, b'/').0.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".into());
        }
    }
    if let Some(after) = rest.strip_prefix(b"//")
        && (!url.scheme.is_empty() || !after.starts_with(b"/"))
    {
        let end = memchr::memchr(b'/', after).unwrap_or(after.len());
        let (authority, path) = after.split_at_checked(end).unwrap_or((after, &[]));
        (url.user, url.host) = parse_authority(&url.scheme, authority)?;
        rest = path;
    }
    url.path = unescape(rest, Mode::Path)?;
    Ok(url)
}

/// The scheme, if there is one, and what follows it.
fn split_scheme(raw: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (i, b) in raw.iter().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((raw.get(..i).unwrap_or_default(), raw.get(i + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((&[], raw))
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<User>, Vec<u8>), String> {
    let Some(at) = memchr::memrchr(b'@', authority) else {
        return Ok((None, parse_host(scheme, authority)?));
    };
    let host = parse_host(scheme, authority.get(at + 1..).unwrap_or_default())?;
    let userinfo = authority.get(..at).unwrap_or_default();
    if !userinfo.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b)) {
        return Err("net/url: invalid userinfo".into());
    }
    let (name, password) = cut(userinfo, b':');
    let name = unescape(name, Mode::UserPassword)?;
    let password = password.map(|p| unescape(p, Mode::UserPassword)).transpose()?;
    Ok((Some(User { name, password }), host))
}

/// The host with its port. Only an IPv6 address may stand in brackets; a web address has one colon at most,
/// others may list hosts (`postgres://a:1,b:2/db`).
fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    match memchr::memrchr(b'[', host) {
        Some(0) => return parse_bracketed(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    let web = scheme == b"http" || scheme == b"https";
    let colon = if web { memchr::memchr(b':', host) } else { memchr::memrchr(b':', host) };
    check_port(colon.and_then(|at| host.get(at..)).unwrap_or_default())?;
    unescape(host, Mode::Host)
}

fn parse_bracketed(host: &[u8]) -> Result<Vec<u8>, String> {
    let close = memchr::memrchr(b']', host).ok_or("missing ']' in host")?;
    let port = host.get(close + 1..).unwrap_or_default();
    check_port(port)?;
    let name = host.get(1..close).unwrap_or_default();
    // What follows an escaped percent sign is the zone, in which more may be escaped.
    let zone = memchr::memmem::find(name, b"%25").unwrap_or(name.len());
    let (address, zone) = name.split_at_checked(zone).unwrap_or((name, &[]));
    let mut name = unescape(address, Mode::Host)?;
    name.extend(unescape(zone, Mode::Zone)?);
    if address::is_ipv4(&name).map_err(|e| format!("invalid host: {e}"))? {
        return Err("invalid IP-literal".into());
    }
    Ok([b"[", name.as_slice(), b"]", port].concat())
}

fn is_port(port: &[u8]) -> bool {
    port.is_empty() || port.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn check_port(port: &[u8]) -> Result<(), String> {
    if is_port(port) { Ok(()) } else { Err(format!("invalid port {} after host", print::quote(port))) }
}

/// `URL.Hostname`: the host without port and brackets.
fn hostname(host: &[u8]) -> &[u8] {
    let mut name = host;
    if let Some(at) = memchr::memrchr(b':', name)
        && is_port(name.get(at..).unwrap_or_default())
    {
        name = name.get(..at).unwrap_or_default();
    }
    name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(raw: &str) -> String {
        parse(raw.as_bytes()).err().unwrap_or_default()
    }

    fn round_trip(raw: &str) -> String {
        let parsed = url_parse(&Env::default(), &[Value::from(raw)]).unwrap_or_default();
        let joined = url_join(&Env::default(), &[parsed]).unwrap_or_default();
        joined.as_str().unwrap_or_default().to_string()
    }

    #[test]
    fn what_is_parsed_can_be_joined_again() {
        for raw in [
            "https://user:pa%20ss@example.com:8080/a/b?x=1&y=2#frag",
            "//host/path",
            "#f",
            "urn:isbn:123",
            "http://[fe80::1%25eth0]/",
            "postgres://u@a:1,b:2/db",
            "file:///etc/x",
            "http://:@h",
            "",
            "*",
        ] {
            assert_eq!(round_trip(raw), raw);
        }
        assert_eq!(round_trip("HTTP://EXAMPLE.com/a b?#"), "http://EXAMPLE.com/a%20b");
    }

    #[test]
    fn errors_are_go_s() {
        for (raw, want) in [
            ("http://h:abc/", r#"parse "http://h:abc/": invalid port ":abc" after host"#),
            ("http://h:80:80/", r#"parse "http://h:80:80/": invalid port ":80:80" after host"#),
            ("http://[::1", r#"parse "http://[::1": missing ']' in host"#),
            ("http://a[::1]", r#"parse "http://a[::1]": invalid IP-literal"#),
            ("http://[1.2.3.4]/", r#"parse "http://[1.2.3.4]/": invalid IP-literal"#),
            ("http://[x]/", r#"parse "http://[x]/": invalid host: ParseAddr("x"): unable to parse IP"#),
            ("http://h/%zz", r#"parse "http://h/%zz": invalid URL escape "%zz""#),
            ("http://h/#%zz", r#"parse "http://h/#%zz": invalid URL escape "%zz""#),
            ("http://a b/", r#"parse "http://a b/": invalid character " " in host name"#),
            ("http://us er@h", r#"parse "http://us er@h": net/url: invalid userinfo"#),
            (":x", r#"parse ":x": missing protocol scheme"#),
            ("1a:b", r#"parse "1a:b": first path segment in URL cannot contain colon"#),
        ] {
            assert_eq!(error(raw), want);
        }
    }
}
