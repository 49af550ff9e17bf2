//! Helm's own list of repositories (`helm pkg/repo/v1/repo.go`): names that the user gave with `helm repo add`.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::io_words;
use super::http::Access;
use super::text_of;
use crate::diagnostic::{Error, Result};
use crate::value::{Map, Value};
use crate::yaml;

/// Bytes of the list.
const MOST: u64 = 4 << 20;

/// A repository that the user has a name for.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The user's name for it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What to show to its server.
    pub access: Access,
}

/// Reads the list; it is empty if there is none.
///
/// # Errors
/// When it can't be read, or is none.
pub fn read(path: &Path) -> Result<Vec<Repository>> {
    let failed =
        |words: String| Error::new(format!("couldn't load repositories file ({}): {words}", path.display()));
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MOST).read_to_end(&mut text).map_err(|e| failed(io_words(&e)))?,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(io_words(&e))),
    };
    let value = yaml::decode(&text).map_err(|e| failed(e.message.clone()))?;
    let list = match &value {
        Value::Map(map) => map.get("repositories"),
        Value::Null => None,
        _ => return Err(failed("it is no map".to_string())),
    };
    let Some(Value::List(list)) = list else { return Ok(Vec::new()) };
    let folder = path.parent().unwrap_or(Path::new(""));
    let of = |value: &Value| match value {
        Value::Map(map) => Some(repository(map, folder)),
        _ => None,
    };
    Ok(list.read().iter().filter_map(of).collect())
}

fn repository(map: &Map, folder: &Path) -> Repository {
    let text = |name: &str| map.get(name).as_ref().and_then(text_of).unwrap_or_default();
    let flag = |name: &str| matches!(map.get(name), Some(Value::Bool(true)));
    let file = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(|text| folder.join(text));
    Repository {
        name: text("name"),
        url: text("url"),
        access: Access {
            username: text("username"),
            password: text("password"),
            token: String::new(),
            pass_credentials: flag("pass_credentials_all"),
            ca_file: file("caFile"),
            cert_file: file("certFile"),
            key_file: file("keyFile"),
            insecure: flag("insecure_skip_tls_verify"),
        },
    }
}

/// Where Helm keeps a file of the user's (`helm pkg/helmpath/lazypath.go`).
pub(super) fn helm_file(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = set(variable) {
        return path;
    }
    if let Some(folder) = set("HELM_CONFIG_HOME") {
        return folder.join(name);
    }
    let config = set("XDG_CONFIG_HOME").unwrap_or_else(|| {
        let inner = match std::env::consts::OS {
            "macos" => "Library/Preferences",
            _ => ".config",
        };
        home().join(inner)
    });
    config.join("helm").join(name)
}

/// A variable of the environment that is not empty.
pub(super) fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|text| !text.is_empty()).map(PathBuf::from)
}

pub(super) fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_s_list_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("repositories.yaml");
        assert!(read(&path).unwrap().is_empty());
        let text = "apiVersion: ''\nrepositories:\n- name: istio\n  url: https://x/charts\n  username: u\n  password: p\n  \
                    caFile: ca.pem\n  insecure_skip_tls_verify: false\n  pass_credentials_all: true\n- null\n";
        std::fs::write(&path, text).unwrap();
        let all = read(&path).unwrap();
        assert_eq!((all.len(), all[0].name.as_str(), all[0].url.as_str()), (1, "istio", "https://x/charts"));
        let access = &all[0].access;
        assert_eq!((access.username.as_str(), access.pass_credentials, access.insecure), ("u", true, false));
        assert_eq!(access.ca_file.as_deref(), Some(folder.path().join("ca.pem").as_path()));
        std::fs::write(&path, "- a").unwrap();
        assert!(read(&path).unwrap_err().message().ends_with("it is no map"));
    }
}
