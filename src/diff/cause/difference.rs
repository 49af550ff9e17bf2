//! All that differs between two renders, in pieces that can each be taken from either side.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::chart::{Chart, Dependency, File};
use crate::compare::{Path, Step};
use crate::diff::CauseKind;
use crate::diff::side::Rendered;
use crate::diff::values::defaults::Node;
use crate::diff::values::leaves::{self, Leaf};
use crate::manifest::is_partial;
use crate::render::Request;
use crate::value::{Map, Value};

/// How many values of one tree are told apart; if more differ, only the keys at the top are.
const MAX_LEAVES: usize = 2000;

/// A piece of what differs.
#[derive(Clone, Debug)]
pub struct Atom {
    /// What kind of cause it is.
    pub kind: CauseKind,
    /// What it is.
    pub what: What,
    /// The way to it by names, for those that stand together to be tried together.
    pub names: Vec<String>,
}

/// What a piece is.
#[derive(Clone, Debug)]
pub enum What {
    /// A value of the user's.
    User(Leaf),
    /// A default of a chart.
    Default(usize, Leaf),
    /// A file under `templates/`.
    Template(usize, Arc<str>),
    /// Another file.
    File(usize, Arc<str>),
    /// Which charts are within the chart, and when they take part.
    Structure(usize),
    /// A field of `Chart.yaml`.
    Metadata(usize, Field),
    /// A part of the request.
    Part(Part),
}

/// A field of `Chart.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `name`
    Name,
    /// `version`
    Version,
    /// `appVersion`
    AppVersion,
    /// All others but the dependencies.
    Other,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The version of Kubernetes.
    KubeVersion,
    /// The API versions.
    ApiVersions,
    /// The file that `lookup` reads.
    Lookup,
    /// The release's name.
    Name,
    /// The release's namespace.
    Namespace,
    /// The release's revision, and whether it is an upgrade.
    Revision,
    /// The seed and the clock.
    Seed,
}

impl Part {
    const ALL: [Part; 7] = [
        Part::KubeVersion,
        Part::ApiVersions,
        Part::Lookup,
        Part::Name,
        Part::Namespace,
        Part::Revision,
        Part::Seed,
    ];

    /// As it is shown to the user.
    pub fn name(self) -> &'static str {
        match self {
            Part::KubeVersion => "kube-version",
            Part::ApiVersions => "api-versions",
            Part::Lookup => "lookup-file",
            Part::Name => "name",
            Part::Namespace => "namespace",
            Part::Revision => "revision",
            Part::Seed => "seed",
        }
    }

    fn kind(self) -> CauseKind {
        match self {
            Part::KubeVersion | Part::ApiVersions | Part::Lookup => CauseKind::Capabilities,
            Part::Name | Part::Namespace | Part::Revision => CauseKind::Release,
            Part::Seed => CauseKind::Volatile,
        }
    }

    fn differs(self, old: &Request, new: &Request) -> bool {
        match self {
            Part::KubeVersion => old.kube_version != new.kube_version,
            Part::ApiVersions => old.api_versions != new.api_versions,
            Part::Lookup => {
                let stored = [old, new].iter().any(|request| request.tree.revision.is_some());
                old.lookup_file != new.lookup_file || (old.lookup_file.is_some() && stored)
            }
            Part::Name => old.release.name != new.release.name,
            Part::Namespace => old.release.namespace != new.release.namespace,
            Part::Revision => {
                old.release.revision != new.release.revision
                    || old.release.is_upgrade != new.release.is_upgrade
            }
            Part::Seed => old.seed != new.seed || old.now != new.now,
        }
    }

    /// Makes the part of a request as it is in another.
    pub fn take(self, request: &mut Request, from: &Request) {
        match self {
            Part::KubeVersion => request.kube_version.clone_from(&from.kube_version),
            Part::ApiVersions => request.api_versions.clone_from(&from.api_versions),
            Part::Lookup => {
                request.lookup_file.clone_from(&from.lookup_file);
                request.tree.clone_from(&from.tree);
            }
            Part::Name => request.release.name.clone_from(&from.release.name),
            Part::Namespace => request.release.namespace.clone_from(&from.release.namespace),
            Part::Revision => {
                request.release.revision = from.release.revision;
                request.release.is_upgrade = from.release.is_upgrade;
            }
            Part::Seed => {
                request.seed.clone_from(&from.seed);
                request.now = from.now;
            }
        }
    }
}

/// A chart that is there on both sides.
#[derive(Debug)]
pub struct Pair<'a> {
    /// As it was.
    pub old: &'a Chart,
    /// As it is.
    pub new: &'a Chart,
    /// The charts within it that are on both sides: the index in either's list, and the pair.
    pub children: Vec<(usize, usize, usize)>,
    /// The names under which it takes part.
    pub names: Vec<String>,
}

/// What differs between two renders.
#[derive(Debug)]
pub struct Difference<'a> {
    /// The old side.
    pub old: &'a Rendered,
    /// The new side.
    pub new: &'a Rendered,
    /// The charts on both sides; the outermost first.
    pub pairs: Vec<Pair<'a>>,
    /// The pieces, those of a kind together.
    pub atoms: Vec<Atom>,
}

impl<'a> Difference<'a> {
    /// Finds all that differs.
    pub fn of(old: &'a Rendered, new: &'a Rendered) -> Difference<'a> {
        let mut difference = Difference { old, new, pairs: Vec::new(), atoms: Vec::new() };
        let aliases = aliases(old, new);
        difference.pair(&old.loaded.chart, &new.loaded.chart, Vec::new(), &aliases);
        difference.user();
        for index in 0..difference.pairs.len() {
            difference.defaults(index);
        }
        for index in 0..difference.pairs.len() {
            difference.files(index);
        }
        for index in 0..difference.pairs.len() {
            difference.metadata(index);
        }
        for part in Part::ALL.into_iter().filter(|part| part.differs(&old.request, &new.request)) {
            difference.add(part.kind(), What::Part(part), vec![part.name().to_string()]);
        }
        difference
    }

    fn add(&mut self, kind: CauseKind, what: What, names: Vec<String>) {
        self.atoms.push(Atom { kind, what, names });
    }

    /// Charts are paired by name; of several of one name, in their order.
    fn pair(
        &mut self,
        old: &'a Chart,
        new: &'a Chart,
        names: Vec<String>,
        aliases: &HashMap<String, Vec<String>>,
    ) -> usize {
        let index = self.pairs.len();
        self.pairs.push(Pair { old, new, children: Vec::new(), names: names.clone() });
        let mut there: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, chart) in new.dependencies.iter().enumerate().rev() {
            there.entry(chart.name()).or_default().push(i);
        }
        let mut children = Vec::new();
        for (i, child) in old.dependencies.iter().enumerate() {
            let Some(j) = there.get_mut(child.name()).and_then(Vec::pop) else { continue };
            let Some(other) = new.dependencies.get(j) else { continue };
            let known = [&other.location, &child.location].into_iter().find_map(|l| aliases.get(&**l));
            let fallback = || names.iter().cloned().chain([child.name().to_string()]).collect();
            let inner = known.cloned().unwrap_or_else(fallback);
            children.push((i, j, self.pair(child, other, inner, aliases)));
        }
        if let Some(pair) = self.pairs.get_mut(index) {
            pair.children = children;
        }
        index
    }

    fn user(&mut self) {
        for leaf in told_apart(&self.old.loaded.layers.values, &self.new.loaded.layers.values) {
            let names = keys(&leaf.path).collect();
            self.add(CauseKind::Values, What::User(leaf), names);
        }
    }

    fn defaults(&mut self, index: usize) {
        let Some(pair) = self.pairs.get(index) else { return };
        let names = pair.names.clone();
        for leaf in told_apart(&pair.old.values, &pair.new.values) {
            let names = names.iter().cloned().chain(keys(&leaf.path)).collect();
            self.add(CauseKind::Defaults, What::Default(index, leaf), names);
        }
    }

    fn files(&mut self, index: usize) {
        let Some(pair) = self.pairs.get(index) else { return };
        let (old, new, names) = (pair.old, pair.new, pair.names.clone());
        let names_of =
            |file: &str| names.iter().cloned().chain(file.split('/').map(str::to_string)).collect::<Vec<_>>();
        let mut found = Vec::new();
        for name in differing_files(&old.templates, &new.templates) {
            found.push((What::Template(index, name.clone()), names_of(&name)));
        }
        for name in differing_files(&old.files, &new.files) {
            found.push((What::File(index, name.clone()), names_of(&name)));
        }
        if structure_differs(old, new, pair.children.len()) {
            found.push((What::Structure(index), names_of("Chart.yaml")));
        }
        for (what, names) in found {
            self.add(CauseKind::Template, what, names);
        }
    }

    fn metadata(&mut self, index: usize) {
        let Some(pair) = self.pairs.get(index) else { return };
        let (old, new) = (&pair.old.metadata, &pair.new.metadata);
        let names = pair.names.clone();
        let other = |chart: &Chart| {
            let map = chart.metadata_as_value();
            for name in ["Name", "Version", "AppVersion", "Dependencies", "Type", "IsRoot"] {
                map.remove(name);
            }
            Value::Map(map)
        };
        let fields = [
            (Field::Name, old.name != new.name),
            (Field::Version, old.version != new.version),
            (Field::AppVersion, old.app_version != new.app_version),
            (Field::Other, !leaves::same(&other(pair.old), &other(pair.new))),
        ];
        for (field, _) in fields.into_iter().filter(|(_, differs)| *differs) {
            let names = names.iter().cloned().chain([field.name().to_string()]).collect();
            self.add(CauseKind::ChartVersion, What::Metadata(index, field), names);
        }
    }

    /// The pieces of a kind.
    pub fn of_kind(&self, kind: CauseKind) -> Vec<usize> {
        let own = self.atoms.iter().enumerate().filter(|(_, atom)| atom.kind == kind);
        own.map(|(index, _)| index).collect()
    }

    /// Whether a piece is a file that only one side has.
    pub fn is_one_sided(&self, atom: usize) -> bool {
        let Some(What::Template(pair, name) | What::File(pair, name)) = self.atoms.get(atom).map(|a| &a.what)
        else {
            return false;
        };
        let has =
            |chart: &Chart| chart.templates.iter().chain(chart.files.iter()).any(|file| file.name == *name);
        self.pairs.get(*pair).is_some_and(|pair| has(pair.old) != has(pair.new))
    }

    /// The kinds of which there are pieces, in the order in which causes are told.
    pub fn kinds(&self) -> Vec<CauseKind> {
        let mut kinds: Vec<CauseKind> = self.atoms.iter().map(|atom| atom.kind).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

impl Field {
    /// The name as `Chart.yaml` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Version => "version",
            Field::AppVersion => "appVersion",
            Field::Other => "Chart.yaml",
        }
    }
}

impl Atom {
    /// Whether it shows in objects of its own, and most often nowhere else: a template that is no partial, a
    /// definition.
    pub fn is_own(&self) -> bool {
        match &self.what {
            What::Template(_, name) => !is_partial(name),
            What::File(_, name) => name.starts_with("crds/"),
            _ => false,
        }
    }
}

/// The leaves that differ; if they are too many, whole keys at the top.
fn told_apart(old: &Map, new: &Map) -> Vec<Leaf> {
    let (found, complete) = leaves::differing(old, new, MAX_LEAVES);
    if complete {
        return found;
    }
    let mut tops: BTreeMap<Step, ()> = BTreeMap::new();
    for key in old.keys().into_iter().chain(new.keys()) {
        let equal = match (old.get(&key), new.get(&key)) {
            (Some(old), Some(new)) => leaves::same(&old, &new),
            _ => false,
        };
        if !equal {
            tops.insert(Step::Key(key), ());
        }
    }
    let value = |map: &Map, step: &Step| match step {
        Step::Key(key) => map.get(key),
        _ => None,
    };
    tops.into_keys()
        .map(|step| Leaf { old: value(old, &step), new: value(new, &step), path: Path(vec![step]) })
        .collect()
}

/// The keys of a path, each list being one with all that is in it.
fn keys(path: &Path) -> impl Iterator<Item = String> + '_ {
    path.0.iter().map(|step| match step {
        Step::Key(key) => key.to_string(),
        Step::Item { key, .. } => key.clone(),
        Step::Index { old, new } => new.or(*old).unwrap_or_default().to_string(),
        Step::Text(_) => String::new(),
    })
}

fn differing_files(old: &Arc<[File]>, new: &Arc<[File]>) -> Vec<Arc<str>> {
    let by_name = |files: &[File]| -> BTreeMap<Arc<str>, crate::value::Str> {
        files.iter().map(|file| (file.name.clone(), file.data.clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let gone_or_changed = old.iter().filter(|(name, data)| new.get(*name) != Some(data));
    let added = new.iter().filter(|(name, _)| !old.contains_key(*name));
    let mut names: Vec<Arc<str>> = gone_or_changed.chain(added).map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

fn structure_differs(old: &Chart, new: &Chart, paired: usize) -> bool {
    let (a, b) = (&old.metadata, &new.metadata);
    old.dependencies.len() != paired
        || new.dependencies.len() != paired
        || a.lists_dependencies != b.lists_dependencies
        || a.chart_type != b.chart_type
        || a.dependencies.len() != b.dependencies.len()
        || a.dependencies.iter().zip(&b.dependencies).any(|(a, b)| !same_dependency(a, b))
}

/// Versions differ with the version of the chart that they ask for, which is another piece.
fn same_dependency(a: &Dependency, b: &Dependency) -> bool {
    let imports = |d: &Dependency| Value::list(d.import_values.clone());
    (&a.name, &a.alias, &a.condition, &a.tags) == (&b.name, &b.alias, &b.condition, &b.tags)
        && leaves::same(&imports(a), &imports(b))
}

/// By where a chart's files are, the names under which it takes part on one of the sides.
fn aliases(old: &Rendered, new: &Rendered) -> HashMap<String, Vec<String>> {
    let mut found = HashMap::new();
    for side in [new, old] {
        Node::of(&side.loaded.chart, &side.loaded.layers).walk(&mut |names, node| {
            let names = || names.iter().map(|name| name.to_string()).collect();
            found.entry(node.location.clone()).or_insert_with(names);
        });
    }
    found
}
