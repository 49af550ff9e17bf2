//! From files to a chart (`helm pkg/chart/v2/loader/load.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Chart, Metadata, decode, parse_values_within};
use crate::diagnostic::{Error, Place, Result};
use crate::source::{self, Budget, File, Files, Options, Tree, path};
use crate::value::{Map, MapType, Str, Value};
use crate::yaml;

/// Reads the chart at a path of a tree: a directory or an archive. Warnings of Helm's are added to `warnings`.
///
/// # Errors
/// When it cannot be read, is no chart, or is not valid: in Helm's words.
pub fn load(tree: &Tree, path: &str, options: &Options, warnings: &mut Vec<String>) -> Result<Chart> {
    let mut budget = Budget::new(&options.limits);
    if tree.revision.is_none() && std::fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        detect(path)?;
    }
    let files = tree.open(path, options, &mut budget)?;
    if !files.files.iter().any(|f| &*f.name == "Chart.yaml") && files.location.ends_with(':') {
        return Err(Error::new("unable to detect chart version, no Chart.yaml found"));
    }
    let mut loader = Loader { budget: &mut budget, warnings };
    let mut chart = loader.chart(files, 0)?;
    chart.assign_paths();
    Ok(chart)
}

/// Makes a chart of files that are at hand already.
///
/// # Errors
/// As [`load`].
pub fn from_files(files: Files, budget: &mut Budget, warnings: &mut Vec<String>) -> Result<Chart> {
    let mut chart = Loader { budget, warnings }.chart(files, 0)?;
    chart.assign_paths();
    Ok(chart)
}

/// Says early, and as Helm does, that a directory is no chart.
fn detect(path: &str) -> Result<()> {
    let file = std::path::Path::new(path).join("Chart.yaml");
    match std::fs::metadata(&file) {
        Ok(_) => Ok(()),
        Err(e) => {
            let file = std::path::absolute(&file).unwrap_or(file);
            let shown = file.display();
            let words = source::io_words(&e);
            Err(Error::new(format!("unable to detect chart at {shown}: open {shown}: {words}"))
                .note("Chart.yaml file is missing")
                .hint("a chart is a directory with a Chart.yaml, or an archive of one"))
        }
    }
}

struct Loader<'a> {
    budget: &'a mut Budget,
    warnings: &'a mut Vec<String>,
}

impl Loader<'_> {
    fn chart(&mut self, files: Files, depth: usize) -> Result<Chart> {
        if depth > self.budget.limits().chart_depth {
            return Err(Error::new(format!(
                "charts are nested deeper than {}: {}",
                self.budget.limits().chart_depth,
                files.location
            )));
        }
        let Files { location, files } = files;
        let mut metadata: Option<Metadata> = None;
        let mut metadata_text = None;
        for file in files.iter().filter(|f| &*f.name == "Chart.yaml") {
            let into = metadata.get_or_insert_default();
            let document = decode_file(&location, file)?;
            decode::metadata(&document, into).map_err(|e| wrong(&location, file, e))?;
            check_api_version(into, depth)?;
            metadata_text = Some(file.data.clone());
        }
        let mut parts = Parts { metadata, ..Parts::default() };
        for file in files {
            self.sort_in(&location, file, &mut parts)?;
        }
        let Some(mut metadata) = parts.metadata else {
            return Err(Error::new("Chart.yaml file is missing"));
        };
        metadata.validate().map_err(|e| e.at(Place::new(format!("{location}Chart.yaml"), 0, 0)))?;
        let mut dependencies = Vec::new();
        for (name, files) in parts.subcharts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let subchart =
                self.subchart(&location, &name, files, &metadata.name, depth).map_err(|e| match e {
                    SubchartError::Outer(e) => e,
                    SubchartError::Inner(e) => {
                        e.context(format_args!("error unpacking subchart {name} in {}", metadata.name))
                    }
                })?;
            dependencies.push(subchart);
        }
        Ok(Chart {
            metadata,
            lock: parts.lock,
            values: parts.values.unwrap_or_else(|| Map::new(MapType::Any)),
            values_text: parts.values_text,
            metadata_text,
            schema: parts.schema,
            templates: parts.templates.into(),
            files: parts.files.into(),
            dependencies,
            location,
            full_path: Arc::from(""),
            is_root: false,
            node: 0,
        })
    }

    fn sort_in(&mut self, location: &str, file: File, parts: &mut Parts) -> Result<()> {
        let is_v1 = |m: &Option<Metadata>| m.as_ref().is_some_and(|m| m.api_version == "v1");
        match &*file.name {
            "Chart.yaml" => {}
            "Chart.lock" => {
                let document = decode_file(location, &file)?;
                parts.lock = decode::lock(&document).map_err(|e| wrong(location, &file, e))?;
            }
            "values.yaml" => {
                let values = parse_values_within(
                    file.data.as_bytes(),
                    &format!("{location}values.yaml"),
                    self.budget.room(),
                )
                .map_err(|e| e.context("cannot load values.yaml"))?;
                parts.values = Some(values);
                parts.values_text = Some(file.data);
            }
            "values.schema.json" => parts.schema = Some(file.data),
            "requirements.yaml" => {
                let metadata = parts.metadata.get_or_insert_default();
                if metadata.api_version != "v1" {
                    self.warnings.push(
                        "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend \
                         migrating dependencies to Chart.yaml."
                            .to_string(),
                    );
                }
                let document = decode_file(location, &file)?;
                decode::metadata(&document, metadata).map_err(|e| wrong(location, &file, e))?;
                if is_v1(&parts.metadata) {
                    parts.files.push(file);
                }
            }
            "requirements.lock" => {
                let document = decode_file(location, &file)?;
                parts.lock = decode::lock(&document).map_err(|e| wrong(location, &file, e))?;
                if is_v1(&parts.metadata) {
                    parts.files.push(file);
                } else {
                    parts.metadata.get_or_insert_default();
                    self.warnings.push(
                        "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We \
                         recommend migrating to Chart.lock."
                            .to_string(),
                    );
                }
            }
            name if name.starts_with("templates/") => parts.templates.push(file),
            name => match name.strip_prefix("charts/") {
                Some(_) if path::ext(name) == ".prov" => parts.files.push(file),
                Some(inner) => {
                    let subchart = inner.split('/').next().unwrap_or(inner).to_string();
                    let name = Arc::from(inner);
                    parts.subcharts.entry(subchart).or_default().push(File { name, data: file.data });
                }
                None => parts.files.push(file),
            },
        }
        Ok(())
    }

    fn subchart(
        &mut self,
        location: &str,
        name: &str,
        files: Vec<File>,
        parent: &str,
        depth: usize,
    ) -> Result<Chart, SubchartError> {
        if path::ext(name) == ".tgz" {
            let Some(archive) = files.first().filter(|f| &*f.name == name) else {
                let got = files.first().map_or("", |f| &f.name);
                return Err(SubchartError::Outer(Error::new(format!(
                    "error unpacking subchart tar in {parent}: expected {name}, got {got}"
                ))));
            };
            let files = source::unpack(archive.data.as_bytes(), self.budget).map_err(SubchartError::Inner)?;
            let location = format!("{location}charts/{name}:").into();
            return self.chart(Files { location, files }, depth + 1).map_err(SubchartError::Inner);
        }
        // What lies in charts/ itself and is no chart comes here with no files, and is an error below.
        let files = files
            .into_iter()
            .filter_map(|f| {
                f.name.split_once('/').map(|(_, rest)| File { name: rest.into(), data: f.data.clone() })
            })
            .collect();
        let location = format!("{location}charts/{name}/").into();
        self.chart(Files { location, files }, depth + 1).map_err(SubchartError::Inner)
    }
}

/// Whether an error of a subchart gets the words about it before its own.
enum SubchartError {
    Outer(Error),
    Inner(Error),
}

/// The files of a chart, sorted by what they are.
#[derive(Default)]
struct Parts {
    metadata: Option<Metadata>,
    lock: Option<super::Lock>,
    values: Option<Map>,
    values_text: Option<Str>,
    schema: Option<Str>,
    templates: Vec<File>,
    files: Vec<File>,
    subcharts: BTreeMap<String, Vec<File>>,
}

/// A chart without a version is of the first. The outermost chart must be of one that can be rendered; of
/// charts within it Helm does not ask (`helm pkg/chart/loader/load.go`, `pkg/action/install.go`).
fn check_api_version(metadata: &mut Metadata, depth: usize) -> Result<()> {
    if metadata.api_version.is_empty() {
        metadata.api_version = "v1".to_string();
    }
    match metadata.api_version.as_str() {
        "v1" | "v2" => Ok(()),
        _ if depth > 0 => Ok(()),
        "v3" => Err(Error::new("invalid chart apiVersion")),
        _ => Err(Error::new("unsupported chart version")),
    }
}

fn decode_file(location: &str, file: &File) -> Result<Value> {
    yaml::decode_with_integers(file.data.as_bytes()).map_err(|e| {
        let place = Place {
            text: file.data.as_str().map(Arc::from),
            ..Place::new(format!("{location}{}", file.name), e.line, e.column)
        };
        Error::new(format!("cannot load {}: {}", file.name, e.message)).at(place)
    })
}

fn wrong(location: &str, file: &File, message: String) -> Error {
    Error::new(format!("cannot load {}: {message}", file.name)).at(Place::new(
        format!("{location}{}", file.name),
        0,
        0,
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::limits::Limits;

    const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

    fn of_files(files: &[(&str, &str)]) -> Result<Chart> {
        let files = files.iter().map(|(name, text)| File { name: (*name).into(), data: (*text).into() });
        let files = Files { location: "charts/c/".into(), files: files.collect() };
        from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new())
    }

    fn refusal(files: &[(&str, &str)]) -> String {
        of_files(files).unwrap_err().message().to_string()
    }

    #[test]
    fn files_are_sorted_by_what_they_are() {
        let chart = of_files(&[
            ("Chart.yaml", CHART),
            ("values.yaml", "a: 1\n"),
            ("values.schema.json", "{}"),
            ("templates/x.yaml", "x"),
            ("crds/y.YAML", "y"),
            ("crds/readme.md", ""),
            ("README.md", "r"),
            ("charts/s.tgz.prov", ""),
        ])
        .unwrap();
        assert_eq!((chart.templates.len(), chart.files.len()), (1, 4));
        assert_eq!(chart.schema.as_ref().unwrap(), &"{}");
        let crds: Vec<_> = chart.crds().into_iter().map(|c| (c.filename, c.display)).collect();
        assert_eq!(crds, [("c/crds/y.YAML".to_string(), "charts/c/crds/y.YAML".to_string())]);
    }

    #[test]
    fn charts_within_the_chart_have_paths_and_some_names_are_passed_over() {
        let sub = "name: s\nversion: 1.0.0\n";
        let chart = of_files(&[
            ("Chart.yaml", CHART),
            ("charts/s/Chart.yaml", sub),
            ("charts/s/charts/t/Chart.yaml", "name: t\nversion: 1.0.0\n"),
            ("charts/_old/Chart.yaml", "nothing"),
            ("charts/.git/config", ""),
        ])
        .unwrap();
        let s = &chart.dependencies[0];
        assert_eq!((chart.dependencies.len(), &*s.full_path, s.is_root), (1, "c/charts/s", false));
        assert_eq!(s.metadata.api_version, "v1");
        assert_eq!(&*s.dependencies[0].full_path, "c/charts/s/charts/t");
        assert_eq!(s.dependencies[0].display_path("values.yaml"), "charts/c/charts/s/charts/t/values.yaml");
    }

    #[test]
    fn what_is_wrong_is_said_in_helm_s_words() {
        assert_eq!(refusal(&[("values.yaml", "")]), "Chart.yaml file is missing");
        assert_eq!(refusal(&[("Chart.yaml", "name: c\n")]), "validation: chart.metadata.version is required");
        assert_eq!(
            refusal(&[("Chart.yaml", "apiVersion: v9\nname: c\nversion: 1.0.0\n")]),
            "unsupported chart version"
        );
        assert_eq!(
            refusal(&[("Chart.yaml", CHART), ("charts/README.md", "")]),
            "error unpacking subchart README.md in c: Chart.yaml file is missing"
        );
        assert_eq!(
            refusal(&[("Chart.yaml", CHART), ("charts/s.tgz/x", "")]),
            "error unpacking subchart tar in c: expected s.tgz, got s.tgz/x"
        );
        assert_eq!(
            refusal(&[("Chart.yaml", CHART), ("charts/s.tgz", "no archive at all")]),
            "error unpacking subchart s.tgz in c: gzip: invalid header"
        );
        assert!(
            refusal(&[("Chart.yaml", "name: [\n")])
                .starts_with("cannot load Chart.yaml: error converting YAML to JSON: yaml: ")
        );
        assert!(
            refusal(&[("Chart.yaml", CHART), ("values.yaml", "- 1\n")])
                .starts_with("cannot load values.yaml: cannot unmarshal yaml document: ")
        );
    }

    #[test]
    fn requirements_belong_to_the_first_version_of_charts() {
        let requirements = ("requirements.yaml", "dependencies: [{name: s, version: 1.0.0}]\n");
        let chart = of_files(&[("Chart.yaml", "name: c\nversion: 1.0.0\n"), requirements]).unwrap();
        assert_eq!((chart.metadata.dependencies.len(), chart.files.len()), (1, 1));
        let chart = of_files(&[("Chart.yaml", CHART), requirements]).unwrap();
        assert_eq!((chart.metadata.dependencies.len(), chart.files.len()), (1, 0));
    }

    #[test]
    fn charts_nested_too_deep_are_refused() {
        let names: Vec<String> = (0..40).map(|n| format!("{}Chart.yaml", "charts/s/".repeat(n))).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), CHART)).collect();
        assert!(refusal(&files).contains("charts are nested deeper than 32"));
    }

    #[test]
    fn a_directory_that_is_no_chart_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let error = load(&Tree::default(), path, &Options::default(), &mut Vec::new()).unwrap_err();
        assert!(error.message().starts_with("unable to detect chart at "), "{error}");
        assert_eq!(error.diagnostic().notes, ["Chart.yaml file is missing"]);
        let error = load(&Tree::default(), &format!("{path}/gone"), &Options::default(), &mut Vec::new())
            .unwrap_err();
        assert_eq!(error.message(), format!("path \"{path}/gone\" not found"));
        fs::write(folder.path().join("x.yaml"), "a: 1\n").unwrap();
        let error = load(&Tree::default(), &format!("{path}/x.yaml"), &Options::default(), &mut Vec::new())
            .unwrap_err();
        assert!(error.message().ends_with("seems to be a YAML file, but expected a gzipped archive"));
    }

    #[test]
    fn the_metadata_that_templates_see_has_go_s_field_names() {
        let text = "apiVersion: v2\nname: c\nversion: 1.0.0\nmaintainers: [{name: m}]\nkeywords: [k]\n";
        let map = of_files(&[("Chart.yaml", text)]).unwrap().metadata_as_value();
        assert_eq!(map.len(), 18);
        assert_eq!(map.get("IsRoot").unwrap().as_bool(), Some(true));
        assert_eq!(map.get("Annotations").unwrap().type_name(), "map[string]string");
        assert!(map.get("Annotations").unwrap().is_nil());
        let maintainer = map.get("Maintainers").unwrap().as_list().unwrap().get(0).unwrap();
        assert_eq!(maintainer.as_map().unwrap().get("URL").unwrap().as_str(), Some(""));
    }
}
