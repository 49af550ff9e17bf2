//! Where a field is within an object.

use std::fmt;

use crate::value::Str;

/// One step into an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a map, by its key.
    Key(Str),
    /// Into a list whose items have a key of their own: the container of the name `istio-proxy`.
    Item {
        /// The fields that tell items apart, with their values: `name=istio-proxy`, `port=80,protocol=TCP`.
        key: String,
        /// The item's index on the old side, if it is there.
        old: Option<usize>,
        /// The item's index on the new side, if it is there.
        new: Option<usize>,
    },
    /// Into a list, by index.
    Index {
        /// The index on the old side, if the item is there.
        old: Option<usize>,
        /// The index on the new side, if the item is there.
        new: Option<usize>,
    },
    /// Into the contents of a string, which is a text of this format.
    Text(Format),
}

/// What a string's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Base64 of text.
    Base64,
}

/// The steps from an object to a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// What was.
    Old,
    /// What will be.
    New,
}

impl Path {
    /// The path of keys between dots: `spec.template.spec`.
    pub fn of(keys: &str) -> Path {
        Path(keys.split('.').filter(|key| !key.is_empty()).map(|key| Step::Key(key.into())).collect())
    }

    /// With further keys between dots: `securityContext.runAsUser`.
    pub fn at(mut self, keys: &str) -> Path {
        self.0.append(&mut Path::of(keys).0);
        self
    }

    /// With one further key, dots and all: that of a label.
    pub fn key(mut self, key: &str) -> Path {
        self.0.push(Step::Key(key.into()));
        self
    }

    /// With a step to an item of a list that is known by its place alone.
    pub fn index(mut self, index: usize) -> Path {
        self.0.push(Step::Index { old: None, new: Some(index) });
        self
    }

    /// With a step to an item of a list that a reader knows by a field: `name=istio-proxy`.
    pub fn item(mut self, index: usize, known_by: impl Into<String>) -> Path {
        self.0.push(Step::Item { key: known_by.into(), old: None, new: Some(index) });
        self
    }

    /// Whether this is the field at these keys or within it; `*` stands for any one step. Steps into texts don't
    /// count: `spec.containers.*.image`.
    pub fn is_within(&self, keys: &[&str]) -> bool {
        let mut steps = self.0.iter().filter(|step| !matches!(step, Step::Text(_)));
        keys.iter().all(|key| match steps.next() {
            Some(Step::Key(own)) => *key == "*" || own.as_bytes() == key.as_bytes(),
            Some(_) => *key == "*",
            None => false,
        })
    }

    /// The JSON pointer (RFC 6901) of the field on one side; of the string, for what lies within its text; `None`
    /// if a list on the way does not have the item on that side.
    pub fn pointer(&self, which: Which) -> Option<String> {
        let mut pointer = String::new();
        for step in &self.0 {
            let index = match step {
                Step::Key(key) => {
                    pointer.push('/');
                    pointer.push_str(&key.to_text().replace('~', "~0").replace('/', "~1"));
                    continue;
                }
                Step::Text(_) => break,
                Step::Item { old, new, .. } | Step::Index { old, new } => match which {
                    Which::Old => *old,
                    Which::New => *new,
                },
            };
            pointer.push_str(&format!("/{}", index?));
        }
        Some(pointer)
    }
}

impl fmt::Display for Path {
    /// `spec.template.spec.containers[name=istio-proxy].image`; keys with dots in quotes:
    /// `metadata.labels["helm.sh/chart"]`; what lies within a text after a colon: `data["mesh.yaml"]: defaultConfig`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = true;
        let end = self.0.iter().rposition(|step| !matches!(step, Step::Text(_))).map_or(0, |last| last + 1);
        for step in self.0.iter().take(end) {
            match step {
                Step::Key(key) => {
                    let key = key.to_text();
                    let plain = !key.is_empty()
                        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
                    match (plain, start) {
                        (true, true) => write!(f, "{key}")?,
                        (true, false) => write!(f, ".{key}")?,
                        (false, _) => write!(f, "[{:?}]", key)?,
                    }
                }
                Step::Item { key, .. } => write!(f, "[{key}]")?,
                Step::Index { old, new } => match new.or(*old) {
                    Some(index) => write!(f, "[{index}]")?,
                    None => write!(f, "[]")?,
                },
                // Of texts within texts, one colon is enough.
                Step::Text(_) if start => {}
                Step::Text(_) => write!(f, ": ")?,
            }
            start = matches!(step, Step::Text(_));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn a_path_is_shown_as_a_reader_writes_it() {
        let item = Step::Item { key: "name=a".into(), old: Some(0), new: Some(1) };
        let path = Path(vec![
            key("spec"),
            key("containers"),
            item,
            key("args"),
            Step::Index { old: Some(3), new: None },
        ]);
        assert_eq!(path.to_string(), "spec.containers[name=a].args[3]");
        assert_eq!(path.pointer(Which::Old).as_deref(), Some("/spec/containers/0/args/3"));
        assert_eq!(path.pointer(Which::New), None);
        assert!(path.is_within(&["spec", "*", "*", "args"]) && !path.is_within(&["spec", "template"]));
    }

    #[test]
    fn what_is_within_a_text_stands_after_a_colon() {
        let (base64, yaml) = (Step::Text(Format::Base64), Step::Text(Format::Yaml));
        let path = Path(vec![key("data"), key("a/b.yaml"), base64.clone(), yaml, key("c"), key("d")]);
        assert_eq!(path.to_string(), "data[\"a/b.yaml\"]: c.d");
        assert_eq!(path.pointer(Which::New).as_deref(), Some("/data/a~1b.yaml"));
        assert!(path.is_within(&["data", "a/b.yaml", "c"]));
        assert_eq!(Path(vec![key("data"), key("a"), base64]).to_string(), "data.a");
    }
}
