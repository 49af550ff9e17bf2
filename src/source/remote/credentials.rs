//! What the user shows to registries: Helm's and Docker's files (`helm registry login`, `docker login`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::Value;

use super::credential_helper;
use super::repositories::{helm_file, home, set};
use crate::diagnostic::Result;

/// Bytes of such a file.
const MOST: u64 = 4 << 20;

/// User and password for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub user: String,
    pub password: String,
}

/// The files, Helm's first.
pub(super) fn files(given: Option<&PathBuf>) -> Vec<PathBuf> {
    let helm = given.cloned().unwrap_or_else(|| helm_file("HELM_REGISTRY_CONFIG", "registry/config.json"));
    let docker = set("DOCKER_CONFIG").unwrap_or_else(|| home().join(".docker"));
    vec![helm, docker.join("config.json")]
}

/// Looks for a registry (`host` or `host:port`) in the files. A file that is none has nothing to say. Where a file names
/// a program that keeps the password, that is asked, and not longer than so many seconds.
///
/// # Errors
/// When such a program fails.
pub(super) fn find(files: &[PathBuf], registry: &str, seconds: u64) -> Result<Option<Login>> {
    for config in files.iter().filter_map(|file| read(file)) {
        let found = match helper(&config, registry) {
            Some(name) => credential_helper::ask(name, server(registry), seconds)?,
            None => kept(&config, registry),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn read(file: &Path) -> Option<Value> {
    let mut text = Vec::new();
    File::open(file).ok()?.take(MOST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The program that keeps the password of a registry: one for it alone, or the one for all.
fn helper<'a>(config: &'a Value, registry: &str) -> Option<&'a str> {
    let own =
        config.get("credHelpers").and_then(|all| all.get(server(registry)).or_else(|| all.get(registry)));
    let name = own.or_else(|| config.get("credsStore"))?.as_str()?;
    (!name.is_empty()).then_some(name)
}

fn is_hub(registry: &str) -> bool {
    matches!(registry, "docker.io" | "registry-1.docker.io" | "index.docker.io")
}

/// What programs know a registry by: Docker's own has an old name.
fn server(registry: &str) -> &str {
    if is_hub(registry) { "https://index.docker.io/v1/" } else { registry }
}

/// The login that stands in a file itself.
fn kept(config: &Value, registry: &str) -> Option<Login> {
    let all = config.get("auths")?.as_object()?;
    let is_hub = is_hub(registry);
    let names_it = |key: &str| {
        let bare = key.split_once("://").map_or(key, |(_, rest)| rest);
        let host = bare.split('/').next().unwrap_or_default();
        host == registry || (is_hub && host == "index.docker.io")
    };
    let entry = all.get(registry).or_else(|| all.iter().find(|(key, _)| names_it(key)).map(|(_, v)| v))?;
    let text = |name: &str| entry.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_string();
    let decoded = BASE64.decode(text("auth").as_bytes()).unwrap_or_default();
    let decoded = String::from_utf8(decoded).unwrap_or_default();
    let (user, password) = match decoded.trim_end_matches('\0').split_once(':') {
        Some((user, password)) => (user.to_string(), password.to_string()),
        None => (text("username"), text("password")),
    };
    (!user.is_empty() && !password.is_empty()).then_some(Login { user, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_found_by_host_in_the_first_file_that_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let (helm, docker) = (folder.path().join("helm.json"), folder.path().join("docker.json"));
        std::fs::write(&helm, r#"{"auths": {"r.example.org:5000": {"auth": "dTpw"}, "b": {}}}"#).unwrap();
        std::fs::write(&docker, r#"{"auths": {"https://index.docker.io/v1/": {"auth": "dTpx"}, "b": {"username": "v", "password": "w"}}}"#).unwrap();
        let files = [helm, docker, folder.path().join("gone")];
        let login = |user: &str, password: &str| Some(Login { user: user.into(), password: password.into() });
        let find = |files: &[PathBuf], registry: &str| super::find(files, registry, 1).unwrap();
        assert_eq!(find(&files, "r.example.org:5000"), login("u", "p"));
        assert_eq!(find(&files, "registry-1.docker.io"), login("u", "q"));
        assert_eq!(find(&files, "b"), login("v", "w"));
        assert_eq!(find(&files, "r.example.org"), None);
    }

    #[test]
    fn a_registry_s_own_program_comes_before_the_one_for_all() {
        let text =
            r#"{"credsStore": "all", "credHelpers": {"a": "one", "https://index.docker.io/v1/": "hub"}}"#;
        let config: Value = serde_json::from_str(text).unwrap();
        for (registry, name) in [("a", "one"), ("docker.io", "hub"), ("b", "all")] {
            assert_eq!(helper(&config, registry), Some(name));
        }
        assert_eq!(helper(&serde_json::json!({"credsStore": ""}), "a"), None);
    }
}
