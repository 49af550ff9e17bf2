//! The fields that differ between two objects.

use std::collections::BTreeMap;

use super::align::Work;
use super::meaning::{self, Siblings};
use super::path::{Format, Path, Step};
use super::schema::{self, Field};
use super::{FieldChange, Same, secret, tree};
use crate::manifest::object::Object;
use crate::value::{Map, Str, Value};

/// How deep objects are walked; what lies deeper is one field.
const DEPTH: usize = 100;

/// How many fields of an object are told; if more differ, the object is.
const FIELDS: usize = 20_000;

/// What comes of walking two objects.
pub(super) struct Walked {
    pub fields: Vec<FieldChange>,
    /// Why there is but one field, the whole object, if so.
    pub fallback: Option<&'static str>,
    /// Whether lists were too long for their items to be paired with care.
    pub hurried: bool,
}

/// Walks two objects.
pub(super) fn walk(old: &Object, new: &Object) -> Walked {
    let mut walk = Walk {
        old,
        new,
        fields: Vec::new(),
        path: Vec::new(),
        exact: false,
        work: Work::default(),
        parsed: 0,
    };
    let root =
        [new, old].into_iter().find(|object| schema::knows(&object.id.group, &object.id.kind)).unwrap_or(new);
    let root = schema::root(&root.id.group, &root.id.kind);
    let none = Siblings::new();
    walk.field(root, (Some(&old.value), &none), (Some(&new.value), &none));
    let hurried = walk.work.is_out();
    if secret::is_secret(new) {
        secret::match_moved(&mut walk.fields);
    }
    if walk.fields.len() > FIELDS {
        let whole = FieldChange {
            path: Path::default(),
            old: Some(old.value.clone()),
            new: Some(new.value.clone()),
            same: None,
            notes: Vec::new(),
        };
        let fallback = Some("more than 20,000 fields differ");
        return Walked { fields: vec![whole], fallback, hurried };
    }
    Walked { fields: walk.fields, fallback: None, hurried }
}

/// A field on one side, with the fields beside it.
pub(super) type Side<'a> = (Option<&'a Value>, &'a Siblings);

pub(super) struct Walk<'o> {
    pub old: &'o Object,
    pub new: &'o Object,
    pub fields: Vec<FieldChange>,
    pub path: Vec<Step>,
    /// Whether this is within what API servers hold against what was, order included.
    pub exact: bool,
    pub work: Work,
    /// How many bytes of texts within strings were read.
    pub parsed: usize,
}

impl Walk<'_> {
    /// Whether there are more fields than are told; nothing more is worth a look then.
    pub fn is_full(&self) -> bool {
        self.fields.len() > FIELDS
    }

    /// Looks at one field, or what is within.
    pub fn field(&mut self, field: &Field, old: Side<'_>, new: Side<'_>) {
        match (old.0, new.0) {
            _ if self.is_full() => {}
            (None, None) => {}
            (Some(a), Some(b)) if tree::equal(a, b) => {}
            (Some(Value::Map(a)), Some(Value::Map(b))) if self.path.len() < DEPTH => self.maps(field, a, b),
            (Some(Value::List(a)), Some(Value::List(b))) if self.path.len() < DEPTH => {
                let (a, b) = (a.read(), b.read());
                if a.is_empty() || b.is_empty() {
                    self.tell(field, old, new);
                } else {
                    self.lists(field, &a, &b);
                }
            }
            (Some(Value::String(a)), Some(Value::String(b))) => self.strings(field, a, b, (old, new)),
            (None, Some(Value::String(text))) | (Some(Value::String(text)), None) => {
                self.one_string(field, text, old, new);
            }
            _ => self.tell(field, old, new),
        }
    }

    fn maps(&mut self, field: &Field, old: &Map, new: &Map) {
        let outside = self.exact;
        self.exact |= field.is_exact();
        let (a, b) = (old.read(), new.read());
        let (mut left, mut right) = (a.keys().peekable(), b.keys().peekable());
        loop {
            let key = match (left.peek(), right.peek()) {
                (Some(x), Some(y)) => std::cmp::min(*x, *y).clone(),
                (Some(key), None) | (None, Some(key)) => (*key).clone(),
                (None, None) => break,
            };
            left.next_if(|own| **own == key);
            right.next_if(|own| **own == key);
            self.entry(field, &key, &a, &b);
        }
        self.exact = outside;
    }

    fn entry(&mut self, field: &Field, key: &Str, a: &Siblings, b: &Siblings) {
        let (old, new) = (a.get(key.as_bytes()), b.get(key.as_bytes()));
        let own = field.field(key.as_bytes());
        self.path.push(Step::Key(key.clone()));
        if self.path.len() == 1
            && matches!(key.as_bytes(), b"data" | b"stringData")
            && secret::is_secret(self.new)
        {
            // Each key is told, so that `stringData` can be held against `data`.
            let none = BTreeMap::new();
            match (old, new) {
                (Some(Value::Map(old)), None) if !old.is_empty() => self.keys(own, &old.read(), &none),
                (None, Some(Value::Map(new))) if !new.is_empty() => self.keys(own, &none, &new.read()),
                _ => self.field(own, (old, a), (new, b)),
            }
        } else {
            self.field(own, (old, a), (new, b));
        }
        self.path.pop();
    }

    fn keys(&mut self, field: &Field, a: &Siblings, b: &Siblings) {
        for key in a.keys().chain(b.keys()) {
            self.entry(field, key, a, b);
        }
    }

    /// Tells of a change.
    pub fn tell(&mut self, field: &Field, old: Side<'_>, new: Side<'_>) {
        let same = meaning::same(field, old, new).or_else(|| self.same_namespace(old.0, new.0));
        self.push(FieldChange {
            path: Path(self.path.clone()),
            old: old.0.cloned(),
            new: new.0.cloned(),
            same,
            notes: Vec::new(),
        });
    }

    /// The release's namespace is the default of `metadata.namespace`.
    fn same_namespace(&self, old: Option<&Value>, new: Option<&Value>) -> Option<Same> {
        let here = match self.path.as_slice() {
            [Step::Key(metadata), Step::Key(namespace)] => {
                *metadata == "metadata" && *namespace == "namespace"
            }
            _ => false,
        };
        let one = old.is_none() != new.is_none();
        (here && one && self.old.id.namespace == self.new.id.namespace).then_some(Same::Default)
    }

    pub fn push(&mut self, mut change: FieldChange) {
        let text = |step: &Step| matches!(step, Step::Text(Format::Json | Format::Yaml));
        if self.exact
            && (change.same == Some(Same::Text) || change.path.0.iter().any(text))
            && change.same.is_some()
        {
            // The string is another one, and so is the template that it stands in.
            change.same = None;
            change.notes.push("the same contents, written otherwise".to_string());
        }
        if self.fields.len() <= FIELDS {
            self.fields.push(change);
        }
    }
}
