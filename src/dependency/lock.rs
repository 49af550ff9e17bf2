//! `Chart.lock` as Helm writes it, and the hash in it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Locked;
use crate::chart::{Dependency, Lock};
use crate::diagnostic::{Error, Result};
use crate::json::{self, Escape, write_string};
use crate::value::{Map, MapType, Value};
use crate::yaml;

/// The hash of what a chart asks for and what it was given (`helm internal/resolver/resolver.go: HashReq`).
///
/// # Errors
/// When values to import can't be written as JSON.
pub(super) fn digest(wanted: &[Dependency], locked: &[Locked]) -> Result<String> {
    let mut text = String::from("[");
    write_wanted(&mut text, wanted)?;
    text.push_str(",[");
    for (i, one) in locked.iter().enumerate() {
        text.push_str(if i > 0 { "," } else { "" });
        let mut fields = Fields::open(&mut text);
        fields.text("name", &one.name);
        fields.some("version", &one.version);
        fields.text("repository", &one.repository);
        text.push('}');
    }
    text.push_str("]]");
    Ok(hash(&text))
}

/// The hash that Helm 2 made of what a chart asks for (`HashV2Req`).
///
/// # Errors
/// As [`digest`].
pub(super) fn old_digest(wanted: &[Dependency]) -> Result<String> {
    let mut text = String::from("{\"dependencies\":");
    write_wanted(&mut text, wanted)?;
    text.push('}');
    Ok(hash(&text))
}

fn hash(text: &str) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(text.as_bytes())))
}

/// The dependencies as Go's `json.Marshal` writes the struct (`helm pkg/chart/v2/dependency.go`).
fn write_wanted(out: &mut String, wanted: &[Dependency]) -> Result<()> {
    out.push('[');
    for (i, one) in wanted.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        let mut fields = Fields::open(out);
        fields.text("name", &one.name);
        fields.some("version", &one.version);
        fields.text("repository", &one.repository);
        fields.some("condition", &one.condition);
        let tags = one.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
        fields.values("tags", tags)?;
        if one.enabled {
            fields.key("enabled");
            fields.out.push_str("true");
        }
        fields.values("import-values", one.import_values.clone())?;
        fields.some("alias", &one.alias);
        out.push('}');
    }
    out.push(']');
    Ok(())
}

/// The fields of an object that is being written.
struct Fields<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Fields<'a> {
    fn open(out: &'a mut String) -> Fields<'a> {
        out.push('{');
        Fields { out, is_first: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
        write_string(self.out, key, Escape::Html);
        self.out.push(':');
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        write_string(self.out, text, Escape::Html);
    }

    fn some(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.text(key, text);
        }
    }

    fn values(&mut self, key: &str, values: Vec<Value>) -> Result<()> {
        if !values.is_empty() {
            self.key(key);
            let text = json::encode(&Value::list(values), Escape::Html);
            self.out.push_str(&text.map_err(|e| Error::new(e.to_string()))?);
        }
        Ok(())
    }
}

/// The text of a lock file.
///
/// # Errors
/// When it can't be written as YAML.
pub(super) fn text(locked: &[Locked], digest: &str, generated: &str) -> Result<String> {
    let dependencies = locked.iter().map(|one| {
        let map = Map::new(MapType::Any);
        map.insert("name", Value::from(one.name.as_str()));
        map.insert("repository", Value::from(one.repository.as_str()));
        if !one.version.is_empty() {
            map.insert("version", Value::from(one.version.as_str()));
        }
        Value::Map(map)
    });
    let map = Map::new(MapType::Any);
    map.insert("dependencies", Value::list(dependencies.collect()));
    map.insert("digest", Value::from(digest));
    map.insert("generated", Value::from(generated));
    yaml::to_yaml(&Value::Map(map)).map_err(|e| Error::new(e.to_string()))
}

/// What a lock file holds.
pub(super) fn locked(lock: &Lock) -> Vec<Locked> {
    let of = |d: &Dependency| Locked {
        name: d.name.clone(),
        repository: d.repository.clone(),
        version: d.version.clone(),
    };
    lock.dependencies.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Dependency {
        given().as_dependency()
    }

    fn given() -> Locked {
        Locked {
            name: "alpine".into(),
            version: "0.1.0".into(),
            repository: "http://localhost:8879/charts".into(),
        }
    }

    #[test]
    fn the_hash_is_that_of_helm() {
        // The expectation of `helm internal/resolver/resolver_test.go: TestHashReq`.
        assert_eq!(
            digest(&[wanted()], &[given()]).unwrap(),
            "sha256:fb239e836325c5fa14b29d1540a13b7d3ba13151b67fe719f820e0ef6d66aaaf"
        );
        let mut other = wanted();
        other.version = ">=0.1.0".into();
        assert_ne!(digest(&[other], &[given()]).unwrap(), digest(&[wanted()], &[given()]).unwrap());
    }

    #[test]
    fn all_fields_count_in_the_order_of_go_s_struct() {
        let mut text = String::new();
        let mut full = wanted();
        full.condition = "a.b".into();
        full.tags = vec!["t".into()];
        full.enabled = true;
        full.import_values = vec![Value::from("x")];
        full.alias = "b".into();
        full.version = ">1 <2".into();
        write_wanted(&mut text, &[full]).unwrap();
        assert_eq!(
            text,
            "[{\"name\":\"alpine\",\"version\":\"\\u003e1 \\u003c2\",\
             \"repository\":\"http://localhost:8879/charts\",\"condition\":\"a.b\",\"tags\":[\"t\"],\
             \"enabled\":true,\"import-values\":[\"x\"],\"alias\":\"b\"}]"
        );
    }

    #[test]
    fn the_file_is_written_as_helm_writes_it() {
        assert_eq!(
            text(&[given()], "sha256:00", "2026-01-31T12:00:00.5Z").unwrap(),
            "dependencies:\n- name: alpine\n  repository: http://localhost:8879/charts\n  version: 0.1.0\n\
             digest: sha256:00\ngenerated: \"2026-01-31T12:00:00.5Z\"\n"
        );
    }
}
