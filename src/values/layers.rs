//! What the user lays over a chart's defaults, and where each layer came from
//! (`helm pkg/cli/values/options.go: MergeValues`).

use std::sync::Arc;

use super::set;
use crate::chart::{Chart, merge_maps, parse_values};
use crate::diagnostic::{Error, Place, Result};
use crate::json;
use crate::value::{Map, Str, Value};
use crate::yaml::{Step, locate};

/// The values flags of a command line, each kind in its order.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `-f`, `--values`: files, `-` being standard input.
    pub files: Vec<String>,
    /// `--set-json`
    pub json: Vec<String>,
    /// `--set`
    pub set: Vec<String>,
    /// `--set-string`
    pub strings: Vec<String>,
    /// `--set-file`
    pub set_files: Vec<String>,
    /// `--set-literal`
    pub literals: Vec<String>,
}

/// A kind of `--set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetFlag {
    /// `--set-json`
    Json,
    /// `--set`
    Set,
    /// `--set-string`
    String,
    /// `--set-file`
    File,
    /// `--set-literal`
    Literal,
}

impl SetFlag {
    /// The flag as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            SetFlag::Json => "--set-json",
            SetFlag::Set => "--set",
            SetFlag::String => "--set-string",
            SetFlag::File => "--set-file",
            SetFlag::Literal => "--set-literal",
        }
    }
}

/// Where a layer came from.
#[derive(Clone, Debug)]
pub enum LayerSource {
    /// A values file: its name as the user gave it, and its text.
    File {
        /// The name.
        path: Arc<str>,
        /// The text.
        text: Str,
    },
    /// A `--set` of some kind. The text may hold secrets: it is never shown.
    Set {
        /// The kind.
        flag: SetFlag,
        /// What follows the flag.
        text: Arc<str>,
    },
}

/// One layer of the user's values.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it came from.
    pub source: LayerSource,
    /// What the files hold that a `--set-file` names, in the order of its text.
    pub inputs: Vec<Str>,
}

impl Layer {
    /// The values of this layer alone. `None` if the layer only has a meaning on top of others (`a[1]=x`), or
    /// can't be read.
    pub fn values(&self) -> Option<Map> {
        let values = Map::default();
        self.lay_over(&values).ok()?;
        Some(values)
    }

    /// Sets in `values` what this layer says, as [`Layers::gather`] did. No file is read again.
    pub(super) fn lay_over(&self, values: &Map) -> Result<()> {
        match &self.source {
            LayerSource::File { path, text } => {
                merge_maps(values, &parse_values(text.as_bytes(), path)?);
                Ok(())
            }
            LayerSource::Set { flag, text } => {
                let mut inputs = self.inputs.iter();
                let mut read = |_: &str| Ok(inputs.next().map_or_else(Vec::new, |s| s.as_bytes().to_vec()));
                let mut layers = Layers { layers: Vec::new(), values: values.clone() };
                layers.set(*flag, text, &mut read)
            }
        }
    }
}

/// The user's values, layer by layer and merged.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The layers, the lowest first. Later ones win.
    pub layers: Vec<Layer>,
    /// All layers merged, nulls kept.
    pub values: Map,
}

/// Gets the contents of a file named by the user; see [`crate::source::Tree::read`].
pub type ReadInput<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>>;

impl Layers {
    /// Reads and merges what the flags say: files first, then `--set-json`, `--set`, `--set-string`,
    /// `--set-file` and `--set-literal`, whatever their order on the command line.
    ///
    /// # Errors
    /// In Helm's words: `failed parsing --set data: …`, `failed to parse values.yaml: …`.
    pub fn gather(overrides: &Overrides, read: ReadInput<'_>) -> Result<Layers> {
        let mut layers = Layers::default();
        for path in &overrides.files {
            let text = Str::from_bytes(read(path)?);
            let values = parse_values(text.as_bytes(), path)
                .map_err(|e| e.context(format_args!("failed to parse {path}")))?;
            merge_maps(&layers.values, &values);
            let path = path.as_str().into();
            let source = LayerSource::File { path, text };
            layers.layers.push(Layer { source, inputs: Vec::new() });
        }
        let flags = [
            (SetFlag::Json, &overrides.json),
            (SetFlag::Set, &overrides.set),
            (SetFlag::String, &overrides.strings),
            (SetFlag::File, &overrides.set_files),
            (SetFlag::Literal, &overrides.literals),
        ];
        for (flag, texts) in flags {
            for text in texts {
                let mut inputs = Vec::new();
                layers.set(flag, text, &mut |path| {
                    let input = read(path)?;
                    inputs.push(Str::from_bytes(&input));
                    Ok(input)
                })?;
                let text = text.as_str().into();
                layers.layers.push(Layer { source: LayerSource::Set { flag, text }, inputs });
            }
        }
        Ok(layers)
    }

    fn set(&mut self, flag: SetFlag, text: &str, read: ReadInput<'_>) -> Result<()> {
        let values = &self.values;
        let result = match flag {
            SetFlag::Json => return self.set_json(text),
            SetFlag::Set => set::set(text, values),
            SetFlag::String => set::set_string(text, values),
            SetFlag::Literal => set::set_literal(text, values),
            SetFlag::File => {
                set::set_file(text, values, &mut |path| Ok(Value::String(Str::from_bytes(read(path)?))))
            }
        };
        result.map_err(|e| e.context(format_args!("failed parsing {} data", flag.name())))
    }

    /// `--set-json` takes `name=json` and whole objects. Helm repeats the text in its message; it may hold
    /// secrets, so here only the name is shown.
    fn set_json(&mut self, text: &str) -> Result<()> {
        let trimmed = text.trim();
        if !trimmed.starts_with('{') {
            let name = text.split('=').next().unwrap_or_default();
            return set::set_json(text, &self.values).map_err(|e| {
                let why = e.message().to_string();
                e.reword(format!("failed parsing --set-json data {name}")).note(why)
            });
        }
        match json::decode_map(trimmed.as_bytes()) {
            Ok(Value::Map(values)) => merge_maps(&self.values, &values),
            Ok(_) => {}
            Err(why) => {
                let error = Error::new("failed parsing --set-json data JSON");
                return Err(error.note(why.message));
            }
        }
        Ok(())
    }
}

/// Where a value was set.
#[derive(Clone, Debug)]
pub struct Origin {
    /// For a sentence: `by --set`, `in values.yaml`.
    pub what: String,
    /// The place, if it is in a file.
    pub place: Option<Place>,
}

impl Layers {
    /// Which layer, the chart's defaults being the lowest, gives the value at a path its value: the topmost
    /// that has it. This reads the layers again: it is for errors.
    pub fn origin(&self, chart: &Chart, path: &[String]) -> Option<Origin> {
        for layer in self.layers.iter().rev() {
            match &layer.source {
                LayerSource::File { path: file, text } => {
                    if let Some(steps) = in_file(text, path) {
                        return Some(Origin::in_file(file, text, &steps, "in"));
                    }
                }
                LayerSource::Set { flag, text } => {
                    if in_set(*flag, text, path) {
                        return Some(Origin { what: format!("by {}", flag.name()), place: None });
                    }
                }
            }
        }
        let mut chart = chart;
        let mut path = path;
        loop {
            if let Some(text) = &chart.values_text
                && let Some(steps) = in_file(text, path)
            {
                let file = chart.display_path("values.yaml");
                return Some(Origin::in_file(&file, text, &steps, "by default in"));
            }
            let (name, inner) = path.split_first()?;
            chart = chart.dependencies.iter().find(|d| d.name() == name)?;
            path = inner;
        }
    }
}

impl Origin {
    fn in_file(file: &str, text: &Str, steps: &[Step], how: &str) -> Origin {
        let mut place = Place::new(file, 0, 0);
        if let Some(position) = locate(text.as_bytes(), steps) {
            let spot = position.key.unwrap_or(position.value);
            (place.line, place.column) = (spot.line, spot.column);
        }
        place.text = Some(text.to_arc());
        Origin { what: format!("{how} {place}"), place: Some(place) }
    }
}

/// The steps to a value of a values file, if it has it.
fn in_file(text: &Str, path: &[String]) -> Option<Vec<Step>> {
    steps(&parse_values(text.as_bytes(), "").ok()?, path)
}

fn in_set(flag: SetFlag, text: &str, path: &[String]) -> bool {
    let mut layer = Layers::default();
    layer.set(flag, text, &mut |_| Ok(Vec::new())).is_ok() && steps(&layer.values, path).is_some()
}

/// The steps to a value, if there is one at the path, a null included.
fn steps(values: &Map, path: &[String]) -> Option<Vec<Step>> {
    let mut value = Value::Map(values.clone());
    let mut steps = Vec::with_capacity(path.len());
    for name in path {
        let (step, inner) = match &value {
            Value::Map(map) => (Step::key(name.as_str()), map.get(name)?),
            Value::List(list) => {
                let index = name.parse().ok()?;
                (Step::Index(index), list.get(index)?)
            }
            _ => return None,
        };
        steps.push(step);
        value = inner;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(path: &str) -> Result<Vec<u8>> {
        match path {
            "one" => Ok(b"a: 1\nm:\n  x: 1\n  y: 1\n".to_vec()),
            "two" => Ok(b"m:\n  x: null\n  z: 2\n".to_vec()),
            "bad" => Ok(b"- 1\n".to_vec()),
            _ => Err(Error::new(format!("open {path}: no such file or directory"))),
        }
    }

    fn gathered(overrides: Overrides) -> Result<Layers> {
        Layers::gather(&overrides, &mut files)
    }

    #[test]
    fn files_come_first_then_each_kind_of_set_in_helm_s_order() {
        let layers = gathered(Overrides {
            files: vec!["one".into(), "two".into()],
            set: vec!["a=set".into(), "b=set".into(), "c=set".into()],
            json: vec!["a=\"json\"".into(), "{\"j\": {\"k\": 1}}".into()],
            strings: vec!["b=string".into()],
            literals: vec!["c=lit".into()],
            set_files: vec!["f=one".into()],
        })
        .unwrap();
        let text = |key: &str| layers.values.get(key).unwrap().as_str().unwrap().to_string();
        assert_eq!((text("a"), text("b"), text("c")), ("set".into(), "string".into(), "lit".into()));
        assert!(text("f").starts_with("a: 1"));
        let m = layers.values.get("m").unwrap();
        assert!(matches!(m.as_map().unwrap().get("x"), Some(Value::Null)));
        assert_eq!(m.as_map().unwrap().len(), 3);
        assert_eq!(layers.layers.len(), 10);
    }

    #[test]
    fn errors_say_which_flag_or_file_and_hide_json() {
        let error = |overrides| gathered(overrides).unwrap_err().message().to_string();
        assert_eq!(
            error(Overrides { set: vec!["a".into()], ..Overrides::default() }),
            "failed parsing --set data: key \"a\" has no value"
        );
        assert_eq!(
            error(Overrides { json: vec!["pass={\"x\": hunter2".into()], ..Overrides::default() }),
            "failed parsing --set-json data pass"
        );
        assert!(
            error(Overrides { files: vec!["bad".into()], ..Overrides::default() }).starts_with(
                "failed to parse bad: cannot unmarshal yaml document: error unmarshaling JSON: "
            )
        );
        assert_eq!(
            error(Overrides { set_files: vec!["a=gone".into()], ..Overrides::default() }),
            "failed parsing --set-file data: open gone: no such file or directory"
        );
    }
}
