//! Which values the templates of a chart name, in any configuration: told from their texts alone.
//!
//! All templates run without values. An expression stands for [`heap::Things`]: a path of the values, a map that
//! the template made, a constant. Both sides of a condition are taken, loops go once or twice, named templates are
//! followed with what they are given. What a template prints or gives to a function that is not known here, it uses
//! as a whole; what it only looks up, it names.
//!
//! In doubt a value counts as named. Only these are not uses of all that a chart has: to merge or copy all values,
//! and to take a checksum of them.

mod calls;
pub(crate) mod heap;
pub(crate) mod look;
mod paths;

use std::sync::Arc;

use self::look::{Look, Parsed};
use self::paths::{Paths, Site};
use super::{Language, Source, jinja};
use crate::diagnostic::Place;
use crate::value::Str;
use crate::yaml::Step;

/// A chart whose templates are looked at.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The path of its values in the outermost chart's.
    pub path: Vec<Str>,
    /// The name by which its values are found in those of the chart around it.
    pub name: Str,
    /// The index of the chart around it.
    pub parent: Option<usize>,
    /// The name of its `templates` folder.
    pub base_path: Arc<str>,
    /// Its templates, partials included.
    pub sources: Vec<Source>,
    /// Whether it only holds definitions.
    pub is_library: bool,
    /// Its other files that may be given to `tpl`.
    pub files: Vec<Str>,
}

/// What templates name.
#[derive(Debug)]
pub struct Mentions {
    paths: Paths,
    /// The texts that sites refer to; those of values are in no file.
    texts: Vec<(Option<Arc<str>>, Str)>,
    /// Whether a bound was met: then more may be named.
    pub cut: bool,
}

/// Looks at the templates of charts, the outermost first. `values` are the texts among the values, each with its
/// path from the outermost chart on: texts that are given to `tpl` are looked at like templates.
pub fn look(charts: &[Chart], values: &[(Vec<Step>, Str)]) -> Mentions {
    let sources = charts.iter().flat_map(|chart| &chart.sources).filter(|s| s.language == Language::Jinja);
    let texts: Vec<(String, Arc<str>)> =
        sources.map(|s| (jinja::mentions::normalized(&s.text), s.base_path.clone())).collect();
    let has_jinja = !texts.is_empty();
    let files: Vec<_> =
        texts.iter().map(|(text, base)| jinja::mentions::File::parse(text, base.clone())).collect();
    let own: Vec<String> = values.iter().map(|(_, text)| jinja::mentions::normalized(text)).collect();
    let loose = |text| jinja::mentions::File::parse_loose(text);
    let values_jinja: Vec<_> = own.iter().map(|text| has_jinja.then(|| loose(text)).flatten()).collect();
    Look::at(charts, values, &Parsed { files: &files, values: &values_jinja })
}

impl Mentions {
    /// The places that name a value, something around it as a whole, or something within it.
    pub fn of(&self, path: &[Step]) -> Vec<Place> {
        self.paths.sites(path).into_iter().filter_map(|site| self.place(site)).collect()
    }

    /// Whether a value is named.
    pub fn has(&self, path: &[Step]) -> bool {
        !self.paths.sites(path).is_empty()
    }

    /// The keys that are named right below a path, each with a place.
    pub fn keys(&self, path: &[Step]) -> Vec<(Str, Place)> {
        let keys = self.paths.keys(path).into_iter();
        keys.filter_map(|(key, site)| Some((key, self.place(site)?))).collect()
    }

    /// All paths of keys that are named, each with a place.
    pub fn all(&self) -> Vec<(Vec<Str>, Place)> {
        let all = self.paths.all().into_iter();
        all.filter_map(|(path, site)| Some((path, self.place(site)?))).collect()
    }

    fn place(&self, (text, start): Site) -> Option<Place> {
        let (file, text) = self.texts.get(text as usize)?;
        let file = file.clone().unwrap_or_else(|| "text of tpl".into());
        Some(Place::of_range(file, &text.to_arc(), start as usize..start as usize))
    }
}
