use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use super::version::Version;
use crate::value::{Int, IntKind, Kind, Object, ObjectError, Str, Value};

/// A version as templates see it: `*semver.Version`, or `semver.Version` (what `IncMajor` gives), which lacks
/// the methods that Go declares on the pointer.
#[derive(Clone, Debug)]
pub struct VersionObject {
    version: Version,
    is_pointer: bool,
}

/// The methods that Go declares on the value, with the number of their parameters.
const VALUE_METHODS: &[(&str, usize)] = &[
    ("IncMajor", 0),
    ("IncMinor", 0),
    ("IncPatch", 0),
    ("Major", 0),
    ("MarshalJSON", 0),
    ("MarshalText", 0),
    ("Metadata", 0),
    ("Minor", 0),
    ("Patch", 0),
    ("Prerelease", 0),
    ("SetMetadata", 1),
    ("SetPrerelease", 1),
    ("String", 0),
    ("Value", 0),
];

/// The methods that only the pointer has.
const POINTER_METHODS: &[(&str, usize)] = &[
    ("Compare", 1),
    ("Equal", 1),
    ("GreaterThan", 1),
    ("GreaterThanEqual", 1),
    ("LessThan", 1),
    ("LessThanEqual", 1),
    ("Original", 0),
];

impl VersionObject {
    /// A `*semver.Version`.
    pub fn pointer(version: Version) -> VersionObject {
        VersionObject { version, is_pointer: true }
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    fn method(&self, name: &str) -> Option<usize> {
        let pointer_methods = if self.is_pointer { POINTER_METHODS } else { &[] };
        VALUE_METHODS.iter().chain(pointer_methods).find(|(n, _)| *n == name).map(|(_, params)| *params)
    }

    fn compare(&self, name: &str, other: &Value) -> Result<Value, ObjectError> {
        let other = match other {
            Value::Object(o) if o.is_nil() && o.type_name() == self.type_name() => None,
            Value::Object(o) => match o.as_any().downcast_ref::<VersionObject>() {
                Some(v) if v.is_pointer => Some(&v.version),
                _ => return Err(wrong_type("*semver.Version", o.type_name())),
            },
            Value::Null => None,
            other => return Err(wrong_type("*semver.Version", other.type_name())),
        };
        let Some(other) = other else {
            return match name {
                "Equal" => Ok(Value::Bool(false)),
                _ => Err(ObjectError(
                    "runtime error: invalid memory address or nil pointer dereference".to_string(),
                )),
            };
        };
        let order = self.version.compare(other);
        Ok(match name {
            "Compare" => Value::int(order as i64),
            "Equal" => Value::Bool(order == Ordering::Equal),
            "GreaterThan" => Value::Bool(order == Ordering::Greater),
            "GreaterThanEqual" => Value::Bool(order != Ordering::Less),
            "LessThan" => Value::Bool(order == Ordering::Less),
            _ => Value::Bool(order != Ordering::Greater),
        })
    }
}

fn wrong_type(expected: &str, got: &str) -> ObjectError {
    ObjectError(format!("wrong type for value; expected {expected}; got {got}"))
}

fn uint64(n: u64) -> Value {
    Value::Int(Int::new(n as i64, IntKind::Uint64))
}

fn by_value(version: Version) -> Value {
    Value::Object(Arc::new(VersionObject { version, is_pointer: false }))
}

fn next(part: &str, version: Option<Version>) -> Result<Value, ObjectError> {
    version
        .map(by_value)
        .ok_or_else(|| ObjectError(format!("{part} version increment would overflow uint64")))
}

impl Object for VersionObject {
    fn type_name(&self) -> &str {
        if self.is_pointer { "*semver.Version" } else { "semver.Version" }
    }

    fn kind(&self) -> Kind {
        if self.is_pointer { Kind::Ptr } else { Kind::Struct }
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        self.method(name).is_some()
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, ObjectError> {
        let v = &self.version;
        let text = |index: usize| match args.get(index) {
            Some(Value::String(s)) => Ok(s.to_text()),
            Some(other) => Err(wrong_type("string", other.type_name())),
            None => Err(ObjectError(format!("{name} needs a string"))),
        };
        Ok(match name {
            "Major" => uint64(v.major),
            "Minor" => uint64(v.minor),
            "Patch" => uint64(v.patch),
            "Prerelease" => Value::string(v.prerelease.as_str()),
            "Metadata" => Value::string(v.metadata.as_str()),
            "Original" => Value::string(v.original.as_str()),
            "String" | "Value" => Value::string(v.to_string()),
            "MarshalText" => Value::Bytes(v.to_string().into_bytes().into()),
            "MarshalJSON" => Value::Bytes(format!("\"{v}\"").into_bytes().into()),
            "IncMajor" => next("major", v.next_major())?,
            "IncMinor" => next("minor", v.next_minor())?,
            "IncPatch" => next("patch", v.next_patch())?,
            "SetPrerelease" => {
                by_value(v.with_prerelease(&text(0)?).map_err(|e| ObjectError(e.to_string()))?)
            }
            "SetMetadata" => by_value(v.with_metadata(&text(0)?).map_err(|e| ObjectError(e.to_string()))?),
            _ => return self.compare(name, args.first().unwrap_or(&Value::Null)),
        })
    }

    fn method_params(&self, name: &str) -> usize {
        self.method(name).unwrap_or(0)
    }

    fn method_param_type(&self, name: &str, _index: usize) -> &'static str {
        if name.starts_with("Set") { "string" } else { "*semver.Version" }
    }

    fn print(&self) -> String {
        self.version.to_string()
    }

    fn to_plain(&self) -> Value {
        Value::String(Str::from(self.version.to_string()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
