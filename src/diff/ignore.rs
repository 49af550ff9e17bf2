//! What the user doesn't want to see: rules that set changes aside before anything is judged.
//!
//! # Grammar
//! ```text
//! RULE    = OBJECT | OBJECT ":" PATH | PATH in the form of a pointer
//! OBJECT  = [ KIND [ "." GROUP ] [ "/" [ NAMESPACE "/" ] NAME ] ]      empty: every object
//! PATH    = POINTER | DOTTED
//! POINTER = { "/" STEP }                        JSON pointer: ~1 is a slash, ~0 a tilde
//! DOTTED  = STEP { "." STEP | "[" STEP "]" }    as reports show it: metadata.labels["helm.sh/chart"]
//! ```
//! - `*` stands for any characters, `?` for one; a step of `**` stands for any number of steps.
//! - Kinds are compared without case, all else with it. A colon within a name is written `\:`, a dot within a step of
//!   a dotted path `\.` or in quotes within brackets.
//! - A step into a list is an index, or what tells its items apart: `containers[name=istio-proxy]`,
//!   `/spec/containers/istio-proxy`. Steps into JSON, YAML and base64 within strings are not counted; a dotted path
//!   may show them as reports do, by `: `.
//! - A rule with a path hides the fields there and all within them; one without hides whole objects.
//!
//! | rule | hides |
//! |---|---|
//! | `Secret` | all Secrets |
//! | `*/gw:/spec/replicas` | the replicas of whatever is called `gw` |
//! | `Deployment/*:/metadata/labels/helm.sh~1chart` | the chart's label on Deployments |
//! | `:/metadata/annotations/**` | what is within annotations |
//! | `:metadata.labels["helm.sh/chart"]` | the chart's label on all objects |

use crate::compare::{Change, Comparison, FieldChange, Path, Step};
use crate::diagnostic::{Error, Result};
use crate::manifest::pattern::{ObjectPattern, matches};
use crate::value::{List, Map, Value};

use super::review::Ignored;

/// Longer rules are refused.
const MAX_BYTES: usize = 4096;
/// How deep values are searched for what a rule hides within them.
const MAX_DEPTH: usize = 100;

/// A rule, ready to be matched.
#[derive(Clone, Debug)]
pub struct Rule {
    text: String,
    object: ObjectPattern,
    path: Option<Vec<Pattern>>,
}

/// A step of a path to ignore.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// Any number of steps.
    Any,
    /// One step of this name, with `*` and `?`.
    One(String),
}

impl Rule {
    /// Reads a rule, as it stands behind `--ignore`.
    ///
    /// # Errors
    /// When it is no rule: the message shows it and what is wrong.
    pub fn parse(text: &str) -> Result<Rule> {
        if text.starts_with('/') {
            return Rule::new(text, "", Some(text));
        }
        match split_object(text) {
            (object, Some("")) => {
                let hint = format!("leave out the colon to ignore whole objects: {object}");
                Err(wrong(text, "there is no path behind the colon").hint(hint))
            }
            (object, path) => Rule::new(text, object, path),
        }
    }

    /// A rule of its parts, as `torii.yaml` has them: an object (`Deployment/gw`; empty for all), and a path, if it
    /// is not about whole objects.
    ///
    /// # Errors
    /// As [`Rule::parse`].
    pub fn of(object: &str, path: Option<&str>) -> Result<Rule> {
        let text = match path {
            Some(path) => format!("{object}:{path}"),
            None => object.to_string(),
        };
        Rule::new(&text, object, path)
    }

    fn new(text: &str, object: &str, path: Option<&str>) -> Result<Rule> {
        if text.len() > MAX_BYTES {
            return Err(Error::new(format!("an ignore rule is longer than {MAX_BYTES} bytes")));
        }
        if text.trim().is_empty() || object.trim().is_empty() && path.is_none() {
            return Err(
                wrong(text, "it is empty").hint("say what to ignore: Secret, :/metadata/annotations/**")
            );
        }
        let object = unescape(object);
        let object = match ObjectPattern::parse(&object) {
            Ok(object) => object,
            Err(why @ "a name is empty") => return Err(wrong(text, why).hint("* stands for any name")),
            Err(why) => return Err(wrong(text, why)),
        };
        let path = match path {
            None => None,
            Some(path) if path.starts_with('/') => Some(pointer(path).map_err(|why| wrong(text, why))?),
            Some(path) => Some(dotted(path).map_err(|why| wrong(text, why))?),
        };
        // All within a field is hidden with it, so at the end `**` says no more than `*`.
        let path = path.map(|mut path| {
            let kept = path.iter().rposition(|step| *step != Pattern::Any).map_or(0, |last| last + 1);
            if kept < path.len() {
                path.truncate(kept);
                path.push(Pattern::One("*".into()));
            }
            path
        });
        Ok(Rule { text: text.to_string(), object, path })
    }

    /// The rule as the user wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn wrong(rule: &str, why: &str) -> Error {
    Error::new(format!("'{rule}' is no rule of what to ignore: {why}"))
}

/// The object of a rule, and the path behind the colon.
fn split_object(text: &str) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let colons: Vec<usize> = memchr::memchr_iter(b':', bytes)
        .filter(|at| at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\\'))
        .collect();
    // A pointer is plain to see, even behind a name with colons: ClusterRole/system:edit:/rules.
    let before_pointer = colons.iter().find(|at| bytes.get(**at + 1) == Some(&b'/'));
    match before_pointer.or_else(|| colons.first()) {
        Some(at) => (text.get(..*at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn unescape(text: &str) -> String {
    text.replace("\\:", ":")
}

fn step(text: String) -> Pattern {
    if text == "**" { Pattern::Any } else { Pattern::One(text) }
}

fn pointer(path: &str) -> Result<Vec<Pattern>, &'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let steps = path.split('/').skip(1);
    steps
        .map(|name| {
            let bad = name.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
            if bad {
                return Err("~ is followed by 0 or 1 in a JSON pointer: ~1 is a slash, ~0 a tilde");
            }
            if name.is_empty() {
                return Err("a step of the path is empty");
            }
            Ok(step(name.replace("~1", "/").replace("~0", "~")))
        })
        .collect()
}

fn dotted(path: &str) -> Result<Vec<Pattern>, &'static str> {
    const EMPTY: &str = "a step of the path is empty";
    let mut steps = Vec::new();
    let mut name = String::new();
    let mut open = true;
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.extend(chars.next()),
            '.' | ':' => {
                if c == ':' && chars.peek() != Some(&' ') {
                    name.push(c);
                    continue;
                }
                if c == ':' {
                    chars.next();
                }
                if open && name.is_empty() {
                    return Err(EMPTY);
                }
                if !name.is_empty() {
                    steps.push(step(std::mem::take(&mut name)));
                }
                open = true;
                continue;
            }
            '[' => {
                if !name.is_empty() {
                    steps.push(step(std::mem::take(&mut name)));
                }
                let inner = bracket(&mut chars).ok_or("a bracket is not closed")?;
                if inner.is_empty() {
                    return Err(EMPTY);
                }
                steps.push(step(inner));
            }
            c => name.push(c),
        }
        open = false;
    }
    if open {
        return Err(EMPTY);
    }
    if !name.is_empty() {
        steps.push(step(name));
    }
    Ok(steps)
}

/// What stands in brackets, in quotes or not, up to the closing one.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut inner = String::new();
    let quote = chars.next_if(|c| matches!(c, '"' | '\''));
    loop {
        match (chars.next()?, quote) {
            ('\\', _) => inner.push(chars.next()?),
            (c, Some(quote)) if c == quote => return (chars.next()? == ']').then_some(inner),
            (']', None) => return Some(inner),
            (c, _) => inner.push(c),
        }
    }
}

/// The names by which a step may be called.
fn is_called(step: &Step, pattern: &str) -> bool {
    let index = |index: &Option<usize>| index.is_some_and(|index| matches(pattern, &index.to_string()));
    match step {
        Step::Key(key) => matches(pattern, &key.to_text()),
        Step::Index { old, new } => index(old) || index(new),
        Step::Item { key, old, new } => {
            let value = key.split(',').find_map(|part| part.split_once('=')).map(|(_, value)| value);
            matches(pattern, key)
                || value.is_some_and(|value| matches(pattern, value))
                || index(old)
                || index(new)
        }
        Step::Text(_) => false,
    }
}

/// What is left of a pattern behind some steps: all the places in it that the steps may have led to.
fn advance(pattern: &[Pattern], places: &[usize], called: impl Fn(&str) -> bool) -> Vec<usize> {
    let mut next = Vec::new();
    let mut add = |place: usize| {
        if !next.contains(&place) {
            next.push(place);
        }
    };
    for &place in places {
        match pattern.get(place) {
            // The pattern is at its end: all within is meant, too.
            None => add(place),
            Some(Pattern::Any) => add(place),
            Some(Pattern::One(name)) if called(name) => add(place + 1),
            Some(Pattern::One(_)) => {}
        }
    }
    closure(pattern, next)
}

/// `**` may stand for no step.
fn closure(pattern: &[Pattern], mut places: Vec<usize>) -> Vec<usize> {
    let mut at = 0;
    while let Some(&place) = places.get(at) {
        if pattern.get(place) == Some(&Pattern::Any) && !places.contains(&(place + 1)) {
            places.push(place + 1);
        }
        at += 1;
    }
    places
}

/// Whether all of a field is meant by what is left of a pattern.
fn is_met(pattern: &[Pattern], places: &[usize]) -> bool {
    places.iter().any(|place| *place >= pattern.len())
}

/// Sets aside what the rules hide. What is left of the comparison is what is judged and counted.
pub(super) fn apply(rules: &[Rule], comparison: &mut Comparison, warnings: &mut Vec<String>) -> Vec<Ignored> {
    let none = |rule: &Rule| Ignored { rule: rule.text.clone(), objects: 0, fields: 0 };
    let mut ignored: Vec<Ignored> = rules.iter().map(none).collect();
    if rules.is_empty() {
        return ignored;
    }
    comparison.changes.retain_mut(|change| !ignore(rules, change, &mut ignored));
    let unused =
        rules.iter().zip(&ignored).filter(|(_, ignored)| ignored.objects == 0 && ignored.fields == 0);
    for (rule, _) in unused {
        let looks = rule.path.is_none() && (rule.text.contains('[') || rule.text.matches('.').count() > 1);
        let hint = if looks { format!(" (a path follows a colon: ':{}')", rule.text) } else { String::new() };
        warnings.push(format!("the rule '{}' ignores nothing: no change matches it{hint}", rule.text));
    }
    ignored.retain(|ignored| ignored.objects > 0 || ignored.fields > 0);
    ignored
}

/// Applies the rules to a change; whether nothing of it is left.
fn ignore(rules: &[Rule], change: &mut Change, ignored: &mut [Ignored]) -> bool {
    let about = |rule: &Rule| {
        [&change.old, &change.new].into_iter().flatten().any(|object| rule.object.matches(&object.id))
    };
    let mut own: Vec<(&Rule, &mut Ignored)> =
        rules.iter().zip(ignored).filter(|(rule, _)| about(rule)).collect();
    if let Some((_, ignored)) = own.iter_mut().find(|(rule, _)| rule.path.is_none()) {
        ignored.objects += 1;
        return true;
    }
    let had = change.fields.len();
    // The rule that hid a field last: if nothing is left, it is the one that hid the object.
    let mut last = None;
    change.fields.retain_mut(|field| {
        for (i, (rule, ignored)) in own.iter_mut().enumerate() {
            let Some(pattern) = &rule.path else { continue };
            let hidden = hide(pattern, field);
            if hidden != Hidden::Nothing {
                ignored.fields += 1;
                last = Some(i);
            }
            if hidden == Hidden::All {
                return false;
            }
        }
        true
    });
    // Added, removed and renamed objects are changes without any field.
    let kept = change.old.is_none() || change.new.is_none() || change.similarity.is_some();
    let empty = had > 0 && change.fields.is_empty() && !kept;
    if let (true, Some((_, ignored))) = (empty, last.and_then(|last| own.get_mut(last))) {
        ignored.objects += 1;
    }
    empty
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    Nothing,
    Part,
    All,
}

/// Hides what a pattern means of a field: all of it, or what is within its values.
fn hide(pattern: &[Pattern], field: &mut FieldChange) -> Hidden {
    let mut places = closure(pattern, vec![0]);
    let Path(steps) = &field.path;
    for step in steps.iter().filter(|step| !matches!(step, Step::Text(_))) {
        places = advance(pattern, &places, |name| is_called(step, name));
        if is_met(pattern, &places) {
            return Hidden::All;
        }
        if places.is_empty() {
            return Hidden::Nothing;
        }
    }
    let strip = |value: &Option<Value>| strip(pattern, &places, value.as_ref()?, 0);
    let (old, new) = (strip(&field.old), strip(&field.new));
    if old.is_none() && new.is_none() {
        return Hidden::Nothing;
    }
    let empty = |value: &Option<Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Map(map)) => map.is_empty(),
        Some(Value::List(list)) => list.is_empty(),
        Some(_) => false,
    };
    field.old = old.or_else(|| field.old.take());
    field.new = new.or_else(|| field.new.take());
    let equal = match (&field.old, &field.new) {
        (Some(old), Some(new)) => equal(old, new, 0),
        (old, new) => empty(old) && empty(new),
    };
    if equal { Hidden::All } else { Hidden::Part }
}

/// The value without what the pattern means within it; `None` if there is nothing.
fn strip(pattern: &[Pattern], places: &[usize], value: &Value, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH || places.is_empty() {
        return None;
    }
    let mut changed = false;
    let mut inner = |places: Vec<usize>, value: Value| {
        if is_met(pattern, &places) {
            changed = true;
            return None;
        }
        let stripped = strip(pattern, &places, &value, depth + 1);
        changed |= stripped.is_some();
        Some(stripped.unwrap_or(value))
    };
    let stripped = match value {
        Value::Map(map) => {
            let entries = map.entries().into_iter().filter_map(|(key, value)| {
                let places = advance(pattern, places, |name| matches(name, &key.to_text()));
                Some((key, inner(places, value)?))
            });
            Value::Map(entries.collect::<Map>())
        }
        Value::List(list) => {
            let items = list.items().into_iter().enumerate().filter_map(|(i, item)| {
                let names = item_names(i, &item);
                let places = advance(pattern, places, |name| names.iter().any(|own| matches(name, own)));
                inner(places, item)
            });
            Value::List(List::new(list.elem(), items.collect()))
        }
        _ => return None,
    };
    changed.then_some(stripped)
}

/// What an item of a list may be called: its index, and what commonly tells items apart.
fn item_names(index: usize, item: &Value) -> Vec<String> {
    let mut names = vec![index.to_string()];
    if let Value::Map(map) = item {
        for key in ["name", "key", "type", "port", "containerPort", "mountPath"] {
            if let Some(Value::String(value)) = map.get(key) {
                names.push(format!("{key}={value}"));
                names.push(value.to_text().into_owned());
                break;
            }
        }
    }
    names
}

fn equal(old: &Value, new: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => {
            old.is_same(new)
                || old.len() == new.len()
                    && old
                        .entries()
                        .iter()
                        .all(|(key, value)| new.get(key).is_some_and(|other| equal(value, &other, depth + 1)))
        }
        (Value::List(old), Value::List(new)) => {
            let (old, new) = (old.items(), new.items());
            old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| equal(old, new, depth + 1))
        }
        (Value::String(old), Value::String(new)) => old == new,
        (Value::Bool(old), Value::Bool(new)) => old == new,
        (Value::Int(old), Value::Int(new)) => old.as_i128() == new.as_i128(),
        (Value::Float(old), Value::Float(new)) => old == new,
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
