//! One library of functions for both template languages: Sprig's and Helm's, over [`Value`].
//!
//! Each family is a file with a table of [`Function`]s. A function knows its Go signature, so that the Go
//! engine can check arguments and word errors as Go does, and the Jinja adapter can convert and place them.

pub(crate) mod args;
pub mod builtins;
pub mod dates;
pub mod env;
pub mod glob;
pub mod random;
pub mod regex;
pub mod semver;
pub mod toml;
pub mod unicode;
pub(crate) mod walk;

mod convert;
mod crypto;
mod dicts;
mod encoding;
mod kubernetes;
mod lists;
mod logic;
mod math;
mod notation;
mod paths;
mod reflect;
mod strings;
mod url;

use crate::value::{Value, size};

pub(crate) use self::convert::parse_float;
pub use self::env::{Env, Kept};

/// A Go type in a function's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`
    Any,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `float64`
    Float64,
    /// `string`
    String,
    /// `[]uint8`
    Bytes,
    /// `[]interface {}`
    List,
    /// `[]string`
    Strings,
    /// `map[string]interface {}`
    Dict,
    /// Another type, by Go's name; it takes values whose `type_name` is just that.
    Other(&'static str),
}

impl Type {
    /// Go's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Int64 => "int64",
            Type::Float64 => "float64",
            Type::String => "string",
            Type::Bytes => "[]uint8",
            Type::List => "[]interface {}",
            Type::Strings => "[]string",
            Type::Dict => "map[string]interface {}",
            Type::Other(name) => name,
        }
    }
}

/// A function of the library.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in both languages.
    pub name: &'static str,
    /// The Go types of the fixed parameters.
    pub params: &'static [Type],
    /// The Go type of each further argument, if any number is taken.
    pub variadic: Option<Type>,
    /// The Go type of the result.
    pub returns: Type,
    /// As a Jinja filter, whether the piped value is the first argument (the collection) and not the last.
    pub collection_first: bool,
    /// The function itself, which [`Function::run`] calls. Callers have checked the number of arguments and, in
    /// Go, their types.
    pub call: fn(&Env, &[Value]) -> Result<Value, FunctionError>,
}

impl Function {
    /// A function with these fixed parameters.
    pub const fn new(
        name: &'static str,
        params: &'static [Type],
        returns: Type,
        call: fn(&Env, &[Value]) -> Result<Value, FunctionError>,
    ) -> Function {
        Function { name, params, variadic: None, returns, collection_first: false, call }
    }

    /// The same under another name.
    pub const fn alias(self, name: &'static str) -> Function {
        Function { name, ..self }
    }

    /// The same, with any number of further arguments of this type.
    pub const fn variadic(self, variadic: Type) -> Function {
        Function { variadic: Some(variadic), ..self }
    }

    /// The same, with the piped value of a Jinja filter as the first argument.
    pub const fn collection_first(self) -> Function {
        Function { collection_first: true, ..self }
    }

    /// Calls the function, and counts the work of reading long arguments and writing a long result.
    ///
    /// # Errors
    /// The function's own, and when the functions of this render have done more than the limit of steps.
    pub fn run(&self, env: &Env, args: &[Value]) -> FunctionResult {
        let read: usize = args.iter().map(length).sum();
        if read > 256 {
            env.step(self.name, read / 8)?;
        }
        let result = (self.call)(env, args)?;
        let written = length(&result);
        if written > 256 {
            env.step(self.name, written / 4)?;
        }
        let bytes = size::shallow(&result);
        if bytes > SMALL && !args.iter().any(|arg| is_same(arg, &result)) {
            env.count_made(self.name, bytes)?;
        }
        Ok(result)
    }
}

/// Results of so few bytes are not counted: there can't be as many of them as would matter.
const SMALL: usize = 64;

/// What of a value a function may have to go through: bytes, or about as much for the items of a list.
fn length(value: &Value) -> usize {
    match value {
        Value::String(s) => s.weight(),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.len().saturating_mul(16),
        _ => 0,
    }
}

/// Whether both are the same text, list or map in memory.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.is_shared(b),
        (Value::List(a), Value::List(b)) => a.is_same(b),
        (Value::Map(a), Value::Map(b)) => a.is_same(b),
        _ => false,
    }
}

/// Why a function gave no value. The message is Go's, without `error calling …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The message.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl FunctionError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> FunctionError {
        FunctionError { message: message.into(), hint: None }
    }

    /// Adds advice.
    pub fn hint(mut self, hint: impl Into<String>) -> FunctionError {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for FunctionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FunctionError {}

impl<S: Into<String>> From<S> for FunctionError {
    fn from(message: S) -> FunctionError {
        FunctionError::new(message)
    }
}

/// What a library function gives.
pub type FunctionResult = Result<Value, FunctionError>;

/// The families, in the order in which they are searched when the table is built.
const FAMILIES: &[&[Function]] = &[
    builtins::FUNCTIONS,
    strings::FUNCTIONS,
    convert::FUNCTIONS,
    crypto::FUNCTIONS,
    dates::FUNCTIONS,
    dicts::FUNCTIONS,
    encoding::FUNCTIONS,
    kubernetes::FUNCTIONS,
    lists::FUNCTIONS,
    logic::FUNCTIONS,
    math::FUNCTIONS,
    notation::FUNCTIONS,
    paths::FUNCTIONS,
    reflect::FUNCTIONS,
    random::FUNCTIONS,
    regex::FUNCTIONS,
    semver::FUNCTIONS,
    toml::FUNCTIONS,
    url::FUNCTIONS,
];

/// Every function of the library, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The places of [`TABLE`]: a power of two, more than twice as many as there are functions.
const PLACES: usize = 1024;

/// The functions by name. Each stands at the place that its name hashes to, or the next that is free.
static TABLE: [Option<&Function>; PLACES] = {
    let mut table: [Option<&Function>; PLACES] = [None; PLACES];
    let mut families = FAMILIES;
    while let [family, rest @ ..] = families {
        let mut functions: &[Function] = family;
        while let [function, rest @ ..] = functions {
            let mut place = hash(function.name.as_bytes());
            while table[place % PLACES].is_some() {
                place += 1;
            }
            table[place % PLACES] = Some(function);
            functions = rest;
        }
        families = rest;
    }
    table
};

/// A quick hash (FNV-1a): the names in the table are ours, nobody outside can choose them to collide.
const fn hash(mut name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    while let [byte, rest @ ..] = name {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        name = rest;
    }
    (hash ^ hash >> 16) as usize
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    let from = hash(name.as_bytes());
    (from..from + PLACES).map_while(|place| TABLE[place % PLACES]).find(|function| function.name == name)
}

#[cfg(test)]
mod tests {
    use super::{all, find};

    #[test]
    fn each_function_is_found_by_its_name() {
        assert!(all().count() > 200);
        for function in all() {
            let found = find(function.name).map(std::ptr::from_ref);
            assert_eq!(found, Some(std::ptr::from_ref(function)), "{}", function.name);
        }
        assert!(find("noSuchFunction").is_none() && find("").is_none());
    }
}
