//! Charts in OCI registries (`helm pkg/registry/client.go`; OCI distribution specification 1.1).
//!
//! A manifest names the layers of a chart by their digests; only the chart's own is fetched. Everything is checked by
//! digest and size before it is used.

use serde_json::Value;

use super::cache::sha256;
use super::http::Limit;
use super::index::{self, Entry};
use super::registry::{MANIFEST_BYTES, Registry, parse};
use super::url::Url;
use super::{Fetched, Remote};
use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::source::{quote, without_user};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const OLD_LAYER: &str = "application/tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// Pages of a list of tags.
const PAGES: usize = 100;

/// Tags on all pages together, versions or not. A page may have as many bytes as a manifest, which is room for far more.
const TAGS: usize = 100_000;

/// `oci://registry/repository:tag@digest`.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    fn parse(text: &str) -> Result<Reference> {
        let shown = || quote(&without_user(text));
        let invalid = |why: &str| Error::new(format!("invalid chart reference {}: {why}", shown()));
        let (_, rest) = text.split_once("://").ok_or_else(|| invalid("it has no scheme"))?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_string())),
            None => (rest, None),
        };
        let (registry, path) = rest.split_once('/').ok_or_else(|| invalid("it names no repository"))?;
        let (repository, tag) = match path.rsplit_once(':') {
            // A version may have a plus sign, a tag may not.
            Some((repository, tag)) => (repository, Some(tag.replace('+', "_"))),
            None => (path, None),
        };
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.ends_with(|c: char| c.is_ascii_alphanumeric())
        };
        if !repository.split('/').all(is_part) {
            return Err(invalid("a repository has small letters, digits and single . _ - between slashes"));
        }
        let is_tag = |tag: &String| {
            (1..=128).contains(&tag.len())
                && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                && !tag.starts_with(['.', '-'])
        };
        if !tag.iter().all(is_tag) {
            return Err(invalid("it has a tag that is none"));
        }
        if !digest.iter().all(|digest| is_digest(digest)) {
            return Err(invalid("its digest is not sha256: and 64 hexadecimal digits"));
        }
        Ok(Reference { registry: registry.into(), repository: repository.into(), tag, digest })
    }

    fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// An entry of an index that names a chart in a registry.
pub(super) struct Listed<'a> {
    /// The repository that the index is of.
    pub by: &'a Url,
    /// The SHA-256 that the index has of the archive, or of its manifest; empty if it has none.
    pub digest: &'a str,
}

/// Fetches the chart of a reference, of the version that is wanted if it names none itself. The reference is the user's,
/// or that of an index.
///
/// # Errors
/// When there is none, or what comes is not what its digest says.
pub(super) fn fetch(
    remote: &Remote,
    address: &str,
    version: &str,
    listed: Option<&Listed<'_>>,
) -> Result<Fetched> {
    let mut reference = Reference::parse(address)?;
    if let Some(tag) = &reference.tag
        && !version.is_empty()
        && *tag != version.replace('+', "_")
    {
        return Err(Error::new(format!("chart reference and version mismatch: {version} is not {tag}")));
    }
    let limit = remote.settings.limits.chart_bytes;
    let by = listed.map(|listed| listed.by);
    let listed = listed.map(|listed| index::hex(listed.digest)).filter(|digest| !digest.is_empty());
    if reference.tag.is_none() && reference.digest.is_none() {
        reference.tag = Some(match Version::parse(version) {
            Ok(_) => version.replace('+', "_"),
            Err(_) => newest(remote, address, version, by)?,
        });
    }
    let tag = reference.tag.clone().unwrap_or_default();
    let file_name = match tag.as_str() {
        "" => format!("{}.tgz", reference.name()),
        tag => format!("{}-{}.tgz", reference.name(), tag.replace('_', "+")),
    };
    let mut key = key(&reference);
    if let Some(digest) = &listed {
        if let Some(data) = remote.cache.chart(digest, limit) {
            return Ok(Fetched { file_name, data });
        }
        // What was checked against another digest, or none, is something else.
        key = format!("{key}#{digest}");
    }
    if remote.settings.offline {
        let known = remote.cache.digest_of(&key).and_then(|digest| remote.cache.chart(&digest, limit));
        return known.map(|data| Fetched { file_name, data }).ok_or_else(|| remote.missing(&key));
    }
    let mut registry = Registry::open(remote, &reference.registry, &reference.repository, by)?;
    let which = reference.digest.as_deref().unwrap_or(&tag);
    let url = registry.at(&format!("manifests/{which}"))?;
    let answer = registry.get(&url, MANIFEST, Limit::fixed(MANIFEST_BYTES))?;
    if answer.status == 404 {
        return Err(Error::new(format!("{address}: {which}: not found")));
    }
    if answer.status != 200 {
        return Err(answer.failure());
    }
    if let Some(digest) = &reference.digest {
        check(digest, None, &answer.body, &url)?;
    }
    let manifest = parse(&answer)?;
    let layer = Layer::of(&manifest)?;
    if layer.is_signed {
        remote.warn(format!("{address} is signed; torii does not check signatures"));
    }
    let hex = layer.digest.trim_start_matches("sha256:");
    if let Some(digest) = listed
        && digest != hex
        && digest != sha256(&answer.body)
    {
        return Err(Error::new(format!(
            "the SHA-256 of {address} is {hex}, and {digest} in its repository's index"
        ))
        .hint("the chart was changed after it was put into the index, or on its way here"));
    }
    let kept = remote.cache.chart(hex, limit);
    let data = match kept {
        Some(data) => data,
        None => {
            if layer.size > limit {
                return Err(Limit { bytes: limit, name: Some("chart-bytes") }.exceeded(address));
            }
            let url = registry.at(&format!("blobs/{}", layer.digest))?;
            let answer = registry.get(&url, "*/*", Limit::fixed(layer.size))?;
            if answer.status != 200 {
                return Err(answer.failure());
            }
            check(&layer.digest, Some(layer.size), &answer.body, &url)?;
            answer.body
        }
    };
    remote.keep(&key, &data);
    Ok(Fetched { file_name, data })
}

fn key(reference: &Reference) -> String {
    let Reference { registry, repository, tag, digest } = reference;
    match digest {
        Some(digest) => format!("oci://{registry}/{repository}@{digest}"),
        None => format!("oci://{registry}/{repository}:{}", tag.as_deref().unwrap_or_default()),
    }
}

/// The newest tag that a constraint allows.
fn newest(remote: &Remote, address: &str, constraint: &str, by: Option<&Url>) -> Result<String> {
    let entries = tags(remote, address, by)?;
    let any = remote.settings.prereleases && constraint.is_empty();
    match index::choose(&entries, if any { ">0.0.0-0" } else { constraint })? {
        Some(entry) => Ok(entry.version.replace('+', "_")),
        None => Err(Error::new(format!(
            "unable to locate any tags in provided repository {address} that match {}",
            quote(constraint)
        ))),
    }
}

/// The tags that are versions, the newest first.
///
/// # Errors
/// When the registry can't be asked.
pub(super) fn versions(remote: &Remote, address: &str) -> Result<Vec<Entry>> {
    tags(remote, address, None)
}

fn tags(remote: &Remote, address: &str, by: Option<&Url>) -> Result<Vec<Entry>> {
    let reference = Reference::parse(address)?;
    if remote.settings.offline {
        return Err(Error::new(format!(
            "the tags of {address} are not in the cache, and --offline allows nothing else"
        ))
        .hint("name a tag or a digest"));
    }
    let mut registry = Registry::open(remote, &reference.registry, &reference.repository, by)?;
    registry.hurry();
    let mut url = registry.at("tags/list?n=1000")?;
    let mut found: Vec<(Version, Entry)> = Vec::new();
    let mut count = 0;
    for _ in 0..PAGES {
        let answer = registry.get(&url, "application/json", Limit::fixed(MANIFEST_BYTES))?;
        if answer.status != 200 {
            return Err(answer.failure());
        }
        let json = parse(&answer)?;
        let tags = json.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        count += tags.len();
        if count > TAGS {
            return Err(Error::new(format!("{address} has more than {TAGS} tags"))
                .hint("name one of them, or a digest: that needs no list"));
        }
        for tag in tags.iter().filter_map(Value::as_str) {
            let version = tag.replace('_', "+");
            if let Ok(parsed) = Version::parse(&version) {
                found.push((parsed, Entry { version, ..Entry::default() }));
            }
        }
        let next = answer.link().and_then(next_page).map(|part| url.join(&part)).transpose()?;
        match next {
            Some(next) if registry.is_own(&next) => url = next,
            Some(next) => return Err(Error::new(format!("{url} goes on at another server: {next}"))),
            None => {
                found.sort_by(|(a, _), (b, _)| b.compare(a));
                return Ok(found.into_iter().map(|(_, entry)| entry).collect());
            }
        }
    }
    Err(Error::new(format!("{address} has more than {PAGES} pages of tags")))
}

/// The address in a header like `</v2/x/tags/list?last=1>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then(|| address.to_string())
}

/// The chart's layer, as a manifest describes it.
#[derive(Debug)]
struct Layer {
    digest: String,
    size: u64,
    is_signed: bool,
}

impl Layer {
    fn of(manifest: &Value) -> Result<Layer> {
        let kind = |value: &Value| value.get("mediaType").and_then(Value::as_str).map(str::to_string);
        if manifest.get("config").and_then(kind).as_deref() != Some(CONFIG) {
            return Err(Error::new(format!("could not load config with mediatype {CONFIG}"))
                .hint("what is there is no chart: an image, perhaps"));
        }
        let layers = manifest.get("layers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of = |wanted: &str| layers.iter().find(|layer| kind(layer).as_deref() == Some(wanted));
        let layer = of(LAYER)
            .or_else(|| of(OLD_LAYER))
            .ok_or_else(|| Error::new(format!("manifest does not contain a layer with mediatype {LAYER}")))?;
        let digest = layer.get("digest").and_then(Value::as_str).unwrap_or_default().to_string();
        let size = layer.get("size").and_then(Value::as_u64);
        match size {
            Some(size) if is_digest(&digest) => {
                Ok(Layer { digest, size, is_signed: of(PROVENANCE).is_some() })
            }
            _ => Err(Error::new("the manifest describes its layer without a SHA-256 digest and a size")),
        }
    }
}

fn check(digest: &str, size: Option<u64>, data: &[u8], url: &Url) -> Result<()> {
    if let Some(size) = size.filter(|size| *size != data.len() as u64) {
        return Err(Error::new(format!("{url} has {} bytes, and {size} in its manifest", data.len())));
    }
    let is = format!("sha256:{}", sha256(data));
    match is == digest {
        true => Ok(()),
        false => Err(Error::new(format!("the digest of {url} is {is}, not {digest}"))
            .hint("it was changed on its way here, or the registry is broken")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let of = |text: &str| {
            let r = Reference::parse(text).unwrap();
            (r.registry, r.repository, r.tag, r.digest)
        };
        assert_eq!(
            of("oci://h:5000/a/b:1.0.0+x"),
            ("h:5000".into(), "a/b".into(), Some("1.0.0_x".into()), None)
        );
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(
            of(&format!("oci://h/a:1@{digest}")),
            ("h".into(), "a".into(), Some("1".into()), Some(digest))
        );
        for bad in [
            "oci://h",
            "oci://h/",
            "oci://h/A",
            "oci://h/a/../b",
            "oci://h/a:",
            "oci://h/a@sha256:00",
            "oci://h/a b",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_to_the_next_page_are_read() {
        assert_eq!(next_page("</v2/a/tags/list?last=b>; rel=\"next\"").unwrap(), "/v2/a/tags/list?last=b");
        assert_eq!(next_page("</v2/a>; rel=\"prev\""), None);
    }

    #[test]
    fn a_manifest_of_something_else_is_refused() {
        let of = |text: &str| Layer::of(&serde_json::from_str(text).unwrap());
        let image = r#"{"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}"#;
        assert!(of(image).unwrap_err().message().starts_with("could not load config with mediatype"));
        let empty = format!(r#"{{"config": {{"mediaType": "{CONFIG}"}}, "layers": []}}"#);
        assert!(of(&empty).unwrap_err().message().starts_with("manifest does not contain a layer"));
        let lax = format!(
            r#"{{"config": {{"mediaType": "{CONFIG}"}}, "layers": [{{"mediaType": "{LAYER}", "digest": "x"}}]}}"#
        );
        assert!(of(&lax).unwrap_err().message().starts_with("the manifest describes its layer without"));
    }
}
