//! What `Chart.yaml` holds, and when it is valid (`helm pkg/chart/v2/{metadata,dependency}.go`).

use std::collections::BTreeMap;

use crate::diagnostic::{Error, Result};
use crate::functions::semver::Version;
use crate::source::{path, quote};
use crate::value::print::is_printable;
use crate::value::{Str, Value};

/// The contents of `Chart.yaml`. A text that is not set is empty.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// The name; for a dependency with an alias, the alias.
    pub name: String,
    /// A page about the project.
    pub home: String,
    /// Where the source code is.
    pub sources: Vec<String>,
    /// The chart's version.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to be found by.
    pub keywords: Vec<String>,
    /// Who keeps the chart. Checked: none is null.
    pub maintainers: Vec<Maintainer>,
    /// Where an icon is.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// The condition to enable the chart.
    pub condition: String,
    /// The tags to enable the chart by.
    pub tags: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// Whether the chart should no longer be used.
    pub deprecated: bool,
    /// Further facts; none and an empty map are told apart by templates.
    pub annotations: Option<BTreeMap<Str, Str>>,
    /// Which versions of Kubernetes will do.
    pub kube_version: String,
    /// The charts that this one needs. After [`crate::values::process_dependencies`] only the enabled ones.
    pub dependencies: Vec<Dependency>,
    /// Whether there is a list of dependencies, if only an empty one: without one, Helm leaves the charts
    /// within this one alone.
    pub(crate) lists_dependencies: bool,
    /// `application`, `library` or nothing.
    pub chart_type: String,
}

/// Someone who keeps a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// A name.
    pub name: String,
    /// An address for mail.
    pub email: String,
    /// A page.
    pub url: String,
    /// Whether the entry is null, which is refused.
    pub(super) is_null: bool,
}

/// A chart that another needs.
#[derive(Clone, Debug, Default)]
pub struct Dependency {
    /// The name of the chart; after processing, the alias if there is one.
    pub name: String,
    /// Which versions will do.
    pub version: String,
    /// Where to get it.
    pub repository: String,
    /// Paths of values, with commas between; the first that is a boolean decides whether it is enabled.
    pub condition: String,
    /// Tags that enable or disable it.
    pub tags: Vec<String>,
    /// Whether it takes part.
    pub enabled: bool,
    /// What to take of its values: names of exports, or maps of `child` and `parent`.
    pub import_values: Vec<Value>,
    /// The name under which it takes part.
    pub alias: String,
    /// Whether the entry is null, which is refused.
    pub(super) is_null: bool,
}

/// The contents of `Chart.lock`.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// When it was made.
    pub generated: String,
    /// A hash of the dependencies in `Chart.yaml`.
    pub digest: String,
    /// The dependencies with their exact versions.
    pub dependencies: Vec<Dependency>,
}

fn invalid(message: impl std::fmt::Display) -> Error {
    Error::new(format!("validation: {message}"))
}

impl Metadata {
    /// Cleans texts of what is not printable, and checks all that Helm checks.
    ///
    /// # Errors
    /// In Helm's words, which begin with `validation: `.
    pub fn validate(&mut self) -> Result<()> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ]
        .into_iter()
        .chain(&mut self.sources)
        .chain(&mut self.keywords)
        {
            sanitize(text);
        }
        if self.api_version.is_empty() {
            return Err(invalid("chart.metadata.apiVersion is required"));
        }
        if self.name.is_empty() {
            return Err(invalid("chart.metadata.name is required"));
        }
        if self.name == "." || self.name == ".." {
            return Err(invalid(format_args!("chart.metadata.name {} is not allowed", quote(&self.name))));
        }
        if self.name != path::base(&self.name) {
            return Err(invalid(format_args!("chart.metadata.name {} is invalid", quote(&self.name))));
        }
        if self.version.is_empty() {
            return Err(invalid("chart.metadata.version is required"));
        }
        if Version::parse(&self.version).is_err() {
            return Err(invalid(format_args!("chart.metadata.version {} is invalid", quote(&self.version))));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return Err(invalid("chart.metadata.type must be application or library"));
        }
        for maintainer in &mut self.maintainers {
            if maintainer.is_null {
                return Err(invalid("maintainers must not contain empty or null nodes"));
            }
            sanitize(&mut maintainer.name);
            sanitize(&mut maintainer.email);
            sanitize(&mut maintainer.url);
        }
        let mut seen: Vec<&str> = Vec::new();
        for dependency in &mut self.dependencies {
            dependency.validate()?;
        }
        for dependency in &self.dependencies {
            let key = dependency.key();
            if seen.contains(&key) {
                return Err(invalid(format_args!(
                    "more than one dependency with name or alias {}",
                    quote(key)
                )));
            }
            seen.push(key);
        }
        Ok(())
    }
}

impl Dependency {
    /// The name under which the dependency takes part: its alias, if it has one.
    pub fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn validate(&mut self) -> Result<()> {
        if self.is_null {
            return Err(invalid("dependencies must not contain empty or null nodes"));
        }
        for text in [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition]
            .into_iter()
            .chain(&mut self.tags)
        {
            sanitize(text);
        }
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !self.alias.chars().all(fine) {
            return Err(invalid(format_args!(
                "dependency {} has disallowed characters in the alias",
                quote(&self.name)
            )));
        }
        Ok(())
    }
}

/// Turns every kind of space into a plain one and drops what is not printable.
fn sanitize(text: &mut String) {
    let plain = |c: char| c == ' ' || (!c.is_whitespace() && is_printable(c));
    if !text.chars().all(plain) {
        *text = text
            .chars()
            .filter_map(|c| if c.is_whitespace() { Some(' ') } else { is_printable(c).then_some(c) })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> Metadata {
        Metadata {
            name: "c".into(),
            version: "1.0.0".into(),
            api_version: "v2".into(),
            ..Metadata::default()
        }
    }

    fn refusal(change: impl FnOnce(&mut Metadata)) -> String {
        let mut metadata = valid();
        change(&mut metadata);
        metadata.validate().unwrap_err().message().to_string()
    }

    #[test]
    fn each_refusal_has_helm_s_words() {
        let dependency = |name: &str, alias: &str| Dependency {
            name: name.into(),
            alias: alias.into(),
            ..Dependency::default()
        };
        assert!(valid().validate().is_ok());
        assert_eq!(refusal(|m| m.api_version.clear()), "validation: chart.metadata.apiVersion is required");
        assert_eq!(
            refusal(|m| m.name = "..".into()),
            "validation: chart.metadata.name \"..\" is not allowed"
        );
        assert_eq!(
            refusal(|m| m.name = "../../x".into()),
            "validation: chart.metadata.name \"../../x\" is invalid"
        );
        assert_eq!(refusal(|m| m.version.clear()), "validation: chart.metadata.version is required");
        assert_eq!(
            refusal(|m| m.version = "1.2.3.4".into()),
            "validation: chart.metadata.version \"1.2.3.4\" is invalid"
        );
        assert_eq!(
            refusal(|m| m.chart_type = "Library".into()),
            "validation: chart.metadata.type must be application or library"
        );
        assert_eq!(
            refusal(|m| m.maintainers.push(Maintainer { is_null: true, ..Maintainer::default() })),
            "validation: maintainers must not contain empty or null nodes"
        );
        assert_eq!(
            refusal(|m| m.dependencies.push(dependency("x", "../y"))),
            "validation: dependency \"x\" has disallowed characters in the alias"
        );
        assert_eq!(
            refusal(|m| m.dependencies = vec![dependency("x", ""), dependency("y", "x")]),
            "validation: more than one dependency with name or alias \"x\""
        );
    }

    #[test]
    fn texts_are_cleaned_of_what_is_not_printable() {
        let mut metadata = valid();
        metadata.description = "a\u{1b}[31m\nb\u{202e}c\u{a0}d".into();
        metadata.validate().unwrap();
        assert_eq!(metadata.description, "a[31m bc d");
    }
}
