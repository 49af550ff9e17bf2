//! What is known of the API's types where it matters for comparing: how list items are told apart, where the
//! order of items counts, which fields are quantities or durations, what a field is if it is left out.
//!
//! The table is in `types/`; the head of `all.txt` says how it is written.

mod read;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::value::{Str, Value};

/// What is known of the type of a value.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Nothing.
    Unknown,
    /// That it is within an API type: null is as good as left out, and so is an empty list.
    Typed,
    /// A quantity: `500m`.
    Quantity,
    /// A duration: `1h30m`.
    Duration,
    /// Base64 of bytes, which may be a text.
    Base64,
    /// One of the types of the table.
    Struct(TypeId),
    /// A map with keys of any names.
    Map(Box<Field>),
    /// A list.
    List(Box<ListShape>),
}

/// What is known of a list.
#[derive(Clone, Debug)]
pub(super) struct ListShape {
    /// Its items.
    pub item: Field,
    /// Whether their order counts.
    pub ordered: bool,
    /// What tells items apart: sets of fields, tried one after the other. None: their contents.
    pub keys: Vec<Vec<Vec<Str>>>,
}

/// A type's place in the table.
pub(super) type TypeId = usize;

/// What a field is if it is left out.
#[derive(Clone, Debug, Default)]
pub(super) enum Absent {
    /// Something else than any value.
    #[default]
    Differs,
    /// This value.
    Is(Value),
    /// This value, if the field of this name is left out, too.
    IsWithout(Value, Str),
    /// As if it were empty: an empty map, list or string.
    Empty,
    /// A map whose fields have their defaults.
    Fields,
    /// What the tag of the field `image` beside it says: `Always` for `latest` or none, else `IfNotPresent`.
    PullPolicy,
    /// What the field of this name beside it is: `targetPort` is `port`.
    Sibling(Str),
    /// The group of the RBAC subject or role of the kind beside it.
    SubjectGroup,
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub shape: Shape,
    pub absent: Absent,
}

/// A type.
#[derive(Clone, Debug, Default)]
pub(super) struct Type {
    fields: HashMap<Str, Field>,
    /// Whether API servers take another order of anything in it for a change, whatever it means.
    exact: bool,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Schema {
    types: Vec<Type>,
    names: HashMap<String, TypeId>,
    kinds: HashMap<String, HashMap<String, TypeId>>,
}

const TABLE: &str = concat!(
    include_str!("types/all.txt"),
    include_str!("types/pods.txt"),
    include_str!("types/workloads.txt"),
    include_str!("types/network.txt"),
    include_str!("types/storage.txt"),
    include_str!("types/access.txt"),
    include_str!("types/server.txt"),
    include_str!("types/istio.txt"),
    include_str!("types/gateway.txt"),
    include_str!("types/cert_manager.txt"),
);

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| read::read(TABLE).0);

/// The shape and default of a field of which nothing is known.
pub(super) static UNKNOWN: Field = Field { shape: Shape::Unknown, absent: Absent::Differs };

/// The shape and default of a field within an API type that the table does not list.
pub(super) static TYPED: Field = Field { shape: Shape::Typed, absent: Absent::Differs };

/// The type of an object.
pub(super) fn root(group: &str, kind: &str) -> &'static Field {
    static ROOTS: LazyLock<HashMap<TypeId, Field>> = LazyLock::new(|| {
        let field = |id| (id, Field { shape: Shape::Struct(id), absent: Absent::Differs });
        (0..SCHEMA.types.len()).map(field).collect()
    });
    let id = SCHEMA.kinds.get(group).and_then(|kinds| kinds.get(kind)).or_else(|| SCHEMA.names.get("Object"));
    id.and_then(|id| ROOTS.get(id)).unwrap_or(&UNKNOWN)
}

/// Whether the table knows the kind.
pub(super) fn knows(group: &str, kind: &str) -> bool {
    SCHEMA.kinds.get(group).is_some_and(|kinds| kinds.contains_key(kind))
}

impl Field {
    /// The field of this key within a map of this shape.
    pub fn field(&self, key: &[u8]) -> &Field {
        match &self.shape {
            Shape::Struct(id) => {
                let fields = SCHEMA.types.get(*id).map(|own| &own.fields);
                let listed =
                    fields.and_then(|fields| fields.get(key).or_else(|| fields.get(b"*".as_slice())));
                listed.unwrap_or(&TYPED)
            }
            Shape::Map(field) => field,
            Shape::Typed => &TYPED,
            _ => &UNKNOWN,
        }
    }

    /// Whether API servers take another order of anything in it for a change.
    pub fn is_exact(&self) -> bool {
        matches!(self.shape, Shape::Struct(id) if SCHEMA.types.get(id).is_some_and(|own| own.exact))
    }

    /// Whether it is within an API type.
    pub fn is_typed(&self) -> bool {
        !matches!(self.shape, Shape::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let (schema, faults) = read::read(TABLE);
        assert_eq!(faults, Vec::<String>::new());
        assert!(schema.types.len() > 50);
    }

    #[test]
    fn a_kind_has_the_fields_of_every_object() {
        let Shape::Struct(id) = root("apps", "Deployment").field(b"metadata").shape else { panic!() };
        assert_eq!(SCHEMA.names.get("ObjectMeta"), Some(&id));
        assert!(!root("example.org", "Widget").field(b"spec").is_typed());
    }
}
