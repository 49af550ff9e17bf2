//! One request after the other over HTTP: redirects, credentials and bounds are looked after here, the library below
//! only talks.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ureq::config::Config;
use ureq::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LINK, LOCATION, WWW_AUTHENTICATE,
};
use ureq::http::{HeaderMap, HeaderName, Method, Request, Response};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Proxy, Timeout};

use super::super::io_words;
use super::Settings;
use super::proxy;
use super::url::{self, Url};
use super::watch::{Watch, Watched};
use crate::diagnostic::{Error, Result};

const TIME_TO_CONNECT: Duration = Duration::from_secs(30);

/// Redirects followed for one request: Go's.
const REDIRECTS: usize = 10;

/// The longest that anything is waited for: more seconds than a clock can count would be none.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What to show to a server, and what of it to believe.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: String,
    /// A token, sent as `Bearer`.
    pub token: String,
    /// Send them to whatever server the repository names, too.
    pub pass_credentials: bool,
    /// Certificates to believe, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
    /// Believe every certificate.
    pub insecure: bool,
}

impl Access {
    /// The header that tells who asks, if somebody does.
    pub(super) fn authorization(&self) -> Option<String> {
        if !self.token.is_empty() {
            return Some(format!("Bearer {}", self.token));
        }
        let is_given = !self.username.is_empty() && !self.password.is_empty();
        is_given.then(|| basic(&self.username, &self.password))
    }
}

/// The header of a user and a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

/// What to ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted<'a> {
    pub accept: &'a str,
    /// The `Authorization` header, for the server that `named` is, alone.
    pub authorization: Option<String>,
    /// Send it to others, too.
    pub pass_credentials: bool,
    /// Whether an index or a server, and not the user, names the server: then even that must not be near.
    pub is_foreign: bool,
    /// When it is too late for an answer, where several share one time.
    pub until: Option<Instant>,
    /// Whether the answer may be compressed on its way.
    pub may_be_compressed: bool,
    /// What it is told with: kind and bytes. Redirects are not followed then.
    pub body: Option<(&'static str, &'a [u8])>,
    /// What else stands at its head.
    pub headers: &'a [(&'static str, &'static str)],
    /// What is there already: entity tag and date.
    pub known: (Option<String>, Option<String>),
    /// Bytes of the answer, inflated, and the name of the limit that says so.
    pub limit: Limit,
}

/// The most bytes of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limit {
    pub bytes: u64,
    /// The limit that the user may raise, if it is one of these.
    pub name: Option<&'static str>,
}

impl Limit {
    /// A bound that nobody needs to raise.
    pub fn fixed(bytes: u64) -> Limit {
        Limit { bytes, name: None }
    }

    /// The error of what has more.
    pub fn exceeded(self, what: impl fmt::Display) -> Error {
        let error = Error::new(format!("{what} has more than the limit of {} bytes", self.bytes));
        match self.name {
            Some(name) => error.hint(format!("--limit {name}=NUMBER allows more")),
            None => error,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub reason: String,
    headers: HeaderMap,
    pub body: Vec<u8>,
    /// Where it came from in the end.
    pub url: Url,
}

impl Answer {
    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn etag(&self) -> Option<&str> {
        self.header(ETAG)
    }

    pub fn last_modified(&self) -> Option<&str> {
        self.header(LAST_MODIFIED)
    }

    pub fn link(&self) -> Option<&str> {
        self.header(LINK)
    }

    pub fn challenges(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok())
    }

    /// The error of an answer that is not what was wanted (`helm pkg/getter/httpgetter.go`).
    pub fn failure(&self) -> Error {
        let error = Error::new(format!("failed to fetch {} : {} {}", self.url, self.status, self.reason));
        match self.status {
            401 | 403 => error.hint("the server wants credentials: --username and --password, or those of `helm repo add` or `helm registry login`"),
            _ => error,
        }
    }
}

/// Refuses addresses of this machine and its link.
#[derive(Debug, Default)]
struct Far(DefaultResolver);

impl Resolver for Far {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        if found.iter().any(|address| url::is_near(address.ip())) {
            return Err(ureq::Error::Io(io::Error::other(NEAR)));
        }
        Ok(found)
    }
}

const NEAR: &str = "the address is one of this machine or its link, which the user did not name";

/// What requests have in common that one agent of the library can do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    /// Certificates are read for TLS alone, to a server or to a proxy: other agents know none.
    is_secure: bool,
    /// Whether the user's certificate is for the server.
    is_shown: bool,
    may_be_near: bool,
    proxy: Option<String>,
}

/// The network, as one kind of access sees it.
pub(super) struct Http {
    access: Access,
    /// For one answer, redirects included.
    seconds: u64,
    watch: Option<Arc<dyn Watch>>,
    agents: Mutex<HashMap<Way, Agent>>,
    roots: Mutex<Option<Arc<Vec<Certificate<'static>>>>>,
}

impl Http {
    pub fn new(access: Access, settings: &Settings) -> Http {
        let seconds = settings.limits.answer_seconds;
        Http {
            access,
            seconds,
            watch: settings.watch.clone(),
            agents: Mutex::default(),
            roots: Mutex::default(),
        }
    }

    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Gets what is at an address, following redirects. `named` is the server that the user named: credentials are
    /// for it alone, and only if it is near may others be.
    ///
    /// # Errors
    /// When the server can't be reached, or leads where it must not, or the answer is too large. An answer of
    /// another status than 200 is none.
    pub fn get(&self, url: &Url, named: &Url, wanted: &Wanted<'_>) -> Result<Answer> {
        let mut url = url.clone();
        let until = wanted.until.or_else(|| end(self.seconds));
        for _ in 0..=REDIRECTS {
            let left = until.map_or(YEAR, |until| until.saturating_duration_since(Instant::now()));
            let answer = self.once(&url, named, wanted, left)?;
            let location = answer.header(LOCATION).map(str::to_string);
            match (answer.status, location) {
                (301 | 302 | 303 | 307 | 308, Some(location)) if wanted.body.is_none() => {
                    let next =
                        url.join(&location).map_err(|e| e.context(format_args!("redirect of {url}")))?;
                    if url.is_https && !next.is_https {
                        return Err(Error::new(format!(
                            "{url} leads from https to {next}, where anybody could change the answer"
                        )));
                    }
                    url = next;
                }
                _ => return Ok(answer),
            }
        }
        Err(Error::new(format!("{url}: stopped after {REDIRECTS} redirects")))
    }

    fn once(&self, url: &Url, named: &Url, wanted: &Wanted<'_>, time: Duration) -> Result<Answer> {
        let may_be_near = !wanted.is_foreign && (named.is_near() || url.is_same_origin(named));
        if !may_be_near && url.is_near() {
            return Err(Error::new(format!("{url}: {NEAR}"))
                .hint("a repository may lead to such an address only if its own is one"));
        }
        let is_shown = wanted.pass_credentials || url.is_same_origin(named);
        let agent = self.agent(url, may_be_near, is_shown)?;
        let mut request = Request::builder()
            .method(if wanted.body.is_some() { Method::POST } else { Method::GET })
            .uri(url.to_string())
            .header(ACCEPT, wanted.accept)
            .header(ACCEPT_ENCODING, if wanted.may_be_compressed { "gzip" } else { "identity" });
        if let Some(authorization) = &wanted.authorization
            && is_shown
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(etag) = &wanted.known.0 {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = &wanted.known.1 {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        for (name, value) in wanted.headers {
            request = request.header(*name, *value);
        }
        let answer = match wanted.body {
            None => request.body(()).map_err(ureq::Error::from).and_then(|r| run(&agent, r, time)),
            Some((kind, data)) => {
                let request = request.header(CONTENT_TYPE, kind).body(data);
                request.map_err(ureq::Error::from).and_then(|r| run(&agent, r, time))
            }
        };
        let (parts, body) = answer.map_err(|e| self.failed(url, &e))?.into_parts();
        let is_gzip = parts.headers.get(CONTENT_ENCODING).is_some_and(|v| v.as_bytes().ends_with(b"gzip"));
        // Only what is wanted counts; of a refusal the first words will do.
        let limit = if parts.status.is_success() { wanted.limit.bytes } else { 64 << 10 };
        if parts.status.is_success() && body.content_length().is_some_and(|length| length > limit) {
            return Err(wanted.limit.exceeded(url));
        }
        let length = body.content_length();
        let is_wanted = parts.status.is_success();
        let transfer = self.watch.as_ref().filter(|_| is_wanted).map(|w| w.begin(url.file_name(), length));
        let raw = Watched { inner: body.into_with_config().limit(u64::MAX).reader(), transfer };
        let mut data = Vec::new();
        let read = if is_gzip && wanted.may_be_compressed {
            flate2::read::MultiGzDecoder::new(raw).take(limit.saturating_add(1)).read_to_end(&mut data)
        } else {
            raw.take(limit.saturating_add(1)).read_to_end(&mut data)
        };
        if parts.status.is_success() {
            read.map_err(|e| self.broken(url, &e))?;
            if data.len() as u64 > limit {
                return Err(wanted.limit.exceeded(url));
            }
            let is_whole = length.is_none_or(|length| is_gzip || data.len() as u64 == length);
            if !is_whole {
                return Err(Error::new(format!("{url}: the answer broke off: unexpected EOF")));
            }
        }
        let reason = parts.status.canonical_reason().unwrap_or_default().to_string();
        Ok(Answer {
            status: parts.status.as_u16(),
            reason,
            headers: parts.headers,
            body: data,
            url: url.clone(),
        })
    }

    fn agent(&self, url: &Url, may_be_near: bool, is_shown: bool) -> Result<Agent> {
        let proxy = proxy::of(url);
        // The proxy finds the server; what is near to it is not near to us.
        let may_be_near = may_be_near || proxy.is_some();
        let is_secure = url.is_https || proxy.as_ref().is_some_and(|proxy| proxy.starts_with("https://"));
        let way = Way { is_secure, is_shown, may_be_near, proxy: proxy.clone() };
        if let Some(agent) = lock(&self.agents).get(&way) {
            return Ok(agent.clone());
        }
        let proxy = match proxy {
            None => None,
            Some(text) => Some(Proxy::new(&text).map_err(|_| {
                Error::new(
                    "the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) is no address of one",
                )
            })?),
        };
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(proxy)
            .timeout_connect(Some(TIME_TO_CONNECT))
            .user_agent(concat!("torii/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(64 << 10)
            .tls_config(self.tls(is_secure, is_shown)?)
            .build();
        let agent = match may_be_near {
            true => Agent::with_parts(config, DefaultConnector::default(), DefaultResolver::default()),
            false => Agent::with_parts(config, DefaultConnector::default(), Far::default()),
        };
        lock(&self.agents).insert(way, agent.clone());
        Ok(agent)
    }

    /// Whom to believe over TLS, and by which certificate the user is known. Without TLS, nothing is read from the disk.
    fn tls(&self, is_secure: bool, is_shown: bool) -> Result<TlsConfig> {
        let builder = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .disable_verification(self.access.insecure);
        if !is_secure {
            return Ok(builder.root_certs(RootCerts::new_with_certs(&[])).build());
        }
        let roots = self.roots()?;
        let client = match (&self.access.cert_file, &self.access.key_file) {
            (Some(certificate), Some(key)) if is_shown => Some(client(certificate, key)?),
            _ => None,
        };
        Ok(builder.root_certs(RootCerts::new_with_certs(&roots)).client_cert(client).build())
    }

    fn roots(&self) -> Result<Arc<Vec<Certificate<'static>>>> {
        if let Some(roots) = &*lock(&self.roots) {
            return Ok(roots.clone());
        }
        let roots = match &self.access.ca_file {
            Some(file) => certificates(file)?,
            None => {
                let found = rustls_native_certs::load_native_certs();
                found.certs.iter().map(|c| Certificate::from_der(c).to_owned()).collect()
            }
        };
        if roots.is_empty() && !self.access.insecure {
            return Err(Error::new("no certificates of authorities are found on this machine")
                .hint("name a file of them: --ca-file, or the environment's SSL_CERT_FILE"));
        }
        let roots = Arc::new(roots);
        *lock(&self.roots) = Some(roots.clone());
        Ok(roots)
    }
}

impl Http {
    /// The error of a request that got no answer.
    fn failed(&self, url: &Url, error: &ureq::Error) -> Error {
        let words = match error {
            ureq::Error::Io(e) => io_words(e),
            ureq::Error::HostNotFound => "no such host".to_string(),
            ureq::Error::Timeout(Timeout::Connect) => {
                format!("no connection within {} seconds", TIME_TO_CONNECT.as_secs())
            }
            ureq::Error::Timeout(_) => return self.too_late(url),
            other => other.to_string(),
        };
        let near = words == NEAR;
        let error = Error::new(format!("Get \"{url}\": {words}"));
        if near {
            return error.hint("a repository may lead to such an address only if its own is one");
        }
        match url.is_https && words.contains("certificate") {
            true => error.hint("--ca-file names the certificates to believe"),
            false => error,
        }
    }

    /// The error of an answer that ends too early.
    fn broken(&self, url: &Url, error: &io::Error) -> Error {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
        match inner {
            Some(ureq::Error::Timeout(_)) => self.too_late(url),
            _ => Error::new(format!("{url}: the answer broke off: {}", io_words(error))),
        }
    }

    fn too_late(&self, url: &Url) -> Error {
        let plural = if self.seconds == 1 { "" } else { "s" };
        Error::new(format!("Get \"{url}\": no answer within {} second{plural}", self.seconds))
            .hint("--limit answer-seconds=NUMBER allows more")
    }
}

/// When so many seconds are over.
pub(super) fn end(seconds: u64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(seconds).min(YEAR))
}

fn run<S: AsSendBody>(
    agent: &Agent,
    request: Request<S>,
    time: Duration,
) -> Result<Response<Body>, ureq::Error> {
    // The library takes zero for endless.
    let time = time.max(Duration::from_millis(1));
    agent.run(agent.configure_request(request).timeout_global(Some(time)).build())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|e| Error::new(format!("open {}: {}", file.display(), io_words(&e))))
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>> {
    let wrong = || Error::new(format!("{} holds no certificate in PEM", file.display()));
    let text = read(file)?;
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(&text) {
        if let ureq::tls::PemItem::Certificate(certificate) = item.map_err(|_| wrong())? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

fn client(certificate: &Path, key: &Path) -> Result<ClientCert> {
    let chain = certificates(certificate)?;
    let key = PrivateKey::from_pem(&read(key)?)
        .map_err(|_| Error::new(format!("{} holds no private key in PEM", key.display())))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_before_passwords_and_half_a_password_is_none() {
        let mut access = Access { username: "u".into(), ..Access::default() };
        assert_eq!(access.authorization(), None);
        access.password = "p".into();
        assert_eq!(access.authorization().unwrap(), "Basic dTpw");
        access.token = "t".into();
        assert_eq!(access.authorization().unwrap(), "Bearer t");
    }

    #[test]
    fn a_name_is_near_if_what_it_stands_for_is() {
        let http = Http::new(Access::default(), &Settings::default());
        let url = Url::parse("http://localhost:1/").unwrap();
        let agent = http.agent(&url, false, false).unwrap();
        let request = Request::builder().uri(url.to_string()).body(()).unwrap();
        let error = run(&agent, request, Duration::from_secs(5)).err().unwrap();
        assert!(error.to_string().contains(NEAR), "{error}");
    }
}
