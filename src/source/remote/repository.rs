//! One repository: its index, and the charts that the index names (`helm pkg/repo/v1/chartrepo.go`).

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::{self, Kept};
use super::http::{Access, Http, Limit, Wanted};
use super::index::{Entry, Index, choose, hex};
use super::oci::{self, Listed};
use super::repositories::Repository;
use super::url::Url;
use super::{Fetched, Remote, scheme};
use crate::diagnostic::{Error, Result, nearest};
use crate::source::{quote, without_user};

/// The index of one repository, once it is read.
pub(super) type Slot = Arc<Mutex<Option<Index>>>;

impl Remote {
    pub(super) fn fetch_named(&self, repository: &Repository, chart: &str, version: &str) -> Result<Fetched> {
        let index = self.index(repository)?;
        let entries = index.entries(chart).ok_or_else(|| no_chart(repository, &index, chart, version))?;
        let Some(entry) = choose(&entries, version)? else {
            let there: Vec<&str> = entries.iter().take(5).map(|entry| entry.version.as_str()).collect();
            let error = no_chart(repository, &index, chart, version);
            return Err(error.note(format!("the newest versions are {}", there.join(", "))));
        };
        self.fetch_entry(repository, chart, entry)
    }

    pub(super) fn fetch_entry(&self, repository: &Repository, chart: &str, entry: &Entry) -> Result<Fetched> {
        let Some(address) = entry.urls.first() else {
            return Err(Error::new(format!(
                "chart {} version {} has no downloadable URLs",
                quote(&without_user(chart)),
                quote(&entry.version)
            )));
        };
        let base = Url::parse(&repository.url)?;
        if scheme(address) == Some("oci") {
            let listed = Listed { by: &base, digest: &entry.digest };
            return oci::fetch(self, address, &entry.version, Some(&listed));
        }
        let url = base.within(address)?;
        if base.is_https && !url.is_https && hex(&entry.digest).is_empty() {
            return Err(Error::new(format!(
                "the index of {base} leads from https to {url}, where anybody could change the archive, and has no \
                 digest of it"
            )));
        }
        let http = self.http(with_user(repository.access.clone(), &base));
        self.archive(&http, &url, &base, &entry.digest)
    }

    /// The index of a repository, from its server if that has a newer one than the cache. It is asked once a run.
    pub(super) fn index(&self, repository: &Repository) -> Result<Index> {
        let base = Url::parse(&repository.url)?;
        let url = base.within("index.yaml")?;
        let key = url.to_string();
        let slot = {
            let mut all = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.clone()).or_default().clone()
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*slot {
            return Ok(index.clone());
        }
        Ok(slot.insert(self.find_index(repository, &base, &url, &key)?).clone())
    }

    fn find_index(&self, repository: &Repository, base: &Url, url: &Url, key: &str) -> Result<Index> {
        let read = |text: &[u8]| Index::read(text, &self.settings.limits).map_err(|e| invalid(base, e));
        let limit = Limit { bytes: self.settings.limits.input_bytes, name: Some("input-bytes") };
        let kept = || self.cache.index(key, limit.bytes);
        if self.settings.offline {
            return read(&kept().ok_or_else(|| self.missing(key))?.text);
        }
        // As in Helm, that is for repositories that the user has names for.
        if self.settings.skip_refresh && !repository.name.is_empty() {
            let missing = || {
                let name = &repository.name;
                Error::new(format!("no cached repository for {name} found. (try 'helm repo update')"))
                    .hint("without --skip-refresh, torii asks the repository itself")
            };
            return read(&kept().ok_or_else(missing)?.text);
        }
        let guard = self.cache.lock(key, self.settings.limits.answer_seconds);
        if let Err(e) = &guard {
            self.warn(format!("nothing is kept of {key}: {}", e.message()));
        }
        let kept = kept();
        let http = self.http(with_user(repository.access.clone(), base));
        let wanted = Wanted {
            accept: "*/*",
            authorization: http.access().authorization(),
            pass_credentials: http.access().pass_credentials,
            may_be_compressed: true,
            known: kept.as_ref().map_or((None, None), Kept::known),
            limit,
            ..Wanted::default()
        };
        let mut answer = http.get(url, base, &wanted).map_err(|e| invalid(base, e))?;
        match (answer.status, kept) {
            (304, Some(kept)) => read(&kept.text),
            (200, _) => {
                let text = inflated(std::mem::take(&mut answer.body), key, limit)?;
                let index = read(&text)?;
                if guard.is_ok()
                    && let Err(e) = self.cache.keep_index(key, answer.etag(), answer.last_modified(), &text)
                {
                    self.warn(format!("nothing is kept of {key}: {}", e.message()));
                }
                Ok(index)
            }
            _ => Err(invalid(base, answer.failure())),
        }
    }

    /// An archive, from the cache if its digest is known and it is there.
    pub(super) fn archive(&self, http: &Http, url: &Url, named: &Url, digest: &str) -> Result<Fetched> {
        let limit = self.settings.limits.chart_bytes;
        let key = url.to_string();
        let digest = hex(digest);
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
            limit: Limit { bytes: limit, name: Some("chart-bytes") },
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
}

/// What to show to a server whose address names a user.
pub(super) fn with_user(mut access: Access, url: &Url) -> Access {
    if let Some((user, password)) = &url.user
        && access.username.is_empty()
    {
        access.username.clone_from(user);
        access.password.clone_from(password);
    }
    access
}

/// The error of what is no repository, in Helm's words (`helm pkg/repo/v1/chartrepo.go: FindChartInRepoURL`).
fn invalid(base: &Url, error: Error) -> Error {
    error.context(format_args!(
        "looks like {} is not a valid chart repository or cannot be reached",
        quote(&base.to_string())
    ))
}

/// An index that is stored compressed, too.
fn inflated(body: Vec<u8>, url: &str, limit: Limit) -> Result<Vec<u8>> {
    if !body.starts_with(b"\x1F\x8B") {
        return Ok(body);
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&*body)
        .take(limit.bytes.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(|e| Error::new(format!("{url}: {e}")))?;
    if text.len() as u64 > limit.bytes { Err(limit.exceeded(url)) } else { Ok(text) }
}

/// The error of a chart that isn't there, in Helm's words (`chartrepo.go: ChartNotFoundError`).
pub(super) fn no_chart(repository: &Repository, index: &Index, chart: &str, version: &str) -> Error {
    let version = if version.is_empty() { String::new() } else { format!(" version {}", quote(version)) };
    let url = Url::parse(&repository.url);
    let url = url.map_or_else(|_| without_user(&repository.url).into_owned(), |u| u.to_string());
    let error =
        Error::new(format!("chart {}{version} not found in {url} repository", quote(&without_user(chart))));
    let charts = index.charts();
    if charts.iter().any(|name| name == chart) {
        return error;
    }
    match nearest(chart, charts.iter().map(String::as_str)) {
        Some(name) => error.hint(format!("did you mean {name}?")),
        None => error,
    }
}
