use std::any::Any;
use std::fmt;

use super::{IntKind, Value};

/// Go's `reflect.Kind`, as far as templates can meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value: nil of interface type.
    Invalid,
    /// `bool`
    Bool,
    /// Any of the integer kinds.
    Int(IntKind),
    /// `float64`
    Float64,
    /// `complex128`
    Complex128,
    /// `string`
    String,
    /// A slice.
    Slice,
    /// A map.
    Map,
    /// A struct.
    Struct,
    /// A pointer.
    Ptr,
    /// A function.
    Func,
    /// An interface.
    Interface,
}

impl Kind {
    /// Go's name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::Bool => "bool",
            Kind::Int(k) => k.name(),
            Kind::Float64 => "float64",
            Kind::Complex128 => "complex128",
            Kind::String => "string",
            Kind::Slice => "slice",
            Kind::Map => "map",
            Kind::Struct => "struct",
            Kind::Ptr => "ptr",
            Kind::Func => "func",
            Kind::Interface => "interface",
        }
    }
}

/// Why a method of an [`Object`] gave no value. The message is Go's, without the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectError(pub String);

/// A value with a Go type of its own: a struct with fields, or a named type with methods.
///
/// Nothing here runs template code.
pub trait Object: fmt::Debug + Send + Sync + Any {
    /// What `printf "%T"` prints.
    fn type_name(&self) -> &str;

    /// What `kindOf` says.
    fn kind(&self) -> Kind;

    /// Whether it is a nil pointer.
    fn is_nil(&self) -> bool {
        false
    }

    /// The exported field of this name (for map kinds: the entry).
    fn field(&self, name: &str) -> Option<Value>;

    /// The names of the fields, in declaration order (for map kinds: the keys, sorted).
    fn fields(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether there is a method of this name.
    fn has_method(&self, name: &str) -> bool;

    /// Calls a method that [`Object::has_method`] knows, with as many arguments as
    /// [`Object::method_params`] says.
    ///
    /// # Errors
    /// With Go's message, when the method returns an error, panics or is given arguments of a wrong type.
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, ObjectError>;

    /// How many arguments the method takes.
    fn method_params(&self, name: &str) -> usize;

    /// What `{{ . }}` and `%v` print (Go calls `String()` or `Error()` where the type has them).
    fn print(&self) -> String;

    /// Whether Go's `fmt` calls `String()` or `Error()` on it. A method that only a pointer has doesn't count
    /// where `fmt` gets a copy.
    fn is_stringer(&self) -> bool {
        self.has_method("String") || self.has_method("Error")
    }

    /// What `{{ .X }}` prints when the object is reached in place, through a pointer: Go then calls a
    /// pointer's `String()` too.
    fn print_in_place(&self) -> String {
        self.print()
    }

    /// The Go type of a method's parameter, by its index.
    fn method_param_type(&self, _name: &str, _index: usize) -> &'static str {
        "string"
    }

    /// The same as plain data: what `toJson`, `toYaml` and Jinja see.
    fn to_plain(&self) -> Value;

    /// A struct as Go's `encoding/json` writes it: names and order are those of the declaration. (`to_plain`
    /// sorts, as whatever goes through YAML does.)
    fn json_struct(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// For list and map kinds: the data to `range` over, index and take the length of.
    fn as_container(&self) -> Option<Value> {
        None
    }

    /// For downcasting to the concrete type.
    fn as_any(&self) -> &dyn Any;
}
