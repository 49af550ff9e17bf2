//! What is to say about the user's values on the new side.

use std::collections::HashSet;

use crate::compare::path::Which;
use crate::compare::{Path, Step};
use crate::diagnostic::nearest;
use crate::diff::{ValueFinding, ValueFindingKind};
use crate::render;
use crate::value::{Map, Str, Value};
use crate::values::{self, schema as checks};
use crate::yaml;

use super::leaves::{self, Leaf};
use super::places::Whose;
use super::schema::Schemas;
use super::{MAX_LEAVES, Side, type_of};

/// How many renders may be spent on values that seem to match nothing.
const MAX_RENDERS: usize = 24;

/// A finding whose place is not known yet.
struct Draft {
    path: Path,
    kind: ValueFindingKind,
    message: String,
}

/// All findings: schema first, then values that match nothing, those of another type, those that say what the chart
/// says anyway.
pub fn find(
    old: &Side<'_>,
    new: &Side<'_>,
    defaults: &[Leaf],
    moved: &[(usize, usize)],
) -> Vec<ValueFinding> {
    let title = |side: &Side<'_>| {
        let metadata = &side.rendered.loaded.chart.metadata;
        format!("{} {}", metadata.name, metadata.version)
    };
    let chart = title(new);
    let user: Vec<(Path, Value)> = leaves::all(&new.rendered.loaded.layers.values, MAX_LEAVES);
    let mut drafts = broken(new, &chart);
    drafts.extend(gone(old, new, &user, &chart, defaults, moved));
    drafts.extend(retyped(old, new, &user, &chart));
    drafts.extend(needless(old, new, &chart));
    let steps = |draft: &Draft| (Whose::User, leaves::steps(&draft.path, Which::New).unwrap_or_default());
    let places = new.places.find(&drafts.iter().map(steps).collect::<Vec<_>>());
    drafts
        .into_iter()
        .zip(places)
        .map(|(draft, place)| ValueFinding {
            path: draft.path.to_string(),
            kind: draft.kind,
            message: draft.message,
            place: place.filter(|_| !draft.path.0.is_empty()),
        })
        .collect()
}

/// What the schemas refuse.
fn broken(new: &Side<'_>, chart: &str) -> Vec<Draft> {
    let (loaded, limits) = (&new.rendered.loaded, &new.rendered.request.limits);
    // What can't be prepared can't be rendered either, and has been refused before.
    let Ok(prepared) = values::prepare(&loaded.chart, &loaded.layers, true, limits, &mut Vec::new()) else {
        return Vec::new();
    };
    let violations = match checks::violations(&prepared.chart, &prepared.values, limits) {
        Ok(violations) => violations,
        Err(limit) => vec![checks::Violation { path: Vec::new(), message: limit.message().to_string() }],
    };
    let draft = |violation: checks::Violation| {
        let path = path_of(&prepared.values, &violation.path);
        let name = if path.0.is_empty() { "the values".to_string() } else { path.to_string() };
        let verb = if path.0.is_empty() { "break" } else { "breaks" };
        let message = format!("{name} {verb} the schema of {chart}: {}", violation.message);
        Draft { path, kind: ValueFindingKind::BreaksSchema, message }
    };
    violations.into_iter().map(draft).collect()
}

/// A path whose steps into lists are not told from those into maps.
fn path_of(values: &Map, names: &[String]) -> Path {
    let mut value = Some(Value::Map(values.clone()));
    let step = |name: &String| {
        let index = name.parse::<usize>().ok();
        let (step, inner) = match (&value, index) {
            (Some(Value::List(list)), Some(index)) => {
                (Step::Index { old: None, new: Some(index) }, list.get(index))
            }
            (Some(Value::Map(map)), _) => (Step::Key(name.as_str().into()), map.get(name)),
            _ => (Step::Key(name.as_str().into()), None),
        };
        value = inner;
        step
    };
    Path(names.iter().map(step).collect())
}

/// Values that the old chart had and the new one has not. Before that is said, the chart is rendered without them:
/// what makes a difference matches something.
fn gone(
    old: &Side<'_>,
    new: &Side<'_>,
    user: &[(Path, Value)],
    chart: &str,
    defaults: &[Leaf],
    moved: &[(usize, usize)],
) -> Vec<Draft> {
    let schemas = (Schemas::of(old.node), Schemas::of(new.node));
    let mut seen: HashSet<Vec<Str>> = HashSet::new();
    let mut candidates: Vec<Vec<Str>> = Vec::new();
    for (path, _) in user {
        let keys = keys(path);
        if keys.first().is_none_or(|key| key.as_str() == Some("global")) {
            continue;
        }
        let Some(length) = missing(&new.defaults, &keys) else { continue };
        let prefix = &keys[..length];
        if seen.insert(prefix.to_vec())
            && (has(&old.defaults, prefix) || schemas.0.know(prefix))
            && !schemas.1.know(prefix)
        {
            candidates.push(prefix.to_vec());
        }
    }
    let step = |key: &Str| Step::Key(key.clone());
    without_effect(new, candidates)
        .into_iter()
        .map(|keys| {
            let path = Path(keys.iter().map(step).collect());
            let meant = moved
                .iter()
                .find(|(gone, _)| defaults.get(*gone).is_some_and(|leaf| leaf.path == path))
                .and_then(|(_, added)| Some(defaults.get(*added)?.path.to_string()))
                .or_else(|| near(&new.defaults, &keys));
            let hint = meant.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
            let message = format!("{path} is no value of {chart}{hint}");
            Draft { path, kind: ValueFindingKind::MatchesNothing, message }
        })
        .collect()
}

/// The keys of a path up to the first list.
fn keys(path: &Path) -> Vec<Str> {
    path.0.iter().map_while(|step| if let Step::Key(key) = step { Some(key.clone()) } else { None }).collect()
}

/// The defaults, and the map that they are all wrapped in, if they are.
fn roots(defaults: &Map) -> Vec<Map> {
    let mut roots = vec![defaults.clone()];
    let entries = defaults.entries();
    let mut maps =
        entries.iter().filter(|(key, _)| key.as_str() != Some("global")).map(|(_, value)| value.as_map());
    if let (Some(Some(inner)), None) = (maps.next(), maps.next()) {
        roots.push(inner.clone());
    }
    roots
}

/// Whether there is a default at these keys.
fn has(defaults: &Map, keys: &[Str]) -> bool {
    let steps: Vec<yaml::Step> = keys.iter().cloned().map(yaml::Step::Key).collect();
    roots(defaults).iter().any(|root| leaves::at(root, &steps).is_some())
}

/// How many keys lead to the first map that lacks one, that one included; `None` if all are there, or anything may
/// be: below empty maps and below what is no map.
fn missing(defaults: &Map, keys: &[Str]) -> Option<usize> {
    let in_root = |root: &Map| {
        let mut map = root.clone();
        for (i, key) in keys.iter().enumerate() {
            match map.get(key) {
                None => return (i == 0 || !map.is_empty()).then_some(i + 1),
                Some(Value::Map(inner)) => map = inner,
                Some(_) => return None,
            }
        }
        None
    };
    let lengths: Option<Vec<usize>> = roots(defaults).iter().map(in_root).collect();
    lengths?.into_iter().max()
}

/// Those of the values without which the render is the same.
fn without_effect(new: &Side<'_>, candidates: Vec<Vec<Str>>) -> Vec<Vec<Str>> {
    if candidates.is_empty() {
        return candidates;
    }
    let rendered = new.rendered;
    let texts = |values: Option<Map>| -> Option<Vec<Vec<u8>>> {
        let mut loaded = rendered.loaded.clone();
        if let Some(values) = values {
            loaded.layers.layers.clear();
            loaded.layers.values = values;
        }
        let mut request = rendered.request.clone();
        request.skip_schema_validation = true;
        let output = render::render_loaded(&request, &loaded).ok()?;
        let manifests = output.manifests.objects.iter().chain(&output.manifests.hooks);
        Some(manifests.map(|manifest| manifest.content().to_vec()).collect())
    };
    let Some(whole) = texts(None) else { return Vec::new() };
    let without = |some: &[Vec<Str>]| {
        let leaf = |keys: &Vec<Str>| Leaf {
            path: Path(keys.iter().cloned().map(Step::Key).collect()),
            old: None,
            new: None,
        };
        let leaves: Vec<Leaf> = some.iter().map(leaf).collect();
        let own = &rendered.loaded.layers.values;
        leaves::with(own, &leaves.iter().collect::<Vec<_>>(), Which::New, own)
    };
    let mut left = MAX_RENDERS;
    let mut dead: Vec<Vec<Str>> = Vec::new();
    let mut open: Vec<&[Vec<Str>]> = vec![&candidates];
    while let Some(some) = open.pop() {
        let Some(less) = left.checked_sub(1) else { break };
        left = less;
        if texts(Some(without(some))).is_some_and(|texts| texts == whole) {
            dead.extend_from_slice(some);
        } else if some.len() > 1 {
            let (a, b) = some.split_at(some.len() / 2);
            open.extend([b, a]);
        }
    }
    dead
}

/// A default whose last key is nearly the one that is missing.
fn near(defaults: &Map, keys: &[Str]) -> Option<String> {
    let (last, parents) = keys.split_last()?;
    let steps: Vec<yaml::Step> = parents.iter().cloned().map(yaml::Step::Key).collect();
    let parent = roots(defaults).iter().rev().find_map(|root| leaves::at(root, &steps))?;
    let there: Vec<String> = parent.as_map()?.keys().iter().map(Str::to_string).collect();
    let name = last.to_string();
    let name_lower = name.to_lowercase();
    let extended = |other: &&String| {
        let other = other.to_lowercase();
        name_lower.len() > 2 && (other.starts_with(&name_lower) || name_lower.starts_with(&other))
    };
    let near = nearest(&name, there.iter().map(String::as_str)).map(str::to_string);
    let found = near.or_else(|| {
        let mut alike = there.iter().filter(extended);
        alike.next().filter(|_| alike.next().is_none()).cloned()
    })?;
    let path = parents.iter().cloned().chain([found.into()]).map(Step::Key).collect();
    Some(Path(path).to_string())
}

/// The value that a chart has by default at the path of one of the user's.
fn default_at(defaults: &Map, path: &Path) -> Option<Value> {
    let steps = leaves::steps(path, Which::New)?;
    roots(defaults).iter().find_map(|root| leaves::at(root, &steps))
}

/// Values of another type than the default, unless they were so before.
fn retyped(old: &Side<'_>, new: &Side<'_>, user: &[(Path, Value)], chart: &str) -> Vec<Draft> {
    let differs = |value: &Value, default: &Value| {
        !value.is_nil() && !default.is_nil() && type_of(value) != type_of(default)
    };
    let mut found = Vec::new();
    for (path, value) in user {
        // A map whose leaves are meant for a default that is no map.
        let lengths = 1..=path.0.len();
        let prefixes = lengths.map(|length| Path(path.0.iter().take(length).cloned().collect()));
        let clash = prefixes.clone().find_map(|prefix| {
            let value =
                if prefix.0.len() == path.0.len() { value.clone() } else { Value::Map(Map::default()) };
            let default = default_at(&new.defaults, &prefix)?;
            differs(&value, &default).then_some((prefix, value, default))
        });
        let Some((path, value, default)) = clash else { continue };
        let before = default_at(&old.defaults, &path);
        let user_before = leaves::steps(&path, Which::New)
            .and_then(|steps| leaves::at(&old.rendered.loaded.layers.values, &steps));
        if user_before.is_some_and(|own| type_of(&own) == type_of(&value))
            && before.is_some_and(|before| type_of(&before) == type_of(&default))
        {
            continue;
        }
        let message =
            format!("{path} is {}, and {chart} has {} by default", type_of(&value), type_of(&default));
        if !found.iter().any(|draft: &Draft| draft.path == path) {
            found.push(Draft { path, kind: ValueFindingKind::OtherType, message });
        }
    }
    found
}

/// Values that equal the default, unless they did before: where all of a map do, the map.
fn needless(old: &Side<'_>, new: &Side<'_>, chart: &str) -> Vec<Draft> {
    let mut paths = Vec::new();
    let walk = Needless { old, new };
    walk.map(&new.rendered.loaded.layers.values, &mut Vec::new(), &mut paths);
    let draft = |path: Path| {
        let message = format!("{path} is what {chart} has by default");
        Draft { path, kind: ValueFindingKind::EqualsDefault, message }
    };
    paths.into_iter().map(draft).collect()
}

struct Needless<'a> {
    old: &'a Side<'a>,
    new: &'a Side<'a>,
}

impl Needless<'_> {
    /// Notes the needless values of a map. Gives whether all of them are.
    fn map(&self, map: &Map, path: &mut Vec<Step>, found: &mut Vec<Path>) -> bool {
        let before = found.len();
        let mut all = true;
        for (key, value) in map.entries() {
            if found.len() >= MAX_LEAVES || path.len() >= 100 {
                return false;
            }
            path.push(Step::Key(key));
            all &= match &value {
                Value::Map(inner) if !inner.is_empty() => self.map(inner, path, found),
                _ => {
                    let own = Path(path.clone());
                    let is = self.is(&own, &value);
                    if is {
                        found.push(own);
                    }
                    is
                }
            };
            path.pop();
        }
        if all && !path.is_empty() && found.len() > before + 1 {
            found.truncate(before);
            found.push(Path(path.clone()));
        }
        all
    }

    fn is(&self, path: &Path, value: &Value) -> bool {
        let equal = |default: Option<Value>, value: &Value| default.is_some_and(|d| leaves::same(&d, value));
        let steps = leaves::steps(path, Which::New).unwrap_or_default();
        let own = leaves::at(&self.old.rendered.loaded.layers.values, &steps);
        let was_so = own.is_some_and(|own| equal(default_at(&self.old.defaults, path), &own));
        !was_so && equal(default_at(&self.new.defaults, path), value)
    }
}
