//! Charts from elsewhere: repositories over HTTP, OCI registries, addresses of archives.
//!
//! Nothing here is set up before a chart is asked for that is not on this machine.

mod cache;
mod credentials;
mod http;
mod index;
mod oci;
mod repositories;
mod url;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use self::cache::Cache;
use self::http::{Http, Wanted};
use self::index::choose;
use self::repositories::{Repository, helm_file};
use self::url::Url;
use super::quote;
use crate::dependency::{self, Locked};
use crate::diagnostic::{Error, Result, nearest};
use crate::functions::semver::Version;
use crate::limits::Limits;
use crate::value::Value;
use crate::yaml;

pub use self::http::Access;
pub use self::index::{Entry, Index};

/// How charts are asked for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The address of the repository that names of charts belong to (`--repo`).
    pub repository: Option<String>,
    /// The version or constraint; of releases, the newest, if it is empty.
    pub version: String,
    /// Without a version, take prereleases, too.
    pub prereleases: bool,
    /// Use what is in the cache alone.
    pub offline: bool,
    /// Speak to registries without TLS.
    pub plain_http: bool,
    /// What to show to servers.
    pub access: Access,
    /// Helm's list of repositories, if it isn't where Helm has it.
    pub repository_config: Option<PathBuf>,
    /// Helm's credentials for registries, if they aren't where Helm has them.
    pub registry_config: Option<PathBuf>,
    /// The bounds to keep.
    pub limits: Limits,
}

/// A chart that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What its archive is called.
    pub file_name: String,
    /// The archive.
    pub data: Vec<u8>,
}

/// The way to charts elsewhere.
pub struct Remote {
    settings: Settings,
    cache: Cache,
    repositories: OnceLock<Vec<Repository>>,
    warnings: Mutex<Vec<String>>,
}

/// What a name means.
enum Place<'a> {
    /// An archive at an address.
    Archive(&'a str),
    /// A chart in a registry.
    Registry(&'a str),
    /// A chart in a repository: its address, what to show to its server, the chart and the version.
    Repository(Box<Repository>, &'a str, &'a str),
}

/// Takes `NAME@VERSION` apart; a digest (`@sha256:…`) belongs to the name.
fn with_version(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('@') {
        Some((chart, version)) if !chart.is_empty() && !version.contains([':', '/']) => {
            (chart, Some(version))
        }
        _ => (name, None),
    }
}

/// The scheme of a name that is an address.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once("://")?;
    ["oci", "http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))
}

impl Remote {
    /// A way by these settings.
    pub fn new(settings: Settings) -> Remote {
        Remote {
            settings,
            cache: Cache::of_user(),
            repositories: OnceLock::new(),
            warnings: Mutex::default(),
        }
    }

    /// Whether a chart's name is one from elsewhere: an address, or a name of a repository's where one is given, or a
    /// chart in one that Helm has a name for, if there is no file or folder that is called so (`helm
    /// pkg/action/install.go: LocateChart`).
    ///
    /// # Errors
    /// When Helm's list of repositories can't be read.
    pub fn has(&self, name: &str) -> Result<bool> {
        if self.settings.repository.is_some() || scheme(name).is_some() {
            return Ok(true);
        }
        let Some((repository, chart)) = name.split_once('/') else { return Ok(false) };
        let is_path = repository.is_empty()
            || repository.starts_with('.')
            || chart.is_empty()
            || name.contains(':')
            || std::path::Path::new(name).exists();
        Ok(!is_path && self.named(repository)?.is_some())
    }

    /// What should be known beside the results; each is given once.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn warn(&self, text: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// Fetches the chart of a name.
    ///
    /// # Errors
    /// When there is none, or it can't be fetched, or is not what its repository says of it.
    pub fn fetch(&self, name: &str) -> Result<Fetched> {
        match self.place(name)? {
            Place::Archive(address) => {
                let url = Url::parse(address)?;
                let access = self.access_for(&url)?;
                let http = Http::new(with_user(access, &url));
                self.archive(&http, &url, &url, "")
            }
            Place::Registry(address) => oci::fetch(self, address, &self.settings.version),
            Place::Repository(repository, chart, version) => self.fetch_named(&repository, chart, version),
        }
    }

    /// The versions of a chart, the newest first; or the newest of each chart, with its name, if the name is one of
    /// a repository.
    ///
    /// # Errors
    /// When there is no such chart or repository, or it can't be asked.
    pub fn versions(&self, name: &str) -> Result<Vec<(String, Entry)>> {
        let is_repository = self.settings.repository.is_none()
            && (matches!(scheme(name), Some("http" | "https")) || self.named(name)?.is_some());
        if is_repository {
            let repository = match self.named(name)? {
                Some(repository) => repository,
                None => self.at(name)?,
            };
            let index = self.index(&repository)?;
            let newest = |chart: String| {
                let entries = index.entries(&chart)?;
                let release = choose(&entries, "").ok()?.or(entries.first())?;
                Some((chart, release.clone()))
            };
            return Ok(index.charts().into_iter().filter_map(newest).collect());
        }
        let (chart, entries) = match self.place(name)? {
            Place::Archive(_) => return Err(Error::new(format!("{name} is one archive, not a repository"))),
            Place::Registry(address) => (address.to_string(), oci::versions(self, address)?),
            Place::Repository(repository, chart, _) => {
                let index = self.index(&repository)?;
                let entries = index.entries(chart);
                (chart.to_string(), entries.ok_or_else(|| no_chart(&repository, &index, chart, ""))?)
            }
        };
        let constraint = &self.settings.version;
        if constraint.is_empty() {
            return Ok(entries.into_iter().map(|entry| (chart.clone(), entry)).collect());
        }
        let wanted = index::parse(constraint)?;
        let fits = |entry: &Entry| Version::parse(&entry.version).is_ok_and(|v| wanted.check(&v));
        Ok(entries.into_iter().filter(fits).map(|entry| (chart.clone(), entry)).collect())
    }

    fn place<'a>(&'a self, name: &'a str) -> Result<Place<'a>> {
        match scheme(name) {
            Some("oci") => return Ok(Place::Registry(name)),
            Some(_) if self.settings.repository.is_none() => return Ok(Place::Archive(name)),
            _ => {}
        }
        let (chart, version) = with_version(name);
        let version = match version {
            Some(version) if !self.settings.version.is_empty() && self.settings.version != version => {
                return Err(Error::new(format!(
                    "{name} names version {version}, and --version {}",
                    self.settings.version
                )));
            }
            Some(version) => version,
            None if self.settings.version.is_empty() && self.settings.prereleases => ">0.0.0-0",
            None => &self.settings.version,
        };
        if let Some(address) = &self.settings.repository {
            return Ok(Place::Repository(Box::new(self.at(address)?), chart, version));
        }
        let (repository, inner) = chart.split_once('/').ok_or_else(|| {
            Error::new(format!(
                "non-absolute URLs should be in form of repo_name/path_to_chart, got: {chart}"
            ))
        })?;
        match self.named(repository)? {
            Some(repository) => Ok(Place::Repository(Box::new(repository), inner, version)),
            None => Err(Error::new(format!("repo {repository} not found"))
                .hint("`helm repo add` gives a repository a name, --repo names its address")),
        }
    }

    fn repositories(&self) -> Result<&[Repository]> {
        if let Some(known) = self.repositories.get() {
            return Ok(known);
        }
        let given = self.settings.repository_config.clone();
        let path = given.unwrap_or_else(|| helm_file("HELM_REPOSITORY_CONFIG", "repositories.yaml"));
        let read = repositories::read(&path)?;
        Ok(self.repositories.get_or_init(|| read))
    }

    /// The repository that the user has this name for.
    fn named(&self, name: &str) -> Result<Option<Repository>> {
        let found = self.repositories()?.iter().find(|repository| repository.name == name).cloned();
        Ok(found.map(|mut repository| {
            repository.access = self.over(&repository.access);
            repository
        }))
    }

    /// The repository at an address, with what the user keeps for it.
    fn at(&self, address: &str) -> Result<Repository> {
        let same =
            |repository: &&Repository| repository.url.trim_end_matches('/') == address.trim_end_matches('/');
        let known = self.repositories()?.iter().find(same).map(|r| r.access.clone()).unwrap_or_default();
        Ok(Repository { name: String::new(), url: address.to_string(), access: self.over(&known) })
    }

    /// What to show to the server of an archive: what belongs to the repository that it is in, and the flags.
    fn access_for(&self, url: &Url) -> Result<Access> {
        for repository in self.repositories()? {
            let Ok(base) = Url::parse(&repository.url) else { continue };
            let folder = format!("{}/", base.path.trim_end_matches('/'));
            if base.is_same_origin(url) && url.path.starts_with(&folder) {
                return Ok(self.over(&repository.access));
            }
        }
        Ok(self.settings.access.clone())
    }

    /// The flags over what is kept.
    fn over(&self, kept: &Access) -> Access {
        let flags = &self.settings.access;
        let text = |flag: &String, kept: &String| if flag.is_empty() { kept.clone() } else { flag.clone() };
        Access {
            username: text(&flags.username, &kept.username),
            password: text(&flags.password, &kept.password),
            token: text(&flags.token, &kept.token),
            pass_credentials: flags.pass_credentials || kept.pass_credentials,
            ca_file: flags.ca_file.clone().or_else(|| kept.ca_file.clone()),
            cert_file: flags.cert_file.clone().or_else(|| kept.cert_file.clone()),
            key_file: flags.key_file.clone().or_else(|| kept.key_file.clone()),
            insecure: flags.insecure || kept.insecure,
        }
    }

    fn fetch_named(&self, repository: &Repository, chart: &str, version: &str) -> Result<Fetched> {
        let index = self.index(repository)?;
        let entries = index.entries(chart).ok_or_else(|| no_chart(repository, &index, chart, version))?;
        let Some(entry) = choose(&entries, version)? else {
            let there: Vec<&str> = entries.iter().take(5).map(|entry| entry.version.as_str()).collect();
            let error = no_chart(repository, &index, chart, version);
            return Err(error.note(format!("the newest versions are {}", there.join(", "))));
        };
        self.fetch_entry(repository, chart, entry)
    }

    fn fetch_entry(&self, repository: &Repository, chart: &str, entry: &Entry) -> Result<Fetched> {
        let Some(address) = entry.urls.first() else {
            return Err(Error::new(format!(
                "chart {} version {} has no downloadable URLs",
                quote(chart),
                quote(&entry.version)
            )));
        };
        if scheme(address) == Some("oci") {
            return oci::fetch(self, address, &entry.version);
        }
        let base = Url::parse(&repository.url)?;
        let url = base.within(address)?;
        let http = Http::new(with_user(repository.access.clone(), &base));
        self.archive(&http, &url, &base, &entry.digest)
    }

    /// The index of a repository, from its server if that has a newer one than the cache.
    fn index(&self, repository: &Repository) -> Result<Index> {
        let limits = &self.settings.limits;
        let base = Url::parse(&repository.url)?;
        let url = base.within("index.yaml")?;
        let key = url.to_string();
        let invalid = |e: Error| {
            e.context(format_args!(
                "looks like {} is not a valid chart repository or cannot be reached",
                quote(&base.to_string())
            ))
        };
        if self.settings.offline {
            let kept = self.cache.index(&key, limits.input_bytes).ok_or_else(|| self.missing(&key))?;
            return Index::read(&kept.text, limits).map_err(invalid);
        }
        let guard = self.cache.lock(&key);
        if let Err(e) = &guard {
            self.warn(format!("nothing is kept of {key}: {}", e.message()));
        }
        let kept = self.cache.index(&key, limits.input_bytes);
        let access = with_user(repository.access.clone(), &base);
        let http = Http::new(access);
        let wanted = Wanted {
            accept: "*/*",
            authorization: http.access().authorization(),
            pass_credentials: http.access().pass_credentials,
            may_be_compressed: true,
            known: kept.as_ref().map_or((None, None), |k| (k.etag.clone(), k.last_modified.clone())),
            limit: limits.input_bytes,
        };
        let answer = http.get(&url, &base, &wanted).map_err(invalid)?;
        match (answer.status, kept) {
            (304, Some(kept)) => Index::read(&kept.text, limits).map_err(invalid),
            (200, _) => {
                let text = inflated(&answer.body, &key, limits.input_bytes)?;
                let index = Index::read(&text, limits).map_err(invalid)?;
                if guard.is_ok()
                    && let Err(e) = self.cache.keep_index(&key, answer.etag(), answer.last_modified(), &text)
                {
                    self.warn(format!("nothing is kept of {key}: {}", e.message()));
                }
                Ok(index)
            }
            _ => Err(invalid(answer.failure())),
        }
    }

    /// An archive, from the cache if its digest is known and it is there.
    fn archive(&self, http: &Http, url: &Url, named: &Url, digest: &str) -> Result<Fetched> {
        let limit = self.settings.limits.chart_bytes;
        let key = url.to_string();
        let digest = digest.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let file_name = url.file_name().to_string();
        let known = match (digest.as_str(), self.settings.offline) {
            ("", true) => self.cache.digest_of(&key),
            ("", false) => None,
            _ => Some(digest.clone()),
        };
        if let Some(data) = known.and_then(|digest| self.cache.chart(&digest, limit)) {
            return Ok(Fetched { file_name, data });
        }
        if self.settings.offline {
            return Err(self.missing(&key));
        }
        let wanted = Wanted {
            accept: "application/gzip,application/octet-stream",
            authorization: http.access().authorization(),
            pass_credentials: http.access().pass_credentials,
            limit,
            ..Wanted::default()
        };
        let answer = http.get(url, named, &wanted)?;
        if answer.status != 200 {
            return Err(answer.failure());
        }
        let is = cache::sha256(&answer.body);
        if !digest.is_empty() && digest != is {
            return Err(Error::new(format!(
                "the SHA-256 of {key} is {is}, and {digest} in its repository's index"
            ))
            .hint("the archive was changed after it was put there, or on its way here"));
        }
        self.keep(&key, &answer.body);
        Ok(Fetched { file_name, data: answer.body })
    }

    fn keep(&self, key: &str, data: &[u8]) {
        if let Err(e) = self.cache.keep_chart(key, data) {
            self.warn(format!("nothing is kept of {key}: {}", e.message()));
        }
    }

    fn missing(&self, key: &str) -> Error {
        Error::new(format!("{key} is not in the cache, and --offline allows nothing else"))
            .note(format!("the cache is {}", self.cache.folder().display()))
            .hint("run the same once without --offline")
    }
}

/// What to show to a server whose address names a user.
fn with_user(mut access: Access, url: &Url) -> Access {
    if let Some((user, password)) = &url.user
        && access.username.is_empty()
    {
        access.username.clone_from(user);
        access.password.clone_from(password);
    }
    access
}

/// An index that is stored compressed, too.
fn inflated(body: &[u8], url: &str, limit: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    if !body.starts_with(b"\x1F\x8B") {
        return Ok(body.to_vec());
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(body)
        .take(limit + 1)
        .read_to_end(&mut text)
        .map_err(|e| Error::new(format!("{url}: {e}")))?;
    if text.len() as u64 > limit {
        return Err(Error::new(format!("{url} has more than the limit of {limit} bytes")));
    }
    Ok(text)
}

/// The error of a chart that isn't there, in Helm's words (`chartrepo.go: ChartNotFoundError`).
fn no_chart(repository: &Repository, index: &Index, chart: &str, version: &str) -> Error {
    let version = if version.is_empty() { String::new() } else { format!(" version {}", quote(version)) };
    let url = Url::parse(&repository.url).map_or_else(|_| repository.url.clone(), |url| url.to_string());
    let error = Error::new(format!("chart {}{version} not found in {url} repository", quote(chart)));
    let charts = index.charts();
    if charts.iter().any(|name| name == chart) {
        return error;
    }
    match nearest(chart, charts.iter().map(String::as_str)) {
        Some(name) => error.hint(format!("did you mean {name}?")),
        None => error,
    }
}

/// A scalar as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_text().into_owned()),
        other => yaml::string_of(other),
    }
}

impl dependency::Remote for Remote {
    fn address(&self, repository: &str) -> Result<String> {
        let name = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:"));
        if let Some(name) = name {
            let found = self.repositories()?.iter().find(|known| known.name == name);
            if let Some(known) = found {
                return Ok(known.url.clone());
            }
        } else if scheme(repository).is_some() {
            return Ok(repository.to_string());
        }
        let error = Error::new(format!(
            "no repository definition for {repository}. Please add them via 'helm repo add'"
        ));
        if name.is_some() || repository.contains("//") {
            return Err(error);
        }
        Err(error.note(format!(
            "repositories must be addresses or names of yours: https://charts.example.com/, or @{repository}"
        )))
    }

    fn newest(&self, repository: &str, name: &str, constraint: &str) -> Result<Option<String>> {
        let is_registry = scheme(repository) == Some("oci");
        let entries = if is_registry {
            if Version::parse(constraint).is_ok() {
                return Ok(Some(constraint.to_string()));
            }
            oci::versions(self, &format!("{}/{name}", repository.trim_end_matches('/')))?
        } else {
            let repository = self.at(repository)?;
            let index = self.index(&repository)?;
            index
                .entries(name)
                .ok_or_else(|| Error::new(format!("{name} chart not found in repo {}", repository.url)))?
        };
        let wanted = index::parse(constraint)?;
        let fits = |entry: &&Entry| {
            (is_registry || !entry.urls.is_empty())
                && Version::parse(&entry.version).is_ok_and(|version| wanted.check(&version))
        };
        Ok(entries.iter().find(fits).map(|entry| entry.version.clone()))
    }

    fn fetch(&self, locked: &Locked) -> Result<(String, Vec<u8>)> {
        let fetched = if scheme(&locked.repository) == Some("oci") {
            let address = format!("{}/{}", locked.repository.trim_end_matches('/'), locked.name);
            oci::fetch(self, &address, &locked.version)?
        } else {
            let repository = self.at(&locked.repository)?;
            let index = self.index(&repository)?;
            let entries = index.entries(&locked.name).unwrap_or_default();
            let same =
                |entry: &&Entry| match (Version::parse(&locked.version), Version::parse(&entry.version)) {
                    (Ok(wanted), Ok(there)) => wanted.compare(&there).is_eq() && !entry.urls.is_empty(),
                    _ => entry.version == locked.version,
                };
            let exact =
                entries.iter().find(|entry| entry.version == locked.version && !entry.urls.is_empty());
            let entry = exact
                .or_else(|| entries.iter().find(same))
                .ok_or_else(|| no_chart(&repository, &index, &locked.name, &locked.version))?;
            self.fetch_entry(&repository, &locked.name, entry)?
        };
        Ok((fetched.file_name, fetched.data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_the_last_at_sign_and_a_digest_is_none() {
        assert_eq!(with_version("istio/gateway@1.29.0"), ("istio/gateway", Some("1.29.0")));
        assert_eq!(with_version("istio/gateway"), ("istio/gateway", None));
        assert_eq!(with_version("oci://h/p@sha256:00"), ("oci://h/p@sha256:00", None));
        assert_eq!(with_version("@x"), ("@x", None));
    }

    #[test]
    fn names_from_elsewhere_are_told_from_paths() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("repositories.yaml");
        std::fs::write(&config, "repositories: [{name: istio, url: 'https://x'}]").unwrap();
        let remote = Remote::new(Settings { repository_config: Some(config), ..Settings::default() });
        for name in ["https://x/y.tgz", "OCI://x/y", "istio/gateway", "istio/gateway@~1"] {
            assert!(remote.has(name).unwrap(), "{name}");
        }
        for name in
            ["gateway", "./istio/gateway", "/istio/x", "src/lib.rs", "main:istio/x", "other/x", "istio/", "-"]
        {
            assert!(!remote.has(name).unwrap(), "{name}");
        }
    }
}
