//! The charts under `fixtures/mixed`: `chart` is the all-Go form, `jinja` has the files that replace or join those
//! of `chart` in the mixed form, `values.yaml` has values beside the default ones.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of one.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mixed").join(name)
}

/// The files below a folder, as paths relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(folder.join(&path)).unwrap() {
            let entry = entry.unwrap();
            let path = path.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

fn is_template(file: &Path) -> bool {
    file.components().any(|c| c.as_os_str() == "templates")
        && !file.file_name().unwrap().to_string_lossy().starts_with('_')
}

/// The mixed form of a chart: each Jinja file takes the place of the Go file of its name; partials join.
pub fn mixed(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (go, jinja) = (fixture(name).join("chart"), fixture(name).join("jinja"));
    let copy = |from: &Path, file: &Path| {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(file), to).unwrap();
    };
    files(&go).iter().for_each(|file| copy(&go, file));
    let translated = files(&jinja);
    for file in &translated {
        if is_template(file) {
            fs::remove_file(folder.path().join(file.with_extension(""))).unwrap();
        }
        copy(&jinja, file);
    }
    let count = |files: &[PathBuf]| files.iter().filter(|file| is_template(file)).count();
    let share = count(&translated) as f64 / count(&files(&go)) as f64;
    assert!((0.4..0.75).contains(&share), "{share} of the templates of {name} are in Jinja");
    folder
}
