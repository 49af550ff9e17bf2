//! Charts in git repositories on servers: one revision is fetched, without its history, and read from the object
//! database (see [`super::super::git`]).
//!
//! An address is written as Helm's users of git know it (`helm-git`): `git+https://host/repository@folder?ref=revision`.

use std::path::Path;

use super::git_protocol::{Name, Server, is_id};
use super::git_store::Store;
use super::http::Limit;
use super::index::Entry;
use super::repository::with_user;
use super::url::Url;
use super::{Fetched, Remote};
use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::package;
use crate::source::git::Repository;
use crate::source::{Budget, Options, quote, without_user};

/// A chart in a git repository.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// `https`, `http` or `file`.
    scheme: String,
    /// The repository, without the scheme.
    repository: String,
    /// The chart's folder in it; empty for its top.
    folder: String,
    /// A branch, a tag or a commit; `HEAD` if none is named.
    revision: String,
}

impl Address {
    fn parse(text: &str) -> Result<Address> {
        let invalid = |why: String| {
            let shown = quote(&without_user(text));
            Error::new(format!("invalid address of a chart in git: {shown}"))
                .note(why)
                .hint("write it like git+https://host/repository@folder?ref=revision")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme".into()))?;
        let scheme = scheme.to_ascii_lowercase();
        let scheme = scheme.strip_prefix("git+").unwrap_or(&scheme);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut revision = "HEAD";
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("ref", "")) => {}
                Some(("ref", name)) => revision = name,
                // What others need to know for a checkout.
                Some(("sparse" | "depupdate" | "package", _)) => {}
                _ => return Err(invalid(format!("{} means nothing here", quote(part)))),
            }
        }
        // An at sign before the first slash belongs to the user's name.
        let path = rest.find('/').ok_or_else(|| invalid("it names no repository".into()))?;
        let (repository, folder) = match rest.rfind('@').filter(|at| *at > path) {
            Some(at) => (rest.get(..at), rest.get(at + 1..)),
            None => (Some(rest), Some("")),
        };
        let is_name = |b: u8| b > b' ' && b != 0x7F && !b"~^:?*[\\".contains(&b);
        if revision.starts_with('-') || revision.contains("..") || !revision.bytes().all(is_name) {
            return Err(invalid(format!("{} is no name of a revision", quote(revision))));
        }
        Ok(Address {
            scheme: scheme.to_string(),
            repository: repository.unwrap_or_default().trim_end_matches('/').to_string(),
            folder: folder.unwrap_or_default().trim_matches('/').to_string(),
            revision: revision.to_string(),
        })
    }

    /// The folder of a repository on this machine.
    fn local(&self) -> Option<&Path> {
        (self.scheme == "file").then(|| Path::new(&self.repository))
    }

    fn url(&self) -> Result<Url> {
        Url::parse(&format!("{}://{}", self.scheme, self.repository))
    }
}

/// Fetches the chart at an address, and packs it.
///
/// # Errors
/// When the repository can't be reached, has no such revision, or no chart in that folder.
pub(super) fn fetch(remote: &Remote, text: &str) -> Result<Fetched> {
    let address = Address::parse(text)?;
    let limits = &remote.settings.limits;
    let revision = match address.local() {
        Some(folder) => Repository::discover(folder, limits)?.revision(&address.revision)?,
        None => {
            let (repository, id) = clone(remote, &address)?;
            repository.revision(&id)?
        }
    };
    let options = Options { limits: limits.clone(), ..Options::default() };
    let mut files = revision.open(&address.folder, &options, &mut Budget::new(limits))?;
    files.location = format!("{}:", without_user(text)).into();
    let package = package::of_files(files, &options)?;
    Ok(Fetched { file_name: package.file_name, data: package.data })
}

/// The tags of a repository that are versions, the newest first.
///
/// # Errors
/// When the repository can't be reached.
pub(super) fn versions(remote: &Remote, text: &str) -> Result<Vec<Entry>> {
    let address = Address::parse(text)?;
    if remote.settings.offline || address.local().is_some() {
        let shown = without_user(text);
        return Err(Error::new(format!("the tags of {shown} are known to its server alone"))
            .hint("`git tag` lists those of a repository on this machine"));
    }
    let url = address.url()?;
    let http = remote.http(with_user(remote.settings.access.clone(), &url));
    let names = Server::greet(&http, &url)?.names(&["refs/tags/".to_string()])?;
    let version = |name: &Name| {
        let tag = name.name.strip_prefix("refs/tags/")?;
        let entry = Entry { version: tag.to_string(), ..Entry::default() };
        Some((Version::parse(tag).ok()?, entry))
    };
    let mut found: Vec<(Version, Entry)> = names.iter().filter_map(version).collect();
    found.sort_by(|(a, _), (b, _)| b.compare(a));
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

/// Sees that a revision is in the cache. Gives the repository there, and the revision's commit.
fn clone(remote: &Remote, address: &Address) -> Result<(Repository, String)> {
    let url = address.url()?;
    let key = format!("git+{url}?ref={}", address.revision);
    let limits = &remote.settings.limits;
    let store = Store::of(&remote.cache, &url.to_string(), limits);
    if remote.settings.offline {
        let id = remote.cache.digest_of(&key).filter(|id| is_id(id)).ok_or_else(|| remote.missing(&key))?;
        return Ok((store.with(&id)?.ok_or_else(|| remote.missing(&key))?, id));
    }
    let http = remote.http(with_user(remote.settings.access.clone(), &url));
    let server = Server::greet(&http, &url)?;
    let id = match is_id(&address.revision) {
        true => address.revision.clone(),
        false => find(&server, &address.revision, &url)?,
    };
    let _guard = remote.cache.lock(&url.to_string(), limits.answer_seconds)?;
    let repository = match store.with(&id)? {
        Some(repository) => repository,
        None => {
            let pack = server.pack(&id, Limit { bytes: limits.chart_bytes, name: Some("chart-bytes") })?;
            store.keep(&id, &pack).map_err(|e| e.context(format_args!("what {url} gives of {id}")))?
        }
    };
    remote.cache.keep_name(&key, &id)?;
    Ok((repository, id))
}

/// Finds a name as git does: a tag comes before a branch.
fn find(server: &Server<'_>, name: &str, url: &Url) -> Result<String> {
    let wanted = match name == "HEAD" || name.starts_with("refs/") {
        true => vec![name.to_string()],
        false => vec![format!("refs/tags/{name}"), format!("refs/heads/{name}")],
    };
    let names = server.names(&wanted)?;
    let found = wanted.iter().find_map(|wanted| names.iter().find(|name| name.name == *wanted));
    found.map(|name| name.id.clone()).ok_or_else(|| {
        let error = Error::new(format!("{url} has no branch and no tag {}", quote(name)));
        match name.len() >= 7 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            true => error.hint("a commit is named by all of its 40 digits"),
            false => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let of = |text: &str| {
            let a = Address::parse(text).unwrap();
            (a.scheme, a.repository, a.folder, a.revision)
        };
        let all = |a: &str, b: &str, c: &str, d: &str| (a.into(), b.into(), c.into(), d.into());
        assert_eq!(
            of("git+https://h/istio/istio@manifests/charts/gateway?ref=1.29.0"),
            all("https", "h/istio/istio", "manifests/charts/gateway", "1.29.0")
        );
        assert_eq!(of("GIT+https://u:p@h/a.git"), all("https", "u:p@h/a.git", "", "HEAD"));
        assert_eq!(of("git+file:///a/b@c/?ref=&sparse=0"), all("file", "/a/b", "c", "HEAD"));
        for bad in
            ["git+https://h", "git+https://h/a?rev=1", "git+https://h/a?ref=-x", "git+https://h/a?ref=a..b"]
        {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
