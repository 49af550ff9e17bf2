//! What the user shows to registries: Helm's and Docker's files (`helm registry login`, `docker login`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use super::repositories::{helm_file, home, set};

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

/// Looks for a registry (`host` or `host:port`) in the files. A file that is none has nothing to say. Programs that
/// keep passwords (`credsStore`) are not run.
pub(super) fn find(files: &[PathBuf], registry: &str) -> Option<Login> {
    files.iter().find_map(|file| in_file(file, registry))
}

fn in_file(file: &Path, registry: &str) -> Option<Login> {
    let mut text = Vec::new();
    File::open(file).ok()?.take(MOST).read_to_end(&mut text).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let all = config.get("auths")?.as_object()?;
    let is_hub = matches!(registry, "docker.io" | "registry-1.docker.io" | "index.docker.io");
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
        assert_eq!(find(&files, "r.example.org:5000"), login("u", "p"));
        assert_eq!(find(&files, "registry-1.docker.io"), login("u", "q"));
        assert_eq!(find(&files, "b"), login("v", "w"));
        assert_eq!(find(&files, "r.example.org"), None);
    }
}
