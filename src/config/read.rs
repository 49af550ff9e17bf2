//! How serde reads what isn't plain.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::{Ignore, IgnoreParts};

/// Keys that the schema doesn't have.
pub(super) type Unknown = BTreeMap<String, IgnoredAny>;

impl<'de> Deserialize<'de> for Ignore {
    /// A text or a map: told by what stands there, so that errors keep their line.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ignore, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Ignore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule, or a map with object and path")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Ignore, E> {
                Ok(Ignore::Rule(text.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ignore, A::Error> {
                IgnoreParts::deserialize(MapAccessDeserializer::new(map)).map(Ignore::Parts)
            }
        }

        deserializer.deserialize_any(Either)
    }
}
