//! The charts that a chart needs, from repositories and registries (`helm internal/resolver/resolver.go`).

use super::index::{self, Entry};
use super::repository::no_chart;
use super::url::Url;
use super::{Remote, oci, scheme};
use crate::dependency::{self, Locked};
use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::source::without_user;

impl Remote {
    /// The user's own flags are shown to one server only: a chart could else name any that it wants to have a password
    /// sent to.
    fn for_one_server(&self, address: &str) -> Result<()> {
        let access = &self.settings.access;
        if access.username.is_empty() && access.password.is_empty() && access.token.is_empty() {
            return Ok(());
        }
        let server = self.server(address);
        let first = self.told.get_or_init(|| server.clone());
        if *first == server {
            return Ok(());
        }
        Err(Error::new(format!(
            "the credentials of the command line would be told to several servers: {first} and {server}"
        ))
        .hint("keep them with `helm repo add` or `helm registry login`, and leave the flags out"))
    }

    /// The server of an address. Two of one name are one server.
    fn server(&self, address: &str) -> String {
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let scheme = scheme.to_ascii_lowercase();
        let is_plain =
            matches!(scheme.as_str(), "http" | "git+http") || (scheme == "oci" && self.settings.plain_http);
        let web = if is_plain { "http" } else { "https" };
        match Url::parse(&format!("{web}://{rest}")) {
            Ok(url) => format!("{scheme}://{}", url.authority()),
            // Nothing is sent there, but whoever says so must not show a password.
            Err(_) => without_user(address).into_owned(),
        }
    }
}

impl dependency::Remote for Remote {
    fn address(&self, repository: &str) -> Result<String> {
        let name = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:"));
        if let Some(name) = name {
            let found = self.repositories()?.iter().find(|known| known.name == name);
            if let Some(known) = found {
                self.for_one_server(&known.url)?;
                return Ok(known.url.clone());
            }
        } else if scheme(repository).is_some() {
            self.for_one_server(repository)?;
            return Ok(repository.to_string());
        }
        let shown = without_user(repository);
        let error =
            Error::new(format!("no repository definition for {shown}. Please add them via 'helm repo add'"));
        if name.is_some() || repository.contains("//") {
            return Err(error);
        }
        Err(error.note(format!(
            "repositories must be addresses or names of yours: https://charts.example.com/, or @{shown}"
        )))
    }

    fn newest(&self, repository: &str, name: &str, constraint: &str) -> Result<Option<String>> {
        self.for_one_server(repository)?;
        let is_registry = scheme(repository) == Some("oci");
        let entries = if is_registry {
            if Version::parse(constraint).is_ok() {
                return Ok(Some(constraint.to_string()));
            }
            oci::versions(self, &format!("{}/{name}", repository.trim_end_matches('/')))?
        } else {
            let repository = self.at(repository)?;
            let index = self.index(&repository)?;
            index.entries(name).ok_or_else(|| {
                let shown = without_user(&repository.url);
                Error::new(format!("{name} chart not found in repo {shown}"))
            })?
        };
        let wanted = index::parse(constraint)?;
        let fits = |entry: &&Entry| {
            (is_registry || !entry.urls.is_empty())
                && Version::parse(&entry.version).is_ok_and(|version| wanted.check(&version))
        };
        Ok(entries.iter().find(fits).map(|entry| entry.version.clone()))
    }

    fn fetch(&self, locked: &Locked) -> Result<(String, Vec<u8>)> {
        // A lock may name another server than the chart does.
        self.for_one_server(&locked.repository)?;
        let fetched = if scheme(&locked.repository) == Some("oci") {
            let address = format!("{}/{}", locked.repository.trim_end_matches('/'), locked.name);
            oci::fetch(self, &address, &locked.version, None)?
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
