//! The sink that makes no tree, and keeps only the head of a rendered document.

use std::borrow::Cow;

use super::super::head::Head;
use super::super::meaning::float_text;
use super::super::resolve::{Scalar, resolve};
use super::{Kind, Sink, read};

/// The head of a text, if it is simple enough and Helm would not refuse it.
pub(in super::super) fn skim(text: &[u8]) -> Option<Head> {
    read(text, Skimmer::default()).map(|s| s.head)
}

/// The fields of a head.
#[derive(Clone, Copy, Default, PartialEq)]
enum Field {
    #[default]
    Other,
    ApiVersion,
    Kind,
    Metadata,
    Name,
    Annotations,
    Annotation,
}

#[derive(Default)]
struct Skimmer {
    head: Head,
    depth: usize,
    /// The field whose value comes, on the first three levels.
    field: Field,
    /// Whether the maps on the way down to here are the metadata, and the annotations of it.
    in_metadata: bool,
    in_annotations: bool,
    annotation: String,
}

impl Skimmer {
    fn set(&mut self, text: &[u8]) -> Option<()> {
        let text = std::str::from_utf8(text).ok()?.to_string();
        match self.field {
            Field::ApiVersion => self.head.api_version = text,
            Field::Kind => self.head.kind = text,
            Field::Name => self.head.name = text,
            Field::Annotation => {
                self.head.annotations.insert(std::mem::take(&mut self.annotation), text);
            }
            // A scalar is no struct and no map.
            Field::Metadata | Field::Annotations => return None,
            Field::Other => {}
        }
        self.field = Field::Other;
        Some(())
    }
}

/// The field of this name. `None` for a name that differs only by case, or may: Go would match it.
fn field(key: &[u8], fields: &[(&str, Field)]) -> Option<Field> {
    if !key.is_ascii() {
        return None;
    }
    for (name, field) in fields {
        if key == name.as_bytes() {
            return Some(*field);
        }
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return None;
        }
    }
    Some(Field::Other)
}

impl<'a> Sink<'a> for Skimmer {
    fn null(&mut self) -> Option<()> {
        match self.field {
            Field::Metadata | Field::Annotations => {
                self.field = Field::Other;
                Some(())
            }
            _ => self.set(b""),
        }
    }

    fn plain(&mut self, text: Cow<'a, [u8]>) -> Option<()> {
        if self.field == Field::Other {
            // Only these can begin a number that JSON cannot say.
            return match text.first() {
                Some(b'.' | b'+' | b'-') => match resolve(&text) {
                    Scalar::Float(f) if !f.is_finite() => None,
                    _ => Some(()),
                },
                _ => Some(()),
            };
        }
        match resolve(&text) {
            Scalar::Null => self.null(),
            Scalar::Str => self.set(&text),
            Scalar::Bool(b) => self.set(b.to_string().as_bytes()),
            Scalar::Int(i) => self.set(i.to_string().as_bytes()),
            Scalar::Uint(u) => self.set(u.to_string().as_bytes()),
            Scalar::Float(f) if f.is_finite() => self.set(float_text(f).as_bytes()),
            Scalar::Float(_) => None,
        }
    }

    fn string(&mut self, text: Cow<'a, [u8]>) -> Option<()> {
        if self.field == Field::Other { Some(()) } else { self.set(&text) }
    }

    fn key(&mut self, text: Cow<'a, [u8]>, plain: bool) -> Option<()> {
        let scalar = if plain { resolve(&text) } else { Scalar::Str };
        if let Scalar::Null | Scalar::Uint(_) = scalar {
            return None;
        }
        let fields: &[(&str, Field)] = match self.depth {
            1 => &[("apiVersion", Field::ApiVersion), ("kind", Field::Kind), ("metadata", Field::Metadata)],
            2 if self.in_metadata => &[("name", Field::Name), ("annotations", Field::Annotations)],
            3 if self.in_annotations => {
                if scalar != Scalar::Str {
                    return None;
                }
                self.annotation = std::str::from_utf8(&text).ok()?.to_string();
                self.field = Field::Annotation;
                return Some(());
            }
            _ => return Some(()),
        };
        self.field = field(&text, fields)?;
        // The last of equal keys counts.
        match self.field {
            Field::Metadata => {
                self.head.name.clear();
                self.head.annotations.clear();
            }
            Field::Annotations => self.head.annotations.clear(),
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, kind: Kind) -> Option<()> {
        match (self.depth, self.field, kind) {
            (0, _, Kind::List) => return None,
            (_, Field::Metadata, Kind::Map) => self.in_metadata = true,
            (_, Field::Annotations, Kind::Map) => self.in_annotations = true,
            (_, Field::Other, _) => {}
            _ => return None,
        }
        self.field = Field::Other;
        self.depth += 1;
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        match self.depth {
            1 => self.in_metadata = false,
            2 => self.in_annotations = false,
            _ => {}
        }
        self.field = Field::Other;
        Some(())
    }
}
