//! What may have been meant by a name that nothing knows.

use std::collections::{BTreeMap, HashMap};

use super::ValuePath;
use super::charts::{Member, Reader};
use super::leaves;
use crate::diagnostic::{Place, distance};
use crate::explain::influence::path;
use crate::template::mentions::Mentions;
use crate::value::{Map, Str, Value};
use crate::yaml::{Step, locate};

/// So many paths that templates name are compared, and as many that have defaults.
const MAX_KNOWN: usize = 50_000;
/// Longer names are compared with none.
const MAX_NAME: usize = 100;

/// What may have been meant instead of a path.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The path.
    pub path: ValuePath,
    /// Why it may be meant.
    pub reason: Reason,
    /// Where it is known from: the chart's defaults, or a template that names it.
    pub place: Option<Place>,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is written with other capitals or dashes.
    Case,
    /// It is the singular or plural.
    Number,
    /// A slip of the keyboard.
    Spelling,
    /// It stands at another level.
    Level,
    /// It is a value of a subchart, and stands under no or another name.
    Subchart,
    /// It begins alike.
    Beginning,
}

impl Reason {
    /// The reason as machine reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Case => "case",
            Reason::Number => "number",
            Reason::Spelling => "spelling",
            Reason::Level => "level",
            Reason::Subchart => "subchart",
            Reason::Beginning => "beginning",
        }
    }
}

impl Suggestion {
    /// The suggestion as a question.
    pub fn hint(&self) -> String {
        let name = path::show(&self.path);
        let at = match &self.place {
            Some(place) if place.line > 0 => format!(" ({}:{})", place.file, place.line),
            Some(place) => format!(" ({})", place.file),
            None => String::new(),
        };
        match self.reason {
            Reason::Subchart => format!("did you mean `{name}`, a value of the subchart{at}?"),
            Reason::Level => format!("did you mean `{name}`{at}, at another level?"),
            _ => format!("did you mean `{name}`{at}?"),
        }
    }
}

/// Where a path is known from.
#[derive(Clone)]
enum Source {
    /// The defaults of a chart, by its number.
    Defaults(usize),
    Template(Place),
    Schema(usize),
    Chart(usize),
}

/// All names that a chart knows.
pub(super) struct Known<'a> {
    members: &'a [Member<'a>],
    mentions: &'a Mentions,
    paths: BTreeMap<Vec<Str>, Source>,
    /// The paths by their last key, in lower case without dashes.
    by_name: HashMap<String, Vec<Vec<Str>>>,
    user: &'a Map,
}

impl<'a> Known<'a> {
    pub fn new(
        members: &'a [Member<'a>],
        mentions: &'a Mentions,
        readers: &[Reader],
        user: &'a Map,
    ) -> Known<'a> {
        let mut paths = BTreeMap::new();
        for (path, place) in mentions.all().into_iter().take(MAX_KNOWN) {
            for end in 1..=path.len() {
                paths.entry(path[..end].to_vec()).or_insert_with(|| Source::Template(place.clone()));
            }
        }
        let mut defaults = 0;
        for (index, member) in members.iter().enumerate() {
            let whole = |keys: &[Str]| -> Vec<Str> { member.path.iter().chain(keys).cloned().collect() };
            for keys in member.schema_keys() {
                paths.entry(whole(&keys)).or_insert(Source::Schema(index));
            }
            if !member.path.is_empty() {
                paths.insert(member.path.clone(), Source::Chart(index));
            }
            for leaf in leaves::of_map(&member.chart.values) {
                let keys: Vec<Str> = leaf.iter().map_while(key_of).cloned().collect();
                for end in 1..=keys.len() {
                    let path = whole(&keys[..end]);
                    // What no template names would be a poor advice, but it is at least known.
                    match paths.get(&path) {
                        Some(Source::Defaults(_) | Source::Chart(_)) => {}
                        _ => {
                            paths.insert(path, Source::Defaults(index));
                        }
                    }
                }
                defaults += keys.len();
                if defaults >= MAX_KNOWN {
                    break;
                }
            }
        }
        // Where a bound was met, what the templates name is not known in full.
        paths.retain(|path, _| {
            mentions.cut || mentions.has(&path.iter().cloned().map(Step::Key).collect::<Vec<_>>())
        });
        for reader in readers {
            let keys: Option<Vec<Str>> = reader.path.iter().map(|step| key_of(step).cloned()).collect();
            let place = Place::new(reader.file.clone(), 0, 0);
            keys.map(|keys| paths.entry(keys).or_insert(Source::Template(place)));
        }
        let mut by_name: HashMap<String, Vec<Vec<Str>>> = HashMap::new();
        for path in paths.keys() {
            if let Some(last) = path.last() {
                by_name.entry(folded(&last.to_text())).or_default().push(path.clone());
            }
        }
        Known { members, mentions, paths, by_name, user }
    }

    /// The best suggestion for a path; `value` is what the user set there.
    pub fn suggest(&self, unused: &[Step], value: Option<&Value>) -> Option<Suggestion> {
        let keys: Option<Vec<Str>> = unused.iter().map(|step| key_of(step).cloned()).collect();
        let Some(keys) = keys else { return self.in_list(unused) };
        let (last, above) = keys.split_last()?;
        let name = last.to_text();
        if name.chars().count() > MAX_NAME {
            return None;
        }
        let mut best: Option<(Score, &Vec<Str>)> = None;
        let mut offer = |score: Score, path: &'_ Vec<Str>| {
            if let Some((known, _)) = self.paths.get_key_value(path)
                && best.as_ref().is_none_or(|(b, p)| (&score, known) < (b, p))
            {
                best = Some((score, known));
            }
        };
        for path in self.siblings(above) {
            if let Some((reason, cost)) = path.last().and_then(|key| alike(&name, &key.to_text())) {
                let is_mixed = !path.last().is_some_and(|key| is_one_within_other(&name, &key.to_text()));
                offer(Score { is_mixed, ..self.score(reason, cost, path, value) }, path);
            }
        }
        for path in self.by_name.get(&folded(&name)).into_iter().flatten().filter(|path| **path != keys) {
            if let Some(cost) = levels(&keys, path) {
                let reason = if self.is_of_subchart(path, above) { Reason::Subchart } else { Reason::Level };
                offer(self.score(reason, cost, path, value), path);
            }
        }
        let (score, path) = best?;
        Some(Suggestion {
            path: path.iter().cloned().map(Step::Key).collect(),
            reason: score.reason,
            place: self.place(path),
        })
    }

    /// The best name for an entry of a map in a list, of those that templates look for in such maps.
    fn in_list(&self, unused: &[Step]) -> Option<Suggestion> {
        let (Step::Key(last), above) = unused.split_last()? else { return None };
        let name = last.to_text();
        let known = self.mentions.keys(above).into_iter();
        let alike = known.filter_map(|(key, place)| Some((alike(&name, &key.to_text())?, key, place)));
        let ((reason, _), key, place) = alike.min_by_key(|((reason, cost), ..)| (*cost, *reason))?;
        let path = above.iter().cloned().chain([Step::Key(key)]).collect();
        Some(Suggestion { path, reason, place: Some(place) })
    }

    /// The paths right below one.
    fn siblings<'k>(&'k self, above: &'k [Str]) -> impl Iterator<Item = &'k Vec<Str>> {
        let range = self.paths.range(above.to_vec()..);
        let within = range.map(|(path, _)| path).take_while(move |path| path.starts_with(above));
        within.filter(move |path| path.len() == above.len() + 1)
    }

    /// Whether a path leads into a chart that the keys above a name don't lead into.
    fn is_of_subchart(&self, path: &[Str], above: &[Str]) -> bool {
        let into = |member: &&Member<'_>| !member.path.is_empty() && path.starts_with(&member.path);
        let deepest = self.members.iter().filter(into).max_by_key(|member| member.path.len());
        deepest.is_some_and(|member| path.len() > member.path.len() && !above.starts_with(&member.path))
    }

    fn score(&self, reason: Reason, cost: usize, path: &[Str], value: Option<&Value>) -> Score {
        let steps: Vec<Step> = path.iter().cloned().map(Step::Key).collect();
        let default = self.default(path);
        let is_akin = match (&default, value) {
            (Some(default), Some(value)) => kind(default) == kind(value),
            _ => true,
        };
        // Maps show by their keys what they are.
        let strangers = match (&default, value) {
            (Some(Value::Map(default)), Some(Value::Map(value))) => {
                value.keys().iter().filter(|key| !default.contains_key(key)).count()
            }
            _ => 0,
        };
        Score {
            cost: cost + usize::from(!is_akin) + strangers.min(2),
            is_set: path::at(self.user, &steps).is_some(),
            is_unknown: default.is_none(),
            reason,
            is_mixed: false,
            is_other: default.zip(value).is_none_or(|(a, b)| format!("{a:?}") != format!("{b:?}")),
            length: path.len(),
        }
    }

    fn default(&self, path: &[Str]) -> Option<Value> {
        self.members.iter().filter(|member| path.starts_with(&member.path)).find_map(|member| {
            let steps: Vec<Step> = path[member.path.len()..].iter().cloned().map(Step::Key).collect();
            path::at(&member.chart.values, &steps)
        })
    }

    fn place(&self, path: &[Str]) -> Option<Place> {
        let in_file = |member: &Member<'_>, file: &str, text: &Str, keys: &[Str]| {
            let steps: Vec<Step> = keys.iter().cloned().map(Step::Key).collect();
            let position = locate(text.as_bytes(), &steps)?;
            let spot = position.key.unwrap_or(position.value);
            Some(Place::new(member.chart.display_path(file), spot.line, spot.column).with_text(text.to_arc()))
        };
        match self.paths.get(path)? {
            Source::Template(place) => Some(place.clone()),
            Source::Schema(index) => {
                let member = self.members.get(*index)?;
                Some(Place::new(member.chart.display_path("values.schema.json"), 0, 0))
            }
            Source::Chart(index) => self.members.get(*index)?.listed(self.members),
            Source::Defaults(index) => {
                let member = self.members.get(*index)?;
                in_file(
                    member,
                    "values.yaml",
                    member.chart.values_text.as_ref()?,
                    path.get(member.path.len()..)?,
                )
            }
        }
    }
}

/// How good a suggestion is: the least is the best.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    cost: usize,
    /// Whether the user set it as well.
    is_set: bool,
    /// Whether it has no default.
    is_unknown: bool,
    reason: Reason,
    /// Whether its default is another than the user's value.
    is_other: bool,
    /// Whether letters are others, not only missing or too many, as `htts` has fewer than `https`, and others than
    /// `http`.
    is_mixed: bool,
    length: usize,
}

fn key_of(step: &Step) -> Option<&Str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Map(_) => 1,
        Value::List(_) => 2,
        _ => 0,
    }
}

/// A name without capitals and signs.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// How a name is like a known one, and how far from it.
fn alike(name: &str, known: &str) -> Option<(Reason, usize)> {
    if name == known || known.chars().count() > MAX_NAME {
        return None;
    }
    let (a, b) = (folded(name), folded(known));
    if a == b {
        return Some((Reason::Case, 1));
    }
    if is_plural(&a, &b) || is_plural(&b, &a) {
        return Some((Reason::Number, 2));
    }
    let length = a.chars().count();
    let bound = (length / 3).clamp(1, 3);
    let far = distance(name, known);
    // Of one or two letters each is near each.
    if far <= bound && (length > 2 || far < length) {
        return Some((Reason::Spelling, 1 + far));
    }
    if length >= 3 && (b.starts_with(&a) || a.starts_with(&b) && b.chars().count() >= 3) {
        return Some((Reason::Beginning, 6));
    }
    let first_words = word_ends(known).map(|end| distance(name, &known[..end])).min()?;
    (length > 4 && first_words <= bound.min(2)).then_some((Reason::Beginning, 5 + first_words))
}

/// Whether all letters of one name are in the other, in their order.
fn is_one_within_other(a: &str, b: &str) -> bool {
    let is_within = |a: &str, b: &str| {
        let mut rest = b.chars();
        a.chars().all(|c| rest.any(|other| other == c))
    };
    is_within(a, b) || is_within(b, a)
}

fn is_plural(many: &str, one: &str) -> bool {
    many.strip_suffix('s') == Some(one)
        || many.strip_suffix("es") == Some(one)
        || many.strip_suffix("ies").is_some_and(|stem| one.strip_suffix('y') == Some(stem))
}

/// Where the words of a name end, but the last.
fn word_ends(name: &str) -> impl Iterator<Item = usize> + '_ {
    let ends =
        name.char_indices().filter(|(at, c)| *at > 0 && (c.is_uppercase() || matches!(c, '-' | '_' | '.')));
    ends.map(|(at, _)| at)
}

/// How far the levels above the same name are from each other: keys are missing, or too many, or others.
fn levels(keys: &[Str], known: &[Str]) -> Option<usize> {
    let (a, b) = (&keys[..keys.len() - 1], &known[..known.len().checked_sub(1)?]);
    let common = subsequence(a, b);
    let (missing, extra) = (b.len() - common, a.len() - common);
    match (missing, extra) {
        (0, 0) => None,
        (0, n) | (n, 0) if n <= 3 => Some(2 + n),
        (1, 1) => Some(5),
        _ => None,
    }
}

/// How many keys two paths have in common, in order.
fn subsequence(a: &[Str], b: &[Str]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for key in a.iter().take(40) {
        let mut before = 0;
        for (at, other) in b.iter().take(40).enumerate() {
            let above = row[at + 1];
            row[at + 1] = if key == other { before + 1 } else { above.max(row[at]) };
            before = above;
        }
    }
    row[b.len().min(40)]
}
