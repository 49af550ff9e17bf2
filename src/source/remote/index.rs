//! `index.yaml`: what a repository has (`helm pkg/repo/v1/index.go`).
//!
//! Entries that are null, or are none, are passed over, as in Helm; so are those without a version.

use super::super::quote;
use super::text_of;
use crate::diagnostic::{Error, Result};
use crate::functions::semver::{Constraint, Version};
use crate::limits::Limits;
use crate::value::{Map, Room, Str, Value};
use crate::yaml;

/// A version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The chart's version, as it is written.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// When it was added.
    pub created: String,
    /// One sentence.
    pub description: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// Where it is: addresses, or parts of them from the repository on.
    pub urls: Vec<String>,
    /// The SHA-256 of the archive, in hexadecimal digits; empty if the repository doesn't say.
    pub digest: String,
}

/// What a repository has.
#[derive(Clone, Debug)]
pub struct Index(Map);

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// When it is none, or takes more memory than the limits allow.
    pub fn read(text: &[u8], limits: &Limits) -> Result<Index> {
        if text.is_empty() {
            return Err(Error::new("empty index.yaml file"));
        }
        // An index holds the metadata of years: it may take more than a chart's values.
        let mut room = Room::new(limits.data_bytes.saturating_mul(4));
        let value = yaml::decode_within(text, &mut room).map_err(|e| Error::new(e.message))?;
        let Value::Map(index) = value else { return Err(Error::new("index.yaml is no map")) };
        match field(&index, "apiVersion").as_ref().and_then(text_of) {
            Some(version) if !version.is_empty() => Ok(Index(index)),
            _ => Err(Error::new("no API version specified")),
        }
    }

    /// The names of all charts.
    pub fn charts(&self) -> Vec<String> {
        let Some(Value::Map(all)) = field(&self.0, "entries") else { return Vec::new() };
        all.read().keys().map(Str::to_string).collect()
    }

    /// The versions of a chart, the newest first; none if there is no such chart.
    pub fn entries(&self, chart: &str) -> Option<Vec<Entry>> {
        let Some(Value::Map(all)) = field(&self.0, "entries") else { return None };
        let Some(Value::List(found)) = all.get(chart) else { return None };
        let list = found.read();
        let maps = list.iter().filter_map(|value| match value {
            Value::Map(map) => entry(map),
            _ => None,
        });
        let mut entries: Vec<(Version, Entry)> =
            maps.filter_map(|entry| Some((Version::parse(&entry.version).ok()?, entry))).collect();
        entries.sort_by(|(a, _), (b, _)| b.compare(a));
        Some(entries.into_iter().map(|(_, entry)| entry).collect())
    }
}

/// The hexadecimal digits of a digest as an index has it, with or without `sha256:` before them.
pub(super) fn hex(digest: &str) -> String {
    digest.rsplit(':').next().unwrap_or_default().to_ascii_lowercase()
}

fn field(map: &Map, name: &str) -> Option<Value> {
    map.get(name)
}

fn entry(map: &Map) -> Option<Entry> {
    let text = |name: &str| field(map, name).as_ref().and_then(text_of).unwrap_or_default();
    let urls = match field(map, "urls") {
        Some(Value::List(list)) => list.read().iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    };
    let entry = Entry {
        version: text("version"),
        app_version: text("appVersion"),
        created: text("created"),
        description: text("description"),
        deprecated: matches!(field(map, "deprecated"), Some(Value::Bool(true))),
        urls,
        digest: text("digest"),
    };
    (!entry.version.is_empty()).then_some(entry)
}

/// Finds the version that the user wants: exactly that, else the newest that the constraint allows; without one, the
/// newest that is no prerelease (`IndexFile.Get`).
///
/// # Errors
/// When it is no constraint.
pub fn choose<'a>(entries: &'a [Entry], wanted: &str) -> Result<Option<&'a Entry>> {
    if let Some(exact) = entries.iter().find(|entry| !wanted.is_empty() && entry.version == wanted) {
        return Ok(Some(exact));
    }
    let constraint = parse(wanted)?;
    let fits = |entry: &&Entry| Version::parse(&entry.version).is_ok_and(|v| constraint.check(&v));
    Ok(entries.iter().find(fits))
}

/// Reads a constraint, nothing being all releases.
pub(super) fn parse(wanted: &str) -> Result<Constraint> {
    Constraint::parse(if wanted.is_empty() { "*" } else { wanted }).map_err(|e| {
        Error::new(format!("version {} is no version and no constraint: {}", quote(wanted), e.message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "\
apiVersion: v1
entries:
  a:
  - {version: 1.0.0, urls: [a-1.0.0.tgz], digest: '00'}
  - null
  - {version: 1.10.0, urls: [a-1.10.0.tgz], appVersion: 7}
  - {version: 2.0.0-rc.1, urls: [x]}
  - {version: not-a-version}
  - {urls: [y]}
  - 7
  - {version: 1.9.0, urls: null, deprecated: true}
  b: null
  c: {}
";

    fn of(chart: &str) -> Option<Vec<Entry>> {
        Index::read(INDEX.as_bytes(), &Limits::default()).unwrap().entries(chart)
    }

    #[test]
    fn versions_come_newest_first_and_what_is_none_is_passed_over() {
        let entries = of("a").unwrap();
        let versions: Vec<&str> = entries.iter().map(|e| e.version.as_str()).collect();
        assert_eq!(versions, ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0"]);
        assert_eq!((entries[1].app_version.as_str(), entries[2].deprecated), ("7", true));
        assert_eq!((of("b"), of("c"), of("d")), (None, None, None));
        assert_eq!(Index::read(INDEX.as_bytes(), &Limits::default()).unwrap().charts(), ["a", "b", "c"]);
    }

    #[test]
    fn the_version_that_is_wanted_is_found_exactly_or_by_constraint() {
        let entries = of("a").unwrap();
        for (wanted, want) in [
            ("", Some("1.10.0")),
            ("1.0.0", Some("1.0.0")),
            ("~1.9", Some("1.9.0")),
            ("^1", Some("1.10.0")),
            (">0.0.0-0", Some("2.0.0-rc.1")),
            ("2.0.0-rc.1", Some("2.0.0-rc.1")),
            ("3", None),
        ] {
            let found = choose(&entries, wanted).unwrap().map(|entry| entry.version.as_str());
            assert_eq!(found, want, "{wanted:?}");
        }
        assert!(choose(&entries, "a b").is_err());
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let refusal =
            |text: &str| Index::read(text.as_bytes(), &Limits::default()).unwrap_err().message().to_string();
        assert_eq!(refusal(""), "empty index.yaml file");
        assert_eq!(refusal("entries: {}"), "no API version specified");
        assert_eq!(refusal("<html>"), "index.yaml is no map");
        assert!(refusal("a: [").starts_with("error converting YAML to JSON: "));
        let limits = Limits { data_bytes: 1000, ..Limits::default() };
        let long = format!("apiVersion: v1\nentries: {{a: [{}]}}", "x, ".repeat(1000));
        assert!(Index::read(long.as_bytes(), &limits).unwrap_err().message().contains("memory"));
    }
}
