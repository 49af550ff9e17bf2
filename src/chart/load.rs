//! From files to a chart (`helm pkg/chart/v2/loader/load.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Chart, Metadata, decode, parse_values};
use crate::diagnostic::{Error, Place, Result};
use crate::source::{self, Budget, File, Files, Options, path};
use crate::value::{Map, MapType, Str, Value};
use crate::yaml;

/// Reads the chart at a path: a directory or an archive. Warnings of Helm's are added to `warnings`.
///
/// # Errors
/// When it cannot be read, is no chart, or is not valid: in Helm's words.
pub fn load(path: &str, options: &Options, warnings: &mut Vec<String>) -> Result<Chart> {
    let mut budget = Budget::new(&options.limits);
    if std::fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        detect(path)?;
    }
    let files = source::open(path, options, &mut budget)?;
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
    let file = std::path::absolute(&file).unwrap_or(file);
    match std::fs::metadata(&file) {
        Ok(_) => Ok(()),
        Err(e) => {
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
                let values = parse_values(file.data.as_bytes(), &format!("{location}values.yaml"))
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
