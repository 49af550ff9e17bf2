//! The walk through all templates of a chart.

use std::collections::HashMap;
use std::sync::Arc;

use super::heap::{Heap, Made, Thing, Things};
use super::{Chart, Mentions};
use crate::functions::{self, Env, Function};
use crate::limits::Limits;
use crate::template::{Language, go, jinja};
use crate::value::{Str, Value};
use crate::yaml::Step;

/// So many nodes of templates are looked at.
const MAX_WORK: u64 = 10_000_000;
/// So many templates within templates are followed.
const MAX_CALLS: usize = 60;
/// What a template changes may be seen by those before it: so many times all are looked at.
const MAX_PASSES: usize = 3;
/// So many bytes of texts given to `tpl` are looked at.
const MAX_TPL_BYTES: usize = 4 << 20;

/// A template in either language.
#[derive(Clone)]
pub(crate) enum Definition {
    /// A template of Go's.
    Go(go::mentions::Definition),
    /// The number of a Jinja file.
    Jinja(usize),
}

/// A text that is no file of templates, but may be given to `tpl`.
struct Loose<'a> {
    /// Its path in the values; a file without one.
    path: Option<Vec<Step>>,
    go: Option<usize>,
    jinja: Option<&'a jinja::mentions::File<'a>>,
}

/// All that is known while templates are looked at.
pub(crate) struct Look<'a> {
    pub(crate) heap: Heap,
    pub(crate) env: Env,
    functions: HashMap<&'static str, &'static Function>,
    /// The texts that sites refer to.
    texts: Vec<(Option<Arc<str>>, Str)>,
    definitions: Vec<Definition>,
    by_name: HashMap<Str, Vec<usize>>,
    pub(crate) jinja: &'a [jinja::mentions::File<'a>],
    pub(crate) macros: Vec<jinja::mentions::Macro<'a>>,
    loose: Vec<Loose<'a>>,
    tpl_texts: HashMap<Str, Option<usize>>,
    tpl_bytes: usize,
    memo: HashMap<(usize, u64), Option<Things>>,
    /// What all loose texts together gave, by what they were given.
    loose_memo: HashMap<u64, Things>,
    work: u64,
    calls: usize,
}

/// Parsed Jinja texts: files, and the texts of values.
pub(super) struct Parsed<'a> {
    pub files: &'a [jinja::mentions::File<'a>],
    pub values: &'a [Option<jinja::mentions::File<'a>>],
}

impl<'a> Look<'a> {
    /// Looks at all templates of these charts, the outermost first. `values` are the texts among the values that
    /// may be templates.
    pub(super) fn at(charts: &[Chart], values: &[(Vec<Step>, Str)], parsed: &Parsed<'a>) -> Mentions {
        let mut look = Look {
            heap: Heap::default(),
            env: Env::new(Limits::default()),
            functions: functions::all().map(|f| (f.name, f)).collect(),
            texts: Vec::new(),
            definitions: Vec::new(),
            by_name: HashMap::new(),
            jinja: parsed.files,
            macros: Vec::new(),
            loose: Vec::new(),
            tpl_texts: HashMap::new(),
            tpl_bytes: 0,
            memo: HashMap::new(),
            loose_memo: HashMap::new(),
            work: MAX_WORK,
            calls: 0,
        };
        look.heap.oldest_change = u32::MAX;
        let roots = look.roots(charts);
        let files = look.define(charts);
        look.loosen(charts, values, parsed);
        for _ in 0..MAX_PASSES {
            let before = look.heap.writes;
            look.memo.clear();
            look.loose_memo.clear();
            for (chart, file) in &files {
                if let Some(&root) = roots.get(*chart) {
                    let things = look.run(*file, &Things::one(root));
                    look.heap.consume(&things);
                }
            }
            if look.heap.writes == before || look.is_spent() {
                break;
            }
        }
        let cut = look.is_spent();
        Mentions { paths: look.heap.paths, texts: look.texts, cut }
    }

    fn is_spent(&self) -> bool {
        self.work == 0 || self.heap.cut || self.heap.paths.cut
    }

    /// What the templates of each chart see.
    fn roots(&mut self, charts: &[Chart]) -> Vec<Thing> {
        let heap = &mut self.heap;
        let roots: Vec<Thing> = charts
            .iter()
            .map(|_| heap.make(Made { is_root: true, is_open: true, ..Made::default() }))
            .collect();
        for (index, chart) in charts.iter().enumerate() {
            let node = heap.paths.node(&chart.path);
            heap.paths.set_chart(node);
            let children: Vec<(Str, Things)> = charts
                .iter()
                .enumerate()
                .filter(|(_, child)| child.parent == Some(index))
                .filter_map(|(at, child)| Some((child.name.clone(), Things::one(*roots.get(at)?))))
                .collect();
            let base = heap.text(&*chart.base_path);
            let name = heap.text(chart.name.clone());
            let template = Made {
                fields: [("BasePath".into(), Things::one(base))].into(),
                is_open: true,
                ..Made::default()
            };
            let about = Made {
                fields: [("Name".into(), Things::one(name))].into(),
                is_open: true,
                ..Made::default()
            };
            let fields = [
                ("Values".into(), Things::one(Thing::Value(node))),
                ("Subcharts".into(), Things::one(heap.map(children))),
                ("Template".into(), Things::one(heap.make(template))),
                ("Chart".into(), Things::one(heap.make(about))),
            ];
            if let Some(Thing::Object(at)) = roots.get(index)
                && let Some(made) = heap.objects.get_mut(*at as usize)
            {
                made.fields = fields.into();
            }
        }
        roots
    }

    /// Enters all definitions. Gives the files to run, with the numbers of their charts.
    fn define(&mut self, charts: &[Chart]) -> Vec<(usize, usize)> {
        let mut files = Vec::new();
        let mut jinja_files = 0..;
        for (chart, source) in
            charts.iter().enumerate().flat_map(|(i, c)| c.sources.iter().map(move |s| (i, s)))
        {
            let text = self.add_text(Some(source.file.clone()), source.text.clone());
            let own = match source.language {
                Language::Go => {
                    let Some(definitions) = go::mentions::parse(source, text) else {
                        self.heap.cut = true;
                        continue;
                    };
                    let mut own = None;
                    for (name, definition) in definitions {
                        let is_own = name.as_bytes() == source.name.as_bytes();
                        let id = self.add_definition(name, Definition::Go(definition));
                        own = own.or(is_own.then_some(id));
                    }
                    own
                }
                Language::Jinja => {
                    let Some(number) = jinja_files.next() else { continue };
                    if let Some(file) = self.jinja.get(number) {
                        file.text.set(text);
                    }
                    Some(self.add_definition((&*source.name).into(), Definition::Jinja(number)))
                }
            };
            let runs = !crate::manifest::is_partial(&source.name)
                && !charts.get(chart).is_some_and(|c| c.is_library);
            files.extend(own.filter(|_| runs).map(|id| (chart, id)));
        }
        files
    }

    /// Enters the texts that may be given to `tpl`.
    fn loosen(&mut self, charts: &[Chart], values: &[(Vec<Step>, Str)], parsed: &Parsed<'a>) {
        for (at, (path, text)) in values.iter().enumerate() {
            let go = self.loose_go(text);
            let jinja = parsed.values.get(at).and_then(Option::as_ref);
            self.loose.push(Loose { path: Some(path.clone()), go, jinja });
        }
        for text in charts.iter().flat_map(|chart| &chart.files) {
            let go = self.loose_go(text);
            self.loose.push(Loose { path: None, go, jinja: None });
        }
    }

    /// The definition that a text given to `tpl` is.
    fn loose_go(&mut self, text: &Str) -> Option<usize> {
        if let Some(known) = self.tpl_texts.get(text) {
            return *known;
        }
        self.tpl_bytes += text.len();
        if self.tpl_bytes > MAX_TPL_BYTES {
            self.heap.cut = true;
            return None;
        }
        let number = self.add_text(None, text.clone());
        let mut own = None;
        for (name, definition) in go::mentions::parse_text(text, number).into_iter().flatten() {
            let is_own = definition.is_first();
            let id = self.definitions.len();
            self.definitions.push(Definition::Go(definition));
            if is_own {
                own = own.or(Some(id));
            } else {
                self.by_name.entry(name).or_default().push(id);
            }
        }
        self.tpl_texts.insert(text.clone(), own);
        own
    }

    fn add_text(&mut self, file: Option<Arc<str>>, text: Str) -> u32 {
        self.texts.push((file, text));
        self.texts.len() as u32 - 1
    }

    fn add_definition(&mut self, name: Str, definition: Definition) -> usize {
        self.definitions.push(definition);
        let id = self.definitions.len() - 1;
        self.by_name.entry(name).or_default().push(id);
        id
    }

    /// A function of the library.
    pub(super) fn function(&self, name: &str) -> Option<&'static Function> {
        self.functions.get(name).copied()
    }

    /// Whether a function of the library takes its collection first, as a filter.
    pub(crate) fn is_collection_first(&self, name: &str) -> bool {
        self.function(name).is_some_and(|function| function.collection_first)
    }

    /// The Jinja file of a name, as Helm has it.
    pub(crate) fn jinja_file(&self, name: &str) -> Option<&'a jinja::mentions::File<'a>> {
        let ids = self.by_name.get(&Str::from(name))?;
        let numbers = ids.iter().filter_map(|&id| match self.definitions.get(id) {
            Some(Definition::Jinja(number)) => Some(*number),
            _ => None,
        });
        numbers.last().and_then(|number| self.jinja.get(number))
    }

    /// Takes one step; `false` if there are none left.
    pub(crate) fn step(&mut self) -> bool {
        self.work = self.work.saturating_sub(1);
        self.work > 0
    }

    /// Runs templates by their names: all, if they aren't known.
    pub(crate) fn include(&mut self, names: &Things, dot: &Things) -> Things {
        let ids: Vec<usize> = match self.heap.keys(names) {
            Some(names) => {
                names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied().collect()
            }
            None => {
                self.heap.consume_but(names, true);
                self.by_name.values().flatten().copied().collect()
            }
        };
        let mut found = Things::default();
        for id in ids {
            found.join(&self.run(id, dot));
        }
        if found.is_empty() { Things::opaque() } else { found }
    }

    /// Runs texts of values, or of the chart, as templates.
    pub(crate) fn tpl(&mut self, texts: &Things, dot: &Things) -> Things {
        let mut found = Things::opaque();
        self.heap.consume_but(texts, true);
        let scalars = self.heap.scalars(texts);
        for thing in scalars.iter() {
            match thing {
                Thing::Constant(_) => {
                    let Some(Value::String(text)) = self.heap.value(thing).cloned() else { continue };
                    if let Some(id) = self.loose_go(&text) {
                        found.join(&self.run(id, dot));
                    }
                }
                Thing::Value(node) => {
                    let steps: Vec<Option<Str>> =
                        self.heap.paths.steps(node).into_iter().map(Option::<&Str>::cloned).collect();
                    self.loose(|path| path.is_some_and(|path| below(path, &steps)), dot, &mut found);
                }
                Thing::Opaque => {
                    let key = self.heap.hash(dot);
                    if let Some(known) = self.loose_memo.get(&key) {
                        found.join(&known.clone());
                        continue;
                    }
                    self.loose_memo.insert(key, Things::opaque());
                    let mut all = Things::opaque();
                    self.loose(|_| true, dot, &mut all);
                    found.join(&all);
                    self.loose_memo.insert(key, all);
                }
                Thing::Object(_) | Thing::Macro(_) => {}
            }
        }
        found.and(&self.heap.charts(texts))
    }

    fn loose(&mut self, wanted: impl Fn(Option<&Vec<Step>>) -> bool, dot: &Things, found: &mut Things) {
        let chosen: Vec<(Option<usize>, Option<&'a jinja::mentions::File<'a>>)> =
            self.loose.iter().filter(|l| wanted(l.path.as_ref())).map(|l| (l.go, l.jinja)).collect();
        for (go, jinja) in chosen {
            if let Some(id) = go {
                found.join(&self.run(id, dot));
            }
            if let Some(file) = jinja {
                jinja::mentions::run(self, file, dot);
            }
        }
    }

    /// Runs a definition, or gives what it gave before with the same dot: what its text may be.
    fn run(&mut self, id: usize, dot: &Things) -> Things {
        let Some(definition) = self.definitions.get(id).cloned() else { return Things::opaque() };
        let key = (id, self.heap.hash(dot));
        self.work = self.work.saturating_sub(1 + self.heap.compared.take());
        match self.memo.get(&key) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return Things::opaque(),
            None => {}
        }
        if self.calls >= MAX_CALLS || !self.step() {
            self.heap.consume(dot);
            return Things::opaque();
        }
        self.calls += 1;
        self.memo.insert(key, None);
        let (site, floor) = (self.heap.site, self.heap.objects.len() as u32);
        let outer = std::mem::replace(&mut self.heap.oldest_change, u32::MAX);
        let found = match &definition {
            Definition::Go(definition) => go::mentions::run(self, definition, dot),
            Definition::Jinja(number) => match self.jinja.get(*number) {
                Some(file) => jinja::mentions::run(self, file, dot),
                None => Things::opaque(),
            },
        };
        self.heap.site = site;
        // What changes an object that was there before must do so each time.
        if self.heap.oldest_change < floor {
            self.memo.remove(&key);
        } else {
            self.memo.insert(key, Some(found.clone()));
        }
        self.heap.oldest_change = self.heap.oldest_change.min(outer);
        self.calls -= 1;
        found
    }
}

/// Whether a path leads to what these steps stand for, or into it.
fn below(path: &[Step], steps: &[Option<Str>]) -> bool {
    path.len() >= steps.len()
        && path.iter().zip(steps).all(|(step, wanted)| match (step, wanted) {
            (_, None) => true,
            (Step::Key(key), Some(wanted)) => key == wanted,
            (Step::Index(index), Some(wanted)) => wanted.as_bytes() == index.to_string().as_bytes(),
        })
}
