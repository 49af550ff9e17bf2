//! What wrote lines of a render, in short: for thousands of lines, of which each node and each read is looked at once.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::influence::{ValuePath, path};
use super::reads::Reads;
use crate::chart::Chart;
use crate::trace::{EmissionId, Event, Rendered, Role, Trace, What};
use crate::value::{Map, Str};
use crate::values::origin::{Origins, path_words};

/// So many values are named of one line; of more, what is around them all.
const MOST_VALUES: usize = 3;
/// So many variables on the way to a line are followed.
const MOST_SOURCES: usize = 1_000;

/// What wrote a line: the node that tells most of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brief {
    /// The template.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The values that were read there, and where they are set.
    pub values: Vec<(String, String)>,
}

/// A recorded render, asked for many lines.
pub struct Briefs<'a> {
    trace: &'a Trace,
    chart: &'a Chart,
    origins: &'a Origins,
    /// What the names of the chart's own files begin with.
    root: &'a str,
    reads: Reads<'a>,
    files: HashMap<&'a str, &'a Rendered>,
    /// Where the lines of the templates begin.
    starts: HashMap<u32, Vec<usize>>,
    of_reads: HashMap<Read, Rc<Values>>,
    of_nodes: HashMap<EmissionId, Rc<Values>>,
    of_writers: HashMap<EmissionId, Rc<Values>>,
    briefs: HashMap<EmissionId, Option<Rc<Brief>>>,
}

/// What a read looked at: the map, one of its keys, or whether it has any.
type Read = (u32, Option<Str>, bool);

/// The first few of some values, and what is around all of them.
#[derive(Clone, Debug, Default)]
struct Values {
    first: Vec<ValuePath>,
    around: Option<ValuePath>,
}

impl Values {
    fn add(&mut self, path: ValuePath) {
        self.narrow(&path);
        // One more than are told says that there are more.
        if self.first.len() <= MOST_VALUES && !self.first.contains(&path) {
            self.first.push(path);
        }
    }

    fn narrow(&mut self, path: &ValuePath) {
        match &mut self.around {
            Some(around) => around.truncate(around.iter().zip(path).take_while(|(a, b)| a == b).count()),
            none => *none = Some(path.clone()),
        }
    }

    fn extend(&mut self, others: &Values) {
        others.first.iter().for_each(|path| self.add(path.clone()));
        others.around.iter().for_each(|path| self.narrow(path));
    }
}

impl<'a> Briefs<'a> {
    /// Of a trace, with the charts that took part, the values that the outermost one's templates saw before any ran,
    /// and who set them. Files of the chart are named without `root`.
    pub fn new(
        trace: &'a Trace,
        chart: &'a Chart,
        values: &'a Map,
        origins: &'a Origins,
        root: &'a str,
    ) -> Briefs<'a> {
        let mut files = HashMap::new();
        for file in &trace.files {
            files.entry(&*file.name).or_insert(file);
        }
        Briefs {
            trace,
            chart,
            origins,
            root,
            reads: Reads::new(trace, chart, values),
            files,
            starts: HashMap::new(),
            of_reads: HashMap::new(),
            of_nodes: HashMap::new(),
            of_writers: HashMap::new(),
            briefs: HashMap::new(),
        }
    }

    /// What wrote a part of a rendered file: an action says more than the text around it, and one that reads values
    /// more than others.
    pub fn of(&mut self, file: &str, text: &[u8], part: Range<usize>) -> Option<Rc<Brief>> {
        let writers = self.files.get(file)?.record.writers(text, part);
        let mut best: Option<((bool, bool), EmissionId)> = None;
        for id in writers {
            let Some(emission) = self.trace.emission(id) else { continue };
            let rank = (self.values(id).first.is_empty(), emission.role != Role::Action);
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, id));
            }
            if rank == (false, false) {
                break;
            }
        }
        let (_, id) = best?;
        if let Some(known) = self.briefs.get(&id) {
            return known.clone();
        }
        let brief = self.brief(id).map(Rc::new);
        self.briefs.insert(id, brief.clone());
        brief
    }

    fn brief(&mut self, id: EmissionId) -> Option<Brief> {
        let site = self.trace.emission(id)?.site;
        let text = self.trace.texts.get(site.text as usize)?;
        let starts = self
            .starts
            .entry(site.text)
            .or_insert_with(|| memchr::memchr_iter(b'\n', text.text.as_bytes()).map(|end| end + 1).collect());
        let line = starts.partition_point(|start| *start <= site.start as usize) + 1;
        let file: Arc<str> = text.file.clone().unwrap_or_else(|| "text of tpl".into());
        let values = self.values(id);
        Some(Brief { file: file.to_string(), line, values: self.told(&values) })
    }

    /// Values with where they are set.
    fn told(&self, values: &Values) -> Vec<(String, String)> {
        let of = |path: &ValuePath| {
            let places = path::places(self.chart, path);
            let own = places.iter().find_map(|place| self.origins.chain(place));
            // A map has no origin of its own: the first value in it tells.
            let first = || places.iter().find_map(|place| self.origins.below(place).first());
            let chain = own.or_else(|| first().map(|leaf| &leaf.chain))?;
            Some((path_words(path), chain.links.first()?.words(self.root)))
        };
        if values.first.len() > MOST_VALUES {
            return values.around.iter().filter(|around| !around.is_empty()).filter_map(of).collect();
        }
        values.first.iter().filter_map(of).collect()
    }

    /// The values that a node read, by variables as well.
    fn values(&mut self, id: EmissionId) -> Rc<Values> {
        if let Some(known) = self.of_writers.get(&id) {
            return known.clone();
        }
        let mut values = Values::default();
        for source in self.trace.sources(id).take(MOST_SOURCES) {
            values.extend(&self.of_node(source));
        }
        let values = Rc::new(values);
        self.of_writers.insert(id, values.clone());
        values
    }

    /// The values that a node itself read.
    fn of_node(&mut self, id: EmissionId) -> Rc<Values> {
        if let Some(known) = self.of_nodes.get(&id) {
            return known.clone();
        }
        let mut values = Values::default();
        for event in self.reads.events_of(id) {
            if let Some(own) = self.of_read(event) {
                values.extend(&own);
            }
        }
        let values = Rc::new(values);
        self.of_nodes.insert(id, values.clone());
        values
    }

    fn of_read(&mut self, event: &Event) -> Option<Rc<Values>> {
        let read: Read = match &event.what {
            What::Get { map, key } => (*map, Some(key.clone()), true),
            What::Whole { map } => (*map, None, true),
            What::Size { map } => (*map, None, false),
            What::Write { .. } | What::Replace { .. } | What::Variable(_) => return None,
        };
        if let Some(known) = self.of_reads.get(&read) {
            return Some(known.clone());
        }
        let mut values = Values::default();
        self.reads.paths_of(event, &mut |path| values.add(path));
        let values = Rc::new(values);
        self.of_reads.insert(read, values.clone());
        Some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{self, Request};
    use crate::values;

    #[test]
    fn each_read_is_looked_at_once_for_all_lines() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
        write("values.yaml", "a: 1\nbig: {v: 1, w: 2, x: 3, y: 4}\n");
        write(
            "templates/t.yaml",
            "{{- range $i, $e := until 50 }}\na{{ $i }}: {{ $.Values.a }}\nb{{ $i }}: {{ toJson $.Values.big }}\n{{- end }}\n",
        );
        let root = folder.path().to_str().unwrap();
        let request = Request::new(root, "r");
        let loaded = render::load(&request, &mut Vec::new()).unwrap();
        let mut trace = Trace::default();
        render::trace_loaded(&request, &loaded, &mut trace).map_err(|failure| failure.error).unwrap();
        let (chart, layers) = (&loaded.chart, &loaded.layers);
        let prepared = values::prepare(chart, layers, true, &request.limits, &mut Vec::new()).unwrap();
        let origins = Origins::of(chart, layers).unwrap();
        let root = format!("{root}/");
        let mut briefs = Briefs::new(&trace, &prepared.chart, &prepared.values, &origins, &root);
        let file = &trace.files[0];
        let (mut start, mut lines) = (0, 0);
        for line in file.text.as_bytes().split_inclusive(|&b| b == b'\n') {
            let part = start..start + line.len();
            start = part.end;
            if line.len() == 1 {
                continue;
            }
            let brief = briefs.of(&file.name, file.text.as_bytes(), part).unwrap();
            let (number, value, set) = if line.starts_with(b"a") { (2, "a", 1) } else { (3, "big", 2) };
            let set = format!("chart default values.yaml:{set}");
            assert_eq!((brief.line, &brief.values[..]), (number, &[(value.to_string(), set)][..]));
            lines += 1;
        }
        assert_eq!(lines, 100);
        // The values, each of both, and what is in the map.
        assert!(briefs.of_reads.len() <= 4, "{}", briefs.of_reads.len());
    }
}
