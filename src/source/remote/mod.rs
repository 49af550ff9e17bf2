//! Charts from elsewhere: repositories over HTTP, OCI registries, addresses of archives.
//!
//! Nothing here is set up before a chart is asked for that is not on this machine.

mod cache;
mod credential_helper;
mod credentials;
mod dependencies;
mod git;
mod git_pack;
mod git_protocol;
mod git_store;
mod http;
mod index;
mod oci;
mod proxy;
mod registry;
mod repositories;
mod repository;
mod url;
mod watch;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::cache::Cache;
use self::http::Http;
use self::repositories::{Repository, helm_file};
use self::repository::{Slot, no_chart, with_user};
use self::url::Url;
use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::limits::Limits;
use crate::source::without_user;
use crate::value::Value;
use crate::yaml;

pub use self::http::Access;
pub use self::index::{Entry, Index, choose};
pub use self::watch::{Transfer, Watch};

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
    /// Use the indexes in the cache of those repositories that the user has names for.
    pub skip_refresh: bool,
    /// Speak to registries without TLS.
    pub plain_http: bool,
    /// What to show to servers.
    pub access: Access,
    /// Helm's list of repositories, if it isn't where Helm has it.
    pub repository_config: Option<PathBuf>,
    /// Helm's credentials for registries, if they aren't where Helm has them.
    pub registry_config: Option<PathBuf>,
    /// The folder of what was fetched, if it isn't the user's own.
    pub cache: Option<PathBuf>,
    /// The bounds to keep.
    pub limits: Limits,
    /// Who is told how far each transfer is.
    pub watch: Option<Arc<dyn Watch>>,
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
    /// By the address of the index.
    indexes: Mutex<HashMap<String, Slot>>,
    /// The one server that the user's flags are shown to for a chart's dependencies.
    told: OnceLock<String>,
    warnings: Mutex<Vec<String>>,
}

/// What a name means.
enum Place<'a> {
    /// An archive at an address.
    Archive(&'a str),
    /// A chart in a registry.
    Registry(&'a str),
    /// A chart in a git repository.
    Git(&'a str),
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

/// The scheme of a name that is the address of a chart or repository.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once("://")?;
    ["oci", "http", "https", "git+https", "git+http", "git+file"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(scheme))
}

impl Remote {
    /// A way by these settings.
    pub fn new(settings: Settings) -> Remote {
        Remote {
            cache: settings.cache.clone().map_or_else(Cache::of_user, Cache::at),
            settings,
            repositories: OnceLock::new(),
            indexes: Mutex::default(),
            told: OnceLock::new(),
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
                self.has_no_version(|| {
                    let hint = "name the archive of that version, and leave --version out";
                    Error::new(format!("{} is one archive", without_user(address))).hint(hint)
                })?;
                let url = Url::parse(address)?;
                let access = self.access_for(&url)?;
                let http = self.http(with_user(access, &url));
                self.archive(&http, &url, &url, "")
            }
            Place::Registry(address) => oci::fetch(self, address, &self.settings.version, None),
            Place::Git(address) => {
                self.has_no_version(|| {
                    let hint = "name a branch, a tag or a commit: ?ref=…";
                    Error::new(format!("{} is one revision", without_user(address))).hint(hint)
                })?;
                git::fetch(self, address)
            }
            Place::Repository(repository, chart, version) => self.fetch_named(&repository, chart, version),
        }
    }

    /// Refuses a version that is wanted of something that has only one.
    fn has_no_version(&self, what: impl FnOnce() -> Error) -> Result<()> {
        if self.settings.version.is_empty() {
            return Ok(());
        }
        Err(what().context(format_args!("--version {} chooses nothing here", self.settings.version)))
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
            Place::Archive(_) => {
                let shown = without_user(name);
                return Err(Error::new(format!("{shown} is one archive, not a repository")));
            }
            Place::Registry(address) => (address.to_string(), oci::versions(self, address)?),
            Place::Git(address) => (without_user(address).into_owned(), git::versions(self, address)?),
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

    fn http(&self, access: Access) -> Http {
        Http::new(access, &self.settings)
    }

    fn place<'a>(&'a self, name: &'a str) -> Result<Place<'a>> {
        match scheme(name) {
            Some("oci") => return Ok(Place::Registry(name)),
            Some(scheme) if scheme.starts_with("git+") => return Ok(Place::Git(name)),
            Some(_) if self.settings.repository.is_none() => return Ok(Place::Archive(name)),
            _ => {}
        }
        let (chart, version) = with_version(name);
        let version = match version {
            Some(version) if !self.settings.version.is_empty() && self.settings.version != version => {
                return Err(Error::new(format!(
                    "{} names version {version}, and --version {}",
                    without_user(name),
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
        let unknown =
            || Repository { name: String::new(), url: address.to_string(), access: Access::default() };
        let known = self.repositories()?.iter().find(same).cloned().unwrap_or_else(unknown);
        Ok(Repository { access: self.over(&known.access), ..known })
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

/// A scalar as text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_text().into_owned()),
        other => yaml::string_of(other),
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
