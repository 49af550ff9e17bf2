//! What a checksum is of: the ConfigMap or Secret whose change it repeats.

use std::collections::{BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use crate::compare::{Change, Comparison};
use crate::manifest::object::Object;
use crate::value::{Map, Str, Value, each_map};

/// What a message about a restart without a reason begins with.
pub(super) const NEEDLESS: &str = "needless restart: ";
/// How deep pods are searched for what they use.
const MAX_DEPTH: usize = 20;
/// How many objects a message names.
const MAX_NAMES: usize = 3;

/// Whether an annotation of this name is a hash of something else.
pub(super) fn is_name(name: &str) -> bool {
    let name = name.to_lowercase();
    ["checksum", "hash", "sha256", "sha1", "md5", "digest"].iter().any(|word| name.contains(word))
}

/// Whether a text looks like a hash: hex digits or base64, with letters and digits.
pub(super) fn is_hash(text: &str) -> bool {
    let text = text.rsplit(':').next().unwrap_or(text);
    let hex = text.len() >= 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let symbols = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_');
    let base64 =
        text.len() >= 16 && text.bytes().all(symbols) && text.bytes().any(|b| b.is_ascii_uppercase());
    let decimal = text.len() >= 8 && text.bytes().all(|b| b.is_ascii_digit());
    hex || base64 || decimal
}

/// The part of a checksum's name that says what it is of: `config` of `checksum/config` and of `config-hash`.
fn stem(name: &str) -> String {
    const NOISE: [&str; 8] = ["checksum", "hash", "sha256sum", "sha256", "sha1", "md5", "digest", "sum"];
    let parts = name.split(['/', '-', '_', '.']).map(str::to_lowercase);
    // Before a slash stands a domain, unless it is the word itself.
    let domain =
        name.split_once('/').map(|(domain, _)| domain.to_lowercase()).filter(|domain| domain.contains('.'));
    let domain: Vec<&str> = domain.as_deref().map(|domain| domain.split('.').collect()).unwrap_or_default();
    parts.skip(domain.len()).filter(|part| !NOISE.contains(&part.as_str())).collect::<Vec<_>>().join("")
}

/// One changed ConfigMap or Secret.
struct Config<'a> {
    object: &'a Object,
    /// The SHA-256 of the files that it stands in, as they were rendered, in hex: most charts take their checksums so.
    sums: Vec<String>,
    /// Its template or file, without folders and endings, and its name: small letters and digits only.
    template: String,
    name: String,
    /// Whether only labels of versions differ.
    only_labels: bool,
}

/// What changed that checksums may be of.
pub(super) struct Ties<'a>(Vec<Config<'a>>);

impl<'a> Ties<'a> {
    /// `only_labels` says of a change whether it is one of version labels only.
    pub fn new(comparison: &'a Comparison, only_labels: impl Fn(usize) -> bool) -> Ties<'a> {
        let config = |(index, change): (usize, &'a Change)| {
            let object: &Object = change.object()?;
            let is_config = matches!(&*object.id.kind, "ConfigMap" | "Secret") && object.id.group.is_empty();
            let sides = [&change.old, &change.new];
            (is_config && change.matters()).then(|| Config {
                object,
                sums: sides.into_iter().flatten().map(|object| sum(&object.text.0)).collect(),
                template: letters(template(&object.source)),
                name: letters(&object.id.name),
                only_labels: only_labels(index),
            })
        };
        Ties(comparison.changes.iter().enumerate().filter_map(config).collect())
    }

    /// Says what a changed checksum of an object is of, and whether it changed for nothing: without a ConfigMap or
    /// Secret that says something else now.
    pub fn tell(&self, change: &Change, name: &str) -> (String, bool) {
        let causes = self.causes(change, name);
        if causes.is_empty() {
            return if self.0.iter().any(|config| !config.only_labels) {
                (
                    format!("{name} changed, but not with a ConfigMap or Secret that it is known to be of"),
                    false,
                )
            } else if self.0.is_empty() {
                (format!("{name} changed though no ConfigMap or Secret did"), true)
            } else {
                (format!("{name} changed though of ConfigMaps and Secrets only version labels did"), true)
            };
        }
        let (labels, changed): (Vec<&Config<'_>>, Vec<&Config<'_>>) =
            causes.into_iter().partition(|config| config.only_labels);
        if changed.is_empty() {
            return (format!("{name} changed though only the chart label of {} did", names(&labels)), true);
        }
        (format!("{name} changed with {}", names(&changed)), false)
    }

    /// The changes that a checksum stands for, as far as names and use tell.
    fn causes(&self, change: &Change, name: &str) -> Vec<&Config<'a>> {
        let stem = stem(name);
        let used = [&change.old, &change.new].into_iter().flatten().flat_map(|object| used(&object.value));
        let used: BTreeSet<(&str, String)> = used.collect();
        let values = [&change.old, &change.new].map(|object| object.as_ref().map(|object| &object.value));
        let own: BTreeSet<String> =
            values.into_iter().flatten().flat_map(|value| texts_at(value, name)).collect();
        let namespace = change.object().map(|object| object.id.namespace.clone()).unwrap_or_default();
        let ranks = self.0.iter().filter(|config| config.object.id.namespace == namespace).map(|config| {
            let kind: &str = &config.object.id.kind;
            let is_used = used.iter().any(|(own, name)| *own == kind && *name == *config.object.id.name);
            let rank = match (config.fits(&stem), is_used, names_kind(&stem, kind)) {
                _ if config.sums.iter().any(|sum| own.contains(sum)) => 5,
                (true, true, _) => 4,
                (true, false, _) => 3,
                (false, true, Some(true)) => 2,
                (false, true, None) => 1,
                _ => 0,
            };
            (rank, config)
        });
        let ranks: Vec<(u8, &Config<'a>)> = ranks.filter(|(rank, _)| *rank > 0).collect();
        let best = ranks.iter().map(|(rank, _)| *rank).max().unwrap_or_default();
        ranks.into_iter().filter(|(rank, _)| *rank == best).map(|(_, config)| config).collect()
    }
}

impl Config<'_> {
    /// Whether the name of a checksum says that it is of this object: `config` is of `configmap.yaml`, and of
    /// `gateway-config`.
    fn fits(&self, stem: &str) -> bool {
        let stem = stem.trim_end_matches('s');
        let template = self.template.trim_end_matches('s');
        stem.len() >= 2
            && (template == stem
                || self.name.trim_end_matches('s').ends_with(stem)
                || stem.len() >= 4 && (template.starts_with(stem) || template.ends_with(stem))
                || template.len() >= 4 && stem.ends_with(template))
    }
}

fn sum(text: &Str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The texts under a key, wherever it is.
fn texts_at(value: &Value, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    each_map(value, MAX_DEPTH, &mut |map| {
        found.extend(map.get(key).as_ref().and_then(Value::as_str).map(str::to_string));
    });
    found
}

/// Whether a stem is about a kind: `secret` and `cm` are, `env` says nothing.
fn names_kind(stem: &str, kind: &str) -> Option<bool> {
    match (stem.contains("secret"), stem.contains("config") || stem.contains("cm")) {
        (false, false) => None,
        (secret, config) => Some(if kind == "Secret" { secret } else { config }),
    }
}

/// The name of a template without folders and endings.
fn template(source: &str) -> &str {
    let file = source.rsplit('/').next().unwrap_or(source);
    file.split('.').next().unwrap_or(file)
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn names(configs: &[&Config<'_>]) -> String {
    let mut seen = HashSet::new();
    let names: Vec<String> = configs
        .iter()
        .map(|config| config.object.id.to_string())
        .filter(|name| seen.insert(name.clone()))
        .collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    let shown = names.get(..MAX_NAMES.min(names.len())).unwrap_or_default().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The ConfigMaps and Secrets that a workload uses: by volume, by environment.
fn used(value: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    each_map(value, MAX_DEPTH, &mut |map| {
        let name = |map: &Map, key: &str| map.get(key)?.as_str().map(str::to_string);
        for (key, value) in map.entries() {
            let Value::Map(inner) = &value else { continue };
            found.extend(match key.as_str() {
                Some("configMap" | "configMapRef" | "configMapKeyRef") => {
                    name(inner, "name").map(|name| ("ConfigMap", name))
                }
                Some("secretRef" | "secretKeyRef") => name(inner, "name").map(|name| ("Secret", name)),
                Some("secret") => {
                    name(inner, "secretName").or_else(|| name(inner, "name")).map(|name| ("Secret", name))
                }
                _ => None,
            });
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_of_checksums_are_known() {
        for name in
            ["checksum/config", "checksum-secret", "example.com/checksum", "config-hash", "configHash"]
        {
            assert!(is_name(name), "{name}");
        }
        let sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for hash in [sha, "sha256:9f86d081884c", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", "0123456789"]
        {
            assert!(is_hash(hash), "{hash}");
        }
        for other in ["", "true", "abc", "enabled", "some words that are long", "my-config-name"] {
            assert!(!is_hash(other), "{other}");
        }
    }

    #[test]
    fn the_stem_says_what_it_is_of() {
        for (name, want) in [
            ("checksum/config", "config"),
            ("checksum-secret", "secret"),
            ("example.com/checksum", ""),
            ("config-hash", "config"),
            ("checksum/jmx-configuration", "jmxconfiguration"),
            ("example.com/config-checksum", "config"),
        ] {
            assert_eq!(stem(name), want, "{name}");
        }
    }

    #[test]
    fn what_pods_use_is_found_in_volumes_and_environment() {
        let text = "{volumes: [{configMap: {name: a}}, {secret: {secretName: b}}, {projected: {sources: [{secret: {name: c}}]}}], containers: [{envFrom: [{configMapRef: {name: d}}], env: [{valueFrom: {secretKeyRef: {name: e, key: k}}}]}]}";
        let value = crate::yaml::decode(text.as_bytes()).unwrap();
        let found: BTreeSet<(&str, String)> = used(&value).into_iter().collect();
        let want =
            [("ConfigMap", "a"), ("ConfigMap", "d"), ("Secret", "b"), ("Secret", "c"), ("Secret", "e")];
        assert_eq!(found, want.map(|(kind, name)| (kind, name.to_string())).into());
    }

    #[test]
    fn a_checksum_of_a_rendered_file_is_tied_to_that_file_whatever_its_name_says() {
        use std::sync::Arc;

        use crate::compare::{Options, compare};
        use crate::manifest::object::{Document, Role, read};

        let side = |label: &str, params: &str| {
            let config = |name: &str, data: &str| {
                format!(
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{chart: {label}}}}}\ndata: {{a: {data}}}\n"
                )
            };
            let (cm, params) = (config("shop-cm", "same"), config("shop-cmd-params-cm", params));
            let pod = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec: {{template: {{metadata: {{annotations: {{checksum/cm: {}}}}}, spec: {{containers: [{{name: x, envFrom: [{{configMapRef: {{name: shop-cmd-params-cm}}}}]}}]}}}}}}\n",
                sum(&cm.as_str().into())
            );
            let mut objects = Vec::new();
            for (file, text) in [("cm.yaml", cm), ("params.yaml", params), ("pod.yaml", pod)] {
                let (source, text): (Arc<str>, Str) = (file.into(), text.into());
                let document = Document {
                    source: &source,
                    text: (&text, 0..text.len()),
                    role: Role::Object,
                    namespace: "a",
                };
                read(&document, &mut objects).unwrap();
            }
            objects.into_iter().map(Arc::new).collect::<Vec<_>>()
        };
        let comparison = compare(side("one", "1"), side("two", "2"), &Options::default());
        let is = |index: usize, name: &str| {
            comparison.changes[index].object().is_some_and(|object| *object.id.name == *name)
        };
        let ties = Ties::new(&comparison, |index| is(index, "shop-cm"));
        let pod = (0..comparison.changes.len()).find(|index| is(*index, "shop")).unwrap();
        assert_eq!(
            ties.tell(&comparison.changes[pod], "checksum/cm"),
            ("checksum/cm changed though only the chart label of ConfigMap/shop-cm did".to_string(), true)
        );
    }
}
