//! How registries are spoken to: who asks is told when they want to know, and only to whom it concerns (OCI distribution
//! specification 1.1, and the token protocol of `distribution`).

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

use super::Remote;
use super::credentials::{self, Login};
use super::http::{Answer, Http, Limit, Wanted, basic, end};
use super::url::Url;
use crate::diagnostic::{Error, Result};

/// Bytes of a manifest, a token, a list of tags: the specification asks for 4 MiB.
pub(super) const MANIFEST_BYTES: u64 = 4 << 20;

/// One repository of a registry, and what it wants to see.
pub(super) struct Registry<'a> {
    http: Http,
    base: Url,
    repository: &'a str,
    /// The user and password that were given, if some were.
    given: Option<Login>,
    files: Vec<PathBuf>,
    name: &'a str,
    seconds: u64,
    /// When it is too late for all answers that are still to come.
    until: Option<Instant>,
    /// Whether an index elsewhere names it: then it must not be near.
    is_foreign: bool,
    /// The header that it took last.
    authorization: Option<String>,
}

impl<'a> Registry<'a> {
    /// The repository of this name in a registry (`host`, `host:port`). `by` is the repository whose index names it, if
    /// the user doesn't: what the user shows to that is not for others.
    ///
    /// # Errors
    /// When the registry's name is none.
    pub fn open(
        remote: &Remote,
        name: &'a str,
        repository: &'a str,
        by: Option<&Url>,
    ) -> Result<Registry<'a>> {
        let settings = &remote.settings;
        let host = match name {
            "docker.io" => "registry-1.docker.io",
            other => other,
        };
        let scheme = if settings.plain_http { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/"))?;
        let files = credentials::files(settings.registry_config.as_ref());
        let mut access = settings.access.clone();
        let other = by.filter(|by| !by.is_same_origin(&base));
        if other.is_some() && !access.pass_credentials {
            access.username.clear();
            access.password.clear();
            access.token.clear();
            (access.cert_file, access.key_file) = (None, None);
        }
        let given = (!access.username.is_empty())
            .then(|| Login { user: access.username.clone(), password: access.password.clone() });
        let authorization = (!access.token.is_empty()).then(|| format!("Bearer {}", access.token));
        Ok(Registry {
            http: Http::new(access, settings),
            base,
            repository,
            given,
            files,
            name,
            seconds: settings.limits.answer_seconds,
            until: None,
            is_foreign: other.is_some_and(|by| !by.is_near()),
            authorization,
        })
    }

    /// Gives all answers from now on the time of one.
    pub fn hurry(&mut self) {
        self.until = end(self.seconds);
    }

    /// Whether an address is the registry's own.
    pub fn is_own(&self, url: &Url) -> bool {
        url.is_same_origin(&self.base)
    }

    /// The address of something in the repository.
    ///
    /// # Errors
    /// When it can't be one.
    pub fn at(&self, path: &str) -> Result<Url> {
        self.base.join(&format!("{}/{path}", self.repository))
    }

    /// Gets something, and once more with what the registry wants to see.
    ///
    /// # Errors
    /// When the registry can't be asked, or wants to see something where it must not be shown.
    pub fn get(&mut self, url: &Url, accept: &str, limit: Limit) -> Result<Answer> {
        let first = self.ask(url, accept, limit)?;
        // A server that the registry only leads to has nothing to ask for.
        if first.status != 401 || !self.is_own(&first.url) {
            return Ok(first);
        }
        let Some(authorization) = self.answer(&first)? else { return Ok(first) };
        self.authorization = Some(authorization);
        self.ask(url, accept, limit)
    }

    fn ask(&self, url: &Url, accept: &str, limit: Limit) -> Result<Answer> {
        let authorization = self.authorization.clone();
        let (is_foreign, until) = (self.is_foreign, self.until);
        let wanted = Wanted { accept, authorization, is_foreign, until, limit, ..Wanted::default() };
        self.http.get(url, &self.base, &wanted)
    }

    /// Who asks. The files are not looked at before a registry wants to know.
    fn login(&self) -> Result<Option<Login>> {
        match &self.given {
            Some(login) => Ok(Some(login.clone())),
            None => credentials::find(&self.files, self.name, self.seconds),
        }
    }

    /// The header that answers a challenge, if there is one that we can give.
    fn answer(&self, refusal: &Answer) -> Result<Option<String>> {
        for challenge in refusal.challenges() {
            let (kind, fields) = challenge.split_once(' ').unwrap_or((challenge, ""));
            if kind.eq_ignore_ascii_case("basic") {
                return Ok(self.login()?.map(|login| basic(&login.user, &login.password)));
            }
            if kind.eq_ignore_ascii_case("bearer") {
                return self.token(fields).map(Some);
            }
        }
        Ok(None)
    }

    /// Gets a token where the registry says that there are some. With credentials, that must be a server to which
    /// they go unread by others; and it must not be near, by its name or by what that stands for, unless the registry is.
    fn token(&self, fields: &str) -> Result<String> {
        let realm = field(fields, "realm").ok_or_else(|| {
            Error::new(format!("{}: the registry doesn't say where it gives tokens", self.base))
        })?;
        let mut url = self.base.join(&realm)?;
        if self.base.is_https && !url.is_https {
            return Err(Error::new(format!("{} wants credentials sent to {url}, without TLS", self.base)));
        }
        let mut query: Vec<String> = url.query.strip_prefix('?').map(str::to_string).into_iter().collect();
        if let Some(service) = field(fields, "service") {
            query.push(format!("service={}", escaped(&service)));
        }
        let scope = field(fields, "scope").unwrap_or_else(|| format!("repository:{}:pull", self.repository));
        query.push(format!("scope={}", escaped(&scope)));
        url.query = format!("?{}", query.join("&"));
        let wanted = Wanted {
            accept: "application/json",
            authorization: self.login()?.map(|login| basic(&login.user, &login.password)),
            is_foreign: self.is_foreign || !(self.base.is_near() || self.is_own(&url)),
            until: self.until,
            limit: Limit::fixed(MANIFEST_BYTES),
            ..Wanted::default()
        };
        // The realm stands for the registry here; a redirect from it to another server carries nothing.
        let answer = self.http.get(&url, &url, &wanted)?;
        if answer.status != 200 {
            return Err(answer.failure());
        }
        let json = parse(&answer)?;
        let token = ["token", "access_token"].iter().find_map(|name| json.get(*name)?.as_str());
        let token = token.filter(|token| token.bytes().all(|b| (0x21..0x7F).contains(&b)));
        let token = token.ok_or_else(|| Error::new(format!("{url} gives no token")))?;
        Ok(format!("Bearer {token}"))
    }
}

/// An answer in JSON.
///
/// # Errors
/// When it is something else.
pub(super) fn parse(answer: &Answer) -> Result<Value> {
    serde_json::from_slice(&answer.body).map_err(|e| Error::new(format!("{}: {e}", answer.url)))
}

/// A field of a challenge: `realm="https://…",service="…"`.
fn field(fields: &str, name: &str) -> Option<String> {
    let mut rest = fields;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim_matches([',', ' ']).eq_ignore_ascii_case(name) {
            return Some(value.trim().to_string());
        }
        rest = next;
    }
    None
}

/// A text as a value of a query.
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let fields = "realm=\"https://auth.example.org/token?a=b\",service=\"r, s\" , scope=x";
        assert_eq!(field(fields, "realm").unwrap(), "https://auth.example.org/token?a=b");
        assert_eq!(field(fields, "Service").unwrap(), "r, s");
        assert_eq!((field(fields, "scope").unwrap(), field(fields, "error")), ("x".into(), None));
        assert_eq!(escaped("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
    }
}
