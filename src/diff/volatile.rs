//! Which fields differ in every render: those that templates make of randomness or of the time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::manifest::object::{Identity, Object};
use crate::render;
use crate::value::Value;

use super::side::{NOW, Rendered};
use super::values::leaves;

/// How deep objects are walked; what lies deeper is compared as a whole.
const MAX_DEPTH: usize = 200;
/// So far another clock is ahead: all that a date is made of differs.
const AHEAD: SignedDuration = SignedDuration::from_secs(((403 * 24 + 5) * 60 + 7) * 60 + 11);

/// What a field is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Random values, with the time or without.
    Random,
    /// The time.
    Time,
}

/// The fields of a render that differ in another one, what depends on them included: checksums, say.
#[derive(Clone, Debug, Default)]
pub struct Volatile {
    fields: HashMap<Identity, BTreeMap<String, Source>>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Volatile {
    /// Finds them: renders once with another seed and once with another clock, if a template asked for either.
    /// `objects` are those of the render.
    pub fn find(rendered: &Rendered, objects: &[Arc<Object>]) -> Volatile {
        let mut found = Volatile::default();
        if !rendered.volatile {
            return found;
        }
        let now = rendered.request.now.unwrap_or(NOW);
        let later =
            now.checked_add(AHEAD).or_else(|_| now.checked_sub(AHEAD)).unwrap_or(Timestamp::UNIX_EPOCH);
        for source in [Source::Random, Source::Time] {
            let mut request = rendered.request.clone();
            match source {
                Source::Random => {
                    request.seed = Some(format!("{} another", request.seed.as_deref().unwrap_or_default()));
                }
                Source::Time => request.now = Some(later),
            }
            let others = render::render_loaded(&request, &rendered.loaded)
                .map_err(|failure| failure.error)
                .and_then(|output| rendered.objects_of(&output));
            match others {
                Ok(others) => found.compare(objects, &others, source),
                Err(_) => found.warnings.push(
                    "fields that are random or made of the time are not told from others: \
                     the chart can't be rendered with other ones"
                        .to_string(),
                ),
            }
        }
        found.warnings.dedup();
        found
    }

    /// Whether no field is.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether the field at a JSON pointer is such a field, or within one; the empty pointer is the object, which
    /// is if its name is.
    pub fn at(&self, object: &Identity, pointer: &str) -> Option<Source> {
        let fields = self.fields.get(object)?;
        let mut pointer = pointer;
        loop {
            if let Some(source) = fields.get(pointer) {
                return Some(*source);
            }
            pointer = pointer.get(..pointer.rfind('/')?)?;
        }
    }

    /// Whether there is such a field at a JSON pointer, within it or around it.
    pub fn touches(&self, object: &Identity, pointer: &str) -> Option<Source> {
        let inner = || {
            let start = format!("{pointer}/");
            let fields = self.fields.get(object)?;
            let mut within = fields.range(start.clone()..).take_while(|(own, _)| own.starts_with(&start));
            within.next().map(|(_, source)| *source)
        };
        self.at(object, pointer).or_else(inner)
    }

    fn compare(&mut self, own: &[Arc<Object>], others: &[Arc<Object>], source: Source) {
        let mut by_id: HashMap<&Identity, Vec<&Arc<Object>>> = HashMap::new();
        for object in others.iter().rev() {
            by_id.entry(&object.id).or_default().push(object);
        }
        for object in own {
            let other = by_id.get_mut(&object.id).and_then(Vec::pop);
            let mut found = Vec::new();
            match other {
                Some(other) => walk(&object.value, &other.value, &mut String::new(), 0, &mut found),
                None => found.push(String::new()),
            }
            if !found.is_empty() {
                let fields = self.fields.entry(object.id.clone()).or_default();
                for pointer in found {
                    fields.entry(pointer).or_insert(source);
                }
            }
        }
    }
}

fn walk(a: &Value, b: &Value, pointer: &mut String, depth: usize, found: &mut Vec<String>) {
    let length = pointer.len();
    match (a, b) {
        (Value::Map(a), Value::Map(b)) if depth < MAX_DEPTH => {
            let mut keys: Vec<_> = a.keys().into_iter().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                pointer.push('/');
                pointer.push_str(&key.to_text().replace('~', "~0").replace('/', "~1"));
                match (a.get(&key), b.get(&key)) {
                    (Some(a), Some(b)) => walk(&a, &b, pointer, depth + 1, found),
                    _ => found.push(pointer.clone()),
                }
                pointer.truncate(length);
            }
        }
        (Value::List(a), Value::List(b)) if depth < MAX_DEPTH && a.len() == b.len() => {
            for (i, (a, b)) in a.items().iter().zip(&b.items()).enumerate() {
                pointer.push_str(&format!("/{i}"));
                walk(a, b, pointer, depth + 1, found);
                pointer.truncate(length);
            }
        }
        _ if leaves::identical(a, b) => {}
        _ => found.push(pointer.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{File, from_files};
    use crate::limits::Limits;
    use crate::render::{Loaded, Request};
    use crate::source::{Budget, Files};
    use crate::values::Layers;

    fn found(template: &str) -> (Volatile, Vec<Arc<Object>>) {
        let files =
            [("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"), ("templates/a.yaml", template)]
                .map(|(name, data)| File { name: name.into(), data: data.into() });
        let files = Files { location: "c/".into(), files: files.into() };
        let chart = from_files(files, &mut Budget::new(&Limits::default()), &mut Vec::new()).unwrap();
        let mut request = Request::new("c", "edge");
        (request.seed, request.now) = (Some("seed".into()), Some(NOW));
        let loaded = Loaded { chart, layers: Layers::default() };
        let output = render::render_loaded(&request, &loaded).unwrap();
        let rendered =
            Rendered { request, loaded, volatile: output.volatile, sources: output.sources.clone() };
        let objects = rendered.objects_of(&output).unwrap();
        (Volatile::find(&rendered, &objects), objects)
    }

    #[test]
    fn random_and_dated_fields_are_found_with_what_is_made_of_them() {
        let (volatile, objects) = found(
            "{{ $password := randAlphaNum 12 }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    \
             checksum/pass: {{ $password | sha256sum }}\n    made: {{ now | date \"2006-01-02\" | quote }}\nstringData:\n  \
             pass: {{ $password }}\n  user: admin\nlist:\n- one\n- {{ now | unixEpoch | quote }}\n",
        );
        let at = |pointer: &str| volatile.at(&objects[0].id, pointer);
        assert_eq!(at("/stringData/pass"), Some(Source::Random));
        assert_eq!(at("/metadata/annotations/checksum~1pass"), Some(Source::Random));
        assert_eq!(at("/metadata/annotations/made"), Some(Source::Time));
        assert_eq!(at("/list/1"), Some(Source::Time));
        assert_eq!(
            (at("/list/0"), at("/stringData/user"), at("/stringData"), at("")),
            (None, None, None, None)
        );
        assert_eq!(volatile.touches(&objects[0].id, "/stringData"), Some(Source::Random));
        assert_eq!(volatile.touches(&objects[0].id, "/metadata/name"), None);
        assert_eq!(volatile.touches(&objects[0].id, "/lis"), None);
    }

    #[test]
    fn an_object_of_a_random_name_is_volatile_as_a_whole() {
        let (volatile, objects) =
            found("apiVersion: v1\nkind: Pod\nmetadata: {name: p-{{ randNumeric 5 }}}\nspec: {a: 1}\n");
        assert_eq!(volatile.at(&objects[0].id, ""), Some(Source::Random));
        assert_eq!(volatile.at(&objects[0].id, "/spec/a"), Some(Source::Random));
    }

    #[test]
    fn a_chart_that_asks_for_neither_is_not_rendered_again() {
        let (volatile, _) = found("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n");
        assert!(volatile.is_empty() && volatile.warnings.is_empty());
    }
}
