//! The charts that travel with the program.

use super::{File, Files};

/// What stands before the name of a chart of the program's own.
pub const PREFIX: &str = "builtin:";

/// Names and texts of files that are built into the program, from a folder of the project.
macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name)))),*]
    };
}
pub(crate) use files;

/// The house chart: names and texts, in the order in which a folder is read.
const GATEWAY: &[(&str, &str)] = files!("charts/gateway":
    "Chart.yaml",
    "README.md",
    "examples/application.yaml",
    "examples/canary-own-service.yaml",
    "examples/canary-same-service.yaml",
    "examples/egress.yaml",
    "examples/shared.yaml",
    "examples/upgrade-in-place.yaml",
    "templates/NOTES.txt.j2",
    "templates/_helpers.j2",
    "templates/deployment.yaml.j2",
    "templates/hpa.yaml.j2",
    "templates/networkpolicy.yaml.j2",
    "templates/poddisruptionbudget.yaml.j2",
    "templates/role.yaml.j2",
    "templates/rolebinding.yaml.j2",
    "templates/service.yaml.j2",
    "templates/serviceaccount.yaml.j2",
    "values.schema.json",
    "values.yaml",
);

/// The files of a chart of the program's own, by its name without [`PREFIX`]; there is `gateway`.
pub fn open(name: &str) -> Option<Files> {
    let files = match name {
        "gateway" => GATEWAY,
        _ => return None,
    };
    let file = |(name, text): &(&str, &'static str)| File { name: (*name).into(), data: (*text).into() };
    Some(Files { location: format!("{PREFIX}{name}/").into(), files: files.iter().map(file).collect() })
}

/// The names of all files of a folder of this repository, sorted: what must have been embedded.
#[cfg(test)]
pub(crate) fn names_in(folder: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    let name =
        |entry: walkdir::DirEntry| entry.path().strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
    let mut names: Vec<String> = files.map(name).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_chart_is_here_whole() {
        let here: Vec<String> =
            open("gateway").unwrap().files.iter().map(|file| file.name.to_string()).collect();
        assert_eq!(here, names_in("charts/gateway"));
        assert!(open("other").is_none());
    }
}
