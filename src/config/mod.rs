//! `torii.yaml`: the releases of a repository, what their reviews ignore, and which findings are known.
//!
//! The schema is described in `docs/torii-yaml.md`. It is strict: a key that it doesn't have is an error.

mod read;

use std::sync::Arc;

use serde::Deserialize;

use crate::diagnostic::{Error, Place, Result};
use crate::limits::Limits;
use crate::source::Tree;
use crate::value::Room;
use crate::yaml::{self, Step};

use self::read::Unknown;

/// The name of the file.
pub const FILE: &str = "torii.yaml";

/// Bytes of the file.
const MAX_BYTES: u64 = 1 << 20;

/// Bytes of memory that what it says may take.
const MOST_DATA: usize = 64 << 20;

/// What a `torii.yaml` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// The releases.
    pub releases: Vec<Release>,
    /// What reviews set aside.
    pub ignore: Vec<Ignore>,
    /// Findings that are known, and not to be told again.
    pub suppress: Vec<Suppress>,
    #[serde(flatten)]
    unknown: Unknown,
    #[serde(skip)]
    file: (Arc<str>, Arc<str>),
}

/// A release: a chart with values under a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its namespace; `default` if it is left out.
    pub namespace: Option<String>,
    /// The chart: a folder or an archive, from the folder of `torii.yaml` on.
    pub chart: String,
    /// Values files, from the folder of `torii.yaml` on; the last wins.
    #[serde(default)]
    pub values: Vec<String>,
    /// The version of Kubernetes that templates see.
    pub kube_version: Option<String>,
    /// API versions that templates see as well.
    #[serde(default)]
    pub api_versions: Vec<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// What reviews set aside: see [`crate::diff::ignore`] for the grammar.
#[derive(Clone, Debug)]
pub enum Ignore {
    /// A rule, as it stands behind `--ignore`.
    Rule(String),
    /// A rule of its parts.
    Parts(IgnoreParts),
}

/// A rule of its parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IgnoreParts {
    /// The objects: `Deployment/gateway`; all of them if it is left out.
    #[serde(default)]
    pub object: String,
    /// The field, if it isn't about whole objects: a JSON pointer, or a path as reports show it.
    pub path: Option<String>,
    /// Why, for the reader.
    pub reason: Option<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// A finding of `torii check` that is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Suppress {
    /// The rule's name.
    pub rule: String,
    /// The objects: `Deployment/gateway`; all of them if it is left out.
    #[serde(default)]
    pub object: String,
    /// Why, for the reader.
    pub reason: Option<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl Config {
    /// Reads the file at a path of a tree; `None` if there is none.
    ///
    /// # Errors
    /// When it can't be read, isn't YAML, or doesn't keep to the schema.
    pub fn load(tree: &Tree, path: &str, limits: &Limits) -> Result<Option<Config>> {
        if tree.look(path, limits).is_err() {
            return Ok(None);
        }
        let bounds = Limits { input_bytes: limits.input_bytes.min(MAX_BYTES), ..limits.clone() };
        let text = tree.read(path, &bounds)?;
        Config::parse(&tree.shown(path), &text).map(Some)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(file: &str, text: &[u8]) -> Result<Config> {
        let text = std::str::from_utf8(text)
            .map_err(|e| Error::new(format!("{file} is not UTF-8: {e}")).at(Place::new(file, 0, 0)))?;
        // Serde's reader takes its time with what nests or multiplies without end: this one refuses it.
        yaml::decode_within(text.as_bytes(), &mut Room::new(MOST_DATA)).map_err(|e| {
            let place = Place::new(file, e.line, e.column).with_text(text);
            Error::new(format!("{file}: {}", e.message)).at(place)
        })?;
        // A file of comments says nothing, and is fine.
        let parsed: Option<Config> = serde_yaml::from_str(text).map_err(|e| wrong(file, text, &e))?;
        let mut config = parsed.unwrap_or_default();
        config.file = (file.into(), text.into());
        config.check()?;
        Ok(config)
    }

    /// The place of what stands at a path of the file: `["ignore", 0]`.
    pub fn place(&self, path: &[Step]) -> Place {
        let (file, text) = &self.file;
        let position = yaml::locate(text.as_bytes(), path);
        let spot = position.map(|position| position.key.unwrap_or(position.value));
        let (line, column) = spot.map_or((0, 0), |spot| (spot.line, spot.column));
        Place::new(file.clone(), line, column).with_text(text.clone())
    }

    /// The place of an ignore rule.
    pub fn place_of_ignore(&self, index: usize) -> Place {
        self.place(&[Step::key("ignore"), Step::Index(index)])
    }

    /// The place of a suppression.
    pub fn place_of_suppress(&self, index: usize) -> Place {
        self.place(&[Step::key("suppress"), Step::Index(index)])
    }

    fn check(&self) -> Result<()> {
        self.known(&[], &self.unknown, &["releases", "ignore", "suppress"])?;
        let at = |list: &str, index: usize| [Step::key(list), Step::Index(index)];
        for (i, release) in self.releases.iter().enumerate() {
            let keys = ["name", "namespace", "chart", "values", "kube-version", "api-versions"];
            self.known(&at("releases", i), &release.unknown, &keys)?;
            for (key, text) in [("name", &release.name), ("chart", &release.chart)] {
                if text.is_empty() {
                    let path = [&at("releases", i)[..], &[Step::key(key)]].concat();
                    return Err(Error::new(format!("a release's {key} is empty")).at(self.place(&path)));
                }
            }
        }
        for (i, ignore) in self.ignore.iter().enumerate() {
            if let Ignore::Parts(parts) = ignore {
                self.known(&at("ignore", i), &parts.unknown, &["object", "path", "reason"])?;
            }
        }
        for (i, suppress) in self.suppress.iter().enumerate() {
            self.known(&at("suppress", i), &suppress.unknown, &["rule", "object", "reason"])?;
        }
        Ok(())
    }

    /// Refuses keys that the schema doesn't have.
    fn known(&self, path: &[Step], unknown: &Unknown, keys: &[&str]) -> Result<()> {
        let Some(key) = unknown.keys().next() else { return Ok(()) };
        let place = self.place(&[path, &[Step::key(key.as_str())]].concat());
        let error = Error::new(format!("{} has no key {key:?} here", self.file.0)).at(place);
        Err(match crate::diagnostic::nearest(key, keys.iter().copied()) {
            Some(meant) => error.hint(format!("did you mean {meant}?")),
            None => error.hint(format!("the keys are {}", keys.join(", "))),
        })
    }
}

/// An error of the YAML library, with its place.
fn wrong(file: &str, text: &str, error: &serde_yaml::Error) -> Error {
    let mut message = error.to_string();
    let mut place = Place::new(file, 0, 0);
    if let Some(location) = error.location() {
        place = Place::new(file, location.line(), location.column()).with_text(text);
        let end = format!(" at line {} column {}", location.line(), location.column());
        if let Some(bare) = message.strip_suffix(&end) {
            message = bare.to_string();
        }
    }
    Error::new(format!("{file}: {message}")).at(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config> {
        Config::parse("torii.yaml", text.as_bytes())
    }

    fn fails(text: &str) -> (String, String) {
        let error = parse(text).unwrap_err();
        let place = error.diagnostic().place.as_ref().map(ToString::to_string).unwrap_or_default();
        let hint = error.diagnostic().hint.as_ref().map(|hint| hint.text.clone());
        (format!("{place} {}", error.message()), hint.unwrap_or_default())
    }

    #[test]
    fn all_that_the_schema_has_is_read() {
        let config = parse(
            "releases:\n\
             - name: edge\n  namespace: istio\n  chart: charts/gateway\n  values: [a.yaml, b.yaml]\n  \
               kube-version: \"1.30\"\n  api-versions: [x/v1]\n\
             ignore:\n- Secret\n- object: Deployment/*\n  path: /spec/replicas\n  reason: scaled\n\
             suppress:\n- rule: run-as-root\n  object: Pod/x\n  reason: known\n",
        )
        .unwrap();
        let release = &config.releases[0];
        assert_eq!((release.name.as_str(), release.kube_version.as_deref()), ("edge", Some("1.30")));
        assert_eq!(release.values, ["a.yaml", "b.yaml"]);
        assert!(matches!(&config.ignore[0], Ignore::Rule(rule) if rule == "Secret"));
        assert!(matches!(&config.ignore[1], Ignore::Parts(parts) if parts.path.is_some()));
        assert_eq!(config.suppress[0].rule, "run-as-root");
        assert!(config.place_of_ignore(1).to_string().starts_with("torii.yaml:10"));
    }

    #[test]
    fn versions_need_no_quotes() {
        let config = parse("releases:\n- {name: a, chart: c, kube-version: 1.30}\n").unwrap();
        assert_eq!(config.releases[0].kube_version.as_deref(), Some("1.30"));
    }

    #[test]
    fn a_file_of_nothing_is_fine() {
        assert!(parse("").unwrap().releases.is_empty());
        assert!(parse("# later\n").unwrap().ignore.is_empty());
    }

    #[test]
    fn unknown_keys_are_errors_with_a_line_and_what_was_meant() {
        let (message, hint) = fails("releases:\n- name: a\n  chart: c\n  valeus: []\n");
        assert_eq!(message, "torii.yaml:4:3 torii.yaml has no key \"valeus\" here");
        assert_eq!(hint, "did you mean values?");
        let (message, hint) = fails("relases: []\n");
        assert_eq!(
            (message.as_str(), hint.as_str()),
            ("torii.yaml:1:1 torii.yaml has no key \"relases\" here", "did you mean releases?")
        );
        assert!(fails("ignore:\n- objekt: x\n").0.starts_with("torii.yaml:2:3 "));
        let (message, hint) = fails("suppress:\n- rule: x\n  because: y\n");
        assert!(message.starts_with("torii.yaml:3:3 "), "{message}");
        assert_eq!(hint, "the keys are rule, object, reason");
    }

    #[test]
    fn values_of_another_type_are_errors_with_a_line() {
        assert!(
            fails("releases:\n- name: a\n  chart: c\n  kube-version: [1]\n").0.starts_with("torii.yaml:4:")
        );
        assert!(fails("releases: 7\n").0.starts_with("torii.yaml:1:"));
        assert!(fails("- a\n").0.contains("torii.yaml"));
        assert!(fails("releases:\n- name: a\n").0.contains("missing field `chart`"));
        assert!(fails("ignore:\n- 7\n").0.contains("a rule"));
    }

    #[test]
    fn data_that_multiplies_or_nests_without_end_is_refused() {
        let mut text = String::from("a0: &a0 [x, x]\n");
        for i in 1..60 {
            text.push_str(&format!("a{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1));
        }
        text.push_str("releases: *a59\n");
        assert!(parse(&text).is_err());
        assert!(parse(&format!("releases: {}", "[".repeat(100_000))).is_err());
    }
}
