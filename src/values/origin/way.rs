//! How a value came from where its layer says it to where the templates see it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::Way;
use crate::chart::{Chart, Dependency};
use crate::diagnostic::Place;
use crate::value::Str;
use crate::values::dependencies::import_paths;
use crate::yaml::{Step, locate_all};

const GLOBAL: &[u8] = b"global";
/// Of so many paths it is asked how a value came to one.
const MAX_PATHS: usize = 256;

/// The charts that take part, in the order in which they stand over each other.
#[derive(Debug, Default)]
pub(super) struct Family(Vec<Member>);

#[derive(Debug)]
pub(super) struct Member {
    /// Where its values are among those of the outermost chart.
    pub prefix: Vec<Step>,
    /// Names from the outermost chart on (`umbrella/charts/sub`), as the user's charts are nested.
    pub path: Arc<str>,
    /// Whether a step below the prefix leads to a chart within it.
    children: Vec<usize>,
    parent: Option<usize>,
    imports: Vec<Import>,
}

#[derive(Debug)]
struct Import {
    chart: Arc<str>,
    child: Vec<Step>,
    parent: Vec<Step>,
    place: Option<Place>,
}

impl Family {
    /// The family of a chart whose dependencies are chosen; `loaded` is the chart before.
    pub fn of(chart: &Chart, loaded: &Chart) -> Family {
        let mut family = Family::default();
        family.add(chart, Some(loaded), None);
        family
    }

    fn add(&mut self, chart: &Chart, loaded: Option<&Chart>, parent: Option<usize>) {
        let index = self.0.len();
        let (mut prefix, mut path) = (Vec::new(), chart.name().to_string());
        if let Some(above) = parent.and_then(|parent| self.0.get_mut(parent)) {
            prefix.clone_from(&above.prefix);
            prefix.push(Step::key(chart.name()));
            path = format!("{}/charts/{path}", above.path);
            above.children.push(index);
        }
        let imports = imports(chart, loaded);
        self.0.push(Member { prefix, path: path.into(), children: Vec::new(), parent, imports });
        for inner in &chart.dependencies {
            let same = |other: &&Chart| other.location == inner.location;
            let loaded = loaded.and_then(|loaded| loaded.dependencies.iter().find(same));
            self.add(inner, loaded, Some(index));
        }
    }

    pub fn members(&self) -> &[Member] {
        &self.0
    }

    /// How a value that stands at `natural` came to stand at `path`; none if it needn't, or if it can't be told.
    /// `of` is the chart whose defaults say it, none for the user's values.
    pub fn ways(&self, natural: &[Step], path: &[Step], of: Option<usize>) -> Vec<Way> {
        let mut ways = self.moves(natural, path);
        if let Some(own) = of.and_then(|of| self.0.get(of))
            && let Some(inner) = natural.strip_prefix(own.prefix.as_slice())
            && let Some(Step::Key(first)) = inner.first()
            && self.child(own, first).is_some()
        {
            ways.insert(0, Way::Parent { chart: own.path.clone() });
        }
        ways
    }

    /// The paths at which the charts around have the global that a path leads to, and that path: the outermost
    /// first. None if it is no global.
    pub fn versions_of_global(&self, path: &[Step]) -> Vec<Vec<Step>> {
        let mut around = Vec::new();
        let mut next = Some(0);
        while let Some(member) = next.and_then(|index| self.0.get(index)) {
            around.push(member);
            let inner = path.get(member.prefix.len()..).unwrap_or_default();
            match inner.first() {
                Some(Step::Key(name)) if name.as_bytes() == GLOBAL => {
                    let version = |chart: &Member| [&chart.prefix[..], inner].concat();
                    return around.into_iter().map(version).collect();
                }
                Some(Step::Key(name)) => next = self.child(member, name),
                _ => break,
            }
        }
        Vec::new()
    }

    /// Whether a path leads into the globals of a chart.
    pub fn is_global(&self, path: &[Step]) -> bool {
        !self.versions_of_global(path).is_empty()
    }

    /// Whether a path leads to the values of a chart as a whole.
    pub fn is_chart(&self, path: &[Step]) -> bool {
        let mut next = self.0.first();
        for step in path {
            let Step::Key(name) = step else { return false };
            next = next.and_then(|member| self.0.get(self.child(member, name)?));
        }
        next.is_some()
    }

    fn child(&self, member: &Member, name: &Str) -> Option<usize> {
        member.children.iter().copied().find(|c| self.0.get(*c).is_some_and(|c| c.is_named(name)))
    }

    /// The moves from the one path to the other: globals that go down, imports that go up. Looked for backwards,
    /// the fewest first.
    fn moves(&self, natural: &[Step], path: &[Step]) -> Vec<Way> {
        let mut seen: HashSet<Vec<Step>> = HashSet::from([path.to_vec()]);
        let mut open = VecDeque::from([(path.to_vec(), Vec::new())]);
        while let Some((path, ways)) = open.pop_front() {
            if path == natural {
                return ways;
            }
            self.before(&path, &mut |earlier, way| {
                if seen.len() < MAX_PATHS && seen.insert(earlier.clone()) {
                    let mut ways = ways.clone();
                    ways.insert(0, way);
                    open.push_back((earlier, ways));
                }
            });
        }
        Vec::new()
    }

    /// Shows where a value at a path may have come from in one move.
    fn before(&self, path: &[Step], show: &mut dyn FnMut(Vec<Step>, Way)) {
        let mut next = Some(0);
        while let Some(member) = next.and_then(|index| self.0.get(index)) {
            let inner = path.get(member.prefix.len()..).unwrap_or_default();
            if let Some((Step::Key(first), rest)) = inner.split_first()
                && first.as_bytes() == GLOBAL
            {
                self.global(member, rest, show);
            }
            for import in &member.imports {
                if let Some(rest) = inner.strip_prefix(import.parent.as_slice()).filter(|r| !r.is_empty()) {
                    let mut earlier = member.prefix.clone();
                    earlier.push(Step::key(&*import.chart));
                    earlier.extend(import.child.iter().chain(rest).cloned());
                    let (chart, place) = (import.chart.clone(), import.place.clone());
                    show(earlier, Way::Import { chart, place });
                }
            }
            next = match inner.first() {
                Some(Step::Key(name)) => self.child(member, name),
                _ => None,
            };
        }
    }

    /// A global is given by the chart above, or, in maps that are shared, by a chart within.
    fn global(&self, member: &Member, rest: &[Step], show: &mut dyn FnMut(Vec<Step>, Way)) {
        let of = |other: &Member| -> Vec<Step> {
            let global = std::iter::once(Step::key(GLOBAL));
            other.prefix.iter().cloned().chain(global).chain(rest.iter().cloned()).collect()
        };
        if let Some(above) = member.parent.and_then(|parent| self.0.get(parent)) {
            show(of(above), Way::Global { chart: above.path.clone(), from_above: true });
        }
        for inner in member.children.iter().filter_map(|child| self.0.get(*child)) {
            show(of(inner), Way::Global { chart: inner.path.clone(), from_above: false });
        }
    }
}

impl Member {
    fn is_named(&self, name: &Str) -> bool {
        matches!(self.prefix.last(), Some(Step::Key(own)) if own == name)
    }
}

/// What a chart's list of dependencies imports, with the places of the entries.
fn imports(chart: &Chart, loaded: Option<&Chart>) -> Vec<Import> {
    let mut found = Vec::new();
    let mut places = Vec::new();
    for dependency in &chart.metadata.dependencies {
        for (index, import) in dependency.import_values.iter().enumerate() {
            let Some((child, parent)) = import_paths(import) else { continue };
            let listed = loaded.map(|loaded| &loaded.metadata.dependencies[..]).unwrap_or_default();
            let name = |d: &Dependency| if d.alias.is_empty() { d.name.clone() } else { d.alias.clone() };
            let at = listed.iter().position(|d| name(d) == dependency.name).unwrap_or(usize::MAX);
            places.push([
                Step::key("dependencies"),
                Step::Index(at),
                Step::key("import-values"),
                Step::Index(index),
            ]);
            let chart = dependency.name.as_str().into();
            found.push(Import { chart, child: steps(&child), parent: steps(&parent), place: None });
        }
    }
    let requirements = chart.files.iter().find(|file| &*file.name == "requirements.yaml");
    let texts = [chart.metadata_text.as_ref().map(|text| ("Chart.yaml", text))];
    let texts = texts.into_iter().flatten().chain(requirements.map(|file| ("requirements.yaml", &file.data)));
    for (name, text) in texts {
        let file = chart.display_path(name);
        for (import, position) in found.iter_mut().zip(locate_all(text.as_bytes(), &places)) {
            if let Some(position) = position {
                let place = Place::new(&*file, position.value.line, position.value.column);
                import.place = Some(place.with_text(text.to_arc()));
            }
        }
    }
    found
}

/// The steps of a path in `import-values`; `.` is the whole.
fn steps(path: &str) -> Vec<Step> {
    if path == "." { Vec::new() } else { path.split('.').map(Step::key).collect() }
}
